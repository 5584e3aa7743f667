"""Idioms of NumPy code that nobody rewrote, and what is expected of each: how one is entered, and the first half of the list.

The functions stand, as people write them, in idioms_of_arrays, idioms_by_name, idioms_of_python and idioms_of_scipy. Beside
each stands a twin, an analytic function of the same value that takes complex numbers: its complex step is the reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import idioms_by_name as names
import idioms_of_arrays as arrays
import numpy as np
import scipy.special

from dualad.errors import NoRule, TangentLossError

WORKS = None
LOST = TangentLossError

X = np.array([0.7, 1.3, 0.4])
S = 1.2
T = np.array([1.0, 2.0, 3.0])
STEP = 1e-150


@dataclass(frozen=True)
class Idiom:
    """One function, where it is differentiated, and what is expected: None if it works, or the error that it raises."""

    name: str
    function: Callable[..., Any]
    x: Any
    twin: Callable[..., Any]
    plain: type[Exception] | None  # with drop_in=False
    stepped: type[Exception] | None  # with drop_in=True; "auto" works if either does
    rest: tuple[Any, ...]  # further arguments
    accuracy: float  # how near the value comes to the twin's: solvers stop early


IDIOMS: list[Idiom] = []


def idiom(function, x, twin, plain=WORKS, stepped=WORKS, rest=(), name=None, accuracy=1e-13):
    """Enter one idiom."""
    IDIOMS.append(Idiom(name or function.__name__, function, x, twin, plain, stepped, rest, accuracy))


def array(*items):
    """Items, nested lists of them too, as one array of complex numbers."""
    return np.array(list(items), complex)


# -- the reference -----------------------------------------------------------------------------------------------------


def seed():
    """The state of NumPy's old generator, from which some idioms draw."""
    np.random.seed(7)  # noqa: NPY002 - its state is what they draw from


def flat(out):
    """An answer, which may be a number, an array or a list of them, as one line of numbers."""
    return np.concatenate([np.ravel(each) for each in out]) if isinstance(out, list | tuple) else np.ravel(out)


def basis(x):
    return np.eye(3) if np.ndim(x) else np.ones(1)


def jacobian(idiom):
    """The complex step of the twin, of shape (outputs, inputs)."""
    columns = []
    for direction in basis(idiom.x):
        seed()
        columns.append(flat(idiom.twin(idiom.x + 1j * STEP * direction, *idiom.rest)).imag / STEP)
    return np.stack(columns, -1)


def bend(idiom, direction):
    """The twin's second derivative along a direction, by Cauchy's formula on a circle around the point."""
    radius, n = 0.05, 24
    circle = np.exp(2j * np.pi * np.arange(n) / n)
    values = []
    for z in circle:
        seed()
        values.append(flat(idiom.twin(idiom.x + radius * z * direction, *idiom.rest)))
    return 2.0 * np.mean(np.stack(values, -1) * circle**-2, axis=-1).real / radius**2


def hessian(idiom):
    """The twin's second derivatives, of shape (outputs, inputs, inputs)."""
    e = basis(idiom.x)
    alone = [bend(idiom, direction) for direction in e]
    result = np.empty((len(alone[0]), len(e), len(e)))
    for i, j in combinations_with_replacement(range(len(e)), 2):
        mixed = alone[i] if i == j else 0.5 * (bend(idiom, e[i] + e[j]) - alone[i] - alone[j])
        result[:, i, j] = result[:, j, i] = mixed
    return result


def call(idiom, f):
    """f at the idiom's point, from the same random state each time, with arguments of its own."""
    seed()
    return f(np.copy(idiom.x) if np.ndim(idiom.x) else idiom.x, *map(np.copy, idiom.rest))


# -- idioms_of_arrays ----------------------------------------------------------------------------------------------------

