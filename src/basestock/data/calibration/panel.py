"""Demand history as a grid of lines and buckets."""

import dataclasses
import datetime

import numpy as np
import polars as pl

BUCKET_DAYS = {"day": 1.0, "week": 7.0, "month": 365.0 / 12.0}
LEFT_OUT, DIRECT = "left_out", "direct"
_STEP = {"day": "1d", "week": "1w", "month": "1mo"}


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """History on a grid.

    Parameters
    ----------
    dates
        First day of each bucket, oldest first.
    history, in_stock
        ``[line, time]`` units, and share of the bucket in stock; NaN where unknown.
    closed
        ``[line, time]`` whether nothing could be sold.
    known_at
        ``[line, time]`` first day on which the value was known, days since the first day of the first bucket: that
        after its bucket where nobody says another.
    """

    dates: list[datetime.date]
    history: np.ndarray
    in_stock: np.ndarray
    closed: np.ndarray
    known_at: np.ndarray


def demand_panel(
    demand: pl.DataFrame, lines: pl.DataFrame, bucket: str, gaps: str, as_of: datetime.date
) -> Panel:
    """Put the demand of the lines on a grid from the first to the last complete bucket of all demand.

    Parameters
    ----------
    demand
        Canonical ``demand_history``, also of what is not planned: a line that began to sell later has a history of its
        own, but time began for all of them alike.
    lines
        (item_id, location_id) in the order of the twin.
    bucket
        ``day``, ``week`` or ``month``.
    gaps
        What an absent bucket between the first row of a line and the last bucket means: ``zero``, ``closed`` or
        ``missing``.
    as_of
        Day of the decision; a bucket that had not ended by then is left out (DEM-008).

    Returns
    -------
    Panel
        Unknown is NaN, never 0.
    """
    numbered = lines.with_row_index("line")
    dated = demand.filter(pl.col("bucket_start").is_not_null())
    # Direct shipments, buckets left out of fits or known too late still belong to the grid of time.
    stocked = dated.filter(~pl.col(DIRECT)) if DIRECT in dated.columns else dated
    known = stocked.join(numbered, on=["item_id", "location_id"])
    dates = _grid(dated["bucket_start"], bucket, as_of)
    shape = (lines.height, len(dates))
    history, in_stock = np.full(shape, np.nan, dtype=np.float32), np.full(shape, np.nan, dtype=np.float32)
    closed = np.zeros(shape, dtype=bool)
    ends = _ends(dates, bucket)
    known_at = np.tile(ends, (lines.height, 1))
    if not dates:
        return Panel(dates, history, in_stock, closed, known_at)
    columns = pl.DataFrame({"bucket_start": dates}).with_row_index("time")
    cells = (
        known.join(columns, on="bucket_start")
        .group_by("line", "time")
        .agg(
            pl.col("qty").sum(),
            pl.col("in_stock_fraction").cast(pl.Float64).mean(),
            _said(dates[0], demand),
            _usable(demand, as_of).all().alias("_usable"),
        )
        .sort("line", "time")
    )
    row, time = cells["line"].to_numpy(), cells["time"].to_numpy()
    history[row, time] = cells["qty"].to_numpy()
    in_stock[row, time] = cells["in_stock_fraction"].to_numpy()
    said = cells["_known"].to_numpy()
    known_at[row, time] = np.where(np.isfinite(said), np.maximum(said, ends[time]), ends[time])
    absent = ~np.isfinite(history) & (np.maximum.accumulate(np.isfinite(history), axis=1))
    if gaps == "zero":
        history[absent] = 0.0
    elif gaps == "closed":
        closed[absent] = True
    hidden = ~cells["_usable"].to_numpy()
    history[row[hidden], time[hidden]] = np.nan
    return Panel(dates, history, in_stock, closed, known_at)


def _usable(demand: pl.DataFrame, as_of: datetime.date) -> pl.Expr:
    """Return which rows may be looked at on the day of the decision."""
    usable = pl.lit(True) if LEFT_OUT not in demand.columns else ~pl.col(LEFT_OUT)
    if "known_at" not in demand.columns:
        return usable
    return usable & (pl.col("known_at").is_null() | (pl.col("known_at").dt.date() <= pl.lit(as_of)))


def _said(first: datetime.date, demand: pl.DataFrame) -> pl.Expr:
    """Return the last day on which a part of a bucket became known, days since the first bucket; NaN = not said."""
    if "known_at" not in demand.columns:
        return pl.lit(np.nan).first().alias("_known")
    days = (pl.col("known_at").dt.date() - pl.lit(first)).dt.total_days().cast(pl.Float64)
    return days.max().fill_null(np.nan).alias("_known")


def _ends(dates: list[datetime.date], bucket: str) -> np.ndarray:
    """Return the first day after each bucket, days since the first one."""
    starts = pl.Series(dates, dtype=pl.Date)
    ends = starts.dt.offset_by(_STEP[bucket])
    return (
        (ends - starts.min()).dt.total_days().to_numpy().astype(np.float32)
        if dates
        else np.zeros(0, np.float32)
    )


def _grid(starts: pl.Series, bucket: str, as_of: datetime.date) -> list[datetime.date]:
    if starts.is_empty():
        return []
    first, last = starts.min(), starts.max()
    grid = pl.date_range(first, last, interval=_STEP[bucket], eager=True)  # type: ignore[arg-type]
    ends = grid.dt.offset_by(_STEP[bucket])
    return grid.filter(ends <= as_of).to_list()
