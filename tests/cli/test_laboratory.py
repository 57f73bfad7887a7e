"""problems, simulate, evaluate, backtest problem:NAME: one document each."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from basestock.policies import REGISTRY
from basestock.problems import FAMILIES
from tests.cli.conftest import Run, document

SHORT = ("--set", "horizon=60", "--set", "warm_up=10", "--replications", 8)
GIVEN = ("--problem", "lost_sales", "--parameter", "base_stock.base_stock_level=18")
ROW = {"policy", "parameters", "total", "terms", "kpis", "versus", "gap_percent", "certificate"}


def _played(run: Run, *arguments: object) -> dict[str, Any]:
    return document(run(*arguments, *SHORT, "--format", "json"))


def test_problems_are_listed_with_units_sources_and_known_values(run: Run) -> None:
    found = document(run("problems", "--format", "json"))
    assert found["schema"] == "basestock.problems/1"
    assert {each["name"] for each in found["problems"]} == set(FAMILIES)
    for each in found["problems"]:
        assert {"name", "kind", "parameters", "source", "known"} <= set(each)
        assert all(set(parameter) == {"name", "unit", "default"} for parameter in each["parameters"])
        assert all(parameter["unit"] for parameter in each["parameters"])
    text = run("problems").stdout
    assert "optimal value 4.4 (Zipkin 2008" in text


@pytest.mark.parametrize("option", ["--family", "--id", "--problem"])
def test_one_problem_can_be_asked_for(run: Run, option: str) -> None:
    found = document(run("problems", option, "backorder", "--format", "json"))
    assert [each["name"] for each in found["problems"]] == ["backorder"]
    rows = list(csv.DictReader(run("problems", option, "backorder", "--format", "csv").stdout.splitlines()))
    assert {row["name"] for row in rows} == {"backorder"}


@pytest.mark.requirement("C-10")
def test_unusual_rates_of_a_problem_are_told(run: Run) -> None:
    given = (
        "problems",
        "--problem",
        "grocery_seasonal",
        "--set",
        "num_products=12",
        "--set",
        "holding_cost=0.01",
    )
    (found,) = document(run(*given, "--format", "json"))["problems"]
    assert len(found["warnings"]) == 12
    assert found["warnings"][0].startswith(
        "holding at ('store', 'product 1') is 0.1522 of the unit cost per month"
    )
    text = run(*given).stdout
    assert "Rates that are unusual for their kind of cost:" in text
    assert "... and 2 more" in text
    (usual,) = document(run("problems", "--problem", "pharmacy", "--set", "num_items=3", "--format", "json"))[
        "problems"
    ]
    assert usual["warnings"] == []


@pytest.mark.requirement("A-13")
def test_drawn_lead_times_are_shown_beside_their_laws(run: Run) -> None:
    given = ("problems", "--problem", "manufacturing_market", "--lead-times")
    (found,) = document(run(*given, "--format", "json"))["problems"]
    (lane,) = found["lead_times"]
    assert lane["law"] == {"1": 0.1, "2": 0.3, "3": 0.3, "4": 0.2, "5": 0.1}
    assert (lane["num_orders"], lane["largest_deviation"] < 4) == (2000, True)
    assert "Every lead time is fixed." in run("problems", "--problem", "lost_sales", "--lead-times").stdout
    assert run("problems", "--lead-times").exit_code == 2


@pytest.mark.parametrize("command", ["simulate", "evaluate"])
def test_policies_are_played_on_a_problem(run: Run, command: str) -> None:
    given = (*GIVEN, "--parameter", "constant_order.quantity=4")
    found = _played(run, command, *given, "--policy", "base_stock,constant_order")
    assert found["schema"] == "basestock.evaluation/1"
    assert found["id"] == "lost_sales"
    assert [row["policy"] for row in found["policies"]] == ["base_stock", "constant_order"]
    for row in found["policies"]:
        assert set(row) >= ROW
        assert set(row["total"]) == {"mean", "half_width", "n"}
        assert row["total"]["n"] == 8
    first, second = found["policies"]
    assert first["parameters"] == {"base_stock_level": 18.0}
    assert first["versus"]["constant_order"]["mean"] == -second["versus"]["base_stock"]["mean"]
    assert first["certificate"] == "exact"


def test_seed_and_periods_are_used_and_the_same_command_prints_the_same(run: Run) -> None:
    # As many periods as the other tests play, so that they share a program; the horizon is another.
    longer = ("--set", "horizon=90", "--set", "warm_up=10", "--replications", 8)
    command = ("simulate", *GIVEN, *longer, "--policy", "base_stock", "--periods", 60, "--format", "json")
    once, again, other = run(*command), run(*command), run(*command, "--seed", 3)
    assert once.stdout_bytes == again.stdout_bytes
    assert document(once)["provenance"]["periods"] == 60
    assert document(once)["policies"][0]["total"] != document(other)["policies"][0]["total"]


@pytest.mark.slow
def test_a_policy_without_given_parameters_is_tuned(run: Run) -> None:
    result = run(
        "simulate", "--problem", "lost_sales", *SHORT, "--policy", "constant_order", "--format", "json"
    )
    assert "tune constant_order" in result.stderr
    assert document(result)["policies"][0]["parameters"]["quantity"] > 0


def test_a_person_sees_total_gap_and_certificate(run: Run) -> None:
    text = run("simulate", *GIVEN, *SHORT, "--policy", "base_stock").stdout
    assert text.startswith("lost_sales: average cost per period, 8 replications of 60 periods")
    assert "exact" in text
    assert "+/-" in text


@pytest.mark.slow
def test_a_backtest_of_a_problem_compares_with_a_reference(run: Run) -> None:
    arguments = ("backtest", "problem:lost_sales", "--policy", "newsvendor", "--reference", "marginal")
    found = _played(run, *arguments)
    assert found["schema"] == "basestock.backtest/1"
    assert {"window", "folds", "reference", "policies", "verdict"} <= set(found)
    assert [row["policy"] for row in found["policies"]] == ["newsvendor", "marginal"]
    saving = found["verdict"]["saving"]
    assert saving["mean"] == -found["policies"][0]["versus"]["marginal"]["mean"]
    assert found["verdict"]["outcome"] in ("better", "worse", "no difference shown")
    (folder,) = Path("runs").iterdir()
    assert folder.name == f"lost_sales-{found['run']['id'][:8]}"
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "traces.parquet"}
    traces = pl.read_parquet(folder / "traces.parquet")
    assert traces["policy"].unique(maintain_order=True).to_list() == ["newsvendor", "marginal"]
    means = traces.group_by("policy", maintain_order=True).agg(pl.col("total").mean())["total"]
    assert means.to_list() == pytest.approx([row["total"]["mean"] for row in found["policies"]])
    assert {"replication", "demand", "lost", "term.holding"} <= set(traces.columns)


def test_estimates_as_rows(run: Run) -> None:
    command = ("simulate", *GIVEN, *SHORT, "--policy", "base_stock")
    rows = list(csv.DictReader(run(*command, "--format", "csv").stdout.splitlines()))
    assert {row["kind"] for row in rows} == {"total", "term", "kpi"}
    frame = pl.read_parquet(io.BytesIO(run(*command, "--format", "parquet").stdout_bytes))
    assert frame.columns == ["policy", "kind", "name", "mean", "half_width", "n"]
    assert frame.height == len(rows)


def test_a_document_can_be_kept(run: Run) -> None:
    result = run(
        "simulate", *GIVEN, *SHORT, "--policy", "base_stock", "--format", "json", "--out", "kept.json"
    )
    assert Path("kept.json").read_bytes() == result.stdout_bytes


def test_every_policy_has_a_name_on_the_command_line(run: Run) -> None:
    text = run("simulate", "--problem", "lost_sales", "--policy", "nobody").stderr
    assert all(name in text for name in REGISTRY)


def _instances(path: Path) -> Path:
    demand = {"type": "poisson", "mean": 5.0}
    # The lead time of the problem that the other tests play, so that they share a program.
    parameters = {"demand": demand, "lead_time": 2, "holding_cost": 1.0, "lost_sale_cost": 4.0}
    known = {"reference_value": 4.4, "reference_kind": "optimal_verified"}
    own = {"id": "lost_sales/mine", "family": "lost_sales", "parameters": parameters, **known}
    path.write_text(json.dumps([own, {**own, "id": "serial/other", "family": "serial"}]))
    return path


def test_an_instance_of_a_file_is_played_with_its_known_value(run: Run) -> None:
    given = ("--instances", _instances(Path("i.json")), "--parameter", "base_stock.base_stock_level=18")
    found = _played(run, "evaluate", *given, "--id", "lost_sales/mine", "--policy", "base_stock")
    assert found["id"] == "lost_sales/mine"
    (row,) = found["policies"]
    expected = 100 * (row["total"]["mean"] / 4.4 - 1)
    assert row["gap_percent"] == pytest.approx(expected)
    assert row["certificate"] == "exact"


def test_instances_of_a_file_are_listed(run: Run) -> None:
    file = _instances(Path("i.json"))
    result = run("problems", "--instances", file, "--format", "json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)["problems"]
    assert {each["name"]: each["can_be_played"] for each in found} == {
        "lost_sales/mine": True,
        "serial/other": False,
    }
    one = document(run("problems", "--instances", file, "--family", "lost_sales", "--format", "json"))
    assert [each["name"] for each in one["problems"]] == ["lost_sales/mine"]
    assert "the record is wrong and cannot be played" in run("problems", "--instances", file).stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--id", "lost_sales/min"], "Did you mean 'lost_sales/mine'?"),
        (["--id", "serial/other"], "parameter 'lead_times' is missing"),
        ([], "--id is missing"),
        (["--id", "lost_sales/mine", "--problem", "lost_sales"], "or --instances FILE --id ID"),
        (["--id", "lost_sales/mine", "--set", "lead_time=3"], "stands in its file"),
    ],
)
def test_an_instance_that_cannot_be_played_is_refused(run: Run, arguments: list[str], sentence: str) -> None:
    result = run("simulate", "--instances", _instances(Path("i.json")), *arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr
