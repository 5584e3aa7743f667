"""What was concluded from tangents, and holds until somebody writes into them.

A seed's zeros are structural, and the tangent of an array may be known as terms (`deferred`), or be what the terms of others
refer to. An array and its views lie in the same memory, so notes are kept with the root of a family, and one write ends them.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any
from weakref import WeakSet, ref

import numpy as np

from .lift import Lifted, is_recorded

SEED: Any = "seed"
"""The label of a number with a seed for its tangent: where that is zero it is structurally so."""


PROGRAMS: WeakSet[Any] = WeakSet()
"""What is recorded at present, and refers to arrays by the way: each is told before memory changes."""


class Notes:
    """What was concluded from the tangent of an array and its views, until one of them is written into."""

    __slots__ = ("bases", "labelled", "pristine")

    def __init__(self, pristine: bool = False) -> None:
        self.pristine = pristine  # it is a seed still
        self.labelled: list[ref[Any]] = []  # arrays that know their tangents as terms
        self.bases: list[ref[Any]] = []  # what refers to the memory

    def written(self) -> None:
        """Before the memory changes: what was made of it keeps what there was, and nothing more is concluded."""
        self.pristine = False
        for array in [reference() for reference in self.labelled]:
            if array is not None:
                array._label = None
        for base in [reference() for reference in self.bases]:
            if base is not None:
                base.dense = base.dense.copy()
        self.labelled, self.bases = [], []


def note(array: Any, base: Any = None) -> None:
    """Note that an array knows its tangent as terms, maybe of `base`, which refers to the same memory."""
    root = root_of(array)
    if root._noted is None:
        root._noted = Notes()
    root._noted.labelled.append(ref(array))
    if base is not None:
        root._noted.bases.append(ref(base))


def note_seed(lifted: Any) -> None:
    """Note that the zeros in a tangent are structural."""
    if hasattr(lifted, "_views"):
        lifted._noted = Notes(pristine=True)
    else:
        lifted._label = SEED


def is_seed(array: Any) -> bool:
    """Whether the tangent of an array is a seed, or a part of one, into which nobody has written."""
    noted = root_of(array)._noted
    return noted is not None and noted.pristine


def written(array: Any) -> None:
    """Before an array is written into."""
    noted = root_of(array)._noted
    if noted is not None:
        noted.written()


def root_of(array: Any) -> Any:
    """The array that a view is a view of, in the end; itself if it is none."""
    while array._base is not None:
        array = array._base
    return array


WRITTEN: ContextVar[bool] = ContextVar("WRITTEN", default=False)
"""Whether what is looked at is about to be written into: its zeros will not stay."""


def stays_zero(primal: Any, tangent: Any) -> bool:
    """Whether a plain tangent is a constant of a program and zero: its zeros are those of seeds, and need not be carried."""
    return isinstance(primal, Lifted) and is_recorded(primal) and not WRITTEN.get() and not np.any(tangent)


def changes(array: Any) -> None:
    """Before memory changes, or is given to somebody who may change it: what is recorded at present keeps what is there."""
    for program in [*PROGRAMS] if PROGRAMS else ():
        program.written(array)


def is_lent(array: Any) -> bool:
    """Whether somebody holds the plain array under a constant one, and may write into it when he likes."""
    return hasattr(array, "_views") and getattr(root_of(array), "_lent", False)
