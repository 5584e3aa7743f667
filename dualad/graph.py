"""The computational graph: what a function did with NumPy, line by line, to be read, drawn and computed again.

A `Line` is one call: a function, its arguments (earlier lines, and constants in any containers), and the shape and dtype that
NumPy gave. Lines are never changed: writing into an array makes a new line. The same call of the same arguments is the same
line, so what a program computes twice stands in its graph once.

What a line holds of the run that was recorded is its shape, dtype and kind, no value. Where the run went one way because of
a value stands a `Guard`: the line, and what it was. A graph is the program of that way only, and computing it anew says so
where the values would lead another way.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

import numpy as np

from . import drawing
from .errors import BadArgument, GuardFailed
from .lift import leaves
from .lines import Function, Guard, Line, call_text, key_of, kind_of, lines_in, name_of, replaced, same, short, text_of
from .trees import flatten, unflatten

# -- functions that only graphs have -------------------------------------------------------------------------------------


def item(values: Any, index: int) -> Any:
    """One of several results."""
    return values[index]


def written(array: Any, key: Any, value: Any) -> Any:
    """The array with other elements at a key: what writing into it makes of it."""
    copy = np.copy(array, order="K")
    copy[key] = value
    return copy


def scattered(array: Any, places: Any, values: Any) -> Any:
    """The array with other elements at places of the raveled one: what writing into a view makes of its base."""
    copy = np.copy(array, order="K")
    copy[np.unravel_index(np.ravel(places), copy.shape)] = np.ravel(values)  # of long columns it is wrong: NumPy's issue 31980
    return copy


def part_written(array: Any, imaginary: bool, values: Any) -> Any:
    """The complex array with other real, or imaginary, parts."""
    copy = np.copy(array, order="K")
    part = copy.imag if imaginary else copy.real
    part[...] = values
    return copy


def cast(array: Any, dtype: Any) -> Any:
    """Another dtype, of a scalar too."""
    return np.asarray(array).astype(dtype)[()] if not isinstance(array, np.ndarray) else array.astype(dtype)


CAUGHT = (ArithmeticError, ValueError, IndexError)
"""What NumPy raises because of values; LinAlgError is a ValueError."""


def fails(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Whether a call raises."""
    try:
        function(*args, **keywords)
    except CAUGHT:
        return np.True_
    return np.False_


def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """np.copyto as a choice between elements, which asks for no value."""
    dtype = src.dtype if hasattr(src, "dtype") else np.result_type(src)
    if hasattr(src, "dtype") and not np.can_cast(dtype, dst.dtype, casting):
        raise TypeError(f"Cannot cast array data from {dtype} to {dst.dtype} according to the rule {casting!r}")
    dst[...] = src if where is True else np.where(where, src, dst)


