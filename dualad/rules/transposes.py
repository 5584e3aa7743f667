"""Transposes: what a linear function L of an array does to cotangents, so that <L x, w> = <x, L' w>.

Rules are NumPy expressions of tangents, so what they apply to tangents are NumPy's linear functions; here each of them has its
transpose, written in NumPy too. A row is called with the cotangent of the result and the function's own arguments, in which an
`Unknown` stands for each array that the function is linear in. It gives one cotangent for each of them, in order, which may
still have the shape to which NumPy broadcast the array, and be complex for a real one: whoever asks sums (`fitted`).

Complex numbers are paired by Re(sum of x * w), without conjugation: so the transpose of a product with c is the product with c,
and gradients come out as JAX's do.

What only puts elements elsewhere is named in `MOVES`: its transpose follows from where it puts the numbers 0, 1, 2 ...
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from .axes import negatives
from .table import Array


class Unknown:
    """An array that a function is linear in: shape and dtype, no value."""

    __slots__ = ("dtype", "shape")

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)


TRANSPOSES: dict[Callable[..., Any], Callable[..., list[Any]]] = {}


def transpose_of(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Enter the transpose of linear functions."""

    def enter(rule: Any) -> Any:
        TRANSPOSES.update(dict.fromkeys(functions, rule))
        return rule

    return enter


def unknowns(value: Any) -> Iterator[Unknown]:
    """The unknown arrays among arguments, in order."""
    if isinstance(value, Unknown):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from unknowns(each)
    elif isinstance(value, dict):
        yield from unknowns(list(value.values()))


def each_of(args: tuple[Any, ...], contributions: Any) -> list[Any]:
    """A contribution per unknown argument, computed for those alone."""
    return [make() for arg, make in zip(args, contributions, strict=True) if isinstance(arg, Unknown)]


def fitted(contribution: Array, unknown: Unknown) -> Array:
    """A cotangent in the shape of its array, summed over the axes along which that was broadcast; real for a real one. It
    keeps the precision that it has."""
    shape = unknown.shape
    if contribution.shape != shape:
        extra = contribution.ndim - len(shape)
        axes = tuple(range(extra)) + tuple(
            [extra + place for place, length in enumerate(shape) if length == 1 != contribution.shape[extra + place]]
        )
        if axes:
            contribution = np.sum(contribution, axis=axes)
        if contribution.shape != shape:
            contribution = np.reshape(contribution, shape)
    if contribution.dtype.kind == "c" and unknown.dtype.kind != "c":
        contribution = np.real(contribution)
    return contribution


# -- arithmetic ----------------------------------------------------------------------------------------------------------


@transpose_of(np.add)
def add(ct: Array, a: Any, b: Any) -> list[Array]:
    """Each gets the cotangent."""
    return [ct for each in (a, b) if isinstance(each, Unknown)]


@transpose_of(np.subtract)
def subtract(ct: Array, a: Any, b: Any) -> list[Array]:
    """The second gets it negated."""
    return each_of((a, b), (lambda: ct, lambda: -ct))


@transpose_of(np.multiply)
def multiply(ct: Array, a: Any, b: Any) -> list[Array]:
    """The product with the same factor."""
    return [ct * (b if isinstance(a, Unknown) else a)]


@transpose_of(np.divide)
def divide(ct: Array, a: Any, b: Any) -> list[Array]:
    """The quotient by the same divisor."""
    return [ct / b]


@transpose_of(np.negative)
def minus(ct: Array, a: Any) -> list[Array]:
    """Negated too."""
    return [-ct]


@transpose_of(np.conjugate)
def conjugate(ct: Array, a: Any) -> list[Array]:
    """Conjugated too."""
    return [np.conjugate(ct)]


@transpose_of(np.real)
def real(ct: Array, a: Any) -> list[Array]:
    """The cotangent of the real part; that of the imaginary part is zero."""
    return [ct]


@transpose_of(np.imag)
def imag(ct: Array, a: Any) -> list[Array]:
    """Re(w Im(z)) = Re(-i w z) for a real w."""
    return [ct * -1j]


for _scaling in (np.degrees, np.radians, np.rad2deg, np.deg2rad):

    @transpose_of(_scaling)
    def scaling(ct: Array, a: Any, scaling: Any = _scaling) -> list[Array]:
        """Scaled alike."""
        return [scaling(ct)]


@transpose_of(np.where)
def where(ct: Array, condition: Any, a: Any, b: Any) -> list[Array]:
    """Selected as the function selects: a product with a mask would make nan of what is infinite and not taken. What is known
    beside it is zero, or nan where no derivative is."""
    beside_a, beside_b = (0.0 if isinstance(each, Unknown) else each for each in (b, a))
    return each_of((a, b), (lambda: np.where(condition, ct, beside_a), lambda: np.where(condition, beside_b, ct)))


@transpose_of(np.astype, np.copy, np.broadcast_to)
def same(ct: Array, a: Any, *args: Any, **keywords: Any) -> list[Array]:
    """Sums are made for every cotangent, and casts at the end."""
    return [ct]


# -- sums ----------------------------------------------------------------------------------------------------------------


