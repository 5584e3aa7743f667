"""Arrays that are written into step by step: one array in memory where nothing needs what was there, else copies."""

from __future__ import annotations

import numpy as np
import pytest
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

import dualad
from dualad import jacfwd, jit

X = np.array([0.3, 1.2, 2.1])


def recurrence(x):
    y = np.zeros_like(x, shape=(40,))
    y[0] = x[0]
    for k in range(1, 40):
        y[k] = 0.9 * y[k - 1] + x[k % 3]
    return y


def thomas(x):
    """Elimination and substitution in two arrays."""
    a, b = np.zeros_like(x, shape=(20,)), np.zeros_like(x, shape=(20,))
    a[0], b[0] = 0.25, x[0] / 4.0
    for k in range(1, 20):
        pivot = 4.0 - a[k - 1]
        a[k], b[k] = 1.0 / pivot, (x[k % 3] + b[k - 1]) / pivot
    for k in range(18, -1, -1):
        b[k] += a[k] * b[k + 1]
    return b


def kept(x):
    """An older state is read after the write, is an answer, is read by a step of NumPy, or by the write itself."""
    y = np.concatenate([x, 2.0 * x])
    y[0] = x[1]
    before = y * 1.0
    old = np.cumsum(y)
    y[1] = x[2]
    view = y[1:]
    y[2] = view[0] + y[0]
    y[1:] = y[:-1]
    y[::2] = y[::-2]
    first = np.sum(y)
    y[3] = first
    return before, old, view * 2.0, y, np.sum(y)


def long(x):
    """Loops over many points, some of which wait for others."""
    y = np.concatenate([x, x])
    a = np.outer(x[:2], y)
    y[5] = 1.0
    b = np.exp(y) * a
    y[10:300] = b[0, 20:310]
    c = y[::-1] * b
    y[:] = c[1]
    y[7] = np.sum(c)
    return a, b, c, y


@pytest.mark.parametrize("f", [recurrence, thomas, kept], ids=lambda f: f.__name__)
@pytest.mark.parametrize("transform", [lambda f: f, jacfwd, lambda f: dualad.hessian(lambda x: np.sum(f(x)[-1]))])
def test_short(f, transform):
    """Values and derivatives, for other arguments too."""
    compiled = jit(transform(f))
    for x in (X, 1.5 * X):
        for got, wanted in zip(dualad.trees.flatten(compiled(x))[0], dualad.trees.flatten(transform(f)(x))[0], strict=True):
            check(got, wanted, 1e-12)


def test_long():
    """The same where loops run in blocks."""
    x = np.random.default_rng(1).random(400)
    for function in (long, lambda x: dualad.jvp(long, (x,), (x[::-1].copy(),))):
        compiled = jit(function)
        check(compiled(x), function(x), 1e-12)


def test_memory():
    """A recurrence has one array, however long it is, and no loop."""
    compiled = jit(recurrence)
    compiled(X)
    assert compiled.source.count("= empty(") + compiled.source.count("np.empty(") == 1
    assert compiled.source.count("    for i in") <= 1


@pytest.mark.parametrize("f", [recurrence, thomas, kept, long], ids=lambda f: f.__name__)
@pytest.mark.parametrize("transform", [lambda f: f, jacfwd], ids=["value", "jacobian"])
def test_between_kernels(f, transform, monkeypatch):
    """Cut into kernels of a few lines, with small values for later ones in one array."""
    monkeypatch.setattr(dualad.planning, "MANY", 5)
    monkeypatch.setattr(dualad.placing, "SEVERAL", 2)
    x = np.random.default_rng(1).random(330)[: 330 if f is long and transform is not jacfwd else 3]
    if f is long and transform is jacfwd:
        pytest.skip("a large Jacobian")
    compiled = jit(transform(f))
    for got, wanted in zip(dualad.trees.flatten(compiled(x))[0], dualad.trees.flatten(transform(f)(x))[0], strict=True):
        check(got, wanted, 1e-12)
    if transform is not jacfwd:  # the derivative of a recurrence is a constant
        assert compiled.source.count("\ndef kernel_") > 1
        assert f in (kept, long) or "for later kernels" in compiled.source


def test_few_parameters():
    """What many lines hand to later kernels is one array."""

    def f(x):
        y, found = x[0], []
        for k in range(900):
            y = 0.9 * y + x[k % 3]
            found.append(y)
        return np.stack(found)

    compiled = jit(f)
    check(compiled(X), f(X), 1e-12)
    heads = [line for line in compiled.source.splitlines() if line.startswith("def kernel_")]
    assert len(heads) > 1
    assert all(head.count(",") < 10 for head in heads)
