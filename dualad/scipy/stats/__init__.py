"""scipy.stats for duals: distributions by their argument, location, scale and shape parameters.

>>> import numpy as np, dualad
>>> norm = dualad.scipy.stats.norm
>>> print(round(float(dualad.derivative(norm.cdf)(0.0)), 6))
0.398942
"""

from __future__ import annotations

import functools
from typing import Any

import scipy.stats

from .. import dispatch
from . import distributions, multivariate, simplex
from .samples import (
    entropy,
    gmean,
    hmean,
    kurtosis,
    linregress,
    moment,
    pearsonr,
    pmean,
    sem,
    skew,
    trim_mean,
    variation,
    zmap,
    zscore,
)

__all__ = [
    "distributions",
    "entropy",
    "gmean",
    "hmean",
    "kurtosis",
    "linregress",
    "moment",
    "multivariate",
    "pearsonr",
    "pmean",
    "sem",
    "simplex",
    "skew",
    "trim_mean",
    "variation",
    "zmap",
    "zscore",
]

_others = dispatch.standing_in(scipy.stats)


@functools.cache
def _standing(name: str) -> Any:
    """A distribution of SciPy's whose methods take duals."""
    return dispatch.standing(getattr(scipy.stats, name))


_normal = functools.cache(multivariate.standing)

OF_VECTORS = type(scipy.stats.dirichlet).__mro__[1]  # the parent of all distributions of vectors and matrices


def __getattr__(name: str) -> Any:
    if name == "multivariate_normal":
        return _normal()
    if isinstance(getattr(scipy.stats, name), (scipy.stats.rv_continuous, scipy.stats.rv_discrete, OF_VECTORS)):
        return _standing(name)
    return _others(name)
