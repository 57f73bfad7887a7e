"""The log of findings and the catalogue of codes."""

import polars as pl
import pytest

from basestock.data.codes import UnknownCodeError, catalogue, with_rules
from basestock.data.issues import ISSUE_SCHEMA, IssueLog
from basestock.data.tables import OUTPUT_TABLES


def test_columns_are_those_of_the_issue_table() -> None:
    assert list(ISSUE_SCHEMA) == [name for name in OUTPUT_TABLES["issue"].names if not name.endswith("_seen")]
    assert IssueLog().to_frame().columns == list(ISSUE_SCHEMA)


def test_the_catalogue_fills_what_is_not_given() -> None:
    log = IssueLog()
    log.add("INV-001", row=3, value="-1")
    found = log.to_frame().row(0, named=True)
    entry = catalogue()["INV-001"]
    assert (found["severity"], found["scope"], found["action"]) == ("warning", "row", "flag")
    assert (found["rule"], found["remedy"]) == (entry.rule, entry.remedy)


def test_given_words_replace_those_of_the_catalogue() -> None:
    log = IssueLog()
    log.add("INV-001", rule="own rule", remedy="own remedy", action="hold", severity="error")
    assert log.to_frame().select("rule", "remedy", "action", "severity").row(0) == (
        "own rule",
        "own remedy",
        "hold",
        "error",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\tb\nc\r\0", r"a\tb\nc\r\0"),
        ("x\x07\u2028", "x??"),
        ("y" * 80, "y" * 80),
        ("y" * 81, "y" * 80 + "... (81 characters)"),
        ("Zo\u00eb", "Zo\u00eb"),
    ],
)
def test_values_are_printable_and_short(value: str, shown: str) -> None:
    log = IssueLog()
    log.add("IDN-009", value=value)
    assert log.to_frame()["value"].item() == shown


def test_keys_are_printable_and_whole() -> None:
    log = IssueLog()
    log.add("IDN-009", key="item=" + "x" * 99 + "\n")
    assert log.to_frame()["key"].item() == "item=" + "x" * 99 + r"\n"


def test_a_count_is_shown_in_the_key() -> None:
    log = IssueLog()
    log.add("NUM-001", key="item=A", count=5)
    log.add("NUM-001", count=6)
    assert log.to_frame()["key"].to_list() == ["item=A, rows=5", "rows=6"]


def test_a_frame_of_offenders_is_logged_at_once() -> None:
    rows = pl.DataFrame(
        {"_file": ["a", "b"], "_sheet": ["", "S"], "_row": [2, 9], "item_id": ["x", None], "q": ["-1", "-2"]}
    )
    log = IssueLog()
    log.extend_frame("NUM-006", rows, column="q", value=pl.col("q"), new="0")
    found = log.to_frame().select("file", "sheet", "row", "column", "value", "new").rows()
    assert found == [("a", "", 2, "q", "-1", "0"), ("b", "S", 9, "q", "-2", "0")]
    assert len(log) == 2
    assert log.codes() == {"NUM-006"}


def test_a_misspelled_field_is_refused() -> None:
    with pytest.raises(TypeError, match="unknown field of a finding: \\['colum'\\]"):
        IssueLog().extend_frame("NUM-006", pl.DataFrame({"_row": [1]}), colum="q")


def test_most_money_comes_first_then_stable_keys() -> None:
    money = pl.DataFrame(
        {"item_id": ["A", "A", "B"], "location_id": ["X", "Y", "X"], "exposure": [1.0, 2.0, 10.0]}
    )
    log = IssueLog()
    for item, location in (("A", "X"), ("A", ""), ("B", "X"), ("", "")):
        log.add("INV-003", item_id=item, location_id=location, value=f"{item}@{location}")
    found = log.to_frame(money).select("value", "exposure").rows()
    assert found == [("B@X", 10.0), ("A@", 3.0), ("A@X", 1.0), ("@", 0.0)]


def test_the_order_of_arrival_is_no_matter() -> None:
    first, second = IssueLog(), IssueLog()
    for row in range(5):
        first.add("INV-003", row=row)
        second.add("INV-003", row=4 - row)
    assert first.to_frame().equals(second.to_frame())


def test_a_log_can_be_restored() -> None:
    first, second = IssueLog(), IssueLog()
    first.add("INV-003", row=1, item_id="A", table="inventory")
    second.restore(first.touched())
    assert second.to_frame().equals(first.to_frame())


def test_rules_are_raised() -> None:
    entries = with_rules({"INV-003": "E", "SRC-012": "error"})
    assert (entries["INV-003"].severity, entries["INV-003"].action) == ("error", "quarantine")
    assert (entries["SRC-012"].severity, entries["SRC-012"].action) == ("error", "hold")
    assert entries["INV-001"] == catalogue()["INV-001"]


def test_the_same_severity_changes_nothing() -> None:
    assert with_rules({"INV-003": "W"}) == dict(catalogue())


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"UOM-001": "W"}, "rule UOM-001: `warning` is below its severity `error`; rules are only raised"),
        ({"INV-003": "X"}, "rule INV-003: severity is `X`; must be one of R, W, E"),
        ({"INV-999": "E"}, "rule `INV-999` is not a code of the catalogue; did you mean `INV-00"),
    ],
)
def test_impossible_rules_are_refused(rules: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownCodeError, match=message):
        with_rules(rules)


def test_every_code_says_what_and_where_to_fix() -> None:
    for code, entry in catalogue().items():
        assert entry.severity in ("error", "warning", "repair"), code
        assert entry.action in ("refuse", "quarantine", "hold", "repair", "flag", "fold", "ignore", "stop"), (
            code
        )
        assert entry.rule.endswith(".") and entry.remedy.endswith("again."), code
        assert entry.priority in (1, 2, 3), code
