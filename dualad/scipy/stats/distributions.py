"""The methods of scipy.stats' distributions for duals: of the argument, of location and scale, and of the shape parameters.

What is integrated or inverted is differentiated by what it is defined by: the slope of a distribution function is the
density, that of a quantile comes from the inverse-function theorem. By shape parameters SciPy's own private formulas are
run on duals (`bodies`); where the distribution function is an integral to SciPy too, the density's derivative is integrated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.stats._distn_infrastructure import rv_continuous_frozen, rv_discrete_frozen, rv_frozen

from ...errors import DualadError, NoRule, caller
from ...rules.table import Array, innermost, total, undifferentiated
from ..along import along
from ..dispatch import body_of, class_of, method_of, rule_of
from ..quadrature import integral
from . import bodies
from .helpers import apply_where

INTEGRALS = ("dpareto_lognorm", "gausshyper", "genhyperbolic", "geninvgauss", "norminvgauss")
"""Distributions whose distribution function is integrated by SciPy, or taken by a formula that is not for duals."""


def is_continuous(dist: Any) -> bool:
    """Whether a distribution has a density."""
    return isinstance(dist, scipy.stats.rv_continuous)


def formula(dist: Any, name: str, *args: Array) -> Array:
    """A private method of a distribution, on duals."""
    try:
        return getattr(bodies.body_of(dist), name)(*args)
    except (TypeError, ValueError, AttributeError, DualadError) as error:
        raise NoRule(
            f"scipy.stats.{dist.name}{name.replace('_', '.')}, called at {caller()}, has no derivative by what varies here: "
            "pass dualad.stop_gradient of x, or of the shape parameters, or wrap the call in dualad.custom_jvp"
        ) from error


# -- standard distributions: no location, no scale -------------------------------------------------------------------------


def _density(dist: Any, name: str, z: Any, shapes: Any) -> Any:
    """The density, or its logarithm."""
    return getattr(dist, name)(z, *shapes)


@body_of(_density, groups=("shapes",))
def density(dist: Any, name: str, z: Array, shapes: Any) -> Array:
    """SciPy's own formula."""
    if name == "_pdf" and is_continuous(dist) and not bodies.is_own(dist, name):
        ones = np.ones((1, *np.shape(z)))
        return along(lambda z: formula(dist, "_cdf", z, *shapes), (z,), (ones,))[0]  # type: ignore[index]  # it varies
    return formula(dist, name, z, *shapes)


def _mass(dist: Any, name: str, z: Any, shapes: Any) -> Any:
    """The mass on one side of z, or its logarithm."""
    return getattr(dist, name)(z, *shapes)


def tail(dist: Any, name: str, z: Array, *shapes: Array) -> Array:
    """The mass on one side of z, by a formula that runs on duals."""
    upper = "sf" in name
    if not is_continuous(dist) and not bodies.is_own(dist, "_cdf"):
        low = int(np.min(dist._get_support(*map(innermost, shapes))[0]))
        counts = np.arange(low, int(np.max(z)) + 1)[:, None]
        below = np.sum(np.where(counts <= z, density(dist, "_pmf", np.maximum(counts, low), shapes), 0.0), axis=0)
        return 1.0 - below if upper else below
    if not is_continuous(dist):
        return formula(dist, name, z, *shapes)
    if dist.name in INTEGRALS or not (bodies.is_own(dist, "_cdf") or bodies.is_own(dist, "_sf")):
        low, high = dist._get_support(*map(innermost, shapes))
        ends = (z, high) if upper else (low, z)
        return integral(lambda t, *s: density(dist, "_pdf", t, s), *ends, shapes)
    if not bodies.is_own(dist, name):
        other = formula(dist, "_cdf" if upper else "_sf", z, *shapes)
        return 1.0 - other
    return formula(dist, name, z, *shapes)


@rule_of(_mass, groups=("shapes",))
def mass(y: Array, dist: Any, name: str, z: Array, shapes: Any, *, dz: Any = None, dshapes: Any = None) -> Array | None:
    """The density by z; by shape parameters the derivative of a formula."""
    sign = -1.0 if "sf" in name else 1.0
    by_z = by_shapes = None
    if dz is not None and is_continuous(dist):
        slope = np.exp(density(dist, "_logpdf", z, shapes) - y) if name.startswith("_log") else density(dist, "_pdf", z, shapes)
        by_z = sign * slope * dz
    if dshapes is not None:
        plain = name.replace("log", "")
        if name == plain or (bodies.is_own(dist, name) and dist.name not in INTEGRALS):
            by_shapes = along(lambda *s: tail(dist, name, z, *s), shapes, dshapes)
        else:
            by_shapes = along(lambda *s: tail(dist, plain, z, *s), shapes, dshapes)
            by_shapes = None if by_shapes is None else by_shapes / mass(dist, plain, z, shapes)
    return total(by_z, by_shapes)


