"""The tabular parts of a source, files and sheets, read with lineage, unusable rows set aside."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from basestock.data.containers import DEFAULT_LIMITS, Limits, Loaded, Member, guarded, open_source
from basestock.data.corrections import corrected, is_quarantine, read_corrections
from basestock.data.csv_scan import BadRow, FileFault, Scan, header_fault, peek_header, scan
from basestock.data.delivery import NAME, Note, is_manifest, read_manifest
from basestock.data.fix_sheet import FINDINGS, read_fix_sheet
from basestock.data.formulas import unescaped
from basestock.data.frames import PROVENANCE, as_text, text_of
from basestock.data.issues import IssueLog
from basestock.data.tables import TABLES
from basestock.data.workbook import SheetInfo, SheetRows, open_workbook, read_sheet

QUARANTINE_MARKS = ("_codes", "_rule", "_remedy", "_load", "_raw")
"""Columns that our own quarantine files add to the original ones, beside `PROVENANCE`."""

_CUT_HEIGHTS = (65_535, 65_536, 1_048_575, 1_048_576)
_CUT_LENGTH = 255
_HEADER_BYTES = 1 << 20
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_BAD_SCHEMA = {"_codes": pl.String, "_rule": pl.String, "_remedy": pl.String, "_raw": pl.String}


@dataclass(frozen=True, slots=True)
class Reading:
    """How the bytes of a part become cells.

    Parameters
    ----------
    encoding, delimiter : str
        Of text files.
    decimal : str
        Of texts in workbooks, so that numbers among them are written alike.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."


@dataclass(frozen=True)
class Rows:
    """Rows of one part.

    Parameters
    ----------
    frame : DataFrame
        Own columns (String, or typed from Parquet), then `PROVENANCE`.
    bad : DataFrame
        Rows set aside: own columns as text where they could be split, ``_raw`` otherwise, `PROVENANCE`,
        ``_codes``, ``_rule``, ``_remedy``.
    native : frozenset of str
        Columns whose cells are numbers or dates in the file, so that nothing about them needs declaring.
    iso : bool
        Dates of the part may be real dates, written in ISO.
    skipped : tuple of str
        Columns that hold no plain values and are not read.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    native: frozenset[str] = frozenset()
    iso: bool = False
    skipped: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return the own columns."""
        return [name for name in self.frame.columns if name not in PROVENANCE]


@dataclass(frozen=True, slots=True)
class Part:
    """One file, archive member or sheet.

    Parameters
    ----------
    member : Member
        The file.
    sheet : SheetInfo or None
        The sheet of a workbook.
    """

    member: Member
    sheet: SheetInfo | None = None

    @property
    def file(self) -> str:
        """Return the name relative to the source."""
        return self.member.name

    @property
    def sheet_name(self) -> str:
        """Return the sheet, or nothing."""
        return self.sheet.name if self.sheet else ""

    @property
    def label(self) -> str:
        """Return ``file`` or ``file#sheet``."""
        return f"{self.file}#{self.sheet_name}" if self.sheet else self.file

    @property
    def table(self) -> str:
        """Return the canonical table the name may mean: ``<table>[.<part>]`` or the sheet."""
        return self.sheet_name.strip() if self.sheet else self.member.stem.split(".")[0]


