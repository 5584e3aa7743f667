"""Colourings: which columns, or rows, of a sparse matrix can be computed together.

Columns of one colour have no row in common, so the sum of them still shows every entry. A symmetric matrix needs fewer: in a
*star colouring* of its graph every path of four vertices has three colours, and then each entry shows in one of its two places.
A *bicolouring* colours some rows and some columns, for matrices with a few long ones of both.

Colouring with the fewest colours is hard; greedy in a good order is nearly that. Orders:

``"natural"``
    as they stand, which is best for bands;
``"largest_first"``
    by falling number of entries;
``"incidence"``
    always the one that most neighbours of coloured ones touch;
``"best"``
    the fewest colours of these three.

>>> import numpy as np, scipy.sparse
>>> from dualad.sparse.colouring import column_colouring, star_colouring
>>> tridiagonal = scipy.sparse.diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(6, 6))
>>> column_colouring(tridiagonal)
array([0, 1, 2, 0, 1, 2])
>>> arrow = np.eye(6)
>>> arrow[0] = arrow[:, 0] = 1.0
>>> star_colouring(arrow)
array([0, 1, 1, 1, 1, 1])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from ..errors import BadArgument
from . import kernels

Colours: TypeAlias = np.ndarray[Any, Any]  # of integers from 0; -1 where there is none

ORDERS = ("natural", "largest_first", "incidence")

FEW = 2**17
"""With fewer steps than this a colouring is Python; numba would take longer to start."""


def _pattern(matrix: Any) -> Any:
    """The Boolean CSR array of a sparse or dense matrix, without entries that are zero."""
    pattern = sparse.csr_array(sparse.csr_array(matrix).astype(bool))
    pattern.eliminate_zeros()
    pattern.sum_duplicates()
    return pattern


def _run(name: str, work: int, *arrays: Any) -> Any:
    """A kernel on arrays: compiled for many steps, as it stands for few."""
    function = getattr(kernels, name)
    if work > FEW:
        return np.asarray(kernels.compiled(name)(*[np.asarray(each, np.int64) for each in arrays]))
    return np.asarray(function(*[np.asarray(each).tolist() for each in arrays]), np.int64)


def _unknown(order: str) -> str:
    return f'order={order!r}; it is "natural", "largest_first", "incidence" or "best"'


def _chosen(order: str, colour: Callable[[str], Colours]) -> Colours:
    if order not in (*ORDERS, "best"):
        raise BadArgument(_unknown(order))
    return min(map(colour, ORDERS), key=np.max) if order == "best" else colour(order)


def _ordered(order: str, indptr: Any, indices: Any, back: Any, behind: Any, work: int) -> Any:
    """The vertices in an order; neighbours are two steps away, through the rows."""
    count = len(indptr) - 1
    if order == "natural":
        return np.arange(count)
    if order == "largest_first":
        return np.argsort(-np.diff(indptr), kind="stable")
    return _run("by_incidence", work, indptr, indices, back, behind)


def column_colouring(pattern: Any, order: str = "best") -> Colours:
    """A colour for each column, such that columns of one colour have no row in common.

    Parameters
    ----------
    pattern : sparse matrix or array
        Whose entries that differ from zero count.
    order : {"best", "natural", "largest_first", "incidence"}, optional
        In which order columns get the smallest colour that is free.

    Returns
    -------
    ndarray of int
        Colours from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad.sparse.colouring import column_colouring
    >>> column_colouring(np.eye(3))
    array([0, 0, 0])
    """
    rows = _pattern(pattern)
    columns = rows.T.tocsr()
    if not columns.shape[0]:
        return np.zeros(0, int)
    work = int(np.sum(np.diff(rows.indptr).astype(float) ** 2))

    def colour(order: str) -> Colours:
        sequence = _ordered(order, columns.indptr, columns.indices, rows.indptr, rows.indices, work)
        return _run("distance_two", work, columns.indptr, columns.indices, rows.indptr, rows.indices, sequence)

    return _chosen(order, colour)


def row_colouring(pattern: Any, order: str = "best") -> Colours:
    """A colour for each row, such that rows of one colour have no column in common; parameters as for `column_colouring`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad.sparse.colouring import row_colouring
    >>> row_colouring([[1.0, 1.0], [0.0, 1.0]])
    array([0, 1])
    """
    return column_colouring(_pattern(pattern).T, order)


def star_colouring(pattern: Any, order: str = "best") -> Colours:
    """A colour for each row and column of a symmetric matrix, such that each entry shows in the sum of the columns of a colour,
    or in that of the columns of its mirror image's.

    Neighbours differ, and every path of four vertices has three colours. Parameters as for `column_colouring`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad.sparse.colouring import star_colouring
    >>> star_colouring([[1, 1, 0], [1, 1, 1], [0, 1, 1]])
    array([0, 1, 0])
    """
    matrix = _pattern(pattern)
    if matrix.shape[0] != matrix.shape[1] or (matrix != matrix.T).nnz:
        raise BadArgument(f"star_colouring: the pattern, of shape {matrix.shape}, is not symmetric")
    graph = _without_diagonal(matrix)
    count = graph.shape[0]
    if not count:
        return np.zeros(0, int)
    work = int(np.sum(np.diff(graph.indptr).astype(float) ** 2)) * 2
    covered = np.ones(count, int)

    def colour(order: str) -> Colours:
        sequence = _ordered(order, graph.indptr, graph.indices, graph.indptr, graph.indices, work)
        return _run("star", work, graph.indptr, graph.indices, sequence, covered, np.array([1]))

    return _chosen(order, colour)


def _without_diagonal(matrix: Any) -> Any:
    coo = matrix.tocoo()
    off = coo.row != coo.col
    return sparse.csr_array((coo.data[off], (coo.row[off], coo.col[off])), matrix.shape)


def bicolouring(pattern: Any, order: str = "best") -> tuple[Colours, Colours]:
    """Colours for some rows and some columns, -1 for the others, such that each entry shows in the sum of the rows of a colour
    or in that of the columns of one.

    Parameters as for `column_colouring`.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad.sparse.colouring import bicolouring
    >>> arrow = np.eye(6)
    >>> arrow[0] = arrow[:, 0] = 1.0
    >>> rows, columns = bicolouring(arrow)
    >>> int(rows.max() + 1 + columns.max() + 1)
    3
    """
    if order not in (*ORDERS, "best"):
        raise BadArgument(_unknown(order))
    matrix = _pattern(pattern)
    count = matrix.shape[0]
    graph = sparse.block_array([[None, matrix], [matrix.T, None]], format="csr")
    degrees = np.diff(graph.indptr)
    # Long ones first, columns before rows that are as long, until every entry is in one of them.
    preference = np.lexsort((np.arange(graph.shape[0]) < count, -degrees))
    covered = _run("cover", graph.nnz, graph.indptr, graph.indices, preference)
    work = int(np.sum(degrees.astype(float) ** 2)) * 2

    def colour(order: str) -> Colours:
        sequence = _ordered(order, graph.indptr, graph.indices, graph.indptr, graph.indices, work)
        return _run("star", work, graph.indptr, graph.indices, sequence[covered[sequence] == 1], covered, np.array([0]))

    found = [colour(each) for each in (ORDERS if order == "best" else (order,))]
    pairs = [(each[:count], each[count:]) for each in found]
    nothing = [np.full(each, -1) for each in matrix.shape]
    pairs += [(nothing[0], column_colouring(matrix, order)), (row_colouring(matrix, order), nothing[1])]
    return min(pairs, key=lambda pair: pair[0].max(initial=-1) + pair[1].max(initial=-1))
