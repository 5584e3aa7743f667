"""Machine code from the text of a kernel: each line becomes LLVM's instructions at once.

numba would take some milliseconds a line, nearly all of it to find out about types that are known here, and half a second to
begin with. The text has the few words that `loops` uses: assignments, loops over ranges, arithmetic of float64, float32, int64
and truths, the functions below and those of `libm`. Arrays are told to be apart from each other, so that LLVM need not look
before it widens a loop; whoever calls a kernel sees to that. Places are not checked: the program that is written around them
knows the sizes.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from . import native, products
from .symbols import TYPES as NAMES

F64, F32, I64, I1, I8 = ir.DoubleType(), ir.FloatType(), ir.IntType(64), ir.IntType(1), ir.IntType(8)
TYPES: dict[str, Any] = {"float64": F64, "float32": F32, "int64": I64, "bool_": I1, "boolean": I1}
ROUNDED = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "sqrt": "sqrt", "abs": "fabs"}
COMPARED = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
PLACED = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul"}

OPEN = 2**14
"""Elements of an array in whose kernel other threads may run: it is worth the time to let them."""


def compiled(name: str, text: str, signature: list[tuple[str, int]]) -> Callable[..., Any]:
    """The compiled function of a text, from the disk if it was compiled before; it does not look what it is given. Of each
    argument the signature has NumPy's character of its dtype, and its axes, or -1 for a number."""
    kinds = [(TYPES[NAMES[char]], ndim >= 0) for char, ndim in signature]

    def build() -> Any:
        module = ir.Module(name)
        emitter = Emitter(text, module, kinds)
        native.wrapped(module, name, emitter.body(), kinds, emitter.largest >= OPEN)
        return module

    return native.function_of(name, text + repr(signature), build)


