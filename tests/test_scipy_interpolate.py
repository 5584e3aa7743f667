"""dualad.scipy.interpolate: curves and tables by their places, their samples and where the samples are."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value, stepped_in

from dualad import errors, grad, jacfwd

interpolate = pytest.importorskip("dualad.scipy.interpolate")
theirs = pytest.importorskip("scipy.interpolate")
linalg = pytest.importorskip("scipy.sparse.linalg")

RNG = np.random.default_rng(17)
X = np.cumsum(RNG.random(7) + 0.5)
Y, WIDE = RNG.normal(size=7), RNG.normal(size=(7, 2))
AT = X[:-1] + 0.3
GRID = [np.cumsum(RNG.random(n) + 0.5) for n in (6, 7, 8)]
VALUES, DEEP = RNG.normal(size=(6, 7)), RNG.normal(size=(6, 7, 8, 2))
POINTS = np.stack([each[1:5] + (each[2:6] - each[1:5]) * [0.2, 0.3, 0.7, 0.8] for each in GRID], axis=1)
CLOUD = RNG.random((12, 2))
KNOTS = np.array([0.0, 0.7, 1.5, 2.5, 4.0])


def clamped(t):
    """Knots with equal ones at the ends."""
    return np.concatenate([np.repeat(t[:1], 3), t, np.repeat(t[-1:], 3)])


SAMPLES = {  # name: a function of a module, places and samples
    "CubicSpline": lambda m, x, y: m.CubicSpline(x, y),
    "natural": lambda m, x, y: m.CubicSpline(x, y, bc_type="natural"),
    "clamped at one end": lambda m, x, y: m.CubicSpline(x, y, bc_type=("clamped", "not-a-knot")),
    "of given slopes": lambda m, x, y: m.CubicSpline(x, y, bc_type=((1, 0.5 + 0.0 * np.ones(y.shape[1:])), "natural")),
    "periodic": lambda m, x, y: m.CubicSpline(x, np.concatenate([y[:-1], y[:1]]), bc_type="periodic"),
    "PchipInterpolator": lambda m, x, y: m.PchipInterpolator(x, y),
    "Akima1DInterpolator": lambda m, x, y: m.Akima1DInterpolator(x, y),
    "makima": lambda m, x, y: m.Akima1DInterpolator(x, y, method="makima"),
    "CubicHermiteSpline": lambda m, x, y: m.CubicHermiteSpline(x, y, np.sin(y)),
    "make_interp_spline": lambda m, x, y: m.make_interp_spline(x, y),
    "quadratic": lambda m, x, y: m.make_interp_spline(x, y, 2),
    "fifth degree": lambda m, x, y: m.make_interp_spline(x, y, 5),
    **{f"interp1d-{kind}": lambda m, x, y, kind=kind: m.interp1d(x, y, kind, axis=0)
       for kind in ("linear", "slinear", "quadratic", "cubic", "nearest", "nearest-up", "previous", "next", "zero")},
    "extrapolated": lambda m, x, y: m.interp1d(x, y, axis=0, fill_value="extrapolate"),
}  # fmt: skip
FLAT = {
    "InterpolatedUnivariateSpline": lambda m, x, y: m.InterpolatedUnivariateSpline(x, y),
    "UnivariateSpline": lambda m, x, y: m.UnivariateSpline(x, y, s=0, k=4),
    "splrep": lambda m, x, y: lambda at: m.splev(at, m.splrep(x, y), 1),
    "splrep of degree 2": lambda m, x, y: lambda at: m.splev(at, m.splrep(x, y, k=2)),
}


def every(case, second=True):
    assert_value(case)
    assert_first(case)
    if second:
        assert_second(case)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("y", [Y, WIDE], ids=["scalar", "vector"])
def test_by_places_and_samples(name, y):
    """By the place, by the samples, by where they are, and by all at once, twice."""
    make = SAMPLES[name]
    of = lambda m: lambda at, x, y: make(m, x, y)(at)
    every(Case(of(interpolate), of(theirs), (AT, X, y), rtol=1e-8))


@pytest.mark.parametrize("name", FLAT)
def test_by_places_and_samples_of_fitpack(name):
    """The same; FITPACK's samples are numbers."""
    of = lambda m: lambda at, x, y: FLAT[name](m, x, y)(at)
    case = Case(of(interpolate), of(theirs), (AT, X, Y), rtol=1e-8)
    assert_value(case)
    assert_first(case)
    assert_second(case)


