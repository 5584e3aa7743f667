"""Events and dense output of dualad.scipy.integrate.solve_ivp, and derivatives of solvers where nothing is known of them."""

import numpy as np
import pytest

from dualad import derivative, errors, jacfwd, jacrev, jit, jvp, record

integrate = pytest.importorskip("dualad.scipy.integrate")
optimize = pytest.importorskip("dualad.scipy.optimize")
scipy_optimize = pytest.importorskip("scipy.optimize")

TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def ground(t, y, g):
    return y[0]


ground.terminal, ground.direction = True, -1


def fall(p, **options):
    """From a height until the ground is met, under an acceleration."""
    options = {"events": ground, "args": (p[1],)} | TIGHT | options
    return integrate.solve_ivp(lambda t, y, g: [y[1], -g], (0.0, 10.0), [p[0], 0.0 * p[0]], **options)


def swing(p, **options):
    """An oscillation that begins in the middle, and when it meets a level, and when it turns."""
    events = [lambda t, y: y[0] - p[1], lambda t, y: y[1]]
    return integrate.solve_ivp(lambda t, y: [y[1], -(p[0] ** 2) * y[0]], (0.0, 14.0), [0.0, p[0]], events=events, **TIGHT)


def decay(p, span=(0.0, 3.0), **options):
    return integrate.solve_ivp(lambda t, y: [-p[0] * y[0]], span, [p[1]], dense_output=True, **TIGHT | options).sol


T = np.array([0.5, 1.7, 2.9])
EVENTS = {  # with the same in closed form
    "when": (lambda p: fall(p).t_events[0][0], lambda p: np.sqrt(2.0 * p[0] / p[1])),
    "where": (lambda p: fall(p).y_events[0][0, 1], lambda p: -np.sqrt(2.0 * p[0] * p[1])),
    "the end": (lambda p: fall(p).t[-1], lambda p: np.sqrt(2.0 * p[0] / p[1])),
    "the end's state": (lambda p: fall(p).y[1, -1], lambda p: -np.sqrt(2.0 * p[0] * p[1])),
    "t_eval beside it": (lambda p: fall(p, t_eval=[0.1, 9.0]).y[0], lambda p: np.stack([p[0] - 0.005 * p[1]])),
    "a level that varies": (
        lambda p: swing(p / 5.0).t_events[0],
        lambda p: 5.0 * np.stack([np.arcsin(p[1] / 5.0), np.pi - np.arcsin(p[1] / 5.0)]) / p[0],
    ),
    "turns": (lambda p: swing(p / 5.0).t_events[1], lambda p: 2.5 * np.pi * np.array([1.0, 3.0]) / p[0]),
}
SOLUTIONS = {
    "at times": (lambda p: decay(p)(T)[0], lambda p: p[1] * np.exp(-p[0] * T)),
    "at a time": (lambda p: decay(p)(1.7)[0], lambda p: p[1] * np.exp(-p[0] * 1.7)),
    "at a time that varies": (lambda p: decay(p)(p[0])[0], lambda p: p[1] * np.exp(-(p[0] ** 2))),
    "backwards, all of it": (
        lambda p: decay(p, (p[0], -1.0))(np.stack([p[0] - 0.5, -p[1]]))[0],
        lambda p: p[1] * np.exp(-p[0] * (np.stack([p[0] - 0.5, -p[1]]) - p[0])),
    ),
    **{method: (lambda p, method=method: decay(p, method=method)(T)[0], lambda p: p[1] * np.exp(-p[0] * T))
       for method in ("DOP853", "LSODA")},
}  # fmt: skip


