"""Text that a spreadsheet would run as a formula: escaped on the way out, unescaped in our own files."""

from __future__ import annotations

import polars as pl

_START = "[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
_DANGER = rf"""^["';,|\s]*{_START}"""


def escaped(text: pl.Series) -> pl.Series:
    """Put an apostrophe before text that a spreadsheet would run, also after quotes or separators.

    Examples
    --------
    >>> escaped(pl.Series(["=1+1", "'=1", "A-1"])).to_list()
    ["'=1+1", "''=1", 'A-1']
    """
    return pl.DataFrame({"text": text}).select(
        pl.when(pl.col("text").str.contains(_DANGER)).then(pl.lit("'") + pl.col("text")).otherwise(pl.col("text"))
    )["text"].alias(text.name)  # fmt: skip


def unescaped(text: pl.Series) -> pl.Series:
    """Remove exactly the apostrophe that `escaped` has put there.

    Examples
    --------
    >>> unescaped(pl.Series(["'=1+1", "''=1", "A-1"])).to_list()
    ['=1+1', "'=1", 'A-1']
    """
    return text.str.replace(rf"""^'(["';,|\s]*{_START})""", "$1")
