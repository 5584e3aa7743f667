"""Tables for duals: interp1d, regular grids, surfaces and scattered points, by the place and by the samples."""

from __future__ import annotations

from operator import is_
from typing import Any

import numpy as np
import scipy.interpolate

from ...errors import NoRule, caller
from ...rules.table import Array, innermost, total
from ..dispatch import FUNCTIONS, arrayed, body_of, leader, method_of, own, rule_of, sample, standing, stripped
from ..steps import one_line
from .splines import de_boor, interpolating, knots_of

DEGREES = {"zero": 0, "slinear": 1, "quadratic": 2, "cubic": 3, "quintic": 5}
TABLE = scipy.interpolate.interp1d
GRID = scipy.interpolate.RegularGridInterpolator


# -- one dimension ---------------------------------------------------------------------------------------------------------


def beyond(table: Any) -> tuple[Any, Any]:
    """The values below and above a table's places, which it has unless it goes on."""
    return (None, None) if table._extrapolate else (table._fill_value_below, table._fill_value_above)


def _looked_up(table: Any, x: Any, y: Any, at: Any, below: Any, above: Any) -> Any:
    """SciPy's own, of a table that may have other samples, or other values beyond them."""
    if all(map(is_, (table.x, table.y, *beyond(table)), (x, y, below, above))):
        return table(at)
    fill = "extrapolate" if table._extrapolate else (below, above)
    kind = table._kind if table._kind != "spline" else table._spline.k
    return TABLE(x, y, kind, table.axis, bounds_error=table.bounds_error, fill_value=fill, assume_sorted=True)(at)


@one_line
@body_of(_looked_up)
def looked_up(table: Any, x: Array, y: Array, at: Array, below: Any, above: Any) -> Array:
    """Lines, steps or a spline between samples along their first axis; constants beyond, where it does not go on."""
    samples = np.moveaxis(y, table.axis, 0)
    places, shape = innermost(x), (*np.shape(at), *(1,) * (np.ndim(y) - 1))
    place, kind = innermost(at), table._kind
    if kind == "linear":
        right = np.clip(np.searchsorted(places, place), 1, places.size - 1)
        low = x[right - 1]
        part = np.reshape((at - low) / (x[right] - low), shape)
        out = samples[right - 1] + part * (samples[right] - samples[right - 1])
    elif kind == "spline":
        k = table._spline.k
        out = de_boor(knots_of(x, k), interpolating(x, samples, k), k, at) if k else samples[step(places, place, "previous")]
    else:
        out = samples[step(places, place, kind)]
    if not table._extrapolate:
        under, over = np.reshape(place < places[0], shape), np.reshape(place > places[-1], shape)
        fills = [
            np.broadcast_to(np.reshape(each, np.shape(each) if samples.ndim > 1 else ()), samples.shape[1:])
            for each in (below, above)
        ]
        out = np.where(under, fills[0], np.where(over, fills[1], out))
    order = list(range(np.ndim(out)))
    n, axis = np.ndim(at), table.axis
    return np.transpose(out, order[n : n + axis] + order[:n] + order[n + axis :])


def step(places: Any, place: Any, kind: str) -> Any:
    """The sample that a step function takes."""
    if kind.startswith("nearest"):
        middles = places[1:] / 2.0 + places[:-1] / 2.0
        index = np.searchsorted(middles, place, side="left" if kind == "nearest" else "right")
    elif kind == "previous":
        index = np.searchsorted(places, place, side="right") - 1
    else:
        index = np.searchsorted(places, place, side="left")
    return np.clip(index, 0, places.size - 1)


@method_of(TABLE, "__call__")
def at_places(self: Any, x: Any) -> Array:
    """The table's value."""
    x = arrayed(x)
    place = np.asarray(x, float) if leader((x,)) is None else x
    return looked_up(self, self.x, self.y, place, *beyond(self))


