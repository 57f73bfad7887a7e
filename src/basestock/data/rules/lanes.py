"""Lanes: rings, places that nothing reaches, terms that make no sense (codes LAN-001 to LAN-006)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.rates import PAIR
from basestock.data.rules.work import Work


def check_lanes(work: Work) -> None:
    """Take out impossible lanes; hold places that no outside source reaches."""
    if "lane" not in work.tables:
        return
    rows = work.rows("lane")
    work.find(
        "LAN-001", "lane", rows.filter(pl.col("from_location") == pl.col("to_location")), column="to_location"
    )
    work.settle("lane")
    rows = work.rows("lane")
    work.find("LAN-006", "lane", rows.filter((pl.col("capacity") == 0).fill_null(False)), column="capacity")
    _break_idle_rings(work)
    work.settle("lane")
    _check_reach(work)


def _break_idle_rings(work: Work) -> None:
    """Take out the lane of lowest priority of every ring that takes no time (LAN-003)."""
    while True:
        idle = work.rows("lane").filter(pl.col("lead_time_days") == 0)
        ring = _ring(idle)
        if ring.height == 0:
            return
        worst = ring.sort(pl.col("priority").fill_null(1), "from_location", "to_location").tail(1)
        places = " -> ".join(sorted(set(ring["from_location"])))
        rule = f"The lead times around a ring of lanes must not all be 0; the ring is {places}."
        work.find("LAN-003", "lane", worst, column="lead_time_days", rule=rule)
        work.settle("lane")


def _ring(lanes: pl.DataFrame) -> pl.DataFrame:
    """Return the lanes that can lie on a ring: those left after loose ends are stripped off."""
    rest = lanes.with_columns(pl.col("item_id").fill_null("").alias("_who"))
    while True:
        fed = rest.join(_ends(rest, "to_location", "from_location"), on=["_who", "from_location"], how="semi")
        kept = fed.join(_ends(fed, "from_location", "to_location"), on=["_who", "to_location"], how="semi")
        if kept.height == rest.height:
            return rest.drop("_who")
        rest = kept


def _ends(lanes: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    return lanes.select("_who", pl.col(column).alias(name)).unique()


def _items_on_lanes(work: Work) -> pl.DataFrame:
    """Return lanes per item; a lane for all items counts for every item known at its ends."""
    lanes = work.rows("lane").select("item_id", "from_location", "to_location")
    general = lanes.filter(pl.col("item_id").is_null()).drop("item_id")
    items = pl.DataFrame({"item_id": work.known.get("item", pl.Series(dtype=pl.String))})
    spread = items.join(general, how="cross")
    return pl.concat([lanes.filter(pl.col("item_id").is_not_null()), spread.select(lanes.columns)]).unique()


def _entry_points(work: Work) -> pl.DataFrame:
    """Return item-locations that an outside source or a make process feeds."""
    sources = work.rows("item_supplier").select(PAIR)
    places = work.rows("location").select("location_id")
    everywhere = sources.filter(pl.col("location_id").is_null()).select("item_id").join(places, how="cross")
    made = work.rows("operation").select(PAIR).drop_nulls()
    plants = work.rows("location").filter(pl.col("type") == "supplier").select("location_id")
    items = pl.DataFrame({"item_id": work.known.get("item", pl.Series(dtype=pl.String))})
    outside = items.join(plants, how="cross")
    return pl.concat([sources.drop_nulls(), everywhere, made, outside]).unique()


def _check_reach(work: Work) -> None:
    """Hold rings that nothing feeds (LAN-002) and places with demand that nothing reaches (LAN-004)."""
    lanes = _items_on_lanes(work)
    reached = _entry_points(work)
    while True:
        moved = lanes.join(reached, left_on=["item_id", "from_location"], right_on=PAIR, how="semi")
        grown = pl.concat(
            [reached, moved.select("item_id", pl.col("to_location").alias("location_id"))]
        ).unique()
        if grown.height == reached.height:
            break
        reached = grown
    cut = lanes.join(reached, left_on=["item_id", "to_location"], right_on=PAIR, how="anti")
    ringed = _ring(cut)
    ring = ringed.select("item_id", pl.col("to_location").alias("location_id")).unique().sort(PAIR)
    wanted = work.rows("demand_history").filter(pl.col("qty") > 0).select(PAIR).unique()
    stocked = pl.concat(
        [wanted, work.rows("inventory").select(PAIR), work.rows("item_location").select(PAIR)]
    )
    work.find(
        "LAN-002", "lane", _without_row(ring.join(stocked, on=PAIR, how="semi")), column="from_location"
    )
    dead = cut.select("item_id", pl.col("to_location").alias("location_id")).unique()
    dead = dead.join(ring, on=PAIR, how="anti").join(wanted, on=PAIR, how="semi").sort(PAIR)
    work.find("LAN-004", "lane", _without_row(dead), column="to_location")


def _without_row(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit(None, dtype=pl.Int64).alias("_row"))
