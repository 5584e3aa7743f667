"""The one table of calls of array functions: every row of the rule book that is not elementwise, with its keywords.

A call is written as in a program, with `Var` arrays where a dual may stand. Its reference is the complex step of NumPy's own
function; where that is not analytic or takes no complex numbers, `twin` says the same in analytic functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

_numbers = count()


class Var:
    """An argument that may be differentiated."""

    def __init__(self, value):
        self.value = value


def X(*shape, low=-2.0, high=2.0):  # noqa: N802 - it stands for an array
    """An array of numbers that differ from each other, another one at each call; a scalar without a shape."""
    return Var(
        np.random.default_rng(next(_numbers)).uniform(low, high, shape) if shape else np.float64(1.25 + 0.1 * next(_numbers))
    )


def V(*values):  # noqa: N802 - as X
    """An array of given numbers."""
    return Var(np.array(values, float))


def regular(*shape):
    """Matrices far from singular."""
    return Var(X(*shape).value + 4.0 * np.eye(shape[-1]))


def definite(*shape):
    """Matrices whose lower triangle, read as a symmetric matrix, is positive definite, and so is the upper one."""
    return Var(0.2 * X(*shape).value + 3.0 * np.eye(shape[-1]))


@dataclass(frozen=True)
class Case:
    """One call of a function; `args` and `kwargs` hold Vars, also inside lists and tuples."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    call: Callable[..., Any]  # the function itself, or a few lines that call it
    twin: Callable[..., Any]  # an analytic function with the same value
    linear: bool  # in all arguments together
    together: bool  # NumPy sees a dual only if all arguments are
    holomorphic: bool  # also for complex arguments


CASES: list[Case] = []


def case(function, *args, call=None, twin=None, linear=False, together=False, holomorphic=None, **kwargs):
    """Enter one call."""
    call = call or function
    holomorphic = twin is None if holomorphic is None else holomorphic
    CASES.append(Case(function, args, kwargs, call, twin or call, linear, together, holomorphic))


def linear(function, *args, **kwargs):
    """Enter one call of a function whose second derivative is zero."""
    case(function, *args, linear=True, **kwargs)


def writing(function, *args, **kwargs):
    """Enter one call of a function that writes into its first argument."""

    def call(target, *rest, **keywords):
        target = np.copy(target)
        function(target, *rest, **keywords)
        return target

    linear(function, *args, call=call, **kwargs)


MASK = np.array([True, False, True])
MASK34 = np.arange(12).reshape(3, 4) % 3 == 0

# -- creating ------------------------------------------------------------------------------------------------------------

for blank in (np.zeros_like, np.ones_like):
    linear(blank, X(3, 4))
    linear(blank, X(3), float, "C", True, (2, 2))
    linear(blank, X(3), dtype=int)
    linear(blank, X(), shape=(2,))
linear(np.empty_like, X(3, 4), call=lambda x: np.shape(np.empty_like(x)))
linear(np.empty_like, X(3), call=lambda x: np.empty_like(x, shape=(2, 0)))
linear(np.full_like, X(3, 4), 2.5)
linear(np.full_like, X(3), 2.5, dtype=int, shape=(2,))
for blank in (np.zeros, np.ones):
    linear(blank, X(2), call=lambda x, blank=blank: blank(3, like=x))
    linear(blank, X(2), call=lambda x, blank=blank: blank((2, 3), np.int64, like=x))
linear(np.empty, X(2), call=lambda x: np.empty((2, 0), like=x))
linear(np.full, X(3), X(), call=lambda x, fill: np.full((2, 3), fill, like=x))
linear(np.full, X(3), X(3), call=lambda x, fill: np.full((3, 3), fill_value=fill, like=x))
linear(np.full, X(3), call=lambda x: np.full(2, 7, like=x))
linear(np.eye, X(3), call=lambda x: np.eye(2, 3, 1, like=x))
linear(np.identity, X(3), call=lambda x: np.identity(3, like=x))
linear(np.tri, X(3), call=lambda x: np.tri(3, k=-1, like=x))
linear(np.arange, X(3), call=lambda x: np.arange(4.0, like=x))
linear(np.arange, V(1.0), V(0.5), call=lambda a, s: np.arange(a[0], 3.0, s[0], like=a), twin=lambda a, s: a + s * np.arange(4))
linear(np.arange, V(3.5), call=lambda a: np.arange(a[0], like=a), twin=lambda a: np.arange(4.0) + 0.0 * a)
linear(
    np.array, X(), X(), call=lambda a, b: np.array([[a, 1.0], [b, a]], like=a), twin=lambda a, b: np.array([[a, 1.0], [b, a]])
)
linear(np.array, X(3), call=lambda x: np.array(x, ndmin=2, like=x))
linear(np.array, X(3), call=lambda x: np.array(x, int, like=x), twin=lambda x: np.array(x.real, int))
for made in (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require):
    linear(made, X(3, 4), call=lambda x, made=made: made(x, like=x))
    linear(made, X(), call=lambda x, made=made: made(x, like=x))
    linear(made, X(), X(), call=lambda a, b, made=made: made([a, b, 2.0], like=a), together=True)
