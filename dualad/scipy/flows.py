"""scipy.integrate's initial value problems of functions of duals.

SciPy's own routine computes the solution from plain numbers. Its tangents are solved for as further equations beside it. What
is asked for at a time that varies, as that of an event does, is the solution at the time's value, and from there on a step of
no length: it moves the tangents only, to any order.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate

from ..errors import NoRule, caller
from .callbacks import (
    Plain,
    Structure,
    expanded,
    implicit,
    is_lifted,
    merged,
    numbered,
    plain_or_none,
    rebuilt,
    structure_of,
    varies,
)
from .dispatch import FUNCTIONS, arrayed, bare
from .integrals import retried, watched
from .optimize import as_tuple
from .steps import stepwise
from .ways import Opaque, Recorded, writes_down

RELATIVE, ABSOLUTE = 1e-8, 1e-10
"""To what accuracy solve_ivp's tangents are computed, if nothing finer is asked for."""

Right = Callable[[Any, Any], Any]


class Unknown(Exception):
    """Tangents cannot be solved for: where one is not finite no step is small enough, and some of SciPy's methods never end."""


def flow(f: Right, y0: Any, start: Any, values: Any, solve: Callable[[Right, Any], Any]) -> tuple[Any, Structure | None]:
    """The solution of y' = f(t, y), times first, with its tangents as further unknowns beside the values that are known; and
    how it is made up.

    `solve` takes the right side and the initial state, both plain vectors, and gives states, one row for every time.
    """
    size = np.size(y0)

    def attempt(structure: Structure | None) -> Any:
        def right(t: Any, state: Any) -> Any:
            slopes = watched(f(t, rebuilt(np.reshape(state, (-1, size)), structure)), structure)
            if not np.all(np.isfinite(slopes[1:])):
                raise Unknown
            return np.ravel(slopes)

        begin = np.ravel(expanded(y0, structure))
        try:
            if not np.all(np.isfinite(begin[size:])):
                raise Unknown
            return solve(right, begin)
        except Unknown:
            return np.full((len(values), begin.size), np.nan)

    slope = numbered(arrayed(f(start, y0)))
    states, structure = retried(merged(structure_of(y0), structure_of(slope)), attempt)
    parts = np.moveaxis(np.reshape(states, (len(values), -1, size)), 0, 1)
    return rebuilt(np.concatenate([values[None], parts[1:]]), structure), structure


@stepwise
def odeint(func: Any, y0: Any, t: Any, args: Any = (), *rest: Any, tfirst: bool = False, **options: Any) -> Any:
    """scipy.integrate.odeint: by the initial state and by everything that the right side depends on.

    Tangents are solved for to the same tolerances as the state.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.integrate import odeint
    >>> dualad.jacfwd(lambda rate: odeint(lambda y, t: -rate * y, 1.0, [0.0, 0.5, 1.0])[:, 0])(1.0).round(6)
    array([ 0.      , -0.303265, -0.367879])
    """
    if rest:
        raise NoRule(f"scipy.integrate.odeint, called at {caller()}: give what comes after args by keyword")
    plain = Plain(func)
    slopes = {name: plain_or_none(each) for name, each in options.items() if name == "Dfun"}
    answer = scipy.integrate.odeint(plain, bare(arrayed(y0)), bare(arrayed(t)), args, tfirst=tfirst, **(options | slopes))
    if not (plain.lifted or is_lifted((y0, t))):
        return answer
    if varies(t):
        raise NoRule(f"scipy.integrate.odeint, called at {caller()}, has no derivative by t: pass dualad.stop_gradient of it")
    more, t = as_tuple(args), bare(arrayed(t))
    values = answer[0] if isinstance(answer, tuple) else answer
    kept = {name: each for name, each in options.items() if name in ("rtol", "atol", "mxstep", "hmax", "hmin", "h0", "tcrit")}

    def f(t: Any, y: Any) -> Any:
        return func(t, y, *more) if tfirst else func(y, t, *more)

    def solve(right: Any, start: Any) -> Any:
        states, told = scipy.integrate.odeint(right, start, t, tfirst=True, full_output=True, **kept)
        if told["message"] != "Integration successful.":
            raise Unknown
        return states

    y, _ = flow(f, np.reshape(arrayed(y0), -1) * 1.0, t[0], values, solve)
    return (y, *answer[1:]) if isinstance(answer, tuple) else y


