"""A small export without a fault, and ways to put one fault into it."""

from __future__ import annotations

import copy
import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from basestock.data.dataset import Dataset, load

AS_OF = date(2026, 3, 2)
NUM_WEEKS = 40
FIRST_WEEK = AS_OF - timedelta(weeks=NUM_WEEKS)
ITEMS = ("A", "B", "P")
PLACES = ("DC", "SHOP")
Row = dict[str, Any]


def _demand() -> list[Row]:
    return [
        {
            "bucket_start": FIRST_WEEK + timedelta(weeks=week),
            "bucket": "week",
            "item_id": item,
            "location_id": "SHOP",
            "qty": 20 + (3 * week + 7 * index) % 11,
            "qty_kind": "ordered",
        }
        for week in range(NUM_WEEKS)
        for index, item in enumerate(ITEMS)
    ]


def _orders() -> tuple[list[Row], list[Row]]:
    """Eight closed lines of each supplier, received a week after the order, and one open line."""
    orders: list[Row] = []
    receipts: list[Row] = []
    for index in range(8):
        day = AS_OF - timedelta(days=14 * (index + 1))
        for item, supplier in (("A", "S1"), ("B", "S2")):
            number = f"PO-{supplier}-{index}"
            orders.append(_line(number, item, supplier, day, 40, 40, "closed"))
            receipts.append(
                {
                    "po_id": number,
                    "line_id": "1",
                    "receipt_date": day + timedelta(days=7),
                    "qty": 40,
                    "rejected_qty": 0,
                }
            )
    orders.append(_line("PO-OPEN", "A", "S1", AS_OF - timedelta(days=3), 60, 0, "open"))
    return orders, receipts


def _line(number: str, item: str, supplier: str, day: date, ordered: int, received: int, status: str) -> Row:
    return {
        "po_id": number,
        "line_id": "1",
        "item_id": item,
        "location_id": "DC",
        "supplier_id": supplier,
        "order_date": day,
        "due_date": day + timedelta(days=7),
        "promised_date": day + timedelta(days=7),
        "qty_ordered": ordered,
        "qty_received": received,
        "uom": "EA",
        "unit_price": 4,
        "currency": "EUR",
        "status": status,
        "firm": "true",
    }


def clean_tables() -> dict[str, list[Row]]:
    """Return every table of the export, row by row."""
    orders, receipts = _orders()
    item = {"currency": "EUR", "lifecycle": "active", "integer_qty": "true", "free": "false"}
    source = {
        "location_id": "DC",
        "lead_time_days": 7,
        "lead_time_sd_days": 2,
        "lead_time_basis": "calendar",
        "receiving_days": 0,
        "order_uom": "CS",
        "order_minimum": 1,
        "order_multiple": 1,
        "order_maximum": 100,
        "unit_cost": 48,
        "currency": "EUR",
        "price_per": 1,
        "order_cost": 5,
        "priority": 1,
        "rounding": "up",
    }
    place = {"timezone": "Europe/Berlin", "country": "DE", "calendar_id": "week", "currency": "EUR"}
    return {
        "item": [
            {
                "item_id": "A",
                "description": "Alpha",
                "category": "X",
                "base_uom": "EA",
                "unit_cost": 4,
                "unit_price": 6,
                **item,
            },
            {
                "item_id": "B",
                "description": "Beta",
                "category": "X",
                "base_uom": "EA",
                "unit_cost": 4,
                "unit_price": 7,
                **item,
            },
            {
                "item_id": "P",
                "description": "Parent",
                "category": "Y",
                "base_uom": "EA",
                "unit_cost": 9,
                "unit_price": 15,
                **item,
            },
        ],
        "location": [
            {"location_id": "DC", "name": "Center", "type": "dc", **place},
            {"location_id": "SHOP", "name": "Shop", "type": "store", **place},
        ],
        "supplier": [
            {
                "supplier_id": "S1",
                "name": "One",
                "currency": "EUR",
                "order_days": "1111100",
                "calendar_id": "week",
            },
            {
                "supplier_id": "S2",
                "name": "Two",
                "currency": "EUR",
                "order_days": "1111100",
                "calendar_id": "week",
            },
        ],
        "item_supplier": [
            {"item_id": "A", "supplier_id": "S1", **source},
            {"item_id": "B", "supplier_id": "S2", **source},
        ],
        "lane": [
            {
                "item_id": item_id,
                "from_location": "DC",
                "to_location": "SHOP",
                "lead_time_days": 2,
                "priority": 1,
            }
            for item_id in ITEMS
        ],
        "item_location": [
            {
                "item_id": item_id,
                "location_id": place_id,
                "stocked": "true",
                "review_days": 7,
                "unmet": "lost",
            }
            for item_id in ITEMS
            for place_id in PLACES
        ],
        "inventory": [
            {
                "as_of": AS_OF,
                "item_id": item_id,
                "location_id": place_id,
                "on_hand": 100,
                "reserved": 5,
                "quality_hold": 0,
                "blocked": 0,
            }
            for item_id in ITEMS
            for place_id in PLACES
        ],
        "demand_history": _demand(),
        "purchase_order": orders,
        "receipt": receipts,
        "production_order": [
            {
                "po_id": "MO-1",
                "line_id": "1",
                "item_id": "P",
                "location_id": "DC",
                "resource_id": "R1",
                "order_date": AS_OF - timedelta(days=20),
                "due_date": AS_OF - timedelta(days=10),
                "qty_ordered": 30,
                "qty_received": 29,
                "scrapped_qty": 1,
                "uom": "EA",
                "status": "closed",
            },
        ],
        "calendar_bucket": [
            {"calendar_id": "week", "start": "2020-01-01", "weekdays": "1111111", "value": 1, "priority": 5},
        ],
        "uom_conversion": [
            {"item_id": "A", "from_uom": "CS", "to_uom": "EA", "factor": 12},
            {"item_id": "", "from_uom": "CS", "to_uom": "EA", "factor": 12},
            {"item_id": "", "from_uom": "PAL", "to_uom": "CS", "factor": 40},
        ],
        "bom": [
            {
                "parent_id": "P",
                "component_id": component,
                "qty_per": 1,
                "base_qty": 1,
                "uom": "EA",
                "scrap_fraction": 0,
                "yield": 1,
                "valid_from": "2020-01-01",
            }
            for component in ("A", "B")
        ],
        "operation": [
            {
                "operation_id": "O1",
                "item_id": "P",
                "location_id": "DC",
                "duration_days": 3,
                "setup_hours": 1,
                "resource_id": "R1",
            },
        ],
        "resource": [{"resource_id": "R1", "location_id": "DC", "capacity_hours": 40, "cost_per_hour": 30}],
    }


