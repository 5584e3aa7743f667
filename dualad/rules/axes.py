"""Axes and directions: the few helpers with which a rule of whole arrays reaches past the direction axis.

A tangent of an array of shape S has shape (k, *S). Counted from the end, an axis of the array and of its tangent is the same
one: so rules make every axis negative once, and then call NumPy's own function on all directions at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from .table import Array, align


def negative(axis: Any, ndim: int) -> Any:
    """An axis, or a sequence of them, counted from the end; None stands for all axes."""
    if axis.__class__ is int:
        return axis - ndim if axis >= 0 else axis
    if axis is None:
        return tuple(range(-ndim, 0))
    if axis.__class__ is tuple:
        return tuple([negative(each, ndim) for each in axis])
    if np.ndim(axis):
        return tuple(negative(each, ndim) for each in axis)
    axis = int(axis)
    return axis - ndim if axis >= 0 else axis


def negatives(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that `axis` names, be it one, several or None for all, counted from the end."""
    axes = negative(axis, ndim)
    return axes if isinstance(axes, tuple) else (axes,)


def joined(a: Array, axes: tuple[int, ...]) -> Array:
    """An array with some of its axes raveled into one, the last."""
    moved = np.moveaxis(a, axes, range(-len(axes), 0))
    kept = a.ndim - len(axes)
    return moved.reshape((*moved.shape[:kept], prod(moved.shape[kept:])))


def spread(tangent: Array, y: Array) -> Array:
    """A tangent broadcast to the shape of the output, without copying."""
    return np.broadcast_to(align(tangent, y.ndim), (len(tangent), *y.shape))


def flat(tangent: Array) -> Array:
    """Every direction of a tangent raveled: shape (k, size)."""
    return tangent.reshape(len(tangent), prod(tangent.shape[1:]))


def pieces(arrays: Any, tangents: Any) -> list[Array]:
    """One tangent per array of a sequence, zeros where one does not vary. The sequence may be one array, cut along its
    first axis."""
    if not isinstance(tangents, list):
        return [tangents[:, index] for index in range(len(arrays))]
    k = len(next(t for t in tangents if t is not None))
    return [np.zeros((k, *np.shape(a))) if t is None else t for a, t in zip(arrays, tangents, strict=True)]


def positions(shape: Sequence[int]) -> np.ndarray[Any, Any]:
    """The C-order position of every element of an array."""
    return np.arange(prod(shape)).reshape(shape)
