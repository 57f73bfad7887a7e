"""Grids of falling width around the best point, in blocks of few parameters, with boxes that grow where they bind."""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from basestock.policies.boxes import Box
from basestock.policies.clusters import Clusters

POINTS = {1: 25, 2: 11, 3: 6}
"""Points of a grid in each direction, by the number of parameters."""

ROUNDS = 6
"""Rounds over the blocks of a policy with more parameters than a grid has directions."""

NEAR_SWEEPS = 12
"""Rounds over the places of clusters near the best point, at most, after those over whole boxes."""

GROWTHS = 8
"""Times that a box doubles where the best point lies at its edge."""

Ticks = dict[str, np.ndarray]
"""Parameters in steps of their boxes, ``[node, item]`` or ``[node, item, candidate]``; whole numbers."""

Ask = Callable[[Ticks], np.ndarray]
"""Returns the cost ``[cluster, candidate]``, money."""


@dataclasses.dataclass
class Bounds:
    """Boxes in steps, which grow during a search.

    Parameters
    ----------
    low, high, least
        By parameter: ends ``[node, item]``, and what lies below nothing.
    step
        By parameter: units of a step.
    """

    low: Ticks
    high: Ticks
    least: Mapping[str, np.ndarray]
    step: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, box: Mapping[str, Box]) -> "Bounds":
        """Count boxes in their steps."""
        ends = {
            key: (np.round(each.low / each.step), np.round(each.high / each.step))
            for key, each in box.items()
        }
        return cls(
            {key: np.minimum(*pair) for key, pair in ends.items()},
            {key: np.maximum(*pair) for key, pair in ends.items()},
            {key: np.round(each.least / each.step) for key, each in box.items()},
            {key: each.step for key, each in box.items()},
        )

    def middle(self) -> Ticks:
        """Return the middle of every box."""
        return {key: np.round((self.low[key] + self.high[key]) / 2) for key in self.low}

    def ticks(self, values: Mapping[str, np.ndarray]) -> Ticks:
        """Return parameters in steps, inside the boxes."""
        return {
            key: np.clip(np.round(value / self.step[key]), self.low[key], self.high[key])
            for key, value in values.items()
        }

    def values(self, ticks: Mapping[str, np.ndarray]) -> Ticks:
        """Return parameters in their units."""
        return {
            key: value * self.step[key].reshape(*self.step[key].shape, *[1] * (value.ndim - 2))
            for key, value in ticks.items()
        }

    def grow(self, best: Ticks, names: tuple[str, ...], varied: np.ndarray) -> bool:
        """Double the boxes whose best point lies at an end that can move; whether there are any."""
        grown = False
        for key in names:
            width = np.maximum(self.high[key] - self.low[key], 4.0)
            above = varied & (best[key] >= self.high[key])
            below = varied & (best[key] <= self.low[key]) & (self.low[key] > self.least[key])
            self.high[key] = np.where(above, self.high[key] + width, self.high[key])
            self.low[key] = np.where(below, np.maximum(self.low[key] - width, self.least[key]), self.low[key])
            grown |= bool((above | below).any())
        return grown

    def at_edge(self, best: Ticks, searched: np.ndarray) -> tuple[str, ...]:
        """Return the parameters whose best point lies at an end of its box that is no natural one."""
        found = {
            key: (best[key] >= self.high[key])
            | ((best[key] <= self.low[key]) & (self.low[key] > self.least[key]))
            for key in best
        }
        return tuple(key for key, bound in found.items() if (bound & searched).any())


@dataclasses.dataclass
class Found:
    """Where a search stands.

    Parameters
    ----------
    best
        Best parameters in steps.
    cost
        Their cost ``[cluster]``.
    tried
        Candidates so far.
    complete
        Whether the search came to its end before its time did.
    """

    best: Ticks
    cost: np.ndarray
    tried: int
    complete: bool = True

    def better(self, other: "Found", clusters: Clusters) -> "Found":
        """Return of each cluster what costs less here or there."""
        there = other.cost < self.cost
        chosen = there[clusters.number]
        return Found(
            {key: np.where(chosen, other.best[key], value) for key, value in self.best.items()},
            np.where(there, other.cost, self.cost),
            self.tried + other.tried,
            self.complete and other.complete,
        )


