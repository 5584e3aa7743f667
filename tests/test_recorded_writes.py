"""Derivatives of functions that write through views, recorded: tangents are seen by all views, also where they were zeros."""

from __future__ import annotations

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

import dualad
from dualad import jacfwd, jit, record

X = np.array([0.7, 1.3, 0.4])


def transposed(x):
    z = np.zeros_like(x, shape=(3, 2))
    z.T[0] = x
    z.T[1] = x * x
    return z


def columns(x):
    z = np.zeros_like(x, shape=(3, 2))
    z[:, 0] = x
    z[:, 1] = x * x
    return z


def held(x):
    z = np.zeros_like(x, shape=(2, 3))
    v, w = z.T, z[1]
    v[:, 0] = x
    w[:] = x * x
    v[1] += x[0] * x[1]
    return z * 1.0


def reshaped(x):
    z = np.zeros_like(x, shape=(2, 3))
    v = z.reshape(3, 2)
    v[:, 0] = x
    z[1] = x * x
    return z * v.T


def strided(x):
    z = np.zeros_like(x, shape=(6,))
    z[::2] = x
    z[::-1][:3] *= 2.0
    z[0] += x[0] * x[1]
    return z


@pytest.mark.parametrize("f", [transposed, columns, held, reshaped, strided], ids=lambda f: f.__name__)
@pytest.mark.parametrize("transform", [jacfwd, lambda f: jacfwd(jacfwd(f)), dualad.jacrev], ids=["first", "second", "reverse"])
def test_writes_through_views(f, transform):
    """The graph and the program give what the function gives, for other arguments too."""
    graph, compiled = record(transform(f))(X), jit(transform(f))
    for x in (X, X[::-1].copy()):
        check(graph(x), transform(f)(x), 1e-14)
        check(compiled(x), transform(f)(x), 1e-14)
