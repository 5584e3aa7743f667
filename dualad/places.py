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
from functools import partial, wraps
from importlib import import_module
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from . import standins
from .jitted import is_jitted
from .shadows import casts, shadows
from .standins import StandIn, StandInForAll, is_infrastructure
from .watching import STEPPED

_lock = threading.RLock()


MANY = 1000
"""Larger dictionaries, and longer chains of functions, are not looked through."""


WRAPPED = ("__wrapped__", "__func__", "func", "py_func")
"""Under which names wrappers, methods, partial functions and jitted ones keep the function inside."""


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
            if contents(holder) is not old:
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
        self.bound: dict[tuple[type, str], Any] = {}  # ours for SciPy's methods
        self.modules: dict[str, tuple[tuple[int, ...], list[Place], list[Place]]] = {}
        self.places: list[Place] = []
        self.casts: list[Place] = []  # where NumPy's scalar types are reached
        self.state = (0, 0)
        self.read = 0  # how many entries of SciPy's registries are here
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

    def enter_scipy(self) -> None:
        """Enter what our counterparts of SciPy's modules know, for those that have been imported."""
        if not any(name in sys.modules for name in ("scipy.special", "scipy.linalg", "scipy.sparse", "scipy.fft")):
            return
        package = import_module("dualad.scipy")  # by name: it stands above, and is read when it is needed
        package.read()
        functions, methods = package.dispatch.FUNCTIONS, package.dispatch.METHODS
        if self.read != len(functions) + len(methods):
            self.read = len(functions) + len(methods)
            for original, ours in functions.items():
                self.standins.setdefault(id(original), StandInForAll(original, ours))
            known = {(place.holder, place.name) for place in self.methods}
            for (kind, name), ours in methods.items():
                self.bound[kind, name] = ours
                if (kind, name) not in known:
                    self.methods.append(Place(kind, name, vars(kind).get(name), ours))

    def standin_of(self, value: Any) -> Any:
        """What stands in for a function, or for a method that was taken from its object before; None if nothing does."""
        if type(value) is not MethodType:
            return self.standins.get(id(value))
        for kind in type(value.__self__).__mro__ if self.bound else ():
            ours = self.bound.get((kind, getattr(value.__func__, "__name__", "")))
            if ours is not None:
                return MethodType(ours, value.__self__) if ours.__wrapped__ is value.__func__ else None
        return None

    def places_in(self, holder: Any) -> Iterator[Place]:
        """The places in a dictionary or class that hold something with a stand-in."""
        for name, value in list(holder.items() if type(holder) is dict else vars(holder).items()):
            standin = self.standin_of(value)
            if standin is not None:
                yield Place(holder, name, value, standin)
            elif type(value) is staticmethod and (standin := self.standins.get(id(value.__func__))) is not None:
                yield Place(holder, name, value, staticmethod(standin))
            elif issubclass(type(value), StandIn):  # taken by an import while others have stand-ins in place
                yield Place(holder, name, value.__wrapped__, value)

    def places_of(self, names: dict[str, Any]) -> list[Place]:
        """The places in a module's names, and in the dictionaries, classes and functions that it defines.

        Only the type of a value is looked at: a proxy or a library may do anything when it is asked for an attribute.
        """
        places = list(self.places_in(names))
        for value in list(names.values()):
            if type(value) is FunctionType:
                if value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__globals__ is not names:
                    places.extend(self.places_at(value, names))
            elif is_jitted(value):
                places.extend(self.places_at(value, names))
            elif type(value) is dict:
                if value is not names and len(value) < MANY:
                    places.extend(self.places_in(value))
            elif issubclass(type(value), type) and value.__module__ == names.get("__name__"):
                places.extend(self.places_in(value))
        return places

    def places_at(self, f: Any, names: Any = None) -> Iterator[Place]:
        """The places that only f leads to: closures, defaults, and names that are no module's, as of code that was made by
        other code. `names` are looked through already."""
        seen = {id(names)}
        for function in reachable(f):
            for i, value in enumerate(function.__defaults__ or ()):
                if (standin := self.standin_of(value)) is not None:
                    yield Place(function, i, value, standin)
            yield from self.places_in(function.__kwdefaults__ or {})
            for cell in function.__closure__ or ():
                value = contents(cell)
                if (standin := self.standin_of(value)) is not None:
                    yield Place(cell, None, value, standin)
                elif type(value) is dict:
                    yield from self.places_in(value)
            space = function.__globals__
            module = sys.modules.get(space.get("__name__", ""))
            if id(space) not in seen and (module is None or vars(module) is not space):
                seen.add(id(space))
                yield from self.places_in(space)

    def everywhere(self) -> list[Place]:
        """The places in all modules. Looked through are those that are new, or have other names than before, and that only
        when there are other modules than before."""
        if len(sys.modules) != self.state[0]:
            self.enter_scipy()
        state = (len(sys.modules), len(self.standins))
        if state != self.state:
            for name, module in list(sys.modules.items()):
                names = getattr(module, "__dict__", None)
                known = (id(names), len(names or ()), state[1])
                if type(names) is dict and self.modules.get(name, ((),))[0] != known:
                    own = [] if is_infrastructure(name) else [Place(names, *each) for each in casts(names)]
                    self.modules[name] = known, self.places_of(names) if _is_searched(name) else [], own
            self.places = [place for _, places, _ in self.modules.values() for place in places]
            self.casts = [place for _, _, own in self.modules.values() for place in own]
            self.state = state
        return self.places


