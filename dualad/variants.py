"""The ways through a function that were compiled, and the arrays that their answers go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .alike import agree, alike
from .before import Before
from .compile import Program, program_of
from .errors import BadArgument
from .outside import Left, look, unchanged
from .transformed import MISSED
from .trees import flatten, unflatten
from .wrapping import Wrapper


def missing(args: tuple[Any, ...]) -> Any:
    """The shortcut of a function that has none."""
    return MISSED


RUNS = 3
"""So often a function is run that changes what is outside, to see whether that matters."""

LEAF = flatten(0.0)[1]
"""The structure of one value."""


class Beside(NamedTuple):
    """An answer, and what is computed beside it for nobody: of a program whose answer is one value only that is handed out."""

    answer: Any
    others: Any


def is_single(structure: Any) -> bool:
    """Whether one value is handed out."""
    return structure == LEAF or (structure.type is Beside and structure.child(0) == LEAF)


class Variant:
    """One way through a function, compiled."""

    def __init__(self, program: Program) -> None:
        graph = program.graph
        self.program, self.run = program, program.run
        self.hidden = [graph.hidden[line] for line in program.hidden]
        self.places = [place for place, line in enumerate(graph.inputs) if line is not None]
        self.structure = graph.structure
        self.single = is_single(graph.structure)
        self.lane: Callable[..., Any] | None = None
        self.seen, self.watched = graph.seen, [each for each in graph.watched if each.name != "array"]

    def holds(self) -> bool:
        """Whether what is outside is as it was when Python decided by it."""
        return all(map(unchanged, self.watched)) and all(each.holds() for each in self.seen)

    def serves(self, other: Variant) -> bool:
        """Whether another variant, recorded because arrays from outside have changed, is this one: then what has changed is
        no concern of Python's, as far as one can see, and is let go."""
        changed = [each for each in self.seen if not each.holds()] if all(map(unchanged, self.watched)) else []
        if not changed or not all(each.used for each in changed) or not alike(self.program.graph, other.program.graph):
            return False
        for each in changed:
            each.loosen()
        self.seen = [each for each in self.seen if each.was]
        self.lane = None
        return True

    def wider(self) -> Variant | None:
        """The same way by a program whose guards do not ask for too much; None if this is one."""
        return None if self.program.whole is None else Variant(Program(self.program.whole, assuming=False))

    def shortcut(self, args: tuple[Any, ...], counts: list[int]) -> Callable[..., Any]:
        """A function of the tuple of arguments, arrays and floats, that answers if they are of the kind of these, and gives
        MISSED if not, or if a name from outside is bound to something else or a guard does not hold: what a call costs beside
        the program is nearly all to find that out, and here it is written out for the kind."""
        names: dict[str, Any] = {"ndarray": np.ndarray, "MISSED": MISSED, "look": look, "unflatten": unflatten}
        names |= {"__name__": __name__, "run": self.run, "structure": self.structure, "counts": counts}
        values = [f"a{place}" for place in range(len(args))]
        tests = [f"len(args) != {len(args)}"]
        lines = [f"if {tests[0]}: return MISSED", f"{', '.join(values)}, = args"]
        for name, value in zip(values, args, strict=True):
            test = f"{name}.__class__ is not {name}_class"
            names[f"{name}_class"] = value.__class__
            if isinstance(value, np.ndarray):
                names[f"{name}_dtype"] = value.dtype
                test += f" or {name}.shape != {value.shape} or {name}.dtype is not {name}_dtype"
            lines.append(f"if {test}: return MISSED")
        for place, found in enumerate(self.watched):
            names |= {f"holder{place}": found.holder, f"bound{place}": found.value, f"name{place}": found.name}
            now = f"look(holder{place}, name{place})"
            if found.holder.__class__ is dict and found.name.__class__ is str:
                now = f"holder{place}.get({found.name!r})"
            lines.append(f"if {now} is not bound{place}: return MISSED")
        for place, each in enumerate(self.seen):
            if each.kept is None:
                names |= {f"seen{place}": each.part, f"was{place}": each.was}
                lines.append(f"if seen{place}.tobytes() != was{place}: return MISSED")
            else:
                names[f"seen{place}"] = each
                lines.append(f"if not seen{place}.holds(): return MISSED")
        hidden = [f"h{place}" for place in range(len(self.hidden))]
        names |= zip(hidden, self.hidden, strict=True)
        lines.append(f"try: outputs = run({', '.join(values + hidden)})")
        lines += ["except Exception: return MISSED", "if outputs is None: return MISSED", "counts[0] += 1"]
        lines.append("return outputs[0]" if self.single else "return unflatten(structure, outputs)")
        text = "\n    ".join(["def call(args):", *lines])
        exec(compile(text, f"<call of {self.program.graph.name}>", "exec"), names)
        call: Callable[..., Any] = names["call"]
        return call


def settled_program(f: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], statics: frozenset[int]) -> Program:
    """The program of a run. Where that changes what is outside, so does every call of f, and no program would: then it has to
    be the same program after such a change."""
    last: Program | None = None
    for _ in range(RUNS):
        before = Left(f, flatten((args, keywords))[0])
        program = program_of(f, args, keywords, statics)
        if before.holds():
            return program
        held = [each for each in program.graph.hidden.values() if isinstance(each, np.ndarray)]
        read = any(np.may_share_memory(each, array) for each in before.written() for array in held)
        if last is not None and not read and alike(last.graph, program.graph):
            return program
        last = program
    raise BadArgument("each call changes what the next one finds outside")


def is_answer(answer: Any, f: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """Whether f itself gives that, as far as it has a way without recording: what it changes is put back. One that asks for
    `isinstance`, or makes text of values, may give something else while it is recorded."""
    if isinstance(f, Wrapper):
        return True
    before = Before(f, (args, keywords))
    try:
        with np.errstate(all="ignore"):
            expected = f(*args, **keywords)
        return expected is MISSED or agree(answer, expected)
    except Exception:  # there is nothing to compare with
        return True
    finally:
        before.restore()


class Targets:
    """Arrays that an answer is to be in, and at which places a program has put it there itself."""

    def __init__(self, arrays: list[Any]) -> None:
        self.arrays, self.done = arrays, frozenset[int]()

    def memory(self, variant: Variant, values: Any) -> dict[str, Any]:
        """What a program can write to directly: arrays of its layout, which share no memory with anything else."""
        found, places = {}, []
        for parameter, place, axes, shape, whole, dtype in variant.program.given:
            target: Any = self.arrays[place] if place < len(self.arrays) else None
            if target.__class__ is not np.ndarray or target.shape != whole or target.dtype != dtype:
                continue
            turned = target.transpose(axes)
            flags = turned.flags
            if not (flags.c_contiguous and flags.writeable and flags.aligned):
                continue
            others = (*values, *variant.hidden, *self.arrays[:place], *self.arrays[place + 1 :])
            if not any(isinstance(each, np.ndarray) and np.may_share_memory(target, each) for each in others):
                found[parameter] = turned.reshape(shape)
                places.append(place)
        self.done = frozenset(places)
        return found

    def missed(self) -> Targets:
        """The same after a run that did not put anything there."""
        self.done = frozenset()
        return self


class Entry:
    """The variants for one kind of arguments; `eager` if there are too many, or none can be made: how often that was so. How
    many hits there had been when variants were let go."""

    __slots__ = ("eager", "hits", "variants")

    def __init__(self) -> None:
        self.variants: list[Variant] = []
        self.eager = self.hits = 0
