"""The options that commands share, each written once."""

import dataclasses
import datetime
from pathlib import Path
from typing import Annotated

import typer

from basestock.cli.errors import USAGE, CommandError
from basestock.cli.settings import take_entries, take_file

FORMATS = ("table", "json", "csv", "parquet")
GAPS = ("zero", "closed", "missing")


def maps() -> list[str]:
    """Return the names that complete ``--map``."""
    from basestock.data.mapping import builtin_maps

    return builtin_maps()


Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help="table, json, csv or parquet.",
        autocompletion=lambda: list(FORMATS),
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="PATH", help="Where to write.", show_default=False)
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="TOML file with options, a table per command.",
        is_eager=True,
        callback=take_file,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="command.option=value, or parameter=value of a problem; repeatable.",
        is_eager=True,
        callback=take_entries,
    ),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", min=0, help="Root of all random numbers.")]
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="DATE", help="Day of the decision, YYYY-MM-DD.")]
Currency = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Reporting currency, ISO 4217.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]
Threads = Annotated[
    int | None, typer.Option("--threads", metavar="N", min=1, help="Processor cores to use at most.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE", help="Export (folder, zip, XLSX) or a dataset written by load.", show_default=False
    ),
]
SourceOrProblem = Annotated[
    str | None,
    typer.Argument(
        metavar="[SOURCE]",
        help="Export (folder, zip, XLSX), a dataset written by load, or problem:NAME.",
        show_default=False,
    ),
]
Map = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="MAP",
        help="odoo, erpnext, sap, frepple, adventureworks, or a mapping file.",
        autocompletion=maps,
    ),
]
Gaps = Annotated[
    str | None,
    typer.Option(
        "--gaps",
        metavar="WORD",
        help="What a day without demand rows means: zero, closed, missing.",
        autocompletion=lambda: list(GAPS),
    ),
]
Assume = Annotated[
    float | None,
    typer.Option("--assume-factor", metavar="N", help="Base units per unit where no conversion is given."),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="Ignore history before this day, YYYY-MM-DD.")
]
Rule = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="CODE=E", help="CODE=E raises the severity of a finding; repeatable."),
]

Policies = Annotated[
    list[str] | None,
    typer.Option("--policy", metavar="NAME", help="Name; repeatable, or separated by commas."),
]
Reference = Annotated[str | None, typer.Option("--reference", metavar="NAME", help="Policy to compare with.")]
Items = Annotated[
    str | None, typer.Option("--items", metavar="REGEX", help="Regular expression of the items to take.")
]
Locations = Annotated[
    str | None,
    typer.Option("--locations", metavar="REGEX", help="Regular expression of the locations to take."),
]


@dataclasses.dataclass(frozen=True)
class Reading:
    """The options of reading.

    Parameters
    ----------
    map_, gaps, assume_factor, since, rule
        As given.
    """

    map_: str | None
    gaps: str | None
    assume_factor: float | None
    since: str | None
    rule: list[str] | None


def reading_options(
    map_: Map = None,
    gaps: Gaps = None,
    assume_factor: Assume = None,
    since: Since = None,
    rule: Rule = None,
) -> None:
    """Declare the options of reading."""


def names(given: list[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return names, commas resolved, each once.

    Examples
    --------
    >>> names(["a,b", "a"], ())
    ('a', 'b')
    """
    found = [name.strip() for entry in given or [] for name in entry.split(",") if name.strip()]
    return tuple(dict.fromkeys(found)) or default


def day(text: str | None, option: str) -> datetime.date | None:
    """Return a day.

    Raises
    ------
    CommandError
        If the text is no ISO day.
    """
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option} is {text!r}, must be a day such as 2026-03-02.", USAGE) from error


def pattern(text: str | None, option: str) -> str | None:
    """Return a regular expression.

    Raises
    ------
    CommandError
        If it is none.
    """
    import re

    try:
        re.compile(text or "")
    except re.error as error:
        raise CommandError(f"{option} is {text!r}: {error}; must be a regular expression.", USAGE) from error
    return text
