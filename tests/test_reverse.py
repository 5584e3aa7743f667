"""Reverse mode: vjp, linearize, jacrev and grad give what forward mode gives, whatever the function does with its arrays."""

import pickle

import numpy as np
import pytest
from problems import PROBLEMS

import dualad
from dualad import errors, grad, jacfwd, jacrev, jvp, linearize, stop_gradient, value_and_grad, vjp
from dualad.levels import Level
from dualad.linear import input_of
from dualad.program import Program
from dualad.transposing import transposed

RNG = np.random.default_rng(31)
X = RNG.normal(size=6)
A = RNG.normal(size=(3, 4))
RANKS = np.arange(1.0, 7.0)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_problems(problem):
    """Every problem of the list, against its exact derivative."""
    args = problem.arguments(problem.size)
    got, exact = jacrev(problem.function, problem.argnums)(*args), problem.jacobian(*args)
    if "elementwise" in problem.marks:
        got, exact = [np.diagonal(each) for each in got], list(exact)
    np.testing.assert_allclose(got, exact, rtol=1e-10, atol=1e-12 * np.max(np.abs(exact)))
    value, _ = vjp(problem.function, *args)
    if "objects" not in problem.marks:
        np.testing.assert_array_equal(value, problem.function(*args), strict=True)


# -- nesting -------------------------------------------------------------------------------------------------------------


def bowl(x):
    return np.sum(np.sin(x) * x[0]) + np.prod(x)


def by_reverse(f):
    return grad(f, mode="reverse")


def test_nestings():
    """Forward in reverse, reverse in forward, reverse in reverse, to third order."""
    first, second = jacfwd(bowl)(X), jacfwd(jacfwd(bowl))(X)
    third = jacfwd(jacfwd(jacfwd(bowl)))(X)
    close = {"rtol": 1e-12, "atol": 1e-13}
    np.testing.assert_allclose(by_reverse(bowl)(X), first, **close)
    for outer in (jacfwd, jacrev):
        for inner in (jacfwd, jacrev, by_reverse):
            np.testing.assert_allclose(outer(inner(bowl))(X), second, **close)
    for transforms in (
        (jacrev, jacrev, by_reverse),
        (jacfwd, jacrev, jacfwd),
        (jacrev, jacfwd, jacrev),
        (jacfwd, jacfwd, by_reverse),
    ):
        f = bowl
        for each in transforms[::-1]:
            f = each(f)
        np.testing.assert_allclose(f(X), third, **close)


def test_vjp_inside_other_transforms():
    """A pullback called with what an outer transform lifts, and one that an outer value goes through."""
    _, pull = vjp(np.sin, X)
    np.testing.assert_array_equal(jacfwd(lambda w: pull(w)[0])(X), np.diag(np.cos(X)))
    np.testing.assert_array_equal(jacrev(lambda w: pull(w)[0])(X), np.diag(np.cos(X)))
    got = jacfwd(lambda x: vjp(lambda z: z * z * x[0], x)[1](x)[0])(X)
    np.testing.assert_allclose(got, jacfwd(lambda x: 2 * x * x * x[0])(X), rtol=1e-14)
    got = grad(lambda x: np.sum(linearize(np.sin, x)[1](x)), mode="reverse")(X)
    np.testing.assert_allclose(got, np.cos(X) - X * np.sin(X), rtol=1e-13)
    got = grad(lambda x: np.sum(jvp(np.sin, (x,), (x,))[1]), mode="reverse")(X)
    np.testing.assert_allclose(got, np.cos(X) - X * np.sin(X), rtol=1e-13)


def test_jit_in_both_orders():
    """The walk back is recorded and compiled like anything else; a jitted function is differentiated as it is."""
    slope = by_reverse(bowl)
    compiled = dualad.jit(slope)
    np.testing.assert_allclose(compiled(X), slope(X), rtol=1e-13)
    np.testing.assert_allclose(compiled(2 * X), slope(2 * X), rtol=1e-13)
    assert compiled.cache_info().programs == 1
    assert compiled.cache_info().eager == 0
    np.testing.assert_allclose(by_reverse(dualad.jit(bowl))(X), slope(X), rtol=1e-13)
    both = dualad.jit(value_and_grad(bowl, mode="reverse"))(X)
    np.testing.assert_allclose(both[1], slope(X), rtol=1e-13)


