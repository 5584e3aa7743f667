"""The benchmark's command: answers are compared before they are timed, and what it saves it can read again."""

import dataclasses
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent))

from benchmarks import __main__ as command
from benchmarks import operations, peers, plot, report, solvers, sparse, startup, targets, timing, ways
from benchmarks.base import Peer
from benchmarks.tasks import PROBLEMS, Task, difference, in_namespace, tasks
from dualad import fusing, heat, kernels, pending

BY_NAME = {problem.name: problem for problem in PROBLEMS}
TWO_PEAKS = Task(BY_NAME["two peaks"], "jacobian", 20)
LINES = ("plain f", "dualad", "scipy 2-point", "scipy 3-point")


def wrong(task):
    """A peer whose answer is off by a thousandth in one entry."""

    def jacobian(*args):
        answer = np.array(task.exact)
        answer[3, 2] *= 1.001
        return answer

    return jacobian


@pytest.fixture
def few(monkeypatch):
    """Dualad, SciPy and the function itself are all who are there, as in an environment without the others."""
    monkeypatch.setattr(peers, "PEERS", [peer for peer in peers.PEERS if peer.name in LINES])
    return peers.PEERS


def test_saved_runs_are_read_again(few, tmp_path, capsys):
    """--save writes every median of the table; --against prints the ratios to them."""
    saved = tmp_path / "run.json"
    assert command.main(["--quick", "--only", "two peaks", "--save", str(saved)]) == 0
    out = capsys.readouterr().out
    assert all(f"\n{name} " in out for name in LINES)
    assert report.processor() in out
    assert "now/saved" not in out
    content = json.loads(saved.read_text())
    assert content["machine"]["packages"]["numpy"] == np.__version__
    kept = content["tasks"][TWO_PEAKS.name]
    assert set(kept) == set(LINES)
    for name in LINES:
        assert kept[name]["median"] == pytest.approx(np.median(kept[name]["rounds"])), name
        assert kept[name]["median"] > 0
    kept["jax jit"] = {"first": 1.0, "median": 14.0}
    kept["dualad jit"] = {"first": 0.5, "median": 1.0}
    saved.write_text(json.dumps(content))
    targets.main([str(saved)])
    assert f"| {TWO_PEAKS.name} | 500 ms | 1.00 s |  | 14 (15, missed) |" in capsys.readouterr().out
    for each in kept.values():
        each["median"] = 1e6
    saved.write_text(json.dumps(content))
    assert command.main(["--quick", "--only", "two peaks", "--against", str(saved), "--peers", "scipy"]) == 0
    table = capsys.readouterr().out.partition(TWO_PEAKS.name)[2].splitlines()
    assert table[1].split()[-1] == "now/saved"
    assert all(0 < float(row.split()[-1]) < 1e-3 for row in table[2 : 2 + len(LINES)])


def test_a_wrong_peer_is_reported(few, monkeypatch, capsys):
    """Whoever is wrong is named, is not timed, and makes the command fail."""
    monkeypatch.setattr(peers, "PEERS", [*few, Peer("liar", wrong)])
    assert command.main(["--quick", "--only", "two peaks"]) == 1
    printed = capsys.readouterr()
    row = next(line for line in printed.out.splitlines() if line.startswith("liar"))
    assert "WRONG" in row
    assert row.endswith("not timed")
    assert "two peaks: Jacobian, n = 20: liar: WRONG" in printed.err
    assert not next(line for line in timing.measure(TWO_PEAKS, [Peer("liar", wrong)], 0.1, 1)).rounds


