"""Numbers from text: declared separators only, nothing inferred, a code for every cell that is no number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from basestock.data.frames import CellOptions, Verdict

PLAIN = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
"""A number in canonical text."""

MAX_EXACT = 2.0**24
"""Greatest quantity that single precision counts exactly."""

_GROUP = "[,.'\u2019 \u00a0\u202f]"
_NOT_FINITE = r"(?i)^[+-]?(?:nan|inf|infinity|\u221e)$"
_FOREIGN_SIGN = r"^(?:\(\s*[^()+-]+\)|\u2212\s*[0-9.,].*|[0-9.,][^-]*-)$"
_WITH_UNIT = r"^(?:[^0-9A-Za-z+-]{1,3}|[A-Za-z]{1,3}\s?)?\s*[+-]?[0-9][0-9.,]*[^0-9]{0,20}$"
_COMMA = r"^[+-]?[0-9]*(?:[ .'][0-9]{3})*,[0-9]+$|^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$"
_POINT = r"^[+-]?[0-9]*\.[0-9]+$"
_GROUPED = rf"^[+-]?[0-9]{{1,3}}(?:{_GROUP}[0-9]{{3}})+(?:[.,][0-9]+)?$"
_THOUSAND_OR_FRACTION = r"^[+-]?[1-9][0-9]{0,2}\.[0-9]{3}$"
_NOT_GROUPED = r"^[+-]?(?:[0-9]{4,}|0*\.)"


@dataclass(frozen=True, slots=True)
class Parsed:
    """Typed values with a code per failing cell.

    Parameters
    ----------
    values : Series
        Null where the cell is missing or failed.
    codes : Series of String
        Null where the cell is fine. A code beside a value is a repair.
    verdict : Verdict or None
        Why the whole column is refused; the values are all null then.
    naive : int
        Number of timestamps without offset.
    """

    values: pl.Series
    codes: pl.Series
    verdict: Verdict | None = None
    naive: int = 0


def no_codes(height: int) -> pl.Series:
    """Return a column of no codes."""
    return pl.Series("code", [None], dtype=pl.String).new_from_index(0, height)


def refused(text: pl.Series, kind: Any, verdict: Verdict) -> Parsed:
    """Return a column that is refused as a whole."""
    values = pl.repeat(None, len(text), dtype=kind, eager=True).alias(text.name)
    return Parsed(values, no_codes(len(text)), verdict)


def first_verdict(text: pl.Series, offending: pl.Series, code: str, rule: str, remedy: str) -> Verdict | None:
    """Return a verdict on the column if any cell offends."""
    rows = offending.fill_null(False).arg_true()
    if len(rows) == 0:
        return None
    row = int(rows[0])
    return Verdict(code, len(rows), str(text[row]), row, rule, remedy)


def _unsigned(text: pl.Expr) -> pl.Expr:
    """Put a trailing minus, brackets or U+2212 in front as a minus."""
    text = text.str.replace("\u2212", "-", literal=True)
    text = text.str.replace(r"^\(\s*(.+?)\s*\)$", "-$1")
    return text.str.replace(r"^([^+-].*?)\s*-$", "-$1")


def _separated(text: pl.Expr, options: CellOptions) -> pl.Expr:
    """Write the declared separators as in canonical text; what does not follow them is left alone."""
    decimal = options.decimal or "."
    if options.thousands:
        mark = _GROUP_OF.get(options.thousands, re.escape(options.thousands))
        point = re.escape(decimal)
        grouped = rf"^[+-]?[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+(?:{point}[0-9]*)?$"
        text = pl.when(text.str.contains(grouped)).then(text.str.replace_all(mark, "")).otherwise(text)
    if decimal == ".":
        return text
    point = re.escape(decimal)
    own = text.str.contains(rf"^[+-]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?$")
    return pl.when(own).then(text.str.replace(decimal, ".", literal=True)).otherwise(
        pl.when(text.str.contains(".", literal=True)).then(pl.lit("?") + text).otherwise(text)
    )  # fmt: skip


_GROUP_OF = {" ": "[ \u00a0\u202f]", "'": "['\u2019]"}


def canonical_numbers(text: pl.Series, options: CellOptions) -> pl.Series:
    """Return numbers in canonical text; cells that are no numbers as written are null.

    Parameters
    ----------
    text : Series of String
        Trimmed cells, null = missing.
    options : CellOptions
        Declared separators and signs.

    Examples
    --------
    >>> canonical_numbers(pl.Series(["1.234,5", "7-"]), CellOptions(decimal=",", thousands=".")).to_list()
    ['1234.5', None]
    """
    normal = pl.col("text")
    if options.signs == "trailing":
        normal = _unsigned(normal)
    normal = _separated(normal, options)
    checked = pl.when(normal.str.contains(PLAIN)).then(normal)
    return pl.DataFrame({"text": text}).select(checked.alias(text.name))[text.name]


def _separator_verdict(text: pl.Series, failed: pl.Series, options: CellOptions) -> Verdict | None:
    """Refuse the column when cells use a separator other than the declared one."""
    cells = text.zip_with(failed, no_codes(len(text)))
    rest = pl.DataFrame({"text": cells}).select(_unsigned(pl.col("text")))["text"]
    grouped = rest.str.contains(_GROUPED)
    if (options.decimal or ".") == ".":
        offending, found, remedy = (
            rest.str.contains(_COMMA),
            "comma",
            'declare `decimal = ","` or `thousands`',
        )
        grouped = grouped & ~offending
    else:
        offending, found, remedy = (
            rest.str.contains(_POINT),
            "point",
            'declare `decimal = "."` or `thousands`',
        )
    return first_verdict(
        text, offending & ~grouped, "NUM-001",
        f"numbers must use the declared decimal separator `{options.decimal or '.'}`; these have a {found}",
        f"In the mapping, {remedy}; or export with the declared separator.",
    ) or first_verdict(
        text, grouped, "NUM-002",
        "groups of three digits must use the declared thousands separator",
        "In the mapping, declare `thousands` and `decimal`; or export without grouping.",
    )  # fmt: skip


def _ambiguity_verdict(text: pl.Series, options: CellOptions) -> Verdict | None:
    """Refuse a column in which a point may be a thousands separator in every cell that has one."""
    if options.decimal is not None or options.thousands is not None:
        return None
    pointed = text.str.contains(".", literal=True).fill_null(False)
    if not pointed.any():
        return None
    doubtful = text.str.contains(_THOUSAND_OR_FRACTION).fill_null(False)
    if not doubtful.any() or (pointed & ~doubtful).any() or text.str.contains(_NOT_GROUPED).any():
        return None
    cell = str(text.filter(doubtful)[0])
    whole = cell.replace(".", "")
    return first_verdict(
        text, doubtful, "NUM-002",
        f"`{cell}` may be {cell} or {whole}: every value with a point has three digits after it",
        'In the mapping, declare `decimal = "."`, or `decimal = ","` with `thousands = "."`.',
    )  # fmt: skip


def _cell_codes(text: pl.Series, failed: pl.Series) -> pl.Series:
    """Name what is wrong with each failing cell."""
    cell = pl.col("text")
    code = (
        pl.when(cell.str.contains(_NOT_FINITE)).then(pl.lit("NUM-004"))
        .when(cell.str.contains(_FOREIGN_SIGN)).then(pl.lit("NUM-003"))
        .when(cell.str.contains(_WITH_UNIT)).then(pl.lit("NUM-005"))
        .otherwise(pl.lit("SCH-004"))
    )  # fmt: skip
    offenders = pl.DataFrame({"text": text.filter(failed)}).select(code.alias("code"))["code"]
    return no_codes(len(text)).scatter(failed.arg_true(), offenders)


def parse_decimals(text: pl.Series, options: CellOptions) -> Parsed:
    """Read decimals.

    Parameters
    ----------
    text : Series of String
        Trimmed cells, null = missing.
    options : CellOptions
        Declared separators and signs.

    Returns
    -------
    Parsed
        Float64 values. Codes: NUM-003 (beside a value: declared sign form, a repair), NUM-004, NUM-005,
        SCH-004. Verdicts: NUM-001, NUM-002.

    Examples
    --------
    >>> parse_decimals(pl.Series(["2.5", "12 kg", None]), CellOptions()).codes.to_list()
    [None, 'NUM-005', None]
    """
    normal = canonical_numbers(text, options)
    failed = text.is_not_null() & normal.is_null()
    if failed.any() and (verdict := _separator_verdict(text, failed, options)):
        return refused(text, pl.Float64, verdict)
    if verdict := _ambiguity_verdict(text, options):
        return refused(text, pl.Float64, verdict)
    values = normal.cast(pl.Float64, strict=False)
    finite = values.is_finite().fill_null(True)
    codes = _cell_codes(text, failed) if failed.any() else no_codes(len(text))
    if not finite.all():
        codes = codes.scatter((~finite).arg_true(), "NUM-004")
        values = values.zip_with(finite, pl.repeat(None, len(text), dtype=pl.Float64, eager=True))
    if options.signs == "trailing":
        moved = text.str.contains(_FOREIGN_SIGN).fill_null(False) & values.is_not_null()
        codes = codes.scatter(moved.arg_true(), "NUM-003")
    return Parsed(values.alias(text.name), codes)


def parse_integers(text: pl.Series, options: CellOptions) -> Parsed:
    """Read whole numbers; a fraction is SCH-004, beyond 2^53 NUM-004.

    Examples
    --------
    >>> parse_integers(pl.Series(["5", "5.0", "5.5"]), CellOptions(decimal=".")).values.to_list()
    [5, 5, None]
    """
    parsed = parse_decimals(text, options)
    if parsed.verdict:
        return refused(text, pl.Int64, parsed.verdict)
    values = parsed.values
    fraction = (values != values.round(0)).fill_null(False)
    huge = (values.abs() > 2.0**53).fill_null(False)
    codes = parsed.codes.scatter(fraction.arg_true(), "SCH-004").scatter(huge.arg_true(), "NUM-004")
    legal = values.zip_with(~(fraction | huge), pl.repeat(None, len(text), dtype=pl.Float64, eager=True))
    return Parsed(legal.cast(pl.Int64), codes)
