"""scipy.stats' functions of samples for duals: means, moments, scores, and regression."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp
import scipy.stats
from scipy.stats._stats_py import PearsonRResult

from ...rules.table import Array, innermost
from ..dispatch import FUNCTIONS, arrayed, body_of, leader


def averaged(a: Array, axis: Any, weights: Any, keepdims: bool) -> Array:
    """The mean along an axis, with weights; of all elements if the axis is None."""
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    weights = (
        np.broadcast_to(weights, np.shape(a))
        if np.ndim(weights) == np.ndim(a) or axis is None
        else np.moveaxis(np.broadcast_to(weights, np.shape(np.moveaxis(a, axis, -1))), -1, axis)
    )
    return np.sum(weights * a, axis=axis, keepdims=keepdims) / np.sum(weights, axis=axis, keepdims=keepdims)


@body_of(scipy.stats.gmean)
def gmean(a: Array, axis: Any = 0, *, weights: Any = None, keepdims: bool = False) -> Array:
    """exp of the mean logarithm."""
    return np.exp(averaged(np.log(a), axis, weights, keepdims))


@body_of(scipy.stats.hmean)
def hmean(a: Array, axis: Any = 0, *, weights: Any = None, keepdims: bool = False) -> Array:
    """One over the mean of inverses."""
    return 1.0 / averaged(1.0 / a, axis, weights, keepdims)


@body_of(scipy.stats.pmean)
def pmean(a: Array, p: Array, *, axis: Any = 0, weights: Any = None, keepdims: bool = False) -> Array:
    """The mean of powers, to one over the power."""
    if innermost(p) == 0:
        return np.exp(averaged(np.log(a), axis, weights, keepdims))
    return averaged(a**p, axis, weights, keepdims) ** (1.0 / p)


@body_of(scipy.stats.zscore)
def zscore(a: Array, axis: Any = 0, ddof: int = 0) -> Array:
    """Distances from the mean in standard deviations."""
    return (a - np.mean(a, axis=axis, keepdims=True)) / np.std(a, axis=axis, ddof=ddof, keepdims=True)


@body_of(scipy.stats.zmap)
def zmap(scores: Array, compare: Array, axis: Any = 0, ddof: int = 0) -> Array:
    """Those of other samples."""
    return (scores - np.mean(compare, axis=axis, keepdims=True)) / np.std(compare, axis=axis, ddof=ddof, keepdims=True)


def central(a: Array, axis: Any, order: int, keepdims: bool = False) -> Array:
    """The mean power of distances from the mean."""
    return np.mean((a - np.mean(a, axis=axis, keepdims=True)) ** order, axis=axis, keepdims=keepdims)


def size(a: Array, axis: Any) -> int:
    """The number of samples along an axis."""
    return int(np.size(a) if axis is None else np.shape(a)[axis])


@body_of(scipy.stats.moment)
def moment(a: Array, order: Any = 1, axis: Any = 0, *, center: Any = None, keepdims: bool = False) -> Array:
    """A mean power, of distances from the mean or from a centre."""
    if np.ndim(order):
        return np.stack([moment(a, int(each), axis, center=center, keepdims=keepdims) for each in order])
    if center is None:
        return central(a, axis, order, keepdims) if order != 1 else 0.0 * np.mean(a, axis=axis, keepdims=keepdims)
    return np.mean((a - center) ** order, axis=axis, keepdims=keepdims)


@body_of(scipy.stats.skew)
def skew(a: Array, axis: Any = 0, bias: bool = True, *, keepdims: bool = False) -> Array:
    """The third moment in units of the second."""
    y, n = central(a, axis, 3, keepdims) / central(a, axis, 2, keepdims) ** 1.5, size(a, axis)
    return y if bias or n < 3 else y * np.sqrt((n - 1.0) * n) / (n - 2.0)


@body_of(scipy.stats.kurtosis)
def kurtosis(a: Array, axis: Any = 0, fisher: bool = True, bias: bool = True, *, keepdims: bool = False) -> Array:
    """The fourth moment in units of the second, less that of the normal distribution."""
    y, n = central(a, axis, 4, keepdims) / central(a, axis, 2, keepdims) ** 2, size(a, axis)
    if not bias and n > 3:
        y = ((n**2 - 1.0) * y - 3.0 * (n - 1.0) ** 2) / ((n - 2.0) * (n - 3.0)) + 3.0
    return y - 3.0 if fisher else y


@body_of(scipy.stats.sem)
def sem(a: Array, axis: Any = 0, ddof: int = 1, *, keepdims: bool = False) -> Array:
    """The mean's standard error."""
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.sqrt(size(a, axis))


