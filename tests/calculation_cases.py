"""The table of function calls goes on: functions that calculate. See function_cases, which says how a call is written."""

from __future__ import annotations

import numpy as np
from function_cases import CASES, MASK, MASK34, V, Var, X, case, definite, linear, regular, writing

__all__ = ["CASES"]

# -- reductions ----------------------------------------------------------------------------------------------------------

AXES = [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, -1)}, {"axis": None, "keepdims": True}, {"axis": ()}]
for options in AXES:
    linear(np.sum, X(3, 3, 4), **options)
    linear(np.mean, X(3, 3), **options)
    case(np.prod, X(3, 3), **options)
    for extreme in (np.max, np.amax, np.min, np.amin, np.ptp):
        linear(extreme, X(3, 3), **options)
    linear(np.median, X(3, 3, 4) if options.get("axis") != () else X(3), **(options if options.get("axis") != () else {}))
    linear(np.average, X(3, 3), **(options if options.get("axis") != () else {"returned": True}))
where = {"where": MASK34}
linear(np.sum, X(3, 4), 0, np.float64, None, True, initial=X(), leader=True, **where)
linear(np.sum, X(3, 4), 1, call=lambda x, axis: np.sum(x, axis, None, np.zeros_like(x, shape=3)))
linear(np.sum, X(), axis=None)
linear(np.mean, X(3, 4), -2, where=MASK34 | (np.arange(4) > 1))
linear(np.mean, X(3, 4), 0, None, call=lambda x, *args: np.mean(x, *args, np.zeros_like(x, shape=4)))
case(np.prod, X(3, 4), initial=X(), axis=1, leader=True, **where)
case(np.prod, V(0.0, 2.0, 3.0))
case(np.prod, V(0.0, 0.0, 3.0, 2.0))
case(np.prod, Var(np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [1.0, 4.0, 2.0]])), -1)
for extreme in (np.max, np.amax, np.min, np.amin):
    linear(extreme, X(3, 4), 0, initial=X(), leader=True, **where)
    linear(extreme, X(3, 4), initial=0.0)
    linear(extreme, X(3, 4), 0, call=lambda x, axis, extreme=extreme: extreme(x, axis, np.zeros_like(x, shape=4)))
linear(np.median, X(4), call=lambda x: np.median(x, overwrite_input=True))
linear(np.median, X(3, 4), (1, 0))
for spread in (np.var, np.std):

    def spread_twin(a, axis=None, ddof=0, correction=None, keepdims=False, where=True, mean=None, spread=spread, **_):
        center = np.mean(a, axis, keepdims=True, where=where) if mean is None else mean
        count = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
        square = np.sum((a - center) ** 2, axis=axis, keepdims=keepdims, where=where)
        square = square / (count - (ddof if correction is None else correction))
        return square if spread is np.var else np.sqrt(square)

    for options in AXES[:-1]:
        case(spread, X(3, 4), twin=spread_twin, **options)
    case(spread, X(3, 4), axis=1, ddof=1, dtype=np.float64, twin=spread_twin)
    case(spread, X(3, 4), axis=-2, correction=1.5, twin=spread_twin)
    case(spread, X(3, 4), axis=0, where=np.arange(3)[:, None] != np.arange(4) % 3, twin=spread_twin)
    case(spread, X(3, 4), axis=1, mean=X(3, 1, low=-0.1, high=0.1), twin=spread_twin)
case(np.average, X(3, 3), weights=X(3, 3, low=1), axis=0)
case(np.average, X(3, 3), 1, X(3, low=1), True)
case(np.average, X(2, 3, 4), (2, 0), X(4, 2, low=1), keepdims=True)
case(np.average, [1.0, 2.0, 4.0], weights=X(3, low=1), leader=True)
for options in [{}, {"axis": 0}, {"axis": -1}, {"axis": 1, "dtype": np.float64}]:
    linear(np.cumsum, X(3, 3), **options)
    case(np.cumprod, X(3, 3), **options)
