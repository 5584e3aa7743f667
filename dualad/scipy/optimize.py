"""scipy.optimize for functions of duals: solutions by what the equations, or the function, depend on.

SciPy's own solver runs on plain numbers. At its end the implicit function theorem gives the derivatives, to any order: by
arguments (`args`) and by everything else that the function uses. Where a solver starts makes no difference to them.

>>> import numpy as np, dualad
>>> from dualad.scipy.optimize import brentq
>>> print(round(float(dualad.derivative(lambda a: brentq(lambda x: x * x - a, 0.0, 10.0))(4.0)), 6))
0.25
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from ..errors import NoRule, caller
from ..rules.table import Array
from .callbacks import FAR, Plain, implicit, is_lifted, jacobian, plain_or_none, polished, settles, unknown
from .constraints import OBJECT, any_lifted, bounds_of, constraints_of, held_minimum, opened
from .dispatch import FUNCTIONS, arrayed, bare, standing_in
from .steps import stepwise


def entered(original: Callable[..., Any], **opened: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the decorated function in the place of SciPy's; it gets what `opened` makes of arguments, by name."""

    def decorate(ours: Callable[..., Any]) -> Callable[..., Any]:
        text = ours.__doc__
        functools.update_wrapper(ours, original, assigned=("__name__", "__qualname__"), updated=())
        ours.__doc__ = f"scipy.optimize.{original.__name__}, with its parameters.\n\n{text}"
        FUNCTIONS[original] = public = _opening(stepwise(ours), opened) if opened else stepwise(ours)
        return public

    return decorate


