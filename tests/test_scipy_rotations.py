"""dualad.scipy.spatial.transform: rotations whose parameters vary."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, stepped_in

from dualad import errors, jacfwd

transform = pytest.importorskip("dualad.scipy.spatial.transform")
theirs = pytest.importorskip("scipy.spatial.transform")
dispatch = pytest.importorskip("dualad.scipy.dispatch")
pytestmark = pytest.mark.skipif(
    not dispatch.is_open(theirs.Rotation), reason="up to SciPy 1.16 Rotation is compiled, and refuses duals itself"
)

RNG = np.random.default_rng(31)
ONE, MANY = RNG.normal(size=3), RNG.normal(size=(4, 3))
POINTS = RNG.normal(size=(4, 3))
MAKE = {
    "rotvec": (lambda R, x: R.from_rotvec(x), (ONE, MANY)),
    "rotvec in degrees": (lambda R, x: R.from_rotvec(x, degrees=True), (50.0 * ONE,)),
    "small": (lambda R, x: R.from_rotvec(1e-3 * x), (ONE, MANY)),
    "quat": (lambda R, x: R.from_quat(x), (RNG.normal(size=4), RNG.normal(size=(3, 4)))),
    "scalar first": (lambda R, x: R.from_quat(x, scalar_first=True), (RNG.normal(size=4),)),
    "euler": (lambda R, x: R.from_euler("xyz", x), (ONE, MANY)),
    "Euler": (lambda R, x: R.from_euler("ZXZ", x), (ONE, MANY)),
    "one angle": (lambda R, x: R.from_euler("x", x, degrees=True), (30.0, np.array([[30.0], [60.0]]))),
    "matrix": (lambda R, x: R.from_matrix(x), (RNG.normal(size=(3, 3)) + 2.0 * np.eye(3),)),
}
ASK = {
    "as_matrix": lambda r: r.as_matrix(),
    "as_quat": lambda r: r.as_quat(),
    "canonical": lambda r: r.as_quat(canonical=True, scalar_first=True),
    "as_rotvec": lambda r: r.as_rotvec(),
    "magnitude": lambda r: r.magnitude(),
    "as_euler": lambda r: r.as_euler("xyz"),
    "as_euler, intrinsic": lambda r: r.as_euler("YXY", degrees=True),
    "apply": lambda r: r.apply(POINTS[0]),
    "apply inversely": lambda r: r.apply(POINTS[0], inverse=True),
    "inv": lambda r: r.inv().as_matrix(),
    "product": lambda r: (r * r).as_matrix(),
}


@pytest.mark.parametrize("ask", ASK)
@pytest.mark.parametrize("make", MAKE)
def test_rotations(make, ask):
    """Every way in, every way out, to second order."""
    way, points = MAKE[make]
    for point in points:
        of = lambda R: lambda x: ASK[ask](way(R, x))
        case = Case(of(transform.Rotation), of(theirs.Rotation), (point,), rtol=1e-8)
        np.testing.assert_allclose(case.ours(point), case.theirs(point), rtol=1e-13, atol=1e-14)
        assert_first(case)
        assert_second(case)


def test_no_rotation():
    """Nothing is lost at the angle 0."""
    turned = jacfwd(lambda v: transform.Rotation.from_rotvec(v).apply([1.0, 2.0, 3.0]))(np.zeros(3))
    np.testing.assert_allclose(turned, np.cross(np.eye(3), [1.0, 2.0, 3.0]).T, atol=1e-15)
    back = jacfwd(lambda v: transform.Rotation.from_rotvec(v).as_rotvec())(np.zeros(3))
    np.testing.assert_allclose(back, np.eye(3), atol=1e-15)


def test_vectors_that_vary_and_objects_built_beforehand():
    """A constant rotation of vectors, SciPy's own while methods are exchanged."""
    rotation = theirs.Rotation.from_rotvec(ONE)
    exact = rotation.as_matrix()
    np.testing.assert_allclose(jacfwd(transform.Rotation.from_rotvec(ONE).apply)(POINTS[0]), exact, rtol=1e-14)
    with stepped_in():
        np.testing.assert_allclose(jacfwd(rotation.apply)(POINTS[0]), exact, rtol=1e-14)
        found = jacfwd(lambda v: (theirs.Rotation.from_rotvec(v) * rotation).as_matrix())(ONE)
        assert found.shape == (3, 3, 3)
        assert isinstance(theirs.Rotation.from_rotvec(ONE), theirs.Rotation)
        with pytest.raises(errors.NoRule, match=r"Rotation\.from_mrp"):
            jacfwd(lambda v: theirs.Rotation.from_mrp(v).as_matrix())(ONE)
    with pytest.raises(errors.NoRule, match=r"Rotation\.mean"):
        jacfwd(lambda v: transform.Rotation.from_rotvec(v).mean().as_matrix())(MANY)
