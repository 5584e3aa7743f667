"""Grids, windows, and functions that call a function of the user on parts of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import negatives
from .table import Array, composite, function

sliding_window_view = np.lib.stride_tricks.sliding_window_view


def as_array(item: Any) -> Array:
    """An array with NumPy's methods, lifted or not."""
    return item if hasattr(item, "level") else np.asarray(item)


OF_VIEWS = type(np.meshgrid(0.0, copy=False, sparse=True))
"""In what np.meshgrid gives views that do not broadcast: a list, or from NumPy 2.5 on a tuple."""


@composite(np.meshgrid, whole=True)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Each coordinate along an axis of its own; views of the arguments if not copied."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[:2][::-1]
    result: Any = [
        np.reshape(x, [-1 if each == axis else 1 for each in range(len(xi))]) for x, axis in zip(xi, axes, strict=True)
    ]
    if not sparse:
        result = np.broadcast_arrays(*result)
    return tuple(np.copy(each) for each in result) if copy else OF_VIEWS(result) if sparse else result


@composite(np.ix_, whole=True)
def ix_(*args: Any) -> tuple[Array, ...]:
    """Views along axes of their own; Booleans become the places where they hold."""
    result = []
    for axis, line in enumerate(map(as_array, args)):
        if line.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        line = np.flatnonzero(line) if line.dtype.kind == "b" else line if line.size else np.astype(line, np.intp)
        result.append(np.reshape(line, (1,) * axis + (-1,) + (1,) * (len(args) - axis - 1)))
    return tuple(result)


@function(sliding_window_view, view=True)
def windows(
    y: Array, x: Array, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False, dx: Array
) -> Array:
    """The windows of each tangent, behind its axes as they are behind those of the array."""
    return sliding_window_view(dx, window_shape, negatives(axis, x.ndim), writeable=writeable)


@composite(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Array:
    """Powers of the base along a line; an array of bases broadcasts with the ends."""
    if np.ndim(base):
        start, stop, base = np.broadcast_arrays(start, stop, base)
        base = np.expand_dims(base, axis)
    return np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))


@composite(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Array:
    """start * (stop / start)**t along a line of t; the last point is the end itself, and depends on nothing else."""
    ratio = np.divide(stop, start)
    t = np.arange(num).reshape((num,) + (1,) * np.ndim(ratio)) / max(num - 1 if endpoint else num, 1)
    return np.moveaxis(np.where(t == 1.0, stop, start * ratio**t), 0, axis)


# -- functions of the user -----------------------------------------------------------------------------------------------


@composite(np.fromfunction, whole=True)
def fromfunction(function: Any, shape: Any, *, dtype: Any = float, like: Any = None, **kwargs: Any) -> Any:
    """The function of the indices; nothing but its own answer carries tangents."""
    return np.fromfunction(function, shape, dtype=dtype, **kwargs)


@composite(np.apply_along_axis, whole=True)
def apply_along_axis(func1d: Any, axis: int, arr: Array, *args: Any, **kwargs: Any) -> Array:
    """The function of every line; the axes of its answers take the place of the axis."""
    lines = np.moveaxis(arr, axis, -1)
    result = None
    for place in np.ndindex(lines.shape[:-1]):
        answer = np.asanyarray(func1d(lines[(*place, ...)], *args, **kwargs), like=lines)
        if result is None:
            result = np.zeros_like(answer, shape=lines.shape[:-1] + answer.shape)
        result[(*place, ...)] = answer
    if result is None:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    axis, kept = axis % arr.ndim, lines.ndim - 1
    return np.transpose(result, (*range(axis), *range(kept, result.ndim), *range(axis, kept)))


@composite(np.apply_over_axes, whole=True)
def apply_over_axes(func: Any, a: Array, axes: Any) -> Array:
    """The function over one axis after the other, which keep their places."""
    for axis in np.atleast_1d(axes):
        axis = int(axis) % a.ndim
        result = func(a, axis)
        if np.ndim(result) != a.ndim:
            result = np.expand_dims(result, axis)
        if np.ndim(result) != a.ndim:
            raise ValueError("function is not returning an array of the correct shape")
        a = result
    return a


@composite(np.piecewise, whole=True, sequences=1)
def piecewise(x: Array, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Array:
    """Each function of the elements for which its condition is the last that holds."""
    x = np.asarray(x, like=x)
    if np.ndim(condlist) == 0 or (np.ndim(condlist[0]) == 0 and x.ndim != 0):
        condlist = [condlist]
    condlist = np.asarray(condlist, bool)
    if len(condlist) == len(funclist) - 1:
        condlist = np.concatenate([condlist, ~np.any(condlist, axis=0, keepdims=True)])
    if len(condlist) != len(funclist):
        n = len(condlist)
        raise ValueError(f"with {n} condition(s), either {n} or {n + 1} functions are expected")
    y = np.zeros_like(x)
    for condition, of in zip(condlist, funclist, strict=True):
        if not callable(of):
            y[condition] = of
        elif np.any(condition):
            y[condition] = of(x[condition], *args, **kw)
    return y
