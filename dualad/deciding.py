"""Whether a program goes the way that NumPy would go, and flags tell whatever NumPy would say: then it may run without being
asked for."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from .compile import Program
from .expressions import ARITHMETIC, COMPARISONS, TRUTHS
from .graph import cast, item, scattered, written
from .lines import Line, lines_in
from .views import VIEWS

EXACT = frozenset(
    [
        *(*ARITHMETIC, *COMPARISONS, *TRUTHS, np.where, np.clip),
        *(np.max, np.min, np.amax, np.amin, np.any, np.all, np.argmax, np.argmin, np.sort, np.argsort),
        *(np.stack, np.concatenate, np.array, operator.getitem, item, cast, written, scattered, *VIEWS),
    ]
)
"""Functions whose answer has but one rounding, which is the same everywhere, or none."""

SUMS = EXACT - {np.multiply, np.divide, np.sqrt, np.square, np.absolute, np.reciprocal}
"""The same of complex numbers."""

DIVISIONS = frozenset((np.floor_divide, np.remainder, np.fmod, np.divmod))
"""Functions that have something to say of whole numbers, if these are zero."""

MEANS = frozenset((np.mean, np.var, np.std))
"""Functions that warn of what is too few."""

ROUGH = frozenset((np.isnan, np.isinf, np.isfinite))
"""Functions that do not ask for the last bit."""


def _exact(line: Line, known: dict[Line, bool], inputs: bool) -> bool:
    """Whether a line has the same value whoever computes it; `inputs` says so of the inputs."""
    pending = [line]
    while pending:
        each = pending[-1]
        exact = inputs if each.function is None else each.function in ROUGH
        if not exact and each.function in (SUMS if _is_complex(each) else EXACT):
            left = [one for one in each.inputs() if one not in known]
            if left:
                pending += left
                continue
            exact = all(map(known.__getitem__, each.inputs()))
        known[each] = exact
        pending.pop()
    return known[line]


def _is_complex(line: Line) -> bool:
    return line.dtype.kind == "c" or any(each.dtype.kind == "c" for each in line.inputs())


def _is_told(line: Line) -> bool:
    """Whether flags tell what NumPy would say of a line: of whole numbers they do not, nor of what has no mean."""
    whole = line.dtype.kind in "iu"
    if line.function in MEANS:
        few = line.keywords.get("ddof", 0)
        given = [each for each in line.inputs() if each.kind == "array"][:1]
        return not isinstance(few, Line) and all(prod(each.shape) > few * prod(line.shape) for each in given)
    if line.function in DIVISIONS and (whole or line.kind == "structure"):
        return not isinstance(line.args[-1], Line) and bool(np.all(line.args[-1]))
    return not (whole and line.kind == "scalar" and isinstance(line.function, np.ufunc))


def decided(program: Program, in_blocks: bool) -> bool:
    """Whether the program goes the way that NumPy would go and has as much to say, and no table of places, which may name one
    several times, is written at: which value stays depends on how they lie in memory. In blocks it may not decide by values
    at all."""
    graph = program.whole or program.graph
    known: dict[Line, bool] = {}
    tables = [each for line in graph.lines if line.function is written for each in lines_in(line.args[1])]
    if any(len(each.shape) > 1 and each.dtype.kind in "iu" for each in tables):
        return False
    return all(_exact(guard.line, known, not in_blocks) for guard in graph.guards) and all(map(_is_told, graph.lines))


def held(program: Program) -> int:
    """How many numbers a program holds on to."""
    arrays = [program.graph.hidden[line] for line in program.hidden]
    return sum(size for each in arrays for size, stride in [(np.size(each), np.asarray(each).strides)] if any(stride))


def unused(tape: Any, lines: list[Line]) -> list[Any]:
    """What none of these lines uses, as nodes of a tape: NumPy warns of it all the same."""
    used: set[Line] = set()
    found = []
    for line in reversed(lines):
        if line not in used and (line.function in VIEWS or line.function in (operator.getitem, item)):
            continue
        if line not in used and line.kind != "structure" and line.dtype.kind in "fc":
            example = np.zeros(line.shape, line.dtype)
            found.append(tape.node(line, example if line.kind == "array" else example[()]))
        used.update(line.inputs())
    return found


def is_mixed(program: Program) -> bool:
    """Whether NumPy works between the kernels of a program, or afterwards."""
    return "step" in program.plan.roles.values() or not all(isinstance(each.outcome, bool) for each in program.graph.guards)
