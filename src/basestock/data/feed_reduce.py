"""Rows with one canonical key fold into one, exactly, or not at all."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace

import polars as pl

from basestock.data.cell_numbers import no_codes
from basestock.data.cells import trimmed
from basestock.data.decimals import decimal_text, exact_column, product, total
from basestock.data.feed_rows import Faults
from basestock.data.feed_values import Cells, canonical
from basestock.data.frames import ATTRIBUTE, CANONICAL, Declarations, text_of
from basestock.data.schema.model import Column, Table

_MEAN_DIGITS = 15


@dataclass(frozen=True)
class Folded:
    """What folding leaves.

    Parameters
    ----------
    cells : mapping of str to Cells
        One row per key.
    first : Series of UInt32
        First row of each group.
    groups : Series of UInt32
        Group of each row; null for rows that were taken out.
    faults : Faults
        Why rows were taken out: a failed cell that should have been folded, or IDN-012.
    """

    cells: dict[str, Cells]
    first: pl.Series
    groups: pl.Series
    faults: Faults


def fold(cells: Dict[str, Cells], table: Table, how: Dict[str, str], declared: Declarations) -> Folded:
    """Fold rows with one key into one row.

    Parameters
    ----------
    cells : mapping of str to Cells
        Columns of the feed by canonical name, kept source columns as ``attr.NAME``.
    table : Table
        Its key decides which rows belong together. Rows without a required part of the key stay alone.
    how : mapping of str to str
        ``sum``, ``mean:WEIGHT``, ``min``, ``max``, ``first``, ``last`` per column; others must agree.
    declared : Declarations
        Padding and case of identifiers, so that what will be one key is one key here.
    """
    named = {_cell_name(name, cells): word for name, word in how.items()}
    typed = {name: canonical(each, _column(table, name)) for name, each in cells.items()}
    faults = _failed(typed, table, named)
    groups = _groups(typed, table, declared, faults.codes.is_null())
    alone = groups.drop_nulls().is_unique().all()
    for name in () if alone else _alike(typed, table, named):
        disagree = _disagreeing(typed[name].text, groups)
        rule = "rows with one key must agree in columns that are not folded"
        faults = faults.add(disagree, "IDN-012", rule, name.removeprefix(ATTRIBUTE), typed[name].text)
    groups = _dense(
        groups.zip_with(faults.codes.is_null(), pl.repeat(None, len(groups), dtype=pl.UInt32, eager=True))
    )
    order = pl.DataFrame({"group": groups}).with_row_index("row").drop_nulls("group")
    first = order.group_by("group").agg(pl.col("row").first()).sort("group")["row"]
    last = order.group_by("group").agg(pl.col("row").last()).sort("group")["row"]
    folded = {
        name: _fold_column(name, each, typed, named.get(name, "first"), groups, first, last, table)
        for name, each in cells.items()
    }  # fmt: skip
    return Folded(folded, first, groups, faults)


def _cell_name(name: str, cells: Dict[str, Cells]) -> str:
    return name if name in cells else ATTRIBUTE + name


def _column(table: Table, name: str) -> Column:
    return table[name] if name in table else Column(name)


def _failed(cells: Dict[str, Cells], table: Table, named: Dict[str, str]) -> Faults:
    """Take out rows whose key or folded cells did not parse."""
    faults = Faults.none(len(next(iter(cells.values())).text))
    for name in [name for name in (*table.key, *named) if name in cells]:
        failures, rule = cells[name].failures, f"`{name}` must be readable before rows are folded by it"
        for code in failures.drop_nulls().unique().sort():
            failed = (failures == code).fill_null(False)
            faults = faults.add(failed, str(code), rule, name.removeprefix(ATTRIBUTE), cells[name].text)
    return faults


def _groups(cells: Dict[str, Cells], table: Table, declared: Declarations, usable: pl.Series) -> pl.Series:
    """Number the keys in order of appearance; rows without a required part are groups of their own."""
    height = len(usable)
    parts = [name for name in table.key if name in cells]
    keys = pl.DataFrame(
        [_identity(cells[name].text, name, table, declared).alias(name) for name in parts]
        or [pl.int_range(height, eager=True).alias("row")]
    )
    needed = [name for name in parts if table[name].requirement == "R" and table[name].default is None]
    alone = pl.any_horizontal([pl.col(name).is_null() for name in needed]) if needed else pl.lit(False)
    keys = keys.with_row_index("_row").with_columns(alone.alias("_alone"), usable.alias("_usable"))
    names = [name for name in keys.columns if not name.startswith("_")]
    first = (
        pl.when(pl.col("_alone"))
        .then(pl.col("_row"))
        .otherwise(pl.col("_row").min().over([*names, "_usable"]))
    )
    return keys.select(pl.when(pl.col("_usable")).then(first).cast(pl.UInt32).alias("group"))["group"]


def _identity(text: pl.Series, name: str, table: Table, declared: Declarations) -> pl.Series:
    """Return identifiers as they compare: NFC, padded and folded as declared."""
    if table[name].type not in ("str", "enum"):
        return text
    text = trimmed(text).str.normalize("NFC")
    if width := declared.pad.get(name):
        digits = text.str.contains("^[0-9]+$").fill_null(False)
        text = text.str.zfill(width).zip_with(digits, text)
    return text.str.to_lowercase() if declared.case == "fold" else text


def _alike(cells: Dict[str, Cells], table: Table, named: Dict[str, str]) -> list[str]:
    """Return the columns in which the rows of one key must agree."""
    return [name for name in cells if name not in table.key and name not in named]


def _disagreeing(text: pl.Series, groups: pl.Series) -> pl.Series:
    """Return the rows of keys whose cells of a column do not agree."""
    frame = pl.DataFrame({"text": text.fill_null("\x00"), "group": groups})
    spread = frame.lazy().drop_nulls("group").group_by("group").agg(
        pl.col("text").min().alias("low"), pl.col("text").max().alias("high")
    )  # fmt: skip
    split = spread.filter(pl.col("low") != pl.col("high")).collect()["group"]
    return groups.is_in(split.implode()).fill_null(False)


def _dense(groups: pl.Series) -> pl.Series:
    """Number groups 0, 1, ... in order of appearance."""
    ranks = groups.rank("dense").cast(pl.UInt32)
    return (ranks - 1).cast(pl.UInt32)


def _fold_column(
    name: str, raw: Cells, typed: Dict[str, Cells], word: str, groups: pl.Series, first: pl.Series,
    last: pl.Series, table: Table,
) -> Cells:  # fmt: skip
    """Fold one column; what is not folded keeps the cell of the first row as written."""
    column = _column(table, name)
    kept = raw if word == "first" and column.type == "str" else typed[name]
    rows = last if word == "last" else first
    taken = Cells(
        kept.text.gather(rows),
        kept.options,
        kept.failures.gather(rows),
        _any(kept.assumed, groups),
        kept.verdict,
    )
    if word in ("first", "last") or kept.verdict is not None:
        return taken
    text = _aggregated(word, kept.text, typed, column, groups)
    return replace(taken, text=text, failures=no_codes(len(text)), options=CANONICAL)


def _any(flags: pl.Series, groups: pl.Series) -> pl.Series:
    frame = pl.DataFrame({"flag": flags, "group": groups}).drop_nulls("group")
    return frame.group_by("group").agg(pl.col("flag").any()).sort("group")["flag"]


def _aggregated(
    word: str, text: pl.Series, typed: Dict[str, Cells], column: Column, groups: pl.Series
) -> pl.Series:
    nothing = no_codes(len(text))
    text = text.zip_with(groups.is_not_null(), nothing)
    if word.startswith("mean:"):
        weights = typed[_cell_name(word.removeprefix("mean:"), typed)].text
        return _mean(text, weights.zip_with(groups.is_not_null(), nothing), groups)
    if word == "sum":
        return _total(text, groups)
    exact = exact_column(text) if column.numeric else text
    values = exact if exact is not None else text.cast(pl.Float64, strict=False)
    frame = pl.DataFrame({"value": values, "text": text, "group": groups}).drop_nulls("group")
    best = pl.col("value").arg_min() if word == "min" else pl.col("value").arg_max()
    chosen = frame.group_by("group").agg(pl.col("text").get(best, null_on_oob=True)).sort("group")
    return chosen["text"]


def _total(text: pl.Series, groups: pl.Series) -> pl.Series:
    """Add exactly; missing if any part is missing."""
    exact = exact_column(text)
    if exact is None:
        return _slow_total(text, groups)
    frame = pl.DataFrame({"value": exact, "group": groups}).drop_nulls("group")
    added = frame.group_by("group").agg(
        pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()).alias("value")
    )
    return decimal_text(added.sort("group")["value"])


def _slow_total(text: pl.Series, groups: pl.Series) -> pl.Series:
    """Add numbers too long for fixed-point columns, one by one."""
    frame = pl.DataFrame({"text": text, "group": groups}).drop_nulls("group")
    found: list[str | None] = []
    for cells in frame.group_by("group").agg(pl.col("text")).sort("group")["text"]:
        parts = cells.to_list()
        found.append(None if None in parts else total([pl.Series([part]) for part in parts]).item())
    return pl.Series(found, dtype=pl.String)


def _mean(text: pl.Series, weights: pl.Series, groups: pl.Series) -> pl.Series:
    """Return weighted means to 15 digits; missing if a part is missing or the weights sum to 0."""
    values = _total(product([text, weights]), groups).cast(pl.Float64)
    by = _total(weights, groups).cast(pl.Float64)
    means = (values / by).round_sig_figs(_MEAN_DIGITS)
    return text_of(means.zip_with(by != 0, pl.repeat(None, len(by), dtype=pl.Float64, eager=True)))
