"""Object arrays of scalar duals: built where NumPy's protocols do not reach, lifted back wherever they come in or go out."""

import numbers

import numpy as np
import pytest

from dualad import derivative, errors, grad, hessian, jacfwd, jvp

X = np.array([0.5, 2.0])


def rotation(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


# idiom: (as people write it, the same with functions that dispatch)
IDIOMS = {
    "list": (lambda x: np.array([x[0] ** 2, 3.0, x[0] * x[1]]), lambda x: np.stack([x[0] ** 2, 3.0, x[0] * x[1]])),
    "nested list": (lambda x: rotation(x[0]), lambda x: np.stack([np.cos(x[0]), -np.sin(x[0]), np.sin(x[0]), np.cos(x[0])])),
    "matrix times plain": (lambda x: rotation(x[0]) @ X, lambda x: rotation(x[0]) @ (X + 0.0 * x)),
    "matrix times dual": (lambda x: rotation(x[0]) @ x, lambda x: np.stack([
        np.cos(x[0]) * x[0] - np.sin(x[0]) * x[1], np.sin(x[0]) * x[0] + np.cos(x[0]) * x[1]])),
    "asarray": (lambda x: 2.0 * np.asarray(x), lambda x: 2.0 * x),
    "asarray and ufuncs": (lambda x: np.exp(np.sin(np.asarray(x))) * x, lambda x: np.exp(np.sin(x)) * x),
    "atleast_1d of a list": (lambda x: np.atleast_1d([x[0], x[1]]) * x, lambda x: x * x),
    "sum of a list": (lambda x: np.sum([x[0], x[1] ** 2]), lambda x: x[0] + x[1] ** 2),
    "dot of a plain array": (lambda x: np.ones((2, 2)).dot(x), lambda x: np.ones((2, 2)) @ x),
    "written into a dual": (lambda x: into(np.zeros_like(x), np.array([x[1], 1.0])), lambda x: np.stack([x[1], 1.0])),
    "argument of a function": (lambda x: np.concatenate([np.asarray(x), x]), lambda x: np.concatenate([x, x])),
    "operand on the left": (lambda x: np.array([x[1], 2.0]) / x, lambda x: np.stack([x[1], 2.0]) / x),
    "binary method": (lambda x: np.arctan2(np.array([x[0]]), np.array([x[1]])), lambda x: np.arctan2(x[:1], x[1:])),
    "vectorize": (lambda x: np.vectorize(lambda a: a * x[0])(np.ones(3)), lambda x: np.ones(3) * x[0]),
    "matrix of vectors": (lambda x: np.array([x, x**2]), lambda x: np.stack([x, x**2])),
}  # fmt: skip


def into(buffer, value):
    buffer[:] = value
    return buffer


@pytest.mark.parametrize("name", IDIOMS)
def test_idioms(name):
    """Value, Jacobian and second derivative are those of the rewritten form, in an array of floats."""
    written, rewritten = IDIOMS[name]
    shape = np.shape(written(X))
    value, slope = jvp(written, (X,), (np.ones(2),))
    assert value.dtype == slope.dtype == np.float64
    np.testing.assert_array_equal(value, written(X))
    for transform in (jacfwd, hessian, lambda f: jacfwd(jacfwd(f, chunk_size=1))):
        want = transform(rewritten)(X)
        np.testing.assert_allclose(transform(written)(X).reshape(want.shape), want, rtol=1e-14, atol=1e-15)
    assert np.shape(value) == shape


def test_levels_meet_in_one_array():
    """An array of duals of different levels and numbers keeps the derivatives of each."""

    def f(a):
        return derivative(lambda b: np.sum(np.array([a * b, b**2, a, 1.0]) ** 2))(a)

    # The inner derivative is 2 a**2 b + 4 b**3, which is 6 a**3 at b = a.
    assert derivative(f)(2.0) == pytest.approx(18 * 2.0**2, rel=1e-15)


def test_objects_go_into_an_inner_transform():
    """An object array that carries an outer derivative is an argument like any other."""

    def f(x):
        return np.sum(grad(lambda v: np.sum(v**3))(np.array([x[0], x[1]])))

    np.testing.assert_allclose(grad(f)(X), 6.0 * X, rtol=1e-15)


def test_objects_of_a_higher_level_meet_a_lower_dual():
    """What is hidden in an object array counts when it is decided which level answers."""

    def f(x, g):
        return jacfwd(lambda r: np.dot(g, np.array([r, r**2])))(x)

    # The inner derivative is g[0] + 2 x g[1].
    by_x, by_g = jacfwd(f, (0, 1))(3.0, np.array([5.0, 7.0]))
    assert by_x == 14.0
    np.testing.assert_array_equal(by_g, [1.0, 6.0])
    out = jacfwd(lambda g: derivative(lambda r: np.multiply(g, np.array([r, r**2]), out=np.zeros_like(g * r)))(3.0))
    np.testing.assert_array_equal(out(np.array([5.0, 7.0])), np.diag([1.0, 6.0]))


def test_objects_without_a_dual_are_numbers():
    """Of an object array that holds duals, min may pick numbers only: a constant output."""
    value, slope = jvp(lambda x: np.min(np.array([[x, x], [0.5, 0.25]]), axis=0), (1.0,), (1.0,))
    assert value.dtype == slope.dtype == np.float64
    np.testing.assert_array_equal(value, [0.5, 0.25])
    np.testing.assert_array_equal(slope, [0.0, 0.0])


def test_scalars_are_numbers():
    """Code that asks for a number gets an answer: real and complex ones are told apart."""
    seen = []
    derivative(lambda x: seen.append((isinstance(x, numbers.Real), np.isscalar(x))) or x)(1.0)
    jvp(lambda z: seen.append((isinstance(z, numbers.Real), isinstance(z, numbers.Complex))) or z, (1.0j,), (1.0,))
    jacfwd(lambda x: seen.append((isinstance(x[0], numbers.Real), isinstance(x[0] * 1j, numbers.Complex))) or x)(X)
    assert seen == [(True, True), (False, True), (True, True)]


def test_what_cannot_be_kept_is_refused():
    """A conversion to floats has no place for a tangent, and says so; what NumPy cannot do with objects is its TypeError."""
    for lost in (lambda x: np.array([x[0], 1.0], dtype=float), lambda x: np.asarray(x).astype(float)):
        with pytest.raises(errors.TangentLossError):
            jacfwd(lost, drop_in=False)(X)
    for impossible in (lambda x: np.isnan(np.asarray(x)), lambda x: np.linalg.inv(np.array([[x[0], 0.0], [0.0, x[1]]]))):
        with pytest.raises(TypeError):
            jacfwd(impossible, drop_in=False)(X)
