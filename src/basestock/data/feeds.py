"""One feed of a mapping, applied: rows of files in, rows of a canonical table out, all of them counted."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from basestock.data.cell_numbers import no_codes
from basestock.data.cells import parse_column, trimmed
from basestock.data.feed_reduce import Folded, fold
from basestock.data.feed_rows import Faults, RowSet, joined, passing, unpivoted
from basestock.data.feed_values import Cells, evaluate
from basestock.data.frames import (
    ATTRIBUTE,
    CANONICAL,
    PROVENANCE,
    CellOptions,
    FeedFrame,
    QuantitySum,
    as_text,
)
from basestock.data.issues import IssueLog
from basestock.data.mapping import Feed, Mapping, Value
from basestock.data.parts import Rows
from basestock.data.rules.work import key_text
from basestock.data.schema.model import Column, Table
from basestock.data.tables import TABLES


@dataclass(frozen=True)
class FeedInput:
    """Everything a feed is made from.

    Parameters
    ----------
    feed : Feed
        The steps.
    rows : Rows
        Rows of its files, each file once.
    copies : tuple of str
        Files that were delivered again under another name (FIL-018), once per copy; their rows are folded.
    joins : mapping of str to Rows
        Rows of joined files by join name.
    """

    feed: Feed
    rows: Rows
    copies: tuple[str, ...] = ()
    joins: Dict[str, Rows] = field(default_factory=dict)


def apply_feed(given: FeedInput, mapping: Mapping, log: IssueLog, since: date | None = None) -> FeedFrame:
    """Apply the steps of a feed: unpivot, join, where, columns, attributes, reduce.

    Parameters
    ----------
    given : FeedInput
        Feed and rows.
    mapping : Mapping
        Declarations and code lists.
    log : IssueLog
        Gets IDN-012 and IDN-014 of joins and folds, and codes of cells that could not be compared or folded.
    since : date, optional
        Rows of histories before this day are ignored.

    Returns
    -------
    FeedFrame
        See there.
    """
    return _Run(given, mapping, log).result(since)


@dataclass(frozen=True)
class _Sorted:
    """Rows of a feed by their fate, with the cells of those that are kept."""

    kept: RowSet
    cells: dict[str, Cells]
    ignored: list[RowSet]
    bad: list[RowSet]
    folded: Folded | None


class _Run:
    """One application of a feed."""

    def __init__(self, given: FeedInput, mapping: Mapping, log: IssueLog) -> None:
        self.given, self.mapping, self.log = given, mapping, log
        self.feed: Feed = given.feed
        self.table: Table = TABLES[given.feed.table]
        inline = bool(given.feed.rows)
        self.options: CellOptions = CANONICAL if inline else mapping.options(given.feed, iso=given.rows.iso)
        self.values: dict[str, Value] = self._values()
        self.rows: RowSet = self._prepared(RowSet.of(given.rows, self.options, lenient=given.feed.builtin))

    def _values(self) -> dict[str, Value]:
        """Return VALUEs in the order of the schema; snapshots without a date take the declared one."""
        given = dict(self.feed.columns)
        if self.feed.rows:
            names = [name for name in self.given.rows.columns if name in self.table]
            given = {name: Value("from", name) for name in names}
        as_of = self.mapping.source.as_of
        if "as_of" in self.table and as_of is not None and "as_of" not in given:
            given["as_of"] = Value("const", as_of.isoformat())
        return {name: given[name] for name in self.table.names if name in given}

    def _prepared(self, rows: RowSet) -> RowSet:
        if self.feed.unpivot is not None:
            rows = unpivoted(rows, self.feed.unpivot)
        for join in self.feed.joins:
            right = self.given.joins.get(join.name)
            if right is not None:
                rows = joined(rows, join, right, self.mapping.options(self.feed, iso=right.iso))
        return rows

    def result(self, since: date | None) -> FeedFrame:
        """Run the steps after the joins."""
        rows = self._sorted(since)
        cells = rows.cells if rows.folded is None else rows.folded.cells
        frame, members = self._frame(rows.kept, cells, rows.folded)
        bad = pl.concat([self.given.rows.bad, *self._bad_frames(rows)], how="diagonal_relaxed")
        copied = sum(self._copy(name).height + self._bad_of(name) for name in self.given.copies)
        read = self.rows.height + self.given.rows.bad.height + copied
        ignored = sum(each.height for each in rows.ignored)
        return FeedFrame(
            table=self.table.name,
            name=f"{self.table.name} <- {self.feed.file or 'rows of the mapping'}",
            frame=frame,
            source=self.given.rows.frame,
            bad=bad,
            read=read,
            ignored=ignored,
            folded=read - ignored - bad.height - frame.height,
            sums={name: self._sum(name, rows, cells[name]) for name in cells if self._column(name).quantity},
            options=self.options,
            column_options={
                name: each.options for name, each in cells.items() if each.options != self.options
            },
            failures={
                name: each.failures for name, each in cells.items() if each.failures.is_not_null().any()
            },
            verdicts={name: each.verdict for name, each in cells.items() if each.verdict is not None},
            members=members,
        )

    def _sorted(self, since: date | None) -> _Sorted:
        keep, rows = passing(self.rows, self.feed.where)
        faulty = rows.faults.codes.is_not_null() & keep
        ignored, bad = [rows.take(~keep)], [rows.take(faulty)]
        kept = rows.take(keep & ~faulty)
        cells = self._cells(kept)
        recent = self._recent(cells, since)
        if not recent.all():
            ignored.append(kept.take(~recent))
            kept = kept.take(recent)
            cells = {name: _filtered(each, recent) for name, each in cells.items()}
        folded = None
        if self.feed.reduce and kept.height:
            folded = fold(cells, self.table, self.feed.reduce, self.mapping.source.declarations)
            bad.append(kept.take(folded.faults.codes.is_not_null()))
        return _Sorted(kept, cells, ignored, bad, folded)

    def _column(self, name: str) -> Column:
        return self.table[name] if name in self.table else Column(name)

    def _cells(self, rows: RowSet) -> dict[str, Cells]:
        found = {name: self._evaluated(name, rows) for name in self.values}
        for name in self.feed.attributes:
            if rows.has(name):
                found[ATTRIBUTE + name] = evaluate(Value("from", name), rows, Column(name), {})
        return found

    def _evaluated(self, name: str, rows: RowSet) -> Cells:
        return evaluate(self.values[name], rows, self.table[name], self.mapping.codes)

    def _recent(self, cells: dict[str, Cells], since: date | None) -> pl.Series:
        """Return the rows that are not older than `since`; rows without a readable day stay."""
        name = self.table.date
        height = len(next(iter(cells.values())).text) if cells else 0
        if since is None or name not in cells:
            return pl.repeat(True, height, dtype=pl.Boolean, eager=True)
        text = cells[name].text.zip_with(cells[name].failures.is_null(), no_codes(height))
        days = parse_column(text, self.table[name], cells[name].options).values
        return (days >= since).fill_null(True)

    def _frame(
        self, kept: RowSet, cells: dict[str, Cells], folded: Folded | None
    ) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Put the columns together with lineage; with folded rows also say which rows are in each."""
        index, members = kept.index, None
        count = pl.repeat(1, kept.height, dtype=pl.UInt32, eager=True)
        if folded is not None:
            pairs = pl.DataFrame({"_frame": folded.groups, "_source": kept.index}).drop_nulls("_frame")
            members = pairs.sort("_frame", maintain_order=True)
            index = kept.index.gather(folded.first)
            count = members.group_by("_frame").agg(pl.len()).sort("_frame")["len"]
        lineage = self.given.rows.frame.select(PROVENANCE)[index]
        texts = [each.text.alias(name) for name, each in cells.items()]
        frame = pl.DataFrame([*texts, *lineage.get_columns(), count.alias("_count"), index.alias("_source")])
        return frame.with_columns(self._assumed(cells, frame.height)), members

    def _assumed(self, cells: dict[str, Cells], height: int) -> pl.Series:
        """Name the guessed columns of each row."""
        if self.feed.assumed:
            return pl.repeat("*", height, dtype=pl.String, eager=True).alias("_assumed")
        flags = {name: each.assumed for name, each in cells.items() if each.assumed.any()}
        if not flags:
            return pl.repeat("", height, dtype=pl.String, eager=True).alias("_assumed")
        names = [pl.when(pl.col(name)).then(pl.lit(name)) for name in flags]
        return pl.DataFrame(flags).select(
            pl.concat_str(names, separator=",", ignore_nulls=True).alias("_assumed")
        )["_assumed"]

    def _bad_frames(self, rows: _Sorted) -> list[pl.DataFrame]:
        frames = [self._bad(rows.bad[0], rows.bad[0].faults)]
        if rows.folded is not None:
            faults = rows.folded.faults
            frames.append(self._bad(rows.bad[1], faults.take(faults.codes.is_not_null())))
        return frames

    def _bad(self, rows: RowSet, faults: Faults) -> pl.DataFrame:
        """Return rows that cannot be used, as text with their reasons, and log each of them."""
        source = as_text(self.given.rows.frame[rows.index])
        frame = source.with_columns(
            faults.codes.alias("_codes"), faults.rules.alias("_rule"),
            pl.lit(None, dtype=pl.String).alias("_remedy"), pl.lit(None, dtype=pl.String).alias("_raw"),
        )  # fmt: skip
        if rows.height:
            self._log(rows, frame, faults)
        return frame

    def _log(self, rows: RowSet, frame: pl.DataFrame, faults: Faults) -> None:
        wanted = dict.fromkeys((*self.table.key, "item_id", "location_id"))
        touched = [
            trimmed(self._evaluated(name, rows).text).alias(name) for name in wanted if name in self.values
        ]
        lineage = frame.select(*PROVENANCE, "_codes", "_rule").with_columns(
            faults.columns.alias("_column"), faults.values.alias("_value"), *touched
        )
        key = key_text(self.table.name, [each.name for each in touched])
        for (code,), part in lineage.group_by("_codes", maintain_order=True):
            self.log.extend_frame(
                str(code), part, table=self.table.name, column=pl.col("_column"), value=pl.col("_value"),
                rule=pl.col("_rule"), key=key, action="quarantine",
            )  # fmt: skip

    def _copy(self, name: str) -> RowSet:
        """Return the rows of a file that was delivered again."""
        files = self.given.rows.frame["_file"].gather(self.rows.index)
        return self.rows.take(files == name)

    def _bad_of(self, name: str) -> int:
        return int((self.given.rows.bad["_file"] == name).sum())

    def _sum(self, name: str, rows: _Sorted, kept: Cells) -> QuantitySum:
        """Balance one quantity column over all rows."""
        column = self.table[name]

        def over(sets: list[RowSet]) -> float:
            return sum(_amount(self._evaluated(name, each), column) for each in sets if each.height)

        copies = over([self._copy(file) for file in self.given.copies])
        ignored, bad = over(rows.ignored), over(rows.bad)
        before = _amount(rows.cells[name], column)
        after = before if rows.folded is None else _amount(kept, column)
        taken = over(rows.bad[1:])
        return QuantitySum(
            before - taken + ignored + bad + copies, ignored, before - taken - after + copies, bad
        )


def _amount(cells: Cells, column: Column) -> float:
    """Return the sum of the cells that are numbers."""
    if cells.verdict is not None:
        return 0.0
    text = cells.text.zip_with(cells.failures.is_null(), no_codes(len(cells.text)))
    return float(parse_column(text, column, cells.options).values.sum() or 0.0)


def _filtered(cells: Cells, mask: pl.Series) -> Cells:
    return Cells(
        cells.text.filter(mask), cells.options, cells.failures.filter(mask), cells.assumed.filter(mask),
        cells.verdict,
    )  # fmt: skip
