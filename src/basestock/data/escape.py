"""Frames on their way out and in: text cells that a spreadsheet would run are escaped, exactly once (OUT-001)."""

from __future__ import annotations

import polars as pl

from basestock.data import formulas


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame whose text cells are safe in a spreadsheet; numbers and dates are left alone.

    Examples
    --------
    >>> escaped(pl.DataFrame({"name": ["=1+1"], "qty": [-5]})).row(0)
    ("'=1+1", -5)
    """
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(formulas.escaped(frame[name]) for name in texts)


def unescaped(frame: pl.DataFrame) -> pl.DataFrame:
    """Remove exactly the escape that `escaped` has put on each text cell.

    Examples
    --------
    >>> unescaped(escaped(pl.DataFrame({"name": ["'=1+1"]})))["name"].item()
    "'=1+1"
    """
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    return frame.with_columns(formulas.unescaped(frame[name]) for name in texts)
