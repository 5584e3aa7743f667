"""What a rule of the table does to one element, as lines of Python that numba can compile.

A rule is a NumPy expression, and whoever brings the operands decides what it means. Here the operands are symbols: each
NumPy call on them writes down one line and gives a new symbol. A symbol carries an array of one element, so what NumPy makes
of dtypes is observed and not known a second time. What has no line of its own raises `Unsupported`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .rules.chain import pushforward
from .rules.table import Elementwise

KERNEL = "kernel_"
"""The first part of a kernel's name; a digest of its text follows."""

TYPES = {"d": "float64", "f": "float32", "?": "boolean", "l": "int64", "q": "int64"}
"""The dtypes that loops take, and numba's names for them."""

ARITHMETIC: dict[np.ufunc, str] = {
    np.add: "{0} + {1}",
    np.subtract: "{0} - {1}",
    np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}",
    np.negative: "-{0}",
    np.positive: "{0}",
    np.square: "{0} * {0}",
    np.sqrt: "sqrt({0})",
    np.absolute: "abs({0})",
    np.fabs: "abs({0})",
    np.floor: "floor({0})",
    np.rint: "rint({0})",
    np.copysign: "copysign({0}, {1})",
    np.sign: "{one} if {0} > 0 else (-{one} if {0} < 0 else abs({0}))",
    np.maximum: "{0} if {0} >= {1} or {0} != {0} else {1}",
    np.minimum: "{0} if {0} <= {1} or {0} != {0} else {1}",
    np.logical_not: "not {0}",
    np.logical_and: "{0} & {1}",
    np.logical_or: "{0} | {1}",
    np.invert: "not {0}",
    np.bitwise_and: "{0} & {1}",
    np.bitwise_or: "{0} | {1}",
}
"""A line for each function that needs no library; the operands are in the dtype of the result."""

COMPARISONS: dict[np.ufunc, str] = {
    np.equal: "{0} == {1}",
    np.not_equal: "{0} != {1}",
    np.less: "{0} < {1}",
    np.less_equal: "{0} <= {1}",
    np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}",
    np.isnan: "{0} != {0}",
    np.signbit: "copysign({one}, {0}) < 0",
}
"""The same for answers of yes and no; the operands are in their common dtype."""

