"""Error propagation: by the formula, by closed forms, by the package uncertainties, and by drawing many samples."""

import numpy as np
import pytest

import dualad
from dualad import errors, jacfwd, propagate

X = np.array([1.2, 0.7, 2.0])
ROOT = np.array([[0.02, 0.0, 0.0], [0.01, 0.03, 0.0], [-0.02, 0.01, 0.015]])
COV = ROOT @ ROOT.T


def polar(x):
    return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1]), x[2] / x[0]])


def test_closed_forms():
    """Linear functions at first order, quadratic ones at second; the mean of a square is the square plus the variance."""
    A = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]])
    value, covariance = propagate(lambda x: A @ x, X, COV)
    np.testing.assert_allclose(value, A @ X, rtol=1e-15)
    np.testing.assert_allclose(covariance, A @ COV @ A.T, rtol=1e-14)
    value, variance = propagate(lambda x: x**2, 3.0, 0.25, order=2)
    assert (value, variance) == (9.25, 9.0)
    assert isinstance(value, np.float64)
    assert isinstance(variance, np.float64)
    Q = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 1.0]])
    value, variance = propagate(lambda x: x @ Q @ x, X, COV, order=2)
    assert value == pytest.approx(X @ Q @ X + np.trace(Q @ COV), rel=1e-14)
    assert variance == pytest.approx(4.0 * X @ Q @ COV @ Q @ X, rel=1e-14)
    mean, variance = propagate(np.exp, 0.1, 0.01, order=2)  # of a lognormal number, to second order
    assert mean == pytest.approx(np.exp(0.1) * 1.005, rel=1e-15)
    assert variance == pytest.approx(np.exp(0.2) * 0.01, rel=1e-15)


def test_package_uncertainties():
    """The same numbers, correlations included."""
    package = pytest.importorskip("uncertainties")
    from uncertainties import umath

    a, b, c = package.correlated_values(X, COV)
    theirs = [a * umath.cos(b), a * umath.sin(b), c / a]
    value, covariance = propagate(polar, X, COV)
    np.testing.assert_allclose(value, [each.nominal_value for each in theirs], rtol=1e-15)
    np.testing.assert_allclose(covariance, package.covariance_matrix(theirs), rtol=1e-12)
    chained = propagate(lambda z: np.hypot(z[0], z[1]) * z[2], value, covariance)
    u = umath.hypot(theirs[0], theirs[1]) * theirs[2]
    np.testing.assert_allclose([chained[0], np.sqrt(chained[1])], [u.nominal_value, u.std_dev], rtol=1e-12)


