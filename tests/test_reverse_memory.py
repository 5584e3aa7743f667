"""What reverse mode keeps: the factors of each step, once, and of the walk back only what it still needs."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

from dualad import grad, vjp
from dualad.notes import PROGRAMS

SIZE = 1000


def chain(steps):
    """Each step keeps one array of factors."""

    def f(x):
        for _ in range(steps):
            x = np.sin(x)
        return np.sum(x)

    return f


def table(steps):
    """Each step reads a row of a table and fills the next one."""

    def f(x):
        rows = np.zeros_like(x, shape=(steps + 1, len(x)))
        rows[0] = x
        for i in range(steps):
            rows[i + 1] = rows[i] + 0.001 * rows[i] * rows[i]
        return np.sum(rows[-1])

    return f


def in_place(steps):
    """Each step writes into the array that it read."""

    def f(x):
        y = x.copy()
        for _ in range(steps):
            y *= np.cos(x)
        return np.sum(y)

    return f


def peak(f, x):
    """The most memory that a gradient takes beside its argument, in arrays of its size."""
    slope = grad(f, mode="reverse")
    tracemalloc.start()
    slope(x)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / x.nbytes


@pytest.mark.parametrize(("make", "arrays"), [(chain, 1.5), (table, 6.0), (in_place, 4.0)])
def test_memory_grows_with_the_steps(make, arrays):
    """A loop of a thousand steps keeps four times what one of a quarter keeps, and a few arrays for each step."""
    x = np.linspace(0.1, 0.2, SIZE)
    quarter, whole = peak(make(250), x), peak(make(1000), x)
    assert whole < 1000 * arrays
    assert whole < 4.4 * quarter


def test_the_walk_back_lets_go():
    """Factors are gone as soon as the walk has passed them, so it takes no memory beside them."""
    x = np.linspace(0.1, 0.2, SIZE)

    def twice(x):
        for _ in range(100):
            x = np.sin(x)
        kept = np.sum(x)
        del x
        return kept

    tracemalloc.start()
    _, pull = vjp(twice, x)
    before, most = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    pull(1.0)
    after = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert after - before < 8 * x.nbytes
    assert most < 130 * x.nbytes


def test_nothing_stays():
    """After a gradient, or when a pullback goes, the program and all that it kept are gone, without the garbage collector."""
    gc.collect()
    gc.disable()
    try:
        before = len(PROGRAMS)
        x = np.linspace(0.1, 0.2, SIZE)
        gone = weakref.ref(x)
        grad(lambda x: np.sum(np.sin(x) * x[::-1]), mode="reverse")(x)
        _, pull = vjp(lambda x: np.sum(np.where(x > 0, x @ np.eye(SIZE), 0.0)), x)
        assert len(PROGRAMS) == before + 1
        del pull
        assert len(PROGRAMS) == before
        del x
        assert gone() is None
    finally:
        gc.enable()


def test_sums_are_taken_in_place():
    """A parameter that is used in every step gathers its cotangent in one array; one that is taken apart fills one array."""
    x = np.linspace(0.1, 0.2, SIZE)

    def f(x):
        total = 0.0
        for i in range(SIZE):
            total = total + x[i] * x[i]
        return total

    tracemalloc.start()
    slope = grad(f, mode="reverse")(x)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(slope, 2 * x, rtol=1e-14)
    assert most < SIZE * 6000  # bytes: a few small objects for each step, and no array of all elements
