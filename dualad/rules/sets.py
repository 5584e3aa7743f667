"""Sets, and arrays from which elements are taken or to which some are added: of equal elements the first one stands for all."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, positions
from .table import Array, composite, function, innermost, replay


@function(np.unique)
def unique(
    y: Any,
    ar: Array,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
    dar: Array,
) -> Any:
    """The tangents of first occurrences; where NumPy leaves the order open, they are looked up in its answer."""
    values = innermost(y[0] if isinstance(y, tuple) else y)
    index = np.unique(innermost(ar), return_index=True, axis=axis, equal_nan=equal_nan)[1]
    if axis is not None and np.ndim(ar) > 1:
        tangent = np.take(dar, index, axis % np.ndim(ar) + 1)
    else:
        order = np.argsort(np.argsort(values, kind="stable")) if not sorted else ...
        tangent = flat(dar)[:, index[order]]
    return [tangent, *[None] * (len(y) - 1)] if isinstance(y, tuple) else tangent


replay(np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values, np.union1d)


@composite(np.intersect1d)
def intersect1d(ar1: Array, ar2: Array, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """What both hold, as the first of them holds it."""
    found = np.intersect1d(innermost(ar1), innermost(ar2), assume_unique, return_indices=True)
    common = np.ravel(ar1)[found[1]]
    return (common, *found[1:]) if return_indices else common


@composite(np.setdiff1d)
def setdiff1d(ar1: Array, ar2: Array, assume_unique: bool = False) -> Array:
    """What only the first holds."""
    ar1 = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return ar1[np.isin(innermost(ar1), innermost(ar2), invert=True)]


@composite(np.setxor1d)
def setxor1d(ar1: Array, ar2: Array, assume_unique: bool = False) -> Array:
    """What one of them holds, and not the other."""
    parts = [np.ravel(each) if assume_unique else np.unique(each) for each in (ar1, ar2)]
    both = np.sort(np.concatenate(parts))
    plain = innermost(both)
    edge = np.concatenate([[True], plain[1:] != plain[:-1], [True]])
    return both[edge[1:] & edge[:-1]] if both.size else both


# -- taking out and putting in -------------------------------------------------------------------------------------------


@function(np.delete)
def delete(y: Array, arr: Array, obj: Any, axis: Any = None, *, darr: Array) -> Array:
    """What is left keeps its tangents."""
    return flat(darr)[:, np.delete(positions(np.shape(arr)), obj, axis)]


@composite(np.insert)
def insert(arr: Array, obj: Any, values: Any, axis: Any = None) -> Array:
    """NumPy inserts positions into positions; then the elements are taken from where those point to."""
    places = np.insert(positions(np.shape(arr)), obj, np.size(arr) + positions(np.shape(values)), axis)
    return np.concatenate([np.ravel(arr), np.ravel(values)])[places]


@composite(np.trim_zeros, whole=True)
def trim_zeros(filt: Array, trim: str = "fb", axis: Any = None) -> Array:
    """A slice, and so a view; what it leaves out is decided on values."""
    if np.ndim(filt) == 0:  # nothing to trim, and NumPy gives back what it was given
        return filt
    marks = innermost(filt) != 0
    np.trim_zeros(marks, trim, axis)  # refuses what NumPy refuses
    axes = range(marks.ndim) if axis is None else [each % marks.ndim for each in np.atleast_1d(axis)]
    key = [slice(None)] * marks.ndim
    for each, places in enumerate(np.nonzero(marks)):
        if each in axes and not len(places):
            key[each] = slice(0, 0)
        elif each in axes:
            front, back = "f" in trim.lower(), "b" in trim.lower()
            key[each] = slice(int(places.min()) if front else None, int(places.max()) + 1 if back else None)
    return filt[tuple(key)] if axes else filt


@composite(np.choose, sequences=1)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Array:
    """The element in the same place of the choice that `a` names there."""
    count = len(choices)
    number = {"raise": lambda: a, "wrap": lambda: np.mod(a, count), "clip": lambda: np.clip(a, 0, count - 1)}[mode]()
    index, *parts = np.broadcast_arrays(number, *choices)
    return np.take_along_axis(np.stack(parts), index[None], 0)[0]
