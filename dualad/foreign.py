"""Arrays of other libraries that are treated in a way of their own, known by their classes: nothing is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def is_sparse(kind: type) -> bool:
    """Whether a class is one of SciPy's sparse matrices, which say nothing of it to NumPy's protocols."""
    return kind.__module__.startswith("scipy.sparse") and hasattr(kind, "tocsr")


def is_chunked(kind: type) -> bool:
    """Whether a class is dask's array, of which NumPy's functions are lazy: it may stand under a dual as well as beside one."""
    return kind.__module__.startswith("dask.array")


def relabelled(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same under units or labels of pint, xarray and pandas as `change` makes of what is there; anything else changed."""
    package = type(value).__module__.partition(".")[0]
    if package == "pint" and hasattr(value, "magnitude"):
        return type(value)(change(value.magnitude), value.units)
    if package == "xarray" and hasattr(value, "data_vars"):
        return value.map(lambda each: relabelled(each, change))
    if package == "xarray" and hasattr(value, "data"):
        return value.copy(data=change(value.data))
    if package == "pandas" and hasattr(value, "columns"):
        return value.apply(lambda column: relabelled(column, change))
    if package == "pandas" and hasattr(value, "map"):  # objects, one at a time
        plain = value.dtype != object or all(change(each) is each for each in value)
        return value if plain else value.map(change)
    return change(value)
