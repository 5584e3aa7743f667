"""Black boxes: the derivative of a function that cannot be opened, by extrapolated differences or by a complex step."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .differences import differences
from .dual import Dual
from .errors import BadArgument, InaccurateWarning, caller
from .lift import highest
from .objects import lift_objects
from .trees import flatten, is_numeric, unflatten
from .wrapping import Wrapper

COMPLEX_STEP = 1e-30
ENOUGH = 1e-6  # relative: less accurate derivatives are told of


class numerical(Wrapper):
    """A function whose derivative is found by calling it: for compiled code, tables, simulations.

    Parameters
    ----------
    f : callable
        Function of arrays, scalars and pytrees of them; it is called with plain values only, several times per direction.
    method : {"differences", "complex"}, optional
        "differences": extrapolated central differences, with an error estimate (about ten digits of a smooth function, six of
        its second derivative). "complex": one call at ``x + 1e-30j * v``, exact to rounding where f is analytic and computes
        with complex numbers; not for second derivatives.

    Raises
    ------
    BadArgument
        If `method` is neither of the two, or a second derivative is asked of a complex step.

    Warns
    -----
    InaccurateWarning
        If the differences' own estimate leaves less than six digits.

    Examples
    --------
    >>> import math, numpy as np, dualad
    >>> half_life = dualad.numerical(lambda rate: math.log(2.0) / rate)
    >>> round(float(dualad.derivative(lambda x: half_life(x) * x**2)(3.0)), 9)
    0.693147181
    """

    def __init__(self, f: Callable[..., Any], method: str = "differences") -> None:
        super().__init__(f)
        if method not in ("differences", "complex"):
            raise BadArgument(f'numerical: method={method!r} is neither "differences" nor "complex"')
        self._method = method

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, structure = flatten((args, kwargs))
        leaves = list(map(lift_objects, leaves))
        top = highest(leaves)
        if not isinstance(top, Dual):
            return self._f(*args, **kwargs)
        moving = [isinstance(leaf, Dual) and leaf.level is top.level and leaf.tangent is not None for leaf in leaves]
        primals = [leaf.primal if isinstance(leaf, Dual) and leaf.level is top.level else leaf for leaf in leaves]
        out_leaves, out_structure = flatten(self._at(structure, primals))
        numeric = [is_numeric(lift_objects(leaf)) for leaf in out_leaves]
        count = next((len(leaf.tangent) for leaf, moves in zip(leaves, moving, strict=True) if moves), 0)
        # The slope along a direction is a black box itself, of points and directions: that is how outer levels see it.
        slope = numerical(self._slope(structure, moving, numeric), self._method) if highest(primals) is not None else None
        rows = []
        for index in range(count):
            directions = [leaf.tangent[index] for leaf, moves in zip(leaves, moving, strict=True) if moves]
            along = slope or self._slope(structure, moving, numeric)
            rows.append(along(primals, directions))
        results = []
        for place, leaf in enumerate(out_leaves):
            tangent = np.stack([row[place] for row in rows]) if rows and numeric[place] else None
            value = leaf if hasattr(leaf, "dtype") else np.asarray(leaf)[()] if numeric[place] else leaf
            results.append(top._wrap(value, tangent))
        return unflatten(out_structure, results)

    def _at(self, structure: Any, leaves: list[Any]) -> Any:
        args, kwargs = unflatten(structure, leaves)
        return self(*args, **kwargs)

    def _slope(self, structure: Any, moving: list[bool], numeric: list[bool]) -> Callable[..., list[Any]]:
        """The derivative of f's leaves along directions for the leaves that move, as a function of plain values."""

        def slope(primals: list[Any], directions: list[Any]) -> list[Any]:
            def values(t: Any) -> list[Any]:
                steps = iter(directions)
                moved = [p + t * next(steps) if moves else p for p, moves in zip(primals, moving, strict=True)]
                return flatten(self._at(structure, moved))[0]

            if self._method == "complex":
                if any(np.iscomplexobj(each) for each in (*primals, *directions)):
                    raise BadArgument('numerical: method="complex" takes first derivatives by real arguments only')
                pairs = zip(values(1j * COMPLEX_STEP), numeric, strict=True)
                return [np.imag(value) / COMPLEX_STEP if moves else None for value, moves in pairs]
            size = max([1.0, *(float(np.max(np.abs(p), initial=0.0)) for p, m in zip(primals, moving, strict=True) if m)])

            def leaf(index: int) -> Callable[[float], Any]:
                return lambda t: values(t)[index]

            return [self._checked(leaf(i), 1e-2 * size) if moves else None for i, moves in enumerate(numeric)]

        return slope

    def _checked(self, along: Callable[[float], Any], step: float) -> Any:
        best, error = differences(along, step)
        if np.any(error > ENOUGH * np.maximum(np.abs(best), 1.0)):
            warnings.warn(
                f"the derivative of {self.__name__}, called at {caller()}, by differences is accurate to about "
                f"{float(np.max(error)):.0e} only: it may be noisy, or not smooth here",
                InaccurateWarning,
                stacklevel=2,
            )
        return best[()]
