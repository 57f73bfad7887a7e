"""One sweep over all states of a process: the best decision, and the value that it gives."""

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from basestock.optimal.mdp.process import Phase, Process

FORBIDDEN = 1e30
"""Value of what the box forbids: large, and finite, so that a probability of 0 makes nothing of it."""

CELLS = 1 << 20
"""Entries of expected values that are held at a time."""

KEPT = 1 << 26
"""States times decisions up to which it is kept where their values lie, 8 bytes each."""

DENSE = 0.08
"""Share of chances above 0 from which multiplying full matrices is faster."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Chunk:
    """Carried parts that need the same next ones, where these lie, and what they contribute to inner combinations."""

    carried: np.ndarray
    columns: np.ndarray
    place: np.ndarray
    inner: np.ndarray
    group: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Sweep:
    """Applies the operator of dynamic programming to values ``[carried, mixed]``.

    Parameters
    ----------
    process, phase
        What is solved, and the kind of period.
    """

    process: Process
    phase: Phase

    @functools.cached_property
    def _chances(self) -> Any:
        chances = self.phase.chances
        rows, columns = chances.shape
        dense = chances.nnz > DENSE * rows * columns and columns <= 4096
        return np.ascontiguousarray(chances.toarray().T) if dense else chances

    @functools.cached_property
    def _chunks(self) -> list[_Chunk]:
        process = self.process
        order = np.argsort(process.column[:, 0], kind="stable")
        width = max(self.phase.local.shape[1], self.phase.chances.shape[0] // len(self.phase.local))
        size = max(1, CELLS // max(1, width))
        found: list[_Chunk] = []
        for first in range(0, len(order), size):
            carried = order[first : first + size]
            columns, place = np.unique(process.column[carried], return_inverse=True)
            place = place.reshape(len(carried), -1)
            if columns[0] < 0:
                columns, place = columns[1:], place - 1
            inner, group = np.unique(process.inner(carried, 0), return_inverse=True)
            found.append(_Chunk(carried, columns, place, inner, group.reshape(-1)))
        return found

    def expected(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return ``[column, row]``: expected next values, for each next carried part and row of chances."""
        picked = values[columns]
        if isinstance(self._chances, np.ndarray):
            return picked @ self._chances
        return np.ascontiguousarray((self._chances @ np.ascontiguousarray(picked.T)).T)

    def best(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the values after one more period ``[carried, mixed]``, and the numbers of the best decisions.

        Parameters
        ----------
        values
            ``[carried, mixed]`` of what follows, already discounted.
        """
        choice = np.zeros(self.process.valid.shape, dtype=np.int32)
        return self._improved(values, choice), choice

    def value(self, values: np.ndarray) -> np.ndarray:
        """Return the values of :meth:`best` alone, in less time."""
        return self._improved(values, None)

    def _improved(self, values: np.ndarray, choice: np.ndarray | None) -> np.ndarray:
        """Go over all chunks of states and decisions; the numbers of the best decisions are put into ``choice``."""
        process = self.process
        found = np.empty(process.valid.shape)
        known = np.where(process.valid, values, FORBIDDEN)
        for number, chunk in enumerate(self._chunks):
            here = np.full((len(chunk.carried), process.valid.shape[1]), np.inf)
            picked = None if choice is None else np.zeros(here.shape, dtype=np.int32)
            for decision, value in self._values(number, known):
                if picked is None:
                    np.minimum(here, value, out=here)
                    continue
                better = value < here
                np.copyto(here, value, where=better)
                np.copyto(picked, decision, where=better)
            if not self._cost_by_decision:
                here += self.phase.local_cost[process.inner(chunk.carried, 0)]
            found[chunk.carried] = here
            if choice is not None and picked is not None:
                choice[chunk.carried] = picked
        return found

    def _values(self, number: int, known: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Yield ``[carried, mixed]`` values of every decision, but for the cost that all decisions share."""
        process, chunk = self.process, self._chunks[number]
        by_row = not (self._cost_by_decision or self._keeps)
        rows = self._by_row(number, known) if by_row else np.zeros((0, 0, 0))
        # The last entry stands for all that the box forbids.
        flat = (
            np.zeros(0) if by_row else np.append(self.expected(known, chunk.columns).reshape(-1), FORBIDDEN)
        )
        for decision in range(len(process.decisions)):
            if by_row:
                value = rows[chunk.place[:, process.handed[decision]], chunk.group]
                value[self._outside(number, decision)] = FORBIDDEN
            else:
                value = flat[self._places(number, decision)]
            if self.phase.outer_cost is not None:
                value += self.phase.outer_cost[chunk.carried, decision][:, None]
            if self._cost_by_decision:
                value += self.phase.local_cost[process.inner(chunk.carried, decision)]
            yield decision, value

    def _by_row(self, number: int, known: np.ndarray) -> np.ndarray:
        """Return ``[column, group, mixed]`` expected values, one group for each inner combination of the chunk."""
        chunk = self._chunks[number]
        local = self.phase.local[chunk.inner]
        if isinstance(self._chances, np.ndarray):
            found = known[chunk.columns] @ self._ordered(chunk.inner.tobytes(), local)
            found = found.reshape(-1, *local.shape)
        else:
            found = self.expected(known, chunk.columns)[:, np.maximum(local, 0)]
        found[:, local < 0] = FORBIDDEN
        return found

    def _ordered(self, inner: bytes, local: np.ndarray) -> np.ndarray:
        """Return ``[mixed, group and mixed]`` chances in the order of inner combinations: nothing is picked later."""
        if inner not in self._orders:
            self._orders[inner] = np.ascontiguousarray(self._chances[:, np.maximum(local, 0).reshape(-1)])
        return self._orders[inner]

    @functools.cached_property
    def _orders(self) -> dict[bytes, np.ndarray]:
        return {}

    @property
    def _cost_by_decision(self) -> bool:
        return len(self.process.structure.inner_controls) > 0

    @property
    def _keeps(self) -> bool:
        """Whether it is kept where the expected values of every state and decision lie."""
        return self.process.valid.size * len(self.process.decisions) <= KEPT

    def _places(self, number: int, decision: int) -> np.ndarray:
        """Return ``[carried, mixed]`` where the expected values of a decision lie."""
        if not self._keeps:
            return self._found_places(number, decision)
        if (number, decision) not in self._kept:
            self._kept[number, decision] = self._found_places(number, decision)
        return self._kept[number, decision]

    @functools.cached_property
    def _kept(self) -> dict[tuple[int, int], np.ndarray]:
        return {}

    def _found_places(self, number: int, decision: int) -> np.ndarray:
        process, chunk = self.process, self._chunks[number]
        place = chunk.place[:, process.handed[decision]]
        row = self.phase.local[process.inner(chunk.carried, decision)]
        count = self.phase.chances.shape[0]
        found = place[:, None] * count + row
        return np.where(self._outside(number, decision) | (row < 0), len(chunk.columns) * count, found)

    def _outside(self, number: int, decision: int) -> np.ndarray:
        """Tell in which states ``[carried, mixed]`` a decision leads outside the box."""
        process, chunk = self.process, self._chunks[number]
        box, bounded = process.box, self._bounded
        least = 0.0 if process.least_excess is None else process.least_excess[chunk.carried]
        excess = np.zeros((len(chunk.carried), process.valid.shape[1]), dtype=np.float32)
        for place in bounded:
            carried = process.positions[1][chunk.carried, place] + process.effects[decision, place]
            position = np.add.outer(carried, process.positions[0][:, place]).astype(np.float32)
            if np.isfinite(box.max_position[place]):
                excess += np.maximum(position - np.float32(box.max_position[place]), 0)
            if np.isfinite(box.min_position[place]):
                excess += np.maximum(np.float32(box.min_position[place]) - position, 0)
        return (excess > least) | (chunk.place[:, process.handed[decision]] < 0)[:, None]

    @functools.cached_property
    def _bounded(self) -> list[int]:
        """Places whose position has bounds and can vary."""
        process = self.process
        moved = (process.effects != 0).any(0)
        moved |= np.ptp(process.positions[0], 0) + np.ptp(process.positions[1], 0) > 0
        held = np.isfinite(process.box.max_position) | np.isfinite(process.box.min_position)
        return np.flatnonzero(moved & held).tolist()
