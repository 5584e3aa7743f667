"""Single numbers, Python's own and NumPy's: arguments like any other, in every function that takes one."""

import warnings

import numpy as np
import pytest

from dualad import errors, jvp
from dualad.rules.table import RULES, Refused

NUMBERS = [0.3, 0.3 + 0.2j, np.float32(0.3), np.float64(0.3), np.complex128(0.3 + 0.2j), np.array(0.3), np.array(0.3 + 0.2j)]

BUILDERS = {"arange", "tri", "frombuffer", "empty_like"}  # shapes, bytes, and what lies in memory by chance
FUNCTIONS = [
    function
    for function, row in RULES.items()
    if (getattr(function, "__module__", None) or "numpy").startswith("numpy")
    and not isinstance(row, Refused)
    and function.__name__ not in BUILDERS
]


def parts(value):
    return list(value) if isinstance(value, list | tuple) else [value]


def plain(function, number):
    """The function's answer as arrays and NumPy's numbers; None if it takes no number or gives none that varies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = parts(function(number))
        except Exception:  # whatever NumPy says of a single number
            return None
    values = [np.asarray(each)[()] if isinstance(each, float | complex) else each for each in values]
    return values if values and all(isinstance(each, np.ndarray | np.inexact) for each in values) else None


def slopes(function, number, order):
    """All derivatives up to an order along one direction."""
    seed = np.ones_like(number) if isinstance(number, np.ndarray) else type(number)(1.0)
    value, slope = jvp(function, (number,), (seed,))
    further = slopes(lambda x: jvp(function, (x,), (seed,))[1], number, order - 1) if order else []
    return [*parts(value), *parts(slope), *further]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_number_is_an_argument_of_every_function(number):
    """Values are NumPy's in value, type and dtype; derivatives of a Python number are those of NumPy's, at two orders."""
    asked = 0
    for function in FUNCTIONS:
        expected = plain(function, number)
        if expected is None:
            continue
        asked += 1
        try:
            answers = slopes(function, number, 1)
        except errors.DualadError as error:
            raise AssertionError(f"{function.__name__} of {number!r}") from error
        for value, want in zip(answers, expected, strict=False):
            assert type(value) is type(want), function.__name__
            assert value.dtype == want.dtype
            np.testing.assert_array_equal(value, want, err_msg=function.__name__)
        if type(number) in (float, complex):
            for one, other in zip(answers, slopes(function, np.asarray(number)[()], 1), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-300, err_msg=function.__name__)
    assert asked > 100
