"""The problems: one list of functions from practice, with arguments of any size and derivatives worked out by hand.

Tests compare with the exact answers, benchmarks time the same functions. Everything is plain NumPy, so that any library
which differentiates NumPy code can be given the same work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Problem:
    """A function, where to evaluate it, and its exact derivatives.

    Attributes
    ----------
    name
        What to call it in a table.
    function
        The function; it is differentiated by `argnums`.
    arguments
        A builder of its arguments: of `size` points, inputs or rows, whichever can grow.
    size
        A size at which the test is quick.
    argnums
        The differentiated argument, or a tuple of them.
    jacobian
        The exact first derivative as a function of the same arguments: of shape out.shape + in.shape. For a function marked
        "elementwise" a tuple of partial derivatives, each of the output's shape.
    hessian
        The exact second derivative, of shape out.shape + in.shape + in.shape; None where no closed form is given.
    marks
        "scalar": the output is one number; "elementwise": it acts on each element; "analytic": it can be evaluated with
        complex numbers, so a complex step gives another reference.
    """

    name: str
    function: Function
    arguments: Callable[[int], tuple[Any, ...]]
    size: int
    jacobian: Function
    hessian: Function | None = None
    argnums: int | tuple[int, ...] = 0
    marks: frozenset[str] = frozenset({"analytic"})


# -- curves over a grid of points ----------------------------------------------------------------------------------------


def two_peaks(p, t):
    """Two Gaussian peaks on a sloping line: amplitude, place and width of each, then offset and slope."""
    a, m, s, b, n, w, offset, slope = p
    return a * np.exp(-0.5 * ((t - m) / s) ** 2) + b * np.exp(-0.5 * ((t - n) / w) ** 2) + offset + slope * t


def two_peaks_arguments(size):
    return np.array([1.5, -1.0, 0.4, 0.8, 1.2, 0.7, 0.1, -0.05]), np.linspace(-3.0, 3.0, size)


def two_peaks_jacobian(p, t):
    columns = []
    for a, m, s in (p[:3], p[3:6]):
        z = (t - m) / s
        bell = np.exp(-0.5 * z**2)
        columns += [bell, a * bell * z / s, a * bell * z**2 / s]
    return np.stack([*columns, np.ones_like(t), t], -1)


def decay(p, t):
    """Exponential decay of an amplitude at a rate to an offset."""
    amplitude, rate, offset = p
    return amplitude * np.exp(-rate * t) + offset


def decay_arguments(size):
    return np.array([2.0, 0.7, 0.3]), np.linspace(0.0, 5.0, size)


def decay_jacobian(p, t):
    e = np.exp(-p[1] * t)
    return np.stack([e, -p[0] * t * e, np.ones_like(t)], -1)


def decay_hessian(p, t):
    e = np.exp(-p[1] * t)
    second = np.zeros((len(t), 3, 3), p.dtype)
    second[:, 0, 1] = second[:, 1, 0] = -t * e
    second[:, 1, 1] = p[0] * t**2 * e
    return second


# -- optimisation --------------------------------------------------------------------------------------------------------


def rosenbrock(x):
    """The curved valley with its minimum at ones."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_arguments(size):
    return (np.linspace(-1.2, 1.0, size),)


def rosenbrock_gradient(x):
    slope = np.zeros_like(x)
    gap = x[1:] - x[:-1] ** 2
    slope[:-1] = -400.0 * x[:-1] * gap - 2.0 * (1.0 - x[:-1])
    slope[1:] += 200.0 * gap
    return slope


def rosenbrock_hessian(x):
    diagonal = np.zeros_like(x)
    diagonal[:-1] = 1200.0 * x[:-1] ** 2 - 400.0 * x[1:] + 2.0
    diagonal[1:] += 200.0
    beside = -400.0 * x[:-1]
    return np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)


def logistic_loss(beta, x, sign):
    """Negative log-likelihood of a logistic regression: rows x, outcomes as signs."""
    return np.sum(np.logaddexp(0.0, -sign * (x @ beta)))


def logistic_arguments(size):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((size, 4))
    return np.array([0.5, -1.0, 0.25, 2.0]), x, np.where(rng.random(size) < 0.6, 1.0, -1.0)


