"""SciPy's solvers with dualad's derivatives and with differences: ``python -m benchmarks.solvers``.

The problems are the tests' list of recipes. All ways take turns in one process. Shown are the calls that one solution takes, of
the function and of its derivative together, the first solution's time, with whatever is compiled, the median of the others, how
many times as long as with jitted functions that is, by the median of the rounds' ratios, and the answer's error. Time is that
of the processor, which other programs disturb little: set OPENBLAS_NUM_THREADS=1, or threads that wait for each other count.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests"))  # the list of recipes is the tests' own
from recipes import RECIPES, WAYS, Recipe, Way

from .report import duration, factor, processor

HEAD = f"{'':14}{'calls':>7}{'first':>11}{'median':>11}{'/ jit':>8}{'error':>9}"


def rows(recipe: Recipe, size: int, rounds: int, seconds: float) -> list[tuple[str, int, float, float, float, float]]:
    """For every way: its name, calls, first and median seconds, the ratio to jitted derivatives, and the error."""
    solvers, calls, first, errors = {}, {}, {}, {}
    for name in WAYS:
        way = Way(name)
        solvers[name] = recipe.prepare(way, size)
        start = time.process_time()
        answer = solvers[name]()
        first[name] = time.process_time() - start
        calls[name], errors[name] = way.calls, recipe.error(answer, size)
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    began = time.process_time()
    while len(taken[WAYS[0]]) < rounds and (not taken[WAYS[0]] or time.process_time() - began < seconds):
        for name, solve in solvers.items():
            start = time.process_time()
            solve()
            taken[name].append(time.process_time() - start)
    base = taken["dualad jit"]
    ratios = {name: statistics.median(own / other for own, other in zip(taken[name], base, strict=True)) for name in WAYS}
    return [(name, calls[name], first[name], statistics.median(taken[name]), ratios[name], errors[name]) for name in WAYS]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if an answer with dualad's derivatives is further off than it may be."""
    parser = argparse.ArgumentParser("python -m benchmarks.solvers", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME", help="problems whose name contains this")
    parser.add_argument("--quick", action="store_true", help="the tests' sizes, few rounds")
    options = parser.parse_args(argv)
    print(processor())
    failed = False
    for recipe in RECIPES:
        if options.only.lower() not in recipe.name.lower():
            continue
        size = recipe.size if options.quick else recipe.large
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what SciPy says of differences
            found = rows(recipe, size, *((3, 0.5) if options.quick else (15, 10.0)))
        print(f"\n{recipe.name}, n = {size}\n{HEAD}")
        for name, calls, first, median, ratio, error in found:
            print(f"{name:14}{calls:7}{duration(first):>11}{duration(median):>11}{factor(ratio):>8}{error:9.0e}")
            failed |= name.startswith("dualad") and error > recipe.tolerance
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
