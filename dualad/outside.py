"""What a function sees from outside by name: closures' cells, globals, and generators of random numbers in them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from .places import MANY, attribute, reachable


def outside(f: Any) -> Iterator[tuple[Any, str, Any]]:
    """What f and the functions that it holds see by name from outside: closures' cells, and globals that are no code."""
    pending = list(reachable(f))
    seen: set[int] = set()
    while pending:
        function = pending.pop()
        if id(function) in seen or (function.__module__ or "").partition(".")[0] in ("numpy", "scipy", "dualad"):
            continue
        seen.add(id(function))
        names: set[str] = set()
        codes = [function.__code__]
        while codes:
            code = codes.pop()
            names.update(code.co_names)
            codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars, strict=True):
            value = look(cell, name)
            if not isinstance(value, types.FunctionType | types.ModuleType | type):
                yield cell, name, value
        for name in names:
            value = function.__globals__.get(name)
            if isinstance(value, types.FunctionType):
                pending.append(value)
            elif value is not None and not isinstance(value, types.ModuleType | type) and not callable(value):
                yield function.__globals__, name, value


def look(holder: Any, name: str) -> Any:
    """What a cell or a module's names hold at present."""
    if holder.__class__ is dict:
        return holder.get(name)
    try:
        return holder.cell_contents
    except ValueError:  # empty yet
        return None


class Seen:
    """An array from outside, with what was in it when Python may have read it. `used` if it is in lines too, which take it as
    it is: then elements that changed and made no other program of it are let go (`loosen`)."""

    __slots__ = ("array", "kept", "used", "was")

    def __init__(self, array: Any, used: bool) -> None:
        self.array, self.used = array, used
        self.kept: Any = None  # which elements count, if not all
        self.was = array.tobytes()

    def bytes(self) -> bytes:
        """What is in it now."""
        held = self.array if self.kept is None else self.array[self.kept]
        return bytes(held.tobytes())

    def holds(self) -> bool:
        """Whether the same is in it."""
        return self.bytes() == self.was

    def loosen(self) -> None:
        """Let go of what has changed."""
        kept = np.ones(self.array.shape, bool) if self.kept is None else self.kept
        now, was = self.array[kept], np.frombuffer(self.was, self.array.dtype)
        sizes = (now.size, self.array.itemsize)
        same = now.view(np.uint8).reshape(sizes) == was.view(np.uint8).reshape(sizes)
        kept[kept] = same.all(axis=1)
        self.kept, self.was = kept, self.array[kept].tobytes()


def generators(f: Any, values: list[Any]) -> list[Any]:
    """NumPy's generators of random numbers that f leads to, or these values: by name, in containers, as attributes."""
    if "numpy.random" not in sys.modules:
        return []
    from numpy.random import Generator, RandomState  # noqa: PLC0415 - only where somebody has loaded it

    pending = [*values, f, *[value for _, _, value in outside(f)]]
    for function in reachable(f):
        pending += [attribute(function, "__self__"), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    found: list[Any] = []
    seen: set[int] = set()
    while pending and len(seen) < MANY:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Generator | RandomState):
            found.append(value)
        elif type(value) is dict:
            pending += value.values() if len(value) < MANY else ()
        elif type(value) in (list, tuple):
            pending += value if len(value) < MANY else ()
        elif not isinstance(value, types.ModuleType | type):
            own = attribute(value, "__dict__")
            pending += own.values() if type(own) is dict else ()
            pending.append(attribute(value, "__self__") if isinstance(value, types.MethodType) else None)
    return found
