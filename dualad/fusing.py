"""Kernels of whole chains of elementwise operations: from values that NumPy computed to all tangents, in one pass.

A chain is given as keys, one for each step: its function, and for each operand where it comes from (`pending` writes them).
The chain rule runs over it with symbols in place of arrays (`symbols`), one coefficient for each label, as `deferred` does it
with arrays. What comes out are the lines of a loop over blocks: first the coefficients of a block, which stay in the nearest
cache, then direction by direction what is made of them. Nothing but the result is written to memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .compiling import indented
from .deferred import WHERE
from .rules.chain import pushforward
from .rules.table import RULES, Elementwise
from .symbols import Program, Symbol, Unsupported, named, words, written

BLOCK = 512
"""Elements of a block."""

UNROLLED = 16
"""So many directions at most have lines of their own."""

MOST = 2**14
"""So many kinds of steps are remembered."""

FLOAT = np.dtype(np.float64)

# Where an operand comes from, if not from a step: that is a positive number, how many steps back.
SCALAR, ARRAY, LITERAL, TRUTHS, SLOPE, NUMBER, WHOLE = 0, -1, -2, -3, -4, -5, -6
SEEDED, ALONG = -16, -64  # a number, or an array, that varies along one direction, which is subtracted
SLOTS = {SCALAR: 1, ARRAY: 1, LITERAL: 0, TRUTHS: 1, SLOPE: 2, NUMBER: 2, WHOLE: 2}

LIGHT = frozenset(
    (np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.square, np.sqrt, np.absolute, np.where)
)
"""What a kernel computes as NumPy does, to the last bit, and sooner than it would load it."""

Key = tuple[Any, ...]


class Plan(NamedTuple):
    """What is kept for a step: which of the operands, and the value; and whether it is light."""

    operands: tuple[bool, ...]
    value: bool
    light: bool


class Kernel(NamedTuple):
    """A compiled chain: of which steps the values, and of what else the places, are its arguments, in this order."""

    call: Callable[..., Any]
    values: tuple[int, ...]
    arrays: tuple[int, ...]
    wholes: tuple[int, ...]
    scalars: tuple[int, ...]


class Lines(Program):
    """The lines of a chain, with constants where they stand."""

    def constant(self, number: Any, dtype: np.dtype[Any]) -> str:
        return str(bool(number)) if dtype.kind == "b" else repr(float(number))


PLANS: dict[Key, Plan | None] = {}
"""By the key of a step; None where there are no lines for it."""


def plan(key: Key) -> Plan | None:
    """What is to be kept for a step; None if it is none that can be written down."""
    if key not in PLANS:
        if len(PLANS) > MOST:
            PLANS.clear()
        PLANS[key] = _planned(key)
    return PLANS[key]


def _planned(key: Key) -> Plan | None:
    from . import native  # noqa: PLC0415 - loads LLVM, for functions that have taken longer

    row = row_of(key[0])
    codes = codes_of(key)
    kinds = tuple(["b" if code == TRUTHS else key[-1] if code == LITERAL else "s" for code in codes])
    moving = tuple([code > 0 or code <= SLOPE for code in codes])
    if isinstance(row.partials[0], tuple) or TRUTHS in codes[1:]:
        return None
    try:
        program, result = written(row, FLOAT, moving, kinds)
    except Unsupported:
        return None
    if not program.called <= native.machine().entries.wide:
        return None
    names = program.names | {result.name}
    light = is_light(key)
    return Plan(tuple([light or f"x{place}" in names for place in range(len(codes))]), "y" in names and not light, light)


def codes_of(key: Key) -> Sequence[Any]:
    """Where the operands of a step come from."""
    return key[1 : 1 + len(row_of(key[0]).partials)]


def is_light(key: Key) -> bool:
    """Whether a step's value is computed anew from those of its operands, and need not be kept."""
    if key[0] is np.power:
        return len(key) == 4 and key[3] == 2
    return key[0] in LIGHT and ARRAY not in key


def row_of(function: Any) -> Elementwise:
    """The row of a step."""
    return WHERE if function == np.where else RULES[function]  # type: ignore[return-value]  # a step's is Elementwise


def slots(code: int) -> int:
    """How many places an operand takes among what is kept beside values of steps."""
    return 0 if code > 0 else SLOTS.get(code, 1)


def needed_of(keys: Sequence[Key]) -> set[int]:
    """Of which steps of a chain the last one is made."""
    needed = {len(keys) - 1}
    for index in range(len(keys) - 1, -1, -1):
        if index in needed:
            needed.update(index - code for code in codes_of(keys[index]) if code > 0)
    return needed


def made(keys: Sequence[Key], directions: int) -> Kernel | None:
    """The kernel of a chain for the tangent of its last step; None if it cannot be written."""
    program = Lines()
    try:
        with np.errstate(all="ignore"):
            results = _chained(program, keys)
    except Unsupported:
        return None
    if not results:
        return None
    return _compiled(program, results, keys, directions)


