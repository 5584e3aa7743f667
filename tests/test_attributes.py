"""What code sets on an array and asks of it by attributes, the rarer ways in which duals come in, and marks of zeros."""

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, jacfwd, value_and_jacfwd
from dualad.dual import DualScalar, dual
from dualad.errors import EscapedDualError
from dualad.levels import Level
from dualad.lift import highest
from dualad.structural import structural

LEVEL = Level.fresh("a test")
M = np.arange(1.0, 7.0).reshape(2, 3)
nan = np.nan


def array(value=M, level=LEVEL):
    """A dual array with one direction for each element."""
    value = np.array(value)
    return dual(value, np.eye(value.size, dtype=value.dtype).reshape(value.size, *value.shape), level)


# -- attributes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("varies", [True, False])
def test_the_shape_of_a_view_can_be_set(varies):
    """`view.shape = shape` leaves base and view in the same memory, whether tangents are there already or come later."""

    def f(x):
        z = 1.0 * x if varies else np.zeros_like(x)
        view = z[1:]
        part = view[:, 1:]
        view.shape = (3, 1)
        assert view.shape == (3, 1)
        if not varies:
            z[...] = x
        view[0] = x[0, 0] ** 2
        part[...] = 3.0 * x[0, :2]
        return z, view

    (value, seen), (slopes, seen_slopes) = value_and_jacfwd(f)(M)
    np.testing.assert_array_equal(value, [[1.0, 2.0, 3.0], [1.0, 3.0, 6.0]])
    np.testing.assert_array_equal(seen, [[1.0], [3.0], [6.0]])
    expected = np.eye(6).reshape(2, 3, 6)
    expected[1] = [2.0 * expected[0, 0], 3.0 * expected[0, 0], 3.0 * expected[0, 1]]
    np.testing.assert_array_equal(slopes.reshape(2, 3, 6), expected)
    np.testing.assert_array_equal(seen_slopes.reshape(3, 6), expected[1])


def test_a_shape_that_does_not_fit_is_refused():
    """A wrong shape, and one that would need a copy, raise what NumPy raises and change nothing."""
    x = array()
    for each, shape in ((x, (4,)), (x[1:], (2, 2)), (x.T, (6,))):
        before = each.shape
        with pytest.raises((ValueError, AttributeError)):
            each.shape = shape
        assert each.shape == before


def test_the_imaginary_part_can_be_set():
    """`z.imag = y` writes value and tangent; a real array has no imaginary part to set."""

    def f(x):
        z = np.zeros_like(x, dtype=complex)
        kept = z[::-1]
        z.real = x**2
        z.imag = 3.0 * x
        kept.imag[0] = 7.0
        return z

    x = np.array([0.5, 2.0])
    value, slopes = value_and_jacfwd(f)(x)
    np.testing.assert_array_equal(value, x**2 + 1j * np.array([1.5, 7.0]))
    np.testing.assert_array_equal(slopes, np.diag(2.0 * x + 1j * np.array([3.0, 0.0])))
    with pytest.raises(TypeError, match="imaginary part of a real array"):
        jacfwd(lambda x: setattr(x, "imag", 1.0))(x)


def test_flat_copies_and_converts():
    """`x.flat` copies with its tangents, and is an ndarray to NumPy where nothing varies."""
    x, constant = array(), dual(M.copy(), None, LEVEL)
    copied = x.T.flat.copy()
    np.testing.assert_array_equal(copied.primal, M.T.ravel())
    np.testing.assert_array_equal(copied.tangent, np.eye(6)[:, [0, 3, 1, 4, 2, 5]])
    copied[:] = 0.0
    np.testing.assert_array_equal(x.primal, M)
    for made in (np.asarray(constant.flat), np.array(constant.flat), np.asarray(constant.flat, dtype=int)):
        assert type(made) is np.ndarray
        np.testing.assert_array_equal(made, M.ravel())
    assert np.asarray(constant.flat, dtype=np.float32).dtype == np.float32
    objects = np.asarray(x.flat)
    assert objects.dtype == object
    np.testing.assert_array_equal((objects * constant.flat[1]).astype(object)[1].primal, M.flat[1] ** 2)


