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

import numpy as np
from numpy import ndarray

from . import kernels, storage
from .rules.table import Array, Elementwise, align, pushforward

LARGE = 8192
"""Tangents with fewer numbers are multiplied out at once."""

CROWD = 4
"""A factor with more terms becomes a base before it meets another one."""

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


# -- operands ------------------------------------------------------------------------------------------------------------


def answer(
    row: Elementwise, inputs: Sequence[Any], primals: Sequence[Array], tangents: list[Any], moving: Any, y: Any
) -> Terms | None:
    """The tangent of an operation as terms; None if it is to be multiplied out, and then those of the operands are.

    `moving` is one of the tangents that are there, terms if any of them are.
    """
    late = moving.__class__ is Terms
    if not late and (
        y.__class__ is not ndarray
        or moving.__class__ is not ndarray
        or len(moving) < 2
        or len(moving) * y.size < LARGE
    ):
        return None
    if y.__class__ is ndarray and y.dtype.char in "df" and all(map(_is_plain, primals)) and all(map(_is_real, tangents)):
        with np.errstate(all="ignore"):
            terms = push(row, primals, _operands(row, inputs, tangents), y)
            if len(terms) > terms.directions:
                terms = Terms(terms.directions, {flattened(terms, y.shape, y.dtype): 1.0})
        if terms:
            return terms
    if late:
        tangents[:] = [
            value.tangent if tangent.__class__ is Terms else tangent for value, tangent in zip(inputs, tangents, strict=True)
        ]
    return None


def _is_plain(primal: Any) -> bool:
    return primal.__class__ in (ndarray, float, int) or (isinstance(primal, np.generic) and primal.dtype.kind != "c")


def _is_real(tangent: Any) -> bool:
    return tangent is None or tangent.__class__ is Terms or (tangent.__class__ is ndarray and tangent.dtype.char in "df")


def _operands(row: Elementwise, inputs: Sequence[Any], tangents: Sequence[Any]) -> list[Terms | None]:
    """The tangents as terms. Where one array alone varies, or has many terms, it becomes a base."""
    alone = len({id(value) for value, tangent in zip(inputs, tangents, strict=True) if tangent is not None}) == 1
    found: list[Terms | None] = []
    for value, tangent, partial in zip(inputs, tangents, row.partials, strict=True):
        if tangent is None:
            found.append(None)
            continue
        terms = _own(value, tangent)
        if len(terms) > (1 if alone else CROWD) and not (row.linear and (partial == 1 or not alone)):
            terms = Terms(terms.directions, {flattened(terms, np.shape(value.primal), np.result_type(value.primal)): 1.0})
            value._label = terms
        found.append(terms)
    return found


def _own(value: Any, tangent: Any) -> Terms:
    """What an operand's tangent is made of; it remembers that."""
    label = value._label
    if label.__class__ is Terms:
        return label
    array = hasattr(value, "_views")
    if label is storage.SEED or (array and storage.is_seed(value)):
        base, terms = None, seed_terms(tangent)
    else:
        base = Base(None, tangent)
        terms = Terms(len(tangent), {base: 1.0})
    value._label = terms
    if array:
        storage.note(value, base)
    return terms


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
    known: dict[int, Array] = {}  # partials that the labels share
    for label in labels:
        coefficients = [None if each is None or label not in each else each[label] for each in terms]
        coefficient = _coefficient(row, primals, coefficients, y, known)
        if coefficient is not None:
            result[label] = coefficient
    return result


def _coefficient(
    row: Elementwise, primals: Sequence[Array], coefficients: Sequence[Array | None], y: Array, known: dict[int, Array]
) -> Array | None:
    """One new coefficient: by a kernel, by partials that all labels share, or by the rule as it stands; None where the
    function is flat."""
    fusible = y.size >= kernels.SMALL
    if fusible or not row.simple:
        tangents = [None if each is None else np.asarray(each, y.dtype)[None] for each in coefficients]
        pushed = kernels.fused(row, primals, tangents, y) if fusible else None
        if pushed is not None:
            return pushed[0]
        if not row.simple:
            pushed = pushforward(row, primals, tangents, y)
            return None if pushed is None else pushed[0]
    total: Any = None
    for place, coefficient in enumerate(coefficients):
        if coefficient is None or (row.partials[place].__class__ is int and row.partials[place] == 0):
            continue
        partial = known.get(place)
        if partial is None:
            partial = row.partials[place]
            known[place] = partial = partial(*primals, y) if callable(partial) else partial
        if total is not None:
            total = total + product(partial, coefficient)
        elif not is_one(coefficient):
            total = partial * coefficient
        else:  # an input or the output itself may be written into later
            total = partial.copy() if partial.__class__ is ndarray else partial
    return total
