"""Reverse mode of functions that write into arrays, through views, out of order, and into what others were made of."""

import numpy as np
import pytest

from dualad import custom_jvp, custom_vjp, errors, grad, jacfwd, jacrev, jit, linearize, vjp

RNG = np.random.default_rng(37)
X = RNG.normal(size=6)
A = RNG.normal(size=(3, 4))
BUFFER = np.zeros(6)


def writes(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] * x[1:]
    y[0] = x[2] ** 2
    part = y[2:5]
    part *= x[0]
    part[1] = 3.0
    y += x
    return y


def views(x):
    y = x * 2
    z = y.reshape(2, 3)
    z[0] = z[1] * x[:3]
    z.T[1, 0] += x[5]
    np.multiply(y, x, out=y)
    return y


def recurrence(x):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = np.sin(y[i - 1]) * x[i]
    return y


def reused_buffer(x):
    """A plain array that is a factor each time, and then another one."""
    out = 0
    for i in range(3):
        BUFFER[:] = i + 1
        out = out + x * BUFFER
    return out


def overwritten_result(x):
    """exp's slope is its own result, which is written into afterwards."""
    y = np.exp(x)
    z = y * x
    y[...] = 0.0
    y[2] = x[1]
    return z + y * x


def rows_of_a_table(x):
    """Each row is a factor of the next one."""
    table = np.zeros_like(x, shape=(4, len(x)))
    table[0] = x
    for i in range(1, 4):
        table[i] = table[i - 1] * x + table[i - 1] ** 2
    return table[3]


def changed_index(x):
    places = np.array([0, 2, 2, 1])
    y = x[places] * 2
    places[:] = 0
    return y


def changed_mask(x):
    mask = x > 0
    y = np.where(mask, x * x, np.sin(x))
    mask[:] = False
    return y


def into_plain(x):
    out = np.zeros(3)
    out[0] = x[0] ** 2
    out[1] = x[1] * x[2]
    return out


def rebuilt(x):
    return np.array([x[0] * x[1], x[2], np.sin(x[3])])


def one_by_one(x):
    total = 0.0
    for each in x:
        total = total + each * each
    return total


def several(x):
    sides = x.reshape(2, 3)
    parts = [np.max(x), np.sort(x)[::-1] * x, np.median(x), np.cumsum(x) * x, np.cumprod(x), np.linalg.norm(x), np.std(x)]
    return np.concatenate([*map(np.ravel, parts), np.diagonal(sides @ sides.T), sides.real.ravel(), x[[0, 0, 5]] ** 2])


def filled_matrix(x):
    m = np.outer(x, x)
    np.fill_diagonal(m, x[0] ** 2)
    m[[0, 0], [1, 2]] = x[1:3]
    m[m > 0] *= 2
    np.add.at(m, ([0, 0], [3, 3]), x[:2])
    np.copyto(m[1], x, where=x > 0)
    return m.sum(0)


def added_to_itself(x):
    """np.add.at takes what is there before it begins, where it adds parts of an array to the array."""
    y = x * 1.0
    np.add.at(y, [1, 2, 3, 1, 1], y[:5])
    np.multiply.at(y, [0, 1, 0, 5], y[::-1][:4])
    return y


def written_elsewhere_first(x):
    """A row is read; then another one is written, and only then this one."""
    table = np.zeros_like(x, shape=(2, 3))
    table[1] += table[0] * x[0]
    table += 1.5
    return table * x[1]


