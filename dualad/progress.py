"""A bar for what takes long, where tqdm is installed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def shown(items: Iterable[Any], count: int, unit: str) -> Iterable[Any]:
    """The items, with a progress bar where tqdm is installed."""
    try:
        from tqdm.auto import tqdm  # noqa: PLC0415 - optional
    except ImportError:
        return items
    return tqdm(items, total=count, unit=unit)
