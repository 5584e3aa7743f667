"""Linear functions written in others, for tangents whose transposes are to be known: a function of many is as many fewer
transposes. What NumPy itself writes in others of its own runs as it stands there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .axes import negatives
from .table import Array

COMPOSED: dict[Callable[..., Any], Callable[..., Any]] = {
    each: each._implementation  # NumPy keeps a function's body so
    for each in (*(np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, np.unstack),)
}


def composed_as(*functions: Callable[..., Any]) -> Callable[[Any], Any]:
    """Enter the body of functions."""

    def enter(body: Any) -> Any:
        COMPOSED.update(dict.fromkeys(functions, body))
        return body

    return enter


@composed_as(np.mean)
def mean(a: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True) -> Array:
    """The sum over how many there are."""
    count = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    return np.sum(a, axis, dtype, keepdims=keepdims, where=where) / count


@composed_as(np.trace)
def trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Array:
    """The sum of the diagonal."""
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1, dtype)


@composed_as(np.linalg.trace)
def matrix_trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """The same of the last two axes."""
    return trace(x, offset, -2, -1, dtype)


@composed_as(np.broadcast_arrays)
def broadcast_arrays(*args: Array, subok: bool = False) -> tuple[Array, ...]:
    """Each broadcast by itself."""
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple([np.broadcast_to(each, shape) for each in args])


@composed_as(np.linalg.matmul)
def matmul(x1: Array, x2: Array, /) -> Array:
    """As np.matmul."""
    return np.matmul(x1, x2)


@composed_as(np.linalg.tensordot)
def tensordot(x1: Array, x2: Array, /, *, axes: Any = 2) -> Array:
    """As np.tensordot."""
    return np.tensordot(x1, x2, axes)


@composed_as(np.linalg.vecdot)
def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """With the axis at the end."""
    return np.vecdot(np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1))


@composed_as(np.correlate)
def correlate(a: Array, v: Array, mode: str = "valid") -> Array:
    """The convolution with the other line turned."""
    return np.convolve(a, np.conjugate(np.flip(v)), mode)


@composed_as(np.diag)
def diag(v: Array, k: int = 0) -> Array:
    """Reads a diagonal, or writes one into zeros."""
    if v.ndim == 2:
        return np.diagonal(v, k)
    n = v.shape[0] + abs(k)
    matrix = np.zeros_like(v, shape=(n, n))
    places = np.arange(v.shape[0])
    matrix[places + max(-k, 0), places + max(k, 0)] = v
    return matrix


@composed_as(np.tril)
def tril(m: Array, k: int = 0) -> Array:
    """Chosen by a mask."""
    return np.where(np.tri(*m.shape[-2:], k, dtype=bool), m, 0.0)


@composed_as(np.triu)
def triu(m: Array, k: int = 0) -> Array:
    """Chosen by a mask."""
    return np.where(np.tri(*m.shape[-2:], k - 1, dtype=bool), 0.0, m)


# -- Fourier transforms ----------------------------------------------------------------------------------------------------


def _along(a: Array, s: Any, axes: Any) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The lengths and the axes of a transform along several of them."""
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    places = negatives(tuple(axes), a.ndim)
    lengths = (None,) * len(places) if s is None else tuple([None if each == -1 else each for each in s])
    return lengths, places


def along_each(transform: Any, default: Any = None) -> Any:
    """A transform along one axis after the other, the last first."""

    def body(a: Array, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Array:
        for n, axis in reversed(list(zip(*_along(a, s, axes), strict=True))):
            a = transform(a, n, axis, norm)
        return a

    return body


def real_first(default: Any = None) -> Any:
    """A transform of real numbers along the last axis, and then along the others."""

    def body(a: Array, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Array:
        lengths, places = _along(a, s, axes)
        a = np.fft.rfft(a, lengths[-1], places[-1], norm)
        for n, axis in zip(lengths[-2::-1], places[-2::-1], strict=True):
            a = np.fft.fft(a, n, axis, norm)
        return a

    return body


def real_last(default: Any = None) -> Any:
    """The way back: the last axis at the end."""

    def body(a: Array, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Array:
        lengths, places = _along(a, s, axes)
        for n, axis in zip(lengths[:-1], places[:-1], strict=True):
            a = np.fft.ifft(a, n, axis, norm)
        return np.fft.irfft(a, lengths[-1], places[-1], norm)

    return body


SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


@composed_as(np.fft.hfft)
def hfft(a: Array, n: Any = None, axis: int = -1, norm: Any = None) -> Array:
    """The inverse transform of real numbers, scaled the other way."""
    return np.fft.irfft(np.conjugate(a), n, axis, SWAPPED[norm])


@composed_as(np.fft.ihfft)
def ihfft(a: Array, n: Any = None, axis: int = -1, norm: Any = None) -> Array:
    """The transform of real numbers, scaled the other way."""
    return np.conjugate(np.fft.rfft(a, n, axis, SWAPPED[norm]))


@composed_as(np.fft.fftshift)
def fftshift(x: Array, axes: Any = None) -> Array:
    """Half a turn."""
    axes = negatives(axes, x.ndim)
    return np.roll(x, [x.shape[axis] // 2 for axis in axes], axes)


@composed_as(np.fft.ifftshift)
def ifftshift(x: Array, axes: Any = None) -> Array:
    """Half a turn back."""
    axes = negatives(axes, x.ndim)
    return np.roll(x, [-(x.shape[axis] // 2) for axis in axes], axes)


COMPOSED |= {
    np.fft.fftn: along_each(np.fft.fft),
    np.fft.ifftn: along_each(np.fft.ifft),
    np.fft.fft2: along_each(np.fft.fft, (-2, -1)),
    np.fft.ifft2: along_each(np.fft.ifft, (-2, -1)),
    np.fft.rfftn: real_first(),
    np.fft.rfft2: real_first((-2, -1)),
    np.fft.irfftn: real_last(),
    np.fft.irfft2: real_last((-2, -1)),
}
