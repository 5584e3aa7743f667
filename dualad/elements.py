"""What compiled loops do with single elements: read one, write one, choose between two.

numba would build a view for each array that a loop reads, check each index for being negative, and make a branch of every
choice; LLVM takes most of that away again, but in loops of hundreds of lines it takes many seconds over it. These are single
instructions. Places are not checked: the program that is written around them knows the sizes.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.core.extending import intrinsic


def _place(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = context.make_array(kind)(context, builder, value=array).data
    return builder.gep(data, [place], inbounds=True)


def _load(typingctx: Any, array: Any, place: Any) -> Any:
    """The element at a place of a flat array."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return context.unpack_value(builder, array.dtype, _place(context, builder, array, *values))

    return array.dtype(array, types.int64), emit


def _store(typingctx: Any, array: Any, place: Any, value: Any) -> Any:
    """Write an element at a place of a flat array."""

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        context.pack_value(builder, array.dtype, values[2], _place(context, builder, array, *values[:2]))
        return context.get_dummy_value()

    return types.none(array, types.int64, array.dtype), emit


def _choose(typingctx: Any, condition: Any, one: Any, other: Any) -> Any:
    """`one` if `condition` else `other`, both computed."""
    unified = one if one == other else typingctx.unify_types(one, other)

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.select(*values)

    return unified(types.boolean, unified, unified), emit


load, store, choose = intrinsic(_load), intrinsic(_store), intrinsic(_choose)
