"""The state of the world before a run of a function, as far as the run may change it and it can be put back.

That is what the function is given, arrays, lists, dictionaries and objects, the object that it is a method of among them; and
generators of random numbers, those too that it finds in its module or its closure.
"""

from __future__ import annotations

import operator
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .dual import DualArray
from .errors import INFRASTRUCTURE
from .foreign import is_chunked
from .ground import GroundArray
from .lift import Lifted, memory
from .places import MANY, attribute, contents, reachable
from .storage import lend

ATOMS = frozenset((int, float, complex, bool, str, bytes, type(None)))
"""Types of which nothing can be changed."""


class Kept(NamedTuple):
    """Something as it was: how its state is read and put back, when two states are the same, and what it was."""

    read: Callable[[], Any]
    put: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    state: Any
    draws: bool = False  # a generator of random numbers

    def changed(self) -> bool:
        return not self.same(self.read(), self.state)


class Before:
    """The state before a run of a function: of what is given to it, itself among them."""

    def __init__(self, *given: Any) -> None:
        self.kept = [*_kept(given)]

    def changed(self) -> bool:
        return any(each.changed() for each in self.kept)

    def written(self) -> bool:
        """Whether anything but the generators has changed."""
        return any(each.changed() for each in self.kept if not each.draws)

    def restore(self) -> None:
        for each in self.kept:
            if each.changed():
                each.put(each.state)


def settle(*given: Any) -> None:
    """Put plain arrays in place of those of the ground in containers and objects: these keep them beyond a transform."""
    for value in _found(given):
        if not isinstance(value, (list, dict)) or GroundArray not in set(map(type, _items(value))):
            continue
        for name, each in enumerate(value) if isinstance(value, list) else [*value.items()]:
            if type(each) is GroundArray:
                value[name] = lend(each)


def _kept(given: Any) -> Iterator[Kept]:
    """What can be changed of some values, and the generators of random numbers."""
    yield _read_by(random.getstate, random.setstate)
    if "numpy.random" in sys.modules:  # it makes its global generator when it is loaded
        yield _read_by(np.random.get_state, np.random.set_state)
    for value in _found(given):
        if isinstance(value, (list, dict)):
            yield Kept(partial(_items, value), partial(_refill, value), _holds_same, _items(value))
        elif not isinstance(value, (np.ndarray, DualArray)):
            yield _generator(value)
        elif isinstance(value, np.ndarray) or value.level.alive:
            yield Kept(partial(_itself, value), partial(value.__setitem__, ...), _equal, value.copy())


def _found(given: Any) -> Iterator[Any]:
    """The arrays, lists, dictionaries and generators among some values, in containers and objects too."""
    pending = [given]
    seen: set[int] = set()
    while pending:
        value = pending.pop()
        kind = type(value)  # only that is looked at: a proxy may do anything when it is asked for what it is
        if id(value) in seen:
            continue
        seen.add(id(value))
        if issubclass(kind, np.ndarray | DualArray) or _draws(value):
            yield value
        elif issubclass(kind, list | tuple | dict):
            if not issubclass(kind, tuple):
                yield value
            items = value.values() if issubclass(kind, dict) else value
            pending.extend([each for each in items if type(each) not in ATOMS])
        elif kind is MethodType:
            pending.extend((value.__self__, value.__func__))
        elif kind is partial:
            pending.extend((value.func, value.args, value.keywords))
        elif kind is FunctionType:
            functions = [*reachable(value)]
            cells = [contents(cell) for function in functions for cell in function.__closure__ or ()]
            modules = {id(function.__globals__): function.__globals__ for function in functions}.values()
            pending.extend(filter(_draws, (*cells, *(each for names in modules for each in [*names.values()]))))
        elif kind is not ModuleType and isinstance(names := attribute(value, "__dict__"), dict) and len(seen) < MANY:
            ours = kind.__module__.partition(".")[0] in INFRASTRUCTURE
            pending.append(names.get("__wrapped__") if ours else names)


def _draws(value: Any) -> bool:
    """Whether a value is a generator of random numbers."""
    kind = type(value)
    if issubclass(kind, random.Random):
        return not issubclass(kind, random.SystemRandom)  # which has no state
    random_numbers = sys.modules.get("numpy.random")
    return random_numbers is not None and issubclass(kind, random_numbers.Generator | random_numbers.RandomState)


def _generator(value: Any) -> Kept:
    if isinstance(value, random.Random):
        return _read_by(value.getstate, value.setstate)
    if hasattr(value, "get_state"):
        return _read_by(value.get_state, value.set_state)
    bits = value.bit_generator
    return _read_by(partial(getattr, bits, "state"), partial(setattr, bits, "state"))


def _read_by(read: Callable[[], Any], put: Callable[[Any], Any]) -> Kept:
    return Kept(read, put, _equal, read(), draws=True)


def _itself(value: Any) -> Any:
    return value


def _items(value: Any) -> list[Any]:
    """The items of a list; keys and values of a dictionary, one after the other."""
    return [each for pair in value.items() for each in pair] if isinstance(value, dict) else list(value)


def _refill(value: Any, items: list[Any]) -> None:
    if isinstance(value, list):
        value[:] = items
        return
    old = dict(zip(items[::2], items[1::2], strict=True))
    for name in value.keys() - old.keys():  # never empty, not even for a moment: another thread may look into it
        del value[name]
    value.update(old)


def _holds_same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(map(operator.is_, one, other))


def _equal(one: Any, other: Any) -> bool:
    """Whether two arrays, or two states of a generator, are the same: nested containers of numbers and arrays."""
    if isinstance(one, np.ndarray):
        return bool(not one.dtype.hasobject and one.tobytes() == other.tobytes())
    if isinstance(one, Lifted):
        if one.recorded:  # to ask for its value would be a decision of the program
            return _equal(memory(one), memory(other))
        return one.level is other.level and _equal(one.primal, other.primal) and _equal(one.tangent, other.tangent)
    if is_chunked(type(one)):
        return bool(one.name == other.name)  # of what is to be computed
    if isinstance(one, dict):
        return all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and len(one) < 10:
        return all(map(_equal, one, other))
    return bool(one == other)
