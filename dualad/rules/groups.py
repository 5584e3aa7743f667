"""What is left of NumPy: functions that no derivative comes out of, or none can pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import Refused, Rule, constant, find, refused

constant(np.einsum_path, np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)
constant(*(getattr(np, name) for name in ("in1d",) if hasattr(np, name)))  # gone from NumPy 2.4
# Readers, called with like=x: an array of the same kind, for what varies to be written into.
constant(np.frombuffer, np.fromfile, np.fromiter, np.fromstring, np.loadtxt, np.genfromtxt, lifted=True)

refused(
    "a file holds no tangents: pass dualad.primal_of(x), or save what the transform returns",
    *(np.save, np.savez, np.savez_compressed, np.savetxt),
)
refused(
    "it is about dates, which have no derivative: pass dualad.primal_of(x)",
    *(np.busday_count, np.busday_offset, np.is_busday, np.datetime_as_string, np.isnat),
)
refused(
    "it is about integers, which have no derivative: pass dualad.primal_of(x), as integers",
    *(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert, np.left_shift, np.right_shift),
    *(np.gcd, np.lcm, np.packbits, np.unpackbits, np.ravel_multi_index, np.unravel_index),
)
MODULES = {
    "numpy.lib.recfunctions": "the fields of a structured array hold no tangents: keep an array for each field",
    "numpy.strings": "it is about text: format dualad.primal_of(x)",
    "numpy.char": "it is about text: format dualad.primal_of(x)",
}
"""All of whose functions are refused: by name, because importing them takes long, and few programs do."""


def rule_of(function: Callable[..., Any]) -> Rule | None:
    """The one rule of a function; None if there is none."""
    row = find(function)
    reason = None if row is not None else MODULES.get(getattr(function, "__module__", None) or "")
    return row if reason is None else Refused(function, reason)
