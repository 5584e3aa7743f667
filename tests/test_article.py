"""The article that dualad grew out of, section by section: PyTorch's autograd, JAX, a hand-made graph, and the four ways to
differentiate. Every example of it with NumPy and dualad, and the numbers that it should give."""

import math

import numpy as np
import optree
import pytest

import dualad
from dualad import grad, hessian, hvp, jacfwd, jacrev, jit, no_tangents, record, stop_gradient, value_and_grad, vjp

X = np.array([1.0, 2.0])
Y = np.array([3.0, 4.0])

# -- PyTorch: the graph and its gradients ----------------------------------------------------------------------------------


def product(x, y):
    return x * y


def product_and_sum(x, y):
    return x * y + x.sum()


def test_first_graph():
    """z = x * y, and z.backward(ones) there: a cotangent of ones here."""
    z, backward = vjp(product, X, Y)
    np.testing.assert_array_equal(z, [3.0, 8.0])
    np.testing.assert_array_equal(backward(np.ones(2)), [Y, X])


def test_second_graph():
    """z = x * y + x.sum(): PyTorch gives z = (6, 11), gradients (5, 6) and (1, 2); the article prints (4, 10) and (4, 5),
    which is wrong: the sum of x is 3, and each x is in it twice, once for each element of z."""
    z, backward = vjp(product_and_sum, X, Y)
    np.testing.assert_array_equal(z, [6.0, 11.0])
    by_x, by_y = backward(np.ones(2))
    np.testing.assert_array_equal(by_x, [5.0, 6.0])
    np.testing.assert_array_equal(by_y, [1.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x, y: np.sum(product_and_sum(x, y)), (0, 1))(X, Y), [by_x, by_y])
    dualad.check_derivatives(product_and_sum, (X, Y))


def test_jacobian_of_the_product():
    """What backward multiplies with: diag(y) and diag(x)."""
    for jacobian in (jacfwd, jacrev):
        np.testing.assert_array_equal(jacobian(product, (0, 1))(X, Y), [np.diag(Y), np.diag(X)])


def test_looking_at_the_graph():
    """grad_fn and next_functions there; here the graph is an object, and prints itself."""
    graph = record(product_and_sum)(X, Y)
    assert [line.function for line in graph.live()] == [None, None, np.multiply, np.sum, np.add]
    assert str(graph).splitlines()[3].split() == ["%2", "=", "multiply(%0,", "%1)", "float64[2]"]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 2, 2)])
def test_cotangents_of_any_shape(shape):
    """backward wants a cotangent of the output's shape, whatever that is; a scalar's is the number one."""
    x = 1.0 + np.arange(math.prod(shape)).reshape(shape)
    out, backward = vjp(lambda x: x**2, x)
    w = np.cos(x)
    np.testing.assert_allclose(backward(w)[0], 2 * x * w)
    assert np.shape(out) == np.shape(backward(w)[0]) == shape
    with pytest.raises(dualad.errors.BadArgument, match="cotangent of shape"):
        backward(np.ones((*shape, 7)))


def test_stopping_gradients():
    """x.detach() is stop_gradient(x), and torch.no_grad() is no_tangents()."""
    np.testing.assert_array_equal(grad(lambda x: np.sum(x * stop_gradient(x)))(X), X)

    def f(x):
        with no_tangents():
            y = x * 2
        return np.sum(y * x)

    np.testing.assert_array_equal(grad(f, mode="reverse")(X), 2 * X)


def test_second_derivatives():
    """create_graph=True there; here transforms nest: x**3 at (2, 3) has the slopes 12 and 27, and then 12 and 18."""
    x = np.array([2.0, 3.0])

    def cubes(x):
        return np.sum(x**3)

    np.testing.assert_array_equal(grad(cubes, mode="reverse")(x), [12.0, 27.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(grad(cubes, mode="reverse")(x)), mode="reverse")(x), [12.0, 18.0])
    np.testing.assert_array_equal(hvp(cubes, (x,), (np.ones(2),)), [12.0, 18.0])
    np.testing.assert_array_equal(hessian(cubes)(x), np.diag([12.0, 18.0]))


# -- PyTorch: a training loop ----------------------------------------------------------------------------------------------


def forward(params, x):
    """Two layers with ReLU between them."""
    hidden = np.maximum(x @ params["w1"] + params["b1"], 0.0)
    return hidden @ params["w2"] + params["b2"]


