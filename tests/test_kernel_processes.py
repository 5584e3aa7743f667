"""Kernels in other processes: the cache on disk, where none can be, and what is not imported without need."""

import subprocess
import sys
import textwrap
from os import environ

import pytest

from dualad import compiling

KERNEL = """
    import numpy as np
    from dualad import kernels
    from dualad.rules.chain import pushforward
    from dualad.rules.table import RULES

    kernels.START = kernels.EACH = kernels.CURIOUS = kernels.LEAST = -1.0
    compiled = []

    def listen():
        from numba.core import event
        class Listener(event.Listener):
            def on_start(self, event): compiled.append(event)
            def on_end(self, event): pass
        event.register("numba:compile", Listener())

    def run(name):
        x = np.linspace(-2, 2, 3000)
        row, y, t = RULES[getattr(np, name)], getattr(np, name)(x), np.ones((3, x.size))
        np.testing.assert_allclose(kernels.fused(row, [x], [t], y), pushforward(row, [x], [t], y), rtol=1e-13)
"""
USE = 'listen(); run("arctan"); run("fabs"); print(len(compiled))'


def process(*lines, **variables):
    """A process that runs some lines; a warning, or a word on stderr, is an error."""
    code = "\n".join(map(textwrap.dedent, lines))
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environ, **variables},
    )


def printed(running):
    out, err = running.communicate()
    assert running.returncode == 0, err
    assert err == ""
    return out.split()


def test_a_second_process_compiles_nothing(tmp_path):
    """What one process has compiled, the next one loads; the files hold no directory of anybody's."""
    first, second = (printed(process(KERNEL, USE, **{compiling.CACHE: str(tmp_path)})) for _ in range(2))
    assert int(first[0]) >= 2  # two kernels, and what they call
    assert second == ["0"]
    files = sorted(tmp_path.glob("*.py"))
    assert len(files) == 2
    assert not list(tmp_path.glob("*.tmp"))


def test_processes_at_once(tmp_path):
    """Several processes that begin with an empty cache do not disturb each other, nor the one after them."""
    running = [process(KERNEL, USE, **{compiling.CACHE: str(tmp_path)}) for _ in range(3)]
    for each in running:
        printed(each)
    assert printed(process(KERNEL, USE, **{compiling.CACHE: str(tmp_path)})) == ["0"]


@pytest.mark.parametrize("place", ["", "file", "file/below"])
def test_no_place_for_files(tmp_path, place):
    """Without a directory that can be written, kernels are compiled each time."""
    (tmp_path / "file").write_text("no directory")
    assert printed(process(KERNEL, USE, **{compiling.CACHE: place and str(tmp_path / place)})) != ["0"]


@pytest.mark.parametrize("size", [20, 100_000])
def test_one_evaluation_imports_no_compiler(size):
    """Numba is not worth waiting for where a derivative is taken once."""
    code = f"""
        import sys
        import numpy as np, dualad
        def f(p): return np.tanh(p[0] * np.linspace(0.0, 1.0, {size})) * np.arctan(p[1] * np.linspace(0.0, 1.0, {size}))
        dualad.jacfwd(f)(np.ones(8))
        print("numba" in sys.modules)
    """
    assert printed(process(code)) == ["False"]
