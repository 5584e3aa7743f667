"""What the functions that a solver is given do, as graphs that run on duals; and values taken apart into arrays."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dual import Dual, dual
from ..errors import NoRule, caller
from ..graph import Graph, cast, fresh, outcome_of
from ..levels import Level
from ..lift import Lifted, is_recorded, leaves, memory, refilled
from ..lines import kind_of, replaced, same
from ..nodes import Node, example_of
from ..objects import holds_lifted, lift_objects
from ..recording import recorded
from ..rules.table import innermost
from ..structural import plain
from ..trees import flatten, tree_map, unflatten
from ..watching import watching

WAYS = 64
"""So many ways through one function are recorded for one call of a solver."""


class Recorded(Exception):
    """A function gave a value of which is written down what is done with it, by a recording of this level."""

    def __init__(self, level: Level) -> None:
        super().__init__()
        self.level = level


class Opaque(Exception):
    """Tangents of a level are recorded themselves, so that their numbers cannot be integrated."""

    def __init__(self, level: Level) -> None:
        super().__init__()
        self.level = level


class Unseen(Exception):
    """One of these functions sees something from outside that was not known yet."""

    def __init__(self, functions: list[Ways]) -> None:
        super().__init__()
        self.functions = functions


class Elsewhere(Exception):
    """A function would go a way that is not recorded."""


def writes_down(value: Any) -> bool:
    """Whether anything in a value is recorded."""
    return any(is_recorded(gathered(each)) for each in leaves((value,)))


def gathered(value: Any) -> Any:
    """An array of objects that are lifted as one lifted array; anything else as it is."""
    return lift_objects(value) if isinstance(value, np.ndarray) and holds_lifted(value) else value


# -- values taken apart ----------------------------------------------------------------------------------------------------


class Leaf(NamedTuple):
    """The place of a plain or recorded value among those that a description leaves out."""

    place: int


class Pair(NamedTuple):
    """A dual number without its numbers."""

    level: int  # its place among the levels, from the lowest
    primal: Any
    tangent: Any


def apart(value: Any, levels: Sequence[Level], found: list[Any], numbers: bool = False) -> Any:
    """A description of a value, and beside it in `found` the arrays of which it is made: dual numbers of `levels` are pairs of
    those. With `numbers`, numbers are arrays as well, and objects that nothing is known of are None."""
    value = gathered(value)
    if isinstance(value, Dual) and value.level in levels:
        tangent = None if value.tangent is None else apart(plain(value.tangent), levels, found)
        return Pair(levels.index(value.level), apart(value.primal, levels, found, numbers), tangent)
    if isinstance(value, (Lifted, np.ndarray)) or (numbers and isinstance(value, (bool, int, float, complex, np.generic))):
        found.append(np.asarray(value)[()] if isinstance(value, (bool, int, float, complex)) else value)
        return Leaf(len(found) - 1)
    if type(value) is tuple or type(value) is list:
        return refilled(value, [apart(each, levels, found, numbers) for each in value])
    if isinstance(value, dict):
        return replaced_items(value, {name: apart(each, levels, found, numbers) for name, each in value.items()})
    return value if not numbers or isinstance(value, (str, type(None))) else None


def together(description: Any, levels: Sequence[Level], found: Sequence[Any]) -> Any:
    """The inverse of `apart`."""
    if isinstance(description, Leaf):
        return found[description.place]
    if isinstance(description, Pair):
        tangent = None if description.tangent is None else together(description.tangent, levels, found)
        return dual(together(description.primal, levels, found), tangent, levels[description.level])
    if type(description) is tuple or type(description) is list:
        return refilled(description, [together(each, levels, found) for each in description])
    if isinstance(description, dict):
        return replaced_items(description, {name: together(each, levels, found) for name, each in description.items()})
    return description


def replaced_items(container: dict[str, Any], items: dict[str, Any]) -> dict[str, Any]:
    """The same kind of dictionary, one of SciPy's results for instance, with other items."""
    new = copy.copy(container)
    new.update(items)
    return new


def lifted_in(value: Any) -> Iterator[Any]:
    """The dual numbers and the recorded values in a value, at all depths."""
    for each in leaves((value,)):
        each = gathered(each)
        if isinstance(each, Lifted):
            yield each
        if isinstance(each, Dual):
            yield from lifted_in((each.primal, plain(each.tangent)))  # a solver knows no zeros of the second look


def recording(value: Any) -> Any:
    """The recorded value in a value that belongs to the innermost recording."""
    return max((each for each in lifted_in(value) if isinstance(each, Node)), key=lambda node: node.level)


def exampled(value: Any, above: Level) -> Any:
    """A value for which the program is recorded: of dual numbers inside the recording those of examples, else the example."""
    value = gathered(value)
    if not isinstance(value, Dual) or value.level < above:
        return example_of(value)
    tangent = None if value.tangent is None else exampled(value.tangent, above)
    return dual(exampled(value.primal, above), tangent, value.level)


