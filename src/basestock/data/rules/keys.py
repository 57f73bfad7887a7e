"""Keys across tables: duplicates, and identifiers that are in no master (IDN-001, IDN-011 to IDN-014)."""

from __future__ import annotations

import polars as pl

from basestock.data.frames import BOOKKEEPING
from basestock.data.rules.identifiers import identifier_columns
from basestock.data.rules.work import Work
from basestock.data.tables import TABLES

MASTERS = ("item", "location", "supplier")
"""Masters whose identifiers other tables refer to."""

_TRANSACTIONS = frozenset(("demand_history", "receipt"))
"""Tables whose key does not tell two real lines apart."""

_MISSED_BY = {("bom", "component_id"): "BOM-003", ("location", "parent_id"): "LOC-002"}
_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_TURNED = f"(?i)^(true|false|{_MONTH}-[0-9]{{2}}|[0-9]{{1,2}}-{_MONTH}(-[0-9]{{2,4}})?)$"
"""What a spreadsheet shows instead of an identifier such as MAR1 or 1-3."""

_OPTIONAL_MASTERS = ("event", "resource")


def remember_masters(work: Work) -> None:
    """Keep the identifiers of every master, before rules take rows out: a bad item is known, though unused."""
    for master in (*MASTERS, *_OPTIONAL_MASTERS):
        key = TABLES[master].key[0]
        if master in work.tables:
            text = work.rows(master)[key].drop_nulls()
            work.known[master] = text.unique().sort()


def check_references(work: Work) -> None:
    """Take out rows that name an item, a place or a supplier nobody knows."""
    for table in list(work.tables):
        for column in identifier_columns(table):
            if column.refers in work.known:
                _check_column(work, table, column.name, column.refers)
        work.settle(table)


def _check_column(work: Work, table: str, column: str, master: str) -> None:
    frame = work.rows(table)
    names = frame[column].drop_nulls().unique()
    unknown = names.filter(~names.is_in(work.known[master].implode()))
    if len(unknown) == 0:
        return
    twins = _zero_twins(unknown, work.known[master])
    rows = frame.filter(pl.col(column).is_in(unknown.implode())).join(
        twins, on=column, how="left", maintain_order="left"
    )
    lost = rows.filter(pl.col("_twins").is_not_null())
    rule = pl.format(f"The identifier must exist as text in {master}; leading zeros make it {{}}.", "_twins")
    work.find("IDN-001", table, lost, column=column, rule=rule)
    code = _MISSED_BY.get((table, column), "IDN-014")
    missing = rows.filter(pl.col("_twins").is_null())
    turned = missing.filter(pl.col(column).str.contains(_TURNED))
    rule = f"{column} must be as in {master}; this looks like what a spreadsheet makes of it."
    work.find("IDN-010", table, turned, column=column, rule=rule)
    missing = missing.filter(~pl.col(column).str.contains(_TURNED))
    work.find(code, table, missing, column=column, rule=f"{column} must exist in {master}.")


def _zero_twins(unknown: pl.Series, known: pl.Series) -> pl.DataFrame:
    """Return, for each unknown number, the known ones that differ by leading zeros only."""
    column = unknown.name
    bare = pl.col("_id").str.strip_chars_start("0")
    masters = pl.DataFrame({"_id": known}).filter(pl.col("_id").str.contains("^[0-9]+$"))
    masters = (
        masters.with_columns(bare.alias("_bare")).group_by("_bare").agg(pl.col("_id").sort().str.join(" or "))
    )
    strangers = pl.DataFrame({"_id": unknown}).filter(pl.col("_id").str.contains("^[0-9]+$"))
    found = strangers.with_columns(bare.alias("_bare")).join(masters, on="_bare", how="inner")
    return found.select(pl.col("_id").alias(column), pl.col("_id_right").alias("_twins"))


def _values(frame: pl.DataFrame) -> list[str]:
    """Return the columns whose equality makes two rows copies."""
    return [name for name in frame.columns if name not in BOOKKEEPING and name != "_id"]


