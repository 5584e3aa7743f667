"""``python -m dualad``: two nonlinear fits of NIST's Statistical Reference Datasets, checked against the certified answers.

The models below are ordinary NumPy functions. A Levenberg-Marquardt solver takes residuals and Jacobian from one run of
`value_and_jacfwd`, and corrects each step along its curvature, which is a `jvp` of a `jvp`; standard errors come from the
Jacobian and from the exact Hessian. The same solver then runs with two-point differences, for comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import dualad

# -- the problems ----------------------------------------------------------------------------------------------------------

Model = Callable[[Any, Any], Any]  # parameters and abscissae -> ordinates


@dataclass(frozen=True)
class Problem:
    """A dataset as NIST publishes it (https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml).

    `t95` is the 97.5 % quantile of Student's t for ``len(x) - len(certified)`` degrees of freedom (NIST/SEMATECH e-Handbook
    of Statistical Methods, 1.3.6.7.2; further digits by inverting the distribution), so that the interval holds 95 %.
    """

    name: str
    formula: str
    model: Model
    x: Any
    y: Any
    starts: tuple[tuple[float, ...], ...]
    certified: tuple[float, ...]
    deviations: tuple[float, ...]
    rss: float
    t95: float
    remarks: tuple[str, ...]


def _misra1a(b: Any, x: Any) -> Any:
    return b[0] * (1 - np.exp(-b[1] * x))


def _mgh17(b: Any, x: Any) -> Any:
    return b[0] + b[1] * np.exp(-x * b[3]) + b[2] * np.exp(-x * b[4])


_MISRA1A_X = "77.6 114.9 141.1 190.8 239.9 289.0 332.8 378.4 434.8 477.3 536.8 593.1 689.1 760.0"
_MISRA1A_Y = "10.07 14.73 17.94 23.93 29.61 35.18 40.02 44.82 50.76 55.05 61.01 66.40 75.47 81.78"
_MGH17_Y = """.844 .908 .932 .936 .925 .908 .881 .850 .818 .784 .751 .718 .685 .658 .628 .603 .580
              .558 .538 .522 .506 .490 .478 .467 .457 .448 .438 .431 .424 .420 .414 .411 .406"""


def _numbers(text: str) -> Any:
    return np.array(text.split(), dtype=float)


PROBLEMS = (
    Problem(
        name="Misra1a",
        formula="y = b1*(1 - exp(-b2*x))",
        model=_misra1a,
        x=_numbers(_MISRA1A_X),
        y=_numbers(_MISRA1A_Y),
        starts=((500, 0.0001), (250, 0.0005)),
        certified=(2.3894212918e02, 5.5015643181e-04),
        deviations=(2.7070075241e00, 7.2668688436e-06),
        rss=1.2455138894e-01,
        t95=2.1788128297,
        remarks=("far from the answer", "near the answer"),
    ),
    Problem(
        name="MGH17",
        formula="y = b1 + b2*exp(-x*b4) + b3*exp(-x*b5)",
        model=_mgh17,
        x=np.arange(0.0, 330.0, 10.0),
        y=_numbers(_MGH17_Y),
        starts=((50, 150, -100, 1, 2), (0.5, 1.5, -1, 0.01, 0.02)),
        certified=(3.7541005211e-01, 1.9358469127e00, -1.4646871366e00, 1.2867534640e-02, 2.2122699662e-02),
        deviations=(2.0723153551e-03, 2.2031669222e-01, 2.2175707739e-01, 4.4861358114e-04, 8.9471996575e-04),
        rss=5.4648946975e-05,
        t95=2.0484071418,
        remarks=("where many solvers fail", "near the answer"),
    ),
)

# -- the solver ------------------------------------------------------------------------------------------------------------

MAX_STEPS = 1000
SETTLED = 1e-8
"""A fit counts as converged if its last Gauss-Newton step moved no parameter by more than this, relatively."""


class Counted:
    """The residuals of a problem as a function of its parameters; it counts how often the model was called."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.calls = problem, 0

    def __call__(self, b: Any) -> Any:
        self.calls += 1
        return self.problem.model(b, self.problem.x) - self.problem.y


