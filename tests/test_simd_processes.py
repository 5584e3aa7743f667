"""Functions for compiled loops in other processes: the cache on disk, machines without libmvec, threads, other code."""

import os
import subprocess
import sys
import textwrap

import numba
import pytest

from dualad import simd

CHECK = """
    import re, sys
    import numba, numpy as np
    from dualad import simd

    def wave(x, out):
        for i in range(x.size):
            out[i] = simd.exp(-x[i]) * simd.tanh(x[i]) + simd.power(x[i], 1.5)

    x = np.linspace(0.1, 5, 103)
    out = np.empty_like(x)
    kernel = simd.njit(wave)
    kernel(x, out)
    np.testing.assert_allclose(out, np.exp(-x) * np.tanh(x) + x**1.5, rtol=1e-14)
"""


def python(path, *lines, **environment):
    """Run a file of these lines, once written; what it prints. A warning or a word on stderr is an error."""
    if not path.exists():
        path.write_text("\n".join(map(textwrap.dedent, lines)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", path], capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def narrow(features):
    """The target's features without AVX-512."""
    return ",".join(each.replace("+", "-") if "avx512" in each else each for each in features.split(","))


@pytest.mark.parametrize(
    ("environment", "entries"),
    [
        ({"DUALAD_LIBMVEC": "libabsent.so.1"}, ""),
        ({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}, ""),
        ({"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": narrow(simd._TARGET[2])}, "bd"),
        ({"NUMBA_LOOP_VECTORIZE": "0"}, ""),
    ],
    ids=["absent", "generic", "AVX2", "switched off"],
)
def test_other_machines(tmp_path, environment, entries):
    """Without libmvec or AVX2 the module says so and its loops are scalar; without AVX-512 they are half as wide."""
    printed = python(
        tmp_path / "other.py",
        CHECK,
        """
        (text,) = kernel.inspect_asm().values()
        called = "".join(sorted(set(re.findall(r"_ZGV(.)N", text))))
        print(simd.VECTORISED, len(simd.WIDE), "zmm" in text, "".join(simd._REGISTERS) or "none", called or "none")
        """,
        NUMBA_CACHE_DIR=str(tmp_path),
        **environment,
    )
    if entries and simd.VECTORISED:
        assert printed == ["True", str(len(simd.WIDE)), "False", entries, "d"]
    else:
        assert printed == ["False", "0", "False", "none", "none"]


def test_without_the_compiler(tmp_path):
    """Where numba's compiler is switched off, so is this."""
    line = "from dualad import simd; print(simd.VECTORISED, simd.njit(lambda x: -x)(-2))"
    assert python(tmp_path / "off.py", line, NUMBA_DISABLE_JIT="1") == ["False", "2"]


def test_cache(tmp_path):
    """A second process loads what the first compiled; one where the entries differ compiles anew, and spoils nothing."""
    path = tmp_path / "cached.py"
    report = """
        stats = kernel.stats
        print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), simd.FINGERPRINT)
    """
    here = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (python(path, CHECK, report, **here) for _ in range(2))
    assert first[:2] == ["0", "1"]
    assert second[:2] == ["1", "0"]
    assert first[2] == second[2] == simd.FINGERPRINT
    if simd.VECTORISED:
        absent = {**here, "DUALAD_LIBMVEC": ""}
        third, fourth = (python(path, CHECK, report, **absent) for _ in range(2))
        assert third[:2] == ["0", "1"]
        assert fourth[:2] == ["1", "0"]
        assert third[2] == fourth[2] != first[2]
        assert python(path, CHECK, report, **here)[:2] == ["1", "0"]
    assert len(list(tmp_path.rglob("*.nbc"))) == 1 + simd.VECTORISED


def test_no_place_for_the_cache():
    """A function without a file is compiled each time, and works."""
    scope = {}
    exec("def twice(x):\n    return 2 * x", scope)  # no file at all
    assert simd.njit(scope["twice"])(2.0) == 4.0


@pytest.mark.parametrize("nested", [False, True], ids=["directly", "through another function"])
def test_numbas_own_cache_declines(tmp_path, monkeypatch, nested):
    """cache=True knows no fingerprint, so it must not keep such code."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    inner = simd.njit(direct)

    def outer(x):
        return inner(x)

    function = outer if nested else direct
    with pytest.warns(numba.NumbaWarning, match="Cannot cache compiled function"):
        assert numba.njit(cache=True)(function)(0.0) == 1.0
    kept = [path.name for path in tmp_path.rglob("*.nbc")]
    assert all("direct" in name for name in kept) if nested else not kept


def direct(x):
    return simd.exp(x)


PLAIN = """
    import re
    import numba, numpy as np

    def plain(x, out):
        for i in range(x.size):
            out[i] = np.exp(x[i]) + np.sin(x[i]) ** 1.5 + np.log1p(x[i])

    def compiled():
        function = numba.njit(error_model="numpy")(plain)
        function(np.ones(64), np.empty(64))
        (text,) = function.inspect_asm().values()
        return re.sub(r"_ZN[\\w$.]+|\\.const\\.\\S+", "name", text)

    before = compiled()
"""


def test_other_code_is_left_alone(tmp_path):
    """The same function of numba's own compiles to the same instructions before and after, and calls nothing of ours."""
    last = "assert compiled() == before; print('exp' in before, 'dualad' in before, '_ZGV' in before)"
    assert python(tmp_path / "before.py", PLAIN, CHECK, last, NUMBA_CACHE_DIR=str(tmp_path)) == ["True", "False", "False"]


THREADS = """
    import sys, threading
    import numba, numpy as np

    sys.setswitchinterval(1e-5)
    barrier, right = threading.Barrier(8), []

    def work(n):
        barrier.wait()
        from dualad import simd

        name = ("exp", "sin", "tanh", "cbrt")[n % 4]
        function, inner = simd.FUNCTIONS[name], simd.log

        @numba.njit(error_model="numpy")
        def kernel(x, out):
            for i in range(x.size):
                out[i] = function(inner(x[i]))

        x = np.linspace(1, 2, 1000)
        out = np.empty_like(x)
        kernel(x, out)
        right.append(np.allclose(out, getattr(np, name)(np.log(x)), rtol=1e-14))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(right))
"""


def test_threads(tmp_path):
    """Threads that import the module and compile at the same moment all get the right answer."""
    assert python(tmp_path / "threads.py", THREADS) == ["8"]
