"""Derivatives checked against differences, and the operation that is to blame when they disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from .differences import differences
from .dual import dual
from .errors import BadArgument, CheckFailed, DualadError, caller
from .forward import jvp
from .inspection import is_dual
from .levels import Level
from .lift import refilled
from .selection import Selection, select
from .tracing import Trace, half, traced
from .transposing import Cotangents, evaluated, made_for, step_back
from .trees import dtype_of, flatten, is_numeric, unflatten
from .watching import watching

MODES = ("forward", "reverse")
COLUMNS = 32  # with more inputs than this, random directions are checked instead of single entries


def check_derivatives(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float | None = None,
) -> None:
    """Compare the derivatives of f with extrapolated differences of its values.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them.
    args : tuple
        Where to check: a point at which f is smooth. By complex arguments f is differentiated along both axes.
    order : int, optional
        1: first derivatives; 2: also second ones, along a random direction; and so on.
    modes : sequence of str, optional
        What to check: forward mode, reverse mode, or both, which is the default.
    rtol : float, optional
        Relative tolerance, 1e-6 by default; the differences' own error estimate comes on top.

    Raises
    ------
    CheckFailed
        With the entry that differs, both values, and the first operation at fault.
    BadArgument
        If a mode or an order is not known.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.check_derivatives(lambda x: np.sin(x) * x, (np.array([0.5, 2.0]),))
    """
    if unknown := set(modes) - set(MODES):
        raise BadArgument(f"check_derivatives: modes {sorted(unknown)} are not known; there is {MODES}")
    if not isinstance(order, int) or order < 1:
        raise BadArgument(f"check_derivatives: order={order!r}; it is 1, 2, or more")
    if not isinstance(args, (tuple, list)):
        raise BadArgument("check_derivatives: args is a tuple with one item per argument: check_derivatives(f, (x,))")
    args = tuple(args)
    _compare_all(f, args, modes, rtol or 1e-6, "first derivative")
    random = np.random.default_rng(0)
    for times in range(2, order + 1):
        f = _along(f, args, random)
        which = "second derivative along a random direction" if times == 2 else f"derivative {times} along random directions"
        _compare_all(f, args, modes, rtol or 1e-6, which)


def _compare_all(f: Callable[..., Any], args: tuple[Any, ...], modes: Sequence[str], rtol: float, what: str) -> None:
    """The derivative in every mode; that of reverse mode is multiplied with the directions of forward mode."""
    if "forward" in modes:
        _compare(f, args, rtol, what, lambda seeds: jvp(f, args, seeds)[1], partial(_blame, f, args, rtol=rtol))
    if "reverse" in modes:
        trace = traced(_selected(f, args))
        _compare(
            f, args, rtol, f"{what} in reverse mode", partial(_product, trace), partial(_blame_in_reverse, trace, f, args, rtol)
        )


def _product(trace: Trace, seeds: Any) -> Any:
    """The product of the Jacobian, row by row from reverse mode, with a direction. Numbers are paired by Re(w * x)."""
    directions = flatten(seeds)[0]
    answers: list[Any] = []
    for place, value in enumerate(trace.values):
        if value is None:
            answers.append(None)
            continue
        parts = [
            sum(
                np.real(np.reshape(block, (np.size(value), np.size(d))) @ np.ravel(d))
                for block, d in zip(half(trace, place, "auto", unit), directions, strict=True)
                if block is not None and d is not None
            )
            for unit in ((1.0, 1j) if np.iscomplexobj(value) else (1.0,))
        ]
        answers.append(np.reshape(parts[0] if len(parts) == 1 else parts[0] - 1j * parts[1], np.shape(value))[()])
    return unflatten(trace.structure, answers)


def _blame_in_reverse(trace: Trace, f: Callable[..., Any], args: tuple[Any, ...], rtol: float, seeds: Any) -> str:
    """The first operation whose transpose is none of what it is in forward mode; else the first whose derivative is wrong."""
    random = np.random.default_rng(2)
    for variable in made_for([each for each in trace.variables if each is not None]):
        zeros = [(each, np.zeros(each.shape, each.dtype)) for each in variable.inputs]
        inputs = {each: _random(random, zero) if each.moves else zero for each, zero in zeros}
        weights = _random(random, np.zeros(variable.shape, variable.dtype))
        forward = np.sum(np.real(weights * evaluated(variable, inputs)))
        state = Cotangents()
        step_back(variable, weights, False, state)
        backward = sum(np.sum(np.real(value * state.known[each])) for each, value in inputs.items() if each in state.known)
        if not abs(forward - backward) <= 1e-6 * max(1.0, abs(forward)):
            return (
                f"The first operation at fault is the transpose of {getattr(variable.function, '__name__', variable.function)}."
            )
    return _blame(f, args, seeds, rtol)


def _selected(f: Callable[..., Any], args: tuple[Any, ...]) -> Selection:
    return select("check_derivatives", f, args, {}, tuple(range(len(args))), None, complex_allowed=True)


def _along(f: Callable[..., Any], args: tuple[Any, ...], random: np.random.Generator) -> Callable[..., Any]:
    """The derivative of f along a random direction, as a function of the same arguments."""
    selection = _selected(f, args)
    fixed = unflatten(selection.structure, [None if p is None else _random(random, p) for p in selection.primals])
    return lambda *moved: jvp(f, moved, fixed)[1]


def _compare(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    rtol: float,
    what: str,
    slope_along: Callable[[Any], Any],
    blame: Callable[..., str],
) -> None:
    selection = _selected(f, args)
    for place, direction in _directions(selection.primals):
        seeds = unflatten(selection.structure, direction)
        slope = slope_along(seeds)

        def along(index: int, t: float, direction: list[Any] = direction) -> Any:
            moved = [leaf if d is None else leaf + t * d for leaf, d in zip(selection.leaves, direction, strict=True)]
            return flatten(selection.call(moved))[0][index]

        outs = flatten(slope)[0]
        scale = max([1.0, *(float(np.max(np.abs(p), initial=0.0)) for p in selection.primals if p is not None)])
        for index, out in enumerate(outs):
            if out is None:
                continue
            reference, error = differences(partial(along, index), 1e-2 * scale)
            wrong = ~(np.abs(out - reference) <= rtol * np.maximum(np.abs(reference), scale * 1e-3) + 10.0 * error)
            if np.any(wrong):
                entry = tuple(int(i) for i in np.argwhere(np.atleast_1d(wrong))[0])[: np.ndim(out)]
                raise CheckFailed(
                    f"{what}, output {index}, entry {entry} by {place}: dualad {np.asarray(out)[entry]:.12g}, differences "
                    f"{np.asarray(reference)[entry]:.12g} (their own error about {np.asarray(error)[entry]:.1g}). "
                    f"{blame(seeds=seeds)}"
                )


def _directions(primals: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Every input by itself, or, of many, a few random directions."""
    count = sum(int(np.size(primal)) for primal in primals if primal is not None)
    if count > COLUMNS:
        random = np.random.default_rng(1)
        for number in range(3):
            yield f"random direction {number}", [None if p is None else _random(random, p) for p in primals]
        return
    for place, primal in enumerate(primals):
        for index in np.ndindex(np.shape(primal)) if primal is not None else ():
            for step in (1.0, 1j) if np.iscomplexobj(primal) else (1.0,):
                direction: list[Any] = [None if p is None else np.zeros(np.shape(p), dtype_of(p)) for p in primals]
                direction[place][index] = step
                yield f"input {place}{list(index) if index else ''}{' along i' if step == 1j else ''}", direction


