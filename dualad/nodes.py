"""Node: a lifted array that writes down what is done with it.

A node runs every NumPy call on an example, the value for which the program is recorded, so shapes, dtypes, views and errors are
NumPy's own; and it adds the call as a line to the graph. What NumPy answers with an array that shares memory with a node's
example is a view here too: it keeps its base, and after a write into either of them its line is made anew.

A question for a value (`if x > 0`, ``int(x)``, an index) is answered from the example, and becomes a guard. A question that
would make a constant of what varies is refused.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from . import unrolling
from .bases import anew, base_line
from .errors import NoRule, TangentLossError, caller, refuse
from .graph import STATIC, calls_or_writes, cast, copyto, written
from .lift import Lifted, LiftedScalar, binary, highest, leader, refilled, unary, ungrounded
from .lines import Line
from .objects import array_of_objects, lift_objects
from .rules.calling import prepared
from .rules.groups import rule_of
from .rules.table import Composite, Constant, Elementwise, Function, Refused, Replay
from .storage import Flat

WEAK = (float, complex)


def example_of(value: Any) -> Any:
    """The plain array or number at the bottom of all levels."""
    while isinstance(value, Lifted):
        value = value.example if isinstance(value, Node) else value.primal
    return value


def examples_of(value: Any) -> Any:
    """The same containers with examples in place of lifted arrays."""
    if isinstance(value, Lifted):
        return example_of(value)
    if isinstance(value, (tuple, list)):
        return refilled(value, [examples_of(each) for each in value])
    if isinstance(value, dict):
        return {key: examples_of(each) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(*map(static_bound, (value.start, value.stop, value.step)))
    return value


def static_bound(bound: Any) -> Any:
    """A bound of a slice as an integer, which decides on shapes."""
    return operator.index(bound) if isinstance(bound, Node) else bound


class Node(Lifted):
    """A lifted array that writes down what is done with it."""

    __slots__ = ("_line", "example", "tape")

    recorded = True
    tape: Any  # the Tape that it belongs to, which stands above
    example: Any
    _line: Line

    @property
    def line(self) -> Line:
        """The line of the value that this array has now."""
        return self._line

    @property
    def primal(self) -> Any:
        """The value, for somebody who decides by it: such a decision holds for this value only."""
        self.tape.graph.guard(
            self.line, np.copy(self.example) if isinstance(self.example, np.ndarray) else self.example, caller()
        )
        return self.example

    def _wrap(self, y: Any, tangent: Any) -> Any:
        return self.tape.node(self.tape.constant(y), np.copy(y)) if isinstance(y, np.ndarray) else y

    # -- the questions of Lifted ---------------------------------------------------------------------------------------

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        inputs = tuple([lift_objects(each) if isinstance(each, (list, tuple, np.ndarray)) else each for each in inputs])
        top = leader(inputs)
        if top.level > self.level:  # it was hidden among objects
            return top._ufunc(ufunc, inputs, compute)
        function = compute if compute is operator.pow else ufunc
        weak = compute is not None and all(type(example_of(each)) in (*WEAK, int, bool) for each in inputs)
        return self.tape.call(function, inputs, {}, weak)

    def _ufunc_method(self, ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        out = kwargs.pop("out", None)
        bound = getattr(ufunc, method)
        if method == "at":
            target, key, *rest = inputs
            return self._effect(target, bound, (key, *rest))
        where = kwargs.pop("where", True) if out is not None else True
        result = self.tape.call(bound if method != "__call__" else ufunc, inputs, kwargs)
        if out is None:
            return result
        results = result if isinstance(result, tuple) else (result,)
        if where is not True:
            results = tuple([np.where(where, *pair) for pair in zip(results, out, strict=True)])
        delivered = [self._deliver(*pair) for pair in zip(results, out, strict=True)]
        return tuple(delivered) if isinstance(result, tuple) else delivered[0]

    def _function(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        row = rule_of(function)
        out = None
        if isinstance(row, (Function, Composite, Constant, Elementwise)):
            args, kwargs, out = prepared(row, args, kwargs)
        elif isinstance(row, Refused) and function not in STATIC:
            raise NoRule(f"np.{function.__name__}, called at {caller()}: {row.reason}")
        lists = getattr(row, "sequences", 0)
        args = tuple([lift_objects(each, lists) for each in args])
        kwargs = {name: lift_objects(each, lists) for name, each in kwargs.items()}
        top = highest((*args, *kwargs.values()))
        if top is not None and top.level > self.level:
            return self._deliver(top._function(function, args, kwargs), out)
        kwargs.pop("like", None)
        if isinstance(row, Replay):
            result = row.function._implementation(*args, **kwargs)
        elif isinstance(row, Composite) and row.effect:
            target = args[0] if args else next(iter(kwargs.values()))
            if not isinstance(target, Lifted):
                refuse(f"np.{function.__name__} of a recorded array into a plain one", "allocate it with np.zeros_like(x)")
            return (copyto if function == np.copyto else row.body)(*args, **kwargs)
        elif isinstance(row, Composite) and row.whole and calls_or_writes(args, kwargs):
            result = row.body(*args, **kwargs)
        else:
            result = self.tape.call(function, args, kwargs)
        return self._deliver(result, out)

    def _effect(self, target: Any, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        """A function that writes into an array, on a copy that is written back."""

        def changed(array: Any, *rest: Any) -> Any:
            copy = np.copy(array)
            function(copy, *rest)
            return copy

        if not isinstance(ungrounded(target), Node):
            refuse("a write of a recorded value into a plain array", "allocate it with np.zeros_like(x)")
        where: Any = target
        where[...] = self.tape.call(changed, (target, *args), {})

    def _deliver(self, result: Any, out: Any) -> Any:
        if out is None:
            return result
        if isinstance(ungrounded(out), NodeScalar):
            return result
        if not isinstance(out, Lifted):
            refuse("an in-place write of a recorded value into a plain array", "write a = a + x, or use np.zeros_like(x)")
        if not np.can_cast(result.dtype, out.dtype, "same_kind"):
            raise TypeError(f"Cannot cast output from {result.dtype} to {out.dtype} with casting rule 'same_kind'")
        where: Any = out
        where[...] = result
        return out

    __and__, __rand__ = binary(np.bitwise_and, operator.and_)
    __or__, __ror__ = binary(np.bitwise_or, operator.or_)
    __xor__, __rxor__ = binary(np.bitwise_xor, operator.xor)
    __lshift__, __rlshift__ = binary(np.left_shift, operator.lshift)
    __rshift__, __rrshift__ = binary(np.right_shift, operator.rshift)
    __invert__ = unary(np.invert, operator.invert)

    # -- questions for the value -----------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        self.level.require_alive()
        answer = bool(self.example)
        self.tape.graph.guard(self.line, answer, caller())
        return answer

    def __int__(self) -> int:
        self.level.require_alive()
        try:
            answer = int(self.example)
        except (ValueError, OverflowError):  # of nan and inf: whoever catches it decides by that
            _ = self.primal
            raise
        self.tape.graph.guard(self.line, answer, caller())
        return answer

    def __index__(self) -> int:
        if self.example.dtype.kind not in "biu":
            return super().__index__()
        operator.index(self.example)
        return int(self)

    def __float__(self) -> float:
        self.level.require_alive()
        if self.dtype.kind in "biu":
            return float(int(self))
        return refuse("float(x), or a function of the math module,", "use NumPy's function, np.zeros_like(x), or x itself")

    def __complex__(self) -> complex:
        refuse("complex(x)", "use NumPy's function, or x itself")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        self.level.require_alive()
        if self.dtype.kind in "biu" and (dtype is None or np.dtype(dtype).kind in "biu"):
            array = np.array(self.primal, dtype=dtype)
            array.flags.writeable = bool(copy)  # nobody would know of it
            return array
        if dtype is None or np.dtype(dtype).kind == "O":
            return array_of_objects(self, bool(copy))
        return refuse(f"a conversion of x to an array of {np.dtype(dtype)}", "use np.asarray(x), np.zeros_like(x) or x itself")

    def __reduce__(self) -> NoReturn:
        raise TangentLossError("a recorded value cannot be pickled: it belongs to a running recording; pickle the result")

    def tobytes(self, *args: Any) -> bytes:
        refuse("x.tobytes()", "leave the recorded function with x first")

    def __str__(self) -> str:
        self.tape.told = True
        return str(self.example)

    def __format__(self, spec: str) -> str:
        self.tape.told = True
        return format(self.example, spec)

    def __repr__(self) -> str:
        self.tape.told = True
        return f"Node({self.line.type} %{self.line.number})"

    def __copy__(self) -> Any:
        return np.copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

    # -- what an ndarray tells about itself ----------------------------------------------------------------------------

    shape = property(lambda self: np.shape(self.example))
    ndim = property(lambda self: np.ndim(self.example))
    size = property(lambda self: np.size(self.example))
    dtype = property(lambda self: self.line.dtype)
    flags = property(lambda self: self.example.flags)
    strides = property(lambda self: self.example.strides)

    def astype(self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True) -> Any:
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(f"Cannot cast array data from {self.dtype} to {np.dtype(dtype)} according to the rule {casting!r}")
        if np.dtype(dtype) == self.dtype and not copy:
            return self
        return self.tape.call(cast, (self, np.dtype(dtype)), {})


class NodeScalar(Node, LiftedScalar):
    """A node whose example is a scalar of NumPy's or a number of Python's: immutable, without length."""

    __slots__ = ()

    def _ufunc(self, ufunc: Any, inputs: tuple[Any, ...], compute: Callable[..., Any] | None = None) -> Any:
        if compute is operator.mul and self.dtype.kind in "iu" and any(isinstance(each, (list, tuple, str)) for each in inputs):
            return operator.mul(*[int(each) if each is self else each for each in inputs])  # so many times
        return super()._ufunc(ufunc, inputs, compute)

    def item(self, *index: Any) -> Any:
        return self

    def copy(self, order: Any = "C") -> Any:
        return self

    def tolist(self) -> Any:
        return self


numbers.Number.register(NodeScalar)


class NodeArray(Node):
    """A node with ndarray's semantics: indexing gives views, writing changes what they share."""

    __slots__ = ("_base", "_born", "_recipe", "_seen")

    _base: NodeArray | None
    _recipe: tuple[Line, Line] | None  # the line that made this view, and the base's line then
    _born: int  # when it was made
    _seen: Line | None  # the base's line to which ours belongs

    @property
    def line(self) -> Line:
        chain: list[NodeArray] = [self]
        while (base := chain[-1]._base) is not None:
            chain.append(base)
        for base, view in zip(chain[:0:-1], chain[-2::-1], strict=True):
            if view._seen is not base._line:
                assert view._recipe is not None
                view._line = anew(view.tape.graph, *view._recipe, base._line)
                view._seen = base._line
        return self._line

    def __len__(self) -> int:
        return len(self.example)

    def __iter__(self) -> Any:
        return map(self.__getitem__, range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __getitem__(self, key: Any) -> Any:
        self.level.require_alive()
        return self.tape.call(operator.getitem, (self, _key(key)), {})

    def __setitem__(self, key: Any, value: Any) -> None:
        self.level.require_alive()
        key, value = _key(key), lift_objects(value)
        if isinstance(value, Lifted) and value.level > self.level:
            refuse("an in-place write of a dual number into a recorded array", "allocate the array with np.zeros_like(x)")
        graph, tape = self.tape.graph, self.tape
        parts = tape.lines_of((self, key, value))
        try:
            self.example[examples_of(key)] = examples_of(value)
        except (ValueError, IndexError):
            tape.failed(written, (self, key, value), {})
            raise
        self._store(graph.emit(written, parts, {}, self.example))

    def _store(self, line: Line) -> None:
        """A new value, for the bases of this view too."""
        view = self
        while (base := view._base) is not None:
            assert view._recipe is not None
            recipe, of = view._recipe
            view._line = line
            line = base_line(self.tape, recipe, of, base._line, base.example, line)
            view._seen = line
            view = base
        view._line = line
        unrolling.written(view._born)

    def _set_shape(self, shape: Any) -> None:
        refuse("x.shape = ...", "write x = x.reshape(shape)")

    def _set_real(self, value: Any) -> None:
        np.real(self)[...] = value

    def _set_imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imaginary part of a real array")
        np.imag(self)[...] = value

    def _set_flat(self, value: Any) -> None:
        Flat(self)[:] = value

    shape = property(lambda self: self.example.shape, _set_shape)
    real, imag = property(np.real, _set_real), property(np.imag, _set_imag)
    flat = property(Flat, _set_flat)

    @property
    def base(self) -> Any:
        return self._base

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> None:
        self[...] = np.sort(self, axis, kind, order, stable=stable)

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        self[...] = np.partition(self, kth, axis, kind, order)

    def view(self, *args: Any, **kwargs: Any) -> Any:
        if args or kwargs:
            refuse("x.view(dtype)", "use x.astype, x.real, x.imag, or x itself")
        return self[...]


def _key(key: Any) -> Any:
    """An index as NumPy takes it: an integer node by itself stands for a place, lists of nodes for arrays."""
    key = tuple(map(lift_objects, key)) if isinstance(key, tuple) else lift_objects(key)
    return ungrounded(key) if isinstance(key, Lifted) else key
