"""Functions of SciPy that are linear in one argument: the derivative is the function itself, of every direction."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ..rules.table import Array
from .dispatch import FUNCTIONS, rule_of


def linear_in(original: Callable[..., Any], argument: str | None = None, **constant: Any) -> Callable[..., Any]:
    """Enter a function that is linear in its first argument, or another one; `constant` are arguments, without which it would
    not be linear but affine, at the values at which it is."""
    signature = inspect.signature(original)
    place = argument or next(iter(signature.parameters))
    skipped = [each for each in signature.parameters.values() if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]

    def push(y: Array, **keywords: Any) -> Array:
        """Of every direction."""
        directions = keywords.pop(f"d{place}")
        others = {name: each for name, each in keywords.items() if name != place}
        others |= {name: each for name, each in constant.items() if name in signature.parameters}
        return np.stack([public(**{place: each}, **others) for each in directions])

    first = inspect.Parameter("y", inspect.Parameter.POSITIONAL_ONLY)
    names = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in skipped]
    tangent = inspect.Parameter(f"d{place}", inspect.Parameter.KEYWORD_ONLY)
    push.__signature__ = inspect.Signature([first, *names, tangent])  # type: ignore[attr-defined]  # what `inspect` looks for
    public: Callable[..., Any] = rule_of(original)(push)
    return public


def linear_ones(module: ModuleType, names: str, **constant: Any) -> dict[str, Callable[..., Any]]:
    """The same for several functions of a module, as far as this SciPy has them."""
    known = {name: getattr(module, name) for name in names.split() if hasattr(module, name)}
    return {name: linear_in(each, **constant) for name, each in known.items() if each not in FUNCTIONS}
