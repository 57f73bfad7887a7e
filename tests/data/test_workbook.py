"""Workbooks: plain values of visible sheets, everything else refused or set aside with its code."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from basestock.data.issues import IssueLog
from basestock.data.mapping import parse_mapping
from tests.data.file_case import SMALL, read, refused

Cell = object


def workbook(path: Path, sheets: dict[str, list[list[Cell]]], hidden: tuple[str, ...] = ()) -> Path:
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd.mm.yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
            for index, row in enumerate(rows):
                for place, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        sheet.write_datetime(index, place, cell, day)
                    elif isinstance(cell, str) and cell.startswith("="):
                        sheet.write_formula(index, place, cell, None, "#N/A" if "NA" in cell else 7)
                    elif isinstance(cell, str):
                        sheet.write_string(index, place, cell)
                    elif cell is not None:
                        sheet.write(index, place, cell)
    return path


HEADER: list[Cell] = ["bucket_start", "item_id", "qty", "qty_kind"]


def test_cells_of_a_workbook(tmp_path: Path):
    rows = [HEADER, [datetime(2024, 1, 31), "00123", 0.1, "sold"], ["2024-02-29", "A", "=3+4", "sold"]]
    found = read(workbook(tmp_path / "x.xlsx", {"demand_history": rows}))
    feed = found.feed("demand_history")
    assert feed.frame.select(pl.nth(0, 1, 2)).rows() == [
        ("2024-01-31 00:00:00", "00123", "0.1"), ("2024-02-29", "A", "7"),
    ]  # fmt: skip
    assert feed.frame["_sheet"].to_list() == ["demand_history"] * 2
    assert found.codes == []


def test_numbers_among_texts_are_written_as_the_texts_are(tmp_path: Path):
    rows = [HEADER, ["31.01.2024", "A", "1,5", "sold"], [datetime(2024, 2, 29), "A", 2.25, "sold"]]
    mapping = parse_mapping('source = {decimal = ",", date_format = "%d.%m.%Y"}', IssueLog())
    feed = read(workbook(tmp_path / "x.xlsx", {"demand_history": rows}), mapping=mapping).feed(
        "demand_history"
    )
    assert feed.frame["qty"].to_list() == ["1,5", "2,25"]
    assert feed.options.iso


def test_hidden_sheets_are_left_alone(tmp_path: Path):
    rows: list[list[Cell]] = [["item_id", "base_uom"], ["A", "EA"]]
    found = read(workbook(tmp_path / "x.xlsx", {"item": rows, "supplier": rows}, hidden=("supplier",)))
    assert [feed.table for feed in found.feeds] == ["item"]
    assert [file.status for file in found.info.files] == ["read", "ignored"]


def test_a_workbook_in_a_folder(tmp_path: Path):
    workbook(tmp_path / "x.xlsx", {"item": [["item_id", "base_uom"], ["A", "EA"]]})
    assert read(tmp_path).feed().frame["_file"].to_list() == ["x.xlsx"]


def test_fil_020_header_not_in_row_one(tmp_path: Path):
    rows: list[list[Cell]] = [[None], [None], ["item_id", "base_uom"], ["A", "EA"]]
    refused(read(workbook(tmp_path / "x.xlsx", {"item": rows})), "FIL-020")


def test_fil_020_blank_rows(tmp_path: Path):
    rows: list[list[Cell]] = [["item_id", "base_uom"], ["A", "EA"], [None, " "], ["B", "EA"]]
    found = read(workbook(tmp_path / "x.xlsx", {"item": rows}))
    assert found.codes == ["FIL-020"]
    assert found.feed().frame["_row"].to_list() == [2, 4]


def test_fil_021_errors_are_never_empty_cells(tmp_path: Path):
    rows: list[list[Cell]] = [["item_id", "base_uom", "unit_cost"], ["A", "EA", "=NA()"], ["B", "EA", 2]]
    found = read(workbook(tmp_path / "x.xlsx", {"item": rows}))
    assert found.codes == ["FIL-021"]
    assert "C2: #N/A" in str(found.finding("FIL-021")["rule"])
    assert found.feed().frame["item_id"].to_list() == ["B"]
    assert found.feed().bad["item_id"].to_list() == ["A"]


def rewrite(path: Path, change: Callable[[str, bytes], bytes], extra: dict[str, bytes] | None = None) -> Path:
    """Write a workbook again with changed parts."""
    with zipfile.ZipFile(path) as book:
        parts = {name: change(name, book.read(name)) for name in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in {**parts, **(extra or {})}.items():
            book.writestr(name, data)
    return path


@pytest.fixture
def simple_book(tmp_path: Path) -> Path:
    return workbook(
        tmp_path / "x.xlsx", {"item": [["item_id", "base_uom", "unit_cost"], ["A", "EA", "=1+1"]]}
    )


def test_fil_021_a_formula_without_result(simple_book: Path):
    found = read(rewrite(simple_book, lambda _, data: data.replace(b"<v>7</v>", b"")))
    assert found.codes == ["FIL-021"]


def test_a_formula_with_result_is_its_value(simple_book: Path):
    assert read(simple_book).feed().frame["unit_cost"].to_list() == ["7"]


@pytest.mark.parametrize("part", ["xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml"])
def test_fil_019_macros_and_links(simple_book: Path, part: str):
    refused(read(rewrite(simple_book, lambda _, data: data, {part: b"<x/>"})), "FIL-019")


def test_fil_019_entities(simple_book: Path):
    def change(name: str, data: bytes) -> bytes:
        evil = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>'
        return data.replace(b"<sst", evil + b"<sst") if name == "xl/sharedStrings.xml" else data

    refused(read(rewrite(simple_book, change)), "FIL-019")


def test_fil_019_password(tmp_path: Path):
    (tmp_path / "x.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    refused(read(tmp_path), "FIL-019")


def test_fil_022_markup_named_as_a_workbook(tmp_path: Path):
    (tmp_path / "x.xls").write_bytes(b"<html><table>")
    refused(read(tmp_path), "FIL-022")


def test_fil_001_a_workbook_that_expands(simple_book: Path):
    path = rewrite(simple_book, lambda _, data: data, {"xl/media/zero.xml": b" " * 300_000})
    refused(read(path, limits=SMALL), "FIL-001")
