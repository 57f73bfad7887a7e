"""Deliveries to shops counted as demand of the center that makes them (code DEM-011)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.work import Work

_LOW, _HIGH = 0.75, 4.0 / 3.0
_CENTERS = ("dc", "plant", "supplier")


def check_replenishment(work: Work) -> None:
    """Hold items of a center whose demand is that of the shops it supplies.

    Notes
    -----
    A center is a place of type dc, plant or supplier with a lane to, or as parent of, places with demand for
    the same item. Its demand counts as replenishment when its sum over the buckets both record is between
    3/4 and 4/3 of theirs. Demand of a named channel is marked, and never suspected.
    """
    links = _links(work)
    if links.height == 0 or not work.has("demand_history"):
        return
    demand = work.rows("demand_history").filter(pl.col("channel").is_null() & (pl.col("qty") > 0))
    below = links.join(demand, left_on="to_location", right_on="location_id", how="inner")
    below = below.filter(pl.col("_item").is_null() | (pl.col("_item") == pl.col("item_id")))
    below = below.unique(["location_id", "to_location", "item_id", "bucket_start", "_id"])
    shops = below.group_by("location_id", "item_id", "bucket_start").agg(pl.col("qty").sum().alias("_shops"))
    both = demand.join(shops, on=["location_id", "item_id", "bucket_start"], how="inner")
    sums = both.sort("_file", "_row").group_by("item_id", "location_id", maintain_order=True).agg(
        pl.col("qty").sum(), pl.col("_shops").sum(), pl.col("_id", "_file", "_sheet", "_row").first()
    )  # fmt: skip
    ratio = pl.col("qty") / pl.col("_shops")
    rule = pl.format(
        "Only independent demand counts, or its channel is named; the center has {}, the shops it supplies {}.",
        "qty", "_shops",
    )  # fmt: skip
    work.find(
        "DEM-011", "demand_history", sums.filter(ratio.is_between(_LOW, _HIGH)), column="qty", rule=rule
    )


def _links(work: Work) -> pl.DataFrame:
    """Return location_id of a center, to_location, and the item that flows (null = every item)."""
    places = work.rows("location")
    centers = places.filter(pl.col("type").is_in(list(_CENTERS))).select("location_id")
    lanes = work.rows("lane").select(
        pl.col("from_location").alias("location_id"), "to_location", pl.col("item_id").alias("_item")
    )
    children = places.filter(pl.col("parent_id").is_not_null()).select(
        pl.col("parent_id").alias("location_id"), pl.col("location_id").alias("to_location"),
        pl.lit(None, dtype=pl.String).alias("_item"),
    )  # fmt: skip
    return (
        pl.concat([lanes, children]).unique(maintain_order=True).join(centers, on="location_id", how="semi")
    )
