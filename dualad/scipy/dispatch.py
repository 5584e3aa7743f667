"""How a SciPy function gets its derivative: one short rule of the kind `Function`, and one public function around it.

SciPy's functions ask nobody: they build plain arrays of what they are given. So a public function of ours stands before each.
It calls SciPy's where no lifted array is among the arguments; else the highest level answers by the rule, and its call for
the value arrives here again, with that level taken away.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..dual import Dual
from ..errors import DualadError, NoRule, caller
from ..ground import grounded
from ..levels import GROUND
from ..lift import Lifted, highest, is_recorded, leaves, memory, refilled
from ..objects import holds_lifted, lift_objects
from ..rules.table import composite, function, innermost
from ..storage import lend

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""SciPy's function, and the one of ours that takes duals in its place: every rule that has been read so far."""

METHODS: dict[tuple[type, str], Callable[..., Any]] = {}
"""SciPy's class and the name of a method, and what may stand in the method's place: a function of the object and the method's
arguments, which is SciPy's own as long as no lifted array is among the arguments or in the object."""

PERMITS = ("overwrite_", "lwork")  # parameters that do not touch the answer: what they permit would destroy what rules need


def leader(values: Sequence[Any]) -> Any:
    """The lifted value of the highest level among arguments, inside containers and object arrays too; None without one."""
    top = highest(values)
    if top is None and any(isinstance(each, np.ndarray) and each.dtype.hasobject for each in leaves(values)):
        top = highest(lift_objects(each) for each in leaves(values) if holds_lifted(each))
    return top


def arrayed(value: Any) -> Any:
    """A list of numbers, or of lifted ones, as an array."""
    value = lift_objects(value)
    return np.asarray(value) if isinstance(value, (list, tuple)) else value


