"""Patterns: closed forms of what depends on what, and for every function of the tables no entry that is missing."""

from __future__ import annotations

import tracemalloc

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import pytest
import scipy.sparse
from function_cases import CASES, call, flat, points
from line_cases import CASES as ALL
from problems import PROBLEMS
from test_functions import IDS

import dualad
import dualad.scipy.sparse
from dualad import hessian_sparsity, jacobian_sparsity
from dualad.errors import BadArgument, BranchWarning, NotDifferentiable
from dualad.sparse import sets

X = np.array([0.5, 1.5, 2.5, 3.5, 4.5])
EYE, FULL = np.eye(5), np.ones((5, 5))
NEXT = np.eye(5, k=1)
STENCIL = NEXT + NEXT.T - 2.0 * EYE
MATRIX = np.array([[1.0, 0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 3.0, 0.0]])
SPARSE = scipy.sparse.csr_array(STENCIL)


@dualad.custom_jvp
def straight_through(x):
    """A step whose rule says that it were none."""
    return np.floor(x)


straight_through.defjvp(lambda primals, tangents: (straight_through(*primals), tangents[0]))


def masked(x):
    y, large = np.zeros_like(x), x > 2.0
    y[large] = x[large] ** 2
    y[~large] += np.sin(x[~large])
    return y


def by_index(x):
    y = np.copy(x)
    where = np.flatnonzero(x > 2.0)
    y[where] = x[where] * x[0]
    return y


def filled(x):
    y = np.zeros_like(x)
    for i in range(1, 5):
        y[i] = x[i] * x[i - 1]
    return y


def scattered(x):
    y = np.zeros_like(x)
    np.add.at(y, [0, 1, 1], x[2:])
    return y


