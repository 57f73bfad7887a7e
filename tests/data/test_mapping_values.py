"""The mapping file before any row is read: every part accepted, everything wrong found at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from basestock.data.issues import IssueLog
from basestock.data.mapping import (
    Mapping,
    Value,
    load_mapping,
    parse_mapping,
)

SUPPLIER = """
[[table.supplier]]
from = "S.csv"
"""

FEED = SUPPLIER + 'columns = {supplier_id = "Id"}\n'


def accepted(text: str) -> Mapping:
    log = IssueLog()
    mapping = parse_mapping(text, log, file="m.toml")
    assert log.to_frame().rows() == []
    assert mapping is not None
    return mapping


def rejected(text: str) -> list[tuple[str, str, str]]:
    """Return code, place and rule of everything that is wrong."""
    log = IssueLog()
    assert parse_mapping(text, log, file="m.toml") is None
    frame = log.to_frame()
    assert set(frame["file"]) == {"m.toml"}
    return list(frame.select("code", "column", "rule").rows())


def problem(text: str) -> str:
    """Return the only thing that is wrong, as `place: rule`."""
    ((code, place, rule),) = rejected(text)
    assert code == "SCH-009"
    return f"{place}: {rule}"


def value(text: str) -> Value:
    """Return the VALUE of a column."""
    return accepted(f"{SUPPLIER}columns = {{supplier_id = \"Id\", min_order_value = {text}}}").feeds[0].columns[
        "min_order_value"
    ]  # fmt: skip


def value_problem(text: str) -> str:
    return problem(f'{SUPPLIER}columns = {{supplier_id = "Id", min_order_value = {text}}}')


def test_the_hash_follows_the_text():
    assert accepted(FEED).sha256 != accepted(FEED + "assumed = true").sha256


# --- files ------------------------------------------------------------------------------------------------


def test_a_mapping_file_is_read(tmp_path: Path):
    path = tmp_path / "m.toml"
    path.write_text("\ufeff" + FEED, encoding="utf-8")
    mapping = load_mapping(path, IssueLog())
    assert mapping is not None
    assert mapping.file == "m.toml"


@pytest.mark.parametrize(
    ("choice", "words"), [("odo", "did you mean `odoo`?"), ("nowhere.toml", "must be a file")]
)
def test_a_mapping_that_is_not_there(choice: str, words: str):
    log = IssueLog()
    assert load_mapping(choice, log) is None
    assert words in log.to_frame()["rule"].item()


def test_a_mapping_file_that_is_no_text(tmp_path: Path):
    path = tmp_path / "m.toml"
    path.write_bytes(b"\xff\xfe\x00")
    log = IssueLog()
    assert load_mapping(path, log) is None
    assert "UTF-8" in log.to_frame()["rule"].item()
