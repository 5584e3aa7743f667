"""The computational graph: what is recorded computes again what NumPy computes, before and after every pass."""

from __future__ import annotations

import math
import random
import threading
import time
import xml.etree.ElementTree as ET

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import optree
import pytest
import test_views
from function_cases import call, points
from line_cases import CASES
from problems import PROBLEMS
from test_functions import IDS

import dualad
from dualad import record
from dualad.errors import BadArgument, EscapedDualError, GuardFailed, NoRule, RandomNumbers, TangentLossError
from dualad.graph import scattered
from dualad.lines import kind_of, same
from dualad.passes import PASSES, optimised

X = np.array([0.3, 1.2, 2.1])


def check(got, expected):
    """The same containers, kinds, dtypes and shapes, and the same values to the last bit."""
    got, structure = optree.tree_flatten(got)
    expected, other = optree.tree_flatten(expected)
    assert structure == other
    for one, two in zip(got, expected, strict=True):
        assert kind_of(one) == kind_of(two)
        assert same(one, two) or (isinstance(one, np.ndarray) and one.tobytes() == two.tobytes())


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_function(case):
    """Every call of the table of NumPy's functions is recorded, and computed again by the graph and by that after each pass."""
    values = points(case)
    expected = call(case, values)
    if isinstance(expected, str):
        with pytest.raises(NoRule, match="text"):
            record(lambda values: call(case, values))(values)
        return
    graph = record(lambda values: call(case, values))(values)
    check(graph(values), expected)
    for each in PASSES:
        graph = each(graph)
        check(graph(values), expected)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("transform", [lambda f, **_: f, dualad.jacfwd, dualad.hessian], ids=["value", "jacobian", "hessian"])
def test_problems(problem, transform):
    """Functions, Jacobians and Hessians; the passes make a graph no longer, and its values stay."""
    if transform is dualad.hessian and problem.hessian is None:
        pytest.skip("no closed form, so no Hessian is promised")
    function = transform(problem.function, argnums=problem.argnums)
    args = problem.arguments(problem.size)
    graph = record(function)(*args)
    expected = function(*args)
    for each in (lambda graph: graph, *PASSES):
        shorter = each(graph)
        assert len(shorter.live()) <= len(graph.live())
        graph = shorter
        for one, two in zip(optree.tree_leaves(graph(*args)), optree.tree_leaves(expected), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-13, atol=1e-13 * np.max(np.abs(two)))


def test_other_arguments():
    """A graph is a program: it computes other values than those it was recorded with."""
    graph = record(dualad.jacfwd(lambda x, t: x[0] * np.exp(-x[1] * t)))(X, np.arange(4.0))
    x, t = np.array([2.0, 0.1, 0.0]), np.linspace(1.0, 2.0, 4)
    np.testing.assert_allclose(optimised(graph)(x, t)[:, 0], np.exp(-0.1 * t), rtol=1e-15)


