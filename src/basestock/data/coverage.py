"""Which features the loaded tables switch on, and which file would switch on the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from basestock.data.tables import TABLES

if TYPE_CHECKING:
    from basestock.data.dataset import Dataset


@dataclass(frozen=True, slots=True)
class Feature:
    """What one table unlocks.

    Parameters
    ----------
    table : str
        Canonical table.
    tier : int
        0 is needed for a first order list.
    unlocks : str
        The feature.
    rows : int
        Usable rows; 0 = off.
    """

    table: str
    tier: int
    unlocks: str
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The coverage matrix.

    Parameters
    ----------
    features : tuple of Feature
        One per input table, lowest tier first.
    """

    features: tuple[Feature, ...]

    @property
    def on(self) -> list[Feature]:
        """Return the features that are on."""
        return [feature for feature in self.features if feature.rows]

    @property
    def next(self) -> Feature | None:
        """Return the feature that one more file would switch on."""
        return next((feature for feature in self.features if not feature.rows), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the matrix as part of the ``check`` document."""
        rows = [
            {
                "table": each.table,
                "tier": each.tier,
                "unlocks": each.unlocks,
                "rows": each.rows,
                "on": each.rows > 0,
            }
            for each in self.features
        ]
        following = self.next
        return {
            "features": rows,
            "next": None if following is None else {"table": following.table, "unlocks": following.unlocks},
        }

    def text(self) -> str:
        """Return the matrix in two sentences."""
        on = ", ".join(f"{feature.unlocks} ({feature.table})" for feature in self.on) or "nothing"
        following = self.next
        more = f"\nnext: {following.table} would switch on {following.unlocks}" if following else ""
        return f"on: {on}{more}"


def coverage_of(dataset: Dataset) -> Coverage:
    """Return the coverage matrix of a load; tables made from other tables do not count."""
    features = [
        Feature(
            name, table.tier, table.unlocks,
            dataset.tables[name].height if name in dataset.counts and name in dataset.tables else 0,
        )
        for name, table in TABLES.items()
        if table.tier < 3
    ]  # fmt: skip
    return Coverage(tuple(sorted(features, key=lambda feature: feature.tier)))
