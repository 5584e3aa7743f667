"""What a write into a view makes of its base, and what another base makes of a view."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .graph import Graph, item, part_written, scattered, written
from .lines import Line, replaced


def base_line(tape: Any, recipe: Line, of: Line, base: Line, example: Any, line: Line) -> Line:
    """The line of a base when that of its view, which `recipe` made of `of`, has become another one."""
    emit = tape.graph.emit
    if recipe.function is operator.getitem and recipe.args[0] is of:
        return emit(written, (base, recipe.args[1], line), {}, example)
    if recipe.function in (np.real, np.imag) and of.dtype.kind == "c":
        return emit(part_written, (base, recipe.function == np.imag, line), {}, example)
    places = _places(recipe, of, example)
    return emit(scattered, (base, tape.constant(places), line), {}, example)


def anew(graph: Graph, line: Line, old: Line, new: Line) -> Line:
    """The line of a view when its base has another value."""

    def other(each: Line) -> Line:
        part = each.function is not None and line.function is item
        return new if each is old else anew(graph, each, old, new) if part else each

    args, keywords = replaced(line.args, other), replaced(line.keywords, other)
    return graph.copied(line, args, keywords)


def _places(line: Line, base: Line, example: Any) -> Any:
    """Where the elements of a view lie in its raveled base: the view's function of an array that counts."""
    counted = np.empty_like(example, np.intp)  # it lies in memory as the base does, which some functions ask
    counted[...] = np.arange(example.size).reshape(example.shape)

    def value(each: Line) -> Any:
        if each is base:
            return counted
        return _places(each, base, example) if each.kind == "structure" else np.zeros(each.shape, np.intp)

    if line.function == np.astype:  # the same dtype, without a copy
        return value(line.args[0])
    assert line.function is not None
    return line.function(*replaced(line.args, value), **replaced(line.keywords, value))
