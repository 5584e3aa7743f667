"""scipy.interpolate's curves for duals: by where they are evaluated, by the samples, and by where the samples are.

>>> import numpy as np, dualad
>>> x = np.linspace(0.0, 3.0, 7)
>>> curve = dualad.scipy.interpolate.CubicSpline(x, x**3)
>>> round(float(dualad.derivative(curve)(2.0)), 9)
12.0
"""

from __future__ import annotations

from typing import Any

import scipy.interpolate

from .. import dispatch
from . import curves
from .grids import interpn
from .splines import make_interp_spline, splev, splrep

__all__ = ["curves", "interpn", "make_interp_spline", "splev", "splrep"]

_others = dispatch.standing_in(scipy.interpolate)


def __getattr__(name: str) -> Any:
    known = getattr(scipy.interpolate, name)
    if isinstance(known, type) and any((cls, "__call__") in dispatch.METHODS for cls in known.__mro__):
        return dispatch.class_of(known)
    return _others(name)
