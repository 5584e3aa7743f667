"""Solvers inside recordings: one line that solves anew for other values, with its derivatives."""

from types import SimpleNamespace

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import derivative, errors, grad, hessian, jacfwd, jacrev, jit, jvp, record

integrate = pytest.importorskip("dualad.scipy.integrate")
interpolate = pytest.importorskip("dualad.scipy.interpolate")
linalg = pytest.importorskip("dualad.scipy.linalg")
optimize = pytest.importorskip("dualad.scipy.optimize")
callbacks = pytest.importorskip("dualad.scipy.callbacks")
steps = pytest.importorskip("dualad.scipy.steps")
ways = pytest.importorskip("dualad.scipy.ways")
scipy_optimize = pytest.importorskip("scipy.optimize")


T = np.linspace(0.0, 1.0, 12)
A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 4.0]])
B = np.array([[0.1, 0.2, 0.3], [0.2, -0.1, 0.4], [0.3, 0.4, 0.2]])
b = np.array([1.0, 2.0, 3.0])
TIGHT = {"rtol": 1e-9, "atol": 1e-11}


def two(x, a):
    return [x[0] * a - x[1], x[0] ** 2 + x[1] - 2.0]


def bowl(x, a):
    return (x[0] - a) ** 4 + (x[0] - a) ** 2 + (x[1] - x[0] * a) ** 2 + x[1] ** 2


def flow(t, y, a):
    return [-a * y[0] + y[1], -y[0] * y[1]]


def kinked(t, y, a):
    return -a * y if t < 0.5 else -y / a


