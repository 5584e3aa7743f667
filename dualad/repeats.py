"""Which value stays where an index names a place several times.

NumPy writes in the order in which values and indices lie in memory, and the last one stays. Tangents lie otherwise than their
primal, so they may not be left to NumPy in the same way: another one would stay.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .lift import memory
from .linear import Linear


def _may_repeat(part: Any) -> bool:
    """Whether a part of an index is a table of integers. In a list of them the order is that of the list, for tangents too."""
    part = np.asarray(part) if part.__class__ is list else part
    return part.__class__ is ndarray and part.ndim > 1 and part.dtype.kind in "iu"


def write_rows(own: Any, key: Any, tangent: Any, primal: Any, value: Any) -> bool:
    """Write tangents of a value where its primal was written by an index that may name places several times. False if there is
    no need, or no way: then nothing is written."""
    if own.__class__ not in (ndarray, Linear) or tangent.__class__ not in (ndarray, Linear):
        return False
    if not any(map(_may_repeat, key if key.__class__ is tuple else (key,))):
        return False
    numbers = np.empty_like(memory(value), np.intp)
    numbers[...] = np.arange(numbers.size).reshape(numbers.shape)
    last = np.full_like(memory(primal), -1, np.intp)
    last[key] = numbers
    own[:, last >= 0] = tangent.reshape(len(tangent), -1)[:, last[last >= 0]]
    return True
