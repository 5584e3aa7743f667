"""B-splines for duals: by the place, by the coefficients or samples, and by the knots."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate
from scipy.interpolate import BSpline

from ...errors import NoRule, caller
from ...rules.table import Array, innermost
from ..dispatch import FUNCTIONS, arrayed, body_of, holds, leader, method_of, own, sample, standing
from ..steps import one_line
from .curves import area, evaluate, settled, without_rule

MODES = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}


def quotient(above: Array, below: Array) -> Array:
    """0 where knots coincide."""
    none = innermost(below) == 0
    return np.where(none, 0.0, above / np.where(none, 1.0, below))


def de_boor(t: Array, c: Array, k: int, at: Array, nu: int = 0) -> Array:
    """De Boor's recursion: means of neighbouring coefficients, in all intervals at once."""
    for _ in range(nu):
        if k == 0:
            return np.zeros((*np.shape(at), *np.shape(c)[1:])) * np.reshape(at, (*np.shape(at), *(1,) * (np.ndim(c) - 1)))
        n = np.shape(t)[0] - k - 1
        widths = np.reshape(t[k + 1 : n + k] - t[1:n], (-1, *(1,) * (np.ndim(c) - 1)))
        t, c, k = t[1:-1], k * quotient(c[1:n] - c[: n - 1], widths), k - 1
    n = np.shape(t)[0] - k - 1
    shape, trailing = np.shape(at), (1,) * (np.ndim(c) - 1)
    index = np.clip(np.searchsorted(innermost(t)[: n + 1], innermost(at), side="right") - 1, k, n - 1)
    while k and np.any(flat := (innermost(t)[index] == innermost(t)[index + 1]) & (index > k)):
        index = index - flat  # the last interval of a knot vector that ends in equal knots
    parts = [c[index - k + j] for j in range(k + 1)]
    for r in range(1, k + 1):
        for j in range(k, r - 1, -1):
            low, high = t[index - k + j], t[index + 1 + j - r]
            weight = np.reshape(quotient(at - low, high - low), (*shape, *trailing))
            parts[j] = (1.0 - weight) * parts[j - 1] + weight * parts[j]
    return parts[k]


def _spline(t: Any, c: Any, k: int, at: Any, nu: int, beyond: Any, axis: int) -> Any:
    """SciPy's B-spline."""
    return BSpline.construct_fast(t, c, k, True, axis)(at, nu, beyond)


@one_line
@body_of(_spline)
def spline(t: Array, c: Array, k: int, at: Array, nu: int, beyond: Any, axis: int) -> Array:
    """By `de_boor`."""
    knots = innermost(t)
    n = knots.size - k - 1
    if beyond == "periodic":
        period = t[n] - t[k]
        at = at - period * np.floor((innermost(at) - knots[k]) / innermost(period))
    out = de_boor(t, c, k, at, nu)
    if beyond is False:
        outside = (innermost(at) < knots[k]) | (innermost(at) > knots[n])
        out = np.where(np.reshape(outside, (*np.shape(at), *(1,) * (np.ndim(c) - 1))), np.nan * out, out)
    return settled(out, np.ndim(at), axis)


