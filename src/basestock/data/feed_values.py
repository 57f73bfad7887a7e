"""VALUEs of a mapping, computed for all rows at once; arithmetic is exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from decimal import Decimal

import polars as pl

from basestock.data.cell_numbers import no_codes, parse_decimals
from basestock.data.cells import canonical_text, parse_column, trimmed
from basestock.data.decimals import canonical_decimals, plain, product, scaled, total
from basestock.data.feed_rows import RowSet, matching
from basestock.data.frames import CANONICAL, CellOptions, Verdict, text_of
from basestock.data.mapping import Value
from basestock.data.mapping_values import template_columns
from basestock.data.schema.model import Column

Codes = Dict[str, Dict[str, str]]


@dataclass(frozen=True)
class Cells:
    """Cells of one canonical column.

    Parameters
    ----------
    text : Series of String
        Null = missing; a failed cell keeps the text that failed.
    options : CellOptions
        How the text is written.
    failures : Series of String
        Code of each cell that failed, null otherwise.
    assumed : Series of Boolean
        Cells that are guesses.
    verdict : Verdict or None
        Why the column is refused.
    exact : bool
        Every cell that has not failed is a number in shortest canonical text.
    """

    text: pl.Series
    options: CellOptions
    failures: pl.Series
    assumed: pl.Series
    verdict: Verdict | None = None
    exact: bool = False

    @property
    def clean(self) -> bool:
        """Return True when nothing failed."""
        return self.verdict is None and self.failures.null_count() == len(self.failures)


def _plain(text: pl.Series, options: CellOptions, *, exact: bool = False) -> Cells:
    height = len(text)
    nowhere = pl.repeat(False, height, dtype=pl.Boolean, eager=True)
    return Cells(text, options, no_codes(height), nowhere, exact=exact)


def _constant(text: str, height: int) -> pl.Series:
    return pl.repeat(text or None, height, dtype=pl.String, eager=True)


def evaluate(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    """Compute a VALUE.

    Parameters
    ----------
    value : Value
        Form and modifiers, applied in the order null_if, map, date, scale, offset, assumed.
    rows : RowSet
        The rows.
    column : Column
        The canonical column it is for.
    codes : mapping
        Code lists.

    Returns
    -------
    Cells
        Plain cells as written; computed ones in canonical text.
    """
    cells = _FORMS[value.form](value, rows, column, codes)
    if value.null_if:
        cells = _without(cells, value.null_if)
    if value.codes:
        cells = _coded(cells, codes[value.codes])
    if value.date:
        options = replace(cells.options, date_format=value.date, pivot=rows.options.pivot)
        cells = replace(cells, options=replace(options, timezone=rows.options.timezone))
    scale = None if _scaled_at_once(value) else value.scale
    if scale is not None or value.offset is not None:
        cells = _numeric(cells)
        sound = cells.text.zip_with(cells.failures.is_null(), no_codes(len(cells.text)))
        moved = scaled(sound, scale, value.offset)
        cells = replace(cells, text=moved.zip_with(cells.failures.is_null(), cells.text))
    if value.assumed:
        cells = replace(cells, assumed=cells.assumed | cells.text.is_not_null())
    return cells


def _from(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    del column, codes
    whole = rows.numbers(value.text) is not None
    return _plain(rows.text(value.text), rows.options_for(value.text), exact=whole)


def _const(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    del column, codes
    return _plain(_constant(value.text, rows.height), CANONICAL)


def _template(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    """Fill a template; missing if any of its columns is missing."""
    del column, codes
    names = list(dict.fromkeys(template_columns(value.text)))
    table = pl.DataFrame([trimmed(rows.text(name)).alias(str(index)) for index, name in enumerate(names)])
    pattern, rest = "", value.text
    pieces: list[pl.Expr] = []
    for name in template_columns(value.text):
        pattern, rest = rest.split("{" + name + "}", 1)
        pieces += [pl.lit(pattern), pl.col(str(names.index(name)))]
    text = table.select(pl.concat_str(*pieces, pl.lit(rest)).alias("text"))["text"]
    return _plain(text, rows.options)


def _first(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    """Take the first part that is not missing; parts written differently are made canonical first."""
    parts = [evaluate(part, rows, column, codes) for part in value.parts]
    if len({part.options for part in parts}) > 1 or not all(part.clean for part in parts):
        parts = [canonical(part, column) for part in parts]
    chosen = parts[0]
    for part in parts[1:]:
        missing = chosen.text.is_null()
        chosen = Cells(
            part.text.zip_with(missing, chosen.text),
            chosen.options,
            part.failures.zip_with(missing, chosen.failures),
            part.assumed.zip_with(missing, chosen.assumed),
            chosen.verdict or (part.verdict if missing.any() else None),
        )
    return chosen


def _sum(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    """Add columns; whole numbers that are numbers in their file are added as they are."""
    if not all(part == Value("from", part.text) for part in value.parts):
        return _arithmetic(value.parts, total, rows, column, codes)
    names = [part.text for part in value.parts] or matching(
        [name for name in rows.own if "." not in name or "." in value.text], value.text
    )
    numbers = [rows.numbers(name) for name in names]
    whole = [each.cast(pl.Int128) for each in numbers if each is not None]
    if names and len(whole) == len(names):
        table = pl.DataFrame([each.alias(str(index)) for index, each in enumerate(whole)])
        missing = pl.any_horizontal(pl.all().is_null())
        added = table.select(pl.when(~missing).then(pl.sum_horizontal(pl.all())).alias("sum"))["sum"]
        return _plain(text_of(added), CANONICAL, exact=True)
    return _arithmetic(tuple(Value("from", name) for name in names), total, rows, column, codes)


def _product(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    return _arithmetic(value.parts, product, rows, column, codes)


def _arithmetic(
    values: Sequence[Value],
    operation: Callable[[Sequence[pl.Series]], pl.Series],
    rows: RowSet,
    column: Column,
    codes: Codes,
) -> Cells:
    """Combine numbers exactly; missing if any part is missing, failed if any part failed."""
    parts = [_numeric(evaluate(value, rows, column, codes)) for value in values]
    nothing = no_codes(rows.height)
    if not parts:
        return _plain(nothing, CANONICAL)
    failures, shown, assumed = nothing, nothing, parts[0].assumed
    for part in parts:
        new = failures.is_null() & part.failures.is_not_null()
        failures, shown = part.failures.zip_with(new, failures), part.text.zip_with(new, shown)
        assumed = assumed | part.assumed
    sound = [part.text.zip_with(failures.is_null(), nothing) for part in parts]
    text = operation(sound).zip_with(failures.is_null(), shown)
    verdict = next((part.verdict for part in parts if part.verdict), None)
    return Cells(text, CANONICAL, failures, assumed & text.is_not_null(), verdict, exact=True)


def _bits_clear(value: Value, rows: RowSet, column: Column, codes: Codes) -> Cells:
    """Return the share of the lowest bits that are 0."""
    cells = _numeric(_from(value, rows, column, codes))
    whole = cells.text.str.contains(r"^-?[0-9]{1,18}$") & cells.failures.is_null()
    bits = cells.text.zip_with(whole.fill_null(False), no_codes(rows.height)).cast(pl.Int64)
    set_bits = (bits & ((1 << value.of) - 1)).bitwise_count_ones().cast(pl.Int64)
    answers = _shares(value.of, value.scale if _scaled_at_once(value) else None)
    share = answers.gather(set_bits)
    broken = cells.text.is_not_null() & bits.is_null() & cells.failures.is_null()
    failures = cells.failures.scatter(broken.arg_true(), "SCH-004")
    return replace(cells, text=share.zip_with(failures.is_null(), cells.text), failures=failures)


def _scaled_at_once(value: Value) -> bool:
    """Return True for shares of bits that are scaled before rounding: 5/22 has no end, 22 x 5/22 is 5."""
    return value.form == "bits_clear" and value.scale is not None and not (value.null_if or value.codes)


def _shares(of: int, scale: Decimal | None) -> pl.Series:
    """Return the share of bits that are clear, times `scale`, by the number of bits that are set."""
    if scale is None:
        return text_of(pl.Series([(of - count) / of for count in range(of + 1)], dtype=pl.Float64))
    return pl.Series([plain((of - count) * scale / of) for count in range(of + 1)], dtype=pl.String)


_FORMS: dict[str, Callable[[Value, RowSet, Column, Codes], Cells]] = {
    "from": _from,
    "const": _const,
    "text": _template,
    "first": _first,
    "sum": _sum,
    "product": _product,
    "bits_clear": _bits_clear,
}


def _numeric(cells: Cells) -> Cells:
    """Write numbers in canonical text; others fail and keep their text."""
    if cells.exact:
        return cells
    height = len(cells.text)
    text = trimmed(cells.text.zip_with(cells.failures.is_null(), no_codes(height)))
    parsed = parse_decimals(text, cells.options)
    verdict = cells.verdict or parsed.verdict
    if verdict is not None:
        return replace(cells, text=no_codes(height), options=CANONICAL, verdict=verdict)
    broken = text.is_not_null() & parsed.values.is_null()
    failures = parsed.codes.zip_with(broken, cells.failures)
    written = canonical_decimals(text, cells.options).zip_with(failures.is_null(), cells.text)
    return replace(cells, text=written, options=CANONICAL, failures=failures, exact=True)


def canonical(cells: Cells, column: Column) -> Cells:
    """Write cells in canonical text of a column's type; those that do not parse fail and keep their text."""
    height = len(cells.text)
    sound = cells.text.zip_with(cells.failures.is_null(), no_codes(height))
    if cells.exact and column.type in ("str", "dec") and not column.quantity:
        return replace(cells, options=CANONICAL)
    if column.type in ("str", "enum"):
        text = trimmed(sound).zip_with(cells.failures.is_null(), cells.text)
        return replace(cells, text=text, options=CANONICAL)
    parsed = parse_column(sound, column, cells.options)
    verdict = cells.verdict or parsed.verdict
    if verdict is not None:
        return replace(cells, text=no_codes(height), options=CANONICAL, verdict=verdict)
    broken = sound.is_not_null() & parsed.values.is_null()
    failures = parsed.codes.zip_with(broken, cells.failures)
    text = canonical_text(parsed, sound, column, cells.options).zip_with(failures.is_null(), cells.text)
    return replace(cells, text=text, options=CANONICAL, failures=failures, exact=False)


