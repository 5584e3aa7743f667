"""The methods of every binary ufunc that has a row: reduce, accumulate, reduceat, outer and at."""

from __future__ import annotations

import itertools

import exact
import numpy as np
import pytest

import dualad
from dualad.rules.table import INTEGER

BINARY = [
    row.function
    for row in exact.ROWS
    if isinstance(row.function, np.ufunc) and (row.function.nin, row.function.nout) == (2, 1) and INTEGER not in row.on
]
COMPLEX = [ufunc for ufunc in BINARY if "DD->D" in ufunc.types]
CASES = [(ufunc, float) for ufunc in BINARY] + [(ufunc, complex) for ufunc in COMPLEX]
walk = pytest.mark.parametrize(("ufunc", "kind"), CASES, ids=lambda x: x.__name__)

MASK = np.array([[[True], [False], [True]], [[True], [True], [True]]])


def point_and_direction(kind, shape=(2, 3, 2)):
    """An array away from the kinks of every ufunc, and a direction for it."""
    rng = np.random.default_rng(3)
    if kind is complex:
        return [rng.uniform(0.5, 1.5, shape) + 1j * rng.uniform(-0.5, 0.5, shape) for _ in range(2)]
    return [rng.uniform(0.5, 1.5, shape), rng.normal(size=shape)]


def agrees(f, call, x, v, orders=(1, 2), rtol=1e-13, ulps=0):
    """f has NumPy's value, type, shape and dtype at x, and derivatives along v as `call` has on exact numbers."""
    with np.errstate(all="ignore"):
        plain = f(x)
        value, slope = dualad.jvp(f, (x,), (v,))
    assert type(value) is type(plain)
    assert value.dtype == plain.dtype == slope.dtype
    assert value.shape == plain.shape
    np.testing.assert_allclose(value, plain, rtol=ulps * np.finfo(plain.dtype).eps, atol=0)
    for order in orders:
        got = dualad.derivative(lambda t: f(x + t * v), order=order)(0.0)
        np.testing.assert_allclose(got, exact.curve(call, x, v, order), rtol=rtol, atol=rtol)


def same_refusal(f, x, v):
    """Whether NumPy refuses f(x); then f of duals must be refused alike."""
    try:
        f(x)
    except (ValueError, TypeError) as refusal:
        with pytest.raises(type(refusal)):
            dualad.jvp(f, (x,), (v,))
        return True
    return False


# -- reduce --------------------------------------------------------------------------------------------------------------

REDUCTIONS = [
    {},
    {"axis": 1},
    {"axis": -1, "keepdims": True},
    {"axis": None},
    {"axis": (0, 2)},
    {"axis": (-1, 0), "keepdims": True},
    {"axis": ()},
    {"axis": 1, "initial": 0.8},
    {"axis": None, "initial": 1.3, "keepdims": True},
    {"axis": 1, "initial": 0.9, "where": MASK},
    {"axis": (1, 2), "initial": 1.1, "where": MASK},
    {"axis": 0, "where": MASK},
]


@pytest.mark.parametrize("keywords", REDUCTIONS, ids=str)
@walk
def test_reduce(ufunc, kind, keywords):
    """Every choice of axes, initial and where, or NumPy's own refusal."""
    x, v = point_and_direction(kind)

    def f(x):
        return ufunc.reduce(x, **keywords)

    if not same_refusal(f, x, v):
        agrees(f, lambda x: reduced(ufunc, x, **keywords), x, v)


def reduced(ufunc, x, axis=0, initial=None, where=True, keepdims=False):
    """What reduce means, spelled out in Python: from left to right along the axes, over the elements that `where` keeps."""
    twin = exact.twin(ufunc)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(each % x.ndim for each in axes)
    where = np.broadcast_to(where, x.shape)
    result = np.empty([1 if i in axes else n for i, n in enumerate(x.shape)], object)
    for place in np.ndindex(result.shape):
        spans = [range(n) if i in axes else [place[i]] for i, n in enumerate(x.shape)]
        items = [x[index] for index in itertools.product(*spans) if where[index]]
        total = [] if initial is None else [exact.mp.mpf(initial)]
        for item in items:
            total = [twin(*total, item)] if total else [item]
        result[place] = total[0]
    return result if keepdims else result.squeeze(axes)


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.fmin, np.hypot, np.logaddexp, np.subtract])
def test_reduce_with_an_initial_that_varies(ufunc):
    """The initial value may be a dual as the array is; the array may rest or move along."""
    x, v = point_and_direction(float, (3,))
    start = 1.2

    def f(t, moving):
        return ufunc.reduce(x + moving * t * v, initial=start + 0.7 * t)

    for moving, order in itertools.product((0, 1), (1, 2)):
        got = dualad.derivative(lambda t, moving=moving: f(t, moving), order=order)(0.0)
        both, along = np.append(start, x), np.append(0.7, moving * v)
        np.testing.assert_allclose(got, exact.curve(lambda x: reduced(ufunc, x), both, along, order), rtol=1e-13, atol=1e-13)


