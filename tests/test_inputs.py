"""What may be differentiated: dtypes, memory layouts, sizes, and values that are no numbers."""

import datetime
import decimal
import fractions

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, hessian, jacfwd, jvp, value_and_grad, value_and_jacfwd
from dualad.errors import BadArgument, NotDifferentiable, TangentLossError

X = np.array([0.5, 1.5, -2.0])
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]


def wave(x):
    """A function of an array of any shape that couples all its elements."""
    return np.sin(x) * np.sum(x)


def exact(x):
    """The Jacobian of `wave`, by indices of a raveled x."""
    x = np.ravel(x)
    return np.diag(np.cos(x) * np.sum(x)) + np.sin(x)[:, None]


# -- integers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8, np.uint64])
def test_integer_arrays_are_promoted(dtype):
    """Integers as differentiated inputs become float64."""
    jacobian = jacfwd(lambda x: x**2 / 2)(np.array([1, 2, 3], dtype))
    np.testing.assert_array_equal(jacobian, np.diag([1.0, 2.0, 3.0]))
    assert jacobian.dtype == np.float64


@pytest.mark.parametrize("x", [3, np.int64(3), np.uint8(3)])
def test_integers_are_promoted(x):
    """The same for single numbers, of Python and of NumPy."""
    assert grad(lambda x: x**2)(x) == 6.0
    assert type(grad(lambda x: x**2)(x)) is np.float64
    assert hessian(lambda x: x**3)(x) == 18.0


def test_other_integers_stay_integers():
    """Only what is differentiated is promoted."""

    def f(x, count):
        assert type(count) is int
        return x * np.arange(count)[1]

    assert grad(f)(2.0, 3) == 1.0


# -- what is refused -----------------------------------------------------------------------------------------------------


class Subclass(np.ndarray):
    """An array with an opinion of its own about arithmetic."""


