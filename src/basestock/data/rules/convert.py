"""From feeds of text to typed tables: every failing cell gets its code, nothing is filled in."""

from __future__ import annotations

from itertools import groupby

import polars as pl

from basestock.data.cell_numbers import Parsed
from basestock.data.cells import parse_feed_column
from basestock.data.frames import ATTRIBUTE, FeedFrame, SourceInfo, Verdict
from basestock.data.issues import IssueLog
from basestock.data.rules.work import Settings, TableWork, Work, blank, joined_text, lineage
from basestock.data.tables import TABLES, Column, Table

VALIDITY = frozenset(("valid_from", "valid_to", "end", "end_date", "intro_date"))
"""Columns in which a sentinel day means an open end."""

_ROW_CODES = frozenset(("NUM-005", "NUM-006", "NUM-010", "NUM-012", "SCH-010", "DAT-001", "FIL-021"))
"""Codes whose row is quarantined even when the column is optional."""

_REPAIRS = frozenset(("NUM-003", "DAT-012"))
_MISSING = {"dec": "SCH-004", "int": "SCH-004", "date": "DAT-006", "ts": "DAT-006"}
_LEFT_TO_RULES = frozenset(
    (
        ("item_supplier", "lead_time_days"), ("lane", "lead_time_days"), ("bom", "parent_id"),
        ("inventory", "as_of"), ("demand_history", "qty_kind"),
    )
)  # fmt: skip
"""Required cells whose absence a rule with a more specific code treats."""


def build_work(feeds: list[FeedFrame], info: SourceInfo, log: IssueLog, settings: Settings) -> Work:
    """Return the typed tables of all feeds, cell findings logged, rows without their required cells taken out.

    Parameters
    ----------
    feeds : list of FeedFrame
        Text in canonical names.
    info : SourceInfo
        Declarations.
    log : IssueLog
        Gets the findings.
    settings : Settings
        What the loading person said.
    """
    work = Work({}, log, info, settings)
    ordered = sorted(feeds, key=lambda feed: (list(TABLES).index(feed.table), feed.name))
    for name, group in groupby(ordered, key=lambda feed: feed.table):
        _add_table(work, TABLES[name], list(group))
    _flag_cut_files(work)
    return work


def _flag_cut_files(work: Work) -> None:
    """Flag what rests on files that look cut off by a spreadsheet (FIL-005)."""
    found = work.log.touched().filter(pl.col("code") == "FIL-005")
    for file in found["file"].unique().sort():
        for table in work.tables:
            work.flag("FIL-005", work.rows(table).filter(pl.col("_file") == file))


def _add_table(work: Work, table: Table, feeds: list[FeedFrame]) -> None:
    text = joined_text(feeds)
    height = text.height
    attributes = [name for name in text.columns if name.startswith(ATTRIBUTE)]
    start = text.select(*lineage(text), *attributes)
    work.tables[table.name] = TableWork(
        table, feeds, text, start,
        alive=pl.repeat(True, height, dtype=pl.Boolean, eager=True),
        repaired=pl.repeat(False, height, dtype=pl.Boolean, eager=True),
    )  # fmt: skip
    present = [column for column in table.columns if any(column.name in feed.frame.columns for feed in feeds)]
    parsed = {column.name: _parse_all(feeds, column) for column in present}
    typed = [pl.concat([each.values for each in parts]).alias(name) for name, parts in parsed.items()]
    absent = [
        pl.lit(None, dtype=kind).alias(name) for name, kind in blank(table).items() if name not in parsed
    ]
    frame = start.with_columns(*typed, *absent).select(*blank(table), *attributes, *lineage(text))
    work.put(table.name, frame)
    quantities = [column.name for column in present if column.quantity]
    work.tables[table.name].quantities = frame.select("_id", *quantities)
    for column in present:
        _report_column(work, table, column, feeds, parsed[column.name])


def _parse_all(feeds: list[FeedFrame], column: Column) -> list[Parsed]:
    return [parse_feed_column(feed, column) for feed in feeds]


