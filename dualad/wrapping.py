"""Functions that stand for other functions: they keep the name and the docstring, work as methods, and pickle."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable
from types import MethodType
from typing import Any


class Wrapper:
    """A callable around a function f. Where it has replaced f in f's module, as a decorator does, it pickles by name."""

    __name__: str

    def __init__(self, f: Callable[..., Any]) -> None:
        self.__name__ = repr(f)
        functools.update_wrapper(self, f)
        self._f = f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce_ex__(self, protocol: Any) -> Any:
        name = getattr(self, "__qualname__", "")
        try:
            known = operator.attrgetter(name)(sys.modules[self.__module__])
        except (AttributeError, KeyError):
            known = None
        return name if known is self else super().__reduce_ex__(protocol)
