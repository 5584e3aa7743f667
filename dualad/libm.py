"""The C library's elementary functions for compiled code, and libmvec's that do the same for several elements at once.

LLVM gets the scalar functions under names of ours, each with the attribute that says which functions of libmvec stand for it:
the loop vectoriser puts these in by itself. `simd` says more of it.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir

NAMES: dict[str, tuple[str, int]] = {
    **{name: (name, 1) for name in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan")},
    **{f"arc{name}": (f"a{name}", 1) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: (name, 1) for name in ("sinh", "cosh", "tanh", "cbrt", "erf", "erfc")},
    **{"power": ("pow", 2), "arctan2": ("atan2", 2), "hypot": ("hypot", 2)},
}
"""By NumPy's name of a function, erf and erfc by SciPy's, the C library's and how many arguments it has."""


def _library(*names: str | None) -> ctypes.CDLL | None:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def address(library: ctypes.CDLL | None, *names: str) -> int | None:
    """Where a library has a function, under the first of some names that it knows."""
    for name in names:
        if hasattr(library, name):
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    return None


LIBM = _library("ucrtbase") if os.name == "nt" else _library("libm.so.6", None)
_NAME = os.environ.get("DUALAD_LIBMVEC", "libmvec.so.1")
LIBMVEC = _library(_NAME) if _NAME else None


def registers(features: str) -> dict[str, int]:
    """The vector registers that code for a processor with these features may use, as the letter of the vector ABI and a width
    in bits.

    LLVM would pass a vector wider than its registers in pieces, and libmvec would read rubbish.
    """
    known = features.split(",")
    if LIBMVEC is None or "+avx2" not in known:
        return {}
    return {"b": 128, "d": 256, **({"e": 512} if "+avx512f" in known else {})}


class Entries:
    """The functions for some vector registers.

    Attributes
    ----------
    wide
        The names of those that are widened.
    vectors
        By libm's name, elements per call and libmvec's name.
    """

    def __init__(self, allowed: dict[str, int]) -> None:
        self.vectors: dict[str, list[tuple[int, str]]] = {}
        self.wide = frozenset([name for name, (libm, arity) in NAMES.items() if self._register(name, libm, arity, allowed)])

    def _register(self, name: str, libm: str, arity: int, allowed: dict[str, int]) -> bool:
        """Tell LLVM the addresses of libm's scalar functions and of libmvec's; these are used all or none."""
        found = {}
        for suffix, bits in (("", 64), ("f", 32)):
            scalar = address(LIBM, libm + suffix, f"_{libm}{suffix}")  # Windows has hypotf with an underscore only
            if scalar is None:
                raise ImportError(f"the machine's C library has no {libm}{suffix}, which dualad.simd.{name} stands on")
            llvm.add_symbol(f"dualad_{libm}{suffix}", scalar)
            for letter, register in allowed.items():
                lanes = register // bits
                symbol = f"_ZGV{letter}N{lanes}{'v' * arity}_{libm}{suffix}"
                found[symbol] = (libm + suffix, lanes, address(LIBMVEC, symbol))
        if not found or not all(place for *_, place in found.values()):
            return False
        for symbol, (scalar_name, lanes, place) in found.items():
            llvm.add_symbol(symbol, place)
            self.vectors.setdefault(scalar_name, []).append((lanes, symbol))
        return True

    def declare(self, module: Any, name: str, real: Any) -> Any:
        """A function, by NumPy's name, in a module of LLVM's, with what the vectoriser may put in its place; `real` is the type
        of its numbers."""
        libm, arity = NAMES[name]
        libm += "f" if isinstance(real, ir.FloatType) else ""
        symbol = f"dualad_{libm}"
        if symbol in module.globals:
            return module.globals[symbol]
        function = ir.Function(module, ir.FunctionType(real, [real] * arity), symbol)
        attributes = ["readnone", "nounwind", "willreturn"]  # free of effects: a branch can become a selection
        variants, kept = [], []
        for lanes, wide in self.vectors.get(libm, []):
            vector = ir.VectorType(real, lanes)
            kept.append(ir.Function(module, ir.FunctionType(vector, [vector] * arity), wide))
            variants.append(f"_ZGV_LLVM_N{lanes}{'v' * arity}_{symbol}({wide})")
        if variants:
            attributes.append(f'"vector-function-abi-variant"="{",".join(variants)}"')
        if kept:  # LLVM refuses an empty list
            keep(module, kept)
        for attribute in attributes:
            set.add(function.attributes, attribute)  # llvmlite's own method knows some of LLVM's attributes only
        return function


def keep(module: Any, symbols: list[Any]) -> None:
    """Keep declarations that nothing calls yet, until the vectoriser looks for them."""
    pointer = ir.IntType(8).as_pointer()
    used = module.globals.get("llvm.compiler.used")
    if used is None:
        used = ir.GlobalVariable(module, ir.ArrayType(pointer, 0), "llvm.compiler.used")
        used.linkage, used.section, used.initializer = "appending", "llvm.metadata", ir.Constant(used.value_type, [])
    symbols = [*used.initializer.constant, *(each.bitcast(pointer) for each in symbols)]
    used.value_type = ir.ArrayType(pointer, len(symbols))
    used.type = used.value_type.as_pointer()
    used.initializer = ir.Constant(used.value_type, symbols)
