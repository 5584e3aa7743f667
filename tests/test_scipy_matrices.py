"""dualad.scipy.linalg: decompositions, functions of matrices and matrices of a structure."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

from dualad import derivative, errors, hessian, jacfwd, jvp, primal_of

linalg = pytest.importorskip("dualad.scipy.linalg")
scipy_linalg = pytest.importorskip("scipy.linalg")

RNG = np.random.default_rng(11)
A = RNG.normal(size=(4, 4)) + 4.0 * np.eye(4)
SMALL = RNG.normal(size=(3, 3))
STACK = RNG.normal(size=(2, 3, 3)) + 3.0 * np.eye(3)
SYM = SMALL + SMALL.T
SPD = A @ A.T
COMPLEX = A + 1j * RNG.normal(size=(4, 4))
HERMITIAN = COMPLEX @ COMPLEX.conj().T
TALL, WIDE = RNG.normal(size=(5, 3)), RNG.normal(size=(3, 5))
B, V = RNG.normal(size=(4, 2)), RNG.normal(size=4)


def case(name, *args, twin=None, rtol=1e-9, **kwargs):
    return Case(getattr(linalg, name), getattr(scipy_linalg, name), args, kwargs, twin, rtol)


def dyads(name, *args, **kwargs):
    """A case of what does not depend on the signs and phases of vectors, which LAPACK may flip from point to point."""

    def of(f):
        def products(*args, **kwargs):
            w, *v = f(*args, **kwargs)
            u, v = (w, np.swapaxes(v[1], -1, -2)) if name == "svd" else (v[0], np.conjugate(v[0]))
            return np.einsum("...ij,...kj->...jik", u, v)

        products.__name__ = name
        return products

    return Case(of(getattr(linalg, name)), of(getattr(scipy_linalg, name)), args, kwargs)


CASES = [
    case("expm", SMALL, twin=True),
    case("expm", STACK, twin=True),
    case("expm", COMPLEX),
    case("expm", np.zeros((2, 2)), twin=True),
    case("expm", 1e3 * np.array([[-1.0, 0.5], [0.2, -2.0]])),
    case("logm", A),
    case("logm", STACK),
    case("logm", np.eye(3)),
    case("sqrtm", A),
    case("sqrtm", STACK),
    case("sqrtm", COMPLEX),
    case("fractional_matrix_power", A, 0.3),
    case("fractional_matrix_power", A, -1.7),
    *[case(name, SMALL, rtol=1e-8) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")],
    case("expm_frechet", SMALL, STACK[0], twin=None),
    case("expm_frechet", SMALL, STACK[0], compute_expm=False),
    case("block_diag", SMALL, WIDE, V, 2.0, twin=True),
    case("toeplitz", V),
    case("toeplitz", V, TALL[:, 0], twin=True),
    case("hankel", V, twin=True),
    case("hankel", V, TALL[:, 0], twin=True),
    case("circulant", V, twin=True),
    case("companion", V, twin=True),
    case("khatri_rao", SMALL, TALL, twin=True),
    case("pinv", TALL),
    case("pinv", WIDE, rtol=1e-8),
    case("pinv", COMPLEX[:, :2]),
    case("pinv", TALL, return_rank=True),
    case("pinvh", SPD),
    case("pinvh", HERMITIAN, lower=False),
    *[dyads("eigh", a, lower=lower) for a in (SYM, STACK + STACK.swapaxes(1, 2)) for lower in (True, False)],
    dyads("eigh", SYM, STACK[0] @ STACK[0].T),
    dyads("eigh", HERMITIAN),
    dyads("eigh", HERMITIAN, SPD, driver="gvd"),
    case("eigh", SYM, STACK[0] @ STACK[0].T, eigvals_only=True, lower=False),
    case("eigh", HERMITIAN, eigvals_only=True),
    case("eigvalsh", SYM),
    case("eigvalsh", HERMITIAN, SPD),
    dyads("eig", SYM + np.diag([1.0, 2.0, 3.0])),
    dyads("eig", SMALL),
    dyads("eig", COMPLEX),
    case("eig", STACK, right=False),
    case("eigvals", SMALL),
    dyads("svd", TALL, full_matrices=False),
    dyads("svd", WIDE, full_matrices=False),
    dyads("svd", A),
    dyads("svd", COMPLEX),
    dyads("svd", STACK, lapack_driver="gesvd"),
    case("svd", COMPLEX, compute_uv=False),
    case("svdvals", TALL),
    case("svdvals", COMPLEX),
    case("lstsq", TALL, RNG.normal(size=5)),
    case("lstsq", TALL, RNG.normal(size=(5, 2))),
    case("lstsq", WIDE, RNG.normal(size=3)),
    case("lstsq", COMPLEX[:, :2], V + 1j),
    case("lstsq", TALL, RNG.normal(size=5), lapack_driver="gelsy"),
    case("qr", A),
    case("qr", TALL, mode="economic"),
    case("qr", TALL, mode="r"),
    case("qr", COMPLEX, pivoting=True),
    case("qr", COMPLEX, mode="r", pivoting=True),
]
every = pytest.mark.parametrize("each", CASES, ids=str)


@every
def test_value_is_that_of_scipy(each):
    """With and without duals, bit for bit."""
    assert_value(each)


@every
def test_first_derivative(each):
    """By each argument and by all."""
    assert_first(each)


@every
def test_second_derivative(each):
    """No factorisation of the primal was a constant."""
    assert_second(each)


def test_expm_keeps_its_digits_in_large_directions():
    """The size of a direction must not cost digits: exp of a diagonal matrix, along 1e12 and 1e-12 times the identity."""
    a = np.diag([0.1, -0.3])
    for size in (1e12, 1e-12):
        tangent = jvp(linalg.expm, (a,), (size * np.eye(2),))[1]
        np.testing.assert_allclose(np.diag(tangent), size * np.exp(np.diag(a)), rtol=1e-14)


def test_expm_to_third_order():
    """exp(tA) along t, and along a direction that does not commute, against the series."""
    for order in range(1, 4):
        f = lambda t: linalg.expm(t * SMALL)
        for _ in range(order):
            f = derivative(f)
        wanted = scipy_linalg.expm(0.7 * SMALL) @ np.linalg.matrix_power(SMALL, order)
        np.testing.assert_allclose(f(0.7), wanted, rtol=1e-12, atol=1e-12)


def test_functions_undo_each_other():
    """The Hessians of log exp A and of (root A)^2 are zero and those of A."""
    g = lambda a: np.sum(linalg.logm(linalg.expm(a)) * SMALL)
    np.testing.assert_allclose(jacfwd(g)(0.3 * SMALL), SMALL, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(hessian(g)(0.3 * SMALL), np.zeros((3, 3, 3, 3)), atol=1e-7)


def test_powers_by_the_exponent():
    """d A^t = A^t log A dt."""
    f = lambda t: linalg.fractional_matrix_power(A, t)
    wanted = scipy_linalg.fractional_matrix_power(A, 0.3) @ scipy_linalg.logm(A)
    np.testing.assert_allclose(derivative(f)(0.3), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("shape", "k"), [((5, 3), 3), ((3, 5), 3)])
def test_vectors_that_are_free_are_unknown(shape, k):
    """The vectors beyond the rank in full matrices are any basis of a space: nan, and nothing else."""
    a = RNG.normal(size=shape)
    (u, _, vh), (du, ds, dvh) = jvp(linalg.svd, (a,), (np.ones(shape),))
    assert np.all(np.isnan(du[:, k:]))
    assert np.all(np.isnan(dvh[k:]))
    wanted = jvp(lambda a: linalg.svd(a, full_matrices=False), (a,), (np.ones(shape),))[1]
    for mine, other in zip((du[:, :k], ds, dvh[:k]), wanted, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
    assert primal_of(u).shape == (shape[0], shape[0])
    assert vh.shape == (shape[1], shape[1])


def test_values_that_meet():
    """Eigenvalues keep a derivative where their vectors have none; a matrix that does not move has all."""
    values, vectors = jvp(linalg.eigh, (np.eye(2),), (np.array([[1.0, 0.5], [0.5, 2.0]]),))[1]
    assert np.all(np.isfinite(values))
    assert np.any(np.isnan(vectors))
    assert not np.any(jvp(linalg.eigh, (np.eye(2),), (np.zeros((2, 2)),))[1][1])


def test_reconstruction_of_a_complex_decomposition():
    """The phases of complex vectors are free, the products are not: U S V^H and V w V^H are the matrix, to second order."""

    def rebuilt(a):
        u, s, vh = linalg.svd(a, full_matrices=False)
        return u * s @ vh

    def again(a):
        w, v = linalg.eigh(a)
        return v * w @ np.conjugate(v.T)

    direction = COMPLEX[:, ::-1]
    for f, a, v in ((rebuilt, COMPLEX[:, :3], direction[:, :3]), (again, HERMITIAN, direction + direction.conj().T)):
        slope = lambda x, f=f, v=v: jvp(f, (x,), (v,))[1]
        np.testing.assert_allclose(slope(a), v, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(jvp(slope, (a,), (v,))[1], np.zeros_like(v), atol=1e-7)


@pytest.mark.parametrize(
    ("f", "match"),
    [
        (lambda a: linalg.eigh(a, subset_by_index=[0, 1]), "subset_by_index"),
        (lambda a: linalg.eigh(a, a, type=2), "type=2"),
        (lambda a: linalg.eig(a, left=True), "left=True"),
        (lambda a: linalg.eigvals(a, SPD), "with b"),
        (lambda a: linalg.qr(a[:2]), "shape"),
        (linalg.schur, r"scipy\.linalg\.schur"),
    ],
)
def test_refusals_by_name(f, match):
    """A keyword that a rule does not honour is refused by its name."""
    with pytest.raises(errors.NoRule, match=match):
        jacfwd(f)(SPD)


@pytest.mark.parametrize("name", ["expm", "logm", "sqrtm"])
def test_infinite_slopes_are_unknown(name):
    """A direction that is infinite gives nan, and leaves the others as they are."""
    f = lambda x: getattr(linalg, name)(np.eye(2) + np.diag(np.sqrt(x)))
    tangent = jacfwd(f)(np.array([0.0, 1.0]))
    assert not np.any(np.isfinite(tangent[0, 0, 0]))
    np.testing.assert_allclose(tangent[1, 1, 1], {"expm": np.exp(2.0) / 2, "logm": 0.25, "sqrtm": 0.5**2.5}[name])
