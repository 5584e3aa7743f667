"""How times are taken: answers compared first, then all in turn in one process, round after round."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .base import Derivative, Peer, Unable
from .tasks import Task, difference

BLOCK = 2e-3
"""Seconds: calls that are shorter are timed several together."""
WARM = 2e-2
"""Seconds: calls that are shorter run once untimed after the others' turn, which has emptied the caches."""


@dataclass
class Line:
    """One peer's answer to one task: seconds of the first call, seconds per call of every round, or why there are none."""

    peer: Peer
    first: float = np.nan
    error: float = np.nan
    failure: str = ""
    peak: float = np.nan
    rounds: dict[int, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The peer's."""
        return self.peer.name

    @property
    def wrong(self) -> bool:
        """Whether its answer is not the derivative."""
        return self.peer.checked and self.error > self.peer.tolerance

    @property
    def median(self) -> float:
        """Seconds per call; nan where it was not timed."""
        return statistics.median(self.rounds.values()) if self.rounds else np.nan

    def over(self, other: Line) -> float:
        """How many times longer than another it takes: the median of the ratios within a round."""
        both = self.rounds.keys() & other.rounds.keys()
        return statistics.median(self.rounds[each] / other.rounds[each] for each in both) if both else np.nan


def first_call(line: Line, task: Task) -> Derivative | None:
    """Build the function, call it once, compare its answer; None, with the reason in the line, where that does not succeed."""
    if task.work(line.peer.reverse) > line.peer.work:
        line.failure = "too long at this size"
        return None
    try:
        start = time.perf_counter()
        function = line.peer.build(task)
        answer = function(*task.inputs)
        line.first = time.perf_counter() - start
    except Unable as reason:
        line.failure = str(reason)
        return None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as reason:  # whatever a library raises, Rust's panics too, the table goes on without it
        line.failure = f"{type(reason).__name__}: {str(reason).strip().partition(chr(10))[0][:90]}"
        return None
    if line.peer.checked:
        line.error = difference(answer, task.exact)
    if line.wrong:
        line.failure = f"WRONG by {line.error:.1e}"
        return None
    return function


def seconds_per_call(function: Derivative, inputs: tuple[Any, ...], number: int) -> float:
    """Of a block of calls."""
    start = time.perf_counter()
    for _ in range(number):
        function(*inputs)
    return (time.perf_counter() - start) / number


def peak(function: Derivative, inputs: tuple[Any, ...]) -> float:
    """The most memory that a call holds, over the size of its result."""
    tracemalloc.start()
    try:
        answer = function(*inputs)
        highest = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return highest / size(answer)


def size(answer: Any) -> int:
    """Bytes of all arrays of an answer."""
    return sum(map(size, answer)) if isinstance(answer, (tuple, list)) else np.asarray(answer).nbytes


def measure(task: Task, peers: Sequence[Peer], seconds: float = 5.0, rounds: int = 21) -> list[Line]:
    """Every peer's line for a task.

    Parameters
    ----------
    task
        What to compute.
    peers
        Who computes.
    seconds
        For all rounds together; whoever has used up a fair share of it, sits out the rest. First calls come on top.
    rounds
        The most rounds.
    """
    lines = [Line(peer) for peer in peers]
    collecting = gc.isenabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries' advice on how they want to be used
        functions = {line.name: function for line in lines if (function := first_call(line, task))}
        running = [line for line in lines if line.name in functions]
        for line in running:
            settle(line, functions[line.name], task, min(line.peer.steady, 2 * seconds))
        running = [line for line in running if not line.wrong]
        try:
            take_turns(running, functions, task.inputs, seconds, rounds)
        finally:
            if collecting:
                gc.enable()
        for line in running:
            if line.peer.traced and size(task.exact) >= 10**6 and line.median < 3.0:
                line.peak = peak(functions[line.name], task.inputs)
    return lines


def settle(line: Line, function: Derivative, task: Task, seconds: float) -> None:
    """Let a function run until it does what it does in the end, and compare that answer too."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        answer = function(*task.inputs)
    if line.peer.checked and seconds:
        line.error = max(line.error, difference(answer, task.exact))
    if line.wrong:
        line.failure = f"WRONG by {line.error:.1e} in the end"


def take_turns(
    running: Sequence[Line], functions: dict[str, Derivative], inputs: tuple[Any, ...], seconds: float, rounds: int
) -> None:
    """Fill the lines' rounds; garbage is collected between turns only."""
    expected = {line.name: seconds_per_call(functions[line.name], inputs, 1) for line in running}
    share = seconds / max(1, len(running))
    spent = dict.fromkeys(expected, 0.0)
    for index in range(rounds):
        for line in running:
            name, function = line.name, functions[line.name]
            if spent[name] + expected[name] > share:
                if not index:
                    line.rounds[0] = expected[name]  # one call is all there is time for
                continue
            gc.enable()
            gc.collect(0)
            gc.disable()
            start = time.perf_counter()
            if expected[name] < WARM:
                function(*inputs)
            expected[name] = seconds_per_call(function, inputs, max(1, int(BLOCK / expected[name])))
            line.rounds[index] = expected[name]
            spent[name] += time.perf_counter() - start
