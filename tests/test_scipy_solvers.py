"""dualad.scipy.optimize and what calls functions in dualad.scipy.integrate: solutions, integrals and flows."""

import numpy as np
import pytest

from dualad import derivative, errors, grad, hessian, jacfwd, jit, jvp

integrate = pytest.importorskip("dualad.scipy.integrate")
optimize = pytest.importorskip("dualad.scipy.optimize")
scipy_integrate = pytest.importorskip("scipy.integrate")
scipy_optimize = pytest.importorskip("scipy.optimize")

ROOTS = {
    name: lambda a, f=getattr(optimize, name): f(lambda x: x**3 - a, 0.0, 10.0)
    for name in ("brentq", "brenth", "ridder", "bisect", "toms748")
} | {
    "with args": lambda a: optimize.brentq(lambda x, a, b: b * x**3 - a, 0.0, 10.0, args=(a, 1.0)),
    "one argument": lambda a: optimize.brentq(lambda x, a: x**3 - a, 0.0, 10.0, args=a),
    "full_output": lambda a: optimize.brentq(lambda x: x**3 - a, 0.0, 10.0, full_output=True)[1].root,
    "a bracket that varies": lambda a: optimize.brentq(lambda x: x**3 - a, 0.0 * a, a),
    "newton": lambda a: optimize.newton(lambda x: x**3 - a, 1.5, tol=1e-14),
    "newton with slopes": lambda a: optimize.newton(lambda x: x**3 - a, 1.5, lambda x: 3.0 * x**2, tol=1e-14),
    "newton of an array": lambda a: optimize.newton(lambda x: x**3 - a, np.array([1.5, 2.5]), tol=1e-14)[1],
    "root_scalar": lambda a: optimize.root_scalar(lambda x: x**3 - a, bracket=(0.0, 10.0)).root,
    "root_scalar with slopes": lambda a: optimize.root_scalar(lambda x: (x**3 - a, 3.0 * x**2), fprime=True, x0=1.5).root,
    "fsolve": lambda a: optimize.fsolve(lambda x: x**3 - a, 1.5, xtol=1e-14)[0],
    "root": lambda a: optimize.root(lambda x: x**3 - a, 1.5, tol=1e-14).x[0],
    "root with slopes": lambda a: optimize.root(lambda x: (x**3 - a, 3.0 * x[:, None] ** 2), 1.5, jac=True, tol=1e-14).x[0],
    "fixed_point": lambda a: optimize.fixed_point(lambda x: 0.5 * (x + a / x**2), 1.5, xtol=1e-14),
    "minimize_scalar": lambda a: optimize.minimize_scalar(lambda x: 0.25 * x**4 - a * x).x,
    "fminbound": lambda a: optimize.fminbound(lambda x: 0.25 * x**4 - a * x, 0.0, 10.0, xtol=1e-10),
    "minimize": lambda a: optimize.minimize(lambda x: 0.25 * x[0] ** 4 - a * x[0], [1.5], tol=1e-10).x[0],
    "least_squares": lambda a: optimize.least_squares(lambda x: x**3 - a, [1.5], xtol=1e-15, ftol=1e-15, gtol=1e-15).x[0],
}


@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_cube_roots(name, order):
    """Every solver finds a cube root, whose derivatives are known; its value is SciPy's."""
    exact = np.prod(1 / 3 - np.arange(order)) * 8.0 ** (1 / 3 - order)
    np.testing.assert_allclose(derivative(ROOTS[name], order=order)(8.0), exact, rtol=1e-9)
    assert jvp(ROOTS[name], (8.0,), (1.0,))[0] == ROOTS[name](8.0)


def test_every_solver_is_in_the_registry():
    """Under SciPy's own function."""
    from dualad.scipy.dispatch import FUNCTIONS

    for name in ("brentq", "newton", "root_scalar", "fsolve", "root", "minimize", "curve_fit"):
        assert FUNCTIONS[getattr(scipy_optimize, name)] is getattr(optimize, name)
    for name in ("quad", "odeint", "solve_ivp", "dblquad"):
        assert FUNCTIONS[getattr(scipy_integrate, name)] is getattr(integrate, name)


