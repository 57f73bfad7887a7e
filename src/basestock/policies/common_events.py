"""Candidates beside each other on the replication axis, all on the same events."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Policy, Problem, advance, begin, game
from basestock.dynamics import NetworkArrays, State, Step
from basestock.economics import Compensated, Ledger, Tariff
from basestock.policies.formulas import leaf
from basestock.policies.registry import Entry
from basestock.uncertainty import root_words

CELLS = 4_000_000
"""Places times candidates times replications that are simulated together."""

Values = dict[str, np.ndarray]


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


def columns_for(problem: Problem, count: int, replications: int) -> int:
    """Return how many paths lie beside each other where ``count`` candidates are compared: one program does for all."""
    places = problem.arrays.num_nodes * problem.arrays.num_items
    return replications * max(1, min(count, CELLS // (places * replications)))


@dataclasses.dataclass(frozen=True, eq=False)
class Runner:
    """Plays candidates of one policy.

    Parameters
    ----------
    problem
        The problem.
    periods
        Periods that count.
    replications
        Replications of each candidate.
    key
        Root of the events.
    columns
        Paths that lie beside each other, a multiple of the replications.
    start
        State that every path starts from; the problem's own if not given.
    """

    problem: Problem
    periods: int
    replications: int
    key: Array
    columns: int
    start: State | None = None

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

    def slopes(self, entry: Entry, values: Values) -> Values:
        """Return ``[node, item]`` by coordinate: change of the mean cost of all places per unit of it, path by path."""
        numbers = np.arange(self.replications)

        def mean(leaves: dict[str, Array]) -> Array:
            return self._folded(entry.make(self.problem, leaves), numbers).total.sum() / self.replications

        slopes = jax.grad(mean)({key: leaf(value) for key, value in values.items()})
        found = {key: np.asarray(slope, dtype=np.float64)[..., 0] for key, slope in slopes.items()}
        return {key: np.where(np.isfinite(slope), slope, 0.0) for key, slope in found.items()}

    def _money(self, policy: Policy, replications: np.ndarray) -> np.ndarray:
        cost = self._folded(policy, replications)
        total = np.asarray(cost.total, dtype=np.float64) - np.asarray(cost.dropped, dtype=np.float64)
        # Money of the first period that counts is worth itself.
        total = total / self._discount**self.problem.warm_up
        return total / self.periods if self.problem.averages else total

    @property
    def _discount(self) -> float:
        return self.problem.discount if self.problem.discounts else 1.0

    def _folded(self, policy: Policy, replications: np.ndarray) -> Compensated:
        problem = self.problem
        fold = CostFold(
            *(problem.arrays, problem.tariff, jnp.asarray(self._discount), jnp.asarray(problem.warm_up)),
            ledger=problem.ledger,
        )
        shape = (problem.arrays.num_nodes, problem.arrays.num_items, len(replications))
        state = problem.start(len(replications))
        if self.start is not None:
            state = jax.tree.map(lambda one, each: jnp.broadcast_to(one, each.shape), self.start, state)
        return _run(
            game(problem),
            policy,
            state,
            root_words(self.key),
            jnp.asarray(replications),
            fold,
            Compensated.zeros(shape),
            problem.warm_up + self.periods,
        )


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
