"""Rows of a feed on their way: read, wide periods turned into rows, joined, tested. Nothing is typed yet."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import polars as pl

from basestock.data.cell_numbers import no_codes, parse_decimals
from basestock.data.cells import blank_to_null, trimmed
from basestock.data.frames import CANONICAL, PROVENANCE, CellOptions, text_of
from basestock.data.mapping import Condition, Join, Unpivot
from basestock.data.parts import Rows


@dataclass(frozen=True)
class Lookup:
    """Columns of a joined file, and the row of it that belongs to each row of the feed (null = none)."""

    frame: pl.DataFrame
    rows: pl.Series
    options: CellOptions
    native: frozenset[str]


@dataclass(frozen=True)
class Faults:
    """Why single rows cannot be used: a code, a rule, the column and the text; null where all is well."""

    codes: pl.Series
    rules: pl.Series
    columns: pl.Series
    values: pl.Series

    @staticmethod
    def none(height: int) -> Faults:
        """Return no faults."""
        empty = no_codes(height)
        return Faults(empty, empty, empty, empty)

    def add(self, where: pl.Series, code: str, rule: str, column: str, values: pl.Series) -> Faults:
        """Return the faults with one more kind; earlier ones stay."""
        new = where & self.codes.is_null()
        rows = new.arg_true()
        return Faults(
            self.codes.clone().scatter(rows, code),
            self.rules.clone().scatter(rows, rule),
            self.columns.clone().scatter(rows, column),
            self.values.clone().scatter(rows, values.filter(new)),
        )

    def take(self, mask: pl.Series) -> Faults:
        """Return the faults of the rows where a mask is true."""
        parts = (self.codes, self.rules, self.columns, self.values)
        return Faults(*(each.filter(mask) for each in parts))


@dataclass(frozen=True)
class RowSet:
    """Rows of a feed: positions in its source, and the columns that steps have added.

    Parameters
    ----------
    source : DataFrame
        Rows of the files, own columns and `PROVENANCE`.
    index : Series of UInt32
        Row of `source` behind each row.
    options : CellOptions
        How cells are written.
    native : frozenset of str
        Columns whose cells are typed in their file.
    added : mapping of str to Series
        Text columns of the unpivot step, one cell per row.
    lookups : mapping of str to Lookup
        Joined files by name.
    faults : Faults
        Rows that cannot be used.
    lenient : bool
        A column that does not exist is missing (built-in maps); otherwise it is a defect.
    """

    source: pl.DataFrame
    index: pl.Series
    options: CellOptions
    native: frozenset[str]
    added: Dict[str, pl.Series]
    lookups: Dict[str, Lookup]
    faults: Faults
    lenient: bool = False
    _texts: dict[str, pl.Series] = field(default_factory=dict)

    @staticmethod
    def of(rows: Rows, options: CellOptions, *, lenient: bool = False) -> RowSet:
        """Return all rows of some files."""
        index = pl.int_range(rows.frame.height, dtype=pl.UInt32, eager=True).alias("_source")
        return RowSet(
            rows.frame, index, options, rows.native, {}, {}, Faults.none(rows.frame.height), lenient
        )  # fmt: skip

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    @property
    def own(self) -> list[str]:
        """Return the columns of the files and of the unpivot step, in order."""
        return [name for name in self.source.columns if name not in PROVENANCE] + list(self.added)

    def has(self, name: str) -> bool:
        """Return True if a column exists."""
        return name in self.own or self._lookup(name) is not None

    def _lookup(self, name: str) -> tuple[Lookup, str] | None:
        for prefix, lookup in self.lookups.items():
            column = name.removeprefix(f"{prefix}.")
            if name != column and column in lookup.frame.columns:
                return lookup, column
        return None

    def text(self, name: str) -> pl.Series:
        """Return the cells of a column as text, as written; blanks and words for missing are null."""
        if name in self.added:
            return self.added[name].alias(name)
        if name in self.own:
            return self._gathered(self._own_text(name)).alias(name)
        found = self._lookup(name)
        if found is None:
            if not self.lenient:
                raise KeyError(name)
            return no_codes(self.height).alias(name)
        lookup, column = found
        text = blank_to_null(text_of(lookup.frame[column]), lookup.options.null)
        return text.gather(lookup.rows).alias(name)

    def _own_text(self, name: str) -> pl.Series:
        if name not in self._texts:
            cells = self.source[name]
            text = text_of(cells)
            typed = cells.dtype != pl.String and not self.options.null
            self._texts[name] = text if typed else blank_to_null(text, self.options.null)
        return self._texts[name]

    def _gathered(self, cells: pl.Series) -> pl.Series:
        whole = self.height == self.source.height and not self.added
        return cells if whole else cells.gather(self.index)

    def numbers(self, name: str) -> pl.Series | None:
        """Return a column of whole numbers in its own type, or None if it is text."""
        if name in self.added or name not in self.own or not self.source.schema[name].is_integer():
            return None
        return None if self.options.null else self._gathered(self.source[name])

    def options_for(self, name: str) -> CellOptions:
        """Return how the cells of a column are written."""
        found = self._lookup(name) if name not in self.own else None
        options = found[0].options if found else self.options
        native = found is not None and found[1] in found[0].native
        return CANONICAL if native or (found is None and name in self.native) else options

    def take(self, mask: pl.Series) -> RowSet:
        """Return the rows where a mask is true."""
        if mask.all():
            return self
        return replace(
            self,
            index=self.index.filter(mask),
            added={name: cells.filter(mask) for name, cells in self.added.items()},
            lookups={name: replace(each, rows=each.rows.filter(mask)) for name, each in self.lookups.items()},
            faults=self.faults.take(mask),
        )


def matching(names: list[str], pattern: str) -> list[str]:
    """Return the names that fit a pattern, in order; names of joined files only if it has a point."""
    return [name for name in names if fnmatchcase(name, pattern)]


def unpivoted(rows: RowSet, step: Unpivot) -> RowSet:
    """Turn wide periods into rows, column after column.

    Parameters
    ----------
    rows : RowSet
        Fresh from the files.
    step : Unpivot
        Pattern of the columns, names of the new ones, days of the labels.
    """
    columns = matching(rows.own, step.columns)
    labels = [label(step, index, name) for index, name in enumerate(columns)]
    height = rows.height
    cells = pl.concat([rows.text(name) for name in columns], rechunk=True)
    names = pl.Series(labels, dtype=pl.String).gather(
        pl.int_range(len(columns) * height, eager=True) // max(height, 1)
    )
    native = rows.native - set(columns)
    if all(name in rows.native for name in columns):
        native = native | {step.value}
    if step.first is not None:
        native = native | {step.name}
    return replace(
        rows,
        index=pl.concat([rows.index] * len(columns), rechunk=True),
        source=rows.source,
        added={step.name: names, step.value: cells},
        native=native,
        faults=Faults.none(len(columns) * height),
    )


def label(step: Unpivot, index: int, name: str) -> str:
    """Return the label of the n-th wide column: its day, or its own name.

    Examples
    --------
    >>> from datetime import date
    >>> label(Unpivot("w*", "day", "qty", date(2013, 1, 7), "week"), 2, "w002")
    '2013-01-21'
    """
    if step.first is None:
        return name
    moved = pl.Series([step.first]).dt.offset_by(
        f"{index}{ {'day': 'd', 'week': 'w', 'month': 'mo'}[step.step] }"
    )
    return str(moved[0])


def joined(rows: RowSet, join: Join, right: Rows, options: CellOptions) -> RowSet:
    """Join at most one row of another file to each row; two are IDN-012, none is IDN-014.

    Parameters
    ----------
    rows : RowSet
        The feed so far.
    join : Join
        Columns to compare, as trimmed text. A row with a missing cell asks for nothing and gets nothing.
    right : Rows
        Rows of the other file; equal rows count as one.
    options : CellOptions
        How its cells are written.
    """
    frame = right.frame.drop(PROVENANCE).unique(maintain_order=True)
    keys = [f"key{index}" for index in range(len(join.on))]
    theirs = pl.DataFrame(
        [_key(frame[name], options).alias(key) for key, name in zip(keys, join.on.values(), strict=True)]
    )
    found = (
        theirs.with_row_index("_right")
        .drop_nulls(keys)
        .group_by(keys)
        .agg(pl.col("_right").first(), pl.len())
    )
    ours = pl.DataFrame(
        [trimmed(rows.text(name)).alias(key) for key, name in zip(keys, join.on, strict=True)]
    )
    matched = ours.join(found, on=keys, how="left", maintain_order="left")
    asked = ~ours.select(pl.any_horizontal(pl.all().is_null())).to_series()
    words = ours.select(pl.concat_str(pl.all(), separator=", ")).to_series()
    single = (matched["len"] == 1).fill_null(False)
    left, columns = ", ".join(join.on), ", ".join(join.on.values())
    rule = f"`{join.file}` must have one row for each {columns}; "
    faults = rows.faults.add(asked & matched["len"].is_null(), "IDN-014", rule + "it has none", left, words)
    several = (matched["len"] > 1).fill_null(False)
    faults = faults.add(several, "IDN-012", rule + "it has several that differ", left, words)
    index = matched["_right"].zip_with(single, pl.repeat(None, rows.height, dtype=pl.UInt32, eager=True))
    lookup = Lookup(frame, index, options, right.native)
    return replace(rows, lookups={**rows.lookups, join.name: lookup}, faults=faults)


def _key(cells: pl.Series, options: CellOptions) -> pl.Series:
    return trimmed(blank_to_null(text_of(cells), options.null))


def passing(rows: RowSet, where: Dict[str, Condition]) -> tuple[pl.Series, RowSet]:
    """Return which rows pass all tests, and the rows with faults of cells that cannot be compared.

    Notes
    -----
    A row whose join failed passes the tests on the columns of that join: it is a fault, not ignored.
    """
    keep = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    for name, condition in where.items():
        if not rows.has(name):
            continue
        passes, rows = _passing(rows, name, condition)
        keep = keep & passes
    return keep, rows


def _passing(rows: RowSet, name: str, condition: Condition) -> tuple[pl.Series, RowSet]:
    cells = trimmed(rows.text(name))
    passes = pl.repeat(True, rows.height, dtype=pl.Boolean, eager=True)
    if condition.any_of is not None:
        passes = passes & cells.fill_null("").is_in(list(condition.any_of))
    if condition.none_of is not None:
        passes = passes & ~cells.fill_null("").is_in(list(condition.none_of))
    if condition.empty is not None:
        passes = passes & (cells.is_null() == condition.empty)
    if condition.bounds:
        within, rows = _bounded(rows, name, cells, condition)
        passes = passes & within
    lost = rows._lookup(name) if name not in rows.own else None
    if lost is not None:
        passes = passes | (rows.faults.codes.is_not_null() & lost[0].rows.is_null())
    return passes, rows


def _bounded(rows: RowSet, name: str, cells: pl.Series, condition: Condition) -> tuple[pl.Series, RowSet]:
    """Compare numbers; cells that are none pass here and become faults."""
    parsed = parse_decimals(cells, rows.options_for(name))
    codes = parsed.codes.zip_with(parsed.values.is_null(), no_codes(len(cells)))
    if parsed.verdict is not None:
        code = parsed.verdict.code
        codes = cells.zip_with(cells.is_null(), pl.repeat(code, len(cells), dtype=pl.String, eager=True))
    within = pl.repeat(True, len(cells), dtype=pl.Boolean, eager=True)
    for comparison, bound in condition.bounds:
        limit = float(bound)
        compared = {
            "gt": parsed.values > limit, "ge": parsed.values >= limit,
            "lt": parsed.values < limit, "le": parsed.values <= limit,
        }[comparison]  # fmt: skip
        within = within & compared.fill_null(False)
    faults = rows.faults
    for code in sorted(codes.drop_nulls().unique().to_list()):
        rule = f"`{name}` must be a number to be compared"
        faults = faults.add((codes == code).fill_null(False), str(code), rule, name, cells)
    return within | codes.is_not_null(), replace(rows, faults=faults)
