"""Items and places: life cycle, launch and end, time zones, trees of locations (ITM, LOC-001, LOC-002)."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import available_timezones

import polars as pl

from basestock.data.rules.rates import BUCKET_DAYS, PAIR, review_days
from basestock.data.rules.work import Work

_SOLD_WITHIN_DAYS = 730
_MONTH_DAYS = 60
_STALE_SHARE = 1 / 3


def check_locations(work: Work) -> None:
    """Check time zones and the tree of places."""
    if "location" not in work.tables:
        return
    rows = _with_zones(work)
    zones = rows["timezone"].drop_nulls().unique()
    unknown = [zone for zone in zones if zone not in available_timezones()]
    wrong = rows.filter(pl.col("timezone").is_in(unknown))
    work.find("LOC-001", "location", wrong, column="timezone", new="", action="flag")
    work.flag("LOC-001", wrong)
    valid = pl.when(~pl.col("timezone").is_in(unknown)).then("timezone").alias("timezone")
    work.put("location", rows.with_columns(valid))
    _check_tree(work)


def _with_zones(work: Work) -> pl.DataFrame:
    """Return the places; only a zone nobody gives is UTC, never one that is wrong."""
    rows = work.rows("location")
    empty = rows["timezone"].null_count()
    if empty:
        scope = "all" if empty == rows.height else f"{empty} of {rows.height} rows"
        work.assume("location.timezone", "UTC", "days begin at midnight UTC", scope)
    return rows.with_columns(pl.col("timezone").fill_null("UTC"))


def _check_tree(work: Work) -> None:
    """Take out places whose parents form a ring (LOC-002); unknown parents are found with the references."""
    parents = dict(work.rows("location").select("location_id", "parent_id").drop_nulls().iter_rows())
    ringed = [place for place in parents if _returns(place, parents)]
    rows = work.rows("location").filter(pl.col("location_id").is_in(ringed))
    ring = " -> ".join(sorted(ringed))
    rule = f"Parents of locations must form a forest; these form a ring: {ring}."
    work.find("LOC-002", "location", rows, column="parent_id", rule=rule)
    work.settle("location")
    _hold_places(work, ringed)


def _returns(place: str, parents: dict[str, str]) -> bool:
    above, steps = parents.get(place), 0
    while above is not None and above != place and steps <= len(parents):
        above, steps = parents.get(above), steps + 1
    return above == place


def _hold_places(work: Work, places: list[str]) -> None:
    """Hold everything that lies at some places."""
    for table in ("inventory", "demand_history", "item_location"):
        work.hold("LOC-002", work.rows(table).filter(pl.col("location_id").is_in(places)))


def check_naive_instants(work: Work) -> None:
    """Instants without offset cannot be placed when locations lie in several zones (DAT-011)."""
    zones = work.rows("location")["timezone"].drop_nulls().unique()
    if work.info.timezone is not None or len(zones) < 2:
        return
    for table, state in work.tables.items():
        for column in state.table.columns:
            frame = work.rows(table)
            if column.type != "ts" or frame[column.name].null_count() == frame.height:
                continue
            raw = pl.Series("_raw", work.raw(table, column.name, frame["_id"]))
            naive = raw.str.contains(r"\d") & ~raw.str.contains(r"(?:[Zz]|[+-]\d{2}:?\d{2})$")
            work.find("DAT-011", table, frame.filter(naive), column=column.name, action="flag")
            work.flag("DAT-011", frame.filter(naive))
            kept = pl.when(~pl.Series(naive)).then(column.name).alias(column.name)
            work.put(table, frame.with_columns(kept))


def check_life_cycle(work: Work) -> None:
    """Flag items at both ends of their life, and series that say nothing about today."""
    items = work.rows("item")
    protection = _protection(work)
    rows = items.join(protection, on="item_id", how="left", maintain_order="left")
    left = (pl.col("end_date") - pl.lit(work.as_of)).dt.total_days()
    reach = pl.col("_days").fill_null(review_days(work))
    ending = rows.filter((left >= 0) & (left <= reach) & (pl.col("lifecycle").fill_null("active") != "ended"))
    rule = pl.format(
        "An item whose life ends within {} days of lead time and review is run down.", reach.round(0)
    )
    work.find("ITM-003", "item", ending, column="end_date", rule=rule)
    _check_shelf_life(work, items)
    _check_after_end(work, items)
    _check_launches(work, items)


def _protection(work: Work) -> pl.DataFrame:
    """Return item_id, _days: longest lead time plus review period, days."""
    lead = work.rows("item_supplier").group_by("item_id").agg(pl.col("lead_time_days").max().alias("_lead"))
    return lead.select("item_id", (pl.col("_lead").fill_null(0.0) + review_days(work)).alias("_days"))


def _check_shelf_life(work: Work, items: pl.DataFrame) -> None:
    """Hold items that are dead on arrival from every source (ITM-006)."""
    transit = pl.col("lead_time_days") + pl.col("receiving_days").fill_null(0.0)
    fastest = work.rows("item_supplier").group_by("item_id").agg(transit.min().alias("_transit"))
    rows = items.join(fastest, on="item_id", how="inner", maintain_order="left")
    life = pl.col("shelf_life_days")
    dead = rows.filter((life > 0) & (life <= pl.col("_transit")))
    hint = (
        pl.when(life * 30 > pl.col("_transit")).then(pl.lit(" In months it would fit.")).otherwise(pl.lit(""))
    )
    rule = pl.format(
        "The shelf life must be longer than lead time plus receiving, {} days.{}", "_transit", hint
    )
    work.find("ITM-006", "item", dead, column="shelf_life_days", rule=rule)


def _check_after_end(work: Work, items: pl.DataFrame) -> None:
    """Flag demand and open orders of items after their end (ITM-004)."""
    ended = items.filter(pl.col("end_date").is_not_null() | (pl.col("lifecycle") == "ended"))
    end = pl.col("end_date")
    demand = (
        work.rows("demand_history")
        .filter(pl.col("qty") > 0)
        .group_by("item_id")
        .agg(pl.col("bucket_start").max().alias("_last"))
    )
    orders = work.rows("purchase_order").filter(
        (pl.col("status") == "open") & (pl.col("qty_received") < pl.col("qty_ordered"))
    )
    orders = orders.group_by("item_id").agg(
        pl.format("{}/{}", "po_id", "line_id").sort().str.join(", ").alias("_orders")
    )
    rows = ended.join(demand, on="item_id", how="left").join(orders, on="item_id", how="left")
    over = (end < pl.lit(work.as_of)) | (pl.col("lifecycle") == "ended")
    late = rows.filter(
        (pl.col("_last") > end).fill_null(False) | (over & pl.col("_orders").is_not_null())
    ).sort("item_id")
    rule = pl.format(
        "An ended item must have no demand and no open orders; last demand {}, open orders {}.",
        pl.col("_last").cast(pl.String).fill_null("none"), pl.col("_orders").fill_null("none"),
    )  # fmt: skip
    work.find("ITM-004", "item", late, column="end_date", rule=rule)


def _check_launches(work: Work, items: pl.DataFrame) -> None:
    """Hold launches without analogue, forecast or history (ITM-002)."""
    if "demand_history" not in work.tables:
        return
    new = items.filter((pl.col("lifecycle") == "new") | (pl.col("intro_date") > pl.lit(work.as_of)))
    for table, column in (
        ("demand_history", "item_id"),
        ("forecast", "item_id"),
        ("supersession", "to_item"),
    ):
        new = new.filter(~pl.col("item_id").is_in(work.rows(table)[column].unique().implode()))
    work.find("ITM-002", "item", new, column="item_id", action="hold")


def check_history_length(work: Work) -> None:
    """Flag short, dead and ending histories (DEM-007, DEM-015, DEM-017)."""
    if not work.has("demand_history"):
        return
    rows = work.rows("demand_history").lazy()
    start, sold = pl.col("bucket_start"), pl.col("qty") > 0
    series = rows.group_by(PAIR).agg(
        start.min().alias("_first"), start.max().alias("_until"), start.filter(sold).max().alias("_sold")
    ).sort(PAIR).collect()  # fmt: skip
    length = BUCKET_DAYS[work.bucket]
    span = (pl.col("_until") - pl.col("_first")).dt.total_days() + length
    series = series.join(_protection(work), on="item_id", how="left", maintain_order="left")
    needed = 2 * pl.col("_days").fill_null(review_days(work))
    rule = pl.format(
        "A history must cover {} days, twice the lead time plus review; it covers {}.",
        needed.round(0),
        span.round(0),
    )
    work.find("DEM-007", "demand_history", series.filter(span < needed), column="bucket_start", rule=rule)
    dead = pl.col("_sold").is_null() | (pl.col("_sold") < work.as_of - timedelta(days=_SOLD_WITHIN_DAYS))
    work.find("DEM-015", "demand_history", series.filter(dead), column="qty")
    _check_end(work, series.filter(~dead), length)


def _check_end(work: Work, series: pl.DataFrame, length: float) -> None:
    """Flag histories that end months before the day of the load; hold the items with most demand (DEM-017)."""
    gone = work.rows("item").filter(pl.col("lifecycle").is_in(["ended", "phase_out"]))["item_id"]
    series = series.filter(~pl.col("item_id").is_in(gone.implode()))
    old = series.filter(pl.col("_until") < work.as_of - timedelta(days=_MONTH_DAYS + int(length)))
    if old.height == 0 or old.height <= _STALE_SHARE * series.height:
        return
    last = old["_until"].max()
    rule = f"the history of active items must reach {work.as_of}; {old.height} of {series.height} series end before"
    file = str(work.rows("demand_history").sort("_file")["_file"][0])
    work.find_source(
        "DEM-017", "demand_history", file=file, column="bucket_start", value=str(last), rule=rule
    )
    work.hold("DEM-017", _largest(work, old))


def _largest(work: Work, series: pl.DataFrame) -> pl.DataFrame:
    """Return the series that make up 80 % of the quantity sold."""
    total = work.rows("demand_history").group_by(PAIR).agg(pl.col("qty").sum().alias("_sum"))
    ranked = total.sort("_sum", *PAIR, descending=[True, False, False])
    share = (pl.col("_sum").cum_sum() - pl.col("_sum")) / pl.col("_sum").sum()
    return ranked.filter(share < 0.8).join(series, on=PAIR, how="semi")
