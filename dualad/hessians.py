"""Second derivatives by duals of duals, or by forward mode over reverse mode: whole Hessians, their diagonals and traces."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .comparing import before_check, compare
from .directions import SEED_ELEMENTS, chunk_bounds, in_chunks, jacobian_blocks, require_complex, run_all, run_chunk, unrolled
from .dropin import DropIn
from .errors import BadArgument, NoRule
from .lift import is_recorded
from .selection import Selection, select
from .tracing import gradient
from .transformed import Transformed
from .trees import dtype_of, flatten, unflatten

FEW, FEW_RECORDED = 20, 1
"""So many inputs at most, and a dual of duals is as quick as forward mode over reverse mode: eager, and in a program.

Measured over the functions of `derivatives.FEW`, of 2 to 100 inputs: they meet at 5 for arrays of a thousand elements per
input, at 10 to 30 for smaller arrays and linear algebra, at 30 to 50 for vectors of the inputs alone; loops over single inputs
take 4 times as long over reverse mode. From 30 on, a dual of duals loses more elsewhere than it gains there.
"""

if TYPE_CHECKING:
    from concurrent.futures import Executor


class _Rows:
    """f's tangents along directions low..stop as output: what a second run over directions makes rows of a Hessian."""

    def __init__(self, selection: Selection, low: int, stop: int, has_aux: bool) -> None:
        self.selection, self.low, self.stop, self.has_aux = selection, low, stop, has_aux
        self.__name__ = getattr(selection.f, "__name__", repr(selection.f))
        self.__wrapped__ = selection.f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        selection, size = self.selection.at(args, kwargs), self.stop - self.low
        step = 1 if unrolled(selection, self.stop**2) else max(1, size)
        bounds = [(low, low + step) for low in range(self.low, self.stop, step)] or [(0, 0)]
        out, tangents, aux = run_all(selection, bounds, 0, self.has_aux, None, False)
        return tangents, (out, aux, tangents)


def run_rows(selection: Selection, low: int, high: int, stop: int, has_aux: bool) -> tuple[list[Any], Any]:
    """Rows low..high of the Hessian, columns low..stop: one array (high - low, stop - low, *out) per output leaf.

    Beside it what the same run gave of value, aux and first tangents.
    """
    outer = dataclasses.replace(selection, f=_Rows(selection, low, stop, has_aux))
    _, rows, extra = run_chunk(outer, low, high, 0, has_aux=True)
    return rows, extra


def _hessian(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: str,
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    holomorphic: bool,
    chunk_size: Any,
    executor: Executor | None,
    progress: bool,
    everything: bool,
    check: str | None,
    mode: str | None,
) -> Any:
    selection = select(name, f, args, kwargs, argnums, argnames, complex_allowed=holomorphic)
    before = before_check(selection, check)
    count = sum(selection.sizes)
    answers = None
    if mode is None or mode == "reverse":
        few = FEW_RECORDED if any(map(is_recorded, selection.primals)) else FEW
        if mode or (count > few and not holomorphic):
            answers = _over_reverse(selection, chunk_size, executor, progress, has_aux, mode)
    elif mode != "forward":
        raise BadArgument(f'{name}: mode={mode!r}; it is "forward", "reverse", or None for the cheaper one')
    if answers is None:
        bounds = chunk_bounds(selection, chunk_size, tangents=max(1, count))
        tasks = [(selection, low, high, count, has_aux) for low, high in bounds]
        answers = list(in_chunks(run_rows, tasks, executor, progress))
    out, aux, tangents = answers[0][1]
    if before is not None:
        compare(selection, out, tangents, before)
    leaves, structure = flatten(out)
    gradients: list[Any] = []
    seconds: list[Any] = []
    for place, (leaf, tangent) in enumerate(zip(leaves, tangents, strict=True)):
        if leaf is None:
            gradients.append(None)
            seconds.append(None)
            continue
        require_complex(selection, leaf, holomorphic)
        gradients.append(selection.tree(jacobian_blocks(selection, tangent, np.shape(leaf))))
        square = _mirrored([rows[place] for rows, _ in answers], count)
        seconds.append(selection.tree(_squares(selection, square, np.shape(leaf))))
    second = unflatten(structure, seconds)
    if everything:
        return (out, aux) if has_aux else out, unflatten(structure, gradients), second
    return (second, aux) if has_aux else second


