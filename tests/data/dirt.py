"""A seeded injector: plants faults of chosen codes into rows of some items and says where."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tests.data.clean_export import AS_OF, Export, Row

NUM_WEEKS = 16


@dataclass(frozen=True)
class Fault:
    """How a row breaks.

    Parameters
    ----------
    table : str
        Where.
    change : callable
        The cells that break a row.
    how : {"change", "copy", "drop"}
        Change a row, add a changed copy of it at the end, or leave it out.
    only : callable
        Rows that can break this way.
    """

    table: str
    change: Callable[[Row], Row]
    how: Literal["change", "copy", "drop"] = "change"
    only: Callable[[Row], bool] = lambda row: True


def _open(row: Row) -> bool:
    return row["status"] == "open"


def _closed(row: Row) -> bool:
    return row["status"] == "closed"


DIRT: dict[str, Fault] = {
    "SCH-004": Fault("demand_history", lambda row: {"qty": "See note"}),
    "NUM-004": Fault("demand_history", lambda row: {"qty": "inf"}),
    "NUM-012": Fault("demand_history", lambda row: {"qty": 99_999_999}),
    "DAT-007": Fault("demand_history", lambda row: {"bucket_start": "2026-02-31"}),
    "DAT-010": Fault("demand_history", lambda row: {"bucket_start": AS_OF + timedelta(weeks=5)}),
    "DEM-001": Fault("demand_history", lambda row: {"qty": -row["qty"] - 0.5}),
    "DEM-003": Fault("demand_history", lambda row: {"in_stock_fraction": 0.5}),
    "NUM-010": Fault("demand_history", lambda row: {"in_stock_fraction": 97.5}),
    "IDN-012": Fault("item_supplier", lambda row: {"lead_time_days": 9}, "copy"),
    "IDN-014": Fault("demand_history", lambda row: {"item_id": "ZZZ"}, "copy"),
    "IDN-001": Fault("inventory", lambda row: {"item_id": row["item_id"].lstrip("0")}),
    "IDN-002": Fault("inventory", lambda row: {"item_id": "1.00E+05"}),
    "IDN-017": Fault("item", lambda row: {"description": "=1+1"}),
    "ITM-001": Fault("item", lambda row: {"base_uom": ""}),
    "PRC-001": Fault("item_supplier", lambda row: {"currency": "EURO"}),
    "UOM-001": Fault("item_supplier", lambda row: {"order_uom": "CRATE"}),
    "SRC-001": Fault("item_supplier", lambda row: {}, "drop"),
    "SRC-002": Fault("item_supplier", lambda row: {"lead_time_days": ""}),
    "SRC-003": Fault("item_supplier", lambda row: {"lead_time_days": 0}),
    "SRC-004": Fault("item_supplier", lambda row: {"lead_time_days": -1}),
    "SRC-010": Fault("item_supplier", lambda row: {"order_minimum": 100, "order_multiple": 48, "order_maximum": 100}),
    "NUM-006": Fault("item_supplier", lambda row: {"order_minimum": -4}),
    "INV-001": Fault("inventory", lambda row: {"on_hand": -2}),
    "INV-002": Fault("inventory", lambda row: {}, "drop"),
    "INV-004": Fault("inventory", lambda row: {"on_hand": row["on_hand"] + 1}, "copy"),
    "NUM-005": Fault("inventory", lambda row: {"on_hand": "12 kg"}),
    "PUR-001": Fault("purchase_order", lambda row: {"qty_received": row["qty_ordered"]}, only=_open),
    "PUR-003": Fault(
        "purchase_order",
        lambda row: {"due_date": AS_OF - timedelta(days=40), "order_date": AS_OF - timedelta(days=60)},
        only=_open,
    ),
    "PUR-008": Fault("purchase_order", lambda row: {"po_id": "TWIN"}, "copy", _open),
    "RCP-002": Fault("receipt", lambda row: {"receipt_date": row["receipt_date"] - timedelta(days=90)}),
    "BOM-004": Fault("bom", lambda row: {"qty_per": -1}),
    "BOM-003": Fault("bom", lambda row: {"component_id": "ZZZ"}),
    "BOM-005": Fault("bom", lambda row: {"qty_per": 100}),
    "BOM-008": Fault("bom", lambda row: {"uom": "CRATE"}),
}  # fmt: skip
"""What breaks a row, by code."""


@dataclass(frozen=True)
class Plant:
    """One planted fault.

    Parameters
    ----------
    code : str
        What must be found.
    table : str
        Where.
    row : int or None
        Physical row number; None for a row that was left out.
    item : str
        Item of the row.
    """

    code: str
    table: str
    row: int | None
    item: str


def many_items(num_items: int) -> Export:
    """Return the four files of many items, without a fault."""
    names = [f"I{index:02d}" for index in range(num_items)]
    return Export(_quick_start(names))


def _quick_start(names: list[str]) -> dict[str, list[Row]]:
    source = {
        "supplier_id": "S", "lead_time_days": 7, "lead_time_basis": "calendar", "order_minimum": 5,
        "order_multiple": 5, "unit_cost": 4,
    }  # fmt: skip
    return {
        "item": [
            {"item_id": name, "description": name, "base_uom": "EA", "unit_cost": 4, "unit_price": 6}
            for name in names
        ],
        "inventory": [
            {"as_of": AS_OF, "item_id": name, "on_hand": 50 + index} for index, name in enumerate(names)
        ],
        "item_supplier": [{"item_id": name, **source} for name in names],
        "demand_history": [
            {
                "bucket_start": AS_OF - timedelta(weeks=NUM_WEEKS - week), "item_id": name,
                "qty": 20 + (week * 3 + index) % 7, "qty_kind": "sold",
            }
            for index, name in enumerate(names)
            for week in range(NUM_WEEKS)
        ],
    }  # fmt: skip


def many_tables(num_items: int) -> Export:
    """Return an export with orders, receipts and bills of material of many items, without a fault."""
    names = [f"0{index:02d}" for index in range(num_items)]
    tables = _quick_start(names)
    tables["item_supplier"] = [
        {**row, "currency": "EUR", "order_uom": "EA", "order_maximum": ""} for row in tables["item_supplier"]
    ]
    tables["demand_history"] = [{**row, "in_stock_fraction": 1} for row in tables["demand_history"]]
    tables["purchase_order"] = [line for name in names for line in _lines(name)]
    tables["receipt"] = [
        {"po_id": f"C-{name}", "line_id": "1", "receipt_date": AS_OF - timedelta(days=13), "qty": 20}
        for name in names
    ]
    tables["item"] += [
        {"item_id": f"K{name}", "description": "kit", "base_uom": "EA", "unit_cost": 8, "unit_price": 12}
        for name in names
    ]
    tables["inventory"] += [{"as_of": AS_OF, "item_id": f"K{name}", "on_hand": 3} for name in names]
    tables["bom"] = [
        {"parent_id": f"K{name}", "component_id": name, "qty_per": 2, "uom": "EA"} for name in names
    ]
    return Export(tables)


def _lines(name: str) -> list[Row]:
    line = {
        "line_id": "1", "item_id": name, "location_id": "MAIN", "supplier_id": "S", "qty_ordered": 20,
        "unit_price": 4, "currency": "EUR",
    }  # fmt: skip
    closed = {"order_date": AS_OF - timedelta(days=20), "due_date": AS_OF - timedelta(days=13)}
    fresh = {"order_date": AS_OF - timedelta(days=2), "due_date": AS_OF + timedelta(days=5)}
    return [
        {"po_id": f"C-{name}", **line, **closed, "qty_received": 20, "status": "closed"},
        {"po_id": f"O-{name}", **line, **fresh, "qty_received": 0, "status": "open"},
    ]


def item_of(row: Row) -> str:
    """Return the item a row is about; receipts know it by their order."""
    return str(row.get("item_id") or row.get("component_id") or str(row["po_id"])[2:])


def plant(export: Export, seed: int, codes: list[str], items: set[str]) -> tuple[Export, list[Plant]]:
    """Plant one fault of each code, each into an item of its own, as long as there are items.

    Parameters
    ----------
    export : Export
        A clean export.
    seed : int
        Source of chance.
    codes : list of str
        Keys of `DIRT`.
    items : set of str
        Items that may be touched.
    """
    chance = random.Random(seed)
    planted: list[Plant] = []
    tables = copy.deepcopy(export.tables)
    dropped: list[tuple[str, Row]] = []
    for code, item in zip(codes, chance.sample(sorted(items), len(codes)), strict=True):
        fault = DIRT[code]
        rows = tables[fault.table]
        free = [index for index, row in enumerate(rows) if item_of(row) == item and fault.only(row)]
        index = chance.choice(free)
        row = rows[index]
        if fault.how == "change":
            rows[index] = {**row, **fault.change(row)}
        elif fault.how == "copy":
            rows.append({**row, **fault.change(row)})
            index = len(rows) - 1
        else:
            dropped.append((fault.table, row))
        planted.append(Plant(code, fault.table, None if fault.how == "drop" else index + 2, item))
    lost = [(table, tables[table].index(row) + 2) for table, row in dropped]
    for table, row in dropped:
        tables[table].remove(row)
    return Export(tables), [_moved(each, lost) for each in planted]


def _moved(plant: Plant, lost: list[tuple[str, int]]) -> Plant:
    """Return a plant with the row number it has once dropped rows are gone."""
    if plant.row is None:
        return plant
    before = sum(table == plant.table and number < plant.row for table, number in lost)
    return Plant(plant.code, plant.table, plant.row - before, plant.item)