def test_systems():
    """J dx = -dF; second derivatives against differences of the first."""
    system = lambda p: optimize.fsolve(lambda x: [x[0] * p[0] - x[1], x[0] ** 2 + x[1] - p[1]], [1.0, 1.0], xtol=1e-13)
    p = np.array([1.0, 2.0])
    np.testing.assert_allclose(jacfwd(system)(p), np.array([[-1.0, 1.0], [2.0, 1.0]]) / 3.0, rtol=1e-10)
    h = np.array([1e-5, 0.0])
    numerical = (jacfwd(system)(p + h) - jacfwd(system)(p - h)) / 2e-5
    np.testing.assert_allclose(jacfwd(jacfwd(system))(p)[..., 0], numerical, rtol=1e-7, atol=1e-9)


def test_no_duals_no_further_calls():
    """Functions of plain numbers are called as often as SciPy calls them."""
    calls = []
    f = lambda x: calls.append(x) or x**2 - 2.0
    assert optimize.brentq(f, 0.0, 2.0) == scipy_optimize.brentq(lambda x: x**2 - 2.0, 0.0, 2.0)
    count = len(calls)
    scipy_optimize.brentq(f, 0.0, 2.0)
    assert len(calls) == 2 * count
    assert integrate.quad(np.exp, 0.0, 1.0) == scipy_integrate.quad(np.exp, 0.0, 1.0)


def test_what_is_lost_inside_raises():
    """The user's function meets duals at its first call, not only at the solution."""
    with pytest.raises(errors.TangentLossError):
        derivative(lambda a: optimize.brentq(lambda x: x - float(a), 0.0, 2.0))(1.0)
    with pytest.raises(errors.TangentLossError):
        derivative(lambda a: integrate.quad(lambda x: x * float(a), 0.0, 2.0)[0])(1.0)


def test_singular_equations():
    """Where the slope is 0 nothing is known."""
    found = derivative(lambda a: optimize.fsolve(lambda x: (x - 1.0) ** 2 * a, 1.0)[0])(1.0)
    assert not np.isfinite(found)


def test_bounds():
    """A variable at its bound stays there."""
    f = lambda x, a: (x[0] - a) ** 2 + (x[1] - a * a) ** 2 + x[0] * x[1]
    solve = lambda a: optimize.minimize(f, [0.5, 0.5], args=(a,), bounds=[(0.0, 10.0), (None, 1.0)], tol=1e-12).x
    np.testing.assert_allclose(jacfwd(solve)(3.0), [1.0, 0.0], atol=1e-6)


def beyond(x, a):
    """Smallest at (2 + a, x[0] * a), which lies beyond the bounds."""
    return [x[0] - 2.0 - a, x[1] - a * x[0]]