@dataclass
class Store:
    """All parts of a source; bytes are read once, findings are logged once.

    Parameters
    ----------
    log : IssueLog
        Where findings go.
    limits : Limits
        How much a file may hold.
    """

    log: IssueLog
    limits: Limits = DEFAULT_LIMITS
    parts: list[Part] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    corrections: dict[str, pl.DataFrame] = field(default_factory=dict)
    notes: dict[str, Note] = field(default_factory=dict)
    types: dict[str, dict[str, str]] = field(default_factory=dict)
    _bytes: dict[str, Loaded | FileFault] = field(default_factory=dict)
    _rows: dict[tuple[str, Reading], Rows | FileFault] = field(default_factory=dict)

    def bytes_of(self, member: Member) -> Loaded | FileFault:
        """Return the expanded bytes of a member."""
        if member.name not in self._bytes:
            loaded = member.load(self.limits)
            self._bytes[member.name] = loaded
            if isinstance(loaded, Loaded):
                self.hashes[member.name] = loaded.sha256
        return self._bytes[member.name]

    def release(self, member: Member) -> None:
        """Forget the bytes of a member."""
        self._bytes.pop(member.name, None)

    def fault(
        self, part: Part, fault: FileFault, table: str = "", severity: str = "", action: str = ""
    ) -> None:
        """Log why a part is refused."""
        self.log.add(
            fault.code, table=table, file=part.file, sheet=part.sheet_name, row=fault.row, value=fault.value,
            rule=fault.rule, remedy=fault.remedy, severity=severity, action=action,
        )  # fmt: skip

    def header(self, part: Part, reading: Reading) -> list[str] | None:
        """Return the column names of a part, or None when it cannot be read at all."""
        loaded = self.bytes_of(part.member)
        if isinstance(loaded, FileFault):
            return None
        if part.sheet or part.member.kind == "parquet":
            rows = self.read(part, reading)
            return None if isinstance(rows, FileFault) else rows.columns
        names = peek_header(loaded.data[:_HEADER_BYTES], reading.encoding, reading.delimiter)
        return None if header_fault(names, reading.delimiter) else names

    def read(self, part: Part, reading: Reading) -> Rows | FileFault:
        """Return the rows of a part; findings on rows and notes are logged the first time."""
        key = (part.label, reading)
        if key not in self._rows:
            self._rows[key] = self._read(part, reading)
        return self._rows[key]

    def forget(self) -> None:
        """Forget all rows and bytes."""
        self._rows.clear()
        self._bytes.clear()

    def _read(self, part: Part, reading: Reading) -> Rows | FileFault:
        loaded = self.bytes_of(part.member)
        if isinstance(loaded, FileFault):
            return loaded
        if part.sheet:
            found = _sheet_rows(read_sheet(loaded.data, part.sheet, reading.decimal))
        elif part.member.kind == "parquet":
            found = guarded(lambda: _parquet(loaded.data, self.limits), "FIL-022", "the file must be Parquet")
            if not isinstance(found, FileFault):
                self.types[part.label] = _types(loaded.data)
            self.release(part.member)
        else:
            found = self._text(part, loaded, reading)
        if isinstance(found, FileFault):
            return found
        for name in found.skipped:
            rule = (
                f"a column must hold plain values; `{name}` holds lists, structures or bytes and is not read"
            )
            self.log.add("SCH-002", file=part.file, row=1, column=name, value=name, rule=rule)
        rows = self._fixed(_own_escapes(_with_lineage(_printable(found), part, loaded.sha256)), loaded.sha256)
        _log_bad(self.log, rows.bad)
        self._note_cut(part, rows.frame)
        return rows

    def _fixed(self, rows: Rows, sha256: str) -> Rows:
        """Put corrected rows of quarantine files in the place of the rows they came from."""
        frame, bad = rows.frame, rows.bad
        for fixes in self.corrections.values():
            frame, bad = corrected(frame, bad, fixes, sha256)
        return Rows(frame, bad, rows.native, rows.iso)

    def set_corrections_aside(self) -> None:
        """Take quarantine files and fix sheets of our own out of the parts when the files they came from are there."""
        books = {part.file for part in self.parts if part.sheet_name == FINDINGS}
        taken = {f"{book}#{FINDINGS}" for book in books}
        for part in self.parts:
            if part.table not in TABLES:
                continue
            fixes = self._corrections_of(part) if part.file in books or _is_csv(part) else None
            if fixes is not None and self._holds_originals(fixes):
                self.corrections[part.label] = fixes
                taken.add(part.label)
        self.parts = [part for part in self.parts if part.label not in taken]

    def read_delivery_note(self) -> None:
        """Read the manifest of the source, if there is one; files it names must be there (FIL-017)."""
        for part in [part for part in self.parts if part.member.base == NAME]:
            loaded = self.bytes_of(part.member)
            if isinstance(loaded, FileFault) or not is_manifest(self.header(part, Reading())):
                continue
            self.parts.remove(part)
            notes = read_manifest(loaded.data)
            if isinstance(notes, FileFault):
                self.fault(part, notes)
                continue
            self.notes |= notes
            names = {name for each in self.parts for name in (each.file, each.member.base, each.label)}
            for name in sorted(set(notes) - names):
                rule = f"a file of the manifest must be there; `{name}` is not"
                self.log.add("FIL-017", file=part.file, value=name, rule=rule)

    def note_of(self, part: Part) -> Note | None:
        """Return what the manifest says about a part."""
        names = (part.label, part.file, part.member.base)
        return next((self.notes[name] for name in names if name in self.notes), None)

    def _corrections_of(self, part: Part) -> pl.DataFrame | None:
        """Return the corrected rows of a part; None if it holds none, or cannot be read."""
        loaded = self.bytes_of(part.member)
        if isinstance(loaded, FileFault):
            return None
        if part.sheet:
            return read_fix_sheet(loaded.data, part.sheet)
        return read_corrections(loaded.data) if is_quarantine(self.header(part, Reading())) else None

    def _holds_originals(self, fixes: pl.DataFrame) -> bool:
        """Return True if every corrected row comes from a file that is here, with the same bytes."""
        members = {part.file: part.member for part in self.parts}
        for name, sha256 in fixes.select("_file", "_sha256").unique().iter_rows():
            if name not in members or isinstance(self.bytes_of(members[name]), FileFault):
                return False
            if self.hashes[name] != sha256:
                return False
        return True

    def _text(self, part: Part, loaded: Loaded, reading: Reading) -> Rows | FileFault:
        scanned = guarded(
            lambda: scan(loaded.data, encoding=reading.encoding, delimiter=reading.delimiter),
            "FIL-022", "the file must be delimited text",
        )  # fmt: skip
        self.release(part.member)
        if isinstance(scanned, FileFault):
            return scanned
        if scanned.mark:
            self.log.add("FIL-008", file=part.file, row=1, old=scanned.mark, new="UTF-8")
        return _scanned_rows(scanned)

    def _note_cut(self, part: Part, frame: pl.DataFrame) -> None:
        """Flag a table that looks cut off by a spreadsheet."""
        longest = _longest(frame)
        if frame.height in _CUT_HEIGHTS:
            rule = f"a table must not end at a limit of spreadsheets; it has exactly {frame.height} rows"
        elif longest == _CUT_LENGTH:
            rule = (
                f"texts must not end at a limit of spreadsheets; the longest has exactly {longest} characters"
            )
        else:
            return
        self.log.add("FIL-005", file=part.file, sheet=part.sheet_name, rule=rule)