def loss(params, x, y):
    return np.mean((forward(params, x) - y) ** 2)


def fresh(rng):
    return {
        "w1": rng.normal(size=(3, 32)) / np.sqrt(3),
        "b1": np.zeros(32),
        "w2": rng.normal(size=(32, 1)) / np.sqrt(32),
        "b2": np.zeros(1),
    }


def adam(params, gradient, state, rate=1e-2, decay=(0.9, 0.999), eps=1e-8):
    """One step of Adam, leaf by leaf."""
    count = state["count"] + 1
    m = optree.tree_map(lambda m, g: decay[0] * m + (1 - decay[0]) * g, state["m"], gradient)
    v = optree.tree_map(lambda v, g: decay[1] * v + (1 - decay[1]) * g**2, state["v"], gradient)

    def step(p, m, v):
        return p - rate * (m / (1 - decay[0] ** count)) / (np.sqrt(v / (1 - decay[1] ** count)) + eps)

    return optree.tree_map(step, params, m, v), {"count": count, "m": m, "v": v}


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "jit"])
def test_training(compiled, capsys):
    """Mini-batches of a generated regression set, Adam, a progress bar: the loss falls by a hundred times."""
    tqdm = pytest.importorskip("tqdm").tqdm
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 3))
    y = (np.sin(x[:, :1]) + x[:, 1:2] * 0.5 - np.abs(x[:, 2:])) * 2.0
    params = fresh(rng)
    step = jit(value_and_grad(loss)) if compiled else value_and_grad(loss)
    zeros = optree.tree_map(np.zeros_like, params)
    state = {"count": 0, "m": zeros, "v": zeros}
    before = loss(params, x, y)
    for _ in tqdm(range(100), desc="epochs"):
        for rows in np.split(rng.permutation(512), 8):
            _, gradient = step(params, x[rows], y[rows])
            params, state = adam(params, gradient, state)
    assert loss(params, x, y) < before / 100
    assert "epochs: 100%" in capsys.readouterr().err
    np.testing.assert_allclose(
        optree.tree_leaves(value_and_grad(loss, mode="forward")(params, x[:8], y[:8])[1])[0].ravel(),
        optree.tree_leaves(value_and_grad(loss, mode="reverse")(params, x[:8], y[:8])[1])[0].ravel(),
        rtol=1e-11,
        atol=1e-13,
    )


# -- JAX -------------------------------------------------------------------------------------------------------------------


def sum_squares(x):
    return np.sum(x**2)


def test_grad_of_sum_squares():
    """grad, jacfwd and hessian of the sum of squares; jacfwd of the squares themselves."""
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(grad(sum_squares)(x), 2 * x)
    np.testing.assert_array_equal(jacfwd(sum_squares)(x), 2 * x)
    np.testing.assert_array_equal(hessian(sum_squares)(x), 2 * np.eye(3))
    np.testing.assert_array_equal(jacfwd(np.square)(x), np.diag(2 * x))


def test_value_and_grad_of_weights():
    """value_and_grad of (W, b) of a logistic regression."""
    inputs = np.array([[0.52, 1.12, 0.77], [0.88, -1.08, 0.15], [0.52, 0.06, -1.3], [0.74, -2.49, 1.39]])
    targets = np.array([True, True, False, True])

    def logistic(W, b):
        likelihood = 1.0 / (1.0 + np.exp(-(inputs @ W + b)))
        return -np.sum(np.log(np.where(targets, likelihood, 1.0 - likelihood)))

    W, b = np.array([0.1, -0.2, 0.3]), 0.5
    value, (by_W, by_b) = value_and_grad(logistic, (0, 1), mode="reverse")(W, b)
    error = 1.0 / (1.0 + np.exp(-(inputs @ W + b))) - targets
    np.testing.assert_allclose(by_W, inputs.T @ error, rtol=1e-13)
    np.testing.assert_allclose(by_b, np.sum(error), rtol=1e-13)
    assert value == logistic(W, b)


def test_jit_of_grad():
    """jit of grad of tanh(W x + b), twice with other numbers."""

    def f(W, b, x):
        return np.sum(np.tanh(W @ x + b))

    compiled = jit(grad(f, (0, 1)))
    rng = np.random.default_rng(3)
    for _ in range(2):
        W, b, x = rng.normal(size=(2, 3)), rng.normal(size=2), rng.normal(size=3)
        slope = 1.0 / np.cosh(W @ x + b) ** 2  # 1 - tanh**2 would have no digits left where tanh is nearly 1
        by_W, by_b = compiled(W, b, x)
        np.testing.assert_allclose(by_W, np.outer(slope, x), rtol=1e-12)
        np.testing.assert_allclose(by_b, slope, rtol=1e-12)
    assert compiled.cache_info().programs == 1


