"""A delimited file, checked byte by byte before anybody reads it as a table."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from basestock.data.csv_records import Records, find_records, split_record

CANDIDATES = (",", ";", "\t", "|")
"""Delimiters that are proposed when the declared one does not occur."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes([*range(9), 11, 12, *range(14, 32), 127])
_CONTROL_TABLE = np.isin(np.arange(256), list(_CONTROL))

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FileFault:
    """Why a file is not used at all."""

    code: str
    rule: str
    remedy: str = ""
    row: int | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A record that cannot be split into cells."""

    row: int
    raw: str
    code: str
    rule: str


@dataclass(frozen=True)
class Scan:
    """A delimited file after its checks.

    Parameters
    ----------
    header : list of str
        Trimmed names of the columns.
    frame : DataFrame
        One String column per header name, named by its position, and ``_row`` (header = 1).
    bad : list of BadRow
        Records left out.
    mark : str
        Encoding named by a byte-order mark, or empty.
    """

    header: list[str]
    frame: pl.DataFrame
    bad: list[BadRow] = field(default_factory=list)
    mark: str = ""


def to_utf8(data: bytes, encoding: str) -> tuple[bytes, str]:
    """Return bytes as UTF-8 and the encoding a byte-order mark named, if any.

    Notes
    -----
    Bytes that do not decode stay as they are; UTF-8 rejects them again, row by row.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            if name == "utf-8":
                return data[len(mark) :], "UTF-8"
            return _recoded(data, name), name.upper()
    if codecs.lookup(encoding).name in ("utf-8", "ascii"):
        return data, ""
    return _recoded(data, encoding), ""


def _recoded(data: bytes, encoding: str) -> bytes:
    """Recode as UTF-8; what does not decode becomes bytes that are no UTF-8."""
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError:
        loose = data.decode(encoding, "surrogateescape" if "utf" not in encoding else "replace")
        return loose.replace("\ufffd", "\udcff").encode("utf-8", "surrogateescape")


def _line_ends(text: bytes) -> bytes:
    """Use newlines in a file whose only line ends are carriage returns, and drop empty lines at the end."""
    if b"\r" in text and b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    bare = text.rstrip(b"\r\n")
    return bare + b"\n" if len(bare) < len(text) else text


def peek_header(data: bytes, encoding: str, delimiter: str) -> list[str]:
    """Return the names in the first record of the first bytes of a file, trimmed; [] for an empty one."""
    text, _ = to_utf8(data, encoding)
    text = _line_ends(text)
    if not text.strip():
        return []
    return [name.strip() for name in split_record(text, delimiter.encode())]


def scan(data: bytes, *, encoding: str, delimiter: str) -> Scan | FileFault:
    r"""Check a delimited file and read it as text.

    Parameters
    ----------
    data : bytes
        The whole file, uncompressed.
    encoding : str
        Declared encoding; a byte-order mark wins.
    delimiter : str
        Declared delimiter, one ASCII character.

    Returns
    -------
    Scan or FileFault
        Codes of rows: FIL-007, FIL-009, FIL-012. Faults of the file: FIL-004, FIL-010, FIL-011, FIL-013,
        FIL-014, SCH-005.

    Examples
    --------
    >>> scan(b"item_id,qty\nA,1\n", encoding="utf-8", delimiter=",").frame.rows()
    [('A', '1', 2)]
    """
    text, mark = to_utf8(data, encoding)
    if not text.strip(b"\r\n \t"):
        return FileFault("FIL-014", "the file must have a header and at least one row; it is empty")
    text = _line_ends(text)
    records = find_records(text, delimiter.encode())
    fault = _quote_fault(text, records) or _cut_fault(text)
    if fault:
        return fault
    header = [name.strip() for name in split_record(text[: int(records.ends[0])], delimiter.encode())]
    fault = header_fault(header, delimiter) or _shape_fault(text, records, len(header))
    if fault:
        return fault
    bad = _bad_rows(text, records, len(header))
    frame = _read(text, records, bad, len(header), delimiter)
    if isinstance(frame, FileFault):
        return frame
    return Scan(header, frame, [bad[record] for record in sorted(bad)], mark)


def _shown(record: bytes) -> str:
    return record.rstrip(b"\r\n").decode("utf-8", "backslashreplace")


def _quote_fault(text: bytes, records: Records) -> FileFault | None:
    if records.unclosed < 0:
        return None
    start = int(records.ends[-1]) if len(records.ends) else 0
    line = text[start : text.find(b"\n", start) if b"\n" in text[start:] else len(text)]
    return FileFault(
        "FIL-011", f"quotes must balance; a quote that opens in row {records.unclosed + 1} does not close",
        row=records.unclosed + 1, value=_shown(line),
    )  # fmt: skip


def _cut_fault(text: bytes) -> FileFault | None:
    if text.endswith(b"\n"):
        return None
    return FileFault(
        "FIL-004", "the last row must be complete and end its line; the file ends in the middle of a line",
        "Export the file again, or end its last line, if it is known to be complete.",
        row=text.count(b"\n") + 1, value=_shown(text[text.rfind(b"\n") + 1 :]),
    )  # fmt: skip


