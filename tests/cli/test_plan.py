"""plan and backtest on the tiny export: documents, run folders, interrupts, gates."""

import csv
import datetime
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import Result

from tests.cli.conftest import Run, document
from tests.cli.export import AS_OF, ITEMS

FILES = {
    *(
        "orders.csv",
        "ledger.csv",
        "marginal.csv",
        "counterfactual.csv",
        "exceptions.csv",
        "issues.csv",
        "kpi.csv",
    ),
    *("projection.parquet", "report.html", "run.json"),
}
FAST = ("--replications", 16, "--currency", "EUR")


@pytest.fixture(scope="module")
def planned(run: Run, export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """One plan, as JSON, and its run folder."""
    folder = tmp_path_factory.mktemp("plan") / "run"
    return run("plan", export, *FAST, "--format", "json", "--out", folder), folder


def _again(folder: Path, export: Path, run: Run, *more: object) -> Result:
    return run("plan", export, *FAST, "--out", folder, *more)


def test_plan_prints_one_document(planned: tuple[Result, Path]) -> None:
    result, folder = planned
    found = document(result)
    assert result.exit_code == 0
    assert found["schema"] == "basestock.plan/1"
    assert {"run", "lines", "line_cost", "value_now", "held", "exceptions"} <= set(found)
    assert found["run"]["folder"] == str(folder)
    assert {line["item_id"] for line in found["lines"]} <= set(ITEMS)
    assert found["line_cost"] == pytest.approx(sum(line["line_cost"] for line in found["lines"]))
    assert found["value_now"] == pytest.approx(sum(line["value_now"] for line in found["lines"]), abs=0.01)
    for part in ("load: ", "plan: ", "write: "):
        assert part in result.stderr


def test_the_run_folder_has_every_file(planned: tuple[Result, Path]) -> None:
    assert {path.name for path in planned[1].iterdir()} == FILES


@pytest.mark.requirement("E-29")
def test_orders_are_a_table_that_material_planning_can_read(planned: tuple[Result, Path]) -> None:
    """Item, place, source, release and receipt day, whole quantities in packs: one planned order a row."""
    rows = list(csv.DictReader((planned[1] / "orders.csv").read_text(encoding="utf-8").splitlines()))
    assert rows
    for row in rows:
        assert row["item_id"] in ITEMS
        assert (row["location_id"], row["source_id"], row["kind"]) == ("MAIN", "ACME", "buy")
        released, received = (datetime.date.fromisoformat(row[day]) for day in ("order_date", "arrival_p50"))
        assert AS_OF <= released < received
        quantity = int(row["qty"])
        assert quantity >= 12
        assert quantity == 6 * int(row["packs"])


def test_the_same_command_writes_the_same_bytes(
    run: Run, export: Path, planned: tuple[Result, Path], tmp_path: Path
) -> None:
    first, again = planned[1], tmp_path / "again"
    assert _again(again, export, run, "--quiet").stderr == ""
    for name in sorted(FILES - {"run.json", "report.html"}):
        assert (again / name).read_bytes() == (first / name).read_bytes(), name
    records = [json.loads((folder / "run.json").read_text()) for folder in (first, again)]
    begun = [datetime.datetime.fromisoformat(record.pop("timings")["started_at"]) for record in records]
    assert begun[0] < begun[1], "the newest run of a day can be told"
    assert records[0] == records[1]


def test_two_runs_into_one_folder_do_not_mix(run: Run, export: Path, planned: tuple[Result, Path]) -> None:
    folder = planned[1]
    before = (folder / "orders.csv").read_bytes()
    other = _again(folder, export, run, "--seed", 9)
    assert other.exit_code == 2
    assert "holds another run" in other.stderr
    assert other.stdout == ""
    assert (folder / "orders.csv").read_bytes() == before
    assert _again(folder, export, run).exit_code == 0, "the same run is written again"
    assert {path.name for path in folder.iterdir()} == FILES


@pytest.mark.slow
def test_of_several_policies_the_first_decides_and_the_others_lie_beside_it(run: Run, export: Path) -> None:
    policies = ("--policy", "base_stock,current", "--policy", "base_stock")
    result = run("plan", export, *FAST, *policies, "--format", "json", "--out", "mine")
    found = document(result)
    assert result.exit_code == 0
    assert found["run"]["policy"] == "base_stock"
    (other,) = found["others"]
    assert (other["policy"], other["folder"]) == ("current", "mine-current")
    rows = list(csv.DictReader((Path("mine-current") / "orders.csv").read_text().splitlines()))
    assert other["num_lines"] == len(rows)
    assert other["line_cost"] == pytest.approx(sum(float(row["line_cost"]) for row in rows))
    assert {path.name for path in Path().iterdir()} == {"mine", "mine-current"}
    text = run("plan", export, *FAST, *policies, "--out", "mine").stdout
    assert "base_stock decides; for comparison, in EUR:" in text
    assert str(Path("mine-current")) in text


def test_every_folder_of_several_policies_must_be_free(run: Run, export: Path) -> None:
    Path("mine-current").mkdir()
    (Path("mine-current") / "notes.txt").write_text("mine")
    result = run("plan", export, "--policy", "marginal,current", "--out", "mine")
    assert result.exit_code == 2
    assert "mine-current is not empty" in result.stderr
    assert not Path("mine").exists()


@pytest.mark.slow
def test_orders_as_rows_are_those_of_the_run_folder(run: Run, export: Path) -> None:
    result = run("plan", export, *FAST, "--format", "csv")
    (folder,) = Path("runs").iterdir()
    assert result.stdout_bytes == (folder / "orders.csv").read_bytes()
    rows = list(csv.DictReader(result.stdout.splitlines()))
    assert folder.name == f"2026-03-02-{rows[0]['run_id'][:8]}"


@pytest.mark.slow
def test_a_person_sees_the_best_lines_and_where_the_report_is(run: Run, export: Path) -> None:
    text = run("plan", export, *FAST, "--out", "mine", "--items", "A-.*").stdout
    assert "A-1" in text
    assert "00420" not in text
    assert text.rstrip().endswith(f"Report: {Path('mine') / 'report.html'}")
    assert "\x1b" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("BHD", 3)])