def test_samples():
    """The second order is nearer to the mean of many samples than the first, the covariance within the samples' scatter."""
    f = lambda x: np.stack([x[0] * np.exp(x[1]), np.sqrt(x[0] * x[2]), 1.0 / x[2]])
    spread = 10.0 * COV  # the larger, the less it is lost among the scatter
    count = 200_000
    normal = np.random.default_rng(7).standard_normal((count // 2, 3))
    samples = X[:, None] + np.linalg.cholesky(spread) @ np.concatenate([normal, -normal]).T  # in pairs: no error of first order
    drawn = f(samples)
    first, covariance = propagate(f, X, spread)
    second, same = propagate(f, X, spread, order=2)
    assert np.all(np.abs(second - drawn.mean(axis=1)) < 0.1 * np.abs(first - drawn.mean(axis=1)))
    np.testing.assert_array_equal(covariance, same)
    np.testing.assert_allclose(covariance, np.cov(drawn), rtol=0.1)
    narrow = f(X[:, None] + 0.1 * (samples - X[:, None]))
    np.testing.assert_allclose(0.01 * covariance, np.cov(narrow), rtol=0.02)


def test_pytrees():
    """Numbers in their order, wherever they stand; what is no number passes through."""
    x = {"a": 2.0, "b": np.array([[1.0, 3.0]]), "name": "text"}
    f = lambda x: {"sum": x["a"] + np.sum(x["b"] ** 2), "rows": (x["a"] * x["b"], None)}
    cov = np.diag([0.1, 0.2, 0.3])
    value, covariance = propagate(f, x, cov, order=2)
    together = lambda z: np.stack([z[0] * z[1], z[0] * z[2], z[0] + z[1] ** 2 + z[2] ** 2])
    flat, matrix = propagate(together, np.array([2.0, 1.0, 3.0]), cov, 2)
    assert value["rows"][1] is None
    np.testing.assert_allclose(value["rows"][0], [flat[:2]], rtol=1e-15)
    assert value["sum"] == pytest.approx(flat[2], rel=1e-15)
    np.testing.assert_allclose(covariance, matrix, rtol=1e-14)
    value, covariance = propagate(lambda x: np.outer(x, x), np.array([1.0, 2.0]), np.eye(2), order=2)
    np.testing.assert_allclose(value, [[2.0, 2.0], [2.0, 5.0]])
    assert covariance.shape == (4, 4)
    assert propagate(lambda x: 2.0 * x[0], [3.0], 4.0)[1] == 16.0
    assert propagate(lambda x: x, np.array([2.0]), 0.5)[1].shape == (1, 1)


def test_it_is_differentiated_itself():
    """By the mean and by the covariance; compiled."""
    scale = lambda s: propagate(lambda x: np.sum(x**3), X, s * COV)[1]
    assert dualad.derivative(scale)(2.0) == pytest.approx(scale(1.0), rel=1e-12)
    slope = jacfwd(lambda x: propagate(np.prod, x, COV, order=2)[0])(X)
    step = 1e-5 * np.eye(3)
    wanted = [(propagate(np.prod, X + h, COV, order=2)[0] - propagate(np.prod, X - h, COV, order=2)[0]) / 2e-5 for h in step]
    np.testing.assert_allclose(slope, wanted, rtol=1e-8)
    fast = dualad.jit(lambda x, cov: propagate(polar, x, cov, order=2))
    for factor in (1.0, 1.1):
        for got, wanted in zip(fast(factor * X, COV), propagate(polar, factor * X, COV, order=2), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-13)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((polar, X, np.ones(3)), r"shape \(3,\).*\(3, 3\).*np\.diag\(sigma\*\*2\)"),
        ((polar, X, np.ones((2, 2))), r"x holds 3 number"),
        ((polar, X, 1.0), r"shape \(\)"),
        ((polar, X, np.triu(np.ones((3, 3)))), "not symmetric"),
        ((polar, X, -COV), "negative variance at 0"),
        ((lambda x: x**2, 2.0, -1.0), "negative variance at 0"),
        ((polar, X, np.array([[1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.0, 1.0]])), r"covariance at \(0, 1\)"),
        ((polar, X, np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])), "negative eigenvalue"),
        ((polar, X, np.array([[1.0, 0.9, -9.0], [0.9, 1.0, 9.0], [-9.0, 9.0, 100.0]])), "negative eigenvalue"),
        ((polar, X, "none"), "real numbers"),
        ((polar, X, COV * 1j), "real numbers"),
        ((lambda x: x * 1j, X, COV), "complex"),
        ((polar, X, COV, 3), "order=3"),
        ((3.0, X, COV), "takes a function"),
    ],
)
def test_refusals(args, message):
    with pytest.raises(errors.BadArgument, match=message):
        propagate(*args)
    with pytest.raises(errors.NotDifferentiable):
        propagate(lambda x: x, "text", np.zeros((0, 0)))


def test_what_is_no_mistake():
    """A sparse covariance; rounding below a variance of 0, as that of a difference of one number and itself; nan and inf."""
    sparse = pytest.importorskip("scipy.sparse")
    for one, other in zip(propagate(polar, X, sparse.csr_array(np.diag(X))), propagate(polar, X, np.diag(X)), strict=True):
        np.testing.assert_array_equal(one, other)
    value, covariance = propagate(lambda x: x[:2], np.ones(0), np.ones((0, 0)), order=2)
    assert value.shape == (0,)
    assert covariance.shape == (0, 0)
    unknown = np.full((2, 2), np.inf)  # of a fit that did not succeed
    value, variance = propagate(lambda x: 2.0 * x[0], np.ones(2), unknown, order=2)
    assert np.isnan([value, variance]).all()
    rng, raw = np.random.default_rng(0), []
    for _ in range(50):
        slopes, root = rng.standard_normal((1, 3)), rng.standard_normal(3)
        slopes[0, 2] = -slopes[0, :2] @ root[:2] / root[2]
        same = np.outer(root, root)
        raw.append((slopes @ same @ slopes.T)[0, 0])
        value, covariance = propagate(lambda x, slopes=slopes: slopes @ x, X, same)
        assert covariance[0, 0] >= 0.0
        propagate(np.exp, value, covariance)
    assert min(raw) < 0.0
    _, unknown = propagate(lambda x: x**2, X, np.diag([1.0, np.inf, np.nan]))
    assert np.isnan(unknown[2, 2])
