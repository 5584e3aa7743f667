"""A Dual is used as the array or the number that it stands for; what would drop its tangent is refused."""

from __future__ import annotations

import cmath
import copy
import math
import numbers
import operator
import pickle
import warnings

import numpy as np
import pytest

import dualad
from dualad import jacfwd, jvp
from dualad.dual import DualArray, DualScalar, dual
from dualad.errors import EscapedDualError, TangentLossError
from dualad.levels import Level

LEVEL = Level.fresh("a test")
X = np.array([1.4, 2.25, 3.45])
M = np.array([[4.0, 1.0, -2.5], [0.5, -3.0, 6.0]])


def array(value=X):
    value = np.array(value)
    return dual(value, np.eye(value.size, dtype=value.dtype).reshape(value.size, *value.shape), LEVEL)


def scalar(value=2.5):
    return dual(value, np.ones(1, np.result_type(value)), LEVEL)


def numerically(f, x):
    """The Jacobian of f by central differences, the direction first."""
    steps = 1e-6 * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(np.asarray(f(x + h)) - np.asarray(f(x - h))) / 2e-6 for h in steps])


def assert_like(f, x, lift=array):
    """f of a dual is the value that NumPy gives, bit for bit, of the same type and dtype, beside the derivative of f."""
    result, value = f(lift(x)), f(x)
    assert isinstance(result, DualArray if isinstance(value, np.ndarray) else DualScalar)
    assert result.dtype == np.result_type(value)
    np.testing.assert_array_equal(result.primal, value)
    slopes = np.zeros((np.size(x), *result.shape)) if result.tangent is None else result.tangent
    np.testing.assert_allclose(slopes, numerically(f, np.asarray(x)), rtol=1e-7, atol=1e-7)


# -- operators -----------------------------------------------------------------------------------------------------------

BINARY = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow),
    *(lambda a, b: divmod(a, b)[0], lambda a, b: divmod(a, b)[1]),
]
OTHERS = [
    *(X[::-1] + 0.2, np.float64(2.2), np.float32(1.25), 3, 1.75, [2.5, 0.7, 1.25], (2, 3, 4)),
    *(np.array([[1.25], [2.0]]), np.array(1.2)),
]


@pytest.mark.parametrize("f", BINARY, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", OTHERS, ids=repr)
def test_operators(f, other):
    """Every operator takes ndarrays, NumPy's scalars, numbers, lists and tuples on either side."""
    assert_like(lambda x: f(x, other), X)
    assert_like(lambda x: f(other, x), X)
    if not isinstance(other, list | tuple):
        assert_like(lambda x: f(x, other), np.float64(2.6), scalar)
        if not (f is operator.pow and type(other) is np.float64):  # arrives as np.power, whose last bit may differ from **
            assert_like(lambda x: f(other, x), np.float64(2.6), scalar)


def test_matmul_and_signs():
    """@ on either side, also with lists; the unary operators."""
    assert_like(lambda x: x @ X, X)
    assert_like(lambda x: M @ x, X)
    assert_like(lambda x: [1.0, 2.0, 3.0] @ x, X)
    assert_like(lambda x: x @ M.T, M)
    for f in (operator.neg, operator.pos, abs):
        assert_like(f, -X)


INPLACE = [
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv),
    *(operator.ifloordiv, operator.imod, operator.ipow, operator.imatmul),
]


@pytest.mark.parametrize("f", INPLACE, ids=lambda f: f.__name__)
def test_in_place(f):
    """An array is changed in place, and so are its views; a scalar is rebound; a plain array refuses."""
    other = np.array([[0.5, 1.5], [2.0, 0.25]]) if f is operator.imatmul else 1.75

    def change(x):
        x = x * 1.0
        kept, view = x, x[0]
        x = f(x, other)
        assert x is kept
        return view + x[1]

    assert_like(change, abs(M[:, :2]))
    if f is not operator.imatmul:
        x = kept = scalar(np.float64(2.5))
        x = f(x, other)
        assert x is not kept
        assert kept.primal == 2.5
    if f not in (operator.imatmul, operator.ifloordiv):  # a floor does not vary
        with pytest.raises(TangentLossError, match="a = a"):
            f(np.ones((2, 2)), array(M[:, :2]))


