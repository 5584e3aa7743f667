"""jit: a function recorded once for each kind of arguments, and compiled; afterwards it runs without Python inside.

What a call finds its program by is the structure of the arguments, the shapes and dtypes of what varies, and the values of what
does not. Where the run had asked for a value the program checks it, and where it is another one the function is recorded once
more, a few times at most.
"""

from __future__ import annotations

import operator
import threading
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .errors import BadArgument, CompilationWarning, DualadError, RandomNumbers, depth
from .foreign import is_chunked
from .lift import Lifted
from .recording import traced
from .transformed import MISSED, Transformed
from .trees import described, flatten, unflatten
from .variants import LEAF, Entry, Targets, Variant, is_answer, missing, settled_program
from .wrapping import Wrapper

VARIANTS = 8
"""So many ways through a function are compiled for one kind of arguments."""

DECISIONS, FEW = 32, 3
"""Where a way is the outcome of so many decisions there are far more ways than can be compiled: so few of them will do."""

KINDS = 64
"""For so many kinds of arguments programs are kept; the one that was not used for the longest time goes first."""

PATIENCE = 32
"""After so many calls of the function itself it is asked whether it can be compiled for any arguments at all."""

NUMBERS = frozenset("biufc")
"""The kinds of dtypes of arrays that vary from call to call; others are constants."""


class CacheInfo(NamedTuple):
    """What a jitted function has done: calls of a program, runs to record one, calls of the function itself (until there is
    nothing else), programs kept."""

    hits: int
    misses: int
    eager: int
    programs: int


