"""The short way of single floats: the same as that of arrays, for every ufunc, with one direction and with several."""

import operator

import numpy as np
import pytest

from dualad import hessian, jacfwd, jvp, stop_gradient
from dualad.dual import DualNumber
from dualad.rules.table import INTEGER, RULES, Elementwise

UFUNCS = [
    function
    for function, row in RULES.items()
    if isinstance(function, np.ufunc)
    and isinstance(row, Elementwise)
    and INTEGER not in row.on
    and getattr(np, function.__name__, None) is function
]
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv]
PAIRS = [(0.5, 0.75), (0.5, 0.5), (0.0, 2.0), (0.0, 0.0), (-0.5, 3.0), (1.0, -1.0)]
quietly = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # both ways warn where NumPy does, and that is tested elsewhere


def outputs(value):
    return value if isinstance(value, tuple) else (value,)


@quietly
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_ufuncs(ufunc):
    """First derivatives, along one direction and along both, and second ones are those of arrays of one element."""
    for pair in PAIRS:
        args = pair[: ufunc.nin]
        places = tuple(range(ufunc.nin))
        arrays = tuple(np.array([each]) for each in args)
        for one, other in zip(outputs(ufunc(*args)), outputs(jvp(ufunc, args, (1.0,) * ufunc.nin)[0]), strict=True):
            np.testing.assert_array_equal(other, one)
        for transform in (jacfwd, hessian):
            for place in places:
                numbers = outputs(transform(ufunc, place)(*args))
                same = outputs(transform(ufunc, place)(*arrays))
                for number, array in zip(numbers, same, strict=True):
                    np.testing.assert_array_equal(number, array.reshape(()), err_msg=str(args))
        together = np.array(args)
        for number, array in zip(
            outputs(jacfwd(lambda x: ufunc(*x))(together)),
            outputs(jacfwd(lambda x: ufunc(*x[:, np.newaxis]))(together)),
            strict=True,
        ):
            np.testing.assert_array_equal(number, array[0], err_msg=str(args))


@quietly
@pytest.mark.parametrize("operate", OPERATORS, ids=lambda operate: operate.__name__)
@pytest.mark.parametrize("kind", [float, np.float64], ids=lambda kind: kind.__name__)
def test_operators(operate, kind):
    """Python's floats stay Python's among themselves, but are computed as NumPy's; the derivative is that of arrays."""
    for one, other in PAIRS:
        seen = []
        value, slope = jvp(lambda x: seen.append(operate(x, kind(other))) or seen[-1], (kind(one),), (1.0,))
        expected, moved = jvp(lambda x: operate(x, other), (np.array([one]),), (np.ones(1),))
        np.testing.assert_array_equal((value, slope), (expected[0], moved[0]))
        assert type(seen[0]) is DualNumber
        assert type(seen[0].primal) is kind


@quietly
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_what_does_not_vary(ufunc):
    """A number without a tangent has none afterwards."""

    def f(x):
        constant = stop_gradient(x)
        for each in outputs(ufunc(*(constant,) * ufunc.nin)):
            assert getattr(each, "tangent", None) is None
        return x

    jvp(f, (0.5,), (1.0,))


def test_levels():
    """An inner number among outer ones, and the other way round."""
    np.testing.assert_array_equal(jacfwd(lambda x: x * jacfwd(lambda y: x * y**2)(3.0))(2.0), 24.0)
    np.testing.assert_array_equal(
        jacfwd(lambda x: jacfwd(lambda y: np.sin(y) * x + x)(x))(0.5), np.cos(0.5) - 0.5 * np.sin(0.5)
    )
