"""Functions whose code shows that nothing counts but what they are given, and some values from outside that can be watched.

Such a function does the same whenever these are the same: it may be recorded without anybody asking for it. To be one its code,
and that of the functions that it calls, may use NumPy's functions that have a rule, arithmetic, indexing, loops, containers of
its own, and of what is outside numbers, text, tuples of them, arrays, and such functions again. Code that imports, opens a
block by ``with``, catches exceptions, prints, sets an attribute or a name outside, or reaches an object of anybody's, is not
followed. Only names and instructions are read: where an attribute is asked of a value, all that arrays, lists and texts have
under that name must be harmless.
"""

from __future__ import annotations

import builtins
import dis
import sys
from collections.abc import Collection, Iterator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .rules.groups import rule_of
from .rules.table import Refused
from .standins import CALLERS, CREATORS, is_infrastructure

MANY = 50
"""Functions that call more others than so many are not followed."""

BUILTINS = frozenset(
    [
        *(abs, all, any, bool, complex, dict, divmod, enumerate, filter, float, int, isinstance, iter, len, list, map, max),
        *(min, next, pow, range, reversed, round, slice, sorted, sum, tuple, zip),
    ]
)
"""Python's own functions that do nothing but give an answer, which follows from what they are given."""

MODULES = ("numpy", "numpy.linalg", "numpy.fft", "math", "cmath", "scipy.special")
"""Modules whose functions may be called by attribute."""

METHODS = frozenset(
    [
        *("T", "mT", "real", "imag", "shape", "ndim", "size", "dtype", "flat", "kind", "itemsize", "start", "stop", "step"),
        *("all", "any", "argmax", "argmin", "argsort", "astype", "choose", "clip", "compress", "conj", "conjugate", "copy"),
        *("cumprod", "cumsum", "diagonal", "dot", "fill", "flatten", "item", "max", "mean", "min", "nonzero", "partition"),
        *("prod", "put", "ravel", "repeat", "reshape", "round", "searchsorted", "sort", "squeeze", "std", "sum", "swapaxes"),
        *("take", "tolist", "trace", "transpose", "var"),
        *("append", "extend", "insert", "pop", "remove", "reverse", "clear", "count", "index"),
        *("items", "keys", "values", "get", "setdefault", "update"),
        *("startswith", "endswith", "lower", "upper"),
        *("reduce", "accumulate", "outer", "at", "reduceat"),
    ]
)
"""Attributes that may be asked of any value. What they write into is the function's own, or is seen to have been written."""

NATIVE = (type(None), bool, int, float, complex, str, bytes, type(Ellipsis), range)
CONSTANTS = frozenset((*NATIVE, *np.sctypeDict.values())) - {np.void}
"""Types of what is the same for as long as it is the same object; not types derived from them, which may do anything."""

LAYOUTS, FLAT = frozenset("AKak"), frozenset(("ravel", "flatten", "reshape"))
"""Texts, and what they are given to, that make values depend on how an array lies in memory, which is no part of its kind."""

LOADS = frozenset(("LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF"))
ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
PLAIN = frozenset(
    [
        *("RESUME", "NOP", "CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL", "POP_TOP", "SWAP", "COPY", "KW_NAMES", "NOT_TAKEN"),
        *("LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_AND_CLEAR", "LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW", "DELETE_FAST"),
        *("LOAD_FAST_BORROW_LOAD_FAST_BORROW", "STORE_FAST", "STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST", "LOAD_CONST"),
        *("LOAD_SMALL_INT", "RETURN_VALUE", "RETURN_CONST", "MAKE_CELL", "COPY_FREE_VARS", "LOAD_CLOSURE", "MAKE_FUNCTION"),
        *("SET_FUNCTION_ATTRIBUTE", "BINARY_OP", "BINARY_SUBSCR", "BINARY_SLICE", "STORE_SUBSCR", "STORE_SLICE"),
        *("DELETE_SUBSCR", "UNARY_NEGATIVE", "UNARY_POSITIVE", "UNARY_NOT", "UNARY_INVERT", "COMPARE_OP"),
        *("CONTAINS_OP", "TO_BOOL", "CALL", "CALL_KW", "CALL_FUNCTION_EX", "BUILD_LIST", "BUILD_TUPLE", "BUILD_MAP"),
        *("BUILD_SLICE", "BUILD_CONST_KEY_MAP", "LIST_APPEND", "LIST_EXTEND", "LIST_TO_TUPLE", "MAP_ADD", "DICT_MERGE"),
        *("DICT_UPDATE", "UNPACK_SEQUENCE", "UNPACK_EX", "GET_ITER", "FOR_ITER", "END_FOR", "POP_ITER", "GET_LEN"),
        *("RERAISE", "RETURN_GENERATOR", "YIELD_VALUE", "LOAD_ASSERTION_ERROR", "LOAD_COMMON_CONSTANT", "RAISE_VARARGS"),
    ]
)
"""Instructions that touch nothing but the function's own values; those that jump do so too."""

