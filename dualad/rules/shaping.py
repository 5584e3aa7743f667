"""Functions that give an array another shape, or its elements other places: the derivative is the function applied to each
tangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative, positions, spread
from .table import Array, align, function


@function(np.reshape, view=True)
def reshape(y: Array, a: Array, /, shape: Any, order: Any = "C", *, copy: bool | None = None, da: Array) -> Array:
    """In C order the direction axis varies slowest, in Fortran order fastest: either way each direction keeps together."""
    if order == "A":
        order = "F" if np.isfortran(a) else "C"
    shape = (len(da), *y.shape)
    return da.reshape(shape) if order == "C" else da.reshape(shape, order=order)


@function(np.ravel, view=True)
def ravel(y: Array, a: Array, order: Any = "C", *, da: Array) -> Array:
    """As `reshape`; order "K" takes the axes as they lie in memory, the longest strides first."""
    if order == "K" and not a.flags.c_contiguous:
        return flat(da.transpose(0, *(axis + 1 for axis in sorted(range(a.ndim), key=lambda axis: -abs(a.strides[axis])))))
    return reshape(y, a, -1, "C" if order == "K" else order, da=da)


@function(np.transpose, view=True)
def transpose(y: Array, a: Array, axes: Any = None, *, da: Array) -> Array:
    """Permutes the axes behind the direction axis."""
    axes = range(y.ndim)[::-1] if axes is None else [int(axis) % y.ndim for axis in np.atleast_1d(axes)]
    return da.transpose((0, *(axis + 1 for axis in axes)))


@function(np.matrix_transpose, np.linalg.matrix_transpose, view=True)
def matrix_transpose(y: Array, x: Array, /, *, dx: Array) -> Array:
    """Swaps the last two axes."""
    return np.swapaxes(dx, -1, -2)


@function(np.swapaxes, view=True)
def swapaxes(y: Array, a: Array, axis1: int, axis2: int, *, da: Array) -> Array:
    """Swaps two axes."""
    return np.swapaxes(da, *negative((axis1, axis2), y.ndim))


@function(np.moveaxis, view=True)
def moveaxis(y: Array, a: Array, source: Any, destination: Any, *, da: Array) -> Array:
    """Moves axes to new places."""
    return np.moveaxis(da, negative(source, y.ndim), negative(destination, y.ndim))


@function(np.rollaxis, view=True)
def rollaxis(y: Array, a: Array, axis: int, start: int = 0, *, da: Array) -> Array:
    """Moves one axis before another; `start` may be one past the end, so both are counted behind the direction axis."""
    return np.rollaxis(da, axis % y.ndim + 1, (start + y.ndim if start < 0 else start) + 1)


@function(np.squeeze, view=True)
def squeeze(y: Array, a: Array, axis: Any = None, *, da: Array) -> Array:
    """Drops axes of length one."""
    return da.reshape((len(da), *y.shape))


@function(np.expand_dims, view=True)
def expand_dims(y: Array, a: Array, axis: Any, *, da: Array) -> Array:
    """Adds axes of length one."""
    return np.expand_dims(da, negative(axis, y.ndim))


for at_least in (np.atleast_1d, np.atleast_2d, np.atleast_3d):

    @function(at_least, view=True)
    def atleast(y: Any, *arys: Array, darys: list[Array | None]) -> Any:
        """Adds axes of length one where there are too few."""
        shaped = [
            None if tangent is None else tangent.reshape((len(tangent), *out.shape))
            for out, tangent in zip(y if isinstance(y, tuple) else (y,), darys, strict=True)
        ]
        return shaped if isinstance(y, tuple) else shaped[0]


@function(np.broadcast_to, view=True)
def broadcast_to(y: Array, array: Array, shape: Any, subok: bool = False, *, darray: Array) -> Array:
    """Repeats without copying."""
    return spread(darray, y)


@function(np.broadcast_arrays, view=True)
def broadcast_arrays(y: Any, *args: Array, subok: bool = False, dargs: list[Array | None]) -> list[Array | None]:
    """Each tangent with its own array, and writeable, as NumPy's answers are: that of the argument itself where it fits."""
    return [
        None if t is None else np.broadcast_arrays(align(t, out.ndim), np.broadcast_to(0.0, (len(t), *out.shape)))[0]
        for out, t in zip(y, dargs, strict=True)
    ]


@function(np.flip, view=True)
def flip(y: Array, m: Array, axis: Any = None, *, dm: Array) -> Array:
    """Reverses axes."""
    return np.flip(dm, negative(axis, y.ndim))


@function(np.fliplr, view=True)
def fliplr(y: Array, m: Array, *, dm: Array) -> Array:
    """Reverses the second axis."""
    return np.flip(dm, 2)


@function(np.flipud, view=True)
def flipud(y: Array, m: Array, *, dm: Array) -> Array:
    """Reverses the first axis."""
    return np.flip(dm, 1)


@function(np.rot90, view=True)
def rot90(y: Array, m: Array, k: int = 1, axes: Any = (0, 1), *, dm: Array) -> Array:
    """Turns a plane."""
    return np.rot90(dm, k, negative(tuple(axes), y.ndim))


@function(np.roll)
def roll(y: Array, a: Array, shift: Any, axis: Any = None, *, da: Array) -> Array:
    """Shifts around; without an axis, through the raveled array."""
    if axis is None:
        return np.roll(flat(da), shift, -1).reshape(da.shape)
    return np.roll(da, shift, negative(axis, y.ndim))


@function(np.repeat)
def repeat(y: Array, a: Array, repeats: Any, axis: Any = None, *, da: Array) -> Array:
    """Repeats elements along an axis."""
    return np.repeat(flat(da), repeats, -1) if axis is None else np.repeat(da, repeats, negative(axis, y.ndim))


@function(np.tile)
def tile(y: Array, A: Array, reps: Any, *, dA: Array) -> Array:
    """Repeats the whole array: each copy reads the same elements."""
    return flat(dA)[:, np.tile(positions(np.shape(A)), reps)]


@function(np.resize)
def resize(y: Array, a: Array, new_shape: Any, *, da: Array) -> Array | None:
    """Repeats the raveled array until the shape is full; an empty one gives zeros."""
    return None if np.size(a) == 0 else flat(da)[:, np.resize(positions(np.shape(a)), new_shape)]
