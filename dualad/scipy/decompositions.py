"""scipy.linalg's decompositions: derivatives in the basis that SciPy's own answer gives.

Where eigenvalues or singular values meet, vectors turn freely: the derivatives of vectors are nan there, those of values are
not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from ..rules.linalg import adjoint, solve_all
from ..rules.table import Array, align
from .dispatch import rule_of
from .systems import triangle, unsupported, whole


def diagonal(a: Array) -> Array:
    """The diagonals of the last two axes."""
    return np.diagonal(a, 0, -2, -1)


def eye_like(a: Array) -> Any:
    """The identity of the size of a matrix."""
    return np.eye(a.shape[-1])


def coupling(gaps: Array, turn: Array) -> Array:
    """Numerators over gaps off the diagonal, 0 on it; where two values meet, nan in every direction that moves anything."""
    off = 1.0 - eye_like(gaps)
    meet = (gaps == 0) & (off > 0)
    moves = np.any(turn != 0, axis=(-2, -1), keepdims=True)
    unknown = np.where(meet & moves, np.nan, off)  # as a factor: what does not vary structurally stays 0
    return turn * unknown / np.where(gaps == 0, 1.0, gaps)


def gaps_of(values: Array) -> Array:
    """Value of the column minus value of the row."""
    return values[..., None, :] - values[..., :, None]


# -- eigenvalues ----------------------------------------------------------------------------------------------------------


def hermitian_tangents(w: Array, v: Array, b: Array | None, da: Array | None, db: Array | None) -> tuple[Array, Array]:
    """A V = B V diag(w) with V^H B V = 1: with G = V^H dA V and H = V^H dB V, dw = diag(G) - w diag(H), and dV = V C with
    C_ij = (G_ij - w_j H_ij) / (w_j - w_i) off the diagonal and -H_ii / 2 on it."""
    turn: Any = 0.0 if da is None else adjoint(v) @ da @ v
    half: Any = 0.0
    if db is not None:
        change = adjoint(v) @ db @ v
        turn = turn - change * w[..., None, :]
        half = -0.5 * change * eye_like(change)
    return np.real(diagonal(turn)), v @ (coupling(gaps_of(w), turn) + half)


@rule_of(scipy.linalg.eigh)
def eigh(
    y: Any,
    a: Array,
    b: Array | None = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    type: int = 1,
    check_finite: bool = True,
    driver: str | None = None,
    da: Array | None = None,
    db: Array | None = None,
) -> Any:
    """See `hermitian_tangents`; of A and B one triangle counts."""
    if type != 1:
        raise unsupported("eigh", f"with type={type}", "bring the problem to the form A v = w B v")
    w, v = eigh(a, b, lower=lower, check_finite=False) if eigvals_only else y
    da, db = (None if each is None else whole(triangle(each, lower, False), lower, True) for each in (da, db))
    dw, dv = hermitian_tangents(w, v, b, da, db)
    return dw if eigvals_only else (dw, dv)


@rule_of(scipy.linalg.eigvalsh)
def eigvalsh(
    y: Array,
    a: Array,
    b: Array | None = None,
    *,
    lower: bool = True,
    type: int = 1,
    check_finite: bool = True,
    driver: str | None = None,
    da: Array | None = None,
    db: Array | None = None,
) -> Array:
    """As `eigh`."""
    if type != 1:
        raise unsupported("eigvalsh", f"with type={type}", "bring the problem to the form A v = w B v")
    w, v = eigh(a, b, lower=lower, check_finite=False)
    da, db = (None if each is None else whole(triangle(each, lower, False), lower, True) for each in (da, db))
    return hermitian_tangents(w, v, b, da, db)[0]


def general_tangents(w: Array, v: Array, da: Array) -> tuple[Array, Array]:
    """A V = V diag(w): with C = V^-1 dA V, dw = diag(C) and dV = V (C_ij / (w_j - w_i)), kept at length one and with the
    largest component real, as LAPACK has them."""
    if not np.iscomplexobj(v):
        w = np.real(w)  # SciPy's eigenvalues are complex even where all are real
    turn = solve_all(v, da @ v)
    dv = v @ coupling(gaps_of(w), turn)
    dv = dv - v * np.real(np.sum(np.conjugate(v) * dv, axis=-2, keepdims=True))
    if np.iscomplexobj(v):
        largest = np.argmax(np.abs(v), axis=-2, keepdims=True)
        place = np.arange(v.shape[-2])[:, None] == largest
        ratio = np.sum(np.where(place, dv / np.where(place, v, 1.0), 0.0), axis=-2, keepdims=True)
        dv = dv - 1j * v * np.imag(ratio)
    return diagonal(turn), dv


@rule_of(scipy.linalg.eig)
def eig(
    y: Any, a: Array, b: None = None, left: bool = False, right: bool = True, check_finite: bool = True, *, da: Array
) -> Any:
    """See `general_tangents`."""
    if left or b is not None:
        raise unsupported("eig", "with left=True or b", "take eigenvectors of the adjoint, or of solve(b, a)")
    w, v = y if right else eig(a, check_finite=False)
    dw, dv = general_tangents(w, v, da)
    return (dw, dv) if right else dw


@rule_of(scipy.linalg.eigvals)
def eigvals(y: Array, a: Array, b: None = None, check_finite: bool = True, *, da: Array) -> Array:
    """As `eig`."""
    if b is not None:
        raise unsupported("eigvals", "with b", "take the eigenvalues of solve(b, a)")
    w, v = eig(a, check_finite=False)
    return general_tangents(w, v, da)[0]


# -- singular values ------------------------------------------------------------------------------------------------------


def singular_tangents(u: Array, s: Array, vh: Array, da: Array) -> tuple[Array, Array, Array]:
    """A = U S V^H with P = U^H dA V: ds = Re diag(P); U and V turn within their span by the couplings of S^2, and out of it by
    what dA brings from there; the phases that are free are U's."""
    v, wide = adjoint(vh), s[..., None, :]
    p = adjoint(u) @ da @ v
    gaps = gaps_of(s) * (s[..., None, :] + s[..., :, None])
    phase = 1j * np.imag(p) * eye_like(p) / wide if np.iscomplexobj(p) else 0.0
    du = u @ (coupling(gaps, p * wide + np.swapaxes(wide, -1, -2) * adjoint(p)) + phase)
    dv = v @ coupling(gaps, np.swapaxes(wide, -1, -2) * p + adjoint(p) * wide)
    if u.shape[-2] > u.shape[-1]:
        du = du + (da @ v - u @ p) / wide
    if v.shape[-2] > v.shape[-1]:
        dv = dv + (adjoint(da) @ u - v @ adjoint(p)) / wide
    return du, np.real(diagonal(p)), adjoint(dv)


