"""Arrays of other libraries: one that meets a dual answers in its place; one that lies under a dual is its array."""

import operator

import numpy as np
import pytest

import dualad
from dualad import Dual, derivative, grad, jacfwd
from dualad.dual import dual
from dualad.errors import TangentLossError
from dualad.levels import Level

X = np.array([0.5, 1.5, -2.0])


class Answering:
    """An array that tells what it was asked, whoever stands beside it."""

    __array_ufunc__ = lambda self, ufunc, method, *inputs, **kwargs: ("ufunc", ufunc, method)
    __array_function__ = lambda self, function, types, args, kwargs: ("function", function)
    __add__ = __radd__ = lambda self, other: ("operator", operator.add)
    __pow__ = __rpow__ = lambda self, other: ("operator", operator.pow)
    __matmul__ = __rmatmul__ = lambda self, other: ("operator", operator.matmul)
    __lt__ = __gt__ = lambda self, other: ("operator", operator.lt)


class Wrapped(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that computes as ndarray does without being one."""

    def __init__(self, array):
        self.array = np.asarray(array)

    shape = property(lambda self: self.array.shape)
    ndim = property(lambda self: self.array.ndim)
    size = property(lambda self: self.array.size)
    dtype = property(lambda self: self.array.dtype)

    def __len__(self):
        return len(self.array)

    def __getitem__(self, key):
        return Wrapped(self.array[key])

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(dualad.is_dual(each) for each in inputs):
            return NotImplemented
        return wrapped(getattr(ufunc, method)(*map(unwrapped, inputs), **kwargs))

    def __array_function__(self, function, types, args, kwargs):
        if any(issubclass(kind, Dual) for kind in types):
            return NotImplemented
        return wrapped(function(*map(unwrapped, args), **kwargs))

    def reshape(self, *shape):
        return Wrapped(self.array.reshape(*shape))

    def astype(self, dtype, **keywords):
        return Wrapped(self.array.astype(dtype, **keywords))


def wrapped(value):
    """An array or a number of NumPy as one of this kind; what is neither, such as a shape, as it is."""
    return Wrapped(value) if isinstance(value, np.ndarray | np.generic) else value


def unwrapped(value):
    """The ndarray inside, also inside lists."""
    if isinstance(value, list | tuple):
        return type(value)(map(unwrapped, value))
    return value.array if isinstance(value, Wrapped) else value


def seen_by(use):
    """What `use` of a dual array and of a dual scalar gives."""
    seen = []
    grad(lambda x: seen.extend([use(x), use(x[0])]) or np.sum(x))(X)
    return seen


# -- beside a dual -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", [operator.add, operator.pow, operator.matmul, operator.lt])
def test_operators_are_left_to_the_other(operation):
    """On either side of an operator the other library's array answers."""
    other = Answering()
    assert seen_by(lambda x: operation(x, other)) == [("operator", operation)] * 2
    if operation is not operator.lt:
        assert seen_by(lambda x: operation(other, x)) == [("operator", operation)] * 2


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (np.multiply, ("ufunc", np.multiply, "__call__")),
        (lambda x, other: np.multiply(other, x), ("ufunc", np.multiply, "__call__")),
        (np.add.outer, ("ufunc", np.add, "outer")),
        (lambda x, other: np.add(x, 1.0, out=(other,)), ("ufunc", np.add, "__call__")),
        (np.dot, ("function", np.dot)),
        (lambda x, other: np.dot(other, x), ("function", np.dot)),
        (lambda x, other: np.where(True, x, other), ("function", np.where)),
        (lambda x, other: np.where(X > 0, x, other), ("function", np.where)),
        (lambda x, other: np.stack([x, other]), ("function", np.stack)),
    ],
)
def test_functions_are_left_to_the_other(call, answer):
    """A ufunc, its methods, and a function of arrays give what the other library's array says, also from a list."""
    assert seen_by(lambda x: call(x, Answering())) == [answer] * 2


def test_no_answer_at_all():
    """Where the other library refuses too, Python or NumPy says that nobody knows how."""

    class Refusing:
        __array_ufunc__ = lambda self, *args, **kwargs: NotImplemented
        __array_function__ = lambda self, *args, **kwargs: NotImplemented

    for use in (lambda x: x + Refusing(), lambda x: np.add(x, Refusing()), lambda x: np.dot(x, Refusing())):
        with pytest.raises(TypeError):
            seen_by(use)


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + np.ma.ones(3),
        lambda x: np.add(np.ma.ones(3), x),
        lambda x: np.dot(x, np.ma.ones(3)),
        lambda x: np.stack([x, np.ma.ones(3)]),
        lambda x: np.concatenate((np.ma.ones(3), x)),
    ],
)
def test_masked_arrays_are_refused(use):
    """A masked array beside a dual is refused with what to write instead, in a function's list too."""
    with pytest.raises(TangentLossError, match=r"MaskedArray meets a dual number.*np\.asarray"):
        jacfwd(use)(X)


def test_memory_maps_are_ordinary(tmp_path):
    """np.memmap is an ndarray like any other, as an operand and in a function's list."""
    constant = np.memmap(tmp_path / "numbers", float, "w+", shape=(3,))
    constant[:] = [1.0, 2.0, 3.0]
    np.testing.assert_array_equal(jacfwd(lambda x: x * constant)(X), np.diag([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(jacfwd(lambda x: np.stack([x, constant]))(X)[0], np.eye(3))


# -- under a dual --------------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "operator": lambda x, a: x * a + a,
    "reflected": lambda x, a: a - a * x,
    "power": lambda x, a: x**2 / a,
    "ufunc": lambda x, a: np.multiply(a, np.sin(x)),
    "function": lambda x, a: np.sum(x * a),
    "operand of a function": lambda x, a: np.where(X > 0, x, a),
    "comparison": lambda x, a: np.where(x > a, x, 2.0 * x),
    "index": lambda x, a: x[1:] * a[1:],
    "list": lambda x, a: np.concatenate([x, a]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_array_under_a_dual(name):
    """A library's array that is differentiated stays one, and its like is an ordinary operand beside it."""
    f, constant, direction = FUNCTIONS[name], np.array([2.0, -1.0, 4.0]), np.array([1.0, 0.5, -1.0])
    with Level.fresh("a test") as level:
        y = f(dual(Wrapped(X), Wrapped(direction[None]), level), Wrapped(constant))
        assert isinstance(y, Dual)
        assert isinstance(y.primal, Wrapped)
        assert isinstance(y.tangent, Wrapped)
        np.testing.assert_array_equal(y.primal.array, f(X, constant))
        step = derivative(lambda t: f(X + t * direction, constant))(0.0)
        np.testing.assert_allclose(y.tangent.array[0], step, rtol=1e-15)
