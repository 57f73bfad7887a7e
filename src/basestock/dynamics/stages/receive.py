"""Arrivals join the stock of the lane's destination."""

import dataclasses

import jax
import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import into_nodes, require
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
        slot = state.period % state.due.shape[0]
        received = jax.lax.dynamic_index_in_dim(state.due, slot, 0, keepdims=False)
        due = jax.lax.dynamic_update_index_in_dim(state.due, jnp.zeros_like(received), slot, 0)
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
