"""Making arrays: constants of the kind that takes tangents when they are written into it, and arrays of given numbers.

NumPy hands us a creator such as ``np.zeros(3, like=x)`` because of its ``like=``, which is no longer among the arguments.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import spread
from .table import Array, align, composite, constant, function, innermost, total


def cast(tangent: Array, y: Array, copy: bool = True) -> Array:
    """A tangent in the dtype of `y`; of a complex one made real the real part, which is what NumPy keeps of the value."""
    if np.iscomplexobj(tangent) and not np.iscomplexobj(y):
        tangent = np.real(tangent)
    return np.astype(tangent, y.dtype, copy=copy)


# -- like an array -------------------------------------------------------------------------------------------------------

constant(
    *(np.zeros_like, np.ones_like, np.empty_like, np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri),
    lifted=True,
)


@function(np.full_like)
def full_like(
    y: Array,
    a: Array,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
    da: Array | None = None,
    dfill_value: Array | None = None,
) -> Array | None:
    """The fill value's tangent, broadcast."""
    return None if dfill_value is None else copied(y, dfill_value)


def copied(y: Array, tangent: Array) -> Array:
    """A tangent broadcast to the shape of `y`, in memory of its own."""
    if hasattr(innermost(y), "chunks"):  # dask's array, of which np.copy would be none
        return np.zeros_like(y)[None] + align(tangent, y.ndim)
    return np.copy(spread(tangent, y))


# -- like=x --------------------------------------------------------------------------------------------------------------


@function(np.full)
def full(
    y: Array,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "C",
    *,
    device: Any = None,
    like: Any = None,
    dfill_value: Array,
) -> Array:
    """The fill value's tangent, broadcast."""
    return copied(y, dfill_value)


@function(np.arange)
def arange(
    y: Array,
    start_or_stop: Any,
    /,
    stop: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    like: Any = None,
    dstart_or_stop: Array | None = None,
    dstop: Array | None = None,
    dstep: Array | None = None,
) -> Array | None:
    """start + i * step; where it stops only counts the elements."""
    moved = None if stop is None or dstart_or_stop is None else copied(y, dstart_or_stop)
    return total(moved, None if dstep is None else align(dstep, 1) * np.arange(len(y)))


@function(np.array, view=True)
def array(
    y: Array,
    object: Any,
    dtype: Any = None,
    *,
    copy: Any = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    ndmax: int = 0,
    like: Any = None,
    dobject: Array,
) -> Array:
    """The tangents of the numbers."""
    return cast(dobject, y, copy=False).reshape((len(dobject), *y.shape))


for as_array in (np.asarray, np.asanyarray):

    @function(as_array, view=True)
    def converted(
        y: Array,
        a: Any,
        dtype: Any = None,
        order: Any = None,
        *,
        device: Any = None,
        copy: Any = None,
        like: Any = None,
        da: Array,
    ) -> Array:
        """The tangents of the numbers."""
        return cast(da, y, copy=False)


for as_layout in (np.ascontiguousarray, np.asfortranarray):

    @function(as_layout, view=True)
    def laid_out(y: Array, a: Any, dtype: Any = None, *, like: Any = None, da: Array) -> Array:
        """The tangents of the numbers; a scalar becomes a vector."""
        return cast(da, y, copy=False).reshape((len(da), *y.shape))


@function(np.require, view=True)
def require(y: Array, a: Any, dtype: Any = None, requirements: Any = None, *, like: Any = None, da: Array) -> Array:
    """The tangents of the numbers."""
    return cast(da, y, copy=False)


# -- copies, and lines ---------------------------------------------------------------------------------------------------


@function(np.copy)
def copy(y: Array, a: Array, order: Any = "K", subok: bool = False, *, da: Array) -> Array:
    """A copy of value and tangents."""
    return np.copy(da)


@function(np.astype, view=True)
def astype(y: Array, x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None, dx: Array) -> Array:
    """The tangents follow the dtype; where it holds integers or Booleans there are none."""
    return cast(dx, y, copy)


@composite(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """start * (1 - t) + stop * t; each end depends on itself alone, whatever the tangent of the other one."""
    gaps = num - 1 if endpoint else num
    step = np.subtract(stop, start) / gaps if gaps > 0 else np.subtract(stop, start) * np.nan
    t = np.arange(num).reshape((num,) + (1,) * max(np.ndim(start), np.ndim(stop))) / max(gaps, 1)
    line = np.where(t < 1.0, np.multiply(start, 1.0 - t), 0.0) + np.where(t > 0.0, np.multiply(stop, t), 0.0)
    line = np.moveaxis(line, 0, axis)
    return (line, step) if retstep else line
