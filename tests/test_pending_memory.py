"""What is held while chains of operations are fused (`pending`): as little as their kernels need."""

import gc
import tracemalloc

import numpy as np
import pytest
from problem_curves import black_scholes, black_scholes_arguments, black_scholes_greeks, two_peaks, two_peaks_arguments

import dualad
from dualad import heat, simd
from dualad.dual import PendingArray

pytestmark = pytest.mark.skipif(not simd.VECTORISED, reason="chains are fused where the machine's functions are wide")

X = np.linspace(0.5, 2.0, 7)


@pytest.fixture(autouse=True)
def hot(monkeypatch):
    """Every function is hot at its second run."""
    monkeypatch.setattr(heat, "START", -1.0)
    monkeypatch.setattr(heat, "EACH", -1.0)


@pytest.mark.parametrize(
    ("function", "args", "options", "most"),
    [
        (two_peaks, two_peaks_arguments(100_000), {}, 3.0),
        (black_scholes, black_scholes_arguments(50_000), {"argnums": (0, 1, 2, 3, 4), "batch_ndim": 1}, 5.0),
    ],
    ids=["two peaks", "options"],
)
def test_memory(function, args, options, most):
    """What is held beside the result: the values that derivatives need and that are not quicker computed anew."""

    def f(*args):  # of this test alone: nobody else has run it
        return function(*args)

    jacobian = dualad.jacfwd(f, **options)
    for _ in range(2):
        jacobian(*args)
    gc.collect()
    tracemalloc.start()
    result = jacobian(*args)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < most * sum(each.nbytes for each in np.atleast_1d(result))
    if function is black_scholes:
        for got, wanted in zip(result, black_scholes_greeks(*args), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_memory_of_loops():
    """Chains that are cut let go of what they held."""
    x = np.linspace(0.0, 1.0, 20_000)
    peaks = []
    for steps in (100, 800):

        def f(p, steps=steps):
            y = p[0] * x
            for _ in range(steps):
                y = np.sin(y) * p[1]
            return y

        jacobian = dualad.jacfwd(f)
        for _ in range(2):
            jacobian(np.ones(8))
        gc.collect()
        tracemalloc.start()
        jacobian(np.ones(8))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_light_steps():
    """What is light is computed by kernels as NumPy does: a chain without any other function keeps no value."""
    held = []

    def f(p):
        y = p[0] * X - 1.0
        y = y / (p[1] + 2.0 + y) + np.sqrt(np.abs(y) + 1.0)
        y = np.where(y > 0.5, y**2, -y)
        if y.__class__ is PendingArray:
            held.extend(step[4] for step in y._label[0].steps)
        return y * y

    jacobian = dualad.jacfwd(f)
    np.testing.assert_allclose(jacobian(np.array([0.3, 0.7])), jacobian(np.array([0.3, 0.7])), rtol=1e-12)
    assert len(held) > 8
    assert [each is None for each in held] == [False] + [True] * (len(held) - 1)  # the first is a product with a plain array
