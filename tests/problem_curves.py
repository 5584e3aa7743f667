"""Problems of one formula: curves over a grid, functions to minimise, option prices; with derivatives worked out by hand.

Plain NumPy under its usual name, and each file's functions call only each other: whoever wants them with another library's
`np` runs them again with that name rebound.
"""

import numpy as np

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


def likelihood(p, t, y):
    """Negative log-likelihood of a decay on a sloping line under normal noise of unknown width."""
    amplitude, rate, offset, slope, log_width = p
    residual = y - (amplitude * np.exp(-rate * t) + offset + slope * t)
    return len(t) * log_width + 0.5 * np.sum((residual / np.exp(log_width)) ** 2)


def likelihood_arguments(size):
    rng = np.random.default_rng(3)
    t = np.linspace(0.0, 5.0, size)
    y = 2.0 * np.exp(-0.7 * t) + 0.3 - 0.1 * t + 0.2 * rng.standard_normal(size)
    return np.array([1.9, 0.8, 0.25, -0.08, -1.4]), t, y


def likelihood_parts(p, t, y):
    """The residual, and the curve's slopes by its four parameters."""
    e = np.exp(-p[1] * t)
    return y - (p[0] * e + p[2] + p[3] * t), np.stack([e, -p[0] * t * e, np.ones_like(e), t + 0.0 * e])


def likelihood_gradient(p, t, y):
    residual, slopes = likelihood_parts(p, t, y)
    weight = np.exp(-2.0 * p[4])
    return np.concatenate([-weight * (slopes @ residual), [len(t) - weight * np.sum(residual**2)]])


def likelihood_hessian(p, t, y):
    residual, slopes = likelihood_parts(p, t, y)
    weight = np.exp(-2.0 * p[4])
    second = np.empty((5, 5), p.dtype)
    second[:4, :4] = slopes @ slopes.T
    second[0, 1] += np.sum(residual * t * slopes[0])
    second[1, 0] = second[0, 1]
    second[1, 1] += np.sum(residual * t * slopes[1])
    second[:4, 4] = second[4, :4] = 2.0 * (slopes @ residual)
    second[4, 4] = 2.0 * np.sum(residual**2)
    return weight * second


def sum_squares(x):
    return np.sum(x**2)


def sum_squares_arguments(size):
    return (np.linspace(-1.0, 2.0, size),)


def sum_squares_gradient(x):
    return 2.0 * x


def sum_squares_hessian(x):
    return 2.0 * np.eye(len(x))


# -- one variable --------------------------------------------------------------------------------------------------------


def ten_operations(x):
    """A function of one variable, of ten operations."""
    return np.sin(x) * np.exp(-x) + np.log(1.0 + x**2) / np.cosh(x)


def ten_operations_slope(x):
    first = (np.cos(x) - np.sin(x)) * np.exp(-x)
    return first + (2.0 * x / (1.0 + x**2) - np.log(1.0 + x**2) * np.tanh(x)) / np.cosh(x)


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


def black_scholes_second_greeks(spot, strike, rate, volatility, maturity):
    """All second partial derivatives, of shape (5, 5, *points), in the arguments' order twice."""
    d1, d2 = black_scholes_distances(spot, strike, rate, volatility, maturity)
    n1, n2, cdf2 = normal_density(d1), normal_density(d2), normal_cdf(d2)
    root, discount = np.sqrt(maturity), np.exp(-rate * maturity)
    width = volatility * root
    by_maturity = (rate + 0.5 * volatility**2) / width - 0.5 * d1 / maturity
    slope1 = np.stack([1.0 / (spot * width), -1.0 / (strike * width), root / volatility, -d2 / volatility, by_maturity])
    slope2 = slope1 - np.stack([0.0 * root, 0.0 * root, 0.0 * root, root, 0.5 * volatility / root])
    second = np.empty((5, *slope1.shape), slope1.dtype)
    second[0] = n1 * slope1
    second[1] = -discount * n2 * slope2
    second[1, 2] += maturity * discount * cdf2
    second[1, 4] += rate * discount * cdf2
    second[2] = strike * maturity * discount * n2 * slope2
    second[2, 2] -= strike * maturity**2 * discount * cdf2
    second[2, 4] += strike * discount * cdf2 * (1.0 - rate * maturity)
    second[3] = -d1 * spot * root * n1 * slope1
    second[3, 4] += 0.5 * spot * n1 / root
    second[4, 4] = -0.5 * spot * volatility * n1 * (d1 * slope1[4] / root + 0.5 / maturity**1.5)
    second[4, 4] += rate * strike * discount * (n2 * slope2[4] - rate * cdf2)
    for low in range(5):
        second[low + 1 :, low] = second[low, low + 1 :]
    return second
