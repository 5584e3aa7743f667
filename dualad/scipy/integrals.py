"""scipy.integrate's integrals and initial value problems of functions of duals.

SciPy's own routine computes the value from plain numbers. Tangents are integrated beside it, all at once: those of an
integral by `scipy.integrate.quad_vec`, those of a differential equation as further equations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ..dual import Dual, dual
from ..errors import NoRule, caller
from ..lift import highest
from .callbacks import Plain, Structure, count_of, expanded, is_lifted, merged, plain_or_none, rebuilt, structure_of, varies
from .dispatch import FUNCTIONS, arrayed, bare
from .optimize import as_tuple
from .steps import stepwise

RELATIVE, ABSOLUTE = 1e-10, 1e-13
"""To what accuracy tangents of integrals are computed, if nothing finer is asked for."""


class Richer(Exception):
    """A function varies on levels that were not seen where it was tried."""

    def __init__(self, structure: Structure | None) -> None:
        super().__init__()
        self.structure = structure


def watched(value: Any, structure: Structure | None) -> Any:
    """The value expanded by a structure, which has to hold all of it."""
    value = arrayed(value)
    whole = merged(structure, structure_of(value))
    if whole != structure:
        raise Richer(whole)
    return expanded(value, structure)


def retried(structure: Structure | None, attempt: Callable[[Structure | None], Any]) -> tuple[Any, Structure | None]:
    """The answer of an attempt with as rich a structure as it turns out to take."""
    while True:
        try:
            return attempt(structure), structure
        except Richer as found:
            structure = found.structure


# -- integrals -------------------------------------------------------------------------------------------------------------


GAUSS = [np.polynomial.legendre.leggauss(n) for n in (10, 21)]


def adaptive(f: Callable[[Any], Any], a: Any, b: Any) -> Any:
    """An integral of a plain array: by two of Gauss's rules if they agree, else by bisection, which takes more calls."""
    if np.isfinite(b - a):
        middle, half = 0.5 * (a + b), 0.5 * (b - a)
        rough, fine = (half * sum(w * f(middle + half * x) for x, w in zip(*rule, strict=True)) for rule in GAUSS)
        if np.all(np.abs(fine - rough) <= ABSOLUTE + RELATIVE * np.max(np.abs(fine))):
            return fine
    return scipy.integrate.quad_vec(f, a, b, ABSOLUTE, RELATIVE, "max")[0]


def constant_limits(f: Callable[[Any], Any], a: Any, b: Any, value: Any, options: dict[str, Any]) -> Any:
    """An integral between plain limits, whose value may be known, with its tangents."""

    def attempt(structure: Structure | None) -> Any:
        if not options:
            return adaptive(lambda x: watched(f(x), structure), a, b)
        one = scipy.integrate.quad  # weights and breakpoints are for the routine of one number
        parts = [one(lambda x, i=i: watched(f(x), structure)[i], a, b, **options)[0] for i in range(count_of(structure))]
        return np.array(parts)

    middle = 0.5 * (a + b) if np.isfinite(a + b) else a + 1.0 if np.isfinite(a) else b - 1.0 if np.isfinite(b) else 0.5
    parts, structure = retried(structure_of(arrayed(f(middle))), attempt)
    return rebuilt(parts if value is None else np.concatenate([[np.float64(value)], parts[1:]]), structure)


def between(f: Callable[[Any], Any], a: Any, b: Any, value: Any, options: dict[str, Any]) -> Any:
    """An integral whose limits may be lifted: the function at the limits times what they move."""
    top = highest((a, b))
    if top is None:
        return constant_limits(f, a, b, value, options)
    at = [end.primal if isinstance(end, Dual) and end.level is top.level else end for end in (a, b)]
    y = between(f, at[0], at[1], value, options)
    for end, place, sign in ((b, at[1], 1.0), (a, at[0], -1.0)):
        if end is not place and end.tangent is not None:
            y = y + sign * dual(np.float64(0.0), end.tangent, top.level) * f(place)
    return y


