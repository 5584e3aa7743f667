"""Bessel functions, their integrals, Hankel's and Struve's functions: DLMF chapters 10 and 11.

By the argument everything is closed: C' = (C(v-1) - C(v+1))/2 (10.6.1) and its kin (10.29.1), which hold at 0 too. By the order
the functions are entire: differences (`base.slope`), to about 1e-12 of the larger of value and slope.
"""

from __future__ import annotations

from math import factorial, inf, pi, sqrt
from typing import Any

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import COUNT, HALF_LINE, bare, numerical, refused, row, size_of_log, together, ufunc_of
from .series import both, polynomial

ORDER = Interval(-0.5, 8.0)
ARGUMENT = Interval(0.3, 15.0)


def order_reach(v: Array, z: Array) -> Array:
    """Far from the turning point a Bessel function changes by z/(2v) from one order to the next."""
    return 8.0 / (2.0 + size_of_log(z / (2.0 + np.abs(v))))


def by_order(name: str) -> Any:
    """The partial by the order."""
    return numerical(name, 0, order_reach)


# -- orders 0 and 1, and whole orders ----------------------------------------------------------------------------------------

row("j0", lambda x, y: -sp.j1(x), on=HALF_LINE, at={0.0: 0.0})
row("j1", lambda x, y: 0.5 * (sp.j0(x) - sp.jv(2.0, x)), on=HALF_LINE, at={0.0: 0.5})
row("y0", lambda x, y: -sp.y1(x), on=HALF_LINE, at={0.0: inf})
row("y1", lambda x, y: np.where(x == 0.0, inf, 0.5 * (sp.y0(x) - sp.yn(2, x))), on=HALF_LINE, at={0.0: inf})
row("i0", lambda x, y: sp.i1(x), on=HALF_LINE, at={0.0: 0.0})
row("i1", lambda x, y: 0.5 * (sp.i0(x) + sp.iv(2.0, x)), on=HALF_LINE, at={0.0: 0.5})
row("k0", lambda x, y: -sp.k1(x), on=HALF_LINE, at={0.0: -inf})
row("k1", lambda x, y: -0.5 * (sp.k0(x) + sp.kn(2, x)), on=HALF_LINE, at={0.0: -inf})
row("yn", refused("yn", "n"), lambda n, x, y: 0.5 * (sp.yn(n - 1, x) - sp.yn(n + 1, x)), on=(COUNT, ARGUMENT))
row("kn", refused("kn", "n"), lambda n, x, y: -0.5 * (sp.kn(n - 1, x) + sp.kn(n + 1, x)), on=(COUNT, ARGUMENT))


# -- real orders ---------------------------------------------------------------------------------------------------------

POINT = (ORDER, ARGUMENT)
row("jv", by_order("jv"), lambda v, z, y: 0.5 * (sp.jv(v - 1.0, z) - sp.jv(v + 1.0, z)), on=POINT)
row("yv", by_order("yv"), lambda v, z, y: 0.5 * (sp.yv(v - 1.0, z) - sp.yv(v + 1.0, z)), on=POINT)
row("iv", by_order("iv"), lambda v, z, y: 0.5 * (sp.iv(v - 1.0, z) + sp.iv(v + 1.0, z)), on=POINT)
row("kv", by_order("kv"), lambda v, z, y: -0.5 * (sp.kv(v - 1.0, z) + sp.kv(v + 1.0, z)), on=POINT)
for name in ("hankel1", "hankel2"):
    row(
        name,
        by_order(name),
        lambda v, z, y, name=name: 0.5 * (getattr(sp, name)(v - 1.0, z) - getattr(sp, name)(v + 1.0, z)),
        on=POINT,
    )


# -- scaled by an exponential ------------------------------------------------------------------------------------------------


def scaled(v: Array, x: Array, sign: float) -> Array:
    """The slope of ive (sign -1) or kve (sign +1, without sqrt(pi)) far out, where two large terms cancel: Hankel's series
    10.40.1 and 10.40.2, sum sign**k a_k(v)/x**(k + 1/2), term by term."""
    term: Array = 1.0
    result: Array = 0.5
    for k in range(1, 26):
        term = sign * term * ((4.0 * v * v - (2 * k - 1) ** 2) / (8.0 * k) / x)
        result = result + (k + 0.5) * term
    return -result / x / np.sqrt(2.0 * x)


def far_out(v: Array, z: Array) -> Any:
    """Where 26 terms of Hankel's series reach the last digit."""
    order, at = bare(v, z)
    return np.real(at) > np.maximum(30.0, 2.0 * order * order)


def ive_slope(v: Array, z: Array, y: Array) -> Array:
    """(ive(v-1) + ive(v+1))/2 less sign(z) ive(v); |z| has a kink at 0."""
    far = far_out(v, z)
    near, out = np.where(far, 1.0, z), np.where(far, z, 64.0)
    close = 0.5 * (sp.ive(v - 1.0, near) + sp.ive(v + 1.0, near)) - np.sign(np.real(near)) * sp.ive(v, near)
    return np.where(far, scaled(v, out, -1.0) / sqrt(pi), close)


def kve_slope(v: Array, z: Array, y: Array) -> Array:
    """kve(v) less (kve(v-1) + kve(v+1))/2."""
    far = far_out(v, z)
    near, out = np.where(far, 1.0, z), np.where(far, z, 64.0)
    close = sp.kve(v, near) - 0.5 * (sp.kve(v - 1.0, near) + sp.kve(v + 1.0, near))
    return np.where(far, scaled(v, out, 1.0) * sqrt(pi), close)


def oscillating(name: str) -> Any:
    """jve or yve by a real z, where nothing is scaled."""
    f: Any = getattr(sp, name, None)
    return lambda v, z, y: 0.5 * (f(v - 1.0, z) - f(v + 1.0, z))


