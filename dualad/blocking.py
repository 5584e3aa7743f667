"""Which loops of a kernel run together, block by block along a last axis that they share, so that what one of them computes for
the others need not go through memory.

A loop over the points of all directions may need what another loop computes for the points alone. Run one after the other they
leave arrays of all points between them; run in turn over some dozens of points they leave so many numbers of each.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .graph import Graph, written
from .lines import Line
from .planning import Part, Plan
from .views import Access, over, size_of, space_of

LONG = 256
"""An axis that is worth being cut into blocks."""

STACK = 8192
"""So many elements may lie on the stack, blocks among them; further arrays of a kernel are given to it."""

PAD = 8
"""So many elements stand between two arrays: were their beginnings a power of two apart, a cache would not hold them all."""

WIDEST, NARROWEST = 512, 32
"""Elements of a block along its axis: fewer would be too little for a loop."""

Space = tuple[int, ...]


class Sweep:
    """Loops that run in turn over blocks of their last axis, in this order; one of them alone, or nothing between them that is
    worth it: over all of it."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.block = length
        self.loops: list[tuple[Space, list[Any]]] = []
        self.then: list[Any] = []  # pieces that wait for the end of it
        self.made: set[Line] = set()  # what it computes, or what waits for it, and what they read
        self.read: set[Line] = set()

    @property
    def items(self) -> list[Any]:
        """The lines and parts of all loops."""
        return [item for _, items in self.loops for item in items]

    @property
    def waiting(self) -> list[Any]:
        """Those of what comes after."""
        return [item for piece in self.then for item in (piece.items if isinstance(piece, Sweep) else [piece])]