REFUSED = {
    "bool": True,
    "NumPy bool": np.True_,
    "bools": np.array([True, False]),
    "str": "text",
    "strings": np.array(["a", "b"]),
    "bytes": b"x",
    "None": None,
    "objects": np.array([1.0, None], dtype=object),
    "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "a date": datetime.date(2020, 1, 1),
    "a fraction": fractions.Fraction(1, 2),
    "a decimal": decimal.Decimal("0.5"),
    "an empty list": [],
    "a function": np.sin,
    "structured": np.array([(1.0, 2)], dtype=[("a", float), ("b", int)]),
    "masked": np.ma.masked_array([1.0, 2.0], [True, False]),
    "a subclass": np.ones(3).view(Subclass),
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("transform", [grad, jacfwd, hessian, derivative, dualad.laplacian], ids=lambda t: t.__name__)
def test_what_is_no_number_is_refused(transform, value):
    """Nothing is guessed: what cannot vary continuously raises a TypeError that says what is wrong."""
    with pytest.raises(NotDifferentiable, match=r"holds nothing to differentiate|subclass of ndarray|structured array"):
        transform(lambda x: 1.0)(value)


def test_the_refusal_says_what_was_met():
    """The message names the transform, the function, the argument and its type."""

    def model(x, flag):
        return x

    with pytest.raises(NotDifferentiable, match="grad: argument 1 of model holds nothing to differentiate: bool True"):
        grad(model, argnums=1)(1.0, True)
    with pytest.raises(NotDifferentiable, match="array of bool"):
        grad(model, argnums=1)(1.0, np.array([True]))
    with pytest.raises(NotDifferentiable, match=r"np\.asarray\(x\)"):
        grad(model)(np.ma.masked_array([1.0]), True)


def test_a_tree_with_something_to_differentiate():
    """Beside a number, whatever cannot vary is passed through as it is, with None as derivative."""
    tree = {
        name: value for name, value in REFUSED.items() if name not in ("structured", "masked", "a subclass", "an empty list")
    }

    def f(tree):
        assert all(tree[name] is value for name, value in REFUSED.items() if name in tree)
        return tree["x"] ** 2

    gradient = grad(f)(tree | {"x": 3.0})
    assert gradient.pop("x") == 6.0
    assert set(gradient.values()) == {None}


def test_subclasses_that_meet_a_dual_inside():
    """A masked array inside f is refused too: its arithmetic would lose tangents."""
    for constant in (np.ma.masked_array([1.0, 2.0, 3.0]), np.ones(3).view(Subclass)):
        with pytest.raises(TangentLossError, match=r"np\.asarray"):
            jacfwd(lambda x: x * constant)(X)


# -- floating types ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
def test_precision_is_kept(dtype):
    """float16 stays float16, longdouble stays longdouble: values, tangents, Hessians, to that precision."""
    x = X.astype(dtype)
    value, jacobian = value_and_jacfwd(wave)(x)
    assert value.dtype == jacobian.dtype == dtype
    np.testing.assert_array_equal(value, wave(x), strict=True)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(jacobian, exact(x), rtol=8 * eps, atol=8 * eps)
    second = hessian(lambda x: np.sum(x**3))(x)
    assert second.dtype == dtype
    np.testing.assert_allclose(second, np.diag(6 * x), rtol=8 * eps)
    diagonal = dualad.hessian_diagonal(lambda x: np.sum(x**3))(x)
    assert diagonal.dtype == dualad.laplacian(np.sum)(x).dtype == dtype
    np.testing.assert_allclose(diagonal, 6 * x, rtol=8 * eps)


@pytest.mark.parametrize("dtype", FLOATS)
def test_precision_of_numbers_is_kept(dtype):
    """The same for NumPy's scalars and for 0-d arrays."""
    for x in (dtype(0.5), np.array(0.5, dtype)):
        slope = derivative(np.sin)(x)
        assert slope.dtype == dtype
        np.testing.assert_allclose(slope, np.cos(x), rtol=4 * np.finfo(dtype).eps)


def test_promotion_is_numpys():
    """Python's floats do not widen float32, NumPy's float64 does; the derivative has the value's dtype."""
    x = X.astype(np.float32)
    cases = [lambda x: 2.0 * x, lambda x: x * np.float64(2.0), lambda x: x * np.arange(3.0), lambda x: x + 1j, np.sum, np.mean]
    for f in cases:
        value, jacobian = value_and_jacfwd(f)(x)
        assert value.dtype == jacobian.dtype == f(x).dtype


def test_python_floats_promote_weakly():
    """A Python float that is differentiated widens float32 arrays as little as it does in plain NumPy."""
    ones = np.ones(3, np.float32)
    value, slope = jvp(lambda x: x * ones, (2.0,), (1.0,))
    assert value.dtype == slope.dtype == np.float32
    assert jvp(lambda x: (x * x + 1.0) * ones, (2.0,), (1.0,))[1].dtype == np.float32
    assert jvp(lambda x: np.sin(x) * ones, (2.0,), (1.0,))[1].dtype == (np.sin(2.0) * ones).dtype
    for f in (lambda x: x * ones, lambda x: (x * x + 1.0) * ones, lambda x: np.sin(2.0 * x) * ones):
        compiled = dualad.jit(value_and_jacfwd(f))(2.0)
        assert [each.dtype for each in compiled] == [each.dtype for each in value_and_jacfwd(f)(2.0)]


def test_mixed_precisions_in_one_argument():
    """Each leaf has a derivative in the precision of the output, of its own shape."""
    jacobian = jacfwd(lambda p: p["a"] * p["b"])({"a": np.float32(2.0), "b": np.ones(2, np.float16)})
    assert jacobian["a"].dtype == jacobian["b"].dtype == np.float32
    np.testing.assert_array_equal(jacobian["b"], 2.0 * np.eye(2))


# -- complex numbers -----------------------------------------------------------------------------------------------------

Z = np.array([0.5 + 1.0j, -1.0 + 0.25j])


def test_complex_numbers_by_jvp():
    """jvp takes complex primals and tangents; functions of real and imaginary part are differentiated as such."""
    value, slope = jvp(lambda z: z**2, (Z,), (np.array([1.0j, 1.0]),))
    np.testing.assert_allclose(value, Z**2)
    np.testing.assert_allclose(slope, 2.0 * Z * [1.0j, 1.0])
    value, slope = jvp(np.abs, (Z,), (np.array([1.0j, 1.0]),))
    assert slope.dtype == np.float64
    np.testing.assert_allclose(slope, [Z[0].imag / abs(Z[0]), Z[1].real / abs(Z[1])])


def test_complex_numbers_need_a_word():
    """A complex output by a complex argument wants holomorphic=True, and says so; forwards, a real one too."""
    for transform in (jacfwd, hessian, grad):
        with pytest.raises(NotDifferentiable, match="holomorphic=True"):
            transform(lambda z: np.sum(z**2))(Z)
    for transform in (jacfwd, hessian):
        with pytest.raises(NotDifferentiable, match="holomorphic=True"):
            transform(lambda z: np.sum(np.abs(z)))(Z)


def test_holomorphic_functions():
    """With it the derivatives are complex, of any order."""
    jacobian = jacfwd(np.exp, holomorphic=True)(Z)
    assert jacobian.dtype == np.complex128
    np.testing.assert_allclose(jacobian, np.diag(np.exp(Z)))
    np.testing.assert_allclose(hessian(lambda z: np.sum(z**3), holomorphic=True)(Z), np.diag(6.0 * Z))
    np.testing.assert_allclose(grad(lambda z: np.sum(z**3), holomorphic=True)(Z), 3.0 * Z**2)
    assert value_and_grad(lambda z: z**2, holomorphic=True)(2.0j) == (-4.0, 4.0j)
    assert jacfwd(lambda z: z**2, holomorphic=True)(1.0 + 2.0j) == 2.0 + 4.0j
    assert jacfwd(lambda z: z**2, holomorphic=True)(Z.astype(np.complex64)).dtype == np.complex64


def test_real_outputs_are_not_holomorphic():
    """A real function of complex numbers has no complex derivative."""
    for transform in (jacfwd, hessian, grad):
        with pytest.raises(BadArgument, match="output is real"):
            transform(lambda z: np.sum(np.abs(z)), holomorphic=True)(Z)


def test_complex_outputs_of_real_inputs():
    """A real argument may have a complex output; grad wants a real one."""
    np.testing.assert_allclose(jacfwd(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X)))
    np.testing.assert_allclose(derivative(lambda t: np.exp(1j * t), order=2)(0.5), -np.exp(0.5j))
    with pytest.raises(NotDifferentiable, match="complex"):
        grad(lambda x: np.sum(np.exp(1j * x)))(X)


