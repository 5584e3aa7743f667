"""What an elementwise function does to one element, as an expression that numba can compile.

Operands are filled in by their places, in the dtype in which NumPy computes; `one` is a 1 of that dtype. Functions of the C
library come from `simd`, under NumPy's names. What is not here stays a call of NumPy between loops.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from . import symbols
from .graph import cast
from .lines import Line
from .mathematics import ROWS

TRUTHS: dict[Any, str] = {
    **{each: symbols.ARITHMETIC[each] for each in (np.logical_not, np.invert, np.logical_and, np.logical_or)},
    **{each: symbols.ARITHMETIC[each] for each in (np.bitwise_and, np.bitwise_or)},
    np.logical_xor: "{0} != {1}",
    np.bitwise_xor: "{0} != {1}",
}
"""Of truths."""

ARITHMETIC: dict[Any, str] = {
    **{function: text for function, text in symbols.ARITHMETIC.items() if function not in TRUTHS},
    np.reciprocal: "{one} / {0}",
    np.copy: "{0}",
    np.real: "{0}",
    np.conjugate: "{0}",
    np.ceil: "ceil({0})",
    np.trunc: "trunc({0})",
    np.sign: "choose({0} > 0, {one}, choose({0} < 0, -{one}, abs({0})))",
    np.maximum: "choose(({0} > {1}) | ({0} != {0}), {0}, {1})",  # of zeros the second one, as NumPy's
    np.minimum: "choose(({0} < {1}) | ({0} != {0}), {0}, {1})",
    np.fmax: "choose(({0} >= {1}) | ({1} != {1}), {0}, {1})",
    np.fmin: "choose(({0} <= {1}) | ({1} != {1}), {0}, {1})",
}
"""In the dtype of the result; choices as one instruction, since loops may have hundreds of them."""

COMPARISONS: dict[Any, str] = {
    **symbols.COMPARISONS,
    np.isfinite: "{0} - {0} == 0",
    np.isinf: "abs({0}) == inf",
}
"""In the operands' common dtype."""

CALLS: dict[Any, str] = {getattr(np, name): name for name in sorted(symbols.LIBRARY)}
"""Functions of `simd` by NumPy's."""

FOLDS: dict[Any, tuple[str, str, str]] = {
    np.add: ("sum", "0", "plus({0}, {1})"),
    np.multiply: ("prod", "1", "times({0}, {1})"),
    np.maximum: ("max", "-inf", "choose(({1} > {0}) | ({1} != {1}), {1}, {0})"),
    np.minimum: ("min", "inf", "choose(({1} < {0}) | ({1} != {1}), {1}, {0})"),
    np.logical_or: ("any", "False", "{0} | {1}"),
    np.logical_and: ("all", "True", "{0} & {1}"),
}
"""Reductions: a name, where they begin, and a step."""

REDUCTIONS: dict[Any, Any] = {
    np.sum: np.add,
    np.prod: np.multiply,
    np.max: np.maximum,
    np.min: np.minimum,
    np.any: np.logical_or,
    np.all: np.logical_and,
    np.mean: np.add,
}
REDUCTIONS |= {getattr(ufunc, "reduce"): ufunc for ufunc in FOLDS}  # noqa: B009 - a bound method of each, which compares equal


def known(dtype: np.dtype[Any]) -> bool:
    """Whether loops take a dtype."""
    return dtype.char in symbols.TYPES and dtype.isnative


def literal(number: Any, dtype: np.dtype[Any]) -> str:
    """A constant, of which no digit is lost."""
    if dtype.kind == "b":
        return str(bool(number))
    if dtype.kind == "i":
        return f"int64({int(number)})"
    number = float(dtype.type(number))
    text = repr(number) if math.isfinite(number) else f"{'-' if number < 0 else ''}{'inf' if number == number else 'nan'}"
    return text if dtype.char == "d" else f"float32({text})"


def cast_text(text: str, have: np.dtype[Any], want: np.dtype[Any]) -> str:
    """An expression in another dtype."""
    if have == want:
        return text
    if want.kind == "b":
        return f"({text} != 0)"
    return f"{symbols.TYPES[want.char]}({text})"


def computed_in(line: Line) -> np.dtype[Any] | None:
    """The dtype in which NumPy computes a line's operands; None if loops cannot compute it."""
    function, dtypes = line.function, [dtype_of(each) for each in line.args[: arity(line)]]
    if line.keywords or not known(line.dtype) or any(each is not None and not known(each) for each in dtypes):
        return None
    if function == np.where:
        return line.dtype if len(line.args) == 3 and dtypes[0] is not None and dtypes[0].kind == "b" else None
    if function is cast:
        return dtypes[0] if line.dtype.kind != "i" else None
    if function in TRUTHS:
        return np.dtype(bool) if all(each is not None and each.kind == "b" for each in dtypes) else None
    if function in COMPARISONS:
        return _common(line) if line.dtype.kind == "b" else None
    if function in CALLS or function in POWERS or function in ROWS:
        return line.dtype if line.dtype.kind == "f" and name_in_library(line) is not None else None
    if function in ARITHMETIC and (line.dtype.kind == "f" or (line.dtype.kind == "i" and function in INTEGER)):
        return line.dtype
    return None


INTEGER = (np.add, np.subtract, np.multiply, np.negative, np.positive, np.copy, np.maximum, np.minimum)
POWERS = (operator.pow, np.power)


def _common(line: Line) -> np.dtype[Any]:
    """The dtype of a comparison; numbers of Python's are weak."""
    parts = [each.dtype if isinstance(each, Line) and each.kind != "number" else each for each in line.args]
    parts = [0.5 if isinstance(each, Line) else each for each in parts]
    common = np.result_type(*parts)
    return np.dtype(float) if common.kind == "b" else common


def dtype_of(value: Any) -> np.dtype[Any] | None:
    """The dtype of an argument; None for Python's numbers, which take that of the others."""
    if isinstance(value, Line):
        return value.dtype
    return value.dtype if isinstance(value, np.generic) else None


def arity(line: Line) -> int:
    """How many arguments of a line are operands."""
    if line.function in (cast, np.copy, np.real, np.conjugate):
        return 1
    return len(line.args)


def name_in_library(line: Line) -> str | None:
    """The function of `simd` that a line calls; an empty name where a short expression does it."""
    function: Callable[..., Any] | None = line.function
    if function in POWERS:
        return "" if exponent_of(line) is not None else "power"
    function = ROWS.get(function, function)  # type: ignore[arg-type]  # any key may be asked for
    return "" if function in ARITHMETIC else CALLS.get(function)


def exponent_of(line: Line) -> str | None:
    """The template of a power with a common constant as exponent."""
    exponent = line.args[1]
    if isinstance(exponent, Line) or not isinstance(exponent, (int, float, np.number)):
        return None
    return {2: "{0} * {0}", 3: "{0} * {0} * {0}", 1: "{0}", 0.5: "sqrt({0})", -1: "{one} / {0}"}.get(float(exponent))


def template(line: Line) -> str:
    """A line's expression, with places for its operands."""
    function = line.function
    if function == np.where:
        return "choose({0}, {1}, {2})"
    if function is cast:
        return "{0}"
    name = name_in_library(line) if function in CALLS or function in POWERS or function in ROWS else None
    if name:
        return f"{name}({', '.join(f'{{{place}}}' for place in range(len(line.args)))})"
    if function in POWERS:
        return exponent_of(line) or ""
    function = ROWS.get(function, function)  # type: ignore[arg-type]  # the same
    return ARITHMETIC.get(function) or COMPARISONS.get(function) or TRUTHS[function]
