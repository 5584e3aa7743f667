"""Linear: a tangent that is not computed, but written down as a linear function of the seeds.

In reverse mode a dual's primal is computed as ever, and its tangent is one of these. The rules apply NumPy's functions to it;
each call is written down in a `Program`, and of the result nothing is known but shape and dtype. What the calls are together
is a linear function, which can be computed for any seeds (`linearize`), or be walked backwards with the transpose of each call
(`vjp`).

The shape is that of an example without elements of its own: all of its strides are zero. So most shapes are NumPy's own answer,
for no price, and so is which arrays are views; where NumPy would compute something, `SHAPES` knows better.

A tangent can be written into, and has views. The values in a program never change: writing gives an array another one, and a
view makes its own anew from its base's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray

from .errors import NoRule, called, caller
from .levels import Level
from .lift import Lifted, memory, refilled, ungrounded
from .program import STILL, Program, Variable
from .rules.composed import COMPOSED
from .rules.groups import rule_of
from .rules.product_transposes import TRANSPOSES
from .rules.table import Composite, Constant, Replay, innermost
from .rules.transposes import MOVES, picked, written
from .shapes import EMPTY, SHAPES, STATIC, VIEWS, example_like


def input_of(program: Program, shape: tuple[int, ...], dtype: np.dtype[Any], place: int) -> Linear:
    """A seed, which stands at a place among the inputs."""
    variable = Variable(shape, dtype, None)
    variable.place = place
    return linear(program, variable)


def linear(program: Program, variable: Variable) -> Linear:
    """A tangent with this value at present."""
    new: Linear = object.__new__(Linear)
    new.program, new._variable, new._base, new._example = program, variable, None, None
    return new


ZERO = (np.add, np.subtract)
"""Of which one operand may be a constant if it is zero."""

SCALE = (np.multiply, np.divide)
PRODUCTS = frozenset((np.matmul, np.vecdot, np.matvec, np.vecmat))
SINGLE = frozenset((np.negative, np.conjugate, np.degrees, np.radians, np.rad2deg, np.deg2rad))
ANSWERS: dict[Any, bool] = {np.not_equal: True, np.equal: False, np.isfinite: True, np.isnan: False, np.isinf: False}
"""What is asked of tangents to find out whether they move: they do."""


class Linear(Lifted):
    """A tangent that is a linear function of the seeds."""

    __slots__ = ("_base", "_example", "_recipe", "_seen", "_variable", "program")

    program: Program
    _variable: Variable
    _example: Any  # None until somebody asks
    _base: Linear | None
    _recipe: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]] | None  # what makes this view of its base
    _seen: Variable | None  # the base's value of which ours was made

    @property
    def primal(self) -> Any:
        """An example, made when it is asked for."""
        if self._example is None:
            self._example = example_like(self._variable.shape, self._variable.dtype)
        return self._example

    @property
    def level(self) -> Level:  # type: ignore[override]  # the program's
        return self.program.level

    @property
    def shape(self) -> tuple[int, ...]:
        return self._variable.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._variable.dtype

    @property
    def ndim(self) -> int:
        return len(self._variable.shape)

    @property
    def variable(self) -> Variable:
        """The value that this array has now."""
        if self._base is None:
            return self._variable
        chain: list[Linear] = [self]
        while (base := chain[-1]._base) is not None:
            chain.append(base)
        for base, view in zip(chain[:0:-1], chain[-2::-1], strict=True):
            if view._seen is not base._variable:
                assert view._recipe is not None
                function, args, keywords = view._recipe
                view._variable = view.program.emit(function, (base._variable, *args), keywords, view.shape, view.dtype)
                view._seen = base._variable
        return self._variable

    def _wrap(self, y: Any, tangent: Any) -> Any:
        """Zeros, to be written into."""
        if isinstance(y, Lifted):
            y = memory(y)
        return linear(self.program, Variable(y.shape, y.dtype, None))

    # -- NumPy's calls -----------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":
            return self._ufunc(ufunc, inputs)  # a tangent is above all that it meets: nobody has to be asked who answers
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return self._function(function, args, kwargs)

    def _operate(self, ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        return self._ufunc(ufunc, operands)

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        lines = [each for each in inputs if each.__class__ is Linear]
        line = lines[0]
        if ufunc in SCALE:
            if len(lines) == 1 and (ufunc is np.multiply or inputs[0] is line):
                return line._scaled(ufunc, inputs)
        elif ufunc in ZERO:
            if len(lines) == 2:
                return self._emitted(ufunc, inputs, {})
            if self._is_nothing(inputs[1] if inputs[0] is line else inputs[0]):
                line = line if ufunc is np.add or inputs[0] is line else -line
                shape = np.broadcast_shapes(*map(np.shape, inputs))
                return np.copy(line if shape == line.shape else np.broadcast_to(line, shape))
        elif ufunc in PRODUCTS:
            if len(lines) == 1:
                return self._emitted(ufunc, inputs, {})
        elif ufunc in SINGLE:
            return self.copy() if ufunc is np.conjugate and self.dtype.kind != "c" else self._emitted(ufunc, inputs, {})
        elif ufunc is np.positive:
            return self.copy()
        elif ufunc in ANSWERS:
            return np.broadcast_to(ANSWERS[ufunc], np.broadcast_shapes(*map(np.shape, inputs)))
        raise self._not_linear(ufunc)

    def _scaled(self, ufunc: Any, inputs: tuple[Any, ...]) -> Any:
        """A product with a factor of its shape, or a number: by far the most calls."""
        variable = self._variable if self._base is None else self.variable
        one, other = inputs
        if one is self:
            factor, args = other, (variable, other)
        else:
            factor, args = one, (one, variable)
        kind, dtype, shape = factor.__class__, variable.dtype, variable.shape
        if (
            (factor.dtype is dtype and _fits(factor.shape, shape))
            if kind is ndarray
            else (kind is float or kind is int or (kind is np.float64 and dtype.char == "d"))
        ):
            return self._result(ufunc, args, {}, variable)
        return self._emitted(ufunc, inputs, {})

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None)
        if method == "__call__":
            dtype, where = kwargs.pop("dtype", None), kwargs.pop("where", True)
            if kwargs:
                raise self._not_linear(ufunc)
            result = self._ufunc(ufunc, inputs)
            result = result if dtype is None else np.astype(result, dtype)
            if out is None:
                return result
            np.copyto(out[0], result, where=where)
            return out[0]
        if ufunc is np.add and method == "reduce":
            result = np.sum(*inputs, **{"axis": 0, **kwargs})
        elif ufunc is np.add and method == "accumulate":
            result = np.cumsum(inputs[0], *(inputs[1:] or (kwargs.get("axis", 0),)))
        elif ufunc is np.add and method == "at":
            raise self._not_linear(getattr(ufunc, method))
        else:
            raise self._not_linear(getattr(ufunc, method))
        return result if out is None else np.copyto(out[0], result)

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if kwargs:
            kwargs = {name: each for name, each in kwargs.items() if each is not np._NoValue and name not in ("out", "like")}
        body = COMPOSED.get(function)
        if body is not None:
            return body(*args, **kwargs)
        if function == np.astype and kwargs.get("copy", True) is False and np.dtype(args[1]) == self.dtype:
            return self
        if function == np.copy or (function == np.astype and np.dtype(args[1]) == self.dtype):
            return self.copy()
        if function == np.where and len(args) == 3:
            args = (args[0], *map(self._chosen, args[1:]))
        if function in TRANSPOSES or function in MOVES:
            return self._emitted(function, args, kwargs)
        if function in EMPTY:
            return self._wrap(function(*_examples(args), **kwargs), None)
        if function in STATIC:
            return function(*_examples(args), **kwargs)
        row = rule_of(function)
        if isinstance(row, Composite):
            return row.body(*args, **kwargs)
        if isinstance(row, Replay):
            return row.function._implementation(*args, **kwargs)
        if isinstance(row, Constant):
            raise self._not_linear(function)
        return self._emitted(function, args, kwargs)

    def _chosen(self, value: Any) -> Any:
        """What np.where takes where it does not take the tangent: nothing, or something that is no derivative."""
        if value.__class__ is Linear:
            return value
        return 0.0 if self._is_nothing(value) else np.where(innermost(value) == 0, 0.0, np.nan)

    def _is_nothing(self, value: Any) -> bool:
        """Whether a constant is zero throughout."""
        return not np.any(innermost(value))

    def _emitted(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call written down, of any function that is linear in its linear arguments."""
        shaped = SHAPES.get(function)
        if shaped is not None:
            return self._result(function, _variables(args), _named(kwargs, _variables), shaped(*args, **kwargs))
        shaped = getattr(function, "shaped", None)  # somebody else's
        answer: Any
        if shaped is not None:
            answer = shaped(*args, **kwargs)
        else:
            answer = function(*_examples(args), **_named(kwargs, _examples))
        variables, names = _variables(args), _named(kwargs, _variables)
        if isinstance(answer, (tuple, list)):
            return refilled(
                answer,
                [self._result(picked, (function, place, variables, names), {}, each) for place, each in enumerate(answer)],
            )
        if function in VIEWS and answer.__class__ is ndarray and args[0].__class__ is Linear:
            source = args[0]
            if np.may_share_memory(answer, source.primal) or not answer.size:
                return self._view(function, source, variables, names, answer)
        return self._result(function, variables, names, answer)

    def _view(self, function: Any, source: Linear, args: tuple[Any, ...], kwargs: dict[str, Any], example: Any) -> Linear:
        """A view of a tangent."""
        variable = self.program.emit(function, args, kwargs, example.shape, example.dtype)
        view = linear(self.program, variable)
        view._example, view._base, view._seen = example, source, args[0]
        view._recipe = (function, variable.args[1:], variable.keywords)
        return view

    def _result(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], answer: Any) -> Linear:
        """What a call gives that is written down, of which shape and dtype are known."""
        return linear(self.program, self.program.emit(function, args, kwargs, answer.shape, answer.dtype))

    def _not_linear(self, function: Callable[..., Any]) -> NoRule:
        return NoRule(
            f"{called(function)} of a tangent, called at {caller()}, is not linear, so reverse mode cannot transpose it: use "
            'mode="forward", or give the code around it a derivative with dualad.custom_vjp'
        )

    def viewed(self, places: Any) -> Linear:
        """The view with the elements at these places of the raveled array, of every direction."""
        key = (slice(None), *np.unravel_index(places, self.shape[1:]))
        variable = self.program.emit(operator.getitem, (self.variable, key), {}, (self.shape[0], *places.shape), self.dtype)
        cell = self.primal[(slice(1),) * self.ndim].reshape((1,) * (places.ndim + 1))
        example = np.broadcast_to(cell, variable.shape)
        view = linear(self.program, variable)
        view._example, view._base, view._recipe, view._seen = example, self, (operator.getitem, (key,), {}), self.variable
        return view

    # -- an array ----------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Any:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        program = self.program
        if key.__class__ in STILL or (key.__class__ is tuple and {*map(type, key)} <= STILL):
            return self._view(operator.getitem, self, (self.variable, key), {}, self.primal[key])
        outside, program.operands = program.operands, (key if key.__class__ is tuple else (key,))
        try:
            return self._emitted(operator.getitem, (self, key), {})
        finally:
            program.operands = outside

    def __setitem__(self, key: Any, value: Any) -> None:
        program, old = self.program, self.variable
        value = ungrounded(value)
        if value.__class__ is Linear:
            value = value.variable
        elif not self._is_nothing(value):
            raise self._not_linear(operator.setitem)
        else:
            value = 0.0
        if not old.moves and value.__class__ is not Variable:
            return  # zeros stay zeros
        outside, program.operands = program.operands, (key if key.__class__ is tuple else (key,))
        try:
            variable = program.emit(written, (old, key, value), {}, old.shape, old.dtype)
        finally:
            program.operands = outside
        self._store(variable)

    def _store(self, variable: Variable) -> None:
        """Another value, for the bases of this view too."""
        view = self
        while (base := view._base) is not None:
            assert view._recipe is not None
            view._variable = variable
            view._seen = variable = self.program.seen_through(variable, base._variable, *view._recipe)
            view = base
        view._variable = variable

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        return np.astype(self, dtype)

    def copy(self, order: Any = "C") -> Any:
        """Another array with the value of this one."""
        return linear(self.program, self.variable)

    def reshape(self, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
        """As NumPy's, which would be asked first: rules put the axes of their tangents in line in most calls."""
        if order != "C" or copy is not None:
            return super().reshape(*shape, order=order, copy=copy)
        wanted = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        return self._view(np.reshape, self, (self.variable, wanted), {}, self.primal.reshape(wanted))

    def _asked(self, *args: Any, **kwargs: Any) -> Any:
        raise NoRule(
            f"the value of a tangent is asked for at {caller()}, which reverse mode has not yet: the rule there is not linear, "
            'so it cannot be transposed; use mode="forward", or dualad.custom_vjp'
        )

    __bool__ = __int__ = __float__ = __complex__ = __index__ = __array__ = __contains__ = _asked

    def __repr__(self) -> str:
        return f"Linear({self.dtype}[{', '.join(map(str, self.shape))}])"


def _fits(shape: tuple[int, ...], full: tuple[int, ...]) -> bool:
    """Whether an array broadcasts to a shape without enlarging it."""
    return (
        shape == full
        or shape == full[len(full) - len(shape) :]
        or (len(shape) <= len(full) and all(a in (b, 1) for a, b in zip(shape[::-1], full[::-1], strict=False)))
    )


def _examples(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments with examples in place of tangents, and of other lifted arrays."""
    found: list[Any] = []
    for each in args:
        kind = each.__class__
        if kind is Linear:
            found.append(each.primal)
        elif kind in STILL or kind is ndarray:
            found.append(each)
        elif isinstance(each, Lifted):
            found.append(np.asarray(memory(each)))
        elif (kind is tuple or kind is list) and each and each[0].__class__ not in STILL:
            found.append(refilled(each, _examples(each)))
        else:
            found.append(each)
    return tuple(found)


def _named(keywords: dict[str, Any], made: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> dict[str, Any]:
    """The same for keywords."""
    return dict(zip(keywords, made(tuple(keywords.values())), strict=True)) if keywords else keywords


def _variables(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments with variables in place of tangents."""
    found: list[Any] = []
    for each in args:
        kind = each.__class__
        if kind is Linear:
            found.append(each._variable if each._base is None else each.variable)
        elif kind in STILL or kind is ndarray or not (kind is tuple or kind is list) or not each or each[0].__class__ in STILL:
            found.append(each)
        else:
            found.append(refilled(each, _variables(each)))
    return tuple(found)
