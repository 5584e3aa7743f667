"""Which functions are closed, and what of the outside is watched."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest
from numpy import sin
from problems import PROBLEMS

from dualad.closed import closed

FACTOR, TABLE, PARTS, WORD = 3.0, np.arange(3.0), (1.0, (2, "a")), "ab"
NAMES: dict[str, float] = {"a": 1.0}


class Holder:
    rate = 2.0

    def method(self, x):
        return self.rate * x


HOLDER = Holder()
EMPTY = Holder


def helper(x, power=2):
    return FACTOR * x**power


def cyclic(x, depth=3):
    return x if depth == 0 else cyclic(np.sin(x), depth - 1)


def made(size):
    weights, rate = np.ones(size), 2.0
    return lambda x: np.sum(weights * x) * rate


def counted(x):
    total = 0.0
    for place, each in enumerate(x):
        total = total + place * each
    return total


def several(x):
    rows = [sin(k * x) for k in range(3)]
    table = np.stack([*rows, np.zeros_like(x)])
    table[0] += 1.0
    return {"a": table.T @ table, "b": max(x, key=lambda each: -each), "c": sum(each for each in x if each > 0.0)}


def checked(x):
    if len(x) > 3:
        raise ValueError("too many")
    return math.pi * x[::-1]


CLOSED = {
    "constants": (lambda x: FACTOR * x + len(PARTS) + len(WORD) + np.pi, ["FACTOR", "PARTS", "WORD", "len", "np"]),
    "an array": (lambda x: TABLE * x, ["TABLE"]),
    "another function": (lambda x: 2.0 * helper(x), ["helper", "FACTOR"]),
    "itself": (cyclic, ["cyclic", "np"]),
    "a closure": (made(3), ["np", "weights", "rate"]),
    "a loop": (counted, ["enumerate"]),
    "containers": (several, ["sin", "range", "np", "max", "sum"]),
    "errors": (checked, ["len", "ValueError", "math"]),
    "linear algebra": (lambda a: np.linalg.slogdet(a)[1] + np.fft.fft(a).real.sum(), ["np"]),
    **{problem.name: (problem.function, None) for problem in PROBLEMS},
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed(name):
    """What is named outside is watched, and a copy that is given what varies gives the same."""
    function, names = CLOSED[name]
    found = closed(function)
    assert found is not None
    if names is not None:
        assert [each.name for each in found.watched] == names or sorted({each.name for each in found.watched}) == sorted(names)


def impure_print(x):
    print(x)
    return x


def impure_global(x):
    global FACTOR  # noqa: PLW0603 - it is what is looked for
    FACTOR = 3.0
    return x


def impure_attribute(x):
    helper.calls = 1
    return x


def impure_context(x):
    with np.errstate(all="ignore"):
        return x


def impure_catching(x):
    try:
        return x
    except ValueError:
        return 2.0 * x


def impure_import(x):
    import math as library

    return library.pi * x


def impure_cell():
    count = 0

    def inner(x):
        nonlocal count
        count += 1
        return x * count

    return inner


def impure_generator(x):
    yield x


def impure_format(x):
    return x if f"{x}" else -x


def impure_default(x, table=TABLE):
    return x * table


def impure_keyword(x, *, power=2):
    return x**power


OPEN = {
    **{name: each for name, each in globals().items() if name.startswith("impure_") and name != "impure_cell"},
    "a counter": impure_cell(),
    "a dictionary": lambda x: NAMES["a"] * x,
    "an object": lambda x: HOLDER.rate * x,
    "a class": lambda x: EMPTY,
    "a method": HOLDER.method,
    "a partial function": functools.partial(helper, power=3),
    "random numbers": lambda x: np.random.rand() * x,  # noqa: NPY002 - it is what is looked for
    "a module": lambda x: (np, x)[1],
    "no such name": lambda x: nowhere * x,  # noqa: F821 - there is none
    "files": lambda x: np.save("x", x),
    "Python's builtins": lambda x: [open(x)],  # noqa: SIM115 - it is not called
    "the inside of an array": lambda x: x.ctypes,
    "text": lambda x: x.__class__,
    "a ufunc of Python's": lambda x: -UFUNC(x),
    "a function with attributes": lambda x: -told(x),
}
UFUNC = np.frompyfunc(lambda x: x, 1, 1)


def told(x):
    return x


told.known = True


@pytest.mark.parametrize("name", OPEN)
def test_open(name):
    """Functions that do something, or of which nobody can tell, are not closed."""
    assert closed(OPEN[name]) is None


def test_a_function_that_calls_many_is_not_followed():
    """There is an end to it."""
    scope: dict[str, object] = {"f0": helper}
    for place in range(60):
        exec(f"def f{place + 1}(x): return f{place}(x)", scope)
    assert closed(scope["f10"]) is not None
    assert closed(scope["f60"]) is None


def test_copies_see_what_they_are_given():
    """Arrays, and numbers that vary, come in the order of `given`; helpers see them too."""
    function = made(3)
    found = closed(function)
    assert [each.name for each in found.given] == ["weights"]
    assert found.with_given([np.arange(3.0)])(np.ones(3)) == 6.0
    assert function(np.ones(3)) == 6.0
    varying = {each for each in found.watched if each.name == "rate"}
    both = closed(function, varying)
    assert both.with_given([np.arange(3.0), 5.0])(np.ones(3)) == 15.0


def test_numbers_that_moved():
    """A float that is another one now is found, and so it is for another function of the same code."""

    def rated(rate):
        return lambda x: rate * x

    rate = 2.5
    found = closed(rated(rate)).numbers
    assert [each.name for each in found] == ["rate"]
    assert closed(rated(rate)).moved(found) == set()
    moved = closed(rated(3.5)).moved(found)
    assert [each.name for each in moved] == ["rate"]
    assert closed(rated(3.5), moved).numbers == {}
    assert closed(rated(3)).moved(found) == set()  # another type: another function


def test_nothing_large_is_held():
    """What a function sees may go, for as long as nobody calls it."""
    import gc
    import weakref

    function = made(4)
    watcher = weakref.ref(function)
    found = closed(function)
    del function
    gc.collect()
    assert watcher() is None
    assert found.with_given([np.ones(4)])(np.ones(4)) == 8.0
