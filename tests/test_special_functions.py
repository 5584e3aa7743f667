"""SciPy's special functions that are written in Python, by way of dualad.scipy.special."""

from __future__ import annotations

import subprocess
import sys
from math import inf, nan

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import special as sp

import dualad
import dualad.rules.special  # read by the first call otherwise
from dualad.rules.table import RULES, Composite, Function
from dualad.scipy import special

X = np.array([0.3, 1.2, 2.5])

CASES = {
    "logsumexp": lambda s, x: s.logsumexp(x * x),
    "logsumexp of rows": lambda s, x: s.logsumexp(np.stack([x, x * x]), axis=0, keepdims=True),
    "logsumexp with weights": lambda s, x: s.logsumexp(np.stack([x, x * x]), 1, b=np.array([1.0, -0.5, 2.0])),
    "logsumexp with varying weights": lambda s, x: s.logsumexp(x * x, b=x - 2.0, return_sign=True)[0],
    "softmax": lambda s, x: s.softmax(x * x),
    "softmax of rows": lambda s, x: s.softmax(np.stack([x, x * x]), axis=-1),
    "log_softmax": lambda s, x: s.log_softmax(x * x),
    "log_softmax of columns": lambda s, x: s.log_softmax(np.stack([x, x * x]), axis=0),
    "softplus": lambda s, x: s.softplus(x),
    "polygamma": lambda s, x: s.polygamma(2, x),
    "polygamma of orders": lambda s, x: s.polygamma([[0], [1]], x),
    "multigammaln": lambda s, x: s.multigammaln(x + 1.0, 3),
    "comb": lambda s, x: s.comb(x, 0.2),
    "comb by k": lambda s, x: s.comb(7.0, x),
    "comb with repetition": lambda s, x: s.comb(x, 2, repetition=True),
    "perm": lambda s, x: s.perm(x, 0.2),
    "factorial": lambda s, x: s.factorial(x),
    "factorial2": lambda s, x: s.factorial2(x, extend="complex"),
    "zeta": lambda s, x: s.zeta(1.0 + x),
    "Hurwitz zeta": lambda s, x: s.zeta(1.5 + x, x),
    "lambertw": lambda s, x: s.lambertw(x).real,
    "spherical_jn": lambda s, x: s.spherical_jn(2, x - 1.0),
    "spherical_yn'": lambda s, x: s.spherical_yn(2, -1.0 - x, True),
    "spherical_in'": lambda s, x: s.spherical_in(3, -x, True),
    "spherical_kn": lambda s, x: s.spherical_kn(1, 1.0 + x),
    "diric": lambda s, x: s.diric(x, 5),
    "sph_harm_y": lambda s, x: s.sph_harm_y(2, 1, x, x * x),
    "sph_harm_y by phi": lambda s, x: s.sph_harm_y(3, -2, 1.0, x),
    "legendre_p": lambda s, x: s.legendre_p(3, x),
    "jvp": lambda s, x: s.jvp(2, x, 1),
    "a ufunc": lambda s, x: s.erf(x),
}


def richardson(f, h):
    """A slope of f at 0 by differences, good to about 1e-10."""
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    return sum(w * (np.asarray(f(k * h)) - np.asarray(f(-k * h))) for k, w in enumerate(weights, 1)) / h


@pytest.mark.parametrize("name", CASES)
def test_values_are_scipys_and_slopes_are_right(name):
    """To second order, against differences of SciPy's values and of our first derivative."""
    f = CASES[name]
    value, slope = dualad.jvp(lambda x: f(special, x), (X,), (np.ones(3),))
    np.testing.assert_array_equal(value, f(sp, X))
    np.testing.assert_array_equal(f(special, X), f(sp, X))
    np.testing.assert_allclose(slope, richardson(lambda t: f(sp, X + t), 1e-2), rtol=1e-7, atol=1e-8)
    first = lambda t: dualad.jvp(lambda x: f(special, x), (X + t,), (np.ones(3),))[1]
    second = dualad.jvp(first, (0.0,), (1.0,))[1]
    np.testing.assert_allclose(second, richardson(first, 1e-2), rtol=1e-7, atol=1e-7)


def test_every_rule_has_a_case():
    """A function enters the book together with a case, named for it."""
    ours = [name for name in sp.__all__ if isinstance(RULES.get(getattr(sp, name)), Composite | Function)]
    assert len(ours) >= 16
    assert [name for name in ours if not any(case.split()[0].rstrip("'") == name for case in CASES)] == []


@pytest.mark.parametrize(
    ("x", "gradient"),
    [
        ([0.0, 0.0], [0.5, 0.5]),
        ([-inf, 0.0, 0.0], [0.0, 0.5, 0.5]),
        ([1000.0, 0.0], [1.0, 0.0]),
        ([-1000.0, -1000.0], [0.5, 0.5]),
        ([-inf, -inf], [nan, nan]),
    ],
)
def test_logsumexp_at_nasty_points(x, gradient):
    x = np.array(x)
    np.testing.assert_array_equal(dualad.grad(special.logsumexp)(x), gradient)
    p = np.array(gradient)
    np.testing.assert_array_equal(dualad.hessian(special.logsumexp)(x), np.diag(p) - np.outer(p, p))
    if np.all(np.isfinite(p)):
        np.testing.assert_array_equal(dualad.jacfwd(special.softmax)(x), np.diag(p) - np.outer(p, p))
    if np.all(np.isfinite(x)):
        np.testing.assert_array_equal(dualad.jacfwd(special.log_softmax)(x), np.eye(2) - p)


def test_lists_of_scalars():
    """As SciPy takes them."""
    gradient = dualad.grad(lambda x: special.logsumexp([x[0], 2.0 * x[1]]))(np.array([1.0, 0.5]))
    np.testing.assert_allclose(gradient, [0.5, 1.0])


@pytest.mark.parametrize("order", [0, 1, 4])
def test_polygamma_to_third_order(order):
    for total in (1, 2, 3):
        got = dualad.derivative(lambda x: special.polygamma(order, x), order=total)(X)
        with mp.workdps(30):
            true = [float(mp.polygamma(order + total, mpf(float(x)))) for x in X]
        np.testing.assert_allclose(got, true, rtol=1e-14)


def test_diric_at_whole_turns():
    """Where SciPy's quotient is 0/0: the curvature there is (1 - n**2)/12."""
    for x in (0.0, 2.0 * np.pi):
        np.testing.assert_allclose(dualad.derivative(lambda x: special.diric(x, 5), order=2)(x), -2.0, rtol=1e-12)


def test_spherical_harmonics_at_the_pole():
    """Where cot(theta) is infinite."""
    got = dualad.derivative(lambda t: special.sph_harm_y(2, 1, t, 0.0))(0.0)
    np.testing.assert_allclose(got, -0.5 * np.sqrt(15.0 / (2.0 * np.pi)), rtol=1e-14)


def test_scipys_names_are_all_there():
    """What has no rule is SciPy's own object; nothing is imported before it is asked for."""
    assert special.erf is sp.erf
    assert special.errstate is sp.errstate
    assert set(dir(special)) == set(sp.__all__)
    with pytest.raises(AttributeError):
        _ = special.no_such_function
    code = "import sys, dualad.scipy; assert 'scipy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
