"""Patterns of Jacobians and Hessians: which output may depend on which input, and which pairs of inputs meet in a product.

The derivative along a direction is recorded, not the function: what its graph's tangents depend on is what derivatives there
are, with custom rules, constants and locally constant functions as dualad has them.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from scipy import sparse

from ..dual import Dual, dual
from ..errors import BranchWarning, NotDifferentiable, depth
from ..graph import Graph
from ..jitted import unjitted
from ..levels import Level
from ..lines import Line, lines_in
from ..objects import settled
from ..progress import shown
from ..recording import recorded
from ..selection import Selection, select
from ..trees import dtype_of, flatten, unflatten
from . import moves, products, sums  # noqa: F401 - each enters its rules
from .factors import factors_of
from .flow import Flow
from .sets import Sets, identity, no_sets, pairs
from .ways import united


class Along:
    """The derivatives of the outputs along one direction, as a function of the arguments and the direction: a list of tangents,
    None for outputs that do not vary."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        functools.update_wrapper(self, selection.f, updated=())
        self.shapes: list[Any] = []
        self.structure: Any = None

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any], directions: Sequence[Any]) -> list[Any]:
        selection = self.selection.at(args, kwargs)
        moving = iter(directions)
        with Level.fresh(selection.name) as level, unjitted():
            leaves = [
                leaf if primal is None else dual(_own(primal), np.reshape(next(moving), (1, *np.shape(primal))), level)
                for leaf, primal in zip(selection.leaves, selection.primals, strict=True)
            ]
            out, self.structure = flatten(selection.call(leaves))
            out = [settled(leaf) for leaf in out]
            self.shapes = [None if leaf is None else np.shape(leaf) for leaf in out]
            return [leaf.tangent if isinstance(leaf, Dual) and leaf.level is level else None for leaf in out]


def _own(primal: Any) -> Any:
    """A primal that f may write into."""
    return np.copy(primal, order="K") if np.ndim(primal) else primal


@dataclass
class Program:
    """A recorded derivative, and how to read it.

    Attributes
    ----------
    graph
        Of the derivative.
    seeds
        For each direction in it, the lines of its leaves.
    varying, values
        The inputs whose values may change, and the others with their values.
    tangents
        Per output leaf a line, or None.
    shapes
        The shapes of the output leaves; None for one that is None.
    structure
        Of the output.
    """

    graph: Graph
    seeds: list[list[Line]]
    varying: list[Line]
    values: dict[Line, Any]
    tangents: list[Any]
    shapes: list[Any]
    structure: Any

    def live(self) -> list[Line]:
        """The lines that tangents depend on."""
        needed = {*lines_in(self.tangents)}
        for line in reversed(self.graph.lines):
            if line in needed:
                needed.update(line.inputs())
        return [line for line in self.graph.lines if line in needed]


class Twice(Along):
    """The same for second derivatives: along a direction, of those along another one."""

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any], directions: Sequence[Any]) -> list[Any]:
        first, second = directions
        inner = Along(self.selection)

        def along(*args: Any, **kwargs: Any) -> Any:
            return inner(args, kwargs, first)

        bent = Along(replace(self.selection, f=along))(args, kwargs, second)
        self.shapes, self.structure = inner.shapes, inner.structure
        return bent