def test_in_place_keeps_dtype_and_shape():
    """In place, a float32 array stays one, and a result that is too large or of the wrong kind is refused as by NumPy."""
    x = array(X.astype(np.float32))
    x += np.ones(3)
    assert x.dtype == x.tangent.dtype == np.float32
    for other, error in ((np.ones((2, 3)), ValueError), (1j, TypeError), (np.ones(2), ValueError)):
        with pytest.raises(error):
            x += other


def test_comparisons():
    """Comparisons and questions of truth are answered by the primal, as plain arrays and numbers."""
    x = array()
    for f in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        for other in (2.25, X[::-1], [2.25, 2, 2], array(X[::-1])):
            expected = f(X, other.primal if isinstance(other, DualArray) else other)
            assert type(f(x, other)) is np.ndarray
            np.testing.assert_array_equal(f(x, other), expected)
        assert f(2.25, x).dtype == bool
        assert f(scalar(), 2.0) == f(2.5, 2.0)
    assert list(x == "auto") == [False] * 3
    assert scalar() != "auto"
    assert scalar() != None  # noqa: E711
    assert 2.25 in x
    assert 7.0 not in x
    assert scalar()
    assert not scalar(0.0)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)
    assert sorted(x, reverse=True)[0].primal == max(x).primal == 3.45


# -- attributes and methods ----------------------------------------------------------------------------------------------


def changed(x, method):
    y = x.copy()
    method(y)
    return y


CALLS = [
    *(
        ("sum",),
        ("sum", 1),
        ("mean", 0),
        ("var", 1),
        ("std", 0),
        ("prod", 1),
        ("max", 1),
        ("min",),
        ("cumsum", 1),
        ("cumprod", 0),
    ),
    *(("dot", X), ("trace", 1), ("diagonal", 1), ("conj",), ("conjugate",), ("round", 1), ("clip", -1, 2.25), ("copy",)),
    *(
        ("reshape", 3, -1),
        ("reshape", (6,)),
        ("ravel", "F"),
        ("flatten",),
        ("swapaxes", 0, -1),
        ("transpose", 1, 0),
        ("squeeze",),
    ),
    *(("repeat", [1, 0, 2], 1), ("take", [2, 0, 0], 1), ("compress", [True, False, True], 1), ("astype", float)),
]
METHODS = {f"{name}{args}": operator.methodcaller(name, *args) for name, *args in CALLS} | {
    **{name: operator.attrgetter(name) for name in ("T", "mT", "real", "imag")},
    "keywords": lambda x: x.sum(axis=0, keepdims=True) + x.clip(max=2.25) + x.var(ddof=1) + x.reshape(3, 2, order="F").T,
    "item": lambda x: np.multiply(x.item(4), x.item(1, 2)),
    "tolist": lambda x: np.stack(x.tolist()[1]),
    "unpacking": lambda x: np.subtract(*x),
    "iteration": lambda x: np.stack([row[1] for row in x]),
    "sort": lambda x: changed(x, lambda y: y.sort()),
    "partition": lambda x: changed(x, lambda y: y.partition(1)),
    "fill": lambda x: changed(x, lambda y: y.fill(x[0, 1] * 2)),
    "put": lambda x: changed(x, lambda y: y.put([1, 5], x[0, :2])),
}


@pytest.mark.parametrize("name", METHODS)
def test_methods(name):
    """ndarray's attributes and methods give NumPy's values with their derivatives."""
    assert_like(METHODS[name], M)


def test_what_an_array_tells_about_itself():
    """Shapes, layouts, orderings and truths are plain, and those of the primal."""
    x = array(M)
    for name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes"):
        assert getattr(x, name) == getattr(M, name)
        assert getattr(x[0, 0], name) == getattr(M[0, 0], name)
    for name in ("any", "all", "argmax", "argmin", "argsort", "nonzero", "__len__"):
        np.testing.assert_array_equal(getattr(x, name)(), getattr(M, name)())
    assert x.strides == M.strides
    assert x.flags.c_contiguous
    assert not x.T.flags.c_contiguous
    assert array().searchsorted(2.0) == 1
    assert (np.ndim(x), np.shape(x), np.size(x)) == (2, (2, 3), 6)
    np.testing.assert_array_equal(x.astype(int), M.astype(int))
    with pytest.raises(TypeError, match="cast"):
        x.astype(int, casting="safe")
    x.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1.0


# -- scalars -------------------------------------------------------------------------------------------------------------


