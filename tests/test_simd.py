"""Functions for compiled loops: values against mpmath, edges, and the machine code that computes them."""

import doctest
import math
import os
import re
from functools import cache
from math import inf, nan, pi

import numba
import numpy as np
import pytest
from exact import TWINS
from mpmath import mp

from dualad import simd

NAMES = sorted(simd.FUNCTIONS)
BINARY = ("power", "arctan2", "hypot")
DTYPES = (np.float64, np.float32)
TABLE = {name: bounds for name, *bounds in re.findall(r"(\w+) +(\d\.\d) +(\d\.\d)", simd.__doc__)}
MEASURED = "CS_GNU_LIBC_VERSION" in getattr(os, "confstr_names", {}) and os.confstr("CS_GNU_LIBC_VERSION") == "glibc 2.36"
EDGES = """
    0 inf nan 5e-324 1e-310 2.2250738585072014e-308 1.2e-38 1e-45 1e-20 0.5 0.9999999999999999 1 1.0000000000000002 1.5 2 3
    5.9 10.06 26.55 27.3 88.722839 88.722847 103.98 128 149 150.5 708.4 709.7827128933839 709.79 710.4758600739439 710.48
    745.1332191019411 745.2 1024 1074 1075.5 16777217 9007199254740991 3.4e38 1e22 1.7976931348623157e308
"""
EDGES = np.array([sign * float(word) for word in EDGES.split() for sign in (1, -1)])


def expected(name, arrays):
    """NumPy's values; Python's where NumPy has no such function."""
    if hasattr(np, name):
        return getattr(np, name)(*arrays)
    return np.frompyfunc(getattr(math, name), 1, 1)(*arrays).astype(arrays[0].dtype)


