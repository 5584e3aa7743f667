"""What stands in for functions that ask nobody what their arguments are: NumPy's creators of arrays, ``math``, ``cmath``.

A stand-in is called like the function that it stands for. Where stepping in is at work for the code that calls it, it keeps
the tangents of lifted arguments, and makes arrays into which they can be written; everywhere else, and for ever, it is the
function itself: NumPy's and SciPy's own code, other threads, and whoever kept it after the transform has returned.

This file says what each function becomes; `places` knows where functions are found and puts the stand-ins there.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FrameType
from typing import Any

import numpy as np

from .callers import calls
from .errors import INFRASTRUCTURE
from .ground import grounded
from .lift import Lifted, highest, leaves
from .mathematics import FORMS, ROWS, mathematical
from .objects import lift_objects
from .rules.table import find
from .watching import STEPPED

Answer = Callable[..., Any]

_KNOWN: dict[Any, bool] = {}


def is_infrastructure(module: Any) -> bool:
    """Whether a module belongs to a package whose own code makes arrays that must be NumPy's: what it does for the user is a
    matter of rules. NumPy's polynomials are written like anybody's code."""
    known = _KNOWN.get(module)
    if known is None:
        name = str(module)
        _KNOWN[module] = known = name.partition(".")[0] in INFRASTRUCTURE and not name.startswith("numpy.polynomial")
    return known


def at_work(frame: FrameType) -> bool:
    """Whether stand-ins shall answer the code in a frame."""
    return STEPPED.get() and not is_infrastructure(frame.f_globals.get("__name__"))


class StandIn:  # noqa: D101 - its docstring is that of the function, which it equals, hashes and pickles as
    __slots__ = ("__weakref__", "__wrapped__", "answer")

    def __init__(self, original: Answer, answer: Answer) -> None:
        self.__wrapped__, self.answer = original, answer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if at_work(frame) and (self.__wrapped__ not in MEMORY or calls(frame, self, self.__wrapped__)):
            return self.answer(*args, **kwargs)
        return self.__wrapped__(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__wrapped__, name)

    def __eq__(self, other: object) -> bool:
        # Not what `other` wraps: NumPy's functions have a `__wrapped__` of their own.
        return self.__wrapped__ is (other.__wrapped__ if isinstance(other, StandIn) else other)

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    @property
    def __module__(self) -> Any:  # type: ignore[override]  # numba asks, when it is imported meanwhile
        return self.__wrapped__.__module__

    @property
    def __doc__(self) -> Any:  # type: ignore[override]  # np.ma makes its documentation of NumPy's while it is imported
        return self.__wrapped__.__doc__

    def __reduce__(self) -> Any:
        return _itself, (self.__wrapped__,)


class StandInForAll(StandIn):
    """A stand-in that answers any code but ours: it is the function itself unless lifted arrays are among its arguments."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if STEPPED.get() and not str(sys._getframe(1).f_globals.get("__name__")).startswith("dualad."):
            return self.answer(*map(answering, args), **{name: answering(each) for name, each in kwargs.items()})
        return self.__wrapped__(*args, **kwargs)


def answering(f: Any) -> Any:
    """What our own code calls for a function that it is given: a stand-in answers others only. Other arguments as they are."""
    if isinstance(f, StandIn):
        return f.answer
    if type(f) is functools.partial:
        return functools.partial(answering(f.func), *f.args, **f.keywords)
    return functools.partial(mathematical, f) if type(f) is BuiltinFunctionType and (f in ROWS or f in FORMS) else f


def _itself(original: Answer) -> Answer:
    return original


# -- NumPy's functions ---------------------------------------------------------------------------------------------------

CREATORS = (
    *(np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require),
    *(np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.tri, np.arange, np.fromfunction),
    *(np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.copy, np.linspace, np.logspace, np.geomspace),
    *(np.atleast_1d, np.atleast_2d, np.atleast_3d, np.tile, np.repeat, np.diag, np.concatenate, np.stack, np.vstack, np.hstack),
    *(np.column_stack, np.outer, np.block, np.append, np.meshgrid),
)
"""Functions whose answer is an array of floats that is often written into."""

LIKE = frozenset((np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require, np.full, np.arange))
"""Those of them that ask nobody unless ``like=`` tells them whom to ask."""

MEMORY = frozenset((*CREATORS, np.fromiter))
"""Functions whose answer compiled code takes for NumPy's own array: they answer Python code only."""

CALLERS = (np.apply_along_axis, np.apply_over_axes, np.piecewise)
"""Functions that collect what a function of the caller's returns in an array of the kind of their own argument."""


def _numbers(value: Any, lists: int = 0) -> Any:
    """A list of numbers, of which some are lifted, as a lifted array; anything else, lists of other things too, as it is."""
    if isinstance(value, (list, tuple)):
        numeric = all(isinstance(each, (Lifted, int, float, complex, np.ndarray, np.generic)) for each in leaves(value))
        return lift_objects(value, lists) if numeric else value
    return lift_objects(value) if isinstance(value, np.ndarray) and value.dtype.hasobject else value