def open_store(source: Path, log: IssueLog, limits: Limits = DEFAULT_LIMITS) -> Store:
    """Return the parts of a source, workbooks taken apart into their visible sheets.

    Parameters
    ----------
    source : Path
        Folder, zip, workbook, CSV or Parquet file.
    log : IssueLog
        Gets the faults of archives and workbooks.
    limits : Limits
        How much a file may hold.
    """
    store = Store(log, limits)
    for member in open_source(source, log, limits):
        if member.kind != "workbook":
            store.parts.append(Part(member))
            continue
        loaded = store.bytes_of(member)
        sheets = loaded if isinstance(loaded, FileFault) else open_workbook(loaded.data, limits)
        if isinstance(sheets, FileFault):
            store.fault(Part(member), sheets)
            store.refused.add(member.name)
        else:
            store.parts.extend(Part(member, sheet) for sheet in sheets)
    store.set_corrections_aside()
    store.read_delivery_note()
    return store


def _is_csv(part: Part) -> bool:
    return part.sheet is None and part.member.kind == "csv"


def _bad_frame(rows: list[BadRow]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_row": [row.row for row in rows], "_raw": [row.raw for row in rows],
            "_codes": [row.code for row in rows], "_rule": [row.rule for row in rows],
        },
        schema={"_row": pl.Int64, "_raw": pl.String, "_codes": pl.String, "_rule": pl.String},
    )  # fmt: skip


