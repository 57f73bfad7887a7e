"""The canonical schema: complete, consistent, exported, and written as a workbook that loads."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from basestock.data.codes import catalogue
from basestock.data.frames import BOOKKEEPING
from basestock.data.issues import IssueLog
from basestock.data.names import nearest
from basestock.data.sources import read_source
from basestock.data.tables import OUTPUT_TABLES, TABLES, Column, Table, schema_json
from basestock.data.template import README, template_tables, write_template

INPUTS = """
    item location supplier item_supplier lane item_location inventory inventory_lot demand_history purchase_order
    transfer_order production_order receipt sales_order forecast bom operation resource calendar_bucket
    uom_conversion price fx_rate event supersession storage contract inspection changeover covariate constraint
    override
"""
OUTPUTS = """
    order_proposal ledger marginal counterfactual projection exception issue kpi decision assignment
"""
KEYS = {
    "item": "item_id",
    "item_supplier": "item_id supplier_id location_id valid_from",
    "lane": "item_id from_location to_location valid_from",
    "inventory": "as_of item_id location_id",
    "inventory_lot": "as_of item_id location_id lot_id",
    "demand_history": "bucket_start item_id location_id channel",
    "purchase_order": "po_id line_id schedule_id",
    "transfer_order": "po_id line_id schedule_id",
    "production_order": "po_id line_id schedule_id",
    "receipt": "po_id line_id receipt_date",
    "forecast": "as_of bucket_start item_id location_id quantile",
    "bom": "parent_id component_id valid_from",
    "calendar_bucket": "calendar_id start",
    "uom_conversion": "item_id from_uom to_uom",
    "price": "item_id supplier_id list min_qty valid_from",
    "fx_rate": "date from to",
    "storage": "location_id storage_class",
    "constraint": "scope period metric",
}
EVERY = [*TABLES.values(), *OUTPUT_TABLES.values()]
COLUMNS = [(table, column) for table in EVERY for column in table.columns]


def test_every_table_of_the_specification_is_there():
    assert sorted(TABLES) == sorted(INPUTS.split())
    assert sorted(OUTPUT_TABLES) == sorted(OUTPUTS.split())


@pytest.mark.parametrize("name", KEYS)
def test_keys(name: str):
    assert TABLES[name].key == tuple(KEYS[name].split())


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_names_and_aliases_are_unique_within_a_table(table: Table):
    names = [*table.names, *(alias for column in table.columns for alias in column.aliases)]
    assert len(set(names)) == len(names)
    assert not set(names) & set(BOOKKEEPING)


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_every_column_says_what_it_is(table: Table):
    assert table.title.endswith(".")
    for column in table.columns:
        assert column.description.endswith("."), column.name
        assert re.fullmatch("[a-z][a-z0-9_]*", column.name)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_numbers_have_units_and_enums_have_choices(table: Table):
    for column in table.columns:
        assert (column.type == "enum") == bool(column.choices), column.name
        if column.type == "dec":
            assert column.unit, column.name


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_codes_are_in_the_catalogue_and_references_are_tables(table: Table):
    for column in table.columns:
        assert not column.code or column.code in catalogue()
        assert not column.refers or column.refers in TABLES


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_input_tables_keep_lineage(table: Table):
    assert {"source", "source_id", "updated_at"} <= set(table.names)


def test_histories_keep_when_a_value_was_known():
    assert "known_at" in TABLES["demand_history"]
    assert "known_at" not in TABLES["item"]


def test_the_four_files_of_the_quick_start_have_all_required_columns():
    assert TABLES["item"].required == ("item_id", "base_uom")
    assert TABLES["inventory"].required == ("item_id", "on_hand")
    assert TABLES["demand_history"].required == ("bucket_start", "item_id", "qty", "qty_kind")
    assert TABLES["item_supplier"].required == ("item_id", "supplier_id", "lead_time_days")


def test_a_default_stands_in_for_a_required_column():
    location = TABLES["inventory"]["location_id"]
    assert (location.requirement, location.default, location.required) == ("R", "MAIN", False)


@pytest.mark.parametrize(
    ("table", "header", "column"),
    [
        ("demand_history", "unique_id", "item_id"),
        ("demand_history", "ds", "bucket_start"),
        ("demand_history", "y", "qty"),
        ("item_supplier", "moq", "order_minimum"),
        ("item_supplier", "min_order_qty", "order_minimum"),
        ("item_supplier", "pack_size", "order_multiple"),
        ("lane", "qty_multiple", "order_multiple"),
    ],
)
def test_aliases(table: str, header: str, column: str):
    assert TABLES[table].resolve(header) == column


def test_an_unknown_header_is_no_column():
    assert TABLES["item"].resolve("colour") is None


def test_quantities_are_the_columns_whose_sums_balance():
    names = [column.name for column in TABLES["purchase_order"].columns if column.quantity]
    assert names == ["qty_ordered", "qty_received"]


@pytest.mark.parametrize("table", EVERY, ids=lambda table: table.name)
def test_schema_export_names_every_column(table: Table):
    schema = schema_json(table.name)
    assert list(schema["properties"]) == list(table.names)
    assert schema["required"] == list(table.required)
    assert schema["x-key"] == list(table.key)


def test_schema_export_says_bounds_units_choices_and_defaults():
    properties = schema_json("item_supplier")["properties"]
    assert properties["lead_time_days"]["minimum"] == 0.0
    assert properties["lead_time_days"]["maximum"] == 730.0
    assert properties["order_multiple"]["exclusiveMinimum"] == 0.0
    assert properties["lead_time_basis"]["enum"] == ["calendar", "working", None]
    assert properties["priority"]["default"] == 1
    assert properties["order_minimum"]["x-unit"] == "order_uom"
    assert schema_json("item")["properties"]["free"]["default"] is False


def test_schema_export_of_an_unknown_table_names_the_nearest():
    with pytest.raises(KeyError, match="did you mean `item_supplier`"):
        schema_json("item_suplier")


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda each: each.name)
def test_defaults_are_legal_values(table: Table, column: Column):
    if column.default is None:
        return
    if column.numeric:
        assert column.lower is None or float(column.default) >= column.lower
        assert column.upper is None or float(column.default) <= column.upper
    if column.choices:
        assert column.default in column.choices
    if column.type == "bool":
        assert column.default in ("true", "false")


def test_nearest_name_needs_some_likeness():
    assert nearest("leadtime", ["lead_time_days", "unit_cost"]) == "; did you mean `lead_time_days`?"
    assert nearest("zzz", ["lead_time_days"]) == ""


# --- the example workbook ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.xlsx"
    write_template(path)
    return path


def test_the_workbook_has_a_sheet_for_each_table_of_the_first_tiers(workbook: Path):
    assert {table.tier for table in template_tables()} == {0, 1}
    assert pl.read_excel(workbook, sheet_name=README).height > 100


def test_the_workbook_loads_without_a_finding(workbook: Path):
    log = IssueLog()
    feeds, info = read_source(workbook, mapping=None, log=log)
    assert log.to_frame().height == 0
    assert {feed.table for feed in feeds} == {table.name for table in template_tables()}
    assert [file.sheet for file in info.files if file.status == "ignored"] == [README]


def test_identifiers_of_the_workbook_keep_their_zeros(workbook: Path):
    feeds, _ = read_source(workbook, mapping=None, log=IssueLog())
    item = next(feed for feed in feeds if feed.table == "item")
    assert item.frame["item_id"].to_list() == ["SKU-1001", "00420"]


def test_the_workbook_is_the_same_every_time(workbook: Path, tmp_path: Path):
    write_template(tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == workbook.read_bytes()
