"""Small functions that formulas share, each right near its removable singularity and in its tails, to every order.

They are NumPy expressions: their own derivatives follow by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, pi

import numpy as np

from ..table import Array
from .base import bare

BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330]
"""The Bernoulli numbers of even index from 2 on."""


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """The sum of coefficients[k] * x**k, by Horner's rule."""
    result: Array = 0.0 * x
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


def both(near: Array, x: Array, rest: float = 1.0) -> tuple[Array, Array]:
    """x where it is near and 0 elsewhere; x where it is far and `rest` elsewhere: arguments for two branches of a where."""
    return np.where(near, x, 0.0), np.where(near, rest, x)


def sine(x: Array, sign: float) -> Array:
    """sin(x)/x for sign -1, sinh(x)/x for +1: their series near 0."""
    near = np.abs(bare(x)[0]) < 1.0
    small, far = both(near, x)
    series = polynomial([sign**k / factorial(2 * k + 1) for k in range(14)], small * small)
    return np.where(near, series, (np.sin(far) if sign < 0 else np.sinh(far)) / far)


def log_share(u: Array) -> Array:
    """log(1 + u)/u: near 0 by 2 artanh(r) with r = u/(2 + u)."""
    near = np.abs(bare(u)[0]) < 0.5
    small, far = both(near, u)
    r = small / (2.0 + small)
    return np.where(near, 2.0 / (2.0 + small) * polynomial([1 / (2 * k + 1) for k in range(26)], r * r), np.log1p(far) / far)


def log_share_slope(u: Array) -> Array:
    """The derivative of log(1 + u)/u."""
    near = np.abs(bare(u)[0]) < 0.25
    small, far = both(near, u)
    series = polynomial([(-1.0) ** (k + 1) * (k + 1) / (k + 2) for k in range(30)], small)
    return np.where(near, series, (far / (1.0 + far) - np.log1p(far)) / far / far)


def without_log(u: Array) -> Array:
    """u - log(1 + u), which is of second order at 0."""
    near = np.abs(bare(u)[0]) < 0.3
    small, far = both(near, u)
    r = small / (2.0 + small)
    square = r * r
    return np.where(
        near, r * small - 2.0 * r * square * polynomial([1 / (2 * k + 3) for k in range(12)], square), far - np.log1p(far)
    )


def exprel_slope(x: Array) -> Array:
    """The derivative of (exp(x) - 1)/x: by its series near 0, and so that neither tail cancels or overflows."""
    plain = bare(x)[0]
    near, positive = np.abs(plain) < 1.0, plain >= 1.0
    small = np.where(near, x, 0.0)
    series = polynomial([(k + 1) / factorial(k + 2) for k in range(20)], small)
    up, down = np.where(positive, x, 1.0), np.where(near | positive, -1.0, x)
    high = (np.exp(0.5 * up) * (up - 1.0) / up / up) * np.exp(0.5 * up) + 1.0 / up / up
    return np.where(near, series, np.where(positive, high, (np.exp(down) - np.expm1(down) / down) / down))


def gauss(x: Array, factor: float) -> Array:
    """exp(factor * x**2): x is split into a part whose square is exact and a rest, since an ulp of x**2 costs x**2 ulps."""
    if x.dtype.kind == "c" if hasattr(x, "dtype") else isinstance(x, complex):
        return np.exp(factor * (x * x))
    plain = bare(x)[0]
    far = ~(np.abs(plain) < 64.0)  # there the answer is 0 or infinite
    x = np.where(far, 8.0, x)
    head = np.where(far, 8.0, np.rint(plain * 16.0) / 16.0)
    y = np.exp(factor * head * head) * np.exp(factor * (x - head) * (x + head))
    return np.where(far, np.where(plain != plain, np.nan, 0.0 if factor < 0 else np.inf), y)


def turn(x: Array) -> Array:
    """x less an even number: the same angle in units of pi."""
    return x - 2.0 * np.rint(0.5 * np.real(bare(x)[0]))


def sinpi(x: Array) -> Array:
    """sin(pi x), its whole turns taken off exactly."""
    return np.sin(pi * turn(x))


def cospi(x: Array) -> Array:
    """cos(pi x), its whole turns taken off exactly."""
    return np.cos(pi * turn(x))
