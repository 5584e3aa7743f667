"""The user's own rules, values that are not differentiated, and the check that finds a wrong rule and names it."""

import math
import pickle

import numpy as np
import pytest

import dualad
from dualad import check_derivatives, custom_jvp, derivative, grad, hessian, jacfwd, jvp, no_tangents, stop_gradient
from dualad.errors import BadArgument, CheckFailed, NoRule

X = np.array([0.5, 1.5, -2.0])


@custom_jvp
def softplus(x):
    """log(1 + exp(x))."""
    return np.log1p(np.exp(x))


@softplus.defjvp
def _(primals, tangents):
    (x,), (dx,) = primals, tangents
    return softplus(x), dx / (1.0 + np.exp(-x))


@custom_jvp
def opaque_sine(x):
    """A value that no rule could see through: computed with the math module, element by element."""
    return np.reshape([math.sin(each) for each in np.ravel(x)], np.shape(x))


opaque_sine.defjvps(lambda dx, y, x: opaque_cosine(x) * dx)


@custom_jvp
def opaque_cosine(x):
    return np.reshape([math.cos(each) for each in np.ravel(x)], np.shape(x))


opaque_cosine.defjvps(lambda dx, y, x: -opaque_sine(x) * dx)


@custom_jvp
def wrong_square(x):
    return x**2


wrong_square.defjvps(lambda dx, y, x: 3.0 * x * dx)


# -- custom_jvp ----------------------------------------------------------------------------------------------------------


def test_rule_for_primals_and_tangents():
    """defjvp gives output and tangent; the function keeps its name and value, and the rule is used, not the code."""
    assert softplus.__name__ == "softplus"
    assert softplus(0.0) == np.log(2.0)
    assert derivative(softplus)(0.0) == 0.5
    np.testing.assert_array_equal(derivative(softplus)(np.array([-800.0, 800.0])), [0.0, 1.0])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_rules_nest(order):
    """A rule written in differentiable functions, other custom ones among them, serves derivatives of any order."""
    exact = [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order - 1](X)
    np.testing.assert_allclose(derivative(opaque_sine, order=order)(X), exact, rtol=1e-15)
    s = 1.0 / (1.0 + np.exp(-X))
    logistic = [s, s * (1 - s), s * (1 - s) * (1 - 2 * s)][order - 1]
    np.testing.assert_allclose(derivative(softplus, order=order)(X), logistic, rtol=1e-13)


def test_all_directions_at_once():
    """Inside a Jacobian the rule is called once, for all directions."""
    calls = []

    @custom_jvp
    def double(x):
        return 2.0 * x

    double.defjvps(lambda dx, y, x: calls.append(np.shape(dx)) or 2.0 * dx)
    np.testing.assert_array_equal(jacfwd(double)(X), 2.0 * np.eye(3))
    assert calls == [(3,)]


def test_one_rule_per_argument():
    """defjvps takes a rule for each argument, with None where the output does not vary."""

    @custom_jvp
    def f(a, b, c):
        return a * b + c

    f.defjvps(lambda da, y, a, b, c: da * b, lambda db, y, a, b, c: a * db, None)
    assert grad(f, (0, 1, 2))(2.0, 3.0, 4.0) == (3.0, 2.0, 0.0)
    assert grad(lambda a: f(a, 3.0, a))(2.0) == 3.0
    assert hessian(f, (0, 1))(2.0, 3.0, 4.0) == ((0.0, 1.0), (1.0, 0.0))


def test_keywords_reach_function_and_rule():
    """Keyword arguments are constants, and both sides see them."""

    @custom_jvp
    def power(x, *, p=2):
        return x**p

    @power.defjvp
    def _(primals, tangents, *, p=2):
        return power(*primals, p=p), p * primals[0] ** (p - 1) * tangents[0]

    assert derivative(power)(3.0) == 6.0
    assert derivative(lambda x: power(x, p=3))(3.0) == 27.0
    assert derivative(lambda x: power(x, p=3), order=3)(3.0) == 6.0


