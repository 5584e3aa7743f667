"""Elliptic integrals, Legendre's and Carlson's, and Jacobi's functions: DLMF chapters 19 and 22.

The slopes of Legendre's integrals are Carlson's R_D (19.25), where the usual differences of E and K cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi

import numpy as np
from scipy import special as sp

from ..table import POSITIVE, Array, Interval
from .base import HALF_LINE, bare, row, slope, ufunc_of

MODULUS = Interval(-3.0, 1.0)


def rd(x: Array, y: Array, z: Array) -> Array:
    """R_D, which older releases of SciPy have not: looked up when it is called."""
    return ufunc_of("elliprd")(x, y, z)


# -- Carlson's integrals -------------------------------------------------------------------------------------------------


def rc_by_x(x: Array, y: Array) -> Array:
    """R_C(x, y) is R_F(x, y, y); for y < 0, its principal value, by the quotient that has no R_D: 19.20.4 and 19.18.1."""
    negative = np.real(bare(y)[0]) < 0.0
    p, q = np.where(negative, x, 1.0), np.where(negative, y, -1.0)
    beyond = (sp.elliprc(p, q) - 1.0 / np.sqrt(p)) / (2.0 * (q - p))
    safe = np.where(negative, 1.0, y)
    return np.where(negative, beyond, -rd(safe, safe, x) / 6.0)


def rc_by_y(x: Array, y: Array, value: Array) -> Array:
    """-R_D(x, y, y)/3, and for y < 0 what homogeneity leaves (19.18.8)."""
    negative = np.real(bare(y)[0]) < 0.0
    safe = np.where(negative, 1.0, y)
    return np.where(negative, -(0.5 * value + x * rc_by_x(x, y)) / y, -rd(x, safe, safe) / 3.0)


row("elliprc", lambda x, y, f: rc_by_x(x, y), rc_by_y, on=POSITIVE)
row(
    "elliprf",  # 19.18.1
    lambda x, y, z, f: -rd(y, z, x) / 6.0,
    lambda x, y, z, f: -rd(x, z, y) / 6.0,
    lambda x, y, z, f: -rd(x, y, z) / 6.0,
    on=HALF_LINE,
)


def rg_slope(x: Array, y: Array, z: Array) -> Array:
    """Of R_G by x: 19.18.4 with 19.16.9, t/(t + x) written as 1 - x/(t + x)."""
    return 0.25 * ufunc_of("elliprf")(x, y, z) - x * rd(y, z, x) / 12.0


row(
    "elliprg",
    lambda x, y, z, f: rg_slope(x, y, z),
    lambda x, y, z, f: rg_slope(y, z, x),
    lambda x, y, z, f: rg_slope(z, x, y),
    on=HALF_LINE,
)


def quotient(f: Callable[..., Array], x: Array, *others: Array) -> Array:
    """The slope by its first argument x of the integral f of 1/sqrt((t+x)(t+y)(t+z)) times 1/(t+p), p the last of `others`.

    The derived 1/((t+x)(t+p)) is (1/(t+x) - 1/(t+p))/(p - x), so that the slope is -(R_D(y, z, x) - f)/(2 (p - x)); where p is
    near x, differences instead: f is analytic in x up to 0. Relative error about 1e-13 there.
    """
    at, last = bare(x, others[-1])
    near = np.abs(last - at) < 0.2 * np.abs(last)
    far = np.where(near, 0.5 * last, x)
    closed = -0.5 * (rd(others[0], others[1], far) - f(far, *others)) / (others[-1] - far)
    close = np.where(near, x, last)
    return np.where(near, slope(f, 0, (close, *others), np.abs(np.where(near, at, last))), closed)


def of_zero(x: Array, by: Array) -> Array:
    """x times the slope by x, 0 where x is."""
    return np.where(bare(x)[0] == 0.0, 0.0, x * by)


def rd_by_x(x: Array, y: Array, z: Array) -> Array:
    """R_D has the last factor at p = z."""
    return quotient(rd, x, y, z)


def rd_by_z(x: Array, y: Array, z: Array, value: Array) -> Array:
    """What homogeneity of degree -3/2 leaves."""
    return -(1.5 * value + of_zero(x, rd_by_x(x, y, z)) + of_zero(y, rd_by_x(y, x, z))) / z


row(
    "elliprd",
    lambda x, y, z, f: rd_by_x(x, y, z),
    lambda x, y, z, f: rd_by_x(y, x, z),
    rd_by_z,
    on=HALF_LINE,
)


def rj_by_x(x: Array, y: Array, z: Array, p: Array) -> Array:
    """By p in place of z."""
    return quotient(ufunc_of("elliprj"), x, y, z, p)


def rj_by_p(x: Array, y: Array, z: Array, p: Array, value: Array) -> Array:
    """What homogeneity of degree -3/2 leaves."""
    rest = of_zero(x, rj_by_x(x, y, z, p)) + of_zero(y, rj_by_x(y, z, x, p)) + of_zero(z, rj_by_x(z, x, y, p))
    return -(1.5 * value + rest) / p


row(
    "elliprj",
    lambda x, y, z, p, f: rj_by_x(x, y, z, p),
    lambda x, y, z, p, f: rj_by_x(y, z, x, p),
    lambda x, y, z, p, f: rj_by_x(z, x, y, p),
    rj_by_p,
    on=HALF_LINE,
)


# -- Legendre's integrals: 19.25.1, 19.25.5, 19.25.9 ---------------------------------------------------------------------------


def k_slope(m: Array) -> Array:
    """dK/dm = R_D(0, 1, 1 - m)/6."""
    return rd(0.0, 1.0, 1.0 - m) / 6.0


def e_slope(m: Array) -> Array:
    """dE/dm = -R_D(0, 1 - m, 1)/6."""
    return -rd(0.0, 1.0 - m, 1.0) / 6.0


row("ellipk", lambda m, y: k_slope(m), on=MODULUS, at={1.0: inf, 0.0: pi / 8.0})
row("ellipkm1", lambda p, y: -rd(0.0, 1.0, p) / 6.0, on=Interval(0.0, 4.0), at={0.0: -inf, 1.0: -pi / 8.0})
row("ellipe", lambda m, y: e_slope(m), on=MODULUS, at={1.0: -inf, 0.0: -pi / 8.0})


def halves(phi: Array) -> Array:
    """How many half turns are in an angle; the integrals over whole ones are complete."""
    return np.rint(bare(phi)[0] / pi)


def f_by_m(phi: Array, m: Array) -> Array:
    """dF/dm = s**3 R_D(c**2, 1, 1 - m s**2)/6, with two complete ones for each half turn."""
    turns = halves(phi)
    s, c = np.sin(phi), np.cos(phi)
    complete = np.where(turns == 0.0, 0.0, 2.0 * turns * k_slope(np.where(turns == 0.0, 0.5, m)))
    return np.where(turns % 2 == 0, s, -s) * s * s * rd(c * c, 1.0, 1.0 - m * s * s) / 6.0 + complete


def e_by_m(phi: Array, m: Array) -> Array:
    """dE/dm = -s**3 R_D(c**2, 1 - m s**2, 1)/6, likewise."""
    turns = halves(phi)
    s, c = np.sin(phi), np.cos(phi)
    complete = np.where(turns == 0.0, 0.0, 2.0 * turns * e_slope(np.where(turns == 0.0, 0.5, m)))
    return np.where(turns % 2 == 0, -s, s) * s * s * rd(c * c, 1.0 - m * s * s, 1.0) / 6.0 + complete


def delta(phi: Array, m: Array) -> Array:
    """sqrt(1 - m s**2), as cos and sin would have it where m is near 1."""
    s, c = np.sin(phi), np.cos(phi)
    return np.sqrt(c * c + (1.0 - m) * s * s)


ANGLE = (Interval(-7.0, 7.0), Interval(-3.0, 0.95))
row("ellipkinc", lambda phi, m, y: 1.0 / delta(phi, m), lambda phi, m, y: f_by_m(phi, m), on=ANGLE)
row("ellipeinc", lambda phi, m, y: delta(phi, m), lambda phi, m, y: e_by_m(phi, m), on=ANGLE)


# -- Jacobi's functions: 22.13, and by m through phi, which is held by F(phi, m) = u ------------------------------


def phi_by_m(m: Array, y: tuple[Array, ...]) -> Array:
    """The slope of the amplitude."""
    return -y[2] * f_by_m(y[3], m)


row(
    "ellipj",
    (
        lambda u, m, y: y[1] * y[2],
        lambda u, m, y: -y[0] * y[2],
        lambda u, m, y: -m * y[0] * y[1],
        lambda u, m, y: y[2],
    ),
    (
        lambda u, m, y: y[1] * phi_by_m(m, y),
        lambda u, m, y: -y[0] * phi_by_m(m, y),
        lambda u, m, y: -y[0] * (0.5 * y[0] + m * y[1] * phi_by_m(m, y)) / y[2],
        lambda u, m, y: phi_by_m(m, y),
    ),
    on=(Interval(-4.0, 4.0), Interval(0.05, 0.95)),
)
