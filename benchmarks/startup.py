"""What a fresh process waits for: ``python -m benchmarks.startup``. Imports, a first Jacobian with and without caches, and the
first calls that need a kernel: one of numba's for a single operation, and one for the whole chain of a hot function.

Every figure is the median over processes that take turns, Python's own start included.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .report import duration

ROOT = Path(__file__).parent.parent
POINTS = 10**4

FIRST = """
import numpy as np
from benchmarks.tasks import PROBLEMS, in_namespace
problem = next(each for each in PROBLEMS if each.name == "two peaks")
f, (p, t) = problem.function, problem.arguments({points})
"""

KERNEL = """
import numpy as np, dualad
from dualad import kernels
for limit in ("START", "EACH", "CURIOUS", "LEAST", "SHARE"):
    setattr(kernels, limit, -1.0)  # else it is made when it has saved as much time as it costs
x = np.linspace(0.1, 2.0, {points})
dualad.jvp(np.arctan, (x,), (np.ones_like(x),))
"""

HOT = (
    FIRST
    + """
import dualad
from dualad import heat
heat.START = heat.EACH = -1.0  # the same
for _ in range(2):  # the first run shows that there is something to prepare
    dualad.jacfwd(f)(p, t)
"""
)

CODES = {
    "python": "",
    "import numpy": "import numpy",
    "import dualad": "import dualad",
    "dualad, caches empty": FIRST + "import dualad; dualad.jacfwd(f)(p, t)",
    "dualad": FIRST + "import dualad; dualad.jacfwd(f)(p, t)",
    "dualad, one kernel, caches empty": KERNEL,
    "dualad, one kernel": KERNEL,
    "dualad, hot, caches empty": HOT,
    "dualad, hot": HOT,
    "dualad jit, caches empty": FIRST + "import dualad; dualad.jit(dualad.jacfwd(f))(p, t)",
    "dualad jit": FIRST + "import dualad; dualad.jit(dualad.jacfwd(f))(p, t)",
    "jax jit": FIRST
    + "import jax; jax.config.update('jax_enable_x64', True)\n"
    + "np.asarray(jax.jit(jax.jacfwd(in_namespace(f, jax.numpy)))(p, t))",
    "autograd": FIRST
    + "from autograd import make_jvp, numpy as anp\n"
    + "push = make_jvp(in_namespace(f, anp))(p, t); np.stack([push(e)[1] for e in np.eye(8)], -1)",
    "scipy 2-point": FIRST + "from scipy.optimize._numdiff import approx_derivative; approx_derivative(f, p, args=(t,))",
}
NEEDS = {"jax jit": "jax", "autograd": "autograd", "scipy 2-point": "scipy"}


KEPT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""The environment of new processes, in which Python keeps its bytecode, as it does for everybody who did not forbid it."""


def run(code: str, cache: str | None) -> tuple[float, float]:
    """Seconds that a new process takes, by the clock and of processor, where wanted with an empty place for caches."""
    fresh = {} if cache is None else dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "DUALAD_CACHE_DIR"), cache)
    start, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", code.format(points=POINTS)], check=True, cwd=ROOT, env={**KEPT, **fresh})
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


def medians(names: Sequence[str], rounds: int) -> dict[str, tuple[float, float]]:
    """Both times for each of the codes; one run ahead fills the caches."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for index in range(rounds + 1):
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                taken = run(CODES[name], folder if name.endswith("caches empty") else None)
            if index:
                times[name].append(taken)
    return {name: tuple(map(statistics.median, zip(*each, strict=True))) for name, each in times.items()}


def main(rounds: int = 7) -> None:
    """Print the table."""
    names = [name for name in CODES if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
    table = medians(names, rounds)
    print(
        f"A new process, median of {rounds}; from dualad on: until the first Jacobian of two peaks at {POINTS} points is there"
    )
    print(f"{'':34}{'time':>12}{'processor':>12}")
    more = [ours - numpy for ours, numpy in zip(table["import dualad"], table["import numpy"], strict=True)]
    for name, taken in [*table.items(), ("import dualad over numpy", more)]:
        print(f"{name:34}" + "".join(f"{duration(each):>12}" for each in taken))


if __name__ == "__main__":
    main()
