"""Linear functions of arrays: making, shaping, joining, splitting. The derivative is the function applied to each tangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import flat, negative, pieces, positions
from .table import Array, align, composite, constant, function

# -- making: an array like the first argument, without its tangent -------------------------------------------------------


@function(np.zeros_like)
def zeros_like(
    y: Array,
    a: Array,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
    da: Array,
) -> None:
    """A constant array, of the kind that takes tangents when they are written into it."""


@function(np.ones_like)
def ones_like(
    y: Array,
    a: Array,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
    da: Array,
) -> None:
    """As `zeros_like`."""


@function(np.empty_like)
def empty_like(
    y: Array,
    prototype: Array,
    /,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
    dprototype: Array,
) -> None:
    """As `zeros_like`."""


@composite(np.full_like)
def full_like(
    a: Array, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Array:
    """The fill value's tangent, broadcast."""
    result = np.empty_like(a, dtype, order, subok, shape)
    if not hasattr(result, "level"):
        result = np.zeros_like(fill_value, dtype, shape=result.shape)
    result[...] = fill_value
    return result


@function(np.copy)
def copy(y: Array, a: Array, order: Any = "K", subok: bool = False, *, da: Array) -> Array:
    """A copy of value and tangents."""
    return np.copy(da)


@function(np.astype)
def astype(y: Array, x: Array, dtype: Any, /, *, copy: bool = True, device: Any = None, dx: Array) -> Array:
    """The tangents follow the dtype; where it holds integers or Booleans there are none, and a complex one made real keeps
    the real part, as NumPy does with a warning."""
    return np.real(np.copy(dx)) if y.dtype.kind == "f" and np.iscomplexobj(dx) else np.copy(dx)


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
    """start + (stop - start) * t, linear in both ends."""
    gaps = num - 1 if endpoint else num
    step = (stop - start) / gaps if gaps > 0 else (stop - start) * np.nan
    t = np.arange(num).reshape((num,) + (1,) * max(np.ndim(start), np.ndim(stop))) / max(gaps, 1)
    line = np.moveaxis(start * (1.0 - t) + stop * t, 0, axis)
    return (line, step) if retstep else line


# -- shaping -------------------------------------------------------------------------------------------------------------


@function(np.reshape, view=True)
def reshape(y: Array, a: Array, /, shape: Any, order: Any = "C", *, copy: bool | None = None, da: Array) -> Array:
    """In C order the direction axis varies slowest, in Fortran order fastest: either way each direction keeps together."""
    if order == "A":
        order = "F" if np.isfortran(a) else "C"
    return da.reshape((len(da), *y.shape), order=order)


@function(np.ravel, view=True)
def ravel(y: Array, a: Array, order: Any = "C", *, da: Array) -> Array:
    """As `reshape`; order "K" follows the primal's layout in memory."""
    if order == "K" and not a.flags.c_contiguous:
        layout = np.empty_like(a, dtype=np.intp)
        layout[...] = positions(a.shape)
        return flat(da)[:, layout.ravel("K")]
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
    return np.broadcast_to(align(darray, y.ndim), (len(darray), *y.shape))


@function(np.broadcast_arrays, view=True)
def broadcast_arrays(y: Any, *args: Array, subok: bool = False, dargs: list[Array | None]) -> list[Array | None]:
    """Each tangent with its own array."""
    return [None if t is None else broadcast_to(out, a, out.shape, darray=t) for out, a, t in zip(y, args, dargs, strict=True)]


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
def resize(y: Array, a: Array, new_shape: Any, *, da: Array) -> Array:
    """Repeats the raveled array until the shape is full."""
    return flat(da)[:, np.resize(positions(np.shape(a)), new_shape)]


# -- diagonals and triangles ---------------------------------------------------------------------------------------------


@function(np.diagonal, view=True)
def diagonal(y: Array, a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, *, da: Array) -> Array:
    """Read-only in NumPy, and so here."""
    return np.diagonal(da, offset, *negative((axis1, axis2), a.ndim))


@function(np.linalg.diagonal, view=True)
def matrix_diagonal(y: Array, x: Array, /, *, offset: int = 0, dx: Array) -> Array:
    """The diagonals of the last two axes."""
    return np.diagonal(dx, offset, -2, -1)


@composite(np.diag)
def diag(v: Array, k: int = 0) -> Array:
    """Reads a matrix's diagonal, or writes a vector on one."""
    if np.ndim(v) == 2:
        return np.copy(np.diagonal(v, k))
    size = len(v) + abs(k)
    matrix = np.zeros_like(v, shape=(size, size))
    index = np.arange(len(v))
    matrix[index + max(-k, 0), index + max(k, 0)] = v
    return matrix


