"""Arrays of other libraries that are treated in a way of their own, known by their classes: nothing is imported."""

from __future__ import annotations


def is_sparse(kind: type) -> bool:
    """Whether a class is one of SciPy's sparse matrices, which say nothing of it to NumPy's protocols."""
    return kind.__module__.startswith("scipy.sparse") and hasattr(kind, "tocsr")


def is_chunked(kind: type) -> bool:
    """Whether a class is dask's array, of which NumPy's functions are lazy: it may stand under a dual as well as beside one."""
    return kind.__module__.startswith("dask.array")
