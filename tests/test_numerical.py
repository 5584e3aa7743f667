"""Black boxes: functions differentiated by calling them."""

import math

import numpy as np
import pytest

from dualad import derivative, errors, grad, hessian, jacfwd, numerical

X = np.array([0.5, 2.0, 1.5])


def table(x):
    """A function that takes plain floats only, as compiled code does."""
    return np.array([math.sin(a) * b for a, b in zip(x.tolist(), reversed(x.tolist()), strict=True)])


def rewritten(x):
    return np.sin(x) * x[::-1]


def test_first_derivatives():
    """About ten digits of a smooth function, inside a longer computation."""
    box = numerical(table)
    np.testing.assert_array_equal(box(X), table(X))
    np.testing.assert_allclose(
        jacfwd(lambda x: np.exp(box(x)) * x)(X), jacfwd(lambda x: np.exp(rewritten(x)) * x)(X), rtol=1e-8, atol=1e-9
    )


def test_second_derivatives():
    """Differences of differences: about six digits."""
    box = numerical(table)
    np.testing.assert_allclose(
        hessian(lambda x: np.sum(box(x) ** 2))(X), hessian(lambda x: np.sum(rewritten(x) ** 2))(X), rtol=1e-5, atol=1e-5
    )


def test_complex_step():
    """Exact to rounding for an analytic function that computes with complex numbers."""
    box = numerical(np.tanh, method="complex")
    np.testing.assert_allclose(derivative(lambda x: box(x) * x)(X), derivative(lambda x: np.tanh(x) * x)(X), rtol=1e-15)
    with pytest.raises(errors.BadArgument, match="first derivatives"):
        derivative(box, order=2)(X)


def test_scalars_and_pytrees():
    """Scalars, keyword arguments and containers pass as they do elsewhere."""
    box = numerical(lambda a, *, b: {"sum": math.fsum([a, b]), "product": a * b, "name": "ab"})
    slope = grad(lambda a: box(a, b=a)["product"] + box(2.0, b=a)["sum"])(3.0)
    assert slope == pytest.approx(7.0, rel=1e-9)
    assert box(1.0, b=2.0) == {"sum": 3.0, "product": 2.0, "name": "ab"}


def test_constants_are_not_moved():
    """Without a tangent among the arguments the function is called once and its answer is constant."""
    calls = []
    box = numerical(lambda a: calls.append(a) or a)
    assert derivative(lambda x: x * box(2.0))(3.0) == 2.0
    assert calls == [2.0]


def test_noise_is_told():
    """Where differences have few digits a warning says so, and names the line."""
    noise = np.random.default_rng(0)
    box = numerical(lambda a: a + 1e-4 * noise.standard_normal())
    with pytest.warns(errors.InaccurateWarning, match=r"test_numerical\.py"):
        derivative(box)(1.0)


def test_methods_are_checked():
    """An unknown method is refused by name."""
    with pytest.raises(errors.BadArgument, match="simpson"):
        numerical(np.sin, method="simpson")
