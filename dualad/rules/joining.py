"""Joining arrays and cutting them apart: the tangents are joined and cut in the same places."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative, pieces
from .table import Array, composite, function


@function(np.concatenate, sequences=1)
def concatenate(
    y: Array, arrays: Any, /, axis: Any = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind", darrays: Any
) -> Array:
    """Joins along an axis."""
    parts = pieces(arrays, darrays)
    return np.concatenate(
        [flat(part) for part in parts] if axis is None else parts, -1 if axis is None else negative(axis, y.ndim)
    )


@function(np.stack, sequences=1)
def stack(
    y: Array, arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = "same_kind", darrays: Any
) -> Array:
    """Joins along a new axis."""
    return np.stack(pieces(arrays, darrays), negative(axis, y.ndim))


@composite(np.vstack, sequences=1)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """Rows."""
    return np.concatenate([np.atleast_2d(each) for each in tup])


@composite(np.hstack, sequences=1)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """Columns; vectors end to end."""
    parts = [np.atleast_1d(each) for each in tup]
    return np.concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1)


@composite(np.dstack, sequences=1)
def dstack(tup: Any) -> Array:
    """Along the third axis."""
    return np.concatenate([np.atleast_3d(each) for each in tup], 2)


@composite(np.column_stack, sequences=1)
def column_stack(tup: Any) -> Array:
    """Vectors become columns."""
    return np.concatenate([each if each.ndim > 1 else each.reshape(-1, 1) for each in map(np.atleast_1d, tup)], 1)


@composite(np.append)
def append(arr: Array, values: Any, axis: int | None = None) -> Array:
    """Joins two arrays, raveled where no axis is given."""
    return np.concatenate((np.ravel(arr), np.ravel(values)) if axis is None else (arr, values), 0 if axis is None else axis)


@composite(np.block, sequences=32)
def block(arrays: Any) -> Array:
    """Nested lists of blocks: the innermost lists join along the last axis, each level further out along the one before."""

    def depth(item: Any) -> int:
        return 1 + max(map(depth, item)) if isinstance(item, list) else 0

    def leaves(item: Any) -> list[Any]:
        return [leaf for each in item for leaf in leaves(each)] if isinstance(item, list) else [item]

    levels = depth(arrays)
    ndim = max(levels, *(np.ndim(leaf) for leaf in leaves(arrays)))

    def join(item: Any, level: int) -> Array:
        if isinstance(item, list):
            return np.concatenate([join(each, level + 1) for each in item], level - levels)
        return np.reshape(item, (1,) * (ndim - np.ndim(item)) + np.shape(item))

    return join(arrays, 0)


# -- splitting -----------------------------------------------------------------------------------------------------------


@function(np.split, np.array_split, view=True)
def split(y: Any, ary: Array, indices_or_sections: Any, axis: int = 0, *, dary: Array) -> list[Array]:
    """Cuts along an axis; `array_split` cuts as `split` does where that works, and also where the parts are uneven."""
    return np.array_split(dary, indices_or_sections, negative(axis, ary.ndim))


@function(np.hsplit, view=True)
def hsplit(y: Any, ary: Array, indices_or_sections: Any, *, dary: Array) -> list[Array]:
    """Cuts along the second axis, of a vector along its only one."""
    return np.split(dary, indices_or_sections, 1 if ary.ndim == 1 else 2)


@function(np.vsplit, view=True)
def vsplit(y: Any, ary: Array, indices_or_sections: Any, *, dary: Array) -> list[Array]:
    """Cuts along the first axis."""
    return np.split(dary, indices_or_sections, 1)


@function(np.dsplit, view=True)
def dsplit(y: Any, ary: Array, indices_or_sections: Any, *, dary: Array) -> list[Array]:
    """Cuts along the third axis."""
    return np.split(dary, indices_or_sections, 3)


@function(np.unstack, view=True)
def unstack(y: Any, x: Array, /, *, axis: int = 0, dx: Array) -> tuple[Array, ...]:
    """Takes an axis apart."""
    return np.unstack(dx, axis=negative(axis, x.ndim))