@walk
def test_reduce_in_another_dtype(ufunc, kind):
    """``dtype=`` is the dtype of the derivative as well."""
    x, v = point_and_direction(kind)
    dtype = np.complex64 if kind is complex else np.float32
    narrow = lambda x: ufunc.reduce(x, axis=1, dtype=dtype)
    if not same_refusal(narrow, x, v):
        agrees(narrow, lambda x: reduced(ufunc, x, axis=1), x, v, rtol=2e-5, orders=(1,))


@pytest.mark.parametrize("axis", [0, 1, None])
@pytest.mark.parametrize("ufunc", [ufunc for ufunc in BINARY if ufunc.identity is not None], ids=lambda f: f.__name__)
def test_reduce_of_nothing(ufunc, axis):
    """Where nothing is to be reduced the answer is the identity, which does not vary."""
    x = np.zeros((0, 3))
    f = lambda x: ufunc.reduce(x, axis=axis)
    if not same_refusal(f, x, x):
        value, slope = dualad.jvp(f, (x,), (x,))
        np.testing.assert_array_equal(value, f(x))
        np.testing.assert_array_equal(slope, np.zeros(np.shape(f(x))))


# -- accumulate, reduceat, outer, at -------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
@walk
def test_accumulate(ufunc, kind, axis):
    """Every partial result along an axis."""
    x, v = point_and_direction(kind)

    def steps(x):
        runs = [reduced(ufunc, np.moveaxis(x, axis, 0)[: n + 1]) for n in range(x.shape[axis])]
        return np.moveaxis(np.array(runs, object), 0, axis)

    agrees(lambda x: ufunc.accumulate(x, axis=axis), steps, x, v)


@walk
def test_accumulate_in_another_dtype_and_out(ufunc, kind):
    """``dtype=`` and ``out=`` as NumPy has them; a lifted buffer takes both parts."""
    x, v = point_and_direction(kind, (4,))
    dtype = np.complex64 if kind is complex else np.float32

    def f(x):
        buffer = np.zeros_like(x)
        assert ufunc.accumulate(x, out=buffer) is buffer
        return buffer

    value, slope = dualad.jvp(ufunc.accumulate, (x,), (v,))
    for plain, ours in zip((value, slope), dualad.jvp(f, (x,), (v,)), strict=True):
        np.testing.assert_array_equal(ours, plain)
    narrow = lambda x: ufunc.accumulate(x, dtype=dtype)
    if not same_refusal(narrow, x, v):
        got = dualad.jvp(narrow, (x,), (v,))[1]
        assert got.dtype == dtype
        np.testing.assert_allclose(got, slope, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("axis", [0, -2])
@walk
def test_reduceat(ufunc, kind, axis):
    """Spans between indices; where an index is not below the next one, the single element."""
    x, v = point_and_direction(kind, (4, 2))
    indices = [0, 3, 1, 2]

    def spans(x):
        ends = [*indices[1:], len(x)]
        return np.array([reduced(ufunc, x[i : max(j, i + 1)]) for i, j in zip(indices, ends, strict=True)], object)

    agrees(lambda x: ufunc.reduceat(x, indices, axis=axis), spans, x, v)


@walk
def test_outer(ufunc, kind):
    """All pairs, the axes of the first operand in front; either operand may be the one that moves."""
    x, v = point_and_direction(kind, (2, 3))
    other = point_and_direction(kind, (2,))[0] + 0.13
    twin = np.frompyfunc(exact.twin(ufunc), 2, 1)
    agrees(lambda x: ufunc.outer(x, other), lambda x: twin(x[..., None], exact.numbers(other)), x, v)
    agrees(lambda x: ufunc.outer(other, x), lambda x: twin(exact.numbers(other)[:, None, None], x), x, v)
    agrees(lambda x: ufunc.outer(x, x[0] + 0.2), lambda x: twin(x[..., None], x[0] + exact.mp.mpf(0.2)), x, v)


@walk
def test_at(ufunc, kind):
    """In place, once for each time that an index is named, in NumPy's order."""
    x, v = point_and_direction(kind, (4,))
    indices = np.array([1, 3, 1, 1])

    def f(x):
        target = 1.0 * x
        ufunc.at(target, indices, x + 0.3)
        return target

    def steps(x):
        target, twin = list(x), exact.twin(ufunc)
        for place, item in zip(indices, x + exact.mp.mpf(0.3), strict=True):
            target[place] = twin(target[place], item)
        return np.array(target, object)

    agrees(f, steps, x, v, ulps=2)  # one by one and all at once, NumPy rounds complex products differently


def test_at_with_other_indices():
    """Slices, masks, tuples of indices, and unary ufuncs."""
    x = np.array([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]])
    for indices in (1, (0, 2), (slice(None), 1), x > 2.0, ([0, 0, 1], [1, 1, 2]), -1):

        def f(x, indices=indices):
            target = 1.0 * x
            np.multiply.at(target, indices, 3.0)
            np.sqrt.at(target, indices)
            return target

        plain = f(x)
        value, slope = dualad.jvp(f, (x,), (np.ones_like(x),))
        np.testing.assert_array_equal(value, plain)
        np.testing.assert_allclose(slope, exact.curve(partial_at(indices), x, np.ones_like(x), 1).real, rtol=1e-13)


