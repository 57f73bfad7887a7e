"""A mapping file that is read, or refused with everything that is wrong."""

from __future__ import annotations

from basestock.data.issues import IssueLog
from basestock.data.mapping import Mapping, parse_mapping

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
