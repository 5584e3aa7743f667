"""Names that the user's code has for things: of the variable to which it assigns what it is computing, and as identifiers.

Which variable that is stands in the code itself: the instruction after the one that is being executed stores the result. Where
that one returns it, the code that called says more.
"""

from __future__ import annotations

import dis
import keyword
import re
import sys
from types import CodeType
from weakref import finalize

from .errors import INFRASTRUCTURE

RETURNED = "return"
"""No variable's name: the result is given back to the code that called."""

_stored: dict[int, dict[int, str]] = {}  # by the identity of the code, for as long as it lives, and the offset in it
_modules: dict[str, bool] = {}


WHOLE = frozenset(("dualad.tape", "dualad.nodes", "dualad.lift", "dualad.dual"))
INTERPRETER = "dualad.interpreter"
VALUES = frozenset(
    [
        *("__array_ufunc__", "_operate", "_ufunc", "_ufunc_method", "_elementwise", "_function"),
        *("_apply", "_apply_prepared", "_push"),
    ]
)
"""The modules through which a call of the user's goes when a value is recorded, and the functions of the interpreter that
compute the value of a dual: from anywhere else comes a tangent, or one step of several."""


def assigned() -> str:
    """The variable to which the nearest code of the user's assigns the value that it is computing; empty if there is none, or
    if what is computed is not that value itself."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        module = frame.f_globals.get("__name__") or ""
        if module not in WHOLE and not (module == INTERPRETER and frame.f_code.co_name in VALUES):
            break
        frame = frame.f_back
    while not _is_infrastructure(frame.f_globals.get("__name__") or ""):
        code = frame.f_code
        known = _stored.get(id(code))
        if known is None:
            _stored[id(code)] = known = _stores(code)
            finalize(code, _stored.pop, id(code), None)
        found = known.get(frame.f_lasti, "")
        if found != RETURNED or frame.f_back is None:
            return "" if found == RETURNED else found
        frame = frame.f_back
    return ""


def _is_infrastructure(module: str) -> bool:
    known = _modules.get(module)
    if known is None:
        _modules[module] = known = module.partition(".")[0] in INFRASTRUCTURE
    return known


def _stores(code: CodeType) -> dict[int, str]:
    """By the offset of an instruction, and of what belongs to it, the variable that the next one stores its result in."""
    found: dict[int, str] = {}
    instructions = [each for each in dis.get_instructions(code) if each.opname not in SILENT]
    starts = [each.offset for each in instructions]
    for following, start, end in zip(instructions[1:], starts, starts[1:], strict=False):
        stored = ""
        if following.opname == "RETURN_VALUE":
            stored = RETURNED
        elif following.opname.startswith("STORE_") and following.opname not in ELSEWHERE:
            name = following.argval  # two names where an instruction stores, and goes on with another variable
            stored = name[0] if isinstance(name, tuple) else str(name)
        if stored:
            found |= dict.fromkeys(range(start, end, 2), stored)
    return found


SILENT = ("NOP", "COPY", "CALL", "RESUME") if sys.version_info < (3, 12) else ("NOP", "COPY", "RESUME")
"""Instructions that are passed over: before Python 3.12 a call began with another one of its own, to which CALL belongs."""

ELSEWHERE = ("STORE_SUBSCR", "STORE_ATTR", "STORE_SLICE")
"""Instructions that store, but not in a variable."""


def identifier(text: str) -> str:
    """A name, or how something is reached, as an identifier: `p['width'][0]` is p_width_0."""
    name = re.sub(r"\W+", "_", text).strip("_") or "value"
    return f"_{name}" if name[0].isdigit() else f"{name}_" if keyword.iskeyword(name) else name
