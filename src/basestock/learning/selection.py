"""Which of several candidates is kept: the cheapest on events that nothing was learned on."""

import math
from collections.abc import Mapping

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
"""Paths on which candidates are compared."""

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
        signs = jnp.asarray(self.ledger.signs, dtype=jnp.float32)[:, None]
        money = (signs * self.ledger.by_term(self.tariff, step)).sum(0)
        counts = skipped <= 0
        total = jnp.where(counts, total + worth * money, total)
        return (total, jnp.where(counts, worth * self.discount, worth), skipped - 1), money


def period_cost(problem: Problem, skipped: int = 0) -> PeriodCost:
    """Return what accumulates the cost of a problem, some first periods left out."""
    discount = problem.discount if problem.discounts else 1.0
    return PeriodCost(problem.tariff, jnp.asarray(discount), jnp.asarray(skipped), problem.ledger)


def costs_of(problem: Problem, policy: Policy, key: Array, *, paths: int = PATHS) -> np.ndarray:
    """Return ``[path]`` the cost of a policy from the declared start on the events of selection, money.

    Parameters
    ----------
    problem, policy
        Who plays what.
    key
        Key of the run.
    paths
        Number of paths; equal numbers meet equal events whoever decides.
    """
    clock = Clock.of(problem)
    warm_up = min(problem.warm_up, PERIODS // 4) if clock.endless else problem.warm_up
    periods = min(problem.horizon, PERIODS) if clock.endless else problem.horizon
    path = simulate(
        game(problem),
        policy,
        problem.start(paths),
        key=selection_key(key),
        num_periods=warm_up + periods,
        fold=(fold := period_cost(problem, warm_up)),
        initial=fold.initial(paths),
    )
    return np.asarray(path.folded[0], dtype=np.float64) / (periods if problem.averages else 1.0)


def cheapest(
    problem: Problem,
    candidates: Mapping[str, Policy],
    key: Array,
    *,
    paths: int = PATHS,
    known: Mapping[str, float] | None = None,
) -> tuple[str, dict[str, float]]:
    """Return the name of the cheapest candidate, and the mean cost of each in the problem's own sense, money.

    Parameters
    ----------
    problem, candidates
        The problem, and policies by name.
    key
        Key of the run.
    paths
        Number of paths.
    known
        Mean costs of candidates that have been played on these events, money.
    """
    found = dict(known or {})
    for name in candidates.keys() - found.keys():
        found[name] = float(costs_of(problem, candidates[name], key, paths=paths).mean())
    found = {name: found[name] for name in candidates}
    finite = {name: cost for name, cost in found.items() if np.isfinite(cost)}
    best = min(finite, key=lambda name: finite[name]) if finite else next(iter(candidates))
    return best, {name: problem.sign * cost for name, cost in found.items()}


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
