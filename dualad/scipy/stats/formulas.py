"""Formulas of distributions that are compiled in SciPy, or go by cases there which leave out how they vary with a parameter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.special as sp
import scipy.stats
from scipy.special import _ufuncs as scu

from ...errors import NoRule
from ...lift import Lifted
from ...rules.special.base import slope
from ...rules.special.noncentral import chi_density
from ...rules.table import Array, undifferentiated
from ..dispatch import rule_of
from ..interpolate.curves import evaluate
from .helpers import apply_where

Formula = Callable[..., Array]
FORMULAS: dict[tuple[str, str], Formula] = {}
"""Private methods, by the distribution's name and theirs."""

ROOT_2PI = np.sqrt(2.0 * np.pi)


def enter(name: str, **methods: Formula) -> None:
    """Enter a distribution's formulas; of a logarithm the density, or the mass, follows."""
    for method, formula in methods.items():
        FORMULAS[name, f"_{method}"] = formula
        plain = method.replace("log", "")
        if plain not in methods:
            FORMULAS[name, f"_{plain}"] = lambda *args, formula=formula: np.exp(formula(*args))


# -- Bessel functions ------------------------------------------------------------------------------------------------------


def geninvgauss(x: Array, p: Array, b: Array) -> Array:
    """(p - 1) log x - b (x + 1/x)/2 - log(2 K_p(b))."""
    return (p - 1.0) * np.log(x) - 0.5 * b * (x + 1.0 / x) + b - np.log(2.0 * sp.kve(p, b))


def genhyperbolic(x: Array, p: Array, a: Array, b: Array) -> Array:
    """With d^2 = a^2 - b^2 and s^2 = 1 + x^2: d^p e^(b x) K_(p - 1/2)(a s) s^(p - 1/2) / (sqrt(2 pi) a^(p - 1/2) K_p(d))."""
    d, s = np.sqrt((a + b) * (a - b)), np.hypot(1.0, x)
    bessel = np.log(sp.kve(p - 0.5, a * s)) - a * s - np.log(sp.kve(p, d)) + d
    return p * np.log(d) + b * x + bessel + (p - 0.5) * (np.log(s) - np.log(a)) - np.log(ROOT_2PI)


enter("geninvgauss", logpdf=geninvgauss)
enter("genhyperbolic", logpdf=genhyperbolic)
enter(
    "ncx2",
    pdf=chi_density,
    logpdf=lambda x, v, c: np.log(chi_density(x, v, c)),
    cdf=sp.chndtr,
    sf=lambda x, v, c: 1.0 - sp.chndtr(x, v, c),
)


# -- limits of a parameter: smooth there, where SciPy goes by cases -----------------------------------------------------------


def log_ratio(c: Array, x: Array) -> Array:
    """log(1 + c x)/c, which is x at c = 0; near it by its series."""
    u = c * x
    near = np.abs(undifferentiated(u)) < 1e-3
    small = np.where(near, u, 0.0)
    series = 1.0 - small * (1 / 2 - small * (1 / 3 - small * (1 / 4 - small * (1 / 5 - small * (1 / 6 - small / 7)))))
    divisor = np.where(near, 1.0, c)
    return np.where(near, x * series, np.log1p(np.where(near, 0.0, u)) / divisor)


def genextreme(x: Array, c: Array) -> Array:
    """exp(-t) t/(1 - c x) with t = (1 - c x)^(1/c)."""
    m = log_ratio(-c, x)
    return -np.exp(-m) - m - np.log1p(-c * x)


def kappa4(x: Array, h: Array, k: Array) -> Array:
    """t (1 - h t)^(1/h) / ((1 - k x) (1 - h t)) with t = (1 - k x)^(1/k)."""
    m = log_ratio(-k, x)
    t = np.exp(-m)
    return -m - np.log1p(-k * x) - log_ratio(-h, t) - np.log1p(-h * t)


def kappa4_logcdf(x: Array, h: Array, k: Array) -> Array:
    """(1 - h t)^(1/h)."""
    return -log_ratio(-h, np.exp(-log_ratio(-k, x)))


