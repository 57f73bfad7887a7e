"""Search by populations: genetic, annealing, particle swarm, and cross entropy; all on common events."""

from collections.abc import Callable, Iterator

import numpy as np

from basestock.policies.clusters import Clusters
from basestock.policies.grids import Ask, Bounds, Found, Ticks

POPULATION = 24
"""Candidates that are compared together."""

GENERATIONS = 30
"""Times that a population moves."""


class Population:
    """Points that move together, drawn by cluster so that the places of a cluster are one candidate.

    Parameters
    ----------
    ask, bounds, start, clusters
        As for a search by grids; the start is one of the first points.
    draw
        Source of random numbers.
    in_time
        Whether there is time left for another generation.
    """

    def __init__(
        self,
        ask: Ask,
        bounds: Bounds,
        start: Ticks,
        clusters: Clusters,
        draw: np.random.Generator,
        in_time: Callable[[], bool],
    ) -> None:
        self.ask, self.bounds, self.clusters, self.draw = ask, bounds, clusters, draw
        self.in_time = in_time
        self.varied = (clusters.turn >= 0)[..., None]
        self.count = int(clusters.number.max()) + 1
        self.width = {key: (bounds.high[key] - bounds.low[key])[..., None] for key in start}
        self.points = {
            key: np.where(
                self.varied, bounds.low[key][..., None] + self.uniform() * self.width[key], value[..., None]
            )
            for key, value in start.items()
        }
        for key, value in start.items():
            self.points[key][..., 0] = value
        self.found = Found(start, np.full(self.count, np.inf), 0)
        self.costs = self.measured(self.points)

    def generations(self) -> Iterator[int]:
        """Count generations as long as there is time."""
        for generation in range(GENERATIONS):
            if not self.in_time():
                self.found.complete = False
                return
            yield generation

    def uniform(self) -> np.ndarray:
        """Draw numbers in [0, 1) for every place and candidate."""
        return self.draw.random((*self.varied.shape[:2], POPULATION))

    def normal(self) -> np.ndarray:
        """Draw standard normal numbers for every place and candidate."""
        return self.draw.standard_normal((*self.varied.shape[:2], POPULATION))

    def shared(self, values: np.ndarray) -> np.ndarray:
        """Give ``[cluster, candidate]`` values to the places of each cluster."""
        return values[self.clusters.number]

    def measured(self, points: Ticks) -> np.ndarray:
        """Return the costs ``[cluster, candidate]`` of points at whole steps inside the box, and keep the best."""
        whole = {
            key: np.where(
                self.varied,
                np.clip(np.round(value), self.bounds.low[key][..., None], self.bounds.high[key][..., None]),
                self.found.best[key][..., None],
            )
            for key, value in points.items()
        }
        costs = self.ask(whole)
        better = costs.min(-1) < self.found.cost
        choice = self.shared(costs.argmin(-1)[:, None])
        at_best = {key: np.take_along_axis(value, choice, -1)[..., 0] for key, value in whole.items()}
        here = better[self.clusters.number]
        self.found.best = {key: np.where(here, at_best[key], old) for key, old in self.found.best.items()}
        self.found.cost = np.minimum(costs.min(-1), self.found.cost)
        self.found.tried += POPULATION
        return costs

    def picked(self, rows: np.ndarray) -> Ticks:
        """Return the points at ``[cluster, candidate]`` numbers."""
        return {key: np.take_along_axis(value, self.shared(rows), -1) for key, value in self.points.items()}

    def kept(self, points: Ticks, costs: np.ndarray, accepted: np.ndarray) -> None:
        """Take over points where they are accepted ``[cluster, candidate]``."""
        here = self.shared(accepted)
        self.points = {key: np.where(here, points[key], old) for key, old in self.points.items()}
        self.costs = np.where(accepted, costs, self.costs)

    @property
    def best(self) -> Ticks:
        """The best point so far, with an axis for candidates."""
        return {key: value[..., None] for key, value in self.found.best.items()}


