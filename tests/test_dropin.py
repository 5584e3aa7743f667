"""Idioms of code that nobody rewrote: what works as it is, what works stepped in, and which error the rest raises."""

from __future__ import annotations

import builtins
import cmath
import inspect
import math

import idioms_of_python as python
import numpy as np
import pytest
import scipy.linalg
import scipy.special
from idiom_cases import call, flat, hessian, jacobian
from idioms import IDIOMS, MODULES, kept

from dualad import errors, jacfwd, value_and_jacfwd

WATCHED = (np, np.linalg, np.random, math, cmath, builtins, scipy.linalg, scipy.special, *MODULES)


def in_place():
    """Everything that a stand-in might have been left in."""
    found = {(module.__name__, name): value for module in WATCHED for name, value in vars(module).items()}
    found |= {("OPERATIONS", name): value for name, value in python.OPERATIONS.items()}
    found |= {("Namespace", name): value for name, value in vars(python.Namespace).items()}
    found |= {("generated", name): value for name, value in python.generated.__globals__.items()}
    found["default"], found["closure"] = python.default_argument.__defaults__[0], python.closure.__closure__[0].cell_contents
    return found


@pytest.mark.filterwarnings("ignore:the matrix subclass", "ignore::dualad.errors.DropInWarning")
@pytest.mark.parametrize("drop_in", [False, True, "auto"])
@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_idioms(idiom, drop_in):
    """An idiom works, with its value and two derivatives, or raises what the list says; and nothing is left behind."""
    expected = idiom.stepped if drop_in is True or (drop_in and idiom.plain) else idiom.plain
    before, state = in_place(), list(map(np.copy, kept()))
    if expected is not None:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - compiled code has its own; what it came from is asked below
            call(idiom, jacfwd(idiom.function, drop_in=drop_in))
        assert any(isinstance(error, expected) for error in chain(caught.value))
    else:
        value, slope = call(idiom, value_and_jacfwd(idiom.function, drop_in=drop_in))
        wanted, plain = jacobian(idiom), flat(call(idiom, idiom.function))
        assert flat(value).dtype == flat(slope).dtype == plain.dtype
        close(flat(value), plain, 1e-15)
        close(flat(slope), wanted.ravel(), idiom.accuracy)
        second = call(idiom, jacfwd(jacfwd(idiom.function, drop_in=drop_in), drop_in=drop_in))
        close(flat(second), hessian(idiom).ravel(), 1e3 * idiom.accuracy)
    after = in_place()
    assert all(after[place] is value for place, value in before.items())
    for array, old in zip(kept(), state, strict=True):
        np.testing.assert_array_equal(array, old)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_twins_have_the_values_of_the_idioms(idiom):
    """Those of the refused ones too: others may differentiate them."""
    state = list(map(np.copy, kept()))
    value = flat(call(idiom, idiom.function))
    close(value, flat(call(idiom, idiom.twin)).real, max(idiom.accuracy, 4 * float(np.finfo(value.dtype).eps)))
    for array, old in zip(kept(), state, strict=True):
        array[...] = old


def chain(error):
    """An error and those that it was raised from: compiled code replaces ours by its own."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def close(got, wanted, tolerance):
    tolerance = max(tolerance, 4 * float(np.finfo(got.dtype).eps))
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_arrays_that_carry_nothing_are_plain_where_one_is_needed():
    """An array made by a stand-in gives its memory away, and refuses a dual from then on."""
    seen = []

    def f(x):
        z = np.zeros(2)
        seen.extend([z.data.nbytes, z.ctypes.data == z.ctypes.data, type(z.view(np.ma.MaskedArray)), z.tobytes() == bytes(16)])
        z[0] = x[0]
        return z

    with pytest.raises(errors.TangentLossError, match="plain one"):
        jacfwd(f, drop_in=True)(np.ones(2))
    assert set(seen) == {16, True, np.ma.MaskedArray}


# An idiom that works once its package is named: float(x) and isinstance(x, ...) take a dual for what it stands for.
NAMED = [
    python.float_of,
    python.floats_of_elements,
    python.float_default_kept,
    python.isinstance_ndarray_required,
    python.isinstance_float_required,
]


@pytest.mark.parametrize("function", NAMED, ids=lambda function: function.__name__)
def test_named_packages(function):
    """They are refused otherwise; and the shadows go."""
    idiom = next(each for each in IDIOMS if each.function is function)
    before = in_place()
    slope = call(idiom, jacfwd(function, drop_in=("idioms_of_python",)))
    close(flat(slope), jacobian(idiom).ravel(), 1e-13)
    assert in_place().keys() == before.keys()
    assert idiom.stepped is not None


def test_the_list_is_long():
    """Every function of the modules of idioms is in the list."""
    entered = {idiom.function for idiom in IDIOMS}
    found = {
        value
        for module in MODULES
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found <= entered
    assert len(IDIOMS) >= 75
