"""Noncentral chi-square, F and t distributions, and their inverses by the inverse-function theorem.

With F(x; v, c) a Poisson mixture of central distributions, dF/dc is half the difference of F with v + 2 and F (Johnson, Kotz
and Balakrishnan 1995, 29.2), which for chi-square is minus a density. What has no such form takes differences (`base.slope`,
relative error about 1e-11).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special as sp

from ..table import Array, Interval
from .base import HALF_LINE, PROBABILITY, SHAPE, bare, row, size_of_log, slope, together
from .incomplete import gamma_density

CENTRE = Interval(0.2, 5.0)
"""A noncentrality."""


def chi_density(x: Array, v: Array, c: Array) -> Array:
    """exp(-(x + c)/2) (x/c)**(v/4 - 1/2) I_(v/2 - 1)(sqrt(c x))/2; near c = 0 by 0F1 instead of I (10.39.9)."""
    near = bare(c * x)[0] < 4.0
    a, b = np.where(near, x, 1.0), np.where(near, 1.0, x)
    d, e = np.where(near, c, 0.0), np.where(near, 9.0, c)
    small = 0.5 * gamma_density(0.5 * v, 0.5 * a) * np.exp(-0.5 * d) * sp.hyp0f1(0.5 * v, 0.25 * d * a)
    gap = np.sqrt(b) - np.sqrt(e)
    large = 0.5 * np.exp(-0.5 * gap * gap) * (b / e) ** (0.25 * v - 0.5) * sp.ive(0.5 * v - 1.0, np.sqrt(e * b))
    return np.where(near, small, large)


def chi_by_v(x: Array, v: Array, c: Array) -> Array:
    """The slope by the degrees of freedom."""
    at, plain, centre = bare(x, v, c)
    spread = 2.0 * np.sqrt(plain + 2.0 * centre) + 1.0
    reach = np.minimum(plain, together(2.0 * spread, 16.0 / (1e-3 + size_of_log(at / (plain + centre)))))
    return slope(sp.chndtr, 1, (x, v, c), reach)


CHI: tuple[Callable[..., Array], ...] = (chi_density, chi_by_v, lambda x, v, c: -chi_density(x, v + 2.0, c))


def f_by(place: int) -> Callable[..., Array]:
    """The slope of ncfdtr by one of its inputs but the noncentrality."""

    def by(m: Array, n: Array, c: Array, x: Array) -> Array:
        own = bare(m, n, c, x)[place]
        return slope(sp.ncfdtr, place, (m, n, c, x), together(own, 8.0 + 4.0 * np.sqrt(own)))

    return by


def f_by_centre(m: Array, n: Array, c: Array, x: Array) -> Array:
    """The slope by the noncentrality."""
    return 0.5 * (sp.ncfdtr(m + 2.0, n, c, x * (m / (m + 2.0))) - sp.ncfdtr(m, n, c, x))


F: tuple[Callable[..., Array], ...] = (f_by(0), f_by(1), f_by_centre, f_by(3))


def t_by(place: int) -> Callable[..., Array]:
    """The slope of nctdtr by one of its inputs; in t it has branch points at t**2 = -v."""

    def by(v: Array, c: Array, t: Array) -> Array:
        freedom, centre, at = bare(v, c, t)
        size = 1.0 + np.abs(centre) + np.abs(at)
        reach = (freedom / (1.0 + freedom / 24.0 * np.log1p(at * at / freedom)), 6.0 / size + 1.5, np.sqrt(freedom + at * at))
        return slope(sp.nctdtr, place, (v, c, t), reach[place] if place < 2 else together(reach[2], 3.0))

    return by


T: tuple[Callable[..., Array], ...] = tuple(map(t_by, range(3)))


def direct(name: str, slopes: tuple[Callable[..., Array], ...], on: tuple[Interval, ...]) -> None:
    """Enter a distribution function."""
    row(name, *(lambda *args, f=f: f(*args[:-1]) for f in slopes), on=on)


def inverse(name: str, slopes: tuple[Callable[..., Array], ...], place: int, given: int, on: tuple[Interval, ...]) -> None:
    """Enter the function that finds the input at `place` from the probability, which it takes as its input `given`.

    Its other inputs are those of the distribution function, in their order.
    """

    def partial(input: int) -> Callable[..., Array]:
        def by(*args: Array) -> Array:
            full = [each for i, each in enumerate(args[:-1]) if i != given]
            full.insert(place, args[-1])
            divisor = slopes[place](*full)
            if input == given:
                return 1.0 / divisor
            rank = input - (input > given)
            return -slopes[rank + (rank >= place)](*full) / divisor

        return by

    row(name, *map(partial, range(len(slopes))), on=on)


direct("chndtr", CHI, (HALF_LINE, SHAPE, CENTRE))
inverse("chndtrix", CHI, 0, 0, (PROBABILITY, SHAPE, CENTRE))
inverse("chndtridf", CHI, 1, 1, (Interval(4.0, 9.0), Interval(0.2, 0.6), Interval(0.2, 1.0)))
inverse("chndtrinc", CHI, 2, 2, (Interval(6.0, 9.0), Interval(1.0, 3.0), Interval(0.2, 0.8)))
direct("ncfdtr", F, (SHAPE, SHAPE, CENTRE, Interval(0.3, 5.0)))
inverse("ncfdtri", F, 3, 3, (SHAPE, SHAPE, CENTRE, Interval(0.1, 0.9)))
inverse("ncfdtridfn", F, 0, 0, (Interval(0.38, 0.45), Interval(6.0, 7.0), Interval(4.0, 6.0), Interval(2.3, 2.5)))
inverse("ncfdtridfd", F, 1, 1, (Interval(2.0, 4.0), Interval(0.55, 0.6), Interval(0.2, 0.4), Interval(1.4, 1.6)))
inverse("ncfdtrinc", F, 2, 2, (Interval(2.0, 4.0), Interval(4.0, 9.0), Interval(0.2, 0.5), Interval(1.8, 3.0)))
direct("nctdtr", T, (SHAPE, Interval(-2.0, 2.0), Interval(-3.0, 3.0)))
inverse("nctdtrit", T, 2, 2, (SHAPE, Interval(-2.0, 2.0), Interval(0.1, 0.9)))
inverse("nctdtridf", T, 0, 0, (Interval(0.87, 0.92), Interval(0.1, 0.3), Interval(2.0, 2.5)))
inverse("nctdtrinc", T, 1, 1, (Interval(2.0, 9.0), Interval(0.1, 0.9), Interval(-2.0, 3.0)))
