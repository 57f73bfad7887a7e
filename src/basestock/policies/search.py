"""Tuning: every candidate meets the same events, the report fresh ones."""

import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Mapping

import jax
import numpy as np

from basestock.decision import Policy, Problem
from basestock.economics import Estimate, estimate
from basestock.policies.clusters import Clusters, clusters_of
from basestock.policies.common_events import Runner, Values, columns_for
from basestock.policies.formulas import leaf
from basestock.policies.gradients import descend, descends
from basestock.policies.grids import Bounds, Found, Ticks, num_candidates, search_grids
from basestock.policies.metaheuristics import METHODS, POPULATION, search_population
from basestock.policies.registry import Entry, find
from basestock.uncertainty import require_periods

REPORTED = 8
"""The report has this many times the replications of the search."""

EXACT_TRIES = 400
"""Policies whose exact cost is asked for at most."""

Score = Callable[[Policy], float]
"""Returns the exact cost of a policy, money; large where it is none to be had."""


@dataclasses.dataclass(frozen=True, eq=False)
class Fit:
    """A tuned policy.

    Parameters
    ----------
    name
        Registered name.
    policy
        The policy with its best parameters.
    parameters
        The parameters as arrays ``[..., node, item]``.
    cost
        Total by the problem's criterion on fresh events, money.
    search_cost
        The same on the events of the search: optimistic, for comparison only.
    num_candidates
        Parameter vectors tried per place.
    complete
        Whether the search came to its end before its time did.
    at_edge
        Search coordinates whose best value lies at the edge of a box that has grown as often as it may.
    coordinates
        The search coordinates ``[node, item]``, from which the parameters are built; empty for computed policies.
    """

    name: str
    policy: Policy
    parameters: dict[str, np.ndarray]
    cost: Estimate
    search_cost: float
    num_candidates: int
    complete: bool = True
    at_edge: tuple[str, ...] = ()
    coordinates: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


def fit(
    problem: Problem,
    name: str | Entry,
    *,
    seed: int = 0,
    replications: int = 32,
    periods: int | None = None,
    sweeps: int = 2,
    search: str = "grid",
    score: Score | None = None,
    max_seconds: float = math.inf,
) -> Fit:
    """Find the best parameters of a registered policy and report its cost on fresh events.

    Parameters
    ----------
    problem
        The problem.
    name
        Registered name, or the entry of a policy that is registered elsewhere.
    seed
        Root of the events; the search and the report use disjoint streams of it.
    replications
        Replications per candidate in the search; the report uses eight times as many.
    periods
        Periods per replication, the problem's horizon if not given.
    sweeps
        Rounds over the places of clusters: nodes that supply each other, products and their components.
    search
        ``grid``, or a search by populations: ``annealing``, ``cross_entropy``, ``genetic``, ``swarm``.
    score
        Exact cost of a policy, to end the search with: neighbors of the best point are compared by it.
    max_seconds
        Time for the search: what has begun is ended, the best so far is reported, and that it is not complete.

    Returns
    -------
    Fit
        Parameters, cost with interval, effort.

    Raises
    ------
    KeyError
        If the name is unknown.
    ValueError
        If the search is unknown, or the policy can be neither searched nor computed.

    Notes
    -----
    A grid over the box of each parameter, then grids around the best point with steps divided by the grid until the
    step is one unit (a hundredth of the box where quantities are continuous; from there it goes down the gradient of
    the paths, as long as that costs less on the same events). A box whose edge is best doubles, up to
    eight times. More than three parameters are searched two at a time, round after round. Places that neither supply
    each other nor are product and component are searched at once; within a cluster of those that do, one place after
    the other by the cost of the whole cluster, once from the policy's own first guess and once from the upper ends: a
    supplier that keeps nothing is a valley of its own, which a search that starts low does not leave.
    """
    began = time.perf_counter()

    def in_time() -> bool:
        return time.perf_counter() - began < max_seconds

    require_periods(problem.events.num_periods, 0, problem.warm_up + (periods or problem.horizon))
    if search != "grid" and search not in METHODS:
        raise ValueError(f"search is {search!r}, must be one of {', '.join(['grid', *METHODS])}. Choose one.")
    entry = find(name)
    events = jax.random.key(seed)
    count = (
        1
        if entry.box is None
        else num_candidates(len(entry.box(problem)))
        if search == "grid"
        else POPULATION
    )
    columns = REPORTED * replications if entry.box is None else columns_for(problem, count, replications)
    runner = Runner(problem, periods or problem.horizon, replications, jax.random.fold_in(events, 1), columns)
    fresh = dataclasses.replace(
        runner, key=jax.random.fold_in(events, 2), replications=REPORTED * replications
    )
    if entry.box is None or entry.build is None:
        policy = _computed(entry, problem)
        searched, totals = float(runner.totals(policy).mean()), fresh.totals(policy)
        return _report(problem, entry.name, policy, totals, searched)
    search_of = _Search(problem, entry, runner, Bounds.of(entry.box(problem)), clusters_of(problem))
    found = search_of.run(search, sweeps, seed, in_time)
    if score is not None and in_time():
        search_of.end_exactly(found, score)
    values, box = search_of.bounds.values(found.best), entry.box(problem)
    if descends(runner, box) and in_time():
        values, found.cost, tried = descend(runner, entry, box, search_of.clusters, values)
        found.tried += tried
    policy = search_of.policy(values)
    totals = fresh.totals(
        runner.side_by_side(entry, {key: value[..., None] for key, value in values.items()})
    )
    return dataclasses.replace(
        _report(problem, entry.name, policy, totals, float(found.cost.sum())),
        num_candidates=found.tried,
        complete=found.complete,
        at_edge=search_of.bounds.at_edge(found.best, search_of.clusters.turn >= 0),
        coordinates=values,
    )


