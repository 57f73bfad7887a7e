"""Bills of material, calendars, overrides: codes BOM, CAL, OVR."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.data.clean_export import AS_OF, Export, Row, of_code
from tests.data.rule_case import SMALL, Case, held_for, verify

LINE = {"parent_id": "B", "component_id": "A", "qty_per": 1, "uom": "EA"}
WEEK = {"calendar_id": "week", "start": "2020-01-01", "weekdays": "1111111", "value": 1, "priority": 5}


def _bom(*rows: Row) -> Export:
    return SMALL.table("bom", *[{**LINE, **row} for row in rows])


def _calendar(*rows: Row, used: str = "week") -> Export:
    supplier = {"supplier_id": "S1", "calendar_id": used}
    return SMALL.table("supplier", supplier).table("calendar_bucket", *[{**WEEK, **row} for row in rows])


def _override(*rows: Row) -> Export:
    row = {
        "override_id": "V1",
        "scope": "item=A",
        "field": "item_supplier.lead_time_days",
        "value": 9,
        "valid_to": "2026-06-01",
        "reason_code": "SUPPLIER_INFO",
        "author": "me",
    }
    return SMALL.table("override", *[{**row, **each} for each in rows])


CASES = [
    Case(
        "BOM-001",
        _bom({}, {"parent_id": "A", "component_id": "B"}),
        _bom({}),
        "bom",
        2,
        "component_id",
        "A",
        rule="A -> B -> A",
        count=2,
        held="A@MAIN B@MAIN",
    ),
    Case("BOM-002", _bom({}, {"parent_id": "A"}), _bom({}), "bom", 3, "component_id", "A", held="A@MAIN"),
    Case("BOM-003", _bom({"component_id": "Z"}), _bom({}), "bom", 2, "component_id", "Z", held="B@MAIN"),
    Case("BOM-004", _bom({"qty_per": -1}), _bom({}), "bom", 2, "qty_per", "-1", rule="(0, inf)"),
    Case(
        "BOM-005",
        _bom({"qty_per": 100}),
        _bom({"qty_per": 100, "base_qty": 100}),
        "bom",
        2,
        "qty_per",
        "100",
        rule="400.0 of 4.0",
    ),
    Case(
        "BOM-006",
        _bom({"valid_to": "2026-01-01"}),
        _bom({"valid_to": "2026-12-31"}),
        "bom",
        2,
        "valid_to",
        "2026-01-01",
        rule="there is none",
        held="B@MAIN",
    ),
    Case(
        "BOM-007",
        _bom({"scrap_fraction": 5}),
        _bom({"scrap_fraction": 0.05}),
        "bom",
        2,
        "scrap_fraction",
        "5",
    ),
    Case(
        "BOM-008",
        _bom({"uom": "BAG"}),
        _bom({"uom": "BAG"}).table(
            "uom_conversion", {"from_uom": "BAG", "to_uom": "EA", "factor": 1, "item_id": "A"}
        ),
        "bom",
        2,
        "uom",
        "BAG",
        rule="BAG into EA",
        held="B@MAIN",
    ),
    Case("BOM-009", _bom({}, {"parent_id": ""}), _bom({}), "bom", 3, "parent_id", "", held=""),
    Case(
        "CAL-001",
        _calendar({"value": 0}),
        _calendar({}),
        "calendar_bucket",
        2,
        "calendar_id",
        "week",
        held="A@MAIN B@MAIN",
    ),
    Case("CAL-002", _calendar({}, used="other"), _calendar({}), "supplier", 2, "calendar_id", "other"),
    Case(
        "CAL-004",
        _calendar({}, {"start": "2026-01-01", "value": 0, "weekdays": "0000001"}),
        _calendar({}, {"start": "2026-01-01", "value": 0, "weekdays": "0000001", "priority": 1}),
        "calendar_bucket",
        3,
        "start",
        "2026-01-01",
    ),
    Case("OVR-001", _override({"valid_to": ""}), _override({}), "override", 2, "valid_to", ""),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_a_component_without_a_source_holds_its_parent(tmp_path: Path) -> None:
    lonely = _bom({"component_id": "C"}).add("item", 0, item_id="C").add("inventory", 0, item_id="C")
    data = lonely.load(tmp_path)
    assert [(row["action"], row["value"]) for row in of_code(data, "BOM-003")] == [("hold", "C")]
    assert held_for(data, "BOM-003") == "B@MAIN"


def test_two_rings_are_told_apart(tmp_path: Path) -> None:
    base = SMALL.add("item", 0, item_id="C").add("item", 0, item_id="D")
    rows = [("A", "B"), ("B", "A"), ("C", "D"), ("D", "C"), ("A", "C")]
    bom = [{**LINE, "parent_id": parent, "component_id": child} for parent, child in rows]
    data = base.table("bom", *bom).load(tmp_path)
    rules = {row["rule"].split("the ring is ")[1] for row in of_code(data, "BOM-001")}
    assert rules == {"A -> B -> A.", "C -> D -> C."}
    assert data.tables["bom"].select("parent_id", "component_id").rows() == [("A", "C")]


def test_quantities_per_parent_are_in_base_units_of_the_component(tmp_path: Path) -> None:
    bag = {"from_uom": "BAG", "to_uom": "EA", "factor": 5, "item_id": "A"}
    data = _bom({"uom": "BAG", "qty_per": 0.2}).table("uom_conversion", bag).load(tmp_path)
    assert data.tables["bom"].select("qty_per", "uom").row(0) == (1.0, "EA")


def test_a_calendar_that_ends_too_early_is_flagged(tmp_path: Path) -> None:
    data = _calendar({"end": AS_OF + timedelta(days=30)}).load(tmp_path)
    assert [(row["column"], row["value"]) for row in of_code(data, "CAL-002")] == [("end", "2026-04-01")]


def test_an_expired_override_is_ignored_and_listed(tmp_path: Path) -> None:
    data = _override({"valid_to": "2026-01-01"}).load(tmp_path)
    assert [(row["severity"], row["action"]) for row in of_code(data, "OVR-001")] == [("warning", "ignore")]
    assert data.counts["override"].ignored == 1


def test_contradicting_overrides_are_both_taken_out(tmp_path: Path) -> None:
    data = _override({}, {"override_id": "V2", "value": 12}).load(tmp_path)
    assert len(of_code(data, "OVR-001")) == 2
    assert data.tables["override"].height == 0


def test_overrides_in_turn_are_fine(tmp_path: Path) -> None:
    turn = _override(
        {"valid_to": "2026-04-01"}, {"override_id": "V2", "value": 12, "valid_from": "2026-04-01"}
    )
    assert turn.load(tmp_path).issues.height == 0


def test_a_made_item_needs_no_supplier(tmp_path: Path) -> None:
    data = _bom({}).drop("item_supplier", 1).load(tmp_path)
    assert data.issues.filter(pl.col("code") == "SRC-001").height == 0