class Jitted(Wrapper):
    """What `jit` makes of a function."""

    def __init__(self, f: Callable[..., Any], static_argnums: tuple[int, ...], static_argnames: tuple[str, ...]) -> None:
        super().__init__(f)
        self._statics = (static_argnums, static_argnames)
        self._start()

    def _start(self) -> None:
        self._entries: OrderedDict[Any, Entry] = OrderedDict()
        self._lock = threading.RLock()
        self._counts = [0, 0, 0]
        self._told = False
        self._shortcut: Callable[..., Any] = missing

    def __getstate__(self) -> Any:
        kept = dict(self.__dict__)
        for name in ("_entries", "_lock", "_counts", "_told", "_shortcut"):
            del kept[name]
        return kept

    def __setstate__(self, state: Any) -> None:
        self.__dict__.update(state)
        self.__class__ = Jitted
        self._start()

    def __repr__(self) -> str:
        return f"<jit of {getattr(self._f, '__qualname__', self._f)}>"

    # -- calls -------------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if not keywords:
            answer = self._shortcut(args)
            if answer is not MISSED:
                return answer
        key = None if keywords or self._statics[0] else simple_key(args)
        if key is not None and (entry := self._entries.get(key)) is not None and entry.eager:
            return self._eager(entry, args, keywords)  # it sees itself what is outside
        return self._slowly(args, keywords) if key is None else self._found(key, args, args, keywords)

    def _slowly(self, args: tuple[Any, ...], keywords: dict[str, Any], targets: Targets | None = None) -> Any:
        """A call with containers, constants or keywords among the arguments."""
        leaves, structure = flatten((args, keywords))
        if any(isinstance(leaf, Lifted) for leaf in leaves):  # a transform, or a recording, goes through the function itself
            return self._f(*args, **keywords)
        if any(type(leaf) is int for leaf in leaves) and isinstance(self._f, Transformed):
            try:
                args, keywords = self._f.promoted(args, keywords)
            except DualadError:  # it will say so itself
                return self._f(*args, **keywords)
            if not keywords and not self._statics[0] and (simple := simple_key(args)) is not None:
                return self._found(simple, args, args, keywords, targets)
            leaves, structure = flatten((args, keywords))
        statics = self._static_places(args, keywords)
        key = [structure]
        for place, leaf in enumerate(leaves):
            if traced(leaf) and place not in statics:
                key.append((type(leaf), getattr(leaf, "shape", None), getattr(leaf, "dtype", None)))
            elif type(leaf) is np.ndarray and not leaf.dtype.hasobject:
                key.append((leaf.dtype, leaf.shape, leaf.tobytes()))
            else:
                key.append((type(leaf), repr(leaf) if isinstance(leaf, (float, complex)) else leaf))  # -0.0 is not 0.0
                try:
                    hash(leaf)
                except TypeError:
                    instead = ". Compile the function of one chunk, for map_blocks" if is_chunked(type(leaf)) else ""
                    raise BadArgument(
                        f"jit: an argument of {self.__name__} is this: {described(leaf)}. It is no array of numbers, with no "
                        f"hash by which its program could be found: pass arrays, numbers, or containers of them{instead}"
                    ) from None
        return self._found(tuple(key), leaves, args, keywords, targets)

    def _found(
        self, key: Any, leaves: Any, args: tuple[Any, ...], keywords: dict[str, Any], targets: Targets | None = None
    ) -> Any:
        """The answer of the program for a key, which is made if there is none."""
        entry = self._entries.get(key)
        if entry is not None:
            if entry.eager:
                return self._eager(entry, args, keywords)
            for variant in entry.variants:
                if (variant.seen or variant.watched) and not variant.holds():
                    continue
                values = leaves if len(variant.places) == len(leaves) else [leaves[place] for place in variant.places]
                memory = {} if targets is None or not variant.program.given else targets.memory(variant, values)
                try:
                    outputs = variant.run(*values, *variant.hidden, **memory)
                    if outputs is None and (wider := self._wider(entry, variant)) is not None:
                        variant = wider
                        outputs = variant.run(*values, *variant.hidden)
                        targets = None if targets is None else targets.missed()
                except Exception:  # of a step that f may not take for these values; if it does, f will raise it
                    outputs = None
                if outputs is not None:
                    self._counts[0] += 1
                    if leaves is args and targets is None and len(entry.variants) == 1:
                        if variant.lane is None:
                            variant.lane = variant.shortcut(args, self._counts)
                        self._shortcut = variant.lane
                    return outputs[0] if variant.single else unflatten(variant.structure, outputs)
                targets = None if targets is None else targets.missed()
        return self._missed(key, leaves, args, keywords)

    def _eager(self, entry: Entry, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The answer of the function itself."""
        self._counts[2] += 1
        entry.eager += 1
        if not entry.eager % PATIENCE and all(each.eager for each in self._entries.values()):
            self.__class__ = AsItIs
        return self._f(*args, **keywords)

    def _missed(self, key: Any, leaves: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        with self._lock:
            self._shortcut = missing  # it goes one way only, and keeps a program that may have to go
            entry = self._entries.setdefault(key, Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > KINDS:
                self._entries.popitem(last=False)
            self._forget(entry)
            decided = max([len(variant.program.graph.guards) for variant in entry.variants], default=0)
            if len(entry.variants) >= (VARIANTS if decided <= DECISIONS else FEW):
                many = len(entry.variants)
                self._give_up(entry, f"its way depends on the values that it is given, and {many} ways are compiled already")
            if entry.eager:
                return self._f(*args, **keywords)
            self._counts[1] += 1
            try:
                program = settled_program(self._f, args, keywords, self._static_places(args, keywords))
            except RandomNumbers:
                raise
            except Exception as error:  # of the function itself: then it comes again
                answer = self._f(*args, **keywords)
                self._give_up(entry, f"it cannot be recorded: {error}")
                return answer
            if any(isinstance(held, Lifted) for held in program.graph.hidden.values()):
                del self._entries[key]  # a dual of an outer transform is there this time only
                return self._f(*args, **keywords)
            variant = Variant(program)
            known = next((each for each in entry.variants if each.serves(variant)), None)
            if known is None:
                entry.variants.insert(0, variant)
            else:
                variant = known
        values = [leaves[place] for place in variant.places]
        try:
            outputs = variant.run(*values, *variant.hidden)
            if outputs is None and (wider := self._wider(entry, variant)) is not None:
                variant = wider
                outputs = variant.run(*values, *variant.hidden)
        except Exception:  # as above
            outputs = None
        if outputs is None:  # what it does differs from run to run
            return self._f(*args, **keywords)
        answer = outputs[0] if variant.single else unflatten(variant.structure, outputs)
        if known is None and not is_answer(answer, self._f, args, keywords):
            self._give_up(entry, "it gives something else while it is recorded: it may ask for the class of what it is given")
            return self._f(*args, **keywords)
        return answer

    def _forget(self, entry: Entry) -> None:
        """Where all places are taken: let go of programs for what was outside before, unless it changes all the time."""
        if len(entry.variants) >= VARIANTS and self._counts[0] - entry.hits > PATIENCE:
            entry.hits = self._counts[0]
            entry.variants[:] = [each for each in entry.variants if each.holds()]

    def _wider(self, entry: Entry, variant: Variant) -> Variant | None:
        """What `Variant.wider` gives, which takes the place of that variant."""
        with self._lock:
            wider = variant.wider()
            if wider is not None:
                entry.variants[:] = [wider if each is variant else each for each in entry.variants]
                self._shortcut = missing
        return wider

    def _give_up(self, entry: Entry, why: str) -> None:
        entry.eager = 1
        entry.variants.clear()
        if not self._told:
            self._told = True
            warnings.warn(f"jit: {self.__name__} runs as it is, because {why}", CompilationWarning, stacklevel=depth() + 1)

    def _static_places(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> frozenset[int]:
        """The places among the leaves of what is constant by name or position."""
        numbers, names = self._statics
        if not numbers and not names:
            return frozenset()
        chosen = {number % len(args) for number in numbers if -len(args) <= number < len(args)}
        places: list[int] = []
        at = 0
        for number, each in enumerate(args):
            count = len(flatten(each)[0])
            places += range(at, at + count) if number in chosen else ()
            at += count
        for name in sorted(keywords):
            count = len(flatten(keywords[name])[0])
            places += range(at, at + count) if name in names else ()
            at += count
        return frozenset(places)

    def into(self, out: Any, *args: Any, **keywords: Any) -> Any:
        """The answer written into arrays that are there: `out`, of the answer's structure, which is returned.

        Where a large array lies in memory as the answer would, as `np.empty_like(answer)` does, loops write to it directly,
        unless it shares memory with an argument or with another one of `out`. Elsewhere the answer is copied.
        """
        targets, other = ([out], LEAF) if out.__class__ is np.ndarray else flatten(out)
        kept = Targets(targets)
        key = None if keywords or self._statics[0] else simple_key(args)
        if key is None:
            answer = self._slowly(args, keywords, kept)
        else:
            answer = self._found(key, args, args, keywords, kept)
        answers, structure = ([answer], LEAF) if answer.__class__ is np.ndarray else flatten(answer)
        if structure != other:
            raise BadArgument(f"jit: {self.__name__} gives {structure}, and `out` is {other}")
        for place, (target, each) in enumerate(zip(targets, answers, strict=True)):
            if place in kept.done:
                continue
            if not isinstance(target, np.ndarray) or target.shape != np.shape(each):
                raise BadArgument(f"jit: {self.__name__} gives shape {np.shape(each)}, which `out` cannot take")
            for later in range(place + 1, len(answers)):  # it may be a view of an argument that is written into now
                if np.may_share_memory(target, answers[later]) and later not in kept.done:
                    answers[later] = np.copy(answers[later])
            np.copyto(target, each)
        return out

    # -- what there is ----------------------------------------------------------------------------------------------------

    @property
    def graphs(self) -> list[Any]:
        """The graph of each compiled variant."""
        return [variant.program.graph for entry in self._entries.values() for variant in entry.variants]

    @property
    def source(self) -> str:
        """The text of all programs, with their kernels."""
        return "\n\n".join(variant.program.source for entry in self._entries.values() for variant in entry.variants)

    def cache_info(self) -> CacheInfo:
        """How often what happened, and how many programs there are."""
        hits, misses, eager = self._counts
        return CacheInfo(hits, misses, eager, sum(len(entry.variants) for entry in self._entries.values()))

    def clear_cache(self) -> None:
        """Forget all programs."""
        with self._lock:
            self._entries.clear()
            self._shortcut = missing
            self.__class__ = Jitted


class AsItIs(Jitted):
    """What becomes of a jitted function that could not be compiled for any arguments, time and again: a call is one of the
    function itself. Nothing of ours runs in between, so such calls are not counted."""

    __call__: Any = property(operator.attrgetter("_f"))


def simple_key(args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What the program for arrays and floats is found by; None if anything else is among them."""
    parts: list[Any] = []
    for each in args:
        kind = type(each)
        if kind is np.ndarray:
            dtype = each.dtype
            if dtype.kind not in NUMBERS:
                return None
            parts.append(each.shape)
            parts.append(dtype)
        elif kind is float or kind is np.float64:
            parts.append(kind)
        else:
            return None
    return tuple(parts)


def jit(
    f: Callable[..., Any],
    *,
    static_argnums: int | tuple[int, ...] = (),
    static_argnames: str | tuple[str, ...] = (),
) -> Jitted:
    """The function, compiled for each kind of arguments when it is first called with them.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them; also what a transform returns, such as ``jacfwd(g)``.
    static_argnums : int or tuple of int, optional
        Positional arguments that are constants of the program, as integers, Booleans and text are anyway.
    static_argnames : str or tuple of str, optional
        The same for keyword arguments.

    Returns
    -------
    callable
        Function of the same arguments. ``source`` shows what was compiled, ``graphs`` the graphs, ``cache_info()`` counts,
        ``clear_cache()`` forgets; ``into(out, *args)`` writes the answer into arrays that are there. Called with duals of a
        transform, or while another function is recorded, it is f itself.

    Raises
    ------
    RandomNumbers
        If f draws random numbers: they would be the same at each call.
    BadArgument
        If a constant among the arguments has no hash.

    Warns
    -----
    CompilationWarning
        Once, if f cannot be compiled, or its way depends on values in too many ways; then f runs as it is.

    Notes
    -----
    Answers are those of f to a few units in the last place; sums are taken in another order than NumPy's. NumPy's warnings are
    not given. What `record` says of the outside holds here too, but where something else is found by a name in the code of f,
    and of functions and methods that it calls by name, f is recorded anew: globals, closures, attributes, items, and what is
    in arrays. A function that finds what its last call has left outside runs as it is.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> slope = dualad.jit(dualad.grad(lambda x: np.sum(np.exp(x) * x)))
    >>> slope(np.array([0.0, 1.0])).round(6)
    array([1.      , 5.436564])
    >>> slope.cache_info().programs
    1
    """
    if not callable(f):
        raise BadArgument(f"jit takes a function, not {type(f).__name__}: write jit(f)(x), not jit(f(x))")
    numbers = static_argnums if isinstance(static_argnums, tuple) else (static_argnums,)
    names = static_argnames if isinstance(static_argnames, tuple) else (static_argnames,)
    return Jitted(f, numbers, names)
