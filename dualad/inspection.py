"""What a number is made of, for people who want to look inside a running transform."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dual import Dual
from .levels import GROUND
from .lift import Lifted
from .structural import plain


def is_dual(x: Any) -> bool:
    """Whether x is a dual number of a transform.

    Parameters
    ----------
    x : object
        Anything.

    Returns
    -------
    bool
        True inside a transform for what it differentiates by, and for what was computed from that.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> seen = []
    >>> _ = dualad.grad(lambda x: seen.append(dualad.is_dual(x)) or np.sum(x))(np.ones(3))
    >>> seen, dualad.is_dual(1.0)
    ([True], False)
    """
    return isinstance(x, Dual) and x.level is not GROUND


def primal_of(x: Any) -> Any:
    """The value of a dual number, without its tangents.

    Parameters
    ----------
    x : object
        A dual, or anything else.

    Returns
    -------
    array, scalar or dual
        The value, an array of its own; of nested duals a dual of the outer transform. What is not dual is returned as it is.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.derivative(lambda x: x * dualad.primal_of(x))(3.0)
    np.float64(3.0)
    """
    return _own(x.primal) if isinstance(x, Dual) else x


def _own(value: Any) -> Any:
    """An array that nobody else has: who writes into it shall not change what derivatives are computed of. Of a dual whose
    transform has returned none are computed any more."""
    is_array = isinstance(value, np.ndarray) or (isinstance(value, Lifted) and value.level.alive)
    return value.copy("K") if is_array and value.ndim else value


def tangent_of(x: Any) -> Any:
    """The tangents of a dual number, one for each direction.

    Parameters
    ----------
    x : object
        A dual, or anything else.

    Returns
    -------
    array of shape (k, \\*x.shape), or None
        The derivatives of x along k directions, an array of its own; None where x does not vary, and for what is not dual.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> seen = []
    >>> _ = dualad.grad(lambda x: seen.append(dualad.tangent_of(x**2)) or np.sum(x))(np.array([1.0, 3.0]))
    >>> seen[0]
    array([[2., 0.],
           [0., 6.]])
    """
    return _own(plain(x.tangent)) if isinstance(x, Dual) and x.tangent is not None else None
