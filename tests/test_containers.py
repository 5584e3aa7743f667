"""Arrays under units and labels: pint and xarray carry duals, pandas as far as objects go, and the rest is refused by name.

Every function stands beside the same one without the container, whose derivatives are the reference.
"""

from __future__ import annotations

import operator
import re

import astropy.constants
import astropy.units
import numpy as np
import pandas as pd
import pint
import pytest
import xarray as xr
from astropy.table import Table

from dualad import errors, jacfwd, value_and_jacfwd

X = np.array([0.7, 1.3, 0.4])
T = np.array([1.0, 2.0, 3.0])
units = pint.UnitRegistry()
Q = units.Quantity
TIMES = [0, 1, 2]


def labelled(x, times=TIMES):
    return xr.DataArray(x, dims="t", coords={"t": times})


def changed(container, change):
    """A container after it has been written into."""
    change(container)
    return container


@units.wraps("m", ("km", None))
def wrapped(length, factor):
    return length * factor


def assigned(frame, column):
    frame["b"] = column
    return frame


# name: (with the container, without)
WORKS = {
    # pint
    "pint: a unit times x": (lambda x: (x * units.meter).to("km").magnitude, lambda x: 1e-3 * x),
    "pint: x times a quantity": (lambda x: (x * Q(T, "km")).m_as("m"), lambda x: 1e3 * T * x),
    "pint: a quantity times x": (lambda x: (Q(T, "km") * x).m_as("m"), lambda x: 1e3 * T * x),
    "pint: a ufunc": (lambda x: np.multiply(x, Q(T, "km")).m_as("m"), lambda x: 1e3 * T * x),
    "pint: sum of two units": (lambda x: (Q(x, "km") + Q(T, "m")).m_as("m"), lambda x: 1e3 * x + T),
    "pint: a function of angles": (lambda x: np.sin(Q(x, "degree")).magnitude, lambda x: np.sin(np.radians(x))),
    "pint: dimensionless": (lambda x: np.exp(Q(x, "m") / Q(2.0, "km")).m_as(""), lambda x: np.exp(x / 2000.0)),
    "pint: powers": (lambda x: np.sqrt(Q(x, "km") ** 4).m_as("m^2"), lambda x: 1e6 * x**2),
    "pint: an offset": (lambda x: Q(x, "degC").m_as("kelvin"), lambda x: x + 273.15),
    "pint: one number": (lambda x: (Q(x[0], "m") / Q(2.0, "s")).m_as("km/hour"), lambda x: 1.8 * x[0]),
    "pint: a list": (lambda x: Q([x[0], x[1]], "km").m_as("m"), lambda x: 1e3 * x[:2]),
    "pint: index": (lambda x: (Q(x, "m")[0] * Q(x, "km")[1:]).m_as("m^2"), lambda x: 1e3 * x[0] * x[1:]),
    "pint: reductions": (lambda x: (np.sum(Q(x, "m") ** 2) + Q(x, "m").mean() ** 2).magnitude,
                         lambda x: np.sum(x**2) + np.mean(x) ** 2),
    "pint: products": (lambda x: np.dot(Q(x, "m"), Q(T, "s")).magnitude + (Q(T, "s") @ Q(x, "m")).magnitude,
                       lambda x: 2.0 * T @ x),
    "pint: concatenate": (lambda x: np.concatenate([Q(x, "km"), Q(T, "m")]).m_as("m"), lambda x: np.concatenate([1e3 * x, T])),
    "pint: where": (lambda x: np.where(x > 0.5, Q(x, "km"), Q(T, "m")).m_as("m"), lambda x: np.where(x > 0.5, 1e3 * x, T)),
    "pint: written into": (lambda x: changed(Q(np.zeros_like(x), "m"), lambda q: q.__setitem__(0, Q(x[1], "km"))).magnitude,
                           lambda x: np.stack([1e3 * x[1], 0.0 * x[0], 0.0 * x[0]])),
    "pint: wraps": (lambda x: wrapped(Q(x, "m"), 2.0).magnitude, lambda x: 2e-3 * x),
    "pint: sum of a loop": (lambda x: sum(Q(x, "m")).magnitude, np.sum),
    # xarray
    "xarray: arithmetic": (lambda x: (2.0 * labelled(x) ** 2 - T).data, lambda x: 2.0 * x**2 - T),
    "xarray: x times an array": (lambda x: (x * labelled(T)).data, lambda x: x * T),
    "xarray: an array times x": (lambda x: (labelled(T) * x).data, lambda x: x * T),
    "xarray: a ufunc": (lambda x: np.exp(labelled(x)).data, np.exp),
    "xarray: alignment": (lambda x: (labelled(x) * labelled(T, [1, 2, 3])).data, lambda x: x[1:] * T[:2]),
    "xarray: broadcasting": (lambda x: (xr.DataArray(x, dims="a") * xr.DataArray(T, dims="b")).data, lambda x: x[:, None] * T),
    "xarray: reductions": (lambda x: ((labelled(x) ** 2).sum() + labelled(x).std("t") + labelled(x).max()).data,
                           lambda x: np.sum(x**2) + np.std(x) + np.max(x)),
    "xarray: along a dimension": (lambda x: (labelled(x).cumsum("t").data[1:] + labelled(x).diff("t").data),
                                  lambda x: np.cumsum(x)[1:] + np.diff(x)),
    "xarray: selection": (lambda x: (labelled(x).sel(t=1) * labelled(x).isel(t=slice(1, None))).data, lambda x: x[1] * x[1:]),
    "xarray: where": (lambda x: labelled(x).where(labelled(X) > 0.5, 0.0).data, lambda x: np.where(X > 0.5, x, 0.0)),
    "xarray: dot": (lambda x: xr.dot(labelled(x), labelled(T)).data, lambda x: x @ T),
    "xarray: transpose": (lambda x: xr.DataArray(np.outer(x, T), dims=("a", "b")).T.data, lambda x: np.outer(T, x)),
    "xarray: concat": (lambda x: xr.concat([labelled(x), labelled(T)], "t").data, lambda x: np.concatenate([x, T])),
    "xarray: a dataset": (lambda x: (xr.Dataset({"a": ("t", x), "b": ("t", T)}).map(np.square)["a"] * 2.0).data,
                          lambda x: 2.0 * x**2),
    "xarray: written into": (lambda x: changed(labelled(np.zeros_like(x)), lambda a: a.__setitem__({"t": 0}, x[1])).data,
                             lambda x: np.stack([x[1], 0.0 * x[0], 0.0 * x[0]])),
    "xarray: apply_ufunc": (lambda x: xr.apply_ufunc(np.tanh, labelled(x)).data, np.tanh),
    "xarray: values": (lambda x: labelled(x).values * 2.0, lambda x: 2.0 * x),
    "xarray: item": (lambda x: labelled(x)[0].item() ** 2, lambda x: x[0] ** 2),
    "xarray: scalar": (lambda x: (xr.DataArray(x[0]) * 2.0).data, lambda x: 2.0 * x[0]),
    # pandas
    "pandas: a column times x": (lambda x: (pd.DataFrame({"a": T})["a"] * x).to_numpy(), lambda x: T * x),
    "pandas: x times a column": (lambda x: (x * pd.DataFrame({"a": T})["a"] + x).to_numpy(), lambda x: T * x + x),
    "pandas: a number times a column": (lambda x: (x[0] ** 2 * pd.Series(T) - x[1]).to_numpy(), lambda x: x[0] ** 2 * T - x[1]),
    "pandas: a table times a row": (lambda x: (pd.DataFrame([T, T**2]) * x).to_numpy(), lambda x: np.stack([T * x, T**2 * x])),
    "pandas: a ufunc": (lambda x: np.power(pd.Series(T), x).to_numpy(), lambda x: T**x),
    "pandas: a series of duals": (lambda x: np.sin(pd.Series(x) * 2.0).to_numpy(), lambda x: np.sin(2.0 * x)),
    "pandas: sums": (lambda x: pd.Series(x).sum() + (pd.Series(T) * x).cumsum().to_numpy(),
                     lambda x: np.sum(x) + np.cumsum(T * x)),
    "pandas: differences": (lambda x: pd.Series(x).diff().to_numpy()[1:], np.diff),
    "pandas: dot": (lambda x: pd.Series(T).dot(x) + pd.Series(T) @ x, lambda x: 2.0 * T @ x),
    "pandas: values": (lambda x: pd.DataFrame({"a": T, "b": T**2, "c": T}).values @ x,
                       lambda x: np.stack([T, T**2, T], 1) @ x),
    "pandas: a new column": (lambda x: assigned(pd.DataFrame({"a": T}), x)["b"].to_numpy() * 2.0, lambda x: 2.0 * x),
    "pandas: groups": (lambda x: pd.DataFrame({"g": [0, 1, 0], "a": x}).groupby("g")["a"].sum().to_numpy(),
                       lambda x: np.stack([x[0] + x[2], x[1]])),
    "pandas: apply": (lambda x: pd.Series(T).apply(lambda t: t * x[0]).to_numpy(), lambda x: T * x[0]),
    "pandas: position": (lambda x: pd.Series(x).iloc[0] * pd.Series(x, index=list("abc"))["c"], lambda x: x[0] * x[2]),
    # as constants
    "astropy: a quantity's value": (lambda x: (T * astropy.units.m).to_value("km") * x, lambda x: 1e-3 * T * x),
    "astropy: a constant's value": (lambda x: astropy.constants.c.value * x, lambda x: 299792458.0 * x),
    "astropy: a table": (lambda x: np.asarray(Table({"a": T})["a"]) * x, lambda x: T * x),
    "masked: filled": (lambda x: np.ma.array(x, mask=[0, 1, 0]).filled(0.0), lambda x: np.where([True, False, True], x, 0.0)),
    "masked: sum": (lambda x: np.ma.masked_less(x, 0.5).sum(), lambda x: x[0] + x[1]),
}  # fmt: skip


