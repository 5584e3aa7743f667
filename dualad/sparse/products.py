"""Products of arrays: which elements meet, by the labels of their axes, as einsum has letters."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from ..foreign import is_sparse
from ..lines import Line
from ..scipy.sparse import product
from .flow import Flow, elementwise, flows
from .sets import Sets, either, numbered, placed, shape_of, taken


class Contraction(NamedTuple):
    """A sum of products: the labels of every operand's axes, and those of the result's; the others are summed."""

    operands: Sequence[Any]
    labels: Sequence[list[int]]
    out: list[int]


CORES: dict[Any, tuple[list[int], list[int]]] = {
    np.vecdot: ([0], [0]),
    np.linalg.vecdot: ([0], [0]),
    np.matvec: ([1, 0], [0]),
    np.vecmat: ([0], [0, 2]),
}
"""The labels of the last axes: 0 is summed, 1 belongs to the left operand, 2 to the right one."""

MATRIX = (np.matmul, np.linalg.matmul, *CORES)
TENSOR = (np.tensordot, np.linalg.tensordot)


def contraction_of(line: Line) -> Contraction | None:
    """A line as a sum of products; None if it is none, or of a form that rules do not write."""
    function = line.function
    if function in MATRIX:
        return _matmul(line)
    if function in TENSOR:
        return _tensordot(line, line.args[2] if len(line.args) > 2 else line.keywords.get("axes", 2))
    if function == np.dot:
        one, two = (len(shape_of(each)) for each in line.args[:2])
        return _tensordot(line, ((-1,), (max(-2, -two),))) if one and two else None
    return _einsum(line) if function == np.einsum else None


def _matmul(line: Line) -> Contraction | None:
    """Of matrices or vectors, or of stacks of them."""
    left, right = line.args[:2]
    if line.keywords.keys() - {"dtype"}:
        return None
    one, two = CORES.get(line.function) or ([1, 0][-len(shape_of(left)) :], [0, 2][: len(shape_of(right))])
    ends = [label for label in (*one, *two) if label]
    last = 3 + len(line.shape) - len(ends)
    labels = [[*range(last - len(shape_of(e)) + len(own), last), *own] for e, own in ((left, one), (right, two))]
    return Contraction((left, right), _spread((left, right), labels), [*range(3, last), *ends])


def _tensordot(line: Line, axes: Any) -> Contraction:
    """Over pairs of axes."""
    left, right = line.args[:2]
    if isinstance(axes, (int, np.integer)):
        axes = range(-int(axes), 0), range(int(axes))
    first = list(range(len(shape_of(left))))
    second = list(range(len(first), len(first) + len(shape_of(right))))
    pairs = list(zip(*(np.atleast_1d(each) for each in axes), strict=True))
    for here, there in pairs:
        second[there] = first[here]
    summed = {first[here] for here, _ in pairs}
    return Contraction((left, right), (first, second), [each for each in (*first, *second) if each not in summed])


def _einsum(line: Line) -> Contraction | None:
    """With letters for labels, all written out."""
    subscripts, *operands = line.args
    if not isinstance(subscripts, str) or "." in subscripts or "->" not in subscripts:
        return None
    inner, _, out = subscripts.replace(" ", "").partition("->")
    labels = [list(map(ord, each)) for each in inner.split(",")]
    return Contraction(operands, _spread(operands, labels), list(map(ord, out)))


def _spread(operands: Sequence[Any], labels: Sequence[list[int]]) -> list[list[int]]:
    """Labels of their own for axes of one element that meet longer ones."""
    lengths: dict[int, int] = {}
    for each, own in zip(operands, labels, strict=True):
        for label, length in zip(own, shape_of(each), strict=True):
            lengths[label] = max(length, lengths.get(label, 0))
    fresh = 1 + max(lengths, default=0)
    spread = []
    for each, own in zip(operands, labels, strict=True):
        pairs = enumerate(zip(own, shape_of(each), strict=True))
        spread.append([label if length == lengths[label] else fresh + axis for axis, (label, length) in pairs])
    return spread


@flows(*MATRIX, *TENSOR, np.dot, np.einsum)
def contracted(flow: Flow, line: Line) -> Any:
    """An element depends on those that are summed."""
    contraction = contraction_of(line)
    if contraction is None:
        return elementwise(flow, line) if line.function == np.dot else None
    operands, labels, out = contraction
    union: Any = None
    for this, value in enumerate(operands):
        if not flow.flowing(value):
            continue
        places, own = diagonals(value.shape, labels[this])
        part = None
        if len(operands) == 2 and not flow.varies(other := operands[1 - this]):
            part = _with_known(flow.value(other), labels[1 - this], flow.sets(value), places, own, line.shape, out)
        union = either(union, placed(flow.sets(value), places, own, line.shape, out) if part is None else part)
    return union


def diagonals(shape: tuple[int, ...], labels: Sequence[int]) -> tuple[Any, list[int]]:
    """The numbers of an array's elements, without axes that have the same label, and the labels of the others."""
    places, labels = numbered(shape), list(labels)
    for label in [each for each in dict.fromkeys(labels) if labels.count(each) > 1]:
        while labels.count(label) > 1:
            one, two = [axis for axis, each in enumerate(labels) if each == label][:2]
            places = np.diagonal(places, axis1=one, axis2=two)
            labels = [each for axis, each in enumerate(labels) if axis not in (one, two)] + [label]
    return places, labels


def _with_known(
    matrix: Any, names: list[int], sets: Sets, places: Any, own: list[int], shape: tuple[int, ...], out: list[int]
) -> Any:
    """The product with a vector or matrix that is known, whose zeros let nothing pass; None if it is of another form."""
    summed = [label for label in own if label not in out]
    free = [label for label in names if label not in summed]
    if len(summed) != 1 or len(names) > 2 or names.count(summed[0]) != 1 or len(free) + 1 != len(names) or {*free} & {*own}:
        return None
    moved = np.moveaxis(places, own.index(summed[0]), -1)
    rows = np.moveaxis(np.asarray(matrix) != 0, names.index(summed[0]), -1).reshape(-1, moved.shape[-1])
    mixed = beside(sparse.eye_array(prod(moved.shape[:-1])), rows) @ taken(sets, moved.ravel())
    lengths = (*moved.shape[:-1], *[rows.shape[0]] * len(free))
    return placed(mixed, numbered(lengths), [label for label in own if label != summed[0]] + free, shape, out)


def beside(one: Any, other: Any) -> Any:
    """The Kronecker product, Boolean."""
    return sparse.kron(sparse.coo_array(one), sparse.coo_array(other), format="csr").astype(bool)


@flows(product)
def with_sparse(flow: Flow, line: Line) -> Any:
    """A sparse matrix times what flows, or the other way round."""
    left, right = (*line.args, *line.keywords.values())
    turned = is_sparse(type(right))
    matrix, x = (right, left) if turned else (left, right)
    if len(x.shape) > 2:
        return None
    rows = sparse.csr_array(matrix.T if turned else matrix) != 0
    if len(x.shape) == 1:
        return rows @ flow.sets(x)
    eye = sparse.eye_array(x.shape[0] if turned else x.shape[1])
    return beside(*((eye, rows) if turned else (rows, eye))) @ flow.sets(x)
