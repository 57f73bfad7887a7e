"""Text that a spreadsheet would run as a formula: escaped on the way out, unescaped in our own files."""

from __future__ import annotations

import polars as pl

_START = "[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
_NUMBER = r"^-[0-9]+(?:\.[0-9]+)?$"
_DANGER = rf"""^["';,|\s]*{_START}"""


def escaped(text: pl.Series) -> pl.Series:
    """Put an apostrophe before text that a spreadsheet would run, also after quotes or separators.

    Plain negative numbers are left alone.

    Examples
    --------
    >>> escaped(pl.Series(["=1+1", "'=1", "A-1", "-5"])).to_list()
    ["'=1+1", "''=1", 'A-1', '-5']
    """
    danger = (text.str.contains(_DANGER) & ~text.str.contains(_NUMBER)).fill_null(False)
    return text.zip_with(~danger, "'" + text) if danger.any() else text


def unescaped(text: pl.Series) -> pl.Series:
    """Remove exactly the apostrophe that `escaped` has put there.

    Examples
    --------
    >>> unescaped(pl.Series(["'=1+1", "''=1", "A-1"])).to_list()
    ['=1+1', "'=1", 'A-1']
    """
    return text.str.replace(rf"""^'(["';,|\s]*{_START})""", "$1")
