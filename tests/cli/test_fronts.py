"""front: targets, runs in folders, points that are judged together."""

from pathlib import Path

import pytest

from tests.cli.conftest import Run, document

PROBLEM = ("--problem", "lost_sales", "--set", "lead_time=1", "--set", "horizon=60", "--set", "warm_up=10")
QUICK = ("--setting", "updates=2", "--setting", "paths=16", "--replications", "4")


@pytest.mark.slow
def test_a_front_has_a_point_for_every_target_and_every_named_policy(run: Run) -> None:
    given = ("--fill-rates", "0.9,0.8", "--policy", "base_stock", "--out", "found")
    result = run("front", "pathwise", *PROBLEM, *QUICK, *given, "--format", "json")
    assert result.exit_code == 0
    found = document(result)
    assert [each["policy"] for each in found["points"]] == ["fill-rate-0.8", "fill-rate-0.9", "base_stock"]
    for each in found["points"][:2]:
        assert (Path(each["policy_dir"]) / "pathwise.zip").is_file() and each["cost_half_width"] > 0.0
    # The second policy was begun with the first.
    second = Path("found/fill-rate-0.9/config.toml").read_text()
    assert 'begin_with = "found/fill-rate-0.8"' in second and "fill_rate = 0.9" in second
    again = run("front", "pathwise", *PROBLEM, *QUICK, *given)
    assert again.exit_code == 2 and "fill-rate-0.8, fill-rate-0.9 there already" in again.stderr
    # What has finished is judged again, and nothing is learned anew.
    resumed = run("front", "pathwise", *PROBLEM, *QUICK, *given, "--resume", "--format", "json")
    assert document(resumed)["points"] == found["points"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "must be --fill-rates A,B,C, --weights P:C,... or --risk-weights A,B,C, one of them"),
        (("--fill-rates", "0.9", "--weights", "1:1"), "one of them"),
        (("--risk-weights", "0.5,1.5"), "risk_weight is 1.5, must be at most 1 with mean_cvar"),
        (("--fill-rates", "0.9,x"), "--fill-rates x: must be a number"),
        (("--fill-rates", "0.9,95"), "fill_rate is 95.0, must be a number in (0, 1)"),
        (("--weights", "1"), "--weights 1: must be two numbers P:C"),
        (("--weights", "1:2"), "has no weights of producer and consumer risk"),
        (("--fill-rates", "0.9", "--policy", "base_stok"), "Did you mean 'base_stock'?"),
        (("--fill-rates", "0.9", "--resume"), "must be with --out"),
    ],
)
def test_what_is_wrong_with_a_front_is_said_before_anything_is_learned(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    result = run("front", "pathwise", *PROBLEM, *QUICK, *arguments)
    assert result.exit_code == 2 and told in result.stderr and "updates" not in result.stderr


def test_a_learner_without_floors_is_refused(run: Run) -> None:
    result = run("front", "tabular", *PROBLEM, "--fill-rates", "0.9")
    assert result.exit_code == 2 and "'fill_rate' unknown" in result.stderr
