"""Every array function of the rule book, called in every way its table of cases has: value, derivatives, views, dtypes."""

from __future__ import annotations

import inspect
from itertools import product

import numpy as np
import pytest
from calculation_cases import CASES
from function_cases import Case, Var

from dualad import Dual, errors, primal_of, tangent_of
from dualad.lift import Level
from dualad.rules.table import RULES, Composite, Elementwise, Function
from dualad.rules.table import Constant as ConstantRow

STEP = 1e-150
IDS = [f"{number}-{case.function.__name__}" for number, case in enumerate(CASES)]
every = pytest.mark.parametrize("case", CASES, ids=IDS)


# -- taking a case apart -------------------------------------------------------------------------------------------------


def leaves(tree):
    """The Vars of a nest of arguments, in order."""
    if isinstance(tree, Var):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    return [leaf for item in tree for leaf in leaves(item)] if isinstance(tree, list | tuple | type({}.values())) else []


def replaced(tree, values):
    """The nest with the next of `values` in place of each Var."""
    if isinstance(tree, Var):
        return next(values)
    if isinstance(tree, dict):
        return {name: replaced(item, values) for name, item in tree.items()}
    return type(tree)(replaced(item, values) for item in tree) if type(tree) in (list, tuple) else tree


def call(case: Case, values, f=None):
    """The case's call with these values of its Vars; if they are complex, so is the dtype that is asked for."""
    items = iter(values)
    args, kwargs = replaced(case.args, items), replaced(case.kwargs, items)
    if any(np.iscomplexobj(value) for value in values):
        args = [np.complex128 if arg is np.float64 or arg is float else arg for arg in args]
        kwargs |= {"dtype": np.complex128} if kwargs.get("dtype") in (float, np.float32, np.float64) else {}
    return (f or case.call)(*args, **kwargs)


def flat(tree):
    """The arrays of an answer."""
    return [leaf for item in tree for leaf in flat(item)] if isinstance(tree, list | tuple) else [tree]


def points(case: Case):
    return [leaf.value for leaf in leaves((case.args, case.kwargs))]


def subsets(case: Case):
    """Which arguments move: each by itself (beside the one that NumPy looks at, if it looks at one only), and all together."""
    n = len(points(case))
    alone = [tuple(i == j or (i == 0 and case.leader) for i in range(n)) for j in range(n)]
    return alone + [(True,) * n] * (n > 1)


