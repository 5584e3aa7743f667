"""Functions as they stand in packages: classes, closures, Python's own functions of numbers, and tests of what x is.

Nothing here knows of dualad. What each is expected to do stands in idioms.py.
"""

import array
import copy
import ctypes
import functools
import io
import itertools
import math
import numbers
import pickle
import statistics
import struct
from collections import defaultdict, deque, namedtuple
from dataclasses import dataclass, field

import numpy as np

# -- Python's functions of numbers ---------------------------------------------------------------------------------------


def float_of(x):
    return float(x) ** 2


def floats_of_elements(x):
    return np.array([float(value) for value in x]) * 2.0


def float_default_kept(x):
    try:
        x = float(x)
    except TypeError:
        x = np.asarray(x)
    return x * x


def complex_of(x):
    return (complex(x) ** 2).real


def int_loop(x):
    total = 1.0
    for k in range(int(10.0 * x)):
        total = total + x**k / (k + 1.0)
    return total


def item_and_tolist(x):
    first, *rest = x.tolist()
    return first * x[1].item() + sum(value**2 for value in rest) + x.item(2)


def builtins_of_numbers(x):
    return sum(x) * max(x) - min(x) + abs(x[0]) + pow(x[1], 3) + sum(sorted(x)[:2]) + divmod(x[1], x[2])[1]


def rounded(x):
    return round(x, 1) + x * round(x)


def mean_of_statistics(x):
    return statistics.fmean(x)


def zipped(x):
    return sum(a * b for a, b in zip(x, reversed(x), strict=True)) + sum(itertools.accumulate(x))


def unpacked(x):
    a, b, c = x
    return a**b + c


# -- tests of what x is --------------------------------------------------------------------------------------------------


def isinstance_ndarray(x):
    if not isinstance(x, np.ndarray):
        x = np.asarray(x, dtype=float)
    return x**2


def isinstance_ndarray_required(x):
    if not isinstance(x, np.ndarray):
        raise ValueError("x must be an array")
    return x**2


def isinstance_float_required(x):
    if not isinstance(x, float | int):
        raise TypeError("x must be a number")
    return x**2


def isinstance_real(x):
    if not isinstance(x, numbers.Real):
        raise TypeError("x must be a real number")
    return x**3


def isinstance_either(x):
    if isinstance(x, list | tuple | np.ndarray):
        return np.array([isinstance_either(value) for value in x])
    return x**2 + 1.0


def has_length(x):
    if hasattr(x, "__len__"):
        return np.array([value**2 for value in x])
    return x**2


def length_and_shape(x):
    if len(x) != x.shape[0] or np.size(x) != x.size or x.ndim != 1:
        raise ValueError("x must be a vector")
    return np.ones(len(x)) * x


def is_scalar(x):
    scalar = np.isscalar(x)
    y = np.zeros(1 if scalar else len(x))
    y[:] = np.exp(x)
    return y[0] if scalar else y


def number_of_axes(x):
    return x**2 if np.ndim(x) == 0 else np.sum(x**2)


# -- text, files, memory -------------------------------------------------------------------------------------------------


def printed(x):
    print(f"x = {x}, first {x[0]:.3f}", x.shape, x[0], repr(x))
    return x**2


def old_formatting(x):
    label = "%.3f" % x[0]
    return x[0] * len(label)


def saved_as_text(x):
    np.savetxt(io.StringIO(), x)
    return x**2


def pickled(x):
    return pickle.loads(pickle.dumps(x)) ** 2


def copied_deeply(x):
    state = copy.deepcopy({"x": x, "history": [copy.copy(x)]})
    state["x"][0] = 0.0
    return state["x"] * state["history"][0]


def as_bytes(x):
    return np.frombuffer(x.tobytes()) * 2.0


def as_buffer(x):
    return np.frombuffer(memoryview(x)) * 2.0


def packed(x):
    return struct.unpack("d", struct.pack("d", x[0]))[0] * x[1]


def array_module(x):
    return np.array(array.array("d", x)) * 2.0


