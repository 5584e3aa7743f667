"""The list of idioms, complete: what the tests and a benchmark read. See idiom_cases, which says how one is entered."""

from __future__ import annotations

import math

import idioms_by_name as names
import idioms_of_arrays as arrays
import idioms_of_python as python
import idioms_of_scipy as sci
import numpy as np
import scipy.linalg
import scipy.ndimage
import scipy.special
from idiom_cases import IDIOMS, LOST, S, X, array, erf, idiom
from scipy.interpolate import CubicSpline

from dualad.errors import NoRule

__all__ = ["IDIOMS", "MODULES", "kept"]

MODULES = (arrays, names, python, sci)


def kept():
    """What the modules keep in arrays, and an idiom may write into."""
    return [arrays.REFERENCE, python.KEPT.x, python.KEPT.P, python.Filter.gain]


# -- idioms_of_python ----------------------------------------------------------------------------------------------------

idiom(python.float_of, S, lambda x: x**2, LOST, LOST)
idiom(python.floats_of_elements, X, lambda x: 2.0 * x, LOST, LOST)
idiom(python.float_default_kept, S, lambda x: x * x, LOST, LOST)
idiom(python.complex_of, S, lambda x: x**2, LOST, LOST)
idiom(python.int_loop, S, lambda x: 1.0 + np.sum(x ** np.arange(12) / (np.arange(12) + 1.0)))
idiom(python.item_and_tolist, X, lambda x: x[0] * x[1] + x[1] ** 2 + x[2] ** 2 + x[2])
idiom(
    python.builtins_of_numbers,
    X,
    lambda x: np.sum(x) * x[1] - x[2] + x[0] + x[1] ** 3 + x[2] + x[0] + (x[1] - 3.0 * x[2]),
)
idiom(python.rounded, S, lambda x: 1.2 + x)
idiom(python.mean_of_statistics, X, np.mean, LOST)
idiom(python.zipped, X, lambda x: 2.0 * x[0] * x[2] + x[1] ** 2 + 3.0 * x[0] + 2.0 * x[1] + x[2])
idiom(python.unpacked, X, lambda x: x[0] ** x[1] + x[2])
idiom(python.isinstance_ndarray, X, lambda x: x**2, LOST)
idiom(python.isinstance_ndarray_required, X, lambda x: x**2, ValueError, ValueError)
idiom(python.isinstance_float_required, S, lambda x: x**2, TypeError, TypeError)
idiom(python.isinstance_real, S, lambda x: x**3)
idiom(python.isinstance_either, S, lambda x: x**2 + 1.0)
idiom(python.has_length, S, lambda x: x**2)
idiom(python.length_and_shape, X, lambda x: x)
idiom(python.is_scalar, S, np.exp, LOST)
idiom(python.number_of_axes, S, lambda x: x**2)
idiom(python.printed, X, lambda x: x**2)
idiom(python.old_formatting, X, lambda x: 5.0 * x[0], LOST, LOST)
idiom(python.saved_as_text, X, lambda x: x**2, NoRule, NoRule)
idiom(python.pickled, X, lambda x: x**2, LOST, LOST)
idiom(python.copied_deeply, X, lambda x: array(0.0, x[1] ** 2, x[2] ** 2))
idiom(python.as_bytes, X, lambda x: 2.0 * x, LOST, LOST)
idiom(python.as_buffer, X, lambda x: 2.0 * x, TypeError, TypeError)
idiom(python.packed, X, lambda x: x[0] * x[1], LOST, LOST)
idiom(python.array_module, X, lambda x: 2.0 * x, LOST, LOST)
idiom(python.by_ctypes, X, lambda x: x[0] * x[1], LOST, LOST)


def filter_energy(x):
    x0 = x1 = 0.0
    for z in x:
        r = z - x0
        x0, x1 = x0 + 0.5 * r, x1 + 0.25 * r
    return x0**2 + x1**2 + r**2


idiom(python.attribute_buffers, X, filter_energy, LOST)
idiom(python.kept_attribute, X, lambda x: 1.3125 * x[0] ** 2, LOST, LOST)
idiom(python.static_method, X, lambda x: np.sum(np.tanh(x)), LOST)
idiom(python.dataclass_attributes, X, lambda x: array(-(x[0] ** 2), x[1], x[2]), LOST)
idiom(python.dict_of_arrays, X, lambda x: array(x[0] * x[1] + x[2], x[2]), LOST)
idiom(python.containers, X, lambda x: x[1] * x[2] + 2.0)
idiom(python.cached, S, lambda x: x**2, TypeError, TypeError)
idiom(python.cached_attribute, X, lambda x: array(2.0 * x[0] ** 2, 2.0 * x[1] ** 2, 0.0), LOST)
idiom(python.closure, S, lambda x: np.sqrt(x) * np.exp(x), LOST, name="closure")
idiom(python.default_argument, S, lambda x: 2.0 * np.sqrt(x), LOST)
idiom(python.table_of_functions, S, lambda x: np.sqrt(x) + np.log(x), LOST)
idiom(python.class_attribute_function, S, lambda x: np.exp(x) * x, LOST)
idiom(python.generated, S, lambda x: np.sqrt(x) * np.sin(x) + 2.0 * x, LOST, name="generated")
idiom(python.generated_array, S, lambda x: array(np.sin(x), x), LOST, name="generated_array")
idiom(python.generator, X, lambda x: np.cumsum(x**2), LOST)
idiom(
    python.recursion,
    X,
    lambda x: np.exp(-4.0 * x[0]) + x[1] * (1.0 + np.exp(-x[0]) + np.exp(-2.0 * x[0]) + np.exp(-3.0 * x[0])),
    LOST,
)
idiom(python.guarded, S, lambda x: np.log(x) / (x - 2.0), LOST)

