"""Unit demands in continuous time, units whose independent lead times may cross: a step is the time to a demand."""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision import Information, LaneOrders, Observation, Problem, Solution
from basestock.dynamics import (
    Decision,
    InitialState,
    NetworkArrays,
    PeriodOutcome,
    Stage,
    State,
    Step,
    into_nodes,
)
from basestock.dynamics import Sequence as Order
from basestock.dynamics.lanes import require
from basestock.dynamics.stages import fill_backorders, serve
from basestock.dynamics.stock import put
from basestock.economics import Tariff, make_tariff
from basestock.economics.leaves import given
from basestock.economics.ledger import Term
from basestock.network import Item, Lane, Node, Supplier, SupplyNetwork
from basestock.optimal.mdp.unit_orders import solution_of_unit_orders
from basestock.problems.parameters import parameters
from basestock.uncertainty import Deterministic, Event, SupplyLaws, Uncertainty, World
from basestock.uncertainty.unit_lead_times import UnitArrivals, UnitLeadTime

SOURCE = "doi:10.48550/arXiv.2011.15122"

LOOKED = (6, 24)
"""Arrivals between two demands that are found one after the other; if they are not enough, the next number of them."""

AGE_CLASSES = 6
"""Classes of age by which units under way are seen, where age matters."""


@dataclasses.dataclass(frozen=True, eq=False)
class NothingUnderWay(InitialState):
    """A start with room for single units under way.

    Parameters
    ----------
    slots
        Largest number of units under way.
    """

    slots: int = 64

    def compile(self, network: SupplyNetwork, arrays: NetworkArrays, num_replications: int = 1) -> State:
        """Return the state on padded axes."""
        state = super().compile(network, arrays, num_replications)
        ages = jnp.full((self.slots, arrays.num_lanes, arrays.num_items, num_replications), -1.0)
        return dataclasses.replace(state, unit_ages=ages)


class UnitAges(Information):
    """Everything is seen, and units under way by classes of their age.

    Parameters
    ----------
    edges
        Ages between the classes, time; none where age tells nothing.
    """

    edges: tuple[float, ...] = eqx.field(static=True, default=())

    def observe(
        self,
        network: NetworkArrays,
        state: State,
        world: World,
        last_outcome: PeriodOutcome,
        memory: Any,
        *,
        key: Array,
    ) -> tuple[Observation, Any]:
        """Return what is seen now, and the memory after it."""
        seen, memory = super().observe(network, state, world, last_outcome, memory, key=key)
        if not self.edges:
            return seen, memory
        ages = require(state.unit_ages, "unit_ages")
        ends = [-0.5, *self.edges, jnp.inf]
        counts = [((low < ages) & (ages <= high)).sum(0) for low, high in itertools.pairwise(ends)]
        return dataclasses.replace(seen, unit_ages=jnp.stack(counts).astype(ages.dtype)), memory


