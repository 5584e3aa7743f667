"""dualad.scipy.sparse: products with constant sparse matrices."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value, stepped_in

from dualad import errors, hessian, jacfwd

sparse = pytest.importorskip("dualad.scipy.sparse")
theirs = pytest.importorskip("scipy.sparse")
linalg = pytest.importorskip("dualad.scipy.sparse.linalg")
scipy_linalg = pytest.importorskip("scipy.sparse.linalg")

RNG = np.random.default_rng(19)
DENSE = RNG.normal(size=(3, 4)) * (RNG.random((3, 4)) > 0.4)


@pytest.mark.parametrize("kind", ["csr_array", "csc_array", "coo_matrix", "csr_matrix"])
@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_products(kind, shape):
    """From the right and from the left, values bit for bit."""
    matrix = getattr(theirs, kind)(DENSE)
    for ours, plain in (
        (lambda x: sparse.product(matrix, x), lambda x: matrix @ x),
        (lambda x: sparse.product(x.T, matrix.T), lambda x: x.T @ matrix.T),
    ):
        each = Case(ours, plain, (RNG.normal(size=shape),))
        assert_value(each)
        assert_first(each)
        assert_second(each)


def test_quadratic_forms():
    """The Hessian of x^T S x is S + S^T."""
    matrix = theirs.csr_array(DENSE[:, :3])
    found = hessian(lambda x: x @ sparse.product(matrix, x))(np.ones(3))
    np.testing.assert_allclose(found, DENSE[:, :3] + DENSE[:, :3].T)


LINEAR = RNG.normal(size=(4, 4)) * (RNG.random((4, 4)) > 0.4) + 5.0 * np.eye(4)
SPD = theirs.csc_array(LINEAR @ LINEAR.T)
FORMATS = [f"{name}_{kind}" for name in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil") for kind in ("array", "matrix")]


@pytest.mark.parametrize("kind", FORMATS)
def test_operators_while_methods_are_exchanged(kind):
    """SciPy's own objects and signs, from both sides; what would be a sparse matrix of duals is refused by name."""
    matrix = getattr(theirs, kind)(LINEAR)
    star = (lambda x: matrix * x, lambda x: x.T * matrix) if kind.endswith("matrix") else ()
    with stepped_in():
        for shape in ((4,), (4, 2), (4, 1)):
            for f in (lambda x: matrix @ x, lambda x: x.T @ matrix, matrix.dot, *star):
                each = Case(f, f, (RNG.normal(size=shape),))
                assert_value(each)
                assert_first(each)
        wide = RNG.normal(size=(4, 4))
        for f in (lambda x: matrix + x, lambda x: x - matrix, lambda x: matrix - x):
            found = jacfwd(lambda x: np.asarray(f(x)) @ np.ones(4))(wide)
            assert found.shape == (4, 4, 4)
            assert np.all(np.abs(found.sum(axis=(1, 2))) == 4.0)
        with pytest.raises(errors.NoRule, match="sparse matrix of dual numbers"):
            jacfwd(lambda x: (matrix * x[0]) @ np.ones(4))(np.ones(4))
        with pytest.raises(errors.NoRule, match="sparse matrix of dual numbers"):
            jacfwd(lambda x: (x[0] * matrix) @ np.ones(4))(np.ones(4))


def test_duals_on_the_left_need_no_exchange():
    """NumPy's side of an operator is ours; `*` with a matrix is its product."""
    x = np.array([1.0, 2.0, -1.0, 0.5])
    for kind in ("csr_array", "csr_matrix"):
        matrix = getattr(theirs, kind)(LINEAR)
        np.testing.assert_allclose(jacfwd(lambda x, m=matrix: x @ m)(x), LINEAR.T)
    np.testing.assert_allclose(jacfwd(lambda x: x * theirs.csr_matrix(LINEAR))(x), LINEAR.T)


def test_systems():
    """Linear in the right side: direct, iterative, and by factors."""
    b, many = RNG.normal(size=4), RNG.normal(size=(4, 2))
    direct = ("spsolve", "factorized", "splu", "expm_multiply")
    for name in (*direct, "bicg", "bicgstab", "cg", "cgs", "gcrotmk", "gmres", "lgmres", "minres", "qmr", "tfqmr"):

        def f(module, name=name):
            g = getattr(module, name)
            if name in direct[1:3]:
                return g(SPD) if name == "factorized" else g(SPD).solve
            keywords = {} if name in direct else {"rtol": 1e-12}
            return lambda b: g(SPD, b, **keywords) if name in direct else g(SPD, b, **keywords)[0]

        for right in (b, many) if name in direct else (b,):
            each = Case(f(linalg), f(scipy_linalg), (right,), rtol=1e-8)
            assert_value(each)
            assert_first(each)
            assert_second(each)


def test_linear_operators():
    """Of matrices and of functions, which may use duals themselves; sums, products and adjoints of them."""
    x = RNG.normal(size=4)
    dense = scipy_linalg.aslinearoperator(LINEAR)
    sparse_one = scipy_linalg.aslinearoperator(theirs.csr_array(LINEAR))
    own = scipy_linalg.LinearOperator((4, 4), matvec=lambda x: LINEAR @ x, rmatvec=lambda x: LINEAR.T @ x, dtype=float)
    with stepped_in():
        for operator in (dense, sparse_one, own, own + dense, own @ sparse_one, 2.0 * own):
            matrix = operator @ np.eye(4)
            np.testing.assert_allclose(jacfwd(lambda x, op=operator: op @ x)(x), matrix)
            np.testing.assert_allclose(jacfwd(lambda x, op=operator: op.matvec(x))(x), matrix)
            np.testing.assert_allclose(jacfwd(lambda x, op=operator: op.matmat(np.stack([x, x], 1))[:, 1])(x), matrix)
        np.testing.assert_allclose(jacfwd(own.rmatvec)(x), LINEAR.T)

        def scaled(c):
            return scipy_linalg.LinearOperator((4, 4), matvec=lambda x: c * x, dtype=float) @ (x * c)

        np.testing.assert_allclose(jacfwd(scaled)(1.5), 3.0 * x)


def test_the_operator_is_loud():
    """matrix @ x asks SciPy first, which has no place for duals; nothing is lost silently, and stepping in keeps it."""
    with pytest.raises((TypeError, ValueError)):
        jacfwd(lambda x: theirs.csr_array(DENSE) @ x, drop_in=False)(np.ones(4))
    np.testing.assert_array_equal(jacfwd(lambda x: theirs.csr_array(DENSE) @ x, drop_in=True)(np.ones(4)), DENSE)
