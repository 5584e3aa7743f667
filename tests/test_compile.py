"""Compiled graphs: every function, every expression of a loop, shapes, layouts and dtypes give what NumPy gives."""

from __future__ import annotations

import re

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import optree
import pytest
from function_cases import call, points
from line_cases import CASES
from problems import PROBLEMS
from test_functions import IDS

import dualad
from dualad import jit
from dualad.compile import Program, evaluate
from dualad.expressions import ARITHMETIC, CALLS, COMPARISONS, REDUCTIONS, TRUTHS
from dualad.lines import kind_of

NASTY = [0.0, -0.0, 0.3, -0.7, 1.0, -1.0, 2.5, -3.5, 20.0, -400.0, 1e300, 1e-310, np.inf, -np.inf, np.nan]


@pytest.fixture(autouse=True, scope="module")
def _kernels_of_the_tests(tmp_path_factory):
    """Kernels go to a directory of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALAD_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield


def check(got, expected, tolerance=1e-13):
    """The same containers, kinds, dtypes and shapes, and values to a few units in the last place of the largest."""
    got, structure = optree.tree_flatten(got, none_is_leaf=True)
    expected, other = optree.tree_flatten(expected, none_is_leaf=True)
    assert structure == other
    for one, two in zip(got, expected, strict=True):
        assert kind_of(one) == kind_of(two)
        if kind_of(one)[2].kind in "fc":
            finite = np.abs(np.where(np.isfinite(two), two, 0.0))
            slack = {2: 1e-2, 4: 1e-4}.get(kind_of(one)[2].itemsize, tolerance)
            np.testing.assert_allclose(one, two, rtol=slack, atol=slack * np.max(finite, initial=0.0))
        elif isinstance(two, np.ndarray | np.generic):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_function(case):
    """Every call of the table of NumPy's functions, compiled where it can be."""
    values = points(case)
    expected = call(case, values)
    if isinstance(expected, str):
        pytest.skip("text of values is not recorded")
    graph = dualad.record(lambda values: call(case, values))(values)
    got = evaluate(Program(graph), [each for each, line in zip(values, graph.inputs, strict=True) if line is not None])
    check(got, optree.tree_leaves(expected, none_is_leaf=True))


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("function", [*ARITHMETIC, *COMPARISONS, *TRUTHS, *CALLS], ids=lambda function: function.__name__)
def test_every_expression(function, dtype):
    """All pairs of nasty points; nan, infinities and the sign of zero come out as NumPy's."""
    places = getattr(function, "nin", 1)
    with np.errstate(all="ignore"):
        plain = np.array(NASTY if dtype.startswith("f") else range(-7, 8)).astype(dtype)
    pairs = [np.ravel(each) for each in np.meshgrid(plain, plain)]
    with np.errstate(all="ignore"):
        try:
            expected = function(*pairs[:places])
        except (TypeError, ValueError):  # integers to negative powers among them
            pytest.skip("not for this dtype")
        got = jit(function)(*pairs[:places])
    assert got.dtype == expected.dtype
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, expected)
        return
    eps = np.finfo(got.dtype).eps
    np.testing.assert_allclose(got, expected, rtol=8 * eps, atol=np.finfo(got.dtype).tiny)
    known = ~np.isnan(expected)
    if function in (np.maximum, np.minimum, np.fmax, np.fmin):  # of zeros NumPy takes either
        known &= expected != 0.0
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(expected[known]))


@pytest.mark.parametrize("function", [each for each in REDUCTIONS if not hasattr(each, "__self__")], ids=lambda f: f.__name__)
@pytest.mark.parametrize("size", [1, 5, 3000])
def test_reductions(function, size):
    """Short ones and long ones, of products, of strided views, with nan."""
    x = np.cos(np.arange(2.0 * size))[::2]
    compiled = jit(lambda x: (function(x), function(x * x > 0.5), function((x * 0.5)[::-1]) * 2.0, function(x, keepdims=True)))
    for each in (x, np.where(x == x[-1], np.nan, x), np.arange(-size, 0)):
        with np.errstate(over="ignore"):
            check(compiled(each), compiled._f(each))


