"""scipy.fft for duals: every transform is linear.

>>> import numpy as np, dualad
>>> dualad.jacfwd(lambda x: dualad.scipy.fft.dct(x, norm="ortho"))(np.ones(2)).round(4)
array([[ 0.7071,  0.7071],
       [ 0.7071, -0.7071]])
"""

from __future__ import annotations

from typing import Any

import scipy.fft

from .dispatch import standing_in
from .linear import linear_ones

TRANSFORMS = linear_ones(
    scipy.fft,
    "fft ifft fft2 ifft2 fftn ifftn rfft irfft rfft2 irfft2 rfftn irfftn hfft ihfft hfft2 ihfft2 hfftn ihfftn dct idct dst "
    "idst dctn idctn dstn idstn fht ifht fftshift ifftshift",
)
_others = standing_in(scipy.fft)


def __getattr__(name: str) -> Any:
    return TRANSFORMS[name] if name in TRANSFORMS else _others(name)
