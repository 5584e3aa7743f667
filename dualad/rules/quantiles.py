"""Quantiles: a mean of two neighbours among the sorted elements, weighted by where between them the quantile lies.

That place, the *virtual index*, is a function of the quantile alone; all that the methods differ in is which.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import joined, negatives
from .table import Array, composite, undifferentiated

PLOTTING = {  # alpha and beta of Hyndman and Fan's continuous methods
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1 / 3.0, 1 / 3.0),
    "normal_unbiased": (3 / 8.0, 3 / 8.0),
}


def virtual_index(n: Array, q: Any, method: str) -> tuple[Array, Array]:
    """The virtual index of a quantile among n elements, in NumPy's own arithmetic, and the weight of the element above it."""
    if method in PLOTTING:
        alpha, beta = PLOTTING[method]
        place = n * q + (alpha + q * (1 - alpha - beta)) - 1
    elif method == "inverted_cdf":
        place = np.ceil(n * q - 1)
    elif method == "averaged_inverted_cdf":
        place = n * q - 1
        return place, np.where(place == np.floor(place), 0.5, 1.0)
    elif method == "closest_observation":  # of two that are equally near, the one of even rank
        place = n * q - 1 - 0.5
        below = np.floor(place)
        place = np.where((place == below) & (below % 2 == 1), below, below + 1)
    else:
        place = (n - 1) * q
        if method == "midpoint":
            place = 0.5 * (np.floor(place) + np.ceil(place))
        elif method != "linear":
            place = {"lower": np.floor, "higher": np.ceil, "nearest": np.round}[method](place)
    return place, place - np.floor(place)


def quantiles(a: Array, q: Any, axis: Any, method: str, keepdims: bool, weights: Any = None, skip: bool = False) -> Array:
    """The quantiles along `axis`, of the numbers alone if `skip`; else a nan makes the result nan. The axes of `q` come
    first."""
    a, q = (each if hasattr(each, "level") else np.asarray(each) for each in (a, q))
    axes = negatives(axis, a.ndim)
    lines = joined(a, axes)
    kept, size = lines.shape[:-1], np.size(q)
    if weights is not None:
        function = np.nanquantile if skip else np.quantile
        values = function(undifferentiated(a), undifferentiated(q), axis, weights=undifferentiated(weights), method=method)
        result = matching(lines, np.moveaxis(values.reshape(size, *kept), 0, -1))
    else:
        lines = np.sort(lines, -1)
        n = np.sum(~np.isnan(lines), -1, keepdims=True) if skip else lines.shape[-1]
        place, gamma = virtual_index(n, q.reshape(size), method)
        plain = np.floor(undifferentiated(place))
        last = np.maximum(n - 1, 0)
        lower = np.clip(plain, 0, last).astype(int)
        # Without a weight the element above is not taken: its tangent may be infinite. With q, the weight may vary.
        above = np.where((plain < 0) | ((gamma == 0) & (not hasattr(q, "level"))), plain, plain + 1)
        upper = np.clip(above, 0, last).astype(int)
        first, second = (np.take_along_axis(lines, np.broadcast_to(index, (*kept, size)), -1) for index in (lower, upper))
        result = (1.0 - gamma) * first + gamma * second
        none = n == 0 if skip else np.isnan(lines[..., -1:])
        result = np.where(none, np.nan * result, result)
    result = np.moveaxis(result, -1, 0).reshape(q.shape + kept)
    return np.expand_dims(result, axes) if keepdims else result


def matching(lines: Array, values: Array) -> Array:
    """The first element of each line that equals a value, nan equal to nan."""
    one, other = lines[..., None, :], values[..., :, None]
    found = (one == other) | ((one != one) & (other != other))
    return np.take_along_axis(lines, np.argmax(found, -1), -1)


def quantile_body(hundred: bool, skip: bool) -> Any:
    """The body of a function of quantiles, or of percentiles, that may pass over nan. Weights decide which element is taken,
    and do not vary it."""

    def body(
        a: Array,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
        *,
        weights: Any = None,
    ) -> Array:
        if hundred:  # NumPy divides in the dtype of a, and the quotient decides between neighbours
            dtype = getattr(a, "dtype", None)
            q = np.true_divide(q, dtype.type(100) if dtype is not None and dtype.kind == "f" else 100)
        return quantiles(a, q, axis, method, keepdims, weights, skip)

    return body


composite(np.quantile)(quantile_body(hundred=False, skip=False))
composite(np.percentile)(quantile_body(hundred=True, skip=False))
composite(np.nanquantile)(quantile_body(hundred=False, skip=True))
composite(np.nanpercentile)(quantile_body(hundred=True, skip=True))


def median_body(skip: bool) -> Any:
    """The body of a median: the middle of the sorted elements, or the mean of the two in the middle."""

    def body(a: Array, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
        return quantiles(a, 0.5, axis, "midpoint", keepdims, skip=skip) if np.size(a) else None

    return body


composite(np.median)(median_body(skip=False))
composite(np.nanmedian)(median_body(skip=True))