@rule_of(scipy.linalg.svd)
def svd(
    y: Any,
    a: Array,
    full_matrices: bool = True,
    compute_uv: bool = True,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
    *,
    da: Array,
) -> Any:
    """See `singular_tangents`. The vectors that full matrices have on top span a space and are free in it: nan."""
    u, s, vh = y if compute_uv else svd(a, full_matrices=False, check_finite=False)
    k = s.shape[-1]
    du, ds, dvh = singular_tangents(u[..., :k], s, vh[..., :k, :], da)
    if not compute_uv:
        return ds
    unknown = np.nan * np.sum(da, axis=(-2, -1), keepdims=True)
    du = np.concatenate([du, np.broadcast_to(unknown, (*du.shape[:-1], u.shape[-1] - k))], axis=-1)
    dvh = np.concatenate([dvh, np.broadcast_to(unknown, (*dvh.shape[:-2], vh.shape[-2] - k, vh.shape[-1]))], axis=-2)
    return du, ds, dvh


def svdvals_tangent(a: Array, da: Array) -> Array:
    """Of the values alone."""
    u, s, vh = svd(a, full_matrices=False, check_finite=False)
    return singular_tangents(u, s, vh, da)[1]


@rule_of(scipy.linalg.svdvals)
def svdvals(y: Array, a: Array, check_finite: bool = True, *, da: Array) -> Array:
    """As `svd`."""
    return svdvals_tangent(a, da)


def inverse_tangent(y: Array, a: Array, da: Array) -> Array:
    """dY = -Y dA Y + Y Y^H dA^H (1 - A Y) + (1 - Y A) dA^H Y^H Y, as long as the rank stays."""
    turned = adjoint(da)
    left, right = np.eye(a.shape[-2]) - a @ y, np.eye(a.shape[-1]) - y @ a
    return -(y @ da @ y) + y @ adjoint(y) @ turned @ left + right @ turned @ adjoint(y) @ y