@method_of(TABLE, "__init__")
def make_table(
    self: Any,
    x: Any,
    y: Any,
    kind: Any = "linear",
    axis: int = -1,
    copy: bool = True,
    bounds_error: Any = None,
    fill_value: Any = np.nan,
    assume_sorted: bool = False,
) -> None:
    """SciPy's own, with samples that vary."""
    x, y = arrayed(x), arrayed(y)
    own(TABLE, "__init__")(self, sample(x), sample(y), kind, axis, True, bounds_error, sample(fill_value), assume_sorted)
    if not assume_sorted:
        order = np.argsort(stripped(x), kind="stable")
        x, y = x[order], np.take(y, order, axis=axis)
    self.x, self.y = x, y
    if leader((fill_value,)) is not None:
        pair = fill_value if isinstance(fill_value, tuple) else (fill_value, fill_value)
        self._fill_value_below, self._fill_value_above = map(arrayed, pair)


# -- regular grids ---------------------------------------------------------------------------------------------------------


def weights(grid: Any, at: Array, method: str) -> Array:
    """For every place, how much each line of a grid counts."""
    n, place = grid.size, innermost(at)
    if method in DEGREES:
        k = DEGREES[method]
        return de_boor(knots_of(grid, k), interpolating(grid, np.eye(n), k), k, at)
    index = np.clip(np.searchsorted(grid, place) - 1, 0, n - 2)
    part = (at - grid[index]) / (grid[index + 1] - grid[index])
    if method == "nearest":
        part = np.where(innermost(part) <= 0.5, 0.0, 1.0)
    lines = np.arange(n) == index[:, None]
    return np.where(lines, (1.0 - part)[:, None], np.where(np.arange(n) == index[:, None] + 1, part[:, None], 0.0))


def _gridded(table: Any, values: Any, xi: Any, method: str) -> Any:
    """SciPy's own, of a table that may have other values."""
    made = table
    if values is not table._values:
        made = GRID(table._grid, values, table.method, table.bounds_error, table.fill_value)
    return np.reshape(
        made(np.reshape(xi, (-1, np.shape(xi)[-1])), method), (*np.shape(xi)[:-1], *np.shape(values)[len(table._grid) :])
    )


@one_line
@body_of(_gridded)
def gridded(table: Any, values: Array, xi: Array, method: str) -> Array:
    """Weights of one dimension after the other."""
    d = len(table._grid)
    points = np.reshape(xi, (-1, d))
    if method == "pchip":
        raise NoRule(f"RegularGridInterpolator, called at {caller()}, has no derivative rule for method='pchip'")
    out: Any = np.tensordot(weights(table._grid[0], points[:, 0], method), values, 1)
    for i in range(1, d):
        factor = weights(table._grid[i], points[:, i], method)
        out = np.sum(np.reshape(factor, (*np.shape(factor), *(1,) * (np.ndim(out) - 2))) * out, axis=1)
    if not table.bounds_error and table.fill_value is not None:
        plain = innermost(points)
        outside = np.any([(p < g[0]) | (p > g[-1]) for p, g in zip(plain.T, table._grid, strict=True)], axis=0)
        out = np.where(np.reshape(outside, (-1, *(1,) * (np.ndim(out) - 1))), table.fill_value, out)
    return np.reshape(out, (*np.shape(xi)[:-1], *np.shape(values)[d:]))


@method_of(GRID, "__call__")
def on_grid(self: Any, xi: Any, method: str | None = None, *, nu: Any = None) -> Array:
    """The table's value."""
    if nu is not None:
        raise NoRule(f"RegularGridInterpolator, called at {caller()}, has no derivative rule with nu")
    d = len(self._grid)
    if isinstance(xi, tuple):
        xi = np.stack(np.broadcast_arrays(*map(arrayed, xi)), axis=-1)
    elif np.ndim(xi := arrayed(xi)) == 1:
        xi = np.reshape(xi, (-1, d))
    return gridded(self, self._values, xi, method or self.method)


