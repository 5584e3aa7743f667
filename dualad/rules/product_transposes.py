"""Transposes of products, solutions, convolutions and Fourier transforms. See `transposes`."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import numpy.fft  # NumPy itself reads it when it is first asked for

from .axes import negative, negatives
from .table import Array
from .transposes import TRANSPOSES, Unknown, each_of, multiply, transpose_of

__all__ = ["TRANSPOSES"]

# -- products ------------------------------------------------------------------------------------------------------------


def _turned(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def _repeats(a: Array, axis: int) -> bool:
    """Whether the elements along an axis are one in memory; of a recorded array its line says so, whatever the values."""
    known = a.__class__ is np.ndarray or getattr(a, "recorded", False)
    return known and a.ndim > 1 and a.shape[axis] > 1 and a.strides[axis] == 0


def times(a: Array, b: Array) -> Array:
    """a @ b. What a sum hands back is one number over and over: where all rows of a are one, or all columns of b, the product
    has one as well."""
    if _repeats(a, -2):
        one = times(a[..., :1, :], b)
        return np.broadcast_to(one, (*one.shape[:-2], a.shape[-2], one.shape[-1]))
    if _repeats(b, -1):
        one = times(a, b[..., :1])
        return np.broadcast_to(one, (*one.shape[:-1], b.shape[-1]))
    return a @ b


@transpose_of(np.matmul)
def matmul(ct: Array, a: Any, b: Any) -> list[Array]:
    """The product with the other factor transposed."""
    if isinstance(a, Unknown):
        if b.ndim == 1:
            return [ct[..., None] * b]
        if a.ndim == 1:
            return [(b @ ct[..., None])[..., 0]]
        return [_batched(_turned(b), _turned(ct), a, True) if b.ndim > 2 else times(ct, _turned(b))]
    if a.ndim == 1:
        return [(a if b.ndim == 1 else a[:, None]) * (ct if b.ndim == 1 else ct[..., None, :])]
    if b.ndim == 1:
        return [(_turned(a) @ ct[..., None])[..., 0]]
    return [_batched(a, ct, b, False)]


def _batched(left: Array, right: Array, unknown: Unknown, turned: bool) -> Array:
    """left' right, of which the unknown matrix has the shape, or of which its transpose is `turned`; where one matrix serves
    a whole batch, the sum over the batch is part of the product."""
    if prod(unknown.shape[:-2]) != 1 or prod(np.broadcast_shapes(left.shape[:-2], right.shape[:-2])) == 1:
        return times(_turned(right), left) if turned else times(_turned(left), right)
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
    right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
    product = _turned(np.reshape(left, (-1, left.shape[-1]))) @ np.reshape(right, (-1, right.shape[-1]))
    return np.reshape(_turned(product) if turned else product, unknown.shape)


@transpose_of(np.vecdot)
def vecdot(ct: Array, a: Any, b: Any) -> list[Array]:
    """conj(a) . b."""
    ct = ct[..., None]
    return each_of((a, b), (lambda: np.conjugate(ct * b), lambda: ct * np.conjugate(a)))


@transpose_of(np.matvec)
def matvec(ct: Array, a: Any, b: Any) -> list[Array]:
    """An outer product; the product with the transpose."""
    return each_of((a, b), (lambda: ct[..., :, None] * b[..., None, :], lambda: (_turned(a) @ ct[..., None])[..., 0]))


@transpose_of(np.vecmat)
def vecmat(ct: Array, a: Any, b: Any) -> list[Array]:
    """conj(a) b."""
    return each_of(
        (a, b), (lambda: np.conjugate((b @ ct[..., None])[..., 0]), lambda: np.conjugate(a)[..., :, None] * ct[..., None, :])
    )


@transpose_of(np.tensordot)
def tensordot(ct: Array, a: Any, b: Any, axes: Any = 2) -> list[Array]:
    """Sums over what the other factor had left."""
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(-int(axes), 0)), tuple(range(int(axes))))
    of_a, of_b = ([axis % of.ndim for axis in negatives(each, of.ndim)] for each, of in zip(axes, (a, b), strict=True))
    free_a, free_b = ([axis for axis in range(of.ndim) if axis not in used] for of, used in ((a, of_a), (b, of_b)))
    if isinstance(a, Unknown):  # what is left over of b comes off ct's last axes; its summed ones are then a's
        found = np.tensordot(ct, b, (range(len(free_a), ct.ndim), free_b))
        order = [*free_a, *(of_a[place] for place in np.argsort(of_b))]
    else:
        found = np.tensordot(a, ct, (free_a, range(len(free_a))))
        order = [*(of_b[place] for place in np.argsort(of_a)), *free_b]
    return [np.transpose(found, np.argsort(order))]


@transpose_of(np.dot)
def dot(ct: Array, a: Any, b: Any) -> list[Array]:
    """As `tensordot`; of numbers, a product."""
    if not all(getattr(each, "ndim", 0) for each in (a, b)):
        return multiply(ct, a, b)
    return tensordot(ct, a, b, (-1, -2 if b.ndim > 1 else -1))


@transpose_of(np.einsum)
def einsum(ct: Array, subscripts: str, *operands: Any, optimize: Any = False) -> list[Array]:
    """The same sum with the cotangent in the place of the unknown operand; what occurs twice in it lies on a diagonal."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    free = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    names = [next(name for name in free if name not in subscripts) for _ in range(max(each.ndim for each in (*operands, ct)))]
    terms = [_spelled(term, each.ndim, names) for term, each in zip(terms, operands, strict=True)]
    output = _spelled(output, ct.ndim, names)
    answers = []
    for place, operand in enumerate(operands):
        if not isinstance(operand, Unknown):
            continue
        wanted = ""
        others = [(output, ct), *((terms[i], each) for i, each in enumerate(operands) if i != place)]
        for letter, length in zip(terms[place], operand.shape, strict=True):
            if letter in wanted:
                twin = next(name for name in free if name not in subscripts and name not in names)
                others.append((letter + twin, np.eye(length)))
                letter = twin
            elif not any(letter in term for term, _ in others):
                others.append((letter, np.ones(length)))
            wanted += letter
        text = ",".join(term for term, _ in others)
        answers.append(np.einsum(f"{text}->{wanted}", *(each for _, each in others), optimize=optimize))
    return answers


