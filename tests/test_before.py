"""What a function is given is put back before it runs again, and nothing of ours is left in it."""

import random
from functools import partial

import numpy as np
import pytest

import dualad
from dualad import jacfwd

X = np.array([0.5, 1.5])
pytestmark = pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")


def buffer(x):
    z = np.zeros(2)
    z[0] = np.sin(x[0])
    z[1] = x[0] * x[1]
    return z


class Stateful:
    """An object whose method counts, scales what it keeps, draws and notes."""

    def __init__(self):
        self.scale, self.count, self.noted, self.rng = np.ones(2), 0, {"runs": []}, np.random.default_rng(1)

    def __call__(self, x):
        self.scale *= 2.0
        self.count += 1
        self.noted["runs"].append(self.count)
        return buffer(x) * self.scale + self.rng.random() + len(self.noted["runs"]) + MODULES_OWN.random()

    run = __call__


MODULES_OWN = random.Random(4)


@pytest.mark.parametrize("how", [lambda it: it, lambda it: it.run, lambda it: partial(it.run)], ids=["call", "method", "part"])
def test_objects_and_containers_are_put_back(how):
    """What a function is given in lists, dictionaries and objects; and a method's own object is given to it."""
    one, other = Stateful(), Stateful()
    state = MODULES_OWN.getstate()
    expected = other.run(X)
    after = MODULES_OWN.getstate()
    for mode in ("auto", "auto", True):
        MODULES_OWN.setstate(state)
        one = Stateful()
        np.testing.assert_array_equal(dualad.value_and_jacfwd(how(one), drop_in=mode)(X)[0], expected)
        assert (one.count, one.noted, MODULES_OWN.getstate()) == (other.count, other.noted, after)
        one = Stateful()
        MODULES_OWN.setstate(state)
        value = dualad.value_and_jacfwd(lambda x, given: given[0].run(x), drop_in=mode)(X, [one])[0]
        np.testing.assert_array_equal(value, expected)
        assert (one.count, one.noted) == (other.count, other.noted)


class Keeping:
    """An object whose method keeps what it made: a grid, and the last result."""

    def __init__(self):
        self.grid, self.made = None, []

    def run(self, x):
        if self.grid is None:
            self.grid = np.linspace(0.0, 1.0, 3)
            self.made.append(np.ones(2))
        self.last = np.zeros(3)
        self.last[:] = x[0] * self.grid
        return self.last * 2.0


@pytest.mark.parametrize("drop_in", ["auto", True])
def test_what_is_kept_is_plain(drop_in):
    """Arrays that an object keeps are NumPy's after the transform; one that carries tangents must not be used any more."""
    it, given = Keeping(), {}
    expected = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    for _ in range(3):
        np.testing.assert_array_equal(jacfwd(it.run, drop_in=drop_in)(X), expected)
        assert type(it.grid) is np.ndarray
        assert [type(each) for each in it.made] == [np.ndarray]
    with pytest.raises(dualad.errors.EscapedDualError):
        it.last + 1.0
    inner = lambda x: jacfwd(lambda y: it.run(y * x))(X)
    it.grid = None
    assert jacfwd(inner, drop_in=drop_in)(2.0).shape == (3, 2)

    def noting(x, given):
        given["grid"] = np.zeros(2)
        return buffer(x) + given["grid"]

    jacfwd(noting, drop_in=drop_in)(X, given)
    assert type(given["grid"]) is np.ndarray


class Moody:
    """An object that answers no question of what it is, as a proxy outside its context."""

    def __getattribute__(self, name):
        raise RuntimeError(name)


def test_arguments_of_any_kind():
    """Modules, classes, proxies, lists that hold themselves: nothing is asked of them but their types."""
    endless = [1.0]
    endless.append(endless)
    f = lambda x, *_: buffer(x)
    for given in (np, Moody(), Moody, endless, {"a": Moody()}, iter([1.0]), random.SystemRandom(), np.random.default_rng):
        assert jacfwd(f)(X, given).shape == (2, 2)
        assert jacfwd(f, drop_in=True)(X, given).shape == (2, 2)
