"""dualad.scipy.fft, .ndimage and .sparse.linalg: what is linear; and scipy.linalg's matrices of a structure."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

from dualad import errors, jacfwd

fft = pytest.importorskip("dualad.scipy.fft")
linalg = pytest.importorskip("dualad.scipy.linalg")
ndimage = pytest.importorskip("dualad.scipy.ndimage")
scipy = pytest.importorskip("scipy")

RNG = np.random.default_rng(23)
X, IMAGE, COMPLEX = RNG.normal(size=8), RNG.normal(size=(5, 6)), RNG.normal(size=(4, 6)) + 1j * RNG.normal(size=(4, 6))
A = RNG.normal(size=(4, 4)) + 4.0 * np.eye(4)
TALL = RNG.normal(size=(5, 3))
SPD = A @ A.T
BANDS, HALF = RNG.normal(size=(3, 4)) + np.array([[0.0], [5.0], [0.0]]), np.stack([5.0 + RNG.random(4), RNG.random(4)])
B, V = RNG.normal(size=(4, 2)), RNG.normal(size=4)


def every(case):
    assert_value(case)
    assert_first(case)
    assert_second(case)


@pytest.mark.parametrize("name", sorted(fft.TRANSFORMS))
def test_transforms(name):
    """Along an axis, padded, normalised."""
    theirs, ours = getattr(scipy.fft, name), getattr(fft, name)
    x = COMPLEX if name.lstrip("i").startswith(("fft", "hfft", "rfft")) and not name.startswith(("rfft", "ihfft")) else IMAGE
    if name in ("fht", "ifht"):
        every(Case(lambda x: ours(x, 0.1, 0.5), lambda x: theirs(x, 0.1, 0.5), (X,)))
    elif "shift" in name:
        every(Case(ours, theirs, (x,), {"axes": 1}))
    elif name[-1] in "2n":
        every(Case(ours, theirs, (x,), {"norm": "ortho", "axes": (0, 1)}))
    else:
        every(Case(ours, theirs, (x,), {"n": 7, "axis": 0, "norm": "ortho"}))


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("gaussian_filter", (1.0,), {"mode": "constant", "cval": 3.0}),
        ("gaussian_filter1d", (1.0,), {"axis": 0}),
        ("uniform_filter", (3,), {}),
        ("convolve", (np.arange(9.0).reshape(3, 3),), {"mode": "wrap"}),
        ("correlate1d", (np.arange(3.0),), {"axis": 0}),
        ("sobel", (), {"axis": 0}),
        ("laplace", (), {}),
        ("shift", (0.4,), {"order": 1}),
        ("zoom", (1.5,), {}),
        ("rotate", (30.0,), {"reshape": False}),
    ],
)
def test_filters(name, args, kwargs):
    """Linear in the image, whatever stands beyond its border."""
    ours, theirs = getattr(ndimage, name), getattr(scipy.ndimage, name)
    every(Case(lambda x: ours(x, *args, **kwargs), lambda x: theirs(x, *args, **kwargs), (IMAGE,)))
    if len(args) and isinstance(args[0], np.ndarray):
        with pytest.raises(errors.NoRule, match="no derivative by weights"):
            jacfwd(lambda w: ours(IMAGE, w))(args[0])


def test_map_coordinates():
    """By the image and by the places, beyond the border too."""
    at = np.array([[0.3, 2.7, -1.0, 4.0], [1.2, 4.9, 2.3, 9.0]])
    for mode in ("nearest", "constant"):
        keywords = {"order": 1, "mode": mode, "cval": 2.0}
        case = Case(ndimage.map_coordinates, scipy.ndimage.map_coordinates, (IMAGE, at), keywords)
        assert_value(case)
        inside = Case(ndimage.map_coordinates, scipy.ndimage.map_coordinates, (IMAGE, at[:, :3]), keywords)
        assert_first(inside)
        assert_second(inside)
    with pytest.raises(errors.NoRule, match="order=1"):
        jacfwd(lambda x: ndimage.map_coordinates(x, at))(IMAGE)


def case(name, *args, **kwargs):
    return Case(getattr(linalg, name), getattr(scipy.linalg, name), args, kwargs)


STRUCTURED = [
    case("solve_banded", (1, 1), BANDS, B),
    case("solve_banded", (1, 1), BANDS, V),
    case("solveh_banded", HALF, B, lower=True),
    case("solveh_banded", HALF[::-1].copy(), V),
    case("solve_circulant", np.array([4.0, 1.0, 0.3, -0.2]), V),
    case("convolution_matrix", V, 5, mode="same"),
    case("diagsvd", V, 4, 5),
    case("fiedler", V),
    case("leslie", V, V[:3]),
    case("eigh_tridiagonal", 3.0 * np.arange(4.0) + V, V[:3]),
    case("eigh_tridiagonal", 3.0 * np.arange(4.0) + V, V[:3], eigvals_only=True),
    case("eigvalsh_tridiagonal", 3.0 * np.arange(4.0) + V, V[:3]),
    case("eig_banded", HALF * [1.0, 2.0, 3.0, 4.0], lower=True),
    case("eigvals_banded", HALF * [1.0, 2.0, 3.0, 4.0], lower=True),
    case("lu", A),
    case("lu", A, permute_l=True),
    case("polar", A),
    case("polar", TALL),
    case("polar", A, side="left"),
    case("orthogonal_procrustes", TALL, TALL + 0.3 * RNG.normal(size=(5, 3))),
    case("orth", TALL),
    case("null_space", RNG.normal(size=(3, 4))),
]


@pytest.mark.parametrize("each", STRUCTURED, ids=str)
def test_matrices_of_a_structure(each):
    """By all that varies."""
    every(each)


def test_toeplitz_systems():
    """Of a column alone, and of a column and a row."""
    c, r = np.array([4.0, 1.0, 0.3, -0.2]), np.array([4.0, 0.5, -0.4, 0.1])
    for name, right in (("solve_toeplitz", V), ("matmul_toeplitz", B)):
        ours, theirs = getattr(linalg, name), getattr(scipy.linalg, name)
        every(Case(ours, theirs, (c, right)))
        every(Case(lambda c, r, b, f=ours: f((c, r), b), lambda c, r, b, f=theirs: f((c, r), b), (c, r, right)))


@pytest.mark.parametrize("name", ["solve_continuous_are", "solve_discrete_are"])
def test_riccati_equations(name):
    """By all four matrices, symmetric ones staying so."""
    q, r = SPD + np.eye(4), np.array([[2.0, 0.3], [0.3, 1.0]])
    a = 0.2 * A if "discrete" in name else A
    whole = lambda m: (m + m.T) / 2.0
    of = lambda f: lambda a, b, q, r: f(a, b, whole(q), whole(r))
    each = Case(of(getattr(linalg, name)), of(getattr(scipy.linalg, name)), (a, B, q, r), rtol=1e-7)
    assert_value(each)
    assert_first(each)
    assert_second(each)


def test_every_function_has_a_rule_or_refuses_by_name():
    """All of scipy.linalg's, with a dual among the arguments."""
    from dualad.scipy.dispatch import FUNCTIONS

    constant = {"bandwidth", "issymmetric", "ishermitian", "find_best_blas_type", "get_blas_funcs", "get_lapack_funcs"}
    for name in scipy.linalg.__all__:
        original = getattr(scipy.linalg, name)
        if not callable(original) or isinstance(original, type) or original in FUNCTIONS or name in constant:
            continue
        with pytest.raises(errors.NoRule, match=rf"scipy\.linalg\.{name}"):
            jacfwd(lambda x, name=name: getattr(linalg, name)(x))(A)
    assert jacfwd(lambda x: x * linalg.issymmetric(x))(A).any() == np.False_
