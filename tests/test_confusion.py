"""Nested derivatives: no transform takes another one's tangents for its own, and none leaves anything behind.

The classical mistake is perturbation confusion. In d/dx x (d/dy (x + y)) at 1 the inner derivative is 1, whatever x is, so the
answer is 1; whoever keeps one ε for both variables gets 2.
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, hessian, hvp, jacfwd, jvp
from dualad.errors import EscapedDualError

X = np.array([0.5, 1.5, -2.0])


def slope(f, x):
    """The derivative of f at x, as text books write it."""
    return jvp(f, (x,), (1.0,))[1]


# -- the classical programs ----------------------------------------------------------------------------------------------


def test_inner_derivative_beside_the_outer_variable():
    """d/dx x (d/dy (x + y)) at 1 is 1."""
    assert slope(lambda x: x * slope(lambda y: x + y, 1.0), 1.0) == 1.0


def test_inner_derivative_at_the_outer_variable():
    """d/dx x (d/dy (x y) at y = x) = d/dx x², which is 2 x."""
    assert slope(lambda x: x * slope(lambda y: x * y, x), 3.0) == 6.0


def test_inner_derivative_that_ignores_the_outer_variable():
    """d/dx (d/dy y²) at y = 3 does not depend on x."""
    assert slope(lambda x: slope(lambda y: y**2, 3.0), 1.0) == 0.0


def test_outer_variable_as_a_constant_of_the_inner_function():
    """d/dx (d/dy x) is 0 inside, so x times it has slope 0."""
    assert slope(lambda x: x * slope(lambda y: x, 2.0), 5.0) == 0.0


def test_mixed_derivatives_in_both_orders():
    """d/dx d/dy and d/dy d/dx of x² y³ agree."""
    one = slope(lambda x: slope(lambda y: x**2 * y**3, 5.0), 2.0)
    other = slope(lambda y: slope(lambda x: x**2 * y**3, 2.0), 5.0)
    assert one == other == 2.0 * 2.0 * 3.0 * 5.0**2


def test_gradient_inside_a_gradient():
    """The gradient of the squared length of a gradient is 2 H g."""
    f = lambda x: np.sum(np.sin(x) * x[::-1])
    np.testing.assert_allclose(grad(lambda x: np.sum(grad(f)(x) ** 2))(X), 2.0 * hessian(f)(X) @ grad(f)(X), rtol=1e-14)


def test_jacobian_of_outer_products():
    """A Jacobian by y that is scaled by the outer x, then differentiated by x."""
    third = jacfwd(lambda x: jacfwd(lambda y: x * y**2)(x))(X)
    expected = np.zeros((3, 3, 3))
    for i in range(3):
        expected[i, i, i] = 4.0 * X[i]  # d/dx (2 x y) at y = x, where both x and y move
    np.testing.assert_array_equal(third, expected)


def test_the_same_function_at_two_levels():
    """One closure is differentiated inside and outside at the same time."""

    def f(a):
        return lambda x: a * x**3

    assert slope(lambda a: f(a)(a) + slope(f(a), a), 2.0) == 4.0 * 2.0**3 + 9.0 * 2.0**2


def test_derivative_of_a_fixed_point_that_contains_one():
    """Newton's iteration calls derivative inside, and is differentiated from outside: d sqrt(a) = 1 / (2 sqrt(a))."""

    def root(a):
        x = a
        for _ in range(8):
            residual = lambda x: x * x - a
            x = x - residual(x) / slope(residual, x)
        return x

    np.testing.assert_allclose(slope(root, 2.0), 0.5 / np.sqrt(2.0), rtol=1e-14)
    np.testing.assert_allclose(slope(lambda a: slope(root, a), 2.0), -0.25 * 2.0**-1.5, rtol=1e-13)


# -- more levels ---------------------------------------------------------------------------------------------------------


def test_three_levels_of_three_variables():
    """d/dx d/dy d/dz of x y² z³ + x z + y: each level sees its own variable."""
    f = lambda x, y, z: x * y**2 * z**3 + x * z + y
    by = slope(lambda x: slope(lambda y: slope(lambda z: f(x, y, z), 2.0), 3.0), 5.0)
    assert by == 2.0 * 3.0 * 3.0 * 2.0**2
    assert slope(lambda x: slope(lambda y: x * slope(lambda z: x * y * z, y), 3.0), 5.0) == 2.0 * 5.0


