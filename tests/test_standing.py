"""Stepping in where no name is looked up: the function that is differentiated, and methods that were bound before."""

import math
from functools import partial

import numpy as np
import pytest

import dualad

stats = pytest.importorskip("scipy.stats")
special = pytest.importorskip("scipy.special")

X = np.array([0.25, 0.75])
pytestmark = pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")


def closing(f):
    return lambda x: 2.0 * f(x)


def slope(f):
    return dualad.jvp(f, (X,), (np.ones(2),))[1]


def test_the_function_itself():
    """math's and SciPy's functions, alone or partial, as the argument of a transform."""
    assert dualad.grad(math.sin)(0.5) == pytest.approx(math.cos(0.5), rel=1e-15)
    assert dualad.derivative(math.exp, order=2)(0.5) == pytest.approx(math.exp(0.5), rel=1e-15)
    assert dualad.grad(np.mean)([1.0, 2.0]) == [0.5, 0.5]
    softmax = np.exp(X) / np.sum(np.exp(X))
    for f in (special.logsumexp, partial(special.logsumexp, axis=0), partial(partial(special.logsumexp), axis=0)):
        np.testing.assert_allclose(dualad.grad(f)(X), softmax, rtol=1e-14)
    assert dualad.grad(special.logsumexp, drop_in=True)(X).shape == (2,)


@pytest.mark.parametrize("distribution", [stats.norm, stats.norm(0.5, 2.0)], ids=["norm", "frozen"])
def test_methods_bound_before(distribution):
    """In a closure, in a default, in a partial function, or given to the transform itself; afterwards all is as it was."""
    cdf = distribution.cdf
    f = closing(cdf)
    wanted = distribution.pdf(X)
    for g in (cdf, partial(cdf), lambda x, method=cdf: method(x)):
        np.testing.assert_allclose(slope(g), wanted, rtol=1e-12)
    np.testing.assert_allclose(slope(f), 2.0 * wanted, rtol=1e-12)
    bend = -wanted * (X - distribution.mean()) / distribution.var()
    np.testing.assert_allclose(slope(lambda x: slope_of(cdf, x)), bend, rtol=1e-12)
    assert f.__closure__[0].cell_contents is cdf


def slope_of(f, x):
    return dualad.jvp(f, (x,), (np.ones(2),))[1]


def test_defaults_of_keywords():
    """Taken when the function was defined, like those of other arguments; and put back."""

    def f(x, *, zeros=np.zeros, root=math.sqrt):
        z = zeros(2)
        z[:] = x * root(x[0])
        return z

    np.testing.assert_allclose(dualad.jacfwd(f)(X), [[0.75, 0.0], [0.75, 0.5]])
    assert f.__kwdefaults__ == {"zeros": np.zeros, "root": math.sqrt}
    assert f.__kwdefaults__["zeros"] is np.zeros


SINES = np.vectorize(math.sin)


def test_functions_that_are_handed_on():
    """math's functions as what np.vectorize, np.apply_along_axis and SciPy's solvers call."""
    quad = pytest.importorskip("scipy.integrate").quad
    np.testing.assert_allclose(dualad.jacfwd(SINES)(X), np.diag(np.cos(X)))
    powers = np.vectorize(partial(math.pow, 2.0))
    np.testing.assert_allclose(dualad.jacfwd(powers)(X), np.diag(2.0**X * math.log(2.0)))
    np.testing.assert_allclose(dualad.grad(lambda x: np.apply_along_axis(math.fsum, 0, np.outer(x, x)).sum())(X), [2.0, 2.0])
    assert dualad.derivative(lambda b: quad(math.sin, 0.0, b)[0], order=2)(0.5) == pytest.approx(math.cos(0.5))
    slope = dualad.grad(lambda a: quad(math.pow, 0.0, 1.0, args=(a,))[0])(2.0)
    assert slope == pytest.approx(-1.0 / 9.0)


def test_a_method_of_somebodys_own_is_left_alone():
    """What overrides SciPy's method under its name is the user's code."""

    class Twice(stats.rv_continuous):
        def cdf(self, x):
            return 2.0 * x

    np.testing.assert_array_equal(slope(closing(Twice().cdf)), [4.0, 4.0])
    np.testing.assert_array_equal(dualad.grad(lambda x, f=Twice().cdf: math.sin(0.0 * x) + f(x))(0.5), 2.0)
