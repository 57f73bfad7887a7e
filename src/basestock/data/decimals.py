"""Exact decimal arithmetic on columns of numbers in text: 0.1 + 0.2 is 0.3."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal

import polars as pl

from basestock.data.cell_numbers import canonical_numbers, no_codes
from basestock.data.frames import CellOptions

_EXACT = Context(prec=200, Emin=-9999, Emax=9999)
_MAX_DIGITS = 36
_SIMPLE = r"^(?:0|-?[1-9][0-9]{0,23}|-?(?:0|[1-9][0-9]{0,23})\.[0-9]{0,11}[1-9])$"


def plain(value: Decimal) -> str:
    """Return a decimal without exponent, without zeros at the end, without a negative zero.

    Examples
    --------
    >>> plain(Decimal("1.50E+2")), plain(Decimal("-0.00"))
    ('150', '0')
    """
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def canonical_decimals(text: pl.Series, options: CellOptions) -> pl.Series:
    """Return numbers in the shortest canonical text; cells that are no numbers are null.

    Examples
    --------
    >>> canonical_decimals(pl.Series(["+1.50", "2e3", "x"]), CellOptions()).to_list()
    ['1.5', '2000', None]
    """
    normal = canonical_numbers(text, options)
    odd = normal.is_not_null() & ~normal.str.contains(_SIMPLE).fill_null(False)
    if not odd.any():
        return normal
    distinct = normal.filter(odd).unique()
    short = [_short(cell) for cell in distinct]
    found = normal.filter(odd).replace_strict(
        distinct, pl.Series(short, dtype=pl.String), return_dtype=pl.String
    )
    return normal.scatter(odd.arg_true(), found)


def _short(cell: str) -> str | None:
    """Return the shortest text; what no float can hold is null."""
    value = _EXACT.create_decimal(cell)
    return plain(value) if abs(value.adjusted()) < 400 else None


def fold_rows(parts: Sequence[pl.Series], operation: Callable[[Decimal, Decimal], Decimal]) -> pl.Series:
    """Combine columns row by row, exactly; missing where any part is missing.

    Parameters
    ----------
    parts : sequence of Series of String
        Canonical decimals of equal length.
    operation : callable
        For example ``operator.mul``.
    """
    table = pl.DataFrame({str(index): part for index, part in enumerate(parts)})
    distinct = table.drop_nulls().unique()
    answers: list[str] = []
    for row in distinct.iter_rows():
        total = _EXACT.create_decimal(row[0])
        for cell in row[1:]:
            total = operation(total, _EXACT.create_decimal(cell))
        answers.append(plain(total))
    distinct = distinct.with_columns(pl.Series("answer", answers, dtype=pl.String))
    return table.join(distinct, on=table.columns, how="left", maintain_order="left")["answer"]


def product(parts: Sequence[pl.Series]) -> pl.Series:
    """Return the product of columns, row by row.

    Examples
    --------
    >>> product([pl.Series(["0.1", "2"]), pl.Series(["3", None])]).to_list()
    ['0.3', None]
    """
    answer = parts[0]
    for part in parts[1:]:
        answer = _times(answer, part)
    return answer


def _times(left: pl.Series, right: pl.Series) -> pl.Series:
    """Multiply two columns, as whole numbers where 36 digits suffice."""
    if not (_fits(left) and _fits(right)) or _digits(left) + _digits(right) > _MAX_DIGITS:
        return fold_rows([left, right], _EXACT.multiply)
    scales = _scale(left), _scale(right)
    return _placed(_whole(left, scales[0]) * _whole(right, scales[1]), sum(scales)).alias(left.name)


def _digits(text: pl.Series) -> int:
    """Return the greatest number of digits of a cell written with the column's scale."""
    longest = text.str.strip_prefix("-").str.extract(r"^([0-9]+)", 1).str.len_bytes().max()
    return _scale(text) + (int(longest) if isinstance(longest, int) else 0)


def _whole(text: pl.Series, scale: int) -> pl.Series:
    """Return numbers times ten to the scale, as whole numbers."""
    frame = pl.DataFrame({"text": text})
    fraction = pl.col("text").str.extract(r"\.([0-9]+)$", 1).fill_null("").str.pad_end(scale, "0")
    digits = pl.col("text").str.extract(r"^(-?[0-9]+)", 1) + fraction
    return frame.select(digits.cast(pl.Int128).alias("whole"))["whole"]


def _placed(whole: pl.Series, scale: int) -> pl.Series:
    """Return whole numbers divided by ten to the scale, as shortest canonical text."""
    if scale == 0:
        return whole.cast(pl.String)
    frame = pl.DataFrame({"text": whole.cast(pl.String)})
    digits = pl.col("text").str.strip_prefix("-").str.pad_start(scale + 1, "0")
    sign = pl.when(pl.col("text").str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    placed = sign + digits.str.head(-scale) + "." + digits.str.tail(scale)
    return frame.select(placed.str.strip_chars_end("0").str.strip_suffix(".").alias("text"))["text"]


def total(parts: Sequence[pl.Series]) -> pl.Series:
    """Return the sum of columns, row by row.

    Examples
    --------
    >>> total([pl.Series(["0.1"]), pl.Series(["0.2"])]).to_list()
    ['0.3']
    """
    if all(_fits(part) for part in parts):
        scale = max(_scale(part) for part in parts)
        table = pl.DataFrame({str(i): part.cast(pl.Decimal(38, scale)) for i, part in enumerate(parts)})
        missing = pl.any_horizontal(pl.all().is_null())
        return decimal_text(table.select(pl.when(~missing).then(pl.sum_horizontal(pl.all())))["0"])
    return fold_rows(parts, _EXACT.add)


def decimal_text(values: pl.Series) -> pl.Series:
    """Return decimals as shortest canonical text."""
    text = values.cast(pl.String)
    if text.str.contains(".", literal=True).any():
        short = text.str.strip_chars_end("0").str.strip_suffix(".")
        text = text.zip_with(~text.str.contains(".", literal=True).fill_null(True), short)
    return text.replace("-0", "0")


def _fits(text: pl.Series) -> bool:
    """Return True when all numbers fit 24 digits before and 12 after the point."""
    return bool(text.str.contains(_SIMPLE).all())


def _scale(text: pl.Series) -> int:
    """Return the greatest number of digits after the point."""
    longest = text.str.extract(r"\.([0-9]+)$", 1).str.len_bytes().max()
    return int(longest) if isinstance(longest, int) else 0


def exact_column(text: pl.Series) -> pl.Series | None:
    """Return canonical decimals as an exact column that can be summed, or None if they do not fit."""
    return text.cast(pl.Decimal(38, _scale(text))) if _fits(text) else None


def scaled(text: pl.Series, scale: Decimal | None, offset: Decimal | None) -> pl.Series:
    """Return numbers times `scale` plus `offset`, exactly.

    Examples
    --------
    >>> scaled(pl.Series(["97.5"]), Decimal("0.01"), None).to_list()
    ['0.975']
    """
    distinct = text.drop_nulls().unique()
    if len(distinct) == 0:
        return no_codes(len(text)).alias(text.name)
    factor, shift = scale if scale is not None else Decimal(1), offset or Decimal(0)
    answers = [plain(_EXACT.fma(_EXACT.create_decimal(cell), factor, shift)) for cell in distinct]
    return text.replace_strict(distinct, pl.Series(answers, dtype=pl.String), return_dtype=pl.String)
