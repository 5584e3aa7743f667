"""Sparse Jacobians and Hessians: the dense ones, entry by entry, from a few directions; patterns kept, checked and mended."""

from __future__ import annotations

import doctest
import pickle
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse
from problems import PROBLEMS
from scipy.optimize import minimize
from test_sparsity import STENCIL, X, laplacian, masked, stencil

import dualad
from dualad import jacobian_sparsity, sparse_hessian, sparse_jacfwd
from dualad.errors import BadArgument, BranchWarning, NotDifferentiable, TangentLossError
from dualad.sparse import colouring, compressed, pictures
from dualad.sparse.colouring import column_colouring
from dualad.sparse.pictures import picture, plotted

BY_NAME = {problem.name: problem for problem in PROBLEMS}
brusselator, rosenbrock = BY_NAME["Brusselator"], BY_NAME["Rosenbrock"]
ARRAYS = [each for each in PROBLEMS if isinstance(each.argnums, int) and "objects" not in each.marks]


def plans(function):
    return list(function._options["work"].plans.values())


@pytest.mark.parametrize("problem", ARRAYS, ids=lambda each: each.name)
def test_jacobians(problem):
    """As jacfwd, to rounding."""
    args = problem.arguments(problem.size)
    found = sparse_jacfwd(problem.function, problem.argnums)(*args)
    exact = np.reshape(problem.jacobian(*args), (-1, np.size(args[problem.argnums])))
    assert isinstance(found, scipy.sparse.csr_array)
    assert found.shape == exact.shape
    np.testing.assert_allclose(found.toarray(), exact, rtol=1e-12, atol=1e-12 * np.max(np.abs(exact)))


@pytest.mark.parametrize(
    "problem", [each for each in ARRAYS if "scalar" in each.marks and each.hessian], ids=lambda each: each.name
)
def test_hessians(problem):
    """As the exact ones, and symmetric to the last bit."""
    args = problem.arguments(problem.size)
    found = sparse_hessian(problem.function, problem.argnums)(*args)
    count = np.size(args[problem.argnums])
    exact = np.reshape(problem.hessian(*args), (count, count))
    assert (found != found.T).nnz == 0
    np.testing.assert_allclose(found.toarray(), exact, rtol=1e-11, atol=1e-11 * np.max(np.abs(exact)))


def test_few_directions():
    """Four carry the Brusselator's Jacobian, three Rosenbrock's Hessian, whatever the size; one more is the check."""
    jacobian, hessian = sparse_jacfwd(brusselator.function), sparse_hessian(rosenbrock.function)
    for size in (30, 50):
        (y,), (x,) = brusselator.arguments(size), rosenbrock.arguments(size)
        np.testing.assert_allclose(jacobian(y).toarray(), brusselator.jacobian(y), rtol=1e-13)
        np.testing.assert_allclose(hessian(x).toarray(), rosenbrock.hessian(x), rtol=1e-12)
    assert [plan.count for plan in plans(jacobian)] == [4, 4]
    assert [plan.count for plan in plans(hessian)] == [3, 3]


def test_kept():
    """The pattern is found once for one kind of arguments; what is returned is the caller's."""
    runs = []

    def f(x, places):
        runs.append(type(x))
        return np.sin(x[places])

    jacobian = sparse_jacfwd(f)
    first = jacobian(X, np.array([0, 1]))
    count = len(runs)
    assert first.indices.dtype == np.int32  # as solvers take them without a conversion
    first.indices[:] = 0
    first.indptr[:] = 0
    np.testing.assert_array_equal(jacobian(X, np.array([0, 1])).toarray(), np.eye(2, 5) * np.cos(X))
    assert len(runs) == count + 1
    np.testing.assert_array_equal(jacobian(X, np.array([4, 1])).toarray(), np.eye(5)[[4, 1]] * np.cos(X))
    assert len(plans(jacobian)) == 2


