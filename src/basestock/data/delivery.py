"""The delivery note of an export: how many rows each file should have, and what a column should add up to (FIL-017)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import polars as pl

from basestock.data.csv_scan import FileFault, peek_header, scan

NAME = "manifest.csv"
"""File that says what the others hold: ``file,rows`` and optionally ``column,total``."""

_NEAR = Decimal("1e-9")
_CODE = "FIL-017"
_REMEDY = "Export the file again together with its manifest, or correct the manifest."


@dataclass(frozen=True)
class Note:
    """What one file must hold.

    Parameters
    ----------
    rows : int or None
        Rows below the header.
    totals : dict of str to Decimal
        Sums by column.
    """

    rows: int | None = None
    totals: dict[str, Decimal] = field(default_factory=dict)


def is_manifest(header: list[str] | None) -> bool:
    """Return True for the columns of a delivery note."""
    return header is not None and {"file", "rows"} <= set(header)


def read_manifest(data: bytes) -> dict[str, Note] | FileFault:
    """Return what each file must hold, by file name.

    Parameters
    ----------
    data : bytes
        Comma-separated UTF-8 text.

    Returns
    -------
    dict of str to Note, or FileFault
        FIL-017 where a count or total is no number.
    """
    header = peek_header(data, "utf-8", ",")
    scanned = scan(data, encoding="utf-8", delimiter=",")
    if isinstance(scanned, FileFault):
        return scanned
    names = {str(index): name for index, name in enumerate(header)}
    notes: dict[str, Note] = {}
    for row in scanned.frame.rename(names).iter_rows(named=True):
        note = notes.setdefault(str(row["file"] or "").strip(), Note())
        rows, total = _number(row["rows"]), _number(row.get("total"))
        wrong = next(
            (
                text
                for text, known in ((row["rows"], rows), (row.get("total"), total))
                if text and known is None
            ),
            "",
        )
        if wrong:
            rule = "counts and totals of a manifest must be numbers"
            return FileFault(_CODE, rule, _REMEDY, int(row["_row"]), str(wrong))
        totals = note.totals | (
            {str(row["column"]): total} if row.get("column") and total is not None else {}
        )
        notes[str(row["file"]).strip()] = Note(note.rows if rows is None else int(rows), totals)
    return notes


def _number(text: str | None) -> Decimal | None:
    try:
        found = Decimal((text or "").strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def shortfall(note: Note, frame: pl.DataFrame, height: int, decimal: str) -> FileFault | None:
    """Compare a file with what its delivery note says.

    Parameters
    ----------
    note : Note
        What it must hold.
    frame : DataFrame
        Its rows.
    height : int
        Rows below the header, unusable ones included.
    decimal : str
        Decimal separator of texts.
    """
    if note.rows is not None and note.rows != height:
        rule = f"a file must have the rows its manifest says; it has {height}, the manifest says {note.rows}"
        return FileFault(_CODE, rule, _REMEDY, value=str(height))
    for column, total in note.totals.items():
        if column not in frame.columns:
            rule = f"a control total must be of a column of the file; `{column}` is none"
            return FileFault(_CODE, rule, _REMEDY, value=column)
        found = _sum(frame[column], decimal)
        if abs(found - total) > _NEAR * max(abs(total), Decimal(1)):
            rule = f"`{column}` must add up to the {total} of its manifest; it adds up to {found}"
            return FileFault(_CODE, rule, _REMEDY, value=str(found))
    return None


def _sum(cells: pl.Series, decimal: str) -> Decimal:
    """Add cells exactly; what is no number counts as nothing."""
    texts = cells.cast(pl.String).str.strip_chars().str.replace(decimal, ".", literal=True)
    counts = texts.drop_nulls().value_counts()
    values = ((_number(str(text)), int(count)) for text, count in counts.iter_rows())
    return sum((value * count for value, count in values if value is not None), Decimal(0))