@body_of(scipy.stats.variation)
def variation(a: Array, axis: Any = 0, *, ddof: int = 0, keepdims: bool = False) -> Array:
    """The standard deviation in units of the mean."""
    return np.std(a, axis=axis, ddof=ddof, keepdims=keepdims) / np.mean(a, axis=axis, keepdims=keepdims)


@body_of(scipy.stats.trim_mean)
def trim_mean(a: Array, proportiontocut: float, axis: Any = 0) -> Array:
    """The mean without the extremes."""
    a = np.sort(np.ravel(a) if axis is None else np.moveaxis(a, axis, 0), axis=0)
    cut = int(proportiontocut * np.shape(a)[0])
    return np.mean(a[cut : np.shape(a)[0] - cut], axis=0)


@body_of(scipy.stats.entropy)
def entropy(pk: Array, qk: Array | None = None, base: float | None = None, axis: int = 0, *, keepdims: bool = False) -> Array:
    """Of probabilities, which are brought to the sum of one, and relative to others."""
    pk = pk / np.sum(pk, axis=axis, keepdims=True)
    terms = sp.entr(pk) if qk is None else sp.rel_entr(pk, qk / np.sum(qk, axis=axis, keepdims=True))
    y = np.sum(terms, axis=axis, keepdims=keepdims)
    return y if base is None else y / np.log(base)


# -- results with names -----------------------------------------------------------------------------------------------------


def _line(x: Any, y: Any, alternative: str) -> Any:
    """The numbers of a regression."""
    result = scipy.stats.linregress(x, y, alternative)
    return (*(np.float64(each) for each in result), np.float64(result.intercept_stderr))


def two_sided(t: Array, freedom: int, alternative: str) -> Array:
    """The probability of a Student's t at least as extreme."""
    if alternative == "less":
        return sp.stdtr(freedom, t)
    return sp.stdtr(freedom, -t) if alternative == "greater" else 2.0 * sp.stdtr(freedom, -np.abs(t))


@body_of(_line)
def line(x: Array, y: Array, alternative: str = "two-sided") -> Any:
    """Least squares of one line."""
    n = np.size(x)
    dx, dy = x - np.mean(x), y - np.mean(y)
    xx, xy, yy = np.mean(dx * dx), np.mean(dx * dy), np.mean(dy * dy)
    slope, r = xy / xx, xy / np.sqrt(xx * yy)
    intercept = np.mean(y) - slope * np.mean(x)
    error = np.sqrt((1.0 - r * r) * yy / xx / (n - 2.0))
    p = two_sided(r * np.sqrt((n - 2.0) / ((1.0 - r) * (1.0 + r))), n - 2, alternative)
    return slope, intercept, r, p, error, error * np.sqrt(xx + np.mean(x) ** 2)


def linregress(x: Any, y: Any, alternative: str = "two-sided", **kwargs: Any) -> Any:
    """scipy.stats.linregress, with its result's names."""
    if leader((x, y)) is None or kwargs:
        return scipy.stats.linregress(x, y, alternative, **kwargs)
    x, y = np.ravel(arrayed(x)), np.ravel(arrayed(y))
    numbers = line(x, y, alternative)
    kind = type(scipy.stats.linregress(innermost(x), innermost(y)))
    return kind(**dict(zip(("slope", "intercept", "rvalue", "pvalue", "stderr", "intercept_stderr"), numbers, strict=True)))


def _correlation(x: Any, y: Any, alternative: str, axis: int) -> Any:
    """The numbers of a correlation."""
    result = scipy.stats.pearsonr(x, y, alternative=alternative, axis=axis)
    return result.statistic, result.pvalue


@body_of(_correlation)
def correlation(x: Array, y: Array, alternative: str, axis: int) -> Any:
    """The covariance in units of the deviations; under no correlation a Student's t of n - 2."""
    n = np.shape(x)[axis]
    dx, dy = (each - np.mean(each, axis=axis, keepdims=True) for each in (x, y))
    r = np.sum(dx * dy, axis=axis) / np.sqrt(np.sum(dx * dx, axis=axis) * np.sum(dy * dy, axis=axis))
    return r, two_sided(r * np.sqrt((n - 2.0) / ((1.0 - r) * (1.0 + r))), n - 2, alternative)


def pearsonr(x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: int = 0) -> Any:
    """scipy.stats.pearsonr, with its result's names."""
    if leader((x, y)) is None or method is not None:
        return scipy.stats.pearsonr(x, y, alternative=alternative, method=method, axis=axis)
    x, y = arrayed(x), arrayed(y)
    r, p = correlation(x, y, alternative, axis)
    return PearsonRResult(statistic=r, pvalue=p, alternative=alternative, n=np.shape(x)[axis], x=x, y=y, axis=axis)


FUNCTIONS |= {scipy.stats.linregress: linregress, scipy.stats.pearsonr: pearsonr}
