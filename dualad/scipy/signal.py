"""scipy.signal for arrays with duals among them: filters by their input and their coefficients, products of convolution.

>>> import numpy as np, dualad
>>> def last(a):  # y[n] = x[n] - a y[n-1]
...     return dualad.scipy.signal.lfilter([1.0], [1.0, a], np.array([1.0, 0.0, 0.0]))[-1]
>>> float(dualad.derivative(last)(0.5))
1.0
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.signal

from ..rules.axes import negative
from ..rules.table import Array, total
from .dispatch import body_of, rule_of, standing_in
from .systems import unsupported


def each(f: Callable[[Array], Array], d: Array | None) -> Array | None:
    """A linear function of every direction; None of none."""
    return None if d is None else np.stack([f(direction) for direction in d])


def bilinear(f: Callable[[Array, Array], Array], a: Array, b: Array, da: Array | None, db: Array | None) -> Array | None:
    """The derivative of a product: f(da, b) + f(a, db)."""
    return total(each(lambda d: f(d, b), da), each(lambda d: f(a, d), db))


@rule_of(scipy.signal.convolve)
def convolve(
    y: Array, in1: Array, in2: Array, mode: str = "full", method: str = "auto", *, din1: Any = None, din2: Any = None
) -> Array | None:
    """A product: linear in each."""
    return bilinear(partial(convolve, mode=mode, method=method), in1, in2, din1, din2)


@rule_of(scipy.signal.correlate)
def correlate(
    y: Array, in1: Array, in2: Array, mode: str = "full", method: str = "auto", *, din1: Any = None, din2: Any = None
) -> Array | None:
    """A product, of the second one's conjugate."""
    return bilinear(partial(correlate, mode=mode, method=method), in1, in2, din1, din2)


@rule_of(scipy.signal.fftconvolve)
def fftconvolve(
    y: Array, in1: Array, in2: Array, mode: str = "full", axes: Any = None, *, din1: Any = None, din2: Any = None
) -> Array | None:
    """A product: linear in each."""
    return bilinear(partial(fftconvolve, mode=mode, axes=axes), in1, in2, din1, din2)


@rule_of(scipy.signal.oaconvolve)
def oaconvolve(
    y: Array, in1: Array, in2: Array, mode: str = "full", axes: Any = None, *, din1: Any = None, din2: Any = None
) -> Array | None:
    """A product: linear in each."""
    return bilinear(partial(oaconvolve, mode=mode, axes=axes), in1, in2, din1, din2)


def _planar(original: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of the products of two images."""

    def push(
        y: Array,
        in1: Array,
        in2: Array,
        mode: str = "full",
        boundary: str = "fill",
        fillvalue: float = 0,
        *,
        din1: Any = None,
        din2: Any = None,
    ) -> Array | None:
        """A product, where what lies beyond the border of the first does not vary."""
        beyond = partial(public, mode=mode, boundary=boundary)
        return total(
            each(lambda d: beyond(d, in2, fillvalue=0), din1), each(lambda d: beyond(in1, d, fillvalue=fillvalue), din2)
        )

    public: Callable[..., Any] = rule_of(original)(push)
    return public


convolve2d, correlate2d = _planar(scipy.signal.convolve2d), _planar(scipy.signal.correlate2d)


@rule_of(scipy.signal.lfilter)
def lfilter(
    y: Any,
    b: Array,
    a: Array,
    x: Array,
    axis: int = -1,
    zi: Array | None = None,
    *,
    db: Any = None,
    da: Any = None,
    dx: Any = None,
    dzi: Any = None,
) -> Any:
    """A(z) Y = B(z) X, hence A dY = dB X + B dX - dA Y; the initial state adds to the input."""
    if zi is None:
        along = partial(lfilter, axis=negative(axis, np.ndim(x)))
        by_b = each(lambda d: along(d, a, x), db)
        by_a = each(lambda d: -along(d, a, y), da)
        return total(by_b, by_a, each(lambda d: along(b, a, d), dx))
    if db is not None or da is not None:
        raise unsupported(
            "scipy.signal.lfilter", "by b or a with zi", "filter from rest, or put what the state stands for before x"
        )
    count = len(dx if dzi is None else dzi)
    pairs = [lfilter(b, a, 0.0 * x if dx is None else dx[i], axis, 0.0 * zi if dzi is None else dzi[i]) for i in range(count)]
    return tuple(np.stack(parts) for parts in zip(*pairs, strict=True))


@body_of(scipy.signal.sosfilt)
def sosfilt(sos: Array, x: Array, axis: int = -1, zi: Array | None = None) -> Any:
    """Sections of second order, one after the other."""
    states = []
    for i in range(sos.shape[0]):
        b, a = sos[i, :3], sos[i, 3:]
        if zi is None:
            x = lfilter(b, a, x, axis)
        else:
            x, state = lfilter(b, a, x, axis, zi[i])
            states.append(state)
    return x if zi is None else (x, np.stack(states))


@rule_of(scipy.signal.filtfilt)
def filtfilt(
    y: Array,
    b: Array,
    a: Array,
    x: Array,
    axis: int = -1,
    padtype: str | None = "odd",
    padlen: int | None = None,
    method: str = "pad",
    irlen: int | None = None,
    *,
    dx: Array,
) -> Array | None:
    """Linear in the input."""
    along = partial(filtfilt, b, a, axis=negative(axis, x.ndim), padtype=padtype, padlen=padlen, method=method, irlen=irlen)
    return each(along, dx)


@rule_of(scipy.signal.sosfiltfilt)
def sosfiltfilt(
    y: Array, sos: Array, x: Array, axis: int = -1, padtype: str | None = "odd", padlen: int | None = None, *, dx: Array
) -> Array | None:
    """Linear in the input."""
    return each(partial(sosfiltfilt, sos, axis=negative(axis, x.ndim), padtype=padtype, padlen=padlen), dx)


@rule_of(scipy.signal.savgol_filter)
def savgol_filter(
    y: Array,
    x: Array,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
    *,
    dx: Array,
) -> Array | None:
    """Linear in the input; what `cval` puts beyond the ends does not vary."""
    axis = negative(axis, x.ndim)
    return each(lambda d: savgol_filter(d, window_length, polyorder, deriv, delta, axis, mode), dx)


@rule_of(scipy.signal.detrend)
def detrend(y: Array, data: Array, axis: int = -1, type: str = "linear", bp: Any = 0, *, ddata: Array) -> Array | None:
    """Linear in the data."""
    return each(lambda d: detrend(d, negative(axis, data.ndim), type, bp), ddata)


@rule_of(scipy.signal.hilbert)
def hilbert(y: Array, x: Array, N: int | None = None, axis: int = -1, *, dx: Array) -> Array | None:
    """Linear in the signal."""
    return each(lambda d: hilbert(d, N, negative(axis, x.ndim)), dx)


__getattr__ = standing_in(scipy.signal)
