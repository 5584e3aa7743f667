"""Derivatives at kinks, poles, ties and other nasty points: what is promised there, one line each.

The first number of a line is the answer to give. What `or_` lists is tolerated until a better way is found; nothing else is,
and above all no finite number that is wrong.
"""

from __future__ import annotations

from math import inf, nan, pi

import numpy as np
import pytest

import dualad

LINES = []


def line(name, f, x, first=None, second=None, *, or_first=(), or_second=()):
    """What the derivatives of f at x are: the Jacobian, and the Jacobian of the Jacobian."""
    for order, value, others in ((1, first, or_first), (2, second, or_second)):
        if value is not None:
            LINES.append(pytest.param(f, x, order, value, others, id=f"{name}-order{order}"))


def pair(f):
    """A function of two numbers as a function of one array."""
    return lambda x: f(x[0], x[1])


ZERO = np.zeros((2, 2))
NAN2 = np.array([[nan, 0.0], [0.0, nan]])
SWAP = np.array([[0.0, 1.0], [1.0, 0.0]])

# -- kinks and steps -----------------------------------------------------------------------------------------------------
line("abs at 0", np.abs, 0.0, 0.0, 0.0)
line("abs squared at 0", lambda x: np.abs(x) ** 2, 0.0, 0.0, 2.0, or_second=[0.0])
for step in (np.sign, np.floor, np.ceil, np.rint, np.trunc):
    line(step.__name__, step, 0.0, 0.0, 0.0)
    line(step.__name__, step, 2.0, 0.0, 0.0)
line("heaviside at 0", lambda x: np.heaviside(x, 0.5), 0.0, 0.0, 0.0)
line("maximum(x, 0) at 0", lambda x: np.maximum(x, 0.0), 0.0, 0.5, 0.0)
line("minimum(x, 0) at 0", lambda x: np.minimum(x, 0.0), 0.0, 0.5, 0.0)
line("maximum at a tie", pair(np.maximum), [3.0, 3.0], [0.5, 0.5], ZERO)
line("minimum at a tie", pair(np.minimum), [3.0, 3.0], [0.5, 0.5], ZERO)
line("fmax at a tie", pair(np.fmax), [3.0, 3.0], [0.5, 0.5], ZERO)
line("fmin at a tie", pair(np.fmin), [3.0, 3.0], [0.5, 0.5], ZERO)
line("max of ties", np.max, [2.0, 1.0, 2.0], [0.5, 0.0, 0.5], np.zeros((3, 3)))
line("min of ties", np.min, [1.0, 1.0, 1.0, 4.0], [1 / 3, 1 / 3, 1 / 3, 0.0], np.zeros((4, 4)))
line("maximum * minimum", pair(lambda a, b: np.maximum(a, b) * np.minimum(a, b)), [3.0, 3.0], [3, 3], SWAP, or_second=[0.5])
line("maximum(nan, 1)", pair(np.maximum), [nan, 1.0], [nan, nan], or_first=[[1.0, 0.0]])
line("fmax(nan, 1)", pair(np.fmax), [nan, 1.0], [0.0, 1.0])
line("clip at the lower bound", lambda x: np.clip(x, 0.0, 1.0), 0.0, 1.0, 0.0)
line("clip at the upper bound", lambda x: np.clip(x, 0.0, 1.0), 1.0, 1.0, 0.0)
line("copysign(0, -1)", lambda x: np.copysign(x, -1.0), 0.0, -1.0, 0.0)

# -- branches that are not taken -----------------------------------------------------------------------------------------
line("where beside log(0)", lambda x: np.where(x > 0, np.log(x), 3 * x * x), 0.0, 0.0, 6.0)
line("where beside sqrt(-1)", lambda x: np.where(x > 0, np.sqrt(x), x**3), -1.0, 3.0, -6.0)
line("where beside exp(1000)", lambda x: np.where(x < 100, x * x, np.exp(x)), 3.0, 6.0, 2.0)
line("max beside infinite slope", lambda x: np.max(np.stack([np.sqrt(x), x + 1])), 0.0, 1.0, 0.0)

