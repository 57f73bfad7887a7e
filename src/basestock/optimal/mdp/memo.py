"""What came of combinations in one box, for the next and wider one."""

import dataclasses
from collections.abc import Callable, Hashable

import numpy as np

from basestock.optimal.mdp.kernel import Kernel
from basestock.optimal.mdp.process import Process
from basestock.optimal.mdp.structure import Structure
from basestock.optimal.mdp.tables import Table

MOST_REMEMBERED = 1 << 26
"""Entries of next states that are remembered at most; beyond them every box is listed anew."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Known:
    table: Table
    after: np.ndarray
    cost: np.ndarray


class Memo:
    """Next mixed parts and expected money of the combinations that were listed.

    Notes
    -----
    One listing never meets a combination twice, so what it lists is read only by the next one.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None
        self._fresh: list[tuple[np.ndarray, np.ndarray, np.ndarray]] | None = []
        self._size = 0

    def moves(
        self, keys: np.ndarray, run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what comes of combinations.

        Parameters
        ----------
        keys
            ``[combination, entry]`` what tells them apart.
        run
            Returns ``[combination, event, entry]`` next parts and ``[combination]`` money of those at given positions.
        """
        known = self._known
        numbers = np.full(len(keys), -1) if known is None else known.table.find(keys)
        missing = np.flatnonzero(numbers < 0)
        if len(missing) == len(keys):
            after, cost = run(missing)
        else:
            assert known is not None
            after, cost = known.after[numbers], known.cost[numbers]
            if len(missing):
                after[missing], cost[missing] = run(missing)
        self._size += after.size
        if self._size > MOST_REMEMBERED:
            self._fresh = None
        if self._fresh is not None:
            self._fresh.append((keys, after, cost))
        return after, cost

    def turn(self) -> None:
        """Begin another listing: remember this one."""
        self._known = None
        if self._fresh:
            keys, after, cost = (np.concatenate(each) for each in zip(*self._fresh, strict=True))
            table = Table(keys.shape[1], keys.dtype.type)
            numbers = np.argsort(table.add(keys))
            self._known = _Known(table, after[numbers], cost[numbers])
        self._fresh, self._size = [], 0


class Memory:
    """What is kept of a problem from box to box."""

    def __init__(self) -> None:
        self._memos: dict[Hashable, Memo] = {}
        self._processes: dict[Hashable, tuple[Hashable, Process]] = {}

    def memo(self, structure: Structure, kernel: Kernel) -> Memo:
        """Return what is remembered of a structure under the events of a kernel."""
        return self._memos.setdefault((structure, word_of(kernel)), Memo())

    def process(self, component: Hashable, word: Hashable, build: Callable[[], Process]) -> Process:
        """Return the tables of a component: those of the last box where nothing that concerns it has changed.

        Parameters
        ----------
        component
            The component.
        word
            Box and events that concern it.
        build
            Lists it.
        """
        known = self._processes.pop(component, None)
        process = known[1] if known is not None and known[0] == word else build()
        self._processes[component] = word, process
        return process


def word_of(kernel: Kernel) -> Hashable:
    """Return what tells the events of a kernel from those of others."""
    leaves = [leaf for phase in (kernel.closing, kernel.opening) for leaf in phase.leaves.values()]
    return kernel.period, *(leaf.tobytes() for leaf in (kernel.probabilities, *leaves))
