"""Hypergeometric functions (DLMF chapters 13, 15, 16), Legendre's functions of real degree (14) and Wright's Bessel functions.

By the argument they are closed: a function with its parameters moved by one. By a parameter there is no closed form:
differences (`base.slope`), to about 1e-12 where SciPy's own value is right to the last digits; elsewhere its error, magnified.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import SHAPE, numerical, refused, row, size_of_log, together

BELOW_ONE = Interval(-2.0, 0.9)


def pole_reach(parameter: Array) -> Array:
    """The distance to the next pole at 0, -1, -2, ..."""
    return np.where(parameter > 0.0, parameter, np.abs(parameter - np.rint(parameter)))


def by_parameter(name: str, place: int, size: Any, pole: bool = False) -> Any:
    """The partial by a parameter; one more of it changes the function by a factor of about exp(size) at most."""

    def reach(*args: Array) -> Array:
        smooth = 8.0 / (1.5 + np.abs(size(*args)))
        return together(smooth, 2.0 * pole_reach(args[place])) if pole else smooth

    return numerical(name, place, reach)


row(
    "hyp0f1",
    by_parameter("hyp0f1", 0, lambda b, z: np.sqrt(np.abs(z)), pole=True),
    lambda b, z, y: sp.hyp0f1(b + 1.0, z) / b,
    on=(SHAPE, Interval(-10.0, 10.0)),
)
row(
    "hyp1f1",
    by_parameter("hyp1f1", 0, lambda a, b, z: np.log1p(np.abs(z))),
    by_parameter("hyp1f1", 1, lambda a, b, z: np.log1p(np.abs(z)), pole=True),
    lambda a, b, z, y: a / b * sp.hyp1f1(a + 1.0, b + 1.0, z),
    on=(SHAPE, SHAPE, Interval(-5.0, 10.0)),
)
row(
    "hyperu",
    by_parameter("hyperu", 0, lambda a, b, x: np.log1p(np.abs(a)) + size_of_log(x)),
    by_parameter("hyperu", 1, lambda a, b, x: size_of_log(x)),
    lambda a, b, x, y: -a * sp.hyperu(a + 1.0, b + 1.0, x),
    on=(Interval(0.5, 4.0), Interval(0.3, 3.0), Interval(0.5, 10.0)),
)
row(
    "hyp2f1",
    by_parameter("hyp2f1", 0, lambda a, b, c, z: size_of_log(1.0 - z)),
    by_parameter("hyp2f1", 1, lambda a, b, c, z: size_of_log(1.0 - z)),
    by_parameter("hyp2f1", 2, lambda a, b, c, z: size_of_log(1.0 - z), pole=True),
    lambda a, b, c, z, y: a * b / c * sp.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z),
    on=(Interval(0.3, 3.0), Interval(0.3, 3.0), Interval(0.5, 5.0), BELOW_ONE),
)


# -- Legendre's functions: 14.10.5 ---------------------------------------------------------------------------


def legendre_slope(m: Array, v: Array, x: Array, y: Array) -> Array:
    """Recurrence by the degree; regular inside (-1, 1)."""
    return (v * x * y - (v + m) * sp.lpmv(m, v - 1.0, x)) / ((x - 1.0) * (x + 1.0))


row(
    "lpmv",
    refused("lpmv", "m"),
    numerical("lpmv", 1, lambda m, v, x: 4.0 / (1.0 + np.abs(np.log(0.5 * (1.0 + x))))),
    legendre_slope,
    on=(Interval(0, 3), Interval(3.2, 8.0), Interval(-0.9, 0.99)),
)


# -- Wright's generalized Bessel function, sum of x**k / (k! gamma(a k + b)) ---------------------------


def wright_reach(place: int) -> Any:
    """SciPy has the function for parameters above 0 only."""
    return lambda a, b, x: together((a, b)[place], 4.0)


row(
    "wright_bessel",
    numerical("wright_bessel", 0, wright_reach(0)),
    numerical("wright_bessel", 1, wright_reach(1)),
    lambda a, b, x, y: sp.wright_bessel(a, a + b, x),
    on=(Interval(0.3, 4.0), Interval(0.3, 4.0), Interval(0.1, 8.0)),
)
row(
    "log_wright_bessel",
    numerical("log_wright_bessel", 0, wright_reach(0)),
    numerical("log_wright_bessel", 1, wright_reach(1)),
    lambda a, b, x, y: np.exp(sp.log_wright_bessel(a, a + b, x) - y),
    on=(Interval(0.3, 4.0), Interval(0.3, 4.0), Interval(0.1, 8.0)),
)
