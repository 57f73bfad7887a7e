"""Dates of orders that were written after the fact, or that put off (LEK-002, PUR-011)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work

_FEWEST = 20
_EXPLAINED = 0.99
_TABLE = "purchase_order"
_PROMISES = ("promised_date", "due_date")


def check_promises(work: Work) -> None:
    """Flag planned dates that know the receipt, and promises later than what was asked for."""
    if _TABLE not in work.tables:
        return
    _check_rebased(work)
    _check_postponed(work)


def _check_rebased(work: Work) -> None:
    """A planned date that explains nearly all of the lead times was moved to the receipt (LEK-002)."""
    if "receipt" not in work.tables:
        return
    last = work.rows("receipt").group_by("po_id", "line_id").agg(pl.col("receipt_date").max().alias("_came"))
    lines = work.rows(_TABLE).filter(pl.col("known_at").is_null() & pl.col("order_date").is_not_null())
    lines = lines.unique(["po_id", "line_id"], keep="none").join(last, on=["po_id", "line_id"], how="inner")
    took = (pl.col("_came") - pl.col("order_date")).dt.total_days().cast(pl.Float64)
    for column in _PROMISES:
        planned = (pl.col(column) - pl.col("order_date")).dt.total_days().cast(pl.Float64)
        dated = lines.select(
            "_file", "_row", column, planned.alias("planned"), took.alias("took")
        ).drop_nulls()
        if dated.height < _FEWEST:
            continue
        spread = float(dated.select(pl.col("took").var()).item())
        missed = float(dated.select((pl.col("took") - pl.col("planned")).var()).item())
        if spread <= 0 or 1 - missed / spread <= _EXPLAINED:
            continue
        first = dated.sort("_file", "_row").row(0, named=True)
        rule = (
            f"A planned date must not know the receipt; {column} explains {1 - missed / spread:.1%} of the variance of "
            f"{dated.height} lead times."
        )
        work.find_source(
            "LEK-002",
            _TABLE,
            file=first["_file"],
            row=first["_row"],
            column=column,
            value=str(first[column]),
            rule=rule,
        )


def _check_postponed(work: Work) -> None:
    """A promise must not lie later than asked for by more than the lead time (PUR-011)."""
    leads = (
        work.rows("item_supplier")
        .group_by("item_id", "supplier_id")
        .agg(pl.col("lead_time_days").max().alias("_lead"))
    )
    rows = work.rows(_TABLE).filter(pl.col("status") == "open")
    rows = rows.join(leads, on=["item_id", "supplier_id"], how="inner", maintain_order="left")
    later = (pl.col("promised_date") - pl.col("due_date")).dt.total_days()
    rule = pl.format(
        "A promise must not be later than asked for by more than the lead time of {} days; it is {} days later.",
        "_lead",
        later,
    )
    work.find("PUR-011", _TABLE, rows.filter(later > pl.col("_lead")), column="promised_date", rule=rule)
