"""What a peer is: one who computes a task, under a name."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .tasks import Task

Derivative = Callable[..., Any]


class Unable(Exception):
    """The library has no way to do this, or none that ends in reasonable time; without a reason, nobody asks for one."""


@dataclass(frozen=True)
class Peer:
    """One who takes part.

    Attributes
    ----------
    name
        What the table calls it.
    build
        From a task the function that computes it.
    package
        What has to be installed.
    tolerance
        How far its answer may be from the exact one, relative to the largest entry.
    work
        The largest `Task.work` it is given: beyond it a single call takes seconds.
    reverse
        Whether it takes gradients in reverse mode.
    checked
        False for the plain function, whose answer is not the derivative.
    traced
        Whether its arrays are NumPy's, so that tracemalloc sees its memory.
    steady
        For so many seconds it runs before it is timed: some become quicker in the course of a process.
    """

    name: str
    build: Callable[[Task], Derivative]
    package: str = "numpy"
    tolerance: float = 1e-9
    work: float = np.inf
    reverse: bool = False
    checked: bool = True
    traced: bool = False
    steady: float = 0.0

    def available(self) -> bool:
        """Whether it is installed."""
        return importlib.util.find_spec(self.package) is not None


def mirrored(upper: list[list[Any]]) -> list[list[Any]]:
    """All entries of a symmetric matrix from the rows of its upper triangle."""
    count = len(upper)
    return [[upper[min(i, j)][abs(i - j)] for j in range(count)] for i in range(count)]
