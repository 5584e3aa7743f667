"""Decompositions where it is difficult: complex numbers, what the definition leaves open, equal values, missing rank."""

from __future__ import annotations

import numpy as np
import pytest
from test_functions import same
from test_linalg import difference

from dualad import errors, grad, hessian, jacfwd, jvp

L = np.linalg
RNG = np.random.default_rng(21)
REAL = RNG.normal(size=(3, 3)) + np.diag([3.0, 5.0, 8.0])
COMPLEX = REAL + 1j * RNG.normal(size=(3, 3))
TALL, COMPLEX_TALL = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 3)) + 1j * RNG.normal(size=(5, 3))
TURNING = np.array([[1.0, 2.0, 0.0], [-1.0, 1.5, 0.3], [0.1, 0.2, 4.0]])  # a pair of complex eigenvalues
STACK = np.stack([REAL, REAL + REAL.T])


def direction(x):
    return RNG.normal(size=x.shape) + (1j * RNG.normal(size=x.shape) if np.iscomplexobj(x) else 0.0)


def adjoint(a):
    return np.conjugate(np.swapaxes(a, -1, -2))


def projector(v):
    return v @ adjoint(v)


def function_of(usv, f=np.exp):
    """U f(S) V^H, which no choice of phases changes."""
    u, s, vh = usv
    return (u[..., : s.shape[-1]] * f(s)[..., None, :]) @ vh[..., : s.shape[-1], :]


EVERY = {"real": REAL, "complex": COMPLEX, "stack": STACK}
SHAPES = {**EVERY, "tall": TALL, "wide": TALL.T, "complex tall": COMPLEX_TALL, "complex wide": COMPLEX_TALL.T}
SQUARE = {
    "eigh, values": lambda a: L.eigh(a)[0],
    "eigh, a space": lambda a: projector(L.eigh(a, "U")[1][..., :2]),
    "eigvalsh": lambda a: L.eigvalsh(a, "U"),
    "eig, values": lambda a: L.eig(a)[0],
    "eig, vectors": lambda a: L.eig(a)[1],
    "eigvals": L.eigvals,
    "svd, hermitian": lambda a: function_of(L.svd(a, hermitian=True)),
    "svd, hermitian values": lambda a: L.svd(a, compute_uv=False, hermitian=True),
    "pinv, hermitian": lambda a: L.pinv(a, hermitian=True),
    "inv": L.inv,
    "matrix_power": lambda a: L.matrix_power(a, -3),
    **{f"cond {p}": lambda a, p=p: L.cond(a, p) for p in (1, -1, np.inf, -np.inf, "fro", "nuc")},
}
ANY = {
    "svd": lambda a: function_of(L.svd(a)),
    "svd, reduced": lambda a: function_of(L.svd(a, full_matrices=False)),
    "svd, the rest of U": lambda a: projector(L.svd(a)[0][..., 3:]),
    "svd, the rest of V": lambda a: projector(adjoint(L.svd(a)[2])[..., 3:]),
    "svdvals": L.svdvals,
    "pinv": L.pinv,
    **{f"cond {p}": lambda a, p=p: L.cond(a, p) for p in (None, 2, -2)},
    **{f"norm {p}": lambda a, p=p: L.norm(a, p, (-2, -1)) for p in (2, -2, "nuc")},
    **{f"qr, {mode} {i}": lambda a, m=mode, i=i: L.qr(a, m)[i] for mode in ("reduced", "complete") for i in (0, 1)},
    "qr, r": lambda a: L.qr(a, "r"),
    "lstsq": lambda a: L.lstsq(a, a[:, 0] ** 2 + 1.0)[0],
    "lstsq, two": lambda a: L.lstsq(a, a[:, :2] ** 2 + 1.0)[0],
    "lstsq, residuals": lambda a: L.lstsq(a, a[:, 0] ** 2 + 1.0)[1],
    "lstsq, singular values": lambda a: L.lstsq(a, a[:, 0])[3],
}
LINES = [(f"{name}, {kind}", f, a) for name, f in SQUARE.items() for kind, a in EVERY.items()]
LINES += [
    (f"{name}, {kind}", f, a) for name, f in ANY.items() for kind, a in SHAPES.items() if not (name[0] == "l" and a.ndim > 2)
]
LINES += [(f"{name}, turning", SQUARE[name], TURNING) for name in ("eig, values", "eig, vectors", "eigvals")]


