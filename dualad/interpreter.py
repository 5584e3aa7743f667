"""The interpreter of the rule table in forward mode: what becomes of a NumPy call when duals are among its arguments.

NumPy computes every primal exactly as it would without us, under the caller's errstate; the rule computes the tangents, under
an errstate of their own. Of the arguments only those of the answering level count, the others are constants to it.

A tangent of None says that the value does not vary, structurally: nothing was ever multiplied by zero to find out.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Container
from functools import partial
from typing import Any

import numpy as np
from numpy import ndarray

from . import deferred, jitted, kernels, objects, storage
from .beside import PRODUCTS, beside
from .deferred import WHERE
from .errors import NoRule, called, caller, no_rule, refuse
from .levels import GROUND
from .lift import Lifted, duplicate, highest, leader, refilled, ungrounded
from .notes import stays_zero
from .quiet import quiet, restore
from .rules.calling import into, prepared
from .rules.chain import pushforward
from .rules.folds import method_rule
from .rules.groups import rule_of
from .rules.table import RULES, Array, Composite, Constant, Elementwise, Function, Refused, Replay, Rule, find
from .terms import Terms
from .watching import WATCH, carries

WEAK = (int, float, complex)
CONTAINERS = (list, tuple)
QUICK = frozenset((int, float, complex, bool, np.float64, np.bool_))
"""What may stand beside a dual without a second look, beside arrays."""


def typed(number: Any) -> Any:
    """Python's own float or complex number as NumPy's, which has a dtype and a shape; anything else as it is."""
    kind = number.__class__
    return np.float64(number) if kind is float else np.complex128(number) if kind is complex else number


class Interpreter(Lifted):
    """The forward-mode reading of the rule table; a subclass says what a lifted value is made of (`_lift`)."""

    __slots__ = ("_label", "tangent")

    tangent: Array | None
    _label: Any  # its tangent as terms (`deferred`), if that is known
    _deferred = False  # whether it is known as nothing else

    def _lift(self, primal: Any, tangent: Any) -> Any:
        """A value of the same level."""
        raise NotImplementedError

    def _later(self, primal: Any, terms: Any) -> Any:
        """A value of the same level with a tangent that is not multiplied out."""
        raise NotImplementedError

    # -- the questions of Lifted ---------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs:
            return self._operate(ufunc, ufunc, inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def _operate(self, ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """An operator or a ufunc at once, where nobody else may have to answer: that is most of what there is."""
        row = RULES.get(ufunc)
        if row.__class__ is Elementwise:
            tape = self.level.tape
            if tape is not None:
                new = tape.step(self, row, compute, operands)
                if new is not None:
                    return new
            apart = self._apart(operands, QUICK)
            if apart is not None:
                if not self.level.alive:
                    self.level.require_alive()
                return self._completed(row, operands, *apart, compute(*apart[0]))
        elif row.__class__ is Constant:
            apart = self._apart(operands, QUICK, still=True)
            if apart is not None:
                if not self.level.alive:
                    self.level.require_alive()
                return compute(*apart[0])
        if compute is ufunc:
            return super().__array_ufunc__(ufunc, "__call__", *operands)
        return super()._operate(ufunc, compute, operands)

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        row = RULES.get(ufunc)
        if row.__class__ is not Elementwise:
            return self._function(ufunc, inputs, {})
        return self._elementwise(row, inputs, compute or ufunc)

    def _elementwise(self, row: Elementwise, inputs: tuple[Any, ...], compute: Callable[..., Any]) -> Any:
        apart = self._apart(inputs)
        if apart is None:
            inputs = tuple(map(objects.as_operand, inputs))
            return leader(inputs)._ufunc(row.function, inputs, compute)
        return self._completed(row, inputs, *apart, compute(*apart[0]))

    def _apart(
        self, values: tuple[Any, ...], kinds: Container[type] | None = None, still: bool = False
    ) -> tuple[list[Any], list[Any], Any] | None:
        """Primals and tangents of operands, and one of the tangents, as terms if any of them are. None if there is a list or
        an array of objects among them, or what is neither of this level nor of the given kinds. `still` if nobody asks for
        tangents."""
        level = self.level
        primals: list[Any] = []
        tangents: list[Any] = []
        moving: Any = None
        for value in values:
            if isinstance(value, Interpreter) and (value.level is level or value.level is GROUND):
                tangent = None if still else value._label if value._deferred else value.tangent
                primals.append(value.primal)
                tangents.append(tangent)
                if tangent is not None and moving.__class__ is not Terms:
                    moving = tangent
                continue
            kind = value.__class__
            if kind is ndarray:
                if value.dtype.hasobject:
                    return None
                if isinstance(self.primal, Lifted):
                    value = beside(self.primal, value)
            elif kind in CONTAINERS or (kinds is not None and kind not in kinds):
                return None
            primals.append(value)
            tangents.append(None)
        return primals, tangents, moving

    def _completed(
        self, row: Elementwise, inputs: tuple[Any, ...], primals: list[Any], tangents: list[Any], moving: Any, y: Any
    ) -> Any:
        """The value y, lifted with its tangent."""
        if y.__class__ is not ndarray:
            if y.__class__ in WEAK:  # np.frompyfunc answers with Python's numbers
                y = np.result_type(y, np.float64).type(y)
            elif y.__class__ is np.complex128:  # rules compare, and ask for dtypes: Python's complex numbers can do neither
                primals = list(map(typed, primals))
        watch = WATCH.get()
        if moving is None or not (watch is None or carries(self.level)):
            result = self._wrap(y, None)
        else:
            token = quiet()
            try:
                result = self._moved(row, inputs, primals, tangents, moving, y)
            finally:
                restore(token)
        if callable(watch):
            watch(row.function, inputs, {}, result)
        return result

    def _moved(
        self, row: Elementwise, inputs: tuple[Any, ...], primals: list[Any], tangents: list[Any], moving: Any, y: Any
    ) -> Any:
        """The value y with its tangent, of which `moving` is a part."""
        array = y.__class__ is ndarray
        program = self.level.program
        if program is not None:
            program.operands = inputs
        elif moving.__class__ is Terms or (y.__class__ is not tuple and y.size * len(moving) >= deferred.LARGE):
            terms = deferred.answer(row, inputs, primals, tangents, moving, y)
            if terms is not None:
                return self._later(y, terms)
        try:
            large = array and program is None and y.size >= kernels.SMALL
            tangent = (kernels.push if large else pushforward)(row, primals, tangents, y)
        except ArithmeticError:  # Python's numbers raise where NumPy's are infinite
            primals = [np.float64(each) if each.__class__ is int else typed(each) for each in primals]
            tangent = pushforward(row, primals, tangents, y)
        if array and program is None and tangent.__class__ is ndarray and tangent.dtype is y.dtype:
            if tangent.shape[1:] != y.shape:
                tangent = _broadcast(tangent, (len(tangent), *y.shape))
            return self._lift(y, tangent)
        return self._wrap(y, tangent)

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None)
        if method != "__call__":
            row = method_rule(ufunc, method)
            return self._apply(row, inputs, kwargs if out is None else kwargs | {"out": out[0]})
        where = kwargs.get("where", True)
        if where is not True and out is not None:  # into copies, so that NumPy does not warn of unset elements
            kwargs["out"] = tuple(None if each is None else np.copy(self._below(each)) for each in out)
        kind = find(ufunc).__class__
        if kind is Function:
            return self._function(ufunc, inputs, kwargs if out is None else kwargs | {"out": out[0]})
        if kind is Elementwise:
            result = self._ufunc(ufunc, inputs, partial(_plainly, ufunc, **kwargs) if kwargs else None)
        else:
            result = self._function(ufunc, inputs, kwargs)
        if out is None:
            return result
        if not isinstance(result, tuple):
            return self._deliver(result, out[0], where)
        return tuple(self._deliver(*pair, where) for pair in zip(result, out, strict=True))

    def _deliver(self, result: Any, out: Any, where: Any = True) -> Any:
        """`result` written into `out`, as if it had been computed into a temporary."""
        if out is None:
            return result
        if isinstance(out, np.ndarray) and isinstance(result, Interpreter) and not storage.is_constant(result):
            refuse(
                "an in-place write of a dual number into a plain array (out=, or an operator such as +=)",
                "write `a = a + x`, or allocate the array with np.zeros_like(x)",
            )
        if isinstance(out, Interpreter) and not hasattr(out, "__setitem__"):  # an in-place operator on a scalar makes a new one
            return result
        np.copyto(out, result, where=where)
        return out

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if function == np.where and len(args) == 3:
            new = None if self.level.tape is None else self.level.tape.step(self, WHERE, function, args)
            if new is not None or any(getattr(each, "_deferred", False) for each in args):
                return self._elementwise(WHERE, args, function) if new is None else new
        row = rule_of(function)
        if row is None:
            scalar = jitted.python_function(function)
            if scalar is None:
                raise no_rule(function)
            return jitted.elementwise(scalar, args)
        if isinstance(row, Refused):
            raise NoRule(f"{called(function)}, called at {caller()}: {row.reason}")
        return self._apply(row, args, kwargs)

    def _apply(self, row: Rule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A row of the table on arguments with duals of this level among them."""
        return self._apply_prepared(row, *prepared(row, args, kwargs))

    def _apply_prepared(self, row: Rule, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Any:
        given = (*args, *kwargs.values()) if kwargs else args
        if any(map(objects.may_hold, given)):
            lists = getattr(row, "sequences", 0)
            lifted = [objects.lift_objects(each, lists) if objects.may_hold(each) else each for each in given]
            if any(map(operator.is_not, given, lifted)):
                args, kwargs = tuple(lifted[: len(args)]), dict(zip(kwargs, lifted[len(args) :], strict=True))
                top = highest(lifted)
                if top.level > self.level:  # it was hidden among objects
                    return top._apply_prepared(row, args, kwargs, out)
        compute = row.function if out is None else partial(_plainly, into, row, np.empty_like(self._below(out)))
        kind = row.__class__
        if kind is Function:  # by far the commonest: asked first
            result = self._push(row, args, kwargs, compute)  # type: ignore[arg-type]  # its class was asked
        elif kind is Elementwise:
            result = self._ufunc(row.function, args, partial(row.function, **kwargs))
        elif kind is Constant:
            y = row.function(*map(self._primal_of, args), **self._primal_of(kwargs))
            return self._deliver(self._wrap(y, None) if row.lifted else y, out)  # type: ignore[union-attr]
        elif kind is Replay:
            result = self._lifted(row.function._implementation(*args, **kwargs))  # type: ignore[union-attr]
        elif row.whole:  # type: ignore[union-attr]  # a Composite
            result = self._lifted(row.body(*args, **kwargs))  # type: ignore[union-attr]
        elif row.effect:  # type: ignore[union-attr]
            return self._write(row, args, kwargs)  # type: ignore[arg-type]
        else:
            value = compute(*self._primal_of(args), **self._primal_of(kwargs))
            with np.errstate(all="ignore"):
                result = self._with_value(row.body(*args, **kwargs), value)  # type: ignore[union-attr]
        watch = WATCH.get()
        if callable(watch):
            watch(row.function, args, kwargs, result)
        return self._deliver(result, out)

    def _write(self, row: Composite, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A row that writes into its first argument: by its body where that is lifted, else by NumPy if nothing is lost."""
        target = args[0] if args else kwargs[next(iter(inspect.signature(row.body).parameters))]
        if isinstance(target, Lifted):
            return row.body(*args, **kwargs)
        plain = [
            np.asarray(each) if storage.is_constant(each) and isinstance(each, Lifted) else each
            for each in (*args, *kwargs.values())
        ]
        if not all(map(storage.is_constant, plain)):
            refuse(
                f"np.{row.function.__name__} of a dual number into a plain array", "allocate the array with np.zeros_like(x)"
            )
        return row.function(*plain[: len(args)], **dict(zip(kwargs, plain[len(args) :], strict=True)))

    def _push(self, row: Function, args: tuple[Any, ...], kwargs: dict[str, Any], compute: Callable[..., Any]) -> Any:
        tangents = row.tangents(args, kwargs, self._tangent_of)
        primals = tuple(map(self._primal_of, args))
        if row.function in PRODUCTS and isinstance(self.primal, Lifted):
            primals = tuple([beside(self.primal, each) for each in primals])
        keywords = self._primal_of(kwargs) if kwargs else kwargs
        if "like" in row.accepted and (below := highest((*primals, *keywords.values()))) is not None:
            keywords["like"] = below  # NumPy has taken out the one that brought the call here
        y = compute(*primals, **keywords)
        tangent = None
        varies = tangents and getattr(getattr(y, "dtype", None), "kind", "f") in "fcO"
        if varies and (row.view or carries(self.level)):  # a view is the array that it is of, also under no_tangents
            primals = tuple(map(typed, primals))
            if self.level.program is not None:
                self.level.program.operands = (*args, *kwargs.values())
            token = quiet()
            try:
                tangent = row.push(y, *primals, **keywords, **tangents)
            finally:
                restore(token)
        result = self._wrap(y, tangent)
        if row.view:
            result = storage.as_view(result, args, kwargs | {"like": self} if "like" in row.accepted else kwargs, row.function)
        return result

    # -- arguments apart, answers together -----------------------------------------------------------------------------

    def _primal_of(self, value: Any) -> Any:
        """`value` with every dual of this level, or of the ground, replaced by its primal, inside containers too."""
        if value is None or value.__class__ in QUICK:
            return value
        if isinstance(value, Interpreter) and (value.level is self.level or value.level is GROUND):
            return value.primal
        if isinstance(value, tuple):
            return tuple(map(self._primal_of, value)) if type(value) is tuple else value
        if isinstance(value, list):
            return [self._primal_of(item) for item in value]
        if isinstance(value, dict):
            return {key: self._primal_of(item) for key, item in value.items()}
        return value

    def _below(self, out: Any) -> Any:
        """The primal of an array to be written into; one of the ground itself, into which a lower level's duals can go."""
        return out if isinstance(out, Interpreter) and out.level is GROUND else self._primal_of(out)

    def _tangent_of(self, value: Any) -> Any:
        """The tangent at this level; for a container that holds one, a list with None for what does not vary."""
        if isinstance(value, Interpreter):
            return value.tangent if value.level is self.level else None
        if isinstance(value, (list, tuple)):
            tangents = [self._tangent_of(item) for item in value]
            return None if all(tangent is None for tangent in tangents) else tangents
        return None

    def _wrap(self, y: Any, tangent: Any) -> Any:
        """NumPy's answer with its tangent, in NumPy's own structure."""
        if isinstance(y, (tuple, list)):
            tangents = tangent if tangent is not None else [None] * len(y)
            wrapped = [self._wrap(*pair) for pair in zip(y, tangents, strict=True)]
            return refilled(y, wrapped)
        dtype = getattr(y, "dtype", None)
        if dtype is None:
            return self._lift(y, tangent) if isinstance(y, (float, complex)) else y
        kind = dtype.kind
        if kind not in "fc":
            if kind != "O":
                return y
            y = np.asarray(y, dtype=np.float64)[()]  # np.frompyfunc answers with objects
            dtype = y.dtype
        if tangent.__class__ is ndarray and stays_zero(y, tangent):
            tangent = None
        if tangent is not None:
            if tangent.dtype != dtype:
                tangent = tangent.astype(dtype)
            if tangent.shape[1:] != y.shape:
                tangent = _broadcast(tangent, (len(tangent), *y.shape))
        return self._lift(y, tangent)

    def _lifted(self, result: Any) -> Any:
        """An answer of lifted arrays, in which what does not vary is lifted too: something that does may be written into it."""
        if isinstance(result, (tuple, list)):
            return refilled(result, [self._lifted(each) for each in result])
        return self._wrap(result, None) if isinstance(result, (np.ndarray, np.generic)) else result

    def _with_value(self, result: Any, value: Any) -> Any:
        """The tangent of `result` beside NumPy's own value, which may differ in the last bit."""
        if isinstance(value, (tuple, list)):
            pairs = [self._with_value(*pair) for pair in zip(result, value, strict=True)]
            return refilled(value, pairs)
        result = objects.lift_objects(result)
        if not isinstance(result, Interpreter) or result.level is not self.level:
            return self._wrap(value, None)
        return result if result.primal is value else self._wrap(value, result.tangent)


def _broadcast(tangent: Array, shape: tuple[int, ...]) -> Array:
    """A tangent of this shape, with memory for each element."""
    if tangent.__class__ is not ndarray:
        return tangent if np.isnan(shape).any() else duplicate(np.broadcast_to(tangent, shape))  # dask's sizes may be unknown
    full = np.empty(shape, tangent.dtype)
    full[...] = tangent
    return full


def _plainly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function gives, which may be the array of the ground that was given as `out`."""
    y = function(*args, **kwargs)
    return tuple(map(ungrounded, y)) if isinstance(y, tuple) else ungrounded(y)
