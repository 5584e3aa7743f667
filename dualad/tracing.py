"""One run of a function in reverse mode, and what is read off it: gradients and rows of Jacobians.

The run's duals have tangents that are `Linear`: values are computed as ever, and what the rules of forward mode do to tangents
becomes a linear function of the seeds. Its transpose takes cotangents of the outputs to those of the inputs. The walk back
calls NumPy on cotangents: so transforms nest in any order, programs are recorded, and many rows are one walk with duals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from .deferred import LARGE, grow
from .directions import SEED_ELEMENTS
from .dropin import attempted
from .dual import Dual, dual
from .forward import answered, filled, looked_at_again
from .jitted import unjitted
from .levels import Level
from .lift import memory
from .linear import Linear, input_of
from .program import Program, Variable, owner
from .selection import Selection
from .structural import looking_again, needs_second_look, plain, seeded
from .transposing import transposed
from .trees import dtype_of, unflatten


class Trace:
    """A run of a function: the values that it gave, and its tangents as a linear function of the inputs'.

    Attributes
    ----------
    values, structure
        The leaves of the output, and their containers.
    aux
        What the function gave beside it.
    variables
        For each leaf its tangent; None for one that does not vary.
    """

    def __init__(self, selection: Selection, has_aux: bool) -> None:
        self.selection = selection
        if sum(selection.sizes) >= LARGE:  # its arrays come and go with every operation, here and on the way back
            grow()
        with Level.fresh(selection.name) as level, unjitted():
            self.program = level.program = Program(level.below)
            lifted = [
                leaf if primal is None else self._lifted(primal, place, level)
                for place, (leaf, primal) in enumerate(zip(selection.leaves, selection.primals, strict=True))
            ]
            leaves, self.structure, self.values, self.aux = answered(selection, selection.call(lifted), has_aux, level)
            del lifted
            self.variables = [self._variable(leaf, level) for leaf in leaves]
            self.program.operands = ()  # they have tangents in the program

    def _lifted(self, primal: Any, place: int, level: Level) -> Any:
        if hasattr(primal, "__setitem__") and np.ndim(primal):
            primal = np.copy(primal, order="K")
        return dual(primal, input_of(self.program, (1, *np.shape(primal)), dtype_of(primal), place), level)

    @staticmethod
    def _variable(leaf: Any, level: Level) -> Variable | None:
        if not isinstance(leaf, Dual) or leaf.level is not level or leaf.tangent is None:
            return None
        assert isinstance(leaf.tangent, Linear)
        variable = leaf.tangent.variable
        return variable if variable.moves else None

    @property
    def out(self) -> Any:
        """The value of the function."""
        return unflatten(self.structure, self.values)

    def pull(self, cotangents: Sequence[Any], outputs: Any = None, consume: bool = False, pieces: Any = None) -> list[Any]:
        """The inputs' cotangents of shape (1, *S), or None; for those of the outputs, of shape (1, *S) too."""
        return transposed(outputs or self.variables, cotangents, len(self.selection.primals), consume, pieces)

    def pulled(self, cotangents: Sequence[Any], outputs: Any = None) -> list[Any]:
        """The same, where a nan is looked at again."""
        if not looking_again():
            answers = self.pull(cotangents, outputs)
            if not self.is_unclear(answers):
                return answers
        return self.pull_structurally(cotangents, outputs)

    def pull_structurally(self, cotangents: Sequence[Any], outputs: Any = None) -> list[Any]:
        """The same with cotangents that know where they are zero because nothing comes from there."""
        with Level.fresh(self.selection.name) as level, np.errstate(all="ignore"):
            seeds = [each if each is None else seeded(each, level) for each in cotangents]
            return [plain(each) for each in self.pull(seeds, outputs)]

    def is_unclear(self, answers: Sequence[Any]) -> bool:
        """Whether there is a nan beside values that are numbers."""
        values = [each for each in self.values if each is not None]
        value = values[0] if len(values) == 1 and not np.ndim(values[0]) else sum(map(_nan_if_any, values), 0.0)
        return any(needs_second_look(value, each) for each in answers if each is not None)


def _nan_if_any(value: Any) -> Any:
    return np.where(np.any(np.isnan(value)), np.nan, 0.0)


def traced(selection: Selection, has_aux: bool = False) -> Trace:
    """A run of f, with as much help as it needs."""

    def once(lifted: bool) -> Trace:
        return Trace(selection.lifted() if lifted else selection, has_aux)

    return attempted(selection.f, (selection.args, selection.kwargs), selection.drop_in, once)


def holding(dtype: Any, primal: Any) -> Any:
    """The dtype of a derivative by a primal: complex for a complex one."""
    return np.result_type(dtype, np.complex64) if dtype.kind != "c" and np.iscomplexobj(primal) else dtype


def settled(selection: Selection, answers: Sequence[Any], dtype: Any = None) -> list[Any]:
    """Cotangents of the inputs, each an array of its own that may be written into; zeros where nothing arrives. In the
    inputs' dtypes, or in one for all."""
    seen: set[int] = set()
    leaves: list[Any] = []
    for primal, answer in zip(selection.primals, answers, strict=True):
        if primal is None:
            leaves.append(None)
            continue
        wanted = dtype_of(primal) if dtype is None else holding(dtype, primal)
        if answer is None:
            leaves.append(np.zeros(np.shape(primal), wanted)[()])
            continue
        if answer.dtype != wanted:
            answer = np.astype(answer, wanted)
        plain_one = memory(answer)
        if isinstance(plain_one, np.ndarray):
            if not plain_one.flags.writeable or id(owner(plain_one)) in seen:
                answer = np.copy(answer)
            seen.add(id(owner(memory(answer))))
        leaves.append(answer[0])
    return leaves


