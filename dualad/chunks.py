"""Dask's arrays: what NumPy's functions would make many tasks of, in one task for each chunk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .foreign import is_chunked
from .lift import Lifted


def is_stackable(rows: Sequence[Any], shape: tuple[int, ...]) -> bool:
    """Whether one of the rows tells how all of them are cut into chunks."""
    whole = any(is_chunked(row.__class__) and row.shape == shape for row in rows)
    return whole and not any(isinstance(row, Lifted) for row in rows)


def stacked(rows: Sequence[Any], dtype: np.dtype[Any]) -> Any:
    """Rows under each other, of which one has the shape of all: np.stack keeps each in a chunk of its own, so that a product
    with the others has a task for each pair."""
    import dask.array as da  # noqa: PLC0415 - for whoever has its arrays, who has imported it

    axes = range(1, 1 + max(map(np.ndim, rows)))
    pairs: list[Any] = []
    for row in rows:
        ndim = np.ndim(row)
        pairs += [row, tuple(axes[len(axes) - ndim :]) if ndim or is_chunked(row.__class__) else None]
    empty = np.empty((0,) * (1 + len(axes)), dtype)
    blockwise: Any = da.blockwise  # it has no types
    return blockwise(_stack, (0, *axes), *pairs, new_axes={0: len(rows)}, kind=dtype, dtype=dtype, meta=empty)


def _stack(*rows: Any, kind: np.dtype[Any]) -> Any:
    out = np.empty((len(rows), *np.broadcast_shapes(*map(np.shape, rows))), kind)
    for place, row in enumerate(rows):
        out[place] = row
    return out
