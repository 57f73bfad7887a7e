"""Cells at the border: codes DAT and NUM, with what happens to their rows."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, verify

SERIAL = (AS_OF - date(1899, 12, 30)).days


def _demand(*changes: Row) -> Export:
    """Change the first rows of the demand history."""
    changed = SMALL
    for index, cells in enumerate(changes):
        changed = changed.put("demand_history", index, **cells)
    return changed


def _written(form: str) -> Export:
    """Write every day of the demand history in another form."""
    rows = SMALL.tables["demand_history"]
    return SMALL.table(
        "demand_history", *[{**row, "bucket_start": row["bucket_start"].strftime(form)} for row in rows]
    )


def _mondays_in_both_halves() -> Export:
    """Days and months both at most 12: undecidable."""
    days = [date(2026, 1, 5), date(2026, 1, 12), date(2026, 2, 2), date(2026, 2, 9)]
    rows = [
        {"bucket_start": day.strftime("%d/%m/%Y"), "item_id": "A", "qty": 5, "qty_kind": "ordered"}
        for day in days
    ]
    return SMALL.table("demand_history", *rows)


SERIALS = SMALL.each("inventory", as_of=SERIAL)
SWAPPED = {10: date(2025, 9, 12), 12: date(2025, 1, 12), 13: date(2025, 1, 12)}
RECEIPTS = [
    {**row, "receipt_date": SWAPPED.get(index, row["receipt_date"])}
    for index, row in enumerate(FULL.tables["receipt"])
]

CASES = [
    Case(
        "DAT-001",
        SERIALS,
        SERIALS.map('source = {date_format = ["excel-1900", "%Y-%m-%d"]}'),
        "inventory",
        2,
        "as_of",
        str(SERIAL),
        rule="2026-03-02",
        action="refuse",
    ),
    Case(
        "DAT-003",
        _mondays_in_both_halves(),
        SMALL,
        "demand_history",
        2,
        "bucket_start",
        "05/01/2026",
        action="refuse",
    ),
    Case(
        "DAT-004",
        _demand({"bucket_start": "10-Nov-2025"}),
        SMALL,
        "demand_history",
        2,
        "bucket_start",
        "10-Nov-2025",
    ),
    Case(
        "DAT-006",
        FULL.put("purchase_order", 0, due_date="Date Not Captured"),
        FULL.put("purchase_order", 0, due_date=""),
        "purchase_order",
        2,
        "due_date",
        "Date Not Captured",
        action="flag",
    ),
    Case(
        "DAT-007",
        _demand({"bucket_start": "2026-02-30"}),
        SMALL,
        "demand_history",
        2,
        "bucket_start",
        "2026-02-30",
    ),
    Case(
        "DAT-008",
        FULL.put("bom", 0, valid_to="9999-12-31"),
        FULL,
        "bom",
        2,
        "valid_to",
        "9999-12-31",
        old="9999-12-31",
        new="",
    ),
    Case(
        "DAT-009",
        _written("%d.%m.%y"),
        SMALL,
        "demand_history",
        2,
        "bucket_start",
        "10.11.25",
        action="refuse",
    ),
    Case(
        "DAT-010",
        SMALL.add("demand_history", 0, bucket_start="2026-03-09"),
        SMALL.add("demand_history", 0, bucket_start=AS_OF),
        "demand_history",
        34,
        "bucket_start",
        "2026-03-09",
        held="A@MAIN",
    ),
    Case(
        "DAT-011",
        FULL.put("location", 1, timezone="America/New_York").each("item", updated_at="2026-01-01 10:00"),
        FULL.put("location", 1, timezone="America/New_York").each(
            "item", updated_at="2026-01-01T10:00:00+01:00"
        ),
        "item",
        2,
        "updated_at",
        "2026-01-01 10:00",
        action="flag",
        count=3,
    ),
    Case(
        "DAT-012",
        SMALL.put("item", 0, updated_at="2026-03-29 02:30").map('source = {timezone = "Europe/Berlin"}'),
        SMALL.put("item", 0, updated_at="2026-03-29 03:30").map('source = {timezone = "Europe/Berlin"}'),
        "item",
        2,
        "updated_at",
        "2026-03-29 02:30",
    ),
    Case(
        "DAT-014",
        SMALL.table(
            "demand_history",
            *[
                {**row, "bucket_start": row["bucket_start"] - timedelta(days=1)}
                for row in SMALL.tables["demand_history"]
            ],
        ),
        SMALL,
        "demand_history",
        2,
        "bucket_start",
        "2025-11-09 Sunday",
        action="refuse",
    ),
    Case(
        "DAT-015",
        FULL.add("demand_history", 0, bucket_start="2025-07-01", bucket="month"),
        FULL,
        "demand_history",
        122,
        "bucket",
        "month",
        held="A@SHOP",
    ),
    Case(
        "DAT-016",
        SMALL.each("inventory", as_of="1772409600"),
        SMALL,
        "inventory",
        2,
        "as_of",
        "1772409600",
        action="refuse",
    ),
    Case(
        "DAT-005",
        FULL.table("receipt", *RECEIPTS),
        FULL,
        "receipt",
        12,
        "receipt_date",
        "2025-09-12",
        rule="day and month",
    ),
    Case("NUM-001", _demand({"qty": "1,5"}), SMALL, "demand_history", 2, "qty", "1,5", action="refuse"),
    Case(
        "NUM-002",
        SMALL.each("inventory", on_hand="1.234"),
        SMALL.each("inventory", on_hand="1.234").map('source = {decimal = ",", thousands = "."}'),
        "inventory",
        2,
        "on_hand",
        "1.234",
        action="refuse",
    ),
    Case(
        "NUM-003",
        SMALL.put("inventory", 0, on_hand="5-").map('source = {signs = "trailing"}'),
        SMALL,
        "inventory",
        2,
        "on_hand",
        "5-",
        new="-5.0",
        severity="repair",
    ),
    Case(
        "NUM-004",
        SMALL.put("inventory", 0, on_hand="NaN"),
        SMALL,
        "inventory",
        2,
        "on_hand",
        "NaN",
        held="A@MAIN",
    ),
    Case("NUM-005", SMALL.put("inventory", 0, on_hand="12 kg"), SMALL, "inventory", 2, "on_hand", "12 kg"),
    Case(
        "NUM-006",
        SMALL.put("item_supplier", 0, order_minimum=-1),
        SMALL.put("item_supplier", 0, order_minimum=0),
        "item_supplier",
        2,
        "order_minimum",
        "-1",
        rule="[0, inf)",
        held="A@MAIN",
    ),
    Case(
        "NUM-007",
        SMALL.put("inventory", 0, on_hand=2.5),
        SMALL.put("inventory", 0, on_hand=2.5).put("item", 0, integer_qty="false"),
        "inventory",
        2,
        "on_hand",
        "2.5",
    ),
    Case("NUM-008", _demand({"qty": 90000}), _demand({"qty": 900}), "demand_history", 2, "qty", "90000"),
    Case(
        "NUM-009",
        FULL.each("item_location", max_stock=9999),
        FULL.each("item_location", max_stock=900),
        "item_location",
        None,
        "max_stock",
        "9999",
        rule="",
    ),
    Case(
        "NUM-010",
        FULL.put("item_location", 0, service_metric="fill_rate", service_target=97.5),
        FULL.put("item_location", 0, service_metric="fill_rate", service_target=0.975),
        "item_location",
        2,
        "service_target",
        "97.5",
        rule="Divide a percentage by 100",
    ),
    Case(
        "NUM-011",
        _demand({"qty": "4.9999999997"}),
        _demand({"qty": 5}),
        "demand_history",
        2,
        "qty",
        "4.9999999997",
        new="5.0",
    ),
    Case("NUM-012", _demand({"qty": 2**24 + 1}), _demand({}), "demand_history", 2, "qty", "16777217"),
    Case(
        "NUM-013",
        SMALL.put("item_supplier", 0, order_maximum=0),
        SMALL,
        "item_supplier",
        None,
        "order_maximum",
        "0",
        rule="1 zeros and 1 blanks",
    ),
    Case(
        "SCH-004", _demand({"qty": "See note"}), SMALL, "demand_history", 2, "qty", "See note", held="A@MAIN"
    ),
    Case(
        "SCH-010",
        FULL.put("purchase_order", 0, status="ERLEDIGT"),
        FULL,
        "purchase_order",
        2,
        "status",
        "ERLEDIGT",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_bad_optional_cell_is_missing_and_its_row_stays(tmp_path: Path) -> None:
    data = SMALL.put("item_supplier", 0, order_minimum="many").load(tmp_path)
    assert [(row["code"], row["action"]) for row in of_code(data, "SCH-004")] == [("SCH-004", "flag")]
    assert data.tables["item_supplier"]["order_minimum"].to_list() == [None, 5.0]
    assert data.flagged["codes"].to_list() == ["SCH-004"]


def test_a_refused_optional_column_leaves_the_rows(tmp_path: Path) -> None:
    data = SMALL.each("item", weight_kg="1,5").load(tmp_path)
    assert [row["key"] for row in of_code(data, "NUM-001")] == ["rows=2"]
    assert data.tables["item"]["weight_kg"].null_count() == 2
    assert data.counts["item"].accepted == 2


def test_a_refused_required_column_takes_every_row_with_it(tmp_path: Path) -> None:
    data = _demand({"qty": "1,5"}).load(tmp_path)
    assert data.counts["demand_history"].quarantined == 32
    assert "RUN-001" in data.issues["code"]


def test_an_undeclared_trailing_minus_is_an_error(tmp_path: Path) -> None:
    found = of_code(SMALL.put("inventory", 0, on_hand="(5)").load(tmp_path), "NUM-003")
    assert [(row["severity"], row["action"]) for row in found] == [("error", "quarantine")]


def test_a_missing_required_number_is_never_zero(tmp_path: Path) -> None:
    data = SMALL.put("inventory", 0, on_hand="").load(tmp_path)
    assert [(row["code"], row["rule"]) for row in of_code(data, "SCH-004")] == [
        ("SCH-004", "on_hand must be given.")
    ]
    assert data.held["codes"].to_list() == ["SCH-004"]


def test_a_declared_week_rule_allows_other_weekdays(tmp_path: Path) -> None:
    rows = [
        {**row, "bucket_start": row["bucket_start"] - timedelta(days=1)}
        for row in SMALL.tables["demand_history"]
    ]
    declared = SMALL.table("demand_history", *rows).map('source = {week_rule = "sunday"}')
    assert of_code(declared.load(tmp_path), "DAT-014") == []