def test_scalars_change_their_dtype():
    """`x.astype` of a scalar is a scalar of that dtype with its tangent; of integers a plain one."""
    for x in (dual(2.5, np.ones(1), LEVEL), dual(np.float64(2.5), np.ones(1), LEVEL)):
        single, number = x.astype(np.float32), x.astype(int)
        assert isinstance(single, DualScalar)
        assert single.dtype == single.tangent.dtype == np.float32
        assert (single.primal, single.tangent) == (2.5, 1.0)
        assert type(number) is np.int64
        assert number == 2
        with pytest.raises(TypeError, match="cast"):
            x.astype(int, casting="safe")
    assert derivative(lambda x: x.astype(complex) * 1j)(0.5) == 1j


# -- the rarer ways in ---------------------------------------------------------------------------------------------------


def test_the_highest_level_in_containers():
    """Of duals in lists, tuples and dicts the one of the highest level answers, and one that is gone is refused."""
    with Level.fresh("outer") as outer, Level.fresh("inner") as inner:
        low, high = array(level=outer), array(level=inner)
        assert highest([1.0, {"a": low, "b": [{"c": high}]}, (low,)]) is high
        assert highest(({"a": low}, "text", None)) is low
        assert highest([{}, {"a": {}}, M]) is None
    with pytest.raises(EscapedDualError, match="inner"):
        highest([{"a": [high]}, array()])


@pytest.mark.parametrize("shape", [(2,), (2, 2), (1, 2, 2)])
def test_an_object_array_of_scalars(shape):
    """An object array that a function fills with duals, as an output and as what is written into an array."""

    def table(x):
        made = np.empty(shape, object)
        made.flat[0], made.flat[1] = x[0] * x[1], x[1]
        for place in range(2, made.size):
            made.flat[place] = 1.0
        return made

    def written(x):
        z = np.zeros_like(x, shape=shape)
        z[...] = table(x)
        return z

    x = np.array([2.0, 3.0])
    expected = np.zeros((int(np.prod(shape)), 2))
    expected[:2] = [[3.0, 2.0], [0.0, 1.0]]
    for f in (table, written):
        value, slopes = value_and_jacfwd(f)(x)
        assert value.dtype == slopes.dtype == np.float64
        np.testing.assert_array_equal(value, table(x).astype(float))
        np.testing.assert_array_equal(slopes, expected.reshape(*shape, 2))


# -- marks of structural zeros -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_ufunc_methods_keep_structural_zeros(method):
    """np.add.reduce and its like of a marked tangent: a sum varies where a term does, and is 0 where none does."""
    value = np.array([[0.0, 1.0], [0.0, 0.0]])
    result = getattr(np.add, method)(structural(value, np.where(value != 0, nan, 0.0), LEVEL.below), axis=0)
    expected = getattr(np.add, method)(value, axis=0)
    np.testing.assert_array_equal(result.primal, expected)
    np.testing.assert_array_equal(np.isnan(result.tangent[0]), expected != 0)
    with np.errstate(invalid="ignore"):
        steep = result * np.inf
    np.testing.assert_array_equal(steep.primal, [0.0, np.inf] if method == "reduce" else [[0.0, np.inf]] * 2)


def test_ufunc_methods_in_a_second_look():
    """A rule of the user's that calls np.add.reduce of a tangent is right beside an infinite slope."""
    total = dualad.custom_jvp(np.add.reduce)
    total.defjvps(lambda dx, y, x: np.add.reduce(dx))
    x = np.array([0.0, 1.0, 4.0])
    np.testing.assert_array_equal(grad(lambda x: total(np.sqrt(x)))(x), [np.inf, 0.5, 0.25])
    np.testing.assert_array_equal(grad(lambda x: np.add.reduce(np.sqrt(x)))(x), [np.inf, 0.5, 0.25])
