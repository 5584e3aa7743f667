"""Compiling without being asked: what `jit` would make of a derivative that is asked for time and again.

That is done where nobody can tell but by a clock. The function is closed (`closed`): its answers follow from what it is given
and from names outside, which are looked at in every call. It writes into nothing that it is given. Where its way depends on
values these are inputs, or come from them by operations that are rounded correctly, so that NumPy would go the same way
(`deciding`). Where the arithmetic has something to say (`flags`), NumPy has its say instead, with its warnings. Answers are
those of `jit`, a few units in the last place from others; the value of a function is always NumPy's. Between calls nothing is
held of what a function sees but numbers and the like.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from types import FunctionType
from typing import Any

import numpy as np

from . import heat
from .alike import agree
from .closed import Closed, Open, closed
from .deciding import decided, held, is_mixed, unused
from .dropin import is_as_it_is, mode
from .flags import Ear, Flags, flags, heard
from .gathering import gathering
from .interpreter import typed
from .jit import KINDS, Jitted, simple_key
from .lift import Lifted, ungrounded
from .locks import Lock
from .passes import optimised
from .recording import record
from .selection import select
from .transformed import MISSED, Course, Transformed
from .trees import flatten, tree_map, unflatten
from .variants import Beside, Entry, Variant, missing

RUNS = 32
"""So often at least has a derivative been taken before it is recorded, which takes the time of some ten or twenty."""

LINE, RECORDING = 1e-3, 4.0
"""Compiling takes a millisecond for each line of the graph, and some recordings."""

LARGE, WIDE, LONG = 2**19, 2**21, 2000
"""Where there are more numbers than these, among the arguments and together with the answer, memory counts: a recording takes a
multiple of what is computed. And so it does for LLVM, of a graph of more lines."""

SEEDS = 16
"""A program may hold so many times as many numbers as its answer has: directions, and parts of them."""

WAYS = 8
"""So often a function is recorded anew because something outside has another name's value."""

GAIN = 0.8
"""What takes no less than so much of the time as before is left as it is."""

OFTEN = 3
"""So often is it asked again whether a program is slow."""

DOUBTS = 8
"""After so many answers, and an eighth of all, that NumPy had to give it gives all of them."""

_lock = Lock()
"""One program is made at a time."""


BLOCK, MANY = 2**14, 2**16
"""Points of a batch that are independent of each other are taken in blocks of so many, where there are many: what comes between
stays in the cache then, and a recording is of one block."""


class Kind:
    """Arguments of one kind: how long calls with them took, and how many there were, since something was done about them; how
    long they may take until something is done; how often a program was found slow; whether a graph was made, and whether
    nothing can be done."""

    def __init__(self) -> None:
        self.seconds, self.need, self.runs, self.slow = 0.0, heat.EACH, 0, 0
        self.recorded = self.over = False


