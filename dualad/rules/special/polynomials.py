"""Orthogonal polynomials and the functions that continue them to real degrees: DLMF 18.9(iii).

By the argument closed, as the polynomial of one degree less in the next parameter. By a parameter, and by a degree that is
given as a float, differences (`base.slope`), which are exact for polynomials in the parameter up to degree 20.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ..table import UNIT, Array, Interval
from .base import COUNT, MODERATE, bare, numerical, row

SHIFTED = Interval(0.0, 1.0)
WEIGHT = Interval(0.2, 3.0)


def lower(n: Array, factor: Array, f: Any, *args: Array) -> Array:
    """factor * f(n - 1, ...); 0 for the polynomial of degree 0. A degree that is a float is continued instead."""
    if is_float(n):
        return factor * f(n - 1.0, *args)
    zero = bare(n)[0] == 0.0
    return np.where(zero, 0.0, factor * f(np.where(zero, 1, n) - 1, *args))


def is_float(n: Array) -> bool:
    """Whether a degree is meant to be continued."""
    return getattr(n, "dtype", np.dtype(type(n))).kind == "f"


def degree(name: str) -> Any:
    """The partial by the degree."""
    return numerical(name, 0, lambda n, *args: 2.0)


def parameter(name: str, place: int) -> Any:
    """The partial by a parameter."""
    return numerical(name, place, lambda *args: 2.0 + 0.0 * args[place])


def entry(name: str, slope: Any, on: Interval, parameters: int = 0) -> None:
    """A row: by the degree, by the parameters, by the argument."""
    between = (parameter(name, place) for place in range(1, 1 + parameters))
    row(name, degree(name), *between, slope, on=(COUNT, *(WEIGHT,) * parameters, on))


def jacobi(n: Array, a: Array, b: Array, x: Array) -> Array:
    """The slope of a Jacobi polynomial by its argument (18.9.15)."""
    return lower(n, 0.5 * (n + a + b + 1.0), sp.eval_jacobi, a + 1.0, b + 1.0, x)


def gegenbauer(n: Array, a: Array, x: Array) -> Array:
    """The slope of a Gegenbauer polynomial by its argument (18.9.19)."""
    return lower(n, 2.0 * a, sp.eval_gegenbauer, a + 1.0, x)


entry("eval_jacobi", lambda n, a, b, x, y: jacobi(n, a, b, x), UNIT, 2)
entry("eval_gegenbauer", lambda n, a, x, y: gegenbauer(n, a, x), UNIT, 1)
entry("eval_legendre", lambda n, x, y: jacobi(n, 0.0, 0.0, x), UNIT)
entry("eval_chebyt", lambda n, x, y: lower(n, n, sp.eval_chebyu, x), UNIT)
entry("eval_chebyu", lambda n, x, y: gegenbauer(n, 1.0, x), UNIT)
entry("eval_chebyc", lambda n, x, y: lower(n, n, sp.eval_chebys, x), Interval(-2.0, 2.0))
entry("eval_chebys", lambda n, x, y: 0.5 * gegenbauer(n, 1.0, 0.5 * x), Interval(-2.0, 2.0))
entry("eval_sh_legendre", lambda n, x, y: 2.0 * jacobi(n, 0.0, 0.0, 2.0 * x - 1.0), SHIFTED)
entry("eval_sh_chebyt", lambda n, x, y: 2.0 * lower(n, n, sp.eval_chebyu, 2.0 * x - 1.0), SHIFTED)
entry("eval_sh_chebyu", lambda n, x, y: 2.0 * gegenbauer(n, 1.0, 2.0 * x - 1.0), SHIFTED)
entry("eval_genlaguerre", lambda n, a, x, y: -lower(n, 1.0, sp.eval_genlaguerre, a + 1.0, x), Interval(0.0, 9.0), 1)
entry("eval_laguerre", lambda n, x, y: -lower(n, 1.0, sp.eval_genlaguerre, 1.0, x), Interval(0.0, 9.0))
entry("eval_hermite", lambda n, x, y: lower(n, 2 * n, sp.eval_hermite, x), MODERATE)
entry("eval_hermitenorm", lambda n, x, y: lower(n, n, sp.eval_hermitenorm, x), MODERATE)
row(
    "eval_sh_jacobi",  # monic in SciPy, so that its slope is n times the next one
    degree("eval_sh_jacobi"),
    parameter("eval_sh_jacobi", 1),
    parameter("eval_sh_jacobi", 2),
    lambda n, p, q, x, y: lower(n, n, sp.eval_sh_jacobi, p + 2.0, q + 1.0, x),
    on=(COUNT, Interval(4.0, 6.0), Interval(0.5, 3.0), SHIFTED),
)