@pytest.mark.parametrize("drop_in", [False, True])
@pytest.mark.parametrize("name", WORKS)
def test_containers_that_carry(name, drop_in):
    """Values and two derivatives are those of the function without the container."""
    within, without = WORKS[name]
    value, slope = value_and_jacfwd(within, drop_in=drop_in)(X)
    wanted, expected = value_and_jacfwd(without)(X)
    assert value.dtype == slope.dtype == np.float64
    np.testing.assert_allclose(value, wanted, rtol=1e-14)
    np.testing.assert_allclose(slope, expected, rtol=1e-14)
    second = jacfwd(jacfwd(within, drop_in=drop_in), drop_in=drop_in)(X)
    np.testing.assert_allclose(second, jacfwd(jacfwd(without))(X), rtol=1e-13, atol=1e-15)


def test_units_and_labels_stay():
    """What comes out of an operation has the units and labels that it has without duals."""
    seen = []

    def f(x):
        seen.append((x * Q(T, "m")).to("km").units)
        seen.append((x * labelled(T)).sel(t=[0, 2]).coords["t"].values.tolist())
        seen.append((x * pd.Series(T, index=list("abc"))).index.tolist())
        return x

    jacfwd(f)(X)
    assert seen == [units.kilometer, [0, 2], ["a", "b", "c"]]


