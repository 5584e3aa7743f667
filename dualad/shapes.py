"""Shapes and dtypes of what linear functions give, without computing it: for those that take long, or that are met often.

Of all others NumPy itself is asked, with arrays that have a shape and no elements of their own.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .rules.axes import negatives
from .trees import shape_of


def example_like(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array of a shape and dtype that shares one element with nobody."""
    if 0 in shape:
        return np.empty(shape, dtype)
    return ndarray(shape, dtype, bytearray(dtype.itemsize), 0, (0,) * len(shape))


class Shaped:
    """What is known of an array."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape, self.dtype = shape, dtype


SHAPES: dict[Callable[..., Any], Callable[..., Shaped]] = {}


def given_by(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Enter what functions give."""

    def enter(rule: Any) -> Any:
        SHAPES.update(dict.fromkeys(functions, rule))
        return rule

    return enter


def common(a: Any, b: Any) -> np.dtype[Any]:
    """The dtype of an operation; Python's numbers are weak."""
    one, other = getattr(a, "dtype", None), getattr(b, "dtype", None)
    if one is other and one is not None:
        return one
    return np.result_type(a if one is None else one, b if other is None else other)


def together(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which two shapes broadcast; that they do is known from the values."""
    if one == other or not other:
        return one
    if len(one) < len(other):
        one = (1,) * (len(other) - len(one)) + one
    elif len(other) < len(one):
        other = (1,) * (len(one) - len(other)) + other
    return tuple([a if b == 1 else b for a, b in zip(one, other, strict=True)])


@given_by(np.add, np.subtract, np.multiply, np.divide)
def binary(a: Any, b: Any) -> Shaped:
    """Broadcast."""
    return Shaped(together(shape_of(a), shape_of(b)), common(a, b))


@given_by(np.negative, np.conjugate, np.degrees, np.radians, np.rad2deg, np.deg2rad)
def unary(a: Any) -> Shaped:
    """The argument's own."""
    return Shaped(a.shape, a.dtype)


@given_by(np.where)
def where(condition: Any, a: Any, b: Any) -> Shaped:
    """All three broadcast."""
    return Shaped(together(shape_of(condition), together(shape_of(a), shape_of(b))), common(a, b))


@given_by(np.astype)
def astype(a: Any, dtype: Any, *args: Any, **keywords: Any) -> Shaped:
    """Another dtype."""
    return Shaped(a.shape, np.dtype(dtype))


@given_by(np.sum)
def sum_(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Shaped:
    """Without the axes that are summed."""
    axes = {each % a.ndim for each in negatives(axis, a.ndim)} if a.ndim else set()
    lengths = [(1 if place in axes else length) for place, length in enumerate(a.shape) if keepdims or place not in axes]
    return Shaped(tuple(lengths), a.dtype if dtype is None else np.dtype(dtype))


@given_by(np.cumsum)
def cumsum(a: Any, axis: Any, dtype: Any = None) -> Shaped:
    """The argument's own."""
    return Shaped(a.shape, a.dtype if dtype is None else np.dtype(dtype))


@given_by(np.matmul)
def matmul(a: Any, b: Any) -> Shaped:
    """Batches broadcast, rows of one and columns of the other."""
    row = () if a.ndim == 1 else a.shape[-2:-1]
    column = () if b.ndim == 1 else b.shape[-1:]
    return Shaped((*together(a.shape[:-2], b.shape[:-2]), *row, *column), common(a, b))


@given_by(np.vecdot)
def vecdot(a: Any, b: Any) -> Shaped:
    """Without the last axis."""
    return Shaped(together(a.shape[:-1], b.shape[:-1]), common(a, b))


@given_by(np.matvec)
def matvec(a: Any, b: Any) -> Shaped:
    """The rows of the matrix."""
    return Shaped((*together(a.shape[:-2], b.shape[:-1]), a.shape[-2]), common(a, b))


@given_by(np.vecmat)
def vecmat(a: Any, b: Any) -> Shaped:
    """The columns of the matrix."""
    return Shaped((*together(a.shape[:-1], b.shape[:-2]), b.shape[-1]), common(a, b))


@given_by(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Shaped:
    """What is left of one, then of the other."""
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(-int(axes), 0)), tuple(range(int(axes))))
    free = []
    for each, used in zip((a, b), axes, strict=True):
        summed = {axis % each.ndim for axis in negatives(used, each.ndim)}
        free += [length for place, length in enumerate(each.shape) if place not in summed]
    return Shaped(tuple(free), common(a, b))


@given_by(np.dot)
def dot(a: Any, b: Any) -> Shaped:
    """As `tensordot` over one axis; of a number, a product."""
    if not shape_of(a) or not shape_of(b):
        return binary(a, b)
    return tensordot(a, b, (-1, -2 if b.ndim > 1 else -1))


@given_by(np.linalg.solve)
def solve(a: Any, b: Any) -> Shaped:
    """The right side's."""
    batch = together(a.shape[:-2], b.shape[:-2]) if b.ndim > 1 else a.shape[:-2]
    return Shaped((*batch, *b.shape[-2:]), common(a, b))


def _fourier(shorter: bool, longer: bool) -> Callable[..., Shaped]:
    def shaped(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Shaped:
        length = (2 * (a.shape[axis] - 1) if longer else a.shape[axis]) if n is None else n
        lengths = list(a.shape)
        lengths[axis] = length // 2 + 1 if shorter else length
        single = a.dtype.char in "fFe"
        dtype = np.dtype(("f" if single else "d") if longer else ("F" if single else "D"))
        return Shaped(tuple(lengths), dtype)

    return shaped


SHAPES |= {
    np.fft.fft: _fourier(False, False),
    np.fft.ifft: _fourier(False, False),
    np.fft.rfft: _fourier(True, False),
    np.fft.irfft: _fourier(False, True),
}

VIEWS = frozenset(
    [
        *(operator.getitem, np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.linalg.matrix_transpose, np.squeeze),
        *(np.expand_dims, np.broadcast_to, np.moveaxis, np.swapaxes, np.flip, np.diagonal, np.linalg.diagonal, np.rollaxis),
        *(np.fliplr, np.flipud, np.rot90, np.real, np.imag),
    ]
)
"""Functions that may give a view of their first argument."""

STATIC = frozenset((np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.common_type))
EMPTY = frozenset((np.zeros_like, np.empty_like, np.zeros, np.empty))
