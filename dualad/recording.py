"""Recording: a run of a function on nodes, and the graph that it leaves."""

from __future__ import annotations

import inspect
import operator
import pickle
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .blocking import fused
from .dropin import MODE, attempted
from .errors import BadArgument, NoRule, RandomNumbers
from .graph import Graph
from .ground import grounded
from .jitted import unjitted
from .levels import Level
from .lift import Lifted, memory, ungrounded
from .objects import settled
from .outside import Seen, generators, outside
from .places import MANY, standing
from .tape import Tape
from .trees import flatten, paths, tree_map, unflatten
from .wrapping import Wrapper


def traced(leaf: Any) -> bool:
    """Whether a leaf of the arguments varies from call to call: arrays and floats do, integers, text and the like do not."""
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind in "biufc" and type(leaf) in (np.ndarray, np.memmap)
    return isinstance(leaf, (float, complex)) or (isinstance(leaf, np.generic) and leaf.dtype.kind in "biufc")


def recorded(
    f: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any], statics: frozenset[int] = frozenset()
) -> Graph:
    """The graph of f for these arguments; leaves at the places `statics` are part of the program."""

    def once(lifted: bool) -> Graph:
        sources = generators(f, flatten((args, keywords))[0])
        before = _states(sources)
        graph = _record(f, args, keywords, statics, lifted)
        python, *others = map(operator.ne, before, _states(sources))
        if any(others) or (python and _draws(lambda: _record(f, args, keywords, statics, lifted))):
            raise RandomNumbers(
                f"record: {graph.name} draws random numbers, which would be the same at each call: draw them outside and pass "
                "them"
            )
        return graph

    return attempted(f, (args, keywords), MODE.get(), once)


def _record(f: Any, args: tuple[Any, ...], keywords: dict[str, Any], statics: frozenset[int], lifted: bool) -> Graph:
    leaves, structure = flatten((args, keywords))
    with Level.fresh("record") as level, unjitted(), np.errstate(all="ignore"):
        tape = Tape(getattr(f, "__name__", None) or type(f).__name__, level)
        graph = tape.graph
        graph.arguments, graph.fused = structure, fused
        nodes = []
        for place, (leaf, name) in enumerate(zip(leaves, _names(f, structure), strict=True)):
            if isinstance(leaf, Lifted):
                raise BadArgument(
                    f"record: argument {name} is a dual number; record the transform itself, as record(jacfwd(f))"
                )
            varies = traced(leaf) and place not in statics
            if not varies and type(leaf) is np.ndarray:
                leaf = np.copy(leaf)  # a constant, whatever is written into it later
            line = graph.input(leaf, name) if varies else None
            graph.inputs.append(line)
            graph.statics.append(None if varies else leaf)
            example = np.copy(leaf, order="K") if isinstance(leaf, np.ndarray) else leaf
            nodes.append(leaf if line is None else tape.node(line, example))
        positional, named = unflatten(structure, nodes)
        if lifted:
            positional, named = tree_map(grounded, positional), tree_map(grounded, named)
        out = standing(f)(*positional, **named)
        results, graph.structure = flatten(out)
        graph.outputs = [_output(tape, settled(leaf)) for leaf in results]
        if tape.told and any(isinstance(leaf, str | bytes) for leaf in results):
            raise NoRule(f"{graph.name} returns text that it made of recorded values")
        graph.apart = _apart(results)
        del out, results  # an array that f made is held by nobody else then, and is a constant
        graph.watched = outside(f, [leaf for leaf in graph.statics if leaf is not None])
        outer = {id(each.value): each for each in reversed(graph.watched) if isinstance(each.value, np.ndarray)}
        used = tape.close({number: each.text for number, each in outer.items()})
        graph.seen = [Seen(each.value, number in used) for number, each in outer.items() if not each.value.dtype.hasobject]
    return graph


def _output(tape: Tape, leaf: Any) -> Any:
    leaf = ungrounded(leaf)
    if isinstance(leaf, Lifted):
        return tape.lines_of(leaf)
    return tape.constant(leaf) if isinstance(leaf, np.ndarray) else leaf


