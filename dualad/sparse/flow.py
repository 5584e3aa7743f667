"""Index sets that flow through a graph.

What flows are tangents. The graph is that of a derivative along a direction, so every line on the way from the direction to the
result is linear in it, and of NumPy's many functions a few are left: products with something that does not flow, sums, moves.
A rule says of such a function which elements of its result depend on which elements of its arguments. What has no rule depends
on everything.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..graph import Graph, computed, item
from ..lines import Line, lines_in, replaced
from ..rules.groups import rule_of
from ..rules.table import Constant
from .sets import Masked, Sets, either, numbered, placed, repeated, united

FlowRule: TypeAlias = "Callable[[Flow, Line], Any]"
RULES: dict[Any, FlowRule] = {}
"""By function; a rule may give None, which stands for not knowing."""

METHODS: dict[str, FlowRule] = {}
"""By the name of a ufunc's method."""


def flows(*functions: Any) -> Callable[[FlowRule], FlowRule]:
    """Enter the rule of functions; a text is the name of a ufunc's method."""

    def enter(rule: FlowRule) -> FlowRule:
        for each in functions:
            (METHODS if isinstance(each, str) else RULES)[each] = rule
        return rule

    return enter


class Flow:
    """The sets of the lines of a graph.

    Parameters
    ----------
    graph
        Of a function that is linear in the lines of `seeds`.
    seeds
        The sets of the lines from which everything flows.
    varying
        Inputs that have other values at another call.
    values
        Inputs that have not, with their values: they are looked at where they decide which elements are taken. Arrays from
        outside are too, and are noted in `looked`.
    """

    def __init__(self, graph: Graph, seeds: dict[Line, Sets], varying: Iterable[Line], values: dict[Line, Any]) -> None:
        self.graph, self.columns = graph, next(iter(seeds.values())).shape[1]
        self._sets: dict[Line, Any] = dict(seeds)
        self._values = dict(values)
        self._varying = {*varying, *seeds}
        self.looked: set[Line] = set()

    def run(self, lines: Iterable[Line]) -> None:
        """Find the sets of lines, given in order."""
        for line in lines:
            if line.function is None or line in self._sets:
                continue
            inputs = {*line.inputs()}
            if not inputs.isdisjoint(self._varying):
                self._varying.add(line)
            if any(self._sets.get(each) is not None for each in inputs):
                self._sets[line] = self._found(line)

    def _found(self, line: Line) -> Any:
        function = line.function
        if function is item:
            whole, index = line.args
            parts = self._sets[whole]
            return parts[index] if isinstance(parts, list) else repeated(parts, prod(line.shape))
        if (line.kind != "structure" and line.dtype.kind not in "fc") or isinstance(_row(function), Constant):
            return None
        if isinstance(getattr(function, "__self__", None), np.ufunc):
            rule = METHODS.get(function.__name__, dense)  # type: ignore[union-attr]  # a method is no None
        else:
            element = isinstance(function, np.ufunc) and function.signature is None
            rule = RULES.get(function) or (elementwise if element else dense)
        found = rule(self, line)
        return dense(self, line) if found is None else found

    # -- what rules ask ----------------------------------------------------------------------------------------------------

    def raw(self, value: Any) -> Any:
        """The sets of a line as they are kept, which may be `Masked`; None where nothing flows."""
        return self._sets.get(value) if isinstance(value, Line) else None

    def flowing(self, value: Any) -> bool:
        """Whether anything flows in a line."""
        return self.raw(value) is not None

    def sets(self, value: Any) -> Sets:
        """The sets of a line in which something flows, a row for every element."""
        found = self.raw(value)
        return repeated(found.sets, prod(value.shape)) if isinstance(found, Masked) else found

    def varies(self, value: Any) -> bool:
        """Whether anything in a value may be another one at another call."""
        return any(line in self._varying for line in lines_in(value))

    def value(self, value: Any) -> Any:
        """The same containers with values in place of lines, none of which varies."""
        return replaced(value, self._value)

    def _value(self, line: Line) -> Any:
        if line in self.graph.hidden:
            self.looked.add(line)
            return self.graph.hidden[line]
        if line not in self._values:
            self._values[line] = computed(line, {each: self._value(each) for each in line.inputs()})
        return self._values[line]


def _row(function: Any) -> Any:
    try:
        return rule_of(function)
    except TypeError:  # without a hash
        return None


def dense(flow: Flow, line: Line) -> Any:
    """Every element depends on everything; of a structure, one row that each element of each part has."""
    union: Any = None
    for each in line.inputs():
        found = flow.raw(each)
        for sets in found if isinstance(found, list) else [found]:
            if sets is not None:
                union = either(union, united(sets.sets if isinstance(sets, Masked) else sets))
    return union if line.kind == "structure" else repeated(union, prod(line.shape))


@flows(operator.pow, np.nan_to_num, np.angle)
def elementwise(flow: Flow, line: Line) -> Any:
    """An element depends on those that it is computed of."""
    operands = [each for each in line.args if flow.flowing(each)]
    union: Any = None
    if (key := _common_mask(flow, line, operands)) is not None:
        full = next(flow.raw(each).sets.shape[0] for each in operands if isinstance(flow.raw(each), Masked))
        for each in operands:
            sets = flow.raw(each)
            union = either(union, sets.sets if isinstance(sets, Masked) else repeated(sets, full))
        return Masked(union, key)
    count = len(line.shape)
    for each in operands:
        labels = [axis if length == line.shape[axis] else -1 - axis for axis, length in _right(each.shape, count)]
        union = either(union, placed(flow.sets(each), numbered(each.shape), labels, line.shape, range(count)))
    return union


def _right(shape: tuple[int, ...], count: int) -> list[tuple[int, int]]:
    """Axes of a shape, numbered as those of a result of so many axes, with their lengths."""
    return list(enumerate(shape, count - len(shape)))


def _common_mask(flow: Flow, line: Line, operands: list[Line]) -> Line | None:
    """The mask by which all operands were taken, but for those that are one number; None if there is none, or several."""
    keys = set()
    if not any(isinstance(flow.raw(each), Masked) for each in operands):
        return None
    for each in operands:
        sets = flow.raw(each)
        size = prod(each.shape)
        if isinstance(sets, Masked) and size == prod(line.shape):
            keys.add((sets.key, sets.sets.shape[0]))
        elif isinstance(sets, Masked) or sets.nnz != size * united(sets).nnz:  # every element must have the same set
            return None
    return keys.pop()[0] if len(keys) == 1 else None


@flows(np.real, np.imag, np.astype, np.array, np.asarray, np.asanyarray, np.ascontiguousarray)
def same(flow: Flow, line: Line) -> Any:
    """Another dtype, or a part of complex numbers."""
    return flow.raw(line.args[0]) if line.args and flow.flowing(line.args[0]) else None