def test_failures_are_told(few, monkeypatch, capsys):
    """A peer that raises is left out with its reason; dualad itself must not."""

    def broken(task):
        raise ValueError("no such thing")

    monkeypatch.setattr(peers, "PEERS", [Peer("dualad", broken), Peer("other", broken)])
    assert command.main(["--quick", "--only", "two peaks"]) == 1
    printed = capsys.readouterr()
    assert "other (ValueError: no such thing)" in printed.out
    assert "dualad: ValueError: no such thing" in printed.err
    monkeypatch.setattr(peers, "PEERS", [peer for peer in few if peer.name == "dualad"] + [Peer("other", broken)])
    assert command.main(["--quick", "--only", "two peaks"]) == 0


@pytest.mark.parametrize("kind", ["jacobian", "hessian", "jvp", "greeks", "reverse"])
def test_every_kind_of_derivative(few, kind):
    """Each is computed by dualad and by differences on a small problem, and agrees with the exact answer."""
    problem = next(problem for problem in PROBLEMS if kind in problem.timed)
    task = Task(problem, kind, problem.size)
    for line in timing.measure(task, few, seconds=0.01, rounds=1):
        assert line.rounds, f"{line.name}: {line.failure}"
        assert line.error <= line.peer.tolerance or not line.peer.checked, line.name


@pytest.mark.parametrize("problem", [problem for problem in PROBLEMS if problem.timed], ids=lambda problem: problem.name)
def test_marked_problems(problem):
    """What is marked can be computed: dualad's answer at the test's size is the exact one."""
    ours = next(peer for peer in peers.PEERS if peer.name == "dualad")
    for kind in problem.timed:
        task = Task(problem, kind, problem.size)
        assert difference(ours.build(task)(*task.inputs), task.exact) <= ours.tolerance


def test_compiled_functions_have_lines():
    """Jitted derivatives, in arrays of their own and in given ones, are compared and have their lines and column."""
    lines = {line.name: line for line in timing.measure(TWO_PEAKS, peers.chosen("scipy"), 0.01, 1)}
    for name in ("plain f jit", "dualad jit", "dualad jit into"):
        assert lines[name].rounds
    assert lines["dualad jit into"].error <= 1e-12
    assert "/ dualad jit" in report.table(TWO_PEAKS, list(lines.values()))


def test_difference():
    """What is missing, misshapen, of another type or nan is infinitely far off."""
    exact = np.array([1.0, 2.0])
    assert difference(exact, exact) == 0.0
    assert difference([np.float64(1.0), np.float64(2.0)], exact) == 0.0
    assert difference([1.0, 2.001], exact) == pytest.approx(5e-4)
    for bad in (exact[:1], exact[None], exact.astype(np.float32), exact * np.nan, None):
        assert difference(bad, exact) == np.inf
    assert difference((exact, exact[:1]), (exact, exact)) == np.inf


def test_selection():
    """Names choose tasks and peers, whatever case they are written in; what does not exist is said."""
    assert {task.problem.name for task in tasks("ROSENBROCK")} == {"Rosenbrock"}
    assert all(task.size == task.problem.timed[task.kind][0] for task in tasks(smallest=True))
    with pytest.raises(SystemExit, match="no peer is called nobody"):
        peers.chosen("scipy, nobody")
    with pytest.raises(SystemExit, match="no task's name contains 'nothing'"):
        command.main(["--only", "nothing"])


def test_in_namespace():
    """A function runs with another np, and so do the functions of its file that it calls; the original is untouched."""
    called = []
    library = types.SimpleNamespace(
        exp=lambda x: called.append("exp") or np.exp(x), where=lambda *args: called.append("where") or np.where(*args)
    )
    other = types.SimpleNamespace(**{**vars(np), **vars(library)})
    function = BY_NAME["Black-Scholes"].function
    args = BY_NAME["Black-Scholes"].arguments(3)
    np.testing.assert_array_equal(in_namespace(function, other)(*args), function(*args), strict=True)
    assert set(called) == {"exp", "where"}
    before = len(called)
    function(*args)
    assert len(called) == before


