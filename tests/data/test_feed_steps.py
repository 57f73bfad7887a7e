"""Feeds applied: every step, their order, and the balance of rows and quantities."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.data.feed_case import ONE, REST, Reader, demand, quantity

# --- steps ------------------------------------------------------------------------------------------------


def test_unpivot_with_days(read: Reader):
    text = demand(
        'bucket_start = "n", item_id = "Item", qty = "v", qty_kind = {const = "sold"}',
        unpivot='{columns = "w*", name = "n", value = "v", labels = {first = "2013-01-28", step = "month"}}',
    )
    found = read(text, L__csv="Item,w0,w1\nA,1,2\nB,3,\n")
    assert found.feed.frame.select("bucket_start", "item_id", "qty", "_row").sort("item_id", "bucket_start").rows() == [
        ("2013-01-28", "A", "1", 2), ("2013-02-28", "A", "2", 2),
        ("2013-01-28", "B", "3", 3), ("2013-02-28", "B", None, 3),
    ]  # fmt: skip
    assert found.feed.read == 4


def test_unpivot_keeps_labels_and_where_can_leave_out_missing_cells(read: Reader):
    text = demand(
        'bucket_start = {text = "{n}-01"}, item_id = "Item", qty = "v", qty_kind = {const = "sold"}',
        unpivot='{columns = "20*", name = "n", value = "v"}', where="{v = {empty = false}}",
    )  # fmt: skip
    found = read(text, L__csv="Item,2024-01,2024-02\nA,1,\n")
    assert found.column("bucket_start") == ["2024-01-01"]
    assert found.feed.ignored == 1


JOIN = '[{file = "Orders.csv", on = {No = "No"}}]'
JOINED = 'bucket_start = "Orders.Date", item_id = "Item", qty = "Q", qty_kind = {const = "sold"}'


def test_join(read: Reader):
    found = read(
        demand(JOINED, join=JOIN),
        L__csv="No,Item,Q\n1,A,5\n 2 ,B,6\n",
        Orders__csv="No,Date\n2,2024-02-01\n1,2024-01-01\n",
    )
    assert found.column("bucket_start") == ["2024-01-01", "2024-02-01"]
    assert found.codes == []


def test_idn_014_a_row_without_match_is_set_aside(read: Reader):
    found = read(
        demand(JOINED, join=JOIN), L__csv="No,Item,Q\n1,A,5\n9,B,6\n", Orders__csv="No,Date\n1,2024-01-01\n"
    )
    assert found.codes == ["IDN-014"]
    issue = found.log.touched().row(0, named=True)
    assert (issue["file"], issue["row"], issue["value"], issue["item_id"]) == ("L.csv", 3, "9", "B")
    assert found.feed.bad.select("No", "Item", "_row", "_codes").rows() == [("9", "B", 3, "IDN-014")]
    assert found.feed.sums["qty"].bad == 6


def test_idn_012_two_matches_are_set_aside(read: Reader):
    orders = "No,Date\n1,2024-01-01\n1,2024-01-02\n2,2024-02-01\n2,2024-02-01\n"
    found = read(demand(JOINED, join=JOIN), L__csv="No,Item,Q\n1,A,5\n2,B,6\n", Orders__csv=orders)
    assert found.codes == ["IDN-012"]
    assert found.column("item_id") == ["B"]


def test_a_row_that_asks_for_nothing_gets_nothing(read: Reader):
    found = read(demand(JOINED, join=JOIN), L__csv="No,Item,Q\n,A,5\n", Orders__csv="No,Date\n1,2024-01-01\n")
    assert found.column("bucket_start") == [None]
    assert found.codes == []


def test_joins_follow_each_other(read: Reader):
    text = demand(
        'bucket_start = {const = 2024-01-01}, channel = "C.Name", ' + ONE,
        join='[{file = "O.csv", on = {No = "No"}}, '
        '{file = "Customers.csv", on = {"O.Who" = "Id", Place = "Place"}, as = "C"}]',
    )
    found = read(
        text,
        L__csv="No,Item,Place\n1,A,x\n",
        O__csv="No,Who\n1,7\n",
        Customers__csv="Id,Place,Name\n7,x,Shop\n7,y,No\n",
    )
    assert found.column("channel") == ["Shop"]


@pytest.mark.parametrize(
    ("test", "kept"),
    [
        ('"a"', ["A"]), ('["a", "b"]', ["A", "B"]), ('{not = "a"}', ["B", "C", "D"]), ("{empty = true}", ["D"]),
        ("{empty = false}", ["A", "B", "C"]), ('""', ["D"]),
    ],
)  # fmt: skip
def test_where_texts(read: Reader, test: str, kept: list[str]):
    found = read(
        demand(f'{REST}, qty = "Q"', where=f"{{T = {test}}}"),
        L__csv="Item,Q,T\nA,1, a \nB,2,b\nC,4,c\nD,8,\n",
    )
    assert found.column("item_id") == kept
    assert found.feed.ignored == 4 - len(kept)


@pytest.mark.parametrize(
    ("test", "kept"), [("{gt = 1}", ["B"]), ("{ge = 1}", ["A", "B"]), ("{ge = 0, lt = 1.5}", ["A"])]
)
def test_where_numbers(read: Reader, test: str, kept: list[str]):
    found = read(
        demand(f'{REST}, qty = "Q"', where=f"{{Q = {test}}}"), L__csv="Item,Q\nA,1.0\nB,2\nC,\nD,-1\n"
    )
    assert found.column("item_id") == kept
    assert found.feed.sums["qty"].ignored == 2 - sum(float(x) for x in found.column("qty"))


def test_where_sets_cells_aside_that_are_no_numbers(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', where="{T = {gt = 0}}"), L__csv="Item,Q,T\nA,1,1\nB,2,x\n")
    assert found.codes == ["SCH-004"]
    assert (found.column("item_id"), found.feed.bad["Item"].to_list()) == (["A"], ["B"])


def test_all_tests_must_hold_and_joined_columns_can_be_tested(read: Reader):
    text = demand(JOINED, join=JOIN, where='{Q = {gt = 0}, "Orders.State" = "ok"}')
    found = read(
        text,
        L__csv="No,Item,Q\n1,A,5\n2,B,6\n1,C,0\n9,D,1\n9,E,0\n",
        Orders__csv="No,Date,State\n1,2024-01-01,ok\n2,2024-01-01,no\n",
    )
    assert found.column("item_id") == ["A"]
    assert found.feed.ignored == 3
    assert found.feed.bad["Item"].to_list() == ["D"]
    assert found.codes == ["IDN-014"]


def test_attributes_are_kept_as_they_are(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', attributes='["Note"]'), L__csv="Item,Q,Note\nA,1, x \n")
    assert found.column("attr.Note") == [" x "]


# --- reduce -----------------------------------------------------------------------------------------------

FOLD = 'bucket_start = "D", item_id = "Item", qty = "Q", net_price = "P", qty_kind = {const = "sold"}'


def test_reduce_folds_rows_with_one_key(read: Reader):
    text = demand(FOLD, reduce='{qty = "sum", net_price = "mean:qty"}')
    found = read(
        text, L__csv="Item,D,Q,P\nA,2024-01-01,0.1,2\nB,2024-01-01,1,5\n A ,2024-01-01 08:00,0.2,5\n"
    )
    assert found.feed.frame.select("item_id", "bucket_start", "qty", "net_price", "_row", "_count").rows() == [
        ("A", "2024-01-01", "0.3", "4", 2, 2), ("B", "2024-01-01", "1", "5", 3, 1),
    ]  # fmt: skip
    assert (found.feed.read, found.feed.folded) == (3, 1)
    assert found.feed.sums["qty"].folded == pytest.approx(0)


@pytest.mark.parametrize(
    ("how", "expected"),
    [("sum", "11"), ("min", "-1"), ("max", "10"), ("first", "2"), ("last", "-1"), ("mean:lost_qty", "6")],
)
def test_reducers(read: Reader, how: str, expected: str):
    text = demand(f'{REST}, qty = "Q", lost_qty = "W"', reduce=f'{{qty = "{how}", lost_qty = "first"}}')
    found = read(text, L__csv="Item,Q,W\nA,2,1\nA,10,1\nA,-1,0\n")
    assert found.column("qty") == [expected]


def test_reducers_of_days_and_texts(read: Reader):
    text = """
        source = {date_format = "%d.%m.%Y"}
        [[table.item]]
        from = "L.csv"
        reduce = {intro_date = "min", end_date = "max", description = "last"}
        [table.item.columns]
        item_id = "I"
        base_uom = {const = "EA"}
        intro_date = "D"
        end_date = "D"
        description = "T"
    """
    found = read(text, L__csv="I,D,T\nA,2.1.2024,x\nA,1.2.2023,y\n")
    assert found.feed.frame.select("intro_date", "end_date", "description").rows() == [
        ("2023-02-01", "2024-01-02", "y")
    ]


def test_a_missing_part_makes_the_folded_sum_missing(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', reduce='{qty = "sum"}'), L__csv="Item,Q\nA,1\nA,\nB,2\n")
    assert found.column("qty") == [None, "2"]


def test_idn_012_other_columns_must_agree(read: Reader):
    text = demand(f'{REST}, qty = "Q", channel = {{const = "c"}}, event_id = "E"', reduce='{qty = "sum"}')
    found = read(text, L__csv="Item,Q,E\nA,1,x\nA,2,y\nB,3,x\nB,4,x\n")
    assert found.codes == ["IDN-012", "IDN-012"]
    assert found.column("qty") == ["7"]
    assert found.feed.bad["_row"].to_list() == [2, 3]
    assert found.feed.sums["qty"].bad == 3


def test_without_reduce_nothing_folds(read: Reader):
    found = read(quantity('"Q"'), L__csv="Item,Q\nA,1\nA,1\n")
    assert (found.feed.frame.height, found.feed.folded) == (2, 0)


def test_cells_that_cannot_be_folded_are_set_aside(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', reduce='{qty = "sum"}'), L__csv="Item,Q\nA,1\nA,12 kg\n")
    assert found.codes == ["NUM-005"]
    assert found.column("qty") == ["1"]


def test_a_weighted_mean_leaves_out_rows_that_are_set_aside(read: Reader):
    columns = f'{REST}, qty = "Q", net_price = "P"'
    text = demand(columns, reduce='{qty = "sum", net_price = "mean:qty"}')
    found = read(text, L__csv="Item,Q,P\nA,1,2\nA,3,4\nA,many,9\n")
    assert (found.column("qty"), found.column("net_price")) == (["4"], ["3.5"])
    row = found.log.to_frame().row(0, named=True)
    assert (row["code"], row["row"], row["key"], row["column"], row["value"]) == (
        "SCH-004", 4, "item=A, date=2024-01-01", "qty", "many",
    )  # fmt: skip


def test_rows_that_disagree_name_the_column(read: Reader):
    text = demand(f'{REST}, qty = "Q", net_price = "P"', reduce='{qty = "sum"}')
    found = read(text, L__csv="Item,Q,P\nA,1,2\nA,3,4\n")
    assert found.log.to_frame().select("column", "value").rows() == [("net_price", "2"), ("net_price", "4")]


def test_a_failed_join_names_its_columns_and_the_key(read: Reader):
    text = demand(f'{REST}, qty = "Q"', join='[{file = "O.csv", on = {Nr = "No"}}]')
    found = read(text, L__csv="Item,Q,Nr\nA,1,9\n", O__csv="No\n1\n")
    row = found.log.to_frame().row(0, named=True)
    assert (row["code"], row["key"], row["column"], row["value"]) == (
        "IDN-014",
        "item=A, date=2024-01-01",
        "Nr",
        "9",
    )


def test_whole_numbers_are_added_without_overflow(read: Reader, tmp_path: Path):
    big = 2**63 - 1
    pl.DataFrame({"Item": ["A"], "a": [big], "b": [big]}).write_parquet(tmp_path / "L.parquet")
    text = demand(f'{REST}, qty = {{sum = ["a", "b"]}}').replace("L.csv", "L.parquet")
    assert read(text).column("qty") == [str(2 * big)]


def test_rows_without_a_key_are_not_folded_together(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', reduce='{qty = "sum"}'), L__csv="Item,Q\n,1\n,2\nA,3\nA,4\n")
    assert found.column("qty") == ["1", "2", "7"]


def test_declared_padding_and_case_make_one_key(read: Reader):
    text = 'source = {pad = {item_id = 5}, case = "fold"}\n' + demand(
        f'{REST}, qty = "Q"', reduce='{qty = "sum"}'
    )
    found = read(text, L__csv="Item,Q\n00123,1\n123,2\na1,3\nA1,4\n")
    assert found.feed.frame.select("item_id", "qty").rows() == [("00123", "3"), ("a1", "7")]


def test_folded_rows_remember_all_their_source_rows(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', reduce='{qty = "sum"}'), L__csv="Item,Q\nA,1\nB,2\nA,3\n")
    raw = found.feed.raw_rows(pl.Series([0]))
    assert raw.select("Item", "Q", "_row", "_frame").rows() == [("A", "1", 2, 0), ("A", "3", 4, 0)]
    assert found.feed.raw.select("Item", "_row").rows() == [("A", 2), ("B", 3)]
