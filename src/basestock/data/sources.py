"""A whole source: its files found, every name checked before any row is read, then one feed after another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import polars as pl

from basestock.data.containers import DEFAULT_LIMITS, Limits
from basestock.data.csv_scan import FileFault
from basestock.data.delivery import shortfall
from basestock.data.feed_rows import matching
from basestock.data.feeds import FeedInput, apply_feed
from basestock.data.frames import PROVENANCE, FeedFrame, SourceFile, SourceInfo, SourceRead
from basestock.data.issues import IssueLog
from basestock.data.joined_parts import together, unlike
from basestock.data.mapping import Feed, Join, Mapping, Value
from basestock.data.mapping_columns import after_unpivot, columns_of, fillable, missing_patterns
from basestock.data.names import nearest
from basestock.data.parts import QUARANTINE_MARKS, Part, Reading, Rows, Store, open_store
from basestock.data.people import holds_people
from basestock.data.schema.model import Table
from basestock.data.tables import TABLES

Gaps = Literal["zero", "closed", "missing"]
Status = Literal["read", "refused", "ignored", "copy"]


def read_source(
    source: Path,
    *,
    mapping: Mapping | None,
    log: IssueLog,
    gaps: Gaps | None = None,
    since: date | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> SourceRead:
    """Read a source into feeds of canonical columns, all of them text.

    Parameters
    ----------
    source : Path
        Folder, zip, workbook, CSV or Parquet file.
    mapping : Mapping or None
        A checked mapping; without one only files named as tables are read.
    log : IssueLog
        Gets every finding on files, columns, joins and folds.
    gaps : {"zero", "closed", "missing"}, optional
        What absent buckets mean; wins over the mapping.
    since : date, optional
        Rows of histories before this day are ignored (counted).
    limits : Limits
        How much a file may hold.

    Returns
    -------
    SourceRead
        ``feeds, info``. There are no feeds when the mapping names files or columns that are not there.

    Raises
    ------
    SourceError
        If the source does not exist.
    """
    reader = _Reader(open_store(source, log, limits), mapping or Mapping(), log)
    plans = reader.plans()
    feeds = [feed for plan in plans or () if (feed := reader.feed(plan, since)) is not None]
    return SourceRead(feeds, reader.info(source, gaps))


@dataclass(frozen=True)
class _Plan:
    """A feed with the parts it reads."""

    feed: Feed
    parts: tuple[Part, ...]
    joins: tuple[tuple[Join, tuple[Part, ...]], ...] = ()
    identity: bool = False


@dataclass
class _Reader:
    """Reads one source."""

    store: Store
    mapping: Mapping
    log: IssueLog
    tables: dict[str, set[str]] = field(default_factory=dict)
    status: dict[str, Status] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    types: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)

    def reading(self, feed: Feed) -> Reading:
        """Return how the files of a feed become cells."""
        written = feed.written.over(self.mapping.source.written)
        return Reading(written.encoding or "utf-8", written.delimiter or ",", written.decimal or ".")

    def plans(self) -> list[_Plan] | None:
        """Find the files of each feed and check every column name; None if the mapping does not fit."""
        found: list[_Plan] = []
        fits = True
        for feed in self.mapping.feeds:
            plan = self._plan(feed)
            if plan is not None:
                fits = self._columns_exist(plan) and fits
                found.append(plan)
            elif not feed.builtin:
                fits = False
        identity, amended = self._identities(found)
        return [*found, *identity] if fits and amended else None

    def _plan(self, feed: Feed) -> _Plan | None:
        """Find the files of a feed; log those that are not there."""
        if feed.rows:
            return _Plan(feed, ())
        parts = self._find(feed.file)
        joins = [(join, self._find(join.file)) for join in feed.joins]
        if feed.builtin and not _problem(parts):
            present = tuple((join, tuple(each)) for join, each in joins if each)
            return _Plan(feed, tuple(parts), present)
        if feed.builtin and not parts:
            return None
        files = [(feed.file, parts), *((join.file, each) for join, each in joins)]
        problems = [(name, _problem(each)) for name, each in files if _problem(each)]
        for name, problem in problems:
            hint = nearest(name, [part.label for part in self.store.parts])
            self.log.add(
                "SCH-009", table=feed.table, file=self.mapping.file, column=feed.label, value=name,
                rule=f"a mapping must name files of the source; `{name}` {problem}{hint}",
            )  # fmt: skip
        return None if problems else _Plan(feed, tuple(parts), tuple((join, tuple(p)) for join, p in joins))

    def _find(self, pattern: str) -> list[Part]:
        """Return the parts a name or pattern means; `.gz` may be left out or written without need."""
        file, _, sheet = pattern.partition("#")
        visible = [part for part in self.store.parts if sheet or not (part.sheet and part.sheet.hidden)]
        found = [part for part in visible if _named(part, file, sheet)]
        if not found and not sheet:
            other = file.removesuffix(".gz") if file.endswith(".gz") else file + ".gz"
            found = [part for part in visible if _named(part, other, "")]
            found = found or [part for part in visible if part.sheet_name == file]
        return found

    def _columns_exist(self, plan: _Plan) -> bool:
        """Check every source column a feed names against the headers; log those that are not there."""
        feed, reading = plan.feed, self.reading(plan.feed)
        if feed.rows or feed.builtin:
            return True
        names = self._header(plan.parts, reading)
        if names is None:
            return True
        missing = [*missing_patterns(feed, names)]
        names = after_unpivot(feed, names)
        for join, parts in plan.joins:
            missing += [column for column in join.on if column not in names]
            other = self._header(parts, reading)
            if other is None:
                return True
            missing += [f"{join.file}: {column}" for column in join.on.values() if column not in other]
            names += [f"{join.name}.{column}" for column in other]
        missing += [column for column in columns_of(feed) if column not in names]
        for column in dict.fromkeys(missing):
            self._not_there(feed.label, column, names)
        return not missing

    def _not_there(self, where: str, column: str, names: list[str]) -> None:
        self.log.add(
            "SCH-009", file=self.mapping.file, column=where, value=column,
            rule=f"a mapping must name columns of the file; `{column}` is none{nearest(column, names)}",
        )  # fmt: skip

    def _header(self, parts: tuple[Part, ...], reading: Reading) -> list[str] | None:
        """Return the columns of the first part that can be read; its faults are found when it is."""
        found = (self.store.header(part, reading) for part in parts)
        return next((header for header in found if header), None)

    def _identities(self, found: list[_Plan]) -> tuple[list[_Plan], bool]:
        """Return feeds of the files named as tables that no feed uses, and whether amendments fit them."""
        mapped = {plan.feed.table for plan in found if not plan.feed.extend}
        used = {part.label for plan in found for part in plan.parts}
        builtin = [parts for plan in found if plan.feed.builtin for _, parts in plan.joins]
        used |= {part.label for parts in builtin for part in parts}
        named: dict[str, list[Part]] = {}
        for part in self.store.parts:
            hidden = part.sheet is not None and part.sheet.hidden
            readable = part.member.kind in ("csv", "parquet", "workbook") and part.label not in used
            if readable and not hidden and part.table in TABLES and part.table not in mapped:
                named.setdefault(part.table, []).append(part)
        groups = [group for parts in named.values() for group in self._by_content(parts)]
        plans = [_Plan(Feed(p[0].table, p[0].label, p[0].label), p, identity=True) for p in groups]
        fits = [self._amendable(plan) for plan in plans]
        fed = {plan.feed.table for plan in (*found, *plans)} | {feed.table for feed in self.mapping.feeds}
        lost = [table for table in self.mapping.amendments if table not in fed]
        for table in lost:
            hint = nearest(f"{table}.csv", [part.label for part in self.store.parts])
            self.log.add(
                "SCH-009", file=self.mapping.file, column=f"columns.{table}", value=table,
                rule=f"a mapping must amend a feed or a file that is there; there is no `{table}.csv`{hint}",
            )  # fmt: skip
        return plans, all(fits) and not lost

    def _by_content(self, parts: list[Part]) -> list[tuple[Part, ...]]:
        """Put files with the same bytes together; each other file is a feed of its own."""
        if len(parts) == 1:
            return [(parts[0],)]
        groups: dict[str, list[Part]] = {}
        for part in parts:
            loaded = self.store.bytes_of(part.member)
            same = part.label if part.sheet or isinstance(loaded, FileFault) else loaded.sha256
            groups.setdefault(same, []).append(part)
        return [tuple(group) for group in groups.values()]

    def _amendable(self, plan: _Plan) -> bool:
        """Check the source columns that `[columns.T]` names for a file named as its table."""
        amended = self.mapping.amendments.get(plan.feed.table, {})
        names = self._header(plan.parts, self.reading(plan.feed)) if amended else None
        if names is None:
            return True
        missing = [
            column for column in columns_of(replace(plan.feed, columns=amended)) if column not in names
        ]
        for column in dict.fromkeys(missing):
            self._not_there(f"columns.{plan.feed.table}", column, names)
        return not missing

    def feed(self, plan: _Plan, since: date | None) -> FeedFrame | None:
        """Read the files of a feed and apply its steps; None if they are refused."""
        feed = plan.feed
        joins: dict[str, Rows] = {}
        for join, parts in plan.joins:
            right, _ = self._rows(parts, feed)
            if right is None:
                return None
            joins[join.name] = right
        if feed.rows:
            return apply_feed(FeedInput(feed, self._inline(feed)), self.mapping, self.log, since)
        rows, copies = self._rows(plan.parts, feed)
        if rows is None:
            return None
        if plan.identity:
            rows = self._without_people(plan.parts[0], rows)
            own = self._identity_feed(plan.parts[0], rows)
            if own is None:
                return None
            feed = own
        if feed.builtin and (missing := self._unfilled(feed, rows, joins)):
            self._refuse_builtin(feed, plan.parts[0], missing)
            return None
        return apply_feed(FeedInput(feed, rows, copies, joins), self.mapping, self.log, since)

    def _inline(self, feed: Feed) -> Rows:
        """Return the inline rows of a mapping; they name the mapping and their number."""
        names = list(dict.fromkeys(name for row in feed.rows for name in row))
        data = {name: [row.get(name) for row in feed.rows] for name in names}
        frame = pl.DataFrame(data, schema=dict.fromkeys(names, pl.String)).with_columns(
            pl.lit(self.mapping.file).alias("_file"), pl.lit("").alias("_sheet"),
            pl.int_range(1, len(feed.rows) + 1, dtype=pl.Int64).alias("_row"),
            pl.lit(self.mapping.sha256).alias("_sha256"),
        )  # fmt: skip
        return Rows(frame, _no_bad())

    def _rows(self, parts: tuple[Part, ...], feed: Feed) -> tuple[Rows | None, tuple[str, ...]]:
        """Read parts, each content once, and put them together; also return the files that are copies."""
        seen: dict[tuple[str, str], Part] = {}
        copies: list[str] = []
        found: list[tuple[Part, Rows]] = []
        for part in parts:
            rows = self.store.read(part, self.reading(feed))
            self.tables.setdefault(part.label, set()).add(feed.table)
            if isinstance(rows, FileFault):
                self._refused(part, rows, feed.table)
                continue
            key = (self.store.hashes[part.file], part.sheet_name)
            if key in seen:
                copies.append(seen[key].file)
                self._copied(part, seen[key], feed.table, rows)
                continue
            seen[key] = part
            fault = unlike(found[0][1], rows, found[0][0].file) if found else None
            fault = fault or self._short(part, rows, feed) or self._other_types(part, feed)
            if fault:
                self._refused(part, fault, feed.table)
                continue
            found.append((part, rows))
            self.status[part.label] = "read"
            self.counts[part.label] = rows.frame.height + rows.bad.height
        return (together([rows for _, rows in found], self.mapping.options(feed).decimal), tuple(copies))

    def _short(self, part: Part, rows: Rows, feed: Feed) -> FileFault | None:
        """Compare a part with the manifest of the source (FIL-017)."""
        note = self.store.note_of(part)
        if note is None:
            return None
        height = rows.frame.height + rows.bad.height
        return shortfall(note, rows.frame, height, self.reading(feed).decimal)

    def _other_types(self, part: Part, feed: Feed) -> FileFault | None:
        """Compare the types of a Parquet part with those of the first part of its feed or table (FIL-024)."""
        own = self.store.types.get(part.label)
        if own is None:
            return None
        mapped = any(feed is each for each in self.mapping.feeds)
        name, first = self.types.setdefault(feed.label if mapped else feed.table, (part.label, own))
        odd = next((column for column in own if column in first and own[column] != first[column]), None)
        if odd is None:
            return None
        rule = (
            f"parts of one table must have one schema; `{odd}` is {own[odd]} here, {first[odd]} in `{name}`"
        )
        return FileFault("FIL-024", rule, row=1, value=odd)

    def _refused(self, part: Part, fault: FileFault, table: str) -> None:
        """Log why a part is not used; an empty optional or declared table is a note."""
        if self.status.get(part.label) == "refused":
            return
        self.status[part.label] = "refused"
        if fault.code != "FIL-014":
            self.store.fault(part, fault, table)
        elif table not in self.mapping.source.declarations.empty:
            optional = TABLES[table].tier > 0
            self.store.fault(part, fault, table, "warning" if optional else "", "note" if optional else "")

    def _copied(self, part: Part, other: Part, table: str, rows: Rows) -> None:
        if self.status.get(part.label) != "copy":
            self.log.add(
                "FIL-018", table=table, file=part.file, sheet=part.sheet_name, value=part.label,
                rule=f"a file must be delivered once; this one has the same bytes as `{other.label}`",
            )  # fmt: skip
        self.status[part.label] = "copy"
        self.counts[part.label] = rows.frame.height + rows.bad.height

    def _without_people(self, part: Part, rows: Rows) -> Rows:
        """Leave columns out that no table knows and that hold personal data (IDN-018); an amendment keeps its own."""
        table = TABLES[part.table]
        kept = columns_of(Feed(table.name, "", columns=self.mapping.amendments.get(table.name, {})))
        unknown = [name for name in rows.columns if table.resolve(name) is None and name not in kept]
        private = [name for name in unknown if holds_people(rows.frame[name])]
        for name in private:
            rule = f"personal data are not needed for planning; `{name}` is not stored"
            self.log.add(
                "IDN-018",
                table=table.name,
                file=part.file,
                sheet=part.sheet_name,
                row=1,
                column=name,
                value=name,
                rule=rule,
            )
        return replace(rows, frame=rows.frame.drop(private), bad=rows.bad.drop(private, strict=False))

    def _identity_feed(self, part: Part, rows: Rows) -> Feed | None:
        """Return the feed of a file named as its table: headers and aliases are canonical columns."""
        table = TABLES[part.table]
        amended = self.mapping.amendments.get(table.name, {})
        columns: dict[str, Value] = {}
        unknown: list[str] = []
        for header in rows.columns:
            name = table.resolve(header)
            if name is None:
                unknown.append(header)
            elif name in columns:
                rule = (
                    f"column names must be unique; `{columns[name].text}` and `{header}` both mean `{name}`"
                )
                self._refused(part, FileFault("SCH-005", rule, row=1, value=header), table.name)
                return None
            else:
                columns[name] = Value("from", header)
        columns |= amended
        if not self._has_required(part, table, columns, unknown):
            return None
        used = set(columns_of(Feed(table.name, "", columns=amended)))
        unknown = [name for name in unknown if name not in used and name not in QUARANTINE_MARKS]
        for name in unknown:
            near = nearest(name, table.names)
            self.log.add(
                "SCH-002", table=table.name, file=part.file, sheet=part.sheet_name, row=1, column=name,
                value=name, rule=f"`{name}` is no column of `{table.name}`{near}; it is kept as attribute",
            )  # fmt: skip
        return Feed(table.name, part.label, part.label, columns=columns, attributes=tuple(unknown))

    def _has_required(self, part: Part, table: Table, columns: dict[str, Value], unknown: list[str]) -> bool:
        """Refuse a file without a required column; log each of them."""
        missing = [name for name in table.required if name not in columns]
        for name in missing:
            near = nearest(name, unknown)
            self.log.add(
                "SCH-001", table=table.name, file=part.file, sheet=part.sheet_name, row=1, column=name,
                rule=f"`{table.name}` must have the column `{name}`{near}",
                remedy=f"Export `{name}`, or name its source under [columns.{table.name}] in a mapping.",
            )  # fmt: skip
        if missing:
            self.status[part.label] = "refused"
        return not missing

    def _unfilled(self, feed: Feed, rows: Rows, joins: dict[str, Rows]) -> list[str]:
        """Return the required columns that a built-in map cannot fill from this export."""
        names = after_unpivot(feed, rows.columns)
        if feed.unpivot and not matching(rows.columns, feed.unpivot.columns):
            return list(TABLES[feed.table].required)
        names += [f"{prefix}.{column}" for prefix, right in joins.items() for column in right.columns]
        required = TABLES[feed.table].required
        return [name for name in required if not fillable(feed.columns.get(name), names)]

    def _refuse_builtin(self, feed: Feed, part: Part, missing: list[str]) -> None:
        """Log what a built-in map cannot fill: a note, if the table is not needed for a first order list.

        A file that feeds another table as well was not exported for this one, which is then left out.
        """
        needed = TABLES[feed.table].tier == 0
        if not needed and len(self.tables[part.label]) > 1:
            return
        for name in missing:
            self.log.add(
                "SCH-001", table=feed.table, file=part.file, sheet=part.sheet_name, row=1, column=name,
                rule=f"the built-in map fills `{feed.table}.{name}` from columns that this file does not have",
                remedy=f"Export them, or name another source under [columns.{feed.table}] in a mapping.",
                severity="" if needed else "warning", action="" if needed else "note",
            )  # fmt: skip
        self.status[part.label] = "refused"

    def info(self, source: Path, gaps: Gaps | None) -> SourceInfo:
        """Return what is known about the source."""
        settings = self.mapping.source
        files = tuple(sorted(self._files(), key=lambda file: (file.name, file.sheet)))
        self.store.forget()
        return SourceInfo(
            name=settings.name or source.resolve().name,
            as_of=settings.as_of,
            currency=settings.currency,
            timezone=settings.timezone,
            week_rule=settings.week_rule,
            gaps=gaps or settings.gaps,
            lead_time=settings.lead_time or "learned",
            declarations=settings.declarations,
            assume=dict(self.mapping.assume),
            files=files,
            inputs_sha=_digest(files, self.mapping.sha256),
        )

    def _files(self) -> Iterator[SourceFile]:
        for part in self.store.parts:
            status = self.status.get(part.label, "ignored")
            sha256 = "" if status == "ignored" else self.store.hashes.get(part.file, "")
            tables = tuple(sorted(self.tables.get(part.label, ())))
            yield SourceFile(
                part.file, part.sheet_name, sha256, self.counts.get(part.label, 0), status, tables
            )  # fmt: skip
        for label, fixes in sorted(self.store.corrections.items()):
            name, _, sheet = label.partition("#")
            table = sheet or name.split(".")[0]
            yield SourceFile(name, sheet, self.store.hashes.get(name, ""), fixes.height, "read", (table,))
        for name in sorted(self.store.refused):
            yield SourceFile(name, "", self.store.hashes.get(name, ""), 0, "refused")


def _digest(files: tuple[SourceFile, ...], mapping_sha: str) -> str:
    """Return the hash of everything that was read."""
    lines = [f"{file.name}\n{file.sheet}\n{file.sha256}\n" for file in files if file.status != "ignored"]
    return hashlib.sha256("".join([*lines, mapping_sha]).encode("utf-8")).hexdigest()


def _problem(parts: list[Part]) -> str:
    """Return what is wrong with the parts a name means, or nothing."""
    if not parts:
        return "is none"
    books = [part.file for part in parts if part.sheet]
    several = len(set(books)) < len(books)
    return "is a workbook of several sheets: write Book.xlsx#Sheet" if several else ""


def _named(part: Part, file: str, sheet: str) -> bool:
    """Return True if a name or pattern means a part; `*` and `?` are wild."""
    if sheet and part.sheet_name != sheet:
        return False
    if file == "":
        return bool(sheet)
    return any(name == file or fnmatchcase(name, file) for name in (part.file, part.member.base))


def _no_bad() -> pl.DataFrame:
    names = ("_raw", "_codes", "_rule", "_remedy", *PROVENANCE)
    return pl.DataFrame(schema={name: pl.Int64 if name == "_row" else pl.String for name in names})
