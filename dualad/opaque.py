"""custom_vjp: functions whose derivative the user gives as products with the transposed Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from .errors import BadArgument
from .forward import filled
from .lift import Lifted, ungrounded
from .linear import Linear
from .objects import lift_objects
from .reverse import vjp
from .ruled import Ruled, is_at
from .trees import dtype_of, flatten, is_numeric, tree_map, unflatten


class custom_vjp(Ruled):
    """A function whose derivative is given by the user, backwards.

    Parameters
    ----------
    f : callable
        The function, of arrays, scalars and pytrees of them: anything that computes the value. Its keyword arguments are
        constants, and the forward rule is given them too.

    Raises
    ------
    BadArgument
        When it is differentiated before rules were given, or these do not fit the function.

    Notes
    -----
    Forward mode uses the same rules: the backward rule is linear in the cotangent, and its transpose is the derivative.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> @dualad.custom_vjp
    ... def clipped_gradient(x):
    ...     return np.sum(x**2)
    >>> def forward(x):
    ...     return clipped_gradient(x), x
    >>> def backward(x, cotangent):
    ...     return (np.clip(2 * x, -1.0, 1.0) * cotangent,)
    >>> clipped_gradient.defvjp(forward, backward)
    >>> dualad.grad(clipped_gradient)(np.array([0.25, 3.0]))
    array([0.5, 1. ])
    """

    def __init__(self, f: Callable[..., Any]) -> None:
        super().__init__(f)
        self._forward: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Give the rules: ``forward(*args) -> (output, residuals)``, and ``backward(residuals, cotangent)``, which gives a
        tuple with a cotangent for each argument, or None where the output does not vary with it. `residuals` is anything;
        arrays in its containers are handed on as they were, to be read only."""
        self._forward, self._backward = forward, backward

    def _missing(self) -> str | None:
        given = self._forward is not None and self._backward is not None
        return None if given else f"rules: give them with {self.__name__}.defvjp"

    def _moved(self, top: Any, leaves: list[Any], structure: Any, primals: Any, kwargs: dict[str, Any]) -> Any:
        assert self._forward is not None
        moving = [place for place, leaf in enumerate(leaves) if is_at(leaf, top.level) and leaf.tangent is not None]
        with np.errstate(all="ignore"):
            answer = self._forward(*primals, **kwargs)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise BadArgument(f"the forward rule of {self.__name__} returned no pair (output, residuals)")
        out, residuals = tree_map(lift_objects, answer[0]), answer[1]
        self._require_own(top.level, [*flatten(out)[0], *flatten(residuals)[0]])
        pulling = Pulling(self, residuals, out, primals, moving)
        pushed = pulling.pushed([leaves[place].tangent for place in moving])
        values, shape = flatten(out)
        pairs = zip(values, pushed, strict=True)
        return unflatten(shape, [top._wrap(*each) if is_numeric(each[0]) else each[0] for each in pairs])


