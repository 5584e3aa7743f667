"""The program of tangents: linear functions called one after the other, each on values that were there before.

A `Variable` is a value, of which shape and dtype are known; a `Step` is the call that gives it. What a step was given is kept
as it was then: an array that somebody may write into later is copied, at once if it is not ours, else before that happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
from numpy import ndarray

from .errors import NoRule, caller
from .foreign import is_chunked
from .levels import Level
from .lift import Lifted, leaves, memory, refilled
from .notes import PROGRAMS
from .rules.transposes import Unknown, unknowns


class Variable(Unknown):
    """A value in a linear function: an input if it has no step, or nothing but zeros."""

    __slots__ = ("place", "step")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], step: Step | None) -> None:
        self.shape, self.dtype, self.step = shape, dtype, step
        self.place: int | None = None  # among the inputs


class Step:
    """One call of a linear function: its arguments, with variables among them. What it gives has the step, and the step does
    not know it: nothing goes round, so that all is freed as soon as nobody asks for it any more."""

    __slots__ = ("__weakref__", "args", "function", "inputs", "keywords", "number")

    args: tuple[Any, ...]
    keywords: dict[str, Any]
    inputs: list[Variable]  # those among the arguments, in order

    def __init__(self, function: Callable[..., Any], number: int) -> None:
        self.function, self.number = function, number
        self.args, self.keywords, self.inputs = (), {}, []


STILL = frozenset((Variable, float, int, str, bool, slice, type(None), type(Ellipsis), np.float64))
"""What never changes."""


class Program:
    """What the tangents of one run are written down in.

    Attributes
    ----------
    level
        That of the tangents.
    operands
        What the operation at hand was given: plain arrays among it are somebody else's, and may change.
    kept
        By the identity of the array that owns the memory, steps that have arrays there.
    """

    def __init__(self, level: Level) -> None:
        self.level = level
        self.operands: Any = ()
        self.count = 0
        self.kept: dict[int, list[ref[Step]]] = {}
        PROGRAMS.add(self)

    def emit(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], shape: Any, dtype: Any
    ) -> Variable:
        """Write a call down."""
        self.count += 1
        step = Step(function, self.count)
        inputs = step.inputs
        known: list[Any] = []
        for each in args:
            kind = each.__class__
            if kind is Variable:
                inputs.append(each)
            elif kind not in STILL:
                each = self._known(each, step)
            known.append(each)
        step.args = tuple(known)
        if keywords:
            step.keywords = {name: self._known(each, step) for name, each in keywords.items()}
        if not inputs:
            step.inputs = list(unknowns((args, keywords)))  # type: ignore[arg-type]  # they are variables
        return Variable(shape, dtype, step)

    def _known(self, value: Any, step: Step) -> Any:
        """An argument as it will stay."""
        kind = value.__class__
        if kind in STILL:
            return value
        if kind is ndarray:
            if not value.ndim:
                return value.copy()
            base = value.base
            for each in self.operands if self.operands.__class__ is tuple else leaves((self.operands,)):
                if each.__class__ is ndarray:
                    if each is value or (base is not None and np.may_share_memory(each, value)):
                        return value.copy()
                elif each.__class__ in (tuple, list, dict) and any(
                    item.__class__ is ndarray and np.may_share_memory(item, value) for item in leaves((each,))
                ):
                    return value.copy()
            self._keep(value, step)
            return value
        if is_chunked(kind):
            raise NoRule(f'reverse mode over an array of chunks, called at {caller()}: use jacfwd, or mode="forward"')
        if isinstance(value, Lifted):
            if value.recorded:
                example = value.example  # type: ignore[attr-defined]  # a recorded one has an example
                return value.tape.node(value.line, np.copy(example) if isinstance(example, ndarray) else example)  # type: ignore[attr-defined]  # and a line
            if hasattr(value, "_views"):
                self._keep(memory(value), step)
            return value
        if kind is tuple and value and value[0].__class__ is int:
            return value if all(each.__class__ in STILL for each in value) else tuple([self._known(v, step) for v in value])
        if kind is tuple or kind is list:
            return refilled(value, [self._known(each, step) for each in value])
        return value

    def _keep(self, array: Any, step: Step) -> None:
        self.kept.setdefault(id(owner(array)), []).append(ref(step))

    def written(self, array: Any) -> None:
        """Before memory changes: steps that have an array there get a copy of what is in it now."""
        steps = self.kept.pop(id(owner(array)), None)
        for step in [reference() for reference in steps or ()]:
            if step is not None:
                step.args = _copied(step.args, array)
                step.keywords = _copied(step.keywords, array)


def owner(array: Any) -> Any:
    """The array that a view looks at, in the end."""
    while array.base.__class__ is ndarray:
        array = array.base
    return array


def _copied(value: Any, array: Any) -> Any:
    """Arguments with a copy of each array that may lie in the same memory."""
    if isinstance(value, ndarray | Lifted):
        plain = memory(value)
        return np.copy(value) if isinstance(plain, ndarray) and np.may_share_memory(plain, array) else value
    if isinstance(value, tuple | list):
        return refilled(value, [_copied(each, array) for each in value])
    if isinstance(value, dict):
        return {name: _copied(each, array) for name, each in value.items()}
    return value
