"""Piecewise polynomials for duals: by the place, by the samples, and by where the samples are."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate
from scipy.interpolate import PPoly

from ...errors import NoRule, caller
from ...rules.table import Array, innermost
from ..dispatch import arrayed, body_of, holds, leader, method_of, own, rule_of, sample
from ..steps import one_line

# -- curves that are constant ------------------------------------------------------------------------------------------------


def _value(curve: Any, x: Any, nu: int = 0, beyond: Any = None) -> Any:
    """A curve at some places: SciPy's curves have no function for it, only calls."""
    return curve(x, nu, beyond)


@rule_of(_value)
def evaluate(y: Array, curve: Any, x: Array, nu: int = 0, beyond: Any = None, *, dx: Array) -> Array | None:
    """The next derivative of the curve; samples have axes that places have not."""
    if isinstance(curve, scipy.interpolate.UnivariateSpline):  # FITPACK stops at the degree
        if nu >= curve._eval_args[2]:
            return None
        modes = {1: 1, 2: 2, 3: 1, "zeros": 1, "raise": 2, "const": 1}
        return evaluate(curve, x, nu + 1, modes.get(curve.ext if beyond is None else beyond, 0)) * dx
    slope = evaluate(curve, x, nu + 1, beyond)
    before = curve.axis if curve.axis >= 0 else curve.axis + slope.ndim - np.ndim(x) + 1
    trailing = slope.ndim - np.ndim(x) - before
    return slope * np.reshape(dx, (len(dx), *(1,) * before, *np.shape(x), *(1,) * trailing))


def _area(curve: Any, a: Any, b: Any, beyond: Any = None) -> Any:
    """The integral of a curve."""
    return curve.integrate(a, b, beyond)


@rule_of(_area)
def area(y: Array, curve: Any, a: Array, b: Array, beyond: Any = None, *, da: Any = None, db: Any = None) -> Array | None:
    """The curve at the ends."""
    ends = [(b, db, 1.0), (a, da, -1.0)]
    terms = [sign * np.multiply.outer(d, evaluate(curve, end, 0, beyond)) for end, d, sign in ends if d is not None]
    return sum(terms[1:], terms[0])


def without_rule(self: Any, what: str) -> NoRule:
    """The error for a method."""
    return NoRule(
        f"{what} of a scipy.interpolate.{type(self).__name__}, called at {caller()}, has no derivative rule: its values, "
        "derivatives and integrals have"
    )


# -- polynomials whose coefficients or breakpoints vary ----------------------------------------------------------------------


def settled(out: Array, places: int, axis: int) -> Array:
    """Values with the axes of places first, as SciPy orders them: in the place of the samples' axis."""
    order = list(range(np.ndim(out)))
    return np.transpose(out, order[places : places + axis] + order[:places] + order[places + axis :]) if axis else out


def _polynomial(c: Any, x: Any, at: Any, nu: int, beyond: Any, axis: int) -> Any:
    """SciPy's piecewise polynomial."""
    return PPoly.construct_fast(c, x, True, axis)(at, nu, beyond)


@one_line
@body_of(_polynomial)
def polynomial(c: Array, x: Array, at: Array, nu: int, beyond: Any, axis: int) -> Array:
    """Horner's scheme in the distance from the breakpoint before."""
    breaks, degree = innermost(x), np.shape(c)[0] - 1
    if beyond == "periodic":
        at = at - (x[-1] - x[0]) * np.floor((innermost(at) - breaks[0]) / (breaks[-1] - breaks[0]))
    place = innermost(at)
    index = np.clip(np.searchsorted(breaks, place, side="right") - 1, 0, breaks.size - 2)
    distance = np.reshape(at - x[index], (*np.shape(at), *(1,) * (np.ndim(c) - 2)))
    chosen = c[:, index]
    out: Any = 0.0 * distance
    for i in range(degree + 1 - nu):
        factor = np.prod(np.arange(degree - i - nu + 1, degree - i + 1, dtype=float))
        out = out * distance + factor * chosen[i]
    if beyond is False or (isinstance(beyond, (int, np.bool_)) and not beyond):
        outside = (place < breaks[0]) | (place > breaks[-1])
        out = np.where(np.reshape(outside, np.shape(distance)), np.nan * out, out)
    return settled(out, np.ndim(at), axis)


