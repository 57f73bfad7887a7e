"""What fixed decisions cost on every listed state: the step between two improvements of them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from basestock.optimal.mdp.followed import step
from basestock.optimal.mdp.process import Process

MOST_FACTORED = 4_000
"""States and periods up to which the values of a rule are found by factors of its matrix."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rule:
    """One decision for every state and period of a cycle.

    Parameters
    ----------
    states
        Flat numbers of the valid states among ``[carried, mixed]``.
    matrices, costs
        Sparse ``[state, state]`` probabilities and ``[state]`` expected money of each period.
    discount
        Factor of a period.
    """

    states: np.ndarray
    matrices: tuple[Any, ...]
    costs: tuple[np.ndarray, ...]
    discount: float

    def back(self, values: np.ndarray) -> np.ndarray:
        """Return the values ``[carried, mixed]`` before a cycle from those after it."""
        here = values.reshape(-1)[self.states]
        for matrix, cost in zip(reversed(self.matrices), reversed(self.costs), strict=True):
            here = cost + self.discount * (matrix @ here)
        return self._spread(here, values.shape)

    def exact(self, shape: tuple[int, ...]) -> np.ndarray | None:
        """Return the values ``[carried, mixed]`` of the rule without end, less an average.

        Returns
        -------
        ndarray or None
            ``None`` if there are several averages, or too many states for a direct solution.

        Notes
        -----
        Solves h = c - g + P h with h = 0 in the first state, or h = c + discount P h.
        """
        from scipy.sparse import block_array, csc_array, hstack, identity, vstack
        from scipy.sparse.linalg import splu

        count, size = len(self.matrices), len(self.states)
        if count * size > MOST_FACTORED:
            return None
        blocks: list[list[Any]] = [[None] * count for _ in range(count)]
        for at, matrix in enumerate(self.matrices):
            blocks[at][(at + 1) % count] = self.discount * matrix
        system = identity(count * size, format="csc") - csc_array(block_array(blocks))
        cost = np.concatenate(self.costs)
        if self.discount == 1.0:
            first = csc_array(([1.0], ([0], [0])), shape=(1, count * size))
            system = vstack(
                [hstack([system, csc_array(np.ones((count * size, 1)))]), hstack([first, csc_array((1, 1))])]
            )
            cost = np.append(cost, 0.0)
        try:
            found = splu(csc_array(system)).solve(cost)
        except RuntimeError:
            # Two recurrent classes leave the system without one solution.
            return None
        return self._spread(found[:size], shape) if np.isfinite(found).all() else None

    def _spread(self, here: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        found = np.zeros(int(np.prod(shape)))
        found[self.states] = here
        return found.reshape(shape)


def rule_of(process: Process, best: np.ndarray, schedule: Sequence[int]) -> Rule:
    """Return what decisions make of a listed process.

    Parameters
    ----------
    process
        A listed process.
    best
        ``[period, carried, mixed]`` numbers of decisions in a cycle.
    schedule
        Kind of each period of the cycle.
    """
    from scipy.sparse import csr_array

    states = np.flatnonzero(process.valid)
    number = np.zeros(process.valid.size, dtype=np.int64)
    number[states] = np.arange(len(states))
    carried, mixed = np.divmod(states, process.valid.shape[1])
    matrices: list[Any] = []
    costs: list[np.ndarray] = []
    for kind, choice in zip(schedule, best, strict=True):
        cost, owner, after, chance = step(process, kind, carried, mixed, choice[carried, mixed])
        matrices.append(csr_array((chance, (owner, number[after])), shape=(len(states), len(states))))
        costs.append(cost)
    return Rule(states, tuple(matrices), tuple(costs), process.problem.discount)


def links_of(process: Process, schedule: Sequence[int]) -> int:
    """Return how many probabilities a rule holds at most."""
    width = max(int(np.diff(process.phases[kind].chances.indptr).max(initial=0)) for kind in schedule)
    return process.num_states * width * len(schedule)
