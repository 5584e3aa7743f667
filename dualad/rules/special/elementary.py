"""Exponentials, logarithms, powers and circular functions in SciPy's own forms, and the functions of Lambert and Wright."""

from __future__ import annotations

from math import inf, log, pi

import numpy as np
from scipy import special as sp

from ..elementwise import power_by_base, power_by_exponent, sech2, share
from ..table import POSITIVE, Array, Interval
from .base import MODERATE, PROBABILITY, bare, like, refused, row, ufunc_of
from .series import exprel_slope

DEGREE = pi / 180.0

for ours, numpys in (("cbrt", np.cbrt), ("exp2", np.exp2), ("expm1", np.expm1), ("log1p", np.log1p), ("round", np.rint)):
    like(ours, numpys)
row("exp10", lambda x, y: log(10.0) * y, on=Interval(-20.0, 20.0))
row("exprel", lambda x, y: exprel_slope(x), on=Interval(-50.0, 50.0), at={0.0: 0.5})
row("cosm1", lambda x, y: -np.sin(x), on=MODERATE)
row("sindg", lambda x, y: DEGREE * sp.cosdg(x), on=Interval(-400.0, 400.0))
row("cosdg", lambda x, y: -DEGREE * sp.sindg(x), on=Interval(-400.0, 400.0))
row("tandg", lambda x, y: DEGREE * (1.0 + y * y), on=Interval(-80.0, 80.0))
row("cotdg", lambda x, y: -DEGREE * (1.0 + y * y), on=Interval(10.0, 170.0))
row("radian", DEGREE, DEGREE / 60.0, DEGREE / 3600.0)
row(
    "powm1",
    power_by_base,
    lambda x, p, y: power_by_exponent(x, p, x**p),
    on=(POSITIVE, MODERATE),
)


def bell(x: Array) -> Array:
    """expit'(x) = e/(1 + e)**2 with e = exp(-|x|): a quarter of tanh' of half of x."""
    return 0.25 * sech2(0.5 * x, np.tanh(0.5 * x))


row("expit", lambda x, y: bell(x), on=Interval(-50.0, 50.0), at={0.0: 0.25, inf: 0.0, -inf: 0.0})
row("log_expit", lambda x, y: share(x), on=Interval(-50.0, 50.0), at={-inf: 1.0, inf: 0.0})
row("logit", lambda p, y: 1.0 / (p * (1.0 - p)), on=PROBABILITY, at={0.0: inf, 1.0: inf})


# -- w exp(w) and w + log(w) ---------------------------------------------------------------------------------------------


def lambertw_slope(z: Array, k: Array, tol: Array, y: Array) -> Array:
    """exp(-w)/(1 + w) (4.13.4): regular at z = 0, where w/z is not."""
    return np.exp(-y) / (1.0 + y)


row(
    "_lambertw",
    lambertw_slope,
    refused("lambertw", "k"),
    refused("lambertw", "tol", "it is a tolerance"),
    on=(POSITIVE, Interval(0, 1), Interval(1e-9, 1e-8)),
)
row("wrightomega", lambda z, y: y / (1.0 + y), on=MODERATE)


# -- means ---------------------------------------------------------------------------------------------------------------


def agm_slope(a: Array, b: Array, y: Array) -> Array:
    """d agm(a, b)/da by 19.8.6 and 19.18.1: agm is pi/2 over R_F(0, a**2, b**2), homogeneous, so divided by the larger."""
    size = np.maximum(np.abs(bare(a)[0]), np.abs(bare(b)[0]))
    p, q, mean = np.abs(a / size), np.abs(b / size), y / size
    return mean * mean * (2.0 / (3.0 * pi)) * p * ufunc_of("elliprd")(0.0, q * q, p * p)


row("agm", agm_slope, lambda a, b, y: agm_slope(b, a, y), on=Interval(0.1, 10.0), at={(1.0, 1.0): (0.5, 0.5)})