SHAPES = {
    "outer": lambda x, y: x[:, None] * np.exp(y[None, :]),
    "sum over one axis": lambda x, y: np.sum(np.sin(x[:, None] * y), axis=0) + 1.0,
    "turned": lambda x, y: (x[:, None] * y[None, :]).T + np.outer(y, x),
    "windows": lambda x, y: x[2:] - 2.0 * (x * x)[1:-1] + x[:-2],
    "backwards": lambda x, y: x[::-1] * (x + 1.0)[::-2].sum(),
    "reshaped": lambda x, y: (np.exp(x).reshape(2, -1) * 2.0).ravel() + x,
    "joined": lambda x, y: np.concatenate([x * 2.0, y, np.stack([x[0], 1.0])]),
    "stacked": lambda x, y: np.stack([x, x * x, np.zeros_like(x)], axis=-1)[:, 1:] * 3.0,
    "dot": lambda x, y: np.dot(x, x * 2.0) + x[:4] @ y[:4],
    "softmax": lambda x, y: np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x))),
    "mean and spread": lambda x, y: (x - np.mean(x)) / np.std(x),
    "cube": lambda x, y: (x[:, None, None] * y[:, None]) * x[:6] + y[None, :, None],
    "solved": lambda x, y: np.linalg.solve(np.eye(8) + np.outer(x, x), x * 2.0) * 3.0,
    "picked": lambda x, y: x[np.array([3, 1, 1])] * y[:3],
    "broadcast": lambda x, y: np.broadcast_to(x[:1] * 2.0, (3, 5)) + y,
    "empty": lambda x, y: np.sum(x[8:]) + y[5:] * 2.0,
    "whole argument": lambda x, y: (x, x, x[1:], x.T),
}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128", "float16", ">f8"])
def test_shapes(name, dtype):
    """Views, broadcasts, joins and steps of NumPy between loops, in dtypes that loops take and in others."""
    x = np.cos(np.arange(8.0)).astype(dtype)
    y = np.linspace(0.5, 1.5, 5).astype(dtype)
    if dtype == "float16" and name == "solved":
        pytest.skip("not for this dtype")
    compiled = jit(SHAPES[name])
    for _ in range(2):
        check(compiled(x, y), SHAPES[name](x, y))


LAYOUTS = {
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "negative": lambda x: x[::-1, ::-1],
    "Fortran": np.asfortranarray,
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "offset": lambda x: np.concatenate([x, x])[1:-2],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name):
    """The same program for arrays that lie in memory in any way, also from outside; none is written to."""
    x = LAYOUTS[name](np.arange(12.0).reshape(3, 4) + 0.5)
    outside = LAYOUTS[name](np.ones((3, 4)))
    shape = x.shape
    outside = np.resize(outside, shape)
    x.flags.writeable = False
    compiled = jit(lambda x: (np.sin(x) * outside[::-1], x.T @ x * 2.0, np.sum(x)))
    for each in (x, np.ascontiguousarray(x)):
        check(compiled(each), compiled._f(each))
    assert compiled.cache_info().programs == 1


def test_answers_that_are_constants():
    """They are new at each call: the caller may write into them. A static zero has a sign."""
    compiled = jit(lambda x: (np.ones(3), x))
    for _ in range(3):
        answer = compiled(1.0)[0]
        check(answer, np.ones(3))
        answer[:] = 7.0
    signed = jit(lambda n, x: np.copysign(x, n), static_argnums=0)
    assert [signed(n, 2.0) for n in (0.0, -0.0)] == [2.0, -2.0]


def test_into_memory_that_is_in_use():
    """Kernels write into what the caller gives; not where that is somebody else's memory, or laid out in another way."""

    def several(x):
        y = np.sin(x)
        return y, x[::-1], x * 2.0, y

    compiled = jit(several)
    x = np.linspace(0.1, 1.0, 5)
    expected = [np.copy(each) for each in several(x)]
    whole = np.empty(10)
    room = [tuple(np.empty(5) for _ in range(4)) for _ in range(2)]
    cases = [
        (x, np.empty(5), np.empty(5), np.empty(5)),
        (np.empty(5), x, np.empty(5), np.empty(5)),
        (np.empty(5), np.empty(5), x[::-1], np.empty(5)),
        (whole[::2], np.empty(5), whole[1::2], np.empty(5, np.float32)),
        *room,
    ]
    for out in cases:
        x[:] = np.linspace(0.1, 1.0, 5)
        assert compiled.into(out, x) is out
        for target, value in zip(out, expected, strict=True):
            np.testing.assert_allclose(target, value, rtol=1e-6 if target.dtype == np.float32 else 1e-14)
    room[0][2].flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        compiled.into(room[0], x)


@pytest.mark.parametrize("problem", PROBLEMS[::3], ids=lambda problem: problem.name)
def test_boxes_are_the_loops_that_run(problem):
    """In the picture of a compiled graph stands a box for each kernel, and in it one for each loop of its text."""
    compiled = jit(dualad.jacfwd(problem.function, argnums=problem.argnums))
    compiled(*problem.arguments(problem.size))
    text = compiled.graphs[0].to_dot()
    assert text.count('label="kernel ') == compiled.source.count("\ndef kernel_")
    loops = re.findall(r"\n    for i\d* in", compiled.source)
    assert 0 < text.count('label="loop over ') <= len(loops)  # a part of an array has the box of the whole
    if "concatenate" not in text and "stack" not in text and "written" not in text:
        assert text.count('label="loop over ') == len(loops)


@pytest.mark.parametrize("function", [np.maximum, np.minimum])
def test_zeros_with_signs(function):
    """Of two zeros the one that NumPy takes on x86: the second."""
    one, other = np.array([-0.0, 0.0, np.nan, 1.0, -0.0] * 3), np.array([0.0, -0.0, 0.0, np.nan, -0.0] * 3)
    if not np.array_equal(np.signbit(function(one[:2], other[:2])), np.signbit(other[:2])):
        pytest.skip("here NumPy takes another one")
    check(jit(function)(one, other), function(one, other))
    assert np.array_equal(np.signbit(jit(function)(one, other)), np.signbit(function(one, other)))
