"""Functions that transforms make of other functions, and what is known of how their calls went."""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from sys import gettrace
from time import perf_counter
from types import FunctionType
from typing import Any
from weakref import finalize

from . import heat
from .dropin import mode, mode_of
from .errors import BadArgument
from .selection import select
from .trees import tree_map
from .wrapping import Wrapper

MISSED = object()
"""What is given in the place of an answer by something that has none."""


class Course:
    """The calls of one transform of one function, whatever object stands for them.

    Attributes
    ----------
    run, options
        What answers a call.
    lane
        What answers calls more quickly, or gives MISSED; the function, and the arguments, are given to it.
    seconds
        How long calls took that were not answered so.
    ways
        How many times the quick way was made from scratch.
    over
        Nothing can be done about them.
    """

    watch: Callable[[Course, FunctionType, Any, tuple[Any, ...], Any, float], None] | None = None
    """Told of every call of a function that is hot, its answer, and how long it took: `automatic`'s, which stands above."""

    def __init__(self, run: Callable[..., Any], options: dict[str, Any]) -> None:
        self.run, self.options = run, options
        self.lane: Callable[[FunctionType, tuple[Any, ...]], Any] | None = None
        self.seconds, self.ways, self.over = 0.0, 0, False
        self.kinds: dict[Any, Any] = {}

    def __call__(self, inner: FunctionType, f: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        followed = is_followed()
        if self.lane is not None and not followed:
            answer = self.lane(inner, args)
            if answer is not MISSED:
                return answer
        if self.over or followed:
            return self.run(f, args, {}, **self.options)
        start = perf_counter()
        answer = self.run(f, args, {}, **self.options)
        taken = perf_counter() - start
        self.seconds += taken
        if self.seconds > heat.START and Course.watch is not None:
            Course.watch(self, inner, f, args, answer, taken)
        return answer


def is_followed() -> bool:
    """Whether somebody looks at each line that runs, as a debugger does."""
    return gettrace() is not None or (MONITORING is not None and MONITORING.get_tool(MONITORING.DEBUGGER_ID) is not None)


MONITORING: Any = getattr(sys, "monitoring", None)  # from Python 3.12 on


def opened(f: Callable[..., Any], key: Hashable, run: Callable[..., Any], options: dict[str, Any]) -> Any:
    """The function of Python's that a transform is taken of in the end, and the course of the transform that `key` stands for,
    and others below it; None if nothing can be made of it."""
    keys = [key]
    while isinstance(f, Transformed):
        keys.append(f.key)
        f = f._f
    if type(f) is not FunctionType or f.__dict__ or None in keys or (options.get("value") and len(keys) > 1):
        return None
    return f, _course(f, tuple(keys), run, options)


_courses: dict[int, dict[Hashable, Course]] = {}  # by the identity of a function's code, for as long as it lives


def _course(function: FunctionType, key: Hashable, run: Callable[..., Any], options: dict[str, Any]) -> Course:
    """The course of a transform of a function; another function of the same code has the same."""
    code = function.__code__
    known = _courses.get(id(code))
    if known is None:
        known = _courses.setdefault(id(code), {})
        finalize(code, _courses.pop, id(code), None)
    return known.setdefault(key, Course(run, options))


class Transformed(Wrapper):
    """A function made from another one by a transform; it keeps the name and docstring, and pickles if the other does."""

    def __init__(self, run: Callable[..., Any], f: Callable[..., Any], *, drop_in: Any = "auto", **options: Any) -> None:
        require_function(f)
        super().__init__(f)
        self._run, self._drop_in, self._options = run, mode_of(drop_in), options
        self._opened: Any = ()  # not looked for yet

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._drop_in == "auto":  # whoever stands outside decides
            if self._opened == ():
                self._opened = opened(self._f, self.key, self._run, self._options)
            if self._opened is not None and not kwargs:
                inner, course = self._opened
                return course(inner, self._f, args)
            return self._run(self._f, args, kwargs, **self._options)
        with mode(self._drop_in):
            return self._run(self._f, args, kwargs, **self._options)

    @property
    def key(self) -> Hashable:
        """The transform, to be found by; None if its answers depend on more than that."""
        told = ("executor", "progress", "check", "has_aux")
        if self._drop_in != "auto" or any(map(self._options.get, told)) or "work" in self._options:
            return None
        return self._run, repr(sorted(self._options.items()))  # as text: 1 and True are equal

    def of(self, f: Callable[..., Any]) -> Transformed:
        """The same transform of another function; where the one that this one transforms is a transform too, of that one's."""
        return Transformed(self._run, self._f.of(f) if isinstance(self._f, Transformed) else f, **self._options)

    def __getstate__(self) -> Any:
        return {**self.__dict__, "_opened": ()}

    def promoted(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with floats in place of the integers that are differentiated."""
        numbers, names = self._options.get("argnums", ()), self._options.get("argnames")
        chosen = select(self.__name__, self._f, args, kwargs, numbers, names, complex_allowed=True).places
        changed = [tree_map(_promoted, each) if place in chosen else each for place, each in enumerate(args)]
        return tuple(changed), {name: tree_map(_promoted, each) if name in chosen else each for name, each in kwargs.items()}

    def __repr__(self) -> str:
        return f"<{self._run.__name__.strip('_')} of {getattr(self._f, '__qualname__', self._f)}>"


def _promoted(leaf: Any) -> Any:
    return float(leaf) if type(leaf) is int else leaf


def require_function(f: Any) -> None:
    """Refuse what is no function."""
    if not callable(f):
        raise BadArgument(f"a transform takes a function, not {type(f).__name__}: write jacfwd(f)(x), not jacfwd(f(x))")
