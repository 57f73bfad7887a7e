"""Compressed, typed and damaged files: an accepting and a rejecting fixture for every code of bytes and columns."""

from __future__ import annotations

import gzip
import io
from datetime import datetime, time, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from tests.data.file_case import ITEM, read, refused


def test_aliases_are_columns(folder):
    found = read(folder(demand_history__csv=b"ds,unique_id,y,qty_kind\n2024-01-01,A,3,sold\n"))
    row = found.feed("demand_history").frame.select("bucket_start", "item_id", "qty").row(0)
    assert row == ("2024-01-01", "A", "3")
    assert found.codes == []


def test_unnamed_empty_columns_are_left_out(folder):
    found = read(folder(item__csv=b"item_id,base_uom,,\nA,EA,,\n"))
    assert found.codes == []


def test_a_quarantine_file_of_our_own_is_read_as_it_was(folder):
    data = (
        b"item_id,base_uom,description,_file,_sheet,_row,_sha256,_codes,_rule,_remedy,_load\n"
        b"A,EA,'=1+1,old.csv,,7,abc,ITM-001,x,y,z\n"
    )
    found = read(folder(item__csv=data))
    assert found.codes == []
    assert found.feed().frame["description"].to_list() == ["=1+1"]
    assert found.feed().frame["_row"].to_list() == [2]
    assert found.feed().source.columns == [
        "item_id",
        "base_uom",
        "description",
        "_file",
        "_sheet",
        "_row",
        "_sha256",
    ]


def test_parquet_keeps_its_values_exactly(folder):
    frame = pl.DataFrame(
        {
            "bucket_start": [datetime(2024, 1, 1)], "item_id": [7], "qty": [0.1], "qty_kind": ["sold"],
            "net_price": pl.Series(["1.234"]).cast(pl.Decimal(10, 3)), "extra": [[1, 2]],
        }
    )  # fmt: skip
    stream = io.BytesIO()
    frame.write_parquet(stream)
    found = read(folder(demand_history__parquet=stream.getvalue()))
    feed = found.feed("demand_history")
    row = feed.frame.select("bucket_start", "item_id", "qty", "net_price").row(0)
    assert row == ("2024-01-01T00:00:00", "7", "0.1", "1.234")
    assert feed.options_for("net_price").decimal == "."
    assert found.codes == ["SCH-002"]


def test_parquet_of_every_type_is_text_or_left_out(folder):
    frame = pl.DataFrame(
        {
            "item_id": pl.Series([1], dtype=pl.UInt64), "base_uom": pl.Series(["EA"], dtype=pl.Categorical),
            "span": [timedelta(days=1)], "clock": [time(1, 2)], "none": [None], "yes": [True],
            "parts": [[1, 2]], "raw": [b"x"], "unit_cost": [float("nan")],
        }
    )  # fmt: skip
    stream = io.BytesIO()
    frame.write_parquet(stream)
    found = read(folder(item__parquet=stream.getvalue()))
    row = found.feed().frame.row(0, named=True)
    assert (row["item_id"], row["attr.span"], row["attr.clock"], row["attr.yes"]) == (
        "1",
        "P1D",
        "01:02:00",
        "true",
    )
    unread = [
        each["column"] for each in found.log.to_frame().iter_rows(named=True) if "is not read" in each["rule"]
    ]
    assert sorted(unread) == ["parts", "raw"]


def test_days_that_no_calendar_has_are_numbers(folder):
    stream = io.BytesIO()
    days = pl.Series([20_000, 2**30], dtype=pl.Int32).cast(pl.Date)
    pl.DataFrame({"item_id": ["A", "B"], "base_uom": ["EA", "EA"], "intro_date": days}).write_parquet(stream)
    found = read(folder(item__parquet=stream.getvalue()))
    assert found.feed().frame["intro_date"].to_list() == ["2024-10-04", str(2**30)]


def test_fil_009_in_parquet(folder):
    stream = io.BytesIO()
    pl.DataFrame({"item_id": ["A\x01", "B"], "base_uom": ["EA", "EA"]}).write_parquet(stream)
    found = read(folder(item__parquet=stream.getvalue()))
    assert found.codes == ["FIL-009"]
    assert found.feed().frame["_row"].to_list() == [3]


def test_fil_014_parquet_without_rows(folder):
    stream = io.BytesIO()
    pl.DataFrame(schema={"item_id": pl.String, "base_uom": pl.String}).write_parquet(stream)
    refused(read(folder(item__parquet=stream.getvalue())), "FIL-014")


def corpus() -> dict[str, bytes]:
    stream, book = io.BytesIO(), io.BytesIO()
    pl.read_csv(ITEM).write_parquet(stream)
    with xlsxwriter.Workbook(book) as sheets:
        sheet = sheets.add_worksheet("item")
        sheet.write_row(0, 0, ["item_id", "base_uom"])
        sheet.write_row(1, 0, ["A", "EA"])
    return {
        "item.csv": ITEM.replace(b"EA", b'"E""A"'), "item.csv.gz": gzip.compress(ITEM),
        "item.parquet": stream.getvalue(), "item.xlsx": book.getvalue(),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["item.csv", "item.csv.gz", "item.parquet", "item.xlsx"])
@pytest.mark.parametrize("step", range(12))
def test_damaged_bytes_end_in_rows_or_in_a_code(tmp_path: Path, name: str, step: int):
    data = bytearray(corpus()[name])
    for place in range(step, len(data), 37 + step):
        data[place] ^= 1 << (place % 8)
    if step % 3 == 0:
        del data[len(data) * (step + 1) // 14 :]
    (tmp_path / name).write_bytes(bytes(data))
    found = read(tmp_path)
    assert found.feeds or found.codes
