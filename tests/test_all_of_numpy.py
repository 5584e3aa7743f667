"""All of NumPy, accounted for: every function that asks its arguments has its one place in the book."""

from __future__ import annotations

import functools
import io

import numpy as np
import numpy.char
import numpy.fft
import numpy.polynomial
import numpy.strings
import pytest
from numpy.lib import recfunctions
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

from dualad import errors, jvp
from dualad.rules.groups import MODULES, rule_of
from dualad.rules.table import RULES, Constant, Refused, Replay


def name(function):
    """np.linalg.inv is linalg.inv."""
    return f"{function.__module__}.{function.__name__}".partition("numpy.")[2]


def public(function):
    """A function by its public name: what takes `like=` is dispatched from inside, under another object."""
    try:
        return functools.reduce(getattr, name(function).split("."), np)
    except AttributeError:
        return function


def numeric(ufunc):
    """Whether a ufunc has a loop for numbers: those for text have none that are listed."""
    return any(set(kinds.partition("->")[0]) & set("?bhilqefdgFDG") for kinds in ufunc.types)


def test_every_array_function_has_a_place():
    """A release of NumPy with a new function fails here, until the book has a row for it."""
    missing = {name(function) for function in get_overridable_numpy_array_functions() if rule_of(public(function)) is None}
    assert sorted(missing) == []


def test_every_ufunc_has_a_place():
    """The numeric ones; the private ones behind them are found by their callers."""
    ufuncs = [ufunc for ufunc in get_overridable_numpy_ufuncs() if numeric(ufunc)]
    assert len(ufuncs) > 80
    assert not sorted(ufunc.__name__ for ufunc in ufuncs if rule_of(ufunc) is None)


def test_no_function_has_two_places():
    """The table is a dictionary, and what a module refuses as a whole is not in it."""
    assert not [function for function in RULES if getattr(function, "__module__", None) in MODULES]


def test_what_is_replayed_can_be():
    """NumPy keeps a function's own body where we look for it."""
    replayed = [row for row in RULES.values() if isinstance(row, Replay)]
    assert replayed
    assert all(callable(row.function._implementation) for row in replayed)


def test_reasons_say_what_to_do():
    """Every refusal names a way on."""
    reasons = {row.reason for row in RULES.values() if isinstance(row, Refused)} | set(MODULES.values())
    assert all(any(word in reason for word in ("pass ", "keep ", "format ")) for reason in reasons)


POINT = np.array([1.0, 2.0])
REFUSALS = [
    (lambda x: np.save(io.BytesIO(), x), "np.save"),
    (lambda x: np.savetxt(io.StringIO(), x), "np.savetxt"),
    (lambda x: np.savez(io.BytesIO(), a=x), "np.savez"),
    (lambda x: np.bitwise_and(x, 1), "np.bitwise_and"),
    (lambda x: np.gcd(1, x), "np.gcd"),
    (np.packbits, "np.packbits"),
    (np.is_busday, "np.is_busday"),
    (recfunctions.structured_to_unstructured, "structured_to_unstructured"),
    *([(numpy.strings.upper, "upper")] if hasattr(numpy.strings.upper, "_implementation") else []),  # before 2.4 it asks nobody
]


@pytest.mark.parametrize(("f", "named"), REFUSALS, ids=[named for _, named in REFUSALS])
def test_refusals_name_function_and_line(f, named):
    """What was called, where, and what to do."""
    with pytest.raises(errors.NoRule, match=f"{named}, called at .*test_all_of_numpy.py:\\d+: .*(primal_of|keep)"):
        jvp(f, (POINT,), (POINT,))


def test_readers_give_arrays_to_write_into():
    """np.loadtxt(like=x) reads constants, and what varies can be written among them."""

    def f(x):
        table = np.loadtxt(["1 2", "3 4"], like=x)
        table[0] = x
        return table

    value, tangent = jvp(f, (POINT,), (np.array([5.0, 6.0]),))
    np.testing.assert_array_equal(value, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(tangent, [[5.0, 6.0], [0.0, 0.0]])
    assert isinstance(rule_of(np.loadtxt), Constant)
