"""Where functions are found by the code that calls them, and the putting of stand-ins in those places.

Code reaches ``np.zeros`` as an attribute of NumPy, as a name of its own module (``from numpy import zeros``), of a class, of a
dictionary, through a default argument or a closure. While at least one transform steps in, stand-ins are in all of these
places; the last one to leave puts everything back, also in modules that were imported in the meantime. The table of originals
is made once, before anything is replaced, and a place is only touched while it holds what we expect there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple

from . import standins
from .shadows import SHADOWS
from .standins import StandIn, is_infrastructure
from .watching import STEPPED

_lock = threading.RLock()


class Place(NamedTuple):
    """Somewhere a value is kept: a dictionary's item, a class's attribute, a closure's cell, a function's default."""

    holder: Any
    name: Any
    original: Any
    instead: Any

    def swap(self, old: Any, new: Any) -> bool:
        """Put `new` there if `old` is there at present, and tell whether it was."""
        holder, name = self.holder, self.name
        if type(holder) is dict:
            if holder.get(name) is not old:
                return False
            holder[name] = new
        elif isinstance(holder, CellType):
            if _contents(holder) is not old:
                return False
            holder.cell_contents = new
        elif isinstance(holder, FunctionType):
            defaults = list(holder.__defaults__ or ())
            if defaults[name : name + 1] != [old]:
                return False
            defaults[name] = new
            holder.__defaults__ = tuple(defaults)
        else:
            if vars(holder).get(name) is not old:
                return False
            setattr(holder, name, new)
        return True


class Book:
    """The stand-ins by what they stand for, and the places found so far, module by module."""

    def __init__(self) -> None:
        self.standins: dict[int, StandIn] = {}  # by identity: any value may be looked up, hashable or not
        self.methods: list[Place] = []
        self.modules: dict[str, tuple[int, int, int, list[Place]]] = {}
        for original, answer in standins.functions():
            self.enter(original, answer)
        for kind, name, answer in standins.methods():
            self.enter_method(kind, name, answer)

    def enter(self, original: Callable[..., Any], answer: Callable[..., Any]) -> None:
        self.standins[id(original)] = StandIn(original, answer)

    def enter_method(self, kind: type, name: str, answer: Callable[..., Any]) -> None:
        original = getattr(kind, name)

        @wraps(original)
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            if STEPPED.get():
                return answer(original, self, *args, **kwargs)
            return original(self, *args, **kwargs)

        self.methods.append(Place(kind, name, vars(kind).get(name), method))

    def places_in(self, holder: Any) -> Iterator[Place]:
        """The places in a dictionary or class that hold something with a stand-in."""
        for name, value in list(holder.items() if type(holder) is dict else vars(holder).items()):
            standin = self.standins.get(id(value))
            if standin is not None:
                yield Place(holder, name, value, standin)
            elif type(value) is StandIn:  # taken by an import while others have stand-ins in place
                yield Place(holder, name, value.__wrapped__, value)

    def places_of(self, names: dict[str, Any]) -> list[Place]:
        """The places in a module's names, and in the dictionaries and classes that it defines."""
        places = list(self.places_in(names))
        for value in list(names.values()):
            if (type(value) is dict and value is not names and len(value) < 1000) or (
                isinstance(value, type) and value.__module__ == names.get("__name__")
            ):
                places.extend(self.places_in(value))
        return places

    def everywhere(self) -> Iterator[Place]:
        """The places in all modules; only those that are new, or have other names than before, are looked through."""
        count = len(self.standins)
        for name, module in list(sys.modules.items()):
            names = getattr(module, "__dict__", None)
            if type(names) is not dict:
                continue
            seen = self.modules.get(name)
            if seen is None or seen[0] != id(names) or seen[1] != len(names) or seen[2] != count:
                public = not is_infrastructure(name) or "._" not in name
                places = self.places_of(names) if public and not name.startswith("dualad") else []
                self.modules[name] = seen = (id(names), len(names), count, places)
            yield from seen[3]