class _NotScalar(Exception):
    """The function's output is not one number: its Hessian is better taken forwards."""


class _Gradient:
    """f's gradient by reverse mode as output, raveled: what a run over directions makes rows of a Hessian."""

    def __init__(self, selection: Selection, has_aux: bool) -> None:
        self.selection, self.has_aux = selection, has_aux
        self.__name__ = getattr(selection.f, "__name__", repr(selection.f))
        self.__wrapped__ = selection.f

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        selection = self.selection.at(args, kwargs)
        out, leaves, aux = gradient(selection, self.has_aux, _require_one)
        flat = [np.ravel(each) for each in leaves if each is not None]
        raveled = flat[0] if len(flat) == 1 else np.concatenate(flat)
        return raveled, (out, aux, [raveled])


def _require_one(selection: Selection, out: Any) -> None:
    leaves, _ = flatten(out)
    if len(leaves) != 1 or np.ndim(leaves[0]) or dtype_of(leaves[0]).kind != "f":
        raise _NotScalar


def _over_reverse(
    selection: Selection, chunk_size: Any, executor: Executor | None, progress: bool, has_aux: bool, mode: str | None
) -> list[Any] | None:
    """Rows by forward mode over reverse mode, as `run_rows` gives them; None if f has more than one number as output, or cannot
    be transposed."""
    outer = dataclasses.replace(selection, f=_Gradient(selection, has_aux))
    count = sum(selection.sizes)
    tasks = [(outer, low, high, 0, True) for low, high in _pieces(selection, chunk_size, count)]
    try:
        answers = list(in_chunks(run_chunk, tasks, executor, progress))
    except _NotScalar:
        return None
    except NoRule:
        if mode is not None:
            raise
        return None
    return [([np.reshape(rows[0], (len(rows[0]), count))], extra) for _, rows, extra in answers]


