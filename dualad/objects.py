"""Object arrays of lifted scalars: what NumPy makes where its protocols do not reach.

``np.array([x[0], 1.0])`` and ``np.asarray(x)`` ask nobody: they build an array of whatever they are given. Of lifted
scalars it is one of dtype object, and its operations run element by element through the scalars' own operators and methods,
so that nothing is lost. It is lifted back, into one array with its tangents, wherever it meets a lifted array, is written
into one, or is returned from the function that is differentiated.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from .errors import TRAIL, refuse
from .lift import Lifted, highest, leaves

INTEGERS = {int}
NUMBERS = (int, float, complex, np.number)


class Handed(NamedTuple):
    """An object array that stands for a lifted one: as it was handed out, and what it was made of."""

    array: np.ndarray[Any, Any] | None  # None if the caller asked for a copy: writing into that is as NumPy has it
    elements: list[Any]
    whole: Any  # the lifted array, raveled, as it was then

    def written(self) -> bool:
        """Whether the object array was written into, and the lifted one was not."""
        return self.array is not None and not all(map(operator.is_, self.array.ravel().tolist(), self.elements))


def array_of_objects(array: Any, copy: bool = False) -> np.ndarray[Any, Any]:
    """The elements of a lifted array, or a lifted scalar, in an object array, which the trail of the run remembers."""
    result = np.empty(array.shape, object)
    trail = TRAIL.get()
    if not array.ndim:
        result[()] = array
    else:
        whole = np.copy(np.ravel(array))
        elements = [whole[i] for i in range(array.size)]
        flat = result.reshape(-1)
        for i, element in enumerate(elements):  # one by one: of a list NumPy would make arrays of every element
            flat[i] = element
        if trail is not None:
            handed = Handed(None if copy else result, elements, whole)
            trail.handed = trail.handed if trail.handed is not None else {}
            trail.handed.update({id(each): (handed, i) for i, each in enumerate(elements)})  # in place: there may be many
    if trail is not None:
        trail.objects = True
    return result


def holds_lifted(value: Any) -> bool:
    """Whether a value is an object array with lifted scalars in it."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "O" and any(isinstance(each, Lifted) for each in value.flat)


def may_hold(value: Any) -> bool:
    """Whether lifted scalars may be in a value: what is asked of every argument, before anybody looks."""
    kind = value.__class__
    if kind is np.ndarray:
        return bool(value.dtype.hasobject)
    if kind is tuple:  # a shape, or axes, as a rule
        return not {*map(type, value)} <= INTEGERS
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.dtype.hasobject)


def lift_objects(value: Any, lists: int = 0) -> Any:
    """A list, tuple or object array that holds lifted scalars or arrays, as one lifted array; anything else as it is. The
    outermost levels of lists, as many as `lists`, stay lists."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value) and holds_lifted(value):
        refuse("a masked element among dual numbers in a numpy.ma.MaskedArray", "fill it: y.filled(0.0), or use np.where")
    if isinstance(value, np.ndarray):
        return _gathered(value.ravel().tolist()).reshape(value.shape) if holds_lifted(value) else value
    if isinstance(value, (list, tuple)) and any(isinstance(each, Lifted) or holds_lifted(each) for each in leaves(value)):
        if any(isinstance(each, slice) or each is Ellipsis for each in value):
            return value  # it is an index
        items = [lift_objects(item, max(lists - 1, 0)) for item in value]
        return items if lists else _gathered(items)
    return value


def settled(value: Any) -> Any:
    """A value that leaves a function: lifted, and an object array of plain numbers as one of these numbers. Sorting or picking
    among objects may leave none that is lifted."""
    value = lift_objects(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "O" and all(isinstance(each, NUMBERS) for each in value.flat):
        return np.array(value.tolist()).reshape(value.shape)
    return value


def as_operand(value: Any) -> Any:
    """A list, tuple or object array among the inputs of a ufunc as an array: lifted if anything in it is, else of numbers."""
    value = settled(value)
    if isinstance(value, (list, tuple)):
        value = settled(np.asarray(value))
    if isinstance(value, np.ndarray) and value.dtype.hasobject:
        kinds = " and ".join(sorted({type(each).__name__ for each in value.flat}))
        refuse(f"an operation with an array of objects ({kinds})", "use np.asarray(a, dtype=float) for it")
    return value


def _gathered(items: list[Any]) -> Any:
    """Items stacked into one lifted array. Scalars of one level, by far the commonest, without a NumPy call for each."""
    top = highest(items)
    trail = TRAIL.get()
    if trail is not None and trail.handed and (known := trail.handed.get(id(items[0]))) is not None:
        found = [trail.handed.get(id(each), (None, 0)) for each in items]
        if all(handed is known[0] for handed, _ in found):
            return known[0].whole[[place for _, place in found]]
    if any(np.ndim(each) or (isinstance(each, Lifted) and (each.level is not top.level or _nested(each))) for each in items):
        return np.stack(items)
    primal = np.array([each.primal if isinstance(each, Lifted) else each for each in items])
    tangents = [each.tangent if isinstance(each, Lifted) else None for each in items]
    k = next((len(tangent) for tangent in tangents if tangent is not None), None)
    if k is None or primal.dtype.kind not in "fc":
        return top._wrap(primal, None) if k is None else np.stack(items)
    rows = np.zeros((k, len(items)), primal.dtype)
    for place, tangent in enumerate(tangents):
        if tangent is not None:
            rows[:, place] = tangent
    return top._wrap(primal, rows)


def _nested(scalar: Any) -> bool:
    return scalar.recorded or isinstance(scalar.primal, Lifted) or isinstance(scalar.tangent, Lifted)
