"""Forward mode: seed the inputs with directions, run the function unchanged, read the tangents off the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from time import perf_counter
from typing import Any

import numpy as np

from . import notes, storage
from .before import Before
from .deferred import is_deferrable
from .dropin import DropIn, attempted, heat_of, mode
from .dual import Dual, DualArray, dual, later
from .errors import BadArgument, NotDifferentiable
from .foreign import is_chunked, relabelled
from .interpreter import typed
from .jitted import unjitted
from .levels import Level
from .lift import Lifted, is_recorded, memory, ungrounded
from .nodes import NodeArray, NodeScalar
from .objects import lift_objects, settled
from .places import standing
from .rules.table import innermost
from .selection import Selection, cut, name_of, select
from .structural import looking_again, needs_second_look, plain, second_look, seeded
from .terms import Terms, expanded
from .transformed import Transformed, opened, require_function
from .trees import described, dtype_of, flatten, is_numeric, shape_of, tree_map, unflatten

# -- seed, run, extract --------------------------------------------------------------------------------------------------


def run(selection: Selection, seed: Callable[[], Sequence[Any]], has_aux: bool) -> tuple[Any, list[Any], Any]:
    """f on duals: the output's value, one tangent (or None) per leaf of it, and what f gave as aux.

    `seed` makes, for every leaf of the arguments, a tangent of shape (k, *S) or None. f may write into what it is given, so
    every run has copies of its own.
    """

    def once(lifted: bool) -> tuple[Any, list[Any], Any]:
        return _run(selection.lifted() if lifted else selection, seed, has_aux)

    return attempted(selection.f, (selection.args, selection.kwargs), selection.drop_in, once)


def _run(selection: Selection, seed: Callable[[], Sequence[Any]], has_aux: bool) -> tuple[Any, list[Any], Any]:
    """One run, and where a derivative comes out as nan, another one that looks again."""
    heat = heat_of(selection.f)
    start = perf_counter()
    with Level.fresh(selection.name) as level, unjitted():
        seeds = seed()
        if heat is not None and heat.hot and not looking_again():
            from .pending import begin  # noqa: PLC0415 - few functions get there

            begin(level, heat, selection.primals, seeds)
        lifted = [_lift(*each, level) for each in zip(selection.leaves, selection.primals, seeds, strict=True)]
        leaves, structure, values, aux = answered(selection, selection.call(lifted), has_aux, level)
        tangents = [plain(leaf.tangent) if isinstance(leaf, Dual) and leaf.level is level else None for leaf in leaves]
    if heat is not None:
        heat.seconds += perf_counter() - start
    if any(map(needs_second_look, values, tangents)):
        again = looked_at_again(selection, values, lambda: _run(selection, seed, has_aux))
        if again is not None:
            return again
    return unflatten(structure, values), tangents, aux


def looked_at_again(selection: Selection, values: list[Any], run: Callable[[], Any]) -> Any:
    """What another run gives, whose seeds are structural; None if it does not count."""
    before = Before(selection.f, selection.args, selection.kwargs)
    with second_look():
        again = run()
    # A function that writes into its arguments is another one the second time, and so is one whose value depends on what it
    # draws: there nan stays. What is drawn to estimate a norm, say, does not matter.
    counts = not before.written() and all(map(_same, flatten(again[0])[0], values))
    before.restore()
    return again if counts else None


def answered(selection: Selection, out: Any, has_aux: bool, level: Level) -> tuple[list[Any], Any, list[Any], Any]:
    """What a run on duals of a level gave: its leaves, their structure, their values, and aux without tangents."""
    aux = None
    if has_aux:
        if not (isinstance(out, tuple) and len(out) == 2):
            raise BadArgument(f"{selection.name}: with has_aux=True, {name_of(selection.f)} must return a pair (output, aux)")
        out, aux = out
        aux = tree_map(lambda leaf: relabelled(leaf, lambda each: strip(lift_objects(each), level)), aux)
    leaves, structure = flatten(out)
    if all(leaf is None for leaf in leaves):
        raise BadArgument(f"{selection.name}: {name_of(selection.f)} returned nothing to differentiate: {out!r}")
    leaves = [_numeric(selection, leaf) for leaf in leaves]
    return leaves, structure, [strip(leaf, level) for leaf in leaves], aux


def _same(one: Any, other: Any) -> bool:
    """Whether two leaves of an output have one value."""
    return one is other or is_recorded(one) or np.array_equal(innermost(one), innermost(other), equal_nan=True)


def _lift(leaf: Any, primal: Any, seed: Any, level: Level) -> Any:
    """What f gets for one leaf of its arguments."""
    if primal is None:
        return leaf
    if isinstance(primal, np.ndarray):
        primal = np.array(primal)
    elif isinstance(primal, DualArray):
        pristine = notes.is_seed(primal)
        primal = primal.copy("K")
        if pristine:
            notes.note_seed(primal)
    elif isinstance(primal, NodeArray):
        primal = np.copy(primal)
    elif seed is None:
        return primal  # a number that does not vary here
    if seed is not None and looking_again():
        seed = expanded(seed, primal.shape, primal.dtype) if seed.__class__ is Terms else seed
        return dual(primal, seeded(seed, level), level)
    lifted = (later if seed.__class__ is Terms else dual)(primal, seed, level)
    if seed.__class__ is np.ndarray or seed.__class__ is Terms:
        notes.note_seed(lifted)
    return lifted


def _numeric(selection: Selection, leaf: Any) -> Any:
    """A leaf of the output, refused if it has no derivative or belongs to a transform that has returned."""
    leaf = leaf if isinstance(leaf, Lifted) else settled(leaf)
    if isinstance(leaf, Lifted):
        leaf.level.require_alive()
    elif leaf is not None and not is_numeric(leaf, [type(memory(primal)) for primal in selection.primals]):
        raise NotDifferentiable(
            f"{selection.name}: {name_of(selection.f)} returned {described(leaf)}, which is not numeric; "
            "return it as aux with has_aux=True, or the array inside"
        )
    return leaf


def strip(leaf: Any, level: Level) -> Any:
    """A leaf without the tangents of `level`. Python's numbers become np.float64 or np.complex128, as NumPy's answers are."""
    leaf = ungrounded(leaf)
    leaf = typed(leaf.primal if isinstance(leaf, Dual) and leaf.level is level else leaf)
    return leaf.astype(leaf.dtype) if isinstance(leaf, NodeScalar) and leaf.line.kind == "number" else leaf


def seed_like(primal: Any, tangent: Any) -> Any:
    """A tangent in the layout and dtype of its primal, so that views of both stay views."""
    dtype = getattr(primal, "dtype", tangent.dtype)
    if tangent.dtype != dtype:
        tangent = tangent.astype(dtype)
    plain = isinstance(primal, np.ndarray) and primal.flags.c_contiguous
    return tangent if plain or not shape_of(primal) else storage.like(tangent, primal)


def one_hot(selection: Selection, low: int, high: int, batch_ndim: int = 0) -> list[Any]:
    """Seeds for directions low..high of the standard basis of all leaves together; None for leaves that they pass by.

    With batch axes, one direction moves the same component of every point.
    """
    seeds: list[Any] = []
    offset = 0
    for primal in selection.primals:
        if primal is None:
            seeds.append(None)
            continue
        shape = shape_of(primal)
        if len(shape) < abs(batch_ndim):
            raise BadArgument(f"{selection.name}: batch_ndim={batch_ndim}, but an argument has only {len(shape)} axes")
        core, batch = cut(shape, batch_ndim)
        size = prod(core)
        first, last = max(low - offset, 0), min(high - offset, size)
        offset += size
        if first >= last:
            seeds.append(None)
            continue
        chunked = is_chunked(type(primal))
        if batch_ndim and (chunked or is_deferrable(primal, high - low, size)):
            ones = (1,) * -batch_ndim  # axes of points that come last
            basis = [1.0] if size == 1 else np.eye(size, dtype=primal.dtype).reshape(size, *core, *ones)
            basis = [np.zeros_like(primal) + each for each in basis] if chunked else basis
            seeds.append(Terms(high - low, [(offset - size - low + place, basis[place]) for place in range(first, last)]))
            continue
        seed = np.zeros((high - low, *((size, *batch) if batch_ndim < 0 else (*batch, size))), dtype_of(primal))
        if batch_ndim:
            component = np.arange(first, last)
            place = (component,) if batch_ndim < 0 else (..., component)
            seed[component + (offset - size - low), *place] = 1.0
        else:  # the same, for one row per direction
            start = first * (size + 1) + (offset - size - low) * size
            seed.reshape(-1)[start : start + (last - first) * (size + 1) : size + 1] = 1.0
        seeds.append(seed_like(primal, seed if shape == (size,) else seed.reshape(high - low, *shape)))
    return seeds


def filled(tangent: Any, value: Any, k: int) -> Any:
    """A tangent of k directions for an output, zeros where it does not vary."""
    chunked = is_chunked(type(memory(value)))
    if tangent is not None:
        if chunked:
            return tangent
        plain_one = memory(tangent)
        broadcast = 0 in plain_one.strides and plain_one.size > 1
        return np.copy(tangent) if broadcast or not plain_one.flags.writeable else tangent
    dtype = dtype_of(value)
    if chunked:
        return np.zeros_like(value, dtype if dtype.kind in "fc" else np.float64, shape=(k, *value.shape))
    return np.zeros((k, *np.shape(value)), dtype if dtype.kind in "fc" else np.float64)


# -- jvp -----------------------------------------------------------------------------------------------------------------


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
    drop_in: DropIn = "auto",
) -> tuple[Any, ...]:
    """Jacobian-vector product: the value of f and its derivative along one direction, in one run.

    Parameters
    ----------
    f : callable
        Function of ``len(primals)`` arguments, each an array, a scalar or a pytree of them.
    primals : tuple
        Where to evaluate f.
    tangents : tuple
        The direction: for each primal the same structure and shapes. Leaves without derivative take None.
    has_aux : bool, optional
        f returns ``(output, aux)``; aux is passed through.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    out, tangent_out : pytrees of arrays
        ``f(*primals)`` and its directional derivative, of the same structure.
    aux
        Only with `has_aux`.

    Raises
    ------
    BadArgument
        If a tangent has another structure, shape or kind of dtype than its primal.
    NotDifferentiable
        If a primal holds nothing to differentiate, or the output is not numeric.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> dualad.jvp(lambda x: np.sum(x**3), (x,), (v,))
    (np.float64(9.0), np.float64(3.0))
    """
    require_function(f)
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise BadArgument("jvp: primals and tangents are tuples with one item per argument: jvp(f, (x,), (v,))")
    if drop_in == "auto":
        options = {"count": len(primals), "value": True}
        found = None if has_aux else opened(f, (_pushed, len(primals)), _pushed, options)
        if found is not None:
            return found[1](found[0], f, (*primals, *tangents))
        return _jvp(f, tuple(primals), tuple(tangents), has_aux)
    with mode(drop_in):
        return _jvp(f, tuple(primals), tuple(tangents), has_aux)


def _pushed(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, count: int, value: bool) -> Any:
    """The answer of `jvp` for the primals and then the tangents as arguments; or the derivative alone."""
    out, pushed = _jvp(f, args[:count], args[count:], False)
    return (out, pushed) if value else pushed


def _jvp(f: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], has_aux: bool) -> tuple[Any, ...]:
    selection = select("jvp", f, primals, {}, tuple(range(len(primals))), None, complex_allowed=True)
    directions, structure = flatten(tangents)
    if structure != selection.structure:
        raise BadArgument(f"jvp: tangents have the structure {structure}, primals {selection.structure}")

    def seed() -> list[Any]:
        pairs = zip(selection.primals, directions, strict=True)
        return [None if p is None or t is None else _direction(p, t) for p, t in pairs]

    out, pushed, aux = _along(selection, seed, has_aux)
    return (out, pushed, aux) if has_aux else (out, pushed)


def _along(selection: Selection, seed: Callable[[], Sequence[Any]], has_aux: bool) -> tuple[Any, Any, Any]:
    """The value of f, its derivative along one direction in the same structure, and aux."""
    out, tangents, aux = run(selection, seed, has_aux)
    values, outer = flatten(out)
    pushed = [v if v is None else filled(t, v, 1)[0] for v, t in zip(values, tangents, strict=True)]
    return out, unflatten(outer, pushed), aux


def _direction(primal: Any, tangent: Any) -> Any:
    tangent = tangent if isinstance(tangent, Lifted) or is_chunked(type(tangent)) else np.asarray(tangent)
    if tangent.shape != np.shape(primal):
        raise BadArgument(f"jvp: a tangent of shape {tangent.shape} for a primal of shape {np.shape(primal)}")
    fits = (
        tangent.dtype.kind in "iu"
        or tangent.dtype == dtype_of(primal)
        or not np.ndim(tangent)
        or np.can_cast(tangent, dtype_of(primal))
    )
    if tangent.dtype.kind not in "iufc" or (tangent.dtype.kind == "c" and not np.iscomplexobj(primal)) or not fits:
        raise BadArgument(f"jvp: a tangent of dtype {tangent.dtype} for a primal of dtype {np.asarray(primal).dtype}")
    return seed_like(primal, np.reshape(tangent, (1, *tangent.shape)).astype(dtype_of(primal)))


# -- elementwise derivatives ---------------------------------------------------------------------------------------------


def _derivative(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, argnums: int, order: int) -> Any:
    if order == 0:
        return standing(f)(*args, **kwargs)
    selection = select("derivative", f, args, kwargs, argnums, None, complex_allowed=True)
    if order > 1:
        selection.f = Transformed(_derivative, f, argnums=argnums, order=order - 1)
    _, slope, _ = _along(selection, lambda: list(map(_ones, selection.primals)), False)
    shapes = [each.shape for each in selection.primals if each is not None and np.ndim(each)]
    for out in flatten(slope)[0] if shapes else ():
        if np.shape(out) != shapes[0]:
            raise BadArgument(
                f"derivative: {name_of(f)} gave shape {np.shape(out)} for an argument of shape {shapes[0]}, "
                "so it does not act on each element by itself; use jacfwd"
            )
    return slope


def _ones(primal: Any) -> Any:
    """The seed along which every element moves."""
    return None if primal is None else seed_like(primal, np.ones((1, *shape_of(primal)), dtype_of(primal)))


def derivative(f: Callable[..., Any], argnums: int = 0, order: int = 1, *, drop_in: DropIn = "auto") -> Transformed:
    """The derivative of a function that acts on each element by itself, as np.sin does.

    Parameters
    ----------
    f : callable
        Function whose output has the shape of the differentiated argument, or any shape if that is a scalar.
    argnums : int, optional
        Which positional argument to differentiate by.
    order : int, optional
        How many times.
    drop_in : "auto", bool, str or tuple of str, optional
        As for `jacfwd`.

    Returns
    -------
    callable
        Function of the same arguments; the answer has the shape of f's output.

    Raises
    ------
    BadArgument
        If the output's shape is not the argument's, `order` is negative, or `argnums` is not one integer.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.derivative(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])
    >>> float(dualad.derivative(lambda x: x**3, order=2)(2.0))
    12.0
    """
    if not isinstance(order, int) or order < 0:
        raise BadArgument(f"derivative: order={order!r} is not a number of times")
    if not isinstance(argnums, int | np.integer):
        raise BadArgument(f"derivative: argnums is one integer, not {argnums!r}")
    return Transformed(_derivative, f, argnums=argnums, order=order, drop_in=drop_in)
