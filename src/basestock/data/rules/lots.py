"""Lots: expired, impossible, undated, and at odds with the stock they make up (LOT-001 to LOT-005)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.rates import PAIR
from basestock.data.rules.work import Work

_TABLE = "inventory_lot"
_NEAR = 1.0
"""Lots may miss the stock by one base unit."""


def check_lots(work: Work) -> None:
    """Check lots on their own, then against the stock."""
    if _TABLE not in work.tables:
        return
    _check_owners(work)
    _check_dates(work)
    work.settle(_TABLE)
    _check_sums(work)


def _check_owners(work: Work) -> None:
    """Take lots out that belong to two items (LOT-005)."""
    rows = work.rows(_TABLE)
    shared = rows.filter(pl.col("item_id").n_unique().over("lot_id") > 1)
    owners = pl.col("item_id").unique().sort().str.join(", ").over("lot_id")
    rule = pl.format("A lot must belong to one item; {} belongs to {}.", "lot_id", owners)
    work.find("LOT-005", _TABLE, shared, column="lot_id", rule=rule)
    work.settle(_TABLE)


def _check_dates(work: Work) -> None:
    lives = work.rows("item").select("item_id", "shelf_life_days")
    rows = work.rows(_TABLE).join(lives, on="item_id", how="left", maintain_order="left")
    expiry, received = pl.col("expiry_date"), pl.col("received_date")
    life = (expiry - pl.max_horizontal(received, pl.col("as_of"))).dt.total_days()
    impossible = (expiry < received) | (life > pl.col("shelf_life_days"))
    rule = pl.format(
        "A lot must expire after its receipt, within the shelf life of {} days.",
        pl.col("shelf_life_days").cast(pl.String).fill_null("unknown"),
    )
    work.find("LOT-002", _TABLE, rows.filter(impossible.fill_null(False)), column="expiry_date", rule=rule)
    work.settle(_TABLE)
    rows = rows.filter(pl.col("_id").is_in(work.rows(_TABLE)["_id"].implode()))
    old = rows.filter((expiry <= pl.col("as_of")) & (pl.col("quantity") > 0))
    rule = pl.format("A lot in stock must not have expired by {}.", pl.col("as_of").cast(pl.String))
    work.find("LOT-001", _TABLE, old, column="expiry_date", rule=rule)
    undated = rows.filter(expiry.is_null() & pl.col("shelf_life_days").is_not_null())
    work.find("LOT-003", _TABLE, undated, column="expiry_date")


def _check_sums(work: Work) -> None:
    """Lots sum to the stock of their day (LOT-004)."""
    key = ["as_of", *PAIR]
    sums = work.rows(_TABLE).group_by(key).agg(pl.col("quantity").sum().alias("_lots"))
    rows = work.rows("inventory").join(sums, on=key, how="inner", maintain_order="left")
    rows = rows.filter((pl.col("_lots") - pl.col("on_hand")).abs() > _NEAR)
    rule = pl.format("Lots must sum to the stock within one unit; they are {}.", "_lots")
    work.find("LOT-004", "inventory", rows, column="on_hand", rule=rule)
