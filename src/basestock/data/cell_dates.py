"""Days and instants from text: ISO or declared formats only, a code for every cell that fits none."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import polars as pl

from basestock.data.cell_numbers import Parsed, canonical_numbers, first_verdict, no_codes, refused
from basestock.data.frames import CellOptions, Verdict

EXCEL_1900 = "excel-1900"
"""Declared format of spreadsheet serial numbers."""

FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years of plausible dates."""

SENTINELS = (date(9999, 12, 31), date(2999, 12, 31), date(1900, 1, 1), date(1, 1, 1))
"""Days that systems write for "open"."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_WORDS = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_PARTS = {
    "d": ("day", "[0-9]{1,2}", "[0-9]{2}"),
    "m": ("month", "[0-9]{1,2}", "[0-9]{2}"),
    "Y": ("year", "[0-9]{4}", "[0-9]{4}"),
    "y": ("short_year", "[0-9]{2}", "[0-9]{2}"),
    "b": ("month_word", f"(?i:{_MONTH_WORDS})", f"(?i:{_MONTH_WORDS})"),
    "H": ("hour", "[0-9]{1,2}", "[0-9]{2}"),
    "M": ("minute", "[0-9]{1,2}", "[0-9]{2}"),
}
_ISO_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_ISO = (
    r"^(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}(?:\.[0-9]+)?))?"
    r"\s?(?P<offset>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_SERIAL = r"^[2-7][0-9]{4}(?:\.[0-9]+)?$"
_EPOCH = r"^[0-9]{10}(?:[0-9]{3})?$"
_NUMERIC = r"^([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-][0-9]{4}(?:[ T].*)?$"
_WORDY = rf"(?i)^[0-9]{{1,4}}[/.\- ]*(?:{_MONTH_WORDS})[/.,\- ]*[0-9]{{1,4}}"
_SHORT_YEAR = rf"(?i)^[0-9]{{1,2}}[/.\- ](?:[0-9]{{1,2}}|{_MONTH_WORDS})[/.\- ][0-9]{{2}}(?:[ T].*)?$"


def format_problem(format_: str) -> str:
    """Return what is wrong with a declared date format, or nothing.

    Examples
    --------
    >>> format_problem("%d.%m.%Q")
    '`%Q` is not one of %d %m %Y %y %b %H %M'
    """
    if format_ == EXCEL_1900:
        return ""
    letters = re.findall(r"%(.?)", format_)
    for letter in letters:
        if letter not in _PARTS:
            return f"`%{letter}` is not one of {' '.join('%' + known for known in _PARTS)}"
    if len(set(letters)) < len(letters):
        return "a part stands in it twice"
    if not {"Y", "y"} & set(letters) or not {"m", "b"} & set(letters):
        return "a date needs a year and a month"
    return ""


@cache
def _pattern(format_: str) -> str:
    """Return the regular expression of a declared format; padding is optional where a separator follows."""
    pieces = re.split(r"(%.)", format_)
    parts = ["^"]
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            parts.append(re.escape(piece))
            continue
        name, loose, fixed = _PARTS[piece[1]]
        adjoining = (index > 1 and pieces[index - 1] == "") or (
            index + 2 < len(pieces) and pieces[index + 1] == ""
        )
        parts.append(f"(?P<{name}>{fixed if adjoining else loose})")
    return "".join([*parts, "$"])


def _text_part(groups: pl.Series, name: str) -> pl.Expr:
    known = isinstance(groups.dtype, pl.Struct) and any(field.name == name for field in groups.dtype.fields)
    return pl.col(name) if known else pl.lit(None, dtype=pl.String)


def _year(groups: pl.Series, pivot: int | None) -> pl.Expr:
    short = _text_part(groups, "short_year").cast(pl.Int32)
    long = pl.when(short < (pivot or 0)).then(short + 2000).otherwise(short + 1900)
    return pl.coalesce(_text_part(groups, "year"), long.cast(pl.String))


def _month(groups: pl.Series) -> pl.Expr:
    word = _text_part(groups, "month_word").str.slice(0, 3).str.to_lowercase()
    numbers = [f"{index + 1:02d}" for index in range(12)]
    named = word.replace_strict(list(_MONTHS), numbers, default=None, return_dtype=pl.String)
    return pl.coalesce(_text_part(groups, "month").str.zfill(2), named)


def _microseconds(groups: pl.Series) -> pl.Expr:
    """Return the time of day in microseconds; an impossible hour or minute is null."""
    hour = _text_part(groups, "hour").cast(pl.Int64).fill_null(0)
    minute = _text_part(groups, "minute").cast(pl.Int64).fill_null(0)
    second = _text_part(groups, "second").cast(pl.Float64).fill_null(0.0)
    total = ((hour * 60 + minute) * 60_000_000) + (second * 1e6).round(0).cast(pl.Int64)
    return pl.when((hour < 24) & (minute < 60) & (second < 61)).then(total)


def _offset(groups: pl.Series) -> pl.Expr:
    """Return the offset from UTC in microseconds, null where none is given."""
    text = _text_part(groups, "offset").str.replace("(?i)z", "+00:00").str.replace(":", "", literal=True)
    minutes = text.str.slice(1, 2).cast(pl.Int64) * 60 + text.str.slice(3, 2).cast(pl.Int64)
    return pl.when(text.str.starts_with("-")).then(-minutes).otherwise(minutes) * 60_000_000


def _by_pattern(text: pl.Series, pattern: str, pivot: int | None) -> pl.DataFrame:
    """Return columns fits, local (wall clock, null = impossible) and offset of every cell."""
    groups = text.str.extract_groups(pattern)
    day = pl.coalesce(_text_part(groups, "day"), pl.lit("01")).str.zfill(2)
    label = _year(groups, pivot) + "-" + _month(groups) + "-" + day
    local = label.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    moment = (local.cast(pl.Int64) + _microseconds(groups)).cast(pl.Datetime("us"))
    return groups.struct.unnest().select(
        text.str.contains(pattern).fill_null(False).alias("fits"), moment.alias("local"),
        _offset(groups).alias("offset"),
    )  # fmt: skip


def _serials(text: pl.Series) -> pl.DataFrame:
    """Read spreadsheet serials: day 1 is 1900-01-01, day 60 does not exist."""
    number = canonical_numbers(text, CellOptions()).cast(pl.Float64, strict=False)
    shown = pl.col("number")
    real = (shown >= 1) & (shown < 2_958_466) & ((shown < 60) | (shown >= 61))
    days = pl.when(shown < 60).then(shown + 1).otherwise(shown)
    moment = ((days - 25_569) * 86_400_000_000).round(0).cast(pl.Int64).cast(pl.Datetime("us"))
    return pl.DataFrame({"number": number}).select(
        shown.is_not_null().alias("fits"), pl.when(real).then(moment).alias("local"),
        pl.lit(None, dtype=pl.Int64).alias("offset"),
    )  # fmt: skip


def _read(text: pl.Series, format_: str, options: CellOptions) -> pl.DataFrame:
    if len(text) == 0:
        return pl.DataFrame(schema={"fits": pl.Boolean, "local": pl.Datetime("us"), "offset": pl.Int64})
    if format_ == EXCEL_1900:
        return _serials(text)
    if format_ == "" and text.str.contains(_ISO_DAY).all():
        return _iso_days(text)
    return _by_pattern(text, _ISO if format_ == "" else _pattern(format_), options.pivot)


def _iso_days(text: pl.Series) -> pl.DataFrame:
    """Read a column of nothing but padded ISO days, the common case, without taking cells apart."""
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    return pl.DataFrame({"fits": text.is_not_null(), "local": days}).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("offset")
    )


def _merge(text: pl.Series, options: CellOptions) -> tuple[pl.DataFrame, pl.Series]:
    """Read each cell by the first format it fits; also return where two formats disagree."""
    formats = list(options.date_format) or [""]
    if options.iso and options.date_format:
        formats.append("")
    merged = _read(text, formats[0], options)
    conflict = pl.repeat(False, len(text), dtype=pl.Boolean, eager=True)
    for format_ in formats[1:]:
        other = _read(text, format_, options)
        conflict = conflict | (merged["local"] != other["local"]).fill_null(False)
        use = merged["local"].is_null()
        merged = pl.DataFrame(
            {
                "fits": merged["fits"] | other["fits"],
                "local": other["local"].zip_with(use, merged["local"]),
                "offset": other["offset"].zip_with(use, merged["offset"]),
            }
        )
    return merged, conflict


def _localized(read: pl.DataFrame, timezone: str | None) -> tuple[pl.Series, pl.Series]:
    """Return instants in UTC and where the local hour does not exist (moved forward one hour)."""
    local, offset = pl.col("local"), pl.col("offset")
    zone = timezone or "UTC"
    exact = (local.cast(pl.Int64) - offset).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    in_zone = local.dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    later = (local + pl.duration(hours=1)).dt.replace_time_zone(zone, ambiguous="latest", non_existent="null")
    gap = local.is_not_null() & in_zone.is_null() & offset.is_null()
    naive = pl.coalesce(in_zone, later).dt.convert_time_zone("UTC")
    found = read.select(pl.coalesce(exact, naive).alias("instant"), gap.alias("gap"))
    return found["instant"], found["gap"]


def _day(read: pl.DataFrame, timezone: str | None) -> pl.Series:
    """Return the local day; an instant with offset is moved to the declared zone first."""
    wall = read["local"].cast(pl.Date)
    if timezone is None or read["offset"].is_null().all():
        return wall
    instants, _ = _localized(read, timezone)
    moved = instants.dt.convert_time_zone(timezone).dt.replace_time_zone(None).cast(pl.Date)
    return wall.zip_with(read["offset"].is_null(), moved)


def _cell_codes(text: pl.Series, read: pl.DataFrame, *, declared: bool) -> pl.Series:
    """Name what is wrong with each cell that is no day; with declared formats a day in another is DAT-004."""
    failed = text.is_not_null() & read["local"].is_null()
    if not failed.any():
        return no_codes(len(text))
    cell = pl.col("text")
    code = (
        pl.when(pl.col("fits")).then(pl.lit("DAT-007"))
        .when(cell.str.contains(_SERIAL)).then(pl.lit("DAT-001"))
        .when(cell.str.contains(_EPOCH)).then(pl.lit("DAT-016"))
        .when(pl.lit(not declared) & cell.str.contains(_SHORT_YEAR)).then(pl.lit("DAT-009"))
        .when(cell.str.contains(_WORDY)).then(pl.lit("DAT-004"))
        .when(cell.str.contains(r"\p{L}{2}") | ~cell.str.contains("[0-9]")).then(pl.lit("DAT-006"))
        .otherwise(pl.lit("DAT-004"))
    )  # fmt: skip
    table = pl.DataFrame({"text": text, "fits": read["fits"]}).filter(failed)
    return no_codes(len(text)).scatter(failed.arg_true(), table.select(code.alias("code"))["code"])


def _proposal(text: pl.Series, numeric: pl.Series) -> tuple[str, str]:
    """Return code and words for days in numbers whose order is not declared."""
    parts = text.filter(numeric).str.extract_groups(_NUMERIC).struct.unnest().cast(pl.Int64)
    first, second = bool((parts["1"] > 12).any()), bool((parts["2"] > 12).any())
    separator = re.sub("[0-9]", "", str(text.filter(numeric)[0]))[:1]
    orders = {"d": separator.join(("%d", "%m", "%Y")), "m": separator.join(("%m", "%d", "%Y"))}
    if first and second:
        return "DAT-004", "both orders of day and month occur: declare each format, or fix the export"
    if first or second:
        return "DAT-003", f"these look like `{orders['d' if first else 'm']}`; declare it as `date_format`"
    return "DAT-003", f"day and month cannot be told apart: declare `{orders['d']}` or `{orders['m']}`"


def _serial_verdict(text: pl.Series, serial: pl.Series) -> Verdict | None:
    if not serial.any():
        return None
    cell = str(text.filter(serial)[0])
    reading = _serials(pl.Series([cell]))["local"].cast(pl.Date)[0]
    return first_verdict(
        text, serial, "DAT-001", f"days must be ISO; `{cell}` is {reading} as a spreadsheet serial",
        'In the mapping, declare `date_format = "excel-1900"`; or export ISO days.',
    )  # fmt: skip


def _mixed_verdict(text: pl.Series, shapes: dict[str, pl.Series]) -> Verdict | None:
    """Refuse a column in which several undeclared forms occur, with their counts."""
    counts = {name: int(shape.sum()) for name, shape in shapes.items() if shape.any()}
    if len(counts) < 2:
        return None
    words = ", ".join(f"{count} {name}" for name, count in counts.items())
    offending = next(shape for shape in shapes.values() if shape.any())
    return first_verdict(
        text, offending, "DAT-004", f"days must be in one declared list of formats; here are {words}",
        "In the mapping, declare every format in `date_format`; or export ISO days.",
    )  # fmt: skip


def _undeclared_verdict(text: pl.Series, codes: pl.Series) -> Verdict | None:
    """Refuse a column of days in a form that nobody declared."""
    numeric = text.str.contains(_NUMERIC).fill_null(False)
    serial, short = (codes == "DAT-001").fill_null(False), (codes == "DAT-009").fill_null(False)
    wordy = text.str.contains(_WORDY).fill_null(False)
    shapes = {
        "days in numbers": numeric, "serials": serial, "days with a month name": wordy,
        "days in numbers with a short year": short & ~wordy,
    }  # fmt: skip
    if verdict := _mixed_verdict(text, shapes) or _serial_verdict(text, serial):
        return verdict
    if numeric.any():
        code, words = _proposal(text, numeric)
        return first_verdict(
            text, numeric, code, f"days must be ISO or in a declared format; {words}",
            'In the mapping, declare `date_format`, for example "%d/%m/%Y"; or export ISO days.',
        )  # fmt: skip
    return first_verdict(
        text, short, "DAT-009", "years must have four digits, or `pivot` and format be declared",
        "In the mapping, declare `date_format` and `pivot`; or export four digits.",
    ) or first_verdict(
        text, codes == "DAT-016", "DAT-016",
        f"years must lie in {FIRST_YEAR} to {LAST_YEAR}; this looks like seconds since 1970",
        "Export days as ISO text.",
    )  # fmt: skip


def _short_year_verdict(text: pl.Series, options: CellOptions) -> Verdict | None:
    short = [_pattern(format_) for format_ in options.date_format if "%y" in format_]
    if options.pivot is not None or not short:
        return None
    return first_verdict(
        text, text.str.contains("|".join(re.sub(r"\?P<[a-z_]+>", "", each) for each in short)), "DAT-009",
        "two-digit years need a declared `pivot`",
        "In the mapping, declare `pivot`, for example 50; or export four digits.",
    )  # fmt: skip


def _verdict(
    text: pl.Series, read: pl.DataFrame, conflict: pl.Series, codes: pl.Series, options: CellOptions
) -> Verdict | None:
    """Refuse the column when its form is undeclared or undecidable."""
    if conflict.any():
        return first_verdict(
            text, conflict, "DAT-003", "each cell must mean one day; these fit two declared formats",
            "In the mapping, declare formats that cannot be mixed up.",
        )  # fmt: skip
    if verdict := _short_year_verdict(text, options):
        return verdict
    if not options.date_format and read["local"].null_count() == len(text) and codes.is_not_null().any():
        return _undeclared_verdict(text, codes)
    return None


def _outside(days: pl.Series, text: pl.Series) -> tuple[pl.Series, pl.Series, Verdict | None]:
    """Return sentinels, days outside the plausible years, and a verdict when most are outside."""
    sentinel = days.is_in(list(SENTINELS)).fill_null(False)
    year = days.dt.year()
    outside = ((year < FIRST_YEAR) | (year > LAST_YEAR)).fill_null(False) & ~sentinel
    total = len(days) - days.null_count()
    verdict = None
    if outside.any() and 2 * int(outside.sum()) > total:
        verdict = first_verdict(
            text, outside, "DAT-016", f"years must lie in {FIRST_YEAR} to {LAST_YEAR}",
            "Check the unit of the instants and the two-digit `pivot`.",
        )  # fmt: skip
    return sentinel, outside, verdict


def _parse(text: pl.Series, options: CellOptions, *, instants: bool) -> Parsed:
    kind = pl.Datetime("us", "UTC") if instants else pl.Date()
    read, conflict = _merge(text, options)
    codes = _cell_codes(text, read, declared=bool(options.date_format))
    if verdict := _verdict(text, read, conflict, codes, options):
        return refused(text, kind, verdict)
    days = _day(read, options.timezone)
    sentinel, outside, verdict = _outside(days, text)
    if verdict:
        return refused(text, kind, verdict)
    codes = codes.scatter(sentinel.arg_true(), "DAT-008").scatter(outside.arg_true(), "DAT-016")
    values = days
    if instants:
        values, gap = _localized(read, options.timezone)
        codes = codes.scatter(gap.arg_true(), "DAT-012")
    legal = ~(sentinel | outside)
    values = values.zip_with(legal, pl.repeat(None, len(text), dtype=kind, eager=True))
    naive = int((values.is_not_null() & read["offset"].is_null()).sum())
    return Parsed(values.alias(text.name), codes, None, naive)


def parse_days(text: pl.Series, options: CellOptions) -> Parsed:
    """Read days; of an instant the local day.

    Parameters
    ----------
    text : Series of String
        Trimmed cells, null = missing.
    options : CellOptions
        Declared formats, pivot, time zone.

    Returns
    -------
    Parsed
        Date values. Codes: DAT-001, DAT-004, DAT-006, DAT-007, DAT-008, DAT-009, DAT-016. Verdicts:
        DAT-001, DAT-003, DAT-004, DAT-009, DAT-016.

    Examples
    --------
    >>> parse_days(pl.Series(["2024-02-29", "2024-02-30"]), CellOptions()).codes.to_list()
    [None, 'DAT-007']
    """
    return _parse(text, options, instants=False)


def parse_instants(text: pl.Series, options: CellOptions) -> Parsed:
    """Read instants; without offset in the declared time zone, else UTC.

    Returns
    -------
    Parsed
        Datetime values in UTC, `naive` counts those without offset. Codes as for days, and DAT-012 beside
        a value: the local hour does not exist and was read one hour later.

    Examples
    --------
    >>> instant = parse_instants(pl.Series(["2024-01-01T00:30:00+01:00"]), CellOptions()).values
    >>> instant.dt.to_string("iso").item()
    '2023-12-31 23:30:00.000000+00:00'
    """
    return _parse(text, options, instants=True)
