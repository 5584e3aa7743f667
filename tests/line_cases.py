"""The table of function calls goes on: functions along a line, margins, sets, grids, and the complex plane."""

from __future__ import annotations

import sys
import warnings

import numpy as np
from statistics_cases import CASES, V, Var, X, case, linear

__all__ = ["CASES"]

# -- along a line --------------------------------------------------------------------------------------------------------


def complex_first(of):
    """NumPy gives the answer the dtype of the first argument: complex, for the steps of the others."""
    return lambda a, *args, **kwargs: of(a + 0j, *args, **kwargs)


def correlate_twin(a, b, mode):
    """NumPy's function conjugates the second argument: undone."""
    return np.correlate(a, np.conjugate(b), mode)


for mode in ("full", "same", "valid"):
    for a, b in ((4, 3), (3, 4), (3, 3), (1, 3)):
        case(np.convolve, X(a), X(b), mode)
        case(np.correlate, X(a), X(b), mode=mode, twin=correlate_twin)
case(np.convolve, X(3), X())
case(np.correlate, X(3), [1.0, 2.0], holomorphic=True)
for edge_order in (1, 2):
    linear(np.gradient, X(4), edge_order=edge_order)
    linear(np.gradient, X(3, 4), edge_order=edge_order)
    linear(np.gradient, X(3, 4), 0.5, edge_order=edge_order)
    linear(np.gradient, X(3, 4), 0.5, np.array([0.0, 1.0, 2.5, 3.0]), edge_order=edge_order)
    linear(np.gradient, X(3, 4), 2.0, axis=0, edge_order=edge_order)
    linear(np.gradient, X(3, 4), np.arange(4.0), axis=-1, edge_order=edge_order)
    linear(np.gradient, X(3, 4, 3), axis=(2, 0), edge_order=edge_order)
    case(np.gradient, X(4), X(), edge_order=edge_order, twin=complex_first(np.gradient))
    case(np.gradient, X(3, 4), X(), V(0.0, 1.0, 2.5, 3.0), edge_order=edge_order, twin=complex_first(np.gradient))
linear(np.ediff1d, X(4))
linear(np.ediff1d, X(2, 2), to_end=X(2), to_begin=X(), twin=complex_first(np.ediff1d))
linear(np.ediff1d, X(3), [1.0, 2.0])
WRAPPED = Var(np.array([0.0, 3.0, 7.0, 6.5, 0.5, -4.0]))
linear(np.unwrap, WRAPPED, twin=lambda p: p + (np.unwrap(p.real) - p.real))
linear(
    np.unwrap,
    Var(np.stack([WRAPPED.value, -WRAPPED.value])),
    discont=4.0,
    axis=1,
    twin=lambda p, **o: p + (np.unwrap(p.real, **o) - p.real),
)
linear(
    np.unwrap,
    WRAPPED,
    period=Var(np.float64(5.5)),
    twin=lambda p, period: p + np.rint((np.unwrap(p.real, period=5.5) - p.real) / 5.5) * period,
    leader=True,
)


def cov_twin(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, dtype=None):
    rows = [each if rowvar or each.ndim == 1 else each.T for each in (m, y) if each is not None]
    x = np.concatenate([np.atleast_2d(each) for each in rows])
    ddof = (0 if bias else 1) if ddof is None else ddof
    f = np.ones(x.shape[1]) if fweights is None else fweights
    w = f if aweights is None else f * aweights
    mean = np.sum(x * w, 1, keepdims=True) / np.sum(w)
    scale = np.sum(w) - ddof * (1.0 if aweights is None else np.sum(w * aweights) / np.sum(w))
    return np.squeeze((x - mean) * w @ (x - mean).T / scale)


for options in [
    {},
    {"rowvar": False},
    {"bias": True},
    {"ddof": 0},
    {"fweights": np.array([1, 2, 1, 3])},
    {"dtype": np.float64},
]:
    case(np.cov, X(4, 4), twin=cov_twin, **options)
case(np.cov, X(3, 4), X(2, 4), twin=cov_twin)
case(np.cov, X(4, 3), X(4, 2), rowvar=False, twin=cov_twin)
case(np.cov, X(5), twin=cov_twin)
case(np.cov, X(5), X(5), rowvar=False, twin=lambda x, y, rowvar: cov_twin(x, y))
case(np.cov, X(3, 4), aweights=X(4, low=1.0), leader=True, twin=cov_twin)
case(np.cov, X(3, 4), ddof=2, fweights=np.array([1, 2, 1, 3]), aweights=X(4, low=1.0), leader=True, twin=cov_twin)


def corrcoef_twin(*args, **kwargs):
    c = cov_twin(*args, **kwargs)
    spread = np.sqrt(np.diag(c))
    return c / spread[:, None] / spread


