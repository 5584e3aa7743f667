"""SciPy's solvers fed with derivatives: right answers from fewer calls than with differences, whatever the function gives."""

import warnings

import numpy as np
import pytest
from recipes import RECIPES, WAYS, Way
from test_compile import _kernels_of_the_tests  # noqa: F401 - a fixture

import dualad
from dualad import errors, grad, hessian, hvp, jacfwd, jit, value_and_grad, value_and_jacfwd

optimize = pytest.importorskip("scipy.optimize")
integrate = pytest.importorskip("scipy.integrate")


def solved(recipe, way):
    """Error and number of calls."""
    chosen = Way(way)
    answer = recipe.prepare(chosen, recipe.size)()
    return recipe.error(answer, recipe.size), chosen.calls


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipes(recipe):
    """With exact derivatives the answer is right, compiled or not; differences take more calls and are no more accurate."""
    error, calls = solved(recipe, "dualad")
    assert error <= recipe.tolerance
    again, also = solved(recipe, "dualad jit")
    assert again <= recipe.tolerance
    assert also == pytest.approx(calls, rel=0.3)  # rounding may end an iteration earlier or later
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what SciPy says of differences
        rough, more = solved(recipe, "2-point")
    assert calls < more
    assert error <= max(2.0 * rough, 1e-11)
    assert WAYS[:3] == ("dualad", "dualad jit", "2-point")


T = np.linspace(0.0, 4.0, 30)
Y = 2.0 * np.exp(-0.7 * T) + 0.3
P = np.array([2.0, 0.7, 0.3])


def model(t, a, b, c):
    return a * np.exp(-b * t) + c


ANSWERS = {  # functions that return arrays, lists, tuples, numbers
    "array": lambda p: model(T, *p) - Y,
    "list": lambda p: [model(t, *p) - y for t, y in zip(T, Y, strict=True)],
    "tuple": lambda p: tuple(model(T, *p) - Y),
    "arrays in a list": lambda p: np.concatenate([model(T[:5], *p) - Y[:5], list(model(T[5:], *p) - Y[5:])]),
}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_of_anything(kind, method):
    """Whatever the residuals come in."""
    f = ANSWERS[kind]
    found = optimize.least_squares(f, np.ones(3), jac=jacfwd(f), method=method, gtol=1e-14)
    np.testing.assert_allclose(found.x, P, rtol=1e-7)


