"""Entropies, divergences, losses and power transforms."""

from __future__ import annotations

from math import inf, nan

import numpy as np

from ..table import ABOVE_MINUS_ONE, POSITIVE, Array, Interval
from .base import MODERATE, SHAPE, bare, row
from .series import exprel_slope, log_share_slope


def log_ratio(x: Array, y: Array) -> Array:
    """log(x/y): by the difference where the two are close, by the two logarithms where the ratio may overflow."""
    p, q = bare(x, y)
    close = (p > 0.5 * q) & (p < 2.0 * q)
    a, b = np.where(close, 1.0, x), np.where(close, 1.0, y)
    c, d = np.where(close, x, 1.0), np.where(close, y, 1.0)
    return np.where(close, np.log1p((c - d) / d), np.log(a) - np.log(b))


row("entr", lambda x, y: -np.log(x) - 1.0, on=POSITIVE, at={0.0: inf})
row(
    "rel_entr",
    lambda x, y, f: log_ratio(x, y) + 1.0,
    lambda x, y, f: -(x / y),
    on=POSITIVE,
    at={(0.0, 1.0): (-inf, 0.0), (1.0, 1.0): (1.0, -1.0)},
)
row(
    "kl_div",
    lambda x, y, f: log_ratio(x, y),
    lambda x, y, f: (y - x) / y,
    on=POSITIVE,
    at={(0.0, 1.0): (-inf, 1.0), (1.0, 1.0): (0.0, 0.0)},
)
row(
    "xlogy",
    lambda x, y, f: np.log(y),
    lambda x, y, f: x / y,
    on=POSITIVE,
    at={(0.0, 0.0): (-inf, nan), (0.0, 1.0): (0.0, 0.0)},
)
row(
    "xlog1py",
    lambda x, y, f: np.log1p(y),
    lambda x, y, f: x / (1.0 + y),
    on=(POSITIVE, ABOVE_MINUS_ONE),
    at={(0.0, -1.0): (-inf, nan), (0.0, 0.0): (0.0, 0.0)},
)


# -- losses --------------------------------------------------------------------------------------------------------------


def pseudo_huber_by_delta(delta: Array, r: Array, y: Array) -> Array:
    """delta u**4 / (s (1 + s)**2) with u = r/delta and s = sqrt(1 + u**2): 2 delta (s - 1) - r**2/(delta s) cancels."""
    u = r / delta
    s = np.hypot(1.0, u)
    return delta * (u / s) * (u / (1.0 + s)) * (u / (1.0 + s)) * u


row(
    "huber",
    lambda d, r, y: np.where(np.abs(r) <= d, 0.0, np.where(d < 0, nan, np.abs(r) - d)),
    lambda d, r, y: np.where(np.abs(r) <= d, r, np.where(d < 0, nan, d * np.sign(r))),
    on=(SHAPE, MODERATE),
    at={(1.0, 0.0): (0.0, 0.0), (1.0, 1.0): (0.0, 1.0), (1.0, -3.0): (2.0, -1.0)},
)
row(
    "pseudo_huber",
    pseudo_huber_by_delta,
    lambda d, r, y: r / np.hypot(1.0, r / d),
    on=(SHAPE, MODERATE),
    at={(1.0, 0.0): (0.0, 0.0)},
)


# -- power transforms ----------------------------------------------------------------------------------------------------


def boxcox_by_power(log_x: Array, p: Array) -> Array:
    """(x**p - 1)/p is L exprel(p L) with L = log(x); its slope by p is L**2 exprel'(p L), and 1/p**2 at x = 0."""
    end = bare(log_x)[0] == -inf
    logs = np.where(end, -1.0, log_x)
    return np.where(end, np.where(bare(p)[0] > 0, 1.0 / p / p, inf), logs * logs * exprel_slope(p * logs))


def inverse_by_power(y: Array, p: Array, x: Array) -> Array:
    """(1 + p y)**(1/p) is exp(y h(p y)) with h(u) = log(1 + u)/u."""
    return x * y * y * log_share_slope(p * y)


row("boxcox", lambda x, p, y: x ** (p - 1.0), lambda x, p, y: boxcox_by_power(np.log(x), p), on=(POSITIVE, MODERATE))
row(
    "boxcox1p",
    lambda x, p, y: (1.0 + x) ** (p - 1.0),
    lambda x, p, y: boxcox_by_power(np.log1p(x), p),
    on=(ABOVE_MINUS_ONE, MODERATE),
)
POWERS = (Interval(0.0, 9.0), Interval(0.0, 3.0))
row(
    "inv_boxcox",
    lambda y, p, x: x / (1.0 + p * y),
    inverse_by_power,
    on=POWERS,
    at={(0.5, 0.0): (1.6487212707001282, -0.20609015883751602)},
)
row(
    "inv_boxcox1p",
    lambda y, p, x: (1.0 + x) / (1.0 + p * y),
    lambda y, p, x: inverse_by_power(y, p, 1.0 + x),
    on=POWERS,
)


def tukey_slopes(p: Array, power: Array) -> tuple[Array, Array]:
    """Of the quantile (p**m - (1-p)**m)/m, by p and by m."""
    by_p = p ** (power - 1.0) + (1.0 - p) ** (power - 1.0)
    return by_p, boxcox_by_power(np.log(p), power) - boxcox_by_power(np.log1p(-p), power)


def tukey(x: Array, power: Array, p: Array, by_power: bool) -> Array:
    """The distribution function is flat beyond its support, where it is 0 or 1."""
    beyond = (bare(p)[0] <= 0.0) | (bare(p)[0] >= 1.0)
    by_p, by_m = tukey_slopes(np.where(beyond, 0.5, p), power)
    return np.where(beyond, 0.0, (-by_m if by_power else 1.0) / by_p)


row(
    "tklmbda",
    lambda x, m, p: tukey(x, m, p, by_power=False),
    lambda x, m, p: tukey(x, m, p, by_power=True),
    on=(Interval(-1.0, 1.0), Interval(-0.8, 0.9)),
)
