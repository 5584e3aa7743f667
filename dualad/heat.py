"""How hot a function is: one that has been differentiated for a while is worth some preparation (`pending`)."""

from __future__ import annotations

import sys

START, EACH = 0.25, 0.1
"""For so many seconds a function has been run before something is prepared for it: it takes the first to load LLVM, the second
to make a kernel where that is loaded. So nobody ever waits for more than about twice the time of the better of both ways."""


SHORT = 3
"""Chains that have fewer steps, on the average, save nothing."""

OFTEN = 32
"""After so many runs that is known."""


class Heat:
    """What is known of a function: the seconds that it ran for, and whether there is no point in more than that; of hot runs
    how many there were, how many kinds of chains were met, how many tangents were asked for, and how many steps led to them."""

    __slots__ = ("asked", "chains", "cold", "runs", "seconds", "steps")

    def __init__(self) -> None:
        self.seconds, self.cold = 0.0, False
        self.runs = self.chains = self.asked = self.steps = 0

    @property
    def hot(self) -> bool:
        """Whether it has run for as long as it would take to do better, and that is better."""
        if self.cold or self.seconds <= EACH or (self.seconds <= START and "dualad.simd" not in sys.modules):
            return False
        self.cold = self.runs > OFTEN and self.steps < SHORT * max(1, self.asked)
        return not self.cold
