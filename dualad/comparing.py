"""A second opinion: a derivative beside one difference of the function's own values, along a random direction.

An algorithm whose result does not depend smoothly on its input through its operations has the derivative of those operations,
which is not the one that is wanted: a bisection returns midpoints that do not move at all. Nothing is lost there, no error is
raised, and only the function's values can tell.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .before import Before
from .differences import differences
from .errors import BadArgument, DirectionWarning, depth
from .lift import Lifted
from .selection import Selection, cut, name_of
from .trees import flatten

CHECKS = (None, "direction")
ENOUGH = 1e-5  # relative to the largest entry; the differences' own error comes on top


def before_check(selection: Selection, check: Any) -> Before | None:
    """The state before the function runs, from which `compare` lets it run again; None if there is nothing to be checked."""
    if check not in CHECKS:
        raise BadArgument(f'{selection.name}: check={check!r}; it is None or "direction"')
    return None if check is None else Before(selection.f, selection.args, selection.kwargs)


def compare(selection: Selection, out: Any, tangents: list[Any], before: Before, batch_ndim: int = 0) -> None:
    """Warn if the tangents along all directions of the standard basis disagree with the values of f.

    Nothing is said inside another transform: its duals would be moved by differences.
    """
    if any(isinstance(primal, Lifted) for primal in selection.primals):
        return
    after = Before(selection.f, selection.args, selection.kwargs)
    random = np.random.default_rng(0)
    ones = (1,) * -batch_ndim  # axes of points that come last
    cores = [None if p is None else cut(np.shape(p), batch_ndim)[0] for p in selection.primals]
    moves = [None if core is None else random.standard_normal((*core, *ones)) for core in cores]
    weights = np.concatenate([np.ravel(move) for move in moves if move is not None])
    size = max([1.0, *(float(np.max(np.abs(p), initial=0.0)) for p in selection.primals if p is not None)])
    for index, (leaf, tangent) in enumerate(zip(flatten(out)[0], tangents, strict=True)):
        if leaf is None or not np.size(leaf):
            continue

        def along(t: float, index: int = index) -> Any:
            pairs = zip(selection.leaves, selection.primals, moves, strict=True)
            before.restore()  # f may write into its other arguments, or draw
            try:
                return flatten(selection.call([each if move is None else p + t * move for each, p, move in pairs]))[0][index]
            finally:
                after.restore()

        ours = np.tensordot(weights, tangent, 1)
        if not np.iscomplexobj(leaf):  # by a complex number, of a real one, the real part is along the real axis
            ours = np.real(ours)
        reference, error = differences(along, 1e-3 * size)
        scale = np.max(np.abs(reference), initial=0.0, where=np.isfinite(reference))
        wrong = np.abs(ours - reference) > ENOUGH * np.maximum(scale, np.abs(reference)) + 10.0 * error
        if np.any(wrong):
            entry = tuple(int(i) for i in np.argwhere(np.atleast_1d(wrong))[0])[: np.ndim(ours)]
            warnings.warn(
                f"{selection.name} of {name_of(selection.f)}: along a random direction the derivative of output {index}, entry "
                f"{entry}, is {ours[entry]:.6g}, and a difference of its values {np.asarray(reference)[entry]:.6g}: is the "
                "result found by bisection, rounding, or another algorithm that does not depend smoothly on its input? "
                "custom_jvp gives such a function its derivative",
                DirectionWarning,
                stacklevel=depth() + 1,
            )
            return
