"""Constraints of a minimum: which of them hold it, and how it moves with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize

from ..rules.table import Array, innermost
from .callbacks import FAR, implicit, is_lifted, jacobian, plain_or_none, polished, settles, unknown
from .dispatch import arrayed, bare

NEAR = (1e-8, 1e-4, 1e-3, 1e-2)
"""How far, relative to its size, a solver may leave a constraint that holds; whether one does its multiplier decides. The next
one is tried where a minimum with these constraints would be elsewhere, or would break another one."""


class Constraint(NamedTuple):
    """A constraint as SciPy gets it, and as a function that is not below `low` and not above `high`."""

    given: Any
    function: Callable[[Any], Any]
    low: Any
    high: Any


def opened(given: Any) -> Any:
    """Constraints and bounds that are objects as dictionaries of what these hold: into these whoever records a solver looks."""
    if isinstance(given, (list, tuple)):
        return type(given)(opened(each) if hasattr(each, "lb") else each for each in given)
    return {OBJECT: type(given).__name__, **vars(given)} if hasattr(given, "lb") else given


OBJECT = "dualad's name of a class"


def constraints_of(given: Any) -> Iterator[Constraint]:
    """SciPy's constraints with functions of plain numbers, from dictionaries, of objects too."""
    for each in [given] if isinstance(given, dict) else given:
        if OBJECT not in each:
            function, args = each["fun"], each.get("args", ())
            plain = {name: plain_or_none(value) for name, value in each.items()}
            high = 0.0 if each["type"].lower() == "eq" else np.inf
            yield Constraint(plain, lambda x, f=function, a=args: f(x, *a), 0.0, high)  # type: ignore[misc]  # defaults hold them
            continue
        kind = getattr(scipy.optimize, each[OBJECT])
        low, high = arrayed(each["lb"]), arrayed(each["ub"])
        items = {name: plain_or_none(value) for name, value in each.items() if name != OBJECT} | {
            "lb": bare(low),
            "ub": bare(high),
        }
        if kind is scipy.optimize.LinearConstraint:
            matrix = arrayed(each["A"])
            yield Constraint(kind(**items | {"A": bare(matrix)}), lambda x, A=matrix: A @ x, low, high)  # type: ignore[misc]
        else:
            yield Constraint(kind(**items), each["fun"], low, high)


def any_lifted(constraints: list[Constraint]) -> bool:
    """Whether a constraint depends on anything lifted: the ones that SciPy has called know."""
    for each in constraints:
        functions = each.given.values() if isinstance(each.given, dict) else vars(each.given).values()
        if any(getattr(function, "lifted", False) for function in functions) or is_lifted((each.low, each.high)):
            return True
        if isinstance(each.given, scipy.optimize.LinearConstraint) and is_lifted(
            (each.function(np.zeros(each.given.A.shape[1])),)
        ):
            return True
    return False


def active(constraints: list[Constraint], slope: Any, x: Any, near_by: float) -> tuple[Callable[[Any], Array], Any]:
    """Those that hold a minimum at x, as a function that stays 0, and their multipliers."""
    sides: list[tuple[Callable[[Any], Array], Any, bool]] = []  # values that stay 0, which of them, and whether on either side
    for each in constraints:
        value = np.ravel(innermost(arrayed(each.function(x))))
        low, high = (np.broadcast_to(np.ravel(innermost(end)), value.shape) for end in (each.low, each.high))
        near = near_by * (1.0 + np.abs(value))
        both = low == high
        distance = lambda x, each=each: np.ravel(arrayed(each.function(x))) - each.low  # noqa: E731 - a name for a line
        behind = lambda x, each=each: each.high - np.ravel(arrayed(each.function(x)))  # noqa: E731 - the same
        sides.append((distance, both, True))
        sides.append((distance, ~both & (np.abs(value - low) <= near), False))
        sides.append((behind, ~both & (np.abs(value - high) <= near), False))
    for _ in range(1 + sum(np.size(mask) for _, mask, _ in sides)):
        chosen = [(function, np.flatnonzero(mask)) for function, mask, _ in sides if np.any(mask)]

        def held(x: Any, chosen: Any = chosen) -> Array:
            return np.concatenate([function(x)[places] for function, places in chosen]) if chosen else np.zeros(0)

        rows = innermost(jacobian(held, x)) if chosen else np.zeros((0, np.size(x)))
        multipliers = np.linalg.lstsq(rows.T, slope, rcond=None)[0]
        one_sided = np.concatenate([np.full(np.sum(mask), not both) for _, mask, both in sides] or [np.zeros(0, bool)])
        if not np.any(one_sided & (multipliers <= 0.0)):
            break
        worst = np.argmin(np.where(one_sided, multipliers, np.inf))  # it would rather be left: it does not hold
        for _, mask, _ in sides:
            places = np.flatnonzero(mask)
            if worst < places.size:
                mask[places[worst]] = False
                break
            worst -= places.size
    return held, multipliers


def bounds_of(given: Any, x: Any) -> Iterator[Constraint]:
    """The bounds of variables, pairs or an object, as a constraint; none where there are none."""
    if given is None:
        return
    if isinstance(given, (dict, scipy.optimize.Bounds)):
        low, high = (given["lb"], given["ub"]) if isinstance(given, dict) else (given.lb, given.ub)
    else:
        low, high = zip(*((-np.inf if a is None else a, np.inf if b is None else b) for a, b in given), strict=True)
    low, high = (np.broadcast_to(arrayed(list(end) if isinstance(end, tuple) else end), np.shape(x)) for end in (low, high))
    if np.any(np.isfinite(innermost(low))) or np.any(np.isfinite(innermost(high))):
        yield Constraint(None, lambda x: x, low, high)


def held_minimum(f: Callable[[Any], Array], x: Any, constraints: list[Constraint]) -> Any:
    """A minimum with its tangents: the gradient stays the constraints' slopes times their multipliers, and they stay 0."""
    start, n = np.asarray(x, float), np.size(x)
    slope = np.ravel(innermost(jacobian(lambda x: np.sum(arrayed(f(x))), start)))

    def conditions(z: Array) -> Array:
        x, weights = z[:n], z[n:]
        slope = jacobian(lambda x: np.sum(arrayed(f(x))) - weights @ held(x), x)
        return np.concatenate([np.ravel(slope), held(x)])

    for near_by in NEAR:
        held, multipliers = active(constraints, slope, start, near_by)
        better = polished(conditions, np.concatenate([start, multipliers]))
        close = np.all(np.abs(better[:n] - start) <= FAR * (1.0 + np.abs(start)))
        if close and all(is_kept(each, better[:n]) for each in constraints) and settles(conditions, better):
            return (implicit(conditions, better) - better)[:n] + start
    values = [f(start), *(value for each in constraints for value in (each.function(start), each.low, each.high))]
    return unknown(start, *map(arrayed, values))


def is_kept(constraint: Constraint, x: Any) -> bool:
    """Whether a constraint is kept at a place, to rounding."""
    value = innermost(arrayed(constraint.function(x)))
    slack = NEAR[0] * (1.0 + np.abs(value))
    low, high = innermost(constraint.low), innermost(constraint.high)
    return bool(np.all((value >= low - slack) & (value <= high + slack)))
