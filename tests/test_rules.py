"""Every row of the table of elementwise functions, walked: values as NumPy's, derivatives as mpmath's."""

from __future__ import annotations

import itertools
import warnings
from functools import partial

import exact
import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_ufuncs

import dualad
from dualad.rules.table import INTEGER, RULES, Constant, Elementwise

UFUNCS = [row.function for row in exact.ROWS if isinstance(row.function, np.ufunc)]
CONSTANTS = [f for f, row in RULES.items() if isinstance(row, Constant) and isinstance(f, np.ufunc)]
COMPLEX = [ufunc for ufunc in UFUNCS if any(loop.startswith("D" * ufunc.nin + "->") for loop in ufunc.types)]

ULPS = {"power": 32, "float_power": 32, "logaddexp": 64, "logaddexp2": 128}
"""How far a first derivative may be from the true one, in units of its last place: 8, but for functions that round an exponent
(p - 1, or b - a) and exponentiate it, where half an ulp of the exponent costs as many as the exponent is large."""

walk = pytest.mark.parametrize("function", [row.function for row in exact.ROWS], ids=lambda f: f.__name__)
walk_ufuncs = pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)


def moving(function):
    """The positions of the inputs that can be differentiated by: all but integers."""
    return [place for place, interval in enumerate(RULES[function].on) if interval != INTEGER]


def outputs(function):
    """A function of several outputs as several functions; those with integers as output are left out."""
    one, *_ = zip(*exact.samples(function), strict=True)
    values = function(*one)
    if not isinstance(values, tuple):
        return [(0, function)]
    picks = [lambda *x, i=i: function(*x)[i] for i in range(len(values))]
    return [(i, pick) for i, pick in enumerate(picks) if values[i].dtype.kind == "f"]


def nested(f, orders):
    """The partial derivative of f taken orders[i] times by its i-th input."""
    for place, order in enumerate(orders):
        f = dualad.derivative(f, argnums=place, order=order) if order else f
    return f


def orders_of(function, total):
    """All ways to differentiate `total` times."""
    every = itertools.product(*(range(total + 1) if i in moving(function) else [0] for i in range(len(RULES[function].on))))
    return [orders for orders in every if sum(orders) == total]


def push(f, points, places):
    """Value and derivative of f when the inputs at these places move alike, and the others are constants."""

    def moved(*some):
        full = list(points)
        for place, x in zip(places, some, strict=True):
            full[place] = x
        return f(*full)

    some = tuple(points[place] for place in places)
    return dualad.jvp(moved, some, tuple(map(np.ones_like, some)))


def same_bits(a, b):
    """Whether two results are the same type, dtype and shape, and the same numbers to the last bit and sign."""
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same_bits, a, b))
    return type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# -- completeness --------------------------------------------------------------------------------------------------------


def test_every_ufunc_of_real_numbers_has_a_rule():
    """A ufunc that a new NumPy brings, with a loop for doubles, fails here until it has a row."""
    real = [ufunc for ufunc in get_overridable_numpy_ufuncs() if any("d" in loop for loop in ufunc.types)]
    assert [ufunc.__name__ for ufunc in real if ufunc not in RULES] == []
    assert len(real) > 80


def test_every_elementwise_row_has_an_exact_twin():
    """Nothing in the table goes unchecked."""
    checked = [row.function for row in exact.ROWS]
    rows = [ufunc for ufunc in get_overridable_numpy_ufuncs() if isinstance(RULES.get(ufunc), Elementwise)]
    assert [ufunc.__name__ for ufunc in rows if ufunc not in checked] == []
    for row in exact.ROWS:
        assert all(len(points) >= 8 for points in exact.samples(row.function)), row.name


