"""Exact derivatives of NumPy's elementwise functions: the reference that tests compare the table with.

Every ufunc has a namesake in mpmath, or is two lines of it. mpmath differentiates at a precision so high that the answer,
rounded to a float, is right to the last bit.
"""

from __future__ import annotations

import math
from functools import cache

import mpmath
import numpy as np
from mpmath import mp

from dualad.rules.table import INTEGER, RULES, Elementwise

ROWS = [
    row
    for row in RULES.values()
    if isinstance(row, Elementwise) and row.function in (getattr(np, row.name, None), getattr(np._core.umath, row.name, None))
]
"""The rows of NumPy's own functions."""


def flat(*x):
    """A step function between its steps."""
    return mp.mpf(0)


def rank(z):
    """The order in which NumPy compares complex numbers."""
    return z.real, z.imag


def truncate(x):
    return mp.sign(x) * mp.floor(abs(x))


def larger(a, b):
    return max(a, b, key=rank)


def smaller(a, b):
    return min(a, b, key=rank)


def remainder(a, b):
    return a - b * mp.floor(a / b)


TWINS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "remainder": remainder,
    "fmod": lambda a, b: a - b * truncate(a / b),
    "divmod": (flat, remainder),
    "floor_divide": flat,
    "conjugate": mp.conj,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "power": lambda x, p: x**p,
    "float_power": lambda x, p: x**p,
    "exp2": lambda x: mp.exp(x * mp.ln2),
    "log2": lambda x: mp.log(x) / mp.ln2,
    "log10": lambda x: mp.log(x) / mp.ln10,
    "logaddexp": lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(b - a))),
    "logaddexp2": lambda a, b: max(a, b) + mp.log1p(mp.exp(-abs(b - a) * mp.ln2)) / mp.ln2,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan": mp.atan,
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "arctan2": mp.atan2,
    "degrees": mp.degrees,
    "rad2deg": mp.degrees,
    "radians": mp.radians,
    "deg2rad": mp.radians,
    "sinc": mp.sincpi,
    "i0": lambda x: mp.besseli(0, x),
    "absolute": abs,
    "fabs": abs,
    "sign": lambda z: z / abs(z),
    "copysign": lambda a, b: abs(a) * mp.sign(b),
    "maximum": larger,
    "minimum": smaller,
    "fmax": larger,
    "fmin": smaller,
    "clip": lambda x, low, high: smaller(larger(x, low), high),
    "heaviside": flat,
    "floor": flat,
    "ceil": flat,
    "rint": flat,
    "trunc": flat,
    "spacing": flat,
    "nextafter": lambda a, b: a,
    "modf": (lambda x: x, flat),
    "frexp": (lambda x: mp.frexp(x)[0], flat),
    "ldexp": lambda x, i: x * mp.mpf(2) ** i,
}
"""mpmath's function, or one with the same derivatives wherever we sample; a tuple for several outputs. Other names agree."""

TAILS = (20.0, -20.0, 400.0, -400.0, 1e300, -1e300)


def twin(function, output=0):
    """The mpmath function that is the `output`-th result of NumPy's."""
    name = function.__name__
    same = TWINS[name] if name in TWINS else getattr(mp, name)
    return same[output] if isinstance(same, tuple) else same


def inside(interval, rng, size):
    """Points of an interval, near its ends and its middle."""
    low, high = interval
    if interval == INTEGER:
        return rng.integers(low, high, size)
    if np.isfinite(low) and np.isfinite(high):
        return (low + high) / 2 + (high - low) / 2 * np.tanh(rng.normal(size=size) * 2)
    if np.isfinite(low):
        return low + np.exp(rng.uniform(-5, 3, size))
    return np.exp(rng.uniform(-4, 2, size)) * rng.choice([-1.0, 1.0], size)


@cache
def samples(function, dtype=np.float64, size=8):
    """Points where a row holds and the value is finite, one array per input: in its intervals, and in their tails."""
    row = RULES[function]
    rng = np.random.default_rng(sum(map(ord, row.name)))
    columns = [list(inside(interval, rng, size)) for interval in row.on]
    for place, interval in enumerate(row.on):
        for tail in TAILS:
            if interval.low < tail < interval.high and interval != INTEGER:
                for column, other in zip(columns, row.on, strict=True):
                    column.append(inside(other, rng, 1)[0])
                columns[place][-1] = tail
    with np.errstate(all="ignore"):
        points = [
            np.asarray(column, dtype if interval != INTEGER else int) for column, interval in zip(columns, row.on, strict=True)
        ]
        values = function(*points)
        good = np.all(np.isfinite(np.atleast_2d(values)), axis=0) & np.all(np.isfinite(points), axis=0)
    return tuple(point[good] for point in points)


def digits(point):
    """Decimal digits that keep a difference as small as exp(-400) or 1/1e300 beside the point."""
    size = max(abs(x) for x in point)
    return 50 if size < 15 else 400 if size < 1e3 else 1000


def partial(function, point, orders):
    """A partial derivative of an mpmath function, as a float; `orders` says how often by each input."""
    with mp.workdps(digits(point)):
        exact = [mp.mpf(int(x)) if isinstance(x, np.integer) else mp.mpf(float(x)) for x in point]
        value = mp.diff(function, tuple(exact), tuple(orders)) if len(exact) > 1 else mp.diff(function, exact[0], orders[0])
        return mp.chop(value, mp.mpf(10) ** (-digits(point) // 2))  # a difference of equals is 0


@cache
def partials(function, orders, output=0, dtype=np.float64):
    """A partial derivative of a NumPy function at all its samples, correctly rounded."""
    points = zip(*samples(function, dtype), strict=True)
    return np.array([float(partial(twin(function, output), point, orders)) for point in points])


def along(function, point, direction, order):
    """d^n/dt^n of function(point + t direction) at t = 0: a derivative of any function of complex numbers."""
    with mp.workdps(50):
        start, step = [[mpmath.mpmathify(complex(z)) for z in each] for each in (point, direction)]
        return complex(mp.diff(lambda t: function(*(z + t * dz for z, dz in zip(start, step, strict=True))), 0, order))


numbers = np.frompyfunc(mpmath.mpmathify, 1, 1)  # an array of mpmath's numbers


def curve(call, point, direction, order):
    """d^n/dt^n of call(point + t direction) at t = 0 for a function of arrays of mpmath's numbers, element by element."""
    with mp.workdps(40):
        start, step = numbers(point), numbers(direction)
        values = cache(lambda t: np.ravel(np.asarray(call(start + t * step), object)))
        shape = np.shape(call(start))
        slopes = [mp.diff(lambda t, i=i: values(t)[i], 0, order) for i in range(math.prod(shape))]
        return np.array([complex(mp.chop(slope, 1e-20)) for slope in slopes]).reshape(shape)