def program_of(selection: Selection, local: bool, twice: bool = False) -> Program:
    """The derivative of f along a direction, or along two. `local`: for these values of the arguments, so choices are made."""
    along = Twice(selection) if twice else Along(selection)
    one = [np.ones(np.shape(each), dtype_of(each)) for each in selection.primals if each is not None]
    directions = [one, [each.copy() for each in one]] if twice else one
    args, kwargs = selection.args, selection.kwargs
    if local:

        @functools.wraps(selection.f, updated=())
        def here(directions: Sequence[Any]) -> list[Any]:
            return along(args, kwargs, directions)

        graph = recorded(here, (directions,), {})
    else:
        graph = recorded(along, (args, kwargs, directions), {})
    leaves, _ = flatten((args, kwargs))
    inputs = graph.inputs[: len(graph.inputs) - len(one) * (1 + twice)]
    moving = [line for line in graph.inputs[len(inputs) :] if line is not None]
    seeds = [moving[: len(one)], moving[len(one) :]] if twice else [moving]
    varying, values = [], {}
    differentiated = {id(leaf) for leaf in selection.leaves}
    for line, leaf in zip(inputs, leaves if inputs else [], strict=True):
        if line is not None and line.dtype.kind in "biu" and id(leaf) not in differentiated:
            values[line] = leaf
        elif line is not None:
            varying.append(line)
    tangents = [leaf if isinstance(leaf, Line) else None for leaf in graph.outputs]
    return Program(graph, seeds, varying, values, tangents, along.shapes, along.structure)


def seeded(lines: Iterable[Line]) -> dict[Line, Sets]:
    """Each element of a direction's leaves depends on itself."""
    lines = list(lines)
    sizes = [prod(line.shape) for line in lines]
    ends = np.cumsum([0, *sizes])
    return {line: identity(size, int(low), int(ends[-1])) for line, size, low in zip(lines, sizes, ends[:-1], strict=True)}


def found(program: Program, place: int, progress: bool = False) -> Flow:
    """The sets that flow from one of a program's directions."""
    moving = [line for lines in program.seeds for line in lines]
    flow = Flow(program.graph, seeded(program.seeds[place]), [*program.varying, *moving], program.values)
    lines = program.live()
    flow.run(shown(lines, len(lines), "line") if progress else lines)
    return flow


def sets_of(flow: Flow, program: Program) -> list[Sets | None]:
    """For each output leaf the sets of its elements; None for a leaf that is None."""
    return [
        None if shape is None else no_sets(prod(shape), flow.columns) if flow.raw(line) is None else flow.sets(line)
        for line, shape in zip(program.tangents, program.shapes, strict=True)
    ]


def places_of_choice(program: Program) -> list[str]:
    """Where Python's control flow went by a value that varies. What looks at tangents are rules of ours."""
    if not program.graph.guards:
        return []
    tainted, varying = {line for lines in program.seeds for line in lines}, {*program.varying}
    for line in program.graph.lines:
        inputs = {*line.inputs()}
        if not inputs.isdisjoint(tainted):
            tainted.add(line)
        elif not inputs.isdisjoint(varying):
            varying.add(line)
    return list(dict.fromkeys(guard.place for guard in program.graph.guards if guard.line in varying))


def warn_of_ways(name: str, places: Sequence[str], count: int) -> None:
    """Say that the pattern is not that of every run."""
    taken = "the way taken with these arguments" if count == 1 else f"the {count} ways taken so far together"
    warnings.warn(
        f"{name}: a value decides on the way at {', '.join(places[:3])}. The pattern is that of {taken}, others may depend on "
        "more: call it with arguments that lead elsewhere, which unites the patterns, or use np.where",
        BranchWarning,
        stacklevel=depth() + 1,
    )


def blocks_of(selection: Selection, sets: Sets) -> Any:
    """Columns in the structure of the differentiated arguments."""
    blocks: list[Any] = []
    low = 0
    for primal, size in zip(selection.primals, selection.sizes, strict=True):
        blocks.append(None if primal is None else sets if size == sets.shape[1] else sets[:, low : low + size])
        low += size
    return selection.tree(blocks)


def jacobian_pattern(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Any, local: bool, progress: bool
) -> Any:
    """The work of `jacobian_sparsity`."""
    selection = select("jacobian_sparsity", f, args, kwargs, argnums, None, complex_allowed=True)
    program = program_of(selection, local)
    leaves = sets_of(found(program, 0, progress), program)
    if not local and (places := places_of_choice(program)):
        whole, count = united(selection, ("jacobian", *program.shapes), program.graph, together(leaves))
        ends = np.cumsum([0, *(0 if each is None else each.shape[0] for each in leaves)]).tolist()
        pairs = zip(leaves, ends[:-1], ends[1:], strict=True)
        leaves = [None if each is None else whole[low:high] for each, low, high in pairs]
        warn_of_ways("jacobian_sparsity", places, count)
    return unflatten(program.structure, [None if each is None else blocks_of(selection, each) for each in leaves])