# -- memory layouts ------------------------------------------------------------------------------------------------------


def read_only(x):
    x.flags.writeable = False
    return x


BASE = np.linspace(-1.0, 1.0, 6).reshape(2, 3)
LAYOUTS = {
    "C order": BASE.copy(),
    "Fortran order": np.asfortranarray(BASE),
    "transposed": BASE.T,
    "every other": np.linspace(-1.0, 1.0, 24).reshape(4, 6)[::2, ::2],
    "backwards": BASE[::-1, ::-1],
    "one column": BASE[:, 1],
    "stride 0": np.broadcast_to(np.array([0.5, 1.0, 2.0]), (2, 3)),
    "read-only": read_only(BASE.copy()),
    "big-endian": BASE.astype(">f8"),
    "little-endian": BASE.astype("<f8"),
    "big-endian float32": BASE.astype(">f4"),
    "a field": np.array([(0.5, 1), (1.5, 2)], dtype=[("x", float), ("i", np.int8)])["x"],
}


@pytest.mark.parametrize("x", LAYOUTS.values(), ids=LAYOUTS)
def test_layouts(x):
    """However an array lies in memory, values are NumPy's, derivatives are right, and the array is not written to."""
    before, seed = x.copy(), np.cos(np.arange(x.size)).reshape(x.shape).astype(x.dtype)
    tolerance = 1e-5 if x.itemsize == 4 else 1e-14
    value, jacobian = value_and_jacfwd(wave)(x)
    np.testing.assert_array_equal(value, wave(x))
    np.testing.assert_allclose(jacobian.reshape(x.size, x.size), exact(x), rtol=tolerance, atol=tolerance)
    slope = jvp(wave, (x,), (seed,))[1]
    np.testing.assert_allclose(np.ravel(slope), exact(x) @ np.ravel(seed), rtol=tolerance, atol=tolerance)
    second = hessian(lambda x: np.sum(wave(x)))(x).reshape(x.size, x.size)
    np.testing.assert_array_equal(second, second.T)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("x", LAYOUTS.values(), ids=LAYOUTS)
