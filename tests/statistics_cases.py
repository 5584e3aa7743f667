"""The table of function calls goes on: nan, quantiles, histograms, and functions of samples along a line."""

from __future__ import annotations

import numpy as np
from calculation_cases import AXES, CASES, MASK34, V, Var, X, case, linear

from dualad.rules.table import innermost

__all__ = ["CASES"]

NAN = np.nan


def plain(x):
    """What an argument of a twin is without its steps and tangents."""
    return np.real(innermost(x))


def holes(*shape):
    """Numbers with nan among them."""
    x = X(*shape).value
    x.flat[1::5] = NAN
    return Var(x)


# -- nan -----------------------------------------------------------------------------------------------------------------


def nan_spread_twin(of):
    def twin(a, axis=None, ddof=0, correction=None, keepdims=False, where=True, mean=None, dtype=None):
        good = ~np.isnan(a) & where
        count = np.sum(good, axis=axis, keepdims=True)
        filled = np.where(good, a, 0.0)
        center = np.sum(filled, axis=axis, keepdims=True) / count if mean is None else mean
        freedom = count - (ddof if correction is None else correction)
        square = np.sum(np.where(good, filled - center, 0.0) ** 2, axis=axis, keepdims=True) / freedom
        result = square if of is np.nanvar else np.sqrt(square)
        return result if keepdims else np.squeeze(result, axis)

    return twin


def real_first(of):
    """A choosing function of real parts, as a choice of complex numbers."""

    def twin(a, axis=None, keepdims=False, initial=None, where=True):
        worst = -1e9 if of is np.nanmax else 1e9
        lines = np.where(~np.isnan(a) & where, a, worst)
        if initial is not None:
            lines = np.concatenate([np.ravel(lines), [initial]])
        return (np.max if of is np.nanmax else np.min)(lines, axis=axis, keepdims=keepdims)

    return twin


for options in AXES[:-1]:
    linear(np.nansum, holes(3, 4), **options)
    linear(np.nanmean, holes(3, 4), **options)
    case(np.nanprod, holes(3, 4), **options)
    for extreme in (np.nanmax, np.nanmin):
        linear(extreme, holes(3, 4), twin=real_first(extreme), **options)
    for spread in (np.nanvar, np.nanstd):
        case(spread, holes(3, 4), twin=nan_spread_twin(spread), **options)
    linear(np.nanmedian, holes(3, 4), twin=lambda a, **o: quantile_twin(a, 0.5, skip=True, **o), **options)
for of, enter in ((np.nansum, linear), (np.nanprod, case)):
    enter(of, holes(3, 4), 0, np.float64, None, True, initial=X(), leader=True, where=MASK34)
    enter(of, holes(3, 4), 1, call=lambda x, axis, of=of: of(x, axis, None, np.zeros_like(x, shape=3)))
    enter(of, holes(4), dtype=np.float64)
for extreme in (np.nanmax, np.nanmin):
    linear(extreme, holes(3, 4), initial=X(), where=MASK34, leader=True, twin=real_first(extreme))
    linear(
        extreme, holes(3, 4), 0, call=lambda x, axis, f=extreme: f(x, axis, np.zeros_like(x, shape=4)), twin=real_first(extreme)
    )
linear(np.nanmean, holes(3, 4), 0, where=~MASK34 | (np.arange(3) > 1)[:, None], dtype=np.float64)
for spread in (np.nanvar, np.nanstd):
    for options in [{"axis": 0, "ddof": 1}, {"correction": 1.5}, {"axis": 0, "dtype": np.float64}]:
        case(spread, holes(4, 3), twin=nan_spread_twin(spread), **options)
    case(spread, holes(4, 3), axis=1, where=np.arange(12).reshape(4, 3) != 5, twin=nan_spread_twin(spread))
    case(spread, holes(3, 4), axis=1, mean=X(3, 1, low=-0.1, high=0.1), twin=nan_spread_twin(spread), leader=True)
for options in [{}, {"axis": 0}, {"axis": -1, "dtype": np.float64}]:
    linear(np.nancumsum, holes(3, 3), **options)
    case(np.nancumprod, holes(3, 3), **options)
for options in [{}, {"nan": 2.0}, {"copy": True, "posinf": 3.0, "neginf": -4.0}]:
    linear(
        np.nan_to_num,
        V(1.0, NAN, np.inf, -np.inf, -2.0),
        twin=lambda x, options=options, **_: np.where(np.isfinite(x), x, np.nan_to_num(x.real, **options)),
        **options,
    )
