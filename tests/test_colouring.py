"""Colourings: valid for any matrix, the numbers of colours that are known, and the compiled loops beside Python's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
from test_sparsity import stencil

from dualad.errors import BadArgument
from dualad.sparse import colouring
from dualad.sparse.colouring import ORDERS, bicolouring, column_colouring, row_colouring, star_colouring

EVERY = [*ORDERS, "best"]


def band(width, size=40):
    return np.abs(np.subtract.outer(np.arange(size), np.arange(size))) <= width


def arrow(size=30, hub=0):
    matrix = np.eye(size, dtype=bool)
    matrix[hub] = matrix[:, hub] = True
    return matrix


def random(rows, columns, density, seed):
    return np.random.default_rng(seed).random((rows, columns)) < density


def is_column_colouring(pattern, colours):
    """No row has two entries of one colour."""
    return all(len(set(colours[row])) == row.sum() for row in pattern) and colours.min(initial=0) >= 0


def shows(pattern, by_columns, by_rows):
    """Whether each entry stands alone in its row among its column's colour, or in its column among its row's."""
    for i, j in zip(*np.nonzero(pattern), strict=True):
        alone = by_columns[j] >= 0 and np.sum(pattern[i] & (by_columns == by_columns[j])) == 1
        other = by_rows[i] >= 0 and np.sum(pattern[:, j] & (by_rows == by_rows[i])) == 1
        if not (alone or other):
            return False
    return True


def count(*colours):
    return sum(int(each.max(initial=-1)) + 1 for each in colours)


@pytest.mark.parametrize("order", EVERY)
@pytest.mark.parametrize("compiled", [False, True], ids=["Python", "numba"])
def test_any_matrix(order, compiled, monkeypatch):
    """Every entry can be read, for matrices of many shapes, and the compiled loops give what Python's give."""
    if compiled:
        monkeypatch.setattr(colouring, "FEW", -1)
    for seed, (rows, columns, density) in enumerate(
        [(8, 8, 0.2), (12, 5, 0.4), (5, 12, 0.3), (30, 30, 0.08), (6, 6, 1.0), (4, 4, 0.0)]
    ):
        pattern = random(rows, columns, density, seed)
        assert is_column_colouring(pattern, column_colouring(pattern, order))
        assert is_column_colouring(pattern.T, row_colouring(pattern, order))
        by_rows, by_columns = bicolouring(pattern, order)
        assert shows(pattern, by_columns, by_rows)
        if rows == columns:
            square = pattern | pattern.T | np.eye(rows, dtype=bool)
            colours = star_colouring(square, order)
            assert shows(square, colours, colours)
            assert colours.min() >= 0
            assert all(colours[i] != colours[j] for i, j in zip(*np.nonzero(square), strict=True) if i != j)


@pytest.mark.parametrize("width", [0, 1, 2, 5])
def test_bands(width):
    """Curtis, Powell and Reid: as many groups as the band is wide."""
    assert count(column_colouring(band(width), "natural")) == count(column_colouring(band(width))) == 2 * width + 1
    assert count(star_colouring(band(width))) <= 2 * width + 1


def test_tridiagonal():
    """Three, symmetric or not."""
    assert count(column_colouring(band(1))) == count(star_colouring(band(1))) == 3


@pytest.mark.parametrize("hub", [0, 11, 29])
def test_arrows(hub):
    """A row and a column that are full: n groups of columns, two colours of a star, three of both."""
    assert count(column_colouring(arrow(hub=hub))) == 30
    assert count(star_colouring(arrow(hub=hub))) == count(star_colouring(arrow(hub=hub), "largest_first")) == 2
    assert count(*bicolouring(arrow(hub=hub))) == 3


@pytest.mark.parametrize("side", [5, 20, 60])
def test_the_grid(side):
    """The Laplacian with five points: five are needed, greedy orders find at most seven."""
    for order in ORDERS:
        assert 5 <= count(column_colouring(stencil(side), order)) <= 7
        assert count(star_colouring(stencil(side), order)) <= 7
    assert count(column_colouring(stencil(side))) == 5
    assert count(*bicolouring(stencil(side))) == 5


def test_large_grids_are_compiled():
    """100,000 columns go through numba, and are right."""
    pattern = stencil(316)
    colours = column_colouring(pattern)
    assert colouring.kernels.compiled("distance_two").signatures
    entries = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)) * 16 + colours[pattern.indices]
    assert len(np.unique(entries)) == pattern.nnz
    assert count(colours) <= 7


def test_entries_that_are_zero_do_not_count():
    matrix = scipy.sparse.csr_array((np.array([1.0, 0.0, 1.0]), np.array([0, 1, 1]), np.array([0, 2, 3])), (2, 2))
    assert count(column_colouring(matrix)) == 1


def test_refused():
    with pytest.raises(BadArgument, match="not symmetric"):
        star_colouring([[1, 1], [0, 1]])
    for colour in (column_colouring, star_colouring, bicolouring):
        with pytest.raises(BadArgument, match="order='random'"):
            colour(np.eye(3), "random")
    assert column_colouring(np.zeros((3, 0))).shape == star_colouring(np.zeros((0, 0))).shape == (0,)
