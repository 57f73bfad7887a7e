"""A whole source: several feeds, files named as tables, names that do not fit, declarations, real files."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from basestock.data.frames import FeedFrame
from basestock.data.issues import IssueLog
from basestock.data.mapping import parse_mapping
from basestock.data.sources import read_source
from tests.data.feed_case import REST, Reader, balanced, demand, parsed, quantity

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"

# --- several feeds, amendments, declarations --------------------------------------------------------------


def test_feeds_of_one_table_stand_beside_each_other(read: Reader):
    found = read(
        quantity('"Q"') + quantity('"Q"').replace("L.csv", "M.csv"),
        L__csv="Item,Q\nA,1\n",
        M__csv="Item,Q\nB,2\n",
    )
    assert [feed.frame["item_id"].to_list() for feed in found.feeds] == [["A"], ["B"]]


def test_a_pattern_reads_files_with_equal_headers(read: Reader):
    text = quantity('"Q"').replace("L.csv", "L_*.csv")
    found = read(text, L_1__csv="Item,Q\nA,1\n", L_2__csv="Q,Item\n2,B\n", L_3__csv="Item,R\nC,3\n")
    assert found.column("item_id") == ["A", "B"]
    assert found.column("_file") == ["L_1.csv", "L_2.csv"]
    assert found.codes == ["SCH-001"]
    assert "equal headers" in found.rules


def test_a_pattern_over_typed_and_text_files(read: Reader, tmp_path: Path):
    pl.DataFrame({"Item": ["B"], "Q": [2.5]}).write_parquet(tmp_path / "L_2.parquet")
    text = 'source = {decimal = ",", delimiter = ";"}\n' + quantity('"Q"').replace("L.csv", "L_*")
    found = read(text, L_1__csv="Item;Q\nA;1,5\n")
    assert parsed(found) == [1.5, 2.5]


def test_fil_018_a_copy_within_a_pattern(read: Reader):
    found = read(
        quantity('"Q"').replace("L.csv", "L_*.csv"), L_1__csv="Item,Q\nA,1\n", L_2__csv="Item,Q\nA,1\n"
    )
    assert found.codes == ["FIL-018"]
    assert (found.feed.read, found.feed.folded, found.feed.sums["qty"].folded) == (2, 1, 1.0)


def test_inline_rows_are_a_feed(read: Reader):
    found = read(
        '[[table.location]]\nrows = [{location_id = "MAIN", type = "dc", lat = 52.5}, {location_id = "B"}]'
    )
    assert found.feed.frame.select("location_id", "type", "lat", "_file", "_row").rows() == [
        ("MAIN", "dc", "52.5", "m.toml", 1), ("B", None, None, "m.toml", 2),
    ]  # fmt: skip


def test_files_named_as_tables_are_read_beside_a_mapping(read: Reader):
    found = read(quantity('"Q"'), L__csv="Item,Q\nA,1\n", item__csv="item_id,base_uom\nA,EA\n")
    assert {feed.table for feed in found.feeds} == {"demand_history", "item"}


def test_a_table_with_a_feed_is_not_read_from_its_own_file(read: Reader):
    found = read(quantity('"Q"'), L__csv="Item,Q\nA,1\n", demand_history__csv="bucket_start\n2024\n")
    assert [file.status for file in found.info.files] == ["read", "ignored"]
    assert found.codes == []


def test_columns_amend_a_file_named_as_its_table(read: Reader):
    text = """
        [columns.item]
        base_uom = {from = "Unit", map = "u"}
        unit_cost = {from = "unit_cost", null_if = ["0"]}
        [codes.u]
        ST = "EA"
    """
    found = read(text, item__csv="item_id,Unit,unit_cost\nA,ST,0\n")
    assert found.feed.frame.select("item_id", "base_uom", "unit_cost").rows() == [("A", "EA", None)]
    assert found.codes == []


def test_as_of_is_the_day_of_snapshots_without_one(read: Reader):
    text = 'source = {as_of = "2026-03-02"}'
    found = read(text, inventory__csv="item_id,on_hand\nA,1\n")
    assert found.column("as_of") == ["2026-03-02"]
    assert found.info.as_of == date(2026, 3, 2)


def test_a_snapshot_keeps_its_own_day(read: Reader):
    found = read('source = {as_of = "2026-03-02"}', inventory__csv="as_of,item_id,on_hand\n2025-01-01,A,1\n")
    assert found.column("as_of") == ["2025-01-01"]


def test_since_ignores_older_history(read: Reader):
    found = read(
        "",
        since=date(2024, 1, 2),
        demand_history__csv="ds,item_id,qty,qty_kind\n2024-01-01,A,5,sold\n2024-01-02,A,6,sold\nx,A,7,sold\n",
    )
    assert found.column("qty") == ["6", "7"]
    assert (found.feed.ignored, found.feed.sums["qty"].ignored) == (1, 5.0)


def test_declarations_are_handed_on(read: Reader, tmp_path: Path):
    text = """
        source = {name = "acme", gaps = "zero", currency = "EUR", lead_time = "stated", non_stock = ["POST"]}
        assume = {inventory = "reference"}
    """
    info = read(text).info
    assert (info.name, info.gaps, info.currency, info.lead_time) == ("acme", "zero", "EUR", "stated")
    assert info.declarations.non_stock == ("POST",)
    assert info.assume == {"inventory": "reference"}
    plain = read_source(tmp_path, mapping=None, log=IssueLog(), gaps="missing").info
    assert (plain.gaps, plain.lead_time, plain.currency) == ("missing", "learned", None)


# --- names that do not fit --------------------------------------------------------------------------------


def test_sch_009_files_that_are_not_there(read: Reader):
    found = read(quantity('"Q"') + quantity('"Q"').replace("L.csv", "Lnes.csv"), Lines__csv="Item,Q\nA,1\n")
    assert found.feeds == []
    assert found.codes == ["SCH-009", "SCH-009"]
    assert "`Lnes.csv` is none; did you mean `Lines.csv`?" in found.rules


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        ({}, '"Quantty"'), ({}, '{first = ["Quantty", {const = 1}]}'), ({}, '{text = "{Quantty}"}'),
        ({}, '{bits_clear = "Quantty", of = 3}'), ({"where": '{Quantty = "1"}'}, "{const = 1}"),
        ({"attributes": '["Quantty"]'}, "{const = 1}"),
    ],
)  # fmt: skip
def test_sch_009_columns_that_are_not_there_are_found_before_any_row(
    read: Reader, steps: dict[str, str], value: str
):
    found = read(demand(f"{REST}, qty = {value}", **steps), L__csv="Item,Quantity\nA,1\nB\nC,2\n")
    assert found.feeds == []
    assert found.codes == ["SCH-009"]
    assert "`Quantty` is none; did you mean `Quantity`?" in found.rules


def test_sch_009_patterns_that_no_column_fits(read: Reader):
    found = read(quantity('{sum = "s??"}'), L__csv="Item,Q\nA,1\n")
    assert found.codes == ["SCH-009"]


def test_sch_009_columns_of_joins(read: Reader):
    columns = 'bucket_start = "Orders.Date", item_id = "Item", qty = "Q", qty_kind = {const = "sold"}'
    text = demand(columns, join='[{file = "Orders.csv", on = {Nr = "Num"}}]')
    found = read(text, L__csv="No,Item,Q\n1,A,5\n", Orders__csv="No,Day\n1,2024-01-01\n")
    assert sorted(found.log.to_frame()["value"]) == ["Nr", "Orders.Date", "Orders.csv: Num"]


def test_sch_009_amendments_of_columns_that_are_not_there(read: Reader):
    found = read('[columns.item]\nbase_uom = "Unt"', item__csv="item_id,Unit\nA,EA\n")
    assert found.feeds == []
    assert "did you mean `Unit`?" in found.rules


def test_sch_009_amendments_of_a_table_that_nothing_feeds(read: Reader):
    found = read('[columns.item]\nbase_uom = "U"', items__csv="item_id,U\nA,EA\n")
    assert found.feeds == []
    assert "there is no `item.csv`; did you mean `items.csv`?" in found.rules


def test_a_file_with_another_delimiter_is_that_and_not_a_missing_column(read: Reader):
    found = read(quantity('"Q"'), L__csv="Item;Q\nA;1\n")
    assert found.codes == ["FIL-010"]


def test_compressed_files_are_found_by_their_plain_name(read: Reader, tmp_path: Path):
    import gzip

    (tmp_path / "L.csv.gz").write_bytes(gzip.compress(b"Item,Q\nA,1\n"))
    assert read(quantity('"Q"')).column("_file") == ["L.csv.gz"]


def test_sheets_are_named_behind_a_hash(read: Reader, tmp_path: Path):
    import xlsxwriter

    with xlsxwriter.Workbook(str(tmp_path / "Book.xlsx")) as book:
        for name, cell in (("One", "A"), ("Two", "B")):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["Item", "Q"])
            sheet.write_row(1, 0, [cell, 1])
    assert read(quantity('"Q"').replace("L.csv", "Book.xlsx#Two")).column("item_id") == ["B"]
    assert read(quantity('"Q"').replace("L.csv", "Two")).column("item_id") == ["B"]
    assert "several sheets" in read(quantity('"Q"').replace("L.csv", "Book.xlsx")).rules


# --- real files -------------------------------------------------------------------------------------------


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the data set {name} is not beside the repository")
    return path


def real(name: str, text: str) -> FeedFrame:
    log = IssueLog()
    feeds, _ = read_source(shared(name), mapping=parse_mapping(text, log), log=log)
    assert log.to_frame().rows() == []
    balanced(feeds[0])
    return feeds[0]


def test_wide_weeks_become_rows():
    columns = (
        'bucket_start = "label", item_id = "product", location_id = "store", '
        'qty = "cell", qty_kind = {const = "sold"}'
    )
    unpivot = (
        '{columns = "w*", name = "label", value = "cell", labels = {first = "2013-01-07", step = "week"}}'
    )
    text = demand(columns, unpivot=unpivot).replace("L.csv", "weekly_sales.parquet")
    feed = real("favorita_weekly", text)
    wide = pl.read_parquet(shared("favorita_weekly") / "weekly_sales.parquet")
    assert feed.frame.height == wide.height * (wide.width - 2)
    assert feed.sums["qty"].read == wide.drop("product", "store").sum().sum_horizontal().item()
    assert feed.frame["bucket_start"].min() == "2013-01-07"


@pytest.mark.slow
def test_lines_fold_to_days_exactly():
    columns = (
        'bucket_start = "ts", item_id = "stock_code", qty = "quantity", '
        'net_price = "unit_price", qty_kind = {const = "sold"}'
    )
    text = demand(columns, where="{quantity = {gt = 0}}", reduce='{qty = "sum", net_price = "mean:qty"}')
    feed = real("online_retail", text.replace("L.csv", "lines.parquet"))
    lines = pl.read_parquet(shared("online_retail") / "lines.parquet").filter(pl.col("quantity") > 0)
    days = lines.group_by(pl.col("ts").dt.date(), pl.col("stock_code").str.strip_chars()).agg(
        pl.col("quantity").sum()
    )
    assert feed.frame.height == days.height
    assert feed.frame["qty"].cast(pl.Int64).sum() == days["quantity"].sum()
    assert feed.frame["_count"].sum() == lines.height


@pytest.mark.slow
def test_hours_without_stock_become_a_share():
    columns = (
        'bucket_start = "dt", item_id = "product_id", location_id = "store_id", qty_kind = {const = "sold"}, '
        'qty = {sum = "s??", scale = 0.01}, in_stock_fraction = {bits_clear = "stockout_mask", of = 24}'
    )
    feed = real("freshretail", demand(columns).replace("L.csv", "hourly.parquet"))
    raw = pl.read_parquet(shared("freshretail") / "hourly.parquet")
    hours = raw.select(pl.sum_horizontal([f"s{hour:02d}" for hour in range(24)])).to_series()
    assert feed.sums["qty"].read == pytest.approx(hours.sum() / 100)
    empty = raw.select(pl.col("stockout_mask").cast(pl.Int64).bitwise_count_ones()).to_series()
    shares = feed.frame["in_stock_fraction"].cast(pl.Float64)
    assert (shares - (24 - empty) / 24).abs().max() < 1e-12


def test_compressed_transactions_of_one_kind():
    columns = 'bucket_start = "TransactionDate", item_id = "ProductID", qty = "Quantity", qty_kind = {const = "sold"}'
    text = demand(columns, where='{TransactionType = "S"}', reduce='{qty = "sum"}')
    feed = real("adventureworks_erp", text.replace("L.csv", "TransactionHistory.csv.gz"))
    lines = pl.read_csv(shared("adventureworks_erp") / "TransactionHistory.csv.gz", infer_schema=False)
    sold = lines.filter(pl.col("TransactionType") == "S")
    assert feed.ignored == lines.height - sold.height
    assert feed.frame["qty"].cast(pl.Int64).sum() == sold["Quantity"].cast(pl.Int64).sum()


def test_rows_that_cannot_be_split_count_as_read(tmp_path: Path):
    (tmp_path / "L.csv").write_text("Item,Q\nA,1\nB\nC,2\n")
    stream = io.StringIO(quantity('"Q"'))
    log = IssueLog()
    feeds, _ = read_source(tmp_path, mapping=parse_mapping(stream.read(), log), log=log)
    balanced(feeds[0])
    assert (feeds[0].read, feeds[0].bad["_raw"].to_list()) == (3, ["B"])
