"""Stock: negative, missing, reserved beyond what is there, counted at two levels (INV, LOC-003, LOC-004)."""

from __future__ import annotations

import polars as pl

from basestock.data.identities import movements
from basestock.data.rules.rates import PAIR, item_locations
from basestock.data.rules.work import Work

_FROZEN_DAYS = 90
_BUILT = (
    ("bom", "parent_id"),
    ("bom", "component_id"),
    ("operation", "item_id"),
    ("production_order", "item_id"),
    ("transfer_order", "item_id"),
    ("lane", "item_id"),
)
"""Items that also move in ways no table of movements shows."""


def check_stock(work: Work) -> None:
    """Check stock rows on their own."""
    rows = work.rows("inventory")
    on_hand = pl.col("on_hand")
    held_back = pl.col("quality_hold").fill_null(0.0) + pl.col("blocked").fill_null(0.0)
    work.find("INV-001", "inventory", rows.filter(on_hand < 0), column="on_hand", new="0")
    newest = rows.filter(pl.col("as_of") == pl.col("as_of").max().over(PAIR))
    positive = pl.max_horizontal(on_hand, pl.lit(0.0))
    work.find("INV-003", "inventory", newest.filter(pl.col("reserved") > positive), column="reserved")
    work.find("INV-005", "inventory", newest.filter(held_back > positive), column="blocked")


def check_stock_places(work: Work) -> None:
    """Flag stock in places that hold none; hold stock that is counted in a place and in its parent."""
    if "location" not in work.tables:
        return
    places = work.rows("location").select("location_id", "type", "parent_id")
    rows = work.rows("inventory").join(places, on="location_id", how="left", maintain_order="left")
    _block_virtual(work, rows.filter(pl.col("type").is_in(["virtual", "supplier"]) & (pl.col("on_hand") > 0)))
    stock = rows.filter(pl.col("as_of") == pl.col("as_of").max().over(PAIR)).filter(pl.col("on_hand") > 0)
    below = stock.group_by("item_id", pl.col("parent_id").alias("location_id")).agg(
        pl.col("on_hand").sum().alias("_below")
    )
    twice = stock.join(below, on=PAIR, how="inner")
    rule = pl.format(
        "Stock is kept at the leaves or at the parents, not at both; parent {}, below it {}.",
        "on_hand",
        "_below",
    )
    work.find("LOC-003", "inventory", twice, column="on_hand", rule=rule)
    children = stock.join(
        twice.select("item_id", pl.col("location_id").alias("parent_id")),
        on=["item_id", "parent_id"],
        how="semi",
    )
    work.hold("LOC-003", children)


def _block_virtual(work: Work, rows: pl.DataFrame) -> None:
    """Stock in virtual or supplier places is not available until somebody says otherwise (LOC-004)."""
    if rows.height == 0:
        return
    rule = pl.format("Stock in a place of type {} is not available.", "type")
    work.find("LOC-004", "inventory", rows, column="on_hand", old="available", new="blocked", rule=rule)
    frame = work.rows("inventory")
    blocked = pl.when(pl.col("_id").is_in(rows["_id"].implode())).then("on_hand").otherwise("blocked")
    work.put("inventory", frame.with_columns(blocked.alias("blocked")))


def check_missing_stock(work: Work) -> None:
    """Hold stocked item-locations without a stock row; missing is not zero (INV-002)."""
    if "inventory" not in work.tables or work.info.assume.get("inventory"):
        return
    stated = work.rows("item_location").select(*PAIR, "stocked")
    pairs = item_locations(work).join(stated, on=PAIR, how="left").filter(pl.col("stocked").fill_null(True))
    pairs = pairs.join(_counted(work), on=PAIR, how="anti").sort(PAIR)
    pairs = pairs.with_columns(pl.lit("").alias("_file"), pl.lit(None, dtype=pl.Int64).alias("_row"))
    work.find("INV-002", "inventory", pairs, column="on_hand")


def check_frozen(work: Work) -> None:
    """Flag stock that stood still for 90 days in which something was sold (INV-008)."""
    rows = work.rows("inventory").sort(*PAIR, "as_of", "_file", "_row")
    spans = rows.group_by(PAIR, maintain_order=True).agg(
        pl.col("as_of").min().alias("_since"), pl.col("as_of").max().alias("_until"),
        pl.col("on_hand").n_unique().alias("_levels"), pl.col("_id", "_file", "_sheet", "_row", "on_hand").last(),
    )  # fmt: skip
    still = spans.filter((pl.col("_levels") == 1) & (pl.col("on_hand") > 0))
    still = still.filter((pl.col("_until") - pl.col("_since")).dt.total_days() >= _FROZEN_DAYS)
    sold = work.rows("demand_history").join(still.select(*PAIR, "_since", "_until"), on=PAIR, how="inner")
    sold = sold.filter(pl.col("bucket_start").is_between("_since", "_until", closed="left"))
    sold = sold.group_by(PAIR).agg(pl.col("qty").sum().alias("_sold")).filter(pl.col("_sold") > 0)
    found = still.join(sold, on=PAIR, how="inner", maintain_order="left")
    rule = pl.format(
        "Stock must move where something is sold; it is the same since {}, {} were sold.",
        pl.col("_since").cast(pl.String), "_sold",
    )  # fmt: skip
    work.find("INV-008", "inventory", found, column="on_hand", rule=rule)


def check_movements(work: Work) -> None:
    """Flag stock that does not follow from receipts and sales (INV-007); made and moved items are left alone."""
    if "receipt" not in work.tables or "inventory" not in work.tables:
        return
    names = ("inventory", "demand_history", "purchase_order", "receipt")
    moved = movements({name: work.rows(name) for name in names})
    if moved.height == 0:
        return
    built = [work.rows(table)[column] for table, column in _BUILT]
    other = pl.concat([each.rename("item_id") for each in built]).drop_nulls().unique()
    open_gap = moved.filter(~pl.col("_closed") & ~pl.col("item_id").is_in(other.implode()))
    last = (
        work.rows("inventory")
        .sort(*PAIR, "as_of", "_file", "_row")
        .unique(PAIR, keep="last", maintain_order=True)
    )
    rows = last.join(open_gap, on=PAIR, how="inner", maintain_order="left")
    rule = pl.format(
        "Opening stock plus receipts minus issues must be the closing stock; {} + {} - {} is not {}, {} are missing.",
        "_opening", "_received", "_issued", "_closing", pl.col("_gap").round(3),
    )  # fmt: skip
    work.find("INV-007", "inventory", rows, column="on_hand", rule=rule)


def _counted(work: Work) -> pl.DataFrame:
    """Return item-locations with a stock row, those taken out with a code of their own included."""
    state = work.tables["inventory"]
    live = work.rows("inventory").select(PAIR)
    names = [name for name in PAIR if name in state.text.columns]
    taken = state.text.select(names)[state.ids("quarantined")]
    if "location_id" not in names:
        taken = taken.with_columns(pl.lit(None, dtype=pl.String).alias("location_id"))
    places = work.rows("location")["location_id"]
    only = str(places[0]) if len(places) == 1 else None
    taken = taken.with_columns(pl.col("location_id").fill_null(pl.lit(only, dtype=pl.String)))
    return pl.concat([live, taken.select(PAIR)]).unique()
