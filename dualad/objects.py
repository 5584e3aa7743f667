"""Object arrays of lifted scalars: what NumPy makes where its protocols do not reach.

``np.array([x[0], 1.0])`` and ``np.asarray(x)`` ask nobody: they build an array of whatever they are given. Of lifted
scalars it is one of dtype object, and its operations run element by element through the scalars' own operators and methods,
so that nothing is lost. It is lifted back, into one array with its tangents, wherever it meets a lifted array, is written
into one, or is returned from the function that is differentiated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .lift import Lifted, highest, leaves


def array_of_objects(array: Any) -> np.ndarray[Any, Any]:
    """The elements of a lifted array, or a lifted scalar, in an object array."""
    result = np.empty(array.shape, object)
    for index in np.ndindex(array.shape):
        result[index] = array[index] if index else array
    return result


def holds_lifted(value: Any) -> bool:
    """Whether a value is an object array with lifted scalars in it."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "O" and any(isinstance(each, Lifted) for each in value.flat)


def lift_objects(value: Any, lists: int = 0) -> Any:
    """A list, tuple or object array that holds lifted scalars or arrays, as one lifted array; anything else as it is. The
    outermost levels of lists, as many as `lists`, stay lists."""
    if isinstance(value, np.ndarray):
        return _gathered(value.ravel().tolist()).reshape(value.shape) if holds_lifted(value) else value
    if isinstance(value, list | tuple) and any(isinstance(each, Lifted) or holds_lifted(each) for each in leaves(value)):
        items = [lift_objects(item, max(lists - 1, 0)) for item in value]
        return items if lists else _gathered(items)
    return value


def as_operand(value: Any) -> Any:
    """A list, tuple or object array among the inputs of a ufunc as an array, lifted if anything in it is."""
    value = lift_objects(value)
    return np.asarray(value) if isinstance(value, list | tuple) else value


def _gathered(items: list[Any]) -> Any:
    """Items stacked into one lifted array. Scalars of one level, by far the commonest, without a NumPy call for each."""
    top = highest(items)
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
    return isinstance(scalar.primal, Lifted) or isinstance(scalar.tangent, Lifted)