def logistic_gradient(beta, x, sign):
    return x.T @ (-sign / (1.0 + np.exp(sign * (x @ beta))))


def logistic_hessian(beta, x, sign):
    p = 1.0 / (1.0 + np.exp(-(x @ beta)))
    return x.T @ (x * (p * (1.0 - p))[:, None])


# -- finance -------------------------------------------------------------------------------------------------------------

NUMERATOR = (
    *(3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383),
    *(112.079291497871, 221.213596169931, 220.206867912376),
)
DENOMINATOR = (
    *(8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461),
    *(296.564248779674, 637.333633378831, 793.826512519948, 440.413735824752),
)
"""Hart's rational approximation 5666 of the normal distribution's tail, good to 15 digits below 7 standard deviations."""


def polynomial(coefficients, x):
    """Horner's scheme, highest power first."""
    value = coefficients[0] + 0.0 * x
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value


def normal_cdf(x):
    """The standard normal distribution function, in NumPy alone."""
    distance = np.where(x < 0.0, -x, x)
    tail = np.exp(-0.5 * distance**2) * polynomial(NUMERATOR, distance) / polynomial(DENOMINATOR, distance)
    return np.where(x < 0.0, tail, 1.0 - tail)


def normal_density(x):
    return np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi)


def black_scholes(spot, strike, rate, volatility, maturity):
    """The price of a European call option."""
    d1, d2 = black_scholes_distances(spot, strike, rate, volatility, maturity)
    return spot * normal_cdf(d1) - strike * np.exp(-rate * maturity) * normal_cdf(d2)


def black_scholes_distances(spot, strike, rate, volatility, maturity):
    width = volatility * np.sqrt(maturity)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * maturity) / width
    return d1, d1 - width


def black_scholes_arguments(size):
    rng = np.random.default_rng(7)
    low = np.array([80.0, 80.0, 0.01, 0.1, 0.25])
    high = np.array([120.0, 120.0, 0.06, 0.5, 2.0])
    return tuple(rng.uniform(low, high, (size, 5)).T.copy())


def black_scholes_greeks(spot, strike, rate, volatility, maturity):
    """Delta, the slope by the strike, rho, vega, and theta with its sign turned: the partials in the arguments' order."""
    d1, d2 = black_scholes_distances(spot, strike, rate, volatility, maturity)
    discount = np.exp(-rate * maturity)
    vega = spot * normal_density(d1) * np.sqrt(maturity)
    theta = 0.5 * vega * volatility / maturity + rate * strike * discount * normal_cdf(d2)
    return (
        normal_cdf(d1),
        -discount * normal_cdf(d2),
        strike * maturity * discount * normal_cdf(d2),
        vega,
        theta,
    )


# -- mechanics, chemistry, linear algebra --------------------------------------------------------------------------------

TWIST = (0.5, -0.5, 0.25, 0.5, -0.5, 0.0)  # of each link, in units of pi
LENGTH = (0.1, 0.7, 0.2, 0.0, 0.3, 0.1)
OFFSET = (0.4, 0.0, 0.1, 0.6, 0.0, 0.2)


def link(angle, twist, length, offset):
    """The 4 x 4 matrix of one joint and the link behind it (Denavit and Hartenberg)."""
    turn = np.zeros_like(angle, shape=(4, 4))
    turn[0, 0] = turn[1, 1] = np.cos(angle)
    turn[1, 0] = np.sin(angle)
    turn[0, 1] = -turn[1, 0]
    turn[2, 2] = turn[3, 3] = 1.0
    turn[2, 3] = offset
    c, s = np.cos(np.pi * twist), np.sin(np.pi * twist)
    return turn @ np.array([[1.0, 0.0, 0.0, length], [0.0, c, -s, 0.0], [0.0, s, c, 0.0], [0.0, 0.0, 0.0, 1.0]])


def robot_arm(angles):
    """Where the tool of an arm of rotating joints is."""
    pose = np.eye(4)
    for joint, angle in enumerate(angles):
        pose = pose @ link(angle, TWIST[joint % 6], LENGTH[joint % 6], OFFSET[joint % 6])
    return pose[:3, 3]