case(np.corrcoef, X(3, 4), twin=corrcoef_twin)
case(np.corrcoef, X(4, 3), X(4, 2), rowvar=False, twin=corrcoef_twin)
case(np.corrcoef, X(5), twin=lambda x: np.ones(()))

# -- margins -------------------------------------------------------------------------------------------------------------


def extreme_pad_twin(a, width, mode, **options):
    """A margin of chosen elements: those that NumPy chooses among positions."""
    places = np.argsort(np.argsort(np.ravel(a.real))).reshape(a.shape)
    return np.sort_complex(np.ravel(a))[np.pad(places, width, mode, **options)]


for widths in (2, (1, 3), ((0, 5), (4, 1))):
    for mode in ("constant", "edge", "linear_ramp", "reflect", "symmetric", "wrap", "mean"):
        linear(np.pad, X(3, 2), widths, mode)
    for mode in ("reflect", "symmetric"):
        linear(np.pad, X(3, 4), widths, mode, reflect_type="odd")
    for mode in ("maximum", "minimum"):
        linear(np.pad, X(3, 3), widths, mode, twin=extreme_pad_twin)
        linear(np.pad, X(3, 3), widths, mode, stat_length=((1, 2), (3, 9)), twin=extreme_pad_twin)
    linear(np.pad, X(3, 4), widths, "mean", stat_length=2)
linear(np.pad, X(4), 2)
linear(np.pad, X(3), (2, 1), "median", twin=lambda a, w, m: np.pad(a, w, "constant", constant_values=np.sort_complex(a)[1]))
linear(np.pad, X(3), (2, 1), "empty", call=lambda a, w, m: np.pad(a, w, m)[2:5])
linear(np.pad, X(2, 3), 1, "constant", constant_values=X(2, 2), leader=True)
linear(np.pad, X(3), (1, 2), constant_values=(X(), 4.0), leader=True)
linear(np.pad, X(2, 3), 2, "linear_ramp", end_values=X(2), leader=True)
linear(np.pad, X(1, 3), 2, "reflect", reflect_type="odd")
linear(
    np.pad, X(2, 3), 1, call=lambda a, w: np.pad(a, w, lambda line, width, axis, options: line.__setitem__(0, 2.0 * line[1]))
)
linear(
    np.pad,
    X(2, 3),
    1,
    call=lambda a, w: np.pad(a, w, lambda line, width, axis, options: line.__setitem__(-1, options["b"]), b=a[0, 0]),
)

# -- sets, taking out and putting in -------------------------------------------------------------------------------------

REPEATS = Var(np.array([2.0, -1.0, 2.0, 3.0, -1.0, 2.0]))
FIRST = np.array([1, 0, 3])
linear(np.unique, REPEATS, twin=lambda x: x[FIRST])
linear(
    np.unique,
    REPEATS,
    True,
    True,
    return_counts=True,
    twin=lambda x, *_, **k: (x[FIRST], *np.unique(x.real, True, True, True)[1:]),
)
linear(np.unique, V(1.0, np.nan, 0.5, np.nan), equal_nan=False, twin=lambda x, **_: x[[2, 0, 1, 3]])
linear(np.unique, Var(np.array([[2.0, 1.0], [0.0, 1.0], [2.0, 1.0]])), axis=0, twin=lambda x, axis: x[[1, 0]])
linear(np.unique, Var(np.array([[2.0, 1.0], [0.0, 1.0], [2.0, 1.0]])), axis=-1, twin=lambda x, axis: x[:, [1, 0]])
if np.lib.NumpyVersion(np.__version__) >= "2.3.0":
    linear(
        np.unique,
        REPEATS,
        sorted=False,
        twin=lambda x, sorted: x[[list(x.real).index(v) for v in np.unique(x.real, sorted=False)]],
    )
