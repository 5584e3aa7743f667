"""What differentiators of NumPy code make of code that nobody rewrote: the idioms of the tests, through each that is installed.

``python -m benchmarks.idioms`` prints how many idioms come out right, are refused with an error, and come out wrong;
``python -m benchmarks.idioms --each`` prints a line for each idiom as well. The code of the idioms stays as it is; one column
has autograd's NumPy put in the place of NumPy in their modules, as its users do by their import.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dualad

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from idiom_cases import Idiom, flat, jacobian, seed
from idioms import IDIOMS, MODULES, kept

SECONDS = 20
Differentiator = Callable[..., Any]
"""Takes a function and its arguments, gives the Jacobian by the first as one line of numbers, outputs before inputs."""


# -- the differentiators -------------------------------------------------------------------------------------------------


def ours(**options: Any) -> Differentiator:
    """dualad."""
    return lambda f, *args: flat(dualad.jacfwd(f, **options)(*args))


def complex_step(f: Callable[..., Any], x: Any, *rest: Any) -> Any:
    """The imaginary part of f beside the real axis."""
    columns = []
    for direction in np.eye(3) if np.ndim(x) else np.ones(1):
        seed()
        columns.append(np.imag(flat(f(x + 1e-150j * direction, *rest))) / 1e-150)
    return np.stack(columns, -1).ravel()


def jax() -> Differentiator:
    """JAX in double precision, forward mode."""
    module = importlib.import_module("jax")
    module.config.update("jax_enable_x64", True)
    return lambda f, x, *rest: flat(module.jacfwd(f)(module.numpy.asarray(x), *rest))


def autograd() -> Differentiator:
    """autograd, reverse mode."""
    module = importlib.import_module("autograd")
    return lambda f, *args: flat(module.jacobian(f)(*args))


def autograd_imported() -> Differentiator:
    """autograd, with its NumPy in the idioms' modules."""
    module, replacement = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")

    def differentiate(f: Callable[..., Any], *args: Any) -> Any:
        with exchanged(replacement):
            return flat(module.jacobian(f)(*args))

    return differentiate


@contextlib.contextmanager
def exchanged(replacement: Any) -> Iterator[None]:
    """A block in which the idioms' modules have another NumPy under NumPy's names."""
    before = [dict(vars(module)) for module in MODULES]
    for module, names in zip(MODULES, before, strict=True):
        for name, value in names.items():
            if value is np:
                setattr(module, name, replacement)
            elif callable(value) and getattr(np, name, None) is value and hasattr(replacement, name):
                setattr(module, name, getattr(replacement, name))
    try:
        yield
    finally:
        for module, names in zip(MODULES, before, strict=True):
            vars(module).update(names)


def casadi(kind: str, mode: int) -> Callable[[], Differentiator]:
    """CasADi's symbols in its NumPy mode (1) or as they were before it (-1), and the Jacobian of what comes out."""

    def made() -> Differentiator:
        module = importlib.import_module("casadi")

        def line(y: Any) -> Any:
            """An answer as one column, in NumPy's order."""
            if isinstance(y, np.ndarray | list | tuple):
                return module.vertcat(*[line(each) for each in (y.ravel() if isinstance(y, np.ndarray) else y)])
            return module.vertcat(*module.ArrayInterface(y).flat)

        def differentiate(f: Callable[..., Any], x: Any, *rest: Any) -> Any:
            module.GlobalOptions.setNumpyMode(mode)
            symbol = getattr(module, kind).sym("x", np.size(x))
            y = line(f(symbol, *rest))
            slope = module.Function("slope", [symbol], [module.jacobian(y, symbol)])
            return np.asarray(slope(x).full()).ravel()

        return differentiate

    return made


def mygrad() -> Differentiator:
    """MyGrad, reverse mode, one run for each output."""
    module = importlib.import_module("mygrad")

    def differentiate(f: Callable[..., Any], x: Any, *rest: Any) -> Any:
        rows: list[Any] = []
        outputs = 1
        while len(rows) < outputs:
            tensor = module.tensor(x, dtype=float)
            seed()
            y = f(tensor, *rest)
            y = module.stack(y) if isinstance(y, list | tuple) else y
            outputs = y.size
            y.reshape(-1)[len(rows)].backward()
            rows.append(tensor.grad)
        if all(row is None for row in rows):
            raise TypeError("there is no gradient")
        return np.ravel([np.zeros(np.shape(x)) if row is None else row for row in rows])

    return differentiate


COLUMNS: dict[str, tuple[str, Callable[[], Differentiator]]] = {
    "dualad": ("dualad", ours),
    "dualad, the packages named": ("dualad", lambda: ours(drop_in=tuple(module.__name__ for module in MODULES))),
    "dualad, `drop_in=False`": ("dualad", lambda: ours(drop_in=False)),
    "complex step": ("numpy", lambda: complex_step),
    "JAX": ("jax", jax),
    "autograd": ("autograd", autograd),
    "autograd, its NumPy imported": ("autograd", autograd_imported),
    "CasADi, SX": ("casadi", casadi("SX", -1)),
    "CasADi, SX, NumPy mode": ("casadi", casadi("SX", 1)),
    "CasADi, MX": ("casadi", casadi("MX", -1)),
    "CasADi, MX, NumPy mode": ("casadi", casadi("MX", 1)),
    "MyGrad": ("mygrad", mygrad),
}

# -- the measurement -----------------------------------------------------------------------------------------------------


class Unending(Exception):
    """An idiom did not come back in time."""


def alarm(*_: Any) -> None:
    """What the clock does."""
    raise Unending(f"no answer after {SECONDS} s")


def outcome(idiom: Idiom, differentiate: Differentiator) -> str:
    """right, refused or wrong; "warned" if it is wrong and a warning was given."""
    x = np.copy(idiom.x) if np.ndim(idiom.x) else idiom.x
    rest = list(map(np.copy, idiom.rest))
    before = list(map(np.copy, kept()))
    wanted, tolerance = jacobian(idiom).ravel(), max(1e-8, 10.0 * idiom.accuracy)
    signal.signal(signal.SIGALRM, alarm)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(record=True) as told, contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("always")
            seed()
            got = np.asarray(differentiate(idiom.function, x, *rest), dtype=float)
    except Exception:
        return "refused"
    finally:
        signal.alarm(0)
        for array, old in zip(kept(), before, strict=True):
            array[...] = old
    if got.shape == wanted.shape and np.allclose(got, wanted, rtol=tolerance, atol=tolerance):
        return "right"
    return "warned" if told else "wrong"


def main() -> None:
    """Print the tables."""
    found = {}
    for name, (package, make) in COLUMNS.items():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        differentiate = make()
        found[f"{name} ({version})"] = [outcome(idiom, differentiate) for idiom in IDIOMS]
    if "--each" in sys.argv:
        print("| idiom | " + " | ".join(found) + " |\n|" + " --- |" * (len(found) + 1))
        for idiom, row in zip(IDIOMS, zip(*found.values(), strict=True), strict=True):
            print(f"| `{idiom.name}` | " + " | ".join(row) + " |")
        print()
    print(f"{len(IDIOMS)} idioms\n\n| | right | refused | wrong, with a warning | wrong, silently |\n|" + " --- |" * 5)
    for name, row in found.items():
        print(f"| {name} | " + " | ".join(str(row.count(each)) for each in ("right", "refused", "warned", "wrong")) + " |")


if __name__ == "__main__":
    main()
