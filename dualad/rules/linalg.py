"""Linear algebra: one short function each, with its formula. No factorisation of the primal is kept as a constant: every
formula is in functions that are differentiated again when the primal is a dual itself.

Formulas without a name are those of Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), and of Magnus and Neudecker, "Matrix differential calculus" (1988). Least squares and pseudoinverses
are in `least_squares`, eigenvalues, singular values and QR in `decompositions`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from math import prod
from typing import Any

import numpy as np

from .table import Array, align, composite, constant, function, total, undifferentiated


def adjoint(a: Array) -> Array:
    """The adjoint: conjugate and transpose of the last two axes."""
    return np.conjugate(np.swapaxes(a, -1, -2))


def hermitian(a: Array, upper: bool = False) -> Array:
    """The Hermitian matrix of which NumPy reads one triangle, and of the diagonal the real part."""
    half = adjoint(np.triu(a)) if upper else np.tril(a)
    return (half + adjoint(half)) * (1.0 - 0.5 * np.eye(a.shape[-1]))


def invertible(a: Array, singular: Array) -> tuple[Array, Array]:
    """The matrices of a stack with the identity in place of singular ones, and a factor that is nan there and else 1."""
    where = np.expand_dims(singular, (-2, -1))
    return np.where(where, np.eye(a.shape[-1]), a), np.where(where, np.nan, 1.0)


def in_columns(solver: Callable[[Array], Array], right: Array) -> Array:
    """A solver of many columns on `right` of shape (k, ..., n, m): the directions become columns, for one factorisation."""
    k, m = len(right), right.shape[-1]
    columns = np.moveaxis(right, 0, -2)  # (..., n, k, m)
    solved = solver(columns.reshape((*columns.shape[:-2], k * m)))
    return np.moveaxis(solved.reshape((*solved.shape[:-1], k, m)), -2, 0)


def solve_all(a: Array, right: Array) -> Array:
    """a^-1 right for right of shape (k, ..., n, m)."""
    return in_columns(partial(np.linalg.solve, a), right)


def solution_tangent(
    solver: Callable[[Array], Array],
    y: Array,
    da: Array | None,
    db: Array | None,
    vector: bool,
    times: Callable[[Array, Array], Array] = np.matmul,
) -> Array:
    """A y = b, hence A dy = db - dA y, where `solver` inverts A and `times` is its product; a vector is a column."""
    known = y[..., None] if vector else y
    right = None if db is None else align(db[..., None] if vector else db, known.ndim)
    changed = None if da is None else -times(align(da, known.ndim), known)
    change: Any = total(right, changed)
    solved = in_columns(solver, np.broadcast_to(change, (len(change), *known.shape)))
    return solved[..., 0] if vector else solved


@function(np.linalg.solve)
def solve(y: Array, a: Array, b: Array, *, da: Array | None = None, db: Array | None = None) -> Array:
    """A y = b, hence A dy = db - dA y."""
    return solution_tangent(partial(np.linalg.solve, a), y, da, db, np.ndim(b) == 1)


@function(np.linalg.inv)
def inv(y: Array, a: Array, *, da: Array) -> Array:
    """d(A^-1) = -A^-1 dA A^-1."""
    return -(y @ da @ y)


def cofactors(a: Array) -> Array:
    """The matrix of cofactors, the gradient of the determinant: exact for singular matrices too."""
    n = a.shape[-1]
    if n <= 1:
        return np.ones_like(a)
    keep = np.array([[j for j in range(n) if j != i] for i in range(n)])
    sign = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    rows = []
    for i in range(n):
        block = a[..., keep[i], :]  # (..., n-1, n)
        minors = np.moveaxis(block[..., keep], -2, -3)  # (..., n, n-1, n-1): for each j, all columns but j
        rows.append(np.linalg.det(minors))
    return np.stack(rows, -2) * sign


@function(np.linalg.det)
def det(y: Array, a: Array, *, da: Array) -> Array:
    """d det A = sum of cofactors * dA, which is det A * tr(A^-1 dA) where A is regular."""
    plain = undifferentiated(a)
    regular = plain.size and np.all((y != 0) & np.isfinite(y)) and np.all(np.linalg.cond(plain) < 1e8)
    gradient = np.expand_dims(y, (-2, -1)) * np.swapaxes(np.linalg.inv(a), -1, -2) if regular else cofactors(a)
    return np.sum(gradient * da, axis=(-2, -1))


@function(np.linalg.slogdet)
def slogdet(y: Any, a: Array, *, da: Array) -> tuple[Array | None, Array]:
    """d log|det A| = Re tr(A^-1 dA); the sign turns by the imaginary part. Both nan where A is singular."""
    sign, _ = y
    regular, known = invertible(a, sign == 0)
    change = np.trace(solve_all(regular, da) * known, axis1=-2, axis2=-1)
    return (1j * np.imag(change) * sign if np.iscomplexobj(a) else None), np.real(change)


@function(np.linalg.cholesky)
def cholesky(y: Array, a: Array, /, *, upper: bool = False, da: Array) -> Array:
    """dL = L F(L^-1 dA L^-H), where F keeps the lower triangle and halves the diagonal.

    NumPy reads one triangle of A only (of its diagonal the real part), and so only that triangle of dA counts.
    """
    factor = adjoint(y) if upper else y
    inner = solve_all(factor, adjoint(solve_all(factor, hermitian(da, upper))))
    change = factor @ (np.tril(inner) * (1.0 - 0.5 * np.eye(factor.shape[-1])))
    return adjoint(change) if upper else change


@composite(np.linalg.matrix_power)
def matrix_power(a: Array, n: int) -> Array:
    """A product of squares; a negative power is one of the inverse."""
    power = np.linalg.inv(a) if n < 0 else a
    result, n = None, abs(n)
    while n:
        if n % 2:
            result = power if result is None else result @ power
        n //= 2
        power = power @ power if n else power
    return result


@composite(np.linalg.multi_dot, sequences=1)
def multi_dot(arrays: Any, *, out: Any = None) -> Array:
    """The products from left to right; in which order does not change the derivative."""
    return reduce(np.dot, arrays)


@composite(np.linalg.tensorsolve)
def tensorsolve(a: Array, b: Array, axes: Any = None) -> Array:
    """`solve` of the array as a matrix whose rows are the axes of b."""
    if axes is not None:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    shape = np.shape(a)[np.ndim(b) :]
    return np.reshape(np.linalg.solve(np.reshape(a, (prod(shape), prod(shape))), np.ravel(b)), shape)


@composite(np.linalg.tensorinv)
def tensorinv(a: Array, ind: int = 2) -> Array:
    """`inv` of the array as a matrix whose rows are its first axes."""
    rows, columns = a.shape[:ind], a.shape[ind:]
    return np.reshape(np.linalg.inv(np.reshape(a, (prod(rows), prod(columns)))), columns + rows)


@composite(np.linalg.cond)
def cond(x: Array, p: Any = None) -> Array:
    """The norm of a matrix times that of its inverse; for the spectral norms the ratio of singular values. nan where the
    matrix is singular: the condition number is infinite there."""
    if p is None or p in (2, -2):
        s = np.linalg.svd(x, compute_uv=False)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    regular, known = invertible(x, np.linalg.slogdet(undifferentiated(x)).sign == 0)
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(np.linalg.inv(regular) * known, p, (-2, -1))


constant(np.linalg.matrix_rank)
