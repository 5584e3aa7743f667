"""scipy.sparse for duals: the product of a constant sparse matrix with them.

``matrix @ x`` asks the sparse matrix first, which turns duals into objects and raises: write ``product(matrix, x)``.

>>> import numpy as np, scipy.sparse, dualad
>>> matrix = scipy.sparse.diags_array([1.0, 2.0]).tocsr()
>>> dualad.jacfwd(lambda x: dualad.scipy.sparse.product(matrix, x))(np.ones(2))
array([[1., 0.],
       [0., 2.]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse

from ..rules.table import Array
from .dispatch import rule_of, standing_in


def _product(matrix: Any, x: Any) -> Any:
    """matrix @ x, where either may be the sparse one."""
    return matrix @ x


@rule_of(_product)
def product(y: Array, matrix: Any, x: Any, *, dmatrix: Array | None = None, dx: Array | None = None) -> Array:
    """Linear in what is not sparse."""
    if dmatrix is None:
        return np.stack([product(matrix, direction) for direction in dx])  # type: ignore[union-attr]  # one of them varies
    return np.stack([product(direction, x) for direction in dmatrix])


__getattr__ = standing_in(scipy.sparse)
