"""Cells: declared forms only, a code for every cell that does not fit, a verdict for columns nobody can read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.data.cells import Parsed, blank_to_null, canonical_text, parse_column, trimmed
from basestock.data.decimals import canonical_decimals, plain, product, scaled, total
from basestock.data.formulas import escaped, unescaped
from basestock.data.frames import CANONICAL, CellOptions, as_text
from basestock.data.schema.model import Column
from basestock.data.tables import TABLES

DEC = Column("amount", "dec", "money")
DAY = Column("day", "date")
NONE = CellOptions()


def parse(cells: list[str | None], column: Column = DEC, **options: object) -> Parsed:
    return parse_column(pl.Series(cells, dtype=pl.String), column, CellOptions(**options))


def values(cells: list[str | None], column: Column = DEC, **options: object) -> list[object]:
    parsed = parse(cells, column, **options)
    assert parsed.verdict is None
    assert parsed.codes.null_count() == len(cells)
    return parsed.values.to_list()


def code(cell: str, column: Column = DEC, **options: object) -> str | None:
    """Return the code of one cell that stands among good ones."""
    good = {"date": "2024-05-06", "ts": "2024-05-06"}.get(column.type, "2")
    if options.get("date_format"):
        good = "25.12.2024"
    parsed = parse([good, cell], column, **options)
    assert parsed.verdict is None
    return parsed.codes[1]


def verdict(cells: list[str | None], column: Column = DEC, **options: object) -> str:
    parsed = parse(cells, column, **options)
    assert parsed.verdict is not None
    assert parsed.values.null_count() == len(cells)
    assert parsed.verdict.rule
    assert parsed.verdict.remedy
    return parsed.verdict.code


# --- numbers ----------------------------------------------------------------------------------------------


def test_plain_numbers():
    assert values(["1", "-2.5", "+3", ".5", "5.", "1e3", "007", None]) == [1, -2.5, 3, 0.5, 5, 1000, 7, None]


def test_blanks_around_a_number_do_not_matter():
    assert values([" 1.5 ", "\u00a02.5"]) == [1.5, 2.5]


def test_num_001_decimal_comma_refuses_the_column():
    assert verdict(["1,5", "2"]) == "NUM-001"
    assert values(["1,5", "2"], decimal=",") == [1.5, 2]


def test_num_001_counts_the_affected_cells_and_shows_the_first():
    found = parse(["2", "1,5", "2,25"]).verdict
    assert found is not None
    assert (found.cells, found.value, found.row) == (2, "1,5", 1)


def test_num_001_a_point_where_a_comma_is_declared():
    assert verdict(["1.5", "2,5"], decimal=",") == "NUM-001"


def test_num_001_a_comma_that_is_no_declared_group():
    assert verdict(["1,234", "1,5"], decimal=".", thousands=",") == "NUM-001"
    assert values(["1,234", "1,234.5", "12"], decimal=".", thousands=",") == [1234, 1234.5, 12]


def test_num_002_every_point_may_be_a_thousands_separator():
    assert verdict(["1.234", "2.500"]) == "NUM-002"
    assert values(["1.234", "2.500"], decimal=".") == [1.234, 2.5]
    assert values(["1.234", "2.500"], decimal=",", thousands=".") == [1234, 2500]


def test_num_002_shows_both_readings():
    found = parse(["1.234"]).verdict
    assert found is not None
    assert "1.234 or 1234" in found.rule


def test_num_002_small_whole_numbers_beside_do_not_decide():
    assert verdict(["1.234", "12", "999"]) == "NUM-002"


@pytest.mark.parametrize("decisive", ["1.5", "0.125", "1500", "1234.567", "12345"])
def test_num_002_is_silent_when_a_cell_decides(decisive: str):
    assert values(["1.234", decisive]) == [1.234, float(decisive)]


def test_num_002_groups_without_declared_separator():
    assert verdict(["1.234.567"]) == "NUM-002"
    assert verdict(["1 234,5"], decimal=",") == "NUM-002"
    assert values(["1 234,5", "1\u00a0234"], decimal=",", thousands=" ") == [1234.5, 1234]


@pytest.mark.parametrize("cell", ["5-", "(5)", "\u22125"])
def test_num_003_signs_are_repaired_only_if_declared(cell: str):
    assert code(cell) == "NUM-003"
    parsed = parse([cell], signs="trailing")
    assert (parsed.values[0], parsed.codes[0]) == (-5.0, "NUM-003")


def test_num_003_with_declared_separators():
    parsed = parse(["1.234,50-"], signs="trailing", decimal=",", thousands=".")
    assert parsed.values.to_list() == [-1234.5]


@pytest.mark.parametrize("cell", ["NaN", "inf", "-Infinity", "1e400", "\u221e"])
def test_num_004_not_finite(cell: str):
    assert code(cell) == "NUM-004"


@pytest.mark.parametrize("cell", ["12 kg", "$3.50", "3 days", "EUR 5", "10%"])
def test_num_005_number_with_a_unit(cell: str):
    assert code(cell) == "NUM-005"


@pytest.mark.parametrize("cell", ["See DN-304", "abc", "-", "0x10", "1_000", "\u0663", "12:30"])
def test_sch_004_text_in_a_number(cell: str):
    assert code(cell) == "SCH-004"


def test_num_012_quantities_beyond_the_exact_range():
    quantity = TABLES["inventory"]["on_hand"]
    assert parse(["16777216"], quantity).codes[0] is None
    assert parse(["16777217"], quantity).codes[0] == "NUM-012"
    assert values(["16777217"]) == [16777217]


def test_whole_numbers():
    days = Column("days", "int")
    assert values(["5", "5.0", None], days) == [5, 5, None]
    assert code("5.5", days) == "SCH-004"


@given(
    st.lists(
        st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9)
    )
)
def test_declared_separators_round_trip(numbers: list[Decimal]):
    written = [f"{number:,.4f}".replace(",", "_").replace(".", ",").replace("_", ".") for number in numbers]
    read = parse(list(written), decimal=",", thousands=".")
    assert read.values.to_list() == [float(number) for number in numbers]


# --- dates ------------------------------------------------------------------------------------------------


def test_iso_days_and_instants():
    cells = ["2024-02-29", "2024-2-5", "2024-02-29T23:59:59.5", "2024-02-29 08:26", None]
    day = date(2024, 2, 29)
    assert values(cells, DAY) == [day, date(2024, 2, 5), day, day, None]


def test_dat_001_spreadsheet_serials():
    assert verdict(["45292", "45300"], DAY) == "DAT-001"
    assert "2024-01-01" in str(parse(["45292"], DAY).verdict)
    assert values(["45292", "45292.75"], DAY, date_format=("excel-1900",)) == [date(2024, 1, 1)] * 2


def test_dat_001_one_serial_among_days_is_a_cell():
    assert code("45292", DAY) == "DAT-001"


def test_excel_1900_knows_its_false_leap_day():
    shown = parse(["45292", "45293", "45294", "60"], DAY, date_format=("excel-1900",))
    assert shown.codes[3] == "DAT-007"


def test_dat_003_undecidable_order_refuses_the_column():
    assert verdict(["03/04/2024", "05/06/2024"], DAY) == "DAT-003"
    assert values(["03/04/2024"], DAY, date_format=("%d/%m/%Y",)) == [date(2024, 4, 3)]
    assert values(["03/04/2024"], DAY, date_format=("%m/%d/%Y",)) == [date(2024, 3, 4)]


def test_dat_003_a_decidable_order_is_proposed_but_not_used():
    assert verdict(["03/04/2024", "25/06/2024"], DAY) == "DAT-003"
    assert "%d/%m/%Y" in str(parse(["25/06/2024"], DAY).verdict)


def test_dat_003_formats_that_can_be_mixed_up():
    assert verdict(["03/04/2024"], DAY, date_format=("%d/%m/%Y", "%m/%d/%Y")) == "DAT-003"


def test_dat_004_several_undeclared_formats():
    assert verdict(["2-Jun-06", "06/02/2006"], DAY) == "DAT-004"
    assert verdict(["13/04/2024", "05/26/2024"], DAY) == "DAT-004"


def test_dat_004_a_row_that_fits_no_declared_format():
    assert code("2024-12-25", DAY, date_format=("%d.%m.%Y",)) == "DAT-004"
    assert code("20240131", DAY) == "DAT-004"


def test_a_declared_list_of_formats():
    formats = ("%d-%b-%y", "%m/%d/%Y")
    assert values(["2-Jun-06", "06/02/2006"], DAY, date_format=formats, pivot=50) == [date(2006, 6, 2)] * 2


@pytest.mark.parametrize("cell", ["Date Not Captured", "unknown", "N/A - From RDC"])
def test_dat_006_words(cell: str):
    assert code(cell, DAY) == "DAT-006"


@pytest.mark.parametrize("cell", ["2024-02-30", "0000-00-00", "1900-01-00", "2024-01-01T25:00:00"])
def test_dat_007_impossible_days(cell: str):
    assert code(cell, DAY) == "DAT-007"


@pytest.mark.parametrize("cell", ["9999-12-31", "1900-01-01"])
def test_dat_008_sentinels(cell: str):
    assert code(cell, DAY) == "DAT-008"


def test_dat_009_two_digit_years():
    assert verdict(["02/06/68"], DAY) == "DAT-009"
    assert verdict(["02/06/08"], DAY, date_format=("%d/%m/%y",)) == "DAT-009"
    assert verdict(["02/06/08", "02/06/2009"], DAY, date_format=("%d/%m/%y", "%d/%m/%Y")) == "DAT-009"
    cells = ["02/06/08", "02/06/97"]
    assert values(cells, DAY, date_format=("%d/%m/%y",), pivot=50) == [date(2008, 6, 2), date(1997, 6, 2)]


def test_dat_016_epochs_and_implausible_years():
    assert verdict(["1706745600"], DAY) == "DAT-016"
    assert verdict(["1970-01-20", "1970-01-21"], DAY) == "DAT-016"
    assert code("1971-01-01", DAY) == "DAT-016"


def test_padding_is_optional_and_times_are_read():
    cells = ["1/13/2024 8:26", "01/14/2024 08:26"]
    expected = [date(2024, 1, 13), date(2024, 1, 14)]
    assert values(cells, DAY, date_format=("%m/%d/%Y %H:%M",)) == expected


def test_compact_days():
    assert values(["20240229"], DAY, date_format=("%Y%m%d",)) == [date(2024, 2, 29)]


def test_real_dates_stand_beside_declared_texts():
    cells = ["29.02.2024", "2024-02-28 00:00:00"]
    expected = [date(2024, 2, 29), date(2024, 2, 28)]
    assert values(cells, DAY, date_format=("%d.%m.%Y",), iso=True) == expected


def test_an_instant_with_offset_is_a_local_day():
    assert values(["2024-01-01T23:30:00Z"], DAY, timezone="Europe/Berlin") == [date(2024, 1, 2)]
    assert values(["2024-01-01T23:30:00Z"], DAY) == [date(2024, 1, 1)]


def test_instants_are_utc_and_naive_ones_are_counted():
    column = Column("at", "ts", "UTC")
    parsed = parse(["2024-07-01T12:00:00+02:00", "2024-07-01 12:00"], column, timezone="Europe/Berlin")
    noon = datetime(2024, 7, 1, 10, tzinfo=UTC)
    assert parsed.values.to_list() == [noon, noon]
    assert parsed.naive == 1


def test_dat_012_an_hour_that_does_not_exist_is_read_one_hour_later():
    parsed = parse(["2024-03-31 02:30"], Column("at", "ts"), timezone="Europe/Berlin")
    assert parsed.codes[0] == "DAT-012"
    assert parsed.values[0] == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("column", [DEC, DAY, Column("at", "ts"), Column("n", "int"), Column("flag", "bool")])
def test_columns_without_cells(column: Column):
    assert values([], column) == []
    assert values([None, None], column) == [None, None]


@given(
    st.dates(date(1990, 1, 2), date(2099, 12, 31)),
    st.sampled_from(["%d.%m.%Y", "%Y%m%d", "%m/%d/%Y", "%d-%b-%Y"]),
)
def test_declared_formats_round_trip(day: date, format_: str):
    assert values([day.strftime(format_)], DAY, date_format=(format_,)) == [day]


# --- the rest ---------------------------------------------------------------------------------------------


def test_truth_values():
    flag = Column("firm", "bool")
    assert values(["true", "False", "1", "0", "yes", "N"], flag) == [True, False, True, False, True, False]
    assert parse(["maybe"], flag).codes[0] == "SCH-010"


def test_sch_010_words_outside_the_list():
    status = TABLES["purchase_order"]["status"]
    assert parse([" open ", "ERLEDIGT"], status).codes.to_list() == [None, "SCH-010"]


def test_a_more_specific_code_of_the_schema_wins():
    kind = TABLES["demand_history"]["qty_kind"]
    assert parse(["sales"], kind).codes[0] == "DEM-005"


def test_identifiers_stay_as_they_are_written():
    assert values(["00123", "1E05", " A1 ", "NA"], Column("item_id")) == ["00123", "1E05", " A1 ", "NA"]


def test_trimming_takes_blanks_and_invisible_characters_from_the_ends_only():
    cells = pl.Series([" a b ", "\u00a0A1\u200b", "\ufeffX", "plain"])
    assert trimmed(cells).to_list() == ["a b", "A1", "X", "plain"]


def test_words_for_missing_are_declared_never_assumed():
    cells = pl.Series(["NULL", " n/a ", "", "x"])
    assert blank_to_null(cells).to_list() == ["NULL", " n/a ", None, "x"]
    assert blank_to_null(cells, ("NULL", "n/a")).to_list() == [None, None, None, "x"]


def test_typed_cells_become_text_without_loss():
    frame = pl.DataFrame(
        {
            "float": [1.0, 0.1], "tiny": [1e-7, 1e16], "time": [datetime(2024, 1, 1, 8, 26)] * 2,
            "day": [date(2024, 1, 1)] * 2, "exact": [Decimal("1.50"), None],
        }
    )  # fmt: skip
    assert as_text(frame).rows() == [
        ("1", "0.0000001", "2024-01-01T08:26:00", "2024-01-01", "1.5"),
        ("0.1", "10000000000000000", "2024-01-01T08:26:00", "2024-01-01", None),
    ]


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_floats_survive_as_text(value: float):
    assert float(as_text(pl.DataFrame({"x": [value]}))["x"][0]) == value


def test_canonical_text_of_each_type():
    def written(cell: str, column: Column, options: CellOptions) -> str:
        cells = pl.Series([cell])
        return canonical_text(parse_column(cells, column, options), cells, column, options)[0]

    assert written("1.234,50", DEC, CellOptions(decimal=",", thousands=".")) == "1234.5"
    assert written("3.4.2024", DAY, CellOptions(date_format=("%d.%m.%Y",))) == "2024-04-03"
    assert written("YES", Column("firm", "bool"), NONE) == "true"
    assert written("2024-01-01T01:00:00+01:00", Column("at", "ts"), NONE) == "2024-01-01T00:00:00.000000Z"
    assert written("x", DEC, NONE) == "x"


# --- exact decimals ---------------------------------------------------------------------------------------

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)


def texts(numbers: list[Decimal]) -> pl.Series:
    return pl.Series([plain(number) for number in numbers], dtype=pl.String)


def test_a_tenth_and_two_tenths_are_three_tenths():
    assert total([pl.Series(["0.1"]), pl.Series(["0.2"])]).to_list() == ["0.3"]
    assert product([pl.Series(["0.1"]), pl.Series(["0.2"])]).to_list() == ["0.02"]
    assert scaled(pl.Series(["97.5", None, "1"]), Decimal("0.01"), Decimal(-1)).to_list() == [
        "-0.025",
        None,
        "-0.99",
    ]


def test_a_missing_part_makes_the_sum_missing():
    assert total([pl.Series(["1", None]), pl.Series(["2", "3"])]).to_list() == ["3", None]


def test_numbers_too_long_for_fixed_point_are_added_all_the_same():
    long = "1" * 40
    assert total([pl.Series([long]), pl.Series(["1"])]).item() == str(int(long) + 1)


@given(st.lists(st.tuples(decimals, decimals), min_size=1))
def test_sums_and_products_equal_decimal_arithmetic(pairs: list[tuple[Decimal, Decimal]]):
    left, right = texts([a for a, _ in pairs]), texts([b for _, b in pairs])
    assert [Decimal(cell) for cell in total([left, right])] == [a + b for a, b in pairs]
    with localcontext(prec=100):
        assert [Decimal(cell) for cell in product([left, right])] == [a * b for a, b in pairs]


def test_canonical_decimals_are_the_shortest():
    cells = pl.Series(["+1.50", "007", "1e3", "-0.0", ".5", "x", None])
    assert canonical_decimals(cells, CANONICAL).to_list() == ["1.5", "7", "1000", "0", "0.5", None, None]


# --- formulas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["=1+1", "+A", "-B", "@x", "\tx", "\rx", "\uff1d1", "'=1", '"=1', ";=1", " =1"]
)
def test_out_001_escapes_and_unescapes_exactly_once(text: str):
    cells = pl.Series([text])
    assert escaped(cells).to_list() == ["'" + text]
    assert unescaped(escaped(cells)).to_list() == [text]
    assert unescaped(escaped(escaped(cells))).to_list() == ["'" + text]


@pytest.mark.parametrize("text", ["A-1", "it's", "", "1=1"])
def test_out_001_leaves_harmless_text_alone(text: str):
    assert escaped(pl.Series([text])).to_list() == [text]
    assert unescaped(pl.Series([text])).to_list() == [text]
