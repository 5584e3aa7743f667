"""How sets flow through functions that move elements, or choose among them.

Which element went where is found by moving numbers: the function itself is called with the numbers of the elements in their
place. Where a value decides that may be another one next time, an element may come from every place; but a mask that takes
elements out and puts others back at the same places leaves each with its own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from ..graph import cast, scattered, written
from ..lines import Line, replaced
from .flow import RULES, Flow, FlowRule, elementwise, flows, same
from .sets import Masked, Sets, either, no_sets, numbered, placed, repeated, taken

BASE = 2**40
"""Elements are told from what a function fills in by numbers from here on."""

flows(cast)(same)

STILL = frozenset(
    [
        *(operator.getitem, np.reshape, np.ravel, np.transpose, np.moveaxis, np.swapaxes, np.expand_dims, np.squeeze),
        *(np.copy, np.broadcast_to),
    ]
)
"""Functions that leave elements in their order as long as the axes with more than one element stay."""


def counted(*indices: int) -> FlowRule:
    """The rule of a function that moves elements; the arguments at these places say where to, or which."""

    def rule(flow: Flow, line: Line) -> Any:
        args = line.args
        if any(flow.varies(args[place]) for place in indices if place < len(args)):
            return _by_unknown_places(flow, line)
        if line.function != np.copy and any(each in ("K", "A") for each in _texts(line)):
            return None  # how the array lies in memory counts
        if (still := _still_masked(flow, line)) is not None:
            return still
        parts: list[Sets] = []

        def number(value: Line) -> Any:
            if not flow.flowing(value):
                return np.zeros(value.shape, int)
            first = BASE + sum(part.shape[0] for part in parts)
            parts.append(flow.sets(value))
            return first + numbered(value.shape)

        moved = [flow.value(each) if place in indices else _numbers(each, number) for place, each in enumerate(args)]
        keywords = {name: _numbers(each, number) for name, each in line.keywords.items()}
        result = line.function(*moved, **keywords)  # type: ignore[misc]  # it is no input
        if not parts:
            return None
        # The last row is for what is filled in.
        every = sparse.vstack([*parts, no_sets(1, flow.columns)], format="csr")
        return [_rows(every, each) for each in result] if isinstance(result, (tuple, list)) else _rows(every, result)

    return rule


def _texts(line: Line) -> list[str]:
    return [each for each in (*line.args, *line.keywords.values()) if isinstance(each, str)]


def _numbers(value: Any, number: Callable[[Line], Any]) -> Any:
    """An argument with numbers in place of lines, and nothing for the constants beside them."""
    if isinstance(value, (float, complex, np.inexact)):
        return 0
    if type(value) in (tuple, list):
        return type(value)([_numbers(each, number) for each in value])
    return replaced(value, number)


def _rows(every: Sets, numbers: Any) -> Sets:
    places, last = np.ravel(numbers) - BASE, every.shape[0] - 1
    if len(places) == last and np.array_equal(places, np.arange(last)):
        return every[:-1]
    return every[np.where(places < 0, last, places)]


for _each in [
    *(np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.linalg.matrix_transpose, np.moveaxis, np.rollaxis),
    *(np.swapaxes, np.squeeze, np.expand_dims, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.broadcast_to),
    *(np.broadcast_arrays, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.repeat, np.tile, np.resize, np.copy),
    *(np.concatenate, np.stack, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.unstack),
    *(np.diagonal, np.linalg.diagonal, np.diag, np.diagflat, np.tril, np.triu, np.fft.fftshift, np.fft.ifftshift),
    *(np.lib.stride_tricks.sliding_window_view, np.full_like),
]:
    RULES[_each] = counted()
for _each in (operator.getitem, np.take, np.take_along_axis, written, scattered, np.delete):
    RULES[_each] = counted(1)
RULES[np.compress] = RULES[np.extract] = counted(0)


@flows(np.where)
def where(flow: Flow, line: Line) -> Any:
    """Of the one that is taken, if that is known."""
    return elementwise(flow, line) if flow.varies(line.args[0]) else counted(0)(flow, line)


# -- masks, and places that are not known ----------------------------------------------------------------------------------


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _whole(part: Any) -> bool:
    """Whether a part of an index takes all of an axis."""
    return part is Ellipsis or (isinstance(part, slice) and part == slice(None))


def _still_masked(flow: Flow, line: Line) -> Masked | None:
    """What a mask has taken, where only axes of one element came or went, or where all of it is written over."""
    source: Any = line.args[0] if line.args else None
    if line.function in (written, scattered):
        source = line.args[2]
        if line.function is written and not all(map(_whole, _parts(line.args[1]))):
            return None
    elif line.function not in STILL:
        return None
    found = flow.raw(source)
    if not isinstance(found, Masked) or _long(source.shape) != _long(line.shape):
        return None
    if line.function is operator.getitem:
        return found if all(each is None or _whole(each) or each == 0 for each in _parts(line.args[1])) else None
    if line.function is scattered:
        return found if np.array_equal(np.ravel(flow.value(line.args[1])), np.arange(prod(line.shape))) else None
    return found


def _long(shape: tuple[int, ...]) -> list[int]:
    """Without axes of one element."""
    return [length for length in shape if length != 1]


def _mark(key: tuple[Any, ...], shape: tuple[int, ...]) -> Line | None:
    """The mask, or the index, by which a key takes elements along the first axis that has several; None for other keys."""
    marks = [place for place, each in enumerate(key) if isinstance(each, Line)]
    if len(marks) != 1 or not all(_whole(each) for place, each in enumerate(key) if place != marks[0]):
        return None
    before = key[: marks[0]]
    mark: Line = key[marks[0]]
    if any(each is Ellipsis for each in before) or prod(shape[: len(before)]) != 1:
        return None
    return mark if mark.dtype.kind == "b" or len(mark.shape) == 1 else None


def _by_unknown_places(flow: Flow, line: Line) -> Any:
    array = line.args[0]
    if line.function is written:
        return _written(flow, line, array, _parts(line.args[1]), line.args[2])
    if not flow.flowing(array):
        return None
    if line.function is operator.getitem:
        key = _parts(line.args[1])
        mark = _mark(key, array.shape)
        return Masked(flow.sets(array), mark) if mark is not None else _from_anywhere(flow, array, key)
    if line.function == np.take_along_axis:
        axis = line.args[2] if len(line.args) > 2 else line.keywords.get("axis", -1)
        return along(flow, line, array, axis)
    return None


def _written(flow: Flow, line: Line, array: Any, key: tuple[Any, ...], value: Any) -> Any:
    """What is put back at the same places, or somewhere."""
    before = flow.sets(array) if flow.flowing(array) else None
    if not flow.flowing(value):
        return before
    size, found = prod(line.shape), flow.raw(value)
    if isinstance(found, Masked) and _mark(key, array.shape) is found.key and found.sets.shape[0] == size:
        return either(before, found.sets)
    return either(before, repeated(flow.sets(value), size))


def _from_anywhere(flow: Flow, array: Line, key: tuple[Any, ...]) -> Any:
    """Along an axis where the place is not known, an element may be any of those that stand there."""
    if len(key) > len(array.shape) or any(each is None or each is Ellipsis for each in key):
        return None
    unknown = [flow.varies(each) for each in key] + [False] * (len(array.shape) - len(key))
    if any(isinstance(each, slice) or each.dtype.kind not in "iu" for each, mark in zip(key, unknown, strict=False) if mark):
        return None
    labels = [-1 - axis if mark else axis for axis, mark in enumerate(unknown)]
    shape = tuple([1 if mark else length for length, mark in zip(array.shape, unknown, strict=True)])
    sets = placed(flow.sets(array), numbered(array.shape), labels, shape, range(len(shape)))
    places = [np.zeros(each.shape, int) if mark else flow.value(each) for each, mark in zip(key, unknown, strict=False)]
    return taken(sets, np.ravel(numbered(shape)[tuple(places)]))


def along(flow: Flow, line: Line, array: Any, axes: Any) -> Any:
    """An element depends on all that stand along these axes, None for all, which the result has, of any length, or has not."""
    if not flow.flowing(array):
        return None
    count = len(array.shape)
    gone = set(range(count)) if axes is None else {int(axis) % count for axis in np.atleast_1d(axes)}
    labels = [-1 - axis if axis in gone else axis for axis in range(count)]
    out = [axis for axis in range(count) if axis not in gone or len(line.shape) == count]
    if len(out) != len(line.shape):
        return None
    lengths = zip(out, line.shape, strict=True)
    if any(array.shape[axis] != length for axis, length in lengths if axis not in gone):
        return None
    return placed(flow.sets(array), numbered(array.shape), labels, line.shape, out)
