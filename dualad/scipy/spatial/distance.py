"""scipy.spatial.distance for arrays with duals among them: metrics that vary smoothly with the points.

>>> import numpy as np, dualad
>>> points = np.array([[0.0, 0.0], [3.0, 4.0]])
>>> dualad.jacfwd(lambda x: dualad.scipy.spatial.distance.cdist(x, points)[0, 1])(points[:1])
array([[-0.6, -0.8]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.distance

from ...errors import NoRule, caller
from ...rules.table import Array
from ..dispatch import body_of, standing_in


def scaled(w: Any) -> Any:
    """Weights of coordinates; all one if there are none."""
    return 1.0 if w is None else w


def quotient(above: Array, below: Array) -> Array:
    """0 where both are, as in SciPy's sums of ratios."""
    return np.where(below == 0, 0.0, above / np.where(below == 0, 1.0, below))


def euclidean_of(u: Array, v: Array, w: Any = None) -> Array:
    """The length of the difference."""
    return np.linalg.norm((u - v) if w is None else (u - v) * np.sqrt(w), axis=-1)


def sqeuclidean_of(u: Array, v: Array, w: Any = None) -> Array:
    """Its square."""
    return np.sum(scaled(w) * (u - v) ** 2, axis=-1)


def cityblock_of(u: Array, v: Array, w: Any = None) -> Array:
    """The sum of absolute differences."""
    return np.sum(scaled(w) * np.abs(u - v), axis=-1)


def chebyshev_of(u: Array, v: Array, w: Any = None) -> Array:
    """The largest difference among coordinates of positive weight."""
    size = np.abs(u - v)
    return np.max(size if w is None else np.where(np.asarray(w) > 0, size, 0.0), axis=-1)


def minkowski_of(u: Array, v: Array, p: float = 2, w: Any = None) -> Array:
    """The norm of order p."""
    return np.linalg.norm(u - v if w is None else (u - v) * w ** (1.0 / p), p, axis=-1)


def seuclidean_of(u: Array, v: Array, V: Array) -> Array:
    """The length in units of standard deviations."""
    return np.linalg.norm((u - v) / np.sqrt(V), axis=-1)


def mahalanobis_of(u: Array, v: Array, VI: Array) -> Array:
    """The root of d^T VI d: 0 where the points are one."""
    d = u - v
    square = np.sum((d @ VI) * d, axis=-1)
    return np.where(square == 0, 0.0, np.sqrt(np.where(square == 0, 1.0, square)))


def cosine_of(u: Array, v: Array, w: Any = None) -> Array:
    """One less the cosine of the angle."""
    weight = scaled(w)
    product = np.sum(weight * u * v, axis=-1)
    return 1.0 - product / np.sqrt(np.sum(weight * u * u, axis=-1) * np.sum(weight * v * v, axis=-1))


def correlation_of(u: Array, v: Array, w: Any = None) -> Array:
    """One less the correlation of coordinates."""
    weight = np.ones(np.shape(u)[-1]) if w is None else w
    weight = weight / np.sum(weight)
    u, v = (each - np.sum(weight * each, axis=-1, keepdims=True) for each in (u, v))
    return cosine_of(u, v, weight)


def canberra_of(u: Array, v: Array, w: Any = None) -> Array:
    """The sum of differences over sizes."""
    return np.sum(scaled(w) * quotient(np.abs(u - v), np.abs(u) + np.abs(v)), axis=-1)


def braycurtis_of(u: Array, v: Array, w: Any = None) -> Array:
    """The sum of differences over that of sums."""
    return np.sum(scaled(w) * np.abs(u - v), axis=-1) / np.sum(scaled(w) * np.abs(u + v), axis=-1)


METRICS: dict[str, Callable[..., Any]] = {
    "euclidean": euclidean_of,
    "sqeuclidean": sqeuclidean_of,
    "cityblock": cityblock_of,
    "chebyshev": chebyshev_of,
    "minkowski": minkowski_of,
    "seuclidean": seuclidean_of,
    "mahalanobis": mahalanobis_of,
    "cosine": cosine_of,
    "correlation": correlation_of,
    "canberra": canberra_of,
    "braycurtis": braycurtis_of,
}
ALIASES = {"euclid": "euclidean", "eu": "euclidean", "e": "euclidean", "sqeuclid": "sqeuclidean", "sqe": "sqeuclidean"} | {
    "manhattan": "cityblock", "cityblock": "cityblock", "cblock": "cityblock", "cheby": "chebyshev", "ch": "chebyshev",
    "mi": "minkowski", "m": "minkowski", "pnorm": "minkowski", "se": "seuclidean", "mahal": "mahalanobis", "cos": "cosine",
    "co": "correlation",
}  # fmt: skip


def between(u: Array, v: Array, metric: Any, keywords: dict[str, Any]) -> Array:
    """Distances of points along the last axis, by SciPy's name of a metric."""
    name = getattr(metric, "__name__", metric).lower()
    name = ALIASES.get(name, name)
    if name not in METRICS or (
        callable(metric) and metric not in (getattr(scipy.spatial.distance, name, None), globals().get(name))
    ):
        raise NoRule(
            f"scipy.spatial.distance, called at {caller()}, has no derivative rule for the metric {metric!r}; it has for "
            + ", ".join(METRICS)
        )
    if name in ("seuclidean", "mahalanobis") and not keywords:
        raise NoRule(
            f"scipy.spatial.distance, called at {caller()}, has no derivative of the metric {name!r} with the variances of "
            f"the points themselves: pass {'V' if name == 'seuclidean' else 'VI'}"
        )
    return METRICS[name](u, v, **keywords)


@body_of(scipy.spatial.distance.cdist)
def cdist(XA: Array, XB: Array, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Array:
    """Every point of the one with every point of the other; 0 is the derivative of a length at 0."""
    return between(XA[:, None, :], XB[None, :, :], metric, kwargs)


@body_of(scipy.spatial.distance.pdist)
def pdist(X: Array, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Array:
    """Every point with those after it."""
    i, j = np.triu_indices(X.shape[0], 1)
    return between(X[i], X[j], metric, kwargs)


@body_of(scipy.spatial.distance.squareform)
def squareform(X: Array, force: str = "no", checks: bool = True) -> Array:
    """What `pdist` gives as a symmetric matrix, or back."""
    if X.ndim == 2:
        i, j = np.triu_indices(X.shape[0], 1)
        return X[i, j]
    n = int(np.ceil(np.sqrt(2 * X.size)))
    place = np.zeros((n, n), int)
    i, j = np.triu_indices(n, 1)
    place[i, j] = place[j, i] = np.arange(X.size)
    off = 1.0 - np.eye(n)
    return np.take(X, place) * off if X.size else np.zeros((1, 1))


def _single(metric: str) -> Callable[..., Any]:
    """The function of two points behind a metric's name."""

    def body(*args: Any, **kwargs: Any) -> Array:
        return METRICS[metric](*args, **kwargs)

    body.__doc__ = "The distance of two points."
    public: Callable[..., Any] = body_of(getattr(scipy.spatial.distance, metric))(body)
    return public


euclidean, sqeuclidean, cityblock, chebyshev = map(_single, ("euclidean", "sqeuclidean", "cityblock", "chebyshev"))
minkowski, seuclidean, mahalanobis = map(_single, ("minkowski", "seuclidean", "mahalanobis"))
canberra, braycurtis, cosine = map(_single, ("canberra", "braycurtis", "cosine"))

__getattr__ = standing_in(scipy.spatial.distance)
