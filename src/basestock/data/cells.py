"""Typed cells from text: by declared type and declared form, never by inference.

Everything is read as text first. `parse_column` turns one column into its canonical type and gives each
failing cell its code; `parse_feed_column` does so for a column of a feed, where some cells may have failed
already while the mapping computed them.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from basestock.data.cell_dates import parse_days, parse_instants
from basestock.data.cell_numbers import MAX_EXACT, Parsed, no_codes, parse_decimals, parse_integers, refused
from basestock.data.frames import CellOptions, FeedFrame
from basestock.data.schema.model import Column

__all__ = ["Parsed", "blank_to_null", "canonical_text", "parse_column", "parse_feed_column", "trimmed"]

_BLANKS = "[\\s\u00a0\u180e\u200b\u200c\u200d\u2060\ufeff]+"
_ENDS = f"^{_BLANKS}|{_BLANKS}$"
_ERROR = r"^\s*#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)\s*$"
"""What a spreadsheet shows instead of a value it could not compute."""

_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def trimmed(text: pl.Series) -> pl.Series:
    r"""Return cells without blanks, non-breaking and zero-width spaces at the ends.

    Examples
    --------
    >>> trimmed(pl.Series([" A 1\u00a0", "\u200bB"])).to_list()
    ['A 1', 'B']
    """
    return text.str.replace_all(_ENDS, "") if text.str.contains(_ENDS).any() else text


def blank_to_null(text: pl.Series, words: tuple[str, ...] = ()) -> pl.Series:
    """Return cells with blanks and the declared words for missing as null; other cells are untouched.

    Parameters
    ----------
    text : Series of String
        Cells as written.
    words : tuple of str
        Declared words that mean missing, compared with the trimmed cell.

    Examples
    --------
    >>> blank_to_null(pl.Series(["", " ", "NULL", "NA"]), ("NULL",)).to_list()
    [None, None, None, 'NA']
    """
    bare = trimmed(text)
    missing = (bare == "").fill_null(True)
    if words:
        missing = missing | bare.is_in(list(words)).fill_null(False)
    if not missing.any():
        return text
    return text.zip_with(~missing, pl.repeat(None, len(text), dtype=pl.String, eager=True))


def _parse_flags(text: pl.Series, options: CellOptions) -> Parsed:
    """Read truth values; anything but true, false, yes, no, t, f, y, n, 1, 0 is SCH-010."""
    del options
    words = text.str.to_lowercase()
    values = words.replace_strict(
        [*_TRUE, *_FALSE], [True] * len(_TRUE) + [False] * len(_FALSE), default=None, return_dtype=pl.Boolean
    )
    failed = text.is_not_null() & values.is_null()
    return Parsed(values, no_codes(len(text)).scatter(failed.arg_true(), "SCH-010"))


def _parse_text(text: pl.Series, options: CellOptions) -> Parsed:
    del options
    return Parsed(text, no_codes(len(text)))


_PARSERS: dict[str, Callable[[pl.Series, CellOptions], Parsed]] = {
    "dec": parse_decimals,
    "int": parse_integers,
    "bool": _parse_flags,
    "date": parse_days,
    "ts": parse_instants,
    "str": _parse_text,
    "enum": _parse_text,
}


def parse_column(text: pl.Series, column: Column, options: CellOptions) -> Parsed:
    """Read one column of text as its canonical type.

    Parameters
    ----------
    text : Series of String
        Cells; null = missing. Cells of plain text come back as they are, all others are trimmed first.
    column : Column
        Row of the schema: type, choices, unit.
    options : CellOptions
        How the cells are written.

    Returns
    -------
    Parsed
        Float64 (dec), Int64 (int), Boolean, Date, Datetime in UTC (ts) or String values, a code per failing
        cell, or a verdict on the column. Besides the codes of numbers and dates: NUM-012 for a quantity
        beyond 2^24, SCH-010 (or the column's own code) for a word outside the list, FIL-021 for an error
        value of a spreadsheet.

    Examples
    --------
    >>> from basestock.data.tables import TABLES
    >>> status = TABLES["purchase_order"]["status"]
    >>> parse_column(pl.Series(["open", "ERLEDIGT"]), status, CellOptions()).codes.to_list()
    [None, 'SCH-010']
    """
    cells = text if column.type == "str" else trimmed(text)
    parsed = _PARSERS[column.type](cells, options)
    if column.type == "enum":
        parsed = _listed(parsed, column)
    elif column.quantity and parsed.verdict is None:
        parsed = _exact(parsed)
    return _without_errors(parsed, text)


def _listed(parsed: Parsed, column: Column) -> Parsed:
    legal = parsed.values.is_in(list(column.choices)).fill_null(True)
    values = parsed.values.zip_with(legal, no_codes(len(legal)))
    return Parsed(values, parsed.codes.scatter((~legal).arg_true(), column.code or "SCH-010"))


def _without_errors(parsed: Parsed, text: pl.Series) -> Parsed:
    """Refuse error values of spreadsheets, whatever the type of the column."""
    shown = text.str.contains(_ERROR).fill_null(False)
    if parsed.verdict is not None or not shown.any():
        return parsed
    values = parsed.values.zip_with(
        ~shown, pl.repeat(None, len(shown), dtype=parsed.values.dtype, eager=True)
    )
    return Parsed(values, parsed.codes.scatter(shown.arg_true(), "FIL-021"))


def _exact(parsed: Parsed) -> Parsed:
    """Refuse quantities that the arithmetic cannot count exactly."""
    beyond = (parsed.values.abs() > MAX_EXACT).fill_null(False)
    if not beyond.any():
        return parsed
    values = parsed.values.zip_with(~beyond, pl.repeat(None, len(beyond), dtype=pl.Float64, eager=True))
    return Parsed(values, parsed.codes.scatter(beyond.arg_true(), "NUM-012"))


def parse_feed_column(feed: FeedFrame, column: Column) -> Parsed:
    """Read a column of a feed, with the failures and verdicts found while the mapping computed it.

    Parameters
    ----------
    feed : FeedFrame
        The feed; the column may be absent, which is a column of missing cells.
    column : Column
        Row of the schema.

    Returns
    -------
    Parsed
        As `parse_column`; codes of earlier failures win.
    """
    if column.name not in feed.frame.columns:
        empty = pl.repeat(None, feed.frame.height, dtype=pl.String, eager=True).alias(column.name)
        return parse_column(empty, column, feed.options)
    text = feed.frame[column.name]
    verdict, failures = feed.verdicts.get(column.name), feed.failures.get(column.name)
    if verdict is not None:
        kind = parse_column(text.head(0), column, feed.options).values.dtype
        return refused(text, kind, verdict)
    if failures is None:
        return parse_column(text, column, feed.options_for(column.name))
    sound = text.zip_with(failures.is_null(), no_codes(len(text))).alias(column.name)
    parsed = parse_column(sound, column, feed.options_for(column.name))
    return Parsed(parsed.values, failures.zip_with(failures.is_not_null(), parsed.codes), parsed.verdict)


def canonical_text(parsed: Parsed, text: pl.Series, column: Column, options: CellOptions) -> pl.Series:
    """Return the cells in canonical text, exact; failing cells keep their own text.

    Parameters
    ----------
    parsed : Parsed
        Result of `parse_column`.
    text : Series of String
        The cells it was made from.
    column : Column
        Row of the schema.
    options : CellOptions
        How the cells are written.

    Examples
    --------
    >>> from basestock.data.tables import TABLES
    >>> column, options = TABLES["inventory"]["on_hand"], CellOptions(decimal=",")
    >>> cells = pl.Series(["1,50", "x"])
    >>> canonical_text(parse_column(cells, column, options), cells, column, options).to_list()
    ['1.5', 'x']
    """
    from basestock.data.decimals import canonical_decimals
    from basestock.data.frames import text_of

    if column.type in ("str", "enum"):
        return text
    if column.numeric:
        written = canonical_decimals(trimmed(text), options)
    elif column.type == "ts":
        written = parsed.values.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    else:
        written = text_of(parsed.values)
    return written.zip_with(parsed.values.is_not_null(), text).alias(text.name)
