"""What candidates come to on events that nothing was learned on."""

import dataclasses
import math
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Policy, Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Ledger, Tariff
from basestock.learning.encoding import Clock
from basestock.learning.streams import selection_key

PATHS = 1024
"""Paths on which candidates are compared, at most."""

MOST_CELLS = 2_000_000
"""Places times paths times periods of a comparison at most, so long as there are 16 paths."""

PERIODS = 400
"""Periods of a path at most."""

FAVORED = 1.0
"""Standard errors by which a policy must be cheaper than another one, for that to be more than chance."""


class PeriodCost(eqx.Module):
    """Accumulates the signed money of each path, discounted from its first period on.

    Parameters
    ----------
    tariff, discount
        What prices a period, and what a period later is worth.
    skipped
        First periods that do not count.
    ledger
        Terms.
    """

    tariff: Tariff
    discount: Array
    skipped: Array
    ledger: Ledger = eqx.field(static=True)

    def initial(self, count: int) -> tuple[Array, Array, Array]:
        """Return no money, what the first period that counts is worth, and the periods to skip."""
        return jnp.zeros(count), jnp.ones(()), self.skipped

    def __call__(
        self, carry: tuple[Array, Array, Array], step: Step
    ) -> tuple[tuple[Array, Array, Array], Array]:
        """Add a period, and trace its money."""
        total, worth, skipped = carry
        money = self.ledger.total(self.ledger.by_term(self.tariff, step))
        counts = skipped <= 0
        total = jnp.where(counts, total + worth * money, total)
        return (total, jnp.where(counts, worth * self.discount, worth), skipped - 1), money


def period_cost(problem: Problem, skipped: int = 0) -> PeriodCost:
    """Return what accumulates the cost of a problem, some first periods left out."""
    discount = problem.discount if problem.discounts else 1.0
    return PeriodCost(problem.tariff, jnp.asarray(discount), jnp.asarray(skipped), problem.ledger)


class Folded(NamedTuple):
    """Sums of paths.

    Parameters
    ----------
    paid
        Of :class:`PeriodCost`; money is its first entry.
    sales, demand
        ``[path]`` what was served from stock at once and what was asked for, units.
    """

    paid: tuple[Array, Array, Array]
    sales: Array
    demand: Array


class ServedCost(eqx.Module):
    """Accumulates the money of each path, and what was asked for and served.

    Parameters
    ----------
    paid
        What prices a period.
    """

    paid: PeriodCost

    def initial(self, count: int) -> Folded:
        """Return empty sums."""
        return Folded(self.paid.initial(count), jnp.zeros(count), jnp.zeros(count))

    def __call__(self, carry: Folded, step: Step) -> tuple[Folded, Array]:
        """Add a period, and trace its money."""
        paid, money = self.paid(carry.paid, step)
        counts = carry.paid[2] <= 0

        def added(total: Array, units: Array | None) -> Array:
            return total if units is None else total + jnp.where(counts, units.sum((0, 1)), 0.0)

        served = added(carry.sales, step.outcome.sales), added(carry.demand, step.outcome.demand)
        return Folded(paid, *served), money


@dataclasses.dataclass(frozen=True, eq=False)
class PathSums:
    """What a policy came to on the events of selection.

    Parameters
    ----------
    costs
        ``[path]`` cost by the criterion of the problem, money; profits are negative.
    money
        ``[period, path]`` what each counted period cost, money.
    sales, demand
        ``[path]`` what was served from stock at once and what was asked for, units.
    """

    costs: Float[np.ndarray, " path"]
    money: Float[np.ndarray, "period path"]
    sales: Float[np.ndarray, " path"]
    demand: Float[np.ndarray, " path"]


def sums_of_paths(problem: Problem, policy: Policy, key: Array, *, paths: int | None = None) -> PathSums:
    """Play a policy from the declared start on the events of selection.

    Parameters
    ----------
    problem, policy
        Who plays what.
    key
        Key of the run.
    paths
        Number of paths; as many as there is room for if not given. Equal numbers meet equal events whoever decides.
    """
    clock = Clock.of(problem)
    warm_up = min(problem.warm_up, PERIODS // 4) if clock.endless else problem.warm_up
    periods = min(problem.horizon, PERIODS) if clock.endless else problem.horizon
    places = len(problem.network.nodes) * len(problem.network.items)
    paths = paths or min(PATHS, max(MOST_CELLS // (places * (warm_up + periods)), 16))
    path = simulate(
        game(problem),
        policy,
        problem.start(paths),
        key=selection_key(key),
        num_periods=warm_up + periods,
        fold=(fold := ServedCost(period_cost(problem, warm_up))),
        initial=fold.initial(paths),
    )
    total, *served = (np.asarray(each, np.float64) for each in (path.folded.paid[0], *path.folded[1:]))
    money = np.asarray(path.traced, np.float64)[warm_up:]
    return PathSums(total / (periods if problem.averages else 1.0), money, *served)


def costs_of(
    problem: Problem, policy: Policy, key: Array, *, paths: int | None = None
) -> Float[np.ndarray, " path"]:
    """Return the costs of :func:`sums_of_paths`, money."""
    return sums_of_paths(problem, policy, key, paths=paths).costs


def scale_of(problem: Problem, cost: float) -> float:
    """Return about what a period costs, money, of the cost of a path."""
    discount = problem.discount if problem.discounts else 1.0
    worth = problem.horizon if discount == 1 else (1 - discount**problem.horizon) / (1 - discount)
    return max(abs(cost) / (1.0 if problem.averages else worth), 1e-6)


def favored(saved: Float[np.ndarray, " path"], certain: float) -> bool:
    """Tell whether savings on common events are more than chance.

    Parameters
    ----------
    saved
        What is saved on each path, money.
    certain
        Standard errors.
    """
    return bool(saved.mean() > certain * saved.std(ddof=1) / math.sqrt(len(saved)))
