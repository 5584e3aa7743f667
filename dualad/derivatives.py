"""Gradients: which mode of differentiation they use is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .comparing import before_check, compare
from .directions import jacobian, require_complex
from .dropin import DropIn
from .errors import BadArgument, NoRule, NotDifferentiable
from .forward import jvp
from .lift import is_recorded
from .selection import Selection, select
from .tracing import gradient
from .transformed import Transformed
from .trees import dtype_of, flatten, shape_of, unflatten

if TYPE_CHECKING:
    from concurrent.futures import Executor


def _require_scalar(holomorphic: bool, selection: Selection, out: Any) -> None:
    leaves, _ = flatten(out)
    if len(leaves) != 1 or shape_of(leaves[0]):
        shapes = [np.shape(leaf) for leaf in leaves]
        raise NotDifferentiable(
            f"{selection.name}: the output must be a scalar, but has shape {shapes[0] if len(shapes) == 1 else shapes}; "
            "use jacfwd for the Jacobian, or np.sum of the output"
        )
    if isinstance(leaves[0], (bool, np.bool_)):
        raise NotDifferentiable(f"{selection.name}: the output is {leaves[0]!r}, an answer and not a number")
    if dtype_of(leaves[0]).kind == "c" and not (holomorphic and selection.is_complex):
        raise NotDifferentiable(
            f"{selection.name}: the output is complex; use jacfwd, or its real or imaginary part, or pass holomorphic=True if "
            "f is a holomorphic function of complex arguments"
        )


FEW = 48
"""So many inputs at most, and forward mode is quicker as a rule: it carries them all at once, with half as much per operation.

Measured over eleven functions of 2 to 300 inputs: the modes meet at 5 to 30 inputs where arrays have a thousand elements or a
determinant is taken, at 70 to 150 for a linear system and a quadratic form, at 150 to 250 for vectors of the inputs alone, and
nowhere for eighty operations on such vectors and for loops over single inputs, where reverse mode takes 2 and 5 times as long.
Losses balance at 50 inputs; `hvp` puts it at 40.
"""

FEW_RECORDED = 1
"""The same in a program, where loops are made of both: there reverse mode has fewer lines."""


def _gradient(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, mode: str | None, has_aux: bool, **options: Any
) -> Any:
    name, holomorphic = options["name"], options["holomorphic"]
    backwards = mode == "reverse" or (mode is None and options["chunk_size"] == "auto" and options["executor"] is None)
    selection = select(
        name, f, args, kwargs, options["argnums"], options["argnames"], complex_allowed=holomorphic or mode != "forward"
    )
    if mode is not None and mode not in MODES:
        raise BadArgument(f'{name}: mode={mode!r}; it is "forward", "reverse", or None for the cheaper one')
    # By a complex number a real function has a derivative of two numbers, which reverse mode finds at once.
    pairs = not holomorphic and selection.is_complex
    wanted = "reverse" if mode == "reverse" or pairs or (backwards and _many(selection)) else "forward"
    if wanted == "reverse":
        try:
            return _backwards(selection, has_aux, options)
        except NoRule:  # linear functions without a transpose, or rules that ask a tangent for its value
            if mode is not None or pairs:
                raise
    return jacobian(
        f, args, kwargs, refuse=partial(_require_scalar, holomorphic), has_aux=has_aux, selection=selection, **options
    )


def _many(selection: Selection) -> bool:
    """Whether reverse mode is cheaper for a function with one number as output."""
    return sum(selection.sizes) > (FEW_RECORDED if any(map(is_recorded, selection.primals)) else FEW)


def _backwards(selection: Selection, has_aux: bool, options: dict[str, Any]) -> Any:
    """The gradient by reverse mode."""
    before = before_check(selection, options["check"])
    out, leaves, aux = gradient(selection, has_aux, partial(_require_scalar, options["holomorphic"]))
    (leaf,), structure = flatten(out)
    require_complex(selection, leaf, options["holomorphic"])
    if before is not None:
        compare(selection, out, [np.concatenate([np.ravel(each) for each in leaves if each is not None])], before)
    answer = unflatten(structure, [selection.tree(leaves)])
    if options.get("value"):
        return ((out, aux), answer) if has_aux else (out, answer)
    return (answer, aux) if has_aux else answer


MODES = ("forward", "reverse")


def grad(
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
    """The gradient of a function with scalar output.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them, with a real scalar as output; complex if `holomorphic`. By a complex
        argument x + iy the gradient is df/dx - i df/dy, as JAX has it; it is taken in reverse mode.
    argnums, argnames, has_aux, holomorphic, chunk_size, executor, progress, drop_in, check
        As for `jacfwd`.
    mode : None, "forward" or "reverse", optional
        How to differentiate. None: the cheaper way, forward for few inputs, reverse for many; forward also where chunks are
        asked for, or something in f cannot be transposed.

    Returns
    -------
    callable
        Function of the same arguments, giving the structure of the differentiated ones: for an array of shape S an array of
        shape S.

    Raises
    ------
    NotDifferentiable
        If the output is not a real scalar, or an argument holds nothing to differentiate.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return Transformed(
        _gradient,
        f,
        name="grad",
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
    )


def value_and_grad(
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
    """The value of a function with scalar output, and its gradient, in one run; parameters as for `grad`.

    Returns
    -------
    callable
        Function of the same arguments, giving ``(value, gradient)``, or ``((value, aux), gradient)`` with `has_aux`.

    Raises
    ------
    NotDifferentiable
        As `grad`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> value, gradient = dualad.value_and_grad(np.prod)(np.array([2.0, 3.0]))
    >>> float(value), gradient
    (6.0, array([3., 2.]))
    """
    return Transformed(
        _gradient,
        f,
        name="value_and_grad",
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
        value=True,
    )


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, drop_in: DropIn = "auto") -> Any:
    """Hessian-vector product: the derivative of the gradient along one direction, without the Hessian.

    Parameters
    ----------
    f : callable
        Function with scalar output.
    primals, tangents : tuple
        Arguments and direction, as for `jvp`.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    pytree
        The product, of the structure of the argument; for several arguments, a tuple.

    Raises
    ------
    NotDifferentiable, BadArgument
        As `grad` and `jvp`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.hvp(lambda x: x[0] ** 2 * x[1], (np.array([3.0, 5.0]),), (np.array([1.0, 0.0]),))
    array([10.,  6.])
    """
    gradient = grad(f, 0 if len(primals) == 1 else tuple(range(len(primals))))
    return jvp(gradient, primals, tangents, drop_in=drop_in)[1]
