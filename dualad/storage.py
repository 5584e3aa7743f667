"""What lies under an array Dual: indexing, writing, and views that stay views.

In NumPy ``y = x[1:]; y[0] = 3`` changes x. Primal and tangent of a view are NumPy views of the base's, so most of that comes
by itself. It does not where a write changes the *representation*: a buffer from ``np.zeros_like(x)`` has no tangent until
the first dual is written into it, and a buffer made by an inner derivative may receive a dual of an outer one. Then the
base is given a new representation over the same memory, and every live view is derived from it anew: a view keeps its base
and the recipe that made it, a base keeps weak references to its views.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .errors import TangentLossError
from .lift import Lifted, innermost
from .rules.table import Array

ALL = slice(None)
BASIC = (int, slice, type(None), type(Ellipsis), np.integer)


def is_constant(x: Any) -> bool:
    """Whether x carries a tangent at no level, so that nothing is lost in making it a plain array."""
    while isinstance(x, Lifted):
        if x.tangent is not None:
            return False
        x = x.primal
    return True


# -- indexing ------------------------------------------------------------------------------------------------------------


def _is_basic(key: Any) -> bool:
    """Whether indexing by `key` gives a view."""
    parts = key if type(key) is tuple else (key,)
    return all(isinstance(part, BASIC) and part is not True and part is not False for part in parts)


def _split_by_slices(key: Any) -> bool:
    """Whether advanced indices stand apart, so that NumPy moves their axes to the front."""
    if type(key) is not tuple:
        return False
    places = [place for place, part in enumerate(key) if not isinstance(part, slice | type(None) | type(Ellipsis))]
    return bool(places) and places[-1] - places[0] >= len(places) and not _is_basic(key)


def _trailing(tangent: Array) -> Array:
    """A view of a tangent with the direction axis last, where no index and no broadcasting of a value can reach it."""
    return tangent.transpose(*range(1, tangent.ndim), 0)


def _closed(key: Any) -> Any:
    """`key` for an array with one more axis at the end."""
    if type(key) is not tuple:
        key = (key,)
    return (*key, ALL) if any(part is Ellipsis for part in key) else key


def rows(tangent: Array, key: Any) -> Array:
    """Every direction of a tangent, indexed by `key`."""
    if type(key) is not tuple:
        return tangent[ALL, key]
    if not _split_by_slices(key):
        return tangent[(ALL, *key)]
    picked = _trailing(tangent)[_closed(key)]
    return picked.transpose(-1, *range(picked.ndim - 1))


def getitem(self: Any, key: Any) -> Any:
    """``x[key]``: a view for basic indices, a copy for advanced ones, a scalar for a single element."""
    self.level.require_alive()
    y = self.primal[key]
    tangent = self.tangent
    if tangent is not None:
        tangent = rows(tangent, key)
    if not y.shape and type(innermost(y)) is not np.ndarray:
        return self._wrap(y, None if tangent is None else tangent.copy())  # a scalar shares no memory
    result = self._wrap(y, tangent)
    if _is_basic(key):
        watch(self, result, lambda base: base[key])
    return result


# -- views ---------------------------------------------------------------------------------------------------------------


def watch(base: Any, view: Any, recipe: Callable[[Any], Any]) -> None:
    """Remember that `view` is `recipe(base)`, so that a new representation of the base reaches it."""
    view._base, view._recipe = base, recipe
    views = base._views
    if views is None:
        base._views = views = []
    elif len(views) & 31 == 31:  # now and then, forget views that are gone
        views[:] = [reference for reference in views if reference() is not None]
    views.append(weakref.ref(view))


def as_view(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[..., Any]) -> Any:
    """`result` of function(*args, **kwargs), made a view of the first argument wherever NumPy made its primal one."""
    source = args[0] if args else next(iter(kwargs.values()))
    if isinstance(result, list | tuple):
        picks = [lambda base, i=i: function(base, *args[1:], **kwargs)[i] for i in range(len(result))]
        views = [_view_of(source, view, pick) for view, pick in zip(result, picks, strict=True)]
        return type(result)(views) if type(result) in (tuple, list) else type(result)(*views)
    return _view_of(source, result, lambda base: function(base, *args[1:], **kwargs))


def _view_of(source: Any, result: Any, recipe: Callable[[Any], Any]) -> Any:
    if not (isinstance(result, Lifted) and isinstance(source, Lifted) and result.level is source.level):
        return result
    if source is result or not hasattr(result, "_base"):
        return result
    if not np.may_share_memory(innermost(result), innermost(source)):
        if _shared_tangent(result, source):  # a tangent may be laid out so that it could be a view: it must not be one
            result.tangent = np.copy(result.tangent)
        return result
    if result.tangent is not None and not _shared_tangent(result, source):
        _relay(_root(source))  # the tangent lay otherwise than the primal, and came out as a copy
        result = recipe(source)
    watch(source, result, recipe)
    return result


def _shared_tangent(result: Any, source: Any) -> bool:
    if result.tangent is None or source.tangent is None:
        return False
    return np.may_share_memory(innermost(result.tangent), innermost(source.tangent))


def _root(array: Any) -> Any:
    while array._base is not None:
        array = array._base
    return array


def like(tangent: Array, primal: Array) -> Array:
    """A copy of a tangent in which every direction lies in memory as the primal does."""
    plain = innermost(primal)
    order = sorted(range(plain.ndim), key=lambda axis: -abs(plain.strides[axis]))
    back = np.argsort([0, *(axis + 1 for axis in order)])
    return np.copy(tangent.transpose(0, *(axis + 1 for axis in order)), order="C").transpose(*back)


def _relay(root: Any) -> None:
    _become(root, root.primal, like(root.tangent, root.primal), root.level)


def _become(array: Any, primal: Array, tangent: Array | None, level: Any) -> None:
    """Give an array another representation over the same memory, and derive its live views from it."""
    array.primal, array.tangent, array.level = primal, tangent, level
    references, array._views = array._views or (), None
    for reference in references:
        view = reference()
        if view is not None:
            recipe = view._recipe
            fresh = recipe(array)
            _become(view, fresh.primal, fresh.tangent, fresh.level)
            watch(array, view, recipe)


# -- writing -------------------------------------------------------------------------------------------------------------


def lift_nested(value: Any) -> Any:
    """A list or tuple that holds lifted scalars or arrays, as one lifted array; anything else as it is."""
    if isinstance(value, list | tuple) and any(isinstance(leaf, Lifted) for leaf in _leaves(value)):
        return np.stack([lift_nested(item) for item in value])
    return value


def lift_objects(value: Any) -> Any:
    """An object array whose elements are lifted scalars, as one lifted array; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype == object and any(isinstance(item, Lifted) for item in value.flat):
        return np.stack(list(value.flat)).reshape(value.shape)
    return value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def setitem(self: Any, key: Any, value: Any) -> None:
    """``x[key] = value``, seen through every view; a value without tangent clears the tangent there."""
    self.level.require_alive()
    value = lift_nested(value)
    if isinstance(value, Lifted):
        value.level.require_alive()
        if value.dtype.kind == "c" and self.dtype.kind != "c" and not is_constant(value):
            raise TangentLossError("writing a complex dual into a real array would drop its imaginary part; write x.real")
        root = _root(self)
        fitted = _fit(root, value)
        if fitted is not root:
            _become(root, fitted.primal, fitted.tangent, fitted.level)
    inside = isinstance(value, Lifted) and value.level is self.level
    tangent = value.tangent if inside else None
    if self.tangent is not None:
        picked = _trailing(self.tangent)
        if tangent is not None and np.may_share_memory(innermost(tangent), innermost(self.tangent)):
            tangent = np.copy(tangent)
        self.primal[key] = value.primal if inside else value
        picked[_closed(key)] = 0.0 if tangent is None else _trailing(tangent)
    else:
        self.primal[key] = value.primal if inside else value


