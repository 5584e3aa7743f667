"""Compiling without being asked: what `jit` would make of a derivative that is asked for time and again.

That is done where nobody can tell but by a clock. The function is closed (`closed`): its answers follow from what it is given
and from names outside, which are looked at in every call. It writes into nothing that it is given. Where its way depends on
values these are inputs, or come from them by operations that are rounded correctly, so that NumPy would go the same way. Where
the arithmetic has something to say (`flags`), and an answer is not finite, NumPy has its say instead, with its warnings.
Answers are those of `jit`, a few units in the last place from others; the value of a function is always NumPy's.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable
from time import perf_counter
from types import FunctionType
from typing import Any

import numpy as np

from . import flags, heat
from .alike import agree
from .closed import Closed, Open, cell_of, closed
from .compile import Program
from .dropin import is_as_it_is, mode
from .graph import cast, item, scattered, written
from .interpreter import typed
from .jit import KINDS, Jitted, simple_key
from .lift import Lifted, ungrounded
from .lines import Line, lines_in
from .recording import record
from .transformed import MISSED, Course, Transformed
from .trees import flatten, tree_map, unflatten
from .variants import Entry, missing
from .views import VIEWS

RUNS = 32
"""So often at least has a derivative been taken before it is recorded, which takes the time of some ten or twenty."""

LINE, RECORDING = 1e-3, 4.0
"""Compiling takes a millisecond for each line of the graph, and some recordings."""

LARGE, LONG = 2**19, 2000
"""With more numbers than this among the arguments memory counts: a recording takes a multiple of what is computed. And so it
does for LLVM, of a graph of more lines."""

WAYS = 8
"""So often a function is recorded anew because something outside has another name's value."""

GAIN = 0.8
"""What takes no less than so much of the time as before is left as it is."""

DOUBTS = 8
"""After so many answers, and an eighth of all, that NumPy had to give it gives all of them."""

EXACT = frozenset(
    [
        *(np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.sqrt, np.square, np.absolute, np.fabs),
        *(np.reciprocal, np.sign, np.floor, np.ceil, np.trunc, np.rint, np.minimum, np.maximum, np.fmin, np.fmax, np.copysign),
        *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
        *(np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or, np.invert, np.where, np.clip),
        *(np.max, np.min, np.amax, np.amin, np.any, np.all, np.argmax, np.argmin, np.sort, np.argsort, np.copy),
        *(np.stack, np.concatenate, np.array, operator.getitem, item, cast, written, scattered, *VIEWS),
    ]
)
"""Functions whose answer has but one rounding, which is the same everywhere, or none."""

ROUGH = frozenset((np.isnan, np.isinf, np.isfinite))
"""Functions that do not ask for the last bit."""


BLOCK, MANY = 2**14, 2**16
"""Points of a batch that are independent of each other are taken in blocks of so many, where there are many: what comes between
stays in the cache then, and a recording is of one block."""


class Kind:
    """Arguments of one kind: how long calls with them took, and how many there were, since something was done about them; how
    long they may take until something is done; whether a graph was made, a program is in use, and nothing can be done."""

    def __init__(self) -> None:
        self.seconds, self.need, self.runs = 0.0, heat.EACH, 0
        self.recorded = self.used = self.over = False


