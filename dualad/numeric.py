"""The arithmetic of single floats with their tangents, the shortest way that there is: functions of few variables do nothing
else, and what an array costs would be most of what they take.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .interpreter import WEAK, Interpreter, typed
from .lift import Lifted
from .linear import Linear
from .quiet import quiet, restore
from .rules.chain import chained
from .rules.table import RULES, Constant, Elementwise
from .watching import WATCH

KNOWN = (np.float64, float, int)


class Number(Interpreter):
    """A float with its tangents, or such a number of a lower level.

    A single tangent is kept as a number too, and multiplied as one: that takes a tenth of the time of an array of one.
    """

    __slots__ = ("slope",)

    slope: Any  # the tangent, but a number where there is one direction

    @property
    def tangent(self) -> Any:
        slope = self.slope
        return slope if slope is None or slope.ndim else slope.reshape(1)

    @tangent.setter
    def tangent(self, tangent: Any) -> None:
        written_down = tangent is None or tangent.__class__ is Linear  # one of reverse mode is no number
        self.slope = tangent if written_down or len(tangent) != 1 else tangent[0]

    @classmethod
    def of(cls, primal: Any, slope: Any, level: Any) -> Any:
        """A number of this kind."""
        new: Any = object.__new__(cls)
        new.primal, new.slope, new.level, new._label = primal, slope, level, None
        return new

    def _operate(self, ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        level, own = self.level, self.__class__
        primals: list[Any] = []
        slopes: list[Any] = []
        moves = False
        weak = compute is not ufunc  # Python's floats among themselves stay Python's
        for value in operands:
            slope = None
            kind = value.__class__
            if kind is own and value.level >= level:
                if value.level is not level:
                    return super()._operate(ufunc, compute, operands)
                value, slope = value.primal, value.slope
                kind = value.__class__
                moves = moves or slope is not None
            elif kind not in KNOWN and kind is not own:
                if kind is ndarray or hasattr(value, "_views"):  # beside an array no number is weak
                    return Interpreter._operate(self, ufunc, compute, operands)
                return super()._operate(ufunc, compute, operands)
            weak = weak and (kind is float or kind is int)
            primals.append(value)
            slopes.append(slope)
        row: Any = RULES.get(ufunc)
        kind_of_row = row.__class__
        if kind_of_row not in (Elementwise, Constant) or not level.alive or WATCH.get() is not None:
            return super()._operate(ufunc, compute, operands)
        if kind_of_row is Constant:
            return compute(*primals)
        if weak:
            primals = [np.float64(each) if each.__class__ is float else each for each in primals]
        y = compute(*primals)
        if y.__class__ is not np.float64 and y.__class__ is not own:
            apart: Any = self._apart(operands)
            return self._completed(row, operands, apart[0], apart[1], apart[2], y)
        slope = _slope(row, primals, slopes, y) if moves else None
        return own.of(y.item() if weak else y, slope, level)


def as_numpys(compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operator of Python's floats that computes as NumPy does; lifted ones know themselves that they are Python's."""

    def computed(*primals: Any) -> Any:
        return compute(*(primals if any(isinstance(each, Lifted) for each in primals) else map(typed, primals)))

    return computed


def _slope(row: Elementwise, primals: list[Any], slopes: list[Any], y: Any) -> Any:
    """The chain rule for numbers."""
    token = quiet()
    try:
        return chained(row, primals, slopes, y)
    except ArithmeticError:  # Python's numbers raise where NumPy's are infinite
        return chained(row, [np.float64(each) if each.__class__ in WEAK else each for each in primals], slopes, y)
    finally:
        restore(token)
