"""crosscheck, computed problems, and instances of a file: documents, sentences and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, document

LINE = {
    "I0": [40], "p": 3, "r": [1, 0.5], "k": [0.3, 0.1], "h": [0.2], "c": [60], "L": [2], "alpha": 1.0,
}  # fmt: skip
CASE: dict[str, Any] = {
    "id": "by hand",
    "env": "InvManagement-v0",
    "config": LINE,
    "demand": [10, 50],
    "actions": [[5], [0]],
    "rewards": [3 * 10 - 0.5 * 5 - 0.2 * 30, 3 * 30 - 0.3 * 20],
    "on_hand": [[40], [30], [0]],
}
ECONOMIC: dict[str, Any] = {
    "id": "eoq/a",
    "family": "eoq",
    "parameters": {"fixed_cost": 8.0, "holding_cost": 0.225, "demand_rate": 1300.0},
    "criterion": {"type": "average_cost_per_time_unit"},
    "reference_value": 68.410526,
    "reference_kind": "optimal_verified",
}


def write(folder: Path, content: object) -> Path:
    path = folder / "file.json"
    path.write_text(json.dumps(content))
    return path


def test_a_case_by_hand_agrees(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, {"cases": [CASE]})
    found = document(run("crosscheck", "--golden", path, "--format", "json"))
    assert list(found) == ["schema", "cases"]
    ((case),) = found["cases"]
    assert list(case) == ["id", "max_abs_difference", "ok"]
    assert (case["id"], case["ok"]) == ("by hand", True)
    assert case["max_abs_difference"] < 1e-9
    assert "1 of 1 recorded trajectories agree" in run("crosscheck", "--golden", path).stdout


def test_what_differs_leaves_with_the_code_of_the_gate(run: Run, tmp_path: Path) -> None:
    other = {**CASE, "id": "other", "rewards": [0, 0]}
    path = write(tmp_path, {"cases": [CASE, other, {"id": "odd", "env": "Foo"}]})
    result = run("crosscheck", "--golden", path, "--format", "json")
    assert result.exit_code == 5
    assert [each["ok"] for each in json.loads(result.stdout)["cases"]] == [True, False, False]
    assert json.loads(result.stdout)["cases"][2]["max_abs_difference"] is None
    assert "other: rewards differ." in result.stderr
    assert "odd: env is 'Foo', must be one of" in result.stderr


def test_cases_that_cannot_be_replayed_are_a_wrong_file(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, {"cases": [{**CASE, "id": "bad", "config": {**LINE, "p": -3}}]})
    result = run("crosscheck", "--golden", path, "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["cases"] == [{"id": "bad", "max_abs_difference": None, "ok": False}]
    assert "bad: config.p is -3, must be a finite number >= 0. Correct the case." in result.stderr


def test_a_computed_problem_is_evaluated_and_not_simulated(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path, [ECONOMIC])
    named = ("--instances", path, "--id", "eoq/a")
    found = document(run("evaluate", *named, "--format", "json"))
    assert found["policies"][0]["policy"] == "optimal"
    assert found["policies"][0]["gap_percent"] == pytest.approx(0, abs=1e-6)
    result = run("simulate", *named)
    assert result.exit_code == 2
    assert "is computed, not simulated" in result.stderr


def test_all_that_is_wrong_with_a_file_is_told_together(run: Run, tmp_path: Path) -> None:
    wrong = {**ECONOMIC, "id": "eoq/b", "parameters": {"fixed_cost": -1, "demand_rat": 3}}
    path = write(tmp_path, [ECONOMIC, wrong, 5])
    result = run("problems", "--instances", path, "--format", "json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert [each["can_be_played"] for each in found["problems"]] == [True, False]
    assert {(each["name"], each["offender"]) for each in found["wrong"]} == {
        ("eoq/b", "parameter 'fixed_cost'"), ("eoq/b", "parameter 'demand_rat'"),
        ("eoq/b", "parameter 'demand_rate'"), ("", "record 3"),
    }  # fmt: skip
    assert "Did you mean 'demand_rate'?" in result.stderr
    assert (
        document(run("evaluate", "--instances", path, "--id", "eoq/a", "--format", "json"))["id"] == "eoq/a"
    )
