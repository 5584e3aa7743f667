"""Fused kernels: every row that has one against NumPy's way through the same row, and what they promise besides."""

import gc
import itertools
import multiprocessing
import os
import re
import sys
import threading
import tracemalloc

import exact
import numpy as np
import pytest

from dualad import compiling, kernels, simd
from dualad.deferred import WHERE
from dualad.rules.chain import pushforward
from dualad.rules.table import RULES
from dualad.symbols import LIBRARY, Unsupported, written

EDGES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, 20.0, 400.0, -400.0, 1e300, 5e-324, -5e-324, 1e-310]

ULPS = 64
"""How far a kernel may be from NumPy, in units of the last place of the larger term: both round what they exponentiate."""


def lines_of(row, dtype=np.float64):
    """A row's lines with every input varying; None where it has no kernel."""
    try:
        program, result = written(row, np.dtype(dtype), (True,) * len(row.partials), ("v",) * len(row.partials))
    except Unsupported:
        return None
    return (program, result) if program.called <= simd.WIDE else None


ROWS = [row for row in exact.ROWS if not row.linear and lines_of(row) is not None]
names = [row.name for row in ROWS]


@pytest.fixture
def eager(monkeypatch):
    """Every kernel is made at once, for arrays of any size."""
    for name in ("START", "EACH", "CURIOUS", "LEAST", "SHARE"):
        monkeypatch.setattr(kernels, name, -1.0)
    monkeypatch.setattr(kernels, "SLOW", LIBRARY)
    monkeypatch.setattr(kernels, "SMALL", 1)
    monkeypatch.setattr(kernels, "NARROW", 1)
    monkeypatch.setattr(kernels, "_kernels", {})
    monkeypatch.setattr(kernels, "_gains", {})


@pytest.fixture
def count(monkeypatch):
    """How many kernels were made."""
    made = []
    compiled = compiling.compiled
    monkeypatch.setattr(compiling, "compiled", lambda *args: made.append(args) or compiled(*args))
    return made


def points(row, dtype, size=53):
    """Operands in a row's intervals and at its edges."""
    rng = np.random.default_rng(1)
    inside = [exact.inside(interval, rng, size) for interval in row.on]
    with np.errstate(over="ignore"):
        corners = np.array(list(itertools.product(EDGES, repeat=len(row.on)))).T
        return [np.concatenate(pair).astype(dtype) for pair in zip(inside, corners, strict=True)]


def agree(row, primals, tangents):
    """The kernel's tangent is NumPy's, to rounding of the larger term; nan, infinities and zeros alike."""
    with np.errstate(all="ignore"):
        y = row.function(*primals)
        got = kernels.fused(row, primals, tangents, y)
        assert got is not None
        wanted = pushforward(row, primals, tangents, y)
        alone = [[t if i == place else None for i, t in enumerate(tangents)] for place in range(len(tangents))]
        terms = [pushforward(row, primals, each, y) for each in alone if any(t is not None for t in each)]
        size = np.abs(sum(np.abs(np.broadcast_to(term, got.shape)) for term in terms if term is not None))
        assert got.dtype == y.dtype
        wanted = np.broadcast_to(wanted, got.shape).astype(y.dtype)
        assert np.array_equal(np.isnan(got), np.isnan(wanted))
        assert np.array_equal(np.isinf(got), np.isinf(wanted))
        assert np.array_equal(got[np.isinf(got)], wanted[np.isinf(got)])
        finite = np.isfinite(wanted)
        unit = np.spacing(np.where(finite & np.isfinite(size), size, 1.0).astype(y.dtype))
        assert np.all(np.abs(got - wanted)[finite] <= ULPS * unit[finite])
        zero = finite & (wanted == 0)
        assert np.array_equal(np.signbit(got[zero]), np.signbit(wanted[zero]))


def gradients(k, *arrays):
    rng = np.random.default_rng(2)
    return [rng.standard_normal((k, *np.shape(each))).astype(each.dtype) for each in arrays]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("row", ROWS, ids=names)
