"""Sparse derivatives: ``python -m benchmarks.sparse``. A Jacobian again and again, and the pattern of a large grid.

Every answer is compared before it is timed; everybody takes turns. Times are those of the processor, which other programs
disturb little: nothing here has more than one thread.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import dualad

from .report import describe, duration
from .report import machine as where
from .tasks import PROBLEMS

CELLS = 1000
SIDE = 316
CALLS = 5


def grid(u: Any) -> Any:
    """The residual of a nonlinear equation on a square grid."""
    side = int(np.sqrt(u.size))
    u = u.reshape(side, side)
    padded = np.pad(u, 1)
    around = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
    return (4.0 * u - around + np.exp(u)).ravel()


def in_turn(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each in every round, after an untimed call that has the caches to itself."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            function()
            start = time.process_time()
            for _ in range(CALLS):
                function()
            times[name].append((time.process_time() - start) / CALLS)
    return times


def jacobians(cells: int = CELLS) -> dict[str, Callable[[], Any]]:
    """The Brusselator's Jacobian at one point, by whom there is, compared with the exact one."""
    from scipy.optimize._numdiff import approx_derivative, group_columns  # behind jac_sparsity=; without a public name

    problem = next(each for each in PROBLEMS if each.name == "Brusselator")
    f, (y,) = problem.function, problem.arguments(cells)
    pattern = dualad.jacobian_sparsity(f, y).astype(float)
    groups = group_columns(pattern)
    ours = {"sparse_jacfwd": dualad.sparse_jacfwd(f), "sparse_jacfwd of jit": dualad.sparse_jacfwd(dualad.jit(f))}
    every: dict[str, Callable[[], Any]] = {
        **{name: lambda function=function: function(y) for name, function in ours.items()},
        "jacfwd": lambda: dualad.jacfwd(f)(y),
        f"SciPy 2-point, {groups.max() + 1} groups": lambda: approx_derivative(f, y, sparsity=(pattern, groups)),
    }
    exact = problem.jacobian(y)
    for name, function in every.items():
        function()
        answer = function()
        error = np.max(np.abs((answer if isinstance(answer, np.ndarray) else answer.toarray()) - exact)) / np.max(np.abs(exact))
        assert error < (1e-12 if "SciPy" not in name else 1e-6), (name, error)
    return every


def patterns(sides: tuple[int, ...] = (SIDE // 2, SIDE)) -> None:
    """Seconds and memory for the pattern of a grid, and its colouring."""
    from dualad.sparse.colouring import column_colouring

    column_colouring(dualad.jacobian_sparsity(grid, np.ones(sides[-1] ** 2)))  # numba starts, and compiles
    for side in sides:
        u = np.ones(side * side)
        start = time.process_time()
        pattern = dualad.jacobian_sparsity(grid, u)
        found = time.process_time()
        colours = column_colouring(pattern)
        ended = time.process_time()
        tracemalloc.start()
        dualad.jacobian_sparsity(grid, u)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert pattern.nnz == 5 * side**2 - 4 * side
        cost = f"{duration(found - start)}, peak {peak / side**2:.0f} bytes each"
        print(f"pattern of a grid of {side**2}: {cost}; colouring {duration(ended - found)}, {colours.max() + 1} colours")


def main(rounds: int = 15, cells: int = CELLS, sides: tuple[int, ...] = (SIDE // 2, SIDE)) -> None:
    """Print the figures."""
    print(describe(where([])))
    print(f"Brusselator of {cells} cells, Jacobian repeated; median of {rounds}, and ratio to sparse_jacfwd round by round")
    times = in_turn(jacobians(cells), rounds)
    ours = times["sparse_jacfwd"]
    for name, taken in times.items():
        ratio = statistics.median(one / other for one, other in zip(taken, ours, strict=True))
        print(f"{name:28}{duration(statistics.median(taken)):>12}{ratio:>10.3g}")
    patterns(sides)


if __name__ == "__main__":
    main()