def partial_at(indices):
    """``target[indices]`` tripled and rooted, once for each time that a place is named."""

    def call(x):
        target = x.copy()
        places = np.arange(x.size).reshape(x.shape)[indices]
        for function in (lambda a: 3 * a, exact.mp.sqrt):
            for place in np.ravel(places):
                target.flat[place] = function(target.flat[place])
        return target

    return call


def test_a_rule_that_comes_after_the_first_attempt():
    """A ufunc that was refused while it had no row is differentiated by its methods once it has one."""
    half_sum = np.frompyfunc(lambda a, b: 0.5 * (a + b), 2, 1)
    x = np.array([1.0, 2.0, 4.0])
    calls = {
        "reduce": (half_sum.reduce, [0.25, 0.25, 0.5]),
        "accumulate": (lambda x: half_sum.accumulate(x)[1], [0.5, 0.5, 0.0]),
        "outer": (lambda x: half_sum.outer(x, x)[0, 2], [0.5, 0.0, 0.5]),
    }
    for name, (f, _) in calls.items():
        with pytest.raises(dualad.errors.NoRule, match=name):
            dualad.grad(f)(x)
    dualad.rule(half_sum, 0.5, 0.5)
    for f, expected in calls.values():
        np.testing.assert_array_equal(dualad.grad(f)(x), expected)


# -- products with zeros -------------------------------------------------------------------------------------------------

ZEROS = [
    [2.0, 3.0, 5.0, 7.0],
    [2.0, 0.0, 5.0, 7.0],
    [0.0, 3.0, 0.0, 7.0],
    [0.0, 3.0, -0.0, 0.0],
    [1e-200, 1e200, 3.0, 0.0],
]


def others(x, *left_out):
    """The product of all elements but some."""
    return np.prod(np.delete(x, left_out))


@pytest.mark.parametrize("product", [np.prod, np.multiply.reduce, lambda x: np.cumprod(x)[-1]])
@pytest.mark.parametrize("x", ZEROS, ids=str)
def test_product_with_zeros(product, x):
    """Gradient and Hessian are products of the other elements, exactly, however many of them are zero."""
    x = np.array(x)
    n = len(x)
    gradient = [others(x, i) for i in range(n)]
    hessian = [[0.0 if i == j else others(x, i, j) for i in range(n)] for j in range(n)]
    np.testing.assert_allclose(dualad.grad(product)(x), gradient, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(dualad.hessian(product)(x), hessian, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("product", [np.cumprod, np.multiply.accumulate])
@pytest.mark.parametrize("x", ZEROS, ids=str)
def test_cumulative_product_with_zeros(product, x):
    """Row j of the Jacobian is the gradient of the first j elements' product; and so on for second derivatives."""
    x = np.array(x)
    n = len(x)
    jacobian, hessian = np.zeros((n, n)), np.zeros((n, n, n))
    for j in range(n):
        for i, k in itertools.product(range(j + 1), repeat=2):
            jacobian[j, i] = others(x[: j + 1], i)
            hessian[j, i, k] = 0.0 if i == k else others(x[: j + 1], i, k)
    np.testing.assert_allclose(dualad.jacfwd(product)(x), jacobian, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(dualad.jacfwd(dualad.jacfwd(product))(x), hessian, rtol=1e-14, atol=1e-14)