linear(np.unique_all, REPEATS, twin=lambda x: (x[FIRST], *np.unique_all(x.real)[1:]))
linear(np.unique_counts, REPEATS, twin=lambda x: (x[FIRST], np.unique_counts(x.real)[1]))
linear(np.unique_inverse, REPEATS, twin=lambda x: (x[FIRST], np.unique_inverse(x.real)[1]))
linear(np.unique_values, REPEATS, twin=lambda x: x[[list(x.real).index(v) for v in np.unique_values(x.real)]])
linear(np.union1d, REPEATS, V(5.0, 2.0), twin=lambda x, y: np.stack([x[1], x[0], x[3], y[0]]))
linear(np.intersect1d, REPEATS, [3.0, -1.0, 7.0], twin=lambda x, _: x[[1, 3]])
linear(np.intersect1d, V(3.0, 1.0), V(1.0, 4.0), True, True, twin=lambda x, y, *_: (x[1:], np.array([1]), np.array([0])))
linear(np.setdiff1d, REPEATS, V(3.0, 4.0), twin=lambda x, y: x[[1, 0]])
linear(np.setdiff1d, V(3.0, 1.0, 2.0), V(3.0, 4.0), assume_unique=True, twin=lambda x, y, assume_unique: x[1:])
linear(np.setxor1d, REPEATS, V(5.0, 2.0, 5.0), twin=lambda x, y: np.stack([x[1], x[3], y[0]]))
linear(np.setxor1d, V(2.0, 1.0), V(1.0, 4.0), True, twin=lambda x, y, _: np.stack([x[0], y[1]]))
linear(np.delete, X(5), 2)
linear(np.delete, X(3, 4), [0, -1], axis=1)
linear(np.delete, X(3, 4), slice(0, 2), 0)
linear(np.delete, X(3), np.array([True, False, False]))
linear(np.insert, X(3), 1, X(), twin=complex_first(np.insert))
linear(np.insert, X(3), [0, 3], X(2), twin=complex_first(np.insert))
linear(np.insert, X(2, 3), 1, X(2), axis=1, twin=complex_first(np.insert))
linear(np.insert, X(2, 3), [1], X(2, 1), axis=1, twin=complex_first(np.insert))
linear(np.insert, X(2, 3), 0, X(2), twin=complex_first(np.insert))
linear(np.insert, X(2, 3), slice(0, 2), 7.0, 0)
EDGES = Var(np.array([0.0, 0.0, 1.5, 0.0, -2.0, 0.0]))
for trim in ("fb", "f", "B"):
    linear(np.trim_zeros, EDGES, trim, twin=lambda x, trim: x[2 * ("f" in trim) : 5 if "b" in trim.lower() else None])
linear(np.trim_zeros, Var(np.outer([0.0, 1.0, 2.0], [3.0, 0.0])), axis=0, twin=lambda x, axis: x[1:])
linear(np.trim_zeros, Var(np.outer([0.0, 1.0, 2.0], [3.0, 0.0])), twin=lambda x: x[1:, :1])
linear(np.trim_zeros, X())
linear(np.trim_zeros, V(0.0, 0.0), twin=lambda x: x[:0])
linear(np.choose, [1, 0, 1], [X(3), X(3)])
linear(np.choose, np.array([[0], [2]]), X(3, 2))
linear(np.broadcast_arrays, X(2, 3), call=lambda x: np.broadcast_arrays(x[0], x[1]))  # their tangents lie between each other
linear(np.choose, [3, -1, 1], (X(3), 2.0), mode="wrap")
linear(np.choose, [3, -1, 1], [X(3), X()], None, "clip")

# -- grids, windows, functions of the user -------------------------------------------------------------------------------

for options in [{}, {"indexing": "ij"}, {"sparse": True}, {"sparse": True, "copy": False}]:
    linear(np.meshgrid, X(3), X(2), **options)
    linear(np.meshgrid, X(2), [1.0, 2.0, 3.0], X(2), **options)
linear(np.meshgrid, X(3), X(3), copy=False, call=lambda x, y, copy: [np.copy(each) for each in np.meshgrid(x, y, copy=copy)])
linear(np.meshgrid, X(3))
linear(np.ix_, X(3), [0, 1], np.array([True, False]))
windows = np.lib.stride_tricks.sliding_window_view
linear(windows, X(5), 3)
linear(windows, X(3, 4), (2, 3))
linear(windows, X(3, 4), 2, axis=0)
linear(windows, X(4, 3), (2, 2), axis=(1, 0), writeable=True)
for options in [{}, {"num": 4, "endpoint": False}, {"num": 3, "base": 2.0}, {"num": 3, "axis": -1}]:
    case(np.logspace, X(3, low=0.0), X(3), **options)
    case(np.geomspace, X(3, low=1.0), X(3, low=1.0), **{name: each for name, each in options.items() if name != "base"})
case(np.logspace, 0.0, Var(np.float64(1.5)), 3, dtype=np.float64)
case(np.logspace, Var(np.float64(1.5)), 2.0, 3, base=X(2, low=1.0))
case(np.geomspace, V(-1.0), V(-8.0), 4)
linear(np.fromfunction, X(3), call=lambda x: np.fromfunction(lambda i, j: x[i] * j, (3, 2), dtype=int, like=x))
linear(np.apply_along_axis, np.cumsum, 0, X(3, 4))
linear(np.apply_along_axis, np.sum, -1, X(2, 3, 4))
case(np.apply_along_axis, np.outer, 1, X(2, 3, 2), X(2), leader=True)
case(np.apply_along_axis, lambda line: line * line[0], 1, X(2, 3))
linear(np.apply_over_axes, np.sum, X(2, 3, 4), (0, -1))
linear(np.apply_over_axes, lambda a, axis: np.sum(a, axis, keepdims=True), X(3, 3), 1)
case(
    np.piecewise,
    V(-1.0, 0.5, 2.0),
    call=lambda x: np.piecewise(x, [x < 0, x > 1], [lambda v, p: v**2, lambda v, p: p * v, 7.0], p=x[0]),
    twin=lambda x: np.stack([x[0] ** 2, 7.0, x[0] * x[2]]),
)
linear(np.piecewise, X(), call=lambda x: np.piecewise(x, x > 0, [lambda v: 3.0 * v]), twin=lambda x: 3.0 * np.asarray(x))
linear(np.piecewise, X(), call=lambda x: np.piecewise(x, [x > 9, x > 8], [1.0, 2.0]), twin=lambda x: np.asarray(0.0 * x))

