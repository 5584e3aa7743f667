"""Cotangents of slices, put together piece by piece: in a program, where arrays are not written into but made.

An array of which several slices were taken is cut where any of them begins or ends. Each piece is the sum of what came for the
slices that cover it, and the pieces are joined: so each element is computed once, in one loop.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

Range = tuple[int, int]


def ranges_of(key: Any, shape: tuple[int, ...]) -> tuple[Range, ...] | None:
    """What a basic index takes along each axis; None if that is not a range of neighbours everywhere."""
    parts = list(key) if isinstance(key, tuple) else [key]
    if any(part is None for part in parts):
        return None
    if Ellipsis in [part for part in parts if part is Ellipsis]:
        at = next(place for place, part in enumerate(parts) if part is Ellipsis)
        parts[at : at + 1] = [slice(None)] * (len(shape) - len(parts) + 1)
    parts += [slice(None)] * (len(shape) - len(parts))
    found: list[Range] = []
    for part, length in zip(parts, shape, strict=True):
        if isinstance(part, slice):
            start, stop, step = part.indices(length)
            if step != 1:
                return None
            found.append((start, max(start, stop)))
        elif isinstance(part, (int, np.integer)):
            start = int(part) % length
            found.append((start, start + 1))
        else:
            return None
    return tuple(found)


class Parts:
    """A sum of cotangents of slices."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self.parts: list[tuple[tuple[Range, ...], Any]] = []
        self.pieces: list[Any] = []  # that were joined

    def add(self, ranges: tuple[Range, ...], value: Any) -> None:
        """Add what came for a slice."""
        shape = tuple([stop - start for start, stop in ranges])
        self.parts.append((ranges, value if value.shape == shape else np.reshape(value, shape)))

    def joined(self) -> Any:
        """The sum as one array."""
        return self._joined(self.parts, self.shape, 0)

    def _joined(self, parts: list[tuple[tuple[Range, ...], Any]], shape: tuple[int, ...], axis: int) -> Any:
        while axis < len(shape) and all(ranges[axis] == (0, shape[axis]) for ranges, _ in parts):
            axis += 1
        if axis == len(shape):
            total = parts[0][1]
            for _, value in parts[1:]:
                total = total + value
            self.pieces.append(total)
            return total
        cuts = sorted({0, shape[axis], *(end for ranges, _ in parts for end in ranges[axis])})
        place = {cut: number for number, cut in enumerate(cuts)}
        covering: list[list[Any]] = [[] for _ in cuts]
        for ranges, value in parts:
            start, stop = ranges[axis]
            for number in range(place[start], place[stop]):
                low, high = cuts[number] - start, cuts[number + 1] - start
                inside = value if (low, high) == (0, stop - start) else value[(*(slice(None),) * axis, slice(low, high))]
                span = (0, high - low)
                covering[number].append(((*ranges[:axis], span, *ranges[axis + 1 :]), inside))
        joined = []
        for number, (low, high) in enumerate(pairwise(cuts)):
            piece = (*shape[:axis], high - low, *shape[axis + 1 :])
            if covering[number]:
                joined.append(self._joined(covering[number], piece, axis + 1))
            else:
                joined.append(np.zeros(piece, parts[0][1].dtype))
        return joined[0] if len(joined) == 1 else np.concatenate(joined, axis)