def test_plot(few, tmp_path):
    """A picture is made, and every line of it has a time at every size."""
    limits, medians = plot.sweep(TWO_PEAKS, few, (5, 50), seconds=0.01, rounds=1)
    assert np.all(np.array(limits) > 0)
    assert set(medians) == set(LINES)
    assert np.all(np.array(list(medians.values())) > 0)
    plot.draw(TWO_PEAKS, few, tmp_path / "time.png", (5, 50), seconds=0.01, rounds=1)
    assert (tmp_path / "time.png").read_bytes()[1:4] == b"PNG"


def test_report():
    """Durations have a unit, and the list of peers has no name twice."""
    assert [report.duration(each) for each in (1.5, 0.0123, 4.2e-7, np.nan)] == ["1.50 s", "12.3 ms", "0.42 us", ""]
    assert len({peer.name for peer in peers.PEERS}) == len(peers.PEERS)
    line = timing.Line(dataclasses.replace(peers.PEERS[0], checked=True, tolerance=0.1), error=0.2)
    assert line.wrong
    assert np.isnan(line.median)


def test_the_other_tables(monkeypatch, capsys):
    """One operation on a Dual beside one on an array, and what a new process waits for."""
    monkeypatch.setattr(operations, "ROUNDS", 1)
    rows = operations.rows(np.linspace(0.1, 0.9, 5), 2, number=2)
    assert [name for name, *_ in rows] == list(operations.OPERATIONS)
    assert all(plain > 0 and lifted > 0 for _, plain, lifted, _ in rows)
    monkeypatch.setattr(startup, "CODES", {name: startup.CODES[name] for name in ("import numpy", "import dualad")})
    startup.main(rounds=1)
    assert "import dualad over numpy" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "expected"), [("dualad, one kernel", "arctan"), ("dualad, hot", 8)])
def test_what_waits_for_a_kernel(monkeypatch, name, expected):
    """The lines of a first call with a kernel do make one: one of a single operation, one of a hot function's chain."""
    monkeypatch.setattr(kernels, "_kernels", {})
    monkeypatch.setattr(pending, "_kernels", {})
    made = []
    monkeypatch.setattr(kernels, "_make", lambda kernel: made.append(kernel.row.name))
    monkeypatch.setattr(fusing, "made", lambda keys, directions: made.append(directions))
    for module, limits in ((kernels, ("START", "EACH", "CURIOUS", "LEAST", "SHARE")), (heat, ("START", "EACH"))):
        for limit in limits:
            monkeypatch.setattr(module, limit, getattr(module, limit))  # the lines change them: afterwards they are as before
    exec(startup.CODES[name].format(points=startup.POINTS), {})
    assert made == [expected]


def test_the_four_ways(monkeypatch, capsys, tmp_path):
    """A time for each way and number of inputs, after each answer was compared; and the picture of them."""
    monkeypatch.setattr(ways, "SIZES", (1, 2))
    ways.main(["--quick", "--plot", str(tmp_path / "ways.png")])
    table = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in table[4:]] == list(ways.WAYS)
    assert all(float(cell) > 0 for row in table[4:] for cell in row.split("|")[2:4])
    assert (tmp_path / "ways.png").read_bytes()[1:4] == b"PNG"
    assert solvers.main(["--quick", "--only", "newton with"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines[-4:]] == list(solvers.WAYS)
    calls = {line[:14].strip(): int(line[14:21]) for line in lines[-4:]}
    assert calls["dualad"] < calls["2-point"]
    monkeypatch.setattr(solvers, "RECIPES", [dataclasses.replace(solvers.RECIPES[0], exact=lambda size: np.ones(5))])
    assert solvers.main(["--quick"]) == 1


def test_sparse_table(capsys):
    """Everybody's Jacobian is compared, and the pattern of a grid counted."""
    sparse.main(rounds=1, cells=20, sides=(5,))
    out = capsys.readouterr().out
    assert "sparse_jacfwd of jit" in out
    assert "pattern of a grid of 25: " in out
