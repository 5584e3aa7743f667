"""``python -m dualad``: the fits agree with NIST, the text fits a terminal, the figure is optional."""

import os
import runpy
import sys

import numpy as np
import pytest

from dualad import __main__ as demo

MISRA1A, MGH17 = demo.PROBLEMS


@pytest.fixture(scope="module")
def studies():
    return [demo.study(problem) for problem in demo.PROBLEMS]


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """What main prints where matplotlib is missing, after it ended with 0."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert demo.main() == 0
    return capsys.readouterr()


def test_every_converged_fit_agrees_with_nist_to_9_digits(studies):
    for study in studies:
        for answer in study.duals:
            if answer.converged:
                assert min(demo.agreement(answer, study.problem)) >= 9
                assert demo.digits(answer.rss, study.problem.rss) >= 9


def test_the_starts_that_must_converge_do(studies):
    misra1a, mgh17 = studies
    assert misra1a.duals[0].converged
    assert misra1a.duals[1].converged
    assert mgh17.duals[1].converged


def test_duals_need_fewer_evaluations_than_differences_and_agree_to_more_digits(studies):
    compared = 0
    for study in studies:
        for exact, rough in zip(study.duals, study.differences, strict=True):
            if exact.converged and rough.converged:  # a fit that gives up early is cheap
                compared += 1
                assert exact.calls < rough.calls
                assert min(demo.agreement(exact, study.problem)) > min(demo.agreement(rough, study.problem))
    assert compared >= 3


def test_calls_of_the_model_are_what_is_counted(monkeypatch):
    calls = []
    counting = demo.Problem(**{**vars(MISRA1A), "model": lambda b, x: calls.append(1) or MISRA1A.model(b, x)})
    for method in (demo.ByDuals, demo.ByDifferences):
        calls.clear()
        assert demo.fit(counting, counting.starts[1], method).calls == len(calls)


def test_standard_errors(studies):
    for study in studies:
        from_jacobian, from_hessian = (np.sqrt(np.diag(c)) for c in demo.covariances(study.best, study.problem))
        assert min(map(demo.digits, from_jacobian, study.problem.deviations)) >= 6
        # The two differ by curvature times residuals, which in good fits is little, and is not nothing.
        assert np.all(np.abs(from_hessian / from_jacobian - 1) < 0.05)
        assert np.all(np.abs(from_hessian / from_jacobian - 1) > 1e-4)


def test_the_exact_hessian_is_that_of_misra1a_by_hand(studies):
    answer = studies[0].best
    (b1, b2), x, r = answer.b, MISRA1A.x, answer.residuals
    decay = np.exp(-b2 * x)
    J = np.stack([1 - decay, b1 * x * decay], -1)
    mixed, twice = r @ (x * decay), r @ (-b1 * x**2 * decay)
    second = J.T @ J + np.array([[0, mixed], [mixed, twice]])
    _, covariance = demo.covariances(answer, MISRA1A)
    np.testing.assert_allclose(covariance, answer.rss / 12 * np.linalg.inv(second), rtol=1e-8)


def test_the_band_is_the_quantile_times_the_error_of_the_curve(studies):
    """At x far to the right Misra1a's curve is b1, so that its error is that of b1."""
    curve, half = demo.band(studies[0].best, MISRA1A, np.array([1e6]))
    np.testing.assert_allclose(curve, MISRA1A.certified[0], rtol=1e-9)
    np.testing.assert_allclose(half, MISRA1A.t95 * MISRA1A.deviations[0], rtol=1e-6)


@pytest.mark.parametrize("problem", demo.PROBLEMS, ids=lambda problem: problem.name)
def test_the_quantiles_are_students(problem):
    stats = pytest.importorskip("scipy.stats")
    assert len(problem.x) == len(problem.y)
    freedom = len(problem.x) - len(problem.certified)
    assert problem.t95 == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-10)


def test_a_model_without_curvature_is_fitted():
    """The correction of the step is exactly 0 here, and must not be mistaken for a large one."""
    line = demo.Problem(**{**vars(MISRA1A), "model": lambda b, x: b[0] + b[1] * x})
    for method in (demo.ByDuals, demo.ByDifferences):
        answer = demo.fit(line, (1.0, 1.0), method)
        assert answer.converged
        np.testing.assert_allclose(answer.b, np.polyfit(line.x, line.y, 1)[::-1], rtol=1e-6)


def test_a_hopeless_start_is_not_called_converged(monkeypatch):
    """Decay rates so large that all data but the first point see only b1: a plateau that leads nowhere."""
    answer = demo.fit(MGH17, (50, 150, -100, 100, 200), demo.ByDuals)
    assert not answer.converged
    monkeypatch.setattr(demo, "MAX_STEPS", 3)
    assert not demo.fit(MISRA1A, MISRA1A.starts[0], demo.ByDuals).converged


def test_a_failure_is_said(monkeypatch, capsys):
    monkeypatch.setattr(demo, "MAX_STEPS", 3)
    demo.show(demo.study(MISRA1A))
    assert "NOT CONVERGED" in capsys.readouterr().out


def test_digits():
    assert demo.digits(1.0, 1.0) == 11
    assert demo.digits(1.001, 1.0) == pytest.approx(3)
    assert demo.digits(-5.0, 1.0) == 0
    assert demo.digits(np.nan, 1.0) == 0


def test_no_line_is_wider_than_a_terminal(printed):
    lines = printed.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line != line.rstrip() for line in lines)
    assert printed.out.isascii()
    assert printed.err == ""


def test_every_certified_value_is_printed(printed):
    for problem in demo.PROBLEMS:
        for value in (*problem.certified, *problem.deviations, problem.rss):
            assert f"{value:.10E}" in printed.out


def test_the_graphs_of_the_models_are_printed(printed):
    for name in ("_misra1a", "_mgh17"):
        graph = printed.out.partition(f"graph of {name}\n")[2].partition("\n\n")[0]
        assert "= input b" in graph
        assert "exp(" in graph
        assert "return %" in graph


def test_without_matplotlib_a_line_says_how_to_get_it(printed, tmp_path):
    assert sum('pip install "dualad[plot]"' in line for line in printed.out.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_figure(studies, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert demo.FIGURE in demo.draw(studies)
    assert (tmp_path / demo.FIGURE).read_bytes().startswith(b"\x89PNG")


def test_a_directory_that_cannot_be_written_is_no_reason_to_fail(studies, tmp_path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    os.mkdir(demo.FIGURE)  # in the way of the file, also for a user who may write everywhere
    assert "could not be saved" in demo.draw(studies)


def test_it_runs_as_a_module(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "dualad.__main__")  # runpy warns of a module that is loaded already
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("dualad", run_name="__main__")
    assert ended.value.code == 0
    assert "MGH17" in capsys.readouterr().out
