"""The command ``python -m benchmarks``: what derivatives of the list of problems cost, here and with whom else is installed.

Every answer is compared with the exact one before anything is timed; a wrong one is reported and makes the command fail.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from .peers import PEERS, chosen
from .report import describe, machine, saved, table
from .tasks import Task, tasks
from .timing import measure


def bar(items: Sequence[Any]) -> tuple[Iterable[Any], Callable[[str], None]]:
    """The items with a progress bar, where tqdm is installed and somebody looks; and a print that leaves the bar alone."""
    try:
        from tqdm import tqdm
    except ImportError:
        return items, lambda text: print(text, flush=True)
    return tqdm(items, disable=None, leave=False), lambda text: (tqdm.write(text), sys.stdout.flush())


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", metavar="NAME", help="tasks whose name contains this")
    parser.add_argument(
        "--peers", default="", metavar="LIST", help=f"beside dualad these only, with commas between: {[p.name for p in PEERS]}"
    )
    parser.add_argument("--quick", action="store_true", help="the smallest size of each, few rounds")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the medians as JSON")
    parser.add_argument("--against", type=Path, metavar="FILE", help="a column of ratios to a saved run")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="instead of tables, draw time against size for one problem")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 if dualad failed or anybody was wrong."""
    options = arguments(argv)
    peers = chosen(options.peers)
    selected: list[Task] = list(tasks(options.only, options.quick))
    if not selected:
        raise SystemExit(f"no task's name contains {options.only!r}; there are: {'; '.join(task.name for task in tasks())}")
    effort: dict[str, Any] = {"seconds": 0.4, "rounds": 5} if options.quick else {}
    if options.plot:
        from .plot import draw

        draw(selected[0], peers, options.plot, **effort)
        return 0
    before = json.loads(options.against.read_text(encoding="utf-8")) if options.against else None
    where = machine(peers)
    print(describe(where))
    if before:
        print(f"The saved run: {describe(before['machine'])}")
    print("Ratios: how many times as long as dualad, median over rounds in which all take turns.\n", flush=True)
    kept: dict[str, Any] = {}
    complaints: list[str] = []
    items, say = bar(selected)
    for task in items:
        lines = measure(task, peers, **effort)
        old = before and {name: each["median"] for name, each in before["tasks"].get(task.name, {}).items()}
        say(table(task, lines, old))
        kept[task.name] = saved(lines)
        complaints += [
            f"{task.name}: {line.name}: {line.failure}"
            for line in lines
            if line.wrong or (line.failure and line.name.startswith("dualad"))
        ]
    if options.save:
        options.save.write_text(json.dumps({"machine": where, "tasks": kept}, indent=1), encoding="utf-8")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
