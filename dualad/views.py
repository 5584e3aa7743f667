"""Where the elements of a view lie in its base: an offset and a stride for each axis, as NumPy itself says."""

from __future__ import annotations

import operator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .lines import Line, lines_in, replaced

VIEWS = frozenset(
    [
        *(operator.getitem, np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.squeeze, np.expand_dims),
        *(np.broadcast_to, np.moveaxis, np.swapaxes, np.flip, np.fliplr, np.flipud, np.rot90, np.diagonal),
        *(np.atleast_1d, np.atleast_2d, np.atleast_3d),
    ]
)
"""Functions that may give a view of their first argument."""


class Access(NamedTuple):
    """How elements are found in a base, which lies in C order: where the first is, and how far to go along each axis."""

    base: Line
    offset: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def whole(self) -> bool:
        """Whether it is the base itself, element by element."""
        return self.offset == 0 and self.strides == packed(self.shape) and prod(self.shape) == size_of(self.base)


def size_of(line: Line) -> int:
    """How many elements a line's value has."""
    return prod(line.shape)


def packed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array in C order, in elements; 0 along axes of one."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(0 if length == 1 else step)
        step *= length
    return tuple(reversed(strides))


def packed_all(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array in C order, in elements, also along axes of one."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


class Map:
    """The accesses of all lines of a graph: of each line its own, or one of the line that it is a view of."""

    def __init__(self) -> None:
        self._known: dict[Line, Access] = {}
        self._views: dict[Line, Any] = {}  # arrays of bytes that lie as the values do: NumPy makes views of these

    def __getitem__(self, line: Line) -> Access:
        return self._known[line]

    def enter(self, line: Line) -> bool:
        """Find out about a line, whose arguments are known; whether it is a view."""
        found = self._view(line) if line.function in VIEWS else None
        if found is None or found.base.dtype != line.dtype:  # one element of a big-endian array is not big-endian
            self._known[line] = Access(line, 0, packed(line.shape), line.shape)
            return False
        self._known[line] = found
        return True

    def narrow(self, line: Line, strides: tuple[int, ...]) -> None:
        """Say that a line, which no other one is a view of, lies in an array with one element along some axes."""
        self._known[line] = Access(line, 0, strides, line.shape)

    def alias(self, line: Line, base: Line) -> None:
        """Say that a line lies where another one does."""
        self._known[line] = Access(base, 0, packed(line.shape), line.shape)
        self._views[line] = self._array(base)

    def _array(self, line: Line) -> Any:
        if line not in self._views:
            self._views[line] = np.empty(line.shape, np.int8)
        return self._views[line]

    def _view(self, line: Line) -> Access | None:
        inputs = list(lines_in((line.args, line.keywords)))
        if len(inputs) != 1 or line.args[:1] != (inputs[0],) or (not line.shape and inputs[0].kind != "array"):
            return None
        source = inputs[0]
        args = replaced(line.args, self._array)
        if line.function is operator.getitem:
            key = args[1] if isinstance(args[1], tuple) else (args[1],)
            if not all(each is None or each is Ellipsis or isinstance(each, (int, np.integer, slice)) for each in key):
                return None
            args = (args[0], key if any(each is Ellipsis for each in key) else (*key, Ellipsis))
        assert line.function is not None
        view = line.function(*args, **replaced(line.keywords, self._array))
        base = self._known[source].base
        memory = self._array(base)
        if not isinstance(view, np.ndarray) or not np.shares_memory(view, memory) or view.shape != line.shape:
            return None
        offset = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        strides = tuple(0 if n == 1 else step for n, step in zip(view.shape, view.strides, strict=True))
        self._views[line] = view
        return Access(base, offset, strides, view.shape)


def over(access: Access, shape: tuple[int, ...]) -> tuple[int, ...]:
    """An access's strides along the axes of a shape to which it is broadcast; axes of one are left out."""
    missing = len(shape) - len(access.shape)
    strides = (0,) * missing + access.strides
    return tuple(step for step, length in zip(strides, shape, strict=True) if length != 1)


def space_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without its axes of one."""
    return tuple(length for length in shape if length != 1)
