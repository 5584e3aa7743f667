"""Diagonals, complex parts, differences and steps: linear functions whose derivative is the function of each tangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative, spread
from .table import Array, composite, constant, function

# -- diagonals and triangles ---------------------------------------------------------------------------------------------


@function(np.diagonal, view=True)
def diagonal(y: Array, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, *, da: Array) -> Array:
    """Read-only in NumPy, and so here."""
    return np.diagonal(da, offset, *negative((axis1, axis2), a.ndim))


@function(np.linalg.diagonal, view=True)
def matrix_diagonal(y: Array, x: Array, /, *, offset: int = 0, dx: Array) -> Array:
    """The diagonals of the last two axes."""
    return np.diagonal(dx, offset, -2, -1)


@function(np.diag, view=True)
def diag(y: Array, v: Array, k: int = 0, *, dv: Array) -> Array:
    """Reads a matrix's diagonal (a view), or writes a vector on one."""
    return np.diagonal(dv, k, -2, -1) if v.ndim == 2 else diagflat(y, v, k, dv=dv)


@function(np.diagflat)
def diagflat(y: Array, v: Array, k: int = 0, *, dv: Array) -> Array:
    """A matrix with the raveled argument on a diagonal: every element of it that counts is put in its place."""
    index = np.arange(np.size(v))
    matrix = np.zeros_like(dv, shape=(len(dv), *y.shape))
    matrix[:, index + max(-k, 0), index + max(k, 0)] = flat(dv)
    return matrix


@function(np.tril)
def tril(y: Array, m: Array, k: int = 0, *, dm: Array) -> Array:
    """Keeps what is below a diagonal; a vector stands for a square of copies of it."""
    return np.tril(spread(dm, y), k)


@function(np.triu)
def triu(y: Array, m: Array, k: int = 0, *, dm: Array) -> Array:
    """Keeps what is above a diagonal."""
    return np.triu(spread(dm, y), k)


# -- complex parts -------------------------------------------------------------------------------------------------------


@function(np.real, view=True)
def real(y: Array, val: Array, *, dval: Array) -> Array:
    """A view, as NumPy's."""
    return dval.real


@function(np.imag, view=True)
def imag(y: Array, val: Array, *, dval: Array) -> Array | None:
    """A view, as NumPy's; of a real array, zeros that do not vary."""
    return dval.imag if np.iscomplexobj(val) else None


@function(np.angle)
def angle(y: Array, z: Array, deg: bool = False, *, dz: Array) -> Array | None:
    """Im(dz / z), 0 at the origin; a real number's angle is a step."""
    if not np.iscomplexobj(z):
        return None
    turned = np.where(z == 0, 0.0, np.imag(dz / np.where(z == 0, 1.0, z)))
    return np.degrees(turned) if deg else turned


# -- differences, and steps ----------------------------------------------------------------------------------------------


@composite(np.diff)
def diff(a: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Differences of neighbours, n times."""
    axis = axis % np.ndim(a)
    one = [1 if each == axis else length for each, length in enumerate(np.shape(a))]
    edges = [each if each is None or np.ndim(each) else np.broadcast_to(each, one) for each in (prepend, append)]
    parts = [part for part in (edges[0], a, edges[1]) if part is not None]
    a = np.concatenate(parts, axis) if len(parts) > 1 else a
    before = (slice(None),) * axis
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


@function(np.round, np.around)
def round_(y: Array, a: Array, decimals: int = 0, out: Any = None, *, da: Array) -> None:
    """Steps are flat."""


@function(np.fix)
def fix(y: Array, x: Array, out: Any = None, *, dx: Array) -> None:
    """Steps are flat."""


constant(
    *(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type),
    *(np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.isposinf, np.isneginf),
    *(np.may_share_memory, np.shares_memory, np.array_repr, np.array_str, np.array2string),
)
