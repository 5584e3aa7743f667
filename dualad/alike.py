"""Whether two graphs are the same program, and two answers the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Graph
from .lines import Line, key_of, replaced, same
from .passes import constant_of
from .trees import flatten

NUMBERS = (bool, int, float, complex, np.generic, np.ndarray)


def alike(one: Graph, other: Graph) -> bool:
    """Whether two graphs make the same calls of the same things; what is now in arrays from outside does not count."""
    lines, twins = one.live(), other.live()
    if len(lines) != len(twins) or len(one.guards) != len(other.guards):
        return False
    twin_of = dict(zip(lines, twins, strict=True))
    return (
        [twin_of[line] for line in one.inputs if line in twin_of] == [line for line in other.inputs if line in set(twins)]
        and all(_same_line(one, other, line, twin_of) for line in lines)
        and _key(one.outputs, twin_of) == key_of(other.outputs)
        and all(twin_of[a.line] is b.line and same(a.outcome, b.outcome) for a, b in zip(one.guards, other.guards, strict=True))
    )


def _same_line(one: Graph, other: Graph, line: Line, twin_of: dict[Line, Line]) -> bool:
    twin = twin_of[line]
    if line.function is not twin.function or (line.kind, line.shape, line.dtype) != (twin.kind, twin.shape, twin.dtype):
        return False
    if line.function is not None:
        return bool(_key((line.args, line.keywords), twin_of) == key_of((twin.args, twin.keywords)))
    if line not in one.hidden:
        return twin not in other.hidden
    held, others = constant_of(one, line), constant_of(other, twin)
    if held is not None:
        return others is not None and held.tobytes() == others.tobytes()
    return others is None and _where(one.hidden[line]) == _where(other.hidden.get(twin))


def _where(array: Any) -> Any:
    """Where an array lies in memory."""
    return array.__array_interface__ if isinstance(array, np.ndarray) else id(array)


def _key(value: Any, twin_of: dict[Line, Line]) -> Any:
    return key_of(replaced(value, twin_of.__getitem__))


def agree(one: Any, other: Any) -> bool:
    """Whether two answers are the same, but for roundings that added up."""
    leaves, structure = flatten(one)
    others, another = flatten(other)
    return structure == another and all(map(_agrees, leaves, others))


def _agrees(one: Any, other: Any) -> bool:
    if not isinstance(one, NUMBERS) or not isinstance(other, NUMBERS):
        return bool(one is other or (type(one) is type(other) and one == other))
    if isinstance(one, np.ndarray) is not isinstance(other, np.ndarray):
        return False
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.dtype.kind not in "fc":
        return one.tobytes() == other.tobytes()
    close = np.finfo(one.dtype).eps ** 0.5
    scale = np.max(np.abs(one), where=np.isfinite(one), initial=0.0)
    return np.allclose(one, other, rtol=close, atol=close * float(scale), equal_nan=True)
