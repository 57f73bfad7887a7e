"""What changed since an earlier load: columns, units, numbers of rows, costs (SCH-003, SCH-006, SCH-008, PRC-007)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from basestock.data.frames import ATTRIBUTE
from basestock.data.names import nearest
from basestock.data.rules.rates import PAIR, item_locations
from basestock.data.rules.work import Work
from basestock.data.tables import TABLES

MAX_LOADS = 5
"""Number of earlier loads whose row counts are compared."""

_FEWER, _MORE = -0.30, 0.50
_AGREEING = 0.95
_COST_BAND = 0.5
_NEAR = 0.1
_FACTORS = {
    1000.0: "grams or cents",
    100.0: "per hundred",
    24.0: "hours or cases",
    12.0: "dozens",
    7.0: "weeks",
}
_DRIFTING = {
    "item": ("unit_cost", "unit_price", "weight_kg", "volume_m3"),
    "item_supplier": ("unit_cost", "lead_time_days", "order_minimum", "order_multiple"),
    "inventory": ("on_hand",),
    "demand_history": ("qty",),
    "purchase_order": ("qty_ordered", "unit_price"),
}
_COSTS = ("item", "item_supplier")


@dataclass(frozen=True, eq=False)
class EarlierLoad:
    """What an earlier load was like.

    Parameters
    ----------
    columns : dict of str to set of str
        Columns that were read, by table; attributes as ``attr.NAME``.
    rows : dict of str to list of int
        Rows read in the last loads, oldest first, by table.
    tables : dict of str to DataFrame
        Canonical tables.
    pairs : DataFrame
        item_id, location_id of every item-location.
    empty : dict of str to (dict of str to list of float)
        Shares of empty cells in the last loads, oldest first, by table and column.
    as_of : date or None
        Day of the load.
    """

    columns: dict[str, set[str]]
    rows: dict[str, list[int]]
    tables: dict[str, pl.DataFrame]
    pairs: pl.DataFrame
    empty: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    as_of: date | None = None


def columns_read(work: Work) -> dict[str, set[str]]:
    """Return the columns that were read, by table."""
    return {
        name: {column for feed in state.feeds for column in feed.frame.columns if not column.startswith("_")}
        for name, state in work.tables.items()
    }


def check_drift(work: Work, earlier: EarlierLoad | None) -> None:
    """Compare the load with an earlier one.

    Parameters
    ----------
    work : Work
        Tables in base units and reporting currency.
    earlier : EarlierLoad or None
        None compares nothing.
    """
    if earlier is None:
        return
    _check_columns(work, earlier)
    drifted = _check_units(work, earlier)
    _check_rows(work, earlier)
    _check_costs(work, earlier, drifted)


def _check_columns(work: Work, earlier: EarlierLoad) -> None:
    """Flag columns that are new or gone; one that was in use is an error (SCH-003)."""
    now = columns_read(work)
    for table in sorted(set(now) & set(earlier.columns)):
        new, gone = now[table] - earlier.columns[table], earlier.columns[table] - now[table]
        file = str(work.tables[table].feeds[0].source["_file"][0]) if work.tables[table].text.height else ""
        for column in sorted(new):
            rule = f"the header must be that of the earlier load; `{_bare(column)}` is new"
            work.find_source(
                "SCH-003", table, file=file, column=_bare(column), value=_bare(column), rule=rule
            )
        for column in sorted(gone):
            _report_gone(work, table, file, column, sorted(map(_bare, new)), earlier)


def _bare(column: str) -> str:
    return column.removeprefix(ATTRIBUTE)


def _report_gone(
    work: Work, table: str, file: str, column: str, new: list[str], earlier: EarlierLoad
) -> None:
    name = _bare(column)
    rule = f"the header must be that of the earlier load; `{name}` is gone{nearest(name, new)}"
    before = earlier.tables.get(table, pl.DataFrame())
    used = (
        column in TABLES[table] and column in before.columns and before[column].null_count() < before.height
    )
    confirmed = "SCH-003" in work.info.declarations.repairs
    severity, action = ("error", "hold") if used and not confirmed else ("", "")
    work.log.add(
        "SCH-003",
        table=table,
        file=file,
        column=name,
        value=name,
        rule=rule,
        severity=severity,
        action=action,
    )
    everything = pl.DataFrame({"item_id": work.known.get("item", pl.Series([], dtype=pl.String))})
    if action:
        work.hold("SCH-003", everything)
    else:
        work.flag("SCH-003", everything)


def _medians(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    value = pl.col(column)
    return frame.filter(value > 0).group_by("item_id").agg(value.median().alias("_median"))


def _ratios(work: Work, earlier: EarlierLoad, table: str, column: str) -> pl.DataFrame:
    """Return item_id and the median of a column over that of the earlier load."""
    before = earlier.tables.get(table)
    if before is None or column not in before.columns or table not in work.tables:
        return pl.DataFrame(schema={"item_id": pl.String, "_ratio": pl.Float64})
    both = _medians(work.rows(table), column).join(_medians(before, column), on="item_id", how="inner")
    return both.select("item_id", (pl.col("_median") / pl.col("_median_right")).alias("_ratio"))


def _check_units(work: Work, earlier: EarlierLoad) -> set[tuple[str, str]]:
    """Flag columns whose median per item moved by a factor between units (SCH-006); return them."""
    found: set[tuple[str, str]] = set()
    for table, columns in _DRIFTING.items():
        for column in columns:
            ratios = _ratios(work, earlier, table, column)
            factor, items = _unit_factor(ratios)
            if factor is not None:
                found.add((table, column))
                _report_unit(work, table, column, factor, items, ratios.height)
    return found


def _unit_factor(ratios: pl.DataFrame) -> tuple[float | None, pl.DataFrame]:
    """Return the factor between units that explains most items outside the band, and those items."""
    ratio = pl.col("_ratio")
    outside = ratios.filter(~ratio.is_between(0.5, 2.0))
    if outside.height <= (1 - _AGREEING) * ratios.height:
        return None, outside
    best: tuple[int, float | None, pl.DataFrame] = (0, None, outside)
    for factor in (*_FACTORS, *(1 / each for each in _FACTORS)):
        near = outside.filter((ratio / factor - 1).abs() < _NEAR)
        if near.height > best[0] and near.height > (1 - _AGREEING) * ratios.height:
            best = (near.height, factor, near)
    return best[1], best[2]


def _report_unit(
    work: Work, table: str, column: str, factor: float, items: pl.DataFrame, compared: int
) -> None:
    times = f"{factor:g} times" if factor > 1 else f"1/{1 / factor:g} of"
    unit = _FACTORS[next(each for each in _FACTORS if abs(each - max(factor, 1 / factor)) < 1e-6)]
    rule = (
        f"medians must stay within half and twice those of the earlier load; {items.height} of {compared} items "
        f"have {times} them, as another unit would ({unit})"
    )
    rows = work.rows(table).join(items, on="item_id", how="semi").sort("_file", "_row")
    work.log.add(
        "SCH-006", table=table, file=str(rows["_file"][0]), row=int(rows["_row"][0]), column=column,
        key=f"item={rows['item_id'][0]}", value=f"{factor:g}", rule=rule, count=items.height,
    )  # fmt: skip
    work.flag("SCH-006", items.select("item_id"))


def _check_rows(work: Work, earlier: EarlierLoad) -> None:
    """Flag tables with far fewer or more rows than in earlier loads; hold what vanished (SCH-008)."""
    fewer = False
    for table, state in sorted(work.tables.items()):
        counts = earlier.rows.get(table, [])[-MAX_LOADS:]
        usual = pl.Series(counts, dtype=pl.Float64).median()
        if not isinstance(usual, float) or usual <= 0:
            continue
        read = sum(feed.read for feed in state.feeds)
        change = read / usual - 1
        if _FEWER < change < _MORE:
            continue
        fewer = fewer or change < 0
        rule = (
            f"the number of rows must be near that of the last {len(counts)} loads; {read} against {usual:g}"
        )
        file = str(state.feeds[0].source["_file"][0]) if state.text.height else ""
        work.find_source("SCH-008", table, file=file, value=f"{change:+.0%}", rule=rule)
    if fewer:
        work.vanished = earlier.pairs.join(item_locations(work), on=PAIR, how="anti")
        work.hold("SCH-008", work.vanished)


def _check_costs(work: Work, earlier: EarlierLoad, drifted: set[tuple[str, str]]) -> None:
    """Flag costs more than half above or below those of the earlier load (PRC-007)."""
    for table in _COSTS:
        if (table, "unit_cost") in drifted:
            continue
        ratios = _ratios(work, earlier, table, "unit_cost")
        far = ratios.filter((pl.col("_ratio") - 1).abs() > _COST_BAND)
        rows = work.rows(table).join(far, on="item_id", how="inner", maintain_order="left")
        rule = pl.format(
            "A cost must stay within 50 % of that of the earlier load; it is {} times that.",
            pl.col("_ratio").round(3),
        )
        work.find("PRC-007", table, rows, column="unit_cost", rule=rule)