def header_fault(header: list[str], delimiter: str) -> FileFault | None:
    """Refuse a header without the declared delimiter, or with one name twice."""
    others = [mark for mark in CANDIDATES if mark != delimiter and header and mark in header[0]]
    if len(header) == 1 and others:
        mark = max(others, key=header[0].count)
        shown = {"\t": "tab"}.get(mark, mark)
        return FileFault(
            "FIL-010", f"fields must be separated by the declared `{delimiter}`, not by `{shown}`",
            f"In the mapping, declare delimiter = {mark!r}; or export with `{delimiter}`.", 1, header[0],
        )  # fmt: skip
    twice = [name for index, name in enumerate(header) if name and name in header[:index]]
    if twice:
        return FileFault(
            "SCH-005", f"column names must be unique; `{twice[0]}` stands there twice", row=1, value=twice[0]
        )
    return None


def _shape_fault(text: bytes, records: Records, width: int) -> FileFault | None:
    """Refuse a file whose rows are all one field too long, or whose last row is short."""
    rows = records.fields[1:]
    if len(rows) == 0:
        return FileFault("FIL-014", "the file must have at least one row; it has a header only", row=1)
    if bool((rows == width + 1).all()):
        return FileFault(
            "FIL-013", f"rows must have as many fields as the header ({width}); all have {width + 1}", row=2,
            value=_shown(text[int(records.ends[0]) : int(records.ends[1])]),
        )  # fmt: skip
    if int(rows[-1]) < width:
        return FileFault(
            "FIL-004", f"the last row must be complete; it has {int(rows[-1])} of {width} fields",
            row=len(rows) + 1, value=_shown(text[int(records.starts[-1]) :]),
        )  # fmt: skip
    return None


def _bad_rows(text: bytes, records: Records, width: int) -> dict[int, BadRow]:
    """Return the records that are left out, by record number; the header is record 0."""
    found: dict[int, BadRow] = {}
    starts = records.starts

    def add(rows: Rows, code: str, rule: str) -> None:
        for record in rows.tolist():
            if record > 0 and record not in found:
                raw = _shown(text[int(starts[record]) : int(records.ends[record])])
                found[record] = BadRow(record + 1, raw, code, rule.format(records.fields[record]))

    add(_undecodable(text, records), "FIL-007", "each row must decode in the declared encoding")
    add(_unprintable(text, records), "FIL-009", "a field must be printable text without control characters")
    add(
        np.flatnonzero(records.fields != width),
        "FIL-012", f"a row must have as many fields as the header: {width}, not {{}}",
    )  # fmt: skip
    return found


def _undecodable(text: bytes, records: Records) -> Rows:
    """Return the records that are no UTF-8."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return np.zeros(0, np.int64)
    high = records.holding(np.flatnonzero(np.frombuffer(text, np.uint8) >= 0x80))
    starts = records.starts
    return np.array([r for r in high.tolist() if not _decodes(text[starts[r] : records.ends[r]])], np.int64)


def _decodes(record: bytes) -> bool:
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _unprintable(text: bytes, records: Records) -> Rows:
    """Return the records with control characters, or with a carriage return that ends no line."""
    positions: list[Rows] = []
    array = np.frombuffer(text, np.uint8)
    if len(text.translate(None, _CONTROL)) < len(text):
        positions.append(np.flatnonzero(_CONTROL_TABLE[array]))
    if b"\xc2" in text:
        second = np.flatnonzero(array[:-1] == 0xC2) + 1
        positions.append(second[(array[second] >= 0x80) & (array[second] < 0xA0)])
    found = records.holding(np.concatenate(positions)) if positions else np.zeros(0, np.int64)
    if text.count(b"\r") > text.count(b"\r\n"):
        found = np.union1d(found, _broken(text, array, records))
    return found


def _broken(text: bytes, array: npt.NDArray[np.uint8], records: Records) -> Rows:
    """Return the records with a carriage return outside quotes that ends no line."""
    returns = np.flatnonzero(array[:-1] == 13)
    lone = returns[array[returns + 1] != 10]
    owners = np.searchsorted(records.ends, lone, side="right")
    starts = records.starts[owners]
    pairs = zip(lone.tolist(), owners.tolist(), starts.tolist(), strict=True)
    outside = [owner for at, owner, start in pairs if text.count(b'"', start, at) % 2 == 0]
    return np.unique(np.array(outside, np.int64))


def _clean(text: bytes, records: Records, bad: dict[int, BadRow]) -> bytes:
    """Return the good records after the header, stray quotes written in strict form."""
    first = int(records.ends[0])
    if not bad and not records.rewritten:
        return text[first:]
    pieces: list[bytes] = []
    position = first
    starts = records.starts
    for record in sorted({*bad, *records.rewritten} - {0}):
        pieces.append(text[position : int(starts[record])])
        if record not in bad:
            pieces.append(records.rewritten[record])
        position = int(records.ends[record])
    return b"".join([*pieces, text[position:]])


def _read(
    text: bytes, records: Records, bad: dict[int, BadRow], width: int, delimiter: str
) -> pl.DataFrame | FileFault:
    """Read the good records as text and number them as in the file."""
    names = [str(index) for index in range(width)]
    body = delimiter.join(names).encode() + b"\n" + _clean(text, records, bad)
    frame = pl.read_csv(
        body, separator=delimiter, infer_schema=False, schema=dict.fromkeys(names, pl.String), quote_char='"'
    )
    rows = np.delete(np.arange(2, len(records.ends) + 1), [record - 1 for record in bad])
    if frame.height != len(rows):
        return FileFault(
            "FIL-011", f"quotes must balance; {len(rows)} rows were counted and {frame.height} read"
        )
    return frame.with_columns(pl.Series("_row", rows, dtype=pl.Int64))
