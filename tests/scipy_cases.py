"""What every function of dualad.scipy is asked: SciPy's value, its first two derivatives, and the same under nested levels."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import dualad
import dualad.scipy
from dualad import jvp

RNG = np.random.default_rng(20)
STEP = 1e-200


@dataclass(frozen=True)
class Case:
    """A function of ours and SciPy's at a point; `twin` is the reference for the derivative: SciPy's function by complex
    step if True, another function by complex step, or None for differences of SciPy's."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    twin: Any = None
    rtol: float = 1e-9

    def __str__(self):
        shapes = ",".join(str(np.shape(each)) for each in self.args)
        return f"{getattr(self.theirs, '__name__', type(self.theirs).__name__)}-{shapes}-{self.kwargs}".replace(" ", "")


def numeric(answer):
    """The float and complex outputs, as a list."""
    answers = answer if isinstance(answer, tuple | list) else (answer,)
    return [each for each in answers if getattr(each, "dtype", np.dtype(type(each))).kind in "fc"]


def outputs(answer):
    """The same as arrays, of plain answers."""
    return [np.asarray(each) for each in numeric(answer)]


def difference(f, h=2e-3):
    """The derivative of f at 0 by central differences, extrapolated three times."""
    table = [[(a - b) / (2.0 * h * s) for a, b in zip(f(h * s), f(-h * s), strict=True)] for s in (1.0, 0.5, 0.25, 0.125)]
    for order in (4.0, 16.0, 64.0):
        table = [
            [(order * b - a) / (order - 1.0) for a, b in zip(coarse, fine, strict=True)] for coarse, fine in pairwise(table)
        ]
    return table[0]


def moved(args, directions, t):
    return tuple(a if v is None else a + t * v for a, v in zip(args, directions, strict=True))


def varying(args, rng=RNG):
    """A direction for every argument that is a float or complex array; None for the others."""

    def one(a):
        if not isinstance(a, np.ndarray | float) or np.asarray(a).dtype.kind not in "fc":
            return None
        v = rng.normal(size=np.shape(a))
        return v + 1j * rng.normal(size=np.shape(a)) if np.iscomplexobj(a) else v

    return [one(a) for a in args]


def slope(f, args, directions):
    """The derivative of f along directions, by our function."""
    places = [i for i, v in enumerate(directions) if v is not None]

    def of(*live):
        full = list(args)
        for place, value in zip(places, live, strict=True):
            full[place] = value
        return f(*full)

    return jvp(of, tuple(args[i] for i in places), tuple(directions[i] for i in places))


def reference(case, directions):
    """The derivative of SciPy's function along directions."""
    if case.twin is None:
        return difference(lambda t: outputs(case.theirs(*moved(case.args, directions, t), **case.kwargs)))
    twin = case.theirs if case.twin is True else case.twin
    return [each.imag / STEP for each in outputs(twin(*moved(case.args, directions, STEP * 1j), **case.kwargs))]


def subsets(case):
    """All arguments that can vary at once, and each by itself."""
    every = varying(case.args)
    places = [i for i, v in enumerate(every) if v is not None]
    chosen = [places] if len(places) == 1 else [places, *([i] for i in places)]
    return [[v if i in some else None for i, v in enumerate(every)] for some in chosen]


def assert_value(case):
    """SciPy's value bit for bit, with duals and without."""
    plain = case.theirs(*case.args, **case.kwargs)
    for answer in (
        case.ours(*case.args, **case.kwargs),
        slope(lambda *x: case.ours(*x, **case.kwargs), case.args, varying(case.args))[0],
    ):
        assert isinstance(answer, type(plain))  # a Python float comes back as np.float64
        for mine, wanted in zip(outputs(answer), outputs(plain), strict=True):
            assert mine.dtype == wanted.dtype
            np.testing.assert_array_equal(mine, wanted, strict=True)


def assert_first(case):
    """By each argument alone and by all at once."""
    for directions in subsets(case):
        found = slope(lambda *x: numeric(case.ours(*x, **case.kwargs)), case.args, directions)[1]
        compare(found, reference(case, directions), case.rtol)


def assert_second(case):
    """The derivative of the derivative, by all arguments, against differences of the first."""
    directions, others = varying(case.args), varying(case.args)
    first = lambda *x: slope(lambda *z: numeric(case.ours(*z, **case.kwargs)), x, directions)[1]
    found = slope(first, case.args, others)[1]
    wanted = difference(lambda t: list(first(*moved(case.args, others, t))))
    compare(found, wanted, 10 * case.rtol)


def compare(found, wanted, rtol):
    assert len(found) == len(wanted)
    for mine, other in zip(found, wanted, strict=True):
        assert mine.shape == other.shape
        np.testing.assert_allclose(mine, other, rtol=rtol, atol=rtol * max(1.0, np.max(np.abs(other), initial=0.0)))


@contextmanager
def stepped_in():
    """SciPy's methods exchanged for ours, as stepping in does."""
    from dualad.scipy import dispatch  # it imports nothing of SciPy, whose absence skips tests elsewhere

    dualad.scipy.read()
    before = {key: vars(key[0]).get(key[1]) for key in dispatch.METHODS}
    try:
        for (cls, name), ours in dispatch.METHODS.items():
            setattr(cls, name, ours)
        yield
    finally:
        for (cls, name), theirs in before.items():
            if theirs is None:
                delattr(cls, name)
            else:
                setattr(cls, name, theirs)
