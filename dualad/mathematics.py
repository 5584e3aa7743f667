"""The functions of ``math`` and ``cmath`` on dual numbers: their own values, and errors, with the derivatives of NumPy's.

``math.sqrt(-1.0)`` raises where ``np.sqrt`` gives nan, and the last bits of their values may differ: who calls math gets
math's value. Most functions have a row of the rule table under another name; the others are written in NumPy.
"""

from __future__ import annotations

import cmath
import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NoRule
from .lift import Lifted, highest
from .objects import lift_objects

Form = Callable[..., Any]

ROWS: dict[Form, np.ufunc] = {
    math.sqrt: np.sqrt,
    math.cbrt: np.cbrt,
    math.exp: np.exp,
    math.exp2: np.exp2,
    math.expm1: np.expm1,
    math.log2: np.log2,
    math.log10: np.log10,
    math.log1p: np.log1p,
    math.sin: np.sin,
    math.cos: np.cos,
    math.tan: np.tan,
    math.asin: np.arcsin,
    math.acos: np.arccos,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.sinh: np.sinh,
    math.cosh: np.cosh,
    math.tanh: np.tanh,
    math.asinh: np.arcsinh,
    math.acosh: np.arccosh,
    math.atanh: np.arctanh,
    math.pow: np.power,
    math.fabs: np.fabs,
    math.fmod: np.fmod,
    math.copysign: np.copysign,
    math.degrees: np.degrees,
    math.radians: np.radians,
    math.modf: np.modf,
    math.frexp: np.frexp,
    math.ldexp: np.ldexp,
    math.nextafter: np.nextafter,
}
"""math's functions with the ufunc of NumPy that has the same derivative."""


def logarithm(x: Any, base: Any = math.e) -> Any:
    """math.log and cmath.log, of any base."""
    return np.log(x) if base is math.e else np.log(x) / np.log(base)


def remainder(x: Any, y: Any) -> Any:
    """x - n y with the integer n nearest to x / y."""
    return x - y * np.rint(x / y)


def distance(p: Any, q: Any) -> Any:
    """The length of p - q."""
    return np.linalg.norm(np.subtract(list(p), list(q)))


def hypotenuse(*sides: Any) -> Any:
    """The length of a vector of any number of components."""
    return functools.reduce(np.hypot, sides, 0.0)


def polar(z: Any) -> Any:
    """Length and angle."""
    return np.abs(z), np.angle(z)


def rectangular(r: Any, phi: Any) -> Any:
    """r exp(i phi)."""
    return r * (np.cos(phi) + 1j * np.sin(phi))


def sum_of_products(p: Any, q: Any) -> Any:
    """sum(p * q)."""
    return np.sum(np.multiply(list(p), list(q)))


def _special(name: str) -> Form:
    """A function of scipy.special, which is optional and loaded when it is needed."""

    def form(x: Any) -> Any:
        try:
            function = getattr(importlib.import_module("scipy.special"), name)
        except ImportError as error:
            raise NoRule(f"the derivative of math.{name} needs SciPy: install it, or write the function in NumPy") from error
        return function(x)

    return form


FORMS: dict[Form, Form] = {
    math.log: logarithm,
    math.hypot: hypotenuse,
    math.dist: distance,
    math.fsum: lambda terms: np.sum(list(terms)),
    math.prod: lambda factors, start=1: np.prod(list(factors)) * start,
    math.remainder: remainder,
    math.erf: _special("erf"),
    math.erfc: _special("erfc"),
    math.gamma: _special("gamma"),
    math.lgamma: _special("gammaln"),
    cmath.phase: np.angle,
    cmath.polar: polar,
    cmath.rect: rectangular,
    cmath.log: lambda z, base=math.e: logarithm(z + 0j, base),
}
"""The others as NumPy code with their derivative."""

NEWER = {"sumprod": sum_of_products, "fma": lambda x, y, z: x * y + z}
"""Those that not every release of Python has."""
FORMS |= {getattr(math, name): form for name, form in NEWER.items() if hasattr(math, name)}

OF_MANY = frozenset((math.dist, math.fsum, math.prod, getattr(math, "sumprod", None)))
"""Those that take sequences of numbers, be it of one."""

for _name in (
    "sqrt",
    "exp",
    "log10",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
):
    FORMS[getattr(cmath, _name)] = lambda z, ufunc=ROWS[getattr(math, _name)]: ufunc(z + 0j)

PREDICATES = (math.isnan, math.isfinite, math.isinf, math.isclose, math.ulp, math.floor, math.ceil, math.trunc)
for _predicate in (*PREDICATES, cmath.isnan, cmath.isfinite, cmath.isinf, cmath.isclose):
    FORMS[_predicate] = lambda *args, **kwargs: None  # the answer is that of the primals


def mathematical(original: Form, *args: Any, **kwargs: Any) -> Any:
    """math's function of arguments that may be lifted: its own value, and the derivative of the form in NumPy."""
    args = tuple([_numbers(each) if original in OF_MANY else _number(each) for each in args])
    top = highest((*args, *kwargs.values()))
    if top is None:
        return original(*args, **kwargs)
    if top.recorded:
        return top.tape.call(original, args, kwargs)
    below = functools.partial(mathematical, original)
    value = below(*top._primal_of(args), **{name: top._primal_of(each) for name, each in kwargs.items()})
    with np.errstate(all="ignore"):
        result = ROWS[original](*args) if original in ROWS else FORMS[original](*args, **kwargs)
    return _with_value(top, result, value)


def _number(value: Any) -> Any:
    """An array of one element as that element, as math takes it."""
    value = lift_objects(value)
    return value.item() if isinstance(value, Lifted) and value.size == 1 else value


def _numbers(value: Any) -> Any:
    """An iterator, or a view of a dictionary, as a list: to be looked into, and to be gone through more than once."""
    is_array = isinstance(value, (Lifted, np.ndarray, list, tuple)) or not hasattr(value, "__iter__")
    return lift_objects(value if is_array else list(value))


def _with_value(top: Any, result: Any, value: Any) -> Any:
    """Python's own numbers, with the tangents of NumPy's."""
    if isinstance(value, tuple):
        return tuple([_with_value(top, *pair) for pair in zip(result, value, strict=True)])
    if isinstance(value, (bool, int)):
        return value
    tangent = result.tangent if isinstance(result, Lifted) and result.level is top.level else None
    return top._wrap(value, tangent)
