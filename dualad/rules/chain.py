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
    if row.simple:  # by far the most calls: one output, partials that multiply
        ndim = y.ndim
        result = borrowed = None
        for partial, tangent in zip(row.partials, tangents, strict=True):
            if tangent is None or (partial.__class__ is int and partial == 0):
                continue
            if tangent.ndim <= ndim:
                tangent = align(tangent, ndim)
            if partial.__class__ is not int:
                term = (partial(*primals, y) if callable(partial) else partial) * tangent
            elif partial == 1:
                term = tangent
                if result is None:
                    borrowed = tangent
            elif partial == -1:
                result = -tangent if result is None else result - tangent
                continue
            else:
                term = partial * tangent
            result = term if result is None else result + term
        return result if result is not borrowed or result is None else +result
    ndim = max(map(np.ndim, primals))
    aligned = [tangent if tangent is None else align(tangent, ndim) for tangent in tangents]
    if row.push is not None:
        return row.push(*primals, y, *aligned)
    if isinstance(y, tuple):
        return tuple(
            _combine(row, [p[i] if isinstance(p, tuple) else p for p in row.partials], primals, aligned, y)
            for i in range(len(y))
        )
    return _combine(row, row.partials, primals, aligned, y)


def _combine(
    row: Elementwise, partials: Sequence[Partial], primals: Sequence[Array], tangents: Sequence[Array | None], y: Any
) -> Any:
    """The sum of partial times tangent; in a selection, of the tangents that were chosen."""
    terms = []
    for partial, tangent in zip(partials, tangents, strict=True):
        if tangent is None or (isinstance(partial, int | float) and partial == 0):
            continue
        factor = partial(*primals, y) if callable(partial) else partial
        terms.append(np.where(factor == 0, 0.0, factor * tangent) if row.select else factor * tangent)
    return total(*terms)
