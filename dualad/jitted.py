"""Functions jitted by numba, called with duals: compiled code cannot carry a tangent, the Python function behind it can.

While a transform runs, a dispatcher (what ``@njit`` makes) that is called with a lifted argument calls its Python function; all
other calls go to the compiled code. A ``@vectorize`` ufunc without a rule applies its Python function element by element.
Nothing here imports numba: where the user has not, there is nothing to do.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np

from .lift import Lifted, leaves
from .objects import holds_lifted, lift_objects

DISPATCHER = "numba.core.dispatcher"
_lock = threading.Lock()
_running = 0


def _call(dispatcher: Any, *args: Any, **kwargs: Any) -> Any:
    if any(isinstance(each, Lifted) or holds_lifted(each) for each in leaves((args, kwargs))):
        return dispatcher.py_func(*map(lift_objects, args), **{name: lift_objects(each) for name, each in kwargs.items()})
    return super(sys.modules[DISPATCHER].Dispatcher, dispatcher).__call__(*args, **kwargs)


def unjitted() -> AbstractContextManager[None]:
    """A block in which jitted functions take duals. Blocks of several threads may overlap: the last one to leave restores."""
    module = sys.modules.get(DISPATCHER)
    return _NOTHING if module is None else _unjitted(module)


_NOTHING = nullcontext()


@contextmanager
def _unjitted(module: Any) -> Iterator[None]:
    global _running  # noqa: PLW0603 - how many blocks are open in the process
    with _lock:
        _running += 1
        if _running == 1:
            module.Dispatcher.__call__ = _call
    try:
        yield
    finally:
        with _lock:
            _running -= 1
            if _running == 0:
                del module.Dispatcher.__call__


def is_jitted(value: Any) -> bool:
    """Whether a value is a dispatcher of numba's."""
    module = sys.modules.get(DISPATCHER)
    return module is not None and issubclass(type(value), module.Dispatcher)


def python_function(ufunc: Any) -> Callable[..., Any] | None:
    """The Python function behind a ufunc made by ``@vectorize``; None for any other."""
    return getattr(getattr(ufunc, "_dispatcher", None), "py_func", None)


def elementwise(function: Callable[..., Any], inputs: tuple[Any, ...]) -> Any:
    """A function of scalars applied to every element of its broadcast inputs."""
    arrays = np.broadcast_arrays(*inputs)
    shape = arrays[0].shape
    flat = [array.reshape(-1) if shape else [array.item()] for array in arrays]
    results = lift_objects([function(*items) for items in zip(*flat, strict=True)])
    return np.reshape(results, shape) if shape else results[0]
