"""jit of a function whose way depends on values in too many ways: it runs as it is, and costs what it costs."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

from dualad import jacfwd, jit
from dualad.errors import CompilationWarning
from dualad.jit import AsItIs


def bisection(a):
    low, high = 0.0, 4.0
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle * middle < a else (low, middle)
    return low * a


def test_too_many_ways():
    """After a few ways the function runs as it is, with one warning, and the right answers; at last with nothing in between."""
    compiled = jit(bisection)
    values = [float(a) for a in np.linspace(1.0, 4.0, 60)]
    with pytest.warns(CompilationWarning, match="as it is") as told:
        answers = [compiled(a) for a in values]
    assert len(told) == 1
    np.testing.assert_array_equal(answers, [bisection(a) for a in values])
    assert compiled.cache_info().eager > 0
    assert type(compiled) is AsItIs
    assert compiled(np.float32(2.0)) == bisection(np.float32(2.0))
    check(jacfwd(compiled)(2.5), jacfwd(bisection)(2.5))
    assert compiled.into(np.empty(()), 2.5) == bisection(2.5)
    assert pickle.loads(pickle.dumps(compiled))(a=2.5) == bisection(2.5)
    assert type(pickle.loads(pickle.dumps(compiled))) is type(jit(bisection))
    compiled.clear_cache()
    assert compiled(2.5) == bisection(2.5)
    assert compiled.cache_info().programs == 1


def test_some_ways_too_many():
    """Where other arguments have programs, they keep them."""
    values = np.linspace(1.0, 4.0, 60)
    compiled = jit(lambda x, how: bisection(x) if how == "halves" else np.sqrt(x))
    with pytest.warns(CompilationWarning, match="as it is"):
        answers = [(compiled(a, "halves"), compiled(a, "root")) for a in values]
    assert answers == [(bisection(a), np.sqrt(a)) for a in values]
    assert compiled.cache_info().programs == 1
    assert compiled.cache_info().hits == 59
