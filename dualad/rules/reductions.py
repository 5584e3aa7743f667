"""Sums, products, extremes and the statistics made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative
from .folds import cumulative_product, reduction
from .table import Array, composite, constant, function

MISSING: Any = np._NoValue

for functions, ufunc in {
    (np.sum,): np.add,
    (np.prod,): np.multiply,
    (np.max, np.amax): np.maximum,
    (np.min, np.amin): np.minimum,
}.items():

    @function(*functions)
    def reduce(
        y: Array,
        a: Array,
        axis: Any = None,
        dtype: Any = None,
        keepdims: Any = False,
        initial: Any = None,
        where: Any = True,
        *,
        da: Array | None = None,
        dinitial: Array | None = None,
        push: Any = reduction(ufunc),
    ) -> Array:
        """The ufunc's reduction over the axes, all of them by default."""
        return push(y, a, axis, dtype, keepdims, initial, where, da=da, dinitial=dinitial)


@function(np.mean)
def mean(
    y: Array, a: Array, axis: Any = None, dtype: Any = None, keepdims: bool = False, *, where: Any = True, da: Array
) -> Array:
    """The mean of each tangent."""
    return np.mean(da, negative(axis, a.ndim), keepdims=keepdims, where=where)


@function(np.var)
def var(
    y: Array,
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
    da: Array,
) -> Array:
    """2/(n - ddof) * sum of (a - mean) * da; the mean's own tangent drops out because the deviations sum to zero."""
    axes = negative(axis, a.ndim)
    ddof = correction if correction is not None and correction is not MISSING else ddof
    center = np.mean(a, axes, keepdims=True, where=where)
    count = np.sum(np.broadcast_to(where, a.shape), axis=axes, keepdims=keepdims)
    terms = np.real(np.conjugate(a - center) * da)
    return np.sum(terms, axis=axes, keepdims=keepdims, where=where) * (2.0 / np.maximum(count - ddof, 0))


@function(np.std)
def std(
    y: Array,
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
    da: Array,
) -> Array:
    """dvar / (2 std), and 0 where all are equal: a cone's tip."""
    dvar = var(y, a, axis, dtype, ddof, keepdims, where=where, correction=correction, da=da)
    return dvar / (2.0 * away_from_zero(y))


def away_from_zero(y: Array) -> Array:
    """A length, and where it is 0 the least positive one: 0 / that is 0, the subgradient of least norm at a cone's tip,
    while the next derivative there is infinite or nan, as it must be, and not a wrong finite number."""
    return np.where(y == 0, np.finfo(y.dtype).tiny, y)


@composite(np.ptp)
def ptp(a: Array, axis: Any = None, out: Any = None, keepdims: bool = False) -> Array:
    """Maximum less minimum."""
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


@composite(np.average)
def average(a: Array, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    """sum(w a) / sum(w)."""
    keepdims = keepdims is not MISSING and keepdims
    if weights is None:
        result = np.mean(a, axis, keepdims=keepdims)
        return (result, np.zeros_like(result) + a.size / result.size) if returned else result
    if np.shape(weights) != np.shape(a):  # one weight per position along the axes
        axes = [each % np.ndim(a) for each in (axis if isinstance(axis, tuple) else (axis,))]
        weights = np.transpose(weights, np.argsort(axes))
        weights = np.reshape(weights, [length if each in axes else 1 for each, length in enumerate(np.shape(a))])
        weights = np.broadcast_to(weights, np.shape(a))
    scale = np.sum(weights, axis=axis, keepdims=keepdims)
    result = np.sum(np.multiply(a, weights), axis=axis, keepdims=keepdims) / scale
    return (result, np.broadcast_to(scale, np.shape(result))) if returned else result


@function(np.cumsum)
def cumsum(y: Array, a: Array, axis: Any = None, dtype: Any = None, *, da: Array) -> Array:
    """The running sum of each tangent."""
    return np.cumsum(flat(da), -1) if axis is None else np.cumsum(da, negative(axis, a.ndim))


function(np.cumprod)(cumulative_product)


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
    axis = 0 if axis is None else axis % x.ndim
    result = run(x, axis)
    if not include_initial:
        return result
    return np.concatenate([np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), first), result], axis)


@function(np.trace)
def trace(y: Array, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, *, da: Array) -> Array:
    """The trace of each tangent."""
    return np.trace(da, offset, *negative((axis1, axis2), a.ndim))


@function(np.linalg.trace)
def matrix_trace(y: Array, x: Array, /, *, offset: int = 0, dtype: Any = None, dx: Array) -> Array:
    """The trace over the last two axes."""
    return np.trace(dx, offset, -2, -1)


@composite(np.trapezoid)
def trapezoid(y: Array, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """Means of neighbours times their distance."""
    y = np.moveaxis(y, axis, -1)
    if x is not None:
        dx = np.diff(x) if np.ndim(x) == 1 else np.diff(np.moveaxis(x, axis, -1))
    return np.sum(dx * (y[..., 1:] + y[..., :-1]), axis=-1) * 0.5


constant(np.all, np.any, np.count_nonzero, np.allclose, np.isclose, np.array_equal, np.array_equiv)
