"""The text of a kernel: loops over shapes, each computing what it can of every element that it meets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .blocking import PAD, STACK, Order, Sweep, in_block, rows_of
from .expressions import FOLDS, REDUCTIONS, cast_text, computed_in, literal, template
from .folding import Fold, Loop
from .lines import Line
from .planning import Part, Plan, product_of
from .views import over, size_of
from .words import Words

BLOCK = 1024
"""Sums are taken over blocks of so many elements, and then over the blocks: rounding errors grow slower so."""

SHORT = 64
"""Loops over so many elements have a sum of their own."""

BLOCKS = 16
"""Where loops run in turn over shorter blocks, over so many of these first."""


class Kernel(NamedTuple):
    """The source of a kernel; the lines that it reads, and those that it gives: its parameters, in this order; the shapes over
    which its loops run."""

    text: str
    reads: list[Line]
    gives: list[Line]
    spaces: list[tuple[int, ...]]


def text_of(plan: Plan, stage: int, name: str, words: Words) -> Kernel:
    """The kernel of a stage."""
    writer = Writer(plan, stage, words)
    body = writer.body()
    reads, gives = list(writer.reads), writer.gives
    names = [*map(words.given, reads), *map(words.answer, gives)]
    text = "\n".join([f"def {name}({', '.join(names)}):", *_indented(body)]) + "\n"
    spaces = [space for piece in writer.order.pieces if isinstance(piece, Sweep) for space, _ in piece.loops]
    return Kernel(text, reads, gives, spaces)


PLACE = re.compile(r"\w+_place(?=, )")
"""Where something is stored, before the loop is known."""


class Writer:
    """The body of one kernel."""

    def __init__(self, plan: Plan, stage: int, words: Words) -> None:
        self.plan, self.stage, self.words = plan, stage, words
        self.lines = plan.computed(stage)
        self.gives = [line for line in self.lines if line in plan.outside and line not in plan.packed]
        self.gives += dict.fromkeys(plan.packed[line][0] for line in self.lines if line in plan.packed)
        self.order = Order(plan, self.lines)
        self.local = self.order.local
        room = STACK - sum(map(self.room, self.local))
        for line in self.lines:
            if line in plan.kept and line not in plan.outside and line not in self.local:
                room -= size_of(line)
                if room < 0:
                    self.gives.append(line)
                    room += size_of(line)
        self.reads: dict[Line, None] = {}

    def body(self) -> list[str]:
        """All statements."""
        plan = self.plan
        work: list[str] = []
        for piece in self.order.pieces:
            work += self.sweep(piece) if isinstance(piece, Sweep) else self.single(piece)
        words = self.words
        for line in self.lines:
            if line in plan.packed and (line.kind != "array" or (size_of(line) == 1 and plan.roles[line] != "join")):
                work.append(words.note(f"store({self.at(line, 0)}, {words.value(line)})", "for later kernels"))
        for line in self.gives:
            if line.kind != "array":
                work.append(words.note(f"{words.answer(line)}[0] = {words.value(line)}", "an answer"))
            elif size_of(line) == 1 and line.function is not None and plan.roles[line] != "join":
                work.append(words.note(f"store({words.flat(line)}, 0, {words.value(line)})", "an answer"))
        tests = [f"{'' if held else 'not '}{words.value(line)}" for line, held in plan.tests.get(self.stage, {}).items()]
        end = words.note(f"return {' and '.join(tests) or 'True'}", "whether the program is the right one for these values")
        return [*self.memory(), *work, end]

    def memory(self) -> list[str]:
        """The arrays, each flat."""
        words, rows = self.words, self.plan.rows

        def flat(line: Line, name: str) -> str:
            size = rows[line].size if line in rows else size_of(line)
            return words.note(f"{words.flat(line)} = {name}.reshape({size})", "the same with one axis")

        made = [flat(line, words.given(line)) for line in self.reads if line.kind == "array"]
        made += [flat(line, words.answer(line)) for line in self.gives if line.function is None]
        for line in self.lines:
            if line in self.gives:
                if line.kind == "array":
                    made.append(flat(line, words.answer(line)))
            elif line in self.plan.kept and line not in self.plan.packed:
                room = f"{words.flat(line)} = np.empty({self.room(line)}, np.{_numpy(line.dtype)})"
                made.append(words.note(room, "of one loop for another"))
        return made

    def room(self, line: Line) -> int:
        """How many elements an array on the stack has."""
        return PAD + (rows_of(line) * self.local[line] if line in self.local else size_of(line))

    def at(self, base: Line, offset: int) -> str:
        """An array in which a value lies, and where."""
        pack, start = self.plan.packed.get(base, (base, 0))
        return f"{self.words.flat(pack)}, {start + offset}"

    def read(self, base: Line) -> None:
        """Note that a value comes from elsewhere, if it does."""
        if not self.plan.inside(base, self.stage):
            self.reads[self.plan.packed.get(base, (base, 0))[0]] = None

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
            self.read(base)
            return (
                f"load({self.at(base, offset)})" if base.kind == "array" or base in self.plan.packed else self.words.given(base)
            )
        if size_of(base) == 1 and self.plan.roles[base] != "join":
            return self.words.value(base)
        return f"load({self.at(base, offset)})"

    def single(self, item: Any) -> list[str]:
        """The statement of one element."""
        words = self.words
        if isinstance(item, Part):
            base = item.target.base
            value = self.scalar(item.source, item.dtype)
            return [words.note(f"store({self.at(base, item.target.offset)}, {value})", base)]
        operands = self.plan.operands(item)
        if self.plan.roles[item] == "product":
            return [words.note(self.product(item), item)]
        if self.plan.roles[item] == "fold":
            text = " * ".join([self.scalar(each, item.dtype) for each in operands])
        else:
            text = self.expression(item, [self.scalar(*pair) for pair in self.typed(item)])
        return [words.note(f"{words.value(item)} = {text}", item)]

    def product(self, line: Line) -> str:
        """The statement of a product of matrices: arrays with offsets and strides, lengths of the axes."""
        sizes = product_of(line)
        assert sizes is not None
        texts = []
        for place, each in enumerate(self.plan.operands(line)):
            access = self.plan.map[each]
            self.read(access.base)
            vector = (0, *access.strides) if place == 0 else (*access.strides, 0)
            strides = access.strides[-2:] if len(access.shape) > 1 else vector
            texts.append(f"{self.at(access.base, access.offset)}, {strides}")
        return f"product({self.words.flat(line)}, {', '.join(texts)}, {sizes})"

    def typed(self, line: Line) -> list[tuple[Any, np.dtype[Any]]]:
        """The operands of a line with the dtypes in which they are needed."""
        dtype = computed_in(line)
        assert dtype is not None
        first = np.dtype(bool) if line.function == np.where else dtype
        return [(each, first if place == 0 else dtype) for place, each in enumerate(self.plan.operands(line))]

    def expression(self, line: Line, texts: list[str]) -> str:
        """A line's expression of its operands' texts."""
        dtype = computed_in(line)
        assert dtype is not None
        texts = [text if text.replace("_", "").replace(".", "").isalnum() or text[-1] == ")" else f"({text})" for text in texts]
        text = template(line).format(*texts, one=literal(1, dtype))
        return cast_text(text, dtype, line.dtype) if template(line) == "{0}" and dtype != line.dtype else text

    # -- loops -------------------------------------------------------------------------------------------------------------

    def sweep(self, sweep: Sweep) -> list[str]:
        """Loops, one after the other; or in turn, each over a block of its last axis."""
        words = self.words
        loops = [self.loop(space, items, sweep) for space, items in sweep.loops]
        length, block = sweep.length, sweep.block
        if block == length:
            return [line for loop in loops for line in (*loop.before(), *loop.text, *loop.after)]
        begin, text = f"0, {length}, {block}", [line for loop in loops for line in loop.text]
        if not any(loop.folds for loop in loops):
            return [words.note(f"for j in range({begin}):", "blocks"), *_indented(text)]
        many = block * BLOCKS
        begin = f"k, min(k + {many}, {length}), {block}"
        text = [words.note(f"for j in range({begin}):", "blocks"), *_indented(text)]
        text = (
            [line for loop in loops for line in loop.before("block")]
            + text
            + [line for loop in loops for line in loop.step("name", "block")]
        )
        text = [words.note(f"for k in range(0, {length}, {many}):", "many blocks"), *_indented(text)]
        return [
            *(line for loop in loops for line in loop.before()),
            *text,
            *(line for loop in loops for line in loop.after),
        ]

    def loop(self, space: tuple[int, ...], items: list[Any], sweep: Sweep) -> Loop:
        """The loops over a shape without axes of one, or over a block of it."""
        plan, words = self.plan, self.words
        here = {item for item in items if isinstance(item, Line) and plan.roles[item] == "loop"}
        accesses: dict[tuple[Line, int, tuple[int, ...]], str] = {}  # what is read and written, with the name of its part
        statements: list[str] = []
        stored: set[str] = set()

        def at(base: Line, offset: int, strides: tuple[int, ...]) -> str:
            key = (base, offset, strides)
            if key not in accesses:
                accesses[key] = words.element(base, accesses.values())
            return accesses[key]

        def put(base: Line, offset: int, strides: tuple[int, ...], value: str) -> str:
            name = at(base, offset, strides)
            stored.add(name)
            store = f"store({words.flat(plan.packed.get(base, (base, 0))[0])}, {name}_place, {value})"
            return words.note(store, f"an element of {words.value(base)}")

        def read(item: Any, source: Any, dtype: np.dtype[Any]) -> str:
            if not isinstance(source, Line):
                return literal(source, dtype)
            access = plan.map[source]
            base = access.base
            if base in plan.numbers:
                return literal(plan.numbers[base], dtype)
            if base in here:
                return cast_text(words.value(base), base.dtype, dtype)
            if size_of(base) == 1:
                return cast_text(self._element(base, access.offset), base.dtype, dtype)
            self.read(base)
            return cast_text(at(base, access.offset, over(access, plan.shape_of(item))), base.dtype, dtype)

        folds: list[Fold] = []
        after: list[str] = []
        whole = _strides(space)
        for item in items:
            if isinstance(item, Part):
                value = read(item, item.source, item.dtype)
                statements.append(put(item.target.base, item.target.offset, item.steps, value))
            elif plan.roles[item] == "fold":
                name, texts = words.value(item), [read(item, *pair) for pair in self._folded(item)]
                part, term = words.part(item), words.term(item)
                ufunc = REDUCTIONS.get(item.function, np.add)
                _, start, step = FOLDS[ufunc]
                begin = start if item.dtype.kind == "b" else f"{item.dtype.name}({start})"
                if item.dtype.kind == "i":
                    begin = {"-inf": "-9223372036854775807 - 1", "inf": "9223372036854775807"}.get(start, start)
                statements += [
                    words.note(f"{term} = {' * '.join(texts)}", "the next"),
                    words.note(f"{part} = {step.format(part, term)}", item),
                ]
                folds.append(Fold(name, part, words.block(item), begin, step))
                if item.function == np.mean:
                    after.append(words.note(f"{name} = {name} / {prod(space)}", "the mean"))
            else:
                value = self.expression(item, [read(item, *pair) for pair in self.typed(item)])
                statements.append(words.note(f"{words.value(item)} = {value}", item))
                if item in plan.kept:
                    statements.append(put(item, 0, whole, words.value(item)))
        loop = Loop(words, folds, after, [])
        self.nest(space, accesses, statements, stored, loop, sweep)
        return loop

    def nest(
        self,
        space: tuple[int, ...],
        accesses: dict[tuple[Line, int, tuple[int, ...]], str],
        statements: list[str],
        stored: set[str],
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
        words = self.words
        taken: list[str] = []
        each_time: list[str] = []
        placed: dict[str, str] = {}
        for (base, _, _), name in accesses.items():
            *far, near = steps[name]
            pack, start = self.plan.packed.get(base, (base, 0))
            start += starts[name]
            at = _index(start, far, near, cut and base not in self.local)
            if name in stored:
                placed[f"{name}_place"] = at
                continue
            load = words.note(f"{name} = load({words.flat(pack)}, {at})", f"an element of {words.value(base)}")
            (each_time if near else taken).append(load)
        if placed:
            statements = [PLACE.sub(lambda found: placed.get(found[0], found[0]), each) for each in statements]
        whole = f"loops over {' x '.join(map(str, space))}"
        inside = _indented([*each_time, *statements])
        rows = bool(outer) and inner >= SHORT  # sums of which are taken first
        if cut:
            count = f"{sweep.block}" if inner % sweep.block == 0 else f"min({sweep.block}, {inner} - j)"
            text = [words.note(f"for i in range({count}):", whole), *inside]
            text = [*loop.before("part"), *text, *loop.step("block", "part")]
        elif loop.folds and inner > BLOCK:
            text = [words.note(f"for i in range(j, min(j + {BLOCK}, {inner})):", whole), *inside]
            text = [*loop.before("part"), *text, *loop.step("name", "part")]
            text = [words.note(f"for j in range(0, {inner}, {BLOCK}):", "blocks"), *_indented(text)]
        else:
            text = [words.note(f"for i in range({inner}):", whole), *inside]
            text = [*loop.before("part"), *text, *loop.step("name", "part")] if rows else text
        text = [*taken, *text]
        for place in reversed(range(len(outer))):
            text = [words.note(f"for i{place} in range({outer[place]}):", whole), *_indented(text)]
        if not cut and not rows and inner <= BLOCK:
            after = [words.note(f"{each.name} = {each.part}", "all of it") for each in loop.folds]
            text = [*loop.before("part"), *text, *after]
            loop.folds = []
        loop.text = text

    def _folded(self, line: Line) -> list[tuple[Any, np.dtype[Any]]]:
        dtype = line.dtype
        return [(each, dtype) for each in self.plan.operands(line)]


def _index(start: int, far: list[int], near: int, cut: bool) -> str:
    """Where an element lies, by the loops' counters."""
    indices = [*((f"i{place}", step) for place, step in enumerate(far)), *([("j", near)] if cut else []), ("i", near)]
    places = [str(start)] * bool(start)
    places += [index if step == 1 else f"{index} * {step}" for index, step in indices if step]
    return " + ".join(places) or "0"


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
