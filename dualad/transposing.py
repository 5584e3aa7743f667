"""The walk back through a linear function: from cotangents of its results to those of its inputs.

What a call was given is let go as soon as the walk has passed it, and a cotangent as soon as it is handed on. Cotangents of one
array are added in place where the sum is ours, and so is what comes of indexing: a loop that takes an array apart, or fills
one, costs what its elements cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy import ndarray

from .assembling import Parts, ranges_of
from .errors import NoRule, called
from .lift import is_recorded, refilled
from .program import Variable
from .rules.transposes import (
    MOVES,
    TRANSPOSES,
    Placed,
    fitted,
    moved,
    part_written,
    picked,
    written,
)

BOOL = np.dtype(bool)

BASIS = 512
"""A linear function of so many numbers at most is transposed by what it makes of each of them, if it has no transpose."""


def made_for(variables: Sequence[Variable]) -> list[Variable]:
    """The values that variables depend on, and they themselves, in the order in which they were made; no inputs."""
    found: dict[int, Variable] = {}
    pending = list(variables)
    while pending:
        variable = pending.pop()
        if variable.function is not None and variable.number not in found:
            found[variable.number] = variable
            pending += variable.inputs
    return [found[number] for number in sorted(found)]


class Cotangents:
    """The cotangents that are known so far; those in `ours` may be written into."""

    def __init__(self) -> None:
        self.known: dict[Variable, Any] = {}
        self.ours: set[Variable] = set()

    def pop(self, variable: Variable) -> tuple[Any, bool]:
        """A cotangent and whether it is ours; None where nothing has arrived."""
        ours = variable in self.ours
        self.ours.discard(variable)
        known = self.known.pop(variable, None)
        return (known.joined() if known.__class__ is Parts else known), ours

    def add(self, variable: Variable, contribution: Any, fresh: bool = False) -> None:
        """Add a cotangent; a `fresh` one is nobody else's."""
        if not variable.moves:
            return
        if contribution.__class__ is Placed:
            self.place(variable, contribution)
            return
        if contribution.shape != variable.shape or contribution.dtype is not variable.dtype:
            contribution = fitted(contribution, variable)
        known = self.known.get(variable)
        if known.__class__ is Parts:
            known.add(tuple([(0, length) for length in variable.shape]), contribution)
        elif known is None:
            self.known[variable] = contribution
            if fresh and contribution.__class__ is ndarray and contribution.flags.writeable:
                self.ours.add(variable)
        elif variable in self.ours and contribution.__class__ is ndarray and contribution.dtype == known.dtype:
            np.add(known, contribution, out=known)
        else:
            self.known[variable] = total = known + contribution
            if total.__class__ is ndarray:
                self.ours.add(variable)
            else:
                self.ours.discard(variable)

    def place(self, variable: Variable, placed: Placed) -> None:
        """Add a cotangent at the places of an index."""
        key, value = placed.key, placed.value
        if value.dtype.kind == "c" and variable.dtype.kind != "c":
            value = np.real(value)
        known = self.known.get(variable)
        once = placed.unique or names_once(key)
        if is_recorded(value) and (known is None or known.__class__ is Parts):
            ranges = ranges_of(key, variable.shape)
            if ranges is not None:
                if known is None:
                    self.known[variable] = known = Parts(variable.shape)
                known.add(ranges, value)
                return
        if known.__class__ is Parts:
            known = known.joined()
        if known is None:
            known = zeros(variable.shape, value)
            if once and known.__class__ is ndarray:
                known[key] = value
                self.known[variable] = known
                self.ours.add(variable)
                return
        elif known.__class__ is not ndarray or value.__class__ is not ndarray or known.dtype != value.dtype:
            known = zeros(variable.shape, value) + known
        elif variable not in self.ours:
            known = np.array(known)
        self.known[variable] = known
        if known.__class__ is ndarray:
            self.ours.add(variable)
        if once:
            known[key] += value
        else:
            scatter(known, key, value)


def zeros(shape: tuple[int, ...], like: Any) -> Any:
    """Zeros into which a cotangent, or what comes of it, can be written."""
    return np.zeros(shape, like.dtype) if like.__class__ is ndarray else np.zeros_like(like, shape=shape)


def names_once(key: Any) -> bool:
    """Whether an index names no place twice, as far as can be seen without looking at it."""
    parts = key if key.__class__ is tuple else (key,)
    return all(
        each is None or each is Ellipsis or isinstance(each, (int, slice, np.integer)) or getattr(each, "dtype", None) is BOOL
        for each in parts
    )


def scatter(target: Any, key: Any, value: Any) -> None:
    """target[key] += value, also where the index names a place several times."""
    if (
        target.__class__ is ndarray
        and target.dtype.char in "df"
        and value.__class__ is ndarray
        and value.size * 8 > target.size
    ):
        places = np.arange(target.size).reshape(target.shape)[key]
        sums = np.bincount(places.ravel(), np.broadcast_to(value, places.shape).ravel(), target.size)
        target += sums.reshape(target.shape).astype(target.dtype, copy=False)
    else:
        np.add.at(target, key, value)