@stepwise
def quad(func: Any, a: Any, b: Any, args: Any = (), full_output: Any = 0, **options: Any) -> Any:
    """scipy.integrate.quad: by the limits and by everything that the integrand depends on.

    The value and its error are SciPy's; tangents are accurate to about 1e-10.
    """
    plain = Plain(func)
    answer = scipy.integrate.quad(plain, bare(a), bare(b), args, full_output, **options)
    if not (plain.lifted or is_lifted((a, b))):
        return answer
    if options.get("complex_func") or (options.get("weight") is not None and is_lifted((a, b))):
        raise NoRule(
            f"scipy.integrate.quad, called at {caller()}, has no derivative rule with complex_func, or by limits with weight"
        )
    special = {name: options[name] for name in ("points", "weight", "wvar", "wopts", "limit") if options.get(name) is not None}
    if special.keys() <= {"limit"}:
        special = {}
    return (between(lambda x: func(x, *as_tuple(args)), arrayed(a), arrayed(b), answer[0], special), *answer[1:])


@stepwise
def nquad(func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: bool = False) -> Any:
    """scipy.integrate.nquad: integrals of integrals."""
    plain = Plain(func)
    fixed = [Plain(each) if callable(each) else tuple(map(bare, each)) for each in ranges]
    answer = scipy.integrate.nquad(plain, fixed, args, opts, full_output)
    if not (plain.lifted or is_lifted(ranges) or any(getattr(each, "lifted", False) for each in fixed)):
        return answer
    more = () if args is None else as_tuple(args)
    return (_inside(func, list(ranges), (), more, answer[0]), *answer[1:])


def _inside(func: Any, ranges: list[Any], outer: tuple[Any, ...], args: tuple[Any, ...], value: Any = None) -> Any:
    """The integral over the variables of the first ranges, at values of those after them; its value may be known."""
    if not ranges:
        return func(*outer, *args)
    *inner, last = ranges
    ends = last(*outer, *args) if callable(last) else last
    a, b = map(arrayed, ends)
    return between(lambda x: _inside(func, inner, (x, *outer), args), a, b, value, {})


def _side(limit: Any, count: int) -> Callable[..., Any]:
    """A limit as a function of the outer variables, of which it takes the last ones."""
    return (lambda *outer: limit(*outer[:count][::-1])) if callable(limit) else (lambda *outer: limit)


@stepwise
def dblquad(func: Any, a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (), *rest: Any, **kwargs: Any) -> Any:
    """scipy.integrate.dblquad: integrals of integrals."""
    plain, low, high = Plain(func), plain_or_none(gfun), plain_or_none(hfun)
    answer = scipy.integrate.dblquad(plain, bare(a), bare(b), bare(low), bare(high), args, *rest, **kwargs)
    if not (is_lifted((a, b, gfun, hfun)) or any(getattr(each, "lifted", False) for each in (plain, low, high))):
        return answer
    sides = [_side(gfun, 1), _side(hfun, 1)]
    more = as_tuple(args)
    value = _inside(lambda y, x: func(y, x, *more), [lambda x: tuple(side(x) for side in sides), (a, b)], (), (), answer[0])
    return (value, answer[1])


@stepwise
def tplquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (), *rest: Any, **kwargs: Any
) -> Any:
    """scipy.integrate.tplquad: integrals of integrals of integrals."""
    sides = [plain_or_none(each) for each in (gfun, hfun, qfun, rfun)]
    plain = Plain(func)
    answer = scipy.integrate.tplquad(plain, bare(a), bare(b), *map(bare, sides), args, *rest, **kwargs)
    if not (is_lifted((a, b, gfun, hfun, qfun, rfun)) or any(getattr(each, "lifted", False) for each in (plain, *sides))):
        return answer
    g, h, q, r = _side(gfun, 1), _side(hfun, 1), _side(qfun, 2), _side(rfun, 2)
    more = as_tuple(args)
    ranges = [lambda y, x: (q(y, x), r(y, x)), lambda x: (g(x), h(x)), (a, b)]
    return (_inside(lambda z, y, x: func(z, y, x, *more), ranges, (), (), answer[0]), answer[1])


def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """scipy.integrate.fixed_quad, whose own lines run on duals."""
    return scipy.integrate.fixed_quad(func, a, b, args, n)


# -- initial value problems --------------------------------------------------------------------------------------------------


def flow(f: Callable[[Any, Any], Any], y0: Any, start: Any, values: Any, solve: Callable[[Any, Any], Any]) -> Any:
    """The solution of y' = f(t, y), times first, with its tangents as further unknowns beside the values that are known.

    `solve` takes the right side and the initial state, both plain vectors, and gives states, one row for every time.
    """
    size = np.size(y0)

    def attempt(structure: Structure | None) -> Any:
        def right(t: Any, state: Any) -> Any:
            return np.ravel(watched(f(t, rebuilt(np.reshape(state, (-1, size)), structure)), structure))

        return solve(right, np.ravel(expanded(y0, structure)))

    states, structure = retried(merged(structure_of(y0), structure_of(arrayed(f(start, y0)))), attempt)
    parts = np.moveaxis(np.reshape(states, (len(values), -1, size)), 0, 1)
    return rebuilt(np.concatenate([values[None], parts[1:]]), structure)