LIBRARY = frozenset(
    [
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "power", "hypot"),
        *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2"),
        *("sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    ]
)
"""The functions that are called by name from `simd`, if it widens them."""


def named(text: str) -> str:
    """The name of a kernel: a digest of its text. numba tells functions apart by module and name."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which `import dualad` need not wait for

    return f"{KERNEL}{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def words(texts: Iterable[str]) -> set[str]:
    """The names in some lines."""
    return set("".join(each if each.isalnum() or each == "_" else " " for each in " ".join(texts)).split())


class Unsupported(Exception):
    """An operation for which there is no line."""


class Line(NamedTuple):
    """One value: its name, the expression, its dtype, whether it depends on a tangent, and the library's function in it."""

    name: str
    text: str
    dtype: np.dtype[Any]
    moves: bool
    called: str


class Program:
    """The lines of one rule, each value once, with the constants and the library's functions that they need."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.constants: list[str] = []
        self._known: dict[tuple[str, np.dtype[Any]], Symbol] = {}

    def symbol(self, name: str, dtype: np.dtype[Any], moves: bool) -> Symbol:
        """An input."""
        return Symbol(self, name, np.full(1, 0.5, dtype), moves)

    def constant(self, number: Any, dtype: np.dtype[Any]) -> str:
        """The name of a constant; its digits are written such that none is lost."""
        text = str(bool(number)) if dtype.kind == "b" else f'{dtype.name}(float.fromhex("{float(number).hex()}"))'
        if text not in self.constants:
            self.constants.append(text)
        return f"c{self.constants.index(text)}"

    def cast(self, value: Any, dtype: np.dtype[Any]) -> str:
        """The text of an operand in a dtype."""
        if not isinstance(value, Symbol):
            return self.constant(value, dtype)
        have = value.dtype
        if have == dtype:
            return value.name
        if have.kind == "b" and dtype.kind == "f":
            return f"({self.constant(1, dtype)} if {value.name} else {self.constant(0, dtype)})"
        if have.kind == dtype.kind == "f":
            return f"{dtype.name}({value.name})"
        raise Unsupported(f"{have} as {dtype}")

    @property
    def called(self) -> set[str]:
        """The library's functions in the lines."""
        return {line.called for line in self.lines if line.called}

    @property
    def names(self) -> set[str]:
        """The names of values and inputs in the lines."""
        return words(line.text for line in self.lines)

    def emit(self, text: str, example: Any, moves: bool, called: str = "") -> Symbol:
        """A new value, or the one that was computed by the same expression."""
        if example.dtype not in (np.float64, np.float32, np.bool_):
            raise Unsupported(str(example.dtype))
        key = (text, example.dtype)
        if key not in self._known:
            name = f"v{len(self.lines)}"
            self.lines.append(Line(name, text, example.dtype, moves, called))
            self._known[key] = Symbol(self, name, example, moves)
        return self._known[key]


class Symbol(NDArrayOperatorsMixin):  # type: ignore[misc]  # NumPy's class is untyped to mypy
    """One element of an array, or of a tangent, whose operations are written down."""

    __array_priority__ = 2000.0

    def __init__(self, program: Program, name: str, example: Any, moves: bool) -> None:
        self.program, self.name, self.example, self.moves = program, name, example, moves

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.example.dtype

    @property
    def ndim(self) -> int:
        return 1 + self.moves  # a tangent has the direction axis in front

    def __bool__(self) -> bool:
        raise Unsupported("a decision by a value")

    def __pow__(self, exponent: Any) -> Any:
        """As ndarray does it: some exponents have shorter ways than np.power."""
        if exponent.__class__ in (int, float):
            short = {1: np.positive, 2: np.square, 0.5: np.sqrt}.get(exponent)
            if short is not None:
                return short(self)
            if exponent == -1:
                return 1.0 / self
        return np.power(self, exponent)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            raise Unsupported(f"{ufunc.__name__} with {kwargs or method}")
        example = ufunc(*map(_example, inputs))
        template, called, dtype = ARITHMETIC.get(ufunc), "", example.dtype
        if ufunc in COMPARISONS:
            template, dtype = COMPARISONS[ufunc], np.result_type(*map(_example, inputs))
            if dtype.kind in "iu":  # of answers of yes and no
                dtype = np.dtype(np.float64)
        elif template is None:
            called = ufunc.__name__
            if called not in LIBRARY or getattr(np, called) is not ufunc:
                raise Unsupported(called)
            template = f"{called}({', '.join(['{0}', '{1}'][: ufunc.nin])})"
        program = self.program
        one = program.constant(1, dtype) if "{one}" in template else ""
        text = template.format(*[program.cast(each, dtype) for each in inputs], one=one)
        return program.emit(text, example, _moves(inputs), called)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function == np.ndim:
            return args[0].ndim
        if function == np.real:
            return args[0]
        if function == np.iscomplexobj:
            return False
        if function != np.where or kwargs or len(args) != 3:
            raise Unsupported(function.__name__)
        chosen, one, other = args
        if not isinstance(chosen, Symbol) or chosen.dtype.kind != "b":
            raise Unsupported("np.where of a constant")
        result = np.where(*map(_example, args))
        yes, no = self.program.cast(one, result.dtype), self.program.cast(other, result.dtype)
        return self.program.emit(f"{yes} if {chosen.name} else {no}", result, _moves(args))


def _example(value: Any) -> Any:
    return value.example if isinstance(value, Symbol) else value


def _moves(values: Any) -> bool:
    return any(isinstance(each, Symbol) and each.moves for each in values)


def written(row: Elementwise, dtype: np.dtype[Any], moving: tuple[bool, ...], kinds: tuple[Any, ...]) -> tuple[Program, Symbol]:
    """The chain rule of a row for one element: inputs x0, x1 ..., output y, tangents t0, t1 ... of those that move.

    `kinds` has, for each input, "b" if it is Boolean, or a number that is to stand in the lines.
    """
    program = Program()
    primals = [
        program.symbol(f"x{place}", np.dtype(bool) if kind == "b" else dtype, False) if kind.__class__ is str else kind
        for place, kind in enumerate(kinds)
    ]
    tangents = [program.symbol(f"t{place}", dtype, True) if moves else None for place, moves in enumerate(moving)]
    with np.errstate(all="ignore"):
        try:
            result = pushforward(row, primals, tangents, program.symbol("y", dtype, False))
        except Unsupported:
            raise
        except Exception as error:  # a row may be the user's, and do anything with its operands
            raise Unsupported(row.name) from error
    if not isinstance(result, Symbol) or not result.moves:
        raise Unsupported("no tangent of one output")
    return program, result