INTRINSICS = frozenset((3, 5, 6))
"""Of CALL_INTRINSIC_1: the end of a generator, the sign plus, and the tuple of a list."""

GENERATOR = 0x20 | 0x80 | 0x100 | 0x200
"""Flags of code that is a generator or a coroutine."""


class Name(NamedTuple):
    """A name outside: which of the functions sees it, and whether in a cell."""

    place: int
    cell: bool
    name: str


class Watched(NamedTuple):
    """What a name outside stands for: the function that sees it, the type of what it was, and that itself unless it is an
    array; and whether it varies. Then it is given to what was recorded, else it is compared. `builtin` if the name is one of
    Python's own, which the module has no other meaning for."""

    function: Any
    kind: type
    value: Any
    varies: bool
    builtin: bool


class Closed:
    """A function that is closed but for what is watched.

    Attributes
    ----------
    root
        The function, with nothing in its cells: it and what it sees may go.
    functions
        It, and those that it calls by name.
    watched
        What they see by name from outside.
    given
        The names of what varies: arrays, and the numbers that stand for what is in `varying`.
    """

    def __init__(self, function: FunctionType, varying: Collection[Name] = ()) -> None:
        self.root = _copy(function, function.__globals__)
        self.functions: dict[FunctionType, int] = {}
        self.watched: dict[Name, Watched] = {}
        self.varying = varying
        self.layout = self.flat = False
        pending = [function]
        while pending:
            each = pending.pop()
            if each not in self.functions:
                self.functions[each] = len(self.functions)
                if len(self.functions) > MANY or each.__dict__ or not _is_constant(each.__defaults__):
                    raise Open
                pending += self._read(each)
                self.layout |= _names_layout(each.__defaults__)
        if self.layout and self.flat:
            raise Open
        self.functions = {each if place else self.root: place for each, place in self.functions.items()}
        for name, seen in self.watched.items():
            own = self.root if seen.value is function else seen.value
            self.watched[name] = seen._replace(function=seen.function if name.place else self.root, value=own)
        self.given = [name for name, seen in self.watched.items() if seen.varies]

    def with_given(self, values: list[Any]) -> FunctionType:
        """The function, seeing other values in the place of those that vary."""
        return _Copies(self, dict(zip(self.given, values, strict=True))).of(self.root)

    @property
    def numbers(self) -> dict[Name, Any]:
        """The floats that names stand for, unless they vary."""
        floats = (float, np.float64)
        return {name: seen.value for name, seen in self.watched.items() if seen.kind in floats and not seen.varies}

    def moved(self, before: dict[Name, Any]) -> set[Name]:
        """The names of numbers that were others before, and may vary."""
        now = self.numbers
        same = [name for name in before if name in now and type(before[name]) is type(now[name])]
        return {name for name in same if before[name] is not now[name]}

    # -- reading code --------------------------------------------------------------------------------------------------------

    def _read(self, function: FunctionType) -> Iterator[FunctionType]:
        """See that a function's code does nothing of its own, and give the functions that it calls by name."""
        codes = [function.__code__]
        if function.__code__.co_flags & GENERATOR or function.__code__.co_kwonlyargcount:  # their defaults change in place
            raise Open
        own = getattr(function, "__builtins__", None)
        if type(function.__globals__) is not dict or own is not vars(builtins):  # they may do anything
            raise Open
        while codes:
            code = codes.pop()
            codes += [each for each in code.co_consts if isinstance(each, CodeType)]
            self.layout |= _names_layout(code.co_consts)
            self.flat |= not FLAT.isdisjoint(code.co_names)
            if code.co_flags & GENERATOR and code.co_name != "<genexpr>":
                raise Open
            module: Any = None  # what the last instruction has loaded, if it is a module
            loaded: Any = self  # and if it is a constant
            for each in dis.get_instructions(code):
                kind, name = each.opname, each.argval
                if kind in ("EXTENDED_ARG", "CACHE", "PUSH_NULL"):
                    continue
                last, loaded = loaded, name if kind == "LOAD_CONST" else self
                if module is not None:
                    module = _attribute(module, name if kind in ATTRIBUTES else "")
                elif kind in LOADS:
                    value = self._seen(function, kind == "LOAD_GLOBAL", name)
                    module = value if isinstance(value, ModuleType) else None
                    if isinstance(value, FunctionType) and not _answers(value):
                        yield value
                elif kind in ATTRIBUTES:
                    if name not in METHODS:
                        raise Open
                elif kind == "IS_OP":
                    if not any(last is each for each in (None, True, False)):  # of two arrays it tells too much
                        raise Open
                elif kind == "STORE_DEREF":
                    if name in function.__code__.co_freevars:
                        raise Open
                elif kind == "CALL_INTRINSIC_1":
                    if each.arg not in INTRINSICS:
                        raise Open
                elif kind not in PLAIN and "JUMP" not in kind:
                    raise Open

    def _seen(self, function: FunctionType, is_global: bool, name: str) -> Any:
        """What a name stands for in a function's code; None if that is the function's own."""
        if is_global:
            value = function.__globals__.get(name)
            own = value is None and name not in function.__globals__
            known = getattr(builtins, name, builtins) if own else value
        elif name in function.__code__.co_freevars:
            try:
                value = known = cell_of(function, name).cell_contents
            except ValueError:  # empty yet
                raise Open from None
        else:
            return None  # of the function that this one stands in
        if not _is_known(known):
            raise Open
        self.layout |= _names_layout(value)
        self.flat |= getattr(value, "__name__", "") in FLAT
        found = Name(self.functions[function], not is_global, name)
        array = type(value) is np.ndarray
        held, varies = None if array else known, array or found in self.varying
        self.watched.setdefault(found, Watched(function, type(value), held, varies, is_global and own))
        return known


