"""scipy.special's rows, walked: every function by every argument where its row holds, against mpmath; the promises of `at`."""

from __future__ import annotations

import subprocess
import sys
from math import inf

import exact
import numpy as np
import pytest
import special_twins
from mpmath import mp, mpf
from scipy import special as sp

import dualad
import dualad.rules.special  # a user's first call of a special function reads it
import dualad.scipy.special
from dualad.errors import NoRule
from dualad.rules.special.base import ufunc_of
from dualad.rules.table import RULES

PUBLIC = sorted({f.__name__ for f in vars(sp).values() if isinstance(f, np.ufunc)})
ROWS = {f.__name__: row for f, row in RULES.items() if isinstance(f, np.ufunc) and ufunc_of(f.__name__) is f}

FIRST, SECOND = 2e-13, 2e-11
"""How far a first and a second derivative may be from the true one, relatively; second ones beside the first as well."""

WORSE = {
    # differences of two nearly equal terms, x**1.5 of them
    "airye": (1e-12, 2e-11),
    # as right as SciPy's own values, which differences magnify
    **dict.fromkeys(["jv", "yv", "jve", "yve", "iv", "kv", "kve"], (2e-12, 5e-11)),
    "ive": (1e-10, 1e-9),
    "struve": (1e-12, 1e-10),
    "modstruve": (1e-9, 1e-7),
    "besselpoly": (2e-12, 1e-10),
    "pbdv": (1e-12, 1e-10),
    "pbvv": (1e-12, 1e-10),
    "hyp0f1": (1e-12, 1e-10),
    "hyp1f1": (1e-12, 1e-10),
    "hyp2f1": (1e-12, 1e-9),
    "hyperu": (3e-8, 3e-5),
    "wright_bessel": (1e-12, 1e-9),
    "log_wright_bessel": (1e-12, 1e-9),
    "ncfdtr": (1e-10, 1e-9),
    **dict.fromkeys(["ncfdtri", "ncfdtridfn", "ncfdtridfd", "ncfdtrinc"], (1e-9, 1e-6)),
    **dict.fromkeys(["nctdtr", "nctdtrit", "nctdtridf", "nctdtrinc"], (1e-9, 1e-6)),
    **dict.fromkeys(["btdtria", "btdtrib", "bdtrik", "bdtrin", "nbdtrik", "nbdtrin"], (1e-11, 1e-8)),
    **dict.fromkeys(["chdtriv", "fdtri", "fdtridfd", "stdtridf", "stdtrit", "pdtrik", "gdtrib"], (1e-11, 1e-8)),
}
"""Those that are less exact, first and second order, and why."""

SIZE = 3

walk = pytest.mark.parametrize("name", sorted(ROWS))


def whole(interval):
    """Whether an input is sampled as integers: its interval has integers as ends."""
    return isinstance(interval.low, int)


def samples(name, size=SIZE):
    """Points inside a row's intervals, one array per input."""
    rng = np.random.default_rng(sum(map(ord, name)))
    columns = []
    for interval in ROWS[name].on:
        low, high = interval
        if whole(interval):
            columns.append(rng.integers(low, high + 1, size))
        elif np.isfinite(low) and np.isfinite(high):
            columns.append(low + (high - low) * rng.uniform(0.03, 0.97, size))
        else:
            columns.append(low + np.exp(rng.uniform(-3, 2, size)) if np.isfinite(low) else 3 * rng.normal(size=size))
    return columns


def exactly(x):
    return mpf(int(x)) if isinstance(x, np.integer) else mpf(float(x))


def slope(f, point, place, order=1):
    """A derivative of an mpmath function by one of its inputs."""
    point = [exactly(x) for x in point]
    return mp.diff(lambda t: f(*point[:place], t, *point[place + 1 :]), point[place], order)


def inverse_slope(twin, point, value, place, order):
    """By the inverse-function theorem, at SciPy's value."""
    full = [x for i, x in enumerate(point) if i != twin.given]
    full.insert(twin.place, value)
    divisor = slope(twin.direct, full, twin.place)
    if place == twin.given:
        return 1 / divisor if order == 1 else -slope(twin.direct, full, twin.place, 2) / divisor**3
    rank = place - (place > twin.given)
    return -slope(twin.direct, full, rank + (rank >= twin.place)) / divisor


def differences(f, columns, place, interval):
    """A slope by eight differences of double precision, where there is nothing better."""
    x = columns[place]
    h = 0.02 * np.minimum(np.minimum(x - interval.low, interval.high - x), 1.0)
    weights = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
    moved = lambda d: f(*columns[:place], x + d, *columns[place + 1 :])
    return sum(w * (moved(k * h) - moved(-k * h)) for k, w in enumerate(weights, 1)) / h