class Unasked(Jitted):
    """A jitted function that nobody asked for: where it has no answer it gives MISSED, and tells nobody. It records, and
    compiles, only while it is told to."""

    def __init__(self, f: Callable[..., Any]) -> None:
        super().__init__(f, (), ())
        self.recording = False

    def _slowly(self, args: tuple[Any, ...], keywords: dict[str, Any], targets: Any = None) -> Any:
        return MISSED

    def _missed(self, key: Any, leaves: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return super()._missed(key, leaves, args, keywords) if self.recording else MISSED

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
    """What is recorded: a transform of a closed function, as a function of its arguments and the arrays from outside."""

    def __init__(self, course: Course, f: Callable[..., Any], function: Closed) -> None:
        self.run, self.options = course.run, {**course.options, **({"value": False} if "value" in course.options else {})}
        self.f = f.of(function.root) if isinstance(f, Transformed) else None  # the function itself may go
        self.function = function
        self.__name__ = function.root.__name__

    def __call__(self, *values: Any) -> Any:
        if not any(isinstance(each, Lifted) for each in values):
            return MISSED  # it is asked because there is no program
        lines = [each.line for each in values]
        count = len(values) - len(self.function.given)
        f: Callable[..., Any] = self.function.with_given(list(values[count:]))
        f = f if self.f is None else self.f.of(f)
        answer = self.run(f, values[:count], {}, **self.options)
        if any(each.line is not line for each, line in zip(values, lines, strict=True)):
            raise Open  # it writes into what it is given
        return answer


class Lane:
    """The quick way of a course: the program for the kind of arguments, if there is one and it holds."""

    def __init__(self, course: Course, f: Callable[..., Any], function: Closed, raised: Callable[[], bool]) -> None:
        self.jitted, self.raised = Unasked(Target(course, f, function)), raised
        self.course, self.function = course, function
        self.valued, self.count = bool(course.options.get("value")), course.options.get("count")
        self.gathered = _gathering(function)
        self.batched = course.options.get("batch_ndim") == 1
        self.calls = self.doubts = 0
        self.stepping = False  # NumPy is called in between, and is to say nothing

    def __call__(self, inner: FunctionType, args: tuple[Any, ...]) -> Any:
        values = self.gathered(inner, args)
        if values is None:
            return MISSED
        self.calls += 1
        value = _value(inner, args[: self.count]) if self.valued else None
        self.raised()
        run = self.in_blocks if self.batched and self.block(values) is not values else self.jitted
        if self.stepping:
            with np.errstate(all="ignore"):
                answer = run(*values)
        else:
            answer = run(*values)
        if answer is not MISSED and self.raised() and _doubtful(answer):
            self.doubts += 1
            if self.doubts > DOUBTS and self.doubts * 8 > self.calls:
                self.course.lane, self.course.over = None, True
            return MISSED
        return (value, answer) if self.valued and answer is not MISSED else answer

    def block(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The first block of the values, where all arrays among them are the points that it is differentiated by, and these are
        many; else all of them."""
        arrays = [each for each in values if type(each) is np.ndarray]
        lengths = {len(each) if each.ndim else 0 for each in arrays}
        numbers = self.course.options["argnums"]
        count = len(numbers) if isinstance(numbers, tuple) else 1
        if not self.batched or len(lengths) != 1 or max(lengths) < MANY or count != len(arrays):
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
            answer = self.jitted(*self.cut(values, low))
            if answer is MISSED:
                return MISSED
            leaves, structure = flatten(answer)
            whole = whole or [np.empty((size, *each.shape[1:]), each.dtype) for each in leaves]
            for all_points, each in zip(whole, leaves, strict=True):
                all_points[low : low + BLOCK] = each
        return unflatten(structure, whole)


def _value(f: FunctionType, args: tuple[Any, ...]) -> Any:
    """The value of a function as a transform gives it: NumPy's, and an array of its own."""

    copies = [each.copy() if isinstance(each, np.ndarray) else each for each in args]  # it may write into them, or return them
    return tree_map(lambda leaf: typed(ungrounded(leaf)), f(*copies))


def _doubtful(answer: Any) -> bool:
    """Whether NumPy is to compute again what raised flags: where it does so for nothing it only takes time."""
    finite = all(leaf is None or np.isfinite(leaf).all() for leaf in flatten(answer)[0])
    return not finite or not {"ignore", "warn", "print", "log"}.issuperset(np.geterr().values())


def _gathering(function: Closed) -> Callable[[FunctionType, tuple[Any, ...]], tuple[Any, ...] | None]:
    """A function of another function of the same code, and its arguments, that gives these and the arrays from outside; None
    if a name outside stands for something else. It is written out: that takes a tenth of the time."""
    root = function.root
    names: dict[str, Any] = {"code0": root.__code__, "names0": root.__globals__, "defaults0": root.__defaults__}
    lines = ["if f.__globals__ is not names0 or f.__defaults__ is not defaults0 or f.__code__ is not code0: return None"]
    for each, place in function.functions.items():
        if place:
            names |= {f"f{place}": each, f"code{place}": each.__code__, f"defaults{place}": each.__defaults__}
            lines.append(f"if f{place}.__code__ is not code{place}: return None")
            lines.append(f"if f{place}.__defaults__ is not defaults{place}: return None")
    given = []
    for place, (name, watched) in enumerate(function.watched.items()):
        if name.cell:
            names[f"cell{place}"] = cell_of(watched.function, name.name)
            index = root.__code__.co_freevars.index(name.name) if not name.place else 0
            found = f"cell{place}.cell_contents" if name.place else f"f.__closure__[{index}].cell_contents"
        else:
            names[f"names{name.place}"] = watched.function.__globals__
            found = f"names{name.place}.get({name.name!r})"
        if watched.varies:
            names[f"kind{place}"] = watched.kind
            lines += [f"v{place} = {found}", f"if v{place}.__class__ is not kind{place}: return None"]
            given.append(f"v{place}")
        elif watched.value is root:
            lines.append(f"if {found} is not f: return None")
        else:
            names[f"value{place}"] = watched.value
            lines.append(f"if {found} is not value{place}: return None")
    lines.append(f"return (*args, {', '.join(given)})" if given else "return args")
    text = "\n        ".join(["def gathered(f, args):\n    try:", *lines]) + "\n    except ValueError: return None"
    exec(compile(text, f"<outside of {root.__name__}>", "exec"), names)
    gathered: Callable[[FunctionType, tuple[Any, ...]], tuple[Any, ...] | None] = names["gathered"]
    return gathered


def _exact(line: Line, known: dict[Line, bool], inputs: bool) -> bool:
    """Whether a line has the same value whoever computes it; `inputs` says so of the inputs."""
    pending = [line]
    while pending:
        each = pending[-1]
        exact = inputs if each.function is None else each.function in ROUGH
        if not exact and each.function in EXACT:
            left = [one for one in each.inputs() if one not in known]
            if left:
                pending += left
                continue
            exact = all(map(known.__getitem__, each.inputs()))
        known[each] = exact
        pending.pop()
    return known[line]


def _decided(program: Program, in_blocks: bool) -> bool:
    """Whether the program goes the way that NumPy would go, and no table of places, which may name one several times, is
    written at: which value stays depends on how they lie in memory. In blocks it may not decide by values at all."""
    graph = program.whole or program.graph
    known: dict[Line, bool] = {}
    tables = [each for line in graph.lines if line.function is written for each in lines_in(line.args[1])]
    if any(len(each.shape) > 1 and each.dtype.kind in "iu" for each in tables):
        return False
    return all(_exact(guard.line, known, not in_blocks) for guard in graph.guards)


_lock = threading.Lock()


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
    if values is None:
        function = closed(inner, () if lane is None else lane.function.moved(inner))
        raised = flags.raised()
        course.ways += 1
        if course.ways > WAYS or function is None or raised is None or not is_as_it_is(inner):
            course.lane, course.over = None, True
            return
        lane = Lane(course, f, function, raised)
        values = lane.gathered(inner, args)
    part = () if values is None else lane.block(values)
    if values is None or sum(map(np.size, part)) > LARGE:
        kind.over = True
        return
    with mode(False):
        if not kind.recorded:
            start = perf_counter()
            graph = record(lane.jitted._f)(*part)
            kind.need = LINE * len(graph.lines) + RECORDING * (perf_counter() - start)
            kind.recorded, kind.over = True, len(graph.lines) > LONG
            kind.seconds, kind.runs = 0.0, 0
            return
        average = kind.seconds / kind.runs
        lane.jitted.recording = True
        try:
            lane.jitted(*part)
        finally:
            lane.jitted.recording = False
    kind.seconds, kind.runs = 0.0, 0
    entry = lane.jitted.entry(simple_key(part))
    program = entry.variants[0].program if entry is not None and entry.variants else None
    lane.stepping = lane.stepping or (program is not None and "step" in program.plan.roles.values())
    right = program is not None and _decided(program, part is not values)
    got = lane(inner, args) if right else MISSED
    if right and got is MISSED:  # NumPy has its say about these arguments; others will tell whether the program is right
        if not kind.used:
            lane.jitted.forget(simple_key(part))
        return
    if right and agree(answer, got) and min(_times(lane, inner, args)) < GAIN * average:
        course.lane, kind.used = lane, True
        return
    kind.over = True
    if entry is not None:
        lane.jitted._give_up(entry, "")


def _times(lane: Lane, inner: FunctionType, args: tuple[Any, ...]) -> list[float]:
    """How long some runs take."""
    times = []
    for _ in range(3):
        start = perf_counter()
        lane(inner, args)
        times.append(perf_counter() - start)
    return times


Course.watch = staticmethod(watch)
