"""The health report: identities, counts, coverage, what is held and worth how much, what stops."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from basestock.data.check import CheckReport
from basestock.data.dataset import load
from basestock.data.issues import IssueLog
from basestock.data.rules.outcome import RowCounts, check_balance
from tests.data.clean_export import AS_OF, Export, of_code
from tests.data.dirt import many_items
from tests.data.rule_case import FULL, SMALL


def test_a_clean_export_can_be_planned(tmp_path: Path) -> None:
    report = FULL.load(tmp_path).check()
    assert report.counts == {}
    assert report.exit_code == 0
    assert all(each["holds"] for each in report.identities.values())
    assert report.summary().endswith("the data can be planned")
    assert "no findings" in str(report)


def test_the_document_is_plain_json_with_its_parts(tmp_path: Path) -> None:
    document = SMALL.put("inventory", 0, on_hand="x").load(tmp_path).check().to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "basestock.check/1"
    assert document["tables"]["inventory"] == {
        "read": 2, "accepted": 1, "repaired": 0, "quarantined": 1, "folded": 0, "ignored": 0,
    }  # fmt: skip
    assert document["counts"] == {"RUN-002": 1, "SCH-004": 1}
    assert document["held"][0] == {
        "item_id": "A", "location_id": "MAIN", "codes": "SCH-004", "on_hand": None, "open_orders": 0.0,
        "look_by": "2026-03-02",
    }  # fmt: skip
    assert document["exit_code"] == 3


def test_exposure_is_stock_plus_thirty_days_of_demand(tmp_path: Path) -> None:
    flat = SMALL.each("demand_history", qty=14)
    data = flat.put("inventory", 0, reserved=500).load(tmp_path)
    one = 100 * 4 + 30 * 2 * 6
    assert data.check().exposure == {
        "currency": "XXX",
        "total": 2.0 * one,
        "held": 0.0,
        "flagged": float(one),
    }
    assert of_code(data, "INV-003")[0]["exposure"] == one


def test_the_coverage_matrix_names_the_next_file(tmp_path: Path) -> None:
    coverage = SMALL.load(tmp_path).check().coverage
    assert [feature.table for feature in coverage.on] == [
        "item",
        "item_supplier",
        "inventory",
        "demand_history",
    ]
    assert coverage.next is not None and coverage.next.table == "location"
    assert coverage.to_dict()["next"] == {"table": "location", "unlocks": coverage.next.unlocks}
    assert "next: location would switch on" in coverage.text()


@pytest.mark.parametrize("table", ["item", "inventory", "demand_history", "item_supplier"])
def test_a_missing_table_stops_the_run(table: str, tmp_path: Path) -> None:
    data = SMALL.drop(table).load(tmp_path)
    assert table in [row["value"] for row in of_code(data, "RUN-001")]
    assert data.check().exit_code == 3


def test_a_missing_table_names_the_file_that_may_be_it(tmp_path: Path) -> None:
    folder = SMALL.write(tmp_path / "export")
    (folder / "item.csv").rename(folder / "items.csv")
    (folder / "notes.txt").write_text("hello", encoding="utf-8")
    report = load(folder).check()
    assert report.exit_code == 3
    text = report.summary()
    assert "not read, named as no table and in no mapping: items.csv, notes.txt" in text
    assert "item must be present, accepted and not empty; `items.csv` was not read, is it meant?" in text


@pytest.mark.parametrize("data", [b"", b"item_id,base_uom\n", b"\x89PNG\r\n"])
def test_a_refused_table_is_told_from_a_missing_one(data: bytes, tmp_path: Path) -> None:
    folder = SMALL.write(tmp_path / "export")
    (folder / "item.csv").write_bytes(data)
    (stop,) = [row for row in load(folder).check().stops.iter_rows(named=True) if row["value"] == "item"]
    assert stop["rule"].endswith("; its file was refused")


def test_a_file_that_looks_cut_off_flags_what_rests_on_it(tmp_path: Path) -> None:
    data = SMALL.put("item", 0, description="x" * 255).load(tmp_path)
    assert of_code(data, "FIL-005")[0]["file"] == "item.csv"
    assert data.flagged.rows() == [("A", "MAIN", "FIL-005"), ("B", "MAIN", "FIL-005")]


def test_each_finding_of_the_summary_has_its_remedy(tmp_path: Path) -> None:
    text = SMALL.put("item_supplier", 0, lead_time_days=-1).load(tmp_path).check().summary()
    line = next(line for line in text.splitlines() if "SRC-004" in line)
    assert "item_supplier.csv row 2 item=A, supplier=S1 lead_time_days `-1`" in line
    assert "[0, 730]. Correct the lead time" in line
    assert line.endswith("[quarantine]")


def test_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    report = load(tmp_path).check()
    assert report.exit_code == 3
    assert sorted(report.stops["value"]) == ["demand_history", "inventory", "item", "item_supplier"]
    assert "no day known" in report.summary()


def test_too_much_on_hold_stops_the_release(tmp_path: Path) -> None:
    few = many_items(11).put("inventory", 0, on_hand="x")
    assert few.load(tmp_path / "few").check().exit_code == 0
    many = few.put("inventory", 1, on_hand="x")
    data = many.load(tmp_path / "many")
    assert [row["code"] for row in data.check().stops.iter_rows(named=True)] == ["RUN-002"]
    assert of_code(data, "RUN-002")[0]["value"].startswith("2 of 11 item-locations (18.2%), 18")
    assert data.tables["inventory"].height == 9


def test_a_row_that_is_lost_is_our_own_defect(tmp_path: Path) -> None:
    """RUN-003: exit status 1, because the data is not to blame."""
    log = IssueLog()
    check_balance(
        log,
        {"item": RowCounts(3, 2, 0, 0, 0, 0)},
        {"inventory": {"on_hand": RowCounts(1.5, 1.0, 0, 0, 0, 0.5)}},
    )
    assert log.to_frame()["code"].to_list() == ["RUN-003"]
    data = SMALL.load(tmp_path)
    assert CheckReport.of(replace(data, issues=log.to_frame())).exit_code == 1


def test_old_stock_stops_the_run_unless_acknowledged(tmp_path: Path) -> None:
    """RUN-004: older than two review periods."""
    later = {"as_of": AS_OF + timedelta(days=15)}
    data = SMALL.load(tmp_path / "old", **later)
    assert "RUN-004" in data.check().counts
    assert data.check().exit_code == 3
    known = SMALL.map('source = {repairs = ["RUN-004"]}').load(tmp_path / "known", **later)
    assert "RUN-004" not in known.check().counts
    assert "RUN-004" not in SMALL.load(tmp_path / "young", as_of=AS_OF + timedelta(days=14)).check().counts


def test_strict_stops_at_warnings(tmp_path: Path) -> None:
    warned = SMALL.put("inventory", 0, reserved=500)
    assert warned.load(tmp_path / "a").check().exit_code == 0
    assert warned.load(tmp_path / "b", strict=True).check().exit_code == 3
    assert SMALL.load(tmp_path / "c", strict=True).check().exit_code == 0


def test_a_code_of_many_rows_is_one_finding_about_the_file(tmp_path: Path) -> None:
    report = SMALL.each("inventory", reserved=500).load(tmp_path).check()
    row = report.to_frame().row(0, named=True)
    assert (row["code"], row["count"], row["rows"], row["about_source"]) == ("INV-003", 2, 2, True)
    assert "INV-003 warning  2 of 2 rows of inventory.csv" in report.summary()


def test_a_single_finding_names_its_row(tmp_path: Path) -> None:
    summary = SMALL.put("inventory", 0, reserved=500).load(tmp_path).check().summary()
    assert (
        "INV-003 warning  inventory.csv row 2 item=A, location=MAIN, date=2026-03-02 reserved `500`"
        in summary
    )


def test_the_summary_says_what_is_on_hold_and_until_when(tmp_path: Path) -> None:
    summary = SMALL.put("inventory", 0, on_hand="x").load(tmp_path).check().summary()
    assert "A at MAIN: SCH-004; stock unknown, on order 0, look by 2026-03-02" in summary
    assert "stopped: the part that can be planned is for a first look only" in summary
    assert "an order already on its way would be proposed again" in summary


def _with_snapshots(closing: float) -> Export:
    sold = SMALL.each("demand_history", qty_kind="sold")
    opening = AS_OF - timedelta(weeks=1)
    return sold.add("inventory", 0, as_of=opening, on_hand=120).put("inventory", 0, on_hand=closing)


@pytest.mark.parametrize(("closing", "closed"), [(120 - 23, 1), (90, 0)])
def test_stock_follows_from_movements(closing: float, closed: int, tmp_path: Path) -> None:
    movements = _with_snapshots(closing).load(tmp_path).check().identities["movements"]
    assert (movements["checked"], movements["closed"], movements["holds"]) == (1, closed, bool(closed))


def test_receipts_count_as_movements(tmp_path: Path) -> None:
    day = AS_OF - timedelta(days=3)
    order = {
        "po_id": "O", "line_id": 1, "item_id": "A", "location_id": "MAIN", "supplier_id": "S1",
        "order_date": day - timedelta(days=7), "due_date": day, "qty_ordered": 50, "qty_received": 50,
        "status": "closed",
    }  # fmt: skip
    receipt = {"po_id": "O", "line_id": 1, "receipt_date": day, "qty": 50}
    moved = _with_snapshots(120 - 23 + 50).table("purchase_order", order).table("receipt", receipt)
    assert moved.load(tmp_path).check().identities["movements"]["closed"] == 1


def test_the_difference_to_an_earlier_load(tmp_path: Path) -> None:
    before = SMALL.put("inventory", 0, reserved=500).load(tmp_path / "a").write(tmp_path / "before")
    changed = SMALL.put("inventory", 1, blocked=500).add("demand_history", 31, bucket_start=AS_OF)
    now = changed.load(tmp_path / "b", as_of=AS_OF + timedelta(days=7))
    report = now.check(before)
    assert report.changed is not None
    assert (report.changed.new, report.changed.gone) == ({"INV-005": 1}, {"INV-003": 1})
    assert report.changed.rows["demand_history"] == 1
    seen = dict(
        report.changed.history.select(
            "code", pl.concat_str("first_seen", "last_seen", separator=" ")
        ).iter_rows()
    )
    assert seen == {"INV-003": "2026-03-02 2026-03-02", "INV-005": "2026-03-09 2026-03-09"}
    assert "since the load of 2026-03-02" in report.summary()
    assert report.to_dict()["difference"]["since"] == "2026-03-02"


def test_the_load_history_is_carried_on(tmp_path: Path) -> None:
    bad = SMALL.put("inventory", 0, reserved=500)
    folders = [tmp_path / "one", tmp_path / "two"]
    bad.load(tmp_path / "a").write(folders[0])
    bad.load(tmp_path / "b", as_of=AS_OF + timedelta(days=1)).write(folders[1], previous=folders[0])
    third = bad.load(tmp_path / "c", as_of=AS_OF + timedelta(days=2)).check(folders[1])
    assert third.changed is not None
    assert third.changed.new == third.changed.gone == {}
    days = third.changed.history.select("first_seen", "last_seen").row(0)
    assert days == (date(2026, 3, 2), date(2026, 3, 4))
