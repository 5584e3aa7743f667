"""SciPy's solvers fed with derivatives: ONE list of problems with exact answers, which tests and benchmarks read.

Every recipe is solved in several ways: with dualad's derivatives, with the same under `jit`, and with the differences that
SciPy takes by itself. What is counted is how often the user's function is called, a derivative of it counting as one more call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import integrate, optimize

from dualad import (
    derivative,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian_sparsity,
    jit,
    sparse_hessian,
    sparse_jacfwd,
    value_and_jacfwd,
)

WAYS = ("dualad", "dualad jit", "2-point", "3-point")


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.calls = f, 0
        functools.update_wrapper(self, f)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        self.calls += 1
        return self.f(*args, **keywords)


class Way:
    """One way to have derivatives; what it makes counts calls."""

    def __init__(self, name: str) -> None:
        self.name, self.counted = name, []

    @property
    def exact(self) -> bool:
        return self.name.startswith("dualad")

    def function(self, f: Callable[..., Any]) -> Counted:
        """f, its calls counted."""
        self.counted.append(Counted(jit(f) if self.name == "dualad jit" else f))
        return self.counted[-1]

    def slope(self, derived: Callable[..., Any], otherwise: Any = "differences", compiled: bool = True) -> Any:
        """A derivative, its calls counted; with differences what tells the solver to take them, their name if nothing else.
        A sparse one is not `compiled` itself, but the function may be."""
        if not self.exact:
            return self.name if isinstance(otherwise, str) else otherwise
        self.counted.append(Counted(jit(derived) if compiled and self.name == "dualad jit" else derived))
        return self.counted[-1]

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.counted)


@dataclass(frozen=True)
class Recipe:
    """A problem: what solves it in a way at a size, its answer at that size, and how far off dualad's may be, relatively."""

    name: str
    prepare: Callable[[Way, int], Callable[[], Any]]
    exact: Callable[[int], Any]
    size: int = 0
    large: int = 0
    tolerance: float = 1e-9

    def error(self, answer: Any, size: int) -> float:
        """The largest deviation relative to the largest entry."""
        exact = self.exact(size)
        return float(np.max(np.abs(answer - exact)) / np.max(np.abs(exact)))


# -- fits ------------------------------------------------------------------------------------------------------------------

ORBIT = np.array([50.0, 4.2, 0.35, 0.8, 0.3])
PEAK = np.array([2.0, 4.6, 0.8, 0.3, 0.05])


def orbit(t: Any, speed: Any, period: Any, eccentricity: Any, angle: Any, phase: Any) -> Any:
    """The speed of a star along the line of sight, which a planet moves: Kepler's equation solved in so many steps."""
    anomaly = mean = 2.0 * np.pi * t / period - phase
    for _ in range(6):
        anomaly = anomaly - (anomaly - eccentricity * np.sin(anomaly) - mean) / (1.0 - eccentricity * np.cos(anomaly))
    distance = 1.0 - eccentricity * np.cos(anomaly)
    along = (np.cos(anomaly) - eccentricity) / distance
    across = np.sqrt(1.0 - eccentricity**2) * np.sin(anomaly) / distance
    return speed * ((along + eccentricity) * np.cos(angle) - across * np.sin(angle))


def peak(t: Any, height: Any, place: Any, width: Any, level: Any, slope: Any) -> Any:
    """A peak on a straight line."""
    return height * np.exp(-(((t - place) / width) ** 2)) + level + slope * t


@functools.cache
def measured(model: Callable[..., Any], size: int) -> tuple[Any, Any]:
    t = np.linspace(0.0, 10.0, size)
    y = model(t, *(ORBIT if model is orbit else PEAK))
    return t, y + 0.05 * np.std(y) * np.random.default_rng(1).standard_normal(size)


@functools.cache
def fitted(model: Callable[..., Any], size: int) -> Any:
    """Gauss and Newton in long double, with slopes by the complex step."""
    t, y = (each.astype(np.longdouble) for each in measured(model, size))
    p = (ORBIT if model is orbit else PEAK).astype(np.longdouble)
    for _ in range(12):
        J = np.stack([model(t, *(p + row * 1e-30j)).imag / 1e-30 for row in np.eye(5, dtype=np.longdouble)], axis=1)
        p = p + np.linalg.solve((J.T @ J).astype(float), (J.T @ (y - model(t, *p))).astype(float))
    return p.astype(float)


