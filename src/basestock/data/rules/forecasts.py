"""Forecasts made elsewhere: quantiles that cross, impossible values, age, reach, spread (codes FCT)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from basestock.data.rules.rates import BUCKET_DAYS, PAIR, review_days
from basestock.data.rules.work import Work

TABLE = "forecast"
_KEY = ["as_of", "bucket_start", "item_id", "location_id"]
_MAX_REVIEWS = 3.0


def check_forecasts(work: Work) -> None:
    """Take out keys with impossible or crossing values; flag forecasts that are old, short or without spread."""
    if TABLE not in work.tables:
        return
    _check_values(work)
    _check_crossing(work)
    _check_age(work)
    _check_reach(work)
    _check_spread(work)


def _check_values(work: Work) -> None:
    """Take out every quantile of a key with a value that is negative or no finite number (FCT-002)."""
    rows = work.rows(TABLE)
    wrong = rows.filter(pl.col("value").is_null() | (pl.col("value") < 0))
    work.find("FCT-002", TABLE, wrong, column="value")
    _take_keys(work, "FCT-002", rows, wrong)


def _check_crossing(work: Work) -> None:
    """Take out every quantile of a key whose quantiles fall (FCT-001)."""
    rows = work.rows(TABLE)
    ranked = rows.filter(pl.col("quantile").is_not_null()).sort(*_KEY, "quantile").with_columns(
        pl.col("value").shift(1).over(_KEY).alias("_lower"), pl.col("quantile").shift(1).over(_KEY).alias("_below")
    )  # fmt: skip
    crossed = ranked.filter(pl.col("value") < pl.col("_lower"))
    rule = pl.format(
        "Quantiles must not fall: {} at {} is above {} at {}.", "_lower", "_below", "value", "quantile"
    )
    work.find("FCT-001", TABLE, crossed, column="value", rule=rule)
    _take_keys(work, "FCT-001", rows, crossed)


def _take_keys(work: Work, code: str, rows: pl.DataFrame, offenders: pl.DataFrame) -> None:
    """Quarantine the other rows of the keys that offend."""
    others = rows.join(offenders.select(_KEY), on=_KEY, how="semi", nulls_equal=True)
    others = others.join(offenders, on="_id", how="anti")
    words = (work.log.entries[code].rule, work.log.entries[code].remedy)
    work.act(code, TABLE, others, action="quarantine", severity="error", words=words)
    work.settle(TABLE)


def _newest(work: Work) -> pl.DataFrame:
    """Return the newest forecast of each item-location: its day, its last bucket, its first row."""
    rows = work.rows(TABLE).filter(pl.col("as_of") == pl.col("as_of").max().over(PAIR))
    return rows.sort(*PAIR, "_file", "_row").group_by(PAIR, maintain_order=True).agg(
        pl.col("as_of").first(), pl.col("bucket_start").max(), pl.col("_id", "_file", "_sheet", "_row").first()
    )  # fmt: skip


def _check_age(work: Work) -> None:
    """Flag forecasts older than one review period (FCT-003)."""
    review = review_days(work)
    age = (pl.lit(work.as_of) - pl.col("as_of")).dt.total_days()
    used = pl.when(age > _MAX_REVIEWS * review).then(pl.lit("an own forecast takes its place"))
    rule = pl.format(
        f"A forecast must not be older than one review period of {review:g} days; it is {{}} days old, {{}}.",
        age, used.otherwise(pl.lit("it is used")),
    )  # fmt: skip
    work.find("FCT-003", TABLE, _newest(work).filter(age > review), column="as_of", rule=rule)


def _check_reach(work: Work) -> None:
    """Flag forecasts that end before lead time and review have passed (FCT-004)."""
    lead = work.rows("item_supplier").group_by("item_id").agg(pl.col("lead_time_days").max().alias("_lead"))
    newest = _newest(work).join(lead, on="item_id", how="left", maintain_order="left")
    needed = pl.col("_lead").fill_null(0.0) + review_days(work)
    length = timedelta(days=int(BUCKET_DAYS[work.bucket]))
    reach = (pl.col("bucket_start") + length - pl.lit(work.as_of)).dt.total_days()
    rule = pl.format(
        "A forecast must reach {} days ahead, lead time and review; it reaches {}.", needed.round(0), reach
    )
    work.find("FCT-004", TABLE, newest.filter(reach < needed), column="bucket_start", rule=rule)


def _check_spread(work: Work) -> None:
    """Flag files of means only (FCT-005)."""
    files = (
        work.rows(TABLE).group_by("_file").agg(pl.col("quantile").is_null().all().alias("_bare"), pl.len())
    )
    for file, _, count in files.filter(pl.col("_bare")).sort("_file").iter_rows():
        work.find_source("FCT-005", TABLE, file=file, column="quantile", count=count)
