"""The fix sheet: every quarantined row in a workbook, beside what is wrong with it, to be corrected there."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from basestock.data.corrections import is_quarantine, without_reasons
from basestock.data.csv_scan import FileFault
from basestock.data.workbook import SheetInfo, read_sheet

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

FINDINGS = "findings"
"""Name of the sheet that lists every finding; it is not read again."""

_CREATED = datetime(2026, 1, 1)
_LAST_ROW = 1_048_575
_WIDTH = 18
_REASONS = ("_codes", "_rule", "_remedy")


class TooLongError(ValueError):
    """A table has more quarantined rows than a sheet of a workbook can hold."""


def write_fix_sheet(dataset: Dataset, path: Path) -> None:
    """Write the workbook.

    Parameters
    ----------
    dataset : Dataset
        The load.
    path : Path
        File to write, ending in ``.xlsx``.

    Raises
    ------
    TooLongError
        If a table has more quarantined rows than a sheet can hold.

    Notes
    -----
    The first sheet lists the findings. Each other one is named as its table and has the quarantined rows: codes,
    rule and remedy first, then the columns of the source, then where the row came from. Every cell is text, so that
    nothing is reformatted and nothing is run. A row that is corrected and put beside the export replaces the row it
    came from.
    """
    import xlsxwriter

    for name, frame in dataset.quarantine.items():
        if frame.height >= _LAST_ROW:
            msg = f"{name}: {frame.height} rows are quarantined; a sheet holds {_LAST_ROW}; correct the file of load"
            raise TooLongError(msg)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        book.set_properties({"title": "Rows to correct", "created": _CREATED})
        bold = book.add_format({"bold": True, "bottom": 1})
        text = book.add_format({"num_format": "@"})
        issues = dataset.issues.head(_LAST_ROW - 1)
        _write(book.add_worksheet(FINDINGS), issues, [], bold, text)
        for name, frame in dataset.quarantine.items():
            reasons = [column for column in _REASONS if column in frame.columns]
            own = [column for column in frame.columns if column not in reasons]
            _write(book.add_worksheet(name), frame.select(*reasons, *own), reasons, bold, text)


def _write(sheet: Any, frame: pl.DataFrame, frozen: list[str], bold: Any, text: Any) -> None:
    sheet.set_column(0, max(frame.width - 1, 0), _WIDTH, text)
    sheet.freeze_panes(1, len(frozen[:1]))
    if frame.height:
        sheet.autofilter(0, 0, frame.height, frame.width - 1)
    for place, name in enumerate(frame.columns):
        sheet.write_string(0, place, name, bold)
    for index, row in enumerate(frame.iter_rows(), 1):
        for place, value in enumerate(row):
            if value is not None and value != "":
                sheet.write_string(index, place, str(value), text)


def read_fix_sheet(data: bytes, sheet: SheetInfo) -> pl.DataFrame | None:
    """Return the corrected rows of one sheet: own columns as text, and their lineage.

    Parameters
    ----------
    data : bytes
        The workbook.
    sheet : SheetInfo
        A sheet named as a table.

    Returns
    -------
    DataFrame or None
        None if the sheet holds something else; it is then read like any other sheet.
    """
    rows = read_sheet(data, sheet, ".")
    if isinstance(rows, FileFault) or not is_quarantine(rows.header):
        return None
    names = {str(place): name for place, name in enumerate(rows.header)}
    return without_reasons(rows.frame.drop("_row").rename(names))
