"""dualad.scipy as a package: imported when used, documented by examples that run."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import dualad
import dualad.scipy

pytest.importorskip("scipy")
ROOT = Path(dualad.__file__).parent.parent
NAMES = [*dualad.scipy.SUBMODULES, "sparse.linalg", "spatial.distance", "spatial.transform"]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_examples(name):
    """The example of every module runs."""
    module = importlib.import_module(f"dualad.scipy.{name}".rstrip("."))
    assert ">>>" in module.__doc__
    assert doctest.testmod(module).failed == 0


SOLVERS = {
    "optimize": ("brentq", "brenth", "ridder", "bisect", "toms748", "fsolve", "root", "minimize", "least_squares"),
    "integrate": ("solve_ivp", "odeint", "quad"),
    "linalg": ("solve", "cho_solve", "expm", "sqrtm"),
}


@pytest.mark.parametrize("name", [f"{module}.{name}" for module, names in SOLVERS.items() for name in names])
def test_examples_of_solvers(name):
    """Solvers have their own, in docstrings that are made."""
    module, name = name.split(".")
    solver = getattr(importlib.import_module(f"dualad.scipy.{module}"), name)
    assert solver.__doc__.startswith(f"scipy.{module}.{name}")
    (examples,) = [each for each in doctest.DocTestFinder(recurse=False).find(solver, name, module=False) if each.examples]
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_scipy_is_imported_when_it_is_used():
    """`import dualad` gives dualad.scipy, and not SciPy."""
    code = "import sys, dualad; dualad.scipy; print('scipy' in sys.modules); dualad.scipy.linalg; print('scipy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert answer.stdout.split() == ["False", "True"]


def test_the_registry_leads_from_scipys_functions_to_ours():
    """Every rule that was read is there, by SciPy's own function."""
    import scipy.linalg

    from dualad.scipy.dispatch import FUNCTIONS

    assert FUNCTIONS[scipy.linalg.expm] is dualad.scipy.linalg.expm
    with pytest.raises(AttributeError):
        dualad.scipy.no_such_module  # noqa: B018
