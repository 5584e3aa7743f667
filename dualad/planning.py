"""A plan for a graph: which lines run together in one compiled kernel, in which loops, and what NumPy computes in between.

A line that a loop can compute joins the kernel of its arguments; a line that it cannot is a step of Python after that kernel,
and what needs its value stands in a later one. In a kernel a loop runs over a shape, and computes every line of it whose
arguments are there element by element; what is needed otherwise, by other elements or as the sum of all, is finished first, in
a loop of a lower level. Views are no work: their elements are read where they lie.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .expressions import REDUCTIONS, arity, computed_in, known
from .graph import Graph, written
from .lines import Line, lines_in
from .passes import constant_of
from .placing import overwritings, packings
from .views import VIEWS, Access, Map, over, packed, packed_all, size_of, space_of

MANY = 700
"""Lines of one kernel: LLVM takes a third of a second for so many, and more than twice that for twice as many."""

MORE, LARGE = 1500, 2**16
"""Lines of one kernel over arrays of so many elements: what lies between two kernels goes through memory at each call."""

STEP, LINE = 3000, 30
"""What a step of Python, and beginning with another line, take in the time of one operation on one element."""

JOINS = (np.stack, np.concatenate)

PRODUCTS = (np.matmul, np.dot)

COMPUTED = ("loop", "fold", "product", "join")
"""The roles of lines that a kernel computes."""

PRODUCT, RIGHT = 2**16, 2**12
"""Multiplications of a product of matrices that a kernel computes at most, and elements of its right operand: BLAS takes larger
ones."""


class Part:
    """What is copied into a place of a joined array: a line read over a shape, and the access of where it goes."""

    def __init__(self, source: Line | float, shape: tuple[int, ...], target: Access) -> None:
        self.source, self.shape, self.target = source, shape, target
        self.dtype, self.number = target.base.dtype, target.base.number

    @property
    def steps(self) -> tuple[int, ...]:
        """The strides of the place along the axes of the loop."""
        return tuple(step for step, length in zip(self.target.strides, self.target.shape, strict=True) if length != 1)


class Plan:
    """What becomes of each line.

    Attributes
    ----------
    roles
        "input", "view", "loop", "fold", "product", "join" or "step", by line.
    stage
        By line the number of the kernel that computes it; a step comes after the kernel of its number.
    stages
        The other way round: the lines by this number.
    level
        By line or part the level of its loop within the kernel.
    tests
        By stage the truths that guards ask for, and what they were: a kernel checks these itself.
    numbers
        Constants all of whose elements are one number.
    overwritings
        Writes in place.
    rows
        Constants that are the same along some axes, with one element along these.
    packed
        Small values for later kernels: where each lies.
    kept
        Arrays that are written to memory, because something needs them that does not run in the same loop.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph, self.live = graph, graph.live()
        self.map = Map()
        self.roles: dict[Line, str] = {}
        self.parts: dict[Line, list[Part]] = {}
        self.stage: dict[Line, int] = {}
        self.stages: list[list[Line]] = []
        self.level: dict[Any, int] = {}
        self.ready: dict[Line, int] = {}
        self.kept: set[Line] = set()
        self.outside: set[Line] = set()
        self.tests: dict[int, dict[Line, bool]] = {}
        self.numbers = {line: number for line in self.graph.hidden if (number := _uniform(graph, line)) is not None}
        viewed = {each for line in self.live if line.function in VIEWS for each in line.inputs()}
        self.rows = {
            line: rows
            for line in self.graph.hidden
            if line not in self.numbers and line not in viewed and (rows := _rows(graph, line)) is not None
        }
        for line in self.live:
            self.roles[line] = self._role(line)
        for line in [each for each, role in self.roles.items() if role == "product"]:
            for base in self._sources(line):  # that needs all elements
                self.numbers.pop(base, None)
                self.rows.pop(base, None)
        self._stages()
        self.overwritings = overwritings(self)
        if self.overwritings:
            self._overwrite()
        for line, rows in self.rows.items():
            self.map.narrow(line, packed(rows.shape))
        for line in self.live:
            if self.roles[line] in COMPUTED:
                self._levels(line)
        self._needs()

    @property
    def cost(self) -> int:
        """About what a call takes, in the time of one operation on one element."""
        loops = [item for line in self.level if isinstance(line, Line) for item in self.parts.get(line, [line])]
        steps = sum(role == "step" for role in self.roles.values())
        products = sum(
            size_of(line) * (1, *next(line.inputs()).shape)[-1]
            for line in self.live
            if line.function in PRODUCTS and self.roles[line] != "fold"
        )
        return STEP * steps + products // 8 + sum(LINE + prod(self.shape_of(item)) for item in loops)

    # -- roles -----------------------------------------------------------------------------------------------------------

    def _role(self, line: Line) -> str:
        view = self.map.enter(line)
        if line.function is None:
            return "input"
        if view:
            return "view"
        if line.kind != "structure" and size_of(line):
            if computed_in(line) is not None and all(each.kind != "structure" for each in line.inputs()):
                return "loop"
            if self._is_fold(line):
                return "fold"
            if product_of(line) is not None and all(size_of(self.map[each].base) > 1 for each in line.inputs()):
                return "product"
            parts = self._joined(line)
            if parts is not None:
                self.parts[line] = parts
                return "join"
        return "step"

    def _is_fold(self, line: Line) -> bool:
        """Whether a line reduces all axes of one array to a scalar."""
        if line.function in PRODUCTS and len(line.args) == 2 and not line.keywords:
            both = [each for each in line.args if isinstance(each, Line)]
            return (
                all(len(each.shape) == 1 and each.dtype == line.dtype for each in both)
                and len(both) == 2
                and (line.dtype.kind == "f" and known(line.dtype) and size_of(both[0]) > 0)
            )
        if line.function not in REDUCTIONS or not known(line.dtype) or not isinstance(line.args[0], Line):
            return False
        axis = line.keywords.get(
            "axis", line.args[1] if len(line.args) > 1 else (0 if hasattr(line.function, "__self__") else None)
        )
        operand = line.args[0]
        if len(line.args) > 2 or not line.keywords.keys() <= {"axis", "keepdims"} or not known(operand.dtype):
            return False
        axes = range(len(operand.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        every = {each % max(1, len(operand.shape)) for each in axes}
        left = [length for place, length in enumerate(operand.shape) if place not in every]
        same = operand.dtype == line.dtype or line.dtype.kind == "b"
        return operand.kind == "array" and size_of(operand) > 0 and all(length == 1 for length in left) and same

    def _joined(self, line: Line) -> list[Part] | None:
        """The parts of a stack, a concatenation or an array that is written into."""
        if not known(line.dtype) or line.kind != "array":
            return None
        if line.function in JOINS:
            sequence, axis = line.args[0], line.keywords.get("axis", line.args[1] if len(line.args) > 1 else 0)
            if not isinstance(sequence, (list, tuple)) or not line.keywords.keys() <= {"axis"} or not isinstance(axis, int):
                return None
            if not all(isinstance(each, (Line, float, int, np.number)) for each in sequence):
                return None
            axis %= len(line.shape)
            targets, at = [], 0
            strides = packed_all(line.shape)
            for each in sequence:
                shape = each.shape if isinstance(each, Line) else ()
                if isinstance(each, Line) and not known(each.dtype):
                    return None
                place = (*shape[:axis], 1, *shape[axis:]) if line.function == np.stack else shape
                if len(place) != len(line.shape):
                    return None
                targets.append(Part(each, shape, Access(line, at * strides[axis], strides, place)))
                at += place[axis]
            return [part for part in targets if prod(part.shape)]
        if line.function is written:
            array, key, value = line.args
            if not isinstance(array, Line) or not isinstance(value, (Line, float, int, np.number)) or not known(array.dtype):
                return None
            if isinstance(value, Line) and not known(value.dtype):
                return None
            keys = key if isinstance(key, tuple) else (key,)
            if not all(each is None or each is Ellipsis or isinstance(each, (int, np.integer, slice)) for each in keys):
                return None
            memory = np.empty(line.shape, np.int8)
            view = memory[keys if any(each is Ellipsis for each in keys) else (*keys, Ellipsis)]
            if not view.size or len(getattr(value, "shape", ())) > view.ndim:
                return None
            offset = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
            whole = Part(array, line.shape, Access(line, 0, packed_all(line.shape), line.shape))
            return [whole, Part(value, view.shape, Access(line, offset, view.strides, view.shape))]
        return None

    # -- kernels ---------------------------------------------------------------------------------------------------------

    def _stages(self) -> None:
        """The kernel of each line. A step that comes after a guard waits for it: in another way of the program it may fail."""
        counts: dict[int, int] = {}
        floor = 0
        guards = [(guard.before, guard.line) for guard in self.graph.guards]
        for line in self.live:
            stages = [self.stage[each] + (self.roles[each] == "step") for each in self._sources(line)]
            stage = max(stages, default=0)
            role = self.roles[line]
            if role == "step":
                waits = [self.stage[each] for before, each in guards if before <= line.number and each in self.stage]
                stage = max(stage, *waits, 0) if waits else stage
            elif role in COMPUTED:
                stage = max(stage, floor)
                counts[stage] = counts.get(stage, 0) + 1 + len(self.parts.get(line, ()))
                if counts[stage] >= (MANY if size_of(line) < LARGE else MORE):
                    floor = stage + 1
            self.stage[line] = stage
            while len(self.stages) <= stage:
                self.stages.append([])
            self.stages[stage].append(line)

    def _overwrite(self) -> None:
        """Let what is written in place be where it is written, and write there only what is new."""
        self.map = Map()
        for line in self.live:
            if line not in self.overwritings:
                self.map.enter(line)
                continue
            root, part = self.overwritings[line].root, self.parts[line][1]
            self.map.alias(line, root)
            self.parts[line] = [Part(part.source, part.shape, part.target._replace(base=root))]

    def _sources(self, line: Line) -> list[Line]:
        """The lines whose values a line needs, views followed to where their elements lie."""
        if self.roles[line] == "view":
            return [self.map[line].base]
        return [self.map[each].base for each in line.inputs()]

    def operands(self, line: Line) -> list[Any]:
        """The operands of a line that a loop computes."""
        if self.roles[line] in ("fold", "product"):
            return list(line.args[:2] if line.function in PRODUCTS else line.args[:1])
        return list(line.args[: arity(line)])

    def shape_of(self, item: Any) -> tuple[int, ...]:
        """The shape of the loop that computes a line or copies a part."""
        if isinstance(item, Line) and self.roles[item] == "fold":
            return next(each.shape for each in self.operands(item))
        return item.shape

    def computed(self, stage: int) -> list[Line]:
        """The lines that the kernel of a stage computes."""
        return [line for line in self.stages[stage] if self.roles[line] in COMPUTED]

    def inside(self, line: Line, stage: int) -> bool:
        """Whether a line is computed by the kernel of a stage."""
        return self.roles[line] in COMPUTED and self.stage[line] == stage

    def _level(self, item: Any, source: Any, stage: int, least: int) -> int:
        """The lowest level at which an operand can be read."""
        if not isinstance(source, Line):
            return least
        access = self.map[source]
        base = access.base
        if not self.inside(base, stage):
            return least
        if size_of(base) == 1 and self.roles[base] != "join":
            return max(least, self.ready[base])
        if self.roles[base] == "loop" and self.roles.get(item) != "product" and self.together(item, source):
            return max(least, self.level[base])
        return max(least, self.ready[base] if self.roles[base] == "join" else self.level[base] + 1)

    def together(self, item: Any, source: Line) -> bool:
        """Whether a loop that computes `item` meets each element of `source` just when that would be computed."""
        shape, access = self.shape_of(item), self.map[source]
        return (
            space_of(shape) == space_of(access.base.shape)
            and access.whole
            and over(access, shape) == tuple(step for step in packed(shape) if step)
        )

    def _levels(self, line: Line) -> None:
        stage, level = self.stage[line], 0
        if line in self.overwritings:
            (root, readers), (part,) = self.overwritings[line], self.parts[line]
            least = max([self.ready[root], *(self.level[each] + 1 for each in readers)])
            self.level[line] = self.level[part] = self._level(part, part.source, stage, least)
            self.ready[line] = self.ready[root] = self.level[line] + 1
            return
        if self.roles[line] == "join":
            for part in self.parts[line]:
                level = self._level(part, part.source, stage, level if line.function is written else 0)
                self.level[part] = level
                level += line.function is written  # in order: a later part may lie over an earlier one
            self.level[line] = max(self.level[part] for part in self.parts[line])
            self.ready[line] = self.level[line] + 1
            return
        for each in self.operands(line):
            level = self._level(line, each, stage, level)
        self.level[line] = level
        self.ready[line] = level + (self.roles[line] == "fold")

    def _needs(self) -> None:
        """Which values go to memory, and which leave their kernel."""
        elsewhere: set[Line] = set()  # what more than kernels needs
        for line in self.live:
            for item in self.parts.get(line, [line]) if self.roles[line] in COMPUTED else []:
                sources = [item.source] if isinstance(item, Part) else self.operands(line)
                for source in sources:
                    if isinstance(source, Line):
                        self._need(item, source, self.stage[line])
            if self.roles[line] == "step":
                elsewhere.update(self.map[each].base for each in line.inputs())
        elsewhere.update(self.map[each].base for each in lines_in(self.graph.outputs))
        for guard in self.graph.guards:
            base, stage = self.map[guard.line].base, self.stage[guard.line]
            simple = base is guard.line and self.roles[base] in ("loop", "fold") and base.kind != "array"
            if simple and isinstance(guard.outcome, bool) and base.dtype.kind == "b":
                self.tests.setdefault(stage, {})[base] = guard.outcome
            else:
                elsewhere.add(base)
        between = self.outside - elsewhere
        self.packed = packings(self, [line for line in self.live if line in between])
        self.outside = {line for line in self.outside | elsewhere if self.roles[line] in COMPUTED}
        self.kept |= {line for line in self.outside if line.kind == "array"}
        self.kept |= {line for line in self.live if self.roles[line] in ("join", "product")} - self.overwritings.keys()

    def _need(self, item: Any, source: Line, stage: int) -> None:
        base = self.map[source].base
        if self.roles[base] not in COMPUTED:
            return
        if self.stage[base] != stage:
            self.outside.add(base)
        elif size_of(base) > 1 and self.roles[base] == "loop" and not self._meets(item, source, base):
            self.kept.add(base)

    def _meets(self, item: Any, source: Line, base: Line) -> bool:
        return self.level[base] == self.level[item] and self.together(item, source)


def product_of(line: Line) -> tuple[int, int, int] | None:
    """Rows, inner length and columns of a product of small matrices, be they vectors; None if it is none."""
    if line.function not in PRODUCTS or len(line.args) != 2 or line.keywords or line.dtype.kind != "f" or not known(line.dtype):
        return None
    both = [each for each in line.args if isinstance(each, Line)]
    if len(both) != 2 or any(each.kind != "array" or each.dtype != line.dtype or size_of(each) < 2 for each in both):
        return None
    *some, rows, inner = (1, *both[0].shape)
    *other, _, columns = both[1].shape if len(both[1].shape) > 1 else (*both[1].shape, 1)
    if any(length != 1 for length in (*some, *other)) or size_of(line) != rows * columns or size_of(line) < 2:
        return None
    small = rows * inner * columns <= PRODUCT and inner * min(rows, columns) <= RIGHT
    return (rows, inner, columns) if small else None


def _uniform(graph: Graph, line: Line) -> Any:
    """The number that all elements of a constant are; None if they differ, or it is none."""
    held = constant_of(graph, line)
    if held is None or not known(line.dtype) or not held.size:
        return None
    first = held.reshape(-1)[:1]
    return first[0] if (first.tobytes() * held.size) == held.tobytes() else None


def _rows(graph: Graph, line: Line) -> Any:
    """A constant with one element along the axes along which it is the same; None if there are none."""
    held = constant_of(graph, line)
    if held is None or not known(line.dtype) or not held.size or not held.flags.c_contiguous:
        return None
    rows = held.view(f"u{held.itemsize}")
    for axis in range(held.ndim):
        first = rows.take([0], axis)
        if np.array_equal(rows.take([-1], axis), first) and np.all(rows == first):
            rows = first
    return None if rows.size == held.size else rows.view(held.dtype)
