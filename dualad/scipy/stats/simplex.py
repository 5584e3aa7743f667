"""scipy.stats.dirichlet for duals: by the point and the concentrations."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy import special

from ...rules.table import Array
from ..dispatch import arrayed, body_of, method_of

KIND = type(scipy.stats.dirichlet)
FROZEN = type(scipy.stats.dirichlet([1.0, 1.0]))


def _value(x: Any, alpha: Any, name: str) -> Any:
    """SciPy's method."""
    return getattr(scipy.stats.dirichlet, name)(x, alpha)


@body_of(_value)
def value(x: Array, alpha: Array, name: str) -> Array:
    """The last component is what is missing to 1 where it is left out."""
    if np.shape(x)[0] + 1 == np.shape(alpha)[0]:
        x = np.concatenate([x, np.expand_dims(1.0 - np.sum(x, axis=0), 0)])
    logarithm = special.gammaln(np.sum(alpha)) - np.sum(special.gammaln(alpha))
    y = logarithm + np.sum(special.xlogy(np.reshape(alpha - 1.0, (-1,) + (1,) * (np.ndim(x) - 1)), x), axis=0)
    return y if name == "logpdf" else np.exp(y)


def _enter(name: str) -> None:
    def method(self: Any, x: Any, alpha: Any) -> Array:
        return value(arrayed(x), arrayed(alpha), name)

    def frozen(self: Any, x: Any) -> Array:
        return value(arrayed(x), self.alpha, name)

    method_of(KIND, name)(method)
    method_of(FROZEN, name)(frozen)


for each in ("pdf", "logpdf"):
    _enter(each)
