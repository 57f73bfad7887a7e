"""Passing episodes of demand and who caused them (DEM-010, DEM-012, DEM-014, DEM-016, DEM-018)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from basestock.data.frames import ATTRIBUTE
from basestock.data.rules.levels import leave_out
from basestock.data.rules.rates import BUCKET_DAYS, PAIR
from basestock.data.rules.work import Work

_TABLE = "demand_history"
_SIZE = 3.0
_CHEAPER = 0.9
_STRIDE = 1.1
_MIN_BUCKETS = 8
_TOGETHER, _FEWEST_ITEMS = 0.2, 5
_END_SHARE = 3.0
_MONTHS = 3
_EDGE = 2
_LATER_DAYS = 56
_SHIPPED = r"[ _-]?(ship(ment|ping|ped)?|delivery)"
_DIRECT = rf"(?i)^(direct|drop|(direct|drop){_SHIPPED}|third[ _-]?party)$"
_CUSTOMER = rf"^{ATTRIBUTE.replace('.', '[.]')}(?i:customer|client|account)"
_HALF = 0.5
_FEWEST_ROWS = 5


def check_episodes(work: Work) -> None:
    """Find episodes nobody has marked, postings of the month end, direct shipments and large customers."""
    if not work.has(_TABLE):
        return
    _check_direct(work)
    _check_promotions(work)
    _check_month_end(work)
    _check_edges(work)
    _check_customers(work)


def unmarked(work: Work) -> pl.Expr:
    """Return whether nothing says that a bucket is special: no event, no discount."""
    free = pl.col("event_id").is_null() & (pl.col("discount").fill_null(0.0) == 0)
    for event in work.rows("event").iter_rows(named=True):
        covered = pl.col("bucket_start").is_between(event["start"], event["end"], closed="left")
        named = dict(part.split("=", 1) for part in str(event["scope"] or "").split(",") if "=" in part)
        for word, column in (("item", "item_id"), ("location", "location_id")):
            if word in named:
                covered = covered & (pl.col(column) == named[word].strip())
        free = free & ~covered
    return free


def _check_promotions(work: Work) -> None:
    """List sales that a lower price, or many items at once, show to be an event (DEM-010)."""
    sold = work.rows(_TABLE).lazy().filter(pl.col("qty") > 0)
    median = pl.col("qty").median().alias("_median")
    usual = sold.group_by(PAIR).agg(
        median, pl.col("net_price").median().alias("_price"), pl.len().alias("_count")
    )
    usual = usual.filter(pl.col("_count") >= _MIN_BUCKETS)
    high = sold.filter(unmarked(work)).join(usual, on=PAIR, how="inner").filter(
        (pl.col("qty") > _SIZE * pl.col("_median")) & (pl.col("_median") > 1)
    ).collect()  # fmt: skip
    times = (pl.col("qty") / pl.col("_median")).round(1)
    cheap = high.filter((pl.col("net_price") <= _CHEAPER * pl.col("_price")).fill_null(False))
    # One large order gets a better price, too; a promotion lasts.
    cheap = _lasting(cheap, BUCKET_DAYS[work.bucket])
    rule = pl.format(
        "A promotion or one-off must be marked; {} times the median was sold at {} of the usual price.",
        times, (pl.col("net_price") / pl.col("_price")).round(2),
    )  # fmt: skip
    work.find("DEM-010", _TABLE, cheap, column="qty", rule=rule)
    _check_together(work, high.join(cheap.select("_id"), on="_id", how="anti"), usual.collect())


def _lasting(rows: pl.DataFrame, days: float) -> pl.DataFrame:
    """Return the rows whose neighbor in time is among them too."""
    rows = rows.sort(*PAIR, "bucket_start", "_id")
    start = pl.col("bucket_start")
    near = start.diff().over(PAIR).dt.total_days().is_between(1, days * _STRIDE)
    return rows.filter((near | near.shift(-1).over(PAIR)).fill_null(False))


def _check_together(work: Work, high: pl.DataFrame, usual: pl.DataFrame) -> None:
    """Name days on which a fifth of the items of a place sell far above their median."""
    sellers = usual.group_by("location_id").agg(pl.len().alias("_sellers"))
    days = high.sort("_file", "_row").group_by("location_id", "bucket_start", maintain_order=True).agg(
        pl.len().alias("_items"), (pl.col("qty") / pl.col("_median")).median().alias("_times"),
        pl.col("_file", "_sheet", "_row").first(),
    ).join(sellers, on="location_id")  # fmt: skip
    many = (pl.col("_items") >= _FEWEST_ITEMS) & (pl.col("_items") > _TOGETHER * pl.col("_sellers"))
    days = days.filter(many).sort("location_id", "bucket_start")
    if days.height == 0:
        return
    day = pl.col("bucket_start").cast(pl.String)
    rule = pl.format(
        "A promotion or one-off must be marked; {} of {} items of {} sold {} times their median.",
        "_items", "_sellers", "location_id", pl.col("_times").round(1),
    )  # fmt: skip
    work.log.extend_frame(
        "DEM-010", days, table=_TABLE, column="qty", value=day, rule=rule,
        key=pl.format("location={}, date={}", "location_id", day),
    )  # fmt: skip
    work.flag("DEM-010", high.join(days, on=["location_id", "bucket_start"], how="semi"))


def _check_month_end(work: Work) -> None:
    """Flag files that post much of a month on its last day (DEM-012)."""
    if work.bucket != "day":
        return
    start = pl.col("bucket_start")
    days = (
        work.rows(_TABLE)
        .lazy()
        .group_by("_file", start)
        .agg(pl.col("qty").sum(), pl.col("_row").min())
        .collect()
    )
    whole = days.filter(start.dt.month_end() < pl.lit(work.as_of))
    last = whole.with_columns((start == start.dt.month_end()).alias("_end"))
    found = last.group_by("_file").agg(
        pl.col("qty").filter("_end").mean().alias("_last"), pl.col("qty").mean().alias("_usual"),
        pl.col("_end").sum().alias("_months"), pl.col("_row").filter("_end").min().alias("_row"),
    ).filter(pl.col("_months") >= _MONTHS, pl.col("_last") > _END_SHARE * pl.col("_usual")).sort("_file")  # fmt: skip
    for row in found.iter_rows(named=True):
        times = f"{row['_last'] / row['_usual']:.1f}"
        rule = (
            "the last day of a month must not have more than three times the quantity of an average day; it has "
            f"{times} times that, the shape of a month is not that of its days"
        )
        work.find_source(
            "DEM-012",
            _TABLE,
            file=row["_file"],
            row=row["_row"],
            column="bucket_start",
            value=times,
            rule=rule,
        )


def _check_edges(work: Work) -> None:
    """Leave out the fill of a launch and the clearance of an end (DEM-014)."""
    rows = work.rows(_TABLE).filter(pl.col("qty").is_not_null())
    begin = rows["bucket_start"].min()
    items = work.rows("item").select("item_id", "intro_date", "end_date", "lifecycle")
    starts = rows.lazy().group_by(PAIR).agg(pl.col("bucket_start").min().alias("_from")).collect()
    aging = items.filter(
        pl.col("intro_date").is_not_null()
        | pl.col("end_date").is_not_null()
        | pl.col("lifecycle").is_in(["ended", "phase_out"])
    )
    later = starts["_from"] >= pl.Series([begin]).dt.offset_by(f"{_LATER_DAYS}d")[0]
    chosen = starts.filter(later | starts["item_id"].is_in(aging["item_id"].implode()))
    rows = rows.join(chosen.select(PAIR), on=PAIR, how="semi")
    if rows.height == 0:
        return
    dated = rows.join(items, on="item_id", how="left", maintain_order="left").sort(*PAIR, "bucket_start")
    dated = dated.with_columns(
        pl.int_range(pl.len()).over(PAIR).alias("_at"), pl.len().over(PAIR).alias("_length"),
        pl.col("bucket_start").min().over(PAIR).alias("_from"),
    ).filter(pl.col("_length") >= _MIN_BUCKETS + 2 * _EDGE)  # fmt: skip
    launched = (pl.col("_from") >= pl.lit(begin) + timedelta(days=_LATER_DAYS)) | pl.col(
        "intro_date"
    ).is_not_null()
    ended = pl.col("end_date").is_not_null() | pl.col("lifecycle").is_in(["ended", "phase_out"])
    first = launched & (pl.col("_at") < _EDGE)
    last = ended & (pl.col("_at") >= pl.col("_length") - _EDGE)
    inner = dated.filter(~first & ~last & (pl.col("qty") > 0)).group_by(PAIR).agg(
        pl.col("qty").median().alias("_median"), pl.col("qty").max().alias("_most"), pl.len().alias("_inner")
    ).filter(pl.col("_inner") >= _MIN_BUCKETS)  # fmt: skip
    edge = dated.filter((first | last) & unmarked(work)).with_columns(last.alias("_last"))
    both = pl.col("qty").mean().over(*PAIR, "_last")
    found = edge.with_columns(both.alias("_both")).join(inner, on=PAIR, how="inner").filter(
        (pl.col("_both") > _SIZE * pl.col("_median")) & (pl.col("_both") > pl.col("_most"))
    )  # fmt: skip
    one = found.sort(*PAIR, "bucket_start").unique([*PAIR, "_last"], keep="first", maintain_order=True)
    told = pl.when("_last").then(pl.lit("clearance of an end")).otherwise(pl.lit("fill of a launch"))
    rule = pl.format(
        "The {} must be marked; it is {} times the median of {} and is left out of fits.",
        told, (pl.col("qty") / pl.col("_median")).round(1), "_median",
    )  # fmt: skip
    work.find("DEM-014", _TABLE, one, column="qty", rule=rule)
    if found.height:
        leave_out(work, found)


def _check_direct(work: Work) -> None:
    """Leave out shipments that never pass the stock (DEM-016)."""
    rows = work.rows(_TABLE)
    if rows["channel"].null_count() == rows.height:
        return
    direct = rows.filter(pl.col("channel").str.contains(_DIRECT).fill_null(False))
    rule = pl.format(
        "Shipments of channel {} never pass the stock; they are left out of stocked demand.", "channel"
    )
    work.find("DEM-016", _TABLE, direct, column="channel", rule=rule)
    if direct.height:
        passes = pl.col("_id").is_in(direct["_id"].implode()).alias("direct")
        work.put(_TABLE, rows.with_columns(passes))


def _check_customers(work: Work) -> None:
    """Note items of which one customer takes more than half (DEM-018)."""
    rows = work.rows(_TABLE)
    named = [name for name in rows.columns if pl.Series([name]).str.contains(_CUSTOMER)[0]]
    if not named or rows[named[0]].n_unique() < 2:
        return
    who = named[0]
    sums = rows.sort("_file", "_row").group_by("item_id", who, maintain_order=True).agg(
        pl.col("qty").sum(), pl.len().alias("_rows"), pl.col("_id", "_file", "_sheet", "_row").first()
    )  # fmt: skip
    share = pl.col("qty") / pl.col("qty").sum().over("item_id")
    large = sums.filter(pl.col(who).is_not_null() & (share > _HALF) & (pl.col("_rows") >= _FEWEST_ROWS))
    large = sums.with_columns(share.alias("_share")).join(large.select("_id"), on="_id", how="semi")
    rule = pl.format(
        "One customer should not be more than half of the demand of an item; {} takes {} %.",
        who, (pl.col("_share") * 100).round(0).cast(pl.Int64),
    )  # fmt: skip
    work.find("DEM-018", _TABLE, large, column=who.removeprefix(ATTRIBUTE), value=pl.col(who), rule=rule)