def scaled_push(name: str, by: Any, imaginary: bool) -> Any:
    """The push of a function that is scaled by exp(-|Im z|) or exp(-|Re z|), which is not holomorphic."""
    f: Any = getattr(sp, name, None)
    order = by_order(name)
    other = 1.0 if name == "ive" else -1.0

    def push(v: Array, z: Array, y: Array, dv: Array | None, dz: Array | None) -> Array:
        result: Array = 0.0 if dv is None else order(v, z, y) * dv
        if dz is None:
            return result
        if not np.iscomplexobj(z):
            return result + by(v, z, y) * dz
        part = np.imag if imaginary else np.real
        return result + 0.5 * (f(v - 1.0, z) + other * f(v + 1.0, z)) * dz - y * np.sign(part(z)) * part(dz)

    return push


for name in ("jve", "yve"):
    row(name, by_order(name), oscillating(name), on=POINT, push=scaled_push(name, oscillating(name), imaginary=True))
row("ive", by_order("ive"), ive_slope, on=POINT, push=scaled_push("ive", ive_slope, imaginary=False))
row("kve", by_order("kve"), kve_slope, on=POINT)
for name, i in (("hankel1e", 1j), ("hankel2e", -1j)):
    row(
        name,
        by_order(name),
        lambda v, z, y, f=getattr(sp, name, None), i=i: 0.5 * (f(v - 1.0, z) - f(v + 1.0, z)) - i * y,
        on=POINT,
    )
row("i0e", lambda x, y: ive_slope(0.0, x, y), on=HALF_LINE, at={0.0: 0.0})
row("i1e", lambda x, y: ive_slope(1.0, x, y), on=HALF_LINE, at={0.0: 0.5})
row("k0e", lambda x, y: kve_slope(0.0, x, y), on=HALF_LINE)
row("k1e", lambda x, y: kve_slope(1.0, x, y), on=HALF_LINE)


# -- spherical (the functions of which scipy.special.spherical_jn and its kin are made) --------------------------------


def spherical(name: str, sign: float) -> None:
    """A function with its derivative, which SciPy has, and that one with its own: 10.47.1 and 10.47.2."""
    f, prime = "_spherical_" + name, f"_spherical_{name}_d"
    order = refused("spherical_" + name, "n")
    row(f, order, lambda n, x, y: ufunc_of(prime)(n, x), on=(COUNT, ARGUMENT))
    row(prime, order, lambda n, x, y: (n * (n + 1.0) / x / x + sign) * ufunc_of(f)(n, x) - 2.0 * y / x, on=(COUNT, ARGUMENT))


for name, sign in (("jn", -1.0), ("yn", -1.0), ("in", 1.0), ("kn", 1.0)):
    spherical(name, sign)


# -- integrals -----------------------------------------------------------------------------------------------------------


def rest_over(x: Array, sign: float) -> Array:
    """(1 - J0(x))/x for sign -1, (I0(x) - 1)/x for +1: by their series near 0."""
    near = np.abs(bare(x)[0]) < 1.0
    small, far = both(near, x)
    series = polynomial([sign**k / 4.0 ** (k + 1) / factorial(k + 1) ** 2 for k in range(12)], small * small)
    return np.where(near, small * series, (1.0 - sp.j0(far) if sign < 0 else sp.i0(far) - 1.0) / far)


row("itj0y0", (lambda x, y: sp.j0(x), lambda x, y: sp.y0(x)), on=HALF_LINE)
row("iti0k0", (lambda x, y: sp.i0(x), lambda x, y: sp.k0(x)), on=HALF_LINE)
row("it2j0y0", (lambda x, y: rest_over(x, -1.0), lambda x, y: -sp.y0(x) / x), on=HALF_LINE)
row("it2i0k0", (lambda x, y: rest_over(x, 1.0), lambda x, y: -sp.k0(x) / x), on=HALF_LINE)


def besselpoly_slope(a: Array, power: Array, v: Array, y: Array) -> Array:
    """Of the integral of x**power J_v(2 a x) over [0, 1], by a: 10.6.2 under the integral."""
    first = np.where(bare(v)[0] == 0.0, 0.0, v / np.where(bare(a)[0] == 0.0, 1.0, a) * y)
    return first - 2.0 * sp.besselpoly(a, power + 1.0, v + 1.0)


row(
    "besselpoly",
    besselpoly_slope,
    numerical("besselpoly", 1, lambda a, power, v: 1.0 + power + v),
    numerical("besselpoly", 2, lambda a, power, v: together(1.0 + power + v, order_reach(v, a))),
    on=(Interval(0.3, 3.0), Interval(0.0, 3.0), Interval(0.0, 3.0)),
)


# -- Struve's functions --------------------------------------------------------------------------------------------------


def struve_slope(name: str) -> Any:
    """f(v-1) - v f(v)/x (11.4.27 and 11.4.31); at 0 the first terms of the series, 11.2.1."""

    def by(v: Array, x: Array, y: Array) -> Array:
        zero = bare(x)[0] == 0.0
        limit = (v + 1.0) * (0.5 * x) ** v * sp.rgamma(v + 1.5) / sqrt(pi)
        return np.where(zero, limit, getattr(sp, name)(v - 1.0, x) - v / np.where(zero, 1.0, x) * y)

    return by


for name in ("struve", "modstruve"):
    row(name, by_order(name), struve_slope(name), on=(Interval(0.0, 6.0), ARGUMENT))
row("itstruve0", lambda x, y: sp.struve(0.0, x), on=HALF_LINE)
row("itmodstruve0", lambda x, y: sp.modstruve(0.0, x), on=HALF_LINE)
row("it2struve0", lambda x, y: -sp.struve(0.0, x) / x, on=HALF_LINE)