def test_every_row(eager, row, dtype):
    """In its intervals and at every pair of edges, in several directions."""
    primals = points(row, dtype)
    program, _ = lines_of(row, dtype)
    if all(line.moves for line in program.lines) and len(program.lines) == 1:
        with np.errstate(all="ignore"):  # one step: NumPy's own is as good
            assert kernels.fused(row, primals, gradients(3, *primals), row.function(*primals)) is None
    else:
        agree(row, primals, gradients(3, *primals))


def test_most_rows_have_one():
    """NumPy's functions with a kernel, by name: what falls out of the list is noticed."""
    assert {"multiply", "divide", "power", "tanh", "arctan", "arctan2", "hypot", "maximum", "clip", "sinc", "i0"} <= set(names)
    assert {"add", "floor", "remainder", "ldexp"}.isdisjoint(names)


def shapes():
    """Pairs of operands whose shapes and memory differ, by what is different."""
    rng = np.random.default_rng(3)
    full = rng.random((40, 50)) + 0.5
    return {
        "contiguous": (full, full + 1.0),
        "one axis": (full[0].copy(), full[1].copy()),
        "three axes": (full.reshape(4, 10, 50), full.reshape(4, 10, 50)),
        "Fortran": (np.asfortranarray(full), np.asfortranarray(full) + 1.0),
        "row": (full, full[0].copy()),
        "column": (full, full[:, :1].copy()),
        "column and row": (full[:, :1].copy(), full[0].copy()),
        "middle": (full.reshape(4, 10, 50), full[:10].reshape(10, 50).copy()),
        "front": (full.reshape(4, 10, 50), full[:40, 0].reshape(4, 10, 1).copy()),
        "one element": (full, full[:1, :1].copy()),
        "a number": (full, np.float64(1.5)),
    }


@pytest.mark.parametrize("function", [np.multiply, np.arctan2, np.maximum], ids=lambda f: f.__name__)
@pytest.mark.parametrize("directions", [1, 4])
@pytest.mark.parametrize("case", shapes())
def test_shapes(eager, case, directions, function):
    """Broadcast operands, and arrays in Fortran's order, either one varying or both."""
    primals = shapes()[case]
    tangents = gradients(directions, *primals)
    if case == "Fortran":
        tangents = [np.copy(t.transpose(0, 2, 1), order="C").transpose(0, 2, 1) for t in tangents]
    moves = [(True, True)] if function is np.multiply else [(True, True), (True, False), (False, True)]
    for which in moves:
        agree(RULES[function], primals, [t if moves else None for t, moves in zip(tangents, which, strict=True)])


def test_what_goes_to_numpy(eager):
    """Arrays that a kernel cannot take as they lie, of other dtypes, and operands that are no arrays."""
    x = np.linspace(0.5, 2.0, 64).reshape(8, 8)
    t = x[None] + 0.0
    for dtype in (np.longdouble, np.float16, ">f8", np.complex128):
        wide = x.astype(dtype)
        assert kernels.fused(RULES[np.tanh], [wide], [wide[None]], np.tanh(wide)) is None
    row = RULES[np.multiply]
    assert kernels.fused(row, [x[::2], x[::2]], [t[:, ::2], t[:, ::2]], x[::2] * x[::2]) is None
    three = x.reshape(4, 4, 4)
    assert kernels.fused(row, [three, three[:, :1]], [three[None], three[None, :, :1]], three * three[:, :1]) is None
    strided = [x[:, ::2], x[:, ::2]]
    agree(row, strided, gradients(2, *strided))  # a primal is copied, it is small beside tangents