@stepwise
def odeint(func: Any, y0: Any, t: Any, args: Any = (), *rest: Any, tfirst: bool = False, **options: Any) -> Any:
    """scipy.integrate.odeint: by the initial state and by everything that the right side depends on.

    Tangents are solved for to the same tolerances as the state.
    """
    if rest:
        raise_rest("odeint")
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
    y0 = np.reshape(arrayed(y0), -1)
    y = flow(
        lambda t, y: func(t, y, *more) if tfirst else func(y, t, *more),
        y0 * 1.0,
        t[0],
        values,
        lambda right, start: scipy.integrate.odeint(right, start, t, tfirst=True, **kept),
    )
    return (y, *answer[1:]) if isinstance(answer, tuple) else y


def raise_rest(name: str) -> None:
    """Refuse what is given by position and hardly ever is."""
    raise NoRule(f"scipy.integrate.{name}, called at {caller()}: give what comes after args by keyword")


@stepwise
def solve_ivp(fun: Any, t_span: Any, y0: Any, method: Any = "RK45", t_eval: Any = None, dense_output: bool = False,
              events: Any = None, vectorized: bool = False, args: Any = None, **options: Any) -> Any:  # fmt: skip
    """scipy.integrate.solve_ivp: by the initial state, the times, and everything that the right side depends on.

    Tangents are those of the solution, to a relative 1e-8 or what is asked for, and not of the steps that SciPy took.
    """
    plain = Plain(fun)
    slopes = {name: plain_or_none(each) for name, each in options.items() if name == "jac"}
    answer = scipy.integrate.solve_ivp(
        plain, tuple(map(bare, t_span)), bare(arrayed(y0)), method, bare(t_eval), dense_output, events, vectorized, args,
        **(options | slopes),
    )  # fmt: skip
    if not (plain.lifted or is_lifted((y0, t_span, t_eval))):
        return answer
    if dense_output or events is not None:
        raise NoRule(
            f"scipy.integrate.solve_ivp, called at {caller()}, has no derivative with dense_output or with events: give the "
            "times in t_eval"
        )
    more = () if args is None else as_tuple(args)
    tight = {name: np.minimum(options.get(name, 1.0), size) for name, size in (("rtol", 1e-8), ("atol", 1e-10))}
    kept = {name: each for name, each in options.items() if name in ("max_step", "first_step")} | tight

    def between(f: Any, y: Any, places: Any, values: Any, **kept: Any) -> Any:
        """States at places that do not vary, from the first of them on."""

        def solve(right: Any, start: Any) -> Any:
            return scipy.integrate.solve_ivp(right, (places[0], places[-1]), start, method, places[1:], **kept).y.T

        return flow(f, y, places[0], values, solve)

    def f(t: Any, y: Any) -> Any:
        return fun(t, y, *more)

    state, values = np.reshape(arrayed(y0), -1) * 1.0, answer.y.T
    if not varies((t_span, t_eval)):
        begin = bare(t_span[0])
        answer.y = np.transpose(between(f, state, np.concatenate([[begin], answer.t]), values, **kept))
        return answer
    times = list(answer.t if t_eval is None else arrayed(t_eval)[: len(answer.t)])
    if t_eval is None and answer.status == 0:
        times[0], times[-1] = t_span
    rows, before = [], t_span[0]
    for time, value in zip(times, values, strict=True):  # every interval as one of length 1, so that its ends may move

        def scaled(s: Any, y: Any, a: Any = before, b: Any = time) -> Any:
            return (b - a) * arrayed(f(a + s * (b - a), y))

        state = between(scaled, state, np.array([0.0, 1.0]), value[None], **tight)[0] if bare(time) != bare(before) else state
        rows.append(state)
        before = time
    answer.t, answer.y = np.stack(times), np.stack(rows, axis=1)
    return answer


for _ours in (quad, nquad, dblquad, tplquad, odeint, solve_ivp):
    FUNCTIONS[getattr(scipy.integrate, _ours.__name__)] = _ours

__all__ = ["dblquad", "fixed_quad", "nquad", "odeint", "quad", "solve_ivp", "tplquad"]
