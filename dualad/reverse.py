"""Reverse mode: products with the transposed Jacobian, and Jacobians of functions with fewer outputs than inputs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .directions import require_complex
from .dropin import DropIn, mode
from .errors import BadArgument, NotDifferentiable
from .forward import filled
from .lift import Lifted
from .selection import name_of, select
from .tracing import Trace, rows, settled, traced
from .transformed import Transformed
from .transposing import pushed
from .trees import dtype_of, flatten, unflatten

# -- products with the transposed Jacobian ------------------------------------------------------------------------------------


class Pullback:
    """What `vjp` gives beside the value: a function from cotangents of the output to those of the arguments."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        trace = self._trace
        leaves, structure = flatten(cotangent)
        if structure != trace.structure:
            raise BadArgument(f"vjp: the cotangent has the structure {structure}, the output {trace.structure}")
        seeds = [_seed(*pair) for pair in zip(trace.values, leaves, strict=True)]
        with np.errstate(all="ignore"):
            answers = trace.pulled(seeds)
        answer: tuple[Any, ...] = unflatten(trace.selection.structure, settled(trace.selection, answers))
        return answer

    def __repr__(self) -> str:
        return f"<vjp of {name_of(self._trace.selection.f)}>"


def _seed(value: Any, cotangent: Any) -> Any:
    """A cotangent of the output as the walk takes it."""
    if value is None:
        return None
    cotangent = cotangent if isinstance(cotangent, Lifted) else np.asarray(cotangent)
    if cotangent.shape != np.shape(value):
        raise BadArgument(f"vjp: a cotangent of shape {cotangent.shape} for an output of shape {np.shape(value)}")
    if cotangent.dtype.kind not in "biufc" or (cotangent.dtype.kind == "c" and not np.iscomplexobj(value)):
        raise BadArgument(f"vjp: a cotangent of dtype {cotangent.dtype} for an output of dtype {dtype_of(value)}")
    dtype = dtype_of(value) if dtype_of(value).kind in "fc" else np.dtype(np.float64)
    return np.astype(np.reshape(cotangent, (1, *cotangent.shape)), dtype)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False, drop_in: DropIn = "auto") -> tuple[Any, ...]:
    """The value of f, and the function that multiplies cotangents by its Jacobian from the left: reverse mode.

    Parameters
    ----------
    f : callable
        Function of ``len(primals)`` arguments, each an array, a scalar or a pytree of them.
    *primals
        Where to evaluate f.
    has_aux : bool, optional
        f returns ``(output, aux)``; aux is passed through.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    out : pytree of arrays
        ``f(*primals)``.
    f_vjp : callable
        From a cotangent of the output's structure and shapes to a tuple with one cotangent per argument. It runs nothing of f
        again and can be called any number of times. Complex numbers are paired without conjugation, as in JAX: for a real
        function of z = x + iy the answer is df/dx - i df/dy, and descent goes along its conjugate.
    aux
        Only with `has_aux`.

    Raises
    ------
    BadArgument
        By f_vjp, if the cotangent has another structure or shape than the output.
    NotDifferentiable
        If a primal holds nothing to differentiate, or the output is not numeric.
    NoRule
        If the derivative of an operation is known as a function of tangents that cannot be transposed.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> out, f_vjp = dualad.vjp(lambda x, y: x * np.sum(y), np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> out
    array([ 7., 14.])
    >>> f_vjp(np.array([1.0, 1.0]))
    (array([7., 7.]), array([3., 3.]))
    """
    trace = _trace_of("vjp", f, primals, has_aux, drop_in)
    pullback = Pullback(trace)
    return (trace.out, pullback, trace.aux) if has_aux else (trace.out, pullback)


def _trace_of(name: str, f: Callable[..., Any], primals: tuple[Any, ...], has_aux: bool, drop_in: DropIn) -> Trace:
    if not callable(f):
        raise BadArgument(f"{name} takes a function, not {type(f).__name__}: write {name}(f, x), not {name}(f(x))")
    with mode(drop_in) if drop_in != "auto" else nullcontext():
        selection = select(name, f, primals, {}, tuple(range(len(primals))), None, complex_allowed=True)
        return traced(selection, has_aux)


# -- linearize -----------------------------------------------------------------------------------------------------------


