"""The example workbook: one sheet a table of the first tiers, units and meaning beside every header."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from basestock.data.schema.model import Column, Table
from basestock.data.tables import TABLES

README = "README"
"""Name of the sheet that explains the others; it is no table and is ignored on loading."""

_CREATED = datetime(2026, 1, 1)
_DAY = date(2026, 3, 2)

_EXAMPLES: dict[str, list[dict[str, object]]] = {
    "item": [
        {
            "item_id": "SKU-1001", "description": "Coffee beans 1 kg", "category": "Food/Coffee",
            "base_uom": "EA", "unit_cost": 4.0, "unit_price": 5.1,
        },
        {
            "item_id": "00420", "description": "Paper filter", "category": "Food/Coffee", "base_uom": "EA",
            "unit_cost": 0.35, "unit_price": 0.79,
        },
    ],
    "location": [{"location_id": "MAIN", "name": "Main warehouse", "type": "dc", "timezone": "Europe/Berlin"}],
    "supplier": [{"supplier_id": "ACME", "name": "Acme Trading", "currency": "EUR", "order_days": "1111100"}],
    "item_supplier": [
        {
            "item_id": "SKU-1001", "supplier_id": "ACME", "lead_time_days": 14,
            "lead_time_basis": "calendar", "order_uom": "CS",
            "order_minimum": 4, "order_multiple": 1, "unit_cost": 48.0, "currency": "EUR",
        },
        {
            "item_id": "00420", "supplier_id": "ACME", "lead_time_days": 14,
            "lead_time_basis": "calendar", "order_minimum": 200,
            "order_multiple": 100, "unit_cost": 0.35, "currency": "EUR",
        },
    ],
    "item_location": [
        {
            "item_id": "SKU-1001", "location_id": "MAIN", "service_metric": "fill_rate",
            "service_target": 0.975, "min_stock": 40, "max_stock": 120,
        },
    ],
    "inventory": [
        {"as_of": _DAY, "item_id": "SKU-1001", "location_id": "MAIN", "on_hand": 20},
        {"as_of": _DAY, "item_id": "00420", "location_id": "MAIN", "on_hand": 350, "reserved": 50},
    ],
    "demand_history": [
        {
            "bucket_start": _DAY - timedelta(weeks=len(quantities) - week), "bucket": "week",
            "item_id": item, "location_id": "MAIN", "qty": quantity, "qty_kind": "ordered",
        }
        for item, quantities in (
            ("SKU-1001", (25, 30, 28, 26, 33, 27, 31, 24, 29)), ("00420", (98, 121, 104, 117, 99, 110, 96, 130, 104)),
        )
        for week, quantity in enumerate(quantities)
    ],
    "purchase_order": [
        {
            "po_id": "4500001", "line_id": "10", "item_id": "SKU-1001", "location_id": "MAIN",
            "supplier_id": "ACME", "order_date": date(2026, 1, 12), "due_date": date(2026, 1, 26),
            "qty_ordered": 4, "qty_received": 4, "uom": "CS", "unit_price": 48.0, "currency": "EUR",
            "status": "closed",
        },
        {
            "po_id": "4500002", "line_id": "10", "item_id": "00420", "location_id": "MAIN",
            "supplier_id": "ACME", "order_date": date(2026, 2, 23), "due_date": date(2026, 3, 9),
            "qty_ordered": 200, "qty_received": 0, "unit_price": 0.35, "currency": "EUR", "status": "open",
        },
    ],
    "receipt": [{"po_id": "4500001", "line_id": "10", "receipt_date": date(2026, 1, 27), "qty": 4}],
    "calendar_bucket": [
        {
            "calendar_id": "WORK", "start": date(2026, 1, 1), "weekdays": "0000011", "value": 0, "priority": 1,
        },
        {
            "calendar_id": "WORK", "start": date(2026, 4, 3), "end": date(2026, 4, 7), "weekdays": "1111111",
            "value": 0, "priority": 0,
        },
    ],
    "uom_conversion": [{"item_id": "SKU-1001", "from_uom": "CS", "to_uom": "EA", "factor": 12}],
    "price": [
        {
            "item_id": "SKU-1001", "supplier_id": "ACME", "min_qty": quantity, "price": price,
            "currency": "EUR",
        }
        for quantity, price in ((0, 48.0), (20, 45.6))
    ],
}  # fmt: skip

_REQUIREMENTS = {"R": "required", "C": "required for a feature", "O": "optional"}


def template_tables() -> list[Table]:
    """Return the tables of the example workbook: tiers 0 and 1, the needed ones first."""
    return sorted((table for table in TABLES.values() if table.tier in (0, 1)), key=lambda table: table.tier)


def write_template(path: Path) -> None:
    """Write the example workbook.

    Parameters
    ----------
    path : Path
        File to write, ending in ``.xlsx``.

    Notes
    -----
    Each sheet has a header and example rows, so that the workbook itself is a source that loads. The sheet
    `README` lists every column with unit, requirement, default and meaning; headers carry the same as comments.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "Canonical tables", "created": _CREATED})
        styles = {
            "header": book.add_format({"bold": True, "bottom": 1}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        _write_readme(book.add_worksheet(README), styles)
        for table in template_tables():
            _write_table(book.add_worksheet(table.name), table, styles)


def _about(column: Column) -> list[str]:
    """Return requirement, type, unit, default, choices and meaning of a column."""
    kind = " / ".join(column.choices) or column.type
    default = "" if column.default is None else column.default
    return [_REQUIREMENTS[column.requirement], kind, column.unit, default, column.description]


def _write_readme(sheet: Any, styles: dict[str, Any]) -> None:
    rows: list[list[str]] = [["table", "column", "requirement", "type", "unit", "default", "meaning"]]
    for table in template_tables():
        rows.append([table.name, "", "", "", "", "", f"{table.title} Unlocks: {table.unlocks}."])
        rows += [[table.name, column.name, *_about(column)] for column in table.columns]
    for index, row in enumerate(rows):
        for place, text in enumerate(row):
            sheet.write_string(index, place, text, styles["header"] if index == 0 else None)
    sheet.freeze_panes(1, 2)
    for place, width in enumerate((16, 24, 22, 24, 22, 12, 90)):
        sheet.set_column(place, place, width)


def _write_table(sheet: Any, table: Table, styles: dict[str, Any]) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.name, styles["header"])
        words = "\n".join(word for word in _about(column) if word)
        sheet.write_comment(0, place, words, {"author": "", "x_scale": 2})
    for index, row in enumerate(_EXAMPLES[table.name]):
        for place, column in enumerate(table.columns):
            _write_cell(sheet, index + 1, place, row.get(column.name), styles)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.columns) - 1, 16)


def _write_cell(sheet: Any, row: int, place: int, value: object, styles: dict[str, Any]) -> None:
    if isinstance(value, date):
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), styles["day"])
    elif isinstance(value, str):
        sheet.write_string(row, place, value)
    elif value is not None:
        sheet.write_number(row, place, value)
