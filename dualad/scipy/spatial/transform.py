"""scipy.spatial.transform.Rotation for duals: quaternions that carry tangents.

>>> import numpy as np, dualad
>>> from dualad.scipy.spatial.transform import Rotation
>>> dualad.jacfwd(lambda angle: Rotation.from_euler("z", angle).apply([1.0, 0.0, 0.0]))(0.0)
array([0., 1., 0.])
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial.transform

from ...errors import NoRule, caller
from ...rules.table import Array, innermost
from ..dispatch import METHODS, arrayed, body_of, class_of, is_open, leader, method_of, standing, standing_in
from ..linalg import polar

ROTATION = scipy.spatial.transform.Rotation
AXES = "xyz"


# -- quaternions (x, y, z, w) --------------------------------------------------------------------------------------------------


def product(p: Array, q: Array) -> Array:
    """Hamilton's product."""
    u, v, a, b = p[..., :3], q[..., :3], p[..., 3:], q[..., 3:]
    return np.concatenate([a * v + b * u + np.cross(u, v), a * b - np.sum(u * v, axis=-1, keepdims=True)], axis=-1)


def half_sine(square: Array) -> Array:
    """sin(r/2)/r of r^2, which is smooth at 0."""
    near = innermost(square) < 1e-3
    s, r = np.where(near, square, 0.0), np.sqrt(np.where(near, 1.0, square))
    return np.where(near, 0.5 - s * (1 / 48 - s * (1 / 3840 - s * (1 / 645120 - s / 185794560))), np.sin(0.5 * r) / r)


def half_cosine(square: Array) -> Array:
    """cos(r/2) of r^2."""
    near = innermost(square) < 1e-3
    s, r = np.where(near, square, 0.0), np.sqrt(np.where(near, 1.0, square))
    return np.where(near, 1.0 - s * (1 / 8 - s * (1 / 384 - s * (1 / 46080 - s / 10321920))), np.cos(0.5 * r))


def of_vector(v: Array) -> Array:
    """The quaternion of a rotation vector."""
    square = np.sum(v * v, axis=-1, keepdims=True)
    return np.concatenate([v * half_sine(square), half_cosine(square)], axis=-1)


def vector_of(q: Array) -> Array:
    """The rotation vector, of an angle up to pi."""
    q = np.where(innermost(q)[..., 3:] < 0, -q, q)
    v, w = q[..., :3], q[..., 3:]
    square = np.sum(v * v, axis=-1, keepdims=True)
    near = innermost(square) < 1e-3
    t = np.where(near, square, 0.0) / np.where(near, w * w, 1.0)
    n = np.sqrt(np.where(near, 1.0, square))
    series = 2.0 / np.where(near, w, 1.0) * (1.0 - t * (1 / 3 - t * (1 / 5 - t * (1 / 7 - t * (1 / 9 - t / 11)))))
    return v * np.where(near, series, 2.0 * np.arctan2(n, w) / n)


def matrix_of(q: Array) -> Array:
    """The matrix of a quaternion of length one."""
    x, y, z, w = (q[..., i] for i in range(4))
    rows = [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)],
        [2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)],
        [2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def of_matrix(m: Array) -> Array:
    """By the largest of the quaternion's parts, whose fourfold product with it stands in the matrix."""
    parts = []
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        row = [m[..., i, n] + m[..., n, i] if n != i else 1.0 - trace + 2.0 * m[..., i, i] for n in range(3)]
        parts.append(np.stack([*row, m[..., k, j] - m[..., j, k]], axis=-1))
    ends = [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1], 1.0 + trace]
    parts.append(np.stack(ends, axis=-1))
    plain = innermost(m)
    choice = np.argmax(np.stack([*(plain[..., i, i] for i in range(3)), innermost(trace)], axis=-1), axis=-1)[..., None]
    q: Any = parts[3]
    for i in range(3):
        q = np.where(choice == i, parts[i], q)
    return unit(q)


def unit(q: Array) -> Array:
    """At length one."""
    return q / np.linalg.norm(q, axis=-1, keepdims=True)


