"""Chance decides which source an order goes to."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import at_destination, into_nodes
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def route_orders(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Send all that a place orders over its drawn lanes to the one that the event names."""
    if event.route is None:
        return state, flows
    asked = decision.order if flows.ordered is None else flows.ordered
    asked = jnp.where((asked > 0) & jnp.isfinite(asked), asked, 0.0) * network.lane_active
    drawn = (event.route >= 0)[:, None]
    total = at_destination(network, into_nodes(network, jnp.where(drawn, asked, 0.0)))
    routed = jnp.where(drawn, total * jnp.maximum(event.route, 0.0)[:, None] * network.lane_active, asked)
    return state, dataclasses.replace(flows, ordered=routed)
