"""Error functions and their inverses, the normal distribution, Fresnel's and Voigt's functions: DLMF chapter 7."""

from __future__ import annotations

from math import inf, pi, sqrt

import numpy as np
from scipy import special as sp

from ..table import UNIT, Array, Interval
from .base import MODERATE, PROBABILITY, SHAPE, bare, refused, row
from .series import gauss

ROOT_PI, ROOT_2PI = sqrt(pi), sqrt(2.0 * pi)


def erfcx_slope(x: Array, y: Array) -> Array:
    """2 x y - 2/sqrt(pi), which cancels for large x; there by the continued fraction of erfcx (7.9.1).

    With K = x + (1/2)/(x + 1/(x + (3/2)/(x + ...))) erfcx is 1/(sqrt(pi) K), and x/K - 1 is -(1/2)/(K K2), where K2 is the
    fraction from its second level on.
    """
    direct = 2.0 * x * y - 2.0 / ROOT_PI
    if y.dtype.kind == "c":
        return direct
    far = bare(x)[0] > 3.0
    z = np.where(far, x, 4.0)
    level = z
    for k in range(60, 1, -1):
        level = z + 0.5 * k / level
    return np.where(far, -1.0 / ROOT_PI / (z + 0.5 / level) / level, direct)


def dawsn_slope(x: Array, y: Array) -> Array:
    """1 - 2 x y, which cancels for large x; there by the asymptotic series of 7.12.1 along the imaginary axis."""
    direct = 1.0 - 2.0 * x * y
    if y.dtype.kind == "c":
        return direct
    far = np.abs(bare(x)[0]) > 6.5
    u = 0.5 / np.where(far, x, 8.0) / np.where(far, x, 8.0)
    series = 1.0
    for k in range(26, 1, -1):
        series = 1.0 + (2 * k - 1) * u * series
    return np.where(far, -u * series, direct)


def mills(x: Array) -> Array:
    """density/probability of the normal distribution, without overflow or cancellation in either tail."""
    left = np.real(bare(x)[0]) < 0.0
    low, high = np.where(left, x, -1.0), np.where(left, 1.0, x)
    return np.where(left, sqrt(2.0 / pi) / sp.erfcx(-low / sqrt(2.0)), gauss(high, -0.5) / ROOT_2PI / sp.ndtr(high))


def inverse_mills(y: Array) -> Array:
    """probability/density of the normal distribution."""
    left = bare(y)[0] < 0.0
    low, high = np.where(left, y, -1.0), np.where(left, 1.0, y)
    return np.where(left, sqrt(pi / 2.0) * sp.erfcx(-low / sqrt(2.0)), sp.ndtr(high) * ROOT_2PI * gauss(high, 0.5))


row("erf", lambda x, y: 2.0 / ROOT_PI * gauss(x, -1.0), at={0.0: 2.0 / ROOT_PI, inf: 0.0, -inf: 0.0}, on=MODERATE)
row("erfc", lambda x, y: -2.0 / ROOT_PI * gauss(x, -1.0), at={0.0: -2.0 / ROOT_PI, inf: 0.0}, on=Interval(-6.0, 24.0))
row("erfcx", erfcx_slope, on=Interval(-6.0, 50.0))
row("erfi", lambda x, y: 2.0 / ROOT_PI * gauss(x, 1.0), on=Interval(-20.0, 20.0))
row("dawsn", dawsn_slope, on=Interval(-50.0, 50.0))
row("wofz", lambda z, y: -2.0 * z * y + 2j / ROOT_PI, on=MODERATE)
row("erfinv", lambda p, y: 0.5 * ROOT_PI * gauss(y, 1.0), on=UNIT, at={1.0: inf, -1.0: inf, 0.0: 0.5 * ROOT_PI})
row("erfcinv", lambda p, y: -0.5 * ROOT_PI * gauss(y, 1.0), on=Interval(0.0, 2.0), at={0.0: -inf, 2.0: -inf})
row("ndtr", lambda x, y: gauss(x, -0.5) / ROOT_2PI, on=Interval(-30.0, 9.0), at={inf: 0.0, -inf: 0.0})
row("log_ndtr", lambda x, y: mills(x), on=Interval(-100.0, 9.0))
row("ndtri", lambda p, y: ROOT_2PI * gauss(y, 0.5), on=PROBABILITY, at={0.0: inf, 1.0: inf})
row("ndtri_exp", lambda x, y: inverse_mills(y), on=Interval(-400.0, -1e-3))
row(
    "owens_t",
    lambda h, a, y: -gauss(h, -0.5) / (2.0 * ROOT_2PI) * sp.erf(a * h / sqrt(2.0)),
    lambda h, a, y: gauss(h, -0.5) * gauss(a * h, -0.5) / (2.0 * pi) / (1.0 + a * a),
    on=Interval(-4.0, 4.0),
)


# -- Fresnel's integrals -------------------------------------------------------------------------------------------------


def quarter(x: Array) -> Array:
    """pi x**2 / 2, less whole turns; the square of x's head is exact, and so are the turns."""
    if getattr(x, "dtype", np.dtype(float)).kind == "c":
        return 0.5 * pi * x * x
    plain = bare(x)[0]
    head = np.rint(plain * 16.0) / 16.0
    return 0.5 * pi * (np.fmod(head * head, 4.0) + (x - head) * (x + head))


