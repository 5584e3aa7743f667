"""scipy.linalg's solvers of banded matrices, which keep the diagonals of a matrix as the rows of another: row u + i - j has
a[i, j] in column j, if u diagonals lie above the main one. What stands in the corners that no element falls in never counts.
"""

from __future__ import annotations

from functools import partial, wraps
from typing import Any

import numpy as np
import scipy.linalg

from ..rules.linalg import solution_tangent
from ..rules.table import Array
from .dispatch import FUNCTIONS, rule_of


def shifted(a: Array, places: int, axis: int) -> Array:
    """Elements moved along an axis, zeros coming in."""
    a = np.moveaxis(a, axis, -1)
    n = a.shape[-1]
    places = max(-n, min(n, places))
    kept = a[..., : n - places] if places >= 0 else a[..., -places:]
    widths = [(0, 0)] * (a.ndim - 1) + [(max(places, 0), max(-places, 0))]
    return np.moveaxis(np.pad(kept, widths), -1, axis)


def product(above: int, band: Array, y: Array) -> Array:
    """A banded matrix with so many diagonals above the main one, times columns."""
    diagonals = range(band.shape[-2])
    return sum(shifted(band[..., row, :, None] * y, row - above, -2) for row in diagonals)


def both_halves(half: Array, lower: bool) -> Array:
    """All diagonals of a Hermitian matrix, from those of the half that SciPy reads: the main one is the first or the last."""
    far = range(1, half.shape[-2])
    if lower:
        above = [np.conjugate(shifted(half[..., row, None, :], row, -1)) for row in reversed(far)]
        return np.concatenate([*above, np.real(half[..., :1, :]), half[..., 1:, :]], -2)
    below = [np.conjugate(shifted(half[..., -1 - row, None, :], -row, -1)) for row in far]
    return np.concatenate([half[..., :-1, :], np.real(half[..., -1:, :]), *below], -2)


@rule_of(scipy.linalg.solve_banded)
def solve_banded(
    y: Array,
    l_and_u: Any,
    ab: Array,
    b: Array,
    check_finite: bool = True,
    *,
    dab: Array | None = None,
    db: Array | None = None,
) -> Array:
    """As `solve`."""
    again = partial(solve_banded, l_and_u, ab, check_finite=False)
    return solution_tangent(again, y, dab, db, np.ndim(b) == 1, partial(product, int(l_and_u[1])))


@wraps(scipy.linalg.solveh_banded)
def _by_position(ab: Any, b: Any, **keywords: Any) -> Any:
    """SciPy's function, which fails when its arrays are given by their names."""
    return scipy.linalg.solveh_banded(ab, b, **keywords)


@rule_of(_by_position)
def solveh_banded(
    y: Array,
    ab: Array,
    b: Array,
    lower: bool = False,
    check_finite: bool = True,
    *,
    dab: Array | None = None,
    db: Array | None = None,
) -> Array:
    """As `solve`, of a Hermitian matrix; the imaginary part of its diagonal does not count."""
    again = partial(solveh_banded, ab, lower=lower, check_finite=False)
    dband = None if dab is None else both_halves(dab, lower)
    return solution_tangent(again, y, dband, db, np.ndim(b) == 1, partial(product, ab.shape[-2] - 1))


FUNCTIONS[scipy.linalg.solveh_banded] = solveh_banded
