"""Distribution functions, survival functions and quantiles of statistics, all of them incomplete gamma or beta functions.

With P the regularised incomplete gamma function and I the beta function, DLMF 8.17.24 and the names in Cephes' documentation.
A count that SciPy rounds down is flat; one that it wants whole is refused; one that it inverts for is real.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import COUNT, HALF_LINE, MODERATE, PROBABILITY, SHAPE, bare, refused, row, slope
from .incomplete import beta_by, beta_density, gamma_by_a, gamma_density, log_beta

MANY = Interval(13, 25)
"""More trials than there are successes."""


# -- Poisson, chi-square, gamma --------------------------------------------------------------------------------------------

row("pdtr", 0, lambda k, m, y: -gamma_density(np.floor(k) + 1.0, m), on=(COUNT, HALF_LINE))
row("pdtrc", 0, lambda k, m, y: gamma_density(np.floor(k) + 1.0, m), on=(COUNT, HALF_LINE))
row("pdtri", refused("pdtri", "k"), lambda k, p, m: -1.0 / gamma_density(k + 1.0, m), on=(COUNT, PROBABILITY))
row(
    "pdtrik",  # k from 1 - P(k + 1, m) = p
    lambda p, m, k: -1.0 / gamma_by_a(k + 1.0, m),
    lambda p, m, k: -gamma_density(k + 1.0, m) / gamma_by_a(k + 1.0, m),
    on=(Interval(0.2, 1.0), Interval(2.0, 12.0)),
)
for name, sign in (("chdtr", 0.5), ("chdtrc", -0.5)):
    row(
        name,
        lambda v, x, y, sign=sign: sign * gamma_by_a(0.5 * v, 0.5 * x),
        lambda v, x, y, sign=sign: sign * gamma_density(0.5 * v, 0.5 * x),
        on=(SHAPE, HALF_LINE),
    )
row(
    "chdtri",  # x from 1 - P(v/2, x/2) = p
    lambda v, p, x: -gamma_by_a(0.5 * v, 0.5 * x) / gamma_density(0.5 * v, 0.5 * x),
    lambda v, p, x: -2.0 / gamma_density(0.5 * v, 0.5 * x),
    on=(SHAPE, PROBABILITY),
)
row(
    "chdtriv",  # v from P(v/2, x/2) = p
    lambda p, x, v: 2.0 / gamma_by_a(0.5 * v, 0.5 * x),
    lambda p, x, v: -gamma_density(0.5 * v, 0.5 * x) / gamma_by_a(0.5 * v, 0.5 * x),
    on=(PROBABILITY, HALF_LINE),
)
for name, sign in (("gdtr", 1.0), ("gdtrc", -1.0)):
    row(
        name,
        lambda a, b, x, y, sign=sign: sign * x * gamma_density(b, a * x),
        lambda a, b, x, y, sign=sign: sign * gamma_by_a(b, a * x),
        lambda a, b, x, y, sign=sign: sign * a * gamma_density(b, a * x),
        on=SHAPE,
    )
row(
    "gdtria",  # a from P(b, a x) = p
    lambda p, b, x, a: 1.0 / (x * gamma_density(b, a * x)),
    lambda p, b, x, a: -gamma_by_a(b, a * x) / (x * gamma_density(b, a * x)),
    lambda p, b, x, a: -(a / x),
    on=(PROBABILITY, SHAPE, SHAPE),
)
row(
    "gdtrib",  # b from P(b, a x) = p
    lambda a, p, x, b: -x * gamma_density(b, a * x) / gamma_by_a(b, a * x),
    lambda a, p, x, b: 1.0 / gamma_by_a(b, a * x),
    lambda a, p, x, b: -a * gamma_density(b, a * x) / gamma_by_a(b, a * x),
    on=(SHAPE, PROBABILITY, SHAPE),
)
row(
    "gdtrix",  # x from P(b, a x) = p
    lambda a, b, p, x: -(x / a),
    lambda a, b, p, x: -gamma_by_a(b, a * x) / (a * gamma_density(b, a * x)),
    lambda a, b, p, x: 1.0 / (a * gamma_density(b, a * x)),
    on=(SHAPE, SHAPE, PROBABILITY),
)


# -- binomial and negative binomial: 1 - I_p(k + 1, n - k) and I_p(n, k + 1) -------------------------------------------------


def trials(k: Array, n: Array, p: Array) -> Array:
    """The slope of I_p(k + 1, n - k) by p; where all trials succeed there is nothing beyond, and it is 0."""
    k = np.floor(k)
    full = bare(k)[0] >= bare(n)[0]
    return np.where(full, 0.0, beta_density(k + 1.0, np.where(full, k + 1.0, n) - k, p, 1.0 - p))


row("bdtr", 0, refused("bdtr", "n"), lambda k, n, p, y: -trials(k, n, p), on=(COUNT, MANY, PROBABILITY))
row("bdtrc", 0, refused("bdtrc", "n"), lambda k, n, p, y: trials(k, n, p), on=(COUNT, MANY, PROBABILITY))
row(
    "bdtri",
    *(refused("bdtri", argument) for argument in "kn"),
    lambda k, n, y, p: -1.0 / trials(k, n, p),
    on=(COUNT, MANY, PROBABILITY),
)


def binomial_slopes(k: Array, n: Array, p: Array) -> tuple[Array, Array, Array]:
    """Of I_(1-p)(n - k, k + 1), the distribution function for real k and n: by k, n and p."""
    by_n = -beta_by(1, k + 1.0, n - k, p)
    return -beta_by(0, k + 1.0, n - k, p) - by_n, by_n, -beta_density(k + 1.0, n - k, p, 1.0 - p)


def negative_slopes(k: Array, n: Array, p: Array) -> tuple[Array, Array, Array]:
    """Of I_p(n, k + 1): by k, n and p."""
    return beta_by(1, n, k + 1.0, p), beta_by(0, n, k + 1.0, p), beta_density(n, k + 1.0, p, 1.0 - p)


for prefix, slopes in (("bdtr", binomial_slopes), ("nbdtr", negative_slopes)):
    row(
        prefix + "ik",  # k from F(k, n, p) = y
        lambda y, n, p, k, f=slopes: 1.0 / f(k, n, p)[0],
        lambda y, n, p, k, f=slopes: -f(k, n, p)[1] / f(k, n, p)[0],
        lambda y, n, p, k, f=slopes: -f(k, n, p)[2] / f(k, n, p)[0],
        on=(Interval(0.4, 0.9), Interval(8.0, 20.0), Interval(0.3, 0.7)),
    )
    row(
        prefix + "in",  # n from F(k, n, p) = y
        lambda k, y, p, n, f=slopes: -f(k, n, p)[0] / f(k, n, p)[1],
        lambda k, y, p, n, f=slopes: 1.0 / f(k, n, p)[1],
        lambda k, y, p, n, f=slopes: -f(k, n, p)[2] / f(k, n, p)[1],
        on=(Interval(3.0, 9.0), Interval(0.1, 0.9), Interval(0.3, 0.7)),
    )
for name, sign in (("nbdtr", 1.0), ("nbdtrc", -1.0)):
    row(
        name,
        *(refused(name, argument) for argument in "kn"),
        lambda k, n, p, y, sign=sign: sign * beta_density(n, k + 1.0, p, 1.0 - p),
        on=(COUNT, MANY, PROBABILITY),
    )
row(
    "nbdtri",
    *(refused("nbdtri", argument) for argument in "kn"),
    lambda k, n, y, p: 1.0 / beta_density(n, k + 1.0, p, 1.0 - p),
    on=(COUNT, MANY, PROBABILITY),
)


# -- F and Student's t -----------------------------------------------------------------------------------------------------


def f_slopes(m: Array, n: Array, x: Array) -> tuple[Callable[[], Array], ...]:
    """Of I_w(m/2, n/2) with w = m x/(n + m x), as callables to save what is not wanted: by m, n and x."""
    whole = n + m * x
    w, c = m * x / whole, n / whole
    density = beta_density(0.5 * m, 0.5 * n, w, c)
    return (
        lambda: 0.5 * beta_by(0, 0.5 * m, 0.5 * n, w) + density * (x / whole) * c,
        lambda: 0.5 * beta_by(1, 0.5 * m, 0.5 * n, w) - density * w / whole,
        lambda: density * (m / whole) * c,
    )


for name, sign in (("fdtr", 1.0), ("fdtrc", -1.0)):
    row(
        name,
        *(lambda m, n, x, y, i=i, sign=sign: sign * f_slopes(m, n, x)[i]() for i in range(3)),
        on=SHAPE,
    )
row(
    "fdtri",  # x from F(m, n, x) = p
    lambda m, n, p, x: -f_slopes(m, n, x)[0]() / f_slopes(m, n, x)[2](),
    lambda m, n, p, x: -f_slopes(m, n, x)[1]() / f_slopes(m, n, x)[2](),
    lambda m, n, p, x: 1.0 / f_slopes(m, n, x)[2](),
    on=(SHAPE, SHAPE, PROBABILITY),
)
row(
    "fdtridfd",  # n from F(m, n, x) = p
    lambda m, p, x, n: -f_slopes(m, n, x)[0]() / f_slopes(m, n, x)[1](),
    lambda m, p, x, n: 1.0 / f_slopes(m, n, x)[1](),
    lambda m, p, x, n: -f_slopes(m, n, x)[2]() / f_slopes(m, n, x)[1](),
    on=(SHAPE, Interval(0.5, 0.6), Interval(1.0, 2.0)),
)


def student_density(v: Array, t: Array) -> Array:
    """(1 + t**2/v)**(-(v + 1)/2) / (sqrt(v) beta(v/2, 1/2))."""
    return np.exp(-0.5 * (v + 1.0) * np.log1p(t * t / v) - log_beta(0.5 * v, 0.5)) / np.sqrt(v)


def student_by_v(v: Array, t: Array) -> Array:
    """The slope by the degrees of freedom, taken in the lower tail, where the function has its digits."""
    plain, at = bare(v, t)
    upper = np.where(at > 0.0, -1.0, 1.0)
    reach = plain / (1.0 + plain / 16.0 * np.log1p(at * at / plain))
    return upper * slope(sp.stdtr, 0, (v, upper * t), reach)


row("stdtr", lambda v, t, y: student_by_v(v, t), lambda v, t, y: student_density(v, t), on=(SHAPE, MODERATE))
row(
    "stdtrit",  # t from F(v, t) = p
    lambda v, p, t: -student_by_v(v, t) / student_density(v, t),
    lambda v, p, t: 1.0 / student_density(v, t),
    on=(SHAPE, PROBABILITY),
)
row(
    "stdtridf",  # v from F(v, t) = p
    lambda p, t, v: 1.0 / student_by_v(v, t),
    lambda p, t, v: -student_density(v, t) / student_by_v(v, t),
    on=(Interval(0.85, 0.93), Interval(1.5, 2.5)),
)
