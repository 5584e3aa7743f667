"""scipy.spatial for arrays with duals among them: distances and rotations.

>>> import numpy as np, dualad
>>> from dualad.scipy.spatial.transform import Rotation
>>> dualad.jacfwd(lambda angle: Rotation.from_euler("z", angle).apply([1.0, 0.0, 0.0]))(0.0)
array([0., 1., 0.])
"""

from __future__ import annotations

import scipy.spatial

from ..dispatch import standing_in
from . import distance, transform

__all__ = ["distance", "transform"]

__getattr__ = standing_in(scipy.spatial)
