"""Sources of supply: order rules, priorities, validity, and items that nobody supplies (SRC-001, -009 to -014)."""

from __future__ import annotations

import polars as pl

from basestock.data.rules.rates import PAIR, daily_demand
from basestock.data.rules.work import Work

_MINIMUM_DAYS = 180
_SHARE_TOLERANCE = 0.01
_TABLES = ("item_supplier", "lane", "operation")


def valid_today(work: Work) -> pl.Expr:
    """Return whether a row holds on the day of the load."""
    day = pl.lit(work.as_of)
    begun = pl.col("valid_from").is_null() | (pl.col("valid_from") <= day)
    return begun & (pl.col("valid_to").is_null() | (pl.col("valid_to") > day))


def repair_multiples(work: Work) -> None:
    """A multiple of 0 or less is none (SRC-011)."""
    for table in _TABLES:
        if table not in work.tables:
            continue
        frame = work.rows(table)
        multiple = pl.col("order_multiple")
        rows = frame.filter((multiple <= 0).fill_null(False))
        work.find("SRC-011", table, rows, column="order_multiple", old=multiple.cast(pl.String), new="")
        none = pl.when(multiple > 0).then(multiple).alias("order_multiple")
        work.put(table, frame.with_columns(none))


def check_order_rules(work: Work) -> None:
    """Hold sources whose minimum, multiple and maximum leave no quantity; flag odd ones."""
    minimum, multiple, maximum = pl.col("order_minimum"), pl.col("order_multiple"), pl.col("order_maximum")
    least = pl.max_horizontal(minimum, multiple, pl.lit(0.0))
    feasible = pl.when(multiple > 0).then((least / multiple).ceil() * multiple).otherwise(least)
    largest = pl.when(multiple > 0).then((maximum / multiple).floor() * multiple).otherwise(maximum)
    for table in _TABLES[:2]:
        rows = work.rows(table)
        wide = rows.filter((multiple > minimum) & (minimum > 0))
        rule = pl.format("A multiple must not be above the minimum; the least order is {}.", feasible)
        work.find(
            "SRC-011", table, wide, column="order_multiple", rule=rule, action="flag", severity="warning"
        )
        stuck = rows.filter((feasible > maximum).fill_null(False))
        rule = pl.format(
            "Minimum, multiple and maximum must leave a feasible quantity; nearest are {} and {}.",
            largest,
            feasible,
        )
        work.find("SRC-010", table, stuck, column="order_minimum", rule=rule)


def check_expediting(work: Work) -> None:
    """Flag expediting that is no faster than the normal route, or costs nothing (SRC-016)."""
    rows = work.rows("item_supplier")
    slow = pl.col("expedite_lead_time_days") >= pl.col("lead_time_days")
    free = pl.col("expedite_cost") <= 0
    rule = pl.format("Expediting must take less than {} days.", "lead_time_days")
    work.find(
        "SRC-016",
        "item_supplier",
        rows.filter(slow.fill_null(False)),
        column="expedite_lead_time_days",
        rule=rule,
    )
    cheap = rows.filter(
        free.fill_null(False) & ~slow.fill_null(False) & pl.col("expedite_lead_time_days").is_not_null()
    )
    work.find(
        "SRC-016",
        "item_supplier",
        cheap,
        column="expedite_cost",
        rule="Expediting must cost more than nothing.",
    )


def check_minimums(work: Work) -> None:
    """Flag minimums of more than half a year of demand (SRC-009)."""
    rates = daily_demand(work).group_by("item_id").agg(pl.col("daily").sum())
    rows = work.rows("item_supplier").join(rates, on="item_id", how="inner", maintain_order="left")
    days = pl.col("order_minimum") * pl.col("factor") / pl.col("daily")
    rows = rows.filter(((pl.col("daily") > 0) & (days > _MINIMUM_DAYS)).fill_null(False))
    cost = pl.col("unit_cost").fill_null(0.0) / pl.col("price_per").fill_null(1.0)
    excess = ((days - _MINIMUM_DAYS) / days * pl.col("order_minimum") * cost).round(2)
    rule = pl.format(
        "A minimum must not exceed 180 days of demand; it covers {} days, {} {} too much.",
        days.round(0), excess, pl.lit(work.currency),
    )  # fmt: skip
    work.find("SRC-009", "item_supplier", rows, column="order_minimum", rule=rule)