@pytest.mark.parametrize("name", test_views.VIEWS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_views_and_writes(name, order):
    """What is written into an array is seen by its views, and the other way round, as in NumPy."""

    def f(x):
        z = np.zeros_like(x, shape=(2, 3), order=order)
        view = test_views.VIEWS[name](z)
        test_views.fill(z, x)
        first = np.array(view, copy=True, like=x) + 0.0
        if view.flags.writeable:
            view[...] = np.flip(view) * x[0]
            z[0] += 1.0
        return first, z, view * 2.0, test_views.VIEWS[name](z)

    for each in (record(f)(X), optimised(record(f)(X + 1.0))):
        check(each(X), f(X))


def test_writing_in_place():
    """Operators, masks, indices that repeat, sorting, ``out=``."""

    def f(x):
        y = x.copy()
        y += 1.0
        y[x > 1.0] = x[0]
        np.add.at(y, [0, 0, 2], x)
        np.multiply(y, x, out=y, where=x < 2.0)
        np.copyto(y, x, where=np.array([True, False, False]))
        z = y[::-1]
        z.sort()
        return y, z, np.clip(y, 0.5, 1.5, out=y)

    graph = record(f)(X)
    check(graph(X + 0.2), f(X + 0.2))
    with pytest.raises(TypeError, match="Cannot cast"):
        record(lambda i, x: np.add(i, x, out=i))(np.arange(3), X)


def test_decisions_are_guarded():
    """Whatever the run asked of a value is checked when the graph is computed: truths, integers, sizes, whole arrays."""

    def f(x):
        y = x * 2.0 if x[0] > 0.0 else x
        for _ in range(int(x[1])):
            y = y + 1.0
        return y[np.argmax(x)] + np.arange(3.0)[np.argmin(x)] + np.sum(x[x > 0.1])

    graph = record(f)(X)
    check(graph(X * 0.9), f(X * 0.9))
    for other in ([-1.0, 1.2, 2.1], [0.3, 3.0, 2.1], [0.5, 1.2, 0.2], [0.3, 1.2, 0.05]):
        with pytest.raises(GuardFailed):
            graph(np.array(other))
    assert len(graph.guards) == 3


def test_same_calls_are_one_line():
    """Common subexpressions are found while recording, constants that differ only in type or sign of zero kept apart."""
    graph = record(lambda x: (np.sin(x) + np.sin(x), x * 1, x * 1.0, x * 0.0, x * -0.0, x * True))(X)
    assert [line.function for line in graph.lines].count(np.sin) == 1
    assert [line.function for line in graph.lines].count(np.multiply) == 5


def test_only_what_is_exact_is_left_out():
    """x * 1 is x; x * 0, x - x, x / x and x + 0.0 are computed, as nan, infinities and -0.0 want it."""
    x = np.array([np.nan, np.inf, -0.0, 1.0])
    kept = record(lambda x: (x * 0.0, x - x, x / x, x + 0.0, 0.0 - x))(x)
    assert len(optimised(kept).live()) == len(kept.live())
    gone = record(lambda x: (x * 1.0, x / 1.0, x - 0.0, np.negative(-x), +x, x[:], x.reshape(4), x.T, x.real, x + -0.0))(x)
    assert len(optimised(gone).live()) == 1
    with np.errstate(all="ignore"):
        for graph in (kept, gone):
            np.testing.assert_array_equal(optimised(graph)(x), graph(x))
    z = np.array([complex(np.inf, 1.0), complex(-0.0, -0.0)])
    with np.errstate(all="ignore"):
        left = (z * 1.0, z / 1.0, z + -0.0, z + 0.0)
        check(optimised(record(lambda z: (z * 1.0, z / 1.0, z + -0.0, z + 0.0))(z))(z), left)
    turned = record(lambda z: (np.conjugate(z), z.real, z.T))(np.ones((2, 3)) * 1j)
    check(optimised(turned)(np.full((2, 3), 2.0 + 1.0j)), turned(np.full((2, 3), 2.0 + 1.0j)))


def test_arrays_from_outside():
    """They are looked up at each call; one that the function fills itself is a constant."""
    outside, read_only = np.array([1.0, 2.0, 3.0]), np.ones(3)
    read_only.flags.writeable = False

    def f(x):
        inside = np.zeros(3)
        inside[0] = 5.0
        y = x * inside
        inside[0] = 7.0
        return y + x * inside + outside * x, outside, read_only

    graph = optimised(record(f)(X))
    outside[1] = 10.0
    check(graph(X), f(X))
    assert graph(X)[2] is not read_only


def test_functions_that_need_help():
    """Plain arrays that are filled, math, and np.array of elements."""

    def f(x):
        z = np.zeros(3)
        view = z[1:]
        z[0] = math.sin(x[0])
        view[0] = x[1]
        return np.array([z[0], z[1] * x[2], 1.0]), np.asarray([x, x])

    with pytest.warns(dualad.errors.DropInWarning):
        graph = record(f)(X)
    got, expected = graph(X + 0.1), f(X + 0.1)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-15)
    np.testing.assert_array_equal(got[1], expected[1])
    with dualad.drop_in(False), pytest.raises(TangentLossError):
        record(f)(X)


def test_numbers_stay_weak():
    """Python's floats promote as weakly in the graph as they do in NumPy; integers and text are part of the program."""

    def f(x, a, n, how):
        return x * (a + 1.0) ** n, a * 2.0, a - True, how

    x = np.ones(2, np.float32)
    graph = record(f)(x, 1.5, 2, "text")
    check(graph(x, 2.5, 2, "text"), f(x, 2.5, 2, "text"))
    for wrong in ((x, 1.5, 3, "text"), (x, np.float64(1.5), 2, "text"), (X, 1.5, 2, "text"), (x, 1.5, 2)):
        with pytest.raises(BadArgument):
            graph(*wrong)


