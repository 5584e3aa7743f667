"""Fused kernels for large arrays: NumPy computes the value, one pass over memory computes all its tangents.

NumPy's way through the chain rule makes an array of every step. Above some size that is what takes the time: each of them
goes out to memory and back, and fresh memory comes from the operating system page by page. A kernel (`compiling`) makes none
beyond the result. It is used for arrays of float64 and float32 that lie one after the other in memory, or are broadcast; for
all others, small ones, duals of duals, arrays of other libraries, NumPy computes as ever.

numba takes half a second to import and a tenth of one for each kernel that is not on the disk yet. Nobody shall wait that long
for an answer that NumPy has in a millisecond. So every kernel keeps an account of what it would have saved so far, and is made
when that has reached what it costs: over the life of a process never more than about twice the time that the better of the
two ways would have taken. Until then, and afterwards, answers are the same to a few units in the last place.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy import generic, ndarray

from .locks import Lock
from .rules.chain import pushforward
from .rules.table import Array, Elementwise

if TYPE_CHECKING:
    from .symbols import Line

SMALL = 1024
"""Arrays with fewer elements are NumPy's."""

NARROW = 32
"""So are broadcast ones whose rows have fewer."""

START, EACH = 0.8, 0.15
"""What it takes to load numba, and to make one kernel, in seconds; much less where they are known already."""

LINE, CHOICE, SLOWLY = 0.4e-9, 2e-9, 8e-9
"""What a kernel saves of each step with one element, in seconds: of arithmetic, of np.where, and of slow functions."""

SHARE = 0.2
"""What part of one step over the result a call has to save: NumPy writes one direction after the other, which is quicker."""

SLOW = frozenset({"sin", "cos", "power", "arctan2", "hypot"})

LEAST = 1e-5
"""What a call has to save, in seconds: it takes a few millionths to put the operands in order."""

CURIOUS = 2**22
"""After so many elements a kernel is thought about at all."""

LITERALS = 64
"""A power with a number as exponent has a kernel of its own; there are so many of them at most."""


class Operands(NamedTuple):
    """The arguments of a kernel's call as flat arrays, with the distances of rows and directions in each."""

    key: Any
    arrays: list[Any]  # inputs and output
    moving: list[Any]  # tangents
    steps: list[int]  # from row to row, of all of these
    strides: list[int]  # from direction to direction
    directions: int
    rows: int
    size: int


class Kernel:
    """The kernel of one row for one kind of operands, or what is known about whether it is worth making."""

    __slots__ = ("account", "call", "hopeless", "once", "per_direction", "program", "row", "used")

    def __init__(self, row: Elementwise) -> None:
        self.row = row
        self.call: Any = None
        self.used: tuple[bool, ...] = ()  # which of the inputs and the output it asks for
        self.account = 0.0
        self.program: Any = None
        self.hopeless = False
        self.once = self.per_direction = 0.0  # what it saves per element


_kernels: dict[Any, Kernel] = {}
_gains: dict[Any, tuple[float, float]] = {}  # by function and varying inputs, what kernels save at most
_lock = Lock()
_account = 0.0  # of all kernels together


def push(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Any) -> Any:
    """The chain rule, by a kernel where there is one."""
    if y.__class__ is ndarray and y.size >= SMALL and not row.linear and _hopeful_for(row, tangents, y):
        tangent = fused(row, primals, tangents, y)
        if tangent is not None:
            return tangent
    return pushforward(row, primals, tangents, y)


def hopeful(row: Elementwise, moving: tuple[bool, ...], size: int, directions: int) -> bool:
    """Whether a kernel may be worth its call, as far as is known without a look at the operands."""
    gain = _gains.get((row.function, moving))
    return gain is None or size * (gain[0] + gain[1] * directions) >= LEAST


def _hopeful_for(row: Elementwise, tangents: Sequence[Array | None], y: Any) -> bool:
    directions = next(len(each) for each in tangents if each is not None)
    return hopeful(row, tuple([each is not None for each in tangents]), y.size, directions)


