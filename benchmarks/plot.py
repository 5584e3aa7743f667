"""Time against size, drawn log-log: every peer a line, and below them the time that storing the result takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .base import Peer
from .tasks import Task
from .timing import measure, size

SIZES = (10, 30, 100, 300, 1000, 3000, 10**4, 3 * 10**4, 10**5, 3 * 10**5, 10**6)


def storage(task: Task) -> float:
    """Seconds for writing the result once into fresh memory: no way of computing it is faster."""
    count = size(task.exact) // 8
    repeats = max(3, min(1000, 10**6 // count))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        np.full(count, 1.0)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def sweep(task: Task, peers: Sequence[Peer], sizes: Sequence[int], **effort: Any) -> tuple[list[float], dict[str, list[float]]]:
    """The storage limit and every peer's median at each size; nan where there is none."""
    limits, medians = [], {peer.name: [] for peer in peers}
    for each in sizes:
        sized = Task(task.problem, task.kind, each)
        limits.append(storage(sized))
        for line in measure(sized, peers, **effort):
            medians[line.name].append(line.median)
    return limits, medians


def draw(task: Task, peers: Sequence[Peer], target: Path, sizes: Sequence[int] | None = None, **effort: Any) -> None:
    """Measure a task at growing sizes, up to the largest that the list marks, and save the picture."""
    from matplotlib.figure import Figure

    largest = max(task.problem.timed[task.kind])
    sizes = [each for each in SIZES if each <= largest] if sizes is None else sizes
    limits, medians = sweep(task, peers, sizes, **{"seconds": 3.0, **effort})
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for name, times in medians.items():
        if np.isfinite(times).any():
            ours = name.startswith("dualad")
            axes.loglog(sizes, times, "o-", label=name, linewidth=3 if ours else 1, markersize=4, zorder=3 if ours else 2)
    axes.loglog(sizes, limits, "k--", label="writing the result once")
    axes.set(xlabel="size", ylabel="seconds per call", title=replace(task, size=largest).name.rpartition(",")[0])
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(target)
    print(f"{target}: {len(sizes)} sizes")
