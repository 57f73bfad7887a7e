"""What histories, calendars, orders and earlier loads show: late codes of DEM, ITM, UOM, RCP, LEK and neighbors."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from basestock.data.calibration import calibrate
from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, verify

Quantity = Callable[[int, str], float]


def _company(names: str) -> Export:
    """The small export with other items."""
    export = SMALL
    for table in ("item", "inventory", "item_supplier"):
        first = SMALL.tables[table][0]
        export = export.table(table, *({**first, "item_id": name} for name in names))
    return export


def _daily(
    days: int,
    quantity: Quantity,
    names: str = "AB",
    *,
    begin: dict[str, int] | None = None,
    back: int = 0,
    **cells: object,
) -> Export:
    """Daily sales; a series may begin later than the others."""
    rows: list[Row] = [
        {
            "bucket_start": AS_OF - timedelta(days=back + days - day), "bucket": "day", "item_id": name,
            "qty": quantity(day, name), "qty_kind": "sold", **cells,
        }
        for day in range(days)
        for name in names
        if day >= (begin or {}).get(name, 0)
    ]  # fmt: skip
    return _company(names).table("demand_history", *rows)


def _steady(day: int, name: str) -> float:
    return 10 + day % 3


def _closed(export: Export, mask: str = "0000001") -> Export:
    place = {"location_id": "MAIN", "timezone": "America/New_York", "calendar_id": "shop"}
    rest = {"calendar_id": "shop", "start": "2020-01-01", "weekdays": mask, "value": 0, "priority": 1}
    return export.table("location", place).table("calendar_bucket", rest)


def _week(sunday: float, last: float | None = None) -> Quantity:
    """Sales of every day but Sunday; AS_OF is a Monday, so that Sundays are the days 6, 13, ..."""

    def quantity(day: int, name: str) -> float:
        if day == 83 and last is not None and name == "A":
            return last
        return sunday if day % 7 == 6 else 20

    return quantity


def _promoted(price: float) -> Export:
    export = _daily(80, lambda day, name: 100 if day in (40, 41) and name == "A" else 20, net_price=10)
    return export.put("demand_history", 80, net_price=price).put("demand_history", 82, net_price=price)


def _month_end(size: float) -> Export:
    last = [date(2025, 10, 31), date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]
    first = AS_OF - timedelta(days=150)
    return _daily(150, lambda day, name: size if first + timedelta(days=day) in last else 10)


def _customers(share: int) -> Export:
    rows = [
        {
            **row,
            "customer": ("X" if index // 2 % 4 < share else "Y") if index % 2 == 0 else "XYZ"[index // 2 % 3],
        }
        for index, row in enumerate(SMALL.tables["demand_history"])
    ]
    return SMALL.table("demand_history", *rows)


def _counted(closing: float) -> Export:
    order = {**FULL.tables["purchase_order"][6], "location_id": "MAIN", "supplier_id": "S1", "uom": "EA"}
    stock = SMALL.tables["inventory"]
    before = [{**row, "as_of": AS_OF - timedelta(days=10), "on_hand": 200} for row in stock]
    now = [{**stock[0], "on_hand": closing}, stock[1]]
    receipt = FULL.tables["receipt"][6]
    export = _daily(60, lambda day, name: 10 if day % 2 else 10.0)
    return export.table("purchase_order", order).table("receipt", receipt).table("inventory", *before, *now)


def _posted(batched: bool) -> Export:
    line = FULL.tables["purchase_order"][0]
    orders: list[Row] = []
    receipts: list[Row] = []
    for index in range(24):
        day = AS_OF - timedelta(days=180 - 5 * index)
        due = day + timedelta(days=7)
        came = due + timedelta(days=(4 - due.weekday()) % 7) if batched else due
        orders.append(
            {**line, "po_id": f"Q{index}", "order_date": day, "due_date": due, "promised_date": due}
        )
        receipts.append(
            {"po_id": f"Q{index}", "line_id": "1", "receipt_date": came, "qty": 40, "rejected_qty": 0}
        )
    return FULL.table("purchase_order", *orders).table("receipt", *receipts)


def _grossed(price: float) -> Export:
    export = FULL
    for index in range(4):
        export = export.add("purchase_order", 0, po_id=f"G{index}", unit_price=price)
        export = export.add("receipt", 0, po_id=f"G{index}")
    return export


def _ranked(sorted_rows: bool) -> Export:
    names = [f"I{index:02d}" for index in range(40)]
    sales = {name: 10 + (index if sorted_rows else index * 17 % 40) for index, name in enumerate(names)}
    tables = {
        table: [{**SMALL.tables[table][0], "item_id": name} for name in names]
        for table in ("item", "inventory", "item_supplier")
    }
    weeks = [row for row in SMALL.tables["demand_history"] if row["item_id"] == "A"]
    tables["demand_history"] = [
        {**week, "item_id": name, "qty": sales[name]} for week in weeks for name in names
    ]
    return Export(tables)


LOT = {
    "as_of": AS_OF, "item_id": "A", "location_id": "MAIN", "lot_id": "L1", "quantity": 100,
    "received_date": "2026-02-20", "expiry_date": "2026-04-01",
}  # fmt: skip
LOTS = SMALL.table("location", {"location_id": "MAIN", "timezone": "UTC"})
OVERRIDE = {
    "override_id": "o1", "scope": "item=A", "field": "item.unit_cost", "value": 5, "valid_to": "2027-01-01",
    "reason_code": "CASH", "author": "me",
}  # fmt: skip
ROOM = SMALL.each("item", volume_m3=1).table(
    "location", {"location_id": "MAIN", "timezone": "UTC", "capacity": 1000, "capacity_uom": "m3"}
)
HALVES = SMALL.table(
    "demand_history",
    *(
        {**row, "qty": row["qty"] + (0.5 if index % 2 == 0 and index < 12 else 0)}
        for index, row in enumerate(SMALL.tables["demand_history"])
    ),
)

CASES = [
    Case("IDN-016", SMALL.put("item", 0, description="Other", base_uom="KG", unit_price=30, unit_cost=20),
         SMALL.put("item", 0, description="Other", unit_price=30, unit_cost=20), "item", 2, "description", "Other",
         rule="at 5.0 times the price", previous=SMALL),
    Case("IDN-018", SMALL.each("item", note="ann@example.com"), SMALL.each("item", note="blue"), "item", 1, "note",
         "note", rule="`note` is not stored"),
    Case("DAT-002", _daily(30, _steady, back=1462), _daily(30, _steady), "demand_history", 2, "bucket_start",
         str(AS_OF - timedelta(days=1462 + 16)), rule="1,462 days later"),
    Case("DAT-013", _closed(_daily(84, _week(1))), _closed(_daily(84, _week(0))), "demand_history", 14,
         "bucket_start", "+1 hours"),
    Case("DEM-009", _closed(_daily(84, _week(0, 20))), _closed(_daily(84, _week(0))), "demand_history", 168,
         "bucket_start", "2026-03-01", rule="closed on Sunday 2026-03-01"),
    Case("CAL-003", _closed(_daily(84, _week(0)), "1000000"), _closed(_daily(84, _week(0))), "calendar_bucket", 2,
         "weekdays", "1000000", new="0000001"),
    Case("UOM-008", _daily(280, lambda day, name: (12 if name == "A" and day >= 140 else 1) * _steady(day, name)),
         _daily(280, _steady), "demand_history", 282, "qty", "144", rule="unit of 12"),
    Case("DEM-013", _daily(280, lambda day, name: (3 if day >= 140 else 1) * _steady(day, name), "ABCD"),
         _daily(280, _steady, "ABCD"), "demand_history", 2 + 140 * 4, "bucket_start",
         str(AS_OF - timedelta(days=140)), rule="4 of 4 do on"),
    Case("DEM-010", _promoted(5), _promoted(10), "demand_history", 82, "qty", "100", count=2,
         rule="5.0 times the median was sold at 0.5 of the usual price"),
    Case("DEM-012", _month_end(100), _month_end(20), "demand_history", 58, "bucket_start", "7.7"),
    Case("DEM-014", _daily(112, lambda day, name: 100 if name == "B" and day in (60, 61) else 10, begin={"B": 60}),
         _daily(112, _steady, begin={"B": 60}), "demand_history", 63, "qty", "100", rule="fill of a launch"),
    Case("DEM-016", SMALL.add("demand_history", 0, channel="dropship"), SMALL.add("demand_history", 0, channel="web"),
         "demand_history", 34, "channel", "dropship"),
    Case("DEM-018", _customers(3), _customers(2).put("demand_history", 0, customer="Z"), "demand_history", 2,
         "customer", "X", rule="X takes"),
    Case("INV-007", _counted(90), _counted(100), "inventory", 4, "on_hand", "90",
         rule="200.0 + 0.0 - 100.0 is not 90.0"),
    Case("LOT-005", LOTS.table("inventory_lot", LOT, {**LOT, "item_id": "B"}),
         LOTS.table("inventory_lot", LOT, {**LOT, "item_id": "B", "lot_id": "L2"}), "inventory_lot", 2, "lot_id", "L1",
         rule="belongs to A, B", count=2),
    Case("ITM-007", SMALL.put("item", 1, category="Service"), SMALL.put("item", 1, category="Service tools"), "item", 3,
         "category", "Service", held="B@MAIN"),
    Case("ITM-008", SMALL.put("item", 0, category="X/Y").put("item", 1, category="Y/X"),
         SMALL.put("item", 0, category="X/Y").put("item", 1, category="X/Z"), "item", 2, "category", "X/Y",
         rule="X -> Y -> X", count=2, new="ALL"),
    Case("ITM-009", ROOM.put("item", 1, volume_m3=0), ROOM, "item", 3, "volume_m3", "0", new="1.0"),
    Case("ITM-010", HALVES, SMALL, "item", 2, "integer_qty", "", rule="38 % of 16 buckets"),
    Case("PRC-010", _grossed(4.76), _grossed(4), "purchase_order", 19, "unit_price", "1.19"),
    Case("PUR-010", FULL.add("purchase_order", 16, schedule_id="1", qty_ordered=30), FULL, "purchase_order", 18,
         "qty_ordered", "60", new="not counted"),
    Case("UOM-009", FULL.put("purchase_order", 16, line_value=300), FULL.put("purchase_order", 16, line_value=240),
         "purchase_order", 18, "unit_price", "4", new="5.0"),
    Case("RCP-004", _posted(True), _posted(False), "receipt", 2, "receipt_date", "100%", rule="on a Friday"),
    Case("RCP-005", FULL.put("receipt", 0, qty=20).add("receipt", 0, qty=20, receipt_date=AS_OF - timedelta(days=4)),
         FULL, "receipt", 2, "receipt_date", "1"),
    Case("OVR-002", SMALL.table("override", OVERRIDE).put("item", 0, unit_cost=5), SMALL.table("override", OVERRIDE),
         "override", 2, "value", "5", rule="item.unit_cost is 1.25 times", previous=SMALL),
    Case("LEK-005", SMALL.put("demand_history", 0, qty=50), SMALL, "demand_history", 2, "qty", "50.0", previous=SMALL),
    Case("LEK-008", _ranked(True), _ranked(False), "item", 2, "(row number)", "1.00"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_the_history_before_a_migration_is_out_of_fits_unless_confirmed(tmp_path: Path) -> None:
    moved = next(case for case in CASES if case.code == "DEM-013").bad
    twin = calibrate(moved.load(tmp_path / "cut"))
    assert (~pl.Series(twin.history[0]).is_nan()).sum() == 140
    kept = calibrate(moved.map('[source]\nrepairs = ["DEM-013"]\n').load(tmp_path / "kept"))
    assert (~pl.Series(kept.history[0]).is_nan()).sum() == 280


def test_a_value_known_late_is_masked_until_then(tmp_path: Path) -> None:
    day = AS_OF - timedelta(days=28)
    rows = SMALL.put("demand_history", 0, known_at=f"{day}T00:00:00Z").load(tmp_path / "late")
    assert calibrate(rows).known_at[0, :2].tolist() == [84.0, 14.0]
    future = AS_OF + timedelta(days=3)
    data = SMALL.put("demand_history", 4, known_at=f"{future}T00:00:00Z").load(tmp_path / "future")
    assert pl.Series(calibrate(data).history[0]).is_nan().arg_true().to_list() == [2]


def test_a_frame_is_not_on_order(tmp_path: Path) -> None:
    data = next(case for case in CASES if case.code == "PUR-010").bad.load(tmp_path)
    firm = data.tables["purchase_order"].filter(po_id="PO-OPEN").select("schedule_id", "firm").rows()
    assert firm == [(None, False), ("1", True)]


def test_a_lead_time_in_parts_is_weighted_by_quantity(tmp_path: Path) -> None:
    data = next(case for case in CASES if case.code == "RCP-005").bad.load(tmp_path)
    assert of_code(data, "SRC-006") == []
    assert "weighted by quantity" in data.assumptions["value"].to_list()


@pytest.mark.parametrize(("filled", "found"), [(32, 0), (20, 1)])
def test_a_column_that_loses_its_cells_is_flagged(filled: int, found: int, tmp_path: Path) -> None:
    before = SMALL.each("demand_history", net_price=6)
    rows = [
        {**row, "net_price": 6 if index < filled else ""}
        for index, row in enumerate(before.tables["demand_history"])
    ]
    earlier = before.load(tmp_path / "a").write(tmp_path / "a" / "out")
    data = SMALL.table("demand_history", *rows).load(tmp_path / "b", previous=earlier)
    codes = of_code(data, "SCH-007")
    assert [(row["column"], row["value"]) for row in codes] == [("net_price", "38%")][:found]


def test_a_constant_column_in_many_rows_is_flagged(tmp_path: Path) -> None:
    flat = _daily(60, lambda day, name: 10)
    assert [row["column"] for row in of_code(flat.load(tmp_path / "bad"), "SCH-011")] == ["qty"]
    assert of_code(_daily(60, _steady).load(tmp_path / "good"), "SCH-011") == []


def test_personal_data_is_not_stored(tmp_path: Path) -> None:
    data = SMALL.each("item", phone="+49 30 1234567").load(tmp_path)
    assert "attr.phone" not in data.tables["item"].columns
    assert "phone" not in data.feeds[0].source.columns
