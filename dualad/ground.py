"""Arrays of the ground: what stands in for a plain array that may be written into with duals later.

``z = np.zeros(3); z[0] = x`` loses the tangent of x, because z is NumPy's. Where that would happen the creators of arrays
give an array of the ground level instead (`dropin`): lifted, so that its views and its arithmetic are caught, and constant,
so that every level takes it for a plain one. The first dual that is written into it turns it, with its views, into a dual
array of that level. While it carries nothing it becomes a plain array wherever one is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import storage
from .dual import DualArray
from .levels import GROUND
from .lift import Lifted, LiftedScalar, highest, leaves, refilled, ungrounded
from .objects import lift_objects
from .rules.groups import rule_of
from .rules.table import Refused
from .watching import STEPPED


class GroundArray(DualArray):
    """A plain array that is ready to carry tangents, and carries none."""

    __slots__ = ()

    _elements = ()
    _operate, __array_ufunc__ = Lifted._operate, Lifted.__array_ufunc__

    def _wrap(self, y: Any, tangent: Any) -> Any:
        return refilled(y, map(grounded, y)) if isinstance(y, (tuple, list)) else grounded(y)

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._computed(getattr(ufunc, method), inputs, kwargs)

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        row = rule_of(function)
        whole = getattr(row, "whole", False)  # a callback sees what it would see
        if whole or (getattr(row, "view", False) and kwargs.get("out") is None):  # a view is kept
            return super()._function(function, args, kwargs)
        if row is None or isinstance(row, Refused):
            args = tuple([storage.lend(each) if isinstance(each, GroundArray) else each for each in args])
        return self._computed(function, args, kwargs, getattr(row, "sequences", 0))

    def _computed(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], lists: int = 0) -> Any:
        """What NumPy itself gives of the memory under the arrays; an array that comes back, as one given as `out` does, comes
        back itself."""
        args = tuple([lift_objects(each, lists) for each in args])
        top = highest((*args, *kwargs.values()))
        if top is not None and top.level is not GROUND:  # an object array was one of duals
            return function(*args, **kwargs)
        y = function(*self._primal_of(args), **self._primal_of(kwargs))
        for each in leaves((args, kwargs)):
            if isinstance(each, GroundArray) and each.primal is y:
                return each
        return self._wrap(y, None)

    def __getattr__(self, name: str) -> Any:
        """What else ndarray has, of the plain array: ctypes, tofile, byteswap."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")
        return getattr(storage.lend(self), name)

    def __reduce__(self) -> Any:
        return np.copy(ungrounded(self)).__reduce__()

    def __repr__(self) -> str:
        return repr(ungrounded(self))


def _is_recorded(value: Any) -> bool:
    """Whether a value is an array whose operations are written down; it carries no tangents either."""
    return isinstance(value, Lifted) and value.recorded and not isinstance(value, LiftedScalar)


def grounded(value: Any) -> Any:
    """A plain array of floating or complex numbers as one of the ground, while stand-ins are at work; else as it is."""
    if not (type(value) is np.ndarray or _is_recorded(value)) or value.dtype.kind not in "fc" or not STEPPED.get():
        return value
    new: GroundArray = object.__new__(GroundArray)
    new.primal, new.tangent, new.level, new._label = value, None, GROUND, None
    new._base = new._recipe = new._views = new._noted = None
    return new
