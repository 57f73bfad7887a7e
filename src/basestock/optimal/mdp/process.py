"""A finite problem as tables: what mixes with chance is listed once, what is handed on is only renumbered."""

import dataclasses
from typing import Any

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.box import Box
from basestock.optimal.mdp.kernel import Kernel
from basestock.optimal.mdp.structure import Structure
from basestock.optimal.mdp.symmetry import Symmetry


@dataclasses.dataclass(frozen=True, eq=False)
class Phase:
    """The tables of one kind of period.

    Parameters
    ----------
    local
        ``[inner, mixed]`` row of ``chances``; -1 where it leads outside the box.
    chances
        Sparse ``[row, mixed]`` probabilities of the next mixed part.
    local_cost
        ``[inner, mixed]`` expected money of the period, with that of the next morning discounted, beyond what nothing
        at all costs.
    outer_cost
        ``[carried, decision]`` money of what is not inner; ``None`` where it costs nothing.
    """

    local: np.ndarray
    chances: Any
    local_cost: np.ndarray
    outer_cost: np.ndarray | None


@dataclasses.dataclass(frozen=True, eq=False)
class Process:
    """A Markov decision process whose states are pairs of a mixed and a carried part.

    Parameters
    ----------
    problem, box, structure
        What was listed, in what box, with which split.
    kernels
        The transition of each kind of period.
    mixed, carried
        ``[mixed, entry]`` and ``[carried, entry]``: the parts that states are made of.
    decisions, effects
        ``[decision, control]``, and ``[decision, place]`` what they add to inventory positions, units.
    positions
        ``[mixed, place]`` and ``[carried, place]``: their shares of the inventory position, units.
    inner_of_carried, inner_of_decision
        Numbers of what they contribute to the inner combination, which is ``carried * count + decision``.
    column, handed
        ``[carried, handed]`` next carried part, -1 outside the box; and ``[decision]`` what is handed on.
    phases
        Tables of each kind of period.
    valid
        ``[carried, mixed]`` pairs that the box allows.
    least_excess
        ``[carried, mixed]`` how far from the box the closest decision leads; ``None`` where one always stays inside.
    start
        Carried numbers, mixed numbers and probabilities of the states of the first decision.
    symmetry
        Parts that are alike: of states in which they are exchanged, only the one in which they ascend is listed.
    """

    problem: Problem
    box: Box
    structure: Structure
    kernels: tuple[Kernel, ...]
    mixed: np.ndarray
    carried: np.ndarray
    decisions: np.ndarray
    effects: np.ndarray
    positions: tuple[np.ndarray, np.ndarray]
    inner_of_carried: np.ndarray
    inner_of_decision: np.ndarray
    column: np.ndarray
    handed: np.ndarray
    phases: tuple[Phase, ...]
    valid: np.ndarray
    least_excess: np.ndarray | None
    start: tuple[np.ndarray, np.ndarray, np.ndarray]
    symmetry: Symmetry | None = None

    @property
    def num_states(self) -> int:
        """Number of states inside the box."""
        return int(self.valid.sum())

    @property
    def num_combinations(self) -> int:
        """Combinations of state, decision and event that the tables stand for, at most."""
        return self.num_states * len(self.decisions) * len(self.kernels[0].probabilities)

    def inner(self, carried: np.ndarray, decision: int | np.ndarray) -> np.ndarray:
        """Return the numbers of inner combinations."""
        count = int(self.inner_of_decision.max()) + 1
        return self.inner_of_carried[carried] * count + self.inner_of_decision[decision]

    def rows(self, carried: np.ndarray, mixed: np.ndarray) -> np.ndarray:
        """Return the rows of states given by the numbers of their parts."""
        return rows_of(self.kernels[0], self.structure, self.carried[carried], self.mixed[mixed])

    def excess(self, carried: np.ndarray, mixed: np.ndarray, decision: int | np.ndarray) -> np.ndarray:
        """Return how far from the box decisions lead, units."""
        position = self.positions[1][carried] + self.positions[0][mixed] + self.effects[decision]
        return self.box.excess(position)


def rows_of(kernel: Kernel, structure: Structure, carried: np.ndarray, mixed: np.ndarray) -> np.ndarray:
    """Put the parts of states together; everything else is as at the start."""
    rows = np.repeat(kernel.blank, len(mixed), 0)
    rows[:, list(structure.mixed)] = mixed
    rows[:, list(structure.carried)] = carried
    return rows
