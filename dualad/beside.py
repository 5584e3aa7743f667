"""Plain arrays beside recorded ones.

A rule may compute with an operand alone that does not vary, ``np.log(a)`` for the slope of ``a ** x``, or multiply it by a
seed. While the transform is recorded that has to be written down too, or the program would keep what is in the array now.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .lift import Lifted

PRODUCTS: frozenset[Any] = frozenset(
    [
        *(np.matmul, np.dot, np.vdot, np.inner, np.outer, np.tensordot, np.einsum, np.kron, np.convolve, np.correlate),
        *(np.vecdot, np.matvec, np.vecmat, np.linalg.matmul, np.linalg.vecdot, np.linalg.tensordot, np.linalg.outer),
    ]
)
"""Functions of several arrays, each of which may vary; arrays beside them are numbers, and no indices."""


def beside(recorded: Any, value: Any) -> Any:
    """A plain array of numbers as one of the recording to which what lies below a dual belongs, if it belongs to one."""
    while isinstance(recorded, Lifted) and not recorded.recorded:
        recorded = recorded.primal
    if not isinstance(recorded, Lifted) or value.__class__ is not np.ndarray or value.dtype.kind not in "iufc":
        return value
    tape: Any = recorded.tape  # type: ignore[attr-defined]  # a node has one
    return tape.node(tape.constant(value), value)
