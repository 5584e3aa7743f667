"""The book: what is known about NumPy, one fact in one place. Importing it reads every table."""

from . import (  # noqa: F401 - each fills the table
    creating,
    elementwise,
    joining,
    linalg,
    linear,
    norms,
    products,
    reductions,
    selecting,
    shaping,
    writing,
)