def test_what_cannot_be_recorded():
    """Random numbers, a value that leaves its recording, a dual for an argument."""
    with pytest.raises(RandomNumbers, match="random"):
        record(lambda x: x * np.random.rand())(1.0)  # noqa: NPY002 - what is to be found out
    kept = []
    record(lambda x: kept.append(x) or x)(X)
    with pytest.raises(EscapedDualError):
        kept[0] + 1.0
    with pytest.raises(BadArgument, match="record the transform"):
        dualad.jacfwd(lambda x: record(np.sin)(x) and x)(X)
    with pytest.raises(BadArgument, match="takes a function"):
        record(3.0)


def test_it_prints_and_draws():
    """Numbered lines with shape and dtype; Graphviz's text; a picture that is XML."""

    def f(x, y):
        return np.sum(x[0] * y[:, 1:], axis=0) if y[0, 0] > 0 else x

    graph = record(f)(X, np.ones((2, 3), np.float32))
    assert str(graph).splitlines() == [
        "graph of f",
        "  %0 = input x           float64[3]",
        "  %1 = input y           float32[2, 3]",
        "  %2 = %1[0, 0]          float32",
        "  %3 = less(0, %2)       bool",
        "  %4 = %0[0]             float64",
        "  %5 = %1[:, 1:]         float32[2, 2]",
        "  %6 = multiply(%4, %5)  float64[2, 2]",
        "  %7 = sum(%6, axis=0)   float64[2]",
        "  guard %3 is True",
        "  return %7",
    ]
    assert repr(graph) == "<graph of f, 8 lines>"
    text = graph.to_dot()
    assert text.count("->") == 9
    assert text.startswith('digraph "f" {')
    assert text.count("subgraph cluster_") == 2  # one kernel, of a loop and of single values
    assert 'label="loop over 2 x 2"; style=filled; fillcolor=gray95; n6; }' in text
    assert "style=rounded;\n    n3;\n    subgraph" in text
    picture = ET.fromstring(graph._repr_svg_())
    assert sum(each.tag.endswith("text") for each in picture) == 8
    assert sum(each.tag.endswith("path") for each in picture) == 7
    assert [each[0].text for each in picture if each.tag.endswith("rect")] == [
        "kernel 0, single values",
        "kernel 0, loop over 2 x 2",
    ]


def test_examples_are_let_go():
    """A graph holds shapes and dtypes, not the values of the run."""
    size = 10**6
    graph = record(lambda x: np.sum(np.sin(x) * np.cos(x)))(np.ones(size))
    assert not any(isinstance(each, np.ndarray) for line in graph.lines for each in line.args)
    assert not graph.hidden


def test_long_columns():
    """Writes through a view whose places make a long column, for which numpy.unravel_index errs."""

    def f(x):
        y = np.zeros_like(x)
        y.T[...] = 2.0 * x.T
        y.reshape(-1, 1)[1:] += 1.0
        return y

    x = np.linspace(0.0, 1.0, 20000).reshape(100, 200)
    np.testing.assert_array_equal(record(f)(x)(3.0 * x), f(3.0 * x))
    column = x.reshape(-1, 1)
    np.testing.assert_array_equal(scattered(np.zeros((1, 20000)), np.arange(20000).reshape(-1, 1), column), column.T)


def test_margins_ask_for_no_value():
    """np.pad looks at shapes only, so the graph of its derivative serves all values."""
    graph = record(dualad.grad(lambda x: np.sum(np.pad(x, 1, constant_values=x[0]) ** 2)))(X)
    np.testing.assert_array_equal(graph(2.0 * X), 4.0 * X + 8.0 * X[0] * np.eye(1, 3)[0])


def test_random_numbers_of_other_threads():
    """What another thread draws is not held against the function; what it draws itself is found out."""
    ended = threading.Event()
    other = threading.Thread(target=lambda: [random.random() for _ in iter(ended.is_set, True)])
    other.start()
    try:
        graph = record(lambda x: [np.sin(x), time.sleep(0.02)][0])(X)
        np.testing.assert_array_equal(graph(X), np.sin(X))
        with pytest.raises(RandomNumbers):
            record(lambda x: random.gauss(0.0, 1.0) * x)(X)
    finally:
        ended.set()
        other.join()
