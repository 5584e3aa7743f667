"""What lies under an array Dual: indexing, writing, and views that stay views.

In NumPy ``y = x[1:]; y[0] = 3`` changes x. Primal and tangent of a view are NumPy views of the base's, so most of that comes
by itself. It does not where a write changes the *representation*: a buffer from ``np.zeros_like(x)`` has no tangent until
the first dual is written into it, and a buffer made by an inner derivative may receive a dual of an outer one. Then the
base is given a new representation over the same memory, and every live view is derived from it anew: a view keeps its base
and the recipe that made it, a base keeps weak references to its views.

A tangent of an array of shape S has shape (k, *S). Two ways lead past its direction axis: an index is shifted, ``[:, *key]``,
or the direction axis is moved to the end, where no index and no broadcasting can reach it. The second way is always right;
the first is quicker, and wrong where slices stand between advanced indices, whose axes NumPy then moves to the front.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any
from weakref import ref

import numpy as np
from numpy import generic, ndarray

from .chunks import lies_in_chunks, still, write
from .errors import refuse
from .levels import GROUND
from .lift import Lifted, LiftedScalar, is_recorded, memory, refilled
from .linear import Linear
from .notes import SEED, WRITTEN, changes, is_lent, root_of, stays_zero, written
from .objects import lift_objects
from .repeats import write_rows
from .rules.table import Array, innermost
from .watching import WATCH, carries

ALL = slice(None)
WHOLE = itemgetter(Ellipsis)
BETWEEN = frozenset((slice, type(None), type(Ellipsis)))
BASIC = BETWEEN | {int, np.intp}
"""The types of index that give a view, each by itself and together in a tuple."""


def is_constant(x: Any) -> bool:
    """Whether x carries a tangent at no level, so that nothing is lost in making it a plain array."""
    while isinstance(x, Lifted):
        if x.tangent is not None or x.recorded:
            return False
        x = x.primal
    return True


def lend(array: Any) -> Any:
    """The plain array under a constant one. Who holds it sees values written later but no tangents, so from now on a write
    that would bring one is refused."""
    if hasattr(array, "_views"):
        root_of(array)._lent = True
        changes(memory(array))
    return innermost(array)


# -- indexing ------------------------------------------------------------------------------------------------------------


def _last(tangent: Array) -> Array:
    """A view of a tangent with the direction axis at the end."""
    return tangent.transpose(*range(1, tangent.ndim), 0)


def _closed(key: Any) -> Any:
    """`key` for an array with one more axis at the end."""
    key = key if type(key) is tuple else (key,)
    return (*key, ALL) if any(part is Ellipsis for part in key) else key


def _stands_apart(key: tuple[Any, ...]) -> bool:
    """Whether slices may stand between advanced indices; integers count as advanced where there are any others."""
    places = [place for place, part in enumerate(key) if part.__class__ not in BETWEEN]
    return bool(places) and places[-1] - places[0] >= len(places)


def rows(tangent: Array, key: Any) -> Array:
    """Every direction of a tangent, indexed by `key`."""
    if key.__class__ is not tuple:
        return tangent[ALL, key]
    if not _stands_apart(key):
        return tangent[(ALL, *key)]
    picked = _last(tangent)[_closed(key)]
    return picked.transpose(-1, *range(picked.ndim - 1))


def getitem(self: Any, key: Any) -> Any:
    """``x[key]``: a view for basic indices, a copy for advanced ones, a scalar for a single element."""
    if not self.level.alive:
        self.level.require_alive()
    primal, tangent = self.primal, self.tangent
    y = primal[key]
    kind = key.__class__
    if tangent is not None:
        tangent = tangent[ALL, key] if kind is int or kind is slice else rows(tangent, key)
    is_float = y.__class__ is np.float64
    if is_float or (y.__class__ is not ndarray and isinstance(y, (generic, LiftedScalar))):
        if tangent is not None:  # a scalar shares no memory, and inside no_tangents it is a result like any other
            tangent = tangent.copy() if WATCH.get() is None or carries(self.level) else None
            if not is_float and tangent.__class__ is ndarray and stays_zero(y, tangent):
                tangent = None
        if not self._elements:
            return self._wrap(y, tangent)
        if is_float and (tangent.__class__ is ndarray or tangent.__class__ is Linear):
            single = tangent.__class__ is ndarray and len(tangent) == 1
            new = self._elements[0].of(y, tangent[0] if single else tangent, self.level)
        else:
            new = self._lift(y, tangent)
        noted = self._noted if self._base is None else root_of(self)._noted
        new._label = SEED if noted is not None and noted.pristine else None
        return new
    new = object.__new__(self.__class__)
    new.primal, new.tangent, new.level = y, tangent, self.level
    new._base = new._recipe = new._views = new._noted = new._label = None
    basic = kind in BASIC or (kind is tuple and all(part.__class__ in BASIC for part in key))
    if (basic and (y.__class__ is ndarray or not lies_in_chunks(y))) or _share(y, primal):
        watch(self, new, key)
    elif not carries(self.level):
        new.tangent = None
    return new


# -- views ---------------------------------------------------------------------------------------------------------------


class Views(list[Any]):
    """Weak references to the live views of a base, with room to grow before those that are gone are looked for."""

    __slots__ = ("room",)

    room: int


def watch(base: Any, view: Any, recipe: Any) -> None:
    """Remember how `view` is made of `base`, so that a new representation of the base reaches it.

    `recipe` is a basic index, or a function of the base.
    """
    view._base, view._recipe = base, recipe
    views = base._views
    if views is None:
        base._views = views = Views()
        views.room = 32
    elif len(views) > views.room:
        views[:] = [reference for reference in views if reference() is not None]
        views.room = 2 * len(views) + 32
    views.append(ref(view))


def as_view(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[..., Any]) -> Any:
    """`result` of function(*args, **kwargs), made a view of an argument wherever NumPy made its primal one."""
    if isinstance(result, (list, tuple)):
        views = [_view_of(each, args, kwargs, lambda *a, i=i, **k: function(*a, **k)[i]) for i, each in enumerate(result)]
        return refilled(result, views)
    return _view_of(result, args, kwargs, function)


def _view_of(result: Any, args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[..., Any]) -> Any:
    if not hasattr(result, "_views"):
        return result
    given = [(place, each) for place, each in (*enumerate(args), *kwargs.items()) if hasattr(each, "_views")]
    sources = [(place, each) for place, each in given if each.level is result.level]
    for place, source in sources:
        if _share(result, source):  # np.astype without a copy is the array itself
            recipe = WHOLE if function == np.astype else partial(_instead, place, args, kwargs, function)
            return _tied(result, source, recipe)
    if any(_share(result.tangent, source.tangent) for _, source in sources):
        result.tangent = np.copy(result.tangent)  # a tangent may lie so that it could be a view: it must not be one
    if not carries(result.level):  # NumPy made a copy after all
        result.tangent = None
    return result


def _tied(result: Any, source: Any, recipe: Callable[[Any], Any]) -> Any:
    if result.tangent is not None and result.tangent.size and not _share(result.tangent, source.tangent):
        if (viewed := getattr(source.tangent, "viewed", None)) is not None:  # it is not computed, so it does not lie in memory
            counted = np.empty_like(memory(source.primal), np.intp)
            counted[...] = np.arange(source.size).reshape(source.shape)
            result.tangent = viewed(recipe(counted))
            watch(source, result, recipe)
            return result
        root = root_of(source)  # its tangent lies in memory otherwise than its primal, and the view's came out as a copy
        fresh = _twin(root)
        fresh.tangent = like(root.tangent, root.primal)
        _become(root, fresh)
        return recipe(source)
    watch(source, result, recipe)
    return result


def _instead(place: Any, args: tuple[Any, ...], kwargs: dict[str, Any], function: Callable[..., Any], base: Any) -> Any:
    """The function with `base` in one place among its arguments."""
    if isinstance(place, str):
        return function(*args, **(kwargs | {place: base}))
    return function(*args[:place], base, *args[place + 1 :], **kwargs)


def _share(one: Array | None, other: Array | None) -> bool:
    """Whether two arrays lie in the same memory."""
    one, other = memory(one), memory(other)
    return isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and np.may_share_memory(one, other)


def like(tangent: Array, primal: Array) -> Array:
    """A copy of a tangent in which every direction lies in memory as the primal does."""
    plain = memory(primal)
    if not hasattr(plain, "strides"):  # it lies nowhere: chunks, that are not computed yet
        return tangent
    order = sorted(range(plain.ndim), key=lambda axis: -abs(plain.strides[axis]))
    back = np.argsort([0, *(axis + 1 for axis in order)])
    return np.copy(tangent.transpose(0, *(axis + 1 for axis in order)), order="C").transpose(*back)


def _become(array: Any, fresh: Any) -> None:
    """Give an array the representation of another one over the same memory, and derive its live views from it, and theirs."""
    _represent(array, fresh)
    bases = [array]  # a list and no recursion: chains of views can be long
    token = WRITTEN.set(True)
    try:
        for base in bases:
            references, base._views = base._views or (), None
            for view in [reference() for reference in references]:
                if view is not None and view._base is base:  # one that took another shape has another base since
                    recipe = view._recipe
                    fresh = recipe(base) if callable(recipe) else getitem(base, recipe)
                    _represent(view, fresh)
                    watch(base, view, recipe)
                    bases.append(view)
    finally:
        WRITTEN.reset(token)


def _represent(array: Any, fresh: Any) -> None:
    """Only the representation: an array of the ground becomes one of the level whose tangents it takes."""
    if fresh.recorded:  # an array of the ground over a recorded one stays on the ground
        array.primal = fresh
        return
    array.primal, array.tangent, array.level, array._label = fresh.primal, fresh.tangent, fresh.level, None
    if array.__class__ is not fresh.__class__:
        array.__class__ = fresh.__class__


def set_shape(self: Any, shape: Any) -> None:
    """``x.shape = shape``: x becomes a view of its old self, which stays the base of the views that x had."""
    plain = memory(self).view()
    plain.shape = shape  # raises what NumPy raises
    old = _twin(self)
    old._views = self._views
    for view in [reference() for reference in self._views or ()]:
        if view is not None:
            view._base = old
    if self._base is not None:
        watch(self._base, old, self._recipe)
    fresh = np.reshape(old, plain.shape)
    self.primal, self.tangent, self._views, self._noted, self._label = fresh.primal, fresh.tangent, None, None, None
    watch(old, self, fresh._recipe)


def resize(self: Any, shape: Any) -> None:
    """``x.resize(shape)``: other memory, in which zeros follow what there was; refused where others see the memory."""
    if self._base is not None or any(reference() is not None for reference in self._views or ()):
        raise ValueError("cannot resize an array that references or is referenced by another array")
    fresh = np.zeros(shape, self.dtype, like=self)
    kept = min(self.size, fresh.size)
    Flat(fresh)[:kept] = np.ravel(self)[:kept]
    _represent(self, fresh)


def _twin(array: Any) -> Any:
    """Another lifted array of the same representation over the same memory."""
    twin = object.__new__(array.__class__)
    twin.primal, twin.tangent, twin.level, twin._label = array.primal, array.tangent, array.level, None
    twin._base, twin._recipe, twin._views, twin._noted = None, None, None, array._noted
    return twin


# -- writing -------------------------------------------------------------------------------------------------------------


def setitem(self: Any, key: Any, value: Any) -> None:
    """``x[key] = value``, seen through every view; a value without tangent clears the tangent there."""
    if not self.level.alive:
        self.level.require_alive()
    tangent = None
    if value.__class__ is not float:
        value = lift_objects(value)
        if isinstance(value, Lifted) and value.level is GROUND:
            value = value.primal
        elif isinstance(value, Lifted):
            value.level.require_alive()
            if value.dtype.kind == "c" and self.dtype.kind != "c" and not is_constant(value):
                refuse("writing a complex dual into a real array", "write x.real; the imaginary part has no place there")
            nested = value.recorded or isinstance(value.primal, Lifted) or isinstance(value.tangent, Lifted)
            if nested or value.level is not self.level or (self.tangent is None and value.tangent is not None):
                root = root_of(self)
                fitted = _fit(root, value)
                if fitted is not root:
                    if is_lent(root):
                        refuse(
                            "writing a dual number into an array of which np.asarray made a plain one", "use the array itself"
                        )
                    _become(root, fitted)
                elif value.level is self.level and self.tangent is None and root.tangent is not None:
                    _become(root, _twin(root))  # this view had left out zeros
            if value.level is self.level:
                value, tangent = value.primal, value.tangent if carries(self.level) else None
    if self.primal.__class__ is not ndarray and lies_in_chunks(self):
        write(self, key, value, tangent)
        return
    changes(memory(self.primal))
    self.primal[key] = value
    if (own := self.tangent) is not None:
        written(self)
        kind = key.__class__
        if (kind is slice or kind is int) and (tangent is None or tangent.ndim == own.ndim - (kind is int)):
            own[ALL, key] = 0.0 if tangent is None else tangent  # quicker, and surely right
        elif tangent is None or not write_rows(own, key, tangent, self.primal, value):
            _last(own)[_closed(key)] = 0.0 if tangent is None else _last(tangent)


def _fit(array: Any, value: Any) -> Any:
    """`array`, or the same memory in a representation that can hold `value` with all its tangents."""
    if not isinstance(value, Lifted) or (value.recorded and isinstance(array, Lifted) and array.recorded):
        return array
    if value.recorded and isinstance(array, Lifted) and (array.level is GROUND or not is_recorded(array)):
        return _recorded(array, value)
    if not isinstance(array, Lifted) or array.level < value.level:
        dual = isinstance(array, Lifted) and not array.recorded  # it may become another one, and its memory goes on
        below = array if not dual else array.primal if array.level is GROUND else _twin(array)
        return _fit(value._wrap(below, None), value)
    if array.level > value.level:
        primal, tangent = _fit(array.primal, value), array.tangent
    else:
        primal, tangent = _fit(array.primal, value.primal), array.tangent
        if value.tangent is not None:
            if tangent is None:
                tangent = like(still(len(value.tangent), array), array.primal)
            tangent = _fit(tangent, value.tangent)
    if primal is array.primal and tangent is array.tangent:
        return array
    fresh = _twin(array)
    fresh.primal, fresh.tangent = primal, tangent
    return fresh


def _recorded(array: Any, value: Any) -> Any:
    """An array of the ground over a recorded one, into which what is recorded can be written."""
    if array.level is not GROUND:
        refuse("writing a recorded value into a dual array from outside", "make the array inside the function")
    if isinstance(array.primal, Lifted):
        return array
    fresh = _twin(array)
    fresh.primal = value._wrap(array.primal, None)
    return fresh


class Flat:
    """``x.flat``: an iterator over the elements in C order that can also be indexed and written."""

    def __init__(self, array: Any) -> None:
        self._array, self.index = array if array.ndim else np.reshape(array, 1), 0

    def _places(self, key: Any) -> Any:
        """Where the elements are that `key` takes of the raveled array, as an index of the array itself."""
        size = self._array.size
        picked = range(size)[key] if isinstance(key, (int, np.integer)) else np.arange(size)[key]
        return np.unravel_index(picked, self._array.shape)

    def __getitem__(self, key: Any) -> Any:
        return self._array[self._places(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        places = self._places(key)
        value = lift_objects(value)
        if np.ndim(value):  # NumPy begins again where the values run out
            value = np.resize(value, np.shape(places[0]))
        self._array[places] = value

    def __len__(self) -> int:
        return int(self._array.size)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.index >= len(self):
            raise StopIteration
        self.index += 1
        return self[self.index - 1]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.asarray(np.ravel(self._array), dtype=dtype)

    def copy(self) -> Any:
        return self._array.flatten()
