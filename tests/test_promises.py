"""What may be relied on around the derivatives: threads, processes, warnings, memory and copies."""

import copy
import gc
import multiprocessing
import pickle
import tracemalloc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, heat, hessian, hessian_diagonal, jacfwd, jvp, laplacian, value_and_jacfwd
from dualad.errors import TangentLossError

X = np.array([0.5, 1.5, -2.0])
inf = np.inf


def module_level(x):
    """A function that other processes can find."""
    return np.sum(np.sin(x) ** 2)


# -- threads and processes -----------------------------------------------------------------------------------------------


def test_one_derivative_function_in_many_threads():
    """A derivative function keeps nothing between calls, so threads may share it."""
    gradient = grad(module_level)
    inputs = [X + shift for shift in np.linspace(0.0, 1.0, 64)]
    with ThreadPoolExecutor(8) as pool:
        for x, result in zip(inputs, pool.map(gradient, inputs), strict=True):
            np.testing.assert_allclose(result, np.sin(2.0 * x), rtol=1e-13)


def test_re_entrancy():
    """A derivative function may call itself."""

    def f(x, depth):
        return x**2 + (derivative(f)(x, depth - 1) if depth else 0.0)

    assert derivative(f)(3.0, 0) == 6.0
    assert derivative(f)(3.0, 1) == 8.0
    assert derivative(f)(3.0, 2) == 8.0


def test_forked_children():
    """A process that was forked after derivatives were taken goes on taking them."""
    expected = grad(module_level)(X)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        np.testing.assert_array_equal(pool.apply(grad(module_level), (X,)), expected)


# -- warnings and error handling -----------------------------------------------------------------------------------------


def test_the_value_keeps_its_warnings():
    """Where plain NumPy warns, the same computation on duals does, once."""
    for f, x, text in [
        (np.log, -1.0, "invalid value encountered"),
        (lambda x: 1.0 / x, 0.0, "divide by zero encountered"),
        (np.exp, 1e3, "overflow encountered"),
    ]:
        for run in (lambda: f(np.float64(x)), lambda: derivative(f)(x), lambda: hessian(f)(x)):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                run()
            assert [str(warning.message).partition(" in ")[0] for warning in caught] == [text]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (np.sqrt, 0.0),
        (np.cbrt, 0.0),
        (np.arcsin, 1.0),
        (np.arccosh, 1.0),
        (lambda x: x**0.5, 0.0),
        (lambda x: x**-3.0, 1e-100),
        (lambda x: np.hypot(x, 0.0), 0.0),
        (lambda x: np.linalg.norm(np.stack([x, x])), 0.0),
    ],
)
def test_derivatives_add_no_warnings(f, x):
    """An infinite slope beside a finite value is no reason to warn; here every warning is an error."""
    f(np.float64(x))
    derivative(f)(x)
    hessian(f)(x)


def test_errstate_of_the_caller():
    """np.errstate around a derivative is heeded for values: it can raise, and it can be silent."""
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError, match="log"):
            derivative(np.log)(0.0)
        assert derivative(np.sqrt)(0.0) == inf
    with np.errstate(divide="ignore"):
        assert derivative(np.log)(0.0) == inf


def test_errstate_inside_the_function():
    """f may set its own, and finds what the caller set before."""

    def f(x):
        assert np.geterr()["over"] == "raise"
        with np.errstate(divide="ignore"):
            return np.log(x)

    with np.errstate(over="raise"):
        assert derivative(f)(0.0) == inf


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_interrupted_functions_leave_no_state(exception):
    """Whatever f raises, error handling is restored and the next derivative is right."""
    before = np.geterr()

    def f(x):
        np.log(x)
        raise exception

    for run in (
        lambda: jvp(f, (2.0,), (1.0,)),
        lambda: hessian(f)(X + 3.0),
        lambda: jacfwd(f, chunk_size=1)(X + 3.0),
        lambda: grad(dualad.custom_jvp(f))(2.0),
    ):
        with pytest.raises((exception, dualad.errors.BadArgument)):
            run()
        assert np.geterr() == before
        np.testing.assert_array_equal(grad(np.sum)(X), np.ones(3))


# -- arguments and results -----------------------------------------------------------------------------------------------


def test_inputs_are_never_written():
    """f may work in place: what the caller passed keeps its values, tangents included."""

    def f(x, y):
        x *= 2.0
        x[0] = y[0]
        np.multiply(x, y, out=x)
        y.sort()
        return np.sum(x * y)

    x, y, v = X.copy(), X[::-1].copy(), np.ones(3)
    expected = f(X.copy(), X[::-1].copy())
    for transform in (grad, jacfwd, hessian):
        transform(f, (0, 1))(x, y)
        transform(f, (0, 1), chunk_size=1)(x, y)
    value, _ = jvp(f, (x, y), (v, v))
    assert value == expected
    for array, original in ((x, X), (y, X[::-1]), (v, np.ones(3))):
        np.testing.assert_array_equal(array, original)


