"""Lifted: the single place where NumPy calls arrive.

A lifted array stands for an ndarray in somebody's code. NumPy hands it every ufunc (``__array_ufunc__``) and every array
function (``__array_function__``), Python hands it the operators, and code that expects an ndarray calls its methods. All
of them come down to two questions, which a subclass answers:

``_ufunc(ufunc, inputs)``
    a ufunc on these inputs (`compute` computes the value where an operator does it otherwise), and ``_ufunc_method`` for its
    keywords and its methods, such as ``np.add.reduce``;
``_function(function, args, kwargs)``
    a function of arrays on these arguments.

Transforms nest, so several levels may meet in one call. The argument of the highest level answers, and treats what is not
of its level as a constant; that constant may be lifted itself, and then NumPy's next call inside arrives here again.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from .errors import TangentLossError, caller
from .foreign import is_chunked, is_sparse
from .levels import GROUND, Level
from .rules.table import Array

CONTAINERS = (list, tuple, dict)


def leaves(values: Iterable[Any]) -> Iterator[Any]:
    """The items of nested lists, tuples and dicts, one after the other."""
    for value in values:
        if not isinstance(value, CONTAINERS):
            yield value
        else:
            yield from leaves(value.values() if isinstance(value, dict) else value)


def refilled(container: Any, items: Iterable[Any]) -> Any:
    """Items in a list or tuple of the same type as another, named tuples too."""
    kind = type(container)
    return kind(items) if kind in (tuple, list) else kind(*items)


def ungrounded(value: Any) -> Any:
    """The plain array under one of the ground level; anything else as it is."""
    return value.primal if isinstance(value, Lifted) and value.level is GROUND else value


def highest(values: Iterable[Any]) -> Any:
    """The argument of the highest level, also inside containers; the first one of those that tie."""
    top: Any = None
    for value in values:
        for each in leaves((value,)) if isinstance(value, CONTAINERS) else (value,):
            if isinstance(each, Lifted) and (top is None or each.level > top.level):
                top = each
    if top is not None:
        top.level.require_alive()
    return top


# What may stand beside a lifted operand without a second look, by its exact type; filled as types are met.
_NATIVE: set[type] = {np.ndarray, np.float64, float, int, complex, bool, np.bool_, list, tuple}


def leader(operands: tuple[Any, ...]) -> Any:
    """The operand of the highest level; None if an array of another library is to answer instead."""
    top: Any = None
    for value in operands:
        kind = value.__class__
        if kind in _NATIVE:
            continue
        if isinstance(value, Lifted):
            if top is None or value.level > top.level:
                top = value
        elif _is_foreign(value, operands):
            return None
    if not top.level.alive:  # asked here to save a call: this is every operation's way
        top.level.require_alive()
    return top


def _is_foreign(value: Any, operands: tuple[Any, ...]) -> bool:
    """Whether an operand is an array of another library that should answer in our place (pint, xarray). One of the kind that
    lies under one of the duals (dask) is an operand like any other."""
    kind = value.__class__
    if isinstance(value, np.ndarray):
        if kind is not np.memmap:  # a file's array is as plain as any
            raise TangentLossError(
                f"{kind.__module__}.{kind.__name__} meets a dual number at {caller()}: this subclass of ndarray cannot carry "
                "tangents. Pass np.asarray(...) of it."
            )
    elif is_sparse(kind):
        return True
    elif is_chunked(kind):
        return False  # what it asks later, of lifted arrays too, goes through NumPy
    elif getattr(kind, "__array_ufunc__", None) is not None and not isinstance(value, np.generic):
        return all(memory(operand).__class__ is not kind for operand in operands if isinstance(operand, Lifted))
    _NATIVE.add(kind)
    return False


def _answer_of_other(ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """What a call gives with another library's array among its operands, which should answer: SciPy's sparse matrices cannot,
    and pandas keeps objects under its labels but no lifted arrays."""
    if not isinstance(compute, partial) and is_sparse(type(operands[-1])):
        return import_module("dualad.scipy.sparse").reflected(compute, *operands)
    labelled = [each.shape for each in operands if hasattr(type(each), "__pandas_priority__") and not isinstance(each, Lifted)]
    if not labelled or ufunc.signature is not None:
        return NotImplemented
    return compute(*[np.broadcast_to(np.asarray(e, object), labelled[0]) if isinstance(e, Lifted) else e for e in operands])


def duplicate(array: Any, order: Any = "C") -> Any:
    """A copy, lazy if the array is: NumPy's function would compute it."""
    return np.positive(array) if is_chunked(type(memory(array))) else np.copy(array, order)