@cache
def loop(name):
    """A loop over arrays, compiled without the cache on disk."""
    function = simd.FUNCTIONS[name]

    def one(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def two(x, y, out):
        for i in range(x.size):
            out[i] = function(x[i], y[i])

    return numba.njit(error_model="numpy")(two if name in BINARY else one)


def run(name, arrays, step):
    """The function at all places, `step` places at a time: long, short and single ones take different code."""
    out = np.empty_like(arrays[0])
    for start in range(0, out.size, step):
        loop(name)(*(array[start : start + step] for array in arrays), out[start : start + step])
    return out


@cache
def samples(name, dtype):
    """Points of all magnitudes, around edges, and in the range where the function bends; exact values beside them."""
    rng = np.random.default_rng(NAMES.index(name))
    lowest, highest = (-1074, 1023) if dtype == np.float64 else (-149, 127)
    sizes = np.ldexp(rng.uniform(1, 2, 128), np.linspace(lowest, highest, 128).astype(int))
    multiples = np.arange(1, 32) * (pi / 2)
    positive = np.concatenate([sizes, multiples, rng.uniform(0, 1, 64), rng.uniform(0, 40, 64), 1 - 2.0 ** -np.arange(1, 50)])
    with np.errstate(all="ignore"):
        x = np.concatenate([positive, 1 + 2.0 ** -np.arange(1, 50), EDGES[EDGES > 0], rng.uniform(80, 750, 64)]).astype(dtype)
        x = np.concatenate([x, -x])
        x = x[np.isfinite(x) & (x != 0)]
        arrays = (x,)
        if name in BINARY:
            y = rng.permutation(x)
            half = x.size // 2  # powers that are neither 0 nor infinite
            if name == "power":
                y[:half] = rng.uniform(-0.69, 0.69, half) * highest / np.maximum(abs(np.log(abs(x[:half]))), 1e-3)
                y[x < 0] = np.rint(y[x < 0])
            else:
                y[:half] = x[:half] * rng.uniform(-3, 3, half)
            y[~np.isfinite(y) | (y == 0)] = 1
            arrays = (x, y)
        inside = ~np.isnan(expected(name, arrays))
    twin = {"erfc": lambda x: mp.erfc(min(x, 10**6)), **TWINS}.get(name) or getattr(mp, name)
    with mp.workdps(50):
        points = list(zip(*(array[inside] for array in arrays), strict=True))
        values = [twin(*map(mp.mpf, map(float, point))) for point in points]
    finite = [place for place, value in enumerate(values) if mp.isfinite(value)]  # poles are edges
    return tuple(np.array(points, dtype)[finite].T.copy()), [values[place] for place in finite]


def ulps(value, exact, dtype):
    """The distance in units of the last place of the exact value; an overflow counts as the power of two that comes next."""
    digits, lowest, highest = (53, -1074, 1024) if dtype == np.float64 else (24, -149, 128)
    with mp.workdps(50):
        if exact == 0:
            return mp.inf if value else mp.mpf(0)
        unit = mp.ldexp(1, min(max(int(mp.floor(mp.log(abs(exact), 2))) + 1 - digits, lowest), highest - digits))
        top = mp.ldexp(1, highest)
        value = math.copysign(1, value) * top if np.isinf(value) else mp.mpf(float(value))
        return abs(value - min(max(exact, -top), top)) / unit


def test_the_table():
    """The docstring has a bound for each function; none is above 4."""
    assert sorted(TABLE) == NAMES
    assert all(float(bound) <= 4 for bounds in TABLE.values() for bound in bounds)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_values(name, dtype):
    """Over the whole range each function keeps the bound of the table where that was measured, and 4 ulp anywhere."""
    bound = float(TABLE[name][DTYPES.index(dtype)]) if MEASURED else 4.0
    arrays, exact = samples(name, dtype)
    assert len(exact) > 200
    for step in (len(exact), 8, 4, 1):
        result = run(name, arrays, step)
        assert result.dtype == dtype
        errors = [float(ulps(value, true, dtype)) for value, true in zip(result, exact, strict=True)]
        worst = int(np.argmax(errors))
        assert errors[worst] <= bound, [array[worst] for array in arrays]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_edges(name, dtype):
    """nan, infinities, zeros with their signs, subnormals, overflow and underflow come out as NumPy's, in each lane."""
    with np.errstate(all="ignore"):
        points = EDGES.astype(dtype)
        arrays = tuple(map(np.ravel, np.meshgrid(points, points))) if name in BINARY else (points,)
        truth = expected(name, arrays)
    spread = [np.repeat(array, 32) for array in arrays]  # a vector of one value, and one among ordinary ones
    mixed = [np.insert(array, np.arange(array.size), dtype(0.75)) for array in arrays]
    for result in (
        *(run(name, spread, step)[::32] for step in (spread[0].size, 8, 4)),
        *(run(name, mixed, step)[1::2] for step in (mixed[0].size, 1)),
    ):
        assert result.dtype == dtype
        info = np.finfo(dtype)
        np.testing.assert_allclose(result, truth, rtol=8 * info.eps, atol=4 * info.smallest_subnormal)
        number = ~np.isnan(truth)
        np.testing.assert_array_equal(np.signbit(result)[number], np.signbit(truth)[number])
        for same in (np.isnan, np.isinf, lambda x: x == 0):
            np.testing.assert_array_equal(same(result), same(truth))


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        *(("power", (1.0, y), 1.0) for y in (nan, inf, -inf)),
        *(("power", (x, z), 1.0) for x in (nan, inf, 0.0) for z in (0.0, -0.0)),
        *(("power", (-1.0, y), 1.0) for y in (inf, -inf)),
        *(("power", x, y) for x, y in (((-0.0, -3.0), -inf), ((-0.0, 3.0), -0.0), ((-inf, -3.0), -0.0), ((-2.0, 0.5), nan))),
        *(("arctan2", (x, -0.0), y) for x, y in ((0.0, pi), (-0.0, -pi))),
        *(("arctan2", x, y) for x, y in (((-0.0, 0.0), -0.0), ((inf, -inf), 3 * pi / 4))),
        *(("hypot", x, inf) for x in ((inf, nan), (nan, -inf))),
        *(("log1p", (x,), y) for x, y in ((-1.0, -inf), (-0.0, -0.0), (-2.0, nan), (inf, inf))),
        *(("expm1", (x,), y) for x, y in ((-inf, -1.0), (-0.0, -0.0), (inf, inf))),
        *(("cbrt", (x,), y) for x, y in ((-0.0, -0.0), (-inf, -inf))),
        *(("erfc", (x,), y) for x, y in ((-inf, 2.0), (inf, 0.0))),
        *(("arctanh", (x,), y) for x, y in ((1.0, inf), (-1.0, -inf), (-0.0, -0.0), (1.5, nan))),
        *(("arccosh", (x,), y) for x, y in ((1.0, 0.0), (0.5, nan), (inf, inf))),
        *((name, (x,), nan) for name in ("sin", "cos", "tan") for x in (inf, -inf)),
    ],
)
def test_edges_of_the_c_standard(name, arguments, value):
    """What C99 says, whatever NumPy does."""
    for dtype in DTYPES:
        result = run(name, [np.full(64, x, dtype) for x in arguments], 64)
        np.testing.assert_array_equal(result, np.full(64, value, dtype))
        if not np.isnan(value):
            np.testing.assert_array_equal(np.signbit(result), np.signbit(value))


