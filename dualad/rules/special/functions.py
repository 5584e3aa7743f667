"""scipy.special's functions that are written in Python: they convert to plain arrays at entry, so that NumPy's protocols never
see a dual. Called as `dualad.scipy.special.logsumexp` they come here: SciPy computes the value, the body says how it varies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import update_wrapper
from math import log, pi, sqrt
from typing import Any

import numpy as np
from scipy import special as sp

from ..table import RULES, Array, Composite, Function, align, innermost, total, undifferentiated
from .base import bare, refused, ufunc_of


def lifted(values: Iterable[Any]) -> Iterator[Any]:
    """The lifted ones among values, also inside lists."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from lifted(value)
        elif hasattr(value, "level"):
            yield value


def body_of(name: str, kind: Any = Composite) -> Callable[[Any], Any]:
    """Enter the body of a function, if this SciPy has it. What computes the value answers for duals of lower levels too."""
    known: Any = getattr(sp, name, None)

    def enter(body: Any) -> Any:
        if known is None or known in RULES:
            return body

        def call(*args: Any, **kwargs: Any) -> Any:
            top = max(lifted((*args, *kwargs.values())), key=lambda each: each.level, default=None)
            return known(*args, **kwargs) if top is None else top._function(known, args, kwargs)

        update_wrapper(call, known)
        call.__name__ = name  # some of SciPy's are objects without one
        RULES[known] = kind(call, body)
        return body

    return enter


def asked(name: str, *args: Any) -> Any:
    """A function of this table on arguments that may be lifted."""
    row: Any = RULES[getattr(sp, name)]
    return row.function(*args)


def plain_only(name: str, **arguments: Any) -> None:
    """Refuse an argument that must not vary."""
    for argument, value in arguments.items():
        if hasattr(value, "level") and value.tangent is not None:
            refused(name, argument)()


# -- sums of exponentials ------------------------------------------------------------------------------------------------


def shifted(a: Array, axis: Any) -> tuple[Array, Array]:
    """a less its largest element along the axes, and that: a constant, which cancels in every derivative."""
    peak = np.max(np.real(bare(a)[0]), axis=axis, keepdims=True, initial=-np.inf)
    peak = np.where(np.isfinite(peak), peak, 0.0).astype(np.real(undifferentiated(a)).dtype)
    return a - peak, peak


