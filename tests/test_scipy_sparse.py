"""dualad.scipy.sparse: products with constant sparse matrices."""

import numpy as np
import pytest
from scipy_cases import Case, assert_first, assert_second, assert_value

from dualad import hessian, jacfwd

sparse = pytest.importorskip("dualad.scipy.sparse")
theirs = pytest.importorskip("scipy.sparse")

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


def test_the_operator_is_loud():
    """matrix @ x asks SciPy first, which has no place for duals; nothing is lost silently."""
    with pytest.raises((TypeError, ValueError)):
        jacfwd(lambda x: theirs.csr_array(DENSE) @ x)(np.ones(4))