@pytest.mark.parametrize("moves", [(True, True), (True, False), (False, True)])
def test_selections(eager, moves):
    """np.where as terms go through it: the condition is Boolean."""
    x = np.array([0.5, np.inf, np.nan, -0.0, 2.0, -1.0] * 4)
    primals = [x > 0.0, x, x[::-1].copy()]
    tangents = [None, *[t if each else None for t, each in zip(gradients(2, x, x), moves, strict=True)]]
    y = np.where(*primals)
    got, wanted = kernels.fused(WHERE, primals, tangents, y), pushforward(WHERE, primals, tangents, y)
    assert got is not None or sum(moves) == 1  # one of two is one step for NumPy as well
    if got is not None:
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("exponent", [2, 3, 2.5, -1, 0.5])
def test_powers(eager, exponent):
    """A number as exponent stands in the kernel."""
    x = np.array([0.5, 2.0, 3.0, 0.0, -1.5, np.inf, np.nan] * 3)
    with np.errstate(all="ignore"):
        y, row, tangents = x**exponent, RULES[np.power], [np.ones((2, x.size)), None]
        got, wanted = kernels.fused(row, [x, exponent], tangents, y), pushforward(row, [x, exponent], tangents, y)
        np.testing.assert_allclose(got, wanted, rtol=1e-14)


def test_one_compilation_for_all_sizes(eager, count):
    """A kernel is made once for a kind of operands, also by threads that come at once."""
    row = RULES[np.tanh]

    def work():
        for size in (20, 30):
            x = np.linspace(-2.0, 2.0, size)
            agree(row, [x], gradients(2, x))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(count) == 1


def test_the_account(monkeypatch, count):
    """NumPy computes until a kernel would have saved what it costs."""
    for name in ("_kernels", "_gains"):
        monkeypatch.setattr(kernels, name, {})
    monkeypatch.setattr(kernels, "_account", 0.0)
    row = RULES[np.arctan]
    x = np.linspace(-2.0, 2.0, 2**16)
    y, t = np.arctan(x), np.ones((4, x.size))
    calls = 0
    while kernels.fused(row, [x], [t], y) is None:
        calls += 1
    (kernel,) = kernels._kernels.values()
    assert len(count) == 1
    assert kernel.account >= kernels.EACH
    assert calls * x.size * kernel.once > 0.9 * kernels.EACH  # it waited for it


def test_no_temporaries(eager):
    """Beside the result nothing of its size is made, whatever NumPy would make of it."""
    x = np.linspace(0.5, 2.0, 50_000)
    for function in (np.multiply, np.divide, np.maximum, np.arctan2):
        primals, tangents = [x, x[::-1].copy()], gradients(8, x, x)
        y = function(*primals)
        kernels.fused(RULES[function], primals, tangents, y)
        gc.collect()
        tracemalloc.start()
        result = kernels.fused(RULES[function], primals, tangents, y)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1.1 * result.nbytes


@pytest.mark.skipif(not simd.VECTORISED, reason="nothing is widened here")
def test_the_machine_code(tmp_path, monkeypatch):
    """Loops use vector registers, and call libmvec for several elements at once."""
    monkeypatch.setenv(compiling.CACHE, str(tmp_path))
    program, result = lines_of(RULES[np.tanh])
    kernel = compiling.dispatcher(compiling.text_of(program, result, ("v",), ("v",), True))
    kernel.compile("void(f8[::1], f8[::1], f8[::1], f8[::1], i8, i8, i8, i8, i8, i8, i8, i8, i8)")
    (machine,) = kernel.inspect_asm().values()
    assert re.search(r"[yz]mm", machine)
    assert re.search(r"_ZGV[de]N\d+v_exp", machine)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child(eager):
    """Kernels work in a child that was forked after they ran."""
    x = np.linspace(0.5, 2.0, 100)
    agree(RULES[np.tanh], [x], gradients(3, x))
    child = multiprocessing.get_context("fork").Process(target=_in_child, args=(x,))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def _in_child(x):
    agree(RULES[np.tanh], [x], gradients(3, x))
    agree(RULES[np.arctan], [x], gradients(3, x))  # one that is made there
    sys.exit(0)
