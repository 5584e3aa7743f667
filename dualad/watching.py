"""Who watches the operations at present: nobody, an observer that sees each call, or a block without tangents."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple

from .levels import Level

Observer = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], Any], None]


class Block(NamedTuple):
    """A `no_tangents` block: the level up to which it cuts, the frame that it stands in, and what watched before it."""

    level: Level
    frame: FrameType
    outer: Any


WATCH: ContextVar[Observer | Block | None] = ContextVar("WATCH", default=None)
STEPPED: ContextVar[bool] = ContextVar("STEPPED", default=False)
"""Whether stand-ins for NumPy's creators of arrays are at work for the code that runs at present."""


@contextmanager
def watching(watch: Observer | Block | None) -> Iterator[None]:
    """A block under another observer, or under none."""
    token = WATCH.set(watch)
    try:
        yield
    finally:
        WATCH.reset(token)


def carries(level: Level) -> bool:
    """Whether tangents of a level are carried at present: not inside `no_tangents`, but by a transform called there."""
    watch = WATCH.get()
    while watch.__class__ is Block:
        # A generator that rests inside a block leaves it open for whoever runs in the meantime; only the block of a frame
        # that is being executed counts.
        if level < watch.level and _runs(watch.frame):
            return False
        watch = watch.outer
    return True


def _runs(frame: FrameType) -> bool:
    """Whether a frame is on the stack."""
    here: FrameType | None = sys._getframe(1)
    while here is not None and here is not frame:
        here = here.f_back
    return here is not None