case(np.cumprod, V(2.0, 0.0, 3.0, 0.0, 1.0))
case(np.cumprod, Var(np.array([[0.0, 1.0], [3.0, 0.0]])), 0)
linear(np.cumulative_sum, X(3, 3), axis=-1, include_initial=True)
linear(np.cumulative_sum, X(3))
linear(np.cumulative_sum, X(), include_initial=True)
linear(np.cumulative_prod, X())
case(np.cumulative_prod, X(3, 3), axis=0)
case(np.cumulative_prod, X(3), include_initial=True)
linear(np.trace, X(3, 3))
linear(np.trace, X(3, 4, 4), 1, -1, 1, np.float64, call=lambda x, *args: np.trace(x, *args[:-1]))
linear(np.linalg.trace, X(2, 3, 3), offset=-1)
linear(np.trapezoid, X(3, 3), dx=0.5)
linear(np.trapezoid, X(3, 3), dx=np.array([0.5, 1.0]), axis=-1)
case(np.trapezoid, X(3, 4), X(3), axis=0)
case(np.trapezoid, X(3, 4), X(3, 4), axis=0)
case(np.trapezoid, X(3, 4), X(4))
case(np.trapezoid, [1.0, 3.0, 4.0], X(3))

# -- products ------------------------------------------------------------------------------------------------------------

for a, b in [
    ((3,), (3,)),
    ((3, 3), (3,)),
    ((3,), (3, 3)),
    ((2, 3), (3, 3)),
    ((2, 2, 3), (3, 2)),
    ((3, 2), (2, 2, 3)),
    ((3,), (2, 3, 4)),
]:
    for product in (np.matmul, np.linalg.matmul) if len(a) > 1 < len(b) else (np.matmul,):
        case(product, X(*a), X(*b))
    case(np.dot, X(*a), X(*b))
case(np.matmul, X(2, 3, 3), X(3), dtype=np.float64)
case(np.dot, X(2, 3), X(2, 3, 2))
case(np.dot, X(), X(3))
case(np.dot, X(3, 2), 2.0)
case(np.dot, X(3), X(3, 2), call=lambda a, b: np.dot(a, b, np.zeros_like(a + b[:, 0], shape=2)), twin=np.dot)
for product in (np.vecdot, np.linalg.vecdot):
    case(product, X(3), X(3), twin=lambda a, b: np.sum(a * b, -1))
    case(product, X(2, 3), X(3), twin=lambda a, b: np.sum(a * b, -1))
    case(product, X(3), X(2, 3, 3), twin=lambda a, b: np.sum(a * b, -1))
    case(product, X(3, 2), X(2, 3, 2), axis=-2, twin=lambda a, b, axis: np.sum(a * b, axis))
case(np.matvec, X(3, 3), X(3))
case(np.matvec, X(2, 3), X(4, 3))
case(np.matvec, X(2, 3, 3), X(3))
case(np.vecmat, X(3), X(3, 3), twin=np.matmul)
case(np.vecmat, X(2, 3), X(3, 4), twin=np.matmul)
case(np.vecmat, X(3), X(2, 3, 3), twin=np.matmul)
case(np.vdot, X(2, 2), X(4), twin=lambda a, b: np.sum(np.ravel(a) * b))
case(np.inner, X(3), X(3))
case(np.inner, X(2, 3), X(3, 3))
case(np.inner, X(), X(3))
case(np.outer, X(3), X(2, 2))
case(np.outer, X(3), [1.0, 2.0])
case(np.linalg.outer, X(3), X(2))
for product in (np.tensordot, np.linalg.tensordot):
    case(product, X(3, 3), X(3, 3))
    case(product, X(2, 3), X(3, 2, 3), axes=1)
    case(product, X(2, 3), X(2), axes=0)
    case(product, X(2, 3, 4), X(4, 3, 2), axes=([1, 0], (-2, 2)))
    case(product, X(2, 3), X(2, 3), axes=(-1, 1))
