"""Programs hold for the shapes that they were recorded with: calls that look at values for a shape are asked each time."""

from __future__ import annotations

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import pytest
from function_cases import call, points
from line_cases import CASES
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import jacfwd, jacrev, jit, record
from dualad.errors import GuardFailed
from dualad.lines import kind_of, replaced
from dualad.sizes import is_sized
from dualad.trees import flatten

X = np.array([0.3, -1.2, 2.1, -0.4])
POINTS = [X, -X, np.abs(X), X[::-1], np.round(X)]


def others(value, numbers):
    """Another value of the same shape and dtype."""
    kind = np.asarray(value).dtype.kind
    if kind == "b":
        return [np.zeros_like(value), np.ones_like(value), np.logical_not(value)][numbers.integers(3)]
    if kind in "iu":
        return [np.zeros_like(value), np.minimum(value, 1), np.maximum(value, 1) - 1][numbers.integers(3)]
    if kind not in "fc":
        return value
    return [0 * value, np.round(value), -value, np.abs(value), np.ones_like(value)][numbers.integers(5)]


def shapes(value):
    """Kinds, shapes and dtypes of a call's answer."""
    return [shapes(each) for each in value] if isinstance(value, tuple | list) else kind_of(value)


@pytest.mark.filterwarnings("ignore")
def test_every_function():
    """Of all functions of the table, those that gave another shape or dtype for other values are known for that."""
    numbers, found = np.random.default_rng(1), set()
    for case in CASES:
        arguments = points(case)
        if isinstance(call(case, arguments), str):
            continue  # text of values is not recorded
        graph = record(lambda values, case=case: call(case, values))(arguments)
        values = graph.bind((arguments,), {})
        for line in filter(lambda line: line.function is not None, graph.lines):
            with np.errstate(all="ignore"):
                values[line] = line.function(
                    *replaced(line.args, values.__getitem__), **replaced(line.keywords, values.__getitem__)
                )
            for _ in range(4):
                other = values | {each: others(values[each], numbers) for each in line.inputs() if each.kind != "structure"}
                try:
                    with np.errstate(all="ignore"):
                        got = line.function(
                            *replaced(line.args, other.__getitem__), **replaced(line.keywords, other.__getitem__)
                        )
                except (ValueError, IndexError, TypeError, ZeroDivisionError):  # it takes no such values
                    continue
                if shapes(got) != shapes(values[line]):
                    found.add(line.function.__name__)
                    assert is_sized(line), line.function
    assert len(found) > 12, found


def positive(x):
    return x[x > 0]


def count(x):
    return (x > 0).sum()


SIZES = {
    "len": lambda x: x.sum() / (1 + len(positive(x))),
    "size": lambda x: x / (1 + positive(x).size),
    "shape": lambda x: np.zeros(positive(x).shape) + x[0],
    "of a view": lambda x: x * positive(x)[:-1].T.size,
    "of a step": lambda x: x * (2.0 * positive(x)).size,
    "np.size": lambda x: x * np.size(np.flatnonzero(x > 0)),
    "nonzero": lambda x: x * np.nonzero(x > 0)[0].size,
    "iteration": lambda x: x * sum(1 for _ in np.where(x > 0)[0]),
    "zeros_like": lambda x: np.zeros_like(positive(x)),
    "ones_like": lambda x: x * np.sum(np.ones_like(positive(x))),
    "broadcast": lambda x: x * np.broadcast_to(x[0], positive(x).shape).sum(),
    "unique": lambda x: x * np.unique(np.round(x)).size,
    "union": lambda x: x * np.union1d(np.round(x), [0.0]).size,
    "constant": lambda x: np.unique(np.round(x)) * 0.0 + 1.0,
    "counts": lambda x: np.unique(np.round(x), return_counts=True)[1],
    "repeat": lambda x: x * np.repeat(x, np.abs(x).astype(int)).size,
    "bincount": lambda x: x * np.bincount(np.abs(x).astype(int)).size,
    "tile": lambda x: x * np.tile(x, count(x)).size,
    "fft": lambda x: x * np.fft.fft(x, count(x) + 1).size,
    "complex": lambda x: x * (1 + np.iscomplexobj(np.emath.sqrt(x))),
    "list": lambda x: [x[0]] * count(x) + count(x) * [x[1]],
    "tuple": lambda x: np.stack((x,) * (count(x) + 1)),
    "text": lambda x: x * len("ab" * count(x)),
    "view": lambda x: written_row(x, x.reshape(count(x) // 4 + 1, -1).copy()),
    "axes": lambda x: written_row(x, x.reshape(2, 2).swapaxes(0, count(x) // 4)),
}


def written_row(x, rows):
    """After a write into a view."""
    rows = rows * 2.0
    rows[-1][0] = x[0]
    view = rows.swapaxes(0, count(x) // 4)
    view[0] = 1.0
    return rows


@pytest.mark.parametrize("name", SIZES)
def test_shapes_of_what_is_not_needed(name):
    """How long something is decides on the answer, also where the thing itself is needed for nothing."""
    f = SIZES[name]
    for each in (f, jacfwd(f), jacrev(f)):
        compiled = jit(each)
        for _ in range(2):
            for x in POINTS:
                check(compiled(x), each(x))
    graph = record(f)(X)
    for x in POINTS:
        try:
            got = flatten(graph(x))[0]
        except GuardFailed:
            continue
        for one, two in zip(got, flatten(f(x))[0], strict=True):
            np.testing.assert_array_equal(one, two)


def test_steps_that_fail():
    """A step of the program that another way does not take may fail: then it is another way, or the function's own error."""

    def f(x):
        filled, chosen = np.zeros_like(x), x > 0
        filled[chosen] = x[: chosen.sum()]
        return filled

    compiled = jit(f)
    for x in (*POINTS, *POINTS):
        check(compiled(x), f(x))
    assert compiled.cache_info().eager == 0
    inverse = jit(np.linalg.inv)
    for _ in range(3):
        check(inverse(np.eye(2)), np.eye(2))
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            inverse(np.zeros((2, 2)))
    assert inverse.cache_info()[:3] == (2, 4, 0)


def test_parts_of_complex_arrays():
    """Writing into z.real or z.imag changes that part only."""

    def f(x):
        z = x + 1j * x[::-1]
        z.imag[1:] *= x[0].real
        z.real[::2] = 3.0
        turned = z.reshape(2, 2).T
        turned.imag[0] = x[:2].real
        w = z.real
        w += 1.0
        z.real, z.imag = z.imag * 2.0, z.real
        return z, w, np.abs(z) ** 2

    compiled = jit(f)
    for x in (*POINTS, *[(x * (1 + 0.5j)) for x in POINTS], *[x.astype("f4") for x in POINTS]):
        check(list(compiled(x)), list(f(x)))
    for transform in (jacfwd, jacrev):
        derivative = transform(lambda x: f(x)[2])
        check(jit(derivative)(X), derivative(X))
