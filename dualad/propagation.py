"""Error propagation: what a covariance of the input becomes behind a function, by its derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .directions import jacfwd, value_and_jacfwd
from .errors import BadArgument
from .foreign import is_sparse
from .lift import Lifted, is_recorded, memory
from .objects import lift_objects
from .selection import name_of
from .trees import differentiable, flatten, unflatten

SYMMETRIC = 1e-8
"""How far the two halves of a covariance matrix may be apart, relative to its largest entry."""

LARGE = 2000
"""Of more numbers nobody waits for the check of all correlations together, which goes by their third power."""


def propagate(f: Callable[[Any], Any], x: Any, cov: Any, order: int = 1) -> tuple[Any, Any]:
    """The value of f and its covariance, from the covariance of its argument.

    Parameters
    ----------
    f : callable
        Function of one argument: an array, a scalar or a pytree of them.
    x : array_like, scalar or pytree
        The argument's mean.
    cov : array_like
        Its covariance: of n numbers an n-by-n matrix, in the order in which the numbers stand in x; of one scalar a variance.
    order : 1 or 2, optional
        2: the value with the mean's correction of second order.

    Returns
    -------
    value : pytree of arrays
        What f returned; with ``order=2``, corrected.
    covariance : ndarray or scalar
        Of the m numbers in it an m-by-m matrix, in their order; of one scalar a variance. Both fit into the next `propagate`.

    Raises
    ------
    BadArgument
        If `cov` is no covariance matrix of the numbers in x, f's output is complex, or `order` is neither 1 nor 2.
    NotDifferentiable
        If x holds nothing to differentiate, or the output is not numeric.

    Notes
    -----
    With the Jacobian J at x the covariance is J C Jᵀ, exact for linear functions and right to first order in C for others.
    With the Hessian H of an output the correction of its mean is trace(H C) / 2, exact for quadratic functions whatever the
    distribution; it does not change the covariance. Both are the law of propagation of uncertainty of the Guide to the
    Expression of Uncertainty in Measurement (JCGM 100:2008, 5.1.2 and 5.2.2, and for several outputs JCGM 102:2011, 6.2),
    Taylor's series with expectations in the place of powers.

    A correlation that f's outputs have by sharing an input is in the matrix; standard deviations are the square roots of its
    diagonal. Variances of independent numbers are ``np.diag(sigma**2)``.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> resistance = lambda x: x[0] / x[1]                  # of a voltage and a current
    >>> value, variance = dualad.propagate(resistance, np.array([5.0, 0.02]), np.diag([0.01, 1e-4]) ** 2)
    >>> print(value, variance.round(6))
    250.0 1.8125
    >>> print(dualad.propagate(resistance, np.array([5.0, 0.02]), np.diag([0.01, 1e-4]) ** 2, order=2)[0])
    250.00625
    """
    slopes_of = value_and_jacfwd(f, matrix=True)
    if order not in (1, 2):
        raise BadArgument(f"propagate: order={order!r}; it is 1, or 2 for the mean's correction of second order")
    cov = _covariance(x, cov)
    value, slopes = slopes_of(x)
    leaves, structure = flatten(value)
    if any(np.iscomplexobj(leaf) for leaf in leaves):
        raise BadArgument(f"propagate: {name_of(f)} gives complex numbers: return their real and imaginary parts")
    with np.errstate(invalid="ignore"):  # infinite variances, as curve_fit has them, times a slope of 0 are nan
        covariance = slopes @ cov @ slopes.T
    if isinstance(covariance, np.ndarray) and np.any(below := np.diagonal(covariance) < 0.0):
        rounding = np.diagonal(np.abs(slopes) @ np.abs(cov) @ np.abs(slopes.T)) * len(cov) * np.finfo(float).eps
        covariance[np.diag(below & (np.diagonal(covariance) >= -rounding))] = 0.0  # whose root somebody may take
    if len(leaves) == 1 and not np.ndim(leaves[0]):
        covariance = covariance[0, 0]
    if order == 1:
        return value, covariance
    curvatures = jacfwd(jacfwd(f, matrix=True), matrix=True)(x)
    with np.errstate(invalid="ignore"):
        shifts = 0.5 * np.sum(np.reshape(curvatures, (len(slopes), *cov.shape)) * cov, axis=(1, 2))
    corrected: list[Any] = []
    first = 0
    for leaf in leaves:
        size = 0 if leaf is None else np.size(leaf)
        corrected.append(None if leaf is None else leaf + np.reshape(shifts[first : first + size], np.shape(leaf))[()])
        first += size
    return unflatten(structure, corrected), covariance


def _covariance(x: Any, cov: Any) -> Any:
    """The covariance as a matrix, refused if it is none of the numbers in x."""
    cov = lift_objects(cov.toarray() if is_sparse(type(cov)) else cov)
    cov = cov if isinstance(cov, Lifted) else np.asarray(cov)
    if cov.dtype.kind not in "iuf":
        raise BadArgument(f"propagate: cov is an array of {cov.dtype}; variances and covariances are real numbers")
    cov = cov * 1.0
    numbers = [differentiable(lift_objects(leaf), complex_allowed=False) for leaf in flatten(x)[0]]
    count = sum(np.size(each) for each in numbers if each is not None)
    if cov.ndim == 0 and count == 1:
        cov = np.reshape(cov, (1, 1))
    if cov.shape != (count, count):
        instead = "; write np.diag(sigma**2) for independent numbers" if cov.shape == (count,) else ""
        raise BadArgument(
            f"propagate: cov has shape {cov.shape}, and x holds {count} number(s), so it is {(count, count)}{instead}"
        )
    if is_recorded(cov):
        return cov
    plain = memory(cov)
    size = np.max(np.abs(plain[np.isfinite(plain)]), initial=0.0)
    if not np.allclose(plain, plain.T, rtol=0.0, atol=SYMMETRIC * size, equal_nan=True):
        raise BadArgument("propagate: cov is not symmetric, so it is no covariance matrix")
    variances = np.diagonal(plain)
    if np.any(negative := variances < -SYMMETRIC * size):  # beside larger ones rounding may
        raise BadArgument(f"propagate: cov has a negative variance at {int(np.argmax(negative))}")
    with np.errstate(all="ignore"):  # of infinite ones nothing can be said
        deviations = np.sqrt(variances)
        beyond = np.abs(plain) - np.outer(deviations, deviations) > SYMMETRIC * size
    if np.any(beyond):
        places = ", ".join(map(str, np.argwhere(beyond)[0]))
        raise BadArgument(f"propagate: the covariance at ({places}) is more than a correlation of 1, so it is none")
    known = np.isfinite(plain).all(axis=0) & (variances > 0.0)
    if np.count_nonzero(known) <= LARGE and not _possible(plain[known][:, known], deviations[known]):
        raise BadArgument("propagate: cov has a negative eigenvalue: no numbers have these correlations with each other")
    return cov


def _possible(cov: Any, deviations: Any) -> bool:
    """Whether no sum of the numbers has a negative variance, but for rounding."""
    count = len(cov)
    try:
        np.linalg.cholesky(cov / np.outer(deviations, deviations) + SYMMETRIC * count * np.eye(count))
    except np.linalg.LinAlgError:
        return False
    return True
