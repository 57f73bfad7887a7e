"""Tuning: every candidate meets the same events, candidates lie beside each other on the replication axis."""

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Policy, Problem, advance, begin, game
from basestock.dynamics import NetworkArrays, State, Step
from basestock.economics import Compensated, Estimate, Ledger, Tariff, estimate
from basestock.policies.registry import Entry, find
from basestock.uncertainty import root_words

CELLS = 4_000_000
"""Places times candidates times replications that are simulated together."""

_POINTS = {1: 25, 2: 11, 3: 6}

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
        Rounds over the nodes of a network whose nodes supply each other.

    Returns
    -------
    Fit
        Parameters, cost with interval, effort.

    Notes
    -----
    A grid over the box of each parameter, then grids around the best point with steps divided by the grid until the
    step is one unit. Items never interact, nodes only through lanes: without such lanes all places are searched at
    once, with them node after node.
    """
    entry = find(name)
    runner = _Runner(
        problem, periods or problem.horizon, replications, jax.random.fold_in(jax.random.key(seed), 1)
    )
    if entry.box is None or entry.build is None:
        policy, tried = _computed(entry, problem), 0
        searched = float(runner.totals(policy).mean())
    else:
        values, tried, searched = _search(entry, problem, runner, sweeps)
        policy = entry.build(
            {key: jnp.asarray(value, dtype=jnp.float32)[..., None] for key, value in values.items()}
        )
    fresh = dataclasses.replace(
        runner, key=jax.random.fold_in(jax.random.key(seed), 2), replications=8 * replications
    )
    totals = fresh.totals(policy)
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
    if not problem.arrays.features.internal:
        return _zoom(entry, runner, best, low, high, None)
    tried, cost = 0, np.inf
    for _ in range(sweeps):
        for node in reversed(range(len(problem.network.nodes))):
            best, more, cost = _zoom(entry, runner, best, low, high, node)
            tried += more
    return best, tried, cost


def _zoom(
    entry: Entry, runner: "_Runner", best: Values, low: Values, high: Values, node: int | None
) -> tuple[Values, int, float]:
    """Search grids of falling width around the best point, at one node or at all places at once."""
    points = _POINTS[len(best)]
    width = {key: high[key] - low[key] for key in best}
    tried, last, cost = 0, False, np.inf
    while not last:
        last = all(float(value.max()) <= points - 1 for value in width.values())
        offsets = {key: _grid(best[key], width[key], low[key], high[key], points) for key in best}
        combinations = np.array(list(itertools.product(range(points), repeat=len(best))))
        candidates = {
            key: _only_at(best[key], offsets[key][..., combinations[:, position]], node)
            for position, key in enumerate(best)
        }
        costs = runner.costs(entry, candidates)
        cost = float((costs.sum(0) if node is not None else costs).min(-1).sum())
        costs = costs.sum(0, keepdims=True).repeat(costs.shape[0], 0) if node is not None else costs
        choice = costs.argmin(-1)[..., None]
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


def _only_at(best: np.ndarray, candidates: np.ndarray, node: int | None) -> np.ndarray:
    if node is None:
        return candidates
    kept = np.repeat(best[..., None], candidates.shape[-1], -1)
    kept[node] = candidates[node]
    return kept


class CostFold(eqx.Module):
    """Accumulates the signed cost of every place, discounted.

    Parameters
    ----------
    network, tariff, discount
        What prices the steps.
    ledger
        Terms.
    """

    network: NetworkArrays
    tariff: Tariff
    discount: Array
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, cost: Compensated, step: Step) -> tuple[Compensated, None]:
        """Add one period."""
        signs = jnp.asarray(self.ledger.signs, dtype=jnp.float32).reshape(-1, 1, 1, 1)
        money = (signs * self.ledger.by_place(self.network, self.tariff, step)).sum(0)
        return cost.add(self.discount ** step.start.period.astype(jnp.float32) * money), None


@dataclasses.dataclass(frozen=True, eq=False)
class _Runner:
    problem: Problem
    periods: int
    replications: int
    key: Array

    def costs(self, entry: Entry, candidates: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return ``[node, item, candidate]``: mean cost on common events."""
        assert entry.build is not None
        arrays = self.problem.arrays
        count = next(iter(candidates.values())).shape[-1]
        chunk = max(1, min(count, CELLS // (arrays.num_nodes * arrays.num_items * self.replications)))
        parts: list[np.ndarray] = []
        for first in range(0, count, chunk):
            # The last chunk is filled up with its last candidate, so that every chunk runs the same program.
            picked = np.minimum(np.arange(first, first + chunk), count - 1)
            values = {
                key: jnp.asarray(np.repeat(value[..., picked], self.replications, -1), dtype=jnp.float32)
                for key, value in candidates.items()
            }
            money = self._money(entry.build(values), np.tile(np.arange(self.replications), chunk))
            parts.append(money.reshape(*money.shape[:2], chunk, self.replications).mean(-1))
        return np.concatenate(parts, -1)[..., :count]

    def totals(self, policy: Policy) -> np.ndarray:
        """Return the total of each replication."""
        return self._money(policy, np.arange(self.replications)).sum((0, 1))

    def _money(self, policy: Policy, replications: np.ndarray) -> np.ndarray:
        problem = self.problem
        fold = CostFold(problem.arrays, problem.tariff, jnp.asarray(problem.discount), problem.ledger)
        shape = (problem.arrays.num_nodes, problem.arrays.num_items, len(replications))
        cost = _run(
            game(problem),
            policy,
            problem.start(len(replications)),
            root_words(self.key),
            jnp.asarray(replications),
            fold,
            Compensated.zeros(shape),
            (problem.warm_up, self.periods),
        )
        total = np.asarray(cost.total, dtype=np.float64) - np.asarray(cost.dropped, dtype=np.float64)
        return total / self.periods if problem.criterion == "average_cost_per_period" else total


@eqx.filter_jit
def _run(
    game: Game,
    policy: Policy,
    state: State,
    root: Array,
    replications: Array,
    fold: CostFold,
    initial: Compensated,
    periods: tuple[int, int],
) -> Compensated:
    def skip(cost: Any, step: Step) -> tuple[Any, None]:
        return cost, None

    start = begin(game, policy, state, root)
    warm = advance(
        game,
        policy,
        start,
        root=root,
        replications=replications,
        num_periods=periods[0],
        fold=skip,
        initial=None,
    )
    return advance(
        game,
        policy,
        warm.end,
        root=root,
        replications=replications,
        num_periods=periods[1],
        fold=fold,
        initial=initial,
    ).folded
