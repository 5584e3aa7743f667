"""Stepping in: keeping tangents through code that builds its arrays without asking anybody.

A transform runs f on duals as it is. Where a tangent would have been lost f is run again, with stand-ins for NumPy's creators
of arrays, ``math`` and SciPy's functions (`standins`, `places`); if that is not enough once more, with stand-ins for NumPy's
scalar types (`shadows`), and then with its other arrays lifted too. Before f is run again, what it was given is put back as it
was, and random numbers come as they came (`before`). What was needed is remembered per function, and told once.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType, FunctionType
from typing import Any, TypeAlias, TypeVar
from weakref import finalize

from .before import Before, settle
from .errors import INFRASTRUCTURE, TRAIL, BadArgument, DropInWarning, NoRule, TangentLossError, Trail, depth
from .heat import Heat
from .places import WRAPPED, stand_ins
from .trees import INSIDE
from .watching import STEPPED

T = TypeVar("T")
Run = Callable[[bool], T]
"""A run of f; the argument says whether its other arrays are lifted too."""

PLAIN, STEPPED_IN, CASTING, LIFTED = range(4)
"""How far a function has to be helped: not at all, by stand-ins, also by those for ``np.float64(x)`` and its like, also by
lifting the arrays among its other arguments."""

DropIn: TypeAlias = bool | str | tuple[str, ...]
"""The option of transforms: "auto", True, False, or names of packages."""

MODE: ContextVar[DropIn] = ContextVar("MODE", default="auto")


class Known:
    """What is known of a function from its runs: how much help it needs, and whether it writes into its arguments."""

    def __init__(self) -> None:
        self.stage, self.writes, self.told = PLAIN, False, False
        self.heat = Heat()


COMPILED = Known()
"""What is known of functions without Python code, such as ufuncs: there is nothing in them that could be helped."""

_KNOWN: dict[int, Known] = {}  # by the identity of the code, for as long as it lives: code itself is slow to hash
_lock = threading.Lock()


def mode_of(drop_in: Any) -> Any:
    """The option `drop_in` of a transform, checked; one package by its name alone is a tuple of one."""
    if isinstance(drop_in, bool) or drop_in == "auto":
        return drop_in
    if isinstance(drop_in, str):
        return (drop_in,)
    if isinstance(drop_in, tuple | list) and drop_in and all(isinstance(each, str) for each in drop_in):
        return tuple(drop_in)
    raise BadArgument(f'drop_in={drop_in!r}; it is "auto", True, False, or names of packages')


@contextmanager
def mode(drop_in: Any) -> Iterator[None]:
    """A block in which transforms step in so; but for "auto", which leaves it to whoever stands outside."""
    token = MODE.set(mode_of(drop_in))
    try:
        yield
    finally:
        MODE.reset(token)


@contextmanager
def drop_in(*how: bool | str) -> Iterator[None]:
    """A block in which every transform steps in, or does not.

    Parameters
    ----------
    *how : bool or str
        Nothing or True: step in at once. False: never; code that would lose a tangent raises. "auto": the default, step in
        where a tangent would be lost. Names of packages: step in, and let a dual number also pass for the float or the array
        that it stands for, in ``float(x)`` and ``isinstance(x, ...)`` of those packages' modules.

    Raises
    ------
    BadArgument
        If it is something else.

    Examples
    --------
    >>> import math, numpy as np, dualad
    >>> def f(x):
    ...     z = np.zeros(2)
    ...     z[0] = math.sin(x)
    ...     return z
    >>> with dualad.drop_in():
    ...     dualad.jacfwd(f)(0.0)
    array([1., 0.])
    """
    chosen: Any = how[0] if len(how) == 1 else how or True
    token = MODE.set(mode_of(chosen))
    try:
        yield
    finally:
        MODE.reset(token)


# -- the ladder ----------------------------------------------------------------------------------------------------------


def attempted(f: Callable[..., Any], arguments: Any, how: Any, run: Run[T]) -> T:
    """What `run` gives, with as much help as f needs and `how` allows."""
    if how == "auto" and not STEPPED.get():
        code = f.__code__ if type(f) is FunctionType and not f.__dict__ else _code(f)
        known = COMPILED if code is None else _KNOWN.get(id(code))
        if known is None or known.stage == PLAIN:
            return _carefully(f, arguments, run, code, known)
        return _helped(f, arguments, run, known)
    if how is False:
        return _once(run, False)
    # Nothing is concluded from help that was asked for, or that an outer transform asked for: f may not need it.
    return _helped(f, arguments, run, Known(), how if isinstance(how, tuple) else ())


def _carefully(f: Callable[..., Any], arguments: Any, run: Run[T], code: Any, known: Known | None) -> T:
    """Without help; with it only if a tangent would be lost."""
    # What a run changes has to be put back before another one. A function that changed nothing once is trusted, and the
    # trust is checked when it has to be run again.
    before = Before(f, arguments) if known is None or known.writes else None
    trail = Trail()
    token = TRAIL.set(trail)
    reason: Exception | None = None
    try:
        answer = run(False)
        if trail.losses is None and (trail.handed is None or not _overwritten(trail)):
            if before is not None:
                _known(code).writes = before.changed()
            return answer
    except Exception as error:
        if not (isinstance(error, TangentLossError) or trail.losses or trail.objects):
            _hint(error)
            raise
        reason = error
    finally:
        TRAIL.reset(token)
    if trail.losses:
        reason = trail.losses[0]
    if before is not None:
        before.restore()
    known = _known(code) if code is not None else Known()
    return _again(f, arguments, run, known, reason, checked=before is None)


def _again(f: Callable[..., Any], arguments: Any, run: Run[T], known: Known, reason: Exception | None, checked: bool) -> T:
    """Another run, with help; `checked` if it is to be found out whether it was right to run f twice."""
    before = Before(f, arguments) if checked else None
    try:
        answer = _helped(f, arguments, run, known)
    except Exception as error:
        _chain(error, reason)
        raise
    if before is not None and before.changed():
        raise TangentLossError(
            f"{_title(f)} would have lost a tangent, and cannot be run again by itself, because it writes into its arguments "
            "or draws random numbers: call the transform once more, or with drop_in=True"
        ) from reason
    _tell(f, known, reason)
    return answer


def _helped(f: Callable[..., Any], arguments: Any, run: Run[T], known: Known, packages: tuple[str, ...] = ()) -> T:
    """With as little help as keeps every tangent, beginning with what is known to be needed."""
    failure: Exception | None = None
    for stage in range(max(known.stage, STEPPED_IN), LIFTED + 1):
        before = Before(f, arguments) if stage < LIFTED else None
        try:
            with _stepping(f, arguments, packages, stage >= CASTING):
                answer = _once(run, stage == LIFTED)
        except Exception as error:
            if failure is None and not isinstance(error, TangentLossError):
                raise
            failure = failure or error
            if before is not None:
                before.restore()
        else:
            known.stage = stage
            return answer
    assert failure is not None  # else one of the runs would have answered
    raise failure from failure.__cause__  # of several errors the first speaks of the code as it is


@contextmanager
def _stepping(f: Callable[..., Any], arguments: Any, packages: tuple[str, ...], casting: bool) -> Iterator[None]:
    outer = STEPPED.get()
    if outer and not packages and not casting:
        yield
        return
    token = STEPPED.set(True)
    try:
        with stand_ins(f, packages, casting):
            yield
    finally:
        STEPPED.reset(token)
        if not outer:
            settle(f, arguments)


def _once(run: Run[T], lifted: bool) -> T:
    """One run, after which nothing that was lost stays unsaid."""
    trail = Trail()
    token = TRAIL.set(trail)
    try:
        answer = run(lifted)
    except Exception as error:
        _chain(error, trail.losses[0] if trail.losses else None)
        _hint(error)
        raise
    finally:
        TRAIL.reset(token)
    if trail.losses:
        raise TangentLossError(f"{trail.losses[0]} (this was raised, and caught by the code, which went on)")
    if trail.handed is not None and _overwritten(trail):
        raise TangentLossError(
            "an array that np.asarray made of a dual number was written into, which does not reach the dual: write into that "
            "one itself, or into a copy by np.array"
        )
    return answer


def _chain(error: BaseException, reason: BaseException | None) -> None:
    """Let an error tell of the loss that came before it: compiled code between replaces exceptions by its own."""
    known = set()
    last: BaseException | None = error
    while last is not None and id(last) not in known and last is not reason:
        known.add(id(last))
        last = last.__cause__ or last.__context__
    if last is None and reason is not None:
        error.__cause__ = error.__cause__ or reason


def _hint(error: BaseException) -> None:
    """Add to an error what may help: to take the array out of a table that refuses objects, or which package to name, if it
    asks for floats and arrays by their types."""
    known = isinstance(error, TypeError | ValueError | AttributeError) or type(error).__module__.partition(".")[0] in INSIDE
    if not known or isinstance(error, NoRule) or hasattr(error, "__notes__"):
        return
    package, inner, place = "", "", error.__traceback__
    while place is not None:
        name = str(place.tb_frame.f_globals.get("__name__")).partition(".")[0]
        package = package if name in INFRASTRUCTURE else name
        inner = name if name in INSIDE else inner if name in INFRASTRUCTURE else ""
        place = place.tb_next
    if inner:
        error.add_note(
            f"Raised in {inner} while a function ran on dual numbers, which this operation of it may not take: compute with "
            f"the array inside ({INSIDE[inner]}), and put it back after that."
        )
    elif package:
        error.add_note(
            f"Raised while a function ran on dual numbers. Where code of {package} asks isinstance(x, np.ndarray), or converts "
            f'by float(x), drop_in=("{package}",) lets dual numbers pass.'
        )


def _overwritten(trail: Trail) -> bool:
    """Whether an object array was written into that stands for a lifted one."""
    arrays = {id(handed): handed for handed, _ in (trail.handed or {}).values()}
    return any(handed.written() for handed in arrays.values())


# -- what is known of functions ------------------------------------------------------------------------------------------


def _code(f: Any) -> CodeType | None:
    """The code of the function that f is, wraps or binds: what stays the same when a lambda is made anew."""
    for _ in range(100):  # a cycle of wrappers ends too
        if type(f) is FunctionType and "__wrapped__" not in f.__dict__:
            return f.__code__
        inner = next((getattr(f, name) for name in WRAPPED if hasattr(f, name)), None)
        if inner is None:
            return getattr(vars(type(f)).get("__call__"), "__code__", None)
        f = inner
    return None


def _known(code: CodeType) -> Known:
    """What is known of a piece of code, to be added to."""
    key = id(code)
    with _lock:
        known = _KNOWN.get(key)
        if known is None:
            _KNOWN[key] = known = Known()
            finalize(code, _KNOWN.pop, key, None)
        return known


def heat_of(f: Any) -> Heat | None:
    """How hot a function is; None of one that was not run before, or that has no Python code."""
    code = f.__code__ if type(f) is FunctionType and not f.__dict__ else _code(f)
    known = None if code is None else _KNOWN.get(id(code))
    return None if known is None else known.heat


def is_as_it_is(f: FunctionType) -> bool:
    """Whether a function was run, and needed no help."""
    known = _KNOWN.get(id(f.__code__))
    return known is not None and known.stage == PLAIN


def _title(f: Any) -> str:
    return getattr(f, "__qualname__", None) or repr(f)


def _tell(f: Callable[..., Any], known: Known, reason: Exception | None) -> None:
    if known.told:
        return
    known.told = True
    why = str(reason) if reason is not None else "np.asarray of a dual number was written into"
    warnings.warn(
        f"{_title(f)} was differentiated with stand-ins for what it builds arrays with, and will be from now on, because: "
        f"{why} (drop_in=True says that this is wanted, drop_in=False raises)",
        DropInWarning,
        stacklevel=depth() + 1,
    )
