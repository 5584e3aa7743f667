"""check="direction": one difference of the values along a random direction beside the derivative."""

import numpy as np
import pytest

import dualad
from dualad import grad, hessian, jacfwd
from dualad.errors import BadArgument, DirectionWarning

X = np.array([0.5, 1.5])


def bisected(a):
    """sqrt(a[0]) by bisection: the midpoints do not move with a."""
    low, high = 0.0, 4.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle * middle < a[0] else (low, middle)
    return middle + 0.0 * a[0]


@pytest.mark.parametrize(
    "transform", [jacfwd, grad, dualad.value_and_grad, dualad.value_and_jacfwd, hessian, dualad.value_grad_and_hessian]
)
def test_check_finds_a_bisection(transform):
    """One difference along a random direction tells that a derivative of 0 is not the function's; others pass in silence."""
    with pytest.warns(DirectionWarning, match="bisection"):
        transform(bisected, check="direction")(np.array([2.0]))
    transform(lambda x: np.sum(np.sin(x) * x[0]), check="direction")(X)
    with pytest.raises(BadArgument, match="check"):
        transform(bisected, check="always")(X)


def test_check_of_trees_and_batches():
    """Every output is compared; with independent points all of them move together; outer transforms are left alone."""
    jacfwd(lambda t: {"a": t["x"] * t["y"], "b": [np.sum(t["x"])], "c": None}, check="direction")({"x": X, "y": 2.0})
    points = np.array([[3.0, 4.0], [1.0, 2.0], [0.5, 2.0]])
    jacfwd(lambda p: np.stack([np.hypot(p[:, 0], p[:, 1])], 1), batch_ndim=1, check="direction")(points)
    jacfwd(jacfwd(np.sin, check="direction"))(X)


@pytest.mark.filterwarnings("ignore::dualad.errors.DropInWarning")
def test_check_leaves_no_trace():
    """The differences begin where the derivative began, with the same random numbers, and leave what it left."""

    def f(x, total, rng):
        total += 1.0
        buffer = np.zeros(2)
        buffer[:] = x * rng.random() * total
        return buffer

    total, rng, reference = np.zeros(2), np.random.default_rng(1), np.random.default_rng(1)
    jacfwd(f, check="direction")(X, total, rng)
    reference.random()
    np.testing.assert_array_equal(total, 1.0)
    assert rng.random() == reference.random()
