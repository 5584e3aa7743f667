"""scipy.interpolate's curves for duals: by where they are evaluated, and by the samples where they are linear in them.

>>> import numpy as np, dualad
>>> x = np.linspace(0.0, 3.0, 7)
>>> curve = dualad.scipy.interpolate.CubicSpline(x, x**3)
>>> round(float(dualad.derivative(curve)(2.0)), 9)
12.0
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.interpolate

from ..errors import NoRule, caller
from ..rules.table import Array, innermost
from .dispatch import arrayed, body_of, leader, rule_of, standing_in


def _value(curve: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
    """A curve at some places: SciPy's curves have no function for it, only calls."""
    return curve(x, nu, extrapolate)


@rule_of(_value)
def evaluate(y: Array, curve: Any, x: Array, nu: int = 0, extrapolate: Any = None, *, dx: Array) -> Array:
    """The next derivative of the curve; samples have axes that places have not."""
    slope = evaluate(curve, x, nu + 1, extrapolate)
    before = curve.axis if curve.axis >= 0 else curve.axis + slope.ndim - np.ndim(x) + 1
    trailing = slope.ndim - np.ndim(x) - before
    shape = (len(dx), *(1,) * before, *np.shape(x), *(1,) * trailing)
    return slope * np.reshape(dx, shape)


def _varied(make: Callable[[Any], Any], samples: Any, axis: int, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
    """The curve through samples, at some places."""
    return make(np.moveaxis(samples, axis, 0))(x, nu, extrapolate)


@body_of(_varied)
def through(make: Callable[[Any], Any], samples: Array, axis: int, x: Array, nu: int = 0, extrapolate: Any = None) -> Array:
    """Linear in the samples: the curves through a one among zeros, each by its sample."""
    base = evaluate(make(np.eye(samples.shape[axis])), x, nu, extrapolate)
    return np.tensordot(base, np.moveaxis(samples, axis, 0), 1)


class Curve:
    """SciPy's curve, which takes duals as places; all else it has is SciPy's own.

    Parameters
    ----------
    original : callable
        What makes the curve: SciPy's class or function.
    linear : bool
        Whether the curve is linear in the samples, so that they may be duals.
    *args, **kwargs
        Those of `original`.
    """

    def __init__(self, original: Callable[..., Any], linear: bool, /, *args: Any, **kwargs: Any) -> None:
        bound = inspect.signature(original).bind(*args, **kwargs)
        samples = arrayed(bound.arguments["y"])
        others = [each for name, each in bound.arguments.items() if name != "y"]
        self._samples, self._axis = samples, bound.arguments.get("axis", 0)
        self._varies = leader([samples]) is not None
        if leader(others) is not None or (self._varies and not linear):
            what = "places of its samples" if leader(others) is not None else "samples"
            raise NoRule(
                f"scipy.interpolate.{original.__name__}, called at {caller()}, has no derivative by the {what}: pass "
                "dualad.stop_gradient of them if they are not to be differentiated"
            )
        if self._varies and not isinstance(bound.arguments.get("bc_type") or "", str):
            raise NoRule(
                f"scipy.interpolate.{original.__name__}, called at {caller()}, has no derivative by the samples with a "
                "bc_type of values; give it by name"
            )

        def make(y: Any) -> Any:
            return original(**(bound.arguments | {"y": y, "axis": 0}))

        self._make = make
        self._curve = make(np.moveaxis(innermost(samples), self._axis, 0)) if self._varies else original(*args, **kwargs)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        """The curve, or its derivative of order `nu`, at x."""
        x = arrayed(x)
        if not self._varies:
            return evaluate(self._curve, x, nu, extrapolate)
        if self._axis not in (0, -np.ndim(self._samples)):
            raise NoRule("a curve through samples that are duals runs along their first axis; move it there")
        return through(self._make, self._samples, 0, x, nu, extrapolate)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._varies:
            raise NoRule(f"{name} of a curve through samples that are duals has no derivative rule; the curve's values have")
        return getattr(self._curve, name)


def CubicSpline(*args: Any, **kwargs: Any) -> Curve:  # noqa: N802 - SciPy's name
    """scipy.interpolate.CubicSpline, linear in the samples."""
    return Curve(scipy.interpolate.CubicSpline, True, *args, **kwargs)


def make_interp_spline(*args: Any, **kwargs: Any) -> Curve:
    """scipy.interpolate.make_interp_spline, linear in the samples."""
    return Curve(scipy.interpolate.make_interp_spline, True, *args, **kwargs)


def PchipInterpolator(*args: Any, **kwargs: Any) -> Curve:  # noqa: N802 - SciPy's name
    """scipy.interpolate.PchipInterpolator."""
    return Curve(scipy.interpolate.PchipInterpolator, False, *args, **kwargs)


def Akima1DInterpolator(*args: Any, **kwargs: Any) -> Curve:  # noqa: N802 - SciPy's name
    """scipy.interpolate.Akima1DInterpolator."""
    return Curve(scipy.interpolate.Akima1DInterpolator, False, *args, **kwargs)


__getattr__ = standing_in(scipy.interpolate)