def test_labels_stay_through_ufuncs():
    """Dimensions, coordinates, names and attributes, index and columns, in first and second derivatives."""
    rows, seen = xr.DataArray(np.outer(T, T), {"t": TIMES, "c": list("abc")}, ("t", "c"), "name", {"unit": "m"}), []
    frame = pd.DataFrame(np.outer(T, T), index=pd.date_range("2026", periods=3), columns=list("abc"))

    def f(p):
        with xr.set_options(keep_attrs=True):
            one = np.sqrt(np.exp(-p[0] * rows) + p[1] ** 2)
        other = np.sqrt(np.exp(-p[0] * frame) + p[1] ** 2)
        seen.append((one, other))
        return one.data, other.to_numpy()

    for transform in (jacfwd, lambda f: jacfwd(jacfwd(f))):
        found = transform(f)(X[:2])
        wanted = transform(lambda p: np.sqrt(np.exp(-p[0] * np.outer(T, T)) + p[1] ** 2))(X[:2])
        np.testing.assert_allclose(found[0], wanted, rtol=1e-14)
        np.testing.assert_allclose(found[1], wanted, rtol=1e-14)
    for one, other in seen:
        assert (one.dims, one.name, one.attrs) == (rows.dims, "name", {"unit": "m"})
        assert all(one.coords[each].equals(rows.coords[each]) for each in rows.dims)
        assert other.index.equals(frame.index)
        assert other.columns.equals(frame.columns)


