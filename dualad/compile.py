"""A graph as a program: compiled kernels, and the steps of NumPy between them.

The kernels' text (`loops`) and that of the program which calls them is kept in files of the user's cache directory: numba keeps
machine code only of functions that stand in a file, and goes by the file. A file's name is a digest of what it holds.
"""

from __future__ import annotations

import ast
import operator
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .errors import GuardFailed
from .expressions import known
from .graph import Graph, outcome_of
from .lines import Line, key_text, lines_in, name_of, same
from .loops import text_of
from .naming import identifier
from .passes import assumed, constant_of, optimised
from .planning import COMPUTED, Plan
from .recording import recorded
from .symbols import KERNEL, named
from .unrolling import UNROLLING, Unrolling
from .views import VIEWS, packed, size_of
from .words import Names, Spelled, Words

LESS = 0.9
"""Guards may ask for more than they have to where that leaves so much of the cost."""

LARGE = 4096
"""Elements of an output that is worth writing to a caller's memory directly."""


HEADER = """\
# Written by dualad; the file may be removed at any time. `emission` makes machine code of it.

"""


class Given(NamedTuple):
    """Memory of an output that a caller may set aside: the parameter of `run`, the output's place, and how its axes are put in
    order so that they make the array of this shape, in C order, which a kernel fills; and its own shape and dtype."""

    parameter: str
    place: int
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    whole: tuple[int, ...]
    dtype: np.dtype[Any]


