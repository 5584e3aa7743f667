"""scipy.integrate's integrals of functions of duals.

SciPy's own routine computes the value from plain numbers. Tangents are integrated beside it, all at once, by
`scipy.integrate.quad_vec`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ..dual import Dual, dual
from ..errors import NoRule, caller
from ..lift import highest
from .callbacks import Plain, Structure, count_of, expanded, is_lifted, merged, plain_or_none, rebuilt, structure_of
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


def adaptive(f: Callable[[Any], Any], a: Any, b: Any, points: Any = None) -> Any:
    """An integral of a plain array: by two of Gauss's rules if they agree, else by bisection, which takes more calls."""
    if np.isfinite(b - a) and points is None:
        middle, half = 0.5 * (a + b), 0.5 * (b - a)
        rough, fine = (half * sum(w * f(middle + half * x) for x, w in zip(*rule, strict=True)) for rule in GAUSS)
        if not np.all(wild := ~np.isfinite(fine)) and np.any(wild):  # those would never do
            return np.where(wild, fine, adaptive(lambda x: np.where(wild, 0.0, f(x)), a, b))
        if np.all(wild) or np.all(np.abs(fine - rough) <= ABSOLUTE + RELATIVE * np.max(np.abs(fine))):
            return fine
    return scipy.integrate.quad_vec(f, a, b, ABSOLUTE, RELATIVE, "max", points=points)[0]


def constant_limits(f: Callable[[Any], Any], a: Any, b: Any, value: Any, options: dict[str, Any]) -> Any:
    """An integral between plain limits, whose value may be known, with its tangents."""

    def attempt(structure: Structure | None) -> Any:
        if not options or np.ndim(first):
            return adaptive(lambda x: watched(f(x), structure), a, b, options.get("points"))
        one = scipy.integrate.quad  # weights and breakpoints are for the routine of one number
        parts = [one(lambda x, i=i: watched(f(x), structure)[i], a, b, **options)[0] for i in range(count_of(structure))]
        return np.array(parts)

    middle = 0.5 * (a + b) if np.isfinite(a + b) else a + 1.0 if np.isfinite(a) else b - 1.0 if np.isfinite(b) else 0.5
    first = arrayed(f(middle))
    parts, structure = retried(structure_of(first), attempt)
    return rebuilt(parts if value is None else np.concatenate([np.asarray(value)[None], parts[1:]]), structure)


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


SPECIAL, USUAL = ("points", "weight", "wvar", "wopts"), ("limit", "epsabs", "epsrel")
"""Options of quad that integrals of tangents take over, and those that do not by themselves ask for quad."""


@stepwise
def quad(func: Any, a: Any, b: Any, args: Any = (), full_output: Any = 0, **options: Any) -> Any:
    """scipy.integrate.quad: by the limits and by everything that the integrand depends on.

    The value and its error are SciPy's; tangents are accurate to about 1e-10.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.integrate import quad
    >>> print(round(float(dualad.derivative(lambda a: quad(lambda x: x**a, 0.0, 1.0)[0])(1.0)), 9))
    -0.25
    """
    plain = Plain(func)
    answer = scipy.integrate.quad(plain, bare(a), bare(b), args, full_output, **options)
    if not (plain.lifted or is_lifted((a, b))):
        return answer
    if options.get("complex_func") or (options.get("weight") is not None and is_lifted((a, b))):
        raise NoRule(
            f"scipy.integrate.quad, called at {caller()}, has no derivative rule with complex_func, or by limits with weight"
        )
    special = {name: options[name] for name in (*SPECIAL, *USUAL) if options.get(name) is not None}
    if special.keys() <= {*USUAL}:
        special = {}
    return (between(lambda x: func(x, *as_tuple(args)), arrayed(a), arrayed(b), answer[0], special), *answer[1:])


@stepwise
def quad_vec(f: Any, a: Any, b: Any, *rest: Any, args: Any = (), **options: Any) -> Any:
    """scipy.integrate.quad_vec: the same of a function that gives arrays."""
    plain = Plain(f)
    answer = scipy.integrate.quad_vec(plain, bare(a), bare(b), *rest, args=args, **options)
    if not (plain.lifted or is_lifted((a, b))):
        return answer
    special = {"points": options["points"]} if options.get("points") is not None else {}
    inside = lambda x: arrayed(f(x, *as_tuple(args)))  # noqa: E731 - a name for a line
    return (between(inside, arrayed(a), arrayed(b), answer[0], special), *answer[1:])


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


for _ours in (quad, quad_vec, nquad, dblquad, tplquad):
    FUNCTIONS[getattr(scipy.integrate, _ours.__name__)] = _ours

__all__ = ["dblquad", "fixed_quad", "nquad", "quad", "quad_vec", "tplquad"]
