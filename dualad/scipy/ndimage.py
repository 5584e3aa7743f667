"""scipy.ndimage for duals: filters are linear in the image, and what lies beyond its border does not vary.

>>> import numpy as np, dualad
>>> blur = lambda x: dualad.scipy.ndimage.uniform_filter1d(x, 3)
>>> dualad.jacfwd(blur)(np.ones(3))[1].round(4)
array([0.3333, 0.3333, 0.3333])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage

from ..errors import NoRule, caller
from ..rules.table import Array, innermost
from .dispatch import body_of, standing_in
from .linear import linear_ones

FILTERS = linear_ones(
    scipy.ndimage,
    "gaussian_filter gaussian_filter1d uniform_filter uniform_filter1d convolve convolve1d correlate correlate1d sobel prewitt "
    "laplace gaussian_laplace shift zoom rotate affine_transform spline_filter spline_filter1d fourier_gaussian fourier_shift",
    cval=0.0,
)
_others = standing_in(scipy.ndimage)


@body_of(scipy.ndimage.map_coordinates)
def map_coordinates(
    input: Array,
    coordinates: Array,
    output: Any = None,
    order: int = 3,
    mode: str = "constant",
    cval: float = 0.0,
    prefilter: bool = True,
) -> Array:
    """Lines between neighbours along every axis, of order 1."""
    if order != 1 or mode not in ("constant", "nearest") or output is not None:
        raise NoRule(
            f"scipy.ndimage.map_coordinates, called at {caller()}, has a derivative rule for order=1 with mode 'constant' or "
            "'nearest' only"
        )
    image, shape = np.ravel(input), np.shape(input)
    places, weights, outside = [], [], np.zeros(np.shape(coordinates)[1:], bool)
    for axis, size in enumerate(shape):
        at, plain = coordinates[axis], innermost(coordinates[axis])
        beyond = (plain < 0) | (plain > size - 1)
        outside |= beyond
        at = np.where(beyond, np.clip(plain, 0, size - 1), at)
        low = np.clip(np.floor(innermost(at)).astype(int), 0, max(size - 2, 0))
        places.append((low, np.minimum(low + 1, size - 1)))
        weights.append((1.0 - (at - low), at - low))
    out: Any = 0.0
    for corner in np.ndindex(*(2,) * len(shape)):
        index = np.ravel_multi_index([places[axis][side] for axis, side in enumerate(corner)], shape)
        weight: Any = 1.0
        for axis, side in enumerate(corner):
            weight = weight * weights[axis][side]
        out = out + weight * image[index]
    return np.where(outside, cval, out) if mode == "constant" else out


def __getattr__(name: str) -> Any:
    return FILTERS[name] if name in FILTERS else _others(name)