class Open(Exception):
    """A function is not closed, or nobody knows."""


def closed(function: Any, varying: Collection[Name] = ()) -> Closed | None:
    """What there is to know of a function that is closed; None of one that is not, or that has no Python code."""
    try:
        return Closed(function, varying) if type(function) is FunctionType else None
    except Open:
        return None


def cell_of(function: FunctionType, name: str) -> Any:
    """The cell in which a function sees a name."""
    return (function.__closure__ or ())[function.__code__.co_freevars.index(name)]


class _Copies:
    """Copies of functions that see each other, and other values; everything else they see as it was."""

    def __init__(self, original: Closed, values: dict[Name, Any]) -> None:
        self.original, self.values = original, values
        self.made: dict[FunctionType, FunctionType] = {}

    def of(self, function: FunctionType) -> FunctionType:
        if function in self.made:
            return self.made[function]
        place = self.original.functions[function]
        names: dict[str, Any] = {"__name__": function.__module__, "__builtins__": builtins}
        self.made[function] = copy = _copy(function, names)
        for name, each in self.original.watched.items():
            if name.place == place:
                value = self.values.get(name, each.value)
                if isinstance(value, FunctionType) and value in self.original.functions:
                    value = self.of(value)
                if name.cell:
                    cell_of(copy, name.name).cell_contents = value
                elif not each.builtin:
                    names[name.name] = value
        return copy


def _copy(function: FunctionType, names: dict[str, Any]) -> FunctionType:
    """A function of the same code that sees other names, and nothing in its cells yet."""
    cells = tuple([CellType() for _ in function.__code__.co_freevars])
    copy = FunctionType(function.__code__, names, function.__name__, function.__defaults__, cells)
    copy.__qualname__ = function.__qualname__
    return copy


def _is_constant(value: Any) -> bool:
    """Whether a value is the same for as long as it is the same object."""
    return all(map(_is_constant, value)) if type(value) is tuple else type(value) in CONSTANTS or isinstance(value, np.dtype)


def _names_layout(value: Any) -> bool:
    """Whether a value is a text that names a layout, or holds one."""
    return any(map(_names_layout, value)) if type(value) is tuple else type(value) is str and value in LAYOUTS


def _is_known(value: Any) -> bool:
    """Whether it is known of a value what code can do with it; a function's code is still to be read then."""
    if isinstance(value, FunctionType):
        return _answers(value) or not is_infrastructure(value.__module__)
    if isinstance(value, ModuleType):
        return value.__name__ in MODULES
    if type(value) is np.ndarray:
        return value.dtype.kind in "biufc"
    return _is_constant(value) or _answers(value)


def _answers(value: Any) -> bool:
    """Whether something does nothing but give an answer when it is called, or writes into arrays that it is given."""
    if isinstance(value, type):
        raised = value.__module__ == "builtins" and issubclass(value, Exception)
        return value in BUILTINS or issubclass(value, np.generic) or raised
    if isinstance(value, np.ufunc):
        modules = [sys.modules.get(name) for name in ("numpy", "scipy.special")]
        return any(getattr(module, value.__name__, None) is value for module in modules)
    if type(value) is BuiltinFunctionType and (value in BUILTINS or value.__module__ in ("math", "cmath")):
        return True
    if not callable(value) or not str(getattr(value, "__module__", "")).startswith(("numpy", "scipy.")):
        return False
    rule = rule_of(value)
    return value in CREATORS or value in CALLERS or (rule is not None and not isinstance(rule, Refused))


def _attribute(module: ModuleType, name: str) -> ModuleType | None:
    """A module's attribute, if that is a module again; it is seen to be harmless."""
    value = getattr(module, name, None) if name else module
    if isinstance(value, ModuleType) and value is not module and value.__name__ in MODULES:
        return value
    if isinstance(value, ModuleType) or not (_is_constant(value) or _answers(value)):
        raise Open
    return None