@method_of(PPoly, "__call__")
def called(self: Any, x: Any, nu: int = 0, extrapolate: Any = None) -> Array:
    """The curve, or its derivative of order `nu`."""
    x = arrayed(x)
    if not holds(self):
        return evaluate(self, x, nu, extrapolate)
    if nu < 0:
        raise without_rule(self, f"the derivative of order {nu}")
    beyond = self.extrapolate if extrapolate is None else extrapolate
    return polynomial(self.c, self.x, np.asarray(x, float) if leader((x,)) is None else x, nu, beyond, self.axis)


@method_of(PPoly, "antiderivative")
def antiderivative(self: Any, nu: int = 1) -> Any:
    """Every piece integrated, and made to begin where the one before ends."""
    if nu <= 0:
        return self.derivative(-nu)
    degree = self.c.shape[0]
    pieces = self.c / np.reshape(np.arange(degree, 0.0, -1.0), (-1, *(1,) * (self.c.ndim - 1)))
    steps = np.reshape(np.diff(self.x), (-1, *(1,) * (self.c.ndim - 2)))
    rise: Any = 0.0
    for i in range(degree):
        rise = (rise + pieces[i]) * steps
    start = np.concatenate([np.zeros((1, *np.shape(rise)[1:])), np.cumsum(rise, axis=0)[:-1]])
    beyond = False if self.extrapolate == "periodic" else self.extrapolate
    once = self.construct_fast(np.concatenate([pieces, start[None]]), self.x, beyond, self.axis)
    return once if nu == 1 else antiderivative(once, nu - 1)


@method_of(PPoly, "integrate")
def integrate(self: Any, a: Any, b: Any, extrapolate: Any = None) -> Array:
    """The antiderivative's rise."""
    if not holds(self):
        return area(self, a, b, extrapolate)
    beyond = self.extrapolate if extrapolate is None else extrapolate
    if beyond == "periodic":
        raise without_rule(self, "the periodic integral")
    whole = antiderivative(self)
    return called(whole, b, 0, beyond) - called(whole, a, 0, beyond)


