"""What customers bring back."""

import dataclasses

import jax
import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import put
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event


def return_goods(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Take back what is due; a share of it goes into stock again, the rest is disposed of."""
    if network.market is None or network.market.returns is None:
        return state, flows
    returns, due = network.market.returns, require(state.returns_due, "returns_due")
    slot = state.period % due.shape[0]
    came_back = jax.lax.dynamic_index_in_dim(due, slot, 0, keepdims=False)
    emptied = jax.lax.dynamic_update_index_in_dim(due, jnp.zeros_like(came_back), slot, 0)
    share = came_back * returns.restock_share
    restocked = by_units(network, lambda: jnp.floor(share + 0.5), lambda: share, at=returns.places.item)
    everywhere = [
        returns.places.add(jnp.zeros_like(state.on_hand), units) for units in (came_back, restocked)
    ]
    state = put(network, dataclasses.replace(state, returns_due=emptied), everywhere[1])
    return state, dataclasses.replace(flows, came_back=everywhere[0], returned=everywhere[1])
