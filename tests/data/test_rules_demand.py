"""Stock and demand history: codes INV and DEM, and the age of a snapshot."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.data.clean_export import AS_OF, Export, of_code
from tests.data.rule_case import SMALL, Case, verify

LAST = AS_OF - timedelta(weeks=1)
ROWS = SMALL.tables["demand_history"]


def _stock(**cells: object) -> Export:
    return SMALL.put("inventory", 0, **cells)


def _days(count: int, **cells: object) -> Export:
    """Daily demand of item A for so many days before the snapshot."""
    rows = [
        {
            "bucket_start": AS_OF - timedelta(days=index + 1),
            "item_id": "A",
            "qty": 5 + index % 3,
            "qty_kind": "ordered",
            **cells,
        }
        for index in range(count)
    ]
    return SMALL.table("demand_history", *rows)


def _shifted(weeks: int) -> Export:
    """The whole history, some weeks earlier."""
    rows = [{**row, "bucket_start": row["bucket_start"] - timedelta(weeks=weeks)} for row in ROWS]
    return SMALL.table("demand_history", *rows)


CASES = [
    Case("INV-001", _stock(on_hand=-3), _stock(on_hand=0), "inventory", 2, "on_hand", "-3", new="0", held=""),
    Case("INV-002", SMALL.drop("inventory", 0), SMALL, "", None, "on_hand", "", held="A@MAIN"),
    Case("INV-003", _stock(reserved=101), _stock(reserved=100), "inventory", 2, "reserved", "101"),
    Case(
        "INV-004",
        SMALL.add("inventory", 0, on_hand=50),
        SMALL.add("inventory", 0, on_hand=50, as_of=LAST),
        "inventory",
        2,
        "",
        "",
        count=2,
        rule="inventory.csv row 2, inventory.csv row 4",
        held="A@MAIN",
    ),
    Case(
        "INV-005",
        _stock(blocked=60, quality_hold=41),
        _stock(blocked=60, quality_hold=40),
        "inventory",
        2,
        "blocked",
        "60",
    ),
    Case(
        "DEM-001",
        SMALL.put("demand_history", 0, qty=-5),
        SMALL,
        "demand_history",
        2,
        "qty",
        "-5",
        action="repair",
        old="-5.0",
        new="returned_qty 5.0",
    ),
    Case(
        "DEM-002",
        _days(30).add("demand_history", 9, qty=74).add("demand_history", 8, qty=-74),
        _days(30),
        "demand_history",
        32,
        "qty",
        "74",
        count=2,
    ),
    Case(
        "DEM-003",
        SMALL.each("demand_history", qty_kind="sold").put("demand_history", 0, in_stock_fraction=0.5),
        SMALL.put("demand_history", 0, in_stock_fraction=0.5),
        "demand_history",
        2,
        "qty",
        "20",
        rule="0.5 of its time",
    ),
    Case(
        "DEM-004", SMALL.drop("demand_history", 6), SMALL, "", None, "bucket_start", "1 of 16 buckets absent"
    ),
    Case(
        "DEM-005",
        SMALL.put("demand_history", 5, qty_kind="sold"),
        SMALL.each("demand_history", qty_kind="sold"),
        "demand_history",
        7,
        "qty_kind",
        "sold",
        rule="31 ordered, 1 sold",
        action="refuse",
    ),
    Case(
        "DEM-006",
        SMALL.put("demand_history", 0, qty=900),
        SMALL.put("demand_history", 0, qty=900, event_id="E1"),
        "demand_history",
        2,
        "qty",
        "900",
        rule="the median is",
    ),
    Case("DEM-007", _days(27), _days(28), "", None, "bucket_start", "", rule="28.0 days"),
    Case(
        "DEM-008",
        SMALL.add("demand_history", 30, bucket_start=AS_OF),
        SMALL,
        "demand_history",
        34,
        "bucket_start",
        "2026-03-02",
    ),
    Case("DEM-015", SMALL.each("demand_history", qty=0), SMALL, "", None, "qty", "", count=2),
    Case(
        "DEM-017",
        _shifted(12),
        _shifted(2),
        "demand_history",
        None,
        "bucket_start",
        "2025-12-01",
        rule="2 of 2 series",
    ),
    Case(
        "FIL-015",
        SMALL,
        SMALL,
        "inventory",
        None,
        "as_of",
        "2026-03-02",
        arguments={"as_of": AS_OF + timedelta(days=8)},
    ),
]


@pytest.mark.parametrize("case", CASES[:-1], ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_snapshot_older_than_a_review_period_is_flagged(tmp_path: Path) -> None:
    data = SMALL.load(tmp_path / "old", as_of=AS_OF + timedelta(days=8))
    assert [(row["value"], row["severity"]) for row in of_code(data, "FIL-015")] == [
        ("2026-03-02", "warning")
    ]
    assert data.flagged.height == 2
    assert of_code(SMALL.load(tmp_path / "new", as_of=AS_OF + timedelta(days=7)), "FIL-015") == []


def test_gross_demand_and_returns_are_both_kept(tmp_path: Path) -> None:
    returned = SMALL.add("demand_history", 0, qty=-5)
    data = returned.load(tmp_path)
    first = data.tables["demand_history"].filter(item_id="A").row(0, named=True)
    assert (first["qty"], first["returned_qty"]) == (20.0, 5.0)
    assert (data.counts["demand_history"].folded, data.counts["demand_history"].repaired) == (1, 1)
    assert data.quantities["demand_history"]["qty"].balanced


def test_a_lonely_return_leaves_no_negative_demand(tmp_path: Path) -> None:
    data = SMALL.put("demand_history", 0, qty=-5).load(tmp_path)
    first = data.tables["demand_history"].filter(item_id="A").row(0, named=True)
    assert (first["qty"], first["returned_qty"]) == (0.0, 5.0)


def test_a_cancellation_folds_its_order_only(tmp_path: Path) -> None:
    data = _days(30).add("demand_history", 9, qty=74).add("demand_history", 8, qty=-74).load(tmp_path)
    assert data.counts["demand_history"].folded == 2
    assert data.tables["demand_history"].height == 30
    assert "IDN-012" not in data.issues["code"]


def test_a_snapshot_without_stock_explains_a_bucket_without_sales(tmp_path: Path) -> None:
    empty = SMALL.each("demand_history", qty_kind="sold").put("demand_history", 0, qty=0)
    data = empty.add("inventory", 0, as_of=ROWS[0]["bucket_start"] + timedelta(days=2), on_hand=0).load(
        tmp_path
    )
    assert [(row["row"], row["value"]) for row in of_code(data, "DEM-003")] == [(2, "0")]
    assert data.tables["demand_history"]["in_stock_fraction"].drop_nulls().to_list() == [0.0]


@pytest.mark.parametrize("gaps", ["zero", "closed", "missing"])
def test_declared_gaps_are_no_finding(gaps: str, tmp_path: Path) -> None:
    data = SMALL.drop("demand_history", 6).load(tmp_path, gaps=gaps)
    assert data.gaps == gaps
    assert of_code(data, "DEM-004") == []


def test_an_unknown_kind_refuses_the_file(tmp_path: Path) -> None:
    data = SMALL.put("demand_history", 3, qty_kind="guessed").load(tmp_path)
    assert [(row["value"], row["row"]) for row in of_code(data, "DEM-005")] == [("guessed", 5)]
    assert data.counts["demand_history"].quarantined == 32
    assert "SCH-010" not in data.issues["code"]


def test_the_incomplete_bucket_is_marked(tmp_path: Path) -> None:
    data = SMALL.add("demand_history", 30, bucket_start=AS_OF).load(tmp_path)
    rows = data.tables["demand_history"]
    assert rows.filter(~pl.col("complete"))["bucket_start"].to_list() == [AS_OF]


def test_the_newest_of_two_contradicting_stocks_is_used_when_declared(tmp_path: Path) -> None:
    twice = _stock(updated_at="2026-03-01T10:00:00Z").add(
        "inventory", 0, on_hand=50, updated_at="2026-03-01T11:00:00Z"
    )
    data = twice.map('source = {snapshot = "newest"}').load(tmp_path)
    assert data.tables["inventory"].filter(item_id="A")["on_hand"].to_list() == [50.0]
    assert data.held.height == 0


def test_assumed_stock_is_not_missed(tmp_path: Path) -> None:
    data = SMALL.drop("inventory").map('assume = {inventory = "reference"}').load(tmp_path)
    assert data.held.height == 0
    assert ("inventory", "reference") in data.assumptions.select("what", "value").rows()


def test_an_item_that_is_not_stocked_needs_no_stock(tmp_path: Path) -> None:
    row = {"item_id": "A", "location_id": "MAIN", "stocked": "false"}
    data = SMALL.drop("inventory", 0).table("item_location", row).load(tmp_path)
    assert of_code(data, "INV-002") == []


@pytest.mark.parametrize(("step", "bucket"), [(1, "day"), (7, "week")])
def test_the_bucket_is_inferred_from_the_labels(step: int, bucket: str, tmp_path: Path) -> None:
    rows = [{**ROWS[0], "bucket_start": AS_OF - timedelta(days=step * (index + 1))} for index in range(40)]
    assert SMALL.table("demand_history", *rows).load(tmp_path).bucket == bucket


def test_without_any_snapshot_day_history_ends_the_day(tmp_path: Path) -> None:
    undated = [
        {name: cell for name, cell in row.items() if name != "as_of"} for row in SMALL.tables["inventory"]
    ]
    data = SMALL.table("inventory", *undated).load(tmp_path)
    assert data.as_of == AS_OF
    assert [row["rule"] for row in of_code(data, "FIL-015")] == [
        "a snapshot must carry an as_of; 2 rows have none, 2026-03-02 is taken"
    ]