case(np.einsum, "ij,jk->ik", X(3, 3), X(3, 3))
case(np.einsum, "ij, jk", X(2, 3), X(3, 2))
case(np.einsum, "ii", X(3, 3))
case(np.einsum, "ii->i", X(3, 3))
case(np.einsum, "ij->ji", X(2, 3))
case(np.einsum, "...i,...i", X(2, 3), X(3))
case(np.einsum, "i...,i->...", X(3, 3), X(3), optimize=True)
case(np.einsum, "i,j,k->kji", X(2), X(3), X(2), optimize=["einsum_path", (0, 1), (0, 1)])
case(np.einsum, X(2, 3), [0, 1], X(3, 2), [1, 2], [2, 0])
case(np.einsum, X(3, 3), [0, 0])
case(np.kron, X(3), X(2))
case(np.kron, X(2, 3), X(3))
case(np.kron, X(2), X(2, 2, 3))
for options in [{}, {"axisa": 0, "axisb": -1, "axisc": 0}, {"axis": 0}]:
    case(np.cross, X(3, 3), X(3, 3), **options)
case(np.cross, X(3), X(2, 3))
case(np.linalg.cross, X(3, 2), X(3, 2), axis=0)

# -- selecting -----------------------------------------------------------------------------------------------------------


def partition_twin(x, parted, axis):
    """The elements of x in the places where their real parts came to lie."""
    x, axis = (np.ravel(x), 0) if axis is None else (x, axis)
    lines, goals = np.moveaxis(x, axis, -1), np.moveaxis(parted, axis, -1)
    order = np.argmax(lines.real[..., None, :] == goals[..., :, None], axis=-1)
    return np.moveaxis(np.take_along_axis(lines, order, -1), -1, axis)


def interp_twin(x, xp, fp):
    at = np.searchsorted(xp.real, x.real) - 1
    return fp[at] + (x - xp[at]) / (xp[at + 1] - xp[at]) * (fp[at + 1] - fp[at])


def periodic_twin(x, xp, fp):
    xp, fp = (
        np.stack([v[1] + lap, v[0] + lap, v[2] + lap, v[1] + lap + 3 * same]) for v, lap, same in ((xp, 0, 1), (fp, 0, 0))
    )
    return interp_twin(x - 3.0 * np.floor(x.real / 3.0), xp, fp)


linear(np.where, MASK, X(3), X(3))
linear(np.where, MASK34.T, X(3), X(4, 1))
linear(np.where, X(3), call=lambda x: np.where(x > 0, x, 2.0), twin=lambda x: np.where(x.real > 0, x, 2.0))
linear(np.where, MASK, X(3), [X(), 1.0, X()], leader=True)
linear(np.where, X(3, 3))
linear(np.select, [MASK, ~MASK], [X(3), X(3)])
linear(np.select, [MASK, MASK], [X(3), X(3)], default=X(), leader=True)
linear(np.clip, X(3, 3), -1.0, 1.0)
linear(np.clip, X(3, 3), X(3), None)
linear(np.clip, X(3), min=X(), max=X(3, low=4, high=5))
linear(np.clip, X(3), None, 0.5)
linear(np.clip, V(0.5, 2.0, 3.0), V(1.0, 1.0, 4.0), V(2.5, 1.5, 3.5))
for axis in (-1, 0, None):
    linear(np.sort, X(3, 4), axis)
    linear(
        np.partition,
        X(20, 20),
        7,
        axis=axis,
        twin=lambda x, kth, axis: partition_twin(x, np.partition(x.real, kth, axis), axis),
    )