PATTERNS = {  # the function, its pattern, and that at X if it is another one
    "elementwise": (lambda x: np.sin(x) * x + 2.0, EYE),
    "nothing": (lambda x: np.floor(x) + np.sign(x) * (x > 1.0), 0.0 * EYE),
    "constant": (lambda x: np.array([1.0, 2.0]), np.zeros((2, 5))),
    "stopped": (lambda x: x * dualad.stop_gradient(x[0]), EYE),
    "own rule": (straight_through, EYE),
    "differences": (np.diff, (EYE + NEXT)[:4]),
    "neighbours": (lambda x: x[1:] * x[:-1], (EYE + NEXT)[:4]),
    "reversed": (lambda x: x[::-1], EYE[::-1]),
    "broadcast": (lambda x: (x[:, None] * x[None, :2]).ravel(), np.kron(EYE, np.ones((2, 1))) + np.tile(np.eye(2, 5), (5, 1))),
    "sum": (lambda x: np.sum(x**2), np.ones((1, 5))),
    "sums of rows": (lambda x: x[:4].reshape(2, 2).sum(1), np.kron(np.eye(2), np.ones((1, 2))) @ np.eye(4, 5)),
    "reduce": (lambda x: np.add.reduce(x[:4].reshape(2, 2), 0), np.kron(np.ones((1, 2)), np.eye(2)) @ np.eye(4, 5)),
    "running sum": (np.cumsum, np.tri(5)),
    "joined": (lambda x: np.concatenate([x[3:], [1.0], x[:1]]), np.vstack([EYE[3:], np.zeros((1, 5)), EYE[:1]])),
    "padded": (lambda x: np.pad(x, 1), np.vstack([np.zeros((1, 5)), EYE, np.zeros((1, 5))])),
    "rolled": (lambda x: np.roll(x, 1) - x, EYE + np.roll(EYE, 1, 0)),
    "taken": (lambda x: x[np.array([4, 0])], EYE[[4, 0]]),
    "by loop": (filled, np.vstack([np.zeros((1, 5)), (EYE + NEXT)[:4]])),
    "added at": (scattered, np.vstack([EYE[2], EYE[3] + EYE[4], np.zeros((3, 5))])),
    "matrix": (lambda x: MATRIX @ x, MATRIX),
    "matrix, right": (lambda x: x[:2] @ MATRIX, MATRIX.T @ np.eye(2, 5)),
    "dot": (lambda x: np.dot(STENCIL, x), STENCIL),
    "einsum": (lambda x: np.einsum("ij,j->i", MATRIX, x), MATRIX),
    "two factors": (lambda x: np.outer(x[:2], x[2:]) @ x[2:], np.array([[1, 0, 1, 1, 1], [0, 1, 1, 1, 1]])),
    "sparse matrix": (lambda x: dualad.scipy.sparse.product(SPARSE, x), STENCIL),
    "sparse matrix, right": (lambda x: dualad.scipy.sparse.product(x, SPARSE), STENCIL),
    "solved": (lambda x: np.linalg.solve(STENCIL, x), FULL),
    "convolved": (lambda x: np.convolve(x, [1.0, 0.0, 2.0], "same"), NEXT + NEXT.T),
    "correlated": (lambda x: np.correlate(x, [1.0, 2.0], "valid"), (EYE + NEXT)[:4]),
    "counted": (
        lambda x: np.bincount([0, 2, 0, 2, 1], weights=x),
        np.array([[1, 0, 1, 0, 0], [0, 0, 0, 0, 1], [0, 1, 0, 1, 0]]),
    ),
    "transformed": (lambda x: np.fft.fft(x[:4].reshape(2, 2)).real.ravel(), np.kron(np.eye(2), np.ones((2, 2))) @ np.eye(4, 5)),
    "choice": (lambda x: np.where(x > 2.0, x, x[::-1]), np.minimum(EYE + EYE[::-1], 1.0), EYE[[4, 3, 2, 3, 4]]),
    "larger": (lambda x: np.maximum(x, x[::-1]), np.minimum(EYE + EYE[::-1], 1.0), EYE[[4, 3, 2, 3, 4]]),
    "masked": (masked, EYE),
    "by places": (by_index, EYE + FULL * (np.arange(5) == 0) - np.diag(EYE[0]), EYE + np.outer([0, 0, 1, 1, 1], EYE[0])),
    "clipped": (lambda x: np.clip(x, 1.0, 4.0), EYE, np.diag([0, 1, 1, 1, 0])),
    "sorted": (np.sort, FULL, EYE),
    "largest": (np.max, np.ones((1, 5)), EYE[4:]),
    "median": (np.median, np.ones((1, 5)), EYE[2:3]),
    "at a place": (lambda x: x[np.argmax(x)], FULL[:1], EYE[4:]),
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns(name):
    """Nothing is missing, nothing too much: for all values, and for those of the arguments."""
    function, everywhere, *here = PATTERNS[name]
    for local, expected in ((False, everywhere), (True, (here or [everywhere])[0])):
        found = jacobian_sparsity(function, X, local=local)
        assert isinstance(found, scipy.sparse.csr_array)
        assert found.dtype == bool
        np.testing.assert_array_equal(found.toarray(), np.asarray(expected) != 0)


def whole(blocks, rows, columns):
    """One matrix of blocks, given for each output and each input."""
    return np.block(
        [
            [b.toarray() if scipy.sparse.issparse(b) else np.reshape(b, (r, c)) for b, c in zip(row, columns, strict=True)]
            for row, r in zip(blocks, rows, strict=True)
        ]
    )


@pytest.mark.filterwarnings("ignore::dualad.errors.BranchWarning")  # of np.unique and its like
@pytest.mark.filterwarnings("ignore:future versions will not create a writeable array")  # NumPy's, of np.broadcast_arrays
@pytest.mark.parametrize("case", ALL, ids=IDS)
def test_no_entry_is_missing(case):
    """Of every call of the table the Jacobian has entries only where its pattern has."""
    values = points(case)
    columns = [np.size(value) for value in values]
    try:
        dense = dualad.jacfwd(lambda values: flat(call(case, values)))(values)
    except NotDifferentiable:  # the answer is text, or a dtype
        pytest.skip("there is nothing to differentiate")
    found = jacobian_sparsity(lambda values: flat(call(case, values)), values, local=len(values) == 2)
    rows = [blocks[0].shape[0] for blocks in found if blocks[0] is not None]
    dense, found = ([blocks for blocks in each if blocks[0] is not None] for each in (dense, found))
    assert not np.any((whole(dense, rows, columns) != 0) & ~whole(found, rows, columns))


@pytest.mark.filterwarnings("ignore::dualad.errors.BranchWarning")
@pytest.mark.parametrize("case", CASES[::6], ids=lambda case: case.function.__name__)
def test_no_pair_is_missing(case):
    """The same of second derivatives, of a weighted sum of what comes out."""
    values = points(case)

    def total(values):
        out = [each for each in flat(call(case, values)) if not isinstance(each, str)]
        weights = [np.cos(1.0 + np.arange(np.size(each))).reshape(np.shape(each)) for each in out]
        return sum(np.sum(np.real(each) * weight) for each, weight in zip(out, weights, strict=True))

    columns = [np.size(value) for value in values]
    dense = whole(dualad.hessian(total)(values), columns, columns)
    found = whole(hessian_sparsity(total, values), columns, columns)
    assert not np.any((dense != 0) & ~np.isnan(dense) & ~found)
    np.testing.assert_array_equal(found, found.T)


D = np.diag([1.0, 2.0, 0.0, 0.0, 0.0])
PAIRS = {
    "squares": (lambda x: np.sum(x**2), EYE),
    "a square of vectors": (lambda x: x @ x, EYE),
    "a quadratic form": (lambda x: x @ (STENCIL @ x), STENCIL),
    "chain": (lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2), STENCIL),
    "product": (lambda x: x[0] * x[1], np.eye(5, k=1) * np.outer(EYE[0], EYE[1]) + np.outer(EYE[1], EYE[0])),
    "quotient": (lambda x: x[0] / x[1], np.outer(EYE[0], EYE[1]) + np.outer(EYE[1], EYE[0]) + np.diag(EYE[1])),
    "linear": (lambda x: np.sum(MATRIX @ x) + np.max(x) + np.mean(x[1:]), 0.0 * EYE),
    "of a sum": (lambda x: np.exp(np.sum(x)), FULL),
    "masked": (lambda x: np.sum(masked(x)), EYE),
    "einsum": (lambda x: np.einsum("i,i->", x, x), EYE),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name):
    """Inputs meet where they are multiplied, and nowhere else."""
    function, expected = PAIRS[name]
    np.testing.assert_array_equal(hessian_sparsity(function, X).toarray(), np.asarray(expected) != 0)