def test_scalars_are_scalars():
    """A scalar has no length, is no sequence, is unhashable, immutable, and counts as a number."""
    for x in (scalar(), scalar(np.float64(2.5)), array()[0]):
        assert isinstance(x, DualScalar)
        assert not hasattr(x, "__len__")
        assert not hasattr(x, "__iter__")
        assert not np.iterable(x)
        assert np.isscalar(x)
        assert isinstance(x, numbers.Number)
        for action in (len, iter, hash, lambda x: x.__setitem__(0, 1.0)):
            with pytest.raises((TypeError, AttributeError)):
                action(x)
        kept = x
        x += 1
        assert x is not kept
        assert x.primal == kept.primal + 1
    zero = dual(np.array(2.5), np.ones(1), LEVEL)
    assert isinstance(zero, DualArray)
    kept = zero
    zero += 1
    assert zero is kept
    assert isinstance(zero[()], DualScalar)
    with pytest.raises(TypeError):
        hash(array())
    assert isinstance(np.sum(array()), DualScalar)


def test_integers_come_from_the_primal():
    """int, floor, ceil, trunc and round give plain integers; round to digits gives a step."""
    x = scalar(2.7)
    answers = [int(x), math.floor(x), math.ceil(x), math.trunc(x), round(x), "%d" % x, x.is_integer()]  # noqa: UP031
    assert answers == [2, 2, 3, 2, 3, "2", False]
    assert all(type(answer) is int for answer in answers[:5])
    assert round(x, 1).primal == 2.7
    assert round(x, 1).tangent is None


def test_python_floats_stay_weak():
    """A Python float promotes an array as weakly as Python's, also after arithmetic and as .item()."""
    single = np.array([1.0, 2.0], np.float32)
    items = array().item(1), scalar(np.float64(1)).item()
    for x in (scalar(), scalar() * 3 + 1, -(scalar() ** 2) / 7, abs(scalar() - 1) % 5, *items):
        assert (single * x).dtype == (x / single).dtype == np.float32
        assert (np.float32(2) * x).dtype == np.float32
    for x in (scalar(np.float64(2.5)), np.sin(scalar()), array()[0]):
        assert (single * x).dtype == np.float64
    assert scalar(np.float32(2)).dtype == (scalar(np.float32(2)) * 2.0).dtype == np.float32


