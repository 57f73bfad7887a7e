"""Sheets of a workbook as text: plain values only, hidden sheets left alone, errors never read as empty."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Any
from xml.etree import ElementTree

import polars as pl

from basestock.data.containers import Limits, expand, guarded
from basestock.data.csv_scan import FileFault

_OLE = b"\xd0\xcf\x11\xe0"
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)([0-9]+)"')
_TYPE = re.compile(rb'\bt="(\w+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)</(?:\w+:)?v>|<(?:\w+:)?is\b")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
PLAIN_VALUES = "a workbook must hold plain values, without "


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """One sheet: its name, whether it is hidden, and its part of the archive."""

    name: str
    hidden: bool
    path: str


@dataclass(frozen=True)
class SheetRows:
    """Rows of a sheet.

    Parameters
    ----------
    header : list of str
        Trimmed names.
    frame : DataFrame
        String columns named by position, and ``_row``.
    faulty : dict of int to str
        Rows with an error or a formula without result, by physical row: where the cell is and what it shows.
    numeric : frozenset of int
        Columns in which every cell is a number or a real date.
    blank : list of int
        Physical rows without any value between others.
    """

    header: list[str]
    frame: pl.DataFrame
    faulty: dict[int, str]
    numeric: frozenset[int]
    blank: list[int]


def open_workbook(data: bytes, limits: Limits) -> list[SheetInfo] | FileFault:
    """Check a workbook and return its sheets.

    Parameters
    ----------
    data : bytes
        The file.
    limits : Limits
        How much its parts may expand to.

    Returns
    -------
    list of SheetInfo or FileFault
        Faults: FIL-001, FIL-003, FIL-019 (password, macros, links, entities, old formats), FIL-022.
    """
    if data.startswith(_OLE):
        return FileFault("FIL-019", PLAIN_VALUES + "password; this one is encrypted or in an old format")
    if not data.startswith(b"PK"):
        return FileFault("FIL-022", "a file named as a workbook must hold one")

    def read() -> list[SheetInfo] | FileFault:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _parts_fault(archive, limits) or _sheets(archive)

    return guarded(read, "FIL-003", "a workbook must be complete")


def _parts_fault(archive: zipfile.ZipFile, limits: Limits) -> FileFault | None:
    names = [info.filename for info in archive.infolist()]
    if "xl/workbook.xml" not in names:
        return FileFault("FIL-022", "a file named as a workbook must hold one in the .xlsx format")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return FileFault("FIL-019", PLAIN_VALUES + "macros")
    if any("externallinks/" in name.lower() for name in names):
        return FileFault("FIL-019", PLAIN_VALUES + "links to other workbooks")
    if any(info.flag_bits & 0x1 for info in archive.infolist()):
        return FileFault("FIL-019", PLAIN_VALUES + "password")
    for info in archive.infolist():
        with archive.open(info) as stream:
            part = expand(stream, info.compress_size, limits)
        if isinstance(part, FileFault):
            return part
        if info.filename.endswith((".xml", ".rels")) and _has_entities(part):
            return FileFault("FIL-019", PLAIN_VALUES + "document types or entities")
    return None


def _has_entities(part: bytes) -> bool:
    if part.startswith((b"\xff\xfe", b"\xfe\xff")):
        part = part.decode("utf-16", "replace").encode("utf-8", "replace")
    return b"<!DOCTYPE" in part or b"<!ENTITY" in part or b"\x00<\x00!" in part[:4096]


def _sheets(archive: zipfile.ZipFile) -> list[SheetInfo]:
    """Read names, visibility and parts; documents with entities were refused before."""
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    found = [element for element in book.iter() if element.tag.endswith("}sheet")]
    return [
        SheetInfo(
            element.get("name", ""),
            element.get("state", "visible") != "visible",
            _part_path(targets.get(element.get(_RELATION)) or ""),
        )
        for element in found
    ]


def _part_path(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


def read_sheet(data: bytes, sheet: SheetInfo, decimal: str) -> SheetRows | FileFault:
    """Read one sheet as text.

    Parameters
    ----------
    data : bytes
        The workbook, already checked.
    sheet : SheetInfo
        Which sheet.
    decimal : str
        Declared decimal separator, used for numbers that stand in a column with texts.

    Returns
    -------
    SheetRows or FileFault
        Faults: FIL-003, FIL-014, FIL-020 (header not in row 1).
    """
    return guarded(lambda: _read(data, sheet, decimal), "FIL-003", "a sheet must be complete")


def _load(book: Any, name: str, **options: Any) -> pl.DataFrame:
    return pl.DataFrame(book.load_sheet(name, **options))


def _read(data: bytes, sheet: SheetInfo, decimal: str) -> SheetRows | FileFault:
    import fastexcel

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        xml = archive.read(sheet.path)
    book = fastexcel.read_excel(data)
    text = _load(book, sheet.name, header_row=None, dtypes="string", skip_whitespace_tail_rows=True)
    first = _first_row(xml)
    if text.height <= 1:
        return FileFault("FIL-014", "a sheet must have a header and at least one row")
    if first > 1:
        return FileFault(
            "FIL-020", f"a sheet must have its header in row 1; the first value is in row {first}"
        )
    unused = {index: "string" for index, cells in enumerate(text.slice(1)) if cells.is_null().all()}
    typed = _load(
        book, sheet.name, header_row=0, schema_sample_rows=None, skip_whitespace_tail_rows=True, dtypes=unused
    )
    numeric = {index for index, kind in enumerate(typed.dtypes) if kind.is_numeric() or kind.is_temporal()}
    columns = [str(index) for index in range(text.width)]
    text = text.rename(dict(zip(text.columns, columns, strict=True)))
    header = [str(name or "").strip() for name in text.row(0)]
    frame = text.slice(1).with_columns(pl.int_range(2, text.height + 1, dtype=pl.Int64).alias("_row"))
    if decimal != ".":
        frame = _localized(
            frame, xml, [index for index in range(text.width) if index not in numeric], decimal
        )
    empty = pl.all_horizontal(pl.col(columns).is_null() | (pl.col(columns).str.strip_chars() == ""))
    blank = frame.filter(empty)["_row"].to_list()
    return SheetRows(header, frame.filter(~empty), _faulty(xml), frozenset(numeric), blank)


def _first_row(xml: bytes) -> int:
    """Return the physical row of the first cell with a value; 1 when cells do not say where they are."""
    for cell in _CELL.finditer(xml):
        if cell.group(2) and _VALUE.search(cell.group(2)):
            place = _PLACE.search(cell.group(1))
            return int(place.group(2)) if place else 1
    return 1


def _faulty(xml: bytes) -> dict[int, str]:
    """Return rows with an error value, or with a formula that has no stored result."""
    found: dict[int, str] = {}
    if b't="e"' not in xml and not _FORMULA.search(xml):
        return found
    for cell in _CELL.finditer(xml):
        attributes, content = cell.group(1), cell.group(2) or b""
        place, kind = _PLACE.search(attributes), _TYPE.search(attributes)
        if place is None:
            continue
        shown = ""
        value = _VALUE.search(content)
        if kind is not None and kind.group(1) == b"e":
            shown = value.group(1).decode("utf-8", "replace") if value and value.group(1) else "#ERROR"
        elif value is None and _FORMULA.search(content) and (kind is None or kind.group(1) != b"str"):
            shown = "formula without result"
        if shown:
            found.setdefault(int(place.group(2)), f"{place.group(0)[3:-1].decode()}: {shown}")
    return found


def _numbers(xml: bytes) -> Iterator[tuple[int, int]]:
    """Give column (from 0) and physical row of every cell that is a number."""
    for cell in _CELL.finditer(xml):
        attributes = cell.group(1)
        kind, place = _TYPE.search(attributes), _PLACE.search(attributes)
        if place and cell.group(2) and (kind is None or kind.group(1) == b"n"):
            column = 0
            for letter in place.group(1):
                column = column * 26 + letter - 64
            yield column - 1, int(place.group(2))


def _localized(frame: pl.DataFrame, xml: bytes, mixed: list[int], decimal: str) -> pl.DataFrame:
    """Write numbers that stand among texts with the declared decimal separator, as the texts are."""
    rows: dict[int, list[int]] = {index: [] for index in mixed}
    for column, row in _numbers(xml):
        if column in rows and row >= 2:
            rows[column].append(row - 2)
    for column, places in rows.items():
        cells = frame[str(column)]
        number = cells.gather(places).str.replace(".", decimal, literal=True)
        frame = frame.with_columns(cells.scatter(places, number))
    return frame
