"""Histograms: which bin an element falls into is a step; what varies are the weights, and the edges with the data's range."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat
from .table import Array, composite, function, innermost, replay


@function(np.bincount)
def bincount(y: Array, x: Any, /, weights: Any = None, minlength: int = 0, *, dweights: Array) -> Array:
    """Sums of weights, of each direction into places of its own."""
    k = len(dweights)
    places = np.arange(k)[:, None] * len(y) + np.asarray(x)
    return np.bincount(np.ravel(places), flat(dweights).reshape(-1), k * len(y)).reshape(k, len(y))


def bin_numbers(a: Array, edges: Array) -> Array:
    """The bin of each element, the last one closed; the number of bins for what lies outside."""
    a, edges = innermost(a), np.asarray(innermost(edges))
    outside = len(edges) - 1
    number = np.searchsorted(edges, a, "right") - 1
    number[a == edges[-1]] = outside - 1
    return np.where(number < 0, outside, number)


def summed(places: Array, weights: Any, count: int) -> Array:
    """The weights summed by place, one each without weights; what has a place behind the last is left out."""
    if weights is not None and np.iscomplexobj(weights):
        return summed(places, np.real(weights), count) + 1j * summed(places, np.imag(weights), count)
    return np.bincount(places, weights, count)[:count]


def line_of_edges(a: Array, count: int, range: Any) -> Array:
    """Edges at equal distances from the least element to the greatest, or over a range; over a unit if there is no width."""
    first, last = range if range is not None else (np.min(a), np.max(a)) if np.size(a) else (0.0, 1.0)
    if first == last:
        first, last = first - 0.5, last + 0.5
    return np.linspace(first, last, count + 1)


@composite(np.histogram_bin_edges)
def histogram_bin_edges(a: Array, bins: Any = 10, range: Any = None, weights: Any = None) -> Array:
    """The edges that are given; else a line, and how many bins an estimator wants is a step."""
    if np.ndim(bins) == 1:
        return bins
    if isinstance(bins, str):
        limits = None if range is None else tuple(map(innermost, range))
        bins = len(np.histogram_bin_edges(innermost(a), bins, limits)) - 1
    return line_of_edges(a, bins, range)


@composite(np.histogram)
def histogram(a: Array, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> tuple[Array, Array]:
    """Sums of weights; as a density over the widths and the total."""
    edges = histogram_bin_edges(a, bins, range)
    result = summed(
        bin_numbers(np.ravel(a), edges), None if weights is None else np.ravel(weights), np.size(innermost(edges)) - 1
    )
    return (result / np.diff(edges) / np.sum(result) if density else result), edges


@composite(np.histogramdd, sequences=1)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> tuple[Array, tuple[Array, ...]]:
    """The same in several dimensions; a sequence holds coordinates, an array has them as columns."""
    columns = list(sample) if isinstance(sample, (list, tuple)) else list(np.transpose(sample)) if sample.ndim > 1 else [sample]
    bins = bins if isinstance(bins, (list, tuple)) or np.ndim(bins) else [bins] * len(columns)
    ranges = [None] * len(columns) if range is None else range
    edges = [
        line_of_edges(column, bins[axis], ranges[axis]) if np.ndim(bins[axis]) == 0 else bins[axis]
        for axis, column in enumerate(columns)
    ]
    shape = [len(each) - 1 for each in edges]
    places, inside = np.zeros(len(columns[0]), int), np.ones(len(columns[0]), bool)
    for column, each, count in zip(columns, edges, shape, strict=True):
        number = bin_numbers(column, each)
        places, inside = places * count + number, inside & (number < count)
    total = int(np.prod(shape))
    result = summed(np.where(inside, places, total), weights, total).reshape(shape)
    if density:
        scale = np.sum(result)
        for axis, each in enumerate(edges):
            result = result / np.diff(each).reshape(-1, *(1,) * (len(edges) - axis - 1))
        result = result / scale
    return result, tuple(edges)


replay(np.histogram2d)