# -- solve_ivp -------------------------------------------------------------------------------------------------------------


def moved(f: Right, y: Any, before: Any, time: Any) -> Any:
    """The state at a time from that at another one of the same value: what differs are the tangents."""
    if not varies((before, time)):
        return y

    def scaled(s: Any, y: Any) -> Any:
        return (time - before) * arrayed(f(before + s * (time - before), y))

    def solve(right: Any, start: Any) -> Any:
        found = scipy.integrate.solve_ivp(right, (0.0, 1.0), start, t_eval=[1.0], rtol=RELATIVE, atol=ABSOLUTE)
        if not found.success:
            raise Unknown
        return found.y.T

    return flow(scaled, y, 0.0, np.asarray(bare(y))[None], solve)[0][0]


class Solution:
    """What `dense_output` gives: SciPy's own solution, with tangents, at times that may vary."""

    def __init__(self, values: Any, parts: Any, structure: Structure | None, f: Right) -> None:
        self.values, self.parts, self.structure, self.f = values, parts, structure, f

    def __call__(self, t: Any) -> Any:
        t = arrayed(t)
        places = bare(t)
        values = self.values(places)
        parts = np.reshape(self.parts(places), (-1, *values.shape))
        y = rebuilt(np.concatenate([values[None], parts[1:]]), self.structure)
        if not varies(t):
            return y
        if not np.ndim(t):
            return moved(self.f, y, places, t)
        return np.stack([moved(self.f, y[:, i], place, t[i]) for i, place in enumerate(places)], axis=1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.values, name)


def event_of(event: Any) -> Plain:
    """An event of plain numbers, with what SciPy asks it for."""
    plain = Plain(event)
    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(plain, name, getattr(event, name))
    return plain


