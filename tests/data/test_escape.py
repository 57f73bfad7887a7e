"""OUT-001: text that a spreadsheet would run is escaped once, and read back as it was."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basestock.data.escape import escaped, unescaped


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "@SUM(1)", "-A1", "\tx", "\rx", '"=1', ";=1", "\uff1d1", "'=1"]
)
def test_dangerous_text_gets_one_apostrophe(text: str) -> None:
    frame = pl.DataFrame({"name": [text]})
    assert escaped(frame)["name"].item() == "'" + text


@pytest.mark.parametrize("text", ["A-1", "x=1", "", "-5", "-0.5", "12"])
def test_harmless_text_stays(text: str) -> None:
    assert escaped(pl.DataFrame({"name": [text]}))["name"].item() == text


def test_numbers_stay_numbers() -> None:
    frame = pl.DataFrame({"qty": [-5], "value": [-1.5]})
    assert escaped(frame).equals(frame)


@given(st.lists(st.text(st.sampled_from("=+-@'\";,|\t A1\uff1d"), max_size=6), min_size=1, max_size=8))
def test_what_goes_out_comes_back(texts: list[str]) -> None:
    frame = pl.DataFrame({"name": texts}, schema={"name": pl.String})
    assert unescaped(escaped(frame)).equals(frame)
