"""Nothing is lost unsaid: what becomes of a loss that the code catches, that others replace, or that nobody sees."""

import math

import numpy as np
import pytest

import dualad
from dualad import derivative, jacfwd
from dualad.errors import DropInWarning, TangentLossError

X = np.array([0.5, 1.5])


def test_a_swallowed_loss_raises_at_the_end():
    """Code that catches the error and goes on without the tangent does not get away with it."""

    def f(x):
        try:
            return float(x) ** 2
        except TypeError:
            return 3.0

    for how in (False, True, "auto"):
        with pytest.raises(TangentLossError, match="caught by the code"):
            derivative(f, drop_in=how)(2.0)


def test_a_swallowed_loss_makes_step_in():
    """Where stand-ins keep the tangent, the error is never raised again, and the answer is right."""

    def f(x):
        try:
            return math.sin(x)
        except TypeError:
            return 0.0 * x

    with pytest.warns(DropInWarning):
        assert derivative(f)(0.5) == math.cos(0.5)


@pytest.mark.parametrize("how", [False, True])
def test_what_comes_instead_tells_of_the_loss(how):
    """Compiled code replaces our error by its own: that one has ours as its cause."""

    def f(x):
        try:
            return float(x)
        except TypeError:
            pass
        raise ValueError("f(a) and f(b) must have different signs")

    with pytest.raises(ValueError, match="signs") as caught:
        derivative(f, drop_in=how)(2.0)
    assert isinstance(caught.value.__cause__, TangentLossError)


def test_an_array_of_objects_that_is_written_into():
    """np.asarray shares memory with its argument; what it gives of a dual does not, so writing there needs stepping in."""

    def f(x):
        y = np.asarray(x)
        y[0] = 7.0
        return x * 2.0

    np.testing.assert_array_equal(f(X.copy()), [14.0, 3.0])
    with pytest.raises(TangentLossError, match="written into"):
        jacfwd(f, drop_in=False)(X)
    with pytest.warns(DropInWarning):
        value, J = dualad.value_and_jacfwd(f)(X)
    np.testing.assert_array_equal(value, [14.0, 3.0])
    np.testing.assert_array_equal(J, [[0.0, 0.0], [0.0, 2.0]])


def test_an_ordinary_error_stays_itself():
    """An error that has nothing to do with tangents is raised at once, from one run."""
    runs = []

    def f(x):
        runs.append(1)
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        jacfwd(f)(X)
    assert len(runs) == 1


def test_a_type_check_gets_a_hint():
    """Code that asks for floats or arrays by their types raises its own error, with a note on how to let duals pass."""

    def f(x):
        if not isinstance(x, float):
            raise TypeError("x must be a float")
        return 2.0 * float(x)

    package = __name__.partition(".")[0]
    with pytest.raises(TypeError, match="must be a float") as caught:
        derivative(f)(1.0)
    assert package in caught.value.__notes__[0]
    assert derivative(f, drop_in=(package,))(1.0) == 2.0
    assert isinstance(1.0, float)


def test_a_conversion_without_steps():
    """A compiled function is no code to be helped: its loss is told, and nothing is concluded for other ones."""
    with pytest.warns(DropInWarning):
        assert derivative(math.sin)(0.5) == math.cos(0.5)
    assert derivative(np.sin)(0.5) == np.cos(0.5)


@pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")
@pytest.mark.parametrize("start", [np.eye(2), np.ones(2)], ids=["matrix", "vector"])
def test_a_product_in_place(start):
    """ndarray's @= names the axes that it takes anyway; that is no reason to refuse."""

    def f(x):
        product = np.array(start)
        product @= np.outer(x, x)
        return product

    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(jacfwd(f)(x), jacfwd(lambda x: start @ np.outer(x, x))(x))
    with pytest.raises(TangentLossError, match="in-place"):
        jacfwd(f, drop_in=False)(x)