def fused(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Any) -> Any:
    """The tangent by a kernel; None if NumPy is to compute it."""
    flags = y.flags
    if not flags.c_contiguous:
        if not flags.f_contiguous:
            return None
        turned = [each.T if each.__class__ is ndarray and each.ndim == y.ndim else each for each in primals]
        moving = [each if each is None or each.ndim <= y.ndim else _turned(each) for each in tangents]
        tangent = fused(row, turned, moving, y.T)
        return None if tangent is None else _turned(tangent)
    operands = _operands(row, primals, tangents, y)
    if operands is None:
        return None
    kernel = _kernels.get(operands.key)
    if kernel is None:
        _kernels[operands.key] = kernel = Kernel(row)
    if kernel.hopeless or not _pays(kernel, operands) or (kernel.call is None and not _ready(kernel)):
        return None
    out = np.empty((operands.directions, *y.shape), y.dtype)
    used = kernel.used
    kernel.call(
        *itertools.compress(operands.arrays, used),
        *operands.moving,
        out.reshape(-1),
        *(operands.directions, operands.rows, operands.size),
        *itertools.compress(operands.steps, used),
        *operands.steps[len(used) :],
        operands.size,
        *operands.strides,
        y.size,
    )
    return out


def _turned(tangent: Any) -> Any:
    """A tangent of the transposed array."""
    return tangent.transpose(0, *range(tangent.ndim - 1, 0, -1))