STEPS = {
    "brentq": lambda a: optimize.brentq(lambda x: x**3 - a, 0.0, 3.0),
    "brentq, an interval that varies": lambda a: optimize.brentq(lambda x: x**3 - 0.1, 0.0, a) * a,
    "newton of an array": lambda a: optimize.newton(lambda x: x**3 - a * np.array([1.0, 2.0]), np.ones(2)),
    "root_scalar": lambda a: optimize.root_scalar(lambda x: x**3 - a, bracket=(0.0, 3.0)).root,
    "root": lambda a: optimize.root(lambda x: two(x, a), [1.0, 1.0], tol=1e-13).x,
    "root, args and a Jacobian": lambda a: optimize.root(two, [1.0, 1.0], args=(a,), jac=jacfwd(two), tol=1e-13).x,
    "fsolve": lambda a: optimize.fsolve(two, [1.0, 1.0], args=(a,), xtol=1e-13),
    "minimize": lambda a: optimize.minimize(bowl, [1.0, 1.0], args=(a,), jac=grad(bowl), tol=1e-9).x,
    "minimize, its value": lambda a: optimize.minimize(lambda x: bowl(x, a), np.array([a, a]), tol=1e-9).fun,
    "minimize, a constraint": lambda a: (
        optimize.minimize(
            lambda x: x[0] ** 2 + a * x[1] ** 2, [1.0, 1.0], constraints={"type": "eq", "fun": lambda x: x[0] + x[1] - a}
        ).x
    ),
    "least_squares": lambda a: optimize.least_squares(lambda x: [x[0] - a, x[1] * x[0] - a * a, x[1] - 1.0], [1.0, 1.0]).x,
    "curve_fit": lambda a: optimize.curve_fit(
        lambda t, p, q: p * np.exp(-q * t), T, np.exp(-a * T) + 0.1 * a * T**2, [1.0, 1.0]
    )[0],
    "quad": lambda a: integrate.quad(lambda x: np.exp(-a * x * x), 0.0, a)[0],
    "dblquad": lambda a: integrate.dblquad(lambda y, x: x * y * a, 0.0, 1.0, 0.0, lambda x: x * a)[0],
    "odeint": lambda a: integrate.odeint(lambda y, t: -a * y, [1.0, a], [0.0, 1.0])[-1],
    "solve_ivp": lambda a: integrate.solve_ivp(flow, (0.0, 1.0), [1.0, a], t_eval=[0.5, 1.0], args=(a,), **TIGHT).y[:, -1],
    "solve_ivp, Radau with a Jacobian": lambda a: integrate.solve_ivp(
        flow, (0.0, 1.0), [1.0, a], "Radau", t_eval=[1.0], args=(a,), jac=jacfwd(flow, argnums=1)
    ).y[:, -1],
    "solve_ivp, two ways": lambda a: integrate.solve_ivp(kinked, (0.0, 1.0), [1.0], t_eval=[1.0], args=(a,), **TIGHT).y[0, -1],
    "a solver in a solver": lambda a: optimize.brentq(
        lambda x: integrate.quad(lambda t: np.exp(-a * t), 0.0, x)[0] - 0.3, 0.0, 5.0
    ),
    "cho_solve": lambda a: linalg.cho_solve(linalg.cho_factor(A + a**2 * B), b * a),
    "expm": lambda a: linalg.expm(A + a**2 * B)[0],
    "sqrtm": lambda a: linalg.sqrtm(A + a**2 * B)[0],
    "logm, which draws random numbers": lambda a: linalg.logm(A + a**2 * B)[0],
    "a spline's place": lambda a: interpolate.CubicSpline(T, np.sin(T))(a * np.ones(2)),
    "a spline of samples, and where they are": lambda a: interpolate.CubicSpline(T * a, np.sin(a * T))(0.9 * a**2, 1),
    "pchip, of samples": lambda a: interpolate.PchipInterpolator(T, np.sin(9.0 * a * T))(0.9 * a),
    "interp1d": lambda a: interpolate.interp1d(T * a, np.sin(a * T))(0.9 * a**2),
    "interp1d, cubic": lambda a: interpolate.interp1d(T, np.sin(a * T), kind="cubic")(0.9 * a),
    "splev, splrep": lambda a: interpolate.splev(0.9 * a, interpolate.splrep(T, np.sin(a * T))),
    "a grid, of values": lambda a: interpolate.RegularGridInterpolator((T, T), np.sin(a * np.add.outer(T, T)))(
        [[0.9 * a, 0.2]]
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps(name):
    """One program serves other values, and its value, its first or second derivative are those of the function itself."""
    f = STEPS[name]
    whole = name in ("brentq", "minimize", "curve_fit", "quad", "odeint", "a spline of samples, and where they are")
    for transform in [lambda f: f, lambda f: jacfwd(jacfwd(f))] if whole else [jacfwd]:
        function = transform(f)
        compiled = jit(function)
        for a in (0.7, 0.71, 0.8):
            np.testing.assert_allclose(compiled(a), function(a), rtol=1e-7 if "min" in name else 1e-9, atol=1e-12)
        assert compiled.cache_info()[1:] == (1, 0, 1)


def test_a_graph_solves():
    """The line is in the graph, and what lies outside is looked up when it is computed."""
    data = np.array([1.0, 4.0])
    graph = record(lambda a: optimize.brentq(lambda x: x * x - np.sum(a * data[:1]), 0.0, 99.0) * data[1:])(4.0)
    assert "brentq(" in str(graph)
    assert graph(9.0) == pytest.approx(12.0)
    data[:] = [4.0, 2.0]
    assert graph(9.0) == pytest.approx(12.0)
    assert graph(36.0) == pytest.approx(24.0)


def test_other_ways():
    """A way of the function that was not seen yet makes another program; so does another number of steps."""

    def f(a):
        return optimize.brentq(lambda x: x - a if a < 1.0 else x * x - a, 0.0, 9.0)

    compiled = jit(f)
    for a in (0.5, 0.6, 4.0, 0.7, 9.0):
        assert compiled(a) == pytest.approx(f(a), rel=1e-12)
    assert compiled.cache_info() == (3, 2, 0, 2)
    inside = jit(jacfwd(lambda a: optimize.root_scalar(lambda x: np.where(x < 1.0, x - a, x * x - a), bracket=(0.0, 9.0)).root))
    for a in (0.5, 4.0):
        assert inside(a) == pytest.approx(1.0 if a < 1.0 else 0.25, rel=1e-9)
    steps = jit(lambda a: integrate.solve_ivp(lambda t, y: -a * y, (0.0, 1.0), [1.0]).y[0, -1])
    for a in (1.0, 30.0, 1.01):
        assert steps(a) == pytest.approx(np.exp(-a), abs=1e-3)


def test_what_the_result_says():
    """Success is a value of the program, so that a question for it is a guard; texts are there, unknown objects are not."""

    def f(a):
        found = optimize.minimize(lambda x: np.sum((x - a) ** 2), [0.0], method="L-BFGS-B")
        assert found.success
        assert isinstance(found.message, str)
        assert found.get("hess_inv") is None
        return found.x[0]

    compiled = jit(f)
    assert compiled(2.0) == pytest.approx(2.0)
    assert compiled(3.0) == pytest.approx(3.0)
    assert compiled.cache_info().programs == 1


CONSTRAINTS = {  # and the point of them that is next to the origin
    "nonlinear": (lambda a: scipy_optimize.NonlinearConstraint(lambda x: x[0] * x[1] - a, 0.0, np.inf),
                  lambda a: np.sqrt(np.stack([a, a]))),
    "with its slopes": (lambda a: scipy_optimize.NonlinearConstraint(lambda x: x[0] * x[1], a, np.inf, lambda x: [x[1], x[0]]),
                        lambda a: np.sqrt(np.stack([a, a]))),
    "linear": (lambda a: scipy_optimize.LinearConstraint(np.stack([np.stack([a, 1.0])]), a, np.inf),
               lambda a: np.stack([a * a, a]) / (a * a + 1.0)),
    "several": (lambda a: [CONSTRAINTS["nonlinear"][0](a), {"type": "ineq", "fun": lambda x: x[0] - 1.5 * a}],
                lambda a: np.stack([1.5 * a, 1.0 / 1.5 + 0.0 * a])),
}  # fmt: skip


@pytest.mark.parametrize("name", CONSTRAINTS)
def test_constraints_that_are_objects(name):
    """What they hold is seen by whoever records."""
    constraints, exact = CONSTRAINTS[name]

    def f(a):
        return optimize.minimize(lambda x: np.sum(x**2), [2.0, 1.5], method="SLSQP", constraints=constraints(a), tol=1e-12).x

    compiled, slopes = jit(f), jit(jacfwd(f))
    for a in (0.7, 0.9):
        np.testing.assert_allclose(compiled(a), f(a), rtol=1e-9)
        np.testing.assert_allclose(slopes(a), jacfwd(f)(a), rtol=1e-9)
        np.testing.assert_allclose(jacfwd(f)(a), jacfwd(exact)(a), rtol=1e-7, atol=1e-9)
    assert compiled.cache_info().programs == slopes.cache_info().programs == 1


def test_functions_inside_objects():
    """Are not seen by whoever records, which is said."""
    solver = steps.stepwise(lambda holder: callbacks.Plain(holder.f)(2.0))
    with pytest.raises(errors.NoRule, match="give the function itself"):
        record(lambda a: solver(SimpleNamespace(f=lambda x: a * x)))(1.0)


def test_a_recording_inside_a_recording():
    """What belongs to an outer one is outside of the inner one, views and all."""
    seen = []

    def outer(a):
        def inner(x):
            both = np.broadcast_arrays(x[0], a)
            return np.stack(both)[:, 1:] * a[0]

        seen.append(record(inner)(np.array([2.0, 3.0])))
        return a

    record(outer)(np.array([5.0, 6.0, 7.0]))
    (graph,) = seen
    assert "outside" in str(graph)
    assert all(line in graph.lines for line in graph.live())


def test_too_many_ways(monkeypatch):
    """Are refused, and then the function runs as it is."""
    monkeypatch.setattr(ways, "WAYS", 8)

    def f(a):
        def steps(x):
            n = 0
            while n * 0.01 < x * a:
                n += 1
            return x - a - 1e-9 * n

        return optimize.bisect(steps, 0.0, 9.0)

    with pytest.warns(errors.CompilationWarning, match="ways"):
        assert jit(f)(1.0) == pytest.approx(1.0, rel=1e-6)


def test_under_a_derivative():
    """A jitted solver among what is differentiated is the solver itself."""
    solve = jit(STEPS["brentq"])
    assert derivative(solve)(8.0) == pytest.approx(1.0 / 12.0, rel=1e-10)


LINEAR = {
    "quad": lambda a: integrate.quad(lambda x: np.exp(-a[0] * x * x), 0.0, a[1])[0],
    "dblquad": lambda a: integrate.dblquad(lambda y, x: x * y * np.exp(a[0] * x), 0.0, a[1], 0.0, 1.0)[0],
    "solve_ivp": lambda a: integrate.solve_ivp(flow, (0.0, 1.0), [1.0, a[1]], args=(a[0],), **TIGHT).y[:, -1],
    "odeint": lambda a: integrate.odeint(lambda y, t: -a[0] * y, [1.0, a[1]], [0.0, 1.0])[-1],
    "root": lambda a: optimize.root(lambda x: two(x, a[0] * a[1]), [1.0, 1.0]).x,
    "a solver in a solver": lambda a: optimize.brentq(
        lambda x: integrate.quad(lambda t: np.exp(-a[0] * t), 0.0, x)[0] - 0.3 * a[1], 0.0, 5.0
    ),
    "expm": lambda a: linalg.expm(A * a[0])[0] * a[1],
    "sqrtm": lambda a: linalg.sqrtm(A * a[0])[0] * a[1],
    "a spline, of samples": lambda a: interpolate.CubicSpline(T, np.sin(a[0] * T))(0.9 * a[1]),
}


@pytest.mark.parametrize("name", LINEAR)
def test_recorded_tangents(name):
    """Where tangents alone are recorded, as for reverse mode, the program is linear in them: it holds for any direction."""
    f, a = LINEAR[name], np.array([0.7, 1.1])
    graph = record(lambda t: jvp(f, (a,), (t,))[1])(np.array([1.0, 0.0]))
    for t in np.array([[0.3, -2.0], [1.0, 1.0]]):
        np.testing.assert_allclose(graph(t), jvp(f, (a,), (t,))[1], rtol=1e-6)


def test_reverse_mode_by_too_much():
    """By many numbers, and by complex ones, is refused."""
    many = lambda a: integrate.quad(lambda x: np.sum(np.exp(-a * x)), 0.0, 1.0)[0]
    with pytest.raises(errors.NoRule, match="3000 here"):
        grad(many, mode="reverse")(np.linspace(1.0, 2.0, 3000))
    complexly = lambda a: np.real(integrate.solve_ivp(lambda t, y: 1j * np.conj(y), (0.0, 1.0), [a + 1j]).y[0, -1])
    assert np.isfinite(grad(complexly, mode="forward")(1.0))
    with pytest.raises(errors.NoRule, match="real"):
        grad(complexly, mode="reverse")(1.0)


@pytest.mark.parametrize("name", LINEAR)
def test_reverse_mode(name):
    """Jacobians by reverse mode are those by forward mode; forward over reverse and reverse over reverse give the Hessian."""
    f, a = LINEAR[name], np.array([0.7, 1.1])
    np.testing.assert_allclose(jacrev(f)(a), jacfwd(f)(a), rtol=1e-7, atol=1e-12)
    if name in ("quad", "odeint", "expm"):
        total = lambda a: np.sum(f(a) ** 2)
        gradient, wanted = grad(total, mode="reverse"), hessian(total, mode="forward")(a)
        np.testing.assert_allclose(jacfwd(gradient)(a), wanted, rtol=1e-6)
        np.testing.assert_allclose(jacrev(gradient)(a), wanted, rtol=1e-6)
    if name in ("quad", "expm", "a solver in a solver", "a spline, of samples"):
        compiled, gradient = jit(grad(lambda a: np.sum(f(a) ** 2), mode="reverse")), grad(lambda a: np.sum(f(a) ** 2))
        for point in (a, 1.05 * a):
            np.testing.assert_allclose(compiled(point), gradient(point), rtol=1e-6)
