"""Documents to standard output, everything else to standard error."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basestock.cli.errors import USAGE, CommandError

FORMATS = ("table", "json", "csv", "parquet")


def say(message: str, *, quiet: bool = False) -> None:
    """Print progress for a person."""
    if not quiet:
        print(message, file=sys.stderr, flush=True)  # noqa: T201 - the command line speaks


def require_format(wanted: str, allowed: Sequence[str] = ("table", "json")) -> str:
    """Return the format, or refuse it.

    Raises
    ------
    CommandError
        If the command cannot print it.
    """
    if wanted not in allowed:
        raise CommandError(f"--format is {wanted!r}, must be one of {', '.join(allowed)}.", USAGE)
    return wanted


def print_document(document: dict[str, Any]) -> None:
    """Print one JSON document; numbers that are not finite become null."""
    print(json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str))  # noqa: T201


def print_text(text: str) -> None:
    """Print a result for a person."""
    print(text)  # noqa: T201


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, right: Sequence[str] = ()
) -> None:
    """Print a table, with the terminal's width in mind."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(table)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def empty_folder(path: Path) -> Path:
    """Return a folder to write into.

    Raises
    ------
    CommandError
        If it exists and holds anything.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CommandError(f"--out {path} is not an empty folder; choose another, or remove it first.", USAGE)
    return path
