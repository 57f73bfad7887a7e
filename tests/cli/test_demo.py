"""demo: a folder of its own, its steps as a user would type them."""

from pathlib import Path

import pytest

from basestock.cli import demonstration
from tests.cli.conftest import Run


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that the demo would run."""
    taken: list[list[str]] = []
    monkeypatch.setattr(demonstration, "_step", lambda arguments, **_: taken.append(arguments))
    monkeypatch.setattr(
        "basestock.data.demo.write_demo", lambda folder, **_: folder.mkdir(parents=True, exist_ok=True)
    )
    return taken


def test_the_demo_checks_plans_and_backtests_and_says_where_the_report_is(
    run: Run, steps: list[list[str]]
) -> None:
    result = run("demo")
    folder = Path("demo-export")
    assert result.exit_code == 0
    assert [step[0] for step in steps] == ["check", "plan", "backtest"]
    assert all(step[1] == str(folder / "export") and "EUR" in step for step in steps)
    assert str(folder / "run" / "report.html") in result.stdout


def test_the_same_demo_is_made_anew_and_another_is_refused(run: Run, steps: list[list[str]]) -> None:
    assert run("demo", "--out", "here").exit_code == 0
    (Path("here") / "run").mkdir()
    assert run("demo", "--out", "here").exit_code == 0
    assert not (Path("here") / "run").exists()
    for other in (["--seed", "8"], ["--full"]):
        result = run("demo", "--out", "here", *other)
        assert result.exit_code == 2
        assert "demo.json" in result.stderr
    assert len(steps) == 6


def test_a_step_that_fails_ends_the_demo_with_its_code(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("basestock.data.demo.write_demo", lambda folder, **_: folder.mkdir(parents=True))
    result = run("demo")
    assert result.exit_code == 3
    assert result.stdout.splitlines()[1] == "$ basestock check demo-export/export --currency EUR"
    assert "Open " not in result.stdout