def by_ctypes(x):
    return (ctypes.c_double * 3)(*x)[0] * x[1]


# -- state ---------------------------------------------------------------------------------------------------------------


class Filter:
    """Keeps its state in arrays."""

    gain = np.array([0.5, 0.25])

    def __init__(self):
        self.x = np.zeros(2)
        self.P = np.eye(2)

    def update(self, z):
        residual = z - self.x[0]
        self.x[0] += self.gain[0] * residual
        self.x[1] += self.gain[1] * residual
        self.P[0, 1] = residual**2

    @property
    def energy(self):
        return self.x.dot(self.x) + self.P[0, 1]

    @classmethod
    def of(cls, values):
        self = cls()
        for value in values:
            self.update(value)
        return self

    @staticmethod
    def slope(v):
        return math.tanh(v)


KEPT = Filter()


def attribute_buffers(x):
    return Filter.of(x).energy


def kept_attribute(x):
    KEPT.update(x[0])
    return KEPT.energy


def static_method(x):
    return sum(Filter.slope(value) for value in x)


@dataclass
class State:
    """A point and what is derived from it."""

    position: np.ndarray
    forces: np.ndarray = field(default_factory=lambda: np.zeros(3))


def dataclass_attributes(x):
    state = State(position=x)
    state.forces[0] = -(state.position[0] ** 2)
    state.forces[1:] += x[1:]
    return state.forces


def dict_of_arrays(x):
    tables = {name: np.zeros(2) for name in ("a", "b")}
    tables["a"][0] = x[0]
    tables["b"][:] = tables["a"] * x[1]
    counts = defaultdict(float)
    counts["c"] += x[2]
    return tables["b"] + counts["c"]


Point = namedtuple("Point", "a b")


def containers(x):
    point = Point(x[0], b=x[1])
    queue = deque([point.a, point.b], maxlen=2)
    queue.append(x[2])
    return queue[0] * queue[1] + point._replace(a=2.0).a


@functools.lru_cache
def _cached(value):
    return value**2


def cached(x):
    return _cached(x)


class Lazy:
    """Computes once."""

    def __init__(self, x):
        self._x = x

    @functools.cached_property
    def square(self):
        z = np.zeros(3)
        z[:2] = self._x[:2] ** 2
        return z


def cached_attribute(x):
    lazy = Lazy(x)
    return lazy.square + lazy.square


# -- where functions hide ------------------------------------------------------------------------------------------------


def _closure():
    root, table = math.sqrt, {"exp": math.exp}
    return lambda x: root(x) * table["exp"](x)


closure = _closure()


def default_argument(x, root=math.sqrt):
    return root(x) * 2.0


OPERATIONS = {"sqrt": math.sqrt, "log": math.log}


def table_of_functions(x):
    return OPERATIONS["sqrt"](x) + OPERATIONS["log"](x)


class Namespace:
    """Functions as class attributes."""

    exp = staticmethod(math.exp)


def class_attribute_function(x):
    return Namespace.exp(x) * x


def _generated(source):
    namespace = {"sqrt": math.sqrt, "sin": math.sin, "zeros": np.zeros, "array": np.array}
    exec(source, namespace)
    return namespace["_lambda"]


generated = _generated("_lambda = lambda x: sqrt(x)*sin(x) + 2*x")
generated_array = _generated("def _lambda(x):\n    z = zeros(2)\n    z[0] = sin(x)\n    return array([z[0], z[1] + x])\n")


# -- shapes of control flow ----------------------------------------------------------------------------------------------


def generator(x):
    def partial_sums():
        z = np.zeros(1)
        for value in x:
            z[0] += value**2
            yield z[0]

    return np.array(list(partial_sums()))


def recursion(x):
    def value(n):
        if n == 0:
            return 1.0
        return math.exp(-x[0]) * value(n - 1) + x[1]

    return value(4)


def guarded(x):
    with np.errstate(divide="ignore"):
        try:
            return math.log(x) / (x - 2.0)
        except (ValueError, ZeroDivisionError):
            return 0.0