# -- derivatives ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@walk
def test_partial_derivatives_to_third_order(function, dtype):
    """Right to a few ulp in the row's domain and in its tails; beyond first order as seen beside the largest of that order."""
    points = exact.samples(function, dtype)
    for (output, f), total in itertools.product(outputs(function), (1, 2, 3)):
        every = orders_of(function, total)
        with np.errstate(over="ignore"):
            true = [exact.partials(function, orders, output, dtype).astype(f(*points).dtype) for orders in every]
        largest = np.max(np.abs(true), axis=0)
        for orders, reference in zip(every, true, strict=True):
            got = nested(f, orders)(*points)
            assert got.dtype == f(*points).dtype, "a derivative is as wide as the value"
            eps, least = np.finfo(got.dtype).eps, np.finfo(got.dtype).smallest_subnormal
            scale = np.abs(reference) if total == 1 else largest
            with np.errstate(invalid="ignore"):
                allowed = ULPS.get(function.__name__, 8) * 4 ** (total - 1) * eps * scale.astype(np.float64) + 4 * least
                wrong = (got != reference) & ~(np.abs(got - reference) <= allowed)
            assert not wrong.any(), (orders, [point[wrong] for point in points], got[wrong], reference[wrong])


@pytest.mark.parametrize("size", [1.0, 8.0])
@pytest.mark.parametrize("ufunc", [*COMPLEX, np.sinc], ids=lambda f: f.__name__)
def test_derivatives_of_complex_loops_to_third_order(ufunc, size):
    """Along a straight line through the complex plane, which asks functions that are not holomorphic as well."""
    rng = np.random.default_rng(1)
    shape = (2, len(RULES[ufunc].on), 6)
    starts, steps = size * rng.normal(size=shape), rng.normal(size=shape)
    starts, steps = starts[0] + 1j * starts[1], steps[0] + 1j * steps[1]

    def line(t):
        return ufunc(*(z + t * dz for z, dz in zip(starts, steps, strict=True)))

    for order in (1, 2, 3):
        got = dualad.derivative(line, order=order)(np.zeros(6))
        true = [exact.along(exact.twin(ufunc), z, dz, order) for z, dz in zip(starts.T, steps.T, strict=True)]
        assert got.dtype == ufunc(*starts).dtype
        np.testing.assert_allclose(got, true, rtol=8 * 4**order * 2.3e-16)


@walk_ufuncs
def test_every_signature(ufunc):
    """Each loop of floats, from half to long and complex, answers in its own precision."""

    def first(*x):
        result = ufunc(*x)
        return result[0] if isinstance(result, tuple) else result

    for loop in ufunc.types:
        kinds, results = loop.split("->")
        if not set(kinds) <= set("efdgFDGil") or set(kinds) <= set("il") or results[0] not in "efdgFDG":
            continue
        points = [point[:8].astype(kind) for point, kind in zip(exact.samples(ufunc), kinds, strict=True)]
        wide = [point.astype("D" if point.dtype.kind == "c" else "d" if point.dtype.kind == "f" else int) for point in points]
        places = [place for place, kind in enumerate(kinds) if kind not in "il"]
        with np.errstate(over="ignore"):
            (value, slope), (_, reference) = (push(first, some, places) for some in (points, wide))
        assert value.dtype == slope.dtype == np.dtype(results[0]), loop
        info = np.finfo(slope.dtype)
        fine = np.isfinite(value) & (np.abs(reference) < info.max)
        rtol = 256 * max(info.eps, np.finfo(float).eps)
        np.testing.assert_allclose(slope[fine], reference[fine], rtol=float(rtol), atol=float(8 * info.smallest_subnormal))


