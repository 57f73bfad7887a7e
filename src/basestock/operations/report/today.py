"""S1, today: the few numbers that decide where to look first, each the sum of the table it opens."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from basestock.operations.report.exceptions import ExceptionList, ExceptionRow
from basestock.operations.report.glossary import EXCESS, GLOSSARY, LOST_SALES, definition_of, plain
from basestock.operations.report.health import Health
from basestock.operations.report.numbers import (
    UNKNOWN,
    count,
    currency_name,
    fixed,
    large_money,
    minor_digits,
    money,
    percent_exact,
    quantity,
)
from basestock.operations.report.orders import OrderList
from basestock.operations.report.view import ReportMeta, ReportView

NUM_TOP_EXCEPTIONS = 5


@dataclass(frozen=True)
class Tile:
    """One headline number: where it leads, what it means, and its exact amount for machines."""

    key: str
    label: str
    amount: str
    unit: str
    exact: str
    note: str
    opens: str
    definition: str


@dataclass(frozen=True)
class ReferenceLine:
    """The plan against what the incumbent rule would do on the same lines."""

    name: str
    own: float
    reference: float
    change: str
    num_more: int
    num_less: int
    num_same: int
    num_unknown: int


@dataclass(frozen=True)
class Figure:
    """One key figure."""

    label: str
    definition: str | None
    scope: str
    period: str
    value: str
    half_width: str
    n: str


@dataclass(frozen=True)
class Today:
    """The whole screen."""

    tiles: list[Tile]
    reference: ReferenceLine | None
    top: list[ExceptionRow]
    figures: list[Figure]


def today(
    view: ReportView, orders: pl.DataFrame, listed: OrderList, exceptions: ExceptionList, health: Health
) -> Today:
    """Everything S1 shows, from the screens it leads to."""
    return Today(
        tiles=[
            *_order_tiles(listed, view.meta),
            *_risk_tiles(exceptions, view.meta),
            _data_tile(health, view.meta),
        ],
        reference=_reference_line(orders, view.meta),
        top=exceptions.rows[:NUM_TOP_EXCEPTIONS],
        figures=[_figure(row, view.meta.currency) for row in view.kpi.iter_rows(named=True)],
    )


def _exact(value: float, currency: str) -> str:
    return f"{value:.{minor_digits(currency)}f}"


def _order_tiles(listed: OrderList, meta: ReportMeta) -> list[Tile]:
    unit, digits = currency_name(meta.currency), minor_digits(meta.currency)
    budget = ""
    if meta.budget is not None:
        side = "over" if listed.total_cost > meta.budget else "within"
        budget = f"{side} the budget of {large_money(meta.budget, meta.currency)} {unit}"
    return [
        Tile(
            "to_order",
            "To order",
            large_money(listed.total_cost, meta.currency),
            unit,
            _exact(listed.total_cost, meta.currency),
            budget or "no budget set",
            "#orders",
            "line_cost",
        ),
        Tile(
            "lines",
            "Order lines",
            fixed(listed.num_lines, 0),
            "",
            str(listed.num_lines),
            f"from {count(len(listed.suppliers), 'supplier')}" if listed.num_lines else "nothing to order",
            "#orders",
            "qty",
        ),
        Tile(
            "value_now",
            "Expected value now",
            large_money(listed.total_value, meta.currency),
            unit,
            _exact(listed.total_value, meta.currency),
            f"± {fixed(listed.value_error, digits)} if lines vary independently",
            "#orders",
            "value_now",
        ),
    ]


def _risk_tiles(exceptions: ExceptionList, meta: ReportMeta) -> list[Tile]:
    tiles: list[Tile] = []
    for key, label, definition in (
        (LOST_SALES, "Lost sales at risk", "lost_sales_at_risk"),
        (EXCESS, "Excess at risk", "excess_at_risk"),
    ):
        total = exceptions.of(key)
        tiles.append(
            Tile(
                key,
                label,
                large_money(total.money, meta.currency),
                currency_name(meta.currency),
                _exact(total.money, meta.currency),
                count(total.num, "exception"),
                f"#exceptions-{key}",
                definition,
            )
        )
    return tiles


def _data_tile(health: Health, meta: ReportMeta) -> Tile:
    held = f"; {fixed(health.num_held, 0)} not planned" if health.num_held else ""
    return Tile(
        "issues",
        "Data findings",
        fixed(health.num_issues, 0),
        "",
        str(health.num_issues),
        f"exposure {large_money(health.exposure, meta.currency)} {currency_name(meta.currency)}{held}",
        "#data",
        "exposure",
    )


def _reference_line(orders: pl.DataFrame, meta: ReportMeta) -> ReferenceLine | None:
    """Money of plan and reference on the lines where the reference is known, at the cost of the line."""
    known = orders.filter(pl.col("reference_qty").is_not_null() & (pl.col("qty") > 0))
    if known.is_empty():
        return None
    own = math.fsum(known["line_cost"].fill_null(0.0))
    reference = math.fsum((known["line_cost"] * known["reference_qty"] / known["qty"]).fill_null(0.0))
    delta = known["qty"] - known["reference_qty"]
    return ReferenceLine(
        name=meta.reference or "the incumbent rule",
        own=own,
        reference=reference,
        change=_change(own, reference),
        num_more=int((delta > 1e-9).sum()),
        num_less=int((delta < -1e-9).sum()),
        num_same=int((delta.abs() <= 1e-9).sum()),
        num_unknown=orders.height - known.height,
    )


def _change(own: float, reference: float) -> str:
    """How the money of the plan compares with that of the reference."""
    if reference <= 0:
        return "The reference would spend nothing on these lines"
    share = fixed(100 * abs(own / reference - 1), 0)
    if share == "0":
        return "About the same money on these lines"
    return f"{share}\u00a0% {'more' if own > reference else 'less'} money on these lines"


def figure_text(name: str, value: float | None, currency: str) -> str:
    """A figure with its unit, by the unit of its definition."""
    if value is None:
        return UNKNOWN
    key = definition_of(name)
    unit = GLOSSARY[key].unit if key else ""
    if unit in ("ratio", "probability"):
        return percent_exact(value)
    if unit == "money":
        return money(value, currency)
    return f"{quantity(round(value, 2))} {unit}".strip()


def _figure(row: dict[str, object], currency: str) -> Figure:
    name = str(row["name"] or "")
    value, half_width, n = row["value"], row["half_width"], row["n"]
    unknown = f"{UNKNOWN} ({plain(str(row['reason'])).lower()})" if row["reason"] else UNKNOWN
    return Figure(
        label=plain(name),
        definition=definition_of(name),
        scope=str(row["scope"] or ""),
        period=str(row["period"] or ""),
        value=figure_text(name, value, currency) if isinstance(value, float) else unknown,
        half_width=f"± {figure_text(name, half_width, currency)}" if isinstance(half_width, float) else "",
        n=fixed(n, 0) if isinstance(n, float) else "",
    )
