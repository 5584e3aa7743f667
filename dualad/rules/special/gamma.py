"""The gamma function and its relatives, complete: DLMF chapters 5 and 25."""

from __future__ import annotations

from math import pi

import numpy as np
from scipy import special as sp

from ..table import REAL, Array, Interval
from .base import bare, numerical, row, size_of_log, together, ufunc_of
from .series import BERNOULLI, cospi, sinpi

SHIFT = 12
"""How far arguments are moved up before asymptotic series in 1/argument are used."""


def digamma_gap(z: Array, m: Array) -> Array:
    """digamma(z + m) - digamma(z), without cancellation (5.5.2 and 5.11.2): every term has m as a factor."""
    zz, mm = bare(z, m)
    regular = (zz > 0) & (zz + mm > 0)
    fallback = sp.digamma(np.where(regular, 1.0, z) + np.where(regular, 1.0, m)) - sp.digamma(np.where(regular, 1.0, z))
    low, step = np.where(regular, z, 1.0), np.where(regular, m, 1.0)
    result = sum(step / ((low + k) * (low + step + k)) for k in range(SHIFT))
    low = low + float(SHIFT)
    high = low + step
    u, v = 1.0 / low, 1.0 / high
    gap = step * u * v  # u - v
    result = result + np.log1p(step * u) + 0.5 * gap
    first = gap * (u + v)  # u**2 - v**2
    power, difference = v * v, first
    for k, number in enumerate(BERNOULLI, 1):
        result = result + number / (2 * k) * difference
        difference = u * u * difference + power * first
        power = power * v * v
    return np.where(regular, result, fallback)


def trigamma(z: Array, y: Array) -> Array:
    """The derivative of digamma: Hurwitz's zeta(2, z); in the complex plane by 5.15.5, 5.15.6 and 5.15.8."""
    if y.dtype.kind != "c":
        return ufunc_of("_zeta")(2.0, z)
    mirrored = np.real(bare(z)[0]) < 0.5
    up = np.where(mirrored, 1.0 - z, z)
    result = sum(1.0 / ((up + k) * (up + k)) for k in range(SHIFT))
    u = 1.0 / (up + SHIFT)
    power = u * u
    result = result + u + 0.5 * power
    for number in BERNOULLI:
        power = power * u
        result = result + number * power
        power = power * u
    sine = sinpi(np.where(mirrored, z, 0.5))
    return np.where(mirrored, (pi / sine) * (pi / sine) - result, result)


def reciprocal_slope(z: Array, y: Array) -> Array:
    """The derivative of 1/gamma; left of 1/2 through 5.5.3, where digamma has poles and this has none."""
    left = np.real(bare(z)[0]) < 0.5
    low, high = np.where(left, z, 0.0), np.where(left, 1.0, z)
    mirrored = sp.gamma(1.0 - low) * (cospi(low) - sinpi(low) / pi * sp.digamma(1.0 - low))
    return np.where(left, mirrored, -sp.rgamma(high) * sp.digamma(high))


row("gamma", lambda x, y: y * sp.digamma(x), on=Interval(0.01, 30.0))
row("gammaln", lambda x, y: sp.digamma(x), on=Interval(0.01, 1e3), at={1.0: -0.5772156649015329})
row("loggamma", lambda x, y: sp.digamma(x), on=Interval(0.01, 1e3))
row("gammasgn", 0, on=REAL)
row("rgamma", reciprocal_slope, on=Interval(-6.0, 12.0), at={0.0: 1.0, -1.0: -1.0, -2.0: 2.0, -3.0: -6.0})
row("digamma", trigamma, on=Interval(-6.0, 30.0))
row("beta", lambda a, b, y: -y * digamma_gap(a, b), lambda a, b, y: -y * digamma_gap(b, a), on=Interval(0.05, 30.0))
row("betaln", lambda a, b, y: -digamma_gap(a, b), lambda a, b, y: -digamma_gap(b, a), on=Interval(0.05, 1e3))
row(
    "binom",
    lambda n, k, y: y * digamma_gap(n - k + 1.0, k),
    lambda n, k, y: y * digamma_gap(k + 1.0, n - 2.0 * k),
    on=(Interval(8.0, 40.0), Interval(0.0, 8.0)),
)
row(
    "poch",
    lambda z, m, y: y * digamma_gap(z, m),
    lambda z, m, y: y * sp.digamma(z + m),
    on=(Interval(0.05, 30.0), Interval(0.0, 6.0)),
)


# -- zeta functions ------------------------------------------------------------------------------------------------------


def zeta_slope(s: Array, y: Array) -> Array:
    """The derivative of Riemann's zeta: differences of zeta - 1, which keeps its digits where zeta tends to 1."""
    name = "_riemann_zeta" if y.dtype.kind == "c" else "zetac"
    return numerical(name, 0, lambda s: np.minimum(1.0, np.abs(s - 1.0)))(s, y)


def zeta_reach(s: Array, q: Array) -> Array:
    """A pole at s = 1; and beyond it q**-s changes by q from one s to the next."""
    return together(s - 1.0, 4.0, 8.0 / (1e-3 + size_of_log(q)))


row("zetac", zeta_slope, on=Interval(1.2, 30.0))
row("_riemann_zeta", zeta_slope, on=Interval(1.2, 30.0))
row(
    "_zeta",
    numerical("_zeta", 0, zeta_reach),
    lambda s, q, y: -s * ufunc_of("_zeta")(s + 1.0, q),
    on=(Interval(1.2, 20.0), Interval(0.1, 20.0)),
)


# -- densities of the incomplete functions -------------------------------------------------------------------------------

STIRLING = [number / (2 * k * (2 * k - 1)) for k, number in enumerate(BERNOULLI, 1)]
LARGE = 15.0
"""From here on densities are taken around their saddle point, so that no large logarithms cancel (Loader 2000)."""


def stirling_error(a: Array) -> Array:
    """log gamma(a + 1) less Stirling's formula (5.11.1), for large a."""
    u = 1.0 / a
    result, power = STIRLING[0] * u, u
    for coefficient in STIRLING[1:]:
        power = power * u * u
        result = result + coefficient * power
    return result


__all__ = ["LARGE", "digamma_gap", "stirling_error"]
