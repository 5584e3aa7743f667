"""What the user knows better: a function's own derivative rule, and values that are not to be differentiated."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .dual import Dual, dual
from .errors import BadArgument
from .levels import Level
from .ruled import Ruled, is_at
from .trees import dtype_of, flatten, is_numeric, tree_map, unflatten
from .watching import WATCH, Block, watching


class custom_jvp(Ruled):
    """A function whose derivative is given by the user.

    Parameters
    ----------
    f : callable
        The function, of arrays, scalars and pytrees of them. It may be anything that computes the value: compiled code, an
        iteration, a table. It is called with plain values (or, in nested transforms, with duals of an outer one).
        Its keyword arguments are constants, and the rule is given them too.

    Raises
    ------
    BadArgument
        When it is differentiated before a rule was given, or the rule's tangent has not the structure of its output.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> @dualad.custom_jvp
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return log1pexp(x), dx / (1.0 + np.exp(-x))
    >>> float(dualad.derivative(log1pexp)(0.0))
    0.5
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        super().__init__(f)
        self._rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Give the rule: ``rule(primals, tangents) -> (output, tangent_out)``, both arguments tuples.

        It is written for one direction, linear in the tangents, and is called once for all directions. An argument that does
        not vary has zeros as tangent; one that cannot (str, None) has None.
        """
        self._rule = rule
        return rule

    def defjvps(self, *rules: Callable[..., Any] | None) -> None:
        """Give a rule per argument: ``rule(tangent, output, *primals) -> tangent_out``; None where the output does not vary."""

        def rule(primals: tuple[Any, ...], tangents: tuple[Any, ...], **kwargs: Any) -> Any:
            if len(rules) != len(primals):
                raise BadArgument(f"{self.__name__}.defjvps got {len(rules)} rule(s) for {len(primals)} argument(s)")
            out = self(*primals, **kwargs)
            pairs = zip(rules, tangents, strict=True)
            terms = [each(t, out, *primals, **kwargs) for each, t in pairs if each is not None and t is not None]
            return out, functools.reduce(np.add, terms) if terms else tree_map(np.zeros_like, out)

        self._rule = rule

    def _missing(self) -> str | None:
        return f"a rule: give one with @{self.__name__}.defjvp" if self._rule is None else None

    def _moved(self, top: Any, leaves: list[Any], structure: Any, primals: Any, kwargs: dict[str, Any]) -> Any:
        assert self._rule is not None
        level = top.level
        # All directions at once: the rule is linear in the tangents, so its answer on 1 + v ε has its answer for v beside ε.
        with Level.fresh(f"the rule of {self.__name__}") as inner:
            inner.program = level.program
            tangents = unflatten(structure, [_carrier(leaf, level, inner) for leaf in leaves])
            with np.errstate(all="ignore"):
                answer = self._rule(primals, tangents, **kwargs)
            if not (isinstance(answer, tuple) and len(answer) == 2):
                raise BadArgument(f"the rule of {self.__name__} returned {type(answer).__name__}, not a pair (output, tangent)")
            (values, shape), (slopes, other) = map(flatten, answer)
            if shape != other:
                raise BadArgument(f"the rule of {self.__name__}: output {shape} and tangent {other} differ in structure")
            pushed = [slope.tangent if is_at(slope, inner) else None for slope in slopes]
        self._require_own(level, [*values, *pushed])
        return unflatten(shape, [self._joined(top, *pair) for pair in zip(values, pushed, strict=True)])

    def _joined(self, top: Dual, value: Any, tangent: Any) -> Any:
        value = value if hasattr(value, "dtype") else np.asarray(value)[()]
        if tangent is not None and tangent.shape[1:] != value.shape:
            raise BadArgument(
                f"the rule of {self.__name__} gave a tangent of shape {tangent.shape[1:]} for an output of shape {value.shape}"
            )
        return top._wrap(value, tangent)


def _carrier(leaf: Any, level: Level, inner: Level) -> Any:
    """An array of the leaf's shape that carries a copy of the leaf's tangents, which the rule may write into: of ones, so that
    a rule which looks whether anything moves sees that it does; of plain zeros where nothing moves."""
    if not is_numeric(leaf):
        return None
    if not is_at(leaf, level) or leaf.tangent is None:
        return np.zeros(np.shape(leaf), dtype_of(leaf))[()]
    return dual(np.ones(np.shape(leaf), dtype_of(leaf))[()], np.copy(leaf.tangent), inner)


def stop_gradient(x: Any) -> Any:
    """x with its tangents cut, at every level; a copy, so that writing into one does not change the other.

    Parameters
    ----------
    x : pytree
        Arrays and scalars; what is not dual is returned as it is.

    Returns
    -------
    pytree
        The same values, constant to every transform.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> float(dualad.derivative(lambda x: x * dualad.stop_gradient(x))(3.0))
    3.0
    """
    return tree_map(_cut, x)


def _cut(leaf: Any) -> Any:
    if isinstance(leaf, Dual):
        return dual(_cut(leaf.primal), None, leaf.level)
    return np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf


@contextmanager
def no_tangents() -> Iterator[None]:
    """A block in which results carry no tangents: what is computed there is constant to every transform outside it.

    Views stay views: they share their base's tangents, and what is computed from them has none. Holds for the current thread
    or task. A transform called inside the block still differentiates.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> def f(x):
    ...     with dualad.no_tangents():
    ...         scale = np.sum(x)
    ...     return x / scale
    >>> dualad.jacfwd(f)(np.array([1.0, 3.0]))
    array([[0.25, 0.  ],
           [0.  , 0.25]])
    """
    with watching(Block(Level.fresh("no_tangents"), sys._getframe(2), WATCH.get())):
        yield
