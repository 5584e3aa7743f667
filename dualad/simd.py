"""Elementary functions for loops compiled by numba, which LLVM's loop vectoriser widens by itself through glibc's libmvec.

numba calls the scalar functions of libm, most of which take several times as long as NumPy's own loops. Here each function is
an intrinsic: a call of libm's scalar function, under a name that LLVM does not know (a known one it would replace by an
instruction of its own and split again), with the attribute that says which functions of libmvec do the same for 2, 4, 8 or
16 elements. No mathematical rule is given up: no flag of "fast math" is set, nan, infinities and the sign of zero come out
as C99 says. Nothing of numba itself is replaced: other code compiles as it would without this module.

Where libmvec has no entry (another libc, glibc before 2.35 for most functions), where numba does not compile for AVX2, or
where a debugging switch of numba is on, the same calls stay scalar. ``WIDE`` names the functions that are widened, and
``VECTORISED`` is true if there are any: a loop that is to beat NumPy asks first. The last few elements of an array, and
loops that LLVM leaves alone, take the scalar function everywhere, so equal arguments at different places of an array may
differ in the last bits.

``njit`` compiles and keeps the machine code on disk. Loaded where libmvec is absent such code would crash the process. So
the key of its cache holds ``FINGERPRINT``, loading it goes through this module, which registers the symbols first, and
numba's own ``cache=True`` declines what calls these functions.

The environment variable ``DUALAD_LIBMVEC`` names another library in place of libmvec.so.1; empty, it names none.

Widest error met, in units in the last place of the true value, whichever of libm's function and libmvec's of 128, 256 and
512 bits is worst (glibc 2.36, AVX-512). float64: 3e6 points of all magnitudes, around edges and multiples of pi/2, against
113 bits; float32: every 157th float (arctan2, hypot, power: 27e6 random pairs) against float64. The tests hold these bounds.

========  =======  =======  ========  =======  =======  ========  =======  =======
function  float64  float32  function  float64  float32  function  float64  float32
========  =======  =======  ========  =======  =======  ========  =======  =======
exp           3.0      2.8  tan           3.4      4.0  arctanh       2.2      2.1
exp2          1.7      1.1  arcsin        2.9      3.0  cbrt          3.4      2.9
expm1         2.9      2.4  arccos        2.1      2.2  erf           2.4      4.0
log           1.6      4.0  arctan        2.6      2.6  erfc          3.6      2.8
log2          2.1      2.4  sinh          2.2      1.9  power         1.0      0.8
log10         1.9      3.0  cosh          2.0      2.4  arctan2       2.5      3.5
log1p         2.4      1.9  tanh          2.2      2.2  hypot         2.0      1.4
sin           3.3      2.4  arcsinh       2.9      2.1
cos           3.5      2.2  arccosh       3.2      2.6
========  =======  =======  ========  =======  =======  ========  =======  =======
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from llvmlite import ir
from numba.core import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.errors import TypingError
from numba.core.extending import intrinsic
from numba.core.registry import cpu_target

FUNCTIONS: dict[str, Any] = {}  # by NumPy's name of the function; erf and erfc by SciPy's
_LIBM_NAMES: dict[str, str] = {}  # the C library's name of each
_GUARD = "numba.dynamic.globals.dualad"  # what starts like this is an address of this process to numba: not to be kept on disk
_wide: list[str] = []
_VECTORS: dict[str, list[tuple[int, str]]] = {}  # by libm's name: elements per call and libmvec's name


def _library(*names: str | None) -> ctypes.CDLL | None:
    for name in names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _address(library: ctypes.CDLL | None, *names: str) -> int | None:
    for name in names:
        if hasattr(library, name):
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    return None


_LIBM = _library("ucrtbase") if os.name == "nt" else _library("libm.so.6", None)
_NAME = os.environ.get("DUALAD_LIBMVEC", "libmvec.so.1")
_LIBMVEC = _library(_NAME) if _NAME else None
_TARGET: tuple[str, str, str] = cpu_target.target_context.codegen().magic_tuple()  # what numba compiles for, not what there is


def _registers() -> dict[str, int]:
    """The vector registers that compiled code may use, as the letter of the vector ABI and a width in bits.

    LLVM would pass a vector wider than its registers in pieces, and libmvec would read rubbish.
    """
    features = _TARGET[2].split(",")
    if _LIBMVEC is None or numba.config.DISABLE_JIT or not numba.config.LOOP_VECTORIZE or "+avx2" not in features:
        return {}
    return {"b": 128, "d": 256, **({"e": 512} if "+avx512f" in features else {})}


_REGISTERS = _registers()
BITS = next((bits for feature, bits in (("+avx512f", 512), ("+avx", 256)) if feature in _TARGET[2].split(",")), 128)
"""Those of a vector register."""


def _register(name: str, libm: str, arity: int) -> None:
    """Tell LLVM the addresses of libm's scalar functions and of libmvec's; these are used all or none."""
    found = {}
    for suffix, bits in (("", 64), ("f", 32)):
        scalar = _address(_LIBM, libm + suffix, f"_{libm}{suffix}")  # Windows has hypotf with an underscore only
        if scalar is None:
            raise ImportError(f"the machine's C library has no {libm}{suffix}, which dualad.simd.{name} stands on")
        llvmlite.binding.add_symbol(f"dualad_{libm}{suffix}", scalar)
        for letter, register in _REGISTERS.items():
            lanes = register // bits
            symbol = f"_ZGV{letter}N{lanes}{'v' * arity}_{libm}{suffix}"
            found[symbol] = (libm + suffix, lanes, _address(_LIBMVEC, symbol))
    if found and all(address for *_, address in found.values()):
        _wide.append(name)
        for symbol, (scalar_name, lanes, address) in found.items():
            llvmlite.binding.add_symbol(symbol, address)
            _VECTORS.setdefault(scalar_name, []).append((lanes, symbol))


def _keep(module: Any, symbols: list[Any]) -> None:
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


def _declare(module: Any, libm: str, real: Any, arity: int) -> Any:
    """The scalar function in a module of LLVM's, with what the vectoriser may put in its place."""
    name = f"dualad_{libm}"
    if name in module.globals:
        return module.globals[name]
    function = ir.Function(module, ir.FunctionType(real, [real] * arity), name)
    attributes = ["readnone", "nounwind", "willreturn"]  # free of effects: a branch can become a selection
    variants, kept = [], []
    if _GUARD not in module.globals:
        guard = ir.GlobalVariable(module, ir.IntType(8), _GUARD)
        guard.linkage, guard.initializer = "internal", ir.Constant(ir.IntType(8), 0)
        kept.append(guard)
    for lanes, symbol in _VECTORS.get(libm, []):
        vector = ir.VectorType(real, lanes)
        kept.append(ir.Function(module, ir.FunctionType(vector, [vector] * arity), symbol))
        variants.append(f"_ZGV_LLVM_N{lanes}{'v' * arity}_{name}({symbol})")
    if variants:
        attributes.append(f'"vector-function-abi-variant"="{",".join(variants)}"')
    _keep(module, kept)
    for attribute in attributes:
        set.add(function.attributes, attribute)  # llvmlite's own method knows some of LLVM's attributes only
    return function


