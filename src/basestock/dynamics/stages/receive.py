"""Arrivals join the stock of the lane's destination."""

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import by_index, into_nodes, require
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def receive(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Take in what is due now and what the event lets arrive.

    Run a second time after shipping, it takes in what was shipped with lead time 0.
    """
    received = jnp.zeros_like(decision.order)
    if state.due is not None:
        received, due = _take_slot(state.due, state.period % state.due.shape[0])
        state = dataclasses.replace(state, due=due)
    if state.outstanding is not None and flows.received is None:
        arriving = state.outstanding * require(event.arrives, "arrives")
        received = received + arriving.sum(0)
        state = dataclasses.replace(state, outstanding=state.outstanding - arriving)
    on_hand = state.on_hand + into_nodes(network, received)
    in_transit = state.in_transit - received
    total = received if flows.received is None else flows.received + received
    state = dataclasses.replace(state, on_hand=on_hand, in_transit=in_transit)
    return state, dataclasses.replace(flows, received=total)


def _take_slot(
    due: Float[Array, "slot lane item replication"], slot: Int[Array, ""]
) -> tuple[Float[Array, "lane item replication"], Float[Array, "slot lane item replication"]]:
    """Return what lies in a slot, and the ring with the slot empty."""
    if not by_index(due):
        received = jax.lax.dynamic_index_in_dim(due, slot, 0, keepdims=False)
        return received, jax.lax.dynamic_update_index_in_dim(due, jnp.zeros_like(received), slot, 0)
    # Read and written by index, one after the other: a slice would be read again later, from a copy of the whole ring.
    lane, item = jnp.indices(due.shape[1:3])
    here = due.at[jnp.full_like(lane, slot), lane, item]
    received = jax.lax.optimization_barrier(here.get(mode="promise_in_bounds", unique_indices=True))
    return received, here.add(-received, mode="promise_in_bounds", unique_indices=True)
