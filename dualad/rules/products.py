"""Products of arrays: linear in each argument, so the derivative is the product with that argument's tangent in its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from .axes import negative
from .table import Array, align, composite, function, total


@function(np.matmul)
def matmul(
    y: Array, x1: Array, x2: Array, /, *, dtype: Any = None, dx1: Array | None = None, dx2: Array | None = None
) -> Array | None:
    """dx1 @ x2 + x1 @ dx2; a vector is a row on the left and a column on the right."""
    row, column = np.ndim(x1) == 1, np.ndim(x2) == 1
    if column and x2.__class__ is np.ndarray and x1.__class__ is np.ndarray and x1.ndim < 3:
        # Directions are rows already: without the axes that are added and dropped below.
        return total(None if dx1 is None else dx1 @ x2, None if dx2 is None else dx2 @ x1.T)
    core = y.ndim + row + column  # the axes of the answer before NumPy drops those it added
    left = right = None
    if dx1 is not None:
        dx1 = align(dx1[:, None] if row else dx1, core)
        left = dx1 @ (np.reshape(x2, (-1, 1)) if column else x2)
    if dx2 is not None:
        dx2 = align(dx2[..., None] if column else dx2, core)
        right = (np.reshape(x1, (1, -1)) if row else x1) @ dx2
    answer: Any = total(left, right)
    return answer.reshape((len(answer), *y.shape)) if row or column else answer


@function(np.linalg.matmul)
def linalg_matmul(y: Array, x1: Array, x2: Array, /, *, dx1: Array | None = None, dx2: Array | None = None) -> Array | None:
    """As `matmul`."""
    return matmul(y, x1, x2, dx1=dx1, dx2=dx2)


@function(np.vecdot, np.linalg.vecdot)
def vecdot(
    y: Array, x1: Array, x2: Array, /, *, axis: int = -1, dx1: Array | None = None, dx2: Array | None = None
) -> Array | None:
    """conj(dx1) . x2 + conj(x1) . dx2 along one axis."""
    if axis != -1:  # counted in each argument by itself, so it must be last before axes are added
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
        dx1, dx2 = (d if d is None else np.moveaxis(d, negative(axis, d.ndim - 1), -1) for d in (dx1, dx2))
    left = None if dx1 is None else np.vecdot(align(dx1, y.ndim + 1), x2)
    right = None if dx2 is None else np.vecdot(x1, align(dx2, y.ndim + 1))
    return total(left, right)


@function(np.matvec)
def matvec(y: Array, x1: Array, x2: Array, /, *, dx1: Array | None = None, dx2: Array | None = None) -> Array | None:
    """dA v + A dv."""
    left = None if dx1 is None else np.matvec(align(dx1, y.ndim + 1), x2)
    right = None if dx2 is None else np.matvec(x1, align(dx2, y.ndim))
    return total(left, right)


@function(np.vecmat)
def vecmat(y: Array, x1: Array, x2: Array, /, *, dx1: Array | None = None, dx2: Array | None = None) -> Array | None:
    """conj(dv) A + conj(v) dA."""
    left = None if dx1 is None else np.vecmat(align(dx1, y.ndim), x2)
    right = None if dx2 is None else np.vecmat(x1, align(dx2, y.ndim + 1))
    return total(left, right)


@function(np.dot)
def dot(y: Array, a: Array, b: Array, out: Any = None, *, da: Array | None = None, db: Array | None = None) -> Array | None:
    """The last axis of a with the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        left = None if da is None else align(da, y.ndim) * b
        return total(left, None if db is None else a * align(db, y.ndim))
    if max(np.ndim(a), np.ndim(b)) == 2:  # of tangents, which have an axis more, np.dot would not ask BLAS
        return matmul(y, a, b, dx1=da, dx2=db)
    left = None if da is None else np.dot(da, b)
    if db is None:
        return left
    if np.ndim(b) == 1:
        return total(left, np.moveaxis(np.dot(a, db.T), -1, 0))
    return total(left, np.moveaxis(np.dot(a, db), np.ndim(a) - 1, 0))


@composite(np.vdot)
def vdot(a: Any, b: Any, /) -> Array:
    """The raveled arguments, the first conjugated."""
    return np.dot(np.conjugate(np.ravel(a)), np.ravel(b))


@composite(np.inner)
def inner(a: Any, b: Any, /) -> Array:
    """Sums over the last axis of both."""
    return np.multiply(a, b) if np.ndim(a) == 0 or np.ndim(b) == 0 else np.tensordot(a, b, (-1, -1))


