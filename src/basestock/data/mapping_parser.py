"""From the TOML of a mapping file to its checked form: parts, feeds, declarations."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping as Dict
from dataclasses import replace
from typing import Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from basestock.data.cells import parse_column
from basestock.data.codes import catalogue
from basestock.data.frames import CANONICAL, Declarations
from basestock.data.issues import IssueLog
from basestock.data.mapping import (
    Feed,
    Mapping,
    SourceSettings,
    Value,
    Written,
    builtin_maps,
    builtin_text,
    parse_mapping,
)
from basestock.data.mapping_values import Checker, plain_text
from basestock.data.names import nearest
from basestock.data.schema.model import Column, Table
from basestock.data.tables import TABLES

_WRITTEN = ("encoding", "delimiter", "decimal", "thousands", "null", "date_format", "pivot")
_DECLARED = ("pad", "case", "signs", "snapshot", "line_key", "empty", "non_stock", "repairs")
_SOURCE = (
    "name", "map", *_WRITTEN, "timezone", "week_rule", "currency", "as_of", "gaps", "lead_time", *_DECLARED,
)  # fmt: skip
_FEED = (
    "from", "rows", "unpivot", "join", "where", "columns", "attributes", "reduce", "assumed", "extend",
    *_WRITTEN,
)  # fmt: skip
_PARTS = ("source", "table", "columns", "codes", "assume")


class MappingParser:
    """Checks one mapping file.

    Parameters
    ----------
    log : IssueLog
        Gets everything that is wrong.
    file : str
        Name of the mapping file.
    builtin : bool
        The file is a built-in map.
    """

    def __init__(self, log: IssueLog, file: str, *, builtin: bool) -> None:
        self.check = Checker(log, file)
        self.log, self.file, self.builtin = log, file, builtin

    def mapping(self, document: dict[str, Any], sha256: str) -> Mapping | None:
        """Return the mapping, or None when anything is wrong."""
        check = self.check
        check.keys(document, _PARTS, "")
        source = self._source(check.table(document.get("source"), "source"))
        base = self._base(source)
        codes = {**base.codes, **self._merged_codes(base, check.table(document.get("codes"), "codes"))}
        own = self._feeds(check.table(document.get("table"), "table"))
        amended = self._amendments(check.table(document.get("columns"), "columns"), own)
        feeds = self._joined(base, own, amended, has_base=bool(source.builtin))
        assume = {**base.assume, **self._assume(check.table(document.get("assume"), "assume"))}
        for feed in feeds:
            self._code_lists(feed.columns, codes, feed.label)
            self._separators(feed.written.over(source.written), feed.label)
        for name, columns in amended.items():
            self._code_lists(columns, codes, f"columns.{name}")
        self._line_columns(source, feeds)
        complete = [self._complete(feed) for feed in feeds]
        if check.problems or not all(complete):
            return None
        if base.sha256:
            sha256 = hashlib.sha256(f"{base.sha256}{sha256}".encode()).hexdigest()
        return Mapping(self.file, source, tuple(feeds), amended, codes, assume, sha256)

    def _base(self, source: SourceSettings) -> Mapping:
        """Return the built-in map to start from, or an empty one."""
        if source.builtin not in builtin_maps():
            return Mapping()
        found = parse_mapping(
            builtin_text(source.builtin), self.log, file=f"{source.builtin}.toml", builtin=True
        )
        return found or Mapping()

    def _source(self, table: dict[str, Any]) -> SourceSettings:
        check = self.check
        check.keys(table, _SOURCE, "source")
        builtin = check.text(table.get("map"), "source.map")
        base = SourceSettings()
        if builtin and check.known(builtin, builtin_maps(), "source.map", "a built-in map"):
            base = self._base(SourceSettings(builtin=builtin)).source
        written = self._written(table, "source").over(base.written)
        self._separators(written, "source")
        gaps = check.choice(table.get("gaps"), ("zero", "closed", "missing"), "source.gaps")
        lead_time = check.choice(table.get("lead_time"), ("learned", "stated"), "source.lead_time")
        return SourceSettings(
            name=check.text(table.get("name"), "source.name") or base.name,
            builtin=builtin,
            written=written,
            timezone=self._timezone(table.get("timezone")) or base.timezone,
            week_rule=check.text(table.get("week_rule"), "source.week_rule") or base.week_rule,
            currency=self._currency(table.get("currency")) or base.currency,
            as_of=check.day(table.get("as_of"), "source.as_of") or base.as_of,
            gaps=cast(Any, gaps) or base.gaps,
            lead_time=cast(Any, lead_time) or base.lead_time,
            declarations=self._declarations(table, base.declarations),
        )

    def _timezone(self, value: object) -> str | None:
        name = self.check.text(value, "source.timezone")
        try:
            return str(ZoneInfo(name)) if name else None
        except (KeyError, ValueError, OSError):
            self.check.wrong("source.timezone", "name an IANA time zone, as Europe/Berlin", name)
            return None

    def _currency(self, value: object) -> str | None:
        code = self.check.text(value, "source.currency")
        if code and not re.fullmatch("[A-Z]{3}", code):
            self.check.wrong("source.currency", "name an ISO 4217 currency, as EUR", code)
        return code or None

    def _written(self, table: dict[str, Any], where: str) -> Written:
        check = self.check
        encoding = check.text(table.get("encoding"), f"{where}.encoding")
        if encoding and not _text_encoding(encoding):
            check.wrong(f"{where}.encoding", "name a known text encoding, as utf-8 or cp1252", encoding)
        return Written(
            encoding=encoding if _text_encoding(encoding) else None,
            delimiter=self._mark(table.get("delimiter"), f"{where}.delimiter", ""),
            decimal=self._mark(table.get("decimal"), f"{where}.decimal", ".,"),
            thousands=self._mark(table.get("thousands"), f"{where}.thousands", ".,'\u2019 \u00a0\u202f"),
            null=check.texts(table["null"], f"{where}.null") if "null" in table else None,
            date_format=check.formats(table.get("date_format"), f"{where}.date_format") or None,
            pivot=self._pivot(table.get("pivot"), where),
        )

    def _mark(self, value: object, where: str, allowed: str) -> str | None:
        """Return a separator of one character; `allowed` empty means any printable ASCII one or a tab."""
        mark = self.check.text(value, where)
        legal = len(mark) == 1 and (mark in allowed if allowed else mark.isascii() and mark not in '"\r\n')
        if mark and not legal:
            self.check.wrong(where, f"use one separator character{' of ' + allowed if allowed else ''}", mark)
        return mark if legal else None

    def _pivot(self, value: object, where: str) -> int | None:
        pivot = self.check.whole(value, f"{where}.pivot")
        if pivot is not None and not 0 <= pivot <= 100:
            self.check.wrong(f"{where}.pivot", "have a pivot of 0 to 100", pivot)
        return pivot

    def _separators(self, written: Written, where: str) -> None:
        """Record a thousands separator that is the decimal separator too."""
        if written.thousands is not None and written.thousands == (written.decimal or "."):
            rule = "use different decimal and thousands separators; declare both"
            self.check.wrong(f"{where}.thousands", rule, written.thousands)

    def _declarations(self, table: dict[str, Any], base: Declarations) -> Declarations:
        check = self.check
        pad = {
            column: check.whole(width, f"source.pad.{column}") or 0
            for column, width in check.table(table.get("pad"), "source.pad").items()
        }
        for column in pad:
            known = sorted({each.name for table_ in TABLES.values() for each in table_.columns})
            check.known(column, known, f"source.pad.{column}", "columns of the schema")
        case = check.choice(table.get("case"), ("fold",), "source.case")
        signs = check.choice(table.get("signs"), ("trailing", "leading"), "source.signs")
        snapshot = check.choice(table.get("snapshot"), ("newest",), "source.snapshot")
        return Declarations(
            pad=pad or base.pad,
            case=cast(Any, case) or base.case,
            line_key=self._line_keys(check.table(table.get("line_key"), "source.line_key")) or base.line_key,
            snapshot=cast(Any, snapshot) or base.snapshot,
            non_stock=check.texts(table.get("non_stock"), "source.non_stock") or base.non_stock,
            repairs=self._names(table.get("repairs"), catalogue(), "source.repairs", "a code")
            or base.repairs,
            empty=self._names(table.get("empty"), TABLES, "source.empty", "tables of the schema")
            or base.empty,
            signs=cast(Any, signs) or base.signs,
        )

    def _names(self, value: object, known: Dict[str, object], where: str, what: str) -> tuple[str, ...]:
        names = self.check.texts(value, where)
        return tuple(name for name in names if self.check.known(name, known, where, what))

    def _line_keys(self, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, columns in table.items():
            where = f"source.line_key.{name}"
            if self.check.known(name, TABLES, where, "tables of the schema"):
                found[name] = self.check.texts(columns, where)
        return found

    def _line_columns(self, source: SourceSettings, feeds: list[Feed]) -> None:
        """Check that line keys name columns or kept source columns of the feeds they are about."""
        for table, columns in source.declarations.line_key.items():
            attributes = [each for feed in feeds if feed.table == table for each in feed.attributes]
            if any(feed.table == table for feed in feeds):
                for column in columns:
                    known = [*TABLES[table].names, *attributes]
                    self.check.known(column, known, f"source.line_key.{table}", f"columns of `{table}`")

    def _merged_codes(self, base: Mapping, table: dict[str, Any]) -> dict[str, dict[str, str]]:
        """Return own code lists; entries of a list of the built-in map stay unless given again."""
        found: dict[str, dict[str, str]] = {}
        for name, entries in table.items():
            given = self.check.table(entries, f"codes.{name}")
            for key, value in given.items():
                if isinstance(value, list | dict):
                    self.check.wrong(f"codes.{name}.{key}", "map each code to one text", key)
            texts = {key: plain_text(value) for key, value in given.items()}
            found[name] = {**base.codes.get(name, {}), **texts}
        return found

    def _assume(self, table: dict[str, Any]) -> dict[str, str]:
        check = self.check
        found: dict[str, str] = {}
        for name, how in table.items():
            word = check.text(how, f"assume.{name}")
            if check.known(
                name, ("inventory",), f"assume.{name}", "a table that can be assumed"
            ) and check.known(word, ("reference",), f"assume.{name}", "a known assumption"):
                found[name] = word
        return found

    def _feeds(self, tables: dict[str, Any]) -> list[Feed]:
        found: list[Feed] = []
        for name, given in tables.items():
            if not self.check.known(name, TABLES, f"table.{name}", "tables of the schema"):
                continue
            items = given if isinstance(given, list) else [given]
            for index, each in enumerate(items):
                label = f"table.{name}[{index + 1}]"
                found.append(self._feed(TABLES[name], self.check.table(each, label), label))
        return found

    def _feed(self, table: Table, given: dict[str, Any], label: str) -> Feed:
        check = self.check
        check.keys(given, _FEED, label)
        if ("from" in given) == ("rows" in given):
            check.wrong(label, "give each feed either `from` or `rows`")
        feed = Feed(
            table=table.name, label=label,
            file=check.text(given.get("from"), f"{label}.from"),
            rows=self._rows(table, given.get("rows"), label),
            unpivot=check.unpivot(given.get("unpivot"), f"{label}.unpivot"),
            joins=check.joins(given.get("join"), f"{label}.join"),
            where={
                column: check.condition(test, f"{label}.where.{column}")
                for column, test in check.table(given.get("where"), f"{label}.where").items()
            },
            columns=self._columns(table, given.get("columns"), f"{label}.columns"),
            attributes=check.texts(given.get("attributes"), f"{label}.attributes"),
            reduce=check.reduce(given.get("reduce"), f"{label}.reduce"),
            assumed=check.flag(given.get("assumed"), f"{label}.assumed"),
            extend=check.flag(given.get("extend"), f"{label}.extend"),
            written=self._written(given, label),
            builtin=self.builtin,
        )  # fmt: skip
        if "rows" in given:
            extra = sorted(set(given) - {"rows", "assumed", "extend"})
            for key in extra:
                check.wrong(f"{label}.{key}", "use `rows` alone, in canonical names", key)
        return self._reduced(table, feed)

    def _reduced(self, table: Table, feed: Feed) -> Feed:
        """Check that folded columns exist and are no keys; resolve their aliases."""
        names = [*feed.columns, *feed.attributes]
        found: dict[str, str] = {}
        for column, how in feed.reduce.items():
            where = f"{feed.label}.reduce.{column}"
            name = column if column in feed.attributes else table.resolve(column) or column
            if self.check.known(name, names, where, "columns of the feed") and name in table.key:
                self.check.wrong(where, f"not fold a column of the key ({', '.join(table.key)})", column)
            weight = how.removeprefix("mean:") if how.startswith("mean:") else ""
            if weight and not self.check.known(
                table.resolve(weight) or weight, names, where, "columns of the feed"
            ):
                continue
            found[name] = f"mean:{table.resolve(weight) or weight}" if weight else how
        return replace(feed, reduce=found)

    def _columns(self, table: Table, given: object, where: str) -> dict[str, Value]:
        """Return VALUEs by canonical column; one column under two names is one entry too many."""
        found: dict[str, Value] = {}
        for name, value in self.check.table(given, where).items():
            canonical = table.resolve(name)
            if canonical is None:
                self.check.known(name, table.names, f"{where}.{name}", f"columns of `{table.name}`")
                continue
            if canonical in found:
                self.check.wrong(f"{where}.{name}", f"give `{canonical}` one entry; here are two", name)
            found[canonical] = self.check.value(value, f"{where}.{name}")
            self._fits(found[canonical], table[canonical], f"{where}.{name}")
        return found

    def _fits(self, value: Value, column: Column, where: str) -> None:
        """Record a constant that no cell of its column can be."""
        if not value.text or value != Value("const", value.text, assumed=value.assumed):
            return
        parsed = parse_column(pl.Series([value.text]), column, CANONICAL)
        if parsed.values.is_null().all():
            legal = f" ({', '.join(column.choices)})" if column.choices else ""
            hint = nearest(value.text, column.choices)
            self.check.wrong(
                where,
                f"have a constant that `{column.name}`{legal} can hold; `{value.text}` is none{hint}",
                value.text,
            )

    def _rows(self, table: Table, given: object, label: str) -> tuple[dict[str, str], ...]:
        if given is None:
            return ()
        if not isinstance(given, list) or not given:
            self.check.wrong(f"{label}.rows", "have a list of rows here", given)
            return ()
        found: list[dict[str, str]] = []
        for index, each in enumerate(given):
            where = f"{label}.rows[{index + 1}]"
            row: dict[str, str] = {}
            for name, value in self.check.table(each, where).items():
                canonical = table.resolve(name)
                if canonical is None:
                    self.check.known(name, table.names, f"{where}.{name}", f"columns of `{table.name}`")
                elif canonical in row or isinstance(value, list | dict):
                    self.check.wrong(f"{where}.{name}", f"give `{canonical}` one value", name)
                else:
                    row[canonical] = plain_text(value)
            found.append(row)
        return tuple(found)

    def _amendments(self, tables: dict[str, Any], own: list[Feed]) -> dict[str, dict[str, Value]]:
        found: dict[str, dict[str, Value]] = {}
        replaced = {feed.table for feed in own if not feed.extend}
        for name, given in tables.items():
            where = f"columns.{name}"
            if not self.check.known(name, TABLES, where, "tables of the schema"):
                continue
            if name in replaced:
                rule = (
                    f"amend a built-in map or a file named {name}.csv; this file has its own feed of `{name}`"
                )
                self.check.wrong(where, rule, name)
            found[name] = self._columns(TABLES[name], given, where)
        return found

    def _joined(
        self, base: Mapping, own: list[Feed], amended: dict[str, dict[str, Value]], *, has_base: bool
    ) -> list[Feed]:
        """Replace or extend the feeds of the built-in map, and amend those that stay."""
        replaced = {feed.table for feed in own if not feed.extend}
        for feed in own:
            if feed.extend and not has_base:
                self.check.wrong(f"{feed.label}.extend", "extend a built-in map; `source.map` names none")
            if feed.extend and feed.table in replaced:
                self.check.wrong(
                    f"{feed.label}.extend", f"either replace or extend the feeds of `{feed.table}`"
                )
        kept = [feed for feed in base.feeds if feed.table not in replaced]
        merged = [
            replace(feed, columns={**feed.columns, **amended[feed.table]})
            if feed.table in amended and not feed.rows else feed
            for feed in kept
        ]  # fmt: skip
        return [*merged, *own]

    def _code_lists(self, columns: Dict[str, Value], codes: Dict[str, object], where: str) -> None:
        for column, value in columns.items():
            for part in _nested(value):
                if part.codes:
                    self.check.known(part.codes, codes, f"{where}.{column}", "code lists under [codes]")

    def _complete(self, feed: Feed) -> bool:
        """Log SCH-001 for each required column that the feed does not fill."""
        table = TABLES[feed.table]
        filled = set(feed.columns)
        if feed.rows:
            filled = set.intersection(*(set(row) for row in feed.rows))
        missing = [name for name in table.required if name not in filled]
        for name in missing:
            self.log.add(
                "SCH-001", table=feed.table, file=self.file, column=f"{feed.label}.{name}",
                rule=f"each feed of `{feed.table}` must fill the required column `{name}`",
                remedy="Add a line for it to the feed in the mapping.",
            )  # fmt: skip
        return not missing


def _text_encoding(name: str) -> bool:
    try:
        return bool(name) and codecs.lookup(name)._is_text_encoding  # pyright: ignore[reportAttributeAccessIssue]
    except (LookupError, ValueError):
        return False


def _nested(value: Value) -> list[Value]:
    return [value, *(each for part in value.parts for each in _nested(part))]
