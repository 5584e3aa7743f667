"""dualad.scipy.linalg: solvers, factorisations and equations of matrices against SciPy's own values."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

import dualad
from dualad import errors, hessian, jacfwd

linalg = pytest.importorskip("dualad.scipy.linalg")
scipy_linalg = pytest.importorskip("scipy.linalg")

RNG = np.random.default_rng(7)
A = RNG.normal(size=(4, 4)) + 4.0 * np.eye(4)
STACK = RNG.normal(size=(2, 3, 3)) + 3.0 * np.eye(3)
SPD = A @ A.T
SYM = A + A.T
COMPLEX = A + 1j * RNG.normal(size=(4, 4))
HERMITIAN = COMPLEX @ COMPLEX.conj().T
B, V, Q = RNG.normal(size=(4, 2)), RNG.normal(size=4), RNG.normal(size=(4, 4))

BAND, V5, B5 = RNG.normal(size=(4, 5)) + 4.0 * np.eye(4, 5)[:, ::-1], RNG.normal(size=5), RNG.normal(size=(5, 2))
CBAND = BAND + 0.5j * RNG.normal(size=(4, 5))


def half(rows, lower):
    """Diagonals of a positive definite matrix in SciPy's lower or upper form; the main one dominates."""
    rows = np.concatenate([np.abs(rows[:1]) + 12.0, rows[1:]])
    return rows if lower else rows[::-1]


def case(name, *args, twin=None, rtol=1e-9, **kwargs):
    return Case(getattr(linalg, name), getattr(scipy_linalg, name), args, kwargs, twin, rtol)


