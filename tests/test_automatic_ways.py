"""Derivatives that are compiled unasked do whatever NumPy does: what they warn of, raise, hold, give, and write into."""

from __future__ import annotations

import gc
import math
import os
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest
from test_automatic import X, _at_once, answers, compiled, course, open_to_all  # noqa: F401 - a fixture
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import automatic, flags, grad, jacfwd, value_and_grad, value_and_jacfwd
from dualad.closed import closed

pytestmark = pytest.mark.skipif(flags.flags() is None, reason="nothing is compiled unasked here")

MATRIX = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 4.0]])
WHOLE = np.array([2, 0, 1])


def plain(transform, *args):
    """What NumPy gives, and says."""
    known = course(transform)
    lane, over, known.lane, known.over = known.lane, known.over, None, True
    try:
        return told(transform, *args)
    finally:
        known.lane, known.over = lane, over


def told(transform, *args):
    """An answer, or an exception, and the warnings that came with it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = transform(*args)
        except (ArithmeticError, ValueError) as error:
            answer = type(error), str(error)
    return answer, [(each.category, str(each.message)) for each in caught]


# -- what NumPy says -------------------------------------------------------------------------------------------------------

SAYING = {
    "overflow in the value": (lambda x: np.sum(x * x), X, 1e200 * X),
    "overflow on the way": (lambda x: np.sum(1.0 / (1.0 + np.exp(-x))), X, X - 800.0),
    "no value": (lambda x: np.sum(np.log(x)), X, -X),
    "too small": (lambda x: np.sum(np.exp(x)), X, -1e3 * X),
    "what is not used": (lambda x: (np.log(x), x[0], np.sum(x * x))[2], X, -X),
    "before a step": (lambda x: np.sum(np.linalg.solve(MATRIX, 1.0 / x)), X, X - X[0]),
    "before a look": (lambda x: np.sum(1.0 / x[WHOLE]) * np.asarray(WHOLE)[0], X, X - X[0]),
    "in a step": (lambda x: np.sum(np.fft.fft(1.0 / x).real), X, 0.0 * X),
    "a whole number": (lambda x, n=3.0: n / x, 2.0, 0.0),
    "a root": (lambda x: x**0.5, 2.0, -2.0),
}


@pytest.mark.parametrize("state", ["warn", "raise", "ignore"])
@pytest.mark.parametrize("transform", [grad, value_and_grad])
@pytest.mark.parametrize("name", SAYING)
def test_what_numpy_says(name, transform, state):
    """All of it, and once; numbers are NumPy's, as they are where a function is transformed."""
    function, usual, other = SAYING[name]
    made = transform(function)
    compiled(made, usual)
    with np.errstate(all=state):
        expected, said = plain(made, other)
        got, heard = told(made, other)
    assert heard == said
    if type(expected) is tuple and type(expected[0]) is type:
        assert got == expected
    else:
        check(got, expected)


