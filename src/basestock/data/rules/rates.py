"""Rates that several rules need: demand a day, review periods, money at stake."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.orders import open_lines
from basestock.data.rules.work import Work

BUCKET_DAYS = {"day": 1.0, "week": 7.0, "month": 365.0 / 12.0}
"""Days of a demand bucket."""

BUCKET_STEPS = {"day": "1d", "week": "1w", "month": "1mo"}
"""Offset from one demand bucket to the next."""

REVIEW_DAYS = 7.0
"""Review period where nobody says one, days."""

EXPOSED_DAYS = 30.0
"""Days of demand whose value counts as money at stake."""

PAIR = ["item_id", "location_id"]


def infer_bucket(days: pl.Series) -> str:
    """Return day, week or month from the distinct first days of buckets.

    Examples
    --------
    >>> days = pl.Series(["2024-01-01", "2024-01-08", "2024-01-22"]).str.to_date()
    >>> infer_bucket(days)
    'week'
    """
    days = days.drop_nulls()
    if len(days) < 2:
        return "day"
    if (days.dt.day() == 1).all():
        return "month"
    return "week" if days.dt.weekday().n_unique() == 1 else "day"


def daily_demand(work: Work) -> pl.DataFrame:
    """Return item_id, location_id, daily: mean demand in base units a day over the recorded history.

    Notes
    -----
    With gaps that mean zero the days from the first bucket of the series to the last of the source count;
    otherwise only recorded buckets do.
    """
    days = BUCKET_DAYS[work.bucket]
    history = work.rows("demand_history")
    rows = history.lazy().filter(pl.col("qty").is_not_null())
    start = pl.col("bucket_start")
    span = (pl.lit(history["bucket_start"].max(), dtype=pl.Date) - start.min()).dt.total_days() + days
    length = span if work.gaps == "zero" else start.n_unique() * days
    found = rows.group_by(PAIR).agg((pl.col("qty").sum() / length).alias("daily")).sort(PAIR)
    return found.collect()


def review_days(work: Work) -> float:
    """Return the review period of the source, days: the median of what it says, else 7."""
    said = work.rows("item_location")["review_days"].median()
    return float(said) if isinstance(said, float) else REVIEW_DAYS


def stock_now(work: Work) -> pl.DataFrame:
    """Return item_id, location_id, on_hand of the newest snapshot of each item-location, base units."""
    return work.rows("inventory").sort("as_of").group_by(PAIR).agg(pl.col("on_hand").last()).sort(PAIR)


def exposure(work: Work) -> pl.DataFrame:
    """Return item_id, location_id, exposure: stock value plus 30 days of demand value, money."""
    items = work.rows("item").select("item_id", "unit_cost", "unit_price")
    both = stock_now(work).join(daily_demand(work), on=PAIR, how="full", coalesce=True)
    valued = both.join(items, on="item_id", how="left")
    cost = pl.col("unit_cost").fill_null(0.0)
    price = pl.coalesce("unit_price", "unit_cost").fill_null(0.0)
    stock = pl.col("on_hand").fill_null(0.0).clip(lower_bound=0.0) * cost
    demand = pl.col("daily").fill_null(0.0) * EXPOSED_DAYS * price
    return valued.select(
        *PAIR, (stock + demand).round(6).alias("exposure"), (demand).alias("demand_value")
    ).sort(PAIR)


def open_quantity(work: Work) -> pl.DataFrame:
    """Return item_id, location_id, open_orders: quantity on firm open lines, base units."""
    tables = ("purchase_order", "transfer_order", "production_order")
    lines = [open_lines(work, table).select(*PAIR, "open_qty") for table in tables if table in work.tables]
    if not lines:
        return pl.DataFrame(
            schema={"item_id": pl.String, "location_id": pl.String, "open_orders": pl.Float64}
        )
    return pl.concat(lines).group_by(PAIR).agg(pl.col("open_qty").sum().alias("open_orders")).sort(PAIR)


def item_locations(work: Work) -> pl.DataFrame:
    """Return every item-location that occurs, those of rows taken out included."""
    found = [
        work.tables[name].text.select(PAIR)
        for name in ("item_location", "inventory", "demand_history")
        if name in work.tables and set(PAIR) <= set(work.tables[name].text.columns)
    ]
    live = [work.rows(name).select(PAIR) for name in ("item_location", "inventory", "demand_history")]
    places = work.rows("location")["location_id"]
    if len(places) == 1:
        live.append(pl.DataFrame({"item_id": work.known.get("item", pl.Series(dtype=pl.String))}).with_columns(
            pl.lit(places[0]).alias("location_id")
        ))  # fmt: skip
        found = [frame.with_columns(pl.col("location_id").fill_null(places[0])) for frame in found]
    pairs = pl.concat([*live, *found], how="vertical_relaxed").drop_nulls().unique()
    items, known_places = work.known.get("item"), work.known.get("location", places)
    if items is not None:
        pairs = pairs.filter(pl.col("item_id").is_in(items.implode()))
    pairs = pairs.filter(pl.col("location_id").is_in(known_places.implode()))
    return pl.concat([pairs, work.vanished]).unique().sort(PAIR)