def test_jacobians_inside_a_hessian():
    """hessian of a function of jacfwd of jacfwd agrees with the formula."""
    f = lambda x: np.trace(jacfwd(jacfwd(lambda z: np.sum(z**4)))(x))
    np.testing.assert_allclose(hessian(f)(X), 24.0 * np.eye(3), rtol=1e-14)


def test_every_kind_of_transform_inside():
    """value_and_grad, hvp and Hessians are functions that can be differentiated again."""

    def f(x):
        value, gradient = dualad.value_and_grad(lambda y: np.sum(y**3))(x)
        return value + np.sum(gradient) + hvp(lambda y: np.sum(y**3), (x,), (x,))[0] + dualad.laplacian(np.prod)(x)

    np.testing.assert_allclose(grad(f)(X), 3.0 * X**2 + 6.0 * X + [12.0 * X[0], 0.0, 0.0], rtol=1e-14)


@pytest.mark.parametrize("levels", range(1, 10))
def test_nine_levels(levels):
    """Derivatives of derivatives, nine deep: every derivative of exp is exp."""
    f = np.exp
    for _ in range(levels):
        f = derivative(f)
    np.testing.assert_allclose(f(0.5), np.exp(0.5), rtol=1e-13)
    assert derivative(lambda x: x**levels, order=levels)(2.0) == float(np.prod(np.arange(1.0, levels + 1)))


def test_inner_differentiation_of_a_captured_array():
    """Arrays that are captured by a closure vary with the outer variable, elementwise and in products."""
    f = lambda x: np.sum(jacfwd(lambda y: np.outer(x, y) @ x)(np.ones(3)))
    expected = np.sum(X) ** 2  # of x (y . x) the slopes by y sum to (sum x)²
    np.testing.assert_allclose(f(X), expected)
    np.testing.assert_allclose(grad(f)(X), np.full(3, 2.0 * np.sum(X)))


def test_chunks_of_which_some_vary_with_the_outer_variable():
    """An inner Jacobian whose first chunk is constant, and whose second is not, is joined without loss."""
    rows = lambda x: jacfwd(lambda a, b, c: a + b * x + 2.0 * c, (0, 1, 2), chunk_size=1)(1.0, 2.0, 3.0)
    assert rows(3.0) == (1.0, 3.0, 2.0)
    assert derivative(lambda x: np.stack(rows(x)))(3.0).tolist() == [0.0, 1.0, 0.0]


