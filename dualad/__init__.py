"""dualad: automatic differentiation of ordinary NumPy code by dual numbers.

>>> import numpy as np, dualad
>>> dualad.grad(lambda x: np.sum(np.sin(x) ** 2))(np.array([0.0, np.pi / 4]))
array([0., 1.])
"""

from . import automatic as automatic  # it is told of every call of a transform
from . import errors
from . import scipy as scipy  # not in __all__: a star import would hide SciPy itself
from .check import check_derivatives
from .custom import custom_jvp, no_tangents, stop_gradient
from .derivatives import grad, hvp, value_and_grad
from .directions import jacfwd, value_and_jacfwd
from .dropin import drop_in
from .dual import Dual
from .forward import derivative, jvp
from .hessians import hessian, hessian_diagonal, laplacian, value_grad_and_hessian
from .inspection import is_dual, primal_of, tangent_of
from .jit import jit
from .numerical import numerical
from .opaque import custom_vjp
from .propagation import propagate
from .recording import record
from .reverse import jacrev, linearize, vjp
from .rules.table import rule
from .sparse import hessian_sparsity, jacobian_sparsity, sparse_hessian, sparse_jacfwd

__version__ = "0.1.0"

__all__ = [
    "Dual",
    "check_derivatives",
    "custom_jvp",
    "custom_vjp",
    "derivative",
    "drop_in",
    "errors",
    "grad",
    "hessian",
    "hessian_diagonal",
    "hessian_sparsity",
    "hvp",
    "is_dual",
    "jacfwd",
    "jacobian_sparsity",
    "jacrev",
    "jit",
    "jvp",
    "laplacian",
    "linearize",
    "no_tangents",
    "numerical",
    "primal_of",
    "propagate",
    "record",
    "rule",
    "sparse_hessian",
    "sparse_jacfwd",
    "stop_gradient",
    "tangent_of",
    "value_and_grad",
    "value_and_jacfwd",
    "value_grad_and_hessian",
    "vjp",
]
