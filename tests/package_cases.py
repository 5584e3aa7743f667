"""Functions of real packages, and exact Jacobians to compare with: how one is entered, and the three kinds of reference.

The best is the function's own complex step, where it takes complex numbers as it is. Else a twin, the formula written again
in mpmath and differentiated at 60 digits; or a Jacobian in closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from mpmath import mp

import dualad

STEP = 1e-150
DIGITS = 60
SMALL = 15  # a twin's step is 1e-15 of each input, and the relative error about the square of that


@dataclass(frozen=True)
class Case:
    """A function, where it is differentiated, by all its arguments, and how."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    jacobian: Callable[[Case], np.ndarray]
    accuracy: float
    twin: Callable[..., Any] | None
    told: bool  # whether "auto" steps in, and says so
    twice: bool  # whether second derivatives are compared, too
    drop_in: str | tuple[str, ...]

    @property
    def package(self):
        return self.name.partition(".")[0]


CASES: list[Case] = []


def case(name, function, args, *, twin=None, closed=None, accuracy=1e-13, told=False, twice=False, named=False):
    """Enter one: the reference is the complex step, unless a twin (of the arguments) or a Jacobian is given."""
    jacobian = by_twin if twin else (lambda case: closed(*case.args)) if closed else complex_step
    drop_in = (name.partition(".")[0],) if named else "auto"
    CASES.append(Case(name, function, args, jacobian, accuracy, twin, told, twice, drop_in))


# -- numbers in and out as one line ------------------------------------------------------------------------------------


def flat(out):
    """An answer, an array or nested tuples of them, as one line."""
    if isinstance(out, list | tuple):
        return np.concatenate([flat(each) for each in out])
    return np.ravel(np.asarray(out))


def inputs(args):
    """How many numbers the arguments are."""
    return sum(np.size(each) for each in args)


def split(numbers, args):
    """A line of numbers in the shapes of the arguments: arrays of them, and numbers."""
    parts, start = [], 0
    for each in args:
        part = numbers[start : start + np.size(each)]
        parts.append(np.reshape(part, np.shape(each)) if np.ndim(each) else part[0])
        start += np.size(each)
    return parts


def matrix(out, args):
    """A Jacobian by all arguments, a tuple of blocks for each output, as one matrix."""
    if isinstance(out, list | tuple) and isinstance(out[0], list | tuple):
        return np.concatenate([matrix(each, args) for each in out])
    blocks = [np.reshape(block, (-1, np.size(x))) for block, x in zip(out, args, strict=True)]
    return np.concatenate(blocks, axis=1)


def tensor(out, args):
    """Second derivatives by all arguments, twice, as one array."""
    if isinstance(out[0][0], list | tuple):
        return np.concatenate([tensor(each, args) for each in out])
    sizes = [np.size(x) for x in args]
    rows = [
        np.concatenate([np.reshape(block, (-1, n, m)) for m, block in zip(sizes, row, strict=True)], axis=2)
        for n, row in zip(sizes, out, strict=True)
    ]
    return np.concatenate(rows, axis=1)


def differentiated(case, transform=dualad.jacfwd, **options):
    """The Jacobian by dualad, with arguments of its own."""
    args = tuple(np.copy(x) if np.ndim(x) else x for x in case.args)
    return transform(case.function, argnums=tuple(range(len(args))), **options)(*args)


# -- references --------------------------------------------------------------------------------------------------------


def complex_step(case):
    """The function's own, where it takes complex numbers unchanged."""
    point = flat(case.args).astype(complex)
    moved = [split(point + 1j * STEP * direction, case.args) for direction in np.eye(len(point))]
    return np.stack([flat(case.function(*args)).imag / STEP for args in moved], axis=1)


def twin_values(case, shifts=()):
    """The twin at the point, moved by one step for each of the shifts: (index, sign)."""
    point = flat(case.args)
    moved = [mp.mpf(x) + sum(sign for index, sign in shifts if index == i) * step(x) for i, x in enumerate(point.tolist())]
    return flat(case.twin(*split(np.array(moved, dtype=object), case.args)))


def step(x):
    return mp.mpf(10) ** -SMALL * (abs(mp.mpf(x)) or 1)


def by_twin(case):
    """The Jacobian of the twin: a difference at 60 digits is right to more of them than a float has."""
    with mp.workdps(DIGITS):
        columns = []
        for i, x in enumerate(flat(case.args).tolist()):
            columns.append((twin_values(case, [(i, 1)]) - twin_values(case, [(i, -1)])) / (2 * step(x)))
        return np.stack(columns, axis=1).astype(float)


def second_by_twin(case):
    """Its second derivatives, of shape (outputs, inputs, inputs)."""
    with mp.workdps(DIGITS):
        point = flat(case.args).tolist()
        result = []
        for (i, x), (j, y) in product(enumerate(point), repeat=2):
            corners = [a * b * twin_values(case, [(i, a), (j, b)]) for a, b in product((1, -1), repeat=2)]
            result.append(sum(corners) / (4 * step(x) * step(y)))
        return np.reshape(np.stack(result, axis=1).astype(float), (-1, len(point), len(point)))