# -- idioms_of_scipy -----------------------------------------------------------------------------------------------------

idiom(sci.solved, X, lambda x: np.linalg.solve(np.diag(x) + 0.1, np.ones(3)), ValueError)
idiom(sci.solved_from_buffer, X, lambda x: array(x[0] - x[1] / x[2], 1.0 / x[2] * x[0]) / x[0], LOST)
idiom(sci.inverted, X, lambda x: array([x[1], -1.0], [-0.2, x[0]]) / (x[0] * x[1] - 0.2), ValueError)
idiom(sci.exponential, X, lambda x: scipy.linalg.expm(x[0] * sci.GENERATOR), LOST)
idiom(sci.determinant, X, lambda x: x[0] * x[1] * x[2] + 0.5 * (x[0] * x[1] + x[1] * x[2] + x[2] * x[0]), TypeError)
idiom(sci.cholesky_solved, X, lambda x: x / (1.0 + x), LOST)
idiom(
    sci.triangular_solved,
    X,
    lambda x: array(1.0 / x[0] ** 2, (1.0 - x[1] / x[0]) / x[1] ** 2, (1.0 - x[2] / x[1]) / x[2] ** 2),
    ValueError,
)
idiom(sci.length, X, lambda x: np.sqrt(np.sum(x**2)))
idiom(sci.sparse_product, X, lambda x: array(x[0] + 2.0 * x[2], 3.0 * x[1]), ValueError)
idiom(sci.sparse_made_of, X, np.diag, LOST, LOST)
idiom(
    sci.distances,
    X,
    lambda x: np.sqrt(array([x[0] ** 2 + (x[1] - 1.0) ** 2, (x[0] - 2.0) ** 2 + (x[1] - 3.0) ** 2])),
    ValueError,
)
idiom(sci.one_distance, X, lambda x: np.sqrt((x[0] - 2.0) ** 2 + (x[1] - 3.0) ** 2))
idiom(sci.linear_curve, X, lambda x: array(1.0 + 2.0 * x[0], 4.0 - x[1], 1.0 + 2.0 * x[2]), ValueError)
idiom(sci.linear_curve_through, X, lambda x: 0.75 * x[0] + 0.25 * x[1], LOST)


def natural_spline(x):
    """The pieces of the curve as polynomials."""
    curve = CubicSpline([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 2.0, 4.0], bc_type="natural")
    return array(*[np.polyval(curve.c[:, int(t.real)], t - int(t.real)) for t in x])


idiom(sci.spline, X, natural_spline, LOST)
idiom(sci.filtered, X, lambda x: array(x[0], x[1] + 0.5 * x[0], x[2] + 0.5 * x[1] + 0.25 * x[0]), NotImplementedError)
idiom(sci.convolved, X, lambda x: np.convolve(x, [1.0, 2.0]))
idiom(sci.smoothed, X, lambda x: scipy.ndimage.gaussian_filter1d(x, 1.0), RuntimeError)
idiom(sci.area, X, lambda x: 0.25 * (x[0] ** 2 + 2.0 * x[1] ** 2 + x[2] ** 2))
idiom(sci.area_by_simpson, X, lambda x: (x[0] + 4.0 * x[1] + x[2]) / 3.0)
idiom(sci.integral, S, lambda x: (1.0 - np.exp(-x)) / x, LOST)
idiom(sci.trajectory, S, lambda x: np.exp(-x * array(0.0, 0.5, 1.0)), LOST, accuracy=1e-7)
idiom(sci.root, S, lambda x: x ** (1.0 / 3.0), LOST, accuracy=1e-11)
idiom(sci.special, X, lambda x: erf(x) + scipy.special.loggamma(x + 1.0))
idiom(sci.special_of_asarray, X, erf, LOST)
idiom(sci.sum_of_exponentials, X, lambda x: np.log(np.sum(np.exp(x))), TypeError)
idiom(sci.normal_density, X, lambda x: np.exp(-((x - 0.5) ** 2) / 2.0) / math.sqrt(2.0 * math.pi), TypeError)
idiom(sci.jitted_with_buffer, X, lambda x: np.exp(-x) * x, LOST)
idiom(sci.jitted, X, lambda x: np.sqrt(np.cumsum(x**2)), LOST)
idiom(sci.jitted_with_signature, X, lambda x: array(np.sin(x[0]) * x[1], 0.0), LOST)
idiom(sci.jitted_ufunc, X, lambda x: array(x[0] ** 2, x[1] ** 2, 0.5 * x[2]))
idiom(sci.jitted_on_plain_buffer, X, lambda x: math.exp(-1.0) * x)
