"""QR: an orthonormal basis of the columns, and of their complement as Householder's reflections leave it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRule
from .linalg import adjoint, invertible
from .table import Array, function, undifferentiated


@function(np.linalg.qr)
def qr(y: Any, a: Array, mode: str = "reduced", *, da: Array) -> Any:
    """With C = Q^H dA_1 R_1^-1 of the leading square block: W = Q^H dQ is skew, below the diagonal it is C, and on it Im C,
    as the diagonal of R is real; dR = Q^H dA - W R, dQ = dA_1 R_1^-1 - Q (C - W). nan where R_1 is singular.
    (Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", 2010)."""
    if mode not in ("reduced", "complete", "r", "full", "f"):
        raise NoRule(f"np.linalg.qr(mode={mode!r}) has no derivative rule; the modes reduced, complete and r have")
    q, r = np.linalg.qr(a) if mode == "r" else y
    k = min(a.shape[-2:])
    first, square = q[..., :k], r[..., :k, :k]
    size = np.abs(np.diagonal(undifferentiated(square), axis1=-2, axis2=-1))
    least = k * np.finfo(size.dtype).eps * np.max(size, axis=-1, initial=0.0)
    regular, known = invertible(square, np.min(size, axis=-1, initial=np.inf) <= least)
    moved = divided(da[..., :k], regular) * known
    inside = adjoint(first) @ moved
    below = np.tril(inside, -1)
    skew = below - adjoint(below)
    if np.iscomplexobj(inside):
        skew = skew + 1j * np.imag(inside) * np.eye(k)
    dr = np.triu(adjoint(first) @ da - skew @ r[..., :k, :])
    if mode == "r":
        return dr
    dq = moved - first @ (inside - skew)
    if q.shape[-1] == k:
        return dq, dr
    rest = np.zeros_like(dr, shape=(*dr.shape[:-2], q.shape[-1] - k, dr.shape[-1]))
    return np.concatenate([dq, completed(first, dq)], -1), np.concatenate([dr, rest], -2)


def divided(a: Array, b: Array) -> Array:
    """a b^-1."""
    return np.swapaxes(np.linalg.solve(np.swapaxes(b, -1, -2), np.swapaxes(a, -1, -2)), -1, -2)


def completed(q: Array, dq: Array) -> Array:
    """The tangent of the columns that complete q. The product of k reflections is 1 - V T V^H with a triangle T, of which the
    first k columns q tell the others: E_2 + (q - E_1) X^H with X = q_2 (q_1 - 1)^-1."""
    k = q.shape[-1]
    top = q[..., :k, :] - np.eye(k)
    regular, known = invertible(top, np.linalg.slogdet(undifferentiated(top)).sign == 0)
    x = divided(q[..., k:, :], regular) * known
    dx = divided(dq[..., k:, :] - x @ dq[..., :k, :], regular)
    return dq @ adjoint(x) + (q - np.eye(*q.shape[-2:])) @ adjoint(dx)
