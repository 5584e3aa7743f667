"""Every problem of the list, differentiated and compared with its exact derivatives."""

import mpmath
import numpy as np
import pytest
from problem_curves import black_scholes, black_scholes_arguments, normal_cdf
from problems import PROBLEMS

import dualad

BY_NAME = {problem.name: problem for problem in PROBLEMS}
every = pytest.mark.parametrize("problem", PROBLEMS, ids=BY_NAME)
ELEMENTWISE = [problem for problem in PROBLEMS if "elementwise" in problem.marks]
WHOLE = [problem for problem in PROBLEMS if "elementwise" not in problem.marks]
whole = pytest.mark.parametrize("problem", WHOLE, ids=lambda problem: problem.name)


def close(got, exact, rtol=1e-12):
    """Compare arrays to a tolerance relative to the largest entry of the exact one."""
    np.testing.assert_allclose(got, exact, rtol=rtol, atol=rtol * np.max(np.abs(exact)))


def complex_step(function, x):
    """The Jacobian of an analytic function to the last digits: imaginary part of a tiny imaginary step."""
    columns = []
    for index in np.ndindex(x.shape):
        moved = np.array(x, complex)
        moved[index] += 1e-200j
        columns.append(np.imag(function(moved)) / 1e-200)
    return np.moveaxis(np.array(columns), 0, -1).reshape((*np.shape(columns[0]), *x.shape))


def test_names_are_unique():
    """A name finds one problem."""
    assert len(BY_NAME) == len(PROBLEMS)


@whole
def test_jacobian(problem):
    """jacfwd agrees with the derivative worked out by hand."""
    args = problem.arguments(problem.size)
    close(dualad.jacfwd(problem.function)(*args), problem.jacobian(*args))


@whole
def test_value_is_numpys(problem):
    """The value beside the Jacobian is the plain function's, bit for bit."""
    args = problem.arguments(problem.size)
    value, _ = dualad.value_and_jacfwd(problem.function)(*args)
    if "objects" in problem.marks:
        close(value, problem.function(*args), rtol=1e-15)
    else:
        np.testing.assert_array_equal(value, problem.function(*args), strict=True)


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if "analytic" in p.marks], ids=lambda problem: problem.name)
def test_jacobian_by_complex_step(problem):
    """The exact answers themselves, and jacfwd, agree with a complex step."""
    x, *rest = problem.arguments(problem.size)
    reference = complex_step(lambda z: problem.function(z, *rest), x)
    close(problem.jacobian(x, *rest), reference)
    close(dualad.jacfwd(problem.function)(x, *rest), reference)


@pytest.mark.parametrize("problem", [p for p in PROBLEMS if "scalar" in p.marks], ids=lambda problem: problem.name)
def test_gradient(problem):
    """grad gives what jacfwd gives for a scalar output."""
    args = problem.arguments(problem.size)
    gradient = dualad.grad(problem.function)(*args)
    assert gradient.shape == args[0].shape
    close(gradient, problem.jacobian(*args))


@whole
def test_hessian(problem):
    """The Hessian agrees with the closed form, or else with a complex step through the exact Jacobian."""
    x, *rest = problem.arguments(problem.size)
    exact = problem.hessian(x, *rest) if problem.hessian else complex_step(lambda z: problem.jacobian(z, *rest), x)
    close(dualad.hessian(problem.function)(x, *rest), exact, rtol=1e-11)


@whole
def test_hessian_vector_product(problem):
    """hvp is the Hessian times the vector; for a vector-valued function, of its sum."""
    x, *rest = problem.arguments(problem.size)
    v = np.random.default_rng(1).standard_normal(x.shape)

    def scalar(z):
        return np.sum(problem.function(z, *rest))

    close(dualad.hvp(scalar, (x,), (v,)), np.tensordot(dualad.hessian(scalar)(x), v, x.ndim), rtol=1e-11)


@whole
def test_grows(problem):
    """The builder makes other sizes, and the derivative keeps agreeing there."""
    args = problem.arguments(problem.size + 3)
    close(dualad.jacfwd(problem.function)(*args), problem.jacobian(*args))


@pytest.mark.parametrize("problem", ELEMENTWISE, ids=lambda problem: problem.name)
def test_partials_of_elementwise_functions(problem):
    """derivative gives each partial on whole arrays at once."""
    args = problem.arguments(problem.size)
    for argument, exact in zip(problem.argnums, problem.jacobian(*args), strict=True):
        close(dualad.derivative(problem.function, argnums=argument)(*args), exact, rtol=1e-10)


@pytest.mark.parametrize("problem", ELEMENTWISE, ids=lambda problem: problem.name)
def test_elementwise_functions_at_one_point(problem):
    """grad by all arguments at one point gives the same partials as scalars."""
    args = [float(column[0]) for column in problem.arguments(3)]
    gradient = dualad.grad(problem.function, argnums=problem.argnums)(*args)
    assert all(type(partial) is np.float64 for partial in gradient)
    close(gradient, problem.jacobian(*args), rtol=1e-10)


@pytest.mark.parametrize("problem", ELEMENTWISE, ids=lambda problem: problem.name)
def test_second_partials_of_elementwise_functions(problem):
    """The Hessian at one point is the Jacobian of the exact partials, and the closed form."""
    args = [float(column[0]) for column in problem.arguments(1)]
    second = np.array(dualad.hessian(problem.function, argnums=problem.argnums)(*args))
    close(second, np.array(dualad.jacfwd(problem.jacobian, argnums=problem.argnums)(*args)), rtol=1e-9)
    close(second, problem.hessian(*args), rtol=1e-9)


@pytest.mark.parametrize("problem", ELEMENTWISE, ids=lambda problem: problem.name)
def test_second_partials_on_arrays(problem):
    """Nested Jacobians of a batch are the second partials at every point."""
    args = problem.arguments(problem.size)
    options = {"argnums": problem.argnums, "batch_ndim": 1}
    second = dualad.jacfwd(dualad.jacfwd(problem.function, **options), **options)(*args)
    close(np.array(second), problem.hessian(*args), rtol=1e-9)


def test_normal_distribution():
    """The distribution function of the option price is right to 14 digits, and its slope is the density, at 0 too."""
    x = np.linspace(-6.0, 6.0, 25)
    close(normal_cdf(x), np.array([float(mpmath.ncdf(each)) for each in x]), rtol=1e-14)
    close(dualad.derivative(normal_cdf)(x), np.array([float(mpmath.npdf(each)) for each in x]))


def test_option_price_by_mpmath():
    """Price and vega agree with a computation in 30 digits."""
    args = [float(column[0]) for column in black_scholes_arguments(1)]

    def price(volatility):
        spot, strike, rate, _, maturity = map(mpmath.mpf, args)
        width = volatility * mpmath.sqrt(maturity)
        d1 = (mpmath.log(spot / strike) + (rate + volatility**2 / 2) * maturity) / width
        return spot * mpmath.ncdf(d1) - strike * mpmath.exp(-rate * maturity) * mpmath.ncdf(d1 - width)

    with mpmath.workdps(30):
        value, vega = float(price(mpmath.mpf(args[3]))), float(mpmath.diff(price, args[3]))
    close(black_scholes(*args), value, rtol=1e-13)
    close(dualad.derivative(black_scholes, argnums=3)(*args), vega, rtol=1e-12)
