"""Columns that hold personal data: addresses of mail, numbers of telephones, names of persons (IDN-018)."""

from __future__ import annotations

import polars as pl

_HEADER = (
    r"(?i)^(e[ _-]?mail|phone|telephone|mobile|fax|birth(day|date)|date of birth|"
    r"((first|last|sur|full|family|given|contact|customer|person)[ _-]?name)|contact([ _-]?person)?)"
    r"([ _-]?(address|number|no|nr))?$"
)
_MAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_PHONE = r"^(\+|00|\()[0-9][0-9 ()/.-]{6,}[0-9]$"
_SHARE = 0.2


def holds_people(cells: pl.Series) -> bool:
    """Return whether a column is about persons: by its name, or by a fifth of its cells.

    Parameters
    ----------
    cells : Series
        One column of a file, named by its header.

    Examples
    --------
    >>> holds_people(pl.Series("note", ["ann@example.com", "bob@example.com"]))
    True
    >>> holds_people(pl.Series("note", ["2026-03-02", "17.5"]))
    False
    """
    filled = cells.drop_nulls()
    if len(filled) == 0 or filled.dtype != pl.String:
        return False
    if pl.Series([cells.name]).str.contains(_HEADER)[0]:
        return True
    text = filled.unique().str.strip_chars()
    found = text.str.contains(_MAIL) | text.str.contains(_PHONE)
    return float(found.sum()) > _SHARE * len(text)
