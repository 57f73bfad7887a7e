"""train: runs in folders, one document, policies that certify puts beside others."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, document

PROBLEM = ("--problem", "lost_sales", "--set", "lead_time=1", "--set", "horizon=60", "--set", "warm_up=10")
QUICK = ("--setting", "updates=2", "--setting", "paths=16", "--replications", "4")
FIELDS = {"seed", "cost", "half_width", "gap_percent", "seconds", "policy_dir"}


def test_train_keeps_runs_that_certify_puts_beside_others(run: Run) -> None:
    result = run("train", "pathwise", *PROBLEM, *QUICK, "--seeds", 2, "--out", "runs", "--format", "json")
    found = document(result)
    assert result.exit_code == 0 and {"schema", "id", "algorithm", "runs"} <= set(found)
    assert [each["seed"] for each in found["runs"]] == [0, 1]
    for each in found["runs"]:
        assert set(each) >= FIELDS and each["gap_percent"] >= -1e-6
        folder = Path(each["policy_dir"])
        assert {"pathwise.zip", "config.toml", "curve.jsonl", "run.json"} <= {
            path.name for path in folder.iterdir()
        }
        assert json.loads((folder / "run.json").read_text())["cost"] == each["cost"]
    beside = document(
        run("certify", *PROBLEM, "--policy", "none", "--policy-dir", "runs", "--format", "json")
    )
    (row,) = beside["instances"]
    assert {each["policy"]: each["cost"] for each in row["policies"]} == {
        f"seed-{each['seed']}/pathwise": each["cost"] for each in found["runs"]
    }


def test_every_default_is_visible_and_can_be_given_back(run: Run) -> None:
    shown = run("train", "pathwise", "--show-settings").stdout
    Path("mine.toml").write_text(shown)
    again = run(
        "train", "pathwise", "--settings", "mine.toml", "--setting", "paths=64", "--show-settings"
    ).stdout
    assert "learning_rate" in shown and again == shown.replace("paths = 256", "paths = 64")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("pathwyse", *PROBLEM), "Did you mean 'pathwise'?"),
        (("pathwise", *PROBLEM, "--setting", "pathes=2"), "pathes"),
        (("pathwise", "--env-id", "basestock/LostSale-v0"), "basestock/LostSales-v0"),
        (("pathwise",), "--problem is missing"),
        (("pathwise", "--problem", "lost_sales", "--settings", "none.toml"), "must be a TOML file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(run: Run, arguments: tuple[object, ...], told: str) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2 and told in result.stderr
