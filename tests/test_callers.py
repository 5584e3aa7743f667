"""Whether the code in a frame makes a call itself, or compiled code that it has called does."""

import functools
import math
import sys
from math import sqrt

import numpy as np
import pytest

from dualad import jacfwd
from dualad.callers import calls


class Asked:
    """A function in the place of another one, which notes who calls."""

    def __init__(self, original):
        self.original, self.seen = original, []

    def __call__(self, *args, **kwargs):
        self.seen.append(calls(sys._getframe(1), self, self.original))
        return self.original(*args, **kwargs)


class Kept:
    """An object with a module, and a method."""

    math = math

    def used(self):
        return self.math.sqrt(4.0)


def by_local_name():
    root = math.sqrt
    return root(4.0)


def by_closure():
    root = math.sqrt

    def inner():
        return root(4.0)

    return inner()


def by_import():
    import math as m

    return m.sqrt(4.0)


def by_import_of_the_name():
    from math import sqrt as root

    return root(4.0)


def with_star():
    return math.sqrt(*(4.0,), **{})


def over_lines():
    return abs(
        math.sqrt(
            4.0,
        )
    ).real


DIRECT = {
    "attribute": lambda: math.sqrt(4.0),
    "name": lambda: sqrt(4.0),
    "argument of another call": lambda: abs(math.sqrt(4.0)),
    "before another call": lambda: math.sqrt(4.0).is_integer(),
    "comprehension": lambda: [math.sqrt(4.0) for _ in range(2)],
    "generator": lambda: list(math.sqrt(4.0) for _ in range(2)),  # noqa: C400 - the generator's frame is what is asked for
    "attribute of an object": lambda: Kept().used(),
    "local name": by_local_name,
    "closure": by_closure,
    "import": by_import,
    "import of the name": by_import_of_the_name,
    "star": with_star,
    "lines": over_lines,
}
INDIRECT = {
    "map": lambda: list(map(math.sqrt, [4.0])),
    "partial": lambda: 1.0 * functools.partial(math.sqrt, 4.0)(),
    "sorted": lambda: sorted([4.0, 1.0], key=math.sqrt),
    "item": lambda: {"sqrt": math.sqrt}["sqrt"](4.0),  # might be: not known for sure
}


@pytest.mark.parametrize("name", [*DIRECT, *INDIRECT])
def test_who_calls(name, monkeypatch):
    asked = Asked(math.sqrt)
    monkeypatch.setattr(math, "sqrt", asked)
    monkeypatch.setitem(globals(), "sqrt", asked)
    (DIRECT | INDIRECT)[name]()
    assert asked.seen
    assert set(asked.seen) == {name in DIRECT}


def test_generated_code_without_positions():
    """Where the code does not tell where its instructions stand, nothing is known for sure."""
    asked = Asked(math.sqrt)
    code = compile("root(4.0)", "generated", "eval")
    assert eval(code, {"root": asked}) == 2.0
    assert eval(code.replace(co_linetable=b""), {"root": asked}) == 2.0
    assert asked.seen == [True, False]


def test_compiled_code_gets_the_arrays_of_numpy():
    """NumPy's generators are compiled, make their answers with np.empty, and write into the memory unasked."""

    def f(x):
        z = np.empty(3)
        z[:] = np.random.default_rng(1).normal(size=3)
        z[0] = x[0] * np.random.default_rng(2).permutation(3)[0]
        return z

    assert np.count_nonzero(jacfwd(f, drop_in=True)(np.array([2.0]))) <= 1