class Unasked(Jitted):
    """A jitted function that nobody asked for: where it has no answer it gives MISSED, and tells nobody. It records, and
    compiles, only for the thread that prepares it."""

    def __init__(self, f: Callable[..., Any]) -> None:
        super().__init__(f, (), ())
        self._lock: Any = _lock
        self.prepared: Any = None  # by which process and thread, and for which kind of arguments

    @property
    def is_preparing(self) -> bool:
        """Whether this thread may record, and compile."""
        return self.prepared is not None and self.prepared[:2] == (os.getpid(), threading.get_ident())

    def _slowly(self, args: tuple[Any, ...], keywords: dict[str, Any], targets: Any = None) -> Any:
        return MISSED

    def _missed(self, key: Any, leaves: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return super()._missed(key, leaves, args, keywords) if self.is_preparing else MISSED

    def _wider(self, entry: Entry, variant: Variant) -> Variant | None:
        return super()._wider(entry, variant) if self.is_preparing else None

    def _eager(self, entry: Entry, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return MISSED

    def _give_up(self, entry: Entry, why: str) -> None:
        entry.eager = 1
        entry.variants.clear()
        self._shortcut = missing

    def entry(self, key: Any) -> Entry | None:
        """What there is for a kind of arguments."""
        return self._entries.get(key)

    def forget(self, key: Any) -> None:
        """Begin anew with a kind of arguments."""
        self._entries.pop(key, None)
        self._shortcut = missing


class Target:
    """What is recorded: a transform of a closed function, as a function of its arguments and the arrays from outside, and the
    function itself, so that all flags are raised that NumPy would look at. Both are there only while it is."""

    def __init__(self, course: Course, name: str) -> None:
        self.run, self.valued = course.run, bool(course.options.get("value"))
        self.options = {**course.options, **({"value": False} if self.valued else {})}
        self.f: Any = None
        self.function: Closed | None = None
        self.__name__ = name

    def __call__(self, *values: Any) -> Any:
        if self.function is None or not any(isinstance(each, Lifted) for each in values):
            return MISSED  # it is asked because there is no program
        lines = [each.line for each in values]
        count = len(values) - len(self.function.given)
        inner: Callable[..., Any] = self.function.with_given(list(values[count:]))
        f = self.f.of(inner) if isinstance(self.f, Transformed) else inner
        others: list[Any] = []
        if not self.valued:
            tape = values[0].tape
            start = len(tape.graph.lines)
            others.append(inner(*map(_apart, values[:count])))
            others += unused(tape, tape.graph.lines[start:])
        answer = self.run(f, values[:count], {}, **self.options)
        if any(each.line is not line for each, line in zip(values, lines, strict=True)):
            raise Open  # it writes into what it is given
        return Beside(answer, others)


def _apart(value: Any) -> Any:
    """An argument that may be written into."""
    return np.copy(value, order="K") if isinstance(value, np.ndarray) or np.ndim(value) else value


class Lane:
    """The quick way of a course: the program for the kind of arguments, if there is one and it holds."""

    def __init__(self, course: Course, function: Closed, flags: Flags) -> None:
        self.target = Target(course, function.root.__name__)
        self.jitted, self.flags = Unasked(self.target), flags
        self.course, self.count = course, course.options.get("count")
        self.varying, self.numbers = frozenset(function.varying), function.numbers
        self.gathered = gathering(function)
        self.batched = course.options.get("batch_ndim") == 1
        self.calls = self.doubts = 0
        self.ear: Ear | None = None  # where NumPy is called in between
        self.frozen = False  # whether there are answers that are not to be written into, where NumPy's are

    def __call__(self, inner: FunctionType, args: tuple[Any, ...]) -> Any:
        values = self.gathered(inner, args)
        if values is None:
            return MISSED
        part = self.block(values)
        run = self.jitted if part is values else self.in_blocks
        prepared = self.jitted.prepared
        if prepared is not None and not self.jitted.is_preparing and simple_key(part) == prepared[2]:
            return MISSED  # it is still to be compared
        self.calls += 1
        self.flags.clear()
        outputs = run(*values) if self.ear is None else self.ear.listening(run, values)
        if outputs is MISSED:
            return MISSED
        answer = _handed_out(outputs)
        raised = self.ear.raised if self.ear is not None else self.flags.raised() if self.flags.any() else None
        if raised and self._is_doubtful(raised, answer):
            self.doubts += 1
            if self.doubts > DOUBTS and self.doubts * 8 > self.calls:
                self.course.lane, self.course.over = None, True
            return MISSED
        if self.frozen:
            answer = tree_map(_writable, answer)
        if not self.target.valued:
            return answer
        try:
            return self._value(inner, args if self.count is None else args[: self.count]), answer
        except Exception:  # it will come again
            return MISSED

    def block(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The first block of the values, where all arrays among them are the points that it is differentiated by, and these are
        many; else all of them."""
        if not self.batched:
            return values
        arrays = [each for each in values if type(each) is np.ndarray]
        lengths = {len(each) if each.ndim else 0 for each in arrays}
        numbers = self.course.options["argnums"]
        count = len(numbers) if isinstance(numbers, tuple) else 1
        if len(lengths) != 1 or max(lengths) < MANY or count != len(arrays):
            return values
        return self.cut(values, 0)

    @staticmethod
    def cut(values: tuple[Any, ...], low: int) -> tuple[Any, ...]:
        """A block of the values."""
        return tuple([each[low : low + BLOCK] if type(each) is np.ndarray else each for each in values])

    def in_blocks(self, *values: Any) -> Any:
        """The answer, block by block."""
        size = next(len(each) for each in values if type(each) is np.ndarray)
        whole: list[Any] = []
        for low in [*range(0, size - BLOCK, BLOCK), size - BLOCK]:  # the last two overlap
            outputs = self.jitted(*self.cut(values, low))
            if outputs is MISSED:
                return MISSED
            leaves, structure = flatten(_handed_out(outputs))
            whole = whole or [np.empty((size, *each.shape[1:]), each.dtype) for each in leaves]
            for all_points, each in zip(whole, leaves, strict=True):
                all_points[low : low + BLOCK] = each
        return unflatten(structure, whole)

    @contextmanager
    def preparing(self, f: Callable[..., Any], function: Closed, key: Any) -> Iterator[None]:
        """A block in which this thread may record a transform `f`, and compile it for a kind of arguments; others wait for
        the end of it."""
        self.target.f, self.target.function = f, function
        self.jitted.prepared = (os.getpid(), threading.get_ident(), key)
        try:
            yield
        finally:
            self.target.f = self.target.function = self.jitted.prepared = None

    def _is_doubtful(self, raised: set[str], answer: Any) -> bool:
        """Whether NumPy is to compute again what raised flags: it would say something, unless it does so of the value; or it
        knows better."""
        if not self.target.valued and heard(raised):
            return True
        return raised != {"under"} and not all(leaf is None or np.isfinite(leaf).all() for leaf in flatten(answer)[0])

    def _value(self, f: FunctionType, args: tuple[Any, ...]) -> Any:
        """The value of a function as a transform gives it: NumPy's, and an array of its own."""
        copies = [np.copy(each, order="K") if isinstance(each, np.ndarray) else each for each in args]  # it may write into them
        if float in map(type, args):  # numbers that are differentiated are NumPy's
            options = self.course.options
            numbers, names = options.get("argnums", tuple(range(len(args)))), options.get("argnames")
            for place in select("value", f, args, {}, numbers, names, complex_allowed=True).places:
                copies[int(place)] = typed(copies[int(place)])
        return tree_map(lambda leaf: typed(ungrounded(leaf)), f(*copies))


def _handed_out(outputs: Any) -> Any:
    """Of what a program gives, the answer."""
    return outputs.answer if outputs.__class__ is Beside else outputs


def _writable(leaf: Any) -> Any:
    return leaf.copy() if isinstance(leaf, np.ndarray) and not leaf.flags.writeable else leaf


def watch(course: Course, inner: FunctionType, f: Callable[..., Any], args: tuple[Any, ...], answer: Any, taken: float) -> None:
    """Take note of a call that was answered without a program, and make one when that takes no longer than such calls took."""
    key = simple_key(args)
    if key is None:
        return
    kind = course.kinds.get(key)
    if kind is None:
        if len(course.kinds) >= KINDS:
            course.over = course.lane is None
            return
        kind = course.kinds.setdefault(key, Kind())
    kind.seconds += taken
    kind.runs += 1
    if kind.over or kind.seconds < kind.need or (kind.runs < RUNS and not kind.recorded):
        return
    if not _lock.acquire(blocking=False):
        return
    try:
        _prepare(course, kind, inner, f, args, answer)
    except Exception:  # whatever it is, the function itself will say so, or has nothing against being called
        kind.over = True
    finally:
        _lock.release()


def _prepare(
    course: Course, kind: Kind, inner: FunctionType, f: Callable[..., Any], args: tuple[Any, ...], answer: Any
) -> None:
    """The next step towards a program for a kind of arguments; `answer` is what it is to agree with."""
    lane: Any = course.lane
    values = None if lane is None else lane.gathered(inner, args)
    function = closed(inner, () if lane is None else lane.varying)
    if values is None:
        if function is not None and lane is not None:
            function = closed(inner, lane.varying | function.moved(lane.numbers))
        found = flags()
        course.ways += 1
        if course.ways > WAYS or function is None or found is None or not is_as_it_is(inner):
            course.lane, course.over = None, True
            return
        lane = Lane(course, function, found)
        values = lane.gathered(inner, args)
    part = () if values is None else lane.block(values)
    size = sum(map(np.size, part))
    if values is None or function is None or (size > LARGE and size + _numbers(answer) > WIDE):
        kind.over = True
        return
    with lane.preparing(f, function, simple_key(part)), mode(False), np.errstate(all="ignore"):
        if not kind.recorded:
            start = perf_counter()
            graph = optimised(record(lane.target)(*part))
            kind.need = LINE * len(graph.lines) + RECORDING * (perf_counter() - start)
            kind.over = len(graph.lines) > LONG
            kind.recorded, kind.seconds, kind.runs = True, 0.0, 0
            return
        average = kind.seconds / kind.runs
        kind.seconds, kind.runs = 0.0, 0
        entry = lane.jitted.entry(simple_key(part))
        ways = [] if entry is None else list(entry.variants)
        lane.jitted(*part)
        entry = lane.jitted.entry(simple_key(part))
        if entry is not None and ways and ways == entry.variants:
            return  # there is a program, which leaves these values to NumPy
        program = entry.variants[0].program if entry is not None and entry.variants else None
        if program is not None and decided(program, part is not values) and held(program) <= LARGE + SEEDS * _numbers(answer):
            if part is not values or is_mixed(program):
                lane.ear = lane.ear or Ear(lane.flags)
                lane.ear.put(program.names)
            got = lane(inner, args)
            if got is MISSED:  # NumPy has its say about these values; others will tell whether the program is right
                lane.jitted.forget(simple_key(part))
                return
            lane.frozen = lane.frozen or not _is_writable(got)
            if agree(answer, got):
                if min(_times(lane, inner, args)) < GAIN * average:
                    course.lane = lane
                    return
                kind.slow += 1
                if kind.slow < OFTEN:  # other programs may have taken the time
                    lane.jitted.forget(simple_key(part))
                    return
        kind.over = True
        if entry is not None:
            lane.jitted._give_up(entry, "")


def _numbers(answer: Any) -> int:
    """How many numbers there are in an answer."""
    return sum(map(np.size, flatten(answer)[0]))


def _is_writable(answer: Any) -> bool:
    return all(not isinstance(leaf, np.ndarray) or leaf.flags.writeable for leaf in flatten(answer)[0])


def _times(lane: Lane, inner: FunctionType, args: tuple[Any, ...]) -> list[float]:
    """How long some runs take."""
    times = []
    for _ in range(3):
        start = perf_counter()
        lane(inner, args)
        times.append(perf_counter() - start)
    return times


Course.watch = staticmethod(watch)
