"""Bills of material, calendars and overrides (codes BOM, CAL, OVR)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from basestock.data.rules.sources import valid_today
from basestock.data.rules.work import Work

HORIZON_DAYS = 90
"""Days a calendar must cover after the day of the load."""

_FAR = date(9999, 1, 1)
_CALENDAR_USERS = ("location", "supplier", "lane", "resource")
_COST_BAND = 0.5


def drop_markers(work: Work) -> None:
    """Ignore rows without a parent: markers of top levels (BOM-009)."""
    if "bom" in work.tables:
        work.find(
            "BOM-009", "bom", work.rows("bom").filter(pl.col("parent_id").is_null()), column="parent_id"
        )
        work.settle("bom")


def check_boms(work: Work) -> None:
    """Check rows, rings, versions and components of bills of material."""
    if "bom" not in work.tables:
        return
    rows = work.rows("bom")
    work.find(
        "BOM-002", "bom", rows.filter(pl.col("parent_id") == pl.col("component_id")), column="component_id"
    )
    work.settle("bom")
    _check_rings(work)
    work.settle("bom")
    _check_versions(work)
    _check_components(work)


def _check_rings(work: Work) -> None:
    """Take out the rows of every ring, printed in order (BOM-001)."""
    rows = work.rows("bom").filter(valid_today(work))
    edges = rows.select("parent_id", "component_id").unique()
    for ring in rings(edges):
        pairs = pl.DataFrame(list(pairwise(ring)), schema=["parent_id", "component_id"], orient="row")
        members = rows.join(pairs, on=["parent_id", "component_id"], how="semi")
        rule = f"A bill of material must not contain itself; the ring is {' -> '.join(ring)}."
        work.find("BOM-001", "bom", members, column="component_id", rule=rule)


def rings(edges: pl.DataFrame) -> list[list[str]]:
    """Return the rings among edges from parent_id to component_id, each as a closed walk."""
    while True:
        kept = edges.filter(
            pl.col("component_id").is_in(edges["parent_id"].implode())
            & pl.col("parent_id").is_in(edges["component_id"].implode())
        )
        if kept.height == edges.height:
            break
        edges = kept
    children: dict[str, list[str]] = {}
    for parent, component in edges.sort("parent_id", "component_id").iter_rows():
        children.setdefault(parent, []).append(component)
    found: list[list[str]] = []
    taken: set[tuple[str, str]] = set()
    for start in sorted(children):
        walk = _closed_walk(start, children)
        pairs = set(pairwise(walk))
        if walk and not pairs <= taken:
            found.append(walk)
            taken |= pairs
    return found


def _closed_walk(start: str, children: dict[str, list[str]]) -> list[str]:
    """Return the shortest walk from an item back to itself, or nothing."""
    came: dict[str, str] = {}
    level = [start]
    while level:
        following: list[str] = []
        for parent in level:
            for child in children.get(parent, []):
                if child == start:
                    walk = [start, parent]
                    while walk[-1] != start:
                        walk.append(came[walk[-1]])
                    return walk[::-1]
                if child not in came:
                    came[child] = parent
                    following.append(child)
        level = following
    return []


def _check_versions(work: Work) -> None:
    """Hold parents without a version valid today, or with two of one line (BOM-006)."""
    rows = work.rows("bom").with_columns(valid_today(work).alias("_valid"))
    none = rows.filter(~pl.col("_valid").any().over("parent_id"))
    ended = work.rows("item").filter(pl.col("lifecycle") == "ended")["item_id"]
    used = none.filter(~pl.col("parent_id").is_in(ended.implode()))
    rule = f"One version of a bill of material must be valid on {work.as_of}; there is none."
    work.find("BOM-006", "bom", _one_each(used, ["parent_id"]), column="valid_to", rule=rule)
    line = ["parent_id", "component_id", "alt_group"]
    two = rows.filter(pl.col("_valid")).filter(pl.len().over(line) > 1)
    rule = f"One version of a bill of material must be valid on {work.as_of}; there are two."
    work.find("BOM-006", "bom", _one_each(two, line), column="valid_from", rule=rule)


def _one_each(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return rows.sort("_file", "_row").unique(key, keep="first", maintain_order=True)


def _check_components(work: Work) -> None:
    """Hold parents of components that nobody supplies (BOM-003)."""
    rows = work.rows("bom").filter(valid_today(work))
    tables = (
        ("item_supplier", "item_id"),
        ("bom", "parent_id"),
        ("operation", "item_id"),
        ("lane", "item_id"),
    )
    named = [
        work.tables[table].text[column]
        for table, column in tables
        if table in work.tables and column in work.tables[table].text.columns
    ]
    sourced = (
        pl.concat([*named, *[work.rows(table)[column] for table, column in tables]]).drop_nulls().unique()
    )
    missing = rows.filter(~pl.col("component_id").is_in(sourced.implode()))
    rule = pl.format("A component must be known and sourced; nobody supplies or makes {}.", "component_id")
    work.find("BOM-003", "bom", missing, column="component_id", rule=rule, action="hold")


def check_successions(work: Work) -> None:
    """Take out successions that lead back to their beginning, and hold their items (ITM-005)."""
    if "supersession" not in work.tables:
        return
    rows = work.rows("supersession")
    edges = rows.select(
        pl.col("from_item").alias("parent_id"), pl.col("to_item").alias("component_id")
    ).unique()
    for ring in rings(edges):
        pairs = pl.DataFrame(list(pairwise(ring)), schema=["from_item", "to_item"], orient="row")
        members = rows.join(pairs, on=["from_item", "to_item"], how="semi")
        rule = f"Successions must not lead back to their beginning; the ring is {' -> '.join(ring)}."
        work.find("ITM-005", "supersession", members, column="to_item", rule=rule)
        work.hold("ITM-005", members.select(pl.col("from_item").alias("item_id")))
    work.settle("supersession")


def check_bom_costs(work: Work) -> None:
    """Flag parents whose components cost far more or less than they do (BOM-005)."""
    if "bom" not in work.tables:
        return
    guessed = work.log.touched().filter(pl.col("code") == "PRC-005")["item_id"].unique()
    costs = (
        work.rows("item").filter(~pl.col("item_id").is_in(guessed.implode())).select("item_id", "unit_cost")
    )
    rows = work.rows("bom").filter(valid_today(work) & pl.col("alt_group").is_null())
    rows = rows.join(costs, left_on="component_id", right_on="item_id", how="left", maintain_order="left")
    used = (
        pl.col("qty_per") / pl.col("base_qty").fill_null(1.0) / (1 - pl.col("scrap_fraction").fill_null(0.0))
    )
    value = pl.when(pl.col("unit_cost").is_not_null().all()).then((used * pl.col("unit_cost")).sum())
    parents = rows.group_by("parent_id").agg(
        value.alias("_parts"), pl.col("_file", "_sheet", "_row", "_id").first()
    )
    parents = parents.join(costs, left_on="parent_id", right_on="item_id", how="inner").sort("parent_id")
    ratio = pl.col("_parts") / pl.col("unit_cost")
    odd = parents.filter(((ratio - 1).abs() > _COST_BAND).fill_null(False))
    rule = pl.format(
        "Components must cost about as much as their parent; they cost {} of {}.",
        pl.col("_parts").round(2),
        "unit_cost",
    )
    work.find("BOM-005", "bom", odd, column="qty_per", rule=rule)


def check_calendars(work: Work) -> None:
    """Check that calendars exist, cover the horizon, have open days and are unambiguous."""
    users = [work.rows(table).filter(pl.col("calendar_id").is_not_null()) for table in _CALENDAR_USERS]
    known = work.rows("calendar_bucket")["calendar_id"].unique()
    for table, rows in zip(_CALENDAR_USERS, users, strict=True):
        if table in work.tables:
            work.find(
                "CAL-002",
                table,
                rows.filter(~pl.col("calendar_id").is_in(known.implode())),
                column="calendar_id",
            )
    _check_order_days(work)
    if "calendar_bucket" not in work.tables:
        return
    _check_cover(work)
    _check_overlaps(work)
    _check_open_days(work, pl.concat([rows["calendar_id"] for rows in users]).unique())


def _check_order_days(work: Work) -> None:
    """Hold items of suppliers that never take an order (SRC-015)."""
    if "supplier" not in work.tables:
        return
    days = pl.col("order_days")
    rows = work.rows("supplier").filter(~days.str.contains("^[01]{7}$") | ~days.str.contains("1"))
    work.find("SRC-015", "supplier", rows, column="order_days")
    sources = work.rows("item_supplier").filter(pl.col("supplier_id").is_in(rows["supplier_id"].implode()))
    work.hold("SRC-015", sources)


def _check_cover(work: Work) -> None:
    """Flag calendars that end before the horizon (CAL-002)."""
    rows = work.rows("calendar_bucket")
    last = rows.group_by("calendar_id").agg(pl.col("end").fill_null(_FAR).max().alias("_last"))
    short = last.filter(pl.col("_last") < work.as_of + timedelta(days=HORIZON_DAYS))
    short = _one_each(rows.join(short, on="calendar_id", how="inner"), ["calendar_id"])
    rule = pl.format(
        f"A calendar must cover {HORIZON_DAYS} days from {work.as_of}; this one ends on {{}}.",
        pl.col("_last").cast(pl.String),
    )
    work.find("CAL-002", "calendar_bucket", short, column="end", rule=rule)


def _check_overlaps(work: Work) -> None:
    """Flag rules of equal priority that overlap: the latest start wins (CAL-004)."""
    key = ["calendar_id", "priority", "weekdays"]
    rows = work.rows("calendar_bucket").sort(*key, "start")
    earlier = pl.col("end").fill_null(_FAR).shift(1).over("calendar_id", "priority")
    rows = rows.sort("calendar_id", "priority", "start").with_columns(earlier.alias("_earlier"))
    work.find("CAL-004", "calendar_bucket", rows.filter(pl.col("_earlier") > pl.col("start")), column="start")


def _check_open_days(work: Work, used: pl.Series) -> None:
    """Hold what depends on a calendar without an open day in the horizon (CAL-001)."""
    rows = work.rows("calendar_bucket").filter(pl.col("calendar_id").is_in(used.drop_nulls().implode()))
    for (name,), buckets in rows.group_by("calendar_id", maintain_order=True):
        if any(is_open(buckets, work.as_of + timedelta(days=day)) for day in range(HORIZON_DAYS)):
            continue
        rule = f"A calendar must have an open day within {HORIZON_DAYS} days of {work.as_of}."
        work.find("CAL-001", "calendar_bucket", buckets.head(1), column="calendar_id", rule=rule)
        work.hold("CAL-001", _dependents(work, str(name)))


def is_open(buckets: pl.DataFrame, day: date) -> bool:
    """Return whether a calendar is open on a day: the lowest priority wins, then the latest start, else open."""
    weekday = day.weekday()
    valid = [
        (priority or 0, -start.toordinal(), value)
        for start, end, weekdays, value, priority in buckets.select(
            "start", "end", "weekdays", "value", "priority"
        ).iter_rows()
        if start <= day < (end or _FAR) and (weekdays or "1111111")[weekday : weekday + 1] == "1"
    ]
    return not valid or (min(valid)[2] or 0.0) > 0


def _dependents(work: Work, calendar: str) -> pl.DataFrame:
    """Return the item-locations that order by a calendar: through their supplier, their lane or their place."""
    suppliers = work.rows("supplier").filter(pl.col("calendar_id") == calendar)["supplier_id"]
    sources = work.rows("item_supplier").filter(pl.col("supplier_id").is_in(suppliers.implode()))
    places = work.rows("location").filter(pl.col("calendar_id") == calendar)["location_id"]
    stock = work.rows("inventory").filter(pl.col("location_id").is_in(places.implode()))
    return pl.concat([sources.select("item_id", "location_id"), stock.select("item_id", "location_id")])


def check_overrides(work: Work) -> None:
    """Take out contradicting overrides, ignore expired ones (OVR-001); those without an end are out already."""
    if "override" not in work.tables:
        return
    rows = work.rows("override")
    expired = rows.filter(pl.col("valid_to") <= work.as_of)
    rule = f"An override must not be expired on {work.as_of}."
    work.find(
        "OVR-001", "override", expired, column="valid_to", rule=rule, action="ignore", severity="warning"
    )
    work.settle("override")
    rows = work.rows("override")
    about = ["scope", "field"]
    start = pl.col("valid_from").fill_null(date(1, 1, 1))
    rows = rows.with_columns(start.alias("_start")).sort(*about, "_start")
    overlap = (pl.col("_start").shift(-1).over(about) < pl.col("valid_to")) | (
        pl.col("valid_to").shift(1).over(about) > pl.col("_start")
    )
    both = rows.filter(overlap.fill_null(False) & (pl.col("value").n_unique().over(about) > 1))
    work.find(
        "OVR-001",
        "override",
        both,
        column="value",
        rule="Two overrides of one field must not contradict each other.",
    )
    work.settle("override")