@composite(np.diagflat)
def diagflat(v: Array, k: int = 0) -> Array:
    """A matrix with the raveled argument on a diagonal."""
    return diag(np.ravel(v), k)


for triangle in (np.tril, np.triu):

    @function(triangle)
    def keep(y: Array, m: Array, k: int = 0, *, dm: Array, triangle: Any = triangle) -> Array:
        """Keeps one side of a diagonal; a vector stands for a square of copies of it."""
        return triangle(np.broadcast_to(align(dm, y.ndim), (len(dm), *y.shape)), k)


# -- joining -------------------------------------------------------------------------------------------------------------


@function(np.concatenate)
def concatenate(
    y: Array, arrays: Any, /, axis: Any = 0, *, dtype: Any = None, casting: Any = "same_kind", darrays: Any
) -> Array:
    """Joins along an axis."""
    parts = pieces(arrays, darrays)
    return np.concatenate(
        [flat(part) for part in parts] if axis is None else parts, -1 if axis is None else negative(axis, y.ndim)
    )


@function(np.stack)
def stack(y: Array, arrays: Any, axis: int = 0, *, dtype: Any = None, casting: Any = "same_kind", darrays: Any) -> Array:
    """Joins along a new axis."""
    return np.stack(pieces(arrays, darrays), negative(axis, y.ndim))


@composite(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """Rows."""
    return np.concatenate([np.atleast_2d(each) for each in tup])


@composite(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """Columns; vectors end to end."""
    parts = [np.atleast_1d(each) for each in tup]
    return np.concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1)


@composite(np.dstack)
def dstack(tup: Any) -> Array:
    """Along the third axis."""
    return np.concatenate([np.atleast_3d(each) for each in tup], 2)


@composite(np.column_stack)
def column_stack(tup: Any) -> Array:
    """Vectors become columns."""
    return np.concatenate([each if each.ndim > 1 else each.reshape(-1, 1) for each in map(np.atleast_1d, tup)], 1)


@composite(np.append)
def append(arr: Array, values: Any, axis: int | None = None) -> Array:
    """Joins two arrays, raveled where no axis is given."""
    return np.concatenate((np.ravel(arr), np.ravel(values)) if axis is None else (arr, values), 0 if axis is None else axis)


@composite(np.block)
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

for cut in (np.split, np.array_split):

    @function(cut, view=True)
    def split(y: Any, ary: Array, indices_or_sections: Any, axis: int = 0, *, dary: Array, cut: Any = cut) -> list[Array]:
        """Cuts along an axis."""
        return cut(dary, indices_or_sections, negative(axis, ary.ndim))


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


# -- complex parts -------------------------------------------------------------------------------------------------------


@function(np.real, view=True)
def real(y: Array, val: Array, *, dval: Array) -> Array:
    """A view, as NumPy's."""
    return dval.real


@function(np.imag, view=True)
def imag(y: Array, val: Array, *, dval: Array) -> Array | None:
    """A view, as NumPy's; of a real array, zeros that do not vary."""
    return dval.imag if np.iscomplexobj(val) else None


@function(np.angle)
def angle(y: Array, z: Array, deg: bool = False, *, dz: Array) -> Array | None:
    """Im(dz / z), 0 at the origin; a real number's angle is a step."""
    if not np.iscomplexobj(z):
        return None
    turned = np.where(z == 0, 0.0, np.imag(dz / np.where(z == 0, 1.0, z)))
    return np.degrees(turned) if deg else turned


# -- differences, and steps ----------------------------------------------------------------------------------------------


@composite(np.diff)
def diff(a: Array, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Array:
    """Differences of neighbours, n times."""
    axis = axis % a.ndim

    def edge(value: Any) -> list[Array]:
        return (
            []
            if value is None
            else [np.broadcast_to(value, (*a.shape[:axis], 1, *a.shape[axis + 1 :])) if np.ndim(value) == 0 else value]
        )

    a = np.concatenate([*edge(prepend), a, *edge(append)], axis) if prepend is not None or append is not None else a
    before = (slice(None),) * axis
    for _ in range(n):
        a = a[(*before, slice(1, None))] - a[(*before, slice(None, -1))]
    return a


@function(np.round, np.around, np.fix)
def round_(y: Array, a: Array, decimals: int = 0, *, da: Array) -> None:
    """Steps are flat."""


constant(
    *(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type),
    *(np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.isposinf, np.isneginf),
    *(np.may_share_memory, np.shares_memory, np.array_repr, np.array_str, np.array2string),
)
