"""Incomplete gamma and beta functions, by their argument and by their parameters, and their inverses: DLMF 8.2 and 8.17.

Slopes by a parameter are differences (`base.slope`) of the smaller of the function and its complement: relative error about
1e-13, and 1e-11 where the slope itself is small beside the function.
"""

from __future__ import annotations

from math import pi

import numpy as np
from scipy import special as sp

from ..table import Array
from .base import HALF_LINE, PROBABILITY, SHAPE, bare, row, size_of_log, slope, together
from .gamma import LARGE, stirling_error
from .series import without_log


def deviance(a: Array, x: Array) -> Array:
    """a log(a/x) + x - a, without cancellation where x is near a."""
    return a * without_log((x - a) / a)


def gamma_density(a: Array, x: Array) -> Array:
    """x**(a-1) exp(-x) / gamma(a)."""
    large = bare(a)[0] - 1.0 >= LARGE
    few, many = np.where(large, 1.0, a), np.where(large, a - 1.0, LARGE)
    around = np.exp(-deviance(many, x) - stirling_error(many)) / np.sqrt(2.0 * pi * many)
    return np.where(large, around, np.exp(sp.xlogy(few - 1.0, x) - x - sp.gammaln(few)))


def log_power(p: Array, x: Array, c: Array) -> Array:
    """p log(x), given also c = 1 - x, which keeps the digits where x is near 1; 0 where p is."""
    near = bare(x)[0] > 0.5
    return np.where(near, sp.xlog1py(p, -np.where(near, c, 0.0)), sp.xlogy(p, np.where(near, 1.0, x)))


def log_beta(a: Array, b: Array) -> Array:
    """betaln(a, b); where one of them is large, through Stirling's series for gamma(large + small)/gamma(large)."""
    p, q = bare(a, b)
    large = np.maximum(p, q) >= LARGE
    z, h = np.where(large, np.where(p < q, b, a), LARGE), np.where(large, np.where(p < q, a, b), 1.0)
    ratio = (z + h - 0.5) * np.log1p(h / z) - h + h * np.log(z) + stirling_error(z + h) - stirling_error(z)
    return np.where(large, sp.gammaln(h) - ratio, sp.betaln(np.where(large, 1.0, a), np.where(large, 1.0, b)))


def beta_density(a: Array, b: Array, x: Array, c: Array) -> Array:
    """x**(a-1) c**(b-1) / beta(a, b), given both x and c = 1 - x."""
    large = np.minimum(*bare(a, b)) >= LARGE
    few, less = np.where(large, 1.0, a), np.where(large, 1.0, b)
    direct = np.exp(log_power(few - 1.0, x, c) + log_power(less - 1.0, c, x) - log_beta(few, less))
    p, q = np.where(large, a, LARGE), np.where(large, b, LARGE)
    n, gap = p + q, q * x - p * c  # n x - p, and p - n x is n c - q
    exponent = stirling_error(n) - stirling_error(p) - stirling_error(q) - p * without_log(gap / p) - q * without_log(-gap / q)
    return np.where(large, np.exp(exponent) * np.sqrt(p * q / (2.0 * pi * n)) / x / c, direct)


def smaller(first: Array, second: Array) -> Array:
    """Where the first of a function and its complement is the one with the digits."""
    return bare(first)[0] <= bare(second)[0]


def gamma_by_a(a: Array, x: Array) -> Array:
    """The slope of gammainc by a; entire in a, on whose scale sqrt(a) it falls, in the tails as (x/a)**a."""
    plain, at = bare(a, x)
    reach = np.minimum(plain, together(2.0 * np.sqrt(plain) + 1.0, 8.0 / (1e-3 + size_of_log(at / plain))))
    low = smaller(sp.gammainc(plain, at), sp.gammaincc(plain, at))
    return np.where(low, slope(sp.gammainc, 0, (a, x), reach), -slope(sp.gammaincc, 0, (a, x), reach))


def beta_by(place: int, a: Array, b: Array, x: Array) -> Array:
    """The slope of betainc by a (place 0) or b (place 1)."""
    p, q, at = bare(a, b, x)
    own, other, share = (p, q, at) if place == 0 else (q, p, 1.0 - at)
    logs = 1e-3 + size_of_log(share * (p + q) / own)
    reach = np.minimum(own, together(2.0 * np.sqrt(own * (p + q) / other) + 1.0, 8.0 / logs))
    low = smaller(sp.betainc(p, q, at), sp.betaincc(p, q, at))
    return np.where(low, slope(sp.betainc, place, (a, b, x), reach), -slope(sp.betaincc, place, (a, b, x), reach))


row("gammainc", lambda a, x, y: gamma_by_a(a, x), lambda a, x, y: gamma_density(a, x), on=(SHAPE, HALF_LINE))
row("gammaincc", lambda a, x, y: -gamma_by_a(a, x), lambda a, x, y: -gamma_density(a, x), on=(SHAPE, HALF_LINE))
for name, sign in (("gammaincinv", 1.0), ("gammainccinv", -1.0)):
    row(
        name,
        lambda a, p, x: -gamma_by_a(a, x) / gamma_density(a, x),
        lambda a, p, x, sign=sign: sign / gamma_density(a, x),
        on=(SHAPE, PROBABILITY),
    )
for name, sign in (("betainc", 1.0), ("betaincc", -1.0)):
    row(
        name,
        lambda a, b, x, y, sign=sign: sign * beta_by(0, a, b, x),
        lambda a, b, x, y, sign=sign: sign * beta_by(1, a, b, x),
        lambda a, b, x, y, sign=sign: sign * beta_density(a, b, x, 1.0 - x),
        on=(SHAPE, SHAPE, PROBABILITY),
    )
for name, sign in (("betaincinv", 1.0), ("betainccinv", -1.0)):
    row(
        name,
        lambda a, b, p, x: -beta_by(0, a, b, x) / beta_density(a, b, x, 1.0 - x),
        lambda a, b, p, x: -beta_by(1, a, b, x) / beta_density(a, b, x, 1.0 - x),
        lambda a, b, p, x, sign=sign: sign / beta_density(a, b, x, 1.0 - x),
        on=(SHAPE, SHAPE, PROBABILITY),
    )
row(
    "btdtria",  # a from betainc(a, b, x) = p
    lambda p, b, x, a: 1.0 / beta_by(0, a, b, x),
    lambda p, b, x, a: -beta_by(1, a, b, x) / beta_by(0, a, b, x),
    lambda p, b, x, a: -beta_density(a, b, x, 1.0 - x) / beta_by(0, a, b, x),
    on=(PROBABILITY, SHAPE, PROBABILITY),
)
row(
    "btdtrib",  # b from betainc(a, b, x) = p
    lambda a, p, x, b: -beta_by(0, a, b, x) / beta_by(1, a, b, x),
    lambda a, p, x, b: 1.0 / beta_by(1, a, b, x),
    lambda a, p, x, b: -beta_density(a, b, x, 1.0 - x) / beta_by(1, a, b, x),
    on=(SHAPE, PROBABILITY, PROBABILITY),
)
