"""Whether it is Python code that calls a function, and not compiled code that such code has called.

Compiled code has no frame of its own: to a function that looks who called it, ``np.empty`` inside ``np.random.normal`` seems
to come from the line that draws. What compiled code makes by NumPy's creators must be NumPy's own array, since it reads the
memory unasked. So the frame is asked which function the instruction names that it is executing.
"""

from __future__ import annotations

import dis
from types import CodeType, FrameType, ModuleType
from typing import Any
from weakref import finalize

Chain = tuple[tuple[str, str], ...]
"""How a callee is spelled: the kind of each instruction that leads to it, and the name that it loads."""

_spelled: dict[int, dict[int, Chain]] = {}  # by the identity of the code, for as long as it lives, and the offset in it


def calls(frame: FrameType, function: Any, original: Any) -> bool:
    """Whether the instruction that a frame is executing calls `function`, which stands for `original`."""
    code = frame.f_code
    known = _spelled.get(id(code))
    if known is None:
        _spelled[id(code)] = known = {}
        finalize(code, _spelled.pop, id(code), None)
    chain = known.get(frame.f_lasti)
    if chain is None:
        known[frame.f_lasti] = chain = _chain(code, frame.f_lasti)
    if not chain:
        return False
    kind, name = chain[0]
    value = _loaded(frame, kind, name)
    for _, attribute in chain[1:]:
        if not isinstance(value, ModuleType):  # an object of somebody's, whose attributes may do anything when they are read
            return bool(chain[-1][1] == original.__name__)
        value = getattr(value, attribute, None)
    return value is function or value is original


def _loaded(frame: FrameType, kind: str, name: str) -> Any:
    if kind != "LOAD_GLOBAL" and name in (names := frame.f_locals):
        return names[name]
    return frame.f_globals.get(name, frame.f_builtins.get(name))


def _chain(code: CodeType, at: int) -> Chain:
    """The instructions that load the callee of the call at an offset: they stand where the call begins, and end before it."""
    instructions = list(dis.get_instructions(code))
    call = next((each for each in instructions if each.offset == at), None)
    if call is None or "CALL" not in call.opname or call.positions is None or call.positions.lineno is None:
        return ()
    start, end = (call.positions.lineno, call.positions.col_offset), (call.positions.end_lineno, call.positions.end_col_offset)
    found: dict[Any, tuple[str, str]] = {}
    for each in instructions:
        where = each.positions
        if each.offset >= at or each.opname == "PUSH_NULL" or where is None or (where.lineno, where.col_offset) != start:
            continue
        until = (where.end_lineno, where.end_col_offset)
        if None not in until and until < end:
            found[until] = (each.opname, each.argval if isinstance(each.argval, str) else "")
    chain = [found[until] for until in sorted(found)]
    plain = all(kind in ("LOAD_ATTR", "LOAD_METHOD") for kind, _ in chain[1:])
    return tuple(chain) if chain and chain[0][0].startswith("LOAD_") and plain else ()