def _computed(entry: Entry, problem: Problem) -> Policy:
    if entry.compute is None:
        raise ValueError(
            f"policy {entry.name!r} can be neither searched nor computed; give it a box or a formula."
        )
    return entry.compute(problem)


def _report(problem: Problem, name: str, policy: Policy, totals: np.ndarray, searched: float) -> Fit:
    """Return a fit; of the policy's leaves, those ``[..., node, item, 1]`` are told as parameters."""
    shape = (problem.arrays.num_nodes, problem.arrays.num_items)
    parameters = {
        field: np.asarray(value)[..., 0]
        for field in policy.__dataclass_fields__
        if getattr(value := getattr(policy, field), "ndim", 0) >= 3 and value.shape[-3:-1] == shape
    }
    sign = problem.sign
    return Fit(name, policy, parameters, estimate(sign * totals), sign * searched, 0)


@dataclasses.dataclass(frozen=True, eq=False)
class _Search:
    """The search of one policy for one problem."""

    problem: Problem
    entry: Entry
    runner: Runner
    bounds: Bounds
    clusters: Clusters

    def run(self, search: str, sweeps: int, seed: int, in_time: Callable[[], bool]) -> Found:
        """Search from the policy's own start, else from the middle of its box; grids from its upper ends too."""
        start = self.bounds.middle()
        if self.entry.start is not None:
            start |= self.bounds.ticks(self.entry.start(self.problem))
        if search != "grid":
            return search_population(search, self.ask, self.bounds, start, self.clusters, seed, in_time)
        starts = [start]
        if self.clusters.num_turns > 1:
            starts.append({key: value.copy() for key, value in self.bounds.high.items()})
        return search_grids(self.ask, self.bounds, starts, self.clusters, sweeps, in_time)

    def ask(self, candidates: Ticks) -> np.ndarray:
        """Return the cost of candidates ``[cluster, candidate]``."""
        return self.clusters.total(self.runner.costs(self.entry, self.bounds.values(candidates)))

    def policy(self, values: Values) -> Policy:
        """Return the policy at parameters ``[node, item]``."""
        return self.entry.make(self.problem, {key: leaf(value) for key, value in values.items()})

    def end_exactly(self, found: Found, score: Score) -> None:
        """Descend by exact costs to a point that no step of one or two coordinates improves."""
        spots = [(int(node), int(item)) for node, item in np.argwhere(self.clusters.turn >= 0)]
        places = [(key, *spot) for key in found.best for spot in spots]
        moves = [{place: step} for place in places for step in (-1.0, 1.0)]
        moves += [
            {one: step, other: second}
            for one, other in itertools.combinations(places, 2)
            for step, second in itertools.product((-1.0, 1.0), repeat=2)
        ]
        least, tries, improved = score(self.policy(self.bounds.values(found.best))), 1, True
        while improved and tries < EXACT_TRIES:
            improved = False
            for move in moves[: EXACT_TRIES - tries]:
                moved = _moved(found.best, move)
                if any((moved[key] < self.bounds.least[key]).any() for key in moved):
                    continue
                cost, tries = score(self.policy(self.bounds.values(moved))), tries + 1
                if cost < least - 1e-9 * abs(least):
                    found.best, least, improved = moved, cost, True
        found.tried += tries


def _moved(best: Ticks, move: Mapping[tuple[str, int, int], float]) -> Ticks:
    moved = {key: value.copy() for key, value in best.items()}
    for (key, node, item), step in move.items():
        moved[key][node, item] += step
    return moved
