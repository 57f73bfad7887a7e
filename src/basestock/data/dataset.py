"""From an export to a checked dataset: typed canonical tables, and everything that was found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl

from basestock.data.codes import with_rules
from basestock.data.currencies import CODES
from basestock.data.dataset_folder import StoredLoad, is_dataset_folder
from basestock.data.frames import BOOKKEEPING, Declarations, FeedFrame, SourceInfo
from basestock.data.issues import IssueLog
from basestock.data.rules.drift import MAX_LOADS, EarlierLoad
from basestock.data.rules.outcome import (
    RowCounts,
    check_balance,
    check_stops,
    flagged_pairs,
    held_pairs,
    planned_pairs,
    quantity_sums,
    quarantine_frames,
    row_counts,
)
from basestock.data.rules.pipeline import Gaps, declared_gaps, run_rules
from basestock.data.rules.rates import exposure, review_days
from basestock.data.rules.restated import empty_shares
from basestock.data.rules.work import Settings, Work
from basestock.data.tables import TABLES

if TYPE_CHECKING:
    from basestock.data.check import CheckReport

__all__ = ["Dataset", "LoadError", "RowCounts", "load"]

GAPS = ("zero", "closed", "missing")
"""What absent demand buckets may mean."""

_ASSUMED = "_assumed"


class LoadError(ValueError):
    """An argument of `load` is not possible."""


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Checked canonical tables of one load.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Accepted and repaired rows by table, typed (dates `pl.Date`, decimals Float64), every canonical
        column, kept source columns as ``attr.NAME``, sorted by key. Quantities are in base units, money in
        `currency`. `item_supplier` has ``factor`` (base units per order unit) and
        ``stated_lead_time_days``; `demand_history` has ``complete`` (False: the bucket had not ended);
        ``_assumed`` names the columns of a row that the profile guesses (``*`` = all).
    issues : DataFrame
        Every finding, most money first.
    quarantine : dict of str to DataFrame
        Rows taken out, by table, in their original columns and text.
    counts : dict of str to RowCounts
        Rows by table.
    quantities : dict of str to (dict of str to RowCounts)
        Sums of quantity columns by table and column, in units of the source.
    held : DataFrame
        item_id, location_id, codes, on_hand, open_orders, look_by: not planned.
    flagged : DataFrame
        item_id, location_id, codes: planned, never released automatically.
    pairs : DataFrame
        item_id, location_id, exposure: every stocked item-location with its money at stake.
    as_of : date
        Day of the plan.
    currency : str
        Reporting currency, ISO 4217; XXX = unknown.
    bucket : str
        ``day``, ``week`` or ``month``.
    gaps : str or None
        ``zero``, ``closed``, ``missing``; None = nobody says, which counts as missing.
    review_days : float
        Usual review period, days.
    inputs_sha : str
        Hash of every file that was read and of the mapping.
    assumptions : DataFrame
        what, value, effect, scope of every default and guess.
    info : SourceInfo
        Declarations of the source.
    strict : bool
        Warnings stop too.
    settings, rules, mapped : Settings, mapping of str to str, bool
        What was said at loading: settings, raised severities, whether a mapping was used.
    feeds, read_findings : tuple of FeedFrame, DataFrame
        Text of the source and the findings of reading it, kept so that the load can be repeated.
    rows_read : mapping of str to tuple of int
        Rows read in the last loads, oldest first, this one included, by table.
    empty_shares : mapping of str to (mapping of str to tuple of float)
        Share of empty cells in the same loads, by table and column as read.
    """

    tables: dict[str, pl.DataFrame]
    issues: pl.DataFrame
    quarantine: dict[str, pl.DataFrame]
    counts: dict[str, RowCounts]
    quantities: dict[str, dict[str, RowCounts]]
    held: pl.DataFrame
    flagged: pl.DataFrame
    pairs: pl.DataFrame
    as_of: date
    currency: str
    bucket: str
    gaps: Gaps | None
    review_days: float
    inputs_sha: str
    assumptions: pl.DataFrame
    info: SourceInfo
    strict: bool = False
    settings: Settings = field(default_factory=Settings)
    rules: Mapping[str, str] = field(default_factory=dict)
    mapped: bool = False
    feeds: tuple[FeedFrame, ...] = ()
    read_findings: pl.DataFrame = field(default_factory=pl.DataFrame)
    rows_read: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    empty_shares: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {frame.height}" for name, frame in self.tables.items())
        return f"Dataset({self.info.name}, as of {self.as_of}: {rows}; {self.issues.height} findings)"

    def check(self, previous: str | Path | None = None) -> CheckReport:
        """Return the health report.

        Parameters
        ----------
        previous : path, optional
            Folder of an earlier load, for the difference and the dates a finding was first and last seen.
        """
        from basestock.data.check import CheckReport

        return CheckReport.of(self, previous)

    def compared_with(self, previous: str | Path) -> Dataset:
        """Return this load with what changed since an earlier one found (SCH-003, SCH-006, SCH-008, PRC-007).

        Parameters
        ----------
        previous : path
            Folder of the earlier load.
        """
        log = IssueLog(with_rules(self.rules))
        log.restore(self.read_findings)
        earlier = StoredLoad(Path(previous)).as_earlier()
        return _finish(
            list(self.feeds), self.info, log, self.settings, self.rules, earlier,
            mapped=self.mapped, strict=self.strict,
        )  # fmt: skip

    def write(self, folder: str | Path, previous: str | Path | None = None) -> Path:
        """Write tables, findings and quarantine to a folder, all or nothing.

        Parameters
        ----------
        folder : path
            New or empty folder, or one that `write` has made: that one is replaced.
        previous : path, optional
            Folder of an earlier load: ``history.csv`` then says when each finding was first and last seen.

        Returns
        -------
        Path
            The folder, with ``dataset/*.parquet``, ``manifest.json``, ``issues.csv``,
            ``quarantine/<table>.csv``; `load` reads it again.
        """
        from basestock.data.dataset_folder import write_folder

        return write_folder(self, Path(folder), None if previous is None else Path(previous))


