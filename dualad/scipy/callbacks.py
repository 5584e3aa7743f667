"""What solvers that call the user's function share: they see plain numbers; derivatives are taken where they have ended."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..custom import no_tangents
from ..dual import Dual, dual
from ..levels import GROUND, Level
from ..lift import Lifted, leaves
from ..objects import holds_lifted
from ..rules.table import Array, innermost
from ..structural import plain
from .dispatch import arrayed, bare, is_opaque
from .ways import Opaque, Recorded, recording, writes_down


def is_lifted(value: Any) -> bool:
    """Whether anything in a value is lifted, by more than the ground level."""
    return any(each.level is not GROUND if isinstance(each, Lifted) else holds_lifted(each) for each in leaves((value,)))


def varies(value: Any) -> bool:
    """Whether anything in a value is not constant."""
    return any(structure_of(arrayed([each]) if holds_lifted(each) else each) is not None for each in leaves((value,)))


class Plain:
    """A function for compiled code, of plain numbers; it remembers whether anything lifted came out.

    Until then tangents are carried, so that what loses one raises as it does elsewhere; from then on they are not.
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = self.__wrapped__ = f  # SciPy asks for the parameters' names
        self.lifted = False

    def __call__(self, *args: Any) -> Any:
        if self.lifted:
            with no_tangents():
                return bare(self.f(*args))
        y = self.f(*args)
        if writes_down(y):
            raise Recorded(recording(y).level)
        self.lifted = is_lifted(y)
        return bare(y)


def plain_or_none(f: Any) -> Any:
    """The same of an optional function; what is no function stays."""
    return Plain(f) if callable(f) else f


class Structure(NamedTuple):
    """How a dual is made up: its level, how many directions it has, and how its primal and its tangents are made up."""

    level: Level
    size: int
    primal: Structure | None
    tangent: Structure | None


def structure_of(value: Any) -> Structure | None:
    """How a value is made up; None of one that does not vary."""
    if not isinstance(value, Dual):
        return None
    primal, tangent = structure_of(value.primal), plain(value.tangent)  # a solver knows no zeros of the second look
    return primal if tangent is None else Structure(value.level, len(tangent), primal, structure_of(tangent))


def merged(one: Structure | None, other: Structure | None) -> Structure | None:
    """What holds values of either structure."""
    if one is None or other is None:
        return one or other
    if one.level < other.level:
        one, other = other, one
    if one.level == other.level:
        return Structure(one.level, one.size, merged(one.primal, other.primal), merged(one.tangent, other.tangent))
    return one._replace(primal=merged(one.primal, other))


def depth_of(structure: Structure | None) -> int:
    """How many tangents of tangents there are."""
    return 0 if structure is None else max(depth_of(structure.primal), depth_of(structure.tangent)) + 1


def count_of(structure: Structure | None) -> int:
    """How many plain arrays make up a value."""
    return 1 if structure is None else count_of(structure.primal) + structure.size * count_of(structure.tangent)


def expanded(value: Any, structure: Structure | None) -> Any:
    """The plain arrays that make up a value, in one with an axis more in front; the first is its innermost primal."""
    if structure is None:
        return np.asarray(innermost(value), dtype=np.result_type(innermost(value), np.float64))[None]
    own = isinstance(value, Dual) and value.level is structure.level
    if own and is_opaque(value.primal, value.tangent):
        raise Opaque(value.level)  # the innermost level first: its matrix may vary with outer ones
    primal = expanded(value.primal if own else value, structure.primal)
    if not own or value.tangent is None:
        return np.concatenate([primal, np.zeros((count_of(structure) - len(primal), *primal.shape[1:]), primal.dtype)])
    return np.concatenate([primal, *(expanded(direction, structure.tangent) for direction in plain(value.tangent))])


def rebuilt(array: Any, structure: Structure | None) -> Any:
    """A dual from what `expanded` gives."""
    if structure is None:
        return array[0]
    first, each = count_of(structure.primal), count_of(structure.tangent)
    tangents = [rebuilt(array[first + i * each : first + (i + 1) * each], structure.tangent) for i in range(structure.size)]
    return dual(rebuilt(array[:first], structure.primal), np.stack(tangents), structure.level)


