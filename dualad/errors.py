"""Every error that dualad raises: one family, and each message says what was met, where, and what to write instead.

An error is also a ``TypeError`` or a ``ValueError``, whichever NumPy would have raised in its place, so that code
which catches those keeps working.
"""

from __future__ import annotations

__all__ = [
    "BadArgument",
    "CheckFailed",
    "DualadError",
    "EscapedDualError",
    "NoRule",
    "NotDifferentiable",
    "TangentLossError",
]


class DualadError(Exception):
    """The parent of all errors of dualad."""


class BadArgument(DualadError, ValueError):
    """An argument of a transform has the wrong shape, value or structure."""


class NotDifferentiable(DualadError, TypeError):
    """A value cannot be differentiated: its dtype is not numeric, or a gradient was asked of a non-scalar."""


class NoRule(DualadError, TypeError):
    """A NumPy function, or one of its keywords, has no derivative rule."""


class TangentLossError(DualadError, TypeError):
    """Going on would drop a derivative silently: ``float(dual)``, storing a dual in a plain array, and the like."""


class EscapedDualError(DualadError, ValueError):
    """A dual number is used after the transform that made it has returned."""


class CheckFailed(DualadError, AssertionError):
    """``check_derivatives`` found a derivative that differs from its reference."""
