"""Wrong use: one sentence on standard error that says what would be right, exit code 2, nothing on standard output."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run

CASES = {
    "an unknown command": (["pln"], "No such command 'pln'. Did you mean 'plan'?"),
    "an unknown option": (["plan", "EXPORT", "--polcy", "x"], "--polcy"),
    "an unknown policy": (["plan", "EXPORT", "--policy", "margnal"], "Did you mean 'marginal'?"),
    "one of two policies": (["backtest", "EXPORT", "--policy", "current,bas_stock"], "Did you mean 'base_stock'?"),
    "one of two for a plan": (["plan", "EXPORT", "--policy", "current,bas_stock"], "Did you mean 'base_stock'?"),
    "an unknown reference": (["plan", "EXPORT", "--reference", "curent"], "Did you mean 'current'?"),
    "an unknown preset": (["plan", "EXPORT", "--preset", "odo17"], "Did you mean 'odoo17'?"),
    "an unknown format": (["check", "EXPORT", "--format", "jsn"], "Did you mean 'json'?"),
    "an unknown word for gaps": (["check", "EXPORT", "--gaps", "zeros"], "Did you mean 'zero'?"),
    "a source that is not there": (["check", "nowhere"], "nowhere: there is no such file or folder"),
    "a day that is none": (["check", "EXPORT", "--as-of", "2026-02-30"], "--as-of is '2026-02-30', must be a day"),
    "an unknown currency": (["check", "EXPORT", "--currency", "EURO"], "must be an ISO 4217 code"),
    "an unknown rule": (["check", "EXPORT", "--rule", "INV-03=E"], "INV-03"),
    "a rule without a severity": (["check", "EXPORT", "--rule", "INV-003"], "--rule INV-003: must be key=value"),
    "a factor below 0": (["check", "EXPORT", "--assume-factor", "-1"], "must be a number > 0"),
    "an expression that is none": (["plan", "EXPORT", "--items", "("], "--items is '('"),
    "a budget below 0": (["plan", "EXPORT", "--budget", "-1"], "'--budget'"),
    "a number that is none": (["plan", "EXPORT", "--replications", "many"], "'--replications'"),
    "a problem that is not named": (["evaluate"], "--problem is missing"),
    "an unknown problem": (["simulate", "--problem", "lost_sale"], "Did you mean 'lost_sales'?"),
    "an unknown family": (["problems", "--family", "backorders"], "Did you mean 'backorder'?"),
    "an unknown id": (["problems", "--id", "backordr"], "Did you mean 'backorder'?"),
    "an unknown parameter": (
        ["simulate", "--problem", "lost_sales", "--set", "leadtime=1"],
        "Did you mean 'lead_time'?",
    ),
    "a parameter of another type": (
        ["simulate", "--problem", "lost_sales", "--set", "lead_time=soon"],
        "parameter 'lead_time' of lost_sales is 'soon', must be a int (periods)",
    ),
    "a policy's parameter that is no number": (
        ["simulate", "--problem", "lost_sales", "--parameter", "base_stock_level=high"],
        "--parameter base_stock_level=high: must be a number",
    ),
    "a policy's unknown parameter": (
        ["simulate", "--problem", "lost_sales", "--parameter", "level=3"],
        "base_stock_level",
    ),
    "an unknown problem of a backtest": (["backtest", "problem:lost_sals"], "Did you mean 'lost_sales'?"),
    "an unknown table": (["schema", "export", "itm"], "Did you mean 'item'?"),
    "an entry without a value": (["check", "EXPORT", "--set", "check.strict"], "--set check.strict: must be key=value"),
    "an entry without a command": (["check", "EXPORT", "--set", "strict=true"], "must name a command and its option"),
    "an entry for an unknown command": (["check", "EXPORT", "--set", "chek.strict=true"], "Did you mean 'check'?"),
    "an entry for an unknown option": (["check", "EXPORT", "--set", "check.strct=true"], "Did you mean 'strict'?"),
    "a file of settings that is not there": (["check", "EXPORT", "--config", "none.toml"], "--config none.toml"),
    "a gate that is not there": (["backtest", "EXPORT", "--gate", "none.toml"], "--gate none.toml"),
    "a fix sheet that is no workbook": (["check", "EXPORT", "--fix-sheet", "a.csv"], "the name must end in .xlsx"),
    "a fix sheet that is a folder": (["check", "EXPORT", "--fix-sheet", "."], "--fix-sheet . is a folder"),
    "an earlier load that is none": (["check", "EXPORT", "--previous", "."], "name a folder that load wrote"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "sentence"), CASES.values(), ids=CASES)
def test_refused(run: Run, export: Path, arguments: list[str], sentence: str) -> None:
    result = run(*(export if each == "EXPORT" else each for each in arguments))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (["plan", "EXPORT", "--out", "taken"], "taken"),
        (["load", "EXPORT", "--out", "taken"], "taken"),
        (["backtest", "EXPORT", "--out", "taken"], "taken"),
        (["demo", "--out", "taken"], "taken"),
        (["check", "EXPORT", "--out", "taken/notes.txt"], "taken"),
        (["template", "--out", "taken/notes.txt"], "taken"),
        (["template", "--out", "taken"], "taken"),
    ],
)
def test_what_is_there_already_is_not_written_over(
    run: Run, export: Path, arguments: list[str], kept: str
) -> None:
    Path(kept).mkdir()
    (Path(kept) / "notes.txt").write_text("mine")
    result = run(*(export if each == "EXPORT" else each for each in arguments))
    assert result.exit_code == 2
    assert "taken" in result.stderr
    assert [path.name for path in Path(kept).iterdir()] == ["notes.txt"]
    assert (Path(kept) / "notes.txt").read_text() == "mine"


def test_a_failure_that_nobody_foresaw_is_a_sentence_too(
    run: Run, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("basestock.data.dataset.load", broken)
    result = run("check", export)
    assert result.exit_code == 1
    assert "ZeroDivisionError: division by zero" in result.stderr
    assert "--debug" in result.stderr


@pytest.mark.parametrize("command", ["plan", "backtest", "load"])
def test_a_place_inside_a_file_is_refused_before_any_work(run: Run, export: Path, command: str) -> None:
    Path("taken.txt").write_text("mine", encoding="utf-8")
    for place, sentence in (("taken.txt", "taken.txt is a file"), ("taken.txt/run", "must be a folder")):
        result = run(command, export, "--out", place)
        assert result.exit_code == 2
        assert sentence in result.stderr
        assert "load:" not in result.stderr
    assert Path("taken.txt").read_text(encoding="utf-8") == "mine"
