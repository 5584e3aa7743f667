"""What jitted derivatives are to reach, beside what a saved run measured: ``python -m benchmarks.targets FILE``.

FILE is what ``python -m benchmarks --save FILE`` wrote. A figure is how many times as long as jitted dualad somebody took; what
is wanted at least stands in brackets, marked where it is missed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .report import duration, factor

Medians = Mapping[str, Mapping[str, float]]

WANTED = {
    "two peaks: Jacobian, n = 20": {"jax jit": 15.0, "numba by hand": 1 / 2, "casadi": 10.0},
    "two peaks: Jacobian, n = 10000": {"jax jit": 4.0, "numba by hand": 1 / 1.5},
    "two peaks: Jacobian, n = 1000000": {"jax jit": 2.0, "numba by hand": 1 / 1.5},
    "Black-Scholes: Jacobian, n = 1000000": {"jax jit": 3.0, "numba by hand": 1 / 1.5},
    "Black-Scholes: first and second partials, n = 1000000": {"jax jit": 3.0, "numba by hand": 1 / 1.5},
    "Rosenbrock: gradient, n = 2": {"casadi": 5.0},
    "Rosenbrock: gradient, n = 10": {"casadi": 2.5},
    "Rosenbrock: gradient, n = 1000000": {"jax jit": 2.0},
    "Rosenbrock: Hessian, n = 2": {"jax jit": 3.0, "casadi": 5.0},
    "Rosenbrock: Hessian, n = 10": {"jax jit": 2.0, "casadi": 2.5},
    "Rosenbrock: Hessian, n = 100": {"jax jit": 2.0},
    "likelihood: Hessian, n = 10000": {"jax jit": 3.0},
    "scalar function: gradient, n = 1": {"jax jit": 5.0},
    "robot arm: Jacobian, n = 6": {"jax jit": 8.0},
    "Robertson: Jacobian, n = 3": {"jax jit": 4.0},
    "x @ x.T: gradient, n = 1000": {"jax jit": 1 / 1.1, "torch.func": 1 / 1.1},
}
"""For each task whom jitted dualad is compared with; JAX is not to be quicker anywhere else either."""

ALSO = [
    ("two peaks: Jacobian, n = 1000000", "dualad jit into", "jax jit", 3.0),
    ("two-layer network: gradient, n = 128", "dualad", "numpy by hand", 1 / 1.2),
    *(
        (f"{name}: gradient, n = {size}", ours, plain, 1 / most)
        for name, size in (("Rosenbrock", 10**6), ("sum of squares", 10**6), ("two-layer network", 128))
        for ours, plain, most in (("dualad jit", "plain f jit", 4), ("dualad", "plain f", 8))
    ),
]
"""Other comparisons: a task, who is measured, by whom, and the ratio wanted. The last ones are what a gradient may cost."""

OTHERS = ("jax jit", "numba by hand", "casadi", "casadi buffer", "torch.func")


def cell(ratio: float, wanted: float | None) -> str:
    """A ratio, and what it should be."""
    if np.isnan(ratio):
        return ""
    if wanted is None:
        return factor(ratio)
    return f"{factor(ratio)} ({factor(wanted)}{'' if ratio >= wanted else ', missed'})"


def rows(medians: Medians, first: Medians) -> list[list[str]]:
    """For every task: its name, the first call, the median, that with `.into`, and the others' ratios."""
    table = []
    for task, times in medians.items():
        ours = times.get("dualad jit", np.nan)
        wanted = {"jax jit": 1.0, **WANTED.get(task, {})}
        named = [first[task].get("dualad jit", np.nan), ours, times.get("dualad jit into", np.nan)]
        cells = [cell(times.get(other, np.nan) / ours, wanted.get(other)) for other in OTHERS]
        table.append([task, *map(duration, named), *cells])
    return table


def main(argv: Sequence[str] | None = None) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser("python -m benchmarks.targets", description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="a saved run")
    content: dict[str, Any] = json.loads(parser.parse_args(argv).file.read_text(encoding="utf-8"))["tasks"]
    medians, first = (
        {task: {name: each[key] for name, each in lines.items()} for task, lines in content.items()}
        for key in ("median", "first")
    )
    heads = ["task", "first call", "jit", "`.into`", *OTHERS]
    for row in (heads, ["---"] * len(heads), *rows(medians, first)):
        print(f"| {' | '.join(row)} |")
    print("\n| task | measured | by | ratio |\n| --- | --- | --- | --- |")
    for task, ours, other, wanted in ALSO:
        times = medians.get(task, {})
        if ours in times and other in times:
            print(f"| {task} | {ours} | {other} | {cell(times[other] / times[ours], wanted)} |")


if __name__ == "__main__":
    main()
