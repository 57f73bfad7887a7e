"""search-hyperparameters: one document, settings that train takes, and what it refuses."""

import tomllib
from pathlib import Path

import pytest

from basestock.cli.searching import _text
from tests.cli.conftest import Run, document

PROBLEM = ("--problem", "lost_sales", "--set", "lead_time=1", "--set", "horizon=60", "--set", "warm_up=10")
QUICK = ("--setting", "updates=1", "--setting", "paths=16")


@pytest.mark.slow
@pytest.mark.requirement("A-21")
def test_the_best_settings_are_written_for_train(run: Run) -> None:
    asked = ("search-hyperparameters", "pathwise", *PROBLEM, *QUICK, "--storage", "trials.db")
    first = document(run(*asked, "--trials", 1, "--format", "json"))
    found = document(run(*asked, "--trials", 2, "--out", "best.toml", "--format", "json"))
    assert {"schema", "id", "algorithm", "method", "best", "trials"} <= set(found)
    assert [each["number"] for each in found["trials"]] == [0, 1] and found["trials"][0] == first["trials"][0]
    complete = [each for each in found["trials"] if each["state"] == "complete"]
    best = min(complete, key=lambda each: each["cost"])
    written = tomllib.loads(Path("best.toml").read_text())
    assert found["best"]["cost"] == best["cost"]
    assert {**written, **best["settings"]} == written and written["paths"] == 16
    shown = run("train", "pathwise", "--settings", "best.toml", "--show-settings").stdout
    assert tomllib.loads(shown) == written


@pytest.mark.requirement("A-21")
def test_trials_are_ranked_by_what_they_cost() -> None:
    rows = [
        {"number": number, "state": "complete", "cost": cost, "seconds": 1.0, "settings": {"discount": 0.9}}
        for number, cost in enumerate((3.0, None, 1.0))
    ]
    text = _text({"id": "mine", "algorithm": "ppo", "best": {"cost": 1.0}, "trials": rows}, ["discount"])
    assert [line.split()[0] for line in text.splitlines()[-3:]] == ["2", "0", "1"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pathwyse", *PROBLEM), "Did you mean 'pathwise'?"),
        (("pathwise",), "--problem is missing"),
        (("pathwise", *PROBLEM, "--method", "gird"), "Did you mean 'grid'?"),
        (("pathwise", *PROBLEM, "--search", "learning_rate"), "--search"),
        (("pathwise", *PROBLEM, "--search", "learning_rate=1:x"), "must be LOW:HIGH"),
        (("pathwise", *PROBLEM, "--search", "learning_rate=0.1:0.01"), "from low to high"),
        (("pathwise", *PROBLEM, "--search", "paths=0,8"), "paths is 0"),
        (("pathwise", *PROBLEM, "--search", "pathes=8,16"), "'pathes' unknown"),
        (("pathwise", *PROBLEM, "--method", "grid"), "must be a list of values in a grid"),
        (("pathwise", *PROBLEM, "--storage", "missing/trials.db"), "missing/trials.db cannot be used"),
        (("pathwise", "--problem", "random_yield"), "is computed, not played"),
    ],
)
def test_what_makes_no_sense_is_refused(run: Run, arguments: tuple[str, ...], told: str) -> None:
    result = run("search-hyperparameters", *arguments)
    assert result.exit_code == 2 and told in result.stderr and "Traceback" not in result.stderr
