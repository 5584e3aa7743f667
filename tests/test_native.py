"""Machine code of compiled functions in other processes: kept, damaged, for other processors, without a place, in threads."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dualad

USE = """
    import sys
    import numpy as np, dualad
    from dualad import native

    compiled, before = [], native.compiled
    native.compiled = lambda *args: compiled.append(1) or before(*args)
    t = np.linspace(0.1, 3.0, 103)

    def wave(p):
        return np.exp(-p[0] * t) * np.tanh(p[1] * t) + np.where(t > 1.0, t**1.5, p[2])

    p = np.array([0.5, 1.5, 2.0])
    got = dualad.jit(dualad.jacfwd(wave))(p)
    np.testing.assert_allclose(got, dualad.jacfwd(wave)(p), rtol=1e-13, atol=1e-15)
    here = native.machine()
    print(len(compiled), "numba" in sys.modules, len(here.entries.wide) > 0, here.bits, here.fingerprint)
"""


def python(**environment):
    """What a process prints that compiles a derivative, or loads it. A warning or a word on stderr is an error."""
    code = textwrap.dedent(USE)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def test_a_second_process_compiles_nothing(tmp_path):
    """It loads what the first has kept, without numba; a damaged file is made again, and another machine's is not taken."""
    here = {"DUALAD_CACHE_DIR": str(tmp_path)}
    first, second = python(**here), python(**here)
    assert first[1:] == second[1:]
    assert (first[0], second[0], first[1]) == ("1", "0", "False")
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert python(**here)[0] == "1"
    assert path.read_bytes() == whole
    other = python(**here, DUALAD_LIBMVEC="")
    assert (other[0], other[2]) == ("1", "False")
    assert other[4] != first[4]
    assert len(list(tmp_path.iterdir())) == (2 if first[2] == "True" else 1)
    assert python(**here)[0] == "0"


@pytest.mark.parametrize(
    "environment",
    [{"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}, {"DUALAD_CACHE_DIR": ""}],
    ids=["a plain processor", "no place"],
)
def test_other_machines(tmp_path, environment):
    """Without wide registers, and where nothing can be kept."""
    printed = python(**{"DUALAD_CACHE_DIR": str(tmp_path), **environment})
    assert printed[0] == "1"
    if "NUMBA_CPU_NAME" in environment:
        assert printed[2:4] == ["False", "128"]


def test_code_goes_with_its_function():
    """What nobody calls any more is freed."""
    compiled = dualad.jit(lambda x: np.sin(x) * 3.0 + 0.25)
    compiled(np.ones(7))
    program = next(iter(compiled._entries.values())).variants[0].program
    kernel = program.names["kernel0"]
    held = weakref.ref(kernel.__self__[0])
    del kernel, program
    compiled.clear_cache()
    del compiled
    gc.collect()
    assert held() is None


def test_threads():
    """Large loops run beside each other, and small ones in turn."""
    compiled = dualad.jit(lambda x: np.cumsum(np.sin(x) * 2.0)[-1] + np.sum(np.exp(x)))
    arrays = [np.linspace(0.0, 1.0 + place, size) for place in range(4) for size in (5, 40000)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(compiled, arrays * 10))
    np.testing.assert_allclose(answers, [compiled._f(x) for x in arrays] * 10, rtol=1e-12)
