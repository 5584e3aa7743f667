"""Mathieu functions and spheroidal wave functions: DLMF chapters 28 and 30.

By the argument they are closed: their differential equation. By q or c differences (`base.slope`), as right as SciPy's own
values allow, which for these functions is 1e-8 to 1e-13. Orders are counts and refused, and so are c and the characteristic
value of the functions that take both, which mean something only where they belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import numerical, refused, row

DEGREE = pi / 180.0
ORDER = Interval(1, 4)
PARAMETER = Interval(0.3, 5.0)
SMALL = Interval(0.5, 1.5)


def branch_reach(m: Array, q: Array, *x: Array) -> Array:
    """Eigenvalues of two orders meet at complex q: the nearest meeting is at 1.4688i (28.7)."""
    return np.hypot(1.4, q)


def eigenvalue(name: str) -> None:
    """A characteristic value by q."""
    row(name, refused(name, "m"), numerical(name, 1, branch_reach), on=(ORDER, PARAMETER))


def mathieu(name: str, value: str, hyperbolic: bool) -> None:
    """w'' = -(a - 2 q cos 2x) w, with x in degrees; or its modified kin, w'' = (a - 2 q cosh 2x) w."""

    def curvature(m: Array, q: Array, x: Array) -> Array:
        a = getattr(sp, value)(m, q)
        return a - 2.0 * q * np.cosh(2.0 * x) if hyperbolic else DEGREE * (2.0 * q * np.cos(2.0 * DEGREE * x) - a)

    def reach(m: Array, q: Array, x: Array) -> Array:
        return np.minimum(q, branch_reach(m, q)) if hyperbolic else branch_reach(m, q)  # the modified ones end at q = 0

    unit = 1.0 if hyperbolic else DEGREE
    row(
        name,
        refused(name, "m"),
        tuple(numerical(name, 1, reach, output) for output in (0, 1)),
        (lambda m, q, x, y: unit * y[1], lambda m, q, x, y: curvature(m, q, x) * y[0]),
        on=(ORDER, PARAMETER, Interval(0.1, 1.5) if hyperbolic else Interval(5.0, 85.0)),
    )


for name, value in (("ce", "a"), ("se", "b")):
    eigenvalue("mathieu_" + value)
    mathieu(f"mathieu_{name}m", "mathieu_" + value, hyperbolic=False)
    for kind in "12":
        mathieu(f"mathieu_mod{name}m{kind}", "mathieu_" + value, hyperbolic=True)


# -- spheroidal wave functions: 30.2.1, for oblate ones with i c, for their radial ones with i x -----------


def equation(m: Array, c: Array, value: Array, x: Array, y: Any, sign: float, turn: float) -> Array:
    """w'' of (1 - turn x**2) w'' - 2 turn x w' + turn (value - sign turn c**2 x**2 - m**2/(1 - turn x**2)) w = 0."""
    width = 1.0 - turn * x * x
    return turn * (2.0 * x * y[1] - (value - sign * turn * c * c * x * x - m * m / width) * y[0]) / width


def spheroidal(kind: str, name: str, on: Interval) -> None:
    """A function and its derivative, of a kind (pro, obl), and the same with its characteristic value given."""
    sign = 1.0 if kind == "pro" else -1.0
    turn = -1.0 if kind == "obl" and name != "ang1" else 1.0
    full = f"{kind}_{name}"
    reach: Callable[..., Array] = lambda m, n, c, x: np.minimum(c, 2.0)  # noqa: E731 - a column of the row

    def second(m: Array, n: Array, c: Array, x: Array, y: Any) -> Array:
        return equation(m, c, getattr(sp, kind + "_cv")(m, n, c), x, y, sign, turn)

    row(
        full,
        refused(full, "m"),
        refused(full, "n"),
        (numerical(full, 2, reach, 0), numerical(full, 2, reach, 1)),
        (lambda m, n, c, x, y: y[1], second),
        on=(Interval(0, 2), Interval(2, 5), SMALL, on),
    )
    together = "c and cv belong together; the function without _cv has both"
    row(
        full + "_cv",
        refused(full + "_cv", "m"),
        refused(full + "_cv", "n"),
        refused(full + "_cv", "c", together),
        refused(full + "_cv", "cv", together),
        (lambda m, n, c, cv, x, y: y[1], lambda m, n, c, cv, x, y: equation(m, c, cv, x, y, sign, turn)),
        on=(Interval(0, 2), Interval(2, 5), SMALL, Interval(6.0, 30.0), on),
    )


for kind in ("pro", "obl"):
    row(
        kind + "_cv",
        refused(kind + "_cv", "m"),
        refused(kind + "_cv", "n"),
        numerical(kind + "_cv", 2, lambda m, n, c: np.minimum(c, 2.0)),
        on=(Interval(0, 2), Interval(2, 5), SMALL),
    )
    spheroidal(kind, "ang1", Interval(-0.9, 0.9))
    spheroidal(kind, "rad1", Interval(1.1, 3.0) if kind == "pro" else Interval(0.2, 3.0))
    spheroidal(kind, "rad2", Interval(2.5, 5.0))  # at smaller x SciPy's values do not solve the equation
