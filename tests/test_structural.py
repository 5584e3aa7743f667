"""Structural zeros: the second look that is taken where a derivative is nan beside a value that is none."""

import numpy as np

import dualad
from dualad import derivative, grad, hessian, hessian_diagonal, jacfwd, laplacian

X = np.array([0.5, 1.5, -2.0])
inf = np.inf


def test_zeros_that_are_structural():
    """x[1] does not move sqrt(x[0]), so an infinite slope there makes no nan: the gradient is [inf, 0.5]."""
    f = lambda x: np.sum(np.sqrt(x))
    x = np.array([0.0, 1.0])
    np.testing.assert_array_equal(grad(f)(x), [inf, 0.5])
    np.testing.assert_array_equal(hessian(f)(x), [[-inf, 0.0], [0.0, -0.25]])
    np.testing.assert_array_equal(jacfwd(np.sqrt)(x), [[inf, 0.0], [0.0, 0.5]])
    np.testing.assert_array_equal(grad(f, chunk_size=1)(x), [inf, 0.5])


def test_curvature_at_structural_zeros():
    """Diagonal and Laplacian see the same structural zeros, and the sign of zero."""
    f = lambda x: np.sum(np.sqrt(x))
    np.testing.assert_array_equal(hessian_diagonal(f)(np.array([0.0, 1.0])), [-inf, -0.25])
    assert laplacian(f)(np.array([0.0, 1.0])) == -inf
    seen = []
    laplacian(lambda x: seen.append(np.signbit(x).tolist()) or np.sum(x))(np.array([-0.0, 0.0]))
    assert seen == [[True, False]]


def test_structural_zeros_in_trees():
    """The same across leaves, and with a function that unpacks its argument."""
    gradient = grad(lambda p: np.sqrt(p["a"]) + np.sum(p["b"] ** 2))({"a": 0.0, "b": X})
    assert gradient["a"] == inf
    np.testing.assert_array_equal(gradient["b"], 2.0 * X)

    def f(x):
        a, b, c = x
        return np.sqrt(a * b) + c**2

    np.testing.assert_array_equal(grad(f)(np.array([0.0, 4.0, 3.0]))[[0, 2]], [inf, 6.0])


def test_zeros_that_are_coincidental():
    """0 times an infinite slope stays unknown where the zero is one of values: cbrt(x³) has slope 1 at 0, not 0."""
    for f in (lambda x: np.cbrt(x**3), lambda x: np.sqrt(x**4), lambda x: x * np.sqrt(x)):
        slope = derivative(f)(0.0)
        assert np.isnan(slope) or slope == derivative(f)(1e-30).round(10)
    assert np.isnan(derivative(lambda x: np.cbrt(x**3))(0.0))


def test_a_second_look_runs_the_function_again():
    """f is run once more, on fresh copies of its arguments, only where a derivative is nan beside a value."""
    runs = []

    def f(x):
        runs.append(x[0])
        x[0] *= 4.0
        return np.sum(np.sqrt(x))

    for start, count in ((1.0, 1), (0.0, 2)):
        runs.clear()
        x = np.array([start, 1.0])
        grad(f)(x)
        assert len(runs) == count
        assert x[0] == start
    np.testing.assert_array_equal(grad(f)(np.array([0.0, 1.0])), [inf, 0.5])


def test_no_second_look_at_what_changes_meanwhile():
    """A function that writes into its other arguments, or draws, is another one the second time: its first run counts."""

    def f(x, total, noted):
        total += 1.0
        noted.append(1)
        return np.sum(np.sqrt(x)) * total[0] * len(noted) + rng.random()

    rng, total, noted = np.random.default_rng(1), np.zeros(1), []
    value, slope = dualad.value_and_grad(f)(np.array([0.0, 4.0]), total, noted)
    assert value == 2.0 + np.random.default_rng(1).random()
    np.testing.assert_array_equal(slope, [inf, np.nan])
    assert (total[0], noted) == (1.0, [1])


def test_no_second_look_at_what_was_written():
    """Not even where the value is the same: the derivative need not be."""

    def f(x, total):
        total += 1.0
        return np.sqrt(x[0]) + (x[1] - 1.0) * total[0]

    slope = grad(f)(np.array([0.0, 1.0]), np.zeros(1))
    np.testing.assert_array_equal(slope, [inf, np.nan])


def test_writes_under_a_second_look():
    """Buffers, views and in-place operators keep structural zeros."""

    def f(x):
        buffer = np.zeros_like(x)
        view = buffer[1:]
        buffer[0] = np.sqrt(x[0])
        view += np.sqrt(x[1:])
        buffer[-1] *= 2.0
        return np.sum(buffer)

    np.testing.assert_array_equal(grad(f)(np.array([0.0, 1.0, 4.0])), [inf, 0.5, 0.5])
    second = hessian(f)(np.array([0.0, 1.0, 4.0]))
    np.testing.assert_array_equal(second, np.diag([-inf, -0.25, -0.0625]))


def test_nan_values_have_no_second_look():
    """Where the value itself is nan, so may be the derivative: f runs once."""
    runs = []
    result = grad(lambda x: runs.append(1) or np.sum(x * np.nan))(X)
    assert np.all(np.isnan(result))
    assert len(runs) == 1


def test_what_a_rule_puts_in_survives_the_second_look():
    """t**t falls infinitely at 0, which its rule puts in as a constant; the second look, caused elsewhere, keeps it."""

    def f(x):
        return x[0] ** x[0] + np.sum(np.sqrt(x[1:]))

    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(grad(f)(np.array([0.0, 0.0, 1.0])), [-np.inf, np.inf, 0.5])