BUILT = {
    "PPoly": lambda m: m.PPoly(RNG0.normal(size=(4, 6)), X),
    "BSpline": lambda m: m.BSpline(clamped(KNOTS), RNG0.normal(size=7), 3),
    "UnivariateSpline": lambda m: m.UnivariateSpline(X, Y, s=0.1),
    "LSQUnivariateSpline": lambda m: m.LSQUnivariateSpline(X, Y, [X[3]]),
    "BPoly": lambda m: m.BPoly(RNG0.normal(size=(3, 6)), X),
    **{name: (lambda m, name=name: SAMPLES[name](m, X, Y)) for name in SAMPLES},
}


@pytest.fixture(autouse=True)
def same_numbers():
    global RNG0  # noqa: PLW0603 - what is built shall have the same coefficients in both modules
    RNG0 = np.random.default_rng(3)


@pytest.mark.parametrize("name", [name for name in BUILT if name != "BPoly"])
@pytest.mark.parametrize("shape", [(), (6,), (2, 3)])
def test_objects_built_beforehand(name, shape):
    """SciPy's own objects of plain numbers, called with duals while methods are exchanged."""
    curve = BUILT[name](theirs)
    at = AT[0] if shape == () else AT.reshape(shape)
    with stepped_in():
        every(Case(curve, curve, (at,), rtol=1e-8))


def test_objects_built_of_duals_while_methods_are_exchanged():
    """They are of SciPy's class."""
    with stepped_in():

        def f(y):
            curve = theirs.CubicSpline(X, y)
            assert type(curve) is theirs.CubicSpline
            return curve(AT) + curve.derivative()(AT) + curve.antiderivative()(AT) + curve.integrate(AT[0], AT[2])

        found = jacfwd(f)(Y)
    linear = np.stack([f(each) for each in np.eye(7)], axis=1)
    np.testing.assert_allclose(found, linear, rtol=1e-10, atol=1e-12)
    assert "__call__" not in vars(theirs.PPoly)


def test_coefficients_and_breakpoints():
    """Of polynomials and of B-splines, knots too."""
    c = RNG.normal(size=(4, 6))
    of = lambda m: lambda at, c, x: m.PPoly(c, x)(at)
    every(Case(of(interpolate), of(theirs), (AT, c, X)))
    of = lambda m: lambda at, t, c: m.BSpline(clamped(t), c, 3)(at)
    at, coefficients = np.array([0.3, 1.7, 3.9]), RNG.normal(size=7)
    every(Case(of(interpolate), of(theirs), (at, KNOTS, coefficients)))
    of = lambda m: lambda at, t, c: m.BSpline(clamped(t), c, 3)(at, 2)
    every(Case(of(interpolate), of(theirs), (at, KNOTS, coefficients)))
    for mode in (0, 1, 3):
        of = lambda m: lambda at, t, c: m.splev(at, (clamped(t), c, 3), 0, mode)
        every(Case(of(interpolate), of(theirs), (np.array([-0.5, 0.3, 1.7, 4.5]), KNOTS, coefficients)))