def _scanned_rows(scanned: Scan) -> Rows:
    return Rows(_named(scanned.frame, scanned.header), _bad_frame(scanned.bad))


def _named(frame: pl.DataFrame, header: list[str]) -> pl.DataFrame:
    """Name columns by the header; unnamed empty ones and lineage of our own files are left out."""
    kept = [pl.col("_row")]
    for index, name in enumerate(header):
        empty = not name and frame[str(index)].is_null().all()
        if name not in PROVENANCE and not empty:
            kept.append(pl.col(str(index)).alias(name or f"(column {index + 1})"))
    return frame.select(kept)


def _sheet_rows(found: SheetRows | FileFault) -> Rows | FileFault:
    """Name the columns of a sheet and set its faulty and blank rows aside."""
    if isinstance(found, FileFault):
        return found
    twice = [name for index, name in enumerate(found.header) if name and name in found.header[:index]]
    if twice:
        return FileFault("SCH-005", f"column names must be unique; `{twice[0]}` stands there twice", row=1)
    frame = _named(found.frame, found.header)
    native = frozenset(name for index, name in enumerate(found.header) if index in found.numeric)
    broken = frame.filter(pl.col("_row").is_in(list(found.faulty)))
    rule = "a cell must hold a value, not an error or a formula without result: "
    shown = [rule + found.faulty[row] for row in broken["_row"]]
    bad = broken.with_columns(pl.lit("FIL-021").alias("_codes"), pl.Series("_rule", shown, dtype=pl.String))
    blank = _bad_frame(
        [BadRow(row, "", "FIL-020", "rows must hold values; this one is blank") for row in found.blank]
    )
    good = frame.filter(~pl.col("_row").is_in(list(found.faulty)))
    return Rows(good, pl.concat([bad, blank], how="diagonal"), native, iso=True)


def _parquet(data: bytes, limits: Limits) -> Rows | FileFault:
    """Read Parquet in its own types; columns of lists, structures or bytes are left out."""
    lazy = pl.scan_parquet(io.BytesIO(data))
    schema = lazy.collect_schema()
    height = int(lazy.select(pl.len()).collect().item())
    size = height * max(len(schema), 1) * 8
    if height > limits.max_rows:
        return FileFault("FIL-006", f"a file must have at most {limits.max_rows} rows; it says {height}")
    if size > limits.max_bytes or (size > limits.grace and size > limits.max_ratio * len(data)):
        return FileFault(
            "FIL-001", f"the expanded size must stay within the limits; it would be {size} bytes"
        )
    if height == 0:
        return FileFault("FIL-014", "the file must have at least one row")
    plain = [
        name
        for name, kind in schema.items()
        if not (kind.is_nested() or isinstance(kind, pl.Binary | pl.Object))
    ]
    frame = pl.read_parquet(io.BytesIO(data), columns=plain)
    frame = _plausible_days(frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)))
    native = frozenset(name for name, kind in frame.schema.items() if kind != pl.String)
    numbers = pl.int_range(2, frame.height + 2, dtype=pl.Int64).alias("_row")
    kept = [name for name in frame.columns if name not in PROVENANCE]
    skipped = tuple(name for name in schema if name not in plain)
    return Rows(frame.select(kept).with_columns(numbers), _bad_frame([]), native, True, skipped)


def _types(data: bytes) -> dict[str, str]:
    """Return the type of every column as the file says it; columns without a value have none."""
    schema = pl.read_parquet_schema(io.BytesIO(data))
    plain = {name: kind for name, kind in schema.items() if kind != pl.Null}
    texts = pl.Categorical | pl.Enum
    return {name: "String" if isinstance(kind, texts) else str(kind) for name, kind in plain.items()}


