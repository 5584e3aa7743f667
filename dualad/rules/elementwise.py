"""One row per elementwise function of NumPy: its partial derivatives, where they hold, and what is promised at nasty points.

A formula is right when it holds in the tails and after further differentiation, not only near zero; where the obvious one
fails, a comment says how. Kinks take the subgradient of least norm, ties are split evenly, step functions are flat.
"""

from __future__ import annotations

from math import inf, nan, pi
from typing import Any

import numpy as np
from numpy import ndarray

from .table import ABOVE_MINUS_ONE, ABOVE_ONE, INTEGER, POSITIVE, REAL, UNIT, Array, constant, rule

LN2, LN10 = (np.log(np.longdouble(number)) for number in (2, 10))
DEGREE = 180 / (4 * np.arctan(np.longdouble(1)))


def like(y: Array, number: np.longdouble) -> Array:
    """A constant in the precision of `y`: a Python float would take the last digits of a long double."""
    return y.dtype.type(number)


def nonzero(y: Array) -> Array:
    """`y` with its zeros replaced by one: a divisor whose quotient is wanted as 0 where y is 0."""
    return np.where(y == 0, 1.0, y)


def away_from_zero(y: Array) -> Array:
    """A length, and where it is 0 the least positive number: 0 / that is 0, the subgradient of least norm at a cone's tip,
    while 1 / that is infinite, so that the next derivative there is infinite or nan and not a wrong finite number."""
    return np.where(y == 0, np.finfo(y.dtype).smallest_subnormal, y)


# -- arithmetic ----------------------------------------------------------------------------------------------------------

rule(np.add, 1, 1)
rule(np.subtract, 1, -1)
rule(np.multiply, lambda a, b, y: b, lambda a, b, y: a)
rule(np.divide, lambda a, b, y: 1.0 / b, lambda a, b, y: -(y / b), at={(1.0, 0.0): (inf, -inf)})  # not -a/b**2: no overflow
rule(np.negative, -1)
rule(np.positive, 1)
rule(np.square, lambda x, y: 2.0 * x)
rule(np.reciprocal, lambda x, y: -y * y, at={0.0: -inf})
rule(np.remainder, 1, lambda a, b, y: -np.floor_divide(a, b), at={(4.0, 2.0): (1.0, -2.0)})
rule(np.fmod, 1, lambda a, b, y: -np.rint((a - y) / b), at={(4.0, 2.0): (1.0, -2.0)})
rule(np.divmod, (0, 1), (0, lambda a, b, y: -y[0]), at={(5.0, 2.0): ((0.0, 1.0), (0.0, -2.0))})
rule(np.conjugate, 1, push=lambda x, y, dx: np.conjugate(dx))


# -- powers --------------------------------------------------------------------------------------------------------------


def power_by_base(x: Array, p: Array, y: Array) -> Array:
    """p * x**(p - 1); where p is 0 and stays so the exponent becomes 1, so that no order of derivative meets 0 * inf. One that
    may vary leaves only x = 0 out: the derivative by it is x**-1.

    At (0, 1) the power falls from infinity to 0 as p grows past 1. Its value there is 1; the root has that value and the
    slope -inf by p, which x**(p - 1) by itself, flat by convention, has not.
    """
    corner = (x == 0) & (p == 1)
    still = (p == 0) & (x == 0) if hasattr(p.__class__, "primal") else p == 0  # lifted, or not
    return p * np.where(corner, 1.0 - np.sqrt(np.where(corner, p - 1.0, 1.0)), x ** np.where(still, 1.0, p - 1.0))


def power_by_exponent(x: Array, p: Array, y: Array) -> Array:
    """y * log(x); at x = 0 and p >= 0 its limit, which is 0, but not flat: log(x) falls as a tiny negative power of x does,
    so that a power of slightly less than p, negated, has the same derivatives of every order: 0, then -inf. At p = 0 the
    value jumps, and is flat by convention."""
    zero = (x == 0) & (p >= 0)
    limit = np.where(p == 0, 0.0, -(np.where(zero, x, 1.0) ** (p * (1.0 - 2.0**-10))))
    return np.where(zero, limit, y * np.log(np.where(zero, 1.0, x)))


def power_push(x: Array, p: Array, y: Array, dx: Array | None, dp: Array | None) -> Array | None:
    """dy = p x**(p-1) dx + y log(x) dp; where both vanish at (0, 0) and move together, as in t**t, the slope is log(0)."""
    if x.__class__ is float:  # Python's power raises at 0.0 ** -1 and turns complex at (-8.0) ** 0.5
        x = np.float64(x)
    if dp is None:
        if isinstance(p, (int, float, complex, np.generic)):  # by far the commonest: no corner to watch
            return None if p == 0 else (2.0 * x if p == 2 else p * x ** (p - 1)) * dx
        return power_by_base(x, p, y) * dx
    by_exponent = power_by_exponent(x, p, y) * dp
    if dx is None:
        return by_exponent
    together = (x == 0) & (p == 0) & (dx != 0) & (dp != 0)
    return power_by_base(x, p, y) * dx + np.where(together, -inf, by_exponent)