SHAPES = [
    ((), (), ()),
    ((3,), (3,), (3,)),
    ((3,), (), ()),
    ((), (3,), ()),
    ((3, 1), (4,), ()),
    ((3, 1), (3,), (3,)),  # as many directions as rows and columns: axes that are mixed up would fit
    ((2, 1, 3), (3, 1), (1, 1)),
    ((2, 2), (2, 2), (2,)),
    ((0,), (0,), ()),
    ((0, 1), (2,), ()),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@walk
def test_jacobian_of_every_shape(function, shapes):
    """Operands of different shapes: an output element varies with the one element of each input that was broadcast to it."""
    samples = exact.samples(function)
    points = [sample[: max(1, int(np.prod(s)))] for sample, s in zip(samples, shapes, strict=False)]
    points = [np.resize(point, shape) for point, shape in zip(points, shapes, strict=False)]
    whole = np.broadcast_shapes(*(point.shape for point in points))
    for _, f in outputs(function):
        for places in [(place,) for place in moving(function)] + [tuple(moving(function))]:
            jacobians = dualad.jacfwd(f, argnums=places)(*points)
            for place, jacobian in zip(places, jacobians, strict=True):
                point = points[place]
                slope = dualad.derivative(f, argnums=place)(*np.broadcast_arrays(*points)) if whole else f(*points) * 0
                if not whole:
                    slope = dualad.derivative(f, argnums=place)(*(point[()] for point in points))
                source = np.broadcast_to(np.arange(point.size).reshape(point.shape), whole)
                expected = np.where(source[..., None] == np.arange(point.size), np.asarray(slope)[..., None], 0.0)
                assert jacobian.shape == whole + point.shape
                np.testing.assert_array_equal(jacobian, expected.reshape(whole + point.shape))


# -- values --------------------------------------------------------------------------------------------------------------

NASTY = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e300, 5e-324]


