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
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
from llvmlite import ir
from numba.core import types
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.errors import TypingError
from numba.core.extending import intrinsic
from numba.core.registry import cpu_target

from . import libm

FUNCTIONS: dict[str, Any] = {}  # by NumPy's name of the function; erf and erfc by SciPy's
_GUARD = "numba.dynamic.globals.dualad"  # what starts like this is an address of this process to numba: not to be kept on disk
_TARGET: tuple[str, str, str] = cpu_target.target_context.codegen().magic_tuple()  # what numba compiles for, not what there is
_OFF = numba.config.DISABLE_JIT or not numba.config.LOOP_VECTORIZE
_REGISTERS = {} if _OFF else libm.registers(_TARGET[2])
_ENTRIES = libm.Entries(_REGISTERS)


def _declare(module: Any, name: str, real: Any) -> Any:
    """A function in a module of LLVM's that numba is about to compile."""
    if _GUARD not in module.globals:
        guard = ir.GlobalVariable(module, ir.IntType(8), _GUARD)
        guard.linkage, guard.initializer = "internal", ir.Constant(ir.IntType(8), 0)
        libm.keep(module, [guard])
    return _ENTRIES.declare(module, name, real)


def _typed(name: str, arguments: tuple[Any, ...]) -> tuple[Any, Callable[..., Any]]:
    """The signature for some types of arguments, and what emits the call."""
    for each in arguments:
        if not isinstance(each, (types.Float, types.Integer, types.Boolean)):
            raise TypingError(f"dualad.simd.{name} takes real numbers, not {each}")
    real = types.float32 if all(each == types.float32 for each in arguments) else types.float64

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.call(_declare(builder.module, name, context.get_value_type(real)), values)

    return real(*[real] * len(arguments)), emit


def _function(name: str) -> Any:
    """A function that numba can compile, entered under its name."""

    def unary(typingctx: Any, x: Any) -> tuple[Any, Callable[..., Any]]:
        return _typed(name, (x,))

    def binary(typingctx: Any, x: Any, y: Any) -> tuple[Any, Callable[..., Any]]:
        return _typed(name, (x, y))

    definition = unary if libm.NAMES[name][1] == 1 else binary
    definition.__name__ = definition.__qualname__ = name
    definition.__doc__ = f"{name} of real numbers: float32 if each is, else float64."
    FUNCTIONS[name] = intrinsic(definition)
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
arcsin = _function("arcsin")
arccos = _function("arccos")
arctan = _function("arctan")
sinh = _function("sinh")
cosh = _function("cosh")
tanh = _function("tanh")
arcsinh = _function("arcsinh")
arccosh = _function("arccosh")
arctanh = _function("arctanh")
cbrt = _function("cbrt")
erf = _function("erf")
erfc = _function("erfc")
power = _function("power")
arctan2 = _function("arctan2")
hypot = _function("hypot")

WIDE = _ENTRIES.wide  # the functions that a loop calls for many elements at once, in float64 and in float32
VECTORISED = bool(WIDE)


def _fingerprint() -> str:
    """What compiled code depends on: the entries it may call, the target, the compilers, and how we emit code."""
    files = [Path(__file__).with_name(name) for name in ("simd.py", "libm.py")]
    source = b"".join(each.read_bytes() for each in files if each.exists())
    parts = (
        sorted(_ENTRIES.vectors.items()),
        _TARGET,
        numba.__version__,
        llvmlite.__version__,
        hashlib.sha256(source).hexdigest(),
    )
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
