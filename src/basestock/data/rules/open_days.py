"""Calendars against what happened: closed days, shifted days, masks from Sunday (DEM-009, DAT-013, CAL-003)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import polars as pl

from basestock.data.rules.structure import is_open
from basestock.data.rules.work import Work

_FEWEST = 20
_OFTEN, _NEVER = 0.1, 0.02
_SPILL = (0.005, 0.5)
_USUAL = 0.5
_HOURS = 24
_CLOSED = {"location_id": pl.String, "bucket_start": pl.Date, "_after": pl.Boolean, "_before": pl.Boolean}


def check_open_days(work: Work) -> None:
    """Compare calendars with receipts, orders and daily sales."""
    misread = _check_masks(work)
    if work.bucket != "day" or not work.has("calendar_bucket"):
        return
    closed = _closed_days(work, misread)
    shifted = _check_shift(work, closed)
    sold = work.rows("demand_history").filter((pl.col("qty") > 0) & ~pl.col("location_id").is_in(shifted))
    rows = sold.join(closed, on=["location_id", "bucket_start"], how="semi", maintain_order="left")
    day = pl.col("bucket_start").dt.strftime("%A %Y-%m-%d")
    rule = pl.format("Sales must lie on open days; the calendar of {} is closed on {}.", "location_id", day)
    work.find("DEM-009", "demand_history", rows, column="bucket_start", rule=rule)


def _closed_days(work: Work, misread: set[str]) -> pl.DataFrame:
    """Return location_id, bucket_start of every closed day, and whether an open day lies next to it."""
    days = work.rows("demand_history")["bucket_start"]
    first, last = days.min(), days.max()
    places = work.rows("location").filter(~pl.col("calendar_id").is_in(sorted(misread)))
    if not isinstance(first, date) or not isinstance(last, date):
        return pl.DataFrame(schema=_CLOSED)
    span = pl.date_range(first - timedelta(days=1), last + timedelta(days=1), eager=True).to_list()
    found: list[pl.DataFrame] = []
    for (calendar,), buckets in work.rows("calendar_bucket").group_by("calendar_id", maintain_order=True):
        mine = places.filter(pl.col("calendar_id") == calendar)["location_id"]
        if len(mine):
            found.append(_closed_of(buckets, span, mine))
    return pl.concat(found) if found else pl.DataFrame(schema=_CLOSED)


def _closed_of(buckets: pl.DataFrame, span: list[date], places: pl.Series) -> pl.DataFrame:
    opened = pl.Series([is_open(buckets, day) for day in span], dtype=pl.Boolean)
    frame = pl.DataFrame({"bucket_start": span, "_open": opened}).with_columns(
        pl.col("_open").shift(1).alias("_after"), pl.col("_open").shift(-1).alias("_before")
    )
    days = frame.slice(1, len(span) - 2).filter(~pl.col("_open")).drop("_open")
    return pl.DataFrame({"location_id": places}).join(days, how="cross").select(list(_CLOSED))


def _check_shift(work: Work, closed: pl.DataFrame) -> list[str]:
    """Flag places whose closed days take a small steady part of their open neighbors' sales (DAT-013)."""
    daily = work.rows("demand_history").group_by("location_id", "bucket_start").agg(
        pl.col("qty").sum(), pl.col("_file").first(), pl.col("_row").min()
    )  # fmt: skip
    days = closed.join(daily, on=["location_id", "bucket_start"], how="left")
    usual = daily.join(closed, on=["location_id", "bucket_start"], how="anti").group_by("location_id").agg(
        pl.col("qty").mean().alias("_usual"), pl.col("bucket_start").min().alias("_from")
    )  # fmt: skip
    edge = pl.col("_after").xor(pl.col("_before")) | (pl.col("_after") & pl.col("_before"))
    spills = days.filter(edge).group_by("location_id").agg(
        pl.col("qty").fill_null(0.0).mean().alias("_spill"),
        (pl.col("qty") > 0).fill_null(False).mean().alias("_often"),
        pl.len().alias("_days"), pl.col("qty").filter(~pl.col("_after")).sum().alias("_early"),
        pl.col("qty").filter(~pl.col("_before")).sum().alias("_late"), pl.col("_file", "_row").drop_nulls().first(),
    ).join(usual, on="location_id").sort("location_id")  # fmt: skip
    part = pl.col("_spill") / pl.col("_usual")
    steady = (pl.col("_often") >= _USUAL) & (pl.col("_days") >= _FEWEST // 2)
    zones = work.rows("location").select("location_id", "timezone")
    found = spills.filter(part.is_between(*_SPILL) & steady).join(zones, on="location_id", how="left")
    for row in found.iter_rows(named=True):
        _report_shift(work, row)
    return found["location_id"].to_list()


def _report_shift(work: Work, row: dict[str, object]) -> None:
    early, late = cast(float, row["_early"]), cast(float, row["_late"])
    hours = max(round(_HOURS * cast(float, row["_spill"]) / cast(float, row["_usual"])), 1)
    ahead = early > late if early != late else _ahead(str(row["timezone"]))
    told = f"{'-' if ahead else '+'}{hours} hours"
    place = str(row["location_id"])
    rule = (
        f"days must begin at midnight of the place; sales on closed days of {place} suggest a shift of {told}"
    )
    work.log.add(
        "DAT-013", table="demand_history", file=str(row["_file"]), row=cast(int, row["_row"]), column="bucket_start",
        key=f"location={place}", value=told, rule=rule, location_id=place,
    )  # fmt: skip
    rows = work.rows("demand_history").filter(pl.col("location_id") == place)
    work.flag("DAT-013", rows)


def _ahead(zone: str) -> bool:
    """Return True for places whose clock is ahead of UTC."""
    try:
        offset = datetime(2020, 1, 1, tzinfo=ZoneInfo(zone)).utcoffset()
    except (KeyError, ValueError):
        return False
    return offset is not None and offset > timedelta(0)


def _check_masks(work: Work) -> set[str]:
    """Flag masks that fit what happened only when read from Sunday (CAL-003); return their calendars."""
    orders = work.rows("purchase_order").filter(pl.col("order_date").is_not_null())
    _report_masks(
        work, "supplier", work.rows("supplier").select("supplier_id", pl.col("order_days").alias("_mask")),
        orders.select("supplier_id", pl.col("order_date").alias("_day")), "supplier_id", "order_days",
    )  # fmt: skip
    places = work.rows("location").select("location_id", "calendar_id").drop_nulls()
    lines = orders.unique(["po_id", "line_id"], keep="first").select("po_id", "line_id", "location_id")
    came = work.rows("receipt").join(lines, on=["po_id", "line_id"], how="inner")
    events = came.select("location_id", pl.col("receipt_date").alias("_day"))
    if work.bucket == "day":
        sold = work.rows("demand_history").filter(pl.col("qty") > 0)
        events = pl.concat([events, sold.select("location_id", pl.col("bucket_start").alias("_day"))])
    events = events.join(places, on="location_id", how="inner").select("calendar_id", "_day")
    single = work.rows("calendar_bucket").filter((pl.len().over("calendar_id") == 1) & (pl.col("value") > 0))
    closing = work.rows("calendar_bucket").filter(pl.col("value") == 0)
    flipped = pl.col("weekdays").str.replace_many(["0", "1"], ["1", "0"])
    masks = pl.concat([
        single.select("calendar_id", pl.col("weekdays").alias("_mask")).clear(),
        closing.filter(pl.col("weekdays").str.contains("1") & pl.col("weekdays").str.contains("0"))
        .select("calendar_id", flipped.alias("_mask")),
    ]).unique("calendar_id", keep="none")  # fmt: skip
    return _report_masks(work, "calendar_bucket", masks, events, "calendar_id", "weekdays")


def _report_masks(
    work: Work, table: str, masks: pl.DataFrame, events: pl.DataFrame, key: str, column: str
) -> set[str]:
    """Compare each mask, read from Monday and from Sunday, with the days of events."""
    masks = masks.filter(pl.col("_mask").str.contains("^[01]{7}$") & pl.col("_mask").str.contains("0"))
    days = events.join(masks, on=key, how="inner").with_columns(
        (pl.col("_day").dt.weekday() - 1).alias("_at")
    )
    own = pl.col("_mask").str.slice(pl.col("_at"), 1) == "0"
    other = pl.col("_mask").str.slice((pl.col("_at") + 1) % 7, 1) == "0"
    shares = days.group_by(key).agg(
        own.mean().alias("_own"), other.mean().alias("_other"), pl.len().alias("_events")
    )
    wrong = (pl.col("_own") > _OFTEN) & (pl.col("_other") < _NEVER) & (pl.col("_events") >= _FEWEST)
    rows = work.rows(table).join(shares.filter(wrong), on=key, how="inner", maintain_order="left")
    rows = rows.filter(pl.col(column).str.contains("0")).unique(key, keep="first", maintain_order=True)
    turned = pl.concat_str(pl.col(column).str.slice(1, 6), pl.col(column).str.slice(0, 1))
    rule = pl.format(
        "Closed days must have no postings; {} % of {} lie on them, nearly none when the mask is read from Sunday.",
        (pl.col("_own") * 100).round(0).cast(pl.Int64), "_events",
    )  # fmt: skip
    work.find("CAL-003", table, rows, column=column, rule=rule, new=turned)
    return set(rows[key]) if table == "calendar_bucket" else set()
