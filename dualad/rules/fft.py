"""Fourier transforms: linear, so every derivative is the transform of the tangent (linear over the reals only where the
answer is real, or real numbers are asked for)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.fft  # NumPy itself reads it when it is first asked for

from .axes import negative, negatives
from .table import Array, function


def along_one(transform: Any) -> Any:
    """The rule of a transform along one axis."""

    def push(y: Array, a: Array, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None, *, da: Array) -> Array:
        return transform(da, n, negative(axis, a.ndim), norm)

    return push


def along_many(transform: Any, default: Any = None) -> Any:
    """The rule of a transform along several axes: without `axes` the last ones, as many as `s` has, or all."""

    def push(y: Array, a: Array, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None, *, da: Array) -> Array:
        if axes is None:
            axes = range(-(a.ndim if s is None else len(s)), 0)
        return transform(da, s, negative(tuple(axes), a.ndim), norm)

    return push


def half_turn(shift: Any) -> Any:
    """The rule of moving the zero frequency to the middle and back."""

    def push(y: Array, x: Array, axes: Any = None, *, dx: Array) -> Array:
        return shift(dx, negatives(axes, x.ndim))

    return push


for each in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft):
    function(each)(along_one(each))
for each in (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn):
    function(each)(along_many(each))
for each in (np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2):
    function(each)(along_many(each, (-2, -1)))
for each in (np.fft.fftshift, np.fft.ifftshift):
    function(each)(half_turn(each))
