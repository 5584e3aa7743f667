"""What a function sees at present: the arrays that it is given from outside, if all else there is as it was.

The function that looks is written out for one closed function: that takes a tenth of the time. It holds on to nothing that the
function sees but constants, so whatever else that is may go.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import FunctionType
from typing import Any
from weakref import ref

from .closed import Closed

Gathered = Callable[[FunctionType, tuple[Any, ...]], tuple[Any, ...] | None]


def gathering(function: Closed) -> Gathered:
    """A function of another function of the same code, and its arguments, that gives these and the values from outside; None
    if a name outside stands for something else."""
    root = function.root
    names: dict[str, Any] = {"builtins": vars(builtins)}
    lines = []
    for each, place in function.functions.items():
        names |= {f"code{place}": ref(each.__code__), f"defaults{place}": each.__defaults__}
        if place:
            names[f"ref{place}"] = ref(each)
            lines += [f"f{place} = ref{place}()", f"if f{place} is None: return None"]
        lines.append(f"if f{place}.__code__ is not code{place}() or f{place}.__defaults__ is not defaults{place}: return None")
        lines.append(f"names{place} = f{place}.__globals__")
    given = []
    for place, (name, watched) in enumerate(function.watched.items()):
        if name.cell:
            found = f"f{name.place}.__closure__[{watched.function.__code__.co_freevars.index(name.name)}].cell_contents"
        else:
            found = f"names{name.place}.get({name.name!r})"
        names[f"value{place}"] = value = watched.value
        if watched.builtin:
            test = f"{name.name!r} in names{name.place} or builtins.get({name.name!r}) is not value{place}"
        elif watched.varies:
            names[f"kind{place}"] = watched.kind
            test = f"v{place}.__class__ is not kind{place}"
            lines.append(f"v{place} = {found}")
            given.append(f"v{place}")
        elif value is root:
            test = f"{found} is not f0"
        elif isinstance(value, FunctionType) and value in function.functions:
            names[f"value{place}"] = ref(value)
            test = f"value{place}() is not {found}"
        else:
            test = f"{found} is not value{place}"
        lines.append(f"if {test}: return None")
    lines.append(f"return (*args, {', '.join(given)})" if given else "return args")
    text = "\n        ".join(["def gathered(f0, args):\n    try:", *lines]) + "\n    except ValueError: return None"
    names = {name: value for name, value in names.items() if value is not root}
    exec(compile(text, f"<outside of {root.__name__}>", "exec"), names)
    gathered: Gathered = names["gathered"]
    return gathered
