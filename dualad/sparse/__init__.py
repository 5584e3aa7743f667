"""Sparse derivatives: patterns found by recording, colouring, compressed directions, and SciPy's sparse arrays of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..transformed import Transformed


def _part(name: str) -> Any:
    """A module that needs SciPy, which `import dualad` does not load."""
    return import_module(f"dualad.sparse.{name}")


def jacobian_sparsity(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | tuple[int, ...] = 0,
    local: bool = False,
    progress: bool = False,
    **kwargs: Any,
) -> Any:
    """Which elements of the output may depend on which inputs.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    *args, **kwargs
        Its arguments. Their shapes and dtypes count, and the values of integers and Booleans; not those of floating numbers,
        unless `local`.
    argnums : int or tuple of int, optional
        The positional argument(s) to differentiate by.
    local : bool, optional
        The pattern at these arguments only: of ``np.where(x > 0, a, b)`` what is chosen there, of ``np.max`` the largest.
    progress : bool, optional
        Show a progress bar, where tqdm is installed.

    Returns
    -------
    scipy.sparse.csr_array of bool
        A row for each element of the output, raveled, and a column for each input; pytrees nest as in `jacfwd`. No entry that
        can differ from zero is missing; some may be there that never do.

    Warns
    -----
    BranchWarning
        If a value decides on the way, in an ``if`` or ``while`` of f's, or in what NumPy does (of ``np.unique``, say): the
        pattern is that of the way taken here, and of those that f has been recorded on before, with arguments of these kinds.

    Raises
    ------
    BadArgument
        If the pattern is not sparse at all, and large.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.jacobian_sparsity(np.diff, np.ones(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    return _part("patterns").jacobian_pattern(f, args, kwargs, argnums, local, progress)


def hessian_sparsity(
    f: Callable[..., Any],
    *args: Any,
    argnums: int | tuple[int, ...] = 0,
    local: bool = False,
    progress: bool = False,
    **kwargs: Any,
) -> Any:
    """Which second derivatives of a scalar function may differ from zero.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them, with a scalar as output.
    *args, **kwargs, argnums, local, progress
        As for `jacobian_sparsity`.

    Returns
    -------
    scipy.sparse.csr_array of bool
        Symmetric; a row and a column for each input, and for pytrees one for each pair of leaves.

    Warns
    -----
    BranchWarning
        As `jacobian_sparsity`.

    Raises
    ------
    NotDifferentiable
        If the output is no scalar.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.hessian_sparsity(lambda x: np.sum(x[1:] * x[:-1] ** 2), np.ones(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [1, 1, 1, 0],
           [0, 1, 1, 1],
           [0, 0, 1, 0]])
    """
    return _part("patterns").hessian_pattern(f, args, kwargs, argnums, local, progress)


def sparse_jacfwd(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, sparsity: Any = None) -> Transformed:
    """The Jacobian of f as a sparse array, from as many directions as its pattern has colours.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums : int or tuple of int, optional
        The positional argument(s) to differentiate by.
    sparsity : sparse or dense matrix, optional
        The pattern, if it is known: a row for each element of the output, and a column for each input; of a sparse one what is
        stored counts. Otherwise it is found when the function is first called with arguments of some shapes and dtypes, and
        kept.

    Returns
    -------
    callable
        Function of the same arguments giving a ``scipy.sparse.csr_array``; for pytrees one for each pair of leaves.

    Raises
    ------
    BadArgument
        If `sparsity` misses an entry. One random direction more is differentiated each time, and compared.
    NotDifferentiable
        As `jacfwd`, and inside other transforms.

    Notes
    -----
    If f goes another way than the one that was recorded, that random direction shows it, and the pattern grows.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> jacobian = dualad.sparse_jacfwd(lambda x: x[1:] * x[:-1])
    >>> jacobian(np.array([1.0, 2.0, 3.0])).toarray()
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    part = _part("compressed")
    return Transformed(part.sparse_jacobian, f, work=part.Compressed("sparse_jacfwd", argnums, sparsity))


def sparse_hessian(f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, sparsity: Any = None) -> Transformed:
    """The Hessian of a scalar function as a sparse array, from as many directions as its pattern's star colouring has colours.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them, with a real scalar as output.
    argnums, sparsity
        As for `sparse_jacfwd`; the pattern has a row and a column for each input.

    Returns
    -------
    callable
        Function of the same arguments giving a symmetric ``scipy.sparse.csr_array``; for pytrees one for each pair of leaves.

    Raises
    ------
    BadArgument, NotDifferentiable
        As `sparse_jacfwd` and `grad`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    part = _part("compressed")
    return Transformed(part.sparse_second, f, work=part.Compressed("sparse_hessian", argnums, sparsity))
