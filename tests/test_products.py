"""Products of small matrices in compiled loops: every remainder of rows and vectors, views, vectors, both dtypes."""

from __future__ import annotations

import numpy as np
import pytest
from test_compile import check

import dualad
from dualad import jit

SIZES = [(2, 2, 2), (4, 4, 4), (1, 3, 5), (5, 3, 1), (3, 4, 7), (9, 17, 33), (30, 30, 30), (33, 2, 9), (70, 5, 2), (2, 6, 70)]


@pytest.fixture(autouse=True, scope="module")
def _kernels_of_the_tests(tmp_path_factory):
    """Kernels go to a directory of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUALAD_CACHE_DIR", str(tmp_path_factory.mktemp("kernels")))
        yield


def forms(a, b, v):
    """Products of inputs, of what loops compute, of views, of vectors, of stacks of one, and of products."""
    several = (a @ b, (a * 2.0) @ (b + 1.0) * 3.0, b.T @ a.T, np.dot(a[::-1], b[:, ::-1]), a[None] @ (b * 2.0)[None])
    return (*several, np.sin(a @ (v * 2.0)), v @ b, (a @ b).T @ (a @ b), np.ones_like(a) @ b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_products(sizes, dtype):
    """What NumPy gives."""
    rows, inner, columns = sizes
    rng = np.random.default_rng(7)
    args = [rng.standard_normal(shape).astype(dtype) for shape in ((rows, inner), (inner, columns), inner)]
    compiled = jit(forms)
    check(compiled(*args), forms(*args))
    assert compiled.source.count("product(") >= 6


@pytest.mark.parametrize("place", ["row", "column", "inner"])
def test_nan_stays_where_it_is(place):
    """What stands behind the ends of rows is no part of a sum, and infinities are multiplied like other numbers."""
    a, b = np.ones((3, 5)), np.ones((5, 3))
    (a if place != "column" else b)[(1, 2) if place == "row" else (2, 1)] = np.nan if place != "inner" else np.inf
    compiled = jit(lambda a, b: (a @ b) * 1.0)
    np.testing.assert_array_equal(compiled(a, b), a @ b)


def test_large_ones_are_left_to_blas():
    """Its call is short beside the work."""
    x = np.random.default_rng(2).standard_normal((90, 90))
    compiled = jit(lambda x: x @ x * 2.0)
    check(compiled(x), x @ x * 2.0)
    assert "product(" not in compiled.source


def test_derivatives():
    """A chain of products by both modes, with constant matrices between."""
    rng = np.random.default_rng(3)
    w, x = rng.standard_normal((6, 6)), rng.standard_normal(6)

    def chain(w, x):
        return np.sum(np.tanh(w @ np.tanh(w @ w.T @ x)) ** 2)

    for mode in ("forward", "reverse"):
        compiled = jit(dualad.grad(chain, (0, 1), mode=mode))
        check(compiled(w, x), dualad.grad(chain, (0, 1), mode="forward")(w, x))
