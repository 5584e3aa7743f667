"""What each transform gives: values, shapes, types and orders, on functions whose derivatives are known by heart."""

import pickle

import numpy as np
import pytest

import dualad
from dualad import derivative, grad, hessian, hessian_diagonal, hvp, jacfwd, jvp, laplacian, value_and_grad, value_and_jacfwd

X = np.array([0.5, 1.5, -2.0])
TABLE = np.arange(6.0).reshape(2, 3)


def cubes(x):
    """Sum of cubes."""
    return np.sum(x**3)


def nasty(x):
    """Everything coupled to everything, with rounding errors of its own in every entry."""
    return np.sum(np.exp(np.outer(np.sin(x), x)) / (1.0 + np.cumsum(x**2))) + np.prod(np.hypot(x, x[::-1] + 0.3))


def plain(value):
    """Whether a result is what NumPy itself would give: no dual, no object array."""
    return type(value) in (np.ndarray, np.float64) and value.dtype == np.float64


# -- jvp -----------------------------------------------------------------------------------------------------------------


def test_jvp():
    """jvp gives the value and the derivative along one direction."""
    value, slope = jvp(np.sin, (X,), (np.array([1.0, 0.0, 2.0]),))
    np.testing.assert_array_equal(value, np.sin(X))
    np.testing.assert_array_equal(slope, np.cos(X) * [1.0, 0.0, 2.0])
    assert plain(value)
    assert plain(slope)


def test_jvp_of_several_arguments():
    """Each argument moves along its own tangent; the derivatives add up."""
    value, slope = jvp(lambda a, b: a * b, (3.0, X), (1.0, 10.0 * np.ones(3)))
    np.testing.assert_array_equal(value, 3.0 * X)
    np.testing.assert_array_equal(slope, X + 30.0)


def test_jvp_takes_lists_for_its_tuples():
    """Primals and tangents may be lists."""
    assert jvp(np.square, [3.0], [1.0]) == (9.0, 6.0)


def test_jvp_without_some_tangents():
    """None as a tangent keeps an argument constant."""
    assert jvp(lambda a, b: a * b, (2.0, 3.0), (None, 1.0)) == (6.0, 2.0)


def test_jvp_of_integers():
    """Integer primals and tangents are promoted to float64."""
    value, slope = jvp(lambda x: x * x, (3,), (1,))
    assert (value, slope) == (9.0, 6.0)
    assert type(value) is type(slope) is np.float64


def test_jvp_by_its_tangent():
    """A tangent may be a dual itself: jvp is linear in it, and beside a primal that varies too it is a product."""
    assert derivative(lambda v: jvp(np.sin, (1.0,), (v,))[1])(2.0) == np.cos(1.0)
    both = derivative(lambda v: jvp(np.sin, (v,), (v,))[1])(2.0)
    np.testing.assert_allclose(both, np.cos(2.0) - 2.0 * np.sin(2.0), rtol=1e-15)
    np.testing.assert_array_equal(jacfwd(lambda v: jvp(np.square, (X,), (v,))[1])(X), np.diag(2.0 * X))


def test_jvp_with_aux():
    """With has_aux the third answer is what f returned beside its output."""
    assert jvp(lambda x: (x * x, {"note": "seen"}), (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, {"note": "seen"})


# -- Jacobians -----------------------------------------------------------------------------------------------------------


def test_jacobian_is_output_by_input():
    """The Jacobian of (3,) -> (2,) is (2, 3)."""
    np.testing.assert_array_equal(jacfwd(lambda x: TABLE @ x)(X), TABLE)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (2, 3), (0,), (2, 0), (1, 1, 1)])
def test_jacobian_shapes(shape):
    """Each leaf has shape out.shape + in.shape, for arrays with any number of axes and any number of elements."""
    x = np.full(shape, 0.5)
    jacobian = jacfwd(lambda x: np.stack([np.sin(x), x, 2.0 * x]))(x)
    assert jacobian.shape == (3, *shape, *shape)
    assert plain(jacobian)
    assert jacfwd(np.sum)(x).shape == shape


def test_scalar_to_scalar():
    """A number in and a number out give a np.float64."""
    slope = jacfwd(np.sin)(0.5)
    assert type(slope) is np.float64
    assert slope == np.cos(0.5)


def test_value_and_jacobian():
    """value_and_jacfwd gives both, in one run of f."""
    runs = []
    value, jacobian = value_and_jacfwd(lambda x: runs.append(1) or x**2)(X)
    np.testing.assert_array_equal(value, X**2)
    np.testing.assert_array_equal(jacobian, np.diag(2.0 * X))
    assert len(runs) == 1


