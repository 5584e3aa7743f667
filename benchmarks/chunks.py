"""Normal equations of more points than memory holds, over dask: ``python -m benchmarks.chunks --points 100000000``.

The two-peak model by its eight parameters. J'J and J'r are summed over chunks on a cluster of this machine; the Jacobian is
never there as a whole. Beside it the same with derivatives written by hand in NumPy over the same chunks, and with duals or a
jitted Jacobian in place of these.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dualad
from dualad.progress import shown

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from problem_curves import two_peaks  # the tests' own problem

P = np.array([1.0, 3.0, 0.5, 2.0, 6.0, 0.8, 0.1, 0.02])


def by_hand(p: Any, t: Any) -> tuple[Any, Any]:
    """Value and Jacobian, whose columns share what they can."""
    a, m, s, b, n, w, offset, slope = p
    y, z = (t - m) / s, (t - n) / w
    one, two = np.exp(-0.5 * y**2), np.exp(-0.5 * z**2)
    high, low = a * one, b * two
    rows = [one, high * y / s, high * y**2 / s, two, low * z / w, low * z**2 / w, np.ones_like(t), t]
    return high + low + offset + slope * t, np.stack(rows).T


def lazily(derivative: Callable[[Any, Any], Any], t: Any, seen: Any) -> Any:
    """J'J beside J'r, of a value and a Jacobian that are lazy arrays themselves."""
    import dask.array as da

    value, jacobian = derivative(P, t)
    return da.concatenate([jacobian.T @ jacobian, (jacobian.T @ (value - seen))[:, None]], axis=1)


def by_chunk(derivative: Callable[[Any, Any], Any], t: Any, seen: Any) -> Any:
    """The same of NumPy's arrays, a chunk at a time."""
    import dask.array as da

    def block(t: Any, seen: Any) -> Any:
        value, jacobian = derivative(P, t)
        return np.column_stack([jacobian.T @ jacobian, jacobian.T @ (value - seen)])[None]

    size = ((1,) * t.numblocks[0], (8,), (9,))
    return da.map_blocks(block, t, seen, new_axis=[1, 2], chunks=size, dtype=float).sum(axis=0)


duals = dualad.value_and_jacfwd(two_peaks)
compiled = dualad.jit(duals)

WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "by hand in NumPy, chunk by chunk": lambda t, seen: by_chunk(by_hand, t, seen),
    "duals over lazy arrays": lambda t, seen: lazily(duals, t, seen),
    "duals, chunk by chunk": lambda t, seen: by_chunk(duals, t, seen),
    "jit, chunk by chunk": lambda t, seen: by_chunk(compiled, t, seen),
}


def main(argv: Sequence[str] | None = None) -> None:
    """Time the ways, in turn, and print their medians."""
    parser = argparse.ArgumentParser("python -m benchmarks.chunks", description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10**7)
    parser.add_argument("--chunk", type=int, default=10**5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one way alone, by the beginning of its name: then the memory is its own")
    options = parser.parse_args(argv)
    import dask.array as da
    from distributed import Client, LocalCluster

    ways = {name: way for name, way in WAYS.items() if name.startswith(options.only or "")}
    times: dict[str, list[float]] = {name: [] for name in ways}
    first: Any = None
    with LocalCluster(processes=False, dashboard_address=":0") as cluster, Client(cluster) as client:
        t = da.linspace(0.0, 10.0, options.points, chunks=options.chunk)
        seen = two_peaks(P * 1.01, t)
        turns = [(name, way) for _ in range(options.rounds) for name, way in ways.items()]
        for name, way in shown(turns, len(turns), "run"):
            start = time.perf_counter()
            answer = client.compute(way(t, seen), sync=True)
            times[name].append(time.perf_counter() - start)
            first = answer if first is None else first
            size = np.max(np.abs(first), axis=0)  # of a column: J'r is much smaller than J'J
            assert np.all(np.abs(answer - first) <= 1e-9 * size), name
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.points} points in chunks of {options.chunk}; at most {memory:.2f} GiB for all of it\n")
    print("| way | seconds, median | ratio |\n| --- | --- | --- |")
    least = statistics.median(next(iter(times.values())))
    for name, each in times.items():
        print(f"| {name} | {statistics.median(each):.2f} | {statistics.median(each) / least:.2f} |")


if __name__ == "__main__":
    main()
