"""Slices of what is computed, as computations of slices: (a + b)[1:] is a[1:] + b[1:].

Neighbours in one array, as in x[1:] - x[:-1], are read where they lie. Neighbours in an array that is computed have to go to
memory first; if computing them is cheap they are better computed once more, in the loop that needs them.
"""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from .graph import Graph
from .lines import Line

CHEAP = frozenset([np.add, np.subtract, np.multiply, np.negative, np.square, np.where, np.copy, np.positive])
"""Functions that take less time than a memory access."""

ALL = slice(None)


def sliced_inside(graph: Graph) -> Graph:
    """With slices of cheap results replaced by results of slices, as long as that does not make many more lines."""
    limit = 3 * len(graph.lines) + 30
    return graph.rewritten(lambda new, line: _inside(new, line) if len(new.lines) < limit else None)


def _inside(graph: Graph, line: Line) -> Line | None:
    """The line that gives the same as a slice of a cheap line; None if it is none."""
    if line.function is not operator.getitem or line.kind != "array" or not line.shape:
        return None
    source, key = line.args
    parts = key if isinstance(key, tuple) else (key,)
    if not isinstance(source, Line) or not all(isinstance(part, slice) for part in parts):
        return None
    if line.shape == source.shape and all(part.step is None for part in parts):
        return None
    parts = (*parts, *(ALL,) * (len(source.shape) - len(parts)))
    if source.function == np.reshape and isinstance(source.args[0], Line):
        inner = source.args[0]
        places = _places(inner.shape, source.shape)
        if places is None or not _is_cheap(inner) or not prod(line.shape):
            return None
        sliced = _sliced(graph, inner, inner.shape, tuple([parts[place] for place in places]))
        return graph.emit(np.reshape, (sliced, line.shape), {}, _example(line))
    if not _is_cheap(source):
        return None
    args = tuple([_sliced(graph, each, source.shape, parts) if isinstance(each, Line) else each for each in source.args])
    return graph.copied(_like(source, line), args, {})


def _places(inner: tuple[int, ...], outer: tuple[int, ...]) -> list[int] | None:
    """Where each axis is in a shape that has more axes of one; None if it has not the same others."""
    places: list[int] = []
    for place, length in enumerate(outer):
        if len(places) < len(inner) and length == inner[len(places)]:
            places.append(place)
        elif length != 1:
            return None
    return places if len(places) == len(inner) else None


def _is_cheap(line: Line) -> bool:
    power = line.function in (operator.pow, np.power) and line.args[1].__class__ is int and 0 <= line.args[1] <= 3
    return (power or line.function in CHEAP) and not line.keywords and line.kind == "array" and line.dtype.kind in "fb"


def _like(source: Line, line: Line) -> Line:
    """A call of the function of one line with the result of another."""
    fresh = Line(source.function, (), {}, None)
    fresh.kind, fresh.shape, fresh.dtype = line.kind, line.shape, line.dtype
    return fresh


def _sliced(graph: Graph, operand: Line, shape: tuple[int, ...], parts: tuple[Any, ...]) -> Line:
    """An operand as it is where it is broadcast, and sliced where it is not."""
    missing = len(shape) - len(operand.shape)
    lengths = zip(parts[missing:], operand.shape, shape[missing:], strict=True)
    key = tuple([ALL if own == 1 != full else part for part, own, full in lengths])
    if operand.kind != "array" or all(part == ALL for part in key):
        return operand
    line = graph.emit(operator.getitem, (operand, key), {}, _example(operand)[key])
    return _inside(graph, line) or line


def _example(line: Line) -> Any:
    """An array of a line's shape and dtype."""
    return np.broadcast_to(np.empty((), line.dtype), line.shape)
