"""How the package is built: sizes of files, the order of imports, what is shipped, and docstrings that run."""

import ast
import doctest
import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import numpy as np
import pytest

import dualad

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dualad"
SOURCES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").rglob("*.py"))
PUBLIC = [name for name in dualad.__all__ if name not in ("errors", "__version__")]

pytestmark = pytest.mark.skipif(not PACKAGE.is_dir(), reason="the tests stand beside an installed package")


def module_name(path):
    """dualad/rules/table.py is dualad.rules.table."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


def imports(name):
    """The modules of ours that a module imports anywhere, also inside functions."""
    path = MODULES[name]
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:  # a module, or a name in one
                found.add(f"{source}.{alias.name}" if f"{source}.{alias.name}" in MODULES else source)
    return found & MODULES.keys()


@pytest.mark.parametrize("path", [*SOURCES, *TESTS, *BENCHMARKS], ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path):
    """No file has more than 400 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_imports_have_an_order():
    """Imports form a graph without cycles, those inside functions counted."""
    order = list(TopologicalSorter({name: imports(name) for name in MODULES}).static_order())
    assert set(order) == set(MODULES)


def test_the_foundations_know_nothing_above_them():
    """errors stands alone; a rule file knows errors and rules; the package's own names are nobody's business."""
    assert imports("dualad.errors") == set()
    assert imports("dualad.rules.table") <= {"dualad.errors"}
    for name in MODULES:
        if name.startswith("dualad.rules"):
            assert all(each == "dualad.errors" or each.startswith("dualad.rules") for each in imports(name)), name
        if name != "dualad.__main__":
            assert "dualad" not in imports(name), name
            assert "dualad.__main__" not in imports(name), name


def test_numpys_functions_are_compared_by_equality():
    """While dualad steps in, np.where is something else, which equals NumPy's function."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and any(isinstance(each, ast.Is | ast.IsNot) for each in node.ops):
                for side in map(ast.unparse, (node.left, *node.comparators)):
                    module, _, name = side.rpartition(".")
                    holder = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}.get(module)
                    assert not hasattr(getattr(holder, name, None), "_implementation"), f"{path}:{node.lineno}: {side}"


def test_layers():
    """Every module stands in one layer and uses those below it only: lifted arrays, then Dual, then transforms."""
    layers = [
        "errors",
        "naming",
        "wrapping",
        "foreign",
        "rules",
        "quiet",
        "locks",
        "libm",
        "simd",
        "symbols",
        "compiling",
        "native",
        "products",
        "emission",
        "kernels",
        "flags",
        "heat",
        "levels",
        "unrolling",
        "lift",
        "beside",
        "watching",
        "objects",
        "jitted",
        "notes",
        "trees",
        "shapes",
        "program",
        "linear",
        "assembling",
        "transposing",
        "repeats",
        "chunks",
        "storage",
        "terms",
        "deferred",
        "interpreter",
        "numeric",
        "dual",
        "fusing",
        "pending",
        "ground",
        "structural",
        "inspection",
        "lines",
        "words",
        "drawing",
        "graph",
        "bases",
        "nodes",
        "sizes",
        "tape",
        "stencils",
        "passes",
        "alike",
        "views",
        "mathematics",
        "callers",
        "standins",
        "shadows",
        "places",
        "outside",
        "closed",
        "gathering",
        "before",
        "expressions",
        "placing",
        "planning",
        "blocking",
        "dropin",
        "recording",
        "folding",
        "loops",
        "selection",
        "differences",
        "comparing",
        "transformed",
        "forward",
        "progress",
        "directions",
        "propagation",
        "tracing",
        "reverse",
        "ruled",
        "opaque",
        "compile",
        "variants",
        "jit",
        "deciding",
        "automatic",
        "derivatives",
        "hessians",
        "custom",
        "numerical",
        "check",
        "scipy",
        "sparse",
        "__init__",
        "__main__",
    ]
    layer = {name: [*name.split("."), "__init__"][1] for name in MODULES}
    assert sorted(layers) == sorted(set(layer.values()))
    for name, own in layer.items():
        used = {layer[each] for each in imports(name)} - ({own} & {"rules", "scipy", "sparse"})
        assert all(layers.index(each) < layers.index(own) for each in used), name


def test_top_level():
    """The repository's top level holds what is agreed on, and nothing else."""
    listing = subprocess.run(["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("this is no checkout")
    agreed = {"dualad", "tests", "benchmarks", "setup.cfg", "pyproject.toml", "README.md", "LICENSE", ".gitignore", ".ci"}
    assert {line.partition("/")[0] for line in listing.stdout.splitlines()} <= agreed


def test_import_is_light():
    """`import dualad` loads neither compilers nor anything optional."""
    heavy = ["numba", "llvmlite", "scipy", "matplotlib", "tqdm", "dask", "mpmath"]
    code = f"import sys, dualad; print([name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"
    assert loaded.stderr == ""


def test_the_marker_of_types_is_shipped():
    """py.typed is there, and part of the package's data."""
    assert (PACKAGE / "py.typed").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["dualad"]


def test_public_names():
    """__all__ is sorted, without repetition, and each name is there; the version is one."""
    assert list(dualad.__all__) == sorted(set(dualad.__all__))
    assert all(hasattr(dualad, name) for name in dualad.__all__)
    assert re.fullmatch(r"\d+\.\d+\.\d+", dualad.__version__)


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings(name):
    """Every public name is documented: a first line, parameters, and examples that run as they are written."""
    public = getattr(dualad, name)
    text = inspect.getdoc(public)
    assert text, "a docstring"
    assert re.match(r"[^\n]+[.:]\n\n", text), "a first line that is a sentence"
    assert "\nExamples\n--------\n" in text
    parameters = [each for each in inspect.signature(public).parameters if each not in ("args", "kwargs")]
    if parameters:
        assert "\nParameters\n----------\n" in text or "parameters as for" in text
    if "\nParameters\n" in text:
        section = text.partition("\nParameters\n")[2]
        assert all(re.search(rf"\b{each}\b", section) for each in parameters), parameters
    example = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert example.examples
    report = []
    doctest.DocTestRunner().run(example, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("name", MODULES)
def test_modules_have_docstrings(name):
    """Every file says in its first line what it is for."""
    assert ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if ">>>" in path.read_text(encoding="utf-8")])
def test_examples(name):
    """Every example in every docstring of the package runs, not only those of public names."""
    if name == "dualad.__main__" or name.startswith("dualad.scipy"):
        pytest.importorskip("scipy")
    spaces = doctest.NORMALIZE_WHITESPACE  # in what is inherited from NumPy
    result = doctest.testmod(importlib.import_module(name), globs={"__name__": "__main__"}, optionflags=spaces)
    assert result.attempted
    assert result.failed == 0
