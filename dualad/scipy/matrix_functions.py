"""scipy.linalg's functions of matrices and matrices of a structure.

An analytic function of the block matrix [[A, E], [0, A]] has in its corner the derivative at A along E: the function
itself differentiates, as often as is wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

from ..rules.table import Array
from ..structural import Structural, structural
from .dispatch import body_of, is_opaque, rule_of, stripped


def corner(f: Callable[[Array], Array], a: Array, da: Array) -> Array:
    """The derivative of an analytic function of a matrix along every direction, by its block matrix.

    Directions are brought to size one by a plain factor: a large one would cost the primal its digits.
    """
    n = a.shape[-1]
    if not np.size(da):
        return da
    if isinstance(da, Structural):  # the block matrix has the primal beside the tangent, so its zeros are no tangent's
        moves = np.any(np.isnan(da.tangent[0]), axis=(-2, -1), keepdims=True)  # type: ignore[index]  # it has marks
        return structural(corner(f, a, da.primal), np.broadcast_to(np.where(moves, np.nan, 0.0), da.shape), da.level)
    if is_opaque(a, da):  # for reverse mode it goes through a matrix
        basis = np.reshape(np.eye(n * n), (n * n, *(1,) * (np.ndim(a) - 2), n, n))
        slopes = np.moveaxis(corner(f, a, np.broadcast_to(basis, (n * n, *np.shape(a)))), 0, -3)
        rows = np.reshape(da, (*np.shape(da)[:-2], 1, n * n)) @ np.reshape(slopes, (*np.shape(a)[:-2], n * n, n * n))
        return np.reshape(rows, np.shape(da))
    largest = np.max(np.abs(stripped(da)), axis=(-2, -1), keepdims=True)
    finite = np.isfinite(largest)
    if not np.all(finite):  # unknown, and not for SciPy, whose logm does not return from infinities
        return corner(f, a, np.where(finite, da, 0.0)) + np.where(finite, 0.0, np.nan * da)
    size = np.where(largest > 0, largest, 1.0)
    a = np.broadcast_to(a, da.shape)
    upper = np.concatenate([a, da / size], axis=-1)
    lower = np.concatenate([np.zeros_like(da), a], axis=-1)
    return f(np.concatenate([upper, lower], axis=-2))[..., :n, n:] * size


@rule_of(scipy.linalg.expm)
def expm(y: Array, A: Array, *, dA: Array) -> Array:
    """The corner of exp [[A, dA], [0, A]].

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.linalg import expm
    >>> dualad.derivative(lambda t: expm(t * np.array([[0.0, 1.0], [0.0, 0.0]])))(2.0)
    array([[0., 1.],
           [0., 0.]])
    """
    return corner(expm, A, dA)


@rule_of(scipy.linalg.logm)
def logm(y: Array, A: Array, *, dA: Array) -> Array:
    """The corner of log [[A, dA], [0, A]]."""
    return corner(logm, A, dA)


@rule_of(scipy.linalg.sqrtm)
def sqrtm(y: Array, A: Array, *, dA: Array) -> Array:
    """The corner of the root of [[A, dA], [0, A]].

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.linalg import sqrtm
    >>> dualad.derivative(lambda t: sqrtm(t * np.eye(2)))(4.0).round(6)
    array([[0.25, 0.  ],
           [0.  , 0.25]])
    """
    return corner(sqrtm, A, dA)


@rule_of(scipy.linalg.fractional_matrix_power)
def fractional_matrix_power(y: Array, A: Array, t: float, *, dA: Array | None = None, dt: Array | None = None) -> Array:
    """The corner of [[A, dA], [0, A]]^t, and A^t log A dt."""
    change = None if dA is None else corner(lambda a: fractional_matrix_power(a, t), A, dA)
    if dt is None:
        return change
    by_power = dt[(...,) + (None,) * y.ndim] * (y @ logm(A))
    return by_power if change is None else change + by_power


def _analytic(original: Callable[..., Any]) -> Callable[..., Any]:
    """The same rule for the functions without parameters."""

    def push(y: Array, A: Array, *, dA: Array) -> Array:
        return corner(public, A, dA)

    name = original.__name__
    push.__doc__ = f"The corner of {name} [[A, dA], [0, A]]."
    public = rule_of(original)(push)
    return public


cosm, sinm, tanm = map(_analytic, (scipy.linalg.cosm, scipy.linalg.sinm, scipy.linalg.tanm))
coshm, sinhm, tanhm = map(_analytic, (scipy.linalg.coshm, scipy.linalg.sinhm, scipy.linalg.tanhm))


@body_of(scipy.linalg.expm_frechet)
def expm_frechet(A: Array, E: Array, method: str | None = None, compute_expm: bool = True, check_finite: bool = True) -> Any:
    """The corner of exp [[A, E], [0, A]], beside exp A."""
    change = corner(expm, A, E[None])[0]
    return (expm(A), change) if compute_expm else change


# -- matrices of a structure ----------------------------------------------------------------------------------------------


@body_of(scipy.linalg.block_diag)
def block_diag(*arrs: Array) -> Array:
    """Blocks along the diagonal, zeros beside them."""
    blocks = [np.atleast_2d(each) for each in arrs]
    width = sum(block.shape[-1] for block in blocks)
    rows, before = [], 0
    for block in blocks:
        after = width - before - block.shape[-1]
        rows.append(np.concatenate([_zeros(block, before), block, _zeros(block, after)], axis=-1))
        before += block.shape[-1]
    return np.concatenate(rows, axis=-2)


def _zeros(block: Array, columns: int) -> Any:
    return np.zeros((*block.shape[:-1], columns), block.dtype)


def gathered(values: Array, index: Any) -> Array:
    """A matrix whose elements are those of vectors, at these places."""
    return np.take(values, index, axis=-1)


@body_of(scipy.linalg.toeplitz)
def toeplitz(c: Array, r: Array | None = None) -> Array:
    """Constant along diagonals: the first column, and the first row, whose first element is not read."""
    c = np.atleast_1d(c)
    r = np.conjugate(c) if r is None else np.atleast_1d(r)
    n, m = c.shape[-1], r.shape[-1]
    lead = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
    both = [np.broadcast_to(each, (*lead, each.shape[-1])) for each in (c[..., ::-1], r[..., 1:])]
    return gathered(np.concatenate(both, axis=-1), np.arange(n)[::-1, None] + np.arange(m))


@body_of(scipy.linalg.hankel)
def hankel(c: Array, r: Array | None = None) -> Array:
    """Constant along antidiagonals: the first column, and the last row, whose first element is not read."""
    c = np.ravel(c)
    r = np.zeros(c.shape, c.dtype) if r is None else np.ravel(r)
    return gathered(np.concatenate([c, r[1:]]), np.arange(c.size)[:, None] + np.arange(r.size))


@body_of(scipy.linalg.circulant)
def circulant(c: Array) -> Array:
    """Every column the one before it, turned by one."""
    c = np.atleast_1d(c)
    n = c.shape[-1]
    return gathered(c, (np.arange(n)[:, None] - np.arange(n)) % n)


@body_of(scipy.linalg.companion)
def companion(a: Array) -> Array:
    """The first row from a polynomial's coefficients, ones below the diagonal."""
    first = -a[..., 1:] / (1.0 * a[..., :1])
    n = first.shape[-1]
    below = np.broadcast_to(np.eye(n - 1, n), (*first.shape[:-1], n - 1, n))
    return np.concatenate([first[..., None, :], below], axis=-2)


@body_of(scipy.linalg.khatri_rao)
def khatri_rao(a: Array, b: Array) -> Array:
    """Products of columns, each with each."""
    product = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(product, (*product.shape[:-3], -1, product.shape[-1]))