def small_tables() -> dict[str, list[Row]]:
    """Return the four files of the quick start, without a fault: two items, sixteen weeks."""
    weeks = [AS_OF - timedelta(weeks=16 - week) for week in range(16)]
    source = {"supplier_id": "S1", "lead_time_days": 7, "lead_time_basis": "calendar", "order_minimum": 5}
    return {
        "item": [
            {"item_id": name, "description": name, "base_uom": "EA", "unit_cost": 4, "unit_price": 6}
            for name in "AB"
        ],
        "inventory": [{"as_of": AS_OF, "item_id": name, "on_hand": 100} for name in "AB"],
        "demand_history": [
            {"bucket_start": day, "item_id": name, "qty": 20 + (3 * index) % 7, "qty_kind": "ordered"}
            for index, day in enumerate(weeks)
            for name in "AB"
        ],
        "item_supplier": [{"item_id": name, **source, "order_multiple": 5, "unit_cost": 4} for name in "AB"],
    }


@dataclass(eq=False)
class Export:
    """An export in memory: tables as rows, and optionally a mapping file."""

    tables: dict[str, list[Row]] = field(default_factory=clean_tables)
    mapping: str = ""

    def put(self, table: str, index: int, **cells: Any) -> Export:
        """Change cells of a row; the physical row number is ``index + 2``."""
        changed = copy.deepcopy(self)
        changed.tables[table][index] = {**changed.tables[table][index], **cells}
        return changed

    def each(self, table: str, **cells: Any) -> Export:
        """Change cells of every row of a table."""
        changed = copy.deepcopy(self)
        changed.tables[table] = [{**row, **cells} for row in changed.tables[table]]
        return changed

    def add(self, table: str, index: int = 0, /, **cells: Any) -> Export:
        """Append a row like another one, with other cells."""
        changed = copy.deepcopy(self)
        rows = changed.tables.setdefault(table, [])
        rows.append({**(rows[index] if rows else {}), **cells})
        return changed

    def renamed(self, old: str, new: str) -> Export:
        """Give an item another name everywhere."""
        changed = copy.deepcopy(self)
        for row in (row for rows in changed.tables.values() for row in rows):
            for name in ("item_id", "parent_id", "component_id"):
                if row.get(name) == old:
                    row[name] = new
        return changed

    def table(self, name: str, *rows: Row) -> Export:
        """Replace a table."""
        changed = copy.deepcopy(self)
        changed.tables[name] = list(rows)
        return changed

    def drop(self, table: str, index: int | None = None) -> Export:
        """Remove a row, or the whole table."""
        changed = copy.deepcopy(self)
        if index is None:
            del changed.tables[table]
        else:
            del changed.tables[table][index]
        return changed

    def map(self, text: str) -> Export:
        """Declare something in a mapping file."""
        changed = copy.deepcopy(self)
        changed.mapping = text
        return changed

    def write(self, folder: Path) -> Path:
        """Write the export to a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            write_rows(folder / f"{name}.csv", rows)
        return folder

    def load(self, folder: Path, **arguments: Any) -> Dataset:
        """Write the export and load it."""
        self.write(folder / "export")
        if self.mapping:
            (folder / "map.toml").write_text(self.mapping, encoding="utf-8")
            arguments.setdefault("map", folder / "map.toml")
        return load(folder / "export", **arguments)


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write rows as CSV; columns in order of first appearance."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def of_code(dataset: Dataset, code: str) -> list[Mapping[str, Any]]:
    """Return the findings of one code."""
    return list(
        dataset.issues.filter(pl.col("code") == code).sort("file", "row", "key").iter_rows(named=True)
    )