def test_pytrees_in_and_out():
    """Arguments and outputs may be containers; text has None as tangent, what does not vary has zeros."""

    @custom_jvp
    def f(p, label):
        return {"product": p["a"] * p["b"], "a": p["a"]}

    @f.defjvp
    def _(primals, tangents):
        p, dp = primals[0], tangents[0]
        assert primals[1] == "text"
        assert tangents[1] is None
        return f(*primals), {"product": dp["a"] * p["b"] + p["a"] * dp["b"], "a": dp["a"]}

    jacobian = jacfwd(lambda p: f(p, "text"))({"a": 2.0, "b": 3.0})
    assert jacobian == {"product": {"a": 3.0, "b": 2.0}, "a": {"a": 1.0, "b": 0.0}}
    assert derivative(lambda a: f({"a": a, "b": 3.0}, "text")["product"])(2.0) == 3.0


def test_custom_functions_in_transforms_with_aux():
    """A custom function may be differentiated itself, with aux, or inside a function that has aux."""
    gradient, aux = grad(lambda x: (np.sum(softplus(x)), softplus(x)), has_aux=True)(X)
    np.testing.assert_allclose(gradient, 1.0 / (1.0 + np.exp(-X)))
    np.testing.assert_array_equal(aux, softplus(X))


class Spring:
    """A method with a rule of its own."""

    stiffness = 4.0

    @custom_jvp
    def energy(self, x):
        return 0.5 * self.stiffness * x**2

    @energy.defjvp
    def _(primals, tangents):  # noqa: N805 - no method: the instance is the first primal
        (self, x), (none, dx) = primals, tangents
        assert none is None
        return self.energy(x), self.stiffness * x * dx


def test_methods():
    """custom_jvp decorates methods; the instance is an argument without tangent."""
    assert derivative(Spring().energy)(3.0) == 12.0
    assert derivative(Spring().energy, order=2)(3.0) == 4.0


def test_module_level_functions_pickle():
    """A custom function pickles by its name, also as what is differentiated: process pools need that."""
    assert pickle.loads(pickle.dumps(softplus)) is softplus
    assert pickle.loads(pickle.dumps(derivative(softplus)))(0.0) == 0.5


def test_missing_and_wrong_rules_are_refused():
    """Differentiating without a rule, and rules whose tangent does not fit the output, raise."""
    bare = custom_jvp(lambda x: x)
    assert bare(2.0) == 2.0
    with pytest.raises(BadArgument, match="defjvp"):
        derivative(bare)(2.0)
    bare.defjvp(lambda primals, tangents: (primals[0], [tangents[0]]))
    with pytest.raises(BadArgument, match="structure"):
        derivative(bare)(2.0)
    bare.defjvp(lambda primals, tangents: (primals[0], tangents[0][:2]))
    with pytest.raises(BadArgument, match=r"shape \(2,\)"):
        derivative(bare)(X)
    bare.defjvp(lambda primals, tangents: primals[0])
    with pytest.raises(BadArgument, match="pair"):
        derivative(bare)(X)


def test_duals_that_are_no_arguments():
    """A rule cannot know the tangent of a dual that comes in by a closure or a keyword: it is refused, not dropped."""

    def f(x):
        scaled = custom_jvp(lambda a, *, scale=x: a * scale)
        scaled.defjvps(lambda da, y, a, *, scale=x: da * scale)
        return scaled

    with pytest.raises(BadArgument, match="by position"):
        derivative(lambda x: f(x)(x))(3.0)
    with pytest.raises(BadArgument, match="by position"):
        derivative(lambda x: f(1.0)(x, scale=x))(3.0)
    assert derivative(lambda x: f(1.0)(x, scale=dualad.primal_of(x)))(3.0) == 3.0


def test_an_argument_that_does_not_vary():
    """Of a dual without tangent the rule is not asked; the value stands in the output's structure, at its own level."""
    asked = []
    double = custom_jvp(lambda x: {"y": 2.0 * x, "z": [x[0]]})
    double.defjvp(lambda primals, tangents: asked.append(primals))
    assert grad(lambda x: double(np.floor(x))["z"][0] + np.sum(double(np.floor(x))["y"] * x))(X).tolist() == [0.0, 2.0, -4.0]
    assert not asked


