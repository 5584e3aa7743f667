"""Derivatives by differences: extrapolated, with an estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def differences(g: Callable[[float], Any], step: float) -> tuple[Any, Any]:
    """g'(0) by central differences at halving steps, extrapolated (Ridders 1982), and an estimate of its error.

    The estimate is the last change of the extrapolation and what rounding does to g. For every element of g's value by itself
    the best entry of the tableau is taken. The first step is made so small that g is finite at both of its ends, and steps
    are halved until ten digits are sure.
    """
    start = np.asarray(g(0.0))
    dtype = np.float64 if start.dtype == object else np.result_type(start, np.float64)
    rounding = np.finfo(start.dtype if start.dtype.kind in "fc" else np.float64).eps

    def value(t: float) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(g(t), dtype=dtype)

    ratio, rows, columns = 2.0, 24, 10
    defined = np.isfinite(start.astype(dtype))
    while step > 1e-14 and not np.all(np.isfinite(value(step)) & np.isfinite(value(-step)) | ~defined):
        step /= 2.0 * ratio
    best, error = np.nan, np.inf
    previous: list[Any] = []
    for i in range(rows):
        ahead, behind = value(step), value(-step)
        noise = rounding * (np.abs(ahead) + np.abs(behind)) / step
        current = [(ahead - behind) / (2.0 * step)]
        for j in range(1, min(i + 1, columns)):
            factor = ratio ** (2 * j)
            current.append((factor * current[-1] - previous[j - 1]) / (factor - 1.0))
            change = noise + np.maximum(np.abs(current[j] - current[j - 1]), np.abs(current[j] - previous[j - 1]))
            closer = change < error
            best, error = np.where(closer, current[j], best), np.where(closer, change, error)
        if i > 4 and np.all(error <= 1e-10 * np.abs(best)):
            break
        previous, step = current, step / ratio
    return best, error
