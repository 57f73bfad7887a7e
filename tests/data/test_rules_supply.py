"""Sources, lanes, orders, receipts: codes SRC, LAN, PUR, RCP."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, held_for, verify


def _order(index: int = 0, **cells: object) -> Row:
    """Return a closed order line of item A at supplier S1, received after a week."""
    day = AS_OF - timedelta(days=14 * (index + 1))
    return {
        "po_id": f"O{index}",
        "line_id": "1",
        "item_id": "A",
        "supplier_id": "S1",
        "order_date": day,
        "due_date": day + timedelta(days=7),
        "qty_ordered": 10,
        "qty_received": 10,
        "status": "closed",
        **cells,
    }


def _orders(*rows: Row, source: Export = SMALL) -> Export:
    return source.table("purchase_order", *rows)


def _received(days: list[int], lead_time: object = 7) -> Export:
    """Orders of item A received after so many days."""
    rows = [_order(index) for index in range(len(days))]
    receipts = [
        {
            "po_id": row["po_id"],
            "line_id": "1",
            "receipt_date": row["order_date"] + timedelta(days=each),
            "qty": 10,
        }
        for row, each in zip(rows, days, strict=True)
    ]
    return _orders(*rows, source=SMALL.put("item_supplier", 0, lead_time_days=lead_time)).table(
        "receipt", *receipts
    )


def _source(**cells: object) -> Export:
    return SMALL.put("item_supplier", 0, **cells)


def _crossing(spread: int) -> Export:
    """Weekly orders of which every second takes longer."""
    rows = [_order(index, order_date=AS_OF - timedelta(days=7 * index + 40)) for index in range(12)]
    rows = [{**row, "due_date": AS_OF} for row in rows]
    receipts = [
        {
            "po_id": row["po_id"],
            "line_id": "1",
            "receipt_date": row["order_date"] + timedelta(days=7 + spread * (index % 2)),
            "qty": 10,
        }
        for index, row in enumerate(rows)
    ]
    return _orders(*rows, source=SMALL.each("item_supplier", lead_time_days=7 + spread / 2)).table(
        "receipt", *receipts
    )


def _lanes(*pairs: tuple[str, str], lead_time: int = 1, supplier_at: str = "L0") -> Export:
    """Item A is sold at L1 and bought for one place; lanes between places."""
    lanes = [
        {"item_id": "A", "from_location": a, "to_location": b, "lead_time_days": lead_time, "priority": 1 + i}
        for i, (a, b) in enumerate(pairs)
    ]
    base = (
        SMALL.each("inventory", location_id="L1")
        .each("demand_history", location_id="L1")
        .each("item_supplier", location_id=supplier_at)
    )
    base = base.put("item_supplier", 1, location_id="L1")
    return base.table("location", *[{"location_id": f"L{index}"} for index in range(3)]).table("lane", *lanes)


OPEN = _order(
    status="open", qty_received=0, order_date=AS_OF - timedelta(days=3), due_date=AS_OF + timedelta(days=4)
)
CASES = [
    Case("SRC-001", SMALL.drop("item_supplier", 0), SMALL, "demand_history", None, "", "", held="A@MAIN"),
    Case(
        "SRC-002", _source(lead_time_days=""), SMALL, "item_supplier", 2, "lead_time_days", "", held="A@MAIN"
    ),
    Case("SRC-003", _source(lead_time_days=0), SMALL, "item_supplier", 2, "lead_time_days", "0", held=""),
    Case(
        "SRC-004",
        _source(lead_time_days=-1),
        _source(lead_time_days=14),
        "item_supplier",
        2,
        "lead_time_days",
        "-1",
        rule="[0, 730]",
        held="A@MAIN",
    ),
    Case(
        "SRC-005",
        _received([14] * 8, 2),
        _received([14] * 8, 14),
        "item_supplier",
        2,
        "lead_time_days",
        "2",
        rule="factor is 7.0",
        new="14.0",
    ),
    Case(
        "SRC-006",
        _received([14] * 8, 10),
        _received([14] * 8, 12),
        "item_supplier",
        2,
        "lead_time_days",
        "10",
        rule="8 receipts took 14.0 days",
        new="14.0",
    ),
    Case(
        "SRC-007",
        SMALL.each("item_supplier", lead_time_basis=""),
        SMALL,
        "item_supplier",
        None,
        "lead_time_basis",
        "",
    ),
    Case("SRC-008", _crossing(10), _crossing(2), "", None, "", "", rule="pairs crossed"),
    Case(
        "SRC-009",
        _source(order_minimum=9000),
        _source(order_minimum=50),
        "item_supplier",
        2,
        "order_minimum",
        "9000",
        rule="XXX too much",
    ),
    Case(
        "SRC-010",
        _source(order_minimum=100, order_multiple=48, order_maximum=100),
        _source(order_minimum=96, order_multiple=48, order_maximum=100),
        "item_supplier",
        2,
        "order_minimum",
        "100",
        rule="96.0 and 144.0",
        held="A@MAIN",
    ),
    Case(
        "SRC-011",
        _source(order_multiple=0),
        SMALL,
        "item_supplier",
        2,
        "order_multiple",
        "0",
        old="0.0",
        new="",
    ),
    Case(
        "SRC-012",
        SMALL.add("item_supplier", 0, supplier_id="S2"),
        SMALL.add("item_supplier", 0, supplier_id="S2", priority=2),
        "item_supplier",
        2,
        "priority",
        "",
        rule="S1, S2, S1 decides",
    ),
    Case(
        "SRC-013",
        _source(valid_to="2026-01-01"),
        _source(valid_to="2026-12-31"),
        "item_supplier",
        2,
        "valid_to",
        "2026-01-01",
        held="A@MAIN",
    ),
    Case(
        "SRC-014",
        _source(priority=0),
        _source(priority=1),
        "item_supplier",
        2,
        "priority",
        "0",
        action="hold",
        held="A@MAIN",
    ),
    Case(
        "SRC-015",
        FULL.put("supplier", 0, order_days="0000000"),
        FULL,
        "supplier",
        2,
        "order_days",
        "0000000",
        held="A@DC",
    ),
    Case("LAN-001", _lanes(("L0", "L1"), ("L1", "L1")), _lanes(("L0", "L1")), "lane", 3, "to_location", "L1"),
    Case(
        "LAN-002",
        _lanes(("L1", "L2"), ("L2", "L1")),
        _lanes(("L0", "L1"), ("L1", "L2"), ("L2", "L1")),
        "",
        None,
        "from_location",
        "",
        held="A@L1",
    ),
    Case(
        "LAN-003",
        _lanes(("L0", "L1"), ("L1", "L2"), ("L2", "L1"), lead_time=0),
        _lanes(("L0", "L1"), ("L1", "L2"), ("L2", "L1")),
        "lane",
        4,
        "lead_time_days",
        "0",
        rule="L1 -> L2",
    ),
    Case("LAN-004", _lanes(("L2", "L1")), _lanes(("L0", "L1")), "", None, "to_location", "", held="A@L1"),
    Case(
        "LAN-005",
        FULL.add("lane", 0, lead_time_days=9),
        FULL,
        "lane",
        2,
        "",
        "",
        count=2,
        rule="lane.csv row 2, lane.csv row 5",
    ),
    Case(
        "LAN-006",
        FULL.put("lane", 0, capacity=0),
        FULL.put("lane", 0, capacity=5),
        "lane",
        2,
        "capacity",
        "0",
    ),
    Case(
        "PUR-001",
        _orders({**OPEN, "qty_received": 10}),
        _orders(OPEN),
        "purchase_order",
        2,
        "qty_received",
        "10",
        rule="10.0 of 10.0",
    ),
    Case(
        "PUR-002",
        _orders(_order(qty_received=12)),
        _orders(_order(qty_received=11)),
        "purchase_order",
        2,
        "qty_received",
        "12",
    ),
    Case(
        "PUR-003",
        _orders({**OPEN, "order_date": "2025-12-01", "due_date": "2026-01-05"}),
        _orders({**OPEN, "order_date": "2025-12-01", "due_date": "2026-02-20"}),
        "purchase_order",
        2,
        "due_date",
        "2026-01-05",
    ),
    Case("PUR-004", _orders({**OPEN, "due_date": ""}), _orders(OPEN), "purchase_order", 2, "due_date", ""),
    Case(
        "PUR-005",
        _orders({**OPEN, "due_date": "2026-01-01"}),
        _orders(OPEN),
        "purchase_order",
        2,
        "due_date",
        "2026-01-01",
        held="A@MAIN",
    ),
    Case(
        "PUR-006", _orders({**OPEN, "qty_ordered": 0}), _orders(OPEN), "purchase_order", 2, "qty_ordered", "0"
    ),
    Case(
        "PUR-007",
        _orders(_order(qty_received=4)),
        _orders(_order()),
        "purchase_order",
        2,
        "qty_received",
        "4",
    ),
    Case(
        "PUR-008",
        _orders(OPEN, {**OPEN, "po_id": "TWIN"}),
        _orders(OPEN, {**OPEN, "po_id": "TWIN", "qty_ordered": 20}),
        "purchase_order",
        2,
        "qty_ordered",
        "10",
        count=2,
        rule="O0/1, TWIN/1",
        held="A@MAIN",
    ),
    Case(
        "PUR-009",
        _orders(
            {**OPEN, "unit_price": 48},
            source=_source(order_uom="CS", unit_cost=48).table(
                "uom_conversion", {"item_id": "A", "from_uom": "CS", "to_uom": "EA", "factor": 12}
            ),
        ),
        _orders(
            {**OPEN, "unit_price": 4},
            source=_source(order_uom="CS", unit_cost=48).table(
                "uom_conversion", {"item_id": "A", "from_uom": "CS", "to_uom": "EA", "factor": 12}
            ),
        ),
        "purchase_order",
        2,
        "qty_ordered",
        "10",
        rule="12.0 base units",
    ),
    Case("RCP-001", _received([7]).add("receipt", 0, po_id="X"), _received([7]), "receipt", 3, "po_id", "X"),
    Case(
        "RCP-002",
        _received([-1]),
        _received([7]),
        "receipt",
        2,
        "receipt_date",
        "2026-02-15",
        rule="2026-02-16",
    ),
    Case(
        "RCP-003",
        _received([7]).put("receipt", 0, qty=-5),
        _received([7]).add("receipt", 0, receipt_date="2026-02-24", qty=-5),
        "receipt",
        2,
        "qty",
        "-5",
    ),
    Case(
        "RCP-006",
        _received([7]).put("receipt", 0, rejected_qty=11),
        _received([7]).put("receipt", 0, rejected_qty=10),
        "receipt",
        2,
        "rejected_qty",
        "11",
    ),
    Case(
        "INV-006",
        _received([7]).put("purchase_order", 0, status="open", qty_received=0).put("receipt", 0, qty=6),
        _received([7]).put("purchase_order", 0, status="open", qty_received=6).put("receipt", 0, qty=6),
        "purchase_order",
        2,
        "qty_received",
        "0",
        old="0.0",
        new="6.0",
    ),
    Case(
        "FIL-016",
        _received([7]).put("receipt", 0, receipt_date=AS_OF + timedelta(days=1)),
        _received([7]),
        "receipt",
        2,
        "receipt_date",
        "2026-03-03",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_missing_lead_time_is_learned_from_eight_receipts(tmp_path: Path) -> None:
    data = _received([5, 6, 7, 8, 7, 6, 8, 7], "").load(tmp_path)
    assert [(row["severity"], row["action"], row["new"]) for row in of_code(data, "SRC-002")] == [
        ("warning", "flag", "7.0")
    ]
    source = data.tables["item_supplier"].row(0, named=True)
    assert (source["lead_time_days"], source["stated_lead_time_days"]) == (7.0, None)
    assert source["lead_time_sd_days"] == pytest.approx(1.035, abs=0.001)
    assert held_for(data, "SRC-002") == ""


def test_a_declared_stated_lead_time_is_kept_and_flagged(tmp_path: Path) -> None:
    data = _received([14] * 8, 10).map('source = {lead_time = "stated"}').load(tmp_path)
    assert data.tables["item_supplier"]["lead_time_days"][0] == 10.0
    assert len(of_code(data, "SRC-006")) == 1


def test_a_multiple_above_the_minimum_is_only_a_warning(tmp_path: Path) -> None:
    data = _source(order_minimum=5, order_multiple=12).load(tmp_path)
    assert [(row["severity"], row["action"]) for row in of_code(data, "SRC-011")] == [("warning", "flag")]
    assert "the least order is 12.0" in of_code(data, "SRC-011")[0]["rule"]


def test_overlapping_lines_of_one_source_contradict_each_other(tmp_path: Path) -> None:
    data = SMALL.add("item_supplier", 0, valid_from="2026-01-01").load(tmp_path)
    assert {row["row"] for row in of_code(data, "IDN-012")} == {2, 4}


def test_lines_of_one_source_in_turn_are_fine(tmp_path: Path) -> None:
    turn = _source(valid_to="2026-01-01").add("item_supplier", 0, valid_from="2026-01-01", valid_to="")
    assert turn.load(tmp_path).issues.height == 0


def test_own_proposals_are_no_twins(tmp_path: Path) -> None:
    rows = [{**OPEN, "source_id": "p1"}, {**OPEN, "po_id": "TWIN", "source_id": "p2"}]
    assert of_code(_orders(*rows).load(tmp_path), "PUR-008") == []


def test_quantities_of_orders_and_receipts_are_in_base_units(tmp_path: Path) -> None:
    cased = _received([7]).put("purchase_order", 0, uom="CS", unit_price=24)
    data = cased.table(
        "uom_conversion", {"item_id": "", "from_uom": "CS", "to_uom": "EA", "factor": 12}
    ).load(tmp_path)
    order = data.tables["purchase_order"].row(0, named=True)
    assert (order["qty_ordered"], order["unit_price"], order["uom"]) == (120.0, 2.0, "EA")
    assert data.tables["receipt"]["qty"].to_list() == [120.0]


def test_held_lines_show_open_orders_and_a_day_to_look(tmp_path: Path) -> None:
    data = _orders(OPEN, source=SMALL.drop("inventory", 0)).load(tmp_path)
    held = data.held.row(0, named=True)
    assert (held["item_id"], held["codes"], held["on_hand"], held["open_orders"]) == (
        "A",
        "INV-002",
        None,
        10.0,
    )
    assert date(2026, 3, 2) <= held["look_by"] <= date(2026, 3, 9)