# -- gradients -----------------------------------------------------------------------------------------------------------


def gradient(selection: Selection, has_aux: bool, refuse: Callable[[Selection, Any], None]) -> tuple[Any, list[Any], Any]:
    """The value of a function with one number as output, the gradient's leaves, and aux. `refuse` may refuse the output."""
    trace = traced(selection, has_aux)
    refuse(selection, trace.out)
    place = next(place for place, each in enumerate(trace.values) if each is not None)
    dtype = dtype_of(trace.values[place])
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    seeds = [None if each is None else np.ones((1,), dtype) for each in trace.values]
    if trace.variables[place] is None:
        return trace.out, settled(selection, [None] * len(selection.primals), dtype), trace.aux
    if looking_again():
        return trace.out, settled(selection, trace.pull_structurally(seeds), dtype), trace.aux
    pieces: list[Any] = []
    with np.errstate(all="ignore"):
        answers = trace.pull(seeds, consume=True, pieces=pieces)
    if trace.is_unclear(pieces):

        def again() -> tuple[Any, list[Any], Any]:
            other = traced(selection, has_aux)
            return other.out, other.pull_structurally(seeds), other.aux

        found = looked_at_again(selection, trace.values, again)
        if found is not None:
            return found[0], settled(selection, found[1], dtype), found[2]
    return trace.out, settled(selection, answers, dtype), trace.aux


# -- Jacobians ------------------------------------------------------------------------------------------------------------


def rows(trace: Trace, place: int, chunk_size: Any) -> list[Any]:
    """The rows of the Jacobian of one leaf of the output: for each input an array (rows, *S)."""
    found = half(trace, place, chunk_size, 1.0)
    primals = [each for each in trace.selection.primals if each is not None]
    if dtype_of(trace.values[place]).kind != "c" or all(map(np.iscomplexobj, primals)):
        return found
    # Cotangents are paired with w as Re(w * J dx): for real inputs the other half of a complex J comes of w = i.
    others = half(trace, place, chunk_size, 1j)
    return [None if one is None else one - 1j * other for one, other in zip(found, others, strict=True)]


def half(trace: Trace, place: int, chunk_size: Any, unit: complex) -> list[Any]:
    """The cotangents of the inputs for `unit` in the place of each element of one leaf of the output."""
    selection, value = trace.selection, trace.values[place]
    size, dtype = prod(np.shape(value)), dtype_of(value)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)
    if trace.variables[place] is None or not size:
        return [None if p is None else np.zeros((size, *np.shape(p)), dtype) for p in selection.primals]
    step = max(1, SEED_ELEMENTS // max(1, *selection.sizes)) if chunk_size == "auto" else chunk_size or size
    parts = [_some_rows(trace, place, low, min(low + step, size), dtype, unit) for low in range(0, size, step)]
    return [
        None if each[0] is None else np.concatenate(each) if len(each) > 1 else each[0] for each in zip(*parts, strict=True)
    ]


def _some_rows(trace: Trace, place: int, low: int, high: int, dtype: Any, unit: complex) -> list[Any]:
    """Rows low..high: the walk is linear in the cotangent, and forward mode takes it along many at once."""
    selection, shape = trace.selection, (1, *np.shape(trace.values[place]))
    outputs = [each if index == place else None for index, each in enumerate(trace.variables)]
    seeds: list[Any] = [None] * len(trace.values)

    def one(row: int) -> list[Any]:
        seeds[place] = np.zeros(shape, dtype)
        seeds[place].reshape(-1)[row] = unit
        with np.errstate(all="ignore"):
            return settled(selection, trace.pulled(seeds, outputs), dtype)

    if high - low == 1 or looking_again():
        each = [one(row) for row in range(low, high)]
        return [None if column[0] is None else np.stack(column) for column in zip(*each, strict=True)]
    with Level.fresh("jacrev") as level, np.errstate(all="ignore"):
        basis = np.zeros((high - low, prod(shape)), dtype)
        basis[np.arange(high - low), np.arange(low, high)] = unit
        seeds[place] = dual(np.zeros(shape, dtype), basis.reshape(high - low, *shape), level)
        answers: list[Any] = []
        for primal, found in zip(selection.primals, transposed(outputs, seeds, len(selection.primals), False), strict=True):
            if primal is None:
                answers.append(None)
            elif isinstance(found, Dual) and found.level is level and found.tangent is not None:
                answers.append(filled(np.astype(found.tangent, holding(dtype, primal), copy=False), None, 1)[:, 0])
            else:
                answers.append(np.zeros((high - low, *np.shape(primal)), holding(dtype, primal)))
    if trace.is_unclear(answers) and all(isinstance(each, np.ndarray) for each in answers if each is not None):
        marked: Any = sum(np.isnan(each).any(axis=tuple(range(1, each.ndim))) for each in answers if each is not None)
        for row in np.flatnonzero(marked):
            for answer, better in zip(answers, one(low + int(row)), strict=True):
                if answer is not None:
                    answer[row] = better
    return answers
