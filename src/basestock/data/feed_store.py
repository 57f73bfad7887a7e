"""Feeds on disk: the text of a load kept beside its tables, so that it can be checked again without the export."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from basestock.data.cells import parse_feed_column
from basestock.data.corrections import corrected
from basestock.data.frames import (
    ATTRIBUTE,
    PROVENANCE,
    CellOptions,
    Declarations,
    FeedFrame,
    QuantitySum,
    SourceFile,
    SourceInfo,
    Verdict,
)
from basestock.data.tables import TABLES

_FAILED = "_failed."
_ROWS = ("_file", "_sheet", "_row", "_sha256")


def write_feed(feed: FeedFrame, folder: Path, name: str) -> dict[str, Any]:
    """Write one feed and return its description for the manifest.

    Parameters
    ----------
    feed : FeedFrame
        The feed.
    folder : Path
        Where to.
    name : str
        Beginning of its file names.
    """
    failures = [series.alias(_FAILED + column) for column, series in feed.failures.items()]
    feed.frame.with_columns(failures).write_parquet(folder / f"{name}.frame.parquet")
    feed.source.write_parquet(folder / f"{name}.rows.parquet")
    feed.bad.write_parquet(folder / f"{name}.bad.parquet")
    if feed.members is not None:
        feed.members.write_parquet(folder / f"{name}.members.parquet")
    return {
        "table": feed.table,
        "name": feed.name,
        "file": name,
        "read": feed.read,
        "ignored": feed.ignored,
        "folded": feed.folded,
        "sums": {column: asdict(each) for column, each in feed.sums.items()},
        "options": asdict(feed.options),
        "column_options": {column: asdict(each) for column, each in feed.column_options.items()},
        "verdicts": {column: asdict(each) for column, each in feed.verdicts.items()},
        "members": feed.members is not None,
    }


def read_feed(described: Mapping[str, Any], folder: Path) -> FeedFrame:
    """Return a feed that `write_feed` has written."""
    name = described["file"]
    stored = pl.read_parquet(folder / f"{name}.frame.parquet")
    failed = [column for column in stored.columns if column.startswith(_FAILED)]
    members = pl.read_parquet(folder / f"{name}.members.parquet") if described["members"] else None
    return FeedFrame(
        table=described["table"],
        name=described["name"],
        frame=stored.drop(failed),
        source=pl.read_parquet(folder / f"{name}.rows.parquet"),
        bad=pl.read_parquet(folder / f"{name}.bad.parquet"),
        read=described["read"],
        ignored=described["ignored"],
        folded=described["folded"],
        sums={column: QuantitySum(**each) for column, each in described["sums"].items()},
        options=_options(described["options"]),
        column_options={column: _options(each) for column, each in described["column_options"].items()},
        failures={column.removeprefix(_FAILED): stored[column] for column in failed},
        verdicts={column: Verdict(**each) for column, each in described["verdicts"].items()},
        members=members,
    )


def _options(described: Mapping[str, Any]) -> CellOptions:
    options = dict(described)
    for name in ("null", "date_format"):
        options[name] = tuple(options[name])
    return CellOptions(**options)


def describe_info(info: SourceInfo) -> dict[str, Any]:
    """Return what is known about a source for the manifest."""
    described = asdict(info)
    described["as_of"] = info.as_of.isoformat() if info.as_of else None
    return described


def read_info(described: Mapping[str, Any]) -> SourceInfo:
    """Return what `describe_info` has described."""
    declared = dict(described["declarations"])
    for name in ("non_stock", "repairs", "empty"):
        declared[name] = tuple(declared[name])
    declared["line_key"] = {table: tuple(columns) for table, columns in declared["line_key"].items()}
    known = dict(described)
    known["as_of"] = date.fromisoformat(described["as_of"]) if described["as_of"] else None
    known["declarations"] = Declarations(**declared)
    known["files"] = tuple(_file(each) for each in described["files"])
    return SourceInfo(**known)


def _file(described: Mapping[str, Any]) -> SourceFile:
    known = dict(described)
    known["tables"] = tuple(known["tables"])
    return SourceFile(**known)


def correct_feed(feed: FeedFrame, fixes: pl.DataFrame) -> FeedFrame:
    """Put corrected rows in the place of those they came from, for a feed whose columns are canonical already.

    Parameters
    ----------
    feed : FeedFrame
        A feed of a file named as its table, so that a header or its alias is the canonical column.
    fixes : DataFrame
        Corrected rows: own columns of the file as text, and lineage.
    """
    parts = [_corrected_part(part, feed.bad, fixes) for _, part in _files(feed)]
    source = pl.concat([rows for rows, _ in parts], how="diagonal_relaxed").sort("_file", "_sheet", "_row")
    gone = fixes.select(_ROWS)
    bad = feed.bad.join(gone, on=list(_ROWS), how="anti")
    table = TABLES[feed.table]
    columns = {
        name: table.resolve(name) or ATTRIBUTE + name for name in source.columns if name not in PROVENANCE
    }
    constant = {name for name in feed.frame.columns if not name.startswith("_")} - set(columns.values())
    extra = [
        pl.lit(feed.frame[name][0] if feed.frame.height else None, dtype=pl.String).alias(name)
        for name in constant
    ]
    frame = source.select(
        *[pl.col(name).alias(canonical) for name, canonical in columns.items()], *extra, *PROVENANCE,
        pl.lit(1, dtype=pl.UInt32).alias("_count"), pl.int_range(pl.len(), dtype=pl.UInt32).alias("_source"),
        pl.lit("").alias("_assumed"),
    )  # fmt: skip
    fixed = replace(feed, frame=frame, source=source, bad=bad, verdicts={}, failures={}, members=None)
    return replace(fixed, sums={name: _sum(fixed, name) for name in feed.sums})


def _files(feed: FeedFrame) -> list[tuple[Any, pl.DataFrame]]:
    return list(feed.source.group_by("_file", "_sheet", "_sha256", maintain_order=True))


def _corrected_part(
    part: pl.DataFrame, bad: pl.DataFrame, fixes: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    return corrected(part, bad, fixes, str(part["_sha256"][0]))


def _sum(feed: FeedFrame, column: str) -> QuantitySum:
    before = feed.sums[column]
    kept = float(parse_feed_column(feed, TABLES[feed.table][column]).values.sum() or 0.0)
    bad = before.bad if feed.bad.height else 0.0
    return QuantitySum(kept + before.ignored + before.folded + bad, before.ignored, before.folded, bad)
