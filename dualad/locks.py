"""Locks that a forked child finds open: whichever thread held one in the parent is not there to open it."""

from __future__ import annotations

import os
import threading


class Lock:
    """A lock of this process, for ``with``."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def acquire(self, blocking: bool = True) -> bool:
        """Close it, or tell that another thread has done so."""
        return self._lock.acquire(blocking)

    def release(self) -> None:
        """Open it."""
        self._lock.release()

    def __exit__(self, *exception: object) -> None:
        self._lock.release()
