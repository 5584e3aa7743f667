"""Solvers inside a recording: one line of the program, which calls SciPy anew for the values that it is given.

What the user's function does is recorded in its turn, once for each way that it takes while SciPy calls it. The line then takes
the arrays that make up what those graphs see from outside, and what the solver is given; it puts dual numbers together of them,
solves with the graphs in the function's place, derivatives included, and takes the answer apart again. Values for which the
function would go a way that was not recorded are told as an answer of another shape, which makes the program another one.

Where the tangents alone are recorded, as for reverse mode, the answer's are a matrix times those that came in.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

from ..dual import Dual, dual
from ..errors import NoRule, caller
from ..levels import Level
from .dispatch import is_opaque
from .ways import (
    Elsewhere,
    Leaf,
    Opaque,
    Pair,
    Recorded,
    Unseen,
    Ways,
    apart,
    exampled,
    gathered,
    lifted_in,
    mapped,
    noted,
    recording,
    together,
    with_functions,
    writes_down,
)

# -- the line --------------------------------------------------------------------------------------------------------------


def stepwise(solver: Callable[..., Any]) -> Callable[..., Any]:
    """A solver that is one line where what it depends on is recorded."""

    @functools.wraps(solver)
    def public(*args: Any, **keywords: Any) -> Any:
        if writes_down((args, keywords)):
            return _step(public, solver, args, keywords, recording((args, keywords)).level)
        try:
            return solver(*args, **keywords)
        except (Recorded, Opaque) as found:
            reason = found
        if isinstance(reason, Opaque):
            return _linear(public, args, keywords, reason.level)
        return _step(public, solver, args, keywords, reason.level)

    return public


def one_line(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function that calls none of the user's, and whose derivatives decide by values."""

    @functools.wraps(function)
    def public(*args: Any, **keywords: Any) -> Any:
        if writes_down((args, keywords)):
            return _step(public, function, args, keywords, recording((args, keywords)).level, False)
        return function(*args, **keywords)

    return public


def _step(
    public: Callable[..., Any],
    solver: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    above: Level,
    called: bool = True,
) -> Any:
    """The line of a call in the recording of a level; dual numbers of outer levels are not its business."""
    functions: list[Ways] = []
    given = noted((args, keywords), functions) if called else (args, keywords)
    example = lambda value: exampled(value, above)  # noqa: E731 - a name for a line
    discovering = with_functions(given, lambda ways: lambda a, k: ways.onward(a, k, example))
    discovering = mapped(discovering, example)
    try:
        solver(*discovering[0], **discovering[1])  # to find the ways
    except Recorded:
        raise NoRule(
            f"{solver.__name__}, called at {caller()}, cannot be recorded: a function that an object holds depends on what is "
            "recorded; give the function itself"
        ) from None
    outside = list({id(held): held for ways in functions for held in ways.outside()}.values())
    top = recording((given, outside))
    if top.level > above:  # what was seen first belongs to an outer recording
        return _step(public, solver, args, keywords, top.level, called)
    duals = [each for each in lifted_in((given, outside)) if isinstance(each, Dual) and each.level > above]
    if opaque := [each.level for each in duals if is_opaque(each.primal, each.tangent)]:
        return _linear(public, args, keywords, max(opaque), called)
    levels = sorted({each.level for each in duals})
    found: list[Any] = []
    description = apart((given, outside), levels, found)
    kept: list[Any] = []

    def run(*values: Any) -> tuple[Any, ...]:
        with ExitStack() as stack:
            now = [stack.enter_context(Level.fresh("a solver of dualad.scipy")) for _ in levels]
            (args, keywords), held = together(description, now, values)
            at = {id(old): new for old, new in zip(outside, held, strict=True)}
            seen = lambda value: at[id(value)]  # noqa: E731 - a name for a line
            args, keywords = with_functions((args, keywords), lambda ways: lambda a, k: ways.along(a, k, seen))
            try:
                answer = public(*args, **keywords)  # where a graph runs inside another recording, it is a line of that
            except Elsewhere:
                return (np.empty(0, object),) * len(kept[1])
            numbers: list[Any] = []
            result = apart(answer, now, numbers, numbers=True)
        if not kept:
            kept.extend([result, numbers])
        return tuple(numbers) if _alike(result, kept[0]) else (np.empty(0, object),) * len(kept[1])

    run.__name__ = getattr(solver, "__name__", "solver")
    answers = top.tape.call(run, tuple(found), {})
    return together(kept[0], levels, answers)


