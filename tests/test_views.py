"""Writing: views see what is written into their base, tangents follow, and nothing of the caller's is touched."""

from __future__ import annotations

import gc
import itertools
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualad
from dualad import jacfwd, jvp
from dualad.dual import dual
from dualad.errors import EscapedDualError, TangentLossError
from dualad.levels import Level

X = np.array([1.0, 2.0, 3.0])
M = np.arange(1.0, 7.0).reshape(2, 3)

VIEWS = {
    "row": lambda z: z[1],
    "slice": lambda z: z[:, ::-2],
    "index twice": lambda z: z[1][1:],
    "newaxis": lambda z: z[:, None, ...],
    "element": lambda z: z[0, 1, ...],
    "int32": lambda z: z[np.int32(1)],
    "T": lambda z: z.T,
    "mT": lambda z: z.mT,
    "reshape": lambda z: z.reshape(3, 2),
    "reshape of a view": lambda z: z[1:].reshape(-1),
    "ravel": lambda z: z.ravel(),
    "ravel of T": lambda z: z.T.ravel("F"),
    "ravel in memory order": lambda z: z.T.ravel("K"),
    "swapaxes": lambda z: z.swapaxes(0, 1),
    "moveaxis": lambda z: np.moveaxis(z, 0, 1),
    "squeeze": lambda z: z[:1].squeeze(),
    "diagonal": lambda z: z.diagonal(),
    "expand_dims": lambda z: np.expand_dims(z, 1),
    "atleast_3d": np.atleast_3d,
    "one of several": lambda z: np.atleast_2d(X, z)[1],
    "split": lambda z: np.split(z, 3, axis=1)[1],
    "unstack": lambda z: np.unstack(z, axis=1)[2],
    "flip": lambda z: np.flip(z, 1),
    "rot90": np.rot90,
    "broadcast_to": lambda z: np.broadcast_to(z, (2, 2, 3)),
    "real": lambda z: z.real,
    "view": lambda z: z.view(),
    "keyword": lambda z: np.transpose(axes=(1, 0), a=z),
    "iteration": lambda z: list(z)[1],
    "flat copy": lambda z: z.flat[1:3],
    "copy": lambda z: z.copy(),
    "take": lambda z: z[[0, 1]],
}


def fill(z, x):
    """Writes that leave every element with a derivative of its own."""
    z[0, 0] = x[0] * x[1]
    z[1] = x * 2.0
    z[0, 1:] += x[1:] ** 2


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_view_sees_later_writes(name, order):
    """A view made before its base has tangents has the value and the derivative that a view made afterwards has."""

    def f(x, late):
        z = np.zeros_like(x, shape=(2, 3), order=order)
        view = VIEWS[name](z)
        fill(z, x)
        return VIEWS[name](z) if late else view

    def plain(x):
        z = np.zeros((2, 3), order=order)
        view = VIEWS[name](z)
        fill(z, x)
        return view, np.may_share_memory(view, z)

    value, shares = plain(X)
    out, tangents = dualad.value_and_jacfwd(lambda x: f(x, late=False))(X)
    np.testing.assert_array_equal(out, value)
    expected = jacfwd(lambda x: f(x, late=True))(X)
    np.testing.assert_array_equal(tangents, expected if shares else 0.0 * expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", VIEWS)
def test_a_base_sees_writes_into_views(name, order):
    """What is written into a view of a view is in the base, with its derivative; read-only views refuse as NumPy's do."""
    plain = np.zeros((2, 3), order=order)
    level = Level.fresh("a test")
    z = dual(plain.copy(order="K"), None, level)
    view, flat = VIEWS[name](z), VIEWS[name](plain)
    rng = np.random.default_rng(1)
    value, tangent = rng.normal(size=flat.shape), rng.normal(size=(2, *flat.shape))
    if not flat.flags.writeable:
        for target in (view, flat):
            with pytest.raises(ValueError, match="read-only"):
                target[...] = 1.0
        return
    view[...] = dual(value, tangent, level)
    flat[...] = value
    np.testing.assert_array_equal(z.primal, plain)
    for j in range(2):
        moved = np.zeros((2, 3), order=order)
        VIEWS[name](moved)[...] = tangent[j]
        np.testing.assert_array_equal(0.0 * plain if z.tangent is None else z.tangent[j], moved)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(VIEWS)), min_size=2, max_size=4),
    st.sampled_from("CF"),
    st.sampled_from([None, "C", "F"]),
    st.integers(0, 2**32),
)
def test_chains_of_views(names, order, layout, seed):
    """Views of views of views share as NumPy's do: a write into any shows in all, however the tangents lie in memory."""
    rng = np.random.default_rng(seed)
    level = Level.fresh("a test")
    tangent = None if layout is None else np.zeros((2, 2, 3), order=layout)
    tracks = [[dual(np.zeros((2, 3), order=order), tangent, level)], *([np.zeros((2, 3), order=order)] for _ in range(3))]
    for name in names:
        try:
            views = [VIEWS[name](track[-1]) for track in tracks[1:]]
        except (IndexError, ValueError, TypeError):  # this view does not fit the shape
            with pytest.raises((IndexError, ValueError, TypeError)):
                VIEWS[name](tracks[0][-1])
            continue
        if not isinstance(views[0], np.ndarray):
            continue
        for track, view in zip(tracks, [VIEWS[name](tracks[0][-1]), *views], strict=True):
            track.append(view)
    writable = [i for i, view in enumerate(tracks[1]) if view.flags.writeable]
    place = int(rng.choice(writable))
    values = rng.normal(size=(3, *tracks[1][place].shape))
    tracks[0][place][...] = dual(values[0], values[1:], level)
    for value, (_, *track) in zip(values, [[None, *t] for t in tracks[1:]], strict=True):
        track[place][...] = value
    for lifted, primal, *slopes in zip(*tracks, strict=True):
        np.testing.assert_array_equal(lifted.primal, primal)
        found = np.zeros((2, *primal.shape)) if lifted.tangent is None else lifted.tangent
        np.testing.assert_array_equal(found, np.array(slopes))