@transpose_of(np.sum)
def sum_(
    ct: Array, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> list[Array]:
    """The same number for all that were summed."""
    if not keepdims:
        axes = {each % a.ndim for each in negatives(axis, a.ndim)}
        ct = np.reshape(ct, tuple([1 if place in axes else length for place, length in enumerate(a.shape)]))
    ct = np.broadcast_to(ct, a.shape)
    return [ct if where is True else np.where(where, ct, 0.0)]


@transpose_of(np.cumsum)
def cumsum(ct: Array, a: Any, axis: int, dtype: Any = None) -> list[Array]:
    """Sums from the other end."""
    return [np.flip(np.cumsum(np.flip(ct, axis), axis), axis)]


# -- shapes --------------------------------------------------------------------------------------------------------------


@transpose_of(np.reshape, np.ravel, np.squeeze, np.expand_dims)
def reshape(ct: Array, a: Any, *args: Any, order: Any = "C", **keywords: Any) -> list[Array]:
    """The former shape."""
    return [np.reshape(ct, a.shape, order=order) if order != "C" else np.reshape(ct, a.shape)]


@transpose_of(np.transpose)
def transpose(ct: Array, a: Any, axes: Any = None) -> list[Array]:
    """Axes back in their places."""
    if axes is None:
        return [np.transpose(ct)]
    axes = (axes,) if isinstance(axes, (int, np.integer)) else axes
    back = [0] * len(axes)
    for place, axis in enumerate(axes):
        back[int(axis)] = place
    return [np.transpose(ct, back)]


@transpose_of(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(ct: Array, a: Any) -> list[Array]:
    """The last two axes exchanged again."""
    return [np.swapaxes(ct, -1, -2)]


@transpose_of(np.swapaxes)
def swapaxes(ct: Array, a: Any, axis1: int, axis2: int) -> list[Array]:
    """Exchanged again."""
    return [np.swapaxes(ct, axis1, axis2)]


@transpose_of(np.moveaxis)
def moveaxis(ct: Array, a: Any, source: Any, destination: Any) -> list[Array]:
    """Moved back."""
    return [np.moveaxis(ct, destination, source)]


@transpose_of(np.flip)
def flip(ct: Array, a: Any, axis: Any = None) -> list[Array]:
    """Turned again."""
    return [np.flip(ct, axis)]


@transpose_of(np.roll)
def roll(ct: Array, a: Any, shift: Any, axis: Any = None) -> list[Array]:
    """Rolled back."""
    return [np.roll(ct, tuple([-each for each in shift]) if isinstance(shift, (tuple, list)) else -shift, axis)]


# -- elements in other places --------------------------------------------------------------------------------------------


class Placed:
    """A cotangent that is to be added at the places of an index, zero elsewhere. An index of plain slices and integers names
    each place once; `unique` says that another one does too."""

    __slots__ = ("key", "unique", "value")

    def __init__(self, key: Any, value: Array, unique: bool = False) -> None:
        self.key, self.value, self.unique = key, value, unique


def written(array: Array, key: Any, value: Any) -> Array:
    """The array with other elements at a key: what writing into it makes of it."""
    if hasattr(value, "level") and not hasattr(array, "level"):  # a plain array would not take it
        copy = np.zeros_like(value, array.dtype, shape=array.shape)
        copy[...] = array
    else:
        copy = np.copy(array)
    copy[key] = value
    return copy


def part_written(array: Array, value: Any, imaginary: bool) -> Array:
    """The complex array with another real or imaginary part."""
    return np.real(array) + 1j * value if imaginary else value + 1j * np.imag(array)


def picked(function: Callable[..., Any], place: int, args: tuple[Any, ...], keywords: dict[str, Any]) -> Array:
    """One of the results of a function that has several."""
    answer: Array = function(*args, **keywords)[place]
    return answer


@transpose_of(operator.getitem)
def getitem(ct: Array, a: Any, key: Any) -> list[Placed]:
    """Added where it was read."""
    return [Placed(key, ct)]


MOVES = frozenset(
    [
        *(np.fliplr, np.flipud, np.rot90, np.rollaxis, np.tile, np.resize, np.repeat, np.take, np.take_along_axis),
        *(np.compress, np.extract, np.diagonal, np.linalg.diagonal, np.delete),
    ]
)
"""Functions of an array that put its elements elsewhere, some of them several times, some not at all."""


def moved(function: Callable[..., Any], ct: Array, *args: Any, **keywords: Any) -> list[Placed]:
    """The transpose of a function that puts elements elsewhere."""
    (unknown,) = unknowns((args, keywords))
    places = np.arange(prod(unknown.shape)).reshape(unknown.shape)
    args = tuple([places if each is unknown else each for each in args])
    keywords = {name: places if each is unknown else each for name, each in keywords.items()}
    return [Placed(_unraveled(function(*args, **keywords), unknown.shape), ct)]


def _unraveled(places: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """np.unravel_index, which counts integers only that are known: a program may find them out as it runs."""
    if isinstance(places, np.ndarray):
        return np.unravel_index(places, shape)
    return tuple([places // prod(shape[axis + 1 :]) % length for axis, length in enumerate(shape)])


@transpose_of(np.concatenate)
def concatenate(ct: Array, arrays: Any, axis: int = 0, **keywords: Any) -> list[Array]:
    """Cut where it was joined."""
    parts, at = [], 0
    before = (slice(None),) * (axis % ct.ndim)
    for each in arrays:
        length = each.shape[axis]
        if isinstance(each, Unknown):
            parts.append(ct[(*before, slice(at, at + length))])
        at += length
    return parts


@transpose_of(np.stack)
def stack(ct: Array, arrays: Any, axis: int = 0, **keywords: Any) -> list[Array]:
    """Each its layer."""
    before = (slice(None),) * (axis % ct.ndim)
    return [ct[(*before, place)] for place, each in enumerate(arrays) if isinstance(each, Unknown)]
