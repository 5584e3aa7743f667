"""Derivatives that are compiled because they are asked for time and again: the same answers, whatever changes meanwhile."""

from __future__ import annotations

import gc
import pickle
import threading
import warnings
import weakref

import numpy as np
import pytest
from problems import PROBLEMS
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

import dualad
from dualad import automatic, flags, grad, hessian, jacfwd, jvp, transformed, value_and_grad, value_and_jacfwd
from dualad.errors import BadArgument

X = np.array([0.3, 1.2, 2.1])
RATE, TABLE = 2.0, np.array([1.0, 2.0, 3.0])

pytestmark = pytest.mark.skipif(flags.flags() is None, reason="nothing is compiled unasked here")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """No clock: what may be compiled is, after the second call."""
    monkeypatch.setattr("dualad.heat.START", -1.0)
    monkeypatch.setattr("dualad.heat.EACH", -1.0)
    for name, value in {"RUNS": 1, "LINE": 0.0, "RECORDING": 0.0, "GAIN": np.inf}.items():
        monkeypatch.setattr(automatic, name, value)


def course(transform):
    """What is known of the calls of a transform."""
    return transform._opened[1]


def answers(transform, *args, times=4):
    """Its answers: the first ones by NumPy, the last ones by a program if there is one."""
    return [transform(*args) for _ in range(times)]


def compiled(transform, *args):
    """The answer of a transform that is compiled by now, after comparing it with the first one."""
    first, *_, last = answers(transform, *args)
    assert course(transform).lane is not None
    check(last, first, 1e-12)
    return last


def open_to_all(transform, *args):
    """The answer of a transform that is never compiled."""
    answer = answers(transform, *args)[-1]
    assert not transform._opened or course(transform).lane is None
    return answer


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("transform", [jacfwd, hessian])
def test_problems(problem, transform):
    """Every problem is closed, and its derivatives are those of NumPy; also for other arguments than those at first."""
    if transform is hessian and (problem.hessian is None or problem.name == "Black-Scholes"):
        pytest.skip("no closed form, or more than anybody asks for")
    if transform is hessian and problem.name.startswith("robot"):
        pytest.skip("more lines than anybody waits for")
    made = transform(problem.function, argnums=problem.argnums)
    args = problem.arguments(problem.size)
    compiled(made, *args)
    if "elementwise" not in problem.marks:
        moved = (args[0] * 1.01, *args[1:])
        calls = course(made).lane.calls
        check(made(*moved), (problem.jacobian if transform is jacfwd else problem.hessian)(*moved), 1e-9)
        assert course(made).lane.calls == calls + 1


def test_transforms():
    """What gives derivatives alone, and what gives values too: these are NumPy's, to the bit."""
    f = lambda x, y: np.sum(np.exp(np.sin(x) * y))
    for transform in (grad(f), grad(f, (0, 1)), jacfwd(f, 1), dualad.jacrev(f), hessian(f, mode="reverse")):
        compiled(transform, X, TABLE)
    compiled(jacfwd(grad(f)), X, TABLE)
    compiled(dualad.derivative(lambda x: np.sin(x) * x, order=2), X)
    for transform in (value_and_grad(f), value_and_jacfwd(f)):
        value, _ = compiled(transform, X, TABLE)
        assert value == f(X, TABLE)
        assert type(value) is np.float64
    value, _ = compiled(value_and_jacfwd(lambda x: x), X)
    assert not np.may_share_memory(value, X)
    assert type(compiled(value_and_grad(lambda x: x * 2.0), 3.0)[0]) is np.float64


def test_jvp():
    """Primals and tangents are the arguments; the value is NumPy's."""
    f = lambda x: np.exp(x) * x
    first, *_, last = [jvp(f, (X,), (np.cos(X),)) for _ in range(4)]
    assert np.array_equal(last[0], f(X))
    check(last, first, 1e-14)
    assert next(iter(transformed._courses[id(f.__code__)].values())).lane.calls
    for _ in range(3):
        with pytest.raises(BadArgument, match="shape"):
            jvp(f, (X,), (np.ones(2),))


# -- what is outside ------------------------------------------------------------------------------------------------------


def outside(x):
    return np.sum(np.sin(RATE * x) * TABLE)


def test_names_outside(monkeypatch):
    """Numbers, arrays and what is in these are as they are at each call."""
    slope = grad(outside)
    exact = lambda: RATE * TABLE * np.cos(RATE * X)
    check(compiled(slope, X), exact(), 1e-14)
    TABLE[1] += 1.0
    check(slope(X), exact(), 1e-14)
    TABLE[1] -= 1.0
    monkeypatch.setitem(globals(), "TABLE", np.array([3.0, 2.0, 1.0]))
    check(slope(X), exact(), 1e-14)
    for rate in np.linspace(1.0, 2.0, 20):
        monkeypatch.setitem(globals(), "RATE", float(rate))
        check(slope(X), exact(), 1e-14)
    assert [each.name for each in course(slope).lane.varying] == ["RATE"]
    monkeypatch.setitem(globals(), "RATE", 3)
    check(slope(X), exact(), 1e-14)
    monkeypatch.setitem(globals(), "TABLE", [1.0, 1.0, 2.0])
    check(slope(X), RATE * np.array(TABLE) * np.cos(RATE * X), 1e-14)
    monkeypatch.setitem(globals(), "np", np.polynomial)
    with pytest.raises(AttributeError):
        slope(X)


