"""Integrals of smooth functions by the double exponential formula: NumPy code that runs on duals of any level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules.table import Array, innermost

NODES = np.arange(-160, 161) / 40.0  # where exp(pi/2 sinh(4)) is beyond double precision
TURN = 0.5 * np.pi * np.sinh(NODES)
STEP = 1.0 / 40.0


def integral(f: Callable[..., Array], low: Any, high: Any, args: tuple[Array, ...] = ()) -> Array:
    """The integral of f(t, *args) over t, for vectors of limits and parameters; either limit may be infinite.

    Endpoints may be integrable singularities. Accurate to some 1e-13 of the integral of abs(f) where f is analytic
    between the limits and varies on the scale of 1, or on that of their distance.
    """
    low, high, *args = (np.reshape(each, (1, -1)) for each in np.broadcast_arrays(low, high, *args))  # type: ignore[assignment]
    if np.all(np.isinf(innermost(high))):
        if np.all(np.isinf(innermost(low))):
            return integral(f, low[0], 0.0, tuple(a[0] for a in args)) + integral(f, 0.0, high[0], tuple(a[0] for a in args))
        nodes = np.exp(TURN - 0.0)[:, None]
        place, weight = low + nodes, nodes * (0.5 * np.pi * np.cosh(NODES))[:, None]
    elif np.all(np.isinf(innermost(low))):
        nodes = np.exp(TURN)[:, None]
        place, weight = high - nodes, nodes * (0.5 * np.pi * np.cosh(NODES))[:, None]
    else:
        part = (1.0 / (1.0 + np.exp(-2.0 * TURN)))[:, None]
        rest = (1.0 / (1.0 + np.exp(2.0 * TURN)))[:, None]
        place = np.where(part < 0.5, low + (high - low) * part, high - (high - low) * rest)
        weight = (high - low) * (np.pi * np.cosh(NODES)[:, None] * part * rest)
    values = f(place, *args) * weight
    kept = np.isfinite(innermost(values)) & (innermost(weight) != 0)
    return STEP * np.sum(np.where(kept, values, 0.0), axis=0)
