"""Names in the text of compiled programs: the user's, right ones, and none in what is compiled."""

from __future__ import annotations

import dataclasses
import re
import sys
from typing import NamedTuple

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests  # noqa: F401 - a fixture

import dualad
from dualad import jit, record
from dualad.graph import computed
from dualad.naming import identifier

X = np.array([0.3, 1.2, 2.1])
DATA = np.array([1.0, 2.0, 3.0])


@dataclasses.dataclass
class Peak:
    width: float
    rates: list


class Pair(NamedTuple):
    left: object
    right: object


class Model:
    def __init__(self):
        self.offset = np.ones(3)

    def shifted(self, x):
        return x * self.offset


def peak(t, width):
    return np.exp(-t * t / width)


def model(x, y):
    width = y[0] ** 2
    curve = peak(x, width)
    other = np.sin(curve) * x
    total = np.sum(other)
    mean = other.mean()
    steps = np.where(curve > 0.5, curve, other)
    for _ in range(3):
        steps = steps * 0.5 + mean
    norm = np.linalg.norm(steps)
    solved = np.linalg.solve(np.outer(x, x) + np.eye(3), steps)
    solved += total
    return solved / norm


def variables(function, *args):
    """What the local variables of functions of this file held in a run, by name."""
    found = {}

    def look(frame, event, _):
        if frame.f_code.co_filename == __file__:
            for name, value in frame.f_locals.items():
                if isinstance(value, np.ndarray | np.generic):
                    found.setdefault(name, []).append(np.copy(value))
            return look
        return None

    sys.settrace(look)
    try:
        function(*args)
    finally:
        sys.settrace(None)
    return found


@pytest.mark.parametrize(
    "transform", [lambda f: f, dualad.jacfwd, dualad.jacrev, lambda f: dualad.hessian(lambda x, y: np.sum(f(x, y)))]
)
def test_names_are_right(transform):
    """A line that has a variable's name has the value that this variable had, not its tangent, nor a step on the way to it."""
    if sys.gettrace() is not None:
        pytest.skip("somebody else looks at each line")
    graph = record(transform(model))(X, DATA)
    known = variables(model, X, DATA)
    values = graph.bind((X, DATA), {})
    named = set()
    with np.errstate(all="ignore"):
        for line in graph.live():
            if line.function is not None:
                values[line] = computed(line, values)
                if line.name in known:
                    named.add(line.name)
                    assert any(np.array_equal(values[line], each) for each in known[line.name]), line.name
                else:
                    assert line.name == ""
    assert named >= {"width", "curve", "other", "total", "steps", "solved"}


def test_arguments_and_what_is_outside():
    """Parameters, places in containers, attributes; names from outside, also inside containers and of an instance."""
    held = {"t": [np.ones(3)]}

    def f(p, q, *more, key):
        return p.width * q.left + q.right["a b"] * more[1] * key + DATA * (held["t"][0] * q.left) + q.left * DATA[1:2]

    args = (Peak(2.0, [1.0]), Pair(X, {"a b": X}), 1.0, X)
    names = [line.name for line in record(f)(*args, key=X).lines if line.function is None]
    assert names[:7] == ["p.width", "p.rates[0]", "q.left", "q.right['a b']", "more[0]", "more[1]", "key"]
    assert set(names[7:]) == {"DATA", "held['t'][0]", "DATA[...]"}
    assert record(Model().shifted)(X).lines[1].name == "self.offset"
    compiled = jit(f)
    compiled(*args, key=X)
    assert compiled.source.startswith(
        "def run(p_width, p_rates_0, q_left, q_right_a_b, more_0, more_1, key, held_t_0, DATA, DATA_2):"
    )
    assert "    # q_right_a_b: q.right['a b'], float64[3]\n" in compiled.source
    assert "    # DATA: float64[3], from outside\n" in compiled.source
    assert [identifier(text) for text in ("p['a'][0]", "0", "for", "[]")] == ["p_a_0", "_0", "for_", "value"]


def test_names_that_mean_something_else():
    """Variables that are called as the program's own functions are, or as its numbers."""

    def f(empty, exp, v1, np_, run, constant_1, x1):
        load = empty * exp
        sum = np.linalg.inv(np.outer(load, v1) + np.eye(3)) @ run
        kernel0 = sum * np_ + constant_1 + x1
        return kernel0, load

    args = [X + k for k in range(7)]
    for got, wanted in zip(jit(f)(*args), f(*args), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_every_line_has_a_comment():
    """In the program and in its kernels, but for the head of a function."""

    def f(x, y):
        if x[0] > 0.0:
            y = np.linalg.inv(y * 2.0) + np.argsort(x)
        total = np.sum(np.tile(x, 1000)) + np.mean(x)
        return np.concatenate([x * total, x[::-1]]), y.T, np.max(y), np.cumsum(x)

    compiled = jit(f)
    compiled(X, np.eye(3))
    lines = [line for line in compiled.source.splitlines() if line and not line.startswith("def ")]
    assert len(lines) > 30
    assert [line for line in lines if "#" not in line] == []
    assert "total" in compiled.source


def test_kernels_have_no_names():
    """The same loops of other names, at other places of a program, are one kernel on the disk."""

    def one(x, y):
        square = x * x
        return np.exp(square) + y

    def other(z, first, second):
        twice = first * first
        return np.exp(twice) + second

    first, second = jit(one), jit(other)
    np.testing.assert_array_equal(first(X, DATA), second(0.5, X, DATA))
    kernels = [re.findall(r"kernel_\w{32}", each.source) for each in (first, second)]
    assert kernels[0] == kernels[1]
    assert "square = x_i * x_i" in first.source
    assert "twice = first_i * first_i" in second.source
