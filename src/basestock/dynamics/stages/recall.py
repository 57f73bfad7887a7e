"""Stock that its maker calls back leaves the network."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.dynamics.units import by_units
from basestock.uncertainty import Event


def recall(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Withdraw a share of the stock, whole units where the items are."""
    if event.recalled is None:
        return state, flows
    units = state.on_hand * event.recalled
    left = by_units(network, lambda: jnp.floor(units + 1e-4), lambda: units)
    return take(network, state, left), dataclasses.replace(flows, recalled=left)
