"""Functions of equations of second order that come with their derivatives: Airy's (DLMF 9.2), Kelvin's (10.61), parabolic
cylinder functions (12.2). Of such a pair the slope is the second of it, and the equation."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import HALF_LINE, numerical, row

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


# -- Kelvin's functions: ber + i bei is J0(w x) with w = exp(3 pi i/4), ker + i kei is K0(w x) with w = exp(pi i/4): 10.61

W_BE, W_KE = complex(-sqrt(0.5), sqrt(0.5)), complex(sqrt(0.5), sqrt(0.5))


def kelvin_slopes(x: Array) -> tuple[Callable[[], Array], ...]:
    """Of Be, Ke, Be' and Ke', as callables to save what is not wanted; SciPy's own berp and kerp have fewer digits."""
    return (
        lambda: -W_BE * sp.jv(1.0, W_BE * x),
        lambda: -W_KE * sp.kv(1.0, W_KE * x),
        lambda: 0.5j * (sp.jv(0.0, W_BE * x) - sp.jv(2.0, W_BE * x)),
        lambda: 0.5j * (sp.kv(0.0, W_KE * x) + sp.kv(2.0, W_KE * x)),
    )


for i, names in enumerate((("ber", "bei"), ("ker", "kei"), ("berp", "beip"), ("kerp", "keip"))):
    for name, part in zip(names, (np.real, np.imag), strict=True):
        row(name, lambda x, y, i=i, part=part: part(kelvin_slopes(x)[i]()), on=HALF_LINE)
row("kelvin", tuple(lambda x, y, i=i: kelvin_slopes(x)[i]() for i in range(4)), on=HALF_LINE)


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
