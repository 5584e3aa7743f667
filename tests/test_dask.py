"""Duals over dask's arrays: lazy and in chunks, values and tangents, and the same answers as over NumPy's."""

import numpy as np
import pytest
from problem_curves import two_peaks

import dualad
from benchmarks.chunks import WAYS
from dualad import derivative, grad, jacfwd, jit, jvp, value_and_jacfwd
from dualad.errors import BadArgument, NoRule, NotDifferentiable, TangentLossError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")

P = np.array([1.0, 0.5, 0.3])
X = np.linspace(0.1, 2.0, 60).reshape(20, 3)
LAZY = da.from_array(X, chunks=(5, 3))

FUNCTIONS = {
    "elementwise": lambda p, x: p[0] * np.exp(-p[1] * x[:, 0]) + np.tanh(p[2] * x[:, 1]),
    "a choice": lambda p, x: np.where(x[:, 0] > 1, p[0] * x[:, 0], p[1] * x[:, 1] ** 2),
    "maximum": lambda p, x: np.maximum(x @ p, 1.0),
    "clip": lambda p, x: np.clip(x @ p, 0.5, 1.5),
    "absolute": lambda p, x: abs(x @ p - 1),
    "power": lambda p, x: x[:, 0] ** p[0],
    "two of them": lambda p, x: np.hypot(x[:, 0] * p[0], p[1]) + np.logaddexp(x[:, 1] * p[0], p[1]),
    "matrix product": lambda p, x: x @ p,
    "dot": lambda p, x: np.dot(x, p),
    "einsum": lambda p, x: np.einsum("ij,j->i", x, p),
    "sum": lambda p, x: np.sum(np.sin(x @ p) ** 2),
    "sum along an axis": lambda p, x: np.sum(x * p, axis=0),
    "mean": lambda p, x: np.mean((x @ p) ** 2),
    "methods": lambda p, x: (x @ p).sum() + (x * p).mean(axis=0).sum(),
    "variance": lambda p, x: np.var(x * p, axis=0),
    "deviation": lambda p, x: np.std(x @ p),
    "largest": lambda p, x: np.max(x @ p),
    "product": lambda p, x: np.prod(x @ p),
    "running sum": lambda p, x: np.cumsum(x @ p),
    "slices": lambda p, x: (x * p)[1:] - (x * p)[:-1],
    "joined": lambda p, x: np.concatenate([x @ p, p * 1.0]),
    "stacked": lambda p, x: np.stack([x @ p, x[:, 0] * p[1]]),
    "reshaped": lambda p, x: (x * p).reshape(60),
    "turned": lambda p, x: (x * p).T,
    "copied": lambda p, x: (x * p).copy() + (x @ p).copy()[:, None],
    "flattened": lambda p, x: (x * p).flatten(),
    "another dtype": lambda p, x: (x * p).astype(np.complex128),
    "norms": lambda p, x: np.linalg.norm(x * p, axis=1),
    "filled": lambda p, x: np.full_like(x[:, 0] * p[0], p[1]),
    "more axes": lambda p, x: x[:, 0, None] * p + x[:, :1] * p[:, None].T,
    "some of fewer numbers": lambda p, x: p[0] * x[:, :1] + p[1] * x + p[2],
    "some of them in memory": lambda p, x: p[0] * x[:, 0] + p[1] * X[:, 1] + p[2] * X[0, 0],
    "constant": lambda p, x: np.sin(x),
}


def computed(*args, **kwargs):
    raise AssertionError("something was computed")


def along(f):
    """The derivative along one direction."""
    return lambda p, x: jvp(lambda p: f(p, x), (p,), (np.ones(3),))[1]


