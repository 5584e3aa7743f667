"""Normal equations of more points than memory holds, over dask: ``python -m benchmarks.chunks --points 100000000``.

The two-peak model by its eight parameters. J'J and J'r are summed over chunks on a cluster of this machine; the Jacobian is
never there as a whole. Beside it the same with derivatives written by hand over the same chunks, and a jitted Jacobian chunk
by chunk.
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

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from problem_curves import two_peaks  # the tests' own problem

P = np.array([1.0, 3.0, 0.5, 2.0, 6.0, 0.8, 0.1, 0.02])


def duals(p: Any, t: Any) -> tuple[Any, Any]:
    """Value and Jacobian by duals over chunks."""
    value, jacobian = dualad.value_and_jacfwd(two_peaks)(p, t)
    return value, jacobian.T


def by_hand(p: Any, t: Any) -> tuple[Any, Any]:
    """Value and Jacobian, whose rows share what they can."""
    a, m, s, b, n, w, offset, slope = p
    y, z = (t - m) / s, (t - n) / w
    one, two = np.exp(-0.5 * y**2), np.exp(-0.5 * z**2)
    high, low = a * one, b * two
    rows = [one, high * y / s, high * y**2 / s, two, low * z / w, low * z**2 / w, np.ones_like(t), t]
    return high + low + offset + slope * t, np.stack(rows)


def products(derivative: Callable[[Any, Any], Any], t: Any, seen: Any) -> list[Any]:
    """J'J and J'r as lazy arrays."""
    value, rows = derivative(P, t)
    return [rows @ rows.T, rows @ (value - seen)]


def compiled(t: Any, seen: Any) -> list[Any]:
    """The same, each chunk by a compiled Jacobian."""
    import dask.array as da

    fast = dualad.jit(dualad.value_and_jacfwd(two_peaks))

    def block(t: Any, seen: Any) -> Any:
        value, jacobian = fast(P, t)
        return np.column_stack([jacobian.T @ jacobian, jacobian.T @ (value - seen)])[None]

    size = ((1,) * t.numblocks[0], (8,), (9,))
    both = da.map_blocks(block, t, seen, new_axis=[1, 2], chunks=size, dtype=float).sum(axis=0)
    return [both[:, :8], both[:, 8]]


def main(argv: Sequence[str] | None = None) -> None:
    """Time the three ways, in turn, and print their medians."""
    parser = argparse.ArgumentParser("python -m benchmarks.chunks", description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10**7)
    parser.add_argument("--chunk", type=int, default=10**5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one way alone, by the beginning of its name: then the memory is its own")
    options = parser.parse_args(argv)
    import dask.array as da
    from distributed import Client, LocalCluster

    ways: dict[str, Callable[[Any, Any], list[Any]]] = {
        "by hand": lambda t, seen: products(by_hand, t, seen),
        "duals over chunks": lambda t, seen: products(duals, t, seen),
        "jit, chunk by chunk": compiled,
    }
    ways = {name: way for name, way in ways.items() if name.startswith(options.only or "")}
    times: dict[str, list[float]] = {name: [] for name in ways}
    first: Any = None
    with LocalCluster(processes=False, dashboard_address=":0") as cluster, Client(cluster) as client:
        t = da.linspace(0.0, 10.0, options.points, chunks=options.chunk)
        seen = two_peaks(P * 1.01, t)
        for _ in range(options.rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                answer = client.compute(way(t, seen), sync=True)
                times[name].append(time.perf_counter() - start)
                first = answer if first is None else first
                np.testing.assert_allclose(answer[0], first[0], rtol=1e-9, atol=1e-6 * options.points)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{options.points} points in chunks of {options.chunk}; at most {memory:.2f} GiB for all of it\n")
    print("| way | seconds, median | ratio |\n| --- | --- | --- |")
    least = statistics.median(next(iter(times.values())))
    for name, each in times.items():
        print(f"| {name} | {statistics.median(each):.2f} | {statistics.median(each) / least:.2f} |")


if __name__ == "__main__":
    main()