@body_of("logsumexp")
def logsumexp(a: Array, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log(sum(b exp(a))); a term of -inf has no weight, and where every term is that the slope is nan."""
    if b is not None:
        a, b = np.broadcast_arrays(a, b)
    low, peak = shifted(a, axis)
    terms = np.exp(low) if b is None else b * np.exp(low)
    sums = np.sum(terms, axis=axis, keepdims=keepdims)
    result = np.log(np.abs(sums) if return_sign else sums) + (peak if keepdims else np.squeeze(peak, axis=axis))
    return (result, np.sign(sums)) if return_sign else result


@body_of("softmax")
def softmax(x: Array, axis: Any = None) -> Array:
    """exp(x)/sum(exp(x))."""
    e = np.exp(shifted(x, axis)[0])
    return e / np.sum(e, axis=axis, keepdims=True)


@body_of("log_softmax")
def log_softmax(x: Array, axis: Any = None) -> Array:
    """x - log(sum(exp(x)))."""
    low = shifted(x, axis)[0]
    return low - np.log(np.sum(np.exp(low), axis=axis, keepdims=True))


# -- the gamma function's relatives ------------------------------------------------------------------------------------------


@body_of("polygamma")
def polygamma(n: Any, x: Array) -> Array:
    """(-1)**(n+1) n! zeta(n + 1, x) (5.15.1 and 25.11.12)."""
    plain_only("polygamma", n=n)
    n = np.asarray(innermost(n), dtype=float)
    order = np.where(n == 0, 1.0, n)
    return np.where(
        n == 0, sp.psi(x), np.where(order % 2 == 1, 1.0, -1.0) * sp.gamma(order + 1.0) * ufunc_of("_zeta")(order + 1.0, x)
    )


@body_of("multigammaln")
def multigammaln(a: Array, d: int) -> Array:
    """35.3.4."""
    return 0.25 * d * (d - 1) * log(pi) + sum(sp.gammaln(a - 0.5 * j) for j in range(int(d)))


def counted(N: Array, k: Array, value: Array) -> Array:
    """`value` where k of N things can be taken, 0 elsewhere."""
    plain, few = bare(N, k)
    return np.where((few <= plain) & (plain >= 0) & (few >= 0), value, 0.0)


@body_of("comb")
def comb(N: Array, k: Array, *, exact: bool = False, repetition: bool = False) -> Array:
    """binom(N, k); with repetition binom(N + k - 1, k)."""
    return sp.binom(N + k - 1.0, k) if repetition else counted(N, k, sp.binom(N, k))


@body_of("perm")
def perm(N: Array, k: Array, exact: bool = False) -> Array:
    """poch(N - k + 1, k)."""
    return counted(N, k, sp.poch(N - k + 1.0, k))


@body_of("factorial")
def factorial(n: Array, exact: bool = False, extend: str = "zero") -> Array:
    """gamma(n + 1)."""
    return sp.gamma(n + 1.0) if extend == "complex" else np.where(bare(n)[0] < 0, 0.0, sp.gamma(n + 1.0))


@body_of("factorial2")
def factorial2(n: Array, exact: bool = False, extend: str = "zero") -> Array:
    """2**(n/2) gamma(n/2 + 1) sqrt(2/pi), which SciPy gives for real n if told to extend."""
    return np.exp2(0.5 * n) * sp.gamma(0.5 * n + 1.0) * sqrt(2.0 / pi)


# -- others --------------------------------------------------------------------------------------------------------------


def spherical(name: str, parity: float) -> None:
    """Of a negative argument by parity (10.47(v)); modified ones of the second kind have none."""

    def body(n: Any, z: Array, derivative: bool = False) -> Array:
        plain_only("spherical_" + name, n=n)
        f = ufunc_of(f"_spherical_{name}_d" if derivative else f"_spherical_{name}")
        n = np.asarray(innermost(n), dtype=np.dtype("long"))
        if np.iscomplexobj(z) or not parity:
            return f(n, z)
        negative = bare(z)[0] < 0.0
        sign = np.where(n % 2 == 1, -parity, parity) * (-1.0 if derivative else 1.0)
        return np.where(negative, sign, 1.0) * f(n, np.where(negative, -z, z))

    body_of("spherical_" + name)(body)


for name, parity in (("jn", 1.0), ("yn", -1.0), ("in", 1.0), ("kn", 0.0)):
    spherical(name, parity)


@body_of("diric")
def diric(x: Array, n: Any) -> Array:
    """sin(n x/2)/(n sin(x/2)) is a Chebyshev polynomial of the second kind, regular where that quotient is not (18.5.2)."""
    plain_only("diric", n=n)
    n = np.asarray(innermost(n))
    return np.where((n <= 0) | (n != np.floor(n)), np.nan, sp.eval_chebyu(n.astype(int) - 1, np.cos(0.5 * x)) / n)


@body_of("legendre_p")
def legendre_p(n: Any, z: Array) -> Array:
    """The function of the older name."""
    return sp.eval_legendre(n, z)


@body_of("sph_harm_y", Function)
def sph_harm_y(y: Array, n: Any, m: Any, theta: Array, phi: Array, *, dtheta: Any = None, dphi: Any = None) -> Any:
    """14.10.1-3 in terms of harmonics of neighbouring orders, regular at the poles."""
    by_theta = by_phi = None
    if dtheta is not None:
        turn = np.exp(1j * phi)
        up = np.sqrt((n - m) * (n + m + 1.0)) * asked("sph_harm_y", n, m + 1, theta, phi) / turn
        down = np.sqrt((n + m) * (n - m + 1.0)) * asked("sph_harm_y", n, m - 1, theta, phi) * turn
        by_theta = 0.5 * (up - down) * align(dtheta, y.ndim)
    if dphi is not None:
        by_phi = 1j * m * y * align(dphi, y.ndim)
    return total(by_theta, by_phi)
