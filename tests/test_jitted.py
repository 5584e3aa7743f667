"""Functions jitted by numba take duals while a transform runs, and are compiled code everywhere else."""

import threading

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from dualad import derivative, grad, hessian, jacfwd

X = np.array([0.5, 2.0])


@numba.njit
def polynomial(x, a):
    total = 0.0
    for i in range(len(x)):
        total += a * x[i] ** (i + 2)
    return total


@numba.njit("float64(float64)")
def signed(x):
    return x * x if x > 0.0 else -x


@numba.vectorize
def softplus(x, scale):
    return np.log1p(np.exp(scale * x))


@numba.vectorize(["float64(float64)"])
def typed(x):
    return x * x * x


def test_dispatchers():
    """An njit function is differentiated through its Python function, explicit signatures and keywords included."""
    np.testing.assert_allclose(grad(polynomial)(X, 3.0), [6.0 * X[0], 9.0 * X[1] ** 2], rtol=1e-15)
    np.testing.assert_allclose(hessian(lambda x: polynomial(x, a=2.0))(X), np.diag([4.0, 12.0 * X[1]]), rtol=1e-15)
    assert derivative(signed)(3.0) == 6.0
    assert derivative(signed)(-3.0) == -1.0


def test_plain_calls_stay_compiled():
    """Inside a transform a call without duals is the compiled one, and outside numba's class is as it was."""
    compiled = []
    before = Dispatcher.__dict__.get("__call__")

    def f(x):
        compiled.append(polynomial(X, 1.0))
        return x * compiled[0]

    assert derivative(f)(1.0) == polynomial(X, 1.0)
    assert Dispatcher.__dict__.get("__call__") is before
    with pytest.raises(ZeroDivisionError):
        derivative(lambda x: 1 // 0)(1.0)
    assert Dispatcher.__dict__.get("__call__") is before


def test_overlapping_threads():
    """Transforms that overlap in two threads leave numba's class as it was."""
    inside, leave = threading.Event(), threading.Event()

    def slow(x):
        inside.set()
        leave.wait(10)
        return signed(x)

    answers = []
    thread = threading.Thread(target=lambda: answers.append(derivative(slow)(3.0)))
    thread.start()
    inside.wait(10)
    answers.append(derivative(signed)(2.0))
    leave.set()
    thread.join()
    assert sorted(answers) == [4.0, 6.0]
    assert "__call__" not in Dispatcher.__dict__


def test_vectorized():
    """A vectorize ufunc without a rule goes through its Python function, broadcasting as it does."""
    x = np.array([[0.5], [-1.0]])
    scale = np.array([1.0, 2.0, 3.0])
    slope = 1.0 / (1.0 + np.exp(-scale * x)) * scale
    np.testing.assert_allclose(
        jacfwd(lambda x: np.sum(softplus(x, scale), axis=1))(x)[..., 0], np.diag(slope.sum(1)), rtol=1e-14
    )
    np.testing.assert_allclose(derivative(typed, order=2)(X), 6.0 * X, rtol=1e-15)
    assert derivative(typed)(2.0) == 12.0
