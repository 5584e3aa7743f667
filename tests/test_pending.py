"""Chains of operations whose tangents are computed by one kernel, for functions that have been differentiated for a while."""

from concurrent.futures import ThreadPoolExecutor

import exact
import numpy as np
import pytest
from problem_curves import two_peaks, two_peaks_arguments
from problems import PROBLEMS

import dualad
from dualad import dropin, fusing, heat, pending, simd
from dualad.dual import DualArray, PendingArray
from dualad.rules.table import INTEGER

pytestmark = [
    pytest.mark.skipif(not simd.VECTORISED, reason="chains are fused where the machine's functions are wide"),
    pytest.mark.usefixtures("hot"),
]

X = np.linspace(0.5, 2.0, 7)


@pytest.fixture
def hot(monkeypatch):
    """Every function is hot at its second run."""
    monkeypatch.setattr(heat, "START", -1.0)
    monkeypatch.setattr(heat, "EACH", -1.0)
    monkeypatch.setattr(pending, "_kernels", {})


@pytest.fixture
def unmade(monkeypatch):
    """No kernel can be made: the chain rule goes over the steps."""
    monkeypatch.setattr(fusing, "made", lambda *_: None)


def of(f):
    """What is known of a function."""
    return dropin.heat_of(f)


def both(f, *args, **options):
    """A Jacobian by chains, and one without."""
    jacobian = dualad.jacfwd(f, **options)
    plainly = jacobian(*args)  # a function that was never run before is not hot
    chained = jacobian(*args)
    assert of(f).seconds > 0.0
    return chained, plainly


def same(f, *args, **options):
    """The same by chains as without, and chains there were."""
    one, other = both(f, *args, **options)
    for got, wanted in zip(np.atleast_1d(one), np.atleast_1d(other), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-14)
    assert of(f).chains or of(f).cold


def kinds(f, *args):
    """What f puts into the list that it is given last."""
    jacobian = dualad.jacfwd(f)
    jacobian(*args, [])
    seen = []
    jacobian(*args, seen)
    return seen


# -- every row, every problem --------------------------------------------------------------------------------------------

