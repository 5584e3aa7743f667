"""What the tables of special functions share: entering a row, refusing an argument, and slopes by differences.

A row names its function, because SciPy's releases differ in what they have: a name that this SciPy lacks has no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import factorial
from typing import Any, NoReturn

import numpy as np
from scipy import special as sp

from ...errors import NoRule
from ..table import POSITIVE, REAL, RULES, Array, Interval, rule, undifferentiated

COUNT = Interval(0, 12)
"""Sampled as integers: an order or a count, which SciPy wants whole."""
SHAPE = Interval(0.3, 9.0)
"""A positive parameter of a distribution or of a hypergeometric function."""
PROBABILITY = Interval(0.0, 1.0)
HALF_LINE = Interval(0.05, 12.0)
"""Positive arguments where a function neither over- nor underflows."""
MODERATE = Interval(-6.0, 6.0)


def ufunc_of(name: str) -> Any:
    """SciPy's ufunc of that name, public or private; None if this SciPy has none."""
    public = getattr(sp, name, None)
    found = public if isinstance(public, np.ufunc) else getattr(getattr(sp, "_ufuncs", None), name, None)
    return found if isinstance(found, np.ufunc) else None


def row(
    name: str,
    *partials: Any,
    on: Interval | Sequence[Interval] = REAL,
    at: Mapping[Any, Any] | None = None,
    **columns: Any,
) -> None:
    """Enter the row of a function of SciPy's, if this SciPy has it and the user has not given it a row before."""
    ufunc = ufunc_of(name)
    if ufunc is not None and ufunc not in RULES:
        rule(ufunc, *partials, on=on, at=at, **columns)


def like(name: str, function: Any) -> None:
    """Enter for SciPy's `name` the row that NumPy's function of the same meaning has."""
    known: Any = RULES[function]
    row(name, *known.partials, on=known.on, at=known.at, push=known.push)


def refused(name: str, argument: str, why: str = "it counts something, and SciPy wants it whole") -> Callable[..., NoReturn]:
    """The partial by an argument that has no derivative."""

    def partial(*args: Any) -> NoReturn:
        raise NoRule(
            f"scipy.special.{name} has no derivative by its argument {argument}: {why}. Pass dualad.stop_gradient({argument})."
        )

    return partial


# -- slopes by differences -----------------------------------------------------------------------------------------------

HALF = 10
WEIGHTS = [
    (-1.0) ** (j + 1) * factorial(HALF) ** 2 / (j * factorial(HALF - j) * factorial(HALF + j)) for j in range(1, HALF + 1)
]
"""Central differences over 20 points: exact for polynomials up to degree 20."""


def wide(x: Array) -> Array:
    """x in double precision: half the digits of a single are gone in a difference."""
    kind = getattr(x, "dtype", None)
    if kind in (np.float32, np.float16):
        return np.positive(x, dtype=np.float64)
    return np.positive(x, dtype=np.complex128) if kind == np.complex64 else x


def slope(f: Callable[..., Array], place: int, args: Sequence[Array], reach: Array) -> Array:
    """df/d(argument at `place`), by differences over 20 points within half the `reach`.

    `reach` is a distance within which f is analytic in that argument, and on which it changes by some factor e**8 at most.
    The step is between 1/40 and 1/20 of it, so that the remainder is below 1.2e-13 of f/reach next to a pole and below 1e-15
    where f is entire, while the rounding of f is magnified by 40/reach: another derivative may be taken of the answer.
    The step is a power of two, which adds to the argument without rounding.
    """
    args = [wide(each) for each in args]
    h = np.exp2(np.floor(np.log2(np.abs(reach) / 20.0)))
    result: Array = 0.0
    for j, weight in enumerate(WEIGHTS, 1):
        up, down = ([*args[:place], args[place] + step, *args[place + 1 :]] for step in (j * h, -j * h))
        result = result + weight * (f(*up) - f(*down))
    return result / h


def bare(*args: Array) -> list[Array]:
    """The numbers below all duals, in double precision: to choose a step or a branch by."""
    found = []
    for plain in map(undifferentiated, args):
        dtype = np.result_type(plain, np.float64)
        found.append(plain.astype(dtype, copy=False) if hasattr(plain, "level") else np.asarray(plain, dtype=dtype))
    return found


def numerical(name: str, place: int, reach: Callable[..., Array], output: int | None = None) -> Callable[..., Array]:
    """The partial of a ufunc by one of its inputs, by differences; `reach` is that of `slope`, from all inputs."""

    def f(*args: Array) -> Array:
        y = ufunc_of(name)(*args)
        return y if output is None else y[output]

    return lambda *args: slope(f, place, args[:-1], reach(*bare(*args[:-1])))


def size_of_log(x: Array) -> Array:
    """|log |x||, at 0 and infinity that of the last numbers before them: a step must not vanish where nothing varies."""
    return np.abs(np.log(np.clip(np.abs(x), 1e-300, 1e300)))


def together(*lengths: Array) -> Array:
    """A reach below each of the given ones, smooth in them."""
    return 1.0 / sum(1.0 / np.abs(each) for each in lengths)


__all__ = [
    "COUNT",
    "HALF_LINE",
    "MODERATE",
    "POSITIVE",
    "PROBABILITY",
    "SHAPE",
    "bare",
    "like",
    "numerical",
    "refused",
    "row",
    "size_of_log",
    "slope",
    "together",
    "ufunc_of",
    "wide",
]
