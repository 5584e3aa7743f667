"""Loops that run in turn over blocks of points: the same answers, whatever one of them needs of another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_compile import check

import dualad
from dualad import jit
from dualad.compile import Program

N = 10007  # more than is kept beside each other, and no multiple of a block


@pytest.fixture(autouse=True, scope="module")
def _kernels_of_the_tests(tmp_path_factory):
    """Kernels go to a directory of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALAD_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield


def filled(x, k):
    """Rows written one after the other, over each other, with steps and backwards."""
    y = np.zeros_like(x, shape=(3, x.size))
    y[1] = np.sin(x)
    y[:, ::2] *= 2.0
    y[2] += y[1]
    y[0, ::-1] = np.cos(x)
    return y * k[:3] + np.exp(x), y


def centred(x, k):
    y = np.sin(x)
    return (y - np.mean(y)) * k, np.sum(y * k), np.max(np.exp(x) * k), np.prod(1.0 + y * k / N), np.any(y * k > 3.0)


def folded_between(x, k):
    y = np.sin(x)
    return y * k * np.sum(y) + np.exp(np.sum(np.cos(x) * k) / N) * y * k


CASES = {
    "points and directions": (lambda x, k: np.sin(x) * k + np.cos(x), True),
    "an axis of one between": (lambda x, k: np.sin(x) * k[:, None] * np.exp(np.cos(x) * k) + np.exp(x), True),
    "truths": (lambda x, k: np.where(np.sin(x) > 0.0, k * np.sin(x), np.cos(x)), True),
    "single precision": (lambda x, k: np.sin(x.astype(np.float32)) * k.astype(np.float32), True),
    "backwards": (lambda x, k: np.sin(x) * k + np.exp(x)[::-1] * np.cos(x), True),
    "columns": (lambda x, k: np.exp(x)[:, None] * np.sin(x)[:, None] + np.cos(np.sin(x) * k).T[:, :1], True),
    "sums": (centred, True),
    "sums that are needed": (folded_between, True),
    "single elements": (lambda x, k: np.exp(np.sin(x) * k) * np.sin(x)[7] + np.cos(np.sin(x) * k)[2], True),
    "rows": (lambda x, k: np.stack([np.sin(x), np.cos(x) * 2.0, x * k[0]])[:, ::-1] + np.sin(x), False),
    "ends": (lambda x, k: np.concatenate([np.sin(x), np.cos(x)])[3 : 3 + N] * k + np.sin(x), False),
    "writes": (filled, True),
    "squares": (lambda x, k: np.sin(np.sin(x[:300]) * np.exp(x[:300])[:, None]).T * np.sin(x[:300]), False),
}
"""Functions, and whether there are arrays in blocks."""


@pytest.mark.parametrize("name", CASES)
def test_answers(name):
    """Those of NumPy."""
    function, blocks = CASES[name]
    rng = np.random.default_rng(5)
    x, k = rng.standard_normal(N), rng.standard_normal((5, 1))
    compiled = jit(function)
    check(compiled(x, k), function(x, k))
    assert any("- j)):" in line for line in compiled.source.splitlines()) is blocks
    assert not compiled.cache_info().eager


def test_long_sums():
    """Their errors do not grow with the number of blocks."""
    x = np.random.default_rng(3).random(10**6)
    compiled = jit(lambda x, k: (np.sum(np.sqrt(x) * k), np.sqrt(x) * k[0]))
    total = compiled(x, np.ones((3, 1)))[0]
    assert "- j)):" in compiled.source
    assert abs(total / (3.0 * math.fsum(np.sqrt(x))) - 1.0) < 1e-14


def test_seeds_are_read_once_for_each_direction():
    """Second derivatives of points by reverse mode and forward mode: one-hot seeds have one element for all points."""
    slopes = dualad.grad(lambda a, b: np.sum(np.exp(a * b) * np.sin(b)), (0, 1), mode="reverse")
    second = dualad.jacfwd(slopes, (0, 1), batch_ndim=1)
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((2, N))
    compiled = jit(second)
    check(compiled(a, b), second(a, b))
    program = next(iter(compiled._entries.values())).variants[0].program
    assert all(array.size <= 2 for array in program.plan.rows.values())
    read = [line for line in program.hidden if line.shape and line not in program.plan.numbers]
    assert set(read) <= set(program.plan.rows)


@pytest.mark.parametrize(("size", "kernels"), [(3, 2), (2**16, 1)])
def test_kernels_of_large_arrays_are_longer(size, kernels):
    """A program of a thousand lines is cut where arrays are small, and not where what lies between would go through memory."""

    def chain(x):
        for place in range(500):
            x = np.sin(x) + place
        return x

    plan = Program(dualad.record(chain)(np.zeros(size))).plan
    assert len({plan.stage[line] for line in plan.live if plan.roles[line] == "loop"}) == kernels