def jacobian_sets(selection: Selection) -> Sets:
    """Of all outputs together; of the way that f goes with these arguments, and of those that it went before."""
    program = program_of(selection, local=False)
    sets = together(sets_of(found(program, 0), program))
    if places_of_choice(program):
        sets, _ = united(selection, ("jacobian", *program.shapes), program.graph, sets)
    return sets


def together(leaves: Sequence[Sets | None]) -> Sets:
    """The rows of all outputs."""
    return sparse.vstack([each for each in leaves if each is not None], format="csr")


def hessian_pattern(
    f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Any, local: bool, progress: bool
) -> Any:
    """The work of `hessian_sparsity`."""
    selection = select("hessian_sparsity", f, args, kwargs, argnums, None, complex_allowed=True)
    program = program_of(selection, local, twice=True)
    both = pairs_of(program, progress)
    if not local and (places := places_of_choice(program)):
        both, count = united(selection, ("hessian",), program.graph, both)
        warn_of_ways("hessian_sparsity", places, count)
    ends = np.cumsum([0, *selection.sizes])
    rows = zip(selection.primals, ends[:-1], ends[1:], strict=True)
    return selection.tree([None if p is None else blocks_of(selection, both[low:high]) for p, low, high in rows])


def hessian_sets(selection: Selection) -> Sets:
    """Of all inputs together; of the way that f goes with these arguments, and of those that it went before."""
    program = program_of(selection, local=False, twice=True)
    both = pairs_of(program)
    return united(selection, ("hessian",), program.graph, both)[0] if places_of_choice(program) else both


def pairs_of(program: Program, progress: bool = False) -> Sets:
    """The pairs of inputs of which one moves the one factor of some product, and the other one the other factor."""
    if len(program.shapes) != 1 or program.shapes[0] != ():
        raise NotDifferentiable(
            f"the Hessian's pattern is that of a scalar output, and this one has shape {program.shapes}: take np.sum of it"
        )
    first, second = found(program, 0, progress), found(program, 1, progress)
    lines = program.live()
    meeting = [(line, *pair) for line in lines for pair in factors_of(first, second, line)]
    if not meeting:
        return no_sets(first.columns, first.columns)
    meeting = reaching(program, lines, meeting)
    one, two = (sparse.vstack([pair[place] for pair in meeting], format="csr") for place in (1, 2))
    return pairs(one, two)


def reaching(program: Program, lines: list[Line], meeting: list[tuple[Line, Sets, Sets]]) -> list[tuple[Line, Sets, Sets]]:
    """Of products that are made element by element, the elements that reach the output: these flow there themselves."""
    sizes = {line: prod(line.shape) for line, one, _ in meeting if one.shape[0] == prod(line.shape)}
    if not sizes or program.tangents[0] in sizes:
        return meeting
    ends = np.cumsum([0, *sizes.values()]).tolist()
    seeds = {line: identity(size, low, ends[-1]) for (line, size), low in zip(sizes.items(), ends[:-1], strict=True)}
    moving = [line for directions in program.seeds for line in directions]
    flow = Flow(program.graph, seeds, [*program.varying, *moving], program.values)
    flow.run(lines)
    reached = np.zeros(ends[-1], bool)
    if flow.flowing(program.tangents[0]):
        reached[flow.sets(program.tangents[0]).indices] = True
    chosen = dict(zip(sizes, np.split(reached, ends[1:-1]), strict=True))
    return [
        (line, one[chosen[line]], two[chosen[line]]) if line in chosen and one.shape[0] == sizes[line] else (line, one, two)
        for line, one, two in meeting
    ]