def load(
    source: str | Path,
    *,
    map: str | Path | None = None,
    gaps: str | None = None,
    assume_factor: float | None = None,
    since: date | None = None,
    as_of: date | None = None,
    currency: str | None = None,
    rules: Mapping[str, str] | None = None,
    strict: bool = False,
    previous: str | Path | None = None,
) -> Dataset:
    """Read an export, check every row, and return what can be used beside what was found.

    Parameters
    ----------
    source : path
        Folder, zip, workbook or file of an export; or a folder that `Dataset.write` has made.
    map : str or path, optional
        Built-in map (``odoo``, ``erpnext``, ``sap``, ``frepple``, ``adventureworks``) or a mapping file.
    gaps : {"zero", "closed", "missing"}, optional
        What absent demand buckets mean; wins over the mapping.
    assume_factor : float, optional
        Number taken for every missing unit factor, base units per unit; flagged.
    since : date, optional
        History before this day is ignored.
    as_of : date, optional
        Day of the plan. Default: as the source declares, else the newest stock snapshot.
    currency : str, optional
        Reporting currency, ISO 4217. Default: as declared, else the only one in use, else XXX.
    rules : mapping of str to str, optional
        Severities to raise, for example ``{"INV-003": "E"}``.
    strict : bool
        Warnings stop too.
    previous : path, optional
        Folder of an earlier load: what changed since is found (SCH-003, SCH-006, SCH-008, PRC-007).

    Returns
    -------
    Dataset
        Bad data never raises: it is in `Dataset.issues`, and `Dataset.check` says what it means.

    Raises
    ------
    LoadError
        If an argument is not possible.
    UnknownCodeError
        If `rules` names no code, or would lower a severity.
    """
    settings = _settings(gaps, assume_factor, as_of, currency)
    earlier = None if previous is None else StoredLoad(Path(previous)).as_earlier()
    if is_dataset_folder(Path(source)):
        _refuse_reading_flags(map, since)
        return _load_again(StoredLoad(Path(source)), settings, rules, earlier, strict=strict)
    log = IssueLog(with_rules(rules))
    feeds, info = _read(Path(source), map, log, gaps, since)
    return _finish(feeds, info, log, settings, rules or {}, earlier, mapped=map is not None, strict=strict)


def _refuse_reading_flags(map_: str | Path | None, since: date | None) -> None:
    for name, value in (("map", map_), ("since", since)):
        if value is not None:
            msg = f"{name} is `{value}`; the source is a loaded dataset, where it does not apply: load the export again"
            raise LoadError(msg)


def _load_again(
    stored: StoredLoad,
    said: Settings,
    rules: Mapping[str, str] | None,
    earlier: EarlierLoad | None,
    *,
    strict: bool,
) -> Dataset:
    """Repeat a load from the text kept beside it; what is said now wins over what was said then."""
    before = stored.settings()
    given = {name: value for name, value in asdict(said).items() if value is not None}
    merged = {**stored.rules, **(rules or {})}
    log = IssueLog(with_rules(merged))
    log.restore(stored.findings())
    mapped = bool(stored.manifest["mapped"])
    settings = replace(before, **given)
    feeds, info = stored.feeds(), stored.info()
    return _finish(feeds, info, log, settings, merged, earlier, mapped=mapped, strict=strict)