def test_extra_arguments():
    """args and kwargs of SciPy go to the derivative as they go to the function."""
    residual = lambda p, t, y=None: model(t, *p) - y
    found = optimize.least_squares(residual, np.ones(3), jac=jacfwd(residual), args=(T,), kwargs={"y": Y})
    np.testing.assert_allclose(found.x, P, rtol=1e-7)
    f = lambda x, a: np.sum(a * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    product = lambda x, p, a: hvp(lambda x: f(x, a), (x,), (p,))
    for slopes in (
        {"jac": grad(f), "method": "BFGS"},
        {"jac": grad(f), "hessp": product, "method": "Newton-CG"},
        {"jac": grad(f), "hess": hessian(f), "method": "trust-ncg"},
        {"jac": jit(grad(f)), "hess": jit(hessian(f)), "method": "trust-exact"},
    ):
        np.testing.assert_allclose(optimize.minimize(f, [1.3, 0.7], args=(100.0,), **slopes).x, 1.0, rtol=1e-3)


def test_value_and_slope_together():
    """jac=True: one function gives both."""
    np.testing.assert_allclose(optimize.minimize(value_and_grad(optimize.rosen), [1.3, 0.7], jac=True).x, 1.0, rtol=1e-5)
    for system in (lambda x: np.array([x[0] * x[1] - 2.0, x[0] - 1.0]), lambda x: [x[0] * x[1] - 2.0, x[0] - 1.0]):
        np.testing.assert_allclose(optimize.root(value_and_jacfwd(system), [1.5, 1.5], jac=True).x, [1.0, 2.0], rtol=1e-9)


@pytest.mark.parametrize("sigma", [None, 1.0 + T])
def test_curve_fit(sigma):
    """One matrix with a column for each parameter, which is a number of its own; also of a model with any number of them."""
    for f, numbers in ((model, (1, 2, 3)), (lambda t, *p: p[0] * np.exp(-p[1] * t) + p[2], range(1, 4))):
        p, _ = optimize.curve_fit(f, T, Y, np.ones(3), sigma=sigma, jac=jacfwd(f, argnums=numbers, matrix=True))
        np.testing.assert_allclose(p, P, rtol=1e-7)


def test_constraints_of_anything():
    """A number, a list, a tuple; the multipliers' Hessian of a nonlinear constraint."""
    f = lambda x: (x[0] - 1.0) ** 2 + (x[1] - 2.5) ** 2
    number, several = lambda x: x[0] - 2.0 * x[1] + 2.0, lambda x: [x[0] - 2.0 * x[1] + 2.0, 6.0 - x[0] - 2.0 * x[1]]
    for g in (number, several, lambda x: tuple(several(x))):
        constraint = {"type": "ineq", "fun": g, "jac": jacfwd(g)}
        found = optimize.minimize(f, (2.0, 0.0), jac=grad(f), method="SLSQP", constraints=constraint)
        np.testing.assert_allclose(found.x, [1.4, 1.7], rtol=1e-6)
        weighted = hessian(lambda x, v, g=g: np.dot(v, np.atleast_1d(g(x))))
        constraint = optimize.NonlinearConstraint(g, 0.0, np.inf, jacfwd(g), weighted)
        found = optimize.minimize(f, (2.0, 0.0), jac=grad(f), hess=hessian(f), method="trust-constr", constraints=constraint)
        np.testing.assert_allclose(found.x, [1.4, 1.7], rtol=1e-3)


@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA"])
def test_right_sides_of_anything(method):
    """(t, y): argnums=1; a list, a tuple, an array; args behind."""
    exact = [np.exp(-50.0), 50.0 / 49.0 * (np.exp(-1.0) - np.exp(-50.0))]
    for make in (list, tuple, np.array):
        f = lambda t, y, fast, slow=1.0, make=make: make([-fast * y[0], fast * y[0] - slow * y[1]])
        jac = jacfwd(f, argnums=1)
        found = integrate.solve_ivp(f, (0.0, 1.0), [1.0, 0.0], method, jac=jac, args=(50.0,), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.y[:, -1], exact, atol=1e-8)
    f = lambda y, t: [-50.0 * y[0], 50.0 * y[0] - y[1]]
    np.testing.assert_allclose(integrate.odeint(f, [1.0, 0.0], [0.0, 1.0], Dfun=jacfwd(f), rtol=1e-10)[-1], exact, atol=1e-8)


def test_boundary_values_with_a_parameter():
    """The derivatives of trailing axes; one of them by a parameter that holds for all of them."""
    f = lambda x, y, p: np.stack([y[1], -(p[0] ** 2) * y[0]])
    ends = lambda left, right, p: np.array([left[0], right[0], left[1] - p[0]])
    spread = lambda x, y, p: jacfwd(f, (1, 2), batch_ndim=-1)(x, y, np.outer(p, np.ones_like(x)))
    x = np.linspace(0.0, 1.0, 9)
    slopes = {"fun_jac": spread, "bc_jac": jacfwd(ends, (0, 1, 2))}
    found = integrate.solve_bvp(f, ends, x, np.stack([np.sin(6.0 * x), np.cos(6.0 * x)]), p=[6.0], tol=1e-8, **slopes)
    assert found.p[0] == pytest.approx(2.0 * np.pi, rel=1e-7)


# -- what the recipes wanted of the transforms -------------------------------------------------------------------------------


def test_trailing_axes_are_points():
    """batch_ndim < 0 is what moving the axes to the front gives, chunked or not; both sides have to be the same points."""
    f = lambda x: np.stack([x[0] * x[1], np.sin(x[0]), x[1] ** 2 * x[0]])
    for n in (5, 3000):  # seeds as arrays, and as terms
        x = np.random.default_rng(0).standard_normal((2, n))
        wanted = np.moveaxis(jacfwd(lambda z: f(z.T).T, batch_ndim=1)(x.T), 0, -1)
        assert wanted.shape == (3, 2, n)
        for options in ({}, {"chunk_size": 1}, {"check": "direction"}):
            np.testing.assert_allclose(jacfwd(f, batch_ndim=-1, **options)(x), wanted, rtol=1e-15)
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    found = jacfwd(lambda x: np.sum(x**2, axis=1), batch_ndim=-2)(x)
    wanted = np.zeros((2, 2, 3, 4, 5))
    wanted[[0, 1], [0, 1]] = 2.0 * x
    np.testing.assert_array_equal(found, wanted)
    with pytest.raises(errors.BadArgument, match=r"trailing axes .* \(4, 5\) and \(3, 5\)"):
        jacfwd(lambda x: x[0, :, 0], batch_ndim=-2)(x)
    with pytest.raises(errors.BadArgument, match="only 1 axes"):
        jacfwd(lambda x: x, batch_ndim=-2)(np.ones(3))


def test_one_matrix():
    """A row for each number that comes out, a column for each that goes in, in whatever they stand; nested, and compiled."""
    f = lambda p, q, name: {"a": p["x"] * q, "b": [p["y"], 1.0, None]}
    args = ({"x": np.array([1.0, 2.0]), "y": 3.0, "z": "text"}, np.array([4.0, 5.0]), "name")
    wanted = np.array([[4.0, 0, 0, 1.0, 0], [0, 5.0, 0, 0, 2.0], [0, 0, 1.0, 0, 0], [0, 0, 0, 0, 0]])
    for options in ({}, {"chunk_size": 2}):
        np.testing.assert_array_equal(jacfwd(f, (0, 1), matrix=True, **options)(*args), wanted)
    value, found = value_and_jacfwd(f, (0, 1), matrix=True)(*args)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(value["a"], [4.0, 10.0])
    assert jacfwd(np.sum, matrix=True)(np.ones((2, 2))).shape == (1, 4)
    square = jacfwd(lambda x: x**3, matrix=True)
    np.testing.assert_array_equal(jacfwd(square)(np.array([2.0, 3.0])).ravel(), [12.0, 0, 0, 0, 0, 0, 0, 18.0])
    np.testing.assert_array_equal(jit(square)(np.array([2.0, 3.0])), np.diag([12.0, 27.0]))
    with pytest.raises(errors.BadArgument, match="there are many"):
        jacfwd(f, matrix=True, batch_ndim=1)(*args)
    assert dualad.grad(lambda x, y: x * y, argnums=range(2))(2.0, 3.0) == (3.0, 2.0)
