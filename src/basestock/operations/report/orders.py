"""S2, the list of order proposals: ranked, as rows for reading and as data for sorting and filtering."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from basestock.operations.report.charts import ReturnCurve, return_curve
from basestock.operations.report.glossary import codes, plain
from basestock.operations.report.numbers import (
    UNKNOWN,
    day,
    days,
    fixed,
    minor_digits,
    percent,
    quantity,
    ratio,
)
from basestock.operations.report.view import ReportMeta, ReportView

NUM_ROWS_DRAWN = 200
Row = dict[str, Any]


@dataclass(frozen=True)
class Chip:
    """A short label on a line: a reason, a data flag, a guardrail or a kind of order other than buying."""

    label: str
    style: str
    code: str


@dataclass(frozen=True)
class LineRow:
    """One line of the list, ready to print."""

    index: int
    item: str
    description: str
    location: str
    supplier: str
    order: str
    order_note: str
    cost: str
    value: str
    error: str
    earns: str
    running: str
    risk_without: str
    risk_with: str
    cover: str
    ordered: str
    arrives: str
    reference: str
    chips: list[Chip]


@dataclass(frozen=True)
class SupplierTotal:
    """Lines and money of one source."""

    name: str
    num_lines: int
    cost: float
    value: float


@dataclass(frozen=True)
class OrderList:
    """The whole screen: totals, rows drawn without script, the return curve and the data for the script."""

    num_lines: int
    total_cost: float
    total_value: float
    value_error: float
    rows: list[LineRow]
    budget_row: int | None
    suppliers: list[SupplierTotal]
    curve: ReturnCurve | None
    payload: dict[str, Any]


def ranked(view: ReportView) -> pl.DataFrame:
    """Orders by return per unit of money, best first, rounded once: sums are of shown numbers."""
    digits = minor_digits(view.meta.currency)
    return view.orders.with_columns(
        pl.col("line_cost", "value_now", "value_se").round(digits),
        pl.col("return_per_currency").round(4),
        pl.col("p_stockout_without", "p_stockout_with").round(5),
        pl.col("qty", "order_qty", "packs", "reference_qty", "previous_qty", "last_year_qty").round(3),
        pl.col("cover_days_after").round(2),
        pl.col("supplier_name").fill_null(pl.col("source_id")),
    ).sort(
        ["return_per_currency", "line_cost", "proposal_id"],
        descending=[True, True, False],
        nulls_last=True,
        maintain_order=True,
    )


def order_list(orders: pl.DataFrame, meta: ReportMeta) -> OrderList:
    """Everything S2 shows, from the orders of `ranked`."""
    rows = orders.to_dicts()
    costs = [row["line_cost"] or 0.0 for row in rows]
    running = _running(costs)
    return OrderList(
        num_lines=len(rows),
        total_cost=math.fsum(costs),
        total_value=math.fsum(row["value_now"] or 0.0 for row in rows),
        value_error=math.sqrt(math.fsum((row["value_se"] or 0.0) ** 2 for row in rows)),
        rows=[line_row(index, row, running[index], meta) for index, row in enumerate(rows[:NUM_ROWS_DRAWN])],
        budget_row=_budget_row(running, meta.budget),
        suppliers=_suppliers(rows),
        curve=return_curve(costs, [row["value_now"] or 0.0 for row in rows], meta.budget),
        payload=_payload(rows, meta),
    )


def line_row(index: int, row: Row, running: float, meta: ReportMeta) -> LineRow:
    """One line as text; the script draws the same text from the data."""
    digits = minor_digits(meta.currency)
    return LineRow(
        index=index,
        item=row["item_id"],
        description=row["description"] or "",
        location=row["location_id"],
        supplier=row["supplier_name"] or UNKNOWN,
        order=order_text(row),
        order_note=order_note(row),
        cost=fixed(row["line_cost"], digits),
        value=fixed(row["value_now"], digits),
        error="" if row["value_se"] is None else f"± {fixed(row['value_se'], digits)}",
        earns=ratio(row["return_per_currency"]),
        running=fixed(running, digits),
        risk_without=percent(row["p_stockout_without"]),
        risk_with=percent(row["p_stockout_with"]),
        cover=days(row["cover_days_after"]),
        ordered=day(row["order_date"], near=meta.as_of),
        arrives=day(row["arrival_p50"], near=meta.as_of),
        reference=with_unit(row["reference_qty"], row["base_uom"]),
        chips=chips(row),
    )


def with_unit(value: float | None, unit: str | None) -> str:
    """A quantity with its unit; unknown stays unknown."""
    return UNKNOWN if value is None else f"{quantity(value)}\u00a0{unit or 'units'}"


def order_text(row: Row) -> str:
    """What to order, in the unit of the order."""
    if row["order_qty"] is None:
        return with_unit(row["qty"], row["base_uom"])
    return with_unit(row["order_qty"], row["order_uom"] or row["base_uom"])


def order_note(row: Row) -> str:
    """Packs, and the quantity in base units where the order is placed in another unit."""
    parts: list[str] = []
    if row["packs"] is not None:
        parts.append(f"{quantity(row['packs'])}\u00a0{'pack' if row['packs'] == 1 else 'packs'}")
    if _has_other_unit(row):
        parts.append(f"=\u00a0{with_unit(row['qty'], row['base_uom'])}")
    return " ".join(parts)


def _has_other_unit(row: Row) -> bool:
    units = (row["order_uom"], row["base_uom"])
    return None not in units and units[0] != units[1] and row["order_qty"] is not None


def chips(row: Row) -> list[Chip]:
    """Labels of a line: its kind unless it buys, its reasons, then what needs attention."""
    kind = row["kind"] or "buy"
    return [
        *([] if kind == "buy" else [Chip(plain(kind), "kind", kind)]),
        *(Chip(plain(code), "reason", code) for code in codes(row["reason_codes"])),
        *(Chip(plain(code), "guard", code) for code in codes(row["guardrails"])),
        *(Chip(plain(code), "flag", code) for code in codes(row["data_flags"])),
    ]


def _running(costs: Sequence[float]) -> list[float]:
    totals: list[float] = []
    total = 0.0
    for cost in costs:
        total += cost
        totals.append(total)
    return totals


def _budget_row(running: Sequence[float], budget: float | None) -> int | None:
    """Index of the first line that the budget does not pay in full; the number of lines if it pays all."""
    if budget is None:
        return None
    return next((index for index, total in enumerate(running) if total > budget + 1e-6), len(running))


def _suppliers(rows: Sequence[Row]) -> list[SupplierTotal]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["supplier_name"] or UNKNOWN, []).append(row)
    totals = [
        SupplierTotal(
            name,
            len(group),
            math.fsum(row["line_cost"] or 0.0 for row in group),
            math.fsum(row["value_now"] or 0.0 for row in group),
        )
        for name, group in groups.items()
    ]
    return sorted(totals, key=lambda total: (-total.cost, total.name))


class _Dictionary:
    """Repeated values as small integers, in the order of first use."""

    def __init__(self) -> None:
        self.places: dict[Hashable, int] = {}

    def encode(self, values: Sequence[Hashable]) -> list[int]:
        return [self.places.setdefault(value, len(self.places)) for value in values]

    def values(self) -> list[Hashable]:
        return list(self.places)


def _payload(rows: Sequence[Row], meta: ReportMeta) -> dict[str, Any]:
    """Columns of all lines for the script; the names are those `static/report.js` reads."""
    words = {name: _Dictionary() for name in ("location", "supplier", "unit", "why", "date", "kind")}
    chip_lists = [chips(row) for row in rows]
    digits = minor_digits(meta.currency)
    columns = {
        "id": [row["proposal_id"] for row in rows],
        "item": [row["item_id"] for row in rows],
        "text": [row["description"] or "" for row in rows],
        "source": words["supplier"].encode([row["source_id"] or "" for row in rows]),
        "location": words["location"].encode([row["location_id"] for row in rows]),
        "supplier": words["supplier"].encode([row["supplier_name"] or UNKNOWN for row in rows]),
        "kind": words["kind"].encode([row["kind"] or "buy" for row in rows]),
        "why": words["why"].encode(
            [" ".join(f"{chip.style}:{chip.code}" for chip in row) for row in chip_lists]
        ),
        "qty": [_rounded(row["qty"] if row["order_qty"] is None else row["order_qty"], 3) for row in rows],
        "unit": words["unit"].encode([_order_unit(row) for row in rows]),
        "base": [_rounded(row["qty"], 3) if _has_other_unit(row) else None for row in rows],
        "baseunit": words["unit"].encode([row["base_uom"] or "units" for row in rows]),
        "packs": [_rounded(row["packs"], 3) for row in rows],
        "cost": [_rounded(row["line_cost"], digits) for row in rows],
        "value": [_rounded(row["value_now"], digits) for row in rows],
        "error": [_rounded(row["value_se"], digits) for row in rows],
        "earns": [_rounded(row["return_per_currency"], 4) for row in rows],
        "without": [_rounded(row["p_stockout_without"], 5) for row in rows],
        "with": [_rounded(row["p_stockout_with"], 5) for row in rows],
        "cover": [_rounded(row["cover_days_after"], 2) for row in rows],
        "ordered": words["date"].encode([_iso(row["order_date"]) for row in rows]),
        "arrives": words["date"].encode([_iso(row["arrival_p50"]) for row in rows]),
        "reference": [_rounded(row["reference_qty"], 3) for row in rows],
    }
    used = {chip.code: chip.label for row in chip_lists for chip in row}
    return {
        "lines": len(rows),
        "currency": meta.currency,
        "digits": digits,
        "budget": meta.budget,
        "year": meta.as_of.year,
        "run": meta.run_folder,
        "labels": dict(sorted(used.items())),
        "words": {name: dictionary.values() for name, dictionary in words.items()},
        "columns": columns,
    }


def _order_unit(row: Row) -> str:
    return (row["order_uom"] if row["order_qty"] is not None else None) or row["base_uom"] or "units"


def _rounded(value: float | None, digits: int) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _iso(value: date | None) -> str:
    return "" if value is None else value.isoformat()
