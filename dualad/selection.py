"""The differentiated arguments of one call of a transform: which they are, and how to call the function with others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from .dropin import MODE
from .errors import BadArgument, NotDifferentiable
from .ground import grounded
from .objects import lift_objects
from .places import standing
from .trees import SIMPLE, SINGLE, described, differentiable, dtype_of, flatten, shape_of, tree_map, unflatten

SEVERAL = (tuple, list, range)
"""What names several arguments; anything else names one."""


@dataclass(slots=True)  # not frozen: that would take a tenth of a transform's own time
class Selection:
    """The differentiated arguments of one call: which they are, their leaves, and how to call f with others in place.

    `places` are positions or keywords; `primals` has, for every leaf, the array to differentiate or None; `drop_in` says
    whether to step in.
    """

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: tuple[int | str, ...]
    single: bool
    leaves: list[Any]
    structure: Any
    primals: list[Any]
    drop_in: Any

    @property
    def sizes(self) -> list[int]:
        return [0 if primal is None else prod(shape_of(primal)) for primal in self.primals]

    @property
    def is_complex(self) -> bool:
        """Whether there is a complex number among what is differentiated by."""
        return any(each is not None and dtype_of(each).kind == "c" for each in self.primals)

    def call(self, leaves: Sequence[Any]) -> Any:
        """f with the leaves in place of the selected arguments."""
        args, kwargs = list(self.args), {**self.kwargs}
        for place, value in zip(self.places, unflatten(self.structure, leaves), strict=True):
            if isinstance(place, str):
                kwargs[place] = value
            else:
                args[place] = value
        return standing(self.f)(*args, **kwargs)

    def __reduce__(self) -> Any:
        # Leaves and structure are found anew where this is unpickled: that process may not know the argument's dataclasses.
        return _selection, (self.name, self.f, self.args, self.kwargs, self.places, self.single, self.drop_in)

    def at(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Selection:
        """The same arguments of another call."""
        chosen = tuple(kwargs[place] if isinstance(place, str) else args[place] for place in self.places)
        leaves, structure = flatten(chosen)
        leaves = list(map(lift_objects, leaves))
        primals = [differentiable(leaf, complex_allowed=True) for leaf in leaves]
        return replace(self, args=args, kwargs=kwargs, leaves=leaves, structure=structure, primals=primals)

    def lifted(self) -> Selection:
        """The same call with the other arrays among the arguments on the ground, so that duals can be written into them."""
        args = tuple([tree_map(grounded, each) for each in self.args])
        return replace(self, args=args, kwargs={name: tree_map(grounded, each) for name, each in self.kwargs.items()})

    def tree(self, leaves: Sequence[Any]) -> Any:
        """Leaves in the structure of the selected arguments: of the one argument, or a tuple of them."""
        values = unflatten(self.structure, leaves)
        return values[0] if self.single else values


def _selection(name: str, f: Any, args: Any, kwargs: Any, places: Any, single: bool, drop_in: Any) -> Selection:
    return Selection(name, f, args, kwargs, places, single, [], None, [], drop_in).at(args, kwargs)


def select(
    name: str,
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    argnums: Any,
    argnames: Any,
    complex_allowed: bool = False,
) -> Selection:
    """Find the differentiated arguments, and refuse what cannot be differentiated."""
    if argnums.__class__ is int and argnames is None and 0 <= argnums < len(args):  # by far the most calls
        argument = args[argnums]
        if argument.__class__ in SIMPLE:
            primal = differentiable(argument, complex_allowed=complex_allowed)
            if primal is not None:
                return Selection(name, f, args, kwargs, (argnums,), True, [argument], SINGLE, [primal], MODE.get())
    numbers = () if argnames is not None and argnums == 0 else (argnums if isinstance(argnums, SEVERAL) else (argnums,))
    names = () if argnames is None else (argnames,) if isinstance(argnames, str) else tuple(argnames)
    places: list[int | str] = []
    for number in numbers:
        if not isinstance(number, (int, np.integer)) or not -len(args) <= number < len(args):
            raise BadArgument(
                f"{name}: argnums={argnums!r}, but {name_of(f)} was called with {len(args)} positional argument(s); "
                "use argnames for keyword arguments"
            )
        places.append(int(number) % len(args))
    if names:
        places.extend(each if each in kwargs else _position(name, f, args, each) for each in names)
    if len(places) > 1 and len(set(places)) < len(places):
        raise BadArgument(f"{name}: an argument is named twice in argnums={argnums!r}, argnames={argnames!r}")
    chosen = tuple(kwargs[place] if isinstance(place, str) else args[place] for place in places)
    leaves, structure = flatten(chosen)
    leaves = list(map(lift_objects, leaves))
    primals = [differentiable(leaf, complex_allowed=complex_allowed) for leaf in leaves]
    for place, argument in zip(places, chosen, strict=True):
        if len(chosen) == 1 and any(primal is not None for primal in primals):
            break
        inside = map(lift_objects, flatten(argument)[0])
        if all(differentiable(leaf, complex_allowed=True) is None for leaf in inside):
            raise NotDifferentiable(
                f"{name}: argument {place!r} of {name_of(f)} holds nothing to differentiate: {described(argument)}. "
                "Differentiable are floats, integers, and arrays of them, also in lists, tuples, dicts and dataclasses"
            )
    single = not isinstance(argnums, SEVERAL) and not isinstance(argnames, SEVERAL)
    return Selection(name, f, args, kwargs, tuple(places), single, leaves, structure, primals, MODE.get())


def _position(name: str, f: Callable[..., Any], args: tuple[Any, ...], argument: str) -> int:
    try:
        parameters = inspect.signature(f).parameters.values()
    except (ValueError, TypeError):  # a function of compiled code may have none
        parameters = {}.values()
    by_position = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    place = by_position.index(argument) if argument in by_position else len(args)
    if place >= len(args):
        raise BadArgument(f"{name}: argnames names {argument!r}, which {name_of(f)} was not called with")
    return place


def name_of(f: Any) -> str:
    """What to call a function in a message."""
    return getattr(f, "__name__", None) or repr(f)


def cut(shape: tuple[int, ...], batch_ndim: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The axes of one point, and those of the points: the first ones, or with a negative number the last ones."""
    one, other = shape[:batch_ndim], shape[batch_ndim:]
    return (one, other) if batch_ndim < 0 else (other, one)
