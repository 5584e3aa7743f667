"""The ways that functions went: where values decide, a function's pattern is that of all ways which were recorded so far.

They are kept with the function, by the kind of its arguments, for as long as it lives.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import MethodType
from typing import Any
from weakref import finalize

import numpy as np
from scipy import sparse

from ..graph import Graph
from ..selection import Selection
from ..trees import flatten
from .sets import Sets

KINDS = 64
"""Of each function the patterns for so many kinds of arguments are kept; the oldest goes first."""

_KEPT: dict[int, dict[Any, tuple[set[Any], Sets]]] = {}  # by the identity of the function: not every one has a hash
_lock = threading.Lock()


def key_of(selection: Selection) -> Any:
    """What patterns are found by: structure, shapes and dtypes, and the values of what does not vary."""
    leaves, structure = flatten((selection.args, selection.kwargs))
    key: list[Any] = [structure]
    for leaf in leaves:
        if isinstance(leaf, np.ndarray):
            key.append((leaf.shape, leaf.dtype, leaf.tobytes() if leaf.dtype.kind in "biu" else b""))
        elif isinstance(leaf, (float, complex, np.inexact)):
            key.append(type(leaf))
        else:
            key.append((type(leaf), leaf if type(leaf).__hash__ is not None else id(leaf)))
    return tuple(key)


def united(selection: Selection, kind: Sequence[Any], graph: Graph, sets: Sets) -> tuple[Sets, int]:
    """A pattern with those of the other ways that f went before, and how many ways that are. `kind` is what they share beside
    the kind of the arguments."""
    f = selection.f
    owner, part = (f.__self__, f.__func__) if isinstance(f, MethodType) else (f, None)
    way = tuple((guard.place, _hashable(guard.outcome)) for guard in graph.guards)
    key = (part, *kind, tuple(selection.places), key_of(selection), sets.shape)
    with _lock:
        kept = _KEPT.get(id(owner))
        if kept is None:
            try:
                finalize(owner, _KEPT.pop, id(owner), None)
            except TypeError:  # it cannot be watched
                return sets, 1
            kept = _KEPT[id(owner)] = {}
        ways, known = kept.pop(key, (set(), sets))
        ways.add(way)
        kept[key] = ways, sparse.csr_array(known + sets)
        while len(kept) > KINDS:
            del kept[next(iter(kept))]
        return kept[key][1].copy(), len(ways)


def _hashable(outcome: Any) -> Any:
    return (outcome.shape, outcome.tobytes()) if isinstance(outcome, np.ndarray) else repr(outcome)
