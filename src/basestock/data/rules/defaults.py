"""Defaults: every empty cell that the schema fills is filled here, and listed with what it changes."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.leadtimes import SPREAD
from basestock.data.rules.rates import REVIEW_DAYS
from basestock.data.rules.work import POLARS_TYPES, Work
from basestock.data.tables import TABLES, Column

SERVICE_TARGET = 0.95
"""Service target where none is given, for costs implied by it."""

_FILLED_BEFORE = ("location_id", "timezone")
"""Columns whose defaults a rule has filled already."""

_EFFECTS = {
    "item.holding_cost_rate": "stock is valued at this share of its cost a year; between 0.15 and 0.35 orders change",
    "item.salvage_value": "leftover stock is worth nothing",
    "item.integer_qty": "orders are whole units",
    "item_supplier.lead_time_basis": "lead times count calendar days",
    "item_supplier.order_cost": "an order line costs nothing to place",
    "item_supplier.priority": "all sources rank first; the lowest supplier id decides",
    "item_supplier.price_per": "prices are for one order unit",
    "item_location.unmet": "unserved demand is lost",
    "item_location.service_metric": "money is maximized, no target is aimed at",
    "supplier.order_days": "orders can be placed every day",
}


def fill_defaults(work: Work) -> None:
    """Fill the defaults of the schema in every table that was read, then those that depend on other cells."""
    for table in [*work.tables, *work.derived]:
        for column in TABLES[table].columns:
            if column.default is not None and column.name not in _FILLED_BEFORE:
                _fill(work, table, column)
    _fill_items(work)
    _fill_sources(work)
    _list_general(work)


def _fill(work: Work, table: str, column: Column) -> None:
    frame = work.rows(table)
    empty = frame[column.name].null_count()
    if empty == 0:
        return
    value = pl.Series([column.default]).cast(pl.String)
    typed = (value == "true") if column.type == "bool" else value.cast(POLARS_TYPES[column.type])
    work.put(table, frame.with_columns(pl.col(column.name).fill_null(typed[0])))
    if table in work.tables:
        name = f"{table}.{column.name}"
        effect = _EFFECTS.get(name, column.description.rstrip("."))
        work.assume(name, str(column.default), effect, _scope(empty, frame.height))


def _scope(count: int, height: int) -> str:
    return "all" if count == height else f"{count} of {height} rows"


def _fill_items(work: Work) -> None:
    if "item" not in work.tables:
        return
    frame = work.rows("item")
    work.put("item", frame.with_columns(pl.coalesce("description", "item_id").alias("description")))
    unpriced = frame.filter(pl.col("unit_price").is_null() & pl.col("stockout_cost").is_null()).height
    if unpriced:
        effect = (
            f"a unit short costs h t / (1 - t): h holds one unit for one review, t is the service target "
            f"({SERVICE_TARGET:g} if none); profit views are off"
        )
        work.assume("item.stockout_cost", "implied", effect, _scope(unpriced, frame.height))
    priced = frame.filter(pl.col("unit_price").is_not_null() & pl.col("stockout_cost").is_null()).height
    if priced:
        effect = "a unit short costs its margin"
        work.assume("item.stockout_cost", "unit_price - unit_cost", effect, _scope(priced, frame.height))


def _fill_sources(work: Work) -> None:
    """Spread of lead times, multiples of whole-unit items, rounding."""
    if "item_supplier" not in work.tables:
        return
    items = work.rows("item").select(
        "item_id", "integer_qty", pl.col("unit_price").is_not_null().alias("_priced")
    )
    frame = work.rows("item_supplier").join(items, on="item_id", how="left", maintain_order="left")
    counts = {
        "lead_time_sd_days": (f"{SPREAD:g} x lead time", "safety stock rests on this spread"),
        "order_multiple": ("1 for whole units", "orders are whole units"),
        "rounding": ("economic with prices, else up", "how a need becomes a multiple"),
    }
    for name, (value, effect) in counts.items():
        if empty := frame[name].null_count():
            work.assume(f"item_supplier.{name}", value, effect, _scope(empty, frame.height))
    whole = pl.when(pl.col("integer_qty").fill_null(True)).then(1.0)
    ruled = pl.when(pl.col("_priced").fill_null(False)).then(pl.lit("economic")).otherwise(pl.lit("up"))
    frame = frame.with_columns(
        pl.coalesce("lead_time_sd_days", SPREAD * pl.col("lead_time_days")).alias("lead_time_sd_days"),
        pl.coalesce("order_multiple", whole).alias("order_multiple"),
        pl.coalesce("rounding", ruled).alias("rounding"),
    )
    work.put("item_supplier", frame.drop("integer_qty", "_priced"))


def _list_general(work: Work) -> None:
    """List what no table says at all."""
    if work.rows("item_location")["review_days"].null_count() or "item_location" not in work.tables:
        work.assume(
            "item_location.review_days",
            f"{REVIEW_DAYS:g}",
            "orders are reviewed once a week",
            "where not given",
        )
    if "item_location" not in work.tables:
        work.assume("item_location.unmet", "lost", "unserved demand is lost")
    if "purchase_order" not in work.tables:
        work.assume("purchase_order", "none", "an order already on its way would be proposed again")
    if "calendar_bucket" not in work.tables:
        work.assume("calendar_bucket", "every day open", "orders and receipts on any day")
    if work.gaps == "missing" and "demand_history" in work.tables:
        work.assume("gaps", "missing", "absent buckets are unknown demand, not zero")
    _list_guesses(work)


def _list_guesses(work: Work) -> None:
    """List the guesses of the profile, column by column."""
    for table, state in work.tables.items():
        if "_assumed" not in state.frame.columns:
            continue
        counts = state.frame.filter(pl.col("_assumed") != "").group_by("_assumed").len().sort("_assumed")
        for names, count in counts.iter_rows():
            for name in str(names).split(","):
                what = table if name == "*" else f"{table}.{name}"
                effect = "a guess of the profile; every line that uses it says so"
                work.assume(what, "assumed by the profile", effect, _scope(int(count), state.frame.height))
    for table, value in sorted(work.info.assume.items()):
        work.assume(table, value, "nobody exports it; every line that rests on it says so")