def _finish(
    feeds: list[FeedFrame],
    info: SourceInfo,
    log: IssueLog,
    settings: Settings,
    rules: Mapping[str, str],
    earlier: EarlierLoad | None,
    *,
    mapped: bool,
    strict: bool,
) -> Dataset:
    read = log.touched()
    work = run_rules(feeds, info, log, settings, earlier)
    dataset = assemble(work, strict=strict)
    rows = {
        name: [*(earlier.rows.get(name, []) if earlier else []), int(n.read)]
        for name, n in dataset.counts.items()
    }
    return replace(
        dataset, settings=settings, rules=dict(rules), mapped=mapped, feeds=tuple(feeds), read_findings=read,
        rows_read={name: tuple(counts[-MAX_LOADS:]) for name, counts in rows.items()},
        empty_shares=_with_earlier(empty_shares(work), earlier),
    )  # fmt: skip


def _with_earlier(
    shares: Mapping[str, Mapping[str, float]], earlier: EarlierLoad | None
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return the shares of empty cells of the last loads, this one last."""
    before = earlier.empty if earlier else {}
    return {
        table: {
            name: tuple([*before.get(table, {}).get(name, ()), round(share, 6)][-MAX_LOADS:])
            for name, share in columns.items()
        }
        for table, columns in shares.items()
    }


def _settings(
    gaps: str | None, assume_factor: float | None, as_of: date | None, currency: str | None
) -> Settings:
    if gaps is not None and gaps not in GAPS:
        msg = f"gaps is `{gaps}`; must be one of {', '.join(GAPS)}"
        raise LoadError(msg)
    if assume_factor is not None and not 0 < assume_factor < float("inf"):
        msg = f"assume_factor is {assume_factor}; must be a number > 0"
        raise LoadError(msg)
    if currency is not None and currency not in CODES:
        msg = f"currency is `{currency}`; must be an ISO 4217 code, for example EUR"
        raise LoadError(msg)
    return Settings(as_of=as_of, currency=currency, gaps=gaps, assume_factor=assume_factor)


def _read(
    source: Path, map_: str | Path | None, log: IssueLog, gaps: str | None, since: date | None
) -> tuple[list[FeedFrame], SourceInfo]:
    """Read the feeds of a source; a bad mapping leaves none, and its findings in the log."""
    from basestock.data.mapping import load_mapping
    from basestock.data.sources import read_source

    mapping = None
    if map_ is not None:
        mapping = load_mapping(map_, log)
        if mapping is None:
            return [], _unread(source)
    read = read_source(source, mapping=mapping, log=log, gaps=cast("Gaps | None", gaps), since=since)
    return read.feeds, read.info


def _unread(source: Path) -> SourceInfo:
    return SourceInfo(
        name=source.resolve().name, as_of=None, currency=None, timezone=None, week_rule=None, gaps=None,
        lead_time="learned", declarations=Declarations(), assume={}, files=(), inputs_sha="",
    )  # fmt: skip


def assemble(work: Work, *, strict: bool = False) -> Dataset:
    """Return the dataset that the rules have come to."""
    pairs = planned_pairs(work)
    held = held_pairs(work, pairs)
    check_stops(work, pairs, held)
    counts, quantities = row_counts(work), quantity_sums(work)
    check_balance(work.log, counts, quantities)
    money = exposure(work)
    worth = pairs.join(money, on=["item_id", "location_id"], how="left", maintain_order="left")
    names = [*work.tables, *work.derived]
    return Dataset(
        tables={name: canonical(work, name) for name in TABLES if name in names},
        issues=work.log.to_frame(money),
        quarantine=quarantine_frames(work, work.info.inputs_sha[:16]),
        counts=counts,
        quantities=quantities,
        held=held,
        flagged=flagged_pairs(work, pairs),
        pairs=worth.select("item_id", "location_id", pl.col("exposure").fill_null(0.0)),
        as_of=work.as_of,
        currency=work.currency,
        bucket=work.bucket,
        gaps=declared_gaps(work),
        review_days=review_days(work),
        inputs_sha=work.info.inputs_sha,
        assumptions=work.assumptions(),
        info=work.info,
        strict=strict,
    )


def canonical(work: Work, name: str) -> pl.DataFrame:
    """Return the live rows of a table without lineage, sorted by key, so that the order of files is no matter."""
    frame = work.rows(name)
    if _ASSUMED in frame.columns and not (frame[_ASSUMED] != "").any():
        frame = frame.drop(_ASSUMED)
    hidden = [column for column in (*BOOKKEEPING, "_id") if column in frame.columns and column != _ASSUMED]
    frame = frame.drop(hidden)
    own = [column for column in TABLES[name].names if column in frame.columns]
    rest = sorted(column for column in frame.columns if column not in own)
    key = [column for column in TABLES[name].key if frame[column].null_count() < frame.height]
    frame = frame.select(*own, *rest)
    return frame.sort(key, nulls_last=False) if key else frame