linear(np.copy, X(3, 4))
linear(np.copy, X(3, 4), "F")
linear(np.astype, X(3, 4), np.float32, call=lambda x, t: np.astype(x, t), twin=lambda x, t: np.astype(x, np.complex64))
linear(np.astype, X(3), int, twin=lambda x, t: np.astype(x.real, int))
linear(np.astype, X(3), complex)
linear(np.linspace, X(), X(), 5)
linear(np.linspace, X(3), X(2, 3), num=4, endpoint=False, axis=1)
linear(np.linspace, X(3), 1.0, 3, retstep=True)
linear(np.linspace, 0, X(), 1)
linear(np.linspace, [0.0, 1.0], X(2), 2, axis=-1)

# -- shaping -------------------------------------------------------------------------------------------------------------

linear(np.reshape, X(3, 4), (2, 6))
linear(np.reshape, X(3, 4), (4, -1), "F")
linear(np.reshape, X(3, 4), -1, order="A")
linear(np.reshape, X(3, 4), (12,), copy=True)
linear(np.ravel, X(3, 4))
for order in "CFAK":
    linear(np.ravel, X(3, 4), order=order)
    linear(np.ravel, X(2, 3, 4), call=lambda x, order=order: np.ravel(np.transpose(x, (1, 2, 0)), order))
    linear(np.ravel, X(3, 4), call=lambda x, order=order: np.ravel(x[:, ::-2].T, order))
linear(np.transpose, X(3, 3))
linear(np.transpose, X(2, 3, 4), (1, -1, 0))
linear(np.transpose, X(2, 3), axes=[1, 0])
linear(np.matrix_transpose, X(2, 3, 3))
linear(np.linalg.matrix_transpose, X(3, 2, 3))
linear(np.swapaxes, X(2, 3, 2), 0, -1)
linear(np.moveaxis, X(2, 3, 4), 0, -1)
linear(np.moveaxis, X(2, 3, 3), (0, -1), (1, 0))
for axis, start in [(0, 2), (2, 0), (-1, 1), (1, 3), (0, -1)]:
    linear(np.rollaxis, X(2, 3, 3), axis, start)
linear(np.squeeze, X(1, 3, 1))
linear(np.squeeze, X(1, 3, 1), axis=-1)
linear(np.squeeze, X(1, 1))
linear(np.expand_dims, X(3, 2), 0)
linear(np.expand_dims, X(3), axis=(0, -1))
for least in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    linear(least, X(3))
    linear(least, X())
    linear(least, X(2), X(2, 2), 1.0)
linear(np.broadcast_to, X(3), (3, 3))
linear(np.broadcast_to, X(3, 1), shape=(2, 3, 3))
linear(np.broadcast_to, X(), (2, 2))
linear(np.broadcast_arrays, X(3), X(3, 1), 1.0)
for axis in (None, 0, -1, (0, 1)):
    linear(np.flip, X(3, 3), axis=axis)
linear(np.fliplr, X(3, 3))
linear(np.flipud, X(3, 3))
linear(np.rot90, X(3, 3))
linear(np.rot90, X(2, 3, 4), 3, axes=(1, -1))
linear(np.roll, X(3, 3), 1)
linear(np.roll, X(3, 3), 2, axis=0)
linear(np.roll, X(3, 3), (1, -1), (0, -1))
linear(np.repeat, X(3), 2)
linear(np.repeat, X(3, 3), [1, 0, 2], axis=0)
linear(np.repeat, X(2, 3), 2, axis=-1)
linear(np.tile, X(3), 2)
linear(np.tile, X(2, 2), (2, 1, 3))
linear(np.tile, X(), 3)
linear(np.resize, X(3), (3, 3))
linear(np.resize, X(2, 3), 4)
linear(np.resize, X(0), 2)

# -- joining and cutting -------------------------------------------------------------------------------------------------

