"""The rule table: what a rule is, and where rules are kept.

A rule tells the derivative of one NumPy function *in NumPy itself*. It never computes a value: NumPy is the value.
There are six kinds, and a function has exactly one:

``Elementwise``
    a row of partial derivatives, one per input, as expressions in the inputs and the output ``y``::

        rule(np.sqrt, lambda x, y: 0.5 / y, on=POSITIVE, at={0.0: inf})

``Function``
    a linear map from input tangents to the output's tangent. The parameters mirror NumPy's, ``y`` is the output, and the
    tangent of a parameter ``a`` arrives as the keyword ``da``; a tangent has one more axis than its primal, the
    *direction axis*, in front::

        @function(np.linalg.inv)
        def inv(y, a, *, da):
            return -y @ da @ y

``Composite``
    NumPy code in other functions, run on the lifted arrays themselves; its derivative follows.

``Constant``
    a function whose answer does not vary: comparisons, shapes, orderings.

``Replay``
    a function that NumPy writes in others of its own, and whose Python body runs on lifted arrays as it stands.

``Refused``
    a function that no derivative can pass, with what to do about it.

Whoever brings the operands decides what a rule means: arrays give derivatives, duals of a lower level give derivatives
of derivatives, nodes of a graph give its program.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from math import inf
from typing import Any, NamedTuple, TypeAlias

from numpy import ndarray

from ..errors import NoRule, called, caller

Array: TypeAlias = Any  # an ndarray, a NumPy scalar, or anything lifted that answers NumPy's protocols
Partial: TypeAlias = Callable[..., Array] | float


class Interval(NamedTuple):
    """An open interval of the real line on which a row may be sampled."""

    low: float
    high: float


REAL = Interval(-inf, inf)
POSITIVE = Interval(0.0, inf)
UNIT = Interval(-1.0, 1.0)
ABOVE_ONE = Interval(1.0, inf)
ABOVE_MINUS_ONE = Interval(-1.0, inf)
INTEGER = Interval(-30, 30)  # sampled as integers: an input that NumPy wants as int


@dataclass(frozen=True, slots=True)
class Elementwise:
    """One row: a function that acts on each element, and its partial derivative by each input.

    Attributes
    ----------
    function
        The NumPy function; it computes every value.
    partials
        For each input a callable of all inputs and the output, or a number: the partial is constant (0: locally
        constant, so no tangent comes out). For a function of several outputs, a tuple of those.
    on
        For each input the interval on which the row holds.
    at
        What is promised at nasty points: the partial (or tuple of partials) at a point (or tuple of coordinates).
    select
        The partials are weights of a selection: a zero weight drops its tangent, even an infinite one.
    push
        For derivatives that a partial cannot say (linear over the reals only, not over the complex numbers): a callable
        of all inputs, the output, and one tangent or None per input.
    fold
        For a binary ufunc that reduces an axis: its partial by each element, as a callable of the array, the reduced
        value (with the axis kept) and the axes.
    """

    function: Callable[..., Any]
    partials: tuple[Any, ...]
    on: tuple[Interval, ...]
    at: Mapping[Any, Any] = field(default_factory=dict)
    select: bool = False
    push: Callable[..., Array] | None = None
    fold: Callable[..., Array] | None = None
    simple: bool = field(init=False)  # nothing but partials that multiply
    linear: bool = field(init=False)  # nothing but numbers that multiply
    terms: tuple[Any, ...] = field(init=False)  # for each input what makes a tangent of its own; None where it is flat

    def __post_init__(self) -> None:
        simple = not self.select and self.push is None and not any(isinstance(partial, tuple) for partial in self.partials)
        object.__setattr__(self, "simple", simple)
        object.__setattr__(self, "linear", simple and not any(map(callable, self.partials)))
        object.__setattr__(self, "terms", tuple(map(_term, self.partials)) if simple else ())
        nin = getattr(self.function, "nin", len(self.on))
        if not len(self.on) == len(self.partials) == nin:
            raise ValueError(f"{self.name}: {nin} inputs, {len(self.partials)} partials, {len(self.on)} intervals")

    @property
    def name(self) -> str:
        return self.function.__name__


def _term(partial: Partial) -> Callable[[Sequence[Array], Array, Array], Array] | None:
    """How a partial meets its input's tangent: made once, because it is decided upon in every operation."""

    def multiplied(primals: Sequence[Array], tangent: Array, y: Array) -> Array:
        factor = partial(*primals, y)  # type: ignore[operator]  # it was asked
        if factor.__class__ is ndarray and tangent.ndim and len(tangent) == 1:
            factor = factor[None]  # NumPy multiplies arrays of one shape in a third of the time
        return factor * tangent

    def scaled(primals: Sequence[Array], tangent: Array, y: Array) -> Array:
        return partial * tangent

    return multiplied if callable(partial) else scaled if partial != 0 else None


