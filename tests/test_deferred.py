"""Tangents that are kept as terms: the same derivatives, whatever is done with the arrays in the meantime."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest
from problem_curves import (
    black_scholes,
    black_scholes_arguments,
    black_scholes_greeks,
    black_scholes_second_greeks,
    two_peaks,
    two_peaks_arguments,
)
from problems import PROBLEMS

import dualad
from dualad import deferred
from dualad.dual import DeferredArray

X = np.linspace(0.5, 2.0, 7)


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Terms are used for arrays of any size."""
    monkeypatch.setattr(deferred, "LARGE", 1)
    monkeypatch.setattr(deferred, "NESTED", 1)


def both(f, *args, **options):
    """A Jacobian by terms and one without; the function is run by each."""
    by_terms = dualad.jacfwd(f, **options)(*args)
    deferred.LARGE, large = np.inf, deferred.LARGE
    try:
        return by_terms, dualad.jacfwd(f, **options)(*args)
    finally:
        deferred.LARGE = large


def same(f, *args, **options):
    by_terms, plainly = both(f, *args, **options)
    np.testing.assert_allclose(by_terms, plainly, rtol=1e-11, atol=1e-14)  # sums are rounded in another order


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_problems(problem):
    """Exact Jacobians and Hessians of the problems."""
    args = problem.arguments(problem.size)
    if "elementwise" in problem.marks:
        got = dualad.jacfwd(problem.function, problem.argnums, batch_ndim=1)(*args)
    else:
        got = dualad.jacfwd(problem.function, problem.argnums)(*args)
        if problem.hessian is not None and "elementwise" not in problem.marks:
            np.testing.assert_allclose(
                dualad.hessian(problem.function, problem.argnums)(*args), problem.hessian(*args), rtol=1e-9, atol=1e-9
            )
    for one, other in zip(np.atleast_2d(got), np.atleast_2d(problem.jacobian(*args)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_they_are_used():
    """A parameter varies along its own direction, a function of one array has one coefficient, sums share theirs."""
    seen = []

    def f(p):
        a, b, *_ = p
        product = a * X
        seen.append(product)
        seen.append(product + b)
        seen.append(np.exp(seen[-1]))
        seen.append(seen[-1] * b)
        assert all(each.__class__ is DeferredArray for each in seen)
        assert [len(each._label) for each in seen] == [1, 1, 1, 2]  # the second one became a base
        return seen[-1]

    dualad.jacfwd(f)(np.ones(8))
    assert deferred._grown  # and memory is kept for the next of them


def test_everybody_sees_all_rows():
    """The tangent itself has a row for every direction."""
    seen = []
    dualad.jacfwd(lambda p: seen.append(dualad.tangent_of(p[1] * X)) or p[0] * X)(np.ones(3))
    np.testing.assert_array_equal(seen[0], [0 * X, X, 0 * X])


def written_before(x):
    y = x * 2.0
    x[1:3] = 5.0
    return y * x


def written_through_a_view(x):
    view = x[2:]
    y = np.sin(view) + np.cos(x[:-2])
    view[0] = x[-1] * 3.0
    return y * x[2:] * view


def written_in_place(x):
    y = np.exp(x)
    z = y * y
    y += x
    y *= 2.0
    return z * y + x


def written_result(x):
    y = x * x
    z = np.sqrt(y)
    y[0] = 1.0
    z[-1] = y[1] * x[0]
    return y * z


def parameters_written(p):
    a, b = p[0], p[1]
    y = a * X
    p[1] = a * b
    p[0] = 3.0
    return y + p[0] * X + p[1] * X * X


def reshaped(x):
    y = np.tanh(x).reshape(1, -1)
    z = y.T * y
    y[0, 0] = x[1]
    z[:, 0] *= 2.0
    return np.sum(z * y, axis=0)


def resized(x):
    y = x * 2.0
    z = y + x
    y.shape = (7, 1)
    y[2] = x[0]
    return (z * y).sum(0)


def selected(x):
    y = np.where(x > 1.0, x * x, -x)
    return np.where(y > 0.0, y, 0.5) * np.maximum(y, np.minimum(x, 1.2)) + np.where(x > 1.0, 2.0, x)


def long_way(x):
    y = x
    for step in range(30):
        y = np.sin(y) * x[step % 7] + y / (1.0 + x * x)
    return y


def mixed(x):
    y = np.exp(-x) * x
    return np.cumsum(y) * (y @ x) + np.sort(np.cos(y * 3.0))


def precise(x):
    y = x.astype(np.float32)
    return (y * y + np.float32(2.0)) * np.ones(7, np.float32)


def stepwise(x):
    return np.floor(x * 3.0) * x + np.sign(x - 1.0) * np.heaviside(x - 1.0, 0.5)


def cut(x):
    with dualad.no_tangents():
        y = np.exp(x) * x
    return y * x + dualad.stop_gradient(x * x) * x


FUNCTIONS = [
    *(written_before, written_through_a_view, written_in_place, written_result, parameters_written, reshaped, resized),
    *(selected, long_way, mixed, precise, stepwise, cut),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_functions(f):
    """Arrays that are written into, viewed, selected from, cut; the second time with what the first one left."""
    for _ in range(2):
        same(f, X.copy())


@pytest.mark.parametrize("f", [selected, long_way, mixed, written_in_place], ids=lambda f: f.__name__)
def test_second_derivatives(f):
    """Terms of one level under those of another."""
    same(dualad.jacfwd(f), X.copy())


def test_nothing_of_the_caller_changes():
    """Seeds and arguments are the transform's own."""
    p = np.array([2.0, 3.0])
    dualad.jacfwd(parameters_written)(p)
    np.testing.assert_array_equal(p, [2.0, 3.0])


def test_structural_zeros_stay():
    """A direction along which nothing varies is 0 beside one that is infinite; a zero by coincidence is not."""
    jacobian = dualad.jacfwd(lambda p: np.sqrt(p[0] * np.zeros(3)) + p[1] * np.ones(3))(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(jacobian[:, 1], np.ones(3))
    assert np.isnan(dualad.jacfwd(lambda p: np.cbrt((p[0] * np.ones(3)) ** 3) + p[1])(np.array([0.0, 1.0]))[:, 0]).all()
    np.testing.assert_array_equal(dualad.jacfwd(lambda p: np.sum(np.sqrt(p * np.ones(2))))(np.array([0.0, 1.0])), [np.inf, 0.5])


def test_zero_weights_drop_infinite_tangents():
    """What a selection does not take is not multiplied by zero."""
    f = lambda p: np.maximum(np.sqrt(p[0] * np.ones(3)) * p[1], 1.0) + np.where(np.ones(3) > 0, p[1], np.sqrt(p[0]))
    np.testing.assert_array_equal(dualad.jacfwd(f)(np.array([0.0, 2.0])), [[0.0, 1.0]] * 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_dtypes(dtype):
    """The answer has the dtype of the value."""
    t = np.linspace(0, 1, 5, dtype=dtype)
    jacobian = dualad.jacfwd(lambda p: np.exp(p[0] * t) * p[1])(np.ones(3, dtype))
    assert jacobian.dtype == dtype


def test_broadcasting():
    """Coefficients of fewer axes, and k = n on purpose."""
    same(lambda p: np.exp(p[:, None] * X) * p + p[0], np.linspace(0.1, 0.7, 7))
    same(lambda p: (p * np.ones((3, 1))) * np.tanh(p[1] * np.ones((3, 1))), np.linspace(0.1, 0.7, 7))


@pytest.mark.parametrize("write", [False, True])
def test_batches(write):
    """Points in the leading axis: seeds are terms, also of points with several numbers, also where f writes into them."""
    points = np.random.default_rng(0).random((20, 3)) + 0.5

    def f(x):
        if write:
            x[:, 1] *= x[:, 0]
        return np.stack([x[:, 0] * np.exp(x[:, 1]), np.sum(x**2, axis=-1)], axis=-1)

    same(f, points, batch_ndim=1)
    each = np.array([dualad.jacfwd(lambda row: f(row[None])[0])(row) for row in points])
    np.testing.assert_allclose(dualad.jacfwd(f, batch_ndim=1)(points), each, rtol=1e-14)


def test_batches_that_need_a_second_look():
    """Where a derivative comes out as nan, the seeds are looked at again."""
    x, y = np.array([0.0, 1.0, 4.0] * 3), np.array([1.0, 2.0, 3.0] * 3)
    by_x, by_y = dualad.jacfwd(lambda x, y: np.sqrt(x) * y, (0, 1), batch_ndim=1)(x, y)
    np.testing.assert_array_equal(by_x[::3], np.inf)
    np.testing.assert_array_equal(by_y, np.sqrt(x))


def test_threads_multiply_out_once():
    """Threads that ask for one tangent at once get the same array."""
    found = []

    def f(p):
        y = np.exp(p[0] * np.linspace(0.0, 1.0, 20_000)) * p[1]
        threads = [threading.Thread(target=lambda: found.append(y.tangent)) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return y

    dualad.jacfwd(f)(np.ones(8))
    assert len({id(each) for each in found}) == 1


def test_memory():
    """Two peaks over many points: the peak is below three times the result, though eight directions are carried."""
    p, t = two_peaks_arguments(100_000)
    jacobian = dualad.jacfwd(two_peaks)
    jacobian(p, t)
    gc.collect()
    tracemalloc.start()
    result = jacobian(p, t)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * result.nbytes


def test_memory_of_batches():
    """All Greeks of many options in one run, without seeds in memory."""
    args = black_scholes_arguments(50_000)
    tracemalloc.start()
    greeks = dualad.jacfwd(black_scholes, (0, 1, 2, 3, 4), batch_ndim=1)(*args)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * sum(each.nbytes for each in greeks)
    for got, wanted in zip(greeks, black_scholes_greeks(*args), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_nothing_is_kept_alive():
    """A chain of operations holds what it needs and no step before that."""
    p, t = np.ones(8), np.linspace(0.0, 1.0, 20_000)
    peaks = []
    for steps in (20, 80):

        def f(p, steps=steps):
            y = p[0] * t
            for _ in range(steps):
                y = np.sin(y * p[1]) + y
            return y

        tracemalloc.start()
        dualad.jacfwd(f)(p)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_duals_of_duals():
    """An inner transform keeps terms whose coefficients are the duals of an outer one, which keep terms themselves."""
    args = black_scholes_arguments(7)
    options = {"argnums": (0, 1, 2, 3, 4), "batch_ndim": 1}
    kinds = set()

    def price(*args):
        result = black_scholes(*args)
        kinds.add((type(result), type(result.primal)))
        return result

    second = dualad.jacfwd(dualad.jacfwd(price, **options), **options)(*args)
    assert kinds == {(DeferredArray, DeferredArray)}
    np.testing.assert_allclose(np.array(second), black_scholes_second_greeks(*args), rtol=1e-9, atol=1e-9)


def test_hessian_of_parameters():
    """Whole tangents of an inner transform may be lifted by an outer one, and some rows of one plain and some lifted."""

    def f(p):
        a, b, c = p
        z = (X - a) / b
        z[2:] = np.exp(z[2:] * c)  # from here on there are whole tangents
        return np.sum(np.sin(z) * a + z**2)

    p = np.array([0.3, 1.5, 0.7])
    by_terms = dualad.hessian(f)(p)
    deferred.LARGE = np.inf
    np.testing.assert_allclose(by_terms, dualad.hessian(f)(p), rtol=1e-12, atol=1e-12)
