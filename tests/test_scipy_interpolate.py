"""dualad.scipy.interpolate: curves by their places and by their samples."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

from dualad import errors, jacfwd

interpolate = pytest.importorskip("dualad.scipy.interpolate")
theirs = pytest.importorskip("scipy.interpolate")

RNG = np.random.default_rng(17)
X = np.cumsum(RNG.random(7) + 0.5)
Y = RNG.normal(size=7)
AT = X[:-1] + 0.3
CURVES = ["CubicSpline", "make_interp_spline", "PchipInterpolator", "Akima1DInterpolator"]


def every(case):
    assert_value(case)
    assert_first(case)
    assert_second(case)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("shape", [(), (6,), (2, 3)])
def test_by_the_places(name, shape):
    """The next derivative of the curve, of vectors of samples too."""
    at = AT[0] if shape == () else AT.reshape(shape)
    for y in (Y, RNG.normal(size=(7, 2))):
        of = lambda module, y=y: getattr(module, name)(X, y)
        every(Case(of(interpolate), of(theirs), (at,)))


@pytest.mark.parametrize("name", CURVES[:2])
def test_by_the_samples(name):
    """Linear in them, and by both at once."""
    for y in (Y, RNG.normal(size=(7, 2))):
        of = lambda module: lambda x, y: getattr(module, name)(X, y)(x)
        every(Case(of(interpolate), of(theirs), (AT, y)))
        of = lambda module: lambda x, y: getattr(module, name)(X, y, bc_type="natural")(x, 1)
        every(Case(of(interpolate), of(theirs), (AT, y)))


def test_refusals_by_name():
    """Places of samples, and curves that are not linear in theirs; what else a curve has is SciPy's."""
    with pytest.raises(errors.NoRule, match="by the places"):
        jacfwd(lambda x: interpolate.CubicSpline(x, Y)(AT))(X)
    with pytest.raises(errors.NoRule, match=r"PchipInterpolator.*by the samples"):
        jacfwd(lambda y: interpolate.PchipInterpolator(X, y)(AT))(Y)
    with pytest.raises(errors.NoRule, match="integrate of a curve"):
        jacfwd(lambda y: interpolate.CubicSpline(X, y).integrate(1.0, 2.0))(Y)
    assert interpolate.CubicSpline(X, Y).integrate(1.0, 2.0) == theirs.CubicSpline(X, Y).integrate(1.0, 2.0)
