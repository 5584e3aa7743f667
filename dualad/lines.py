"""Lines of a graph: one call each, with its arguments in any containers; what they are called, and how they are compared."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

Function = Callable[..., Any]


class Line:
    """One call, or an input (its function is None)."""

    __slots__ = ("_inputs", "args", "dtype", "function", "keywords", "kind", "name", "number", "shape")

    def __init__(self, function: Function | None, args: tuple[Any, ...], keywords: dict[str, Any], value: Any) -> None:
        self.function, self.args, self.keywords = function, args, keywords
        self.kind, self.shape, self.dtype = kind_of(value)
        self.number, self.name = -1, ""
        self._inputs = lines_in((args, keywords))

    def inputs(self) -> Iterator[Line]:
        """The lines among the arguments, in any containers."""
        return iter(self._inputs)

    @property
    def type(self) -> str:
        """dtype and shape as text: float64[3, 2]."""
        if self.kind == "structure":
            return "tuple"
        if self.kind == "number":
            return "float" if self.dtype.kind == "f" else "complex"
        return f"{self.dtype}" + (f"[{', '.join(map(str, self.shape))}]" if self.kind == "array" else "")


class Guard(NamedTuple):
    """A line whose value decided how the run went on, and what it was; checked before line number `before` is computed."""

    line: Line
    outcome: Any
    before: int
    place: str


def kind_of(value: Any) -> tuple[str, tuple[int, ...], np.dtype[Any]]:
    """Whether a value is an array, a scalar of NumPy's, a number of Python's or a structure of those; its shape and dtype."""
    if isinstance(value, np.ndarray):
        return "array", value.shape, value.dtype
    if isinstance(value, np.generic):
        return "scalar", (), value.dtype
    if isinstance(value, (float, complex)):
        return "number", (), np.dtype(type(value))
    return "structure", (), np.dtype(object)


def lines_in(value: Any) -> list[Line]:
    """The lines in nested tuples, lists, dicts and slices."""
    found: list[Line] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Line]) -> None:
    if isinstance(value, Line):
        found.append(value)
    elif isinstance(value, (tuple, list)):
        for each in value:
            _collect(each, found)
    elif isinstance(value, dict):
        for each in value.values():
            _collect(each, found)
    elif isinstance(value, slice):
        _collect((value.start, value.stop, value.step), found)


def replaced(value: Any, function: Callable[[Line], Any]) -> Any:
    """The same containers with something else in place of each line."""
    if isinstance(value, Line):
        return function(value)
    if isinstance(value, tuple):
        items = [replaced(each, function) for each in value]
        return tuple(items) if type(value) is tuple else type(value)(*items)
    if isinstance(value, list):
        return [replaced(each, function) for each in value]
    if isinstance(value, dict):
        return {key: replaced(each, function) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(*[replaced(each, function) for each in (value.start, value.stop, value.step)])
    return value


def name_of(line: Line) -> str:
    """The name of a line's function: numpy.linalg.inv is linalg.inv."""
    function = line.function
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{owner.__name__}.{function.__name__}"  # type: ignore[union-attr]  # a ufunc's method
    module = getattr(function, "__module__", None) or ""
    prefix = module.partition("numpy.")[2]
    name = getattr(function, "__name__", repr(function))
    return f"{prefix}.{name}" if prefix in ("linalg", "fft") else name


def key_of(value: Any) -> Any:
    """Something to find a constant or a line by: equal for what is the same in a program, so 1, 1.0 and True differ."""
    if isinstance(value, Line):
        return value
    if isinstance(value, (tuple, list)):
        return (type(value), *map(key_of, value))
    if isinstance(value, dict):
        return (dict, *((name, key_of(each)) for name, each in value.items()))
    if isinstance(value, slice):
        return (slice, key_of(value.start), key_of(value.stop), key_of(value.step))
    if isinstance(value, (float, complex, np.generic)):
        return (type(value), repr(value))  # nan is itself, and 0.0 not -0.0
    try:
        hash(value)
    except TypeError:
        return (type(value), id(value))  # the line keeps the object, so nothing else can have its identity
    return (type(value), value)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, of the same type, nan being itself."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        exact = one.dtype.kind in "fc"
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other, equal_nan=exact)
    if isinstance(one, (float, np.floating)):
        return bool(one == other or (one != one and other != other))
    return bool(one is other or one == other)


def short(value: Any) -> str:
    """A value on one line."""
    return f"array of shape {value.shape}" if isinstance(value, np.ndarray) and value.ndim else repr(value)


def text_of(value: Any, names: Mapping[Line, str]) -> str:
    """An argument as text, lines by their names."""
    if isinstance(value, Line):
        return names[value]
    if isinstance(value, np.ndarray):
        return f"<{value.dtype}[{', '.join(map(str, value.shape))}]>" if value.size > 4 else str(value.tolist())
    if isinstance(value, np.generic):
        return str(value)
    if isinstance(value, (tuple, list)):
        inside = ", ".join(text_of(each, names) for each in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, slice):
        return key_text(value, names)
    return getattr(value, "__name__", None) or repr(value)


def key_text(key: Any, names: Mapping[Line, str]) -> str:
    """An index as it is written between brackets."""
    if isinstance(key, tuple):
        return ", ".join(key_text(each, names) for each in key)
    if isinstance(key, slice):
        parts = ["" if each is None else text_of(each, names) for each in (key.start, key.stop, key.step)]
        return ":".join(parts if key.step is not None else parts[:2])
    return "..." if key is Ellipsis else text_of(key, names)


def call_text(line: Line, names: Mapping[Line, str], hidden: bool) -> str:
    """A line's call as text; an input that is `hidden` came from outside the function."""
    if line.function is None:
        return f"{'outside' if hidden else 'input'} {line.name}"
    parts = [text_of(each, names) for each in line.args]
    if line.function is operator.getitem:
        return f"{parts[0]}[{key_text(line.args[1], names)}]"
    parts += [f"{name}={text_of(each, names)}" for name, each in line.keywords.items()]
    return f"{name_of(line)}({', '.join(parts)})"
