"""The load history: what is new, what is gone, since when a finding is known."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from basestock.data.escape import unescaped

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

_ID = ["code", "key", "column"]
HISTORY_FILE = "history.csv"
"""Findings with the first and last load that had them, beside a dataset."""


@dataclass(frozen=True, eq=False)
class Difference:
    """A load against an earlier one.

    Parameters
    ----------
    history : DataFrame
        code, key, column, first_seen, last_seen of every finding of both loads.
    new, gone : dict of str to int
        Findings that have come and gone, by code.
    rows : dict of str to int
        Change of the number of rows read, by table.
    since : date
        Day of the earlier load.
    """

    history: pl.DataFrame
    new: dict[str, int]
    gone: dict[str, int]
    rows: dict[str, int]
    since: date

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as part of the ``check`` document."""
        return {"since": self.since.isoformat(), "new": self.new, "gone": self.gone, "rows": self.rows}

    def text(self) -> str:
        """Return the difference in three lines."""
        return "\n".join(
            [
                f"since the load of {self.since}",
                f"  new: {_told(self.new)}; gone: {_told(self.gone)}",
                f"  rows: {_told({name: change for name, change in self.rows.items() if change})}",
            ]
        )


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:+d}" for name, count in counts.items()) or "nothing"


def difference(dataset: Dataset, previous: Path) -> Difference:
    """Compare a load with the folder of an earlier one.

    Parameters
    ----------
    dataset : Dataset
        The load.
    previous : Path
        Folder that `Dataset.write` has made.
    """
    manifest = json.loads((previous / "manifest.json").read_text(encoding="utf-8"))
    since = date.fromisoformat(manifest["as_of"])
    before = _earlier(previous, since)
    now = dataset.issues.select(_ID).unique()
    seen = pl.lit(dataset.as_of)
    known = now.join(before, on=_ID, how="left").with_columns(
        pl.col("first_seen").fill_null(dataset.as_of), seen.alias("last_seen")
    )
    gone = before.join(now, on=_ID, how="anti").filter(pl.col("last_seen") == since)
    older = before.join(now, on=_ID, how="anti")
    new = now.join(before.filter(pl.col("last_seen") == since), on=_ID, how="anti")
    read = {name: int(counts["read"]) for name, counts in manifest["tables"].items()}
    rows = {name: int(counts.read) - read.get(name, 0) for name, counts in dataset.counts.items()}
    history = pl.concat([known.select(before.columns), older]).sort(_ID)
    return Difference(history, _by_code(new), _by_code(gone), rows, since)


def _by_code(findings: pl.DataFrame) -> dict[str, int]:
    return {str(code): int(count) for code, count in findings.group_by("code").len().sort("code").iter_rows()}


def _earlier(previous: Path, since: date) -> pl.DataFrame:
    """Return the findings of an earlier load with the days they were seen."""
    file = previous / HISTORY_FILE
    if file.exists():
        found = unescaped(pl.read_csv(file, infer_schema=False).fill_null(""))
        days = [pl.col(name).str.to_date("%Y-%m-%d") for name in ("first_seen", "last_seen")]
        return found.with_columns(days)
    issues = unescaped(pl.read_csv(previous / "issues.csv", infer_schema=False).fill_null(""))
    day = pl.lit(since)
    return issues.select(_ID).unique().with_columns(day.alias("first_seen"), day.alias("last_seen"))
