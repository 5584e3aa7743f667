"""Derivatives of SciPy's solvers where there is no solution, or where it has none, and with slopes that are given."""

import numpy as np
import pytest

from dualad import grad, jacfwd, jacrev, jit

integrate = pytest.importorskip("dualad.scipy.integrate")
optimize = pytest.importorskip("dualad.scipy.optimize")

TRANSFORMS = {"forward": jacfwd, "reverse": jacrev, "compiled": lambda f: jit(jacfwd(f))}


def cup(x, a):
    return np.sum((x - a) ** 2) + np.sum(x**4)


NOWHERE = {  # what ends without a solution, or at one that is a kink; the derivative by a at 1 is not known
    "root": lambda a: optimize.root(lambda x: x**2 + a, 1.0).x,
    "root_scalar": lambda a: optimize.root_scalar(lambda x: x**2 + a, x0=1.0, fprime=lambda x: 2.0 * x, maxiter=5).root,
    "a minimum, too few steps": lambda a: optimize.minimize(cup, [3.0, 1.0], args=(a,), options={"maxiter": 1}).x,
    "a valley": lambda a: optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2, [0.0, 0.0]).x,
    "a kink": lambda a: optimize.minimize_scalar(lambda x: abs(x - a) + 0.1 * x**2).x,
    "a kink that is steep beside": lambda a: optimize.minimize_scalar(lambda x: abs(x - a * 1e-3) + 100.0 * x**2).x,
    "a kink of one of them": lambda a: (
        optimize.minimize(lambda x: np.maximum(x[0] - a, a - x[0]) + (x[1] - a) ** 2, [0.0, 0.0], method="Nelder-Mead").x
    ),
    "a kink beside a bound": lambda a: (
        optimize.minimize(
            lambda x: abs(x[0] - a) + (x[1] - 2.0) ** 2, [0.0, 0.0], bounds=[(None, None), (None, 1.0)], method="Nelder-Mead"
        ).x
    ),
    "a flow": lambda a: integrate.solve_ivp(lambda t, y: a * y**2, (0.0, 2.0), [1.0], t_eval=[0.5, 2.0]).y,
    "odeint": lambda a: integrate.odeint(lambda y, t: a * y**2, [1.0], [0.0, 0.5, 2.0])[1:],
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.integrate.ODEintWarning")  # what SciPy says of it
@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", NOWHERE)
def test_nothing_is_known(name, transform):
    """It is nan in both modes and compiled, and never a number that is wrong."""
    assert np.all(np.isnan(TRANSFORMS[transform](NOWHERE[name])(1.0)))


def decay(t, height, rate):
    return height * np.exp(-rate * t)


T = np.linspace(0.0, 1.0, 8)
GIVEN = {  # the same with a slope that the user gives, and without; one solution each
    "least_squares": (
        lambda a, **how: optimize.least_squares(lambda x: [x[0] ** 2 - a, x[1] - a * x[0]], [1.0, 1.0], **how).x,
        lambda a: {"jac": lambda x: np.array([[2.0 * x[0], 0.0], [-a, 1.0]])},
    ),
    "least_squares, keywords": (
        lambda a, **how: (
            optimize.least_squares(lambda x, c=0.0: [x[0] ** 2 - c, x[1] - c * x[0]], [1.0, 1.0], kwargs={"c": a}, **how).x
        ),
        lambda a: {"jac": lambda x, c=0.0: np.array([[2.0 * x[0], 0.0], [-c, 1.0]])},
    ),
    "curve_fit": (
        lambda a, **how: optimize.curve_fit(decay, T, np.exp(-T * a), [1.0, 1.0], **how)[0],
        lambda a: {"jac": jacfwd(decay, (1, 2), matrix=True)},
    ),
    "fsolve": (
        lambda a, **how: optimize.fsolve(lambda x: x**2 - a, [1.0], **how),
        lambda a: {"fprime": lambda x: np.array([[2.0 * x[0]]])},
    ),
    "root": (
        lambda a, **how: optimize.root(lambda x: x**2 - a, [1.0], **how).x,
        lambda a: {"jac": lambda x: np.array([[2.0 * x[0]]])},
    ),
    "newton": (
        lambda a, **how: optimize.newton(lambda x: x**2 - a, 1.0, **how),
        lambda a: {"fprime": lambda x: 2.0 * x, "fprime2": lambda x: 2.0},
    ),
    "minimize": (
        lambda a, **how: optimize.minimize(cup, [0.0, 0.0], args=(a,), tol=1e-10, **how).x,
        lambda a: {"jac": grad(cup), "hess": lambda x, a: np.diag(2.0 + 12.0 * x**2), "method": "trust-exact"},
    ),
    "odeint": (
        lambda a, **how: integrate.odeint(lambda y, t: [-a * y[0]], [1.0], [0.0, 1.0], rtol=1e-9, atol=1e-9, **how)[-1],
        lambda a: {"Dfun": lambda y, t: [[-a]]},
    ),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", GIVEN)
def test_given_slopes(name, transform):
    """Slopes that SciPy is given lead it to the same solution, with the same derivative; they may vary themselves."""
    solve, slopes = GIVEN[name]
    with_slopes = TRANSFORMS[transform](lambda a: solve(a, **slopes(a)))
    np.testing.assert_allclose(with_slopes(1.3), jacfwd(solve)(1.3), rtol=1e-5, atol=1e-7)