class ByDuals:
    """Derivatives by dual numbers: the Jacobian comes along with the residuals."""

    def __init__(self, f: Counted) -> None:
        self.f = f
        self.run = dualad.value_and_jacfwd(f)

    def linearize(self, b: Any) -> tuple[Any, Callable[[], Any]]:
        """Residuals, and a function that gives the Jacobian there."""
        residuals, jacobian = self.run(b)
        return residuals, lambda: jacobian

    def curvature(self, b: Any, v: Any, residuals: Any, slope: Any) -> Any:
        """The second derivative of the residuals along v: one run with a dual of duals, no need of what is known already."""
        return dualad.jvp(lambda at: dualad.jvp(self.f, (at,), (v,))[1], (b,), (v,))[1]


class ByDifferences:
    """Derivatives by two-point differences with the usual steps.

    The Jacobian is computed when asked for, so that a rejected step costs one evaluation here too.
    """

    def __init__(self, f: Counted) -> None:
        self.f = f

    def linearize(self, b: Any) -> tuple[Any, Callable[[], Any]]:
        """As `ByDuals.linearize`; the step is the square root of the machine precision, relatively."""
        residuals = self.f(b)

        def jacobian() -> Any:
            moved = b + np.diag(np.sqrt(np.finfo(float).eps) * np.abs(b))
            return np.stack([(self.f(at) - residuals) / (at - b)[i] for i, at in enumerate(moved)], -1)

        return residuals, jacobian

    def curvature(self, b: Any, v: Any, residuals: Any, slope: Any, h: float = 0.1) -> Any:
        """As `ByDuals.curvature`, from one more point; h is the step Transtrum and Sethna recommend."""
        return 2 / h * ((self.f(b + h * v) - residuals) / h - slope)


@dataclass(frozen=True)
class Fit:
    """Where the solver ended, and what it cost."""

    b: Any
    residuals: Any
    jacobian: Any
    steps: int
    calls: int
    converged: bool

    @property
    def rss(self) -> float:
        return float(self.residuals @ self.residuals)


def fit(problem: Problem, start: tuple[float, ...], method: type[ByDuals] | type[ByDifferences]) -> Fit:
    """Levenberg-Marquardt with geodesic acceleration, polished by Gauss-Newton.

    Parameters are measured by the largest norm their column of the Jacobian has had (More 1978): a parameter that the data
    lose sight of for a while is then kept from running off. The damping follows the gain ratio (Nielsen 1999). Half the
    curvature along the step, pulled back by the same least-squares problem, bends the step along the valley; where that
    correction is no longer small, the step was too long (Transtrum and Sethna 2012). From the first start of MGH17 this
    takes a third of the steps that go without.
    """
    f = Counted(problem)
    derivatives = method(f)
    b = np.array(start, dtype=float)
    identity, zeros = np.eye(len(b)), np.zeros(len(b))
    scale, damping, growth = zeros, 1e-3, 2.0
    with np.errstate(over="ignore", invalid="ignore"):  # a wild step may overflow exp; it is then refused below
        residuals, jacobian = derivatives.linearize(b)
        J, rss = jacobian(), residuals @ residuals
        for steps in range(1, MAX_STEPS + 1):  # noqa: B007 - their number is part of the answer
            scale = np.maximum(scale, _norms(J))
            # Stacked, not squared: the normal equations would lose half of the digits.
            stack = np.concatenate([J / scale, np.sqrt(damping) * identity])
            p = _solve(stack, np.append(-residuals, zeros))
            v = p / scale
            slope = J @ v
            promised = slope @ slope + 2 * damping * (p @ p)
            bend = derivatives.curvature(b, v, residuals, slope)
            gain = -1.0
            if np.all(np.isfinite(bend)):
                a = _solve(stack, np.append(-bend, zeros)) / 2
                if 2 * _norms(a) < 0.75 * _norms(p) / 0.5:
                    trial = b + v + a / scale
                    new, jacobian = derivatives.linearize(trial)
                    gain = (rss - new @ new) / promised
            if gain > 0 and np.all(np.isfinite(new_J := jacobian())):
                b, residuals, J, rss = trial, new, new_J, new @ new
                damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
                growth = 2.0
            else:  # also where the gain is nan
                damping *= growth
                growth *= 2.0
            if _norms(p) < 1e-6 * _norms(scale * b) and promised < 1e-10 * rss:
                break
        # Close by, the sum of squares is flat to rounding and can judge no step; the steps themselves still can.
        size = np.inf
        while True:
            scale = _norms(J)
            step = _solve(J / scale, -residuals) / scale
            last, size = size, np.max(np.abs(step / b))
            if not 1e-16 < size < last / 2:
                break
            b = b + step
            residuals, jacobian = derivatives.linearize(b)
            J = jacobian()
    return Fit(b, residuals, J, steps, f.calls, bool(min(last, size) < SETTLED))