BOUNDED = {
    method: lambda a, end, method=method: (
        optimize.minimize(
            lambda x: np.sum(np.square(beyond(x, a))), [0.5, 0.5], bounds=[(0.0, end), (None, None)], method=method, tol=1e-8
        ).x
    )
    for method in ("L-BFGS-B", "SLSQP", "trust-constr")
} | {
    "an object": lambda a, end: (
        optimize.minimize(
            lambda x: np.sum(np.square(beyond(x, a))), [0.5, 0.5], bounds=scipy_optimize.Bounds(-np.inf, np.stack([end, 9.0]))
        ).x
    ),
    "trf": lambda a, end: optimize.least_squares(beyond, [0.5, 0.5], bounds=(0.0, np.stack([end, 9.0])), args=(a,)).x,
    "dogbox": lambda a, end: (
        optimize.least_squares(beyond, [0.5, 0.5], bounds=([0, 0], [end, 9.0]), args=(a,), method="dogbox").x
    ),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_bounds_that_hold(name):
    """A variable goes with its bound, also where the solver stops before it, as some do; it is free where it only is near."""
    solve = BOUNDED[name]
    np.testing.assert_allclose(solve(0.3, 1.0), [1.0, 0.3], atol=2e-3)
    for transform in (jacfwd, lambda f, n: jit(jacfwd(f, n))):
        np.testing.assert_allclose(transform(solve, 0)(0.3, 1.0), [0.0, 1.0], atol=1e-6)
        np.testing.assert_allclose(transform(solve, 1)(0.3, 1.0), [1.0, 0.3], atol=1e-6)
    np.testing.assert_allclose(jacfwd(solve)(0.3, 2.3001), [1.0, 2.6], atol=1e-3)
    np.testing.assert_array_equal(jvp(lambda end: solve(0.3, end), (1.0,), (1.0,))[0], solve(0.3, 1.0))


def test_bounds_of_one_number():
    for solve in (
        lambda a, end: optimize.minimize_scalar(lambda x: (x - a) ** 2, bounds=(0.0, end)).x,
        lambda a, end: optimize.fminbound(lambda x: (x - a) ** 2, 0.0, end),
    ):
        np.testing.assert_allclose(jacfwd(solve, (0, 1))(2.0, 1.0), [0.0, 1.0], atol=1e-9)
        np.testing.assert_allclose(jacfwd(solve, (0, 1))(2.0, 2.001), [1.0, 0.0], atol=1e-9)
        np.testing.assert_allclose(jit(jacfwd(solve, (0, 1)))(2.0, 1.0), [0.0, 1.0], atol=1e-9)


def nearest(limits, method="SLSQP", weight=1.0, **options):
    """The point nearest to (2, 1) that constraints allow."""
    f = lambda x: weight * (x[0] - 2.0) ** 2 + (x[1] - 1.0) ** 2
    return optimize.minimize(f, [0.1, 0.1], method=method, constraints=limits, **options).x


circle = lambda x: x[0] ** 2 + x[1] ** 2
onto_circle = lambda a: np.sqrt(a / 5.0) * np.array([2.0, 1.0])
linear = scipy_optimize.LinearConstraint
CONSTRAINED = {  # minima by a, and the same in closed form
    "an equation": (lambda a: nearest({"type": "eq", "fun": lambda x: x[0] + x[1] * a - 1.0}, weight=a),
                    lambda a: np.stack([2.0 - (1.0 + a) / (1.0 + a**3), 1.0 - a**2 * (1.0 + a) / (1.0 + a**3)])),
    "one holds": (lambda a: nearest({"type": "ineq", "fun": lambda x: [a - circle(x), 10.0 - x[0]]}), onto_circle),
    "args, and a Jacobian": (lambda a: nearest({"type": "ineq", "fun": lambda x, a: a - circle(x), "args": (a,),
                                                "jac": jacfwd(lambda x, a: a - circle(x))}), onto_circle),
    "none holds": (lambda a: nearest({"type": "ineq", "fun": lambda x: 9.0 + a - circle(x)}) * a,
                   lambda a: a * np.array([2.0, 1.0])),
    "COBYLA": (lambda a: nearest([{"type": "ineq", "fun": lambda x: a - circle(x)}], "COBYLA", tol=1e-8), onto_circle),
    "trust-constr": (lambda a: nearest(scipy_optimize.NonlinearConstraint(circle, -np.inf, a), "trust-constr"), onto_circle),
    "a linear one": (lambda a: nearest(linear([[1.0, 1.0]], -5.0, a)), lambda a: np.stack([a + 1.0, a - 1.0]) / 2.0),
    "from below": (lambda a: nearest(linear([[1.0, 0.0]], 2.0 + a, np.inf)), lambda a: np.stack([2.0 + a, 1.0 + 0.0 * a])),
    "a bound beside it": (lambda a: nearest({"type": "eq", "fun": lambda x: x[0] + x[1] * a - 2.0},
                                            bounds=[(0.0, 1.2), (None, None)]), lambda a: np.stack([1.2 + 0.0 * a, 0.8 / a])),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINED)
def test_constraints(name):
    """Twice, by closed forms; the value is SciPy's."""
    solve, exact = CONSTRAINED[name]
    np.testing.assert_allclose(solve(0.7), exact(0.7), rtol=1e-3)
    np.testing.assert_allclose(jacfwd(solve)(0.7), jacfwd(exact)(0.7), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(jacfwd(jacfwd(solve))(0.7), jacfwd(jacfwd(exact))(0.7), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(jvp(solve, (0.7,), (1.0,))[0], solve(0.7))


def test_minimum_by_an_envelope():
    """The value's slope is that of the function at the minimum."""
    value = lambda a: optimize.minimize(lambda x: np.sum((x - a) ** 2) + a**3, [0.0, 1.0]).fun
    np.testing.assert_allclose(derivative(value)(2.0), 12.0, rtol=1e-6)


def test_curve_fit_counts_the_parameters():
    """Without p0 SciPy asks the function for its parameters; with bounds there is no rule, and none is needed for constants."""
    t = np.arange(5.0)
    line = lambda t, a, b: a * t + b
    found = jacfwd(lambda x: optimize.curve_fit(line, t, x[0] * t**2 + x[1])[0])(np.array([1.0, 2.0]))
    np.testing.assert_allclose(found, [[4.0, 0.0], [-2.0, 1.0]], atol=1e-8)
    bounded = lambda x: x * scipy_optimize.curve_fit(line, t, np.ones(5) * t, bounds=(0.0, np.full(2, 3.0)))[0][0]
    assert jacfwd(bounded, drop_in=True)(2.0) == pytest.approx(1.0, rel=1e-4)


def test_curve_fit():
    """Parameters and covariance by the data, their places and their errors, against differences of SciPy's."""
    t = np.linspace(0.0, 1.0, 8)
    data = np.exp(-t) + 0.01 * np.cos(9.0 * t)
    sigma = 1.0 + 0.3 * np.sin(np.arange(8.0))
    model = lambda t, a, b: a * np.exp(-b * t)
    for fixed in (False, True):
        keywords = {"p0": [1.0, 1.0], "absolute_sigma": fixed, "xtol": 1e-14, "ftol": 1e-14}
        ours = lambda x, y, s: optimize.curve_fit(model, x, y, sigma=s, **keywords)[:2]
        theirs = lambda x, y, s: scipy_optimize.curve_fit(model, x, y, sigma=s, **keywords)[:2]
        direction = [np.sin(np.arange(8.0) * k) for k in (1.0, 2.0, 3.0)]
        value, slope = jvp(ours, (t, data, sigma), tuple(direction))
        moved = lambda h: [each + h * d for each, d in zip((t, data, sigma), direction, strict=True)]
        high, low, plain = theirs(*moved(1e-4)), theirs(*moved(-1e-4)), theirs(t, data, sigma)
        for i in range(2):
            np.testing.assert_array_equal(value[i], plain[i]) if i == 0 else np.testing.assert_allclose(
                value[i], plain[i], rtol=1e-5
            )
            wanted = (np.asarray(high[i]) - low[i]) / 2e-4
            np.testing.assert_allclose(slope[i], wanted, rtol=1e-4, atol=1e-6 * np.max(np.abs(wanted)))


INTEGRALS = {  # function of a, and its derivative by mathematics
    "decay": (lambda a: integrate.quad(lambda x: np.exp(-a * x), 0.0, np.inf)[0], lambda a: -1.0 / a**2),
    "args": (lambda a: integrate.quad(lambda x, b, c: c * x**b, 0.0, 1.0, args=(a, 2.0))[0], lambda a: -2.0 / (a + 1.0) ** 2),
    "points": (lambda a: integrate.quad(lambda x: x**a, 0.0, 1.0, points=[0.5])[0], lambda a: -1.0 / (a + 1.0) ** 2),
    "weight": (lambda a: integrate.quad(lambda x: a * a, 0.0, 1.0, weight="cos", wvar=2.0)[0], lambda a: a * np.sin(2.0)),
    "limits": (lambda a: integrate.quad(np.sin, a, 2.0 * a)[0], lambda a: 2.0 * np.sin(2.0 * a) - np.sin(a)),
    "an infinite limit": (lambda a: integrate.quad(lambda x: np.exp(-x), a, np.inf)[0], lambda a: -np.exp(-a)),
    "both": (lambda a: integrate.quad(lambda x: np.cos(a * x), 0.0, a)[0],
             lambda a: 2.0 * np.cos(a * a) - np.sin(a * a) / a**2),
    "the whole line": (lambda a: integrate.quad(lambda x: np.exp(-a * x * x), -np.inf, np.inf)[0],
                       lambda a: -0.5 * np.sqrt(np.pi) * a**-1.5),
    "dblquad": (lambda a: integrate.dblquad(lambda y, x: x * y * a, 0.0, a, 0.0, lambda x: x * a)[0], lambda a: 7 * a**6 / 8),
    "nquad": (lambda a: integrate.nquad(lambda x, y: x * y * a, [(0.0, a), (0.0, 2.0)])[0], lambda a: 3.0 * a**2),
    "fixed_quad": (lambda a: integrate.fixed_quad(lambda x: x**2 * a, 0.0, a)[0], lambda a: 4.0 * a**3 / 3.0),
}  # fmt: skip


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals(name):
    """To first order by mathematics, to second by differences of mathematics; values are SciPy's."""
    f, slope = INTEGRALS[name]
    value, found = jvp(f, (1.3,), (1.0,))
    assert value == f(1.3)
    np.testing.assert_allclose(found, slope(1.3), rtol=1e-9)
    if name not in ("dblquad", "nquad"):  # the same again, slowly
        h = 1e-3
        wanted = (8.0 * (slope(1.3 + h) - slope(1.3 - h)) - slope(1.3 + 2 * h) + slope(1.3 - 2 * h)) / (12.0 * h)
        np.testing.assert_allclose(derivative(f, order=2)(1.3), wanted, rtol=1e-8)


def test_integrals_in_several_variables():
    """Limits and integrand by the same variables; the Hessian by mathematics."""
    f = lambda p: integrate.quad(lambda x: np.sin(p[0] * x), p[1], p[0] * p[1])[0]
    exact = lambda p: (np.cos(p[0] * p[1]) - np.cos(p[0] ** 2 * p[1])) / p[0]
    p = np.array([1.3, 0.5])
    np.testing.assert_allclose(grad(f)(p), grad(exact)(p), rtol=1e-10)
    np.testing.assert_allclose(hessian(f)(p), hessian(exact)(p), rtol=1e-9)


def test_triple_integrals():
    """Integrals of integrals of integrals."""
    f = lambda a: integrate.tplquad(lambda z, y, x: a * z, 0.0, 1.0, 0.0, 1.0, 0.0, lambda x, y: a)[0]
    np.testing.assert_allclose(jvp(f, (1.5,), (1.0,)), (1.5**3 / 2.0, 1.5**3), rtol=1e-9)


def test_branches_that_vary_elsewhere():
    """An integrand that does not vary where it is tried first."""
    f = lambda a: integrate.quad(lambda x: a * x if x > 0.75 else 1.0, 0.0, 1.0, points=[0.75])[0]
    np.testing.assert_allclose(derivative(f)(2.0), 0.5 * (1.0 - 0.75**2), rtol=1e-9)


FLOWS = {
    "odeint": lambda f, y0, t: integrate.odeint(lambda y, t: f(t, y), y0, t, rtol=1e-11, atol=1e-12),
    "odeint, tfirst": lambda f, y0, t: integrate.odeint(f, y0, t, tfirst=True, rtol=1e-11, atol=1e-12),
    "odeint, full_output": lambda f, y0, t: integrate.odeint(f, y0, t, tfirst=True, rtol=1e-11, atol=1e-12, full_output=1)[0],
    **{
        method: lambda f, y0, t, method=method: (
            integrate.solve_ivp(f, (t[0], t[-1]), y0, method, t_eval=t, rtol=1e-10, atol=1e-12).y.T
        )
        for method in ("RK45", "DOP853", "LSODA", "Radau")
    },
}


@pytest.mark.parametrize("name", FLOWS)
def test_flows(name):
    """Decay of one into another: by rates and initial state, once and twice, against the exponential."""
    t = np.array([0.0, 0.5, 1.0])

    def solution(p):
        return FLOWS[name](lambda t, y: [-p[0] * y[0], p[0] * y[0] - p[1] * y[1]], [p[2], 0.0], t)

    def exact(p):
        first, second = np.exp(-p[0] * t), np.exp(-p[1] * t)
        return p[2] * np.stack([first, p[0] / (p[1] - p[0]) * (first - second)], axis=1)

    p = np.array([1.0, 2.5, 0.7])
    np.testing.assert_allclose(jacfwd(solution)(p), jacfwd(exact)(p), rtol=1e-6, atol=1e-8)
    if name in ("odeint", "RK45"):
        twice = lambda f: jacfwd(jacfwd(lambda q: f(np.stack([q, 2.5 + 0.0 * q, 0.7 + 0.0 * q]))))(1.0)
        np.testing.assert_allclose(twice(solution), twice(exact), rtol=1e-6, atol=1e-8)
    np.testing.assert_array_equal(jvp(solution, (p,), (p,))[0], solution(p))


def falling(t, start=0.0, first=1.0):
    """Of y' = t - y, with its value at the start."""
    return t - 1.0 + (first - start + 1.0) * np.exp(start - t)


TIMES = {  # solutions by when they begin and end, and the same in closed form
    "the end": (lambda a: falls((0.0, a)).y[0, -1], falling),
    "the start": (lambda a: falls((a, 2.0)).y[0, -1], lambda a: falling(2.0, a)),
    "t_eval": (lambda a: falls((0.0, 3.0), t_eval=[a, 2.0 * a]).y[0], lambda a: np.stack([falling(a), falling(2.0 * a)])),
    "from the start on": (lambda a: falls((0.5 * a, 3.0), t_eval=[0.5 * a, a]).y[0],
                          lambda a: np.stack([1.0 + 0.0 * a, falling(a, 0.5 * a)])),
    "all": (lambda a: falls((0.0, a), [a]).y[0, -1] + falls((0.0, a)).t[-1], lambda a: falling(a, 0.0, a) + a),
}  # fmt: skip


def falls(span, start=(1.0,), **options):
    return integrate.solve_ivp(lambda t, y: [t - y[0]], span, list(start), rtol=1e-10, atol=1e-12, **options)


@pytest.mark.parametrize("name", TIMES)
def test_times(name):
    """To second order, by mathematics; values are SciPy's."""
    solve, exact = TIMES[name]
    np.testing.assert_allclose(jacfwd(solve)(1.3), jacfwd(exact)(1.3), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(jacfwd(jacfwd(solve))(1.3), jacfwd(jacfwd(exact))(1.3), rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(jvp(solve, (1.3,), (1.0,))[0], solve(1.3))


def test_refusals_by_name():
    """What has no rule says so."""
    with pytest.raises(errors.NoRule, match="no derivative by t"):
        derivative(lambda a: integrate.odeint(lambda y, t: -y, 1.0, [0.0, a])[-1, 0])(1.0)
    with pytest.raises(errors.NoRule, match="with loss"):
        derivative(lambda a: optimize.least_squares(lambda x: x - a, [1.0], loss="huber").x[0])(1.0)
    with pytest.raises(errors.NoRule, match=r"scipy\.optimize\.linprog"):
        derivative(lambda a: optimize.linprog(np.ones(2) * a).fun)(1.0)
    for solve in (
        lambda a: integrate.tanhsinh(lambda x: a * x, 0.0, 1.0).integral,
        lambda a: integrate.nsum(lambda x: a / x**2, 1, np.inf).sum,
    ):
        with pytest.raises(errors.NoRule, match=r"scipy\.integrate\.(tanhsinh|nsum).* has no derivative rule"):
            derivative(solve)(1.0)
