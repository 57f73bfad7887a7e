"""train: runs in folders, one document, policies that certify puts beside others."""

import json
from pathlib import Path

import pytest

from basestock.learning import ALGORITHMS
from tests.cli.conftest import Run, document

PROBLEM = ("--problem", "lost_sales", "--set", "lead_time=1", "--set", "horizon=60", "--set", "warm_up=10")
QUICK = ("--setting", "updates=2", "--setting", "paths=16", "--replications", "4")
FIELDS = {"seed", "cost", "half_width", "gap_percent", "seconds", "policy_dir"}


def test_train_keeps_runs_that_certify_puts_beside_others(run: Run) -> None:
    result = run("train", "pathwise", *PROBLEM, *QUICK, "--seeds", 2, "--out", "runs", "--format", "json")
    found = document(result)
    assert result.exit_code == 0 and {"schema", "id", "algorithm", "runs"} <= set(found)
    assert [each["seed"] for each in found["runs"]] == [0, 1]
    assert len(found["convergence"]["drift_percent"]) == 2 and found["convergence"]["verdict"]
    assert {"cost", "fill_rate"} <= set(found["convergence"]["spread_percent"])
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


@pytest.mark.slow
def test_what_is_learned_on_randomized_demand_is_judged_on_the_problem_as_it_is(run: Run) -> None:
    ranges = "--randomize", "level=0.5:2", "--curriculum", 2
    found = document(run("train", "pathwise", *PROBLEM, *QUICK, *ranges, "--format", "json"))
    assert found["certificate"] == "exact" and found["runs"][0]["gap_percent"] > -5
    refused = run("train", "pathwise", *PROBLEM, "--randomize", "mean=0.5:2")
    assert refused.exit_code == 2 and "must be NAME=LOW:HIGH of level" in refused.stderr


@pytest.mark.slow
def test_the_mean_of_all_runs_is_certified_beside_them(run: Run) -> None:
    more = "--seeds", 2, "--shaped", "--ensemble", "--out", "runs", "--format", "json"
    assert run("train", "pathwise", *PROBLEM, *QUICK, *more).exit_code == 0
    beside = document(
        run("certify", *PROBLEM, "--policy", "none", "--policy-dir", "runs", "--format", "json")
    )
    costs = {each["policy"]: each["cost"] for each in beside["instances"][0]["policies"]}
    assert set(costs) == {"ensemble", "seed-0/pathwise", "seed-1/pathwise"}
    assert costs["ensemble"] <= 1.05 * max(costs.values())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--ensemble",), "--ensemble writes a policy, must be with --out"),
        (("--curriculum", 2), "must be with these and without --resume"),
    ],
)
def test_what_cannot_be_combined_is_refused_before_anything_is_learned(
    run: Run, options: tuple[object, ...], told: str
) -> None:
    refused = run("train", "pathwise", *PROBLEM, *QUICK, *options)
    assert refused.exit_code == 2 and told in refused.stderr


def test_finished_runs_are_left_and_go_on_with_more_updates(run: Run) -> None:
    arguments = ("train", "pathwise", *PROBLEM, *QUICK, "--out", "runs", "--format", "json")
    first, kept = document(run(*arguments)), Path("runs/seed-0/run.json")
    before = kept.read_bytes()
    assert document(run(*arguments, "--resume")) == first and kept.read_bytes() == before
    refused = run(*arguments, "--resume", "--setting", "paths=8")
    assert refused.exit_code == 2 and "a run with paths 16" in refused.stderr and "paths 8" in refused.stderr
    (more,) = document(run(*arguments, "--resume", "--setting", "updates=4"))["runs"]
    assert more["updates"] == 4 and json.loads(kept.read_text())["budget"]["updates"] == 4
    checkpoint = Path("runs/seed-0/checkpoint.zip")
    checkpoint.write_bytes(checkpoint.read_bytes()[:-30])
    damaged = run(*arguments, "--resume", "--setting", "updates=6")
    assert damaged.exit_code == 2 and "must be a checkpoint as it was written" in damaged.stderr


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
        (("pathwise", *PROBLEM, "--resume"), "--resume goes on with runs of a folder, must be with --out"),
        (("pathwise", *PROBLEM, "--setting", "paths=-1"), "paths is -1, must be a whole number >= 1"),
        (("pathwise", *PROBLEM, "--setting", "hidden=[0]"), "hidden is [0]"),
        (("ppo", *PROBLEM, "--setting", "actions=some"), "must be one of continuous"),
        (("pathwise", *PROBLEM, "--env-id", "basestock/LostSales-v0"), "--problem both name a problem"),
        (("pathwise", *PROBLEM, "--budget-seconds", "0"), "--budget-seconds"),
        (("pathwise", *PROBLEM, "--budget-seconds", "-1"), "--budget-seconds"),
        (("pathwise", *PROBLEM, "--seeds", "0"), "--seeds"),
        (("pathwise", "--problem", "random_yield"), "is computed, not played"),
        (("pathwise", "--problem", "lost_sales", "--settings", "none.toml"), "must be a TOML file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(run: Run, arguments: tuple[object, ...], told: str) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2 and told in result.stderr


def test_a_run_is_never_written_over(run: Run) -> None:
    kept = Path("runs/seed-1/run.json")
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    result = run("train", "pathwise", *PROBLEM, *QUICK, "--seeds", 2, "--out", "runs")
    assert result.exit_code == 2 and "seed-1 is there already" in result.stderr
    assert kept.read_text() == "{}" and not Path("runs/seed-0").exists()


def test_a_place_that_is_no_folder_is_found_before_anything_is_learned(run: Run) -> None:
    Path("runs").write_text("mine")
    result = run("train", "pathwise", *PROBLEM, *QUICK, "--out", "runs")
    assert result.exit_code == 2 and "--out runs: is a file, must be a folder" in result.stderr
    assert "updates" not in result.stderr


def test_states_that_fit_no_table_are_refused(run: Run) -> None:
    result = run("train", "tabular", *PROBLEM, "--setting", "most_values=10")
    assert result.exit_code == 2 and "must be at most 10 values. Use dqn." in result.stderr


def test_every_learner_is_named_in_the_help(run: Run) -> None:
    shown = " ".join(run("train", "--help").stdout.split())
    assert all(name in shown for name in ALGORITHMS)