@pytest.mark.parametrize("name", [*EVENTS, *SOLUTIONS])
def test_events_and_solutions(name):
    """To second order, against closed forms; values are SciPy's."""
    solve, exact = (EVENTS | SOLUTIONS)[name]
    p = np.array([2.0, 0.9])
    np.testing.assert_allclose(jacfwd(solve)(p), jacfwd(exact)(p), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(jacfwd(jacfwd(solve))(p), jacfwd(jacfwd(exact))(p), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(jvp(solve, (p,), (p,))[0], solve(p))


def test_recorded():
    """Events are values of a program too, when the integration ends as well; a solution as a function is not."""
    end = EVENTS["the end's state"]
    p, q = np.array([2.0, 9.81]), np.array([3.0, 9.0])
    compiled, slopes = jit(end[0]), jit(jacfwd(end[0]))
    for each in (p, q):
        np.testing.assert_allclose(compiled(each), end[1](each), rtol=1e-9)
        np.testing.assert_allclose(slopes(each), jacfwd(end[1])(each), rtol=1e-8)
    np.testing.assert_allclose(jacrev(end[0])(p), jacfwd(end[1])(p), rtol=1e-8)
    for transform in (record, jacrev):
        with pytest.raises(errors.NoRule, match="cannot be recorded with dense_output"):
            transform(SOLUTIONS["at times"][0])(p)


def test_what_is_not_finite():
    """A slope that is not finite has no solution: nan, beside SciPy's values, and no endless search for a step."""
    p = np.array([0.0, 1.0])
    right = lambda p: lambda t, y: -np.sum(np.sqrt(p)) + 0.0 * y
    options = {"events": lambda t, y: y[0] - 0.5, "dense_output": True}
    for solve in (
        lambda p: integrate.odeint(right(p), 1.0, [0.0, 1.0], tfirst=True)[-1, 0],
        lambda p: integrate.solve_ivp(right(p), (0.0, 1.0), [1.0], **options).y[0, -1],
        lambda p: integrate.solve_ivp(right(p), (0.0, 1.0), [1.0], **options).t_events[0][0],
        lambda p: integrate.solve_ivp(right(p), (0.0, 1.0), [1.0], **options).sol(0.7)[0],
    ):
        assert np.all(np.isnan(jacfwd(solve)(p)))
        assert jvp(solve, (p,), (p,))[0] == solve(p)
    slope = jacfwd(lambda p: integrate.quad(lambda x: np.sum(np.sqrt(p)) * x, 0.0, 1.0)[0])(p)
    np.testing.assert_allclose(slope, [np.inf, 0.25], rtol=1e-15)


def test_ends():
    """A solution of no length, and one that blows up on its way: of that nothing is known."""
    short = lambda a: integrate.solve_ivp(lambda t, y: -a * y, (1.0, 1.0), [a], dense_output=True)
    np.testing.assert_array_equal(jvp(lambda a: short(a).y, (2.0,), (1.0,)), [[[2.0, 2.0]], [[1.0, 1.0]]])
    assert jvp(lambda a: short(a).sol(1.0)[0], (2.0,), (1.0,)) == (2.0, 1.0)
    bursting = lambda a: integrate.solve_ivp(lambda t, y: a * y**2, (0.0, 3.0), [1.0]).y[0]
    value, slope = jvp(bursting, (1.0,), (1.0,))
    np.testing.assert_array_equal(value, bursting(1.0))
    assert np.all(np.isnan(slope))


def test_quad_vec():
    """By parameters, limits and args, with breakpoints, over all numbers."""
    n = np.arange(3)
    moments = lambda p: integrate.quad_vec(lambda x: np.exp(-p[0] * x) * x**n, 0.0, np.inf)[0]
    exact = lambda p: np.array([1.0, 1.0, 2.0]) / p[0] ** (n + 1)
    p = np.array([0.7, 2.0])
    np.testing.assert_allclose(jacfwd(moments)(p), jacfwd(exact)(p), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(jacrev(moments)(p), jacfwd(exact)(p), rtol=1e-9, atol=1e-12)
    to = lambda p: integrate.quad_vec(lambda x, a: a * np.abs(x - 0.3), 0.0, p[1], points=[0.3], args=(p[0],))[0]
    inside = lambda p: 0.5 * p[0] * (0.09 + (p[1] - 0.3) ** 2)
    np.testing.assert_allclose(jacfwd(jacfwd(to))(p), jacfwd(jacfwd(inside))(p), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(jvp(to, (p,), (p,))[0], to(p))


def test_constraints_that_are_met_roughly():
    """trust-constr stays away from a constraint by more than others do: it holds all the same, or nothing is known."""
    limit = lambda a: scipy_optimize.LinearConstraint([[1.0, 2.0]], a, np.inf)
    nearest = lambda a: optimize.minimize(lambda x: np.sum(x**2), [2.0, 1.5], method="trust-constr", constraints=limit(a)).x
    assert np.max(np.abs(nearest(2.0) - [0.4, 0.8])) > 1e-5
    np.testing.assert_allclose(derivative(nearest)(2.0), [0.2, 0.4], rtol=1e-6)
    stopped = lambda a: (
        optimize.minimize(
            lambda x: np.sum(x**2), [2.0, 1.5], method="trust-constr", constraints=limit(a), options={"maxiter": 2}
        ).x
    )
    value, slope = jvp(stopped, (2.0,), (1.0,))
    np.testing.assert_array_equal(value, stopped(2.0))
    assert np.all(np.isnan(slope))


def test_singular():
    """Where a system is singular, nothing is known of how its solution moves; the solution is known."""
    solve = lambda a: optimize.fsolve(lambda x: [x[0] + x[1] - a, x[0] + x[1] - a], [1.0, 0.0])
    value, slope = jvp(solve, (1.0,), (1.0,))
    np.testing.assert_array_equal(value, [1.0, 0.0])
    assert np.all(np.isnan(slope))


NO_SOLUTIONS = {
    "root": lambda a: optimize.root(lambda x: x**2 + 1.0 + a, [1.0]).x,
    "root, lm": lambda a: optimize.root(lambda x: [x[0] ** 2 + a, x[1] - a], [1.0, 1.0], method="lm").x,
    "minimize": lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 4), [5.0], options={"maxiter": 1}).x,
    "least_squares": lambda a: optimize.least_squares(lambda x: np.exp(x) - a, [5.0], max_nfev=1).x,
}


@pytest.mark.parametrize("name", NO_SOLUTIONS)
def test_no_solutions(name):
    """Where a solver has given up, far from a solution, nobody knows how its answer moves."""
    solve = NO_SOLUTIONS[name]
    value, slope = jvp(solve, (1.0,), (1.0,))
    np.testing.assert_array_equal(value, solve(1.0))
    assert np.any(np.isnan(slope))
