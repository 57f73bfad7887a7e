"""Relative value iteration with span bounds, in double precision."""

import dataclasses

import numpy as np

from basestock.optimal.mdp.enumeration import FiniteProcess


@dataclasses.dataclass(frozen=True, eq=False)
class AverageCostSolution:
    """An optimal average cost.

    Parameters
    ----------
    lower, upper
        Bounds on the optimal average cost of the enumerated process, money per period.
    values
        ``[state]`` relative values, money.
    best
        ``[state]`` index of an optimal decision.
    iterations
        Sweeps made.
    """

    lower: float
    upper: float
    values: np.ndarray
    best: np.ndarray
    iterations: int

    @property
    def value(self) -> float:
        """Middle of the bounds, money per period."""
        return (self.lower + self.upper) / 2


def minimize_average_cost(
    process: FiniteProcess, *, tolerance: float = 1e-8, max_iterations: int = 100_000
) -> AverageCostSolution:
    """Solve by relative value iteration; the span of a sweep bounds the optimal average (Odoni 1969).

    Parameters
    ----------
    process
        Enumerated process.
    tolerance
        Stop when the bounds are this close, money per period.
    max_iterations
        Sweeps at most.

    Returns
    -------
    AverageCostSolution
        Bounds, relative values, and an optimal decision in every state.

    Raises
    ------
    ValueError
        If the bounds have not closed within ``max_iterations``.
    """
    cost = np.where(process.allowed, process.cost, np.inf)
    values = np.zeros(len(process.states))
    for iteration in range(1, max_iterations + 1):
        expected = cost + values[process.successors] @ process.probabilities
        improved = expected.min(1)
        change = improved - values
        if change.max() - change.min() < tolerance:
            return AverageCostSolution(
                float(change.min()), float(change.max()), improved, expected.argmin(1), iteration
            )
        # Half a step keeps chains whose states come round periodically from swinging for ever.
        values = values + 0.5 * (change - change[process.start])
    raise ValueError(
        f"minimize_average_cost: the bounds have not closed to {tolerance} in {max_iterations} sweeps. "
        "Raise max_iterations or the tolerance."
    )