def of_angles(seq: str, angles: Array) -> Array:
    """One turn after the other: about axes that stay, or that turn too if they are written large."""
    angles = angles if np.ndim(angles) else np.reshape(angles, 1)
    turns = []
    for i, axis in enumerate(seq.lower()):
        half = 0.5 * np.reshape(angles[..., i], (*np.shape(angles)[:-1], 1))
        turns.append(np.sin(half) * np.eye(4)[AXES.index(axis)] + np.cos(half) * np.eye(4)[3])
    q: Any = turns[0]
    for turn in turns[1:]:
        q = product(turn, q) if seq.islower() else product(q, turn)
    return q


def angles_of(q: Array, seq: str) -> Array:
    """Half sums and half differences of the first and third angle (Bernardes and Viollet 2022)."""
    outside = seq.islower()
    i, j, k = (AXES.index(each) for each in (seq.lower() if outside else seq.lower()[::-1]))
    same = i == k
    k = 3 - i - j if same else k
    sign = (i - j) * (j - k) * (k - i) // 2
    a, b, c, d = q[..., 3], q[..., i], q[..., j], q[..., k] * sign
    if not same:
        a, b, c, d = a - c, b + d, c + a, d - b
    total, rest = np.arctan2(b, a), np.arctan2(d, c)
    middle = 2.0 * np.arctan2(np.hypot(c, d), np.hypot(a, b))
    first, third = total - rest, total + rest
    if not same:
        third, middle = third * sign, middle - 0.5 * np.pi
    parts = (first, middle, third) if outside else (third, middle, first)
    return np.remainder(np.stack(parts, axis=-1) + np.pi, 2.0 * np.pi) - np.pi


# -- SciPy's value beside them -------------------------------------------------------------------------------------------------


def _made(name: str, *args: Any, **kwargs: Any) -> Any:
    """The quaternion that SciPy makes."""
    return getattr(ROTATION, name)(*args, **kwargs).as_quat()


def _asked(name: str, q: Any, *args: Any, **kwargs: Any) -> Any:
    """What SciPy makes of a quaternion."""
    return getattr(ROTATION.from_quat(q), name)(*args, **kwargs)


def _paired(x: Any, value: Callable[..., Any], formula: Callable[..., Any], quaternion: bool) -> Any:
    """SciPy's value."""
    return value(x)


@body_of(_paired)
def paired(x: Array, value: Callable[..., Any], formula: Callable[..., Any], quaternion: bool) -> Array:
    """A formula beside SciPy's value; a quaternion of SciPy's sign."""
    y = formula(x)
    if not quaternion:
        return y
    same = np.sum(innermost(y) * value(innermost(x)), axis=-1, keepdims=True)
    return np.where(same < 0, -y, y)


def built(q: Array) -> Any:
    """A rotation of SciPy's class with a quaternion that varies."""
    new = standing(ROTATION.from_quat(innermost(q)))
    new._quat = q if np.ndim(q) > 1 else q[None]
    return new


def quaternion(self: Any) -> Array:
    """A rotation's quaternion, or quaternions."""
    return self._quat[0] if self._single else self._quat


def made(name: str, x: Any, formula: Callable[..., Array], *before: Any, **after: Any) -> Any:
    """A rotation from something that may vary."""
    return built(paired(arrayed(x), lambda x: _made(name, *before, x, **after), formula, True))


def from_quat(quat: Any, *, scalar_first: bool = False) -> Any:
    """At length one, the real part last."""
    quat = arrayed(quat)
    return made("from_quat", np.roll(quat, -1, axis=-1) if scalar_first else quat, unit)


def from_matrix(matrix: Any, *, assume_valid: bool = False) -> Any:
    """Of the nearest rotation."""
    return made(
        "from_matrix", matrix, of_matrix if assume_valid else lambda m: of_matrix(nearest(m)), assume_valid=assume_valid
    )


def nearest(m: Array) -> Array:
    """The orthogonal factor of every matrix."""
    flat = np.reshape(m, (-1, 3, 3))
    return np.reshape(np.stack([polar(each)[0] for each in flat]), np.shape(m))


def from_rotvec(rotvec: Any, degrees: bool = False) -> Any:
    """By the half angle."""
    size = np.pi / 180.0 if degrees else 1.0
    return made("from_rotvec", rotvec, lambda v: of_vector(size * v), degrees=degrees)


def from_euler(seq: str, angles: Any, degrees: bool = False) -> Any:
    """By one turn after the other."""
    size = np.pi / 180.0 if degrees else 1.0
    return made("from_euler", angles, lambda x: of_angles(seq, size * x), seq, degrees=degrees)


