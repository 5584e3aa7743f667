"""Indexing, writing and broadcasting, on random shapes and keys: each direction behaves as if it were an array by itself."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualad
from dualad import jacfwd, jvp
from dualad.dual import DualArray, DualScalar, dual
from dualad.errors import TangentLossError
from dualad.levels import Level

CHECK = settings(max_examples=150, deadline=None)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def numbers(rng, shape):
    return np.array(rng.permutation(int(np.prod(shape))) + rng.random() + 1.0).reshape(shape)


def lifted(rng, shape, k, level, varies=True):
    """A dual array, and apart from it the primal and the tangents that it should be compared with."""
    primal, tangent = numbers(rng, shape), rng.normal(size=(k, *shape))
    x = dual(primal.copy(), tangent.copy() if varies else None, level)
    return x, primal, [tangent[j, ...] if varies else np.zeros(shape) for j in range(k)]


def assert_is(x, primal, tangent):
    """x has this value and, direction by direction, these tangents; an absent tangent counts as zeros."""
    assert x.shape == np.shape(primal)
    assert isinstance(x, DualArray if isinstance(primal, np.ndarray) else DualScalar)
    np.testing.assert_array_equal(x.primal, primal)
    assert type(x.primal) is type(primal)
    found = np.zeros((len(tangent), *x.shape)) if x.tangent is None else x.tangent
    np.testing.assert_array_equal(found, np.array(tangent).reshape(found.shape))


@st.composite
def part_for(draw, length, spread):
    """An index of one axis."""
    bounds = st.none() | st.integers(-length - 2, length + 2)
    kinds = [st.builds(slice, bounds, bounds, st.sampled_from([None, 1, 2, -1, -2, 3]))]
    if length:
        place = st.integers(-length, length - 1)
        kinds += [place, place.map(np.int64), place.map(np.int32), place.map(np.array)]
        kinds.append(hnp.arrays(np.intp, st.sampled_from(spread), elements=place))
        kinds.append(hnp.arrays(np.intp, st.sampled_from(spread), elements=place).map(np.asfortranarray))
        kinds.append(st.lists(place, min_size=spread[0][-1], max_size=spread[0][-1]))
    kinds.append(hnp.arrays(np.bool_, (length,)))
    return draw(st.one_of(kinds))


@st.composite
def keys(draw, shape):
    """A random key for an array of this shape; NumPy may refuse it, and then so must we."""
    if draw(st.integers(0, 9)) == 0:
        return draw(hnp.arrays(np.bool_, shape) | st.sampled_from([Ellipsis, None, (), True, False, np.True_]))
    spread = draw(st.sampled_from([[(2,)], [(3,), (1,)], [(2,), (2, 1), (1,), (3, 1, 2)], [(0,)]]))
    count = draw(st.integers(0, len(shape)))
    parts = [draw(part_for(length, spread)) for length in shape[:count]]
    if draw(st.booleans()):  # an Ellipsis, and behind it indices of the last axes
        behind = draw(st.integers(0, len(shape) - count))
        parts += [Ellipsis, *(draw(part_for(length, spread)) for length in shape[len(shape) - behind :])]
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@st.composite
def cases(draw):
    shape = draw(SHAPES)
    k = draw(st.sampled_from([1, 2, 3, *shape]))  # as many directions as an axis is long, on purpose
    return shape, k or 1, draw(keys(shape)), np.random.default_rng(draw(st.integers(0, 2**32)))


def same_error(error, action):
    """`action` raises what NumPy raised."""
    with pytest.raises(type(error)):
        action()


@CHECK
@given(cases(), st.booleans())
def test_getting(case, varies):
    """x[key] has the value of NumPy, every direction is indexed as by itself, and what is a view there is one here."""
    shape, k, key, rng = case
    x, primal, tangent = lifted(rng, shape, k, Level.fresh("a test"), varies)
    try:
        expected = primal[key]
    except IndexError as error:
        return same_error(error, lambda: x[key])
    y = x[key]
    assert_is(y, expected, [each[key] for each in tangent])
    if isinstance(expected, np.ndarray):
        expected[...] = 7.0
        for each in tangent:
            each[key][...] = 0.0
        y[...] = 7.0
        assert_is(x, primal, tangent)
    return None


@CHECK
@given(cases(), st.booleans(), st.sampled_from(["plain", "number", "dual", "constant", "long"]), st.data())
def test_setting(case, varies, kind, data):
    """x[key] = value writes the value and every direction as by itself, in a buffer without tangents too."""
    shape, k, key, rng = case
    x, primal, tangent = lifted(rng, shape, k, Level.fresh("a test"), varies)
    row = x[:1] if shape else x[...]
    try:
        target = np.shape(primal[key])
    except IndexError as error:
        return same_error(error, lambda: x.__setitem__(key, 1.0))
    cut = data.draw(st.integers(0, len(target)))
    small = tuple(1 if data.draw(st.booleans()) else length for length in target[cut:])
    value, flat, moved = lifted(rng, (1, *target) if kind == "long" else small, k, x.level, kind not in ("plain", "constant"))
    if kind == "number":
        value, flat, moved = 3.0, 3.0, [0.0] * k
    try:
        primal[key] = flat
    except (ValueError, TypeError) as error:
        return same_error(error, lambda: x.__setitem__(key, value))
    for each, rows in zip(tangent, moved, strict=True):
        each[key] = rows
    x[key] = flat if kind == "plain" else value
    assert_is(x, primal, tangent)
    slice_ = (slice(1),) if shape else ...
    assert_is(row, primal[slice_], [each[slice_] for each in tangent])
    return None


@CHECK
@given(cases())
def test_updating(case):
    """x[key] += y reads, adds and writes, also where an index is named twice."""
    shape, k, key, rng = case
    x, primal, tangent = lifted(rng, shape, k, Level.fresh("a test"))
    y, plus, moved = lifted(rng, (), k, x.level)
    try:
        primal[key] += plus
    except IndexError:
        return
    for each, more in zip(tangent, moved, strict=True):
        each[key] += more
    x[key] += y
    assert_is(x, primal, tangent)


@CHECK
@given(cases(), st.sampled_from(["C", "F"]), st.data())
def test_views_of_views(case, order, data):
    """A view of a view of a buffer without tangents sees what is written into the buffer later, in either layout."""
    shape, k, _, rng = case
    x = dual(np.zeros(shape, order=order), None, Level.fresh("a test"))
    plain, moved = np.zeros(shape), [np.zeros(shape) for _ in range(k)]
    basic = hnp.basic_indices
    first = data.draw(basic(shape, allow_newaxis=True, max_dims=4))
    if not isinstance(plain[first], np.ndarray):
        return
    second = data.draw(basic(plain[first].shape, allow_newaxis=True, max_dims=4))
    views = [x[first], x.T, x.reshape(-1, order=order)]
    inner = views[0][second]
    value, flat, rows = lifted(rng, plain[first].shape, k, x.level)
    views[0][...] = value
    plain[first][...] = flat
    for each, row in zip(moved, rows, strict=True):
        each[first][...] = row
    assert_is(x, plain, moved)
    assert_is(views[1], plain.T, [each.T for each in moved])
    assert_is(views[2], plain.reshape(-1, order=order), [each.reshape(-1, order=order) for each in moved])
    if isinstance(plain[first][second], np.ndarray):
        assert_is(inner, plain[first][second], [each[first][second] for each in moved])


@CHECK
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4),
    st.sampled_from(["add", "subtract", "multiply", "divide", "maximum", "minimum", "where"]),
    st.sampled_from(["both", "left", "right"]),
    st.data(),
)
def test_broadcasting(shapes, name, who, data):
    """Operands of different shapes give, in every direction, what NumPy's broadcasting gives for that direction."""
    (left, right), whole = shapes.input_shapes, shapes.result_shape
    k = data.draw(st.sampled_from([1, 2, *(side for side in whole if side)]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    level = Level.fresh("a test")
    a, pa, ta = lifted(rng, left, k, level, who != "right")
    b, pb, tb = lifted(rng, right, k, level, who != "left")
    mask = rng.random(whole) < 0.5
    select = {"maximum": pa > pb, "minimum": pa < pb, "where": mask}
    if name in select:
        expected = [np.where(select[name], da, db) for da, db in zip(ta, tb, strict=True)]
        if name != "where":  # ties are split evenly
            expected = [np.where(pa == pb, (da + db) / 2, each) for each, da, db in zip(expected, ta, tb, strict=True)]
    else:
        by_a, by_b = {
            "add": (1.0, 1.0),
            "subtract": (1.0, -1.0),
            "multiply": (pb, pa),
            "divide": (1 / pb, -pa / pb / pb),
        }[name]
        expected = [by_a * da + by_b * db for da, db in zip(ta, tb, strict=True)]
    first, second = (pa if who == "right" else a), (pb if who == "left" else b)
    y = np.where(mask, first, second) if name == "where" else getattr(np, name)(first, second)
    value = np.where(mask, pa, pb) if name == "where" else getattr(np, name)(pa, pb)
    np.testing.assert_array_equal(y.primal, value)
    assert y.tangent.shape == (k, *whole)
    np.testing.assert_allclose(y.tangent, np.array(expected).reshape(y.tangent.shape), rtol=1e-13)


@CHECK
@given(SHAPES, st.data())
def test_flat(shape, data):
    """x.flat is indexed, iterated and written in C order, whatever the layout; values begin again where they run out."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    level = Level.fresh("a test")
    x, primal, tangent = lifted(rng, shape, 3, level)
    x, primal, tangent = x.T, primal.T, [each.T for each in tangent]
    assert len(x.flat) == primal.size
    for got, value, slope in zip(x.flat, primal.flat, np.stack([each.ravel() for each in tangent], -1), strict=True):
        assert_is(got, value, slope)
    if not primal.size:
        return
    key = data.draw(st.integers(-primal.size, primal.size - 1) | st.slices(primal.size) | hnp.arrays(np.bool_, primal.size))
    assert_is(x.flat[key], primal.flat[key], [each.flat[key] for each in tangent])
    value, flat, moved = lifted(rng, (2,), 3, level)
    if isinstance(key, int):
        value, flat, moved = value[0], flat[0], [row[0] for row in moved]
    x.flat[key], primal.flat[key] = value, flat
    for each, row in zip(tangent, moved, strict=True):
        each.flat[key] = row
    assert_is(x, primal, tangent)


def test_a_dual_is_no_index():
    """A dual number as an index is refused, not rounded."""
    x = dual(np.arange(3.0), np.ones((1, 3)), Level.fresh("a test"))
    for index in (x[0], x):
        with pytest.raises((TangentLossError, IndexError)):
            np.arange(3.0)[index]
        with pytest.raises((TangentLossError, IndexError)):
            x[index]


def test_comparisons_as_masks():
    """The outcome of a comparison is a plain mask, for reading and for writing."""
    x = dual(np.array([1.0, -2.0, 3.0]), np.eye(3), Level.fresh("a test"))
    kept = copy.copy(x)
    assert_is(x[x > 0], np.array([1.0, 3.0]), np.eye(3)[:, [0, 2]])
    x[x < 0] = 0.0
    assert_is(x, np.array([1.0, 0.0, 3.0]), np.diag([1.0, 0.0, 1.0]))
    assert_is(kept, np.array([1.0, -2.0, 3.0]), np.eye(3))


# -- NumPy's functions that write ---------------------------------------------------------------------------------------

X = np.array([1.0, 2.0, 3.0])


def written_by(write):
    def f(x):
        z = np.zeros_like(x, shape=(3, 3))
        seen = z.T
        write(z, x)
        return z, seen

    return f


MASK = np.array([[True, False, True], [False, True, False], [True, True, False]])
WRITERS = {
    "copyto": lambda z, x: np.copyto(z, x, where=MASK),
    "copyto a column": lambda z, x: np.copyto(z, x[:, None], where=MASK[0]),
    "put": lambda z, x: np.put(z, [1, -1, 4, 1], x),
    "put clipped": lambda z, x: z.put([2, 77], x[:2], mode="clip"),
    "place": lambda z, x: np.place(z, MASK, x),
    "putmask": lambda z, x: np.putmask(z, MASK, x),
    "fill_diagonal": np.fill_diagonal,
    "fill_diagonal with one": lambda z, x: np.fill_diagonal(z, x[1]),
    "put_along_axis": lambda z, x: np.put_along_axis(z, np.array([[2], [0], [1]]), x[:, None], 1),
    "add.at": lambda z, x: np.add.at(z, ([0, 0, 2], [1, 1, 2]), x),
    "fill": lambda z, x: z.fill(x[2]),
    "flat": lambda z, x: setattr(z, "flat", x),
    "real": lambda z, x: setattr(z, "real", x),
    "list": lambda z, x: z.__setitem__(1, [x[0], 2.0, x[1]]),
    "nested list": lambda z, x: z.__setitem__(slice(2), [[x[0], 2.0, x[1]], [0.0, 1.0, 2.0]]),
    "sort": lambda z, x: (z.__iadd__(np.cos(3 * x) * x[:, None]), z.sort(0)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_functions_that_write(name):
    """NumPy's writing functions carry derivatives into the array and into the views of it; the functions are linear here."""
    f = written_by(WRITERS[name])
    plain = np.zeros((3, 3))
    WRITERS[name](plain, X)
    (value, seen), (slopes, seen_slopes) = dualad.value_and_jacfwd(f)(X)
    np.testing.assert_array_equal(value, plain)
    np.testing.assert_array_equal(seen, plain.T)
    np.testing.assert_array_equal(seen_slopes, slopes.transpose(1, 0, 2))
    for j, step in enumerate(np.eye(3) * 1e-6):
        up, down = np.zeros((3, 3)), np.zeros((3, 3))
        WRITERS[name](up, X + step)
        WRITERS[name](down, X - step)
        np.testing.assert_allclose(slopes[..., j], (up - down) / 2e-6, atol=1e-8)


@pytest.mark.parametrize("name", sorted(set(WRITERS) - {"fill", "flat", "real", "list", "nested list", "put clipped", "sort"}))
def test_writing_into_a_plain_array(name):
    """The same into a plain array is refused; with a constant it is not."""
    with pytest.raises(TangentLossError):
        jacfwd(lambda x: WRITERS[name](np.zeros((3, 3)), x), drop_in=False)(X)
    plain, other = np.zeros((3, 3)), np.zeros((3, 3))
    jvp(lambda x: (WRITERS[name](plain, np.floor(x)), x)[1], (X,), (X,))
    WRITERS[name](other, X)
    np.testing.assert_array_equal(plain, other)


@pytest.mark.parametrize("directions", [1, 3])
@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_places_named_several_times(order, layout, directions):
    """Of values that are written to one place in one call the tangent is that of the one that stays, however they lie."""
    table = np.array([[0, 1, 0], [1, 0, 1]], order=order)
    weights = np.asarray(np.arange(1.0, 7.0).reshape(2, 3), order=layout)

    def f(p):  # linear in the first one: it is its own derivative at 1
        y = np.zeros((2, 4)) * p[0]
        y[table, 2] = p[0] * weights
        y[[1, 1, 0], 0] = p[0] * np.array([5.0, 7.0, 9.0])
        y.T[[[3, 3], [3, 3]], [[0, 1], [0, 0]]] = (p[0] * weights[:, :2].T).T
        return y

    got = jacfwd(f)(np.ones(directions))
    np.testing.assert_array_equal(got[..., 0], f(np.ones(directions)))
    np.testing.assert_array_equal(got[..., 1:], 0.0)
