"""Every error that dualad raises: one family, and each message says what was met, where, and what to write instead.

An error is also a ``TypeError`` or a ``ValueError``, whichever NumPy would have raised in its place, so that code
which catches those keeps working.

>>> import numpy as np, dualad
>>> try:
...     dualad.grad(np.sum)("text")
... except dualad.errors.DualadError as error:
...     print(type(error).__name__, isinstance(error, TypeError))
NotDifferentiable True
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NoReturn

__all__ = [
    "BadArgument",
    "BranchWarning",
    "CheckFailed",
    "CompilationWarning",
    "DirectionWarning",
    "DropInWarning",
    "DualadError",
    "EscapedDualError",
    "GuardFailed",
    "InaccurateWarning",
    "NoRule",
    "NotDifferentiable",
    "RandomNumbers",
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


class GuardFailed(DualadError, ValueError):
    """A recorded graph is computed with values for which the function would have gone another way."""


class RandomNumbers(DualadError, ValueError):
    """A function that is recorded draws random numbers, which would be the same whenever the graph is computed."""


class BranchWarning(UserWarning):
    """A sparsity pattern is that of the ways that a function went, and it may go others."""


class CompilationWarning(UserWarning):
    """A jitted function runs as it is."""


class InaccurateWarning(UserWarning):
    """A derivative by differences has few digits."""


class DropInWarning(UserWarning):
    """A function lost a tangent, and was run again with stand-ins for what it builds arrays with."""


class DirectionWarning(UserWarning):
    """A derivative disagrees with a difference of the function's values along a random direction."""


class CheckFailed(DualadError, AssertionError):
    """``check_derivatives`` found a derivative that differs from its reference."""


INFRASTRUCTURE = frozenset(
    ("dualad", "numpy", "scipy", "numba", "llvmlite", "pandas", "matplotlib", "xarray", "dask", "pint", "optree")
)
"""Packages between the user's code and us: messages name the line that called them, and what they make must be NumPy's."""


def caller() -> str:
    """The nearest line of code on the stack that is the user's, as file:line."""
    frame = sys._getframe(depth())
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def depth() -> int:
    """How many frames above the one that asks the nearest code of the user's stands."""
    frame, steps = sys._getframe(1), 0
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in INFRASTRUCTURE:
        frame, steps = frame.f_back, steps + 1
    return steps


class Trail:
    """What one run of a function left behind that its result does not show.

    Attributes
    ----------
    losses
        The errors with which a tangent was kept from being dropped, in order: code between may have swallowed them.
    objects
        Whether an object array was handed out in place of a lifted one.
    handed
        By the identity of its elements, which object array it was, and the place in it.
    """

    __slots__ = ("handed", "losses", "objects")

    def __init__(self) -> None:
        self.losses: list[TangentLossError] | None = None  # each of them is there when something happens, which is rare
        self.objects = False
        self.handed: dict[int, tuple[Any, int]] | None = None


TRAIL: ContextVar[Trail | None] = ContextVar("TRAIL", default=None)


def refuse(what: str, instead: str) -> NoReturn:
    """Raise because `what` would lose a tangent; `instead` says what keeps it."""
    error = TangentLossError(f"{what} at {caller()} would drop the tangent of a dual number: {instead}")
    trail = TRAIL.get()
    if trail is not None:
        trail.losses = [*(trail.losses or ()), error]
    raise error


def called(function: Callable[..., Any]) -> str:
    """A function's name as it is written in code; a ufunc has no module, and its methods are bound to it."""
    owner = getattr(function, "__self__", None)
    if hasattr(owner, "nin"):
        return f"{called(owner)}.{function.__name__}"  # type: ignore[arg-type]  # a ufunc's method
    known = getattr(sys.modules.get("numpy"), function.__name__, None) is function  # other packages' ufuncs name no module
    module = getattr(function, "__module__", None) or ("numpy" if known else "")
    return re.sub(r"^numpy\b", "np", f"{module}.{function.__name__}").lstrip(".")


def no_rule(function: Callable[..., Any]) -> NoRule:
    """The error for a function that the rule table does not know."""
    return NoRule(
        f"{called(function)}, called at {caller()}, has no derivative rule. Rewrite it with functions that have one, give a "
        "ufunc a row with dualad.rule, wrap the code around it in dualad.custom_jvp, or pass dualad.stop_gradient(x) if it is "
        "not to be differentiated."
    )
