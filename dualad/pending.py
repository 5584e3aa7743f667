"""Tangents that are owed: a function that is differentiated again and again has its chains of operations fused.

A transform runs f on duals, and each operation computes a value and tangents. For a function that was run for some time
(`heat`) it computes the value only, as NumPy does, and writes down a *step*: the function, and where its operands come from.
When somebody asks for the tangent of an array, the steps that led to it are one chain, and a kernel computes all its
directions in one pass over memory (`fusing`). A chain has the same keys in every run in which f takes the same way, and by
them its kernel is found; where there is none, and none can be made, `deferred` goes over the steps instead.

Steps are operations on arrays of one size that lie one after the other in memory, and numbers. Whatever else happens asks for
the tangents of its operands, and goes on from there. A step keeps the values that its partial derivatives need, but for those
that a kernel computes as soon as loads. Plain arrays, which f may write into, are copied, and before a dual one is written
into, or lent, steps are told (`written`). What f decides by values it decides in every run: a chain is no recording of f.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any

import numpy as np
from numpy import float64, ndarray

from . import deferred, fusing, notes
from .dual import DeferredArray, DualArray, DualNumber, PendingArray
from .fusing import ALONG, ARRAY, FLOAT, LITERAL, NUMBER, SCALAR, SEEDED, SLOPE, TRUTHS, UNROLLED, WHOLE, Kernel
from .heat import Heat
from .levels import Level
from .locks import Lock
from .quiet import quiet, restore
from .rules.table import Array, Elementwise
from .terms import Base, Terms, expanded, is_one
from .watching import WATCH

MANY = 12
"""A function with more chains takes another way each time: its steps are not written down any more."""

LONG = 128
"""A chain with more steps is broken."""

ROOM = 2**24
"""What steps keep is given up with so many numbers, and more than twice as many as tangents would have."""

OTHERS = object()
"""In place of a plain array: whose it is, and what becomes of it, is not known."""

_plans = fusing.PLANS
_kernels: dict[Any, Kernel | None] = {}
_lock = Lock()


class Tape:
    """The steps of a run on duals.

    Attributes
    ----------
    level, directions, heat
        Of the run.
    steps
        One after the other: its number, the number of the first that it depends on, its key (`fusing`), where its leaves begin,
        its value if that is kept, and whether it is light (`fusing`).
    leaves
        What operands bring along that no step made: constants, values, tangents.
    saved
        How many numbers there are in arrays among all of them.
    thread
        The one that f runs in. Operations of others, which f may start, are no steps: theirs would come between.
    """

    __slots__ = ("__weakref__", "directions", "heat", "leaves", "level", "saved", "steps", "thread")

    def __init__(self, level: Level, directions: int, heat: Heat, thread: int = 0) -> None:
        self.level, self.directions, self.heat = level, directions, heat
        self.steps: list[list[Any]] = []
        self.leaves: list[Any] = []
        self.saved, self.thread = 0, thread or get_ident()
        notes.PROGRAMS.add(self)

    # -- writing down ------------------------------------------------------------------------------------------------------

    def step(self, owner: Any, row: Elementwise, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """The value of an operation, lifted, its tangent owed; None if it is none of those that can be written down."""
        if WATCH.get() is not None or get_ident() != self.thread:
            return None
        steps, start = self.steps, len(self.leaves)
        index = first = len(steps)
        leaves: list[Any] = []  # put to the others when all has gone well: kernels count them
        key: list[Any] = [row.function]
        primals: list[Any] = []
        sources: list[Any] = []  # for each operand its step, or where it lies among the leaves
        size = 0
        for value in operands:
            label = value._label if value.__class__ is PendingArray else None
            if label is not None and label[0] is self:
                primal = value.primal
                source: Any = label[1]
                first = source[1] if source[1] < first else first
                key.append(index - source[0])
                length = primal.size
            else:
                source = len(leaves)
                found = self._leaf(value, leaves, row.function is np.power and len(primals) == 1)
                if found is None:
                    return None
                primal, code, length = found
                key.append(code)
                if code == LITERAL:
                    key.append(value)
            if length and length != size:
                if size:
                    return None
                size = length
            primals.append(primal)
            sources.append(source)
        known = tuple(key)
        plan = _plans.get(known) or fusing.plan(known)
        if not plan or not size:
            return None
        if index - first >= LONG or (self.saved > ROOM and self.saved > 2 * self.directions * size):
            return self._renewed().step(owner, row, compute, operands)
        y = compute(*primals)
        if y.__class__ is not ndarray or y.size != size or len(steps) != index:  # a handler of NumPy's errors took steps itself
            return owner._completed(row, operands, *owner._apart(operands), y)
        self._keep(sources, primals, plan.operands, leaves)
        self.leaves.extend(leaves)
        step = [index, first, known, start, None, plan.light]
        if plan.value:
            step[4] = y
            self.saved += size
        steps.append(step)
        new: Any = object.__new__(PendingArray)
        new.primal, new.level, new._label = y, self.level, (self, step)
        new._base = new._recipe = new._views = new._noted = None
        return new

    def _renewed(self) -> Tape:
        """An empty one in place of this, to which arrays that refer to it are as good as any."""
        self.level.tape = tape = Tape(self.level, self.directions, self.heat, self.thread)
        return tape

    def _keep(self, sources: list[Any], primals: list[Any], wanted: Sequence[bool], leaves: list[Any]) -> None:
        """Keep the operands of a step of which its tangent is computed, and let go of the others."""
        for source, primal, kept in zip(sources, primals, wanted):  # noqa: B905 - strict takes its time
            if source.__class__ is list:
                if kept and source[4] is None and not source[5]:
                    source[4] = primal
                    self.saved += primal.size
            elif primal.__class__ is ndarray:
                if not kept:
                    leaves[source] = None
                elif leaves[source] is OTHERS:
                    leaves[source] = primal.copy()
                    self.saved += primal.size

    def _leaf(self, value: Any, leaves: list[Any], literal: bool) -> Any:
        """An operand that no step made: its primal, the code, and its size if it is an array. What it brings along is put to
        the leaves. None if it is of another kind."""
        kind = value.__class__
        if kind is DualNumber:
            primal, slope = value.primal, value.slope
            if value.level is not self.level or (primal.__class__ is not float64 and primal.__class__ is not float):
                return None
            leaves.append(primal)
            if slope is None:
                return primal, SCALAR, 0
            if value._label is notes.SEED and slope.ndim and self.directions <= UNROLLED:
                numbers = slope.tolist()
                if numbers.count(0.0) == len(numbers) - 1 and 1.0 in numbers:
                    return primal, SEEDED - numbers.index(1.0), 0
            leaves.append(slope)
            return primal, NUMBER if slope.ndim else SLOPE, 0
        if kind is float or kind is float64 or kind is int:
            if literal:
                return value, LITERAL, 0
            leaves.append(value)
            return value, SCALAR, 0
        if kind is ndarray:
            leaves.append(OTHERS)
            if value.dtype.char == "?" and value.flags.c_contiguous:
                return value, TRUTHS, value.size
            return (value, ARRAY, value.size) if _is_plain(value) else None
        if (kind is DualArray or kind is DeferredArray or kind is PendingArray) and value.level is self.level:
            return self._array(value, leaves)
        return None

    def _array(self, value: Any, leaves: list[Any]) -> Any:
        """The same of a dual array."""
        primal = value.primal
        if primal.__class__ is not ndarray or not _is_plain(primal):
            return None
        leaves.append(OTHERS if notes.is_lent(value) else primal)
        label = value._label
        if label.__class__ is Terms:
            if len(label) == 1 and self.directions <= UNROLLED:
                ((direction, coefficient),) = label.items()
                if direction.__class__ is int and is_one(coefficient):
                    return primal, ALONG - direction, primal.size
            if value.__class__ is DeferredArray:
                return None
        tangent = value.tangent
        if tangent is None:
            return primal, ARRAY, primal.size
        if tangent.__class__ is not ndarray or tangent.dtype is not FLOAT or not tangent[0].flags.c_contiguous:
            return None
        base = Base(None, tangent)
        notes.note(value, base)
        leaves.append(base)
        return primal, WHOLE, primal.size

    def written(self, array: Any) -> None:
        """Before the memory of an array changes: steps keep what was there. Where there are many, others follow in a new place,
        so that loops that write need not look through ever more of them."""
        owner = array if array.base is None else array.base
        places: list[tuple[list[Any], int]] = [(self.leaves, place) for place in range(len(self.leaves))]
        for holder, place in [*places, *((step, 4) for step in self.steps)]:
            each = holder[place]
            if each.__class__ is ndarray and (each is owner or each.base is owner):
                holder[place] = each.copy()
        if len(self.steps) > LONG and self.level.tape is self:
            self._renewed()

    # -- making good -------------------------------------------------------------------------------------------------------

    def tangent(self, step: list[Any], primal: Array) -> Array:
        """The tangent of a step's value."""
        index, first = step[:2]
        steps = self.steps[first : index + 1]
        self.heat.asked += 1
        self.heat.steps += len(steps)
        keys = tuple([each[2] for each in steps])
        directions = self.directions
        key = (directions if directions <= UNROLLED else 0, keys)
        kernel = _kernels.get(key)
        if kernel is None and key not in _kernels and not self.heat.cold:
            kernel = self._made(key)
        if kernel is None:
            return self._by_rules(steps, primal)
        leaves, start = self.leaves, steps[0][3]
        out = np.empty((directions, *primal.shape))
        wholes = [leaves[start + place].dense for place in kernel.wholes]
        arrays = [steps[place][4] for place in kernel.values]
        arrays += [leaves[start + place] for place in kernel.arrays]
        arrays += wholes
        kernel.call(
            *arrays,
            *[leaves[start + place] for place in kernel.scalars],
            out,
            primal.size,
            directions,
            *[each.strides[0] // 8 for each in wholes],
        )
        return out

    def _made(self, key: Any) -> Kernel | None:
        """A new kernel, unless there were too many."""
        self.heat.chains += 1
        if self.heat.chains > MANY:
            self.heat.cold = True
            return None
        with _lock:
            if key not in _kernels:
                _kernels[key] = fusing.made(key[1], self.directions)
        return _kernels[key]

    def _by_rules(self, steps: list[list[Any]], primal: Array) -> Array:
        """The same by the chain rule for terms, step after step."""
        unknown = np.broadcast_to(np.nan, primal.shape)  # what is not needed
        known: dict[int, Terms] = {}
        token = quiet()
        try:
            values: dict[int, Any] = {}
            needed = fusing.needed_of([each[2] for each in steps])
            for number, (index, _, (function, *codes), place, value, light) in enumerate(steps):
                if number not in needed:
                    continue
                primals: list[Any] = []
                terms: list[Any] = []
                row = fusing.row_of(function)
                for code in codes[: len(row.partials)]:
                    if code > 0:
                        own = values[index - code]
                        terms.append(known.get(index - code))
                    else:
                        own = codes[-1] if code == LITERAL else self.leaves[place]
                        terms.append(self._terms(code, place))
                        place += fusing.slots(code)
                    primals.append(unknown if own is None else own)
                values[index] = value = row.function(*primals) if light else value
                if any(each is not None for each in terms):
                    known[index] = deferred.push(row, primals, terms, unknown if value is None else value)
        finally:
            restore(token)
        return expanded(known[steps[-1][0]], primal.shape, primal.dtype)

    def _terms(self, code: int, place: int) -> Terms | None:
        """What varies of a leaf."""
        if code in (SCALAR, ARRAY, LITERAL, TRUTHS):
            return None
        if code <= SEEDED:
            return Terms(self.directions, {(SEEDED if code > ALONG else ALONG) - code: 1.0})
        tangent = self.leaves[place + 1]
        if code == WHOLE:
            return Terms(self.directions, {tangent: 1.0})
        return Terms(self.directions, {Base(None, np.reshape(tangent, -1)): 1.0})


def begin(level: Level, heat: Heat, primals: Any, seeds: Any) -> None:
    """Have the steps of a run written down, if its function is hot."""
    directions = 0
    for primal, seed in zip(primals, seeds, strict=True):
        if seed is not None:
            directions = seed.directions if seed.__class__ is Terms else len(seed)
            if primal.__class__ is not ndarray and primal.__class__ not in (float, float64, int):
                outer = getattr(primal, "level", None)
                if outer is not None and outer.tape is not None:  # of a transform around this one, to which steps are no use
                    outer.tape.heat.cold, outer.tape = True, None
                return
    if directions:
        heat.runs += 1
        level.tape = Tape(level, directions, heat)


def _is_plain(array: Array) -> bool:
    """Whether an array is one of floats that lie one after the other."""
    return bool(array.dtype is FLOAT and array.size and array.flags.c_contiguous)
