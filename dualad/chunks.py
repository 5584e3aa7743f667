"""Dask's arrays: what NumPy's functions would make many tasks of, in one task for each chunk; and writing into them.

They share no memory: what is written into is another array afterwards, and nobody else's changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .foreign import is_chunked
from .lift import Lifted, memory


def lies_in_chunks(array: Any) -> bool:
    """Whether dask's array lies under a lifted one, or is it."""
    plain = memory(array)
    return plain.__class__ is not np.ndarray and is_chunked(plain.__class__)


def still(count: int, array: Any) -> Any:
    """So many tangents that are zero, in the chunks of their primal if it has any."""
    if not lies_in_chunks(array):
        return np.zeros((count, *array.shape), array.dtype)
    return stacked([np.zeros_like(memory(array))] * count, array.dtype)


def write(array: Any, key: Any, value: Any, tangent: Any) -> None:
    """``array[key] = value`` of a dual: in the primal, and in each direction by itself; dask's indices know no axis more."""
    own, plain = array.tangent, array.primal
    array.primal = _written(plain, key, value)
    if own is not None:
        full = own if lies_in_chunks(own) else own + still(len(own), plain)
        rows = [_written(row, key, 0.0 if tangent is None else tangent[place]) for place, row in enumerate(full)]
        array.tangent = stacked(rows, own.dtype) if is_stackable(rows, plain.shape) else np.stack(rows)


def _written(array: Any, key: Any, value: Any) -> Any:
    new = array.copy()
    new[key] = value
    return new


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