ASSUMED = [("sym", SYM), ("pos", SPD), ("gen", A), ("diagonal", np.diag(V)), ("upper triangular", A), ("lower triangular", A)]
CASES = [
    case("solve", A, V, twin=True),
    case("solve", A, B, twin=True),
    case("solve", A, B, transposed=True),
    case("solve", STACK, RNG.normal(size=(2, 3, 2)), twin=True),
    case("solve", STACK, RNG.normal(size=3), twin=True),
    case("solve", A, RNG.normal(size=(3, 4, 1)), twin=True),
    case("solve", COMPLEX, B + 1j),
    case("solve", HERMITIAN, V, assume_a="her", lower=True),
    case("solve", HERMITIAN, V, assume_a="pos"),
    case("solve", np.tril(np.triu(A, -1), 1), V, assume_a="tridiagonal"),
    case("solve", np.tril(np.triu(A, -1), 2), V, assume_a="banded"),
    *[case("solve", a, B, assume_a=kind, lower=lower) for kind, a in ASSUMED for lower in (False, True)],
    case("inv", A, twin=True),
    case("inv", STACK, twin=True),
    *[case("inv", a, assume_a=kind, lower=lower) for kind, a in ASSUMED if kind != "diagonal" for lower in (False, True)],
    case("det", A, twin=True),
    case("det", STACK, twin=True),
    case("det", COMPLEX),
    *[case("cholesky", a, lower=lower) for a in (SPD, HERMITIAN) for lower in (False, True)],
    *[case("cho_factor", a, lower=lower) for a in (SPD, HERMITIAN) for lower in (False, True)],
    case("lu_factor", A, twin=True),
    case("lu_factor", A[::-1] - 4.0, twin=True),
    case("lu_factor", STACK[:, ::-1], twin=True),
    case("lu_factor", COMPLEX),
    *[
        case("solve_triangular", a, B, trans=trans, lower=lower, unit_diagonal=unit)
        for a in (A, COMPLEX)
        for trans, lower, unit in [
            (0, False, False),
            (1, True, False),
            ("C", False, True),
            ("T", False, False),
            (0, True, True),
        ]
    ],
    case("solve_triangular", A, V, twin=True),
    *[case("solve_banded", each, BAND, b) for each in [(1, 2), (2, 1), (3, 0), (0, 3)] for b in (V5, B5)],
    case("solve_banded", (1, 2), BAND + 0.5j * BAND[::-1], V5 + 0j),
    case("solve_banded", (1, 2), np.stack([BAND, BAND + 0.5]), np.stack([B5, B5 - 0.5])),
    case("solve_banded", (0, 0), BAND[:1], V5),
    *[
        case("solveh_banded", half(b, low), v, lower=low)
        for b in (BAND[:3], BAND[:2])
        for v in (V5, B5)
        for low in (True, False)
    ],
    *[case("solveh_banded", half(CBAND[:k], low), V5 + 1j, lower=low) for k in (2, 3) for low in (True, False)],
    case("solveh_banded", BAND[:1] ** 2 + 1.0, V5),
    case("solve_sylvester", A, STACK[0], RNG.normal(size=(4, 3))),
    case("solve_sylvester", COMPLEX, STACK[0], RNG.normal(size=(4, 3)) + 0j),
    case("solve_continuous_lyapunov", A, Q),
    case("solve_continuous_lyapunov", COMPLEX, HERMITIAN),
    case("solve_discrete_lyapunov", A / 10.0, Q),
    case("solve_discrete_lyapunov", A / 10.0, Q, method="bilinear"),
    case("norm", A),
    case("norm", A, ord=1),
    case("norm", A, ord=3, axis=0, keepdims=True),
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


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("a", [SPD, HERMITIAN])
def test_factored_solvers(a, lower):
    """Factor and solve in two steps is solve in one, to second order, in the matrix and the right-hand side."""
    both = lambda s: linalg.cho_solve(linalg.cho_factor(a + s * a * a.real.mean(), lower=lower), V + s * s * B[:, 0])
    wanted = lambda s: np.linalg.solve(a + s * a * a.real.mean(), V + s * s * B[:, 0])
    for order in (dualad.derivative, lambda f: dualad.derivative(dualad.derivative(f))):
        np.testing.assert_allclose(order(both)(0.3), order(wanted)(0.3), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("trans", [0, 1, 2])
@pytest.mark.parametrize("a", [A[::-1].copy(), COMPLEX])
def test_lu_solve(a, trans):
    """The same with row exchanges and transposes."""
    turn = [lambda m: m, np.transpose, lambda m: np.conjugate(m.T)][trans]
    both = lambda s: linalg.lu_solve(linalg.lu_factor(a + s * Q), B + s * B[::-1], trans=trans)
    wanted = lambda s: np.linalg.solve(turn(a + s * Q), B + s * B[::-1])
    for order in (dualad.derivative, lambda f: dualad.derivative(dualad.derivative(f))):
        np.testing.assert_allclose(order(both)(0.3), order(wanted)(0.3), rtol=1e-9, atol=1e-12)


def test_a_factor_alone_may_vary():
    """cho_solve by the factor and by nothing else; a plain factor is a constant."""
    factor = np.tril(A) + 4.0 * np.eye(4)
    jacobian = jacfwd(lambda c: linalg.cho_solve((c, True), V))(factor)
    wanted = jacfwd(lambda c: np.linalg.solve(np.tril(c) @ np.tril(c).T, V))(factor)
    np.testing.assert_allclose(jacobian, wanted, rtol=1e-10, atol=1e-12)
    constant = linalg.cho_factor(SPD)
    np.testing.assert_allclose(jacfwd(lambda b: linalg.cho_solve(constant, b))(V), np.linalg.inv(SPD), rtol=1e-9)


def test_overwriting_destroys_nothing():
    """What may be overwritten is needed for the derivative: the permission is not passed on."""
    f = lambda a: linalg.solve(a, a[0], overwrite_a=True, overwrite_b=True)
    g = lambda a: linalg.inv(a, True)
    np.testing.assert_allclose(hessian(lambda a: np.sum(f(a)))(A), hessian(lambda a: np.sum(np.linalg.solve(a, a[0])))(A))
    np.testing.assert_allclose(jacfwd(g)(np.asfortranarray(A)), jacfwd(np.linalg.inv)(A))


def test_lists_and_arrays_of_duals():
    """Lists of numbers, of duals, and object arrays are arrays."""
    f = lambda x: linalg.solve([[x[0], 1.0], [0.0, x[1]]], [1, 2])
    x = np.array([2.0, 3.0])
    np.testing.assert_allclose(jacfwd(f)(x), [[-1 / 12, 1 / 9], [0.0, -2 / 9]])
    np.testing.assert_allclose(jacfwd(lambda x: linalg.inv(np.array([[x[0], 1.0], [0.0, x[1]]])))(x)[0, 0], [-0.25, 0.0])


def test_inverse_of_what_is_said_to_be_diagonal():
    """The diagonal counts; SciPy leaves whatever else stood in the matrix in the answer, which is no inverse then."""
    jacobian = jacfwd(lambda d: linalg.inv(np.diag(d), assume_a="diagonal"))(V)
    np.testing.assert_allclose(jacobian, np.einsum("ij,jk->ijk", np.eye(4), np.diag(-1.0 / V**2)))


def test_refusals_name_the_function():
    """What has no rule says so, and works on plain arrays."""
    with pytest.raises(errors.NoRule, match=r"scipy\.linalg\.schur"):
        jacfwd(linalg.schur)(A)
    np.testing.assert_array_equal(linalg.schur(A)[0], scipy_linalg.schur(A)[0])
    assert linalg.LinAlgError is np.linalg.LinAlgError
    with pytest.raises(errors.NoRule, match="lu_factor"):
        jacfwd(lambda a: linalg.lu_factor(a)[0])(A[:2])
    with pytest.raises(AttributeError):
        linalg.no_such_name  # noqa: B018
    with pytest.raises(np.linalg.LinAlgError):
        jacfwd(linalg.inv)(np.ones((2, 2)))