def last_written(cotangent: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """The cotangent of what was written at an index, zero for what was overwritten in the same call: the last one stays where
    the index names a place several times."""
    places = np.reshape(np.arange(prod(shape)), shape)[key]
    order = np.arange(prod(places.shape))
    last = np.zeros_like(places, shape=(prod(shape),))
    last[np.ravel(places)] = order
    return np.where(last[places] == np.reshape(order, places.shape), cotangent, 0.0)


def transposed(
    outputs: Sequence[Variable | None], cotangents: Sequence[Any], inputs: int, consume: bool, pieces: Any = None
) -> list[Any]:
    """The cotangents of the inputs, by place; None where nothing arrives. With `consume`, the arguments are let go on the way;
    `pieces` is a list that gets what the answers were joined of."""
    state = Cotangents()
    for variable, cotangent in zip(outputs, cotangents, strict=True):
        if variable is not None:
            state.add(variable, cotangent)
    answers: list[Any] = [None] * inputs
    made = made_for([each for each in outputs if each is not None])
    while made:
        variable = made.pop()
        cotangent, ours = state.pop(variable)
        if cotangent is not None:
            step_back(variable, cotangent, ours, state)
        if consume:
            variable.let_go()
        del cotangent, variable
    for variable, cotangent in state.known.items():
        if variable.place is not None:
            answers[variable.place] = cotangent.joined() if cotangent.__class__ is Parts else cotangent
            if pieces is not None:
                pieces += cotangent.pieces if cotangent.__class__ is Parts else [cotangent]
    return answers


def step_back(made: Variable, cotangent: Any, ours: bool, state: Cotangents) -> None:
    """Hand the cotangent of a value on to what it is made of."""
    function: Any = made.function
    args, keywords = made.args, made.keywords
    if function is written:
        array, key, value = args
        if value.__class__ is Variable:
            picked_up = np.copy(cotangent[key])
            state.add(value, picked_up if names_once(key) else last_written(picked_up, key, cotangent.shape), True)
        if array.moves:
            rest = cotangent if ours else np.copy(cotangent)
            rest[key] = 0.0
            state.add(array, rest, True)
        return
    if function is part_written:
        array, value, imaginary = args
        state.add(value, cotangent * 1j if imaginary else cotangent)
        state.add(array, np.real(cotangent) if imaginary else np.real(cotangent * -1j) * 1j)
        return
    rule = TRANSPOSES.get(function)
    if rule is not None:
        contributions = rule(cotangent, *args, **keywords)
    elif hasattr(function, "transpose"):  # somebody else's
        contributions = function.transpose(cotangent, *args)
    elif function in MOVES:
        contributions = moved(function, cotangent, *args, **keywords)
    else:
        contributions = by_basis(made, cotangent)
    passed_on = ours and len(contributions) == 1  # nobody else looks at the cotangent any more
    for variable, contribution in zip(made.inputs, contributions, strict=True):
        state.add(
            variable,
            contribution,
            passed_on or (contribution is not cotangent and contribution.__class__ is ndarray and contribution.base is None),
        )


def by_basis(made: Variable, cotangent: Any) -> list[Any]:
    """The transpose of a function about which nothing is known but that it is linear."""
    found = []
    for wanted in made.inputs:
        size = prod(wanted.shape)
        if size > BASIS:
            function: Any = made.args[0] if made.function is picked else made.function
            raise NoRule(
                f'{called(function)} is linear in its tangent, and nobody has written its transpose: use mode="forward", or '
                "give the code around it a derivative with dualad.custom_vjp"
            )
        values = {each: np.zeros(each.shape, each.dtype) for each in made.inputs}
        rows = []
        for place in range(size):
            basis = np.zeros(size, wanted.dtype)
            for unit in (1.0, 1j) if wanted.dtype.kind == "c" else (1.0,):
                basis[place] = unit
                answer = evaluated(made, values | {wanted: basis.reshape(wanted.shape)})
                rows.append(np.sum(np.real(answer * cotangent)))
        column = np.stack(rows)
        if wanted.dtype.kind == "c":
            column = column[::2] - 1j * column[1::2]
        found.append(np.reshape(column, wanted.shape))
    return found


def evaluated(made: Variable, values: dict[Any, Any]) -> Any:
    """What a value is for values of what it is made of."""
    function: Any = made.function
    return function(*filled(made.args, values), **filled(made.keywords, values))


def filled(value: Any, values: dict[Any, Any]) -> Any:
    """Arguments with values in place of variables."""
    if value.__class__ is Variable:
        known = values.get(value)
        return np.zeros(value.shape, value.dtype) if known is None and value.function is None else known
    if isinstance(value, (tuple, list)):
        return refilled(value, [filled(each, values) for each in value])
    if isinstance(value, dict):
        return {name: filled(each, values) for name, each in value.items()}
    return value


def pushed(outputs: Sequence[Variable | None], seeds: Sequence[Any]) -> list[Any]:
    """What the linear function makes of values of its inputs; None for results that depend on none."""
    values: dict[Any, Any] = {}
    made = made_for([each for each in outputs if each is not None])
    for variable in made:
        for each in variable.inputs:
            if each.place is not None:
                values[each] = seeds[each.place]
    for variable in made:
        values[variable] = evaluated(variable, values)
    return [None if each is None else seeds[each.place] if each.place is not None else filled(each, values) for each in outputs]