linear(np.sort, X(3, 4), axis=1, kind="mergesort")
linear(np.sort, X(4), stable=True)
linear(np.take, X(3, 3), [0, -1])
linear(np.take, X(3, 3), [[0, 2], [1, 1]], axis=0)
linear(np.take, X(2, 3), 4, 1, mode="wrap")
linear(np.take, X(2, 3), [9], -1, None, "clip")
linear(np.take_along_axis, X(3, 3), np.array([[0, 2], [1, 1], [2, 0]]), 1)
linear(np.take_along_axis, X(3, 3), np.array([[2]]), axis=-2)
linear(np.take_along_axis, X(3, 3), np.array([8, -1]), None)
linear(np.compress, MASK, X(3, 3), 0)
linear(np.compress, [0, 1], X(3, 3), axis=-1)
linear(np.compress, MASK, X(3, 3))
linear(np.extract, MASK34, X(3, 4))
case(np.interp, [0.5, -1.0, 1.7, 9.0], [0.0, 1.0, 2.0], X(3), X(), X(), leader=True)
case(np.interp, X(3, low=0.1, high=2.9), V(0.0, 1.0, 3.0), V(1.0, 3.0, 2.0), twin=interp_twin)
case(np.interp, V(0.5), V(0.0, 1.0, 2.0, 3.0), V(1.0, 3.0, 2.0, 4.0), left=0.0, twin=lambda x, p, f, left: interp_twin(x, p, f))
case(
    np.interp,
    V(-0.5, 3.5, 6.5),
    V(1.0, 0.0, 2.0),
    V(1.0, 3.0, 2.0),
    period=3,
    twin=lambda x, p, f, period: periodic_twin(x, p, f),
)
linear(np.interp, 0.5, [1.0], X(1))

# -- linear algebra ------------------------------------------------------------------------------------------------------

for a, b in [((3, 3), (3,)), ((3, 3), (3, 3)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((2, 3, 3), (3,))]:
    case(np.linalg.solve, regular(*a), X(*b))
for shape in [(1, 1), (3, 3), (2, 3, 3), (2, 0, 0)]:
    case(np.linalg.inv, regular(*shape))
    case(np.linalg.det, regular(*shape))
    case(np.linalg.slogdet, regular(*shape), twin=lambda a: (np.sign(np.linalg.det(a).real), np.log(np.linalg.det(a))))
case(np.linalg.det, Var(np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 2.0])))
case(np.linalg.det, Var(np.zeros((2, 3, 3))))


def cholesky_twin(a, /, *, upper=False):
    """The algorithm of Cholesky and Banachiewicz on one triangle."""
    a = np.swapaxes(a, -1, -2) if upper else a
    n = a.shape[-1]
    L = [[0.0 * a[..., 0, 0]] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = a[..., i, j] - sum(L[i][m] * L[j][m] for m in range(j))
            L[i][j] = np.sqrt(rest) if i == j else rest / L[j][j]
    factor = np.stack([np.stack(row, -1) for row in L], -2)
    return np.swapaxes(factor, -1, -2) if upper else factor


for shape in [(1, 1), (3, 3), (2, 3, 3)]:
    case(np.linalg.cholesky, definite(*shape), twin=cholesky_twin)
    case(np.linalg.cholesky, definite(*shape), upper=True, twin=cholesky_twin)


def length_twin(x, ord=None, axis=None, keepdims=False):
    return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))


def norm_twin(x, ord=None, axis=-1, keepdims=False):
    size = x * np.sign(x.real)
    if ord == 0:
        return np.sum(x.real != 0, axis=axis, keepdims=keepdims) + 0.0
    if np.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    return np.sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def matrix_twin(x, ord=None, axis=(-2, -1), keepdims=False):
    add, over = axis if abs(ord) == 1 else axis[::-1]
    sums = np.sum(x * np.sign(x.real), axis=add, keepdims=True)
    best = (np.max if ord > 0 else np.min)(sums, axis=over, keepdims=True)
    return best if keepdims else np.squeeze(best, axis)


