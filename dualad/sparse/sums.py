"""How sets flow through sums, and what else mixes elements along axes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from ..lines import Line
from .flow import Flow, FlowRule, flows
from .moves import along
from .sets import MOST, grouped, no_sets, numbered

TAPS = 64
"""The kernel of a convolution with more elements than this is taken for one without zeros."""


def reduced(place: int, default: Any = None) -> FlowRule:
    """The rule of what sums, or mixes, along axes given at a place or by name."""

    def rule(flow: Flow, line: Line) -> Any:
        named = line.keywords.get("axis", line.keywords.get("axes", default))
        return along(flow, line, line.args[0], line.args[place] if len(line.args) > place else named)

    return rule


flows(np.sum, np.mean)(reduced(1))
flows("reduce")(reduced(1, 0))
flows(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft)(reduced(2, -1))
flows(np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2)(reduced(2, (-2, -1)))
flows(np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)(reduced(2))


@flows(np.cumsum, "accumulate")
def cumulated(flow: Flow, line: Line) -> Any:
    """An element depends on those before it."""
    array = line.args[0]
    axis = line.args[1] if len(line.args) > 1 else line.keywords.get("axis", None if line.function == np.cumsum else 0)
    places = numbered(array.shape)
    lines = places.reshape(1, -1) if axis is None else np.moveaxis(places, axis, -1)
    length = lines.shape[-1]
    if places.size * length > MOST:
        return None
    row, column = np.tril_indices(length)
    flat = lines.reshape(-1, length)
    rows, columns = (flat[:, each].ravel() for each in (row, column))
    return sparse.csr_array((np.ones(len(rows), bool), (rows, columns)), (places.size, places.size)) @ flow.sets(array)


@flows(np.trace, np.linalg.trace)
def trace(flow: Flow, line: Line) -> Any:
    """The sum of a diagonal."""
    array, *rest = line.args
    pick: Any = np.linalg.diagonal if line.function == np.linalg.trace else np.diagonal
    keywords = {name: each for name, each in line.keywords.items() if name in ("offset", "axis1", "axis2")}
    return grouped(flow.sets(array), pick(numbered(array.shape), *rest[:3], **keywords).reshape(prod(line.shape), -1))


@flows(np.bincount)
def bincount(flow: Flow, line: Line) -> Any:
    """A bin depends on what falls into it."""
    places = line.args[0]
    weights = line.keywords.get("weights", line.args[1] if len(line.args) > 1 else None)
    if not flow.flowing(weights) or flow.varies(places):
        return None
    bins = np.asarray(flow.value(places))
    shape = (prod(line.shape), len(bins))
    return sparse.csr_array((np.ones(len(bins), bool), (bins, np.arange(len(bins)))), shape) @ flow.sets(weights)


@flows(np.convolve, np.correlate)
def convolve(flow: Flow, line: Line) -> Any:
    """A kernel that is known moves the other array, by so much for each of its elements."""
    place = 0 if flow.flowing(line.args[0]) else 1
    kernel = line.args[1 - place]
    if flow.varies(kernel):
        return None
    weights = np.atleast_1d(flow.value(kernel))
    taps = np.flatnonzero(weights)
    if len(taps) > TAPS:
        return None
    every = sparse.vstack([no_sets(1, flow.columns), flow.sets(line.args[place])], format="csr")
    union = no_sets(prod(line.shape), flow.columns)
    for tap in taps:
        args = list(line.args)
        args[place], args[1 - place] = np.arange(1.0, every.shape[0]), np.eye(1, len(weights), tap)[0]
        union = union + every[np.rint(line.function(*args, **line.keywords)).astype(int)]  # type: ignore[misc]  # no input
    return union


@flows(np.linalg.solve)
def solve(flow: Flow, line: Line) -> Any:
    """A column depends on a whole column."""
    matrix, right = line.args[:2]
    if flow.flowing(matrix) or len(right.shape) < 2:
        return None
    return along(flow, line, right, -2)