def _quantile(dist: Any, name: str, q: Any, shapes: Any) -> Any:
    """The place that has a mass on one side."""
    return getattr(dist, name)(q, *shapes)


@rule_of(_quantile, groups=("shapes",))
def quantile(y: Array, dist: Any, name: str, q: Array, shapes: Any, *, dq: Any = None, dshapes: Any = None) -> Array | None:
    """F(y, shapes) = q, hence f dy = dq - dF by the shapes; of a discrete distribution it is a step function."""
    if not is_continuous(dist):
        return None
    direct, sign = ("_sf", -1.0) if name == "_isf" else ("_cdf", 1.0)
    change = None if dshapes is None else along(lambda *s: mass(dist, direct, y, s), shapes, dshapes)
    wanted = total(dq, None if change is None else -change)
    return None if wanted is None else sign * wanted / density(dist, "_pdf", y, shapes)


# -- with location and scale -----------------------------------------------------------------------------------------------

ON_TAILS = ("cdf", "logcdf", "sf", "logsf")
ON_DENSITY = ("pdf", "logpdf", "pmf", "logpmf")
INVERSE = ("ppf", "isf")


def _value(dist: Any, name: str, x: Any, loc: Any, scale: Any, shapes: Any) -> Any:
    """SciPy's method."""
    places = {"loc": loc} if scale is None else {"loc": loc, "scale": scale}
    return getattr(dist, name)(x, *shapes, **places)


def _limits(dist: Any, shapes: Any) -> Any:
    """Where SciPy takes the shape parameters, and between which places it has a density."""
    plain = [np.asarray(each) for each in shapes]
    low, high = dist._get_support(*plain)
    return np.asarray(dist._argcheck(*plain), bool), np.asarray(low, float), np.asarray(high, float)


@body_of(_limits, groups=("shapes",))
def limits(dist: Any, shapes: Any) -> Any:
    """They do not vary; recorded, they are looked up at each call."""
    return None, None, None


@body_of(_value, groups=("shapes",))
def value(dist: Any, name: str, x: Array, loc: Array, scale: Any, shapes: Any) -> Array:
    """The standard distribution's, of (x - loc)/scale; flat outside the support, nan for parameters that SciPy rejects."""
    unit = 1.0 if scale is None else scale
    allowed, low, high = limits(dist, shapes)
    place = undifferentiated(loc)
    allowed = allowed & (undifferentiated(unit) > 0) & (place == place)
    if name in INVERSE:
        at: Any = x
        place = undifferentiated(x)
        inside = (place > 0) & (place < 1)
    else:
        at = (x - loc) / unit if is_continuous(dist) else np.floor(undifferentiated(x) - place)
        place = undifferentiated(at)
        inside = (place >= low) & (place <= high) if name in ON_DENSITY else (place > low) & (place < high)
        if not is_continuous(dist):
            inside = (place >= low) & ((place <= high) if name in ON_DENSITY else (place < high))
    shape = np.broadcast_shapes(np.shape(at), np.shape(unit), np.shape(loc), *map(np.shape, shapes))
    inside, allowed = np.broadcast_to(inside & allowed, shape), np.broadcast_to(allowed, shape)
    standard = density if name in ON_DENSITY else quantile if name in INVERSE else mass
    args = [np.broadcast_to(each, shape) for each in (at, *shapes)]
    y = apply_where(
        inside,
        tuple(args),
        lambda z, *s: standard(dist, "_" + name, z, s),
        fill_value=np.where(allowed, 0.0, np.nan * np.sum(0.0 * unit)),
    )
    if name in INVERSE:
        return y * unit + loc
    if scale is None or name not in ("pdf", "logpdf"):
        return y
    return y / unit if name == "pdf" else np.where(inside, y - np.log(unit), y)


def parsed(dist: Any, args: Any, kwargs: Any) -> tuple[tuple[Any, ...], Any, Any]:
    """Shape parameters, location and scale; of discrete distributions, None for the scale."""
    shapes, loc, scale = dist._parse_args(*args, **kwargs)
    return tuple(shapes), loc, scale if is_continuous(dist) else None


