"""What a gradient costs as the number of inputs grows, in four ways: ``python -m benchmarks.ways``.

The function is a product times a sum of sines. Differences evaluate it twice per input, symbols grow with the formula, forward
mode carries a direction per input, and reverse mode walks back once, however many inputs there are.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import dualad

SIZES = (1, 3, 10, 30, 100, 300, 1000)
SYMBOLS = 100
"""With more inputs than this the formula of the derivative takes minutes to write."""


def f(x: Any) -> Any:
    """The function: every input is in every partial derivative."""
    return np.exp(np.sum(np.log(x))) * np.sum(np.sin(x))


def differences(n: int) -> Callable[[Any], Any]:
    """Central differences, two evaluations per input."""

    def gradient(x: Any) -> Any:
        answer = np.empty(n)
        for i in range(n):
            step = np.zeros(n)
            step[i] = 1e-6
            answer[i] = (f(x + step) - f(x - step)) / 2e-6
        return answer

    return gradient


def symbolic(n: int) -> Callable[[Any], Any]:
    """SymPy's formula of each partial derivative, made a function of NumPy's."""
    import sympy

    names = sympy.symbols(f"x:{n}")
    formula = sympy.exp(sum(map(sympy.log, names))) * sum(map(sympy.sin, names))
    compiled = sympy.lambdify(names, [sympy.diff(formula, name) for name in names], "numpy")
    return lambda x: np.array(compiled(*x))


WAYS: dict[str, Callable[[int], Callable[[Any], Any]]] = {
    "the function itself": lambda n: f,
    "differences": differences,
    "symbols": symbolic,
    "forward mode": lambda n: dualad.grad(f, mode="forward"),
    "reverse mode": lambda n: dualad.grad(f, mode="reverse"),
    "forward mode, jit": lambda n: dualad.jit(dualad.grad(f, mode="forward")),
    "reverse mode, jit": lambda n: dualad.jit(dualad.grad(f, mode="reverse")),
}


def median(gradient: Callable[[Any], Any], x: Any, seconds: float) -> float:
    """Seconds for one call, in the middle of those that fit into some time."""
    times: list[float] = []
    while sum(times) < seconds or len(times) < 3:
        start = time.perf_counter()
        gradient(x)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measured(sizes: Sequence[int] = SIZES, seconds: float = 0.2) -> dict[str, list[float]]:
    """The median of every way at every size; nan where it is left out. Each answer is compared first."""
    found: dict[str, list[float]] = {name: [] for name in WAYS}
    for n in sizes:
        x = np.linspace(0.9, 1.1, n)
        exact = f(x) / x + np.exp(np.sum(np.log(x))) * np.cos(x)
        for name, way in WAYS.items():
            try:
                gradient = None if name == "symbols" and n > SYMBOLS else way(n)
            except ImportError:
                gradient = None
            if gradient is None:
                found[name].append(np.nan)
                continue
            answer = gradient(x)
            assert way(n) is f or np.allclose(answer, exact, rtol=1e-6), name
            found[name].append(median(gradient, x, seconds))
    return found


def draw(sizes: Sequence[int], found: dict[str, list[float]], target: Path) -> None:
    """The picture: time against the number of inputs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name, times in found.items():
        axes.loglog(sizes, times, "k--" if name == "the function itself" else "o-", label=name)
    axes.set(xlabel="inputs", ylabel="seconds per gradient", title="Four ways to differentiate")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(target)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the table, and draw it where asked to."""
    parser = argparse.ArgumentParser("python -m benchmarks.ways", description=__doc__.partition("\n")[0])
    parser.add_argument("--plot", type=Path, metavar="FILE", help="also draw time against the number of inputs")
    parser.add_argument("--quick", action="store_true", help="few sizes, little time")
    options = parser.parse_args(argv)
    sizes = SIZES[:3] if options.quick else SIZES
    found = measured(sizes, 0.01 if options.quick else 0.2)
    print("Microseconds per gradient.\n")
    print("| inputs | " + " | ".join(map(str, sizes)) + " |")
    print("| --- |" + " --- |" * len(sizes))
    for name, times in found.items():
        print(f"| {name} | " + " | ".join("" if np.isnan(each) else f"{each * 1e6:.3g}" for each in times) + " |")
    if options.plot:
        draw(sizes, found, options.plot)


if __name__ == "__main__":
    main()