class Pushforward:
    """What `linearize` gives beside the value: a linear function from tangents of the arguments to one of the output."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __call__(self, *tangents: Any) -> Any:
        trace = self._trace
        selection = trace.selection
        leaves, structure = flatten(tangents)
        if structure != selection.structure:
            raise BadArgument(f"linearize: tangents have the structure {structure}, primals {selection.structure}")
        seeds = [_seed(*pair) for pair in zip(selection.primals, leaves, strict=True)]
        with np.errstate(all="ignore"):
            answers = pushed(trace.variables, seeds)
        pairs = zip(trace.values, answers, strict=True)
        slopes = [value if value is None else filled(answer, value, 1)[0] for value, answer in pairs]
        return unflatten(trace.structure, [np.copy(each) if np.ndim(each) else each for each in slopes])

    def __repr__(self) -> str:
        return f"<linearize of {name_of(self._trace.selection.f)}>"


def linearize(f: Callable[..., Any], *primals: Any, drop_in: DropIn = "auto") -> tuple[Any, Pushforward]:
    """The value of f, and its derivative as a linear function of tangents, which runs nothing of f again.

    Parameters
    ----------
    f : callable
        Function of ``len(primals)`` arguments, each an array, a scalar or a pytree of them.
    *primals
        Where to evaluate f.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    out : pytree of arrays
        ``f(*primals)``.
    f_jvp : callable
        From tangents, one per argument and of its structure and shapes, to the output's tangent.

    Raises
    ------
    BadArgument, NotDifferentiable
        As `vjp`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> out, f_jvp = dualad.linearize(np.sin, np.array([0.0, np.pi]))
    >>> f_jvp(np.array([1.0, 1.0])), f_jvp(np.array([2.0, 0.0]))
    (array([ 1., -1.]), array([ 2., -0.]))
    """
    trace = _trace_of("linearize", f, primals, False, drop_in)
    return trace.out, Pushforward(trace)


# -- Jacobians -----------------------------------------------------------------------------------------------------------


def _jacrev(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    argnums: Any,
    argnames: Any,
    has_aux: bool,
    holomorphic: bool,
    chunk_size: Any,
    value: bool,
) -> Any:
    selection = select("jacrev", f, args, kwargs, argnums, argnames, complex_allowed=True)
    trace = traced(selection, has_aux)
    if not holomorphic and selection.is_complex and any(e is not None and dtype_of(e).kind == "c" for e in trace.values):
        raise NotDifferentiable(
            "jacrev: argument and output are complex: the derivative is one complex number for each pair only for a "
            "holomorphic function. Pass holomorphic=True if f is one, or use vjp, or differentiate the real and imaginary part"
        )
    trees: list[Any] = []
    for place, each in enumerate(trace.values):
        if each is None:
            trees.append(None)
            continue
        require_complex(selection, each, holomorphic)
        shape = np.shape(each)
        blocks = [
            None if block is None else np.reshape(block, shape + np.shape(primal))[()]
            for primal, block in zip(selection.primals, rows(trace, place, chunk_size), strict=True)
        ]
        trees.append(selection.tree(blocks))
    answer = unflatten(trace.structure, trees)
    if value:
        return ((trace.out, trace.aux), answer) if has_aux else (trace.out, answer)
    return (answer, trace.aux) if has_aux else answer


def jacrev(
    f: Callable[..., Any],
    argnums: int | tuple[int, ...] = 0,
    *,
    argnames: str | tuple[str, ...] | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    chunk_size: int | str | None = "auto",
    drop_in: DropIn = "auto",
) -> Transformed:
    """The Jacobian of f by reverse mode: one run of f, and a walk back for the rows; for fewer outputs than inputs.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    argnums, argnames, has_aux, holomorphic, drop_in
        As for `jacfwd`.
    chunk_size : "auto", int or None, optional
        How many rows one walk back carries, which bounds memory; f runs once.

    Returns
    -------
    callable
        Function of the same arguments, giving what `jacfwd` gives; of real outputs by complex x + iy, df/dx - i df/dy.

    Raises
    ------
    NotDifferentiable, BadArgument, NoRule
        As `vjp`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.jacrev(lambda x: np.array([1.0, 2.0]) * np.sum(x**2))(np.array([3.0, 4.0, 5.0]))
    array([[ 6.,  8., 10.],
           [12., 16., 20.]])
    """
    return Transformed(
        _jacrev,
        f,
        argnums=argnums,
        argnames=argnames,
        has_aux=has_aux,
        holomorphic=holomorphic,
        chunk_size=chunk_size,
        value=False,
        drop_in=drop_in,
    )
