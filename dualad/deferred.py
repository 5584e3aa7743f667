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

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy import ndarray

from . import kernels, notes
from .rules.chain import pushforward
from .rules.table import Array, Elementwise, align

LARGE = 4096
"""Tangents with fewer numbers are multiplied out at once."""

CROWD = 4
"""A factor with more terms becomes a base before it meets another one."""

FEW_DIRECTIONS = 16
"""Of a batch of points with so many directions at most, seeds are terms: no array is made of them."""

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


_grown: list[bool] = []

# -- multiplying out -----------------------------------------------------------------------------------------------------


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


def is_deferrable(primal: Any, directions: int, size: int) -> bool:
    """Whether the seed of a batch of points, with `size` numbers each, is to be terms."""
    return (
        1 < directions <= FEW_DIRECTIONS
        and size <= FEW_DIRECTIONS
        and primal.__class__ is ndarray
        and primal.dtype.char in "df"
        and primal.flags.c_contiguous
        and primal.size * directions >= LARGE
    )


# -- operands ------------------------------------------------------------------------------------------------------------


def answer(
    row: Elementwise, inputs: Sequence[Any], primals: Sequence[Array], tangents: list[Any], moving: Any, y: Any
) -> Terms | None:
    """The tangent of an operation as terms, if it is large; None if it is to be multiplied out, and then those of the operands
    are.

    `moving` is one of the tangents that are there, terms if any of them are.
    """
    late = moving.__class__ is Terms
    if not late and (moving.__class__ is not ndarray or len(moving) < 2):
        return None
    found = _operands(row, inputs, tangents) if y.__class__ is ndarray and y.dtype.char in "df" else None
    if found is not None:
        if not _grown:
            _grow()
        terms = push(row, primals, found, y)
        if terms:
            return terms
    if late:
        tangents[:] = [
            value.tangent if tangent.__class__ is Terms else tangent for value, tangent in zip(inputs, tangents, strict=True)
        ]
    return None


def _operands(row: Elementwise, inputs: Sequence[Any], tangents: Sequence[Any]) -> list[Terms | None] | None:
    """The tangents as terms; None if one of them is no real array. Where one array alone varies, or one has many terms, it
    becomes a base."""
    found: list[Terms | None] = []
    crowd = 0  # how many terms an operand may have
    varying: Any = None
    for value, tangent in zip(inputs, tangents, strict=True):
        if tangent is None:
            found.append(None)
            continue
        if tangent.__class__ is not Terms:
            if tangent.__class__ is not ndarray or tangent.dtype.char not in "df":
                return None
            label = value._label
            tangent = label if label.__class__ is Terms else _own(value, tangent)
        found.append(tangent)
        crowd = 1 if crowd == 0 or value is varying else CROWD
        varying = value
    for place, terms in enumerate(found):
        if terms is not None and len(terms) > crowd and not (row.linear and (crowd > 1 or row.partials[place] == 1)):
            value = inputs[place]
            primal = value.primal
            terms = Terms(terms.directions, {flattened(terms, np.shape(primal), np.result_type(primal)): 1.0})
            value._label = found[place] = terms
            if value is varying:
                found = [terms if each is value else known for each, known in zip(inputs, found, strict=True)]
    return found


def _grow() -> None:
    """Let the C library keep what is freed, up to 64 MiB, instead of giving it back to the system and asking for it again in
    the next operation, page by page: glibc learns that from the largest block of at most 32 MiB that it saw freed."""
    _grown.append(True)
    np.empty(2**25 - 2**16, np.uint8)


def _own(value: Any, tangent: Any) -> Terms:
    """What an operand's tangent is made of; it remembers that."""
    label = value._label
    if label.__class__ is Terms:
        return label
    array = hasattr(value, "_views")
    if label is notes.SEED or (array and notes.is_seed(value)):
        base, terms = None, seed_terms(tangent)
    else:
        base = Base(None, tangent)
        terms = Terms(len(tangent), {base: 1.0})
    value._label = terms
    if array:
        notes.note(value, base)
    return terms


# -- the chain rule ------------------------------------------------------------------------------------------------------


def push(row: Elementwise, primals: Sequence[Array], terms: Sequence[Terms | None], y: Array) -> Terms:
    """The chain rule for terms: label by label, the coefficients in place of tangents."""
    directions = 0
    labels: dict[Label, Any] = {}
    for each in terms:
        if each is not None:
            directions = each.directions
            labels.update(each)
    result = Terms(directions)
    known: dict[int, Array] = {}  # partials that the labels share
    compute = _sum if row.linear else _coefficient
    for label in labels:
        coefficient = compute(row, primals, [None if each is None else each.get(label) for each in terms], y, known)
        if coefficient is not None:
            result[label] = coefficient
    if len(result) > directions:
        return Terms(directions, {flattened(result, y.shape, y.dtype): 1.0})
    return result


def _sum(row: Elementwise, primals: Any, coefficients: Sequence[Array | None], y: Any, known: Any) -> Array | None:
    """A new coefficient where all partials are numbers."""
    total: Any = None
    for partial, coefficient in zip(row.partials, coefficients, strict=True):
        if coefficient is not None and partial != 0:
            if partial == 1:
                total = coefficient if total is None else total + coefficient
            elif partial == -1:
                total = -coefficient if total is None else total - coefficient
            else:
                term = partial * coefficient
                total = term if total is None else total + term
    return total


def _coefficient(
    row: Elementwise, primals: Sequence[Array], coefficients: Sequence[Array | None], y: Array, known: dict[int, Array]
) -> Array | None:
    """One new coefficient: by a kernel, by partials that all labels share, or by the rule as it stands; None where the
    function is flat."""
    fusible = y.size >= kernels.SMALL and kernels.hopeful(row, tuple([c is not None for c in coefficients]), y.size, 1)
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
