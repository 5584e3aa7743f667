"""What the tables of cases do not say of NumPy's functions: kinks, ties, infinite tangents, views, functions of the caller."""

from __future__ import annotations

import numpy as np
import pytest

from dualad import derivative, errors, grad, hessian, jacfwd, jvp

NAN = np.nan


# -- selections never multiply ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.nansum(np.sqrt(x)[1:]),
        lambda x: np.nansum(np.where(x > 0, np.sqrt(x), NAN)),
        lambda x: np.nanmax(np.sqrt(x)) + np.nanmedian(np.sqrt(x)[1:]),
        lambda x: np.quantile(np.sqrt(x), 1.0) + np.quantile(np.sqrt(x), 0.5),
        lambda x: np.nanquantile(np.sqrt(x), 0.5, method="lower") + np.sqrt(x[2]),
        lambda x: np.sum(np.unique(np.sqrt(x))[1:]),
        lambda x: np.sum(np.setdiff1d(np.sqrt(x), [0.0])),
        lambda x: np.sum(np.delete(np.sqrt(x), 0)),
        lambda x: np.sum(np.trim_zeros(np.sqrt(x))),
        lambda x: np.sum(np.choose([1, 0], [np.sqrt(x)[1:], np.sqrt(x)[::-1][:2]])) / 2 + np.sqrt(x[1]) / 2 + np.sqrt(x[2]) / 2,
    ],
)
def test_an_infinite_tangent_that_is_not_taken_does_no_harm(f):
    """sqrt has an infinite slope at 0, which none of these takes."""
    slopes = grad(f)(np.array([0.0, 1.0, 4.0]))
    assert slopes[0] == 0.0
    assert np.all(np.isfinite(slopes))


def test_what_is_no_number_does_not_vary():
    """nan and infinities that are replaced leave no tangent behind."""
    jacobian = jacfwd(np.nan_to_num)(np.array([1.0, NAN, np.inf]))
    np.testing.assert_array_equal(jacobian, np.diag([1.0, 0.0, 0.0]))
    jacobian = jacfwd(np.nancumsum)(np.array([1.0, NAN, 2.0]))
    np.testing.assert_array_equal(jacobian, [[1, 0, 0], [1, 0, 0], [1, 0, 1]])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("f", [np.nanmax, np.nanmin, np.nanmean, np.nanmedian, np.nanstd, np.nanvar])
def test_nothing_but_nan(f):
    """The answer is nan, and its derivative too; an extreme has that of the operands that it is."""
    value, tangent = jvp(f, (np.array([NAN, NAN]),), (np.array([1.0, 2.0]),))
    assert np.isnan(value)
    assert tangent == 1.5 if f in (np.nanmax, np.nanmin) else np.isnan(tangent)


@pytest.mark.parametrize("f", [np.median, lambda x: np.quantile(x, 0.0), lambda x: np.percentile(x, [0.0])[0]])
def test_one_nan_is_enough(f):
    """Those that do not pass over a nan are nan, with their derivatives."""
    value, tangent = jvp(f, (np.array([1.0, NAN, 2.0]),), (np.ones(3),))
    assert np.isnan(value)
    assert np.isnan(tangent)


def test_warnings_come_once():
    """NumPy's own warning of an empty slice, and no second one of ours."""
    with pytest.warns(RuntimeWarning) as caught:
        jvp(np.nanvar, (np.array([NAN, NAN]),), (np.ones(2),))
    assert len(caught) == 1


# -- kinks and ties ------------------------------------------------------------------------------------------------------


def test_ties_of_extremes_share():
    """As those of np.max do."""
    x = np.array([2.0, NAN, 2.0, 1.0])
    np.testing.assert_array_equal(grad(np.nanmax)(x), [0.5, 0.0, 0.5, 0.0])


def test_the_tip_of_the_spread():
    """nanstd has the subgradient 0 where all are equal, as np.std."""
    np.testing.assert_array_equal(grad(np.nanstd)(np.array([2.0, NAN, 2.0])), [0.0, 0.0, 0.0])


def test_bessel_at_the_origin():
    """I0 is even: slope 0, and 1/2 bends it."""
    assert derivative(np.i0)(0.0) == 0.0
    assert derivative(derivative(np.i0))(0.0) == 0.5
    assert derivative(derivative(derivative(np.i0)))(0.0) == 0.0


def test_equal_elements_of_a_set():
    """The first one stands for all."""
    np.testing.assert_array_equal(jacfwd(np.unique)(np.array([3.0, 1.0, 3.0])), [[0, 1, 0], [1, 0, 0]])
    both = jacfwd(lambda x: np.intersect1d(x[:2], x[2:]))(np.array([3.0, 1.0, 3.0, 2.0]))
    np.testing.assert_array_equal(both, [[1, 0, 0, 0]])


def test_a_quantile_by_its_level():
    """On a knot the slope to its right; step methods are flat."""
    x = np.array([1.0, 2.0, 4.0])
    assert derivative(lambda q: np.quantile(x, q))(0.5) == 4.0
    assert derivative(lambda q: np.quantile(x, q, method="nearest"))(0.4) == 0.0
    mixed = hessian(lambda z: np.quantile(z[:3], z[3]))(np.array([1.0, 2.0, 4.0, 0.75]))
    np.testing.assert_array_equal(mixed[3], [0.0, -2.0, 2.0, 0.0])


