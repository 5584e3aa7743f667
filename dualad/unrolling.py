"""Whether a recording gives each direction a run of its own, and whether it may: runs that write into what is older than they
are would meet each other's results, where one run of all directions would not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Unrolling:
    """Of one recording: whether directions are to be unrolled, whether that was asked, and whether it went well."""

    def __init__(self, wanted: bool) -> None:
        self.wanted, self.asked, self.spoilt = wanted, False, False
        self.since: int | None = None  # when the outermost of several runs began

    @contextmanager
    def several(self) -> Iterator[None]:
        """A block in which a function runs several times."""
        before, self.since = self.since, next(clock)
        try:
            yield
        finally:
            self.since = before


UNROLLING: ContextVar[Unrolling | None] = ContextVar("UNROLLING", default=None)

clock = itertools.count()
"""Recorded arrays know when they were made."""


def written(born: int) -> None:
    """Note a write into a recorded array that was made at some time."""
    state = UNROLLING.get()
    if state is not None and state.since is not None and born < state.since:
        state.spoilt = True
