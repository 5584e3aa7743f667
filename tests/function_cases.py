"""The one table of calls of array functions: every row of the rule book that is not elementwise, with its keywords.

This file says how a call is written and has the functions that make, shape and join arrays; calculation_cases has the rest.

A call is written as in a program, with `Var` arrays where a dual may stand. Its reference is the complex step of NumPy's own
function; where that is not analytic or takes no complex numbers, `twin` says the same in analytic functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from dualad import Dual, tangent_of

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
    leader: bool  # NumPy looks for duals in the first Var only
    holomorphic: bool  # also for complex arguments


CASES: list[Case] = []


def case(function, *args, call=None, twin=None, linear=False, leader=False, holomorphic=None, **kwargs):
    """Enter one call."""
    call = call or function
    holomorphic = twin is None if holomorphic is None else holomorphic
    CASES.append(Case(function, args, kwargs, call, twin or call, linear, leader, holomorphic))


def linear(function, *args, **kwargs):
    """Enter one call of a function whose second derivative is zero."""
    case(function, *args, linear=True, **kwargs)


def writing(function, *args, **kwargs):
    """Enter one call of a function that writes into its first argument."""

    def call(target, *rest, **keywords):
        target = np.copy(target)
        function(target, *rest, **keywords)
        return target

    linear(function, *args, call=call, leader=True, **kwargs)


# -- taking a case apart -------------------------------------------------------------------------------------------------


def leaves(tree):
    """The Vars of a nest of arguments, in order."""
    if isinstance(tree, Var):
        return [tree]
    if isinstance(tree, dict):
        tree = tree.values()
    return [leaf for item in tree for leaf in leaves(item)] if isinstance(tree, list | tuple | type({}.values())) else []


def replaced(tree, values):
    """The nest with the next of `values` in place of each Var."""
    if isinstance(tree, Var):
        return next(values)
    if isinstance(tree, dict):
        return {name: replaced(item, values) for name, item in tree.items()}
    return type(tree)(replaced(item, values) for item in tree) if type(tree) in (list, tuple) else tree


def call(case: Case, values, f=None):
    """The case's call with these values of its Vars; if they are complex, so is the dtype that is asked for."""
    items = iter(values)
    args, kwargs = replaced(case.args, items), replaced(case.kwargs, items)
    if any(np.iscomplexobj(value) for value in values):
        args = [np.complex128 if arg is np.float64 or arg is float else arg for arg in args]
        kwargs |= {"dtype": np.complex128} if kwargs.get("dtype") in (float, np.float32, np.float64) else {}
    return (f or case.call)(*args, **kwargs)


def flat(tree):
    """The arrays of an answer."""
    return [leaf for item in tree for leaf in flat(item)] if isinstance(tree, list | tuple) else [tree]


def points(case: Case):
    return [leaf.value for leaf in leaves((case.args, case.kwargs))]


def subsets(case: Case):
    """Which arguments move: each by itself (beside the one that NumPy looks at, if it looks at one only), and all together."""
    n = len(points(case))
    alone = [tuple(i == j or (i == 0 and case.leader) for i in range(n)) for j in range(n)]
    return alone + [(True,) * n] * (n > 1)


def along(case: Case, k, moved, seed=0, dtype=float):
    """k random directions for each argument that moves; None for the others."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(k, *np.shape(x))).astype(dtype) for x in points(case)]
    return [tangent if moves else None for tangent, moves in zip(found, moved, strict=True)]


def lifted(values, tangents, level):
    return [x if t is None else Dual(x, t, level) for x, t in zip(values, tangents, strict=True)]


def tangent_or_zero(out, k):
    """The tangents of an answer, zeros where it does not vary or is none that could."""
    tangent = tangent_of(out)
    return np.zeros((k, *getattr(out, "shape", ()))) if tangent is None else tangent


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
linear(np.full_like, X(2, 3), X(3), leader=True)
linear(np.full_like, X(3), X(3), leader=True)
for blank in (np.zeros, np.ones):
    linear(blank, X(2), call=lambda x, blank=blank: blank(3, like=x))
    linear(blank, X(2), call=lambda x, blank=blank: blank((2, 3), np.int64, like=x))
linear(np.empty, X(2), call=lambda x: np.empty((2, 0), like=x))
linear(np.full, X(3), X(), call=lambda x, fill: np.full((2, 3), fill, like=x), leader=True)
linear(np.full, X(3), X(3), call=lambda x, fill: np.full((3, 3), fill_value=fill, like=x), leader=True)
linear(np.full, X(3), call=lambda x: np.full(2, 7, like=x))
linear(np.eye, X(3), call=lambda x: np.eye(2, 3, 1, like=x))
linear(np.identity, X(3), call=lambda x: np.identity(3, like=x))
linear(np.tri, X(3), call=lambda x: np.tri(3, k=-1, like=x))
linear(np.arange, X(3), call=lambda x: np.arange(4.0, like=x))
linear(
    np.arange,
    V(1.0),
    V(0.5),
    call=lambda a, s: np.arange(a[0], 3.0, s[0], like=a),
    twin=lambda a, s: a + s * np.arange(4),
    leader=True,
)
linear(np.arange, V(3.5), call=lambda a: np.arange(a[0], like=a), twin=lambda a: np.arange(4.0) + 0.0 * a)
linear(
    np.array,
    X(),
    X(),
    call=lambda a, b: np.array([[a, 1.0], [b, a]], like=np.atleast_1d(a)),
    twin=lambda a, b: np.array([[a, 1.0], [b, a]]),
    leader=True,
)
linear(np.array, X(3), call=lambda x: np.array(x, ndmin=2, like=x))
linear(np.array, X(3), call=lambda x: np.array(x, int, like=x), twin=lambda x: np.array(x.real, int))
for made in (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.require):
    linear(made, X(3, 4), call=lambda x, made=made: made(x, like=x))
    linear(made, X(), call=lambda x, made=made: made(x, like=np.atleast_1d(x)))
    linear(made, X(), X(), call=lambda a, b, made=made: made([a, b, 2.0], like=np.atleast_1d(a)), leader=True)
linear(np.copy, X(3, 4))
linear(np.copy, X(3, 4), "F")
linear(np.astype, X(3, 4), float)
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
linear(np.concatenate, [X(2), X(2)], dtype=np.float64, casting="same_kind")
linear(np.concatenate, [X(2), X(2)], call=lambda parts: np.concatenate(parts, 0, np.zeros_like(parts[0], shape=4)), leader=True)
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