def ordered(x):
    return np.sum(np.sort(x) * RANKS) + np.median(x**2) + np.quantile(x, 0.3) + np.sum(np.compress(x > 0, x))


def test_jit_of_orders_that_change():
    """Where sorting put things is found out as the program runs; NumPy's own count of places would ask for it before."""
    derivative = dualad.jit(by_reverse(ordered))
    for x in (X, X[::-1].copy(), -X):
        np.testing.assert_allclose(derivative(x), jacfwd(ordered)(x), rtol=1e-13)


def test_custom_rules():
    """A rule that the user wrote is recorded like ours, with plain arrays of its own in it."""
    table = np.arange(6.0)

    @dualad.custom_jvp
    def scaled_sine(x):
        return np.sin(x) * 2.0

    @scaled_sine.defjvp
    def _(primals, tangents):
        return scaled_sine(primals[0]), np.cos(primals[0]) * tangents[0] * 2.0 + 0.0 * table * tangents[0]

    np.testing.assert_allclose(jacrev(lambda x: scaled_sine(x) * x)(X), jacfwd(lambda x: scaled_sine(x) * x)(X), rtol=1e-14)
    np.testing.assert_allclose(jacfwd(jacrev(scaled_sine))(X), jacfwd(jacfwd(scaled_sine))(X), rtol=1e-14)


def test_stopped_tangents():
    """stop_gradient and no_tangents cut what they cut in forward mode."""

    def f(x):
        with dualad.no_tangents():
            scale = np.sum(x)
        return x / scale * stop_gradient(x)

    np.testing.assert_allclose(jacrev(f)(X), jacfwd(f)(X), rtol=1e-14)


# -- where there is no derivative ----------------------------------------------------------------------------------------

POINTS = [
    (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), [-1.0, 4.0]),
    (lambda x: np.sum(np.where(x > 0, np.log(x), x)), [0.0, 4.0, -2.0]),
    (lambda x: np.sum(np.sqrt(x)), [0.0, 1.0]),
    (lambda x: x[0] * np.exp(-x[1]), [1.0, -1e3]),
    (lambda x: np.sum(np.abs(x)) + np.linalg.norm(x), [0.0, 0.0]),
    (lambda x: np.sum(np.maximum(x, 0.0)) + np.max(x), [0.0, 0.0]),
    (lambda x: np.sum(np.clip(x, 0.0, 1.0)), [0.0, 1.0, 0.5]),
    (lambda x: np.hypot(x[0], x[1]), [0.0, 0.0]),
    (lambda x: x[0] ** x[1], [0.0, 1.0]),
    (lambda x: x[0] ** x[1], [-2.0, 3.0]),
    (lambda x: np.sum(x**2), [0.0, -3.0]),
    (np.prod, [0.0, 0.0, 3.0]),
    (np.std, [1.0, 1.0]),
    (lambda x: np.sum(np.sinc(x)), [0.0, 1e-9]),
    (lambda x: np.logaddexp(x[0], x[1]), [-np.inf, 0.0]),
    (lambda x: np.median(x) + np.sort(x)[0], [1.0, 1.0, 2.0]),
    (lambda x: np.sum(1 / x), [0.0, 2.0]),
    (lambda x: np.sum(np.arctan(x)) + np.tanh(x[0]), [np.inf, -np.inf]),
    (lambda x: np.nansum(x * x), [np.nan, 2.0]),
]


@pytest.mark.parametrize(("f", "x"), POINTS, ids=range(len(POINTS)))
def test_nasty_points(f, x):
    """At kinks, poles and ties, and beside branches that are not taken, reverse mode gives what forward mode gives."""
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(grad(f, mode="reverse")(np.array(x)), grad(f, mode="forward")(np.array(x)))
        np.testing.assert_array_equal(jacrev(f)(np.array(x)), grad(f, mode="forward")(np.array(x)))


@pytest.mark.parametrize("transform", [jacrev, lambda f: grad(f, mode="reverse"), lambda f: lambda x: vjp(f, x)[1](1.0)[0]])
def test_the_walk_back_warns_of_nothing(transform):
    """The user's warnings are those of the function: 0 * inf on the way back is none of them."""
    assert np.isnan(transform(lambda x: np.sqrt(x[0]) * 0.0)(np.array([0.0])))