def _report_column(
    work: Work, table: Table, column: Column, feeds: list[FeedFrame], parts: list[Parsed]
) -> None:
    """Log verdicts and cell codes of one column, and its missing required cells."""
    offset = 0
    refused: list[pl.Series] = []
    for feed, parsed in zip(feeds, parts, strict=True):
        height = feed.frame.height
        if parsed.verdict is not None:
            rows = work.rows(table.name).slice(offset, height)
            _refuse_column(work, table, column, rows, parsed.verdict)
            refused.append(rows["_id"])
        else:
            _report_cells(work, table, column, parsed, offset)
        offset += height
    if column.required and (table.name, column.name) not in _LEFT_TO_RULES:
        _report_missing(work, table, column, refused)


def _refuse_column(work: Work, table: Table, column: Column, rows: pl.DataFrame, verdict: Verdict) -> None:
    """A column that cannot be read takes its rows with it when it is required, else it is missing."""
    offender = rows.slice(verdict.row, 1)
    required = column.required or column.requirement == "R"
    work.log.extend_frame(
        verdict.code, offender, table=table.name, column=column.name, value=verdict.value,
        key=f"rows={verdict.cells}", rule=verdict.rule, remedy=verdict.remedy, action="refuse",
    )  # fmt: skip
    if required:
        words = (verdict.rule, verdict.remedy)
        work.act(verdict.code, table.name, rows, action="quarantine", severity="error", words=words)
    else:
        work.flag(verdict.code, rows)


def _report_cells(work: Work, table: Table, column: Column, parsed: Parsed, offset: int) -> None:
    codes = parsed.codes
    if codes.null_count() == len(codes):
        return
    places = codes.is_not_null().arg_true()
    frame = work.rows(table.name)[places + offset].with_columns(
        codes.gather(places).alias("_code"), parsed.values.gather(places).is_not_null().alias("_kept")
    )
    for (code, kept), rows in frame.group_by("_code", "_kept", maintain_order=True):
        _report_code(work, table, column, rows.drop("_code", "_kept"), str(code), bool(kept))


def _report_code(work: Work, table: Table, column: Column, rows: pl.DataFrame, code: str, kept: bool) -> None:
    """Decide what a code means for the row: repaired, taken out, or without this cell."""
    if kept:
        severity = "repair" if code in _REPAIRS else ""
        value = pl.col(column.name).cast(pl.String)
        raw = work.raw(table.name, column.name, rows["_id"])
        work.find(
            code, table.name, rows.with_columns(raw.alias("_raw")), column=column.name, old=pl.col("_raw"),
            new=value, action="repair", severity=severity,
        )  # fmt: skip
        return
    if code == "DAT-008" and column.name in VALIDITY:
        raw = work.raw(table.name, column.name, rows["_id"]).alias("_raw")
        work.find(code, table.name, rows.with_columns(raw), column=column.name, old=pl.col("_raw"), new="")
        return
    if (table.name == "demand_history" and code == "DEM-005") or (
        code == "NUM-004" and column.code == "FCT-002"
    ):
        return
    taken = column.requirement == "R" or code in _ROW_CODES or column.code == code
    severity = "error" if code in ("DAT-008", "NUM-003") else ""
    work.find(
        code,
        table.name,
        rows,
        column=column.name,
        action="quarantine" if taken else "flag",
        severity=severity,
    )
    if not taken:
        work.flag(code, rows)


def _report_missing(work: Work, table: Table, column: Column, refused: list[pl.Series]) -> None:
    """Take out rows whose required cell is empty in the source."""
    frame = work.rows(table.name)
    empty = frame[column.name].is_null()
    if not empty.any():
        return
    rows = frame.filter(empty)
    raw = work.raw(table.name, column.name, rows["_id"])
    rows = rows.filter(raw == "")
    for ids in refused:
        rows = rows.filter(~pl.col("_id").is_in(ids.implode()))
    work.find(missing_code(work, column), table.name, rows, column=column.name, rule=_given(column))


def missing_code(work: Work, column: Column) -> str:
    """Return the code of a required cell that is empty."""
    entry = work.log.entries.get(column.code)
    specific = entry is not None and entry.action == "quarantine" and entry.scope == "row"
    if specific and not column.code.startswith("NUM"):
        return column.code
    return _MISSING.get(column.type, "SCH-010" if column.type == "enum" else "IDN-009")


def _given(column: Column) -> str:
    return f"{column.name} must be given."