def test_local_pairs():
    """What is not chosen brings nothing together."""
    function = lambda x: np.sum(np.where(x > 2.0, x, x**2))
    np.testing.assert_array_equal(hessian_sparsity(function, X).toarray(), EYE != 0)
    np.testing.assert_array_equal(hessian_sparsity(function, X, local=True).toarray(), np.diag(X <= 2.0))


def test_pytrees_and_keywords():
    """Patterns nest as Jacobians do; leaves without derivative give None."""

    def f(tree, x, *, shift):
        return {"a": tree["w"] * x[0], "b": x[shift:]}

    tree = {"w": np.ones(2), "name": "w"}
    found = jacobian_sparsity(f, tree, X, argnums=(0, 1), shift=3)
    assert found["a"][0]["name"] is None
    np.testing.assert_array_equal(found["a"][0]["w"].toarray(), np.eye(2))
    np.testing.assert_array_equal(found["a"][1].toarray(), [[1, 0, 0, 0, 0]] * 2)
    np.testing.assert_array_equal(found["b"][1].toarray(), EYE[3:])
    assert found["b"][0]["w"].shape == (2, 2)
    assert found["b"][0]["w"].nnz == 0


@pytest.mark.parametrize("local", [False, True])
def test_stepping_in(local):
    """Code that builds its arrays with np.zeros has a pattern as well."""

    def f(x):
        y = np.zeros(5)
        for i in range(1, 5):
            y[i] = x[i] * x[i - 1]
        return y

    with dualad.drop_in():
        np.testing.assert_array_equal(jacobian_sparsity(f, X, local=local).toarray()[1:], (EYE + NEXT)[:4])


def test_other_arguments():
    """Indices among the arguments are what they are; floating numbers may be others."""
    np.testing.assert_array_equal(jacobian_sparsity(lambda x, i: x[i], X, np.array([3, 1])).toarray(), EYE[[3, 1]])
    np.testing.assert_array_equal(jacobian_sparsity(lambda x, a: x * a, X, np.zeros(5)).toarray(), EYE)
    mask = np.array([True, False, False, False, True])
    np.testing.assert_array_equal(jacobian_sparsity(lambda x, m: x[m], X, mask).toarray(), EYE[[0, 4]])


def test_ways():
    """Where Python decides by a value the pattern is one of several, which is said; where shapes decide it is the only one."""

    def f(x, width):
        for _ in range(width):
            x = x + np.roll(x, 1)
        return x if np.sum(x) > 0.0 else x[::-1]

    with pytest.warns(BranchWarning, match="a value decides on the way at .*test_sparsity"):
        found = jacobian_sparsity(f, X, 1)
    np.testing.assert_array_equal(found.toarray(), EYE + np.roll(EYE, 1, 0))
    jacobian_sparsity(lambda x: x if len(x) > 2 else -x, X)
    jacobian_sparsity(f, X, 1, local=True)
    with pytest.warns(BranchWarning):
        hessian_sparsity(lambda x: x[0] ** 2 if x[0] > 0 else x[0], X)


class Switch:
    def way(self, x):
        return np.roll(x, 1) ** 2 if x[0] > 1.0 else x**2


