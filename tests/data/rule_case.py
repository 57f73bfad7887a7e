"""One code of the catalogue: an export that must be reported, and its nearest neighbor that must not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from basestock.data.codes import catalogue
from basestock.data.dataset import Dataset
from tests.data.clean_export import Export, of_code, small_tables

FULL = Export()
SMALL = Export(small_tables())


@cache
def clean_codes(small: bool) -> frozenset[str]:
    """Return the codes found in a clean export: none, unless a rule barks at honest data."""
    with TemporaryDirectory() as folder:
        data = (SMALL if small else FULL).load(Path(folder))
    return frozenset(data.issues["code"])


@dataclass(frozen=True)
class Case:
    """What must be found.

    Parameters
    ----------
    code : str
        Code of the catalogue.
    bad : Export
        Rejected export.
    good : Export
        Accepted export, as near as possible.
    table, row, column, value : str, int, str, str
        The offender: table (file), physical row, column, raw text.
    rule : str
        Part of the sentence.
    action, severity : str
        As in the catalogue unless given.
    count : int
        Number of findings.
    held : str
        Item-locations on hold because of it, ``A@DC B@DC``; ``*`` = not asked.
    arguments : mapping
        Arguments of load.
    previous : Export or None
        Export of an earlier load to compare with.
    """

    code: str
    bad: Export
    good: Export = SMALL
    table: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""
    rule: str = ""
    action: str = ""
    severity: str = ""
    old: str | None = None
    new: str | None = None
    count: int = 1
    held: str = "*"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    previous: Export | None = None

    def __str__(self) -> str:
        return self.code


def held_for(data: Dataset, code: str) -> str:
    """Return the item-locations held for a code."""
    rows = data.held.iter_rows(named=True)
    return " ".join(f"{row['item_id']}@{row['location_id']}" for row in rows if code in row["codes"].split())


def verify(case: Case, folder: Path) -> None:
    """Check the finding of the rejected export and the silence on the accepted one."""
    entry = catalogue()[case.code]
    arguments = dict(case.arguments)
    if case.previous is not None:
        earlier = case.previous.load(folder / "earlier")
        arguments["previous"] = earlier.write(folder / "earlier" / "out")
    data = case.bad.load(folder / "bad", **arguments)
    found = of_code(data, case.code)
    assert len(found) == case.count, data.issues.select("code", "row", "key", "value", "rule").rows()
    first = found[0]
    offender = (first["file"], first["row"], first["column"], first["value"])
    assert offender == (f"{case.table}.csv" if case.table else "", case.row, case.column, case.value)
    assert case.rule in first["rule"]
    assert first["rule"].endswith(".") or first["rule"]
    assert first["remedy"]
    assert first["action"] == (case.action or entry.action)
    assert first["severity"] == (case.severity or entry.severity)
    assert first["scope"] == entry.scope
    for name, wanted in (("old", case.old), ("new", case.new)):
        assert wanted is None or first[name] == wanted
    if case.held != "*":
        assert held_for(data, case.code) == case.held
    assert all(counts.balanced for counts in data.counts.values())
    assert all(each.balanced for columns in data.quantities.values() for each in columns.values())
    if first["action"] == "quarantine" and case.row is not None:
        assert case.row in data.quarantine[case.table]["_row"].to_list()
    assert case.code not in _accepted(case, folder, arguments)


def _accepted(case: Case, folder: Path, arguments: Mapping[str, Any]) -> frozenset[str]:
    if case.good in (SMALL, FULL) and not arguments:
        return clean_codes(case.good is SMALL)
    return frozenset(case.good.load(folder / "good", **arguments).issues["code"])
