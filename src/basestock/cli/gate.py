"""What a backtest must show to pass: lower ends of 95 % intervals, from a TOML file."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

from basestock.cli.errors import USAGE, CommandError, require_known


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A bound that a key figure must keep.

    Parameters
    ----------
    kpi
        Name of the key figure.
    lower_95
        What the lower end of its 95 % interval must reach, in the unit of the figure.
    """

    kpi: str
    lower_95: float


def read_gate(path: Path) -> list[Requirement]:
    """Read ``require = [{kpi = "saving", lower_95 = 0}]``.

    Raises
    ------
    CommandError
        If the file cannot be read, or holds anything else.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CommandError(f"--gate {path}: {error}; must be a readable TOML file.", USAGE) from error
    entries = content.get("require")
    if set(content) != {"require"} or not isinstance(entries, list) or not all(map(_is_bound, entries)):
        form = 'require = [{kpi = "saving", lower_95 = 0}]'
        raise CommandError(f"--gate {path}: must hold nothing but {form}, with a number each.", USAGE)
    return [Requirement(entry["kpi"], float(entry["lower_95"])) for entry in entries]


def _is_bound(entry: object) -> bool:
    if not isinstance(entry, dict) or set(entry) != {"kpi", "lower_95"}:
        return False
    bound = entry["lower_95"]
    return isinstance(entry["kpi"], str) and isinstance(bound, int | float) and not isinstance(bound, bool)


def judged(required: list[Requirement], document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each bound with what was found for the judged policy.

    Raises
    ------
    CommandError
        If a key figure is unknown.
    """
    policy = document["verdict"]["policy"]
    row = next(row for row in document["policies"] if row["policy"] == policy)
    # The saving of a problem is in its verdict; a replay has it among the key figures as well.
    figures = {"saving": document["verdict"]["saving"], **row["kpis"]}
    found: list[dict[str, Any]] = []
    for each in required:
        figure = figures[require_known("--gate: key figure", each.kpi, figures)]
        low = None if figure["mean"] is None else figure["mean"] - (figure["half_width"] or 0.0)
        met = low is not None and low >= each.lower_95
        found.append({"kpi": each.kpi, "lower_95": each.lower_95, "found": low, "met": met})
    return found
