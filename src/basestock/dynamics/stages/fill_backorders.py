"""Stock that has just arrived serves waiting demand before anything else."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.uncertainty import Event


def fill_backorders(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Hand over min(on hand, backorders)."""
    if state.backorders is None:
        return state, flows
    filled = jnp.minimum(state.on_hand, state.backorders)
    state = dataclasses.replace(take(network, state, filled), backorders=state.backorders - filled)
    total = filled if flows.backorders_filled is None else flows.backorders_filled + filled
    return state, dataclasses.replace(flows, backorders_filled=total)
