"""``python -m dualad``: two nonlinear fits of NIST's Statistical Reference Datasets, checked against the certified answers.

The models below are ordinary NumPy functions. A Levenberg-Marquardt solver takes residuals and Jacobian from one run of
`value_and_jacfwd`, and corrects each step along its curvature, which is a `jvp` of a `jvp`; standard errors come from the
Jacobian and from the exact Hessian. The same solver then runs with two-point differences, for comparison.
"""

from __future__ import annotations

import re
import sys
import textwrap
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
BENDING = 0.75
"""How large the correction of a step may be, beside the step."""
SETTLED = 1e-5
"""A fit has converged if its last Gauss-Newton step moved no parameter by more, relatively; differences fluctuate by 1e-6."""


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
    """Levenberg-Marquardt until the sum of squares has settled, then Gauss-Newton until the parameters have."""
    f = Counted(problem)
    derivatives = method(f)
    with np.errstate(over="ignore", invalid="ignore"):  # a wild step may overflow exp; it is refused for being infinite
        b, residuals, J, steps, settled = _march(derivatives, np.array(start, dtype=float))
        if settled:
            b, residuals, J, settled = _polish(derivatives, b, residuals, J)
    return Fit(b, residuals, J, steps, f.calls, settled)


def _march(derivatives: ByDuals | ByDifferences, b: Any) -> tuple[Any, Any, Any, int, bool]:
    """Levenberg-Marquardt with geodesic acceleration.

    Parameters are measured by the largest norm their column of the Jacobian has had (Moré 1978): one that the data lose
    sight of for a while is kept from running off. The damping follows the gain ratio (Nielsen 1999). The curvature along
    the step, pulled back by the same least-squares problem, bends the step along the valley; where that correction is not
    small, the step was too long (Transtrum and Sethna 2012). At MGH17's first start it saves two steps of three.
    """
    identity, zeros, length = np.eye(len(b)), np.zeros(len(b)), np.linalg.norm
    scale, damping, growth = zeros, 1e-3, 2.0
    residuals, jacobian = derivatives.linearize(b)
    J, rss = jacobian(), residuals @ residuals
    for steps in range(1, MAX_STEPS + 1):
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
            if 2 * length(a) <= BENDING * length(p):
                trial = b + v + a / scale
                new, jacobian = derivatives.linearize(trial)
                gain = (rss - new @ new) / promised
        if gain > 0 and np.all(np.isfinite(ahead := jacobian())):
            b, residuals, J, rss = trial, new, ahead, new @ new
            damping *= max(1 / 3, 1 - (2 * gain - 1) ** 3)
            growth = 2.0
        else:  # also where the gain is nan
            damping *= growth
            growth *= 2
        if length(p) <= 1e-6 * length(scale * b) and promised <= 1e-10 * rss:
            return b, residuals, J, steps, True
    return b, residuals, J, MAX_STEPS, False


def _polish(derivatives: ByDuals | ByDifferences, b: Any, residuals: Any, J: Any) -> tuple[Any, Any, Any, bool]:
    """Gauss-Newton for as long as steps shrink: so close by, the sum of squares is flat to rounding and can judge no step.

    Where already the first step is long, or the data leave a parameter free, the march has stranded on a plateau.
    """
    last = 0.02
    while True:
        scale = _norms(J)
        step = _solve(J / scale, -residuals) / scale
        size = np.max(np.abs(step / b))
        if not 1e-14 < size < last / 2:
            determined = np.linalg.matrix_rank(J / scale) == len(b)
            return b, residuals, J, bool(determined and min(size, last) < SETTLED)
        last, b = size, b + step
        residuals, jacobian = derivatives.linearize(b)
        J = jacobian()


def _norms(columns: Any) -> Any:
    """The length of every column; 1 for a column of zeros, which cannot be measured by itself."""
    lengths = np.sqrt(np.sum(columns * columns, 0))
    return np.where(lengths == 0, 1.0, lengths)


def _solve(A: Any, y: Any) -> Any:
    return np.linalg.lstsq(A, y, rcond=None)[0]


# -- what the answers are worth --------------------------------------------------------------------------------------------