def test_writing_into_the_argument(x):
    """f may write into what it is given: the caller's array stays as it was, views see the change."""
    before = x.copy()

    def f(x):
        first = x[:1]
        x[:1] = 3.0 * x[-1:]
        return np.sum(first) + np.sum(x**2)

    expected = 2.0 * x.astype(float)
    expected[0] = 0.0
    expected[-1] += 18.0 * x[-1] + 3.0
    np.testing.assert_allclose(grad(f)(x), expected, rtol=1e-5 if x.itemsize == 4 else 1e-14)
    np.testing.assert_array_equal(x, before)


# -- sizes and special values --------------------------------------------------------------------------------------------


def test_zero_dimensional_arrays():
    """A 0-d array is a number that can be written to."""

    def f(x):
        x[()] = x**2
        return x * 3.0

    x = np.array(2.0)
    assert jacfwd(f)(x) == 12.0
    assert x == 2.0
    assert np.shape(jacfwd(lambda x: np.array([1.0, 2.0]) * x)(x)) == (2,)


def test_empty_arrays():
    """No inputs, no outputs, or neither: shapes are out.shape + in.shape, gradients of nothing are empty."""
    empty = np.zeros((0, 3))
    assert jacfwd(np.exp)(empty).shape == (0, 3, 0, 3)
    assert grad(np.sum)(empty).shape == (0, 3)
    assert jacfwd(lambda x: x[:0])(X).shape == (0, 3)
    assert hessian(np.sum)(empty).shape == (0, 3, 0, 3)
    assert dualad.hessian_diagonal(np.sum)(empty).shape == (0, 3)
    assert dualad.laplacian(np.sum)(empty) == 0.0
    assert jacfwd(np.exp, chunk_size=1)(empty).shape == (0, 3, 0, 3)
    assert jvp(np.exp, (empty,), (empty,))[1].shape == (0, 3)
    assert derivative(np.exp)(empty).shape == (0, 3)
    assert value_and_jacfwd(np.sum)(empty)[0] == 0.0


def test_empty_beside_full():
    """An empty leaf takes no direction."""
    gradient = grad(lambda p: np.sum(p["none"]) + np.sum(p["some"] ** 2))({"none": np.zeros(0), "some": X})
    assert gradient["none"].shape == (0,)
    np.testing.assert_array_equal(gradient["some"], 2.0 * X)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_infinities_and_nans():
    """A derivative does not depend on values that it does not depend on: x - x, 0 x and 2 x are linear everywhere."""
    for x in (np.inf, -np.inf, np.nan):
        assert derivative(lambda x: x - x)(x) == 0.0
        assert derivative(lambda x: 0.0 * x)(x) == 0.0
        assert derivative(lambda x: 2.0 * x)(x) == 2.0
    np.testing.assert_array_equal(jacfwd(np.cumsum)(np.array([1.0, np.nan, 2.0])), np.tril(np.ones((3, 3))))


def test_infinities_stay_in_their_row():
    """Elements that are no numbers do not spoil the derivatives of their neighbours."""
    jacobian = jacfwd(np.exp)(np.array([-np.inf, 0.0, 1.0]))
    np.testing.assert_array_equal(jacobian, np.diag([0.0, 1.0, np.exp(1.0)]))
    np.testing.assert_array_equal(derivative(np.sqrt)(np.array([np.nan, np.inf, 4.0])), [np.nan, 0.0, 0.25])


def test_item_keeps_the_tangent():
    """x.item() inside f is a number that varies."""
    np.testing.assert_array_equal(grad(lambda x: x[1:2].item() ** 2 + x.item(0))(X), [1.0, 3.0, 0.0])
    assert derivative(lambda x: np.asarray(3.0) * x.item())(2.0) == 3.0
