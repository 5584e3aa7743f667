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
from typing import Any

import numpy as np
from numpy import ndarray

from . import kernels, notes
from .foreign import is_chunked
from .lift import Lifted, is_recorded, memory
from .rules.chain import chained, pushforward
from .rules.table import Array, Elementwise
from .terms import Base, Terms, flattened, is_one, seed_terms

LARGE = 16384
"""Tangents with fewer numbers are multiplied out at once."""

NESTED = 1024
"""So are those of duals of duals with fewer elements."""

CROWD = 4
"""A factor with more terms becomes a base before it meets another one."""

FEW_DIRECTIONS = 16
"""Of a batch of points with so many directions at most, seeds are terms: no array is made of them."""

WHERE = Elementwise(
    np.where,
    (0, 0, 0),
    ((0.0, 0.0),) * 3,  # type: ignore[arg-type]  # never sampled
    push=lambda chosen, a, b, y, _, da, db: np.where(chosen, 0.0 if da is None else da, 0.0 if db is None else db),
)
"""np.where as a function that acts on each element."""


_grown: list[bool] = []


def is_deferrable(primal: Any, directions: int, size: int) -> bool:
    """Whether the seed of a batch of points, with `size` numbers each, is to be terms."""
    return (
        1 < directions <= FEW_DIRECTIONS
        and size <= FEW_DIRECTIONS
        and _is_real_array(primal)
        and primal.flags.c_contiguous
        and primal.size * directions >= LARGE
        and (primal.__class__ is ndarray or primal.size >= NESTED)
    )


def _is_real_array(array: Any) -> bool:
    """Whether an array is one of floats, or of chunks of them, or a dual array of them."""
    if is_chunked(array.__class__):
        return array.dtype.char in "df"
    plain = memory(array)
    return plain.__class__ is ndarray and plain.dtype.char in "df" and (plain is array or _is_dual(array))


def _is_dual(array: Any) -> bool:
    """Whether a lifted array is a dual like any other: not recorded, no tangent of a second look."""
    return bool(getattr(array, "_elements", ())) and not is_recorded(array)


# -- operands ------------------------------------------------------------------------------------------------------------


def answer(
    row: Elementwise, inputs: Sequence[Any], primals: Sequence[Array], tangents: list[Any], moving: Any, y: Any
) -> Terms | None:
    """The tangent of an operation as terms, if it is large; None if it is to be multiplied out, and then those of the operands
    are.

    `moving` is one of the tangents that are there, terms if any of them are.
    """
    late = moving.__class__ is Terms
    if not late and len(moving) < 2:
        return None
    found = _operands(row, inputs, tangents) if _is_real_array(y) and (late or _pays(y, moving)) else None
    if found is not None:
        grow()
        terms = push(row, primals, found, y)
        if terms:
            return terms
    if late:
        for place, tangent in enumerate(tangents):
            if tangent.__class__ is Terms:
                tangents[place] = inputs[place].tangent
    return None


def _pays(y: Any, moving: Array) -> bool:
    """Whether terms are worth to be begun: an operation on a coefficient that is a dual is one of an outer transform."""
    return y.__class__ is ndarray or is_chunked(y.__class__) or (y.size >= NESTED and len(moving) <= FEW_DIRECTIONS)


def _operands(row: Elementwise, inputs: Sequence[Any], tangents: Sequence[Any]) -> list[Terms | None] | None:
    """The tangents as terms; None if one of them is no real array. Where one array alone varies, or one has many terms, it
    becomes a base."""
    found = list(tangents)
    crowd = 0  # how many terms an operand may have
    longest = 0
    varying: Any = None
    for place, tangent in enumerate(tangents):
        if tangent is None:
            continue
        value = inputs[place]
        if tangent.__class__ is not Terms:
            if not _is_real_array(tangent):
                return None
            label = value._label
            found[place] = tangent = label if label.__class__ is Terms else _own(value, tangent)
        longest = max(longest, len(tangent))
        crowd = 1 if crowd == 0 or value is varying else CROWD
        varying = value
    if longest > crowd:
        for place, terms in enumerate(found):
            if terms is not None and len(terms) > crowd and not (row.linear and (crowd > 1 or row.partials[place] == 1)):
                value = inputs[place]
                value._label = terms = _gathered(terms, getattr(value.primal, "shape", ()), value.dtype)
                found = [terms if each is value else known for each, known in zip(inputs, found, strict=True)]
    return found


