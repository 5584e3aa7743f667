"""Derivatives are computed without NumPy's warnings, which are about values: ``token = quiet()`` ... ``restore(token)``.

This is ``np.errstate(all="ignore")``, which is entered in every operation, by the context variable that it sets; that takes a
tenth of the time. Where NumPy keeps its state otherwise, errstate itself is used.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

quiet: Callable[[], Any]
restore: Callable[[Any], Any]


def _enter() -> Any:
    state = np.errstate(all="ignore")
    state.__enter__()
    return state


def _leave(state: Any) -> None:
    state.__exit__(None, None, None)


try:
    from numpy._core._ufunc_config import _extobj_contextvar, _make_extobj
except ImportError:
    quiet, restore = _enter, _leave
else:
    quiet, restore = partial(_extobj_contextvar.set, _make_extobj(all="ignore")), _extobj_contextvar.reset
