"""The book: what is known about NumPy, one fact in one place. Importing it reads every table."""

from . import elementwise, linalg, linear, norms, products, reductions, selecting, writing  # noqa: F401 - each fills the table
