"""np.pad: margins made of the array's own elements, of statistics of them, of ramps, or by a function of the user.

The margins of one axis are made after those of the axes before it, corners included: as NumPy does, in a padded array whose
part that is still unpadded narrows from axis to axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import positions
from .table import Array, composite

STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


@composite(np.pad, whole=True)
def pad(array: Array, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Array:
    """The value too is made here, in NumPy's order: a function that makes margins is called once, with lines to write into."""
    widths = pairs_of_widths(pad_width, array.ndim)
    if callable(mode):
        padded, _ = framed(array, widths)
        for axis, width in enumerate(widths):
            lines = np.moveaxis(padded, axis, -1)
            for place in np.ndindex(lines.shape[:-1]):
                mode(lines[(*place, ...)], np.array(width), axis, kwargs)
        return padded
    # Refuses what NumPy refuses, by zeros: while a program is recorded, a look at values would be part of it.
    np.pad(_zeros(array), pad_width, mode, **{name: _zeros(value) for name, value in kwargs.items()})
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and kwargs.get("reflect_type", "even") == "even"):
        return np.take(array, np.pad(positions(array.shape), pad_width, mode, **kwargs))
    padded, inside = framed(array, widths)
    if mode == "empty" or (array.size == 0 < len(widths) and mode != "constant"):
        return padded
    for axis, width in enumerate(widths):
        part = np.moveaxis(padded[(*[slice(None)] * (axis + 1), *inside[axis + 1 :])], axis, 0)
        if mode in ("reflect", "symmetric"):
            mirror(part, *width, period=array.shape[axis], repeats_edge=mode == "symmetric")
            continue
        before, after = part[: width[0]], part[len(part) - width[1] :]
        core = part[width[0] : len(part) - width[1]]
        low, high = margins(core, axis, width, mode, kwargs, array.ndim)
        before[...] = low
        after[...] = high
    return padded


def _zeros(value: Any) -> Any:
    """Zeros in the place of a lifted array; anything else as it is."""
    return np.zeros(value.shape, value.dtype) if hasattr(value, "level") else value


def pairs(values: Any, ndim: int) -> Any:
    """A pair for each axis, from a pair for all, or a number for all."""
    return np.broadcast_to(values, (ndim, 2))


def pairs_of_widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    """The widths before and behind each axis."""
    if isinstance(pad_width, dict):
        given = {axis % ndim: pairs(width, 1)[0] for axis, width in pad_width.items()}
        pad_width = [given.get(axis, (0, 0)) for axis in range(ndim)]
    return [(int(before), int(after)) for before, after in pairs(pad_width, ndim)]


def framed(array: Array, widths: list[tuple[int, int]]) -> tuple[Array, tuple[slice, ...]]:
    """The array within margins of zeros, and where it lies there."""
    shape = [before + length + after for length, (before, after) in zip(array.shape, widths, strict=True)]
    inside = tuple(slice(before, before + length) for length, (before, _) in zip(array.shape, widths, strict=True))
    padded = np.zeros_like(array, shape=shape)
    padded[inside] = array
    return padded, inside


def margins(core: Array, axis: int, width: tuple[int, int], mode: str, options: dict[str, Any], ndim: int) -> tuple[Any, Any]:
    """What is written before and behind the first axis of `core`, which is `axis` of the array."""
    if mode == "constant":
        low, high = pairs(options.get("constant_values", 0), ndim)[axis]
        return low, high
    if mode == "linear_ramp":
        ends = pairs(options.get("end_values", 0), ndim)[axis]
        low, high = (
            np.linspace(end, edge, count, endpoint=False, dtype=core.dtype)
            for end, edge, count in zip(ends, (core[0], core[-1]), width, strict=True)
        )
        return low, np.flip(high, 0)
    lengths = options.get("stat_length")
    low, high = (len(core),) * 2 if lengths is None else (min(int(n), len(core)) for n in pairs(lengths, ndim)[axis])
    statistic = STATISTICS[mode]
    return statistic(core[:low], axis=0, keepdims=True), statistic(core[len(core) - high :], axis=0, keepdims=True)


def mirror(part: Array, before: int, after: int, period: int, repeats_edge: bool) -> None:
    """Writes mirror images at both ends, turned about the last element there, until the margins are full."""
    if period == 1:
        part[:before], part[len(part) - after :] = part[before : before + 1], part[len(part) - after - 1 : len(part) - after]
        return
    skipped = 0 if repeats_edge else 1  # of a mirror image, the element on the mirror
    while before > 0 or after > 0:
        end = len(part) - after
        length = (end - before - skipped) // (period - skipped) * (period - skipped)
        count = min(length, before)
        image = part[before + skipped : before + skipped + count]
        low = 2 * part[before : before + 1] - np.flip(image, 0)
        other = min(length, after)
        image = part[end - skipped - other : end - skipped]
        high = 2 * part[end - 1 : end] - np.flip(image, 0)
        part[before - count : before], part[end : end + other] = low, high
        before, after = before - count, after - other
