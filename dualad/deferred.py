"""Tangents that are not multiplied out yet: sums of a coefficient times a direction, or times an earlier tangent.

A tangent of k directions is k times as large as its primal, and all of it is computed anew in every operation. But where
operations act on each element by itself, the tangent of what they make of x is everywhere a number times the tangent of x:
one number for an element, however many directions there are. And a parameter that was taken out of the argument varies along
one direction only: the zeros in the others need not be carried. So for large arrays a tangent is kept as *terms*,

    dy = sum over labels l of  c[l] * d[l],

where a label is a direction of the seed, an integer, or the tangent of an array met on the way, a `Base`. An operation
computes new coefficients from old ones by the chain rule, as it would compute tangents. An array with several terms that goes
into a function becomes a base, with one coefficient, 1. Terms are multiplied out when somebody asks for the tangent itself.

Coefficients are never written into, so that arrays share them. They are multiplied in another order than tangents would be,
with the rounding of that; a direction that is structurally zero stays zero, also where a coefficient is infinite.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from weakref import ref

import numpy as np
from numpy import ndarray

from . import kernels
from .rules.table import RULES, Array, Elementwise, align, pushforward

LARGE = 8192
"""Tangents with fewer numbers are multiplied out at once."""

CROWD = 4
"""A factor with more terms becomes a base before it meets another one."""

Label: TypeAlias = "int | Base"


class Base:
    """The tangent of an array, as something that others are multiples of: its rows by direction, or the whole of it."""

    __slots__ = ("__weakref__", "dense", "owner", "rows")

    def __init__(self, rows: dict[int, Array] | None, dense: Array | None, owner: Any = None) -> None:
        self.rows, self.dense = rows, dense
        self.owner = None if owner is None else ref(owner)

    def part(self) -> None:
        """Before the array is written into: what was computed from it keeps the tangent that it had."""
        if self.dense is not None:
            self.dense = self.dense.copy()
        owner = None if self.owner is None else self.owner()
        if owner is not None:
            owner._label = None


class Terms(dict[Any, Any]):
    """Coefficients by label, of a tangent with so many directions. A coefficient broadcasts with the primal; 1.0 is 1."""

    __slots__ = ("directions",)

    directions: int

    def __init__(self, directions: int, items: Any = ()) -> None:
        super().__init__(items)
        self.directions = directions


WHERE = Elementwise(
    np.where,
    (0, 0, 0),
    ((0.0, 0.0),) * 3,  # type: ignore[arg-type]  # never sampled
    push=lambda chosen, a, b, y, _, da, db: np.where(chosen, 0.0 if da is None else da, 0.0 if db is None else db),
)
"""np.where as a function that acts on each element."""


# -- multiplying out -----------------------------------------------------------------------------------------------------


def is_one(value: Any) -> bool:
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
        active = np.flatnonzero(tangent).tolist()
        return Terms(directions, [(d, float(tangent[d]) if tangent[d] == 1 else tangent[d]) for d in active])
    active = np.flatnonzero(tangent.any(axis=tuple(range(1, tangent.ndim)))).tolist()
    return Terms(directions, [(d, 1.0 if (tangent[d] == 1).all() else tangent[d].copy()) for d in active])


# -- the chain rule ------------------------------------------------------------------------------------------------------


def push(row: Elementwise, primals: Sequence[Array], terms: Sequence[Terms | None], y: Array) -> Terms:
    """The chain rule for terms: label by label, the coefficients in place of tangents."""
    labels = list(dict.fromkeys(label for each in terms if each is not None for label in each))
    directions = next(each.directions for each in terms if each is not None)
    result = Terms(directions)
    if row.linear:
        for label in labels:
            total: Any = None
            for partial, each in zip(row.partials, terms, strict=True):
                if each is not None and partial != 0 and label in each:
                    term = each[label] if partial == 1 else partial * each[label]
                    total = term if total is None else total + term
            if total is not None:
                result[label] = total
        return result
    shared = _factors(row, primals, y) if row.simple else None
    for label in labels:
        tangents = [None if each is None or label not in each else each[label] for each in terms]
        result[label] = _coefficient(row, primals, tangents, y, shared)
    return result


def _coefficient(
    row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Array, shared: Callable[[int], Array] | None
) -> Array:
    """One new coefficient: by a kernel, by factors that the labels share, or by the rule as it stands."""
    if y.size >= kernels.SMALL:
        fused = kernels.fused(row, primals, [None if c is None else np.asarray(c, y.dtype)[None] for c in tangents], y)
        if fused is not None:
            return fused[0]
    if shared is None:
        pushed = pushforward(row, primals, [None if c is None else np.asarray(c, y.dtype)[None] for c in tangents], y)
        return pushed[0]
    total: Any = None
    for place, coefficient in enumerate(tangents):
        if coefficient is not None:
            term = product(shared(place), coefficient)
            total = term if total is None else total + term
    return total


def _factors(row: Elementwise, primals: Sequence[Array], y: Array) -> Callable[[int], Array]:
    """The partials, each computed when it is first needed; arrays of their own, which nobody else can write into."""
    known: dict[int, Array] = {}

    def factor(place: int) -> Array:
        if place not in known:
            partial = row.partials[place]
            value = partial(*primals, y) if callable(partial) else partial
            if value.__class__ is ndarray and (value is y or value.base is not None or any(value is each for each in primals)):
                value = value.copy()
            known[place] = value
        return known[place]

    return factor
