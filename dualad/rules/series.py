"""Functions of samples along a line: convolutions, slopes, covariances, phases."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Array, align, composite, function, replay, total


def sliding(product: Any) -> Any:
    """The rule of a function of two lines that is linear in each, at least over the real numbers; NumPy takes one direction
    at a time."""

    def push(
        y: Array, a: Array, v: Array, mode: Any = "full", *, da: Array | None = None, dv: Array | None = None
    ) -> Array | None:
        return total(
            None if da is None else np.stack([product(each, v, mode) for each in da]),
            None if dv is None else np.stack([product(a, each, mode) for each in dv]),
        )

    return push


function(np.convolve)(sliding(np.convolve))


@function(np.correlate)
def correlate(
    y: Array, a: Array, v: Array, mode: Any = "valid", *, da: Array | None = None, dv: Array | None = None
) -> Array | None:
    """As `convolve`, with another default."""
    return sliding(np.correlate)(y, a, v, mode, da=da, dv=dv)


# -- differences ---------------------------------------------------------------------------------------------------------


@composite(np.gradient)
def gradient(f: Array, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes of parabolas through three neighbours, at the ends of a line through two (or of the last parabola)."""
    f = f if hasattr(f, "level") else np.asarray(f)
    axes = range(f.ndim) if axis is None else [each % f.ndim for each in np.atleast_1d(axis)]
    spacings = list(varargs) * len(axes) if len(varargs) == 1 and np.ndim(varargs[0]) == 0 else varargs or [1.0] * len(axes)
    slopes = [slope(np.moveaxis(f, each, 0), h, edge_order) for each, h in zip(axes, spacings, strict=True)]
    slopes = [np.moveaxis(each, 0, place) for each, place in zip(slopes, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def slope(f: Array, spacing: Any, edge_order: int) -> Array:
    """Along the first axis; `spacing` is one distance, or the coordinates."""
    gaps = np.diff(spacing) if np.ndim(spacing) else np.broadcast_to(spacing, len(f) - 1)
    gaps = np.reshape(gaps, (-1,) + (1,) * (f.ndim - 1))
    lines = (f[1:] - f[:-1]) / gaps
    before, after = gaps[:-1], gaps[1:]
    inner = (after * lines[:-1] + before * lines[1:]) / (before + after)
    first, last = lines[:1], lines[-1:]
    if edge_order == 2:
        bends = (lines[1:] - lines[:-1]) / (before + after)
        first, last = first - gaps[:1] * bends[:1], last + gaps[-1:] * bends[-1:]
    return np.concatenate([first, inner, last])


@composite(np.ediff1d)
def ediff1d(ary: Array, to_end: Any = None, to_begin: Any = None) -> Array:
    """Differences of neighbours between what is put before and behind them."""
    parts = [to_begin, np.diff(np.ravel(ary)), to_end]
    return np.concatenate([np.ravel(part) for part in parts if part is not None])


@function(np.unwrap)
def unwrap(
    y: Array,
    p: Array,
    discont: Any = None,
    axis: int = -1,
    *,
    period: Any = 2 * np.pi,
    dp: Array | None = None,
    dperiod: Array | None = None,
) -> Array:
    """Whole periods were added, and how many is a step. The answer is a copy, and so is its tangent."""
    copied = None if dp is None else np.copy(dp)
    return total(copied, None if dperiod is None else np.rint((y - p) / period) * align(dperiod, y.ndim))


# -- covariances ---------------------------------------------------------------------------------------------------------


def samples(m: Array, rowvar: bool, first: bool) -> Array:
    """Variables as rows; a line is one variable, whatever `rowvar` says of the first argument."""
    m = m if hasattr(m, "level") else np.asarray(m)
    rows = np.atleast_2d(m)
    return rows if rowvar or (m.ndim < 2 if first else len(rows) == 1) else np.transpose(rows)


@composite(np.cov)
def cov(
    m: Array,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Array:
    """Sums of products of deviations from weighted means, over the degrees of freedom."""
    x = samples(m, rowvar, first=True)
    if y is not None:
        x = np.concatenate([x, samples(y, rowvar, first=False)])
    ddof = (0 if bias else 1) if ddof is None else ddof
    weights = np.ones(x.shape[1]) if fweights is None else np.asarray(fweights, float)
    counted = 0.0 if ddof == 0 else ddof
    if aweights is not None:
        weights = weights * aweights
        counted = counted * (np.sum(weights * aweights) / np.sum(weights))
    whole = np.sum(weights)
    freedom = whole - counted
    apart = x - (np.dot(x, weights) / whole)[:, None]
    return np.squeeze(np.dot(apart, np.conjugate(np.transpose(apart * weights))) / np.where(freedom > 0, freedom, 0.0))


replay(np.corrcoef)
