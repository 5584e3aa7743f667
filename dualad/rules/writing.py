"""Functions that write into their first argument. They do what item assignment does, and so keep every view in step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import TangentLossError
from .table import Array, composite


def _require_lifted(target: Any, name: str) -> None:
    if not hasattr(target, "level"):
        raise TangentLossError(
            f"np.{name} of a dual number into a plain array would drop its tangent; allocate the array with np.zeros_like(x)"
        )


@composite(np.copyto, effect=True)
def copyto(dst: Array, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """dst[where] = src."""
    _require_lifted(dst, "copyto")
    kind = src.dtype if hasattr(src, "dtype") else np.result_type(src)
    if not np.can_cast(kind, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {kind!r} to {dst.dtype!r} according to the rule {casting!r}")
    if where is True:
        dst[...] = src
    else:
        mask = np.broadcast_to(where, dst.shape)
        dst[mask] = np.broadcast_to(src, dst.shape)[mask]


@composite(np.fill_diagonal, effect=True)
def fill_diagonal(a: Array, val: Any, wrap: bool = False) -> None:
    """Writes on the diagonal of a matrix, or of an array whose axes are all of one length."""
    _require_lifted(a, "fill_diagonal")
    places = np.zeros(a.shape, bool)
    np.fill_diagonal(places, True, wrap)
    count = int(np.sum(places))
    a[places] = np.resize(val, count) if np.ndim(val) else val


@composite(np.put, effect=True)
def put(a: Array, ind: Any, v: Any, mode: str = "raise") -> None:
    """a.flat[ind] = v, the values repeated as needed."""
    _require_lifted(a, "put")
    places = np.ravel(np.take(np.arange(a.size), ind, mode=mode))
    a[np.unravel_index(places, a.shape)] = np.resize(v, len(places))


@composite(np.place, effect=True)
def place(arr: Array, mask: Any, vals: Any) -> None:
    """arr[mask] = the first values, repeated as needed."""
    _require_lifted(arr, "place")
    marked = np.asarray(mask, bool).reshape(arr.shape)
    arr[marked] = np.resize(vals, int(marked.sum()))


@composite(np.putmask, effect=True)
def putmask(a: Array, mask: Any, values: Any) -> None:
    """a[mask] = the values that stand in the same places."""
    _require_lifted(a, "putmask")
    marked = np.asarray(mask, bool).reshape(a.shape)
    a[marked] = np.resize(values, a.shape)[marked]


@composite(np.put_along_axis, effect=True)
def put_along_axis(arr: Array, indices: Any, values: Any, axis: Any) -> None:
    """Writes with an index per line."""
    _require_lifted(arr, "put_along_axis")
    if axis is None:
        put(arr, indices, values)
        return
    index = list(np.indices(np.shape(indices), sparse=True))
    index[axis] = np.asarray(indices)
    arr[tuple(index)] = values