def _apart(results: list[Any]) -> frozenset[int]:
    """The places of arrays that are the same line as one before, or views of it, and that the function computed once more."""
    found: set[int] = set()
    known: dict[Any, list[Any]] = {}
    for place, leaf in enumerate(map(ungrounded, results)):
        if isinstance(leaf, Lifted) and leaf.recorded and isinstance(memory(leaf), np.ndarray):
            owner: Any = leaf
            while owner.base is not None:
                owner = owner.base
            before = known.setdefault(owner.line, [])
            if before and not any(np.may_share_memory(memory(leaf), each) for each in before):
                found.add(place)
            before.append(memory(leaf))
    return frozenset(found)


def _draws(run: Callable[[], Any]) -> bool:
    """Whether this thread draws from Python's generator while something runs; others may at any time, those of a cluster's
    worker do."""
    if threading.active_count() == 1:
        return True
    drawn: list[Any] = []

    def look(frame: Any, event: str, called: Any) -> None:
        if event == "c_call" and called in (random.random, random.getrandbits):
            drawn.append(called)

    before, kept = sys.getprofile(), random.getstate()[2]  # one number that random.gauss had left over
    sys.setprofile(look)
    try:
        run()
    finally:
        sys.setprofile(before)
    return bool(drawn) or random.getstate()[2] != kept


def _states(sources: list[Any]) -> Any:
    """The state of the global generators of random numbers, and of those in use."""
    numpy = ()
    if "numpy.random" in sys.modules:
        kind, key, *rest = np.random.get_state()  # noqa: NPY002 - whoever draws from it is found out
        numpy = (kind, key.tobytes(), *rest)
    own = [getattr(each, "bit_generator", each) for each in sources]  # a RandomState has none
    return random.getstate(), numpy, [pickle.dumps(each.state if hasattr(each, "state") else each.get_state()) for each in own]


def _names(f: Any, structure: Any) -> list[str]:
    """A name for each leaf of the arguments: the parameter's, with its place in containers."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    positional = [each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    positional += [f"{each.name}[{n}]" for each in parameters if each.kind is each.VAR_POSITIONAL for n in range(MANY)]
    names = []
    for path in paths(structure):
        kind, place = path[0].entry, path[1].entry
        first = str(place) if kind == 1 else positional[place] if place < len(positional) else f"argument {place}"
        names.append(path[2:].codify(first))
    return names


class Recorder(Wrapper):
    """What `record` makes of a function."""

    def __call__(self, *args: Any, **keywords: Any) -> Graph:
        return recorded(self._f, args, keywords)

    def __repr__(self) -> str:
        return f"<record of {getattr(self._f, '__qualname__', self._f)}>"


def record(f: Callable[..., Any]) -> Recorder:
    """The computational graph of a function.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them; also what a transform returns, such as ``jacfwd(g)``.

    Returns
    -------
    callable
        Function of the same arguments that runs f once and gives its `Graph`: every call of NumPy as a numbered line with
        shape and dtype. ``print(graph)`` shows it, ``graph.to_dot()`` is text for Graphviz, a notebook draws it.
        ``graph(*args)`` computes it for other arguments of the same shapes and dtypes.

    Raises
    ------
    RandomNumbers
        If f draws random numbers.
    GuardFailed
        By the graph, if f would have gone another way for the values that it is given: an ``if``, a loop, an index or the
        size of a result depended on them.

    Notes
    -----
    Integers, Booleans and text among the arguments are part of the program, arrays and floats vary. Arrays from outside f are
    looked up again whenever the graph is computed; what f computes from outside alone, and plain numbers, are constants.
    What f prints, or writes into its arguments, happens while it is recorded only.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> graph = dualad.record(lambda x: np.sum(x * np.sin(x)))(np.array([1.0, 2.0]))
    >>> print(graph)
    graph of <lambda>
      %0 = input x           float64[2]
      %1 = sin(%0)           float64[2]
      %2 = multiply(%0, %1)  float64[2]
      %3 = sum(%2)           float64
      return %3
    >>> graph(np.array([0.0, 0.0]))
    np.float64(0.0)
    """
    if not callable(f):
        raise BadArgument(f"record takes a function, not {type(f).__name__}: write record(f)(x), not record(f(x))")
    return Recorder(f)