_DAY_UNITS = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = (date(1, 1, 1) - date(1970, 1, 1)).days, (date(9999, 12, 31) - date(1970, 1, 1)).days


def _plausible_days(frame: pl.DataFrame) -> pl.DataFrame:
    """Write columns with days outside the years 1 to 9999 as text: those days as their bare number."""
    for name, kind in frame.schema.items():
        if not isinstance(kind, pl.Date | pl.Datetime):
            continue
        bare = frame[name].to_physical()
        days = bare // _DAY_UNITS[kind.time_unit] if isinstance(kind, pl.Datetime) else bare
        inside = days.is_between(_FIRST_DAY, _LAST_DAY).fill_null(True)
        if not inside.all():
            written = text_of(frame[name].zip_with(inside, pl.Series([None], dtype=kind)))
            frame = frame.with_columns(written.fill_null(bare.cast(pl.String)).alias(name))
    return frame


def _printable(rows: Rows) -> Rows:
    """Set rows with control characters aside; delimited text has been checked by its bytes."""
    if not rows.iso:
        return rows
    texts = [name for name, kind in rows.frame.schema.items() if kind == pl.String]
    if not texts:
        return rows
    dirty = rows.frame.select(
        pl.any_horizontal(pl.col(texts).str.contains(_CONTROL).fill_null(False))
    ).to_series()
    if not dirty.any():
        return rows
    bad = as_text(rows.frame.filter(dirty)).with_columns(
        pl.lit("FIL-009").alias("_codes"),
        pl.lit("a field must be printable text without control characters").alias("_rule"),
    )
    return Rows(
        rows.frame.filter(~dirty), pl.concat([rows.bad, bad], how="diagonal"), rows.native, rows.iso
    )  # fmt: skip


def _with_lineage(rows: Rows, part: Part, sha256: str) -> Rows:
    lineage = (
        pl.lit(part.file).alias("_file"), pl.lit(part.sheet_name).alias("_sheet"),
        pl.col("_row"), pl.lit(sha256).alias("_sha256"),
    )  # fmt: skip
    own = [name for name in rows.frame.columns if name not in PROVENANCE]
    extra = [
        pl.lit(None, dtype=kind).alias(name)
        for name, kind in _BAD_SCHEMA.items()
        if name not in rows.bad.columns
    ]
    kept = [pl.col(name) for name in rows.bad.columns if name not in PROVENANCE]
    bad = rows.bad.select(*kept, *extra, *lineage).sort("_row")
    return Rows(rows.frame.select(*own, *lineage), bad, rows.native, rows.iso)


def _own_escapes(rows: Rows) -> Rows:
    """Read a quarantine file of our own: drop its added columns and remove one escape from each text."""
    if not {"_codes", "_load"} <= set(rows.frame.columns):
        return rows
    frame = rows.frame.drop([name for name in QUARANTINE_MARKS if name in rows.frame.columns])
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in PROVENANCE]
    return Rows(
        frame.with_columns([unescaped(frame[name]) for name in texts]), rows.bad, rows.native, rows.iso
    )


def _longest(frame: pl.DataFrame) -> int:
    """Return the length of the longest text, in characters."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in PROVENANCE]
    if not texts or frame.height == 0:
        return 0
    widest = frame.select(pl.col(texts).str.len_bytes().max())
    if max(int(size or 0) for size in widest.row(0)) < _CUT_LENGTH:
        return 0
    return max(int(size or 0) for size in frame.select(pl.col(texts).str.len_chars().max()).row(0))


def _log_bad(log: IssueLog, bad: pl.DataFrame) -> None:
    """Log one finding per row that was set aside."""
    cells = [name for name in bad.columns if name not in (*PROVENANCE, *_BAD_SCHEMA)]
    whole = pl.concat_str(pl.col(cells).fill_null(""), separator=",") if cells else pl.lit("")
    value = pl.coalesce(pl.col("_raw"), whole)
    for code, rows in bad.group_by("_codes", maintain_order=True):
        log.extend_frame(str(code[0]), rows, value=value, rule=pl.col("_rule"))