def test_beyond_the_ends():
    """Constants where a table ends, nan where a curve does, the next period of a periodic one."""
    at = np.array([X[0] - 1.0, X[2] + 0.1, X[-1] + 1.0])
    for make in (
        lambda m, x, y: m.interp1d(x, y, bounds_error=False, fill_value=(1.0, 2.0)),
        lambda m, x, y: m.interp1d(x, y, bounds_error=False, fill_value=(y[1], 2.0 * y[-1])),
        lambda m, x, y: m.interp1d(X, Y, bounds_error=False, fill_value=y[1]),
        lambda m, x, y: m.CubicSpline(x, y, extrapolate=False),
        lambda m, x, y: m.CubicSpline(x, np.concatenate([y[:-1], y[:1]]), bc_type="periodic"),
        lambda m, x, y: m.InterpolatedUnivariateSpline(x, y, ext=3),
        lambda m, x, y: m.InterpolatedUnivariateSpline(x, y, ext="zeros"),
    ):
        of = lambda m, make=make: lambda at, x, y: make(m, x, y)(at)
        every(Case(of(interpolate), of(theirs), (at, X, Y), rtol=1e-7))
    with pytest.raises(ValueError, match="interpolation range"):
        jacfwd(interpolate.interp1d(X, Y))(at)


def test_integrals():
    """By the ends, and by the samples."""
    for make in (lambda m, y: m.CubicSpline(X, y), lambda m, y: m.PchipInterpolator(X, y)):
        of = lambda m, make=make: lambda a, b, y: make(m, y).integrate(a, b)
        case = Case(of(interpolate), of(theirs), (X[0] + 0.1, X[4] + 0.1, Y), rtol=1e-8)
        assert_first(case)
        assert_second(case)
    of = lambda m: lambda a, b: m.UnivariateSpline(X, Y, s=0).integral(a, b)
    assert_first(Case(of(interpolate), of(theirs), (X[0] + 0.1, X[4])))


@pytest.mark.parametrize("method", ["linear", "nearest", "slinear", "cubic", "quintic"])
def test_regular_grids(method):
    """Of two and three dimensions, by the places and by the values."""
    two = GRID[:2] if method != "quintic" else [GRID[1], GRID[2]]
    values = VALUES if method != "quintic" else RNG.normal(size=(7, 8))
    for grid, numbers, at in ((two, values, POINTS[:, 1:] if method == "quintic" else POINTS[:, :2]), (GRID, DEEP, POINTS)):
        if method == "quintic" and grid is GRID:
            continue
        of = lambda m: lambda at, v: m.RegularGridInterpolator(grid, v, method)(at)
        assert_value(Case(of(interpolate), of(theirs), (at, numbers)))
        exact = {} if method in ("linear", "nearest") else {"solver": linalg.spsolve}  # by default SciPy stops early
        solved = lambda at, v: theirs.RegularGridInterpolator(grid, v, method, **exact)(at)
        case = Case(of(interpolate), solved, (at, numbers), rtol=1e-8)
        assert_first(case)
        assert_second(case)


def test_interpn():
    """The same by SciPy's function."""
    of = lambda m: lambda at, v: m.interpn(GRID[:2], v, at)
    every(Case(of(interpolate), of(theirs), (POINTS[:, :2], VALUES)))


def test_regular_grids_beyond_their_ends():
    """A constant, or the last cell goes on; a falling axis counts as a rising one; one point is a row."""
    outside = np.array([[0.0, 2.0], [2.0, 3.0]])
    for fill in (3.0, None):
        of = lambda m, fill=fill: lambda at, v: m.RegularGridInterpolator(GRID[:2], v, bounds_error=False, fill_value=fill)(at)
        every(Case(of(interpolate), of(theirs), (outside, VALUES)))
    of = lambda m: lambda at, v: m.RegularGridInterpolator((GRID[0][::-1], GRID[1]), v)((at[0], at[1]))
    every(Case(of(interpolate), of(theirs), (POINTS[0, :2], VALUES)))


def test_surfaces():
    """By the places, on a grid of them and point by point."""
    surface = interpolate.RectBivariateSpline(*GRID[:2], VALUES)
    plain = theirs.RectBivariateSpline(*GRID[:2], VALUES)
    u, v = np.sort(POINTS[:, 0]), np.sort(POINTS[:, 1])
    every(Case(surface, plain, (u, v)))
    every(Case(surface.ev, plain.ev, (POINTS[:, 0], POINTS[:, 1])))
    with pytest.raises(errors.NoRule, match="by its samples"):
        jacfwd(lambda z: interpolate.RectBivariateSpline(*GRID[:2], z)(u, v))(VALUES)