def _gathered(terms: Terms, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Terms:
    """Many terms as one."""
    return Terms(terms.directions, {flattened(terms, shape, dtype): 1.0})


def grow() -> None:
    """Let the C library keep what is freed, up to 64 MiB, instead of giving it back to the system and asking for it again in
    the next operation, page by page: glibc learns that from the largest block of at most 32 MiB that it saw freed."""
    if not _grown:
        _grown.append(True)
        np.empty(2**25 - 2**16, np.uint8)


def _own(value: Any, tangent: Any) -> Terms:
    """What an operand's tangent is made of; it remembers that."""
    label = value._label
    if label.__class__ is Terms:
        return label
    array = hasattr(value, "_views")
    few = len(tangent) <= FEW_DIRECTIONS  # rows by themselves would take longer than the whole of many
    if label is notes.SEED or (array and few and notes.is_seed(value) and not is_chunked(tangent.__class__)):
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
    varying: list[Any] = [each for each in terms if each is not None]
    result = Terms(varying[0].directions)
    if not row.simple or _is_fusible(row, terms, y):
        for label in dict.fromkeys([label for each in varying for label in each]):
            found = _coefficient(row, primals, [None if each is None else each.get(label) for each in terms], y)
            if found is not None:
                result[label] = found
    else:
        for place, each in enumerate(terms):
            if each is None:
                continue
            slope = row.partials[place]
            if slope.__class__ is int:
                if slope == 1 and len(varying) == 1:
                    return each
                if slope == 0:
                    continue
            elif callable(slope):
                slope = slope(*primals, y)
            for label, coefficient in each.items():
                found = result.get(label)
                if slope.__class__ is not int:
                    term = _free(slope, primals, y) if is_one(coefficient) else slope * coefficient
                elif slope == 1:
                    term = coefficient
                elif found is not None:
                    result[label] = found - coefficient if slope == -1 else found + slope * coefficient
                    continue
                else:
                    term = -coefficient if slope == -1 else slope * coefficient
                result[label] = term if found is None else found + term
    return _gathered(result, y.shape, y.dtype) if len(result) > result.directions else result


def _is_fusible(row: Elementwise, terms: Sequence[Terms | None], y: Array) -> bool:
    """Whether kernels may be worth their calls."""
    if y.__class__ is not ndarray or y.size < kernels.SMALL or row.linear:
        return False
    labels = {label for each in terms if each is not None for label in each}
    patterns = {tuple([each is not None and label in each for each in terms]) for label in labels}
    return any(kernels.hopeful(row, pattern, y.size, 1) for pattern in patterns)


def _free(slope: Any, primals: Sequence[Array], y: Array) -> Any:
    """A partial derivative that is none of the arrays of the operation, into which somebody may write later."""
    if slope.__class__ is ndarray and (slope.base is not None or slope is y or any(slope is each for each in primals)):
        return slope.copy()
    return slope


def _coefficient(row: Elementwise, primals: Sequence[Array], coefficients: Sequence[Array | None], y: Array) -> Array | None:
    """One new coefficient by a kernel, or by the rule as it stands; None where the function is flat."""
    if is_chunked(y.__class__):  # an axis to and fro would be two tasks a chunk
        return chained(row, primals, [y.dtype.type(1.0) if is_one(each) else each for each in coefficients], y)
    tangents = [None if each is None else _as_tangent(each, y.dtype) for each in coefficients]
    pushed = (kernels.push if y.__class__ is ndarray else pushforward)(row, primals, tangents, y)
    return None if pushed is None else pushed[0]


def _as_tangent(coefficient: Array, dtype: np.dtype[Any]) -> Array:
    """A coefficient as the tangent along one direction."""
    array = (
        coefficient if isinstance(coefficient, Lifted) or is_chunked(coefficient.__class__) else np.asarray(coefficient, dtype)
    )
    return array.reshape(1, *array.shape)