linear(np.nan_to_num, V(1.0, NAN), nan=X(), leader=True, twin=lambda x, nan: np.stack([x[0], nan]))
linear(np.nan_to_num, X(), twin=lambda x: x)
linear(
    np.nan_to_num,
    V(1.0, NAN),
    call=lambda x: np.nan_to_num(np.copy(x), False, 5.0),
    twin=lambda x: np.stack([x[0], 5.0]),
)
for asked in (np.nanargmax, np.nanargmin):
    linear(asked, holes(3, 4), axis=1, twin=lambda x, axis, asked=asked: asked(x.real, axis))

# -- quantiles -----------------------------------------------------------------------------------------------------------


def line_quantile(z, q, method):
    """Increments of the sorted line times NumPy's quantiles of steps."""
    z = z[np.argsort(z.real, kind="stable")]
    steps = np.tri(len(z), k=-1)
    return z[0] + sum((z[j + 1] - z[j]) * np.quantile(steps[:, j], q, method=method) for j in range(len(z) - 1))


def quantile_twin(a, q, axis=None, method="linear", keepdims=False, skip=False, scale=1.0):
    axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    lines = np.moveaxis(a, axes, range(-len(axes), 0))
    kept = lines.shape[: a.ndim - len(axes)]
    lines = lines.reshape((*kept, -1))
    q = np.asarray(q) / scale
    result = np.zeros((*np.shape(q), *kept), complex)
    for place in np.ndindex(kept):
        line = lines[place]
        if skip:
            line = line[~np.isnan(line)]
        result[(..., *place)] = line_quantile(line, q, method) if not np.any(np.isnan(line)) else NAN
    return np.expand_dims(result, [each % a.ndim - a.ndim for each in axes]) if keepdims else result


METHODS = (
    *("linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf", "inverted_cdf"),
    *("averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint", "nearest"),
)
QS = [0.0, 0.1, 0.3, 0.5, 0.625, 0.875, 1.0]
for of, skip in ((np.quantile, False), (np.nanquantile, True)):
    make = holes if skip else X

    def twin(a, q, axis=None, *, skip=skip, **options):
        return quantile_twin(a, q, axis, skip=skip, **options)

    for method in METHODS:
        linear(of, make(9), QS, method=method, twin=twin)
        linear(of, make(3, 4), 0.3, axis=1, method=method, twin=twin)
    for options in AXES[:-1]:
        linear(of, make(3, 4), 0.4, twin=twin, **options)
        linear(of, make(3, 4), QS[1:4], twin=twin, **options)
    linear(
        of,
        make(3, 4),
        [0.5],
        0,
        call=lambda x, q, axis, of=of: of(np.copy(x), q, axis, np.zeros_like(x, shape=(1, 4)), True),
        twin=twin,
    )
    linear(
        of,
        make(9),
        QS,
        method="inverted_cdf",
        weights=np.arange(1.0, 10.0),
        twin=lambda a, q, of=of, **o: a[np.argmax(a.real == of(a.real, q, **o)[:, None], -1)],
    )
    linear(
        of,
        make(3, 4),
        0.6,
        axis=0,
        keepdims=True,
        method="inverted_cdf",
        weights=np.arange(1.0, 13.0).reshape(3, 4),
        twin=lambda a, q, of=of, **o: np.take_along_axis(a, np.argmax(a.real == of(a.real, q, **o), 0)[None], 0),
    )
for of, skip in ((np.percentile, False), (np.nanpercentile, True)):

    def twin(a, q, axis=None, *, skip=skip, **options):
        return quantile_twin(a, q, axis, skip=skip, scale=100.0, **options)

    linear(of, (holes if skip else X)(3, 4), 37.0, twin=twin)
    linear(of, (holes if skip else X)(3, 4), [10, 50.0], axis=-1, method="hazen", keepdims=True, twin=twin)


def sloped_twin(a, q, scale):
    """The linear method with a complex index."""
    z = np.sort(a)
    index = (len(z) - 1) * q / scale
    below = np.floor(index.real).astype(int)
    return z[below] + (index - below) * (z[below + 1] - z[below])


