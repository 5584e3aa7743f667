"""What scipy.stats' formulas call that builds plain arrays, or is compiled, written anew for duals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as sp
from scipy.special import _ufuncs as scu

from ...lift import Lifted
from ...rules.special.incomplete import beta_density
from ...rules.special.noncentral import F, T, chi_density
from ...rules.table import Array, undifferentiated
from ..quadrature import integral


class Names:
    """A module with some of its names exchanged."""

    def __init__(self, module: Any, **others: Any) -> None:
        self._module = module
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


# -- helpers that convert -------------------------------------------------------------------------------------------------


def vectors(*arrays: Any) -> list[Array]:
    """Arrays broadcast against each other, as vectors."""
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return [np.reshape(np.broadcast_to(each, shape), -1) for each in arrays]


def apply_where(
    condition: Any, args: Any, first: Any, second: Any = None, /, *, fill_value: Any = None, kwargs: Any = None, xp: Any = None
) -> Array:
    """One function where a condition holds, and another one, or a value, where not."""
    args = args if isinstance(args, (tuple, list)) else (args,)
    shape = np.broadcast_shapes(*map(np.shape, (condition, *args)))
    plain = undifferentiated(condition)
    holds, *flat = vectors(plain if isinstance(plain, Lifted) else np.asarray(plain, bool), *args)
    if holds.size and (np.all(holds) or not np.any(holds)):
        function = first if np.all(holds) else second
        value = fill_value if function is None else np.broadcast_to(function(*flat, **(kwargs or {})), holds.shape)
        return np.broadcast_to(value, shape) if function is None else np.reshape(value, shape)
    parts, order = [], []
    for places, function in ((np.flatnonzero(holds), first), (np.flatnonzero(~holds), second)):
        if places.size:
            value = fill_value if function is None else function(*(each[places] for each in flat), **(kwargs or {}))
            if function is None and np.ndim(value):
                value = np.reshape(np.broadcast_to(value, shape), -1)[places]
            parts.append(np.broadcast_to(value, places.shape))
            order.append(places)
    if not parts:
        return np.zeros(shape)
    return np.reshape(np.concatenate(parts)[np.argsort(np.concatenate(order))], shape)


def lazyselect(conditions: Sequence[Any], choices: Sequence[Any], arrays: Sequence[Any], default: Any = 0) -> Array:
    """The first of some functions whose condition holds."""
    result: Any = np.broadcast_to(default, np.broadcast_shapes(*map(np.shape, arrays)))
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        result = apply_where(condition, tuple(arrays), choice, fill_value=result)
    return result


def vectorize(function: Callable[..., Any], *_: Any, **__: Any) -> Callable[..., Array]:
    """A function of numbers on every element."""

    def public(*args: Any) -> Array:
        shape = np.broadcast_shapes(*map(np.shape, args))
        return np.reshape(np.stack([function(*row) for row in zip(*vectors(*args), strict=True)]), shape)

    return public


def asarray(x: Any, *args: Any, **kwargs: Any) -> Any:
    """An array, lifted if it is."""
    return x if isinstance(x, Lifted) else np.asarray(x, *args, **kwargs)


# -- formulas -------------------------------------------------------------------------------------------------------------


def log1mexp(x: Array) -> Array:
    """log(1 - exp(x)) of negative x."""
    near = undifferentiated(x) > -0.7
    return np.where(near, np.log(-np.expm1(np.where(near, x, -1.0))), np.log1p(-np.exp(np.where(near, -1.0, x))))


def log_gauss_mass(a: Array, b: Array) -> Array:
    """The logarithm of the normal distribution's mass between two places, taken where its digits are."""
    right = undifferentiated(a) > 0
    a, b = np.where(right, -b, a), np.where(right, -a, b)
    central = undifferentiated(b) > 0

    def left(a: Array, b: Array) -> Array:
        return sp.log_ndtr(b) + log1mexp(sp.log_ndtr(a) - sp.log_ndtr(b))

    return apply_where(central, (a, b), lambda a, b: np.log1p(-sp.ndtr(a) - sp.ndtr(-b)), left)


def von_mises_cdf(kappa: Array, x: Array) -> Array:
    """One more for every turn, and the density's integral from -pi."""
    turns = np.round(undifferentiated(x) / (2.0 * np.pi))
    x = x - 2.0 * np.pi * turns
    return turns + integral(lambda t, k: np.exp(k * sp.cosm1(t)) / (2.0 * np.pi * sp.i0e(k)), -np.pi, x, (kappa,))


def skewnorm_cdf(x: Array, loc: Array, scale: Array, a: Array) -> Array:
    """By Owen's function."""
    z = (x - loc) / scale
    return sp.ndtr(z) - 2.0 * sp.owens_t(z, a)


def binom_pmf(k: Array, n: Array, p: Array) -> Array:
    """n over k times p^k (1 - p)^(n - k)."""
    choices = sp.gammaln(n + 1.0) - sp.gammaln(k + 1.0) - sp.gammaln(n - k + 1.0)
    return np.exp(choices + sp.xlogy(k, p) + sp.xlog1py(n - k, -p))


def binom_tail(k: Array, n: Array, p: Array, beta: Callable[..., Array]) -> Array:
    """By the incomplete beta function, where not all trials are counted."""
    return apply_where(k < n, (k, n, p), lambda k, n, p: beta(n - k, k + 1.0, 1.0 - p), fill_value=float(beta is sp.betainc))


PRIVATE: dict[str, Callable[..., Array]] = {
    "_beta_pdf": lambda x, a, b: beta_density(a, b, x, 1.0 - x),
    "_binom_pmf": binom_pmf,
    "_binom_cdf": lambda k, n, p: binom_tail(k, n, p, sp.betainc),
    "_binom_sf": lambda k, n, p: binom_tail(k, n, p, sp.betaincc),
    "_nbinom_pmf": lambda k, n, p: n / (n + k) * binom_pmf(n, n + k, p),
    "_nbinom_cdf": lambda k, n, p: sp.betainc(n, k + 1.0, p),
    "_nbinom_sf": lambda k, n, p: sp.betaincc(n, k + 1.0, p),
    "_cosine_cdf": lambda x: 0.5 + (x + np.sin(x)) / (2.0 * np.pi),
    "_log1mexp": log1mexp,
    "_ncf_pdf": lambda x, m, n, c: F[3](m, n, c, x),
    "_ncf_sf": lambda x, m, n, c: 1.0 - sp.ncfdtr(m, n, c, x),
    "_nct_pdf": lambda x, v, c: T[2](v, c, x),
    "_nct_sf": lambda x, v, c: 1.0 - sp.nctdtr(v, c, x),
    "_ncx2_pdf": chi_density,
    "_ncx2_sf": lambda x, v, c: 1.0 - sp.chndtr(x, v, c),
    "_skewnorm_cdf": skewnorm_cdf,
}
"""Private ufuncs of scipy.special, by formulas whose functions have rules."""

NAMES: dict[str, Any] = {
    "np": Names(np, asarray=asarray, asanyarray=asarray, vectorize=vectorize),
    "asarray": asarray,
    "scu": Names(scu, **PRIVATE),
    "xpx": Names(None, apply_where=apply_where),
    "_lazyselect": lazyselect,
    "_log_gauss_mass": log_gauss_mass,
    "xp_promote": lambda *args, **_: tuple(1.0 * each for each in args),
    "_stats": Names(None, von_mises_cdf=von_mises_cdf),
}
"""What stands in the place of the names that SciPy's formulas use."""