# -- the complex plane ---------------------------------------------------------------------------------------------------


def modulus(of, x):
    """The squared modulus of a function that turns complex outside its domain, as an analytic function on either side."""
    size = x * np.sign(x.real)
    out = x.real < 0 if of.__name__ in ("sqrt", "log", "log2", "log10") else size.real > 1
    safe = np.where(size.real > 1, size, 1.5)
    if of.__name__ == "sqrt":
        return size
    if of.__name__[:3] == "log":
        unit = {"log": 1.0, "log2": np.log(2.0), "log10": np.log(10.0)}[of.__name__]
        return (np.log(size) ** 2 + np.where(out, np.pi**2, 0.0)) / unit**2
    inside = getattr(np, of.__name__)(np.where(out, 0.0, x)) ** 2
    if of.__name__ == "arctanh":
        return np.where(out, np.arctanh(1.0 / safe) ** 2 + np.pi**2 / 4, inside)
    turn = np.where(x.real > 0, 0.0, np.pi) if of.__name__ == "arccos" else np.pi / 2
    return np.where(out, np.arccosh(safe) ** 2 + turn**2, inside)


emath = np.emath
for of in (emath.sqrt, emath.log, emath.log2, emath.log10):
    case(of, X(3, low=0.5), twin=lambda x, of=of: getattr(np, of.__name__)(x))
    case(of, V(-1.0, 2.0), call=lambda x, of=of: np.abs(of(x)) ** 2, twin=lambda x, of=of: modulus(of, x))
for of in (emath.arccos, emath.arcsin, emath.arctanh):
    case(of, X(3, low=-0.9, high=0.9), twin=lambda x, of=of: getattr(np, of.__name__)(x))
    case(of, V(-3.0, 0.5, 2.0), call=lambda x, of=of: np.abs(of(x)) ** 2, twin=lambda x, of=of: modulus(of, x))
case(emath.logn, X(low=2.0, high=3.0), X(3, low=1.0), twin=lambda n, x: np.log(x) / np.log(n))
case(emath.power, X(3, low=1.0), X(3), twin=np.power)
case(emath.power, V(-2.0, 3.0), 2, twin=np.power)
case(np.real_if_close, X(3), twin=lambda x: x)
linear(np.real_if_close, X(), twin=np.positive)
linear(np.real_if_close, X(3), call=lambda x: np.real_if_close(x + 1e-15j), twin=lambda x: x)
linear(np.real_if_close, X(3), call=lambda x: np.real_if_close(x * 1j, tol=1e3).imag, twin=lambda x: x)
linear(np.sort_complex, X(3, 4), twin=lambda x: np.take_along_axis(x, np.argsort(x.real), -1))

# -- answers that do not vary --------------------------------------------------------------------------------------------

linear(np.einsum_path, "ij,jk", X(2, 3), X(3, 2), call=lambda *args: np.einsum_path(*args)[0])
for asked in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from):
    linear(asked, X(3, 3))
linear(np.loadtxt, X(1), call=lambda x: np.loadtxt(["1 2", "3 4"], like=x))
linear(np.genfromtxt, X(1), call=lambda x: np.genfromtxt(["1 2", "3 4"], like=x))
linear(np.fromstring, X(1), call=lambda x: np.fromstring("1 2", sep=" ", like=x))
linear(np.frombuffer, X(1), call=lambda x: np.frombuffer(bytes(16), like=x))
linear(np.fromiter, X(1), call=lambda x: np.fromiter(range(3), float, like=x))
linear(np.fromfile, X(1), call=lambda x: np.fromfile(sys.executable, np.uint8, 4, like=x))
if hasattr(np, "in1d"):  # deprecated, and gone from NumPy 2.4

    def in1d(*args):
        with warnings.catch_warnings(action="ignore"):
            return GONE(*args)

    GONE = getattr(np, "in1d")  # noqa: B009 - the linter knows that it is gone
    linear(GONE, X(3), X(3), call=in1d)
