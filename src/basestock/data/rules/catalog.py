"""Items that contradict how they are used: services, category rings, missing sizes, fractions (ITM-007 to ITM-010)."""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from basestock.data.frames import ATTRIBUTE
from basestock.data.rules.structure import rings
from basestock.data.rules.work import Work

_NO_STOCK = r"(?i)^(services?|phantoms?|phantom items?|kits?|virtual kits?|labou?r)$"
_TYPES = ("type", "item_type", "product_type")
_ROOM = {"kg": "weight_kg", "m3": "volume_m3"}
_METRICS = {"weight": "weight_kg", "volume": "volume_m3"}
_ALL = "ALL"
_FRACTIONS = 0.3
_FEWEST = 5
_WHOLE = 1e-6


def check_kinds_of_items(work: Work) -> None:
    """Hold services, phantoms and kits that are in the stock list (ITM-007)."""
    items = work.rows("item")
    kinds = [f"{ATTRIBUTE}{name}" for name in _TYPES if f"{ATTRIBUTE}{name}" in items.columns]
    named = [pl.col(kind).str.strip_chars().str.contains(_NO_STOCK) for kind in kinds]
    level = (
        pl.col("category").str.split("/").list.eval(pl.element().str.strip_chars().str.contains(_NO_STOCK))
    )
    odd = items.filter(pl.any_horizontal(*named, level.list.any()).fill_null(False))
    if odd.height == 0:
        return
    pairs = pl.concat(
        [work.rows(table).select("item_id", "location_id") for table in ("inventory", "item_location")]
    )
    off = (
        work.rows("item_location").filter(~pl.col("stocked").fill_null(True)).select("item_id", "location_id")
    )
    stocked = pairs.join(off, on=["item_id", "location_id"], how="anti")
    rows = odd.join(stocked, on="item_id", how="semi", maintain_order="left")
    work.find("ITM-007", "item", rows, column="category")


def check_categories(work: Work) -> None:
    """Take categories out that lead back to their beginning, level by level (ITM-008).

    Notes
    -----
    A category is a path, so that a level has one parent as long as its whole path names it; only a named level that
    comes back below itself is no tree. Numbers are the names of levels, and may repeat.
    """
    if "item" not in work.tables:
        return
    paths = work.rows("item")["category"].drop_nulls().unique().sort()
    levels = {path: [part.strip() for part in str(path).split("/")] for path in paths if "/" in str(path)}
    named = {path: parts for path, parts in levels.items() if not any(part.isdigit() for part in parts)}
    edges = sorted({pair for parts in named.values() for pair in pairwise(parts)})
    frame = pl.DataFrame(edges, schema={"parent_id": pl.String, "component_id": pl.String}, orient="row")
    for ring in rings(frame):
        _take_ring(work, ring, named)


def _take_ring(work: Work, ring: list[str], named: dict[str, list[str]]) -> None:
    """Take out the paths that close a ring of levels."""
    closing = set(pairwise(ring))
    guilty = [path for path, parts in named.items() if closing & set(pairwise(parts))]
    items = work.rows("item")
    rows = items.filter(pl.col("category").is_in(guilty))
    rule = f"Categories must form a forest; these levels form a ring: {' -> '.join(ring)}."
    work.find("ITM-008", "item", rows, column="category", rule=rule, old=pl.col("category"), new=_ALL)
    work.flag("ITM-008", rows)
    kept = pl.when(pl.col("category").is_in(guilty)).then(pl.lit(_ALL)).otherwise("category")
    work.put("item", items.with_columns(kept.alias("category")))


def check_item_sizes(work: Work) -> None:
    """Take the median of the category for weights and volumes of 0 where a capacity counts them (ITM-009)."""
    for column in sorted(_counted(work)):
        items = work.rows("item")
        known = pl.when(pl.col(column) > 0).then(pl.col(column))
        typical = pl.coalesce(known.median().over("category"), known.median())
        rows = items.with_columns(typical.alias("_typical")).filter(pl.col(column) == 0)
        rule = f"{column} must be above 0 where a capacity counts it; the median of the category is taken."
        new = pl.col("_typical").round(6).cast(pl.String).fill_null("unknown")
        work.find("ITM-009", "item", rows, column=column, rule=rule, new=new)
        fixed = pl.when(pl.col(column) == 0).then(typical).otherwise(pl.col(column))
        work.put("item", items.with_columns(fixed.alias(column)))


def _counted(work: Work) -> set[str]:
    """Return the columns of the item that some capacity or limit counts."""
    units = pl.concat([work.rows(table)["capacity_uom"] for table in ("location", "storage")]).drop_nulls()
    rooms = {_ROOM[unit] for unit in units.str.to_lowercase().unique() if unit in _ROOM}
    metrics = work.rows("constraint")["metric"].drop_nulls().unique()
    return rooms | {_METRICS[metric] for metric in metrics if metric in _METRICS}


def fractional_items(work: Work) -> pl.Series:
    """Flag whole-unit items whose history is fractional (ITM-010), and return them."""
    qty = pl.col("qty")
    broken = ((qty - qty.round(0)).abs() > _WHOLE).fill_null(False)
    if not work.rows("demand_history").select(broken.any()).item():
        return pl.Series("item_id", [], dtype=pl.String)
    sold = work.rows("demand_history").lazy().filter(qty > 0).group_by("item_id")
    shares = sold.agg(broken.mean().alias("_share"), pl.len().alias("_buckets")).collect()
    often = shares.filter((pl.col("_share") > _FRACTIONS) & (pl.col("_buckets") >= _FEWEST))
    whole = work.rows("item").filter(pl.col("integer_qty").fill_null(True))
    rows = whole.join(often, on="item_id", how="inner", maintain_order="left")
    percent = (pl.col("_share") * 100).round(0).cast(pl.Int64)
    rule = pl.format(
        "An item of whole units must not be used in fractions; {} % of {} buckets are.", percent, "_buckets"
    )
    work.find("ITM-010", "item", rows, column="integer_qty", rule=rule)
    return rows["item_id"]
