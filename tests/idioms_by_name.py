"""Functions as they stand in packages: names imported one by one, the math module, and NumPy's helpers that call back.

Nothing here knows of dualad. What each is expected to do stands in idioms.py.
"""

import cmath
import math
from functools import partial, reduce
from math import atan2, cos, exp, floor, log, pi, sin, sqrt
from operator import mul

import numpy
import numpy as np
from numpy import array, asarray, dot, empty, eye, float64, linspace, ones, sum, zeros, zeros_like

TIMES = linspace(0.0, 1.0, 4)

# -- the math module -----------------------------------------------------------------------------------------------------


def black_scholes(s):
    strike, rate, volatility, maturity = 1.1, 0.05, 0.2, 0.5
    d1 = (log(s / strike) + (rate + 0.5 * volatility**2) * maturity) / (volatility * sqrt(maturity))
    d2 = d1 - volatility * sqrt(maturity)
    value = s * 0.5 * (1 + math.erf(d1 / sqrt(2))) - strike * exp(-rate * maturity) * 0.5 * (1 + math.erf(d2 / sqrt(2)))
    return value / s


def great_circle(x):
    a, b, c = x
    return 2.0 * math.asin(math.sqrt(math.sin((a - b) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(c / 2) ** 2))


def math_into_array(x):
    return array([sin(x[0]), cos(x[1]) * exp(x[2]), pi])


def math_into_zeros(x):
    r = zeros((2, 2))
    r[0, 0] = r[1, 1] = cos(x[0])
    r[1, 0] = sin(x[0])
    r[0, 1] = -r[1, 0]
    return dot(r, asarray([x[1], x[2]]))


def math_of_elements(x):
    return sum([math.exp(-value) * math.pow(value, 1.5) for value in x])


def math_two_arguments(x):
    return atan2(x[0], x[1]) + math.hypot(x[1], x[2]) + math.fmod(x[1], x[2]) + math.copysign(x[0], -1.0)


def math_of_many(x):
    return math.fsum(value**2 for value in x) + math.hypot(*x) + math.dist([x[0], x[1]], [0.0, x[2]])


def math_product(x):
    return math.prod(x) + reduce(mul, x)


def math_gamma(x):
    return math.gamma(x) + math.lgamma(x + 1.0) + math.expm1(x) - math.log1p(x)


def math_rounding(x):
    cells = math.ceil(10.0 * x) + floor(x)
    return cells * x


def math_tests(x):
    if math.isnan(x) or math.isinf(x) or math.isclose(x, 0.0):
        return 0.0 * x
    return x * math.degrees(math.radians(x))


def complex_math(x):
    z = cmath.exp(1j * x) * cmath.sqrt(x - 2.0)
    return z.real + abs(z) + cmath.phase(z)


def math_mapped(x):
    return array(list(map(sqrt, x)))


def math_in_partial(x):
    return sum([partial(math.pow, value)(3.0) for value in x])


# -- NumPy's names -------------------------------------------------------------------------------------------------------


def names_zeros(x):
    z = zeros(3)
    for i in range(3):
        z[i] = x[i] ** 3
    return z


def names_empty_like_ones(x):
    a = ones((2, 3))
    b = zeros_like(a)
    b[0] = x
    a[1, :] = b[0] * x[0]
    return a


def names_of_the_package(x):
    z = numpy.zeros(3, numpy.double)
    z[:2] = numpy.cross([x[0], x[1], x[2]], [1.0, 0.0, 0.0])[1:]
    return z


def names_of_tridiagonal(x):
    n = 3
    a = 2.0 * eye(n)
    for i in range(n - 1):
        a[i, i + 1] = a[i + 1, i] = -x[i]
    b = empty(n)
    b[:] = linspace(0.0, 1.0, n)
    b[0] = x[2]
    return numpy.linalg.solve(a, b)


def names_float64(x):
    return float64(x[0]) * float64(2.0) + x[1]


# -- helpers that call a function back -----------------------------------------------------------------------------------


def vectorized(x):
    def one(value, scale):
        return scale * math.sqrt(value) if value > 0.5 else value

    return np.vectorize(one)(x, 2.0)


def vectorized_with_types(x):
    return np.vectorize(lambda value: 0.0 if value < 0.5 else value**2, otypes=[float])(x)


def vectorized_over_plain(x):
    return np.vectorize(lambda t: x[0] * np.exp(-x[1] * t))(linspace(0.0, 1.0, 4))


@np.vectorize
def _clipped(value):
    return min(value, 1.0) ** 2


def decorated_vectorize(x):
    return _clipped(x)


def from_python_function(x):
    return np.frompyfunc(lambda value: value * value + 1.0, 1, 1)(x).astype(float)


def piecewise(x):
    return np.piecewise(x, [x < 0.5, x >= 0.5], [lambda v: v**2, lambda v: math.e * v])


def piecewise_over_plain(x):
    t = linspace(0.0, 1.0, 4)
    return np.piecewise(t, [t < 0.5, t >= 0.5], [lambda v: x[0] * v, lambda v: x[1] * v**2])


def along_axis(x):
    return np.apply_along_axis(lambda row: np.array([row.max(), row @ x]), 1, np.arange(6.0).reshape(2, 3))


def selected(x):
    return np.select([x < 0.5, x < 1.0], [x**2, np.sin(x)], default=1.0)


def where_guard(x):
    return np.where(x > 0.5, np.log(np.where(x > 0.5, x, 1.0)), 0.0)


def clipped(x):
    return np.clip(x, 0.5, 1.0) + np.maximum.reduce(x)


# -- short ways to write arrays ------------------------------------------------------------------------------------------


def rows_r(x):
    return np.r_[x[0], x[1:] ** 2, 1.0, 0:2]


def columns_c(x):
    return np.c_[x, x**2, np.ones(3)]


def open_mesh(x):
    a = np.outer(x, x)
    return a[np.ix_([0, 2], [1, 2])]


def blocks(x):
    return np.block([[np.eye(2) * x[0], np.zeros((2, 1))], [np.array([[x[1], x[2], 1.0]])]])


def polynomial_class(x):
    return np.polynomial.Polynomial([x[0], x[1], x[2]])(0.5)


def poly1d_class(x):
    return np.poly1d([x[0], x[1], x[2]])(0.5) + np.poly1d([x[0], 1.0]).deriv()(0.0)


def iterated_nditer(x):
    total = 0.0
    for value in np.nditer(x):
        total = total + value**2
    return total


def iterated_ndenumerate(x):
    z = zeros(3)
    for (i,), value in np.ndenumerate(x):
        z[i] = i * value**2
    return z


def iterated_ndindex(x):
    z = zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        z[i, j] = x[i] * x[j]
    return z


def searched(x):
    table = np.array([0.0, 0.5, 1.0, 1.5])
    values = np.array([1.0, 4.0, 2.0, 3.0])
    k = np.searchsorted(table, x) - 1
    weight = (x - table[k]) / (table[k + 1] - table[k])
    return values[k] * (1.0 - weight) + values[k + 1] * weight


def counted_weights(x):
    return np.bincount([0, 1, 0], weights=x**2)


def random_legacy(x):
    np.random.seed(3)
    return x * np.random.normal(size=3) + np.random.rand()


def random_state_of_the_caller(x):
    noise = zeros(3)
    noise[:] = np.random.uniform(size=3)
    noise[0] = x[0] * noise[1]
    return noise


def random_generator(x):
    rng = np.random.default_rng(5)
    return rng.normal(x, 0.1) if np.ndim(x) > 1 else x[0] + np.exp(x[1]) * rng.normal(size=4)


def random_around(x):
    return np.random.default_rng(5).normal(x, 0.1)


# -- lists given to NumPy ------------------------------------------------------------------------------------------------


def sum_of_list(x):
    return np.sum([x[0], x[1] ** 2]) + np.mean([x[0], x[2]])


def dot_of_lists(x):
    return np.dot([x[0], x[1]], [x[1], x[2]])


def norm_of_list(x):
    return np.linalg.norm([x[0], x[1], 1.0])


def solve_of_lists(x):
    return np.linalg.solve([[x[0], 1.0], [0.5, x[1]]], [x[2], 1.0])


def inverse_of_lists(x):
    return np.linalg.inv([[x[0], 1.0], [1.0, 2.0 * x[1]]])


def eigenvalues_of_list(x):
    return np.linalg.eigvalsh([[x[0], x[2]], [x[2], x[1]]])


def einsum_of_lists(x):
    return np.einsum("i,i->", [x[0], x[1]], [x[1], 2.0])


def polyval_of_list(x):
    return np.polyval([x[0], x[1], x[2]], TIMES)


def interp_of_list(x):
    return np.interp([0.25, 1.5], [0.0, 1.0, 2.0], [x[0], x[1], x[2]])


def cumsum_of_list(x):
    return np.cumsum([x[0] ** 2, x[1], x[2]])


def hstack_of_scalars(x):
    return np.hstack([x[0], x[1:] ** 2, 1.0])


def appended(x):
    result = np.array([])
    for value in x:
        result = np.append(result, value**2)
    return result


def list_then_array(x):
    values = []
    state = 1.0
    for value in x:
        state = state * value + 0.1
        values.append(state)
    return np.array(values)


def from_iterator(x):
    return np.fromiter((value**2 for value in x), dtype=float)


def runge_kutta(x):
    steps, h = 5, 0.1
    y = np.empty((steps + 1, 2))
    y[0] = x[:2]
    for n in range(steps):
        k1 = np.array([y[n, 1], -x[2] * y[n, 0]])
        middle = y[n] + 0.5 * h * k1
        y[n + 1] = y[n] + h * np.array([middle[1], -x[2] * middle[0]])
    return y[-1]


def newton_iteration(x):
    root = 1.0
    while abs(root * root - x) > 1e-12 * math.fabs(root):
        root -= (root * root - x) / (2.0 * root)
    return root
