"""Machine code from LLVM's instructions, without numba: compiled, kept in files, and called as functions of Python.

Such a function takes NumPy arrays and numbers of the kinds that it was compiled for, and does not look what it is given. Its
code goes by the address of an array's data, which stands where NumPy has it in every release, and asks Python for the value of
a number. What is kept in a file is LLVM's object code, after a digest of it; the file's name is one of the text that it was
compiled from, and of everything else that it depends on.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from llvmlite import ir

from . import libm
from .compiling import directory
from .locks import Lock

I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
OBJECT = I8.as_pointer()

PYTHON = {
    "PyFloat_AsDouble": ir.FunctionType(ir.DoubleType(), [OBJECT]),
    "PyLong_AsLongLong": ir.FunctionType(I64, [OBJECT]),
    "PyObject_IsTrue": ir.FunctionType(I32, [OBJECT]),
    "PyBool_FromLong": ir.FunctionType(OBJECT, [I64 if ctypes.sizeof(ctypes.c_long) == 8 else I32]),
    "PyEval_SaveThread": ir.FunctionType(OBJECT, []),
    "PyEval_RestoreThread": ir.FunctionType(ir.VoidType(), [OBJECT]),
}
"""What compiled code asks of Python."""

DATA = object.__basicsize__
"""Where an array has the address of its data: behind what every object of Python has."""

FASTCALL = 0x80
"""Python's flag for functions that take their arguments side by side."""

_lock = Lock()


class Method(ctypes.Structure):
    """Python's description of a compiled function."""

    _fields_ = (("name", ctypes.c_char_p), ("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("text", ctypes.c_char_p))


class Machine:
    """What code is compiled for: numba's variables NUMBA_CPU_NAME and NUMBA_CPU_FEATURES name another processor."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        try:
            features = llvm.get_host_cpu_features().flatten()
        except RuntimeError:
            features = ""
        self.features = os.environ.get("NUMBA_CPU_FEATURES", features)
        self.name = os.environ.get("NUMBA_CPU_NAME", llvm.get_host_cpu_name())
        self.triple = llvm.get_process_triple()
        self.bits = next((bits for each, bits in (("+avx512f", 512), ("+avx", 256)) if each in self.features.split(",")), 128)
        self.entries = libm.Entries(libm.registers(self.features))
        for name in PYTHON:
            llvm.add_symbol(f"dualad_{name}", ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value)
        files = [Path(__file__).with_name(f"{name}.py") for name in ("native", "emission", "products", "libm")]
        source = b"".join(each.read_bytes() for each in files if each.exists())
        target = (self.triple, self.name, self.features, llvmlite.__version__, DATA, sorted(self.entries.vectors.items()))
        self.fingerprint = hashlib.sha256(repr(target).encode() + source).hexdigest()

    def target(self) -> Any:
        """A target of LLVM's."""
        relocation = "static" if llvm.Target.from_default_triple().name.startswith("x86") else "default"
        return llvm.Target.from_triple(self.triple).create_target_machine(
            cpu=self.name, features=self.features, opt=3, reloc=relocation, codemodel="jitdefault", jit=True
        )


@cache
def machine() -> Machine:
    """This process's."""
    return Machine()


def function_of(name: str, text: str, build: Callable[[], Any]) -> Callable[..., Any]:
    """The function of a text: from its file if it was compiled before, else from the module of LLVM's that `build` gives."""
    with _lock:
        here = machine()
        place = directory()
        digest = hashlib.sha256((here.fingerprint + text).encode()).hexdigest()[:32]
        path = None if place is None else place / f"{name}.{digest}.o"
        code = None if path is None else read(path)
        if code is None:
            code = compiled(str(build()), here)
            if path is not None:
                write(path, code)
        return loaded(name, code, here)


def compiled(text: str, here: Machine) -> bytes:
    """The object code of a module."""
    module = llvm.parse_assembly(text)
    target = here.target()
    module.triple, module.data_layout = here.triple, str(target.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization, options.slp_vectorization = True, False
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
    code: bytes = target.emit_object(module)
    return code


def loaded(name: str, code: bytes, here: Machine) -> Callable[..., Any]:
    """The function of Python that object code defines; the code stays as long as that does."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(f'target triple = "{here.triple}"'), here.target())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    method = Method(name.encode(), engine.get_function_address(name), FASTCALL, None)
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
    function: Callable[..., Any] = make(ctypes.addressof(method), (engine, method), None)
    return function


# -- files ---------------------------------------------------------------------------------------------------------------


def read(path: Path) -> bytes | None:
    """What is kept in a file; None if there is none, or not all of it."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content[32:] if hashlib.sha256(content[32:]).digest() == content[:32] else None


def write(path: Path, code: bytes) -> None:
    """Keep object code, at once or not at all."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(name, path)
    except OSError:
        return


# -- instructions --------------------------------------------------------------------------------------------------------


def called(module: Any, name: str) -> Any:
    """A function of Python's in a module."""
    symbol = f"dualad_{name}"
    return module.globals.get(symbol) or ir.Function(module, PYTHON[name], symbol)


def wrapped(module: Any, name: str, body: Any, signature: list[tuple[Any, bool]], open_lock: bool) -> None:
    """Write the function that Python calls: it gives `body` the address of each array's data and the value of each number, and
    hands its truth back. Of each argument the signature has the type, and whether it is an array; with `open_lock` other
    threads may run meanwhile."""
    function = ir.Function(module, ir.FunctionType(OBJECT, [OBJECT, OBJECT.as_pointer(), I64]), name)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    values = []
    for place, ((kind, is_array), parameter) in enumerate(zip(signature, body.args, strict=True)):
        given = builder.load(builder.gep(function.args[1], [ir.Constant(I64, place)]))
        if is_array:
            address = builder.gep(given, [ir.Constant(I64, DATA)])
            values.append(builder.load(builder.bitcast(address, parameter.type.as_pointer())))
        elif isinstance(kind, ir.IntType):
            ask = called(module, "PyObject_IsTrue" if kind.width == 1 else "PyLong_AsLongLong")
            value = builder.call(ask, [given])
            values.append(builder.trunc(value, kind) if kind.width == 1 else value)
        else:
            value = builder.call(called(module, "PyFloat_AsDouble"), [given])
            values.append(builder.fptrunc(value, kind) if isinstance(kind, ir.FloatType) else value)
    state = builder.call(called(module, "PyEval_SaveThread"), []) if open_lock else None
    answer = builder.call(body, values)
    if open_lock:
        builder.call(called(module, "PyEval_RestoreThread"), [state])
    make = called(module, "PyBool_FromLong")
    builder.ret(builder.call(make, [builder.zext(answer, make.function_type.args[0])]))
