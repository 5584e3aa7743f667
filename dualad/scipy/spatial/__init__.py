"""scipy.spatial for arrays with duals among them: distances."""

from __future__ import annotations

import scipy.spatial

from ..dispatch import standing_in
from . import distance

__all__ = ["distance"]

__getattr__ = standing_in(scipy.spatial)