# -- poles and ends of domains: one-sided infinities ---------------------------------------------------------------------
line("sqrt at 0", np.sqrt, 0.0, inf, -inf)
line("log at 0", np.log, 0.0, inf, -inf)
line("1/x at 0", lambda x: 1 / x, 0.0, -inf, inf)
line("arcsin at 1", np.arcsin, 1.0, inf, inf)
line("arccosh at 1", np.arccosh, 1.0, inf, -inf)
line("log1p at -1", np.log1p, -1.0, inf, -inf)
line("cbrt at 0", np.cbrt, 0.0, inf, -inf)
line("arctanh at 1", np.arctanh, 1.0, inf, inf)
line("arctan at inf", np.arctan, inf, 0.0, 0.0)
line("log at -1", np.log, -1.0, -1.0)
line("arctan2 at (0, 0)", pair(np.arctan2), [0.0, 0.0], [nan, nan])

# -- a derivative that is 0 because nothing depends stays 0 beside an infinite one ---------------------------------------
line("sum(sqrt)", lambda x: np.sum(np.sqrt(x)), [0.0, 1.0], [inf, 0.5], [[-inf, 0], [0, -0.25]])
line("x exp(-y) overflows", pair(lambda a, b: a * np.exp(-b)), [1.0, -1e3], [inf, -inf])
line("cbrt(x**3)", lambda x: np.cbrt(x**3), 0.0, 1.0, or_first=[nan])
line("sqrt(x**4)", lambda x: np.sqrt(x**4), 0.0, 0.0, or_first=[nan])
line("x sqrt(x)", lambda x: x * np.sqrt(x), 0.0, 0.0, or_first=[nan])

# -- powers --------------------------------------------------------------------------------------------------------------
for p in (2, 2.0):
    for x in (0.0, -3.0):
        line(f"x**{p} at {x}", lambda x, p=p: x**p, x, 2 * x, 2.0)
for x in (0.0, -3.0):
    line(f"x**3.0 at {x}", lambda x: x**3.0, x, 3 * x * x, 6 * x)
line("x**1.0 at 0", lambda x: x**1.0, 0.0, 1.0, 0.0)
line("x**0.0 at 0", lambda x: x**0.0, 0.0, 0.0, 0.0)
line("x**y at (0, 0)", pair(np.power), [0.0, 0.0], [0.0, 0.0])
line("x**y at (0, .5)", pair(np.power), [0.0, 0.5], [inf, 0.0])
line("x**y at (0, -1)", pair(np.power), [0.0, -1.0], [-inf, -inf])
line("x**y at (-2, 3)", pair(np.power), [-2.0, 3.0], [12.0, nan])
line("x**y at (0, 1), by x then y", lambda p: dualad.derivative(np.power)(0.0, p), 1.0, -inf)
line("x**y at (0, 1), by y then x", lambda x: dualad.derivative(np.power, argnums=1)(x, 1.0), 0.0, -inf)
for x in (0.5, 2.0):
    mixed = [[0.0, 1 / x], [1 / x, np.log(x) ** 2]]
    line(f"x**y at ({x}, 0)", pair(np.power), [x, 0.0], [0.0, np.log(x)], mixed)
    line(f"float_power at ({x}, 0)", pair(np.float_power), [x, 0.0], [0.0, np.log(x)], mixed)
line("x**[0, 1, 2] near 0", lambda x: np.sum(x ** np.arange(3.0)), 1e-200, 1.0, 2.0)
line("(-2)**x", lambda x: (-2.0) ** x, 3.0, nan)
for p, slope in ((0.5, -inf), (2.0, 0.0)):
    line(f"x**y at (0, {p}), by y then x", lambda x, p=p: dualad.derivative(np.power, argnums=1)(x, p), 0.0, slope)
line("x**y at (0, 2), by y then x, x", lambda x: dualad.derivative(np.power, argnums=1)(x, 2.0), 0.0, 0.0, -inf)
line("0**x at 0", lambda x: 0.0**x, 0.0, 0.0)
line("x**x at 0", lambda x: x**x, 0.0, -inf)