_book: Book | None = None
_open = 0  # how many blocks there are
_placed: list[Place] = []
_modules: set[str] = set()  # those that were there when the first of them began


def book() -> Book:
    """The one book, made when it is first needed, with what SciPy's modules have that were imported meanwhile."""
    global _book  # noqa: PLW0603 - made once
    with _lock:
        if _book is None:
            _book = Book()
        return _book


def reachable(f: Any) -> Iterator[Any]:
    """Functions that f is or holds: what it wraps, binds, closes over or takes by default, and so on."""
    pending: list[Any] = [f]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen or len(seen) > 1000:
            continue
        seen.add(id(value))
        if isinstance(value, FunctionType):
            yield value
            pending.extend(value.__defaults__ or ())
            pending.extend(_contents(cell) for cell in value.__closure__ or ())
        pending.extend(each for name in ("__wrapped__", "__func__", "func") if callable(each := _get(value, name)))
        if not isinstance(value, type | FunctionType | ModuleType) and callable(value):
            pending.append(_get(type(value), "__call__"))


def _get(value: Any, name: str) -> Any:
    try:
        return getattr(value, name, None)
    except Exception:  # a property of somebody's may do anything
        return None


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _places_at(f: Any, known: Book) -> Iterator[Place]:
    """The places that only f leads to: namespaces that are no module's, defaults, closures."""
    spaces: dict[int, Any] = {}
    for function in reachable(f):
        spaces[id(function.__globals__)] = function.__globals__
        for i, value in enumerate(function.__defaults__ or ()):
            if id(value) in known.standins:
                yield Place(function, i, value, known.standins[id(value)])
        for cell in function.__closure__ or ():
            value = _contents(cell)
            if id(value) in known.standins:
                yield Place(cell, None, value, known.standins[id(value)])
    for names in spaces.values():
        if not is_infrastructure(names.get("__name__")):
            yield from known.places_of(names)


def _shadowed(packages: tuple[str, ...]) -> Iterator[Place]:
    """Where Python's own names are looked up in the modules of some packages: there they are put as names of the module."""
    for name, module in list(sys.modules.items()):
        if any(name == package or name.startswith(package + ".") for package in packages) and isinstance(module, ModuleType):
            for builtin, shadow in SHADOWS.items():
                yield Place(vars(module), builtin, None, shadow)


@contextmanager
def stand_ins(f: Any, packages: tuple[str, ...] = ()) -> Iterator[None]:
    """A block in which stand-ins are wherever f may look. Blocks of several threads may overlap."""
    global _open  # noqa: PLW0603 - how many blocks are open in the process
    with _lock:
        known = book()
        if not _open:
            _modules.update(sys.modules)
        _open += 1
        _put((*([] if _open > 1 else known.methods), *known.everywhere(), *_places_at(f, known), *_shadowed(packages)))
    try:
        yield
    finally:
        with _lock:
            _open -= 1
            if not _open:
                _restore(known)


def _put(places: tuple[Place, ...]) -> None:
    _placed.extend([place for place in places if place.swap(place.original, place.instead)])


def _restore(known: Book) -> None:
    for place in reversed(_placed):
        place.swap(place.instead, place.original)
        if place.original is None:
            _remove(place)
    _placed.clear()
    for name in sys.modules.keys() - _modules:  # imported meanwhile: they took stand-ins for the functions
        names = getattr(sys.modules.get(name), "__dict__", {})
        for key, value in list(names.items()):
            if isinstance(value, StandIn):
                names[key] = value.__wrapped__
    _modules.clear()


def _remove(place: Place) -> None:
    """Take a name away where there was none."""
    if type(place.holder) is dict:
        if place.name in place.holder and place.holder[place.name] is None:
            del place.holder[place.name]
    elif vars(place.holder).get(place.name) is None:
        delattr(place.holder, place.name)
