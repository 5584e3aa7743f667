"""Many directions: the basis cut into chunks, the chunks run here or by an executor, the Jacobian put together."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable, Iterator
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from .comparing import before_check, compare
from .deferred import FEW_DIRECTIONS
from .dropin import DropIn
from .errors import BadArgument
from .forward import filled, one_hot, run
from .lift import is_recorded
from .progress import shown
from .selection import Selection, cut, select
from .transformed import Transformed
from .trees import flatten, shape_of, unflatten
from .unrolling import UNROLLING

if TYPE_CHECKING:
    from concurrent.futures import Executor

SEED_ELEMENTS = 2**23
"""With chunk_size="auto" the seeds of one chunk hold at most this many numbers (64 MiB of float64)."""


UNROLLED = 64
"""While a program is recorded, each of a quarter as many directions, or of so many pairs of them, may have a run of its own."""


def unrolled(selection: Selection, directions: int) -> bool:
    """Whether each direction has a run of its own: lines that directions share are one line in a graph then, and what does not
    vary vanishes."""
    state = UNROLLING.get()
    if state is None or directions > UNROLLED or not any(map(is_recorded, selection.primals)):
        return False
    state.asked = True
    return state.wanted


def chunk_bounds(selection: Selection, chunk_size: Any, batch_ndim: int = 0, tangents: int = 1) -> list[tuple[int, int]]:
    """The first and last direction of every chunk; `tangents` is how many numbers a direction costs per number of the input."""
    if not isinstance(batch_ndim, int):
        raise BadArgument(
            f"{selection.name}: batch_ndim={batch_ndim!r}; it is a number of leading axes, or minus one of trailing"
        )
    sizes = [prod(cut(shape_of(primal), batch_ndim)[0]) for primal in selection.primals if primal is not None]
    count = sum(sizes)
    if chunk_size is None:
        size = count
    elif chunk_size == "auto":
        elements = sum(selection.sizes) if batch_ndim else count
        size = count if batch_ndim and count <= FEW_DIRECTIONS else SEED_ELEMENTS // max(1, elements * tangents)
        # Points with directions of their own inside those of an outer transform: all pairs would be too many lines.
        nested = batch_ndim and not any(getattr(primal, "recorded", False) for primal in selection.primals)
        if not nested and unrolled(selection, count * max(tangents, 4)):
            size = 1
    elif isinstance(chunk_size, (int, np.integer)) and chunk_size > 0 and chunk_size is not True:
        size = int(chunk_size)
    else:
        raise BadArgument(
            f'{selection.name}: chunk_size={chunk_size!r}; it is "auto", None, or a positive number of directions'
        )
    size = max(1, min(size, count))
    return [(low, min(low + size, count)) for low in range(0, count, size)] or [(0, 0)]


def run_chunk(selection: Selection, low: int, high: int, batch_ndim: int, has_aux: bool) -> tuple[Any, list[Any], Any]:
    """f on duals with directions low..high: its value, one tangent of all of them per output leaf, and aux."""
    out, tangents, aux = run(selection, functools.partial(one_hot, selection, low, high, batch_ndim), has_aux)
    values, _ = flatten(out)
    pairs = zip(values, tangents, strict=True)
    return out, [None if value is None else filled(tangent, value, high - low) for value, tangent in pairs], aux


def run_all(
    selection: Selection,
    bounds: list[tuple[int, int]],
    batch_ndim: int,
    has_aux: bool,
    executor: Executor | None,
    progress: bool,
) -> tuple[Any, list[Any], Any]:
    """Every chunk; tangents joined along the direction axis. Value and aux are those of the first chunk."""
    if len(bounds) == 1 and executor is None and not progress:
        return run_chunk(selection, *bounds[0], batch_ndim, has_aux)
    state = UNROLLING.get()
    if state is not None and state.wanted and len(bounds) > 1:
        with state.several():
            return _run_all(selection, bounds, batch_ndim, has_aux, executor, progress)
    return _run_all(selection, bounds, batch_ndim, has_aux, executor, progress)


def _run_all(
    selection: Selection,
    bounds: list[tuple[int, int]],
    batch_ndim: int,
    has_aux: bool,
    executor: Executor | None,
    progress: bool,
) -> tuple[Any, list[Any], Any]:
    tasks = [(selection, low, high, batch_ndim, has_aux) for low, high in bounds]
    answers = in_chunks(run_chunk, tasks, executor, progress)
    out: Any = None
    aux: Any = None
    joined: list[Any] = []
    rest: list[list[Any]] = []  # what comes after the first one that an outer transform has lifted
    stored = bounds[0][1] - bounds[0][0]
    for (low, high), (value, tangents, extra) in zip(bounds, answers, strict=True):
        if low == bounds[0][0]:
            out, aux, joined = value, extra, tangents
            if len(bounds) > 1 and _plain(tangents):
                joined = [t if t is None else np.empty((bounds[-1][1] - bounds[0][0], *t.shape[1:]), t.dtype) for t in tangents]
                _store(joined, tangents, 0, high - low)
        elif not rest and _plain(joined) and _plain(tangents):
            _store(joined, tangents, low - bounds[0][0], high - bounds[0][0])
            stored = high - bounds[0][0]
        else:  # lifted by an outer transform: joining is a NumPy call like any other
            rest.append(tangents)
    if rest:
        columns = zip(joined, *rest, strict=True)
        joined = [None if column[0] is None else np.concatenate([column[0][:stored], *column[1:]]) for column in columns]
    return out, joined, aux


def _plain(tangents: list[Any]) -> bool:
    return all(tangent is None or isinstance(tangent, np.ndarray) for tangent in tangents)


def _store(joined: list[Any], tangents: list[Any], low: int, high: int) -> None:
    for whole, part in zip(joined, tangents, strict=True):
        if whole is not None:
            whole[low:high] = part


def in_chunks(
    worker: Callable[..., Any], tasks: list[tuple[Any, ...]], executor: Executor | None, progress: bool
) -> Iterator[Any]:
    """worker(*task) of every task in order, here or by the executor, under a progress bar if one is wanted."""
    if executor is None:
        answers: Iterator[Any] = (worker(*task) for task in tasks)
    else:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - for whoever has one, who has imported it

        if isinstance(executor, ThreadPoolExecutor):  # the caller's errstate goes along
            works = [functools.partial(contextvars.copy_context().run, worker, *task) for task in tasks]
        else:
            works = [functools.partial(worker, *task) for task in tasks]
        answers = _results([executor.submit(work) for work in works])
    return iter(shown(answers, len(tasks), "chunk")) if progress else answers


def _results(futures: list[Any]) -> Iterator[Any]:
    try:
        for index, future in enumerate(futures):
            yield future.result()
            futures[index] = None  # the result is the consumer's now
    finally:
        for future in futures:
            if future is not None:
                future.cancel()


def jacobian_blocks(selection: Selection, tangent: Any, shape: tuple[int, ...], batch_ndim: int = 0) -> list[Any]:
    """One block per input leaf, of shape out.shape + in.shape, from the tangents of one output.

    Blocks are views: the direction axis is only moved to the end.
    """
    blocks: list[Any] = []
    offset = 0
    for primal in selection.primals:
        if primal is None:
            blocks.append(None)
            continue
        core = cut(shape_of(primal), batch_ndim)[0]
        size = prod(core)
        rows = tangent[offset : offset + size]
        offset += size
        last = rows.ndim + min(batch_ndim, 0)
        moved = rows.T if last <= 2 and last == rows.ndim else rows.transpose(*range(1, last), 0, *range(last, rows.ndim))
        one, points = cut(shape, batch_ndim) if batch_ndim < 0 else (shape, ())
        block = moved.reshape((*one, *core, *points)) if len(core) != 1 else moved
        blocks.append(block[()])
    return blocks


def jacobian(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: str,
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    batch_ndim: int = 0,
    holomorphic: bool = False,
    chunk_size: Any = "auto",
    executor: Executor | None = None,
    progress: bool = False,
    value: bool = False,
    matrix: bool = False,
    check: str | None = None,
    refuse: Callable[[Selection, Any], None] | None = None,
    selection: Selection | None = None,
) -> Any:
    """What every Jacobian-like transform does: select, cut, run, assemble. `refuse` may refuse the output."""
    selection = selection or select(name, f, args, kwargs, argnums, argnames, complex_allowed=holomorphic)
    if matrix and batch_ndim:
        raise BadArgument(f"{name}: matrix=True is one matrix, and with batch_ndim={batch_ndim} there are many")
    before = before_check(selection, check)
    bounds = chunk_bounds(selection, chunk_size, batch_ndim)
    out, tangents, aux = run_all(selection, bounds, batch_ndim, has_aux, executor, progress)
    if refuse is not None:
        refuse(selection, out)
    if before is not None:
        compare(selection, out, tangents, before, batch_ndim)
    values, structure = flatten(out)
    trees: list[Any] = []
    for leaf, tangent in zip(values, tangents, strict=True):
        if leaf is not None:
            require_complex(selection, leaf, holomorphic)
            if batch_ndim:
                _require_batch(selection, leaf, batch_ndim)
        blocks = None if leaf is None or matrix else jacobian_blocks(selection, tangent, np.shape(leaf), batch_ndim)
        trees.append(None if blocks is None else selection.tree(blocks))
    answer = _matrix(tangents) if matrix else unflatten(structure, trees)
    if value:
        return ((out, aux), answer) if has_aux else (out, answer)
    return (answer, aux) if has_aux else answer


def _matrix(tangents: list[Any]) -> Any:
    """A row for each number of the output, a column for each of the arguments, whatever containers they stand in."""
    rows = [np.reshape(each, (len(each), prod(each.shape[1:]))) for each in tangents if each is not None]
    return (rows[0] if len(rows) == 1 else np.concatenate(rows, axis=1)).T


def require_complex(selection: Selection, leaf: Any, holomorphic: bool) -> None:
    """Refuse a real output where a holomorphic function was announced."""
    if holomorphic and not np.iscomplexobj(leaf):
        raise BadArgument(
            f"{selection.name}: holomorphic=True, but the output is real, and a holomorphic function's is complex"
        )


def _require_batch(selection: Selection, leaf: Any, batch_ndim: int) -> None:
    batch = {cut(np.shape(primal), batch_ndim)[1] for primal in selection.primals if primal is not None}
    own = cut(np.shape(leaf), batch_ndim)[1]
    if batch != {own}:
        raise BadArgument(
            f"{selection.name}: with batch_ndim={batch_ndim} the {'leading' if batch_ndim > 0 else 'trailing'} axes of "
            f"arguments and output are the same points, but they are {', '.join(map(str, batch))} and {own}"
        )


def jacfwd(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
    batch_ndim: int = 0,
    holomorphic: bool = False,
    matrix: bool = False,
    chunk_size: int | str | None = "auto",
    executor: Executor | None = None,
    progress: bool = False,
    drop_in: DropIn = "auto",
    check: str | None = None,
) -> Transformed:
    """The Jacobian of f by forward mode: one run of f carries all directions.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums : int or tuple of int, optional
        The positional argument(s) to differentiate by; negative counts from the end.
    argnames : str or tuple of str, optional
        Arguments by name. Given alone, it replaces `argnums`; ``argnums=(0,)`` beside it selects both.
    has_aux : bool, optional
        f returns ``(output, aux)``; the answer is ``(jacobian, aux)``. aux comes from the first chunk, stripped of tangents.
    batch_ndim : int, optional
        So many leading axes are independent points: a map (N, n) -> (N, m) gives (N, m, n) for the price of n directions.
        Negative: so many trailing axes, (n, N) -> (m, N) gives (m, n, N).
    holomorphic : bool, optional
        The arguments are complex and f is holomorphic.
    matrix : bool, optional
        Give one matrix instead of nested pytrees: a row for each number of the output, a column for each number of the
        arguments, in their order.
    chunk_size : "auto", int or None, optional
        How many directions one run of f carries, which bounds memory; f runs once per chunk. None: all in one run.
        "auto": as many as keep the seeds below 64 MiB; for a batch of points, whose seeds take no memory, 16 at once.
    executor : concurrent.futures.Executor, optional
        Runs the chunks; for processes, f and its arguments must pickle.
    progress : bool, optional
        Show a progress bar over the chunks, where tqdm is installed.
    drop_in : "auto", bool, str or tuple of str, optional
        Whether to step in, with stand-ins for what f builds arrays with. "auto": where a tangent would be lost otherwise,
        which is told once. True: from the start. False: never; what would lose a tangent raises. Names of packages: from the
        start, and duals also pass for floats and arrays in ``float(x)`` and ``isinstance`` of their modules.
    check : None or "direction", optional
        "direction": compare with a difference of f's values along one random direction, and warn if they disagree.

    Returns
    -------
    callable
        Function of the same arguments. Each leaf of the answer has shape ``out.shape + in.shape``; pytrees nest with the
        output's structure outside and the arguments' inside, leaves without derivative giving None.

    Raises
    ------
    NotDifferentiable
        If an argument holds nothing to differentiate, or the output is not numeric.
    BadArgument
        If an argument is out of range, or the shapes do not fit `batch_ndim`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.jacfwd(lambda x: np.array([1.0, 2.0]) * x[0] + x[1] ** 2)(np.array([3.0, 4.0]))
    array([[1., 8.],
           [2., 8.]])
    """
    return Transformed(
        jacobian,
        f,
        name="jacfwd",
        argnums=argnums,
        argnames=argnames,
        has_aux=has_aux,
        batch_ndim=batch_ndim,
        holomorphic=holomorphic,
        matrix=matrix,
        chunk_size=chunk_size,
        executor=executor,
        progress=progress,
        drop_in=drop_in,
        check=check,
    )


def value_and_jacfwd(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
    batch_ndim: int = 0,
    holomorphic: bool = False,
    matrix: bool = False,
    chunk_size: int | str | None = "auto",
    executor: Executor | None = None,
    progress: bool = False,
    drop_in: DropIn = "auto",
    check: str | None = None,
) -> Transformed:
    """The value of f and its Jacobian in one run; parameters as for `jacfwd`.

    Returns
    -------
    callable
        Function of the same arguments, giving ``(value, jacobian)``, or ``((value, aux), jacobian)`` with `has_aux`.

    Raises
    ------
    NotDifferentiable, BadArgument
        As `jacfwd`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.value_and_jacfwd(np.square)(np.array([1.0, 3.0]))
    (array([1., 9.]), array([[2., 0.],
           [0., 6.]]))
    """
    return Transformed(
        jacobian,
        f,
        name="value_and_jacfwd",
        argnums=argnums,
        argnames=argnames,
        has_aux=has_aux,
        batch_ndim=batch_ndim,
        holomorphic=holomorphic,
        matrix=matrix,
        chunk_size=chunk_size,
        executor=executor,
        progress=progress,
        drop_in=drop_in,
        check=check,
        value=True,
    )