idiom(arrays.zeros_by_index, X, lambda x: array(x[0] * x[1], np.sin(x[2]), 0.0), LOST)
idiom(arrays.zeros_in_loop, X, lambda x: array(0.0, x[1] ** 2, 0.5 * x[1] ** 2 + x[2] ** 2), LOST)
idiom(arrays.empty_by_slice, X, lambda x: array(*x**2, 1.0), LOST)
idiom(arrays.ones_by_mask, X, lambda x: array(np.exp(x[0]), np.exp(x[1]), x[2]), LOST)
idiom(arrays.row_variable, X, lambda x: array(x**2, 2.0 * x**2), LOST)
idiom(arrays.chained_brackets, X, lambda x: x[0] - (x[1] * x[2]) ** 2, LOST)
idiom(arrays.through_transpose, X, lambda x: np.stack([x, x * x], 1), LOST)
idiom(arrays.through_flat, X, lambda x: np.diag(np.sqrt(x)), LOST)
idiom(arrays.through_reshape, X, lambda x: array(0, 0, 0, *x**3), LOST)
idiom(
    arrays.by_index_arrays,
    X,
    lambda x: array(
        [x[0], -x[0], 0, 0],
        [-x[0], x[0] + x[1], -x[1], 0],
        [0, -x[1], x[1] + x[2], -x[2]],
        [0, 0, -x[2], x[2]],
    ),
    LOST,
)
idiom(arrays.arange_buffer, X, lambda x: array(0.0, x[1], 2.0 * x[2]), LOST)
idiom(arrays.linspace_buffer, X, lambda x: array(0.25, 0.25, 0.25, x[0] * x[1] - 0.75), LOST)
idiom(
    arrays.eye_buffer,
    X,
    lambda x: array(np.cos(x[0]) - 2.0 * np.sin(x[0]), np.sin(x[0]) + 2.0 * np.cos(x[0]), 3.0),
    LOST,
)
idiom(arrays.identity_buffer, X, lambda x: array([1.0, -x[0]], [-x[2], 1.0]) / (1.0 - x[0] * x[2]), LOST)
idiom(arrays.full_buffer, X, lambda x: 3.0 * x[1] ** 2, LOST)
idiom(arrays.zeros_like_plain, X, lambda x: array(0.0, x[1] ** 2, 0.0), LOST)
idiom(arrays.copy_of_reference, X, lambda x: array(2.0 * x[0], 2.0, 3.0), LOST)
idiom(arrays.array_of_constants, X, lambda x: array(1.0, np.exp(x[1]), 2.0) / (3.0 + np.exp(x[1])), LOST)
idiom(arrays.arithmetic_buffer, X, lambda x, t: array(0.0, x[1] ** 2, x[0] * t[2]), LOST, rest=(T,))
idiom(arrays.method_copy_buffer, X, lambda x, t: array(x[0], t[1], x[2]), LOST, rest=(T,))
idiom(arrays.into_argument, X, lambda x, t: array(x[0] ** 2, t[1], t[2]) * x[1], LOST, rest=(T,))
idiom(arrays.into_global, X, lambda x: array(x[0], 2.0, 3.0), LOST, LOST)
idiom(arrays.complex_buffer, X, lambda x: array(x[0], -x[1], -x[0], x[1]) / 2.0, LOST)
idiom(arrays.integer_buffer, X, lambda x: array(7.0, 0.0, 0.0) * x)
idiom(arrays.list_of_lists_buffer, X, lambda x: array(0.0 * x, x**2))
idiom(arrays.filled, X, lambda x: x[0] * x[1] * np.ones((2, 2)), LOST)
idiom(arrays.hashed_before, X, lambda x: array(x[0] ** 2, 0.0), LOST)
idiom(arrays.diagonal_filled, X, lambda x: x[0] * x[1] * x[2] - x[0] - x[1] - x[2] + 2.0, LOST)
idiom(arrays.copied_to, X, lambda x: array(x[0] ** 2, x[1] ** 2, 0.0), LOST)
idiom(arrays.placed, X, lambda x: array(x[1], 0.0, x[0]), LOST)
idiom(arrays.added_at, X, lambda x: array(x[0] ** 2 + x[2] ** 2, x[1] ** 2), LOST)
idiom(arrays.accumulated, X, lambda x: x + x**2 + x**3, LOST)
idiom(arrays.accumulated_rows, X, lambda x: np.outer(np.sum(x) - 3.0 * x, T), LOST)
idiom(arrays.aliased_in_place, X, lambda x: 2.0 * x, LOST)
idiom(arrays.out_keyword, X, lambda x: x * x + 1.0, LOST)
idiom(arrays.where_keyword, X, lambda x: array(1.0 / x[0], 1.0 / x[1], 0.0), LOST)
idiom(arrays.dot_out, X, lambda x: T * x, LOST)
idiom(arrays.array_of_computed, X, lambda x: array(x[0] * x[1], np.sin(x[2]), 3.0))
idiom(
    arrays.nested_lists,
    X,
    lambda x: array(np.cos(x[0]) * x[1] - np.sin(x[0]) * x[2], np.sin(x[0]) * x[1] + np.cos(x[0]) * x[2]),
)
idiom(arrays.array_with_dtype, X, lambda x: array(x[0] ** 2, 1.0, x[1]), LOST)
idiom(arrays.asarray, X, lambda x: np.exp(-x) * x)
idiom(arrays.asarray_with_dtype, X, lambda x: np.exp(-x), LOST)
idiom(arrays.asarray_and_isnan, X, lambda x: x**2, TypeError)
idiom(arrays.array_copy_then_written, X, lambda x: (array(2.0, 1.0, 1.0) * x) ** 2)
idiom(arrays.ascontiguous, X, lambda x: x * T)
idiom(arrays.atleast_1d, S, np.log, LOST)
idiom(arrays.astype_float, X, lambda x: 2.0 * x, LOST)
idiom(arrays.float64_cast, X, lambda x: x**2, LOST, LOST)
idiom(arrays.plain_dot, X, lambda x: np.vander(T) @ x)
idiom(arrays.structured, X, lambda x: array(2.0 * x[0], 0.0), LOST, LOST)
idiom(arrays.record_array, X, lambda x: x)
idiom(arrays.masked, X, lambda x: x[0] + x[1])
idiom(arrays.masked_operand, X, lambda x: x[0] + 3.0 * x[2], LOST, LOST)
idiom(arrays.matrix, X, lambda x: array([1.0 / x[0], -1.0 / (x[0] * x[1])], [0.0, 1.0 / x[1]]), TypeError, TypeError)
idiom(arrays.subclass, X, lambda x: 2.0 * x, stepped=LOST)
idiom(arrays.single_precision, X, lambda x: 2.0 * x, LOST)

