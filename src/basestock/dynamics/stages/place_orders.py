"""Orders enter the books of their source."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.lanes import require
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def place_orders(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Book what is ordered on active lanes that take orders in this period; anything else counts as no order."""
    allowed = network.lane_active * can_order(network, state)
    # Comparing with 0 is false for NaN, which would pass through a maximum.
    ordered = jnp.where((decision.order > 0) & jnp.isfinite(decision.order), decision.order, 0.0) * allowed
    flows = dataclasses.replace(flows, ordered=ordered)
    if not network.features.internal:
        return state, flows
    unfilled = require(state.unfilled, "unfilled") + ordered
    return dataclasses.replace(state, unfilled=unfilled), flows


def can_order(network: NetworkArrays, state: State) -> jnp.ndarray:
    """Return 1 on lanes that take orders in the present period."""
    if not network.features.reviewed:
        return jnp.ones((network.num_lanes, 1, 1))
    return ((state.period - network.review_phase) % network.review_period == 0).astype(jnp.float32)
