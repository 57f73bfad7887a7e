"""Feeds applied: every form and modifier, and their order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from basestock.data.cells import parse_feed_column
from basestock.data.tables import TABLES
from tests.data.feed_case import KIND, ONE, REST, Reader, codes_of, demand, parsed, quantity

# --- forms ------------------------------------------------------------------------------------------------


def test_from_is_the_cell_as_written(read: Reader):
    found = read(quantity('"Q"'), L__csv="Item,Q\n 00A ,1.50\n")
    assert found.column("item_id") == [" 00A "]
    assert found.column("qty") == ["1.50"]


def test_const(read: Reader):
    text = demand(
        'bucket_start = {const = "3.4.2024", date = "%d.%m.%Y"}, '
        'item_id = "Item", qty = {const = 2.5}, qty_kind = {const = "sold"}'
    )
    found = read('source = {decimal = ","}\n' + text, L__csv="Item\nA\n")
    assert parsed(found) == [2.5]
    assert parsed(found, "bucket_start") == [date(2024, 4, 3)]


def test_text_is_missing_if_a_column_is(read: Reader):
    found = read(
        quantity('"Q"').replace('"Item"', '{text = "{Item}-{No}"}'), L__csv="Item,No,Q\nA, 7,1\nB,,1\n"
    )
    assert found.column("item_id") == ["A-7", None]


def test_first_takes_what_is_not_missing(read: Reader):
    found = read(quantity('{first = ["Q", "R", {const = 9}]}'), L__csv="Item,Q,R\nA,1,2\nB,,2\nC,,\n")
    assert parsed(found) == [1, 2, 9]


def test_first_of_parts_that_are_written_differently(read: Reader):
    days = '{first = [{from = "D", date = "%d.%m.%Y"}, "E", {const = 2024-12-24}]}'
    text = demand(
        f'bucket_start = {days}, item_id = "Item", qty = {{const = 1}}, qty_kind = {{const = "sold"}}'
    )
    found = read(text, L__csv="Item,D,E\nA,3.4.2024,\nB,,2024-05-06\nC,,\nD,oops,\n")
    assert found.column("bucket_start") == ["2024-04-03", "2024-05-06", "2024-12-24", "oops"]
    assert codes_of(found, "bucket_start") == [None, None, None, "DAT-006"]


def test_sum_is_exact_and_missing_if_a_part_is(read: Reader):
    found = read(quantity('{sum = ["Q", "R"]}'), L__csv="Item,Q,R\nA,0.1,0.2\nB,1,\n")
    assert found.column("qty") == ["0.3", None]


def test_sum_of_a_pattern(read: Reader):
    found = read(quantity('{sum = "s??"}'), L__csv="Item,s00,s01,size\nA,1,2.5,9\nB,4,,9\n")
    assert found.column("qty") == ["3.5", None]


def test_sum_of_typed_columns(read: Reader, tmp_path: Path):
    frame = pl.DataFrame({"Item": ["A", "B"], "s00": pl.Series([1, None], dtype=pl.Int16), "s01": [2, 3]})
    frame.write_parquet(tmp_path / "L.parquet")
    text = quantity('{sum = "s??", scale = 0.01}').replace("L.csv", "L.parquet")
    assert read(text).column("qty") == ["0.03", None]


def test_product_is_exact(read: Reader):
    found = read(
        quantity('{product = ["Q", {from = "R"}, {const = 10}]}'), L__csv="Item,Q,R\nA,0.1,0.7\nB,,1\n"
    )
    assert found.column("qty") == ["0.7", None]


def test_bits_clear(read: Reader):
    text = demand(f'{REST}, qty = {{const = 1}}, in_stock_fraction = {{bits_clear = "M", of = 4}}')
    found = read(text, L__csv="Item,M\nA,0\nB,1\nC,15\nD,16\nE,\nF,x\nG,1.5\n")
    assert found.column("in_stock_fraction") == ["1", "0.75", "0", "1", None, "x", "1.5"]
    assert codes_of(found, "in_stock_fraction")[5:] == ["SCH-004", "SCH-004"]


# --- modifiers --------------------------------------------------------------------------------------------


def test_null_if_compares_numbers_as_numbers(read: Reader):
    found = read(
        quantity('{from = "Q", null_if = ["0", "none"]}'), L__csv="Item,Q\nA,0.00\nB, none \nC,0.01\nD,-0\n"
    )
    assert parsed(found) == [None, None, 0.01, None]


def test_map_looks_up_a_code_list(read: Reader):
    text = demand(KIND)
    codes = '[codes.kind]\nVK = "sold"\nL = "shipped"\nX = ""\n'
    found = read(text + codes, L__csv="Item,K\nA, VK \nB,L\nC,X\nD,?\nE,\n")
    assert found.column("qty_kind") == ["sold", "shipped", None, "?", None]
    assert codes_of(found, "qty_kind") == [None, None, None, "SCH-010", None]


def test_map_with_anything_else_and_with_missing(read: Reader):
    text = demand(KIND)
    found = read(
        text + '[codes.kind]\nVK = "sold"\n"*" = "shipped"\n"" = "consumed"', L__csv="Item,K\nA,VK\nB,?\nC,\n"
    )
    assert found.column("qty_kind") == ["sold", "shipped", "consumed"]


def test_date_is_about_one_value_only(read: Reader):
    text = demand('bucket_start = {from = "D", date = ["%d.%m.%Y", "%Y%m%d"]}, ' + ONE)
    found = read(text, L__csv="Item,D\nA,3.4.2024\nB,20240506\nC,2024-05-06\n")
    assert parsed(found, "bucket_start") == [date(2024, 4, 3), date(2024, 5, 6), None]
    assert codes_of(found, "bucket_start") == [None, None, "DAT-004"]


def test_scale_then_offset_exactly(read: Reader):
    found = read(quantity('{from = "Q", scale = 0.01, offset = -0.1}'), L__csv="Item,Q\nA,97.5\nB,\nC,x\n")
    assert found.column("qty") == ["0.875", None, "x"]
    assert codes_of(found) == [None, None, "SCH-004"]


def test_modifiers_apply_in_their_order(read: Reader):
    value = '{from = "Q", offset = 1, scale = 2, map = "m", null_if = ["9"]}'
    found = read(quantity(value) + '[codes.m]\n7 = "10"\n9 = "5"', L__csv="Item,Q\nA,7\nB,9\n")
    assert found.column("qty") == ["21", None]


def test_assumed_values_name_their_column(read: Reader):
    text = demand(
        'bucket_start = {const = 2024-01-01}, item_id = "Item", '
        'qty = {first = ["Q", {const = 1, assumed = true}]}, qty_kind = {const = "sold", assumed = true}'
    )
    found = read(text, L__csv="Item,Q\nA,3\nB,\n")
    assert found.column("_assumed") == ["qty_kind", "qty,qty_kind"]


def test_an_assumed_feed_is_all_a_guess(read: Reader):
    found = read(demand(f'{REST}, qty = "Q"', assumed="true"), L__csv="Item,Q\nA,3\n")
    assert found.column("_assumed") == ["*"]


# --- how cells are written --------------------------------------------------------------------------------


def test_declared_forms_hold_for_cells_and_not_for_computed_values(read: Reader):
    text = 'source = {decimal = ",", thousands = ".", delimiter = ";", null = ["-"]}\n'
    text += demand(f'{REST}, qty = "Q", lost_qty = {{sum = ["Q", "R"]}}')
    found = read(text, L__csv="Item;Q;R\nA;1.234,5;0,5\nB;-;1\n")
    assert parsed(found) == [1234.5, None]
    assert found.column("lost_qty") == ["1235", None]
    assert found.feed.options_for("qty").decimal == ","
    assert found.feed.options_for("lost_qty").decimal == "."


def test_a_column_that_cannot_be_read_stays_refused_when_computed(read: Reader):
    found = read(quantity('{from = "Q", scale = 2}'), L__csv='Item,Q\nA,"1,5"\nB,2\n')
    result = parse_feed_column(found.feed, TABLES["demand_history"]["qty"])
    assert result.verdict is not None
    assert (result.verdict.code, result.verdict.cells) == ("NUM-001", 1)
    assert result.values.to_list() == [None, None]


def test_cells_that_failed_keep_their_code(read: Reader):
    found = read(quantity('{product = ["Q", {const = 2}]}'), L__csv="Item,Q\nA,12 kg\nB,2\nC,NaN\n")
    assert codes_of(found) == ["NUM-005", None, "NUM-004"]
    assert found.column("qty") == ["12 kg", "4", "NaN"]
