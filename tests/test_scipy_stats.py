"""dualad.scipy.stats: every distribution that SciPy lists, by the argument, location, scale and shape parameters."""

import warnings

import mpmath
import numpy as np
import pytest
from mpmath import mp
from scipy_cases import Case, assert_first, assert_second, assert_value, difference, stepped_in

from dualad import derivative, errors, grad, hessian, jacfwd, jvp

stats = pytest.importorskip("dualad.scipy.stats")
theirs = pytest.importorskip("scipy.stats")
parameters = pytest.importorskip("scipy.stats._distr_params")

RNG = np.random.default_rng(29)
CONTINUOUS = [(name, args) for name, args in parameters.distcont if isinstance(name, str)]
DISCRETE = [(name, args) for name, args in parameters.distdiscrete if isinstance(name, str)]
NO_SLOPE = {"ksone", "kstwo", "levy_stable", "studentized_range"}  # of the density: it is compiled
COUNTS = NO_SLOPE | {"irwinhall"}  # no derivative by shape parameters
SLOW = {"levy_stable", "studentized_range"}  # in SciPy: one method is enough
FISHY = {"nchypergeom_fisher", "nchypergeom_wallenius", "zipfian"}  # compiled too
PLACE = (0.2, 1.3)
METHODS = ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf")
identity = lambda case: f"{case[0]}-{case[1]}".replace(" ", "")


def sized(name, args, q=(0.3, 0.6)):
    """Quantiles, and how far they may be moved without leaving the support or what the shape parameters allow."""
    dist = getattr(theirs, name)
    z = dist.ppf(np.array(q), *args, loc=PLACE[0], scale=PLACE[1])
    reach = np.min(np.abs(z - dist.ppf(np.array(q) - 0.1, *args, loc=PLACE[0], scale=PLACE[1])))
    return z, reach


@pytest.mark.parametrize("case", CONTINUOUS, ids=identity)
def test_continuous(case):
    """Values bit for bit; derivatives by x, location and scale against differences of SciPy's, good to about 1e-7."""
    name, args = case
    dist, ours = getattr(theirs, name), getattr(stats, name)
    z, reach = sized(name, args)
    names = [each for each in METHODS if name not in NO_SLOPE or "pdf" not in each]
    for method in names[:1] if name in SLOW else names:
        inverse = method in ("ppf", "isf")
        at, step = (np.array([0.3, 0.6]), 2e-2) if inverse else (z, 0.05 * reach)
        v = np.array([1.0, -0.7]) * step, 0.5 * reach * 0.05, 0.05 * reach * 0.3
        of = lambda d: lambda x, loc, scale: getattr(d, method)(x, *args, loc=loc, scale=scale)
        value, slope = jvp(of(ours), (at, *PLACE), v)
        np.testing.assert_array_equal(value, of(dist)(at, *PLACE))
        wanted = difference(lambda t: [of(dist)(*(a + t * d for a, d in zip((at, *PLACE), v, strict=True)))], 0.3)[0]
        np.testing.assert_allclose(slope, wanted, rtol=1e-6, atol=1e-7 * np.max(np.abs(wanted)) + 1e-12)