def test_elements_are_copies():
    """A scalar taken out of an array does not change with it, and neither does a copy."""

    def f(x):
        first, rest, everything = x[0], x[[1, 2]], x.copy()
        x[:] = 0.0
        return first, rest, everything, x

    first, rest, everything, x = jacfwd(f)(X)
    np.testing.assert_array_equal(np.vstack([first, rest]), np.eye(3))
    np.testing.assert_array_equal(everything, np.eye(3))
    np.testing.assert_array_equal(x, np.zeros((3, 3)))


LAYOUTS = {
    "plain": lambda a: a.copy(),
    "Fortran": np.asfortranarray,
    "strided": lambda a: np.repeat(np.repeat(a, 2, 0), 3, 1)[::2, ::3],
    "reversed": lambda a: a[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    "big-endian": lambda a: a.astype(">f8"),
    "stride 0": lambda a: np.broadcast_to(a[:1], a.shape),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name):
    """Any layout of the input gives the same answers, and the input is never written."""

    def f(a):
        rows = a[::-1]
        a[0] *= a[1]
        a.T[2] = rows[0, 1] ** 2
        a.flat[1] += 1.0
        rows += 1.0
        np.multiply(a, 2.0, out=a)
        return a.ravel() @ np.arange(6.0), a.reshape(3, 2), rows

    given_ = LAYOUTS[name](M)
    kept = given_.copy()
    for got, expected in zip(jacfwd(f)(given_), jacfwd(f)(kept), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-14)
    np.testing.assert_array_equal(given_, kept)
    out, _ = jvp(f, (given_,), (np.ones_like(kept),))
    np.testing.assert_array_equal(out[2], f(np.array(kept, float))[2])
    np.testing.assert_array_equal(given_, kept)


SHIFTS = [(slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None)), (slice(None), slice(None, None, -1))]


@pytest.mark.parametrize(("to", "source"), [*SHIFTS, ([0, 1, 2], slice(None, None, -1)), (slice(0, 2), [2, 1])])
def test_overlapping_assignment(to, source):
    """x[1:] = x[:-1] and its like read everything before they write, value and tangents alike."""

    def shifted(x):
        x[to] = x[source]
        return x

    value, slopes = dualad.value_and_jacfwd(shifted)(X)
    np.testing.assert_array_equal(value, shifted(X.copy()))
    np.testing.assert_array_equal(slopes, np.array([shifted(row.copy()) for row in np.eye(3)]).T)


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.arctan2])
@pytest.mark.parametrize(("first", "second"), list(itertools.product(SHIFTS[1], repeat=2)))
def test_out_that_overlaps(ufunc, first, second):
    """out= that shares memory with an input is written as if the result were computed into a temporary."""

    def f(x):
        ufunc(x[first], x[second] * 1.5, out=x[1:])
        return x

    def g(x):
        return np.concatenate([x[:1], ufunc(x[first], x[second] * 1.5)])

    for got, expected in zip(dualad.value_and_jacfwd(f)(X), dualad.value_and_jacfwd(g)(X), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_out_with_where():
    """out= with where= writes where the mask says so, and computes, and warns, nowhere else."""

    def f(x):
        z = np.zeros_like(x)
        w = np.divide(1.0, x, out=z, where=x != 0)
        assert w is z
        return np.log(x, out=w, where=x > 1.5)

    np.testing.assert_allclose(jacfwd(f)(np.array([0.0, 1.0, 2.0])), np.diag([0.0, -1.0, 0.5]), atol=0)


def test_shape_set_in_place():
    """x.shape = s keeps the connection to views and bases, before and after."""

    def f(x):
        z = np.zeros_like(x)
        row, part = z[1], z[:, 1:].T
        z.shape = (6,)
        z[3] = x[0, 0]
        z[5] = x[0, 1]
        row[1] = x[0, 2] * 3.0
        with pytest.raises((AttributeError, ValueError)):
            z.shape = (4,)
        return row, part, z

    row, part, z = jacfwd(f)(M)
    np.testing.assert_array_equal(z.reshape(2, 3, 2, 3)[1], row)
    np.testing.assert_array_equal(z.reshape(2, 3, 2, 3)[:, 1:].transpose(1, 0, 2, 3), part)
    np.testing.assert_array_equal(row[:, 0], np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 3.0], [0.0, 1.0, 0.0]]))