OVERWRITE = "overwrite_input"  # what a caller allows NumPy and NumPy does not need: tangents could not follow


def place_of(name: str, body: Callable[..., Any], skipped: int = 0) -> int | None:
    """The position at which a function takes an argument, not counting the first ones; None if by keyword only, or not."""
    parameters = list(inspect.signature(body).parameters.values())[skipped:]
    places = [i for i, p in enumerate(parameters) if p.name == name and p.kind is p.POSITIONAL_OR_KEYWORD]
    return places[0] if places else None


@dataclass(frozen=True, slots=True)
class Function:
    """A function of whole arrays with its linear map from tangents to tangent; see the module's first lines."""

    function: Callable[..., Any]
    push: Callable[..., Any]
    view: bool = False  # NumPy's answer may share memory with its first argument
    sequences: int = 0  # how many levels of lists hold arrays, instead of being one
    names: tuple[str, ...] = field(init=False)  # by position; the last collects what is left if `variadic`
    variadic: bool = field(init=False)
    accepted: frozenset[str] = field(init=False)
    differentiable: frozenset[str] = field(init=False)
    out: int | None = field(init=False)

    def __post_init__(self) -> None:
        parameters = list(inspect.signature(self.push).parameters.values())[1:]
        every = {parameter.name for parameter in parameters}
        tangents = frozenset(name[1:] for name in every if name[0] == "d" and name[1:] in every)
        positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
        derived = {
            "names": tuple(p.name for p in positional),
            "variadic": any(p.kind is p.VAR_POSITIONAL for p in positional),
            "accepted": frozenset(every) - {"d" + name for name in tangents},
            "differentiable": tangents,
            "out": place_of("out", self.push, 1),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)  # frozen: these are read off `push`, never given

    def tangents(self, args: tuple[Any, ...], kwargs: dict[str, Any], tangent_of: Callable[[Any], Any]) -> dict[str, Any]:
        """The tangents among the arguments, each by the keyword under which `push` takes it.

        An argument that `push` does not know, or does not differentiate by, is refused by name.
        """
        single = len(self.names) - 1 if self.variadic else len(args)
        if single > len(self.names) or (kwargs and not kwargs.keys() <= self.accepted):
            unknown = ", ".join(kwargs.keys() - self.accepted) or f"number {len(self.names) + 1}"
            raise NoRule(
                f"{called(self.function)}, called at {caller()}, has no derivative rule with argument {unknown}: write it "
                "without, or pass dualad.stop_gradient(x) if x is not to be differentiated"
            )
        found = {}
        for name, value in (*zip(self.names, args[:single], strict=False), *kwargs.items()):
            tangent = tangent_of(value)
            if tangent is not None:
                if name not in self.differentiable:
                    raise NoRule(
                        f"{called(self.function)}, called at {caller()}, has no derivative by {name}: pass "
                        "dualad.stop_gradient of it if it is not to be differentiated"
                    )
                found["d" + name] = tangent
        if self.variadic:
            rest = [tangent_of(value) for value in args[single:]]
            if any(tangent is not None for tangent in rest):
                found["d" + self.names[-1]] = rest
        return found


@dataclass(frozen=True, slots=True)
class Composite:
    """A function whose derivative is that of `body`, NumPy code run on the lifted arguments themselves."""

    function: Callable[..., Any]
    body: Callable[..., Any]
    effect: bool = False  # `body` writes into an argument: there is no value to compare with NumPy's
    whole: bool = False  # `body` is the value too: it gives views, or calls functions of the caller, which shall run once
    sequences: int = 0  # how many levels of lists hold arrays, instead of being one
    out: int | None = field(init=False)
    overwrite: int | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "out", place_of("out", self.body))
        object.__setattr__(self, "overwrite", place_of(OVERWRITE, self.body))


@dataclass(frozen=True, slots=True)
class Constant:
    """A function whose answer depends on primals alone and does not vary with them."""

    function: Callable[..., Any]
    lifted: bool = False  # the answer is an array into which what varies may be written


@dataclass(frozen=True, slots=True)
class Replay:
    """A function whose body in NumPy's own source, kept in `function._implementation`, runs on lifted arrays too."""

    function: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """A function that no derivative can pass; `reason` says why, and what to write instead."""

    function: Callable[..., Any]
    reason: str


