"""What reading a source yields: feeds of text in canonical names, with lineage, options and declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import polars as pl

PROVENANCE = ("_file", "_sheet", "_row", "_sha256")
"""Lineage columns of every row: file, sheet, physical row (header = 1), SHA-256 of the file."""

BOOKKEEPING = (*PROVENANCE, "_count", "_source", "_assumed")
"""Columns of a feed frame that are no data: lineage, folded source rows, row in `source`, guesses."""

ATTRIBUTE = "attr."
"""Prefix of source columns that are kept as they are."""

Text = pl.String


@dataclass(frozen=True, slots=True)
class CellOptions:
    """How the cells of a column are written.

    Parameters
    ----------
    decimal : str or None
        Declared decimal separator; None = nothing declared, a point is expected.
    thousands : str or None
        Declared thousands separator.
    null : tuple of str
        Words that mean missing. (Feed frames have them replaced already.)
    date_format : tuple of str
        Declared formats in ``%d %m %Y %y %b %H %M``, or ``excel-1900``; empty = ISO 8601 and RFC 3339.
    iso : bool
        ISO dates are legal beside the declared formats (cells that are real dates in their file).
    signs : {"leading", "trailing"}
        ``trailing`` declares that ``5-``, ``(5)`` and U+2212 mean a negative number.
    pivot : int or None
        Two-digit years below it are 20yy, the others 19yy; None = two-digit years are refused.
    timezone : str or None
        IANA zone of timestamps without offset.
    """

    decimal: str | None = None
    thousands: str | None = None
    null: tuple[str, ...] = ()
    date_format: tuple[str, ...] = ()
    iso: bool = False
    signs: Literal["leading", "trailing"] = "leading"
    pivot: int | None = None
    timezone: str | None = None


CANONICAL = CellOptions(decimal=".")
"""Options of cells in canonical text: a declared point, ISO dates."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a whole column cannot be read.

    Parameters
    ----------
    code : str
        For example ``NUM-001``.
    cells : int
        Number of affected cells.
    value : str
        One affected cell.
    row : int
        Its position in the column, from 0.
    rule, remedy : str
        One sentence each.
    """

    code: str
    cells: int
    value: str
    row: int
    rule: str
    remedy: str


@dataclass(frozen=True, slots=True)
class QuantitySum:
    """Sums of one quantity column over the rows of a feed, in the column's unit.

    Notes
    -----
    read = kept + ignored + folded + bad, where kept is the sum over the feed frame. Cells that are no
    numbers count as 0.
    """

    read: float
    ignored: float
    folded: float
    bad: float


@dataclass(frozen=True)
class FeedFrame:
    """Rows of one feed of a canonical table.

    Parameters
    ----------
    table : str
        Canonical table.
    name : str
        Where the rows come from, for messages.
    frame : DataFrame
        Canonical columns as text (String, null = missing), kept source columns as ``attr.NAME``, and
        `BOOKKEEPING`: ``_row`` Int64 (of a folded row: its first source row), ``_count`` UInt32 (source rows
        in this row), ``_source`` UInt32 (row in `source`), ``_assumed`` (guessed columns joined by commas,
        ``*`` for the whole row, empty for none). Identifiers of plain columns are as written, untrimmed
        (IDN-005 is for the rules to repair); cells of blanks only are missing.
    source : DataFrame
        The rows of the files, in their own columns and types, with `PROVENANCE`.
    bad : DataFrame
        Rows that never became rows of `frame` (wrong number of cells, undecodable, failed join, ...): own
        columns as text where they could be split, else the text in ``_raw``; `PROVENANCE`, ``_codes``,
        ``_rule``, ``_remedy``. Their findings are in the log already.
    read, ignored, folded : int
        Rows read; left out by `where` or `--since`; merged into others.
        read = frame.height + ignored + folded + bad.height.
    sums : mapping of str to QuantitySum
        The same balance for quantity columns.
    options : CellOptions
        How cells are written, unless `column_options` says otherwise.
    column_options : mapping of str to CellOptions
        Exceptions: computed columns are canonical text, a column may have its own date format.
    failures : mapping of str to Series
        Codes of cells that failed while a value was computed (null = none), in row order; the cell keeps
        its raw text.
    verdicts : mapping of str to Verdict
        Columns that were refused as a whole while a value was computed.
    members : DataFrame or None
        With folded rows: ``_frame`` and ``_source`` row numbers of every source row; else None.
    """

    table: str
    name: str
    frame: pl.DataFrame
    source: pl.DataFrame
    bad: pl.DataFrame
    read: int
    ignored: int
    folded: int
    sums: Mapping[str, QuantitySum]
    options: CellOptions
    column_options: Mapping[str, CellOptions] = field(default_factory=dict)
    failures: Mapping[str, pl.Series] = field(default_factory=dict)
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    members: pl.DataFrame | None = None

    def options_for(self, column: str) -> CellOptions:
        """Return how the cells of a canonical column are written."""
        return self.column_options.get(column, self.options)

    @property
    def raw(self) -> pl.DataFrame:
        """Return the source row of every row of `frame`, same order, own columns as text."""
        return as_text(self.source[self.frame["_source"]])

    def raw_rows(self, rows: pl.Series) -> pl.DataFrame:
        """Return the source rows behind some rows of `frame`.

        Parameters
        ----------
        rows : Series of integers
            Row numbers in `frame`.

        Returns
        -------
        DataFrame
            Own columns as text with `PROVENANCE`, and ``_frame``: the row of `frame` each belongs to. A
            folded row has all its source rows.
        """
        wanted = pl.DataFrame({"_frame": rows.cast(pl.UInt32)})
        if self.members is None:
            wanted = wanted.with_columns(self.frame["_source"].gather(rows).alias("_source"))
        else:
            wanted = wanted.join(self.members, on="_frame", how="left", maintain_order="left_right")
        return as_text(self.source[wanted["_source"]]).with_columns(wanted["_frame"])


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file, archive member or sheet of a source.

    Parameters
    ----------
    name : str
        Name relative to the source; `sheet` for a sheet of a workbook.
    sheet : str
        Sheet, or empty.
    sha256 : str
        Hash of the file's bytes.
    rows : int
        Rows read from it.
    status : {"read", "refused", "ignored", "copy"}
        ``copy`` = same bytes as another file of the same feed, folded.
    tables : tuple of str
        Canonical tables it feeds.
    """

    name: str
    sheet: str
    sha256: str
    rows: int
    status: Literal["read", "refused", "ignored", "copy"]
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a person declares about a source; nothing here is ever guessed.

    Parameters
    ----------
    pad : mapping of str to int
        Width to which identifiers are padded with leading zeros, by column.
    case : {"", "fold"}
        ``fold`` = identifiers that differ in case only are one.
    line_key : mapping of str to tuple of str
        Columns that identify a line of a transaction table: equal lines are copies.
    snapshot : {"", "newest"}
        ``newest`` = of several snapshots the newest is the stock.
    non_stock : tuple of str
        Items that are no products.
    repairs : tuple of str
        Codes whose repairs are acknowledged.
    empty : tuple of str
        Tables that may be empty.
    signs : {"leading", "trailing"}
        See `CellOptions`.
    """

    pad: Mapping[str, int] = field(default_factory=dict)
    case: Literal["", "fold"] = ""
    line_key: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    snapshot: Literal["", "newest"] = ""
    non_stock: tuple[str, ...] = ()
    repairs: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    signs: Literal["leading", "trailing"] = "leading"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known about a source beside its rows.

    Parameters
    ----------
    name : str
        Name given in the mapping, else that of the folder or file.
    as_of : date or None
        Declared day of the snapshots.
    currency, timezone, week_rule, gaps : str or None
        As declared; None = not declared.
    lead_time : {"learned", "stated"}
        Which lead times count where both exist.
    declarations : Declarations
        See there.
    assume : mapping of str to str
        Tables nobody exports, for example ``{"inventory": "reference"}``.
    files : tuple of SourceFile
        Every file and sheet, sorted by name.
    inputs_sha : str
        SHA-256 over names and hashes of all files that were read, and over the mapping.
    """

    name: str
    as_of: date | None
    currency: str | None
    timezone: str | None
    week_rule: str | None
    gaps: Literal["zero", "closed", "missing"] | None
    lead_time: Literal["learned", "stated"]
    declarations: Declarations
    assume: Mapping[str, str]
    files: tuple[SourceFile, ...]
    inputs_sha: str


