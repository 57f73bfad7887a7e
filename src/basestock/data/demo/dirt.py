"""Faults planted in a full export, as real exports have them, with a record of each.

Every fault has an item of its own, of low revenue, so that one finding never hides another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from basestock.data.demo.company import Company
from basestock.data.demo.export import ordered_in_cases

Row = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class PlantedFinding:
    """One planted fault.

    Parameters
    ----------
    code : str
        Code that `check` must report.
    table : str
        Table, and stem of the file.
    row : int
        Row of the file, the header being row 1.
    key : str
        Key of the row as a report writes it, in part.
    column : str
        Offending column; empty where the row as a whole is meant.
    value : str
        Offending text.
    """

    code: str
    table: str
    row: int
    key: str
    column: str
    value: str


@dataclass(frozen=True, slots=True)
class _Fault:
    """A cell changed in place, or a row added after row `position` of the clean table.

    Parameters
    ----------
    code, table, column, value : str
        As in `PlantedFinding`.
    position : int
        Row of the clean table.
    added : Row or None
        The whole added row.
    key : str
        As in `PlantedFinding`.
    """

    code: str
    table: str
    position: int
    column: str
    value: str
    key: str
    added: Row | None = None


class _Planter:
    """Chooses rows of clean text tables and describes what is wrong with them."""

    def __init__(self, company: Company, tables: Mapping[str, pl.DataFrame]) -> None:
        self.tables = tables
        self.as_of = company.as_of
        self._items = _victims(company)

    def item(self) -> str:
        """Return an item that has no fault yet."""
        return next(self._items)

    def position(self, table: str, item_id: str, nth: int = 0) -> int:
        """Return the nth row of an item; from the end where negative."""
        rows = (self.tables[table]["item_id"] == item_id).arg_true()
        return int(rows[nth])

    def row(self, table: str, position: int, **changes: str | None) -> Row:
        """Return a copy of a clean row with some cells changed."""
        return {**self.tables[table].row(position, named=True), **changes}

    def cell(self, code: str, table: str, column: str, value: str, nth: int = 0) -> _Fault:
        """Change one cell of a fresh item."""
        item_id = self.item()
        return _Fault(code, table, self.position(table, item_id, nth), column, value, f"item={item_id}")

    def copy(self, code: str, table: str, column: str, nth: int = 0, **changes: str | None) -> _Fault:
        """Add a changed copy of a fresh item's row after it."""
        item_id = self.item()
        position = self.position(table, item_id, nth)
        added = self.row(table, position, **changes)
        key = f"item={added['item_id']}"
        return _Fault(code, table, position, column, added.get(column) or "", key, added)


def _victims(company: Company) -> Iterator[str]:
    """Yield items with one source, bought in units, neither new nor leaving; low revenue first."""
    catalog = company.catalog
    plain = (np.array(catalog.lifecycle) == "active") & (catalog.intro_day < 0)
    plain &= ~ordered_in_cases(catalog) & (catalog.second_supplier < 0)
    for index in np.argsort(catalog.rate * catalog.unit_price, kind="stable").tolist():
        if plain[index]:
            yield catalog.item_id[index]


def _day(day: date) -> str:
    return day.isoformat()


def _master_faults(planter: _Planter) -> Iterator[_Fault]:
    """Yield faults of items, sources and targets."""
    yield planter.copy("IDN-011", "item", "")
    yield planter.copy("IDN-011", "item", "")
    yield planter.cell("IDN-017", "item", "description", "=SUM(A1:A9)")
    yield planter.cell("PRC-005", "item", "unit_cost", "0")
    yield planter.copy("ITM-001", "item", "base_uom", item_id="NEW-0001", base_uom=None)
    yield planter.cell("SRC-004", "item_supplier", "lead_time_days", "-1")
    yield planter.cell("UOM-001", "item_supplier", "order_uom", "PAL")
    yield planter.cell("UOM-001", "item_supplier", "order_uom", "BX")
    yield planter.cell("NUM-005", "item_supplier", "lead_time_days", "3 days")
    yield planter.cell("NUM-010", "item_location", "service_target", "97.5")


def _infeasible_terms(planter: _Planter) -> Iterator[_Fault]:
    """Yield a source whose minimum, multiple and maximum no quantity satisfies: three cells, one finding."""
    item_id = planter.item()
    position = planter.position("item_supplier", item_id)
    for column, value in (("order_multiple", "48"), ("order_maximum", "100"), ("order_minimum", "100")):
        code = "SRC-010" if column == "order_minimum" else ""
        yield _Fault(code, "item_supplier", position, column, value, f"item={item_id}")


def _stock_faults(planter: _Planter) -> Iterator[_Fault]:
    """Yield faults of the stock."""
    yield planter.cell("INV-001", "inventory", "on_hand", "-4")
    yield planter.cell("INV-001", "inventory", "on_hand", "-1")
    for blanks in (" ", "\u00a0"):
        item_id = planter.item()
        position = planter.position("inventory", item_id)
        yield _Fault("IDN-005", "inventory", position, "item_id", item_id + blanks, f"item={item_id}")
    yield planter.copy("INV-004", "inventory", "", on_hand="999")


