"""Derivatives without differentiating: SciPy's finite differences, calls of the formula at shifted points, numdifftools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .base import Derivative, Unable, mirrored
from .tasks import Task

EPSILON = np.finfo(np.float64).eps


def scipy(task: Task, method: str) -> Derivative:
    """What SciPy's solvers do when they are given no Jacobian: one shifted call per input, or two."""
    from scipy.optimize._numdiff import approx_derivative  # the function behind jac="2-point"; it has no public name

    f = task.problem.function
    if task.elementwise:
        return shifted(f, method, task.kind == "greeks")
    if task.kind == "jvp":

        def along(x: Any, *rest: Any) -> Any:
            slope = approx_derivative(lambda h: np.ravel(f(x + h[0] * rest[-1], *rest[:-1])), np.zeros(1), method=method)
            return slope.reshape(np.shape(task.exact))

        return along
    shape = np.shape(task.args[0])

    def first(x: Any, *rest: Any) -> Any:
        if len(shape) == 1:
            return approx_derivative(f, x, method=method, args=rest)
        slope = approx_derivative(lambda z: f(z.reshape(shape), *rest), np.ravel(x), method=method)
        return slope.reshape(shape)

    if task.first:
        return first
    power = 1 / 4 if method == "2-point" else 1 / 5  # longer steps than for a first derivative: rounding counts twice

    def second(x: Any, *rest: Any) -> Any:
        steps = {"method": method, "abs_step": EPSILON**power * np.maximum(np.abs(x), 1.0)}
        return approx_derivative(lambda z: approx_derivative(f, z, args=rest, **steps), x, **steps)

    return second


def shifted(f: Callable[..., Any], method: str, second: bool) -> Derivative:
    """Partial derivatives of an elementwise function from whole-array calls, each argument moved by a fraction of itself."""
    central = method == "3-point"
    power = (1 / 4 if second else 1 / 3) if central else (1 / 4 if second else 1 / 2)

    def derivative(*args: Any) -> Any:
        count = len(args)
        steps = [EPSILON**power * np.abs(arg) for arg in args]

        def at(sign: float, *places: int) -> Any:
            moved = list(args)
            for place in places:
                moved[place] = moved[place] + sign * steps[place]
            return f(*moved)

        value = None if central and not second else f(*args)
        ahead = [at(1.0, i) for i in range(count)]
        if central:
            behind = [at(-1.0, i) for i in range(count)]
            first = [(a - b) / (2.0 * h) for a, b, h in zip(ahead, behind, steps, strict=True)]
        else:
            first = [(a - value) / h for a, h in zip(ahead, steps, strict=True)]
        if not second:
            return first

        def mixed(i: int, j: int) -> Any:
            if not central:
                return (at(1.0, i, j) - ahead[i] - ahead[j] + value) / (steps[i] * steps[j])
            if i == j:
                return (ahead[i] - 2.0 * value + behind[i]) / steps[i] ** 2
            around = ahead[i] + ahead[j] + behind[i] + behind[j]
            return (at(1.0, i, j) + at(-1.0, i, j) - around + 2.0 * value) / (2.0 * steps[i] * steps[j])

        return first, mirrored([[mixed(i, j) for j in range(i, count)] for i in range(count)])

    return derivative


def numdifftools(task: Task) -> Derivative:
    """Extrapolated differences with adaptive steps."""
    import numdifftools as library

    f = task.problem.function
    if task.kind in ("jvp", "greeks"):
        raise Unable("no such derivative")
    if task.elementwise:

        def partials(*args: Any) -> Any:
            def by(place: int) -> Any:
                return library.Derivative(lambda z: f(*args[:place], z, *args[place + 1 :]))(args[place])

            return [by(place) for place in range(len(args))]

        return partials
    shape = np.shape(task.args[0])
    if task.kind == "hessian":
        return library.Hessian(f)
    if not shape:
        return lambda x: library.Derivative(f)(x)[()]
    transform = library.Gradient if task.scalar else library.Jacobian
    if len(shape) == 1:
        return transform(f)
    return lambda x, *rest: transform(lambda z: f(z.reshape(shape), *rest))(x.ravel()).reshape(shape)
