"""What f does with memory that it was given, with exceptions that it catches and with threads of its own, in every way to a
derivative: a function run for the first time, a hot one, reverse mode, compiled."""

import contextlib
import sys
import threading

import numpy as np
import pytest

import dualad
from dualad import heat, pending

X = np.linspace(0.2, 1.5, 7)
Y = X[::-1].copy()
P = np.array([0.4, 0.9])


def caught(p):
    """An operation that raises leaves nothing behind."""
    a = p[0] * X
    try:
        with np.errstate(all="raise"):
            a / np.zeros(7)
    except FloatingPointError:
        pass
    return np.sin(a * Y) + p[1]


def misfit(p):
    """Arrays of one size that do not fit."""
    a, b = p[0] * np.ones((2, 3)), p[1] * np.full((3, 2), 2.0)
    with contextlib.suppress(ValueError):
        a + b
    return np.sin(a * 2.5) * np.exp(a * p[1])


def lent_before(p):
    """A constant array is lent, used, and changed by who has it."""
    c = np.zeros_like(p, shape=7) + 2.0
    lent = np.asarray(c)
    b = (p[0] * X) * c
    lent[:] = 100.0
    return np.sin(b) + p[1]


def lent_after(p):
    """It is lent after it was used."""
    c = np.zeros_like(p, shape=7) + 2.0
    b = (p[0] * X) * c
    np.asarray(c)[:] = 100.0
    return np.sin(b) + p[1]


def primal_after(p):
    """Values are changed that were given out after they were used."""
    a = p[0] * X
    b = np.exp(a)
    c = b * a
    value = dualad.primal_of(b)
    if isinstance(value, np.ndarray):
        value[:] = 5.0
    return c + p[1]


def primal_before(p):
    """Values are changed that were given out before."""
    a = p[0] * X
    b = np.exp(a)
    value = dualad.primal_of(b)
    c = b * a
    if isinstance(value, np.ndarray):
        value[:] = 5.0
    return c * b + p[1]


def tangents(p):
    """So are tangents."""
    a = np.cumsum(p[0] * X)
    given = dualad.tangent_of(a)
    c = np.sin(a) * a
    if isinstance(given, np.ndarray):
        given[:] = 7.0
    return c * a + p[1]


def threads(p):
    """Operations of several threads on one array."""
    a, found = p[0] * X, [None] * 6

    def work(place):
        y = a
        for _ in range(20):
            y = np.sin(y * p[1]) + a * (place + 1)
        found[place] = y

    crew = [threading.Thread(target=work, args=(place,)) for place in range(6)]
    for each in crew:
        each.start()
    for each in crew:
        each.join()
    return sum(found)


def exact(f):
    """The Jacobian by central differences of three steps, extrapolated to an error of the sixth order."""
    columns = []
    for place in range(2):
        step = np.eye(2)[place]

        def slope(h, step=step):
            return (f(P + h * step) - f(P - h * step)) / (2 * h)

        one, two, four = slope(1e-2), slope(5e-3), slope(2.5e-3)
        columns.append((64 * four - 20 * two + one) / 45)
    return np.stack(columns, -1)


FUNCTIONS = [caught, misfit, lent_before, lent_after, primal_after, primal_before, tangents, threads]


CASES = [(f, way) for f in FUNCTIONS for way in ("cold", "hot", "reverse")]
CASES += [(f, "compiled") for f in (primal_after, primal_before, tangents)]  # the others run as they are, and jit says so


@pytest.mark.parametrize(("f", "way"), CASES, ids=lambda each: getattr(each, "__name__", each))
def test_derivatives(f, way, monkeypatch):
    """The same derivative in every way. Differences are the reference: they know nothing of duals."""
    if way == "hot":
        monkeypatch.setattr(heat, "START", -1.0)
        monkeypatch.setattr(heat, "EACH", -1.0)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        transform = dualad.jacrev(f) if way == "reverse" else dualad.jacfwd(f)
        if way == "compiled":
            transform = dualad.jit(transform)
        for _ in range(3):
            got = transform(P)
    finally:
        sys.setswitchinterval(interval)
    plain = {primal_after: lambda p: np.exp(p[0] * X) * (p[0] * X) + p[1]}
    plain[primal_before] = lambda p: np.exp(p[0] * X) ** 2 * (p[0] * X) + p[1]
    plain[lent_before] = plain[lent_after] = lambda p: np.sin(p[0] * X * 2.0) + p[1]
    np.testing.assert_allclose(got, exact(plain.get(f, f)), rtol=1e-7, atol=1e-9)


def test_what_is_given_out_is_a_copy():
    """Values and tangents can be written into, and the number stays what it was."""

    def f(x):
        value, tangent = dualad.primal_of(x), dualad.tangent_of(x)
        value[:], tangent[:] = 5.0, 7.0
        return x * 2.0

    np.testing.assert_array_equal(dualad.jacfwd(f)(X), 2.0 * np.eye(7))


def test_loops_that_write(monkeypatch):
    """What is looked through at each write does not grow with the loop."""
    monkeypatch.setattr(heat, "START", -1.0)
    monkeypatch.setattr(heat, "EACH", -1.0)
    longest = []

    def f(p):
        out = np.zeros_like(p, shape=600)
        for place in range(600):
            y = np.exp(p[0] * X) * p[1] + place
            out[place] = np.sum(y * y)
            tape = getattr(getattr(y, "level", None), "tape", None)
            longest.append(0 if tape is None else len(tape.steps))
        return out

    jacobian = dualad.jacfwd(f)
    wanted = jacobian(P)
    longest.clear()
    np.testing.assert_allclose(jacobian(P), wanted, rtol=1e-12)
    assert 0 < max(longest) < 2 * pending.LONG