linear(np.concatenate, [X(3), X(2), [1.0]])
linear(np.concatenate, (X(3, 3), X(2, 3)), axis=-2)
linear(np.concatenate, (X(3, 3), X(2)), None)
linear(np.concatenate, X(3, 2, 2), 1)
linear(np.concatenate, [X(2), X(2)], dtype=np.float32, casting="same_kind")
linear(
    np.concatenate, [X(2), X(2)], call=lambda parts: np.concatenate(parts, 0, np.zeros_like(parts[0], shape=4)), together=True
)
for joined in (np.stack, np.vstack, np.hstack, np.dstack, np.column_stack):
    linear(joined, [X(3), X(3), [1.0, 2.0, 3.0]])
    linear(joined, (X(3, 3), np.ones((3, 3)), X(3, 3)))
    linear(joined, X(3, 2, 2))
linear(np.stack, [X(3), X(3)], -1)
linear(np.stack, [X(2, 3), X(2, 3)], axis=1, dtype=np.float64)
linear(np.stack, [X(), X(), 1.0])
linear(np.hstack, [X(), X(2)])
linear(np.append, X(3), X(3))
linear(np.append, X(2, 3), X(3), axis=None)
linear(np.append, X(2, 3), X(1, 3), 0)
linear(np.block, [[X(2, 2), X(2, 1)], [1.0, 2.0, X()]])
linear(np.block, [X(3), X(3), 1.0])
for cut in (np.split, np.array_split):
    linear(cut, X(4), 2)
    linear(cut, X(3, 3), [1, 2], axis=-1)
linear(np.array_split, X(4, 3), 3)
linear(np.hsplit, X(4), 2)
linear(np.hsplit, X(2, 4), [1])
linear(np.vsplit, X(4, 2), 2)
linear(np.dsplit, X(2, 2, 4), 2)
linear(np.unstack, X(3, 3))
linear(np.unstack, X(2, 3), axis=-1)

# -- diagonals, complex parts, differences -------------------------------------------------------------------------------

linear(np.diagonal, X(3, 3))
linear(np.diagonal, X(3, 3, 4), 1, 2, -2)
linear(np.linalg.diagonal, X(2, 3, 3), offset=-1)
linear(np.diag, X(3))
linear(np.diag, X(3), -1)
linear(np.diag, X(3, 4), k=1)
linear(np.diagflat, X(2, 2), 1)
for triangle in (np.tril, np.triu):
    linear(triangle, X(3, 3))
    linear(triangle, X(3), 1)
    linear(triangle, X(2, 3, 3), k=-1)
linear(np.real, X(3), twin=lambda x: x)
linear(np.imag, X(3), twin=lambda x: 0.0 * x.real)
linear(np.angle, X(3), twin=lambda x: np.angle(x.real))
linear(np.diff, X(4))
linear(np.diff, X(3, 3), 2, 0)
linear(np.diff, X(3, 3), n=1, axis=-1, prepend=X(), append=X(3, 2))
linear(np.diff, [1.0, 4.0], prepend=X())
linear(np.diff, X(3), 0)
for rounded in (np.round, np.around):
    linear(rounded, X(3), 1, twin=lambda x, n: np.round(x.real, n))
linear(np.fix, X(3), twin=lambda x: np.fix(x.real))

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
linear(np.sum, X(3, 4), 0, np.float64, None, True, initial=X(), **where)
linear(np.sum, X(3, 4), 1, call=lambda x, axis: np.sum(x, axis, None, np.zeros_like(x, shape=3)))
linear(np.sum, X(), axis=None)
linear(np.mean, X(3, 4), -2, where=MASK34 | (np.arange(4) > 1))
linear(np.mean, X(3, 4), 0, None, call=lambda x, *args: np.mean(x, *args, np.zeros_like(x, shape=4)))
case(np.prod, X(3, 4), initial=X(), axis=1, **where)
case(np.prod, V(0.0, 2.0, 3.0))
case(np.prod, V(0.0, 0.0, 3.0, 2.0))
case(np.prod, Var(np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [1.0, 4.0, 2.0]])), -1)
for extreme in (np.max, np.amax, np.min, np.amin):
    linear(extreme, X(3, 4), 0, initial=X(), **where)
    linear(extreme, X(3, 4), initial=0.0)
    linear(extreme, X(3, 4), 0, call=lambda x, axis, extreme=extreme: extreme(x, axis, np.zeros_like(x, shape=4)))
