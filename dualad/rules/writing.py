"""Functions that write into their first argument. They do what item assignment does, and so keep every view in step.

Where that argument is a plain array, a dual can be written into it only if it does not vary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Array, composite


@composite(np.copyto, effect=True)
def copyto(dst: Array, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """dst[where] = src."""
    kind = src.dtype if hasattr(src, "dtype") else np.result_type(src)
    if not np.can_cast(kind, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {kind!r} to {dst.dtype!r} according to the rule {casting!r}")
    if where is True:
        dst[...] = src
    else:
        dst[...] = np.where(where, src, dst)


@composite(np.fill_diagonal, effect=True)
def fill_diagonal(a: Array, val: Any, wrap: bool = False) -> None:
    """Writes on the diagonal of a matrix, or of an array whose axes are all of one length."""
    places = np.zeros(a.shape, bool)
    np.fill_diagonal(places, True, wrap)
    a[places] = np.resize(val, int(np.sum(places)))


@composite(np.put, effect=True)
def put(a: Array, ind: Any, v: Any, mode: str = "raise") -> None:
    """a.flat[ind] = v, the values repeated as needed."""
    if np.size(v):
        places = np.ravel(np.take(np.arange(a.size), ind, mode=mode))
        a[np.unravel_index(places, a.shape)] = np.resize(v, len(places))


@composite(np.place, effect=True)
def place(arr: Array, mask: Any, vals: Any) -> None:
    """arr[mask] = the first values, repeated as needed."""
    marked = np.asarray(mask, bool).reshape(arr.shape)
    if np.size(vals) == 0 and np.any(marked):
        raise ValueError("Cannot insert from an empty array!")
    arr[marked] = np.resize(vals, int(marked.sum()))


@composite(np.putmask, effect=True)
def putmask(a: Array, /, mask: Any, values: Any) -> None:
    """a[mask] = the values that stand in the same places."""
    if np.size(values):
        marked = np.asarray(mask, bool).reshape(a.shape)
        a[marked] = np.resize(values, a.shape)[marked]


@composite(np.put_along_axis, effect=True)
def put_along_axis(arr: Array, indices: Any, values: Any, axis: Any) -> None:
    """Writes with an index per line; along the other axes the indices broadcast against the array."""
    if axis is None:
        arr[np.unravel_index(np.asarray(indices), arr.shape)] = values
        return
    lines: list[Any] = list(np.indices(arr.shape, sparse=True))
    lines[axis] = np.asarray(indices)
    arr[tuple(lines)] = values
