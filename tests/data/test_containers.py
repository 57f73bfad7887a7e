"""Files, folders and archives: an accepting and a rejecting fixture for every code of bytes and columns."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest

from basestock.data.containers import Limits, SourceError
from basestock.data.issues import IssueLog
from basestock.data.mapping import parse_mapping
from tests.data.file_case import DEMAND, ITEM, SMALL, archive, read, refused


def test_a_clean_folder_gives_no_finding(folder):
    found = read(folder(item__csv=ITEM, demand_history__csv=DEMAND))
    assert found.codes == []
    frame = found.feed().frame
    assert frame["item_id"].to_list() == ["A", "B"]
    assert frame["_row"].to_list() == [2, 3]
    assert frame["_file"].to_list() == ["item.csv"] * 2
    assert frame["_sha256"].str.len_bytes().to_list() == [64, 64]
    assert frame["_count"].to_list() == [1, 1]
    assert set(frame["_assumed"]) == {""}


def test_parts_of_a_table_are_read_together(folder):
    found = read(folder(item__a__csv=ITEM, item__b__csv=ITEM.replace(b"A,", b"C,").replace(b"B,", b"D,")))
    ids = [name for feed in found.feeds for name in feed.frame["item_id"]]
    assert sorted(ids) == ["A", "B", "C", "D"]


def test_other_files_are_listed_and_not_read(folder):
    found = read(folder(item__csv=ITEM, notes__txt=b"hello", Lines__csv=b"x"))
    assert (found.status("notes.txt"), found.status("Lines.csv")) == ("ignored", "ignored")
    assert found.codes == []


def test_a_refused_file_does_not_stop_the_others(folder):
    found = read(folder(item__csv=ITEM, demand_history__csv=b"\x80\x04pickle"))
    assert found.codes == ["FIL-022"]
    assert found.feed().frame.height == 2
    assert found.status("demand_history.csv") == "refused"


def test_a_single_file_is_a_source(folder):
    found = read(folder(item__csv=ITEM) / "item.csv")
    assert found.feed().frame.height == 2


def test_a_source_that_does_not_exist_is_an_error_in_words(tmp_path: Path):
    with pytest.raises(SourceError, match="does not exist"):
        read(tmp_path / "nothing")


def test_column_and_file_order_do_not_matter(folder, tmp_path: Path):
    first = read(folder(item__csv=ITEM)).feed().frame
    other = tmp_path / "other"
    other.mkdir()
    (other / "item.csv").write_bytes(b"unit_cost,item_id,base_uom\n1.5,A,EA\n2,B,EA\n")
    second = read(other).feed().frame
    assert second.drop("_sha256").equals(first.drop("_sha256"))


def test_the_same_bytes_give_the_same_hash_and_findings(folder):
    source = folder(item__csv=ITEM + b"C\nD,EA,1\n")
    first, second = read(source), read(source)
    assert first.info == second.info
    assert first.log.to_frame().equals(second.log.to_frame())


def test_the_inputs_hash_follows_names_and_bytes(folder):
    before = read(folder(item__csv=ITEM)).info.inputs_sha
    assert read(folder(item__csv=ITEM + b"C,EA,1\n")).info.inputs_sha != before
    assert read(folder(item__csv=ITEM, notes__txt=b"x")).info.inputs_sha == before


def test_a_zip_is_a_folder(tmp_path: Path):
    found = read(archive(tmp_path / "x.zip", **{"export/item.csv": ITEM, ".hidden/item.csv": b"junk"}))
    assert found.feed().frame["_file"].unique().to_list() == ["export/item.csv"]
    assert found.codes == []


def test_gzip_is_expanded(folder):
    assert read(folder(item__csv__gz=gzip.compress(ITEM))).feed().frame.height == 2


def test_fil_001_a_bomb_stops_at_the_ratio(folder):
    bomb = gzip.compress(b"item_id,base_uom\n" + b"A,EA\n" * 30_000)
    found = read(folder(item__csv__gz=bomb), limits=SMALL)
    refused(found, "FIL-001")
    assert "stopped after" in str(found.finding("FIL-001")["rule"])


def test_fil_001_a_bomb_in_an_archive(tmp_path: Path):
    data = b"item_id,base_uom\n" + b"A,EA\n" * 30_000
    refused(read(archive(tmp_path / "x.zip", item__csv=data), limits=SMALL), "FIL-001")


def test_fil_001_parquet_that_would_expand(folder):
    frame = pl.DataFrame({"item_id": ["A"] * 40_000, "base_uom": ["EA"] * 40_000})
    stream = io.BytesIO()
    frame.write_parquet(stream)
    refused(read(folder(item__parquet=stream.getvalue()), limits=SMALL), "FIL-001")


def test_fil_001_honest_compression_passes(folder):
    rows = b"".join(b"%06d,EA\n" % (number * 7919 % 1_000_003) for number in range(10_000))
    found = read(folder(item__csv__gz=gzip.compress(b"item_id,base_uom\n" + rows)), limits=SMALL)
    assert found.codes == []


@pytest.mark.parametrize(
    "name", ["../../etc/item.csv", "/item.csv", "C:/item.csv", "..\\item.csv", "inner.zip"]
)
def test_fil_002_members_need_plain_names(tmp_path: Path, name: str):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("demand_history.csv", DEMAND)
        info = zipfile.ZipInfo("item.csv")
        info.filename = info.orig_filename = name
        book.writestr(info, ITEM)
    found = read(path)
    refused(found, "FIL-002")
    assert [each.name for each in tmp_path.iterdir()] == ["x.zip"]


def test_fil_002_two_members_with_one_name(tmp_path: Path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("item.csv", ITEM)
        with pytest.warns(UserWarning, match="Duplicate name"):
            book.writestr("item.csv", ITEM)
    refused(read(path), "FIL-002")


def test_fil_002_a_link(tmp_path: Path):
    path = tmp_path / "x.zip"
    info = zipfile.ZipInfo("item.csv")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(info, "/etc/passwd")
    refused(read(path), "FIL-002")


def test_fil_003_truncated_gzip(folder):
    refused(read(folder(item__csv__gz=gzip.compress(ITEM)[:-9])), "FIL-003")


def test_fil_003_truncated_archive(tmp_path: Path):
    path = archive(tmp_path / "x.zip", item__csv=ITEM)
    path.write_bytes(path.read_bytes()[:-10])
    refused(read(path), "FIL-003")


def test_fil_003_truncated_parquet(folder):
    stream = io.BytesIO()
    pl.read_csv(ITEM).write_parquet(stream)
    refused(read(folder(item__parquet=stream.getvalue()[:-5])), "FIL-003")


def test_fil_004_no_line_end(folder):
    found = read(folder(item__csv=ITEM[:-1]))
    refused(found, "FIL-004")
    assert (found.finding("FIL-004")["row"], found.finding("FIL-004")["value"]) == (3, "B,EA,2")


def test_fil_004_last_row_is_short(folder):
    refused(read(folder(item__csv=ITEM + b"C,EA\n")), "FIL-004")


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n", b"\r\n\r\n"])
def test_fil_004_empty_lines_at_the_end_are_no_rows(folder, end: bytes):
    assert read(folder(item__csv=ITEM[:-1] + end)).feed().frame.height == 2


@pytest.mark.parametrize("cut", range(len(ITEM) - 3, len(ITEM)))
def test_fil_004_every_cut_inside_the_last_row_is_found(folder, cut: int):
    refused(read(folder(item__csv=ITEM[:cut])), "FIL-004")


def test_fil_005_heights_of_spreadsheets(folder):
    rows = b"".join(b"%d,EA\n" % number for number in range(65_535))
    found = read(folder(item__csv=b"item_id,base_uom\n" + rows))
    assert found.codes == ["FIL-005"]
    assert found.feed().frame.height == 65_535


def test_fil_005_longest_text(folder):
    def header(length: int) -> bytes:
        return b"item_id,base_uom,description\nA,EA," + b"x" * length + b"\n"

    assert read(folder(item__csv=header(255))).codes == ["FIL-005"]
    assert read(folder(item__csv=header(256))).codes == []


def test_fil_006_more_rows_than_a_file_may_have(folder):
    stream = io.BytesIO()
    pl.read_csv(ITEM).write_parquet(stream)
    refused(read(folder(item__parquet=stream.getvalue()), limits=Limits(max_rows=1)), "FIL-006")


def test_fil_007_rows_that_do_not_decode(folder):
    data = "item_id,base_uom\nCafé,EA\n".encode() + b"Caf\xe9,EA\n" + b"B,EA\n"
    found = read(folder(item__csv=data))
    assert found.codes == ["FIL-007"]
    assert (found.finding("FIL-007")["row"], found.finding("FIL-007")["value"]) == (3, "Caf\\xe9,EA")
    assert found.feed().frame["item_id"].to_list() == ["Café", "B"]
    assert found.feed().frame["_row"].to_list() == [2, 4]
    assert found.feed().bad["_raw"].to_list() == ["Caf\\xe9,EA"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_fil_008_a_mark_names_the_encoding(folder, encoding: str):
    found = read(folder(item__csv="item_id,base_uom\nCafé,EA\n".encode(encoding)))
    assert found.codes == ["FIL-008"]
    assert found.finding("FIL-008")["severity"] == "repair"
    assert found.feed().frame["item_id"].to_list() == ["Café"]


@pytest.mark.parametrize("bad", ["A\x00B", "A\x07", "A\x85", "A\rB"])
def test_fil_009_control_characters(folder, bad: str):
    found = read(folder(item__csv=f"item_id,base_uom\n{bad},EA\nC,EA\n".encode()))
    assert found.codes == ["FIL-009"]
    assert found.feed().frame["item_id"].to_list() == ["C"]


def test_fil_009_line_breaks_and_tabs_in_quotes_are_text(folder):
    found = read(folder(item__csv=b'item_id,base_uom,description\nA,EA,"x\r\ny\tz\rw"\n'))
    assert found.codes == []
    assert found.feed().frame["description"].to_list() == ["x\r\ny\tz\rw"]


@pytest.mark.parametrize(("mark", "shown"), [(b";", ";"), (b"\t", "tab"), (b"|", "|")])
def test_fil_010_another_delimiter_is_proposed_not_used(folder, mark: bytes, shown: str):
    found = read(folder(item__csv=ITEM.replace(b",", mark)))
    refused(found, "FIL-010")
    assert f"not by `{shown}`" in str(found.finding("FIL-010")["rule"])


def test_fil_010_a_declared_delimiter_is_used(folder):
    mapping = parse_mapping('source = {delimiter = ";"}', IssueLog())
    found = read(folder(item__csv=ITEM.replace(b",", b";")), mapping=mapping)
    assert found.feed().frame.height == 2


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (b'item_id,base_uom\nA,"EA\nB,EA\nC,EA\n', 2),
        (b'item_id,base_uom\nA,EA\nB,"EA\nC,"x",y\n', 3),
        (b'item_id,base_uom\nA,"E"A"\n', 2),
    ],
)
def test_fil_011_quotes_that_do_not_balance(folder, text: bytes, row: int):
    found = read(folder(item__csv=text))
    refused(found, "FIL-011")
    assert found.finding("FIL-011")["row"] == row


def test_fil_011_quotes_that_do(folder):
    text = b'item_id,base_uom,description\nA,EA,"say ""hi"", now"\n"B","EA",3/4" pipe\nC,EA,""\n'
    found = read(folder(item__csv=text))
    assert found.codes == []
    assert found.feed().frame["description"].to_list() == ['say "hi", now', '3/4" pipe', None]


def test_fil_012_rows_with_other_numbers_of_fields(folder):
    found = read(folder(item__csv=b"item_id,base_uom\nA,EA\nB\nC,EA,9\n\nD,EA\n"))
    assert sorted(found.log.to_frame()["row"]) == [3, 4, 5]
    assert set(found.codes) == {"FIL-012"}
    assert found.feed().frame["item_id"].to_list() == ["A", "D"]
    assert found.feed().frame["_row"].to_list() == [2, 6]
    assert (found.feed().read, found.feed().bad.height) == (5, 3)


def test_fil_012_is_found_beside_stray_quotes(folder):
    found = read(folder(item__csv=b'item_id,base_uom\n3" x,EA\nB\nC,"E,A"\n'))
    assert found.feed().frame.select("item_id", "base_uom").rows() == [('3" x', "EA"), ("C", "E,A")]
    assert found.codes == ["FIL-012"]


def test_fil_013_every_row_one_field_longer(folder):
    refused(read(folder(item__csv=b"item_id,base_uom\n0,A,EA\n1,B,EA\n")), "FIL-013")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"item_id,base_uom\n"])
def test_fil_014_nothing_in_a_needed_file(folder, data: bytes):
    found = read(folder(item__csv=data))
    refused(found, "FIL-014")
    assert found.finding("FIL-014")["severity"] == "error"


def test_fil_014_is_a_note_for_optional_tables_and_silent_if_declared(folder):
    source = folder(supplier__csv=b"supplier_id\n")
    note = read(source).finding("FIL-014")
    assert (note["severity"], note["action"]) == ("warning", "note")
    mapping = parse_mapping('source = {empty = ["supplier"]}', IssueLog())
    assert read(source, mapping=mapping).codes == []


def test_fil_018_the_same_file_twice_is_folded(folder):
    found = read(folder(demand_history__a__csv=DEMAND, demand_history__b__csv=DEMAND))
    feed = found.feed("demand_history")
    assert found.codes == ["FIL-018"]
    assert (feed.read, feed.frame.height, feed.folded) == (4, 2, 2)
    assert (feed.sums["qty"].read, feed.sums["qty"].folded) == (14.0, 7.0)
    assert found.status("demand_history.b.csv") == "copy"


def test_fil_018_other_bytes_are_another_file(folder):
    other = DEMAND.replace(b"2024-01", b"2024-02")
    assert read(folder(demand_history__a__csv=DEMAND, demand_history__b__csv=other)).codes == []


@pytest.mark.parametrize(
    "data",
    [b"<!DOCTYPE html><table>", b"  <html>", b"\x80\x04\x95\x00", b"PK\x03\x04zip", b"PAR1", b"#!/bin/sh\n"],
)
def test_fil_022_content_is_not_what_the_name_says(folder, data: bytes):
    refused(read(folder(item__csv=data)), "FIL-022")


def test_fil_022_names_of_compressed_and_typed_files(folder):
    refused(read(folder(item__csv__gz=ITEM)), "FIL-022")


def test_fil_022_text_named_parquet(folder):
    refused(read(folder(item__parquet=ITEM)), "FIL-022")


def test_sch_001_a_required_column_is_missing(folder):
    found = read(folder(item_supplier__csv=b"item_id,supplier_id,leadtime\nA,S,3\n"))
    assert found.codes == ["SCH-001"]
    assert found.finding("SCH-001")["column"] == "lead_time_days"
    assert "did you mean `leadtime`?" in str(found.finding("SCH-001")["rule"])
    assert found.feeds == []


def test_sch_002_unknown_columns_are_kept_as_attributes(folder):
    found = read(folder(item__csv=b"item_id,base_uom,colour\nA,EA,red\n"))
    assert found.codes == ["SCH-002"]
    assert found.feed().frame["attr.colour"].to_list() == ["red"]


def test_sch_005_one_name_twice(folder):
    refused(read(folder(item__csv=b"item_id,base_uom,item_id\nA,EA,B\n")), "SCH-005")


def test_sch_005_a_name_beside_its_alias(folder):
    data = b"bucket_start,item_id,qty,y,qty_kind\n2024-01-01,A,1,2,sold\n"
    refused(read(folder(demand_history__csv=data)), "SCH-005")
