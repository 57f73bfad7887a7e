"""The mapping file as a file: its hash, its place, the copy that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from basestock.data.issues import IssueLog
from basestock.data.mapping import load_mapping
from tests.data.mapping_case import FEED, accepted


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
