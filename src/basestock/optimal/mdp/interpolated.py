"""Dynamic programming on a coarse grid of states, values in between interpolated: less exact, and smaller."""

import dataclasses
import itertools
import math

import numpy as np

from basestock.decision import Problem
from basestock.optimal.mdp.analysis import analyze, is_endless
from basestock.optimal.mdp.box import Box, decisions_of
from basestock.optimal.mdp.budget import TooLargeError
from basestock.optimal.mdp.kernel import Kernel, phases_of
from basestock.optimal.mdp.listing import COMBINATIONS
from basestock.optimal.mdp.optimum import optimize

MOST_COMBINATIONS = 20_000_000
"""Combinations of grid point, decision and event that are run at most."""


@dataclasses.dataclass(frozen=True)
class Interpolated:
    """The value of a problem by interpolation.

    Parameters
    ----------
    value
        Of the problem's criterion in its own sense, money.
    exact
        The exact optimum, money.
    num_points
        Points of the grid.
    num_states
        States that the exact solution lists.
    """

    value: float
    exact: float
    num_points: int
    num_states: int

    @property
    def error(self) -> float:
        """Distance from the exact optimum, relative to it or to 1 where it is smaller."""
        return abs(self.value - self.exact) / max(abs(self.exact), 1.0)


def interpolate(
    problem: Problem, *, spacing: int, tolerance: float = 1e-7, max_sweeps: int = 20_000
) -> Interpolated:
    """Solve a problem on every ``spacing``-th state of each quantity, and hold it against the exact optimum.

    Parameters
    ----------
    problem
        A problem that :func:`~basestock.optimal.mdp.optimize` solves, with the same laws and costs in every period.
    spacing
        Units between points of the grid; 1 keeps every state.
    tolerance
        Relative distance of the bounds at which to stop.
    max_sweeps
        Sweeps at most, without end.

    Returns
    -------
    Interpolated
        With the exact optimum beside it.

    Raises
    ------
    TooLargeError
        If there are more combinations than :data:`MOST_COMBINATIONS`.
    ValueError
        If ``spacing`` is below 1, laws or calendars change from period to period, or the values do not settle.

    Notes
    -----
    From every point of the grid the one transition is run under every decision and event; what follows is valued
    multilinearly between the points around it, quantities beyond the grid by its end. Weights are probabilities, so
    the operator is that of a finite process on the points and its iteration converges (Gordon 1995,
    doi:10.1016/B978-1-55860-377-6.50040-2).
    """
    if spacing < 1:
        raise ValueError(
            f"interpolate: spacing is {spacing}, must be a whole number of units >= 1. Correct it."
        )
    optimum = optimize(problem)
    grid = _Grid(problem, optimum.box, spacing)
    value = grid.long_run(tolerance, max_sweeps) if is_endless(problem) else grid.total()
    return Interpolated(problem.sign * value, optimum.value, len(grid.points), optimum.pieces.num_states)


