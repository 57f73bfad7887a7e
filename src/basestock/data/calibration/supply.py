"""Stock, open orders and past orders of the lines."""

import datetime

import numpy as np
import polars as pl

MAX_SLOTS = 400
"""Periods ahead that open orders are kept apart; later ones share the last slot."""


def newest_stock(inventory: pl.DataFrame) -> pl.DataFrame:
    """Return the newest stock row of every item-location: on_hand and what of it is available, units."""
    newest = inventory.sort("as_of").unique(["item_id", "location_id"], keep="last", maintain_order=True)
    held = pl.sum_horizontal(pl.col("reserved", "quality_hold", "blocked").cast(pl.Float64).fill_null(0.0))
    # A negative count is no backlog and no stock (INV-001).
    available = (pl.col("on_hand").clip(lower_bound=0.0) - held).clip(lower_bound=0.0)
    return newest.select("item_id", "location_id", "on_hand", available.alias("available"))


def open_orders(
    orders: pl.DataFrame, lines: pl.DataFrame, as_of: datetime.date, period_days: float
) -> np.ndarray:
    """Return ``[line, slot]`` firm open quantities by periods until arrival, base units.

    Parameters
    ----------
    orders
        Canonical ``purchase_order``, quantities in base units.
    lines
        (item_id, location_id) in the order of the twin.
    as_of
        Day of the decision.
    period_days
        Days of a model period.

    Returns
    -------
    numpy.ndarray
        Past due orders count as arriving in the next period.
    """
    firm = orders.filter((pl.col("status") == "open") & pl.col("firm").fill_null(True))
    due = pl.coalesce("promised_date", "due_date")
    slots = ((due - pl.lit(as_of)).dt.total_days().fill_null(0).cast(pl.Float64) / period_days).ceil()
    waiting = (
        firm.with_columns(
            (pl.col("qty_ordered") - pl.col("qty_received").fill_null(0)).clip(lower_bound=0).alias("open")
        )
        .with_columns(slots.clip(1, MAX_SLOTS).cast(pl.Int64).alias("slot"))
        .filter(pl.col("open") > 0)
        .join(lines.with_row_index("line"), on=["item_id", "location_id"])
        .group_by("line", "slot")
        .agg(pl.col("open").sum())
    )
    width = int(waiting["slot"].max() or 0) + 1  # type: ignore[arg-type]
    table = np.zeros((lines.height, width))
    table[waiting["line"].to_numpy(), waiting["slot"].to_numpy()] = waiting["open"].to_numpy()
    return table


def last_orders(orders: pl.DataFrame) -> pl.DataFrame:
    """Return the last dated order of every item-location: quantity in base units and day."""
    dated = orders.filter(pl.col("order_date").is_not_null() & (pl.col("status") != "cancelled"))
    newest = dated.sort("order_date", "po_id", "line_id").unique(
        ["item_id", "location_id"], keep="last", maintain_order=True
    )
    return newest.select(
        "item_id",
        "location_id",
        pl.col("qty_ordered").alias("last_qty"),
        pl.col("order_date").alias("last_date"),
    )
