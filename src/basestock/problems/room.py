"""Orders are cut to the room that is left for them."""

import dataclasses

import jax.numpy as jnp

from basestock.decision.needed_stages import stands_for
from basestock.dynamics import Decision, NetworkArrays, PeriodOutcome, State, at_destination, into_nodes
from basestock.dynamics.lanes import require
from basestock.dynamics.ordering import LARGEST_ORDER
from basestock.dynamics.stages import receive
from basestock.uncertainty import Event


@stands_for("store")
def order_into_room(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Cut what a node orders of one item so that its stock and pipeline fit into its storage.

    Notes
    -----
    An order is at most capacity - on hand - in transit, as in a system whose buffers are part of its room.
    """
    ordered = require(flows.ordered, "ordered")
    position = state.on_hand + into_nodes(network, state.in_transit)
    for room in network.rooms:
        units = jnp.maximum(room.left(position), 0.0) / jnp.where(room.volume > 0, room.volume, 1.0)
        units = jnp.where(room.volume > 0, units, LARGEST_ORDER)
        most = room.places.write(jnp.full_like(position, LARGEST_ORDER), units)
        ordered = jnp.minimum(ordered, at_destination(network, most))
    return state, dataclasses.replace(flows, ordered=ordered)


def advance_buffers(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Take in at the end of a period what is due at the start of the next one."""
    ahead = dataclasses.replace(state, period=state.period + 1)
    ahead, flows = receive(network, ahead, decision, event, flows)
    return dataclasses.replace(ahead, period=state.period), flows
