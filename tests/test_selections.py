"""Array functions at ties, kinks, zeros and nans, on empty arrays, scalars and lists, and where NumPy promotes dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from dualad import derivative, errors, grad, hessian, jacfwd, jvp, value_and_jacfwd

nan, inf = np.nan, np.inf


@pytest.mark.parametrize(
    ("f", "x", "wanted"),
    [
        (np.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
        (np.min, [1.0, 1.0, 1.0, 3.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
        (np.ptp, [1.0, 1.0, 3.0], [-0.5, -0.5, 1.0]),
        (lambda x: np.max(x, initial=3.0), [1.0, 3.0], [0.0, 0.5]),
        (lambda x: np.max(x, initial=9.0), [1.0, 3.0], [0.0, 0.0]),
        (lambda x: np.max(x, where=[True, False], initial=-inf), [1.0, 3.0], [1.0, 0.0]),
        (np.median, [2.0, 1.0, 2.0], [1.0, 0.0, 0.0]),
        (np.median, [2.0, 1.0, 4.0, 3.0], [0.5, 0.0, 0.0, 0.5]),
        (lambda x: np.sum(np.clip(x, 0.0, 1.0)), [0.0, 1.0, 2.0, -1.0], [1.0, 1.0, 0.0, 0.0]),
        (lambda x: np.sum(np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), x)), [2.0, -1.0], [0.5, 1.0]),
        (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), [4.0, 0.0], [0.25, 0.0]),
        (lambda x: np.sum(np.select([x > 1, x > 0], [x**2, np.sqrt(x)], 1.0)), [4.0, 0.25, 0.0], [8.0, 1.0, 0.0]),
        (np.prod, [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (np.prod, [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]),
        (lambda x: np.cumprod(x)[-1], [0.0, 2.0, 3.0], [6.0, 0.0, 0.0]),
        (lambda x: np.linspace(np.sqrt(x[0]), x[1], 3)[2], [0.0, 1.0], [0.0, 1.0]),
        (lambda x: np.interp(1.0, [0.0, 1.0, 2.0], x), [1.0, 3.0, 7.0], [0.0, 1.0, 0.0]),
        (lambda x: np.interp(x, [0.0, 1.0, 2.0], [1.0, 3.0, 7.0])[0], [1.0], [4.0]),
        (lambda x: np.sum(np.interp(x, [0.0, 1.0], [1.0, 3.0])), [-1.0, 9.0, 0.5], [0.0, 0.0, 2.0]),
    ],
)
def test_ties_and_kinks(f, x, wanted):
    """Ties share evenly, a choice takes its own tangent only, and what is not taken is never multiplied in."""
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(grad(f)(np.array(x)), wanted, rtol=1e-15)


def test_sorting_is_a_stable_permutation():
    """Equal elements keep their order."""
    x = np.array([2.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(jacfwd(np.sort)(x), np.eye(4)[[1, 3, 0, 2]])
    np.testing.assert_array_equal(jacfwd(lambda x: np.partition(x, 1))(x).sum(axis=0), np.ones(4))


@pytest.mark.parametrize("f", [np.prod, lambda x: np.cumprod(x)[-1], np.multiply.reduce])
def test_second_derivatives_of_products_with_zeros(f):
    """The product of the others, and of all but two: exact with one, two or three zeros, and with tiny elements."""
    for x in ([0.0, 2.0, 3.0, 5.0], [0.0, 2.0, 0.0, 5.0], [0.0, 0.0, 0.0, 5.0], [1e-200, 2.0, 1e-130, 5.0]):
        wanted = [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(4)] for i in range(4)]
        np.testing.assert_allclose(hessian(f)(np.array(x)), wanted, rtol=1e-14)


def test_medians_by_position():
    """Every argument of a median may come by position, the permission to overwrite too, which is not made use of."""
    x = np.array([3.0, 1.0, 2.0, 7.0])

    def f(x):
        middle = np.median(x, 0, None, True)
        return np.stack([middle, x[0]])

    value, jacobian = value_and_jacfwd(f)(x)
    np.testing.assert_array_equal(value, [2.5, 3.0])
    np.testing.assert_array_equal(jacobian, [[0.5, 0.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0]])
    table = np.array([[3.0, 1.0], [2.0, 5.0], [4.0, 9.0]])
    np.testing.assert_array_equal(jacfwd(lambda x: np.median(x, 0, None, True, True))(table)[0, 0], [[1, 0], [0, 0], [0, 0]])


def test_running_products_that_overflow_on_the_way():
    """A window in the middle may overflow where no running product does."""
    x = np.array([1e-200, 1e200, 1e200, 2.0])
    jacobian = jacfwd(np.cumprod)(x)
    np.testing.assert_allclose(jacobian[2], [inf, 1.0, 1.0, 0.0], rtol=1e-14)
    np.testing.assert_array_equal(np.isnan(jacobian), False)


@pytest.mark.parametrize("f", [np.var, np.std])
def test_spread_of_too_few_is_unknown(f):
    """One element with ddof=1: nan, and so is the derivative."""
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        assert np.isnan(grad(lambda x: f(x, ddof=1))(np.array([3.0]))).all()


@pytest.mark.parametrize(
    "f", [np.sum, np.prod, np.cumsum, np.cumprod, np.sort, np.ravel, np.diff, np.linalg.norm, np.transpose]
)
def test_empty_arrays(f):
    """Nothing in, nothing out, in NumPy's shapes."""
    x = np.zeros((0, 2)) if f is np.transpose else np.zeros(0)
    value = f(x)
    assert jacfwd(f)(x).shape == np.shape(value) + x.shape
    assert jacfwd(lambda t: f(x * t))(1.0).shape == np.shape(value)


