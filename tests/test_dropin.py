"""Idioms of code that nobody rewrote: what works as it is, what works stepped in, and which error the rest raises."""

from __future__ import annotations

import builtins
import cmath
import inspect
import math
from itertools import combinations_with_replacement

import idioms_of_python as python
import numpy as np
import pytest
import scipy.linalg
import scipy.special
from idioms import IDIOMS, MODULES

from dualad import jacfwd, value_and_jacfwd

CAN = "drop_in" in inspect.signature(jacfwd).parameters
WATCHED = (np, np.linalg, np.random, math, cmath, builtins, scipy.linalg, scipy.special, *MODULES)
STEP = 1e-150


def options(drop_in):
    return {"drop_in": drop_in} if CAN else {}


def seed():
    """The state of NumPy's old generator, from which some idioms draw."""
    np.random.seed(7)  # noqa: NPY002 - its state is what they draw from


def flat(out):
    """An answer, which may be a number, an array or a list of them, as one line of numbers."""
    return np.concatenate([np.ravel(each) for each in out]) if isinstance(out, list | tuple) else np.ravel(out)


def basis(x):
    return np.eye(3) if np.ndim(x) else np.ones(1)


def jacobian(idiom):
    """The complex step of the twin, of shape (outputs, inputs)."""
    columns = []
    for direction in basis(idiom.x):
        seed()
        columns.append(flat(idiom.twin(idiom.x + 1j * STEP * direction, *idiom.rest)).imag / STEP)
    return np.stack(columns, -1)


def bend(idiom, direction):
    """The twin's second derivative along a direction, by Cauchy's formula on a circle around the point."""
    radius, n = 0.05, 24
    circle = np.exp(2j * np.pi * np.arange(n) / n)
    values = []
    for z in circle:
        seed()
        values.append(flat(idiom.twin(idiom.x + radius * z * direction, *idiom.rest)))
    return 2.0 * np.mean(np.stack(values, -1) * circle**-2, axis=-1).real / radius**2


def hessian(idiom):
    """The twin's second derivatives, of shape (outputs, inputs, inputs)."""
    e = basis(idiom.x)
    alone = [bend(idiom, direction) for direction in e]
    result = np.empty((len(alone[0]), len(e), len(e)))
    for i, j in combinations_with_replacement(range(len(e)), 2):
        mixed = alone[i] if i == j else 0.5 * (bend(idiom, e[i] + e[j]) - alone[i] - alone[j])
        result[:, i, j] = result[:, j, i] = mixed
    return result


def call(idiom, f):
    """f at the idiom's point, from the same random state each time, with arguments of its own."""
    seed()
    return f(np.copy(idiom.x) if np.ndim(idiom.x) else idiom.x, *map(np.copy, idiom.rest))


def in_place():
    """Everything that a stand-in might have been left in."""
    found = {(module.__name__, name): value for module in WATCHED for name, value in vars(module).items()}
    found |= {("OPERATIONS", name): value for name, value in python.OPERATIONS.items()}
    found |= {("Namespace", name): value for name, value in vars(python.Namespace).items()}
    found |= {("generated", name): value for name, value in python.generated.__globals__.items()}
    found["default"], found["closure"] = python.default_argument.__defaults__[0], python.closure.__closure__[0].cell_contents
    return found


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("drop_in", [False, True, "auto"])
@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_idioms(idiom, drop_in):
    """An idiom works, with its value and two derivatives, or raises what the list says; and nothing is left behind."""
    expected = idiom.stepped if drop_in else idiom.plain
    before, state = in_place(), np.copy(idiom_state())
    how = options(drop_in)
    if expected is not None:
        with pytest.raises(expected):
            call(idiom, jacfwd(idiom.function, **how))
    else:
        value, slope = call(idiom, value_and_jacfwd(idiom.function, **how))
        wanted = jacobian(idiom)
        close(flat(value), flat(call(idiom, idiom.function)), 1e-15)
        close(flat(slope), wanted.ravel(), 1e-13)
        second = call(idiom, jacfwd(jacfwd(idiom.function, **how), **how))
        close(flat(second), hessian(idiom).ravel(), 1e-10)
    after = in_place()
    assert all(after[place] is value for place, value in before.items())
    np.testing.assert_array_equal(idiom_state(), state)


def idiom_state():
    """What the modules of idioms keep in arrays."""
    return np.concatenate([MODULES[0].REFERENCE, python.KEPT.x, python.KEPT.P.ravel(), python.Filter.gain])


def close(got, wanted, tolerance):
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)


def test_the_list_is_long():
    """Every function of the modules of idioms is in the list."""
    entered = {idiom.function for idiom in IDIOMS}
    found = {
        value
        for module in MODULES
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert found <= entered
    assert len(IDIOMS) >= 75