@pytest.mark.parametrize("f", [lambda x: np.cbrt(x**3), lambda x: np.sqrt(x) ** 2, lambda x: x * np.sqrt(x), lambda x: x**x])
def test_unknown_is_nan(f):
    """Where a zero meets an infinity there is no finite number."""
    with np.errstate(all="ignore"):
        got = grad(f, mode="reverse")(0.0)
    assert np.isnan(got) or got == jacfwd(f)(0.0)


# -- the transforms ------------------------------------------------------------------------------------------------------


def test_pytrees_and_aux():
    """Structures, None for what is not differentiated, aux."""
    params = {"a": X, "b": 2.0, "name": "net"}

    def f(params, c):
        return np.sum(params["a"] * c) + params["b"] ** 2, params["b"] * 3

    for mode in ("forward", "reverse"):
        (value, aux), gradient = value_and_grad(f, has_aux=True, mode=mode)(params, 3.0)
        assert gradient["name"] is None
        assert type(gradient["b"]) is type(aux) is type(value) is np.float64
        np.testing.assert_array_equal(gradient["a"], np.full(6, 3.0))
        assert (gradient["b"], aux) == (4.0, 6.0)
    _, pull, aux = vjp(lambda p: ({"y": p["a"] * p["b"], "z": p["b"]}, "aux"), params, has_aux=True)
    (answer,) = pull({"y": np.ones(6), "z": 1.0})
    assert (aux, answer["name"]) == ("aux", None)
    np.testing.assert_allclose(answer["b"], np.sum(X) + 1.0)
    np.testing.assert_array_equal(answer["a"], np.full(6, 2.0))
    jacobian = jacrev(lambda p: {"y": p["a"] * p["b"]})(params)
    np.testing.assert_array_equal(jacobian["y"]["a"], 2.0 * np.eye(6))


def test_shapes_and_types():
    """Scalars, 0-d arrays, empty arrays, integers, single precision, outputs that do not vary."""
    assert grad(lambda x: x * x, mode="reverse")(3) == 6.0
    assert type(grad(lambda x: x * x, mode="reverse")(3.0)) is np.float64
    assert jacrev(lambda x: x * x)(np.array(3.0)) == 6.0
    assert jacrev(lambda x: x[:0])(X).shape == (0, 6)
    assert jacrev(lambda x: np.ones(2))(X).tolist() == np.zeros((2, 6)).tolist()
    assert jacrev(np.sin)(np.zeros((2, 0))).shape == (2, 0, 2, 0)
    for mode in ("forward", "reverse"):
        single = grad(lambda x: np.sum(x * x), mode=mode)(X.astype(np.float32))
        wide = grad(lambda x: np.sum(x * X), mode=mode)(X.astype(np.float32))
        assert (single.dtype, wide.dtype) == (np.float32, np.float64)
    assert vjp(lambda x: x * X, X.astype(np.float32))[1](X)[0].dtype == np.float32


def test_complex_numbers():
    """Pairs without conjugation, as JAX: the gradient of a real function is df/dx - i df/dy."""
    z = X[:3] + 1j * X[3:]
    _, pull = vjp(lambda z: np.sum(np.abs(z) ** 2), z)
    np.testing.assert_allclose(pull(1.0)[0], 2 * np.conj(z), rtol=1e-14)
    np.testing.assert_allclose(grad(lambda z: np.sum(z**3), holomorphic=True, mode="reverse")(z), 3 * z**2, rtol=1e-14)
    np.testing.assert_allclose(jacrev(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X)), rtol=1e-14)
    np.testing.assert_allclose(jacrev(lambda z: z**2, holomorphic=True)(z), np.diag(2 * z), rtol=1e-14)
    np.testing.assert_allclose(jacrev(lambda z: np.abs(z) ** 2)(z), np.diag(2 * np.conj(z)), rtol=1e-14)
    with pytest.raises(errors.NotDifferentiable, match="argument and output are complex"):
        jacrev(np.exp)(z)


def length(z, x):
    return np.sum(np.abs(z * np.exp(x)) ** 2) + np.imag(z[0] ** 2)


