"""Stock grows a period older; what has no life left, and what decays, is thrown away."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.arrays import NetworkArrays
from basestock.dynamics.life import Life
from basestock.dynamics.lots import NodeItem, grow_older
from basestock.dynamics.state import Decision, PeriodOutcome, State
from basestock.uncertainty import Event


def expire(
    network: NetworkArrays, state: State, decision: Decision, event: Event, flows: PeriodOutcome
) -> tuple[State, PeriodOutcome]:
    """Discard what expires and let the rest age; items without a shelf life lose a share of their stock."""
    life = network.life
    if life is None:
        return state, flows
    expired = jnp.zeros_like(state.on_hand)
    if state.lots is not None:
        state, expired = grow_older(life, state)
    if life.decay_rate is not None:
        state, decayed = _decay(life, state, expired)
        expired = expired + decayed
    total = expired if flows.expired is None else flows.expired + expired
    return state, dataclasses.replace(flows, expired=total)


def _decay(life: Life, state: State, like: NodeItem) -> tuple[State, NodeItem]:
    """Take the share that decays; of whole units, fractions add up from period to period until they make a unit."""
    if life.decay_rate is None:
        return state, jnp.zeros_like(like)
    due = state.on_hand * life.decay_rate
    carried = due if state.decay_carry is None else due + state.decay_carry
    # A sum such as 50 * 0.02 must not stay at 0.9999999.
    units = jnp.minimum(jnp.floor(carried + 1e-4), state.on_hand)
    decayed = jnp.where(life.whole, units, due)
    carry = jnp.where(life.whole & (life.decay_rate > 0), jnp.maximum(carried - decayed, 0.0), 0.0)
    return dataclasses.replace(state, on_hand=state.on_hand - decayed, decay_carry=carry), decayed