# -- functions as graphs ---------------------------------------------------------------------------------------------------


class Ways:
    """What a function of the user's does, as graphs: one for each way that it took."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.graphs = f, list[tuple[Graph, list[Any]]]()

    def outside(self) -> Iterator[Any]:
        """The lifted values that it sees from outside."""
        for graph, _ in self.graphs:
            yield from (held for held in graph.hidden.values() if isinstance(held, Lifted))

    def along(self, args: tuple[Any, ...], keywords: dict[str, Any], seen: Callable[[Any], Any]) -> Any:
        """The answer along a recorded way, `seen` giving values for what is seen from outside."""
        found, structure = flatten((args, keywords))
        for graph, live in self.graphs:
            if graph.arguments == structure and all(map(_fits, found, graph.inputs, graph.statics)):
                try:
                    return computed(graph, live, found, seen)
                except Elsewhere:
                    continue
        raise Elsewhere

    def onward(self, args: tuple[Any, ...], keywords: dict[str, Any], seen: Callable[[Any], Any]) -> Any:
        """The same while the program is recorded: a way that is not known yet becomes so."""
        try:
            return self.along(args, keywords, seen)
        except Elsewhere:
            if len(self.graphs) >= WAYS:
                raise NoRule(
                    f"a solver of dualad.scipy, called at {caller()}, cannot be recorded: its function takes more than {WAYS} "
                    "ways, depending on values"
                ) from None
            with watching(None):  # whoever wants no tangents now may want them of the same graph later
                graph = recorded(self.f, tree_map(memory, args), tree_map(memory, keywords))
            self.graphs.append((graph, graph.live()))
        return self.along(args, keywords, seen)


def _fits(value: Any, line: Any, static: Any) -> bool:
    """Whether an argument is like the one that a graph was recorded with."""
    if line is None:
        return same(value, static)
    kind, shape, dtype = kind_of(memory(value))
    return (shape, dtype) == (line.shape, line.dtype) and (kind == line.kind or "array" not in (kind, line.kind))


def computed(graph: Graph, live: list[Any], arguments: list[Any], seen: Callable[[Any], Any]) -> Any:
    """What a graph gives for arguments that may be lifted."""
    values = {line: seen(held) if isinstance(held, Lifted) else held for line, held in graph.hidden.items()}
    for line, each in zip(graph.inputs, arguments, strict=True):
        if line is not None:
            values[line] = each.item() if line.kind == "number" and isinstance(each, np.generic) else each
    guards = list(graph.guards)
    for line in live:
        while guards and guards[0].before <= line.number and guards[0].line in values:
            _hold(guards.pop(0), values)
        if line.function is cast and isinstance(values[line.args[0]], Lifted):
            values[line] = values[line.args[0]].astype(line.args[1])
        elif line.function is not None:
            values[line] = line.function(
                *replaced(line.args, values.__getitem__), **replaced(line.keywords, values.__getitem__)
            )
        if line.kind != "structure" and np.shape(values[line]) != line.shape:
            raise Elsewhere
    for guard in guards:
        _hold(guard, values)
    return unflatten(graph.structure, [fresh(replaced(leaf, values.__getitem__)) for leaf in graph.outputs])


def _hold(guard: Any, values: dict[Any, Any]) -> None:
    if not same(outcome_of(innermost(values[guard.line]), guard.outcome), guard.outcome):
        raise Elsewhere


def bound(ways: Ways, call: Callable[[tuple[Any, ...], dict[str, Any]], Any]) -> Callable[..., Any]:
    """A function in the place of the user's, with its name, its parameters and what else it is known by."""

    @functools.wraps(ways.f, updated=())
    def function(*args: Any, **keywords: Any) -> Any:
        return call(args, keywords)

    for name in ("terminal", "direction"):  # of an event
        if hasattr(ways.f, name):
            setattr(function, name, getattr(ways.f, name))
    return function


def mapped(value: Any, make: Callable[[Any], Any]) -> Any:
    """The same tuples, lists and dictionaries of other items."""
    if type(value) is tuple or type(value) is list:
        return refilled(value, [mapped(each, make) for each in value])
    if isinstance(value, dict):
        return replaced_items(value, {name: mapped(each, make) for name, each in value.items()})
    return make(value)


def noted(value: Any, functions: list[Ways]) -> Any:
    """Arguments with the ways of functions in their place."""

    def note(value: Any) -> Any:
        if not callable(value) or isinstance(value, (type, Lifted)):
            return value
        functions.append(Ways(value))
        return functions[-1]

    return mapped(value, note)


def with_functions(given: Any, call: Callable[[Ways], Callable[..., Any]]) -> Any:
    """Arguments with functions in the place of their ways again."""
    return mapped(given, lambda each: bound(each, call(each)) if isinstance(each, Ways) else each)
