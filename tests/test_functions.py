"""Every array function of the rule book, called in every way its table of cases has: values, derivatives, dtypes."""

from __future__ import annotations

from itertools import product

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import pytest
from function_cases import along, call, flat, lifted, points, subsets, tangent_or_zero
from line_cases import CASES

from dualad import Dual, errors, primal_of, tangent_of
from dualad.levels import Level
from dualad.rules.table import RULES, Constant, Elementwise, Refused

STEP = 1e-150
IDS = [f"{number}-{case.function.__name__}" for number, case in enumerate(CASES)]
every = pytest.mark.parametrize("case", CASES, ids=IDS)


def shifted(values, tangents):
    """The values moved along imaginary directions, one each."""
    return [x if t is None else x + 1j * STEP * t for x, t in zip(values, tangents, strict=True)]


def close(got, expected, case, tolerance=2e-12):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale, err_msg=repr(case))


def imaginary(leaf):
    leaf = np.asarray(leaf)
    return leaf.imag / STEP if leaf.dtype.kind == "c" else np.zeros(leaf.shape)


# -- the walk ------------------------------------------------------------------------------------------------------------


def test_every_row_has_a_case():
    """A function of NumPy enters the book together with a case; those of other packages have tests of their own."""
    rows = {function for function, row in RULES.items() if not isinstance(row, Elementwise | Refused)}
    ufuncs = {function for function in rows if isinstance(RULES[function], Constant) and isinstance(function, np.ufunc)}
    foreign = {function for function in rows if not (getattr(function, "__module__", None) or "numpy").startswith("numpy")}
    missing = rows - ufuncs - foreign - {case.function for case in CASES}
    assert not missing, sorted(function.__name__ for function in missing)


@every
def test_value_is_that_of_numpy(case):
    """Values, shapes, dtypes, containers and kinds of scalar are NumPy's, bit for bit."""
    plain = call(case, points(case))
    for moved in subsets(case):
        with Level.fresh("test") as level:
            out = call(case, lifted(points(case), along(case, 2, moved), level))
            same(out, plain)


def same(out, plain):
    if isinstance(plain, list | tuple):
        assert type(out) is type(plain)
        assert len(out) == len(plain)
        for pair in zip(out, plain, strict=True):
            same(*pair)
        return
    value = primal_of(out)
    assert type(value) is type(plain)
    if isinstance(plain, np.ndarray | np.generic):
        assert value.dtype == plain.dtype
        assert value.shape == plain.shape == out.shape
        np.testing.assert_array_equal(value, plain)
        assert np.array_equal(np.signbit(np.real(value)), np.signbit(np.real(plain)))
    elif not isinstance(plain, str):
        assert value == plain


@pytest.mark.parametrize("case", [c for c in CASES if c.leader], ids=lambda c: c.function.__name__)
def test_what_numpy_does_not_see_is_not_lost(case):
    """Where NumPy does not ask an argument, a dual there is refused, or comes out in an object array: it is never dropped."""
    n = len(points(case))
    for number in range(1, n):
        moved = tuple(i == number for i in range(n))
        with Level.fresh("test") as level:
            try:
                out = call(case, lifted(points(case), along(case, 2, moved), level))
            except (errors.TangentLossError, ValueError) as error:
                lost = error if isinstance(error, errors.TangentLossError) else error.__cause__
                assert isinstance(lost, errors.TangentLossError)
                continue
            assert isinstance(out, Dual) or out.dtype == object


@every
def test_derivative_is_the_complex_step(case):
    """Every argument alone and all together, with as many directions as some axis is long."""
    lengths = {length for x in points(case) for length in np.shape(x)}
    for moved, k in product(subsets(case), sorted({1, *lengths} - {0})):
        tangents = along(case, k, moved)
        with Level.fresh("test") as level:
            out = flat(call(case, lifted(points(case), tangents, level)))
        for direction in range(k):
            one = [t if t is None else t[direction] for t in tangents]
            expected = flat(call(case, shifted(points(case), one), case.twin))
            for got, leaf in zip(out, expected, strict=True):
                if not isinstance(got, str | type | np.dtype):
                    close(tangent_or_zero(got, k)[direction], imaginary(leaf), case)