@pytest.mark.parametrize(("f", "a"), [line[1:] for line in LINES], ids=[line[0] for line in LINES])
def test_three_derivatives_by_differences(f, a):
    """Real and complex, stacked, of every shape: each order is the difference quotient of the one below."""
    v = direction(a)
    same(jvp(f, (a,), (v,))[0], f(a))
    for _ in range(3):
        slope = lambda x, f=f: jvp(f, (x,), (v,))[1]
        np.testing.assert_allclose(slope(a), difference(f, a, v), rtol=1e-8, atol=1e-8)
        f = slope


# -- what the definitions say --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("full", [True, False])
def test_svd_is_rebuilt(a, full):
    """d(U S V^H) = dA, and the bases stay orthonormal."""
    da = direction(a)
    (u, s, vh), (du, ds, dvh) = jvp(lambda a: L.svd(a, full), (a,), (da,))
    k = s.shape[-1]
    left, right = u[..., :k] * s[..., None, :], s[..., None] * vh[..., :k, :]
    rebuilt = du[..., :k] @ right + (u[..., :k] * ds[..., None, :]) @ vh[..., :k, :] + left @ dvh[..., :k, :]
    np.testing.assert_allclose(rebuilt, da, atol=1e-12)
    for basis, change in ((u, du), (adjoint(vh), adjoint(dvh))):
        turned = adjoint(basis) @ change
        np.testing.assert_allclose(turned, -adjoint(turned), atol=1e-12)


