"""jit, and what a function sees from outside: used, read and decided by."""

from __future__ import annotations

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import hessian, jacfwd, jit
from dualad.errors import BadArgument

X = np.array([0.3, 1.2, 2.1])


def test_decisions_by_what_is_outside():
    """An array that Python decides by, or takes numbers from, is looked at: as it is at each call, the function goes."""
    held, table, unused = np.array([1.0, 5.0]), {"rates": [np.array([2, 3])]}, np.zeros(3)

    def f(x):
        rate = float(table["rates"][0][1])
        if held[0] < 2.0:
            return np.sin(x) * rate
        return x * held[1] if x[0] < 10.0 else unused * x

    compiled = jit(f)
    for first, second, rate in ((1.0, 5.0, 3), (3.0, 5.0, 3), (1.0, 5.0, 3), (3.0, 6.0, 3), (1.0, 6.0, 4), (np.nan, 6.0, 4)):
        held[:], table["rates"][0][1] = (first, second), rate
        for _ in range(2):
            check(compiled(X), f(X))
    assert compiled.cache_info()[:3] == (7, 5, 0)
    derivative = jit(jacfwd(f))
    check(derivative(X), jacfwd(f)(X))
    held[0] = 0.0
    check(derivative(X), jacfwd(f)(X))


def test_arrays_that_are_constants():
    """Arrays of text, dates and records are constants by what is in them; one of objects has no hash, and is named."""
    records = np.array([(1.0, 2)], dtype=[("a", float), ("b", int)])
    cases = [
        (np.array(["a"]), np.array(["b"])),
        (np.array(["2020-01-01"], "M8[D]"), np.array(["2021-01-01"], "M8[D]")),
        (records, np.array([(3.0, 2)], records.dtype)),
    ]
    for first, second in cases:
        compiled = jit(lambda x, y: (x, y * 2.0))
        for each in (first, second, first):
            got = compiled(each, X)
            np.testing.assert_array_equal(got[0], each)
            assert got[0].dtype == each.dtype
        assert compiled.cache_info().programs == 2
    compiled = jit(lambda x, y: x["a"] * y)
    for value in (1.0, 3.0, 1.0):
        records["a"] = value
        check(compiled(records, X), value * X)
    static = jit(lambda x, y: x * y, static_argnums=0)
    check([static(X, 2.0), static(2.0 * X, 2.0)], [X * 2.0, X * 4.0])
    with pytest.raises(BadArgument, match="array of object"):
        jit(lambda x, y: x * y)(np.array([1, 2], object), 1.0)
    pandas = pytest.importorskip("pandas")
    with pytest.raises(BadArgument, match=r"pandas.Series.*to_numpy"):
        jit(lambda x, y: x)(X, pandas.Series([1.0, 2.0]))


def test_what_an_instance_has():
    """A method's own arrays are looked at; what else its instance has may change as it likes."""

    class Model:
        def __init__(self):
            self.limit, self.history = np.array([2.0]), np.zeros(3)

        def value(self, x):
            return x * 2.0 if self.limit[0] < 2.5 else x

    model = Model()
    compiled = jit(model.value)
    for k in range(12):
        model.history[:] = k
        check(compiled(X), 2.0 * X)
    assert compiled.cache_info().misses == 1
    model.limit[0] = 3.0
    check(compiled(X), X)


def test_arrays_that_are_used_and_read():
    """Arrays that lines take as they are and NumPy computes with alone, also inside of derivatives, are looked at too."""
    rates, many = np.array([1.0, 2.0, 3.0]), np.arange(10000.0)
    functions = {
        "sum": lambda x: x * rates + rates.sum(),
        "element": lambda x: x * rates + rates[0],
        "decision": lambda x: x * rates if rates[0] < 2.0 else -x * rates,
        "power": lambda x: x**rates,
        "exponential": lambda x: np.exp(0.1 * x * rates),
        "many": lambda x: x * many.sum(),
    }
    for f in functions.values():
        rates[:], many[:3] = (1.0, 2.0, 3.0), 1.0
        for each in (f, jacfwd(f), hessian(lambda x, f=f: np.sum(f(x)))):
            compiled = jit(each)
            for change in range(4):
                check(compiled(X), each(X))
                rates[change % 3] += 1.5
                many[change] += 1.0


def test_arrays_that_only_lines_use():
    """What changes in them makes no other program: after the first change nobody looks any more."""
    rates, unused = np.ones(3), np.ones(2)
    compiled = jit(lambda x: x * rates + rates[::-1])
    for change in range(12):
        check(compiled(X), X * rates + rates[::-1])
        rates[change % 2] += 1.0
        unused += 1.0
    assert compiled.cache_info().eager == 0
    assert compiled.cache_info().misses <= 3
    assert compiled.cache_info().programs == 1