def declare(module: Any, name: str, real: Any, arity: int) -> Any:
    """A function of this module, by its name, for whoever writes LLVM's instructions; `real` is the type of its numbers."""
    return _declare(module, _LIBM_NAMES[name] + ("f" if isinstance(real, ir.FloatType) else ""), real, arity)


def _typed(name: str, libm: str, arguments: tuple[Any, ...]) -> tuple[Any, Callable[..., Any]]:
    """The signature for some types of arguments, and what emits the call."""
    for each in arguments:
        if not isinstance(each, (types.Float, types.Integer, types.Boolean)):
            raise TypingError(f"dualad.simd.{name} takes real numbers, not {each}")
    real = types.float32 if all(each == types.float32 for each in arguments) else types.float64

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        symbol = libm + ("f" if real == types.float32 else "")
        return builder.call(_declare(builder.module, symbol, context.get_value_type(real), len(values)), values)

    return real(*[real] * len(arguments)), emit


def _function(name: str, libm: str = "", arity: int = 1) -> Any:
    """A function that numba can compile, entered under its name; `libm` is the C library's name where that differs."""
    libm = libm or name
    _register(name, libm, arity)

    def unary(typingctx: Any, x: Any) -> tuple[Any, Callable[..., Any]]:
        return _typed(name, libm, (x,))

    def binary(typingctx: Any, x: Any, y: Any) -> tuple[Any, Callable[..., Any]]:
        return _typed(name, libm, (x, y))

    definition = unary if arity == 1 else binary
    definition.__name__ = definition.__qualname__ = name
    definition.__doc__ = f"{name} of real numbers: float32 if each is, else float64."
    FUNCTIONS[name] = intrinsic(definition)
    _LIBM_NAMES[name] = libm
    return FUNCTIONS[name]


