"""What an experiment leaves: tables with notes, as text and as JSON."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

Cell = str | float | int | None


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Parameters
    ----------
    title
        What the table shows.
    rows
        Cells by column; a column that a row lacks is empty there. Columns come in the order of their first use.
    """

    title: str
    rows: Sequence[dict[str, Cell]]

    @property
    def columns(self) -> list[str]:
        """Columns of any row."""
        return list(dict.fromkeys(column for row in self.rows for column in row))

    def text(self) -> str:
        """Return the table as Markdown.

        Examples
        --------
        >>> print(Table("costs", [{"policy": "a", "cost": 1.23456}, {"policy": "b"}]).text())
        ### costs
        <BLANKLINE>
        | policy | cost |
        |---|---|
        | a | 1.235 |
        | b |  |
        """
        head = ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        body = [
            "| " + " | ".join(_text(row.get(column)) for column in self.columns) + " |" for row in self.rows
        ]
        return "\n".join([f"### {self.title}", "", *head, *body])


@dataclasses.dataclass(frozen=True)
class Report:
    """A finished experiment.

    Parameters
    ----------
    name, about, source
        Of the experiment.
    tables
        What was found.
    notes
        What cannot be compared or attained, and why; what is ours where a source is silent.
    provenance
        Replications, seeds, budget, versions.
    """

    name: str
    about: str
    source: str
    tables: Sequence[Table]
    notes: Sequence[str]
    provenance: dict[str, Any]

    def text(self) -> str:
        """Return the report as Markdown."""
        told = ", ".join(f"{name} {value}" for name, value in self.provenance.items() if value is not None)
        parts = [f"## {self.name}: {self.about}", f"Published: {self.source}. Ours: {told}."]
        parts += [table.text() for table in self.tables]
        return "\n\n".join([*parts, "\n".join(f"- {note}" for note in self.notes)]) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {"schema": "basestock.experiment/1", **dataclasses.asdict(self)}


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str | int):
        return str(cell)
    if not math.isfinite(cell):
        return "none"
    return f"{cell:.4g}" if abs(cell) < 1000 else f"{cell:,.1f}"