def reference(name, output, columns, values, place, order):
    """The true derivatives, and how exact they are; None where nothing is known."""
    twin = special_twins.twin(name)
    twin = twin[output] if isinstance(twin, tuple) else twin
    points = list(zip(*columns, strict=True))
    with mp.workdps(30):
        if twin is None:
            return None
        if isinstance(twin, special_twins.Inverse):
            if order == 2 and place != twin.given:
                return None
            slopes = [inverse_slope(twin, p, v, place, order) for p, v in zip(points, values, strict=True)]
        elif isinstance(twin, special_twins.Slope):
            slopes = [mp.diff(twin.by, exactly(p[0]), order - 1) for p in points]
        else:
            slopes = [slope(twin, p, place, order) for p in points]
        slopes = np.array([complex(each) for each in slopes])
    return slopes if np.iscomplexobj(values) else slopes.real


# -- completeness --------------------------------------------------------------------------------------------------------


def test_every_ufunc_has_a_row():
    """A ufunc that a new SciPy brings fails here until it has a row."""
    without = [name for name in PUBLIC if getattr(sp, name, ufunc_of(name)) not in RULES]
    assert without == []
    assert len(PUBLIC) > 220


def test_rows_are_read_at_the_first_call_only():
    """`import dualad` reads no SciPy, and SciPy's import none of our tables; the first dual does."""
    code = """
import sys, dualad
assert not any(name.startswith("scipy") for name in sys.modules)
from scipy.special import erf
assert "dualad.rules.special" not in sys.modules
print(float(dualad.derivative(erf)(0.0)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(run.stdout) == pytest.approx(2 / np.sqrt(np.pi), rel=1e-15)


def test_a_row_of_the_users_comes_first():
    """Who gave a special function a row before ours were read keeps it."""
    code = """
