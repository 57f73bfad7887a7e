"""Rows of several files of one table, put under each other."""

from __future__ import annotations

import polars as pl

from basestock.data.csv_scan import FileFault
from basestock.data.frames import as_text
from basestock.data.parts import Rows


def unlike(first: Rows, other: Rows, name: str) -> FileFault | None:
    """Refuse a file of a pattern that lacks columns of the first one."""
    lacking = [column for column in first.columns if column not in other.columns]
    if not lacking:
        return None
    rule = f"files of one pattern must have equal headers; `{lacking[0]}` of `{name}` is not here"
    return FileFault("SCH-001", rule, "Export all files of the pattern with one header.", 1, lacking[0])


def together(found: list[Rows], decimal: str | None) -> Rows | None:
    """Put the rows of several files under each other; typed and text columns meet as text."""
    if len(found) <= 1:
        return found[0] if found else None
    native = frozenset.intersection(*(rows.native for rows in found))
    kinds = [dict(rows.frame.schema) for rows in found]
    mixed = {name for name in found[0].columns if len({str(kind.get(name)) for kind in kinds}) > 1}
    frames = [_as_written(rows, mixed, native, decimal or ".") for rows in found]
    return Rows(
        pl.concat(frames, how="diagonal_relaxed"), pl.concat([rows.bad for rows in found], how="diagonal"),
        native, iso=any(rows.iso for rows in found),
    )  # fmt: skip


def _as_written(rows: Rows, mixed: set[str], native: frozenset[str], decimal: str) -> pl.DataFrame:
    """Write typed columns that are text in another file as that file writes them."""
    names = [name for name in rows.columns if name in mixed]
    frame = rows.frame.with_columns(as_text(rows.frame.select(names)))
    numbers = [
        name for name in names if name in rows.native - native and rows.frame.schema[name].is_numeric()
    ]
    return frame.with_columns(pl.col(numbers).str.replace(".", decimal, literal=True)) if numbers else frame
