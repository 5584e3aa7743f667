"""Derivatives written down by hand, with numba or in NumPy: what a patient expert would have instead of a library."""

from __future__ import annotations

from math import erfc, exp, log, pi, sqrt
from typing import Any

import numpy as np
from numba import njit

from .base import Derivative, Unable
from .tasks import Task


@njit
def two_peaks(p: Any, t: Any) -> Any:
    """The Jacobian of two Gaussian peaks on a sloping line."""
    a, m, s, b, n, w, _, _ = p
    result = np.empty((t.size, 8))
    for i in range(t.size):
        x = t[i]
        y, z = (x - m) / s, (x - n) / w
        f, g = exp(-0.5 * y * y), exp(-0.5 * z * z)
        result[i, 0] = f
        result[i, 1] = a * f * y / s
        result[i, 2] = a * f * y * y / s
        result[i, 3] = g
        result[i, 4] = b * g * z / w
        result[i, 5] = b * g * z * z / w
        result[i, 6] = 1.0
        result[i, 7] = x
    return result


@njit
def decay(p: Any, t: Any) -> Any:
    """The Jacobian of an exponential decay."""
    result = np.empty((t.size, 3))
    for i in range(t.size):
        e = exp(-p[1] * t[i])
        result[i, 0] = e
        result[i, 1] = -p[0] * t[i] * e
        result[i, 2] = 1.0
    return result


@njit
def first_greeks(spot: Any, strike: Any, rate: Any, volatility: Any, maturity: Any) -> Any:
    """The five slopes of an option's price."""
    result = np.empty((5, spot.size))
    for i in range(spot.size):
        s, k, r, v, t = spot[i], strike[i], rate[i], volatility[i], maturity[i]
        root = sqrt(t)
        d1 = (log(s / k) + (r + 0.5 * v * v) * t) / (v * root)
        below1, below2 = 0.5 * erfc(-d1 / sqrt(2.0)), 0.5 * erfc(-(d1 - v * root) / sqrt(2.0))
        lent = exp(-r * t) * below2
        vega = s * root * exp(-0.5 * d1 * d1) / sqrt(2.0 * pi)
        result[0, i] = below1
        result[1, i] = -lent
        result[2, i] = k * t * lent
        result[3, i] = vega
        result[4, i] = 0.5 * vega * v / t + r * k * lent
    return result


@njit
def all_greeks(spot: Any, strike: Any, rate: Any, volatility: Any, maturity: Any) -> Any:
    """The five slopes of an option's price, and their slopes."""
    first, second = np.empty((5, spot.size)), np.empty((5, 5, spot.size))
    for i in range(spot.size):
        s, k, r, v, t = spot[i], strike[i], rate[i], volatility[i], maturity[i]
        root = sqrt(t)
        d1 = (log(s / k) + (r + 0.5 * v * v) * t) / (v * root)
        d2 = d1 - v * root
        below1, below2, lent = 0.5 * erfc(-d1 / sqrt(2.0)), 0.5 * erfc(-d2 / sqrt(2.0)), exp(-r * t)
        dense1 = exp(-0.5 * d1 * d1) / sqrt(2.0 * pi)
        dense2 = dense1 * s / (k * lent)
        moved = (r + 0.5 * v * v) / (v * root) - 0.5 * d1 / t
        vega = s * root * dense1
        first[0, i], first[1, i], first[2, i] = below1, -lent * below2, k * t * lent * below2
        first[3, i], first[4, i] = vega, 0.5 * vega * v / t + r * k * lent * below2
        second[0, 0, i] = dense1 / (s * v * root)
        second[0, 1, i] = -dense1 / (k * v * root)
        second[0, 2, i] = dense1 * root / v
        second[0, 3, i] = -dense1 * d2 / v
        second[0, 4, i] = dense1 * moved
        second[1, 1, i] = lent * dense2 / (k * v * root)
        second[1, 2, i] = lent * (t * below2 - dense2 * root / v)
        second[1, 3, i] = lent * dense2 * d1 / v
        second[1, 4, i] = lent * (r * below2 - dense2 * (moved - 0.5 * v / root))
        second[2, 2, i] = k * t * lent * (dense2 * root / v - t * below2)
        second[2, 3, i] = -k * t * lent * dense2 * d1 / v
        second[2, 4, i] = k * lent * (below2 * (1.0 - r * t) + t * dense2 * (moved - 0.5 * v / root))
        second[3, 3, i] = vega * d1 * d2 / v
        second[3, 4, i] = vega * (0.5 / t - d1 * moved)
        second[4, 4, i] = r * k * lent * (dense2 * (moved - 0.5 * v / root) - r * below2)
        second[4, 4, i] -= 0.5 * vega * v / t * (d1 * moved + 0.5 / t)
        for low in range(5):
            for high in range(low):
                second[low, high, i] = second[high, low, i]
    return first, second


@njit
def rosenbrock_hessian(x: Any) -> Any:
    """The three diagonals of the valley's Hessian."""
    n = x.size
    result = np.zeros((n, n))
    for i in range(n - 1):
        result[i, i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0
        result[i + 1, i + 1] += 200.0
        result[i, i + 1] = result[i + 1, i] = -400.0 * x[i]
    return result


FUNCTIONS = {
    ("two peaks", "jacobian"): two_peaks,
    ("decay", "jacobian"): decay,
    ("Black-Scholes", "jacobian"): first_greeks,
    ("Black-Scholes", "greeks"): all_greeks,
    ("Rosenbrock", "hessian"): rosenbrock_hessian,
}


def numba(task: Task) -> Derivative:
    """The function of the table above."""
    function = FUNCTIONS.get((task.problem.name, task.kind))
    if function is None:
        raise Unable
    return function


def numpy(task: Task) -> Derivative:
    """The network's backward pass in NumPy, which is the tests' formula of it; other formulas are no way to compute."""
    if task.problem.name != "two-layer network" or not task.first:
        raise Unable
    return task.problem.jacobian