import dualad
from scipy.special import erf
dualad.rule(erf, lambda x, y: 7.0 * x)
print(float(dualad.derivative(erf)(1.0)))
"""
    assert float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) == 7.0


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda x: sp.expn(x, 1.5), "n"),
        (lambda x: sp.yn(x, 1.5), "n"),
        (lambda x: sp.kn(x, 1.5), "n"),
        (lambda x: sp.lpmv(x, 2.5, 0.3), "m"),
        (lambda x: sp.mathieu_a(x, 1.5), "m"),
        (lambda x: sp.pro_ang1(x, 2.0, 1.5, 0.3)[0], "m"),
        (lambda x: sp.pro_ang1(1.0, 1.0 + x, 1.5, 0.3)[0], "n"),
        (lambda x: sp.obl_rad1_cv(1, 2, x, 1.0, 0.3)[0], "c"),
        (lambda x: sp.lambertw(0.5, 0, 1e-8 * x), "tol"),
        (lambda x: dualad.scipy.special.polygamma(x, 0.5), "n"),
        (lambda x: dualad.scipy.special.sph_harm_y(x, 0, 0.5, 0.5), "n"),
    ],
)
def test_refusals_name_the_argument(call, argument):
    with pytest.raises(NoRule, match=rf"no derivative by (its argument )?{argument}\b"):
        dualad.derivative(call)(1.0)


# -- derivatives ---------------------------------------------------------------------------------------------------------


@walk
def test_derivatives_to_second_order(name):
    """By every argument that has a derivative; the others are refused by name."""
    row, columns = ROWS[name], samples(name)
    function = row.function
    values = function(*columns)
    first, second = WORSE.get(name, (FIRST, SECOND))
    for place, interval in enumerate(row.on):
        if whole(interval):
            continue
        for output in range(function.nout):
            f = (lambda *x, i=output: function(*x)[i]) if function.nout > 1 else function
            value = f(*columns)
            assert np.all(np.isfinite(value)), "sampled where it is finite"
            try:
                slopes = dualad.derivative(f, argnums=place)(*columns)
            except NoRule as refusal:
                assert name.lstrip("_") in str(refusal)  # noqa: PT017 - other arguments must not be refused
                assert function.nin == 5 or name == "_lambertw"
                continue
            curves = dualad.derivative(f, argnums=place, order=2)(*columns)
            true = reference(name, output, columns, value, place, 1)
            if true is None:
                seen = differences(f, columns, place, interval)
                rough = 1e-5 * (np.abs(seen) + np.abs(value)) + 1e-300
                if function.nin == 5:  # only the function's own derivative, which comes with it
                    seen = slopes if output else values[1]
                assert np.all(np.abs(slopes - seen) <= rough), (place, slopes, seen)
            else:
                assert np.all(np.abs(slopes - true) <= first * np.abs(true) + 1e-30), (place, columns, slopes, true)
            true = reference(name, output, columns, value, place, 2)
            if true is None:
                seen = differences(dualad.derivative(f, argnums=place), columns, place, interval)
                allowed = 1e-4 * (np.abs(seen) + np.abs(slopes)) + 1e-300
                if function.nin == 5:
                    continue
            else:
                seen, allowed = true, second * (np.abs(true) + np.abs(slopes)) + 1e-30
            assert np.all(np.abs(curves - seen) <= allowed), (place, columns, curves, seen)


@walk
def test_values_and_dtypes_are_scipys(name):
    """Bit for bit; single precision stays, also in the derivative, which agrees with the one in double precision."""
    row, columns = ROWS[name], samples(name)
    function = row.function
    places = tuple(i for i, each in enumerate(row.on) if not whole(each))
    if function.nin == 5 or name == "_lambertw":
        places = places[-1:] if function.nin == 5 else places[:1]
    directions = lambda some: tuple(np.ones_like(some[i]) for i in places)

    def run(some):
        def f(*x):
            full = list(some)
            for place, each in zip(places, x, strict=True):
                full[place] = each
            return function(*full)

        return dualad.jvp(f, tuple(some[i] for i in places), directions(some))

    single = [each if whole(interval) else each.astype(np.float32) for each, interval in zip(columns, row.on, strict=True)]
    rounded = [each.astype(float) if each.dtype.kind == "f" else each for each in single]
    for some in (columns, single):
        values, slopes = run(some)
        for v, d, plain in zip(*(x if isinstance(x, tuple) else (x,) for x in (values, slopes, function(*some))), strict=True):
            assert v.dtype == d.dtype == plain.dtype
            np.testing.assert_array_equal(v, plain)
    _, few = run(single)
    _, many = run(rounded)
    for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (few, many)), strict=True):
        good = np.all(np.isfinite(np.atleast_2d(function(*single))), axis=0)  # SciPy's modfresnelm has nan in single precision
        np.testing.assert_allclose(a[good], b[good], rtol=2e-3, atol=1e-4 * np.max(np.abs(b)))


LOOPS = {name: [each.split("->")[0] for each in row.function.types if "D" in each.split("->")[0]] for name, row in ROWS.items()}
COMPLEX = sorted(
    name for name, loops in LOOPS.items() if loops and name not in ("_lambertw", "eval_legendre", "eval_sh_legendre")
)
"""Those with complex arguments; of three mpmath's twins are not made for them."""


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_arguments(name):
    """Along a straight line through the complex plane, to second order."""
    row, kinds, rng = ROWS[name], LOOPS[name][0], np.random.default_rng(1)
    starts, steps = [], []
    for kind, (low, high) in zip(kinds, row.on, strict=True):
        low, high = max(low, -3), min(high, 6)
        real = rng.integers(low, high + 1, 4) if isinstance(low, int) else low + (high - low) * rng.uniform(0.1, 0.9, 4)
        starts.append(rng.normal(size=4) + 1j * rng.normal(size=4) if kind == "D" else real)
        steps.append(rng.normal(size=4) + 1j * rng.normal(size=4) if kind == "D" else np.zeros(4))

    def line(t):
        results = row.function(*(z + t * dz if kind == "D" else z for z, dz, kind in zip(starts, steps, kinds, strict=True)))
        return results if isinstance(results, tuple) else (results,)

    twins = special_twins.twin(name)
    twins = twins if isinstance(twins, tuple) else (twins,)
    for output, twin in enumerate(twins):
        good = np.isfinite(line(0.0)[output])
        for order, tolerance in ((1, 1e-12), (2, 1e-10)):
            got = dualad.derivative(lambda t: line(t)[output], order=order)(np.zeros(4))
            true = [
                exact.along(twin, z, dz, order)
                for z, dz in zip(zip(*starts, strict=True), zip(*steps, strict=True), strict=True)
            ]
            np.testing.assert_allclose(got[good], np.array(true)[good], rtol=tolerance)


PROMISES = [(name, point, promise) for name, row in ROWS.items() for point, promise in row.at.items()]


@pytest.mark.parametrize(("name", "point", "promise"), PROMISES, ids=str)
def test_promises_at_nasty_points(name, point, promise):
    function = ROWS[name].function
    point = point if isinstance(point, tuple) else (point,)
    promise = promise if len(point) > 1 else (promise,)
    for place, expected in enumerate(promise):
        got = dualad.derivative(function, argnums=place)(*point)
        np.testing.assert_allclose(got, expected, rtol=1e-14)
        array = dualad.jacfwd(function, argnums=place)(*(np.array([x, x]) for x in point))
        for each, value in zip(array if isinstance(array, tuple) else [array], np.atleast_1d(expected), strict=True):
            np.testing.assert_allclose(np.diag(each), value, rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "point", "promise"),
    [("i0", 0.0, 0.5), ("j0", 0.0, -0.5), ("i1", 0.0, 0.0), ("entr", 0.0, -inf), ("ellipk", 0.0, 9 * np.pi / 64)],
)
def test_second_derivatives_at_nasty_points(name, point, promise):
    got = dualad.derivative(ROWS[name].function, order=2)(point)
    np.testing.assert_allclose(got, promise, rtol=1e-13)