@composite(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Array:
    """Every product of one element of each."""
    return np.multiply(np.ravel(a)[:, None], np.ravel(b)[None, :])


@composite(np.linalg.outer)
def vector_outer(x1: Any, x2: Any, /) -> Array:
    """Every product of one element of each vector."""
    return outer(x1, x2)


@function(np.tensordot)
def tensordot(y: Array, a: Array, b: Array, axes: Any = 2, *, da: Array | None = None, db: Array | None = None) -> Array | None:
    """Sums over pairs of axes; what is left of a comes first."""
    if isinstance(axes, (int, np.integer)):
        axes = (tuple(range(-int(axes), 0)), tuple(range(int(axes))))
    of_a, of_b = ((each,) if isinstance(each, (int, np.integer)) else tuple(each) for each in axes)
    of_a, of_b = negative(of_a, np.ndim(a)), negative(of_b, np.ndim(b))
    left = None if da is None else np.tensordot(da, b, (of_a, of_b))
    right = None if db is None else np.moveaxis(np.tensordot(a, db, (of_a, of_b)), np.ndim(a) - len(of_a), 0)
    return total(left, right)


@function(np.linalg.tensordot)
def linalg_tensordot(
    y: Array, x1: Array, x2: Array, /, *, axes: Any = 2, dx1: Array | None = None, dx2: Array | None = None
) -> Array | None:
    """As `tensordot`."""
    return tensordot(y, x1, x2, axes, da=dx1, db=dx2)


@function(np.einsum, view=True)
def einsum(
    y: Array,
    *operands: Any,
    optimize: Any = False,
    dtype: Any = None,
    order: Any = "K",
    casting: Any = "safe",
    doperands: list[Array | None],
) -> Array | None:
    """The same sum with one operand replaced by its tangent, whose direction axis gets a letter of its own."""
    if isinstance(operands[0], str):
        subscripts, arrays, tangents = operands[0].replace(" ", ""), operands[1:], doperands[1:]
    else:
        subscripts, arrays, tangents = _as_letters(operands), operands[: len(operands) // 2 * 2 : 2], doperands[::2]
    inputs, arrow, output = subscripts.partition("->")
    if not arrow:  # NumPy's rule: letters that occur once, in alphabetical order, behind the broadcast axes
        letters = inputs.replace("...", "").replace(",", "")
        output = ("..." if "..." in inputs else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    terms = inputs.split(",")
    new = next(c for c in "kKabcdefghijlmnopqrstuvwxyzABCDEFGHIJLMNOPQRSTUVWXYZ" if c not in subscripts)
    parts: list[Array | None] = []
    for place, tangent in enumerate(tangents[: len(terms)]):
        if tangent is None:
            continue
        named = ",".join([*terms[:place], new + terms[place], *terms[place + 1 :]])
        put = [*arrays[:place], tangent, *arrays[place + 1 :]]
        parts.append(np.einsum(f"{named}->{new}{output}", *put, optimize=optimize))
    return total(*parts)


def _as_letters(operands: tuple[Any, ...]) -> str:
    """einsum(a, [0, 1], b, [1, 2], [0, 2]) as "ab,bc->ac"."""

    def word(labels: Any) -> str:
        return "".join(
            "..." if label is Ellipsis else "abcdefghijlmnopqrstuvwxyzABCDEFGHIJLMNOPQRSTUVWXYZ"[label] for label in labels
        )

    inputs = ",".join(word(labels) for labels in operands[1 : len(operands) // 2 * 2 : 2])
    return inputs + ("->" + word(operands[-1]) if len(operands) % 2 else "")


@composite(np.kron)
def kron(a: Any, b: Any) -> Array:
    """Every block of a's elements times b."""
    ndim = max(np.ndim(a), np.ndim(b))
    sa, sb = ((1,) * (ndim - np.ndim(each)) + np.shape(each) for each in (a, b))
    left = np.reshape(a, [length for each in sa for length in (each, 1)])
    right = np.reshape(b, [length for each in sb for length in (1, each)])
    return np.reshape(np.multiply(left, right), [m * n for m, n in zip(sa, sb, strict=True)])


@composite(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Array:
    """a2 b3 - a3 b2 and round; vectors of length two lie in the plane."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    (a1, a2, a3), (b1, b2, b3) = ([v[..., i] if i < v.shape[-1] else 0.0 for i in range(3)] for v in (a, b))
    third = a1 * b2 - a2 * b1
    if a.shape[-1] == b.shape[-1] == 2:
        return third
    return np.moveaxis(np.stack([a2 * b3 - a3 * b2, a3 * b1 - a1 * b3, third], -1), -1, axisc)


@composite(np.linalg.cross)
def vector_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Array:
    """`cross` of vectors of length three along one axis."""
    return cross(x1, x2, axis=axis)