@pytest.mark.parametrize("options", [{}, {"mode": "reverse"}, {"check": "direction"}, {"chunk_size": 2}], ids=str)
def test_gradients_by_complex_numbers(options):
    """A real function of complex numbers, with real ones beside them, eager and in a program; forwards it has none."""
    z, x = X[:3] + 1j * X[3:], X[3:]
    exact = 2 * np.conj(z) * np.exp(2 * x), 2 * np.abs(z) ** 2 * np.exp(2 * x)
    exact[0][0] -= 2j * z[0]
    for derivative in (grad(length, (0, 1), **options), dualad.jit(grad(length, (0, 1), **options))):
        for got, wanted in zip(derivative(z, x), exact, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-13)
            assert got.dtype == wanted.dtype
    for f, how in ((length, {"mode": "forward"}), (lambda z, x: np.sum(z), options)):
        with pytest.raises(errors.NotDifferentiable, match="holomorphic=True"):
            grad(f, **how)(z, x)


def test_modes():
    """Reverse mode is taken for many inputs; what cannot be transposed is differentiated forwards."""
    seen = []

    def f(x):
        seen.append(type(dualad.tangent_of(x)).__name__)
        return np.sum(x * x)

    grad(f)(np.ones(4)), grad(f)(np.ones(1000)), grad(f, chunk_size=500)(np.ones(1000))
    assert seen == ["ndarray", "Linear", "ndarray", "ndarray"]
    with pytest.raises(errors.BadArgument, match="mode='backward'"):
        grad(f, mode="backward")(X)

    kinked = np.frompyfunc(lambda x: x, 1, 1)
    dualad.rule(kinked, 1, push=lambda x, y, dx: np.maximum(dx, dx))
    np.testing.assert_array_equal(grad(lambda x: np.sum(kinked(x)))(np.ones(40)), np.ones(40))
    with pytest.raises(errors.NoRule, match="not linear"):
        grad(lambda x: np.sum(kinked(x)), mode="reverse")(X)


def test_functions_without_a_transpose():
    """A linear function about which nobody has written anything is transposed by what it makes of a basis, if that is small."""
    matrix = A[:2, :3] + 1j * A[1:, 1:]

    def unheard_of(x):
        return matrix @ np.conjugate(x) + x[:2]

    for size, dtype in ((3, float), (3, complex), (1000, float)):
        with Level.fresh("test") as level:
            variable = input_of(Program(level.below), (size,), np.dtype(dtype), 0)
            matrix = matrix if size == 3 else np.ones((2, size))
            out = variable._function(unheard_of, (variable,), {})
        x, w = (RNG.normal(size=n) + (1j * RNG.normal(size=n) if dtype is complex or n == 2 else 0.0) for n in (size, 2))
        if size == 1000:
            with pytest.raises(errors.NoRule, match="nobody has written its transpose"):
                transposed([out.variable], [w], 1, False)
            continue
        (back,) = transposed([out.variable], [w], 1, False)
        np.testing.assert_allclose(np.sum(np.real(back * x)), np.sum(np.real(w * unheard_of(x))), rtol=1e-13)


def test_refusals():
    """Cotangents that do not fit, and arguments that are no functions."""
    value, pull = vjp(lambda x: x[:2], X)
    with pytest.raises(errors.BadArgument, match="shape"):
        pull(np.ones(3))
    with pytest.raises(errors.BadArgument, match="structure"):
        pull((value,))
    with pytest.raises(errors.BadArgument, match="dtype"):
        pull(1j * np.ones(2))
    with pytest.raises(errors.BadArgument, match="vjp takes a function"):
        vjp(X, X)
    with pytest.raises(errors.NotDifferentiable, match="scalar"):
        grad(np.sin, mode="reverse")(X)
    with pytest.raises(errors.NotDifferentiable, match="nothing to differentiate"):
        vjp(np.sin, "text")
    with pytest.raises(errors.BadArgument, match="structure"):
        linearize(np.sin, X)[1](X, X)


def test_escaped_duals():
    """A dual that is kept beyond its transform is refused."""
    kept = []
    vjp(lambda x: kept.append(x * 2) or np.sum(x), X)
    with pytest.raises(errors.EscapedDualError):
        kept[0] + 1


def test_names_and_pickles():
    """Transformed functions keep their names, and go to other processes."""
    assert jacrev(bowl).__name__ == "bowl"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(jacrev(bowl)))(X), jacrev(bowl)(X))
    assert repr(vjp(bowl, X)[1]) == "<vjp of bowl>"
