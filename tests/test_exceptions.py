"""Exceptions in recorded functions: one that the function catches is a decision."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import jacfwd, jacrev, jit, record
from dualad.errors import CompilationWarning, GuardFailed

MATRICES = [np.eye(2), -np.eye(2), 2.0 * np.eye(2), np.zeros((2, 2)), np.array([[1.0, 9.0], [1.0, 7.0]])]


def tried(function, otherwise, *errors):
    """A function, and what is done where it raises."""

    def f(x):
        try:
            return function(x)
        except errors:
            return otherwise(x)

    return f


def place(x):
    return np.argmax(x[0]) + np.argmax(x[1])


def written(x):
    y = x.copy()
    y[place(x)] = 1.0
    return y


def suppressed(x):
    with contextlib.suppress(ValueError):
        return np.linalg.solve(x, x[0])
    return x[0] * 7.0


CAUGHT = {
    "cholesky": tried(np.linalg.cholesky, lambda x: 3.0 * x, np.linalg.LinAlgError),
    "inv": tried(np.linalg.inv, lambda x: 2.0 * x, np.linalg.LinAlgError),
    "suppressed": suppressed,
    "index": tried(lambda x: x[place(x)] * 2.0, lambda x: x[0], IndexError),
    "write": tried(written, lambda x: x * 1.0, IndexError),
    "size": tried(lambda x: x[x > 0].reshape(2, 1) * 2.0, lambda x: x * 1.0, ValueError),
    "empty": tried(lambda x: np.max(x[x > 5.0]) * x, lambda x: x * 1.0, ValueError),
    "integer": tried(lambda x: int(x[0, 0] / x[1, 1]) * x, lambda x: x * 3.0, ValueError, OverflowError),
    "zero": tried(lambda x: x[0, 0] / 0.0 if x[0, 0] < 0.0 else x[0, 0], lambda x: x[0, 0] * 3.0, ZeroDivisionError),
}


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("name", CAUGHT)
def test_what_is_caught(name):
    """Whichever way comes first, other values lead the other one."""
    f = CAUGHT[name]
    for each in (f, jacfwd(f), jacrev(f)):
        compiled, backwards = jit(each), jit(each)
        for _ in range(2):
            for x in MATRICES:
                check(compiled(x), each(x))
            for x in MATRICES[::-1]:
                check(backwards(x), each(x))


def test_a_graph_refuses():
    """What raised when the graph was recorded has to raise again."""
    graph = record(CAUGHT["cholesky"])(-np.eye(2))
    np.testing.assert_array_equal(graph(-2.0 * np.eye(2)), -6.0 * np.eye(2))
    with pytest.raises(GuardFailed):
        graph(np.eye(2))


def test_errors_of_arithmetic():
    """A function that asks NumPy to raise runs as it is."""

    def f(x):
        with np.errstate(divide="raise"):
            try:
                return 1.0 / x
            except FloatingPointError:
                return 0.0 * x

    compiled = jit(f)
    with pytest.warns(CompilationWarning, match="errstate"):
        check(compiled(np.ones(2)), np.ones(2))
    check(compiled(np.zeros(2)), np.zeros(2))
