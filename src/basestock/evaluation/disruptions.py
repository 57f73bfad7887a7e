"""What each dated disruption of a problem does to a policy, against the same events without it."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from basestock.decision import Game, Policy, Problem, game, simulate
from basestock.dynamics import Step
from basestock.economics import Estimate, Ledger, Tariff, estimate
from basestock.evaluation.resilience import Resilience, resilience
from basestock.evaluation.run import CELLS
from basestock.uncertainty import Disruption

NEVER = 2**30
"""A start that no path reaches: the disruption stays in the program and does not strike."""


@dataclasses.dataclass(frozen=True)
class DisruptionEffect:
    """What one disruption does to one policy.

    Parameters
    ----------
    disruption
        Its kind and where it strikes.
    start, duration
        First period, counted from the start of the warm-up, and number of periods.
    resilience
        Service lost, time to respond, time to recover, worst service; of the means over replications.
    extra_cost
        Cost less revenue from the start to the end of the path, beyond that of the undisturbed path, money.
    """

    disruption: str
    start: int
    duration: int
    resilience: Resilience
    extra_cost: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "disruption": self.disruption,
            "start": self.start,
            "duration": self.duration,
            **dataclasses.asdict(self.resilience),
            "extra_cost": self.extra_cost.to_dict(),
        }


class _Watch(eqx.Module):
    """Traces what is served at once, asked for, ordered and paid in each period, summed over places."""

    tariff: Tariff
    ledger: Ledger = eqx.field(static=True)

    def __call__(self, folded: None, step: Step) -> tuple[None, dict[str, Array]]:
        outcome = step.outcome
        flows = {"served": outcome.sales, "demand": outcome.demand, "ordered": outcome.ordered}
        nothing = jnp.zeros(outcome.opening.shape[-1])
        traced = {name: nothing if flow is None else flow.sum((0, 1)) for name, flow in flows.items()}
        by_term = self.ledger.by_term(self.tariff, step)
        signs = jnp.asarray(self.ledger.signs, dtype=by_term.dtype).reshape(-1, 1)
        return folded, {**traced, "cost": (signs * by_term).sum(0)}


def dated(problem: Problem, periods: int | None = None) -> tuple[Disruption, ...]:
    """Return the disruptions of a problem that strike on a date within the periods that are played."""
    supply = problem.uncertainty.supply
    end = problem.warm_up + (problem.horizon if periods is None else periods)
    found = () if supply is None else supply.disruptions
    return tuple(each for each in found if each.start is not None and each.start < end)


def disruption_effects(
    problem: Problem,
    policy: Policy,
    *,
    replications: int,
    seed: int,
    periods: int | None = None,
    tolerance: float = 0.01,
) -> tuple[DisruptionEffect, ...]:
    """Play a policy with every disruption, then without each dated one in turn, on the same events.

    Parameters
    ----------
    problem, policy
        Who plays what.
    replications
        Independent replications.
    seed
        Root of the events.
    periods
        Periods after the warm-up, the problem's horizon if not given.
    tolerance
        Largest loss of service that counts as recovered, a share.

    Returns
    -------
    tuple
        One effect for each disruption of :func:`dated`, in the order of the problem; what strikes by chance strikes
        on both paths.
    """
    found = dated(problem, periods)
    if not found:
        return ()
    num_periods = problem.warm_up + (problem.horizon if periods is None else periods)
    hit = _traced(problem, policy, replications, seed, num_periods)
    effects: list[DisruptionEffect] = []
    for each in found:
        calm = _traced(_without(problem, each), policy, replications, seed, num_periods)
        start = each.start or 0
        names = ("served", "demand", "ordered")
        means = [paths[name].mean(1) for paths in (hit, calm) for name in names]
        extra = (hit["cost"] - calm["cost"])[start:].sum(0)
        figures = resilience(*means, start=start, tolerance=tolerance)
        effects.append(DisruptionEffect(each.label, start, each.duration, figures, estimate(extra)))
    return tuple(effects)


def _without(problem: Problem, disruption: Disruption) -> Problem:
    """Return the problem with a disruption put off for good, so that it shares the compiled program."""
    laws = problem.uncertainty.supply
    if laws is None:
        return problem
    kept = tuple(
        dataclasses.replace(each, start=NEVER) if each is disruption else each for each in laws.disruptions
    )
    supply = dataclasses.replace(laws, disruptions=kept)
    return dataclasses.replace(problem, uncertainty=dataclasses.replace(problem.uncertainty, supply=supply))


def _traced(
    problem: Problem, policy: Policy, replications: int, seed: int, num_periods: int
) -> dict[str, np.ndarray]:
    """Return ``[period, replication]`` of what is watched, in double precision."""
    cells = problem.arrays.num_nodes * problem.arrays.num_items
    chunk = max(1, min(replications, CELLS // cells))
    compiled, fold = game(problem), _Watch(problem.tariff, problem.ledger)
    parts = [
        _chunk(problem, compiled, policy, fold, np.arange(first, first + chunk), seed, num_periods)
        for first in range(0, replications, chunk)
    ]
    return {
        name: np.concatenate([part[name] for part in parts], axis=1)[:, :replications] for name in parts[0]
    }


def _chunk(
    problem: Problem,
    compiled: Game,
    policy: Policy,
    fold: _Watch,
    numbers: np.ndarray,
    seed: int,
    periods: int,
) -> dict[str, np.ndarray]:
    path = simulate(
        compiled,
        policy,
        problem.start(len(numbers)),
        key=jax.random.key(seed),
        num_periods=periods,
        fold=fold,
        initial=None,
        replications=jnp.asarray(numbers),
    )
    return {name: np.asarray(trace, dtype=np.float64) for name, trace in path.traced.items()}
