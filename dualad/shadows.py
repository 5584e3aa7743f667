"""What ``float`` and ``isinstance`` become in the modules of packages that the user names: there a dual number passes for the
NumPy array, or the float, that it stands for.

No code is safe from a changed ``float``, so nothing of this happens unasked.
"""

from __future__ import annotations

import builtins
from types import UnionType
from typing import Any

import numpy as np

from .dual import DualArray, DualComplex, DualReal
from .lift import Lifted
from .watching import STEPPED

PASSES: dict[type, tuple[type, ...]] = {
    DualArray: (np.ndarray,),
    DualReal: (float, np.float64, np.floating, np.inexact, np.number, np.generic),
    DualComplex: (complex, np.complex128, np.complexfloating, np.inexact, np.number, np.generic),
}
"""The classes of NumPy and Python for whose instances a dual passes."""


class _Float(type(float)):  # type: ignore[misc]  # the metaclass of float is type
    """Answers isinstance and issubclass as float does."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, float | DualReal)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, float | DualReal)

    def __eq__(cls, other: object) -> bool:
        return other is float or other is cls

    def __hash__(cls) -> int:
        return hash(float)


class Float(metaclass=_Float):
    """``float`` for code that shall take duals: a lifted number stays what it is."""

    dtype = np.dtype(float)  # so that it serves as one
    fromhex = float.fromhex

    def __new__(cls, x: Any = 0.0) -> Any:
        if isinstance(x, Lifted) and STEPPED.get():
            return x.item() if x.size == 1 else float(x)  # which raises what NumPy raises
        return float(x)


def is_instance(x: Any, kinds: Any) -> bool:
    """``isinstance`` for which a dual array is an ndarray, and a dual number a float."""
    if builtins.isinstance(x, kinds):
        return True
    if not builtins.isinstance(x, Lifted):
        return False
    named = kinds if builtins.isinstance(kinds, tuple) else (kinds,)
    plain = [each for kind in named for each in (kind.__args__ if builtins.isinstance(kind, UnionType) else (kind,))]
    passed = next((each for kind, each in PASSES.items() if builtins.isinstance(x, kind)), ())
    return any(each in passed or (builtins.isinstance(each, tuple) and is_instance(x, each)) for each in plain)


SHADOWS: dict[str, Any] = {"float": Float, "isinstance": is_instance}
"""By the name of the builtin, what is put in its place."""
