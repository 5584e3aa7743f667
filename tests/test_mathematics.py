"""The functions of math and cmath while stepping in: every one is accounted for, and odd calls are those of Python."""

import cmath
import math

import numpy as np
import pytest

from dualad import derivative, jacfwd, value_and_grad
from dualad.mathematics import FORMS, ROWS

X = np.array([0.7, 1.3, 2.1])
OF_INTEGERS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm"}  # a dual number is none: they raise as for a float


def functions(module):
    return {name: f for name, f in vars(module).items() if callable(f) and not name.startswith("_")}


def test_every_function_is_accounted_for():
    """A new release of Python may bring another one."""
    known = {*ROWS, *FORMS}
    assert {name for name, f in functions(math).items() if f not in known} <= OF_INTEGERS
    assert all(f in known for f in functions(cmath).values())


SEQUENCES = {
    "fsum": (lambda x: math.fsum([x[0]]), [1.0, 0.0, 0.0]),
    "fsum of a view": (lambda x: math.fsum({"a": x[1]}.values()), [0.0, 1.0, 0.0]),
    "fsum of a slice": (lambda x: math.fsum(x[:1]), [1.0, 0.0, 0.0]),
    "prod": (lambda x: math.prod((x[2],), start=2), [0.0, 0.0, 2.0]),
    "prod of an iterator": (lambda x: math.prod(iter([x[0], 3.0])), [3.0, 0.0, 0.0]),
    "prod of nothing": (lambda x: math.prod([], start=x[0]), [1.0, 0.0, 0.0]),
    "dist": (lambda x: math.dist([x[0]], [2.0]), [-1.0, 0.0, 0.0]),
    "dist of slices": (lambda x: math.dist(x[:1], x[1:2]), [-1.0, 1.0, 0.0]),
    "hypot": (lambda x: math.hypot(x[0]), [1.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(name):
    """Of one number, of none, and what can be gone through once only."""
    f, slope = SEQUENCES[name]
    value, found = value_and_grad(f, drop_in=True)(X)
    assert value == f(X)
    np.testing.assert_allclose(found, slope, rtol=1e-15)


LIMITS = {
    "nextafter": (lambda x: math.nextafter(x, 3.0), 0.3, 1.0),
    "frexp": (lambda x: math.frexp(x)[0], 0.3, 2.0),
    "frexp, subnormal": (lambda x: math.frexp(x)[0], 3e-320, math.inf),
    "ldexp, far": (lambda x: math.ldexp(x, 1050), 1e-300, math.inf),
    "ldexp, back": (lambda x: math.ldexp(x, -1060), 0.3, math.ldexp(1.0, -1060)),
    "modf": (lambda x: math.modf(x)[0], -2.25, 1.0),
    "remainder": (lambda x: math.remainder(7.0, x), 4.0, -2.0),
    "log of another base": (lambda x: math.log(8.0, x), 2.0, -3.0 / (2.0 * math.log(2.0))),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits(name):
    """Where numbers are cut into mantissa and exponent, and where they end."""
    f, at, slope = LIMITS[name]
    assert derivative(f, drop_in=True)(at) == pytest.approx(slope, rel=1e-15)


def test_errors_are_those_of_python():
    """Of the domain, of the number of arguments, and of a sequence that is none."""
    for f in (lambda x: math.sqrt(-x[0]), lambda x: math.dist([x[0]], [1.0, 2.0]), lambda x: math.prod(5) * x[0]):
        with pytest.raises((ValueError, TypeError)) as plain:
            f(X)
        with pytest.raises(plain.type, match=str(plain.value)):
            jacfwd(f, drop_in=True)(X)


def test_an_iterator_is_taken_from_only_as_far_as_is_asked():
    """np.fromiter with a count, and with one that is too large."""

    def f(x):
        numbers = iter(x)
        return np.append(np.fromiter(numbers, float, 2), next(numbers))

    np.testing.assert_array_equal(jacfwd(f, drop_in=True)(X), np.eye(3))
    with pytest.raises(ValueError, match="Expected 9 but iterator had only 3 items"):
        jacfwd(lambda x: np.fromiter(x, float, count=9), drop_in=True)(X)


def test_the_first_result_of_vectorize_decides():
    """As in NumPy, on the type of all, where none is asked for; and einsum writes into what it is given."""
    steps = np.vectorize(lambda value: value if value > 1.0 else 0)
    assert value_and_grad(lambda x: np.sum(steps(x)), drop_in=True)(X)[0] == np.sum(steps(X)) == 3
    given = lambda x: np.einsum("i,i->i", x, x, out=np.zeros(3))
    np.testing.assert_array_equal(jacfwd(given, drop_in=True)(X), np.diag(2.0 * X))
    np.testing.assert_array_equal(
        jacfwd(lambda x: x * np.array([[x[0]], [1, 2]], object)[1][1], drop_in=True)(X), 2 * np.eye(3)
    )
