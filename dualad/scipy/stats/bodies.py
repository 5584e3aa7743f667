"""The private formulas of scipy.stats' distributions, made fit for duals.

``norm._pdf`` and its like are NumPy code, but for a few helpers that build plain arrays. A distribution is therefore copied:
its methods keep their code and get globals of their own, in which our helpers stand in the place of SciPy's. SciPy's objects
stay as they are.
"""

from __future__ import annotations

import functools
import sys
from types import CellType, FunctionType
from typing import Any

import scipy.stats

from ...rules.table import innermost
from .formulas import FORMULAS
from .helpers import NAMES

GLOBALS: dict[str, dict[str, Any]] = {}


def names_of(module: str) -> dict[str, Any]:
    """A module's globals with our helpers in them, its own functions looking up their names there, and its distributions."""
    if module not in GLOBALS:
        known = vars(sys.modules[module])
        names = GLOBALS[module] = known | {name: each for name, each in NAMES.items() if name in known}
        for name, each in known.items():
            if isinstance(each, FunctionType) and each.__module__ == module and name not in NAMES:
                names[name] = moved(each, names, None)
            elif isinstance(each, (scipy.stats.rv_continuous, scipy.stats.rv_discrete)):
                names[name] = body_of(each)
    return GLOBALS[module]


def moved(function: FunctionType, names: dict[str, Any], owner: CellType | None) -> FunctionType:
    """A function's code among other globals; `owner` holds the class that ``super()`` means there."""
    cells = function.__closure__
    if cells and owner is not None:
        free = function.__code__.co_freevars
        cells = tuple(owner if name == "__class__" else cell for name, cell in zip(free, cells, strict=True))
    new = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    new.__kwdefaults__ = function.__kwdefaults__
    return new


@functools.cache
def class_of(cls: type) -> type:
    """A distribution's class with its methods moved, and those of all that it inherits from."""
    if cls is object:
        return cls
    owner, body = CellType(), {}
    for name, each in vars(cls).items():
        ours = isinstance(each, FunctionType) and each.__module__.startswith("scipy.stats")
        if not name.startswith("__"):
            body[name] = moved(each, names_of(each.__module__), owner) if ours else each
    new = type(cls.__name__, tuple(map(class_of, cls.__bases__)), body)
    owner.cell_contents = new
    return new


@functools.lru_cache(512)
def body_of(dist: Any) -> Any:
    """A distribution whose private methods run on duals; its quantiles, by which some choose a branch, are constants."""
    kind: Any = class_of
    new: Any = object.__new__(kind(type(dist)))
    own = {name: getattr(dist, name) for name in ("_ppf", "_isf")}
    new.__dict__.update(vars(dist))
    for name, each in own.items():
        setattr(new, name, lambda *args, each=each: each(*map(innermost, args)))
    for (known, name), formula in FORMULAS.items():
        if known == dist.name:
            setattr(new, name, formula)
    return new


def is_own(dist: Any, name: str) -> bool:
    """Whether a distribution has a method of its own, or one that we have, and not that of all distributions."""
    general = scipy.stats.rv_continuous if isinstance(dist, scipy.stats.rv_continuous) else scipy.stats.rv_discrete
    return (dist.name, name) in FORMULAS or getattr(type(dist), name) is not getattr(general, name)
