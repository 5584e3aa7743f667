"""Norms of vectors and matrices: the length has the subgradient 0 at the origin, extremes split ties evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRule
from .axes import negative
from .reductions import away_from_zero
from .table import Array, function


def length(y: Array, a: Array, axes: Any, keepdims: bool, da: Array) -> Array:
    """Re<a, da> / y; scaled before it is multiplied, so that nothing overflows."""
    yk = y if keepdims else np.expand_dims(y, axes)
    return np.sum(np.real(np.conjugate(a / away_from_zero(yk)) * da), axis=axes, keepdims=keepdims)


def vector_norm_body(x: Array, ord: Any, axes: Any, keepdims: bool) -> Array:
    """The norms of vectors that are no length: counts, sums, extremes and roots."""
    size = np.abs(x)
    if ord == 0:
        return np.sum(x != 0, axis=axes, keepdims=keepdims) + 0.0 * np.sum(np.zeros_like(size), axis=axes, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axes, keepdims=keepdims)
    return np.sum(size**ord, axis=axes, keepdims=keepdims) ** (1.0 / ord)


@function(np.linalg.norm)
def norm(y: Array, x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False, *, dx: Array) -> Array:
    """Vectors and matrices of every order but the spectral and the nuclear one, which are in the table of `linalg`."""
    axes = negative(axis, x.ndim)
    axes = axes if isinstance(axes, tuple) else (axes,)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        return length(y, x, axes, keepdims, dx)
    if len(axes) == 2:
        return matrix_norm_tangent(y, x, ord, axes, keepdims, dx)
    return vector_norm_tangent(x, ord, axes, keepdims, dx)


def vector_norm_tangent(x: Array, ord: Any, axes: Any, keepdims: bool, dx: Array) -> Array | None:
    """Differentiated by hand where it is short: sums, extremes (ties split evenly) and powers of sizes."""
    turned = np.real(np.conjugate(np.sign(x)) * dx)
    size = np.abs(x)
    if ord == 0:
        return None
    if ord == 1:
        return np.sum(turned, axis=axes, keepdims=keepdims)
    best = vector_norm_body(x, ord, axes, True)
    if ord in (np.inf, -np.inf):
        taken = size == best
        return np.sum(np.where(taken, turned / np.sum(taken, axis=axes, keepdims=True), 0.0), axis=axes, keepdims=keepdims)
    return np.sum((size / away_from_zero(best)) ** (ord - 1.0) * turned, axis=axes, keepdims=keepdims)


def matrix_norm_tangent(y: Array, x: Array, ord: Any, axes: Any, keepdims: bool, dx: Array) -> Array:
    """The largest or smallest sum of sizes over columns or rows, ties split evenly."""
    if ord not in (1, -1, np.inf, -np.inf):
        raise NoRule(f"np.linalg.norm(ord={ord!r}) of a matrix has no derivative rule yet; np.linalg.norm(x) has")
    add, over = axes if abs(ord) == 1 else axes[::-1]
    sums = np.sum(np.abs(x), axis=add, keepdims=True)
    best = (np.max if ord > 0 else np.min)(sums, axis=over, keepdims=True)
    turned = np.sum(np.real(np.conjugate(np.sign(x)) * dx), axis=add, keepdims=True)
    taken = sums == best
    shared = np.where(taken, turned / np.sum(taken, axis=over, keepdims=True), 0.0)
    return np.sum(shared, axis=(add, over), keepdims=keepdims)
