"""scipy.integrate for duals: sums over samples, integrals of functions, and initial value problems.

>>> import numpy as np, dualad
>>> dualad.grad(lambda y: dualad.scipy.integrate.simpson(y, dx=0.5))(np.ones(3))
array([0.16666667, 0.66666667, 0.16666667])
"""

from __future__ import annotations

import numpy as np
import scipy.integrate

from ..rules.table import Array
from .dispatch import body_of, standing_in
from .flows import odeint, solve_ivp
from .integrals import dblquad, fixed_quad, nquad, quad, quad_vec, tplquad

__all__ = [
    "cumulative_trapezoid",
    "dblquad",
    "fixed_quad",
    "nquad",
    "odeint",
    "quad",
    "quad_vec",
    "romb",
    "simpson",
    "solve_ivp",
    "tplquad",
    "trapezoid",
]


def last(y: Array, x: Array | None, axis: int) -> tuple[Array, Array | None]:
    """Samples and their places with the axis that is summed last; places of one axis serve all."""
    return np.moveaxis(y, axis, -1), x if x is None or np.ndim(x) == 1 else np.moveaxis(x, axis, -1)


@body_of(scipy.integrate.trapezoid)
def trapezoid(y: Array, x: Array | None = None, dx: float = 1.0, axis: int = -1) -> Array:
    """Means of neighbours times their distance."""
    y, x = last(y, x, axis)
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


@body_of(scipy.integrate.cumulative_trapezoid)
def cumulative_trapezoid(
    y: Array, x: Array | None = None, dx: float = 1.0, axis: int = -1, initial: float | None = None
) -> Array:
    """Sums up to each place of means of neighbours times their distance."""
    y, x = last(y, x, axis)
    sums = np.cumsum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        sums = np.concatenate([np.zeros_like(sums, shape=(*sums.shape[:-1], 1)), sums], axis=-1)
    return np.moveaxis(sums, -1, axis)


@body_of(scipy.integrate.simpson)
def simpson(y: Array, x: Array | None = None, *, dx: float = 1.0, axis: int = -1) -> Array:
    """Parabolas through three neighbours each; of an even number of samples, Cartwright's correction for the last interval."""
    y, x = last(y, x, axis)
    n = y.shape[-1]
    steps = dx * np.ones(max(n - 1, 0)) if x is None else np.diff(x)
    if n == 2:
        return 0.5 * steps[..., 0] * (y[..., 0] + y[..., 1])
    inner = n - 1 - (n % 2 == 0)
    h, k = steps[..., 0:inner:2], steps[..., 1:inner:2]
    left, middle, right = y[..., 0:inner:2], y[..., 1 : inner + 1 : 2], y[..., 2 : inner + 2 : 2]
    both = h + k
    result = np.sum(both / 6.0 * (left * (2.0 - k / h) + middle * both * both / (h * k) + right * (2.0 - h / k)), axis=-1)
    if n % 2:
        return result
    h, k = steps[..., -2], steps[..., -1]
    last_one = (2.0 * k**2 + 3.0 * h * k) / (6.0 * (h + k)) * y[..., -1]
    before = (k**2 + 3.0 * h * k) / (6.0 * h) * y[..., -2]
    return result + last_one + before - k**3 / (6.0 * h * (h + k)) * y[..., -3]


@body_of(scipy.integrate.romb)
def romb(y: Array, dx: float = 1.0, axis: int = -1) -> Array:
    """Trapezoids of halved steps, extrapolated."""
    y = np.moveaxis(y, axis, -1)
    count = y.shape[-1] - 1
    row = [0.5 * count * dx * (y[..., 0] + y[..., -1])]
    step = count
    while step > 1:
        half = 0.5 * (row[0] + step * dx * np.sum(y[..., step // 2 :: step], axis=-1))
        new = [half]
        for i, before in enumerate(row, 1):
            new.append(new[-1] + (new[-1] - before) / (4.0**i - 1.0))
        row, step = new, step // 2
    return row[-1]


__getattr__ = standing_in(scipy.integrate)