def _repeated(frame: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return the rows whose key occurs more than once, found by hash first."""
    if frame.height == 0:
        return frame
    suspects = frame.filter(frame.select(pl.struct(key).hash()).to_series().is_duplicated())
    return suspects.filter(pl.len().over(key) > 1) if suspects.height else suspects


def check_duplicates(work: Work) -> None:
    """Fold copies, take out rows that contradict each other, keep equal transaction lines."""
    for name in list(work.tables):
        _check_lines(work, name)
        _check_table(work, name)
        work.settle(name)


def _check_lines(work: Work, name: str) -> None:
    """Fold copies of a line whose key the profile declares."""
    declared = work.info.declarations.line_key.get(name)
    if not declared:
        return
    frame = work.rows(name)
    key = [_column_of(frame, each) for each in declared]
    repeated = _repeated(frame, key) if all(key) else frame.head(0)
    if repeated.height:
        _fold_copies(work, name, repeated)
        work.settle(name)


def _column_of(frame: pl.DataFrame, name: str) -> str:
    return next((each for each in (name, f"attr.{name}") if each in frame.columns), "")


def _check_table(work: Work, name: str) -> None:
    key = list(TABLES[name].key)
    frame = work.rows(name)
    repeated = _repeated(frame, key)
    if repeated.height == 0 or not key:
        return
    values = _values(frame)
    equal = repeated.select(pl.struct(values).n_unique().over(key) == 1).to_series()
    copies, conflicts = repeated.filter(equal), repeated.filter(~equal)
    lines_declared = name in work.info.declarations.line_key
    if name in _TRANSACTIONS:
        extra = copies if lines_declared else _later_copies(copies, key)
        work.find("IDN-013", name, extra if not lines_declared else copies.head(0))
    else:
        _fold_copies(work, name, copies)
    if lines_declared and name in _TRANSACTIONS:
        return
    _take_conflicts(work, name, conflicts, key)


def _later_copies(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Return all rows of each key but the first by file and row."""
    return rows.sort("_file", "_sheet", "_row").filter(pl.int_range(pl.len()).over(key) > 0)


def _fold_copies(work: Work, name: str, rows: pl.DataFrame) -> None:
    """Fold equal rows of a key into the first; rows of the key that differ stay for IDN-012."""
    values = _values(rows)
    same = rows.sort("_file", "_sheet", "_row").filter(pl.int_range(pl.len()).over(values) > 0)
    if name in _TRANSACTIONS:
        rule = "The line key that the profile declares must be unique; equal lines count once."
        work.find("IDN-013", name, same, rule=rule, action="fold", severity="repair")
    else:
        work.find("IDN-011", name, same)


def _conflict_code(name: str) -> str:
    return {"inventory": "INV-004", "lane": "LAN-005"}.get(name, "IDN-012")


def _take_conflicts(work: Work, name: str, rows: pl.DataFrame, key: list[str]) -> None:
    """Take out all rows of a key that contradict each other; both are shown."""
    if rows.height == 0:
        return
    where = pl.format("{} row {}", "_file", "_row").sort().str.join(", ").over(key)
    rows = rows.with_columns(pl.concat_str(pl.lit("One row per key; these differ: "), where).alias("_where"))
    code = _conflict_code(name)
    if code == "INV-004":
        rows = _newest_conflicts(work, rows)
    work.find(code, name, rows, rule=pl.col("_where"))
    work.hold(code, rows)


def _newest_conflicts(work: Work, rows: pl.DataFrame) -> pl.DataFrame:
    """Return conflicts at the newest snapshot; older ones are taken out, a declared newest row is kept."""
    newest = pl.col("as_of") == pl.col("as_of").max().over("item_id", "location_id")
    work.find("IDN-012", "inventory", rows.filter(~newest), rule=pl.col("_where"))
    rows = rows.filter(newest)
    if work.info.declarations.snapshot != "newest":
        return rows
    last = pl.col("updated_at") == pl.col("updated_at").max().over("item_id", "location_id")
    chosen = rows.filter(last.fill_null(False)).filter(pl.len().over("item_id", "location_id") == 1)
    settled = rows.join(chosen, on=["item_id", "location_id"], how="semi")
    older = settled.join(chosen, on="_id", how="anti")
    work.find("INV-004", "inventory", older, rule=pl.col("_where"), action="fold", severity="warning")
    return rows.join(settled, on="_id", how="anti")
