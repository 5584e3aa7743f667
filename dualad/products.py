"""Products of small matrices in compiled code: BLAS's call takes longer than the work.

Both operands and the result lie anywhere in memory, with a stride for each axis. The right operand is copied into rows of whole
vectors; then blocks of rows and vectors of the result are summed up in registers, in the order of the inner axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from llvmlite import ir

I64 = ir.IntType(64)
ROWS = 4
"""Rows of the result that are summed up together."""


class Layout(NamedTuple):
    """Lengths of the outer axes and of the inner one, and strides: of the left operand, the right one and the result."""

    rows: int
    inner: int
    columns: int
    left: tuple[int, int]
    right: tuple[int, int]
    out: tuple[int, int]

    @property
    def turned(self) -> Layout:
        """The transposed product, of the transposed operands in the other order."""
        return Layout(self.columns, self.inner, self.rows, self.right[::-1], self.left[::-1], self.out[::-1])


def function_of(module: Any, layout: Layout, real: Any, bits: int) -> Any:
    """The function of pointers to the left operand, the right one and the result; `bits` are those of a vector register."""
    numbers = [*layout[:3], *layout.left, *layout.right, *layout.out]
    name = "_".join(["product", str(real), *map(str, numbers)]).replace("-", "m")
    if name in module.globals:
        return module.globals[name]
    pointer = real.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer] * 3), name)
    function.linkage = "internal"
    for attribute in ("noinline", "nounwind"):
        function.attributes.add(attribute)
    for each in function.args:
        each.add_attribute("noalias")
    Writer(function, layout, real, bits).write()
    return function


class Writer:
    """The instructions of one product."""

    def __init__(self, function: Any, layout: Layout, real: Any, bits: int) -> None:
        self.layout, self.real = layout, real
        self.lanes = bits // (64 if isinstance(real, ir.DoubleType) else 32)
        self.panel = 4 if bits == 512 else 2  # vectors of a row that are summed up together: as many as there are registers for
        self.vectors = -(-layout.columns // self.lanes)
        self.vector = ir.VectorType(real, self.lanes)
        self.left, self.right, self.out = function.args
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        name = f"llvm.fmuladd.v{self.lanes}f{bits // self.lanes}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.fused = function.module.globals.get(name) or ir.Function(function.module, kind, name)

    def write(self) -> None:
        """All of it."""
        layout = self.layout
        packed = self.packed()
        whole, rest = divmod(layout.rows, ROWS)

        def block(row: Any, count: int) -> None:
            for first in range(0, self.vectors, self.panel):
                self.block(packed, row, count, range(first, min(first + self.panel, self.vectors)))

        if whole:
            self.repeat(whole, lambda number: block(self.builder.mul(number, ir.Constant(I64, ROWS)), ROWS))
        if rest:
            block(ir.Constant(I64, whole * ROWS), rest)
        self.builder.ret_void()

    def repeat(self, count: int, body: Callable[[Any], None]) -> None:
        """A loop over 0, 1, ... below a count that is not 0."""
        before = self.builder.block
        start = self.builder.append_basic_block("loop")
        self.builder.branch(start)
        self.builder.position_at_end(start)
        counter = self.builder.phi(I64)
        counter.add_incoming(ir.Constant(I64, 0), before)
        body(counter)
        following = self.builder.add(counter, ir.Constant(I64, 1))
        counter.add_incoming(following, self.builder.block)
        after = self.builder.append_basic_block("after")
        self.builder.cbranch(self.builder.icmp_signed("<", following, ir.Constant(I64, count)), start, after)
        self.builder.position_at_end(after)

    def place(self, base: Any, *terms: tuple[Any, int]) -> Any:
        """The pointer to an element: indices with their strides, each a number or a value."""
        total: Any = ir.Constant(I64, sum(index * step for index, step in terms if isinstance(index, int)))
        for index, step in terms:
            if not isinstance(index, int):
                total = self.builder.add(total, self.builder.mul(index, ir.Constant(I64, step)))
        return self.builder.gep(base, [total], inbounds=True)

    def packed(self) -> Any:
        """The right operand in rows of whole vectors, with zeros behind their ends."""
        layout, builder = self.layout, self.builder
        memory = builder.alloca(self.vector, layout.inner * self.vectors)

        def row(number: Any) -> None:
            for place in range(self.vectors):
                first = place * self.lanes
                count = min(self.lanes, layout.columns - first)
                if count == self.lanes and layout.right[1] == 1:
                    pointer = self.place(self.right, (number, layout.right[0]), (first, 1))
                    value = builder.load(builder.bitcast(pointer, self.vector.as_pointer()), align=4)
                else:
                    value = ir.Constant(self.vector, [0.0] * self.lanes)
                    for lane in range(count):
                        pointer = self.place(self.right, (number, layout.right[0]), (first + lane, layout.right[1]))
                        value = builder.insert_element(value, builder.load(pointer), ir.Constant(ir.IntType(32), lane))
                builder.store(value, self.place(memory, (number, self.vectors), (place, 1)))

        self.repeat(layout.inner, row)
        return memory

    def block(self, packed: Any, row: Any, count: int, places: range) -> None:
        """Some rows and vectors of the result."""
        layout, builder = self.layout, self.builder
        zero = ir.Constant(self.vector, [0.0] * self.lanes)
        before, start = builder.block, builder.append_basic_block("sum")
        builder.branch(start)
        builder.position_at_end(start)
        number = builder.phi(I64)
        number.add_incoming(ir.Constant(I64, 0), before)
        sums = {(each, place): builder.phi(self.vector) for each in range(count) for place in places}
        right = [builder.load(self.place(packed, (number, self.vectors), (place, 1))) for place in places]
        for each in range(count):
            left = builder.load(self.place(self.left, (row, layout.left[0]), (each, layout.left[0]), (number, layout.left[1])))
            wide = builder.insert_element(ir.Constant(self.vector, ir.Undefined), left, ir.Constant(ir.IntType(32), 0))
            wide = builder.shuffle_vector(wide, wide, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes))
            for place, other in zip(places, right, strict=True):
                total = sums[each, place]
                total.add_incoming(zero, before)
                total.add_incoming(builder.call(self.fused, [wide, other, total]), start)
        following = builder.add(number, ir.Constant(I64, 1))
        number.add_incoming(following, start)
        after = builder.append_basic_block("summed")
        builder.cbranch(builder.icmp_signed("<", following, ir.Constant(I64, layout.inner)), start, after)
        builder.position_at_end(after)
        for (each, place), total in sums.items():
            self.store(total.incomings[1][0], row, each, place * self.lanes)

    def store(self, value: Any, row: Any, each: int, first: int) -> None:
        """A vector of the result, or what of it stands before the end of the row."""
        layout, builder = self.layout, self.builder
        count = min(self.lanes, layout.columns - first)
        if count == self.lanes and layout.out[1] == 1:
            pointer = self.place(self.out, (row, layout.out[0]), (each, layout.out[0]), (first, 1))
            builder.store(value, builder.bitcast(pointer, self.vector.as_pointer()), align=4)
            return
        for lane in range(count):
            pointer = self.place(self.out, (row, layout.out[0]), (each, layout.out[0]), (first + lane, layout.out[1]))
            builder.store(builder.extract_element(value, ir.Constant(ir.IntType(32), lane)), pointer)
