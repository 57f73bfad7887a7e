"""A seeded injector: plants faults of chosen codes into rows of one item and says where."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.data.clean_export import AS_OF, Export, Row

Change = Callable[[Row], Row]

DIRT: dict[str, tuple[str, Change]] = {
    "SCH-004": ("demand_history", lambda row: {"qty": "See note"}),
    "NUM-004": ("demand_history", lambda row: {"qty": "inf"}),
    "NUM-012": ("demand_history", lambda row: {"qty": 99_999_999}),
    "DAT-007": ("demand_history", lambda row: {"bucket_start": "2026-02-31"}),
    "DAT-010": ("demand_history", lambda row: {"bucket_start": AS_OF + timedelta(weeks=5)}),
    "DEM-001": ("demand_history", lambda row: {"qty": -row["qty"] - 0.5}),
    "SRC-004": ("item_supplier", lambda row: {"lead_time_days": -1}),
    "SRC-002": ("item_supplier", lambda row: {"lead_time_days": ""}),
    "NUM-006": ("item_supplier", lambda row: {"order_minimum": -4}),
    "INV-001": ("inventory", lambda row: {"on_hand": -2}),
    "NUM-005": ("inventory", lambda row: {"on_hand": "12 kg"}),
    "IDN-002": ("inventory", lambda row: {"item_id": "1.00E+05"}),
    "IDN-017": ("item", lambda row: {"description": "=1+1"}),
}
"""Code: table and the cells that break a row."""


@dataclass(frozen=True)
class Plant:
    """One planted fault.

    Parameters
    ----------
    code : str
        What must be found.
    table : str
        Where.
    row : int
        Physical row number.
    """

    code: str
    table: str
    row: int


def many_items(num_items: int) -> Export:
    """Return a clean export of many items."""
    base = Export({})
    for index in range(num_items):
        name = f"I{index:02d}"
        base.tables.setdefault("item", []).append(
            {"item_id": name, "description": name, "base_uom": "EA", "unit_cost": 4, "unit_price": 6}
        )
        base.tables.setdefault("inventory", []).append(
            {"as_of": AS_OF, "item_id": name, "on_hand": 50 + index}
        )
        base.tables.setdefault("item_supplier", []).append(
            {
                "item_id": name, "supplier_id": "S", "lead_time_days": 7, "lead_time_basis": "calendar",
                "order_minimum": 5, "order_multiple": 5, "unit_cost": 4,
            }
        )  # fmt: skip
        for week in range(16):
            base.tables.setdefault("demand_history", []).append(
                {
                    "bucket_start": AS_OF - timedelta(weeks=16 - week), "item_id": name,
                    "qty": 20 + (week * 3 + index) % 7, "qty_kind": "ordered",
                }
            )  # fmt: skip
    return base


def plant(export: Export, seed: int, codes: list[str], items: set[str]) -> tuple[Export, list[Plant]]:
    """Plant one fault of each code into random rows of some items, no row twice.

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
    taken: set[tuple[str, int]] = set()
    for code in codes:
        table, change = DIRT[code]
        free = [
            index
            for index, row in enumerate(export.tables[table])
            if row["item_id"] in items and (table, index) not in taken
        ]
        index = chance.choice(free)
        taken.add((table, index))
        planted.append(Plant(code, table, index + 2))
        export = export.put(table, index, **change(export.tables[table][index]))
    return export, planted
