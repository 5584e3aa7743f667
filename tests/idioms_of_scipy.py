"""Functions as they stand in packages: SciPy by its own names, and helpers jitted by numba.

Nothing here knows of dualad. What each is expected to do stands in idioms.py.
"""

import math

import numba
import numpy as np
import scipy.integrate
import scipy.optimize
import scipy.sparse
from scipy import interpolate, linalg, ndimage, signal, stats
from scipy.integrate import odeint, quad, trapezoid
from scipy.linalg import cho_factor, cho_solve, expm
from scipy.linalg import inv as inverse
from scipy.spatial import distance
from scipy.spatial.distance import cdist
from scipy.special import erf, gammaln, logsumexp

PLACES = np.array([[0.0, 1.0], [2.0, 3.0]])
GENERATOR = np.array([[0.0, 1.0], [-2.0, -0.5]])

# -- linear algebra ------------------------------------------------------------------------------------------------------


def solved(x):
    return linalg.solve(np.diag(x) + 0.1, np.ones(3))


def solved_from_buffer(x):
    a = np.zeros((2, 2))
    a[0, 0], a[0, 1], a[1, 1] = x
    return linalg.solve(a, np.array([x[0], 1.0]))


def inverted(x):
    return inverse(np.array([[x[0], 1.0], [0.2, x[1]]]))


def exponential(x):
    return expm(x[0] * GENERATOR)


def determinant(x):
    return linalg.det(np.diag(x) + 0.5)


def cholesky_solved(x):
    factor = cho_factor(np.diag(x) + np.eye(3), lower=True)
    return cho_solve(factor, x)


def triangular_solved(x):
    lower = np.tril(np.outer(x, x))
    return linalg.solve_triangular(lower, np.ones(3), lower=True)


def length(x):
    return linalg.norm(x)


def sparse_product(x):
    return scipy.sparse.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]])) @ x


def sparse_made_of(x):
    return scipy.sparse.diags(x).toarray()


# -- distances, curves, filters, integrals -------------------------------------------------------------------------------


def distances(x):
    return cdist(x[None, :2], PLACES)


def one_distance(x):
    return distance.euclidean(x[:2], PLACES[1])


def linear_curve(x):
    return interpolate.interp1d([0.0, 1.0, 2.0], [1.0, 3.0, 2.0])(x)


def linear_curve_through(x):
    return interpolate.interp1d([0.0, 1.0, 2.0], x)(0.25)


def spline(x):
    return interpolate.CubicSpline([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 2.0, 4.0], bc_type="natural")(x)


def filtered(x):
    return signal.lfilter([1.0], [1.0, -0.5], x)


def convolved(x):
    return signal.convolve(x, [1.0, 2.0], mode="full")


def smoothed(x):
    return ndimage.gaussian_filter1d(x, 1.0)


def area(x):
    return trapezoid(x**2, dx=0.5)


def area_by_simpson(x):
    return scipy.integrate.simpson(x, x=[0.0, 1.0, 2.0])


def integral(x):
    return quad(lambda t: math.exp(-x * t), 0.0, 1.0)[0]


def trajectory(x):
    return odeint(lambda y, t: -x * y, 1.0, [0.0, 0.5, 1.0])[:, 0]


def root(x):
    return scipy.optimize.brentq(lambda r: r**3 - x, 0.0, 2.0)


# -- special functions and distributions ---------------------------------------------------------------------------------


def special(x):
    return erf(x) + gammaln(x + 1.0)


def special_of_asarray(x):
    x = np.asarray(x, dtype=float)
    return erf(x)


def sum_of_exponentials(x):
    return logsumexp(x)


def normal_density(x):
    return stats.norm.pdf(x, loc=0.5)


# -- numba ---------------------------------------------------------------------------------------------------------------


@numba.njit
def _jitted(x, out):
    for i in range(x.size):
        out[i] = math.exp(-x[i]) * x[i]
    return out


def jitted_with_buffer(x):
    return _jitted(x, np.empty(3))


@numba.njit
def _jitted_inside(x):
    out = np.zeros_like(x)
    total = 0.0
    for i in range(len(x)):
        total += x[i] ** 2
        out[i] = math.sqrt(total)
    return out


def jitted(x):
    return _jitted_inside(x)


@numba.njit("float64(float64, float64)")
def _jitted_with_types(a, b):
    return math.sin(a) * b


def jitted_with_signature(x):
    z = np.zeros(2)
    z[0] = _jitted_with_types(x[0], x[1])
    return z


@numba.vectorize
def _vectorized(a):
    return a * a if a > 0.5 else 0.5 * a


def jitted_ufunc(x):
    return _vectorized(x)


def jitted_on_plain_buffer(x):
    weights = _jitted(np.ones(3), np.zeros(3))
    return weights * x
