"""The law of demand that comes between a decision and the moment when it counts."""

from collections.abc import Sequence

import numpy as np

from basestock.decision import Problem
from basestock.optimal.bounds.echelon import Customers
from basestock.uncertainty import DiscreteLaw, Seasonal
from basestock.uncertainty.support import support_cycle

MOST_UNITS = 1_000_000
"""Largest demand over some periods that is listed, units."""


class NotListedError(ValueError):
    """A demand is no list of whole units with probabilities, or too long a one."""


class BlindDemand:
    """Probabilities of the demand of places over runs of periods, in whole units.

    Parameters
    ----------
    problem
        Independent demand laws, discrete, with or without seasons.
    """

    def __init__(self, problem: Problem) -> None:
        """Begin with nothing known."""
        self.problem, self.cycle = problem, support_cycle(problem.uncertainty)
        self._known: dict[tuple[tuple[tuple[int, int], ...], int, int], np.ndarray] = {}
        self._customers: dict[tuple[float, ...], Customers] = {}

    def of_all(self, places: Sequence[tuple[int, int]], first: int, last: int) -> np.ndarray:
        """Return ``[units]`` probabilities of the demand of several places together, from period first to last.

        Parameters
        ----------
        places
            Positions of nodes and items.
        first, last
            Periods; none where last < first.

        Raises
        ------
        NotListedError
            If a law is continuous, has a memory or fractions, or is too long.
        """
        key = tuple(places), first % self.cycle, last - first
        if last < first:
            return np.ones(1)
        if key not in self._known:
            total = self.of_all(places, first, last - 1)
            for node, item in places:
                total = _together(total, self._of_period(node, item, last % self.cycle))
            self._known[key] = total
        return self._known[key]

    def customers(
        self, node: int, item: int, first: int, last: int, holding: float, shortage: float
    ) -> Customers:
        """Return the customers of a place from period first to last with what a unit left and a unit short cost."""
        key = (node, item, first % self.cycle, last - first, holding, shortage)
        if key not in self._customers:
            self._customers[key] = Customers(self.of_all(((node, item),), first, last), holding, shortage)
        return self._customers[key]

    def mean(self, node: int, item: int) -> float:
        """Return the mean demand of a period at a place, units."""
        whole = self.of_all(((node, item),), 0, self.cycle - 1)
        return float(whole @ np.arange(len(whole))) / self.cycle

    def _of_period(self, node: int, item: int, period: int) -> np.ndarray:
        network = self.problem.network
        total = np.ones(1)
        for law in self.problem.uncertainty.laws_at(network.nodes[node].name, network.items[item].name):
            now = law.laws[period % len(law.laws)] if isinstance(law, Seasonal) else law
            if not isinstance(now, DiscreteLaw):
                raise NotListedError(
                    f"demand of {network.nodes[node].name} is {type(now).__name__}, must be discrete"
                )
            total = _together(total, _listed(*now.support()))
        return total


def _listed(values: np.ndarray, masses: np.ndarray) -> np.ndarray:
    """Return the probabilities of 0, 1, ... units."""
    if (values != np.round(values)).any() or values[0] < 0 or values[-1] > MOST_UNITS:
        raise NotListedError(
            f"demand is {values[0]:g} to {values[-1]:g}, must be whole units up to {MOST_UNITS:,}"
        )
    found = np.zeros(int(values[-1]) + 1)
    np.add.at(found, values.astype(np.int64), masses)
    return found


def _together(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    if len(first) + len(other) > MOST_UNITS:
        raise NotListedError(
            f"demand of some periods is {len(first) + len(other):,} units, must be at most {MOST_UNITS:,}"
        )
    if min(len(first), len(other)) < 256:
        return np.convolve(first, other)
    from scipy.signal import fftconvolve

    return np.maximum(fftconvolve(first, other), 0.0)
