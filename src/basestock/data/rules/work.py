"""The tables in progress: live rows, what was taken out and why, who is held, flagged and assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from basestock.data.codes import catalogue
from basestock.data.frames import BOOKKEEPING, FeedFrame, SourceInfo
from basestock.data.issues import IssueLog, Text
from basestock.data.tables import TABLES, Table

POLARS_TYPES: dict[str, Any] = {
    "str": pl.String,
    "enum": pl.String,
    "dec": pl.Float64,
    "int": pl.Int64,
    "bool": pl.Boolean,
    "date": pl.Date,
    "ts": pl.Datetime("us", "UTC"),
}
"""Type in memory of every type of the schema."""

MAIN = "MAIN"
"""The place of a source that names none."""

_ITEM_COLUMNS = ("item_id", "parent_id", "from_item")
_LOCATION_COLUMNS = ("location_id", "to_location")
_HOLDING = frozenset(
    (
        "item", "item_location", "inventory", "demand_history", "item_supplier", "lane", "bom",
        "purchase_order", "transfer_order", "production_order",
    )
)  # fmt: skip
"""Tables whose quarantined rows hold the item-location they touch."""

_KEY_WORDS = {
    "item_id": "item", "location_id": "location", "supplier_id": "supplier", "po_id": "po", "line_id": "line",
    "parent_id": "parent", "component_id": "component", "lot_id": "lot", "bucket_start": "date",
    "as_of": "date", "receipt_date": "date", "from_location": "from", "to_location": "to",
    "schedule_id": "schedule", "calendar_id": "calendar", "from_uom": "from_uom", "to_uom": "to_uom",
}  # fmt: skip
_KEY_ORDER = ("item", "location", "date", "supplier", "po", "line", "parent", "component", "lot")

_LINEAGE = {"_id": pl.Int64, "_file": pl.String, "_sheet": pl.String, "_row": pl.Int64, "_sha256": pl.String}
_COMPUTED = {"item_supplier": {"factor": pl.Float64, "stated_lead_time_days": pl.Float64}}
_PAIR = {"item_id": pl.String, "location_id": pl.String, "code": pl.String}
_ASSUMPTION = {"what": pl.String, "value": pl.String, "effect": pl.String, "scope": pl.String}
_TAKEN = {"_id": pl.Int64, "_codes": pl.String, "_rule": pl.String, "_remedy": pl.String}


def _no_pairs() -> pl.DataFrame:
    return pl.DataFrame(schema={"item_id": pl.String, "location_id": pl.String})


@dataclass(frozen=True)
class Settings:
    """What the person who loads says about this load.

    Parameters
    ----------
    as_of : date or None
        Day of the plan; None = as the source declares, else the newest snapshot.
    currency : str or None
        Reporting currency, ISO 4217.
    gaps : str or None
        Meaning of absent buckets: ``zero``, ``closed`` or ``missing``.
    assume_factor : float or None
        Number taken for every missing unit factor, base units per unit.
    """

    as_of: date | None = None
    currency: str | None = None
    gaps: str | None = None
    assume_factor: float | None = None


def blank(table: Table) -> dict[str, Any]:
    """Return the columns of a table in memory, with their types."""
    return {column.name: POLARS_TYPES[column.type] for column in table.columns}


def key_text(table: str, columns: list[str]) -> pl.Expr:
    """Return the key of each row as reports write it: ``item=4711, location=DC``."""
    words = {_KEY_WORDS.get(name, name): name for name in TABLES[table].key if name in columns}
    extra = [name for name in ("item_id", "location_id") if name in columns and name not in TABLES[table].key]
    words |= {_KEY_WORDS[name]: name for name in extra}
    ordered = [word for word in _KEY_ORDER if word in words]
    ordered += [word for word in words if word not in ordered]
    parts = [pl.format(f"{word}={{}}", pl.col(words[word]).cast(pl.String)) for word in ordered]
    return pl.concat_str(parts, separator=", ", ignore_nulls=True) if parts else pl.lit("")


@dataclass
class TableWork:
    """One table in progress.

    Parameters
    ----------
    table : Table
        Its schema.
    feeds : list of FeedFrame
        Where its rows come from.
    text : DataFrame
        All rows as read, in canonical names; the row number is the row's ``_id``.
    frame : DataFrame
        Live typed rows, with ``_id`` and lineage.
    alive : Series of bool
        By ``_id``: False for rows taken out.
    repaired : Series of bool
        By ``_id``: True for rows that a rule has changed.
    taken : dict
        Rows taken out, by disposition: quarantined, folded, ignored.
    quantities : DataFrame
        Quantity columns as parsed, by ``_id``.
    """

    table: Table
    feeds: list[FeedFrame]
    text: pl.DataFrame
    frame: pl.DataFrame
    alive: pl.Series
    repaired: pl.Series
    taken: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    quantities: pl.DataFrame = field(default_factory=pl.DataFrame)

    def ids(self, disposition: str) -> pl.Series:
        """Return the row numbers taken out under one disposition."""
        frames = self.taken.get(disposition, [])
        return pl.concat(frames)["_id"].unique().sort() if frames else pl.Series("_id", [], dtype=pl.Int64)

    def findings(self) -> pl.DataFrame:
        """Return codes, rules and remedies of quarantined rows, one row each."""
        frames = self.taken.get("quarantined", [])
        if not frames:
            return pl.DataFrame(schema=_TAKEN)
        joined = [pl.col(name).unique(maintain_order=True).str.join(" ") for name in ("_rule", "_remedy")]
        codes = pl.col("_codes").unique().sort().str.join(";")
        return pl.concat(frames).group_by("_id").agg(codes, *joined).sort("_id")


@dataclass
class Work:
    """All tables of a load in progress.

    Parameters
    ----------
    tables : dict of str to TableWork
        Tables that were read.
    log : IssueLog
        Findings.
    info : SourceInfo
        Declarations of the source.
    settings : Settings
        What the loading person said.
    as_of : date
        Day of the plan, once known.
    currency : str
        Reporting currency.
    bucket : str
        Length of a demand bucket: day, week or month.
    gaps : str
        Meaning of absent buckets.
    known : dict of str to Series
        Identifiers of each master table, those of quarantined rows included.
    vanished : DataFrame
        item_id, location_id that an earlier load had and this one has not.
    """

    tables: dict[str, TableWork]
    log: IssueLog
    info: SourceInfo
    settings: Settings
    as_of: date = date.min
    currency: str = "XXX"
    bucket: str = "day"
    gaps: str = "missing"
    known: dict[str, pl.Series] = field(default_factory=dict)
    derived: dict[str, pl.DataFrame] = field(default_factory=dict)
    vanished: pl.DataFrame = field(default_factory=_no_pairs)
    _holds: list[pl.DataFrame] = field(default_factory=list)
    _flags: list[pl.DataFrame] = field(default_factory=list)
    _assumed: list[dict[str, str]] = field(default_factory=list)

    def has(self, table: str) -> bool:
        """Return True when the table has live rows."""
        return self.rows(table).height > 0

    def rows(self, table: str) -> pl.DataFrame:
        """Return the live typed rows of a table; an empty frame when it was not read."""
        if table in self.tables:
            return self.tables[table].frame
        if table in self.derived:
            return self.derived[table]
        return pl.DataFrame(schema={**blank(TABLES[table]), **_LINEAGE, **_COMPUTED.get(table, {})})

    def put(self, table: str, frame: pl.DataFrame) -> None:
        """Replace the live rows of a table."""
        if table in self.tables:
            self.tables[table].frame = frame
        else:
            self.derived[table] = frame

    def settle(self, *tables: str) -> None:
        """Remove the rows that findings took out; all tables by default."""
        for name in tables or self.tables:
            if name not in self.tables:
                continue
            work = self.tables[name]
            alive = work.alive.gather(work.frame["_id"])
            if not alive.all():
                work.frame = work.frame.filter(alive)

    def raw(self, table: str, column: str, ids: pl.Series) -> pl.Series:
        """Return the text of one column as it was read, for some rows."""
        text = self.tables[table].text if table in self.tables else pl.DataFrame()
        if column not in text.columns:
            return pl.repeat("", len(ids), dtype=pl.String, eager=True)
        return text[column].gather(ids).fill_null("")

    def find(
        self,
        code: str,
        table: str,
        rows: pl.DataFrame,
        *,
        column: str = "",
        value: Text | None = None,
        old: Text = "",
        new: Text = "",
        rule: Text = "",
        remedy: Text = "",
        action: str = "",
        severity: str = "",
        key: Text | None = None,
    ) -> None:
        """Record one finding per offending row and do what its code says.

        Parameters
        ----------
        code : str
            Code of the catalogue.
        table : str
            Table of the rows.
        rows : DataFrame
            Offenders with ``_id``, lineage and identity columns.
        column : str
            The offending column; its raw text is the value unless `value` is given.
        value, old, new, rule, remedy, key : str or Expr
            As in `IssueLog.extend_frame`.
        action, severity : str
            Replace the catalogue's, unless the code was raised.
        """
        if rows.height == 0:
            return
        entry = self.log.entries[code]
        raised = entry.severity != catalogue()[code].severity
        action = entry.action if raised or not action else action
        severity = entry.severity if raised or not severity else severity
        if value is None and "_id" in rows.columns:
            rows = rows.with_columns(self.raw(table, column, rows["_id"]).alias("_value"))
            value = pl.col("_value")
        item, location = _touched(rows)
        self.log.extend_frame(
            code, rows, table=table, column=column, value="" if value is None else value, old=old, new=new, rule=rule,
            remedy=remedy, action=action, severity=severity, item_id=item, location_id=location,
            key=_with_count(key_text(table, rows.columns), rows) if key is None else key,
        )  # fmt: skip
        words = (
            entry.rule if isinstance(rule, str) and not rule else rule,
            entry.remedy if isinstance(remedy, str) and not remedy else remedy,
        )
        self.act(code, table, rows, action=action, severity=severity, words=words)

    def act(
        self,
        code: str,
        table: str,
        rows: pl.DataFrame,
        *,
        action: str,
        severity: str,
        words: tuple[Text, Text],
    ) -> None:
        """Do to rows, and to the item-locations they touch, what an action says."""
        if action in ("quarantine", "refuse") and "_id" in rows.columns:
            self._take(code, table, rows, "quarantined", words)
        if action in ("hold", "stop") or (action in ("quarantine", "refuse") and table in _HOLDING):
            self.hold(code, rows)
        if action == "fold":
            self._take(code, table, rows, "folded", words)
        if action == "ignore":
            self._take(code, table, rows, "ignored", words)
        if action == "repair":
            self.mark_repaired(table, rows["_id"])
        if severity == "warning" or (severity == "repair" and code not in self.info.declarations.repairs):
            self.flag(code, rows) if action != "ignore" else None

    def _take(
        self, code: str, table: str, rows: pl.DataFrame, disposition: str, words: tuple[Text, Text]
    ) -> None:
        if table not in self.tables:
            return
        work = self.tables[table]
        rule, remedy = (pl.lit(word) if isinstance(word, str) else word for word in words)
        taken = rows.select(
            pl.col("_id").cast(pl.Int64),
            pl.lit(code).alias("_codes"),
            rule.alias("_rule"),
            remedy.alias("_remedy"),
        )
        work.taken.setdefault(disposition, []).append(taken)
        work.alive = work.alive.scatter(taken["_id"], False)

    def mark_repaired(self, table: str, ids: pl.Series) -> None:
        """Count rows as repaired."""
        work = self.tables[table]
        work.repaired = work.repaired.scatter(ids, True)

    def hold(self, code: str, rows: pl.DataFrame) -> None:
        """Keep the item-locations of some rows from being planned; no location = everywhere."""
        self._holds.append(_pairs(code, rows).filter(pl.col("item_id").is_not_null()))

    def flag(self, code: str, rows: pl.DataFrame) -> None:
        """Keep the item-locations of some rows from automatic release; no item = every item."""
        self._flags.append(_pairs(code, rows))

    def find_source(self, code: str, table: str, *, flag: bool = True, **texts: Any) -> None:
        """Record one finding about a whole file or table, which flags everything that rests on it."""
        self.log.add(code, table=table, **texts)
        if flag and self.log.entries[code].severity != "error":
            self._flags.append(pl.DataFrame([[None, None, code]], schema=_PAIR, orient="row"))
        elif flag and self.log.entries[code].action == "hold":
            everything = pl.DataFrame({"item_id": self.known.get("item", pl.Series(dtype=pl.String))})
            self.hold(code, everything)

    def assume(self, what: str, value: str, effect: str, scope: str = "all") -> None:
        """List a default or guess that numbers rest on."""
        self._assumed.append({"what": what, "value": value, "effect": effect, "scope": scope})

    def holds(self) -> pl.DataFrame:
        """Return item_id, location_id (null = everywhere) and code of everything held."""
        return _unique(self._holds)

    def flags(self) -> pl.DataFrame:
        """Return item_id (null = every item), location_id and code of everything flagged."""
        return _unique(self._flags)

    def assumptions(self) -> pl.DataFrame:
        """Return the list of defaults and guesses, in stable order."""
        frame = pl.DataFrame(self._assumed, schema=_ASSUMPTION)
        return frame.unique(maintain_order=True).sort(list(_ASSUMPTION))


def _with_count(key: pl.Expr, rows: pl.DataFrame) -> pl.Expr:
    """Add the number of source rows to the key of rows that were folded from several."""
    if "_count" not in rows.columns or "_id" not in rows.columns:
        return key
    several = pl.format("{}, rows={}", key, "_count")
    return pl.when(pl.col("_count") > 1).then(several).otherwise(key)


def _touched(rows: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """Return the item and the location that each row touches."""
    item = next((name for name in _ITEM_COLUMNS if name in rows.columns), None)
    location = next((name for name in _LOCATION_COLUMNS if name in rows.columns), None)
    nothing = pl.lit(None, dtype=pl.String)
    return (pl.col(item) if item else nothing), (pl.col(location) if location else nothing)


def _pairs(code: str, rows: pl.DataFrame) -> pl.DataFrame:
    item, location = _touched(rows)
    return rows.select(
        item.alias("item_id"), location.alias("location_id"), pl.lit(code).alias("code")
    ).unique()


def _unique(frames: list[pl.DataFrame]) -> pl.DataFrame:
    if not frames:
        return pl.DataFrame(schema=_PAIR)
    return pl.concat(frames).unique().sort("item_id", "location_id", "code")


def joined_text(feeds: list[FeedFrame]) -> pl.DataFrame:
    """Return the rows of all feeds of a table below each other, numbered by ``_id``."""
    frames = [feed.frame for feed in feeds]
    text = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal")
    return text.with_row_index("_id").with_columns(pl.col("_id").cast(pl.Int64))


def lineage(text: pl.DataFrame) -> list[str]:
    """Return the bookkeeping columns that live rows carry."""
    return ["_id", *(name for name in BOOKKEEPING if name in text.columns and name != "_source")]


def merged_settings(info: SourceInfo, settings: Settings) -> Mapping[str, str | None]:
    """Return currency and gaps: what the person says wins over what the source declares."""
    return {
        "currency": settings.currency or info.currency,
        "gaps": settings.gaps or info.gaps,
    }
