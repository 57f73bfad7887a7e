"""Equal states look equal: ring buffers are rotated, and the period is dropped where it does not matter."""

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Int

from basestock.dynamics.state import State

RINGS = ("due", "work_in_process", "awaited", "order_slips", "returns_due")
"""Leaves of a state that are addressed by the period."""


def canonical(state: State, cycle: int = 1) -> State:
    """Rotate rings so that slot s arrives in s periods, and count the period modulo the cycle.

    Parameters
    ----------
    state
        Any state.
    cycle
        Periods after which laws and calendars repeat; 1 for a stationary problem.

    Returns
    -------
    State
        A state with the same future.
    """
    return _turned_back(in_period(state, state.period % cycle))


def in_period(state: State, period: Int[Array, ""]) -> State:
    """Return the state as it would be if the present period had another number: rings are addressed by it."""

    def turn(ring: Array) -> Array:
        return jnp.roll(ring, period - state.period % ring.shape[0], axis=0)

    shipments = state.lots_under_way
    turned = {name: turn(ring) for name in RINGS if (ring := getattr(state, name)) is not None}
    shipments = None if shipments is None else tuple(map(turn, shipments))
    return dataclasses.replace(state, period=period, lots_under_way=shipments, **turned)


def _turned_back(state: State) -> State:
    """Turn the rings of remaining life back to clock 0; those of classes longer than a period stay as they are."""
    clock = state.life_clock
    if state.lots is None or clock is None or clock.ndim > 0:
        return state
    lots = tuple(jnp.roll(block, -(clock % block.shape[0]), axis=0) for block in state.lots)
    shipments = state.lots_under_way
    if shipments is not None:
        shipments = tuple(jnp.roll(ring, -(clock % ring.shape[1]), axis=1) for ring in shipments)
    held = state.lots_held
    if held is not None:
        held = tuple(jnp.roll(block, -(clock % block.shape[0]), axis=0) for block in held)
    state = dataclasses.replace(state, lots=lots, lots_under_way=shipments, lots_held=held)
    return dataclasses.replace(state, life_clock=jnp.zeros_like(clock))