class Order:
    """The pieces of a kernel in the order in which they run: single items, and sweeps.

    Attributes
    ----------
    pieces
        Lines or parts of one element, products of matrices, and sweeps.
    local
        The arrays of which there is only a block at a time, with its length.
    """

    def __init__(self, plan: Plan, lines: list[Line]) -> None:
        self.plan = plan
        self.pieces: list[Any] = []
        self.local: dict[Line, int] = {}
        self._open: dict[int, Sweep] = {}
        self._over = {part for line in plan.overwritings for part in plan.parts[line]}
        levels: dict[int, list[Any]] = {}
        for item in (each for line in lines for each in plan.parts.get(line, [line])):
            levels.setdefault(plan.level[item], []).append(item)
        for level in sorted(levels):
            loops: dict[Space, list[Any]] = {}
            for item in levels[level]:
                space = space_of(plan.shape_of(item))
                if space and (isinstance(item, Part) or plan.roles[item] != "product"):
                    loops.setdefault(space, []).append(item)
                else:
                    self._after([item], item)
            for space, together in loops.items():
                self._add(space, together)
        for sweep in self._open.values():
            self.pieces += [sweep, *sweep.then]
        self._blocks()

    def reads(self, item: Any) -> list[Access]:
        """What an item reads, and how."""
        sources = [item.source] if isinstance(item, Part) else self.plan.operands(item)
        return [self.plan.map[source] for source in sources if isinstance(source, Line)]

    # -- sweeps ------------------------------------------------------------------------------------------------------------

    def _add(self, space: Space, items: list[Any]) -> None:
        """Let loops over a shape join those of their length, where they may."""
        length = space[-1]
        if any(item in self._over for item in items):  # in order with what else reads or writes there
            for other in [each for each in self._open.values() if self._touches(each, items)]:
                self._close(other)
        if length < LONG:
            piece = Sweep(length)
            piece.loops.append((space, items))
            self._after(items, piece)
            return
        sweep = self._open.get(length)
        for other in [each for each in self._open.values() if each is not sweep and self._touches(each, items)]:
            self._close(other)
        if sweep is not None and not self._fits(sweep, items):
            self._close(sweep)
            sweep = None
        if sweep is None:
            sweep = self._open[length] = Sweep(length)
        sweep.loops.append((space, items))
        self._enter(sweep, items)

    def _after(self, items: list[Any], piece: Any) -> None:
        """Put a piece of work in, after what it needs something of: at once, or when a sweep has ended."""
        needed = [each for each in self._open.values() if self._touches(each, items)]
        for each in needed[:-1]:
            self._close(each)
        if needed:
            needed[-1].then.append(piece)
            self._enter(needed[-1], items)
        else:
            self.pieces.append(piece)

    def _close(self, sweep: Sweep) -> None:
        self.pieces += [self._open.pop(sweep.length), *sweep.then]

    def _touches(self, sweep: Sweep, items: list[Any]) -> bool:
        """Whether items read what a sweep computes, or what waits for it, or write to where it does, or reads."""
        for item in items:
            if any(access.base in sweep.made for access in self.reads(item)):
                return True
            if isinstance(item, Part):
                base = item.target.base
                if base in sweep.made or (item in self._over and base in sweep.read):
                    return True
        return False

    def _enter(self, sweep: Sweep, items: list[Any]) -> None:
        """Note what items of a sweep, or of what waits for it, compute and read."""
        sweep.made.update(map(place_of, items))
        sweep.read.update(access.base for item in items for access in self.reads(item))

    def _fits(self, sweep: Sweep, items: list[Any]) -> bool:
        """Whether each item can be computed as soon as a block of what is before it is."""
        length = sweep.length
        made: dict[Line, bool] = {place_of(item): False for item in sweep.waiting}  # whether it is there block by block
        for each in sweep.items:
            if isinstance(each, Part):
                base = each.target.base
                made[base] = made.get(base, True) and aligned(base, each.target.offset, each.steps, length)
            else:
                made[each] = self.plan.roles[each] == "loop"
        for item in items:
            shape = self.plan.shape_of(item)
            needs = [(access.base, access.offset, over(access, shape)) for access in self.reads(item)]
            if isinstance(item, Part) and item.target.base.function is written:  # in order: it may lie over what is there
                needs.append((item.target.base, item.target.offset, item.steps))
            if any(base in made and not (made[base] and aligned(base, offset, steps, length)) for base, offset, steps in needs):
                return False
        return True

    # -- blocks ------------------------------------------------------------------------------------------------------------

    def _blocks(self) -> None:
        """Choose the blocks' lengths, and what is there block by block only."""
        plan, room = self.plan, STACK
        where: dict[Line, set[int]] = {}
        for place, piece in enumerate(self.pieces):
            for item in piece.items if isinstance(piece, Sweep) else [piece]:
                for access in self.reads(item):
                    where.setdefault(access.base, set()).add(place)
        for place, piece in enumerate(self.pieces):
            if not isinstance(piece, Sweep) or len(piece.loops) == 1:
                continue
            between = [line for line in piece.items if line in plan.kept - plan.outside and where.get(line) == {place}]
            rows = sum(map(rows_of, between))
            if rows * piece.length <= room:
                continue
            while rows * NARROWEST > room:
                rows -= rows_of(between.pop())
            if between:
                piece.block = min(WIDEST, room // rows // NARROWEST * NARROWEST)
                room -= rows * piece.block
                self.local |= dict.fromkeys(between, piece.block)


class Nest(NamedTuple):
    """What runs together: the lengths of the loops, none for single values, the lines, and how many points are a block."""

    space: Space
    lines: list[Line]
    block: int


def fused(graph: Graph) -> list[list[Nest]]:
    """By stage the loops that compute a graph as it stands: a joined array stands where its last part is."""
    plan, kernels = Plan(graph), []
    for stage in range(len(plan.stages)):
        single = Nest((), [], 1)
        nests, home = [single], {}
        for piece in Order(plan, plan.computed(stage)).pieces:
            if not isinstance(piece, Sweep):
                home[place_of(piece)] = single
                continue
            for space, items in piece.loops:
                nests.append(Nest(space, [], piece.block))
                home |= {place_of(item): nests[-1] for item in items}
        for line, nest in home.items():
            nest.lines.append(line)
        kernels.append([nest for nest in nests if nest.lines])
    return kernels


def rows_of(line: Line) -> int:
    """How many rows along its last axis an array has."""
    return size_of(line) // space_of(line.shape)[-1]


def place_of(item: Any) -> Line:
    """The line whose value, or part of it, an item computes."""
    return item.target.base if isinstance(item, Part) else item


def aligned(base: Line, offset: int, steps: tuple[int, ...], length: int) -> bool:
    """Whether a loop along a last axis of some length reads, or writes, elements of a base as it has them along its own."""
    space = space_of(base.shape)
    return (
        space[-1:] == (length,)
        and steps[-1:] == (1,)
        and offset % length == 0
        and all(step % length == 0 for step in steps[:-1])
    )


def in_block(steps: tuple[int, ...], offset: int, length: int, block: int) -> tuple[list[int], int]:
    """Strides and offset in an array of which there is a block only."""
    return [*(step // length * block for step in steps[:-1]), *steps[-1:]], offset // length * block