def float_power_push(x: Array, p: Array, y: Array, dx: Array | None, dp: Array | None) -> Array | None:
    """The same in the dtype of the value, which is wider than the operands may be."""
    return power_push(np.positive(x, dtype=y.dtype), np.positive(p, dtype=y.dtype), y, dx, dp)


for power, push in ((np.power, power_push), (np.float_power, float_power_push)):
    rule(
        power,
        power_by_base,
        power_by_exponent,
        on=(POSITIVE, REAL),
        at={
            (0.0, 1.0): (1.0, 0.0),
            (0.0, 2.0): (0.0, 0.0),
            (-3.0, 2.0): (-6.0, nan),
            (-2.0, 3.0): (12.0, nan),
            (0.0, 0.0): (0.0, 0.0),
            (0.0, 0.5): (inf, 0.0),
            (0.0, -1.0): (-inf, -inf),
        },
        push=push,
    )
rule(np.sqrt, lambda x, y: 0.5 / y, on=POSITIVE, at={0.0: inf})
rule(np.cbrt, lambda x, y: 1.0 / (3.0 * y) / y, at={0.0: inf})  # two quotients: 1/(3*y*y) has nan as second derivative at 0


# -- exponentials and logarithms -----------------------------------------------------------------------------------------


def share(gap: Array, exp: Any = np.exp) -> Array:
    """1 / (1 + exp(gap)) without overflow, for every order of derivative: the larger term never stands in the exponent."""
    negative = gap < 0
    e = exp(np.where(negative, gap, -gap))
    return np.where(negative, 1.0, e) / (1.0 + e)


rule(np.exp, lambda x, y: y)
rule(np.exp2, lambda x, y: y * like(y, LN2))
rule(np.expm1, lambda x, y: np.exp(x))  # y + 1 loses everything below -20
rule(np.log, lambda x, y: 1.0 / x, on=POSITIVE, at={0.0: inf, -1.0: -1.0})
rule(np.log2, lambda x, y: 1.0 / (x * like(y, LN2)), on=POSITIVE, at={0.0: inf})
rule(np.log10, lambda x, y: 1.0 / (x * like(y, LN10)), on=POSITIVE, at={0.0: inf})
rule(np.log1p, lambda x, y: 1.0 / (1.0 + x), on=ABOVE_MINUS_ONE, at={-1.0: inf})
rule(
    np.logaddexp,
    lambda a, b, y: share(b - a),
    lambda a, b, y: share(a - b),
    at={(-inf, 0.0): (0.0, 1.0), (inf, 0.0): (1.0, 0.0), (-inf, -inf): (nan, nan), (1000.0, -1000.0): (1.0, 0.0)},
    fold=lambda x, y, axes: np.exp(x - y),
)
rule(
    np.logaddexp2,
    lambda a, b, y: share(b - a, np.exp2),
    lambda a, b, y: share(a - b, np.exp2),
    at={(-inf, 0.0): (0.0, 1.0), (inf, 0.0): (1.0, 0.0)},
    fold=lambda x, y, axes: np.exp2(x - y),
)


# -- circular and hyperbolic functions -----------------------------------------------------------------------------------


def sech2(x: Array, y: Array) -> Array:
    """The derivative of tanh: 1 - y*y has no digits left from x = 20, 1/cosh(x)**2 overflows at 400.

    The quotient that serves far out has all digits everywhere, but no derivatives at 0, where abs(x) has none: of plain numbers
    it is all that is needed, and half of the time of the whole.
    """
    plain = y.__class__ is ndarray
    if (plain or isinstance(y, np.generic)) and y.dtype.kind == "f":
        e = np.abs(x, dtype=y.dtype)
        e *= -2.0
        e = np.exp(e, out=e if plain else None)
        below = e + 1.0
        below *= below
        e *= 4.0
        e /= below
        return e
    size = np.where(x < 0, -x, x) if y.dtype.kind == "c" else np.abs(x)  # complex numbers compare by their real parts
    e = np.exp(-2.0 * size)
    return np.where(size < 1.0, 1.0 - y * y, 4.0 * e / ((1.0 + e) * (1.0 + e)))


def bell(x: Array, y: Array) -> Array:
    """The derivative of arctan, 1 / (1 + x*x); far out in 1/x, where x*x overflows and at infinity has nan as derivative."""
    far = np.abs(x) > 1.0
    small = np.where(far, 1.0 / np.where(far, x, 1.0), x)
    square = small * small
    return np.where(far, square, 1.0) / (1.0 + square)