# -- idioms_by_name ------------------------------------------------------------------------------------------------------


def erf(z):
    """The error function by its series, for complex arguments."""
    term, total = z, z
    for n in range(1, 60):
        term = -term * z * z / n
        total = total + term / (2 * n + 1)
    return 2.0 / math.sqrt(math.pi) * total


def price(s):
    spread = 0.2 * math.sqrt(0.5)
    d = (np.log(s / 1.1) + 0.035) / spread
    return 0.5 * (1.0 + erf(d / math.sqrt(2.0))) - 0.55 / s * math.exp(-0.025) * (1.0 + erf((d - spread) / math.sqrt(2.0)))


idiom(names.black_scholes, S, price, LOST)
idiom(
    names.great_circle,
    X,
    lambda x: 2.0 * np.arcsin(np.sqrt(np.sin((x[0] - x[1]) / 2) ** 2 + np.cos(x[0]) * np.cos(x[1]) * np.sin(x[2] / 2) ** 2)),
    LOST,
)
idiom(names.math_into_array, X, lambda x: array(np.sin(x[0]), np.cos(x[1]) * np.exp(x[2]), np.pi), LOST)
idiom(
    names.math_into_zeros,
    X,
    lambda x: array(np.cos(x[0]) * x[1] - np.sin(x[0]) * x[2], np.sin(x[0]) * x[1] + np.cos(x[0]) * x[2]),
    LOST,
)
idiom(names.math_of_elements, X, lambda x: np.sum(np.exp(-x) * x**1.5), LOST)
idiom(
    names.math_two_arguments,
    X,
    lambda x: np.arctan(x[0] / x[1]) + np.sqrt(x[1] ** 2 + x[2] ** 2) + (x[1] - 3.0 * x[2]) - x[0],
    LOST,
)
idiom(
    names.math_of_many,
    X,
    lambda x: np.sum(x**2) + np.sqrt(np.sum(x**2)) + np.sqrt(x[0] ** 2 + (x[1] - x[2]) ** 2),
    LOST,
)
idiom(names.math_product, X, lambda x: 2.0 * x[0] * x[1] * x[2])
idiom(
    names.math_gamma,
    S,
    lambda x: scipy.special.gamma(x) + scipy.special.loggamma(x + 1.0) + np.exp(x) - 1.0 - np.log(1.0 + x),
    LOST,
)
idiom(names.math_rounding, S, lambda x: 13.0 * x)
idiom(names.math_tests, S, lambda x: x**2, LOST)
idiom(names.complex_math, S, lambda x: np.sqrt(2.0 - x) * (1.0 - np.sin(x)) + x + np.pi / 2.0, LOST)
idiom(names.math_mapped, X, np.sqrt, LOST)
idiom(names.math_in_partial, X, lambda x: np.sum(x**3), LOST)
idiom(names.names_zeros, X, lambda x: x**3, LOST)
idiom(names.names_empty_like_ones, X, lambda x: array(np.ones(3), x * x[0]), LOST)
idiom(names.names_of_the_package, X, lambda x: array(x[2], -x[1], 0.0), LOST)
idiom(
    names.names_of_tridiagonal,
    X,
    lambda x: np.linalg.solve(array([2.0, -x[0], 0.0], [-x[0], 2.0, -x[1]], [0.0, -x[1], 2.0]), array(x[2], 0.5, 1.0)),
    LOST,
)
idiom(names.names_float64, X, lambda x: 2.0 * x[0] + x[1], LOST, LOST)
idiom(names.vectorized, X, lambda x: array(2.0 * np.sqrt(x[0]), 2.0 * np.sqrt(x[1]), x[2]), LOST)
idiom(names.vectorized_with_types, X, lambda x: array(x[0] ** 2, x[1] ** 2, 0.0), LOST)
idiom(names.vectorized_over_plain, X, lambda x: x[0] * np.exp(-x[1] * names.TIMES))
idiom(names.decorated_vectorize, X, lambda x: array(x[0] ** 2, 1.0, x[2] ** 2))
idiom(names.from_python_function, X, lambda x: x * x + 1.0, NoRule, NoRule)
idiom(names.piecewise, X, lambda x: array(math.e * x[0], math.e * x[1], x[2] ** 2))
idiom(names.piecewise_over_plain, X, lambda x: array(0.0, x[0] / 3.0, 4.0 * x[1] / 9.0, x[1]), LOST)
idiom(names.along_axis, X, lambda x: array([2.0, x[1] + 2.0 * x[2]], [5.0, 3.0 * x[0] + 4.0 * x[1] + 5.0 * x[2]]))
idiom(names.selected, X, lambda x: array(np.sin(x[0]), 1.0, x[2] ** 2))
idiom(names.where_guard, X, lambda x: array(np.log(x[0]), np.log(x[1]), 0.0))
idiom(names.clipped, X, lambda x: array(x[0], 1.0, 0.5) + x[1])
idiom(names.rows_r, X, lambda x: array(x[0], *x[1:] ** 2, 1.0, 0.0, 1.0))
idiom(names.columns_c, X, lambda x: np.stack([x, x**2, np.ones(3)], 1))
idiom(names.open_mesh, X, lambda x: array([x[0] * x[1], x[0] * x[2]], [x[2] * x[1], x[2] * x[2]]))
idiom(names.blocks, X, lambda x: array([x[0], 0.0, 0.0], [0.0, x[0], 0.0], [x[1], x[2], 1.0]))
idiom(names.polynomial_class, X, lambda x: x[0] + 0.5 * x[1] + 0.25 * x[2])
idiom(names.poly1d_class, X, lambda x: 0.25 * x[0] + 0.5 * x[1] + x[2] + x[0])
idiom(names.iterated_nditer, X, lambda x: np.sum(x**2), TypeError, TypeError)
idiom(names.iterated_ndenumerate, X, lambda x: np.arange(3) * x**2, LOST)
idiom(names.iterated_ndindex, X, lambda x: np.outer(x, x), LOST)
idiom(
    names.searched,
    X,
    lambda x: array(4.0 + (x[0] - 0.5) * -4.0, 2.0 + (x[1] - 1.0) * 2.0, 1.0 + x[2] * 6.0),
)
idiom(names.counted_weights, X, lambda x: array(x[0] ** 2 + x[2] ** 2, x[1] ** 2))
idiom(names.random_legacy, X, names.random_legacy)


