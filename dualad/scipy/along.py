"""Derivatives of functions inside rules: along tangents that are there, at primals that may be lifted themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dual import Dual, dual
from ..levels import Level
from ..objects import lift_objects
from ..rules.table import Array


def along(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Array | None]) -> Array | None:
    """The tangent of f at primals along tangents, which have the direction axis in front; None if nothing varies.

    The answer of f is one array.
    """
    with Level.fresh("a rule of dualad.scipy") as level:
        lifted = [
            primal if tangent is None else dual(primal if hasattr(primal, "dtype") else np.float64(primal), tangent, level)
            for primal, tangent in zip(primals, tangents, strict=True)
        ]
        y = lift_objects(f(*lifted))
    return y.tangent if isinstance(y, Dual) and y.level is level else None
