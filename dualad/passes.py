"""Passes over graphs: the same values from fewer lines.

Each takes a graph and gives another one. What is left out is exact for every number, infinities, nan and the sign of zero
included: ``x * 1`` is x, but ``x * 0`` is not 0, ``x - x`` is not 0, and ``x + 0.0`` is not x when x is -0.0. Common
subexpressions need no pass, as the same call is the same line from the start; lines that nothing needs are not carried over.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .graph import Graph, cast, computed
from .lines import Line
from .stencils import sliced_inside

SMALL = 2**16
"""Constants with more elements are left to be computed, not kept."""

FILLED: dict[Any, float] = {np.zeros_like: 0.0, np.ones_like: 1.0}
MOVES = frozenset(
    [
        *(np.reshape, np.ravel, np.transpose, np.matrix_transpose, np.squeeze, np.expand_dims, np.broadcast_to),
        *(np.moveaxis, np.swapaxes, np.copy, np.positive, np.real, np.conjugate, operator.getitem, cast, np.atleast_1d),
    ]
)
"""Functions that give their argument as it is if the result has its shape, and no elements changed places."""


def cleaned(graph: Graph) -> Graph:
    """Without the lines that nothing needs."""
    return graph.rewritten(lambda new, line: None)


def folded(graph: Graph) -> Graph:
    """With what depends on constants alone computed now. An array from outside is no constant: it may change."""
    asked = any(
        each in ("K", "A") for line in graph.lines for each in (*line.args, *line.keywords.values()) if type(each) is str
    )
    return graph if asked else graph.rewritten(_fold)  # then how arrays lie in memory counts


def simplified(graph: Graph) -> Graph:
    """Without steps that give what they are given."""
    return graph.rewritten(_simplify)


PASSES: tuple[Callable[[Graph], Graph], ...] = (cleaned, folded, simplified)


def optimised(graph: Graph) -> Graph:
    """All passes, one after the other; then cheap lines as often as loops need them, and not through memory."""
    for each in PASSES:
        graph = each(graph)
    return simplified(sliced_inside(graph))


def constant_of(graph: Graph, line: Any) -> Any:
    """The array or number that a line, or an argument, always is; None if it varies."""
    if not isinstance(line, Line):
        return line if isinstance(line, (int, float, complex, np.ndarray, np.generic)) else None
    held = graph.hidden.get(line)
    each = held
    while isinstance(each, np.ndarray) and not each.flags.writeable:
        each = each.base
    return held if each is None else None


def constant_line(graph: Graph, value: Any) -> Line:
    """A line for a constant array."""
    array = np.array(value)
    array.flags.writeable = False
    key = (array.dtype, array.shape, array.tobytes())
    if key not in graph.constants:
        graph.constants[key] = line = graph.input(array, f"c{len(graph.hidden)}")
        graph.hidden[line] = array
    return graph.constants[key]


def _fold(graph: Graph, line: Line) -> Line | None:
    if line.kind != "array" or line.dtype.kind not in "biufc" or prod(line.shape) > SMALL:
        return None
    if line.function in FILLED and len(line.args) == 1:
        return constant_line(graph, np.full(line.shape, FILLED[line.function], line.dtype))
    inputs = list(line.inputs())
    if not inputs or line.function == np.empty_like:
        return None
    values = {each: constant_of(graph, each) for each in inputs}
    if any(value is None for value in values.values()):
        return None
    with np.errstate(all="ignore"):
        return constant_line(graph, computed(line, values))


def _simplify(graph: Graph, line: Line) -> Line | None:
    function, args = line.function, line.args
    first: Any = args[0] if args else None
    if function in MOVES and isinstance(first, Line) and _alike(first, line):
        if function is np.conjugate and line.dtype.kind == "c":
            return None
        if function in (
            np.copy,
            np.positive,
            np.reshape,
            np.ravel,
            np.broadcast_to,
            np.atleast_1d,
            np.real,
            np.conjugate,
            cast,
        ):
            return first
        if function is operator.getitem and all(each == slice(None) or each is Ellipsis for each in _parts(args[1])):
            return first
        if line.shape.count(1) >= len(line.shape) - 1 and function is not operator.getitem:
            return first  # axes of one element may change places
    if function is np.negative and isinstance(first, Line) and first.function is np.negative:
        return first.args[0] if _alike(first.args[0], line) else None
    if function in (np.transpose, np.matrix_transpose) and _only(line) and _only(first) and first.function is function:
        return first.args[0]
    if function is np.matmul and not line.keywords and line.kind == "array":
        return _turned_product(graph, line)
    neutral = NEUTRAL.get(function)
    if neutral is None or len(args) != 2 or line.keywords or line.dtype.kind == "c":
        return None  # (inf + 1j) * 1 has an imaginary part of nan
    for place, number in neutral:
        other = args[1 - place]
        if isinstance(other, Line) and _is(constant_of(graph, args[place]), number):
            if _alike(other, line):
                return other
            if other.kind == line.kind == "array" and other.dtype == line.dtype and _only_more_axes(other.shape, line.shape):
                return graph.emit(np.reshape, (other, line.shape), {}, np.empty(line.shape, line.dtype))
    return None


def _turned_product(graph: Graph, line: Line) -> Line | None:
    """The transpose of a product that is there already, where a line is the product of the transposes."""
    if not all(isinstance(each, Line) and len(each.shape) >= 2 for each in line.args):
        return None
    for one in _turned(graph, line.args[1]):
        for other in _turned(graph, line.args[0]):
            known = graph.known(np.matmul, (one, other))
            if known is None or known is line or known.dtype != line.dtype:
                continue
            if (*known.shape[:-2], known.shape[-1], known.shape[-2]) == line.shape:
                return graph.emit(np.swapaxes, (known, -1, -2), {}, np.empty(line.shape, line.dtype))
    return None


def _turned(graph: Graph, line: Line) -> list[Line]:
    """The lines that are known to be a line with its last two axes exchanged."""
    axes = tuple(range(len(line.shape)))
    forms = [
        (np.swapaxes, -1, -2),
        (np.swapaxes, -2, -1),
        (np.matrix_transpose,),
        (np.transpose, (*axes[:-2], axes[-1], axes[-2])),
    ]
    forms += [(np.transpose,)] if len(axes) == 2 else []
    found = [known for function, *rest in forms if (known := graph.known(function, (line, *rest))) is not None]
    if any(line.function is function and list(line.args[1:]) == rest for function, *rest in forms) and not line.keywords:
        found.append(line.args[0])
    return found


def assumed(graph: Graph) -> Graph | None:
    """The graph with guards that need less: of two truths that are not to hold both, the first one alone. Whether tangents
    have nan where the value has none, is asked so, and tangents may not need the value at all. None if a guard is another."""
    guards = []
    for guard in graph.guards:
        both = guard.line.args
        if guard.line.function is not np.bitwise_and or guard.outcome is not False or not isinstance(both[0], Line):
            return None
        guards.append(guard._replace(line=both[0]))
    if not guards:
        return None
    new = copy.copy(graph)
    new.guards = guards
    return cleaned(new)


NEUTRAL: dict[Any, tuple[tuple[int, float], ...]] = {
    np.multiply: ((0, 1.0), (1, 1.0)),
    np.divide: ((1, 1.0),),
    np.add: ((0, -0.0), (1, -0.0)),
    np.subtract: ((1, 0.0),),
    np.power: ((1, 1.0),),
    operator.pow: ((1, 1.0),),
}
"""Which operand, if it is this number throughout, leaves the other one as it is."""


def _is(constant: Any, number: float) -> bool:
    if constant is None or not np.size(constant):
        return False
    return bool(np.all(constant == number)) and (number != 0 or bool(np.all(np.signbit(constant) == np.signbit(number))))


def _alike(one: Any, other: Line) -> bool:
    return isinstance(one, Line) and (one.kind, one.shape, one.dtype) == (other.kind, other.shape, other.dtype)


def _only_more_axes(inner: tuple[int, ...], outer: tuple[int, ...]) -> bool:
    return (1,) * (len(outer) - len(inner)) + inner == outer


def _parts(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _only(line: Any) -> bool:
    """Whether a line's call has one argument, another line, and nothing else."""
    return len(line.args) == 1 and not line.keywords and isinstance(line.args[0], Line)
