"""Norms of vectors and matrices: a length has the subgradient 0 at the origin, extremes split ties evenly."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import joined, negatives
from .decompositions import singular_values
from .elementwise import away_from_zero
from .folds import reduction
from .table import Array, composite, function, undifferentiated


@function(np.linalg.norm)
def norm(y: Array, x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False, *, dx: Array) -> Array | None:
    """Vectors and matrices of every order."""
    axes = negatives(axis, x.ndim)
    if ord is None or ord in ("fro", "f") or (ord == 2 and len(axes) == 1):
        return np.sum(np.real(np.conjugate(unit(x, 2.0, axes)) * dx), axis=axes, keepdims=keepdims)
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        return spectral_norm_tangent(np.moveaxis(x, axes, (-2, -1)), np.moveaxis(dx, axes, (-2, -1)), ord, axes, keepdims)
    turned = np.real(np.conjugate(np.sign(x)) * dx)  # the tangent of |x|, with 0 at the kink
    if len(axes) == 2:
        return matrix_norm_tangent(x, turned, ord, axes, keepdims)
    return vector_norm_tangent(x, turned, ord, axes, keepdims)


def unit(x: Array, ord: float, axes: tuple[int, ...]) -> Array:
    """x over its norm. Scaled to size one first, so that powers neither overflow nor underflow; the scale cancels, and
    being a plain number it adds nothing to further derivatives."""
    size = np.abs(x)
    empty = {} if all(x.shape[axis] for axis in axes) else {"initial": 0.0}  # which lazy arrays do not know
    largest = undifferentiated(np.max(size, axis=axes, keepdims=True, **empty))
    scaled = x / np.where((largest > 0) & (largest < np.inf), largest, 1.0)
    if ord == 2.0:
        square = np.real(scaled) ** 2 + np.imag(scaled) ** 2 if np.iscomplexobj(x) else scaled * scaled
        return scaled / away_from_zero(np.sqrt(np.sum(square, axis=axes, keepdims=True)))
    return scaled / away_from_zero(np.sum(np.abs(scaled) ** ord, axis=axes, keepdims=True) ** (1.0 / ord))


def vector_norm_tangent(x: Array, turned: Array, ord: float, axes: tuple[int, ...], keepdims: bool) -> Array | None:
    """(|x| / norm)^(ord - 1) of each element; a count is flat, an extreme's ties share."""
    if ord == 0:
        return None
    if ord == 1:
        return np.sum(turned, axis=axes, keepdims=keepdims)
    if ord in (np.inf, -np.inf):
        return extreme(ord)(None, np.abs(x), axes, keepdims=keepdims, da=turned)
    weights = np.abs(unit(x, ord, axes)) ** (ord - 1.0)
    return np.sum(weights * turned, axis=axes, keepdims=keepdims)


def extreme(ord: float) -> Any:
    """The push of the maximum that a norm of positive order takes, or of the minimum; ties share."""
    return reduction(np.maximum if ord > 0 else np.minimum)


def matrix_norm_tangent(x: Array, turned: Array, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The largest or smallest sum of sizes over columns or rows."""
    add, over = axes if abs(ord) == 1 else axes[::-1]
    sums = np.sum(np.abs(x), axis=add, keepdims=True)
    result = extreme(ord)(None, sums, over, keepdims=True, da=np.sum(turned, axis=add, keepdims=True))
    return result if keepdims else np.squeeze(result, axes)


def spectral_norm_tangent(x: Array, dx: Array, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Array:
    """The largest or smallest singular value, or the sum of all, of matrices in the last two axes."""
    s, ds = singular_values(x, dx)
    result = np.sum(ds, axis=-1) if ord == "nuc" else extreme(ord)(None, s, -1, da=ds)
    return np.expand_dims(result, axes) if keepdims else result


@composite(np.linalg.vector_norm)
def vector_norm(x: Array, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """The norm of vectors that may lie along several axes, raveled into one."""
    axes = negatives(axis, x.ndim)
    result = np.linalg.norm(joined(x, axes), ord, -1)
    return np.expand_dims(result, axes) if keepdims else result


@composite(np.linalg.matrix_norm)
def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """The norm over the last two axes."""
    return np.linalg.norm(x, ord, (-2, -1), keepdims)