def digits(value: float, certified: float) -> float:
    """The number of decimal digits to which a value agrees with a certified one, of which NIST gives 11."""
    error = abs(value - certified) / abs(certified)
    return 0.0 if np.isnan(error) else float(np.clip(-np.log10(max(error, 1e-11)), 0.0, 11.0))


def agreement(answer: Fit, problem: Problem) -> list[float]:
    """The agreeing digits of every parameter."""
    return [digits(*pair) for pair in zip(answer.b, problem.certified, strict=True)]


def covariances(answer: Fit, problem: Problem) -> tuple[Any, Any]:
    """The covariance of the parameters, with the curvature of the sum of squares from the Jacobian alone, and in full."""
    variance = answer.rss / (len(problem.x) - len(answer.b))
    root = np.linalg.pinv(answer.jacobian / _norms(answer.jacobian)) / _norms(answer.jacobian)[:, None]
    f = Counted(problem)
    _, _, second = dualad.value_grad_and_hessian(lambda b: np.sum(f(b) ** 2) / 2)(answer.b)
    unit = np.sqrt(np.diag(second))  # parameters in comparable units, for a well-conditioned inverse
    return variance * root @ root.T, variance * np.linalg.inv(second / np.outer(unit, unit)) / np.outer(unit, unit)


def band(answer: Fit, problem: Problem, x: Any) -> tuple[Any, Any]:
    """The fitted curve, and half the width of its 95 % confidence band: the parameters' covariance carried to the curve."""
    curve, J = dualad.value_and_jacfwd(problem.model)(answer.b, x)
    covariance, _ = covariances(answer, problem)
    return curve, problem.t95 * np.sqrt(np.sum(J @ covariance * J, -1))


@dataclass(frozen=True)
class Study:
    """A problem with its fits from every start: by dual numbers, and by differences."""

    problem: Problem
    duals: tuple[Fit, ...]
    differences: tuple[Fit, ...]

    @property
    def best(self) -> Fit:
        """The fit by dual numbers that figures and standard errors are made of."""
        return min(self.duals, key=lambda answer: answer.rss)


def study(problem: Problem) -> Study:
    """Both solvers from every start."""
    duals, differences = (tuple(fit(problem, start, by) for start in problem.starts) for by in (ByDuals, ByDifferences))
    return Study(problem, duals, differences)


# -- print and picture -----------------------------------------------------------------------------------------------------

WIDTH = 80
FIGURE = "dualad-nist.png"
INTRODUCTION = f"""dualad {dualad.__version__} fits two of NIST's Statistical Reference Datasets.

Every derivative comes from dual numbers: residuals and Jacobian in one run, the
curvature along a step, the Hessian behind the standard errors. Beside them runs
the same solver with two-point differences. A run on dual numbers carries all
derivatives along, so it costs more than a plain one, but it is one run.
Each model's graph is what one evaluation does with NumPy.
NIST publishes 11 digits, rounded. RSS is the residual sum of squares.
"""


def show(each: Study) -> None:
    """Print one problem: its fits, and the standard errors."""
    problem = each.problem
    size = f"{len(problem.x)} points, {len(problem.certified)} parameters"
    print("=" * WIDTH)
    print(f"{problem.name}:  {problem.formula}".ljust(WIDTH - len(size)) + size)
    print("=" * WIDTH)
    print(f"{dualad.record(problem.model)(each.best.b, problem.x)}\n")
    names = [f"b{i}" for i in range(1, len(problem.certified) + 1)]
    for i, start in enumerate(problem.starts):
        exact, rough = each.duals[i], each.differences[i]
        print(f"Start {i + 1}, {problem.remarks[i]}: ({', '.join(f'{value:g}' for value in start)})\n")
        print(f"  {'':8}{'':17}{'':21}{'digits by':>16}{'digits by':>15}")
        print(f"  {'':8}{'fitted':>17}{'certified by NIST':>21}{'dual numbers':>16}{'differences':>15}")
        rows = zip(names, exact.b, problem.certified, agreement(exact, problem), agreement(rough, problem), strict=True)
        for row in (*rows, ("RSS", exact.rss, problem.rss, digits(exact.rss, problem.rss), digits(rough.rss, problem.rss))):
            print("  {:8}{:17.10E}{:21.10E}{:16.1f}{:15.1f}".format(*row))
        print(f"  {'model evaluations':46}{exact.calls:16}{rough.calls:15}")
        took = [str(answer.steps) if answer.converged else "NOT CONVERGED" for answer in (exact, rough)]
        print(f"  {'Levenberg-Marquardt steps':46}{took[0]:>16}{took[1]:>15}\n")
    print("Standard errors: NIST's are from the Jacobian; the Hessian adds the curvature\n")
    print(f"  {'':8}{'Jacobian':>17}{'certified by NIST':>21}{'digits':>10}{'exact Hessian':>21}")
    first, second = (np.sqrt(np.diag(covariance)) for covariance in covariances(each.best, problem))
    for row in zip(names, first, problem.deviations, map(digits, first, problem.deviations), second, strict=True):
        print("  {:8}{:17.10E}{:21.10E}{:10.1f}{:21.10E}".format(*row))
    print()


