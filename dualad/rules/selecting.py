"""Functions that choose elements: the choice is made on the primal, then the same elements of each tangent are gathered."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative
from .table import Array, align, composite, constant, function


@function(np.where)
def where(
    z: Array,
    condition: Any,
    x: Any = None,
    y: Any = None,
    /,
    *,
    dcondition: Any = None,
    dx: Array | None = None,
    dy: Array | None = None,
) -> Array | None:
    """Selects tangents; a product with a mask would make nan of an infinite one that is not taken."""
    if x is None:  # the indices of what is not zero
        return None
    first = 0.0 if dx is None else align(dx, z.ndim)
    second = 0.0 if dy is None else align(dy, z.ndim)
    return None if dx is None and dy is None else np.where(condition, first, second)


@composite(np.select, sequences=1)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Array:
    """The first choice whose condition holds."""
    result = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        result = np.where(condition, choice, result)
    return result


@composite(np.clip)
def clip(
    a: Array, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None, **kwargs: Any
) -> Array:
    """The ufunc clip, with infinities for bounds that are not given."""
    low, high = min if a_min is None else a_min, max if a_max is None else a_max
    return np._core.umath.clip(a, -np.inf if low is None else low, np.inf if high is None else high, **kwargs)


@function(np.sort)
def sort(
    y: Array,
    a: Array,
    axis: Any = -1,
    kind: Any = None,
    order: Any = None,
    *,
    stable: Any = None,
    descending: bool = False,
    da: Array,
) -> Array:
    """A stable permutation, also where NumPy's own leaves ties open."""
    if axis is None:
        a, da, axis = np.ravel(a), flat(da), -1
    how = {"stable": True, "descending": True} if descending else {"kind": "stable"}  # the former known from NumPy 2.5 on
    index = np.argsort(a, axis, **how)
    return np.take_along_axis(da, index[None], negative(axis, a.ndim))


@function(np.partition)
def partition(
    y: Array, a: Array, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None, *, da: Array
) -> Array:
    """The permutation that took place: the order of each line before, put where the values then came to lie. NumPy's own
    argpartition may leave elements in another order than partition does."""
    if axis is None:
        a, da, axis = np.ravel(a), flat(da), -1
    before, after = np.argsort(a, axis, kind="stable"), np.argsort(y, axis, kind="stable")
    index = np.take_along_axis(before, np.argsort(after, axis), axis)
    return np.take_along_axis(da, index[None], negative(axis, a.ndim))


@function(np.take)
def take(y: Array, a: Array, indices: Any, axis: Any = None, out: Any = None, mode: str = "raise", *, da: Array) -> Array:
    """Gathers along an axis, from the raveled array if none is given."""
    return np.take(flat(da) if axis is None else da, indices, -1 if axis is None else negative(axis, a.ndim), mode=mode)


@function(np.take_along_axis)
def take_along_axis(y: Array, arr: Array, indices: Any, axis: Any = -1, *, darr: Array) -> Array:
    """Gathers with an index per line."""
    if axis is None:
        return flat(darr)[:, indices]
    return np.take_along_axis(darr, np.expand_dims(indices, 0), negative(axis, arr.ndim))


@function(np.compress)
def compress(
    y: Array,
    condition: Any,
    a: Array,
    axis: Any = None,
    out: Any = None,
    *,
    dcondition: Array | None = None,
    da: Array | None = None,
) -> Array | None:
    """Keeps what is marked along an axis; a mark does not vary."""
    if da is None:
        return None
    return np.compress(condition, flat(da), -1) if axis is None else np.compress(condition, da, negative(axis, a.ndim))


@function(np.extract)
def extract(
    y: Array, condition: Any, arr: Array, *, dcondition: Array | None = None, darr: Array | None = None
) -> Array | None:
    """Keeps what is marked of the raveled array."""
    return None if darr is None else flat(darr)[:, np.flatnonzero(condition)]


def picked(a: Array, places: Array) -> Array:
    """Elements of an array with one axis; recorded places, of which np.take would ask the values, stay in the program."""
    if not hasattr(places, "level"):
        return np.take(a, places)
    return np.reshape(np.take_along_axis(a, np.ravel(places), 0), np.shape(places))


@composite(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Array:
    """The line through the two points around x; on a knot, the slope to its right."""
    xp, fp = (item if hasattr(item, "level") else np.asarray(item) for item in (xp, fp))
    if period is not None:
        x, xp = np.remainder(x, abs(period)), np.remainder(xp, abs(period))
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - abs(period), xp, xp[:1] + abs(period)])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    if len(xp) == 1:
        inside = fp[0]
    else:
        at = np.clip(np.searchsorted(xp, x, "right") - 1, 0, len(xp) - 2)
        (left_x, left_y), (right_x, right_y) = ((picked(xp, place), picked(fp, place)) for place in (at, at + 1))
        inside = left_y + (x - left_x) * ((right_y - left_y) / (right_x - left_x))
    below, above = fp[0] if left is None else left, fp[-1] if right is None else right
    return np.where(x < xp[0], below, np.where(x > xp[-1], above, inside))


constant(
    *(np.argmax, np.argmin, np.argsort, np.argpartition, np.argwhere, np.nonzero, np.flatnonzero),
    *(np.searchsorted, np.digitize, np.lexsort, np.isin),
)