def _spelled(term: str, ndim: int, names: list[str]) -> str:
    """A term with letters in place of its ellipsis, which are counted from the end."""
    if "..." not in term:
        return term
    hidden = ndim - len(term.replace("...", ""))
    return term.replace("...", "".join(names[:hidden][::-1]))


@transpose_of(np.linalg.solve)
def solve(ct: Array, a: Any, b: Any) -> list[Array]:
    """A solution with the transpose."""
    return [np.linalg.solve(_turned(a), ct)]


@transpose_of(np.convolve)
def convolve(ct: Array, a: Any, v: Any, mode: str = "full") -> list[Array]:
    """A correlation with the other line."""
    return each_of((a, v), (lambda: _deconvolved(ct, v, prod(a.shape), mode), lambda: _deconvolved(ct, a, prod(v.shape), mode)))


def _deconvolved(ct: Array, v: Array, n: int, mode: str) -> Array:
    """The transpose of the convolution with v, of n elements: as `mode` has it, in the middle of the whole one."""
    v = np.ravel(v)  # a number is one sample
    m = v.shape[0]
    missing = n + m - 1 - ct.shape[0]
    before = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]
    whole = np.concatenate([np.zeros(before), ct, np.zeros(missing - before)])
    return np.correlate(whole, np.conjugate(v), "valid")


# -- Fourier transforms: symmetric but for what is cut off, or put there ----------------------------------------------------


def _resized(a: Array, n: int, axis: int) -> Array:
    """An array cut off, or filled up with zeros, along an axis."""
    axis %= a.ndim
    length = a.shape[axis]
    if length >= n:
        return a if length == n else a[(*(slice(None),) * axis, slice(0, n))]
    return np.concatenate([a, np.zeros((*a.shape[:axis], n - length, *a.shape[axis + 1 :]))], axis)


for _transform in (np.fft.fft, np.fft.ifft):

    @transpose_of(_transform)
    def fourier(ct: Array, a: Any, n: Any = None, axis: int = -1, norm: Any = None, transform: Any = _transform) -> list[Array]:
        """The same transform, filled up and cut off the other way round."""
        return [_resized(transform(ct, None, axis, norm), a.shape[axis], axis)]


@transpose_of(np.fft.rfft)
def rfft(ct: Array, a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> list[Array]:
    """The real part of the transform of what is filled up with zeros."""
    n = a.shape[axis] if n is None else n
    return [_resized(np.real(np.fft.fft(_resized(ct, n, axis), n, axis, norm)), a.shape[axis], axis)]


@transpose_of(np.fft.irfft)
def irfft(ct: Array, a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> list[Array]:
    """All frequencies but the first, and that of half the samples, count twice."""
    n = ct.shape[axis]
    half = n // 2 + 1
    twice = np.ones(half)
    twice[1 : (n + 1) // 2] = 2.0
    found = _resized(np.fft.ifft(ct, n, axis, norm), half, axis) * np.reshape(
        twice, (-1,) + (1,) * (-negative(axis, a.ndim) - 1)
    )
    return [_resized(found, a.shape[axis], axis)]