class Program:
    """A compiled graph: `run` takes the values of the inputs that vary, then of the arrays from outside, and gives the outputs
    as a list, or None if a guard does not hold. Memory for outputs, as `given` describes it, can be named beside.

    Guards may ask for more than they have to (`assumed`); then `whole` is the graph, of which a program can be made that does
    not, to be asked where this one gives None.
    """

    def __init__(self, graph: Graph, assuming: bool = True) -> None:
        self.graph = optimised(graph)
        self.plan = Plan(self.graph)
        self.whole: Graph | None = None
        less = assumed(self.graph) if assuming else None
        if less is not None and (plan := Plan(less)).cost < self.plan.cost * LESS:
            self.whole, self.graph, self.plan = graph, less, plan
        inputs = [line for line in self.graph.inputs if line is not None]
        self.called = Names(dict.fromkeys([*inputs, *self.plan.live]), self.graph.hidden)
        self.called |= {
            pack: self.called.free(pack.name) for pack in dict.fromkeys(pack for pack, _ in self.plan.packed.values())
        }
        self.kernels: list[tuple[int, str]] = []  # the stage, and the name of what is compiled
        self._found: dict[tuple[str, int], str] = {}
        self.names: dict[str, Any] = {
            "__name__": __name__,  # it is code of ours, which stand-ins do not answer
            "empty": np.empty,
            "contiguous": np.ascontiguousarray,
            "same": same,
            "outcome": outcome_of,
        }
        self.apart = self._apart(graph)
        self.hidden = list(self.graph.hidden)
        for line, held in (self.plan.rows | self.plan.numbers).items():
            if line.kind == "array" and size_of(line) > LARGE:  # the others need no memory for it
                self.graph.hidden[line] = np.broadcast_to(np.array(held), line.shape)
        self.made: dict[Line, str] = {}  # how a value is written in the program
        self.given = self._given()
        text = self._program()
        self.text = text
        exec(compile(text, f"<program of {graph.name}>", "exec"), self.names)
        self.run: Callable[..., Any] = self.names["run"]

    @property
    def source(self) -> str:
        """The program and its kernels, to be read."""
        texts = [text_of(self.plan, stage, name, Spelled(self.called))[0] for stage, name in self.kernels]
        return "\n\n".join([self.text, *texts])

    # -- the program -------------------------------------------------------------------------------------------------------

    def _program(self) -> str:
        plan = self.plan
        self.made = {line: self.called[line] for line in (*filter(None, self.graph.inputs), *self.hidden)}
        needed = {base for line in plan.live for base in plan._sources(line)}
        body: list[str] = []
        for line, name in self.made.items():
            whole = line not in plan.rows and line not in plan.numbers and not _packed(self.graph, line)
            if line.kind == "array" and known(line.dtype) and line in needed and whole:
                body.append(f"if not {name}.flags.c_contiguous: {name} = contiguous({name})  # in C order")
        guards = list(self.graph.guards)
        for stage, lines in enumerate(plan.stages):
            if plan.computed(stage):
                body += self._kernel(stage)
            guards = self._checks(guards, body)
            for line in lines:
                if plan.roles[line] == "step":
                    body += self._step(line)
            guards = self._checks(guards, body)
        outputs = [
            self._output(leaf, body) + ".copy()" * (place in self.apart) for place, leaf in enumerate(self.graph.outputs)
        ]
        body.append(f"return [{', '.join(outputs)}]  # what {self.graph.name} returns, leaf by leaf")
        nodes = ast.walk(ast.parse("\n".join(["def run():", *("    " + line for line in body)])))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        self.hidden = [line for line in self.hidden if self.called[line] in used]
        given = [*filter(None, self.graph.inputs), *self.hidden]
        parameters = [self.called[line] for line in given] + [f"{each.parameter}=None" for each in self.given]
        body = [*map(self._described, given), *body]
        return "\n".join([f"def run({', '.join(parameters)}):", *("    " + line for line in body)]) + "\n"

    def _apart(self, graph: Graph) -> set[int]:
        """The places of outputs that are to be copies: they lie in memory of an input, or of another output, and those of the
        graph as it was recorded do not."""
        found: set[int] = set(graph.apart)
        owners: dict[Line, Line] = {}  # of the memory now, and as it was recorded
        for place, (leaf, recorded_leaf) in enumerate(zip(self.graph.outputs, graph.outputs, strict=True)):
            if isinstance(leaf, Line) and leaf.kind == "array" and isinstance(recorded_leaf, Line):
                owner = recorded_leaf
                while owner.function in VIEWS:
                    owner = owner.args[0]
                base = self.plan.map[leaf].base
                if owner.function is not None if base.function is None else owners.setdefault(base, owner) is not owner:
                    found.add(place)
        return found

    def _given(self) -> list[Given]:
        """The outputs that are all of what a kernel writes to one array, where it is so large that copying takes longer than to
        see that nothing else lies there."""
        found: dict[str, Given] = {}
        for place, leaf in enumerate(self.graph.outputs):
            if not isinstance(leaf, Line) or leaf.kind != "array" or place in self.apart:
                continue
            base, offset, strides, shape = self.plan.map[leaf]
            axes = _order(shape, strides)
            if self.plan.roles[base] in COMPUTED and base.kind == "array" and axes is not None:
                name = self.called[base]
                if offset == 0 and LARGE <= size_of(leaf) == size_of(base) and shape == leaf.shape and name not in found:
                    found[name] = Given(name, place, axes, base.shape, leaf.shape, base.dtype)
        return list(found.values())

    def _kernel(self, stage: int) -> list[str]:
        text, reads, gives, spaces = text_of(self.plan, stage, KERNEL, Words())
        name = named(text)
        text = HEADER + text.replace(f"def {KERNEL}(", f"def {name}(")
        self.kernels.append((stage, name))
        signature = [(line.dtype.char, len(line.shape) if line.kind == "array" else -1) for line in reads]
        signature += [(line.dtype.char, len(line.shape) if line.kind == "array" else 1) for line in gives]
        self.names[f"kernel{stage}"] = Lazy(self.names, f"kernel{stage}", name, text, signature)
        body = []
        for line in gives:
            shape = line.shape if line.kind == "array" else (1,)
            name, dtype = self.called[line], self._held(f"d_{line.dtype.name}", line.dtype)
            unless = f"if {name} is None: " if any(each.parameter == name for each in self.given) else ""
            told = self.called.tell(line) if line.function is not None else f"{line.type}, for later kernels"
            body.append(f"{unless}{name} = empty({shape}, {dtype})  # {told}")
            self.made[line] = name + {"array": "", "scalar": "[0]", "number": ".item()"}[line.kind]
        made = self.made | {line: self._held("rows", self.plan.rows[line]) for line in reads if line in self.plan.rows}
        arguments = [made[line] for line in reads] + [self.called[line] for line in gives]
        for line in reads:
            if line.kind == "array" and self.plan.roles.get(line) == "step":
                name = self.made[line]
                body.append(f"if not {name}.flags.c_contiguous: {name} = contiguous({name})  # in C order")
        call = f"kernel{stage}({', '.join(arguments)})"
        shapes = dict.fromkeys(" x ".join(map(str, space)) for space in spaces)
        loops = f"  # loops over {', '.join(shapes)}" if shapes else "  # single values"
        return [*body, f"if not {call}: return None{loops}" if stage in self.plan.tests else call + loops]

    def _described(self, line: Line) -> str:
        """A comment on what the program is given."""
        fixed = line in self.graph.hidden and constant_of(self.graph, line) is not None
        where = ", a constant" if fixed else ", from outside" if line in self.graph.hidden else ""
        name = self.called[line]
        return f"# {name}: {line.name + ', ' if line.name != name else ''}{line.type}{where}"

    def _held(self, hint: str, value: Any) -> str:
        """The name under which the program finds something."""
        key = (hint, id(value))
        if key not in self._found:
            self._found[key] = name = self.called.free(hint)
            self.names[name] = value
        return self._found[key]

    def _checks(self, guards: list[Any], body: list[str]) -> list[Any]:
        """Check the guards whose values are there."""
        left = []
        for guard in guards:
            if guard.line in self.plan.tests.get(self.plan.stage[guard.line], ()):
                continue  # its kernel checks it
            if not self._there(guard.line):
                left.append(guard)
                continue
            value, why = self._value(guard.line, body), f"  # the way at {os.path.basename(guard.place)}"
            if isinstance(guard.outcome, bool):
                body.append(f"if {'not ' * guard.outcome}{value}: return None{why}")
            else:
                name = self._held("outcome_known", guard.outcome)
                body.append(f"if not same(outcome({value}, {name}), {name}): return None{why}")
        return left

    def _there(self, line: Line) -> bool:
        return line in self.made or (self.plan.roles[line] == "view" and all(map(self._there, line.inputs())))

    def _value(self, line: Line, body: list[str]) -> str:
        """How a value is written, views made as NumPy makes them."""
        if line not in self.made:
            body += self._view(line, body)
        return self.made[line]

    def _view(self, line: Line, body: list[str]) -> list[str]:
        access = self.plan.map[line]
        base = self._value(access.base, body) if access.base is not line else ""
        name = self.called[line]
        if size_of(line) == size_of(access.base) and access.base.kind == "array" and line.kind == "array":
            text = _turned(base, access.base.shape, line.shape, access.strides) if access.offset == 0 else None
            if text is not None:
                self.made[line] = name
                return [f"{name} = {text}  # {self.called.tell(line)}"]
        return self._step(line)

    def _step(self, line: Line) -> list[str]:
        """The call of a line's function."""
        before: list[str] = []
        for each in line.inputs():
            self._value(each, before)
        name, told = self.called[line], self.called.tell(line)
        self.made[line] = name
        if line.function is operator.getitem and not list(lines_in(line.args[1])) and _plain(line.args[1]):
            return [*before, f"{name} = {self.made[line.args[0]]}[{key_text(line.args[1], {}) or '()'}]  # {told}"]
        function = self._held(identifier(name_of(line)), line.function)
        parts = [self._text(each) for each in line.args] + [f"{key}={self._text(each)}" for key, each in line.keywords.items()]
        call = f"{name} = {function}({', '.join(parts)})  # {told}"
        if self.plan.roles[line] == "view":
            return [*before, call]
        if line.kind == "number":
            return [*before, call, f"{name} = {name}.item() if hasattr({name}, 'item') else {name}  # Python's number"]
        if line.kind == "array":
            dtype = self._held(f"d_{line.dtype.name}", line.dtype)
            test = f"{name}.shape != {line.shape} or {name}.dtype != {dtype}"
        elif line.kind == "scalar":
            test = f"{name}.__class__ is not {self._held(f'd_scalar_{line.dtype.name}', line.dtype.type)}"
        else:
            return [*before, call]
        return [*before, call, f"if {test}: return None  # it would be another program"]

    def _text(self, value: Any) -> str:
        """An argument as it is written in the program."""
        if isinstance(value, Line):
            return self.made[value]
        if type(value) in (tuple, list):
            inside = ", ".join(map(self._text, value))
            return f"[{inside}]" if type(value) is list else f"({inside}{',' * (len(value) == 1)})"
        if type(value) in (int, bool, str, type(None), type(Ellipsis)):
            return repr(value)
        if type(value) in (slice, dict) and any(True for _ in lines_in(value)):
            items = [value.start, value.stop, value.step] if type(value) is slice else value.values()
            inside = ", ".join(map(self._text, items))
            return f"slice({inside})" if type(value) is slice else f"dict(zip({list(value)}, [{inside}]))"
        return self._held("constant", value)

    def _output(self, leaf: Any, body: list[str]) -> str:
        if not isinstance(leaf, Line):
            return self._held("constant", leaf)
        text = self._value(leaf, body)
        return f"{text}.copy()" if leaf.function is None and constant_of(self.graph, leaf) is not None else text


