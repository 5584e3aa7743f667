"""Which calls give arrays whose shape, or dtype, depends on values.

A program holds for the shapes that it was recorded with, whether it needs the arrays themselves or only how long they are. So
the lines of such calls stay in a graph: computing one looks whether it has the shape that it had.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .lines import Line, lines_in

SIZED = frozenset(
    [
        *("arange", "argwhere", "bincount", "compress", "delete", "extract", "flatnonzero", "insert", "ix_", "nonzero"),
        *("histogram", "histogram2d", "histogram_bin_edges", "histogramdd", "repeat", "trim_zeros"),
        *("unique", "unique_all", "unique_counts", "unique_inverse", "unique_values"),
        *("intersect1d", "setdiff1d", "setxor1d", "union1d"),
        *("poly", "polydiv", "polyfit", "polymul", "roots", "lstsq", "null_space", "orth"),
        *("eig", "eigvals", "real_if_close", "sqrtm", "logm", "fractional_matrix_power"),  # real or complex
        *("sqrt", "log", "log2", "log10", "logn", "arccos", "arcsin", "arctanh", "power"),  # of np.emath
    ]
)
"""Functions of NumPy and SciPy that look at values for it, by name: ufuncs are none of them."""

MADE = frozenset(
    [
        *("array_split", "split", "hsplit", "vsplit", "dsplit", "broadcast_to", "full", "linspace", "pad", "reshape"),
        *("resize", "tile", "geomspace", "logspace"),
    ]
)
"""Functions that take shapes, or places where to cut, from their other arguments."""

VIEWED: frozenset[Any] = frozenset(
    [
        *(np.reshape, np.broadcast_to, np.swapaxes, np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze, np.transpose),
        *(np.diagonal, np.rot90, np.flip, np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit),
    ]
)
"""Functions whose integers decide where a view lies: they are part of the program."""

FIXED = frozenset(["cast", "choose", "item", "scattered", "select", "take", "take_along_axis", "where", "written"])
"""Functions that take integers, and give the shape of their arguments for any."""

OURS = ("numpy", "_operator", "dualad")
"""Packages whose other functions are known to ask shapes only."""


def is_sized(line: Line) -> bool:
    """Whether a call may give another shape or dtype for other values of what varies among its arguments."""
    function: Any = line.function
    if isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc):
        return False
    inputs = list(line.inputs())
    if not inputs:
        return False
    if function is operator.getitem:
        return any(each.dtype.kind == "b" for each in lines_in(line.args[1]))
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None) or "numpy"
    if name in SIZED or module.partition(".")[0] not in OURS or module == "dualad.scipy.steps":
        return True
    if name in FIXED:
        return name == "where" and len(line.args) == 1
    if name in MADE:
        return bool(lines_in((line.args[1:], line.keywords)))
    return any(each.dtype.kind in "iu" and not each.shape for each in inputs)