def _lifting(lists: int, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return tuple([_numbers(each, lists) for each in args]), {name: _numbers(each, lists) for name, each in kwargs.items()}


def _creator(original: Answer) -> Answer:
    lists = getattr(find(original), "sequences", 0)

    def created(*args: Any, **kwargs: Any) -> Any:
        if original in LIKE and _kind(original, args, kwargs) == "O":
            return original(*args, **kwargs)
        args, kwargs = _lifting(lists, args, kwargs)
        top = highest((*args, *kwargs.values()))
        if top is None:
            return _ground(original(*args, **kwargs), args)
        if original in LIKE and kwargs.get("like") is None and _kind(original, args, kwargs) in "fciub":
            kwargs["like"] = top
        return original(*args, **kwargs)

    return created


def _kind(original: Answer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The kind of dtype that is asked for; float if none is."""
    place = {np.full: 2, np.arange: 3}.get(original, 1)
    dtype = kwargs.get("dtype", args[place] if len(args) > place else None)
    return "f" if dtype is None else np.dtype(dtype).kind


def _ground(y: Any, args: tuple[Any, ...]) -> Any:
    """An array in memory of its own as one of the ground; a view of an argument is the argument's."""
    if type(y) in (list, tuple):
        return type(y)([_ground(each, args) for each in y])
    return y if any(isinstance(each, np.ndarray) and np.may_share_memory(y, each) for each in args) else grounded(y)


def _taker(original: Answer) -> Answer:
    lists = getattr(find(original), "sequences", 0)

    def taken(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _lifting(lists, args, kwargs)
        return original(*args, **kwargs)

    return taken


def _caller(original: Answer) -> Answer:
    def called(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = _lifting(0, args, kwargs)
        return original(*(grounded(answering(each)) for each in args), **kwargs)

    return called


def from_iterator(iterable: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """np.fromiter of numbers that may be lifted."""
    items = list(iterable if count < 0 else itertools.islice(iterable, count))
    if len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)} items.")
    lifted: Any = _numbers(items)
    return np.astype(lifted, np.dtype(dtype)) if isinstance(lifted, Lifted) else grounded(np.fromiter(items, dtype))


# -- methods of NumPy's classes ------------------------------------------------------------------------------------------


def vectorized(original: Answer, self: Any, *args: Any, **kwargs: Any) -> Any:
    """np.vectorize: the function of every element, the results gathered."""
    if self.signature is not None or self.pyfunc is np._NoValue:  # without a function it is a decorator still to be applied
        return original(self, *args, **kwargs)
    places = [i for i in range(len(args)) if i not in self.excluded]
    names = [name for name in kwargs if name not in self.excluded]
    arrays = np.broadcast_arrays(*[_numbers(args[i]) for i in places], *[_numbers(kwargs[name]) for name in names])
    if not arrays or not arrays[0].size:
        return original(self, *args, **kwargs)
    shape, f = arrays[0].shape, answering(self.pyfunc)
    results = []
    for items in zip(*[array.reshape(-1) if shape else [array.item()] for array in arrays], strict=True):
        positional = list(args)
        for i, item in zip(places, items, strict=False):
            positional[i] = item
        results.append(f(*positional, **kwargs | dict(zip(names, items[len(places) :], strict=True))))
    outputs = list(zip(*results, strict=True)) if isinstance(results[0], tuple) else [results]
    firsts = [each[0] if isinstance(each[0], Lifted) else np.asarray(each[0]) for each in outputs]
    types = self.otypes or [each.dtype.char for each in firsts]  # as in NumPy the first result decides, and 0 makes integers
    answers = tuple([_gathered(list(each), kind, shape) for each, kind in zip(outputs, types, strict=True)])
    return answers if isinstance(results[0], tuple) else answers[0]


def _gathered(results: list[Any], kind: str, shape: tuple[int, ...]) -> Any:
    lifted: Any = _numbers(results)
    if isinstance(lifted, Lifted):
        return np.reshape(lifted if kind == "O" else np.astype(lifted, np.dtype(kind)), shape)
    return np.asarray(results, dtype=kind).reshape(shape)


def strung(original: Answer, self: Any, key: Any) -> Any:
    """np.r_ and np.c_."""
    return grounded(lift_objects(original(self, key)))


# -- the tables ----------------------------------------------------------------------------------------------------------


def functions() -> Iterator[tuple[Answer, Answer]]:
    """Every function that has a stand-in, with what answers in its place."""
    yield np.fromiter, from_iterator
    for original in dict.fromkeys(CREATORS):
        yield original, _creator(original)
    for original in CALLERS:
        yield original, _caller(original)
    known = {np.fromiter, *CREATORS, *CALLERS}
    for module in (np, np.linalg, np.fft):
        for original in list(vars(module).values()):
            if hasattr(original, "_implementation") and original not in known:
                known.add(original)
                yield original, _taker(original)
    for original in (*ROWS, *FORMS):
        yield original, functools.partial(mathematical, original)


def methods() -> Iterator[tuple[type, str, Answer]]:
    """Every method that has a stand-in: its class, its name, and what answers, given the original first."""
    yield np.vectorize, "__call__", vectorized
    yield type(np.r_).__mro__[1], "__getitem__", strung