ROWS = [row for row in exact.ROWS if isinstance(row.function, np.ufunc) and row.function.nout == 1]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_rows(row):
    """Every row at its samples and nasty points, inside a chain, by arrays and by a number."""
    points = [*zip(*exact.samples(row.function), strict=True), *(at if isinstance(at, tuple) else (at,) for at in row.at)]
    types = [int if interval == INTEGER else float for interval in row.on]
    columns = [np.array(*each) for each in zip(zip(*points, strict=True), types, strict=True)]
    with np.errstate(all="ignore"):
        for place, column in enumerate(columns):
            if row.on[place] == INTEGER:
                continue

            def f(x, place=place):
                return row.function(*[x if at == place else each for at, each in enumerate(columns)])

            def chained(x, f=f):
                return -f(x * 1.0)

            chosen, plainly = both(chained, column, batch_ndim=1)
            np.testing.assert_allclose(chosen, plainly, rtol=1e-12, atol=0.0)

            def shifted(t, f=f, column=column):
                return f(column + t)

            chosen, plainly = both(shifted, 0.0)
            np.testing.assert_allclose(chosen, plainly, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("way", ["kernels", "rules"])
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_problems(problem, way, request):
    """Exact Jacobians of the problems, by kernels and by the rules for the same steps."""
    if way == "rules":
        request.getfixturevalue("unmade")
    args = problem.arguments(problem.size)
    options = {"batch_ndim": 1} if "elementwise" in problem.marks else {}
    got, _ = both(problem.function, *args, argnums=problem.argnums, **options)
    for one, other in zip(np.atleast_2d(got), np.atleast_2d(problem.jacobian(*args)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("directions", [1, 3, fusing.UNROLLED, fusing.UNROLLED + 1, 40])
def test_many_directions(directions):
    """Directions that have lines of their own, and so many that they have not; numbers that vary along one and along all."""
    p = np.linspace(0.5, 1.0, directions)

    def f(p):
        return np.exp(-(p[0] * X)) * np.sum(p**2) + p[-1] / (X + p[0]) - 2

    same(f, p)
    same(lambda p: np.sin(np.tile(p, 2) * 3.0) / np.cosh(np.tile(p, 2)), p)


@pytest.mark.parametrize("size", [1, 2, 511, 512, 513, 2000])
def test_sizes(size):
    """Blocks that are not full, and arrays of several axes."""
    x = np.linspace(0.1, 1.0, size)
    same(lambda p: np.sqrt(p[0] * x) * np.exp(p[1] * x), np.array([0.3, 0.7]))
    same(lambda p: np.hypot(p[0] * x[:, None], 1.0)[::2] * p[1], np.array([0.3, 0.7]))


def test_bits_of_values():
    """The value is NumPy's, to the last bit."""
    p, x = two_peaks_arguments(500)
    f = dualad.value_and_jacfwd(two_peaks)
    f(p, x)
    value, _ = f(p, x)
    np.testing.assert_array_equal(value, two_peaks(p, x))


# -- what may happen to arrays -------------------------------------------------------------------------------------------


def test_writing():
    """What is written into later was something else when it was used: plain arrays, duals, their views, in-place operators."""

    def f(p):
        plain = X.copy()
        a = p[0] * plain
        plain[:] = 100.0
        b = np.sin(a) * p[1]
        c = b * a
        a[2:4] = 3.0
        b += p[0]
        view = b[1:]
        d = c / b + a
        view *= 2.0
        return d * b + a

    same(f, np.array([0.3, 0.7]))


def test_choices():
    """np.where, comparisons and their like are steps, and ask for no tangent."""

    def f(p, seen):
        a = p[0] * X
        b = np.where(a > 0.5, np.exp(a), a**2)
        seen += [a.__class__, b.__class__]
        return np.maximum(b, a) + np.where(np.isnan(a), 0.0, b)

    same(lambda p: f(p, []), np.array([0.5, 0.7]))
    assert kinds(f, np.array([0.5, 0.7])) == [PendingArray, PendingArray]


def test_truths_are_kept():
    """A mask that is written into after it was used."""

    def f(p):
        a = p * X
        mask = X > 1.0
        b = np.where(mask, a**2, -a)
        mask[:] = False
        return np.exp(b)

    same(f, 0.3)


def test_what_is_no_step():
    """Other dtypes, broadcasting, functions of whole arrays: what they ask for is made, and they go on from there."""
    for f in (
        lambda p: (p[0] * X) @ (p[1] * X) + np.sum(np.sin(p[0] * X)),
        lambda p: (p[0] * X)[:, None] * (p[1] + X),
        lambda p: (p[0] * X).astype(np.float32) * 2,
        lambda p: np.real(np.exp(1j * p[0] * X)),
        lambda p: np.sort(p[0] * X)[::-1] * (p[1] * X),
        lambda p: np.cumsum(p[0] * X) * np.arange(7),
        lambda p: np.add.reduce(np.multiply(p[0] * X, p[1], where=X > 1.0, out=np.zeros_like(p[0] * X))),
    ):
        chained, plainly = both(f, np.array([0.3, 0.7]))
        np.testing.assert_allclose(chained, plainly, rtol=1e-6 if plainly.dtype == np.float32 else 1e-11)


def test_structural_zeros():
    """A direction along which nothing varies stays zero where a slope is infinite; an unknown derivative stays unknown."""
    x = np.array([0.0, 1.0])
    root, _ = both(lambda p: np.sqrt(p[0] * x) + p[1] * x, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(root, [[np.nan, 0.0], [0.5, 1.0]])
    by_point, _ = both(lambda x: np.sum(np.sqrt(x)), x)
    np.testing.assert_array_equal(by_point, [np.inf, 0.5])


def test_no_tangents():
    """A block without tangents, and stop_gradient."""

    def f(p):
        a = p * X
        with dualad.no_tangents():
            b = np.sin(a)
        return a * b + dualad.stop_gradient(a)

    same(f, 0.3)


def test_transforms_inside():
    """A transform inside ends it for the one around: its steps would only be in the way."""

    def f(p):
        return dualad.jvp(lambda t: np.sin(p[0] * X) * t**2, (p[1],), (1.0,))[1] * X

    same(f, np.array([0.3, 0.7]))

    def inner(p):
        return dualad.grad(lambda q: np.sum(np.exp(-q[0] * X) * q[1]))(p)

    chained, plainly = both(inner, np.array([0.3, 0.7]))
    np.testing.assert_allclose(chained, plainly, rtol=1e-12)
    assert of(inner).cold


# -- kernels -------------------------------------------------------------------------------------------------------------


def test_one_kernel_per_chain():
    """A function is compiled once, whatever the numbers and sizes are."""

    def f(p, x):
        return p[0] * np.exp(-p[1] * x) + p[2]

    jacobian = dualad.jacfwd(f)
    for size in (3, 3, 10, 700):
        jacobian(np.linspace(0.1, 0.4, 3), np.linspace(0.0, 1.0, size))
    assert of(f).chains == 1


def test_too_many_ways():
    """A function that takes another way each time is left alone after some."""

    def f(p, steps):
        y = p * X
        for _ in range(steps):
            y = np.sin(y) + 1
        return y

    jacobian = dualad.jacfwd(f)
    for steps in range(pending.MANY + 5):
        deepest = jacobian(0.3, steps)
    assert of(f).cold
    y, slope = 0.3 * X, X
    for _ in range(steps):
        y, slope = np.sin(y) + 1, np.cos(y) * slope
    np.testing.assert_allclose(deepest, slope, rtol=1e-12)


def test_short_chains():
    """A function whose chains are of a step or two, or that has none, is left alone."""
    for f in (lambda x: np.sum(x**2), lambda x: x[0] * x[1] + np.sin(x[2])):
        jacobian = dualad.jacfwd(f)
        for _ in range(heat.OFTEN + 5):
            jacobian(X)
        assert of(f).cold
    for f in (lambda x: np.sum(np.exp(x**2) * x),):
        jacobian = dualad.jacfwd(f)
        for _ in range(heat.OFTEN + 5):
            jacobian(X)
        assert not of(f).cold


@pytest.mark.parametrize("way", ["kernels", "rules"])
def test_long_chains(way, request):
    """A loop of many steps is cut into chains of one kind."""
    if way == "rules":
        request.getfixturevalue("unmade")

    def f(p):
        y = p[0] * X
        for _ in range(5 * pending.LONG):
            y = np.cos(y) + p[1]
        return y

    same(f, np.array([0.3, 0.7]))
    assert of(f).chains < pending.MANY
    assert not of(f).cold


def test_threads():
    """Several threads that run one function."""
    p, x = two_peaks_arguments(300)

    def f(p):
        return two_peaks(p, x)

    jacobian = dualad.jacfwd(f)
    wanted = jacobian(p)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(jacobian, [p] * 40):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)
    chunked = dualad.jacfwd(f, chunk_size=3, executor=ThreadPoolExecutor(2))
    np.testing.assert_allclose(chunked(p), wanted, rtol=1e-12, atol=1e-15)


def test_cold_functions_write_nothing_down(monkeypatch):
    """Nobody waits for numba who asks for a derivative a few times."""
    monkeypatch.setattr(heat, "START", 1e9)
    monkeypatch.setattr(heat, "EACH", 1e9)

    def f(p, seen):
        y = p * X
        seen.append(y.__class__)
        return y

    assert kinds(f, 0.3) == [DualArray]
    assert of(f).seconds > 0.0


def test_kept_from_before():
    """A dual that was kept beyond its transform is refused as ever, tangent or not."""
    kept = []

    def f(p):
        kept.append(p * X)
        return p * X

    both(f, 0.3)
    with pytest.raises(dualad.errors.EscapedDualError):
        np.sin(kept[-1])
