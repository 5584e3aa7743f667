"""scipy.spatial for arrays with duals among them: distances and rotations."""

from __future__ import annotations

import scipy.spatial

from ..dispatch import standing_in
from . import distance, transform

__all__ = ["distance", "transform"]

__getattr__ = standing_in(scipy.spatial)