def slope_of_tan(x: Array, y: Array) -> Array:
    """1 + y*y; in the complex plane that has no digits where y is nearly i, so turn the plane: tan(x) = tanh(ix)/i."""
    return sech2(1j * x, 1j * y) if y.dtype.kind == "c" else 1.0 + y * y


def slope_of_arcsinh(x: Array, y: Array) -> Array:
    """1 / sqrt(1 + x*x) without overflow: the length of (1, x), or its two factors in the complex plane."""
    return 1.0 / (np.sqrt(1.0 + 1j * x) * np.sqrt(1.0 - 1j * x) if y.dtype.kind == "c" else np.hypot(1.0, x))


def slope_of_arcsin(x: Array, y: Array) -> Array:
    """1 / sqrt((1 - x) (1 + x)); in the complex plane the root of each factor, whose imaginary parts keep the sign of their
    zeros: 1 - x has +0 there on both sides of the cut, -(x - 1) has not."""
    return 1.0 / (np.sqrt(-(x - 1.0)) * np.sqrt(x - -1.0) if y.dtype.kind == "c" else np.sqrt((1.0 - x) * (1.0 + x)))


rule(np.sin, lambda x, y: np.cos(x))
rule(np.cos, lambda x, y: -np.sin(x))
rule(np.tan, slope_of_tan)
rule(np.arcsin, slope_of_arcsin, on=UNIT, at={1.0: inf, -1.0: inf})
rule(np.arccos, lambda x, y: -slope_of_arcsin(x, y), on=UNIT, at={1.0: -inf, -1.0: -inf})
rule(np.arctan, bell, at={inf: 0.0, -inf: 0.0})
rule(np.sinh, lambda x, y: np.cosh(x))
rule(np.cosh, lambda x, y: np.sinh(x))
rule(np.tanh, sech2, at={20.0: 1.6993417021166355e-17, 400.0: 0.0, inf: 0.0})
rule(np.arcsinh, slope_of_arcsinh, at={inf: 0.0})
rule(np.arccosh, lambda x, y: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)), on=ABOVE_ONE, at={1.0: inf})
rule(np.arctanh, lambda x, y: 1.0 / ((1.0 - x) * (1.0 + x)), on=UNIT, at={1.0: inf, -1.0: inf})
rule(np.arctan2, lambda a, b, y: b / np.hypot(a, b) / np.hypot(a, b), lambda a, b, y: -(a / np.hypot(a, b)) / np.hypot(a, b))
rule(
    np.hypot,
    lambda a, b, y: a / away_from_zero(y),
    lambda a, b, y: b / away_from_zero(y),
    at={(0.0, 0.0): (0.0, 0.0)},
    fold=lambda x, y, axes: x / away_from_zero(y),
)
for to_degrees in (np.degrees, np.rad2deg):
    rule(to_degrees, lambda x, y: like(y, DEGREE))
for to_radians in (np.radians, np.deg2rad):
    rule(to_radians, lambda x, y: like(y, 1 / DEGREE))

TURN = 0.5  # below this |x| the series of sinc' converges to the last bit with SERIES terms
SERIES = [(-1) ** n * 2 * n * pi ** (2 * n) / np.prod(np.arange(1.0, 2 * n + 2)) for n in range(1, 15)]


def cosc(x: Array, y: Array) -> Array:
    """The derivative of sinc: (cos(pi x) - sinc(x)) / x, by its series near 0, where the quotient has no digits."""
    near = np.abs(x) < TURN
    small = np.where(near, x, 0.0)
    series = horner(SERIES, small * small)
    far = np.where(near, 1.0, x)
    angle = pi * (far - 2.0 * np.rint(0.5 * np.real(far)))  # whole turns are taken off exactly, before pi rounds them
    return np.where(near, series * small, (np.cos(angle) - np.sin(angle) / (pi * far)) / far)


rule(np.sinc, cosc, at={0.0: 0.0})

FAR = 30.0  # from here on the asymptotic series of the Bessel function I1 has more digits than a float with its terms
RISING = [1.0 / float(np.prod(np.arange(1.0, k + 1)) * np.prod(np.arange(1.0, k + 2))) for k in range(56)]
FALLING = [float(np.prod([((2 * j - 1) ** 2 - 4) / (8.0 * j) for j in range(1, n + 1)])) for n in range(22)]


def horner(coefficients: list[float], x: Array) -> Array:
    """The polynomial with these coefficients, from the constant on."""
    result = 0.0
    for coefficient in reversed(coefficients):
        result = result * x + coefficient
    return result