def test_given_patterns():
    """A pattern may have too much, in any format; where it misses something, that is found at once."""
    f = lambda x: x[1:] * x[:-1]
    exact = dualad.jacfwd(f)(X)
    for pattern in (np.ones((4, 5)), scipy.sparse.coo_array(exact), (exact != 0).tolist()):
        np.testing.assert_array_equal(sparse_jacfwd(f, sparsity=pattern)(X).toarray(), exact)
    wrong = exact.copy()
    wrong[2, 3] = 0.0
    with pytest.raises(BadArgument, match=r"misses entries, for one in row 2"):
        sparse_jacfwd(f, sparsity=wrong)(X)
    with pytest.raises(BadArgument, match=r"shape \(5, 5\).*4 outputs and 5 inputs"):
        sparse_jacfwd(f, sparsity=np.eye(5))(X)
    for nothing in ("auto", 3.0, np.ones(5)):
        with pytest.raises(BadArgument, match="is no matrix"):
            sparse_jacfwd(f, sparsity=nothing)(X)
    g = lambda x: np.sum(f(x) ** 2)
    np.testing.assert_allclose(sparse_hessian(g, sparsity=STENCIL)(X).toarray(), dualad.hessian(g)(X), rtol=1e-13)
    with pytest.raises(BadArgument, match="misses entries"):
        sparse_hessian(g, sparsity=np.eye(5))(X)
    with pytest.raises(BadArgument, match="not symmetric"):
        sparse_hessian(g, sparsity=np.tri(5))(X)


def test_what_hides_an_entry():
    """Next to an infinite slope, in all rows or in one, or far below the other entries, an entry is missed as well."""
    root = lambda x: np.sqrt(x) + 1e-9 * x[::-1]
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    for pattern in (np.eye(6), np.eye(6) + np.eye(6)[::-1] * (np.arange(6) > 0)[:, None]):
        with pytest.raises(BadArgument, match="misses entries, for one in row 0"):
            sparse_jacfwd(root, sparsity=pattern)(x)
    np.testing.assert_array_equal(sparse_jacfwd(root)(x).toarray(), dualad.jacfwd(root)(x))
    with pytest.raises(BadArgument, match="misses entries"):
        sparse_hessian(lambda x: np.sum(x**1.5) + 1e-9 * x[0] * x[5], sparsity=np.eye(6))(x)

    def another(x):
        y = np.sqrt(x)
        return y + 1e-10 * x[::-1] if x[1] > 1.0 else y

    jacobian = sparse_jacfwd(another)
    for factor in (1.0, 2.0):
        np.testing.assert_array_equal(jacobian(factor * x).toarray(), dualad.jacfwd(another)(factor * x))


