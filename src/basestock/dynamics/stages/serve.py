"""Customers are served from stock; what cannot be served waits or is lost."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.stages.fill_backorders import fill_backorders
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def serve(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Serve waiting demand first, then the demand of the period."""
    state, flows = fill_backorders(network, state, decision, event, flows)
    demand = require(event.market, "market").sum(0)
    sales = jnp.minimum(state.on_hand, demand)
    short = demand - sales
    on_hand = state.on_hand - sales
    if state.backorders is None:
        flows = dataclasses.replace(flows, demand=demand, sales=sales, lost=short)
        return dataclasses.replace(state, on_hand=on_hand), flows
    lost = _lost(network, short)
    waiting = short - lost
    state = dataclasses.replace(state, on_hand=on_hand, backorders=state.backorders + waiting)
    flows = dataclasses.replace(flows, demand=demand, sales=sales, lost=lost, newly_backordered=waiting)
    return state, flows


def _lost(network: NetworkArrays, short: jnp.ndarray) -> jnp.ndarray:
    lost = short * network.lost_share
    if not network.features.whole_units:
        return lost
    partial = (network.lost_share > 0) & (network.lost_share < 1)
    return jnp.where(partial, jnp.floor(lost + 1e-4), lost)