def calls_or_writes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call has functions among its arguments, or may write into them: then its body runs, else NumPy itself."""
    return any(callable(each) and not isinstance(each, type) for each in leaves((args, kwargs))) or any(
        each is False for each in (*args[1:], kwargs.get("copy"))
    )


STATIC = frozenset(
    [
        *(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.min_scalar_type),
        *(np.iscomplexobj, np.isrealobj, np.may_share_memory, np.shares_memory),
    ]
)
"""Functions whose answer depends on shapes and dtypes alone."""

# -- the graph -----------------------------------------------------------------------------------------------------------


class Graph:
    """The calls of one run of a function, in order.

    Attributes
    ----------
    name
        The function's name.
    lines
        Inputs and calls; each uses earlier ones only.
    inputs
        The lines that stand for the arguments' leaves; None for leaves that are part of the program.
    hidden
        Lines that stand for arrays from outside the function, with the arrays: what is in them when the graph is computed
        is what counts.
    outputs
        What the function returned, leaf by leaf: lines, or constants.
    apart
        The places of outputs that are arrays of their own, though they are the same line as one before.
    guards
        What the run's way depended on.
    statics
        For each leaf of the arguments that is part of the program, what it is.
    structure, arguments
        The containers of what was returned, and of the arguments.
    sizes
        Lines whose shape or dtype other values might change: they are computed, to be asked, whoever needs them.
    seen
        Arrays from outside with what was in them (`outside.Seen`): Python may have decided by them. `jit` looks at them.
    watched
        Names, attributes and items from outside, with what they were bound to (`outside.Found`). `jit` looks at them too.
    fused
        Finds the loops that compute a graph, kernel by kernel: `planning`'s, which stands above.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: list[Line] = []
        self.inputs: list[Line | None] = []
        self.statics: list[Any] = []
        self.hidden: dict[Line, Any] = {}
        self.outputs: list[Any] = []
        self.guards: list[Guard] = []
        self.apart: frozenset[int] = frozenset()
        self.structure: Any = None
        self.arguments: Any = None
        self.sizes: dict[Line, None] = {}
        self.seen: list[Any] = []
        self.watched: list[Any] = []
        self.fused: Callable[[Graph], list[list[Any]]] = lambda graph: []
        self.constants: dict[Any, Line] = {}  # by dtype, shape and bytes
        self._known: dict[Any, Line] = {}
        self._asked: dict[Line, list[Any]] = {}  # what guards hold lines to

    # -- making one ------------------------------------------------------------------------------------------------------

    def emit(self, function: Function | None, args: tuple[Any, ...], keywords: dict[str, Any], value: Any) -> Line:
        """The line of a call that gave `value`: a new one, or the one that stands there already."""
        key = (function, key_of(args), key_of(keywords))
        line = self._known.get(key)
        if line is None:
            line = Line(function, args, keywords, value)
            line.number = len(self.lines)
            self.lines.append(line)
            self._known[key] = line
        return line

    def known(self, function: Function, args: tuple[Any, ...]) -> Line | None:
        """The line of a call, if there is one."""
        return self._known.get((function, key_of(args), key_of({})))

    def input(self, value: Any, name: str) -> Line:
        """A line that stands for something from outside."""
        line = self.emit(None, (object(),), {}, value)  # like no other
        line.name = name
        return line

    def guard(self, line: Line, outcome: Any, place: str) -> None:
        """Note that the run's way depended on a line's value."""
        known = self._asked.setdefault(line, [])
        if not any(same(each, outcome) for each in known):
            known.append(outcome)
            self.guards.append(Guard(line, outcome, len(self.lines), place))

    def live(self) -> list[Line]:
        """The lines that outputs, guards and sizes depend on, inputs among them, in order."""
        needed = {line.number for line in (*lines_in(self.outputs), *self.sizes)}
        needed |= {guard.line.number for guard in self.guards}
        for line in reversed(self.lines):
            if line.number in needed:
                needed.update(each.number for each in line.inputs())
        return [line for line in self.lines if line.number in needed]

    # -- computing it ----------------------------------------------------------------------------------------------------

    def bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> dict[Line, Any]:
        """The values of inputs for some arguments; refused if these are not like the recorded ones."""
        leaves, structure = flatten((args, keywords))
        if structure != self.arguments:
            raise BadArgument(f"the graph of {self.name} was recorded with the arguments {self.arguments}, not {structure}")
        values = dict(self.hidden)
        for line, static, leaf in zip(self.inputs, self.statics, leaves, strict=True):
            if line is None:
                if not same(leaf, static):
                    raise BadArgument(f"the graph of {self.name} was recorded with {static!r} where {leaf!r} is given now")
                continue
            if kind_of(leaf) != (line.kind, line.shape, line.dtype):
                raise BadArgument(f"the graph of {self.name} takes {line.name} as {line.type}, not {described(leaf)}")
            values[line] = leaf
        return values

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """What the recorded function would give, by NumPy, line by line; for arguments like the recorded ones."""
        values = self.bind(args, keywords)
        live = self.live()
        last = {line: user.number for user in live for line in user.inputs()}
        kept = set(lines_in(self.outputs)) | {guard.line for guard in self.guards}
        guards = iter([*self.guards, None])
        guard = next(guards)
        for line in live:
            while guard is not None and guard.before <= line.number and guard.line in values:
                _check(guard, values[guard.line])
                guard = next(guards)
            if line.function is not None:
                values[line] = computed(line, values)
            for each in {*line.inputs()}:
                if last[each] == line.number and each not in kept:
                    values.pop(each, None)
        while guard is not None:
            _check(guard, values[guard.line])
            guard = next(guards)
        outputs = [fresh(replaced(leaf, values.__getitem__)) for leaf in self.outputs]
        return unflatten(self.structure, [np.copy(e) if place in self.apart else e for place, e in enumerate(outputs)])

    def rewritten(self, rule: Callable[[Graph, Line], Line | None]) -> Graph:
        """The graph of the lines that are needed, with others in the place of those for which `rule` gives one."""
        new = Graph(self.name)
        new.structure, new.arguments, new.statics = self.structure, self.arguments, self.statics
        new.seen, new.watched, new.fused, new.apart = self.seen, self.watched, self.fused, self.apart
        place: dict[Line, Line] = {}
        then: list[int] = []  # the number of each line of the old graph, and how long the new one was before it
        now: list[int] = []
        for line in {**dict.fromkeys(filter(None, self.inputs)), **dict.fromkeys(self.live())}:
            then.append(line.number)
            now.append(len(new.lines))
            args, keywords = replaced(line.args, place.__getitem__), replaced(line.keywords, place.__getitem__)
            fresh = new.copied(line, args, keywords)
            if line in self.hidden:
                new.hidden[fresh] = self.hidden[line]
            place[line] = (rule(new, fresh) or fresh) if line.function is not None else fresh
        new.inputs = [None if line is None else place[line] for line in self.inputs]
        new.outputs = [replaced(leaf, place.__getitem__) for leaf in self.outputs]
        new.sizes = {place[line]: None for line in self.sizes}
        for guard in self.guards:
            at = bisect_left(then, guard.before)
            before = now[at] if at < len(now) else len(new.lines)
            new.guards.append(Guard(place[guard.line], guard.outcome, before, guard.place))
        return new

    def copied(self, line: Line, args: tuple[Any, ...], keywords: dict[str, Any]) -> Line:
        """A line of another graph with arguments of this one."""
        known = len(self.lines)
        fresh = self.emit(line.function, args, keywords, None)
        if len(self.lines) > known:
            fresh.kind, fresh.shape, fresh.dtype, fresh.name = line.kind, line.shape, line.dtype, line.name
        return fresh

    # -- reading it ------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        live = self.live()
        numbers = {line: f"%{place}" for place, line in enumerate(live)}
        rows = [(numbers[line], call_text(line, numbers, line in self.hidden), line.type) for line in live]
        places = [(guard, numbers[guard.line]) for guard in self.guards]
        left = max((len(row[0]) for row in rows), default=0)
        middle = max((len(row[1]) for row in rows), default=0)
        text = [f"graph of {self.name}"]
        text += [f"  {number:<{left}} = {call:<{middle}}  {kind}".rstrip() for number, call, kind in rows]
        text += [f"  guard {place} is {short(guard.outcome)}" for guard, place in places]
        outputs = ", ".join(text_of(leaf, numbers) for leaf in self.outputs)
        return "\n".join([*text, f"  return {outputs}"])

    def __repr__(self) -> str:
        return f"<graph of {self.name}, {len(self.live())} lines>"

    def to_dot(self) -> str:
        """The graph as text for Graphviz, in boxes what `jit` would compute together of it as it is: kernels, and loops."""
        return drawing.dot(self)

    def _repr_svg_(self) -> str:
        return drawing.svg(self)