def test_rules_for_every_argument():
    """defjvps wants a rule, or None, for every argument."""
    f = custom_jvp(np.multiply)
    f.defjvps(lambda dx, y, a, b: dx)
    with pytest.raises(BadArgument, match="1 rule"):
        derivative(f)(2.0, 3.0)


# -- rules for ufuncs ----------------------------------------------------------------------------------------------------

cube = np.frompyfunc(lambda x: x * x * x, 1, 1)
blend = np.frompyfunc(lambda a, b: a * a * b, 2, 1)
unknown = np.frompyfunc(lambda x: x, 1, 1)
dualad.rule(cube, lambda x, y: 3.0 * x**2)
dualad.rule(blend, lambda a, b, y: 2.0 * a * b, lambda a, b, y: a * a)


def test_rule_for_a_ufunc_of_ones_own():
    """A ufunc made by np.frompyfunc gets a row of partials; results are float64 arrays, not objects."""
    result = derivative(cube)(X)
    np.testing.assert_array_equal(result, 3.0 * X**2)
    assert result.dtype == np.float64
    assert jacfwd(cube)(X).dtype == np.float64
    assert derivative(cube, order=3)(2.0) == 6.0


def test_rule_for_two_inputs():
    """Each input has its partial; arrays broadcast as in any ufunc."""
    by_a, by_b = jacfwd(blend, (0, 1))(X, 3.0)
    np.testing.assert_array_equal(by_a, np.diag(6.0 * X))
    np.testing.assert_array_equal(by_b, X**2)


def test_rules_are_entered_once():
    """A second rule for the same function, a wrong number of partials, and a ufunc without rule are refused."""
    with pytest.raises(ValueError, match="has a rule already"):
        dualad.rule(cube, lambda x, y: x)
    with pytest.raises(ValueError, match="1 inputs, 2 partials"):
        dualad.rule(unknown, 1, 1)
    with pytest.raises(NoRule, match=r"dualad\.rule"):
        derivative(unknown)(2.0)


# -- values that are not differentiated ----------------------------------------------------------------------------------


def test_stop_gradient():
    """stop_gradient cuts the tangent and keeps the value, at every level, in every container."""
    assert derivative(lambda x: x * stop_gradient(x))(3.0) == 3.0
    assert derivative(lambda x: x * stop_gradient(x), order=2)(3.0) == 0.0
    assert derivative(lambda x: stop_gradient({"a": [x, "text"]})["a"][0] * x)(3.0) == 3.0
    np.testing.assert_array_equal(stop_gradient(X), X)
    assert stop_gradient("text") == "text"


def test_stop_gradient_copies():
    """Writing into what stop_gradient gave does not reach the original."""

    def f(x):
        cut = stop_gradient(x)
        cut[0] = 100.0
        return np.sum(x**2)

    np.testing.assert_array_equal(grad(f)(X), 2.0 * X)


def test_no_tangents():
    """What is computed in a no_tangents block is constant; the block ends where it ends, also by an exception."""

    def f(x):
        with no_tangents():
            scale = np.sum(x)
        return x / scale

    np.testing.assert_array_equal(jacfwd(f)(X + 1.0), np.eye(3) / np.sum(X + 1.0))
    with pytest.raises(KeyError), no_tangents():
        raise KeyError
    assert derivative(np.sin)(0.0) == 1.0


def test_no_tangents_around_transforms():
    """A transform called inside the block still differentiates; its answer is constant to what is outside."""

    def f(x):
        with no_tangents():
            slope = derivative(np.square)(x)
        return slope * x

    assert derivative(f)(3.0) == 6.0
    with no_tangents():
        assert grad(np.square)(3.0) == 6.0


# -- check_derivatives ---------------------------------------------------------------------------------------------------


