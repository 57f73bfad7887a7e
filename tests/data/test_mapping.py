"""The mapping file before any row is read: every part accepted, everything wrong found at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from basestock.data.frames import Declarations
from basestock.data.issues import IssueLog
from basestock.data.mapping import (
    Condition,
    Join,
    Unpivot,
    Value,
    builtin_maps,
    load_mapping,
)
from tests.data.mapping_case import FEED, SUPPLIER, accepted, problem, rejected


def value(text: str) -> Value:
    """Return the VALUE of a column."""
    return accepted(f'{SUPPLIER}columns = {{supplier_id = "Id", name = {text}}}').feeds[0].columns["name"]


def value_problem(text: str) -> str:
    return problem(f'{SUPPLIER}columns = {{supplier_id = "Id", min_order_value = {text}}}')


# --- the whole file ---------------------------------------------------------------------------------------


def test_the_example_of_the_handbook():
    mapping = accepted(
        """
        source = {name = "acme", decimal = ",", date_format = "%d.%m.%Y", as_of = "2026-03-02", gaps = "zero"}
        [[table.item]]
        from = "Articles_*.csv"
        join = [{file = "Groups.csv", on = {GroupNo = "No"}}]
        where = {Blocked = "0"}
        [table.item.columns]
        item_id = "ArticleNo"
        category = "Groups.Name"
        base_uom = {from = "Unit", map = "unit"}
        unit_cost = {from = "Cost", null_if = ["0"]}
        [[table.demand_history]]
        from = "Lines.csv"
        join = [{file = "Orders.csv", on = {OrderNo = "OrderNo"}}]
        reduce = {qty = "sum"}
        columns = {bucket_start = "Orders.Date", item_id = "ArticleNo", qty = "Qty", qty_kind = {const = "ordered"}}
        [codes.unit]
        ST = "EA"
        """
    )
    assert [feed.table for feed in mapping.feeds] == ["item", "demand_history"]
    assert mapping.source.as_of == date(2026, 3, 2)
    assert mapping.feeds[0].joins == (Join("Groups.csv", {"GroupNo": "No"}, "Groups"),)
    assert mapping.feeds[0].where == {"Blocked": Condition(any_of=("0",))}
    assert mapping.feeds[1].reduce == {"qty": "sum"}
    assert mapping.codes == {"unit": {"ST": "EA"}}
    assert len(mapping.sha256) == 64


def test_an_empty_mapping_declares_nothing():
    mapping = accepted("")
    assert mapping.source.gaps is None
    assert mapping.source.declarations == Declarations()
    assert mapping.options().decimal is None


def test_everything_wrong_is_found_at_once():
    found = rejected(
        """
        source = {nmae = "x", gaps = "none", decimal = ";"}
        [tabel]
        [[table.itm]]
        from = "A.csv"
        [[table.supplier]]
        from = "S.csv"
        columns = {supplier = "Id"}
        """
    )
    places = {place for _, place, _ in found}
    assert {"source.nmae", "source.gaps", "source.decimal", "tabel", "table.itm"} <= places
    assert "table.supplier[1].columns.supplier" in places
    assert ("SCH-001", "table.supplier[1].supplier_id") in {(code, place) for code, place, _ in found}


def test_broken_toml_is_a_finding():
    assert "must be TOML" in rejected("[source")[0][2]


def test_two_entries_for_one_field():
    assert "Cannot overwrite" in rejected('[source]\nname = "a"\nname = "b"')[0][2]
    lane = 'from_location = "A", to_location = "B", lead_time_days = "C"'
    found = problem(f'[[table.lane]]\nfrom = "L.csv"\ncolumns = {{{lane}, order_minimum = "D", moq = "E"}}')
    assert "give `order_minimum` one entry; here are two" in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sorce]", "`sorce` is none; did you mean `source`?"),
        ('source = {delimeter = ";"}', "`delimeter` is none; did you mean `delimiter`?"),
        ("[[table.suplier]]", "`suplier` is none; did you mean `supplier`?"),
        (SUPPLIER + 'columns = {supplier_id = "Id", curency = "C"}', "did you mean `currency`?"),
        (SUPPLIER + 'columns = {supplier_id = {from = "Id", mpa = "x"}}', "did you mean `map`?"),
        (FEED + "wehre = {}", "did you mean `where`?"),
        ('[columns.itm]\nx = "y"', "did you mean `item`?"),
        ('source = {map = "odo"}', "did you mean `odoo`?"),
        ('source = {empty = ["itm"]}', "did you mean `item`?"),
        ('source = {repairs = ["NUM-03"]}', "did you mean `NUM-003`?"),
        ("source = {pad = {item = 5}}", "did you mean `item_id`?"),
        (
            '[codes.unit]\nST = "EA"\n' + SUPPLIER + 'columns = {supplier_id = {from = "Id", map = "units"}}',
            "`unit`?",
        ),
        ('[assume]\ninventry = "reference"', "did you mean `inventory`?"),
        ('[assume]\ninventory = "refrence"', "did you mean `reference`?"),
    ],
)
def test_unknown_names_show_the_nearest(text: str, words: str):
    assert words in problem(text)


def test_a_feed_without_a_required_column_is_sch_001():
    ((code, place, rule),) = rejected(SUPPLIER + 'columns = {name = "N"}')
    assert (code, place) == ("SCH-001", "table.supplier[1].supplier_id")
    assert "must fill the required column `supplier_id`" in rule


# --- [source] ---------------------------------------------------------------------------------------------


def test_source_declarations():
    source = accepted(
        """
        [source]
        name = "acme"
        encoding = "cp1252"
        delimiter = ";"
        decimal = ","
        thousands = "."
        null = ["n/a", "-"]
        date_format = ["%d.%m.%y", "excel-1900"]
        pivot = 50
        timezone = "Europe/Berlin"
        week_rule = "monday"
        currency = "EUR"
        as_of = 2026-03-02
        gaps = "closed"
        lead_time = "stated"
        pad = {item_id = 5}
        case = "fold"
        signs = "trailing"
        snapshot = "newest"
        line_key = {demand_history = ["source_id"]}
        empty = ["price"]
        non_stock = ["POST", 9]
        repairs = ["NUM-003"]
        """
    ).source
    assert source.declarations == Declarations(
        {"item_id": 5}, "fold", {"demand_history": ("source_id",)}, "newest", ("POST", "9"), ("NUM-003",),
        ("price",), "trailing",
    )  # fmt: skip
    assert (source.as_of, source.gaps, source.lead_time) == (date(2026, 3, 2), "closed", "stated")
    assert (source.written.encoding, source.written.delimiter) == ("cp1252", ";")


def test_source_becomes_cell_options():
    mapping = accepted(
        '[source]\ndecimal = ","\nthousands = "."\nnull = ["-"]\nsigns = "trailing"\n'
        'date_format = "%d.%m.%y"\npivot = 30'
    )
    options = mapping.options()
    assert (options.decimal, options.thousands, options.null) == (",", ".", ("-",))
    assert (options.date_format, options.pivot, options.signs) == (("%d.%m.%y",), 30, "trailing")


def test_a_feed_may_be_written_in_its_own_way():
    mapping = accepted('source = {decimal = ",", null = ["-"]}\n' + FEED + 'decimal = "."\ndelimiter = "|"')
    options = mapping.options(mapping.feeds[0])
    assert (options.decimal, options.null) == (".", ("-",))
    assert mapping.feeds[0].written.delimiter == "|"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('encoding = "klingon"', "known text encoding"),
        ('encoding = "base64"', "known text encoding"),
        ('delimiter = ";;"', "one separator character"),
        ('decimal = "x"', "one separator character"),
        ('thousands = "."', "different decimal and thousands separators"),
        ('date_format = "%d.%Q"', "`%Q` is not one of"),
        ('date_format = "%d.%m"', "needs a year and a month"),
        ("pivot = 2000", "pivot of 0 to 100"),
        ('timezone = "CET+1"', "IANA time zone"),
        ('currency = "Euro"', "ISO 4217"),
        ('as_of = "2.3.2026"', "ISO day"),
        ('gaps = "none"', "zero, closed, missing"),
        ("lead_time = 3", "learned, stated"),
        ('case = "lower"', "fold"),
        ("name = 5", "have a text here"),
        ("pad = {item_id = true}", "whole number"),
    ],
)
def test_source_values_are_checked(text: str, words: str):
    assert words in problem(f"[source]\n{text}")


# --- feeds ------------------------------------------------------------------------------------------------


def test_a_feed_needs_rows_or_a_file():
    assert "either `from` or `rows`" in rejected('[[table.supplier]]\ncolumns = {supplier_id = "Id"}')[0][2]


def test_inline_rows():
    feed = accepted(
        '[[table.location]]\nrows = [{location_id = "MAIN", lat = 52.50}, {location_id = 7}]'
    ).feeds[0]
    assert feed.rows == ({"location_id": "MAIN", "lat": "52.50"}, {"location_id": "7"})


def test_inline_rows_stand_alone_and_in_canonical_names():
    text = '[[table.location]]\nrows = [{location_id = "A", colour = "red"}]\nwhere = {x = "y"}'
    found = " ".join(rule for _, _, rule in rejected(text))
    assert "`colour` is none" in found
    assert "use `rows` alone" in found


def test_unpivot():
    feed = accepted(
        FEED
        + 'unpivot = {columns = "w*", name = "n", value = "v", labels = {first = "2013-01-07", step = "week"}}'
    ).feeds[0]
    assert feed.unpivot == Unpivot("w*", "n", "v", date(2013, 1, 7), "week")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{columns = "w*", name = "n"}', "name `value` of unpivot"),
        ('{columns = "w*", name = "n", value = "n"}', "different columns"),
        (
            '{columns = "w*", name = "n", value = "v", labels = {first = "2013-01-07"}}',
            "both `first` and `step`",
        ),
        (
            '{columns = "w*", name = "n", value = "v", labels = {first = "2013-01-07", step = "year"}}',
            "day, week, month",
        ),
    ],
)
def test_unpivot_is_checked(text: str, words: str):
    assert words in problem(FEED + f"unpivot = {text}")


def test_joins_are_called_by_as_or_stem():
    feed = accepted(
        FEED
        + 'join = [{file = "in/Orders.csv.gz", on = {A = "B"}}, {file = "G.csv", on = {A = "B"}, as = "H"}]'
    ).feeds[0]
    assert [join.name for join in feed.joins] == ["Orders", "H"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{file = "O.csv"}]', "`file` and `on = {left = right}`"),
        ('[{file = "O.csv", on = {A = "B"}}, {file = "x/O.csv", on = {A = "B"}}]', "`O` is there twice"),
        ('"O.csv"', "list of joins"),
    ],
)
def test_joins_are_checked(text: str, words: str):
    assert words in problem(FEED + f"join = {text}")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ('"0"', Condition(any_of=("0",))),
        ("0", Condition(any_of=("0",))),
        ("true", Condition(any_of=("true",))),
        ('["a", "b"]', Condition(any_of=("a", "b"))),
        ('{not = "a"}', Condition(none_of=("a",))),
        ('{not = ["a", "b"]}', Condition(none_of=("a", "b"))),
        ("{empty = true}", Condition(empty=True)),
        ("{empty = false}", Condition(empty=False)),
        ("{gt = 0, le = 2.5}", Condition(bounds=(("gt", Decimal(0)), ("le", Decimal("2.5"))))),
    ],
)
def test_tests(text: str, condition: Condition):
    assert accepted(FEED + f"where = {{C = {text}}}").feeds[0].where == {"C": condition}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{ne = 1}", "`ne` is none"),
        ("{}", "have a test here"),
        ('{gt = "a"}', "a number here"),
        ("{empty = 1}", "true or false"),
    ],
)
def test_tests_are_checked(text: str, words: str):
    assert words in problem(FEED + f"where = {{C = {text}}}")


def test_reduce_is_checked():
    feed = '[[table.inventory]]\nfrom = "I.csv"\ncolumns = {item_id = "A", on_hand = "B"}\n'
    assert accepted(feed + 'reduce = {on_hand = "mean:on_hand"}').feeds[0].reduce == {
        "on_hand": "mean:on_hand"
    }
    assert "fold with one of sum, min, max, first, last" in problem(feed + 'reduce = {on_hand = "summ"}')
    assert "not fold a column of the key" in problem(feed + 'reduce = {item_id = "first"}')
    assert "`blocked` is none" in problem(feed + 'reduce = {blocked = "sum"}')
    assert "`weight` is none" in problem(feed + 'reduce = {on_hand = "mean:weight"}')


def test_line_keys_name_columns_of_the_feed():
    feed = '\n[[table.supplier]]\nfrom = "S.csv"\nattributes = ["Line"]\ncolumns = {supplier_id = "Id"}'
    assert accepted('source = {line_key = {supplier = ["Line"]}}' + feed)
    assert "`Lin` is none; did you mean `Line`" in problem(
        'source = {line_key = {supplier = ["Lin"]}}' + feed
    )


# --- VALUE ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"C"', Value("from", "C")),
        ('{from = "C"}', Value("from", "C")),
        ("{const = 5}", Value("const", "5")),
        ("{const = 2.50}", Value("const", "2.50")),
        ("{const = 2026-03-02}", Value("const", "2026-03-02")),
        ("{const = true}", Value("const", "true")),
        ('{text = "PO-{A}/{B}"}', Value("text", "PO-{A}/{B}")),
        ('{first = ["A", {const = 1}]}', Value("first", parts=(Value("from", "A"), Value("const", "1")))),
        ('{sum = ["A", "B"]}', Value("sum", parts=(Value("from", "A"), Value("from", "B")))),
        ('{sum = "s*"}', Value("sum", "s*")),
        ('{product = ["A", "B"]}', Value("product", parts=(Value("from", "A"), Value("from", "B")))),
        ('{bits_clear = "M", of = 24}', Value("bits_clear", "M", of=24)),
        ('{from = "C", null_if = ["0", 9]}', Value("from", "C", null_if=("0", "9"))),
        ('{from = "C", date = "%d.%m.%Y"}', Value("from", "C", date=("%d.%m.%Y",))),
        (
            '{from = "C", scale = 0.01, offset = -1}',
            Value("from", "C", scale=Decimal("0.01"), offset=Decimal(-1)),
        ),
        ('{from = "C", assumed = true}', Value("from", "C", assumed=True)),
    ],
)
def test_forms_and_modifiers(text: str, expected: Value):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5", "a column or a table with one form"),
        ("{}", "exactly one of from, const, text, first, sum, product, bits_clear; here is none"),
        ('{from = "A", const = 1}', "here is from and const"),
        ('{text = "PO"}', "columns in braces"),
        ('{text = "PO-{A"}', "columns in braces"),
        ("{const = [1]}", "one text, number, day or truth value"),
        ("{first = []}", "list of VALUEs"),
        ('{bits_clear = "M"}', "how many bits count"),
        ('{bits_clear = "M", of = 64}', "how many bits count"),
        ('{from = "A", of = 3}', "`of` with bits_clear only"),
        ('{from = "A", scale = "x"}', "a number here"),
        ('{from = "A", assumed = 1}', "true or false"),
        ('{from = "A", date = "%x"}', "`%x` is not one of"),
        ('{first = ["A", {frm = "B"}]}', "did you mean `from`?"),
    ],
)
def test_forms_are_checked(text: str, words: str):
    found = rejected(f'{SUPPLIER}columns = {{supplier_id = "Id", min_order_value = {text}}}')
    assert any(words in rule for _, _, rule in found)


@pytest.mark.parametrize(
    ("column", "constant", "words"),
    [
        ("min_order_value", '"abc"', "`min_order_value` can hold; `abc` is none"),
        ("payment_terms_days", "2.5", "`payment_terms_days` can hold"),
    ],
)
def test_a_constant_must_fit_its_column(column: str, constant: str, words: str):
    assert words in problem(f'{SUPPLIER}columns = {{supplier_id = "Id", {column} = {{const = {constant}}}}}')


def test_a_constant_word_must_be_listed():
    text = '[[table.item]]\nfrom = "A.csv"\ncolumns = {item_id = "a", base_uom = "b", lifecycle = {const = "activ"}}'
    assert "(new, active, phase_out, ended) can hold; `activ` is none; did you mean `active`?" in problem(
        text
    )


def test_a_constant_with_a_date_format_is_left_to_it():
    text = '[[table.item]]\nfrom = "A.csv"\n[table.item.columns]\nitem_id = "a"\nbase_uom = "b"\n'
    assert accepted(text + 'intro_date = {const = "31.12.2025", date = "%d.%m.%Y"}').feeds


# --- built-in maps ----------------------------------------------------------------------------------------


def test_built_in_maps():
    assert set(builtin_maps()) >= {"odoo", "erpnext", "sap", "frepple", "adventureworks"}


@pytest.mark.parametrize("name", builtin_maps())
def test_built_in_maps_are_sound(name: str):
    log = IssueLog()
    mapping = load_mapping(name, log)
    assert log.to_frame().rows() == []
    assert mapping is not None
    assert all(feed.builtin for feed in mapping.feeds)


def test_own_declarations_win_over_the_built_in_map():
    mapping = accepted('source = {map = "sap", name = "plant 7", decimal = ","}')
    assert (mapping.source.name, mapping.source.written.decimal) == ("plant 7", ",")
    assert mapping.source.written.date_format == ("%Y%m%d",)


def test_own_feeds_replace_or_extend_those_of_a_table():
    base = len([feed for feed in accepted('source = {map = "sap"}').feeds if feed.table == "item"])
    own = '\n[[table.item]]\nfrom = "Mine.csv"\ncolumns = {item_id = "A", base_uom = "B"}\n'
    replaced = accepted('source = {map = "sap"}' + own)
    assert [feed.file for feed in replaced.feeds if feed.table == "item"] == ["Mine.csv"]
    extended = accepted('source = {map = "sap"}' + own + "extend = true")
    assert len([feed for feed in extended.feeds if feed.table == "item"]) == base + 1


def test_amendments_change_columns_of_the_built_in_feeds():
    mapping = accepted('source = {map = "sap"}\n[columns.supplier]\nname = "NAME2"')
    (feed,) = [feed for feed in mapping.feeds if feed.table == "supplier"]
    assert feed.columns["name"] == Value("from", "NAME2")
    assert feed.columns["supplier_id"] == Value("from", "LIFNR")


def test_code_lists_of_the_built_in_map_are_amended_entry_by_entry():
    mapping = accepted('source = {map = "sap"}\n[codes.per]\n2 = "0.5"')
    assert mapping.codes["per"] == {
        "1": "1",
        "10": "0.1",
        "100": "0.01",
        "1000": "0.001",
        "10000": "0.0001",
        "2": "0.5",
    }


def test_extend_needs_a_built_in_map():
    assert "extend a built-in map" in problem(FEED + "extend = true")


def test_amending_an_own_feed_is_two_entries():
    assert "this file has its own feed of `supplier`" in problem(FEED + '[columns.supplier]\nname = "N"')
