"""Index sets of the elements of an array: for each element, the inputs on which it may depend.

They are a Boolean CSR matrix with a row for every element, in C order, and a column for every input. Sets may hold too many
inputs, and never miss one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

from ..errors import BadArgument
from ..lines import Line

Sets: TypeAlias = Any  # sparse.csr_array of Booleans

MOST = 2**28
"""So many entries of a pattern are no longer sparse: the Jacobian itself would take 2 GiB and more."""


class Masked(NamedTuple):
    """The sets of elements that a mask, or an index, takes out of an array, and may take from other places next time: a row for
    every element of that array."""

    sets: Sets
    key: Line


def shape_of(value: Any) -> tuple[int, ...]:
    """The shape of a line, or of a constant."""
    return value.shape if isinstance(value, Line) else np.shape(value)


def no_sets(rows: int, columns: int) -> Sets:
    """Of elements that depend on nothing."""
    return sparse.csr_array((rows, columns), dtype=bool)


def made(entries: int, indices: Any, ends: Any, shape: tuple[int, int]) -> Sets:
    """Sets from the arrays of the CSR format."""
    return sparse.csr_array((np.ones(entries, bool), indices, ends), shape)


def identity(count: int, low: int, columns: int) -> Sets:
    """Of elements that are the inputs themselves, from number `low` on."""
    return made(count, np.arange(low, low + count), np.arange(count + 1), (count, columns))


def taken(sets: Sets, rows: Any) -> Sets:
    """The sets of elements that were somewhere else, or are copies; refused if they are too many."""
    count = sets.shape[0]
    if len(rows) == count and np.array_equal(rows, np.arange(count)):
        return sets
    if len(rows) > count and (entries := int(np.sum(np.diff(sets.indptr)[rows], dtype=np.int64))) > MOST:
        raise too_many(entries, len(rows), sets.shape[1], "jacfwd")
    return sets[rows]


def too_many(entries: int, rows: int, columns: int, instead: str) -> BadArgument:
    """The error for a pattern that would fill the memory."""
    return BadArgument(
        f"the pattern has {entries} entries and more, for {rows} elements and {columns} inputs, as far as one can tell without "
        f"their values. It is not sparse: use {instead}, or give the pattern with sparsity="
    )


def pairs(one: Sets, two: Sets) -> Sets:
    """The pairs of an input in a row of one and an input in the same row of the other, both ways round; a part at a time, for
    most of them may be the same ones."""
    columns = one.shape[1]
    counts = np.diff(one.indptr).astype(np.int64) * np.diff(two.indptr)
    ends = np.cumsum(counts)
    every = no_sets(columns, columns)
    low = 0
    while low < len(counts):
        start = ends[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(ends, start + MOST // 4, side="right")))
        if (entries := int(counts[low:high].max())) <= MOST:
            part = one[low:high].T.tocsr() @ two[low:high]
            every = every + part + part.T.tocsr()
            entries = every.nnz
        if entries > MOST:
            raise too_many(entries, columns, columns, "hessian")
        low = high
    return sparse.csr_array(every)


def either(one: Sets | None, other: Sets | None) -> Sets | None:
    """The union, element by element; None where nothing flows."""
    return other if one is None else one if other is None else one + other


def united(sets: Sets) -> Sets:
    """One row, the union of all."""
    columns = np.unique(sets.indices)
    return made(len(columns), columns, np.array([0, len(columns)]), (1, sets.shape[1]))


def repeated(sets: Sets, count: int) -> Sets:
    """The union of all rows, so many times."""
    return taken(united(sets), np.zeros(count, int))


def grouped(sets: Sets, groups: Any) -> Sets:
    """The union of the sets of each row of places."""
    count, length = groups.shape
    ends = np.arange(0, count * length + 1, length) if length else np.zeros(count + 1, int)
    return made(count * length, groups.ravel(), ends, (count, sets.shape[0])) @ sets


def numbered(shape: tuple[int, ...]) -> Any:
    """The places of an array's elements in C order."""
    return np.arange(prod(shape)).reshape(shape)


def placed(sets: Sets, places: Any, labels: Sequence[int], shape: tuple[int, ...], out: Sequence[int]) -> Sets:
    """Sets of an array of another shape: united over the axes of `places` whose label is not among those of the result's axes,
    `out`, and spread over the axes of the result that are new, or were of one element."""
    here = {label: axis for axis, label in enumerate(labels)}
    kept = [here[label] for label in out if label in here]
    summed = [axis for axis, label in enumerate(labels) if label not in out]
    moved = places.transpose(*kept, *summed)
    rest = moved.shape[: len(kept)]
    if summed:
        sets = grouped(sets, moved.reshape(prod(rest), prod(moved.shape[len(kept) :])))
    else:
        sets = taken(sets, moved.ravel())
    lengths = iter(rest)
    spread = np.arange(prod(rest)).reshape([next(lengths) if label in here else 1 for label in out])
    return taken(sets, np.broadcast_to(spread, shape).ravel())