def unary(ufunc: np.ufunc, compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """An operator of one operand."""

    def method(self: Any) -> Any:
        return self._operate(ufunc, compute, (self,))

    return method


def binary(ufunc: np.ufunc, compute: Callable[[Any, Any], Any]) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """An operator and its reflection. The ufunc names the rule; the value is computed by the operator, which for scalars and
    for powers is not quite the ufunc: ndarray's ``**`` squares and takes roots where np.power calls pow."""

    def method(self: Any, other: Any) -> Any:
        return self._operate(ufunc, compute, (self, other))

    def reflected(self: Any, other: Any) -> Any:
        return self._operate(ufunc, compute, (other, self))

    return method, reflected


def _equality(ufunc: np.ufunc, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """== or !=, which ndarray answers for any object: code asks ``x == "auto"`` where x may be an array."""

    def method(self: Any, other: Any) -> Any:
        return compare(memory(self), other) if isinstance(other, (str, bytes)) else self._operate(ufunc, compare, (self, other))

    return method


def _inplace(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return self._update(ufunc, other)

    return method


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """An ndarray method that NumPy also has as a function with the array in front."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    method.__name__ = method.__qualname__ = function.__name__
    return method


class Lifted:
    """What every lifted array does as an ndarray would, in terms of `_ufunc` and `_function`."""

    __slots__ = ("__weakref__", "level", "primal")
    __array_priority__ = 1000.0  # consulted by older code that decides who answers an operator
    __pandas_priority__ = 5000  # above its tables, which then ask us
    __hash__ = None  # type: ignore[assignment]  # a cache would hand out another call's tangent

    level: Level
    primal: Array
    tangent: Array | None = None  # a kind that carries one has a slot of that name
    recorded = False  # whether what is done with it is written down, so that its value is an example only

    def _wrap(self, y: Any, tangent: Any) -> Any:
        """NumPy's answer, lifted to the level of self."""
        raise NotImplementedError

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        raise NotImplementedError

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        raise NotImplementedError

    # -- NumPy's protocols -----------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if not kwargs and method == "__call__":  # by far the most calls
            top = leader(inputs)
            if top is not None:
                return top._ufunc(ufunc, inputs)
        out = kwargs.get("out")
        top = leader(inputs if out is None else (*inputs, *out))
        if top is None:
            return _answer_of_other(ufunc, partial(getattr(ufunc, method), **kwargs), inputs)
        return top._ufunc_method(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if len(types) > 1 and not all(kind in _NATIVE or issubclass(kind, Lifted) for kind in types):
            items = tuple(leaves((*args, *kwargs.values())))
            if any(
                _is_foreign(each, items) for each in items if each.__class__ not in _NATIVE and not isinstance(each, Lifted)
            ):
                return NotImplemented
        top = highest((*args, *kwargs.values()) if kwargs else args)
        return (self if top is None else top)._function(function, args, kwargs)  # None: self was given as `like=`

    # -- operators -------------------------------------------------------------------------------------------------------

    def _operate(self, ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """An operator; Python asks the other operand when the answer is NotImplemented."""
        top = leader(operands)
        return _answer_of_other(ufunc, compute, operands) if top is None else top._ufunc(ufunc, operands, compute)

    def _update(self, ufunc: np.ufunc, other: Any) -> Any:
        """An in-place operator: writes into this array where it can be written, else makes a new value."""
        return ufunc(self, other) if is_chunked(type(memory(self))) else ufunc(self, other, out=self)

    __add__, __radd__ = binary(np.add, operator.add)
    __sub__, __rsub__ = binary(np.subtract, operator.sub)
    __mul__, __rmul__ = binary(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = binary(np.divide, operator.truediv)
    __floordiv__, __rfloordiv__ = binary(np.floor_divide, operator.floordiv)
    __mod__, __rmod__ = binary(np.remainder, operator.mod)
    __divmod__, __rdivmod__ = binary(np.divmod, divmod)
    __pow__, __rpow__ = binary(np.power, operator.pow)
    __matmul__, __rmatmul__ = binary(np.matmul, operator.matmul)
    __lt__, __gt__ = binary(np.less, operator.lt)
    __le__, __ge__ = binary(np.less_equal, operator.le)
    __eq__, __ne__ = _equality(np.equal, operator.eq), _equality(np.not_equal, operator.ne)
    __neg__ = unary(np.negative, operator.neg)
    __pos__ = unary(np.positive, operator.pos)
    __abs__ = unary(np.absolute, abs)
    __iadd__, __isub__, __imul__ = _inplace(np.add), _inplace(np.subtract), _inplace(np.multiply)
    __itruediv__, __ifloordiv__ = _inplace(np.divide), _inplace(np.floor_divide)
    __imod__, __ipow__, __imatmul__ = _inplace(np.remainder), _inplace(np.power), _inplace(np.matmul)

    def __bool__(self) -> bool:
        self.level.require_alive()
        return bool(self.primal)

    def __int__(self) -> int:
        self.level.require_alive()
        return int(self.primal)

    def __round__(self, ndigits: int | None = None) -> Any:
        return int(np.rint(self)) if ndigits is None else np.round(self, ndigits)

    def __trunc__(self) -> int:
        return int(self)

    def __floor__(self) -> int:
        return int(np.floor(self))

    def __ceil__(self) -> int:
        return int(np.ceil(self))

    # -- what an ndarray tells about itself ------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape

    @property
    def ndim(self) -> int:
        return self.primal.ndim

    @property
    def size(self) -> int:
        return self.primal.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.primal.dtype

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def flags(self) -> Any:
        return memory(self).flags

    @property
    def strides(self) -> tuple[int, ...]:
        return memory(self).strides

    # -- ndarray's methods -----------------------------------------------------------------------------------------------

    T = property(np.transpose)
    mT = property(np.matrix_transpose)
    real = property(np.real)
    imag = property(np.imag)

    all, any, argmax, argmin, argsort = map(_method, (np.all, np.any, np.argmax, np.argmin, np.argsort))
    sum, prod, mean, var, std = map(_method, (np.sum, np.prod, np.mean, np.var, np.std))
    max, min, cumsum, cumprod = map(_method, (np.max, np.min, np.cumsum, np.cumprod))
    clip, round = map(_method, (np.clip, np.round))
    ravel, squeeze, swapaxes, diagonal, trace = map(_method, (np.ravel, np.squeeze, np.swapaxes, np.diagonal, np.trace))
    repeat, take, choose, nonzero = map(_method, (np.repeat, np.take, np.choose, np.nonzero))
    searchsorted, argpartition, put, dot = map(_method, (np.searchsorted, np.argpartition, np.put, np.dot))

    def conjugate(self, out: Any = None) -> Any:
        """A real array itself, as ndarray's method; the function makes a copy."""
        return self if out is None and self.dtype.kind != "c" else np.conjugate(self, out=out)

    conj = conjugate

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        return np.compress(condition, self, axis, out)

    def reshape(self, *shape: Any, order: Any = "C", copy: bool | None = None) -> Any:
        """A view where NumPy gives one; the shape as one tuple or as integers."""
        how = {} if order == "C" and copy is None else {"order": order, "copy": copy}  # lazy arrays know neither
        return np.reshape(self, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape, **how)

    def transpose(self, *axes: Any) -> Any:
        """A view with permuted axes, given as one tuple or as integers; reversed if none are given."""
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def copy(self, order: Any = "C") -> Any:
        return duplicate(self, order)

    def flatten(self, order: Any = "C") -> Any:
        return duplicate(np.ravel(self, *(order,) * (order != "C")))

    def item(self, *index: Any) -> Any:
        """One element as a scalar that keeps its tangent."""
        if not index:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return self.reshape(1)[0]
        place = index[0] if isinstance(index[0], tuple) else index
        array: Any = self if len(place) == self.ndim else self.reshape(-1)
        return array[place]

    def tolist(self) -> Any:
        """Nested lists of scalars that keep their tangents."""
        array: Any = self
        return [array[i].tolist() for i in range(len(array))] if self.ndim else self.item()

    def __index__(self) -> int:
        raise TangentLossError(
            f"a dual number is a float and cannot serve as an index, as it does at {caller()}; write int(x), which answers "
            "from the primal"
        )


class LiftedScalar:
    """What every lifted scalar is, whose value is a scalar of NumPy's or a number of Python's."""

    __slots__ = ()
    dtype: np.dtype[Any]


def memory(array: Array) -> Array:
    """The plain array at the bottom of all levels, to ask for what does not depend on its values: its type, how it lies."""
    while isinstance(array, Lifted):
        array = array.example if array.recorded else array.primal  # type: ignore[attr-defined]  # a recorded one has an example
    return array


def is_recorded(value: Any) -> bool:
    """Whether what is done with a value is written down, at the bottom of all levels."""
    while isinstance(value, Lifted) and not value.recorded:
        value = value.primal
    return isinstance(value, Lifted)


def describe(value: Any) -> str:
    """`primal + tangent ε`, on one line for scalars; nested duals have their level below ε."""
    if not isinstance(value, Lifted):
        return f"{value:.6g}" if np.ndim(value) == 0 else np.array2string(value, precision=6, separator=", ")
    if value.recorded:
        return repr(value)
    nested = isinstance(value.primal, Lifted)
    primal = f"({describe(value.primal)})" if nested else describe(value.primal)
    tangent = value.tangent
    if tangent is None:
        return primal
    text = describe(tangent[0] if len(tangent) == 1 else tangent)
    level = str(int(value.level)).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")) if nested else ""
    return f"{primal} + {f'({text})' if isinstance(tangent, Lifted) else text}ε{level}"