def test_writing_an_outer_dual_into_an_inner_array():
    """A buffer of the inner level takes in what varies with the outer one only."""

    def f(x):
        def inner(y):
            z = np.zeros_like(y)
            z[0], z[1:] = x[0] * y[0], x[1]
            return np.sum(z * y)

        return grad(inner)(x)

    np.testing.assert_allclose(f(X), [2.0 * X[0] ** 2, X[1], X[1]])
    np.testing.assert_allclose(jacfwd(f)(X), [[4.0 * X[0], 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])


# -- depth and threads ---------------------------------------------------------------------------------------------------


def test_long_loops_do_not_recurse():
    """2000 operations in a row need no deeper stack than one."""

    def f(x):
        for _ in range(2000):
            x = x + 0.001 * np.sin(x)
        return x

    depth, limit = len(_frames()), sys.getrecursionlimit()
    sys.setrecursionlimit(depth + 60)
    try:
        first, second = derivative(f)(0.5), derivative(f, order=2)(0.5)
    finally:
        sys.setrecursionlimit(limit)
    np.testing.assert_allclose(first, (f(0.5 + 1e-6) - f(0.5 - 1e-6)) / 2e-6, rtol=1e-8)
    assert np.isfinite(second)


def _frames():
    frame, frames = sys._getframe(), []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def test_workers_use_an_outer_dual():
    """A function may spread its work over threads, and differentiate there."""

    def f(x):
        with ThreadPoolExecutor(4) as pool:
            parts = pool.map(lambda i: np.sin(x[i]) * slope(lambda y: x[i] * y**2, 3.0), range(3))
            return np.sum(np.stack(list(parts)))

    np.testing.assert_allclose(grad(f)(X), 6.0 * (np.sin(X) + X * np.cos(X)), rtol=1e-14)


def test_threads_side_by_side():
    """Transforms that run at the same time know nothing of each other."""
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        return [hessian(lambda x: np.sum(x**3) * number)(X + number) for _ in range(10)]

    with ThreadPoolExecutor(8) as pool:
        for number, results in enumerate(pool.map(work, range(8))):
            for second in results:
                np.testing.assert_allclose(second, np.diag(6.0 * number * (X + number)))


# -- what is left behind -------------------------------------------------------------------------------------------------

KEPT = []


def keep(x):
    """Smuggle a dual out of a transform."""
    KEPT[:] = [x * 2.0]
    return np.sum(x)


USES = {
    "operator": lambda x: x + 1.0,
    "reflected": lambda x: 1.0 - x,
    "ufunc": np.sin,
    "function": np.sum,
    "method": lambda x: x.mean(),
    "list": lambda x: np.stack([x, x]),
    "index": lambda x: x[0],
    "slice": lambda x: x[1:],
    "iteration": list,
    "comparison": lambda x: x > 0.0,
    "write": lambda x: x.__setitem__(0, 1.0),
    "in place": lambda x: x.__iadd__(1.0),
    "asarray": np.asarray,
    "truth": lambda x: bool(x.sum()),
    "with a live one": lambda x: grad(lambda y: np.sum(x * y))(np.ones(3)),
    "as an argument": grad(np.sum),
    "as an output": lambda x: grad(lambda y: x)(np.ones(3)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("transform", [grad, jacfwd, hessian], ids=lambda transform: transform.__name__)
def test_escaped_duals_are_refused(transform, use):
    """Whatever is done with a dual whose transform has returned raises, and names the transform."""
    transform(keep)(X)
    with pytest.raises(EscapedDualError, match=transform.__name__):
        use(KEPT[0])


@pytest.mark.parametrize(
    "use", [float, int, bool, round, lambda x: x + 1.0, np.sin], ids=lambda use: getattr(use, "__name__", "")
)
def test_escaped_scalars_are_refused(use):
    """The same for numbers."""
    derivative(lambda x: KEPT.append(x) or x)(0.5)
    with pytest.raises(EscapedDualError):
        use(KEPT.pop())


def test_escaped_duals_can_be_looked_at():
    """Printing is allowed, or no error message could show one."""
    grad(keep)(X)
    assert "ε" in repr(KEPT[0])
    assert "1." in str(KEPT[0])


def test_generators_consumed_outside():
    """A generator that is made inside and run outside computes with duals that are gone."""
    made = []
    grad(lambda x: made.append(each**2 for each in x) or np.sum(x))(X)
    with pytest.raises(EscapedDualError, match="grad"):
        list(made[0])
    np.testing.assert_array_equal(grad(lambda x: sum(each**2 for each in x))(X), 2.0 * X)


def test_duals_inside_objects_of_aux():
    """aux is stripped of duals where they can be seen; one hidden in an object is refused when it is used."""

    class Box:
        def __init__(self, content):
            self.content = content

    _, box = grad(lambda x: (np.sum(x), Box(x)), has_aux=True)(X)
    with pytest.raises(EscapedDualError, match="grad"):
        box.content + 1.0


def test_a_dual_that_outlives_its_level_hides_no_other():
    """A closure made under one derivative and called under another raises, rather than take the place of the live one.

    With u -> (f -> x -> f(x + u)) and the derivative at u = 0 taken twice, plain fresh tags answer 0 (ForwardDiff issue 443).
    """
    shifts = []

    def outer(x):
        derivative(lambda u: shifts.append(lambda f: lambda z: f(z + u)) or u)(0.0)
        return shifts[-1](np.square)(x)

    with pytest.raises(EscapedDualError):
        derivative(outer)(1.0)


def test_exceptions_leave_nothing_behind():
    """After an error inside, at any depth, the next derivative is right and NumPy's error handling is as before."""
    before = np.geterr()

    def fails(x):
        slope(lambda y: np.exp(y * x) * (1 // len([])), 1.0)

    for transform in (derivative, jacfwd, hessian):
        with pytest.raises(ZeroDivisionError):
            transform(fails)(2.0)
        assert np.geterr() == before
        assert slope(lambda x: x * slope(lambda y: x + y, 1.0), 1.0) == 1.0


def test_an_inner_error_may_be_handled():
    """A function that catches what an inner transform raised goes on with live duals."""

    def f(x):
        try:
            slope(lambda y: {}[y.ndim], x)
        except KeyError:
            return x**2

    assert derivative(f)(3.0) == 6.0
    assert derivative(f, order=2)(3.0) == 2.0
