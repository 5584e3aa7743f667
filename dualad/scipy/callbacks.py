"""What solvers that call the user's function share: they see plain numbers; derivatives are taken where they have ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..custom import no_tangents
from ..dual import Dual, dual
from ..lift import Level, Lifted, leaves
from ..objects import holds_lifted
from ..rules.table import Array, innermost
from .dispatch import arrayed, bare


def is_lifted(value: Any) -> bool:
    """Whether anything in a value is lifted."""
    return any(isinstance(each, Lifted) or holds_lifted(each) for each in leaves((value,)))


class Plain:
    """A function for compiled code: of plain numbers, without tangents; it remembers whether there would have been any."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.lifted = False

    def __call__(self, *args: Any) -> Any:
        with no_tangents():
            y = self.f(*args)
        if is_lifted(y):
            self.lifted = True
            return bare(y)
        return y


def plain_or_none(f: Any) -> Any:
    """The same of an optional function; what is no function stays."""
    return Plain(f) if callable(f) else f


class Directions(NamedTuple):
    """One level of duals, and how many directions it has."""

    level: Level
    size: int


def levels_of(value: Any) -> tuple[Directions, ...]:
    """The levels on which a value varies, the highest first."""
    found: dict[Level, int] = {}

    def look(part: Any) -> None:
        if isinstance(part, Dual):
            if part.tangent is not None:
                found[part.level] = len(part.tangent)
                look(part.tangent)
            look(part.primal)

    for each in leaves((value,)):
        look(arrayed([each]) if holds_lifted(each) else each)
    return tuple(Directions(level, found[level]) for level in sorted(found, reverse=True))


def together(*several: Sequence[Directions]) -> tuple[Directions, ...]:
    """The levels of several values."""
    return tuple(sorted({each for levels in several for each in levels}, reverse=True))


def expanded(value: Any, levels: Sequence[Directions]) -> Any:
    """Primal and tangents of all levels as one plain array: for every level an axis in front, the primal at its place 0."""
    if not levels:
        return np.asarray(innermost(value), dtype=np.result_type(innermost(value), np.float64))
    (level, size), *rest = levels
    own = isinstance(value, Dual) and value.level is level
    primal = expanded(value.primal if own else value, rest)
    if not own or value.tangent is None:
        return np.stack([primal, *[np.zeros_like(primal)] * size])
    return np.stack([primal, *(expanded(direction, rest) for direction in value.tangent)])


def rebuilt(array: Any, levels: Sequence[Directions]) -> Any:
    """A dual from what `expanded` gives."""
    if not levels:
        return array[()]
    (level, _), *rest = levels
    tangents = np.stack([rebuilt(each, rest) for each in array[1:]])
    return dual(rebuilt(array[0], rest), tangents, level)


def jacobian(f: Callable[[Any], Array], x: Any) -> Any:
    """The derivative of f by every element of x, f's axes first: lifted where f is."""
    size, shape = np.size(x), np.shape(x)
    with Level.fresh("a solver of dualad.scipy") as level:
        y = arrayed(f(dual(x, np.reshape(np.eye(size), (size, *shape)), level)))
        tangent = y.tangent if isinstance(y, Dual) and y.level is level else None
        above = np.shape(y)
    return np.zeros((*above, size)) if tangent is None else np.moveaxis(np.reshape(tangent, (size, *above)), 0, -1)


def implicit(residual: Callable[[Any], Array], x: Any, elementwise: bool = False) -> Any:
    """A solution of residual(x) = 0 with its tangents, by as many of Newton's steps with a constant matrix as there are levels.

    The residual that the solver left is kept, so that the solution's value is the solver's own.
    """
    x = np.asarray(x, float)[()]
    left = arrayed(residual(x))
    depth = len(levels_of(left))
    slope = innermost(jacobian(residual, x))
    if np.ndim(x) == 0:
        slope = np.reshape(slope, np.shape(left))
    elif elementwise:
        slope = np.diagonal(np.reshape(slope, (x.size, x.size)))
    y = x
    for _ in range(depth):
        with np.errstate(divide="ignore", invalid="ignore"):
            rest = arrayed(residual(y)) - innermost(left)
            y = y - (rest / slope if np.ndim(x) == 0 or elementwise else np.reshape(solved(slope, rest), np.shape(x)))
    return y


def solved(matrix: Any, right: Array) -> Array:
    """A linear system's solution; nan where the matrix is singular, as nothing is known of how the solution moves."""
    size = np.size(right)
    try:
        return np.linalg.solve(np.reshape(matrix, (size, size)), np.ravel(right))
    except np.linalg.LinAlgError:
        return np.ravel(right) * np.nan