def factor(x):
    return x * x


def factored(x):
    return np.sum(factor(x))


def test_functions_outside(monkeypatch):
    """A function that is called by name may be another one, or have other code."""
    slope = grad(lambda x: np.sum(factor(x)))
    check(compiled(slope, X), 2.0 * X, 1e-14)
    monkeypatch.setitem(globals(), "factor", lambda x: x * x * x)
    check(compiled(slope, X), 3.0 * X**2, 1e-14)
    monkeypatch.setattr(factor, "__code__", (lambda x: 5.0 * x).__code__)
    check(compiled(slope, X), np.full(3, 5.0), 1e-14)


def test_closures_made_anew():
    """Functions of one code have one program; numbers and arrays in their cells are given to it."""

    def made(rate, weights):
        return grad(lambda x: np.sum(weights * np.exp(rate * x)))

    for rate in np.linspace(0.5, 1.5, 30):
        weights = np.arange(3.0) * rate
        slope = made(float(rate), weights)
        check(slope(X), rate * weights * np.exp(rate * X), 1e-13)
    lane = course(slope).lane
    assert lane.calls > 15
    assert lane.jitted.cache_info().programs == 1
    check(made(2, np.ones(3))(X), 2.0 * np.exp(2 * X), 1e-14)  # an integer: not the same code's way
    for functions in ([lambda x, i=i: x[i] * x for i in range(3)], [lambda x, *, i=i: x[i] * x for i in range(3)]):
        for place, f in enumerate(functions * 3):
            check(dualad.jacrev(f)(X), jacfwd(lambda x, i=place % 3: x[i] * x, drop_in=False)(X), 1e-14)


def test_ways_have_an_end():
    """Names that mean something else all the time are not followed for ever."""

    def made(word):
        return grad(lambda x: np.sum(x) * len(word))

    for place in range(40):
        slope = made("a" * place)
        check(slope(X), np.full(3, float(place)), 0.0)
    assert course(slope).over


def test_what_a_function_sees_may_go():
    """Nothing of a closure is held beyond it."""

    def made():
        weights = np.ones(3)
        slope = grad(lambda x: np.sum(weights * x * x))
        compiled(slope, X)
        return weakref.ref(slope._f)

    gone = made()
    gc.collect()
    assert gone() is None


# -- what is not compiled --------------------------------------------------------------------------------------------------


def test_what_is_done_is_done_every_time(capsys):
    """Code that does something is run as it is."""

    def telling(x):
        print("called")
        return np.sum(x * x)

    open_to_all(grad(telling), X)
    assert capsys.readouterr().out == "called\n" * 4


def test_writes_into_arguments():
    """What a function writes into what it is given stays its own affair, or the caller's."""

    def writing(x, table):
        x[0] = 2.0 * x[1]
        table[0] += 1.0
        return np.sum(x * table)

    table = np.zeros(3)
    open_to_all(grad(writing), X.copy(), table)
    assert table[0] == 4.0

    def own(x):
        x[0] = 2.0 * x[1]
        return np.sum(x * x)

    x = X.copy()
    value, slope = compiled(value_and_grad(own), x)
    assert np.array_equal(x, X)
    check(slope, np.array([0.0, 2.0 * X[1] * 5.0, 2.0 * X[2]]), 1e-14)
    assert value == own(X.copy())


def test_writes_outside():
    """An array from outside that is written into is written into every time."""
    counter = np.zeros(1)

    def counting(x):
        counter[0] += 1.0
        return np.sum(x * x)

    open_to_all(grad(counting), X)
    assert counter[0] == 4.0


def test_options_that_ask_for_more():
    """Auxiliary output, checks, stepping in and keywords take the long way; so do other transforms inside and outside."""
    f = lambda x: np.sum(x * x)
    open_to_all(grad(lambda x: (np.sum(x * x), x), has_aux=True), X)
    open_to_all(grad(f, drop_in=False), X)
    slope = grad(lambda x, power=2: np.sum(x**power))
    check([slope(X, power=3) for _ in range(4)][-1], 3.0 * X**2, 1e-14)
    compiled(grad(f), X)
    for wrong in (0.0, True, "x"):
        with pytest.raises(BadArgument):
            grad(f, wrong)(X)
    inner = grad(lambda x: np.sum(x**3))
    compiled(inner, X)
    check(jacfwd(inner)(X), np.diag(6.0 * X), 1e-14)
    check(jacfwd(lambda x: inner(x) * x)(X), np.diag(9.0 * X**2), 1e-14)
    check(dualad.jit(inner)(X), 3.0 * X**2, 1e-14)
    check(hessian(lambda x: inner(x)[0] * x[1])(X), jacfwd(jacfwd(lambda x: 3.0 * x[0] ** 2 * x[1]))(X), 1e-14)


