"""Parts of a problem that are alike: of states in which they are exchanged, only one is listed."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from basestock.optimal.mdp.exchanges import Exchange


@dataclasses.dataclass(frozen=True, eq=False)
class Alike:
    """Parts of which any two may be exchanged.

    Parameters
    ----------
    names
        What they are.
    entries, controls, places
        ``[part, ...]`` positions among the entries of a row, the controls, and the places of positions; aligned.
    exchanges
        The first with each other one.
    """

    names: tuple[str, ...]
    entries: np.ndarray
    controls: np.ndarray
    places: np.ndarray
    exchanges: tuple[Exchange, ...]

    @property
    def orders(self) -> int:
        """Number of orders that the parts can be put in."""
        return math.factorial(len(self.names))


@dataclasses.dataclass(frozen=True, eq=False)
class Symmetry:
    """Groups of parts that are alike.

    Parameters
    ----------
    groups
        No entry and no control belongs to two of them.
    """

    groups: tuple[Alike, ...]

    def __str__(self) -> str:
        return "; ".join(" = ".join(group.names) for group in self.groups)

    @property
    def orders(self) -> int:
        """Number of states that one stands for, at most."""
        return math.prod(group.orders for group in self.groups)

    def sorted_rows(self, rows: np.ndarray) -> np.ndarray:
        """Return rows in which the parts of each group ascend, compared entry by entry."""
        rows = rows.copy()
        for group in self.groups:
            values = rows[:, group.entries]
            order = ascending(values)
            rows[:, group.entries] = np.take_along_axis(values, order[:, :, None], 1)
        return rows

    def shuffled(
        self, rows: np.ndarray, controls: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows in which the parts of each group come in any order, and their decisions in the same."""
        rows, controls = rows.copy(), controls.copy()
        for group in self.groups:
            order = np.argsort(rng.random((len(rows), len(group.names))), axis=1)
            for given, at in ((rows, group.entries), (controls, group.controls)):
                given[:, at] = np.take_along_axis(given[:, at], order[:, :, None], 1)
        return rows, controls

    def closed(self, decisions: np.ndarray) -> np.ndarray:
        """Return decisions with those that come of them by exchanging parts."""
        exchanges = [exchange for group in self.groups for exchange in group.exchanges]
        while True:
            every = [decisions, *(decisions[:, each.controls] for each in exchanges)]
            found = np.unique(np.concatenate(every), axis=0)
            if len(found) == len(decisions):
                return decisions
            decisions = found

    def within(self, entries: Sequence[int]) -> "Symmetry":
        """Return the same of rows that hold some of the entries only."""
        at = {entry: position for position, entry in enumerate(entries)}
        groups = [
            dataclasses.replace(group, entries=np.vectorize(at.__getitem__, otypes=[int])(group.entries))
            for group in self.groups
        ]
        return Symmetry(tuple(groups))


def ascending(values: np.ndarray) -> np.ndarray:
    """Return ``[row, part]``: the order in which parts ``[row, part, entry]`` ascend, compared entry by entry."""
    low, high = (find(values, axis=(0, 1), initial=0).astype(np.int64) for find in (np.min, np.max))
    sizes = (high - low + 1).tolist()
    if math.prod(sizes) < 1 << 62:
        weights = np.cumprod([1, *sizes[:0:-1]], dtype=np.int64)[::-1]
        return np.argsort((values - low) @ weights, axis=1, kind="stable")
    return np.lexsort(np.moveaxis(values, 2, 0)[::-1], axis=-1)
