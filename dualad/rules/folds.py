"""The methods of ufuncs: reduce, accumulate, reduceat, outer and at, for every binary ufunc that has a row.

``reduce`` of the common ones has a formula, the column `fold`: the partial of the result by each element. Everything else is
what NumPy documents: the binary ufunc applied step by step, and differentiates by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import inf
from typing import Any

import numpy as np

from ..errors import no_rule
from .axes import flat, negative, negatives
from .chain import pushforward
from .table import RULES, Array, Composite, Constant, Elementwise, Function, Rule, find


def others(x: Array, axes: tuple[int, ...]) -> Array:
    """For each element the product of all others along the axes: exact where elements are zero, at every order."""
    if x.size == 0:
        return x
    kept = [axis for axis in range(-x.ndim, 0) if axis not in axes]
    order = [axis % x.ndim for axis in (*kept, *sorted(axes))]
    moved = np.transpose(x, order)
    line = moved.reshape((*moved.shape[: len(kept)], -1))
    ones = np.ones((*line.shape[:-1], 1))
    before = np.concatenate([ones, np.cumprod(line[..., :-1], -1)], -1)
    after = np.flip(np.concatenate([ones, np.cumprod(np.flip(line[..., 1:], -1), -1)], -1), -1)
    return np.transpose((before * after).reshape(moved.shape), np.argsort(order))


FOLDS: dict[Any, Callable[..., Array]] = {
    np.add: lambda x, y, axes: 1.0,
    np.multiply: lambda x, y, axes: others(x, axes),
}


REDUCED: dict[Any, Callable[..., Array]] = {np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
"""NumPy's own names of what some ufuncs reduce to, which lazy arrays know as well."""


def reduction(ufunc: np.ufunc, default: Any = None) -> Callable[..., Array]:
    """The push of ``ufunc.reduce`` over `axis`, by default all axes: that of np.sum and np.prod."""
    row = RULES[ufunc]
    assert isinstance(row, Elementwise)
    fold = row.fold or FOLDS[ufunc]
    neutral = ufunc.identity if ufunc.identity is not None else -inf if ufunc in (np.maximum, np.fmax) else inf

    def push(
        y: Array,
        a: Array,
        axis: Any = default,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
        *,
        da: Array | None = None,
        dinitial: Array | None = None,
    ) -> Array:
        """dy = sum of fold * da, then the row itself for what `initial` does to it."""
        if dtype is not None:
            a, da = np.astype(a, dtype), None if da is None else np.astype(da, dtype)
        a = a if where is True else np.where(where, a, neutral)
        axes = negatives(axis, a.ndim)
        if ufunc is np.add and dinitial is None:
            fewer = (
                np.add.reduce if da.__class__ is np.ndarray else np.sum
            )  # what np.sum does, without asking whose array it is
            return fewer(da if where is True else np.where(where, da, 0.0), axis=axes, keepdims=keepdims)
        result = None
        reduced = REDUCED.get(ufunc, ufunc.reduce)(a, axis=axes, keepdims=True)
        if da is not None:
            weights = fold(a, reduced, axes)
            terms = np.where(weights == 0, 0.0, weights * da) if row.select else weights * da
            result = np.sum(terms if where is True else np.where(where, terms, 0.0), axis=axes, keepdims=keepdims)
        if initial is None:
            return result
        inner = reduced if keepdims else np.squeeze(reduced, axes)
        return pushforward(row, (inner, initial), (result, dinitial), y)

    return push


# -- step by step --------------------------------------------------------------------------------------------------------


def steps(ufunc: np.ufunc, slices: Array) -> list[Array]:
    """Every partial result of ``ufunc`` along the first axis."""
    results = [slices[0]]
    for index in range(1, len(slices)):
        results.append(ufunc(results[-1], slices[index]))
    return results