def _without(cells: Cells, words: tuple[str, ...]) -> Cells:
    """Make the listed cells missing; a listed number is compared as a number."""
    bare = trimmed(cells.text)
    missing = bare.is_in(list(words)).fill_null(False)
    wanted = canonical_decimals(pl.Series(list(words), dtype=pl.String), CANONICAL).drop_nulls()
    if len(wanted):
        missing = missing | canonical_decimals(bare, cells.options).is_in(wanted.to_list()).fill_null(False)
    nothing = no_codes(len(bare))
    return replace(
        cells,
        text=cells.text.zip_with(~missing, nothing),
        failures=cells.failures.zip_with(~missing, nothing),
    )


def _coded(cells: Cells, codes: Dict[str, str]) -> Cells:
    """Look cells up in a code list; an unlisted one is SCH-010, the list's `*` stands for anything else."""
    bare = trimmed(cells.text).fill_null("")
    keys = [key for key in codes if key != "*"]
    values = [codes[key] for key in keys]
    known = bare.is_in(keys)
    default = codes.get("*")
    found = bare.replace_strict(keys, values, default=default, return_dtype=pl.String) if keys else _constant(
        default or "", len(bare)
    )  # fmt: skip
    given = cells.text.is_not_null()
    unlisted = (
        given & ~known if default is None else pl.repeat(False, len(bare), dtype=pl.Boolean, eager=True)
    )
    text = found.zip_with((given & ~unlisted) | known, cells.text)
    text = text.zip_with((text != "").fill_null(False), no_codes(len(bare)))
    failures = cells.failures.scatter((unlisted & cells.failures.is_null()).arg_true(), "SCH-010")
    return replace(cells, text=text, options=CANONICAL, failures=failures, exact=False)
