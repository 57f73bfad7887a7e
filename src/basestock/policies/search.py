"""Tuning: every candidate meets the same events, candidates lie beside each other on the replication axis."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Policy, Problem, advance, begin, game
from basestock.dynamics import NetworkArrays, State, Step
from basestock.economics import Compensated, Estimate, Ledger, Tariff, estimate
from basestock.policies.clusters import Clusters, clusters_of
from basestock.policies.formulas import leaf
from basestock.policies.registry import Entry, find
from basestock.uncertainty import require_periods, root_words

CELLS = 4_000_000
"""Places times candidates times replications that are simulated together."""

REPORTED = 8
"""The report has this many times the replications of the search."""

POINTS = {1: 25, 2: 11, 3: 6}
"""Points of a grid in each direction, by the number of parameters."""

Values = dict[str, np.ndarray]


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
        The parameters as arrays ``[node, item]``.
    cost
        Total by the problem's criterion on fresh events, money.
    search_cost
        The same on the events of the search: optimistic, for comparison only.
    num_candidates
        Parameter vectors tried per place.
    """

    name: str
    policy: Policy
    parameters: dict[str, np.ndarray]
    cost: Estimate
    search_cost: float
    num_candidates: int


def fit(
    problem: Problem,
    name: str,
    *,
    seed: int = 0,
    replications: int = 32,
    periods: int | None = None,
    sweeps: int = 2,
) -> Fit:
    """Find the best parameters of a registered policy and report its cost on fresh events.

    Parameters
    ----------
    problem
        The problem.
    name
        Registered name.
    seed
        Root of the events; the search and the report use disjoint streams of it.
    replications
        Replications per candidate in the search; the report uses eight times as many.
    periods
        Periods per replication, the problem's horizon if not given.
    sweeps
        Rounds over the places of clusters: nodes that supply each other, products and their components.

    Returns
    -------
    Fit
        Parameters, cost with interval, effort.

    Notes
    -----
    A grid over the box of each parameter, then grids around the best point with steps divided by the grid until the
    step is one unit. Places that neither supply each other nor are product and component are searched at once; within
    a cluster of those that do, one place after the other by the cost of the whole cluster.
    """
    require_periods(problem.events.num_periods, 0, problem.warm_up + (periods or problem.horizon))
    entry = find(name)
    events = jax.random.key(seed)
    runner = _Runner(
        problem,
        periods or problem.horizon,
        replications,
        jax.random.fold_in(events, 1),
        _columns(entry, problem, replications),
    )
    if entry.box is None or entry.build is None:
        policy = wide = _computed(entry, problem)
        tried, searched = 0, float(runner.totals(policy).mean())
    else:
        values, tried, searched = _search(entry, problem, runner, sweeps)
        policy = entry.make(problem, {key: leaf(value) for key, value in values.items()})
        wide = runner.side_by_side(entry, {key: value[..., None] for key, value in values.items()})
    fresh = dataclasses.replace(
        runner, key=jax.random.fold_in(events, 2), replications=REPORTED * replications
    )
    totals = fresh.totals(wide)
    parameters = {
        field: np.asarray(value)[..., 0]
        for field in policy.__dataclass_fields__
        if getattr(value := getattr(policy, field), "ndim", None) == 3
    }
    sign = problem.sign
    return Fit(name, policy, parameters, estimate(sign * totals), sign * searched, tried)


def _computed(entry: Entry, problem: Problem) -> Policy:
    if entry.compute is None:
        raise ValueError(
            f"policy {entry.name!r} can be neither searched nor computed; give it a box or a formula."
        )
    return entry.compute(problem)


def _search(entry: Entry, problem: Problem, runner: "_Runner", sweeps: int) -> tuple[Values, int, float]:
    """Return the best values, the number of candidates tried, and the total of the best on the search's events."""
    assert entry.box is not None
    box = entry.box(problem)
    low, high = {key: ends[0] for key, ends in box.items()}, {key: ends[1] for key, ends in box.items()}
    best = {key: np.round((low[key] + high[key]) / 2) for key in box}
    clusters = clusters_of(problem)
    tried, cost = 0, np.inf
    for turn in list(range(clusters.num_turns)) * (sweeps if clusters.num_turns > 1 else 1):
        best, more, cost = _zoom(entry, runner, best, low, high, clusters, turn)
        tried += more
    return best, tried, cost


def _zoom(
    entry: Entry, runner: "_Runner", best: Values, low: Values, high: Values, clusters: Clusters, turn: int
) -> tuple[Values, int, float]:
    """Search grids of falling width around the best point, at the places whose turn it is."""
    points = POINTS[len(best)]
    varied = (clusters.turn == turn)[..., None]
    width = {key: np.where(varied[..., 0], high[key] - low[key], 0.0) for key in best}
    combinations = np.array(list(itertools.product(range(points), repeat=len(best))))
    tried, last, cost = 0, False, np.inf
    while not last:
        last = all(float(value.max()) <= points - 1 for value in width.values())
        offsets = {key: _grid(best[key], width[key], low[key], high[key], points) for key in best}
        candidates = {
            key: np.where(varied, offsets[key][..., combinations[:, position]], best[key][..., None])
            for position, key in enumerate(best)
        }
        costs = clusters.total(runner.costs(entry, candidates))
        cost = float(costs.min(-1).sum())
        choice = costs.argmin(-1)[clusters.number][..., None]
        best = {key: np.take_along_axis(candidates[key], choice, -1)[..., 0] for key in best}
        width = {key: np.ceil(3 * value / (points - 1)) for key, value in width.items()}
        tried += len(combinations)
    return best, tried, cost


