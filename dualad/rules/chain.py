"""The chain rule, written once.

Whoever brings the operands decides what comes out: arrays give tangents, duals of a lower level give derivatives of
derivatives, symbols give the lines of a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .table import Array, Elementwise, Partial, align, total


def pushforward(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Array) -> Any:
    """The chain rule: dy = sum of (partial by input i) * (tangent of input i), over inputs that carry a tangent.

    Tangents have shape (k, *S); the answer may still lack broadcast axes, or be None where nothing varies.
    For a function of several outputs, `y` is a tuple and so is the answer.
    """
    ndim = max(map(np.ndim, primals)) if y.__class__ is tuple else y.ndim
    for tangent in tangents:
        if tangent is not None and tangent.ndim <= ndim:
            tangents = [each if each is None else align(each, ndim) for each in tangents]
            break
    return chained(row, primals, tangents, y)


def chained(row: Elementwise, primals: Sequence[Array], tangents: Sequence[Array | None], y: Array) -> Any:
    """The same of tangents that broadcast as they are."""
    if row.linear:
        return _linear(row.partials, tangents)
    if row.simple:  # by far the most calls: one output, partials that multiply
        terms = row.terms
        if len(terms) == 1:
            return terms[0](primals, tangents[0], y)
        result = None
        for place, term in enumerate(terms):
            tangent = tangents[place]
            if tangent is not None and term is not None:
                moved = term(primals, tangent, y)
                result = moved if result is None else result + moved
        return result
    if row.push is not None:
        return row.push(*primals, y, *tangents)
    if isinstance(y, tuple):
        return tuple(
            _combine(row, [p[i] if isinstance(p, tuple) else p for p in row.partials], primals, tangents, y)
            for i in range(len(y))
        )
    return _combine(row, row.partials, primals, tangents, y)


def _linear(partials: Sequence[float], tangents: Sequence[Array | None]) -> Any:
    """The sum of number times tangent: an array of its own, whichever tangents it is made of."""
    result = borrowed = None
    for place, number in enumerate(partials):
        tangent = tangents[place]
        if tangent is None or number == 0:
            continue
        if number == 1:
            if result is None:
                result = borrowed = tangent
            else:
                result = result + tangent
        elif number == -1:
            result = -tangent if result is None else result - tangent
        else:
            term = number * tangent
            result = term if result is None else result + term
    return result if result is not borrowed or result is None else +result


def _combine(
    row: Elementwise, partials: Sequence[Partial], primals: Sequence[Array], tangents: Sequence[Array | None], y: Any
) -> Any:
    """The sum of partial times tangent; in a selection, of the tangents that were chosen."""
    terms = []
    for partial, tangent in zip(partials, tangents, strict=True):
        if tangent is None or (isinstance(partial, (int, float)) and partial == 0):
            continue
        factor = partial(*primals, y) if callable(partial) else partial
        terms.append(np.where(factor == 0, 0.0, factor * tangent) if row.select else factor * tangent)
    return total(*terms)