def named(
    signature: inspect.Signature, groups: Sequence[str], args: Any, kwargs: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments by keyword, as rules take them: arrays instead of lists, nothing that repeats a default. The parameters
    in `groups` are tuples of arrays and of other things, and stay tuples."""
    bound = signature.bind(*args, **kwargs)
    positional: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional = tuple(map(arrayed, value))
        elif parameter.kind is parameter.VAR_KEYWORD:
            keywords |= {each: arrayed(item) for each, item in value.items()}
        elif value is not parameter.default and not name.startswith(PERMITS):
            keywords[name] = tuple(map(arrayed, value)) if name in groups else arrayed(value)
    return positional, keywords


def rule_of(original: Callable[..., Any], *, groups: Sequence[str] = ()) -> Callable[[Callable[..., Any]], Any]:
    """Enter the decorated push as the rule of a SciPy function; the public function takes its place.

    Its parameters mirror SciPy's, without those that permit overwriting; `groups` names those that are tuples of arrays.
    """
    return functools.partial(_entered, original, groups, function)


def body_of(original: Callable[..., Any], *, groups: Sequence[str] = ()) -> Callable[[Callable[..., Any]], Any]:
    """The same for a body whose derivative is the SciPy function's: NumPy code that runs on lifted arguments."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        return _entered(original, groups, composite, lifting(body))

    return decorate


def lifting(body: Callable[..., Any]) -> Callable[..., Any]:
    """A body whose answer is lifted where it is an array of objects, and which refuses parameters that it does not have."""
    parameters = inspect.signature(body).parameters.values()
    known = None if any(each.kind is each.VAR_KEYWORD for each in parameters) else {each.name for each in parameters}

    @functools.wraps(body)
    def lifted(*args: Any, **kwargs: Any) -> Any:
        if known is not None and (unknown := kwargs.keys() - known):
            raise NoRule(
                f"{body.__name__}, called at {caller()}, has no derivative rule with argument {', '.join(sorted(unknown))}: "
                "write it without, or pass dualad.stop_gradient(x) if x is not to be differentiated"
            )
        answer = body(*args, **kwargs)
        return refilled(answer, map(lift_objects, answer)) if isinstance(answer, (tuple, list)) else lift_objects(answer)

    return lifted


def _entered(original: Callable[..., Any], groups: Sequence[str], enter: Any, rule: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def public(*args: Any, **kwargs: Any) -> Any:
        top = leader((*args, *kwargs.values()))
        if top is None:
            if not args:  # SciPy's batches want by position what the rule was given by name
                bound = signature.bind(**kwargs)
                args, kwargs = bound.args, bound.kwargs
            return original(*args, **kwargs)
        positional, keywords = named(signature, groups, args, kwargs)
        if not top.recorded:
            return top._function(public, positional, keywords)
        drawn = np.random.get_state()  # noqa: NPY002 - SciPy estimates norms with it, which is no draw of the function's
        try:
            return top._function(public, positional, keywords)
        finally:
            np.random.set_state(drawn)  # noqa: NPY002 - the same

    public.__module__ = rule.__module__
    path = ".".join([*(part for part in original.__module__.split(".") if part[0] != "_"), original.__name__])
    public.__doc__ = f"{path}, with its parameters, of arrays that may be lifted.\n\n{inspect.getdoc(rule)}"
    enter(public, sequences=1 if groups else 0)(rule)
    FUNCTIONS[original] = public
    return public


@functools.cache
def slots_of(cls: Any) -> tuple[str, ...]:
    """The names that a class and those above it keep outside an object's dictionary."""
    found = [vars(each).get("__slots__", ()) for each in cls.__mro__]
    return tuple(name for names in found for name in ((names,) if isinstance(names, str) else names) if name[:2] != "__")


def state_of(thing: Any) -> dict[str, Any]:
    """What an object keeps, by name."""
    kind: Any = type(thing)
    kept = {name: getattr(thing, name) for name in slots_of(kind) if hasattr(thing, name)}
    return kept | getattr(thing, "__dict__", {})


def holds(thing: Any) -> bool:
    """Whether an object was built of lifted arrays."""
    return leader(tuple(state_of(thing).values())) is not None


def method_of(cls: type, *names: str) -> Callable[[Callable[..., Any]], Any]:
    """Enter the decorated function for methods of a SciPy class and of what inherits them. It is called with the object and
    the method's arguments, once a lifted array is among these or in the object."""

    def decorate(ours: Callable[..., Any]) -> Callable[..., Any]:
        for name in names if is_open(cls) else ():
            METHODS[cls, name] = _method(getattr(cls, name), ours)
        return ours

    return decorate


def is_open(cls: type) -> bool:
    """Whether methods of a class may be exchanged: in some releases of SciPy a class is compiled, and immutable."""
    heap, immutable = 1 << 9, 1 << 8  # Py_TPFLAGS_HEAPTYPE and Py_TPFLAGS_IMMUTABLETYPE
    return bool(cls.__flags__ & heap) and not cls.__flags__ & immutable


def owner_of(cls: type, name: str) -> type:
    """The class among those that a class inherits from in whose body a method stands."""
    return next(each for each in cls.__mro__ if name in vars(each))


def _method(original: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
    # What an object keeps would not follow a dual number that is written into an array later: such an array is lent.
    plain = lent if original.__name__ == "__init__" else bare

    @functools.wraps(original)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        top = leader((*args, *kwargs.values()))
        if (top is not None and top.level is not GROUND) or holds(self):
            return ours(self, *args, **kwargs)
        if top is None:
            return original(self, *args, **kwargs)
        return grounded(original(self, *plain(args), **{name: plain(each) for name, each in kwargs.items()}))

    return method


def class_of(original: type) -> Any:
    """A SciPy class whose objects take duals: derived from it, with the methods that were entered for it."""
    if original not in _CLASSES:
        found: dict[str, Any] = {}
        for cls in reversed(original.__mro__):
            found |= {name: each for (owner, name), each in METHODS.items() if owner is cls}
        _CLASSES[original] = type(original.__name__, (original,), found | {"__module__": __name__, "__doc__": original.__doc__})
    return _CLASSES[original]


_CLASSES: dict[type, Any] = {}


def standing(thing: Any) -> Any:
    """An object of SciPy's with methods that take duals."""
    new = object.__new__(class_of(type(thing)))
    for name, value in state_of(thing).items():
        setattr(new, name, value)
    return new


def own(cls: type, name: str) -> Any:
    """SciPy's method where ours stands."""
    return METHODS[cls, name].__wrapped__  # type: ignore[attr-defined]  # functools.wraps set it


def stripped(value: Any) -> Any:
    """What lies under dual numbers, plain or recorded."""
    while isinstance(value, Dual):
        value = value.primal
    return value


def is_opaque(primal: Any, tangent: Any) -> bool:
    """Whether a tangent is recorded without its primal, as for reverse mode: it has no numbers to look at."""
    return isinstance(tangent, Lifted) and not isinstance(tangent, Dual) and not (tangent.recorded and is_recorded(primal))


def bare(value: Any) -> Any:
    """A value without what is lifted about it, inside lists and tuples too: to build SciPy's own object of it."""
    return type(value)(map(bare, value)) if type(value) in (list, tuple) else innermost(lift_objects(value))


def sample(value: Any) -> Any:
    """The same, of a recorded array the example: for an object of SciPy's whose values ours replace, so that none depends on
    it."""
    return type(value)(map(sample, value)) if type(value) in (list, tuple) else memory(lift_objects(value))


def lent(value: Any) -> Any:
    """The same of what is of the ground level, by somebody who keeps it."""
    return type(value)(map(lent, value)) if type(value) in (list, tuple) else lend(lift_objects(value))


def standing_in(module: ModuleType) -> Callable[[str], Any]:
    """A module's ``__getattr__``: SciPy's own names for whatever we have no rule for; functions refuse duals by name."""

    def attribute(name: str) -> Any:
        original = getattr(module, name)
        if name.startswith("_") or isinstance(original, (type, ModuleType)) or not callable(original):
            return original
        if isinstance(original, np.ufunc):
            return original

        def refuse(*values: Any) -> None:
            if leader(values) is not None:
                raise NoRule(
                    f"{module.__name__}.{name}, called at {caller()}, has no derivative rule. Rewrite it with functions that "
                    "have one, wrap it in dualad.custom_jvp, or pass dualad.stop_gradient(x) if it is not to be differentiated."
                )

        def told(value: Any) -> Any:
            def f(*args: Any, **kwargs: Any) -> Any:
                y = value(*args, **kwargs)
                refuse(y)
                return y

            return functools.wraps(value)(f) if isinstance(value, (FunctionType, MethodType)) else value

        @functools.wraps(original)
        def refusing(*args: Any, **kwargs: Any) -> Any:
            refuse(*args, *kwargs.values())
            try:
                return original(*args, **kwargs)
            except (TypeError, ValueError) as error:  # was it of something lifted that a function gave?
                if not isinstance(error, DualadError):
                    try:
                        original(*map(told, args), **{name: told(each) for name, each in kwargs.items()})
                    except NoRule:
                        raise
                    except (TypeError, ValueError):
                        pass
                raise

        return refusing

    return attribute
