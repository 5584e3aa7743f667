"""The processor's flags of arithmetic: whether something was divided by zero, overflowed, or has no value.

NumPy looks at them after each operation, and warns or raises as it is told. Compiled code does not; whoever calls it can ask
afterwards, and let NumPy compute where there is something to say.
"""

from __future__ import annotations

import platform
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

INTEL, ARM = (4, 8, 16, 1), (2, 4, 8, 1)
MASKS = {"x86_64": INTEL, "amd64": INTEL, "aarch64": ARM, "arm64": ARM}
"""By the name of a processor, what <fenv.h> has for FE_DIVBYZERO, FE_OVERFLOW, FE_UNDERFLOW and FE_INVALID."""

STATES = ("divide", "over", "under", "invalid")
"""What NumPy calls them in `np.errstate`, in the same order."""


class Flags:
    """The flags of this thread."""

    def __init__(self, native: Callable[[int, int], bool], masks: tuple[int, ...]) -> None:
        self.native, self.masks, self.all = native, masks, sum(masks)

    def clear(self) -> None:
        """Forget what was raised."""
        if self.native(self.all, 0):  # to look takes a tenth of the time
            self.native(0, self.all)

    def any(self) -> bool:
        """Whether one was raised since, that of what is too small among them."""
        return self.native(self.all, 0)

    def raised(self) -> set[str]:
        """Those that were, by NumPy's names."""
        return {name for name, mask in zip(STATES, self.masks, strict=True) if self.native(mask, 0)}


def heard(names: set[str]) -> bool:
    """Whether NumPy is told to say anything of them."""
    states: dict[str, str] = dict(np.geterr())
    return any(states[name] != "ignore" for name in names)


@cache
def flags() -> Flags | None:
    """The flags of arithmetic; None where nobody can tell."""
    masks = None if sys.platform == "win32" else MASKS.get(platform.machine().lower())
    from . import libm, native  # noqa: PLC0415 - loads LLVM

    address = {name: libm.address(libm.LIBM, name) for name in ("fetestexcept", "feclearexcept")}
    if masks is None or None in address.values():
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
        body = ir.Function(module, ir.FunctionType(ir.IntType(1), [native.I64, native.I64]), "flags_body")
        builder = ir.IRBuilder(body.append_basic_block("entry"))
        asked, cleared = (builder.trunc(each, native.I32) for each in body.args)
        zero = ir.Constant(native.I32, 0)
        found = builder.icmp_signed("!=", builder.call(test, [asked]), zero)
        with builder.if_then(builder.icmp_signed("!=", cleared, zero)):
            builder.call(clear, [cleared])
        builder.ret(found)
        native.wrapped(module, "flags", body, [(native.I64, False), (native.I64, False)], False)
        return module

    return Flags(native.function_of("flags", "flags of two masks", build), masks)


class Ear(threading.local):
    """What steps of a program that NumPy takes have to say, and kernels before them: NumPy forgets their flags."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.raised: set[str] = set()

    def listening(self, program: Callable[..., Any], values: tuple[Any, ...]) -> Any:
        """The answer of a program."""
        self.raised = set()
        told = {name: "ignore" if state == "ignore" else "call" for name, state in np.geterr().items()}
        with np.errstate(call=self._called, **told):
            return program(*values)

    def _called(self, what: str, flag: int) -> None:
        self.raised.add(WORDS[what])

    def _heard(self, kernel: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel after which flags are looked at."""

        def call(*arguments: Any) -> Any:
            answer = kernel(*arguments)
            if self.flags.any():
                self.raised |= self.flags.raised()
                self.flags.clear()
            return answer

        return call

    def put(self, names: dict[str, Any]) -> None:
        """Listen to the kernels of a program, which have been compiled."""
        if "ear" not in names:
            names["ear"] = self
            for name, kernel in list(names.items()):
                if name.startswith("kernel") and name[6:].isdecimal():
                    names[name] = self._heard(kernel)


WORDS = {"divide by zero": "divide", "overflow": "over", "underflow": "under", "invalid value": "invalid"}
"""How NumPy calls to whoever listens."""