exp = _function("exp")
exp2 = _function("exp2")
expm1 = _function("expm1")
log = _function("log")
log2 = _function("log2")
log10 = _function("log10")
log1p = _function("log1p")
sin = _function("sin")
cos = _function("cos")
tan = _function("tan")
arcsin = _function("arcsin", "asin")
arccos = _function("arccos", "acos")
arctan = _function("arctan", "atan")
sinh = _function("sinh")
cosh = _function("cosh")
tanh = _function("tanh")
arcsinh = _function("arcsinh", "asinh")
arccosh = _function("arccosh", "acosh")
arctanh = _function("arctanh", "atanh")
cbrt = _function("cbrt")
erf = _function("erf")
erfc = _function("erfc")
power = _function("power", "pow", arity=2)
arctan2 = _function("arctan2", "atan2", arity=2)
hypot = _function("hypot", arity=2)

WIDE = frozenset(_wide)  # the functions that a loop calls for many elements at once, in float64 and in float32
VECTORISED = bool(WIDE)


def _fingerprint() -> str:
    """What compiled code depends on: the entries it may call, the target, the compilers, and how we emit code."""
    files = [Path(__file__).with_name(name) for name in ("simd.py", "emission.py", "products.py")]
    source = b"".join(each.read_bytes() for each in files if each.exists())
    parts = (sorted(_VECTORS.items()), _TARGET, numba.__version__, llvmlite.__version__, hashlib.sha256(source).hexdigest())
    return hashlib.sha256(repr(parts).encode()).hexdigest()


FINGERPRINT = _fingerprint()


class _Entry(CompileResultCacheImpl):  # type: ignore[misc]  # numba's classes are untyped to mypy
    """Compiled code on its way to the disk: our guard is no address, since each process registers the symbols anew."""

    def check_cachable(self, cres: Any) -> bool:
        library = cres.library
        library._dynamic_globals = [each for each in library._dynamic_globals if not each.startswith(_GUARD)]
        return super().check_cachable(cres)


class _Cache(FunctionCache):  # type: ignore[misc]  # numba's classes are untyped to mypy
    """numba's cache on disk, with the fingerprint in its keys."""

    _impl_class = _Entry

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), FINGERPRINT)


def njit(function: Callable[..., Any], **options: Any) -> Any:
    """numba's njit for functions that call those of this module, with their machine code kept on disk.

    Parameters
    ----------
    function : callable
        Defined in a file, which numba's cache goes by, and using functions of this module as globals: in a closure they
        would count as other ones in each process. Without a directory that can be written it is compiled each time.
    options
        Those of ``numba.njit``. A division by zero is NumPy's unless ``error_model`` says otherwise: one that raises
        would keep its loop from being widened.

    Examples
    --------
    >>> import numpy as np
    >>> from dualad import simd
    >>> def softplus(x, out):
    ...     for i in range(x.size):
    ...         out[i] = simd.log1p(simd.exp(x[i]))
    >>> out = np.empty(2)
    >>> simd.njit(softplus)(np.array([0.0, 1.0]), out)
    >>> out
    array([0.69314718, 1.31326169])
    """
    dispatcher = numba.njit(**{"error_model": "numpy", **options})(function)
    if numba.config.DISABLE_JIT:
        return dispatcher
    with contextlib.suppress(RuntimeError):  # numba found no place for it
        dispatcher._cache = _Cache(function)
    return dispatcher
