"""numpy.emath, whose functions go on into the complex plane where a real argument leaves the domain, and ways to and fro."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Array, composite, innermost, undifferentiated

emath = np.emath


def widened(x: Any, leaves: Any) -> Any:
    """A real array, as a complex one if any element leaves the domain."""
    plain = undifferentiated(x)
    return x + 0j if np.isrealobj(plain) and np.any(leaves(plain)) else x


def negative(x: Array) -> Array:
    """Where roots and logarithms leave the real line."""
    return np.less(x, 0)


def beyond_one(x: Array) -> Array:
    """Where inverse functions of bounded ones do."""
    return np.abs(x) > 1


def extended(of: Any, outside: Any) -> Any:
    """The body of a function that goes on as `of` of complex numbers where elements are outside."""

    def body(x: Any) -> Array:
        return of(widened(x, outside))

    return body


for on_line, of in ((emath.sqrt, np.sqrt), (emath.log, np.log), (emath.log2, np.log2), (emath.log10, np.log10)):
    composite(on_line)(extended(of, negative))
for on_line, of in ((emath.arccos, np.arccos), (emath.arcsin, np.arcsin), (emath.arctanh, np.arctanh)):
    composite(on_line)(extended(of, beyond_one))


@composite(emath.logn)
def logn(n: Any, x: Any) -> Array:
    """log(x) / log(n)."""
    return emath.log(x) / emath.log(n)


@composite(emath.power)
def power(x: Any, p: Any) -> Array:
    """A complex power where the base is negative; integers to negative powers are numbers too."""
    return np.power(widened(x, negative), np.multiply(p, 1.0))


@composite(np.real_if_close, whole=True)
def real_if_close(a: Array, tol: float = 100) -> Array:
    """A view of the real parts if all imaginary ones are tiny; of a number, an array without axes."""
    a = a if np.ndim(a) else np.reshape(np.reshape(a, (1,)), ())
    return a if np.iscomplexobj(np.real_if_close(innermost(a), tol)) else a.real


@composite(np.sort_complex)
def sort_complex(a: Array) -> Array:
    """Sorted by real parts, then by imaginary ones, as complex numbers."""
    return np.sort(a) + 0j