def _pieces(selection: Selection, chunk_size: Any, count: int) -> list[tuple[int, int]]:
    """The first and last direction of every chunk; a direction costs a few arrays of all inputs."""
    if chunk_size != "auto":
        return chunk_bounds(selection, chunk_size)
    size = max(1, SEED_ELEMENTS // max(1, count))
    return [(low, min(low + size, count)) for low in range(0, count, size)]


def _mirrored(blocks: list[Any], count: int) -> Any:
    """The whole (n, n, *out) from rows that begin at the diagonal's blocks: the upper triangle, and its mirror image below.

    Each pair of directions is so computed once, but for those inside one chunk.
    """
    rows = [
        block
        if block.shape[1] == count
        else np.concatenate([np.zeros((len(block), count - block.shape[1], *block.shape[2:]), block.dtype), block], 1)
        for block in blocks
    ]
    square = rows[0] if len(rows) == 1 else np.concatenate(rows, 0)
    upper = np.triu(np.ones((count, count), bool)).reshape(count, count, *(1,) * (square.ndim - 2))
    return np.where(upper, square, np.swapaxes(square, 0, 1))


def _squares(selection: Selection, square: Any, shape: tuple[int, ...]) -> list[Any]:
    """For each input leaf the tree of its blocks out.shape + in.shape + in.shape with every other."""
    trees: list[Any] = []
    for primal, block in zip(selection.primals, jacobian_blocks(selection, square, square.shape[1:]), strict=True):
        if primal is None:
            trees.append(None)
            continue
        trees.append(selection.tree(jacobian_blocks(selection, block, (*shape, *np.shape(primal)))))
    return trees


def hessian(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | str | None = "auto",
    executor: Executor | None = None,
    progress: bool = False,
    drop_in: DropIn = "auto",
    check: str | None = None,
    mode: str | None = None,
) -> Transformed:
    """All second derivatives; symmetric to the last bit.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums, argnames, has_aux, holomorphic, chunk_size, executor, progress, drop_in, check
        As for `jacfwd`; chunks and executor serve the outer directions. A chunk computes the rows of its directions from
        the diagonal on, so that chunks compute each pair of inputs once: with long arrays that is faster than one run, with
        short ones slower, because f runs once per chunk.
    mode : None, "forward" or "reverse", optional
        How to take the gradient of which this is the derivative by forward mode: "forward", a dual of duals; "reverse", for a
        function with one number as output. None: reverse where that is cheaper, for many inputs.

    Returns
    -------
    callable
        Function of the same arguments. Each leaf has shape ``out.shape + in.shape + in.shape``.

    Raises
    ------
    NotDifferentiable
        As `jacfwd`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return Transformed(
        _hessian,
        f,
        name="hessian",
        argnums=argnums,
        argnames=argnames,
        has_aux=has_aux,
        holomorphic=holomorphic,
        chunk_size=chunk_size,
        executor=executor,
        progress=progress,
        drop_in=drop_in,
        check=check,
        mode=mode,
        everything=False,
    )


def value_grad_and_hessian(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | str | None = "auto",
    executor: Executor | None = None,
    progress: bool = False,
    drop_in: DropIn = "auto",
    check: str | None = None,
    mode: str | None = None,
) -> Transformed:
    """Value, first and second derivatives in one run; parameters as for `hessian`.

    Returns
    -------
    callable
        Function of the same arguments, giving ``(value, gradient, hessian)``; with `has_aux`, ``(value, aux)`` comes first.

    Raises
    ------
    NotDifferentiable
        As `jacfwd`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> value, gradient, second = dualad.value_grad_and_hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    >>> float(value), gradient, second
    (9.0, array([ 3., 12.]), array([[ 6.,  0.],
           [ 0., 12.]]))
    """
    return Transformed(
        _hessian,
        f,
        name="value_grad_and_hessian",
        argnums=argnums,
        argnames=argnames,
        has_aux=has_aux,
        holomorphic=holomorphic,
        chunk_size=chunk_size,
        executor=executor,
        progress=progress,
        drop_in=drop_in,
        check=check,
        mode=mode,
        everything=True,
    )


BLOCK = 4
"""Inputs taken together by `hessian_diagonal`: a block costs BLOCK**2 second tangents, and saves BLOCK - 1 runs of f."""


def _diagonal(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, name: str, argnums: int, total: bool
) -> Any:
    selection = select(name, f, args, kwargs, argnums, None)
    if len(selection.places) != 1 or not selection.single:
        raise BadArgument(f"{name}: argnums is one integer, not {argnums!r}")
    parts: list[list[Any]] = []
    for low, high in chunk_bounds(selection, BLOCK):
        rows, (out, _, _) = run_rows(selection, low, high, high, has_aux=False)
        parts.append([None if row is None else np.copy(np.diagonal(row)) for row in rows])
    leaves, structure = flatten(out)
    answers: list[Any] = []
    for leaf, *pieces in zip(leaves, *parts, strict=True):
        if leaf is None:
            answers.append(None)
        elif total:
            answers.append(np.sum(np.concatenate(pieces, -1), -1))
        else:
            diagonal = np.moveaxis(np.concatenate(pieces, -1), -1, 0)
            answers.append(selection.tree(jacobian_blocks(selection, diagonal, np.shape(leaf))))
    return unflatten(structure, answers)


def hessian_diagonal(f: Callable[..., Any], argnums: int = 0, *, drop_in: DropIn = "auto") -> Transformed:
    """The diagonal of the Hessian, without the rest of it: a run of f for every few inputs.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums : int, optional
        Which positional argument to differentiate by.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    callable
        Function of the same arguments; each leaf has shape ``out.shape + in.shape``.

    Raises
    ------
    NotDifferentiable, BadArgument
        As `jacfwd`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.hessian_diagonal(lambda x: np.sum(x**3) + x[0] * x[1])(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    return Transformed(_diagonal, f, name="hessian_diagonal", argnums=argnums, total=False, drop_in=drop_in)


def laplacian(f: Callable[..., Any], argnums: int = 0, *, drop_in: DropIn = "auto") -> Transformed:
    """The sum of the Hessian's diagonal, without the Hessian; parameters as for `hessian_diagonal`.

    Returns
    -------
    callable
        Function of the same arguments; the answer has the shape of the output.

    Raises
    ------
    NotDifferentiable, BadArgument
        As `jacfwd`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> float(dualad.laplacian(lambda x: np.sum(x**2))(np.array([1.0, 2.0, 3.0])))
    6.0
    """
    return Transformed(_diagonal, f, name="laplacian", argnums=argnums, total=True, drop_in=drop_in)