def along(case: Case, k, moved, seed=0, dtype=float):
    """k random directions for each argument that moves; None for the others."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(k, *np.shape(x))).astype(dtype) for x in points(case)]
    return [tangent if moves else None for tangent, moves in zip(found, moved, strict=True)]


def lifted(values, tangents, level):
    return [x if t is None else Dual(x, t, level) for x, t in zip(values, tangents, strict=True)]


def shifted(values, tangents):
    """The values moved along imaginary directions, one each."""
    return [x if t is None else x + 1j * STEP * t for x, t in zip(values, tangents, strict=True)]


def close(got, expected, case, tolerance=2e-12):
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale, err_msg=repr(case))


def tangent_or_zero(out, k):
    """The tangents of an answer, zeros where it does not vary or is none that could."""
    tangent = tangent_of(out)
    return np.zeros((k, *getattr(out, "shape", ()))) if tangent is None else tangent


def imaginary(leaf):
    leaf = np.asarray(leaf)
    return leaf.imag / STEP if leaf.dtype.kind == "c" else np.zeros(leaf.shape)


# -- the walk ------------------------------------------------------------------------------------------------------------


def test_every_row_has_a_case():
    """A function enters the book together with a case."""
    rows = {function for function, row in RULES.items() if not isinstance(row, Elementwise)}
    ufuncs = {function for function in rows if isinstance(RULES[function], ConstantRow) and isinstance(function, np.ufunc)}
    missing = rows - ufuncs - {case.function for case in CASES}
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


# -- other ways to call --------------------------------------------------------------------------------------------------

DIRECT = [c for c in CASES if c.call is c.function and isinstance(RULES[c.function], Function | Composite)]


def by_keyword(case: Case):
    """Positional arguments under their names, those that have one; the rest by position."""
    try:
        bound = inspect.signature(case.function).bind(*case.args, **case.kwargs)
    except ValueError:
        return case.args, case.kwargs
    kinds = inspect.signature(case.function).parameters
    named = {
        name: value for name, value in bound.arguments.items() if kinds[name].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    }
    rest = [value for name, value in bound.arguments.items() if kinds[name].kind is inspect.Parameter.POSITIONAL_ONLY]
    return (rest, named | case.kwargs) if len(rest) + len(named) + len(case.kwargs) >= len(bound.arguments) else ((), {})


@pytest.mark.parametrize("case", DIRECT, ids=lambda c: c.function.__name__)
def test_arguments_by_keyword(case):
    """An argument may come by position or by name."""
    args, kwargs = by_keyword(case)
    if not kwargs or any(kind.kind is kind.VAR_POSITIONAL for kind in inspect.signature(case.function).parameters.values()):
        return
    with Level.fresh("test") as level:
        moved = lifted(points(case), along(case, 3, subsets(case)[-1]), level)
        expected = flat(call(case, moved))
        values = dict(zip(map(id, leaves((case.args, case.kwargs))), moved, strict=True))
        order = iter([values[id(leaf)] for leaf in leaves((list(args), kwargs))])
        out = flat(case.function(*replaced(list(args), order), **replaced(kwargs, order)))
        for got, wanted in zip(out, expected, strict=True):
            np.testing.assert_array_equal(primal_of(got), primal_of(wanted))
            np.testing.assert_array_equal(tangent_or_zero(got, 3), tangent_or_zero(wanted, 3))


WITH_OUT = [c for c in DIRECT if getattr(RULES[c.function], "out", None) is not None or isinstance(c.function, np.ufunc)]


@pytest.mark.parametrize("case", [c for c in WITH_OUT if len(c.args) < 3], ids=lambda c: c.function.__name__)
def test_out(case):
    """`out` takes value and tangents if it is a dual, one without tangents included; a plain array is refused."""
    with Level.fresh("test") as level:
        moved = lifted(points(case), along(case, 3, subsets(case)[-1]), level)
        wanted = call(case, moved)
        out = np.zeros_like(moved[0], shape=np.shape(wanted))
        where = replaced((list(case.args), case.kwargs), iter(moved))
        assert case.function(*where[0], **where[1], out=out) is out
        np.testing.assert_array_equal(primal_of(out), primal_of(wanted))
        np.testing.assert_array_equal(tangent_or_zero(out, 3), tangent_or_zero(wanted, 3))
        if tangent_of(wanted) is not None:
            with pytest.raises(errors.TangentLossError):
                case.function(*where[0], **where[1], out=np.zeros(np.shape(wanted)))
        with np.errstate(all="ignore"):
            assert case.function(*where[0], **where[1], out=None).shape == wanted.shape


VIEWS = [c for c in CASES if getattr(RULES[c.function], "view", False)]


@pytest.mark.parametrize("case", VIEWS, ids=lambda c: c.function.__name__)
def test_views_are_views(case):
    """Where NumPy's answer shares memory with an argument, value and tangents do; where it does not, neither does."""
    values = [np.array(x) for x in points(case)]
    with Level.fresh("test") as level:
        duals = lifted(values, along(case, 3, subsets(case)[-1]), level)
        out = flat(call(case, duals))
        for got, x in product(out, duals):
            if isinstance(got, Dual) and tangent_of(got) is not None and got.size and np.ndim(x):  # a scalar shares no memory
                shared = np.may_share_memory(primal_of(got), primal_of(x))
                assert shared == np.may_share_memory(tangent_of(got), tangent_of(x))
                if shared and case.function is not np.broadcast_arrays and primal_of(got).flags.writeable:
                    got[...] = 7.0
                    assert np.array_equal(np.any(tangent_of(x) != 0, axis=0), primal_of(x) != 7.0)


