"""The flags of arithmetic: raised by compiled code as by NumPy, and told once."""

import threading

import numpy as np
import pytest

import dualad
from dualad import flags

X = np.linspace(0.1, 0.9, 7)


@pytest.mark.parametrize(
    ("f", "x", "told"),
    [
        (np.exp, X, False),
        (np.exp, -1e4 * X, False),  # it underflows only
        (np.exp, 1e4 * X, True),
        (np.log, X, False),
        (np.log, X - 0.1, True),
        (np.log, -X, True),
        (lambda x: 1.0 / x, X - 0.1, True),
        (lambda x: x * 1e300, 1e300 * X, True),
        (lambda x: x - x, X * np.inf, True),
        (np.sqrt, X, False),
    ],
)
def test_flags(f, x, told):
    """Division by zero, overflow and no value are told of; what is too small is not."""
    found = flags.flags()
    if found is None:
        pytest.skip("nobody can tell here")
    compiled = dualad.jit(f)
    with np.errstate(all="ignore"):
        compiled(x)
        found.clear()
        compiled(x)
        assert bool(found.raised() - {"under"}) is told
        assert flags.heard(found.raised()) is False
    assert flags.heard(found.raised()) is told
    found.clear()
    assert found.any() is False


def test_of_this_thread():
    """Other threads' flags are their own."""
    found = flags.flags()
    if found is None:
        pytest.skip("nobody can tell here")
    found.clear()

    def divide():
        with np.errstate(all="ignore"):
            np.ones(3) / np.zeros(3)

    thread = threading.Thread(target=divide)
    thread.start()
    thread.join()
    assert found.any() is False


def test_elsewhere(monkeypatch):
    """On a processor that is not known nobody can tell."""
    flags.flags.cache_clear()
    monkeypatch.setattr(flags, "MASKS", {})
    assert flags.flags() is None
    flags.flags.cache_clear()