def reduce_by_steps(ufunc: np.ufunc) -> Callable[..., Array]:
    """The body of ``ufunc.reduce``, from the first element to the last."""

    def body(
        array: Array,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Array:
        """Along one axis at most: NumPy refuses more where their order would matter."""
        axes = negatives(axis, array.ndim)
        mask = np.broadcast_to(where, array.shape)
        slices, mask = (np.moveaxis(each, axes, 0) if axes else each[None] for each in (array, mask))
        result = slices[0] if initial is None else initial
        for index in range(initial is None, len(slices)):
            step = ufunc(result, slices[index])
            result = step if where is True else np.where(mask[index], step, result)
        return np.expand_dims(result, axes) if keepdims else result

    return body


def accumulate(ufunc: np.ufunc) -> Callable[..., Array]:
    """The body of ``ufunc.accumulate``: all partial results."""

    def body(array: Array, axis: int = 0, dtype: Any = None, out: Any = None) -> Array:
        return np.stack(steps(ufunc, np.moveaxis(array, axis, 0)), axis) if array.shape[axis] else array.copy()

    return body


def reduceat(ufunc: np.ufunc) -> Callable[..., Array]:
    """The body of ``ufunc.reduceat``: from each index to the next; a single element where that is not above it."""

    def body(array: Array, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Array:
        slices = np.moveaxis(array, axis, 0)
        ends = [*indices[1:], len(slices)]
        spans = [slices[i:j] if i < j else slices[i : i + 1] for i, j in zip(indices, ends, strict=True)]
        return np.stack([ufunc.reduce(span, axis=0) if len(span) > 1 else span[0] for span in spans], axis)

    return body


def outer(ufunc: np.ufunc) -> Callable[..., Array]:
    """The body of ``ufunc.outer``: all pairs."""

    def body(a: Array, b: Array, **keywords: Any) -> Array:
        return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **keywords)

    return body


def at(ufunc: np.ufunc) -> Callable[..., None]:
    """The body of ``ufunc.at``: in place, at indices that may repeat."""

    def body(a: Array, indices: Any, *operands: Any) -> None:
        """In rounds: in each, every index that is named again comes once, so that NumPy's order of repeats is kept."""
        places = np.arange(a.size).reshape(a.shape)[indices]
        # Copies, as NumPy has them: operands may be views of what is written into.
        values = [np.copy(np.ravel(np.broadcast_to(operand, places.shape))) for operand in operands]
        places = places.ravel()
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        first = np.searchsorted(ordered, ordered)
        turn = np.empty_like(order)
        turn[order] = np.arange(len(order)) - first
        for number in range(int(turn.max(initial=-1)) + 1):
            now = turn == number
            where = np.unravel_index(places[now], a.shape)
            a[where] = ufunc(a[where], *(value[now] for value in values))

    return body


def cumulate_sum(y: Array, array: Array, axis: int = 0, dtype: Any = None, *, darray: Array) -> Array:
    """Sums along the axis of the tangents too."""
    return np.cumsum(darray, negative(axis, array.ndim))


def cumulative_product(y: Array, a: Array, axis: Any = None, dtype: Any = None, *, da: Array) -> Array:
    """The product rule over windows that double: (p, dp) of the elements before and (q, dq) of those behind make
    (p q, dp q + p dq). Nothing is divided, so zeros and tiny elements do no harm at any order of derivative."""
    if dtype is not None:
        a, da = np.astype(a, dtype), np.astype(da, dtype)
    if axis is None:
        a, da, axis = np.ravel(a), flat(da), -1
    axis = negative(axis, a.ndim)
    a, da, y = np.moveaxis(a, axis, -1), np.moveaxis(da, axis, -1), np.moveaxis(y, axis, -1)
    p, dp, reach = a, da, 1
    while reach < a.shape[-1]:
        q, dq = p[..., reach:], dp[..., reach:]
        dp = np.concatenate([dp[..., :reach], dp[..., :-reach] * q + p[..., :-reach] * dq], -1)
        p = np.concatenate([p[..., :reach], p[..., :-reach] * q], -1)
        reach *= 2
    return np.moveaxis(dp if np.all(np.isfinite(dp)) else product_by_steps(y, a, da), -1, axis)


def product_by_steps(y: Array, a: Array, da: Array) -> Array:
    """dy_j = dy_(j-1) a_j + y_(j-1) da_j: slower, but only what NumPy computes itself can overflow."""
    rows = [da[..., 0]]
    for j in range(1, a.shape[-1]):
        rows.append(rows[-1] * a[..., j] + y[..., j - 1] * da[..., j])
    return np.stack(rows, -1)


@cache
def method_rule(ufunc: np.ufunc, method: str) -> Rule:
    """The rule of ``ufunc.method``, made from the ufunc's row."""
    bound = getattr(ufunc, method)
    row = find(ufunc)
    if isinstance(row, Constant):
        return Constant(bound)
    if not isinstance(row, Elementwise):
        raise no_rule(bound)  # nothing is cached: a row may be entered later
    if method == "reduce":
        if row.fold is not None or ufunc in FOLDS:
            return Function(bound, reduction(ufunc, default=0))
        return Composite(bound, reduce_by_steps(ufunc))
    if ufunc is np.add and method == "accumulate":
        return Function(bound, cumulate_sum)
    bodies = {"accumulate": accumulate, "reduceat": reduceat, "outer": outer, "at": at}
    return Composite(bound, bodies[method](ufunc), effect=method == "at")
