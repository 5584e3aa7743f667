"""Pseudoinverses and least squares: matrices that need not be square, and need not have full rank.

Of a matrix of less than full rank these are smooth only as long as the rank stays, and the derivatives are those along such
paths (Golub and Pereyra, "The differentiation of pseudo-inverses", 1973); where `rcond` cuts off singular values that are not
zero, there is no rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRule
from .decompositions import resolution, singular_values
from .linalg import adjoint
from .linalg import hermitian as one_triangle  # `pinv` has a parameter of that name
from .table import Array, function, total, undifferentiated


def ranks(a: Array, cutoff: Array, name: str) -> Array:
    """The rank of each matrix of a stack, as a (..., 1, 1) array: how many singular values are above `cutoff` times the
    largest. The others must be rounding."""
    plain = undifferentiated(a)
    s = np.linalg.svdvals(plain)
    largest = np.max(s, axis=-1, keepdims=True, initial=0.0)
    kept = s > np.expand_dims(cutoff, -1) * largest
    if np.any(~kept & (s > 8.0 * resolution(s, max(plain.shape[-2:])))):
        raise NoRule(f"np.linalg.{name} has no derivative rule where rcond cuts off singular values that are not zero")
    return np.sum(kept, axis=-1, keepdims=True)[..., None]


def complement(p: Array, full: Array) -> Array:
    """1 - p for a projector p, exactly 0 where it projects on the full space."""
    return np.where(full, 0.0, np.eye(p.shape[-1]) - p)


@function(np.linalg.pinv)
def pinv(y: Array, a: Array, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue, da: Array) -> Array:
    """dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P."""
    if not y.size:
        return np.swapaxes(da, -1, -2)
    if hermitian:
        a, da = one_triangle(a), one_triangle(da)
    rank = ranks(a, pinv_cutoff(a, rcond, rtol), "pinv")
    m, n = a.shape[-2:]
    back = adjoint(da)
    left = y @ adjoint(y) @ back @ complement(a @ y, rank == m)
    right = complement(y @ a, rank == n) @ back @ adjoint(y) @ y
    return left + right - y @ da @ y


def pinv_cutoff(a: Array, rcond: Any, rtol: Any) -> Array:
    """NumPy's: without `rcond` 1e-15, with rtol=None what matrix_rank takes."""
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else max(a.shape[-2:]) * np.finfo(a.dtype).eps if rtol is None else rtol
    return np.asarray(rcond)


@function(np.linalg.lstsq)
def lstsq(
    y: Any, a: Array, b: Array, rcond: Any = None, *, da: Array | None = None, db: Array | None = None
) -> tuple[Array | None, ...]:
    """dx = P (db - dA x) + P P^H dA^H r + (1 - P A) dA^H P^H x with P the pseudoinverse and r = b - A x, which follows from
    x = P b; the sum of squares of r moves by 2 Re r^H (db - dA x), as r is orthogonal to the columns of A."""
    x, squares, rank, _ = y
    a, b = np.atleast_2d(a), np.atleast_1d(b)
    vector = np.ndim(b) == 1
    if vector:
        x, b, db = x[:, None], b[:, None], None if db is None else db[..., None]
    m, n = a.shape
    cutoff = max(m, n) * np.finfo(float).eps if rcond is None else rcond if rcond >= 0 else np.finfo(float).eps
    ranks(a, np.asarray(cutoff), "lstsq")
    inverse = np.linalg.pinv(a, cutoff)
    rest = b - a @ x
    change: Any = total(db, None if da is None else -(da @ x))
    dx = inverse @ change
    if da is not None:
        back = adjoint(da)
        dx = dx + inverse @ adjoint(inverse) @ (back @ (rest if rank < m else 0.0 * rest))
        dx = dx + complement(inverse @ a, rank == n) @ back @ (adjoint(inverse) @ x)
    dsquares = 2.0 * np.sum(np.real(np.conjugate(rest) * change), axis=-2) if np.size(squares) else None
    return dx[..., 0] if vector else dx, dsquares, None, None if da is None else singular_values(a, da)[1]