def _demand_faults(planter: _Planter) -> Iterator[_Fault]:
    """Yield faults of the demand history."""
    for days in (10, 40):
        future = _day(planter.as_of + timedelta(days=days))
        yield planter.copy("DAT-010", "demand_history", "bucket_start", -1, bucket_start=future)
    yield planter.copy("IDN-014", "demand_history", "item_id", -1, item_id="OLD-0815", qty="2")
    yield planter.cell("FIL-021", "demand_history", "qty", "#N/A", -30)
    yield planter.cell("DEM-001", "demand_history", "qty", "-3", -20)


def _order_line(planter: _Planter, number: int, **changes: str | None) -> tuple[int, Row, str]:
    """Return an added order line for a fresh item: position of the last line, the row and its key."""
    item_id = planter.item()
    stock = planter.row("inventory", planter.position("inventory", item_id))
    source = planter.row("item_supplier", planter.position("item_supplier", item_id))
    added: Row = {
        "po_id": f"PO-9{number:05d}",
        "line_id": "1",
        "item_id": item_id,
        "location_id": stock["location_id"],
        "supplier_id": source["supplier_id"],
        "order_date": _day(planter.as_of - timedelta(days=6)),
        "due_date": _day(planter.as_of + timedelta(days=6)),
        "qty_ordered": "20",
        "qty_received": "0",
        "uom": "EA",
        "unit_price": source["unit_cost"],
        "status": "open",
    }
    return planter.tables["purchase_order"].height - 1, {**added, **changes}, f"po={added['po_id']}"


def _order_faults(planter: _Planter) -> Iterator[_Fault]:
    """Yield faults of orders and receipts; all are added lines, so that no true delivery is touched."""
    as_of = planter.as_of
    week_before, long_ago = _day(as_of - timedelta(days=13)), _day(as_of - timedelta(days=75))
    overdue = _day(as_of - timedelta(days=60))
    lines = (
        ("PUR-005", "due_date", {"due_date": week_before}),
        ("SCH-010", "status", {"status": "ERLEDIGT"}),
        ("PUR-002", "qty_received", {"qty_received": "26", "order_date": week_before, "status": "closed"}),
        ("PUR-003", "due_date", {"order_date": long_ago, "due_date": overdue}),
    )
    for number, (code, column, changes) in enumerate(lines, start=1):
        position, added, key = _order_line(planter, number, **changes)
        yield _Fault(code, "purchase_order", position, column, added[column] or "", key, added)
    last = planter.tables["receipt"].height - 1
    stray: Row = {
        "po_id": "PO-800001",
        "line_id": "1",
        "receipt_date": week_before,
        "qty": "5",
        "rejected_qty": "0",
    }
    yield _Fault("RCP-001", "receipt", last, "po_id", "PO-800001", "po=PO-800001", stray)


def _applied(table: pl.DataFrame, faults: list[_Fault]) -> tuple[pl.DataFrame, list[int]]:
    """Return the table with its faults and the row of the file of each."""
    width = len(faults) + 1
    order = [fault.position * width for fault in faults]
    pieces = [table.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) * width).alias("_order"))]
    for number, fault in enumerate(faults):
        if fault.added is None:
            here = pl.col("_order") == order[number]
            changed = pl.when(here).then(pl.lit(fault.value)).otherwise(pl.col(fault.column))
            pieces[0] = pieces[0].with_columns(changed.alias(fault.column))
        else:
            order[number] += number + 1
            pieces.append(pl.DataFrame([{**fault.added, "_order": order[number]}], schema=pieces[0].schema))
    dirty = pl.concat(pieces).sort("_order")
    rows = [int(row) + 2 for row in dirty["_order"].search_sorted(pl.Series(order))]
    return dirty.drop("_order"), rows


def plant(
    company: Company, tables: Mapping[str, pl.DataFrame]
) -> tuple[dict[str, pl.DataFrame], list[PlantedFinding]]:
    """Return the tables with faults planted, and the record of the faults by table and row.

    Parameters
    ----------
    company : Company
        Whose export it is.
    tables : mapping of str to DataFrame
        Every clean table.

    Returns
    -------
    tuple
        Tables, those with faults as text; planted findings.
    """
    touched = (
        "item",
        "inventory",
        "demand_history",
        "item_supplier",
        "item_location",
        "purchase_order",
        "receipt",
    )
    text = {name: tables[name].cast(pl.String) for name in touched}
    planter = _Planter(company, text)
    faults = [
        *_master_faults(planter),
        *_infeasible_terms(planter),
        *_stock_faults(planter),
        *_demand_faults(planter),
        *_order_faults(planter),
    ]
    dirty = dict(tables)
    planted: list[PlantedFinding] = []
    for name in touched:
        own = [fault for fault in faults if fault.table == name]
        dirty[name], rows = _applied(text[name], own)
        planted.extend(
            PlantedFinding(fault.code, name, row, fault.key, fault.column, fault.value)
            for fault, row in zip(own, rows, strict=True)
            if fault.code
        )
    return dirty, sorted(planted, key=lambda finding: (finding.table, finding.row))
