"""Second derivatives by forward mode over reverse mode, rules that the user writes backwards, and the check of both modes."""

import numpy as np
import pytest
from problems import PROBLEMS

import dualad
from dualad import check_derivatives, custom_vjp, errors, grad, hessian, jacfwd, jacrev, value_grad_and_hessian, vjp
from dualad.rules.transposes import TRANSPOSES

X = np.random.default_rng(41).normal(size=6)
SCALAR = [problem for problem in PROBLEMS if "scalar" in problem.marks and np.size(problem.arguments(3)[0]) > 1]


@pytest.mark.parametrize("problem", SCALAR, ids=lambda problem: problem.name)
def test_hessians(problem):
    """The Hessian of every problem with one number as output, in both modes: to rounding, and symmetric to the last bit."""
    args = problem.arguments(problem.size)
    forward, reverse = (hessian(problem.function, mode=mode)(*args) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(reverse, forward, rtol=1e-11, atol=1e-12 * np.max(np.abs(forward)))
    n = np.size(args[0])
    square = reverse.reshape(n, n)
    np.testing.assert_array_equal(square, square.T)
    v = np.cos(np.arange(n)).reshape(args[0].shape)
    product = dualad.hvp(lambda x: problem.function(x, *args[1:]), (args[0],), (v,))
    np.testing.assert_allclose(product.ravel(), square @ v.ravel(), rtol=1e-10, atol=1e-11 * np.max(np.abs(square)))


def test_everything_of_many_inputs():
    """Value, gradient and Hessian, aux, pytrees and chunks by the mode that is taken for many inputs."""
    x = np.linspace(0.1, 1.0, 40)

    def f(tree):
        return np.sum(np.sin(tree["a"]) * tree["a"][::-1]) * tree["b"], "aux"

    tree = {"a": x, "b": 2.0}
    exact = value_grad_and_hessian(f, has_aux=True, mode="forward")(tree)
    for options in ({}, {"chunk_size": 7}, {"mode": "reverse"}):
        got = value_grad_and_hessian(f, has_aux=True, **options)(tree)
        assert got[0] == exact[0]
        for name in ("a", "b"):
            np.testing.assert_allclose(got[1][name], exact[1][name], rtol=1e-13)
            for other in ("a", "b"):
                np.testing.assert_allclose(got[2][name][other], exact[2][name][other], rtol=1e-12, atol=1e-13)


def test_hessians_of_other_outputs():
    """Several outputs, and functions that cannot be transposed, are differentiated by a dual of duals."""
    x = np.linspace(0.1, 1.0, 40)
    assert hessian(lambda x: (x[:2] ** 2, x[0]))(x)[0].shape == (2, 40, 40)
    with pytest.raises(errors.BadArgument, match="mode='sideways'"):
        hessian(np.sum, mode="sideways")(x)


# -- custom_vjp ----------------------------------------------------------------------------------------------------------


def plain_pair(x, y):
    return {"dot": np.sum(x * y), "square": x * x}, "text"


@custom_vjp
def pair(x, y):
    """Two outputs in a dictionary, beside something that is no number."""
    return plain_pair(x, y)


def pair_forward(x, y):
    return pair(x, y), (x, y)


def pair_backward(residuals, cotangent):
    x, y = residuals
    numbers, _ = cotangent
    return numbers["dot"] * y + 2 * x * numbers["square"], numbers["dot"] * x


pair.defvjp(pair_forward, pair_backward)


def used(f):
    def g(x, y):
        numbers, _ = f(x, y)
        return np.sum(numbers["square"] * np.sin(y)) * numbers["dot"]

    return g


def test_custom_vjp_in_every_nesting():
    """The same derivatives as of the function that it stands for: in both modes, twice, in a program, and of the pullback."""
    y = np.cos(X)
    for mode in ("forward", "reverse"):
        exact = grad(used(plain_pair), (0, 1))(X, y)
        got = grad(used(pair), (0, 1), mode=mode)(X, y)
        for one, other in zip(got, exact, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)
        np.testing.assert_allclose(dualad.jit(grad(used(pair), mode=mode))(X, y), exact[0], rtol=1e-12)
        for outer in (jacfwd, jacrev):
            second = outer(grad(used(pair), mode=mode))(X, y)
            np.testing.assert_allclose(second, jacfwd(grad(used(plain_pair)))(X, y), rtol=1e-12, atol=1e-14)
    value, push = dualad.linearize(used(pair), X, y)
    np.testing.assert_allclose(push(X, y), dualad.jvp(used(plain_pair), (X, y), (X, y))[1], rtol=1e-13)
    assert value == used(plain_pair)(X, y)
    assert pair(X, y)[1] == "text"


def test_custom_vjp_of_one_argument():
    """Arguments that do not move, None for a cotangent, keywords, scalars, and compiled code that no dual could pass."""

    @custom_vjp
    def power(x, n, *, scale=1.0):
        return scale * float(x) ** n

    power.defvjp(
        lambda x, n, scale=1.0: (power(x, n, scale=scale), (x, n, scale)),
        lambda r, w: (r[2] * r[1] * r[0] ** (r[1] - 1) * w, None),
    )
    for mode in ("forward", "reverse"):
        assert grad(lambda x: power(x, 3, scale=2.0), mode=mode)(2.0) == 24.0
        assert grad(lambda n: power(2.0, n), mode=mode)(3.0) == 0.0
    assert power(2.0, 3) == 8.0
    assert vjp(power, 2.0, 3.0)[1](1.0) == (12.0, 0.0)


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda r, w: w, "not a tuple"),
        (lambda r, w: (w, w), "2 cotangent"),
        (lambda r, w: ((w, w),), "structure"),
        (lambda r, w: (np.ones(3),), "shape"),
    ],
)
def test_wrong_rules(backward, message):
    """What does not fit the function is refused by name."""

    @custom_vjp
    def f(x):
        return x * x

    with pytest.raises(errors.BadArgument, match="without rules"):
        grad(f)(2.0)
    f.defvjp(lambda x: (f(x), x), backward)
    with pytest.raises(errors.BadArgument, match=message):
        grad(f, mode="reverse")(2.0)
    f.defvjp(lambda x: x, backward)
    with pytest.raises(errors.BadArgument, match="no pair"):
        grad(f)(2.0)


