"""jit, and what a function sees from outside: used, read and decided by."""

from __future__ import annotations

import numpy as np
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import jacfwd, jit

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
