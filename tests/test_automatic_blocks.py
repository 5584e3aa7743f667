"""Derivatives of many points of a batch, compiled without being asked: block by block."""

from __future__ import annotations

import numpy as np
import pytest
from problems import PROBLEMS
from test_automatic import _at_once, check, compiled, course, open_to_all  # noqa: F401 - a fixture
from test_compile import _kernels_of_the_tests  # noqa: F401 - a fixture

from dualad import automatic, flags, jacfwd
from dualad.transformed import MISSED

pytestmark = pytest.mark.skipif(flags.flags() is None, reason="nothing is compiled unasked here")
POINTS = np.linspace(0.1, 2.0, 50)
WEIGHTS = np.cos(POINTS)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(automatic, "BLOCK", 8)
    monkeypatch.setattr(automatic, "MANY", 16)


def recorded(transform):
    """How many points the programs are of."""
    return {line.shape[0] for graph in course(transform).lane.jitted.graphs for line in graph.inputs if line.shape}


@pytest.mark.parametrize("size", [16, 50, 56])
def test_elementwise(size):
    """Blocks are of one size, whatever is left at the end."""
    problem = next(each for each in PROBLEMS if each.name == "Black-Scholes")
    greeks = jacfwd(problem.function, problem.argnums, batch_ndim=1)
    args = problem.arguments(size)
    check(compiled(greeks, *args), problem.jacobian(*args), 1e-9)
    assert recorded(greeks) == {8}


def test_vectors():
    """Points may have components; numbers beside them are not cut."""
    f = lambda x, rate: np.stack([x[:, 0] * x[:, 1], np.exp(rate * x[:, 0]), x[:, 1]], -1)
    x = np.stack([POINTS, WEIGHTS], -1)
    slopes = jacfwd(f, batch_ndim=1)
    got = compiled(slopes, x, 0.5)
    assert got.shape == (50, 3, 2)
    assert recorded(slopes) == {8}
    check(compiled(slopes, x[:30], 0.5), got[:30], 1e-15)


def test_what_is_not_cut():
    """Arrays beside the points, few points, and functions that decide by values are taken whole, or as they are."""
    slopes = jacfwd(lambda x, weights: np.sin(x) * weights, batch_ndim=1)
    check(compiled(slopes, POINTS, WEIGHTS), np.cos(POINTS) * WEIGHTS, 1e-14)
    assert recorded(slopes) == {50}
    slopes = jacfwd(lambda x: np.sin(x) * WEIGHTS, batch_ndim=1)
    check(compiled(slopes, POINTS), np.cos(POINTS) * WEIGHTS, 1e-14)
    assert recorded(slopes) == {50}
    slopes = jacfwd(np.sin, batch_ndim=1)
    check(slopes(POINTS), np.cos(POINTS), 1e-14)
    few = jacfwd(lambda x: np.sin(x), batch_ndim=1)  # noqa: PLW0108 - NumPy's own has no code
    compiled(few, POINTS[:9])
    assert recorded(few) == {9}
    decided = jacfwd(lambda x: np.sin(x) if x[0] < 0.2 else np.cos(x), batch_ndim=1)
    check(open_to_all(decided, POINTS), np.cos(POINTS), 1e-14)


def test_a_kind_that_is_refused(monkeypatch):
    """A program that was found wanting answers nothing, though others of the same function do."""
    slopes = jacfwd(lambda x: np.sin(x) * x, batch_ndim=1)
    compiled(slopes, POINTS[:5])
    monkeypatch.setattr(automatic, "agree", lambda one, other: False)
    compiled(slopes, POINTS[:6])
    lane = course(slopes).lane
    assert lane.jitted._shortcut((POINTS[:6],)) is MISSED
    assert lane(slopes._f, (POINTS[:6],)) is MISSED
    assert lane(slopes._f, (POINTS[:5],)) is not MISSED


def test_points_that_are_not_independent():
    """What they are announced to be they may not be: then blocks give something else, and are not used."""
    slopes = jacfwd(lambda x: x * np.sum(x), batch_ndim=1)
    first = slopes(POINTS)
    check(open_to_all(slopes, POINTS), first, 0.0)
