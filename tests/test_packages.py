"""Functions of packages that people install, unchanged: values, first and second derivatives, and what cannot be done."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp
from package_cases import DIGITS, differentiated, flat, matrix, second_by_twin, tensor, twin_values
from packages import CASES, REFUSED, bisected

from dualad import errors, jacfwd, value_and_jacfwd

README = Path(__file__).parent.parent / "README.md"
NAMED = [case for case in CASES if case.drop_in != "auto"]


def close(got, wanted, accuracy, scale=1.0):
    """As near as that to each entry, or to the scale: rounding within a function is relative to that."""
    np.testing.assert_allclose(got / scale, wanted / scale, rtol=accuracy, atol=accuracy)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_functions(case):
    """The plain value to the last bits, and the exact derivative; stepping in is told once, where it is needed."""
    plain = flat(case.function(*case.args))
    with pytest.warns(errors.DropInWarning) if case.told else nullcontext():
        value, slope = differentiated(case, value_and_jacfwd, drop_in=case.drop_in)
    assert flat(value).dtype == plain.dtype == matrix(slope, case.args).dtype
    close(flat(value), plain, 1e-14, np.max(np.abs(plain)))
    if case.twin is not None:
        with mp.workdps(DIGITS):
            close(plain, twin_values(case).astype(float), case.accuracy, np.max(np.abs(plain)))
    steps = np.abs(flat(case.args))  # what one in proportion makes: inputs and outputs have units of their own
    changes, wanted = matrix(slope, case.args) * steps, case.jacobian(case) * steps
    assert np.any(wanted)
    close(changes, wanted, case.accuracy, sizes(plain, wanted)[:, np.newaxis])
    if case.twice:
        twice = tensor(
            differentiated(case, lambda f, **more: jacfwd(jacfwd(f, **more), **more), drop_in=case.drop_in), case.args
        )
        bends, wanted = (each * steps[:, np.newaxis] * steps for each in (twice, second_by_twin(case)))
        close(bends, wanted, 10.0 * case.accuracy, sizes(plain, wanted)[:, np.newaxis, np.newaxis])


def sizes(plain, changes):
    """How large each output, or what becomes of it, is; 1 for what is 0 by itself."""
    size = np.maximum(np.abs(plain), np.max(np.abs(changes), axis=tuple(range(1, changes.ndim))))
    return np.where(size > 0.0, size, 1.0)


@pytest.mark.parametrize("case", NAMED, ids=lambda case: case.name)
def test_packages_that_have_to_be_named(case):
    """They ask for floats or for NumPy's own array, and get an error where they are not named."""
    with pytest.raises(TypeError):
        differentiated(case, jacfwd)


@pytest.mark.parametrize("package", REFUSED)
def test_refused(package):
    """What leaves Python, or keeps its numbers where no tangent fits, says so by its line, named or not."""
    function, x, what = REFUSED[package]
    for drop_in in ("auto", True, (package,)):
        with pytest.raises(errors.TangentLossError, match=rf"{what}\.py:\d+ would drop the tangent"):
            jacfwd(function, drop_in=drop_in)(x)


@pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")
def test_bisection():
    """Nothing is lost where a root is found by bisection, and the derivative is wrong: the direction tells."""
    state = np.array([0.9, 0.3, 0.1, -0.005, 0.016, 0.001])
    with pytest.warns(errors.DirectionWarning, match="found by bisection"):
        jacfwd(bisected, check="direction")(state)


def test_the_readme_counts_them():
    """The numbers that stand in the README are those of the list."""
    text = re.search(r"(\d+) functions of (\d+) packages\b.*? (\d+) of them", README.read_text(encoding="utf8"), re.DOTALL)
    assert tuple(map(int, text.groups())) == (len(CASES), len({case.package for case in CASES}), len(NAMED))
    assert len({case.name for case in CASES}) == len(CASES) >= 40