PUBLIC = frozenset(("numpy", "numpy.linalg", "numpy.fft"))
CLOSED = frozenset(("dualad", "numba", "llvmlite", "optree"))


def _is_searched(module: str) -> bool:
    """Whether functions that lifted arrays may reach are found in a module: not in the private ones of NumPy and SciPy."""
    package = module.partition(".")[0]
    if package == "numpy":
        return module in PUBLIC or not is_infrastructure(module)
    return package not in CLOSED and not (package == "scipy" and "._" in module)


_book: Book | None = None
_open = 0  # how many blocks there are
_placed: list[Place] = []
_modules: set[str] = set()  # those that were there when the first of them began


def book() -> Book:
    """The one book, made when it is first needed."""
    global _book  # noqa: PLW0603 - made once
    with _lock:
        if _book is None:
            _book = Book()
        return _book


def standing(f: Any) -> Any:
    """What a transform calls for f itself, which it does not look up anywhere: while stepping in, the answer in its place."""
    if not STEPPED.get():
        return f
    if type(f) is partial:
        return partial(standing(f.func), *f.args, **f.keywords)
    standin = book().standin_of(f)
    return f if standin is None else standin.answer if isinstance(standin, StandIn) else standin


def reachable(f: Any) -> Iterator[Any]:
    """Functions that f is or holds: what it wraps, binds, closes over or takes by default, and so on."""
    pending: list[Any] = [f]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        if id(value) in seen or len(seen) > MANY:
            continue
        seen.add(id(value))
        if isinstance(value, FunctionType):
            yield value
            pending.extend((*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()))
            pending.extend(contents(cell) for cell in value.__closure__ or ())
        pending.extend(each for name in WRAPPED if callable(each := attribute(value, name)))
        if not isinstance(value, (type, FunctionType, ModuleType)) and callable(value):
            pending.append(attribute(type(value), "__call__"))


def attribute(value: Any, name: str) -> Any:
    """What getattr gives; None if that raises, as a property or a proxy of somebody's may."""
    try:
        return getattr(value, name, None)
    except Exception:  # it may raise anything
        return None


def contents(cell: CellType) -> Any:
    """What a closure's cell holds; None if it is not filled yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _led_to(f: Any, known: Book) -> Iterator[Place]:
    """The places that f leads to, its own module's among them: that one may have changed since it was looked through."""
    yield from known.places_at(f)
    for function in reachable(f):
        if not is_infrastructure(function.__globals__.get("__name__")):
            yield from known.places_in(function.__globals__)


def _shadowed(packages: tuple[str, ...]) -> Iterator[Place]:
    """The names in the modules of some packages under which Python's own classes and functions are found, or put."""
    for name, module in list(sys.modules.items()) if packages else ():
        if name.partition(".")[0] in packages and isinstance(module, ModuleType):
            names = vars(module)
            for key, value, shadow in shadows(names):
                yield Place(names, key, value, shadow)


@contextmanager
def stand_ins(f: Any, packages: tuple[str, ...] = (), casting: bool = False) -> Iterator[None]:
    """A block in which stand-ins are wherever f may look, those of NumPy's scalar types only if `casting`. Blocks of several
    threads may overlap."""
    global _open  # noqa: PLW0603 - how many blocks are open in the process
    with _lock:
        known = book()
        if not _open:
            _modules.update(sys.modules)
        _open += 1
        _put((*known.everywhere(), *known.methods, *_led_to(f, known), *_shadowed(packages), *(known.casts if casting else ())))
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
