"""Stock beyond the room of its storage class overflows."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.caps import share_of, whole_steps
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.dynamics.stock import take
from basestock.uncertainty import Event


def store(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Keep what there is room for, in proportion to the stock of a class; the rest is a flow of its own (SIM-110)."""
    if not network.rooms:
        return state, flows
    kept = state.on_hand
    for room in network.rooms:
        stock = room.places.read(kept)
        taken = (stock * room.volume).sum(1, keepdims=True)
        base = whole_steps(stock * share_of(room.capacity, taken), room.step)
        rest = room.capacity - (base * room.volume).sum(1, keepdims=True)
        more = jnp.where(base + room.step <= stock, room.step, 0.0)
        lines = more * room.volume
        fits = jnp.cumsum(lines, 1) <= rest * (1 + 1e-6)
        over = taken > room.capacity * (1 + 1e-6)
        over = over & (room.volume > 0)
        kept = room.places.write(kept, jnp.where(over, base + jnp.where(fits, more, 0.0), stock))
    overflow = state.on_hand - kept
    total = overflow if flows.overflow is None else flows.overflow + overflow
    return take(network, state, overflow), dataclasses.replace(flows, overflow=total)