def _chained(program: Lines, keys: Sequence[Key]) -> dict[Any, Symbol]:
    """The coefficients of the last step by label: ("d", direction), ("n", place), ("s", place) or ("w", place)."""
    needed = needed_of(keys)
    one = program.symbol("1.0", FLOAT, True)
    values: dict[int, Symbol] = {}
    coefficients: dict[int, dict[Any, Symbol]] = {}
    place = 0
    for index, key in enumerate(keys):
        function, codes = key[0], codes_of(key)
        primals: list[Any] = []
        operands: list[dict[Any, Symbol]] = []
        for code in codes:
            moving: dict[Any, Symbol] = {}
            if code > 0:
                primals.append(values.get(index - code))
                moving = coefficients.get(index - code, {})
            else:
                dtype = np.dtype(bool) if code == TRUTHS else FLOAT
                primals.append(key[-1] if code == LITERAL else program.symbol(f"l{place}", dtype, False))
                if code in (SLOPE, NUMBER, WHOLE):
                    moving = {({SLOPE: "s", NUMBER: "n", WHOLE: "w"}[code], place + 1): one}
                elif code <= SEEDED:
                    moving = {("d", (SEEDED if code > ALONG else ALONG) - code): one}
            operands.append(moving)
            place += slots(code)
        if index not in needed:
            continue
        if is_light(key):
            value = primals[0] * primals[0] if function is np.power else function(*primals)
        else:
            value = program.symbol(f"y{index}", FLOAT, False)
        values[index] = value
        found = coefficients[index] = {}
        for label in dict.fromkeys(label for each in operands for label in each):
            moved = pushforward(row_of(function), primals, [each.get(label) for each in operands], value)
            if moved is not None:
                found[label] = moved
    return coefficients[len(keys) - 1]


def _compiled(program: Lines, results: dict[Any, Symbol], keys: Sequence[Key], directions: int) -> Kernel | None:
    """The text of a kernel, and what LLVM makes of it."""
    from . import emission  # noqa: PLC0415 - see above

    lines, used = [], {symbol.name for symbol in results.values()}
    for line in reversed(program.lines):
        if line.name in used:
            lines.append(f"{line.name} = {line.text}")
            used |= words([line.text])
    lines.reverse()
    kinds = _kinds(keys)
    steps = tuple([index for index in range(len(keys)) if f"y{index}" in used])
    read = [place for place in kinds if f"l{place}" in used]
    arrays = tuple([place for place in read if kinds[place] != SCALAR])
    scalars = [place for place in read if kinds[place] == SCALAR] + [place for kind, place in results if kind == "s"]
    wholes = tuple([place for kind, place in results if kind == "w"])
    slopes = tuple([place for kind, place in results if kind == "n"])
    vectors = [*(f"y{index}" for index in steps), *(f"l{place}" for place in arrays)]
    parameters = [
        *(f"{name}_all" for name in vectors),
        *(f"l{place}" for place in (*slopes, *wholes, *scalars)),
        *("out", "size", "directions"),
        *(f"l{place}_step" for place in wholes),
    ]
    body = _body(vectors, lines, list(results.items()), directions)
    text = "\n".join([f"def kernel_({', '.join(parameters)}):", *indented(body)]) + "\n"
    name = named(text)
    text = text.replace("def kernel_(", f"def {name}(")
    signature = [("d", 1)] * len(steps) + [("?" if kinds[place] == TRUTHS else "d", 1) for place in arrays]
    signature += [("d", 1)] * (len(slopes) + len(wholes)) + [("d", -1)] * len(scalars) + [("d", 1)]
    signature += [("q", -1)] * (2 + len(wholes))
    call = emission.compiled(name, text, signature)
    return Kernel(call, steps, (*arrays, *slopes), wholes, tuple(scalars))


def _kinds(keys: Sequence[Key]) -> dict[int, int]:
    """For each place beside values of steps whether an array or a number lies there."""
    kinds: dict[int, int] = {}
    place = 0
    for key in keys:
        for code in codes_of(key):
            if slots(code):
                kinds[place] = code if code in (ARRAY, TRUTHS) else ARRAY if code == WHOLE or code <= ALONG else SCALAR
            place += slots(code)
    return kinds


def _body(vectors: list[str], lines: list[str], results: list[tuple[Any, Symbol]], directions: int) -> list[str]:
    """The loops over blocks."""
    part = f"for i in range(min(rest, {BLOCK})):"
    first = [f"{name} = load({name}_all, start + i)" for name in vectors] + lines
    first += [f"store(k{number}, i, {symbol.name})" for number, (_, symbol) in enumerate(results)]
    blocks = ["rest = size - start", part, *indented(first)]
    before = [f"k{number} = np.empty({BLOCK}, np.float64)" for number in range(len(results))]
    if directions <= UNROLLED:
        for direction in range(directions):
            loaded, row = _row(results, direction, str(direction))
            before += loaded
            blocks += [f"here = {direction} * size + start"]
            blocks += [f"w{label[1]}_here = {direction} * l{label[1]}_step + start" for label, _ in results if label[0] == "w"]
            blocks += [part, *indented([f"store(out, here + i, {row})"])]
    else:
        loaded, row = _row(results, None, "d")
        inner = [*loaded, "here = d * size + start"]
        inner += [f"w{label[1]}_here = d * l{label[1]}_step + start" for label, _ in results if label[0] == "w"]
        inner += [part, *indented([f"store(out, here + i, {row})"])]
        blocks += ["for d in range(directions):", *indented(inner)]
    return [*before, f"for start in range(0, size, {BLOCK}):", *indented(blocks), "return True"]


def _row(results: list[tuple[Any, Symbol]], direction: int | None, name: str) -> tuple[list[str], str]:
    """One direction of the result: what is loaded before, and the sum."""
    loaded, row = [], []
    for number, ((kind, place), _) in enumerate(results):
        kept = f"load(k{number}, i)"
        if kind == "d":
            if place == direction:
                row.append(kept)
        elif kind == "s":
            row.append(f"{kept} * l{place}")
        elif kind == "n":
            loaded.append(f"n{place}_{name} = load(l{place}, {name})")
            row.append(f"{kept} * n{place}_{name}")
        else:
            row.append(f"{kept} * load(l{place}, w{place}_here + i)")
    return loaded, " + ".join(row) or "0.0"
