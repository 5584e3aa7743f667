"""What a fresh process waits for: ``python -m benchmarks.startup``. Imports, and a first Jacobian with and without caches.

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

CODES = {
    "python": "",
    "import numpy": "import numpy",
    "import dualad": "import dualad",
    "dualad, caches empty": FIRST + "import dualad; dualad.jacfwd(f)(p, t)",
    "dualad": FIRST + "import dualad; dualad.jacfwd(f)(p, t)",
    "jax jit": FIRST
    + "import jax; jax.config.update('jax_enable_x64', True)\n"
    + "np.asarray(jax.jit(jax.jacfwd(in_namespace(f, jax.numpy)))(p, t))",
    "autograd": FIRST
    + "from autograd import make_jvp, numpy as anp\n"
    + "push = make_jvp(in_namespace(f, anp))(p, t); np.stack([push(e)[1] for e in np.eye(8)], -1)",
    "scipy 2-point": FIRST + "from scipy.optimize._numdiff import approx_derivative; approx_derivative(f, p, args=(t,))",
}
NEEDS = {"jax jit": "jax", "autograd": "autograd", "scipy 2-point": "scipy"}


def run(code: str, cache: str | None) -> float:
    """Seconds that a new process takes, where wanted with a place for caches that is empty."""
    fresh = {} if cache is None else dict.fromkeys(("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "DUALAD_CACHE_DIR"), cache)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code.format(points=POINTS)], check=True, cwd=ROOT, env={**os.environ, **fresh})
    return time.perf_counter() - start


def medians(names: Sequence[str], rounds: int) -> dict[str, float]:
    """Seconds for each of the codes; one run ahead fills the caches."""
    times: dict[str, list[float]] = {name: [] for name in names}
    for index in range(rounds + 1):
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                taken = run(CODES[name], folder if name.endswith("caches empty") else None)
            if index:
                times[name].append(taken)
    return {name: statistics.median(each) for name, each in times.items()}


def main(rounds: int = 7) -> None:
    """Print the table."""
    names = [name for name in CODES if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
    table = medians(names, rounds)
    print(
        f"A new process, median of {rounds}; from dualad on: until the first Jacobian of two peaks at {POINTS} points is there"
    )
    for name in names:
        print(f"{name:22}{duration(table[name]):>12}")
    print(f"{'dualad over numpy':22}{duration(table['import dualad'] - table['import numpy']):>12}  of import")


if __name__ == "__main__":
    main()
