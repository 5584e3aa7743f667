"""jit, and what a function sees from outside: used, read and decided by."""

from __future__ import annotations

import functools
import types
from contextlib import nullcontext

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import hessian, jacfwd, jit
from dualad.errors import BadArgument, CompilationWarning

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


class Settings:
    scale = 2.0

    def __init__(self):
        self.rate, self.rates, self.table, self.inner = 1.0, np.ones(3), {"a": 1.0, "b": [1.0, 2.0]}, None

    @property
    def doubled(self):
        return self.rate * 2.0

    def value(self, x):
        return x * self.rate + self.rates.sum()

    def by_property(self, x):
        return x * self.doubled

    @staticmethod
    def fixed(x):
        return x * limit

    def through(self, x):
        return self.value(x) + self.fixed(x)

    @jit
    def compiled(self, x):
        return self.scale * x


limit = 2.0


def helper(x):
    return x + 1.0


def test_attributes_and_items(monkeypatch):
    """What code reads by name, attribute or item is noticed when it is bound anew, wherever it stands."""
    settings, module = Settings(), types.ModuleType("a_module_of_mine")
    module.factor, module.array = 2.0, np.ones(3)
    settings.inner = types.SimpleNamespace(number=1.0)

    def default(x, numbers=[1.0]):  # noqa: B006 - it is changed on purpose
        return x * numbers[0]

    functions = {
        "attribute": lambda x: x * settings.rate,
        "array": lambda x: x * settings.rates[0],
        "class": lambda x: x * settings.scale,
        "dict": lambda x: x * settings.table["a"],
        "list": lambda x: x * sum(settings.table["b"]),
        "nested": lambda x: x * settings.inner.number,
        "module": lambda x: x * module.factor + module.array[0],
        "method": settings.value,
        "property": settings.by_property,
        "methods": lambda x: 2.0 * settings.through(x),
        "partial": functools.partial(lambda given, x: x * given.rate, settings),
        "function": lambda x: 2.0 * helper(x),
        "default": default,
    }
    steps = [
        lambda: setattr(settings, "rate", 3.0),
        lambda: settings.rates.__setitem__(0, 5.0),
        lambda: setattr(settings, "rates", np.full(3, 7.0)),
        lambda: setattr(settings, "scale", 4.0),
        lambda: settings.table.__setitem__("a", 4.0),
        lambda: settings.table["b"].append(4.0),
        lambda: setattr(settings.inner, "number", 4.0),
        lambda: setattr(module, "factor", 4.0),
        lambda: module.array.fill(4.0),
        lambda: monkeypatch.setitem(globals(), "limit", 4.0),
        lambda: monkeypatch.setitem(globals(), "helper", lambda x: x - 1.0),
        lambda: default.__defaults__[0].__setitem__(0, 4.0),
    ]
    compiled = {name: [jit(f), jit(jacfwd(f))] for name, f in functions.items()}
    for step in (lambda: None, *steps):
        step()
        for name, f in functions.items():
            check(compiled[name][0](X), f(X))
            check(compiled[name][1](X), jacfwd(f)(X))
    assert all(each.cache_info().misses < 6 for each, _ in compiled.values())
    settings.scale = 5.0
    check(settings.compiled(X), 5.0 * X)
    settings.scale = 6.0
    check(settings.compiled(X), 6.0 * X)


def test_what_changes_all_the_time():
    """What is another one at each call is not compiled for each; what changes now and then is, however often."""
    settings = Settings()
    seldom, often = jit(lambda x: x * settings.rate), jit(lambda x: x * settings.rate)
    for k in range(20):
        settings.rate = float(k)
        for _ in range(40):
            check(seldom(X), X * k)
    assert seldom.cache_info().eager == 0
    for k in range(20):
        settings.rate = float(k)
        with pytest.warns(CompilationWarning, match="8 ways") if k == 8 else nullcontext():
            check(often(X), X * k)
    assert often.cache_info().eager > 10


def test_functions_that_change_what_is_outside():
    """A function that finds what its last call left runs as it is; one that only notes something, or keeps it, is compiled."""
    calls, buffer, settings = [], np.zeros(3), Settings()

    def counted(x):
        calls.append(1)
        return x * len(calls)

    def written(x):
        buffer[0] += 1.0
        return x * buffer

    def noted(x):
        calls.append(1)
        return x * 2.0

    def kept(x):
        if settings.inner is None:
            settings.inner = np.arange(3.0)
        return x * settings.inner

    for f in (counted, written):
        with pytest.warns(CompilationWarning, match="each call changes"):
            first = jit(f)(X)
        compiled = jit(f)
        with pytest.warns(CompilationWarning, match="each call changes"):
            compiled(X)
        assert not np.array_equal(compiled(X), first)
        check(compiled(X) + f(X) * 0.0, X * (len(calls) - 1 if f is counted else buffer - [1.0, 0.0, 0.0]))
    for f in (noted, kept):
        compiled = jit(f)
        for _ in range(3):
            check(compiled(X), f(X))
        assert compiled.cache_info().eager == 0


def test_larger_arrays():
    """Of large arrays that lines use some elements are looked at: who fills them anew changes these."""
    data = np.linspace(0.0, 1.0, 10000)
    f = lambda x: (data * x).sum() + data[1] * x
    compiled = jit(f)
    for factor in (1.0, 2.0, 3.0):
        data *= factor
        np.testing.assert_allclose(compiled(2.0), f(2.0), rtol=1e-14)
    turned = np.ones((300, 300))[:, ::2]
    compiled = jit(lambda x: x * turned.sum())
    for _ in range(3):
        assert compiled(2.0) == 2.0 * turned.sum()
        turned[3] += 1.0
