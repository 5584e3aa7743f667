"""How hot a function is: one that has been differentiated for a while is worth some preparation (`pending`)."""

from __future__ import annotations

import sys

START, EACH = 0.25, 0.1
"""For so many seconds a function has been run before something is prepared for it: it takes the first to load LLVM, the second
to make a kernel where that is loaded. So nobody ever waits for more than about twice the time of the better of both ways."""


class Heat:
    """What is known of a function: the seconds that it ran for, the chains that were met, and whether there is no point in
    any more."""

    __slots__ = ("chains", "cold", "seconds")

    def __init__(self) -> None:
        self.seconds, self.chains, self.cold = 0.0, 0, False

    @property
    def hot(self) -> bool:
        """Whether it has run for as long as it would take to do better."""
        return self.seconds > EACH and not self.cold and (self.seconds > START or "dualad.simd" in sys.modules)
