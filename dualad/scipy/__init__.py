"""SciPy's functions for arrays with duals among them: ``dualad.scipy.linalg.expm(a)`` is ``scipy.linalg.expm(a)`` with its
derivative.

Every submodule stands in for SciPy's of the same name. Without duals among the arguments SciPy's own function answers; what
has no derivative rule is refused by name once a dual is among its arguments. SciPy is imported by the submodules, when they
are first used.

>>> import numpy as np, dualad
>>> a = np.array([[0.0, 1.0], [0.0, 0.0]])
>>> dualad.derivative(lambda t: dualad.scipy.linalg.expm(t * a)[0, 1])(2.0)
np.float64(1.0)
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

SUBMODULES = (
    "fft",
    "integrate",
    "interpolate",
    "linalg",
    "ndimage",
    "optimize",
    "signal",
    "sparse",
    "spatial",
    "special",
    "stats",
)


def __getattr__(name: str) -> Any:
    if name not in SUBMODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.{name}")


def read() -> None:
    """Read the rules for those of SciPy's packages that have been imported: the registries in `dispatch` know them then."""
    for name in (*SUBMODULES, "sparse.linalg", "spatial.distance", "spatial.transform"):
        if f"scipy.{name}" in sys.modules:
            importlib.import_module(f"{__name__}.{name}")