@pytest.mark.parametrize("case", [c for c in VIEWS if len(points(c)) == 1], ids=lambda c: c.function.__name__)
def test_views_of_an_array_that_begins_to_vary(case):
    """A view of a constant shows the tangents that are written into its base later, and the base those of the view."""
    with Level.fresh("test") as level:
        (x,) = lifted(points(case), along(case, 3, (True,)), level)
        if not isinstance(x, Dual) or not np.ndim(x):
            return
        base = np.zeros_like(x)
        made = flat(call(case, [base]))
        if not all(isinstance(view, Dual) and np.may_share_memory(primal_of(view), primal_of(base)) for view in made):
            return
        base[...] = x
        for view, wanted in zip(made, flat(call(case, [x])), strict=True):
            np.testing.assert_array_equal(tangent_of(view), tangent_of(wanted))
            if primal_of(view).flags.writeable and view.size:
                base = np.zeros_like(x)
                again = flat(call(case, [base]))[0]
                again[...] = x[(0,) * x.ndim]
                assert np.array_equal(np.any(tangent_of(base) != 0, axis=0), primal_of(base) != 0)


# -- what a rule must look like ------------------------------------------------------------------------------------------

UFUNCS = "a generalised ufunc names its keywords once for all ufuncs; those that a rule does not list are refused by name"
OTHERWISE = {
    np.matmul: UFUNCS,
    np.vecdot: UFUNCS,
    np.matvec: UFUNCS,
    np.vecmat: UFUNCS,
    np.einsum: "NumPy collects dtype, order and casting in **kwargs, and takes `out` by keyword only",
}


@pytest.mark.parametrize(
    "function", [f for f, row in RULES.items() if isinstance(row, Function | Composite) and f not in OTHERWISE]
)
def test_parameters_mirror_those_of_numpy(function):
    """Names, order and kinds: what works by position or by keyword in NumPy works so here."""
    row = RULES[function]
    mine = list(inspect.signature(row.push if isinstance(row, Function) else row.body).parameters.values())
    if isinstance(row, Function):
        mine = [p for p in mine[1:] if not (p.name[0] == "d" and p.name[1:] in row.differentiable)]
    wanted = list(inspect.signature(function).parameters.values())
    assert [(p.name, p.kind) for p in mine] == [(p.name, p.kind) for p in wanted]


def dispatched():
    """Every function that asks its arguments, in NumPy's public modules."""
    modules = (np, np.linalg, np.fft)
    names = [getattr(module, name) for module in modules for name in dir(module) if not name.startswith("_")]
    found = {f for f in names if hasattr(f, "_implementation")}
    return sorted(found, key=lambda f: (f.__module__, f.__name__))


@pytest.mark.parametrize("function", [f for f in dispatched() if f not in RULES], ids=lambda f: f.__name__)
def test_no_rule_is_said_by_name(function):
    """A function without a rule raises NoRule with its name."""
    with Level.fresh("test") as level:
        x = Dual(np.ones((2, 2)), np.ones((1, 2, 2)), level)
        with pytest.raises(errors.NoRule, match=function.__name__):
            x.__array_function__(function, (Dual,), (x,), {})


@pytest.mark.parametrize(
    ("alias", "function"),
    [
        (np.permute_dims, np.transpose),
        (np.concat, np.concatenate),
        (np.linalg.matrix_transpose, np.matrix_transpose),
        (np.pow, np.power),
        (np.abs, np.absolute),
        (np.astype, np.astype),
        (np.acos, np.arccos),
    ],
)
def test_aliases(alias, function):
    """NumPy's second names have the rules of the first."""
    assert type(RULES[alias]) is type(RULES[function])
