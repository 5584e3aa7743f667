"""The text of a kernel, kept in a file of the user's cache directory, and its machine code beside it.

A kernel computes the tangents of one elementwise operation in one pass: block by block, so that what depends on the primals
alone is computed once, stays in the processor's cache, and meets every direction there. The lines come from the rule itself
(`symbols`). numba keeps machine code only of functions that stand in a file, and goes by the file; its name is a digest of
what it holds: another text is another file, and the same text is never written twice.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .symbols import KERNEL, Line, Program, Symbol, named, words

BLOCK = 512
"""Elements of a block: a few arrays of so many fit into the smallest cache."""

CACHE = "DUALAD_CACHE_DIR"
"""The environment variable that names another directory for kernels; empty, none is used."""

VECTORS = ("v", "b")

HEADER = """\
# A kernel of dualad; the file may be removed at any time.
from math import copysign, sqrt

import numpy as np
from numba import float32, float64
from numpy import floor, rint
"""


def text_of(program: Program, result: Symbol, inputs: Iterable[str], moving: Iterable[str], many: bool) -> str:
    """The source of a kernel.

    `inputs` and `moving` say of every primal and tangent whether a row of it is an array ("v", or "b" if Boolean), one number
    for all ("s"), or whether it is not there (""). All arrays arrive flat, each with the distance of its rows, a tangent also
    with that of its directions. With `many` directions, what they share is computed once for a block.
    """
    flowing = [line for line in program.lines if line.moves]
    static = [line for line in program.lines if not line.moves]
    needed = program.names | {result.name}
    inner = words(line.text for line in (flowing if many else program.lines)) | {result.name}
    kept = [line for line in static if many and line.name in inner]
    primals = {f"x{place}": kind for place, kind in enumerate(inputs) if f"x{place}" in needed}
    if "y" in needed:
        primals["y"] = "v"
    tangents = {f"t{place}": kind for place, kind in enumerate(moving) if kind}
    vectors = [name for name, kind in primals.items() if kind in VECTORS]

    loop = [f"{name} = {name}_part[i]" for name in vectors if name in inner]
    loop += [f"{name} = {name}_part[i]" for name, kind in tangents.items() if kind == "v"]
    loop += [f"{line.name} = {line.name}_kept[i]" for line in kept]
    loop += [f"{line.name} = {line.text}" for line in (flowing if many else program.lines)]
    loop += [f"out_part[i] = {result.name}"]

    directions = [taken(name, kind, f"direction * {name}_step + row * {name}_row") for name, kind in tangents.items()]
    directions += [taken("out", "v", "direction * out_step + row * out_row"), "for i in range(count):", *indented(loop)]

    blocks = [f"count = min({BLOCK}, size - start)", *(taken(name, "v", f"row * {name}_row") for name in vectors)]
    if kept:
        once = [f"{name} = {name}_part[i]" for name in vectors]
        once += [f"{line.name} = {line.text}" for line in static]
        once += [f"{line.name}_kept[i] = {line.name}" for line in kept]
        blocks += ["for i in range(count):", *indented(once)]
    blocks += ["for direction in range(directions):", *indented(directions)]

    rows = [taken(name, "s", f"row * {name}_row") for name, kind in primals.items() if kind == "s"]
    rows += [f"for start in range(0, size, {BLOCK}):", *indented(blocks)]
    body = [*map(room_for, kept), "for row in range(rows):", *indented(rows)]

    lines = [HEADER]
    if program.called:
        lines += [f"from dualad.simd import {', '.join(sorted(program.called))}", ""]
    lines += [f"c{index} = {text}" for index, text in enumerate(program.constants)]
    lines += ["", "", f"def {KERNEL}({', '.join(parameters(primals, tangents))}):", *indented(body)]
    text = "\n".join(lines) + "\n"
    return text.replace(KERNEL, named(text))


def parameters(primals: Iterable[str], tangents: Iterable[str]) -> list[str]:
    """The names of a kernel's arguments: arrays, how often, distances of rows, distances of directions."""
    arrays, moving = (*primals, *tangents, "out"), (*tangents, "out")
    return [
        *(f"{name}_all" for name in arrays),
        *("directions", "rows", "size"),
        *(f"{name}_row" for name in arrays),
        *(f"{name}_step" for name in moving),
    ]


def taken(name: str, kind: str, place: str) -> str:
    """The line that takes a part of an array, from `place` on, or one number."""
    if kind == "s":
        return f"{name} = {name}_all[{place}]"
    return f"{name}_part = {name}_all[{place} + start : {place} + start + count]"


def room_for(line: Line) -> str:
    """The line that makes room for a value of every element of a block."""
    return f"{line.name}_kept = np.empty({BLOCK}, np.{line.dtype.name})"


def indented(lines: Iterable[str]) -> list[str]:
    """Lines one level deeper."""
    return ["    " + line for line in lines]


# -- files ---------------------------------------------------------------------------------------------------------------


def directory() -> Path | None:
    """Where kernels are kept: a directory of this user, made when it is first needed; None if there can be none."""
    named = os.environ.get(CACHE)
    if named == "":
        return None
    try:
        if named is not None:
            place = Path(named)
        elif sys.platform == "win32":
            place = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "dualad" / "kernels"
        elif sys.platform == "darwin":
            place = Path.home() / "Library" / "Caches" / "dualad" / "kernels"
        else:
            place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dualad" / "kernels"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and place.stat().st_uid != os.getuid():  # code is run that is found there
            return None
    except (OSError, RuntimeError):  # no home, or one that is read-only
        return None
    return place


def file_of(name: str, text: str) -> Path | None:
    """The file of a kernel; None where nothing can be written."""
    place = directory()
    if place is None:
        return None
    path = place / f"{name}.py"
    try:
        if path.exists():
            return path
        handle, name = tempfile.mkstemp(dir=place, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(name, (0, 0))  # numba goes by the time too: two processes that write at once shall agree
        os.replace(name, path)
    except OSError:
        return None
    return path


def compiled(text: str, arrays: list[str], numbers: int) -> Callable[..., Any]:
    """The compiled function of a text, from the disk if it was compiled before. It takes flat arrays of these dtypes, then so
    many integers, and does not look what it is given."""
    import numba  # noqa: PLC0415 - half a second, for whoever needs it

    # The entry itself, past the dispatcher: that one asks for types that are known here, and while a transform runs also
    # whether any argument is lifted.
    return dispatcher(text).compile((*(getattr(numba, dtype)[::1] for dtype in arrays), *[numba.int64] * numbers))


def dispatcher(text: str) -> Any:
    """What numba makes of a text, nothing compiled yet."""
    from . import simd  # noqa: PLC0415 - loads numba

    name = text[text.index(f"def {KERNEL}") + 4 :].partition("(")[0]
    path = file_of(name, text)
    names: dict[str, Any] = {"__name__": __name__}  # numba asks for a module that can be imported
    code = compile(text, str(path or f"<{name}>"), "exec")
    exec(code, names)
    return simd.njit(names[name], nogil=True)