MOST = 2048
"""Of so many numbers at most reverse mode takes the derivatives of a solver, each with a direction of its own."""


# -- tangents that nobody can look into --------------------------------------------------------------------------------------


def _linear(
    solver: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], level: Level, called: bool = True
) -> Any:
    """A call where tangents of a level are themselves recorded, as reverse mode has them: the derivatives by all numbers that
    have such a tangent, times these."""
    functions: list[Ways] = []
    given = noted((args, keywords), functions) if called else (args, keywords)
    outside: list[Any] = []
    known: dict[int, Any] = {}

    def seen(value: Any) -> Any:
        if id(value) not in known:
            raise Unseen(functions)
        return known[id(value)]

    def everywhere(exchange: Callable[[Any], Any]) -> tuple[Any, dict[int, Any]]:
        """What is given and what is seen from outside, with others in the place of their duals of the level, in one order."""
        new = mapped(given, lambda value: exchanged(value, level, exchange))
        return new, {id(held): exchanged(held, level, exchange) for held in outside}

    while True:
        duals: list[Any] = []

        def note(one: Any, duals: list[Any] = duals) -> Any:
            duals.append(one)
            return one

        everywhere(note)
        seeds = _basis(duals)

        def seed(one: Any, seeds: Iterator[Any] = seeds) -> Any:
            return dual(one.primal, next(seeds), level)

        new, known = everywhere(seed)
        args, keywords = with_functions(new, lambda ways: lambda a, k: ways.onward(a, k, seen))
        try:
            answer = solver(*args, **keywords)
            break
        except Unseen as unseen:
            if unseen.functions is not functions:
                raise
            outside = list({id(held): held for ways in functions for held in ways.outside()}.values())
    moves = np.concatenate([np.reshape(each.tangent, (np.shape(each.tangent)[0], -1)) for each in duals], axis=1)

    def moved(value: Any) -> Any:
        slopes = np.reshape(value.tangent, (np.shape(value.tangent)[0], -1))
        return dual(value.primal, np.reshape(moves @ slopes, (np.shape(moves)[0], *np.shape(value))), level)

    return mapped(answer, lambda value: exchanged(value, level, moved))


def _carries(value: Any, level: Level) -> bool:
    return isinstance(value, Dual) and value.level == level and value.tangent is not None


def _basis(duals: list[Any]) -> Iterator[Any]:
    """For each of several dual numbers the directions of all their numbers, as tangents."""
    count, first = sum(np.size(each) for each in duals), 0
    if count > MOST or any(np.iscomplexobj(each) for each in duals):
        raise NoRule(
            f"reverse mode, at {caller()}, goes through a solver of dualad.scipy by all numbers that it depends on, which are "
            f'{count} here, {MOST} at most, and real: compute them inside of its function, or use mode="forward"'
        )
    for each in duals:
        size = np.size(each)
        seed = np.zeros((count, size))
        seed[first : first + size] = np.eye(size)
        yield np.reshape(seed, (count, *np.shape(each)))
        first += size


def exchanged(value: Any, level: Level, exchange: Callable[[Any], Any]) -> Any:
    """A value with others in the place of its dual numbers of a level, at all depths."""
    value = gathered(value)
    if not isinstance(value, Dual):
        return value
    if _carries(value, level):
        return exchange(value)
    tangent = None if value.tangent is None else exchanged(value.tangent, level, exchange)
    return dual(exchanged(value.primal, level, exchange), tangent, value.level)


def _alike(one: Any, other: Any) -> bool:
    """Whether two descriptions are the same but for texts."""
    if isinstance(one, (Pair, Leaf)) or type(one) is not type(other):
        return bool(one == other)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)
    return True