def draw(studies: list[Study]) -> str:
    """Save the figure; the answer says where it is, or why there is none."""
    try:
        import matplotlib.figure  # noqa: PLC0415 - optional
    except ImportError:
        return 'A figure of the fits needs matplotlib: pip install "dualad[plot]"'
    figure = matplotlib.figure.Figure(figsize=(12, 5.5), layout="constrained")
    for each, axes in zip(studies, figure.subplots(1, 2), strict=True):
        problem = each.problem
        x = np.linspace(problem.x[0], problem.x[-1], 400)
        curve, half = band(each.best, problem, x)
        # The band is thinner than the curve's line, so an inset shows it again, with the fit taken off.
        inset = axes.inset_axes((0.5, 0.1 if problem.y[-1] > problem.y[0] else 0.56, 0.47, 0.36))
        for where, zero, base in ((axes, 0.0, 0.0), (inset, curve, each.best.residuals + problem.y)):
            where.fill_between(x, curve - half - zero, curve + half - zero, color="#f5b95f", lw=0, label="95 % confidence band")
            where.plot(x, curve - zero, color="#1f5fa8", lw=1.6, label="fit")
            where.plot(problem.x, problem.y - base, "o", mfc="white", mec="#222222", ms=5, label="data")
            where.spines[["top", "right"]].set_visible(False)
        inset.set_title("data minus fit", fontsize="medium")
        inset.tick_params(labelsize="small")
        formula = re.sub(r"b(\d)", r"b_\1", problem.formula.replace("*", r"\,").replace("exp", r"\exp"))
        axes.set(title=f"{problem.name}:  ${formula}$", xlabel="x", ylabel="y")
        axes.legend(frameon=False, loc="upper left" if problem.y[-1] > problem.y[0] else "lower left")
    try:
        figure.savefig(FIGURE, dpi=120)
    except OSError as error:
        return f"The figure {FIGURE} could not be saved here: {error.strerror or error}."
    return f"Figure: {FIGURE}"


def summary(studies: list[Study]) -> tuple[str, bool]:
    """What was shown, in one sentence, and whether every fit that converged by dual numbers has 9 digits."""
    clauses, fewest = [], []
    for way, how in (("differences", "differences"), ("duals", "dual numbers")):
        fits = [(answer, each.problem) for each in studies for answer in getattr(each, way)]
        fewest = [min(agreement(*each)) for each in fits if each[0].converged]
        calls = sum(answer.calls for answer, _ in fits)
        agreed = f"to {min(fewest):.1f} digits or more, " if fewest else ""
        clauses.append(f"by {how} {len(fewest)} of {len(fits)} converged, {agreed}in {calls} model evaluations")
    sentence = f"Shown were fits whose answers NIST certifies: {clauses[1]}; {clauses[0]}."
    return textwrap.fill(sentence, WIDTH), all(each >= 9 for each in fewest)


def main() -> int:
    """Fit, print, draw; 0 if every converged fit agrees with NIST to 9 digits."""
    print(INTRODUCTION)
    studies = [study(problem) for problem in PROBLEMS]
    for each in studies:
        show(each)
    sentence, good = summary(studies)
    print(f"{draw(studies)}\n\n{sentence}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