RIGHT = {
    "sin": (np.sin, X),
    "trees": (lambda a, b: {"y": a["x"] @ b, "z": np.prod(a["x"])}, {"x": X, "name": "text"}, np.ones((3, 2))),
    "softplus": (softplus, X),
    "opaque": (opaque_sine, X),
    "frompyfunc": (cube, X),
    "many": (lambda x: np.sum(np.exp(-(x**2))), np.linspace(-1.0, 1.0, 50)),
    "number": (lambda x: x**2, 0.5),
    "log": (np.log, np.array([1e-3, 5.0])),
    "edge": (lambda x: np.sqrt(x) + np.arcsin(x), 1e-8),
    "complex": (lambda x: np.exp(1j * x), X),
    "single": (lambda x: x / 3.0, X.astype(np.float32)),
    "abs": (lambda z, x: np.abs(z) ** 2 * np.exp(z * x), 1.0 + 2.0j * X, X),
    "angle": (np.angle, 0.5 - 1.0j),
}


@pytest.mark.parametrize(("f", "args"), [(f, args) for f, *args in RIGHT.values()], ids=RIGHT)
def test_right_derivatives_pass(f, args):
    """First and second derivatives agree with extrapolated differences: nothing is raised, nothing is returned."""
    assert check_derivatives(f, args) is None
    assert check_derivatives(f, args, order=1) is None


def test_wrong_custom_rules_are_named():
    """The entry that differs, both values, and the function whose rule is wrong stand in the message."""
    with pytest.raises(CheckFailed, match="first operation at fault is wrong_square") as caught:
        check_derivatives(lambda x: np.sum(np.sin(x) * wrong_square(x)), (X,))
    assert "first derivative" in str(caught.value)
    assert "test_custom.py" in str(caught.value)


def test_wrong_second_derivatives_are_found():
    """A rule that is right at first order and cuts the second is found at order 2."""

    @custom_jvp
    def half_right(x):
        return x**3

    half_right.defjvps(lambda dx, y, x: 3.0 * stop_gradient(x) ** 2 * dx)
    check_derivatives(half_right, (X,), order=1)
    with pytest.raises(CheckFailed, match=r"second derivative.*operation at fault is half_right"):
        check_derivatives(half_right, (X,))


def test_higher_orders_and_the_imaginary_axis():
    """What is wrong at order 3 alone is found there; what is right for real arguments only, along i."""
    cube = custom_jvp(lambda x: x**4)
    cube.defjvps(lambda dx, y, x: (12.0 * stop_gradient(x) ** 2 * (x - stop_gradient(x)) + 4.0 * stop_gradient(x) ** 3) * dx)
    check_derivatives(cube, (X,))
    with pytest.raises(CheckFailed, match="derivative 3 along random directions"):
        check_derivatives(cube, (X,), order=3)
    length = custom_jvp(np.abs)
    length.defjvps(lambda dz, y, z: np.real(z) * np.real(dz) / y)
    check_derivatives(length, (X,), order=1)
    with pytest.raises(CheckFailed, match="along i"):
        check_derivatives(length, (np.array([3.0 + 4.0j]),), order=1)


def test_when_no_single_operation_is_wrong():
    """Where the function itself is to blame, the message says so."""
    with pytest.raises(CheckFailed, match="No single operation"):
        check_derivatives(lambda x: stop_gradient(x) * x, (X,), order=1)


def test_unknown_modes_and_orders_are_refused():
    """Modes are known by name; the order counts from 1."""
    with pytest.raises(BadArgument, match="sideways"):
        check_derivatives(np.sin, (X,), modes=("sideways",))
    for order in (0, 1.5):
        with pytest.raises(BadArgument, match=f"order={order}"):
            check_derivatives(np.sin, (X,), order=order)


def test_tolerance():
    """A slightly wrong rule passes with a wide tolerance, and not with a narrow one."""
    nearly = custom_jvp(np.square)
    nearly.defjvps(lambda dx, y, x: 2.001 * x * dx)
    check_derivatives(nearly, (X,), order=1, rtol=1e-2)
    with pytest.raises(CheckFailed, match="square"):
        check_derivatives(nearly, (X,), order=1, rtol=1e-5)


def test_jvp_of_a_custom_function_in_a_jvp():
    """An outer and an inner tangent do not mix in a rule."""
    inner = lambda x: jvp(softplus, (x,), (1.0,))[1]
    value, slope = jvp(inner, (0.0,), (1.0,))
    assert (value, slope) == (0.5, 0.25)