def blocks_of(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return which parameters share a grid: all of up to three, else each with the next, in a ring."""
    if len(names) <= max(POINTS):
        return [names]
    return [(name, names[(at + 1) % len(names)]) for at, name in enumerate(names)]


def num_candidates(count: int) -> int:
    """Return the points of a grid of a policy with so many parameters, the present best among them."""
    size = min(count, 2) if count > max(POINTS) else count
    return POINTS[size] ** size + 1


def search_grids(
    ask: Ask,
    bounds: Bounds,
    starts: Sequence[Ticks],
    clusters: Clusters,
    sweeps: int,
    in_time: Callable[[], bool] = lambda: True,
) -> Found:
    """Search grids around points until steps are single, place by place of a cluster and block by block.

    Parameters
    ----------
    ask
        Cost of candidates.
    bounds
        Boxes; they grow where they bind.
    starts
        First points; the search begins anew at each, and of each cluster the best that was found counts.
    clusters
        Places whose costs are of one piece.
    sweeps
        Rounds over the places of clusters.
    in_time
        Whether there is time left; without it the search ends where it stands.
    """
    walks = [_Walk(ask, bounds, clusters, in_time, _unseen(start, clusters)) for start in starts]
    found = walks[0].run(sweeps)
    for walk in walks[1:]:
        found = found.better(walk.run(sweeps), clusters)
    return found


def _unseen(start: Ticks, clusters: Clusters) -> Found:
    return Found(start, np.full(int(clusters.number.max()) + 1, np.inf), 0)


@dataclasses.dataclass(eq=False)
class _Walk:
    """A search from one point."""

    ask: Ask
    bounds: Bounds
    clusters: Clusters
    in_time: Callable[[], bool]
    found: Found

    def run(self, sweeps: int) -> Found:
        """Go place by place and block by block."""
        blocks = blocks_of(tuple(self.found.best))
        rounds = ROUNDS if len(blocks) > 1 else 1
        for sweep in range(sweeps + NEAR_SWEEPS if self.clusters.num_turns > 1 else 1):
            at_first = self.found.cost.sum()
            for turn in range(self.clusters.num_turns):
                varied = self.clusters.turn == turn
                for number in range(rounds):
                    before = self.found.cost.sum()
                    for block in blocks:
                        self.zoom(varied, block, wide=number == 0 and sweep < sweeps)
                    if number and not self.gained(before):
                        break
            if sweep >= sweeps and not self.gained(at_first, 1e-4):
                break
        return self.found

    def gained(self, before: float, share: float = 1e-9) -> bool:
        """Tell whether the cost is below what it was, by a share of it."""
        return bool(self.found.cost.sum() < before - share * abs(before))

    def zoom(self, varied: np.ndarray, block: tuple[str, ...], *, wide: bool) -> None:
        """Search grids of falling width in one block; again in a larger box where the best point lies at the edge."""
        points, bounds = POINTS[len(block)], self.bounds
        for _ in range(GROWTHS + 1):
            spread = {key: np.where(varied, bounds.high[key] - bounds.low[key], 0.0) for key in block}
            if not wide:
                spread = {key: np.minimum(value, 4.0 * (points - 1)) for key, value in spread.items()}
            last = False
            while not last:
                if self.found.tried and not self.in_time():
                    self.found.complete = False
                    return
                last = all(float(value.max()) <= points - 1 for value in spread.values())
                self.ask_grid(varied, spread)
                spread = {key: np.ceil(3 * value / (points - 1)) for key, value in spread.items()}
            if not bounds.grow(self.found.best, block, varied):
                return

    def ask_grid(self, varied: np.ndarray, spread: Ticks) -> None:
        """Move to the best of a grid around the present best point, which is a candidate itself and goes first."""
        points, found = POINTS[len(spread)], self.found
        combinations = np.array(list(itertools.product(range(points), repeat=len(spread))))
        count = len(combinations)
        candidates = {
            key: np.repeat(value[..., None], count + 1, axis=-1) for key, value in found.best.items()
        }
        for position, (key, width) in enumerate(spread.items()):
            line = _line(found.best[key], width, self.bounds.low[key], self.bounds.high[key], points)
            moved = np.where(
                varied[..., None], line[..., combinations[:, position]], candidates[key][..., 1:]
            )
            candidates[key][..., 1:] = moved
        costs = self.ask(candidates)
        choice = costs.argmin(-1)[self.clusters.number][..., None]
        found.best = {key: np.take_along_axis(value, choice, -1)[..., 0] for key, value in candidates.items()}
        found.cost, found.tried = costs.min(-1), found.tried + count


def _line(
    center: np.ndarray, width: np.ndarray, low: np.ndarray, high: np.ndarray, points: int
) -> np.ndarray:
    """Return ``[node, item, point]`` whole numbers around the center, inside the box."""
    first = np.clip(center - np.floor(width / 2), low, np.maximum(high - width, low))
    steps = np.linspace(0.0, 1.0, points)
    wide = np.maximum(width, points - 1)
    return np.clip(np.round(first[..., None] + wide[..., None] * steps), low[..., None], high[..., None])