@pytest.mark.parametrize(
    "f",
    [
        np.sum,
        np.prod,
        np.max,
        np.mean,
        np.real,
        np.median,
        np.squeeze,
        np.copy,
        np.linalg.norm,
        lambda x: x.real,
        lambda x: x.sum(),
    ],
)
def test_numbers(f):
    """A Python number is an array of no axes to NumPy."""
    assert derivative(lambda x: 3.0 * f(x) + x)(2.0) == 4.0


def test_lists_of_duals_among_the_arguments():
    """A list that holds duals is an array where an array is wanted, for functions and ufuncs."""
    x = np.array([1.0, 2.0])
    cases = {
        "where": lambda x: np.where([True, False], x, [x[1], 5.0]),
        "dot": lambda x: np.dot(x, [x[1], 5.0]),
        "interp": lambda x: np.interp(x, [0.0, x[1] + 1.0], [x[0], 2.0]),
        "outer": lambda x: np.outer(x, [x[0], [1.0][0]]),
        "concatenate": lambda x: np.concatenate([x, [x[0], 3.0]]),
        "stack": lambda x: np.stack([x, [x[0], 3.0]]),
    }
    twins = {"interp": lambda x: x[0] + (2.0 - x[0]) * x / (x[1] + 1.0)}  # NumPy's takes no complex points
    for name, f in cases.items():
        twin = twins.get(name, f)
        np.testing.assert_allclose(f(x), twin(x), rtol=1e-15)
        step = np.stack([twin(x + 1e-150j * e).imag / 1e-150 for e in np.eye(2)], -1)
        np.testing.assert_allclose(jacfwd(f)(x), step, rtol=1e-14, err_msg=name)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize(
    "f",
    [
        np.linalg.norm,
        np.std,
        np.prod,
        np.cumprod,
        np.median,
        np.trapezoid,
        lambda x: np.clip(x, 0, 1),
        lambda x: np.where(x > 0, x, 1),
    ],
)
def test_other_floating_dtypes(dtype, f):
    """Half, single and extended precision stay what they are, value and derivative."""
    if f is np.linalg.norm and dtype is np.float16:
        return  # NumPy answers in single precision
    x = np.array([0.5, 1.5, -0.25], dtype)
    assert f(x).dtype == dtype
    assert jacfwd(f)(x).dtype == dtype
    np.testing.assert_allclose(
        jacfwd(f)(x).astype(float),
        jacfwd(f)(x.astype(float)),
        rtol=20 * float(np.finfo(dtype).eps),
        atol=1e-3 if dtype is np.float16 else 1e-6,
    )


def test_writing_a_dual_into_a_plain_array_is_refused():
    """np.copyto and its like would drop the tangent; of a dual that does not vary they copy the value."""
    x = np.array([1.0, 2.0])
    for write in (
        lambda x: np.copyto(np.zeros(2), x),
        lambda x: np.place(np.zeros(2), [True, False], x),
        lambda x: np.putmask(np.zeros(2), [True, False], x),
        lambda x: np.put(np.zeros(2), [0], x),
        lambda x: np.full_like(np.zeros(2), x),
    ):
        with pytest.raises(errors.TangentLossError):
            jvp(write, (x,), (x,), drop_in=False)
    plain = np.zeros(2)
    jvp(lambda x: np.copyto(plain, np.floor(x)) or x, (x,), (x,))
    np.testing.assert_array_equal(plain, x)