def test_whole_numbers_raise_no_flags():
    """What NumPy says of divisions of whole numbers, and of too few, nothing tells."""
    ones = np.array([100, 7], np.int8)
    for function in (lambda x, n: x * np.sum(n // n[0]), lambda x, n: x * (n[0] * n[0]), lambda x, n: x + np.var(n, ddof=2)):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            open_to_all(grad(function), 2.0, ones)
    compiled(grad(lambda x, n: x * np.sum(n // 2)), 2.0, ones)


# -- what is given ---------------------------------------------------------------------------------------------------------


def test_answers_can_be_written_into():
    """As NumPy's; what is everywhere the same too."""
    for function in (lambda x: 2.0 * np.sum(x), lambda x: np.sum(x) * MATRIX[0, 0]):
        assert compiled(grad(function), X).flags.writeable


def test_layouts():
    """How an array lies in memory is no part of its kind: values are NumPy's to the bit, and what depends on it is left."""
    turned = np.asfortranarray(MATRIX)
    slope = value_and_grad(lambda x: np.sum(np.exp(x) @ x))
    compiled(slope, MATRIX)
    for x in (turned, MATRIX[::-1], np.repeat(MATRIX, 2, axis=1)[:, ::2]):
        assert slope(x)[0] == plain(slope, x)[0][0]
    for order in "AK":
        made = jacfwd(lambda s, x, order=order: s * x.ravel(order))
        open_to_all(made, 1.0, MATRIX)
        assert np.array_equal(made(1.0, turned), turned.ravel(order))


def test_which_array_it_is():
    """Whether two names stand for one array is no matter of what is in it."""
    made = grad(lambda x, y: 2.0 * x if y is MATRIX else 3.0 * x)
    open_to_all(made, 1.0, MATRIX.copy())
    assert made(1.0, MATRIX) == 2.0
    compiled(grad(lambda x, y=None: 2.0 * x if y is None else 3.0 * x), 1.0)


def test_writes_into_whole_numbers():
    """Also where NumPy makes an array of what is one already."""
    counts = WHOLE.copy()

    def counting(x):
        np.asarray(counts)[0] += 1
        return np.sum(x * x)

    open_to_all(grad(counting), X)
    assert counts[0] == WHOLE[0] + 4


# -- what is held ----------------------------------------------------------------------------------------------------------


def test_nothing_is_held():
    """Functions that a function calls, and the names of code that was made by other code, may go."""

    def made():
        weights = np.ones(3)

        def inner(x):
            return weights * x

        slope = grad(lambda x: np.sum(inner(x) * x))
        compiled(slope, X)
        return weakref.ref(weights)

    def executed():
        scope = {"np": np, "weights": np.ones(3)}
        exec("def f(x): return np.sum(weights * x * x)", scope)
        compiled(grad(scope["f"]), X)
        return weakref.ref(scope["weights"]), weakref.ref(scope["f"].__code__)

    held = [made(), *executed()]
    gc.collect()
    assert [each() for each in held] == [None, None, None]


def test_large_constants(monkeypatch):
    """What a function makes of nothing is made in each call, if it is large."""
    monkeypatch.setattr(automatic, "LARGE", 1000)
    open_to_all(grad(lambda x: np.sum(np.arange(2000.0) ** x)), 1.5)


# -- who looks -------------------------------------------------------------------------------------------------------------


def test_debuggers_see_each_line():
    """Where somebody follows what runs, it is the function itself."""
    slope = grad(lambda x: np.sum(x * x))
    compiled(slope, X)
    calls, before = course(slope).lane.calls, sys.gettrace()
    sys.settrace(lambda *event: None)
    try:
        slope(X)
    finally:
        sys.settrace(before)
    assert course(slope).lane.calls == calls


def test_names_of_python(monkeypatch):
    """Python's own functions are looked up, too; code with others of them is not followed."""
    slope = grad(lambda x: np.sum(x) * divmod(7, 2)[0])
    check(compiled(slope, X), np.full(3, 3.0))
    with monkeypatch.context() as patch:
        patch.setattr("builtins.divmod", lambda *args: (5, 0))
        check(slope(X), np.full(3, 5.0))
    monkeypatch.setitem(globals(), "divmod", lambda *args: (7, 0))
    check(slope(X), np.full(3, 7.0))
    scope = {"__builtins__": {"divmod": lambda *args: (9, 0)}, "np": np}
    exec("def f(x): return np.sum(x) * divmod(7, 2)[0]", scope)
    assert closed(scope["f"]) is None


class Telling(float):
    """A number that does something."""

    def __mul__(self, other):
        warnings.warn("multiplied", stacklevel=1)
        return float(self) * other


TELLING, RECORD = Telling(2.0), np.array([(2.0, 1)], [("a", float), ("b", int)])[0]


def test_types_derived_from_numbers():
    """They may do anything; and a record may be written into."""
    assert closed(lambda x: TELLING * x) is None
    assert closed(lambda x: RECORD["a"] * x) is None


# -- threads and processes -------------------------------------------------------------------------------------------------


def test_only_one_thread_prepares(monkeypatch):
    """While a program is made for other arguments, and compared, other threads go the long way, and wait for nobody."""
    slope = grad(lambda x: np.sum(np.sin(x) * x))
    compiled(slope, X)
    entered, leave, agree = threading.Event(), threading.Event(), automatic.agree

    def slowly(*answers):
        entered.set()
        leave.wait(20.0)
        return agree(*answers)

    monkeypatch.setattr(automatic, "agree", slowly)
    thread = threading.Thread(target=answers, args=(slope, X[:2]))
    thread.start()
    assert entered.wait(20.0)
    calls = course(slope).lane.calls
    for x in (X[:2], X[:1]):  # the one that is prepared, and another one that could be
        check(slope(x), np.cos(x) * x + np.sin(x))
    assert course(slope).lane.calls == calls + 1
    check(slope(X), np.cos(X) * X + np.sin(X))
    leave.set()
    thread.join()
    compiled(slope, X[:2])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are made like that here")
def test_forks():
    """A child of a process in which another thread makes a program runs, and makes its own."""
    slope = grad(lambda x: np.sum(np.cos(x) * x))
    compiled(slope, X)
    lane, entered, leave = course(slope).lane, threading.Event(), threading.Event()

    def hold():
        with automatic._lock, lane.preparing(None, None, None):
            entered.set()
            leave.wait(20.0)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(20.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        child = os.fork()
    if child == 0:
        try:
            for x in (X, X[:2], X[:2], X[:2], X[:2]):
                assert np.allclose(slope(x), np.cos(x) - np.sin(x) * x)
            os._exit(0 if lane.jitted.cache_info().programs == 2 else 2)
        except BaseException:
            os._exit(1)
    leave.set()
    thread.join()
    assert os.waitpid(child, 0)[1] == 0


def test_values_with_everything():
    """What is beside the derivative is as it was without a program."""
    rate = 0.5
    made = value_and_jacfwd(lambda x, y: {"a": (x * y, y), "b": [np.sum(x), 3, rate], "c": math.pi * y[0]})
    first, *_, last = answers(made, X, MATRIX[0])
    assert course(made).lane is not None
    check(last, first, 1e-13)
