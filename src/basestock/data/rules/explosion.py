"""Depth and size of bills of material, and items both bought and made (BOM-010, BOM-011)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.sources import valid_today
from basestock.data.rules.work import Work

MAX_DEPTH = 20
"""Levels of a bill of material."""

MAX_ROWS = 1_000_000
"""Rows of all bills of material, written out to the last level."""


def check_explosion(work: Work) -> None:
    """Refuse a table that is too deep or too large; call after rings are out."""
    if "bom" not in work.tables:
        return
    edges = work.rows("bom").filter(valid_today(work)).select("parent_id", "component_id").unique()
    depth, size = _extent(edges)
    if depth <= MAX_DEPTH and size <= MAX_ROWS:
        return
    told = f"{depth} levels" if depth > MAX_DEPTH else f"{size} rows"
    rule = (
        f"Bills of material must have at most {MAX_DEPTH} levels and {MAX_ROWS} rows in all; here are {told}."
    )
    rows = work.rows("bom")
    first = rows.sort("_file", "_row").head(1)
    work.log.extend_frame("BOM-010", first, table="bom", column="component_id", value=pl.lit(told), rule=rule)
    words = (rule, work.log.entries["BOM-010"].remedy)
    work.act("BOM-010", "bom", rows, action="refuse", severity="error", words=words)
    work.settle("bom")


def _extent(edges: pl.DataFrame) -> tuple[int, int]:
    """Return levels below the top, and rows written out; both stop counting a little above their limits."""
    tops = edges.filter(~pl.col("parent_id").is_in(edges["component_id"].implode()))["parent_id"].unique()
    level = pl.DataFrame({"item": tops, "paths": pl.repeat(1, len(tops), dtype=pl.Int64, eager=True)})
    depth = size = 0
    while level.height and depth <= MAX_DEPTH and size <= MAX_ROWS:
        below = level.join(edges, left_on="item", right_on="parent_id", how="inner")
        level = below.group_by(pl.col("component_id").alias("item")).agg(pl.col("paths").sum())
        size += int(level["paths"].sum())
        depth += 1 if level.height else 0
    return depth, size


def check_made_and_bought(work: Work) -> None:
    """Flag items that are bought and made where nobody says which comes first (BOM-011)."""
    if "item_supplier" not in work.tables:
        return
    made = (
        pl.concat([work.rows("bom")["parent_id"], work.rows("operation")["item_id"].alias("parent_id")])
        .drop_nulls()
        .unique()
    )
    rows = work.rows("item_supplier").filter(valid_today(work) & pl.col("item_id").is_in(made.implode()))
    said = work.raw("item_supplier", "priority", rows["_id"]).str.strip_chars()
    silent = (
        rows.filter(said == "").sort("_file", "_row").unique("item_id", keep="first", maintain_order=True)
    )
    rule = pl.format(
        "An item that is made and bought needs a priority; {} is bought from {}.", "item_id", "supplier_id"
    )
    work.find("BOM-011", "item_supplier", silent, column="priority", rule=rule)