def test_amounts_have_the_decimals_of_their_currency(
    run: Run, export: Path, currency: str, digits: int
) -> None:
    command = ("plan", export, "--replications", 16, "--currency", currency, "--out", "mine")
    found = document(run(*command, "--format", "json"))
    assert found["value_now"] == pytest.approx(sum(line["value_now"] for line in found["lines"]), abs=1e-9)
    assert found["value_now"] == round(found["value_now"], digits)
    assert f"for {found['line_cost']:,.{digits}f} {currency}, worth" in run(*command).stdout


def test_a_selection_of_nothing_is_refused(run: Run, export: Path) -> None:
    result = run("plan", export, *FAST, "--items", "nothing", "--out", "empty")
    assert result.exit_code == 2
    assert "none of 4 item-locations can be planned" in result.stderr
    assert not Path("empty").exists()


@pytest.mark.slow
def test_data_that_did_not_pass_is_planned_for_a_look_with_code_3(
    run: Run, export: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(export, tmp_path / "dirty")
    with (source / "inventory.csv").open("a") as file:
        file.write("2026-03-02,GHOST,4\n2026-03-02,D-4,-3\n")
    result = run("plan", source, *FAST, "--out", "look")
    assert result.exit_code == 3
    assert "for a first look, not for release" in result.stderr
    assert (Path("look") / "orders.csv").exists()


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _terminate(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("stop", [_interrupt, _terminate], ids=["keyboard", "SIGTERM"])
@pytest.mark.parametrize(
    ("place", "finished"),
    [
        ("basestock.operations.plan.plan", "start, load"),
        ("basestock.operations.run_folder.report_html", "start, load, plan"),
    ],
    ids=["while planning", "while writing"],
)
def test_an_interrupt_leaves_nothing_half_written_and_says_what_was_finished(
    run: Run,
    export: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    finished: str,
    stop: Callable[..., None],
) -> None:
    monkeypatch.setattr(place, stop)
    before = signal.getsignal(signal.SIGTERM)
    result = _again(Path("stopped") / "run", export, run)
    assert result.exit_code == 1
    assert f"interrupted. Finished: {finished}. Written: nothing" in result.stderr
    assert result.stdout == ""
    assert [path for path in Path().rglob("*") if path.is_file()] == []
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.fixture(scope="module")
def backtested(run: Run, export: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    folder = tmp_path_factory.mktemp("backtest") / "out"
    policies = ("--policy", "base_stock,current", "--policy", "marginal", "--horizon", 70)
    return run("backtest", export, *policies, "--format", "json", "--out", folder), folder


@pytest.mark.slow
def test_backtest_prints_one_document(backtested: tuple[Result, Path]) -> None:
    result, folder = backtested
    found = document(result)
    assert result.exit_code == 0
    assert found["schema"] == "basestock.backtest/1"
    assert {"window", "folds", "reference", "policies", "verdict"} <= set(found)
    assert [row["policy"] for row in found["policies"]] == ["base_stock", "current", "marginal"]
    assert all({"total", "terms", "kpis", "versus"} <= set(row) for row in found["policies"])
    assert set(found["policies"][0]["total"]) == {"mean", "half_width", "n"}
    assert (folder / "report.json").read_bytes() == result.stdout_bytes
    assert {path.name for path in folder.iterdir()} == {"report.html", "report.json", "traces.parquet"}


@pytest.mark.slow
def test_traces_add_up_to_the_document(backtested: tuple[Result, Path]) -> None:
    result, folder = backtested
    found = document(result)
    traces = pl.read_parquet(folder / "traces.parquet")
    assert traces.height == 3 * found["window"]["periods"] * found["lines"]
    assert traces.columns[:4] == ["policy", "bucket_start", "item_id", "location_id"]
    assert str(traces["bucket_start"].min()) == found["window"]["start"]
    for row in found["policies"]:
        own = traces.filter(pl.col("policy") == row["policy"])
        for term, estimate in row["terms"].items():
            assert own[f"term.{term}"].sum() == pytest.approx(estimate["mean"], rel=1e-5, abs=1e-5)
        assert (own["ordered"] > 0).sum() == row["kpis"]["order_lines"]["mean"]


@pytest.mark.slow
def test_a_backtest_without_a_place_has_a_folder_named_by_what_was_asked(run: Run, export: Path) -> None:
    command = ("backtest", export, "--policy", "base_stock", "--horizon", 70)
    first = run(*command)
    (folder,) = Path("runs").iterdir()
    identity = json.loads((folder / "report.json").read_text())["run"]["id"]
    assert folder.name == f"{AS_OF}-{identity[:8]}"
    assert first.stdout.rstrip().endswith(f"Report: {folder / 'report.html'}")
    assert run(*command).stdout_bytes == first.stdout_bytes
    assert list(Path("runs").iterdir()) == [folder]
    run(*command, "--seed", 5)
    assert len(list(Path("runs").iterdir())) == 2


@pytest.mark.slow
def test_a_backtest_is_not_mixed_with_another(
    run: Run, export: Path, backtested: tuple[Result, Path]
) -> None:
    folder = backtested[1]
    before = (folder / "report.json").read_bytes()
    other = run("backtest", export, "--policy", "base_stock", "--horizon", 70, "--out", folder)
    assert other.exit_code == 2
    assert "holds another backtest" in other.stderr
    assert (folder / "report.json").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(("bound", "code"), [(-1e9, 0), (1e9, 5)], ids=["met", "missed"])
def test_a_gate_decides_the_exit_code(run: Run, export: Path, bound: float, code: int) -> None:
    Path("gate.toml").write_text(f'require = [{{kpi = "saving", lower_95 = {bound}}}]\n')
    result = run(
        *("backtest", export, "--policy", "base_stock", "--horizon", 70, "--gate", "gate.toml"),
        *("--format", "json"),
    )
    assert result.exit_code == code
    (found,) = document(result)["gate"]
    assert (found["kpi"], found["met"]) == ("saving", code == 0)
    assert ("the gate is not met by base_stock: saving" in result.stderr) == (code == 5)


def test_a_window_that_is_too_short_is_refused(run: Run, export: Path) -> None:
    result = run("backtest", export, "--policy", "base_stock", "--horizon", 7)
    assert result.exit_code == 2
    assert "must have at least 3 x (lead time + review)" in result.stderr
