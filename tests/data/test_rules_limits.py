"""Limits, lots, price lists, successions, promises and other late rules: codes CON, LOT, LEK and neighbors."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, verify

CONTRACT = {"supplier_id": "S1", "item_id": "A", "start": "2026-01-01", "end": "2027-01-01", "min_take": 3650}
CAP = {"scope": "supplier=S1", "period": "week", "metric": "units", "cap": 70, "hard": "true"}
LOT = {"as_of": AS_OF, "item_id": "A", "location_id": "MAIN", "lot_id": "L1", "quantity": 100}
DATED = {**LOT, "received_date": "2026-02-20", "expiry_date": "2026-04-01"}
PRICE = {"item_id": "A", "supplier_id": "S1", "list": "buy", "min_qty": 1, "price": 4, "currency": "EUR"}
RATE = {"from": "EUR", "to": "USD", "rate": 1.1}
SUCCESSION = {"from_item": "A", "to_item": "B", "switch_date": "2026-05-01"}
PERISHABLE = SMALL.each("item", shelf_life_days=60)
LINE = {"parent_id": "B", "component_id": "A", "qty_per": 1, "uom": "EA"}
MADE = FULL.put("operation", 0, hours_per_unit=1)


def _lots(*rows: Row, export: Export = PERISHABLE) -> Export:
    return export.table("location", {"location_id": "MAIN", "timezone": "UTC"}).table("inventory_lot", *rows)


def _limits(cap: float, **cells: object) -> Export:
    return SMALL.table("contract", CONTRACT).table("constraint", {**CAP, "cap": cap, **cells})


def _order(due_in: int, quantity: float) -> Export:
    """An open production order of so many hours; its resource has 40 a week."""
    return MADE.add(
        "production_order", po_id="MO-2", order_date=AS_OF, due_date=AS_OF + timedelta(days=due_in),
        qty_ordered=quantity, qty_received=0, scrapped_qty=0, status="open",
    )  # fmt: skip


def _promised(spread: int, moved: bool) -> Export:
    """Twenty closed lines whose receipts scatter; a moved promise knows them."""
    closed = FULL.tables["purchase_order"][0]
    orders: list[Row] = []
    receipts: list[Row] = []
    for index in range(20):
        day = AS_OF - timedelta(days=200 - 5 * index)
        came = day + timedelta(days=4 + (7 * index) % spread)
        told = came if moved else day + timedelta(days=7)
        orders.append(
            {
                **closed,
                "po_id": f"P{index}",
                "order_date": day,
                "due_date": day + timedelta(days=7),
                "promised_date": told,
            }
        )
        receipts.append(
            {"po_id": f"P{index}", "line_id": "1", "receipt_date": came, "qty": 40, "rejected_qty": 0}
        )
    return FULL.table("purchase_order", *orders).table("receipt", *receipts)


def _chain(levels: int) -> Export:
    names = ["A", "B", *(f"C{index}" for index in range(levels - 1))]
    rows = [{**SMALL.tables["item"][0], "item_id": name} for name in names]
    lines = [
        {"parent_id": parent, "component_id": child, "qty_per": 1, "uom": "EA"}
        for parent, child in pairwise(names)
    ]
    return SMALL.table("item", *rows).table("bom", *lines)


def _snapshots(first: float) -> Export:
    before = [
        {**row, "as_of": AS_OF - timedelta(days=91), "on_hand": first}
        for row in SMALL.tables["inventory"][:1]
    ]
    return SMALL.table("inventory", *before, *SMALL.tables["inventory"])


CASES = [
    Case("CON-001", _limits(60), _limits(70), "constraint", 2, "cap", "60",
         rule="contract row 2 oblige to 70 base units a week, supplier=S1 allows 60; 10 base units more",
         action="flag", held="A@MAIN"),
    Case("CON-002", _limits(70, hard=""), _limits(70), "constraint", 2, "hard", "", new="true"),
    Case("LOC-005",
         SMALL.table("location", {"location_id": "MAIN", "timezone": "UTC", "capacity": 199, "capacity_uom": "EA"}),
         SMALL.table("location", {"location_id": "MAIN", "timezone": "UTC", "capacity": 200, "capacity_uom": "EA"}),
         "location", 2, "capacity", "199", rule="which takes 200.0 EA"),
    Case("LOT-001", _lots({**DATED, "expiry_date": "2026-03-02"}), _lots(DATED), "inventory_lot", 2, "expiry_date",
         "2026-03-02", rule="expired by 2026-03-02"),
    Case("LOT-002", _lots({**DATED, "expiry_date": "2026-02-19"}), _lots(DATED), "inventory_lot", 2, "expiry_date",
         "2026-02-19", rule="shelf life of 60 days"),
    Case("LOT-003", _lots(LOT), _lots(DATED), "inventory_lot", 2, "expiry_date", ""),
    Case("LOT-004", _lots({**DATED, "quantity": 90}), _lots({**DATED, "quantity": 99}), "inventory", 2, "on_hand",
         "100", rule="they are 90.0"),
    Case("PRC-003", SMALL.table("fx_rate", {**RATE, "date": AS_OF - timedelta(days=36)}),
         SMALL.table("fx_rate", {**RATE, "date": AS_OF - timedelta(days=35)}), "fx_rate", 2, "date", "2026-01-25",
         rule="EUR to USD is 36 days old"),
    Case("PRC-009", SMALL.table("price", PRICE, {**PRICE, "min_qty": 10, "price": 3}),
         SMALL.table("price", PRICE, {**PRICE, "min_qty": 10, "price": 3.9}), "price", 3, "price", "3",
         rule="10.0 units cost 3.0 each, one less cost 4.0 each"),
    Case("PRC-011", SMALL.table("price", {**PRICE, "valid_to": "2026-03-01"}),
         SMALL.table("price", {**PRICE, "valid_to": "2026-03-03"}), "price", 2, "valid_to", "2026-03-01"),
    Case("ITM-005", SMALL.table("supersession", SUCCESSION, {**SUCCESSION, "from_item": "B", "to_item": "A"}),
         SMALL.table("supersession", SUCCESSION), "supersession", 2, "to_item", "B", rule="A -> B -> A", count=2,
         held="A@MAIN B@MAIN"),
    Case("IDN-007", SMALL.renamed("B", "SK\u0410-1"), SMALL.renamed("B", "SKA-1"), "item", 3, "item_id", "SK\u0410-1",
         rule="in one it may be SKA-1"),
    Case("IDN-010", SMALL.add("inventory", item_id="MAR-01"), SMALL.renamed("B", "MAR-01"), "inventory", 4, "item_id",
         "MAR-01", rule="as in item"),
    Case("INV-008", _snapshots(100), _snapshots(101), "inventory", 3, "on_hand", "100",
         rule="the same since 2025-12-01"),
    Case("SRC-016", SMALL.put("item_supplier", 0, expedite_lead_time_days=7, expedite_cost=1),
         SMALL.put("item_supplier", 0, expedite_lead_time_days=6, expedite_cost=1), "item_supplier", 2,
         "expedite_lead_time_days", "7", rule="less than 7.0 days"),
    Case("PUR-011", FULL.put("purchase_order", 16, promised_date=AS_OF + timedelta(days=12)),
         FULL.put("purchase_order", 16, promised_date=AS_OF + timedelta(days=11)), "purchase_order", 18,
         "promised_date", "2026-03-14", rule="7.0 days; it is 8 days later"),
    Case("BOM-010", _chain(21), _chain(20), "bom", 2, "component_id", "21 levels", rule="here are 21 levels"),
    Case("BOM-011", SMALL.table("bom", LINE),
         SMALL.table("bom", LINE).each("item_supplier", priority=1),
         "item_supplier", 3, "priority", "", rule="B is bought from S1"),
    Case("LEK-002", _promised(13, moved=True), _promised(13, moved=False), "purchase_order", 2, "promised_date",
         "2025-08-18", rule="promised_date explains 100.0% of the variance of 20 lead times"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_contract_must_not_ask_for_more_than_it_allows(tmp_path: Path) -> None:
    found = of_code(SMALL.table("contract", {**CONTRACT, "max_take": 3000}).load(tmp_path), "CON-001")
    assert [(row["file"], row["row"], row["value"], row["action"]) for row in found] == [
        ("contract.csv", 2, "3650", "hold")
    ]
    assert "650.0 base units less would do" in found[0]["rule"]


def test_open_orders_must_fit_into_the_hours_of_their_resource(tmp_path: Path) -> None:
    assert of_code(_order(14, 79).load(tmp_path / "good"), "CON-001") == []
    found = of_code(_order(14, 100).load(tmp_path / "bad"), "CON-001")
    assert [(row["row"], row["column"], row["value"]) for row in found] == [(3, "qty_ordered", "100")]
    assert (
        "1 open orders need 101.0 hours of R1 by 2026-03-16, it has 80.0; 21.0 hours more" in found[0]["rule"]
    )


def test_the_smallest_set_of_contracts_is_named(tmp_path: Path) -> None:
    other = {**CONTRACT, "item_id": "B", "min_take": 365}
    data = _limits(60).table("contract", other, CONTRACT).load(tmp_path)
    assert "contract row 3 oblige to 70 base units" in of_code(data, "CON-001")[0]["rule"]


def test_expediting_that_costs_nothing_is_flagged(tmp_path: Path) -> None:
    data = SMALL.put("item_supplier", 0, expedite_lead_time_days=3, expedite_cost=0).load(tmp_path)
    assert [row["column"] for row in of_code(data, "SRC-016")] == ["expedite_cost"]


def test_an_identifier_of_another_alphabet_alone_is_no_fault(tmp_path: Path) -> None:
    assert "IDN-007" not in SMALL.renamed("B", "\u0416\u0410-1").load(tmp_path).issues["code"]