@method_of(BSpline, "__call__")
def called(self: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Array:
    """The curve, or its derivative of order `nu`."""
    x = arrayed(x)
    if not holds(self):
        return evaluate(self, x, nu, extrapolate)
    beyond = self.extrapolate if extrapolate is None else extrapolate
    return spline(self._t, self._c, self.k, np.asarray(x, float) if leader((x,)) is None else x, nu, beyond, self.axis)


@method_of(BSpline, "integrate")
def integrate(self: Any, a: Any, b: Any, extrapolate: Any = None) -> Array:
    """By its ends, of a spline that does not vary."""
    if holds(self):
        raise without_rule(self, "the integral by coefficients")
    return area(self, a, b, extrapolate)


@method_of(BSpline, "derivative", "antiderivative", "insert_knot")
def refuse_method(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Refused by name."""
    raise without_rule(self, "derivative as an object (call it with nu instead), antiderivative or insert_knot")


@method_of(BSpline, "__init__")
def make_spline(self: Any, t: Any, c: Any, k: int, extrapolate: Any = True, axis: int = 0) -> None:
    """Coefficients along their first axis, as SciPy keeps them."""
    own(BSpline, "__init__")(self, sample(t), sample(c), k, extrapolate, axis)
    self._t, self._c = arrayed(t), np.moveaxis(arrayed(c), axis, 0)


def built(t: Array, c: Array, k: int, axis: int = 0, extrapolate: Any = True) -> Any:
    """A B-spline of SciPy's class whose methods take duals."""
    self = standing(BSpline.construct_fast(sample(t), sample(c), k, extrapolate, axis))
    self._t, self._c = t, c
    return self


# -- through samples -------------------------------------------------------------------------------------------------------


def knots_of(x: Array, k: int) -> Array:
    """SciPy's choice: samples without those next to the ends, or the middles between samples for an even degree."""
    inner = x if k % 2 else 0.5 * (x[1:] + x[:-1])
    cut = (k + 1) // 2
    inner = inner[cut : np.shape(inner)[0] - cut]
    return np.concatenate([np.repeat(x[:1], k + 1), inner, np.repeat(x[-1:], k + 1)])


def _interpolating(x: Any, y: Any, k: int, fitpack: bool = False) -> Any:
    """SciPy's coefficients, or FITPACK's, which differ in the last bits."""
    if fitpack:
        return scipy.interpolate.splrep(x, y, k=k, s=0)[1][: np.size(x)]
    return scipy.interpolate.make_interp_spline(x, y, k).c


@one_line
@body_of(_interpolating)
def interpolating(x: Array, y: Array, k: int, fitpack: bool = False) -> Array:
    """The coefficients at which the spline goes through the samples."""
    n = np.shape(x)[0]
    basis = de_boor(knots_of(x, k), np.eye(n), k, x)
    return np.reshape(np.linalg.solve(basis, np.reshape(y, (n, -1))), np.shape(y))


def _linear(make: Any, y: Any) -> Any:
    """The coefficients of a curve that is linear in its samples."""
    return make(y)


@body_of(_linear)
def linear(make: Any, y: Array) -> Array:
    """Those of ones among zeros, each times its sample."""
    return np.tensordot(make(np.eye(np.shape(y)[0])), y, 1)


def make_interp_spline(
    x: Any, y: Any, k: int = 3, t: Any = None, bc_type: Any = None, axis: int = 0, check_finite: bool = True
) -> Any:
    """scipy.interpolate.make_interp_spline: by the samples, and by their places where the knots are SciPy's choice."""
    original = scipy.interpolate.make_interp_spline
    if leader((x, y, t)) is None:
        return standing(original(x, y, k, t, bc_type, axis, check_finite))
    x, samples = arrayed(x), np.moveaxis(arrayed(y), axis, 0)
    plain = original(sample(x), sample(samples), k, t, bc_type, 0, check_finite)
    if leader((x, t)) is None and (bc_type is None or isinstance(bc_type, str)):
        coefficients = linear(lambda y: original(x, y, k, t, bc_type).c, samples)
        return built(plain.t, coefficients, k, axis % np.ndim(samples), plain.extrapolate)
    if t is not None or bc_type not in (None, "not-a-knot") or k == 0:
        raise NoRule(
            f"scipy.interpolate.make_interp_spline, called at {caller()}, has no derivative by x or t with t or bc_type: leave "
            "them out, or use CubicSpline"
        )
    return built(knots_of(x, k), interpolating(x, samples, k), k, axis % np.ndim(samples), plain.extrapolate)


# -- FITPACK ---------------------------------------------------------------------------------------------------------------


def _splev(x: Any, t: Any, c: Any, k: int, der: int, ext: int) -> Any:
    """SciPy's value."""
    return scipy.interpolate.splev(x, (t, c, k), der, ext)


@one_line
@body_of(_splev)
def fitpack(x: Array, t: Array, c: Array, k: int, der: int, ext: int) -> Array:
    """By `de_boor`, with what FITPACK does beyond the ends."""
    n = np.shape(t)[0] - k - 1
    outside = (innermost(x) < innermost(t)[k]) | (innermost(x) > innermost(t)[n])
    if ext == 3:
        x = np.where(innermost(x) < innermost(t)[k], t[k], np.where(innermost(x) > innermost(t)[n], t[n], x))
    y = de_boor(t, c[:n], k, x, der)
    return np.where(outside, 0.0, y) if ext == 1 or (ext == 3 and der) else y


def splev(x: Any, tck: Any, der: int = 0, ext: int = 0) -> Any:
    """scipy.interpolate.splev: by the places, knots and coefficients."""
    if isinstance(tck, BSpline) or leader((x, tck)) is None:
        return scipy.interpolate.splev(x, tck, der, ext) if leader((x,)) is None else called(tck, x, der)
    t, c, k = tck
    if isinstance(c, list) or np.ndim(c) > 1:  # the curves of splprep, one coordinate after the other
        return [splev(x, (t, each, k), der, ext) for each in c]
    return fitpack(arrayed(x), arrayed(t), arrayed(c), k, der, ext)


def splrep(x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
    """scipy.interpolate.splrep through its samples: by samples and places."""
    if leader((x, y, *args, *kwargs.values())) is None:
        return scipy.interpolate.splrep(x, y, *args, **kwargs)
    k, s = kwargs.get("k", 3), kwargs.get("s", 0.0)
    if args or kwargs.keys() - {"k", "s"} or s != 0:
        raise NoRule(
            f"scipy.interpolate.splrep, called at {caller()}, has a derivative by samples only without smoothing and with no "
            "argument but k: write splrep(x, y, k=k), or make_interp_spline"
        )
    x, y = arrayed(x), arrayed(y)
    c = interpolating(x, y, k, True)
    return knots_of(x, k), np.concatenate([c, np.zeros(k + 1)]), k


FUNCTIONS |= {
    scipy.interpolate.splev: splev,
    scipy.interpolate.splrep: splrep,
    scipy.interpolate.make_interp_spline: make_interp_spline,
}
UNIVARIATE = scipy.interpolate.UnivariateSpline


@method_of(UNIVARIATE, "__call__")
def evaluated(self: Any, x: Any, nu: int = 0, ext: Any = None) -> Array:
    """The curve, or its derivative of order `nu`."""
    x = arrayed(x)
    if not holds(self):
        return evaluate(self, x, nu, ext)
    beyond = self.ext if ext is None else MODES.get(ext, ext)
    return fitpack(x, *self._eval_args, nu, beyond)


def _mass(curve: Any, a: Any, b: Any) -> Any:
    """The integral of a curve, which is zero beyond its ends."""
    return curve.integral(a, b)


@method_of(UNIVARIATE, "integral")
def integral(self: Any, a: Any, b: Any) -> Array:
    """By its ends, of a spline that does not vary."""
    if holds(self):
        raise without_rule(self, "the integral by samples")
    whole = self.antiderivative()
    t, k = self._eval_args[0], self._eval_args[2]
    return evaluate(whole, np.clip(b, t[k], t[-k - 1])) - evaluate(whole, np.clip(a, t[k], t[-k - 1]))


@method_of(UNIVARIATE, "derivatives", "roots", "derivative", "antiderivative", "get_coeffs", "get_knots", "get_residual")
def refuse_univariate(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Refused by name."""
    raise without_rule(self, "anything but the value")


def _through(self: Any, cls: type, x: Any, y: Any, k: int, ext: Any, more: dict[str, Any]) -> None:
    smooth = more.get("s", 0.0)
    if (
        smooth is None
        or smooth > 0
        or more.get("w") is not None
        or list(more.get("bbox", [None])) != [None] * len(more.get("bbox", [None]))
    ):
        raise NoRule(
            f"scipy.interpolate.{cls.__name__}, called at {caller()}, has a derivative by samples only without smoothing, "
            "weights and bbox: write InterpolatedUnivariateSpline(x, y, k=k)"
        )
    own(cls, "__init__")(self, sample(x), sample(y), k=k, ext=ext, **({"s": 0.0} if cls is UNIVARIATE else {}))
    x, y = arrayed(x), arrayed(y)
    self._eval_args = knots_of(x, k), interpolating(x, y, k, True), k
    self._data = None


@method_of(UNIVARIATE, "__init__")
def univariate(
    self: Any, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, s: Any = None, ext: Any = 0, **_: Any
) -> None:
    """Through the samples."""
    _through(self, UNIVARIATE, x, y, k, ext, {"w": w, "bbox": bbox, "s": s})


@method_of(scipy.interpolate.InterpolatedUnivariateSpline, "__init__")
def interpolated(
    self: Any, x: Any, y: Any, w: Any = None, bbox: Any = (None, None), k: int = 3, ext: Any = 0, **_: Any
) -> None:
    """Through the samples."""
    _through(self, scipy.interpolate.InterpolatedUnivariateSpline, x, y, k, ext, {"w": w, "bbox": bbox})