class Pulling:
    """The derivative at one point: a linear function of the tangents of the moving arguments, known by its transpose.

    In a program it gives all outputs raveled in one array, which are then taken apart.
    """

    def __init__(self, owner: custom_vjp, residuals: Any, out: Any, primals: Any, moving: list[int]) -> None:
        self.owner, self.residuals, self.moving = owner, residuals, moving
        self.__name__ = owner.__name__
        leaves, self.structure = flatten(out)
        self.shapes = [np.shape(leaf) if is_numeric(leaf) else None for leaf in leaves]
        self.dtypes = [dtype_of(leaf) if is_numeric(leaf) else None for leaf in leaves]
        inputs, self.arguments = flatten(primals)
        self.inputs = [(np.shape(inputs[place]), dtype_of(inputs[place])) for place in moving]

    @property
    def sizes(self) -> list[int]:
        """How many numbers each output has."""
        return [0 if shape is None else prod(shape) for shape in self.shapes]

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the raveled outputs."""
        return np.result_type(*[dtype for dtype in self.dtypes if dtype is not None])

    def back(self, raveled: Any) -> list[Any]:
        """Cotangents of the moving arguments for one of the raveled outputs."""
        parts: list[Any] = []
        at = 0
        for shape, dtype, size in zip(self.shapes, self.dtypes, self.sizes, strict=True):
            if shape is None:
                parts.append(None)
                continue
            part = np.reshape(raveled[at : at + size], shape)
            if dtype is not None and dtype.kind != "c" and part.dtype.kind == "c":
                part = np.real(part)
            parts.append(part[()])
            at += size
        assert self.owner._backward is not None
        answer = self.owner._backward(self.residuals, unflatten(self.structure, parts))
        name = self.owner.__name__
        trees = self.arguments.children()
        if not isinstance(answer, tuple) or len(answer) != len(trees):
            what = f"{len(answer)} cotangent(s)" if isinstance(answer, tuple) else f"{type(answer).__name__}, not a tuple"
            raise BadArgument(f"the backward rule of {name} gave {what} for {len(trees)} argument(s)")
        leaves: list[Any] = []
        for tree, cotangent in zip(trees, answer, strict=True):
            found, structure = ([None] * tree.num_leaves, tree) if cotangent is None else flatten(cotangent)
            if structure != tree:
                raise BadArgument(f"the backward rule of {name} gave a cotangent of structure {structure} for {tree}")
            leaves += found
        cotangents = []
        for place, (shape, dtype) in zip(self.moving, self.inputs, strict=True):
            each = np.zeros(shape, dtype) if leaves[place] is None else leaves[place]
            if np.shape(each) != shape:
                raise BadArgument(f"the backward rule of {name} gave a cotangent of shape {np.shape(each)} for shape {shape}")
            cotangents.append(each)
        return cotangents

    def transpose(self, cotangent: Any, *tangents: Any) -> list[Any]:
        """Cotangents of shape (1, *S), as `transposes` has them."""
        return [np.reshape(each, (1, *np.shape(each))) for each in self.back(cotangent[0])]

    def shaped(self, *tangents: Any) -> Any:
        """The shape and dtype of what a call gives."""
        return np.broadcast_to(np.zeros((), self.dtype), (1, sum(self.sizes)))

    def __call__(self, *tangents: Any) -> Any:
        """All outputs' tangents, raveled: the transpose of the backward rule, direction by direction."""
        _, push = vjp(self.back, np.zeros(sum(self.sizes), self.dtype))
        rows = []
        for k in range(len(tangents[0])):
            parts = [np.astype(each[k], dtype) for each, (_, dtype) in zip(tangents, self.inputs, strict=True)]
            rows.append(push(parts)[0])
        return np.stack(rows)

    def pushed(self, tangents: list[Any]) -> list[Any]:
        """The tangent of each output for those of the moving arguments."""
        first = tangents[0]
        if all(isinstance(each, Linear) for each in tangents):
            self.residuals = tree_map(_as_it_is, self.residuals)  # they are asked for when f has ended
            raveled = first._emitted(self, tuple(tangents), {})
        else:
            raveled = self(*[filled(each, None, len(first)) for each in tangents])
        parts: list[Any] = []
        at = 0
        for shape, dtype, size in zip(self.shapes, self.dtypes, self.sizes, strict=True):
            if shape is None or dtype is None or dtype.kind not in "fc":
                parts.append(None)
            else:
                part = np.reshape(raveled[:, at : at + size], (len(first), *shape))
                parts.append(np.real(part) if dtype.kind != "c" and part.dtype.kind == "c" else part)
            at += size
        return parts


def _as_it_is(leaf: Any) -> Any:
    """A residual that nobody writes into later: a copy of an array, which may be f's, the rule's, or that of an argument; not
    even the backward rule, which may be called again."""
    leaf = ungrounded(leaf)
    if isinstance(leaf, Lifted):
        return np.copy(leaf) if np.ndim(leaf) else leaf
    if isinstance(leaf, np.ndarray):
        leaf = np.array(leaf, subok=True)
        leaf.flags.writeable = False
    return leaf