def bessel_i1(x: Array, y: Array) -> Array:
    """I1, the derivative of I0: its power series, whose terms are all of one sign, and far out its asymptotic series."""
    size = np.abs(x)
    near = size < FAR
    half = np.where(near, 0.5 * x, 0.0)
    far = np.where(near, FAR, size)
    tail = np.exp(far) / np.sqrt(2.0 * pi * far) * horner(FALLING, 1.0 / far)
    return np.where(near, half * horner(RISING, half * half), np.where(x < 0, -tail, tail))


rule(np.i0, bessel_i1, at={0.0: 0.0})


# -- kinks, steps and selections -----------------------------------------------------------------------------------------


def absolute_push(x: Array, y: Array, dx: Array) -> Array:
    """sign(x) dx; for complex x the change of length, Re(conj(sign z) dz)."""
    direction = np.sign(x)
    return np.real(np.conjugate(direction) * dx) if np.iscomplexobj(x) else direction * dx


def sign_push(x: Array, y: Array, dx: Array) -> Array | None:
    """Flat for real x; for complex x, z/|z| turns: (dz - y Re(conj(y) dz)) / |z|."""
    return (dx - y * np.real(np.conjugate(y) * dx)) / nonzero(np.abs(x)) if np.iscomplexobj(x) else None


def chosen(wins: Array, a: Array, b: Array) -> Array:
    """The weight of `a` in maximum and minimum: 1 where it wins (a nan always does), a half at a tie."""
    return np.where(a == b, 0.5, wins | (a != a))


def chosen_number(wins: Array, a: Array, b: Array) -> Array:
    """The weight of `a` in fmax and fmin, which pass over a nan; nan where both are."""
    return np.where(a == b, 0.5, np.where((a != a) & (b != b), nan, wins | (b != b)))


def extreme_fold(x: Array, y: Array, axes: tuple[int, ...]) -> Array:
    """Weights of an array's extreme element, split evenly among ties."""
    taken = (x == y) | ((x != x) & (y != y))
    return taken / np.sum(taken, axis=axes, keepdims=True)


rule(np.absolute, lambda x, y: np.sign(x), at={0.0: 0.0}, push=absolute_push)
rule(np.fabs, lambda x, y: np.sign(x), at={0.0: 0.0})
rule(np.sign, 0, at={0.0: 0.0}, push=sign_push)
rule(np.copysign, lambda a, b, y: np.where(np.signbit(a) == np.signbit(b), 1.0, -1.0), 0, at={(0.0, -1.0): (-1.0, 0.0)})
EXTREMES = {
    np.maximum: (lambda a, b, y: chosen(a > b, a, b), lambda a, b, y: chosen(b > a, b, a)),
    np.minimum: (lambda a, b, y: chosen(a < b, a, b), lambda a, b, y: chosen(b < a, b, a)),
    np.fmax: (lambda a, b, y: chosen_number(a > b, a, b), lambda a, b, y: chosen_number(b > a, b, a)),
    np.fmin: (lambda a, b, y: chosen_number(a < b, a, b), lambda a, b, y: chosen_number(b < a, b, a)),
}
for extreme, weights in EXTREMES.items():
    at_nan = {} if extreme in (np.maximum, np.minimum) else {(nan, 1.0): (0.0, 1.0)}
    rule(extreme, *weights, at={(1.0, 1.0): (0.5, 0.5)} | at_nan, select=True, fold=extreme_fold)
# The ufunc behind np.clip has no public name; np.clip itself is a function of arrays.
rule(
    np._core.umath.clip,
    lambda x, low, high, y: ((low <= x) & (x <= high)) | (x != x),
    lambda x, low, high, y: (x < low) & (low <= high),
    lambda x, low, high, y: np.maximum(x, low) > high,
    at={(0.0, 0.0, 1.0): (1.0, 0.0, 0.0), (1.0, 0.0, 1.0): (1.0, 0.0, 0.0)},
    select=True,
)
rule(np.heaviside, 0, lambda x, h, y: x == 0, select=True, at={(0.0, 0.3): (0.0, 1.0)})
for step in (np.floor, np.ceil, np.rint, np.trunc, np.spacing):
    rule(step, 0, at={1.0: 0.0})
rule(np.floor_divide, 0, 0, at={(4.0, 2.0): (0.0, 0.0)})
rule(np.nextafter, 1, 0)
rule(np.modf, (1, 0), at={2.0: (1.0, 0.0)})
rule(np.frexp, (lambda x, y: np.ldexp(1.0, -y[1]), 0), at={4.0: (0.125, 0.0)})
rule(np.ldexp, lambda x, i, y: np.ldexp(1.0, i), 0, on=(REAL, INTEGER))


# -- answers that do not vary --------------------------------------------------------------------------------------------

constant(
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.isfinite, np.isinf, np.isnan, np.signbit),
    np._core.umath._ones_like,
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
)
