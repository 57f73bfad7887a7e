"""Orders enter the books of their source."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.books import book, withdraw
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def place_orders(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Book what is ordered on active lanes that take orders in this period; anything else counts as no order.

    What an earlier stage has made of the request (a repair, a drawn route) is booked instead of the request itself.
    """
    allowed = network.lane_active * can_order(network, state)
    asked = decision.order if flows.ordered is None else flows.ordered
    # Comparing with 0 is false for NaN, which would pass through a maximum.
    ordered = jnp.where((asked > 0) & jnp.isfinite(asked), asked, 0.0) * allowed
    flows = dataclasses.replace(flows, ordered=ordered)
    if not network.features.internal:
        return state, flows
    state, flows = withdraw(state, decision.cancel, flows)
    return book(network, state, ordered), flows


def can_order(network: NetworkArrays, state: State) -> jnp.ndarray:
    """Return 1 on lanes that take orders in the present period: by review period, and by weekday, period 0 a Monday."""
    ordering = network.ordering
    if ordering is not None and ordering.open_days is not None:
        opened = ordering.open_days[state.period % 7]
    else:
        opened = jnp.ones((network.num_lanes, 1, 1))
    if not network.features.reviewed:
        return opened
    return opened * ((state.period - network.review_phase) % network.review_period == 0).astype(jnp.float32)