# -- removable singularities and cones -----------------------------------------------------------------------------------
line("sinc at 0", np.sinc, 0.0, 0.0, -(pi**2) / 3)
line("sinc'' at 0, twice more", dualad.derivative(np.sinc, order=2), 0.0, 0.0, pi**4 / 5)
line("norm at 0", np.linalg.norm, [0.0, 0.0], [0.0, 0.0])
line("norm**2 at 0", lambda x: np.linalg.norm(x) ** 2, [0.0, 0.0], [0, 0], 2 * np.eye(2), or_second=[NAN2])
line("std of equal numbers", np.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0])
line("std of one number, which is 0 whatever the number", np.std, [2.0], [0.0], [[0.0]])
line("std of rows of one", lambda x: np.sum(np.std(x[:, None], axis=1)), [2.0, 3.0], [0.0, 0.0], np.zeros((2, 2)))
line("std of one number, ddof=1", lambda x: np.std(x, ddof=1), [2.0], [nan])
line("var of one number", lambda x: np.var(x, ddof=1), [2.0], [nan])
line("hypot at (0, 0)", pair(np.hypot), [0.0, 0.0], [0.0, 0.0])
line("abs of complex 0", pair(lambda a, b: np.abs(a + 1j * b)), [0.0, 0.0], [0.0, 0.0])
ABS2 = pair(lambda a, b: np.abs(a + 1j * b) ** 2)
line("abs squared of complex 0", ABS2, [0.0, 0.0], [0, 0], 2 * np.eye(2), or_second=[0.0])
line("angle of 0", pair(lambda a, b: np.angle(a + 1j * b)), [0.0, 0.0], [0.0, 0.0])

# -- tails ---------------------------------------------------------------------------------------------------------------
line("logaddexp(-inf, 0)", pair(np.logaddexp), [-inf, 0.0], [0.0, 1.0], ZERO)
line("logaddexp(-inf, -inf)", pair(np.logaddexp), [-inf, -inf], [nan, nan])
line("logaddexp(inf, 0)", pair(np.logaddexp), [inf, 0.0], [1.0, 0.0])
line("logaddexp far apart", pair(np.logaddexp), [1000.0, -1000.0], [1.0, 0.0], ZERO)
line("softplus(-1000)", lambda x: np.logaddexp(0.0, x), -1000.0, 0.0, 0.0)
line("logistic(-1000)", lambda x: 1 / (1 + np.exp(-x)), -1000.0, 0.0, or_first=[nan])
line("x - x at inf", lambda x: x - x, inf, 0.0)
line("0 x at inf", lambda x: 0.0 * x, inf, 0.0)
line("2 x at nan", lambda x: x * 2, nan, 2.0)

# -- remainders ----------------------------------------------------------------------------------------------------------
line("remainder at a multiple", pair(np.remainder), [6.0, 2.0], [1.0, -3.0], ZERO)
line("remainder, negative", pair(np.remainder), [-5.0, 2.0], [1.0, 3.0], ZERO)
line("fmod at a multiple", pair(np.fmod), [6.0, 2.0], [1.0, -3.0], ZERO)
line("fmod, negative", pair(np.fmod), [-5.0, 2.0], [1.0, 2.0], ZERO)

# -- selections among equals: a stable permutation -----------------------------------------------------------------------
line("sort with ties", np.sort, [2.0, 1.0, 2.0], [[0, 1, 0], [1, 0, 0], [0, 0, 1]])
line("median with ties", np.median, [1.0, 1.0, 2.0], [0.0, 1.0, 0.0])
line("even median with ties", np.median, [1.0, 3.0, 1.0, 1.0], [0.0, 0.0, 0.5, 0.5])
line("element at argmax", lambda x: x[np.argmax(x)], [1.0, 5.0, 5.0], [0.0, 1.0, 0.0])