def test_union_of_ways():
    """What was recorded of a function before counts, and is told; what was of arguments of another kind does not."""
    f = lambda x: np.roll(x, 1) ** 2 if x[0] > 1.0 else x**2
    ROLLED = np.roll(EYE, 1, 0)
    for way in (f, Switch().way):
        for x, expected, told in (
            (X, EYE, "the way taken with these arguments"),
            (X + 1.0, EYE + ROLLED, "the 2 ways taken so far together"),
            (X, EYE + ROLLED, "the 2 ways taken so far together"),
        ):
            with pytest.warns(BranchWarning, match=told):
                np.testing.assert_array_equal(jacobian_sparsity(way, x).toarray(), expected != 0)
        with pytest.warns(BranchWarning, match="the way taken with these arguments"):
            np.testing.assert_array_equal(jacobian_sparsity(way, X[:3]).toarray(), np.eye(3))
        np.testing.assert_array_equal(jacobian_sparsity(way, X + 1.0, local=True).toarray(), ROLLED)
    pairs = lambda x: x[0] * x[1] if x[0] > 1.0 else x[2] ** 2
    with pytest.warns(BranchWarning, match="the way taken with"):
        assert hessian_sparsity(pairs, X).nnz == 1
    with pytest.warns(BranchWarning, match="the 2 ways"):
        assert hessian_sparsity(pairs, X + 1.0).nnz == 3
    with pytest.warns(BranchWarning):  # a tree of outputs
        found = [jacobian_sparsity(tree, x) for tree in [lambda x: [x if x[0] > 1.0 else x[::-1], x[:2]]] for x in (X, X + 1.0)]
    np.testing.assert_array_equal(found[1][0].toarray(), (EYE + EYE[::-1]) != 0)
    np.testing.assert_array_equal(found[1][1].toarray(), np.eye(2, 5))


def test_refused():
    """A Hessian's pattern of several outputs, and a pattern that is as large as what it is to save."""
    with pytest.raises(NotDifferentiable, match="scalar output"):
        hessian_sparsity(np.sin, X)
    with pytest.raises(BadArgument, match="not sparse: use jacfwd"):
        jacobian_sparsity(lambda x: np.sum(x) * x, np.ones(20000))
    with pytest.raises(BadArgument, match="not sparse: use hessian"):
        hessian_sparsity(lambda x: np.sum(x) ** 2, np.ones(20000))


def test_many_pairs(monkeypatch):
    """Pairs are put together a part at a time: most of them may be the same ones."""
    monkeypatch.setattr(sets, "MOST", 64)
    table = np.random.default_rng(0).standard_normal((50, 4))
    np.testing.assert_array_equal(hessian_sparsity(lambda p: np.sum(np.exp(table @ p)), X[:4]).toarray(), np.ones((4, 4)))
    with pytest.raises(BadArgument, match="has 81 entries and more, for 9 elements"):
        hessian_sparsity(lambda x: np.sum(x) ** 2 + np.sum(x**3), np.ones(9))


def laplacian(u):
    """A nonlinear residual on a square grid."""
    side = int(np.sqrt(u.size))
    u = u.reshape(side, side)
    padded = np.pad(u, 1)
    return (4.0 * u - padded[2:, 1:-1] - padded[:-2, 1:-1] - padded[1:-1, 2:] - padded[1:-1, :-2] + np.exp(u)).ravel()


def stencil(side):
    line = scipy.sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(side, side))
    eye = scipy.sparse.eye_array(side)
    return (scipy.sparse.kron(line, eye) + scipy.sparse.kron(eye, line)).astype(bool).tocsr()


def test_large_patterns_take_little_memory():
    """A grid of 90,000 unknowns: right, and memory that grows as the grid does."""
    peaks = []
    for side in (150, 300):
        tracemalloc.start()
        found = jacobian_sparsity(laplacian, np.ones(side * side))
        peaks.append(tracemalloc.get_traced_memory()[1] / side**2)
        tracemalloc.stop()
        assert (found != stencil(side)).nnz == 0
    assert peaks[1] < 1.3 * peaks[0] < 2000.0


@pytest.mark.parametrize("problem", [each for each in PROBLEMS if isinstance(each.argnums, int)], ids=lambda each: each.name)
def test_problems(problem):
    """The list of problems: nothing is missing, and for the sparse ones nothing is too much."""
    args = problem.arguments(problem.size)
    found = jacobian_sparsity(problem.function, *args, argnums=problem.argnums)
    exact = problem.jacobian(*args)
    columns = np.size(args[problem.argnums])
    entries = np.reshape(exact, (-1, columns)) != 0
    assert not np.any(entries & ~found.toarray())
    if problem.name in ("Brusselator", "Robertson"):
        np.testing.assert_array_equal(entries, found.toarray())


def test_progress(capsys):
    """A bar over lines."""
    jacobian_sparsity(np.diff, X, progress=True)
    assert "line" in capsys.readouterr().err
