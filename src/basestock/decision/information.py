"""Who sees what."""

import dataclasses
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from basestock.decision.observation import Observation
from basestock.dynamics import (
    NetworkArrays,
    PeriodOutcome,
    State,
    expected_output,
    into_nodes,
    out_of_nodes,
    owed_components,
)
from basestock.dynamics.books import on_the_way_to_sources
from basestock.dynamics.stages import can_order
from basestock.uncertainty import World


class Information(eqx.Module):
    """Everything about the state is seen, and the demand of the last periods; never the coming event.

    Parameters
    ----------
    demand_window
        Number of past demands to remember; 0 for none.
    """

    demand_window: int = eqx.field(static=True, default=0)

    def init(self, network: NetworkArrays, num_replications: int) -> Any:
        """Return the memory before the first period."""
        if self.demand_window == 0:
            return None
        return jnp.zeros((self.demand_window, network.num_nodes, network.num_items, num_replications))

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
        """Return what is seen now, newest demand first in the history, and the memory after it."""
        nothing = jnp.zeros_like(state.on_hand)
        last_demand = nothing if last_outcome.demand is None else last_outcome.demand
        if self.demand_window:
            memory = jnp.concatenate([last_demand[None], memory[:-1]])
        seen = _full_observation(network, state, last_outcome, last_demand, memory)
        return dataclasses.replace(seen, **_market(state, world)), memory


def _market(state: State, world: World) -> dict[str, Array | None]:
    """Return the prices of the last period, and how satisfied customers are."""
    return {
        "price": state.previous_price,
        "competitor_price": world.competitor_price,
        "supply_price": world.supply_price,
        "satisfaction": state.satisfaction,
    }


class Position(NamedTuple):
    """What stock at each place is, and is going to be, units: ``[node, item, replication]`` each.

    Parameters
    ----------
    level
        On hand less what waits.
    arriving, waiting
        In transit to the place or being made there; ordered, and not shipped by its source.
    owed
        What waiting orders will take of components and of what is made here.
    """

    level: Array
    arriving: Array
    waiting: Array
    owed: Array

    @property
    def inventory(self) -> Array:
        """The inventory position."""
        return self.level + self.arriving + self.waiting - self.owed


def position_of(network: NetworkArrays, state: State) -> Position:
    """Return what stock is and is going to be in a state."""
    nothing = jnp.zeros_like(state.on_hand)
    backorders = nothing if state.backorders is None else state.backorders
    arriving = into_nodes(network, state.in_transit)
    if state.work_in_process is not None:
        arriving = arriving + expected_output(network, state.work_in_process.sum(0))
    owed = nothing if network.production is None else owed_components(network, state)
    waiting = into_nodes(network, _unfilled(network, state))
    return Position(state.on_hand - backorders, arriving, waiting, owed)


def _unfilled(network: NetworkArrays, state: State) -> Array:
    """Return what sources have not shipped; what they have not received yet is on order as much as what waits there."""
    lanes = jnp.zeros((network.num_lanes, *state.on_hand.shape[1:]))
    return (lanes if state.unfilled is None else state.unfilled) + on_the_way_to_sources(network, state)


def _full_observation(
    network: NetworkArrays,
    state: State,
    last_outcome: PeriodOutcome,
    last_demand: Array,
    history: Array | None,
) -> Observation:
    nothing = jnp.zeros_like(state.on_hand)
    position = position_of(network, state)
    level, arriving, waiting, _ = position
    echelon = jnp.einsum("nj,jir->nir", network.descendants, level + arriving) + waiting
    due = state.due
    return Observation(
        network=network,
        period=state.period,
        can_order=can_order(network, state),
        on_hand=state.on_hand,
        backorders=nothing if state.backorders is None else state.backorders,
        inventory_level=level,
        on_order=arriving + waiting,
        inventory_position=position.inventory,
        echelon_position=echelon,
        in_transit=state.in_transit,
        unfilled=_unfilled(network, state),
        due=None if due is None else jnp.roll(due, -(state.period % due.shape[0]), axis=0),
        outstanding=state.outstanding,
        last_demand=last_demand,
        last_sales=nothing if last_outcome.sales is None else last_outcome.sales,
        demand_history=history,
        owed=None if state.unfilled is None else out_of_nodes(network, state.unfilled),
        incoming=state.incoming,
        lots=state.lots,
        life_clock=state.life_clock,
        work_in_process=None if state.work_in_process is None else state.work_in_process.sum(0),
        resource_status=state.resource_status,
    )