def test_results_share_no_memory_with_arguments():
    """Writing into a result leaves the arguments as they are, also where f returns them."""
    value, jacobian = value_and_jacfwd(lambda x: x)(X)
    _, slope = jvp(lambda x: x, (X,), (X,))
    value[0] = jacobian[0, 0] = slope[0] = 77.0
    assert X[0] == 0.5


def test_derivative_functions_copy():
    """Derivative functions survive pickle, copy and deepcopy."""
    for duplicate in (lambda g: pickle.loads(pickle.dumps(g)), copy.copy, copy.deepcopy):
        np.testing.assert_array_equal(duplicate(grad(module_level))(X), grad(module_level)(X))


def test_duals_copy_but_do_not_pickle():
    """A copy of a dual keeps its tangents and shares no memory; pickling raises: its directions mean nothing elsewhere."""

    def f(x):
        for duplicate in (copy.copy(x), copy.deepcopy(x), copy.deepcopy({"x": [x]})["x"][0], x.copy(), np.copy(x)):
            duplicate[0] = 0.0
        with pytest.raises(TangentLossError, match="pickle"):
            pickle.dumps(x)
        return np.sum(copy.deepcopy(x) ** 2) + copy.copy(x[0])

    np.testing.assert_array_equal(grad(f)(X), 2.0 * X + [1.0, 0.0, 0.0])


# -- memory --------------------------------------------------------------------------------------------------------------


def peak(run):
    """Bytes that were allocated at the worst moment of a call."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("hot", [False, True])
@pytest.mark.parametrize("chunk_size", [4, 16, 64])
def test_memory_is_bounded_by_the_chunk(chunk_size, hot, monkeypatch):
    """A chunk needs a few arrays of its directions, however many inputs there are: never an n by n seed."""
    if hot:
        monkeypatch.setattr(heat, "START", -1.0)
        monkeypatch.setattr(heat, "EACH", -1.0)
    x = np.linspace(0.0, 1.0, 3000)
    work = (chunk_size + 1) * x.nbytes
    jacobian = jacfwd(lambda x: np.sum(np.sin(x) * x**2), chunk_size=chunk_size)
    needed = peak(lambda: jacobian(x))
    bookkeeping = 100_000 + 400 * x.size / chunk_size
    assert needed < 8 * work + 2 * x.nbytes + bookkeeping < x.size * x.nbytes / 4


def test_memory_of_a_large_jacobian():
    """Beside the result itself only one chunk is held."""
    x = np.linspace(0.0, 1.0, 1000)
    result = x.size * x.nbytes
    needed = peak(lambda: jacfwd(lambda x: np.sin(x) * x, chunk_size=10)(x))
    assert needed < result + 8 * 11 * x.nbytes + 100_000


def test_automatic_chunks_bound_memory():
    """chunk_size="auto" keeps the seeds of 20,000 inputs, which would be 3.2 GB, to what one chunk may hold."""
    x = np.ones(20_000)
    seeds = []
    gradient = grad(lambda x: seeds.append(dualad.tangent_of(x).nbytes) or x[0] * x[-1])(x)
    np.testing.assert_array_equal(np.flatnonzero(gradient), [0, 19_999])
    assert max(seeds) <= 2**26


def test_curvature_without_the_hessian():
    """Diagonal and Laplacian of 800 inputs take a small part of the Hessian's memory."""
    x = np.linspace(0.0, 1.0, 800)
    f = lambda x: np.sum(np.sin(x) * x)
    for transform in (hessian_diagonal, laplacian):
        assert peak(lambda: transform(f)(x)) < x.size * x.nbytes / 4


class Resource:
    """Something that is captured by a function and should go when the function does."""


@pytest.mark.parametrize("transform", [grad, jacfwd, hessian, hessian_diagonal, dualad.value_grad_and_hessian])
def test_no_cycles_keep_objects(transform):
    """With the garbage collector off, what f captured is freed with f: no cycle was made."""
    resource = Resource()
    alive = weakref.ref(resource)

    def f(x, resource=resource):
        y = np.zeros_like(x)
        y[1:] = x[:-1] * (resource is not None)
        y[0] += 1.0
        return np.sum(np.sqrt(np.stack([y, y]).reshape(-1)[::2] ** 2 + 1.0))

    gc.collect()
    gc.disable()
    try:
        transform(f)(X)
        transform(f, argnums=0)(X)
        del f, resource
        assert alive() is None
    finally:
        gc.enable()


def test_arrays_of_a_run_are_freed():
    """No array of f's run outlives the call."""
    kept = []

    def f(x):
        y = np.sin(x)
        kept.append(weakref.ref(y))
        return np.sum(y[1:])

    gc.disable()
    try:
        hessian(f)(X)
        assert [reference() for reference in kept] == [None]
    finally:
        gc.enable()
