"""Corrected rows: a quarantine file beside its export replaces the rows it came from, as if they had been right."""

from __future__ import annotations

import polars as pl

from basestock.data.csv_scan import Scan, scan
from basestock.data.escape import unescaped
from basestock.data.frames import PROVENANCE, as_text

MARKS = frozenset((*PROVENANCE, "_codes", "_load"))
"""Columns by which a quarantine file of our own is known."""

_ADDED = ("_codes", "_rule", "_remedy", "_load", "_raw")


def is_quarantine(header: list[str] | None) -> bool:
    """Return True for the header of a quarantine file.

    Examples
    --------
    >>> is_quarantine(["item_id", "_file", "_sheet", "_row", "_sha256", "_codes", "_rule", "_remedy", "_load"])
    True
    """
    return header is not None and set(header) >= MARKS


def read_corrections(data: bytes) -> pl.DataFrame | None:
    """Return the rows of a quarantine file: own columns as text, one escape removed, and their lineage.

    Parameters
    ----------
    data : bytes
        Content of the file, UTF-8 with commas.

    Returns
    -------
    DataFrame or None
        None if the file cannot be read; it is then reported like any other file.
    """
    scanned = scan(data, encoding="utf-8", delimiter=",")
    if not isinstance(scanned, Scan) or scanned.bad:
        return None
    names = {str(index): name for index, name in enumerate(scanned.header)}
    return without_reasons(unescaped(scanned.frame.drop("_row").rename(names)))


def without_reasons(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows of a quarantine file, all text, without the columns that say why; the row number is a number."""
    numbers = frame["_row"].cast(pl.Int64, strict=False)
    frame = frame.with_columns(numbers, pl.col("_sheet").fill_null(""))
    return frame.drop([name for name in _ADDED if name in frame.columns])


def corrected(
    rows: pl.DataFrame, bad: pl.DataFrame, fixes: pl.DataFrame | None, sha256: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace rows of a file by their corrections.

    Parameters
    ----------
    rows, bad : DataFrame
        Rows of the file and rows set aside, with `PROVENANCE`.
    fixes : DataFrame or None
        Result of `read_corrections`.
    sha256 : str
        Hash of the file; corrections of other contents do not apply.

    Returns
    -------
    tuple of DataFrame
        The same with every corrected row in the place of the row it came from.
    """
    if fixes is None:
        return rows, bad
    own = [name for name in rows.columns if name not in PROVENANCE]
    here = [name for name in own if name in fixes.columns]
    wanted = (pl.col("_sha256") == sha256) & pl.any_horizontal(pl.col(here).is_not_null())
    lineage = rows.select("_file", "_sheet").head(1)
    fixes = fixes.filter(wanted).select(*here, *PROVENANCE)
    if lineage.height:
        fixes = fixes.filter(pl.col("_file") == lineage["_file"][0], pl.col("_sheet") == lineage["_sheet"][0])
    if fixes.height == 0:
        return rows, bad
    gone = fixes["_row"].implode()
    kept = as_text(rows.filter(~pl.col("_row").is_in(gone)))
    merged = pl.concat([kept, fixes], how="diagonal").select(rows.columns).sort("_row")
    return merged, bad.filter(~pl.col("_row").is_in(gone))
