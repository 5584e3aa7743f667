"""Compiled functions: what a call finds, and what it gives, beside the numbers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import dualad
from dualad import jit, record
from dualad.errors import CompilationWarning


@pytest.fixture(autouse=True, scope="module")
def _kernels_of_the_tests(tmp_path_factory):
    """Kernels go to a directory of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALAD_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield


def test_answers_share_no_memory_that_nobody_shared():
    """A copy is one, also where loops need none; products of transposes are arrays of their own."""

    def several(x):
        return (
            x.copy(),
            np.sin(x),
            np.sin(x).copy(),
            np.reshape(+x, (2, 8)),
            x @ x.T * 1.0,
            x @ (x * 2.0).T,
            (x * 2.0) @ x.T,
            x[1:],
        )

    compiled = jit(several)
    x = np.random.default_rng(1).standard_normal((4, 4))
    for _ in range(3):
        answers = compiled(x)
        np.testing.assert_allclose(answers[5], several(x)[5], rtol=1e-13)
        for place, each in enumerate(answers[:-1]):
            assert not any(np.shares_memory(each, other) for other in (x, *answers[:place]))
        assert np.shares_memory(answers[-1], x)


def test_a_shortcut_is_for_one_kind():
    """What comes after calls of one kind, of other shapes, dtypes, classes and numbers, or when a name is bound anew."""
    scale = 2.0

    def scaled(x, a):
        return x * a * scale

    compiled = jit(scaled)
    x = np.arange(3.0)
    for _ in range(3):
        for args in ((x, 2.0), (x, np.float64(2.0)), (x.astype(np.float32), 2.0), (x[:2], 2.0), (x, 2), (x[:, None], x)):
            for _ in range(2):
                got, want = compiled(*args), scaled(*args)
                assert got.dtype == want.dtype
                np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(compiled(np.zeros((2, 3))[:, ::2].T, 1.0), np.zeros((2, 2)))
    before = compiled.cache_info()
    assert (before.misses, before.hits) == (before.programs, 36 + 1 - before.programs)
    scale = 3.0
    np.testing.assert_array_equal(compiled(x, 2.0), x * 6.0)
    with pytest.raises(TypeError):
        compiled(x)
    compiled.clear_cache()
    assert compiled.cache_info().programs == 0
    np.testing.assert_array_equal(compiled(x, 2.0), x * 6.0)


def test_a_value_that_tangents_do_not_need():
    """It is computed only when a tangent is nan: then the value decides whether that stands for something unknown."""
    w = np.random.default_rng(2).standard_normal((40, 50))

    def total(x):
        return np.sum((w @ x) @ x.T)

    compiled = jit(dualad.grad(total))
    x = np.random.default_rng(3).standard_normal((50, 50))
    np.testing.assert_allclose(compiled(x), dualad.grad(total)(x), rtol=1e-12)
    x[3, 4] = np.nan
    for _ in range(2):
        np.testing.assert_array_equal(np.isnan(compiled(x)), np.isnan(dualad.grad(total)(x)))
    assert compiled.cache_info().programs == 1


def test_integers_that_are_differentiated():
    """They vary, as floats do, and have the same program; others are part of it."""
    compiled = jit(dualad.jacfwd(lambda a: a * a))
    assert [compiled(2), compiled(3), compiled(2.5)] == [4.0, 6.0, 5.0]
    assert compiled.cache_info() == (2, 1, 0, 1)
    power = dualad.grad(lambda p, n: p["a"] ** n + p["b"][0])
    compiled = jit(power)
    for p, n in (({"a": 2, "b": [3]}, 2), ({"a": 5, "b": [1]}, 2), ({"a": 5, "b": [1]}, 3)):
        assert compiled(p, n) == power(p, n)
    assert compiled.cache_info() == (1, 2, 0, 2)
    with pytest.raises(dualad.errors.NotDifferentiable, match="grad"):
        jit(dualad.grad(lambda p, n: p, argnums=1))(2, "text")


def test_values_beside_derivatives_are_of_numpy():
    """The value that a transform of Python's floats gives is no weak number, recorded or not."""

    def f(x, a):
        value, slope = dualad.value_and_grad(lambda a: 3.0 * a)(a)
        return x * value, x * slope, value

    x = np.ones(3, np.float32)
    for got, wanted in zip(jit(f)(x, 2.0), f(x, 2.0), strict=True):
        assert type(got) is type(wanted)
        assert got.dtype == wanted.dtype


def test_what_is_computed_twice():
    """Two arrays that are the same calls are two arrays; one that is returned twice is one."""
    x = np.array([0.3, 1.2])
    cases = [
        (lambda x: (x * 2.0, x * 2.0), False),
        (lambda x: (np.sin(x), np.sin(x).reshape(1, -1)), False),
        (lambda x: 2 * (x * 2.0,), True),
        (lambda x: (x, x[::-1]), True),
    ]
    for f, shared in cases:
        for compiled in (jit(f), record(f)(x)):
            one, other = compiled(x)
            np.testing.assert_allclose(one, f(x)[0], rtol=1e-15)
            np.testing.assert_allclose(other, f(x)[1], rtol=1e-15)
            assert np.may_share_memory(one, other) is shared


def test_it_is_what_it_seems():
    """Functions that ask for the class of what they are given, or return text made of it, give what they give without `jit`."""
    functions = [
        lambda x: x * 2.0 if isinstance(x, np.ndarray) else x * 3.0,
        lambda x: x * 2.0 if type(x) is np.ndarray else x * 3.0,
        lambda x: x * 2.0 if isinstance(x, float) else x * 3.0,
        lambda x: x * 2.0 if isinstance(np.sum(x), float) else x * 3.0,
        lambda x: f"{np.sum(x):.3f}",
        lambda x: (str(x * 2.0), x),
        lambda x: np.array2string(np.sin(x)),
    ]
    for f in functions:
        for x in (np.array([0.5, 2.0]), 0.5, np.float64(0.5)):
            compiled = jit(f)
            for each in (x, 2.0 * x, x):
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", CompilationWarning)
                    got = compiled(each)
                assert str(got) == str(f(each))
