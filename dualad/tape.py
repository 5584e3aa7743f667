"""Tape: the recording of one run, which makes nodes and writes down what they do."""

from __future__ import annotations

import operator
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NoRule, caller, refuse
from .graph import CAUGHT, STATIC, Graph, fails, item
from .levels import Level
from .lift import Lifted, refilled, ungrounded
from .lines import Line
from .naming import assigned
from .nodes import Node, NodeArray, NodeScalar, example_of, examples_of, static_bound
from .sizes import VIEWED, is_sized
from .unrolling import clock


class Tape:
    """The recording of one run: its graph, its level, and the arrays from outside that it met."""

    def __init__(self, name: str, level: Level) -> None:
        self.graph, self.level = Graph(name), level
        self.met: dict[int, tuple[Any, Any, Line]] = {}  # by identity: the array, what was in it then, its line
        self.written: set[Line] = set()  # of arrays that changed while they were in use
        self.told = False  # whether text was made of values

    def node(self, line: Line, example: Any) -> Any:
        """The node of the kind that its example asks for."""
        new: Any = object.__new__(NodeArray if isinstance(example, np.ndarray) else NodeScalar)
        new.tape, new.level, new.example, new._line = self, self.level, example, line
        if new.__class__ is NodeArray:
            new._base = new._recipe = new._seen = None
            new._born = next(clock)
        return new

    def constant(self, array: Any) -> Line:
        """The line of an array from outside, or of a lifted one of an outer transform."""
        known = self.met.get(id(array))
        if known is not None:
            if isinstance(array, Lifted) or array.tobytes() == known[1].tobytes():
                return known[2]
            self.written.add(known[2])
        snapshot = array if isinstance(array, Lifted) else np.array(array, order="K")
        line = self.graph.input(snapshot if not isinstance(array, Lifted) else example_of(array), f"c{len(self.graph.hidden)}")
        self.graph.hidden[line] = snapshot
        self.met[id(array)] = (array, snapshot, line)
        return line

    def close(self, names: dict[int, str]) -> set[int]:
        """Arrays from outside are used as they are at each call; those that the function itself filled, as they were, and
        those that nobody holds any more are constants. Some have names, by their identity; which were met is told so too."""
        used = {id(each) for array, _, _ in self.met.values() for each in (array, getattr(array, "base", None))}
        self._name(names)
        met = [each for each in self.met.values() if not isinstance(each[0], Lifted)]
        self.met.clear()
        held = _held([array for array, _, _ in met])
        for place, (array, snapshot, line) in enumerate(met):
            if not held[place] or line in self.written or array.tobytes() != snapshot.tobytes():
                self.graph.hidden[line].flags.writeable = False
            else:
                self.graph.hidden[line] = array
        for line in self.written:
            self.graph.hidden[line].flags.writeable = False
        return used

    def _name(self, names: dict[int, str]) -> None:
        """Let lines of arrays from outside have the names of these, or of what they are views of."""
        for array, _, line in self.met.values():
            part = names.get(id(getattr(array, "base", None)))
            line.name = names.get(id(array)) or (f"{part}[...]" if part else line.name)

    def lines_of(self, value: Any) -> Any:
        """Arguments with lines in place of nodes and of arrays from outside."""
        if isinstance(value, Lifted):
            value = ungrounded(value)
        if isinstance(value, Node) and value.tape is self:
            value.level.require_alive()
            return value.line
        if isinstance(value, Lifted):  # of an outer recording too
            value.level.require_alive()
            return self.constant(value)
        if isinstance(value, np.ndarray):
            return self.constant(value)
        if isinstance(value, (tuple, list)):
            return refilled(value, [self.lines_of(each) for each in value])
        if isinstance(value, dict):
            return {key: self.lines_of(each) for key, each in value.items()}
        if isinstance(value, slice):
            return slice(*map(static_bound, (value.start, value.stop, value.step)))
        return value

    def call(self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], weak: bool = False) -> Any:
        """Run a function on the examples, and write it down."""
        if function in VIEWED:
            args, keywords = (*args[:1], *map(_static, args[1:])), {key: _static(each) for key, each in keywords.items()}
        if "raise" in np.geterr().values():
            raise NoRule("np.errstate(...='raise') in a recorded function: a program does not raise; look at the values")
        try:
            value = function(*examples_of(args), **examples_of(keywords))
        except CAUGHT:
            self.failed(function, args, keywords)
            raise
        if weak and isinstance(value, np.inexact):
            value = value.item()
        if function in STATIC or value is None or isinstance(value, (str, np.dtype, type)):
            self.told = self.told or isinstance(value, str)
            return value
        if isinstance(value, (tuple, list)) and not any(isinstance(each, (np.ndarray, np.generic)) for each in value):
            return value
        line = self.graph.emit(function, self.lines_of(args), self.lines_of(keywords), value)
        line.name = line.name or assigned()
        if is_sized(line):
            several = isinstance(value, (tuple, list))
            parts = [self.graph.emit(item, (line, i), {}, v) for i, v in enumerate(value)] if several else [line]
            self.graph.sizes |= dict.fromkeys(each for each in parts if each.kind != "structure")
        return self.wrapped(value, line, [each for each in _arrays_in((args, keywords)) if each.tape is self])

    def failed(self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        """Note that a call has raised: if somebody catches that, it is a decision."""
        line = self.graph.emit(fails, self.lines_of((function, *args)), self.lines_of(keywords), np.True_)
        self.graph.guard(line, True, caller())

    def wrapped(self, value: Any, line: Line, sources: list[NodeArray]) -> Any:
        """NumPy's answer as nodes."""
        if isinstance(value, (tuple, list)):
            parts = [self.wrapped(v, self.graph.emit(item, (line, i), {}, v), sources) for i, v in enumerate(value)]
            return refilled(value, parts)
        if isinstance(value, (bool, int)):
            self.graph.guard(line, value, caller())
            return value
        if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
            refuse(f"an operation that gives a {type(value).__name__}", "compute with plain arrays")
        if not isinstance(value, (np.ndarray, np.generic, float, complex)):
            raise NoRule(f"{line.function}, called at {caller()}, gives a {type(value).__name__}, which cannot be recorded")
        node = self.node(line, value)
        if isinstance(value, np.ndarray):
            for source in sources:
                if value is source.example or (value.base is not None and np.may_share_memory(value, source.example)):
                    node._base, node._recipe, node._seen = source, (line, source.line), source.line
                    break
        return node


def _static(value: Any) -> Any:
    """Integers, also in a tuple or list, as the constants that they are from now on."""
    if isinstance(value, (tuple, list)):
        return type(value)(map(_static, value))
    return operator.index(value) if isinstance(value, NodeScalar) and value.dtype.kind in "iu" else value


def _held(arrays: list[Any]) -> list[bool]:
    """Whether somebody else holds an array, what it is a view of, or another view of that. The caller holds each of them in a
    tuple and in this list."""
    known: dict[int, Any] = {}
    roots: list[int] = []  # by place, the identity of what an array is a view of in the end
    explained: Counter[int] = Counter()
    for place in range(len(arrays)):
        each = arrays[place]
        explained[id(each)] += 2
        while isinstance(each, np.ndarray):
            if id(each) not in known:
                known[id(each)] = each
                explained[id(each.base)] += 1
            root, each = id(each), each.base
        roots.append(root if each is None else 0)  # memory that is not NumPy's own
    nobody = np.empty(0)
    known[id(nobody)], own = nobody, id(nobody)
    each = None
    del nobody
    counts = {number: sys.getrefcount(array) - explained[number] for number, array in known.items()}
    held = {0}
    for number, array in known.items():
        if counts[number] > counts[own]:
            while array.base is not None and isinstance(array.base, np.ndarray):
                array = array.base
            held.add(id(array))
    return [root in held for root in roots]


def _arrays_in(values: Any) -> list[NodeArray]:
    found: list[NodeArray] = []
    for value in values.values() if isinstance(values, dict) else values:
        if isinstance(value, Lifted):
            value = ungrounded(value)
        if isinstance(value, NodeArray):
            found.append(value)
        elif isinstance(value, (tuple, list, dict)):
            found += _arrays_in(value)
    return found
