"""Rules that decide by values do so in a program by the values of each call: recorded once, it serves all of them."""

from __future__ import annotations

import algebra_cases  # noqa: F401 - fills the list
import numpy as np
import optree
import pytest
from function_cases import call, points
from line_cases import CASES
from test_compile import _kernels_of_the_tests, check  # noqa: F401 - a fixture
from test_functions import IDS

import dualad
from dualad import jacfwd, jit, jvp, record
from dualad.errors import GuardFailed

special = pytest.importorskip("scipy.special")
stats = pytest.importorskip("dualad.scipy").stats

SHAPES = {  # the shape of what is computed depends on values, so that the program does
    *("unique", "unique_values", "unique_inverse", "unique_counts", "unique_all", "union1d", "trim_zeros", "setxor1d"),
    *(
        "setdiff1d",
        "intersect1d",
        "histogram",
        "histogram2d",
        "histogramdd",
        "histogram_bin_edges",
        "piecewise",
        "real_if_close",
    ),
}
ORDERS = {"eigvals"}  # LAPACK's order is looked up
STEPS = {"stdtridf", "ncfdtridfn"}  # how far a difference reaches is looked up


def asked(graph):
    """The guards that hold for the very values of the recording only, and for no others."""
    return [guard for guard in graph.guards if not isinstance(guard.outcome, bool | int)]


@pytest.mark.parametrize("number", range(0, len(CASES), 7), ids=IDS[::7])
def test_functions(number):
    """No derivative of NumPy's functions asks for a value, but where a shape depends on it."""
    case, name = CASES[number], IDS[number].partition("-")[2]
    values = points(case)
    leaves, tree = optree.tree_flatten(values)
    places = [place for place, leaf in enumerate(leaves) if getattr(leaf, "dtype", np.dtype(object)).kind == "f"]

    def f(*varying):
        given = list(leaves)
        for place, value in zip(places, varying, strict=True):
            given[place] = value
        return call(case, optree.tree_unflatten(tree, given))

    args = tuple([leaves[place] for place in places])
    if not places or name in SHAPES | ORDERS:
        pytest.skip("nothing varies, or the program depends on it")
    try:
        graph = record(lambda *a: jvp(f, a, a))(*args)
    except dualad.errors.NotDifferentiable:
        pytest.skip("an answer without a derivative")
    assert asked(graph) == []


@pytest.mark.filterwarnings("ignore")  # SciPy's, of orders that are not whole
@pytest.mark.parametrize("name", [name for name in dir(special) if isinstance(getattr(special, name), np.ufunc)])
def test_special_functions(name):
    """Programs recorded for some arguments give the derivatives elsewhere, where rules take other formulas."""
    function = getattr(special, name)
    rng = np.random.default_rng(1)
    args = [rng.uniform(0.2, 0.8, 4) + place for place in range(function.nin)]
    programs = 0
    for place in range(function.nin):

        def slope(*a, place=place):
            return jvp(lambda x: function(*a[:place], x, *a[place + 1 :]), (a[place],), (np.ones(4),))

        try:
            graph = record(slope)(*args)
        except (TypeError, dualad.errors.DualadError):
            continue
        programs += 1
        assert not asked(graph) or name in STEPS
        other = [each * np.array([0.5, 2.0, 7.0, 12.0]) for each in args]
        with np.errstate(all="ignore"):
            try:
                got = graph(*other)
            except GuardFailed:
                continue
            for one, two in zip(optree.tree_leaves(got), optree.tree_leaves(slope(*other)), strict=True):
                np.testing.assert_allclose(one, two, rtol=1e-12)
    if not programs:
        pytest.skip("it takes integers only")


MATRIX = np.array([[2.0, 0.3, 0.1], [0.2, 1.5, 0.4], [0.0, 0.1, 0.9]])


@pytest.mark.parametrize(
    "f",
    [
        lambda a: np.sum(stats.norm.logpdf(a[1:], a[0], 1.0 + a[0] ** 2)),
        lambda a: np.sum(stats.gamma.logpdf(a[0] + 0.1, 2.0 + a[1], scale=a[2, 2])),
        lambda a: dualad.scipy.special.logsumexp(a, axis=1),
        lambda a: special.voigt_profile(a[0], 0.5 + a[1] ** 2, 0.3),
        special.erf,
        np.linalg.norm,
        np.linalg.det,
        np.linalg.pinv,
        np.linalg.svd,
        lambda a: np.linalg.eigh(a + a.T),
        np.linalg.qr,
        lambda a: np.interp(a, [0.0, 1.0, 2.0], a[0]),
        lambda a: np.nanquantile(a, 0.3, axis=0),
        np.nan_to_num,
    ],
    ids=[
        "normal",
        "gamma",
        "logsumexp",
        "voigt",
        "erf",
        "norm",
        "det",
        "pinv",
        "svd",
        "eigh",
        "qr",
        "interp",
        "nanquantile",
        "nan_to_num",
    ],
)
def test_one_program(f):
    """A compiled derivative is found again for other values."""
    compiled = jit(jacfwd(f))
    for factor in (1.0, 1.1, 1.3):
        check(compiled(MATRIX * factor), jacfwd(f)(MATRIX * factor), 1e-10)
    assert compiled.cache_info() == (2, 1, 0, 1)