def jacobian(f: Callable[[Any], Array], x: Any) -> Any:
    """The derivative of f by every element of x, f's axes first: lifted where f is."""
    size, shape = np.size(x), np.shape(x)
    with Level.fresh("a solver of dualad.scipy") as level:
        y = arrayed(f(dual(x, np.reshape(np.eye(size), (size, *shape)), level)))
        tangent = y.tangent if isinstance(y, Dual) and y.level is level else None
        above = np.shape(y)
    return np.zeros((*above, size)) if tangent is None else np.moveaxis(np.reshape(tangent, (size, *above)), 0, -1)


def polished(residual: Callable[[Any], Array], x: Any) -> Any:
    """A rough solution made better by Newton's steps on plain numbers, as long as they become shorter."""

    before = np.inf
    for _ in range(8):
        step = _step(residual, x)
        size = np.max(np.abs(step), initial=0.0)
        if not size < 0.5 * before:
            break
        x, before = x - step, size
    return x


def _step(residual: Callable[[Any], Array], x: Any) -> Any:
    """Newton's, of plain numbers."""
    return np.reshape(solved(innermost(jacobian(residual, x)), innermost(arrayed(residual(x)))), np.shape(x))


def settles(residual: Callable[[Any], Array], x: Any) -> bool:
    """Whether Newton's next step is none, or leads to where the residual is much smaller. At a kink it leads across."""
    step = _step(residual, x)
    if np.all(np.abs(step) <= NONE * (1.0 + np.abs(x))):
        return True
    here, there = (np.linalg.norm(np.ravel(innermost(arrayed(residual(each))))) for each in (x, x - step))
    return bool(there <= 0.5 * here)


NONE = 1e-6
"""A step that is no longer, relative to the size of a solution, is rounding."""

FAR = 1e-2
"""So far, relative to its size, a solution may be from where Newton's step leads; else it is none, and has no derivative."""


def implicit(residual: Callable[[Any], Array], x: Any, elementwise: bool = False) -> Any:
    """A solution of residual(x) = 0 with its tangents, by as many of Newton's steps with a constant matrix as there are levels.

    The residual that the solver left is kept, so that the solution's value is the solver's own.
    """
    x = np.asarray(x, float)[()]
    left = arrayed(residual(x))
    depth = depth_of(structure_of(left))
    slope = innermost(jacobian(residual, x))
    if np.ndim(x) == 0:
        slope = np.reshape(slope, np.shape(left))
    elif elementwise:
        slope = np.diagonal(np.reshape(slope, (x.size, x.size)))

    def step(rest: Array) -> Any:
        return rest / slope if np.ndim(x) == 0 or elementwise else np.reshape(solved(slope, rest), np.shape(x))

    with np.errstate(divide="ignore", invalid="ignore"):
        if np.any(np.abs(step(innermost(left))) > FAR * (1.0 + np.abs(x))):
            return unknown(x, left)
    y = x
    for _ in range(depth):
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = arrayed(residual(y)) - innermost(left)
            y = y - step(rest)
    return y if np.all(np.isfinite(innermost(y))) else unknown(x, y)


def numbered(value: Any) -> Any:
    """A value whose tangents have numbers, which a solver's answer can have in their place; of others a matrix is asked for."""
    one = value
    while isinstance(one, Dual):
        if is_opaque(one.primal, one.tangent):
            raise Opaque(one.level)
        one = one.primal
    return value


def unknown(x: Any, *values: Any) -> Any:
    """x with tangents of which nothing is known, wherever one of the values has any."""
    for value in values:
        numbered(value)
    structure = functools.reduce(merged, map(structure_of, values))
    parts = np.full((count_of(structure), *np.shape(x)), np.nan)
    parts[0] = x
    return rebuilt(parts, structure)


def solved(matrix: Any, right: Array) -> Array:
    """A linear system's solution; nan where the matrix is singular, as nothing is known of how the solution moves."""
    size = np.size(right)
    try:
        return np.linalg.solve(np.reshape(matrix, (size, size)), np.ravel(right))
    except np.linalg.LinAlgError:
        return np.ravel(right) * np.nan