@pytest.mark.parametrize(
    ("f", "note"),
    [
        (lambda x: (x * pd.Series(T)).mean(), "pandas.*to_numpy"),
        (lambda x: (x * pd.Series(T)).rolling(2).mean().to_numpy(), "pandas.*to_numpy"),
        (lambda x: (x * pd.Series(T)).corr(pd.Series(T)), "pandas.*to_numpy"),
        (lambda x: operator.iadd(x * pd.Series(T), x[0]), "pandas.*to_numpy"),
        (lambda x: labelled(x).interp(t=0.5).data, r"xarray.*x\.data"),
    ],
)
def test_errors_say_where_the_array_is(f, note):
    """What pandas and xarray cannot do with dual numbers tells how to go on without them."""
    with pytest.raises((TypeError, AttributeError, pd.errors.DataError)) as caught:
        jacfwd(f)(X)
    assert re.search(note, "".join(caught.value.__notes__))


def record(x):
    a = np.zeros(2, dtype=[("mass", float)])
    a["mass"][0] = x[0]
    return a["mass"]


m = astropy.units.m
# name: (a function, its argument, the error, and what its message says)
REFUSED = {
    "pint: another dimension": (lambda x: (Q(x, "m") + Q(T, "s")).m, X, pint.DimensionalityError, "length"),
    "pint: float": (lambda x: float(Q(x[0], "")), X, errors.TangentLossError, r"float\(x\)"),
    "pint: returned": (lambda x: Q(x, "m"), X, errors.NotDifferentiable, r"returned pint\.Quantity.*x\.magnitude"),
    "pint: argument": (lambda q: q.magnitude, Q(X, "m"), errors.NotDifferentiable, r"pint\.Quantity.*x\.magnitude"),
    "xarray: float": (lambda x: float(labelled(x)[0]), X, errors.TangentLossError, r"float\(x\)"),
    "xarray: returned": (labelled, X, errors.NotDifferentiable, r"returned xarray\.DataArray.*x\.data"),
    "xarray: a dataset returned": (lambda x: xr.Dataset({"a": ("t", x)}), X, errors.NotDifferentiable, r"xarray\.Dataset"),
    "xarray: argument": (lambda a: a.data, labelled(X), errors.NotDifferentiable, r"xarray\.DataArray.*x\.data"),
    "pandas: means": (lambda x: pd.Series(x).mean(), X, errors.TangentLossError, "drop the tangent"),
    "pandas: windows": (lambda x: pd.Series(x).rolling(2).mean().to_numpy(), X, pd.errors.DataError, "numeric"),
    "pandas: returned": (pd.Series, X, errors.NotDifferentiable, r"returned pandas\.Series.*x\.to_numpy\(\)"),
    "pandas: a table returned": (lambda x: pd.DataFrame({"a": x}), X, errors.NotDifferentiable, r"pandas\.DataFrame"),
    "pandas: argument": (lambda s: s * 2.0, pd.Series(X), errors.NotDifferentiable, r"pandas\.Series.*x\.to_numpy\(\)"),
    "pandas: a table": (lambda d: d["a"], pd.DataFrame({"a": X}), errors.NotDifferentiable, r"pandas\.DataFrame"),
    "pandas: written into": (lambda x: changed(pd.Series(T), lambda s: s.iloc.__setitem__(0, x[0])).to_numpy(), X,
                             errors.TangentLossError, "drop the tangent"),
    "astropy: times a unit": (lambda x: x * m, X, errors.TangentLossError, r"astropy\.units\.quantity\.Quantity"),
    "astropy: a unit times": (lambda x: m * x, X, errors.TangentLossError, r"astropy\.units\.quantity\.Quantity"),
    "astropy: one number": (lambda x: x[0] * m, X, errors.TangentLossError, r"astropy\.units\.quantity\.Quantity"),
    "astropy: made of it": (lambda x: astropy.units.Quantity(x, m).value, X, errors.TangentLossError, "drop the tangent"),
    "astropy: beside it": (lambda x: x * (T * m), X, errors.TangentLossError, r"astropy\.units\.quantity\.Quantity"),
    "astropy: before it": (lambda x: T * m * x, X, errors.TangentLossError, r"astropy\.units\.quantity\.Quantity"),
    "astropy: a constant": (lambda x: astropy.constants.c * x, X, errors.TangentLossError, r"astropy\.constants"),
    "astropy: argument": (lambda q: q.value, X * m, errors.NotDifferentiable, r"astropy\.units\.quantity\.Quantity"),
    "masked: returned": (lambda x: np.ma.array(x, mask=[0, 1, 0]), X, errors.TangentLossError, r"numpy\.ma\.MaskedArray"),
    "masked: beside it": (lambda x: x * np.ma.array(T, mask=[0, 1, 0]), X, errors.TangentLossError, r"numpy\.ma\.MaskedArray"),
    "masked: argument": (lambda a: a * 2.0, np.ma.array(X, mask=[0, 1, 0]), errors.NotDifferentiable, "MaskedArray"),
    "structured: argument": (lambda a: a["mass"], np.zeros(2, [("mass", float)]), errors.NotDifferentiable, "structured array"),
    "structured: written into": (record, X, errors.TangentLossError, "drop the tangent"),
    "matrix: beside it": (lambda x: np.asmatrix(np.eye(3)) * x, X, errors.TangentLossError, r"numpy\.matrix"),
    "record array: argument": (lambda a: a.a, np.rec.fromarrays([X], names="a"), errors.NotDifferentiable, "recarray"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("drop_in", [False, True, "auto"])
@pytest.mark.parametrize("name", REFUSED)
def test_containers_that_do_not(name, drop_in):
    """A clear error that names the class, or the loss, whether dualad steps in or not."""
    f, x, kind, message = REFUSED[name]
    with pytest.raises(Exception) as caught:  # noqa: PT011 - what the container makes of ours is asked below
        jacfwd(f, drop_in=drop_in)(x)
    chain, error = [], caught.value
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    wanted = [each for each in chain if isinstance(each, kind)]
    assert wanted, chain
    assert any(pytest.RaisesExc(kind, match=message).matches(each) for each in wanted), wanted


def test_aux():
    """What goes along beside the output keeps labels and units, and loses its tangents."""
    column = pd.Series(T, index=["a", "b", "c"], name="n")
    names = pd.DataFrame({"text": ["x", "y", "z"], "number": T})

    def f(p):
        frame = names.assign(number=names["number"] * p[0])
        cube = labelled(T) * p[0]
        return np.sum(p), (cube, xr.Dataset({"a": cube}), column * p[0], frame, names, Q(p, "km"), Q(2.0, "s"))

    _, (cube, dataset, series, frame, untouched, length, time) = jacfwd(f, has_aux=True)(np.array([2.0, 1.0]))
    xr.testing.assert_identical(cube, labelled(2.0 * T))
    xr.testing.assert_identical(dataset, xr.Dataset({"a": labelled(2.0 * T)}))
    pd.testing.assert_series_equal(series, 2.0 * column)
    pd.testing.assert_frame_equal(frame, names.assign(number=2.0 * T))
    pd.testing.assert_frame_equal(untouched, names)
    assert (length.m_as("m") == [2000.0, 1000.0]).all()
    assert time == Q(2.0, "s")
