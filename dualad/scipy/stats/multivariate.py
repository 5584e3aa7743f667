"""scipy.stats.multivariate_normal for duals: by the point, the mean and the covariance."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from ...errors import NoRule, caller
from ...lift import Lifted
from ...rules.table import Array, innermost
from ..dispatch import METHODS, body_of, class_of, leader, method_of
from ..linalg import cholesky, solve_triangular

KIND = type(scipy.stats.multivariate_normal)
FROZEN = type(scipy.stats.multivariate_normal([0.0]))
LOG_2PI = np.log(2.0 * np.pi)


def _value(x: Any, mean: Any, cov: Any, name: str, allow_singular: bool) -> Any:
    """SciPy's method."""
    return getattr(scipy.stats.multivariate_normal, name)(x, mean, cov, allow_singular)


@body_of(_value)
def value(x: Array, mean: Array | None, cov: Array, name: str, allow_singular: bool) -> Array:
    """The square of L^-1 (x - mean), and the determinant, by Cholesky's factor; of a constant covariance by SciPy's."""
    known: Any = cov if isinstance(cov, scipy.stats.Covariance) else None
    size = known.shape[-1] if known is not None else np.size(cov) if np.ndim(cov) < 2 else np.shape(cov)[-1]
    if np.ndim(cov) < 2 and known is None and size == 1 and mean is not None:
        size = np.size(mean)
    x = x - (0.0 if mean is None else mean)
    if np.ndim(x) == 0 or (size == 1 and np.shape(x)[-1] != 1):
        x = np.reshape(x, (*np.shape(x), 1))
    if known is None and not isinstance(cov, Lifted):
        known = scipy.stats.multivariate_normal(np.zeros(size), cov, allow_singular).cov_object
    if known is not None:
        white, rank, logarithm = known.whiten(np.eye(size)), known.rank, known.log_pdet
        z = x @ white
    elif allow_singular:
        raise NoRule(
            f"scipy.stats.multivariate_normal, called at {caller()}, has no derivative by the covariance with "
            "allow_singular=True: leave it out"
        )
    else:
        full = np.eye(size) * (cov if np.ndim(cov) < 2 else 1.0) if np.ndim(cov) < 2 else cov
        factor = cholesky(full, lower=True)
        z = np.moveaxis(solve_triangular(factor, np.reshape(x, (-1, size)).T, lower=True).T.reshape(np.shape(x)), -1, -1)
        rank, logarithm = size, 2.0 * np.sum(np.log(np.diagonal(factor)))
    y = -0.5 * (rank * LOG_2PI + logarithm + np.sum(z * z, axis=-1))
    return y if name == "logpdf" else np.exp(y)


def _enter(name: str) -> None:
    def method(self: Any, x: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False) -> Array:
        return value(x, mean, cov, name, allow_singular)

    def frozen(self: Any, x: Any) -> Array:
        cov = vars(self).get("_lifted", self.cov_object)
        return value(x, self.mean, cov, name, self.allow_singular)

    method_of(KIND, name)(method)
    method_of(FROZEN, name)(frozen)


for each in ("pdf", "logpdf"):
    _enter(each)


@method_of(FROZEN, "__init__")
def freeze(self: Any, mean: Any = None, cov: Any = 1.0, allow_singular: bool = False, *args: Any, **kwargs: Any) -> None:
    """SciPy's object with the primals, and the duals beside them."""
    METHODS[FROZEN, "__init__"].__wrapped__(  # type: ignore[attr-defined]  # SciPy's own
        self, innermost(mean), innermost(cov), allow_singular, *args, **kwargs
    )
    if leader((mean,)) is not None:
        self.mean = mean
    if leader((cov,)) is not None:
        self._lifted = cov


def standing() -> Any:
    """SciPy's object, whose methods take duals; so do those of what it gives when it is called with parameters."""
    kind = class_of(KIND)
    kind.__call__ = lambda self, *args, **kwargs: class_of(FROZEN)(*args, **kwargs)
    new = object.__new__(kind)
    new.__dict__.update(vars(scipy.stats.multivariate_normal))
    return new


__all__ = ["standing", "value"]
