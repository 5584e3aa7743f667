"""The text of loops that reduce: sums of parts, of blocks and of all, in this order, so that rounding errors grow slowly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .words import Words


class Fold(NamedTuple):
    """A sum, or its like: its name, those of what a part and a block come to, where it begins, and how it goes on."""

    name: str
    part: str
    block: str
    begin: str
    step: str


@dataclass
class Loop:
    """The text of one loop nest, its folds, and what comes after it."""

    words: Words
    folds: list[Fold]
    after: list[str]
    text: list[str]

    def before(self, of: str = "name") -> list[str]:
        """What folds begin with, or their parts or blocks."""
        return [self.words.note(f"{getattr(each, of)} = {each.begin}", BEGINNING[of]) for each in self.folds]

    def step(self, of: str, inner: str) -> list[str]:
        """The steps of folds by what was found for a part or a block of them."""
        names = [(each, getattr(each, of), getattr(each, inner)) for each in self.folds]
        return [self.words.note(f"{name} = {each.step.format(name, other)}", BEGINNING[of]) for each, name, other in names]


BEGINNING = {"name": "of all", "part": "of a part", "block": "of a block"}
"""Comments on folds."""