def test_smaller_than_what_is_found():
    """A pattern that is given may know that what could differ from zero does not, at infinite slopes too."""
    f = lambda x: np.where(x < 9.0, np.sqrt(x), x[::-1])
    x = np.arange(3.0)
    np.testing.assert_array_equal(sparse_jacfwd(f, sparsity=np.eye(3))(x).toarray(), dualad.jacfwd(f)(x))
    stored = scipy.sparse.csr_array((np.zeros(3), ([0, 1, 2], [0, 1, 2])), shape=(3, 3))  # zeros there and then
    np.testing.assert_array_equal(sparse_jacfwd(np.square, sparsity=stored)(np.ones(3)).toarray(), 2.0 * np.eye(3))

    def unseen(x):  # nothing of it can be recorded
        return x * np.random.default_rng().uniform(1.0, 1.0) ** 0 + np.roll(x, 1) * 1e-3

    with pytest.raises(BadArgument, match="misses entries"):
        sparse_jacfwd(unseen, sparsity=np.eye(5))(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recorded_once(dtype, monkeypatch):
    """Rounding is none of the reasons to record f again, in whatever precision it computes."""
    records = []
    sets = compressed.jacobian_sets
    monkeypatch.setattr(compressed, "jacobian_sets", lambda selection: records.append(selection) or sets(selection))
    for f in (brusselator.function, lambda x: 1e8 * np.diff(x, 2) + np.sin(x[1:-1]) * np.float64(2.0)):
        jacobian = sparse_jacfwd(f)
        for factor in (1.0, 1e-3, 1e3):
            jacobian((factor * np.linspace(0.5, 1.5, 40)).astype(dtype))
    assert len(records) == 2


def test_ways():
    """Python's decisions are followed: the pattern grows where a call goes another way, and each answer is right."""

    def f(x):
        y = x**2
        if x[0] > 1.0:
            y = y + x[::-1]
        if np.sum(x) < 0.0:
            y = y * x[1]
        return y

    jacobian = sparse_jacfwd(f)
    for x in (X, X + 1.0, -X, X):
        np.testing.assert_allclose(jacobian(x).toarray(), dualad.jacfwd(f)(x), rtol=1e-14)
    with pytest.warns(BranchWarning, match="the 3 ways taken so far together"):
        union = jacobian_sparsity(f, X).toarray()
    (plan,) = plans(jacobian)
    np.testing.assert_array_equal(plan.pattern.toarray(), union)
    np.testing.assert_array_equal(union, (np.eye(5) + np.eye(5)[::-1] + (np.arange(5) == 1)) != 0)

    def g(x):
        return np.sum(x**2) if x[0] > 1.0 else np.sum(x[1:] * x[:-1])

    hessian = sparse_hessian(g)
    for x in (X, X + 1.0):
        np.testing.assert_allclose(hessian(x).toarray(), dualad.hessian(g)(x), atol=1e-15)


def test_from_outside():
    """What the function sees from outside may change, too."""
    shift = [1]
    f = lambda x: x * np.roll(x, shift[0])
    jacobian = sparse_jacfwd(f)
    jacobian(X)
    shift[0] = 2
    np.testing.assert_array_equal(jacobian(X).toarray(), dualad.jacfwd(f)(X))


@pytest.mark.parametrize("f", [masked, lambda x: np.where(x > 2.0, x, x**2), lambda x: np.maximum(x, 2.0 * x[::-1])])
def test_choices(f):
    """Masks and choices go other ways elsewhere, within one pattern."""
    jacobian = sparse_jacfwd(f)
    for x in (X, X[::-1], -X):
        np.testing.assert_array_equal(jacobian(x).toarray(), dualad.jacfwd(f)(x))
    assert len(plans(jacobian)) == 1


def test_nasty_numbers():
    """Infinite slopes and nan stay where they are, and a constant has an empty matrix."""
    f = lambda x: np.sqrt(x) + np.roll(x, 1)
    x = np.array([0.0, 1.0, np.nan, 4.0, 9.0])
    np.testing.assert_array_equal(sparse_jacfwd(f)(x).toarray(), dualad.jacfwd(f)(x))
    assert sparse_jacfwd(np.floor)(X).nnz == 0
    assert sparse_hessian(np.sum)(X).nnz == 0


def test_kinds_of_arguments():
    """Pytrees, several arguments, scalars, arrays of several axes, and single precision."""

    def f(tree, x):
        return {"a": tree["w"] * x[0], "b": [x[1:] ** 2, np.sum(x)]}

    tree = {"w": np.array([[1.0, 2.0], [3.0, 4.0]]), "name": "w"}
    found, dense = sparse_jacfwd(f, (0, 1))(tree, X), dualad.jacfwd(f, (0, 1))(tree, X)
    for one, other in ((found["a"], dense["a"]), (found["b"][0], dense["b"][0]), (found["b"][1], dense["b"][1])):
        assert one[0]["name"] is None
        np.testing.assert_array_equal(one[0]["w"].toarray(), np.reshape(other[0]["w"], (-1, 4)))
        np.testing.assert_array_equal(one[1].toarray(), np.reshape(other[1], (-1, 5)))
    assert sparse_jacfwd(np.sin)(0.5).toarray() == np.cos(0.5)
    assert sparse_jacfwd(np.sin)(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(sparse_jacfwd(lambda x, i: x * i)(np.array([1, 2]), 3).toarray(), 3.0 * np.eye(2))
    g = lambda a, b: np.sum(a**2 * b)
    found, dense = sparse_hessian(g, (0, 1))(X, X), dualad.hessian(g, (0, 1))(X, X)
    for i in range(2):
        for j in range(2):
            np.testing.assert_allclose(found[i][j].toarray(), dense[i][j], rtol=1e-13)


def written(x):
    """Writes of what varies to second order, of what does to first, and of what does not, one after the other."""
    y, z = x * 1.0, np.zeros_like(x)
    y[0] = x[1] * x[2]
    z[1:4] = y[:3]
    z[2] = np.sin(x[4])
    z[0] += z[1] * x[3]
    y[3:] = z[:2]
    y[1] = 2.0
    z *= y[0]
    return np.sum(y**2 * np.arange(5.0)) + np.sum(z**3)


def test_writing():
    """Into arrays that hold less than what is written."""
    for f in (written, lambda x: np.sum(x * x[0]) + written(x[::-1] * 2.0)):
        found = sparse_hessian(f)
        for x in (X, X[::-1]):
            np.testing.assert_allclose(found(x).toarray(), dualad.hessian(f)(x), rtol=1e-12, atol=1e-10)
    one = lambda x: np.cumsum(x) * x[0]

    def several(x):
        y = one(x)
        y[2] = x[0] ** 2
        y[:2] = x[3:]
        return y

    np.testing.assert_allclose(sparse_jacfwd(several)(X).toarray(), dualad.jacfwd(several)(X), rtol=1e-14)


def test_refused():
    """Duals of an outer transform, and a Hessian of several outputs."""
    with pytest.raises(NotDifferentiable, match="inside another transform"):
        dualad.jacfwd(lambda x: sparse_jacfwd(np.sin)(x).toarray())(X)
    with pytest.raises(NotDifferentiable, match="scalar"):
        sparse_hessian(np.sin)(X)
    box = dualad.numerical(lambda x: np.array([float(each) for each in x]) ** 2)
    with pytest.raises(TangentLossError) as told:
        sparse_jacfwd(box)(X)
    assert "give that as sparsity=" in told.value.__notes__[-1]
    np.testing.assert_allclose(sparse_jacfwd(box, sparsity=np.eye(5))(X).toarray(), np.diag(2.0 * X), rtol=1e-7)


def test_compiled():
    """Of a jitted function the directions are compiled; another way is followed there too."""

    def f(x):
        y = np.exp(x[1:]) * x[:-1]
        return y if x[0] < 1.0 else y + x[0]

    jacobian = sparse_jacfwd(dualad.jit(f))
    for x in (X, 0.5 * X, X + 1.0, X, X + 2.0):
        np.testing.assert_allclose(jacobian(x).toarray(), dualad.jacfwd(f)(x), rtol=1e-13, atol=1e-15)
    assert all(plan.program is not None for plan in plans(jacobian))
    hessian = sparse_hessian(dualad.jit(rosenbrock.function))
    for factor in (1.0, 0.5):
        np.testing.assert_allclose(hessian(factor * X).toarray(), rosenbrock.hessian(factor * X), rtol=1e-13)


def test_threads_and_pickles():
    """Calls of several threads, and a copy that starts anew."""
    jacobian = sparse_jacfwd(laplacian)
    points = [np.full(36, value) for value in (0.1, 0.2, 0.3, 0.4)]
    with ThreadPoolExecutor(4) as pool:
        for x, found in zip(points, pool.map(jacobian, points), strict=True):
            assert abs(found - dualad.jacfwd(laplacian)(x)).max() < 1e-14
    again = pickle.loads(pickle.dumps(jacobian))
    assert not plans(again)
    assert (again(points[0]) != jacobian(points[0])).nnz == 0


def test_large():
    """A Jacobian of 40,000 unknowns, whose dense form would take 13 GB."""
    side = 200
    u = np.linspace(0.0, 1.0, side * side)
    found = sparse_jacfwd(laplacian)(u)
    expected = 5.0 * scipy.sparse.eye_array(side * side) - stencil(side).astype(float) + scipy.sparse.diags_array(np.exp(u))
    assert abs(found - expected).max() < 1e-14


def test_interrupted():
    """Whoever presses Ctrl-C while the pattern is found, or while directions run, leaves nothing behind."""
    left = [0]

    def f(x):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return x[1:] * x[:-1]

    jacobian = sparse_jacfwd(f)
    for runs in (1, 2):
        left[0] = runs
        with pytest.raises(KeyboardInterrupt):
            jacobian(X)
        assert not plans(jacobian)
    left[0] = -1
    np.testing.assert_array_equal(jacobian(X).toarray(), dualad.jacfwd(f)(X))
    left[0] = 2
    with pytest.raises(KeyboardInterrupt):
        jacobian(X), jacobian(X)
    left[0] = -1
    np.testing.assert_array_equal(jacobian(X).toarray(), dualad.jacfwd(f)(X))


def test_with_scipy():
    """What it is for: a solver that takes sparse Hessians."""
    x = np.linspace(-1.0, 1.0, 20)
    options = {"jac": dualad.grad(rosenbrock.function), "hess": sparse_hessian(rosenbrock.function), "method": "trust-constr"}
    found = minimize(rosenbrock.function, x, options={"gtol": 1e-10}, **options)
    np.testing.assert_allclose(found.x, 1.0, atol=1e-8)


def test_pictures():
    """Dots stand where entries do; large matrices are reduced; matplotlib draws as many points as there are entries."""
    text = picture(np.eye(4, 2)).splitlines()
    assert text == ["4 x 2, 2 entries", chr(0x2800 + 0x01 + 0x10)]
    header, *lines = picture(stencil(100)).splitlines()
    assert header == "10000 x 10000, 49600 entries"
    assert len(lines) == 30
    assert {len(line) for line in lines} == {60}
    assert all(lines[i][2 * i] != chr(0x2800) for i in range(30))
    assert picture(np.zeros((3, 3))).splitlines()[1] == 2 * chr(0x2800)
    matplotlib.use("Agg")
    axes = plotted(STENCIL, colours=column_colouring(STENCIL))
    assert len(axes.collections[0].get_offsets()) == 13
    assert len(np.unique(axes.collections[0].get_array())) == 3
    plt.close(plotted(np.eye(3)).figure)
    plt.close(axes.figure)


@pytest.mark.parametrize("module", [colouring, pictures], ids=lambda module: module.__name__)
def test_examples(module):
    """The examples of modules and their functions run."""
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("like", [True, False], ids=["like", "plain"])
@pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")
def test_hessians_of_what_is_written_in_place(like):
    """In-place operators, through views too, on arrays that had no tangents when they were made."""

    def f(x):
        b = np.zeros_like(x) if like else np.zeros(len(x))
        part = b.reshape(2, 2)
        b[1:] = x[:-1]
        b *= x[0]
        part.T[1] += x[2:] * part[0]
        other = np.zeros(4)
        np.copyto(other, x * b, where=x > 0.0)
        np.put(other, [3], x[0] * x[3])
        y = b * x
        y[:2] = x[1:3]
        return np.sum(b**3) + np.sum(y**2) + np.sum(other**2)

    x = X[:4]
    np.testing.assert_allclose(sparse_hessian(f)(x).toarray(), dualad.hessian(f)(x), rtol=1e-13)
