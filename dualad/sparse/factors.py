"""Pairs of inputs that meet in a product: where a second derivative comes from.

In the graph of a second derivative along two directions every line is linear in each of them. The two come together in products
only, one factor moving with the one and the other with the other: those are looked for here. What sums or moves, brings nothing
together.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ..graph import item
from ..lines import Line
from .flow import RULES, Flow, dense, elementwise
from .products import contracted, contraction_of, diagonals
from .sets import Masked, Sets, numbered, placed, repeated, shape_of, united

SUMS = frozenset([np.add, np.subtract, np.negative, np.positive, np.conjugate, operator.add, operator.sub, item])

PRODUCTS = frozenset([np.convolve, np.correlate, np.linalg.solve])
"""Functions with rules that are not linear in all arguments together."""

UNKNOWN = (None, dense, elementwise, contracted)
"""Rules of functions of which nothing is known here, but that they may be products."""


def factors_of(first: Flow, second: Flow, line: Line) -> Iterator[tuple[Sets, Sets]]:
    """For each pair of factors of a line of which the one moves with the first direction, and the other with the second, the
    sets of both, row by row."""
    if not (first.flowing(line) and second.flowing(line)) or line.function in SUMS:
        return
    if getattr(line.function, "__self__", None) is np.add:  # a sum along an axis
        return
    inputs = [*line.inputs()]
    pairs = [
        (one, two)
        for here, one in enumerate(inputs)
        for there, two in enumerate(inputs)
        if here != there and first.flowing(one) and second.flowing(two)
    ]
    contraction = contraction_of(line)
    if contraction is not None:
        yield from _contracted(first, second, contraction)
    elif line.function is operator.pow or (isinstance(line.function, np.ufunc) and line.function.signature is None):
        if len(inputs) == 1:
            pairs = [(inputs[0], inputs[0])]
        for one, two in pairs:
            yield _row_by_row(first, second, one, two, line.shape)
    elif RULES.get(line.function) in UNKNOWN or line.function in PRODUCTS:
        for one in inputs:
            for two in inputs:
                if first.flowing(one) and second.flowing(two):
                    yield _all(first, one), _all(second, two)


def _all(flow: Flow, value: Line) -> Sets:
    found = flow.raw(value)
    parts = found if isinstance(found, list) else [found]
    union = None
    for part in parts:
        if part is not None:
            row = united(part.sets if isinstance(part, Masked) else part)
            union = row if union is None else union + row
    return union


def _row_by_row(first: Flow, second: Flow, one: Line, two: Line, shape: tuple[int, ...]) -> tuple[Sets, Sets]:
    here, there = first.raw(one), second.raw(two)
    if isinstance(here, Masked) and isinstance(there, Masked) and here.key is there.key:
        return here.sets, there.sets
    return _spread(first, one, shape), _spread(second, two, shape)


def _spread(flow: Flow, value: Line, shape: tuple[int, ...]) -> Sets:
    own = shape_of(value)
    if own == shape:
        return flow.sets(value)
    if prod(own) == 1:
        return repeated(flow.sets(value), prod(shape))
    count = len(shape)
    labels = [axis if length == shape[axis] else -1 - axis for axis, length in enumerate(own, count - len(own))]
    return placed(flow.sets(value), numbered(own), labels, shape, range(count))


def _contracted(first: Flow, second: Flow, contraction: Any) -> Iterator[tuple[Sets, Sets]]:
    """Elements meet whose common labels agree."""
    operands, labels, _ = contraction
    for here, one in enumerate(operands):
        for there, two in enumerate(operands):
            if here == there or not first.flowing(one) or not second.flowing(two):
                continue
            common = [label for label in dict.fromkeys(labels[here]) if label in labels[there]]
            lengths = dict(zip(labels[here], shape_of(one), strict=True))
            shape = tuple(lengths[label] for label in common)
            pair = []
            for flow, value, own in ((first, one, labels[here]), (second, two, labels[there])):
                places, names = diagonals(value.shape, own)
                pair.append(placed(flow.sets(value), places, names, shape, common))
            yield pair[0], pair[1]
