"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.polynomial import polynomial

from ..errors import TangentLossError
from .axes import flat
from .table import Array, composite, function, total


def refuse_poly1d(*polynomials: Any) -> None:
    """Beside a np.poly1d NumPy answers with another one, whose coefficients would be plain."""
    if any(isinstance(each, np.poly1d) for each in polynomials):
        raise TangentLossError("a function of polynomials on a np.poly1d and a dual number: pass its coefficients, p.coeffs")


# -- values, roots, fits -------------------------------------------------------------------------------------------------


@composite(np.polyval)
def polyval(p: Any, x: Any) -> Array:
    """Horner's rule."""
    refuse_poly1d(x)
    y = np.zeros_like(x)
    for coefficient in np.asarray(p) if isinstance(p, np.poly1d) else p:
        y = y * x + coefficient
    return y


def horner(c: Array, x: Any, grid: bool) -> Array:
    """The polynomials whose coefficients, the lowest power first, lie along the first axis of c: each at every x, or at its
    own."""
    c = np.reshape(c, np.shape(c) + (1,) * np.ndim(x)) if grid else c
    y = c[-1] + np.multiply(x, 0)
    for i in range(2, len(c) + 1):
        y = c[-i] + y * x
    return y


def in_two_variables(x: Any, y: Any, c: Any) -> Array:
    """Horner's rule twice."""
    return horner(horner(c, x, True), y, False)


def on_a_grid(x: Any, y: Any, c: Any) -> Array:
    """Horner's rule twice, for every pair."""
    return horner(horner(c, x, True), y, True)


def in_many_variables(pts: Any, c: Any) -> Array:
    """Horner's rule for each."""
    first, *others = pts
    return functools.reduce(lambda c, x: horner(c, x, False), others, horner(c, first, True))


NEW = (("polyval2d", in_two_variables, 0), ("polygrid2d", on_a_grid, 0), ("polyvalnd", in_many_variables, 1))
for name, by, sequences in NEW:
    if hasattr(getattr(polynomial, name, None), "_implementation"):  # only a new NumPy has them, or asks their arguments
        composite(getattr(polynomial, name), sequences=sequences)(by)


@function(np.roots)
def roots(y: Array, p: Array, *, dp: Array) -> Array | None:
    """dr = -dp(r) / p'(r): of a multiple root not finite."""
    if not y.size:
        return None
    p, dp = np.atleast_1d(p), flat(dp)
    powers = np.expand_dims(y, -1) ** np.arange(len(p) - 1, -1, -1)
    return -(dp @ powers.T) / np.polyval(np.polyder(p), y)


@function(np.poly)
def poly(y: Array, seq_of_zeros: Array, *, dseq_of_zeros: Array) -> Array:
    """The product of all (t - z), factor by factor. Of a matrix det(t - A), which moves by -tr(adj(t - A) dA); its adjugate by
    Horner's rule, as (t - A) adj(t - A) = det(t - A)."""
    if seq_of_zeros.ndim == 2:
        adjugate, change = np.eye(len(seq_of_zeros)), [np.zeros(len(dseq_of_zeros))]
        for coefficient in y[1:]:
            change.append(-np.sum(dseq_of_zeros * adjugate.T, axis=(-2, -1)))
            adjugate = seq_of_zeros @ adjugate + coefficient * np.eye(len(seq_of_zeros))
        change = np.stack(change, -1)
    else:
        z, dz = seq_of_zeros, dseq_of_zeros
        c, change = np.ones(1), np.zeros((len(dz), 1))
        for i in range(len(z)):
            change = shifted(change, 1) - z[i] * shifted(change, 0) - dz[:, i, None] * shifted(c, 0)
            c = shifted(c, 1) - z[i] * shifted(c, 0)
    return change if np.iscomplexobj(y) else np.real(change)


def shifted(c: Array, power: int) -> Array:
    """Coefficients, the last axis, with a zero behind (multiplied by the variable) or in front (another power of zero)."""
    zero = np.zeros_like(c[..., :1])
    return np.concatenate([c, zero] if power else [zero, c], -1)


@function(np.vander)
def vander(y: Array, x: Array, N: int | None = None, increasing: bool = False, *, dx: Array) -> Array:
    """j x^(j - 1) dx, the power 0 being flat."""
    columns = y.shape[-1]
    slopes = np.vander(x, max(columns - 1, 0), increasing=True) * np.arange(1, max(columns, 1))
    slopes = np.concatenate([np.zeros_like(slopes, shape=(len(x), min(columns, 1))), slopes], -1)
    return dx[..., None] * (slopes if increasing else np.flip(slopes, -1))