def genetic(people: Population) -> None:
    """Breed by tournaments, mix parents parameter by parameter, mutate; a child replaces a parent it beats."""
    for generation in people.generations():
        shape = (2, people.count, POPULATION)
        rivals = people.draw.integers(0, POPULATION, shape)
        costs = np.take_along_axis(people.costs[None].repeat(2, 0), rivals, -1)
        mother = np.where(costs[0] <= costs[1], rivals[0], rivals[1])
        father = people.draw.integers(0, POPULATION, shape[1:])
        first, second = people.picked(mother), people.picked(father)
        scale = 0.3 * (1.0 - generation / GENERATIONS) + 0.01
        children = {
            key: np.where(people.uniform() < 0.5, first[key], second[key])
            + (people.uniform() < 0.5) * people.normal() * np.maximum(scale * people.width[key], 1.0)
            for key in first
        }
        costs = people.measured(children)
        people.kept(children, costs, costs < people.costs)


def annealing(people: Population) -> None:
    """Walk chains side by side, that accept worse points ever more rarely (Kirkpatrick et al. 1983)."""
    heat = np.std(people.costs, axis=-1, keepdims=True) + 1e-12
    for step in people.generations():
        left = 1.0 - step / GENERATIONS
        moved = {
            key: value + people.normal() * np.maximum(0.3 * left**2 * people.width[key], 1.0)
            for key, value in people.points.items()
        }
        costs = people.measured(moved)
        worse = np.maximum(costs - people.costs, 0.0) / (heat * left**4 + 1e-12)
        people.kept(moved, costs, people.draw.random(costs.shape) < np.exp(-np.minimum(worse, 700.0)))


def swarm(people: Population) -> None:
    """Fly towards the best points of each and of all (Kennedy and Eberhart 1995; Clerc and Kennedy 2002)."""
    speed = {key: np.zeros_like(value) for key, value in people.points.items()}
    at = {key: value.copy() for key, value in people.points.items()}
    for _ in people.generations():
        for key, own in people.points.items():
            pull = people.uniform() * (own - at[key]) + people.uniform() * (people.best[key] - at[key])
            speed[key] = 0.7298 * speed[key] + 1.4962 * pull
            at[key] = np.clip(
                at[key] + speed[key], people.bounds.low[key][..., None], people.bounds.high[key][..., None]
            )
        costs = people.measured(at)
        people.kept(at, costs, costs < people.costs)


def cross_entropy(people: Population) -> None:
    """Draw around the mean and spread of the best quarter (Rubinstein 1999)."""
    elite = POPULATION // 4
    for _ in people.generations():
        rows = np.argsort(people.costs, axis=-1, kind="stable")[:, :elite]
        chosen = people.picked(rows)
        drawn = {
            key: value.mean(-1, keepdims=True)
            + people.normal() * np.maximum(1.5 * value.std(-1, keepdims=True), 0.5)
            for key, value in chosen.items()
        }
        costs = people.measured(drawn)
        people.kept(drawn, costs, costs < np.median(people.costs, axis=-1, keepdims=True))


METHODS: dict[str, Callable[[Population], None]] = {
    "annealing": annealing,
    "cross_entropy": cross_entropy,
    "genetic": genetic,
    "swarm": swarm,
}
"""Searches by populations, by name."""


def search_population(
    name: str,
    ask: Ask,
    bounds: Bounds,
    start: Ticks,
    clusters: Clusters,
    seed: int,
    in_time: Callable[[], bool] = lambda: True,
) -> Found:
    """Search by a population.

    Parameters
    ----------
    name
        One of :data:`METHODS`.
    ask, bounds, start, clusters
        As for a search by grids.
    seed
        Of the random moves.
    in_time
        Whether there is time left; without it the search ends where it stands.
    """
    people = Population(ask, bounds, start, clusters, np.random.default_rng(seed), in_time)
    METHODS[name](people)
    return people.found
