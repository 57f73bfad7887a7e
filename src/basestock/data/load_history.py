"""The load history: what is new, what is gone, since when a finding is known."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from basestock.data.dataset_folder import MANIFEST, SCHEMA, read_manifest
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


def last_load(dataset: Dataset, folders: Iterable[Path]) -> Path | None:
    """Return the folder of the last load of the same source before this one, or None.

    Parameters
    ----------
    dataset : Dataset
        The load.
    folders : iterable of Path
        Where dataset folders may lie.

    Returns
    -------
    Path or None
        Of the dataset folders directly below, the newest by day, then by time of writing, whose source has the same
        name and other contents and is not of a later day.
    """
    found: list[tuple[str, int, Path]] = []
    for manifest in {file.resolve() for folder in folders for file in folder.glob(f"*/{MANIFEST}")}:
        content = read_manifest(manifest.parent)
        named = content.get("info", {}).get("name") == dataset.info.name
        same = named and content.get("schema") == SCHEMA
        if same and content["inputs_sha"] != dataset.inputs_sha:
            found.append((content["as_of"], manifest.stat().st_mtime_ns, manifest.parent))
    day = dataset.as_of.isoformat()
    return max((each for each in found if each[0] <= day), default=("", 0, None))[2]
