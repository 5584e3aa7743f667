"""The problems: one list of functions from practice, with arguments of any size and derivatives worked out by hand.

Tests compare with the exact answers, benchmarks time the same functions. Everything is plain NumPy, so that any library
which differentiates NumPy code can be given the same work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import problem_curves as curves
import problem_systems as systems

Function = Callable[..., Any]


@dataclass(frozen=True)
class Problem:
    """A function, where to evaluate it, and its exact derivatives.

    Attributes
    ----------
    name
        What to call it in a table.
    function
        The function; it is differentiated by `argnums`.
    arguments
        A builder of its arguments: of `size` points, inputs or rows, whichever can grow.
    size
        A size at which the test is quick.
    argnums
        The differentiated argument, or a tuple of them.
    jacobian
        The exact first derivative as a function of the same arguments: of shape out.shape + in.shape. For a function marked
        "elementwise" a tuple of partial derivatives, each of the output's shape.
    hessian
        The exact second derivative, of shape out.shape + in.shape + in.shape; None where no closed form is given.
    marks
        "scalar": the output is one number; "elementwise": it acts on each element; "analytic": it can be evaluated with
        complex numbers, so a complex step gives another reference; "objects": with duals it computes matrix products in
        arrays of objects, element by element, so not with BLAS's roundings.
    timed
        What the benchmark times: for each kind of derivative the sizes. "jacobian" and "hessian" are the attributes above;
        "jvp" is the product of the Jacobian with a vector; "greeks" are all first and second partial derivatives of an
        elementwise function; "reverse" is a gradient by so many inputs that only reverse mode is a way.
    """

    name: str
    function: Function
    arguments: Callable[[int], tuple[Any, ...]]
    size: int
    jacobian: Function
    hessian: Function | None = None
    argnums: int | tuple[int, ...] = 0
    marks: frozenset[str] = frozenset({"analytic"})
    timed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


SCALAR = frozenset({"scalar"})
BOTH = frozenset({"scalar", "analytic"})

PROBLEMS = [
    Problem(
        "two peaks",
        curves.two_peaks,
        curves.two_peaks_arguments,
        20,
        curves.two_peaks_jacobian,
        timed={"jacobian": (20, 10**4, 10**6)},
    ),
    Problem(
        "decay",
        curves.decay,
        curves.decay_arguments,
        12,
        curves.decay_jacobian,
        curves.decay_hessian,
        timed={"jacobian": (1000,)},
    ),
    Problem(
        "Black-Scholes",
        curves.black_scholes,
        curves.black_scholes_arguments,
        16,
        curves.black_scholes_greeks,
        curves.black_scholes_second_greeks,
        argnums=(0, 1, 2, 3, 4),
        marks=frozenset({"elementwise"}),
        timed={"jacobian": (10**4, 10**6), "greeks": (10**4, 10**6)},
    ),
    Problem(
        "Rosenbrock",
        curves.rosenbrock,
        curves.rosenbrock_arguments,
        10,
        curves.rosenbrock_gradient,
        curves.rosenbrock_hessian,
        marks=BOTH,
        timed={"jacobian": (2, 10, 100), "hessian": (2, 10, 100), "reverse": (10**6,)},
    ),
    Problem(
        "Rosenbrock, n = 2",
        curves.rosenbrock,
        curves.rosenbrock_arguments,
        2,
        curves.rosenbrock_gradient,
        curves.rosenbrock_hessian,
        marks=BOTH,
    ),
    Problem(
        "likelihood",
        curves.likelihood,
        curves.likelihood_arguments,
        30,
        curves.likelihood_gradient,
        curves.likelihood_hessian,
        marks=BOTH,
        timed={"hessian": (10**4,)},
    ),
    Problem(
        "logistic regression",
        curves.logistic_loss,
        curves.logistic_arguments,
        50,
        curves.logistic_gradient,
        curves.logistic_hessian,
        marks=SCALAR,
    ),
    Problem(
        "scalar function",
        curves.ten_operations,
        lambda size: (np.float64(0.7),),
        1,
        curves.ten_operations_slope,
        marks=BOTH,
        timed={"jacobian": (1,)},
    ),
    Problem(
        "sum of squares",
        curves.sum_squares,
        curves.sum_squares_arguments,
        5,
        curves.sum_squares_gradient,
        curves.sum_squares_hessian,
        marks=BOTH,
        timed={"jacobian": (100,), "hessian": (100,), "reverse": (10**6,)},
    ),
    Problem(
        "robot arm, by item",
        systems.robot_arm,
        systems.robot_arguments,
        6,
        systems.robot_jacobian,
        systems.robot_hessian,
    ),
    Problem(
        "robot arm",
        systems.robot_arm_of_entries,
        systems.robot_arguments,
        6,
        systems.robot_jacobian,
        systems.robot_hessian,
        marks=frozenset({"analytic", "objects"}),
        timed={"jacobian": (6,)},
    ),
    Problem(
        "Robertson",
        systems.robertson,
        lambda size: (np.array([0.9, 2e-5, 0.1]),),
        3,
        systems.robertson_jacobian,
        systems.robertson_hessian,
        timed={"jacobian": (3,)},
    ),
    Problem(
        "Brusselator",
        systems.brusselator,
        systems.brusselator_arguments,
        4,
        systems.brusselator_jacobian,
        timed={"jacobian": (1000,), "jvp": (1000,)},
    ),
    Problem(
        "log det and solve",
        systems.log_evidence,
        systems.log_evidence_arguments,
        4,
        systems.log_evidence_gradient,
        systems.log_evidence_hessian,
        marks=SCALAR,
        timed={"jacobian": (30,)},
    ),
    Problem(
        "matrix exponential",
        systems.sum_exponential,
        systems.exponential_arguments,
        3,
        systems.sum_exponential_gradient,
        marks=BOTH,
        timed={"jacobian": (30,)},
    ),
    Problem(
        "x @ x.T",
        systems.sum_gram,
        systems.gram_arguments,
        3,
        systems.sum_gram_gradient,
        marks=BOTH,
        timed={"jvp": (1000,), "reverse": (1000,)},
    ),
    Problem(
        "two-layer network",
        systems.network,
        systems.network_arguments,
        2,
        systems.network_gradient,
        marks=BOTH,
        timed={"jvp": (128,), "reverse": (128,)},
    ),
]