@pytest.mark.parametrize("limit", ["LARGE, WIDE", "LONG", "WAYS", "GAIN", "KINDS"])
def test_limits(limit, monkeypatch):
    """What would take too much memory, or time, or gains nothing, is left as it is."""
    for name in limit.split(", "):
        monkeypatch.setattr(automatic, name, 0)
    check(open_to_all(grad(lambda x: np.sum(x * x * x)), X), 3.0 * X**2, 1e-14)


def test_answers_are_compared(monkeypatch):
    """A program that gives anything else is not used."""
    f = lambda x: np.sum(x * x * x)
    monkeypatch.setattr(automatic.Lane, "__call__", lambda self, inner, args: np.ones(3))
    check(open_to_all(grad(f), X), 3.0 * X**2, 1e-14)


# -- ways ------------------------------------------------------------------------------------------------------------------


def by_input(x):
    return np.sum(x * x) if x[0] > 1.0 else np.sum(np.sin(x))


def by_value(x):
    return np.sum(x * x) if np.exp(x[0]) > 3.0 else np.sum(np.sin(x))


def test_ways_by_values():
    """Decisions by what is given, or rounded correctly, are NumPy's; by the last place of anything else they may not be."""
    check(compiled(grad(by_input), X), np.cos(X), 1e-14)
    check(compiled(grad(by_input), X + 1.0), 2.0 * X + 2.0, 1e-14)
    check(grad(by_input)(X), np.cos(X), 1e-14)
    for x in (X, X + 1.0):
        open_to_all(grad(by_value), x)


def newton(a):
    x = a
    for _ in range(50):
        if abs(x * x - a) < 1e-12 * a:
            break
        x = 0.5 * (x + a / x)
    return x


def test_many_ways():
    """A loop until it is good enough has a way for every few values; past a few NumPy goes them."""
    slope = jacfwd(newton)
    for a in np.linspace(2.0, 400.0, 60):
        check(slope(float(a)), 0.5 / np.sqrt(a), 1e-9)


def test_kinds():
    """Each kind of arguments has a program of its own."""
    slope = grad(lambda x: np.sum(x * np.sin(x)))
    for x in (X, X[:2], X.astype(np.float32), X[:, None] * X, 0.5, np.float64(0.5)):
        answer = compiled(slope, x)
        assert answer.dtype == (x.dtype if isinstance(x, np.ndarray) else np.float64)
    assert course(slope).lane.jitted.cache_info().programs == 6
    for other in ([0.1, 0.2], {"a": 1.0}, 3):
        with pytest.raises((TypeError, dualad.errors.DualadError)) if isinstance(other, dict) else warnings.catch_warnings():
            slope(other)


# -- what NumPy says -------------------------------------------------------------------------------------------------------


def test_warnings_are_numpys():
    """Where there is something to say NumPy says it, in every call."""
    slope = value_and_grad(lambda x: np.sum(1.0 / x))
    compiled(slope, X)
    f = grad(lambda x: np.sum(np.log(x)))
    compiled(f, X)
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert slope(np.array([0.0, 1.0, 2.0]))[0] == np.inf
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert np.isinf(f(np.array([0.0, 1.0, 2.0]))[0])
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            f(np.array([0.0, 1.0, 2.0]))
    with np.errstate(all="raise"):
        check(f(X), 1.0 / X, 1e-14)


def test_doubts():
    """What NumPy has to compute again as a rule it computes at once."""
    f = grad(lambda x: np.sum(np.sqrt(x)))
    compiled(f, X)
    for _ in range(40):
        assert np.isinf(f(np.array([0.0, 1.0, 2.0]))[0])
    assert course(f).over
    assert course(f).lane is None
    check(f(X), 0.5 / np.sqrt(X), 1e-14)


# -- promises --------------------------------------------------------------------------------------------------------------


def test_threads():
    """Any number of threads may call while a program is made."""
    slope = grad(lambda x: np.sum(np.sin(x) * x))
    wrong = []

    def work(place):
        for step in range(60):
            x = X + 0.01 * place + 0.001 * step
            if not np.allclose(slope(x), np.cos(x) * x + np.sin(x), rtol=1e-13):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    compiled(slope, X)


def test_pickling():
    """A transform that is compiled pickles as before; what was compiled stays here."""
    slope = grad(factored)
    compiled(slope, X)
    check(pickle.loads(pickle.dumps(slope))(X), slope(X), 0.0)
    assert isinstance(slope, transformed.Transformed)
    assert slope.__getstate__()["_opened"] == ()


def test_answers_are_their_own():
    """What is given may be written into, and the next answer is as good."""
    for f in (lambda x: x * TABLE, lambda x: 2.0 * x, lambda x: x[::-1]):
        slopes = jacfwd(f)
        first = compiled(slopes, X)
        kept = first.copy()
        first[...] = 7.0
        check(slopes(X), kept, 0.0)
