"""What is printed and saved: the machine, a table for every task, and JSON to compare a later run with."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .base import Peer
from .tasks import Task
from .timing import Line


def processor() -> str:
    """The CPU's name, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine(peers: Sequence[Peer]) -> dict[str, Any]:
    """Where and with what this run is made."""
    packages = sorted({peer.package for peer in peers} | {"numpy", "dualad", "numba"})
    return {
        "cpu": processor(),
        "cores": os.cpu_count(),
        "load": [round(each, 2) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
    }


def describe(where: dict[str, Any]) -> str:
    """The machine in a line, and the versions in another."""
    load = "" if where["load"] is None else f", load {where['load'][0]}"
    versions = ", ".join(f"{name} {each}" for name, each in where["packages"].items())
    return f"{where['cpu']}, {where['cores']} cores{load}, {where['system']}\nPython {where['python']}, {versions}"


def duration(seconds: float) -> str:
    """A time with three digits and its unit."""
    if np.isnan(seconds):
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale or unit == "us":
            digits = max(0, 2 - int(np.floor(np.log10(max(seconds / scale, 1e-2)))))
            return f"{seconds / scale:.{min(digits, 2)}f} {unit}"
    raise AssertionError


def factor(ratio: float) -> str:
    """A ratio to three digits."""
    return "" if np.isnan(ratio) else f"{ratio:.3g}" if ratio < 1000 else f"{ratio:.0f}"


def table(task: Task, lines: Sequence[Line], before: dict[str, float] | None = None) -> str:
    """One task's table: who, first call, median, ratio to dualad, error, memory, ratio to the saved run."""
    ours = [line for line in lines if line.name in ("dualad", "dualad jit") and line.rounds]
    columns: list[tuple[str, list[str]]] = [
        ("first call", [duration(line.first) for line in lines]),
        ("median", [duration(line.median) for line in lines]),
        *((f"/ {own.name}", [factor(line.over(own)) for line in lines]) for own in ours),
        ("error", ["" if np.isnan(line.error) else f"{line.error:.0e}" for line in lines]),
    ]
    if not all(np.isnan(line.peak) for line in lines):
        columns.append(("peak/result", [factor(line.peak) for line in lines]))
    if before is not None:
        columns.append(("now/saved", [factor(line.median / before.get(line.name, np.nan)) for line in lines]))
    width = max(16, *(len(line.name) + 2 for line in lines))
    wide = [max(12, len(head) + 2) for head, _ in columns]
    rows = [task.name, " " * width + "".join(f"{head:>{w}}" for (head, _), w in zip(columns, wide, strict=True))]
    for index, line in enumerate(lines):
        if line.rounds:
            rows.append(
                f"{line.name:{width}}" + "".join(f"{cells[index]:>{w}}" for (_, cells), w in zip(columns, wide, strict=True))
            )
        elif line.wrong:
            rows.append(f"{line.name:{width}}  {line.failure}, not timed")
    absent = [f"{line.name} ({line.failure})" for line in lines if line.failure and not line.wrong]
    if absent:
        rows.append("without " + "; ".join(absent))
    return "\n".join(row.rstrip() for row in rows) + "\n"


def saved(lines: Sequence[Line]) -> dict[str, Any]:
    """What of a table is kept."""
    return {
        line.name: {
            "first": line.first,
            "median": line.median,
            "rounds": list(line.rounds.values()),
            "error": line.error,
            "peak": None if np.isnan(line.peak) else line.peak,
        }
        for line in lines
        if line.rounds and not line.wrong
    }