def code(function):
    (text,) = function.inspect_asm().values()
    return text


@pytest.mark.skipif(not simd.VECTORISED, reason="no libmvec, or compiled for less than AVX2")
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("name", sorted(simd.WIDE))
def test_machine_code(name, dtype):
    """The loop calls libmvec with a whole register; no flag gives up a rule of arithmetic."""
    x = np.ones(64, dtype)
    loop(name)(*[x] * (2 if name in BINARY else 1), np.empty_like(x))
    (signature,) = [each for each in loop(name).signatures if each[0].dtype == numba.from_dtype(np.dtype(dtype))]
    text = loop(name).inspect_asm(signature)
    libm = name.replace("arc", "a").replace("power", "pow") + ("f" if dtype == np.float32 else "")
    assert re.search(rf"_ZGV[de]N\d+vv?_{libm}\b", text)
    assert re.search(r"%[yz]mm", text)
    assert not re.search(r"\b(fast|nnan|ninf|nsz|reassoc|arcp|afn)\b", loop(name).inspect_llvm(signature))


@pytest.mark.skipif(not simd.VECTORISED, reason="no libmvec, or compiled for less than AVX2")
def test_branches_and_mixtures_are_widened():
    """A conditional expression becomes a selection; float32 and float64 in one loop, rows of a matrix."""

    @numba.njit(error_model="numpy")
    def branch(x, y, out):
        for i in range(x.size):
            out[i] = simd.exp(x[i]) if x[i] > 0 else simd.sin(y[i]) / x[i]

    @numba.njit(error_model="numpy")
    def rows(x, t, out):
        for k in range(t.shape[0]):
            for i in range(x.size):
                out[k, i] = simd.cos(x[i]) * t[k, i]

    x = np.linspace(-2, 2, 64)
    y, t = x.astype(np.float32), np.outer([1.0, 2.0], x)
    out, table = np.empty_like(x), np.empty_like(t)
    branch(x, y, out)
    rows(x, t, table)
    np.testing.assert_allclose(out, np.where(x > 0, np.exp(x), np.sin(y) / x), rtol=1e-6)
    np.testing.assert_allclose(table, np.cos(x) * t, rtol=1e-15)
    assert re.search(r"_ZGV[de]N\d+v_exp\b", code(branch))
    assert re.search(r"_ZGV[bd]N\d+v_sinf\b", code(branch))
    assert re.search(r"_ZGV[de]N\d+v_cos\b", code(rows))


def test_types():
    """float32 stays where all are; other real numbers become float64; complex numbers are refused by name."""

    @numba.njit
    def both(x, y):
        return simd.power(x, y), simd.exp(x)

    for x, y in ((2, 3), (2.0, 3), (np.float32(2), 3.0), (True, np.int8(3))):
        power, exponential = both(x, y)
        assert power == float(x) ** y
        assert exponential == pytest.approx(math.exp(x), rel=1e-6 if isinstance(x, np.float32) else 1e-15)
    kinds = numba.njit(lambda x, y: (simd.power(x, y), simd.power(x, x)))
    kinds(np.float32(2), np.float64(2))
    assert kinds.nopython_signatures[0].return_type.types == (numba.float64, numba.float32)
    with pytest.raises(numba.TypingError, match=r"dualad\.simd\.power takes real numbers, not complex128"):
        both(1j, 2.0)


def test_example():
    """The example in the docstring runs."""
    outcome = doctest.testmod(simd)
    assert outcome.attempted
    assert not outcome.failed