linear(np.median, X(4), call=lambda x: np.median(x, overwrite_input=True))
linear(np.median, X(3, 4), (1, 0))
for spread in (np.var, np.std):

    def spread_twin(a, axis=None, ddof=0, correction=None, keepdims=False, where=True, mean=None, spread=spread, **_):  # noqa: PLR0917
        center = np.mean(a, axis, keepdims=True, where=where) if mean is None else mean
        count = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
        square = np.sum((a - center) ** 2, axis=axis, keepdims=keepdims, where=where)
        square = square / (count - (ddof if correction is None else correction))
        return square if spread is np.var else np.sqrt(square)

    for options in AXES[:-1]:
        case(spread, X(3, 4), twin=spread_twin, **options)
    case(spread, X(3, 4), axis=1, ddof=1, dtype=np.float64, twin=spread_twin)
    case(spread, X(3, 4), axis=-2, correction=1.5, twin=spread_twin)
    case(spread, X(3, 4), axis=0, where=MASK34 | (np.arange(4) > 1), twin=spread_twin)
    case(spread, X(3, 4), axis=1, mean=X(3, 1, low=-0.1, high=0.1), twin=spread_twin)
case(np.average, X(3, 3), weights=X(3, 3, low=1), axis=0)
case(np.average, X(3, 3), 1, X(3, low=1), True)
case(np.average, X(2, 3, 4), (2, 0), X(4, 2, low=1), keepdims=True)
case(np.average, [1.0, 2.0, 4.0], weights=X(3, low=1), together=True)
for options in [{}, {"axis": 0}, {"axis": -1}, {"axis": 1, "dtype": np.float64}]:
    linear(np.cumsum, X(3, 3), **options)
    case(np.cumprod, X(3, 3), **options)
case(np.cumprod, V(2.0, 0.0, 3.0, 0.0, 1.0))
case(np.cumprod, Var(np.array([[0.0, 1.0], [3.0, 0.0]])), 0)
linear(np.cumulative_sum, X(3, 3), axis=-1, include_initial=True)
linear(np.cumulative_sum, X(3))
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

linear(np.where, MASK, X(3), X(3))
linear(np.where, MASK34.T, X(3), X(4, 1))
linear(np.where, X(3), call=lambda x: np.where(x > 0, x, 2.0), twin=lambda x: np.where(x.real > 0, x, 2.0))
linear(np.where, MASK, X(3), [X(), 1.0, X()], together=True)
linear(np.where, X(3, 3))
linear(np.select, [MASK, ~MASK], [X(3), X(3)])
linear(np.select, [MASK, MASK], [X(3), X(3)], default=X())
linear(np.clip, X(3, 3), -1.0, 1.0)
linear(np.clip, X(3, 3), X(3), None)
linear(np.clip, X(3), min=X(), max=X(3, low=4, high=5))
linear(np.clip, X(3), None, 0.5)
linear(np.clip, V(0.5, 2.0, 3.0), V(1.0, 1.0, 4.0), V(2.5, 1.5, 3.5))
for axis in (-1, 0, None):
    linear(np.sort, X(3, 4), axis)
    linear(np.partition, X(3, 8), 2, axis=axis)
linear(np.sort, X(3, 4), axis=1, kind="mergesort")
linear(np.sort, V(1.0, 3.0, 1.0, 2.0), stable=True)
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
case(np.interp, [0.5, -1.0, 1.7, 9.0], [0.0, 1.0, 2.0], X(3), X(), X())
case(np.interp, X(3, low=0.1, high=2.9), V(0.0, 1.0, 3.0), V(1.0, 3.0, 2.0), twin=lambda x, p, f: interp_twin(x, p, f))
case(np.interp, V(0.5), V(0.0, 1.0, 2.0, 3.0), V(1.0, 3.0, 2.0, 4.0), left=0.0, twin=lambda x, p, f, left: interp_twin(x, p, f))
case(
    np.interp,
    V(-0.5, 3.5, 7.0),
    V(1.0, 0.0, 2.0),
    V(1.0, 3.0, 2.0),
    period=3,
    twin=lambda x, p, f, period: periodic_twin(x, p, f),
)
linear(np.interp, 0.5, [1.0], X(1))


def interp_twin(x, xp, fp):
    at = np.searchsorted(xp.real, x.real) - 1
    return fp[at] + (x - xp[at]) / (xp[at + 1] - xp[at]) * (fp[at + 1] - fp[at])


def periodic_twin(x, xp, fp):
    xp, fp = (
        np.stack([v[1] + lap, v[0] + lap, v[2] + lap, v[1] + lap + 3 * same]) for v, lap, same in ((xp, 0, 1), (fp, 0, 0))
    )
    return interp_twin(x - 3.0 * np.floor(x.real / 3.0), xp, fp)


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