@pytest.mark.parametrize("case", [each for each in CONTINUOUS if each[1]], ids=identity)
def test_shape_parameters(case):
    """By all shape parameters at once, against differences of SciPy's; those that only count are refused by name."""
    name, args = case
    dist, ours = getattr(theirs, name), getattr(stats, name)
    z, _ = sized(name, args)
    args = tuple(map(float, args))
    room = [min(max(abs(a), 1e-2), 1.0 - a if 0.0 < a < 1.0 else 10.0) for a in args]
    v = tuple(1e-2 * (0.3 + 0.1 * i) * each for i, each in enumerate(room))
    if name == "kappa4" and 0.0 in args:
        pytest.skip("SciPy's own formula cancels beside 0: see test_limits_of_shape_parameters")
    if name == "erlang":
        pytest.skip("a gamma distribution that warns of shape parameters that are not whole")
    for method in METHODS[:1] if name in SLOW else METHODS:
        at = np.array([0.3, 0.6]) if method in ("ppf", "isf") else z
        of = lambda d: lambda *shapes: getattr(d, method)(at, *shapes, *PLACE)
        if name in COUNTS:
            with pytest.raises(errors.NoRule, match=rf"scipy\.stats\.{name}"):
                jvp(of(ours), args, v)
            continue
        slope = jvp(of(ours), args, v)[1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # SciPy wants whole numbers for some
            wanted = difference(lambda t: [of(dist)(*(a + t * d for a, d in zip(args, v, strict=True)))], 0.5)[0]
        np.testing.assert_allclose(slope, wanted, rtol=3e-6, atol=1e-7 * np.max(np.abs(wanted)) + 1e-12)


SECOND = ["norm", "t", "gamma", "beta", "lognorm", "weibull_min", "skewnorm", "genextreme", "norminvgauss", "pearson3", "nct"]


@pytest.mark.parametrize("name", SECOND)
def test_second_derivatives(name):
    """Of density, distribution function and quantile, by everything, against differences of the first."""
    args = dict(CONTINUOUS)[name]
    ours = getattr(stats, name)
    z, reach = sized(name, args)
    for method in ("logpdf", "cdf", "ppf"):
        at = z if method != "ppf" else np.array([0.3, 0.6])
        point = (at, *map(float, args), *PLACE)
        v = (np.array([0.3, -0.2]) * (reach if method != "ppf" else 0.1), *(0.02 * a for a in point[1:]))
        first = lambda *x: jvp(getattr(ours, method), x, v)[1]
        wanted = difference(lambda t: [first(*(a + t * d for a, d in zip(point, v, strict=True)))], 0.2)[0]
        found = jvp(first, point, v)[1]
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6 * np.max(np.abs(wanted)))


def landau(x):
    """The inverse of the characteristic function."""
    return mp.quad(lambda t: mp.exp(-t) * mp.cos(t * (x + 2 / mp.pi * mp.log(t))), [0, 1, 4, 80]) / mp.pi


EXACT = {
    "norm": ((), mp.npdf, mp.ncdf),
    "gamma": ((1.99,), lambda x, a: x ** (a - 1) * mp.exp(-x) / mp.gamma(a), lambda x, a: mp.gammainc(a, 0, x, True)),
    "beta": ((2.3, 0.6), lambda x, a, b: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b),
             lambda x, a, b: mp.betainc(a, b, 0, x, True)),
    "t": ((2.7,), lambda x, v: (1 + x * x / v) ** (-(v + 1) / 2) / (mp.sqrt(v) * mp.beta(v / 2, mp.mpf(1) / 2)), None),
    "weibull_min": ((1.8,), lambda x, c: c * x ** (c - 1) * mp.exp(-(x**c)), lambda x, c: -mp.expm1(-(x**c))),
    "lognorm": ((0.95,), lambda x, s: mp.npdf(mp.log(x) / s) / (s * x), lambda x, s: mp.ncdf(mp.log(x) / s)),
    "landau": ((), landau, None),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_exact_derivatives(name):
    """By the argument and every shape parameter, once and twice, against mpmath at 30 digits."""
    shapes, density, mass = EXACT[name]
    dist = getattr(stats, name)
    for x in (0.2, 0.7):
        for method, exact in (("pdf", density), ("cdf", mass)):
            if exact is None:
                continue
            for i in range(len(shapes) + 1):
                f = lambda v: getattr(dist, method)(*(v if j == i else w for j, w in enumerate((x, *shapes))))
                for order, rtol in ((1, 2e-9), (2, 1e-6)):
                    with mp.workdps(30):
                        point = [mpmath.mpf(w) for w in (x, *shapes)]
                        g = lambda v: exact(*(v if j == i else w for j, w in enumerate(point)))
                        wanted = float(mp.diff(g, point[i], order))
                    np.testing.assert_allclose(derivative(f, order=order)((x, *shapes)[i]), wanted, rtol=rtol)


