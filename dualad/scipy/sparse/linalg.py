"""scipy.sparse.linalg for duals: systems of constant sparse matrices by their right side, and products of operators.

>>> import numpy as np, scipy.sparse, dualad
>>> matrix = scipy.sparse.diags_array([2.0, 4.0]).tocsc()
>>> dualad.jacfwd(lambda b: dualad.scipy.sparse.linalg.spsolve(matrix, b))(np.ones(2))
array([[0.5 , 0.  ],
       [0.  , 0.25]])
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse.linalg
from scipy.sparse.linalg import LinearOperator

from ...errors import NoRule, caller
from ...objects import lift_objects
from ...rules.table import Array
from ..dispatch import FUNCTIONS, arrayed, leader, method_of, rule_of, standing_in
from ..linear import linear_in
from . import product

spsolve = linear_in(scipy.sparse.linalg.spsolve, "b")
spsolve_triangular = linear_in(scipy.sparse.linalg.spsolve_triangular, "b")
expm_multiply = linear_in(scipy.sparse.linalg.expm_multiply, "B")


def _iterated(solver: Callable[..., Any], A: Any, b: Any, options: dict[str, Any]) -> Any:
    """SciPy's own."""
    return solver(A, b, **options)


@rule_of(_iterated)
def iterated(y: Any, solver: Callable[..., Any], A: Any, b: Array, options: dict[str, Any], *, db: Array) -> Any:
    """Another system for every direction, to the same tolerance."""
    options = {name: each for name, each in options.items() if name not in ("x0", "callback")}
    return np.stack([iterated(solver, A, each, options)[0] for each in db]), *[None] * (len(y) - 1)


def _iterative(original: Callable[..., Any]) -> Callable[..., Any]:
    def solver(A: Any, b: Any, x0: Any = None, **options: Any) -> Any:
        if x0 is not None:
            if leader((x0,)) is not None:
                raise NoRule(f"scipy.sparse.linalg.{original.__name__}, called at {caller()}, starts from plain numbers")
            options["x0"] = x0
        return iterated(original, A, arrayed(b), options)

    solver.__name__ = original.__name__
    solver.__doc__ = f"scipy.sparse.linalg.{original.__name__}, by the right side."
    FUNCTIONS[original] = solver
    return solver


ITERATIVE = {
    name: _iterative(getattr(scipy.sparse.linalg, name))
    for name in ("bicg", "bicgstab", "cg", "cgs", "gcrotmk", "gmres", "lgmres", "minres", "qmr", "tfqmr")
}


# -- factors -----------------------------------------------------------------------------------------------------------------


def _solved(solve: Callable[..., Any], b: Any) -> Any:
    """What a factor gives."""
    return solve(b)


@rule_of(_solved)
def solved(y: Array, solve: Callable[..., Any], b: Array, *, db: Array) -> Array:
    """Linear in the right side."""
    return np.stack([solved(solve, each) for each in db])


class Factor:
    """SciPy's factor of a sparse matrix, which solves for duals too; all else it has is SciPy's own."""

    def __init__(self, factor: Any) -> None:
        self._factor = factor

    def solve(self, rhs: Any, trans: str = "N") -> Array:
        """The solution of a system, or of that with the transposed or adjoint matrix."""
        return solved(partial(_plain_solve, self._factor, trans), arrayed(rhs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factor, name)


def _plain_solve(factor: Any, trans: str, b: Any) -> Any:
    return factor.solve(b, trans)


def splu(A: Any, *args: Any, **kwargs: Any) -> Factor:
    """scipy.sparse.linalg.splu, whose factor solves for duals."""
    return Factor(scipy.sparse.linalg.splu(A, *args, **kwargs))


def spilu(A: Any, *args: Any, **kwargs: Any) -> Factor:
    """scipy.sparse.linalg.spilu, whose factor solves for duals."""
    return Factor(scipy.sparse.linalg.spilu(A, *args, **kwargs))


def factorized(A: Any) -> Callable[[Any], Array]:
    """scipy.sparse.linalg.factorized, whose function takes duals."""
    return partial(solved, scipy.sparse.linalg.factorized(A))


FUNCTIONS |= {getattr(scipy.sparse.linalg, each.__name__): each for each in (splu, spilu, factorized)}


# -- operators ---------------------------------------------------------------------------------------------------------------


def columns(self: Any, x: Any, name: str) -> Array:
    """An operator on a vector or on columns, by what it is made of: a matrix, or a function that may use duals too."""
    if hasattr(self, "A") and not isinstance(self.A, LinearOperator) and name in ("_matvec", "_matmat"):
        return product(self.A, x)
    return lift_objects(getattr(self, name)(x))


def _enter(name: str, one: str, many: str) -> None:
    def method(self: Any, x: Any) -> Array:
        x = arrayed(x)
        if np.ndim(x) == 1:
            return np.reshape(columns(self, x, one), -1)
        return columns(self, x, many) if np.shape(x)[1] > 1 else np.reshape(columns(self, np.ravel(x), one), (-1, 1))

    method_of(LinearOperator, name)(method)


for _names in (("matvec", "rmatvec"), ("matmat", "rmatmat")):
    for _name, _one, _many in zip(_names, ("_matvec", "_rmatvec"), ("_matmat", "_rmatmat"), strict=True):
        _enter(_name, _one, _many)
for _name in ("__matmul__", "__mul__", "dot", "__call__"):
    _enter(_name, "_matvec", "_matmat")

_others = standing_in(scipy.sparse.linalg)


def __getattr__(name: str) -> Any:
    return ITERATIVE[name] if name in ITERATIVE else _others(name)
