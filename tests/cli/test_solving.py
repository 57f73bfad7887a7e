"""solve, tune, bound, certify: one document each, saved policies, sentences and exit codes."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basestock.policies.saved import SavedPolicy, read_policy
from tests.cli.conftest import Run, document

SOLVED = {
    *("schema", "id", "value", "lower", "upper", "certificate", "criterion", "states", "seconds", "policy"),
}
CERTIFIED = {"id", "published", "value", "lower", "upper", "certificate", "seconds", "policies"}
GAP = {"policy", "cost", "half_width", "gap_percent", "parameters"}
DEMAND = {"type": "discrete", "support": [0, 1, 2, 3], "probabilities": [0.3, 0.3, 0.3, 0.1]}
EOQ = {"fixed_cost": 8.0, "holding_cost": 0.225, "demand_rate": 1300.0}


@pytest.fixture
def file() -> Path:
    """A file of a lost-sales problem, of a computed one, and of a record that is none."""
    common = {"demand": DEMAND, "lead_time": 1, "holding_cost": 1.0, "lost_sale_cost": 4.0}
    records = [
        {"id": "lost_sales/mine", "family": "lost_sales", "parameters": common,
         "published": {"value": 1.5}, "reference_value": 1.5, "reference_kind": "best_known"},
        {"id": "eoq/mine", "family": "eoq", "parameters": EOQ},
        {"id": "serial/none", "family": "serial", "parameters": common},
    ]  # fmt: skip
    path = Path("mine.json")
    path.write_text(json.dumps(records))
    return path


def _mine(file: Path) -> tuple[object, ...]:
    return "--instances", file, "--id", "lost_sales/mine", "--format", "json"


def brute_force() -> float:
    """The optimum of the file's problem by plain value iteration on what is in stock at the decision.

    An order arrives before the next decision, and demand of this period is served from stock alone.
    """
    law = list(zip(DEMAND["support"], DEMAND["probabilities"], strict=True))
    top = 14
    values = [0.0] * (top + 1)
    for _ in range(400):
        following = [
            min(
                sum(
                    chance
                    * (max(stock - asked, 0) + 4.0 * max(asked - stock, 0)
                       + values[min(max(stock - asked, 0) + order, top)])
                    for asked, chance in law
                )
                for order in range(8)
            )
            for stock in range(top + 1)
        ]  # fmt: skip
        gain, values = following[0] - values[0], following
        values = [value - values[0] for value in values]
    return gain


def test_solve_prints_the_optimum_with_its_certificate_and_keeps_the_policy(run: Run, file: Path) -> None:
    found = document(run("solve", *_mine(file), "--out", "best.policy"))
    assert set(found) >= SOLVED
    assert found["schema"] == "basestock.solve/1"
    assert found["id"] == "lost_sales/mine"
    assert (found["certificate"], found["criterion"]) == ("exact", "average_cost_per_period")
    assert found["lower"] <= found["value"] <= found["upper"]
    assert found["value"] == pytest.approx(brute_force(), abs=1e-6)
    assert found["states"] > 0 and found["policy"]["name"] == "optimal"
    assert found["boundary_share"] == 0 and found["recurrent_classes"] == 1
    assert "Zipkin 2008" in found["box"]["reason"]
    saved = read_policy(Path("best.policy"))
    assert (saved.name, saved.problem) == ("optimal", "lost_sales/mine")
    assert saved.facts["value"] == found["value"]

    Path("kept").mkdir()
    Path("best.policy").rename("kept/best.policy")
    # Another problem's policy in the same folder is left alone.
    SavedPolicy("base_stock", "lost_sales/other", {}, {"base_stock_level": np.ones((1, 1))}).write(
        Path("kept/other")
    )
    rows = document(run("certify", *_mine(file), "--policy", "none", "--policy-dir", "kept"))["instances"]
    (row,) = rows
    (gap,) = row["policies"]
    assert set(row) >= CERTIFIED and set(gap) == GAP
    assert row["published"] == 1.5
    assert gap["policy"] == "best"
    assert (gap["half_width"], gap["cost"]) == (0.0, pytest.approx(found["value"], abs=1e-6))
    assert gap["gap_percent"] == pytest.approx(0.0, abs=1e-4)


def test_the_same_command_saves_the_same_bytes(run: Run, file: Path) -> None:
    kept: list[bytes] = []
    for name in ("one", "two"):
        run("solve", "--instances", file, "--id", "eoq/mine", "--format", "json", "--out", name)
        kept.append(Path(name).read_bytes())
    assert kept[0] == kept[1]
    assert read_policy(Path("one")).name == "closed_form"


def test_a_closed_form_is_solved_by_what_it_decides(run: Run, file: Path) -> None:
    given = ("--instances", file, "--id", "eoq/mine")
    found = document(run("solve", *given, "--format", "json"))
    assert found["value"] == found["lower"] == found["upper"] == pytest.approx((2 * 8 * 1300 * 0.225) ** 0.5)
    assert (found["certificate"], found["states"]) == ("exact", None)
    assert found["policy"]["name"] == "closed_form"
    assert found["policy"]["order_quantity"] == pytest.approx(304.0468, abs=1e-3)
    refused = run("tune", *given, "--policy", "base_stock")
    assert refused.exit_code == 2
    assert "is computed, not played; `basestock solve` prints its optimum" in refused.stderr


def test_a_person_reads_value_bounds_and_method(run: Run, file: Path) -> None:
    text = run("solve", "--instances", file, "--id", "eoq/mine").stdout
    assert text.startswith("eoq/mine")
    assert all(word in text for word in ("value", "bounds", "certificate", "exact", "criterion"))
    rows = list(
        csv.DictReader(
            run("solve", "--instances", file, "--id", "eoq/mine", "--format", "csv").stdout.splitlines()
        )
    )
    assert [row["certificate"] for row in rows] == ["exact"]


@pytest.mark.slow
def test_tune_prints_parameters_and_a_cost_with_its_interval(run: Run, file: Path) -> None:
    found = document(run("tune", *_mine(file), "--policy", "base_stock", "--out", "kept/tuned"))
    assert found["schema"] == "basestock.tune/1"
    (row,) = found["policies"]
    assert row["policy"] == "base_stock"
    assert row["parameters"]["base_stock_level"] > 0
    assert row["half_width"] > 0
    (gap,) = document(run("certify", *_mine(file), "--policy", "none", "--policy-dir", "kept"))["instances"][
        0
    ]["policies"]
    assert gap["policy"] == "tuned"
    assert gap["parameters"] == row["parameters"]
    assert gap["half_width"] == 0
    assert gap["gap_percent"] >= 0
    assert abs(gap["cost"] - row["cost"]) < 2 * row["half_width"]


@pytest.mark.slow
def test_bound_prints_a_value_with_interval_and_method(run: Run, file: Path) -> None:
    found = document(run("bound", *_mine(file)))
    assert set(found) >= {"schema", "id", "value", "interval", "method"}
    assert found["schema"] == "basestock.bound/1"
    low, high = found["interval"]
    assert low <= found["value"] <= high
    assert found["value"] - found["half_width"] <= brute_force() + 1e-6
    assert all(each["method"] for each in found["bounds"])


def test_every_record_is_certified_and_a_wrong_one_says_why(run: Run, file: Path) -> None:
    found = document(run("certify", "--instances", file, "--policy", "none", "--format", "json"))
    assert found["schema"] == "basestock.certify/1"
    rows: dict[str, dict[str, Any]] = {row["id"]: row for row in found["instances"]}
    assert [*rows] == ["lost_sales/mine", "eoq/mine", "serial/none"]
    assert all(set(row) >= CERTIFIED and row["policies"] == [] for row in rows.values())
    assert [row["certificate"] for row in rows.values()] == ["exact", "exact", "none"]
    assert "'lead_times' is missing" in rows["serial/none"]["error"]
    only = run("certify", "--instances", file, "--family", "eoq", "--policy", "none", "--format", "csv")
    assert [row["id"] for row in csv.DictReader(only.stdout.splitlines())] == ["eoq/mine"]
    text = run("certify", "--instances", file, "--family", "eoq", "--policy", "none").stdout
    assert "eoq/mine" in text and "exact" in text


def test_a_policy_file_that_is_damaged_is_refused(run: Run, file: Path) -> None:
    policy = SavedPolicy("base_stock", "lost_sales/mine", {}, {"base_stock_level": np.full((1, 1), 3.0)})
    path = Path("kept/mine.policy")
    policy.write(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"base_stock_level.npy") + 40] ^= 0xFF
    path.write_bytes(bytes(content))
    result = run("certify", *_mine(file), "--policy", "none", "--policy-dir", "kept")
    assert result.exit_code != 0
    assert "mine.policy" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("solve",), "--problem"),
        (("solve", "--problem", "lost_sale"), "Did you mean 'lost_sales'?"),
        (("solve", "--problem", "lost_sales", "--criterion", "average"), "average_cost_per_period"),
        (("solve", "--problem", "lost_sales", "--criterion", "discounted_cost"), "must be below 1"),
        (("tune", "--problem", "lost_sales", "--policy", "base_stok"), "Did you mean 'base_stock'?"),
        (("certify", "--problem", "lost_sales", "--policy", "base_stok"), "Did you mean 'base_stock'?"),
    ],
)
def test_what_cannot_be_asked_is_told(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_entries_that_are_no_records_are_told_beside_the_certificates(run: Run) -> None:
    mine = {"id": "eoq/mine", "family": "eoq", "parameters": EOQ, "published": {"value": "about 68"}}
    Path("odd.json").write_text(json.dumps([mine, mine, 3, {"family": "eoq", "parameters": EOQ}]))
    given = ("certify", "--instances", "odd.json", "--policy", "none")
    found = run(*given, "--format", "json")
    assert [each["published"] for each in document(found)["instances"]] == [None]
    told = document(found)["wrong"]
    assert [each["offender"] for each in told] == ["record 2: id", "record 3", "record 4: id"]
    assert (
        "record 2: id is 'eoq/mine', must differ from that of record 1. Rename one of them." in found.stderr
    )
    assert run(*given).exit_code == 0


@pytest.mark.parametrize("command", ["solve", "tune", "bound", "certify"])
def test_an_unknown_id_is_refused_with_the_nearest(run: Run, file: Path, command: str) -> None:
    result = run(command, "--instances", file, "--id", "lost_sales/mina")
    assert result.exit_code == 2
    assert "Did you mean 'lost_sales/mine'?" in result.stderr


def test_a_computed_problem_keeps_its_criterion(run: Run, file: Path) -> None:
    result = run("solve", "--instances", file, "--id", "eoq/mine", "--criterion", "finite_horizon_total_cost")
    assert result.exit_code == 2
    assert "leave --criterion out" in result.stderr


@pytest.mark.slow
def test_without_time_there_is_a_bound_and_the_refusal_has_its_numbers(run: Run, file: Path) -> None:
    result = run("solve", *_mine(file), "--max-seconds", "0.1", "--max-memory", "0.001")
    found = document(result)
    assert found["value"] is None and found["policy"] is None
    assert found["certificate"] == "lower_bound"
    assert found["lower"] - found["half_width"] <= brute_force() + 1e-6
    assert "must be at most" in result.stderr
    refused = run("solve", *_mine(file), "--max-seconds", "0.1", "--out", "kept")
    assert refused.exit_code == 2
    assert "there is no policy to save; drop --out" in refused.stderr


def test_a_folder_that_is_none_is_refused(run: Run, file: Path) -> None:
    result = run("certify", *_mine(file), "--policy", "none", "--policy-dir", "nowhere")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