def test_the_ends_of_a_geometric_line():
    """Each depends on itself alone, to the last bit."""
    ends = jacfwd(lambda z: np.geomspace(z[0], z[1], 4)[[0, -1]])(np.array([0.7, 3.1]))
    np.testing.assert_array_equal(ends, np.eye(2))


# -- views and functions of the caller -----------------------------------------------------------------------------------


def test_views_are_views():
    """What NumPy gives as a view is written through."""

    def f(x):
        x = np.copy(x)
        np.trim_zeros(x)[0] = x[3] ** 2
        rows, columns = np.meshgrid(x, x, indexing="ij", sparse=True, copy=False)
        rows[3, 0] = 2.0 * columns[0, 1]
        return x

    value, tangent = jvp(f, (np.array([0.0, 1.0, 2.0, 3.0]),), (np.ones(4),))
    np.testing.assert_array_equal(value, [0.0, 9.0, 2.0, 18.0])
    np.testing.assert_array_equal(tangent, [1.0, 6.0, 1.0, 12.0])


def test_windows_are_views_that_may_be_written():
    """Only if they were asked for as such."""

    def f(x):
        x = np.copy(x)
        np.lib.stride_tricks.sliding_window_view(x, 2, writeable=True)[1, 1] = x[0] ** 2
        return x

    np.testing.assert_array_equal(jvp(f, (np.array([3.0, 1.0, 2.0]),), (np.ones(3),))[1], [1.0, 1.0, 6.0])
    with pytest.raises(ValueError, match="read-only"):
        jvp(lambda x: np.lib.stride_tricks.sliding_window_view(x, 2).__setitem__(0, 1.0), (np.ones(3),), (np.ones(3),))


def test_functions_of_the_caller_run_once():
    """And may use what varies outside of them."""
    calls = []

    def f(a):
        def scaled(line, *_):
            calls.append(1)
            return line * a

        x = np.stack([a, 2.0 * a])
        along = np.apply_along_axis(scaled, 0, x)
        pieces = np.piecewise(x, [x > 0, x > 5], [scaled, a])  # 2a = 6 is where the second piece holds
        padded = np.pad(x, 1, lambda line, width, axis, options: line.__setitem__(0, scaled(line[1])))
        return along + pieces + padded[:2]

    value, slope = jvp(f, (3.0,), (1.0,))
    assert len(calls) == 3
    np.testing.assert_array_equal(value, [9.0 + 9.0 + 9.0, 18.0 + 3.0 + 3.0])
    np.testing.assert_array_equal(slope, [18.0, 14.0])


def test_vectorize_goes_over_scalars():
    """np.vectorize asks nobody; what it hands out are scalars that vary, and what it makes of them is refused or kept."""
    f = np.vectorize(lambda a: a * a, otypes=[float])
    with pytest.raises((errors.TangentLossError, ValueError)):
        jvp(f, (np.ones(3),), (np.ones(3),), drop_in=False)


def test_a_weighted_histogram_is_linear_in_weights_and_steps_in_data():
    """Counts do not vary; the edges do with the extremes of the data."""
    x = np.array([0.0, 0.2, 0.7, 1.0])
    np.testing.assert_array_equal(jacfwd(lambda w: np.histogram(x, 2, weights=w)[0])(np.ones(4)), [[1, 1, 0, 0], [0, 0, 1, 1]])
    np.testing.assert_array_equal(jacfwd(lambda a: np.histogram(a, 2)[1])(x), [[1, 0, 0, 0], [0.5, 0, 0, 0.5], [0, 0, 0, 1]])


def test_keywords_are_honoured_or_refused():
    """What NumPy refuses is refused with NumPy's words."""
    x = np.arange(4.0)
    for f, message in [
        (lambda a: np.pad(a, 1, "edge", constant_values=3), "unsupported keyword"),
        (lambda a: np.pad(a, 1, "neither"), "not supported"),
        (lambda a: np.quantile(a, 1.5), "range"),
        (lambda a: np.quantile(a, 0.5, method="odd"), "not a valid method"),
        (lambda a: np.trim_zeros(a, "x"), "trim"),
        (lambda a: np.meshgrid(a, a, indexing="yx"), "indexing"),
        (lambda a: np.piecewise(a, [a > 0], [1.0, 2.0, 3.0]), "functions are expected"),
        (lambda a: np.ix_(a.reshape(2, 2)), "1 dimensional"),
        (lambda a: np.apply_along_axis(np.sum, 0, a.reshape(2, 2)[:, :0]), "iteration dimensions"),
        (lambda a: np.apply_over_axes(lambda v, axis: v[0, 0], a.reshape(2, 2), 0), "correct shape"),
    ]:
        with pytest.raises(ValueError, match=message):
            f(x)
        with pytest.raises(ValueError, match=message):
            jvp(f, (x,), (x,))