def _operands(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Any) -> Operands | None:
    """The arguments of a kernel's call; None if no kernel can take them."""
    dtype = y.dtype
    if dtype.char not in "df" or not dtype.isnative:
        return None
    arrays: list[Any] = []
    literals: list[Any] = []
    for place, x in enumerate(primals):
        kind = x.__class__
        literal = None
        if kind is float or kind is int:
            if row.function is np.power and place == 1 and tangents[1] is None:
                literal = x
            x = np.array(x, dtype)
        elif kind is not ndarray:
            if not isinstance(x, generic):
                return None
            x = np.asarray(x)
        if x.dtype != dtype and not (x.dtype.char == "?" and x.shape == y.shape):
            return None
        flags = x.flags
        if not (flags.c_contiguous and flags.aligned):
            x = np.copy(x, order="C")
        arrays.append(x)
        literals.append(literal)
    moving: list[Any] = []
    for tangent in tangents:
        if tangent is not None:
            if tangent.__class__ is not ndarray or tangent.dtype != dtype:
                return None
            flags = tangent.flags
            if not (flags.c_contiguous and flags.aligned):
                return None
            moving.append(tangent)
    shapes = [*(x.shape for x in arrays), *(tangent.shape[1:] for tangent in moving)]
    laid = _laid(shapes, y.shape)
    if laid is None:
        return None
    places, rows, size = laid
    places.insert(len(arrays), ("v", size))
    arrays.append(y)
    directions = len(moving[0])
    kinds = tuple(
        [
            literal if literal is not None else "b" if x.dtype.char == "?" else place[0]
            for x, place, literal in zip(arrays, places, literals, strict=False)  # the output and tangents have no literals
        ]
    )
    flows = iter(place[0] for place in places[len(arrays) :])
    key = (row.function, dtype.char, kinds, tuple(["" if each is None else next(flows) for each in tangents]), directions > 1)
    return Operands(
        key,
        [array.reshape(-1) for array in arrays],
        [tangent.reshape(-1) for tangent in moving],
        [place[1] for place in places],
        [tangent.size // directions for tangent in moving],
        directions,
        rows,
        size,
    )


def _laid(shapes: list[tuple[int, ...]], full: tuple[int, ...]) -> tuple[list[tuple[str, int]], int, int] | None:
    """How operands of these shapes lie beside one of the full shape, seen as rows: for each whether a row is an array or one
    number, and the distance from row to row; then how many rows there are, and their size."""
    size = math.prod(full)
    if all(shape == full or math.prod(shape) == 1 for shape in shapes):
        return [("v", size) if shape == full else ("s", 0) for shape in shapes], 1, size
    axes = [axis for axis, length in enumerate(full) if length != 1]
    spans = [[axis >= len(full) - len(s) and s[axis - len(full)] == full[axis] for axis in axes] for s in shapes]
    columns = list(zip(*spans, strict=True))
    cuts = [place for place in range(1, len(columns)) if columns[place] != columns[place - 1]]
    if len(cuts) != 1:
        return None
    cut = cuts[0]
    size = math.prod(full[axis] for axis in axes[cut:])
    if size < NARROW:
        return None
    places = [("v" if span[-1] else "s", (size if span[-1] else 1) if span[0] else 0) for span in spans]
    return places, math.prod(full[axis] for axis in axes[:cut]), size


# -- the account ---------------------------------------------------------------------------------------------------------


def _pays(kernel: Kernel, operands: Operands) -> bool:
    """Whether a kernel would be quicker than NumPy for these operands; booked is what it saves, until it is made."""
    global _account  # noqa: PLW0603 - of the process
    elements = operands.rows * operands.size
    if kernel.program is None:
        kernel.account += elements * operands.directions
        if kernel.account < CURIOUS:
            return False
        with _lock:
            if kernel.program is None:
                _think(kernel, operands.key)
    gain = elements * (kernel.once + kernel.per_direction * operands.directions)
    if gain < LEAST or gain < SHARE * LINE * elements * operands.directions:
        return False
    if kernel.call is None:
        kernel.account += gain
        _account += gain
    return True


def _ready(kernel: Kernel) -> bool:
    """Whether a kernel can be called; it is made when its account says so."""
    if kernel.account < EACH or (_account < START and "dualad.simd" not in sys.modules):
        return False
    with _lock:
        if kernel.call is None and not kernel.hopeless:
            _make(kernel)
    return kernel.call is not None


def _think(kernel: Kernel, key: Any) -> None:
    """Write a kernel's lines, and estimate what they would save."""
    from .symbols import Unsupported, written  # noqa: PLC0415 - most programs never get here

    _, char, kinds, flows, _ = key
    try:
        program, result = written(kernel.row, np.dtype(char), tuple(map(bool, flows)), kinds)
    except Unsupported:
        kernel.hopeless, kernel.program = True, ()
        _gains.setdefault((kernel.row.function, tuple(map(bool, flows))), (0.0, 0.0))
        return
    kernel.once = sum(_price(line) for line in program.lines if not line.moves)
    kernel.per_direction = max(0.0, sum(_price(line) for line in program.lines if line.moves) - LINE)
    kernel.hopeless = kernel.once + kernel.per_direction == 0
    kernel.account = 0.0
    known = (kernel.row.function, tuple(map(bool, flows)))
    once, each = _gains.get(known, (0.0, 0.0))
    _gains[known] = max(once, kernel.once), max(each, kernel.per_direction)
    kernel.program = (program, result, key)


def _price(line: Line) -> float:
    """What NumPy takes longer for a line than a kernel, in seconds per element."""
    if line.called:
        return SLOWLY if line.called in SLOW else 0.0
    return CHOICE if " if " in line.text else LINE


def _make(kernel: Kernel) -> None:
    """Compile a kernel, or load it."""
    import numba  # noqa: PLC0415 - half a second, for whoever needs it

    from . import compiling, simd  # noqa: PLC0415 - the same

    program, result, (_, char, kinds, flows, many) = kernel.program
    if not program.called <= simd.WIDE or numba.config.DISABLE_JIT:
        kernel.hopeless = True
        return
    text = compiling.text_of(program, result, kinds, flows, many)
    needed = program.names | {result.name}
    real = np.dtype(char).name
    kernel.used = tuple([name in needed for name in (*(f"x{place}" for place in range(len(kinds))), "y")])
    inputs = ["boolean" if kind == "b" else real for kind, used in zip((*kinds, ""), kernel.used, strict=True) if used]
    moving = [real for flow in flows if flow]
    arrays = [*inputs, *moving, real]
    kernel.call = compiling.compiled(text, arrays, 3 + len(arrays) + len(moving) + 1)