# -- products with zeros, and matrices -----------------------------------------------------------------------------------
line("prod, one 0", np.prod, [2.0, 0.0, 5.0], [0, 10, 0], [[0, 5, 0], [5, 0, 2], [0, 2, 0]])
line("prod, two 0", np.prod, [0.0, 3.0, 0.0], [0, 0, 0], [[0, 0, 3], [0, 0, 0], [3, 0, 0]])
line("cumprod, two 0", lambda x: np.cumprod(x)[-1], [0.0, 3.0, 0.0], [0, 0, 0], [[0, 0, 3], [0, 0, 0], [3, 0, 0]])


def two_by_two(f):
    """A function of a matrix as a function of its four entries."""
    return lambda x: f(x.reshape(2, 2))


DET2 = np.array([[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]])
"""The second derivatives of a d - b c."""
COFACTORS = np.array([3.0, -1.0, -1.0, 2.0])
"""The gradient of the determinant at [[2, 1], [1, 3]], which is 5."""
SINGULAR3 = [1.0, 2, 3, 2, 4, 6, 1, 0, 1]

line("det, singular", two_by_two(np.linalg.det), [1.0, 2.0, 2.0, 4.0], [4.0, -2.0, -2.0, 1.0], DET2)
line("det of 0", two_by_two(np.linalg.det), [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], DET2)
line("det, singular 3x3", lambda x: np.linalg.det(x.reshape(3, 3)), SINGULAR3, [4, 4, -4, -2, -2, 2, 0, 0, 0])
line("det, regular", two_by_two(np.linalg.det), [2.0, 1.0, 1.0, 3.0], COFACTORS, DET2)
line(
    "slogdet, regular",
    two_by_two(lambda a: np.linalg.slogdet(a)[1]),
    [2.0, 1.0, 1.0, 3.0],
    COFACTORS / 5,
    DET2 / 5 - np.outer(COFACTORS, COFACTORS) / 25,
)
INVERSE = np.linalg.inv([[2.0, 1.0], [1.0, 3.0]])
FIRST = -np.einsum("ia,bj->ijab", INVERSE, INVERSE)
SECOND = np.einsum("ia,bc,dj->ijabcd", INVERSE, INVERSE, INVERSE)
SECOND = SECOND + np.einsum("ijcdab->ijabcd", SECOND)
for name, invert in {"inv": np.linalg.inv, "solve": lambda a: np.linalg.solve(a, np.eye(2))}.items():
    line(f"{name}, regular", invert, [[2.0, 1.0], [1.0, 3.0]], FIRST, SECOND)
line(
    "cholesky reads the lower triangle",
    lambda x: np.linalg.cholesky(x.reshape(2, 2))[1, 0],
    [4.0, 2.0, 2.0, 5.0],
    [-0.125, 0.0, 0.5, 0.0],
)


@pytest.mark.filterwarnings("ignore:Degrees of freedom <= 0")
@pytest.mark.parametrize(("f", "x", "order", "value", "others"), LINES)
def test_derivative_at(f, x, order, value, others):
    """The derivative is what the line says."""
    x = np.asarray(x)[()]
    jacobian = dualad.jacfwd(f) if order == 1 else dualad.jacfwd(dualad.jacfwd(f))
    with np.errstate(all="ignore"):
        got = jacobian(x)
    wanted = [np.broadcast_to(each, got.shape) for each in (value, *others)]
    assert any(np.allclose(got, each, rtol=1e-14, atol=1e-14, equal_nan=True) for each in wanted), got


@pytest.mark.parametrize(("f", "x", "order", "value", "others"), [each for each in LINES if np.ndim(each.values[1]) == 0])
def test_derivative_at_among_others(f, x, order, value, others):
    """The same function of each element of an array: the nasty element does not disturb its neighbours, nor they it."""
    array = np.array([x, x])
    with np.errstate(all="ignore"):
        got = dualad.derivative(lambda x: np.stack([f(x[0]), f(x[1])]), order=order)(array)
    assert any(np.allclose(got, each, rtol=1e-14, atol=1e-14, equal_nan=True) for each in (value, *others)), got