def test_python_floats_divide_like_numpys():
    """Where Python raises ZeroDivisionError, or goes complex, NumPy's answer and warning come."""
    zero = scalar(0.0)
    cases = [
        (lambda: 1 / zero, np.inf, "divide"),
        (lambda: zero**-1, np.inf, "divide"),
        (lambda: scalar(-8.0) ** 0.5, np.nan, "invalid"),
        (lambda: zero / 0, np.nan, "invalid"),
        (lambda: 5 % zero, np.nan, "invalid"),
        (lambda: 1.0 // zero, np.inf, "divide"),
    ]
    for action, expected, warning in cases:
        with pytest.warns(RuntimeWarning, match=warning):
            result = action()
        np.testing.assert_array_equal(result.primal, expected)


# -- what is refused -----------------------------------------------------------------------------------------------------

LOSSES = {
    "float": (float, scalar, "or x itself"),
    "complex": (complex, scalar, "or x itself"),
    "math": (math.sin, scalar, r"np\.sin for math\.sin"),
    "cmath": (cmath.exp, scalar, "NumPy's function"),
    "%g": (lambda x: operator.mod("%g", x), scalar, "float"),
    "float64": (np.float64, scalar, "x itself"),
    "dtype": (lambda x: np.asarray(x, dtype=float), array, r"np\.asarray\(x\)"),
    "dtype of a list": (lambda x: np.array([x, 1.0], dtype=float), scalar, r"np\.asarray\(x\)|x itself"),
    "dtype of objects": (lambda x: np.asarray(x).astype(float), array, "x itself"),
    "item of a plain array": (lambda x: np.zeros(3).__setitem__(0, x), scalar, "zeros_like"),
    "slice of a plain array": (lambda x: np.zeros(3).__setitem__(slice(None), x), array, "zeros_like"),
    "tobytes": (lambda x: x.tobytes(), array, "primal_of"),
    "data": (lambda x: x.data, array, "primal_of"),
    "view": (lambda x: x.view(np.ndarray), array, "x itself"),
    "out": (lambda x: np.add(x, 1.0, out=np.zeros(3)), array, "zeros_like"),
    "out of a reduction": (lambda x: np.sum(x, out=np.zeros(())), array, "zeros_like"),
    "index": (lambda x: [1, 2, 3][x], scalar, r"write int\(x\)"),
    "pickle": (pickle.dumps, array, "primal_of"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losing_a_tangent_raises(name):
    """What would drop a derivative raises a TypeError that says what to write instead."""
    action, make, instead = LOSSES[name]
    with pytest.raises(TangentLossError, match=instead):
        action(make())
    assert issubclass(TangentLossError, TypeError)


def test_the_error_names_the_line():
    """The message names the file and line of the user's code; compiled code that reads memory gets a TypeError."""
    for action in (lambda: math.sin(scalar()), lambda: np.asarray(array(), dtype=float)):
        with pytest.raises(TangentLossError, match=r"test_dual\.py:\d+"):
            action()
    for action in (memoryview, bytes):
        with pytest.raises(TypeError):
            action(array())


def test_constants_convert_freely():
    """A dual without tangent is converted as the value that it is, and so is any to integers or Booleans."""
    x, y = dual(X, None, LEVEL), dual(2.5, None, LEVEL)
    assert type(np.asarray(x)) is np.ndarray
    np.testing.assert_array_equal(np.array([x, x]), [X, X])
    np.testing.assert_array_equal(np.array([y, 1.0]), [2.5, 1.0])
    assert (float(y), complex(y), math.sqrt(y)) == (2.5, 2.5 + 0j, math.sqrt(2.5))
    plain = np.zeros(3)
    plain[0] = y
    plain[1:] = x[1:]
    plain += x
    np.testing.assert_array_equal(plain, X + np.array([2.5, 2.25, 3.45]))
    np.testing.assert_array_equal(np.asarray(array(), dtype=int), [1, 2, 3])
    assert np.asarray(array(), dtype=bool).all()


# -- copies and text -----------------------------------------------------------------------------------------------------


def test_copies_keep_tangents():
    """copy and deepcopy keep tangents and share no memory; a scalar stays a scalar."""
    x = array()
    for duplicate in (copy.copy(x), copy.deepcopy(x), copy.deepcopy([x, {"a": x}])[1]["a"], x.copy()):
        np.testing.assert_array_equal(duplicate.tangent, np.eye(3))
        duplicate[:] = 0.0
    np.testing.assert_array_equal(x.tangent, np.eye(3))
    for y in (copy.copy(scalar()), copy.deepcopy(scalar()), scalar().copy()):
        assert isinstance(y, DualScalar)
        assert y.tangent == 1.0


def test_text():
    """repr shows value and tangents; str and format show the value as NumPy would."""
    assert repr(scalar()) == "Dual(2.5 + 1ε)"
    assert repr(dual(X, None, LEVEL)) == "Dual([1.4 , 2.25, 3.45])"
    assert repr(array([1.0, 2.0])) == "Dual([1., 2.] + [[1., 0.],\n [0., 1.]]ε)"
    assert repr(dual(X, X[None], LEVEL)) == "Dual([1.4 , 2.25, 3.45] + [1.4 , 2.25, 3.45]ε)"
    assert (f"{scalar():.3f}", f"{scalar(np.float64(2)):8.1e}", f"{scalar()}") == ("2.500", " 2.0e+00", "2.5")
    assert (str(array()), f"{array()}", str(scalar())) == (str(X), str(X), "2.5")
    seen = []
    dualad.derivative(dualad.derivative(lambda x: seen.append(repr(x * x)) or x * x))(3.0)
    assert seen[0].startswith("Dual((9 + 6ε) + (6 + 2ε)ε")


def test_kept_after_its_transform():
    """A dual that outlives its transform is refused by everything that would read it, and shows itself all the same."""
    kept = []
    jacfwd(lambda x: kept.append(x) or x)(X)
    (x,) = kept
    for action in (lambda: x + 1, lambda: x[0], lambda: x.__setitem__(0, 1.0), lambda: np.sum(x), lambda: bool(x), lambda: x.T):
        with pytest.raises(EscapedDualError, match="returned"):
            action()
    assert "Dual" in repr(x)


def test_warnings_are_numpys():
    """The primal warns as NumPy does, once; the tangent does not."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        jvp(lambda x: np.sqrt(x) / x, (np.zeros(2),), (np.ones(2),))
    assert [str(each.message) for each in seen] == ["invalid value encountered in divide"]
