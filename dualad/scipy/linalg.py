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

from .dispatch import standing_in
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
    "cho_factor",
    "cho_solve",
    "cholesky",
    "det",
    "inv",
    "lu_factor",
    "lu_solve",
    "norm",
    "solve",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_sylvester",
    "solve_triangular",
]

__getattr__ = standing_in(scipy.linalg)
