"""Two identities of a load beside that of its rows: stock follows from movements, each unit of supply counts once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

_PAIR = ["item_id", "location_id"]
_SHARE, _UNITS = 0.005, 1.0
_ISSUES = ("shipped", "sold", "consumed")


def movements_close(dataset: Dataset) -> dict[str, Any]:
    """Compare opening stock plus receipts minus issues with the closing stock.

    Returns
    -------
    dict
        ``checked``: item-locations with two snapshots and recorded issues between them; ``closed``: those
        that agree within 0.5 % or one unit; ``unexplained``: sum of the differences, base units.
    """
    moved = movements(dataset.tables)
    if moved.height == 0:
        return {"checked": 0, "closed": 0, "unexplained": 0.0, "holds": True}
    closed = moved.filter("_closed")
    unexplained = round(float(moved["_gap"].sum()), 3)
    return {
        "checked": moved.height, "closed": closed.height, "unexplained": unexplained,
        "holds": closed.height == moved.height,
    }  # fmt: skip


def movements(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the item-locations with two snapshots and issues between them.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Canonical tables in base units.

    Returns
    -------
    DataFrame
        item_id, location_id, ``_from``, ``_to``, ``_opening``, ``_closing``, ``_received``, ``_issued``, ``_gap`` =
        opening + received - issued - closing, unsigned, ``_closed``: within 0.5 % or one unit.
    """
    spans = _spans(tables)
    if spans.height == 0:
        return spans
    moved = _issued(tables, spans).join(_received(tables, spans), on=_PAIR, how="left")
    moved = moved.with_columns(pl.col("_received").fill_null(0.0))
    gap = (pl.col("_opening") + pl.col("_received") - pl.col("_issued") - pl.col("_closing")).abs()
    near = pl.max_horizontal(_SHARE * pl.col("_closing").abs(), pl.lit(_UNITS))
    moved = spans.join(moved, on=_PAIR, how="inner").with_columns(gap.alias("_gap"))
    return moved.with_columns((pl.col("_gap") <= near).alias("_closed"))


def _spans(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the two newest snapshots of every item-location that has two."""
    inventory = tables.get("inventory")
    history = tables.get("demand_history")
    if inventory is None or history is None or not history["qty_kind"].is_in(list(_ISSUES)).any():
        return pl.DataFrame(schema={"item_id": pl.String, "location_id": pl.String})
    stock = inventory.sort(*_PAIR, "as_of").group_by(_PAIR, maintain_order=True).agg(
        pl.col("as_of").tail(2), pl.col("on_hand").tail(2)
    )  # fmt: skip
    two = stock.filter(pl.col("as_of").list.len() == 2)
    return two.select(
        *_PAIR, pl.col("as_of").list.first().alias("_from"), pl.col("as_of").list.last().alias("_to"),
        pl.col("on_hand").list.first().alias("_opening"), pl.col("on_hand").list.last().alias("_closing"),
    )  # fmt: skip


def _issued(tables: Mapping[str, pl.DataFrame], spans: pl.DataFrame) -> pl.DataFrame:
    rows = tables["demand_history"].join(spans, on=_PAIR, how="inner")
    within = (pl.col("bucket_start") >= pl.col("_from")) & (pl.col("bucket_start") < pl.col("_to"))
    net = pl.col("qty") - pl.col("returned_qty").fill_null(0.0)
    return (
        rows.filter(within & pl.col("qty_kind").is_in(_ISSUES))
        .group_by(_PAIR)
        .agg(net.sum().alias("_issued"))
    )


def _received(tables: Mapping[str, pl.DataFrame], spans: pl.DataFrame) -> pl.DataFrame:
    orders, receipts = tables.get("purchase_order"), tables.get("receipt")
    if orders is None or receipts is None:
        return pl.DataFrame(schema={"item_id": pl.String, "location_id": pl.String, "_received": pl.Float64})
    lines = orders.unique(["po_id", "line_id"], keep="first", maintain_order=True).select(
        "po_id", "line_id", *_PAIR
    )
    rows = receipts.join(lines, on=["po_id", "line_id"], how="inner").join(spans, on=_PAIR, how="inner")
    within = (pl.col("receipt_date") > pl.col("_from")) & (pl.col("receipt_date") <= pl.col("_to"))
    good = pl.col("qty") - pl.col("rejected_qty").fill_null(0.0)
    return rows.filter(within).group_by(_PAIR).agg(good.sum().alias("_received"))


def supply_counted_once(dataset: Dataset) -> dict[str, Any]:
    """Return how many findings say that a unit of supply is counted twice."""
    doubled = dataset.issues.filter(pl.col("code").is_in(["INV-006", "PUR-008"])).height
    return {"doubled": doubled, "holds": doubled == 0}
