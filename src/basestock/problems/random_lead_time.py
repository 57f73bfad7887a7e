"""Unit demands in continuous time, units whose independent lead times may cross: a step is the time to a demand."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision import LaneOrders, Problem, Solution
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
from basestock.uncertainty import Deterministic, Event, SupplyLaws, Uncertainty
from basestock.uncertainty.unit_lead_times import UnitArrivals, UnitLeadTime

SOURCE = "doi:10.48550/arXiv.2011.15122"


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
    its destination.
    """
    at = jnp.sort(instants, axis=0)
    ends = jnp.concatenate([at, jnp.broadcast_to(elapsed, at[:1].shape)])
    starts = jnp.concatenate([jnp.zeros_like(at[:1]), at])
    lasts = jnp.maximum(ends - starts, 0.0)
    here = net[:1] + jnp.arange(len(ends), dtype=net.dtype)[:, None, None, None]
    stock = into_nodes(network, (jnp.maximum(here, 0.0) * lasts).sum(0) * network.lane_active)
    backlog = into_nodes(network, (jnp.maximum(-here, 0.0) * lasts).sum(0) * network.lane_active)
    return stock, backlog


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
            {("store", "item"): Deterministic(1.0)}, supply=SupplyLaws(units=UnitArrivals(rate, room))
        ),
        tariff=make_tariff(network),
        sequence=Order(
            before=(), after=(order_units(max_batch), wait_for_demand(law), fill_backorders, serve)
        ),
        action_map=LaneOrders(),
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