def _enter(cls: type, name: str) -> None:
    first = "q" if name in INVERSE else "k" if cls is scipy.stats.rv_discrete else "x"

    def method(self: Any, *args: Any, **kwargs: Any) -> Array:
        at = kwargs.pop(first) if first in kwargs else args[0]
        shapes, loc, scale = parsed(self, args if args and at is not args[0] else args[1:], kwargs)
        return value(self, name, at, loc, scale, shapes)

    method_of(cls, name)(method)


for each in (*ON_TAILS, *INVERSE, "pdf", "logpdf"):
    _enter(scipy.stats.rv_continuous, each)
for each in (*ON_TAILS, *INVERSE, "pmf", "logpmf"):
    _enter(scipy.stats.rv_discrete, each)


# -- moments ---------------------------------------------------------------------------------------------------------------


def _mean(dist: Any, name: str, loc: Any, scale: Any, shapes: Any) -> Any:
    """SciPy's mean, variance, standard deviation or entropy."""
    places = {"loc": loc} if scale is None else {"loc": loc, "scale": scale}
    return getattr(dist, name)(*shapes, **places)


@body_of(_mean, groups=("shapes",))
def moment(dist: Any, name: str, loc: Array, scale: Any, shapes: Any) -> Array:
    """By SciPy's formulas of the standard distribution."""
    unit = 1.0 if scale is None else scale
    if name == "entropy":
        return formula(dist, "_entropy", *shapes) + np.log(unit)
    standard = standard_moment(dist, "mean" if name == "mean" else "var", shapes)
    if name == "mean":
        return standard * unit + loc
    return standard * unit**2 if name == "var" else np.sqrt(standard) * unit


def standard_moment(dist: Any, name: str, shapes: Any) -> Array:
    """The mean or the variance of the standard distribution."""
    if all(innermost(each) is each for each in shapes):
        return getattr(dist, name)(*shapes)
    known = formula(dist, "_stats", *shapes)[name == "var"] if bodies.is_own(dist, "_stats") else None
    if known is None and bodies.is_own(dist, "_munp"):
        first = formula(dist, "_munp", 1, *shapes)
        known = first if name == "mean" else formula(dist, "_munp", 2, *shapes) - first**2
    if known is None:
        raise NoRule(
            f"scipy.stats.{dist.name}.{name}, called at {caller()}, has no derivative by its shape parameters: SciPy has no "
            "formula for it"
        )
    return known


def _enter_moment(cls: type, name: str) -> None:
    def method(self: Any, *args: Any, **kwargs: Any) -> Array:
        shapes, loc, scale = parsed(self, args, kwargs)
        return moment(self, name, loc, scale, shapes)

    method_of(cls, name)(method)


for kind in (scipy.stats.rv_continuous, scipy.stats.rv_discrete):
    for each in ("mean", "var", "std", "entropy"):
        _enter_moment(kind, each)


@method_of(scipy.stats.rv_continuous, "median")
def median(self: Any, *args: Any, **kwargs: Any) -> Array:
    """The quantile of one half."""
    return self.ppf(0.5, *args, **kwargs)


@method_of(scipy.stats.rv_continuous, "interval")
def interval(self: Any, confidence: Any, *args: Any, **kwargs: Any) -> tuple[Array, Array]:
    """Quantiles on both sides of the median."""
    rest = 0.5 * (1.0 - confidence)
    return self.ppf(rest, *args, **kwargs), self.ppf(1.0 - rest, *args, **kwargs)


@method_of(rv_frozen, "__init__")
def freeze(self: Any, dist: Any, *args: Any, **kwds: Any) -> None:
    """A distribution with its parameters, which may be duals; its support is a constant."""
    self.args, self.kwds = args, kwds
    self.dist = dist.__class__(**dist._updated_ctor_param())
    shapes = self.dist._parse_args(*args, **kwds)[0]
    self.a, self.b = self.dist._get_support(*map(innermost, shapes))


@method_of(scipy.stats.rv_continuous, "freeze")
def frozen(self: Any, *args: Any, **kwds: Any) -> Any:
    """As SciPy's."""
    return class_of(rv_continuous_frozen)(self, *args, **kwds)


@method_of(scipy.stats.rv_discrete, "freeze")
def frozen_discrete(self: Any, *args: Any, **kwds: Any) -> Any:
    """As SciPy's."""
    return class_of(rv_discrete_frozen)(self, *args, **kwds)