def check_validity(work: Work) -> None:
    """Take out overlapping lines of one source; hold items without a line valid today (SRC-013)."""
    for table, key in (
        ("item_supplier", ["item_id", "supplier_id", "location_id"]),
        ("lane", ["item_id", "from_location", "to_location"]),
    ):
        rows = work.rows(table).sort(*key, "valid_from", nulls_last=False)
        later = pl.col("valid_from").shift(-1).over(key)
        earlier_end = pl.col("valid_to").shift(1).over(key)
        follows = pl.int_range(pl.len()).over(key) < pl.len().over(key) - 1
        preceded = pl.int_range(pl.len()).over(key) > 0
        into_next = follows & (pl.col("valid_to").is_null() | (later < pl.col("valid_to")))
        into_last = preceded & (earlier_end.is_null() | (pl.col("valid_from") < earlier_end))
        rows = rows.filter((into_next | into_last).fill_null(False))
        work.find(
            "IDN-012", table, rows, column="valid_from", rule="Lines of one source must not overlap in time."
        )
        work.settle(table)
    rows = work.rows("item_supplier").with_columns(valid_today(work).alias("_valid"))
    gap = rows.filter(~pl.col("_valid").any().over("item_id"))
    rule = f"One line of each source must be valid on {work.as_of}."
    work.find("SRC-013", "item_supplier", gap, column="valid_to", rule=rule)


def check_priorities(work: Work) -> None:
    """Flag items with two first sources, hold those whose sources are all switched off."""
    rows = work.rows("item_supplier").filter(valid_today(work))
    blocked = rows.filter((pl.col("priority") == 0).fill_null(False).all().over("item_id"))
    other = _made_or_moved(work)
    alone = ~pl.col("item_id").is_in(other.implode())
    work.find("SRC-014", "item_supplier", blocked.filter(alone), column="priority", action="hold")
    work.find("SRC-014", "item_supplier", blocked.filter(~alone), column="priority")
    active = rows.filter(pl.col("priority").fill_null(1) > 0)
    group = ["item_id", "location_id"]
    best = pl.col("priority").fill_null(1)
    first = active.filter(best == best.min().over(group)).filter(pl.len().over(group) > 1)
    sums = (pl.col("share").sum().over(group) - 1).abs() > _SHARE_TOLERANCE
    unshared = pl.col("share").is_null().any().over(group) | sums
    doubtful = first.filter(unshared).sort("supplier_id").unique(group, keep="first", maintain_order=True)
    names = first.group_by(group).agg(pl.col("supplier_id").unique().sort().str.join(", ").alias("_names"))
    doubtful = doubtful.join(names, on=group, how="left", nulls_equal=True, maintain_order="left")
    rule = pl.format(
        "One source must come first, or shares must sum to 1; here are {}, {} decides.",
        "_names",
        "supplier_id",
    )
    work.find("SRC-012", "item_supplier", doubtful, column="priority", rule=rule)


def _made_or_moved(work: Work) -> pl.Series:
    """Return items that are made, or that a lane brings."""
    made = [work.rows("bom")["parent_id"], work.rows("operation")["item_id"], work.rows("lane")["item_id"]]
    return pl.concat(made).drop_nulls().unique()


def check_unsourced(work: Work) -> None:
    """Hold item-locations with demand that nobody supplies (SRC-001)."""
    if "demand_history" not in work.tables:
        return
    wanted = work.rows("demand_history").filter(pl.col("qty") > 0)
    pairs = wanted.group_by(PAIR).agg(pl.col("_file", "_row").first(), pl.col("_id").first()).sort(PAIR)
    sources = work.rows("item_supplier")
    everywhere = sources.filter(pl.col("location_id").is_null())["item_id"]
    listed = pl.concat([everywhere, _made_or_moved(work), _attempted(work)]).unique()
    here = sources.select(PAIR).unique()
    lanes = work.rows("lane").filter(pl.col("item_id").is_null())["to_location"].unique()
    pairs = pairs.filter(
        ~pl.col("item_id").is_in(listed.implode()) & ~pl.col("location_id").is_in(lanes.implode())
    )
    pairs = pairs.join(here, on=PAIR, how="anti").drop("_id")
    work.find("SRC-001", "demand_history", pairs.with_columns(pl.lit(None, dtype=pl.Int64).alias("_row")))


def _attempted(work: Work) -> pl.Series:
    """Return items whose source was read but taken out: they carry its code already."""
    if "item_supplier" not in work.tables:
        return pl.Series("item_id", [], dtype=pl.String)
    state = work.tables["item_supplier"]
    return state.text["item_id"].gather(state.ids("quarantined")).drop_nulls().str.strip_chars()
