"""Array functions called otherwise: by keyword, with `out`, on views; and under NumPy's signatures."""

from __future__ import annotations

import inspect
from itertools import product

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import pytest
from function_cases import Case, along, call, flat, leaves, lifted, points, replaced, subsets, tangent_or_zero
from line_cases import CASES

from dualad import Dual, errors, primal_of, tangent_of
from dualad.levels import Level
from dualad.rules.table import RULES, Composite, Function

DIRECT = [c for c in CASES if c.call is c.function and isinstance(RULES[c.function], Function | Composite)]


def parameters(function):
    """The parameters of a NumPy function; none where it does not tell: builtins did not before NumPy 2.4."""
    try:
        return inspect.signature(function).parameters
    except ValueError:
        return {}


def by_keyword(case: Case):
    """Positional arguments under their names, those that have one; the rest by position."""
    kinds = parameters(case.function)
    names = [name for name, _ in zip(kinds, case.args, strict=False)]
    first = sum(kind.kind is kind.POSITIONAL_ONLY for kind in kinds.values())
    return case.args[:first], dict(zip(names[first:], case.args[first:], strict=True)) | case.kwargs


def has_names(case: Case):
    """Whether an argument that comes by position has a name."""
    kinds = [kind.kind for kind in parameters(case.function).values()]
    return inspect.Parameter.POSITIONAL_OR_KEYWORD in kinds[: len(case.args)] and inspect.Parameter.VAR_POSITIONAL not in kinds


@pytest.mark.parametrize("case", list(filter(has_names, DIRECT)), ids=lambda c: c.function.__name__)
def test_arguments_by_keyword(case):
    """An argument may come by position or by name."""
    args, kwargs = by_keyword(case)
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
    """`out` takes value and tangents if it is a dual, one without tangents included; a plain array is refused. What NumPy
    itself does not take with `out`, such as concatenate's dtype, is refused as NumPy does."""
    with Level.fresh("test") as level:
        moved = lifted(points(case), along(case, 3, subsets(case)[-1]), level)
        wanted = call(case, moved)
        out = np.zeros_like(moved[0], shape=np.shape(wanted))
        where = replaced((list(case.args), case.kwargs), iter(moved))
        if case.function in (np.concatenate, np.stack) and "dtype" in case.kwargs:
            with pytest.raises(TypeError, match="only takes `out` or `dtype`"):
                case.function(*where[0], **where[1], out=out)
            return
        assert case.function(*where[0], **where[1], out=out) is out
        np.testing.assert_array_equal(primal_of(out), primal_of(wanted))
        np.testing.assert_array_equal(tangent_or_zero(out, 3), tangent_or_zero(wanted, 3))
        if tangent_of(wanted) is not None:
            with pytest.raises(errors.TangentLossError):
                case.function(*where[0], **where[1], out=np.zeros(np.shape(wanted)))
        with np.errstate(all="ignore"):
            assert case.function(*where[0], **where[1], out=None).shape == wanted.shape


def is_view(case):
    """Whether NumPy's answer shares memory with an argument."""
    values = [np.array(x) for x in points(case)]
    made = [leaf for leaf in flat(call(case, values)) if isinstance(leaf, np.ndarray)]
    return any(np.may_share_memory(leaf, x) for leaf, x in product(made, values))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.function.__name__)
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
                if shared and 0 not in got.strides and primal_of(got).flags.writeable:  # one that repeats itself warns
                    got[...] = 7.0
                    assert np.array_equal(np.any(tangent_of(x) != 0, axis=0), primal_of(x) != 7.0)


def one_array(case):
    """Whether there is one array to vary, and the case's answer does not depend on its values: trim_zeros has none of zeros."""
    return len(points(case)) == 1 and np.ndim(points(case)[0]) and case.function is not np.trim_zeros


VIEWS_OF_ONE = [c for c in CASES if one_array(c) and is_view(c)]


@pytest.mark.parametrize("case", VIEWS_OF_ONE, ids=lambda c: c.function.__name__)
def test_views_of_an_array_that_begins_to_vary(case):
    """A view of a constant shows the tangents that are written into its base later, and the base those of the view."""
    with Level.fresh("test") as level:
        (x,) = lifted(points(case), along(case, 3, (True,)), level)
        base = np.zeros_like(x)
        made = flat(call(case, [base]))
        base[...] = x
        for view, wanted in zip(made, flat(call(case, [x])), strict=True):
            np.testing.assert_array_equal(tangent_of(view), tangent_of(wanted))
            if view.flags.writeable and view.size:
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


@pytest.mark.skipif(
    np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="rules mirror the newest NumPy, which has more keywords"
)
@pytest.mark.parametrize(
    "function",
    [
        f
        for f, row in RULES.items()
        if isinstance(row, Function | Composite)
        and f not in OTHERWISE
        and (getattr(f, "__module__", None) or "numpy").startswith("numpy")
        and parameters(f)
    ],
)
def test_parameters_mirror_those_of_numpy(function):
    """Names, order and kinds: what works by position or by keyword in NumPy works so here."""
    row = RULES[function]
    mine = list(inspect.signature(row.push if isinstance(row, Function) else row.body).parameters.values())
    if isinstance(row, Function):
        mine = [p for p in mine[1:] if not (p.name[0] == "d" and p.name[1:] in row.differentiable)]
    come_or_gone = {"newshape", "descending"}  # reshape's, removed with NumPy 2.4; sort's, new with 2.5
    wanted = [p for name, p in parameters(function).items() if name not in come_or_gone]
    assert [(p.name, p.kind) for p in mine if p.name not in come_or_gone] == [(p.name, p.kind) for p in wanted]
