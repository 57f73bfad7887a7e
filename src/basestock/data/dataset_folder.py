"""A dataset as a folder: tables as Parquet, findings and quarantine as CSV, all of it written or none of it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from basestock.data.corrections import read_corrections
from basestock.data.escape import escaped
from basestock.data.feed_store import correct_feed, describe_info, read_feed, read_info, write_feed
from basestock.data.frames import FeedFrame, SourceInfo
from basestock.data.rules.drift import EarlierLoad
from basestock.data.rules.work import Settings

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset

_FAMILY = "basestock.dataset/"
SCHEMA = f"{_FAMILY}1"
"""Name and version of the folder's layout."""

MANIFEST = "manifest.json"
_SOURCE, _TABLES, _QUARANTINE = "source", "dataset", "quarantine"
_FINDINGS = "findings.parquet"
_PAIR = ["item_id", "location_id"]


class FolderError(ValueError):
    """A folder cannot be written, or is no intact dataset."""


def is_dataset_folder(folder: Path) -> bool:
    """Return True for a folder that `Dataset.write` has made; an export may have a manifest of its own."""
    return str(read_manifest(folder).get("schema")).startswith(_FAMILY)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder; empty when there is none, or none of ours."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_folder(dataset: Dataset, folder: Path, previous: Path | None = None) -> Path:
    """Write a dataset, all or nothing.

    Parameters
    ----------
    dataset : Dataset
        The load.
    folder : Path
        New, empty, or a dataset folder: that one is replaced.
    previous : Path, optional
        Folder of an earlier load, for the load history.

    Raises
    ------
    FolderError
        If the folder holds something else.
    """
    if folder.exists() and not is_dataset_folder(folder) and any(folder.iterdir()):
        msg = f"{folder}: the folder is not empty and no dataset; choose another"
        raise FolderError(msg)
    draft = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for name in (_TABLES, _QUARANTINE, _SOURCE):
            (draft / name).mkdir(parents=True)
        _write_parts(dataset, draft, previous)
        _swap(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _swap(draft: Path, folder: Path) -> None:
    """Put the finished draft in the place of the folder."""
    if not folder.exists():
        draft.replace(folder)
        return
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    folder.replace(old)
    draft.replace(folder)
    shutil.rmtree(old)


def _write_parts(dataset: Dataset, draft: Path, previous: Path | None) -> None:
    for name, frame in dataset.tables.items():
        frame.write_parquet(draft / _TABLES / f"{name}.parquet")
    write_csv(dataset.issues, draft / "issues.csv")
    for name, frame in dataset.quarantine.items():
        write_csv(frame, draft / _QUARANTINE / f"{name}.csv")
    dataset.read_findings.write_parquet(draft / _SOURCE / _FINDINGS)
    feeds = [write_feed(feed, draft / _SOURCE, f"{index:03d}") for index, feed in enumerate(dataset.feeds)]
    if previous is not None:
        changed = dataset.check(previous).changed
        if changed is not None:
            from basestock.data.load_history import HISTORY_FILE

            write_csv(changed.history, draft / HISTORY_FILE)
    manifest = _manifest(dataset, feeds) | {"files": _hashes(draft)}
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    with (draft / MANIFEST).open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _manifest(dataset: Dataset, feeds: list[dict[str, Any]]) -> dict[str, Any]:
    settings = asdict(dataset.settings)
    settings["as_of"] = dataset.settings.as_of.isoformat() if dataset.settings.as_of else None
    return {
        "schema": SCHEMA,
        "as_of": dataset.as_of.isoformat(),
        "currency": dataset.currency,
        "bucket": dataset.bucket,
        "gaps": dataset.gaps,
        "review_days": dataset.review_days,
        "inputs_sha": dataset.inputs_sha,
        "mapped": dataset.mapped,
        "settings": settings,
        "rules": dict(dataset.rules),
        "strict": dataset.strict,
        "tables": {name: asdict(counts) for name, counts in dataset.counts.items()},
        "rows_read": {name: list(counts) for name, counts in dataset.rows_read.items()},
        "empty_shares": dataset.empty_shares,
        "info": describe_info(dataset.info),
        "feeds": feeds,
    }


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame with plain decimals, ISO dates, and text escaped against spreadsheet formulas."""
    from basestock.data.frames import text_of

    floats = [name for name, kind in frame.schema.items() if kind == pl.Float64]
    plain = [text_of(frame[name]).alias(name) for name in floats]
    escaped(frame).with_columns(plain).write_csv(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


class StoredLoad:
    """A dataset folder, opened.

    Parameters
    ----------
    folder : Path
        Folder that `Dataset.write` has made.

    Raises
    ------
    FolderError
        If it is of another version, or a file other than a quarantine file was changed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder)
        if self.manifest.get("schema") != SCHEMA:
            msg = f"{folder}: the layout is `{self.manifest.get('schema')}`; must be `{SCHEMA}`; load the export again"
            raise FolderError(msg)
        self._verify()

    def _verify(self) -> None:
        for name, sha256 in self.manifest["files"].items():
            if not name.startswith(f"{_SOURCE}/"):
                continue
            path = self.folder / name
            if not path.is_file() or _sha256(path) != sha256:
                msg = f"{path}: the file must be as it was written; load the export again"
                raise FolderError(msg)

    def settings(self) -> Settings:
        """Return what was said when the dataset was loaded."""
        said = dict(self.manifest["settings"])
        said["as_of"] = date.fromisoformat(said["as_of"]) if said["as_of"] else None
        return Settings(**said)

    @property
    def rules(self) -> Mapping[str, str]:
        """Return the severities that were raised."""
        return self.manifest["rules"]

    def info(self) -> SourceInfo:
        """Return what is known about the source; corrected files change its hash."""
        info = read_info(self.manifest["info"])
        changed = [f"{path.name}\n{_sha256(path)}\n" for path in self._corrected()]
        if not changed:
            return info
        text = info.inputs_sha + "".join(changed)
        return replace(info, inputs_sha=hashlib.sha256(text.encode("utf-8")).hexdigest())

    def findings(self) -> pl.DataFrame:
        """Return the findings of reading; those of rows corrected since are gone."""
        found = pl.read_parquet(self.folder / _SOURCE / _FINDINGS)
        for path in self._corrected():
            fixes = self._fixes(path)
            lines = fixes.select(
                pl.col("_file").alias("file"), pl.col("_sheet").alias("sheet"), pl.col("_row").alias("row")
            )
            found = found.join(lines, on=["file", "sheet", "row"], how="anti", maintain_order="left")
        return found

    def feeds(self) -> list[FeedFrame]:
        """Return the feeds, corrected rows in the place of those they came from."""
        feeds = [read_feed(each, self.folder / _SOURCE) for each in self.manifest["feeds"]]
        for path in self._corrected():
            if self.manifest["mapped"]:
                msg = f"{path}: rows of a mapped export are corrected beside it; copy the file there, load that again"
                raise FolderError(msg)
            fixes = self._fixes(path)
            feeds = [correct_feed(feed, fixes) if feed.table == path.stem else feed for feed in feeds]
        return feeds

    def as_earlier(self) -> EarlierLoad:
        """Return what a later load is compared with."""
        tables = {
            path.stem: pl.read_parquet(path) for path in sorted((self.folder / _TABLES).glob("*.parquet"))
        }
        columns: dict[str, set[str]] = {}
        for feed in self.manifest["feeds"]:
            schema = pl.read_parquet_schema(self.folder / _SOURCE / f"{feed['file']}.frame.parquet")
            columns.setdefault(feed["table"], set()).update(
                name for name in schema if not name.startswith("_")
            )
        held = [
            tables[name].select(_PAIR)
            for name in ("item_location", "inventory", "demand_history")
            if name in tables
        ]
        pairs = pl.concat(held).unique() if held else pl.DataFrame(schema=dict.fromkeys(_PAIR, pl.String))
        day = date.fromisoformat(self.manifest["as_of"])
        return EarlierLoad(
            columns, self.manifest["rows_read"], tables, pairs, self.manifest["empty_shares"], day
        )

    def _corrected(self) -> list[Path]:
        """Return the quarantine files that were changed since."""
        known = self.manifest["files"]
        paths = sorted((self.folder / _QUARANTINE).glob("*.csv"))
        return [path for path in paths if known.get(f"{_QUARANTINE}/{path.name}") != _sha256(path)]

    def _fixes(self, path: Path) -> pl.DataFrame:
        fixes = read_corrections(path.read_bytes())
        if fixes is None:
            msg = f"{path}: a quarantine file must be a table with the columns it was written with"
            raise FolderError(msg)
        return fixes
