"""Eigenvalues and eigenvectors, singular values and singular vectors.

What a decomposition leaves open is fixed as follows. Eigenvectors of `eigh` and singular vectors keep their length, and turn
no more than they must: the tangent of each is orthogonal to it (of a complex pair of singular vectors, the phase that only
their product fixes is shared evenly). Eigenvectors of `eig` keep the length one and the largest component real, as LAPACK has
them. Columns that complete a basis turn against the others only.

Where values are equal, to rounding, their vectors are not functions of the matrix: the tangents are nan. The values
themselves then have the derivatives of the basis at hand, of which sums over the equal ones are those of any basis; their
second derivatives are nan. A singular value of zero is a kink, and flat.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .linalg import adjoint, hermitian, invertible, solve_all
from .table import Array, function, undifferentiated


def resolution(w: Array, n: int) -> Array:
    """Below which eigenvalues or singular values of n x n matrices, and gaps between them, are rounding."""
    plain = undifferentiated(w)
    return n * np.finfo(plain.dtype).eps * np.max(np.abs(plain), axis=-1, keepdims=True, initial=0.0)


def reciprocal(divisor: Array, least: Array) -> Array:
    """1 / divisor, and nan where that is rounding."""
    lost = np.abs(undifferentiated(divisor)) <= least
    return np.where(lost, np.nan, 1.0 / np.where(lost, 1.0, divisor))


def inverse_gaps(w: Array) -> Array:
    """1 / (w_j - w_i), 0 on the diagonal."""
    n = w.shape[-1]
    gaps = w[..., None, :] - w[..., :, None]
    return np.where(np.eye(n, dtype=bool), 0.0, reciprocal(gaps, resolution(w, n)[..., None]))


def diagonals(a: Array, b: Array) -> Array:
    """The diagonal of the product a b."""
    return np.sum(np.swapaxes(a, -1, -2) * b, axis=-2)


# -- Hermitian matrices --------------------------------------------------------------------------------------------------


def turning(w: Array, v: Array, da: Array) -> Array:
    """dV = V (F * V^H dA V) with F_ij = 1 / (w_j - w_i), for a Hermitian dA."""
    return v @ (inverse_gaps(w) * (adjoint(v) @ da @ v))


@function(np.linalg.eigh)
def eigh(y: Any, a: Array, UPLO: str = "L", *, da: Array) -> tuple[Array, Array]:
    """dw = diag(V^H dA V), and dV as in `turning`."""
    w, v = y
    change = hermitian(da, UPLO.upper() == "U")
    return np.real(diagonals(adjoint(v), change @ v)), turning(w, v, change)


@function(np.linalg.eigvalsh)
def eigvalsh(y: Array, a: Array, UPLO: str = "L", *, da: Array) -> Array:
    """dw = diag(V^H dA V)."""
    return eigh(np.linalg.eigh(a, UPLO), a, UPLO, da=da)[0]


# -- any square matrix ---------------------------------------------------------------------------------------------------


@function(np.linalg.eig)
def eig(y: Any, a: Array, *, da: Array) -> tuple[Array, Array]:
    """dw = diag(V^-1 dA V), dV = V (F * V^-1 dA V) with F_ij = 1 / (w_j - w_i), then as long and as real as NumPy has it.
    All nan where the eigenvectors do not span the space."""
    w, v = y
    change = modal(v, da)
    turned = v @ (inverse_gaps(w) * change)
    along = np.sum(np.real(np.conjugate(v) * turned), axis=-2, keepdims=True)
    if np.iscomplexobj(v) and v.size:
        plain = undifferentiated(v)
        size = np.where(np.imag(plain) == 0, np.abs(plain), -1.0)
        largest = np.arange(v.shape[-1])[:, None] == np.argmax(size, axis=-2, keepdims=True)
        ratio = np.imag(np.conjugate(v) * turned) / np.where(largest, np.real(v) ** 2, 1.0)
        along = along + 1j * np.sum(np.where(largest, ratio, 0.0), axis=-2, keepdims=True)
    return np.diagonal(change, axis1=-2, axis2=-1), turned - v * along


def modal(v: Array, da: Array) -> Array:
    """V^-1 dA V."""
    plain = undifferentiated(v)
    if not v.size:
        return da
    regular, known = invertible(v, ~(np.linalg.cond(plain) < 0.5 / np.finfo(plain.dtype).eps))
    return solve_all(regular, da @ v) * known


@function(np.linalg.eigvals)
def eigvals(y: Array, a: Array, *, da: Array) -> Array:
    """dw = diag(V^-1 dA V). LAPACK may order eigenvalues otherwise when it is asked for the vectors too."""
    w, v = np.linalg.eig(a)
    change = np.diagonal(modal(v, da), axis1=-2, axis2=-1)
    order = np.broadcast_to(matching(undifferentiated(y), undifferentiated(w)), change.shape)
    change = np.take_along_axis(change, order, -1)
    return change if np.iscomplexobj(y) else np.real(change)


def matching(wanted: Array, found: Array) -> Array:
    """For each of `wanted` the place of the nearest of `found` that is not taken."""
    distance = np.abs(wanted[..., :, None] - found[..., None, :])
    places = np.zeros(wanted.shape, int)
    for i in range(wanted.shape[-1]):
        places[..., i] = np.argmin(distance[..., i, :], axis=-1)
        np.put_along_axis(distance, places[..., None, i : i + 1], np.inf, -1)
    return places


# -- singular values -----------------------------------------------------------------------------------------------------


def singular_values(a: Array, da: Array) -> tuple[Array, Array]:
    """Singular values, and ds = Re diag(U^H dA V)."""
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return s, np.where(s == 0, 0.0, np.real(diagonals(adjoint(u), da @ adjoint(vh))))


@function(np.linalg.svdvals)
def svdvals(y: Array, x: Array, /, *, dx: Array) -> Array:
    """ds = Re diag(U^H dA V)."""
    return singular_values(x, dx)[1]


@function(np.linalg.svd)
def svd(y: Any, a: Array, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False, *, da: Array) -> Any:
    """With dP = U^H dA V, H and K its Hermitian and skew halves: ds = diag(H), dU = U (H/(s_j - s_i) + K/(s_j + s_i)),
    dV = V (H/(s_j - s_i) - K/(s_j + s_i)), and what leaves the space of the columns at hand is over s_j.
    (Townsend, "Differentiating the singular value decomposition", 2016, who has one fraction for the two.)
    """
    if hermitian:
        return svd_of_hermitian(y, a, compute_uv, da)
    if not compute_uv:
        return singular_values(a, da)[1]
    u, s, vh = y
    v, k = adjoint(vh), s.shape[-1]
    right, left = da @ v[..., :k], adjoint(da) @ u[..., :k]
    change = adjoint(u[..., :k]) @ right
    least = resolution(s, max(a.shape[-2:]))
    sums = reciprocal(s[..., None, :] + s[..., :, None], least[..., None])
    if not np.iscomplexobj(change):  # the diagonal of a skew matrix is 0
        sums = np.where(np.eye(k, dtype=bool), 0.0, sums)
    even = (change + adjoint(change)) * (0.5 * inverse_gaps(s))
    odd = (change - adjoint(change)) * (0.5 * sums)
    inverse = np.expand_dims(reciprocal(s, least), -2)
    ds = np.where(s == 0, 0.0, np.real(np.diagonal(change, axis1=-2, axis2=-1)))
    return turned(u, k, even + odd, right * inverse), ds, adjoint(turned(v, k, even - odd, left * inverse))


def turned(basis: Array, k: int, inside: Array, moved: Array) -> Array:
    """The first k columns turn by `inside` among themselves, and by `moved` out of their space; those that complete them turn
    against them."""
    first, rest = basis[..., :k], basis[..., k:]
    change = first @ inside
    if basis.shape[-2] > k:
        change = change + moved - first @ (adjoint(first) @ moved)
    return np.concatenate([change, -first @ (adjoint(moved) @ rest)], -1) if rest.shape[-1] else change


def svd_of_hermitian(y: Any, a: Array, compute_uv: bool, da: Array) -> Any:
    """Singular values are sizes of eigenvalues w = s sign(w), and V = U sign(w); NumPy reads the lower triangle."""
    u, s, vh = y if compute_uv else np.linalg.svd(a, hermitian=True)
    change = hermitian(da)
    sign = np.real(undifferentiated(diagonals(vh, u)))
    sign = np.where(sign < 0, -1.0, 1.0)
    ds = np.where(s == 0, 0.0, sign * np.real(diagonals(adjoint(u), change @ u)))
    if not compute_uv:
        return ds
    du = turning(s * sign, u, change)
    return du, ds, adjoint(du * np.expand_dims(sign, -2))
