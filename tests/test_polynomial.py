"""Polynomials where it is difficult: multiple roots, zeros in front, np.poly1d; and numpy.polynomial."""

from __future__ import annotations

import numpy as np
import pytest
from test_linalg import difference

from dualad import errors, jacfwd, jvp

RNG = np.random.default_rng(12)
COMPLEX = RNG.normal(size=5) + 1j * RNG.normal(size=5)
REAL = np.array([1.0, 0.5, -3.0, 2.0, 4.0])  # complex roots too


@pytest.mark.parametrize("p", [REAL, COMPLEX])
@pytest.mark.parametrize(
    "f",
    [
        np.roots,
        lambda p: np.poly(np.roots(p)),
        lambda p: np.polyval(p, p[:2]),
        lambda p: np.polydiv(p, p[1:4] * 2.0)[1],
        lambda p: np.polyfit(np.array([0.0, 0.5, 1.0, 2.0, 4.0]), p, 2),
        np.vander,
    ],
)
def test_derivatives_by_differences(f, p):
    """Three orders, real and complex coefficients with complex roots."""
    v = RNG.normal(size=5) + (1j * RNG.normal(size=5) if np.iscomplexobj(p) else 0.0)
    for _ in range(3):
        slope = lambda x, f=f: jvp(f, (x,), (v,))[1]
        np.testing.assert_allclose(slope(p), difference(f, p, v), rtol=1e-7, atol=1e-7)
        f = slope


def test_roots_at_the_origin_and_zeros_in_front():
    """A root at 0 moves as its two last coefficients say; the root that leading zeros leave out is at infinity."""
    p = np.array([0.0, 0.0, 1.0, -3.0, 2.0, 0.0])
    moved = jacfwd(np.roots)(p)
    expected = -(np.roots(p)[:, None] ** np.arange(5, -1, -1)) / np.polyval(np.polyder(p), np.roots(p))[:, None]
    np.testing.assert_allclose(moved, expected, rtol=1e-12)
    np.testing.assert_array_equal(moved[2], [0.0, 0.0, 0.0, 0.0, 0.0, -0.5])
    assert jacfwd(np.roots)(np.zeros(3)).shape == (0, 3)


def test_a_multiple_root_has_no_derivative():
    """It splits like a square root."""
    assert not np.any(np.isfinite(jvp(np.roots, (np.array([1.0, -2.0, 1.0]),), (np.ones(3),))[1]))


def test_the_characteristic_polynomial_of_equal_eigenvalues():
    """Of the identity det(t - A) has derivatives although its eigenvectors have none."""
    direction = RNG.normal(size=(3, 3))
    second = np.trace(direction) ** 2 - np.trace(direction @ direction)
    slope = lambda a: jvp(np.poly, (a,), (direction,))[1]
    np.testing.assert_allclose(slope(np.eye(3)), np.trace(direction) * np.array([0.0, -1.0, 2.0, -1.0]), rtol=1e-13)
    curvature = jvp(slope, (np.eye(3),), (direction,))[1]
    np.testing.assert_allclose(curvature, second * np.array([0.0, 0.0, 1.0, -1.0]), rtol=1e-13)


def test_products_drop_zeros_in_front_as_numpy_does():
    """The coefficients that are left have their derivatives, also by what was dropped."""
    value, slope = jvp(np.polymul, (np.array([0.0, 1.0]), np.array([1.0, 2.0])), (np.ones(2), np.ones(2)))
    np.testing.assert_array_equal(value, [1.0, 2.0])
    np.testing.assert_array_equal(slope, [4.0, 3.0])


def test_poly1d():
    """np.poly1d holds dual coefficients: values, arithmetic, derivative, integral, roots."""
    p, v = np.array([1.0, 5.0, 3.0]), np.array([0.5, -1.0, 2.0])
    for f in (
        lambda c: np.poly1d(c)(c[0]),
        lambda c: (np.poly1d(c) * np.poly1d(c[1:]) + 3.0 - np.poly1d(c))(2.0),
        lambda c: (np.poly1d(c) ** 3).deriv().integ(k=2.0)(c[1]),
        lambda c: np.poly1d(c).roots,
        lambda c: np.poly1d(c, True)(0.5),
        np.poly1d([1.0, 2.0]),
    ):
        np.testing.assert_allclose(jvp(f, (p,), (v,))[1], difference(f, p, v), rtol=1e-9)


@pytest.mark.parametrize(
    "f",
    [
        lambda c: np.polyval(c, np.poly1d([1.0, 2.0])),
        lambda c: np.polymul(np.poly1d([1.0, 2.0]), c),
        lambda c: np.polyadd(c, np.poly1d([1.0, 2.0])),
        lambda c: np.polysub(np.poly1d([1.0, 2.0]), c),
        lambda c: np.polydiv(c, np.poly1d([1.0, 2.0])),
        lambda c: np.poly1d(c) / np.poly1d(c[:2]),
    ],
)
def test_poly1d_that_would_lose_tangents(f):
    """What NumPy would answer with plain coefficients raises."""
    with pytest.raises(errors.TangentLossError):
        jvp(f, (np.ones(3),), (np.ones(3),))


FAMILIES = ["polyval", "chebval", "legval", "hermval", "hermeval", "lagval"]


@pytest.mark.parametrize("name", FAMILIES)
def test_series_at_points_that_vary(name):
    """The series of numpy.polynomial are arithmetic in the point."""
    modules = (np.polynomial.polynomial, np.polynomial.chebyshev, np.polynomial.legendre)
    modules += (np.polynomial.hermite, np.polynomial.hermite_e, np.polynomial.laguerre)
    f = getattr(modules[FAMILIES.index(name)], name)
    x, v, c = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=5)
    np.testing.assert_allclose(jvp(lambda x: f(x, c), (x,), (v,))[1], difference(lambda x: f(x, c), x, v), rtol=1e-9)


@pytest.mark.parametrize("deg", [1, 2])
def test_fits_warn_once(deg):
    """A fit of low rank warns as NumPy's, once, and is the fit of least norm."""
    x = np.array([1.0, 1.0, 1.0])
    with pytest.warns(np.exceptions.RankWarning) as caught:
        jvp(lambda y: np.polyfit(x, y, deg), (np.ones(3),), (np.ones(3),))
    assert len(caught) == 1