def test_pytrees_of_layers():
    """A list of layers, and a step of gradient descent by tree map."""
    rng = np.random.default_rng(4)
    layers = [{"w": rng.normal(size=shape) * 0.5, "b": np.zeros(shape[1])} for shape in ((2, 8), (8, 8), (8, 1))]
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))

    def deep(layers):
        h = x
        for layer in layers[:-1]:
            h = np.tanh(h @ layer["w"] + layer["b"])
        return np.mean((h @ layers[-1]["w"] + layers[-1]["b"] - y) ** 2)

    slopes = grad(deep)(layers)
    assert optree.tree_structure(slopes) == optree.tree_structure(layers)
    stepped = optree.tree_map(lambda p, g: p - 0.05 * g, layers, slopes)
    assert deep(stepped) < deep(layers)


# -- the hand-made graph -----------------------------------------------------------------------------------------------------


class Value:
    """The article's node: a number, what it was made of, and how a slope is handed on to those."""

    def __init__(self, data, parents=()):
        self.data, self.slope, self.parents = data, 0.0, parents

    def __add__(self, other):
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, ((self, 1.0 - y * y),))

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.slope = 1.0
        for node in reversed(order):
            for parent, partial in node.parents:
                parent.slope += partial * node.slope


def test_the_neuron():
    """tanh(x1 w1 + x2 w2 + b) of the hand-made graph, and of NumPy's own numbers here."""
    numbers = {"x1": 2.0, "x2": 0.0, "w1": -3.0, "w2": 1.0, "b": 6.8813735870195432}
    nodes = {name: Value(number) for name, number in numbers.items()}
    out = (nodes["x1"] * nodes["w1"] + nodes["x2"] * nodes["w2"] + nodes["b"]).tanh()
    out.backward()

    def neuron(p):
        return np.tanh(p["x1"] * p["w1"] + p["x2"] * p["w2"] + p["b"])

    for mode in ("forward", "reverse"):
        value, slopes = value_and_grad(neuron, mode=mode)(numbers)
        assert value == pytest.approx(out.data, rel=1e-15) == pytest.approx(math.sqrt(0.5), rel=1e-7)
        assert slopes == pytest.approx({name: node.slope for name, node in nodes.items()}, rel=1e-14)
        assert slopes == pytest.approx({"x1": -1.5, "x2": 0.5, "w1": 1.0, "w2": 0.0, "b": 0.5}, rel=1e-7)


# -- four ways to differentiate --------------------------------------------------------------------------------------------


def test_four_ways():
    """Differences, symbols, forward and reverse mode agree as far as each of them can; how they grow is the benchmark's."""
    sympy = pytest.importorskip("sympy")
    for n in (1, 2, 5):
        x = np.linspace(0.5, 1.5, n)
        names = sympy.symbols(f"x:{n}")
        formula = sympy.prod(names) * sum(map(sympy.sin, names))
        symbolic = np.array([float(sympy.diff(formula, name).subs(dict(zip(names, x, strict=True)))) for name in names])

        def f(x):
            return np.prod(x) * np.sum(np.sin(x))

        h = 1e-6
        differences = np.array([(f(x + h * unit) - f(x - h * unit)) / (2 * h) for unit in np.eye(n)])
        np.testing.assert_allclose(grad(f, mode="forward")(x), symbolic, rtol=1e-13)
        np.testing.assert_allclose(grad(f, mode="reverse")(x), symbolic, rtol=1e-13)
        np.testing.assert_allclose(differences, symbolic, rtol=1e-8)


def test_x_times_its_transpose():
    """The gradient of the sum of x @ x.T, which PyTorch and JAX are timed with at 1000 x 1000: twice the sums of columns."""
    x = np.random.default_rng(6).normal(size=(50, 40))
    exact = np.broadcast_to(2.0 * x.sum(0), x.shape)
    np.testing.assert_allclose(grad(lambda x: np.sum(x @ x.T))(x), exact, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(jit(grad(lambda x: np.sum(x @ x.T)))(x), exact, rtol=1e-11, atol=1e-12)
