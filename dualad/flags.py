"""The processor's flags of arithmetic: whether something was divided by zero, overflowed, or has no value.

NumPy looks at them after each operation, and warns or raises as it is told. Compiled code does not; whoever calls it can ask
afterwards, and let NumPy compute where there is something to say.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

MASKS = {"x86_64": 1 | 4 | 8, "amd64": 1 | 4 | 8, "aarch64": 1 | 2 | 4, "arm64": 1 | 2 | 4}
"""By the name of a processor, what <fenv.h> has for FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW."""


@cache
def raised() -> Callable[[], bool] | None:
    """A function that tells whether this thread has raised a flag since it was asked last; None where nobody can tell."""
    mask = None if sys.platform == "win32" else MASKS.get(platform.machine().lower())
    from . import libm, native  # noqa: PLC0415 - loads LLVM

    address = {name: libm.address(libm.LIBM, name) for name in ("fetestexcept", "feclearexcept")}
    if mask is None or None in address.values():
        return None
    import llvmlite.binding as llvm  # noqa: PLC0415 - the same
    from llvmlite import ir  # noqa: PLC0415 - the same

    native.machine()
    for name, place in address.items():
        llvm.add_symbol(f"dualad_{name}", place)

    def build() -> Any:
        module = ir.Module("flags")
        test, clear = (
            ir.Function(module, ir.FunctionType(native.I32, [native.I32]), f"dualad_{name}")
            for name in ("fetestexcept", "feclearexcept")
        )
        body = ir.Function(module, ir.FunctionType(ir.IntType(1), []), "flags_body")
        builder = ir.IRBuilder(body.append_basic_block("entry"))
        found = builder.icmp_signed("!=", builder.call(test, [ir.Constant(native.I32, mask)]), ir.Constant(native.I32, 0))
        with builder.if_then(found):
            builder.call(clear, [ir.Constant(native.I32, mask)])
        builder.ret(found)
        native.wrapped(module, "flags", body, [], False)
        return module

    return native.function_of("flags", f"flags {mask}", build)
