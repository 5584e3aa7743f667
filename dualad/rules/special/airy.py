"""Functions of equations of second order that come with their derivatives: Airy's (DLMF 9.2), Kelvin's (10.61), parabolic
cylinder functions (12.2). Of such a pair the slope is the second of it, and the equation."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import HALF_LINE, bare, numerical, row

row(
    "airy",
    (lambda z, y: y[1], lambda z, y: z * y[0], lambda z, y: y[3], lambda z, y: z * y[2]),
    on=Interval(-8.0, 6.0),
    at={0.0: (-0.2588194037928068, 0.0, 0.44828835735382637, 0.0)},
)


def airye_push(z: Array, y: Any, dz: Array) -> tuple[Array, ...]:
    """Ai and Ai' are scaled by exp(zeta), zeta = (2/3) z**1.5, Bi and Bi' by exp(-|Re zeta|), which is not holomorphic."""
    if np.iscomplexobj(z):
        root = np.sqrt(z)
        turn = np.sign(np.real(root * z)) * np.real(root * dz)
    else:
        root = np.sqrt(np.maximum(z, 0.0))
        turn = root * dz
    ai, slope_ai, bi, slope_bi = y
    first, second = (slope_ai + root * ai) * dz, (z * ai + root * slope_ai) * dz
    return first, second, slope_bi * dz - turn * bi, z * bi * dz - turn * slope_bi


row("airye", (airye_push,) * 4, on=Interval(0.1, 20.0), push=airye_push)
row(
    "itairy",
    (
        lambda x, y: sp.airy(x)[0],
        lambda x, y: sp.airy(x)[2],
        lambda x, y: sp.airy(-x)[0],
        lambda x, y: sp.airy(-x)[2],
    ),
    on=Interval(0.0, 6.0),
)


# -- Kelvin's functions: f'' = i f - f'/x ----------------------------------------------------------------------------------


def over(slope: Array, x: Array, limit: Array) -> Array:
    """f'/x; at 0 the first term of its series."""
    zero = bare(x)[0] == 0.0
    return np.where(zero, limit, slope / np.where(zero, 1.0, x))


KELVIN = {
    "ber": lambda x, y: sp.berp(x),
    "bei": lambda x, y: sp.beip(x),
    "ker": lambda x, y: sp.kerp(x),
    "kei": lambda x, y: sp.keip(x),
    "berp": lambda x, y: -sp.bei(x) - over(y, x, -0.0625 * x * x),
    "beip": lambda x, y: sp.ber(x) - over(y, x, 0.5),
    "kerp": lambda x, y: -sp.kei(x) - y / x,
    "keip": lambda x, y: sp.ker(x) - y / x,
}
for name, partial in KELVIN.items():
    row(name, partial, on=HALF_LINE)
row(
    "kelvin",
    (
        lambda x, y: y[2],
        lambda x, y: y[3],
        lambda x, y: 1j * y[0] - over(y[2], x, 0.5j - 0.0625 * x * x),
        lambda x, y: 1j * y[1] - y[3] / x,
    ),
    on=HALF_LINE,
)


# -- parabolic cylinder functions, by the order to about 1e-10 -----------------------------------------------------------------


def pair(name: str, curvature: Any, order: Interval) -> None:
    """f'' = curvature(order, x) f; by the order differences of both."""
    row(
        name,
        (numerical(name, 0, lambda v, x: 2.0, 0), numerical(name, 0, lambda v, x: 2.0, 1)),
        (lambda v, x, y: y[1], lambda v, x, y: curvature(v, x) * y[0]),
        on=(order, Interval(-3.0, 3.0)),
    )


pair("pbdv", lambda v, x: 0.25 * x * x - v - 0.5, Interval(-2.0, 4.0))
pair("pbvv", lambda v, x: 0.25 * x * x - v - 0.5, Interval(-2.0, 4.0))
pair("pbwa", lambda a, x: a - 0.25 * x * x, Interval(-2.5, 2.5))
