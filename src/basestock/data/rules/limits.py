"""Limits that cannot all hold: contracts against caps, orders against hours, stock against room (CON, LOC-005)."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from basestock.data.rules.orders import open_lines
from basestock.data.rules.rates import BUCKET_DAYS, PAIR, review_days
from basestock.data.rules.work import Work

_PERIODS = {"day": 1.0, "week": 7.0, "month": 365.0 / 12.0}
_CAPACITY_DAYS = BUCKET_DAYS["week"]
_HAIR = 1e-9
_ROOM = {"kg": "weight_kg", "m3": "volume_m3"}
"""Units of room, and the column of the item that says how much of it one base unit takes."""


def check_limits(work: Work) -> None:
    """Find sets of limits that no plan can keep; the smallest set and the cheapest way out are named."""
    _check_contracts(work)
    _check_caps(work)
    _check_hours(work)
    _check_hardness(work)
    _check_room(work)


def _check_contracts(work: Work) -> None:
    """A contract must not ask for more than it allows (CON-001)."""
    rows = work.rows("contract")
    rule = pl.format(
        "Limits must hold together: min_take {} is above max_take {}; {} base units less would do.",
        "min_take", "max_take", pl.col("min_take") - pl.col("max_take"),
    )  # fmt: skip
    work.find(
        "CON-001",
        "contract",
        rows.filter(pl.col("min_take") > pl.col("max_take")),
        column="min_take",
        rule=rule,
    )


def _check_caps(work: Work) -> None:
    """What contracts oblige to take must fit under the hard caps of their supplier and of the plan (CON-001)."""
    owed = _owed(work)
    caps = work.rows("constraint").filter(
        pl.col("hard").fill_null(True) & pl.col("metric").is_in(["units", "spend"])
    )
    for cap in caps.sort("scope", "period", "metric").iter_rows(named=True):
        days = review_days(work) if cap["period"] == "review" else _PERIODS.get(cap["period"])
        scope, _, name = str(cap["scope"]).partition("=")
        if days is None or scope not in ("all", "supplier"):
            continue
        mine = owed if scope == "all" else owed.filter(pl.col("supplier_id") == name)
        taken = mine.with_columns((pl.col(cap["metric"]) * days).alias("_amount")).drop_nulls("_amount")
        smallest = taken.sort("_amount", "_row", descending=[True, False]).with_columns(
            (pl.col("_amount").cum_sum() - pl.col("_amount")).alias("_before")
        )
        over = float(taken["_amount"].sum()) - cap["cap"]
        if over <= _HAIR * max(cap["cap"], 1.0):
            continue
        members = smallest.filter(pl.col("_before") <= cap["cap"])
        told = ", ".join(f"contract row {row}" for row in members["_row"])
        unit = "base units" if cap["metric"] == "units" else work.currency
        rule = (
            f"Limits must hold together: {told} oblige to {float(members['_amount'].sum()):g} {unit} "
            f"a {cap['period']}, "
            f"{cap['scope']} allows {cap['cap']:g}; {over:g} {unit} more, or as much less in contracts, would do."
        )
        work.find(
            "CON-001",
            "constraint",
            caps.filter(pl.col("_id") == cap["_id"]),
            column="cap",
            rule=rule,
            action="flag",
        )
        work.hold("CON-001", _items_of(work, members))


def _owed(work: Work) -> pl.DataFrame:
    """Return what running contracts oblige to take a day, in base units and in money where a cost is known."""
    today = pl.lit(work.as_of)
    rows = work.rows("contract").filter(
        (pl.col("start") <= today) & (pl.col("end") > today) & (pl.col("min_take") > 0)
    )
    costs = work.rows("item").select("item_id", pl.col("unit_cost").alias("_cost"))
    rows = rows.join(costs, on="item_id", how="left", maintain_order="left")
    units = pl.col("min_take") / (pl.col("end") - pl.col("start")).dt.total_days()
    return rows.with_columns(units.alias("units"), (units * pl.col("_cost")).alias("spend"))


def _items_of(work: Work, contracts: pl.DataFrame) -> pl.DataFrame:
    """Return the items of contracts; a contract without an item is about all that its supplier sells."""
    named = contracts.filter(pl.col("item_id").is_not_null()).select("item_id")
    open_ended = contracts.filter(pl.col("item_id").is_null())["supplier_id"]
    sold = work.rows("item_supplier").filter(pl.col("supplier_id").is_in(open_ended.implode()))
    return pl.concat([named, sold.select("item_id")]).unique().sort("item_id")


def _check_hours(work: Work) -> None:
    """Open production orders must fit into the hours of their resource, the earliest due first (CON-001)."""
    made = work.rows("operation").group_by("item_id", "resource_id").agg(
        pl.col("setup_hours").fill_null(0.0).sum(), pl.col("hours_per_unit").fill_null(0.0).sum()
    )  # fmt: skip
    lines = open_lines(work, "production_order").filter(pl.col("open_qty") > 0)
    lines = lines.join(made, on=["item_id", "resource_id"], how="inner", maintain_order="left")
    resources = work.rows("resource").select("resource_id", "capacity_hours")
    lines = lines.join(resources, on="resource_id", how="inner", maintain_order="left")
    due = pl.max_horizontal(pl.col("due_date"), pl.lit(work.as_of + timedelta(days=_CAPACITY_DAYS)))
    lines = lines.filter(pl.col("due_date").is_not_null()).with_columns(
        due.alias("_due"),
        (pl.col("setup_hours") + pl.col("open_qty") * pl.col("hours_per_unit")).alias("_hours"),
    )
    lines = lines.sort("resource_id", "_due", "po_id", "line_id")
    days = (pl.col("_due") - pl.lit(work.as_of)).dt.total_days()
    room = (pl.col("capacity_hours") * days / _CAPACITY_DAYS).alias("_room")
    needed = pl.col("_hours").cum_sum().over("resource_id").alias("_needed")
    count = pl.int_range(1, pl.len() + 1).over("resource_id").alias("_count")
    late = lines.with_columns(room, needed, count).filter(pl.col("_needed") > pl.col("_room") * (1 + _HAIR))
    first = late.unique("resource_id", keep="first", maintain_order=True)
    rule = pl.format(
        "Limits must hold together: {} open orders need {} hours of {} by {}, it has {}; {} hours more, "
        "or later, would do.",
        "_count", pl.col("_needed").round(2), "resource_id", pl.col("_due").cast(pl.String), pl.col("_room").round(2),
        (pl.col("_needed") - pl.col("_room")).round(2),
    )  # fmt: skip
    work.find("CON-001", "production_order", first, column="qty_ordered", rule=rule)


def _check_hardness(work: Work) -> None:
    """A limit says whether it is hard; a cap that does not counts as hard (CON-002)."""
    if "constraint" not in work.tables:
        return
    rows = work.rows("constraint")
    said = work.raw("constraint", "hard", rows["_id"]).str.strip_chars()
    work.find("CON-002", "constraint", rows.filter(said == ""), column="hard", new="true")


def _check_room(work: Work) -> None:
    """Flag places that hold more than they have room for (LOC-005)."""
    if "location" not in work.tables:
        return
    rows = work.rows("inventory").filter(pl.col("as_of") == pl.col("as_of").max().over(PAIR))
    items = work.rows("item").select("item_id", "base_uom", *_ROOM.values())
    stock = rows.select("item_id", "location_id", "on_hand").join(items, on="item_id", how="left")
    places = work.rows("location").filter(
        pl.col("capacity").is_not_null() & pl.col("capacity_uom").is_not_null()
    )
    held = stock.join(places.select("location_id", "capacity_uom"), on="location_id", how="inner")
    share = pl.when(pl.col("base_uom") == pl.col("capacity_uom")).then(1.0)
    for unit, column in _ROOM.items():
        share = share.when(pl.col("capacity_uom").str.to_lowercase() == unit).then(pl.col(column))
    used = held.group_by("location_id").agg(
        (pl.col("on_hand").clip(0.0) * share).sum().round(6).alias("_used")
    )
    full = places.join(used, on="location_id", how="inner", maintain_order="left")
    rule = pl.format(
        "Capacity must not be below the present stock, which takes {} {}.", "_used", "capacity_uom"
    )
    work.find(
        "LOC-005", "location", full.filter(pl.col("_used") > pl.col("capacity")), column="capacity", rule=rule
    )