class _Grid:
    """Points, and what comes of them under each decision."""

    def __init__(self, problem: Problem, box: Box, spacing: int) -> None:
        known = analyze(problem, box)
        if len(known.supports) != 1:
            raise ValueError(
                f"Problem {problem.name!r}: it has {len(known.supports)} kinds of periods, must have one for "
                "interpolation. Use optimize."
            )
        self.problem, self.box = problem, box
        ((period, support),) = known.supports.items()
        closing, opening = (part.joint() for part in phases_of(problem, support))
        self.kernel = Kernel(problem, closing, opening, period=period, **known.samples.kernel.frame)
        met = np.concatenate([known.samples.rows, known.samples.moves.rows])
        inside = known.samples.kernel.positions(met) <= box.max_position
        met = met[inside.all(1)]
        self.entries = np.flatnonzero(np.ptp(met, axis=0) > 0)
        self.ends = [_points(int(met[:, entry].max()), spacing) for entry in self.entries]
        self.points = np.array(list(itertools.product(*self.ends)), dtype=np.int16).reshape(
            -1, len(self.ends)
        )
        self.decisions = decisions_of(problem, box, range(len(box.max_order)))
        count = len(self.points) * len(self.decisions) * len(self.kernel.probabilities)
        if count > MOST_COMBINATIONS:
            raise TooLargeError(
                f"Problem {problem.name!r}: {len(self.points):,} points, {len(self.decisions):,} decisions and "
                f"{len(self.kernel.probabilities):,} events make {count:,} combinations, must be at most "
                f"{MOST_COMBINATIONS:,}. Take a larger spacing."
            )
        self.cost, self.weights = self._listed()

    def _listed(self) -> tuple[np.ndarray, list[object]]:
        """Return ``[decision, point]`` expected money, and for each decision the weights of the points that follow."""
        count, chance = len(self.points), self.kernel.probabilities
        rows = np.repeat(self.kernel.blank, count, 0)
        rows[:, self.entries] = self.points
        effects = self.kernel.effects_of(self.decisions)
        after = self.kernel.positions(rows)[:, None] + effects
        excess = self.box.excess(after)
        allowed = excess <= excess.min(1, keepdims=True)
        cost = np.full((len(self.decisions), count), np.inf)
        weights: list[object] = []
        size = max(1, COMBINATIONS // len(chance))
        for number, decision in enumerate(self.decisions):
            from scipy.sparse import vstack

            parts: list[object] = []
            for first in range(0, count, size):
                some = rows[first : first + size]
                events = np.tile(np.arange(len(chance)), len(some))
                controls = np.repeat(decision[None], len(events), 0)
                moves = self.kernel(np.repeat(some, len(chance), 0), controls, events)
                money = moves.money + self.problem.discount * moves.opening_money
                cost[number, first : first + size] = money.reshape(len(some), -1) @ chance
                parts.append(self.between(moves.rows, np.tile(chance, len(some)), len(some)))
            cost[number, ~allowed[:, number]] = np.inf
            weights.append(vstack(parts).tocsr())
        return cost, weights

    def between(self, rows: np.ndarray, chance: np.ndarray, count: int) -> object:
        """Return sparse ``[count, point]`` weights with which points stand for rows, ``len(rows) / count`` each."""
        from scipy.sparse import csr_matrix

        place = np.zeros((len(rows), 1), dtype=np.int64)
        weight = chance[:, None]
        for entry, ends in zip(self.entries, self.ends, strict=True):
            values = np.clip(rows[:, entry].astype(float), ends[0], ends[-1])
            low = np.clip(np.searchsorted(ends, values, side="right") - 1, 0, len(ends) - 2)
            share = (values - ends[low]) / (ends[low + 1] - ends[low])
            place = np.concatenate(
                [place * len(ends) + low[:, None], place * len(ends) + low[:, None] + 1], axis=1
            )
            weight = np.concatenate([weight * (1 - share[:, None]), weight * share[:, None]], axis=1)
        owner = np.repeat(np.repeat(np.arange(count), len(rows) // count), place.shape[1])
        return csr_matrix((weight.reshape(-1), (owner, place.reshape(-1))), shape=(count, len(self.points)))

    def back(self, values: np.ndarray) -> np.ndarray:
        """Return the values one period earlier."""
        follows = (matrix @ (self.problem.discount * values) for matrix in self.weights)  # type: ignore[operator]
        return np.min([cost + after for cost, after in zip(self.cost, follows, strict=True)], axis=0)

    def at_the_start(self, values: np.ndarray) -> float:
        """Return the value of the declared start, with the money before the first decision."""
        rows, chance, money = self.kernel.opened
        return float((self.between(rows, chance, 1) @ values)[0] + chance @ money)  # type: ignore[operator]

    def total(self) -> float:
        """Return the cost of the horizon by backward induction."""
        values = np.zeros(len(self.points))
        for _ in range(self.problem.horizon):
            values = self.back(values)
        return self.at_the_start(values)

    def long_run(self, tolerance: float, max_sweeps: int) -> float:
        """Return the average or discounted cost without end; half steps, since grids may swing."""
        values, discount = np.zeros(len(self.points)), self.problem.discount
        low = high = 0.0
        for _ in range(max_sweeps):
            change = self.back(values) - values
            low, high = float(change.min()), float(change.max())
            if high - low <= tolerance * (1 + abs(low) + abs(high)):
                if self.problem.averages:
                    return (low + high) / 2
                return self.at_the_start(values + change + discount / (1 - discount) * (low + high) / 2)
            values = values + (0.5 if self.problem.averages else 1.0) * change
            values = values - values[0] if self.problem.averages else values
        raise ValueError(
            f"Problem {self.problem.name!r}: values still move by {low:.6g} to {high:.6g} after {max_sweeps:,} "
            "sweeps, must settle. Allow more sweeps or a larger tolerance."
        )


def _points(most: int, spacing: int) -> np.ndarray:
    """Return the points of one quantity: 0, every ``spacing`` units, and the largest that is met."""
    return np.unique(np.append(np.arange(0, math.ceil(most / spacing) * spacing, spacing), most)).astype(
        float
    )
