"""Figures of experiments, where matplotlib is installed (``basestock[plot]``)."""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.report import Cell

HEIGHT = 0.36
"""Height of a bar, of a row of 1."""


class Sheets:
    """Draws figures into a folder.

    Parameters
    ----------
    folder
        Where they are written; made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    @contextlib.contextmanager
    def figure(self, name: str, panels: int = 1) -> Generator[list[Any], None, None]:
        """Give the axes of a figure, and write it as PNG when they are drawn on.

        Parameters
        ----------
        name
            Name of the file without its ending.
        panels
            Axes above each other.
        """
        from matplotlib.figure import Figure

        drawn = Figure(figsize=(7, 3.6 * panels), layout="constrained")
        yield list(drawn.subplots(panels, squeeze=False)[:, 0])
        self.folder.mkdir(parents=True, exist_ok=True)
        drawn.savefig(self.folder / f"{name}.png", dpi=120)
        self.names.append(f"{name}.png")


def lines(
    axes: Any, at: Sequence[float], values: Mapping[str, Sequence[float]], across: str, label: str
) -> None:
    """Draw lines by name.

    Parameters
    ----------
    axes
        Where.
    at, values
        Places of points, and their heights by the name of a line.
    across, label
        What both axes say.
    """
    for told, line in values.items():
        axes.plot(at, line, label=told)
    axes.set(xlabel=across, ylabel=label)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def bars(axes: Any, rows: Sequence[Mapping[str, Cell]], columns: Sequence[str], label: str) -> None:
    """Draw some columns of a table as bars beside each other, with their numbers; what a row lacks is left out.

    Parameters
    ----------
    axes
        Where.
    rows, columns
        The table, whose first column names the rows, and what is drawn of it.
    label
        What the axis says.
    """
    place = np.arange(len(rows))
    for number, column in enumerate(columns):
        found = [each.get(column) for each in rows]
        values = np.array([value if isinstance(value, int | float) else np.nan for value in found])
        held = axes.barh(place + (HEIGHT + 0.02) * number, values, HEIGHT, label=column)
        told = ["" if np.isnan(value) else f" {value:.3g}" for value in values]
        axes.bar_label(held, told, fontsize=7)
    axes.set_yticks(place + HEIGHT / 2, [str(next(iter(each.values()))) for each in rows], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.margins(x=0.15)
    axes.legend(fontsize=8)