case(np.quantile, V(3.0, 1.0, 4.0, 1.5, 7.0), V(0.1, 0.6, 0.7), twin=lambda a, q: sloped_twin(a, q, 1.0))
case(np.percentile, V(3.0, 1.0, 4.0, 1.5, 7.0), V(10.0, 60.0), twin=lambda a, q: sloped_twin(a, q, 100.0))

# -- histograms ----------------------------------------------------------------------------------------------------------


def bincount_twin(x, weights, minlength=0):
    return np.bincount(x, weights.real, minlength) + 1j * np.bincount(x, weights.imag, minlength)


linear(np.bincount, np.array([0, 2, 2, 5]), X(4), twin=bincount_twin)
linear(np.bincount, np.array([0, 2, 2]), weights=X(3), minlength=7, twin=bincount_twin)


def edges_twin(a, bins=10, range=None, **_):
    """The edges as a line from the least to the greatest element."""
    if np.ndim(bins) == 1:
        return bins
    count = len(np.histogram_bin_edges(plain(a), bins, range)) - 1
    z = np.sort(np.ravel(a))
    first, last = range or (z[0], z[-1])
    return np.linspace(first, last, count + 1)


def histogram_twin(a, bins=10, range=None, density=None, weights=None):
    edges = edges_twin(a, bins, range)
    if weights is None:
        heights = np.histogram(plain(a), plain(edges))[0]
    else:
        masks = [np.histogram(plain(a), plain(edges), weights=one)[0] for one in np.eye(a.size).reshape(-1, *a.shape)]
        heights = np.ravel(weights) @ np.array(masks)
    return (heights / np.diff(edges) / np.sum(heights) if density else heights), edges


LINE = np.array([-1.5, -0.5, 0.25, 1.0, 1.75])
for options in [{}, {"bins": 3}, {"bins": LINE}, {"bins": 4, "range": (-1.0, 1.5)}, {"bins": "sturges"}, {"bins": "fd"}]:
    linear(np.histogram_bin_edges, X(4, 3), twin=edges_twin, **options)
    case(np.histogram, X(4, 3), twin=histogram_twin, **options)
    case(np.histogram, X(30), density=True, twin=histogram_twin, **options)
    if not isinstance(options.get("bins"), str):
        case(np.histogram, X(4, 3), weights=X(4, 3, low=1.0), twin=histogram_twin, **options)
        case(np.histogram, X(12), weights=X(12, low=1.0), density=True, twin=histogram_twin, **options)
case(np.histogram, X(30), V(-1.5, 0.0, 1.75), density=True, twin=histogram_twin)
linear(np.histogram_bin_edges, V(2.0, 2.0), 4, twin=lambda a, n: np.linspace(-0.5, 0.5, 5) + np.mean(a))


def histogramdd_twin(sample, bins=10, range=None, density=None, weights=None):
    columns = sample if isinstance(sample, list) else list(np.transpose(sample))
    bins = bins if isinstance(bins, list) else [bins] * len(columns)
    edges = [edges_twin(c, b, r) for c, b, r in zip(columns, bins, range or [None] * len(columns), strict=True)]
    points, fixed = np.stack(list(map(plain, columns)), -1), list(map(plain, edges))
    weights = np.ones(len(points)) if weights is None else weights
    result = sum(w * np.histogramdd(p[None], fixed)[0] for p, w in zip(points, weights, strict=True))
    if density:
        volumes = np.ones(())
        for each in edges:
            volumes = volumes[..., None] * np.diff(each)
        result = result / volumes / np.sum(result)
    return result, tuple(edges)


def histogram2d_twin(x, y, **options):
    height, edges = histogramdd_twin([x, y], **options)
    return (height, *edges)


for options in [{}, {"bins": 3}, {"bins": [2, LINE]}, {"bins": 4, "range": [(-1.0, 1.5), None]}]:
    case(np.histogramdd, X(12, 2), density=True, twin=histogramdd_twin, **options)
    case(np.histogramdd, [X(6), X(6)], weights=X(6, low=1.0), twin=histogramdd_twin, **options)
    case(
        np.histogram2d,
        X(6),
        X(6),
        density=True,
        weights=X(6, low=1.0),
        twin=histogram2d_twin,
        **options,
    )
linear(np.histogramdd, X(8, 3), 2, twin=histogramdd_twin)
linear(
    np.histogram2d,
    X(8),
    X(8),
    call=lambda x, y: np.histogram2d(x, y, LINE),
    twin=lambda x, y: np.histogram2d(x.real, y.real, LINE),
)
