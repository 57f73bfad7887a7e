"""Identifiers and keys: codes IDN."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.data.clean_export import AS_OF, of_code
from tests.data.rule_case import FULL, SMALL, Case, verify

LONG = "1234567890123450"
LONG_GOOD = "1234567890123456"
PADDED = SMALL.renamed("A", "00123")
CAFE = SMALL.renamed("A", "Caf\u00e9")

CASES = [
    Case(
        "IDN-001",
        PADDED.put("inventory", 0, item_id="123"),
        PADDED,
        "inventory",
        2,
        "item_id",
        "123",
        rule="00123",
        held="",
    ),
    Case(
        "IDN-002", SMALL.put("inventory", 0, item_id="1.00E+12"), SMALL, "inventory", 2, "item_id", "1.00E+12"
    ),
    Case(
        "IDN-003",
        SMALL.renamed("A", LONG),
        SMALL.renamed("A", LONG_GOOD),
        "demand_history",
        2,
        "item_id",
        LONG,
        count=4,
    ),
    Case(
        "IDN-005",
        SMALL.put("item", 0, item_id=" A\u00a0"),
        SMALL,
        "item",
        2,
        "item_id",
        " A\u00a0",
        old=" A\u00a0",
        new="A",
    ),
    Case(
        "IDN-006",
        CAFE.put("item", 0, item_id="Cafe\u0301"),
        CAFE,
        "item",
        2,
        "item_id",
        "Cafe\u0301",
        new="Caf\u00e9",
    ),
    Case(
        "IDN-008",
        SMALL.add("item", 0, item_id="a").add("inventory", 0, item_id="a"),
        SMALL,
        "item",
        2,
        "item_id",
        "A",
        rule="A and a",
        count=2,
    ),
    Case(
        "IDN-009",
        SMALL.put("item", 0, item_id="x" * 101),
        SMALL.renamed("A", "x" * 100),
        "item",
        2,
        "item_id",
        "x" * 80 + "... (101 characters)",
    ),
    Case("IDN-011", SMALL.add("item", 1), SMALL, "item", 4),
    Case(
        "IDN-012",
        SMALL.add("item", 1, unit_cost=99),
        SMALL,
        "item",
        3,
        rule="item.csv row 3, item.csv row 4",
        count=2,
        held="B@MAIN",
    ),
    Case("IDN-013", SMALL.add("demand_history", 3), SMALL, "demand_history", 34),
    Case(
        "IDN-014",
        SMALL.add("inventory", 0, item_id="Z"),
        SMALL,
        "inventory",
        4,
        "item_id",
        "Z",
        rule="must exist in item",
    ),
    Case(
        "IDN-015",
        SMALL.add("demand_history", 0, item_id="POST").map('source = {non_stock = ["POST"]}'),
        SMALL.map('source = {non_stock = ["POST"]}'),
        "demand_history",
        34,
        "item_id",
        "POST",
    ),
    Case(
        "IDN-017",
        SMALL.put("item", 0, description="=HYPERLINK(1)"),
        SMALL.put("item", 0, description="A=1"),
        "item",
        2,
        "description",
        "=HYPERLINK(1)",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_code_is_found_in_the_bad_export_only(case: Case, tmp_path: Path) -> None:
    verify(case, tmp_path)


def test_declared_width_restores_leading_zeros(tmp_path: Path) -> None:
    declared = PADDED.put("inventory", 0, item_id="123").map("source = {pad = {item_id = 5}}")
    data = declared.load(tmp_path)
    assert [(row["old"], row["new"], row["severity"]) for row in of_code(data, "IDN-001")] == [
        ("123", "00123", "repair")
    ]
    assert data.held.height == 0


def test_declared_case_makes_one_item_of_two_spellings(tmp_path: Path) -> None:
    data = SMALL.put("inventory", 0, item_id="a").map('source = {case = "fold"}').load(tmp_path)
    assert data.tables["inventory"]["item_id"].to_list() == ["A", "B"]
    assert of_code(data, "IDN-014") == []


@pytest.mark.parametrize("name", ["NA", "NULL", "None", "nan", "-"])
def test_words_that_look_missing_are_legal_identifiers(name: str, tmp_path: Path) -> None:
    """IDN-004: such a word is text when the item table lists it."""
    data = SMALL.renamed("A", name).load(tmp_path)
    assert data.issues.height == 0
    assert name in data.tables["item"]["item_id"].to_list()


def test_declared_line_key_folds_copies_of_a_transaction(tmp_path: Path) -> None:
    copied = SMALL.each("demand_history", invoice="7").add("demand_history", 3)
    text = 'source = {line_key = {demand_history = ["item_id", "bucket_start", "invoice"]}}'
    declared = copied.map(text).load(tmp_path / "declared")
    assert [(row["action"], row["severity"]) for row in of_code(declared, "IDN-013")] == [("fold", "repair")]
    assert declared.counts["demand_history"].folded == 1
    assert declared.tables["demand_history"].height == 32
    assert copied.load(tmp_path / "silent").tables["demand_history"].height == 33


def test_every_row_of_a_contradiction_is_taken_out(tmp_path: Path) -> None:
    data = SMALL.add("item", 1, unit_cost=99).load(tmp_path)
    assert data.tables["item"]["item_id"].to_list() == ["A"]
    assert data.counts["item"].quarantined == 2
    assert data.quarantine["item"]["unit_cost"].to_list() == ["4", "99"]


def test_a_formula_is_stored_as_it_is(tmp_path: Path) -> None:
    data = SMALL.put("item", 0, description="@SUM(1)").load(tmp_path)
    assert data.tables["item"]["description"][0] == "@SUM(1)"


def test_a_history_with_lines_of_one_day_is_not_summed_silently(tmp_path: Path) -> None:
    double = SMALL.add("demand_history", 0, bucket_start=AS_OF - timedelta(weeks=1), qty=3)
    data = double.load(tmp_path)
    assert {row["row"] for row in of_code(data, "IDN-012")} == {32, 34}


def test_references_of_every_table_are_checked(tmp_path: Path) -> None:
    strange = FULL.put("purchase_order", 0, supplier_id="S9").put("lane", 0, to_location="MOON")
    found = {(row["file"], row["column"], row["value"]) for row in of_code(strange.load(tmp_path), "IDN-014")}
    assert found == {("purchase_order.csv", "supplier_id", "S9"), ("lane.csv", "to_location", "MOON")}
