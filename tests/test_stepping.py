"""Stepping in changes the process while a function runs: what may be relied on, in threads, nests, after errors, for ever."""

# ruff: noqa: NPY002 - NumPy's legacy generator is what old code draws from

import importlib
import math
import pickle
import random
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualad
from dualad import derivative, drop_in, grad, hessian, jacfwd, jvp
from dualad.errors import BadArgument, DropInWarning, TangentLossError

X = np.array([0.5, 1.5])
ORIGINALS = {"zeros": np.zeros, "array": np.array, "sqrt": math.sqrt, "vectorize": np.vectorize.__call__}


def in_place():
    return {"zeros": np.zeros, "array": np.array, "sqrt": math.sqrt, "vectorize": np.vectorize.__call__} == ORIGINALS


def buffer(x):
    z = np.zeros(2)
    z[0] = math.sin(x[0])
    z[1] = x[0] * x[1]
    return z


def slope(x):
    return [[math.cos(x[0]), 0.0], [x[1], x[0]]]


@pytest.fixture(autouse=True)
def nothing_is_left():
    """After every test NumPy and math are what they were."""
    yield
    assert in_place()


# -- when ----------------------------------------------------------------------------------------------------------------


def test_it_is_told_once_and_remembered():
    """The first call warns, with the line that lost the tangent and what to write; the others step in at once."""
    runs = []

    def f(x):
        runs.append(in_place())
        return buffer(x)

    with pytest.warns(DropInWarning, match=r"test_stepping.*would drop.*np\.zeros_like") as told:
        np.testing.assert_allclose(jacfwd(f)(X), slope(X))
    assert [each.filename for each in told] == [__file__]
    assert runs == [True, False]
    np.testing.assert_allclose(jacfwd(f)(X), slope(X))
    assert runs == [True, False, False]


def test_what_needs_no_help_gets_none():
    """A function that keeps its tangents runs once, with NumPy as it is."""
    runs = []

    def f(x):
        runs.append(in_place())
        return np.array([x[0], 1.0]) * x

    jacfwd(f)(X)
    jacfwd(f)(X)
    assert runs == [True, True]


def test_modes():
    """False raises, True steps in unasked and untold, a block holds for what is called in it, the nearest word counts."""
    with pytest.raises(TangentLossError):
        jacfwd(buffer, drop_in=False)(X)
    np.testing.assert_allclose(jacfwd(buffer, drop_in=True)(X), slope(X))
    with drop_in():
        np.testing.assert_allclose(jacfwd(buffer)(X), slope(X))
        with pytest.raises(TangentLossError):
            jacfwd(buffer, drop_in=False)(X)
        with drop_in(False), pytest.raises(TangentLossError):
            jacfwd(buffer)(X)
    for wrong in (None, 1.5, (), (1,)):
        with pytest.raises(BadArgument, match="drop_in"):
            jacfwd(buffer, drop_in=wrong)


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, **how: jacfwd(f, **how)(X)[0],
        lambda f, **how: grad(lambda x: f(x)[0], **how)(X),
        lambda f, **how: dualad.value_and_grad(lambda x: f(x)[0], **how)(X)[1],
        lambda f, **how: dualad.value_and_jacfwd(f, **how)(X)[1][0],
        lambda f, **how: jvp(f, (X,), (np.array([1.0, 0.0]),), **how)[1],
        lambda f, **how: hessian(f, **how)(X)[1],
        lambda f, **how: dualad.value_grad_and_hessian(f, **how)(X)[1],
        lambda f, **how: dualad.hvp(lambda x: f(x)[1], (X,), (X,), **how),
        lambda f, **how: dualad.hessian_diagonal(f, **how)(X),
        lambda f, **how: dualad.laplacian(f, **how)(X),
        lambda f, **how: derivative(lambda a: f([a, 2.0])[0], **how)(0.5),
    ],
)
def test_every_transform_has_the_option(transform):
    """The answer is the same whether it steps in unasked or is asked, and False refuses."""
    with pytest.raises(TangentLossError):
        transform(buffer, drop_in=False)
    asked = transform(buffer, drop_in=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DropInWarning)
        np.testing.assert_array_equal(transform(buffer), asked)


