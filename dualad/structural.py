"""Structural zeros: the second look that is taken when a derivative comes out as nan beside a value that is a number.

At x = [0, 1] the gradient of sum(sqrt(x)) is [inf, 0.5]. A plain run gives [inf, nan]: the direction along x[1] has a 0 at
x[0], which meets the infinite slope there. That 0 is structural, x[0] does not depend on x[1] at all, and must stay 0
whatever it is multiplied by; while in cbrt(x**3) at 0 the slope 3 x**2 = 0 is a coincidence, and 0 * inf must stay unknown.

So the function is run again with tangents that remember where they are structurally zero. Such a tangent is a dual itself:
its primal is the tangent, its own "tangent" a mark, nan where something flows and 0 where nothing does. Marks go through the
same linear functions as the tangent, with every constant replaced by one: nan is what no addition can cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from .dual import DualArray
from .levels import Level
from .lift import Lifted, refilled
from .quiet import quiet, restore
from .rules.table import RULES, Array, innermost

LONG = 8192

_AGAIN: ContextVar[bool] = ContextVar("_AGAIN", default=False)


class Structural(DualArray):
    """A tangent that knows its structural zeros."""

    __slots__ = ()

    _elements = ()
    _operate, __array_ufunc__ = Lifted._operate, Lifted.__array_ufunc__

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        return self._masked(ufunc, inputs, {})

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._masked(getattr(ufunc, method), inputs, kwargs)

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._masked(function, args, kwargs)

    def _masked(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        value = function(*self._primal_of(args), **self._primal_of(kwargs))
        try:
            mark = function(*self._mark_of(args), **self._mark_of(kwargs))
        except (np.linalg.LinAlgError, ValueError):  # a matrix of ones is singular, nan refused: anything may flow anywhere
            mark = np.full(np.shape(value), np.nan)
        row = RULES.get(function)
        return self._join(value, mark, moved=getattr(row, "view", False))

    def _join(self, value: Any, mark: Any, moved: bool) -> Any:
        """Value and mark as one; where elements were only moved, views are kept."""
        if isinstance(value, (tuple, list)):
            return refilled(value, [self._join(*pair, moved) for pair in zip(value, mark, strict=True)])
        if getattr(getattr(value, "dtype", None), "kind", "") not in ("f", "c") or not np.ndim(value):
            return value
        if moved:
            return structural(value, mark, self.level)
        zero = mark == 0  # what a rule itself puts in, an infinite slope or a nan, has the mark of a constant and stays
        return structural(np.where(zero, 0.0, value), np.where(zero, 0.0, np.nan), self.level)

    def _mark_of(self, value: Any) -> Any:
        """The marks of a tangent; ones in place of a constant, but zeros of one that is zero throughout, as it stands where
        nothing flows; conditions, indices and the like as they are."""
        if isinstance(value, Structural) and value.level is self.level:
            return 0.0 if value.tangent is None else value.tangent[0]
        if isinstance(value, (tuple, list)):
            return refilled(value, [self._mark_of(item) for item in value])
        if isinstance(value, dict):
            return {key: self._mark_of(item) for key, item in value.items()}
        if isinstance(value, (float, complex)):
            return 0.0 if value == 0 else 1.0
        if not _is_inexact(value):
            return value
        return np.full(np.shape(value), 1.0 if isinstance(value, Lifted) or np.any(value) else 0.0)

    def _wrap(self, y: Any, tangent: Any) -> Any:
        return structural(y, None if tangent is None else tangent[0], self.level) if isinstance(y, (np.ndarray, Lifted)) else y


def _is_inexact(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic, Lifted)) and value.dtype.kind in "fc"


def structural(value: Array, mark: Array | None, level: Level) -> Structural:
    """A tangent with its marks."""
    new: Structural = object.__new__(Structural)
    new.primal, new.tangent, new.level, new._label = value, None if mark is None else mark[None], level, None
    new._base = new._recipe = new._views = new._noted = None
    return new


def seeded(seed: Array, level: Level) -> Structural:
    """A seed for a dual of `level`, whose zeros are structural."""
    return structural(seed, np.where(np.asarray(innermost(seed)) != 0, np.nan, 0.0), level.below)


def plain(tangent: Any) -> Any:
    """A tangent without its marks."""
    return tangent.primal if isinstance(tangent, Structural) else tangent


def looking_again() -> bool:
    """Whether seeds are structural at present."""
    return _AGAIN.get()


@contextmanager
def second_look() -> Iterator[None]:
    """A block in which every transform seeds structurally, inner ones too; NumPy has warned at the first look already."""
    token = _AGAIN.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _AGAIN.reset(token)


def needs_second_look(value: Any, tangent: Any) -> bool:
    """Whether a tangent holds a nan beside a value that is none."""
    if tangent is None or _AGAIN.get():
        return False
    if tangent.__class__ is not np.ndarray:
        value, tangent = _written_down(value), _written_down(tangent)
        if not isinstance(tangent, (np.ndarray, Lifted)):
            return False
    if not tangent.size:
        return False
    if isinstance(tangent, np.ndarray):
        flat = tangent.ravel("K")
        token = quiet()
        # A sum of squares is nan where one of them is. That is the quickest way to find one, but of long arrays, which BLAS
        # shares out among threads.
        total = flat.dot(flat) if flat.size < LONG else np.min(flat)
        restore(token)
        if total == total:
            return False
    value = _written_down(value)
    if not np.ndim(value):
        return bool(np.any(np.isnan(tangent)) & ~np.isnan(value))
    return bool(np.any(np.isnan(tangent) & ~np.isnan(value)))


def _written_down(value: Any) -> Any:
    """The array under all duals: a plain one, or one that records what is asked of it."""
    while isinstance(value, Lifted) and not value.recorded:
        value = value.primal
    return value
