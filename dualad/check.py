"""Derivatives checked against differences, and the operation that is to blame when they disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from .dual import is_dual, watching
from .errors import BadArgument, CheckFailed, DualadError, caller
from .forward import jvp, select
from .trees import flatten, unflatten

MODES = ("forward",)
COLUMNS = 32  # with more inputs than this, random directions are checked instead of single entries


def differences(g: Callable[[float], Any], step: float) -> tuple[Any, Any]:
    """g'(0) by central differences at halving steps, extrapolated (Ridders 1982), and an estimate of its error.

    For every element of g's value by itself the row of the tableau with the smallest change is taken.
    """
    ratio, rows = 2.0, 10
    best = error = None
    previous: list[Any] = []
    for i in range(rows):
        current = [(np.asarray(g(step), dtype=np.result_type(np.float64, g(0.0))) - g(-step)) / (2.0 * step)]
        for j in range(1, i + 1):
            factor = ratio ** (2 * j)
            current.append((factor * current[-1] - previous[j - 1]) / (factor - 1.0))
            change = np.maximum(np.abs(current[j] - current[j - 1]), np.abs(current[j] - previous[j - 1]))
            if error is None:
                best, error = current[j], change
            else:
                closer = change < error
                best, error = np.where(closer, current[j], best), np.where(closer, change, error)
        previous, step = current, step / ratio
    return best, error


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
        Where to check: a point at which f is smooth.
    order : int, optional
        1: first derivatives; 2: also second ones, along a random direction.
    modes : sequence of str, optional
        What to check: so far ``"forward"``.
    rtol : float, optional
        Relative tolerance, 1e-6 by default; the differences' own error estimate comes on top.

    Raises
    ------
    CheckFailed
        With the entry that differs, both values, and the first operation at fault.
    BadArgument
        If a mode is not known.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> dualad.check_derivatives(lambda x: np.sin(x) * x, (np.array([0.5, 2.0]),))
    """
    if unknown := set(modes) - set(MODES):
        raise BadArgument(f"check_derivatives: modes {sorted(unknown)} are not known; there is {MODES}")
    args = tuple(args)
    _compare(f, args, rtol or 1e-6, "first derivative")
    if order > 1:
        selection = select("check_derivatives", f, args, {}, tuple(range(len(args))), None)
        random = np.random.default_rng(0)
        fixed = unflatten(
            selection.structure, [None if p is None else random.standard_normal(np.shape(p)) for p in selection.primals]
        )
        _compare(lambda *moved: jvp(f, moved, fixed)[1], args, rtol or 1e-6, "second derivative along a random direction")


def _compare(f: Callable[..., Any], args: tuple[Any, ...], rtol: float, what: str) -> None:
    selection = select("check_derivatives", f, args, {}, tuple(range(len(args))), None)
    for place, direction in _directions(selection.primals):
        seeds = unflatten(selection.structure, direction)
        _, slope = jvp(f, args, seeds)

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
                    f"{_blame(f, args, seeds, rtol)}"
                )


def _directions(primals: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Every input by itself, or, of many, a few random directions."""
    count = sum(int(np.size(primal)) for primal in primals if primal is not None)
    if count > COLUMNS:
        random = np.random.default_rng(1)
        for number in range(3):
            yield f"random direction {number}", [None if p is None else random.standard_normal(np.shape(p)) for p in primals]
        return
    for place, primal in enumerate(primals):
        for index in np.ndindex(np.shape(primal)) if primal is not None else ():
            direction: list[Any] = [None if p is None else np.zeros(np.shape(p)) for p in primals]
            direction[place][index] = 1.0
            yield f"input {place}{list(index) if index else ''}", direction


def _blame(f: Callable[..., Any], args: tuple[Any, ...], seeds: Any, rtol: float) -> str:
    """The first operation whose own derivative differs from its own differences."""
    found: list[str] = []

    def look(function: Callable[..., Any], inputs: tuple[Any, ...], keywords: dict[str, Any], result: Any) -> None:
        if found or not is_dual(result) or result.tangent is None:
            return

        def along(t: float) -> Any:
            def moved(value: Any) -> Any:
                if isinstance(value, list | tuple):
                    return type(value)(moved(item) for item in value)
                if not is_dual(value) or value.level is not result.level:
                    return value
                return value.primal if value.tangent is None else value.primal + t * value.tangent[0]

            return function(*moved(inputs), **{key: moved(value) for key, value in keywords.items()})

        try:
            reference, error = differences(along, 1e-2)
        except (ArithmeticError, DualadError, TypeError, ValueError):
            return
        off = np.abs(result.tangent[0] - reference) > rtol * np.maximum(np.abs(reference), 1e-3) + 10.0 * error
        if np.any(off):
            found.append(f"The first operation at fault is {function.__name__}, called at {caller()}.")

    with watching(look):
        jvp(f, args, seeds)
    return (
        found[0]
        if found
        else ("No single operation is at fault: f branches on values, iterates to a tolerance, or is not smooth here.")
    )
