"""The catalogue of findings as data: one row a code, read by rules, reports and documentation."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

SEVERITIES = ("repair", "warning", "error")
"""Severities from mild to severe; a rule may be raised along this order, never lowered."""

_LETTERS = {"R": "repair", "W": "warning", "E": "error"}
_ROW_SCOPES = ("row", "cell", "key")
RECHECK = " Then run `basestock check SOURCE` again."


class UnknownCodeError(ValueError):
    """A configuration names a code or a severity that is not allowed."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the catalogue.

    Parameters
    ----------
    code : str
        Stable name, for example ``"UOM-001"``.
    severity : str
        ``error``, ``warning`` or ``repair``.
    scope : str
        What is not used or flagged: ``row``, ``column``, ``file``, ``item``, ``key``, ``set``, ...
    floor : bool
        True when the severity may not be lowered anywhere.
    priority : int
        1 = first release, 2 = with the table or feature it belongs to.
    action : str
        What happens: ``refuse``, ``quarantine``, ``hold``, ``repair``, ``flag``, ``fold``, ``ignore``, ``stop``.
    rule, remedy : str
        One sentence each: what would have been right, and where to fix it.
    """

    code: str
    severity: str
    scope: str
    floor: bool
    priority: int
    action: str
    rule: str
    remedy: str


def _code_of(row: Mapping[str, str]) -> Code:
    return Code(
        code=row["code"],
        severity=row["severity"],
        scope=row["scope"],
        floor=row["floor"] == "1",
        priority=int(row["priority"]),
        action=row["action"],
        rule=row["rule"] + ".",
        remedy=row["remedy"] + "." + RECHECK,
    )


@cache
def catalogue() -> Mapping[str, Code]:
    """Return every code by name, in catalogue order.

    Examples
    --------
    >>> catalogue()["UOM-001"].severity
    'error'
    """
    text = files("basestock.data").joinpath("catalogue.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["code"]: _code_of(row) for row in rows}


def _raised(entry: Code, severity: str) -> Code:
    wanted = _LETTERS.get(severity, severity)
    if wanted not in SEVERITIES:
        msg = f"rule {entry.code}: severity is `{severity}`; must be one of R, W, E"
        raise UnknownCodeError(msg)
    if SEVERITIES.index(wanted) < SEVERITIES.index(entry.severity):
        msg = f"rule {entry.code}: `{wanted}` is below its severity `{entry.severity}`; rules are only raised"
        raise UnknownCodeError(msg)
    if wanted == entry.severity:
        return entry
    action = entry.action
    if wanted == "error":
        action = "quarantine" if entry.scope in _ROW_SCOPES else "hold"
    return replace(entry, severity=wanted, action=action)


def with_rules(rules: Mapping[str, str] | None) -> Mapping[str, Code]:
    """Return the catalogue with raised severities.

    Parameters
    ----------
    rules : mapping of str to str, optional
        Code to severity (``E``, ``W`` or ``R``), for example ``{"INV-003": "E"}``.

    Raises
    ------
    UnknownCodeError
        If a code does not exist, or a severity would be lowered.

    Notes
    -----
    An error that was a warning quarantines its row (scopes row, cell, key), else holds its item-locations.

    Examples
    --------
    >>> with_rules({"INV-003": "E"})["INV-003"].action
    'quarantine'
    """
    entries = dict(catalogue())
    for name, severity in (rules or {}).items():
        if name not in entries:
            near = get_close_matches(name, entries, n=1, cutoff=0.5)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            msg = f"rule `{name}` is not a code of the catalogue{hint}"
            raise UnknownCodeError(msg)
        entries[name] = _raised(entries[name], severity)
    return entries