@method_of(GRID, "__init__")
def make_grid(self: Any, points: Any, values: Any, *args: Any, **kwargs: Any) -> None:
    """SciPy's own, with values that vary."""
    if leader((points, *args, *kwargs.values())) is not None:
        raise NoRule(f"RegularGridInterpolator, called at {caller()}, has no derivative by its points or its fill_value")
    values = arrayed(values)
    own(GRID, "__init__")(self, points, sample(values), *args, **kwargs)
    self._values = np.flip(values, self._descending_dimensions) if self._descending_dimensions else values


def interpn(
    points: Any, values: Any, xi: Any, method: str = "linear", bounds_error: bool = True, fill_value: Any = np.nan
) -> Array:
    """scipy.interpolate.interpn: by the values and the places."""
    if leader((points, values, xi)) is None or method == "splinef2d":
        return scipy.interpolate.interpn(points, values, xi, method, bounds_error, fill_value)
    table = standing(GRID(points, sample(arrayed(values)), method, bounds_error, fill_value))
    if leader((values,)) is not None:
        values = arrayed(values)
        table._values = np.flip(values, table._descending_dimensions) if table._descending_dimensions else values
    return on_grid(table, xi)


FUNCTIONS[scipy.interpolate.interpn] = interpn

# -- surfaces --------------------------------------------------------------------------------------------------------------


def _partial(surface: Any, u: Any, v: Any, orders: tuple[int, int], grid: bool) -> Any:
    """SciPy's own."""
    return surface(u, v, *orders, grid)


@rule_of(_partial)
def partial(
    y: Array, surface: Any, u: Array, v: Array, orders: tuple[int, int], grid: bool, *, du: Any = None, dv: Any = None
) -> Array | None:
    """The next partial derivatives, as far as the degrees go; beyond the rectangle SciPy's surface is constant."""
    tx, ty = surface.tck[:2]
    by_u = by_v = None
    if du is not None and orders[0] < surface.degrees[0]:
        inside = (innermost(u) >= tx[0]) & (innermost(u) <= tx[-1])
        du = np.where(inside, du, 0.0)
        by_u = partial(surface, u, v, (orders[0] + 1, orders[1]), grid) * (du[..., None] if grid else du)
    if dv is not None and orders[1] < surface.degrees[1]:
        inside = (innermost(v) >= ty[0]) & (innermost(v) <= ty[-1])
        dv = np.where(inside, dv, 0.0)
        by_v = partial(surface, u, v, (orders[0], orders[1] + 1), grid) * (dv[..., None, :] if grid else dv)
    return total(by_u, by_v)


SURFACE = scipy.interpolate.RectBivariateSpline.__mro__[-2]


