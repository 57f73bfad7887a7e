"""Items, places, units and money: codes ITM, LOC, UOM, PRC."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import FULL, SMALL, Case, held_for, verify

CASE = {"item_id": "", "from_uom": "CS", "to_uom": "EA", "factor": 12}


def _factors(*rows: Row, unit: str = "CS") -> Export:
    """Order item A in another unit, with these factors."""
    changed = SMALL.put("item_supplier", 0, order_uom=unit, unit_cost="")
    return changed.table("uom_conversion", *rows) if rows else changed


def _ended(**cells: object) -> Export:
    return FULL.put("item", 0, **cells)


def _tree(*parents: str) -> Export:
    """Places L0, L1, ... with these parents."""
    rows = [{"location_id": f"L{index}", "parent_id": parent} for index, parent in enumerate(parents)]
    return (
        SMALL.each("inventory", location_id="L0")
        .each("demand_history", location_id="L0")
        .table("location", *rows)
    )


def _history(item: str, price: object, currency: str) -> Export:
    return (
        SMALL.put("item", 0, currency="USD")
        .put("item", 1, currency="EUR")
        .table("fx_rate", {"date": AS_OF - timedelta(days=2), "from": "EUR", "to": "USD", "rate": 1.25})
        .each("item_supplier", currency="EUR")
        .add("item", 0, item_id=item, unit_cost=price, currency=currency)
        .add("inventory", 0, item_id=item)
    )


LOOP = ({**CASE, "item_id": "A"}, {**CASE, "item_id": "A", "from_uom": "PAL", "to_uom": "CS", "factor": 40})
CASES = [
    Case("ITM-001", SMALL.put("item", 0, base_uom=""), SMALL, "item", 2, "base_uom", "", held="A@MAIN"),
    Case(
        "ITM-002",
        SMALL.add("item", 0, item_id="N", lifecycle="new").add("inventory", 0, item_id="N"),
        SMALL.add("item", 0, item_id="N", lifecycle="new")
        .add("inventory", 0, item_id="N")
        .add("demand_history", 31, item_id="N"),
        "item",
        4,
        "item_id",
        "N",
        action="hold",
        held="N@MAIN",
    ),
    Case(
        "ITM-003",
        _ended(end_date=AS_OF + timedelta(days=10)),
        _ended(end_date=AS_OF + timedelta(days=90)),
        "item",
        2,
        "end_date",
        "2026-03-12",
        rule="14.0 days",
    ),
    Case(
        "ITM-004",
        _ended(lifecycle="ended", end_date="2026-01-01"),
        _ended(lifecycle="ended", end_date=AS_OF).drop("purchase_order", 16),
        "item",
        2,
        "end_date",
        "2026-01-01",
        rule="open orders PO-OPEN/1",
    ),
    Case(
        "ITM-006",
        SMALL.put("item", 0, shelf_life_days=7),
        SMALL.put("item", 0, shelf_life_days=8),
        "item",
        2,
        "shelf_life_days",
        "7",
        held="A@MAIN",
    ),
    Case(
        "LOC-001",
        FULL.put("location", 0, timezone="CET+1"),
        FULL,
        "location",
        2,
        "timezone",
        "CET+1",
        action="flag",
    ),
    Case(
        "LOC-002",
        _tree("L1", "L0"),
        _tree("", "L0"),
        "location",
        2,
        "parent_id",
        "L1",
        rule="L0 -> L1",
        count=2,
        held="A@L0 B@L0",
    ),
    Case(
        "LOC-003",
        _tree("", "L0").add("inventory", 0, location_id="L1"),
        _tree("", "L0").add("inventory", 0, location_id="L1", on_hand=0),
        "inventory",
        2,
        "on_hand",
        "100",
        rule="parent 100.0, below it 100.0",
        held="A@L0 A@L1",
    ),
    Case(
        "LOC-004",
        FULL.put("location", 1, type="virtual"),
        FULL,
        "inventory",
        3,
        "on_hand",
        "100",
        count=3,
        new="blocked",
    ),
    Case(
        "UOM-001",
        _factors(),
        _factors(CASE),
        "item_supplier",
        2,
        "order_uom",
        "CS",
        rule="CS into EA",
        held="A@MAIN",
    ),
    Case(
        "UOM-002",
        _factors(*LOOP, {**CASE, "item_id": "A", "from_uom": "PAL", "factor": 500}),
        _factors(*LOOP, {**CASE, "item_id": "A", "from_uom": "PAL", "factor": 480}),
        "uom_conversion",
        4,
        "factor",
        "500",
        rule="PAL to EA is 500, but 480",
        held="A@MAIN",
    ),
    Case(
        "UOM-003",
        _factors({**CASE, "factor": 0}, CASE | {"item_id": "A"}),
        _factors(CASE),
        "uom_conversion",
        2,
        "factor",
        "0",
    ),
    Case(
        "UOM-004",
        _factors({**CASE, "item_id": "A", "factor": 0.0833}),
        _factors({**CASE, "item_id": "A"}),
        "uom_conversion",
        2,
        "factor",
        "0.0833",
        rule="12.0048",
    ),
    Case(
        "UOM-005",
        _factors(unit="KG"),
        _factors(unit="KG").put("item", 0, weight_kg=0.5),
        "item_supplier",
        2,
        "order_uom",
        "KG",
        held="A@MAIN",
    ),
    Case(
        "UOM-006",
        _factors(unit="pcs"),
        _factors(unit="EA"),
        "item_supplier",
        2,
        "order_uom",
        "pcs",
        old="pcs",
        new="EA",
    ),
    Case(
        "UOM-007",
        _factors(CASE, {**CASE, "item_id": "A", "factor": 10}),
        _factors(CASE, {**CASE, "item_id": "A"}),
        "uom_conversion",
        3,
        "factor",
        "10",
        rule="12.0",
    ),
    Case(
        "PRC-001",
        _history("C", 4, ""),
        _history("C", 4, "USD"),
        "item",
        4,
        "currency",
        "",
        action="flag",
        arguments={"currency": "USD"},
    ),
    Case(
        "PRC-002",
        _history("C", 4, "GBP"),
        _history("C", 4, "EUR"),
        "item",
        4,
        "currency",
        "GBP",
        action="flag",
        arguments={"currency": "USD"},
    ),
    Case(
        "PRC-005",
        SMALL.put("item", 0, unit_cost=0).put("item_supplier", 0, unit_cost=""),
        SMALL.put("item", 0, unit_cost=0, free="true"),
        "item",
        2,
        "unit_cost",
        "0",
        new="4.0",
    ),
    Case(
        "PRC-006",
        SMALL.put("item", 0, unit_price=3),
        SMALL.put("item", 0, unit_price=4),
        "item",
        2,
        "unit_price",
        "3",
        rule="4.0",
    ),
    Case(
        "PRC-008",
        SMALL.put("item_supplier", 0, unit_cost=400),
        SMALL.put("item_supplier", 0, unit_cost=400, price_per=100),
        "item_supplier",
        2,
        "unit_cost",
        "400",
        rule="100.0 times",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_path_of_factors_is_found_and_quantities_are_in_base_units(tmp_path: Path) -> None:
    ordered = SMALL.table("uom_conversion", CASE, {**CASE, "from_uom": "PAL", "to_uom": "CS", "factor": 40})
    data = (
        ordered.put("item_supplier", 0, order_uom="PAL", unit_cost="")
        .put("demand_history", 0, uom="CS", qty=2)
        .load(tmp_path)
    )
    assert data.tables["item_supplier"]["factor"].to_list() == [480.0, 1.0]
    assert data.tables["item_supplier"]["order_uom"].to_list() == ["PAL", "EA"]
    assert data.tables["demand_history"].select("qty", "uom").row(0) == (24.0, "EA")
    assert data.quantities["demand_history"]["qty"].balanced


def test_an_assumed_factor_is_explicit_and_flagged(tmp_path: Path) -> None:
    data = _factors().load(tmp_path, assume_factor=3.0)
    assert [(row["severity"], row["action"], row["new"]) for row in of_code(data, "UOM-001")] == [
        ("repair", "repair", "3")
    ]
    assert data.tables["item_supplier"]["factor"][0] == 3.0
    assert "item_supplier.order_uom" in data.assumptions["what"].to_list()
    assert data.flagged["item_id"].to_list() == ["A"]


def test_a_cost_of_zero_takes_the_price_of_the_preferred_source(tmp_path: Path) -> None:
    data = SMALL.put("item", 0, unit_cost=0).load(tmp_path)
    found = of_code(data, "PRC-005")
    assert [(row["severity"], row["old"], row["new"]) for row in found] == [("repair", "0.0", "4.0")]
    assert data.counts["item"].repaired == 1


def test_a_missing_cost_is_filled_and_listed(tmp_path: Path) -> None:
    data = SMALL.put("item", 0, unit_cost="").load(tmp_path)
    assert data.tables["item"]["unit_cost"].to_list() == [4.0, 4.0]
    assert ("item.unit_cost", "price of the preferred source") in data.assumptions.select(
        "what", "value"
    ).rows()


def test_a_price_of_zero_is_no_price(tmp_path: Path) -> None:
    data = SMALL.put("item", 0, unit_price=0).load(tmp_path)
    assert data.tables["item"]["unit_price"].to_list() == [None, 6.0]
    assert [row["column"] for row in of_code(data, "PRC-005")] == ["unit_price"]


def test_prices_are_converted_at_the_nearest_rate(tmp_path: Path) -> None:
    data = _history("C", 4, "EUR").load(tmp_path, currency="USD")
    assert data.tables["item"].select("item_id", "unit_cost", "currency").rows()[2] == ("C", 5.0, "USD")


def test_an_item_without_a_usable_price_is_planned_in_units(tmp_path: Path) -> None:
    data = _history("C", 4, "GBP").load(tmp_path, currency="USD")
    assert held_for(data, "PRC-002") == ""
    assert "PRC-002" in dict(data.flagged.select("item_id", "codes").iter_rows())["C"].split()


def test_the_only_currency_in_use_is_the_reporting_currency(tmp_path: Path) -> None:
    assert FULL.load(tmp_path).currency == "EUR"


def test_stock_of_a_virtual_place_is_not_available(tmp_path: Path) -> None:
    data = FULL.put("location", 1, type="virtual").load(tmp_path)
    shop = data.tables["inventory"].filter(data.tables["inventory"]["location_id"] == "SHOP")
    assert shop["blocked"].to_list() == shop["on_hand"].to_list()


def test_a_wrong_zone_does_not_become_utc(tmp_path: Path) -> None:
    data = FULL.put("location", 0, timezone="CET+1").put("location", 1, timezone="").load(tmp_path)
    assert dict(data.tables["location"].select("location_id", "timezone").iter_rows()) == {
        "DC": None,
        "SHOP": "UTC",
    }