@every
def test_second_derivative_is_the_complex_step_of_the_first(case):
    """A dual of duals, the two directions in one argument or in two."""
    for outer, inner in product(subsets(case), repeat=2):
        u, v = along(case, 2, outer, seed=1), along(case, 3, inner, seed=2)
        with Level.fresh("outer") as first, Level.fresh("inner") as second:
            out = flat(call(case, lifted(lifted(points(case), u, first), v, second)))
        for direction in range(2):
            one = [t if t is None else t[direction] for t in u]
            moved = shifted(points(case), one)
            with Level.fresh("reference") as level:
                values = [x if t is None else x.astype(complex) for x, t in zip(moved, v, strict=True)]
                seeds = [t if t is None else t.astype(complex) for t in v]
                expected = None if case.linear else flat(call(case, lifted(values, seeds, level), case.twin))
            for place, got in enumerate(out):
                if isinstance(got, str | type | np.dtype):
                    continue
                tangent = tangent_of(tangent_of(got))
                found = np.zeros((2, 3, *getattr(got, "shape", ()))) if tangent is None else tangent
                wanted = np.zeros_like(found[0]) if case.linear else imaginary(tangent_or_zero(expected[place], 3))
                close(found[direction], wanted, case, 2e-11)


@every
def test_single_precision_stays(case):
    """float32 in, float32 out where NumPy answers so, with tangents of the same dtype, near those in double precision."""
    values = [np.asarray(x, np.float32)[()] for x in points(case)]
    plain = flat(call(case, values))
    moved = subsets(case)[-1]
    with Level.fresh("test") as level, Level.fresh("exact") as exact:
        out = flat(call(case, lifted(values, along(case, 3, moved, dtype=np.float32), level)))
        wide = flat(call(case, lifted([x.astype(float) for x in values], along(case, 3, moved), exact)))
    for got, expected, reference in zip(out, plain, wide, strict=True):
        if isinstance(expected, np.ndarray | np.generic):
            assert primal_of(got).dtype == expected.dtype
            np.testing.assert_array_equal(primal_of(got), expected)
            tangent = tangent_of(got)
            if tangent is not None:
                assert tangent.dtype == expected.dtype
                if case.function is np.partition:  # NumPy orders what is not asked for otherwise in single precision
                    continue
                close(tangent, tangent_or_zero(reference, 3), case, 1e-3)


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.holomorphic], ids=[i for i, c in zip(IDS, CASES, strict=True) if c.holomorphic]
)
def test_complex_arguments(case):
    """Holomorphic functions of complex arguments: i times a direction gives i times the tangent, and the real axis agrees."""
    values = [x + 0.5j * np.cos(3.0 * x) for x in points(case)]
    try:
        plain = flat(call(case, values))
    except TypeError as error:
        pytest.skip(f"NumPy: {error}")
    moved = subsets(case)[-1]
    seeds = along(case, 3, moved, dtype=complex)
    with Level.fresh("test") as level, Level.fresh("turned") as turned:
        out = flat(call(case, lifted(values, seeds, level)))
        other = flat(call(case, lifted(values, [1j * t for t in seeds], turned)))
    h = 1e-4
    for direction in range(3):

        def at(step, direction=direction):
            return flat(call(case, [x + step * h * t[direction] for x, t in zip(values, seeds, strict=True)]))

        ends = [at(step) for step in (-2, -1, 1, 2)]
        for place, (got, again, expected) in enumerate(zip(out, other, plain, strict=True)):
            if np.asarray(expected).dtype.kind != "c":
                continue
            np.testing.assert_array_equal(primal_of(got), expected)
            slope = (8 * (ends[2][place] - ends[1][place]) - (ends[3][place] - ends[0][place])) / (12 * h)
            close(tangent_or_zero(got, 3)[direction], slope, case, 1e-9)
            close(tangent_or_zero(again, 3), 1j * tangent_or_zero(got, 3), case)
