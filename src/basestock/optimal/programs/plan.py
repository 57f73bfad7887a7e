"""A plan as a policy, and what it costs when it is played."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from basestock.decision import Observation, Policy, Problem, game, simulate
from basestock.dynamics import Decision, State, Step
from basestock.economics import Ledger, Tariff
from basestock.uncertainty import Event, Recorded


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """Decisions for some periods, on the authored axes.

    Parameters
    ----------
    order
        ``[period, lane, item]`` units ordered.
    allocation
        ``[period, lane, item]`` units that sources ship.
    start
        ``[period, process]`` runs; ``None`` without processes.
    overtime
        ``[period, resource]`` hours; ``None`` without resources.
    """

    order: np.ndarray
    allocation: np.ndarray
    start: np.ndarray | None = None
    overtime: np.ndarray | None = None

    @property
    def num_periods(self) -> int:
        """Number of periods."""
        return len(self.order)

    def moved(self, periods: int = 1) -> "Plan":
        """Return the plan from a later period on, its last period repeated as no decision."""
        order, allocation = (_later(table, periods) for table in (self.order, self.allocation))
        start = None if self.start is None else _later(self.start, periods)
        return Plan(
            order, allocation, start, None if self.overtime is None else _later(self.overtime, periods)
        )

    def to_dict(self, problem: Problem) -> list[dict[str, Any]]:
        """Return what is done in each period by name, nothing left out that is not 0."""
        network = problem.network
        rows: list[dict[str, Any]] = []
        for period in range(self.num_periods):
            rows += [
                {
                    "period": period, "kind": "order", "lane": network.lanes[lane].name,
                    "item": network.items[item].name, "quantity": float(self.order[period, lane, item]),
                    "unit": network.items[item].unit,
                }
                for lane, item in np.argwhere(self.order[period] > 0).tolist()
            ]  # fmt: skip
            for kind, table, parts, unit in (
                ("start", self.start, network.processes, "runs"),
                ("overtime", self.overtime, network.resources, "hours"),
            ):
                if table is not None:
                    rows += [
                        {
                            "period": period, "kind": kind, kind: parts[at].name,
                            "quantity": float(table[period, at]), "unit": unit,
                        }
                        for at in np.flatnonzero(table[period] > 0).tolist()
                    ]  # fmt: skip
        return rows


def _later(table: np.ndarray, periods: int) -> np.ndarray:
    return np.concatenate([table[periods:], 0 * table[:periods]])


class PlanPolicy(Policy):
    """Does in each period what a plan says, and nothing after its end.

    Parameters
    ----------
    order, allocation, start, overtime
        The plan on padded axes, ``[period, ...]``.
    first_period
        Number of the plan's first period.
    """

    order: Float[Array, "period lane item"]
    allocation: Float[Array, "period lane item"]
    start: Float[Array, "period process"] | None
    overtime: Float[Array, "period resource"] | None
    first_period: int

    def __call__(self, observation: Observation, memory: Any, *, key: Array) -> tuple[Decision, Any]:
        """Return the decision of the period."""
        at = observation.period - self.first_period
        inside = (at >= 0) & (at < self.order.shape[0])
        count = observation.on_hand.shape[-1]
        row = jnp.clip(at, 0, self.order.shape[0] - 1)

        def now(table: Array | None) -> Array | None:
            if table is None:
                return None
            here = jnp.where(inside, table[row], 0.0)
            return jnp.broadcast_to(here[..., None], (*here.shape, count))

        order = now(self.order)
        assert order is not None
        decision = Decision(
            order=order, start=now(self.start), allocation=now(self.allocation), overtime=now(self.overtime)
        )
        return decision, memory


def plan_policy(plan: Plan, problem: Problem, first_period: int = 0) -> PlanPolicy:
    """Return a plan as a policy, like any other in the simulator.

    Parameters
    ----------
    plan
        The plan.
    problem
        Whose network it was made for.
    first_period
        Number of its first period.
    """
    network = problem.arrays
    lanes = (plan.num_periods, network.num_lanes, network.num_items)
    production = network.production
    start = overtime = None
    if production is not None and plan.start is not None:
        start = _padded(plan.start, (plan.num_periods, production.num_processes))
        if plan.overtime is not None and production.num_resources:
            overtime = _padded(plan.overtime, (plan.num_periods, production.num_resources))
    return PlanPolicy(
        _padded(plan.order, lanes), _padded(plan.allocation, lanes), start, overtime, first_period
    )


def _padded(table: np.ndarray, shape: tuple[int, ...]) -> Array:
    full = np.zeros(shape, dtype=np.float32)
    full[tuple(slice(0, size) for size in table.shape)] = table
    return jnp.asarray(full)


@dataclasses.dataclass(frozen=True, eq=False)
class Replayed:
    """What a plan costs when it is played through the one transition.

    Parameters
    ----------
    money
        ``[period, term]`` money of each ledger term, revenues negative.
    terms
        Names of the terms.
    outcome
        Quantities of each period, stacked along a leading period axis.
    discount
        Factor per period that the total counts with.
    """

    money: np.ndarray
    terms: tuple[str, ...]
    outcome: Any
    discount: float

    @property
    def total(self) -> float:
        """Total money, discounted where the problem discounts."""
        return float((self.money.sum(1) * self.discount ** np.arange(len(self.money))).sum())

    @property
    def by_term(self) -> dict[str, float]:
        """Total money by term, not discounted."""
        return dict(zip(self.terms, self.money.sum(0).tolist(), strict=True))


class _Accounts:
    """Traces the money of each period; a class of its own, so that equal ledgers share a program."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Accounts) and self.ledger == other.ledger

    def __hash__(self) -> int:
        return hash(self.ledger)

    def __call__(self, tariff: Tariff, step: Step) -> tuple[Tariff, Any]:
        return tariff, (self.ledger.by_term(tariff, step), step.outcome)


def replay(plan: Plan, problem: Problem, events: Event, start: State | None = None) -> Replayed:
    """Play a plan on given events, and add up the money of the problem's ledger.

    Parameters
    ----------
    plan
        The plan.
    problem
        The problem it was made for.
    events
        Events of one path, stacked along a leading period axis.
    start
        State that the plan starts from; the problem's own if not given.
    """
    state = problem.start() if start is None else start
    first = int(state.period)
    # Recorded events are numbered from period 0.
    shifted = jax.tree.map(lambda leaf: jnp.concatenate([leaf[:1]] * first + [leaf]), events)
    path = simulate(
        game(problem, Recorded(shifted)),
        plan_policy(plan, problem, first),
        state,
        key=jax.random.key(0),
        num_periods=plan.num_periods,
        fold=_Accounts(problem.ledger),
        initial=problem.tariff,
    )
    money, outcome = path.traced
    signs = np.array(problem.ledger.signs, dtype=np.float64)
    table = np.asarray(money, dtype=np.float64)[..., 0] * signs
    return Replayed(table, problem.ledger.names, outcome, problem.discount if problem.discounts else 1.0)
