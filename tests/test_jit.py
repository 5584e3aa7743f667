"""jit: found again, recorded anew where it has to be, and composed with every transform."""

from __future__ import annotations

import pickle
import threading
import types
import warnings

import numpy as np
import pytest
from problems import PROBLEMS
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture

import dualad
from dualad import jacfwd, jit
from dualad.compile import Program, evaluate
from dualad.errors import BadArgument, CompilationWarning, GuardFailed, RandomNumbers
from dualad.graph import Graph
from dualad.jit import Targets

X = np.array([0.3, 1.2, 2.1])
GENERATOR = np.random.default_rng(1)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("transform", [lambda f, **_: f, jacfwd, dualad.hessian], ids=["value", "jacobian", "hessian"])
def test_problems(problem, transform):
    """Values, Jacobians and Hessians of every problem, also for other arguments than those that were recorded."""
    if transform is dualad.hessian and (problem.hessian is None or problem.name == "Black-Scholes"):
        pytest.skip("no closed form, or more than anybody asks for")
    function = transform(problem.function, argnums=problem.argnums)
    compiled = jit(function)
    args = problem.arguments(problem.size)
    for factor in (1.0, 1.01):
        moved = (args[0] * factor, *args[1:])
        check(compiled(*moved), function(*moved), 1e-12)
    assert compiled.cache_info().eager == 0


def newton(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def piecewise(x):
    if x[0] > 1.0:
        return np.sum(x) * 2.0
    y = x.copy()
    y[x > 0.5] = x[0]
    y[0] += 1.0
    return sorted(y, key=float)[0] if x[1] > 3.0 else max(y[0], y[1])


def test_branches():
    """Python's decisions: each way is compiled once, and found again."""
    compiled = jit(newton)
    for a in (2.0, 2.5, 3.0, 2.1, 2.0):
        assert compiled(a) == pytest.approx(newton(a), rel=1e-15)
    assert compiled.cache_info().eager == 0
    compiled = jit(jacfwd(piecewise))
    points = [X, X + 1.0, X * 0.5, X[::-1], X - 1.0]
    for each in points * 2:
        check(compiled(each), jacfwd(piecewise)(each))
    assert 3 <= compiled.cache_info().programs <= 5


def test_infinite_slopes():
    """The second look that a derivative takes where it comes out as nan is another way through the program."""
    compiled = jit(dualad.grad(lambda x: np.sum(np.sqrt(x))))
    for x in ([1.0, 4.0], [0.0, 1.0], [0.0, 4.0], [4.0, 1.0]):
        check(compiled(np.array(x)), dualad.grad(lambda x: np.sum(np.sqrt(x)))(np.array(x)))

    def chosen(x):  # inside the bounds it varies, and its slope there is unknown
        return np.sum(np.power(np.ones(2), np.clip(x, -0.5, 0.5) ** 0.5))

    inside = np.array([-0.3, 0.7])
    with np.errstate(all="ignore"):
        check(jit(dualad.grad(chosen))(inside), dualad.grad(chosen)(inside))
        assert np.isnan(jit(dualad.grad(chosen))(inside)[0])


def test_decisions_of_rules():
    """A rule that decides by values (a determinant of a singular matrix) holds for those values only."""
    compiled = jit(jacfwd(np.linalg.det))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompilationWarning)
        for matrix in ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 3.0]]):
            check(compiled(np.array(matrix)), jacfwd(np.linalg.det)(np.array(matrix)))


def test_transforms_of_jitted_functions():
    """Duals go through the function itself, also those of an outer transform that it sees from outside; jit inside jit."""
    f = jit(lambda x: np.sum(np.sin(x) * x))
    check(jacfwd(f)(X), jacfwd(f._f)(X))
    check(dualad.hessian(f)(X), dualad.hessian(f._f)(X))
    check(jit(jacfwd(lambda x: f(x) * 2.0))(X), 2.0 * jacfwd(f._f)(X))
    scale = [1.0]
    g = jit(lambda x: x * scale[0])

    def outer(a):
        scale[0] = a
        return g(2.0)

    assert dualad.derivative(outer)(3.0) == 2.0
    assert dualad.derivative(outer)(4.0) == 2.0
    check(dualad.derivative(lambda a: jit(lambda x: np.sum(x * a))(X))(2.0), np.sum(X))


def test_functions_that_write_into_their_arguments():
    """A derivative gives its function copies, as many as there are runs; what they share is written into once."""

    def f(x, y):
        y += 1.0
        z = x * y
        x[x > 0.0] += x[0]
        return z * x

    def both(x, y):
        return jacfwd(f)(x, y), dualad.hessian(lambda x, y: np.sum(f(x, y)))(x, y), x, y

    check(jit(both)(X, np.ones(3)), both(X.copy(), np.ones(3)))
    check(dualad.record(both)(X, np.ones(3))(X, np.ones(3)), both(X.copy(), np.ones(3)))