Rule: TypeAlias = Elementwise | Function | Composite | Constant | Replay | Refused
RULES: dict[Callable[..., Any], Rule] = {}

LATE = {"scipy.special": "dualad.rules.special"}
"""Packages that we do not import, each with the tables that know it: read once somebody else has imported the package."""


def find(function: Callable[..., Any]) -> Rule | None:
    """A function's row, or None; at a miss the tables of packages that have been imported meanwhile are read first."""
    row = RULES.get(function)
    if row is None:
        for package in [each for each in LATE if each in sys.modules]:
            import_module(LATE[package])
            LATE.pop(package, None)  # after it is read: another thread that comes meanwhile waits for the import
            row = RULES.get(function)
    return row


def _enter(function: Callable[..., Any], row: Rule) -> None:
    if function in RULES:
        raise ValueError(f"{function.__name__} has a rule already")
    RULES[function] = row


def rule(
    ufunc: Callable[..., Any],
    *partials: Partial | tuple[Partial, ...],
    on: Interval | Sequence[Interval] = REAL,
    at: Mapping[Any, Any] | None = None,
    **columns: Any,
) -> Elementwise:
    """Enter one row for an elementwise function.

    Parameters
    ----------
    ufunc : numpy.ufunc
        The function: one of NumPy's, or made by ``np.frompyfunc`` or ``numba.vectorize``.
    *partials : callable or float
        For each input its partial derivative: a callable of all inputs and the output, written in NumPy, or a number.
    on : Interval or sequence of Interval, optional
        Where the row holds, for every input or for each.
    at : mapping, optional
        Promised partials at nasty points.
    **columns
        The rarer columns of `Elementwise`.

    Returns
    -------
    Elementwise
        The row, now in the table.

    Raises
    ------
    ValueError
        If the function has a rule, or the number of partials is not the number of inputs.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> cube = np.frompyfunc(lambda x: x * x * x, 1, 1)
    >>> _ = dualad.rule(cube, lambda x, y: 3 * x**2)
    >>> float(dualad.derivative(cube)(2.0))
    12.0
    """
    intervals = (on,) * len(partials) if isinstance(on, Interval) else tuple(on)
    row = Elementwise(ufunc, partials, intervals, dict(at or {}), **columns)
    _enter(ufunc, row)
    return row


def function(*functions: Callable[..., Any], view: bool = False, sequences: int = 0) -> Callable[[Any], Any]:
    """Enter a `Function` for each of NumPy's names of one function."""

    def decorate(push: Callable[..., Any]) -> Callable[..., Any]:
        for each in dict.fromkeys(functions):  # NumPy's aliases may be one object
            _enter(each, Function(each, push, view, sequences))
        return push

    return decorate


def composite(
    *functions: Callable[..., Any], effect: bool = False, whole: bool = False, sequences: int = 0
) -> Callable[[Any], Any]:
    """Enter a `Composite` for each of NumPy's names of one function."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        for each in dict.fromkeys(functions):
            _enter(each, Composite(each, body, effect, whole, sequences))
        return body

    return decorate


def constant(*functions: Callable[..., Any], lifted: bool = False) -> None:
    """Enter functions whose answer does not vary with their arguments."""
    for each in dict.fromkeys(functions):
        _enter(each, Constant(each, lifted))


def replay(*functions: Callable[..., Any]) -> None:
    """Enter functions whose own body runs on lifted arrays."""
    for each in functions:
        _enter(each, Replay(each))


def refused(reason: str, *functions: Callable[..., Any]) -> None:
    """Enter functions that no derivative can pass."""
    for each in functions:
        _enter(each, Refused(each, reason))


def innermost(array: Array) -> Array:
    """The plain array at the bottom of all levels: to decide by, never to differentiate."""
    while hasattr(array, "level"):
        array = array.primal
    return array


def undifferentiated(array: Array) -> Array:
    """The array below all duals, as it is recorded if it is: to decide by, so that a program decides by what it is given."""
    while hasattr(array, "level") and not array.recorded:
        array = array.primal
    return array


def align(tangent: Array, ndim: int) -> Array:
    """Pad a tangent of shape (k, *S) to (k, 1, ..., *S), so that it broadcasts with an output of `ndim` axes."""
    missing = ndim + 1 - tangent.ndim
    if missing <= 0:
        return tangent
    shape = tangent.shape
    return tangent.reshape(shape[:1] + (1,) * missing + shape[1:])


def total(*terms: Array | None) -> Array | None:
    """The sum of the terms that are there: an absent tangent is None, never a zero."""
    result = None
    for term in terms:
        if term is not None:
            result = term if result is None else result + term
    return result