def _names(node: Any) -> set[str]:
    """The names in an expression."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _is(node: Any, kind: type[Any]) -> bool:
    """Whether a node is of a kind, in whose fields stands what `loops` writes there."""
    return isinstance(node, kind)


class Emitter:
    """The instructions of one kernel, as a function of pointers and numbers."""

    def __init__(self, text: str, module: Any, kinds: list[tuple[Any, bool]]) -> None:
        self.definition: Any = next(each for each in ast.parse(text).body if isinstance(each, ast.FunctionDef))
        self.module, self.kinds = module, kinds
        self.values: dict[str, Any] = {}
        self.memory: dict[str, Any] = {}  # pointers to elements, by an array's name
        self.builder: Any = None
        self.first: Any = None  # where memory on the stack is asked for
        self.largest = 0  # of the arrays, in elements
        nodes: list[Any] = list(ast.walk(self.definition))
        assigned = [(each.targets[0], each.value) for each in nodes if _is(each, ast.Assign)]
        self.changing = {target.id for target, value in assigned if _is(target, ast.Name) and target.id in _names(value)}
        self.cells: dict[str, Any] = {}

    def body(self) -> Any:
        """Write the function, of the arrays' data and of numbers."""
        types = [(I8 if kind == I1 else kind).as_pointer() if is_array else kind for kind, is_array in self.kinds]
        function = ir.Function(self.module, ir.FunctionType(I1, types), f"{self.definition.name}_body")
        function.linkage = "internal"
        function.attributes.add("noinline")
        function.attributes.add("nounwind")
        self.first = ir.IRBuilder(function.append_basic_block("entry"))
        self.builder = ir.IRBuilder(function.append_basic_block("body"))
        for name, (_, is_array), value in zip(self.definition.args.args, self.kinds, function.args, strict=True):
            if is_array:
                value.add_attribute("noalias")
                self.memory[name.arg] = value
            else:
                self.values[name.arg] = value
        body = function.blocks[-1]
        for each in self.definition.body:
            self.statement(each)
        self.first.branch(body)
        return function

    # -- statements --------------------------------------------------------------------------------------------------------

    def statement(self, node: Any) -> None:
        if _is(node, ast.Assign):
            self.assign(node.targets[0], node.value)
        elif _is(node, ast.For):
            self.loop(node)
        elif _is(node, ast.Return):
            self.builder.ret(self.value(node.value))
        elif node.value.func.id == "product":
            self.product(*node.value.args)
        else:
            self.store(*node.value.args)

    def product(self, out: Any, *nodes: Any) -> None:
        """A product of small matrices, by a function for their layout."""
        one, first, left, other, second, right, sizes = nodes
        rows, inner, columns = ast.literal_eval(sizes)
        layout = products.Layout(rows, inner, columns, ast.literal_eval(left), ast.literal_eval(right), (columns, 1))
        pairs = [(one, first), (other, second)]
        if columns < min(rows, 4):  # one row, or a few: the long axis goes along vectors
            layout, pairs = layout.turned, pairs[::-1]
        pointers = [self.builder.gep(self.memory[name.id], [self.place(offset)], inbounds=True) for name, offset in pairs]
        target = self.memory[out.id]
        function = products.function_of(self.builder.module, layout, target.type.pointee, native.machine().bits)
        self.builder.call(function, [*pointers, target])

    def assign(self, target: Any, node: Any) -> None:
        if isinstance(target, ast.Subscript):
            self.store(target.value, target.slice, node)
        elif _is(node, ast.Call) and _is(node.func, ast.Attribute):
            if node.func.attr == "empty":
                kind: Any = TYPES[node.args[1].attr]
                kind = I8 if kind == I1 else kind
                self.memory[target.id] = self.first.alloca(kind, ir.Constant(I64, node.args[0].value))
            else:  # the same elements with one axis
                self.largest = max(self.largest, node.args[0].value)
                self.memory[target.id] = self.memory[node.func.value.id]
        elif target.id in self.changing:
            value = self.value(node)
            if target.id not in self.cells:
                self.cells[target.id] = self.first.alloca(value.type)
            self.builder.store(self.cast(value, self.cells[target.id].type.pointee), self.cells[target.id])
        else:
            self.values[target.id] = self.value(node)

    def loop(self, node: Any) -> None:
        """A loop over a range that is not empty."""
        bounds = [self.place(each) for each in node.iter.args]
        bounds = [ir.Constant(I64, 0), *bounds] if len(bounds) == 1 else bounds
        step = bounds[2] if len(bounds) == 3 else ir.Constant(I64, 1)
        before = self.builder.block
        self.builder = ir.IRBuilder(self.builder.append_basic_block("loop"))
        start = self.builder.block
        counter = self.builder.phi(I64)
        counter.add_incoming(bounds[0], before)
        ir.IRBuilder(before).branch(start)
        self.values[node.target.id] = counter
        for each in node.body:
            self.statement(each)
        following = self.builder.add(counter, step, flags=("nuw", "nsw"))
        counter.add_incoming(following, self.builder.block)
        after = self.builder.append_basic_block("after")
        self.builder.cbranch(self.builder.icmp_signed("<", following, bounds[1]), start, after)
        self.builder = ir.IRBuilder(after)

    def store(self, array: Any, place: Any, node: Any) -> None:
        pointer = self.builder.gep(self.memory[array.id], [self.place(place)], inbounds=True)
        kind = pointer.type.pointee
        value = self.value(node)
        value = self.builder.zext(self.truth(value), I8) if kind == I8 else self.cast(value, kind)
        self.builder.store(value, pointer)

    # -- expressions -------------------------------------------------------------------------------------------------------

    def place(self, node: Any) -> Any:
        """An index, whose arithmetic does not overflow."""
        if _is(node, ast.BinOp):
            emit = getattr(self.builder, PLACED[type(node.op)])
            return emit(self.place(node.left), self.place(node.right), flags=("nsw",))
        if _is(node, ast.Call):
            one, other = map(self.place, node.args)
            return self.builder.select(self.builder.icmp_signed("<", one, other), one, other)
        return self.value(node)

    def value(self, node: Any) -> Any:
        if _is(node, ast.Name):
            return self.name(node.id)
        if _is(node, ast.Constant):
            kind = I1 if isinstance(node.value, bool) else I64 if isinstance(node.value, int) else F64
            return ir.Constant(kind, node.value)
        if _is(node, ast.Call):
            return self.function(node.func.id, node.args)
        if _is(node, ast.BinOp):
            return self.binary(node.op, self.value(node.left), self.value(node.right))
        if _is(node, ast.UnaryOp):
            value = self.value(node.operand)
            if isinstance(node.op, ast.Not):
                return self.builder.not_(self.truth(value))
            return self.builder.neg(value) if value.type == I64 else self.builder.fneg(value)
        if _is(node, ast.IfExp):
            return self.builder.select(
                self.truth(self.value(node.test)), *self.alike(self.value(node.body), self.value(node.orelse))
            )
        if _is(node, ast.Compare):
            one, other = self.alike(self.value(node.left), self.value(node.comparators[0]))
            sign = COMPARED[type(node.ops[0])]
            if one.type in (F64, F32):
                return (self.builder.fcmp_unordered if sign == "!=" else self.builder.fcmp_ordered)(sign, one, other)
            return (self.builder.icmp_signed if one.type == I64 else self.builder.icmp_unsigned)(sign, one, other)
        assert _is(node, ast.BoolOp)
        together = self.builder.or_ if _is(node.op, ast.Or) else self.builder.and_
        return functools.reduce(together, [self.truth(self.value(each)) for each in node.values])

    def name(self, name: str) -> Any:
        if name in self.cells:
            return self.builder.load(self.cells[name])
        if name in ("inf", "nan"):
            return ir.Constant(F64, float(name))
        return self.values[name]

    def binary(self, operator: Any, one: Any, other: Any) -> Any:
        one, other = self.alike(one, other)
        builder, real = self.builder, one.type in (F64, F32)
        if isinstance(operator, (ast.BitAnd, ast.BitOr)):
            return (builder.and_ if isinstance(operator, ast.BitAnd) else builder.or_)(one, other)
        if isinstance(operator, ast.Div):
            return builder.fdiv(one if real else self.cast(one, F64), other if real else self.cast(other, F64))
        if one.type == I1:
            one, other = self.cast(one, I64), self.cast(other, I64)
        return getattr(builder, ("f" if real else "") + PLACED[type(operator)])(one, other)

    def function(self, name: str, nodes: Any) -> Any:
        builder = self.builder
        if name == "load":
            pointer = builder.gep(self.memory[nodes[0].id], [self.place(nodes[1])], inbounds=True)
            value = builder.load(pointer)
            return builder.icmp_unsigned("!=", value, ir.Constant(I8, 0)) if value.type == I8 else value
        values = [self.value(each) for each in nodes]
        if name in TYPES:
            return self.cast(values[0], TYPES[name])
        if name == "choose":
            return builder.select(self.truth(values[0]), *self.alike(*values[1:]))
        if name in ("plus", "times"):  # a sum's order is ours to choose
            one, other = self.alike(*values)
            if one.type == I64:
                return builder.add(one, other) if name == "plus" else builder.mul(one, other)
            return (builder.fadd if name == "plus" else builder.fmul)(one, other, flags=("reassoc",))
        if name == "abs" and values[0].type == I64:
            return builder.select(builder.icmp_signed("<", values[0], ir.Constant(I64, 0)), builder.neg(values[0]), values[0])
        if name in ROUNDED:
            value = self.real(values[0])
            return builder.call(builder.module.declare_intrinsic(f"llvm.{ROUNDED[name]}", [value.type]), [value])
        real = F32 if all(each.type == F32 for each in values) else F64
        values = [self.cast(each, real) for each in values]
        if name == "copysign":
            kind = ir.FunctionType(real, [real, real])
            return builder.call(builder.module.declare_intrinsic("llvm.copysign", [real], kind), values)
        return builder.call(native.machine().entries.declare(builder.module, name, real), values)

    # -- types -------------------------------------------------------------------------------------------------------------

    def cast(self, value: Any, kind: Any) -> Any:
        """A value in another type, as NumPy converts it."""
        have = value.type
        if have == kind:
            return value
        if isinstance(value, ir.Constant) and kind in (F64, F32):
            return ir.Constant(kind, float(value.constant))
        builder = self.builder
        if kind == I1:
            return self.truth(value)
        if kind == I64:
            return builder.zext(value, I64) if have == I1 else builder.fptosi(value, I64)
        if have in (I64, I1):
            return builder.sitofp(value, kind) if have == I64 else builder.uitofp(value, kind)
        return builder.fpext(value, kind) if kind == F64 else builder.fptrunc(value, kind)

    def truth(self, value: Any) -> Any:
        if value.type == I1:
            return value
        zero = ir.Constant(value.type, 0)
        return (
            self.builder.icmp_signed("!=", value, zero) if value.type == I64 else self.builder.fcmp_unordered("!=", value, zero)
        )

    def real(self, value: Any) -> Any:
        return value if value.type in (F64, F32) else self.cast(value, F64)

    def alike(self, one: Any, other: Any) -> tuple[Any, Any]:
        """Two operands in their common type."""
        if one.type == other.type:
            return one, other
        both = (one.type, other.type)
        kind = F64 if F64 in both or (F32 in both and I64 in both) else F32 if F32 in both else I64
        return self.cast(one, kind), self.cast(other, kind)