row("fresnel", (lambda x, y: np.sin(quarter(x)), lambda x, y: np.cos(quarter(x))), on=Interval(-20.0, 20.0))
for name, i in (("modfresnelp", 1j), ("modfresnelm", -1j)):
    row(
        name,
        (
            lambda x, y, i=i: -np.exp(i * (x * x)),
            lambda x, y, i=i: -2.0 * i * x * y[1] - np.exp(-0.25 * pi * i) / ROOT_PI,
        ),
        on=Interval(0.0, 6.0),
    )


# -- Voigt's profile -----------------------------------------------------------------------------------------------------


def voigt_slope(x: Array, sigma: Array, gamma: Array) -> Array:
    """w'(z) / (2 sigma**2 sqrt(pi)) at z = (x + i gamma)/(sigma sqrt(2)): the profile's slope by x and, by -i, that by gamma.

    w' is -2 z w + 2i/sqrt(pi), which cancels for large z; there by the asymptotic series 7.12.1 of w, term by term.
    """
    z = (x + 1j * gamma) / (sigma * sqrt(2.0))
    far = np.abs(bare(z)[0]) > 7.0
    out = np.where(far, z, 8.0)
    u = 0.5 / out / out
    series = 1.0
    for k in range(26, 1, -1):
        series = 1.0 + (2 * k - 1) * u * series
    near = np.where(far, 0.0, z)
    w = np.where(far, -2j / ROOT_PI * u * series, -2.0 * near * sp.wofz(near) + 2j / ROOT_PI)
    return w / (2.0 * ROOT_PI * sigma * sigma)


row(
    "voigt_profile",
    lambda x, s, g, y: np.real(voigt_slope(x, s, g)),
    lambda x, s, g, y: -(y + np.real(voigt_slope(x, s, g) * (x + 1j * g))) / s,
    lambda x, s, g, y: -np.imag(voigt_slope(x, s, g)),
    on=(MODERATE, SHAPE, SHAPE),
)


# -- quantiles of the normal distribution by its parameters ----------------------------------------------------------------

row(
    "nrdtrimn",  # x - sd * ndtri(p)
    lambda p, sd, x, y: -sd * ROOT_2PI * gauss((x - y) / sd, 0.5),
    lambda p, sd, x, y: -(x - y) / sd,
    1,
    on=(PROBABILITY, SHAPE, MODERATE),
)
row(
    "nrdtrisd",  # (x - mn) / ndtri(p)
    lambda mn, p, x, y: -1.0 / sp.ndtri(p),
    lambda mn, p, x, y: -y / sp.ndtri(p) * ROOT_2PI * gauss(sp.ndtri(p), 0.5),
    lambda mn, p, x, y: 1.0 / sp.ndtri(p),
    on=(Interval(-6.0, -1.0), Interval(0.55, 0.99), Interval(0.0, 6.0)),
)


# -- Kolmogorov's and Smirnov's distributions ------------------------------------------------------------------------------


def kolmogorov_slope(x: Array) -> Array:
    """Of 2 sum (-1)**(k-1) exp(-2 k**2 x**2); for small x of its other form, a theta function (20.7.30)."""
    small = bare(x)[0] < 0.9
    low, high = np.where(small, x, 0.5), np.where(small, 1.0, x)
    tail = sum((-1.0) ** k * 8.0 * k * k * high * gauss(k * high, -2.0) for k in range(1, 7))
    q = pi * pi / 8.0 / low / low
    head = sum(np.exp(-((2 * k - 1) ** 2) * q) * (2.0 * (2 * k - 1) ** 2 * q - 1.0) for k in range(1, 6))
    return np.where(small, np.where(bare(x)[0] <= 0.0, 0.0, -ROOT_2PI / low / low * head), tail)


row("kolmogorov", lambda x, y: kolmogorov_slope(x), on=Interval(0.05, 4.0), at={0.0: 0.0})
row("kolmogi", lambda p, y: 1.0 / kolmogorov_slope(y), on=PROBABILITY)


def smirnov_slope(n: Array, d: Array) -> Array:
    """Of sum over v <= n(1 - d) of C(n, v) d (d + v/n)**(v - 1) (1 - d - v/n)**(n - v) (Birnbaum and Tingey 1951)."""
    count, plain = bare(n, d)
    result = 0.0
    for v in range(int(np.max(count, initial=0.0)) + 1):
        there = v < count * (1.0 - plain)
        k = np.where(there, count, v + 1.0)
        a, b = np.where(there, d + v / k, 1.0), np.where(there, 1.0 - d - v / k, 1.0)
        logs = sp.gammaln(k + 1.0) - sp.gammaln(v + 1.0) - sp.gammaln(k - v + 1.0)
        term = np.exp(logs + (v - 2.0) * np.log(a) + (k - v - 1.0) * np.log(b))
        result = result + np.where(there, term * (a * b + d * (v - 1.0) * b - d * (k - v) * a), 0.0)
    return result


WHOLE = Interval(3, 12)
row("smirnov", refused("smirnov", "n"), lambda n, d, y: smirnov_slope(n, d), on=(WHOLE, PROBABILITY))
row("smirnovi", refused("smirnovi", "n"), lambda n, p, y: 1.0 / smirnov_slope(n, y), on=(WHOLE, PROBABILITY))
