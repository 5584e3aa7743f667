"""Pictures of a pattern: text for the terminal, or a figure of matplotlib's.

>>> import numpy as np, dualad
>>> from dualad.sparse.pictures import picture
>>> print(picture(dualad.jacobian_sparsity(lambda x: x[1:] * x[:-1], np.ones(13))))
12 x 13, 24 entries
⠙⢦⡀⠀⠀⠀⠀
⠀⠀⠙⢦⡀⠀⠀
⠀⠀⠀⠀⠙⢦⡀
"""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from scipy import sparse

DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""The bit of each dot of a Braille character, by its row and column."""


def picture(pattern: Any, width: int = 60, height: int = 30) -> str:
    """A sparse matrix as dots, eight to a character; a large one is reduced, a dot standing for a block with an entry in it.

    Parameters
    ----------
    pattern : sparse or dense matrix
        Whose entries that differ from zero are drawn.
    width, height : int, optional
        The most characters in a line, and lines.

    Returns
    -------
    str
        A line about the matrix, and its picture below.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad.sparse.pictures import picture
    >>> print(picture(np.tri(8)))
    8 x 8, 36 entries
    ⣷⣄⠀⠀
    ⣿⣿⣷⣄
    """
    matrix = sparse.coo_array(sparse.csr_array(pattern).astype(bool))
    matrix.eliminate_zeros()
    rows, columns = matrix.shape
    scale = max(1.0, rows / (4 * height), columns / (2 * width))
    high, wide = ceil(ceil(rows / scale) / 4), ceil(ceil(columns / scale) / 2)
    dots = np.zeros((4 * high, 2 * wide), bool)
    dots[(matrix.row / scale).astype(int), (matrix.col / scale).astype(int)] = True
    cells = np.einsum("iajb,ab->ij", dots.reshape(high, 4, wide, 2), DOTS)
    lines = ["".join(chr(0x2800 + int(cell)) for cell in line) for line in cells]
    return "\n".join([f"{rows} x {columns}, {matrix.nnz} entries", *lines])


def plotted(pattern: Any, axes: Any = None, colours: Any = None, **options: Any) -> Any:
    """A sparse matrix drawn by matplotlib, its columns in their colours if there are any.

    Parameters
    ----------
    pattern : sparse or dense matrix
        Whose entries that differ from zero are drawn.
    axes : matplotlib.axes.Axes, optional
        Where to draw; new ones by default.
    colours : ndarray of int, optional
        The colour of each column, of a colouring.
    **options
        For ``Axes.scatter``.

    Returns
    -------
    matplotlib.axes.Axes
        With the drawing.

    Examples
    --------
    >>> import matplotlib, numpy as np
    >>> matplotlib.use("Agg")
    >>> from dualad.sparse.pictures import plotted
    >>> axes = plotted(np.tri(8))
    >>> len(axes.collections[0].get_offsets())
    36
    >>> axes.figure.clear()
    """
    if axes is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415 - optional

        axes = plt.figure().add_subplot()
    matrix = sparse.coo_array(sparse.csr_array(pattern).astype(bool))
    matrix.eliminate_zeros()
    rows, columns = matrix.shape
    dot = {"marker": "s", "s": min(40.0, (250.0 / max(rows, columns, 1)) ** 2), "linewidths": 0.0}
    tint = {"c": "black"} if colours is None else {"c": np.asarray(colours)[matrix.col], "cmap": "tab10"}
    axes.scatter(matrix.col, matrix.row, **{**dot, **tint, **options})
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal", xlabel="input", ylabel="output")
    return axes