def drawn(x):
    noise = np.random.uniform(size=3)  # noqa: NPY002 - what the idiom calls
    return array(x[0] * noise[1], noise[1], noise[2])


idiom(names.random_state_of_the_caller, X, drawn, LOST)
idiom(names.random_generator, X, lambda x: x[0] + np.exp(x[1]) * np.random.default_rng(5).normal(size=4))
idiom(names.random_around, X, lambda x: x + 0.1 * np.random.default_rng(5).normal(size=3), LOST, LOST)

idiom(names.sum_of_list, X, lambda x: x[0] + x[1] ** 2 + 0.5 * (x[0] + x[2]), LOST)
idiom(names.dot_of_lists, X, lambda x: x[0] * x[1] + x[1] * x[2])
idiom(names.norm_of_list, X, lambda x: np.sqrt(x[0] ** 2 + x[1] ** 2 + 1.0))
idiom(names.solve_of_lists, X, lambda x: array(x[1] * x[2] - 1.0, x[0] - 0.5 * x[2]) / (x[0] * x[1] - 0.5), TypeError)
idiom(names.inverse_of_lists, X, lambda x: array([2.0 * x[1], -1.0], [-1.0, x[0]]) / (2.0 * x[0] * x[1] - 1.0), TypeError)
idiom(
    names.eigenvalues_of_list,
    X,
    lambda x: (x[0] + x[1]) / 2.0 + array(-1.0, 1.0) * np.sqrt((x[0] - x[1]) ** 2 / 4.0 + x[2] ** 2),
    TypeError,
)
idiom(names.einsum_of_lists, X, lambda x: x[0] * x[1] + 2.0 * x[1])
idiom(names.polyval_of_list, X, lambda x: np.polyval(x, names.TIMES))
idiom(names.interp_of_list, X, lambda x: array(0.75 * x[0] + 0.25 * x[1], 0.5 * (x[1] + x[2])), TypeError)
idiom(names.cumsum_of_list, X, lambda x: np.cumsum(array(x[0] ** 2, x[1], x[2])))
idiom(names.hstack_of_scalars, X, lambda x: array(x[0], *x[1:] ** 2, 1.0))
idiom(names.appended, X, lambda x: x**2)
idiom(
    names.list_then_array, X, lambda x: array(x[0] + 0.1, (x[0] + 0.1) * x[1] + 0.1, ((x[0] + 0.1) * x[1] + 0.1) * x[2] + 0.1)
)
idiom(names.from_iterator, X, lambda x: x**2, LOST)


def five_midpoint_steps(x):
    h, y = 0.1, x[:2]
    for _ in range(5):
        middle = y + 0.5 * h * array(y[1], -x[2] * y[0])
        y = y + h * array(middle[1], -x[2] * middle[0])
    return y


idiom(names.runge_kutta, X, five_midpoint_steps, LOST)
idiom(names.newton_iteration, S, np.sqrt, LOST)