for options in [{}, {"axis": 0}, {"axis": -1, "keepdims": True}, {"axis": (0, 1)}, {"ord": "fro"}, {"ord": 2, "axis": 1}]:
    case(np.linalg.norm, X(3, 3), twin=length_twin, **options)
case(np.linalg.norm, X(3), 2, twin=length_twin)
case(np.linalg.norm, X(2, 3, 3), twin=length_twin)
case(np.linalg.matrix_norm, X(2, 3, 3), twin=lambda x: length_twin(x, axis=(-2, -1)))
case(np.linalg.vector_norm, X(3, 3), twin=length_twin)
for order in (0, 1, 3, 0.5, -1, -2.5, np.inf, -np.inf):
    case(np.linalg.norm, X(3), order, twin=norm_twin)
    case(np.linalg.norm, X(3, 3), ord=order, axis=0, keepdims=True, twin=norm_twin)
    case(np.linalg.vector_norm, X(2, 3, 2), axis=(0, 2), ord=order, keepdims=True, twin=norm_twin)
for order in (1, -1, np.inf, -np.inf):
    case(np.linalg.norm, X(3, 3), order, twin=matrix_twin)
    case(np.linalg.norm, X(2, 3, 3), ord=order, axis=(0, -1), twin=matrix_twin)
    case(np.linalg.matrix_norm, X(2, 3, 3), ord=order, keepdims=True, twin=matrix_twin)

# -- writing -------------------------------------------------------------------------------------------------------------

writing(np.copyto, X(3, 3), X(3))
writing(np.copyto, X(3), 2.0, where=MASK)
writing(np.copyto, X(2, 3), X(2, 1), where=MASK)
writing(np.fill_diagonal, X(3, 3), X())
writing(np.fill_diagonal, X(5, 2), X(2), wrap=True)
writing(np.put, X(3, 3), [0, -1, 4], X(2))
writing(np.put, X(3), [4, -5], X(2), mode="clip")
writing(np.place, X(3, 4), MASK34, X(3))
writing(np.putmask, X(3, 4), MASK34, X(5))
writing(np.put_along_axis, X(3, 3), np.array([[0, 2], [1, 0], [2, 1]]), X(3, 2), -1)
writing(np.put_along_axis, X(3, 3), np.array([[2]]), X(1, 3), axis=0)
writing(np.put_along_axis, X(3, 3), np.array([8, 1]), X(2), None)

# -- answers that do not vary --------------------------------------------------------------------------------------------

for asked in (np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.isposinf, np.isneginf):
    linear(asked, X(3, 3), twin=lambda x, asked=asked: asked(np.real(x)))
for asked in (np.argmax, np.argmin, np.argsort, np.all, np.any, np.count_nonzero):
    linear(asked, X(3, 3))
    linear(asked, X(3, 3), axis=-1)
linear(np.argpartition, X(3), 1)
for asked in (np.argwhere, np.nonzero, np.flatnonzero, np.array_repr, np.array_str, np.array2string, np.min_scalar_type):
    linear(asked, X(3), twin=lambda x, asked=asked: asked(np.real(x)))
for asked in (
    np.allclose,
    np.isclose,
    np.array_equal,
    np.array_equiv,
    np.isin,
    np.lexsort,
    np.result_type,
    np.may_share_memory,
):
    linear(asked, *([(X(3), X(3))] if asked is np.lexsort else [X(3), X(3)]))
linear(np.shares_memory, X(3), X(3))
linear(np.can_cast, X(3), float, call=lambda x, to: np.can_cast(x.dtype, to), twin=lambda x, to: True)
linear(np.common_type, X(3), twin=lambda x: float)
linear(np.searchsorted, np.arange(3.0), X(3))
linear(np.searchsorted, V(-1.0, 0.0, 1.0), 0.5, side="right")
linear(np.digitize, X(3), np.arange(3.0), twin=lambda x, bins: np.digitize(x.real, bins))