def test_constant_output():
    """An output that does not vary has derivative zero, of the right shape."""
    np.testing.assert_array_equal(jacfwd(lambda x: np.ones(2))(X), np.zeros((2, 3)))
    np.testing.assert_array_equal(jacfwd(lambda x: 7)(X), np.zeros(3))
    np.testing.assert_array_equal(grad(lambda x: 7.0)(X), np.zeros(3))
    np.testing.assert_array_equal(hessian(lambda x: 7.0)(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(hessian(np.sum)(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(hessian_diagonal(lambda x: 7.0)(X), np.zeros(3))
    assert laplacian(lambda x: 7.0)(X) == 0.0
    assert derivative(lambda x: 7.0)(1.0) == 0.0
    assert jvp(lambda x: 7.0, (1.0,), (1.0,)) == (7.0, 0.0)


def test_output_that_is_the_input():
    """The identity's Jacobian is the identity, and the value is not the caller's own array."""
    value, jacobian = value_and_jacfwd(lambda x: x)(X)
    np.testing.assert_array_equal(jacobian, np.eye(3))
    assert not np.may_share_memory(value, X)


# -- batches of points ---------------------------------------------------------------------------------------------------


def test_batch():
    """With batch_ndim=1 a map (N, n) -> (N, m) gives (N, m, n): the block of each point."""
    points = np.random.default_rng(0).standard_normal((5, 3))
    blocks = jacfwd(lambda x: np.sin(x) @ TABLE.T, batch_ndim=1)(points)
    assert blocks.shape == (5, 2, 3)
    for block, point in zip(blocks, points, strict=True):
        np.testing.assert_allclose(block, jacfwd(lambda x: np.sin(x) @ TABLE.T)(point), rtol=1e-14)


def test_batch_costs_the_directions_of_one_point():
    """However many points there are, f is run with as many directions as one point has inputs."""
    seen = []
    jacfwd(lambda x: seen.append(dualad.tangent_of(x).shape) or x**2, batch_ndim=1)(np.ones((100, 3)))
    assert seen == [(3, 100, 3)]


def test_batches_of_two_axes_and_of_scalars():
    """Several leading axes may count points, and a point may be a single number."""
    grid = np.linspace(0.1, 1.0, 12).reshape(3, 4)
    np.testing.assert_array_equal(jacfwd(np.sin, batch_ndim=2)(grid), np.cos(grid))
    moving = np.stack([grid, grid**2], -1)
    blocks = jacfwd(lambda x: np.prod(x, -1), batch_ndim=2)(moving)
    np.testing.assert_array_equal(blocks, moving[..., ::-1])


def test_batch_of_two_arguments():
    """Each argument has its own block."""
    a, b = np.ones((4, 2)), np.full((4, 3), 2.0)
    by_a, by_b = jacfwd(lambda a, b: np.sum(a, -1) * np.sum(b, -1), (0, 1), batch_ndim=1)(a, b)
    np.testing.assert_array_equal(by_a, np.full((4, 2), 6.0))
    np.testing.assert_array_equal(by_b, np.full((4, 3), 2.0))


# -- derivatives of functions that act on each element -------------------------------------------------------------------


@pytest.mark.parametrize("order", range(5))
def test_derivative_of_any_order(order):
    """derivative(f, order=n) is the n-th derivative on each element; order 0 is f itself."""
    expected = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin][order](X)
    result = derivative(np.sin, order=order)(X)
    np.testing.assert_allclose(result, expected, rtol=1e-15)
    assert plain(result)


def test_derivative_by_another_argument():
    """argnums says by which argument; the others may have any shape that broadcasts."""
    np.testing.assert_allclose(derivative(np.power, argnums=1)(TABLE + 1.0, 2.0), (TABLE + 1.0) ** 2 * np.log(TABLE + 1.0))


def test_derivative_of_a_curve():
    """A scalar may move an output of any shape: position gives velocity and acceleration."""
    position = lambda t: np.array([1.0, 2.0]) * t**2
    np.testing.assert_array_equal(derivative(position)(3.0), [6.0, 12.0])
    np.testing.assert_array_equal(derivative(position, order=2)(3.0), [2.0, 4.0])


# -- gradients -----------------------------------------------------------------------------------------------------------


def test_gradient():
    """grad gives an array of the argument's shape."""
    np.testing.assert_array_equal(grad(cubes)(X), 3.0 * X**2)
    np.testing.assert_array_equal(grad(cubes)(TABLE), 3.0 * TABLE**2)
    assert type(grad(np.square)(3.0)) is np.float64


def test_value_and_gradient():
    """value_and_grad gives both, in one run of f."""
    runs = []
    value, gradient = value_and_grad(lambda x: runs.append(1) or cubes(x))(X)
    assert value == cubes(X)
    assert type(value) is np.float64
    np.testing.assert_array_equal(gradient, 3.0 * X**2)
    assert len(runs) == 1


def test_gradient_of_one_element():
    """An output of shape (1,) is not a scalar; its item() is."""
    assert grad(lambda x: (x[:1] ** 2).item())(X)[0] == 1.0


# -- second derivatives --------------------------------------------------------------------------------------------------


def test_hessian():
    """The Hessian has shape in.shape + in.shape for a scalar output, and out.shape in front else."""
    np.testing.assert_array_equal(hessian(cubes)(X), np.diag(6.0 * X))
    assert hessian(cubes)(TABLE).shape == (2, 3, 2, 3)
    second = hessian(lambda x: np.stack([cubes(x), x[0] * x[1]]))(X)
    np.testing.assert_array_equal(second[1], [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert type(hessian(np.sin)(0.5)) is np.float64


@pytest.mark.parametrize("seed", range(5))
def test_hessian_is_symmetric_to_the_last_bit(seed):
    """Whatever rounding does to the two halves, they come out equal."""
    second = hessian(nasty)(np.random.default_rng(seed).standard_normal(7))
    np.testing.assert_array_equal(second, second.T)
    assert np.all(second != 0.0)


def test_hessian_of_matrices_is_symmetric():
    """Symmetry exchanges all axes of one input with those of the other."""
    second = hessian(lambda x: nasty(np.ravel(x)))(np.random.default_rng(1).standard_normal((2, 3)))
    np.testing.assert_array_equal(second, second.transpose(2, 3, 0, 1))


def test_hessian_of_trees_is_symmetric():
    """Blocks of different inputs are each other's mirror image, for every output, beside leaves that do not vary."""
    rng = np.random.default_rng(2)
    tree = {"a": None, "b": rng.standard_normal((2, 2)), "c": [rng.standard_normal(3), "text"], "d": 0.3}

    def f(tree):
        x = np.concatenate([np.ravel(tree["b"]), tree["c"][0], np.stack([tree["d"]])])
        return {"one": nasty(x), "none": None, "two": np.stack([nasty(x[::-1]), nasty(2.0 * x)])}

    second = hessian(f)(tree)
    assert second["none"] is None
    for out in (second["one"], second["two"]):
        assert out["a"] is None
        assert out["b"]["a"] is None
        assert out["c"][1] is None
        np.testing.assert_array_equal(out["b"]["c"][0], np.moveaxis(out["c"][0]["b"], -3, -1))
        np.testing.assert_array_equal(out["d"]["b"], out["b"]["d"])
        np.testing.assert_array_equal(out["c"][0]["c"][0], np.swapaxes(out["c"][0]["c"][0], -1, -2))
        np.testing.assert_array_equal(out["b"]["b"], np.moveaxis(out["b"]["b"], (-4, -3), (-2, -1)))


def test_hessian_by_two_arguments():
    """A tuple of argnums gives a tuple of tuples."""
    (aa, ab), (ba, bb) = hessian(lambda a, b: np.sum(a) ** 2 * b**3, (0, 1))(X, 2.0)
    np.testing.assert_array_equal(aa, np.full((3, 3), 16.0))
    np.testing.assert_array_equal(ab, np.zeros(3))
    np.testing.assert_array_equal(ba, ab)
    assert bb == 0.0


def test_value_gradient_and_hessian():
    """All three in one run, each as its own transform would give it."""
    value, gradient, second = dualad.value_grad_and_hessian(nasty)(X)
    assert value == nasty(X)
    np.testing.assert_allclose(gradient, grad(nasty)(X), rtol=1e-14)
    np.testing.assert_array_equal(second, hessian(nasty)(X))
    assert plain(value)
    assert plain(gradient)
    assert plain(second)


def test_hessian_vector_product():
    """hvp is the Hessian times a vector; for several arguments a tuple."""
    v = np.array([1.0, -1.0, 0.5])
    np.testing.assert_allclose(hvp(nasty, (X,), (v,)), hessian(nasty)(X) @ v, rtol=1e-13)
    by_a, by_b = hvp(lambda a, b: a**2 * b, (3.0, 5.0), (1.0, 10.0))
    assert (by_a, by_b) == (70.0, 6.0)


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_hessian_diagonal_and_laplacian(size):
    """The diagonal, and its sum, without the rest: blocks of inputs of any size fit together."""
    x = np.linspace(-1.0, 1.0, size)
    diagonal = np.diagonal(hessian(nasty)(x))
    np.testing.assert_allclose(hessian_diagonal(nasty)(x), diagonal, rtol=1e-12)
    np.testing.assert_allclose(laplacian(nasty)(x), np.sum(diagonal), rtol=1e-12)


def test_hessian_diagonal_of_trees_and_vectors():
    """Each leaf has shape out.shape + in.shape; the Laplacian has the output's shape."""
    tree = {"a": 2.0, "b": TABLE, "c": None}
    f = lambda t: np.stack([t["a"] ** 3, np.sum(t["b"] ** 2)])
    diagonal = hessian_diagonal(f)(tree)
    np.testing.assert_array_equal(diagonal["a"], [12.0, 0.0])
    np.testing.assert_array_equal(diagonal["b"], np.stack([np.zeros((2, 3)), np.full((2, 3), 2.0)]))
    assert diagonal["c"] is None
    np.testing.assert_array_equal(laplacian(f)(tree), [12.0, 12.0])
    assert hessian_diagonal(lambda a, b: a * b**3, argnums=1)(2.0, 3.0) == 36.0
    both = lambda x: {"one": np.sum(x**2), "none": None, "two": [x**3]}
    diagonal, total = hessian_diagonal(both)(X), laplacian(both)(X)
    assert diagonal["none"] is total["none"] is None
    np.testing.assert_array_equal(diagonal["one"], np.full(3, 2.0))
    np.testing.assert_array_equal(diagonal["two"][0], np.diag(6.0 * X))
    assert total["one"] == 6.0
    np.testing.assert_array_equal(total["two"][0], 6.0 * X)


# -- what they all have in common ----------------------------------------------------------------------------------------

EVERY = [jacfwd, value_and_jacfwd, grad, value_and_grad, hessian, dualad.value_grad_and_hessian, hessian_diagonal, laplacian]
every = pytest.mark.parametrize("transform", [*EVERY, derivative], ids=lambda transform: transform.__name__)


@every
def test_names_and_docstrings_are_kept(transform):
    """A derivative function is called and documented as the function is."""
    assert transform(cubes).__name__ == "cubes"
    assert transform(cubes).__doc__ == "Sum of cubes."
    assert transform(cubes).__wrapped__ is cubes
    assert "cubes" in repr(transform(cubes))


@every
def test_derivative_functions_pickle(transform):
    """A derivative function of a function that pickles does so too."""
    x = 2.0 if transform is derivative else X
    restored = pickle.loads(pickle.dumps(transform(cubes)))
    np.testing.assert_equal(restored(x), transform(cubes)(x))


@grad
def decorated(x, /, *, power=3):
    """Gradient of a sum of powers."""
    return np.sum(x**power)


def test_decorated_functions_pickle():
    """A function decorated in its module pickles by name, and so does a derivative of it."""
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(jacfwd(decorated)))(X), np.diag(6.0 * X))


@pytest.mark.parametrize("transform", EVERY, ids=lambda transform: transform.__name__)
def test_results_are_plain_arrays(transform):
    """No result is a dual or an object array, for arrays and for numbers."""
    for x in (X, TABLE):
        result = transform(nasty if x is X else cubes)(x)
        assert all(map(plain, result if isinstance(result, tuple) else (result,)))


@pytest.mark.parametrize("transform", EVERY, ids=lambda transform: transform.__name__)
def test_every_transform_nests_in_every_other(transform):
    """The derivative of any transform's result is the derivative of the plain formula it stands for."""
    inner = transform(cubes)
    x = np.array([0.7])
    formulas = {
        jacfwd: lambda x: 3.0 * x**2,
        grad: lambda x: 3.0 * x**2,
        hessian: lambda x: 6.0 * np.diag(x),
        hessian_diagonal: lambda x: 6.0 * x,
        laplacian: lambda x: np.sum(6.0 * x),
    }
    if transform in formulas:
        np.testing.assert_allclose(jacfwd(inner)(x), jacfwd(formulas[transform])(x), rtol=1e-14)
    else:
        np.testing.assert_allclose(grad(lambda x: np.sum(inner(x)[0]))(x), grad(cubes)(x), rtol=1e-14)
