"""The rule table: what a rule is, where rules are kept, and the chain rule, written once.

A rule tells the derivative of one NumPy function *in NumPy itself*. It never computes a value: NumPy is the value.
There are four kinds, and a function has exactly one:

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

Whoever brings the operands decides what a rule means: arrays give derivatives, duals of a lower level give derivatives
of derivatives, nodes of a graph give its program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple, TypeAlias

import numpy as np

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

    def __post_init__(self) -> None:
        nin = getattr(self.function, "nin", len(self.on))
        if not len(self.on) == len(self.partials) == nin:
            raise ValueError(f"{self.name}: {nin} inputs, {len(self.partials)} partials, {len(self.on)} intervals")

    @property
    def name(self) -> str:
        return self.function.__name__


@dataclass(frozen=True, slots=True)
class Function:
    """A function of whole arrays with its linear map from tangents to tangent; see the module's first lines."""

    function: Callable[..., Any]
    push: Callable[..., Any]
    view: bool = False  # NumPy's answer may share memory with its first argument
    names: tuple[str, ...] = field(init=False)
    accepted: frozenset[str] = field(init=False)
    differentiable: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        code = self.push.__code__
        positional = code.co_varnames[1 : code.co_argcount]
        every = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4)]
        if code.co_flags & 4:  # *args: every further position belongs to it
            positional = (*positional, every[-1])
        tangents = frozenset(name[1:] for name in every if name[0] == "d" and name[1:] in every)
        set_ = object.__setattr__  # the dataclass is frozen; these are read off `push`, never given
        set_(self, "names", positional)
        set_(self, "accepted", frozenset(every) - {"d" + name for name in tangents})
        set_(self, "differentiable", tangents)

    def name_of(self, position: int) -> str:
        """The parameter at a position; the last one repeats where it collects all further arguments."""
        return self.names[min(position, len(self.names) - 1)]


@dataclass(frozen=True, slots=True)
class Composite:
    """A function whose derivative is that of `body`, NumPy code run on the lifted arguments themselves."""

    function: Callable[..., Any]
    body: Callable[..., Any]
    effect: bool = False  # `body` writes into an argument: there is no value to compare with NumPy's


@dataclass(frozen=True, slots=True)
class Constant:
    """A function whose answer depends on primals alone and does not vary with them."""

    function: Callable[..., Any]


Rule: TypeAlias = Elementwise | Function | Composite | Constant
RULES: dict[Callable[..., Any], Rule] = {}


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


def function(*functions: Callable[..., Any], view: bool = False) -> Callable[[Any], Any]:
    """Enter a `Function` for each of NumPy's names of one function."""

    def decorate(push: Callable[..., Any]) -> Callable[..., Any]:
        for each in dict.fromkeys(functions):  # NumPy's aliases may be one object
            _enter(each, Function(each, push, view))
        return push

    return decorate


def composite(*functions: Callable[..., Any], effect: bool = False) -> Callable[[Any], Any]:
    """Enter a `Composite` for each of NumPy's names of one function."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        for each in dict.fromkeys(functions):
            _enter(each, Composite(each, body, effect))
        return body

    return decorate


def constant(*functions: Callable[..., Any]) -> None:
    """Enter functions whose answer does not vary with their arguments."""
    for each in dict.fromkeys(functions):
        _enter(each, Constant(each))


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


def pushforward(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Array) -> Any:
    """The chain rule: dy = sum of (partial by input i) * (tangent of input i), over inputs that carry a tangent.

    Tangents have shape (k, *S); the answer may still lack broadcast axes, or be None where nothing varies.
    For a function of several outputs, `y` is a tuple and so is the answer.
    """
    outputs = y if isinstance(y, tuple) else (y,)
    ndim = max((np.ndim(primal) for primal in primals), default=0) if isinstance(y, tuple) else y.ndim
    aligned = [tangent if tangent is None else align(tangent, ndim) for tangent in tangents]
    if row.push is not None:
        return row.push(*primals, y, *aligned)
    answers = []
    for index in range(len(outputs)):
        terms = []
        for partial, tangent in zip(row.partials, aligned, strict=True):
            if tangent is None:
                continue
            if isinstance(partial, tuple):
                partial = partial[index]
            factor = partial(*primals, y) if callable(partial) else partial
            if isinstance(factor, int | float):
                if factor == 0:  # structurally: nothing flows here
                    continue
                terms.append(tangent if factor == 1 else tangent * factor)
            elif row.select:
                terms.append(np.where(factor == 0, 0.0, tangent if factor is True else tangent * factor))
            else:
                terms.append(factor * tangent)
        answers.append(total(*terms))
    return tuple(answers) if isinstance(y, tuple) else answers[0]