@composite(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """The least squares that NumPy solves, columns scaled to length one; the covariance is the inverse of the normal matrix,
    scaled unless it is to be "unscaled" by the mean square of what is left."""
    x, y = np.asarray(x) if isinstance(x, list) else x, np.asarray(y) if isinstance(y, list) else y
    if rcond is None:
        rcond = len(x) * np.finfo(x.dtype if x.dtype.kind in "fc" else float).eps
    columns = np.vander(x, int(deg) + 1)
    if w is not None:
        columns = columns * np.reshape(w, (-1, 1))
        y = y * np.reshape(w, (-1,) + (1,) * (np.ndim(y) - 1))
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns / scale
    c, squares, rank, s = np.linalg.lstsq(columns, y, rcond)
    c = np.transpose(np.transpose(c) / scale)
    if full:
        return c, squares, rank, s, rcond
    if not cov:
        return c
    covariance = np.linalg.inv(np.transpose(columns) @ columns) / np.outer(scale, scale)
    if np.ndim(y) == 2:
        covariance = covariance[:, :, None]
    return c, covariance if cov == "unscaled" else covariance * (squares / (len(x) - int(deg) - 1))


# -- arithmetic ----------------------------------------------------------------------------------------------------------


def aligned(a1: Any, a2: Any) -> tuple[Array, Array]:
    """Two polynomials with zeros in front of the shorter one."""
    refuse_poly1d(a1, a2)
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    length = max(len(a1), len(a2))
    one, other = (np.concatenate([np.zeros_like(a, shape=length - len(a)), a]) for a in (a1, a2))
    return one, other


@composite(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Array:
    """Coefficient by coefficient."""
    return np.add(*aligned(a1, a2))


@composite(np.polysub)
def polysub(a1: Any, a2: Any) -> Array:
    """Coefficient by coefficient."""
    return np.subtract(*aligned(a1, a2))


def product(a: Array, b: Array) -> Array:
    """The coefficients of a product: the sums along the falling diagonals of all products of two, which become columns when
    every row is moved one place further. The other axes broadcast."""
    m, n = a.shape[-1], b.shape[-1]
    every = a[..., :, None] * b[..., None, :]
    every = np.concatenate([every, np.zeros((*every.shape[:-1], m))], -1)
    shape = every.shape[:-2]
    skewed = every.reshape((*shape, m * (m + n)))[..., : m * (m + n - 1)]
    return np.sum(skewed.reshape((*shape, m, m + n - 1)), axis=-2)


@function(np.polymul)
def polymul(y: Array, a1: Any, a2: Any, *, da1: Array | None = None, da2: Array | None = None) -> Array:
    """da1 a2 + a1 da2, of which NumPy keeps as many coefficients as the value has without zeros in front."""
    refuse_poly1d(a1, a2)
    left = None if da1 is None else product(flat(da1), np.atleast_1d(a2))
    right = None if da2 is None else product(np.atleast_1d(a1), flat(da2))
    change: Any = total(left, right)
    return change[..., change.shape[-1] - len(y) :]


@function(np.polydiv)
def polydiv(
    y: tuple[Array, Array], u: Any, v: Any, *, du: Array | None = None, dv: Array | None = None
) -> tuple[Array | None, Array | None]:
    """From u = q v + r: dq and dr are quotient and remainder of du - q dv."""
    refuse_poly1d(u, v)
    q, r = y
    v = np.atleast_1d(v)
    if np.size(u) < len(v):
        return None, None if du is None else np.copy(flat(du)[..., np.size(u) - len(r) :])
    change: Any = total(None if du is None else flat(du), None if dv is None else -product(q, flat(dv)))
    quotient = []
    for _ in range(len(q)):
        quotient.append(change[..., 0] / v[0])
        change = np.concatenate([change[..., 1 : len(v)] - quotient[-1][..., None] * v[1:], change[..., len(v) :]], -1)
    dr = change[..., max(change.shape[-1] - len(r), 0) :]
    return np.stack(quotient, -1), dr if dr.shape[-1] == len(r) else None


@function(np.polyder, view=True)
def polyder(y: Array, p: Array, m: int = 1, *, dp: Array) -> Array:
    """The derivative of each tangent; of order 0 the polynomial itself."""
    for _ in range(int(m)):
        dp = dp[..., :-1] * np.arange(dp.shape[-1] - 1, 0, -1)
    return dp


@composite(np.polyint)
def polyint(p: Array, m: int = 1, k: Any = None) -> Array:
    """The integral, with the constants as last coefficients."""
    k = np.atleast_1d(0.0 if k is None else k)
    for i in range(int(m)):
        p = np.concatenate([p / np.arange(len(p), 0, -1), k[i : i + 1] if len(k) > 1 else k])
    return p