def _fit(array: Any, value: Any) -> Any:
    """`array`, or the same memory in a representation that can hold `value` with all its tangents."""
    if not isinstance(value, Lifted):
        return array
    if not isinstance(array, Lifted) or array.level < value.level:
        return _fit(value._wrap(array, None), value)
    if array.level > value.level:
        primal, tangent = _fit(array.primal, value), array.tangent
    else:
        primal, tangent = _fit(array.primal, value.primal), array.tangent
        if value.tangent is not None:
            if tangent is None:
                tangent = like(np.zeros((len(value.tangent), *array.shape), array.dtype), array.primal)
            tangent = _fit(tangent, value.tangent)
    if primal is array.primal and tangent is array.tangent:
        return array
    fresh = array._wrap(primal, None)
    fresh.tangent = tangent
    return fresh


class Flat:
    """``x.flat``: iteration, indexing and writing in C order."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def _index(self, key: Any) -> tuple[np.ndarray[Any, Any], ...]:
        order = np.arange(self._array.size)
        return np.unravel_index(order[key], self._array.shape)

    def __getitem__(self, key: Any) -> Any:
        return self._array[self._index(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._array[self._index(key)] = value

    def __len__(self) -> int:
        return int(self._array.size)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(np.ravel(self._array), dtype=dtype)

    def copy(self) -> Any:
        return self._array.flatten()
