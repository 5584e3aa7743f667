"""The book: what is known about NumPy, one fact in one place. Importing it reads every table."""

from . import (  # noqa: F401 - each fills the table
    creating,
    decompositions,
    elementwise,
    fft,
    joining,
    least_squares,
    linalg,
    linear,
    norms,
    orthogonal,
    polynomial,
    products,
    reductions,
    selecting,
    shaping,
    writing,
)
