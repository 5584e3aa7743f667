"""What ``float``, ``isinstance``, ``np.float64`` and their like become in the modules of packages that the user names: there a
dual number passes for the NumPy array, or the float, that it stands for.

No code is safe from a changed ``float``, so nothing of this happens unasked.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from types import ModuleType, UnionType
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


class Cast(type):
    """The class of stand-ins for ``float`` and NumPy's scalar types: they have the attributes of those, equal them, know their
    instances, serve as dtypes, and give back lifted numbers lifted."""

    original: Any
    dtype: np.dtype[Any]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Lifted) and STEPPED.get():
            x: Any = args[0]
            if issubclass(cls.original, np.generic):
                return x.astype(cls.dtype)
            if x.size == 1:
                return x.item() if x.dtype.kind == cls.dtype.kind else x.item() + cls.original(0)
        return cls.original(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return is_instance(instance, cls.original)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.original) or any(
            issubclass(subclass, kind) and cls.original in passes for kind, passes in PASSES.items()
        )

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.original, name)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.original

    def __hash__(cls) -> int:
        return hash(cls.original)


CASTS: dict[type, Cast] = {
    kind: Cast(kind.__name__, (), {"original": kind, "dtype": np.dtype(kind)})
    for kind in (float, complex, np.float64, np.float32, np.complex128)
}
"""A class that is called to convert, and what stands in for it."""


class ShadowedNumPy(ModuleType):
    """NumPy with the stand-ins for its scalar types."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(np, name)
        return CASTS.get(value, value) if isinstance(value, type) else value


def is_instance(x: Any, kinds: Any) -> bool:
    """``isinstance`` for which a dual array is an ndarray, and a dual number a float."""
    if builtins.isinstance(x, kinds):
        return True
    if not builtins.isinstance(x, Lifted):
        return False
    passed = next((passes for kind, passes in PASSES.items() if builtins.isinstance(x, kind)), ())
    return any(each in passed for each in _single(kinds))


def _single(kinds: Any) -> Iterator[Any]:
    """The classes in nested tuples and unions of them."""
    if builtins.isinstance(kinds, tuple):
        for each in kinds:
            yield from _single(each)
    elif builtins.isinstance(kinds, UnionType):
        yield from kinds.__args__
    else:
        yield kinds


BUILTINS: dict[str, Any] = {"float": CASTS[float], "complex": CASTS[complex], "isinstance": is_instance}
"""By the name of the builtin, what is put in its place as a name of the module."""

NUMPY = ShadowedNumPy("numpy")


def shadows(names: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """In a module's names, each that gets another value: with the one that it has, None if it has none."""
    for name, shadow in BUILTINS.items():
        yield name, None, shadow
    for name, value in list(names.items()):
        if value is np:
            yield name, value, NUMPY
        elif issubclass(type(value), type) and value in CASTS:
            yield name, value, CASTS[value]
