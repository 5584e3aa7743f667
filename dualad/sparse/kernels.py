"""The loops of colourings: Python for small matrices, compiled by numba for large ones. The same text serves both."""

from __future__ import annotations

from functools import cache
from typing import Any


def distance_two(indptr: Any, indices: Any, back: Any, behind: Any, sequence: Any) -> Any:
    """Colours of columns: the smallest that no column of a common row has."""
    count = len(indptr) - 1
    colours = [-1] * count
    taken = [-1] * (count + 1)  # by colour, the column for which it was found taken last
    for column in sequence:
        for at in range(indptr[column], indptr[column + 1]):
            row = indices[at]
            for place in range(back[row], back[row + 1]):
                colour = colours[behind[place]]
                if colour >= 0:
                    taken[colour] = column
        colour = 0
        while taken[colour] == column:
            colour += 1
        colours[column] = colour
    return colours


def star(indptr: Any, indices: Any, sequence: Any, covered: Any, proper: Any) -> Any:
    """Colours of a graph's vertices such that no path of four has two: the smallest that none forbids.

    A vertex that is not covered gets none, and its neighbours have different ones. With `proper`, neighbours differ.
    """
    count = len(indptr) - 1
    colours = [-1] * count
    taken = [-1] * (count + 1)
    for vertex in sequence:
        for at in range(indptr[vertex], indptr[vertex + 1]):
            near = indices[at]
            if colours[near] >= 0 and proper[0]:
                taken[colours[near]] = vertex
            for place in range(indptr[near], indptr[near + 1]):
                far = indices[place]
                if far == vertex or colours[far] < 0 or taken[colours[far]] == vertex:
                    continue
                if colours[near] < 0:
                    taken[colours[far]] = vertex  # between these two is one that has no colour, or has none yet
                    continue
                for end in range(indptr[far], indptr[far + 1]):
                    if indices[end] != near and colours[indices[end]] == colours[near]:
                        taken[colours[far]] = vertex
                        break
        colour = 0
        while taken[colour] == vertex:
            colour += 1
        colours[vertex] = colour
    return colours


def by_incidence(indptr: Any, indices: Any, back: Any, behind: Any) -> Any:
    """Columns in an order in which each has the most common rows with those before it."""
    count = len(indptr) - 1
    touched = [0] * count  # how many steps lead from those before
    first = [-1] * 1  # by number of steps, a column, from which others follow
    following = [-1] * count
    before = [-1] * count
    done = [0] * count
    first[0] = 0
    for column in range(count):
        following[column] = column + 1 if column + 1 < count else -1
        before[column] = column - 1
    highest = 0
    order = [0] * count
    for step in range(count):
        while first[highest] < 0:
            highest -= 1
        column = first[highest]
        first[highest] = following[column]
        if following[column] >= 0:
            before[following[column]] = -1
        done[column] = 1
        order[step] = column
        for at in range(indptr[column], indptr[column + 1]):
            row = indices[at]
            for place in range(back[row], back[row + 1]):
                other = behind[place]
                if done[other]:
                    continue
                number = touched[other]
                if before[other] >= 0:
                    following[before[other]] = following[other]
                else:
                    first[number] = following[other]
                if following[other] >= 0:
                    before[following[other]] = before[other]
                number += 1
                touched[other] = number
                while len(first) <= number:
                    first.append(-1)
                following[other] = first[number]
                before[other] = -1
                if first[number] >= 0:
                    before[first[number]] = other
                first[number] = other
                highest = max(highest, number)
    return order


def cover(indptr: Any, indices: Any, preference: Any) -> Any:
    """Vertices, the preferred ones first, such that every edge has one of them: 1 where it is one."""
    count = len(indptr) - 1
    chosen = [0] * count
    for vertex in preference:
        for at in range(indptr[vertex], indptr[vertex + 1]):
            if not chosen[indices[at]]:
                chosen[vertex] = 1
                break
    return chosen


@cache
def compiled(name: str) -> Any:
    """A loop as machine code."""
    import numba  # noqa: PLC0415 - half a second, for whoever needs it

    return numba.njit(globals()[name], nogil=True)
