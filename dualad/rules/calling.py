"""The arguments of a call as rules take them: without what NumPy passes on for its own sake, and `out` by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import OVERWRITE, Array, Rule

IN_PLACE = ([(-2, -1), (-2, -1), (-2, -1)], [(-1,), (-2, -1), (-1,)])
"""What ndarray's ``@=`` asks np.matmul for: the axes that it takes anyway, of matrices and of a vector."""


def prepared(row: Rule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments as rules take them, and `out` by itself: without what NumPy passes on as "not given"."""
    if kwargs:
        kwargs = {name: value for name, value in kwargs.items() if value is not np._NoValue and name != OVERWRITE}
    if row.function is np.matmul and kwargs.get("axes") in IN_PLACE:
        kwargs = {name: value for name, value in kwargs.items() if name != "axes"}
    out = kwargs.pop("out", None)
    place = getattr(row, "out", None)
    if place is not None and len(args) > place:
        out, args = args[place], (*args[:place], None, *args[place + 1 :])
    place = getattr(row, "overwrite", None)
    if place is not None and len(args) > place:
        args = (*args[:place], False, *args[place + 1 :])
    return args, kwargs, out


def into(row: Rule, temporary: Array, *args: Any, **kwargs: Any) -> Any:
    """The row's function writing into a temporary: NumPy decides on precision there, and on shapes that do not fit."""
    place = getattr(row, "out", None)
    if place is None or len(args) <= place:
        return row.function(*args, **kwargs, out=temporary)
    return row.function(*args[:place], temporary, *args[place + 1 :], **kwargs)
