"""The text of a kernel: loops over shapes, each computing what it can of every element that it meets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .blocking import PAD, STACK, Order, Sweep, in_block, rows_of
from .expressions import FOLDS, REDUCTIONS, cast_text, computed_in, literal, template
from .lines import Line, call_text
from .planning import Part, Plan, product_of
from .views import over, size_of

BLOCK = 1024
"""Sums are taken over blocks of so many elements, and then over the blocks: rounding errors grow slower so."""

SHORT = 64
"""Loops over so many elements have a sum of their own."""

BLOCKS = 16
"""Where loops run in turn over shorter blocks, over so many of these first."""

HEADER = """\
# Written by dualad; the file may be removed at any time. `emission` makes machine code of it.
"""


def text_of(plan: Plan, stage: int, name: str) -> tuple[str, list[Line], list[Line]]:
    """The source of the kernel of a stage, the lines that it reads, and those that it gives: its parameters, in this order."""
    writer = Writer(plan, stage)
    body = writer.body()
    reads, gives = list(writer.reads), writer.gives
    names = [f"x{line.number}" for line in reads] + [f"y{line.number}" for line in gives]
    return "\n".join([HEADER, f"def {name}({', '.join(names)}):", *_indented(body)]) + "\n", reads, gives


@dataclass
class Loop:
    """The text of one loop nest, of what begins before it and of what comes after; its folds have a name, a number that they
    begin with, and a step."""

    folds: list[tuple[str, str, str]]
    after: list[str]
    text: list[str]

    def before(self, prefix: str = "") -> list[str]:
        """What folds begin with, that of a part of the loop with a prefix."""
        return [f"{prefix}{name} = {begin}" for name, begin, _ in self.folds]

    def step(self, prefix: str, inner: str) -> list[str]:
        """The steps of folds by what was found for a part of them."""
        return [f"{prefix}{name} = {step.format(prefix + name, inner + name)}" for name, _, step in self.folds]


class Writer:
    """The body of one kernel."""

    def __init__(self, plan: Plan, stage: int) -> None:
        self.plan, self.stage = plan, stage
        self.lines = [line for line in plan.live if plan.inside(line, stage)]
        self.gives = [line for line in self.lines if line in plan.outside]
        self.order = Order(plan, self.lines)
        self.local = self.order.local
        room = STACK - sum(map(self.room, self.local))
        for line in self.lines:
            if line in plan.kept - plan.outside and line not in self.local:
                room -= size_of(line)
                if room < 0:
                    self.gives.append(line)
                    room += size_of(line)
        self.reads: dict[Line, None] = {}
        self.numbers = {line: place for place, line in enumerate(plan.live)}

    def body(self) -> list[str]:
        """All statements."""
        plan = self.plan
        work: list[str] = []
        for piece in self.order.pieces:
            work += self.sweep(piece) if isinstance(piece, Sweep) else self.single(piece)
        for line in self.gives:
            if line.kind != "array":
                work.append(f"y{line.number}[0] = v{line.number}")
            elif size_of(line) == 1 and plan.roles[line] != "join":
                work.append(f"store(m{line.number}, 0, v{line.number})")
        tests = [f"{'' if outcome else 'not '}v{line.number}" for line, outcome in plan.tests.get(self.stage, {}).items()]
        return [*self.memory(), *work, f"return {' and '.join(tests) or 'True'}"]

    def memory(self) -> list[str]:
        """The arrays, each flat."""
        rows = self.plan.rows
        made = [
            f"m{line.number} = x{line.number}.reshape({rows[line].size if line in rows else size_of(line)})"
            for line in self.reads
            if line.kind == "array"
        ]
        for line in self.lines:
            if line in self.gives:
                if line.kind == "array":
                    made.append(f"m{line.number} = y{line.number}.reshape({size_of(line)})")
            elif line in self.plan.kept:
                made.append(f"m{line.number} = np.empty({self.room(line)}, np.{_numpy(line.dtype)})")
        return made

    def room(self, line: Line) -> int:
        """How many elements an array on the stack has."""
        return PAD + (rows_of(line) * self.local[line] if line in self.local else size_of(line))

    # -- one value ---------------------------------------------------------------------------------------------------------

    def scalar(self, source: Any, dtype: np.dtype[Any]) -> str:
        """An operand of one element, in a dtype."""
        if not isinstance(source, Line):
            return literal(source, dtype)
        access = self.plan.map[source]
        base = access.base
        if base in self.plan.numbers:
            return literal(self.plan.numbers[base], dtype)
        return cast_text(self._element(base, access.offset), base.dtype, dtype)

    def _element(self, base: Line, offset: Any) -> str:
        if not self.plan.inside(base, self.stage):
            self.reads[base] = None
            return f"load(m{base.number}, {offset})" if base.kind == "array" else f"x{base.number}"
        if size_of(base) == 1 and self.plan.roles[base] != "join":
            return f"v{base.number}"
        return f"load(m{base.number}, {offset})"

    def single(self, item: Any) -> list[str]:
        """The statement of one element."""
        if isinstance(item, Part):
            return [f"store(m{item.number}, {item.target.offset}, {self.scalar(item.source, item.dtype)})"]
        if self.plan.roles[item] == "product":
            return [self.product(item)]
        operands = self.plan.operands(item)
        if self.plan.roles[item] == "fold":
            dtype = item.dtype
            texts = [self.scalar(each, dtype) for each in operands]
            return [f"v{item.number} = {' * '.join(texts)}{self.comment(item)}"]
        return [
            f"v{item.number} = {self.expression(item, [self.scalar(*pair) for pair in self.typed(item)])}{self.comment(item)}"
        ]

    def product(self, line: Line) -> str:
        """The statement of a product of matrices: arrays with offsets and strides, lengths of the axes."""
        sizes = product_of(line)
        assert sizes is not None
        texts = []
        for place, each in enumerate(self.plan.operands(line)):
            access = self.plan.map[each]
            if not self.plan.inside(access.base, self.stage):
                self.reads[access.base] = None
            vector = (0, *access.strides) if place == 0 else (*access.strides, 0)
            strides = access.strides[-2:] if len(access.shape) > 1 else vector
            texts.append(f"m{access.base.number}, {access.offset}, {strides}")
        return f"product(m{line.number}, {', '.join(texts)}, {sizes}){self.comment(line)}"

    def typed(self, line: Line) -> list[tuple[Any, np.dtype[Any]]]:
        """The operands of a line with the dtypes in which they are needed."""
        dtype = computed_in(line)
        assert dtype is not None
        first = np.dtype(bool) if line.function is np.where else dtype
        return [(each, first if place == 0 else dtype) for place, each in enumerate(self.plan.operands(line))]

    def expression(self, line: Line, texts: list[str]) -> str:
        """A line's expression of its operands' texts."""
        dtype = computed_in(line)
        assert dtype is not None
        texts = [text if text.replace("_", "").replace(".", "").isalnum() or text[-1] == ")" else f"({text})" for text in texts]
        text = template(line).format(*texts, one=literal(1, dtype))
        return cast_text(text, dtype, line.dtype) if template(line) == "{0}" and dtype != line.dtype else text

    def comment(self, line: Line) -> str:
        """What a line is, for people who read the text."""
        return f"  # {line.type}: {call_text(line, self.numbers, False)}"[:100]

    # -- loops -------------------------------------------------------------------------------------------------------------

    def sweep(self, sweep: Sweep) -> list[str]:
        """Loops, one after the other; or in turn, each over a block of its last axis."""
        loops = [self.loop(space, items, sweep) for space, items in sweep.loops]
        length, block = sweep.length, sweep.block
        if block == length:
            return [line for loop in loops for line in (*loop.before(), *loop.text, *loop.after)]
        begin, text = f"0, {length}, {block}", [line for loop in loops for line in loop.text]
        if not any(loop.folds for loop in loops):
            return [f"for j in range({begin}):", *_indented(text)]
        many = block * BLOCKS
        begin = f"k, min(k + {many}, {length}), {block}"
        text = [f"for j in range({begin}):", *_indented(text)]
        text = (
            [line for loop in loops for line in loop.before("q")]
            + text
            + [line for loop in loops for line in loop.step("", "q")]
        )
        text = [f"for k in range(0, {length}, {many}):", *_indented(text)]
        return [
            *(line for loop in loops for line in loop.before()),
            *text,
            *(line for loop in loops for line in loop.after),
        ]

    def loop(self, space: tuple[int, ...], items: list[Any], sweep: Sweep) -> Loop:
        """The loops over a shape without axes of one, or over a block of it."""
        plan = self.plan
        here = {item for item in items if isinstance(item, Line) and plan.roles[item] == "loop"}
        accesses: dict[tuple[Line, int, tuple[int, ...]], str] = {}  # what is read and written, with the name of its part
        statements: list[str] = []

        def at(base: Line, offset: int, strides: tuple[int, ...]) -> str:
            return accesses.setdefault((base, offset, strides), f"a{len(accesses)}")

        def put(base: Line, offset: int, strides: tuple[int, ...], value: str) -> str:
            return f"store(m{base.number}, {at(base, offset, strides)}_place, {value})"

        def read(item: Any, source: Any, dtype: np.dtype[Any]) -> str:
            if not isinstance(source, Line):
                return literal(source, dtype)
            access = plan.map[source]
            base = access.base
            if base in plan.numbers:
                return literal(plan.numbers[base], dtype)
            if base in here:
                return cast_text(f"v{base.number}", base.dtype, dtype)
            if size_of(base) == 1:
                return cast_text(self._element(base, access.offset), base.dtype, dtype)
            if not plan.inside(base, self.stage):
                self.reads[base] = None
            return cast_text(at(base, access.offset, over(access, plan.shape_of(item))), base.dtype, dtype)

        folds: list[tuple[str, str, str]] = []  # the name, where it begins, the step
        after: list[str] = []
        whole = _strides(space)
        for item in items:
            if isinstance(item, Part):
                value = read(item, item.source, item.dtype)
                statements.append(put(item.target.base, item.target.offset, item.steps, value))
            elif plan.roles[item] == "fold":
                name, texts = f"v{item.number}", [read(item, *pair) for pair in self._folded(item)]
                ufunc = REDUCTIONS.get(item.function, np.add)
                _, start, step = FOLDS[ufunc]
                begin = start if item.dtype.kind == "b" else f"{item.dtype.name}({start})"
                if item.dtype.kind == "i":
                    begin = {"-inf": "-9223372036854775807 - 1", "inf": "9223372036854775807"}.get(start, start)
                step = step.format(f"p{name}", f"t{item.number}")
                statements += [f"t{item.number} = {' * '.join(texts)}", f"p{name} = {step}{self.comment(item)}"]
                folds.append((name, begin, FOLDS[ufunc][2]))
                if item.function is np.mean:
                    after.append(f"{name} = {name} / {np.prod(space)}")
            else:
                value = self.expression(item, [read(item, *pair) for pair in self.typed(item)])
                statements.append(f"v{item.number} = {value}{self.comment(item)}")
                if item in plan.kept:
                    statements.append(put(item, 0, whole, f"v{item.number}"))
        loop = Loop(folds, after, [])
        self.nest(space, accesses, statements, loop, sweep)
        return loop

    def nest(
        self,
        space: tuple[int, ...],
        accesses: dict[tuple[Line, int, tuple[int, ...]], str],
        statements: list[str],
        loop: Loop,
        sweep: Sweep,
    ) -> None:
        """Loops over a shape, of which axes are merged that lie behind each other everywhere."""
        cut = sweep.block != sweep.length
        lengths = list(space)
        steps, starts = {}, {}
        for (base, offset, strides), name in accesses.items():
            local = base in self.local
            steps[name], starts[name] = (
                in_block(strides, offset, sweep.length, sweep.block) if local else (list(strides), offset)
            )
        axis = len(lengths) - 2 - cut
        while axis >= 0:
            if all(each[axis] == each[axis + 1] * lengths[axis + 1] for each in steps.values()):
                lengths[axis : axis + 2] = [lengths[axis] * lengths[axis + 1]]
                for each in steps.values():
                    del each[axis]
            axis -= 1
        outer, inner = lengths[:-1], lengths[-1]
        taken, each_time = [], []
        for (base, _, _), name in accesses.items():
            *far, near = steps[name]
            indices = [
                *((f"i{place}", step) for place, step in enumerate(far)),
                *([("j", near)] if cut and base not in self.local else []),
                ("i", near),
            ]
            places = [str(starts[name])] * bool(starts[name])
            places += [index if step == 1 else f"{index} * {step}" for index, step in indices if step]
            at = " + ".join(places) or "0"
            written = any(f"{name}_place" in statement for statement in statements)
            if not written and near == 0:
                taken.append(f"{name} = load(m{base.number}, {at})")
            elif not written:
                each_time.append(f"{name} = load(m{base.number}, {at})")
            else:
                statements = [statement.replace(f" {name}_place,", f" {at},") for statement in statements]
        statements = [*each_time, *statements]
        rows = bool(outer) and inner >= SHORT  # sums of which are taken first
        if cut:
            count = f"{sweep.block}" if inner % sweep.block == 0 else f"min({sweep.block}, {inner} - j)"
            text = [*loop.before("p"), f"for i in range({count}):", *_indented(statements), *loop.step("q", "p")]
        elif loop.folds and inner > BLOCK:
            text = [
                *loop.before("p"),
                f"for i in range(j, min(j + {BLOCK}, {inner})):",
                *_indented(statements),
                *loop.step("", "p"),
            ]
            text = [f"for j in range(0, {inner}, {BLOCK}):", *_indented(text)]
        elif rows:
            text = [*loop.before("p"), f"for i in range({inner}):", *_indented(statements), *loop.step("", "p")]
        else:
            text = [f"for i in range({inner}):", *_indented(statements)]
        text = [*taken, *text]
        for place in reversed(range(len(outer))):
            text = [f"for i{place} in range({outer[place]}):", *_indented(text)]
        if not cut and not rows and inner <= BLOCK:
            text = [*loop.before("p"), *text, *(f"{name} = p{name}" for name, _, _ in loop.folds)]
            loop.folds = []
        loop.text = text

    def _folded(self, line: Line) -> list[tuple[Any, np.dtype[Any]]]:
        dtype = line.dtype
        return [(each, dtype) for each in self.plan.operands(line)]


def _numpy(dtype: np.dtype[Any]) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name


def _strides(space: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of an array of a shape without axes of one."""
    strides, step = [], 1
    for length in reversed(space):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def _indented(lines: Iterable[str]) -> list[str]:
    return ["    " + line for line in lines]
