"""Equal states look equal: ring buffers are rotated, and the period is dropped where it does not matter."""

import dataclasses

import jax.numpy as jnp

from basestock.dynamics.state import State


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
    phase = state.period % cycle
    due = state.due
    if due is not None:
        # The ring is addressed by the period; after rotation it must be addressed by the phase.
        due = jnp.roll(due, phase - state.period % due.shape[0], axis=0)
    return dataclasses.replace(state, period=phase, due=due)