factor = 2.0


def scaled(x):
    return x * factor


def test_what_is_outside(monkeypatch):
    """Arrays are looked up at each call; names that are bound anew are noticed, in functions that are called too."""
    data = np.ones(3)
    compiled = jit(lambda x: scaled(x) + data)
    check(compiled(X), 2.0 * X + 1.0)
    data[1] = 5.0
    check(compiled(X), 2.0 * X + data)
    monkeypatch.setitem(globals(), "factor", 3.0)
    check(compiled(X), 3.0 * X + data)
    data = np.zeros(3)
    check(compiled(X), 3.0 * X)


@jit
def decorated(x, n=2):
    """A docstring."""
    return x**n


class Model:
    scale = 2.0

    @jit
    def slope(self, x):
        return self.scale * x


def test_it_is_the_function():
    """Name, docstring, pickling, methods, keywords, defaults, pytrees, constants."""
    assert decorated.__name__ == "decorated"
    assert decorated.__doc__ == "A docstring."
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    check(pickle.loads(pickle.dumps(jit(scaled)))(X), scaled(X))
    check(decorated(X), X**2)
    check(decorated(X, n=3), X**3)
    check(decorated(x=X, n=0.5), X**0.5)
    check(Model().slope(X), 2.0 * X)
    tree = jit(lambda p, how: {"a": p["w"] * p["b"][0], "how": how, "none": None})
    args = ({"w": X, "b": (2.0, None)}, "text")
    check(tree(*args), tree._f(*args))
    with pytest.raises(BadArgument, match="no hash"):
        jit(lambda x, s: x)(X, {1, 2})


def test_constants():
    """Named arguments are part of the program; new shapes, dtypes and constants make others; the oldest goes."""
    compiled = jit(lambda x, p: x * p, static_argnums=1)
    check([compiled(X, 2.0), compiled(X, 3.0), compiled(X, 2.0)], [X * 2.0, X * 3.0, X * 2.0])
    assert compiled.cache_info() == (1, 2, 0, 2)
    named = jit(lambda x, *, p: x * p, static_argnames="p")
    check([named(X, p=2.0), named(X, p=3.0)], [X * 2.0, X * 3.0])
    assert named.cache_info().programs == 2
    many = jit(lambda x, n: x + n)
    for n in range(80):
        check(many(1.0, n), 1.0 + n)
    assert many.cache_info().programs == 64
    many.clear_cache()
    assert many.cache_info().programs == 0


def test_numbers():
    """Python's floats, NumPy's scalars and arrays without axes keep their kind."""

    def f(x):
        return x * 2.0, np.sin(x), np.greater(x, 1.0), np.floor(x)

    compiled = jit(f)
    for x in (0.5, np.float64(0.5), np.float32(0.5), np.array(0.5), np.array([0.5]), np.array([[0.5]]), 0.5 + 1.0j):
        function = f if not isinstance(x, complex) else lambda x: (x * 2.0, np.sin(x))
        check((compiled if function is f else jit(function))(x), function(x))


def test_what_is_refused():
    """Random numbers; what cannot be recorded runs as it is; errors of the function are its own."""
    with pytest.raises(RandomNumbers, match="random"):
        jit(lambda x: x + np.random.rand())(1.0)  # noqa: NPY002 - what is to be found out
    held = types.SimpleNamespace(source=[np.random.default_rng(1)])
    own = np.random.RandomState(1)

    def drawn():
        return GENERATOR.normal()

    for draw in (held.source[0].normal, own.rand, lambda: 2.0 * held.source[0].normal(), drawn):
        with pytest.raises(RandomNumbers, match="draw them outside"):
            jit(lambda x, draw=draw: x + draw())(1.0)
    with pytest.raises(RandomNumbers, match="draw them outside"):
        jit(lambda x, source: x + source.normal())(1.0, np.random.default_rng(1))
    seeded = jit(lambda x: x + np.random.default_rng(1).normal())
    assert seeded(1.0) == seeded(1.0) == 1.0 + np.random.default_rng(1).normal()
    with pytest.raises(BadArgument, match="takes a function"):
        jit(3.0)
    with dualad.drop_in(False), pytest.warns(CompilationWarning, match="cannot be recorded"):
        assert jit(lambda x: float(x[0]) * x)(X)[0] == X[0] ** 2

    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        jit(broken)(X)
    compiled = jit(lambda a: np.linalg.inv(a) * 2.0)
    check(compiled(np.eye(2)), np.eye(2) * 2.0)
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((2, 2)))
    program = Program(dualad.record(lambda x: x if x > 0.0 else -x)(1.0))
    with pytest.raises(GuardFailed):
        evaluate(program, [-1.0])