def _grid(
    center: np.ndarray, width: np.ndarray, low: np.ndarray, high: np.ndarray, points: int
) -> np.ndarray:
    """Return ``[node, item, point]`` whole numbers around the center, inside the box."""
    first = np.clip(center - np.floor(width / 2), low, np.maximum(high - width, low))
    steps = np.linspace(0.0, 1.0, points)
    wide = np.maximum(width, points - 1)
    return np.clip(np.round(first[..., None] + wide[..., None] * steps), low[..., None], high[..., None])


class CostFold(eqx.Module):
    """Accumulates the signed cost of every place, discounted.

    Parameters
    ----------
    network, tariff, discount
        What prices the steps.
    first
        First period that counts.
    ledger
        Terms.
    """

    network: NetworkArrays
    tariff: Tariff
    discount: Array
    first: Array
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, cost: Compensated, step: Step) -> tuple[Compensated, None]:
        """Add one period."""
        signs = jnp.asarray(self.ledger.signs, dtype=jnp.float32).reshape(-1, 1, 1, 1)
        money = (signs * self.ledger.by_place(self.network, self.tariff, step)).sum(0)
        factor = self.discount ** step.start.period.astype(jnp.float32)
        return cost.add(jnp.where(step.start.period >= self.first, factor * money, 0.0)), None


def _columns(entry: Entry, problem: Problem, replications: int) -> int:
    """Return how many paths lie beside each other: one program does for the search and for the report."""
    if entry.box is None:
        return REPORTED * replications
    count = POINTS[len(entry.box(problem))] ** len(entry.box(problem))
    places = problem.arrays.num_nodes * problem.arrays.num_items
    return replications * max(1, min(count, CELLS // (places * replications)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Runner:
    problem: Problem
    periods: int
    replications: int
    key: Array
    columns: int

    def costs(self, entry: Entry, candidates: Values) -> np.ndarray:
        """Return ``[node, item, candidate]``: mean cost on common events."""
        count, chunk = next(iter(candidates.values())).shape[-1], self.columns // self.replications
        numbers = np.tile(np.arange(self.replications), chunk)
        parts: list[np.ndarray] = []
        for first in range(0, count, chunk):
            # The last chunk is filled up with its last candidate, so that every chunk runs the same program.
            picked = np.minimum(np.arange(first, first + chunk), count - 1)
            policy = self.side_by_side(entry, {key: value[..., picked] for key, value in candidates.items()})
            money = self._money(policy, numbers)
            parts.append(money.reshape(*money.shape[:2], chunk, self.replications).mean(-1))
        return np.concatenate(parts, -1)[..., :count]

    def side_by_side(self, entry: Entry, values: Values) -> Policy:
        """Return the policy with one column for each path, equally many for each of its candidates."""
        return entry.make(
            self.problem,
            {
                key: jnp.asarray(np.repeat(value, self.columns // value.shape[-1], -1), dtype=jnp.float32)
                for key, value in values.items()
            },
        )

    def totals(self, policy: Policy) -> np.ndarray:
        """Return the total of each replication."""
        found: list[np.ndarray] = []
        for first in range(0, self.replications, self.columns):
            # Columns beyond the last replication repeat it and are dropped.
            numbers = np.minimum(np.arange(first, first + self.columns), self.replications - 1)
            found.append(self._money(policy, numbers).sum((0, 1)))
        return np.concatenate(found)[: self.replications]

    def _money(self, policy: Policy, replications: np.ndarray) -> np.ndarray:
        problem = self.problem
        fold = CostFold(
            *(problem.arrays, problem.tariff, jnp.asarray(problem.discount), jnp.asarray(problem.warm_up)),
            ledger=problem.ledger,
        )
        shape = (problem.arrays.num_nodes, problem.arrays.num_items, len(replications))
        cost = _run(
            game(problem),
            policy,
            problem.start(len(replications)),
            root_words(self.key),
            jnp.asarray(replications),
            fold,
            Compensated.zeros(shape),
            problem.warm_up + self.periods,
        )
        total = np.asarray(cost.total, dtype=np.float64) - np.asarray(cost.dropped, dtype=np.float64)
        return total / self.periods if problem.averages else total


@eqx.filter_jit
def _run(
    game: Game,
    policy: Policy,
    state: State,
    root: Array,
    replications: Array,
    fold: CostFold,
    initial: Compensated,
    num_periods: int,
) -> Compensated:
    return advance(
        game,
        policy,
        begin(game, policy, state, root),
        root=root,
        replications=replications,
        num_periods=num_periods,
        fold=fold,
        initial=initial,
    ).folded
