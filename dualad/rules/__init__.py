"""The book: what is known about NumPy, one fact in one place. Importing it reads every table."""

from . import (  # noqa: F401 - each fills the table
    creating,
    domains,
    elementwise,
    grids,
    groups,
    histograms,
    joining,
    linalg,
    linear,
    nans,
    norms,
    padding,
    products,
    quantiles,
    reductions,
    selecting,
    series,
    sets,
    shaping,
    writing,
)
