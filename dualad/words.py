"""What things are called in the text of a program: numbers where it is compiled, the names of the user's code where it is read.

Kernels are kept by what their text says, so that text has no names in it, and no comments: the same loops are the same text,
whoever asks for them.
"""

from __future__ import annotations

import builtins
import operator
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from . import symbols
from .lines import Line, call_text
from .naming import identifier

RESERVED = frozenset(
    [
        *dir(builtins),
        *("run", "empty", "contiguous", "same", "outcome", "np", "i", "j", "k", "product"),
        *("load", "store", "plus", "times", "choose", "float64", "float32", "int64", "copysign"),
        *symbols.LIBRARY,
    ]
)
"""Names that mean something else in a program."""

NUMBERED = re.compile(r"(v|i|kernel|constant_)\d+|d_\w+")
"""Names that a program makes itself."""

WIDTH = 110
"""Longer comments are cut off."""


class Names(dict[Line, str]):
    """The name of each line as an identifier, no two the same: the user's where it is known, else a number."""

    def __init__(self, lines: Iterable[Line], hidden: Iterable[Line]) -> None:
        super().__init__()
        self.taken: set[str] = set(RESERVED)
        self.hidden = frozenset(hidden)
        self._counts: dict[str, int] = {}  # how many names were made of one
        self._derived: dict[tuple[Line, str], str] = {}
        origins: dict[Any, str] = {}
        for line in lines:
            known = line.name
            if not known and line.function is not None and line.function.__name__ == "written":
                known = origins.get(line.args[0], "")  # an array that was written into has the name that it had before
            origins[line] = known
            name = identifier(known) if known else f"v{line.number}"
            self[line] = self.free(f"{name}_" if known and (name in RESERVED or NUMBERED.fullmatch(name)) else name)

    def free(self, name: str) -> str:
        """A name like this one that means nothing yet."""
        count = self._counts.get(name, 0) + 1
        found = name if count == 1 else f"{name}_{count}"
        while found in self.taken:
            count += 1
            found = f"{name}_{count}"
        self._counts[name] = count
        self.taken.add(found)
        return found

    def derived(self, line: Line, what: str) -> str:
        """The name of something that belongs to a line."""
        key = (line, what)
        if key not in self._derived:
            self._derived[key] = self.free(f"{self[line]}_{what}")
        return self._derived[key]

    def tell(self, line: Line) -> str:
        """A comment on a line: its type, and its call."""
        return f"{line.type}: {call_text(line, Told(self), line in self.hidden)}"[:WIDTH]


class Told(Mapping[Line, str]):
    """Names as comments have them: an element of something is written as such."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def __getitem__(self, line: Line) -> str:
        if line.function is operator.getitem and not line.name:
            return call_text(line, self, False)
        return self.names[line]

    def __iter__(self) -> Any:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


class Words:
    """What a kernel calls things when it is compiled: lines have numbers, in the order in which they come up."""

    def __init__(self) -> None:
        self._numbers: dict[Line, int] = {}

    def _number(self, line: Line) -> int:
        return self._numbers.setdefault(line, len(self._numbers))

    def value(self, line: Line) -> str:
        """One value of a line."""
        return f"v{self._number(line)}"

    def given(self, line: Line) -> str:
        """The parameter that brings a line."""
        return f"x{self._number(line)}"

    def answer(self, line: Line) -> str:
        """The parameter that takes a line away."""
        return f"y{self._number(line)}"

    def flat(self, line: Line) -> str:
        """All elements of a line behind each other."""
        return f"m{self._number(line)}"

    def part(self, line: Line) -> str:
        """What a sum, or its like, has come to."""
        return f"p{self._number(line)}"

    def block(self, line: Line) -> str:
        """What it has come to in a block."""
        return f"q{self._number(line)}"

    def term(self, line: Line) -> str:
        """What is added to it."""
        return f"t{self._number(line)}"

    def element(self, line: Line, known: Collection[str]) -> str:
        """One element that is read or written, beside those that are known."""
        return f"a{len(known)}"

    def note(self, statement: str, about: Line | str) -> str:
        """A statement with a comment on a line, or this one; where it is compiled, without."""
        return statement


class Spelled(Words):
    """What a kernel calls things when somebody reads it."""

    def __init__(self, names: Names) -> None:
        super().__init__()
        self.names = names

    def value(self, line: Line) -> str:
        return self.names[line]

    given = value

    def answer(self, line: Line) -> str:
        return self.names.derived(line, "out")

    def flat(self, line: Line) -> str:
        return self.names.derived(line, "all")

    def part(self, line: Line) -> str:
        return self.names.derived(line, "part")

    def block(self, line: Line) -> str:
        return self.names.derived(line, "block")

    def term(self, line: Line) -> str:
        return self.names.derived(line, "term")

    def element(self, line: Line, known: Collection[str]) -> str:
        first = self.names.derived(line, "i")
        return first if first not in known else f"{first}_{len(known)}"

    def note(self, statement: str, about: Line | str) -> str:
        return f"{statement}  # {about if isinstance(about, str) else self.names.tell(about)}"