@rule_of(scipy.linalg.pinv)
def pinv(
    y: Any,
    a: Array,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
    da: Array,
) -> Any:
    """See `inverse_tangent`."""
    return (inverse_tangent(y[0], a, da), None) if return_rank else inverse_tangent(y, a, da)


@rule_of(scipy.linalg.pinvh)
def pinvh(
    y: Any,
    a: Array,
    atol: float | None = None,
    rtol: float | None = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
    *,
    da: Array,
) -> Any:
    """As `pinv`; one triangle counts."""
    a, da = (whole(triangle(each, lower, False), lower, True) for each in (a, da))
    return (inverse_tangent(y[0], a, da), None) if return_rank else inverse_tangent(y, a, da)


@rule_of(scipy.linalg.lstsq)
def lstsq(
    y: Any,
    a: Array,
    b: Array,
    cond: float | None = None,
    check_finite: bool = True,
    lapack_driver: str | None = None,
    *,
    da: Array | None = None,
    db: Array | None = None,
) -> Any:
    """x = A^+ b; the sums of squares of what is left over change by 2 Re r^H (db - dA x); singular values as in `svd`."""
    x, squares, _, s = y
    vector = np.ndim(b) == 1
    b, x = (b[..., None], x[..., None]) if vector else (b, x)
    cutoff = np.finfo(x.dtype).eps if cond is None else cond
    inverse = pinv(a, atol=0.0, rtol=cutoff, check_finite=False)
    change: Any = 0.0
    dx: Any = 0.0
    if db is not None:
        change = db[..., None] if vector else db
        dx = inverse @ change
    if da is not None:
        da = align(da, x.ndim)
        change = change - da @ x
        dx = dx + inverse_tangent(inverse, a, da) @ b
    left_over = np.real(np.sum(2.0 * np.conjugate(b - a @ x) * change, axis=-2))
    dsquares = None if not np.size(squares) else left_over[..., 0] if vector else left_over
    ds = None if s is None or da is None else svdvals_tangent(a, da)
    return dx[..., 0] if vector else dx, dsquares, None, ds


# -- QR -------------------------------------------------------------------------------------------------------------------


@rule_of(scipy.linalg.qr)
def qr(y: Any, a: Array, mode: str = "full", pivoting: bool = False, check_finite: bool = True, *, da: Array) -> Any:
    """With M = Q^H dA R^-1: Q^H dQ = K, skew, agrees with M below the diagonal and in the diagonal's imaginary part;
    dR = (M - K) R and dQ = Q K + (1 - Q Q^H) dA R^-1."""
    if mode == "raw" or a.shape[-2] < a.shape[-1] or (mode == "full" and a.shape[-2] > a.shape[-1]):
        raise unsupported("qr", f"with mode={mode!r} for a matrix of shape {a.shape[-2:]}", "use mode='economic' of a tall one")
    parts = y if isinstance(y, (tuple, list)) else (y,)
    if pivoting:
        da = np.take_along_axis(da, np.broadcast_to(parts[-1][..., None, :], da.shape[1:])[None], -1)
        a = np.take_along_axis(a, np.broadcast_to(parts[-1][..., None, :], a.shape), -1)
    if mode == "r":
        q, r = qr(a, mode="economic", check_finite=False)
    else:
        q, r = parts[:2]
    right = adjoint(solve_all(adjoint(r), adjoint(da)))  # dA R^-1
    m = adjoint(q) @ right
    strict = np.tril(m, -1)
    turn = strict - adjoint(strict) + (1j * np.imag(m) * eye_like(m) if np.iscomplexobj(m) else 0.0)
    dr = np.triu((m - turn) @ r)
    if mode == "r":
        full = np.zeros((*dr.shape[:-2], parts[0].shape[-2] - dr.shape[-2], dr.shape[-1]))
        dr = np.concatenate([dr, full], axis=-2)
    dq = q @ turn + right - q @ m
    answer = (dr,) if mode == "r" else (dq, dr)
    return (*answer, None) if pivoting else answer if isinstance(y, (tuple, list)) else dr
