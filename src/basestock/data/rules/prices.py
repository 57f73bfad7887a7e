"""Price lists: totals that fall at a break, and days without a price (PRC-009, PRC-011)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.sources import valid_today
from basestock.data.rules.work import Work

_TABLE = "price"
_LIST = ["item_id", "supplier_id", "list"]


def check_prices(work: Work) -> None:
    """Check the breaks of every list, and that it holds today."""
    if _TABLE not in work.tables:
        return
    _check_breaks(work)
    _check_gaps(work)


def _check_breaks(work: Work) -> None:
    """Flag breaks at which more costs less in all; buying up to them pays (PRC-009)."""
    rows = work.rows(_TABLE).filter(valid_today(work)).sort(*_LIST, "min_qty", nulls_last=False)
    before = pl.col("price").shift(1).over(_LIST)
    least = pl.col("min_qty")
    # One piece less at the price before must not cost more than the break itself.
    drops = rows.with_columns(before.alias("_before")).filter(
        (pl.col("scheme").fill_null("all_units") == "all_units")
        & ((least - 1) * pl.col("_before") > least * pl.col("price"))
    )
    rule = pl.format(
        "A total must not fall where the quantity rises; {} units cost {} each, one less cost {} each.",
        least, "price", "_before",
    )  # fmt: skip
    work.find("PRC-009", _TABLE, drops, column="price", rule=rule)


def _check_gaps(work: Work) -> None:
    """Flag price lists of items in use that have no price for today (PRC-011)."""
    rows = work.rows(_TABLE).with_columns(valid_today(work).alias("_valid"))
    gone = rows.filter(~pl.col("_valid").any().over(_LIST)).sort(*_LIST, "valid_from", nulls_last=False)
    ended = work.rows("item").filter(pl.col("lifecycle") == "ended")["item_id"]
    last = gone.filter(~pl.col("item_id").is_in(ended.implode())).unique(
        _LIST, keep="last", maintain_order=True
    )
    rule = f"A price must be valid on {work.as_of}."
    work.find("PRC-011", _TABLE, last, column="valid_to", rule=rule)
