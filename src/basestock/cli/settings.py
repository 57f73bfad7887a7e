"""Options that every command shares: ``--config FILE.toml`` and ``--set key=value``."""

import datetime
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from basestock.cli.errors import USAGE, CommandError

Source = Annotated[Path, typer.Argument(help="Export folder, zip or XLSX, or a dataset written by load.")]
Format = Annotated[
    str, typer.Option("--format", help="table, json; csv and parquet where a table is printed.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder or file to write.")]
Config = Annotated[Path | None, typer.Option("--config", help="TOML file with defaults for the options.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="key=value; repeatable.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Root of all random numbers.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Day of the decision, YYYY-MM-DD.")]
Currency = Annotated[str | None, typer.Option("--currency", help="Reporting currency, ISO 4217.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
Map = Annotated[str | None, typer.Option("--map", help="Built-in profile or mapping file.")]
Gaps = Annotated[str | None, typer.Option("--gaps", help="Absent demand buckets are: zero, closed, missing.")]
Assume = Annotated[float | None, typer.Option("--assume-factor", help="Factor for units without conversion.")]
Since = Annotated[str | None, typer.Option("--since", help="Ignore history before this day.")]
Policies = Annotated[list[str] | None, typer.Option("--policy", help="Name; repeatable, or comma-separated.")]
ProblemName = Annotated[str | None, typer.Option("--problem", help="Registered problem.")]


def pairs(entries: list[str] | None) -> dict[str, str]:
    """Split ``key=value`` entries.

    Raises
    ------
    CommandError
        Naming every entry without ``=``.
    """
    wrong = [entry for entry in entries or [] if "=" not in entry]
    if wrong:
        raise CommandError(f"--set {', '.join(wrong)}: must be key=value.", USAGE)
    return {key.strip(): value.strip() for key, value in (entry.split("=", 1) for entry in entries or [])}


def settings(config: Path | None, entries: list[str] | None, section: str) -> dict[str, Any]:
    """Return the settings of a command: the file's section, overruled by dotted ``--set`` entries.

    Raises
    ------
    CommandError
        If the file cannot be read.
    """
    found: dict[str, Any] = {}
    if config is not None:
        try:
            content = tomllib.loads(config.read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise CommandError(f"--config {config}: {error}; must be a readable TOML file.", USAGE) from error
        found |= content.get(section, {})
    for key, value in pairs(entries).items():
        head, _, name = key.rpartition(".")
        if head in ("", section):
            found[name] = value
    return found


def names(policies: list[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return policy names, commas resolved, each once."""
    found = [name.strip() for entry in policies or [] for name in entry.split(",") if name.strip()]
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