@method_of(PPoly, "solve", "roots", "extend")
def refuse_method(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Refused by name."""
    raise without_rule(self, "solve, roots or extend")


def require_place(self: Any) -> None:
    """Refuse an object that keeps its coefficients elsewhere, as SciPy 1.18 has it: it would not look at ours."""
    if not hasattr(self, "_c"):
        raise without_rule(self, "a variation of samples or coefficients (with this version of SciPy, other than with 1.17)")


@method_of(PPoly, "__init__")
def make_polynomial(self: Any, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
    """The coefficients' second axis, that of pieces, stands in the place of the samples' axis."""
    own(PPoly, "__init__")(self, sample(c), sample(x), extrapolate, axis)
    require_place(self)
    c = arrayed(c)
    self._c = c if axis == 0 else np.moveaxis(np.moveaxis(c, axis + 1, 0), axis + 1, 0)
    self._x = arrayed(x)


# -- curves through samples --------------------------------------------------------------------------------------------------


def hermite(x: Array, y: Array, slopes: Array) -> Array:
    """The coefficients of cubics from values and slopes at their ends."""
    steps = column(np.diff(x), y)
    secant = np.diff(y, axis=0) / steps
    t = (slopes[:-1] + slopes[1:] - 2.0 * secant) / steps
    return np.stack([t / steps, (secant - slopes[:-1]) / steps - t, slopes[:-1], y[:-1]])


def column(steps: Array, y: Array) -> Array:
    """Steps along the first axis of samples."""
    return np.reshape(steps, (-1, *(1,) * (np.ndim(y) - 1)))


def conditions(bc_type: Any, y: Array) -> list[Any]:
    """What holds at the ends, as SciPy writes it: a name, or the order and value of a derivative."""
    both = (bc_type, bc_type) if isinstance(bc_type, str) else bc_type
    named = {"clamped": (1, np.zeros(np.shape(y)[1:])), "natural": (2, np.zeros(np.shape(y)[1:]))}
    return [named.get(each, each) if isinstance(each, str) else each for each in both]


def spline_slopes(x: Array, y: Array, bc_type: Any) -> Array:
    """The slopes at which second derivatives are continuous: one equation for every sample, and one for each end."""
    n, h = np.shape(x)[0], np.diff(x)
    steps = column(h, y)
    secant = np.diff(y, axis=0) / steps
    start, end = conditions(bc_type, y)
    if n == 2:
        start, end = ((1, secant[0]) if each in ("not-a-knot", "periodic") else each for each in (start, end))
    rows, right = [], []
    unit = np.eye(n)

    def equation(terms: dict[int, Any], value: Array) -> None:
        rows.append(sum(size * unit[place] for place, size in terms.items()))
        right.append(value)

    if n == 3 and start == "not-a-knot" and end == "not-a-knot":
        equation({0: 1.0, 1: 1.0}, 2.0 * secant[0])
    elif start == "periodic":
        equation({0: 1.0, n - 1: -1.0}, 0.0 * y[0])
    elif start == "not-a-knot":
        d = x[2] - x[0]
        equation({0: h[1], 1: d}, ((steps[0] + 2.0 * d) * steps[1] * secant[0] + steps[0] ** 2 * secant[1]) / d)
    elif start[0] == 1:
        equation({0: 1.0}, start[1] + 0.0 * y[0])
    else:
        equation({0: 2.0 * h[0], 1: h[0]}, -0.5 * start[1] * h[0] ** 2 + 3.0 * (y[1] - y[0]))
    for i in range(1, n - 1):
        equation(
            {i - 1: h[i], i: 2.0 * (h[i - 1] + h[i]), i + 1: h[i - 1]}, 3.0 * (h[i] * secant[i - 1] + h[i - 1] * secant[i])
        )
    if n == 3 and start == "not-a-knot" and end == "not-a-knot":
        equation({1: 1.0, 2: 1.0}, 2.0 * secant[1])
    elif end == "periodic":
        equation(
            {0: 2.0 * (h[-1] + h[0]), 1: h[-1], n - 2: h[0]} if n > 2 else {0: 1.0},
            3.0 * (h[0] * secant[-1] + h[-1] * secant[0]),
        )
    elif end == "not-a-knot":
        d = x[-1] - x[-3]
        equation({n - 1: h[-2], n - 2: d}, (steps[-1] ** 2 * secant[-2] + (2.0 * d + steps[-1]) * steps[-2] * secant[-1]) / d)
    elif end[0] == 1:
        equation({n - 1: 1.0}, end[1] + 0.0 * y[0])
    else:
        equation({n - 1: 2.0 * h[-1], n - 2: h[-1]}, 0.5 * end[1] * h[-1] ** 2 + 3.0 * (y[-1] - y[-2]))
    values = np.stack(right)
    return np.reshape(np.linalg.solve(np.stack(rows), np.reshape(values, (n, -1))), np.shape(values))


def pchip_slopes(x: Array, y: Array) -> Array:
    """Weighted harmonic means of neighbouring secants, 0 where they differ in sign; at the ends by three points."""
    h = column(np.diff(x), y)
    secant = np.diff(y, axis=0) / h
    if np.shape(y)[0] == 2:
        return np.concatenate([secant, secant])
    before, after = secant[:-1], secant[1:]
    flat = innermost(before) * innermost(after) <= 0
    one, two = 2.0 * h[1:] + h[:-1], h[1:] + 2.0 * h[:-1]
    safe = [np.where(flat, 1.0, each) for each in (before, after)]
    inner = np.where(flat, 0.0, (one + two) / (one / safe[0] + two / safe[1]))
    ends = [pchip_end(*each) for each in ((h[0], h[1], secant[0], secant[1]), (h[-1], h[-2], secant[-1], secant[-2]))]
    return np.concatenate([ends[0][None], inner, ends[1][None]])


def pchip_end(h: Array, k: Array, near: Array, far: Array) -> Array:
    """The slope of the parabola through three points, held back where it would not be monotonic."""
    slope = ((2.0 * h + k) * near - h * far) / (h + k)
    d, m, f = innermost(slope), innermost(near), innermost(far)
    turns = np.sign(d) != np.sign(m)
    steep = (np.sign(m) != np.sign(f)) & (np.abs(d) > 3.0 * np.abs(m)) & ~turns
    return np.where(turns, 0.0, np.where(steep, 3.0 * near, slope))


def akima_slopes(x: Array, y: Array, method: str) -> Array:
    """Means of neighbouring secants, weighted by how much those beside them bend."""
    secant = np.diff(y, axis=0) / column(np.diff(x), y)
    if np.shape(y)[0] == 2:
        return np.concatenate([secant, secant])
    one = 2.0 * secant[:1] - secant[1:2]
    last = 2.0 * secant[-1:] - secant[-2:-1]
    m = np.concatenate([2.0 * one - secant[:1], one, secant, last, 2.0 * last - secant[-1:]])
    bend = np.abs(np.diff(m, axis=0))
    if method == "makima":
        bend = bend + 0.5 * np.abs(m[1:] + m[:-1])
    f1, f2 = bend[2:], bend[:-2]
    whole = f1 + f2
    known = innermost(whole) > 1e-9 * np.max(innermost(whole), initial=0.0)
    weight = f2 / np.where(known, whole, 1.0)
    return np.where(known, m[1:-2] + weight * (m[2:-1] - m[1:-2]), 0.5 * (m[3:] + m[:-3]))


def _coefficients(kind: type, x: Any, y: Any, more: dict[str, Any]) -> Any:
    """SciPy's own."""
    return kind(x, y, **more).c


@one_line
@body_of(_coefficients)
def coefficients(kind: type, x: Array, y: Array, more: dict[str, Any]) -> Array:
    """The cubics of samples along the first axis."""
    if kind is scipy.interpolate.CubicSpline:
        return hermite(x, y, spline_slopes(x, y, more["bc_type"]))
    if kind is scipy.interpolate.PchipInterpolator:
        return hermite(x, y, pchip_slopes(x, y))
    if kind is scipy.interpolate.Akima1DInterpolator:
        return hermite(x, y, akima_slopes(x, y, more["method"]))
    return hermite(x, y, more["dydx"])


def _made(self: Any, kind: type, x: Any, y: Any, axis: int, given: dict[str, Any], **more: Any) -> None:
    """SciPy's own object, with coefficients and breakpoints that vary."""
    plain = {name: sample(each) for name, each in (given | more).items()}
    own(kind, "__init__")(self, sample(x), sample(y), axis=axis, **plain)
    require_place(self)
    x, y = arrayed(x), np.moveaxis(arrayed(y), axis, 0)
    self._c = coefficients(kind, x, y, {name: arrayed(each) if name == "dydx" else each for name, each in more.items()})
    self._x = x


@method_of(scipy.interpolate.CubicSpline, "__init__")
def cubic_spline(self: Any, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None) -> None:
    """By `spline_slopes`."""
    _made(self, scipy.interpolate.CubicSpline, x, y, axis, {"extrapolate": extrapolate}, bc_type=bc_type)


@method_of(scipy.interpolate.PchipInterpolator, "__init__")
def pchip(self: Any, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
    """By `pchip_slopes`."""
    _made(self, scipy.interpolate.PchipInterpolator, x, y, axis, {"extrapolate": extrapolate})


@method_of(scipy.interpolate.Akima1DInterpolator, "__init__")
def akima(self: Any, x: Any, y: Any, axis: int = 0, *, method: str = "akima", extrapolate: Any = None) -> None:
    """By `akima_slopes`."""
    _made(self, scipy.interpolate.Akima1DInterpolator, x, y, axis, {"extrapolate": extrapolate}, method=method)


@method_of(scipy.interpolate.CubicHermiteSpline, "__init__")
def cubic_hermite(self: Any, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
    """From values and slopes."""
    kind = scipy.interpolate.CubicHermiteSpline
    own(kind, "__init__")(self, sample(x), sample(y), sample(dydx), axis, extrapolate)
    x, y, dydx = arrayed(x), np.moveaxis(arrayed(y), axis, 0), np.moveaxis(arrayed(dydx), axis, 0)
    self._c, self._x = coefficients(kind, x, y, {"dydx": dydx}), x