TIGHT = {"xtol": 1e-14, "ftol": 1e-14, "gtol": 1e-14}


def least_squares(way: Way, size: int) -> Any:
    t, y = measured(orbit, size)
    residual = lambda p: orbit(t, *p) - y
    f, jac = way.function(residual), way.slope(jacfwd(residual))
    return lambda: optimize.least_squares(f, [40.0, 4.1, 0.2, 0.5, 0.1], jac=jac, **TIGHT).x


def once(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """f, which keeps its last answer: a solver asks for value and slopes at one place, one after the other."""
    last: list[Any] = []

    def kept(x: Any) -> Any:
        if not last or not np.array_equal(last[0], x):
            last[:] = np.copy(x), f(x)
        return last[1]

    return kept


def least_squares_in_one_run(way: Way, size: int) -> Any:
    if not way.exact:
        return least_squares(way, size)
    t, y = measured(orbit, size)
    both = once(way.slope(value_and_jacfwd(lambda p: orbit(t, *p) - y)))
    f, jac = lambda p: both(p)[0], lambda p: both(p)[1]
    return lambda: optimize.least_squares(f, [40.0, 4.1, 0.2, 0.5, 0.1], jac=jac, **TIGHT).x


def curve_fit(way: Way, size: int) -> Any:
    t, y = measured(peak, size)
    f, jac = way.function(peak), way.slope(jacfwd(peak, argnums=range(1, 6), matrix=True))
    return lambda: optimize.curve_fit(f, t, y, [1.0, 4.2, 1.0, 0.0, 0.0], jac=jac, method="trf", **TIGHT)[0]


# -- minima ----------------------------------------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def valley(size: int) -> Any:
    return np.linspace(0.5, 1.5, size)


def differences(f: Any, step: Any = None) -> Any:
    """The gradient, or the Jacobian, by differences: where SciPy takes none by itself."""
    return lambda x: optimize.approx_fprime(x, f, *(() if step is None else (step,)))


def bfgs(way: Way, size: int) -> Any:
    f, jac = way.function(rosenbrock), way.slope(grad(rosenbrock))
    return lambda: optimize.minimize(f, valley(size), jac=jac, tol=1e-8).x


def newton_cg(way: Way, size: int) -> Any:
    f = way.function(rosenbrock)
    jac = way.slope(grad(rosenbrock), differences(f))
    hessp = way.slope(lambda x, p: hvp(rosenbrock, (x,), (p,)), None)
    return lambda: optimize.minimize(f, valley(size), method="Newton-CG", jac=jac, hessp=hessp, tol=1e-10).x


def trust_exact(way: Way, size: int) -> Any:
    f = way.function(rosenbrock)
    jac = way.slope(grad(rosenbrock), differences(f))
    hess = way.slope(hessian(rosenbrock), differences(differences(f), 1e-5))
    return lambda: optimize.minimize(f, valley(size), method="trust-exact", jac=jac, hess=hess, options={"gtol": 1e-9}).x


def bowl(x: Any) -> Any:
    return x[0] ** 2 + x[1] ** 2 + 2.0 * x[2] ** 2 + x[3] ** 2 - 5.0 * x[0] - 5.0 * x[1] - 21.0 * x[2] + 7.0 * x[3]


def limits(x: Any) -> Any:
    """Not below 0; as a tuple. At the minimum two of them hold."""
    a, b, c, d = x
    return (
        8.0 - a**2 - b**2 - c**2 - d**2 - a + b - c + d,
        10.0 - a**2 - 2.0 * b**2 - c**2 - 2.0 * d**2 + a + d,
        5.0 - 2.0 * a**2 - b**2 - c**2 - 2.0 * a + b + d,
    )


def slsqp(way: Way, size: int) -> Any:
    f, jac = way.function(bowl), way.slope(grad(bowl))
    constraint = {"type": "ineq", "fun": way.function(limits), "jac": way.slope(jacfwd(limits), None)}
    return lambda: optimize.minimize(f, np.zeros(4), jac=jac, method="SLSQP", constraints=constraint, tol=1e-12).x


def sphere(x: Any) -> Any:
    return np.sum(x**2) - len(x)


def trust_constr(way: Way, size: int) -> Any:
    f, jac = way.function(rosenbrock), way.slope(grad(rosenbrock))
    hess = way.slope(sparse_hessian(rosenbrock), optimize.BFGS(), compiled=False)
    weighted = way.slope(sparse_hessian(lambda x, v: v[0] * sphere(x)), optimize.BFGS(), compiled=False)
    constraint = optimize.NonlinearConstraint(way.function(sphere), 0.0, 0.0, way.slope(jacfwd(sphere)), weighted)
    how = {"method": "trust-constr", "constraints": constraint, "options": {"gtol": 1e-9, "xtol": 1e-12}}
    return lambda: optimize.minimize(f, valley(size), jac=jac, hess=hess, **how).x


# -- equations -------------------------------------------------------------------------------------------------------------


def broyden(x: Any) -> Any:
    """Three neighbours in each equation; as a list."""
    n = len(x)
    left, right = [0.0, *x[:-1]], [*x[1:], 0.0]
    held = [2.0 - (i == 0) - 2.0 * (i == n - 1) for i in range(n)]
    return [(3.0 - 2.0 * x[i]) * x[i] - left[i] - 2.0 * right[i] + held[i] for i in range(n)]


def root(way: Way, size: int) -> Any:
    f, jac = way.function(broyden), way.slope(jacfwd(broyden), None)
    return lambda: optimize.root(f, np.full(size, 1.5), jac=jac, tol=1e-13).x


def halley(way: Way, size: int) -> Any:
    kepler = lambda e, m: e - 0.9 * np.sin(e) - m
    f = way.function(kepler)
    steps = lambda e, m: (f(e + 1e-6, m) - f(e - 1e-6, m)) / 2e-6
    second = lambda e, m: (f(e + 1e-4, m) - 2.0 * f(e, m) + f(e - 1e-4, m)) / 1e-8
    fprime, fprime2 = way.slope(derivative(kepler), steps), way.slope(derivative(kepler, order=2), second)
    m = np.linspace(0.3, 3.0, size)
    return lambda: optimize.newton(f, np.full(size, 2.0), fprime, (m,), 1e-14, fprime2=fprime2)


@functools.cache
def anomalies(size: int) -> Any:
    """Kepler's equation in long double."""
    m = np.linspace(0.3, 3.0, size).astype(np.longdouble)
    e = np.full(size, 2.0, np.longdouble)
    for _ in range(60):
        e = e - (e - np.longdouble(0.9) * np.sin(e) - m) / (1.0 - np.longdouble(0.9) * np.cos(e))
    return e.astype(float)


# -- differential equations and integrals ------------------------------------------------------------------------------------


def robertson(t: Any, y: Any) -> Any:
    slow, fast = 0.04 * y[0] - 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [-slow, slow - fast, fast]


KINETICS = np.array([0.7158270687193941, 9.185534764557338e-06, 0.2841637457458413])


def chemistry(way: Way, size: int) -> Any:
    f, jac = way.function(robertson), way.slope(jacfwd(robertson, argnums=1), None)
    tight = {"rtol": 1e-9, "atol": 1e-13}
    return lambda: integrate.solve_ivp(f, (0.0, 40.0), [1.0, 0.0, 0.0], "Radau", jac=jac, **tight).y[:, -1]


def brusselator(t: Any, y: Any, a: Any, b: Any) -> Any:
    """Two species along a line: their reaction and their diffusion, the ends held."""
    u, v = y.reshape(2, -1)
    n = len(u)
    dt = np.zeros_like(y).reshape(2, n)
    dt[0] = a + u**2 * v - (b + 1.0) * u
    dt[1] = b * u - u**2 * v
    for row, each, end in ((0, u, a), (1, v, b / a)):
        around = np.concatenate([[end], each, [end]])
        dt[row] += 0.02 * (n + 1) ** 2 * (around[2:] - 2.0 * each + around[:-2])
    return dt.reshape(-1)


def waves(way: Way, size: int, rtol: float = 1e-8) -> Any:
    x = np.arange(1, size + 1) / (size + 1.0)
    start = np.concatenate([1.0 + np.sin(2.0 * np.pi * x), np.full(size, 3.0)])
    f = way.function(brusselator)
    jac = way.slope(sparse_jacfwd(f.f, argnums=1), None, compiled=False)
    how = {"method": "Radau", "args": (1.0, 3.0), "rtol": rtol, "atol": rtol / 10.0}
    if jac is None:
        how["jac_sparsity"] = jacobian_sparsity(brusselator, 0.0, start, 1.0, 3.0, argnums=1)
    return lambda: integrate.solve_ivp(f, (0.0, 1.0), start, jac=jac, **how).y[:, -1]


@functools.cache
def waves_exactly(size: int) -> Any:
    return waves(Way("2-point"), size, 1e-12)()


def bratu(x: Any, y: Any) -> Any:
    return np.stack([y[1], -np.exp(y[0])])


def ends(left: Any, right: Any) -> Any:
    return np.array([left[0], right[0]])


def boundary(way: Way, size: int) -> Any:
    x = np.linspace(0.0, 1.0, size)
    fun_jac = way.slope(jacfwd(bratu, argnums=1, batch_ndim=-1), None)
    bc_jac = way.slope(jacfwd(ends, argnums=(0, 1)), None)
    f, bc = way.function(bratu), way.function(ends)
    return lambda: integrate.solve_bvp(f, bc, x, np.zeros((2, size)), None, None, fun_jac, bc_jac, 1e-9).sol(x)[0]


def bratu_exactly(size: int) -> Any:
    theta = optimize.brentq(lambda c: c - np.sqrt(2.0) * np.cosh(c / 4.0), 1.0, 2.0, xtol=1e-15)
    return -2.0 * np.log(np.cosh((np.linspace(0.0, 1.0, size) - 0.5) * theta / 2.0) / np.cosh(theta / 4.0))


def power(x: Any, a: Any) -> Any:
    return (1.0 + x) ** a


def parameter(way: Way, size: int) -> Any:
    """The slope of an integral by a parameter."""
    f, slope = way.function(power), way.slope(jacfwd(power, argnums=1), None)
    if slope is not None:
        return lambda: integrate.quad(slope, 0.0, 1.0, args=(1.5,))[0]
    return lambda: optimize.approx_fprime([1.5], lambda a: integrate.quad(f, 0.0, 1.0, args=(float(a[0]),))[0])[0]


def parameter_exactly(size: int) -> Any:
    return 2.0**2.5 * np.log(2.0) / 2.5 - (2.0**2.5 - 1.0) / 2.5**2


# Robertson's values at 40 are those of many papers; the others stand above, or are what the problem was made of.
RECIPES = [
    Recipe("least_squares, 5 parameters of an orbit", least_squares, lambda size: fitted(orbit, size), 2000, 100_000),
    Recipe(
        "least_squares, value and slopes in one run", least_squares_in_one_run, lambda size: fitted(orbit, size), 2000, 100_000
    ),
    Recipe("curve_fit, 5 parameters of a peak", curve_fit, lambda size: fitted(peak, size), 2000, 100_000, 1e-10),
    Recipe("minimize, BFGS", bfgs, np.ones, 5, 10, 1e-7),
    Recipe("minimize, Newton-CG with hvp", newton_cg, np.ones, 5, 10, 1e-7),
    Recipe("minimize, trust-exact with a Hessian", trust_exact, np.ones, 5, 10, 1e-9),
    Recipe("minimize, SLSQP with constraints", slsqp, lambda size: np.array([0.0, 1.0, 2.0, -1.0]), 4, 4, 1e-7),
    Recipe("minimize, trust-constr with sparse Hessians", trust_constr, np.ones, 5, 50, 1e-7),
    Recipe("root, a system as a list", root, np.ones, 5, 10, 1e-12),
    Recipe("newton with two slopes, many roots", halley, anomalies, 20, 10_000, 1e-13),
    Recipe("solve_ivp, Radau: Robertson", chemistry, lambda size: KINETICS, 3, 3, 1e-8),
    Recipe("solve_ivp, Radau: Brusselator, sparse", waves, waves_exactly, 5, 500, 1e-6),
    Recipe("solve_bvp: Bratu", boundary, bratu_exactly, 101, 101, 1e-8),
    Recipe("quad: slope by a parameter", parameter, parameter_exactly, 1, 1, 1e-13),
]
