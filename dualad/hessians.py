"""Second derivatives by duals of duals: whole Hessians, their diagonals and traces."""

from __future__ import annotations

import functools
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import numpy as np

from .directions import jacobian
from .errors import BadArgument
from .forward import Selection, Transformed, select
from .trees import flatten, unflatten


class _Inner:
    """f's Jacobian as output, f's value and aux as aux: what an outer Jacobian turns into a Hessian. Pickles if f does."""

    def __init__(self, f: Callable[..., Any], options: dict[str, Any]) -> None:
        self.f, self.options = f, options
        self.__name__ = getattr(f, "__name__", repr(f))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        value, gradient = jacobian(self.f, args, kwargs, value=True, **self.options)
        return gradient, (value, gradient)


def _hessian(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: str,
    has_aux: bool,
    everything: bool,
    executor: Executor | None,
    progress: bool,
    **options: Any,
) -> Any:
    inner = _Inner(f, {"name": name, "has_aux": has_aux, **options})
    second, (value, gradient) = jacobian(
        inner, args, kwargs, name=name, has_aux=True, executor=executor, progress=progress, **options
    )
    selection = select(name, f, args, kwargs, options["argnums"], options["argnames"], options["holomorphic"])
    second = _symmetric(second, selection)
    if everything:
        return value, gradient, second
    return (second, value[1]) if has_aux else second


def _symmetric(second: Any, selection: Selection) -> Any:
    """Both halves made the same to the last bit: each pair of entries is replaced by its mean."""
    leaves, structure = flatten(second)
    primals = selection.primals
    row = [0]  # where in a square of blocks the row of each input begins; an input without derivative has one None
    for primal in primals:
        row.append(row[-1] + (1 if primal is None else len(primals)))
    moving = [place for place, primal in enumerate(primals) if primal is not None]
    start = 0
    while start < len(leaves):
        if leaves[start] is None and moving[0] == 0:  # an output that is None
            start += 1
            continue
        for i in moving:
            for j in moving:
                if i <= j:
                    one, other = start + row[i] + j, start + row[j] + i
                    leaves[one], leaves[other] = _mean(leaves[one], leaves[other], *_dims(selection, i, j))
        start += row[-1]
    return unflatten(structure, leaves)


def _dims(selection: Selection, i: int, j: int) -> tuple[int, int]:
    return np.ndim(selection.primals[i]), np.ndim(selection.primals[j])


def _mean(block: Any, mirror: Any, rows: int, columns: int) -> tuple[Any, Any]:
    """The mean of a block out + in_i + in_j and its mirror image out + in_j + in_i, in both orientations."""
    out = list(range(np.ndim(block) - rows - columns))
    first = [len(out) + axis for axis in range(columns)]
    second = [len(out) + columns + axis for axis in range(rows)]
    turned = np.transpose(mirror, (*out, *second, *first))
    mean = np.where(block == turned, block, 0.5 * block + 0.5 * turned)[()]
    back = [len(out) + rows + axis for axis in range(columns)] + [len(out) + axis for axis in range(rows)]
    return mean, np.transpose(mean, (*out, *back))


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
) -> Transformed:
    """All second derivatives, by a dual of duals; symmetric to the last bit.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums, argnames, has_aux, holomorphic, chunk_size, executor, progress
        As for `jacfwd`; chunks and executor serve the outer directions.

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
    answers: list[Any] = []
    for place, (leaf, primal) in enumerate(zip(selection.leaves, selection.primals, strict=True)):
        if primal is None:
            answers.append(None)
            continue
        parts = []
        for low in range(0, int(np.size(primal)), BLOCK):
            block = range(low, min(low + BLOCK, int(np.size(primal))))
            shift = np.zeros(len(block))
            second = hessian(_Shifted(selection, place, leaf, block), chunk_size=None)(shift)
            parts.append(np.diagonal(second, axis1=-2, axis2=-1))
        diagonal = np.concatenate(parts, -1) if parts else np.zeros(0)
        answers.append(diagonal.reshape((*diagonal.shape[:-1], *np.shape(primal)))[()])
    if not total:
        return selection.tree(answers)
    sums = [
        np.sum(answer, axis=tuple(range(-np.ndim(primal), 0)))
        for answer, primal in zip(answers, selection.primals, strict=True)
        if answer is not None
    ]
    return functools.reduce(np.add, sums)


class _Shifted:
    """f as a function of shifts of a few components of one leaf."""

    def __init__(self, selection: Selection, place: int, leaf: Any, block: range) -> None:
        self.selection, self.place, self.leaf, self.block = selection, place, leaf, block
        self.__name__ = getattr(selection.f, "__name__", "f")

    def __call__(self, shift: Any) -> Any:
        primal = self.selection.primals[self.place]
        if np.ndim(primal) == 0:
            moved = primal + shift[0]
        else:
            basis = np.zeros((len(self.block), int(np.size(primal))), getattr(primal, "dtype", None))
            basis[np.arange(len(self.block)), list(self.block)] = 1.0
            moved = primal + np.reshape(shift @ basis, np.shape(primal))
        return self.selection.call([*self.selection.leaves[: self.place], moved, *self.selection.leaves[self.place + 1 :]])


def hessian_diagonal(f: Callable[..., Any], argnums: int = 0) -> Transformed:
    """The diagonal of the Hessian, without the rest of it: a run of f for every few inputs.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums : int, optional
        Which positional argument to differentiate by.

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
    return Transformed(_diagonal, f, name="hessian_diagonal", argnums=argnums, total=False)


def laplacian(f: Callable[..., Any], argnums: int = 0) -> Transformed:
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
    return Transformed(_diagonal, f, name="laplacian", argnums=argnums, total=True)