def _random(generator: np.random.Generator, primal: Any) -> Any:
    """A random direction for an argument, in its dtype."""
    steps = np.asarray(generator.standard_normal(np.shape(primal)))
    if np.iscomplexobj(primal):
        steps = steps + 1j * generator.standard_normal(np.shape(primal))
    return steps.astype(dtype_of(primal))


def _blame(f: Callable[..., Any], args: tuple[Any, ...], seeds: Any, rtol: float) -> str:
    """The first operation whose own derivative differs from its own differences."""
    found: list[str] = []

    def look(function: Callable[..., Any], inputs: tuple[Any, ...], keywords: dict[str, Any], result: Any) -> None:
        duals = [] if found else [leaf for leaf in flatten(result)[0] if is_dual(leaf)]
        if not duals:
            return
        level = min(map(_lowest, duals))

        def along(index: int, t: float) -> Any:
            moved = function(*_moved(inputs, level, t), **_moved(keywords, level, t))
            return [primal for leaf in flatten(moved)[0] for primal, _ in _parts(leaf, level)][index]

        try:
            with watching(None):
                slopes = [slope for leaf in flatten(result)[0] for _, slope in _parts(leaf, level)]
                pairs = [(slope, differences(partial(along, index), 1e-2)) for index, slope in enumerate(slopes)]
        except (ArithmeticError, DualadError, IndexError, TypeError, ValueError):
            return
        if any(
            np.any(np.abs(slope - reference) > rtol * np.maximum(np.abs(reference), 1e-3) + 10.0 * error)
            for slope, (reference, error) in pairs
        ):
            found.append(f"The first operation at fault is {function.__name__}, called at {caller()}.")

    with watching(look):
        jvp(f, args, seeds)
    return (
        found[0]
        if found
        else ("No single operation is at fault: f branches on values, iterates to a tolerance, or is not smooth here.")
    )


def _lowest(value: Any) -> Level:
    """The level of the outermost transform whose tangents a dual carries."""
    return _lowest(value.primal) if is_dual(value.primal) else value.level


def _parts(value: Any, level: Level) -> Iterator[tuple[Any, Any]]:
    """The plain arrays that a dual is made of, each with its tangent at a level: of a dual of duals primal and tangent."""
    if not is_dual(value):
        if getattr(getattr(value, "dtype", None), "kind", "") == "O":  # as np.frompyfunc answers
            value = value.astype(np.float64)
        if is_numeric(value):
            yield value, 0.0
    elif value.level is level:
        yield value.primal, 0.0 if value.tangent is None else value.tangent[0]
    else:
        yield from _parts(value.primal, level)
        if value.tangent is not None:
            yield from _parts(value.tangent, level)


def _moved(value: Any, level: Level, t: float) -> Any:
    """Arguments a step t further along their tangents at a level, where they are then constant."""
    if isinstance(value, (list, tuple)):
        return refilled(value, [_moved(item, level, t) for item in value])
    if isinstance(value, dict):
        return {key: _moved(item, level, t) for key, item in value.items()}
    if not is_dual(value):
        return value
    if value.level is level:
        return value.primal if value.tangent is None else value.primal + t * value.tangent[0]
    return dual(_moved(value.primal, level, t), _moved(value.tangent, level, t), value.level)
