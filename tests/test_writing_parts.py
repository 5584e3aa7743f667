"""Writes into real and imaginary parts, and into what np.astype gives without a copy, whichever way a function is run."""

import warnings
from itertools import pairwise

import numpy as np
import pytest

from dualad import errors, grad, hessian, jit, record

X = np.array([0.7, -1.3, 0.4])
WEIGHTS = np.array([1.0 + 2.0j, -0.5j, 3.0])


def imaginary(x, b):
    """Both parts, one of them through a view of a view."""
    b.imag[0] = x[0] ** 2
    b.real = x
    part = b[:2].imag
    part *= 3.0
    return np.sum(np.abs(b) ** 2 * x[1]) + part[0]


def transposed(x, b):
    """Parts of something transposed, by the functions."""
    c = np.reshape(b, (3, 1)).T
    np.imag(c)[0, 1:] = x[:2] * x[2]
    np.copyto(np.real(c)[0], x**3)
    return np.sum(np.real(b * b * WEIGHTS))


def uncopied(x, b):
    """The array itself."""
    c = np.astype(b, complex, copy=False)
    c[0] = x[0] * x[1]
    c[1:] += x[1:]
    return np.sum(np.real(b * b * WEIGHTS)) + np.sum(np.abs(c) ** 2)


def exact(f):
    """The gradient by extrapolated differences, which are exact for the polynomials here."""

    def slope(i):
        steps = [0.1 * 2.0**-k for k in range(4)]
        unit = np.eye(3)[i]
        table = [(f(X + h * unit, np.zeros(3, complex)) - f(X - h * unit, np.zeros(3, complex))) / (2 * h) for h in steps]
        for k in range(1, 4):
            table = [b + (b - a) / (4**k - 1) for a, b in pairwise(table)]
        return table[0]

    return np.array([slope(i) for i in range(3)])


WAYS = {
    "forward": lambda f: grad(f, mode="forward"),
    "reverse": lambda f: grad(f, mode="reverse"),
    "compiled": lambda f: jit(grad(f, mode="forward")),
    "compiled reverse": lambda f: jit(grad(f, mode="reverse")),
    "of compiled": lambda f: grad(jit(f), mode="reverse"),
    "recorded": lambda f: lambda x: record(grad(f, mode="reverse"))(2.0 * x)(x),
}


@pytest.mark.parametrize("made", [lambda x: np.zeros_like(x, complex), lambda x: np.zeros(3, complex)], ids=["like", "plain"])
@pytest.mark.parametrize("f", [imaginary, transposed, uncopied], ids=lambda f: f.__name__)
def test_parts(f, made):
    """Every way gives the same, whether the array was lifted from the start or is stepped in for."""

    def g(x):
        return f(x, made(x))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.DropInWarning)
        for name, way in WAYS.items():
            np.testing.assert_allclose(way(g)(X), exact(f), rtol=1e-10, err_msg=name)
        np.testing.assert_allclose(jit(g)(X), g(X), rtol=1e-14)
        np.testing.assert_allclose(hessian(g, mode="reverse")(X), hessian(g, mode="forward")(X), rtol=1e-12, atol=1e-12)


def test_parts_of_what_is_not_finite():
    """The other part stays what it is, however little there is to compute with."""

    def f(x):
        b = x * (1.0 + 0.0j)
        b.imag = np.inf
        b.real[1:] = x[1:] * 2.0
        return b

    value = jit(f)(X)
    np.testing.assert_array_equal(value.imag, np.inf)
    np.testing.assert_array_equal(value.real[1:], X[1:] * 2.0)