enter("genextreme", logpdf=genextreme, logcdf=lambda x, c: -np.exp(-log_ratio(-c, x)))
enter("genpareto", logpdf=lambda x, c: -log_ratio(c, x) - np.log1p(c * x), logsf=lambda x, c: -log_ratio(c, x))
enter("kappa4", logpdf=kappa4, logcdf=kappa4_logcdf)
enter(
    "skewnorm",
    pdf=lambda x, a: 2.0 * np.exp(-0.5 * x * x) / ROOT_2PI * sp.ndtr(a * x),
    logpdf=lambda x, a: np.log(2.0 / ROOT_2PI) - 0.5 * x * x + sp.log_ndtr(a * x),
    cdf=lambda x, a: sp.ndtr(x) - 2.0 * sp.owens_t(x, a),
    sf=lambda x, a: sp.ndtr(-x) + 2.0 * sp.owens_t(x, a),
)
enter(
    "triang",
    pdf=lambda x, c: apply_where(
        undifferentiated(x) < undifferentiated(c), (x, c), lambda x, c: 2.0 * x / c, lambda x, c: 2.0 * (1.0 - x) / (1.0 - c)
    ),
    cdf=lambda x, c: apply_where(
        undifferentiated(x) < undifferentiated(c), (x, c), lambda x, c: x * x / c, lambda x, c: 1.0 - (1.0 - x) ** 2 / (1.0 - c)
    ),
)


def pearson3(gamma: Formula, edgeworth: Formula) -> Formula:
    """A gamma distribution of 4/skew^2 + 2 x/skew, and next to no skew a normal one with the first term of its expansion."""

    def formula(x: Array, skew: Array) -> Array:
        return apply_where(
            np.abs(undifferentiated(skew)) < 1.6e-5,
            (x, skew),
            edgeworth,
            lambda x, skew: gamma(4.0 / skew**2, 4.0 / skew**2 + 2.0 * x / skew, skew),
        )

    return formula


def pearson3_tail(sign: float) -> Formula:
    """The mass below or above."""

    def gamma(a: Array, z: Array, skew: Array) -> Array:
        return apply_where(sign * undifferentiated(skew) > 0, (a, z), sp.gammainc, sp.gammaincc)

    def normal(x: Array, skew: Array) -> Array:
        return sp.ndtr(sign * x) - sign * skew * (x * x - 1.0) / 6.0 * np.exp(-0.5 * x * x) / ROOT_2PI

    return pearson3(gamma, normal)


enter(
    "pearson3",
    logpdf=pearson3(
        lambda a, z, skew: np.log(2.0 / np.abs(skew)) + (a - 1.0) * np.log(z) - z - sp.gammaln(a),
        lambda x, skew: -0.5 * x * x - np.log(ROOT_2PI) + skew * (x**3 - 3.0 * x) / 6.0,
    ),
    cdf=pearson3_tail(1.0),
    sf=pearson3_tail(-1.0),
)


# -- others ----------------------------------------------------------------------------------------------------------------


def log_mills(z: Array) -> Array:
    """The logarithm of the normal distribution's upper tail over its density."""
    return sp.log_ndtr(-z) + 0.5 * z * z + np.log(ROOT_2PI)


def dpareto_lognorm(x: Array, u: Array, s: Array, a: Array, b: Array) -> Array:
    """The density of Reed and Jorgensen (2004)."""
    z = (np.log(x) - u) / s
    return (
        np.log(a * b / (a + b))
        - np.log(x)
        - 0.5 * z * z
        - np.log(ROOT_2PI)
        + np.logaddexp(log_mills(a * s - z), log_mills(b * s + z))
    )


def irwinhall(x: Array, n: Array) -> Array:
    """A B-spline over the integers."""
    if isinstance(n, Lifted):
        raise NoRule("scipy.stats.irwinhall has no derivative by n, which counts")
    y = np.zeros(np.shape(x))
    for count in np.unique(n):
        spline = scipy.stats.irwinhall._cardbspl(count)
        y = apply_where(np.equal(n, count), (x, y), lambda x, y, spline=spline: evaluate(spline, x), lambda x, y: y)
    return y


enter("dpareto_lognorm", logpdf=dpareto_lognorm)
enter("irwinhall", pdf=irwinhall, logpdf=lambda x, n: np.log(irwinhall(x, n)))


def _numerical(density: Formula, reach: float) -> Formula:
    """A compiled density that is smooth, with its slope by differences over a part of `reach`: good to about 1e-11."""

    def original(x: Array) -> Array:
        return density(x)

    def push(y: Array, x: Array, *, dx: Array) -> Array:
        """By differences."""
        return slope(public, 0, (x,), reach) * dx

    public: Formula = rule_of(original)(push)
    return public


for _name, _density in (
    ("landau", _numerical(lambda x: scu._landau_pdf(x, 0, 1), 1.0)),
    ("kstwobign", _numerical(lambda x: -scu._kolmogp(x), 0.4)),
):
    enter(_name, pdf=_density, logpdf=lambda x, f=_density: np.log(f(x)))