def watched(f, *args):
    """The result of f and the warnings that it gave."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        result = f(*args)
    return result, sorted((each.category.__name__, str(each.message)) for each in seen)


LOOPS = [*itertools.product(UFUNCS, (np.float64, np.float32)), *itertools.product(COMPLEX, (np.complex128,))]


@pytest.mark.parametrize(("ufunc", "dtype"), LOOPS, ids=lambda x: x.__name__)
def test_value_is_numpys_own(ufunc, dtype):
    """Bit for bit, with NumPy's type, dtype, shape and warnings, wherever one may come; arrays and scalars."""
    domains = [[0, 1, -3, 40] if interval == INTEGER else NASTY for interval in RULES[ufunc].on]
    grid = np.array(list(itertools.product(*domains)))
    with np.errstate(over="ignore"):
        columns = [c.astype(int if i == INTEGER else dtype) for c, i in zip(grid.T, RULES[ufunc].on, strict=True)]
    some = [tuple(column[row] for column in columns) for row in range(0, len(grid), 1 + len(grid) // 24)]
    for args in [tuple(columns), tuple(column.reshape(-1, 4) for column in columns), *some]:
        (plain, expected), (ours, warned) = watched(ufunc, *args), watched(lambda: push(ufunc, args, moving(ufunc))[0])
        assert same_bits(ours, plain), args
        assert warned == expected, args


@pytest.mark.parametrize("ufunc", CONSTANTS, ids=lambda f: f.__name__)
def test_what_does_not_vary_is_plain(ufunc):
    """Comparisons and the like answer with NumPy's arrays and scalars, whichever operand is lifted."""
    x, other = np.array([0.5, np.nan, -0.0]), np.array([0.5, 1.0, 0.0])
    plain = ufunc(x) if ufunc.nin == 1 else ufunc(x, other)
    seen = []

    def f(x):
        seen.extend([ufunc(x)] if ufunc.nin == 1 else [ufunc(x, other), ufunc(x, 1.0 * x + other - x.copy() * 1.0)])
        seen.append(ufunc(x[0]) if ufunc.nin == 1 else ufunc(x[0], other[0]))
        return x

    dualad.jvp(f, (x,), (np.ones(3),))
    assert same_bits(seen[0], plain)
    assert not any(map(dualad.is_dual, seen))
    assert same_bits(seen[-1], plain[0])


# -- keywords ------------------------------------------------------------------------------------------------------------


def keyword_case(ufunc):
    """Four generic points of a ufunc, its values there, and its derivative when all inputs move alike."""
    points = tuple(point[:4] for point in exact.samples(ufunc))
    return points, *((each if isinstance(each, tuple) else (each,)) for each in push(ufunc, points, moving(ufunc)))


@walk_ufuncs
def test_out_and_where(ufunc):
    """A result is written into lifted buffers where the mask says so; elsewhere they keep value and tangent."""
    points, values, slopes = keyword_case(ufunc)
    mask = np.array([True, False, False, True])

    def f(*x):
        buffers = tuple(3.0 * x[0] if value.dtype.kind == "f" else np.zeros_like(value) for value in values)
        result = ufunc(*x, out=buffers, where=mask)
        assert all(a is b for a, b in zip(result if isinstance(result, tuple) else (result,), buffers, strict=True))
        return buffers

    got, moved = push(f, points, moving(ufunc))
    for value, slope, v, dv in zip(values, slopes, got, moved, strict=True):
        if value.dtype.kind == "f":
            np.testing.assert_array_equal(v, np.where(mask, value, 3.0 * points[0]))
            np.testing.assert_array_equal(dv, np.where(mask, slope, 3.0))


@walk_ufuncs
def test_out_alone_and_where_alone(ufunc):
    """``out`` takes value and tangent as if there were a temporary; without it, what is masked out is anything, and NumPy
    may warn of that."""
    points, values, slopes = keyword_case(ufunc)
    mask = np.array([True, False, True, True])
    expected = watched(partial(ufunc, where=mask), *points)[1]

    def into(*x):
        buffers = tuple(np.zeros_like(x[0]) if value.dtype.kind == "f" else np.zeros_like(value) for value in values)
        ufunc(*x, out=buffers)
        return buffers

    def masked(*x):
        result, warned = watched(partial(ufunc, where=mask), *x)
        assert warned == expected
        return tuple(each[mask] for each in (result if isinstance(result, tuple) else (result,)))

    for f, kept in ((into, slice(None)), (masked, mask)):
        for wanted, got in zip((values, slopes), push(f, points, moving(ufunc)), strict=True):
            for plain, ours in zip(wanted, got, strict=True):
                np.testing.assert_array_equal(ours, plain[kept])


@pytest.mark.parametrize("ufunc", [u for u in UFUNCS if "f" * u.nin + "->" + "f" * u.nout in u.types], ids=lambda f: f.__name__)
def test_dtype_and_signature(ufunc):
    """``dtype=`` and ``signature=`` choose the loop of the value, and with it the dtype of the derivative."""
    points, _, slopes = keyword_case(ufunc)
    for keywords in ({"dtype": np.float32}, {"signature": "f" * ufunc.nin + "->" + "f" * ufunc.nout}):
        keywords["casting"] = "same_kind"
        values, got = push(partial(ufunc, **keywords), points, moving(ufunc))
        assert same_bits(values, ufunc(*points, **keywords))
        for slope, ours in zip(slopes, got if isinstance(got, tuple) else (got,), strict=True):
            assert ours.dtype == np.float32
            np.testing.assert_allclose(ours, slope, rtol=1e-4)


# -- the column `at` -----------------------------------------------------------------------------------------------------

PROMISES = [(row.function, point, promise) for row in exact.ROWS for point, promise in row.at.items()]


@pytest.mark.parametrize(("function", "point", "promise"), PROMISES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_promises_at_nasty_points(function, point, promise):
    """What a row promises holds for scalars, for arrays, and with all inputs moving in directions of their own."""
    point = point if isinstance(point, tuple) else (point,)
    promise = promise if isinstance(promise, tuple) and len(point) > 1 else (promise,)
    everywhere = tuple(range(len(point)))
    with np.errstate(all="ignore"):
        scalars = [dualad.derivative(function, argnums=place)(*point) for place in everywhere]
        arrays = [dualad.derivative(function, argnums=place)(*(np.array([x]) for x in point)) for place in everywhere]
        jacobians = dualad.jacfwd(function, argnums=everywhere)(*(np.array([x, x]) for x in point))
        if isinstance(jacobians[0], tuple):  # several outputs: by output, then by input
            jacobians = list(zip(*jacobians, strict=True))
    for place, expected in enumerate(promise):
        many = isinstance(expected, tuple)
        for output, value in enumerate(expected if many else (expected,)):
            pick = (lambda x, output=output: x[output]) if many else (lambda x: x)
            np.testing.assert_allclose(pick(scalars[place]), value, rtol=1e-15)
            np.testing.assert_allclose(pick(arrays[place])[0], value, rtol=1e-15)
            np.testing.assert_allclose(np.diag(pick(jacobians[place])), value, rtol=1e-15)
            assert np.all(pick(jacobians[place])[~np.eye(2, dtype=bool)] == 0.0), "elements do not see each other"
