"""Pytrees: nested containers of arrays. optree does the work; here stands what counts as a leaf that can be differentiated."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Collection
from functools import cache
from typing import Any, cast

import numpy as np
import optree

from .errors import NotDifferentiable
from .foreign import is_chunked
from .lift import Lifted, ungrounded

NAMESPACE = "dualad"
_LOCK = threading.Lock()
_KNOWN: set[type[Any]] = set()  # dataclasses that optree has been told of
INSIDE = {"pint": "x.magnitude", "xarray": "x.data", "pandas": "x.to_numpy()"}
"""Packages whose objects hold an array together with units or labels, and how one gets at it."""


SIMPLE = (np.ndarray, np.float64, float)
"""Leaves that are known as such without asking."""

LEAF: Any = optree.tree_structure(cast(Any, 0), none_is_leaf=True, namespace=NAMESPACE)


@cache
def _structure_of_tuple(length: int) -> Any:
    return optree.tree_structure(cast(Any, (0,) * length), none_is_leaf=True, namespace=NAMESPACE)


SINGLE: Any = _structure_of_tuple(1)


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """Leaves and structure. None is a leaf; a dataclass is a container of its fields."""
    kind = tree.__class__
    if kind in SIMPLE or isinstance(tree, Lifted):
        return [tree], LEAF
    if kind is tuple and all(each.__class__ in SIMPLE or isinstance(each, Lifted) for each in tree):
        return list(tree), _structure_of_tuple(len(tree))
    leaves, structure = optree.tree_flatten(tree, none_is_leaf=True, namespace=NAMESPACE)
    unknown = {type(leaf) for leaf in leaves if dataclasses.is_dataclass(leaf) and not isinstance(leaf, type)}
    if not unknown:
        return leaves, structure
    with _LOCK:
        for kind in unknown - _KNOWN:
            _register(kind)
            _KNOWN.add(kind)
    return flatten(tree)


def _register(kind: type[Any]) -> None:
    names = tuple(field.name for field in dataclasses.fields(kind))

    def take_apart(instance: Any) -> tuple[tuple[Any, ...], None, tuple[str, ...]]:
        return tuple(getattr(instance, name) for name in names), None, names

    def put_together(_: Any, children: Any) -> Any:
        instance = object.__new__(kind)  # __init__ may check or convert what a derivative is not
        for name, child in zip(names, children, strict=True):
            object.__setattr__(instance, name, child)
        return instance

    optree.register_pytree_node(kind, take_apart, put_together, namespace=NAMESPACE)


def unflatten(structure: Any, leaves: Any) -> Any:
    """The inverse of `flatten`."""
    if structure is LEAF:
        (leaf,) = leaves
        return leaf
    return tuple(leaves) if structure is SINGLE else structure.unflatten(leaves)


def tree_map(function: Callable[..., Any], tree: Any) -> Any:
    """`function` of every leaf, in the same containers."""
    leaves, structure = flatten(tree)
    return unflatten(structure, [function(leaf) for leaf in leaves])


def described(value: Any) -> str:
    """What a value is; of one that holds an array under units or labels, how to get at that."""
    kind = type(value)
    packages = [base.__module__.partition(".")[0] for base in kind.__mro__]
    inside = next((f" (its array is {INSIDE[package]})" for package in packages if package in INSIDE), "")
    dtype = getattr(value, "dtype", None)
    if not inside and dtype is None:
        return f"{kind.__name__} {value!r}"[:60]
    of = "" if dtype is None else f" of {dtype}"
    return f"array{of}" if isinstance(value, (np.ndarray, np.generic)) else f"{packages[0]}.{kind.__name__}{of}{inside}"


def differentiable(leaf: Any, *, complex_allowed: bool) -> Any:
    """The floating or complex array, or number, that stands for a leaf; None for a leaf that is passed through.

    Integers become float64. A Python float stays one: it promotes as weakly as it does in NumPy.
    """
    if leaf.__class__ in SIMPLE and (leaf.__class__ is not np.ndarray or leaf.dtype.kind == "f"):
        return leaf
    if isinstance(leaf, (bool, np.bool_, str, bytes, type(None))):
        return None
    if isinstance(leaf, int):
        return float(leaf)
    leaf = ungrounded(leaf)
    if isinstance(leaf, np.ndarray) and type(leaf) not in (np.ndarray, np.memmap):
        raise NotDifferentiable(
            f"an argument is a {type(leaf).__module__}.{type(leaf).__name__}: this subclass of ndarray cannot carry tangents; "
            "pass np.asarray(x)"
        )
    if not isinstance(leaf, (float, complex, np.generic, np.ndarray, Lifted)) and not hasattr(leaf, "__array_function__"):
        return None
    if type(leaf).__module__.partition(".")[0] in INSIDE:
        raise NotDifferentiable(f"an argument is a {described(leaf)}: pass the array, and make one of it in the function")
    kind = "c" if isinstance(leaf, complex) else "f" if isinstance(leaf, float) else leaf.dtype.kind
    if kind == "V":
        raise NotDifferentiable("an argument is a structured array; pass its numeric fields as separate arrays, or as a dict")
    if kind not in "iufc":
        return None
    if kind == "c" and not complex_allowed:
        raise NotDifferentiable(
            "an argument is complex: its derivative is one complex number only for a holomorphic function. Pass "
            "holomorphic=True if f is one, or use jvp, or differentiate by the real and imaginary part"
        )
    if type(leaf) in (float, complex):
        return leaf
    return leaf.astype(np.float64) if kind in "iu" else leaf


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of an array or number, as np.shape gives it in four times as long."""
    shape: tuple[int, ...] = getattr(x, "shape", ())
    return shape


def dtype_of(x: Any) -> np.dtype[Any]:
    """The dtype of an array or number; of Python's numbers the one that NumPy computes in."""
    return x.dtype if hasattr(x, "dtype") else np.result_type(x)


def is_numeric(leaf: Any, kinds: Collection[type[Any]] = ()) -> bool:
    """Whether a leaf of an output has a derivative: a number or an array of numbers: an ndarray, one of chunks,
    lifted, or of these kinds."""
    if isinstance(leaf, (int, float, complex, np.number)):
        return True
    known = isinstance(leaf, (np.ndarray, np.generic, Lifted)) or type(leaf) in kinds or is_chunked(type(leaf))
    return known and getattr(getattr(leaf, "dtype", None), "kind", "") in tuple("biufc")


def paths(structure: Any) -> list[Any]:
    """Where each leaf stands: the indices, keys and attributes that lead to it, which `codify` writes behind a name."""
    return list(optree.treespec_accessors(structure))