def _enter(name: str, ours: Callable[..., Any]) -> None:
    original = getattr(ROTATION, name)

    def public(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **kwargs) if leader((*args, *kwargs.values())) is None else ours(*args, **kwargs)

    public.__wrapped__ = original  # type: ignore[attr-defined]  # as functools.wraps does
    METHODS[ROTATION, name] = staticmethod(public)


def refuse(what: str) -> Callable[..., Any]:
    """A method without a rule."""

    def method(*args: Any, **kwargs: Any) -> Any:
        raise NoRule(f"scipy.spatial.transform.Rotation.{what}, called at {caller()}, has no derivative rule")

    return method


def _asking(name: str, formula: Callable[..., Array]) -> None:
    def method(self: Any, *args: Any, **kwargs: Any) -> Array:
        value, ours = (lambda q: _asked(name, q, *args, **kwargs)), (lambda q: formula(q, *args, **kwargs))
        return paired(quaternion(self), value, ours, False)

    method_of(ROTATION, name)(method)


def as_quat(q: Array, canonical: bool = False, *, scalar_first: bool = False) -> Array:
    """As it is, or with a positive real part."""
    q = np.where(innermost(q)[..., 3:] < 0, -q, q) if canonical else q
    return np.roll(q, 1, axis=-1) if scalar_first else q


def in_units(x: Array, degrees: bool) -> Array:
    """An angle."""
    return x * (180.0 / np.pi) if degrees else x


if is_open(ROTATION):  # up to SciPy 1.16 the class is compiled, and takes no other methods
    for _name, _ours in (
        ("from_quat", from_quat), ("from_matrix", from_matrix), ("from_rotvec", from_rotvec), ("from_euler", from_euler)
    ):  # fmt: skip
        _enter(_name, _ours)
    for _name in ("from_mrp", "from_davenport", "concatenate"):
        _enter(_name, refuse(_name))
    _asking("as_quat", as_quat)
    _asking("as_matrix", matrix_of)
    _asking("as_rotvec", lambda q, degrees=False: in_units(vector_of(q), degrees))
    _asking("as_euler", lambda q, seq, degrees=False, **_: in_units(angles_of(q, seq), degrees))
    _asking("magnitude", lambda q: 2.0 * np.arctan2(np.linalg.norm(q[..., :3], axis=-1), np.abs(q[..., 3])))

    @method_of(ROTATION, "apply")
    def apply(self: Any, vectors: Any, inverse: bool = False) -> Array:
        """The matrix times vectors."""
        matrix, vectors = matrix_of(quaternion(self)), arrayed(vectors)
        matrix = np.swapaxes(matrix, -1, -2) if inverse else matrix
        return np.sum(matrix * vectors[..., None, :], axis=-1)

    @method_of(ROTATION, "inv")
    def inverse(self: Any) -> Any:
        """The conjugate."""
        return built(quaternion(self) * np.array([-1.0, -1.0, -1.0, 1.0]))

    @method_of(ROTATION, "__mul__")
    def times(self: Any, other: Any) -> Any:
        """The other one first."""
        return built(product(quaternion(self), quaternion(other)))

    @method_of(ROTATION, "__getitem__")
    def item(self: Any, indexer: Any) -> Any:
        """Some of several."""
        return built(self._quat[indexer])

    for _name in ("__pow__", "mean", "as_mrp", "as_davenport", "reduce", "__setitem__", "approx_equal"):
        method_of(ROTATION, _name)(refuse(_name))

_others = standing_in(scipy.spatial.transform)


@functools.cache
def rotation_class() -> Any:
    """SciPy's class, whose methods take duals, as do those of what it makes of plain numbers."""
    kind = class_of(ROTATION)
    for name in ("from_quat", "from_matrix", "from_rotvec", "from_euler", "identity", "random"):

        def public(*args: Any, make: Any = getattr(kind, name), **kwargs: Any) -> Any:
            new = make(*args, **kwargs)
            return new if isinstance(new, kind) else standing(new)

        setattr(kind, name, staticmethod(public))
    return kind


def __getattr__(name: str) -> Any:
    return rotation_class() if name == "Rotation" and is_open(ROTATION) else _others(name)