FUNCTIONS = [writes, views, recurrence, reused_buffer, overwritten_result, rows_of_a_table, changed_index, changed_mask]
FUNCTIONS += [rebuilt, one_by_one, several, filled_matrix, added_to_itself, written_elsewhere_first]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_writing(f):
    """In place, through views, out of order: as forward mode has it; also the product with a cotangent, twice."""
    exact = jacfwd(f)(X)
    np.testing.assert_allclose(jacrev(f)(X), exact, rtol=1e-13, atol=1e-14)
    value, pull = vjp(f, X)
    np.testing.assert_array_equal(value, f(X))
    w = RNG.normal(size=np.shape(value))
    for _ in range(2):
        np.testing.assert_allclose(pull(w)[0], np.tensordot(w, exact, np.ndim(value)), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(linearize(f, X)[1](X), exact @ X, rtol=1e-12, atol=1e-13)


def test_drop_in():
    """A function that fills a plain array is helped as in forward mode."""
    with pytest.warns(errors.DropInWarning):
        got = jacrev(into_plain)(X)
    np.testing.assert_array_equal(got, jacfwd(into_plain)(X))
    with pytest.raises(errors.TangentLossError):
        jacrev(into_plain, drop_in=False)(X)


def test_arrays_change_between_vjp_and_its_use():
    """What was given is kept as it was: the argument, a factor, and the result that the caller got."""
    x, factor = X.copy(), A[0].copy()
    value, pull = vjp(lambda x: np.exp(x[:4]) * factor, x)
    exact = np.exp(X[:4]) * factor
    x[:], factor[:], value[:] = 0.0, 0.0, 0.0
    np.testing.assert_array_equal(pull(np.ones(4))[0], [*exact, 0.0, 0.0])


def test_answers_are_arrays_of_their_own():
    """Gradients share memory with nobody, not with each other, and can be written into."""
    x, y = X.copy(), X.copy()
    c = np.ones(6)
    answers = vjp(lambda x, y: x + y, x, y)[1](c) + grad(lambda x, y: np.sum((x + y) ** 2), (0, 1), mode="reverse")(x, y)
    for number, each in enumerate(answers):
        each += 1.0
        assert not any(np.shares_memory(each, other) for other in (*answers[:number], x, y, c))


@pytest.mark.parametrize("places", [[0, 0, 1], [-1, 5, 5], [[2, 2], [2, 0]]], ids=str)
def test_the_last_one_written_stays(places):
    """An index that names a place several times: what was overwritten in the same call has no part in the result."""
    places = np.array(places)

    def f(x):
        y = np.zeros_like(x)
        y[places] = x[: places.size].reshape(places.shape) * 2.0
        return y**2 * x

    np.testing.assert_allclose(jacrev(f)(X), jacfwd(f)(X), rtol=1e-12)


def test_the_last_one_written_stays_however_values_lie():
    """NumPy goes by memory, where several places of a table are one."""
    table, weights = np.array([[0, 1, 0], [1, 0, 1]]), np.asfortranarray(np.arange(1.0, 7.0).reshape(2, 3))

    def f(x):
        y = np.zeros(2) * x[0]
        y[table] = x[0] * weights
        return y**2 * x[1]

    np.testing.assert_allclose(jacrev(f)(X), jacfwd(f)(X), rtol=1e-12)


# -- rules of the user's ---------------------------------------------------------------------------------------------------


@custom_vjp
def scaled_sine(x, c):
    return np.sin(x) * c


scaled_sine.defvjp(
    lambda x, c: (scaled_sine(x, c), {"c": c, "rest": (x, np.cos(x))}),
    lambda kept, w: (kept["rest"][1] * kept["c"] * w, np.sin(kept["rest"][0]) * w),
)


def argument_changed(x):
    b = 2.0 * x
    y = scaled_sine(b[::-1], x)
    b *= 0.0
    y *= x
    return y


def constant_changed(x):
    out = 0
    for i in range(3):
        BUFFER[:] = i + 1
        out = out + scaled_sine(x, BUFFER)
    return out


def buffer_changed(x):
    b = np.ones(6)
    y = scaled_sine(x, b)
    b[0] = x[1]
    return y * b


@pytest.mark.parametrize("f", [argument_changed, constant_changed, buffer_changed], ids=lambda f: f.__name__)
@pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")
def test_residuals_are_what_they_were(f):
    """What a forward rule of custom_vjp hands on is used when f has ended, and has written into it."""
    np.testing.assert_allclose(jacrev(f)(X), jacfwd(f)(X), rtol=1e-13)
    np.testing.assert_allclose(jit(jacrev(f))(X), jacfwd(f)(X), rtol=1e-13)
    np.testing.assert_allclose(jacfwd(jacrev(f))(X), jacfwd(jacfwd(f))(X), rtol=1e-12, atol=1e-13)


def test_residuals_are_read_only():
    """A rule that writes into them would be wrong when it is called again."""
    f = custom_vjp(np.sin)
    f.defvjp(lambda x: (np.sin(x), np.cos(x)), lambda kept, w: (np.multiply(kept, w, out=kept),))
    with pytest.raises(ValueError, match="read-only"):
        vjp(f, X)[1](X)


@pytest.mark.parametrize("transform", [jacfwd, jacrev, lambda f: jit(jacfwd(f))], ids=["forward", "reverse", "compiled"])
def test_rules_may_write_into_tangents(transform):
    """A rule of custom_jvp that computes in place leaves the arguments' own tangents alone, and so do backward rules."""

    def multiplied(x, tangent):
        tangent *= np.cos(x)
        return tangent

    f, g = custom_jvp(np.sin), custom_vjp(np.sin)
    f.defjvp(lambda primals, tangents: (np.sin(*primals), multiplied(*primals, *tangents)))
    g.defvjp(lambda x: (np.sin(x), x), lambda x, w: (multiplied(x, w),))
    for each in (f, g):
        np.testing.assert_allclose(transform(lambda x, each=each: each(x) + x)(X), np.diag(np.cos(X) + 1.0), rtol=1e-14)
