"""Levels: which transform a lifted array belongs to, and which of two is the inner one."""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

from .errors import EscapedDualError, caller


class Level(int):
    """The identity of one call of a transform: a number that grows, so that an inner call ranks above an outer one.

    Numbers are even; the odd one below belongs to the tangents of that call, where those are lifted themselves: under the
    dual, above any dual of an outer transform that they may meet.
    """

    alive: bool
    transform: str
    program: Any = None  # where its tangents are written down, in reverse mode
    tape: Any = None  # where steps are written down whose tangents are computed later (`pending`)
    _numbers = itertools.count(2, 2)

    @classmethod
    def fresh(cls, transform: str) -> Level:
        level = cls(next(cls._numbers))
        level.transform, level.alive = transform, True
        return level

    @cached_property
    def below(self) -> Level:
        """The level of its tangents."""
        level = Level(self - 1)
        level.transform, level.alive = self.transform, self.alive
        return level

    def __enter__(self) -> Level:
        return self

    def __exit__(self, *exception: object) -> None:
        self.alive, self.tape = False, None
        if "below" in self.__dict__:
            self.below.alive = False

    def require_alive(self) -> None:
        """Raise if the transform has returned: its directions mean nothing any more."""
        if not self.alive:
            raise EscapedDualError(
                f"a dual number of {self.transform} is used at {caller()} after {self.transform} has returned: it was kept in "
                "a global, a closure or a generator. Return it from the function (or as aux), or use stop_gradient."
            )


GROUND = Level(0)
"""The level below all others, of arrays that no transform differentiates by; it ends with the process."""
GROUND.transform, GROUND.alive = "no transform", True