def robot_arguments(size):
    return (np.linspace(-1.0, 1.5, size),)


def robot_axes(angles):
    """For every joint its axis, and its lever: the way from the joint to the tool."""
    pose, axes, places = np.eye(4), [], []
    for joint, angle in enumerate(angles):
        axes.append(pose[:3, 2])
        places.append(pose[:3, 3])
        pose = pose @ link(angle, TWIST[joint % 6], LENGTH[joint % 6], OFFSET[joint % 6])
    return np.array(axes), pose[:3, 3] - np.array(places)


def robot_jacobian(angles):
    """A joint turns the tool about its axis."""
    return np.cross(*robot_axes(angles)).T


def robot_hessian(angles):
    """The joint nearer to the base turns what the other one does."""
    axes, levers = robot_axes(angles)
    first = np.cross(axes, levers)
    count = len(angles)
    second = [[np.cross(axes[min(i, j)], first[max(i, j)]) for j in range(count)] for i in range(count)]
    return np.moveaxis(np.array(second), -1, 0)


def robertson(y):
    """Right-hand side of a stiff chemical reaction of three species."""
    slow, fast, fastest = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return np.stack([-slow + fast, slow - fast - fastest, fastest])


def robertson_jacobian(y):
    return np.array(
        [
            [-0.04, 1e4 * y[2], 1e4 * y[1]],
            [0.04, -1e4 * y[2] - 6e7 * y[1], -1e4 * y[1]],
            [0.0, 6e7 * y[1], 0.0],
        ]
    )


def robertson_hessian(y):
    second = np.zeros((3, 3, 3), y.dtype)
    second[0, 1, 2] = second[0, 2, 1] = 1e4
    second[1, 1, 2] = second[1, 2, 1] = -1e4
    second[1, 1, 1], second[2, 1, 1] = -6e7, 6e7
    return second


def log_evidence(a, b):
    """The determinant and the quadratic form of a Gaussian density: log det A + b . inv(A) b."""
    return np.linalg.slogdet(a)[1] + b @ np.linalg.solve(a, b)


def log_evidence_arguments(size):
    rng = np.random.default_rng(11)
    return size * np.eye(size) + rng.standard_normal((size, size)), rng.standard_normal(size)


def log_evidence_gradient(a, b):
    inverse = np.linalg.inv(a)
    return inverse.T - np.outer(b @ inverse, inverse @ b)


def log_evidence_hessian(a, b):
    inverse = np.linalg.inv(a)
    left, right = b @ inverse, inverse @ b
    return (
        -np.einsum("jk,li->ijkl", inverse, inverse)
        + np.einsum("k,li,j->ijkl", left, inverse, right)
        + np.einsum("i,jk,l->ijkl", left, inverse, right)
    )


SCALAR = frozenset({"scalar"})
BOTH = frozenset({"scalar", "analytic"})

PROBLEMS = [
    Problem("two peaks", two_peaks, two_peaks_arguments, 20, two_peaks_jacobian),
    Problem("decay", decay, decay_arguments, 12, decay_jacobian, decay_hessian),
    *(
        Problem(
            f"Rosenbrock, n = {n}", rosenbrock, rosenbrock_arguments, n, rosenbrock_gradient, rosenbrock_hessian, marks=BOTH
        )
        for n in (2, 10)
    ),
    Problem("logistic regression", logistic_loss, logistic_arguments, 50, logistic_gradient, logistic_hessian, marks=SCALAR),
    Problem(
        "Black-Scholes",
        black_scholes,
        black_scholes_arguments,
        16,
        black_scholes_greeks,
        argnums=(0, 1, 2, 3, 4),
        marks=frozenset({"elementwise"}),
    ),
    Problem("robot arm", robot_arm, robot_arguments, 6, robot_jacobian, robot_hessian),
    Problem("Robertson", robertson, lambda size: (np.array([0.9, 2e-5, 0.1]),), 3, robertson_jacobian, robertson_hessian),
    Problem(
        "log det and solve", log_evidence, log_evidence_arguments, 4, log_evidence_gradient, log_evidence_hessian, marks=SCALAR
    ),
]
