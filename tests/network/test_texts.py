"""Cells and TOML values are written so that they are read back as they were."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.network.csv_tables import csv_text, read_csv, value_of
from basestock.network.errors import Defect, NetworkError, nearest, shown
from basestock.network.toml_text import parse_toml, toml_document, toml_value

texts = st.text(st.characters(codec="utf-8"))
scalars = (
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_a_toml_value_is_read_back(value: Any):
    assert tomllib.loads(f"value = {toml_value(value)}")["value"] == value


@given(
    st.dictionaries(texts, scalars),
    st.lists(st.dictionaries(texts, values, max_size=3), min_size=1, max_size=3),
)
def test_a_toml_document_is_read_back(head: dict[str, Any], rows: list[dict[str, Any]]):
    head.pop("rows", None)
    assert tomllib.loads(toml_document(head, {"rows": rows})) == {**head, "rows": rows}


def test_what_is_no_plain_value_is_not_written():
    with pytest.raises(TypeError, match="is of type complex, must be a plain value"):
        toml_value(1j)


def test_a_text_that_is_no_toml_is_a_value_error():
    assert parse_toml("a = 1") == {"a": 1}
    with pytest.raises(ValueError, match="Expected"):
        parse_toml("a 1")


lines = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1)


@given(st.lists(lines, max_size=5))
def test_text_cells_are_read_back(names: list[str]):
    text = csv_text({"name": "name"}, [{"name": name} for name in names])
    defects: list[Defect] = []
    assert [row["name"] for _, row in read_csv("f.csv", text, {"name": "name"}, defects)] == names
    assert defects == []


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back(number: float):
    text = csv_text({"volume": "number"}, [{"volume": number}])
    ((_, row),) = read_csv("f.csv", text, {"volume": "number"}, [])
    assert row["volume"] == number


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("'=1", "''=1"),
        ("＝1", "'＝1"),
        ("'x", "'x"),
        ("a=1", "a=1"),
    ],
)
def test_text_that_a_spreadsheet_would_run_is_quoted(name: str, cell: str):
    assert csv_text({"name": "name"}, [{"name": name}]) == f"name\n{cell}\n"
    assert value_of("name", cell) == name


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("number", "-5", -5),
        ("number", "1e3", 1000.0),
        ("number", "1,5", "1,5"),
        ("number", "1_000", "1_000"),
        ("number", "nan", "nan"),
        ("number", "٣", "٣"),
        ("number", "9" * 400, float("inf")),
        ("whole number", "3.0", 3.0),
        ("flag", "True", True),
        ("flag", "1", "1"),
        ("names", '["a", "b"]', ["a", "b"]),
        ("names", '["a", "b"', '["a", "b"'),
        ("names", "[]\nx = 1", "[]\nx = 1"),
        ("unmet", "backorder", "backorder"),
        ("unmet", "0.25", 0.25),
        ("name", "007", "007"),
    ],
)
def test_cells_by_kind(kind: str, cell: str, value: Any):
    assert value_of(kind, cell) == value
    assert type(value_of(kind, cell)) is type(value)


def test_rows_keep_their_number_in_the_file():
    rows = read_csv("f.csv", "name\na\n\nb\n", {"name": "name"}, [])
    assert rows == [(2, {"name": "a"}), (4, {"name": "b"})]


def test_a_long_value_is_cut_with_its_length():
    assert shown("x" * 200) == f"'{'x' * 79}... (202 characters)"
    assert shown(3) == "3"


def test_the_nearest_name_or_none():
    assert nearest("shoop", ["shop", "DC"]) == "Did you mean 'shop'? "
    assert nearest("factory", ["shop", "DC"]) == ""
    assert nearest(3, ["3"]) == ""


def test_one_defect_is_a_sentence_and_several_are_a_list():
    defect = Defect("Lane", "a -> b", "priority", "-1", "must be a whole number >= 0", "Correct the lane.")
    assert (
        str(NetworkError([defect]))
        == "Lane 'a -> b': priority is -1, must be a whole number >= 0. Correct the lane."
    )
    assert str(NetworkError([defect, defect])).splitlines()[0] == "2 defects:"