def test_complex_buffers():
    """Real and imaginary parts are written one by one; a complex dual in a real array is refused."""

    def f(x):
        z = np.zeros_like(x, dtype=complex)
        re, im = z.real, z.imag
        z.real = x**2
        im[...] = 3.0 * x
        return z, re

    z, re = jacfwd(f)(X)
    np.testing.assert_array_equal(z, np.diag(2 * X + 3j))
    np.testing.assert_array_equal(re, np.diag(2 * X))
    for write in (lambda r, z: r.__setitem__(0, z[0]), np.copyto, lambda r, z: r.__setitem__(..., z)):
        with pytest.raises((TangentLossError, TypeError)):
            jacfwd(lambda x, write=write: write(np.zeros_like(x), x * 1j))(X)


# -- nested transforms ---------------------------------------------------------------------------------------------------


def test_an_inner_buffer_takes_outer_duals():
    """A buffer of an inner derivative keeps what is written of the outer one, in views too: mixed derivatives are exact."""

    def outer(a):
        def inner(b):
            z = np.zeros_like(b)
            head, column = z[:1], z.reshape(-1, 1)
            z[0] = a[0] ** 2
            column[1] = b[1] * a[1]
            z[2] = b[2] ** 3
            return np.sum(head * column * z)

        return jacfwd(inner)(a * 2.0)

    def reference(a):  # the derivative of z0 (z0 + z1 + z2)^2
        total = a[0] ** 2 + 2.0 * a[1] ** 2 + (2.0 * a[2]) ** 3
        return 2.0 * a[0] ** 2 * total * np.stack([0.0 * a[0], a[1], 3.0 * (2.0 * a[2]) ** 2])

    np.testing.assert_allclose(outer(X), reference(X))
    np.testing.assert_allclose(jacfwd(outer)(X), jacfwd(reference)(X))


def test_an_outer_buffer_takes_inner_duals():
    """A buffer made outside an inner derivative and written within it, through a view or not, keeps both derivatives."""

    def outer(a, through):
        z = np.zeros_like(a)
        row = z[1:]

        def inner(b):
            (row if through else z[1:])[0] = b * a[0] ** 2
            return np.sum(z * z)

        return dualad.derivative(inner)(a[1])

    for through in (False, True):  # the derivative of (b a0^2)^2 by b is 2 a0^4 b
        np.testing.assert_allclose(jacfwd(outer)(X, through), [8 * X[0] ** 3 * X[1], 2 * X[0] ** 4, 0.0])


def test_a_buffer_that_outlives_its_transform():
    """After the inner derivative has returned, what it wrote into an outer buffer is refused, not silently constant."""

    def outer(a):
        z = np.zeros_like(a)

        def inner(b):
            z[0] = b
            return b * b

        dualad.derivative(inner)(a[0])
        return z * 2.0

    with pytest.raises(EscapedDualError):
        jacfwd(outer)(X)


def test_three_levels():
    """Buffers, views and in-place operators to third order."""

    def f(t):
        z = np.zeros_like(t, shape=(2, 2))
        diagonal = z.reshape(-1)[::3]
        diagonal += t
        z[0, 1] = z[0, 0] ** 2
        z[1] *= z[0]
        return z.sum()  # t + t^2 + 0 * t + t * t^2

    np.testing.assert_allclose(dualad.derivative(f, order=3)(2.0), 6.0)
    np.testing.assert_allclose(dualad.derivative(f, order=2)(2.0), 2.0 + 6.0 * 2.0)


def test_structural_zeros_survive_writing():
    """Where a derivative is infinite, what was written into a buffer does not mix with other inputs' zeros."""

    def f(x):
        z = np.zeros_like(x, shape=(2, 2))
        view = z.T
        z[:, 0] = x
        z[0, 1:] = 4.0 * x[1]
        return np.sum(np.sqrt(view))

    np.testing.assert_array_equal(jacfwd(f)(np.array([0.0, 1.0])), [np.inf, 1.5])


def test_views_without_tangents_still_write_through():
    """Inside no_tangents a view is still a view: writing a number into it clears the tangent in its base."""

    def f(x):
        with dualad.no_tangents():
            x[::-1].T[0] = 5.0
        return x

    np.testing.assert_array_equal(jacfwd(f)(X), np.diag([1.0, 1.0, 0.0]))


def test_views_are_let_go():
    """A base remembers no views that are gone, and no cycle keeps arrays alive."""
    seen = []

    def f(x):
        z = np.zeros_like(x)
        views = [z[1:], z.T, z.reshape(-1, 1), *(x[i:] for i in range(3))]
        z[:] = x
        seen.extend(weakref.ref(each) for each in (x, z, *views))
        return sum(view.sum() for view in views)

    gc.disable()
    try:
        jacfwd(f)(X)
        assert not any(reference() is not None for reference in seen)
    finally:
        gc.enable()
    z = dual(np.zeros(3), None, Level.fresh("a test"))
    for _ in range(1000):
        z[1:]
    assert len(z._views) < 100