def test_scattered_points():
    """In triangles, and by radial functions."""
    values, inside = RNG.normal(size=12), np.array([[0.4, 0.5], [0.6, 0.4]])
    of = lambda m: m.LinearNDInterpolator(CLOUD, values)
    every(Case(of(interpolate), of(theirs), (inside,)))
    every(Case(of(interpolate), of(theirs), (inside[0],)))
    of = lambda m: m.LinearNDInterpolator(CLOUD, values)
    every(Case(of(interpolate), of(theirs), (0.4, 0.5)))
    with stepped_in():
        griddata = lambda x: theirs.griddata(CLOUD, values, (x[0], x[1]))
        np.testing.assert_allclose(jacfwd(griddata)(inside[0]), jacfwd(of(interpolate), (0, 1))(*inside[0]))
    kernels = ("thin_plate_spline", "linear", "cubic", "quintic", "multiquadric", "inverse_multiquadric",
               "inverse_quadratic", "gaussian")  # fmt: skip
    for kernel in kernels:
        of = lambda m, kernel=kernel: m.RBFInterpolator(CLOUD, values, kernel=kernel, epsilon=1.5)
        every(Case(of(interpolate), of(theirs), (inside,), rtol=1e-7))


def test_refusals_by_name():
    """What has no rule says so."""
    with pytest.raises(errors.NoRule, match="solve, roots or extend of a"):
        jacfwd(lambda y: interpolate.CubicSpline(X, y).roots())(Y)
    with pytest.raises(errors.NoRule, match="without smoothing"):
        jacfwd(lambda y: interpolate.UnivariateSpline(X, y)(AT))(Y)
    with pytest.raises(errors.NoRule, match="without smoothing"):
        jacfwd(lambda y: interpolate.splrep(X, y, s=1.0)[1])(Y)
    with pytest.raises(errors.NoRule, match="with t or bc_type"):
        jacfwd(lambda x: interpolate.make_interp_spline(x, Y, bc_type="natural")(AT))(X)
    with pytest.raises(errors.NoRule, match="by its points"):
        jacfwd(lambda g: interpolate.RegularGridInterpolator((g, GRID[1]), VALUES)(POINTS[:, :2]))(GRID[0])
    assert interpolate.CubicSpline(X, Y).integrate(1.0, 2.0) == theirs.CubicSpline(X, Y).integrate(1.0, 2.0)


def test_objects_built_of_what_does_not_vary():
    """While stepping in the samples are of the ground: what has no derivative by its samples is not refused for that."""

    def f(x):
        places, values = np.linspace(0.0, 1.0, 6), np.zeros(6)
        values[2] = 1.0
        smooth = theirs.UnivariateSpline(places, values, s=0.1)
        table = theirs.RBFInterpolator(places[:, None], values)
        slope = theirs.BSpline(np.arange(8.0), np.array([1.0, 3.0, 2.0, 0.0]), 3).derivative()
        return smooth(x) + table(x[:, None]) + slope(x + 3.0)

    x = np.array([0.3, 0.6])
    h = 1e-6 * np.eye(2)
    np.testing.assert_allclose(jacfwd(f, drop_in=True)(x), np.transpose([f(x + d) - f(x - d) for d in h]) / 2e-6, rtol=1e-7)


def test_attributes_keep_tangents():
    """Coefficients are those of the samples."""
    found = jacfwd(lambda y: interpolate.CubicSpline(X, y).c[3])(Y)
    np.testing.assert_allclose(found, np.eye(7)[:-1], atol=1e-14)
    assert grad(lambda y: interpolate.interp1d(X, y).y[2])(Y)[2] == 1.0