class Lazy:
    """A kernel that is compiled, or loaded, when it is first called; it puts itself out of the way then."""

    def __init__(self, names: dict[str, Any], at: str, name: str, text: str, signature: list[tuple[str, int]]) -> None:
        self.names, self.at, self.name, self.text, self.signature = names, at, name, text, signature

    def __call__(self, *arguments: Any) -> Any:
        entry = compiled(self.name, self.text, self.signature)
        self.names[self.at] = entry
        return entry(*arguments)


def _packed(graph: Graph, line: Line) -> bool:
    """Whether a line is a constant that lies in C order."""
    held = constant_of(graph, line)
    return held is not None and held.flags.c_contiguous


def _plain(key: Any) -> bool:
    """Whether an index is written in Python as it prints."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(each is None or each is Ellipsis or type(each) in (int, slice) for each in parts)


def _turned(text: str, shape: tuple[int, ...], new: tuple[int, ...], strides: tuple[int, ...]) -> str | None:
    """A view of all elements as a reshape and a permutation of axes; None if it is neither."""
    if strides == packed(new):
        return text if shape == new else f"{text}.reshape({new})"
    order = _order(new, strides)
    if order is None:
        return None
    sorted_shape = tuple(new[axis] for axis in order)
    base = text if sorted_shape == shape else f"{text}.reshape({sorted_shape})"
    back = tuple(order.index(axis) for axis in range(len(new)))
    return f"{base}.T" if back == tuple(reversed(range(len(new)))) else f"{base}.transpose{back}"


def _order(shape: tuple[int, ...], strides: tuple[int, ...]) -> tuple[int, ...] | None:
    """The order of the axes in which a view lies in C order; None if there is none."""
    order = sorted(range(len(shape)), key=lambda axis: (-strides[axis] if shape[axis] != 1 else 0, axis))
    if any(step < 0 for step in strides) or tuple(strides[axis] for axis in order) != packed(
        tuple(shape[axis] for axis in order)
    ):
        return None
    return tuple(order)


def program_of(f: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], statics: frozenset[int]) -> Program:
    """The program of a function for these arguments; of two ways to carry directions the one that takes less time."""
    programs = []
    for wanted in (False, True):
        state = Unrolling(wanted)
        token = UNROLLING.set(state)
        try:
            graph = recorded(f, args, keywords, statics)
            if not state.spoilt:
                programs.append(Program(graph))
        finally:
            UNROLLING.reset(token)
        if not state.asked:
            break
    return min(programs, key=lambda program: program.plan.cost)


# -- machine code --------------------------------------------------------------------------------------------------------


def compiled(name: str, text: str, signature: list[tuple[str, int]]) -> Callable[..., Any]:
    """The compiled function of a text, from the disk if it was compiled before; it does not look what it is given."""
    from . import emission  # noqa: PLC0415 - loads LLVM

    return emission.compiled(name, text, signature)


def evaluate(program: Program, values: list[Any]) -> list[Any]:
    """What a program gives for the values of its inputs."""
    outputs = program.run(*values, *(program.graph.hidden[line] for line in program.hidden))
    if outputs is None and program.whole is not None:
        return evaluate(Program(program.whole, assuming=False), values)
    if outputs is None:
        raise GuardFailed(f"the recorded run of {program.graph.name} took another way than these values lead")
    return outputs
