"""scipy.sparse for duals: the product of a constant sparse matrix with them.

``matrix @ x`` asks the sparse matrix first, which turns duals into objects and raises unless its method was exchanged: write
``product(matrix, x)``.

>>> import numpy as np, scipy.sparse, dualad
>>> matrix = scipy.sparse.diags_array([1.0, 2.0]).tocsr()
>>> dualad.jacfwd(lambda x: dualad.scipy.sparse.product(matrix, x))(np.ones(2))
array([[1., 0.],
       [0., 2.]])
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse

from ...errors import NoRule, caller
from ...rules.table import Array
from ..dispatch import METHODS, method_of, owner_of, rule_of, standing_in


def _product(matrix: Any, x: Any) -> Any:
    """matrix @ x, where either may be the sparse one."""
    return matrix @ x


@rule_of(_product)
def product(y: Array, matrix: Any, x: Any, *, dmatrix: Array | None = None, dx: Array | None = None) -> Array:
    """Linear in what is not sparse."""
    if dmatrix is None:
        return np.stack([product(matrix, direction) for direction in dx])  # type: ignore[union-attr]  # one of them varies
    return np.stack([product(direction, x) for direction in dmatrix])


# -- the operators --------------------------------------------------------------------------------------------------------

FORMATS = [
    getattr(scipy.sparse, f"{name}_{kind}")
    for name in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    for kind in ("array", "matrix")
]


def operator_of(*names: str, star: bool = False) -> Callable[[Any], Any]:
    """Enter a function for operators of every format, wherever SciPy has them; `star` for matrices' own meaning of ``*``."""

    def decorate(ours: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            for owner in dict.fromkeys(owner_of(cls, name) for cls in FORMATS):
                if (owner is scipy.sparse.spmatrix) is star:
                    method_of(owner, name)(ours)
        return ours

    return decorate


def no_dict(matrix: Any) -> Any:
    """A matrix that is no dictionary: one format is, whose items would be taken for arguments."""
    return scipy.sparse.csr_array(matrix) if isinstance(matrix, dict) else matrix


@operator_of("__matmul__", "dot")
def times(self: Any, other: Any) -> Any:
    """The product from the left."""
    return product(no_dict(self), other)


@operator_of("__rmatmul__")
def times_from_the_right(self: Any, other: Any) -> Any:
    """The product from the right."""
    return product(other, no_dict(self))


def of_sparse(what: str) -> NoRule:
    """The error for what would be a sparse matrix of duals."""
    return NoRule(
        f"{what}, called at {caller()}, would be a sparse matrix of dual numbers, which there is none of: multiply vectors "
        "with the constant matrix and the product with the dual number, or take matrix.toarray()"
    )


@operator_of("__mul__", "__rmul__", "__truediv__", "__rtruediv__", "multiply")
def elementwise(self: Any, other: Any) -> Any:
    """Refused: a sparse matrix of duals."""
    raise of_sparse("the elementwise product of a sparse matrix and a dual number")


@operator_of("__mul__", star=True)
def star(self: Any, other: Any) -> Any:
    """The product from the left, of a matrix that is no array."""
    return times(self, other) if np.ndim(other) else elementwise(self, other)


@operator_of("__rmul__", star=True)
def star_from_the_right(self: Any, other: Any) -> Any:
    """The product from the right."""
    return times_from_the_right(self, other) if np.ndim(other) else elementwise(self, other)


@operator_of("__add__", "__radd__")
def plus(self: Any, other: Any) -> Any:
    """A sum with a dense array is dense."""
    return self.toarray() + other


@operator_of("__sub__")
def minus(self: Any, other: Any) -> Any:
    """A difference with a dense array is dense."""
    return self.toarray() - other


@operator_of("__rsub__")
def minus_from_the_right(self: Any, other: Any) -> Any:
    """A difference with a dense array is dense."""
    return other - self.toarray()


def reflected(compute: Any, x: Any, matrix: Any) -> Any:
    """x with an operator before a sparse matrix."""
    name = f"__r{compute.__name__.strip('_')}__"
    method = METHODS.get((owner_of(type(matrix), name), name)) if hasattr(matrix, name) else None
    return NotImplemented if method is None else method(matrix, x)


_others = standing_in(scipy.sparse)


def __getattr__(name: str) -> Any:
    if name == "linalg":  # it needs what stands here
        return import_module(f"{__name__}.linalg")
    return _others(name)
