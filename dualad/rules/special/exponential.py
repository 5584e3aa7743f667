"""Exponential, logarithmic, sine and cosine integrals: DLMF chapters 6 and 8.19; Spence's function: 25.12."""

from __future__ import annotations

from math import inf

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import COUNT, HALF_LINE, bare, refused, row
from .series import log_share, sine


def expn_slope(n: Array, x: Array) -> Array:
    """-E_(n-1)(x) (8.19.13); SciPy has no negative orders, but E_(-1) is elementary."""
    zero = bare(n)[0] == 0
    return -np.where(zero, np.exp(-x) / x * (1.0 + 1.0 / x), sp.expn(np.where(zero, 1, n) - 1, x))


row("exp1", lambda x, y: -np.exp(-x) / x, on=HALF_LINE, at={0.0: -inf})
row("expi", lambda x, y: np.exp(x) / x, on=HALF_LINE)
row("expn", refused("expn", "n"), lambda n, x, y: expn_slope(n, x), on=(COUNT, HALF_LINE))
row("sici", (lambda x, y: sine(x, -1.0), lambda x, y: np.cos(x) / x), on=HALF_LINE, at={0.0: (1.0, inf)})
row("shichi", (lambda x, y: sine(x, 1.0), lambda x, y: np.cosh(x) / x), on=HALF_LINE, at={0.0: (1.0, inf)})


def spence_slope(z: Array, y: Array) -> Array:
    """log(z)/(1 - z); around 1 as -log(1 + u)/u of u = z - 1."""
    near = np.abs(bare(z)[0] - 1.0) < 0.5
    far = np.where(near, 2.0, z)
    return np.where(near, -log_share(np.where(near, z, 1.0) - 1.0), np.log(far) / (1.0 - far))


row("spence", spence_slope, on=Interval(0.0, 20.0), at={1.0: -1.0, 0.0: -inf})
