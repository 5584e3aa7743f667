"""What a function sees from outside by name: closures' cells, globals, attributes and items of these, and generators of random
numbers in them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .places import MANY, WRAPPED, attribute, reachable

PACKAGES = frozenset(("numpy", "scipy", "dualad", "numba", "builtins", "_pytest"))
"""Whose functions and objects are taken as they are; pytest puts a module of its own into code with assertions."""

SEEN, USED = 2**20, 2**12
"""So many elements of an array are compared with what was in them, at most; fewer where lines of a program use it, too."""

WATCHED = 256
"""So many names, attributes and items are watched, at most."""


class Found(NamedTuple):
    """Something from outside: what holds it (a cell, names, an instance's own, a list or dict), under which name or at which
    place (a list's None is its length), the value, and how one writes it."""

    holder: Any
    name: Any
    value: Any
    text: str


def outside(f: Any, given: Iterable[Any] = ()) -> list[Found]:
    """What f, and the functions and methods that it calls by name, see from outside: closures' cells, globals, defaults, and of
    these, and of the objects in `given`, the attributes that the code has names for, and the items of containers."""
    functions = {id(each): each for each in reachable(f) if not _is_known(each.__module__)}
    known = -1
    while known != len(functions):
        known = len(functions)
        view = _View(functions)
        view.see_all(f, given)
    return list(view.found.values())[:WATCHED]


class _View:
    """One look around; functions that are met are put to those that are known already."""

    def __init__(self, functions: dict[int, Any]) -> None:
        self.functions, self.found = functions, dict[tuple[int, Any], Found]()
        self.names = {id(each): _names_of(each) for each in functions.values()}
        self.all_names = frozenset[str]().union(*self.names.values())
        self.seen: set[int] = set()

    def see_all(self, f: Any, given: Iterable[Any]) -> None:
        for function in list(self.functions.values()):
            for cell, name in zip(function.__closure__ or (), function.__code__.co_freevars, strict=True):
                self.see(cell, name, look(cell, name), name)
            space = function.__globals__
            for name in sorted(self.names[id(function)] & space.keys()):
                self.see(space, name, space[name], name)
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            for name, value in zip(names[::-1], (function.__defaults__ or ())[::-1], strict=False):
                self.look_into(value, name)
            for name, value in (function.__kwdefaults__ or {}).items():
                self.look_into(value, name)
        each = f
        while each is not None and len(self.seen) < MANY:
            if type(each) is partial:
                self.look_into([*each.args, *each.keywords.values()], "argument")
            self.look_into(attribute(each, "__self__") or each, "self")
            each = next((inner for name in WRAPPED if (inner := attribute(each, name)) is not None), None)
        for value in given:
            self.look_into(value, "self")

    def see(self, holder: Any, name: Any, value: Any, text: str) -> None:
        if isinstance(value, (types.ModuleType, type)):
            self.look_into(value, text)
            return
        self.found.setdefault((id(holder), name), Found(holder, name, value, text))
        self.look_into(value, text)

    def look_into(self, value: Any, text: str) -> None:
        """Watch what is in a container, an object or a module of somebody's; note functions and methods."""
        kind = type(value)
        if kind is types.FunctionType:
            if not _is_known(value.__module__):
                self.functions.setdefault(id(value), value)
            return
        if id(value) in self.seen or len(self.found) > WATCHED:
            return
        self.seen.add(id(value))
        if kind is np.ndarray:
            self.found.setdefault((id(value), "array"), Found(value, "array", value, text))
        elif kind is tuple:
            for place, each in enumerate(value if len(value) < WATCHED else ()):
                self.look_into(each, f"{text}[{place}]")
        elif kind is list or kind is dict:
            self.found.setdefault((id(value), None), Found(value, None, len(value), text))
            for key, each in (enumerate(value) if kind is list else value.items()) if len(value) < WATCHED else ():
                self.see(value, key, each, f"{text}[{key!r}]")
        elif kind is types.ModuleType:
            if not _is_known(value.__name__):
                for name in sorted(self.all_names & vars(value).keys()):
                    self.see(vars(value), name, vars(value)[name], f"{text}.{name}")
        elif not isinstance(value, type) and not _is_known(kind.__module__):
            self.look_at(value, text)

    def look_at(self, value: Any, text: str) -> None:
        """Watch the attributes of an object that code has names for, its own or its class's."""
        own = attribute(value, "__dict__")
        if type(own) is not dict:
            return
        for name in sorted(self.all_names | {"__call__"}):
            if name in own:
                self.see(own, name, own[name], f"{text}.{name}")
                continue
            for base in type(value).__mro__:
                if name in vars(base):
                    held = vars(base)[name]
                    inner = held.fget if isinstance(held, property) else attribute(held, "__func__") or held
                    if type(inner) is types.FunctionType:
                        self.look_into(inner, name)
                    elif not hasattr(type(held), "__get__"):
                        self.see(own, name, None, f"{text}.{name}")
                        self.see(vars(base), name, held, f"{text}.{name}")
                    break


def _is_known(module: str | None) -> bool:
    root = (module or "").partition(".")[0]
    return root in PACKAGES or (root in sys.stdlib_module_names and root not in ("types", "__main__"))


def _names_of(function: Any) -> frozenset[str]:
    """The names that a function's code has for globals and attributes."""
    names: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
    return frozenset(names)


def look(holder: Any, name: Any) -> Any:
    """What is there at present."""
    kind = holder.__class__
    if kind is dict or kind is types.MappingProxyType:
        return len(holder) if name is None else holder.get(name)
    if kind is list:
        return len(holder) if name is None else holder[name] if name < len(holder) else None
    if kind is np.ndarray:
        return holder
    try:
        return holder.cell_contents
    except ValueError:  # empty yet
        return None


def unchanged(found: Found) -> bool:
    """Whether the same is there as was, or a number or text that is equal to it."""
    now, was = look(found.holder, found.name), found.value
    if now is was:
        return True
    return type(now) is type(was) and isinstance(was, PLAIN) and repr(now) == repr(was)


class Left:
    """What is outside before a run of f for these leaves of arguments."""

    def __init__(self, f: Any, leaves: list[Any]) -> None:
        self.found = outside(f, [each for each in leaves if not isinstance(each, np.ndarray)])
        arrays = {id(each.value): each.value for each in self.found if isinstance(each.value, np.ndarray)}
        self.arrays = [Seen(each, False) for each in arrays.values() if not each.dtype.hasobject]

    def holds(self) -> bool:
        """Whether it still is."""
        return all(map(unchanged, self.found)) and not self.written()

    def written(self) -> list[Any]:
        """The arrays in which something else is."""
        return [each.array for each in self.arrays if not each.holds()]


PLAIN = (bool, int, float, complex, str, bytes, np.generic)


class Seen:
    """An array from outside, with what was in it when Python may have read it. `used` if it is in lines too, which take it as
    it is: then elements that changed and made no other program of it are let go (`loosen`), and of many only some are looked
    at: those who fill it anew change these too."""

    __slots__ = ("array", "kept", "part", "used", "was")

    def __init__(self, array: Any, used: bool) -> None:
        self.array, self.used = array, used
        self.part = _part(array, USED if used else SEEN)
        self.kept: Any = None  # which elements of the part count, if not all
        self.was = self.part.tobytes()

    def holds(self) -> bool:
        """Whether the same is in it."""
        held = self.part if self.kept is None else self.part[self.kept]
        return bool(held.tobytes() == self.was)

    def loosen(self) -> None:
        """Let go of what has changed."""
        kept = np.ones(self.part.shape, bool) if self.kept is None else self.kept
        now, was = np.ascontiguousarray(self.part[kept]), np.frombuffer(self.was, self.part.dtype)
        size = (now.size, self.part.itemsize)
        kept[kept] = (now.view(np.uint8).reshape(size) == was.view(np.uint8).reshape(size)).all(axis=1)
        self.kept, self.was = kept, self.part[kept].tobytes()


def _part(array: Any, limit: int) -> Any:
    """So many elements of an array, at most, that lie evenly in it: a view."""
    flat = array.ravel(order="K")
    if not np.may_share_memory(flat, array):
        return array if array.size <= limit else array[:0]
    return flat[:: -(-flat.size // limit) or 1]


def generators(f: Any, values: list[Any]) -> list[Any]:
    """NumPy's generators of random numbers that f leads to, or these values: by name, in containers, as attributes."""
    if "numpy.random" not in sys.modules:
        return []
    from numpy.random import Generator, RandomState  # noqa: PLC0415 - only where somebody has loaded it

    pending = [*values, f, *[each.value for each in outside(f)]]
    for function in reachable(f):
        pending += [attribute(function, "__self__"), *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    found: list[Any] = []
    seen: set[int] = set()
    while pending and len(seen) < MANY:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (Generator, RandomState)):
            found.append(value)
        elif type(value) is dict:
            pending += value.values() if len(value) < MANY else ()
        elif type(value) in (list, tuple):
            pending += value if len(value) < MANY else ()
        elif not isinstance(value, (types.ModuleType, type)):
            own = attribute(value, "__dict__")
            pending += own.values() if type(own) is dict else ()
            pending.append(attribute(value, "__self__") if isinstance(value, types.MethodType) else None)
    return found
