"""Dual: an array that carries its tangents.

A dual number a + b ε with ε² = 0 computes a function's value in `a` and its derivative along `b` in one run. Here `a` is an
array, the *primal*, and `b` holds k *tangents* at once, of shape (k, *a.shape): the direction axis comes first, so each
direction is contiguous and one call serves them all. What a dual does with a NumPy call stands in `interpreter`; here stands
what it is to the code that meets it: an ndarray, or a NumPy scalar, that does not let itself be made a plain one.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from . import notes, storage
from .chunks import lies_in_chunks
from .errors import TangentLossError, refuse
from .interpreter import WEAK, Interpreter
from .levels import Level
from .lift import Lifted, LiftedScalar, describe, duplicate, memory
from .linear import Linear
from .locks import Lock
from .numeric import Number, as_numpys
from .objects import array_of_objects
from .rules.table import RULES, Array, innermost
from .terms import expanded
from .watching import carries

LOOKS_FOR_MEMORY = 0x011C
"""PyBUF_FULL_RO: what ``memoryview(x)`` asks for, and so NumPy, which takes a refusal for an answer and asks ``__array__``."""

_new = object.__new__


def dual(primal: Array, tangent: Array | None, level: Level) -> Any:
    """A Dual of the kind that its primal asks for: an array, or a scalar."""
    if primal.__class__ is np.ndarray or not isinstance(primal, (np.generic, float, complex, LiftedScalar)):
        if primal.__class__ not in (np.ndarray, np.memmap) and isinstance(primal, np.ndarray):
            name = f"{primal.__class__.__module__}.{primal.__class__.__name__}"
            refuse(f"an operation that gives a {name}", "this subclass of ndarray cannot carry it; compute with plain arrays")
        new: Any = object.__new__(DualArray)
        new._base = new._recipe = new._views = new._noted = None
    else:
        is_plain = primal.__class__ in FLOATS and (tangent is None or tangent.__class__ in SLOPES)
        new = object.__new__(DualNumber if is_plain else DualComplex if _is_complex(primal) else DualReal)
    new.primal, new.tangent, new.level, new._label = primal, tangent, level, None
    return new


def later(primal: Array, terms: Any, level: Level) -> Any:
    """A Dual whose tangent is not multiplied out."""
    new: Any = object.__new__(DeferredArray)
    new._base = new._recipe = new._views = new._noted = None
    new.primal, new.level, new._label = primal, level, terms
    return new


def _is_complex(primal: Any) -> bool:
    """Whether a scalar is complex."""
    return primal.dtype.kind == "c" if isinstance(primal, LiftedScalar) else isinstance(primal, (complex, np.complexfloating))


class Dual(Interpreter):
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

    __slots__ = ()

    def __new__(cls, primal: Array, tangent: Array | None, level: Level) -> Any:
        return dual(primal if isinstance(primal, Lifted) else np.asarray(primal)[()], tangent, level)

    def _lift(self, primal: Any, tangent: Any) -> Any:
        if primal.__class__ is not np.ndarray:
            return dual(primal, tangent, self.level)
        new: Any = _new(DualArray)
        new.primal, new.tangent, new.level = primal, tangent, self.level
        new._base = new._recipe = new._views = new._noted = new._label = None
        return new

    def _later(self, primal: Any, terms: Any) -> Any:
        return later(primal, terms, self.level)

    # -- what cannot be a dual -------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self.level.require_alive()
        if dtype is not None and np.dtype(dtype).kind in "biu":
            return np.asarray(innermost(self)).astype(dtype)
        if not storage.is_constant(self):
            if dtype is None or np.dtype(dtype).kind == "O":
                return array_of_objects(self, bool(copy))
            refuse(f"a conversion of x to an array of {np.dtype(dtype)}", "use np.asarray(x), np.zeros_like(x) or x itself")
        plain = np.array(innermost(self), dtype=dtype, copy=copy)
        if np.may_share_memory(plain, innermost(self)):
            storage.lend(self)
        return plain

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

    def __dask_tokenize__(self) -> NoReturn:
        refuse("a function of dask's own, which would keep it for later,", "use NumPy's, np.where for da.where: it is lazy too")

    def __copy__(self, memo: Any = None) -> Any:
        return self.copy("K")

    __deepcopy__ = __copy__

    def __buffer__(self, flags: int) -> memoryview:  # asked from Python 3.12 on
        if flags == LOOKS_FOR_MEMORY:
            raise TypeError("memoryview: a bytes-like object is required, not a dual number; take dualad.primal_of(x) first")
        if not storage.is_constant(self):
            refuse("compiled code that reads memory", "take dualad.primal_of(x) first")
        return memoryview(storage.lend(self))

    def tobytes(self, *args: Any) -> bytes:
        if not storage.is_constant(self):
            refuse("x.tobytes()", "take dualad.primal_of(x) first")
        return bytes(innermost(self).tobytes(*args))

    @property
    def data(self) -> memoryview:
        if not storage.is_constant(self):
            refuse("x.data", "take dualad.primal_of(x) first")
        return memoryview(storage.lend(self))

    # -- text ------------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return str(memory(self))

    def __format__(self, spec: str) -> str:
        return format(memory(self), spec)

    def __repr__(self) -> str:
        return f"Dual({describe(self)})"


class DualArray(Dual):
    """A Dual with ndarray's semantics: indexing gives views, writing changes what they share."""

    __slots__ = ("_base", "_lent", "_noted", "_recipe", "_views")

    _base: DualArray | None
    _noted: notes.Notes | None
    _recipe: Any
    _views: storage.Views | None
    _elements: tuple[type[Dual], ...]  # the kind of a single element

    __getitem__ = storage.getitem
    __setitem__ = storage.setitem

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Any:
        return map(self.__getitem__, range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def _set_real(self, value: Any) -> None:
        np.real(self)[...] = value

    def _set_imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imaginary part of a real array")
        np.imag(self)[...] = value

    def _set_flat(self, value: Any) -> None:
        storage.Flat(self)[:] = value

    shape = Lifted.shape.setter(storage.set_shape)  # type: ignore[attr-defined]
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
        return self._wrap(self.primal.astype(dtype), self.tangent) if lies_in_chunks(self) else np.astype(self, dtype)

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        self[...] = np.sort(self, axis, kind, order, stable=stable)

    def item(self, *index: Any) -> Any:
        """One element, which promotes as weakly as the Python number that NumPy would give."""
        return _weak(super().item(*index))

    def resize(self, *shape: Any, refcheck: bool = True) -> None:
        """Other memory of another size, zeros behind what there was."""
        shape = shape[0] if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else shape
        storage.resize(self, shape)

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        self[...] = np.partition(self, kth, axis, kind, order)

    def setflags(self, write: bool | None = None, align: bool | None = None, uic: bool | None = None) -> None:
        memory(self).setflags(write=write, align=align, uic=uic)

    def view(self, *args: Any, **kwargs: Any) -> Any:
        """x[...], or what ndarray gives if nothing is lost by it."""
        if not args and not kwargs:
            return self[...]
        if not storage.is_constant(self):
            as_what = ", ".join(f"{each.__module__}.{each.__name__}" for each in args if isinstance(each, type)) or "dtype"
            refuse(f"x.view({as_what})", "an array of that kind cannot carry it; use x.astype, x.real, x.imag, or x itself")
        return storage.lend(self).view(*args, **kwargs)


_settling = Lock()
_fill = vars(Interpreter)["tangent"].__set__  # what the class below hides


class DeferredArray(DualArray):
    """A DualArray with terms in place of its tangent, until somebody asks for that: then it is one like any other."""

    __slots__ = ()

    _deferred = True

    @property
    def tangent(self) -> Any:
        with _settling:
            if self.__class__ is DeferredArray:
                self.tangent = expanded(self._label, self.primal.shape, self.primal.dtype)
                notes.note(self)
        return self.tangent

    @tangent.setter
    def tangent(self, tangent: Any) -> None:
        _fill(self, tangent)
        self.__class__ = DualArray  # type: ignore[assignment]

    def copy(self, order: Any = "C") -> Any:
        """A copy with the same terms: nobody writes into those."""
        terms = self._label
        if terms is None or not self.level.alive or not carries(self.level):
            return super().copy(order)
        return later(duplicate(self.primal, order), terms, self.level)


class PendingArray(DualArray):
    """A DualArray with steps in place of its tangent (`pending`), until somebody asks for that."""

    __slots__ = ()

    @property
    def tangent(self) -> Any:
        with _settling:
            if self.__class__ is PendingArray:
                tape, step = self._label
                self.tangent = tape.tangent(step, self.primal)
        return self.tangent

    @tangent.setter
    def tangent(self, tangent: Any) -> None:
        _fill(self, tangent)
        self.__class__ = DualArray  # type: ignore[assignment]
        self._label = None


class DualScalar(Dual, LiftedScalar):
    """A Dual whose primal is a scalar: immutable, without length, like np.float64 or Python's float."""

    __slots__ = ()

    shape: tuple[int, ...] = ()
    ndim, size = 0, 1

    @property
    def dtype(self) -> np.dtype[Any]:
        primal = self.primal
        return np.dtype(type(primal)) if type(primal) in WEAK else primal.dtype

    def _operate(self, ufunc: np.ufunc, compute: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
        """Python's floats among themselves stay Python's floats: they promote an array's dtype less than np.float64 would.
        They are computed as NumPy's, though, for which 1 / 0.0 is infinite and (-8.0) ** 0.5 is nan."""
        if (
            compute is ufunc
            or isinstance(self.primal, np.generic)
            or not all(type(memory(operand)) in WEAK for operand in operands)
        ):
            return super()._operate(ufunc, compute, operands)
        return _weak(super()._operate(ufunc, as_numpys(compute), operands))

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


class DualReal(DualScalar):
    """A real number with its tangents."""

    __slots__ = ()


class DualNumber(Number, DualReal):
    """A float with its tangents, or such a number of a lower level."""

    __slots__ = ()


FLOATS = (float, np.float64, DualNumber)


class DualComplex(DualScalar):
    """A complex number with its tangents."""

    __slots__ = ()


SLOPES = (np.ndarray, DualArray, Linear)
"""The tangents of single floats for which the shortest way is right."""

DualArray._elements = (DualNumber,)
numbers.Real.register(DualReal)
numbers.Complex.register(DualComplex)


def _weak(value: Any) -> Any:
    """A scalar as Python's own number, at the bottom of all levels."""
    if isinstance(value, DualScalar):
        return dual(_weak(value.primal), value.tangent, value.level)
    return value.item() if isinstance(value, np.inexact) else value


def _element_method(ufunc: np.ufunc) -> Callable[..., Any]:
    """On an object array np.sin calls the method `sin` of every element."""

    def method(self: DualScalar, *others: Any) -> Any:
        return ufunc(self, *others)

    return method


for _ufunc in RULES:
    _name = _ufunc.__name__
    if isinstance(_ufunc, np.ufunc) and any("O" in types for types in _ufunc.types) and not hasattr(DualScalar, _name):
        setattr(DualScalar, _name, _element_method(_ufunc))
