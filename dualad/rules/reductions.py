"""Sums, products, extremes and the statistics made of them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .axes import flat, negative
from .elementwise import away_from_zero
from .folds import cumulative_product, reduction
from .table import Array, align, composite, constant, function, total


def extreme(ufunc: np.ufunc) -> Any:
    """The rule of a maximum or minimum, which take no `dtype`."""
    push = reduction(ufunc)

    def fold(
        y: Array,
        a: Array,
        axis: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
        *,
        da: Array | None = None,
        dinitial: Array | None = None,
    ) -> Array:
        return push(y, a, axis, None, None, keepdims, initial, where, da=da, dinitial=dinitial)

    return fold


function(np.sum)(reduction(np.add))
function(np.prod)(reduction(np.multiply))
function(np.max, np.amax)(extreme(np.maximum))
function(np.min, np.amin)(extreme(np.minimum))


def _chosen(where: Any) -> dict[str, Any]:
    """The keyword `where`, if it says anything: lazy arrays do not know it."""
    return {} if where is True else {"where": where}


def _count(where: Any, a: Array, axes: Any, keepdims: bool) -> Any:
    """How many elements are chosen along the axes."""
    if where is True:
        return np.intp(prod(a.shape[axis] for axis in (axes if isinstance(axes, tuple) else (axes,))))
    return np.sum(np.broadcast_to(where, a.shape), axis=axes, keepdims=keepdims)


@function(np.mean)
def mean(
    y: Array,
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
    da: Array,
) -> Array:
    """The mean of each tangent."""
    axes = negative(axis, a.ndim)
    count = _count(where, a, axes, keepdims)
    return np.sum(da, axes, dtype, keepdims=keepdims, **_chosen(where)) / count  # np.mean would warn of empty slices again


@function(np.var)
def var(
    y: Array,
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
    da: Array | None = None,
    dmean: Array | None = None,
) -> Array:
    """2/(n - ddof) * sum of (a - mean) * (da - dmean)."""
    return deviated(1.0, a, axis, dtype, ddof, keepdims, where, mean, correction, da, dmean)


def deviated(
    divisor: Any,
    a: Array,
    axis: Any,
    dtype: Any,
    ddof: float,
    keepdims: bool,
    where: Any,
    mean: Any,
    correction: Any,
    da: Array | None,
    dmean: Array | None,
) -> Array:
    """The tangent of a variance over a number. That divides the deviations, which may be zero where it is tiny; the tangent of
    a mean that is taken here drops out, because the deviations from it sum to zero."""
    axes = negative(axis, a.ndim)
    if dtype is not None:
        a, da = np.astype(a, dtype), None if da is None else np.astype(da, dtype)
    center = np.mean(a, axes, keepdims=True, **_chosen(where)) if mean is None else mean
    count = _count(where, a, axes, keepdims)
    change = total(da, None if dmean is None else -align(dmean, a.ndim))
    terms = np.real(np.conjugate((a - center) / divisor) * change)
    factor = 2.0 / np.maximum(count - (ddof if correction is None else correction), 0)
    return np.sum(terms, axis=axes, keepdims=keepdims, **_chosen(where)) * factor


@function(np.std)
def std(
    y: Array,
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
    da: Array | None = None,
    dmean: Array | None = None,
) -> Array:
    """dvar / (2 std), and 0 where all are equal: a cone's tip; flat at every order where one element deviates from itself."""
    axes = negative(axis, a.ndim)
    lone = mean is None and _count(where, a, axes, keepdims) == 1
    divisor = 2.0 * np.where(lone, 1.0, away_from_zero(y))
    divisor = divisor if keepdims else np.expand_dims(divisor, axes)
    return deviated(divisor, a, axis, dtype, ddof, keepdims, where, mean, correction, da, dmean)


@composite(np.ptp)
def ptp(a: Array, axis: Any = None, out: Any = None, keepdims: bool = False) -> Array:
    """Maximum less minimum."""
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


@composite(np.average)
def average(a: Array, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """sum(w a) / sum(w)."""
    axis = tuple(axis) if isinstance(axis, list) else axis
    if weights is None:
        result = np.mean(a, axis, keepdims=keepdims)
        return (result, None) if returned else result
    if np.shape(weights) != np.shape(a):  # one weight per position along the axes
        axes = [each % np.ndim(a) for each in (axis if isinstance(axis, tuple) else (axis,))]
        weights = np.transpose(weights, np.argsort(axes))
        weights = np.reshape(weights, [length if each in axes else 1 for each, length in enumerate(np.shape(a))])
        weights = np.broadcast_to(weights, np.shape(a))
    scale = np.sum(weights, axis=axis, keepdims=keepdims)
    result = np.sum(np.multiply(a, weights), axis=axis, keepdims=keepdims) / scale
    return (result, np.broadcast_to(scale, np.shape(result))) if returned else result


@function(np.cumsum)
def cumsum(y: Array, a: Array, axis: Any = None, dtype: Any = None, out: Any = None, *, da: Array) -> Array:
    """The running sum of each tangent."""
    return np.cumsum(flat(da), -1, dtype) if axis is None else np.cumsum(da, negative(axis, a.ndim), dtype)


@function(np.cumprod)
def cumprod(y: Array, a: Array, axis: Any = None, dtype: Any = None, out: Any = None, *, da: Array) -> Array:
    """The running product of each tangent, exact where elements are zero."""
    return cumulative_product(y, a, axis, dtype, da=da)


@composite(np.cumulative_sum)
def cumulative_sum(
    x: Array, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Array:
    """cumsum, with a leading zero if wanted."""
    return _cumulative(np.cumsum, 0.0, x, axis, include_initial)


@composite(np.cumulative_prod)
def cumulative_prod(
    x: Array, /, *, axis: Any = None, dtype: Any = None, out: Any = None, include_initial: bool = False
) -> Array:
    """cumprod, with a leading one if wanted."""
    return _cumulative(np.cumprod, 1.0, x, axis, include_initial)


def _cumulative(run: Any, first: float, x: Array, axis: Any, include_initial: bool) -> Array:
    x = np.reshape(x, (1,)) if np.ndim(x) == 0 else x  # NumPy takes a number for one element
    axis = 0 if axis is None else axis % x.ndim
    result = run(x, axis)
    if not include_initial:
        return result
    return np.concatenate([np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), first), result], axis)


@function(np.trace)
def trace(
    y: Array,
    a: Array,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Any = None,
    *,
    da: Array,
) -> Array:
    """The trace of each tangent."""
    return np.trace(da, offset, *negative((axis1, axis2), a.ndim), dtype)


@function(np.linalg.trace)
def matrix_trace(y: Array, x: Array, /, *, offset: int = 0, dtype: Any = None, dx: Array) -> Array:
    """The trace over the last two axes."""
    return np.trace(dx, offset, -2, -1, dtype)


@composite(np.trapezoid)
def trapezoid(y: Array, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """Means of neighbours times their distance."""
    y, axis = np.moveaxis(y, axis, 0), negative(axis, np.ndim(y))
    if x is not None:
        dx = np.diff(x, axis=axis) if np.ndim(x) > 1 else np.reshape(np.diff(x), (-1,) + (1,) * (-axis - 1))
    means = np.moveaxis(0.5 * (y[1:] + y[:-1]), 0, axis)
    return np.sum(dx * means, axis=axis)


constant(np.all, np.any, np.count_nonzero, np.allclose, np.isclose, np.array_equal, np.array_equiv)