def test_closures_are_refused():
    """A dual number that reaches a rule past the arguments: its derivative is nobody's."""

    def scaled(x):
        @custom_vjp
        def f(y):
            return x[0] * y

        f.defvjp(lambda y: (f(y), None), lambda _, w: (x[0] * w,))
        return np.sum(f(x))

    for mode in ("forward", "reverse"):
        with pytest.raises(errors.BadArgument, match="none of its positional arguments"):
            grad(scaled, mode=mode)(X)


# -- check_derivatives ---------------------------------------------------------------------------------------------------


def test_checks_of_both_modes():
    """Real and complex functions, few inputs and many, several outputs."""
    check_derivatives(lambda x, y: (np.sin(x) * y, np.sum(x)), (X, 2.0))
    check_derivatives(lambda x: np.sum(np.exp(x)), (np.full(40, 0.1),), modes=("reverse",))
    check_derivatives(lambda z: np.abs(z) ** 2 * z * (1 + 1j), (X[:2] + 1j,), order=1)


def test_a_wrong_rule_backwards_is_found():
    """The value of a derivative that is wrong, and whose rule it is."""

    @custom_vjp
    def wrong_sine(x):
        return np.sin(x)

    wrong_sine.defvjp(lambda x: (wrong_sine(x), x), lambda x, w: (np.cos(x) * w * 1.01,))
    with pytest.raises(errors.CheckFailed, match=r"reverse mode.*at fault is wrong_sine"):
        check_derivatives(lambda x: wrong_sine(x) * x, (X,), modes=("reverse",))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_second_derivative_that_a_rule_cuts_is_found(mode):
    """Rules that are right once, and take their own coefficient for a constant."""

    @custom_vjp
    def backwards(x):
        return x**2

    backwards.defvjp(lambda x: (backwards(x), dualad.stop_gradient(x)), lambda x, w: (2 * x * w,))

    @dualad.custom_jvp
    def forwards(x):
        return x**2

    forwards.defjvp(lambda primals, tangents: (forwards(*primals), 2 * dualad.stop_gradient(primals[0]) * tangents[0]))
    for name, f in (("backwards", backwards), ("forwards", forwards)):
        check_derivatives(lambda x, f=f: np.sum(np.sin(f(np.exp(x)))), (X,), order=1, modes=(mode,))
        with pytest.raises(errors.CheckFailed, match=rf"second derivative.*at fault is {name}, called at"):
            check_derivatives(lambda x, f=f: np.sum(np.sin(f(np.exp(x)))), (X,), modes=(mode,))


def test_a_wrong_transpose_is_found(monkeypatch):
    """Forward mode is right, and the transpose of one operation is not."""
    monkeypatch.setitem(TRANSPOSES, np.cumsum, lambda w, a, axis, dtype=None: [np.cumsum(w, axis)])
    with pytest.raises(errors.CheckFailed, match=r"reverse mode.*at fault is the transpose of cumsum"):
        check_derivatives(lambda x: np.sin(np.cumsum(x)), (X,))
