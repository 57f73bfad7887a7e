"""What learning came to: the runs beside each other, their curves against time, and the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from basestock.operations.report.page import render_page
from basestock.operations.report.svg import Point, Scale, Tick, line_path, round_ticks

LEFT, RIGHT, TOP, BASE = 64.0, 700.0, 16.0, 180.0
MOST_POINTS = 400
"""Points of a line that are drawn."""

NOT_SHOWN = frozenset(("policy_dir", "levels", "updates", "stopped", "seed"))
"""Fields of a run that have a column of their own, or none."""


@dataclass(frozen=True)
class Panel:
    """One number of all runs against seconds.

    Parameters
    ----------
    title
        Its label.
    lines
        Path data of each run.
    x_ticks, y_ticks
        Marks of both axes.
    ends
        Seed, first and last value of each run.
    """

    title: str
    lines: list[str]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    ends: list[tuple[str, str, str]]


def render_learned(
    document: Mapping[str, Any], curves: Sequence[Mapping[str, Sequence[Point]]], settings: str
) -> str:
    """Render the runs of a learner as a single HTML file.

    Parameters
    ----------
    document
        What ``basestock train --format json`` prints.
    curves
        Of each run, in the order of the document: seconds and value of its points by the label of the value.
    settings
        Settings of the runs as TOML.

    Returns
    -------
    str
        A complete HTML document that opens offline.
    """
    runs = document["runs"]
    labels = list(dict.fromkeys(label for curve in curves for label in curve))
    seeds = [str(run["seed"]) for run in runs]
    columns = [name for name in runs[0] if name not in NOT_SHOWN and _is_told(runs, name)]
    known = [document[name] for name in ("value", "lower", "upper") if document[name] is not None]
    convergence = document.get("convergence")
    return render_page(
        "learned.html.j2",
        {
            "title": f"{document['algorithm']} on {document['id']}",
            "certificate": document["certificate"].replace("_", " "),
            "best": number(known[0]) if known else "",
            "criterion": document["criterion"].replace("_", " "),
            "method": document["method"],
            "verdict": "" if convergence is None else convergence["verdict"],
            "columns": [name.replace("_percent", " %").replace("_", " ") for name in columns],
            "rows": [
                (
                    str(run["seed"]),
                    [number(run[name]) for name in columns],
                    f"{run['updates']:,}",
                    run["stopped"],
                )
                for run in runs
            ],
            "panels": [_panel(label, seeds, [curve.get(label, ()) for curve in curves]) for label in labels],
            "settings": settings,
        },
    )


def _is_told(runs: Sequence[Mapping[str, Any]], name: str) -> bool:
    return any(isinstance(run.get(name), int | float) for run in runs)


def number(value: float | None) -> str:
    """Return a number in six digits, nothing for none.

    >>> number(1234.56789), number(None), number(0.0)
    ('1,234.57', '', '0')
    """
    return "" if value is None else f"{value:,.6g}"


def _panel(label: str, seeds: Sequence[str], runs: Sequence[Sequence[Point]]) -> Panel:
    points = [point for run in runs for point in run]
    x_marks = round_ticks(0.0, max(x for x, _ in points), 6)
    y_marks = round_ticks(min(y for _, y in points), max(y for _, y in points), 4)
    x_scale = Scale((0.0, x_marks[-1]), (LEFT, RIGHT))
    y_scale = Scale((y_marks[0], y_marks[-1]), (BASE, TOP))
    lines: list[str] = []
    for run in filter(None, runs):
        step = max(1, len(run) // MOST_POINTS)
        shown = [*run[:-1:step], *run[-1:]]
        lines.append(line_path([(x_scale(x), y_scale(y)) for x, y in shown]))
    return Panel(
        label,
        lines,
        [Tick(x_scale(x), f"{x:g}", index % 2 == 1) for index, x in enumerate(x_marks)],
        [Tick(y_scale(y), number(y)) for y in y_marks],
        [(seed, number(run[0][1]), number(run[-1][1])) for seed, run in zip(seeds, runs, strict=True) if run],
    )
