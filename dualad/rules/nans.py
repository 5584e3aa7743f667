"""Functions that pass over nan: what is left out is left out of the tangents too, whatever stands there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import Array, composite, constant


def numbers(a: Array, where: Any = True) -> Array:
    """Where there are numbers that count."""
    return ~np.isnan(a) & where


def given(initial: Any) -> dict[str, Any]:
    """The keyword `initial`, if there is one: most folds tell None from nothing."""
    return {} if initial is None else {"initial": initial}


def over_numbers(fold: Callable[..., Array]) -> Callable[..., Array]:
    """The body of nansum and nanprod: the sum, or product, of what is a number."""

    def body(
        a: Array,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Array:
        return fold(a, axis, keepdims=keepdims, where=numbers(a, where), **given(initial))

    return body


composite(np.nansum)(over_numbers(np.sum))
composite(np.nanprod)(over_numbers(np.prod))


@composite(np.nanmax)
def nanmax(
    a: Array, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    """The fold of fmax: ties share, and a slice of nothing but nan is nan."""
    return np.fmax.reduce(a, axis, keepdims=keepdims, where=where, **given(initial))


@composite(np.nanmin)
def nanmin(
    a: Array, axis: Any = None, out: Any = None, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Array:
    """The fold of fmin."""
    return np.fmin.reduce(a, axis, keepdims=keepdims, where=where, **given(initial))


@composite(np.nanmean)
def nanmean(
    a: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
) -> Array:
    """The sum of the numbers over how many they are."""
    good = numbers(a, where)
    return np.sum(a, axis, keepdims=keepdims, where=good) / np.sum(good, axis, keepdims=keepdims)


def deviations(a: Array, axis: Any, ddof: float, keepdims: bool, where: Any, mean: Any, correction: Any) -> tuple[Array, Array]:
    """The numbers less their mean, 0 elsewhere, and the degrees of freedom, nan where there are none."""
    good = numbers(a, where)
    center = nanmean(a, axis, keepdims=True, where=where) if mean is None else mean
    freedom = np.sum(good, axis, keepdims=keepdims) - (ddof if correction is None else correction)
    return np.where(good, a - center, 0.0), np.where(freedom > 0, freedom, np.nan)


@composite(np.nanvar)
def nanvar(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    """The sum of squared deviations over the degrees of freedom."""
    apart, freedom = deviations(a, axis, ddof, keepdims, where, mean, correction)
    return np.sum(np.real(np.conjugate(apart) * apart), axis, keepdims=keepdims) / freedom


@composite(np.nanstd)
def nanstd(
    a: Array,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Array:
    """The length of the deviations over the root of the degrees of freedom; a length has its own rule for the cone's tip."""
    apart, freedom = deviations(a, axis, ddof, keepdims, where, mean, correction)
    return np.linalg.vector_norm(apart, axis=axis, keepdims=keepdims) / np.sqrt(freedom)


@composite(np.nancumsum)
def nancumsum(a: Array, axis: Any = None, dtype: Any = None, out: Any = None) -> Array:
    """The running sum with nan counted as 0."""
    return np.cumsum(np.where(np.isnan(a), 0.0, a), axis)


@composite(np.nancumprod)
def nancumprod(a: Array, axis: Any = None, dtype: Any = None, out: Any = None) -> Array:
    """The running product with nan counted as 1."""
    return np.cumprod(np.where(np.isnan(a), 1.0, a), axis)


@composite(np.nan_to_num, whole=True)
def nan_to_num(x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    """Numbers written over what is none, in the array itself if asked to."""
    x = np.array(x, copy=copy, like=x)
    largest = np.finfo(x.dtype).max
    for part in (x.real, x.imag) if np.iscomplexobj(x) else (x,):
        replacements = (
            (np.isnan(part), nan),
            (np.isposinf(part), largest if posinf is None else posinf),
            (np.isneginf(part), -largest if neginf is None else neginf),
        )
        for where, number in replacements:
            np.copyto(part, number, where=where)
    return x[()] if x.ndim == 0 else x


constant(np.nanargmax, np.nanargmin)