def _opening(solver: Callable[..., Any], opened: dict[str, Callable[[Any], Any]]) -> Callable[..., Any]:
    signature = inspect.signature(solver)

    @functools.wraps(solver)
    def public(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        for name in bound.arguments.keys() & opened.keys():
            bound.arguments[name] = opened[name](bound.arguments[name])
        return solver(*bound.args, **bound.kwargs)

    return public


def as_tuple(args: Any) -> tuple[Any, ...]:
    """Extra arguments, of which one may stand alone."""
    return args if isinstance(args, tuple) else (args,)


# -- equations -------------------------------------------------------------------------------------------------------------


def _bracketing(original: Callable[..., Any]) -> Callable[..., Any]:
    @entered(original)
    def solver(f: Any, a: Any, b: Any, args: Any = (), *rest: Any, **kwargs: Any) -> Any:
        """The root moves with what the function depends on, and not with the bracket.

        Examples
        --------
        >>> import numpy as np, dualad
        >>> from dualad.scipy.optimize import brentq
        >>> print(round(float(dualad.derivative(lambda a: brentq(lambda x: x**3 - a, 0.0, 9.0))(8.0)), 9))
        0.083333333
        """
        plain = Plain(f)
        answer = original(plain, bare(a), bare(b), args, *rest, **kwargs)
        if not plain.lifted:
            return answer
        root, *more = answer if isinstance(answer, tuple) else (answer,)
        root = implicit(lambda x: f(x, *as_tuple(args)), root)
        if not more:
            return root
        more[0].root = root
        return (root, *more)

    return solver


brentq, brenth, ridder, bisect, toms748 = map(
    _bracketing,
    (scipy.optimize.brentq, scipy.optimize.brenth, scipy.optimize.ridder, scipy.optimize.bisect, scipy.optimize.toms748),
)


@entered(scipy.optimize.newton)
def newton(
    func: Any, x0: Any, fprime: Any = None, args: Any = (), tol: float = 1.48e-8, maxiter: int = 50, fprime2: Any = None,
    x1: Any = None, *rest: Any, **kwargs: Any
) -> Any:  # fmt: skip
    """Of every element of an array by itself."""
    plain = Plain(func)
    answer = scipy.optimize.newton(
        plain, bare(arrayed(x0)), plain_or_none(fprime), args, tol, maxiter, plain_or_none(fprime2), bare(x1), *rest, **kwargs
    )
    if not plain.lifted:
        return answer
    root, *more = answer if isinstance(answer, tuple) else (answer,)
    root = implicit(lambda x: func(x, *as_tuple(args)), root, elementwise=True)
    if more and hasattr(more[0], "root"):
        more[0].root = root
    return (root, *more) if more else root


@entered(scipy.optimize.root_scalar)
def root_scalar(f: Any, args: Any = (), method: Any = None, bracket: Any = None, fprime: Any = None, fprime2: Any = None,
                x0: Any = None, x1: Any = None, **kwargs: Any) -> Any:  # fmt: skip
    """As `brentq`."""
    plain = Plain(f)
    answer = scipy.optimize.root_scalar(
        plain, args, method, bare(bracket), plain_or_none(fprime), plain_or_none(fprime2), bare(x0), bare(x1), **kwargs
    )
    if plain.lifted:
        both = fprime is True  # the function gives its slope too
        answer.root = implicit(lambda x: f(x, *as_tuple(args))[0] if both else f(x, *as_tuple(args)), answer.root)
    return answer


def equations(f: Any, args: Any) -> Callable[[Any], Array]:
    """A system's residual as one vector."""
    return lambda x: np.ravel(arrayed(f(x, *as_tuple(args))))


@entered(scipy.optimize.fsolve)
def fsolve(func: Any, x0: Any, args: Any = (), fprime: Any = None, *rest: Any, **kwargs: Any) -> Any:
    """J dx = -dF, with the Jacobian J of the system at the solution.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.optimize import fsolve
    >>> dualad.jacfwd(lambda a: fsolve(lambda x: [x[0] ** 2 - x[1], x[0] * x[1] - a], np.ones(2)))(8.0).round(6)
    array([0.083333, 0.333333])
    """
    plain = Plain(func)
    answer = scipy.optimize.fsolve(plain, bare(arrayed(x0)), args, plain_or_none(fprime), *rest, **kwargs)
    if not plain.lifted:
        return answer
    x, *more = answer if isinstance(answer, tuple) else (answer,)
    x = implicit(equations(func, args), x)
    return (x, *more) if more else x


@entered(scipy.optimize.root)
def root(fun: Any, x0: Any, args: Any = (), method: str = "hybr", jac: Any = None, *rest: Any, **kwargs: Any) -> Any:
    """As `fsolve`.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.optimize import root
    >>> dualad.jacfwd(lambda a: root(lambda x: [x[0] * x[1] - a, x[0] - x[1]], [1.0, 1.0]).x)(4.0).round(6)
    array([0.25, 0.25])
    """
    plain = Plain(fun)
    answer = scipy.optimize.root(plain, bare(arrayed(x0)), args, method, plain_or_none(jac), *rest, **kwargs)
    if plain.lifted:
        both = jac is True
        answer.x = implicit(equations(lambda *x: fun(*x)[0] if both else fun(*x), args), answer.x)
    return answer


@entered(scipy.optimize.fixed_point)
def fixed_point(func: Any, x0: Any, args: Any = (), *rest: Any, **kwargs: Any) -> Array:
    """x = f(x), of every element of an array by itself."""
    plain = Plain(func)
    x = scipy.optimize.fixed_point(plain, bare(arrayed(x0)), args, *rest, **kwargs)
    return implicit(lambda x: func(x, *as_tuple(args)) - x, x, elementwise=True) if plain.lifted else x


# -- minima ----------------------------------------------------------------------------------------------------------------


def stationary(f: Callable[[Any], Array], x: Any) -> Any:
    """A minimum with its tangents: its gradient stays 0.

    Minima are found to half the digits, which is little for a derivative: that is taken at a better one.
    """
    x = np.asarray(x, float)[()]

    def gradient(x: Any) -> Array:
        return np.reshape(jacobian(lambda x: np.sum(arrayed(f(x))), x), np.shape(x))

    better = polished(gradient, x)
    far = np.any(np.abs(better - x) > 10.0 * FAR * (1.0 + np.abs(x)))  # in a flat valley minima are found roughly
    if far or not settles(gradient, better):
        return unknown(x, arrayed(f(x)), gradient(x))
    return implicit(gradient, better) - better + x


def _minimum(answer: Any, f: Callable[[Any], Array]) -> Any:
    answer.x = stationary(f, answer.x)
    answer.fun = f(answer.x)
    return answer


@entered(scipy.optimize.minimize_scalar)
def minimize_scalar(fun: Any, bracket: Any = None, bounds: Any = None, args: Any = (), **kwargs: Any) -> Any:
    """Where the slope stays 0, or the bound."""
    plain = Plain(fun)
    answer = scipy.optimize.minimize_scalar(plain, bare(bracket), bare(bounds), args, **kwargs)
    if not (plain.lifted or is_lifted(bounds)):
        return answer

    def f(x: Any) -> Any:
        return fun(x, *as_tuple(args))

    if bounds is None:
        return _minimum(answer, f)
    answer.x = _between(f, answer.x, bounds)
    answer.fun = f(answer.x)
    return answer


@entered(scipy.optimize.fminbound)
def fminbound(func: Any, x1: Any, x2: Any, args: Any = (), *rest: Any, **kwargs: Any) -> Any:
    """As `minimize_scalar`."""
    plain = Plain(func)
    answer = scipy.optimize.fminbound(plain, bare(x1), bare(x2), args, *rest, **kwargs)
    if not (plain.lifted or is_lifted((x1, x2))):
        return answer
    x, *more = answer if isinstance(answer, tuple) else (answer,)
    x = _between(lambda x: func(x, *as_tuple(args)), x, (x1, x2))
    return (x, *more) if more else x


def _between(f: Callable[[Any], Array], x: Any, bounds: Any) -> Any:
    """A minimum of one number, which may be one of its bounds."""
    place = np.reshape(x, (1,))
    return held_minimum(lambda x: f(x[0]), place, list(bounds_of([tuple(bounds)], place)))[0]


def plain_bounds(given: Any) -> Any:
    """Bounds as SciPy takes them."""
    if isinstance(given, dict):
        return scipy.optimize.Bounds(**{name: bare(arrayed(value)) for name, value in given.items() if name != OBJECT})
    return bare(given)


@entered(scipy.optimize.minimize, constraints=opened, bounds=opened)
def minimize(fun: Any, x0: Any, args: Any = (), method: Any = None, jac: Any = None, hess: Any = None, hessp: Any = None,
             bounds: Any = None, constraints: Any = (), *rest: Any, **kwargs: Any) -> Any:  # fmt: skip
    """H dx = -d(gradient), with the Hessian H at the minimum, or that of Lagrange's function beside the constraints that hold;
    variables at their bounds stay there, wherever these go.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.optimize import minimize
    >>> nearest = lambda a: minimize(lambda x: np.sum((x - a) ** 2) + x[0] * x[1], np.zeros(2)).x
    >>> dualad.jacfwd(nearest)(np.array([1.0, 2.0])).round(6)
    array([[ 1.333333, -0.666667],
           [-0.666667,  1.333333]])
    """
    plain, limits = Plain(fun), list(constraints_of(constraints))
    slopes = map(plain_or_none, (jac, hess, hessp))
    given = [each.given for each in limits]
    answer = scipy.optimize.minimize(
        plain, bare(arrayed(x0)), args, method, *slopes, plain_bounds(bounds), given, *rest, **kwargs
    )
    ends = list(bounds_of(bounds, answer.x))
    if not (plain.lifted or any_lifted(limits) or any(is_lifted((each.low, each.high)) for each in ends)):
        return answer
    both = jac is True

    def f(x: Any) -> Any:
        return fun(x, *as_tuple(args))[0] if both else fun(x, *as_tuple(args))

    if not limits + ends:
        return _minimum(answer, f)
    answer.x = held_minimum(f, answer.x, limits + ends)
    answer.fun = f(answer.x)
    return answer


@entered(scipy.optimize.least_squares, bounds=opened)
def least_squares(fun: Any, x0: Any, jac: Any = "2-point", bounds: Any = (-np.inf, np.inf), *rest: Any, args: Any = (),
                  kwargs: Any = None, loss: Any = "linear", **options: Any) -> Any:  # fmt: skip
    """Where the gradient of the sum of squares stays 0; variables at their bounds stay there, wherever these go.

    Examples
    --------
    >>> import numpy as np, dualad
    >>> from dualad.scipy.optimize import least_squares
    >>> mean = lambda y: least_squares(lambda p: p[0] - y, [0.0]).x[0]
    >>> dualad.grad(mean)(np.array([1.0, 2.0, 4.0])).round(6)
    array([0.333333, 0.333333, 0.333333])
    """
    more = kwargs or {}
    plain = Plain(lambda x, *args: fun(x, *args, **more))
    slopes = jac if isinstance(jac, str) else Plain(lambda x, *args: jac(x, *args, **more))
    bounds = bounds if isinstance(bounds, dict) else dict(zip(("lb", "ub"), map(arrayed, bounds), strict=True))
    plain_ends = bare(bounds["lb"]), bare(bounds["ub"])
    answer = scipy.optimize.least_squares(plain, bare(arrayed(x0)), slopes, plain_ends, *rest, args=args, loss=loss, **options)
    ends = list(bounds_of(bounds, answer.x))
    if not (plain.lifted or any(is_lifted((each.low, each.high)) for each in ends)):
        return answer
    if loss != "linear":
        raise NoRule(f"scipy.optimize.least_squares, called at {caller()}, has no derivative rule with loss={loss!r}")

    def residual(x: Any) -> Array:
        return arrayed(fun(x, *args, **more))

    def half(x: Any) -> Array:
        return 0.5 * np.sum(residual(x) ** 2)

    answer.x = held_minimum(half, answer.x, ends) if ends else stationary(half, answer.x)
    answer.fun = residual(answer.x)
    answer.cost = 0.5 * np.sum(answer.fun**2)
    answer.jac = jacobian(residual, answer.x)
    return answer


@entered(scipy.optimize.curve_fit)
def curve_fit(f: Any, xdata: Any, ydata: Any, p0: Any = None, sigma: Any = None, absolute_sigma: bool = False,
              **kwargs: Any) -> Any:  # fmt: skip
    """As `least_squares`: by the data, their errors, and what else the function depends on; the covariance too."""
    plain = Plain(f)
    answer = scipy.optimize.curve_fit(
        plain, bare(arrayed(xdata)), bare(arrayed(ydata)), bare(arrayed(p0)), bare(arrayed(sigma)), absolute_sigma,
        **{name: plain_or_none(each) for name, each in kwargs.items()},
    )  # fmt: skip
    if not (plain.lifted or is_lifted((xdata, ydata, sigma))):
        return answer
    xdata, ydata, sigma = map(arrayed, (xdata, ydata, sigma))
    if kwargs.get("bounds") is not None or np.ndim(sigma) > 1:
        raise NoRule(f"scipy.optimize.curve_fit, called at {caller()}, has no derivative rule with bounds or a matrix of sigma")

    def residual(p: Any) -> Array:
        rest = arrayed(f(xdata, *p)) - ydata
        return rest if sigma is None else rest / sigma

    p = stationary(lambda p: 0.5 * np.sum(residual(p) ** 2), answer[0])
    slopes, rest = jacobian(residual, p), residual(p)
    covariance = np.linalg.inv(slopes.T @ slopes)
    if sigma is None or not absolute_sigma:
        covariance = covariance * np.sum(rest**2) / (np.size(rest) - np.size(answer[0]))
    return (p, covariance, *answer[2:])


__getattr__ = standing_in(scipy.optimize)
