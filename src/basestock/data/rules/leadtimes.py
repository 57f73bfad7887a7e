"""Lead times: what is stated against what receipts show (codes SRC-002 to SRC-008)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work

MIN_RECEIPTS = 8
"""Receipts from which a lead time is learned."""

MIN_COMPARED = 3
"""Receipts from which a stated lead time is compared."""

SPREAD = 0.3
"""Standard deviation of a lead time of which nothing is known, as a share of the lead time."""

_UNIT_FACTOR = 3.0
_AGREES = 0.3
_CROSSED = 0.05


def observed(work: Work) -> pl.DataFrame:
    """Return one row per received order line: item, supplier, place, order day, lead time in days.

    Notes
    -----
    The lead time of a line delivered in parts is the mean of its parts, weighted by quantity (RCP-005). Reversals
    and receipts before their order are left out.
    """
    lines = work.rows("purchase_order").filter(pl.col("status") != "draft").group_by("po_id", "line_id").agg(
        pl.col("item_id", "supplier_id", "location_id").first(), pl.col("order_date").min()
    )  # fmt: skip
    receipts = work.rows("receipt").filter(pl.col("qty") > 0).group_by("po_id", "line_id").agg(
        pl.col("receipt_date").max(), pl.col("receipt_date").min().alias("_first"),
        ((pl.col("receipt_date") - pl.col("receipt_date").min()).dt.total_days() * pl.col("qty")).sum().alias("_later"),
        pl.col("qty").sum().alias("_total"),
    )  # fmt: skip
    first = (pl.col("_first") - pl.col("order_date")).dt.total_days().cast(pl.Float64)
    days = first + pl.col("_later") / pl.col("_total")
    lines = lines.join(receipts, on=["po_id", "line_id"], how="inner").with_columns(days.alias("days"))
    lines = lines.drop("_first", "_later", "_total")
    return lines.filter(pl.col("days") >= 0).sort("supplier_id", "order_date", "po_id", "line_id")


def _statistics(drawn: pl.DataFrame, key: list[str], suffix: str) -> pl.DataFrame:
    return drawn.group_by(key).agg(
        pl.col("days").median().alias(f"_median{suffix}"), pl.col("days").std().alias(f"_sd{suffix}"),
        pl.len().alias(f"_seen{suffix}"),
    )  # fmt: skip


def check_lead_times(work: Work) -> None:
    """Compare, learn or hold the lead time of every source; the stated one is kept beside it."""
    if "item_supplier" not in work.tables:
        return
    drawn = observed(work)
    frame = work.rows("item_supplier")
    frame = frame.join(
        _statistics(drawn, ["item_id", "supplier_id"], ""),
        on=["item_id", "supplier_id"],
        how="left",
        maintain_order="left",
    )
    frame = frame.join(
        _statistics(drawn, ["supplier_id"], "_all"), on="supplier_id", how="left", maintain_order="left"
    )
    stated = pl.col("lead_time_days")
    frame = frame.with_columns(stated.alias("stated_lead_time_days"))
    work.find("SRC-003", "item_supplier", frame.filter(stated == 0), column="lead_time_days")
    use = _learn(work, frame)
    use = use | _compare(work, frame)
    learned = pl.when(use).then(_median()).otherwise(stated)
    spread = pl.when(pl.col("_seen") >= MIN_RECEIPTS).then(pl.col("_sd"))
    frame = frame.with_columns(
        learned.alias("lead_time_days"), pl.coalesce("lead_time_sd_days", spread).alias("lead_time_sd_days")
    )
    work.put("item_supplier", frame.drop(pl.selectors.starts_with("_median", "_sd", "_seen")))
    _check_basis(work)
    _check_crossing(work, drawn)


def _median() -> pl.Expr:
    """Return the median of the item at its supplier, else of the supplier."""
    own = pl.when(pl.col("_seen") >= MIN_COMPARED).then(pl.col("_median"))
    return pl.coalesce(own, pl.col("_median_all"))


def _learn(work: Work, frame: pl.DataFrame) -> pl.Expr:
    """Learn missing lead times from receipts, or hold (SRC-002)."""
    missing = pl.col("lead_time_days").is_null()
    own = pl.col("_seen").fill_null(0) >= MIN_RECEIPTS
    enough = own | (pl.col("_seen_all").fill_null(0) >= MIN_RECEIPTS)
    rule = pl.format(
        "A lead time must be given; the median of {} receipts is taken.", pl.coalesce("_seen", "_seen_all")
    )
    work.find(
        "SRC-002", "item_supplier", frame.filter(missing & enough), column="lead_time_days", rule=rule,
        new=_median().cast(pl.String), action="flag", severity="warning",
    )  # fmt: skip
    work.find("SRC-002", "item_supplier", frame.filter(missing & ~enough), column="lead_time_days")
    return missing & enough


def _compare(work: Work, frame: pl.DataFrame) -> pl.Expr:
    """Flag stated lead times that receipts contradict; return where the observed one is used."""
    stated, median = pl.col("lead_time_days"), pl.col("_median")
    known = (stated > 0) & (median > 0) & (pl.col("_seen") >= MIN_COMPARED)
    ratio = median / stated
    apart = known & ((ratio > _UNIT_FACTOR) | (ratio < 1 / _UNIT_FACTOR))
    differ = known & ~apart & ((ratio - 1).abs() > _AGREES)
    new = pl.col("_median").cast(pl.String)
    factor = pl.format(
        "A stated lead time must be within three times the observed median; the factor is {}.", ratio.round(2)
    )
    near = pl.format(
        "Stated and observed lead time must agree within 30 %; {} receipts took {} days.", "_seen", "_median"
    )
    work.find(
        "SRC-005",
        "item_supplier",
        frame.filter(apart.fill_null(False)),
        column="lead_time_days",
        new=new,
        rule=factor,
    )
    work.find(
        "SRC-006",
        "item_supplier",
        frame.filter(differ.fill_null(False)),
        column="lead_time_days",
        new=new,
        rule=near,
    )
    wanted = pl.lit(work.info.lead_time == "learned")
    return wanted & (apart | differ).fill_null(False)


def _check_basis(work: Work) -> None:
    """Flag files that do not say which days they count (SRC-007)."""
    rows = work.rows("item_supplier")
    silent = (
        rows.filter(pl.col("lead_time_basis").is_null())
        .group_by("_file", maintain_order=True)
        .len()
        .sort("_file")
    )
    for file, count in silent.iter_rows():
        work.find_source("SRC-007", "item_supplier", file=file, column="lead_time_basis", count=count)


def _check_crossing(work: Work, drawn: pl.DataFrame) -> None:
    """Flag suppliers whose later orders of an item for a place arrive first (SRC-008)."""
    source = ["supplier_id", "item_id", "location_id"]
    pairs = drawn.with_columns(
        pl.col("receipt_date").shift(-1).over(source).alias("_next"),
        pl.col("order_date").shift(-1).over(source).alias("_ordered"),
    ).filter(pl.col("_next").is_not_null() & (pl.col("_ordered") > pl.col("order_date")))  # fmt: skip
    crossed = pairs.group_by("supplier_id").agg(
        (pl.col("_next") < pl.col("receipt_date")).mean().alias("_share"), pl.len().alias("_pairs")
    ).filter((pl.col("_share") >= _CROSSED) & (pl.col("_pairs") >= MIN_RECEIPTS)).sort("supplier_id")  # fmt: skip
    for supplier, share, pairs_seen in crossed.iter_rows():
        rule = (
            f"orders should arrive in the order they were placed; {share:.0%} of {pairs_seen} pairs crossed"
        )
        work.find_source("SRC-008", "receipt", key=f"supplier={supplier}", rule=rule, flag=False)
        work.flag("SRC-008", work.rows("item_supplier").filter(pl.col("supplier_id") == supplier))
