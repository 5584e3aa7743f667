"""What one operation on a Dual costs beside the same operation on the plain array: ``python -m benchmarks.operations``.

Both are timed in turn in one process, many blocks of each, shorter than another program would interrupt; the table shows the
median of each and the median of the pairwise ratios, which hold better than either time when the machine is shared.
"""

from __future__ import annotations

import platform
import statistics
import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

import dualad

SIZE = 100
ROUNDS = 161

OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "np.sin(x)": np.sin,
    "np.exp(x)": np.exp,
    "x * x": lambda x: x * x,
    "x + 1.0": lambda x: x + 1.0,
    "x ** 2": lambda x: x**2,
    "np.maximum(x, 0.5)": lambda x: np.maximum(x, 0.5),
    "np.sum(x)": np.sum,
    "x[1:]": lambda x: x[1:],
    "x[3]": lambda x: x[3],
    "x @ x": lambda x: x @ x,
    "np.where(x > 0.5, x, 0.0)": lambda x: np.where(x > 0.5, x, 0.0),
}


def block(operation: Callable[[Any], Any], x: Any, number: int) -> float:
    """Microseconds for one call, over a block of calls."""
    return timeit.timeit(lambda: operation(x), number=number) / number * 1e6


def rows(x: np.ndarray[Any, Any], directions: int, number: int = 40) -> list[tuple[str, float, float, float]]:
    """For every operation: plain and dual microseconds, and their ratio; measured inside a transform, as users meet them."""
    table: list[tuple[str, float, float, float]] = []

    def measure(dual: Any) -> Any:
        for name, operation in OPERATIONS.items():
            pairs = [(block(operation, x, number), block(operation, dual, number)) for _ in range(ROUNDS)]
            plain, lifted = (statistics.median(times) for times in zip(*pairs, strict=True))
            table.append((name, plain, lifted, statistics.median(b / a for a, b in pairs)))
        return dual

    seeds = np.random.default_rng(0).standard_normal((directions, x.size))
    dualad.jacfwd(lambda t: measure(x + t @ seeds))(np.zeros(directions))
    return table


def main() -> None:
    """Print the table for one and for eight directions."""
    x = np.random.default_rng(1).random(SIZE)
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}; arrays of {SIZE} float64")
    for directions in (1, 8):
        print(f"\n{f'{directions} direction(s)':28}{'plain us':>10}{'dual us':>10}{'ratio':>8}")
        for name, plain, lifted, ratio in rows(x, directions):
            print(f"{name:28}{plain:10.2f}{lifted:10.2f}{ratio:8.1f}")


if __name__ == "__main__":
    main()
