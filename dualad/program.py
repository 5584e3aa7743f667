"""The program of tangents: linear functions called one after the other, each on values that were there before.

A `Variable` is a value, of which shape and dtype are known, with the call that gives it. What a call was given is kept as it
was then: an array that somebody may write into later is copied, at once if it is not ours, else before that happens.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any
from weakref import ref

import numpy as np
from numpy import ndarray

from .errors import NoRule, caller
from .foreign import is_chunked
from .levels import Level
from .lift import Lifted, leaves, memory, refilled
from .notes import PROGRAMS, is_lent
from .rules.transposes import Unknown, part_written, unknowns, written


class Variable(Unknown):
    """A value in a linear function, and the call that gives it: the function and its arguments, with variables among them. An
    input if it has no function, or nothing but zeros.

    What it is made of does not know it: nothing goes round, so that all is freed as soon as nobody asks for it any more.
    """

    __slots__ = ("__weakref__", "args", "function", "inputs", "keywords", "number", "place")

    args: tuple[Any, ...]
    keywords: dict[str, Any]
    inputs: Sequence[Variable]  # those among the arguments, in order
    number: int  # in the order of calls

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], function: Callable[..., Any] | None) -> None:
        self.shape, self.dtype, self.function = shape, dtype, function
        self.place: int | None = None  # among the inputs

    @property
    def moves(self) -> bool:
        """Whether it is more than zeros."""
        return self.function is not None or self.place is not None

    def let_go(self) -> None:
        """Forget what it is made of."""
        self.args, self.keywords, self.inputs = (), {}, ()


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
        By the identity of the array that owns the memory, values whose calls have arrays there.
    """

    def __init__(self, level: Level) -> None:
        self.level = level
        self.operands: Any = ()
        self.count = 0
        self.kept: dict[int, list[ref[Variable]]] = {}
        PROGRAMS.add(self)

    def emit(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], shape: Any, dtype: Any
    ) -> Variable:
        """Write a call down."""
        result = Variable(shape, dtype, function)
        self.count += 1
        result.number, result.keywords = self.count, keywords
        known: list[Any] = []
        inputs: list[Variable] = []
        for each in args:
            kind = each.__class__
            if kind is Variable:
                inputs.append(each)
            elif kind not in STILL:
                each = self._known(each, result)
            known.append(each)
        result.args = tuple(known)
        if keywords:
            result.keywords = {name: self._known(each, result) for name, each in keywords.items()}
        result.inputs = inputs or list(unknowns((args, keywords)))  # type: ignore[arg-type]  # they are variables
        return result

    def seen_through(
        self, view: Variable, old: Variable, function: Any, args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """The value of an array after a view of it has another one: the view is ``function(array, *args, **keywords)``."""

        def made(function: Any, *args: Any, **keywords: Any) -> Variable:
            return self.emit(function, args, keywords, old.shape, old.dtype)

        if function is operator.getitem:
            return made(written, old, *args, view)
        if function == np.transpose and args and args[0] is not None:
            return made(np.transpose, view, np.argsort(args[0]))
        if prod(view.shape) == prod(old.shape) and function in (np.reshape, np.squeeze, np.expand_dims, np.ravel):
            return made(np.reshape, view, old.shape, **keywords)
        if function == np.real and old.dtype.kind != "c":
            return view
        if function in (np.real, np.imag):
            return made(part_written, old, view, function == np.imag)
        places = function(np.arange(prod(old.shape)).reshape(old.shape), *args, **keywords)
        return made(written, old, np.unravel_index(places, old.shape), view)

    def _known(self, value: Any, made: Variable) -> Any:
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
                    foreign = each is value or (base is not None and np.may_share_memory(each, value))
                elif each.__class__ in (tuple, list, dict):
                    foreign = any(item.__class__ is ndarray and np.may_share_memory(item, value) for item in leaves((each,)))
                else:
                    foreign = is_lent(each) and np.may_share_memory(memory(each), value)
                if foreign:
                    return value.copy()
            self._keep(value, made)
            return value
        if is_chunked(kind):
            raise NoRule(f'reverse mode over an array of chunks, called at {caller()}: use jacfwd, or mode="forward"')
        if isinstance(value, Lifted):
            if value.recorded:
                example = value.example  # type: ignore[attr-defined]  # a recorded one has an example
                return value.tape.node(value.line, np.copy(example) if isinstance(example, ndarray) else example)  # type: ignore[attr-defined]  # and a line
            if hasattr(value, "_views"):
                self._keep(memory(value), made)
            return value
        if kind is tuple and value and value[0].__class__ is int:
            return value if all(each.__class__ in STILL for each in value) else tuple([self._known(v, made) for v in value])
        if kind is tuple or kind is list:
            return refilled(value, [self._known(each, made) for each in value])
        return value

    def _keep(self, array: Any, made: Variable) -> None:
        self.kept.setdefault(id(owner(array)), []).append(ref(made))

    def written(self, array: Any) -> None:
        """Before memory changes: calls that have an array there get a copy of what is in it now, all of it: who is found now is
        not looked for again, however often and wherever in this memory is written."""
        whole = owner(array)
        kept = self.kept.pop(id(whole), None)
        for made in [reference() for reference in kept or ()]:
            if made is not None:
                made.args = _copied(made.args, whole)
                made.keywords = _copied(made.keywords, whole)


def owner(array: Any) -> Any:
    """The array that a view looks at, in the end."""
    while array.base.__class__ is ndarray:
        array = array.base
    return array


def _copied(value: Any, whole: Any) -> Any:
    """Arguments with a copy of each array that lies in this memory."""
    if isinstance(value, (ndarray, Lifted)):
        plain = memory(value)
        return np.copy(value) if isinstance(plain, ndarray) and owner(plain) is whole else value
    if isinstance(value, (tuple, list)):
        return refilled(value, [_copied(each, whole) for each in value])
    if isinstance(value, dict):
        return {name: _copied(each, whole) for name, each in value.items()}
    return value
