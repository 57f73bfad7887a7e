"""What was written after the fact, or tells it: dates of orders, the order of rows (LEK-002, LEK-008, PUR-011)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work

_FEWEST = 20
_EXPLAINED = 0.99
_EXPLAINED_ORDER = 0.95
_FEWEST_ITEMS = 30
_TABLE = "purchase_order"
_PROMISES = ("promised_date", "due_date")


def check_promises(work: Work) -> None:
    """Flag planned dates that know the receipt, and promises later than what was asked for."""
    if _TABLE not in work.tables:
        return
    _check_rebased(work)
    _check_postponed(work)


def check_row_order(work: Work) -> None:
    """Flag item tables whose order of identifiers or rows is that of what was sold (LEK-008)."""
    sold = work.rows("demand_history").group_by("item_id").agg(pl.col("qty").sum().alias("_sold"))
    rows = (
        work.rows("item").sort("_file", "_row").join(sold, on="item_id", how="inner", maintain_order="left")
    )
    if rows.height < _FEWEST_ITEMS or rows["_sold"].n_unique() < _FEWEST_ITEMS // 2:
        return
    number = pl.col("item_id").str.extract(r"([0-9]+)$", 1).cast(pl.Float64, strict=False)
    orders = {"(row number)": pl.int_range(pl.len()).cast(pl.Float64), "item_id": number}
    for name, place in orders.items():
        both = rows.select(place.alias("_place"), "_sold", "_file", "_row").drop_nulls("_place")
        if both.height < _FEWEST_ITEMS or both["_place"].n_unique() < both.height:
            continue
        tied = float(both.select(pl.corr("_place", "_sold", method="spearman")).item() or 0.0)
        if abs(tied) > _EXPLAINED_ORDER:
            first = both.row(0, named=True)
            rule = (
                f"the order of identifiers or rows must not tell what was sold; the rank correlation of {both.height} "
                f"items is {tied:.2f}"
            )
            work.find_source(
                "LEK-008",
                "item",
                file=first["_file"],
                row=first["_row"],
                column=name,
                value=f"{tied:.2f}",
                rule=rule,
            )
            return


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