def _solve_ivp(fun: Any, t_span: Any, y0: Any, method: Any = "RK45", t_eval: Any = None, dense_output: bool = False,
               events: Any = None, vectorized: bool = False, args: Any = None, **options: Any) -> Any:  # fmt: skip
    plain = Plain(fun)
    marks: Sequence[Any] = () if events is None else (events,) if callable(events) else events
    plain_marks = list(map(event_of, marks))
    slopes = {name: plain_or_none(each) for name, each in options.items() if name == "jac"}
    answer = scipy.integrate.solve_ivp(
        plain, tuple(map(bare, t_span)), bare(arrayed(y0)), method, bare(t_eval), dense_output,
        None if events is None else plain_marks, vectorized, args, **(options | slopes),
    )  # fmt: skip
    if not (plain.lifted or is_lifted((y0, t_span, t_eval)) or any(each.lifted for each in plain_marks)):
        return answer
    more = () if args is None else as_tuple(args)
    tight = {name: np.minimum(options.get(name, 1.0), size) for name, size in (("rtol", RELATIVE), ("atol", ABSOLUTE))}
    kept = {name: each for name, each in options.items() if name in ("max_step", "first_step")} | tight

    def f(t: Any, y: Any) -> Any:
        return fun(t, y, *more)

    # All of it from one solution at times that do not vary.
    begin = bare(t_span[0])
    state = moved(f, np.reshape(arrayed(y0), -1) * 1.0, t_span[0], begin)
    met = [] if events is None else [*zip(answer.t_events, answer.y_events, strict=True)]
    known = {time: y for times, states in [(answer.t, answer.y.T), *met] for time, y in zip(times, states, strict=True)}
    places = np.array(sorted(known, key=lambda time: abs(time - begin)))
    end = answer.sol.ts[-1] if dense_output else places[-1] if known else begin
    parts: Any = None

    def solve(right: Any, start: Any) -> Any:
        nonlocal parts
        parts = lambda t: np.full((start.size, *np.shape(t)), np.nan)  # noqa: E731 - a name for a line
        if answer.status == -1:  # where the solution ended by itself nothing is known of what is near
            raise Unknown
        if begin == end:
            parts = lambda t: np.multiply.outer(start, np.ones(np.shape(t)))  # noqa: E731 - the same
            return np.tile(start, (places.size, 1))
        found = scipy.integrate.solve_ivp(right, (begin, end), start, method, places, dense_output, **kept)
        if not found.success:
            raise Unknown
        parts = found.sol
        return found.y.T

    rows, structure = flow(f, state, begin, np.reshape([known[time] for time in places], (-1, np.size(state))), solve)
    at = {time: rows[i] for i, time in enumerate(places)}
    if dense_output:
        answer.sol = Solution(answer.sol, parts, structure, f)

    # Events are where their function is zero.
    last: Any = None
    for i, (mark, (times, _)) in enumerate(zip(marks, met, strict=True)):

        def value(t: Any, time: Any, mark: Any = mark) -> Any:
            return mark(t, moved(f, at[time], time, t), *more)

        when = [implicit(functools.partial(value, time=time), time) for time in times]
        if when:
            answer.t_events[i] = np.stack(when)
            answer.y_events[i] = np.stack([moved(f, at[time], time, own) for time, own in zip(times, when, strict=True)])
        if answer.status == 1 and getattr(mark, "terminal", None) and when and times[-1] == answer.t[-1]:
            last = when[-1]

    asked = list(answer.t if t_eval is None else arrayed(t_eval)[: len(answer.t)])
    if t_eval is None:
        asked[0] = t_span[0]
        if answer.status != -1:
            asked[-1] = t_span[1] if answer.status == 0 else last
    if asked:
        answer.y = np.stack([moved(f, at[time], time, own) for time, own in zip(answer.t, asked, strict=True)], axis=1)
    if varies(asked):
        answer.t = np.stack(asked)
    return answer


_solve_ivp.__name__ = "solve_ivp"  # in graphs
_steps = stepwise(_solve_ivp)


@functools.wraps(_solve_ivp, assigned=())
def solve_ivp(*args: Any, **keywords: Any) -> Any:
    """scipy.integrate.solve_ivp: by the initial state, the times, and everything that the right side and events depend on.

    Tangents are those of the solution, to a relative 1e-8 or what is asked for, and not of the steps that SciPy took. When an
    event happens is where its function is zero, by the implicit function theorem. A right side that jumps where the state gets
    somewhere makes the tangents jump there, which they do not: end at an event, and begin anew.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.integrate import solve_ivp
    >>> left = lambda rate: solve_ivp(lambda t, y: -rate * y, (0.0, 1.0), [1.0], t_eval=[0.5, 1.0], rtol=1e-9).y[0]
    >>> dualad.jacfwd(left)(1.0).round(6)
    array([-0.303265, -0.367879])
    """
    if not (keywords["dense_output"] if "dense_output" in keywords else args[5:] and args[5]):
        return _steps(*args, **keywords)
    if not writes_down((args, keywords)):
        try:
            return _solve_ivp(*args, **keywords)
        except (Recorded, Opaque):
            pass
    raise NoRule(
        f"scipy.integrate.solve_ivp, called at {caller()}, cannot be recorded with dense_output, in jit, record or reverse "
        "mode: give the times in t_eval"
    )


for _ours in (odeint, solve_ivp):
    FUNCTIONS[getattr(scipy.integrate, _ours.__name__)] = _ours

__all__ = ["odeint", "solve_ivp"]
