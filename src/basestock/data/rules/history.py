"""Demand history: kinds, returns, cancellations, buckets, gaps, censoring, outliers (DEM, DAT-014, DAT-015)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.rates import BUCKET_STEPS, PAIR, infer_bucket
from basestock.data.rules.work import Work

TABLE = "demand_history"
_KEY = ["bucket_start", "item_id", "location_id", "channel"]
_CANCEL_DAYS = 7
_DEVIATIONS = 8.0
_MAD_TO_SIGMA = 1.4826
_MIN_BUCKETS = 8
_CENSORED = ("shipped", "sold", "consumed")


def check_kinds(work: Work) -> None:
    """Refuse files that do not say what their quantities are, or mix kinds (DEM-005)."""
    if TABLE not in work.tables:
        return
    frame = work.rows(TABLE)
    kinds = frame.group_by("_file").agg(
        pl.col("qty_kind").n_unique().alias("_kinds"), pl.col("qty_kind").null_count().alias("_none")
    )
    wrong = kinds.filter((pl.col("_kinds") > 1) | (pl.col("_none") > 0)).sort("_file")
    for file, _, _ in wrong.iter_rows():
        rows = frame.filter(pl.col("_file") == file)
        raw = rows.with_columns(pl.Series("_kind", work.raw(TABLE, "qty_kind", rows["_id"])))
        counts = raw.group_by("_kind").len().sort("len", "_kind", descending=[True, False])
        told = ", ".join(f"{count} {kind or '(empty)'}" for kind, count in counts.iter_rows())
        rule = (
            f"qty_kind must be one of ordered, shipped, sold, consumed for the whole file; here are {told}."
        )
        rare = raw.filter(pl.col("_kind") == str(counts["_kind"][-1])).head(1)
        unknown = raw.filter(pl.col("qty_kind").is_null()).head(1)
        offender = unknown if unknown.height else rare
        work.log.extend_frame(
            "DEM-005", offender, table=TABLE, column="qty_kind", value=pl.col("_kind"), rule=rule
        )
        words = (rule, work.log.entries["DEM-005"].remedy)
        work.act("DEM-005", TABLE, rows, action="refuse", severity="error", words=words)
    work.settle(TABLE)


def settle_bucket(work: Work) -> None:
    """Fix the length of a bucket: as said in the rows, else from the labels (DAT-014, DAT-015)."""
    if TABLE not in work.tables:
        return
    frame = work.rows(TABLE)
    said = frame["bucket"].drop_nulls()
    if len(said):
        counts = said.value_counts().sort("count", "bucket", descending=[True, False])
        work.bucket = str(counts["bucket"][0])
        _take_coarse(work)
    else:
        work.bucket = infer_bucket(frame["bucket_start"].unique().sort())
        if frame.height:
            work.assume("demand_history.bucket", work.bucket, "inferred from the labels")
    if work.bucket == "week":
        _check_week_labels(work)
    frame = work.rows(TABLE)
    work.put(TABLE, frame.with_columns(pl.col("bucket").fill_null(work.bucket)))


def _check_week_labels(work: Work) -> None:
    """Week labels are Mondays, or the profile says what they are (DAT-014)."""
    frame = work.rows(TABLE)
    label = pl.col("bucket_start").dt.weekday()
    weekdays = frame.group_by(label.alias("_day")).len().sort("len", "_day", descending=[True, False])
    if weekdays.height == 0 or (weekdays.height == 1 and weekdays["_day"][0] == 1):
        return
    if work.info.week_rule is not None and weekdays.height == 1:
        return
    usual = 1 if work.info.week_rule is None else int(weekdays["_day"][0])
    odd = frame.filter(label != usual).head(1)
    rule = "Week labels must be Mondays, or week_rule declared and all labels on its weekday."
    work.log.extend_frame(
        "DAT-014", odd, table=TABLE, column="bucket_start", rule=rule,
        value=pl.col("bucket_start").dt.strftime("%Y-%m-%d %A"),
    )  # fmt: skip
    words = (rule, work.log.entries["DAT-014"].remedy)
    work.act("DAT-014", TABLE, frame, action="refuse", severity="error", words=words)
    work.settle(TABLE)


def _take_coarse(work: Work) -> None:
    """Take out the coarser rows of series that mix bucket lengths (DAT-015)."""
    frame = work.rows(TABLE)
    order = {"day": 0, "week": 1, "month": 2}
    rank = pl.col("bucket").fill_null(work.bucket).replace_strict(order, return_dtype=pl.Int64)
    ranked = frame.with_columns(rank.alias("_rank"))
    finest = pl.col("_rank").min().over(PAIR)
    rows = ranked.filter(pl.col("_rank") > finest)
    work.find("DAT-015", TABLE, rows, column="bucket")
    work.settle(TABLE)


def treat_returns(work: Work) -> None:
    """Fold cancelled orders with their cancellation; move other negatives to the returns (DEM-002, DEM-001)."""
    frame = work.rows(TABLE)
    if not (frame["qty"] < 0).any():
        return
    _fold_cancelled(work, frame)
    work.settle(TABLE)
    _move_returns(work)


def _fold_cancelled(work: Work, frame: pl.DataFrame) -> None:
    who = [*PAIR, "channel", *(name for name in frame.columns if name.startswith("attr.customer"))]
    slim = frame.select(*who, "bucket_start", "qty", "_id")
    minus = slim.filter(pl.col("qty") < 0).with_columns(-pl.col("qty"))
    plus = slim.filter(pl.col("qty") > 0)
    pairs = minus.join(plus, on=[*who, "qty"], how="inner", nulls_equal=True, suffix="_plus")
    gap = (pl.col("bucket_start") - pl.col("bucket_start_plus")).dt.total_days()
    pairs = pairs.with_columns(gap.alias("_gap")).filter(pl.col("_gap").is_between(0, _CANCEL_DAYS))
    pairs = pairs.sort("_gap", "bucket_start", "_id", "_id_plus")
    pairs = pairs.unique("_id", keep="first", maintain_order=True)
    pairs = pairs.unique("_id_plus", keep="first", maintain_order=True)
    folded = pl.concat([pairs["_id"], pairs["_id_plus"].alias("_id")])
    rows = frame.filter(pl.col("_id").is_in(folded.implode()))
    work.find("DEM-002", TABLE, rows, column="qty")


def _move_returns(work: Work) -> None:
    """A negative quantity is a return: gross demand and returns are both kept (DEM-001)."""
    frame = work.rows(TABLE)
    negative = frame.filter(pl.col("qty") < 0)
    back = (-pl.col("qty")).cast(pl.String)
    work.find(
        "DEM-001",
        TABLE,
        negative,
        column="qty",
        old=pl.col("qty").cast(pl.String),
        new=pl.format("returned_qty {}", back),
    )
    sums = negative.group_by(_KEY).agg((-pl.col("qty")).sum().alias("_back"))
    hosts = frame.filter(pl.col("qty") >= 0).sort("_id").unique(_KEY, keep="first", maintain_order=True)
    hosted = hosts.join(sums, on=_KEY, how="inner", nulls_equal=True).select("_id", "_back", *_KEY)
    guests = negative.join(hosted, on=_KEY, how="semi", nulls_equal=True)
    words = (work.log.entries["DEM-001"].rule, work.log.entries["DEM-001"].remedy)
    work.act("DEM-001", TABLE, guests, action="fold", severity="", words=words)
    work.settle(TABLE)
    work.mark_repaired(TABLE, hosted["_id"])
    frame = work.rows(TABLE).join(hosted.select("_id", "_back"), on="_id", how="left", maintain_order="left")
    own = pl.when(pl.col("qty") < 0).then(-pl.col("qty")).otherwise(0.0) + pl.col("_back").fill_null(0.0)
    returned = pl.when(own > 0).then(pl.col("returned_qty").fill_null(0.0) + own).otherwise("returned_qty")
    gross = pl.when(pl.col("qty") < 0).then(0.0).otherwise("qty")
    frame = frame.with_columns(returned.alias("returned_qty"), gross.alias("qty")).drop("_back")
    work.put(TABLE, frame)


def check_gaps(work: Work) -> None:
    """Report series with absent buckets whose meaning nobody declares (DEM-004)."""
    if work.settings.gaps or work.info.gaps or not work.has(TABLE):
        return
    start = pl.col("bucket_start")
    series = work.rows(TABLE).lazy().group_by(PAIR).agg(
        start.min().alias("_first"), start.max().alias("_last"), start.n_unique().alias("_seen")
    ).sort(PAIR).collect()  # fmt: skip
    days = (pl.col("_last") - pl.col("_first")).dt.total_days()
    months = (pl.col("_last").dt.year() - pl.col("_first").dt.year()) * 12 + (
        pl.col("_last").dt.month().cast(pl.Int32) - pl.col("_first").dt.month().cast(pl.Int32)
    )
    full = {"day": days + 1, "week": days // 7 + 1, "month": months + 1}[work.bucket]
    series = series.with_columns((full - pl.col("_seen")).alias("_absent"), full.alias("_full"))
    rows = series.filter(pl.col("_absent") > 0)
    value = pl.format("{} of {} buckets absent", "_absent", "_full")
    work.find("DEM-004", TABLE, rows, column="bucket_start", value=value)


def check_last_bucket(work: Work) -> None:
    """Mark buckets that had not ended on the day of the load (DEM-008)."""
    if TABLE not in work.tables:
        return
    frame = work.rows(TABLE)
    complete = pl.col("bucket_start").dt.offset_by(BUCKET_STEPS[work.bucket]) <= work.as_of
    frame = frame.with_columns(complete.alias("complete"))
    work.put(TABLE, frame)
    rows = frame.filter(~pl.col("complete")).unique(PAIR, keep="last", maintain_order=True).sort(PAIR)
    rule = f"The last bucket must have ended before {work.as_of}; it is not used for fits."
    work.find("DEM-008", TABLE, rows, column="bucket_start", rule=rule)


def check_censoring(work: Work) -> None:
    """Flag sales of buckets in which the shelf was empty (DEM-003)."""
    frame = work.rows(TABLE)
    if frame.height == 0:
        return
    frame = _with_snapshots(work, frame)
    work.put(TABLE, frame)
    censored = pl.col("qty_kind").is_in(_CENSORED) & (pl.col("in_stock_fraction") < 1)
    rows = frame.filter(censored.fill_null(False))
    rule = pl.format(
        "Sales of a bucket in stock for {} of its time are at least, not equal to, demand.",
        "in_stock_fraction",
    )
    work.find("DEM-003", TABLE, rows, column="qty", rule=rule)


def _with_snapshots(work: Work, frame: pl.DataFrame) -> pl.DataFrame:
    """Fill the share in stock of buckets without sales from stock snapshots taken in them."""
    empty = work.rows("inventory").filter(pl.col("on_hand") <= 0)
    blank = frame.filter((pl.col("qty") == 0) & pl.col("in_stock_fraction").is_null())
    if empty.height == 0 or blank.height == 0:
        return frame
    bucket = BUCKET_STEPS[work.bucket]
    first = pl.col("as_of").dt.truncate(bucket).alias("bucket_start")
    days = empty.select(*PAIR, first).unique().with_columns(pl.lit(0.0).alias("_empty"))
    on = [*PAIR, "bucket_start"]
    stock = work.rows("inventory").filter(pl.col("on_hand") > 0).select(*PAIR, first).unique()
    days = days.join(stock, on=on, how="anti")
    frame = frame.join(days, on=on, how="left", maintain_order="left")
    share = (
        pl.when(pl.col("qty") == 0)
        .then(pl.coalesce("in_stock_fraction", "_empty"))
        .otherwise("in_stock_fraction")
    )
    return frame.with_columns(share.alias("in_stock_fraction")).drop("_empty")


def check_outliers(work: Work) -> None:
    """Flag buckets far from the others of their series (DEM-006).

    Notes
    -----
    More than 8 scaled median absolute deviations above the median and more than three times the ninth
    decile, so that a skewed but honest series stays silent; the deviation is at least the square root of
    the median.
    """
    if not work.has(TABLE):
        return
    sold = work.rows(TABLE).lazy().filter(pl.col("qty") > 0)
    qty = pl.col("qty")
    stats = sold.group_by(PAIR).agg(
        qty.median().alias("_median"), qty.quantile(0.9, "lower").alias("_high"), qty.max().alias("_max"),
        pl.len().alias("_count"),
    ).filter((pl.col("_count") >= _MIN_BUCKETS) & (pl.col("_max") > 3 * pl.col("_high")))  # fmt: skip
    suspects = sold.join(stats, on=PAIR, how="inner").collect()
    if suspects.height == 0:
        return
    deviation = (qty - pl.col("_median")).abs().median().over(PAIR) * _MAD_TO_SIGMA
    scale = pl.max_horizontal(deviation, pl.col("_median").sqrt())
    limit = pl.max_horizontal(pl.col("_median") + _DEVIATIONS * scale, 3 * pl.col("_high"))
    suspects = suspects.with_columns(limit.alias("_limit"))
    absurd = qty > 1_000 * pl.col("_median")
    listed = work.log.touched().filter((pl.col("code") == "DEM-010") & (pl.col("key").str.contains("item=")))
    listed = listed.select(
        pl.col("file").alias("_file"), pl.col("sheet").alias("_sheet"), pl.col("row").alias("_row")
    )
    suspects = suspects.join(listed, on=["_file", "_sheet", "_row"], how="anti", maintain_order="left")
    rows = suspects.filter((qty > pl.col("_limit")) & pl.col("event_id").is_null() & ~absurd)
    rule = pl.format(
        "A quantity above {} must be explained by an event; the median is {}.",
        pl.col("_limit").round(3),
        "_median",
    )
    work.find("DEM-006", TABLE, rows, column="qty", rule=rule)
