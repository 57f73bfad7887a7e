"""Sources ship what was ordered, as far as they can, and it goes under way."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Float

from basestock.dynamics.allocation import allocate
from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import by_index, out_of_nodes, require
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def ship(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Ship orders: outside suppliers all of them, nodes what they have, by the rule of allocation."""
    ordered = require(flows.ordered, "ordered")
    if not network.features.internal:
        return _under_way(network, state, event, ordered), dataclasses.replace(flows, shipped=ordered)
    unfilled = require(state.unfilled, "unfilled")
    shipped = allocate(network, unfilled, state.on_hand)
    rest = unfilled - shipped
    lost = rest * network.unfilled_lost if network.features.lost_unfilled else jnp.zeros_like(rest)
    on_hand = state.on_hand - out_of_nodes(network, shipped)
    state = dataclasses.replace(state, on_hand=on_hand, unfilled=rest - lost)
    flows = dataclasses.replace(flows, shipped=shipped, unfilled=rest - lost, unfilled_lost=lost)
    return _under_way(network, state, event, shipped), flows


def _under_way(network: NetworkArrays, state: State, event: Event, shipped: Array) -> State:
    state = dataclasses.replace(state, in_transit=state.in_transit + shipped)
    if state.outstanding is not None:
        revealed = shipped * require(network.reveals_on_arrival, "reveals_on_arrival")
        # What was outstanding has been looked at in this period and is one period older in the next.
        outstanding = jnp.concatenate([revealed[None], state.outstanding[:-1]])
        state = dataclasses.replace(state, outstanding=outstanding)
        shipped = shipped - revealed
    if state.due is not None:
        lead_time = network.lead_time if event.lead_time is None else event.lead_time
        state = dataclasses.replace(state, due=_add_at_slot(state.due, state.period + lead_time, shipped))
    return state


def _add_at_slot(
    due: Float[Array, "slot lane item replication"], arrival: Array, shipped: Array
) -> Float[Array, "slot lane item replication"]:
    slots = due.shape[0]
    target = arrival % slots
    if by_index(due) and target.shape[-1] == 1:
        lane, item = jnp.indices(due.shape[1:3])
        return due.at[target[..., 0], lane, item].add(shipped, unique_indices=True, mode="promise_in_bounds")
    here = jnp.arange(slots)[:, None, None, None] == target[None]
    return due + jnp.where(here, shipped[None], 0.0)