@functools.cache
def order_units(max_batch: int) -> Stage:
    """Return the stage in which a batch of single units, at most ``max_batch``, goes under way."""

    def order(
        network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        ages = require(state.unit_ages, "unit_ages")
        empty = ages < 0
        asked = jnp.where((decision.order > 0) & jnp.isfinite(decision.order), decision.order, 0.0)
        most = jnp.minimum(jnp.floor(asked) * network.lane_active, max_batch)
        taken = empty & (jnp.cumsum(empty, 0) <= most)
        ordered = taken.sum(0).astype(most.dtype)
        state = dataclasses.replace(
            state, unit_ages=jnp.where(taken, 0.0, ages), in_transit=state.in_transit + ordered
        )
        return state, dataclasses.replace(flows, ordered=ordered, shipped=ordered)

    return order


@functools.cache
def wait_for_demand(law: UnitLeadTime) -> Stage:
    """Return the stage in which time passes until the next demand: units arrive, stock and backlog are integrated."""

    def wait(
        network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
    ) -> tuple[State, PeriodOutcome]:
        ages, elapsed = require(state.unit_ages, "unit_ages"), require(event.elapsed, "elapsed")
        level = require(event.unit_level, "unit_level")
        under_way = ages >= 0
        # Units of different lanes and items share the dice of a place; the problem has one lane and one item.
        left = jnp.where(under_way, law.residual(level, jnp.maximum(ages, 0.0)), jnp.inf)
        arrives = left < elapsed
        received = arrives.sum(0).astype(ages.dtype)
        net = state.on_hand - require(state.backorders, "backorders")
        stock, backlog = _integrals(network, net, jnp.where(arrives, left, elapsed), elapsed)
        kept = jnp.where(under_way & ~arrives, ages + elapsed, -1.0)
        state = dataclasses.replace(state, unit_ages=kept, in_transit=state.in_transit - received)
        flows = dataclasses.replace(
            flows, received=received, elapsed=elapsed, stock_time=stock, backorder_time=backlog
        )
        return put(network, state, into_nodes(network, received)), flows

    return wait


def _integrals(network: NetworkArrays, net: Array, instants: Array, elapsed: Array) -> tuple[Array, Array]:
    """Integrate stock and backlog of the first node over the time to the next demand; they step up at arrivals.

    Notes
    -----
    Units that do not arrive stand at the end of the interval, where they add nothing. The lane's arrivals all go to
    its destination. Stock less backlog is known from the sum of what is left after each arrival; of those who wait,
    each is served by one arrival, the first by the first, so that backlog is the sum of the earliest instants.
    """
    level = jnp.broadcast_to(net[0], instants.shape[1:])
    waiting, after = jnp.maximum(-level, 0.0), (elapsed - instants).sum(0)
    enough = waiting < (instants < elapsed).sum(0)
    some = _earliest(jnp.where(enough, waiting, 0.0), instants, LOOKED)
    backlog = jnp.where(enough, some, waiting * elapsed - after)
    stock = jnp.maximum(level * elapsed + after + backlog, 0.0)
    return into_nodes(network, stock * network.lane_active), into_nodes(
        network, backlog * network.lane_active
    )


def _earliest(count: Array, instants: Array, lengths: tuple[int, ...]) -> Array:
    """Return the sum of the earliest instants, so many of each column.

    Notes
    -----
    Few customers wait and few units arrive in an interval: finding the next instant a few times is many times faster
    than sorting all of them, which is left for intervals with more.
    """
    if not lengths:
        number = jnp.arange(len(instants), dtype=count.dtype).reshape(-1, *(1,) * count.ndim)
        return (jnp.clip(count - number, 0.0, 1.0) * jnp.sort(instants, axis=0)).sum(0)

    def next_one(carry: tuple[Array, Array, Array], _: None) -> tuple[tuple[Array, Array, Array], None]:
        left, total, found = carry
        now = left.min(0)
        here = left <= now
        alike = here.sum(0).astype(count.dtype)
        total = total + jnp.where(found < count, jnp.clip(count - found, 0.0, alike) * now, 0.0)
        return (jnp.where(here, jnp.inf, left), total, found + alike), None

    none = jnp.zeros_like(count)
    (_, total, found), _ = jax.lax.scan(next_one, (instants, none, none), None, length=lengths[0])
    more = (found < count).any()
    return jax.lax.cond(more, lambda: _earliest(count, instants, lengths[1:]), lambda: total)


def holding_time(tariff: Tariff, step: Step, *, rate: float) -> Array:
    """Charge h per unit on hand and unit of time, times the demand rate: an average per demand is one per time."""
    return rate * given(step.outcome.stock_time)


def backorder_time(tariff: Tariff, step: Step, *, rate: float) -> Array:
    """Charge b per unit waiting and unit of time, times the demand rate."""
    return rate * given(step.outcome.backorder_time)


@functools.cache
def _term(name: str, rate: float) -> Term:
    charge = {"holding": holding_time, "backorder": backorder_time}[name]
    return Term(name, functools.partial(charge, rate=rate), name, "node")


@parameters(max_batch=(1, None))
def random_lead_time(
    *,
    rate: float = 10.0,
    lead_time: Mapping[str, Any] | UnitLeadTime = {"type": "exponential", "mean": 2.0},  # noqa: B006
    holding_cost: float = 1.0,
    backorder_cost: float = 1.0,
    max_batch: int = 6,
    slots: int = 0,
    horizon: int = 5000,
    warm_up: int = 500,
) -> Problem:
    """Build the problem of unit demands and crossing lead times (Temizöz et al. 2025, doi:10.48550/arXiv.2011.15122).

    Parameters
    ----------
    rate
        Demands per unit of time [lambda], a Poisson process.
    lead_time
        Law of the lead time of a unit: ``exponential`` (mean), ``uniform`` (low, high), ``pareto_lomax`` (q, tau).
    holding_cost, backorder_cost
        Money per unit on hand and per backorder, per unit of time [h, b].
    max_batch
        Largest order after a demand, units.
    slots
        Largest number of units under way; 0 for three times their mean under base stock, and 40.
    horizon, warm_up
        Demands counted and skipped.

    Returns
    -------
    Problem
        Kind ``per_event``: a step starts right after a demand, with an order, and ends with the next demand. Costs
        are integrated over the step and multiplied by the rate, so that the average per step is that per unit of time.
    """
    given_law = dict(lead_time) if isinstance(lead_time, Mapping) else {}
    kind = given_law.pop("type", None)
    numbers = {
        name: float(given_law[name]) for name in ("mean", "low", "high", "q", "tau") if name in given_law
    }
    if kind == "pareto_lomax":
        numbers.pop("mean", None)
    law = lead_time if isinstance(lead_time, UnitLeadTime) else UnitLeadTime(kind, **numbers)
    room = slots or int(3 * rate * law.average + 40)
    # A law without memory is the same at every age.
    edges = law.age_edges(1 if law.kind == "exponential" else AGE_CLASSES)
    network = SupplyNetwork(
        items=(Item("item"),),
        nodes=(Node("store"),),
        suppliers=(Supplier("supplier"),),
        lanes=(Lane("supplier", "store"),),
        unmet="backorder",
    )
    return Problem(
        name="random_lead_time",
        network=network,
        uncertainty=Uncertainty(
            {("store", "item"): Deterministic(1.0)}, supply=SupplyLaws(units=UnitArrivals(rate, room, law))
        ),
        tariff=make_tariff(network),
        sequence=Order(
            before=(), after=(order_units(max_batch), wait_for_demand(law), fill_backorders, serve)
        ),
        action_map=LaneOrders(),
        information=UnitAges(edges=tuple(edges.tolist())),
        kind="per_event",
        criterion="average_cost_per_time_unit",
        horizon=horizon,
        warm_up=warm_up,
        initial_state=NothingUnderWay(slots=room),
        terms=(_term("holding", rate * holding_cost), _term("backorder", rate * backorder_cost)),
        solve=_solver(law, rate, holding_cost, backorder_cost, max_batch),
        parameters={"rate": rate, "lead_time": lead_time, "max_batch": max_batch},
        source=SOURCE,
    )


def _solver(
    law: UnitLeadTime, rate: float, holding_cost: float, backorder_cost: float, max_batch: int
) -> Callable[[], Solution] | None:
    """Return what computes the optimum where the law has no memory; nothing for other laws."""
    if law.kind != "exponential" or min(holding_cost, backorder_cost) <= 0 or max_batch < 2:
        return None
    return functools.partial(
        solution_of_unit_orders,
        rate=rate,
        mean_lead_time=law.mean,
        holding_cost=holding_cost,
        backorder_cost=backorder_cost,
        max_batch=max_batch,
    )
