"""scipy.linalg for arrays with duals among them.

Every function takes SciPy's parameters and gives SciPy's value, with the derivative of each argument that may be a dual.

>>> import numpy as np, dualad
>>> def temperature(conductance):
...     matrix = np.array([[2.0, -1.0], [-1.0, 2.0]]) * conductance
...     return dualad.scipy.linalg.solve(matrix, np.array([1.0, 0.0]), assume_a="pos")
>>> dualad.derivative(temperature)(2.0)
array([-0.16666667, -0.08333333])
"""

from __future__ import annotations

import scipy.linalg

from .banded import solve_banded, solveh_banded
from .decompositions import eig, eigh, eigvals, eigvalsh, lstsq, pinv, pinvh, qr, svd, svdvals
from .dispatch import standing_in
from .matrix_functions import (
    block_diag,
    circulant,
    companion,
    coshm,
    cosm,
    expm,
    expm_frechet,
    fractional_matrix_power,
    hankel,
    khatri_rao,
    logm,
    sinhm,
    sinm,
    sqrtm,
    tanhm,
    tanm,
    toeplitz,
)
from .systems import (
    cho_factor,
    cho_solve,
    cholesky,
    det,
    inv,
    lu_factor,
    lu_solve,
    norm,
    solve,
    solve_continuous_lyapunov,
    solve_discrete_lyapunov,
    solve_sylvester,
    solve_triangular,
)

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "circulant",
    "companion",
    "coshm",
    "cosm",
    "det",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "expm_frechet",
    "fractional_matrix_power",
    "hankel",
    "inv",
    "khatri_rao",
    "logm",
    "lstsq",
    "lu_factor",
    "lu_solve",
    "norm",
    "pinv",
    "pinvh",
    "qr",
    "sinhm",
    "sinm",
    "solve",
    "solve_banded",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_triangular",
    "solveh_banded",
    "sqrtm",
    "svd",
    "svdvals",
    "tanhm",
    "tanm",
    "toeplitz",
]

__getattr__ = standing_in(scipy.linalg)
