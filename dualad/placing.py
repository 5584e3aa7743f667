"""Where values lie: what is written into an array stays where that is, if nothing needs the old one, and small values that go
from kernel to kernel share an array."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from .graph import written
from .lines import Line, lines_in
from .views import size_of


class Overwriting(NamedTuple):
    """A write in place: the line whose memory it is, and those that read there before."""

    root: Line
    readers: list[Line]


def overwritings(plan: Any) -> dict[Line, Overwriting]:
    """The lines of a plan that write in place: into what was joined by the same kernel, which all other lines that need it read
    earlier, in that kernel too."""
    readers: dict[Line, list[Line]] = {}
    for line in plan.live:
        if plan.roles[line] != "view":
            for each in line.inputs():
                readers.setdefault(plan.map[each].base, []).append(line)
    needed = {plan.map[each].base for each in [*lines_in(plan.graph.outputs), *(guard.line for guard in plan.graph.guards)]}
    found: dict[Line, Overwriting] = {}
    for line in plan.live:
        if line.function is not written or plan.roles[line] != "join":
            continue
        array, _, value = line.args
        stage = plan.stage[line]
        if not isinstance(array, Line) or plan.roles[array] != "join" or plan.stage[array] != stage or array in needed:
            continue
        if (array.dtype, array.shape) != (line.dtype, line.shape):
            continue
        if isinstance(value, Line) and plan.map[value].base is array and size_of(value) > 1:
            continue  # it may read what it writes
        others = [each for each in readers[array] if each is not line]
        if all(each.number < line.number and plan.inside(each, stage) for each in others):
            found[line] = Overwriting(found[array].root if array in found else array, others)
    return found


SMALL, SEVERAL = 64, 16
"""Elements of a value that lies in one array with others, and how many there are at least: a kernel with a thousand parameters
takes LLVM longer than all else in it, and each array is made at each call."""


def packings(plan: Any, between: Iterable[Line]) -> dict[Line, tuple[Line, int]]:
    """By line that only later kernels need the line of an array in which it lies with others, and where it begins there."""
    groups: dict[tuple[int, str], list[Line]] = {}
    for line in between:
        if size_of(line) <= SMALL and plan.roles[line] != "product":
            groups.setdefault((plan.stage[line], line.dtype.char), []).append(line)
    found: dict[Line, tuple[Line, int]] = {}
    for lines in groups.values():
        if len(lines) >= SEVERAL:
            starts = [0, *accumulate(map(size_of, lines))]
            pack = Line(None, (), {}, np.empty(starts[-1], lines[0].dtype))
            pack.name = "between"
            found |= {line: (pack, start) for line, start in zip(lines, starts, strict=False)}
    return found
