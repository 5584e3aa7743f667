"""Transforms in transforms, in any order, around a function that writes, chooses, views, and has derivatives of its user's."""

import itertools

import numpy as np
import pytest

import dualad

X, V = np.array([0.7, -0.3, 1.1]), np.array([0.3, -1.0, 0.5])


@dualad.custom_vjp
def logistic(x):
    return 1.0 / (1.0 + np.exp(-x))


def logistic_forward(x):
    y = logistic(x)
    return y, y


logistic.defvjp(logistic_forward, lambda y, cotangent: (cotangent * y * (1.0 - y),))


@dualad.custom_jvp
def softplus(x):
    return np.log1p(np.exp(x))


@softplus.defjvp
def softplus_rule(primals, tangents):
    (x,), (dx,) = primals, tangents
    return softplus(x), dx * logistic(x)


def written(x):
    y = np.zeros_like(x)
    y[:2] = x[1:] ** 2
    y[-1] += x[0] * x[1]
    y *= softplus(x)
    chosen = np.where(x > 0, np.sqrt(np.abs(x) + 1e-3), np.exp(x))
    return np.sum(y * chosen) + np.sum(logistic(x[::-1]) * x)


def plain(x):
    """The same without any of that."""
    y = np.stack([x[1] ** 2, x[2] ** 2, x[0] * x[1]]) * np.log1p(np.exp(x))
    chosen = np.stack([np.sqrt(x[0] + 1e-3), np.exp(x[1]), np.sqrt(x[2] + 1e-3)])
    return np.sum(y * chosen) + np.sum(1.0 / (1.0 + np.exp(-x[::-1])) * x)


def along(f):
    return lambda x: dualad.jvp(f, (x,), (V,))[1]


WAYS = {
    "jvp": along,
    "forward": lambda f: lambda x: np.sum(dualad.grad(f, mode="forward")(x) * V),
    "reverse": lambda f: lambda x: np.sum(dualad.grad(f, mode="reverse")(x) * V),
    "vjp": lambda f: lambda x: np.sum(dualad.vjp(f, x)[1](1.0)[0] * V),
    "linearize": lambda f: lambda x: dualad.linearize(f, x)[1](V),
    "jacrev": lambda f: lambda x: np.sum(dualad.jacrev(f)(x) * V),
    "jit": dualad.jit,
}
EXACT = [plain(X), along(plain)(X), along(along(plain))(X), along(along(along(plain)))(X)]
ORDERS = [*itertools.product(WAYS, repeat=2)]
ORDERS += [each for number, each in enumerate(itertools.product(WAYS, repeat=3)) if number % 23 == 0]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_nestings(order):
    """The derivative along one direction, taken as often as there are transforms, in every order, compiled ones among them."""
    f = written
    for name in order:
        f = WAYS[name](f)
    np.testing.assert_allclose(f(X), EXACT[len(order) - order.count("jit")], rtol=1e-10)
