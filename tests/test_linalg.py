"""Linear algebra and norms where it is difficult: singular, degenerate, huge, tiny; and third derivatives."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from calculation_cases import cholesky_twin, length_twin

from dualad import errors, grad, hessian, jacfwd, jvp, value_and_jacfwd

EPSILON = np.zeros((3, 3, 3))  # the sign of each permutation
for i, j, k in [(0, 1, 2), (1, 2, 0), (2, 0, 1)]:
    EPSILON[i, j, k], EPSILON[i, k, j] = 1.0, -1.0

RANK_TWO = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
RANK_ONE = np.outer([1.0, -2.0, 3.0], [2.0, 1.0, 1.0])
REGULAR = np.array([[4.0, 1.0, -1.0], [0.5, 3.0, 0.25], [1.0, -0.5, 5.0]])
STACK = np.stack([RANK_TWO, REGULAR, RANK_ONE, np.zeros((3, 3))])
RNG = np.random.default_rng(5)


def derivatives_of_det(a):
    """First, second and third derivative of a 3 x 3 determinant, which is eps_ikm eps_jln a_ij a_kl a_mn / 6."""
    first = np.einsum("ikm,jln,...kl,...mn->...ij", EPSILON, EPSILON, a, a) / 2.0
    second = np.einsum("ikm,jln,...mn->...ijkl", EPSILON, EPSILON, a)
    return first, second, np.einsum("ikm,jln->ijklmn", EPSILON, EPSILON)


@pytest.mark.parametrize("a", [REGULAR, RANK_TWO, RANK_ONE, np.zeros((3, 3)), 1e-120 * REGULAR, 1e-8 * np.eye(3) + RANK_ONE])
def test_det_has_three_exact_derivatives(a):
    """Cofactors, their derivatives and the permutation signs, singular or not."""
    first, second, third = derivatives_of_det(a)
    np.testing.assert_allclose(jacfwd(np.linalg.det)(a), first, rtol=1e-11, atol=1e-13 * np.max(np.abs(a)) ** 2)
    np.testing.assert_allclose(hessian(np.linalg.det)(a), second, rtol=1e-11, atol=1e-13 * np.max(np.abs(a)))
    if np.max(np.abs(a)) > 1e-100 or not np.any(a):
        np.testing.assert_allclose(jacfwd(hessian(np.linalg.det))(a), third, rtol=1e-7, atol=1e-7)


def test_det_of_a_stack_with_singular_matrices():
    """One singular matrix among others spoils none of them."""
    direction = RNG.normal(size=STACK.shape)
    first, _, _ = derivatives_of_det(STACK)
    tangent = jvp(np.linalg.det, (STACK,), (direction,))[1]
    np.testing.assert_allclose(tangent, np.sum(first * direction, axis=(-2, -1)), rtol=1e-12, atol=1e-12)


def test_det_of_a_nearly_singular_matrix():
    """Cofactors keep their digits where the inverse has none left."""
    a = np.vander(np.linspace(1.0, 1.1, 5))
    exact = [[Fraction(x) for x in row] for row in a.tolist()]

    def fraction_det(m):
        if not m:
            return Fraction(1)
        return sum((-1) ** j * m[0][j] * fraction_det([[*row[:j], *row[j + 1 :]] for row in m[1:]]) for j in range(len(m)))

    minor = lambda i, j: [[*row[:j], *row[j + 1 :]] for n, row in enumerate(exact) if n != i]
    wanted = np.array([[float((-1) ** (i + j) * fraction_det(minor(i, j))) for j in range(5)] for i in range(5)])
    np.testing.assert_allclose(jacfwd(np.linalg.det)(a), wanted, rtol=1e-5)


def test_det_over_and_underflows_where_it_must():
    """The gradient is a product of one factor less: it may be finite where the determinant is not."""
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(grad(np.linalg.det)(np.diag([1e200, 2e200])), np.diag([2e200, 1e200]), rtol=1e-12)
        np.testing.assert_allclose(grad(np.linalg.det)(np.diag([1e-200, 2e-200])), np.diag([2e-200, 1e-200]), rtol=1e-12)


def test_slogdet_reaches_where_det_does_not():
    """The gradient is the inverse, transposed, whatever the size."""
    a = np.diag([1e200, 1e200, 1e200]) + 1e199
    gradient = jacfwd(np.linalg.slogdet)(a)
    assert type(gradient).__name__ == "SlogdetResult"
    np.testing.assert_allclose(gradient.logabsdet, np.linalg.inv(a).T, rtol=1e-12)
    assert not np.any(gradient.sign)


def test_slogdet_of_singular_matrices_is_unknown():
    """Where log|det| is minus infinity it has no derivative; the others of the stack keep theirs."""
    stack = np.stack([np.zeros((3, 3)), REGULAR])
    _, tangent = jvp(np.linalg.slogdet, (stack,), (np.ones_like(stack),))
    assert np.isnan(tangent.logabsdet[0])
    np.testing.assert_allclose(tangent.logabsdet[1], np.sum(np.linalg.inv(REGULAR)), rtol=1e-12)


def difference(f, x, v, h=2e-3):
    """The derivative of f along v by central differences, extrapolated twice."""
    table = [(f(x + h * s * v) - f(x - h * s * v)) / (2.0 * h * s) for s in (1.0, 0.5, 0.25, 0.125)]
    for order in (4.0, 16.0, 64.0):
        table = [(order * fine - coarse) / (order - 1.0) for coarse, fine in pairwise(table)]
    return table[0]


COMPLEX = REGULAR + 1j * RNG.normal(size=(3, 3))
HERMITIAN = COMPLEX @ COMPLEX.conj().T


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda a: np.linalg.slogdet(a)[0], COMPLEX),
        (lambda a: np.linalg.slogdet(a)[1], COMPLEX),
        (np.linalg.cholesky, HERMITIAN),
        (lambda a: np.linalg.cholesky(a, upper=True), HERMITIAN),
        (np.linalg.norm, COMPLEX),
        (lambda a: np.linalg.norm(a, 1), COMPLEX),
        (lambda a: np.linalg.norm(a, -np.inf), COMPLEX),
        (lambda a: np.linalg.norm(a, 3, axis=0), COMPLEX),
        (lambda a: np.linalg.norm(a, np.inf, axis=1), COMPLEX),
        (np.var, COMPLEX),
        (lambda a: np.std(a, axis=0, ddof=1), COMPLEX),
        (np.angle, COMPLEX),
        (lambda a: np.angle(a, deg=True), COMPLEX),
        (np.real, COMPLEX),
        (np.imag, COMPLEX),
        (lambda a: np.vdot(a, a @ a), COMPLEX),
        (lambda a: np.vecdot(a, 1j * a[0]), COMPLEX),
        (lambda a: np.vecmat(a[0], a), COMPLEX),
    ],
)
def test_functions_of_complex_numbers_that_are_not_analytic(f, x):
    """Conjugates, sizes and angles: the derivative along any direction, also an imaginary one; and the second one."""
    for v in (RNG.normal(size=x.shape) + 0j, 1j * RNG.normal(size=x.shape)):
        np.testing.assert_allclose(jvp(f, (x,), (v,))[1], difference(f, x, v), rtol=1e-8, atol=1e-9)
        slope = lambda a, v=v: jvp(f, (a,), (v,))[1]
        np.testing.assert_allclose(jvp(slope, (x,), (v,))[1], difference(slope, x, v), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("f", [np.linalg.inv, lambda a: np.linalg.solve(a, np.ones(2))])
def test_singular_matrices_raise_as_in_numpy(f):
    """A matrix that cannot be inverted raises LinAlgError, with tangents too."""
    with pytest.raises(np.linalg.LinAlgError):
        jacfwd(f)(np.ones((2, 2)))


def test_cholesky_of_an_indefinite_matrix_raises_as_in_numpy():
    """A matrix that is not positive definite raises LinAlgError."""
    with pytest.raises(np.linalg.LinAlgError):
        jacfwd(np.linalg.cholesky)(-np.eye(2))


@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_reads_one_triangle(upper):
    """What stands in the other triangle is never read, not even a nan, and the factor does not vary with it."""
    read = np.triu(np.ones((3, 3), bool)) if upper else np.tril(np.ones((3, 3), bool))
    a = np.where(read, REGULAR @ REGULAR.T, np.nan)
    jacobian = jacfwd(lambda a: np.linalg.cholesky(a, upper=upper))(a)
    assert np.all(np.isfinite(jacobian))
    assert not np.any(jacobian[..., ~read])
    clean = np.where(read, a, 0.0)
    twin = lambda t: cholesky_twin(clean + t * read, upper=upper)
    np.testing.assert_allclose(np.sum(jacobian * read, axis=(-2, -1)), twin(1e-150j).imag / 1e-150, rtol=1e-12, atol=1e-14)


THIRD = {
    "det": (np.linalg.det, None),
    "inv": (np.linalg.inv, None),
    "solve": (lambda a: np.linalg.solve(a, a[0] ** 2), None),
    "cholesky": (np.linalg.cholesky, cholesky_twin),
    "slogdet": (lambda a: np.linalg.slogdet(a)[1], lambda a: np.log(np.linalg.det(a))),
    "norm": (np.linalg.norm, length_twin),
    "norm of order 3": (
        lambda a: np.linalg.norm(a, 3, axis=0),
        lambda a: np.sum((a * np.sign(np.real(a))) ** 3, axis=0) ** (1 / 3),
    ),
    "std": (np.std, lambda a: np.sqrt(np.mean((a - np.mean(a)) ** 2))),
    "prod": (lambda a: np.prod(a - 3.0, axis=0), None),
    "cumprod": (lambda a: np.cumprod(a - 3.0, axis=1), None),
    "einsum": (lambda a: np.einsum("ij,jk,kl->il", a, a, a), None),
}


@pytest.mark.parametrize("name", THIRD)
def test_third_derivatives(name):
    """Along three directions, against the complex step of the second derivative."""
    f, twin = THIRD[name]
    u, v, w = RNG.normal(size=(3, 3, 3))

    def along(f, directions):
        for direction in directions:
            f = lambda x, f=f, direction=direction: jvp(f, (x,), (direction,))[1]
        return f

    got = along(f, (u, v, w))(REGULAR)
    wanted = along(twin or f, (u + 0j, v + 0j))(REGULAR + 1e-150j * w).imag / 1e-150
    np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10 * np.max(np.abs(wanted)))


# -- norms ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.linalg.norm, lambda x: np.linalg.norm(x, 3), lambda x: np.linalg.norm(x, 1), np.std])
def test_the_tip_of_a_cone(f):
    """At the origin the subgradient of least norm; the second derivative is no wrong finite number."""
    x = np.zeros(3)
    np.testing.assert_array_equal(grad(f)(x), x)
    second = hessian(f)(x)
    assert not np.any(np.isfinite(second) & (second != 0))


@pytest.mark.parametrize("f", [np.linalg.norm, lambda x: np.linalg.norm(x, 3), np.std])
def test_a_smooth_function_of_a_cone(f):
    """The square of a norm has a second derivative at the tip; it is unknown here, and not 0."""
    second = hessian(lambda x: f(x) ** 2)(np.zeros(2))
    assert np.all(np.isnan(np.diagonal(second)))


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1.0, 1e160, 1e200, 1e300])
@pytest.mark.parametrize("order", [None, 2, 3, 0.5, -2])
def test_norms_of_any_scale(scale, order):
    """The gradient of a norm does not depend on the scale, even where NumPy's value is 0 or infinite."""
    x = np.array([3.0, -4.0, 1.0])
    with np.errstate(all="ignore"):
        f = lambda x: np.linalg.norm(x, order)
        np.testing.assert_allclose(grad(f)(scale * x), grad(f)(x), rtol=1e-13)
        np.testing.assert_allclose(scale * hessian(f)(scale * x), hessian(f)(x), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("order", "x", "wanted"),
    [
        (np.inf, [2.0, -2.0, 1.0], [0.5, -0.5, 0.0]),
        (-np.inf, [2.0, -1.0, 1.0, 1.0], [0.0, -1 / 3, 1 / 3, 1 / 3]),
        (1, [2.0, 0.0, -1.0], [1.0, 0.0, -1.0]),
        (0, [2.0, 0.0, -1.0], [0.0, 0.0, 0.0]),
        (np.inf, [[1.0, -1.0], [2.0, 0.0]], [[0.5, -0.5], [0.5, 0.0]]),
        (1, [[1.0, -1.0], [2.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]),
        (-1, [[1.0, -1.0], [2.0, 2.0]], [[0.5, -0.5], [0.5, 0.5]]),
    ],
)
def test_ties_share(order, x, wanted):
    """Extreme elements, rows or columns that tie share the derivative evenly; a size has slope 0 at its kink."""
    np.testing.assert_allclose(grad(lambda x: np.linalg.norm(x, order))(np.array(x)), wanted, rtol=1e-15)


@pytest.mark.parametrize(("keyword", "value"), [("axes", [(0, 1), (0, 1), (0, 1)]), ("axis", 0), ("keepdims", True)])
def test_keywords_of_generalised_ufuncs_are_named(keyword, value):
    """What a rule does not honour is refused by its name."""
    with pytest.raises((errors.NoRule, TypeError), match=keyword):
        jacfwd(lambda a: np.matmul(a, a, **{keyword: value}))(REGULAR)


@pytest.mark.parametrize(("axis", "shape"), [(1, (0,)), (-1, (0,)), (0, (3,)), ((0, 1), ()), (None, ())])
def test_norms_of_nothing(axis, shape):
    """Norms of an empty array are empty, or 0, and so are their derivatives."""
    value, jacobian = value_and_jacfwd(lambda x: np.linalg.vector_norm(x, axis=axis))(np.zeros((0, 3)))
    np.testing.assert_array_equal(value, np.zeros(shape), strict=isinstance(value, np.ndarray))
    assert jacobian.shape == (*shape, 0, 3)
