"""Where and when: the place of rows that name none, the day of the load, snapshots and history around it."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from basestock.data.rules.rates import BUCKET_STEPS, infer_bucket
from basestock.data.rules.work import MAIN, Work, blank
from basestock.data.tables import TABLES

_HISTORY = {
    "demand_history": ("bucket_start",),
    "inventory": ("as_of",),
    "purchase_order": ("order_date",),
    "transfer_order": ("order_date",),
    "production_order": ("order_date",),
    "receipt": ("receipt_date",),
}
"""Dates of what has happened already."""

_PLACELESS = frozenset(("operation", "resource"))
"""Tables whose place may stay unknown when there are several."""


def fill_places(work: Work) -> None:
    """Give rows without a place the only place there is, and list it; with several places they are taken out."""
    holders = [name for name in work.tables if "location_id" in TABLES[name] and name != "location"]
    named = [work.rows(name)["location_id"].drop_nulls() for name in holders]
    named.append(work.rows("location")["location_id"].drop_nulls())
    places = pl.concat(named).unique().sort()
    if len(places) == 0:
        places = pl.Series("location_id", [MAIN])
    for name in holders:
        if TABLES[name]["location_id"].default is not None:
            _fill_table(work, name, places)
    if "location" not in work.tables:
        _derive(work, "location", places)


def _fill_table(work: Work, name: str, places: pl.Series) -> None:
    frame = work.rows(name)
    empty = frame["location_id"].is_null()
    if not empty.any():
        return
    if len(places) > 1 and name in _PLACELESS:
        return
    if len(places) > 1:
        rule = "location_id must be given: there are several locations."
        work.find("IDN-009", name, frame.filter(empty), column="location_id", rule=rule)
        work.settle(name)
        return
    place = str(places[0])
    work.put(name, frame.with_columns(pl.col("location_id").fill_null(place)))
    work.assume(f"{name}.location_id", place, "everything lies at one place", _share(empty))


def _share(mask: pl.Series) -> str:
    count = int(mask.sum())
    return "all" if count == len(mask) else f"{count} of {len(mask)} rows"


def _derive(work: Work, master: str, names: pl.Series) -> None:
    """Make a master of the identifiers that occur, where nobody exports it."""
    key = TABLES[master].key[0]
    schema = blank(TABLES[master])
    frame = pl.DataFrame({key: names})
    rest = [pl.lit(None, dtype=kind).alias(name) for name, kind in schema.items() if name != key]
    work.put(master, frame.with_columns(rest).select(*schema))
    work.assume(master, f"{len(names)} from the other tables", f"{master} attributes take their defaults")


def derive_suppliers(work: Work) -> None:
    """List the suppliers that occur when there is no supplier table."""
    if "supplier" in work.tables:
        return
    holders = [name for name in ("item_supplier", "purchase_order") if name in work.tables]
    names = [work.rows(name)["supplier_id"].drop_nulls() for name in holders]
    if names:
        _derive(work, "supplier", pl.concat(names).unique().sort())


UNDATED = date(1970, 1, 1)
"""Day of a load in which nothing is dated and nobody says a day."""


def settle_as_of(work: Work) -> None:
    """Fix the day of the load: as said, as declared, else the newest snapshot, else the end of history."""
    inventory = work.rows("inventory")
    dates = inventory["as_of"].drop_nulls()
    newest = _latest([dates])
    said = work.settings.as_of or work.info.as_of
    fallback = _end_of_history(work)
    work.as_of = said or newest or fallback or UNDATED
    empty = inventory["as_of"].is_null()
    if not empty.any():
        return
    day = work.info.as_of or work.settings.as_of or newest
    rows = inventory.filter(empty)
    if day is None:
        file = str(rows["_file"][0])
        rule = f"a snapshot must carry an as_of; {rows.height} rows have none, {work.as_of} is taken"
        work.find_source("FIL-015", "inventory", file=file, column="as_of", rule=rule)
    else:
        work.assume("inventory.as_of", str(day), "the stock is that of this day", _share(empty))
    work.put("inventory", inventory.with_columns(pl.col("as_of").fill_null(day or work.as_of)))


def _end_of_history(work: Work) -> date | None:
    """Return the day after the last demand bucket, else the last day of any order or receipt."""
    starts = work.rows("demand_history")["bucket_start"].drop_nulls()
    ends = starts.dt.offset_by(BUCKET_STEPS[infer_bucket(starts.unique().sort())])
    return _latest([ends]) or _latest(
        [work.rows(name)[column] for name, columns in _HISTORY.items() for column in columns]
    )


def _latest(columns: list[pl.Series]) -> date | None:
    found = [last for column in columns if isinstance(last := column.max(), date)]
    return max(found) if found else None


_EPOCH_DAYS = 1_462
_STALE_DAYS = 730
_SLACK_DAYS = 62


def check_epochs(work: Work) -> None:
    """Flag files whose dates would fit the day of the load 1,462 days later: the date system of 1904 (DAT-002)."""
    for table, columns in _HISTORY.items():
        frame = work.rows(table)
        if frame.height == 0:
            continue
        for column in columns:
            files = frame.drop_nulls(column).group_by("_file").agg(
                pl.col(column).median().cast(pl.Date).alias("_middle"), pl.col(column).max().alias("_last"),
                pl.col("_row").min(),
            ).sort("_file")  # fmt: skip
            left = (pl.lit(work.as_of) - pl.col("_last")).dt.total_days() - _EPOCH_DAYS
            old = (pl.lit(work.as_of) - pl.col("_middle")).dt.total_days() > _STALE_DAYS
            for row in files.filter(old & left.is_between(-1, _SLACK_DAYS)).iter_rows(named=True):
                rule = (
                    f"the median date must lie within two years of {work.as_of}; {row['_middle']} does not, and would "
                    "1,462 days later, as in a workbook of the date system of 1904"
                )
                work.find_source(
                    "DAT-002",
                    table,
                    file=row["_file"],
                    row=row["_row"],
                    column=column,
                    value=str(row["_middle"]),
                    rule=rule,
                )


def check_history_dates(work: Work) -> None:
    """Take out history after the day of the load (DAT-010)."""
    limit = work.as_of + timedelta(days=1)
    for table, columns in _HISTORY.items():
        if table not in work.tables:
            continue
        frame = work.rows(table)
        for column in columns:
            rule = f"History must not lie after the as-of date {work.as_of} plus one day."
            work.find("DAT-010", table, frame.filter(pl.col(column) > limit), column=column, rule=rule)
        work.settle(table)


def check_snapshot_age(work: Work, review_days: float) -> None:
    """Flag a stock snapshot older than a review period (FIL-015)."""
    inventory = work.rows("inventory")
    newest = inventory["as_of"].max()
    if not isinstance(newest, date) or (work.as_of - newest).days <= review_days:
        return
    file = str(inventory.sort("as_of", "_file")["_file"][-1])
    rule = f"stock must not be older than one review period of {review_days:g} days at {work.as_of}"
    work.find_source("FIL-015", "inventory", file=file, column="as_of", value=str(newest), rule=rule)


def check_set_dates(work: Work) -> None:
    """Flag receipts posted after the stock was counted: they are in no stock and on no order (FIL-016)."""
    newest = work.rows("inventory")["as_of"].max()
    if not isinstance(newest, date) or "receipt" not in work.tables:
        return
    rows = work.rows("receipt").filter(pl.col("receipt_date") > newest)
    rule = f"Stock and orders must be exported together; the stock is that of {newest}, this came later."
    work.find("FIL-016", "receipt", rows, column="receipt_date", rule=rule)