def test_points_with_directions_of_their_own():
    """Each direction is a run of its own: one loop computes everything, and nothing but answers goes through memory."""
    options = {"argnums": (0, 1, 2), "batch_ndim": 1}
    function = dualad.jacfwd(lambda x, y, z: np.exp(x * y) * np.sin(z) / (1.0 + y * y), **options)
    args = (X, X + 0.5, X[::-1].copy())
    compiled = jit(function)
    for got, wanted in zip(compiled(*args), function(*args), strict=True):
        check(got, wanted, 1e-13)
    assert compiled.source.count("= empty(") == 1


def test_into():
    """The answer in arrays that are there."""
    compiled = jit(lambda x: (x * 2.0, np.sum(x)))
    out = (np.empty(3), np.empty(()))
    assert compiled.into(out, X) is out
    check(out[0], X * 2.0)
    assert out[1] == np.sum(X)
    total, number = jit(np.sum), np.empty(())
    assert total.into(number, X) is number
    assert number == np.sum(X)
    with pytest.raises(BadArgument, match="shape"):
        compiled.into((np.empty(2), np.empty(())), X)
    with pytest.raises(BadArgument, match="gives"):
        compiled.into(np.empty(3), X)


def test_into_writes_directly():
    """Memory that lies as the answer's is what the loops write to; any other gets a copy, with the same numbers."""
    rows = jit(dualad.jacfwd(lambda p, t: np.stack([p[0] * np.exp(-p[1] * t), t * p[1]])))
    p, t = np.array([2.0, 0.5]), np.linspace(0.0, 1.0, 2048)
    answer = rows(p, t)
    exact = dualad.jacfwd(lambda p, t: np.stack([p[0] * np.exp(-p[1] * t), t * p[1]]))(p, t)
    kinds = [
        np.empty_like(answer),
        np.empty(answer.shape),
        np.empty(answer.shape, order="F"),
        np.empty((4, 4096, 4))[::2, ::2, ::2],
    ]
    for out in kinds:
        assert rows.into(out, p, t) is out
        np.testing.assert_allclose(out, exact, rtol=1e-14)
    direct = Targets([kinds[0]])
    variant = next(iter(rows._entries.values())).variants[0]
    assert [each.shape for each in direct.memory(variant, (p, t)).values()] == [variant.program.given[0].shape]
    assert direct.done == {0}


def test_into_what_overlaps():
    """An argument, an array from outside, or the same array twice: the answer is that for what they held before."""
    x, held = np.arange(5000.0), np.arange(5000.0)
    swapped = jit(lambda x: x[::-1] + 2.0 * x + held)
    wanted = swapped(x).copy()
    swapped.into(x, x)
    check(x, wanted)
    x = np.arange(5000.0)
    swapped.into(held, x)
    check(held, wanted)
    twice, out = jit(lambda x: (x + 1.0, x * 3.0)), np.empty(5000)
    twice.into((out, out), x)
    check(out, x * 3.0)
    piecewise = jit(lambda x: x * 2.0 if np.sum(x) > 0.0 else x - 1.0)
    for each in (x, -x, x):
        piecewise.into(out, each)
        check(out, each * 2.0 if np.sum(each) > 0.0 else each - 1.0)
    with pytest.raises(BadArgument, match="shape"):
        piecewise.into(np.empty((1, 5000)), x)
    still = np.empty(5000)
    still.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        piecewise.into(still, x)


def test_it_can_be_read():
    """The program, its kernels, the graphs."""
    compiled = jit(lambda x: np.linalg.inv(np.exp(x)) + 1.0)
    compiled(np.eye(2))
    assert "linalg.inv" in compiled.source
    assert "exp(" in compiled.source
    assert all(isinstance(each, Graph) for each in compiled.graphs)
    assert len(compiled.graphs) == 1


def test_long_programs():
    """Thousands of lines are cut into several kernels."""

    def chain(x):
        for k in range(2500):
            x = x * 0.999 + 0.001 * k
        return x

    compiled = jit(chain)
    check(compiled(X), chain(X), 1e-12)
    assert compiled.source.count("\ndef kernel_") > 1


def test_threads():
    """Calls and compilations at the same time."""
    compiled = jit(lambda x: np.exp(x) if x[0] > 0.0 else np.sin(x))
    failures = []

    def work(seed):
        for k in range(30):
            x = np.cos(np.arange(seed % 4 + 1.0) + k)
            if not np.allclose(compiled(x), compiled._f(x), rtol=1e-14):
                failures.append(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_first_run_decides_nothing():
    """Whether a function writes into what it is given is found out at its first run, and is no decision of the program."""

    def bent(x):
        return np.sum(x[1:] * np.exp(x[:-1]))

    compiled = jit(dualad.hessian(bent))
    for x in (np.array([0.5, 1.0]), np.array([0.25, 2.0])):
        check(compiled(x), dualad.hessian(bent)(x))
    assert compiled.cache_info().programs == 1
