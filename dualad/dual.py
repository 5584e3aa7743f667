"""Dual: an array that carries its tangents, the interpreter of the rule table in forward mode.

A dual number a + b ε with ε² = 0 computes a function's value in `a` and its derivative along `b` in one run. Here `a` is an
array, the *primal*, and `b` holds k *tangents* at once, of shape (k, *a.shape): the direction axis comes first, so each
direction is contiguous and one call serves them all. NumPy computes every primal exactly as it would without us, under the
caller's errstate; tangents are computed by the rule under an errstate of their own.

A tangent of None says that the value does not vary, structurally: nothing was ever multiplied by zero to find out.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, NoReturn

import numpy as np

from . import storage
from .errors import TangentLossError, no_rule, refuse
from .lift import Level, Lifted, describe, highest, innermost, leader
from .rules.folds import method_rule
from .rules.table import RULES, Array, Composite, Constant, Elementwise, Function, Rule, prepared, pushforward

Observer = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], Any], None]
WATCH: ContextVar[Any] = ContextVar("WATCH", default=None)
"""A level: no tangents are carried below it at present. An observer: it sees each call and its result (`check_derivatives`)."""

WEAK = (int, float, complex)
WEAK_DTYPE = np.dtype(float)


@contextmanager
def watching(watch: Observer | Level | None) -> Iterator[None]:
    """A block under another observer, or without tangents."""
    token = WATCH.set(watch)
    try:
        yield
    finally:
        WATCH.reset(token)


def dual(primal: Array, tangent: Array | None, level: Level) -> Any:
    """A Dual of the kind that its primal asks for: an array, or a scalar."""
    new: Any
    if primal.__class__ is np.ndarray or not isinstance(primal, np.generic | float | complex | DualScalar):
        new = object.__new__(DualArray)
        new._base = new._recipe = new._views = None
    else:
        new = object.__new__(DualScalar)
    new.primal, new.tangent, new.level = primal, tangent, level
    return new


class Dual(Lifted):
    """A NumPy array, or scalar, with its tangents.

    Parameters
    ----------
    primal : array_like
        The value, of shape S: floating or complex, or a dual of a lower level.
    tangent : array_like of shape (k, *S), or None
        The derivative of the value along k directions; None if it does not vary.
    level : Level
        The call of a transform to which the directions belong.

    Notes
    -----
    A 0-d result of NumPy is a scalar, and so is its Dual (`DualScalar`: immutable, without length); everything else is a
    `DualArray`, with ndarray's semantics of views and writing.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> seen = []
    >>> _ = dualad.jvp(lambda x: seen.append(repr(np.sin(x))) or x, (0.5,), (1.0,))
    >>> seen
    ['Dual(0.479426 + 0.877583ε)']
    """

    __slots__ = ("tangent",)

    tangent: Array | None

    def __new__(cls, primal: Array, tangent: Array | None, level: Level) -> Any:
        return dual(primal if isinstance(primal, Lifted) else np.asarray(primal)[()], tangent, level)

    # -- the two questions of Lifted -------------------------------------------------------------------------------------

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        row = RULES.get(ufunc)
        if row.__class__ is not Elementwise:
            return self._function(ufunc, inputs, {})
        level = self.level
        primals: list[Any] = []
        tangents: list[Any] = []
        moves = False
        for value in inputs:
            if isinstance(value, Dual) and value.level is level:
                tangent = value.tangent
                primals.append(value.primal)
                tangents.append(tangent)
                moves = moves or tangent is not None
            elif value.__class__ is list or value.__class__ is tuple:
                inputs = tuple(storage.as_operand(each) for each in inputs)
                return leader(inputs)._ufunc(ufunc, inputs, compute)
            else:
                primals.append(value)
                tangents.append(None)
        y = (compute or ufunc)(*primals)
        if y.__class__ in WEAK:  # np.frompyfunc answers with Python's numbers
            y = np.result_type(y, np.float64).type(y)
        watch = WATCH.get()
        if moves and (watch is None or watch.__class__ is not Level or level > watch):
            with np.errstate(all="ignore"):
                try:
                    result = self._wrap(y, pushforward(row, primals, tangents, y))
                except ArithmeticError:  # Python's numbers raise where NumPy's are infinite
                    primals = [np.float64(each) if isinstance(each, int | float) else each for each in primals]
                    result = self._wrap(y, pushforward(row, primals, tangents, y))
        else:
            result = self._wrap(y, None)
        if callable(watch):
            watch(ufunc, inputs, {}, result)
        return result

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None)
        if method != "__call__":
            row = method_rule(ufunc, method)
            if row is None:
                raise no_rule(getattr(ufunc, method))
            return self._apply(row, inputs, kwargs if out is None else kwargs | {"out": out[0]})
        where = kwargs.get("where", True)
        if where is not True and out is not None:  # into copies, so that NumPy does not warn of unset elements
            kwargs["out"] = tuple(None if each is None else np.copy(self._primal_of(each)) for each in out)
        if RULES.get(ufunc).__class__ is Elementwise:
            result = self._ufunc(ufunc, inputs, partial(ufunc, **kwargs) if kwargs else None)
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
        if isinstance(out, np.ndarray) and isinstance(result, Dual) and not storage.is_constant(result):
            raise TangentLossError(
                "in-place write of a dual number into a plain array (out=, or an operator such as +=) would drop its "
                "tangent; write `a = a + x`, or allocate the array with np.zeros_like(x)"
            )
        if isinstance(out, DualScalar):  # an in-place operator on a scalar makes a new one
            return result
        np.copyto(out, result, where=where)
        return out

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        row = RULES.get(function)
        if row is None:
            raise no_rule(function)
        return self._apply(row, args, kwargs)

    def _apply(self, row: Rule, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A row of the table on arguments with duals of this level among them."""
        result: Any
        args, kwargs, out = prepared(row, args, kwargs)
        lists = getattr(row, "sequences", 0)
        args = tuple([storage.lift_nested(value, lists) for value in args])
        kwargs = {name: storage.lift_nested(value, lists) for name, value in kwargs.items()}
        match row:
            case Constant():
                return self._deliver(row.function(*self._primal_of(args), **self._primal_of(kwargs)), out)
            case Composite(effect=True):
                return row.body(*args, **kwargs)
            case Composite():
                value = row.function(*self._primal_of(args), **self._primal_of(kwargs))
                with np.errstate(all="ignore"):
                    result = self._with_value(row.body(*args, **kwargs), value)
            case Elementwise():
                result = self._ufunc(row.function, args, partial(row.function, **kwargs))
            case Function():
                result = self._push(row, args, kwargs)
        watch = WATCH.get()
        if callable(watch):
            watch(row.function, args, kwargs, result)
        return self._deliver(result, out)

    def _push(self, row: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tangents = row.tangents(args, kwargs, self._tangent_of)
        primals, keywords = self._primal_of(args), self._primal_of(kwargs)
        if "like" in row.accepted and (below := highest((*primals, *keywords.values()))) is not None:
            keywords["like"] = below  # NumPy has taken out the one that brought the call here
        y = row.function(*primals, **keywords)
        tangent = None
        watch = WATCH.get()
        carried = row.view or watch.__class__ is not Level or self.level > watch  # a view is the array that it is of
        if tangents and carried and getattr(y, "dtype", WEAK_DTYPE).kind in "fcO":
            primals = tuple(np.float64(each) if each.__class__ is float else each for each in primals)
            with np.errstate(all="ignore"):
                tangent = row.push(y, *primals, **keywords, **tangents)
        result = self._wrap(y, tangent)
        if row.view:
            result = storage.as_view(result, args, kwargs | {"like": self} if "like" in row.accepted else kwargs, row.function)
        return result

    def _primal_of(self, value: Any) -> Any:
        """`value` with every dual of this level replaced by its primal, inside containers too."""
        if isinstance(value, Dual) and value.level is self.level:
            return value.primal
        if isinstance(value, tuple):
            return tuple(map(self._primal_of, value)) if type(value) is tuple else value
        if isinstance(value, list):
            return [self._primal_of(item) for item in value]
        if isinstance(value, dict):
            return {key: self._primal_of(item) for key, item in value.items()}
        return value

    def _tangent_of(self, value: Any) -> Any:
        """The tangent at this level; for a container that holds one, a list with None for what does not vary."""
        if isinstance(value, Dual):
            return value.tangent if value.level is self.level else None
        if isinstance(value, list | tuple):
            tangents = [self._tangent_of(item) for item in value]
            return None if all(tangent is None for tangent in tangents) else tangents
        return None

    def _wrap(self, y: Any, tangent: Any) -> Any:
        """NumPy's answer with its tangent, in NumPy's own structure."""
        if isinstance(y, tuple | list):
            tangents = tangent if tangent is not None else [None] * len(y)
            wrapped = [self._wrap(*pair) for pair in zip(y, tangents, strict=True)]
            return type(y)(wrapped) if type(y) in (tuple, list) else type(y)(*wrapped)
        dtype = getattr(y, "dtype", None)
        if dtype is None:
            return dual(y, tangent, self.level) if isinstance(y, float | complex) else y
        kind = dtype.kind
        if kind not in "fc":
            if kind != "O":
                return y
            y = np.asarray(y, dtype=np.float64)[()]  # np.frompyfunc answers with objects
            dtype = y.dtype
        if tangent is not None:
            if tangent.dtype != dtype:
                tangent = tangent.astype(dtype)
            if tangent.shape[1:] != y.shape:
                tangent = np.copy(np.broadcast_to(tangent, (len(tangent), *y.shape)))
        return dual(y, tangent, self.level)

    def _with_value(self, result: Any, value: Any) -> Any:
        """The tangent of `result` beside NumPy's own value, which may differ in the last bit."""
        if isinstance(value, tuple | list):
            pairs = [self._with_value(*pair) for pair in zip(result, value, strict=True)]
            return type(value)(pairs) if type(value) in (tuple, list) else type(value)(*pairs)
        if not isinstance(result, Dual) or result.level is not self.level:
            return self._wrap(value, None)
        return result if result.primal is value else self._wrap(value, result.tangent)

    # -- what cannot be a dual -------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self.level.require_alive()
        if dtype is not None and np.dtype(dtype).kind in "biu":
            return np.asarray(innermost(self)).astype(dtype)
        if not storage.is_constant(self):
            refuse("np.asarray(x), np.array(x), or storing x in a plain array", "use np.stack, np.zeros_like(x) or x itself")
        return np.array(innermost(self), dtype=dtype, copy=copy)

    def __float__(self) -> float:
        self.level.require_alive()
        if not storage.is_constant(self):
            refuse(
                "float(x), a function of the math module, or a[i] = x with a plain array a,",
                "use NumPy's function (np.sin for math.sin), np.zeros_like(x) to make the array, or x itself",
            )
        return float(innermost(self))

    def __complex__(self) -> complex:
        self.level.require_alive()
        if not storage.is_constant(self):
            refuse("complex(x), or a function of the cmath module,", "use NumPy's function, or x itself")
        return complex(innermost(self))

    def __reduce__(self) -> NoReturn:
        raise TangentLossError(
            "a dual number cannot be pickled: its directions belong to a running transform; pickle the result, or primal_of(x)"
        )

    def __copy__(self) -> Any:
        return self.copy("K")

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy("K")

    def __buffer__(self, flags: int) -> memoryview:
        if not storage.is_constant(self):
            refuse("memoryview(x), or compiled code that reads memory,", "take dualad.primal_of(x) first")
        return memoryview(innermost(self))

    def tobytes(self, *args: Any) -> NoReturn:
        refuse("x.tobytes()", "take dualad.primal_of(x) first")

    @property
    def data(self) -> NoReturn:
        refuse("x.data", "take dualad.primal_of(x) first")

    # -- text ------------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return str(innermost(self))

    def __format__(self, spec: str) -> str:
        return format(innermost(self), spec)

    def __repr__(self) -> str:
        return f"Dual({describe(self)})"


class DualArray(Dual):
    """A Dual with ndarray's semantics: indexing gives views, writing changes what they share."""

    __slots__ = ("_base", "_recipe", "_views")

    _base: DualArray | None
    _recipe: Any
    _views: storage.Views | None
    _element: type[Dual] | None  # the kind of a single element

    __getitem__ = storage.getitem
    __setitem__ = storage.setitem

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Any:
        return map(self.__getitem__, range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def _get_shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.primal.shape
        return shape

    def _set_real(self, value: Any) -> None:
        np.real(self)[...] = value

    def _set_imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imaginary part of a real array")
        np.imag(self)[...] = value

    def _set_flat(self, value: Any) -> None:
        storage.Flat(self)[:] = value

    shape = property(_get_shape, storage.set_shape)
    real, imag = property(np.real, _set_real), property(np.imag, _set_imag)
    flat = property(storage.Flat, _set_flat)

    @property
    def base(self) -> Any:
        return self._base

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True) -> Any:
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {self.dtype} to {np.dtype(dtype)} according to the rule {casting!r}")
        if np.dtype(dtype) == self.dtype and not copy:
            return self
        return np.astype(self, dtype)

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        self[...] = np.sort(self, axis, kind, order, stable=stable)

    def item(self, *index: Any) -> Any:
        """One element, which promotes as weakly as the Python number that NumPy would give."""
        return _weak(super().item(*index))

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        self[...] = np.partition(self, kth, axis, kind, order)

    def setflags(self, write: bool | None = None, align: bool | None = None, uic: bool | None = None) -> None:
        innermost(self).setflags(write=write, align=align, uic=uic)

    def view(self, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            refuse("x.view(dtype) or x.view(ndarray)", "use x.astype, x.real, x.imag, or x itself")
        return self[...]


class DualScalar(Dual):
    """A Dual whose primal is a scalar: immutable, without length, like np.float64 or Python's float."""

    __slots__ = ()

    shape: tuple[int, ...] = ()
    ndim, size = 0, 1

    @property
    def dtype(self) -> np.dtype[Any]:
        primal = self.primal
        return np.dtype(type(primal)) if type(primal) in WEAK else primal.dtype

    def _operate(self, ufunc: np.ufunc, *operands: Any) -> Any:
        """Python's floats among themselves stay Python's floats: they promote an array's dtype less than np.float64 would."""
        result = super()._operate(ufunc, *operands)
        if type(innermost(self)) in WEAK and all(type(innermost(operand)) in WEAK for operand in operands):
            return _weak(result)
        return result

    # There is no __getitem__, not even for x[()]: with one, Python would take a scalar for a sequence, and NumPy would tell
    # so, instead of what was lost, when one is stored in a plain array.

    def astype(self, dtype: Any, **keywords: Any) -> Any:
        return np.reshape(self, 1).astype(dtype, **keywords)[0]

    def is_integer(self) -> bool:
        return bool(innermost(self).is_integer())

    def copy(self, order: Any = "C") -> Any:
        return self

    def item(self, *index: Any) -> Any:
        return _weak(self)


DualArray._element = DualScalar
numbers.Number.register(DualScalar)


def _weak(value: Any) -> Any:
    """A scalar as Python's own number, at the bottom of all levels."""
    if isinstance(value, DualScalar):
        return dual(_weak(value.primal), value.tangent, value.level)
    return value.item() if isinstance(value, np.inexact) else value