@pytest.mark.parametrize("transform", [jacfwd, along, lambda f: jacfwd(jacfwd(f))], ids=["jacobian", "direction", "second"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_lazy(name, transform):
    """Nothing is computed until it is asked for, and then it is what NumPy's arrays give."""
    if name == "product" and transform not in (jacfwd, along):
        pytest.skip("its rule looks for zeros")
    with dask.config.set(scheduler=computed):
        answer = transform(FUNCTIONS[name])(P, LAZY)
    expected = transform(FUNCTIONS[name])(P, X)
    assert isinstance(answer, da.Array)
    assert answer.shape == np.shape(expected)
    assert answer.dtype == expected.dtype
    np.testing.assert_allclose(answer.compute(), expected, rtol=1e-12, atol=1e-13)


def test_chunked_arguments():
    """The argument itself in chunks: elementwise derivatives, and directions of its shape."""
    t = LAZY[:, 0]
    slope = derivative(lambda t: np.sin(t) * t)(t)
    assert slope.chunks == t.chunks
    np.testing.assert_allclose(slope.compute(), np.cos(X[:, 0]) * X[:, 0] + np.sin(X[:, 0]), rtol=1e-14)
    along = jvp(np.exp, (t,), (da.ones_like(t),))[1]
    np.testing.assert_allclose(along.compute(), np.exp(X[:, 0]), rtol=1e-15)


def test_few_tasks():
    """All rows of a chunk are one task, however many there are: dask's overhead is for each task."""
    t = da.ones(40_000, chunks=10_000)
    jacobian = jacfwd(two_peaks)(np.ones(8), t)
    (planned,) = dask.optimize(jacobian)
    assert len(planned.__dask_graph__()) <= 2 * t.npartitions  # a row at a time they were 19


def test_single_precision():
    jacobian = jacfwd(FUNCTIONS["elementwise"])(P.astype(np.float32), LAZY.astype(np.float32))
    assert jacobian.dtype == jacobian.compute().dtype == np.float32


def test_batches():
    """Points in chunks, differentiated by their own components, of which views are taken."""
    x = np.linspace(0.1, 1.0, 20000).reshape(10000, 2)
    jacobian = jacfwd(lambda x: np.exp(-x[:, :1]) * x[:, 1:], batch_ndim=1)
    np.testing.assert_allclose(jacobian(da.from_array(x, chunks=(1000, 2))).compute(), jacobian(x), rtol=1e-14)


def test_what_says_no():
    with pytest.raises(BadArgument, match=r"dask.*no hash.*map_blocks"):
        jit(FUNCTIONS["matrix product"])(P, LAZY)
    with pytest.raises(NotDifferentiable, match="array of chunks"):
        dualad.sparse_jacfwd(np.sin)(LAZY[:, 0])


# -- writing ---------------------------------------------------------------------------------------------------------------

LINE, TIMES = da.linspace(0.1, 2.0, 20, chunks=5), np.linspace(0.1, 2.0, 20)
LARGE = TIMES > 1.0


def wave(p, t):
    return p[0] * np.exp(-p[1] * t) * np.cos(p[2] * t)


def assigned(key, what):
    """A write at a place, of a constant, of a number, of an array."""

    def f(p, t):
        y, other = wave(p, t), np.sin(p[1] * t)
        y[key] = {"constant": 0.0, "number": p[0], "array": other[key]}[what]
        return y

    return f


def through_a_view(p, t):
    y = wave(p, t)
    some = y[::2]
    some += p[0]
    return np.sum(some) + y


def into_zeros(p, t):
    y = np.zeros_like(t * p[0])
    y[3:5] = p[1] ** 2
    y[7] = p[2]
    return y


def updated(p, t):
    y = same = wave(p, t)
    y += p[0] * t
    y *= 2.0
    return y * same


def delivered(p, t):
    y = wave(p, t)
    np.add(y, p[0] ** 2, out=y)
    return y


PLACES = {"one": 3, "slice": slice(2, 9), "steps": slice(1, None, 3), "all": ..., "list": [1, 7, 8], "tuple": (slice(4),)}
WRITES = {f"{what}, {name}": assigned(key, what) for name, key in PLACES.items() for what in ("constant", "number", "array")}
WRITES |= {f"{what}, mask": assigned(LARGE, what) for what in ("constant", "number")}
WRITES |= {f"{what}, lazy mask": assigned(LINE > 1.0, what) for what in ("constant", "number")}
WRITES |= {each.__name__: each for each in (through_a_view, into_zeros, updated, delivered)}


@pytest.mark.parametrize("name", WRITES)
def test_writing(name):
    """What is written has its tangent, first and second; dask's arrays share no memory, and neither do duals over them. What
    a write leaves behind is compared with the complex step, and by differences of that, in dask's own arithmetic."""
    f = WRITES[name]
    with dask.config.set(scheduler=computed):
        value, first = value_and_jacfwd(f)(P, LINE)
        second = jacfwd(jacfwd(f))(P, LINE)
    step = lambda p: np.stack([f(p + 1e-30j * row, LINE.astype(complex)).compute().imag / 1e-30 for row in np.eye(3)], axis=1)
    np.testing.assert_allclose(value.compute(), f(P, LINE).compute(), rtol=1e-15)
    np.testing.assert_allclose(first.compute(), step(P), rtol=1e-12, atol=1e-13)
    rows = [(step(P + 1e-5 * row) - step(P - 1e-5 * row)) / 2e-5 for row in np.eye(3)]
    np.testing.assert_allclose(second.compute(), np.stack(rows, axis=2), rtol=1e-7, atol=1e-8)


def test_writing_stays_inside():
    """The array that was passed in is not written into, and a rerun of a function starts with it as it was."""

    def f(t):
        t[0] = 0.0
        t += 1.0
        return t**3

    t = da.linspace(1.0, 2.0, 6, chunks=3)
    for order in (1, 2):
        expected = derivative(lambda t: f(np.copy(t)), order=order)(np.linspace(1.0, 2.0, 6))
        np.testing.assert_allclose(derivative(f, order=order)(t).compute(), expected)
    np.testing.assert_array_equal(t.compute(), np.linspace(1.0, 2.0, 6))


def test_what_dask_would_keep():
    """Its own functions keep what they are given for later, when there is no dual any more: a silent zero, or an escape."""
    for f in (
        lambda p: np.full_like(LINE, p[0]),
        lambda p: da.map_blocks(np.sin, p[0] * LINE),
        lambda p: da.where(LINE > 1.0, p[0] * LINE, 0.0),
    ):
        with pytest.raises(TangentLossError, match="function of dask's own"):
            jacfwd(f, drop_in=False)(P)


def test_unknown_sizes():
    """Of what a mask leaves nobody knows how much it is before it is computed."""
    f = lambda p, t: p[0] * t[t > 1.0] + wave(p, t[t > 1.0])
    np.testing.assert_allclose(jacfwd(f)(P, LINE).compute(), jacfwd(f)(P, TIMES), rtol=1e-14)


def test_reverse_mode_says_so():
    """There is no reverse mode over chunks; where nobody asks for it forward mode does it."""
    with pytest.raises(NoRule, match="array of chunks"):
        grad(FUNCTIONS["sum"], mode="reverse")(P, LAZY)
    many = np.full(40, 0.1)
    x = da.ones((10, 40), chunks=5)
    np.testing.assert_allclose(grad(lambda p: np.sum((x @ p) ** 2))(many).compute(), np.full(40, 80.0), rtol=1e-13)


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


TRUE = np.array([1.0, 3.0, 0.5, 2.0, 6.0, 0.8, 0.1, 0.02])


def test_normal_equations(client):
    """J'J and J'r summed over chunks on a cluster; J is there a chunk at a time."""
    t = da.linspace(0.0, 10.0, 4000, chunks=500)
    seen = two_peaks(TRUE * 1.01, t)
    value, jacobian = value_and_jacfwd(two_peaks)(TRUE, t)
    assert jacobian.chunks[0] == t.chunks[0]
    products = client.compute([jacobian.T @ jacobian, jacobian.T @ (value - seen)], sync=True)
    plain = np.linspace(0.0, 10.0, 4000)
    exact = jacfwd(two_peaks)(TRUE, plain)
    residual = two_peaks(TRUE, plain) - two_peaks(TRUE * 1.01, plain)
    np.testing.assert_allclose(products[0], exact.T @ exact, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(products[1], exact.T @ residual, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", WAYS)
def test_benchmark(client, name):
    """Every way that is timed sums the same, J'r included."""
    t = np.linspace(0.0, 10.0, 4000)
    jacobian = jacfwd(two_peaks)(TRUE, t)
    residual = two_peaks(TRUE, t) - two_peaks(TRUE * 1.01, t)
    expected = np.column_stack([jacobian.T @ jacobian, jacobian.T @ residual])
    lazy = da.from_array(t, chunks=500)
    found = client.compute(WAYS[name](lazy, two_peaks(TRUE * 1.01, lazy)), sync=True)
    assert np.all(abs(found - expected) <= 1e-12 * np.max(abs(expected), axis=0))


def test_compiled_chunks(client):
    """A jitted Jacobian in map_blocks: threads of a worker share its program."""
    fast = jit(jacfwd(two_peaks))
    t = da.linspace(0.0, 10.0, 4000, chunks=500)
    jacobian = da.map_blocks(lambda t: fast(TRUE, t), t, new_axis=1, chunks=(t.chunks[0], (8,)), dtype=float)
    np.testing.assert_allclose(
        jacobian.compute(), jacfwd(two_peaks)(TRUE, np.linspace(0.0, 10.0, 4000)), rtol=1e-12, atol=1e-14
    )


def failing(p):
    if isinstance(dualad.primal_of(p), np.ndarray):
        raise ValueError("the model knows no such p")
    return p


def test_executor(client):
    """Directions on a cluster's workers, and what fails there says what it was."""
    executor = client.get_executor()
    x = np.linspace(0.5, 1.5, 6)
    np.testing.assert_array_equal(jacfwd(np.tan, chunk_size=2, executor=executor)(x), jacfwd(np.tan)(x))
    with pytest.raises(ValueError, match="the model knows no such p"):
        jacfwd(failing, chunk_size=2, executor=executor)(x)
