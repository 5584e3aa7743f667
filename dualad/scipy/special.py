"""scipy.special with duals: every name of it. Ufuncs take duals by themselves; functions written in Python go by their rules.

>>> import numpy as np, dualad
>>> from dualad.scipy import special
>>> dualad.grad(special.logsumexp)(np.array([0.0, 0.0]))
array([0.5, 0.5])
"""

from __future__ import annotations

from typing import Any

from scipy import special

from ..rules.table import Composite, Function, find
from .dispatch import FUNCTIONS

__all__ = list(special.__all__)


def __getattr__(name: str) -> Any:
    """SciPy's own object, or what answers for it where duals are among its arguments."""
    known = getattr(special, name)
    row = find(known) if callable(known) else None
    return row.function if isinstance(row, (Composite, Function)) else known


for _name in __all__:
    if __getattr__(_name) is not getattr(special, _name):
        FUNCTIONS[getattr(special, _name)] = __getattr__(_name)


def __dir__() -> list[str]:
    return __all__