@method_of(SURFACE, "__call__")
def surface_at(self: Any, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Array:
    """The surface's value."""
    x, y = map(arrayed, (x, y))
    if not grid:
        x, y = np.broadcast_arrays(x, y)
    return partial(self, x, y, (dx, dy), grid)


@method_of(scipy.interpolate.BivariateSpline, "ev")
def surface_ev(self: Any, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Array:
    """The surface's value at points."""
    return surface_at(self, xi, yi, dx, dy, False)


@method_of(scipy.interpolate.RectBivariateSpline, "__init__")
def refuse_surface(self: Any, *args: Any, **kwargs: Any) -> None:
    """Refused by name."""
    raise NoRule(
        f"scipy.interpolate.RectBivariateSpline, called at {caller()}, has no derivative by its samples: "
        "RegularGridInterpolator has, with method='cubic' too"
    )


# -- scattered points ------------------------------------------------------------------------------------------------------

SCATTERED = scipy.interpolate.LinearNDInterpolator


def _scattered(table: Any, values: Any, xi: Any) -> Any:
    """SciPy's own, of a table that may have other values."""
    d = np.shape(xi)[-1]
    made = table if values is table.values else SCATTERED(table.tri, values, table.fill_value)
    return np.reshape(made(np.reshape(xi, (-1, d))), (*np.shape(xi)[:-1], *np.shape(values)[1:]))


@one_line
@body_of(_scattered)
def scattered(table: Any, values: Array, xi: Array) -> Array:
    """Barycentric coordinates in the simplex around the place."""
    d = np.shape(xi)[-1]
    points = np.reshape(xi, (-1, d))
    simplex = table.tri.find_simplex(
        (innermost(points) - table.offset) * table.scale if table.scale is not None else innermost(points)
    )
    known = simplex >= 0
    vertices = table.tri.simplices[simplex]
    corners = table.tri.points[vertices]
    if table.scale is not None:
        corners = corners / table.scale + table.offset
    edges = np.moveaxis(corners[:, :-1] - corners[:, -1:], 1, 2)
    edges = np.where(known[:, None, None], edges, np.eye(d))
    part = np.linalg.solve(edges, (points - corners[:, -1])[..., None])[..., 0]
    part = np.concatenate([part, 1.0 - np.sum(part, axis=-1, keepdims=True)], axis=-1)
    chosen = np.reshape(values, (np.shape(values)[0], -1))[vertices]
    out = np.where(known[:, None], np.sum(part[..., None] * chosen, axis=1), innermost(table.fill_value))
    return np.reshape(out, (*np.shape(xi)[:-1], *np.shape(values)[1:]))


@method_of(SCATTERED, "__call__")
def at_scattered(self: Any, *args: Any) -> Array:
    """The table's value."""
    xi = args if len(args) > 1 else args[0]
    d = self.tri.points.shape[1]
    if isinstance(xi, tuple):
        xi = np.stack(np.broadcast_arrays(*map(arrayed, xi)), axis=-1)
    elif np.ndim(xi := arrayed(xi)) == 1:
        xi = np.reshape(xi, (-1, d))
    return scattered(self, np.reshape(self.values, (np.shape(self.values)[0], *self.values_shape)), xi)


# -- radial functions ------------------------------------------------------------------------------------------------------

RADIAL = scipy.interpolate.RBFInterpolator


def radial(square: Array, kernel: str) -> Array:
    """A kernel of the distance's square, which is smooth at 0 where the kernel is."""
    zero = innermost(square) == 0
    r = np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, square)))
    if kernel == "thin_plate_spline":
        return np.where(zero, 0.0, 0.5 * square * np.log(np.where(zero, 1.0, square)))
    return {
        "linear": lambda: -r,
        "cubic": lambda: r * square,
        "quintic": lambda: -r * square**2,
        "multiquadric": lambda: -np.sqrt(square + 1.0),
        "inverse_multiquadric": lambda: 1.0 / np.sqrt(square + 1.0),
        "inverse_quadratic": lambda: 1.0 / (square + 1.0),
        "gaussian": lambda: np.exp(-square),
    }[kernel]()


def _radial_value(table: Any, x: Any) -> Any:
    """SciPy's own."""
    return table(x)


@one_line
@body_of(_radial_value)
def radial_value(table: Any, x: Array) -> Array:
    """The sum of kernels, and a polynomial."""
    if table.neighbors is not None:
        raise NoRule(f"RBFInterpolator, called at {caller()}, has no derivative rule with neighbors")
    offsets = table.epsilon * (x[:, None, :] - table.y)
    scaled = (x - table._shift) / table._scale
    powers = np.prod(scaled[:, None, :] ** table.powers, axis=-1)
    basis = np.concatenate([radial(np.sum(offsets * offsets, axis=-1), table.kernel), powers], axis=1)
    return np.reshape(basis @ table._coeffs, (np.shape(x)[0], *table.d_shape))


@method_of(RADIAL, "__call__")
def at_radial(self: Any, x: Any) -> Array:
    """The table's value."""
    return radial_value(self, arrayed(x))


@method_of(RADIAL, "__init__")
def refuse_radial(self: Any, *args: Any, **kwargs: Any) -> None:
    """Refused by name."""
    raise NoRule(f"scipy.interpolate.RBFInterpolator, called at {caller()}, has no derivative by its samples")