def test_other_arrays_are_lifted_when_nothing_else_helps():
    """A copy or a multiple of an argument takes duals; the caller's array does not change."""
    t = np.array([1.0, 2.0])

    def f(x, t):
        z = 0.0 * t
        z[0] = x[0] * t[1]
        w = t.copy()
        w[1] = x[1]
        return z + w

    np.testing.assert_array_equal(jacfwd(f, drop_in=True)(X, t), [[2.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(t, [1.0, 2.0])


# -- the world before the second run -------------------------------------------------------------------------------------


def test_arguments_and_generators_are_put_back():
    """What the first run wrote, drew and shuffled is undone before the second one."""
    rng = np.random.default_rng(3)

    def f(x, count, rng):
        count += 1.0
        noise = [random.random(), np.random.random(), rng.random()]
        return buffer(x) * noise[0] + noise[1] * noise[2] + count

    def plain(x):
        random.seed(1)
        np.random.seed(2)
        return f(x, np.zeros(2), np.random.default_rng(3))

    expected = plain(X)
    random.seed(1)
    np.random.seed(2)
    count = np.zeros(2)
    with pytest.warns(DropInWarning):
        value, _ = dualad.value_and_jacfwd(f)(X, count, rng)
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_array_equal(count, [1.0, 1.0])
    after = random.random(), np.random.random(), rng.random()
    plain(X)
    reference = np.random.default_rng(3)
    reference.random()
    assert after == (random.random(), np.random.random(), reference.random())


def test_a_late_loss_is_made_good_only_where_nothing_was_written():
    """A function whose first call kept its tangents is not watched any more; when it loses one later and writes into its
    arguments, the call raises, and the next one is right."""

    def f(x, total, lose):
        if lose:
            total += 1.0
            return buffer(x) + total
        return x * 1.0

    jacfwd(f)(X, np.zeros(2), False)
    with pytest.raises(TangentLossError, match="once more"):
        jacfwd(f)(X, np.zeros(2), True)
    total = np.zeros(2)
    np.testing.assert_allclose(jacfwd(f)(X, total, True), slope(X))
    np.testing.assert_array_equal(total, [1.0, 1.0])


# -- for other code, and for ever ----------------------------------------------------------------------------------------


def test_overlapping_threads():
    """Blocks that begin and end in any order leave everything in place, and other threads get NumPy's arrays meanwhile."""
    inside, leave, kinds = threading.Barrier(3, timeout=30), threading.Event(), []

    def f(x):
        z = np.zeros(2)
        z[0] = x[0]
        inside.wait()
        leave.wait(30)
        return z

    def bystander():
        inside.wait()
        kinds.append((type(np.zeros(2)), type(math.sqrt(2.0)), type(np.vectorize(abs)(-1.0))))
        leave.set()

    with ThreadPoolExecutor(3) as pool:
        first, second = pool.submit(jacfwd(f, drop_in=True), X), pool.submit(jacfwd(f, drop_in=True), X)
        pool.submit(bystander).result()
        for each in (first, second):
            np.testing.assert_array_equal(each.result(), [[1.0, 0.0], [0.0, 0.0]])
    assert kinds == [(np.ndarray, float, np.ndarray)]
    assert type(np.zeros) is type(ORIGINALS["zeros"])


def test_many_threads_at_once():
    """Whoever is the last to leave puts everything back."""
    with ThreadPoolExecutor(8) as pool:
        for J in pool.map(lambda _: jacfwd(buffer, drop_in=True)(X), range(64)):
            np.testing.assert_allclose(J, slope(X))


def test_errors_restore():
    """An exception of any kind leaves nothing behind."""
    for kind in (ValueError, KeyboardInterrupt):

        def f(x, kind=kind):
            np.zeros(1)[0] = x[0]
            raise kind

        with pytest.raises(kind):
            jacfwd(f, drop_in=True)(X)
        assert in_place()


def test_nested_transforms():
    """An inner transform finds the stand-ins of the outer one at work; levels are kept apart in the buffers."""

    def inner(y, x):
        z = np.zeros(2)
        z[0], z[1] = x * y, math.exp(y)
        return z[0] * z[1]

    def f(x):
        z = np.zeros(1)
        z[0] = derivative(inner)(x, x)
        return z

    # d/dy (x y exp(y)) at y = x is x exp(x) (1 + x); its derivative by x is exp(x) (1 + 3 x + x**2)
    assert jacfwd(f, drop_in=True)(0.5) == pytest.approx([math.exp(0.5) * 2.75], rel=1e-15)


def test_generators_do_not_leak():
    """A generator that is begun inside and gone on with outside makes plain arrays there."""
    kept = []

    def rows():
        while True:
            yield np.zeros(2)

    def f(x):
        kept.append(rows())
        z = next(kept[-1])
        z[:] = x
        return z

    np.testing.assert_array_equal(jacfwd(f, drop_in=True)(X), np.eye(2))
    assert type(next(kept[-1])) is np.ndarray


def test_modules_that_are_imported_meanwhile(tmp_path, monkeypatch):
    """What a module took by name while stand-ins were in place is the function itself afterwards, and found the next time."""
    (tmp_path / "imported_meanwhile.py").write_text("from math import exp\nfrom numpy import zeros\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def f(x):
        module = importlib.import_module("imported_meanwhile")
        z = module.zeros(1)
        z[0] = module.exp(x[0])
        return z

    try:
        for _ in range(2):
            np.testing.assert_allclose(jacfwd(f, drop_in=True)(X), [[math.exp(0.5), 0.0]])
            module = sys.modules["imported_meanwhile"]
            assert module.zeros is np.zeros
            assert module.exp is math.exp
    finally:
        sys.modules.pop("imported_meanwhile", None)


def test_what_is_kept_is_harmless():
    """A stand-in that outlives the transform is the function: it equals it, pickles as it, and makes plain arrays."""
    kept = {}

    def f(x):
        kept.update(zeros=np.zeros, sqrt=math.sqrt, array=np.arange(3.0))
        return x

    jacfwd(f, drop_in=True)(X)
    assert kept["zeros"] == np.zeros
    assert {np.zeros: 1}[kept["zeros"]] == 1
    assert pickle.loads(pickle.dumps(kept["zeros"])) is np.zeros
    assert type(kept["zeros"](3)) is np.ndarray
    assert kept["zeros"].__doc__ == np.zeros.__doc__
    assert kept["sqrt"](4.0) == 2.0
    table = kept["array"]  # a constant array that was made meanwhile
    assert not dualad.is_dual(table)
    assert type(table * 2.0) is np.ndarray
    assert type(np.asarray(table)) is np.ndarray
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(table)), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(jacfwd(lambda x: table[:2] * x, drop_in=False)(X), [[0.0, 0.0], [0.0, 1.0]])


def test_results_are_plain():
    """Values, aux and derivatives are NumPy's arrays, whatever they were computed from."""

    def f(x):
        z = np.zeros(2)
        return z + 1.0, {"buffer": z, "list": [np.ones(1)]}

    J, aux = jacfwd(f, has_aux=True, drop_in=True)(X)
    assert type(J) is type(aux["buffer"]) is type(aux["list"][0]) is np.ndarray


def test_jitted_functions():
    """A function that numba compiles for the first time while stand-ins are in place compiles as ever."""
    numba = pytest.importorskip("numba")

    @numba.njit
    def tabulated(n):
        z = np.zeros(n)
        for i in range(n):
            z[i] = math.sqrt(i)
        return z.sum()

    def f(x):
        z = np.zeros(2)
        z[0] = x[0] * tabulated(3)
        return z

    np.testing.assert_allclose(jacfwd(f, drop_in=True)(X), [[1.0 + math.sqrt(2.0), 0.0], [0.0, 0.0]])
    assert tabulated(2) == 1.0


def test_compiled_functions_inside():
    """A jitted function that is first called while dualad steps in for its caller makes its program as ever, and keeps it."""

    def filled(x):
        b = np.zeros(3)
        b[1:] = x
        b *= x[0]
        return np.sum(b)

    compiled, seen = dualad.jit(filled), []

    def f(x):
        out = np.zeros(2)
        out[0] = x[0] ** 2
        seen.append([compiled(X[:2]), compiled(2.0 * X[:2])])
        return out * seen[-1][0]

    for _ in range(2):
        dualad.jacfwd(f, drop_in=True)(X[:2])
    np.testing.assert_allclose([*seen, [compiled(X[:2]), compiled(2.0 * X[:2])]], [[filled(X[:2]), filled(2.0 * X[:2])]] * 3)
