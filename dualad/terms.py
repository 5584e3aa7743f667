"""Tangents as terms, and their multiplying out; what they are for is told in `deferred`, which computes with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from .chunks import is_stackable, stacked
from .foreign import is_chunked
from .lift import Lifted
from .rules.table import Array, align, total

Label: TypeAlias = "int | Base"


class Base:
    """The tangent of an array, as something that others are multiples of: its rows by direction, or the whole of it."""

    __slots__ = ("__weakref__", "dense", "rows")

    def __init__(self, rows: dict[int, Array] | None, dense: Array | None) -> None:
        self.rows, self.dense = rows, dense


class Terms(dict[Any, Any]):
    """Coefficients by label, of a tangent with so many directions. A coefficient broadcasts with the primal; 1.0 is 1."""

    __slots__ = ("directions",)

    directions: int

    def __init__(self, directions: int, items: Any = ()) -> None:
        self.directions = directions
        if items:
            self.update(items)


def is_one(value: Any) -> bool:
    """Whether a coefficient is the number 1."""
    return value.__class__ is float and value == 1.0


def product(one: Array, other: Array) -> Array:
    """The product of two coefficients; not a new array if one of them is 1."""
    return other if is_one(one) else one if is_one(other) else one * other


def rows_of(terms: Terms) -> dict[int, list[tuple[Array, Array]]] | None:
    """For each direction what is to be multiplied and summed; None if whole tangents are among it."""
    rows: dict[int, list[tuple[Array, Array]]] = {}
    for label, coefficient in terms.items():
        if label.__class__ is int:
            rows.setdefault(label, []).append((coefficient, 1.0))
        elif label.rows is None:
            return None
        else:
            for direction, row in label.rows.items():
                rows.setdefault(direction, []).append((coefficient, row))
    return rows


def expanded(terms: Terms, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The tangent, of shape (k, \\*shape)."""
    rows = rows_of(terms)
    with np.errstate(all="ignore"):
        if any(map(_is_lazy, values_of(terms))):
            return _stacked(terms, shape, dtype)
        if rows is None:
            return _whole(terms, shape, dtype)
        out = np.empty((terms.directions, *shape), dtype)
        for direction in range(terms.directions):
            factors = rows.get(direction)
            if factors is None:
                out[direction] = 0.0
            else:
                _sum_into(out[direction], factors)
        return out


def _sum_into(out: Array, factors: list[tuple[Array, Array]]) -> None:
    """out = the sum of products."""
    for place, (one, other) in enumerate(factors):
        if place:
            out += product(one, other)
        elif is_one(one) or is_one(other):
            out[...] = product(one, other)
        else:
            np.multiply(one, other, out=out)


def _whole(terms: Terms, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The same where some of the tangents are arrays of all directions."""
    out: Any = None
    for label, coefficient in terms.items():
        if label.__class__ is int or label.rows is not None:
            continue
        dense = align(label.dense, len(shape))
        if out is None:
            out = np.empty((terms.directions, *shape), dtype)
            if is_one(coefficient):
                out[...] = dense
            else:
                np.multiply(coefficient, dense, out=out)
        else:
            out += product(coefficient, dense)
    for label, coefficient in terms.items():
        if label.__class__ is int:
            out[label] += coefficient
        elif label.rows is not None:
            for direction, row in label.rows.items():
                out[direction] += product(coefficient, row)
    return out


def values_of(terms: Terms) -> Iterator[Array]:
    """The arrays and numbers in terms."""
    yield from terms.values()
    for label in terms:
        if label.__class__ is Base:
            yield from label.rows.values() if label.rows is not None else [label.dense]


def _is_lazy(value: Any) -> bool:
    """Whether an outer transform has lifted an array, or it is one of chunks: neither can be written into an array."""
    return isinstance(value, Lifted) or is_chunked(value.__class__)


def _stacked(terms: Terms, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """The same where it cannot be written into an array: it is made by NumPy's functions, which the outer transform sees."""
    rows: dict[int, Any] = {}
    whole = None
    for label, coefficient in terms.items():
        if label.__class__ is int:
            rows[label] = total(rows.get(label), coefficient)
        elif label.rows is None:
            whole = total(whole, product(coefficient, align(label.dense, len(shape))))
        else:
            for direction, row in label.rows.items():
                rows[direction] = total(rows.get(direction), product(coefficient, row))
    if not rows:
        return whole
    every = [rows.get(direction, np.zeros((), dtype)) for direction in range(terms.directions)]
    if is_stackable(every, shape):
        return total(stacked(every, dtype), whole)
    chunked = next((each for each in values_of(terms) if is_chunked(each.__class__)), None)
    if chunked is None:
        return total(np.stack([np.broadcast_to(each, shape) for each in every]), whole)
    nothing = np.zeros_like(chunked, dtype, shape=shape)  # in chunks too
    joined: Any = np.stack([each if np.shape(each) == shape else nothing + each for each in every])
    return total(joined.rechunk({0: -1}), whole)  # all directions of a chunk together


def flattened(terms: Terms, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Base:
    """Terms as a base, whose rows refer to no other one: nothing is kept alive but itself."""
    rows = rows_of(terms)
    if rows is None:
        return Base(None, expanded(terms, shape, dtype))
    found = {}
    for direction, factors in rows.items():
        row: Any = None
        for one, other in factors:
            row = product(one, other) if row is None else row + product(one, other)
        found[direction] = row
    return Base(found, None)


def seed_terms(tangent: Array) -> Terms:
    """The terms of a seed, whose zeros are structural."""
    directions = len(tangent)
    if tangent.ndim == 1:
        return Terms(directions, [(d, 1.0 if t == 1 else tangent[d]) for d, t in enumerate(tangent.tolist()) if t])
    active = np.flatnonzero(tangent.any(axis=tuple(range(1, tangent.ndim)))).tolist()
    return Terms(directions, [(d, 1.0 if (tangent[d] == 1).all() else tangent[d].copy()) for d in active])