@pytest.mark.parametrize("a", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("mode", ["reduced", "complete"])
def test_qr_is_rebuilt(a, mode):
    """d(Q R) = dA, Q stays orthonormal, R triangular with a real diagonal."""
    da = direction(a)
    (q, r), (dq, dr) = jvp(lambda a: L.qr(a, mode), (a,), (da,))
    np.testing.assert_allclose(dq @ r + q @ dr, da, atol=1e-12)
    turned = adjoint(q) @ dq
    np.testing.assert_allclose(turned, -adjoint(turned), atol=1e-12)
    assert not np.any(np.tril(dr, -1))
    np.testing.assert_allclose(np.imag(np.diagonal(dr, axis1=-2, axis2=-1)), 0.0, atol=1e-13)


@pytest.mark.parametrize("a", [REAL, COMPLEX, STACK, TURNING], ids=["real", "complex", "stack", "turning"])
def test_eigenvectors(a):
    """d(A V) = d(V W). Of eigh each tangent is orthogonal to its vector; of eig the length stays one and the largest component
    real."""
    da = direction(a)
    (w, v), (dw, dv) = jvp(L.eig, (a,), (da,))
    np.testing.assert_allclose(da @ v + a @ dv, dv * w[..., None, :] + v * dw[..., None, :], atol=1e-12)
    np.testing.assert_allclose(np.sum(np.real(np.conjugate(v) * dv), axis=-2), 0.0, atol=1e-13)
    at = np.argmax(np.where(np.imag(v) == 0, np.abs(v), -1.0), axis=-2, keepdims=True)
    np.testing.assert_allclose(np.imag(np.take_along_axis(dv, at, -2)), 0.0, atol=1e-13)
    a, da = a + adjoint(a), da + adjoint(da)
    (w, v), (dw, dv) = jvp(L.eigh, (a,), (da,))
    np.testing.assert_allclose(da @ v + a @ dv, dv * w[..., None, :] + v * dw[..., None, :], atol=1e-12)
    np.testing.assert_allclose(np.sum(np.conjugate(v) * dv, axis=-2), 0.0, atol=1e-13)


@pytest.mark.parametrize("UPLO", ["L", "U", "u"])
@pytest.mark.parametrize("a", [REAL, COMPLEX])
def test_one_triangle_counts(UPLO, a):
    """The other triangle is never read, not even a nan, nor the imaginary part of the diagonal; nothing varies with them."""
    read = np.tril(np.ones((3, 3), bool)) if UPLO == "L" else np.triu(np.ones((3, 3), bool))
    spoiled = np.where(read, a, np.nan)
    for f in (lambda a: L.eigvalsh(a, UPLO), lambda a: L.eigh(a, UPLO)[0], lambda a: L.eigh(a, UPLO)[1]):
        noise = np.where(read, 1j * np.eye(3) if np.iscomplexobj(a) else 0.0, np.nan)
        _, slope = jvp(f, (spoiled,), (noise,))
        assert not np.any(slope)
        if not np.iscomplexobj(a):
            jacobian = jacfwd(f)(spoiled)
            assert np.all(np.isfinite(jacobian))
            assert not np.any(jacobian[..., ~read])


# -- equal values --------------------------------------------------------------------------------------------------------

TWICE = np.diag([1.0, 1.0, 2.0])
MOVED = np.array([[0.5, 0.25, -1.0], [0.25, 1.5, 0.75], [-1.0, 0.75, -0.5]])


@pytest.mark.parametrize("f", [L.eigvalsh, L.svdvals, L.eigvals])
def test_equal_values_have_first_derivatives(f):
    """Sums over the equal ones are exact, second derivatives nan beside the others, which have them."""
    basis, _ = L.qr(REAL)
    for turn in (np.eye(3), basis):
        a, da = turn @ TWICE @ turn.T, turn @ MOVED @ turn.T
        value, slope = jvp(f, (a,), (da,))
        pair = np.abs(value - 1.0) < 0.1
        np.testing.assert_allclose(np.sum(slope[pair]), 2.0, rtol=1e-13)
        np.testing.assert_allclose(slope[~pair], -0.5, rtol=1e-13)
        _, second = jvp(lambda a, da=da: jvp(f, (a,), (da,))[1], (a,), (da,))
        assert np.all(np.isnan(second[pair]))
        if f is not L.eigvals:  # it needs all vectors for each of its values
            np.testing.assert_allclose(second[~pair], 2.0 * (1.0 + 0.75**2), rtol=1e-12)


def test_equal_values_have_no_vectors():
    """The vectors of equal values are nan, the others are right."""
    for f in (lambda a: L.eigh(a)[1], lambda a: L.svd(a)[0], lambda a: L.svd(a)[2].T, lambda a: L.eig(a)[1]):
        value, slope = jvp(f, (TWICE,), (MOVED,))
        single = np.abs(value[2]) == 1.0
        assert np.all(np.isnan(slope[:, ~single][:2]))
        np.testing.assert_allclose(np.abs(slope[:, single][:, 0]), [1.0, 0.75, 0.0], rtol=1e-13)


def test_structural_zeros_stay():
    """A direction that does not reach the matrix moves no eigenvector, equal eigenvalues or not."""
    jacobian = jacfwd(lambda x: L.eigh(TWICE * x[0])[1])(np.array([1.0, 5.0]))
    assert not np.any(jacobian[..., 1])
    assert np.any(np.isnan(jacobian[..., 0]))


def test_a_defective_matrix():
    """Where the eigenvectors do not span the space eigenvalues have no derivatives; the others of a stack keep theirs."""
    a = np.stack([np.array([[1.0, 1.0], [0.0, 1.0]]), np.diag([1.0, 3.0])])
    for f in (L.eig, lambda a: (L.eigvals(a),)):
        slope = jvp(f, (a,), (np.ones_like(a),))[1]
        assert all(np.all(np.isnan(each[0])) for each in slope)
        assert all(np.all(np.isfinite(each[1])) for each in slope)
    np.testing.assert_allclose(slope[0][1], [1.0, 1.0])


def test_norms_of_equal_singular_values():
    """Ties share, in whatever basis; the sum of all is as smooth as the matrix is regular, and flat in what is zero."""
    basis, _ = L.qr(REAL)
    for order, share in ((2, 1.0 / 3.0), (-2, 1.0 / 3.0), ("nuc", 1.0)):
        gradient = grad(lambda a, order=order: L.norm(a, order))
        np.testing.assert_allclose(gradient(np.eye(3)), share * np.eye(3), rtol=1e-15)
        slope = gradient(basis)  # its singular values are 1 to rounding, and which of them is the largest is chance
        np.testing.assert_allclose(np.sum(slope * basis), 1.0 if order != "nuc" else 3.0, rtol=1e-13)
    x = np.outer([1.0, 2.0, 2.0], [1.0, 0.0, 0.0])
    np.testing.assert_allclose(grad(lambda a: L.norm(a, "nuc"))(x), x / 3.0, atol=1e-15)
    np.testing.assert_array_equal(grad(lambda a: L.norm(a, "nuc"))(np.zeros((2, 2))), np.zeros((2, 2)))


# -- missing rank --------------------------------------------------------------------------------------------------------


def test_constant_rank():
    """Along matrices of rank two pseudoinverse and least squares have all derivatives."""
    v = direction(REAL)
    for f in (
        lambda a: L.pinv(a[:, :2] @ a[:2], rcond=1e-12),
        lambda a: L.lstsq(a[:, :2] @ a[:2], a[0], rcond=1e-12)[0],
        lambda a: L.lstsq(np.concatenate([a[:, :2] @ a[:2]] * 2), np.concatenate([a[0], a[1] ** 2]), rcond=1e-12)[0],
    ):
        g = f
        for _ in range(3):
            slope = lambda x, g=g: jvp(g, (x,), (v,))[1]
            np.testing.assert_allclose(slope(REAL), difference(g, REAL, v), rtol=1e-7, atol=1e-8)
            g = slope


def test_rank_that_rcond_takes_away_is_refused():
    """Cutting off what is not zero is named."""
    for name, f in {"pinv": lambda a: L.pinv(a, 0.5), "lstsq": lambda a: L.lstsq(a, np.ones(2), 0.5)}.items():
        with pytest.raises(errors.NoRule, match=f"{name}.*rcond"):
            jacfwd(f)(np.diag([1.0, 4.0]))
    np.testing.assert_array_equal(jacfwd(L.pinv)(np.zeros((2, 3))), np.zeros((3, 2, 2, 3)))


def test_qr_without_rank_is_unknown():
    """Columns that depend on each other have no Q; a stack's other matrices have."""
    a = np.stack([np.ones((3, 3)), REAL])
    slope = jvp(L.qr, (a,), (np.ones_like(a),))[1]
    assert np.all(np.isnan(slope.Q[0]))
    np.testing.assert_allclose(slope.R[1], jvp(L.qr, (REAL,), (np.ones((3, 3)),))[1].R, rtol=1e-12, atol=1e-13)


def test_what_completes_a_triangle_is_unknown():
    """Where a column needs no reflection LAPACK makes none, and its neighbours' completing columns are far away."""
    slope = jvp(lambda a: L.qr(a, "complete"), (np.eye(3, 2),), (np.ones((3, 2)),))[1]
    assert np.all(np.isnan(slope.Q[:, 2]))
    assert np.all(np.isfinite(slope.Q[:, :2]))


@pytest.mark.parametrize("mode", ["raw", "economic"])
def test_modes_of_qr_without_a_rule_are_named(mode):
    """What has no rule says so."""
    with pytest.raises((errors.NoRule, DeprecationWarning), match=mode):
        jacfwd(lambda a: L.qr(a, mode))(REAL)


def test_the_condition_of_a_singular_matrix():
    """It is infinite, and its derivative no wrong finite number; the others of a stack have theirs."""
    a = np.stack([np.diag([1.0, 0.0, 2.0]), REAL])
    for p in (None, 1, -np.inf, "fro"):
        value, slope = jvp(lambda a, p=p: L.cond(a, p), (a,), (np.ones_like(a),))
        same(value, L.cond(a, p))
        assert not np.isfinite(slope[0])
        np.testing.assert_allclose(slope[1], jvp(lambda a, p=p: L.cond(a, p), (REAL,), (np.ones((3, 3)),))[1], rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: L.matrix_power(a, -2),
        L.tensorinv,
        lambda a: L.tensorsolve(a, np.ones(2)),
        lambda a: L.eig(a[:1]),
        lambda a: L.eigvals(a * np.nan),
        lambda a: L.svd(a[0]),
        lambda a: L.multi_dot([a, np.ones((3, 3)), a]),
        lambda a: L.matrix_power(a, 0.5),
        lambda a: L.eigh(a, "X"),
        lambda a: L.lstsq(a, np.ones(3)),
        lambda a: L.cond(a[:0, :0]),
    ],
)
def test_errors_are_those_of_numpy(f):
    """The same exception with the same text, with tangents as without."""
    raised = []
    for run in (f, jacfwd(f)):
        with np.errstate(all="ignore"), pytest.raises((L.LinAlgError, ValueError, TypeError)) as caught:
            run(np.ones((2, 2)))
        raised.append((caught.type, str(caught.value)))
    assert raised[0] == raised[1]


@pytest.mark.parametrize("f", [L.eig, L.eigvals, L.eigh, L.eigvalsh, L.svd, L.svdvals, L.qr, L.pinv])
@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 3, 3), (0, 3), (3, 0)])
def test_empty_matrices(f, shape):
    """What NumPy decomposes, we do."""
    a = np.zeros(shape)
    try:
        plain = f(a)
    except L.LinAlgError:
        with pytest.raises(L.LinAlgError):
            jvp(f, (a,), (a,))
    else:
        same(jvp(f, (a,), (a,))[0], plain)


def test_curvature_of_a_log_determinant():
    """The sum of the logarithms of eigenvalues is log det: gradient A^-1, Hessian -A^-1 dA A^-1."""
    a = REAL @ REAL.T
    f = lambda a: np.sum(np.log(L.eigvalsh((a + a.T) / 2.0)))
    inverse = L.inv(a)
    np.testing.assert_allclose(grad(f)(a), inverse, rtol=1e-10)
    wanted = -(np.einsum("ij,kl->ikjl", inverse, inverse) + np.einsum("ij,kl->iklj", inverse, inverse)) / 2.0
    np.testing.assert_allclose(hessian(f)(a), wanted, rtol=1e-8, atol=1e-10)