LIMITS = {  # shape parameters at which SciPy's formula changes, and how they are approached
    "genextreme": ([0.0], [1.0]),
    "genpareto": ([0.0], [1.0]),
    "kappa4": ([0.0, 0.0], [1.0, 0.7]),
    "skewnorm": ([0.0], [1.0]),
    "pearson3": ([0.0], [1.0]),
    "triang": ([0.0], [1.0]),
    "triang ": ([1.0], [-1.0]),
    "ncx2": ([2.5, 0.0], [0.0, 1.0]),
    "tukeylambda": ([0.0], [1.0]),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_shape_parameters(name):
    """No derivative gets lost where a formula does: those beside such a place tend to the one at it."""
    at, way = LIMITS[name]
    dist = getattr(stats, name.strip())
    x = np.array([0.3, 0.6])
    for method in ("pdf", "logpdf", "cdf", "sf", "logcdf"):

        def slope(t):
            point = [a + t * w for a, w in zip(at, way, strict=True)]
            return jvp(lambda *s: getattr(dist, method)(x, *s), tuple(point), tuple(way))[1]

        both = name.strip() not in ("triang", "ncx2")
        wanted = 0.5 * (slope(1e-3) + slope(-1e-3)) if both else 2.0 * slope(1e-4) - slope(2e-4)
        np.testing.assert_allclose(slope(0.0), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", DISCRETE, ids=identity)
def test_discrete(case):
    """By shape parameters that are no counts; compiled ones are refused by name."""
    name, args = case
    dist, ours = getattr(theirs, name), getattr(stats, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's own
        k = np.floor(dist.ppf(np.array([0.3, 0.6]), *args))
    for i, a in enumerate(args):
        if not isinstance(a, float):
            continue
        for method in ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf"):
            of = lambda d: lambda v: getattr(d, method)(k, *args[:i], v, *args[i + 1 :])
            if name in FISHY:
                with pytest.raises(errors.NoRule, match=name):
                    jvp(of(ours), (a,), (1.0,))
                continue
            value, slope = jvp(of(ours), (a,), (1.0,))
            np.testing.assert_array_equal(value, of(dist)(a))
            with np.errstate(invalid="ignore"):
                wanted = difference(lambda t: [of(dist)(a + t)], 1e-2 * min(abs(a), abs(1.0 - a) or 1.0))[0]
            kept = np.isfinite(wanted) & (dist.sf(k, *args) > 1e-12)
            np.testing.assert_allclose(np.where(kept, slope, 0.0), np.where(kept, wanted, 0.0), rtol=1e-6, atol=1e-7)


def test_steps():
    """Discrete distributions are flat in their argument and location, and their quantiles in everything."""
    assert derivative(lambda k: stats.poisson.pmf(k, 2.0))(3.0) == 0.0
    assert derivative(lambda mu: stats.poisson.ppf(0.3, mu))(2.0) == 0.0


def test_outside_the_support_and_wrong_parameters():
    """Flat where the density is 0; nan where SciPy's value is."""
    assert not np.any(jacfwd(stats.expon.pdf)(np.array([-1.0, -2.0])))
    assert not np.any(jacfwd(stats.uniform.cdf)(np.array([-1.0, 2.0])))
    assert np.isnan(derivative(lambda s: stats.norm.pdf(0.5, scale=s))(-1.0))
    np.testing.assert_array_equal(derivative(stats.norm.logpdf)(np.array([-40.0, 40.0])), [40.0, -40.0])
    with mp.workdps(30):
        mills = float(mp.npdf(-40) / mp.ncdf(-40))
    np.testing.assert_allclose(derivative(stats.norm.logcdf)(-40.0), mills, rtol=1e-12)


def test_shapes_and_broadcasting():
    """Arguments of several shapes, numbers among them; lists too."""
    x, loc = RNG.normal(size=(3, 1)), RNG.normal(size=4)
    each = Case(stats.norm.pdf, theirs.norm.pdf, (x, loc, 1.3))
    assert_value(each)
    assert_first(each)
    assert_second(each)
    assert grad(lambda p: np.sum(stats.norm.cdf([p, 2.0 * p])))(0.0) == pytest.approx(3.0 / np.sqrt(2.0 * np.pi))
    assert_first(Case(lambda x: stats.norm.cdf(x=x), lambda x: theirs.norm.cdf(x=x), (loc,)))


def test_frozen_distributions():
    """Of dualad's, and of SciPy's while methods are exchanged."""
    p = np.array([0.7, 1.6])
    exact = jacfwd(lambda p: stats.gamma.cdf(2.0, p[0], scale=p[1]))(p)
    frozen = lambda module: lambda p: module.gamma(p[0], scale=p[1]).cdf(2.0)
    np.testing.assert_array_equal(jacfwd(frozen(stats))(p), exact)
    plain = theirs.gamma(0.7, scale=1.6)
    with stepped_in():
        np.testing.assert_array_equal(jacfwd(frozen(theirs))(p), exact)
        np.testing.assert_allclose(derivative(plain.cdf)(2.0), plain.pdf(2.0), rtol=1e-12)
        assert isinstance(theirs.gamma(0.7), type(plain))
    assert "cdf" not in vars(type(theirs.gamma)) or "dualad" not in type(theirs.gamma).cdf.__module__


@pytest.mark.parametrize("name", ["mean", "var", "std", "entropy"])
def test_moments(name):
    """By SciPy's formulas, where it has them."""
    for dist, args in (("gamma", (1.7,)), ("lognorm", (0.6,)), ("norm", ()), ("weibull_min", (1.7,)), ("poisson", (2.5,))):
        if (dist, name) == ("poisson", "entropy"):
            continue
        places = (0.3,) if dist == "poisson" else (0.3, 1.4)
        of = lambda m: getattr(getattr(m, dist), name)
        each = Case(of(stats), of(theirs), (*args, *places))
        assert_value(each)
        assert_first(each)


def test_medians_and_intervals():
    """Quantiles."""
    np.testing.assert_allclose(grad(lambda p: stats.expon.median(scale=p))(2.0), np.log(2.0), rtol=1e-12)
    low = jacfwd(lambda p: stats.norm.interval(0.9, p[0], p[1])[0])(np.array([1.0, 2.0]))
    np.testing.assert_allclose(low, [1.0, theirs.norm.ppf(0.05)], rtol=1e-12)


def test_black_scholes():
    """The formula that the normal distribution is called for most often, and its greeks."""

    def call(p):
        s, k, t, r, v = p
        d = (np.log(s / k) + (r + 0.5 * v * v) * t) / (v * np.sqrt(t))
        return s * stats.norm.cdf(d) - k * np.exp(-r * t) * stats.norm.cdf(d - v * np.sqrt(t))

    p = np.array([100.0, 95.0, 0.5, 0.03, 0.2])
    d = (np.log(p[0] / p[1]) + (p[3] + 0.5 * p[4] ** 2) * p[2]) / (p[4] * np.sqrt(p[2]))
    np.testing.assert_allclose(grad(call)(p)[0], theirs.norm.cdf(d), rtol=1e-12)
    np.testing.assert_allclose(grad(call)(p)[4], p[0] * theirs.norm.pdf(d) * np.sqrt(p[2]), rtol=1e-11)
    np.testing.assert_allclose(hessian(call)(p)[0, 0], theirs.norm.pdf(d) / (p[0] * p[4] * np.sqrt(p[2])), rtol=1e-10)


def test_distributions_of_users():
    """A density of one's own, with and without a distribution function."""

    class Ramp(theirs.rv_continuous):
        def _pdf(self, x, c):
            return c * x ** (c - 1.0)

    ramp = Ramp(a=0.0, b=1.0, name="ramp")
    with stepped_in():
        np.testing.assert_allclose(derivative(lambda c: ramp.pdf(0.5, c))(2.0), 0.5 * (1.0 + 2.0 * np.log(0.5)), rtol=1e-12)
        np.testing.assert_allclose(derivative(lambda c: ramp.cdf(0.5, c))(2.0), 0.25 * np.log(0.5), rtol=1e-9)
        np.testing.assert_allclose(derivative(lambda q: ramp.ppf(q, 2.0))(0.25), 1.0, rtol=1e-9)
        with pytest.raises(errors.NoRule, match="no derivative by its shape"):
            derivative(ramp.var)(2.0)


A, POSITIVE = RNG.random((5, 3)) + 0.5, RNG.random((5, 3)) + 0.5
LINE, OTHER = RNG.normal(size=6), RNG.normal(size=6)
COVARIANCE = np.cov(RNG.normal(size=(3, 9))) + np.eye(3)
SAMPLES = [
    *[(name, (A,), keywords) for name in ("gmean", "hmean", "zscore", "skew", "kurtosis", "sem", "variation")
      for keywords in ({}, {"axis": 1}, {"axis": None})],
    ("gmean", (A,), {"weights": POSITIVE}),
    ("hmean", (A,), {"weights": POSITIVE, "keepdims": True}),
    ("pmean", (A, 3.0), {}),
    ("skew", (A,), {"bias": False}),
    ("kurtosis", (A,), {"bias": False, "fisher": False}),
    ("zmap", (A, POSITIVE), {"ddof": 1}),
    ("moment", (A, 3), {}),
    ("moment", (A, [1, 2, 3]), {}),
    ("moment", (A, 3), {"center": 0.1}),
    ("trim_mean", (A + 10.0 * RNG.permutation(15).reshape(5, 3),), {"proportiontocut": 0.2}),
    ("entropy", (A,), {}),
    ("entropy", (A, POSITIVE), {"base": 2}),
    ("linregress", (LINE, OTHER), {}),
    ("linregress", (LINE, OTHER), {"alternative": "less"}),
    ("pearsonr", (LINE, OTHER), {}),
    ("pearsonr", (A, POSITIVE), {"alternative": "greater"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kwargs"), SAMPLES, ids=lambda each: each if isinstance(each, str) else "")
def test_functions_of_samples(name, args, kwargs):
    """To second order."""
    names = name in ("linregress", "pearsonr")
    of = lambda m: lambda *x: tuple(getattr(m, name)(*x, **kwargs)) if names else getattr(m, name)(*x, **kwargs)
    each = Case(of(stats), of(theirs), args)
    assert_value(each)
    assert_first(each)
    assert_second(each)


def test_names_of_results():
    """A regression has SciPy's names."""
    found = grad(lambda y: stats.linregress(LINE, y).intercept_stderr)(OTHER)
    wanted = jvp(lambda y: stats.linregress(LINE, y).intercept_stderr, (OTHER,), (OTHER,))[1]
    np.testing.assert_allclose(found @ OTHER, wanted)
    with pytest.raises(errors.NoRule, match="with argument nan_policy"):
        grad(lambda a: np.sum(stats.zscore(a, nan_policy="omit")))(LINE)


@pytest.mark.parametrize("name", ["pdf", "logpdf"])
def test_multivariate_normal(name):
    """By the point, the mean and the covariance, frozen or not."""
    whole = lambda c: (c + c.T) / 2.0
    points, mean = RNG.normal(size=(4, 3)), RNG.normal(size=3)
    for x in (points, points[0]):
        of = lambda m: lambda x, mean, c: getattr(m.multivariate_normal, name)(x, mean, whole(c))
        frozen = lambda m: lambda x, mean, c: getattr(m.multivariate_normal(mean, whole(c)), name)(x)
        for way in (of, frozen):
            each = Case(way(stats), way(theirs), (x, mean, COVARIANCE))
            assert_value(each)
            assert_first(each)
            assert_second(each)
    fixed = lambda m: getattr(m.multivariate_normal(mean, COVARIANCE), name)
    assert_first(Case(fixed(stats), fixed(theirs), (points,)))
    line = lambda m: lambda x, mean, c: getattr(m.multivariate_normal(mean, c), name)(x)
    assert_first(Case(line(stats), line(theirs), (LINE, 0.3, 1.7)))
    with stepped_in():
        np.testing.assert_allclose(jacfwd(fixed(theirs))(points), jacfwd(fixed(stats))(points))
    made = lambda x: getattr(theirs.multivariate_normal, name)(x, mean, 2.0 * np.eye(3), True)  # by a stand-in for np.eye
    wanted = jacfwd(lambda x: getattr(stats.multivariate_normal, name)(x, mean, 2.0))(points)
    np.testing.assert_allclose(jacfwd(made, drop_in=True)(points), wanted, rtol=1e-14)
    singular = np.ones((3, 3))
    flat = lambda m: lambda x: m.multivariate_normal(np.zeros(3), singular, allow_singular=True).logpdf(x * np.ones(3))
    assert_first(Case(flat(stats), flat(theirs), (0.4,)))
    with pytest.raises(errors.NoRule, match="allow_singular"):
        jacfwd(lambda c: stats.multivariate_normal.logpdf(points, mean, c, allow_singular=True))(COVARIANCE)


@pytest.mark.parametrize("name", ["pdf", "logpdf"])
def test_dirichlet(name):
    """By the point, whole or without its last component, and by the concentrations; drawing is SciPy's."""
    alpha = np.array([1.5, 2.0, 3.5])
    for x in (np.array([0.2, 0.3]), np.array([[0.2, 0.1], [0.3, 0.5]])):
        of = lambda m: getattr(m.dirichlet, name)
        each = Case(of(stats), of(theirs), (x, alpha))
        assert_value(each)
        assert_first(each)
        assert_second(each)
    fixed = lambda m: getattr(m.dirichlet(alpha), name)
    with stepped_in():
        np.testing.assert_allclose(
            jacfwd(fixed(theirs))(np.array([0.2, 0.3])), jacfwd(lambda x: of(stats)(x, alpha))(np.array([0.2, 0.3]))
        )
    assert stats.dirichlet.rvs(alpha, random_state=1).shape == (1, 3)
    assert stats.wishart.rvs(3, np.eye(2), random_state=1).shape == (2, 2)