def fresh(value: Any) -> Any:
    """A constant of the program as an array of its own."""
    owner = value.base if isinstance(getattr(value, "base", None), np.ndarray) else value
    if not isinstance(owner, np.ndarray) or owner.base is not None or owner.flags.writeable:
        return value
    return np.copy(value)


def computed(line: Line, values: dict[Line, Any]) -> Any:
    """What a line's function gives for these values; refused if it has another shape now, which would be another program."""
    assert line.function is not None
    value = line.function(*replaced(line.args, values.__getitem__), **replaced(line.keywords, values.__getitem__))
    if line.kind == "number" and isinstance(value, np.generic):
        value = value.item()
    found = kind_of(value)
    if found != (line.kind, line.shape, line.dtype) and line.kind != "structure":
        raise GuardFailed(f"{name_of(line)} gave {described(value)}, and {line.type} when it was recorded")
    return value


def _check(guard: Guard, value: Any) -> None:
    value = outcome_of(value, guard.outcome)
    if not same(value, guard.outcome):
        raise GuardFailed(
            f"the recorded run took another way at {guard.place}: there a value was {short(guard.outcome)}, now it is "
            f"{short(value)}; record the function with these arguments"
        )


def outcome_of(value: Any, like: Any) -> Any:
    """A value as what was asked for: a truth, an integer, or itself."""
    return type(like)(value) if type(like) in (bool, int) else value


def described(value: Any) -> str:
    """What a value is, for a message."""
    kind, shape, dtype = kind_of(value)
    return f"{type(value).__name__} {value!r}"[:60] if kind == "structure" else f"{kind} of {dtype} and shape {shape}"