class SourceRead(NamedTuple):
    """Everything a source holds: ``feeds, info = read_source(...)``."""

    feeds: list[FeedFrame]
    info: SourceInfo


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with every data column as text, without loss.

    Parameters
    ----------
    frame : DataFrame
        Any types; columns of `BOOKKEEPING` keep theirs.

    Returns
    -------
    DataFrame
        Whole floats lose their ``.0``, instants are ISO 8601, missing stays missing.

    Examples
    --------
    >>> as_text(pl.DataFrame({"a": [1.0, 2.5]}))["a"].to_list()
    ['1', '2.5']
    """
    typed = [name for name, kind in frame.schema.items() if kind != pl.String and name not in BOOKKEEPING]
    return frame.with_columns([text_of(frame[name]) for name in typed])


def text_of(cells: pl.Series) -> pl.Series:
    """Return the canonical text of typed cells, without loss.

    Examples
    --------
    >>> text_of(pl.Series([1e-7, 12.50])).to_list()
    ['0.0000001', '12.5']
    """
    kind = cells.dtype
    if isinstance(kind, pl.Datetime):
        whole = cells.dt.to_string("iso:strict")
        return whole.str.replace(r"\.(?:0+|([0-9]*[1-9])0*)$", ".$1").str.strip_suffix(".")
    if isinstance(kind, pl.Duration):
        return cells.dt.to_string("iso")
    text = cells.cast(pl.String)
    if kind.is_float() or isinstance(kind, pl.Decimal):
        return _plain_decimals(text)
    return text


def _plain_decimals(text: pl.Series) -> pl.Series:
    """Return numbers without exponent and without zeros at the end of the fraction."""
    exponents = text.str.contains("e", literal=True).fill_null(False)
    if exponents.any():
        plain = [format(Decimal(value), "f") for value in text.filter(exponents)]
        rows = exponents.arg_true()
        text = text.clone().scatter(rows, plain)
    fraction = text.str.contains(".", literal=True).fill_null(False)
    if not fraction.any():
        return text
    short = text.str.strip_chars_end("0").str.strip_suffix(".")
    return text.zip_with(~fraction, short)
